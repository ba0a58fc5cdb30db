//! `tillguard serve`: a node, with or without a gate in front of an acquirer host.
//!
//! Invariant: the gate comes whole from the command line, or whole from the settings, or there is none.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use api::setting::{GateFrom, ZONE_KEYS};
use domain::hex;
use domain::setting::is_acquirer_code;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::connector::host::{HostConfig, HostProfile};
use crate::connector::identity::{Elsewhere as IdentityElsewhere, Identities};
use crate::connector::provider::{Elsewhere, Providers};
use crate::connector::timestamp::Authority;
use crate::data_key;
use crate::gate::Limits;
use crate::http::proxy::Cidr;
use crate::http::tls::{Files, Tls};
use crate::ready;
use crate::run::{self, Anchors, Folder, GateConfig, Running};
use node::Node;
use node::seal::Purpose;

/// Run a node: the console and the API for people, and in front of an acquirer host the gate for terminals.
#[derive(clap::Args)]
pub struct Args {
    /// Where the store and the data key are kept.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// A PostgreSQL database that nodes share, instead of the store in --data: postgres://user@host:port/database.
    #[arg(long, value_name = "URL", env = "TILLGUARD_DATABASE", hide_env_values = true)]
    database: Option<String>,
    #[command(flatten)]
    keys: data_key::Args,
    /// The node's name in receipts; each node on one database has its own.
    #[arg(long, default_value = "node-1")]
    node: String,
    /// Port of the console and the API on this machine alone (127.0.0.1); 0 takes free ports, for the gate too. 8080 without it.
    #[arg(long, conflicts_with = "listen")]
    port: Option<u16>,
    /// Where the console and the API listen, instead of --port. Give it a certificate, or put TLS in front, before it leaves this machine.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Writes one JSON object with the addresses here once everything is up, and again when the house has been set up.
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
    /// The certificate of the console and the API, and those that vouch for it, in PEM; then they speak HTTPS and nothing else. Read
    /// again when it changes.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// The certificate's key, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Browsers reach the console by HTTPS only, by a proxy in front: mark its cookie `Secure`.
    #[arg(long)]
    https: bool,
    /// The number shown to people who must speak to somebody at the acquirer, for example 400-000-0117.
    #[arg(long, value_name = "PHONE", value_parser = api::hotline::parse)]
    hotline: Option<String>,
    /// A proxy in front of the console and the API, or a range of them (192.0.2.0/24): whom it speaks for is taken from its
    /// X-Forwarded-For or Forwarded. May be given several times.
    #[arg(long, value_name = "CIDR")]
    trusted_proxy: Vec<Cidr>,
    /// Where terminals connect, when there is a gate. 127.0.0.1:8583 without it.
    #[arg(long, value_name = "ADDRESS:PORT")]
    gate_listen: Option<SocketAddr>,
    /// The acquirer host; with it come --zone-keys and --acquirer-code. Without the three, the settings say whether there is a gate.
    #[arg(long, value_name = "ADDRESS:PORT", requires_all = ["zone_keys", "acquirer_code"])]
    host: Option<SocketAddr>,
    /// A file with the zone keys shared with the host: a line `mac=HEX`, a line `pin=HEX`, 8 or 16 bytes each.
    #[arg(long, value_name = "FILE", requires_all = ["host", "acquirer_code"])]
    zone_keys: Option<PathBuf>,
    /// Institution code of the acquirer, up to 11 digits (field 32).
    #[arg(long, value_name = "DIGITS", requires_all = ["host", "zone_keys"])]
    acquirer_code: Option<String>,
    /// How long the host's answer is waited for, in seconds.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=120))]
    host_timeout_s: u64,
    /// Send the host an empty frame when nothing else was sent for so many seconds; never without it.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    host_heartbeat_s: Option<u64>,
    /// A time-stamp authority (RFC 3161): once an hour it signs when the audit log's newest checkpoint was there.
    #[arg(long, value_name = "URL")]
    timestamp_url: Option<Authority>,
    /// A folder outside this machine (a share, a synchronised one) into which the newest checkpoint is written once an hour.
    #[arg(long, value_name = "DIR")]
    audit_drop: Option<PathBuf>,
    /// A mailbox outside the house to which the newest checkpoint is mailed once an hour, by the mail server of the settings.
    #[arg(long, value_name = "ADDRESS")]
    audit_mail: Option<lettre::Address>,
    /// The program that sets documents. `tillguard-documents` beside this program without it.
    #[arg(long, value_name = "PATH")]
    documents: Option<PathBuf>,
    /// A program that looks for viruses in files that people bring: it gets one on standard input, and ends with 0 (none), 1 (found:
    /// the file is refused) or anything else (it cannot say).
    #[arg(long, value_name = "PROGRAM")]
    scan: Option<PathBuf>,
    /// Ask a provider here instead of at its own address: a double, in tests. It gets the keys.
    #[arg(long, value_name = "PROVIDER=URL", hide = true)]
    provider_address: Vec<Elsewhere>,
    /// Ask here whether a name and a number belong together, instead of at the providers' own addresses: a double, in tests.
    #[arg(long, value_name = "URL", hide = true)]
    identity_address: Option<IdentityElsewhere>,
}

const PORT: u16 = 8080;
const GATE_PORT: u16 = 8583;
/// How often it is looked whether another node has set the house up.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Runs until told to stop.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let flags = args.host_flags()?;
    if let Some(path) = &args.ready_file {
        ready::forget(path)?;
    }
    let place = run::Place {
        data: &args.data,
        database: args.database.as_deref(),
        keys: args.keys.source(Some(&args.data))?,
    };
    let tls = args.tls()?;
    let node = open(&place, &args.node).await?;
    // What is in it, a token's PIN or the keys' text, has done what it was for.
    drop(place);
    let (gate_from, host) = match flags {
        Some(host) => (GateFrom::Flags, Some(host)),
        None => match host_settings(&node).await? {
            Some(host) => (GateFrom::Settings, Some(host)),
            None => (GateFrom::Off, None),
        },
    };
    let config = run::Config {
        api_listen: args.listen.unwrap_or_else(|| loopback(args.port.unwrap_or(PORT))),
        secure_cookie: args.https || tls.is_some(),
        tls,
        hotline: args.hotline.clone(),
        demo: None,
        trusted_proxies: args.trusted_proxy.clone(),
        gate: host.map(|host| args.gate(host)),
        gate_from,
        providers: Providers::new(args.provider_address.clone()),
        identities: Identities::new(args.identity_address.clone()),
        anchors: Anchors {
            authority: args.timestamp_url.clone(),
            folder: args.audit_drop.clone().map(Folder::new),
            mail: args.audit_mail.clone(),
        },
        documents: args.documents.clone(),
        scan: args.scan.clone(),
        data: args.data.clone(),
    };
    let running = run::start(node.clone(), config).await?;
    // Before anybody knows that it runs: who reads that it does may end it at once.
    let told_to_end = run::hear_the_end()?;
    let ready = Ready::of(&running, args.tls_key.is_some());
    if let Some(path) = &args.ready_file {
        ready::write(path, &ready)?;
    }
    println!(
        "console {}   gate {}",
        ready.console_url,
        ready.gate_addr.as_deref().unwrap_or("off")
    );
    if let Some(url) = &ready.setup_url {
        println!("set up  {url}");
    }
    tokio::select! {
        () = told_to_end => {}
        () = set_up_is_over(&node, ready, args.ready_file.as_deref()) => {}
    }
    running.stop().await;
    Ok(())
}

/// What the ready file says.
#[derive(Serialize)]
struct Ready {
    console_url: String,
    api_url: String,
    /// Null while the gate is off.
    gate_addr: Option<String>,
    /// Null when the house is set up.
    setup_url: Option<String>,
}

impl Ready {
    fn of(running: &Running, by_tls: bool) -> Self {
        let scheme = if by_tls { "https" } else { "http" };
        let origin = format!("{scheme}://{}", running.api_addr);
        let token = running.set_up_token.as_ref();
        Self {
            console_url: format!("{origin}/"),
            setup_url: token.map(|token| format!("{origin}/setup?token={token}")),
            api_url: origin,
            gate_addr: running.gate_addr.map(|address| address.to_string()),
        }
    }
}

/// Takes the set-up address out of the ready file once it is worth nothing, whichever node it was that made it so; then waits for
/// ever: the address is worth nothing in any case, and no reason to stop.
async fn set_up_is_over(node: &Node, ready: Ready, path: Option<&Path>) {
    if let (Some(path), Some(_)) = (path, &ready.setup_url) {
        let _heard = node.until_set_up(LOOK_EVERY).await;
        let setup_url = None;
        if let Err(error) = ready::write(path, &Ready { setup_url, ..ready }) {
            tracing::error!(
                ?error,
                "the ready file still names the set-up address, which is worth nothing any more"
            );
        }
    }
    std::future::pending().await
}

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// An acquirer host and what it knows us by.
struct HostParts {
    address: SocketAddr,
    keys: (Key, Key),
    acquirer_code: String,
}

impl Args {
    /// The node's own TLS.
    fn tls(&self) -> anyhow::Result<Option<Tls>> {
        let (Some(certificate), Some(key)) = (self.tls_certificate.clone(), self.tls_key.clone()) else {
            return Ok(None);
        };
        Tls::new(Files { certificate, key }).map(Some)
    }

    /// What the command line says of a host: all of it or nothing.
    fn host_flags(&self) -> anyhow::Result<Option<HostParts>> {
        let (Some(address), Some(path), Some(code)) = (self.host, &self.zone_keys, &self.acquirer_code)
        else {
            return Ok(None);
        };
        if !is_acquirer_code(code) {
            bail!("--acquirer-code takes 1 to 11 digits");
        }
        Ok(Some(HostParts {
            address,
            keys: zone_keys(path)?,
            acquirer_code: code.clone(),
        }))
    }

    fn gate(&self, host: HostParts) -> GateConfig {
        let port = if self.port == Some(0) { 0 } else { GATE_PORT };
        let (mac_key, pin_key) = host.keys;
        GateConfig {
            listen: self.gate_listen.unwrap_or_else(|| loopback(port)),
            host: HostConfig {
                address: host.address,
                mac_key,
                pin_key,
                answer_time_max: Duration::from_secs(self.host_timeout_s),
                profile: HostProfile {
                    heartbeat_every: self.host_heartbeat_s.map(Duration::from_secs),
                    ..HostProfile::UNIONPAY
                },
            },
            acquirer_code: host.acquirer_code,
            limits: Limits::default(),
        }
    }
}

/// What the settings say of a host: all of it or nothing.
async fn host_settings(node: &Node) -> anyhow::Result<Option<HostParts>> {
    let Some(settings) = node.read(store::setting::get).await? else {
        return Ok(None);
    };
    let (Some(address), Some(acquirer_code), Some(sealed)) = (
        settings.host_address,
        settings.acquirer_code,
        settings.zone_keys_sealed,
    ) else {
        return Ok(None);
    };
    let opened = node.sealer.open(Purpose::Setting, ZONE_KEYS, &sealed);
    let opened = opened.context("the zone keys of the settings")?;
    let text = std::str::from_utf8(&opened).context("the zone keys of the settings")?;
    Ok(Some(HostParts {
        address: address.parse().context("the host's address in the settings")?,
        keys: parse_zone_keys(text)?,
        acquirer_code,
    }))
}

/// Opens the store on a thread that may wait for it.
pub async fn open(place: &run::Place<'_>, name: &str) -> anyhow::Result<Arc<Node>> {
    tokio::task::block_in_place(|| run::open(place, name))
}

type Key = Zeroizing<Vec<u8>>;

/// Reads the zone keys' file.
pub fn zone_keys(path: &std::path::Path) -> anyhow::Result<(Key, Key)> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    parse_zone_keys(&Zeroizing::new(text))
}

/// The zone keys of a text of that file.
fn parse_zone_keys(text: &str) -> anyhow::Result<(Key, Key)> {
    let find = |name: &str| -> anyhow::Result<Key> {
        let line = text
            .lines()
            .find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='));
        let key = line
            .and_then(|hex| hex::read(hex.trim()).map(Zeroizing::new))
            .with_context(|| format!("no {name}=HEX in the zone keys"))?;
        match key.len() {
            8 | 16 => Ok(key),
            _ => bail!("the zone key {name} is not 8 or 16 bytes long"),
        }
    };
    Ok((find("mac")?, find("pin")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zone_keys_are_read_and_bad_ones_refused_without_showing_them() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("zone.keys");
        std::fs::write(
            &file,
            "mac=0123456789ABCDEF\npin=00112233445566778899AABBCCDDEEFF\n",
        )
        .unwrap();
        let (mac, pin) = zone_keys(&file).unwrap();
        assert_eq!((mac.len(), pin.len()), (8, 16));
        std::fs::write(
            &file,
            "mac=0123456789ABCDEF00\npin=00112233445566778899AABBCCDDEEFF\n",
        )
        .unwrap();
        let error = format!("{:#}", zone_keys(&file).unwrap_err());
        assert!(error.contains("mac") && !error.contains("0123"), "{error}");
        // A sign is no digit, and half a byte is none.
        for wrong in ["+123456789ABCDEF", "0123456789ABCDE"] {
            std::fs::write(
                &file,
                format!("mac={wrong}\npin=00112233445566778899AABBCCDDEEFF\n"),
            )
            .unwrap();
            assert!(zone_keys(&file).is_err(), "{wrong}");
        }
    }
}

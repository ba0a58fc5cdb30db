//! `tillguard serve`: a node in front of an acquirer host.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use zeroize::Zeroizing;

use crate::connector::host::{HostConfig, HostProfile};
use crate::gate::Limits;
use crate::http::proxy::Cidr;
use crate::run;
use node::Node;

/// Run a node: the gate for terminals, the console and the API for people.
#[derive(clap::Args)]
pub struct Args {
    /// Where the store and the data key are kept.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// A PostgreSQL database that nodes share, instead of the store in --data: postgres://user@host:port/database.
    #[arg(long, value_name = "URL", env = "TILLGUARD_DATABASE", hide_env_values = true)]
    database: Option<String>,
    /// The key that seals what is secret at rest; nodes on one database need the same. data.key in --data without it.
    #[arg(long, value_name = "FILE")]
    data_key: Option<PathBuf>,
    /// The node's name in receipts; each node on one database has its own.
    #[arg(long, default_value = "node-1")]
    node: String,
    /// Where the console and the API listen. Put TLS in front before it leaves this machine.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Browsers reach the console by HTTPS only: mark its cookie `Secure`.
    #[arg(long)]
    https: bool,
    /// The number shown to people who must speak to somebody at the acquirer, for example 400-000-0117.
    #[arg(long, value_name = "PHONE", value_parser = api::hotline::parse)]
    hotline: Option<String>,
    /// A proxy in front of the console and the API, or a range of them (192.0.2.0/24): whom it speaks for is taken from its
    /// X-Forwarded-For or Forwarded. May be given several times.
    #[arg(long, value_name = "CIDR")]
    trusted_proxy: Vec<Cidr>,
    /// Where terminals connect.
    #[arg(long, default_value = "127.0.0.1:8583")]
    gate_listen: SocketAddr,
    /// The acquirer host.
    #[arg(long)]
    host: SocketAddr,
    /// A file with the zone keys shared with the host: a line `mac=HEX`, a line `pin=HEX`, 8 or 16 bytes each.
    #[arg(long, value_name = "FILE")]
    zone_keys: PathBuf,
    /// Institution code of the acquirer, up to 11 digits (field 32).
    #[arg(long)]
    acquirer_code: String,
    /// How long the host's answer is waited for, in seconds.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=120))]
    host_timeout_s: u64,
    /// Send the host an empty frame when nothing else was sent for so many seconds; never without it.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    host_heartbeat_s: Option<u64>,
}

/// Runs until told to stop.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let (mac_key, pin_key) = zone_keys(&args.zone_keys)?;
    let code = &args.acquirer_code;
    if code.is_empty() || code.len() > 11 || !code.bytes().all(|digit| digit.is_ascii_digit()) {
        bail!("--acquirer-code takes 1 to 11 digits");
    }
    let place = run::Place {
        data: &args.data,
        database: args.database.as_deref(),
        data_key: args.data_key.as_deref(),
    };
    let node = open(&place, &args.node).await?;
    let config = run::Config {
        api_listen: args.listen,
        secure_cookie: args.https,
        hotline: args.hotline,
        trusted_proxies: args.trusted_proxy,
        gate_listen: args.gate_listen,
        host: HostConfig {
            address: args.host,
            mac_key,
            pin_key,
            answer_time_max: Duration::from_secs(args.host_timeout_s),
            profile: HostProfile {
                heartbeat_every: args.host_heartbeat_s.map(Duration::from_secs),
                ..HostProfile::UNIONPAY
            },
        },
        acquirer_code: args.acquirer_code,
        limits: Limits::default(),
        data: args.data,
    };
    let running = run::start(node, config).await?;
    println!(
        "console http://{}/   gate {}",
        running.api_addr, running.gate_addr
    );
    run::until_told().await?;
    running.stop().await;
    Ok(())
}

/// Opens the store on a thread that may wait for it.
pub async fn open(place: &run::Place<'_>, name: &str) -> anyhow::Result<Arc<Node>> {
    tokio::task::block_in_place(|| run::open(place, name))
}

type Key = Zeroizing<Vec<u8>>;

/// Reads the zone keys' file.
pub fn zone_keys(path: &std::path::Path) -> anyhow::Result<(Key, Key)> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let text = Zeroizing::new(text);
    let find = |name: &str| -> anyhow::Result<Key> {
        let line = text
            .lines()
            .find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='));
        let key = line
            .and_then(|hex| unhex(hex.trim()))
            .with_context(|| format!("no {name}=HEX in the zone keys"))?;
        match key.len() {
            8 | 16 => Ok(key),
            _ => bail!("the zone key {name} is not 8 or 16 bytes long"),
        }
    };
    Ok((find("mac")?, find("pin")?))
}

fn unhex(hex: &str) -> Option<Key> {
    let pairs = hex.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    bytes.collect::<Option<Vec<u8>>>().map(Zeroizing::new)
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
    }
}

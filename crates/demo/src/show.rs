//! `tillguard-demo`: one process with an estate, a simulated host and terminals that trade.
//!
//! Invariant: the node in it is the same as in `serve`; only what surrounds it is simulated.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use simulator::estate::Estate;
use simulator::host::{FaultControl, Faults, Host, HostConfig as SimulatedHost, ZoneKey};
use simulator::issuer::{Card, Issuer, Outcome, cards};
use simulator::trade::{Trade, TradeConfig};
use zeroize::Zeroizing;

use crate::alone::{self, Mailbox};
use crate::estate::{Login, fill, logins};
use crate::walk;
use node::now;
use node::seal::{Source, random};
use server::connector::host::{HostConfig, HostProfile};
use server::connector::identity::Identities;
use server::connector::provider::Providers;
use server::gate::Limits;
use server::http::proxy::Cidr;
use server::ready;
use server::run::{self, Anchors, GateConfig, GateFrom, Running};
use server::serve::{open, zone_keys};

/// Show everything on this machine: an estate, a simulated host, terminals that trade, the console.
#[derive(clap::Args)]
pub struct Args {
    /// Port of the console and the API on 127.0.0.1; 0 takes free ports, for the gate too.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Port of the gate on 127.0.0.1; 0 takes a free one.
    #[arg(long)]
    gate_port: Option<u16>,
    /// Where the demo keeps its data; kept between runs. Without it, in a folder of the system's temporary directory
    /// that is removed at the end.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A PostgreSQL database that several demo nodes share, instead of the store in --data. They share --data too, which
    /// keeps the data key and the log-ins, and need one --host.
    #[arg(long, value_name = "URL", env = "TILLGUARD_DATABASE", hide_env_values = true)]
    database: Option<String>,
    /// The data key, when it is not in --data.
    #[arg(long, value_name = "FILE")]
    data_key: Option<PathBuf>,
    /// The node's name; each node on one database has its own.
    #[arg(long, default_value = "demo-1")]
    node: String,
    /// Writes one JSON object with addresses, log-ins, terminals and test cards here once everything is up.
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
    /// What the estate grows from; the same seed gives the same estate.
    #[arg(long, default_value_t = 2026)]
    seed: u64,
    /// Transactions a second of all simulated terminals together; 0: they stand still.
    #[arg(long, default_value_t = 3.0)]
    rate: f64,
    /// Days of the past to make up for a new estate.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(0..=400))]
    history_days: u32,
    /// The longest time the simulated host takes to answer, in milliseconds.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(0..=60_000))]
    host_delay_ms: u32,
    /// Only the estate: no cases made in it, nobody who tries a stolen terminal, and no guide in the console.
    #[arg(long)]
    no_walk: bool,
    /// A proxy in front of the console and the API, as for `serve`.
    #[arg(long, value_name = "CIDR")]
    trusted_proxy: Vec<Cidr>,
    /// Ask this host instead of the simulated one; needs --zone-keys.
    #[arg(long, requires = "zone_keys")]
    host: Option<SocketAddr>,
    /// The keys shared with --host: a file as for `serve`.
    #[arg(long, value_name = "FILE", requires = "host")]
    zone_keys: Option<PathBuf>,
    /// How long the host's answer is waited for, in seconds.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=120))]
    host_timeout_s: u64,
}

/// What a data directory of the demo remembers.
#[derive(Serialize, Deserialize)]
struct Remembered {
    seed: u64,
    created_ms: i64,
    password: String,
}

const GATE_PORT: u16 = 8583;
/// Nobody's number: the demo's acquirer is made up.
const HOTLINE: &str = "400-000-0117";

/// Runs until told to stop.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let started = Instant::now();
    let temporary = match &args.data {
        Some(_) => None,
        None => Some(std::env::temp_dir().join(format!("tillguard-demo-{}", std::process::id()))),
    };
    let data = args
        .data
        .clone()
        .or_else(|| temporary.clone())
        .context("a data directory")?;
    let outcome = show(&args, &data, started).await;
    if let Some(temporary) = temporary {
        let _ = std::fs::remove_dir_all(temporary);
    }
    outcome
}

async fn show(args: &Args, data: &Path, started: Instant) -> anyhow::Result<()> {
    let place = run::Place {
        data,
        database: args.database.as_deref(),
        keys: Source::File(args.data_key.clone().unwrap_or_else(|| data.join("data.key"))),
    };
    let node = open(&place, &args.node).await?;
    let remembered = remember(data, args.seed)?;
    let estate = Estate::generate(remembered.seed, remembered.created_ms);
    let mut logins = logins(&estate, &remembered.password);
    let is_new = !node.read(app::estate::exists).await?;
    if is_new {
        eprintln!("正在准备演示数据… / Preparing the estate and sixty days of its past…");
        fill(&node, &estate, &logins, args.history_days).await?;
    }
    let mailbox = Mailbox::start().await?;
    let owner = alone::login(&remembered.password);
    alone::fill(&node, &owner, &mailbox).await?;
    logins.push(owner);
    let (simulated, host) = host(args, data).await?;
    let gate_port = args
        .gate_port
        .unwrap_or(if args.port == 0 { 0 } else { GATE_PORT });
    let host_addr = host.address;
    let config = run::Config {
        api_listen: loopback(args.port),
        secure_cookie: false,
        tls: None,
        hotline: Some(HOTLINE.to_owned()),
        demo: match args.no_walk {
            true => None,
            false => Some(walk::told(&estate)?),
        },
        trusted_proxies: args.trusted_proxy.clone(),
        gate: Some(GateConfig {
            listen: loopback(gate_port),
            host,
            acquirer_code: estate.acquirer.code.clone(),
            limits: Limits::default(),
        }),
        gate_from: GateFrom::Flags,
        providers: Providers::new(vec![mailbox.elsewhere()?]),
        identities: Identities::default(),
        anchors: Anchors::default(),
        documents: None,
        scan: None,
        data: data.to_owned(),
    };
    let running = run::start(node.clone(), config).await?;
    let gate_addr = running.gate_addr.context("no gate")?;
    let trade = (args.rate > 0.0).then(|| {
        let pace = TradeConfig {
            per_second: args.rate,
            ..TradeConfig::new(gate_addr)
        };
        Trade::start(&estate, pace)
    });
    let told_to_end = run::hear_the_end()?;
    if let Some(path) = &args.ready_file {
        ready::write(
            path,
            &ready(&running, gate_addr, host_addr, &estate, &logins, &mailbox),
        )?;
    }
    greet(
        &running,
        gate_addr,
        host_addr,
        &logins,
        &mailbox,
        started,
        !args.no_walk,
    );
    let place = walk::Place {
        api: running.api_addr,
        gate: gate_addr,
    };
    let walk = match args.no_walk {
        true => None,
        false => Some(walk::start(&node, &estate, place, &logins, is_new)?),
    };
    told_to_end.await;
    eprintln!("正在停止… / Stopping…");
    if let Some(mut walk) = walk {
        walk.shutdown().await;
    }
    if let Some(trade) = trade {
        trade.stop().await;
    }
    running.stop().await;
    if let Some(simulated) = simulated {
        simulated.shutdown().await;
    }
    Ok(())
}

/// The host to ask: the one that is named, or a simulated one with keys made up for this run.
async fn host(args: &Args, data: &Path) -> anyhow::Result<(Option<Host>, HostConfig)> {
    let answer_time_max = Duration::from_secs(args.host_timeout_s);
    if let Some((address, keys)) = args.host.zip(args.zone_keys.as_ref()) {
        let (mac_key, pin_key) = zone_keys(keys)?;
        return Ok((
            None,
            HostConfig {
                address,
                mac_key,
                pin_key,
                answer_time_max,
                profile: HostProfile::UNIONPAY,
            },
        ));
    }
    let faults = FaultControl::default();
    let delay_ms_min = args.host_delay_ms / 4;
    faults.set(Faults {
        delay_ms_min,
        delay_ms_max: args.host_delay_ms,
        ..Faults::default()
    });
    let (mac_key, pin_key) = (random::<16>()?, random::<16>()?);
    write_zone_keys(&data.join("zone.keys"), &mac_key, &pin_key)?;
    let (listen, issuer) = (loopback(0), Issuer::new());
    let keys = (ZoneKey(mac_key), ZoneKey(pin_key));
    let simulated = Host::start(SimulatedHost {
        listen,
        mac_key: keys.0,
        pin_key: keys.1,
        issuer,
        faults,
    })
    .await?;
    let config = HostConfig {
        address: simulated.addr(),
        mac_key: Zeroizing::new(mac_key.to_vec()),
        pin_key: Zeroizing::new(pin_key.to_vec()),
        answer_time_max,
        profile: HostProfile::UNIONPAY,
    };
    Ok((Some(simulated), config))
}

/// Leaves the simulated host's keys where another demo node finds them.
fn write_zone_keys(path: &Path, mac_key: &[u8], pin_key: &[u8]) -> anyhow::Result<()> {
    let hex = |key: &[u8]| key.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    std::fs::write(path, format!("mac={}\npin={}\n", hex(mac_key), hex(pin_key)))
        .with_context(|| format!("{} cannot be written", path.display()))
}

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// Reads what the data directory remembers, or makes it up and writes it down.
fn remember(data: &Path, seed: u64) -> anyhow::Result<Remembered> {
    let path = data.join("demo.json");
    if let Ok(text) = std::fs::read_to_string(&path) {
        return serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()));
    }
    let remembered = Remembered {
        seed,
        created_ms: now().0,
        password: password()?,
    };
    std::fs::write(&path, serde_json::to_string(&remembered)?)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(remembered)
}

/// Eight letters and digits that are hard to confuse.
fn password() -> anyhow::Result<String> {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz234567890";
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
    Ok(random::<8>()?.iter().map(letter).collect())
}

#[derive(Serialize)]
struct Ready<'a> {
    console_url: String,
    api_url: String,
    gate_addr: String,
    host_addr: String,
    accounts: Vec<ReadyAccount<'a>>,
    terminals: Vec<ReadyTerminal<'a>>,
    cards: Vec<ReadyCard>,
    /// Terminals of the log-in `alone`, which an outside acquirer decides.
    outside_terminals: [&'static str; 3],
    /// That acquirer's mailbox.
    mailbox_url: String,
}

#[derive(Serialize)]
struct ReadyAccount<'a> {
    role: &'static str,
    login: &'a str,
    password: &'a str,
}

#[derive(Serialize)]
struct ReadyTerminal<'a> {
    terminal_id: &'a str,
    merchant_id: &'a str,
    serial: &'a str,
    master_key_hex: String,
    operator: &'a str,
    operator_password: &'a str,
    live: bool,
}

#[derive(Serialize)]
struct ReadyCard {
    pan: String,
    expiry: String,
    pin: String,
    outcome: &'static str,
}

fn ready<'a>(
    running: &Running,
    gate: SocketAddr,
    host: SocketAddr,
    estate: &'a Estate,
    logins: &'a [Login],
    mailbox: &Mailbox,
) -> Ready<'a> {
    let origin = format!("http://{}", running.api_addr);
    let account = |login: &'a Login| ReadyAccount {
        role: login.role.code(),
        login: &login.login,
        password: &login.password,
    };
    let terminal = |terminal: &'a simulator::estate::Terminal| {
        let (_, operator) = estate.operators_of(terminal.shop).next()?;
        Some(ReadyTerminal {
            terminal_id: &terminal.terminal_id,
            merchant_id: &terminal.merchant_id,
            serial: &terminal.serial,
            master_key_hex: terminal
                .master_key
                .iter()
                .map(|byte| format!("{byte:02X}"))
                .collect(),
            operator: &operator.number,
            operator_password: &operator.password,
            live: terminal.live,
        })
    };
    let card = |card: Card| {
        let outcome = outcome(card.outcome);
        ReadyCard {
            pan: card.pan,
            expiry: card.expiry,
            pin: card.pin,
            outcome,
        }
    };
    Ready {
        console_url: format!("{origin}/"),
        api_url: origin,
        gate_addr: gate.to_string(),
        host_addr: host.to_string(),
        accounts: logins.iter().map(account).collect(),
        terminals: estate.terminals.iter().filter_map(terminal).collect(),
        cards: cards().into_iter().map(card).collect(),
        outside_terminals: alone::terminals(),
        mailbox_url: mailbox.url(),
    }
}

/// Field 39 of a purchase with the card and its PIN.
const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Approved => "00",
        Outcome::InsufficientFunds => "51",
        Outcome::Expired => "54",
        Outcome::WrongPin => "55",
        Outcome::LostCard => "41",
        Outcome::OverLimit => "61",
        Outcome::DoNotHonour => "05",
        Outcome::PinLocked => "75",
    }
}

fn greet(
    running: &Running,
    gate: SocketAddr,
    host: SocketAddr,
    logins: &[Login],
    mailbox: &Mailbox,
    started: Instant,
    with_walk: bool,
) {
    println!();
    println!(
        "  Tillguard 演示已就绪，用时 {:.1} 秒 / demo ready in {0:.1} s",
        started.elapsed().as_secs_f64()
    );
    println!();
    println!("  控制台 / console   http://{}/", running.api_addr);
    println!("  终端接入 / gate    {gate}");
    println!("  收单主机 / host    {host}");
    println!(
        "  外部收单机构的邮箱 / the outside acquirer’s mailbox   {}",
        mailbox.url()
    );
    println!();
    println!("  登录 / log in as");
    for login in logins {
        let (zh, en) = match login.role {
            domain::account::Role::Owner => ("店主", "owner"),
            domain::account::Role::Manager => ("店长", "manager"),
            domain::account::Role::RiskOfficer => ("风控", "risk officer"),
            domain::account::Role::Cashier => ("收银员", "cashier"),
            domain::account::Role::Operations => ("运营", "operations"),
            domain::account::Role::FieldEngineer => ("装机工程师", "field engineer"),
            domain::account::Role::Administrator => ("系统管理员", "administrator"),
            domain::account::Role::Auditor => ("审计", "auditor"),
        };
        println!("    {:<10} {}   {zh} / {en}", login.login, login.password);
    }
    println!();
    if with_walk {
        println!("  试一试：用 owner 登录，跟着最上面一行走，一刻钟走完一个案子。");
        println!(
            "  Try it: log in as owner, and follow the line on top through a case, in a quarter of an hour."
        );
    }
    println!("  商户自己用：用 alone 登录，报失，看邮箱收到什么。");
    println!("  A shop alone: log in as alone, report a loss, and look what the mailbox gets.");
    println!("  Ctrl-C 停止 / stops");
    println!();
}

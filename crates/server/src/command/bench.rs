//! `tillguard bench`: how fast the codec and the gate are on this machine, now.
//!
//! Invariant: every figure is printed with the machine's load and beside the floor measured in the same run.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use app::estate::Estate as Kept;
use domain::merchant::Merchant;
use domain::operator::Operator;
use domain::shop::Shop;
use domain::terminal::{BoundElements, SettlementAccount, Status, Terminal};
use domain::{MerchantId, TerminalId};
use iso8583::mac::{Algorithm, MacKey};
use iso8583::{Message, Mti, Writer, unionpay};
use simulator::host::{FaultControl, Host, HostConfig as SimulatedHost, ZoneKey};
use simulator::issuer::Issuer;
use simulator::load::{Load, LoadConfig, Report};
use simulator::terminal::TerminalIdentity;
use zeroize::Zeroizing;

use super::serve::open;
use crate::connector::host::HostConfig;
use crate::gate::Limits;
use crate::node::Node;
use crate::run;
use crate::seal::{Purpose, random};

/// Measure this machine: the codec, or the whole gate.
#[derive(clap::Subcommand)]
pub enum Bench {
    /// Building, parsing and signing a purchase of 16 fields.
    Codec,
    /// Approvals through the gate: MAC, holds, durable ledger, a simulated host, all on this machine.
    Gate(GateArgs),
}

/// How to load the gate.
#[derive(clap::Args)]
pub struct GateArgs {
    /// Connections, one terminal each.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4_000))]
    connections: u32,
    /// Seconds of each round.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Rounds; the median is the one to quote.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Terminals in the estate.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    terminals: u32,
    /// Where the store is put for the run; a folder of the system's temporary directory without it.
    #[arg(long, value_name = "DIR")]
    data: Option<std::path::PathBuf>,
}

/// Runs a benchmark and prints it.
pub async fn run(bench: Bench) -> anyhow::Result<()> {
    println!("machine: {} cores, load {}", cores(), load_average());
    match bench {
        Bench::Codec => codec(),
        Bench::Gate(args) => {
            let data = std::env::temp_dir().join(format!("tillguard-bench-{}", std::process::id()));
            let data = args.data.clone().unwrap_or(data);
            let outcome = gate(&args, &data).await;
            let _ = std::fs::remove_dir_all(&data);
            outcome
        }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(0, usize::from)
}

fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_else(|_| "unknown".into());
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

const BATCHES: usize = 15;
const ROUNDS: u32 = 20_000;

/// The median time of one round over the batches, in nanoseconds.
fn nanoseconds(mut round: impl FnMut()) -> f64 {
    let batch = |_| {
        let started = Instant::now();
        (0..ROUNDS).for_each(|_| round());
        started.elapsed().as_nanos() as f64 / f64::from(ROUNDS)
    };
    let mut batches: Vec<f64> = (0..BATCHES).map(batch).collect();
    batches.sort_by(f64::total_cmp);
    batches[BATCHES / 2]
}

/// A purchase of 16 fields and 118 bytes; the card number is made up.
fn purchase(writer: &mut Writer, trace: u64) -> Result<&[u8], iso8583::WriteError> {
    writer
        .begin(Mti(0x0200))
        .digits(2, "6200000000000000018")
        .digits(3, "000000")
        .number(4, 12_345)
        .number(11, trace % 1_000_000)
        .digits(14, "3012")
        .digits(22, "021")
        .digits(25, "00")
        .digits(26, "12")
        .digits(35, "6200000000000000018D30121010000000000")
        .text(41, b"22003600")
        .text(42, b"104512541110001")
        .text(49, b"156")
        .bytes(52, &[0x34, 0xA9, 0xCB, 0x2C, 0x1B, 0xA2, 0xAB, 0x3A])
        .digits(53, "2600000000000000")
        .digits(60, "2200051900050")
        .bytes(64, b"E5805ECB")
        .finish()
}

fn codec() -> anyhow::Result<()> {
    let mut writer = Writer::new(&unionpay::POS);
    let sample = purchase(&mut writer, 1)?.to_vec();
    let mut trace = 0;
    let build = nanoseconds(|| {
        trace += 1;
        black_box(purchase(black_box(&mut writer), trace).is_ok());
    });
    let unpack = nanoseconds(|| {
        black_box(Message::parse(&unionpay::POS, black_box(&sample)).is_ok());
    });
    println!(
        "codec, 0200 of 16 fields, {} bytes, median of {BATCHES} batches",
        sample.len()
    );
    println!("  build and pack   {build:>7.0} ns");
    println!("  unpack           {unpack:>7.0} ns");
    let message =
        Message::parse(&unionpay::POS, &sample).map_err(|_| anyhow::anyhow!("the sample is no message"))?;
    let input = message.mac_input().context("the sample has no MAC")?;
    let macs = [
        ("UnionPay ECB, DES", Algorithm::UnionPayEcb, 8),
        ("UnionPay ECB, 3DES", Algorithm::UnionPayEcb, 16),
        ("X9.19", Algorithm::X919, 16),
        ("SM4 (XOR form)", Algorithm::UnionPaySm4, 16),
    ];
    for (name, algorithm, len) in macs {
        let key = MacKey::new(algorithm, &random::<16>()?[..len])?;
        let sign = nanoseconds(|| {
            black_box(key.sign(black_box(input)));
        });
        println!("  MAC {name:<20} {sign:>7.0} ns");
    }
    Ok(())
}

/// What one round found.
struct Round {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    floor_per_second: f64,
    commit_p50_ms: f64,
}

async fn gate(args: &GateArgs, data: &Path) -> anyhow::Result<()> {
    if args.connections > args.terminals {
        bail!("--connections needs as many --terminals");
    }
    let place = run::Place {
        data,
        database: None,
        data_key: None,
    };
    let node = open(&place, "bench").await?;
    let identities = fill(&node, args.terminals).await?;
    let (mac_key, pin_key) = (random::<16>()?, random::<16>()?);
    let loopback = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
    let simulated = SimulatedHost {
        listen: loopback,
        mac_key: ZoneKey(mac_key),
        pin_key: ZoneKey(pin_key),
        issuer: Issuer::new(),
        faults: FaultControl::default(),
    };
    let host = Host::start(simulated).await?;
    let config = run::Config {
        api_listen: loopback,
        secure_cookie: false,
        gate_listen: loopback,
        host: HostConfig {
            address: host.addr(),
            mac_key: Zeroizing::new(mac_key.to_vec()),
            pin_key: Zeroizing::new(pin_key.to_vec()),
            answer_time_max: Duration::from_secs(15),
        },
        acquirer_code: "48273050".into(),
        limits: Limits::default(),
        data: data.to_owned(),
    };
    let running = run::start(node, config).await?;
    let (connections, seconds, terminals) = (args.connections, args.seconds, args.terminals);
    println!(
        "gate: {connections} connections, {seconds} s a round, {terminals} terminals, host and load on the same machine"
    );
    println!("  approvals/s      p50 ms     p99 ms   floor/s   of floor   fsync p50 ms");
    let mut rounds = Vec::new();
    for number in 0..args.rounds {
        let lanes = identities
            .iter()
            .take(args.connections as usize)
            .map(|identity| TerminalIdentity {
                trace_first: 1 + number * 90_000 % 900_000,
                ..identity.clone()
            });
        rounds.push(
            round(
                running.gate_addr,
                lanes.collect(),
                args,
                &data.join(format!("floor-{number}.db")),
            )
            .await?,
        );
    }
    rounds.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    let median = &rounds[rounds.len() / 2];
    println!("median:");
    print(median);
    println!("load after the run: {}", load_average());
    running.stop().await;
    host.shutdown().await;
    Ok(())
}

async fn round(
    gate: SocketAddr,
    lanes: Vec<TerminalIdentity>,
    args: &GateArgs,
    floor: &Path,
) -> anyhow::Result<Round> {
    let duration = Duration::from_secs(args.seconds);
    let load = LoadConfig {
        lanes,
        duration: Some(duration),
        ..LoadConfig::new(gate)
    };
    let report: Report = Load::start(load).await?.finish().await;
    let (approved, answered) = (report.approved(), report.answered());
    if approved != answered {
        bail!(
            "{} of {answered} requests were refused: {:?}",
            answered - approved,
            report.codes()
        );
    }
    let ms = |quantile| report.latency_us.value_at_quantile(quantile) as f64 / 1_000.0;
    let batch = (args.connections as usize).max(1);
    let floor = store::floor::checked_inserts(floor, batch, duration.min(Duration::from_secs(3)))?;
    let round = Round {
        per_second: report.per_second(),
        p50_ms: ms(0.5),
        p99_ms: ms(0.99),
        // An approval is two checked inserts: the intent and the decision.
        floor_per_second: floor.checked_inserts_per_s / 2.0,
        commit_p50_ms: floor.commit_p50.as_secs_f64() * 1_000.0,
    };
    print(&round);
    Ok(round)
}

fn print(round: &Round) {
    let Round {
        per_second,
        p50_ms,
        p99_ms,
        floor_per_second,
        commit_p50_ms,
    } = round;
    let of_floor = per_second / floor_per_second * 100.0;
    println!(
        "  {per_second:>11.0} {p50_ms:>11.2} {p99_ms:>10.2} {floor_per_second:>9.0} {of_floor:>8.0} % {commit_p50_ms:>14.2}"
    );
}

/// Fills the store with one merchant, one shop, one operator and so many terminals.
async fn fill(node: &Node, terminals: u32) -> anyhow::Result<Vec<TerminalIdentity>> {
    let merchant_id = MerchantId::parse(b"104520157120001").context("merchant_id")?;
    let mut kept = Kept {
        merchants: vec![Merchant {
            merchant_id,
            name: "基准".into(),
            name_en: "Benchmark".into(),
            trade: "none".into(),
            unified_social_credit_code: String::new(),
        }],
        shops: vec![Shop {
            shop_id: "B01".into(),
            merchant_id,
            name: "基准".into(),
            address: String::new(),
        }],
        operators: vec![(
            Operator {
                shop_id: "B01".into(),
                operator: "001".into(),
                name: String::new(),
            },
            app::password::hash("135790", &random()?)?,
        )],
        ..Kept::default()
    };
    let mut identities = Vec::with_capacity(terminals as usize);
    for number in 0..terminals {
        let terminal_id = format!("{:08}", 10_000_000 + number);
        let master_key = random::<16>()?;
        let sealed = node.sealer.seal(Purpose::MasterKey, &terminal_id, &master_key)?;
        kept.terminals
            .push((terminal(&terminal_id, merchant_id)?, sealed));
        identities.push(TerminalIdentity::new(
            &terminal_id,
            merchant_id.as_str(),
            master_key,
            "001",
        ));
    }
    node.write(move |tx| app::estate::fill(tx, &kept)).await?;
    Ok(identities)
}

fn terminal(terminal_id: &str, merchant_code: MerchantId) -> anyhow::Result<Terminal> {
    Ok(Terminal {
        terminal_id: TerminalId::parse(terminal_id.as_bytes()).context("terminal_id")?,
        serial: format!("B{terminal_id}"),
        model: "benchmark".into(),
        name: terminal_id.into(),
        shop_id: "B01".into(),
        bound: BoundElements {
            acquirer_code: "48273050".into(),
            merchant_code,
            unified_social_credit_code: String::new(),
            settlement_account: SettlementAccount {
                sealed: Vec::new(),
                last4: "0000".into(),
            },
            placement_address: String::new(),
        },
        status: Status::Active,
        language: "zh-CN".into(),
        time_zone: "Asia/Shanghai".into(),
    })
}

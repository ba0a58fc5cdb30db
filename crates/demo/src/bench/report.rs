//! `tillguard-demo bench report`: from a loss report to its acknowledgement and the first refusal, under full load.
//!
//! Each report is about a terminal that is trading, by HTTP as a console sends it.
//!
//! Invariant: a purchase sent after the acknowledgement and approved all the same fails the run.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use simulator::load::{LaneLog, Load, LoadConfig, Report};
use simulator::terminal::TerminalIdentity;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::rig::{LOGIN, Rig};
use super::{Folder, median, ms};

/// What to report under what load.
#[derive(clap::Args)]
pub struct Args {
    /// Reports, each of another terminal.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    reports: u32,
    /// Connections under load, one terminal each.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(10..=1_000))]
    connections: u32,
    /// A PostgreSQL server, on which the run makes a database of its own and drops it, instead of a SQLite file.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The folder in which the run's own folder is made; without it, the system's temporary directory.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Reports in one round. So many lanes more than asked for begin it, and each ends with its report, so that no fewer than
/// asked for trade.
const ROUND_REPORTS: u32 = 10;
const WARM_UP: Duration = Duration::from_millis(500);
const BETWEEN_REPORTS: Duration = Duration::from_millis(150);
const FLUSH_TIME: Duration = Duration::from_millis(500);
const FLUSH_PAUSE: Duration = Duration::from_millis(20);
/// Trace numbers kept for each round of a lane, so that none comes twice.
const TRACES: u32 = 40_000;
const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Measures and prints.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let folder = Folder::create(args.data.as_deref())?;
    let terminals = args.connections + args.reports + ROUND_REPORTS;
    let rig = Rig::start(&folder.unused("node"), args.database.as_deref(), terminals).await?;
    let outcome = reports(&args, &folder, &rig).await;
    rig.stop().await;
    outcome
}

/// What all rounds found.
struct Found {
    acknowledged_us: Histogram<u64>,
    refused_us: Histogram<u64>,
    per_second: Vec<f64>,
    flush_p50_ms: Vec<f64>,
    loaded_flush_p50_ms: Vec<f64>,
}

async fn reports(args: &Args, folder: &Folder, rig: &Rig) -> anyhow::Result<()> {
    let mut api = Api::log_in(rig.running.api_addr, &rig.password).await?;
    let mut trading: VecDeque<TerminalIdentity> = rig.identities.iter().cloned().collect();
    let mut found = Found {
        acknowledged_us: Histogram::new_with_bounds(1, 600_000_000, 3)?,
        refused_us: Histogram::new_with_bounds(1, 600_000_000, 3)?,
        per_second: Vec::new(),
        flush_p50_ms: Vec::new(),
        loaded_flush_p50_ms: Vec::new(),
    };
    let (mut left, mut number) = (args.reports, 0);
    while left > 0 {
        let count = left.min(ROUND_REPORTS);
        found
            .flush_p50_ms
            .push(ms(folder.flush_p50(FLUSH_TIME, Duration::ZERO).await?));
        let lanes = trading.iter().take((args.connections + count) as usize);
        let lanes = lanes.map(|identity| TerminalIdentity {
            trace_first: 1 + number * TRACES % 900_000,
            ..identity.clone()
        });
        let load = Load::start(LoadConfig {
            lanes: lanes.collect(),
            until_refused: true,
            ..LoadConfig::new(rig.gate_addr)
        });
        let load = load.await?;
        let lost: Vec<TerminalIdentity> = trading.drain(..count as usize).collect();
        let time = WARM_UP + BETWEEN_REPORTS * count;
        let beside = folder.flush_p50(time, FLUSH_PAUSE);
        let (reported, beside) = tokio::try_join!(report(&mut api, &lost), beside)?;
        found.loaded_flush_p50_ms.push(ms(beside));
        let started = load.started();
        let report = load.stop().await;
        found.take(started, &report, &reported)?;
        (left, number) = (left - count, number + 1);
    }
    found.print(args);
    Ok(())
}

/// When a report was sent and when it was acknowledged.
struct Reported {
    sent_at: Instant,
    acknowledged_at: Instant,
}

async fn report(api: &mut Api, lost: &[TerminalIdentity]) -> anyhow::Result<Vec<Reported>> {
    sleep(WARM_UP).await;
    let mut reported = Vec::new();
    for identity in lost {
        sleep(BETWEEN_REPORTS).await;
        let body = json!({"terminal_id": identity.terminal_id, "manner": "stolen"});
        let sent_at = Instant::now();
        let (status, answer) = api.post("/incidents", &body).await?;
        let acknowledged_at = Instant::now();
        ensure!(status == 201, "a report was answered {status}: {answer}");
        reported.push(Reported {
            sent_at,
            acknowledged_at,
        });
    }
    // The last one too must have time to be refused.
    sleep(BETWEEN_REPORTS).await;
    Ok(reported)
}

impl Found {
    /// Takes one round; its first lanes are those that were reported, in that order.
    fn take(&mut self, started: Instant, report: &Report, reported: &[Reported]) -> anyhow::Result<()> {
        self.per_second.push(report.per_second());
        let us = |at: Instant| u64::try_from((at - started).as_micros()).unwrap_or(u64::MAX);
        for (lane, reported) in report.lanes.iter().zip(reported) {
            let (sent, acknowledged) = (us(reported.sent_at), us(reported.acknowledged_at));
            let refused = first_refusal(lane, acknowledged)?;
            self.acknowledged_us.saturating_record(acknowledged - sent);
            self.refused_us.saturating_record(refused.saturating_sub(sent));
        }
        Ok(())
    }

    fn print(&self, args: &Args) {
        let flush_ms = median(self.flush_p50_ms.clone());
        let loaded_flush_ms = median(self.loaded_flush_p50_ms.clone());
        println!(
            "{} reports under the full load of {} connections, {:.0} answers/s; none was approved after",
            self.acknowledged_us.len(),
            args.connections,
            median(self.per_second.clone())
        );
        println!("fsync p50: {flush_ms:.2} ms, beside the load {loaded_flush_ms:.2} ms");
        println!(
            "                               p50 ms     p99 ms     max ms   p99 in fsyncs   in those beside the load"
        );
        for (what, times) in [
            ("report to acknowledgement", &self.acknowledged_us),
            ("report to first refusal", &self.refused_us),
        ] {
            let at = |quantile| times.value_at_quantile(quantile) as f64 / 1_000.0;
            let (p50, p99, max) = (at(0.5), at(0.99), times.max() as f64 / 1_000.0);
            let (quiet, loaded) = (p99 / flush_ms, p99 / loaded_flush_ms);
            println!("  {what:<26} {p50:>9.2} {p99:>10.2} {max:>10.2} {quiet:>15.1} {loaded:>26.1}");
        }
    }
}

/// When the terminal first read a refusal.
fn first_refusal(lane: &LaneLog, acknowledged_us: u64) -> anyhow::Result<u64> {
    let late =
        |record: &&simulator::load::Record| record.is_approved() && record.sent_at_us > acknowledged_us;
    if let Some(record) = lane.records.iter().find(late) {
        bail!(
            "{}: {} was approved after the acknowledgement",
            lane.terminal_id,
            record.trace
        );
    }
    let refused = lane.records.iter().filter(|record| !record.is_approved());
    refused
        .filter_map(|record| record.received_at_us)
        .min()
        .with_context(|| format!("{} was never refused", lane.terminal_id))
}

/// A caller of the API, on one connection.
struct Api {
    stream: TcpStream,
    token: String,
}

impl Api {
    async fn log_in(address: SocketAddr, password: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut api = Self {
            stream,
            token: String::new(),
        };
        let body = json!({"login": LOGIN, "password": password});
        let (status, answer) = api.post("/session", &body).await?;
        let token = answer["token"].as_str();
        api.token = token
            .with_context(|| format!("the log-in was answered {status}"))?
            .into();
        Ok(api)
    }

    /// One exchange; returns once the whole answer has been read.
    async fn post(&mut self, path: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        let body = body.to_string();
        let request = format!(
            "POST /api/v1{path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        );
        let exchange = async {
            self.stream.write_all(request.as_bytes()).await?;
            self.answer().await
        };
        timeout(ANSWER_TIME_MAX, exchange).await?
    }

    async fn answer(&mut self) -> anyhow::Result<(u16, Value)> {
        let mut read = Vec::new();
        loop {
            ensure!(read.len() < ANSWER_BYTES_MAX, "the API's answer does not end");
            ensure!(
                self.stream.read_buf(&mut read).await? > 0,
                "the API closed the connection"
            );
            let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") else {
                continue;
            };
            let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
            let status = head.get(9..12).unwrap_or_default().parse()?;
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.context("the API's answer has no length")?.trim().parse()?;
            if let Some(body) = read.get(end + 4..end + 4 + length) {
                return Ok((status, serde_json::from_slice(body)?));
            }
        }
    }
}

//! `tillguard-demo bench gate`: approvals through the whole gate, beside what the database alone would allow.
//!
//! Invariant: floor, host and gate are measured in turns in one run; a refused purchase fails it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use domain::setting::Watch;
use simulator::load::{Load, LoadConfig, Report};
use simulator::terminal::TerminalIdentity;

use super::rig::Rig;
use super::{Folder, floor, median, ms};

/// How to load the gate.
#[derive(clap::Args)]
pub struct Args {
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
    /// After that as many rounds again at half of what was measured, for the time the gate adds to the host's.
    #[arg(long, conflicts_with = "rate")]
    half: bool,
    /// Only rounds at this many requests a second.
    #[arg(long, value_name = "PER_SECOND", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: Option<u32>,
    /// Only rounds at full load in pairs, with the watcher of terminals and without it.
    #[arg(long, conflicts_with_all = ["rate", "half"])]
    watcher: bool,
    /// A PostgreSQL server, on which the run makes a database of its own and drops it, instead of a SQLite file.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The folder in which the run's own folder is made; without it, the system's temporary directory.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// The longest a floor is measured in a round.
const FLOOR_TIME_MAX: Duration = Duration::from_secs(3);
const FLUSH_TIME: Duration = Duration::from_millis(500);
/// Between two flushes measured beside a load: seldom enough not to be a load itself.
const FLUSH_PAUSE: Duration = Duration::from_millis(20);
/// Trace numbers kept for each round of a lane, so that none comes twice.
const TRACES: u32 = 90_000;
/// Requests a lane may have open at a fixed rate; a gate that stalls does not slow the requests down.
const OPEN_MAX: usize = 64;

/// Measures and prints.
pub async fn run(args: Args) -> anyhow::Result<()> {
    if args.connections > args.terminals {
        bail!("--connections needs as many --terminals");
    }
    let folder = Folder::create(args.data.as_deref())?;
    let rig = Rig::start(&folder.unused("node"), args.database.as_deref(), args.terminals).await?;
    let bench = Gate { args, folder, rig };
    let outcome = bench.run().await;
    bench.rig.stop().await;
    outcome
}

struct Gate {
    args: Args,
    folder: Folder,
    rig: Rig,
}

/// What one round at full load found.
struct Full {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    floor_per_second: f64,
    flush_p50_ms: f64,
}

/// What one round at a fixed rate found.
struct Paced {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    /// The host asked directly at the same rate, its median.
    host_p50_ms: f64,
    flush_p50_ms: f64,
    /// The same beside the load.
    loaded_flush_p50_ms: f64,
}

impl Gate {
    async fn run(&self) -> anyhow::Result<()> {
        let Args {
            connections,
            seconds,
            terminals,
            rounds,
            ..
        } = self.args;
        let database = if self.args.database.is_some() {
            "PostgreSQL"
        } else {
            "SQLite"
        };
        println!(
            "gate on {database}: {connections} connections, {seconds} s a round, {terminals} terminals, host and load on the same machine"
        );
        if self.args.watcher {
            return self.watched(rounds).await;
        }
        let rate = match self.args.rate {
            Some(rate) => f64::from(rate),
            None => {
                let full = self.full(rounds).await?;
                if !self.args.half {
                    return Ok(());
                }
                full / 2.0
            }
        };
        self.paced(rounds, rate).await
    }

    /// The lanes of a round, counted over all rounds of the run.
    fn lanes(&self, round: u32) -> Vec<TerminalIdentity> {
        let identities = self.rig.identities.iter().take(self.args.connections as usize);
        let first = |identity: &TerminalIdentity| TerminalIdentity {
            trace_first: 1 + round * TRACES % 900_000,
            ..identity.clone()
        };
        identities.map(first).collect()
    }

    fn duration(&self) -> Duration {
        Duration::from_secs(self.args.seconds)
    }

    /// Approvals a second when every connection asks again as soon as it has its answer; the median.
    async fn full(&self, rounds: u32) -> anyhow::Result<f64> {
        println!("  approvals/s     p50 ms     p99 ms   floor/s   of floor   fsync p50 ms");
        let mut all = Vec::new();
        for number in 0..rounds {
            let flush_p50_ms = ms(self.folder.flush_p50(FLUSH_TIME, Duration::ZERO).await?);
            let config = LoadConfig {
                lanes: self.lanes(number),
                duration: Some(self.duration()),
                ..LoadConfig::new(self.rig.gate_addr)
            };
            let report = approved(config).await?;
            let batch = self.args.connections as usize;
            let duration = self.duration().min(FLOOR_TIME_MAX);
            let floor = match &self.rig.database {
                Some(database) => floor::postgres(database.url.clone(), batch, duration).await?,
                None => floor::sqlite(&self.folder, batch, duration).await?,
            };
            let round = Full {
                per_second: report.per_second(),
                p50_ms: latency_ms(&report, 0.5),
                p99_ms: latency_ms(&report, 0.99),
                // An approval is two checked inserts: the intent and the decision.
                floor_per_second: floor.per_s / 2.0,
                flush_p50_ms,
            };
            round.print();
            all.push(round);
        }
        all.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
        let median = &all[all.len() / 2];
        println!("median:");
        median.print();
        Ok(median.per_second)
    }

    /// Approvals a second with the watcher and without it, in turns: whichever is first in one pair is second in the next.
    async fn watched(&self, rounds: u32) -> anyhow::Result<()> {
        println!("  without/s     with/s      ratio");
        let mut ratios = Vec::new();
        for number in 0..rounds {
            let mut pair = [0.0; 2];
            for turn in 0..2 {
                let is_on = (number + turn) % 2 == 1;
                let watch = if is_on { Watch::Ask } else { Watch::Off };
                self.rig.watch(watch).await?;
                let config = LoadConfig {
                    lanes: self.lanes(2 * number + turn),
                    duration: Some(self.duration()),
                    ..LoadConfig::new(self.rig.gate_addr)
                };
                pair[usize::from(is_on)] = approved(config).await?.per_second();
            }
            let ratio = pair[1] / pair[0];
            println!("{:>11.0} {:>10.0} {ratio:>10.3}", pair[0], pair[1]);
            ratios.push(ratio);
        }
        println!("median of the ratios: {:.3}", median(ratios));
        Ok(())
    }

    /// The time the gate adds, at a fixed rate.
    async fn paced(&self, rounds: u32, rate: f64) -> anyhow::Result<()> {
        println!(
            "at {rate:.0} requests a second, each when it is due; the host's own time is measured without the gate"
        );
        println!(
            "   answers/s     p50 ms     p99 ms   host p50   added p99   fsync p50   fsyncs   fsync p50 beside it   fsyncs"
        );
        let mut all = Vec::new();
        for number in 0..rounds {
            let flush_p50_ms = ms(self.folder.flush_p50(FLUSH_TIME, Duration::ZERO).await?);
            let config = |gate: SocketAddr, round| LoadConfig {
                lanes: self.lanes(round),
                depth: OPEN_MAX,
                per_second: Some(rate),
                duration: Some(self.duration()),
                ..LoadConfig::new(gate)
            };
            let direct = LoadConfig {
                session: Some(self.rig.host_session()?),
                ..config(self.rig.host.addr(), number)
            };
            let direct = approved(direct).await?;
            // The rounds at full load used the first trace numbers.
            let through = approved(config(self.rig.gate_addr, rounds + number));
            let beside = self.folder.flush_p50(self.duration(), FLUSH_PAUSE);
            let (through, beside) = tokio::try_join!(through, beside)?;
            let round = Paced {
                per_second: through.per_second(),
                p50_ms: latency_ms(&through, 0.5),
                p99_ms: latency_ms(&through, 0.99),
                host_p50_ms: latency_ms(&direct, 0.5),
                flush_p50_ms,
                loaded_flush_p50_ms: ms(beside),
            };
            round.print();
            all.push(round);
        }
        println!("median of each:");
        let of = |value: fn(&Paced) -> f64| median(all.iter().map(value).collect());
        Paced {
            per_second: of(|round| round.per_second),
            p50_ms: of(|round| round.p50_ms),
            p99_ms: of(|round| round.p99_ms),
            host_p50_ms: of(|round| round.host_p50_ms),
            flush_p50_ms: of(|round| round.flush_p50_ms),
            loaded_flush_p50_ms: of(|round| round.loaded_flush_p50_ms),
        }
        .print();
        Ok(())
    }
}

/// Runs a load whose every request must be approved.
async fn approved(config: LoadConfig) -> anyhow::Result<Report> {
    let report = Load::start(config).await?.finish().await;
    let (approved, sent) = (
        report.approved(),
        report.lanes.iter().map(|lane| lane.records.len()).sum::<usize>(),
    );
    if approved != sent as u64 {
        bail!(
            "{approved} of {sent} requests were approved: {:?}",
            report.codes()
        );
    }
    Ok(report)
}

fn latency_ms(report: &Report, quantile: f64) -> f64 {
    report.latency_us.value_at_quantile(quantile) as f64 / 1_000.0
}

impl Full {
    fn print(&self) {
        let Self {
            per_second,
            p50_ms,
            p99_ms,
            floor_per_second,
            flush_p50_ms,
        } = self;
        let of_floor = per_second / floor_per_second * 100.0;
        println!(
            "  {per_second:>11.0} {p50_ms:>10.2} {p99_ms:>10.2} {floor_per_second:>9.0} {of_floor:>8.0} % {flush_p50_ms:>14.2}"
        );
    }
}

impl Paced {
    fn print(&self) {
        let Self {
            per_second,
            p50_ms,
            p99_ms,
            host_p50_ms,
            flush_p50_ms,
            loaded_flush_p50_ms,
        } = self;
        let added = p99_ms - host_p50_ms;
        let (quiet, loaded) = (added / flush_p50_ms, added / loaded_flush_p50_ms);
        print!("  {per_second:>10.0} {p50_ms:>10.2} {p99_ms:>10.2} {host_p50_ms:>10.2} {added:>11.2}");
        println!(" {flush_p50_ms:>11.2} {quiet:>8.1} {loaded_flush_p50_ms:>21.2} {loaded:>8.1}");
    }
}

//! `tillguard-demo bench suspects`: what it costs to look at the payments around one loss, in a store of many terminals: all of three days
//! before and after the window, each judged against the terminal's month before.
//!
//! Invariant: each terminal that is looked at is looked at for the first time.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, ensure};
use app::suspect::look;
use domain::incident::{Incident, LossWindow, Manner, Moments, Sight, State};
use domain::time::HOUR_MS;
use domain::{TerminalId, Timestamp};
use store::Tx;

use super::growth::{Estate, fill};
use super::{Folder, median, rig};
use node::{Node, now};

/// Which store.
#[derive(clap::Args)]
pub struct Args {
    /// Terminals of the estate.
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    terminals: u32,
    /// Rows of the ledger, spread evenly over the terminals and over forty days.
    #[arg(long, default_value_t = 10_000_000)]
    rows: u32,
    /// Terminals that are looked at in each round.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    looks: u32,
    /// Rounds; the median of their medians is the one to quote.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// A PostgreSQL server, on which the run makes a database of its own and drops it, instead of a SQLite file.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The folder in which the run's own folder is made; without it, the system's temporary directory.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

const DAYS: i64 = 40;
/// How long the terminal was away.
const AWAY_MS: i64 = 12 * HOUR_MS;

/// Measures and prints.
pub async fn run(args: Args) -> anyhow::Result<()> {
    ensure!(
        args.looks * args.rounds <= args.terminals,
        "there are fewer --terminals than --looks in all --rounds"
    );
    let folder = Folder::create(args.data.as_deref())?;
    let database = rig::database(args.database.as_deref()).await?;
    let node = rig::open(&folder.unused("node"), database.as_ref()).await?;
    let estate = Estate {
        terminals: args.terminals,
        rows: args.rows,
    };
    let each = i64::from(args.rows / args.terminals).max(1);
    let end = now();
    let begin = end.plus_ms(-DAYS * 24 * HOUR_MS);
    fill(&node, estate, (begin, (end.since_ms(begin)) / (each + 1))).await?;
    let kind = database.as_ref().map_or("SQLite", |_| "PostgreSQL");
    println!(
        "one lost terminal on {kind}: {} terminals, {} rows, {} looks a round",
        args.terminals, args.rows, args.looks
    );
    // Reading a shared store blocks, which a thread of the runtime may not.
    tokio::task::spawn_blocking(move || measure(&node, &args, end)).await?
}

fn measure(node: &Node, args: &Args, end: Timestamp) -> anyhow::Result<()> {
    println!("  payments around     p50 ms     p99 ms");
    let (mut medians, mut next) = (Vec::new(), 0);
    for _ in 0..args.rounds {
        let (mut times, mut payments) = (Vec::new(), 0);
        for _ in 0..args.looks {
            // Prime to any count of terminals that has no such factor: each once, and none beside the last.
            let number = (next * 7_919) % args.terminals;
            next += 1;
            let id = (rig::FIRST_TERMINAL + number).to_string();
            let id = TerminalId::parse(id.as_bytes()).context("terminal_id")?;
            let began = Instant::now();
            let looked = node.store.read(|tx: &Tx<'_>| {
                let terminal =
                    store::terminal::get(tx, id)?.ok_or(store::Error::Corrupt("no such terminal"))?;
                look(tx, &lost(id, end), &terminal)
            })?;
            times.push(began.elapsed().as_secs_f64() * 1e3);
            payments += looked.suspects.len();
        }
        times.sort_by(f64::total_cmp);
        let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
        println!(
            "  {:>15.1} {:>10.3} {:>10.3}",
            payments as f64 / f64::from(args.looks),
            at(50),
            at(99)
        );
        medians.push(at(50));
    }
    println!("median: {:.3} ms", median(medians));
    Ok(())
}

/// A loss that was reported at that time.
pub(super) fn lost(terminal_id: TerminalId, at: Timestamp) -> Incident {
    Incident {
        incident_id: "BENCH001".into(),
        terminal_id,
        state: State::Open,
        manner: Manner::Stolen,
        hold_id: 1,
        node: "bench".into(),
        reported_at: at,
        reported_by: "bench".into(),
        suspended_at: at,
        acknowledged_at: None,
        stop_ms: None,
        last_seen_at: None,
        place: None,
        circumstances: None,
        window: LossWindow::of(Sight::default(), Some(at.plus_ms(-AWAY_MS)), at),
        stop_request_number: "STOP-BENCH001".into(),
        found: None,
        attempt_count: 0,
        unproven_attempt_count: 0,
        open_alarm_count: 0,
        playbook: None,
        moments: Moments::default(),
        closing: None,
    }
}

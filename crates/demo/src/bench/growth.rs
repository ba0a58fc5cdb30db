//! `tillguard-demo bench growth`: what an authorisation costs with more terminals and a longer ledger.
//!
//! Straight on the store: the two closures of an approval, as many under way as the gate would have, on terminals chosen
//! at random. A small estate is measured in turns with each larger one, because machines change while they measure.
//!
//! Invariant: no measurement begins with another estate or another ledger than the one it names.

use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use app::transaction::{Admitted, Answer, Attempt, authorise, release};
use domain::money::Currency;
use domain::transaction::{BatchTrace, EntryMode, HostOutcome, Kind, ResponseCode, Verdict};
use domain::{MaskedPan, MerchantId, Money, TerminalId, Timestamp};
use store::terminal_session::TerminalSession;
use store::{Store, Want};

use super::rig::{self, Database};
use super::{Folder, median};
use node::seal::random;
use node::{Node, now};

/// Which estates and ledgers to compare.
#[derive(clap::Args)]
pub struct Args {
    /// Terminals of each estate.
    #[arg(long, value_delimiter = ',', default_value = "1000,100000,1000000", value_parser = clap::value_parser!(u32).range(1..=80_000_000))]
    terminals: Vec<u32>,
    /// Rows of each ledger, spread evenly over the terminals.
    #[arg(long, value_delimiter = ',', default_value = "0,1000000,50000000")]
    rows: Vec<u32>,
    /// Rounds; the median is the one to quote.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Seconds of each round.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Approvals under way at once.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4_000))]
    in_flight: u32,
    /// Where filled estates are kept, to be measured again by a later run; without it they are made in the system's
    /// temporary directory and removed. Fifty million rows take about ten gigabytes. SQLite files only.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A PostgreSQL server, on which the run makes databases of its own and drops them, instead of SQLite files.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

/// The estate that all others are compared with.
const SMALL: Estate = Estate {
    terminals: 1_000,
    rows: 0,
};
/// Rows and terminals that one transaction writes while an estate is filled.
const FILL_ROWS: i64 = 100_000;
const FILL_TERMINALS: i64 = 20_000;
/// The batch every terminal is in; those of the past are far below.
const BATCH: u32 = 900_000;
/// About what a sealed reversal takes.
const SEALED_BYTES: usize = 160;
const WARM_UP: Duration = Duration::from_secs(1);
/// When the past begins; a row a second for each terminal from then on stays in the past.
const EPOCH: Timestamp = Timestamp(1_600_000_000_000);
const PROGRESS: Duration = Duration::from_secs(20);

/// How large an estate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Estate {
    /// Terminals.
    pub terminals: u32,
    /// Rows of the ledger.
    pub rows: u32,
}

/// Measures and prints.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let folder = Folder::create(args.data.as_deref())?;
    println!(
        "growth: {} approvals under way, medians of {} rounds of {} s, in turns with {} terminals and an empty ledger",
        args.in_flight, args.rounds, args.seconds, SMALL.terminals
    );
    println!(
        "for each approval, the small one's in brackets: µs; µs of processor that the writers took; KiB read and written"
    );
    println!(
        "  terminals       rows  file GiB       time    (small)   ratio (lowest to highest)  processor    (small)   ratio  read  written"
    );
    for &terminals in &args.terminals {
        for &rows in &args.rows {
            let estate = Estate { terminals, rows };
            if rows > 0 && rows < terminals {
                println!("  {terminals:>9} {rows:>10}   not every terminal would have a row");
                continue;
            }
            compare(&args, &folder, estate).await?;
        }
    }
    Ok(())
}

async fn compare(args: &Args, folder: &Folder, estate: Estate) -> anyhow::Result<()> {
    let server = args.database.as_deref();
    let (small_in, large_in) = (rig::database(server).await?, rig::database(server).await?);
    let small_at = folder.unused("small");
    let large_at = match &args.data {
        Some(data) if server.is_none() => data.join(format!("estate-{}-{}", estate.terminals, estate.rows)),
        _ => folder.unused("large"),
    };
    let small = open(&small_at, small_in.as_ref(), SMALL).await?;
    let large = open(&large_at, large_in.as_ref(), estate).await?;
    let mut rounds = Vec::new();
    let duration = Duration::from_secs(args.seconds);
    cost(&small, SMALL, args.in_flight, WARM_UP).await?;
    cost(&large, estate, args.in_flight, WARM_UP).await?;
    for _ in 0..args.rounds {
        let small = cost(&small, SMALL, args.in_flight, duration).await?;
        let large = cost(&large, estate, args.in_flight, duration).await?;
        rounds.push((small, large));
    }
    drop((small, large));
    let bytes = std::fs::metadata(large_at.join("store.db")).map_or(0, |file| file.len());
    print(estate, bytes, &rounds);
    std::fs::remove_dir_all(&small_at).context("the small estate cannot be removed")?;
    if args.data.is_none() || server.is_some() {
        std::fs::remove_dir_all(&large_at).context("the estate cannot be removed")?;
    }
    Ok(())
}

fn print(estate: Estate, bytes: u64, rounds: &[(Cost, Cost)]) {
    let mut ratios: Vec<f64> = rounds.iter().map(|(small, large)| large.us / small.us).collect();
    ratios.sort_by(f64::total_cmp);
    let small = |of: fn(&Cost) -> f64| median(rounds.iter().map(|(small, _)| of(small)).collect());
    let large = |of: fn(&Cost) -> f64| median(rounds.iter().map(|(_, large)| of(large)).collect());
    let gib = bytes as f64 / f64::from(1 << 30);
    let (time, small_time) = (large(|cost| cost.us), small(|cost| cost.us));
    let (cpu, small_cpu) = (large(|cost| cost.cpu_us), small(|cost| cost.cpu_us));
    print!(
        "  {:>9} {:>10} {gib:>9.2} {time:>10.1} {:>10} {:>7.2} {:>19}",
        estate.terminals,
        estate.rows,
        format!("({small_time:.1})"),
        median(ratios.clone()),
        format!(
            "({:.2} to {:.2})",
            ratios.first().copied().unwrap_or_default(),
            ratios.last().copied().unwrap_or_default()
        ),
    );
    println!(
        " {cpu:>10.1} {:>10} {:>7.2} {:>5.1} ({:.1}) {:>5.1} ({:.1})",
        format!("({small_cpu:.1})"),
        cpu / small_cpu,
        large(|cost| cost.read_kib),
        small(|cost| cost.read_kib),
        large(|cost| cost.written_kib),
        small(|cost| cost.written_kib),
    );
}

/// Opens an estate, which is filled first when it is not there.
async fn open(at: &Path, database: Option<&Database>, estate: Estate) -> anyhow::Result<Arc<Node>> {
    let filled = at.join("filled");
    if at.exists() && !filled.exists() {
        bail!("{} was not filled to the end; remove it", at.display());
    }
    let node = rig::open(at, database).await?;
    if !filled.exists() {
        fill(&node, estate, (EPOCH, 1_000)).await?;
        std::fs::write(&filled, format!("{estate:?}"))?;
    }
    Ok(node)
}

pub(super) async fn fill(node: &Node, estate: Estate, past: (Timestamp, i64)) -> anyhow::Result<()> {
    rig::fill(node, 1, "").await?;
    let pattern = terminal_id(0)?;
    let session = TerminalSession {
        batch: BATCH,
        operator: Some("001".into()),
        signed_in_at: EPOCH,
        keys_sealed: vec![0; SEALED_BYTES],
        sequence: 0,
        closing: None,
    };
    node.write(move |tx| store::terminal_session::put(tx, pattern, &session))
        .await?;
    let first = i64::from(rig::FIRST_TERMINAL);
    let end = first + i64::from(estate.terminals);
    for from in (first + 1..end).step_by(FILL_TERMINALS as usize) {
        let numbers = from..end.min(from + FILL_TERMINALS);
        node.write(move |tx| store::bulk::terminals(tx, pattern, numbers))
            .await?;
    }
    let each = i64::from(estate.rows / estate.terminals);
    // The last row of every terminal comes after all the others, as in an estate that has traded for long: it opens the
    // full pages which the fast order leaves behind.
    for sequences in [1..each, each..each + 1] {
        let mut told = Instant::now();
        if sequences.start < 1 {
            continue;
        }
        let step = (FILL_ROWS / (sequences.end - sequences.start).max(1)).max(1);
        for from in (first..end).step_by(step as usize) {
            let (numbers, sequences) = (from..end.min(from + step), sequences.clone());
            node.write(move |tx| store::bulk::history(tx, numbers, sequences, past))
                .await?;
            if told.elapsed() > PROGRESS {
                told = Instant::now();
                eprintln!(
                    "  … {estate:?}: {} of {} terminals filled",
                    from - first,
                    end - first
                );
            }
        }
    }
    Ok(())
}

fn terminal_id(number: u32) -> anyhow::Result<TerminalId> {
    let text = (rig::FIRST_TERMINAL + number).to_string();
    TerminalId::parse(text.as_bytes()).context("terminal_id")
}

/// What one approval took.
struct Cost {
    us: f64,
    /// Processor time of the store's writers alone, which says more than the clock on a machine that is shared.
    cpu_us: f64,
    /// By system calls of this process: SQLite's; PostgreSQL's are another process's.
    read_kib: f64,
    written_kib: f64,
}

/// Microseconds that the writers of all open stores have been running so far, where the system counts them.
fn writers_cpu_us() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let of = |thread: std::fs::DirEntry| {
        let name = std::fs::read_to_string(thread.path().join("comm")).ok()?;
        let spent = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        let running_ns = spent.split(' ').next()?.parse::<f64>().ok()?;
        (name.trim() == "store-writer").then_some(running_ns / 1e3)
    };
    threads.flatten().filter_map(of).sum()
}

/// KiB that this process has read and written so far, where the system counts them.
fn transferred_kib() -> (f64, f64) {
    let text = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let kib = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let bytes = line.and_then(|bytes| bytes.trim().parse::<f64>().ok());
        bytes.unwrap_or_default() / 1_024.0
    };
    (kib("rchar:"), kib("wchar:"))
}

async fn cost(node: &Node, estate: Estate, in_flight: u32, duration: Duration) -> anyhow::Result<Cost> {
    let driver = Driver {
        store: node.store.clone(),
        terminals: estate.terminals,
        // A trace number that no earlier run has used, in all likelihood; the store takes more digits than the wire.
        next_trace: u32::from_ne_bytes(random()?),
        chance: u64::from_ne_bytes(random()?) | 1,
        merchant_id: MerchantId::parse(rig::MERCHANT_ID).context("merchant_id")?,
        card: MaskedPan::parse("621234******0000").context("card")?,
        approved: HostOutcome::Answered {
            response_code: ResponseCode::APPROVED,
            verdict: Verdict::Approved,
            amount_minor: None,
            retrieval_reference: Some("100000000000".into()),
            approval_code: Some("100000".into()),
        },
    };
    let (read_before, written_before) = transferred_kib();
    let cpu_before = writers_cpu_us();
    let started = Instant::now();
    let approvals = tokio::task::spawn_blocking(move || driver.run(in_flight, duration)).await??;
    let elapsed_us = started.elapsed().as_secs_f64() * 1e6;
    let (read, written) = transferred_kib();
    let each = |sum: f64| sum / approvals.max(1) as f64;
    Ok(Cost {
        us: each(elapsed_us),
        cpu_us: each(writers_cpu_us() - cpu_before),
        read_kib: each(read - read_before),
        written_kib: each(written - written_before),
    })
}

/// What became of a closure.
enum Done {
    Authorised(TerminalId, Result<Admitted, store::Error>),
    Released(Result<Option<Answer>, store::Error>),
}

/// Keeps approvals under way in a store.
struct Driver {
    store: Store,
    terminals: u32,
    next_trace: u32,
    chance: u64,
    merchant_id: MerchantId,
    card: MaskedPan,
    approved: HostOutcome,
}

impl Driver {
    /// Counts the approvals of this time.
    fn run(mut self, in_flight: u32, duration: Duration) -> anyhow::Result<u64> {
        let (done, heard) = mpsc::channel();
        let started = Instant::now();
        for _ in 0..in_flight {
            self.authorise(&done)?;
        }
        let (mut under_way, mut approvals) = (in_flight, 0_u64);
        while under_way > 0 {
            match heard.recv()? {
                Done::Authorised(terminal_id, Ok(Admitted::Forward { sequence })) => {
                    self.release(&done, terminal_id, sequence);
                }
                Done::Authorised(terminal_id, other) => {
                    bail!("{terminal_id} was not authorised: {other:?}");
                }
                Done::Released(Ok(Some(answer))) if answer.response_code == ResponseCode::APPROVED => {
                    approvals += 1;
                    if started.elapsed() < duration {
                        self.authorise(&done)?;
                    } else {
                        under_way -= 1;
                    }
                }
                Done::Released(other) => bail!("an approval was not released: {other:?}"),
            }
        }
        Ok(approvals)
    }

    fn authorise(&mut self, done: &mpsc::Sender<Done>) -> anyhow::Result<()> {
        // Xorshift: even enough to scatter terminals.
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        let terminal_id = terminal_id((self.chance % u64::from(self.terminals)) as u32)?;
        self.next_trace = self.next_trace.wrapping_add(1);
        let attempt = Attempt {
            terminal_id,
            merchant_id: self.merchant_id,
            kind: Kind::Purchase,
            name: BatchTrace {
                batch: BATCH,
                trace: self.next_trace,
            },
            original: None,
            retrieval_reference: None,
            approval_code: None,
            flaw: None,
            amount: Some(Money {
                minor: 100,
                currency: Currency::CNY,
            }),
            card: Some(self.card),
            entry_mode: Some(EntryMode::Swipe),
            reversal_sealed: Some(vec![0; SEALED_BYTES]),
            undo_sealed: None,
            peer: "127.0.0.1:1".into(),
            mac_verified: true,
            keys: None,
            received_at: now(),
        };
        let done = done.clone();
        let want = Want {
            terminal_id,
            name: Some(attempt.name),
        };
        self.store.submit_for(
            want,
            move |tx| authorise(tx, &attempt, "bench"),
            move |admitted| {
                // Whoever has stopped listening has found an error.
                let _ = done.send(Done::Authorised(terminal_id, admitted));
            },
        );
        Ok(())
    }

    fn release(&self, done: &mpsc::Sender<Done>, terminal_id: TerminalId, sequence: i64) {
        let (approved, done) = (self.approved.clone(), done.clone());
        self.store.submit_for(
            Want::of(terminal_id),
            move |tx| release(tx, terminal_id, sequence, &approved, Some("127.0.0.1:1")),
            move |released| {
                let _ = done.send(Done::Released(released));
            },
        );
    }
}

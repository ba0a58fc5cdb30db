//! `tillguard-demo bench`: how fast the codec, the gate and a loss report are on this machine, now; and how
//! soon stolen terminals are noticed.
//!
//! Invariant: every figure is printed with the machine's load and beside the floor measured in the same run.

mod codec;
mod common_points;
mod floor;
mod gate;
mod growth;
mod report;
mod rig;
mod screening;
mod suspects;
mod theft;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context;

/// Measure this machine: its own limits, the codec, the whole gate, a loss report, growth.
#[derive(clap::Subcommand)]
pub enum Bench {
    /// Building, parsing and signing a purchase of 16 fields.
    Codec,
    /// What this machine allows at all: flushes, checked inserts, messages between sockets.
    Floor(floor::Args),
    /// Approvals through the gate: MAC, holds, durable ledger, a simulated host, all on this machine.
    Gate(gate::Args),
    /// From a loss report to its acknowledgement and the first refusal, under full load.
    Report(report::Args),
    /// What an authorisation costs with more terminals and a longer ledger.
    Growth(growth::Args),
    /// What looking at one lost terminal costs among many: its payments around the loss against its month before.
    Suspects(suspects::Args),
    /// Looking through an estate for where victims were before: each payment of 60 days read once.
    CommonPoints(common_points::Args),
    /// Stolen terminals: how soon they are noticed without labels, against false questions. Nothing is measured but the judge.
    Theft(theft::Args),
    /// How well the model finds what people would mark: the public benchmark's protocol, on its data or on a small set of our own.
    Screening(screening::Args),
}

/// Runs a benchmark and prints it.
pub async fn run(bench: Bench) -> anyhow::Result<()> {
    println!("machine: {} cores, load {}", cores(), load_average());
    match bench {
        Bench::Codec => codec::run()?,
        Bench::Floor(args) => floor::run(args).await?,
        Bench::Gate(args) => gate::run(args).await?,
        Bench::Report(args) => report::run(args).await?,
        Bench::Growth(args) => growth::run(args).await?,
        Bench::Suspects(args) => suspects::run(args).await?,
        Bench::CommonPoints(args) => common_points::run(args).await?,
        Bench::Theft(args) => theft::run(&args)?,
        Bench::Screening(args) => screening::run(&args)?,
    }
    println!("load after the run: {}", load_average());
    Ok(())
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(0, usize::from)
}

fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_else(|_| "unknown".into());
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// The middle one in size; of two middle ones the larger.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// A folder of one run, made in a folder of the caller's choice and removed at the end.
struct Folder {
    path: PathBuf,
    files: AtomicU32,
}

impl Folder {
    fn create(parent: Option<&Path>) -> anyhow::Result<Self> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
        let path = parent.join(format!("tillguard-bench-{}", std::process::id()));
        std::fs::create_dir_all(&path)
            .with_context(|| format!("the folder {} cannot be made", path.display()))?;
        Ok(Self {
            path,
            files: AtomicU32::new(0),
        })
    }

    /// A file or folder that is not there yet.
    fn unused(&self, name: &str) -> PathBuf {
        let number = self.files.fetch_add(1, Ordering::Relaxed);
        self.path.join(format!("{name}-{number}"))
    }

    /// The median time of a flush (fdatasync of a 4 KiB append) at this moment.
    async fn flush_p50(&self, duration: Duration, pause: Duration) -> anyhow::Result<Duration> {
        let file = self.unused("flush");
        let appends = off_runtime(move || store::floor::appends(&file, duration, pause));
        Ok(appends.await?.p50)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Runs what blocks on a thread that may.
async fn off_runtime<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, store::Error> + Send + 'static,
) -> anyhow::Result<T> {
    Ok(tokio::task::spawn_blocking(work).await??)
}

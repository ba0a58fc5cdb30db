//! `tillguard-demo bench floor`: what this machine allows at all, without anything of ours.
//!
//! Invariant: nothing else of this process runs while a floor is measured.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use store::floor::Floor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::{Folder, load_average, ms, off_runtime};

/// What to measure.
#[derive(clap::Args)]
pub struct Args {
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Measure PostgreSQL too, in a schema `tillguard_floor` that is made and dropped there.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The disk to measure, by a folder on it; without it, the system's temporary directory.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

const SQLITE_BATCHES: [usize; 4] = [1, 16, 64, 256];
const POSTGRES_BATCHES: [usize; 2] = [1, 64];
const ECHO_CONNECTIONS: usize = 64;
/// About a purchase in its frame.
const ECHO_BYTES: usize = 128;

/// Measures and prints.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let folder = Folder::create(args.data.as_deref())?;
    let duration = Duration::from_secs(args.seconds);
    println!(
        "floors, {} s each; p50 and p99 are of one flush, commit or echo",
        args.seconds
    );
    println!(
        "                                              a second     p50 ms     p99 ms   load before, after"
    );
    let line = Line::new("fdatasync of a 4 KiB append");
    let file = folder.unused("append");
    line.print(&off_runtime(move || store::floor::appends(&file, duration, Duration::ZERO)).await?);
    for batch in SQLITE_BATCHES {
        let line = Line::new(format!("SQLite, checked inserts, {batch} a commit"));
        line.print(&sqlite(&folder, batch, duration).await?);
    }
    for batch in POSTGRES_BATCHES {
        let Some(url) = args.database.clone() else { break };
        let line = Line::new(format!("PostgreSQL, checked inserts, {batch} a commit"));
        line.print(&postgres(url, batch, duration).await?);
    }
    let line = Line::new(format!(
        "TCP echo, {ECHO_BYTES} bytes, {ECHO_CONNECTIONS} connections"
    ));
    line.print(&echo(duration).await?);
    Ok(())
}

/// Checked inserts into a new SQLite file.
pub async fn sqlite(folder: &Folder, batch: usize, duration: Duration) -> anyhow::Result<Floor> {
    let file = folder.unused("floor");
    off_runtime(move || store::floor::checked_inserts(&file, batch, duration)).await
}

/// Checked inserts into PostgreSQL.
pub async fn postgres(url: String, batch: usize, duration: Duration) -> anyhow::Result<Floor> {
    off_runtime(move || store::floor::postgres::checked_inserts(&url, batch, duration)).await
}

/// One line of the table, with the load from before its measurement.
struct Line {
    what: String,
    load_before: String,
}

impl Line {
    fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            load_before: one_minute(),
        }
    }

    fn print(self, floor: &Floor) {
        let Floor { per_s, p50, p99 } = *floor;
        let (p50, p99, load_after) = (ms(p50), ms(p99), one_minute());
        println!(
            "  {:<42} {per_s:>9.0} {p50:>10.3} {p99:>10.3}   {}, {load_after}",
            self.what, self.load_before
        );
    }
}

fn one_minute() -> String {
    load_average().split(' ').next().unwrap_or_default().to_owned()
}

/// Messages through loopback sockets and back, one at a time on each connection.
async fn echo(duration: Duration) -> anyhow::Result<Floor> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let mut servers = JoinSet::new();
    let mut clients = JoinSet::new();
    let started = Instant::now();
    for _ in 0..ECHO_CONNECTIONS {
        let client = TcpStream::connect(address).await?;
        let (server, _) = listener.accept().await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        servers.spawn(answer(server));
        clients.spawn(ask(client, started + duration));
    }
    let mut latency_us = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3)?;
    while let Some(asked) = clients.join_next().await {
        latency_us.add(asked??)?;
    }
    servers.shutdown().await;
    let quantile = |share| Duration::from_micros(latency_us.value_at_quantile(share));
    Ok(Floor {
        per_s: latency_us.len() as f64 / started.elapsed().as_secs_f64(),
        p50: quantile(0.5),
        p99: quantile(0.99),
    })
}

async fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut message = [0; ECHO_BYTES];
    loop {
        stream.read_exact(&mut message).await?;
        stream.write_all(&message).await?;
    }
}

async fn ask(mut stream: TcpStream, until: Instant) -> anyhow::Result<Histogram<u64>> {
    let mut latency_us = Histogram::new_with_bounds(1, 60_000_000, 3)?;
    let mut message = [0; ECHO_BYTES];
    loop {
        let asked = Instant::now();
        if asked >= until {
            return Ok(latency_us);
        }
        stream.write_all(&message).await?;
        stream.read_exact(&mut message).await?;
        latency_us.saturating_record(u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
}

//! What this machine's disk and databases allow, without anything of ours: the floors that benchmarks are held against.
//!
//! Invariant: the same durability as the store (WAL, synchronous = FULL), and no table of the store.

pub mod postgres;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

use crate::Error;

const TERMINALS: i64 = 100_000;
const APPEND_BYTES: usize = 4_096;

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Floor {
    /// Appends or checked inserts a second. A checked insert is a hold look-up, a state look-up, and an insert keyed by
    /// terminal and sequence.
    pub per_s: f64,
    /// Median time of a flush or commit.
    pub p50: Duration,
    /// The time that one in a hundred of them passes.
    pub p99: Duration,
}

impl Floor {
    fn new(done: usize, elapsed: Duration, mut flushes: Vec<Duration>) -> Self {
        flushes.sort_unstable();
        let quantile = |share: f64| {
            let index = (flushes.len() as f64 * share) as usize;
            flushes.get(index).copied().unwrap_or_default()
        };
        Self {
            per_s: done as f64 / elapsed.as_secs_f64().max(1e-6),
            p50: quantile(0.5),
            p99: quantile(0.99),
        }
    }
}

/// Appends 4 KiB to a new file and flushes it (fdatasync), again and again for `duration`, with `pause` in between.
pub fn appends(file: &Path, duration: Duration, pause: Duration) -> Result<Floor, Error> {
    let unusable = |error: std::io::Error| Error::Unusable(format!("{}: {error}", file.display()));
    let mut file = File::create(file).map_err(unusable)?;
    let block = [0x5A; APPEND_BYTES];
    let (started, mut flushes) = (Instant::now(), Vec::new());
    while started.elapsed() < duration {
        let flushing = Instant::now();
        file.write_all(&block)
            .and_then(|()| file.sync_data())
            .map_err(unusable)?;
        flushes.push(flushing.elapsed());
        if !pause.is_zero() {
            std::thread::sleep(pause);
        }
    }
    Ok(Floor::new(flushes.len(), started.elapsed(), flushes))
}

/// Runs checked inserts, `per_commit` to a commit, for `duration`, in a new database file.
pub fn checked_inserts(file: &Path, per_commit: usize, duration: Duration) -> Result<Floor, Error> {
    let connection = Connection::open(file)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(
        "CREATE TABLE state (terminal TEXT PRIMARY KEY, status TEXT NOT NULL);
         CREATE TABLE held (terminal TEXT PRIMARY KEY, kind TEXT NOT NULL);
         CREATE TABLE entry (terminal TEXT, sequence BIGINT, at BIGINT, amount BIGINT, code TEXT, card TEXT, PRIMARY KEY (terminal, sequence));
         BEGIN",
    )?;
    for terminal in 0..TERMINALS {
        connection.execute("INSERT INTO state VALUES (?1, 'active')", [name(terminal)])?;
    }
    connection.execute_batch("COMMIT")?;
    let mut held = connection.prepare("SELECT kind FROM held WHERE terminal = ?1")?;
    let mut state = connection.prepare("SELECT status FROM state WHERE terminal = ?1")?;
    let mut insert =
        connection.prepare("INSERT INTO entry VALUES (?1, ?2, ?3, 100, '00', '621234******0000')")?;
    let (started, mut inserts, mut commits) = (Instant::now(), 0_i64, Vec::new());
    while started.elapsed() < duration {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        for _ in 0..per_commit {
            let terminal = scattered(inserts);
            if held.exists([&terminal])? || !state.exists([&terminal])? {
                return Err(Error::Corrupt("floor"));
            }
            insert.execute(params![terminal, inserts, inserts])?;
            inserts += 1;
        }
        let committing = Instant::now();
        connection.execute_batch("COMMIT")?;
        commits.push(committing.elapsed());
    }
    let inserts = per_commit * commits.len();
    Ok(Floor::new(inserts, started.elapsed(), commits))
}

fn name(terminal: i64) -> String {
    format!("{terminal:08}")
}

/// The terminal of one insert: all of them in turn, neighbours far apart.
fn scattered(insert: i64) -> String {
    name(insert * 7_919 % TERMINALS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(20);

    #[test]
    fn every_floor_counts_what_it_did() {
        let folder = tempfile::tempdir().unwrap();
        let appended = folder.path().join("appended");
        let appends = appends(&appended, SHORT, Duration::ZERO).unwrap();
        let bytes = std::fs::metadata(appended).unwrap().len();
        assert!(bytes > 0 && bytes.is_multiple_of(APPEND_BYTES as u64));
        let inserts = checked_inserts(&folder.path().join("floor.db"), 16, SHORT).unwrap();
        for floor in [appends, inserts] {
            assert!(
                floor.per_s > 0.0 && !floor.p50.is_zero() && floor.p50 <= floor.p99,
                "{floor:?}"
            );
        }
    }
}

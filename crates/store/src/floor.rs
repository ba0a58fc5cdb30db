//! What this machine's disk and SQLite allow, without anything of ours: the floor that benchmarks are held against.
//!
//! Invariant: the same durability as the store (WAL, synchronous = FULL), and no table of the store.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

use crate::Error;

const TERMINALS: i64 = 100_000;

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Floor {
    /// Checked inserts a second: a hold look-up, a state look-up, an insert keyed by terminal and sequence.
    pub checked_inserts_per_s: f64,
    /// Median time of a commit.
    pub commit_p50: Duration,
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
            let terminal = name(inserts * 7_919 % TERMINALS);
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
    commits.sort_unstable();
    Ok(Floor {
        checked_inserts_per_s: inserts as f64 / started.elapsed().as_secs_f64(),
        commit_p50: commits.get(commits.len() / 2).copied().unwrap_or_default(),
    })
}

fn name(terminal: i64) -> String {
    format!("{terminal:08}")
}

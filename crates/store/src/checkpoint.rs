//! Carrying the write-ahead log into the database file, beside the writer instead of in it: a commit that also carries the
//! log would keep everybody waiting for two flushes of scattered pages.
//!
//! Invariant: the log stays bounded. When the thread beside cannot keep up, the writer waits for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use crate::Error;

/// Commits between two looks at the log.
const LOOK_EVERY: u32 = 32;
/// Pages in the log from which it is carried over.
const PAGES: i64 = 8_000;
/// Pages in the log at which the writer waits until they are carried over: 200 MiB.
const PAGES_MAX: i64 = 100_000;
/// So few pages left to carry over take the writer less than a commit; then it starts the log from its beginning.
const REST: i64 = 400;
/// How often emptying the log is tried, and the pause between two tries: a reader's snapshot may be in the way.
const EMPTY_TRIES: u32 = 100;
const EMPTY_PAUSE: Duration = Duration::from_millis(50);

/// The writer's side.
pub(crate) struct Checkpointer {
    commits: u32,
    pages_max: i64,
    wake: SyncSender<()>,
    log: Arc<Log>,
}

/// What the writer and the thread beside it tell each other.
#[derive(Default)]
pub(crate) struct Log {
    is_nearly_over: AtomicBool,
    /// Held by the one who carries over: SQLite turns a second one away instead of letting it wait.
    turn: Mutex<()>,
}

impl Checkpointer {
    /// Starts the thread; it ends when this is dropped.
    pub(crate) fn start(connection: Connection) -> Result<Self, Error> {
        let log = Arc::new(Log::default());
        // Nothing waits in it: whoever is busy need not be told to begin again.
        let (wake, woken) = sync_channel(0);
        let seen = log.clone();
        std::thread::Builder::new()
            .name("store-checkpoint".into())
            .spawn(move || {
                while woken.recv().is_ok() {
                    let rest = carry_over(&connection, seen.turn());
                    let is_nearly_over = rest.is_some_and(|rest| rest < REST);
                    seen.is_nearly_over.store(is_nearly_over, Ordering::Relaxed);
                }
            })
            .map_err(|error| Error::Unusable(format!("no thread for checkpoints: {error}")))?;
        Ok(Self {
            commits: 0,
            pages_max: PAGES_MAX,
            wake,
            log,
        })
    }

    /// What others need to empty the log.
    pub(crate) fn log(&self) -> Arc<Log> {
        self.log.clone()
    }

    /// The writer has committed.
    pub(crate) fn committed(&mut self, connection: &Connection) {
        if self.log.is_nearly_over.swap(false, Ordering::Relaxed)
            && let Ok(turn) = self.log.turn.try_lock()
        {
            // The last few pages: with all of them in the file, the next commit starts the log anew.
            carry_over(connection, turn);
        }
        self.commits = self.commits.wrapping_add(1);
        if !self.commits.is_multiple_of(LOOK_EVERY) {
            return;
        }
        match look(connection) {
            Ok(pages) if pages > self.pages_max => drop(carry_over(connection, self.log.turn())),
            // Busy is as good as woken.
            Ok(pages) if pages > PAGES => drop(self.wake.try_send(())),
            _ => {}
        }
    }
}

impl Log {
    /// Leaves nothing in the log of what was committed before: a page of it holds rows that were changed or deleted since. False when
    /// readers were in the way all the time.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub(crate) fn empty(&self, connection: &Connection) -> Result<bool, Error> {
        // The writer goes on meanwhile: it is kept waiting only for what the first carrying over has left.
        connection.busy_timeout(Duration::ZERO)?;
        for _ in 0..EMPTY_TRIES {
            let turn = self.turn();
            run(connection, "PRAGMA wal_checkpoint(PASSIVE)")?;
            let is_busy: bool =
                connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
            drop(turn);
            if !is_busy {
                return Ok(true);
            }
            std::thread::sleep(EMPTY_PAUSE);
        }
        Ok(false)
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Carries over what no reader is in the way of, waiting for nobody, and says how many pages are left.
fn carry_over(connection: &Connection, _turn: MutexGuard<'_, ()>) -> Option<i64> {
    match run(connection, "PRAGMA wal_checkpoint(PASSIVE)") {
        Ok((pages, carried)) => Some(pages - carried),
        Err(error) => {
            tracing::warn!(%error, "the log could not be carried into the database");
            None
        }
    }
}

/// Pages in the log.
fn look(connection: &Connection) -> Result<i64, Error> {
    run(connection, "PRAGMA wal_checkpoint(NOOP)").map(|(pages, _)| pages)
}

fn run(connection: &Connection, pragma: &str) -> Result<(i64, i64), Error> {
    Ok(connection.query_row(pragma, [], |row| Ok((row.get(1)?, row.get(2)?)))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer(path: &std::path::Path) -> Connection {
        let writer = Connection::open(path).unwrap();
        writer
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (i INTEGER PRIMARY KEY, b BLOB)",
            )
            .unwrap();
        writer
    }

    #[test]
    fn an_emptied_log_holds_nothing_once_its_readers_are_done() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store.db");
        let writer = writer(&path);
        writer
            .execute("INSERT INTO t (b) VALUES (zeroblob(4000))", [])
            .unwrap();
        let reader = Connection::open(&path).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM t").unwrap();
        writer.execute("DELETE FROM t", []).unwrap();
        let beside = Connection::open(&path).unwrap();
        let is_empty = std::thread::scope(|scope| {
            let emptied = scope.spawn(move || Log::default().empty(&beside).unwrap());
            // What the writer does meanwhile is not refused.
            writer
                .busy_timeout(Duration::from_secs(5))
                .and_then(|()| writer.execute("INSERT INTO t (b) VALUES (x'00')", []))
                .unwrap();
            reader.execute_batch("COMMIT").unwrap();
            emptied.join().unwrap()
        });
        assert!(is_empty);
        let len = std::fs::metadata(dir.path().join("store.db-wal")).unwrap().len();
        assert_eq!(len, 0, "nobody wrote since");
    }

    #[test]
    fn the_log_stays_bounded_when_the_thread_beside_does_not_keep_up() {
        let dir = tempfile::tempdir().unwrap();
        let writer = writer(&dir.path().join("store.db"));
        // Nobody is there to be woken.
        let (wake, _) = sync_channel(0);
        let mut checkpointer = Checkpointer {
            commits: 0,
            pages_max: 100,
            wake,
            log: Arc::default(),
        };
        let mut longest = 0;
        for _ in 0..20 * LOOK_EVERY {
            writer
                .execute("INSERT INTO t (b) VALUES (zeroblob(4000))", [])
                .unwrap();
            longest = longest.max(look(&writer).unwrap());
            checkpointer.committed(&writer);
        }
        let pages_a_commit = 3;
        let bound = 100 + i64::from(LOOK_EVERY) * pages_a_commit;
        assert!((100..=bound).contains(&longest), "{longest} pages");
    }
}

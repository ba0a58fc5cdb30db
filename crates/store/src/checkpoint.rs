//! Carrying the write-ahead log into the database file, beside the writer instead of in it: a commit that also carries the
//! log would keep everybody waiting for two flushes of scattered pages.
//!
//! Invariant: the log stays bounded. When the thread beside cannot keep up, the writer does it itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

use rusqlite::Connection;

use crate::Error;

/// Commits between two looks at the log.
const LOOK_EVERY: u32 = 32;
/// Pages in the log from which it is carried over.
const PAGES: i64 = 8_000;
/// Pages in the log at which the writer does it itself: 400 MiB.
const PAGES_MAX: i64 = 200_000;
/// So few pages left to carry over take the writer less than a commit; then it starts the log from its beginning.
const REST: i64 = 400;

/// The writer's side.
pub(crate) struct Checkpointer {
    commits: u32,
    wake: SyncSender<()>,
    log: Arc<Log>,
}

/// What the thread beside saw last.
#[derive(Default)]
struct Log {
    pages: AtomicI64,
    is_nearly_over: AtomicBool,
}

impl Checkpointer {
    /// Starts the thread; it ends when this is dropped.
    pub(crate) fn start(connection: Connection) -> Result<Self, Error> {
        let log = Arc::new(Log::default());
        let (wake, woken) = sync_channel(1);
        let seen = log.clone();
        std::thread::Builder::new()
            .name("store-checkpoint".into())
            .spawn(move || {
                while woken.recv().is_ok() {
                    seen.carry_over(&connection);
                }
            })
            .map_err(|error| Error::Unusable(format!("no thread for checkpoints: {error}")))?;
        let commits = 0;
        Ok(Self { commits, wake, log })
    }

    /// The writer has committed.
    pub(crate) fn committed(&mut self, connection: &Connection) {
        let must = self.log.pages.load(Ordering::Relaxed) > PAGES_MAX;
        if must || self.log.is_nearly_over.swap(false, Ordering::Relaxed) {
            // The last few pages: with all of them in the file, the next commit starts the log anew.
            if let Ok((pages, carried)) = checkpoint(connection) {
                let left = if pages == carried { 0 } else { pages };
                self.log.pages.store(left, Ordering::Relaxed);
            }
        }
        self.commits = self.commits.wrapping_add(1);
        if self.commits.is_multiple_of(LOOK_EVERY) {
            // Busy is as good as woken.
            let _ = self.wake.try_send(());
        }
    }
}

impl Log {
    fn carry_over(&self, connection: &Connection) {
        let Ok((pages, _)) = look(connection) else { return };
        self.pages.store(pages, Ordering::Relaxed);
        if pages < PAGES {
            return;
        }
        match checkpoint(connection) {
            Ok((pages, carried)) => {
                self.pages.store(pages, Ordering::Relaxed);
                self.is_nearly_over
                    .store(pages - carried < REST, Ordering::Relaxed);
            }
            Err(error) => tracing::warn!(%error, "the log could not be carried into the database"),
        }
    }
}

/// Pages in the log, and how many of them are in the file; without carrying any over.
fn look(connection: &Connection) -> Result<(i64, i64), Error> {
    run(connection, "PRAGMA wal_checkpoint(NOOP)")
}

/// Carries over what no reader is in the way of, waiting for nobody.
fn checkpoint(connection: &Connection) -> Result<(i64, i64), Error> {
    run(connection, "PRAGMA wal_checkpoint(PASSIVE)")
}

fn run(connection: &Connection, pragma: &str) -> Result<(i64, i64), Error> {
    Ok(connection.query_row(pragma, [], |row| Ok((row.get(1)?, row.get(2)?)))?)
}

//! Flushing the write-ahead log beside the writer: while one commit is on its way to the disk, the closures of the next one
//! run.
//!
//! Invariant: nobody hears of a commit before the log was flushed after it; after a flush that failed nobody hears of
//! success again.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, ThreadId};

use crate::Error;
use crate::queue::{Answer, Queue, hurry};

/// A commit that was made: who waits for it, and whether it is in the log.
struct Commit {
    answers: Vec<Answer>,
    outcome: Result<(), Error>,
}

/// How much of the log is on the disk.
#[derive(Default)]
pub(crate) struct Log {
    state: Mutex<State>,
    flushed: Condvar,
}

#[derive(Default)]
struct State {
    /// Commits begun.
    begun: u64,
    /// Of these, the ones that are on the disk, or in nothing.
    settled: u64,
    has_failed: bool,
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A commit begins: from now on readers may see it.
    fn begin(&self) {
        self.lock().begun += 1;
    }

    fn settle(&self, is_flushed: bool) -> bool {
        let mut state = self.lock();
        state.settled += 1;
        state.has_failed |= !is_flushed;
        self.flushed.notify_all();
        state.has_failed
    }

    /// Whether no commit is on its way.
    pub(crate) fn is_settled(&self) -> bool {
        let state = self.lock();
        state.settled == state.begun
    }

    /// Waits until every commit that can have been seen until now is on the disk.
    pub(crate) fn wait(&self) -> Result<(), Error> {
        let state = self.lock();
        let begun = state.begun;
        let state = self
            .flushed
            .wait_while(state, |state| state.settled < begun && !state.has_failed)
            .unwrap_or_else(PoisonError::into_inner);
        match state.has_failed {
            true => Err(Error::Stopped),
            false => Ok(()),
        }
    }
}

/// The writer's side.
pub(crate) struct Flusher {
    log: Arc<Log>,
    commits: Option<SyncSender<Commit>>,
    thread: Option<JoinHandle<()>>,
}

impl Flusher {
    /// Flushes the log of a database, which must be there, and starts the thread. It tells `queue` when the next commit may
    /// be made.
    pub(crate) fn start(database: &Path, queue: Arc<Queue>, log: Arc<Log>) -> Result<Self, Error> {
        let path = PathBuf::from(format!("{}-wal", database.display()));
        let unusable = |error: std::io::Error| Error::Unusable(format!("{}: {error}", path.display()));
        let file = File::open(&path).map_err(unusable)?;
        // What a process wrote that died before its flush.
        file.sync_data().map_err(unusable)?;
        let (commits, made) = sync_channel(1);
        let its_log = log.clone();
        let thread = std::thread::Builder::new()
            .name("store-flush".into())
            .spawn(move || flush(&file, &made, &its_log, &queue))
            .map_err(|error| Error::Unusable(format!("no thread for flushes: {error}")))?;
        Ok(Self {
            log,
            commits: Some(commits),
            thread: Some(thread),
        })
    }

    /// Its thread: answers are given there.
    pub(crate) fn thread_id(&self) -> Option<ThreadId> {
        self.thread.as_ref().map(|thread| thread.thread().id())
    }

    /// Runs a commit, and leaves it to be flushed and answered.
    pub(crate) fn commit(&self, answers: Vec<Answer>, commit: impl FnOnce() -> Result<(), Error>) {
        self.log.begin();
        let outcome = commit();
        if let Some(commits) = &self.commits {
            // The thread ends after this side.
            let _ = commits.send(Commit { answers, outcome });
        }
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        self.commits = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn flush(file: &File, commits: &Receiver<Commit>, log: &Log, queue: &Queue) {
    hurry();
    while let Ok(Commit { answers, outcome }) = commits.recv() {
        let flushed = match outcome {
            Ok(()) => file.sync_data().inspect_err(|error| {
                tracing::error!(%error, "the log could not be flushed");
            }),
            Err(_) => Ok(()),
        };
        let has_failed = log.settle(flushed.is_ok() && !outcome.as_ref().is_err_and(is_final));
        if has_failed {
            queue.stop();
        }
        queue.nudge();
        for answer in answers {
            let heard = match &outcome {
                _ if has_failed => Err(Error::Stopped),
                Ok(()) => Ok(()),
                Err(_) => Err(Error::Unavailable),
            };
            let _ = catch_unwind(AssertUnwindSafe(|| answer(heard)));
        }
    }
}

/// After these nobody can know what is on the disk.
fn is_final(error: &Error) -> bool {
    let Error::Failed(error) = error else { return false };
    let code = error
        .downcast_ref::<rusqlite::Error>()
        .and_then(rusqlite::Error::sqlite_error_code);
    matches!(
        code,
        Some(rusqlite::ErrorCode::SystemIoFailure | rusqlite::ErrorCode::DatabaseCorrupt)
    )
}

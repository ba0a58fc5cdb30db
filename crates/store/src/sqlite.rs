//! The embedded store: one writer thread with group commit, a few readers beside it.
//!
//! Work is a closure. The writer takes all that waits, runs each closure in a savepoint, commits them together, and
//! answers each caller only after the commit is durable (WAL, synchronous = FULL).
//!
//! Invariant: no caller hears of success before its rows are on disk; after a commit that failed in the file system
//! nobody hears of success again.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use domain::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode};

use crate::checkpoint::{Checkpointer, Log};
use crate::queue::{Answer, BATCH_LEN_MAX, Queue, Urgency, Work, hurry};
use crate::vault::Safe;
use crate::{Clock, Error, Tx, migration};

/// Readers, and so the reads under way at once.
const READERS: usize = 6;
/// Of these, left to what cannot wait behind the rest.
const READERS_URGENT: usize = 2;
/// How long a read waits for a free reader.
const READER_WAIT: Duration = Duration::from_secs(5);
/// SQLite older than this may corrupt a WAL at its reset.
const SQLITE_VERSION_MIN: i32 = 3_051_003;
const STATEMENTS_CACHED: usize = 256;
/// Size of a page of a new file. A commit writes every page it has changed, of most of them a row or two.
const PAGE_BYTES: i64 = 2_048;
/// Pages each connection may keep. Not more: at the commit after a tree was balanced, SQLite walks the table of all of them, and a
/// page that is not among them comes from the cache of the system.
const CACHE_KIB: i64 = 4 * 1_024;

/// A store on one SQLite file; its drop ends the writer after its queue.
pub(crate) struct Sqlite {
    queue: Arc<Queue>,
    readers: Mutex<Vec<Connection>>,
    reader_free: Condvar,
    clock: Clock,
    safe: Safe,
    path: PathBuf,
    log: Arc<Log>,
    writer: Option<JoinHandle<()>>,
}

impl Sqlite {
    /// Opens or creates the database file, brings its tables up to date and starts the writer.
    pub(crate) fn open(path: &Path, clock: Clock) -> Result<Self, Error> {
        let lock = lock(path)?;
        let connection = connect(path)?;
        check_version()?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // What is deleted is overwritten in its page: who erases a person means it. Free pages cost a write, and stay as they are.
        connection.pragma_update(None, "secure_delete", "FAST")?;
        check_durability(&connection)?;
        migration::sqlite(&connection)?;
        let readers = (0..READERS)
            .map(|_| reader(path))
            .collect::<Result<Vec<_>, Error>>()?;
        let queue = Arc::new(Queue::default());
        let safe = Safe::default();
        let checkpointer = Checkpointer::start(connect(path)?)?;
        let log = checkpointer.log();
        let writer = Writer {
            connection,
            queue: queue.clone(),
            clock: clock.clone(),
            safe: safe.clone(),
            last: Timestamp(0),
            checkpointer,
            _lock: lock,
        };
        let writer = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || writer.run())
            .map_err(|error| Error::Unusable(format!("no thread for the writer: {error}")))?;
        Ok(Self {
            queue,
            readers: Mutex::new(readers),
            reader_free: Condvar::new(),
            clock,
            safe,
            path: path.to_owned(),
            log,
            writer: Some(writer),
        })
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }

    pub(crate) const fn safe(&self) -> &Safe {
        &self.safe
    }

    /// Leaves nothing in the write-ahead log; false when readers were in the way all the time.
    pub(crate) fn empty_log(&self) -> Result<bool, Error> {
        self.log.empty(&connect(&self.path)?)
    }

    /// Reads one snapshot in the caller's own thread.
    pub(crate) fn read<T, E>(
        &self,
        urgency: Urgency,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<Error>,
    {
        let reader = Reader {
            store: self,
            connection: Some(self.take_reader(urgency.left(READERS_URGENT))?),
        };
        let Some(connection) = reader.connection.as_ref() else {
            return Err(Error::Overloaded.into());
        };
        connection.execute_batch("BEGIN").map_err(Error::from)?;
        work(&Tx::sqlite(connection, (self.clock)()).with(self.safe.vault()))
    }

    /// A reader, as long as more than `left` are free.
    fn take_reader(&self, left: usize) -> Result<Connection, Error> {
        let readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut readers, waited) = self
            .reader_free
            .wait_timeout_while(readers, READER_WAIT, |readers| readers.len() <= left)
            .unwrap_or_else(PoisonError::into_inner);
        match waited.timed_out() {
            true => Err(Error::Overloaded),
            false => readers.pop().ok_or(Error::Overloaded),
        }
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.queue.close();
        let Some(writer) = self.writer.take() else { return };
        // The last clone may go with an answer, on the writer itself, which ends by its own once the queue is empty.
        if writer.thread().id() != std::thread::current().id() {
            let _ = writer.join();
        }
    }
}

/// A reader on loan; goes back, its snapshot ended, however the read ends.
struct Reader<'s> {
    store: &'s Sqlite,
    connection: Option<Connection>,
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            let _ = connection.execute_batch("ROLLBACK");
            self.store
                .readers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
            // Not everybody who waits may take every reader.
            self.store.reader_free.notify_all();
        }
    }
}

struct Writer {
    connection: Connection,
    queue: Arc<Queue>,
    clock: Clock,
    safe: Safe,
    last: Timestamp,
    checkpointer: Checkpointer,
    _lock: File,
}

impl Writer {
    fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH_LEN_MAX);
        let mut answers = Vec::with_capacity(BATCH_LEN_MAX);
        hurry();
        while self.queue.take(&mut batch) {
            let outcome = self.commit(&mut batch, &mut answers);
            let committed = answers.len();
            if let Err(error) = &outcome {
                tracing::error!(%error, "a commit failed");
                let _ = self.connection.execute_batch("ROLLBACK");
                if is_stop(error) {
                    self.queue.stop();
                }
            }
            for answer in answers.drain(..) {
                answer(match &outcome {
                    Ok(()) => Ok(()),
                    Err(error) if is_stop(error) => Err(Error::Stopped),
                    Err(_) => Err(Error::Unavailable),
                });
            }
            self.checkpointer.committed(&self.connection);
            self.queue.gather(committed);
        }
    }

    /// Runs a batch in one transaction. Every closure gets its answer, also when the commit fails.
    fn commit(&mut self, batch: &mut Vec<Work>, answers: &mut Vec<Answer>) -> Result<(), Error> {
        let mut outcome = self.execute("BEGIN IMMEDIATE");
        let mut works = batch.drain(..);
        for work in works.by_ref() {
            outcome = outcome.and_then(|()| self.execute("SAVEPOINT work"));
            if outcome.is_err() {
                answers.push((work.run)(None).1);
                continue;
            }
            self.last = self.last.max((self.clock)());
            let tx = Tx::sqlite(&self.connection, self.last).with(self.safe.vault());
            let (keep, answer) = (work.run)(Some(&tx));
            answers.push(answer);
            outcome = match keep {
                true => self.execute("RELEASE work"),
                false => self
                    .execute("ROLLBACK TO work")
                    .and_then(|()| self.execute("RELEASE work")),
            };
            if self.queue.has_urgent() {
                break;
            }
        }
        self.queue.give_back(works);
        outcome.and_then(|()| self.execute("COMMIT"))
    }

    fn execute(&self, sql: &str) -> Result<(), Error> {
        self.connection.prepare_cached(sql)?.raw_execute()?;
        Ok(())
    }
}

/// After these nobody can know what is on the disk.
fn is_stop(error: &Error) -> bool {
    let Error::Failed(error) = error else { return false };
    let code = error
        .downcast_ref::<rusqlite::Error>()
        .and_then(rusqlite::Error::sqlite_error_code);
    matches!(
        code,
        Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt)
    )
}

fn lock(path: &Path) -> Result<File, Error> {
    let path = PathBuf::from(format!("{}.lock", path.display()));
    let unusable = |error: &dyn std::fmt::Display| Error::Unusable(format!("{}: {error}", path.display()));
    let file = File::create(&path).map_err(|error| unusable(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse),
        Err(TryLockError::Error(error)) => Err(unusable(&error)),
    }
}

fn connect(path: &Path) -> Result<Connection, Error> {
    let connection = Connection::open(path)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    // A plan depends on the statement alone. Without this, a new value of a parameter may make SQLite parse it again.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Without a mapping, a failing disk is an error instead of a signal.
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // The checkpointer does it.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(connection)
}

fn reader(path: &Path) -> Result<Connection, Error> {
    let connection = connect(path)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn check_version() -> Result<(), Error> {
    let version = rusqlite::version_number();
    match version >= SQLITE_VERSION_MIN {
        true => Ok(()),
        false => Err(Error::Unusable(format!(
            "SQLite {} is older than 3.51.3",
            rusqlite::version()
        ))),
    }
}

/// FULL is 2: the WAL is flushed at every commit. Less may forget an acknowledged report at a power failure.
fn check_durability(connection: &Connection) -> Result<(), Error> {
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    match (synchronous, mode.as_str()) {
        (2, "wal") => Ok(()),
        _ => Err(Error::Unusable(format!(
            "journal_mode {mode}, synchronous {synchronous}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;
    use crate::sql::{sql, values};
    use std::sync::atomic::{AtomicI64, Ordering};

    /// A folder that goes with the test, and the store's file in it.
    fn temporary() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("store.db");
        (dir, file)
    }

    fn counting_clock() -> Clock {
        let ticks = AtomicI64::new(1);
        Arc::new(move || Timestamp(ticks.fetch_add(1, Ordering::Relaxed)))
    }

    fn add(tx: &Tx<'_>, id: &str) -> Result<(), Error> {
        let sql = sql!(
            "INSERT INTO merchant (merchant_id, name, name_en, trade, unified_social_credit_code) VALUES ($1, $1, $1, $1, $1)"
        );
        tx.execute(sql, values![id]).map(drop)
    }

    fn count(store: &Store) -> i64 {
        let sql = sql!("SELECT count(*) FROM merchant");
        store
            .read(|tx| tx.first(sql, &[], |row| row.int(0)))
            .unwrap()
            .unwrap()
    }

    #[test]
    fn what_was_answered_is_there_after_reopening() {
        let (_dir, path) = temporary();
        let store = Store::open(&path, counting_clock()).unwrap();
        store.write(|tx| add(tx, "M1")).unwrap();
        drop(store);
        let store = Store::open(&path, counting_clock()).unwrap();
        assert_eq!(count(&store), 1);
    }

    #[test]
    fn one_failing_closure_undoes_only_itself() {
        let (_dir, path) = temporary();
        let store = Store::open(&path, counting_clock()).unwrap();
        let (send, receive) = std::sync::mpsc::channel();
        for id in ["A", "B", "A", "C"] {
            let send = send.clone();
            store.submit(
                move |tx| add(tx, id),
                move |result| send.send((id, result.is_ok())).unwrap(),
            );
        }
        let heard: Vec<_> = receive.iter().take(4).collect();
        assert_eq!(heard, [("A", true), ("B", true), ("A", false), ("C", true)]);
        assert_eq!(count(&store), 3);
    }

    #[test]
    fn an_urgent_closure_runs_after_the_one_under_way() {
        let (_dir, path) = temporary();
        let store = Store::open(&path, counting_clock()).unwrap();
        let (send, heard) = std::sync::mpsc::channel();
        let (begin, begun) = std::sync::mpsc::channel();
        let (go, gate) = std::sync::mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let submit = |name: &'static str, waits: bool| {
            let (gate, begin, send) = (gate.clone(), begin.clone(), send.clone());
            let run = move |_: &Tx<'_>| {
                if waits {
                    begin.send(()).unwrap();
                    gate.lock().unwrap().recv().unwrap();
                }
                Ok::<_, Error>(())
            };
            store.submit(run, move |done| send.send((name, done.is_ok())).unwrap());
        };
        submit("first", true);
        begun.recv().unwrap();
        // These two come while the first has the writer, and so share the next commit.
        submit("second", true);
        submit("third", false);
        go.send(()).unwrap();
        begun.recv().unwrap();
        store.submit_urgent(
            |_| Ok::<_, Error>(()),
            move |done| send.send(("urgent", done.is_ok())).unwrap(),
        );
        go.send(()).unwrap();
        let order: Vec<_> = heard.iter().take(4).map(|(name, _)| name).collect();
        assert_eq!(order, ["first", "second", "urgent", "third"]);
    }

    #[test]
    fn a_panicking_closure_is_undone_and_the_writer_goes_on() {
        let (_dir, path) = temporary();
        let store = Store::open(&path, counting_clock()).unwrap();
        let result: Result<(), Error> = store.write(|tx| {
            add(tx, "A")?;
            panic!("planted");
        });
        assert!(matches!(result, Err(Error::Panicked)));
        store.write(|tx| add(tx, "B")).unwrap();
        assert_eq!(count(&store), 1);
    }

    #[test]
    fn time_never_goes_back_on_the_writer() {
        let times = Mutex::new(vec![5, 9, 3, 4, 12].into_iter());
        let clock: Clock = Arc::new(move || Timestamp(times.lock().unwrap().next().unwrap_or(20)));
        let (_dir, path) = temporary();
        let store = Store::open(&path, clock).unwrap();
        let seen: Vec<i64> = (0..5)
            .map(|_| store.write(|tx| Ok::<_, Error>(tx.now().0)).unwrap())
            .collect();
        assert_eq!(seen, [5, 9, 9, 9, 12]);
    }

    #[test]
    fn a_second_process_cannot_open_the_same_store() {
        let (_dir, path) = temporary();
        let _first = Store::open(&path, counting_clock()).unwrap();
        assert!(matches!(Store::open(&path, counting_clock()), Err(Error::InUse)));
    }

    #[test]
    fn readers_cannot_write() {
        let (_dir, path) = temporary();
        let store = Store::open(&path, counting_clock()).unwrap();
        assert!(store.read(|tx| add(tx, "A")).is_err());
        assert_eq!(count(&store), 0);
    }
}

//! The shared store: a PostgreSQL database that any number of nodes use.
//!
//! A few writers, each a thread with a connection of its own, take what waits and run it as one transaction: the terminals
//! the closures name are locked in the order of their identifiers by one statement, what an authorisation reads is
//! gathered by the next ones, the closures run on what was gathered, and their rows are written by one statement a table.
//! A closure that does anything else does it by statements of its own, in a savepoint.
//!
//! Invariant: a terminal's row is locked before anything of it is read, by a statement of its own; only the primary is
//! asked; no caller hears of success unless the commit was confirmed by every standby that must confirm it.

mod doorbell;
pub(crate) mod session;
mod worker;
pub(crate) mod working_set;

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::types::ToSql;

use crate::queue::{Queue, Share, Urgency};
use crate::vault::Safe;
use crate::{Clock, Error, Tx, migration};

pub use doorbell::Doorbell;
pub(crate) use session::{Many, Session};
pub(crate) use working_set::WorkingSet;

/// Writers of one node, each with a connection. The first takes all, so that many closures share a commit; the others take
/// what needs a transaction of its own, and stand in while the first is held up.
const WRITERS: usize = 3;
/// Readers, and so the reads under way at once.
const READERS: usize = 6;
/// Of these, left to what cannot wait behind the rest.
const READERS_URGENT: usize = 2;
/// How long a read waits for a free reader.
const READER_WAIT: Duration = Duration::from_secs(5);
/// How long a connection attempt may take, to each host that is named.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(2);
/// How long sent bytes may stay unconfirmed before the connection counts as lost.
const UNCONFIRMED_TIME_MAX: Duration = Duration::from_secs(8);

/// A store on a PostgreSQL database; its drop ends the writers after their queue.
pub(crate) struct Postgres {
    config: tokio_postgres::Config,
    queue: Arc<Queue>,
    readers: Mutex<Readers>,
    reader_free: Condvar,
    clock: Clock,
    safe: Safe,
    writers: Vec<JoinHandle<()>>,
}

/// Connections for reading: idle ones, and how many more may be opened.
struct Readers {
    idle: Vec<Session>,
    unopened: usize,
}

impl Postgres {
    /// Connects, checks the server, brings the tables up to date and starts the writers.
    pub(crate) fn connect(url: &str, clock: Clock) -> Result<Self, Error> {
        let config = config(url)?;
        let session = Session::open(&config)?;
        session.check_server()?;
        migration::postgres(&session)?;
        drop(session);
        let (queue, safe) = (Arc::new(Queue::default()), Safe::default());
        let writers = (0..WRITERS)
            .map(|number| {
                let share = if number == 0 { Share::All } else { Share::Rest };
                worker::start(
                    config.clone(),
                    queue.clone(),
                    share,
                    (clock.clone(), safe.clone()),
                )
            })
            .collect::<Result<Vec<_>, Error>>()?;
        let readers = Readers {
            idle: Vec::with_capacity(READERS),
            unopened: READERS,
        };
        Ok(Self {
            config,
            queue,
            readers: Mutex::new(readers),
            reader_free: Condvar::new(),
            clock,
            safe,
            writers,
        })
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }

    pub(crate) const fn safe(&self) -> &Safe {
        &self.safe
    }

    pub(crate) fn doorbell(&self, ring: impl Fn() + Send + 'static) -> Result<Doorbell, Error> {
        Doorbell::hang(self.config.clone(), ring)
    }

    /// Reads one snapshot of the primary in the caller's own thread.
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
            session: Some(self.take_reader(urgency.left(READERS_URGENT))?),
        };
        let Some(session) = reader.session.as_ref() else {
            return Err(Error::Unavailable.into());
        };
        session.begin_read();
        work(&Tx::postgres(session, (self.clock)()).with(self.safe.vault()))
    }

    /// A reader, as long as more than `left` are free.
    fn take_reader(&self, left: usize) -> Result<Session, Error> {
        let readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let none = |readers: &mut Readers| readers.idle.len() + readers.unopened <= left;
        let (mut readers, waited) = self
            .reader_free
            .wait_timeout_while(readers, READER_WAIT, none)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(Error::Overloaded);
        }
        if let Some(session) = readers.idle.pop() {
            return Ok(session);
        }
        readers.unopened -= 1;
        drop(readers);
        Session::open(&self.config).inspect_err(|_| self.give_back(None))
    }

    fn give_back(&self, session: Option<Session>) {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        match session {
            Some(session) => readers.idle.push(session),
            None => readers.unopened += 1,
        }
        drop(readers);
        // Not everybody who waits may take every reader.
        self.reader_free.notify_all();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.queue.close();
        for writer in self.writers.drain(..) {
            // The last handle may go with an answer, on a writer itself, which ends by its own once the queue is empty.
            if writer.thread().id() != std::thread::current().id() {
                let _ = writer.join();
            }
        }
    }
}

/// A reader on loan; goes back, its snapshot ended, however the read ends.
struct Reader<'s> {
    store: &'s Postgres,
    session: Option<Session>,
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let session = self.session.take().filter(|session| session.end_read().is_ok());
        self.store.give_back(session);
    }
}

/// Reads an address and adds what this store insists on. An error never repeats it: it may hold a password.
pub(crate) fn config(url: &str) -> Result<tokio_postgres::Config, Error> {
    let mut config: tokio_postgres::Config = url
        .parse()
        .map_err(|_| Error::Unusable("its address is not postgres://user@host:port/database".into()))?;
    config
        .target_session_attrs(TargetSessionAttrs::ReadWrite)
        .connect_timeout(CONNECT_TIME_MAX)
        .tcp_user_timeout(UNCONFIRMED_TIME_MAX)
        .keepalives_idle(Duration::from_secs(5))
        .keepalives_interval(Duration::from_secs(2))
        .keepalives_retries(3)
        .application_name("tillguard");
    Ok(config)
}

/// One column of many rows.
pub(crate) type Column<'r> = Box<dyn ToSql + Sync + 'r>;

/// The column of many rows that `value` reads of each.
pub(crate) fn column<'r, R, T>(rows: &'r [R], value: impl Fn(&'r R) -> T) -> Column<'r>
where
    T: ToSql + Sync + 'r,
{
    Box::new(rows.iter().map(value).collect::<Vec<T>>())
}

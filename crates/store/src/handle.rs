//! The handle on a store, whichever database is behind it.

use std::path::Path;
use std::sync::Arc;

use domain::Timestamp;

use crate::postgres::{Doorbell, Postgres};
use crate::queue::{Queue, Urgency, Want, Work};
use crate::sqlite::Sqlite;
use crate::vault::Vault;
use crate::{Error, Tx};

/// Where the store reads the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A store. Cheap to clone; the last clone's drop ends the writers after their queue.
#[derive(Clone)]
pub struct Store(Arc<Kind>);

enum Kind {
    Sqlite(Sqlite),
    Postgres(Box<Postgres>),
}

impl Store {
    /// Opens or creates an embedded store in a file, brings its tables up to date and starts its writer.
    ///
    /// # Errors
    /// [`Error::Unusable`] when another process has it open, the library is too old, or durability cannot be set.
    pub fn open(path: &Path, clock: Clock) -> Result<Self, Error> {
        Sqlite::open(path, clock).map(|store| Self(Arc::new(Kind::Sqlite(store))))
    }

    /// Connects to a PostgreSQL database that many nodes may share, brings its tables up to date and starts the writers.
    /// `url` is `postgres://user@host:port/database`; several hosts may be named, and the primary among them is used.
    ///
    /// # Errors
    /// [`Error::Unusable`] when the address is none, the server is too old or does not keep what it acknowledges;
    /// [`Error::Unavailable`] when it cannot be reached.
    pub fn connect(url: &str, clock: Clock) -> Result<Self, Error> {
        Postgres::connect(url, clock).map(|store| Self(Arc::new(Kind::Postgres(Box::new(store)))))
    }

    /// Gives the store what seals and opens columns; before, what is to be sealed is not written. The first one stays.
    pub fn unlock(&self, vault: Arc<dyn Vault>) {
        match &*self.0 {
            Kind::Sqlite(store) => store.safe().fill(vault),
            Kind::Postgres(store) => store.safe().fill(vault),
        }
    }

    /// Whether other nodes may use the same store.
    pub fn is_shared(&self) -> bool {
        matches!(*self.0, Kind::Postgres(_))
    }

    fn queue(&self) -> &Queue {
        match &*self.0 {
            Kind::Sqlite(store) => store.queue(),
            Kind::Postgres(store) => store.queue(),
        }
    }

    /// Hands work to a writer and returns at once; `done` hears the result on the writer's thread after the commit, so
    /// it must not block.
    pub fn submit<T, E>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
        done: impl FnOnce(Result<T, E>) + Send + 'static,
    ) where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.queue().push(Work::new(None, work, done));
    }

    /// The same for work on one terminal, named beforehand.
    pub fn submit_for<T, E>(
        &self,
        want: Want,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
        done: impl FnOnce(Result<T, E>) + Send + 'static,
    ) where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.queue().push(Work::new(Some(want), work, done));
    }

    /// The same for what cannot wait behind the rest: a report of loss.
    pub fn submit_urgent<T, E>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
        done: impl FnOnce(Result<T, E>) + Send + 'static,
    ) where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.queue().push(Work::new(None, work, done).urgent());
    }

    /// Hands work to a writer and waits for the commit.
    pub fn write<T, E>(&self, work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.wait(None, work)
    }

    /// The same for work on one terminal, named beforehand.
    pub fn write_for<T, E>(
        &self,
        want: Want,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.wait(Some(want), work)
    }

    fn wait<T, E>(
        &self,
        want: Option<Want>,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (send, receive) = std::sync::mpsc::sync_channel(1);
        let done = move |result| {
            let _ = send.send(result);
        };
        self.queue().push(Work::new(want, work, done));
        receive.recv().unwrap_or_else(|_| Err(Error::Stopped.into()))
    }

    /// Hangs up a doorbell, which rings when another node has written something this one should look at now. `None` where
    /// the store is not shared. It is silent once dropped.
    ///
    /// # Errors
    /// No thread is to be had.
    pub fn doorbell(&self, ring: impl Fn() + Send + 'static) -> Result<Option<Doorbell>, Error> {
        match &*self.0 {
            Kind::Sqlite(_) => Ok(None),
            Kind::Postgres(store) => store.doorbell(ring).map(Some),
        }
    }

    /// Leaves nothing in the embedded store's write-ahead log of what was changed or deleted before; false when readers were in the way
    /// for seconds. Waits in the caller's own thread. Elsewhere the log is the server's own.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub fn empty_log(&self) -> Result<bool, Error> {
        match &*self.0 {
            Kind::Sqlite(store) => store.empty_log(),
            Kind::Postgres(_) => Ok(true),
        }
    }

    /// Reads one snapshot in the caller's own thread, which must be one that may block.
    pub fn read<T, E>(&self, work: impl FnOnce(&Tx<'_>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        self.read_with(Urgency::Usual, work)
    }

    /// The same for what cannot wait behind the rest: it has readers that nothing else may take.
    pub fn read_urgent<T, E>(&self, work: impl FnOnce(&Tx<'_>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        self.read_with(Urgency::Urgent, work)
    }

    fn read_with<T, E>(&self, urgency: Urgency, work: impl FnOnce(&Tx<'_>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        match &*self.0 {
            Kind::Sqlite(store) => store.read(urgency, work),
            Kind::Postgres(store) => store.read(urgency, work),
        }
    }
}

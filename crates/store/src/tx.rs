//! The transaction in which statements run: the one seam between the nouns and a database.
//!
//! Invariant: nothing outside this file, `sql`, `sqlite`, `postgres` and `stage` names a database's own library.

use std::cell::RefMut;

use domain::{TerminalId, Timestamp};

use crate::Error;
use crate::postgres::session::Session;
use crate::postgres::working_set::WorkingSet;
use crate::sql::{Row, Source, Sql, Value, sql, values};
use crate::vault::Vault;

/// A running transaction: for writing on a writer, for reading on a reader's snapshot.
pub struct Tx<'c> {
    pub(crate) backend: Backend<'c>,
    pub(crate) now: Timestamp,
    /// What seals and opens columns, once the store has been given it.
    pub(crate) vault: Option<&'c dyn Vault>,
}

/// Where a transaction runs.
#[derive(Clone, Copy)]
pub(crate) enum Backend<'c> {
    Sqlite(&'c rusqlite::Connection),
    Postgres(&'c Session),
    #[cfg(feature = "stage")]
    Stage(&'c crate::stage::running::Running),
}

impl<'c> Tx<'c> {
    pub(crate) const fn sqlite(connection: &'c rusqlite::Connection, now: Timestamp) -> Self {
        Self {
            backend: Backend::Sqlite(connection),
            now,
            vault: None,
        }
    }

    pub(crate) const fn postgres(session: &'c Session, now: Timestamp) -> Self {
        Self {
            backend: Backend::Postgres(session),
            now,
            vault: None,
        }
    }

    /// The same with what seals and opens columns.
    pub(crate) const fn with(self, vault: Option<&'c dyn Vault>) -> Self {
        Self { vault, ..self }
    }

    /// The time of this transaction; on one writer it never goes back.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether no other transaction can write while this one runs.
    pub(crate) const fn is_alone(&self) -> bool {
        !matches!(self.backend, Backend::Postgres(_))
    }

    /// The rows of one terminal that this transaction has locked and read already, where its database works so.
    pub(crate) fn gathered(&self, terminal_id: TerminalId) -> Option<RefMut<'c, WorkingSet>> {
        match self.backend {
            Backend::Postgres(session) => session.gathered(terminal_id),
            Backend::Sqlite(_) => None,
            #[cfg(feature = "stage")]
            Backend::Stage(_) => None,
        }
    }

    /// Locks the terminal's row until the end of the transaction, where writers are not alone anyway. A statement of its
    /// own: what is read with the lock is read as of before the wait for it.
    pub(crate) fn lock_terminal(&self, terminal_id: TerminalId) -> Result<(), Error> {
        const LOCK: Sql = sql!("SELECT 1 FROM terminal WHERE terminal_id = $1 FOR NO KEY UPDATE");
        match self.backend {
            Backend::Sqlite(_) => Ok(()),
            Backend::Postgres(_) => self.first(LOCK, values![&terminal_id], |_| Ok(())).map(drop),
            #[cfg(feature = "stage")]
            Backend::Stage(running) => running.lock(terminal_id),
        }
    }

    /// Runs a statement that changes something and counts the rows it touched.
    pub(crate) fn execute(&self, sql: Sql, values: &[Value<'_>]) -> Result<usize, Error> {
        match self.backend {
            Backend::Sqlite(connection) => Ok(bound(connection, sql, values)?.raw_execute()?),
            Backend::Postgres(session) => session.execute(sql, values),
            #[cfg(feature = "stage")]
            Backend::Stage(running) => running.execute(sql, values),
        }
    }

    /// The first row of the answer, if there is one.
    pub(crate) fn first<T>(
        &self,
        sql: Sql,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        match self.backend {
            Backend::Sqlite(connection) => {
                let mut statement = bound(connection, sql, values)?;
                let mut rows = statement.raw_query();
                let row = rows.next()?;
                row.map(|row| read(&Row(Source::Sqlite(row), self.vault)))
                    .transpose()
            }
            Backend::Postgres(session) => {
                let rows = session.query(sql, values)?;
                let row = rows.first();
                row.map(|row| read(&Row(Source::Postgres(row), self.vault)))
                    .transpose()
            }
            #[cfg(feature = "stage")]
            Backend::Stage(running) => {
                let rows = running.query(sql, values)?;
                let row = rows.first();
                row.map(|row| read(&Row(Source::Stage(row), self.vault)))
                    .transpose()
            }
        }
    }

    /// All rows of the answer; every statement that can answer many has a LIMIT.
    pub(crate) fn all<T>(
        &self,
        sql: Sql,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        match self.backend {
            Backend::Sqlite(connection) => {
                let mut statement = bound(connection, sql, values)?;
                let mut rows = statement.raw_query();
                let mut all = Vec::new();
                while let Some(row) = rows.next()? {
                    all.push(read(&Row(Source::Sqlite(row), self.vault))?);
                }
                Ok(all)
            }
            Backend::Postgres(session) => {
                let rows = session.query(sql, values)?;
                rows.iter()
                    .map(|row| read(&Row(Source::Postgres(row), self.vault)))
                    .collect()
            }
            #[cfg(feature = "stage")]
            Backend::Stage(running) => {
                let rows = running.query(sql, values)?;
                rows.iter()
                    .map(|row| read(&Row(Source::Stage(row), self.vault)))
                    .collect()
            }
        }
    }
}

fn bound<'c>(
    connection: &'c rusqlite::Connection,
    sql: Sql,
    values: &[Value<'_>],
) -> Result<rusqlite::CachedStatement<'c>, Error> {
    #[cfg(test)]
    crate::plan::note(sql.sqlite);
    let mut statement = connection.prepare_cached(sql.sqlite)?;
    for (i, value) in values.iter().enumerate() {
        statement.raw_bind_parameter(i + 1, value)?;
    }
    Ok(statement)
}

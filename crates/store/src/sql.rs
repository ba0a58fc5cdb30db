//! Statements, values, rows, and the transaction they run in: the one seam between the nouns and a database.
//!
//! A statement is written once with `$1` parameters, as PostgreSQL wants them. To SQLite `$2` is a *name*, numbered by
//! first appearance, so the `sql!` macro also keeps the text with `?2`, made at compile time.
//!
//! Invariant: nothing outside this file, `sqlite` and `postgres` names a database's own library.

use std::cell::RefMut;

use domain::{MerchantId, TerminalId, Timestamp};
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::Error;
use crate::postgres::WorkingSet;

/// One statement, for both databases.
#[derive(Clone, Copy, Debug)]
pub struct Sql {
    /// As SQLite wants it, with `?1`.
    pub(crate) sqlite: &'static str,
    /// As PostgreSQL wants it, with `$1`.
    pub(crate) postgres: &'static str,
}

impl Sql {
    /// Used by the `sql!` macro.
    pub const fn new(sqlite: &'static str, postgres: &'static str) -> Self {
        Self { sqlite, postgres }
    }
}

/// Turns `$1` into `?1`, at compile time; the length stays the same.
pub const fn with_question_marks<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0_u8; N];
    let mut i = 0;
    while i < N {
        let parameter = bytes[i] == b'$' && i + 1 < N && bytes[i + 1].is_ascii_digit();
        out[i] = if parameter { b'?' } else { bytes[i] };
        i += 1;
    }
    out
}

/// Writes a statement once, with `$1` parameters; or twice, where the two databases cannot agree on one text.
macro_rules! sql {
    (sqlite: $sqlite:expr, postgres: $postgres:expr) => {{
        const TEXT: &str = $sqlite;
        const BYTES: [u8; TEXT.len()] = $crate::sql::with_question_marks(TEXT.as_bytes());
        const SQLITE: &str = match std::str::from_utf8(&BYTES) {
            Ok(text) => text,
            Err(_) => panic!("a statement is UTF-8"),
        };
        $crate::sql::Sql::new(SQLITE, $postgres)
    }};
    ($text:expr) => {
        $crate::sql::sql!(sqlite: $text, postgres: $text)
    };
}
pub(crate) use sql;

/// A parameter's value.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// SQL null.
    Null,
    /// BIGINT.
    Int(i64),
    /// TEXT.
    Text(&'a str),
    /// BLOB or BYTEA.
    Blob(&'a [u8]),
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Int(int) => ValueRef::Integer(int),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(blob) => ValueRef::Blob(blob),
        }))
    }
}

macro_rules! value_from {
    ($($from:ty => |$it:ident| $value:expr;)*) => {
        $(impl<'a> From<$from> for Value<'a> {
            fn from($it: $from) -> Self {
                $value
            }
        })*
    };
}

value_from! {
    i64 => |int| Value::Int(int);
    u32 => |int| Value::Int(i64::from(int));
    u16 => |int| Value::Int(i64::from(int));
    Timestamp => |at| Value::Int(at.0);
    &'a str => |text| Value::Text(text);
    &'a String => |text| Value::Text(text);
    &'a [u8] => |blob| Value::Blob(blob);
    &'a Vec<u8> => |blob| Value::Blob(blob);
    &'a TerminalId => |id| Value::Text(id.as_str());
    &'a MerchantId => |id| Value::Text(id.as_str());
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// Collects parameters of different types.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::sql::Value::from($value)),*] };
}
pub(crate) use values;

/// One row of an answer; columns count from zero.
pub struct Row<'r>(pub(crate) Source<'r>);

/// Whose row it is.
pub(crate) enum Source<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
    #[cfg(feature = "stage")]
    Stage(&'r [rusqlite::types::Value]),
}

impl Row<'_> {
    /// A BIGINT.
    pub fn int(&self, column: usize) -> Result<i64, Error> {
        self.int_opt(column)?
            .ok_or(Error::Corrupt("null where a number must be"))
    }

    /// Whether there is nothing.
    pub fn is_null(&self, column: usize) -> Result<bool, Error> {
        match self.0 {
            Source::Sqlite(row) => Ok(matches!(row.get_ref(column)?, ValueRef::Null)),
            Source::Postgres(row) => crate::postgres::is_null(row, column),
            #[cfg(feature = "stage")]
            Source::Stage(row) => Ok(matches!(row.get(column), Some(rusqlite::types::Value::Null))),
        }
    }

    /// A BIGINT or null.
    pub fn int_opt(&self, column: usize) -> Result<Option<i64>, Error> {
        match self.0 {
            Source::Sqlite(row) => match row.get_ref(column)? {
                ValueRef::Null => Ok(None),
                ValueRef::Integer(int) => Ok(Some(int)),
                _ => Err(Error::Corrupt("no number where a number must be")),
            },
            Source::Postgres(row) => crate::postgres::int(row, column),
            #[cfg(feature = "stage")]
            Source::Stage(row) => crate::stage::int(row, column),
        }
    }

    /// A TEXT.
    pub fn text(&self, column: usize) -> Result<&str, Error> {
        self.text_opt(column)?
            .ok_or(Error::Corrupt("null where text must be"))
    }

    /// A TEXT or null.
    pub fn text_opt(&self, column: usize) -> Result<Option<&str>, Error> {
        match self.0 {
            Source::Sqlite(row) => match row.get_ref(column)? {
                ValueRef::Null => Ok(None),
                ValueRef::Text(text) => std::str::from_utf8(text)
                    .map(Some)
                    .map_err(|_| Error::Corrupt("text is not UTF-8")),
                _ => Err(Error::Corrupt("no text where text must be")),
            },
            Source::Postgres(row) => row
                .try_get(column)
                .map_err(|_| Error::Corrupt("no text where text must be")),
            #[cfg(feature = "stage")]
            Source::Stage(row) => crate::stage::text(row, column),
        }
    }

    /// A TEXT or null, owned.
    pub fn string_opt(&self, column: usize) -> Result<Option<String>, Error> {
        Ok(self.text_opt(column)?.map(str::to_owned))
    }

    /// A TEXT, owned.
    pub fn string(&self, column: usize) -> Result<String, Error> {
        Ok(self.text(column)?.to_owned())
    }

    /// A BLOB or null.
    pub fn blob_opt(&self, column: usize) -> Result<Option<Vec<u8>>, Error> {
        match self.0 {
            Source::Sqlite(row) => match row.get_ref(column)? {
                ValueRef::Null => Ok(None),
                ValueRef::Blob(blob) => Ok(Some(blob.to_vec())),
                _ => Err(Error::Corrupt("no bytes where bytes must be")),
            },
            Source::Postgres(row) => row
                .try_get(column)
                .map_err(|_| Error::Corrupt("no bytes where bytes must be")),
            #[cfg(feature = "stage")]
            Source::Stage(row) => crate::stage::blob(row, column),
        }
    }

    /// A BLOB.
    pub fn blob(&self, column: usize) -> Result<Vec<u8>, Error> {
        self.blob_opt(column)?
            .ok_or(Error::Corrupt("null where bytes must be"))
    }

    /// A time.
    pub fn time(&self, column: usize) -> Result<Timestamp, Error> {
        self.int(column).map(Timestamp)
    }

    /// A time or null.
    pub fn time_opt(&self, column: usize) -> Result<Option<Timestamp>, Error> {
        Ok(self.int_opt(column)?.map(Timestamp))
    }

    /// A terminal's identifier.
    pub fn terminal_id(&self, column: usize) -> Result<TerminalId, Error> {
        TerminalId::parse(self.text(column)?.as_bytes()).ok_or(Error::Corrupt("terminal_id"))
    }

    /// A merchant's identifier.
    pub fn merchant_id(&self, column: usize) -> Result<MerchantId, Error> {
        MerchantId::parse(self.text(column)?.as_bytes()).ok_or(Error::Corrupt("merchant_id"))
    }
}

/// A running transaction: for writing on a writer, for reading on a reader's snapshot.
pub struct Tx<'c> {
    pub(crate) backend: Backend<'c>,
    pub(crate) now: Timestamp,
}

/// Where a transaction runs.
#[derive(Clone, Copy)]
pub(crate) enum Backend<'c> {
    Sqlite(&'c rusqlite::Connection),
    Postgres(&'c crate::postgres::Session),
    #[cfg(feature = "stage")]
    Stage(&'c crate::stage::Running),
}

impl<'c> Tx<'c> {
    pub(crate) const fn sqlite(connection: &'c rusqlite::Connection, now: Timestamp) -> Self {
        let backend = Backend::Sqlite(connection);
        Self { backend, now }
    }

    pub(crate) const fn postgres(session: &'c crate::postgres::Session, now: Timestamp) -> Self {
        let backend = Backend::Postgres(session);
        Self { backend, now }
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
                row.map(|row| read(&Row(Source::Sqlite(row)))).transpose()
            }
            Backend::Postgres(session) => {
                let rows = session.query(sql, values)?;
                let row = rows.first();
                row.map(|row| read(&Row(Source::Postgres(row)))).transpose()
            }
            #[cfg(feature = "stage")]
            Backend::Stage(running) => {
                let rows = running.query(sql, values)?;
                let row = rows.first();
                row.map(|row| read(&Row(Source::Stage(row)))).transpose()
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
                    all.push(read(&Row(Source::Sqlite(row)))?);
                }
                Ok(all)
            }
            Backend::Postgres(session) => {
                let rows = session.query(sql, values)?;
                rows.iter().map(|row| read(&Row(Source::Postgres(row)))).collect()
            }
            #[cfg(feature = "stage")]
            Backend::Stage(running) => {
                let rows = running.query(sql, values)?;
                rows.iter().map(|row| read(&Row(Source::Stage(row)))).collect()
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

#[cfg(test)]
mod tests {
    #[test]
    fn parameters_are_numbered_not_named() {
        let statement = sql!("SELECT $2, $1, '$', $10");
        assert_eq!(statement.sqlite, "SELECT ?2, ?1, '$', ?10");
        assert_eq!(statement.postgres, "SELECT $2, $1, '$', $10");
    }
}

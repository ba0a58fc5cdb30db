//! Statements, values, rows, and the transaction they run in: the one seam between the nouns and a database.
//!
//! A statement is written once with `$1` parameters, as PostgreSQL wants them. To SQLite `$2` is a *name*, numbered by
//! first appearance, so the `sql!` macro also keeps the text with `?2`, made at compile time.
//!
//! Invariant: nothing outside this file and `sqlite` names rusqlite.

use domain::{MerchantId, TerminalId, Timestamp};
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::Error;

/// One statement, for both databases.
#[derive(Clone, Copy, Debug)]
pub struct Sql {
    pub(crate) sqlite: &'static str,
}

impl Sql {
    /// Used by the `sql!` macro.
    pub const fn new(sqlite: &'static str) -> Self {
        Self { sqlite }
    }
}

/// Turns `$1` into `?1`, at compile time; the length stays the same.
pub const fn with_question_marks<const N: usize>(text: &str) -> [u8; N] {
    let bytes = text.as_bytes();
    let mut out = [0_u8; N];
    let mut i = 0;
    while i < N {
        let parameter = bytes[i] == b'$' && i + 1 < N && bytes[i + 1].is_ascii_digit();
        out[i] = if parameter { b'?' } else { bytes[i] };
        i += 1;
    }
    out
}

/// Writes a statement once, with `$1` parameters.
macro_rules! sql {
    ($text:expr) => {{
        const TEXT: &str = $text;
        const BYTES: [u8; TEXT.len()] = $crate::sql::with_question_marks(TEXT);
        const SQLITE: &str = match std::str::from_utf8(&BYTES) {
            Ok(text) => text,
            Err(_) => panic!("a statement is UTF-8"),
        };
        $crate::sql::Sql::new(SQLITE)
    }};
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
pub struct Row<'r>(&'r rusqlite::Row<'r>);

impl<'r> Row<'r> {
    /// A BIGINT.
    pub fn int(&self, column: usize) -> Result<i64, Error> {
        self.int_opt(column)?
            .ok_or(Error::Corrupt("null where a number must be"))
    }

    /// A BIGINT or null.
    pub fn int_opt(&self, column: usize) -> Result<Option<i64>, Error> {
        match self.0.get_ref(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(int) => Ok(Some(int)),
            _ => Err(Error::Corrupt("no number where a number must be")),
        }
    }

    /// A TEXT.
    pub fn text(&self, column: usize) -> Result<&str, Error> {
        self.text_opt(column)?
            .ok_or(Error::Corrupt("null where text must be"))
    }

    /// A TEXT or null.
    pub fn text_opt(&self, column: usize) -> Result<Option<&str>, Error> {
        match self.0.get_ref(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(text) => std::str::from_utf8(text)
                .map(Some)
                .map_err(|_| Error::Corrupt("text is not UTF-8")),
            _ => Err(Error::Corrupt("no text where text must be")),
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
        match self.0.get_ref(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Blob(blob) => Ok(Some(blob.to_vec())),
            _ => Err(Error::Corrupt("no bytes where bytes must be")),
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

/// A running transaction: for writing on the writer thread, for reading on a reader's snapshot.
pub struct Tx<'c> {
    pub(crate) connection: &'c rusqlite::Connection,
    pub(crate) now: Timestamp,
}

impl Tx<'_> {
    /// The time of this transaction; on the writer it never goes back.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    fn prepare(&self, sql: Sql) -> Result<rusqlite::CachedStatement<'_>, Error> {
        #[cfg(test)]
        crate::plan::note(sql.sqlite);
        Ok(self.connection.prepare_cached(sql.sqlite)?)
    }

    /// Runs a statement and counts the rows it touched.
    pub(crate) fn execute(&self, sql: Sql, values: &[Value<'_>]) -> Result<usize, Error> {
        let mut statement = self.prepare(sql)?;
        bind(&mut statement, values)?;
        Ok(statement.raw_execute()?)
    }

    /// The first row of the answer, if there is one.
    pub(crate) fn first<T>(
        &self,
        sql: Sql,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let mut statement = self.prepare(sql)?;
        bind(&mut statement, values)?;
        let mut rows = statement.raw_query();
        match rows.next()? {
            Some(row) => read(&Row(row)).map(Some),
            None => Ok(None),
        }
    }

    /// All rows of the answer; every statement that can answer many has a LIMIT.
    pub(crate) fn all<T>(
        &self,
        sql: Sql,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut statement = self.prepare(sql)?;
        bind(&mut statement, values)?;
        let mut rows = statement.raw_query();
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(read(&Row(row))?);
        }
        Ok(all)
    }
}

fn bind(statement: &mut rusqlite::Statement<'_>, values: &[Value<'_>]) -> Result<(), Error> {
    for (i, value) in values.iter().enumerate() {
        statement.raw_bind_parameter(i + 1, value)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn parameters_are_numbered_not_named() {
        let statement = sql!("SELECT $2, $1, '$', $10");
        assert_eq!(statement.sqlite, "SELECT ?2, ?1, '$', ?10");
    }
}

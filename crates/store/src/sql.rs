//! Statements, values and rows, for both databases.
//!
//! A statement is written once with `$1` parameters, as PostgreSQL wants them. To SQLite `$2` is a *name*, numbered by
//! first appearance, so the `sql!` macro also keeps the text with `?2`, made at compile time.
//!
//! Invariant: nothing outside this file, `sqlite` and `postgres` names a database's own library.

use domain::{MerchantId, TerminalId, Timestamp};
use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types::{FromSql, Type};

use crate::Error;
use crate::row::Secret;
use crate::vault::Vault;

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

/// A parameter's value. `Debug` says of what type it is, and no more: a library logs the parameters of statements.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    /// SQL null.
    Null,
    /// BIGINT.
    Int(i64),
    /// TEXT.
    Text(&'a str),
    /// BLOB or BYTEA.
    Blob(&'a [u8]),
    /// TEXT that is sealed before it is written; as it is, no database takes it.
    Secret(Secret<'a>),
}

impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Int(_) => "Int",
            Self::Text(_) => "Text",
            Self::Blob(_) => "Blob",
            Self::Secret(_) => "Secret",
        })
    }
}

/// What a database is told instead of a text that was not sealed.
pub(crate) const UNSEALED: &str = "a value was to be sealed";

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Int(int) => ValueRef::Integer(int),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(blob) => ValueRef::Blob(blob),
            Self::Secret(_) => return Err(rusqlite::Error::ToSqlConversionFailure(UNSEALED.into())),
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
pub struct Row<'r>(pub(crate) Source<'r>, pub(crate) Option<&'r dyn Vault>);

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

    /// Bytes that stand for what is in a column of a key.
    pub(crate) fn key(&self, column: usize) -> Result<Vec<u8>, Error> {
        if self.is_null(column)? {
            return Ok(Vec::new());
        }
        let text = self.text(column).map(|text| text.as_bytes().to_vec());
        text.or_else(|_| Ok(self.int(column)?.to_string().into_bytes()))
    }

    /// Whether there is nothing.
    pub fn is_null(&self, column: usize) -> Result<bool, Error> {
        match self.0 {
            Source::Sqlite(row) => Ok(matches!(row.get_ref(column)?, ValueRef::Null)),
            Source::Postgres(row) => is_null(row, column),
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
            Source::Postgres(row) => int(row, column),
            #[cfg(feature = "stage")]
            Source::Stage(row) => stage::int(row, column),
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
            Source::Stage(row) => stage::text(row, column),
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
            Source::Stage(row) => stage::blob(row, column),
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

/// A number of whichever width.
pub(crate) fn int(row: &tokio_postgres::Row, column: usize) -> Result<Option<i64>, Error> {
    let number = match row.columns().get(column).map(|column| column.type_()) {
        Some(&Type::INT8) => row.try_get(column),
        Some(&Type::INT4) => row.try_get(column).map(|int: Option<i32>| int.map(i64::from)),
        _ => return Err(Error::Corrupt("no number where a number must be")),
    };
    number.map_err(|_| Error::Corrupt("no number where a number must be"))
}

/// Whether a column of whatever type holds nothing.
fn is_null(row: &tokio_postgres::Row, column: usize) -> Result<bool, Error> {
    struct Anything;
    impl FromSql<'_> for Anything {
        fn from_sql(_: &Type, _: &[u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
            Ok(Self)
        }

        fn accepts(_: &Type) -> bool {
            true
        }
    }
    let held: Result<Option<Anything>, _> = row.try_get(column);
    Ok(held.map_err(|_| Error::Corrupt("no such column"))?.is_none())
}

/// Columns of the simulated database.
#[cfg(feature = "stage")]
pub(crate) mod stage {
    use rusqlite::types::Value as Owned;

    use crate::Error;

    /// A number or null of a row.
    pub(crate) fn int(row: &[Owned], column: usize) -> Result<Option<i64>, Error> {
        match row.get(column) {
            Some(Owned::Null) => Ok(None),
            Some(Owned::Integer(int)) => Ok(Some(*int)),
            _ => Err(Error::Corrupt("no number where a number must be")),
        }
    }

    /// A text or null of a row.
    pub(crate) fn text(row: &[Owned], column: usize) -> Result<Option<&str>, Error> {
        match row.get(column) {
            Some(Owned::Null) => Ok(None),
            Some(Owned::Text(text)) => Ok(Some(text)),
            _ => Err(Error::Corrupt("no text where text must be")),
        }
    }

    /// Bytes or null of a row.
    pub(crate) fn blob(row: &[Owned], column: usize) -> Result<Option<Vec<u8>>, Error> {
        match row.get(column) {
            Some(Owned::Null) => Ok(None),
            Some(Owned::Blob(blob)) => Ok(Some(blob.clone())),
            _ => Err(Error::Corrupt("no bytes where bytes must be")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn a_value_is_not_printed() {
        let values = [
            Value::Text("ann"),
            Value::Int(138),
            Value::Blob(b"key"),
            Value::Null,
        ];
        assert_eq!(format!("{values:?}"), "[Text, Int, Blob, Null]");
    }

    #[test]
    fn parameters_are_numbered_not_named() {
        let statement = sql!("SELECT $2, $1, '$', $10");
        assert_eq!(statement.sqlite, "SELECT ?2, ?1, '$', ?10");
        assert_eq!(statement.postgres, "SELECT $2, $1, '$', $10");
    }
}

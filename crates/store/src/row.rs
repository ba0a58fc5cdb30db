//! Rows by name: a table's columns are written once, beside the type they make, and everything usual comes from that list:
//! reading a row, adding, finding and changing one, and the beginning of every statement that lists some.
//!
//! Statements are made at compile time, so they stay constant texts that the plan tests see. The hot tables (ledger,
//! pending, hold, terminal_session) are written by hand in their own files.
//!
//! Invariant: no position of a column is written anywhere.

use std::marker::PhantomData;

use domain::money::Currency;
use domain::word::Word;
use domain::{MerchantId, TerminalId, Timestamp};

use crate::sql::{Row, Sql, Value, with_question_marks};
use crate::{Error, Tx};

/// What takes one column of a row, or several one after the other.
pub trait Columns: Sized {
    /// The names of its columns; nothing for a plain value, which is called as its place in a table.
    const NAMES: &'static [&'static str];

    /// Takes it from a row.
    fn read(from: &mut Reader<'_>) -> Result<Self, Error>;

    /// Adds its values, in the order of the columns.
    fn values<'a>(&'a self, to: &mut Vec<Value<'a>>);
}

/// A table whose rows are of this type.
pub trait Table: Columns {
    /// Its name.
    const TABLE: &'static str;
    /// How many of its first columns are its key.
    const KEYS: usize;
}

/// Says which columns a type takes: `field`, `field = "column"` where they differ, `field: Part` for several.
macro_rules! columns {
    ($type:ty { $($field:ident $(: $part:ty)? $(= $column:literal)?),+ $(,)? }) => {
        impl $crate::row::Columns for $type {
            const NAMES: &'static [&'static str] = {
                const PARTS: &[&[&str]] = &[$($crate::row::columns!(@names $field $(: $part)? $(= $column)?)),+];
                &$crate::row::flat::<{ $crate::row::count(PARTS) }>(PARTS)
            };

            fn read(from: &mut $crate::row::Reader<'_>) -> Result<Self, $crate::Error> {
                Ok(Self { $($field: $crate::row::Columns::read(from)?),+ })
            }

            fn values<'a>(&'a self, to: &mut Vec<$crate::sql::Value<'a>>) {
                $($crate::row::Columns::values(&self.$field, to);)+
            }
        }
    };
    (@names $field:ident) => { &[stringify!($field)] };
    (@names $field:ident = $column:literal) => { &[$column] };
    (@names $field:ident: $part:ty) => { <$part as $crate::row::Columns>::NAMES };
}
pub(crate) use columns;

/// The same for a whole table: `Type: "table", keys { columns }`.
macro_rules! table {
    ($type:ty: $table:literal, $keys:literal { $($columns:tt)+ }) => {
        $crate::row::columns!($type { $($columns)+ });

        impl $crate::row::Table for $type {
            const TABLE: &'static str = $table;
            const KEYS: usize = $keys;
        }
    };
}
pub(crate) use table;

/// A statement that reads rows of a table: its columns, each with the table's name before it, and the rest as said.
macro_rules! select {
    ($table:ty, $rest:expr) => {{
        const TEXTS: &$crate::row::Texts = &$crate::row::Text::select(
            <$table as $crate::row::Table>::TABLE,
            <$table as $crate::row::Columns>::NAMES,
            $rest,
        )
        .both();
        TEXTS.sql()
    }};
}
pub(crate) use select;

/// A statement that changes rows of a table and answers them, written for each database.
macro_rules! returning {
    ($table:ty, sqlite: $sqlite:expr, postgres: $postgres:expr) => {{
        const NAMES: &[&str] = <$table as $crate::row::Columns>::NAMES;
        const SQLITE: &$crate::row::Texts = &$crate::row::Text::returning($sqlite, NAMES).both();
        const POSTGRES: &$crate::row::Texts = &$crate::row::Text::returning($postgres, NAMES).both();
        $crate::sql::Sql::new(SQLITE.sql().sqlite, POSTGRES.sql().postgres)
    }};
}
pub(crate) use returning;

/// A statement that takes rows over into a table from another that has the same columns: those that `$rest` says.
macro_rules! taking_over {
    ($table:ty, $rest:expr) => {{
        const TEXTS: &$crate::row::Texts = &$crate::row::Text::taking_over(
            <$table as $crate::row::Table>::TABLE,
            <$table as $crate::row::Columns>::NAMES,
            $rest,
        )
        .both();
        TEXTS.sql()
    }};
}
pub(crate) use taking_over;

/// The same for rows that are there already, but for their keys; the other table is called `staged` in `$rest`.
macro_rules! writing_over {
    ($table:ty, $rest:expr) => {{
        const TEXTS: &$crate::row::Texts = &$crate::row::Text::writing_over(
            <$table as $crate::row::Table>::TABLE,
            <$table as $crate::row::Columns>::NAMES,
            <$table as $crate::row::Table>::KEYS,
            $rest,
        )
        .both();
        TEXTS.sql()
    }};
}
pub(crate) use writing_over;

/// Lets words be columns; said beside the table that has them.
macro_rules! words {
    ($($word:ty),+) => {
        $($crate::row::plain!($word: |row, at| $crate::row::word(row, at)?, |it| $crate::sql::Value::Text(it.code()));)+
    };
}
pub(crate) use words;

/// A type that takes one column.
macro_rules! plain {
    ($type:ty: |$row:ident, $at:ident| $read:expr, |$it:ident| $value:expr) => {
        impl $crate::row::Columns for $type {
            const NAMES: &'static [&'static str] = &[];

            fn read(from: &mut $crate::row::Reader<'_>) -> Result<Self, $crate::Error> {
                let ($row, $at) = from.next();
                Ok($read)
            }

            fn values<'a>(&'a self, to: &mut Vec<$crate::sql::Value<'a>>) {
                let $it = self;
                to.push($value);
            }
        }
    };
}
pub(crate) use plain;

plain!(i64: |row, at| row.int(at)?, |it| Value::Int(*it));
plain!(u32: |row, at| u32::try_from(row.int(at)?).map_err(|_| Error::Corrupt("a small number"))?, |it| Value::Int(i64::from(*it)));
plain!(bool: |row, at| row.int(at)? != 0, |it| Value::Int(i64::from(*it)));
plain!(String: |row, at| row.string(at)?, |it| Value::Text(it));
plain!(Vec<u8>: |row, at| row.blob(at)?, |it| Value::Blob(it));
plain!(Timestamp: |row, at| row.time(at)?, |it| Value::Int(it.0));
plain!(TerminalId: |row, at| row.terminal_id(at)?, |it| Value::Text(it.as_str()));
plain!(Currency: |row, at| Currency(u16::try_from(row.int(at)?).map_err(|_| Error::Corrupt("a currency"))?), |it| Value::Int(i64::from(it.0)));
plain!(MerchantId: |row, at| row.merchant_id(at)?, |it| Value::Text(it.as_str()));

/// A word of a list.
pub(crate) fn word<W: Word>(row: &Row<'_>, at: usize) -> Result<W, Error> {
    W::of(row.text(at)?).ok_or(Error::Corrupt("a word that is not in its list"))
}

/// Null where there is nothing: the first column says so for all.
impl<T: Columns> Columns for Option<T> {
    const NAMES: &'static [&'static str] = T::NAMES;

    fn read(from: &mut Reader<'_>) -> Result<Self, Error> {
        if from.row.is_null(from.at)? {
            from.at += width::<T>();
            return Ok(None);
        }
        T::read(from).map(Some)
    }

    fn values<'a>(&'a self, to: &mut Vec<Value<'a>>) {
        match self {
            Some(it) => it.values(to),
            None => to.extend(std::iter::repeat_n(Value::Null, width::<T>())),
        }
    }
}

/// How many columns a type takes.
const fn width<T: Columns>() -> usize {
    match T::NAMES.len() {
        0 => 1,
        several => several,
    }
}

/// A row while it is read, column after column.
pub struct Reader<'r> {
    row: &'r Row<'r>,
    at: usize,
}

impl<'r> Reader<'r> {
    /// The row, and the place of the next column in it.
    pub(crate) fn next(&mut self) -> (&'r Row<'r>, usize) {
        self.at += 1;
        (self.row, self.at - 1)
    }
}

/// Reads a row whose first columns are those of the type.
pub fn read<T: Columns>(row: &Row<'_>) -> Result<T, Error> {
    T::read(&mut Reader { row, at: 0 })
}

/// Adds a row.
pub fn insert<T: Table>(tx: &Tx<'_>, it: &T) -> Result<(), Error> {
    tx.execute(Statements::<T>::INSERT.sql(), &values(it)).map(drop)
}

/// The row of that key.
pub fn get<T: Table>(tx: &Tx<'_>, key: &[Value<'_>]) -> Result<Option<T>, Error> {
    tx.first(Statements::<T>::GET.sql(), key, read)
}

/// The row of that key, which is one text.
pub fn by_id<T: Table>(tx: &Tx<'_>, id: &str) -> Result<Option<T>, Error> {
    get(tx, &[Value::Text(id)])
}

/// Writes every column of the row of that key anew; false when there is none.
pub fn update<T: Table>(tx: &Tx<'_>, it: &T) -> Result<bool, Error> {
    Ok(tx.execute(Statements::<T>::UPDATE.sql(), &values(it))? > 0)
}

/// Holds a row until the end of the transaction, where writers are not alone anyway.
pub fn lock<T: Table>(tx: &Tx<'_>, it: &T) -> Result<(), Error> {
    match values(it).get(..T::KEYS) {
        Some(key) if !tx.is_alone() => tx.first(Statements::<T>::LOCK.sql(), key, |_| Ok(())).map(drop),
        _ => Ok(()),
    }
}

fn values<T: Columns>(it: &T) -> Vec<Value<'_>> {
    let mut values = Vec::with_capacity(width::<T>());
    it.values(&mut values);
    values
}

/// The usual statements of a table.
struct Statements<T>(PhantomData<T>);

impl<T: Table> Statements<T> {
    const INSERT: &'static Texts = &Text::insert(T::TABLE, T::NAMES).both();
    const GET: &'static Texts = &Text::select(T::TABLE, T::NAMES, "")
        .key(T::TABLE, T::NAMES, T::KEYS)
        .both();
    const UPDATE: &'static Texts = &Text::update(T::TABLE, T::NAMES, T::KEYS).both();
    const LOCK: &'static Texts = &Text::new()
        .push("SELECT 1 FROM ")
        .push(T::TABLE)
        .key(T::TABLE, T::NAMES, T::KEYS)
        .push(" FOR UPDATE")
        .both();
}

/// How many names there are in lists of names.
pub(crate) const fn count(parts: &[&[&str]]) -> usize {
    let (mut at, mut count) = (0, 0);
    while at < parts.len() {
        count += parts[at].len();
        at += 1;
    }
    count
}

/// Lists of names as one.
pub(crate) const fn flat<const N: usize>(parts: &[&[&'static str]]) -> [&'static str; N] {
    let mut names = [""; N];
    let (mut part, mut name) = (0, 0);
    while part < parts.len() {
        let mut within = 0;
        while within < parts[part].len() {
            names[name] = parts[part][within];
            within += 1;
            name += 1;
        }
        part += 1;
    }
    names
}

/// Longest statement made here, bytes; a longer one does not compile.
const TEXT_BYTES_MAX: usize = 2_048;

/// A text that is put together at compile time.
#[derive(Clone, Copy)]
pub(crate) struct Text {
    bytes: [u8; TEXT_BYTES_MAX],
    len: usize,
}

/// A statement for both databases.
pub(crate) struct Texts {
    sqlite: Text,
    postgres: Text,
}

impl Texts {
    /// The statement.
    pub(crate) const fn sql(&'static self) -> Sql {
        Sql::new(self.sqlite.as_str(), self.postgres.as_str())
    }
}

impl Text {
    const fn new() -> Self {
        Self {
            bytes: [0; TEXT_BYTES_MAX],
            len: 0,
        }
    }

    const fn push(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        let mut at = 0;
        while at < text.len() {
            self.bytes[self.len] = text[at];
            self.len += 1;
            at += 1;
        }
        self
    }

    /// `$7`: the seventh parameter, counted from 1.
    const fn parameter(self, number: usize) -> Self {
        let mut text = self.push("$");
        if number >= 10 {
            text.bytes[text.len] = b'0' + (number / 10) as u8;
            text.len += 1;
        }
        text.bytes[text.len] = b'0' + (number % 10) as u8;
        text.len += 1;
        text
    }

    const fn insert(table: &str, names: &[&str]) -> Self {
        let mut text = Self::new().push("INSERT INTO ").push(table).push(" (");
        let mut at = 0;
        while at < names.len() {
            text = text.push(if at == 0 { "" } else { ", " }).push(names[at]);
            at += 1;
        }
        text = text.push(") VALUES (");
        at = 0;
        while at < names.len() {
            text = text.push(if at == 0 { "" } else { ", " }).parameter(at + 1);
            at += 1;
        }
        text.push(")")
    }

    /// See [`select!`].
    pub(crate) const fn select(table: &str, names: &[&str], rest: &str) -> Self {
        let mut text = Self::new().push("SELECT ");
        let mut at = 0;
        while at < names.len() {
            text = text.push(if at == 0 { "" } else { ", " });
            text = text.push(table).push(".").push(names[at]);
            at += 1;
        }
        text.push(" FROM ").push(table).push(" ").push(rest)
    }

    /// See [`taking_over!`].
    pub(crate) const fn taking_over(table: &str, names: &[&str], rest: &str) -> Self {
        let text = Self::new().push("INSERT INTO ").push(table).push(" (");
        let text = text.names(names).push(") SELECT ").names(names);
        text.push(" FROM ").push(rest)
    }

    /// See [`writing_over!`].
    pub(crate) const fn writing_over(table: &str, names: &[&str], keys: usize, rest: &str) -> Self {
        let mut text = Self::new().push("UPDATE ").push(table).push(" SET ");
        let mut at = keys;
        while at < names.len() {
            text = text.push(if at == keys { "" } else { ", " });
            text = text.push(names[at]).push(" = staged.").push(names[at]);
            at += 1;
        }
        text.push(" FROM ").push(rest)
    }

    /// Names with commas between them.
    const fn names(mut self, names: &[&str]) -> Self {
        let mut at = 0;
        while at < names.len() {
            self = self.push(if at == 0 { "" } else { ", " }).push(names[at]);
            at += 1;
        }
        self
    }

    /// See [`returning!`].
    pub(crate) const fn returning(change: &str, names: &[&str]) -> Self {
        let mut text = Self::new().push(change).push(" RETURNING ");
        let mut at = 0;
        while at < names.len() {
            text = text.push(if at == 0 { "" } else { ", " }).push(names[at]);
            at += 1;
        }
        text
    }

    const fn update(table: &str, names: &[&str], keys: usize) -> Self {
        let mut text = Self::new().push("UPDATE ").push(table).push(" SET ");
        let mut at = keys;
        while at < names.len() {
            text = text.push(if at == keys { "" } else { ", " });
            text = text.push(names[at]).push(" = ").parameter(at + 1);
            at += 1;
        }
        text.key(table, names, keys)
    }

    /// The condition that names one row: the key's columns are the first parameters.
    const fn key(self, table: &str, names: &[&str], keys: usize) -> Self {
        let mut text = self;
        let mut at = 0;
        while at < keys {
            text = text.push(if at == 0 { " WHERE " } else { " AND " });
            text = text.push(table).push(".").push(names[at]);
            text = text.push(" = ").parameter(at + 1);
            at += 1;
        }
        text
    }

    /// The statement as each database wants it.
    pub(crate) const fn both(self) -> Texts {
        let sqlite = Self {
            bytes: with_question_marks(&self.bytes),
            len: self.len,
        };
        Texts {
            sqlite,
            postgres: self,
        }
    }

    const fn as_str(&self) -> &str {
        let (text, _) = self.bytes.split_at(self.len);
        match std::str::from_utf8(text) {
            Ok(text) => text,
            Err(_) => panic!("a statement is UTF-8"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Span {
        from: Timestamp,
        to: Timestamp,
    }
    columns!(Span { from = "from_ms", to = "to_ms" });

    #[derive(Debug, PartialEq)]
    struct Stay {
        guest: String,
        room: u32,
        span: Option<Span>,
        note: Option<String>,
    }
    table!(Stay: "stay", 2 { guest, room, span: Span, note });

    fn texts(texts: &'static Texts) -> (&'static str, &'static str) {
        (texts.sql().sqlite, texts.sql().postgres)
    }

    #[test]
    fn the_statements_of_a_table_come_from_its_columns() {
        assert_eq!(
            texts(Statements::<Stay>::INSERT),
            (
                "INSERT INTO stay (guest, room, from_ms, to_ms, note) VALUES (?1, ?2, ?3, ?4, ?5)",
                "INSERT INTO stay (guest, room, from_ms, to_ms, note) VALUES ($1, $2, $3, $4, $5)"
            )
        );
        assert_eq!(
            Statements::<Stay>::UPDATE.sql().postgres,
            "UPDATE stay SET from_ms = $3, to_ms = $4, note = $5 WHERE stay.guest = $1 AND stay.room = $2"
        );
        assert_eq!(
            select!(Stay, "WHERE stay.room > $1 LIMIT 10").sqlite,
            "SELECT stay.guest, stay.room, stay.from_ms, stay.to_ms, stay.note FROM stay WHERE stay.room > ?1 LIMIT 10"
        );
    }

    #[test]
    fn a_row_is_written_read_and_changed_by_name() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE stay (guest TEXT, room BIGINT, from_ms BIGINT, to_ms BIGINT, note TEXT, PRIMARY KEY (guest, room))")
            .unwrap();
        let tx = Tx::sqlite(&connection, Timestamp(1));
        let mut stay = Stay {
            guest: "a".into(),
            room: 7,
            span: None,
            note: Some("late".into()),
        };
        insert(&tx, &stay).unwrap();
        let key = [Value::Text("a"), Value::Int(7)];
        assert_eq!(get::<Stay>(&tx, &key).unwrap().as_ref(), Some(&stay));
        stay.span = Some(Span {
            from: Timestamp(5),
            to: Timestamp(6),
        });
        stay.note = None;
        assert!(update(&tx, &stay).unwrap());
        assert_eq!(get::<Stay>(&tx, &key).unwrap(), Some(stay));
        assert!(
            get::<Stay>(&tx, &[Value::Text("b"), Value::Int(7)])
                .unwrap()
                .is_none()
        );
    }
}

//! Rows by name: a table's columns are written once, beside the type they make, and everything usual comes from that list:
//! reading a row, adding, finding and changing one, and the beginning of every statement that lists some.
//!
//! Statements are made at compile time, so they stay constant texts that the plan tests see. The hot tables (ledger,
//! pending, hold, terminal_session) are written by hand in their own files.
//!
//! A column that says `#[sealed]` is sealed on its way in and opened on its way out, bound to its table, itself, the key of its
//! row and, where the table has one, its `merchant_id`.
//!
//! Invariant: no position of a column is written anywhere.

use std::fmt;
use std::marker::PhantomData;

use domain::money::Currency;
use domain::word::Word;
use domain::{MerchantId, TerminalId, Timestamp};

use crate::sql::{Row, Sql, Value, with_question_marks};
use crate::vault::{self, Place};
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
    /// The columns that say where a sealed value belongs; without them, those of the key.
    const BOUND_BY: Option<&'static [&'static str]> = None;
}

/// Says which columns a type takes: `field`, `field = "column"` where they differ, `field: Part` for several, `#[sealed] field`
/// for a text that is sealed.
macro_rules! columns {
    ($type:ty { $($(#[$mark:ident])? $field:ident $(: $part:ty)? $(= $column:literal)?),+ $(,)? }) => {
        impl $crate::row::Columns for $type {
            const NAMES: &'static [&'static str] = {
                const PARTS: &[&[&str]] = &[$($crate::row::columns!(@names $field $(: $part)? $(= $column)?)),+];
                &$crate::row::flat::<{ $crate::row::count(PARTS) }>(PARTS)
            };

            fn read(from: &mut $crate::row::Reader<'_>) -> Result<Self, $crate::Error> {
                Ok(Self { $($field: $crate::row::columns!(@read from $($mark)?)),+ })
            }

            fn values<'a>(&'a self, to: &mut Vec<$crate::sql::Value<'a>>) {
                $($crate::row::columns!(@values (&self.$field), to $($mark)?);)+
            }
        }
    };
    (@read $from:ident) => { $crate::row::Columns::read($from)? };
    (@read $from:ident sealed) => { $crate::row::Sealed::open($from)? };
    (@values $it:tt, $to:ident) => { $crate::row::Columns::values($it, $to) };
    (@values $it:tt, $to:ident sealed) => { $crate::row::Sealed::secret($it, $to) };
    (@names $field:ident) => { &[stringify!($field)] };
    (@names $field:ident = $column:literal) => { &[$column] };
    (@names $field:ident: $part:ty) => { <$part as $crate::row::Columns>::NAMES };
}
pub(crate) use columns;

/// The same for a whole table: `Type: "table", keys { columns }`; `keys by ["column"] { columns }` where what is sealed is bound to
/// other columns than the key, which is not known before the row is written.
macro_rules! table {
    ($type:ty: $table:literal, $keys:literal $(by $bound:tt)? { $($(#[$mark:ident])? $field:ident $(: $part:ty)? $(= $column:literal)?),+ $(,)? }) => {
        impl $crate::row::Columns for $type {
            const NAMES: &'static [&'static str] = {
                const PARTS: &[&[&str]] = &[$($crate::row::columns!(@names $field $(: $part)? $(= $column)?)),+];
                &$crate::row::flat::<{ $crate::row::count(PARTS) }>(PARTS)
            };

            fn read(from: &mut $crate::row::Reader<'_>) -> Result<Self, $crate::Error> {
                let whole = from.enter::<Self>();
                let it = Self { $($field: $crate::row::columns!(@read from $($mark)?)),+ };
                from.leave(whole);
                Ok(it)
            }

            fn values<'a>(&'a self, to: &mut Vec<$crate::sql::Value<'a>>) {
                let start = to.len();
                $($crate::row::columns!(@values (&self.$field), to $($mark)?);)+
                $crate::row::put_in_place::<Self>(&mut to[start..], start);
            }
        }

        impl $crate::row::Table for $type {
            const TABLE: &'static str = $table;
            const KEYS: usize = $keys;
            $(const BOUND_BY: Option<&'static [&'static str]> = Some(&$bound);)?
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

/// A text column that is sealed.
pub(crate) trait Sealed: Sized {
    /// Takes it from a row, opened.
    fn open(from: &mut Reader<'_>) -> Result<Self, Error>;

    /// Adds its value, to be sealed.
    fn secret<'a>(&'a self, to: &mut Vec<Value<'a>>);
}

impl Sealed for Option<String> {
    fn open(from: &mut Reader<'_>) -> Result<Self, Error> {
        let (row, at) = from.next();
        let place = from.place.as_ref();
        let opened = row.text_opt(at)?.map(|kept| {
            place
                .ok_or(Error::Corrupt("a sealed column of no table"))?
                .open(row, at, kept)
        });
        match opened {
            Some(Err(Error::Corrupt(_))) if from.is_lenient => Ok(None),
            opened => opened.transpose(),
        }
    }

    fn secret<'a>(&'a self, to: &mut Vec<Value<'a>>) {
        to.push(match self {
            Some(text) => Value::Secret(Secret { text, within: None }),
            None => Value::Null,
        });
    }
}

impl Sealed for String {
    fn open(from: &mut Reader<'_>) -> Result<Self, Error> {
        <Option<Self> as Sealed>::open(from)?.ok_or(Error::Corrupt("null where text must be"))
    }

    fn secret<'a>(&'a self, to: &mut Vec<Value<'a>>) {
        to.push(Value::Secret(Secret {
            text: self,
            within: None,
        }));
    }
}

/// A text on its way to be sealed.
#[derive(Clone, Copy)]
pub struct Secret<'a> {
    text: &'a str,
    /// The row it is in, and its place there.
    within: Option<(Within, usize)>,
}

impl fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A row of a table within a longer one, and where it begins there.
#[derive(Clone, Copy)]
pub(crate) struct Within {
    table: &'static str,
    names: &'static [&'static str],
    keys: usize,
    bound_by: Option<&'static [&'static str]>,
    start: usize,
}

impl Within {
    const fn of<T: Table>(start: usize) -> Self {
        Self {
            table: T::TABLE,
            names: T::NAMES,
            keys: T::KEYS,
            bound_by: T::BOUND_BY,
            start,
        }
    }

    /// The place of the value at `at`, as bytes; `key` tells what is in a column.
    fn bytes(&self, at: usize, key: impl Fn(usize) -> Result<Vec<u8>, Error>) -> Result<OwnedPlace, Error> {
        let place = |name: &&str| self.names.iter().position(|one| one == name);
        let columns: Vec<usize> = match self.bound_by {
            Some(names) => names.iter().filter_map(place).collect(),
            None => (0..self.keys).collect(),
        };
        let row = columns.into_iter().map(|column| key(self.start + column));
        let merchant = self.names.iter().position(|name| *name == MERCHANT);
        Ok(OwnedPlace {
            table: self.table,
            column: at
                .checked_sub(self.start)
                .and_then(|at| self.names.get(at))
                .copied()
                .unwrap_or_default(),
            row: row.collect::<Result<_, Error>>()?,
            merchant: merchant
                .map(|at| key(self.start + at))
                .transpose()?
                .unwrap_or_default(),
        })
    }

    fn open(&self, row: &Row<'_>, at: usize, kept: &str) -> Result<String, Error> {
        let place = self.bytes(at, |column| row.key(column))?;
        vault::open(row.1, &place.borrow(), kept)
    }
}

/// The column that says whose a row is.
const MERCHANT: &str = "merchant_id";

struct OwnedPlace {
    table: &'static str,
    column: &'static str,
    row: Vec<Vec<u8>>,
    merchant: Vec<u8>,
}

impl OwnedPlace {
    fn borrow(&self) -> Place<'_> {
        Place {
            table: self.table,
            column: self.column,
            row: &self.row,
            merchant: &self.merchant,
        }
    }
}

/// Tells the secrets among the values of a row whose they are; what belongs to a row within it knows already.
pub(crate) fn put_in_place<T: Table>(values: &mut [Value<'_>], start: usize) {
    for (at, value) in values.iter_mut().enumerate() {
        if let Value::Secret(Secret {
            within: within @ None,
            ..
        }) = value
        {
            *within = Some((Within::of::<T>(start), start + at));
        }
    }
}

/// Runs a statement with its secrets sealed.
fn with_sealed<R>(
    tx: &Tx<'_>,
    values: &[Value<'_>],
    run: impl FnOnce(&[Value<'_>]) -> Result<R, Error>,
) -> Result<R, Error> {
    if !values.iter().any(|value| matches!(value, Value::Secret(_))) {
        return run(values);
    }
    let key = |column: usize| match values.get(column) {
        Some(Value::Text(text)) => Ok(text.as_bytes().to_vec()),
        Some(Value::Int(int)) => Ok(int.to_string().into_bytes()),
        Some(Value::Null) => Ok(Vec::new()),
        _ => Err(Error::Corrupt("a key that is no key")),
    };
    let sealed = values.iter().map(|value| match value {
        Value::Secret(Secret {
            text,
            within: Some((within, at)),
        }) => vault::seal(tx.vault, &within.bytes(*at, key)?.borrow(), text).map(Some),
        _ => Ok(None),
    });
    let sealed = sealed.collect::<Result<Vec<Option<String>>, Error>>()?;
    let values = values.iter().zip(&sealed);
    let values: Vec<Value<'_>> = values
        .map(|(value, sealed)| sealed.as_deref().map_or(*value, Value::Text))
        .collect();
    run(&values)
}

/// A row while it is read, column after column.
pub struct Reader<'r> {
    row: &'r Row<'r>,
    at: usize,
    /// The row of a table that is being read.
    place: Option<Within>,
    /// Whether what does not open is read as nothing.
    is_lenient: bool,
}

impl<'r> Reader<'r> {
    /// A row of a table begins here; answers the one it is part of, to come back to.
    pub(crate) const fn enter<T: Table>(&mut self) -> Option<Within> {
        self.place.replace(Within::of::<T>(self.at))
    }

    /// It has ended.
    pub(crate) const fn leave(&mut self, whole: Option<Within>) {
        self.place = whole;
    }

    /// The row, and the place of the next column in it.
    pub(crate) fn next(&mut self) -> (&'r Row<'r>, usize) {
        self.at += 1;
        (self.row, self.at - 1)
    }
}

/// Reads a row whose first columns are those of the type.
pub fn read<T: Columns>(row: &Row<'_>) -> Result<T, Error> {
    T::read(&mut Reader {
        row,
        at: 0,
        place: None,
        is_lenient: false,
    })
}

/// The same, and what does not open is read as nothing: for whoever looks for what was changed behind our back.
pub(crate) fn read_leniently<T: Columns>(row: &Row<'_>) -> Result<T, Error> {
    T::read(&mut Reader {
        row,
        at: 0,
        place: None,
        is_lenient: true,
    })
}

/// Adds a row.
pub fn insert<T: Table>(tx: &Tx<'_>, it: &T) -> Result<(), Error> {
    with_sealed(tx, &values(it), |values| {
        tx.execute(Statements::<T>::INSERT.sql(), values).map(drop)
    })
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
    with_sealed(tx, &values(it), |values| {
        Ok(tx.execute(Statements::<T>::UPDATE.sql(), values)? > 0)
    })
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
const TEXT_BYTES_MAX: usize = 4_096;

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

    #[derive(Debug, PartialEq)]
    struct Guest {
        name: String,
        merchant_id: Option<String>,
        phone: Option<String>,
        stay: Diary,
    }
    #[derive(Debug, PartialEq)]
    struct Diary {
        text: String,
    }
    columns!(Diary { #[sealed] text = "diary" });
    table!(Guest: "guest", 1 { name, merchant_id, #[sealed] phone, stay: Diary });

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
    fn a_sealed_column_is_kept_sealed_and_opens_in_its_own_row_alone() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        connection
            .execute_batch(
                "CREATE TABLE guest (name TEXT PRIMARY KEY, merchant_id TEXT, phone TEXT, diary TEXT)",
            )
            .unwrap();
        let vault = crate::vault::tests::Marking { newest: 1 };
        let tx = Tx::sqlite(&connection, Timestamp(1)).with(Some(&vault));
        let guest = |name: &str, phone: Option<&str>| Guest {
            name: name.into(),
            merchant_id: Some("M1".into()),
            phone: phone.map(str::to_owned),
            stay: Diary { text: "rain".into() },
        };
        insert(&tx, &guest("ann", Some("138"))).unwrap();
        insert(&tx, &guest("bob", None)).unwrap();
        let kept = |name: &str| -> (Option<String>, String) {
            let sql = "SELECT phone, diary FROM guest WHERE name = ?1";
            connection
                .query_row(sql, [name], |row| Ok((row.get(0)?, row.get(1)?)))
                .unwrap()
        };
        let ((phone, diary), (none, _)) = (kept("ann"), kept("bob"));
        assert!(phone.is_some_and(|phone| phone.starts_with("sealed:")) && diary.starts_with("sealed:"));
        assert_eq!(none, None);
        assert_eq!(by_id(&tx, "ann").unwrap(), Some(guest("ann", Some("138"))));
        assert!(update(&tx, &guest("ann", Some("139"))).unwrap());
        assert_eq!(by_id(&tx, "ann").unwrap(), Some(guest("ann", Some("139"))));
        // Neither another row's nor another merchant's value opens, nor another column's.
        for moved in [
            "UPDATE guest SET diary = (SELECT diary FROM guest WHERE name = 'bob') WHERE name = 'ann'",
            "UPDATE guest SET merchant_id = 'M2' WHERE name = 'ann'",
            "UPDATE guest SET phone = diary WHERE name = 'ann'",
        ] {
            connection.execute_batch("SAVEPOINT moved").unwrap();
            connection.execute_batch(moved).unwrap();
            assert!(by_id::<Guest>(&tx, "ann").is_err(), "{moved}");
            connection
                .execute_batch("ROLLBACK TO moved; RELEASE moved")
                .unwrap();
        }
        // Without a vault nothing is written, and what is to be sealed is never bound as it is.
        let locked = Tx::sqlite(&connection, Timestamp(1));
        assert!(insert(&locked, &guest("eve", Some("137"))).is_err());
        let secret = guest("eve", Some("137"));
        let raw =
            crate::sql::sql!("INSERT INTO guest (name, merchant_id, phone, diary) VALUES ($1, $2, $3, $4)");
        assert!(tx.execute(raw, &values(&secret)).is_err());
        // What was there before the column was sealed is read as it is.
        connection
            .execute_batch("INSERT INTO guest VALUES ('old', NULL, '136', 'sun')")
            .unwrap();
        let old: Guest = by_id(&tx, "old").unwrap().unwrap();
        assert_eq!(
            (old.phone.as_deref(), old.stay.text.as_str()),
            (Some("136"), "sun")
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

//! Reading a file: what it is, and what it says.
//!
//! Invariant: no error holds anything of a cell.

use std::io::{Read, Seek};

use domain::money::Currency;
use jiff::tz::TimeZone;

use crate::file;
use crate::format::Kind;
use crate::mapping::{Mapping, Unfit};
use crate::record::Take;
use crate::table::{Name, Reader, Statement};

/// What a file does not say by itself.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The currency, where the layout says none.
    pub currency: Option<Currency>,
    /// The zone of the times, where the layout says none.
    pub zone: Option<TimeZone>,
    /// How to read a file of an acquirer whose layout is not public.
    pub mapping: Option<Mapping>,
}

/// What must be said because the file does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// The currency.
    Currency,
    /// The time zone.
    Zone,
}

impl Setting {
    /// As it is called.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Currency => "currency",
            Self::Zone => "zone",
        }
    }
}

/// What is wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// It is not what it begins as.
    #[error("it is damaged")]
    Damaged,
    /// It is under a password.
    #[error("it is encrypted: unpack it first, or save it without a password")]
    Encrypted,
    /// An archive in an archive.
    #[error("it is an archive within an archive: unpack it first")]
    Nested,
    /// A workbook of before 1997.
    #[error("it is a workbook of before Excel 97: save it anew")]
    TooOld,
    /// It is, or unpacks to, more than is read.
    #[error("it is too large")]
    TooLarge,
    /// It has more rows than are read.
    #[error("it has too many rows")]
    TooManyRows,
    /// It has more tables than are read.
    #[error("it has too many tables")]
    TooManyTables,
    /// It cannot be read at all.
    #[error("it cannot be read: {0}")]
    Io(std::io::ErrorKind),
}

impl Trouble {
    /// A code that stays.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::Encrypted => "encrypted",
            Self::Nested => "nested",
            Self::TooOld => "too_old",
            Self::TooLarge => "too_large",
            Self::TooManyRows => "too_many_rows",
            Self::TooManyTables => "too_many_tables",
            Self::Io(_) => "io",
        }
    }
}

/// Why nothing, or not all, was read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No layout that is known, nor the mapping's.
    #[error("it is no statement of a layout that is known")]
    NotRecognised,
    /// A personal bill.
    #[error("it is a personal bill: what is wanted is {0}")]
    Personal(&'static str),
    /// A heading that the layout cannot do without is not there.
    #[error("it looks like {}, but has no column {column}", kind.code())]
    Missing {
        /// The layout.
        kind: Kind,
        /// The heading.
        column: Name,
    },
    /// Something must be said because the file does not.
    #[error("it does not say its {}: say it", .0.code())]
    Needs(Setting),
    /// The mapping cannot be used.
    #[error("the mapping: {0}")]
    Mapping(#[from] Unfit),
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Trouble),
    /// Whoever takes wants no more.
    #[error("stopped")]
    Stopped,
}

/// Reads a file, and hands over its records one by one. When it ends with an error, what was handed over is not all.
///
/// # Errors
/// [`Error`].
pub fn read<S: Read + Seek>(source: S, options: &Options, take: &mut dyn Take) -> Result<Statement, Error> {
    if let Some(mapping) = &options.mapping {
        mapping.check()?;
    }
    let encoding = options.mapping.as_ref().and_then(Mapping::encoding);
    let mut reader = Reader::new(options, take);
    file::tables(source, encoding, &mut reader)?;
    let Reader {
        statement, personal, ..
    } = reader;
    match (statement.parts.is_empty(), personal) {
        (false, _) => Ok(statement),
        (true, Some(wanted)) => Err(Error::Personal(wanted)),
        (true, None) => Err(Error::NotRecognised),
    }
}

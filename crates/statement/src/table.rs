//! One table: its headings found, its rows handed to the layout that they belong to, and what came of it.
//!
//! Invariant: every row below the headings is a record, no transaction by the layout's own words, or refused with a reason; each is
//! counted.

use std::borrow::Cow;
use std::collections::HashMap;

use domain::money::{Currency, Money};
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use crate::amount::{self, Mark};
use crate::format::{self, Kind, Known, Layout};
use crate::limit::{HEADING_ROWS_MAX, REFUSED_MAX, ROWS_MAX, TABLES_MAX};
use crate::read::{Error, Options, Trouble};
use crate::record::{Certainty, Record, State, Take};
use crate::row::Row;
use crate::time::{self, At, Order, Said};
use crate::word::{self, Id, clean, heading};

/// A heading, as it is named to people.
pub type Name = Cow<'static, str>;

/// Why a row is refused. None holds what stands in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// It has more fields than there are headings: which one is which nobody can tell.
    #[error("it has {fields} fields under {headings} headings")]
    TooManyFields {
        /// Fields of the row.
        fields: usize,
        /// Headings.
        headings: usize,
    },
    /// Nothing stands there.
    #[error("nothing stands in {0}")]
    Blank(Name),
    /// It is no time.
    #[error("what stands in {0} is no time")]
    Time(Name),
    /// It is no zone of time that is known.
    #[error("what stands in {0} is no known time zone")]
    Zone(Name),
    /// It is no amount in whole minor units.
    #[error("what stands in {0} is no amount")]
    Amount(Name),
    /// It is more than any terminal can take.
    #[error("what stands in {0} is too large an amount")]
    TooLarge(Name),
    /// It is no currency.
    #[error("what stands in {0} is no known currency")]
    Currency(Name),
}

impl Reason {
    /// A code that stays.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooManyFields { .. } => "too_many_fields",
            Self::Blank(_) => "blank",
            Self::Time(_) => "time",
            Self::Zone(_) => "zone",
            Self::Amount(_) => "amount",
            Self::TooLarge(_) => "too_large",
            Self::Currency(_) => "currency",
        }
    }
}

/// A row that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its number, from 1.
    pub row: u64,
    /// Why.
    pub reason: Reason,
}

/// What a sum or count is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Rows.
    Rows,
    /// Minor units of a currency.
    Minor(Currency),
}

/// What the file says of itself, beside what was read of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The file's own word for it.
    pub what: &'static str,
    /// What it says.
    pub stated: i64,
    /// What was read.
    pub read: i64,
    /// Of what.
    pub unit: Counted,
}

impl Check {
    /// Whether both agree.
    pub const fn agrees(&self) -> bool {
        self.stated == self.read
    }
}

/// What people should know of a table before they rely on it: how many records are concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Identifiers that a spreadsheet has destroyed.
    pub ids_destroyed: u64,
    /// Words that nobody knows: the state is unknown.
    pub words_unknown: u64,
    /// Times without seconds.
    pub seconds_missing: u64,
    /// Times that may be an hour later.
    pub hour_uncertain: u64,
    /// Times of which not even the day is certain.
    pub day_uncertain: u64,
    /// Records whose key is made of what they say: the layout gives them no identifier.
    pub without_id: u64,
}

/// What came of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The sheet's or the member's name; a text by itself has none.
    pub name: Option<String>,
    /// What it was recognised as.
    pub kind: Kind,
    /// Rows below the headings that were understood: transactions, and what is none.
    pub rows: u64,
    /// Records.
    pub records: u64,
    /// Rows that are no transaction: fees, withdrawals, transfers.
    pub passed_over: u64,
    /// Rows that were refused.
    pub refused: u64,
    /// The first of them.
    pub refused_rows: Vec<Refused>,
    /// The first and the last time of a record, Unix time in milliseconds.
    pub span: Option<(i64, i64)>,
    /// From when until when it is, as the file itself says.
    pub covers: Option<(i64, i64)>,
    /// Sums and counts of the file, compared.
    pub checks: Vec<Check>,
    /// What people should know.
    pub notes: Notes,
}

/// What came of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// Its tables that were recognised.
    pub parts: Vec<Part>,
    /// The names of those that were not.
    pub passed_over: Vec<String>,
}

/// Whether the rest of a table is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It is.
    On,
    /// It is not.
    Leave,
}

/// Who looks at the tables of a file, one after the other.
pub trait Tables {
    /// Among how many rows the headings may be.
    fn heading_rows(&self) -> usize;

    /// Whether these are headings.
    fn is_heading(&self, row: &Row) -> bool;

    /// Another table; `is_1904` says from when its workbook counts days, if it is of one.
    fn begin(&mut self, name: Option<String>, is_1904: Option<bool>) -> Result<(), Error>;

    /// Its next row, by its number from 1.
    fn row(&mut self, number: u64, row: &Row) -> Result<Flow, Error>;

    /// Its end.
    fn end(&mut self) -> Result<(), Error>;
}

/// What layouts fill.
#[derive(Default)]
pub struct Found {
    /// Records of a row.
    pub records: Vec<Record>,
    /// What people should know.
    pub notes: Notes,
}

/// A row under its headings.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    row: &'a Row,
    headings: &'a [String],
    is_1904: Option<bool>,
}

impl<'a> Fields<'a> {
    /// What stands under the first of these headings under which something does.
    pub fn find(&self, names: &[&'static str]) -> Option<(&'static str, &'a str)> {
        names.iter().find_map(|name| {
            let at = self
                .headings
                .iter()
                .position(|heading| heading.eq_ignore_ascii_case(name))?;
            let text = clean(self.row.get(at));
            (!text.is_empty()).then_some((*name, text))
        })
    }

    /// The same; empty where nothing does.
    pub fn text(&self, names: &[&'static str]) -> &'a str {
        self.find(names).map_or("", |(_, text)| text)
    }

    /// What stands in a column.
    pub fn cell(&self, column: usize) -> &'a str {
        clean(self.row.get(column))
    }

    /// An identifier.
    pub fn id(&self, names: &[&'static str], found: &mut Found) -> Option<String> {
        id(self.text(names), found)
    }

    /// An amount with its sign, in minor units.
    pub fn amount(&self, names: &[&'static str], currency: Currency) -> Result<Option<i64>, Reason> {
        self.amount_with(names, currency, Mark::Point)
    }

    /// The same, with a mark of its own.
    pub fn amount_with(
        &self,
        names: &[&'static str],
        currency: Currency,
        mark: Mark,
    ) -> Result<Option<i64>, Reason> {
        let Some((name, text)) = self.find(names) else {
            return Ok(None);
        };
        let minor = amount::read(text, currency.decimals(), mark);
        minor.map(Some).ok_or(Reason::Amount(name.into()))
    }

    /// A currency, by its letters.
    pub fn currency(&self, names: &[&'static str]) -> Result<Option<Currency>, Reason> {
        let Some((name, text)) = self.find(names) else {
            return Ok(None);
        };
        let currency = Currency::parse(&text.to_ascii_uppercase());
        currency.map(Some).ok_or(Reason::Currency(name.into()))
    }

    /// What is said of a time.
    pub fn said(&self, names: &[&'static str], order: Order) -> Result<Said, Reason> {
        let Some((name, text)) = self.find(names) else {
            return Err(Reason::Blank(names[0].into()));
        };
        self.time(text, order).ok_or(Reason::Time(name.into()))
    }

    /// A text as a time; in a workbook, also as a number of days.
    pub fn time(&self, text: &str, order: Order) -> Option<Said> {
        let serial = || time::serial(text.parse().ok()?, self.is_1904?);
        serial().or_else(|| time::said(text, order))
    }

    /// An instant in a zone.
    pub fn at(&self, names: &[&'static str], zone: &TimeZone) -> Result<At, Reason> {
        let said = self.said(names, Order::MonthFirst)?;
        said.at(zone).ok_or(Reason::Time(names[0].into()))
    }

    /// An instant whose day and time stand in two columns.
    pub fn at_day(
        &self,
        days: &[&'static str],
        times: &[&'static str],
        order: Order,
        zone: &TimeZone,
    ) -> Result<At, Reason> {
        let time = self.said(times, order)?;
        let said = match time.day {
            Some(_) => time,
            None => time::joined(self.said(days, order)?, time),
        };
        said.at(zone).ok_or(Reason::Time(days[0].into()))
    }
}

/// Reads an identifier; one that was destroyed is none, and counted.
pub fn id(text: &str, found: &mut Found) -> Option<String> {
    match word::id(text) {
        Id::Is(id) => Some(id.to_owned()),
        Id::None => None,
        Id::Destroyed => {
            found.notes.ids_destroyed += 1;
            None
        }
    }
}

/// An amount without its sign as money; nothing where nothing moved.
pub fn money(minor: i64, currency: Currency, name: impl Into<Name>) -> Result<Option<Money>, Reason> {
    match Money::new(minor.saturating_abs(), currency) {
        Ok(money) if money.minor == 0 => Ok(None),
        Ok(money) => Ok(Some(money)),
        Err(_) => Err(Reason::TooLarge(name.into())),
    }
}

/// A table whose headings were found.
struct Open {
    layout: Box<dyn Layout>,
    headings: Vec<String>,
    part: Part,
}

/// A layout that was recognised.
type Begun = (Kind, Box<dyn Layout>);

enum Stage {
    /// The rows seen so far.
    Looking(Vec<Row>),
    Reading(Box<Open>),
    Left,
}

/// Reads tables into records.
pub struct Reader<'a> {
    options: &'a Options,
    take: &'a mut dyn Take,
    name: Option<String>,
    is_1904: Option<bool>,
    stage: Stage,
    tables: usize,
    rows: u64,
    found: Found,
    /// How often what has no identifier was met, by what it says.
    met: HashMap<[u8; 16], u32>,
    /// What was read.
    pub statement: Statement,
    /// Which personal bill was met, by the file that is wanted instead.
    pub personal: Option<&'static str>,
}

impl<'a> Reader<'a> {
    /// A reader that has seen nothing.
    pub fn new(options: &'a Options, take: &'a mut dyn Take) -> Self {
        Self {
            options,
            take,
            name: None,
            is_1904: None,
            stage: Stage::Left,
            tables: 0,
            rows: 0,
            found: Found::default(),
            met: HashMap::new(),
            statement: Statement::default(),
            personal: None,
        }
    }

    fn part(&mut self, kind: Kind) -> Part {
        Part {
            name: self.name.clone(),
            kind,
            rows: 0,
            records: 0,
            passed_over: 0,
            refused: 0,
            refused_rows: Vec::new(),
            span: None,
            covers: None,
            checks: Vec::new(),
            notes: Notes::default(),
        }
    }

    /// Looks at a row among which the headings may be.
    fn look(&mut self, number: u64, row: &Row, mut seen: Vec<Row>) -> Result<(), Error> {
        if let Some((kind, mut layout)) = self.layout(number, row)? {
            for row in &seen {
                layout.aside(row, row.first());
            }
            let part = self.part(kind);
            let headings = headings(row);
            self.stage = Stage::Reading(Box::new(Open {
                layout,
                headings,
                part,
            }));
            return Ok(());
        }
        self.personal = self.personal.or_else(|| format::personal(row));
        seen.push(row.clone());
        self.stage = match seen.len() >= self.heading_rows() {
            true => Stage::Left,
            false => Stage::Looking(seen),
        };
        Ok(())
    }

    /// The layout that a row is the heading of.
    fn layout(&self, number: u64, row: &Row) -> Result<Option<Begun>, Error> {
        if let Some(mapping) = &self.options.mapping {
            let mapped = mapping.layout(number, &headings(row), self.options)?;
            return Ok(mapped.map(|layout| (Kind::Mapped, layout)));
        }
        let headings = headings(row);
        let Some(known) = format::recognised(&headings) else {
            return Ok(None);
        };
        if let Some(column) = known.missing(&headings) {
            let kind = known.kind;
            let column = column.into();
            return Err(Error::Missing { kind, column });
        }
        Ok(Some((known.kind, (known.make)(self.options)?)))
    }

    /// Reads a row; true when it is the headings of another table, as where files were put together.
    fn read(&mut self, open: &mut Open, number: u64, row: &Row) -> Result<bool, Error> {
        let first = row.first();
        if first.is_empty() || open.layout.aside(row, first) {
            return Ok(false);
        }
        let fields = Fields {
            row,
            headings: &open.headings,
            is_1904: self.is_1904,
        };
        let width = open.headings.len();
        let over = (width..row.len()).any(|column| !fields.cell(column).is_empty());
        let came = match over {
            true => Err(Reason::TooManyFields {
                fields: row.len(),
                headings: width,
            }),
            false => open.layout.row(&fields, &mut self.found),
        };
        let reason = match came {
            Ok(()) => {
                self.give(&mut open.part, number)?;
                return Ok(false);
            }
            Err(reason) => reason,
        };
        self.found.records.clear();
        // No row of headings can be read as a transaction; so only what is refused is looked at for them.
        let is_heading = self.may_be_headed_again() && self.is_heading(row);
        match is_heading {
            true => Ok(headings(row) != open.headings),
            false => {
                open.part.refuse(number, reason);
                Ok(false)
            }
        }
    }

    /// Whether other headings may stand below some; not where it was said in which row they stand.
    fn may_be_headed_again(&self) -> bool {
        let mapping = self.options.mapping.as_ref();
        mapping.is_none_or(|mapping| mapping.header_row.is_none())
    }

    /// Hands over what a row came to.
    fn give(&mut self, part: &mut Part, number: u64) -> Result<(), Error> {
        part.rows += 1;
        if self.found.records.is_empty() {
            part.passed_over += 1;
        }
        for mut record in self.found.records.drain(..) {
            record.row = number;
            if record.key.is_empty() {
                self.found.notes.without_id += 1;
                record.key = own_key(&record, &mut self.met);
            }
            part.count(&record, &mut self.found.notes);
            if !self.take.record(record) {
                return Err(Error::Stopped);
            }
        }
        Ok(())
    }
}

impl Part {
    fn refuse(&mut self, row: u64, reason: Reason) {
        self.refused += 1;
        if self.refused_rows.len() < REFUSED_MAX {
            self.refused_rows.push(Refused { row, reason });
        }
    }

    fn count(&mut self, record: &Record, notes: &mut Notes) {
        self.records += 1;
        let (from, until) = self.span.unwrap_or((record.at, record.at));
        self.span = Some((from.min(record.at), until.max(record.at)));
        match record.certainty {
            Certainty::Second => {}
            Certainty::Minute => notes.seconds_missing += 1,
            Certainty::Hour => notes.hour_uncertain += 1,
            Certainty::Day => notes.day_uncertain += 1,
        }
        if record.state == State::Unknown {
            notes.words_unknown += 1;
        }
    }
}

/// The key of a record that has no identifier: what it says, and how many before it said the same.
fn own_key(record: &Record, met: &mut HashMap<[u8; 16], u32>) -> String {
    let mut digest = Sha256::new();
    let texts = [&record.order_id, &record.terminal, &record.card, &record.payer];
    digest.update(record.at.to_be_bytes());
    digest.update(record.money.minor.to_be_bytes());
    digest.update(record.money.currency.0.to_be_bytes());
    digest.update(record.direction.code());
    digest.update(record.method.code());
    for text in texts {
        digest.update([0]);
        digest.update(text.as_deref().unwrap_or_default());
    }
    let digest = digest.finalize();
    let mut short = [0; 16];
    short.copy_from_slice(&digest[..16]);
    let times = met.entry(short).or_default();
    *times += 1;
    let hex: String = short.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("row:{hex}:{times}")
}

/// The headings of a row, as they are compared; what stands empty at its end is none.
pub fn headings(row: &Row) -> Vec<String> {
    let mut headings: Vec<String> = row.iter().map(heading).collect();
    while headings.last().is_some_and(String::is_empty) {
        headings.pop();
    }
    headings
}

impl Tables for Reader<'_> {
    fn heading_rows(&self) -> usize {
        let said = self
            .options
            .mapping
            .as_ref()
            .and_then(|mapping| mapping.header_row);
        said.map_or(HEADING_ROWS_MAX, |row| row as usize)
    }

    fn is_heading(&self, row: &Row) -> bool {
        let headings = headings(row);
        match &self.options.mapping {
            Some(mapping) => mapping.is_heading(&headings),
            None => format::recognised(&headings).is_some(),
        }
    }

    fn begin(&mut self, name: Option<String>, is_1904: Option<bool>) -> Result<(), Error> {
        self.tables += 1;
        if self.tables > TABLES_MAX {
            return Err(Trouble::TooManyTables.into());
        }
        self.name = name;
        self.is_1904 = is_1904;
        self.stage = Stage::Looking(Vec::new());
        Ok(())
    }

    fn row(&mut self, number: u64, row: &Row) -> Result<Flow, Error> {
        self.rows += 1;
        if self.rows > ROWS_MAX {
            return Err(Trouble::TooManyRows.into());
        }
        if self.rows.is_multiple_of(1_000) && !self.take.progress(self.rows) {
            return Err(Error::Stopped);
        }
        match std::mem::replace(&mut self.stage, Stage::Left) {
            Stage::Looking(seen) => self.look(number, row, seen)?,
            Stage::Reading(mut open) => {
                let is_another = self.read(&mut open, number, row)?;
                self.stage = Stage::Reading(open);
                if is_another {
                    self.end()?;
                    self.look(number, row, Vec::new())?;
                }
            }
            Stage::Left => {}
        }
        Ok(match self.stage {
            Stage::Left => Flow::Leave,
            _ => Flow::On,
        })
    }

    fn end(&mut self) -> Result<(), Error> {
        match std::mem::replace(&mut self.stage, Stage::Left) {
            Stage::Reading(open) => {
                let Open { layout, mut part, .. } = *open;
                part.checks = layout.checks();
                part.covers = layout.covers();
                part.notes = std::mem::take(&mut self.found.notes);
                self.statement.parts.push(part);
            }
            Stage::Looking(seen) if format::is_no_bill(&seen) => {
                let part = self.part(Kind::WechatNoBill);
                self.statement.parts.push(part);
            }
            Stage::Looking(_) | Stage::Left => self.statement.passed_over.extend(self.name.take()),
        }
        self.found = Found::default();
        Ok(())
    }
}

impl Known {
    /// A heading that it needs and has not.
    fn missing(&self, headings: &[String]) -> Option<&'static str> {
        let has = |name: &&str| headings.iter().any(|heading| heading.eq_ignore_ascii_case(name));
        let missing = self.needs.iter().find(|names| !names.iter().any(has));
        missing.map(|names| names[0])
    }
}

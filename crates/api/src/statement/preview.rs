//! What a file would give, before anything of it is kept; and how its payments travel.
//!
//! Invariant: nothing here writes.

use std::io::Cursor;
use std::time::Instant;

use domain::statement::{Payment, Span};
use domain::{MerchantId, hex};
use serde::Serialize;
use statement::{Counted, Error, Mapping, Options, Outline, Part, Reason, Record, Setting, Statement};
use utoipa::ToSchema;

use super::form::Brought;
use super::read::{self, Unread};
use super::{READ_TIME_MAX, StatementCover, StatementKind, StatementOut};
use crate::problem::Problem;
use crate::wire::{Letters, Money, Time, word};

/// Records that are shown.
const SHOWN_MAX: usize = 20;
/// Refused rows that are named; all are counted.
const REFUSED_MAX: usize = 50;

word! {
    /// Which way the money of a payment goes: to the shop, or to the payer.
    PaymentDirection: domain::statement::Direction;
    /// What became of a payment, when the file was made; `unknown`: the file says it by a word that is in no table.
    PaymentState: domain::statement::PaymentState;
    /// What was paid with.
    PaymentMethod: domain::statement::Method;
    /// How a card was read.
    PaymentEntry: domain::statement::Entry;
    /// How much of a time the file settles: all; the minute; it may be an hour later; about which day.
    TimeCertainty: domain::statement::Certainty;
}

/// A span of time.
#[derive(Serialize, ToSchema)]
pub struct TimeSpan {
    /// From when.
    pub from: Time,
    /// Until when.
    pub to: Time,
}

impl TimeSpan {
    /// As it travels.
    pub const fn of((from, to): Span) -> Self {
        Self {
            from: Time(from),
            to: Time(to),
        }
    }
}

/// A payment, as a row of a file says it.
#[derive(Serialize, ToSchema)]
#[schema(as = Payment)]
pub struct PaymentOut {
    /// When.
    at: Time,
    /// How much of that the file settles.
    certainty: TimeCertainty,
    /// What the payer was charged or got back, before fees.
    amount: Money,
    /// Which way it went.
    direction: PaymentDirection,
    /// What became of it.
    state: PaymentState,
    /// What was paid with.
    method: PaymentMethod,
    /// What a refund has in common with its sale, where the file has such a thing.
    #[schema(required)]
    order_id: Option<String>,
    /// The terminal, as the file writes it.
    #[schema(required)]
    terminal: Option<String>,
    /// First six and last four digits, or fewer.
    #[schema(required)]
    card: Option<String>,
    /// Who paid, masked.
    #[schema(required)]
    payer: Option<String>,
    /// Who took the money, or asked for the refund.
    #[schema(required)]
    operator: Option<String>,
    /// How the card was read.
    #[schema(required)]
    entry: Option<PaymentEntry>,
    /// The row of the file where it begins, from 1.
    file_row: i64,
}

impl From<Payment> for PaymentOut {
    fn from(it: Payment) -> Self {
        Self {
            at: Time(it.at),
            certainty: TimeCertainty(it.certainty),
            amount: it.money().into(),
            direction: PaymentDirection(it.direction),
            state: PaymentState(it.state),
            method: PaymentMethod(it.method),
            order_id: it.order_id,
            terminal: it.terminal,
            card: it.card,
            payer: it.payer,
            operator: it.operator,
            entry: it.entry.map(PaymentEntry),
            file_row: it.file_row,
        }
    }
}

/// What a file would give.
#[derive(Serialize, ToSchema)]
pub struct StatementPreview {
    /// What the file is called.
    name: String,
    /// Its length, bytes.
    size: i64,
    /// Its SHA-256.
    sha256: String,
    /// The same content, where it is kept already for this shop or terminal.
    #[schema(required)]
    statement: Option<StatementOut>,
    /// Whether its layout is known, or the mapping's.
    is_recognised: bool,
    /// What must be said because the file does not: `currency` or `zone`; null: nothing. Until then nothing else is read.
    #[schema(required)]
    needs: Option<&'static str>,
    /// How a file is read whose layout is not public, to be checked and sent as `mapping`; null: it is public.
    #[schema(required, value_type = Option<Object>)]
    mapping: Option<Mapping>,
    /// From where the mapping is: it was sent; a file before was read by it, and it fits this one; or it is guessed, and nothing was
    /// read by it yet.
    #[schema(required)]
    mapping_from: Option<MappingFrom>,
    /// What such a file looks like; null: its layout is public, or it is no table.
    #[schema(required)]
    outline: Option<StatementOutline>,
    /// Its tables that were recognised.
    tables: Vec<StatementTable>,
    /// The names of those that were not.
    passed_over: Vec<String>,
    /// From its first payment to its last.
    #[schema(required)]
    span: Option<TimeSpan>,
    /// When it says something of: as it says itself, else from the first payment of a table to its last.
    covers: Vec<StatementCover>,
    /// Payments in it.
    payment_count: i64,
    /// Rows that were refused.
    refused_count: i64,
    /// The first 50 of them.
    refused_rows: Vec<StatementRefused>,
    /// What the file says of itself, beside what was read.
    checks: Vec<StatementCheck>,
    /// What people should know: how many payments are concerned.
    notes: StatementNotes,
    /// The first 20 payments.
    items: Vec<PaymentOut>,
}

/// From where a mapping is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum MappingFrom {
    /// It was sent.
    Sent,
    /// A file before was read by it.
    Kept,
    /// It is guessed.
    Guessed,
}

/// What a file looks like; no more than six digits in a row are shown.
#[derive(Serialize, ToSchema)]
struct StatementOutline {
    /// Its first rows.
    rows: Vec<StatementLine>,
    /// The row of the headings, from 1.
    header_row: u64,
    /// What stands below them.
    columns: Vec<StatementColumn>,
}

/// A row, as it stands there.
#[derive(Serialize, ToSchema)]
struct StatementLine {
    /// Its number, from 1.
    row: u64,
    /// Its first cells.
    cells: Vec<String>,
}

/// A column of a file.
#[derive(Serialize, ToSchema)]
struct StatementColumn {
    /// Its heading, as the file writes it.
    name: String,
    /// Some of what stands below.
    samples: Vec<String>,
    /// All words that stand below; null: they are too many, or no words.
    #[schema(required)]
    words: Option<Vec<String>>,
}

impl From<Outline> for StatementOutline {
    fn from(it: Outline) -> Self {
        let line = |line: statement::Line| StatementLine {
            row: line.row,
            cells: line.cells,
        };
        let column = |column: statement::Column| StatementColumn {
            name: column.name,
            samples: column.samples,
            words: column.words,
        };
        Self {
            rows: it.rows.into_iter().map(line).collect(),
            header_row: it.header_row,
            columns: it.columns.into_iter().map(column).collect(),
        }
    }
}

/// A table of a file.
#[derive(Serialize, ToSchema)]
struct StatementTable {
    /// The sheet's or the member's name; a text by itself has none.
    #[schema(required)]
    name: Option<String>,
    /// What it was recognised as.
    kind: StatementKind,
    /// Payments.
    payment_count: i64,
    /// Rows that are none: fees, withdrawals, transfers.
    other_count: i64,
    /// Rows that were refused.
    refused_count: i64,
}

/// A row that was refused.
#[derive(Serialize, ToSchema)]
struct StatementRefused {
    /// Of which table.
    #[schema(required)]
    table: Option<String>,
    /// Its number, from 1.
    row: i64,
    /// A word that stays.
    code: &'static str,
    /// Why, in Chinese.
    zh: String,
    /// Why, in English.
    en: String,
}

/// A total of the file, compared.
#[derive(Serialize, ToSchema)]
struct StatementCheck {
    /// The file's own word for it.
    what: &'static str,
    /// What it says.
    stated: i64,
    /// What was read.
    read: i64,
    /// Of which currency, minor units; null: rows.
    #[schema(required, value_type = Option<String>)]
    currency: Option<Letters>,
    /// Whether both agree.
    agrees: bool,
}

/// What people should know of a file before they rely on it.
#[derive(Default, Serialize, ToSchema)]
struct StatementNotes {
    /// Identifiers that a spreadsheet has destroyed.
    ids_destroyed: i64,
    /// Words that nobody knows: the state is unknown.
    words_unknown: i64,
    /// Times without seconds.
    seconds_missing: i64,
    /// Times that may be an hour later.
    hour_uncertain: i64,
    /// Times of which not even the day is certain.
    day_uncertain: i64,
    /// Payments without an identifier: two that say the same are told apart by their order alone.
    without_id: i64,
}

/// What was read of a file for a preview.
#[derive(Default)]
struct Looked {
    read: Statement,
    /// The first records.
    first: Vec<Record>,
    is_recognised: bool,
    needs: Option<Setting>,
}

/// Reads a file as it would be kept.
fn look(file: &[u8], options: &Options, until: Instant) -> Result<Looked, Unread> {
    let mut first: Vec<Record> = Vec::new();
    let take = |part: Vec<Record>| {
        let wanted = SHOWN_MAX - first.len();
        first.extend(part.into_iter().take(wanted));
        true
    };
    // What was read before it turned out that something must be said is not all: it is not shown.
    match read::all(file, options, until, take) {
        Ok(read) => Ok(Looked {
            read,
            first,
            is_recognised: true,
            needs: None,
        }),
        Err(Unread::Wrong(Error::NotRecognised)) => Ok(Looked::default()),
        Err(Unread::Wrong(Error::Needs(setting))) => Ok(Looked {
            is_recognised: true,
            needs: Some(setting),
            ..Looked::default()
        }),
        Err(why) => Err(why),
    }
}

/// A mapping by which a file was read before, if it fits this one; and what comes of it.
fn as_before(
    file: &[u8],
    options: &Options,
    before: &[String],
    until: Instant,
    outline: &Outline,
) -> Option<(Mapping, Looked)> {
    let kept = before.iter().filter_map(|json| super::kept_mapping(json));
    let mut fitting = kept.filter(|mapping| outline.has(mapping));
    fitting.find_map(|mapping| {
        let options = Options {
            mapping: Some(mapping.clone()),
            ..options.clone()
        };
        let looked = look(file, &options, until).ok()?;
        looked.is_recognised.then_some((mapping, looked))
    })
}

/// What a file would give. What cannot be read at all is a problem.
pub fn of(
    brought: Brought,
    same: Option<StatementOut>,
    before: &[String],
) -> Result<StatementPreview, Problem> {
    let until = Instant::now() + READ_TIME_MAX;
    let (file, options) = (&brought.form.file, &brought.options);
    let asked = brought.form.header_row;
    // Who says where the headings are has seen that nothing fits.
    let (mut looked, before) = match asked {
        Some(_) => (Looked::default(), &[][..]),
        None => (look(file, options, until)?, before),
    };
    let sent = options.mapping.as_ref();
    let row = asked.or_else(|| sent?.header_row).map(u64::from);
    let outline = match looked.is_recognised && sent.is_none() {
        true => None,
        false => statement::outline(Cursor::new(file), stem(&brought.name), row).ok(),
    };
    let (mapping, from) = match (sent, &outline) {
        (Some(sent), _) => (Some(sent.clone()), Some(MappingFrom::Sent)),
        (None, Some(outline)) => match as_before(file, options, before, until, outline) {
            Some((mapping, again)) => {
                looked = again;
                (Some(mapping), Some(MappingFrom::Kept))
            }
            None => (Some(outline.mapping.clone()), Some(MappingFrom::Guessed)),
        },
        (None, None) => (None, None),
    };
    let Looked {
        read,
        first,
        is_recognised,
        needs,
    } = looked;
    let found = read::found(&read);
    let covers = |spans: &[Span], is_said| {
        let cover = move |(from, to)| StatementCover {
            from: Time(from),
            to: Time(to),
            is_said,
        };
        domain::statement::joined(spans.to_vec()).into_iter().map(cover)
    };
    let shown = |record| PaymentOut::from(read::payment(("", 0), MerchantId::NONE, record));
    Ok(StatementPreview {
        size: file.len() as i64,
        sha256: hex::of(&brought.sha256),
        name: brought.name,
        statement: same,
        is_recognised,
        needs: needs.map(Setting::code),
        mapping,
        mapping_from: from,
        outline: outline.map(StatementOutline::from),
        span: found.span.map(TimeSpan::of),
        covers: covers(&found.said, true)
            .chain(covers(&found.unsaid, false))
            .collect(),
        payment_count: read.parts.iter().map(|part| part.records as i64).sum(),
        refused_count: found.refused,
        refused_rows: refused_rows(&read.parts),
        checks: read.parts.iter().flat_map(checks).collect(),
        notes: notes(&read.parts),
        tables: read.parts.into_iter().map(StatementTable::from).collect(),
        passed_over: read.passed_over,
        items: first.into_iter().map(shown).collect(),
    })
}

/// A file's name without what says its format.
fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

impl From<Part> for StatementTable {
    fn from(it: Part) -> Self {
        Self {
            name: it.name,
            kind: StatementKind(it.kind),
            payment_count: it.records as i64,
            other_count: it.passed_over as i64,
            refused_count: it.refused as i64,
        }
    }
}

fn refused_rows(parts: &[Part]) -> Vec<StatementRefused> {
    let rows = parts
        .iter()
        .flat_map(|part| part.refused_rows.iter().map(move |refused| (part, refused)));
    let row = |(part, refused): (&Part, &statement::Refused)| StatementRefused {
        table: part.name.clone(),
        row: i64::try_from(refused.row).unwrap_or(i64::MAX),
        code: refused.reason.code(),
        zh: reason_zh(&refused.reason),
        en: read::sentence(&refused.reason.to_string()),
    };
    rows.take(REFUSED_MAX).map(row).collect()
}

fn reason_zh(reason: &Reason) -> String {
    match reason {
        Reason::TooManyFields { fields, headings } => {
            format!("有 {fields} 个字段，表头只有 {headings} 个。")
        }
        Reason::Blank(column) => format!("“{column}”是空的。"),
        Reason::Time(column) => format!("“{column}”不是时间。"),
        Reason::Zone(column) => format!("“{column}”不是已知的时区。"),
        Reason::Amount(column) => format!("“{column}”不是金额。"),
        Reason::TooLarge(column) => format!("“{column}”金额太大。"),
        Reason::Currency(column) => format!("“{column}”不是已知的货币。"),
    }
}

fn checks(part: &Part) -> impl Iterator<Item = StatementCheck> {
    part.checks.iter().map(|check| StatementCheck {
        what: check.what,
        stated: check.stated,
        read: check.read,
        currency: match check.unit {
            Counted::Rows => None,
            Counted::Minor(currency) => Some(Letters::of(currency)),
        },
        agrees: check.agrees(),
    })
}

fn notes(parts: &[Part]) -> StatementNotes {
    let sum = |of: fn(&statement::Notes) -> u64| parts.iter().map(|part| of(&part.notes) as i64).sum();
    StatementNotes {
        ids_destroyed: sum(|notes| notes.ids_destroyed),
        words_unknown: sum(|notes| notes.words_unknown),
        seconds_missing: sum(|notes| notes.seconds_missing),
        hour_uncertain: sum(|notes| notes.hour_uncertain),
        day_uncertain: sum(|notes| notes.day_uncertain),
        without_id: sum(|notes| notes.without_id),
    }
}

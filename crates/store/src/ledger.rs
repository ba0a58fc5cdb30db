//! The ledger: every decision about every request, in each terminal's own durable order.
//!
//! Invariant: rows are appended, never updated or deleted; within a terminal both `sequence` and `at_ms` never go back.

use std::collections::BTreeMap;

use domain::money::{Currency, Sums};
use domain::recorded::Which;
use domain::transaction::{BatchTrace, Decision, Entry, EntryMode, Kind, LedgerRow, Proof, ResponseCode};
use domain::{MaskedPan, Money, TerminalId, Timestamp};

use crate::postgres::{Many, Session, column};
use crate::sql::{Row, Sql, Value, sql, values};
use crate::{Error, Tx};

macro_rules! columns {
    () => {
        "terminal_id, sequence, at_ms, decision, entry, batch, trace, amount_minor, currency, card, \
         entry_mode, operator, response_code, reason, retrieval_reference, approval_code, peer, \
         requested_at_ms, of_sequence, proof, repeated"
    };
}

/// `span (low, high)`: the sequences of the rows of the terminal `$1` decided at or after `$2` and before `$3`, from the first number to below
/// the second. Within a terminal time follows the sequence, so no index on time is needed; and it is one statement with what asks for
/// them, for each is a round trip. For both times it climbs by steps that halve, over all that is earlier.
macro_rules! span {
    () => {
        "WITH RECURSIVE climb (at, low, step) AS (
           SELECT asked.at, CAST(0 AS BIGINT), newest.sequence + 1
             FROM (SELECT sequence FROM ledger WHERE terminal_id = $1 ORDER BY sequence DESC LIMIT 1) AS newest
             CROSS JOIN (SELECT CAST($2 AS BIGINT) AS at UNION ALL SELECT CAST($3 AS BIGINT)) AS asked
           UNION ALL
           SELECT at, low + CASE WHEN (SELECT l.at_ms FROM ledger l WHERE l.terminal_id = $1 AND l.sequence >= climb.low + climb.step - 1
                                        ORDER BY l.sequence LIMIT 1) < climb.at THEN step ELSE 0 END,
                  CASE WHEN step = 1 THEN 0 ELSE (step + 1) / 2 END
             FROM climb WHERE step > 0),
         span (low, high) AS (
           SELECT coalesce(max(CASE WHEN at = $2 THEN low END), 0), coalesce(max(CASE WHEN at = $3 THEN low END), 0) FROM climb)
         "
    };
}

/// The next place in a terminal's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The next free sequence.
    pub sequence: i64,
    /// The time to write: now, but never before the terminal's last row.
    pub at: Timestamp,
    /// The time of the terminal's last row.
    pub last_at: Option<Timestamp>,
}

/// The next place in a terminal's order. Read with the terminal locked.
pub fn next_place(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Place, Error> {
    let places = sql!(
        "SELECT sequence, at_ms FROM (SELECT sequence, at_ms FROM ledger WHERE terminal_id = $1 ORDER BY sequence DESC LIMIT 1) AS last
         UNION ALL SELECT max(sequence), NULL FROM pending WHERE terminal_id = $1"
    );
    let (mut last, mut waiting) = (None, None);
    match tx.gathered(terminal_id) {
        Some(set) => (last, waiting) = set.place(terminal_id),
        None => {
            for place in tx.all(places, values![&terminal_id], |row| {
                Ok((row.int_opt(0)?, row.time_opt(1)?))
            })? {
                match place {
                    (Some(sequence), Some(at)) => last = Some((sequence, at)),
                    (sequence, _) => waiting = sequence,
                }
            }
        }
    }
    let sequence = last
        .map_or(0, |(sequence, _)| sequence)
        .max(waiting.unwrap_or_default())
        + 1;
    let last_at = last.map(|(_, at)| at);
    Ok(Place {
        sequence,
        at: last_at.map_or(tx.now(), |last| last.max(tx.now())),
        last_at,
    })
}

/// Appends a row.
pub fn append(tx: &Tx<'_>, row: &LedgerRow) -> Result<(), Error> {
    const APPEND: Sql = sql!(concat!(
        "INSERT INTO ledger (",
        columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)"
    ));
    if let Some(mut set) = tx.gathered(row.terminal_id) {
        set.append(row);
        return Ok(());
    }
    let card = row.card.map(|card| card.to_string());
    let values = values![
        &row.terminal_id,
        row.sequence,
        row.at,
        row.decision.map(Decision::code),
        row.entry.code(),
        row.batch_trace.map(|name| name.batch),
        row.batch_trace.map(|name| name.trace),
        row.amount.map(|amount| amount.minor),
        row.amount.map(|amount| amount.currency.0),
        card.as_deref(),
        row.entry_mode.map(EntryMode::code),
        row.operator.as_deref(),
        row.response_code.as_ref().map(ResponseCode::as_str),
        row.reason.as_deref(),
        row.retrieval_reference.as_deref(),
        row.approval_code.as_deref(),
        row.peer.as_deref(),
        row.requested_at,
        row.of_sequence,
        row.proof.map(Proof::code),
        row.repeated,
    ];
    tx.execute(APPEND, values).map(drop)
}

/// Appends many rows by one statement.
pub(crate) fn append_many<'r>(session: &Session, rows: &'r [LedgerRow]) -> Result<Many<'r>, Error> {
    const APPEND: &str = concat!(
        "INSERT INTO ledger (",
        columns!(),
        ") SELECT * FROM unnest(CAST($1 AS TEXT[]), CAST($2 AS BIGINT[]), CAST($3 AS BIGINT[]), CAST($4 AS TEXT[]), CAST($5 AS TEXT[]),
           CAST($6 AS BIGINT[]), CAST($7 AS BIGINT[]), CAST($8 AS BIGINT[]), CAST($9 AS BIGINT[]), CAST($10 AS TEXT[]), CAST($11 AS TEXT[]),
           CAST($12 AS TEXT[]), CAST($13 AS TEXT[]), CAST($14 AS TEXT[]), CAST($15 AS TEXT[]), CAST($16 AS TEXT[]), CAST($17 AS TEXT[]),
           CAST($18 AS BIGINT[]), CAST($19 AS BIGINT[]), CAST($20 AS TEXT[]), CAST($21 AS BIGINT[]))"
    );
    session.many(
        APPEND,
        vec![
            column(rows, |row| row.terminal_id.as_str()),
            column(rows, |row| row.sequence),
            column(rows, |row| row.at.0),
            column(rows, |row| row.decision.map(Decision::code)),
            column(rows, |row| row.entry.code()),
            column(rows, |row| row.batch_trace.map(|name| i64::from(name.batch))),
            column(rows, |row| row.batch_trace.map(|name| i64::from(name.trace))),
            column(rows, |row| row.amount.map(|amount| amount.minor)),
            column(rows, |row| row.amount.map(|amount| i64::from(amount.currency.0))),
            column(rows, |row| row.card.map(|card| card.to_string())),
            column(rows, |row| row.entry_mode.map(EntryMode::code)),
            column(rows, |row| row.operator.as_deref()),
            column(rows, |row| row.response_code.as_ref().map(ResponseCode::as_str)),
            column(rows, |row| row.reason.as_deref()),
            column(rows, |row| row.retrieval_reference.as_deref()),
            column(rows, |row| row.approval_code.as_deref()),
            column(rows, |row| row.peer.as_deref()),
            column(rows, |row| row.requested_at.0),
            column(rows, |row| row.of_sequence),
            column(rows, |row| row.proof.map(Proof::code)),
            column(rows, |row| row.repeated),
        ],
    )
}

/// One row.
pub fn get(tx: &Tx<'_>, terminal_id: TerminalId, sequence: i64) -> Result<Option<LedgerRow>, Error> {
    const GET: Sql = sql!(concat!(
        "SELECT ",
        columns!(),
        " FROM ledger WHERE terminal_id = $1 AND sequence = $2"
    ));
    tx.first(GET, values![&terminal_id, sequence], read)
}

/// All rows about one batch and trace, oldest first; at most 32, more than one name can take: each kind of request hears
/// one named refusal at most, and beside them there are an answer, what undid it and a record.
pub fn by_name(tx: &Tx<'_>, terminal_id: TerminalId, name: BatchTrace) -> Result<Vec<LedgerRow>, Error> {
    const BY_NAME: Sql = sql!(concat!(
        "SELECT ",
        columns!(),
        " FROM ledger WHERE terminal_id = $1 AND batch = $2 AND trace = $3 LIMIT 32"
    ));
    if tx
        .gathered(terminal_id)
        .is_some_and(|set| set.is_unknown(terminal_id, name))
    {
        return Ok(Vec::new());
    }
    // Sorted here: asked to sort, SQLite walks the terminal's whole ledger by its key instead of the narrow index.
    let mut rows = tx.all(BY_NAME, values![&terminal_id, name.batch, name.trace], read)?;
    rows.sort_unstable_by_key(|row| row.sequence);
    Ok(rows)
}

/// Rows of [`about`] at most: fifty refunds with what became of each, and as many tries that were declined.
pub const ABOUT_MAX: usize = 256;

/// The rows that refer to a row, and those that refer to them, oldest first; at most [`ABOUT_MAX`].
pub fn about(tx: &Tx<'_>, terminal_id: TerminalId, sequence: i64) -> Result<Vec<LedgerRow>, Error> {
    const ABOUT: Sql = sql!(concat!(
        "SELECT ",
        columns!(),
        " FROM ledger WHERE terminal_id = $1 AND (of_sequence = $2 OR of_sequence IN
           (SELECT sequence FROM ledger WHERE terminal_id = $1 AND of_sequence = $2)) LIMIT 256"
    ));
    let mut rows = tx.all(ABOUT, values![&terminal_id, sequence], read)?;
    rows.sort_unstable_by_key(|row| row.sequence);
    Ok(rows)
}

/// Approvals of one batch that carry this retrieval reference or this approval code, oldest first; at most 16.
pub fn by_marks(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    batch: u32,
    (retrieval_reference, approval_code): (Option<&str>, Option<&str>),
) -> Result<Vec<LedgerRow>, Error> {
    const BY_MARKS: Sql = sql!(concat!(
        "SELECT ",
        columns!(),
        " FROM ledger WHERE terminal_id = $1 AND batch = $2 AND decision = 'approved'
           AND (retrieval_reference = $3 OR approval_code = $4) LIMIT 16"
    ));
    let values = values![&terminal_id, batch, retrieval_reference, approval_code];
    let mut rows = tx.all(BY_MARKS, values, read)?;
    rows.sort_unstable_by_key(|row| row.sequence);
    Ok(rows)
}

/// Which rows of one terminal a page shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// Decided at or after.
    pub from: Option<Timestamp>,
    /// Decided before.
    pub to: Option<Timestamp>,
    /// One decision only.
    pub decision: Option<Decision>,
}

/// A terminal's rows, newest first, below `below`; without holds. At most `limit`.
pub fn page(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    filter: Filter,
    below: Option<i64>,
    limit: i64,
) -> Result<Vec<LedgerRow>, Error> {
    const PAGE: Sql = sql!(concat!(
        "SELECT ",
        columns!(),
        " FROM ledger WHERE terminal_id = $1 AND sequence < $2
          AND decision IS NOT NULL AND (CAST($3 AS TEXT) IS NULL OR decision = $3) ORDER BY sequence DESC LIMIT $4"
    ));
    const PAGE_WITHIN: Sql = sql!(concat!(
        span!(),
        "SELECT ",
        columns!(),
        " FROM ledger WHERE terminal_id = $1 AND sequence >= (SELECT low FROM span) AND sequence < (SELECT high FROM span)
          AND sequence < $4 AND decision IS NOT NULL AND (CAST($5 AS TEXT) IS NULL OR decision = $5)
          ORDER BY sequence DESC LIMIT $6"
    ));
    let (id, below) = (Value::from(&terminal_id), below.unwrap_or(i64::MAX).into());
    let (decision, limit) = (Value::from(filter.decision.map(Decision::code)), limit.into());
    if (filter.from, filter.to) == (None, None) {
        return tx.all(PAGE, &[id, below, decision, limit], read);
    }
    let from = filter.from.unwrap_or(Timestamp(i64::MIN)).into();
    let to = filter.to.unwrap_or(Timestamp(i64::MAX)).into();
    tx.all(PAGE_WITHIN, &[id, from, to, below, decision, limit], read)
}

/// Reversals, voids and refunds that a terminal asked for while it was held, newest first, below `below`; at most `limit`.
pub fn turned_back(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    which: Option<Which>,
    (from, below): (i64, i64),
    limit: i64,
) -> Result<Vec<LedgerRow>, Error> {
    const TURNED_BACK: Sql = sql!(concat!(
        "SELECT ",
        columns!(),
        " FROM ledger WHERE terminal_id = $1 AND sequence >= $2 AND sequence < $3 AND decision = 'recorded' AND response_code = '58'
           AND entry IN ('void', 'refund', 'pre_authorisation_void', 'completion_void', 'reversal')
           AND coalesce(reason, '') <> 'reversal_refused_by_host'
           AND (CAST($4 AS BIGINT) IS NULL OR $4 = CASE WHEN EXISTS (SELECT 1 FROM recorded WHERE recorded.terminal_id = $1
             AND recorded.sequence = ledger.sequence AND recorded.decided_at_ms IS NOT NULL) THEN 1 ELSE 0 END)
           AND (CAST($5 AS BIGINT) IS NULL OR EXISTS (SELECT 1 FROM recorded WHERE recorded.terminal_id = $1
             AND recorded.sequence = ledger.sequence AND recorded.reversal_sealed IS NOT NULL)) ORDER BY sequence DESC LIMIT $6"
    ));
    let decided = which.map(|which| i64::from(which == Which::Decided));
    let kept = (which == Some(Which::Kept)).then_some(1_i64);
    tx.all(
        TURNED_BACK,
        values![&terminal_id, from, below, decided, kept, limit],
        read,
    )
}

/// Rows of a terminal after a sequence, oldest first, up to another; at most `limit`.
pub fn after(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    after: i64,
    to: i64,
    limit: i64,
) -> Result<Vec<LedgerRow>, Error> {
    const AFTER: Sql = sql!(concat!(
        "SELECT ",
        columns!(),
        " FROM ledger WHERE terminal_id = $1 AND sequence > $2 AND sequence <= $3 ORDER BY sequence LIMIT $4"
    ));
    tx.all(AFTER, values![&terminal_id, after, to, limit], read)
}

/// Rows of a terminal after a sequence that say which card was there, by requests that it proved or that nobody could forge, oldest first:
/// place, time and the truncated card. At most `limit`.
pub fn cards(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, Timestamp, String)>, Error> {
    let sql = sql!(
        "SELECT sequence, at_ms, card FROM ledger WHERE terminal_id = $1 AND sequence > $2 AND card IS NOT NULL
           AND coalesce(proof, '') <> 'unproven' ORDER BY sequence LIMIT $3"
    );
    tx.all(sql, values![&terminal_id, after, limit], |row| {
        Ok((row.int(0)?, row.time(1)?, row.string(2)?))
    })
}

/// The terminal's last decided row.
pub fn last(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Option<LedgerRow>, Error> {
    Ok(page(tx, terminal_id, Filter::default(), None, 1)?.pop())
}

/// The terminal's last approval at or before a time, of what it proved to have asked for itself.
pub fn last_approval(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    at: Timestamp,
) -> Result<Option<LedgerRow>, Error> {
    const LAST: Sql = sql!(concat!(
        "SELECT ",
        columns!(),
        " FROM ledger WHERE terminal_id = $1 AND sequence < $2 AND decision = 'approved' AND coalesce(proof, '') <> 'unproven'
          ORDER BY sequence DESC LIMIT 1"
    ));
    let (_, below) = within(tx, terminal_id, (at, at.plus_ms(1)))?;
    tx.first(LAST, values![&terminal_id, below], read)
}

/// Whether the terminal has proved since a place in its order that it goes on in a batch.
pub fn is_traded_in(tx: &Tx<'_>, terminal_id: TerminalId, batch: u32, since: i64) -> Result<bool, Error> {
    let sql = sql!(
        "SELECT 1 FROM ledger WHERE terminal_id = $1 AND sequence > $2 AND batch = $3 AND proof = 'proven'
           AND entry NOT IN ('lock', 'unlock') LIMIT 1"
    );
    let found = tx.first(sql, values![&terminal_id, since, batch], |row| row.int(0))?;
    Ok(found.is_some())
}

/// Whether a key of the terminal (lock, unlock) was used in the batch since a place in its order, under a trace number from
/// `first` to `last`.
pub fn is_key_used(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    (batch, since): (u32, i64),
    (first, last): (u32, u32),
) -> Result<bool, Error> {
    let sql = sql!(
        "SELECT 1 FROM ledger WHERE terminal_id = $1 AND batch = $2 AND trace >= $3 AND trace <= $4 AND sequence > $5
           AND entry IN ('lock', 'unlock') LIMIT 1"
    );
    let values = values![&terminal_id, batch, first, last, since];
    Ok(tx.first(sql, values, |row| row.int(0))?.is_some())
}

/// The sequences of a terminal's rows decided at or after `from` and before `to`: from the first number to below the second.
pub fn within(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    (from, to): (Timestamp, Timestamp),
) -> Result<(i64, i64), Error> {
    let sql = sql!(concat!(span!(), "SELECT low, high FROM span"));
    let found = tx.first(sql, values![&terminal_id, from, to], |row| {
        Ok((row.int(0)?, row.int(1)?))
    })?;
    Ok(found.unwrap_or_default())
}

/// The sequence of a terminal's last row.
pub fn newest(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Option<i64>, Error> {
    let newest = sql!("SELECT sequence FROM ledger WHERE terminal_id = $1 ORDER BY sequence DESC LIMIT 1");
    tx.first(newest, values![&terminal_id], |row| row.int(0))
}

/// What approvals decided in a span of time brought, less what went back in it: the count of approvals, and the sums.
pub fn takings(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    from: Timestamp,
    to: Timestamp,
) -> Result<(i64, Sums), Error> {
    let (low, high) = within(tx, terminal_id, (from, to))?;
    let (mut approved, mut sums) = (0, Sums::default());
    for moved in moved(tx, terminal_id, (low, high))? {
        approved += if moved.is_approved { moved.count } else { 0 };
        if let Some(currency) = moved.currency {
            sums.add(currency, if moved.is_in() { moved.minor } else { -moved.minor });
        }
    }
    Ok((approved, sums))
}

/// Requests alike that moved money.
struct Moved {
    currency: Option<Currency>,
    count: i64,
    minor: i64,
    /// Approved; else reversed.
    is_approved: bool,
    is_sale: bool,
}

impl Moved {
    /// Whether money came in: by a sale, or by what gives one back that was undone.
    const fn is_in(&self) -> bool {
        self.is_approved == self.is_sale
    }
}

/// What moved money from one place in a terminal's order to before another: what was approved, and what of it was undone that was given.
fn moved(tx: &Tx<'_>, terminal_id: TerminalId, (low, high): (i64, i64)) -> Result<Vec<Moved>, Error> {
    let sql = sql!(
        "SELECT currency, count(*), CAST(coalesce(sum(amount_minor), 0) AS BIGINT),
           CASE WHEN decision = 'approved' THEN 1 ELSE 0 END,
           CASE WHEN entry IN ('purchase', 'completion', 'completion_notice') THEN 1 ELSE 0 END
         FROM ledger WHERE terminal_id = $1 AND sequence >= $2 AND sequence < $3
           AND (decision = 'approved' AND entry IN ('purchase', 'completion', 'completion_notice', 'void', 'refund', 'completion_void')
             OR decision = 'reversed' AND entry IN ('purchase', 'completion', 'completion_notice', 'void', 'completion_void')
               AND coalesce(reason, '') <> 'never_given')
         GROUP BY currency, 4, 5"
    );
    tx.all(sql, values![&terminal_id, low, high], |row| {
        let (currency, count, minor) = read_sum(row)?;
        Ok(Moved {
            currency,
            count,
            minor,
            is_approved: row.int(3)? != 0,
            is_sale: row.int(4)? != 0,
        })
    })
}

/// What came in and what went back in one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Minor units that came in: approved sales, and voids that were reversed.
    pub in_minor: i64,
    /// How many times.
    pub in_count: i64,
    /// Minor units that went back: approved voids and refunds, and sales that were reversed.
    pub back_minor: i64,
    /// How many times.
    pub back_count: i64,
}

/// What came in and went back from one place in a terminal's order to before another, by currency.
pub fn flows(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    span: (i64, i64),
) -> Result<BTreeMap<Currency, Flow>, Error> {
    let mut flows = BTreeMap::<_, Flow>::new();
    for moved in moved(tx, terminal_id, span)? {
        let Some(currency) = moved.currency else { continue };
        let flow = flows.entry(currency).or_default();
        let (count, minor) = match moved.is_in() {
            true => (&mut flow.in_count, &mut flow.in_minor),
            false => (&mut flow.back_count, &mut flow.back_minor),
        };
        *count += moved.count;
        *minor += moved.minor;
    }
    Ok(flows)
}

/// What approvals of one hour brought in one currency, less what went back in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hour {
    /// Its start.
    pub at: Timestamp,
    /// In which currency.
    pub currency: Currency,
    /// Minor units.
    pub minor: i64,
}

/// The hours between two moments in which something was taken or went back, counted from the first: at most those of 12 weeks in two
/// currencies.
pub fn hourly_takings(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Hour>, Error> {
    let sql = sql!(
        "SELECT (at_ms - $4) / 3600000, currency, CAST(coalesce(sum(CASE
            WHEN decision = 'approved' AND entry IN ('purchase', 'completion', 'completion_notice') THEN amount_minor
            WHEN decision = 'approved' AND entry IN ('void', 'refund', 'completion_void') THEN -amount_minor
            WHEN decision = 'reversed' AND entry IN ('purchase', 'completion', 'completion_notice') THEN -amount_minor
            WHEN decision = 'reversed' AND entry IN ('void', 'completion_void') THEN amount_minor ELSE 0 END), 0) AS BIGINT)
         FROM ledger WHERE terminal_id = $1 AND sequence >= $2 AND sequence < $3 AND decision IN ('approved', 'reversed')
           AND entry IN ('purchase', 'completion', 'completion_notice', 'void', 'refund', 'completion_void') AND currency IS NOT NULL
           AND NOT (decision = 'reversed' AND coalesce(reason, '') = 'never_given')
         GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 4032"
    );
    let (low, high) = within(tx, terminal_id, (from, to))?;
    let hours = tx.all(sql, values![&terminal_id, low, high, from], |row| {
        Ok((row.int(0)?, read_currency(row, 1)?, row.int(2)?))
    })?;
    let hour = |(at, currency, minor): (i64, Option<Currency>, i64)| {
        Some(Hour {
            at: from.plus_ms(at * 3_600_000),
            currency: currency?,
            minor,
        })
    };
    Ok(hours.into_iter().filter_map(hour).collect())
}

/// Requests that carried an amount, decided after `from` (the last trusted one is at it) and before `to`: their count,
/// and the sums of the sales approved among them.
pub fn in_window(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    from: Timestamp,
    to: Timestamp,
) -> Result<(i64, Sums), Error> {
    // A refused request may name any currency; those of approvals are few.
    let sql = sql!(
        "SELECT CASE WHEN decision = 'approved' AND entry IN ('purchase', 'completion', 'completion_notice') THEN currency END,
           count(*), CAST(coalesce(sum(amount_minor), 0) AS BIGINT)
         FROM ledger WHERE terminal_id = $1 AND sequence >= $2 AND sequence < $3
           AND decision IN ('approved', 'declined', 'recorded') AND amount_minor IS NOT NULL
         GROUP BY 1"
    );
    let (low, high) = within(tx, terminal_id, (from.plus_ms(1), to))?;
    Ok(summed(tx.all(sql, values![&terminal_id, low, high], read_sum)?))
}

/// A group of rows: its currency, how many they are, and their sum.
type Group = (Option<Currency>, i64, i64);

fn read_sum(row: &Row<'_>) -> Result<Group, Error> {
    Ok((read_currency(row, 0)?, row.int(1)?, row.int(2)?))
}

/// All groups counted, and those with a currency summed.
fn summed(groups: Vec<Group>) -> (i64, Sums) {
    let (mut count, mut sums) = (0, Sums::default());
    for (currency, of_group, minor) in groups {
        count += of_group;
        if let Some(currency) = currency {
            sums.add(currency, minor);
        }
    }
    (count, sums)
}

/// Approved and refused requests of one span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its start.
    pub at: Timestamp,
    /// Approvals of money.
    pub approved_count: i64,
    /// Their sums.
    pub approved: Sums,
    /// Refused or recorded requests.
    pub refused_count: i64,
}

/// A terminal's activity by spans of `bucket_ms`, only spans in which something happened; at most 1,000 of them.
pub fn activity(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    (from, to): (Timestamp, Timestamp),
    bucket_ms: i64,
) -> Result<Vec<Bucket>, Error> {
    let sql = sql!(
        "SELECT (at_ms - $4) / $5, CASE WHEN decision = 'approved' THEN currency END,
           sum(CASE WHEN decision = 'approved' AND amount_minor IS NOT NULL THEN 1 ELSE 0 END),
           CAST(sum(CASE WHEN decision = 'approved' THEN coalesce(amount_minor, 0) ELSE 0 END) AS BIGINT),
           sum(CASE WHEN decision IN ('declined', 'recorded') THEN 1 ELSE 0 END)
         FROM ledger WHERE terminal_id = $1 AND sequence >= $2 AND sequence < $3 AND decision IS NOT NULL
         GROUP BY 1, 2 ORDER BY 1 LIMIT 4000"
    );
    let (low, high) = within(tx, terminal_id, (from, to))?;
    let groups = tx.all(
        sql,
        values![&terminal_id, low, high, from, bucket_ms.max(1)],
        |row| {
            let sum = (row.int(2)?, row.int(3)?, row.int(4)?);
            Ok((from.plus_ms(row.int(0)? * bucket_ms), read_currency(row, 1)?, sum))
        },
    )?;
    let mut buckets: Vec<Bucket> = Vec::new();
    for (at, currency, (approved_count, minor, refused_count)) in groups {
        if buckets.last().is_none_or(|last| last.at != at) {
            buckets.push(Bucket {
                at,
                approved_count: 0,
                approved: Sums::default(),
                refused_count: 0,
            });
        }
        let Some(bucket) = buckets.last_mut() else {
            continue;
        };
        bucket.approved_count += approved_count;
        bucket.refused_count += refused_count;
        if let Some(currency) = currency {
            bucket.approved.add(currency, minor);
        }
    }
    buckets.truncate(1_000);
    Ok(buckets)
}

/// The totals of one batch in one currency, as the ledger has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchTotals {
    /// Minor units taken from cardholders.
    pub debit_minor: i64,
    /// How many times.
    pub debit_count: i64,
    /// Minor units given back.
    pub credit_minor: i64,
    /// How many times.
    pub credit_count: i64,
}

/// The totals of a batch, one for each currency in it: what was approved and neither reversed nor about to be.
pub fn batch_totals(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    batch: u32,
) -> Result<BTreeMap<Currency, BatchTotals>, Error> {
    let sql = sql!(
        "SELECT l.currency, count(*), CAST(coalesce(sum(l.amount_minor), 0) AS BIGINT),
           CASE WHEN l.entry IN ('purchase', 'completion', 'completion_notice') THEN 1 ELSE 0 END FROM ledger l
         WHERE l.terminal_id = $1 AND l.batch = $2 AND l.decision = 'approved' AND l.currency IS NOT NULL
           AND l.entry IN ('purchase', 'completion', 'completion_notice', 'void', 'refund', 'completion_void')
           AND NOT EXISTS (SELECT 1 FROM ledger r WHERE r.terminal_id = $1 AND r.batch = $2 AND r.trace = l.trace AND r.decision = 'reversed')
           AND NOT EXISTS (SELECT 1 FROM owed_reversal o WHERE o.terminal_id = $1 AND o.sequence = l.sequence)
         GROUP BY l.currency, 4"
    );
    let groups = tx.all(sql, values![&terminal_id, batch], |row| {
        Ok((read_sum(row)?, row.int(3)? != 0))
    })?;
    let mut all = BTreeMap::<_, BatchTotals>::new();
    for ((currency, count, minor), is_debit) in groups {
        let currency = currency.ok_or(Error::Corrupt("ledger.currency"))?;
        let totals = all.entry(currency).or_default();
        match is_debit {
            true => (totals.debit_count, totals.debit_minor) = (count, minor),
            false => (totals.credit_count, totals.credit_minor) = (count, minor),
        }
    }
    Ok(all)
}

/// How many approvals follow a place in the terminal's order: after a loss report, always none.
pub fn approvals_after(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    sequence: i64,
    until: Option<i64>,
) -> Result<i64, Error> {
    let sql = sql!(
        "SELECT count(*) FROM ledger WHERE terminal_id = $1 AND sequence > $2 AND sequence < $3 AND decision = 'approved'"
    );
    let until = until.unwrap_or(i64::MAX);
    Ok(tx
        .first(sql, values![&terminal_id, sequence, until], |row| row.int(0))?
        .unwrap_or_default())
}

/// Where a hold was released, if it was.
pub fn release_of(tx: &Tx<'_>, terminal_id: TerminalId, hold_id: i64) -> Result<Option<i64>, Error> {
    let sql = sql!(
        "SELECT sequence FROM ledger WHERE terminal_id = $1 AND sequence > $2 AND entry = 'hold_released' AND of_sequence = $2
         ORDER BY sequence LIMIT 1"
    );
    tx.first(sql, values![&terminal_id, hold_id], |row| row.int(0))
}

fn read_currency(row: &Row<'_>, at: usize) -> Result<Option<Currency>, Error> {
    let code = row.int_opt(at)?.map(u16::try_from).transpose();
    Ok(code.map_err(|_| Error::Corrupt("currency"))?.map(Currency))
}

pub(crate) fn read_money(row: &Row<'_>, minor: usize, currency: usize) -> Result<Option<Money>, Error> {
    let (Some(minor), Some(currency)) = (row.int_opt(minor)?, read_currency(row, currency)?) else {
        return Ok(None);
    };
    Money::new(minor, currency)
        .map(Some)
        .map_err(|_| Error::Corrupt("amount_minor"))
}

pub(crate) fn read_card(text: Option<&str>) -> Result<Option<MaskedPan>, Error> {
    text.map(|text| MaskedPan::parse(text).ok_or(Error::Corrupt("card")))
        .transpose()
}

pub(crate) fn read_name(row: &Row<'_>, batch: usize, trace: usize) -> Result<Option<BatchTrace>, Error> {
    let (Some(batch), Some(trace)) = (row.int_opt(batch)?, row.int_opt(trace)?) else {
        return Ok(None);
    };
    match (u32::try_from(batch), u32::try_from(trace)) {
        (Ok(batch), Ok(trace)) => Ok(Some(BatchTrace { batch, trace })),
        _ => Err(Error::Corrupt("batch or trace")),
    }
}

pub(crate) fn read_kind(code: &str) -> Result<Kind, Error> {
    Kind::parse(code).ok_or(Error::Corrupt("entry"))
}

pub(crate) fn read_mode(code: Option<&str>) -> Result<Option<EntryMode>, Error> {
    code.map(|code| EntryMode::parse(code).ok_or(Error::Corrupt("entry_mode")))
        .transpose()
}

fn read(row: &Row<'_>) -> Result<LedgerRow, Error> {
    let decision = match row.text_opt(3)? {
        None => None,
        Some(code) => Some(Decision::parse(code).ok_or(Error::Corrupt("ledger.decision"))?),
    };
    let response_code = match row.text_opt(12)? {
        None => None,
        Some(code) => {
            Some(ResponseCode::parse(code.as_bytes()).ok_or(Error::Corrupt("ledger.response_code"))?)
        }
    };
    Ok(LedgerRow {
        terminal_id: row.terminal_id(0)?,
        sequence: row.int(1)?,
        at: row.time(2)?,
        decision,
        entry: Entry::parse(row.text(4)?).ok_or(Error::Corrupt("ledger.entry"))?,
        batch_trace: read_name(row, 5, 6)?,
        amount: read_money(row, 7, 8)?,
        card: read_card(row.text_opt(9)?)?,
        entry_mode: read_mode(row.text_opt(10)?)?,
        operator: row.string_opt(11)?,
        response_code,
        reason: row.string_opt(13)?,
        retrieval_reference: row.string_opt(14)?,
        approval_code: row.string_opt(15)?,
        peer: row.string_opt(16)?,
        requested_at: row.time(17)?,
        of_sequence: row.int_opt(18)?,
        proof: row
            .text_opt(19)?
            .map(|code| Proof::parse(code).ok_or(Error::Corrupt("ledger.proof")))
            .transpose()?,
        repeated: row.int_opt(20)?,
    })
}

//! Payments of statements as what happened at a terminal, and which of them the gate's ledger has, too.
//!
//! Invariant: a row of a statement stands for at most one of the ledger.

use std::collections::HashMap;

use domain::statement::{self as kept, Direction, Method, PaymentState, Span};
use jiff::tz::TimeZone;
use screening::{Certainty, Entry, Key, Kind, Payment, State};
use store::statement::{Of, newest_payments};
use store::{Error as StoreError, Tx};

use super::{Found, Happening, ROWS_MAX, Row, Source, Suspect, card_key, offset_min};

/// How far two clocks may be apart, milliseconds.
const APART_MS: i64 = 120_000;

/// Payments of statements that are, or may be, a terminal's, within a span; and whether there were more.
pub(super) fn read(
    tx: &Tx<'_>,
    of: Of<'_>,
    span: Span,
    zone: &TimeZone,
) -> Result<(Vec<Found>, bool), StoreError> {
    let rows = newest_payments(tx, of, span, ROWS_MAX)?;
    let is_cut = rows.len() as i64 == ROWS_MAX;
    let found = rows.into_iter().map(|row| found(row, zone));
    Ok((found.collect(), is_cut))
}

fn found(row: kept::Payment, zone: &TimeZone) -> Found {
    let kind = match row.direction {
        Direction::Sale => Kind::Sale,
        Direction::Refund => Kind::Refund,
    };
    let state = match row.state {
        PaymentState::Approved | PaymentState::Refunded | PaymentState::Reversed => State::Approved,
        PaymentState::Pending => State::Pending,
        PaymentState::Failed => State::Declined,
        PaymentState::Unknown => State::Unknown,
    };
    let is_code = matches!(row.method, Method::Wechat | Method::Alipay | Method::UnionpayQr);
    let entry = row.entry.map(|entry| match entry {
        kept::Entry::Tapped => Entry::Tapped,
        kept::Entry::Inserted => Entry::Inserted,
        kept::Entry::Swiped => Entry::Swiped,
        kept::Entry::Keyed => Entry::Keyed,
    });
    let payment = Payment {
        certainty: row.certainty,
        offset_min: offset_min(zone, row.at),
        entry: entry.or(is_code.then_some(Entry::Code)),
        card: row.card.as_deref().map(card_key),
        payer: row.payer.as_deref().map(Key::of),
        operator: row.operator.clone(),
        order: row.order_id.clone(),
        ..Payment::new(row.at, kind, state, row.amount_minor, row.currency)
    };
    let suspect = Suspect {
        is_certain: row.terminal_id.is_some(),
        is_undone: row.state == PaymentState::Reversed,
        source: Source::Statement(Row {
            statement_id: row.statement_id,
            position: row.position,
            key: row.key,
        }),
        also: None,
        method: Some(row.method),
        card: row.card,
        payer: row.payer,
        in_window: false,
        sale: None,
        on_shift: None,
        judgement: Default::default(),
        rules: Vec::new(),
        row: None,
        opinions: Default::default(),
        payment,
    };
    let name = row.order_id.map(|order| format!("order {order}"));
    let (name, of) = match kind {
        Kind::Sale => (name, None),
        _ => (None, name),
    };
    Found { suspect, of, name }
}

/// What makes a row of a statement and one of the ledger the same payment, besides the time.
type Alike = (Kind, i64, u16);

fn alike(payment: &Payment) -> Alike {
    // A void is a refund to a file.
    let kind = match payment.kind {
        Kind::Void => Kind::Refund,
        kind => kind,
    };
    (kind, payment.amount_minor, payment.currency.0)
}

/// Adds rows of statements to what the ledger has: each to the nearest of the ledger that it may be, else by itself.
pub(super) fn join(all: &mut Vec<Happening>, rows: Vec<Found>) {
    let mut free: HashMap<Alike, Vec<usize>> = HashMap::new();
    for (at, happening) in all.iter().enumerate() {
        if let Happening::Payment(found) = happening
            && found.suspect.payment.state == State::Approved
        {
            let places = free.entry(alike(&found.suspect.payment)).or_default();
            places.push(at);
        }
    }
    for mut row in rows {
        let apart = match row.suspect.payment.certainty {
            Certainty::Second => APART_MS,
            Certainty::Minute => APART_MS + 60_000,
            Certainty::Hour => APART_MS + 3_600_000,
            Certainty::Day => 24 * 3_600_000,
        };
        let candidates = free.get_mut(&alike(&row.suspect.payment));
        let nearest = candidates.and_then(|candidates| {
            let near = candidates.iter().enumerate().filter_map(|(place, at)| {
                let Happening::Payment(ours) = &all[*at] else {
                    return None;
                };
                let apart_ms = ours.suspect.payment.at.since_ms(row.suspect.payment.at).abs();
                let fits = apart_ms <= apart && may_be_one(&ours.suspect, &row.suspect);
                fits.then_some((apart_ms, place))
            });
            let (_, place) = near.min()?;
            Some(candidates.remove(place))
        });
        match nearest.map(|at| &mut all[at]) {
            Some(Happening::Payment(ours)) => {
                let Source::Statement(place) = row.suspect.source else {
                    continue;
                };
                ours.suspect.also = Some(place);
                ours.suspect.method = row.suspect.method;
                ours.suspect.payer = row.suspect.payer.take();
            }
            _ => all.push(Happening::Payment(Box::new(row))),
        }
    }
}

/// Whether what is kept of their cards does not tell them apart.
fn may_be_one(ours: &Suspect, theirs: &Suspect) -> bool {
    let last = |card: &Option<String>| {
        let digits: String = card.as_deref()?.chars().filter(char::is_ascii_digit).collect();
        digits.len().checked_sub(4).map(|from| digits[from..].to_owned())
    };
    match (last(&ours.card), last(&theirs.card)) {
        (Some(ours), Some(theirs)) => ours == theirs,
        _ => true,
    }
}

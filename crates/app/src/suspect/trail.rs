//! Where the money of payments around a loss is, by the ledger, the terminal's settlements and the files that were brought (R1.3).
//!
//! Invariant: what is told names the row that tells it; nothing is kept.

use std::collections::{BTreeMap, HashMap};

use domain::mark::Verdict;
use domain::money::Currency;
use domain::statement::{self as kept, Direction, Fate, PaymentState, Span};
use domain::terminal::Terminal;
use domain::time::HOUR_MS;
use domain::trail::{
    APART_MS, Back, Closed, Counted, Fact, Flow, Likeness, Source as By, State as At, Step, To, Trail, ask,
    closed, conclude, flow, matched,
};
use domain::transaction::{Decision, Entry, Kind as Asked, LedgerRow, Proof};
use screening::{Kind, State};
use store::statement::Of;
use store::terminal_session::Step as Settled;
use store::{Error as StoreError, Tx, ledger};

use super::{Looked, ROWS_MAX, Source, Suspect};
use crate::batch::Batch;

/// So long after what is looked at, files and the ledger may tell what became of it.
const LATER_MS: i64 = 90 * 24 * HOUR_MS;

/// Where the money is.
#[derive(Clone, Debug)]
pub struct Traced {
    /// Of each payment, in their order.
    pub trails: Vec<Trail>,
    /// Whether there was more to read than is read.
    pub is_cut: bool,
}

/// What tells of the money.
struct Told {
    ledger: Vec<LedgerRow>,
    batches: HashMap<u32, Closed>,
    rows: Vec<kept::Payment>,
}

/// Traces the money of the payments that were looked at.
///
/// # Errors
/// The store failed.
pub fn trace(tx: &Tx<'_>, terminal: &Terminal, looked: &Looked) -> Result<Traced, StoreError> {
    let told = Told::read(tx, terminal, looked.around)?;
    let is_cut = told.ledger.len() as i64 == ROWS_MAX || told.rows.len() as i64 == ROWS_MAX;
    let by_sequence: HashMap<i64, &LedgerRow> = told.ledger.iter().map(|row| (row.sequence, row)).collect();
    let mut about: HashMap<i64, Vec<&LedgerRow>> = HashMap::new();
    for row in &told.ledger {
        if let Some(of) = row.of_sequence {
            about.entry(of).or_default().push(row);
        }
    }
    let references: Vec<Option<&str>> = looked
        .suspects
        .iter()
        .map(|suspect| match suspect.source {
            Source::Ledger(sequence) => by_sequence.get(&sequence)?.retrieval_reference.as_deref(),
            Source::Statement(_) => suspect.payment.order.as_deref(),
        })
        .collect();
    let payments = looked.suspects.iter().zip(&references);
    let payments: Vec<Likeness<'_>> = payments.map(|(it, order)| likeness(it, *order)).collect();
    let rows: Vec<Likeness<'_>> = told.rows.iter().map(likeness_of_row).collect();
    let matches = matched(&payments, &rows);
    let ids: HashMap<&str, String> = looked.suspects.iter().filter_map(named).collect();
    let backs = Backs::new(&told.rows, &ids, &payments);
    let trails = looked
        .suspects
        .iter()
        .zip(matches)
        .zip(&references)
        .map(|((suspect, found), order)| {
            let mut facts = Vec::new();
            let mut given = Vec::new();
            if let Source::Ledger(sequence) = suspect.source
                && let Some(row) = by_sequence.get(&sequence)
            {
                of_ledger(row, &about, &told.batches, (&mut facts, &mut given));
            }
            let is_declined = facts.iter().any(|fact| fact.state == At::Declined);
            let rows = found.rows.iter().map(|at| &told.rows[*at]);
            facts.extend(rows.filter_map(fact_of_row));
            if suspect.payment.kind == Kind::Sale
                && let Some(order) = order
            {
                backs.of(order, &mut facts, &mut given);
            }
            let mut trail = conclude(suspect.payment.amount_minor, facts, given);
            trail.fitting = found.fitting;
            trail.ask = match trail.state.is_told() || is_declined {
                true => None,
                false => ask(suspect.method),
            };
            trail
        })
        .collect();
    Ok(Traced { trails, is_cut })
}

impl Told {
    fn read(tx: &Tx<'_>, terminal: &Terminal, (from, to): Span) -> Result<Self, StoreError> {
        let terminal_id = terminal.terminal_id;
        let span = (from, to.plus_ms(LATER_MS));
        let of = Of {
            merchant_id: terminal.bound.merchant_code,
            shop_id: &terminal.shop_id,
            terminal_id,
        };
        let rows = store::statement::said(tx, of, span, ROWS_MAX)?;
        let (first, end) = ledger::within(tx, terminal_id, span)?;
        let ledger = ledger::after(tx, terminal_id, first - 1, end - 1, ROWS_MAX)?;
        let batch = Batch::of(tx, terminal_id)?;
        let last = batch.closing.filter(|closing| closing.step.is_over());
        let last = last.and_then(|closing| {
            let row = ledger.iter().find(|row| row.sequence == closing.sequence)?;
            let closed = Closed {
                sequence: row.sequence,
                at: row.at,
                agreed: Some(closing.step == Settled::Equal),
            };
            Some((batch.number, closed))
        });
        Ok(Self {
            batches: closed(ledger.iter().map(step), last),
            ledger,
            rows,
        })
    }
}

fn step(row: &LedgerRow) -> Step {
    let agreed = match row.entry {
        Entry::Request(Asked::Settlement) => Some(true),
        Entry::Request(Asked::BatchUpload) => Some(false),
        _ => None,
    };
    Step {
        sequence: row.sequence,
        at: row.at,
        batch: row
            .batch_trace
            .filter(|_| proves_batch(row))
            .map(|name| name.batch),
        agreed: agreed.filter(|_| row.decision == Some(Decision::Approved)),
    }
}

/// Whether a row proves in which batch its terminal was: its keys are no trade, and a reversal names the batch of its original.
fn proves_batch(row: &LedgerRow) -> bool {
    let is_trade = !matches!(
        row.entry,
        Entry::Request(Asked::Lock | Asked::Unlock | Asked::Reversal)
    );
    let is_decided = matches!(row.decision, Some(Decision::Approved | Decision::Declined));
    is_trade && is_decided && row.proof == Some(Proof::Proven) && !is_held(row)
}

/// Whether it was refused because its terminal was held.
fn is_held(row: &LedgerRow) -> bool {
    row.reason
        .as_deref()
        .is_some_and(|reason| reason.starts_with("held"))
}

fn direction(kind: Kind) -> Direction {
    match kind {
        Kind::Sale | Kind::Other => Direction::Sale,
        Kind::Refund | Kind::Void => Direction::Refund,
    }
}

fn likeness<'a>(suspect: &'a Suspect, order: Option<&'a str>) -> Likeness<'a> {
    let payment = &suspect.payment;
    Likeness {
        key: match &suspect.source {
            Source::Ledger(_) => None,
            Source::Statement(row) => Some(&row.key),
        },
        order,
        at: payment.at,
        certainty: payment.certainty,
        direction: direction(payment.kind),
        minor: payment.amount_minor,
        currency: payment.currency,
        method: suspect.method,
        is_card: suspect.card.is_some(),
        // What did not move money is asked of no file.
        has_fate: matches!(payment.state, State::Approved | State::Pending | State::Unknown),
    }
}

fn likeness_of_row(row: &kept::Payment) -> Likeness<'_> {
    Likeness {
        key: Some(&row.key),
        order: row.order_id.as_deref(),
        at: row.at,
        certainty: row.certainty,
        direction: row.direction,
        minor: row.amount_minor,
        currency: row.currency,
        method: Some(row.method),
        is_card: row.card.is_some(),
        has_fate: row.fate.is_some(),
    }
}

/// How a payment is named that a row of a statement is.
fn named(suspect: &Suspect) -> Option<(&str, String)> {
    let row = match &suspect.source {
        Source::Ledger(_) => suspect.also.as_ref()?,
        Source::Statement(row) => row,
    };
    Some((&row.key, suspect.source.id()))
}

fn to_of_row(row: &kept::Payment) -> Option<To> {
    let card = row.card.clone().map(To::Card);
    card.or_else(|| row.payer.clone().map(To::Payer))
}

fn by(row: &kept::Payment) -> By {
    By::Row {
        statement_id: row.statement_id.clone(),
        file_row: row.file_row,
    }
}

/// What a row says of the money of its own payment.
fn fact_of_row(row: &kept::Payment) -> Option<Fact> {
    let is_back = row.direction == Direction::Refund;
    let state = match (row.fate, row.state) {
        (Some(Fate::ChargedBack), _) => At::ChargedBack,
        (_, PaymentState::Reversed) => At::Reversed,
        (_, PaymentState::Refunded) => At::Refunded,
        (_, PaymentState::Failed) => At::Declined,
        (_, PaymentState::Unknown) => return None,
        (Some(Fate::PaidOut), _) => At::PaidOut,
        (Some(Fate::Settled), _) => At::Settled,
        (None, PaymentState::Approved | PaymentState::Pending) => At::Authorised,
    };
    Some(Fact {
        state,
        at: match state {
            At::Settled | At::PaidOut | At::ChargedBack => row.fate_at,
            _ => Some(row.at),
        },
        by: by(row),
        to: to_of_row(row).filter(|_| is_back),
    })
}

/// What the ledger says of the money of a row: its own decision, its batch, and what followed it.
fn of_ledger(
    row: &LedgerRow,
    about: &HashMap<i64, Vec<&LedgerRow>>,
    batches: &HashMap<u32, Closed>,
    (facts, given): (&mut Vec<Fact>, &mut Vec<Back>),
) {
    let to = |row: &LedgerRow| row.card.map(|card| To::Card(card.to_string()));
    let fact = |state, row: &LedgerRow, to| Fact {
        state,
        at: Some(row.at),
        by: By::Ledger(row.sequence),
        to,
    };
    let follow = |row: &LedgerRow| about.get(&row.sequence).into_iter().flatten().copied();
    let is_undone = |row: &LedgerRow| follow(row).any(|it| it.decision == Some(Decision::Reversed));
    let Entry::Request(asked) = row.entry else { return };
    match row.decision {
        Some(Decision::Declined) => facts.push(fact(At::Declined, row, None)),
        // Of a held terminal it was not done; what else is recorded the host may have done.
        Some(Decision::Recorded) if is_held(row) => facts.push(fact(At::Declined, row, None)),
        Some(Decision::Approved) => {
            let goes_back = matches!(asked, Asked::Refund | Asked::Void | Asked::CompletionVoid);
            let own = to(row).filter(|_| goes_back);
            let batch = row.batch_trace.map(|name| name.batch);
            facts.push(match batch {
                None => fact(At::Authorised, row, own.clone()),
                Some(_) => fact(At::InBatch, row, own.clone()),
            });
            if let Some(over) = batch.and_then(|batch| batches.get(&batch)) {
                facts.push(Fact {
                    to: own.clone(),
                    ..over.fact()
                });
            }
            if matches!(asked, Asked::Void | Asked::CompletionVoid) {
                facts.push(fact(At::Reversed, row, own));
            }
            for it in follow(row) {
                match (it.decision, it.entry) {
                    (Some(Decision::Reversed), _) => facts.push(fact(At::Reversed, it, to(row))),
                    (Some(Decision::Approved), Entry::Request(Asked::Void | Asked::CompletionVoid))
                        if !is_undone(it) =>
                    {
                        facts.push(fact(At::Reversed, it, to(it)));
                    }
                    (Some(Decision::Approved), Entry::Request(Asked::Refund)) if !is_undone(it) => {
                        given.push(Back {
                            id: Some(Source::Ledger(it.sequence).id()),
                            minor: it.amount.map_or(0, |amount| amount.minor),
                            fact: fact(At::Refunded, it, to(it)),
                        });
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// What went back of sales, as rows of files say it.
struct Backs<'a> {
    /// By order, the last word on each.
    by_order: HashMap<&'a str, Vec<&'a kept::Payment>>,
    ids: &'a HashMap<&'a str, String>,
}

impl<'a> Backs<'a> {
    fn new(rows: &'a [kept::Payment], ids: &'a HashMap<&'a str, String>, payments: &[Likeness<'a>]) -> Self {
        // Of two sales with one order nobody says which one was given back.
        let mut sales: HashMap<&str, usize> = HashMap::new();
        for payment in payments.iter().filter(|it| it.direction == Direction::Sale) {
            if let Some(order) = payment.order {
                *sales.entry(order).or_default() += 1;
            }
        }
        let mut by_order: HashMap<&str, Vec<&kept::Payment>> = HashMap::new();
        let mut of_key: HashMap<&str, &kept::Payment> = HashMap::new();
        for row in rows.iter().filter(|row| row.direction == Direction::Refund) {
            let last = of_key.entry(&row.key).or_insert(row);
            if rank(row) >= rank(last) {
                *last = row;
            }
        }
        let mut last: Vec<&kept::Payment> = of_key.into_values().collect();
        last.sort_by_key(|row| (row.at, row.statement_id.as_str(), row.position));
        for row in last {
            if let Some(order) = row
                .order_id
                .as_deref()
                .filter(|order| sales.get(order) == Some(&1))
            {
                by_order.entry(order).or_default().push(row);
            }
        }
        Self { by_order, ids }
    }

    /// Adds what rows of an order say went back; what the ledger has of it is in `given` already.
    fn of(&self, order: &str, facts: &mut Vec<Fact>, given: &mut Vec<Back>) {
        let by_ledger = given.len();
        for row in self.by_order.get(order).into_iter().flatten() {
            let Some(fact) = fact_of_row(row) else { continue };
            let id = self.ids.get(row.key.as_str()).cloned();
            let is_same = |back: &Back| {
                let apart_ms = back.fact.at.map_or(0, |at| at.since_ms(row.at).abs());
                (id.is_some() && back.id == id) || (back.minor == row.amount_minor && apart_ms <= APART_MS)
            };
            match fact.state {
                At::Refunded if !given[..by_ledger].iter().any(is_same) => given.push(Back {
                    id,
                    minor: row.amount_minor,
                    fact,
                }),
                At::Reversed | At::ChargedBack => facts.push(fact),
                _ => {}
            }
        }
    }
}

/// How much a row of a refund says: what is done stays done, whichever file came last.
fn rank(row: &kept::Payment) -> Option<At> {
    fact_of_row(row).map(|fact| fact.state)
}

/// The money of what is in the loss window and nobody called genuine, by currency.
pub fn flows(looked: &Looked, traced: &Traced) -> BTreeMap<Currency, Flow> {
    let is_counted = |it: &Suspect| {
        it.in_window && it.payment.kind != Kind::Other && it.opinions.verdict() != Some(Verdict::Genuine)
    };
    let all = looked.suspects.iter().zip(&traced.trails);
    let counted: Vec<(String, &Suspect, &Trail)> = all
        .filter(|(it, _)| is_counted(it))
        .map(|(it, trail)| (it.source.id(), it, trail))
        .collect();
    let by_id: HashMap<&str, &Trail> = counted
        .iter()
        .map(|(id, _, trail)| (id.as_str(), *trail))
        .collect();
    flow(counted.iter().map(|(id, it, trail)| {
        let sale = it.sale.as_ref().and_then(|sale| by_id.get(sale.id.as_deref()?));
        Counted {
            mark: it.opinions.verdict(),
            direction: direction(it.payment.kind),
            minor: it.payment.amount_minor,
            currency: it.payment.currency,
            is_of_counted: sale.is_some_and(|sale| {
                matches!(sale.state, At::Reversed | At::ChargedBack)
                    || sale.backs.iter().any(|back| back.id.as_ref() == Some(id))
            }),
            trail,
        }
    }))
}

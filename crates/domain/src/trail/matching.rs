//! Which rows of files tell of which payment.
//!
//! Invariant: a row that fits two payments, or of which two fit one, tells of none.

use std::collections::{HashMap, HashSet};

use crate::Timestamp;
use crate::money::Currency;
use crate::statement::{Certainty, Direction, Method};

/// How far the times of two sources may be apart that tell of one payment, milliseconds.
pub const APART_MS: i64 = 300_000;
/// Rows that are counted as fitting one payment at most; two are too many already.
const FITTING_MAX: usize = 16;

/// What a payment, or a row of a file, is known by.
#[derive(Clone, Copy, Debug)]
pub struct Likeness<'a> {
    /// The key of its row; `None`: it is in the ledger.
    pub key: Option<&'a str>,
    /// What it has in common with others of its order.
    pub order: Option<&'a str>,
    /// When.
    pub at: Timestamp,
    /// How much of that is settled.
    pub certainty: Certainty,
    /// Which way it went.
    pub direction: Direction,
    /// Minor units.
    pub minor: i64,
    /// Of which currency.
    pub currency: Currency,
    /// What was paid with.
    pub method: Option<Method>,
    /// Whether it was paid by card for certain.
    pub is_card: bool,
    /// Of a row: whether it says what became of the money. Of a payment: whether money may have moved, so that a row may tell.
    pub has_fate: bool,
}

impl Likeness<'_> {
    const fn sum(&self) -> (Direction, i64, Currency) {
        (self.direction, self.minor, self.currency)
    }

    const fn slack_ms(&self) -> i64 {
        match self.certainty {
            Certainty::Second => 0,
            Certainty::Minute => 60_000,
            Certainty::Hour => 3_600_000,
            Certainty::Day => 24 * 3_600_000,
        }
    }

    /// Whether nothing but the place tells it from a row.
    fn fits(&self, row: &Self) -> bool {
        let is_of_day = |method| matches!(method, Some(Method::Wechat | Method::Alipay | Method::Cash));
        let method_fits = match (self.method, row.method) {
            (None, row) => !(self.is_card && is_of_day(row)),
            (Some(Method::Other | Method::Mixed), _) | (_, None | Some(Method::Other | Method::Mixed)) => {
                true
            }
            (own, row) => own == row,
        };
        let apart_ms = self.at.since_ms(row.at).abs();
        method_fits && apart_ms <= APART_MS + self.slack_ms().max(row.slack_ms())
    }
}

/// Which rows tell of a payment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matched {
    /// Their places.
    pub rows: Vec<usize>,
    /// How many others fit, where more than one payment or row does.
    pub fitting: usize,
}

/// Finds the rows that tell of each payment: those of its key, then those of its order and amount, then one of the same amount at about
/// the same time, if it fits no other payment, and no other row fits it.
pub fn matched(payments: &[Likeness<'_>], rows: &[Likeness<'_>]) -> Vec<Matched> {
    let mut by_key: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut by_order: HashMap<(&str, Direction, i64, Currency), Vec<usize>> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        if let Some(key) = row.key {
            by_key.entry(key).or_default().push(at);
        }
        if let Some(order) = row.order {
            let (direction, minor, currency) = row.sum();
            let places = by_order.entry((order, direction, minor, currency)).or_default();
            places.push(at);
        }
    }
    let mut found: Vec<Matched> = payments.iter().map(|_| Matched::default()).collect();
    let mut taken: HashSet<usize> = HashSet::new();
    for (payment, found) in payments.iter().zip(&mut found) {
        found.rows = payment
            .key
            .and_then(|key| by_key.get(key))
            .cloned()
            .unwrap_or_default();
        // A payment of which there is nothing but a line of a fund bill may be another's line.
        if found.rows.iter().any(|row| !rows[*row].has_fate) {
            taken.extend(&found.rows);
        }
    }
    let has_fate = |found: &Matched| found.rows.iter().any(|row| rows[*row].has_fate);
    by_orders(payments, rows, &by_order, &mut found, &mut taken);
    // Now those of which nothing but amount and time is left.
    let mut offered: HashMap<(Direction, i64, Currency), Vec<usize>> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        if row.has_fate && !taken.contains(&at) {
            offered.entry(row.sum()).or_default().push(at);
        }
    }
    let fitting: Vec<Vec<usize>> = payments
        .iter()
        .zip(&found)
        .map(|(payment, found)| match offered.get(&payment.sum()) {
            Some(offered) if payment.has_fate && !has_fate(found) && found.fitting == 0 => {
                let fits = |at: &&usize| payment.fits(&rows[**at]);
                offered.iter().filter(fits).take(FITTING_MAX).copied().collect()
            }
            _ => Vec::new(),
        })
        .collect();
    let mut fits_count: HashMap<usize, usize> = HashMap::new();
    for row in fitting.iter().flatten() {
        *fits_count.entry(*row).or_default() += 1;
    }
    for (found, fitting) in found
        .iter_mut()
        .zip(fitting)
        .filter(|(_, fitting)| !fitting.is_empty())
    {
        let is_one = one_key(rows, &fitting) && fitting.iter().all(|row| fits_count[row] == 1);
        match is_one {
            true => found.rows.extend(fitting),
            false => found.fitting = fitting.len(),
        }
    }
    found
}

/// Adds to payments that nothing else tells of the rows of their order, direction and amount.
fn by_orders<'a>(
    payments: &[Likeness<'a>],
    rows: &[Likeness<'a>],
    by_order: &HashMap<(&'a str, Direction, i64, Currency), Vec<usize>>,
    found: &mut [Matched],
    taken: &mut HashSet<usize>,
) {
    let name = |payment: &Likeness<'a>| {
        let (direction, minor, currency) = payment.sum();
        payment.order.map(|order| (order, direction, minor, currency))
    };
    let mut asking: HashMap<_, usize> = HashMap::new();
    for name in payments.iter().filter(|it| it.has_fate).filter_map(name) {
        *asking.entry(name).or_default() += 1;
    }
    for (payment, found) in payments.iter().zip(found.iter_mut()) {
        let Some(name) = name(payment).filter(|_| payment.has_fate) else {
            continue;
        };
        let Some(places) = by_order.get(&name) else {
            continue;
        };
        let others = places.iter().filter(|row| !found.rows.contains(row));
        let fates: Vec<usize> = others.filter(|row| rows[**row].has_fate).copied().collect();
        if fates.is_empty() || found.rows.iter().any(|row| rows[*row].has_fate) {
            continue;
        }
        // Of two refunds of one order and amount nobody says which is which.
        match asking[&name] == 1 && one_key(rows, &fates) {
            true => {
                taken.extend(&fates);
                found.rows.extend(fates);
            }
            false => found.fitting = fates.len().min(FITTING_MAX),
        }
    }
}

/// Whether they are rows of one payment, in however many files.
fn one_key(rows: &[Likeness<'_>], places: &[usize]) -> bool {
    let keys: HashSet<_> = places.iter().map(|at| rows[*at].key).collect();
    keys.len() == 1
}

//! The trail of a payment's money: how far it is known to have gone, and by what (R1.3).
//!
//! Invariant: each state was told by somebody, who is named; what nobody told is not known, and never made up from what is usual.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::mark::Verdict;
use crate::money::Currency;
use crate::statement::{Certainty, Direction, Method};
use crate::{Timestamp, words};

/// How far the times of two sources may be apart that tell of one payment, milliseconds.
pub const APART_MS: i64 = 300_000;
/// Rows that are counted as fitting one payment at most; two are too many already.
const FITTING_MAX: usize = 16;
/// Whom the flow names as getting money, for each currency; the others are one.
pub const NAMED_MAX: usize = 5;

words! {
    /// Where the money of a payment is known to be, each further on than the one before it.
    pub enum State {
        /// Nobody says.
        Unknown = "unknown",
        /// It never moved.
        Declined = "declined",
        /// The host or the channel said yes.
        Authorised = "authorised",
        /// It is in the terminal's batch, whose totals are not agreed.
        InBatch = "in_batch",
        /// Its batch is closed.
        BatchClosed = "batch_closed",
        /// It was cleared, or booked to the merchant's account.
        Settled = "settled",
        /// It was paid out to the merchant's bank account.
        PaidOut = "paid_out",
        /// It went back to a payer by a refund.
        Refunded = "refunded",
        /// The payment was undone.
        Reversed = "reversed",
        /// The payer's bank took it back.
        ChargedBack = "charged_back",
    }
}

impl State {
    /// Whether it is the end of the way, as far as any file says.
    pub const fn is_told(self) -> bool {
        !matches!(
            self,
            Self::Authorised | Self::InBatch | Self::BatchClosed | Self::Unknown
        )
    }
}

words! {
    /// Which file would tell more.
    pub enum Ask {
        /// WeChat Pay's 资金账单.
        WechatFundBill = "wechat_fund_bill",
        /// Alipay's 账务明细.
        AlipayAccountBill = "alipay_account_bill",
        /// The acquirer's own list of what was settled and paid out.
        AcquirerStatement = "acquirer_statement",
    }
}

/// By what something is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A row of the terminal's ledger, by its sequence.
    Ledger(i64),
    /// The terminal's settlement, which ended the batch.
    Settlement {
        /// The ledger row of it.
        sequence: i64,
        /// Whether the terminal's totals were the ledger's; else it ended after an upload of all its lines.
        agreed: bool,
    },
    /// A row of a statement.
    Row {
        /// Which statement.
        statement_id: String,
        /// The row of the file, from 1.
        file_row: i64,
    },
}

/// Who got money, as far as it may be kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum To {
    /// A card, truncated.
    Card(String),
    /// A payer, masked.
    Payer(String),
}

/// What somebody tells of the money of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Where it is.
    pub state: State,
    /// Since when, where that is told.
    pub at: Option<Timestamp>,
    /// By what it is known.
    pub by: Source,
    /// Who got it.
    pub to: Option<To>,
}

/// A refund of a sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Back {
    /// How the refund is named, where it is one of those looked at.
    pub id: Option<String>,
    /// Minor units.
    pub minor: i64,
    /// That it was done.
    pub fact: Fact,
}

/// The trail of a payment's money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    /// Where it is.
    pub state: State,
    /// What tells so; nothing: nobody does.
    pub fact: Option<Fact>,
    /// What went back of a sale, in the order of time.
    pub backs: Vec<Back>,
    /// Rows that may tell of it, of which nobody can say which one does.
    pub fitting: usize,
    /// Which file would tell more.
    pub ask: Option<Ask>,
}

impl Trail {
    /// What went back by refunds, minor units.
    pub fn back_minor(&self) -> i64 {
        self.backs
            .iter()
            .fold(0, |sum: i64, back| sum.saturating_add(back.minor))
    }
}

/// Puts together what is told of one payment: what is furthest on counts. A sale of which all went back is where its last refund is.
pub fn conclude(amount_minor: i64, mut facts: Vec<Fact>, mut backs: Vec<Back>) -> Trail {
    backs.sort_by_key(|back| back.fact.at);
    let mut trail = Trail {
        state: State::Unknown,
        fact: None,
        backs,
        fitting: 0,
        ask: None,
    };
    if let Some(last) = trail.backs.last().filter(|_| trail.back_minor() >= amount_minor) {
        facts.push(last.fact.clone());
    }
    // Of those that are as far, the one that was told first.
    facts.reverse();
    trail.fact = facts.into_iter().max_by_key(|fact| fact.state);
    trail.state = trail.fact.as_ref().map_or(State::Unknown, |fact| fact.state);
    trail
}

/// What a file would have to be of to tell more of a payment by this method.
pub const fn ask(method: Option<Method>) -> Option<Ask> {
    match method {
        Some(Method::Wechat) => Some(Ask::WechatFundBill),
        Some(Method::Alipay) => Some(Ask::AlipayAccountBill),
        Some(Method::Cash) => None,
        _ => Some(Ask::AcquirerStatement),
    }
}

/// A row of a terminal's ledger, as its batches see it.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Its place.
    pub sequence: i64,
    /// When.
    pub at: Timestamp,
    /// The batch that it proves the terminal to be in.
    pub batch: Option<u32>,
    /// Of what notes how far a settlement is: whether the totals agreed.
    pub agreed: Option<bool>,
}

/// That a batch is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// By which row.
    pub sequence: i64,
    /// When.
    pub at: Timestamp,
    /// Whether the totals agreed; `None`: only that another batch began.
    pub agreed: Option<bool>,
}

impl Closed {
    /// As a fact of the payments in it.
    pub const fn fact(self) -> Fact {
        let by = match self.agreed {
            Some(agreed) => Source::Settlement {
                sequence: self.sequence,
                agreed,
            },
            None => Source::Ledger(self.sequence),
        };
        Fact {
            state: State::BatchClosed,
            at: Some(self.at),
            by,
            to: None,
        }
    }
}

/// The batches that are over, by rows in their order. What notes a settlement proves nothing by itself: a batch is over when the
/// terminal proves to be in another one. Of the last one, `last` says it.
pub fn closed(steps: impl IntoIterator<Item = Step>, last: Option<(u32, Closed)>) -> HashMap<u32, Closed> {
    let mut over: HashMap<u32, Closed> = HashMap::new();
    let (mut current, mut noted) = (None, None);
    for step in steps {
        let here = Closed {
            sequence: step.sequence,
            at: step.at,
            agreed: step.agreed,
        };
        match (step.batch, current) {
            (Some(batch), Some(before)) if batch != before => {
                over.insert(before, noted.unwrap_or(here));
                // A number that comes again is another batch.
                over.remove(&batch);
                (current, noted) = (Some(batch), None);
            }
            // The terminal went on in it: what was noted was not its own.
            (Some(batch), _) => (current, noted) = (Some(batch), None),
            (None, _) if step.agreed.is_some() => noted = Some(here),
            _ => {}
        }
    }
    over.extend(last);
    over
}

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

/// A payment as the flow counts it.
#[derive(Clone, Debug)]
pub struct Counted<'a> {
    /// What people say of it.
    pub mark: Option<Verdict>,
    /// Which way it went.
    pub direction: Direction,
    /// Minor units.
    pub minor: i64,
    /// Of which currency.
    pub currency: Currency,
    /// Whether it gives back a sale that is counted, too: the sale has it then.
    pub is_of_counted: bool,
    /// Where its money is.
    pub trail: &'a Trail,
}

/// Payments alike, and their sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many.
    pub count: i64,
    /// Minor units.
    pub minor: i64,
    /// Of which went back by refunds, minor units.
    pub back_minor: i64,
}

impl Sum {
    fn add(&mut self, minor: i64, back_minor: i64) {
        self.count = self.count.saturating_add(1);
        self.minor = self.minor.saturating_add(minor);
        self.back_minor = self.back_minor.saturating_add(back_minor);
    }
}

/// A place in the flow's picture.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    /// Who paid.
    Payers,
    /// The shop.
    Shop,
    /// Where the money is.
    State(State),
    /// Who got it; `None`: others, or nobody says who.
    To(Option<To>),
}

/// The money of one currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// By mark, direction and state.
    pub sums: BTreeMap<(Option<Verdict>, Direction, State), Sum>,
    /// What moved from where to where.
    pub edges: BTreeMap<(Node, Node), Sum>,
}

/// Adds payments up, by currency; what never moved is in no edge.
pub fn flow<'a>(payments: impl IntoIterator<Item = Counted<'a>>) -> BTreeMap<Currency, Flow> {
    let mut flows: BTreeMap<Currency, Flow> = BTreeMap::new();
    for it in payments {
        let flow = flows.entry(it.currency).or_default();
        let (state, back_minor) = (it.trail.state, it.trail.back_minor().min(it.minor));
        let sum = flow.sums.entry((it.mark, it.direction, state)).or_default();
        sum.add(it.minor, back_minor);
        if state == State::Declined || it.is_of_counted {
            continue;
        }
        let mut edge = |from, to, minor| flow.edges.entry((from, to)).or_default().add(minor, 0);
        let from = match it.direction {
            Direction::Sale => Node::Payers,
            Direction::Refund => Node::Shop,
        };
        let is_back = matches!(state, State::Refunded | State::Reversed | State::ChargedBack);
        let rest = if is_back { it.minor } else { it.minor - back_minor };
        if rest > 0 {
            edge(from.clone(), Node::State(state), rest);
        }
        if !is_back && back_minor > 0 {
            edge(from, Node::State(State::Refunded), back_minor);
        }
        let to = |fact: &Fact| Node::To(fact.to.clone());
        match (is_back, it.direction, &it.trail.fact) {
            (true, _, Some(fact)) if it.trail.backs.is_empty() => {
                edge(Node::State(state), to(fact), it.minor);
            }
            (false, Direction::Refund, Some(fact)) => edge(Node::State(state), to(fact), it.minor),
            _ => {}
        }
        let mut left = it.minor;
        for back in &it.trail.backs {
            let minor = back.minor.min(left);
            if minor > 0 && (!is_back || state == State::Refunded) {
                edge(Node::State(State::Refunded), to(&back.fact), minor);
            }
            left -= minor;
        }
    }
    for flow in flows.values_mut() {
        few_named(flow);
    }
    flows
}

/// Leaves names to those who got most of each state.
fn few_named(flow: &mut Flow) {
    let mut named: Vec<_> = flow
        .edges
        .iter()
        .filter(|((_, to), _)| matches!(to, Node::To(Some(_))))
        .map(|(edge, sum)| (std::cmp::Reverse(sum.minor), edge.clone()))
        .collect();
    named.sort();
    for (_, edge) in named.into_iter().skip(NAMED_MAX) {
        let Some(sum) = flow.edges.remove(&edge) else {
            continue;
        };
        let others = flow.edges.entry((edge.0, Node::To(None))).or_default();
        others.count = others.count.saturating_add(sum.count);
        others.minor = others.minor.saturating_add(sum.minor);
    }
}

#[cfg(test)]
mod tests;

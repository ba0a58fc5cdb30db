//! Statements: files of transactions that shops download from acquirers and wallets, as they are kept, and the payments in them
//! (R1.3).
//!
//! Invariant: a payment counts as long as its statement is kept, and once for each key, however many files have it; where no file says
//! anything is a hole, never an empty time.

use crate::case::{Case, Step, Text, Who};
use crate::money::{Currency, Money};
use crate::right::Right;
use crate::time::HOUR_MS;
use crate::{MerchantId, TerminalId, Timestamp, words};

/// A file at most, bytes.
pub const FILE_LEN_MAX: i64 = 32 << 20;
/// Payments of one file at most.
pub const PAYMENTS_MAX: i64 = 200_000;
/// Payments written in one transaction: the gate waits for no more.
pub const PART_PAYMENTS: usize = 200;
/// How long one is kept: `retention.statement` of the store's `columns.toml`.
pub const KEPT_MS: i64 = 1_095 * 24 * HOUR_MS;

words! {
    /// Which layout a table of a file has.
    pub enum Kind {
        /// WeChat Pay, 交易账单.
        WechatTrade = "wechat-trade",
        /// WeChat Pay, 资金账单.
        WechatFundFlow = "wechat-fundflow",
        /// WeChat Pay: that there was nothing on that day.
        WechatNoBill = "wechat-no-bill",
        /// Alipay, 业务明细.
        AlipayDetail = "alipay-detail",
        /// Alipay, 账务明细.
        AlipayAccount = "alipay-account",
        /// UnionPay Merchant Services (银联商务), 对账数据.
        ChinaumsMx = "chinaums-mx",
        /// The same, with day and time in two columns.
        ChinaumsWide = "chinaums-wide",
        /// The same, with the time of the day only.
        ChinaumsNarrow = "chinaums-narrow",
        /// UnionPay's portal for merchants.
        UnionpayPortal = "unionpay-portal",
        /// Allinpay (通联).
        AllinpayDetail = "allinpay-detail",
        /// Square, Transactions.
        SquareTransactions = "square-transactions",
        /// Stripe, Payments.
        StripePayments = "stripe-payments",
        /// SumUp, transactions.
        SumupTransactions = "sumup-transactions",
        /// Adyen, reports of payments.
        AdyenPayments = "adyen-payments",
        /// As a mapping says.
        Mapped = "mapped",
    }
}

words! {
    /// Which way the money goes.
    pub enum Direction {
        /// To the shop.
        Sale = "sale",
        /// To the payer: refunds, and sales that are undone.
        Refund = "refund",
    }
}

words! {
    /// What became of a payment, when the file was made.
    pub enum PaymentState {
        /// A sale, paid.
        Approved = "approved",
        /// A refund, done.
        Refunded = "refunded",
        /// A sale, undone.
        Reversed = "reversed",
        /// A refund that was accepted, and may still fail.
        Pending = "pending",
        /// Tried; no money moved in the end.
        Failed = "failed",
        /// The file says it by a word that nobody knows.
        Unknown = "unknown",
    }
}

words! {
    /// What a row says became of the money, beyond the payment itself.
    pub enum Fate {
        /// It was cleared, or booked to the merchant's account at the wallet; of a refund, from it.
        Settled = "settled",
        /// It was paid out to the merchant's bank account.
        PaidOut = "paid_out",
        /// The payer's bank took it back.
        ChargedBack = "charged_back",
    }
}

words! {
    /// What was paid with.
    pub enum Method {
        /// WeChat Pay.
        Wechat = "wechat",
        /// Alipay.
        Alipay = "alipay",
        /// A code of UnionPay (云闪付).
        UnionpayQr = "unionpay_qr",
        /// A card.
        Card = "card",
        /// Cash.
        Cash = "cash",
        /// More than one of them.
        Mixed = "mixed",
        /// Something else, or the file does not say.
        Other = "other",
    }
}

words! {
    /// How a card was read.
    pub enum Entry {
        /// Without contact.
        Tapped = "tapped",
        /// Its chip.
        Inserted = "inserted",
        /// Its stripe.
        Swiped = "swiped",
        /// Its number, by hand.
        Keyed = "keyed",
    }
}

words! {
    /// How much of a time the file settles.
    pub enum Certainty {
        /// All.
        Second = "second",
        /// The seconds are gone.
        Minute = "minute",
        /// It may be an hour later: the clocks were set back.
        Hour = "hour",
        /// Only about which day it was.
        Day = "day",
    }
}

words! {
    /// Where a statement stands.
    pub enum State {
        /// Its payments are being written; nobody sees them yet.
        Coming = "coming",
        /// Its payments count.
        Kept = "kept",
        /// A person has taken it back: its payments are gone, what it was stays.
        Withdrawn = "withdrawn",
        /// It never came whole, or its time is over: what is left of it is being deleted.
        Gone = "gone",
    }
}

words! {
    /// What people can do with one.
    pub enum Verb {
        /// Take it back, with a ground.
        Withdraw = "withdraw",
    }
}

/// That one was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawn {
    /// By whom.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why, in that person's words.
    pub ground: String,
}

/// A file that was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Eight letters and digits.
    pub statement_id: String,
    /// Whose it is.
    pub merchant_id: MerchantId,
    /// For which shop it was brought.
    pub shop_id: String,
    /// For which one of its terminals; `None`: for all of them.
    pub terminal_id: Option<TerminalId>,
    /// What the file was called.
    pub name: String,
    /// Its length, bytes.
    pub file_len: i64,
    /// Its SHA-256.
    pub file_sha256: Vec<u8>,
    /// What its tables were recognised as: codes of [`Kind`], a line each.
    pub kinds: String,
    /// How it was read, where its layout is not public, as JSON.
    pub mapping: Option<String>,
    /// The time of its first payment.
    pub first_at: Option<Timestamp>,
    /// That of its last.
    pub last_at: Option<Timestamp>,
    /// Payments in it.
    pub payments: i64,
    /// Those among them that no other kept file of the merchant had when it came.
    pub added: i64,
    /// Rows that were refused.
    pub refused: i64,
    /// Where it stands.
    pub state: State,
    /// Whether its payments are there still.
    pub has_payments: bool,
    /// Who brought it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// That it was taken back.
    pub withdrawn: Option<Withdrawn>,
}

impl Statement {
    /// What its tables were recognised as.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> {
        self.kinds.lines().filter_map(Kind::parse)
    }
}

/// A time that a statement says something of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    /// Of which statement.
    pub statement_id: String,
    /// Its place among those of the statement, from 0.
    pub position: i64,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// Whether the file itself says so; else it is from its first payment to its last.
    pub is_said: bool,
}

/// A payment, as a row of a file says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Of which statement.
    pub statement_id: String,
    /// Its place in the file, from 0.
    pub position: i64,
    /// Whose it is.
    pub merchant_id: MerchantId,
    /// The same for the same payment in every file that has it.
    pub key: String,
    /// When.
    pub at: Timestamp,
    /// How much of the time the file settles.
    pub certainty: Certainty,
    /// What the payer was charged or got back, minor units.
    pub amount_minor: i64,
    /// Of which currency.
    pub currency: Currency,
    /// Which way it went.
    pub direction: Direction,
    /// What became of it.
    pub state: PaymentState,
    /// What was paid with.
    pub method: Method,
    /// What a refund has in common with its sale, where the file has such a thing.
    pub order_id: Option<String>,
    /// The terminal, as the file writes it.
    pub terminal: Option<String>,
    /// The merchant's terminal that this is, where it is one.
    pub terminal_id: Option<TerminalId>,
    /// The card, truncated.
    pub card: Option<String>,
    /// Who paid, masked.
    pub payer: Option<String>,
    /// Who took the money, or asked for the refund.
    pub operator: Option<String>,
    /// How the card was read.
    pub entry: Option<Entry>,
    /// The row of the file where it begins, from 1.
    pub file_row: i64,
    /// What became of the money, where the row says it.
    pub fate: Option<Fate>,
    /// When, where the row says that, too.
    pub fate_at: Option<Timestamp>,
}

impl Payment {
    /// What the payer was charged or got back.
    pub const fn money(&self) -> Money {
        Money {
            minor: self.amount_minor,
            currency: self.currency,
        }
    }
}

/// A span of time, from its first moment to its last.
pub type Span = (Timestamp, Timestamp);

/// Whether something at that time lies within.
pub fn is_within(at: Timestamp, (from, to): Span) -> bool {
    from <= at && at <= to
}

/// The parts of a span that none of these covers, in their order; `covers` come in any.
pub fn holes((from, to): Span, covers: &[Span]) -> Vec<Span> {
    let mut covers = covers.to_vec();
    covers.sort_unstable();
    let (mut reached, mut holes) = (from, Vec::new());
    for (start, end) in covers.into_iter().filter(|(start, _)| *start < to) {
        if start > reached {
            holes.push((reached, start));
        }
        reached = reached.max(end);
    }
    if reached < to {
        holes.push((reached, to));
    }
    holes
}

/// The spans with those put together that meet, in their order.
pub fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::new();
    for (from, to) in spans {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

impl Case for Statement {
    type State = State;
    type Verb = Verb;
    const STEPS: &'static [Step<State, Verb>] = &[Step::new(
        Verb::Withdraw,
        &[State::Kept],
        Some(State::Withdrawn),
        Who::With(Right::FollowLoss),
    )
    .saying(Text::Required)
    .by_person()];

    fn state(&self) -> State {
        self.state
    }

    fn enter(&mut self, state: State) {
        self.state = state;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(spans: &[(i64, i64)]) -> Vec<Span> {
        let times = |(from, to): &(i64, i64)| (Timestamp(*from), Timestamp(*to));
        spans.iter().map(times).collect()
    }

    #[test]
    fn what_no_file_covers_is_a_hole() {
        for (covers, wanted) in [
            (&[][..], &[(10, 20)][..]),
            (&[(0, 30)], &[]),
            (&[(10, 20)], &[]),
            (&[(12, 15)], &[(10, 12), (15, 20)]),
            // In any order, overlapping, meeting, outside.
            (&[(15, 18), (9, 12), (11, 13)], &[(13, 15), (18, 20)]),
            (&[(10, 15), (15, 20)], &[]),
            (&[(0, 5), (20, 25), (30, 40)], &[(10, 20)]),
            (&[(12, 12)], &[(10, 12), (12, 20)]),
            (&[(11, 12), (5, 19)], &[(19, 20)]),
        ] {
            let span = (Timestamp(10), Timestamp(20));
            assert_eq!(holes(span, &spans(covers)), spans(wanted), "{covers:?}");
        }
    }

    #[test]
    fn spans_that_meet_are_one() {
        let all = spans(&[(5, 6), (1, 2), (2, 3), (9, 12), (10, 11)]);
        assert_eq!(joined(all), spans(&[(1, 3), (5, 6), (9, 12)]));
        assert_eq!(joined(Vec::new()), []);
    }
}

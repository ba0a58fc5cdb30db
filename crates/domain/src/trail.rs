//! The trail of a payment's money: how far it is known to have gone, and by what (R1.3).
//!
//! Invariant: each state was told by somebody, who is named; what nobody told is not known, and never made up from what is usual.

mod batch;
mod flow;
mod matching;

use crate::statement::Method;
use crate::{Timestamp, words};

pub use batch::{Closed, Step, closed};
pub use flow::{Counted, Flow, NAMED_MAX, Node, Sum, flow};
pub use matching::{APART_MS, Likeness, Matched, matched};

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

#[cfg(test)]
mod tests;

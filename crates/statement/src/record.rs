//! What a statement says of one transaction.
//!
//! Invariant: an amount is positive; which way it went is the direction's.

use domain::money::Money;

use crate::time::At;

/// Which way the money goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// To the shop.
    Sale,
    /// To the payer: refunds, and sales that are undone.
    Refund,
}

/// What became of it, when the file was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// A sale, paid.
    Approved,
    /// A refund, done.
    Refunded,
    /// A sale, undone.
    Reversed,
    /// A refund that was accepted, and may still fail.
    Pending,
    /// Tried; no money moved in the end.
    Failed,
    /// The file says it by a word that nobody knows.
    Unknown,
}

/// What was paid with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// WeChat Pay.
    Wechat,
    /// Alipay.
    Alipay,
    /// A code of UnionPay (云闪付).
    UnionpayQr,
    /// A card.
    Card,
    /// Cash.
    Cash,
    /// More than one of them.
    Mixed,
    /// Something else, or the file does not say.
    Other,
}

/// How a card was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entry {
    /// Without contact.
    Tapped,
    /// Its chip.
    Inserted,
    /// Its stripe.
    Swiped,
    /// Its number, by hand.
    Keyed,
}

/// How much of a time the file settles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Certainty {
    /// All.
    Second,
    /// The seconds are gone.
    Minute,
    /// It may be an hour later: the clocks were set back.
    Hour,
    /// Only about which day it was.
    Day,
}

impl Direction {
    /// As it is written.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Refund => "refund",
        }
    }
}

impl State {
    /// As it is written.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Refunded => "refunded",
            Self::Reversed => "reversed",
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

impl Method {
    /// As it is written.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Wechat => "wechat",
            Self::Alipay => "alipay",
            Self::UnionpayQr => "unionpay_qr",
            Self::Card => "card",
            Self::Cash => "cash",
            Self::Mixed => "mixed",
            Self::Other => "other",
        }
    }
}

/// A transaction, as a row of a file says it; one row may say two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The same for the same transaction in every file that has it, and different for two.
    pub key: String,
    /// When, Unix time in milliseconds.
    pub at: i64,
    /// How much of the time the file settles.
    pub certainty: Certainty,
    /// What the payer was charged or got back, before fees.
    pub money: Money,
    /// Which way it went.
    pub direction: Direction,
    /// What became of it.
    pub state: State,
    /// The word of the file, where the state is unknown.
    pub word: Option<String>,
    /// What was paid with.
    pub method: Method,
    /// What a refund has in common with its sale where the layout has such a thing; else the row's own. `None`: absent, or
    /// destroyed by a spreadsheet.
    pub order_id: Option<String>,
    /// The terminal, device or reader, as the file writes it.
    pub terminal: Option<String>,
    /// The card, truncated.
    pub card: Option<String>,
    /// Who paid, masked.
    pub payer: Option<String>,
    /// Who took the money, or who asked for the refund, where the file says it.
    pub operator: Option<String>,
    /// How the card was read, where the file says it.
    pub entry: Option<Entry>,
    /// The line of the file where it begins, the row of a sheet, or the line of an archive's member, from 1.
    pub row: u64,
}

impl Record {
    /// What every one has; the table gives it its row, and a key where the layout has none.
    pub(crate) fn new(at: At, money: Money, direction: Direction, state: State, method: Method) -> Self {
        Self {
            key: String::new(),
            at: at.ms,
            certainty: at.certainty,
            money,
            direction,
            state,
            word: None,
            method,
            order_id: None,
            terminal: None,
            card: None,
            payer: None,
            operator: None,
            entry: None,
            row: 0,
        }
    }
}

/// Who takes what is read, in the order of the file.
pub trait Take {
    /// Takes a record; false to stop reading.
    fn record(&mut self, record: Record) -> bool;

    /// Hears now and then how many rows were read so far; false to stop reading.
    fn progress(&mut self, _rows: u64) -> bool {
        true
    }
}

impl Take for Vec<Record> {
    fn record(&mut self, record: Record) -> bool {
        self.push(record);
        true
    }
}

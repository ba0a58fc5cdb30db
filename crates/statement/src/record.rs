//! What a statement says of one transaction.
//!
//! Invariant: an amount is positive; which way it went is the direction's.

use domain::money::Money;
pub use domain::statement::{Certainty, Direction, Entry, Fate, Method, PaymentState as State};

use crate::time::At;

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
    /// What became of the money, where the row says it.
    pub fate: Option<Fate>,
    /// When, where the row says that, too; Unix time in milliseconds.
    pub fate_at: Option<i64>,
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
            fate: None,
            fate_at: None,
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

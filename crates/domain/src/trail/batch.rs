//! Which batches of a terminal are over, by its ledger.
//!
//! Invariant: what notes a settlement proves nothing by itself; only a proven message of another batch ends one, or the settlement that
//! stands last.

use std::collections::HashMap;

use super::{Fact, Source, State};
use crate::Timestamp;

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

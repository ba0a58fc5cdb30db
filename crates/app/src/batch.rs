//! A terminal's batch, and whether its totals are agreed.
//!
//! Invariant: a batch that the terminal has gone on in is not over, whoever said so.

use domain::TerminalId;
use store::terminal_session::{Closing, Step};
use store::{Error, Tx, ledger};

const BATCH_MAX: u32 = 999_999;

/// A terminal's batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) number: u32,
    /// Its settlement, unless the terminal has gone on in the batch after it.
    pub(crate) closing: Option<Closing>,
}

impl Batch {
    /// The terminal's current batch; the first one when it has never signed in.
    pub(crate) fn of(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Self, Error> {
        let Some(session) = store::terminal_session::get(tx, terminal_id)? else {
            return Ok(Self {
                number: 1,
                closing: None,
            });
        };
        let number = session.batch;
        let Some(closing) = session.closing else {
            return Ok(Self {
                number,
                closing: None,
            });
        };
        let at_host = store::pending::of_terminal(tx, terminal_id)?;
        let goes_on = at_host
            .iter()
            .any(|pending| pending.sequence > closing.sequence && pending.name.batch == number)
            || ledger::is_traded_in(tx, terminal_id, number, closing.sequence)?;
        Ok(Self {
            number,
            closing: (!goes_on).then_some(closing),
        })
    }

    /// The batch the next sign-in is told: this one, or the one after it.
    pub(crate) fn next(self) -> u32 {
        match self.step().is_some_and(Step::is_over) {
            true if self.number >= BATCH_MAX => 1,
            true => self.number + 1,
            false => self.number,
        }
    }

    /// The number of the terminal's batch while its totals are not agreed.
    pub(crate) fn open(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Option<u32>, Error> {
        let batch = Self::of(tx, terminal_id)?;
        Ok((!batch.step().is_some_and(Step::is_over)).then_some(batch.number))
    }

    pub(crate) fn step(self) -> Option<Step> {
        self.closing.map(|closing| closing.step)
    }

    /// Whether `number` is the batch before this one.
    pub(crate) fn follows(self, number: u32) -> bool {
        number != self.number && (number + 1 == self.number || (number >= BATCH_MAX && self.number == 1))
    }
}

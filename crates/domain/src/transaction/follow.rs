//! What may follow what: the one table of voids, refunds, completions and reversals, and of the originals they act on.
//!
//! The gate asks it before the host hears of a follow-up; the simulated issuer asks it too.
//!
//! Invariant: nothing is undone twice, so no sequence of approved requests gives a cardholder back more than was taken.

use super::{Kind, Refusal};
use crate::Money;

/// A completion may exceed its pre-authorisation up to this many percent of it.
pub const COMPLETION_PERCENT_MAX: i64 = 115;

/// What became of an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It counts; refunds may have taken from it.
    Stands,
    /// Voided: a void of it stands.
    Voided,
    /// A pre-authorisation whose completion stands, voided or not: it ends with it.
    Completed,
    /// Reversed, or about to be.
    Reversed,
}

/// An approval that a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Original {
    /// What was approved.
    pub kind: Kind,
    /// What it was approved for.
    pub amount: Money,
    /// What became of it.
    pub state: State,
    /// The sum of its refunds, minor units.
    pub refunded_minor: i64,
    /// Whether its batch is the terminal's current one, whose totals are not agreed yet.
    pub is_in_open_batch: bool,
}

/// A request that acts on an original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FollowUp {
    /// What is asked for.
    pub kind: Kind,
    /// Field 4.
    pub amount: Option<Money>,
    /// Whether it names the original's card.
    pub is_same_card: bool,
}

/// Which amount a follow-up must have.
enum Amount {
    /// The original's.
    Whole,
    /// At most what earlier refunds have left of it.
    Rest,
    /// At most so many percent of it.
    Percent(i64),
}

/// Where the original must stand.
#[derive(PartialEq, Eq)]
enum Batch {
    /// In the open batch of the same terminal: undone before anybody has counted on it.
    Open,
    /// Anywhere, long ago and at another terminal too; what a ledger does not know, the host decides.
    Any,
}

struct Rule {
    follow_up: Kind,
    of: &'static [Kind],
    batch: Batch,
    amount: Amount,
}

const fn rule(follow_up: Kind, of: &'static [Kind], batch: Batch, amount: Amount) -> Rule {
    Rule {
        follow_up,
        of,
        batch,
        amount,
    }
}

/// The table. To it come the rules that all rows share: the card is the original's, and the original still stands; only a
/// refund may act on what was refunded in part.
const TABLE: [Rule; 7] = {
    use Kind::*;
    [
        rule(Void, &[Purchase], Batch::Open, Amount::Whole),
        rule(
            Refund,
            &[Purchase, Completion, CompletionNotice],
            Batch::Any,
            Amount::Rest,
        ),
        rule(
            PreAuthorisationVoid,
            &[PreAuthorisation],
            Batch::Any,
            Amount::Whole,
        ),
        rule(Completion, &[PreAuthorisation], Batch::Any, COMPLETED),
        rule(CompletionNotice, &[PreAuthorisation], Batch::Any, COMPLETED),
        rule(
            CompletionVoid,
            &[Completion, CompletionNotice],
            Batch::Open,
            Amount::Whole,
        ),
        rule(Reversal, &Kind::REVERSIBLE, Batch::Open, Amount::Whole),
    ]
};
const COMPLETED: Amount = Amount::Percent(COMPLETION_PERCENT_MAX);

impl Kind {
    /// Whether field 61 of such a request names the original it acts on.
    pub fn is_follow_up(self) -> bool {
        self != Self::Reversal && TABLE.iter().any(|rule| rule.follow_up == self)
    }

    /// Whether its original may be one that the terminal's own ledger does not know.
    pub fn may_act_elsewhere(self) -> bool {
        TABLE
            .iter()
            .any(|rule| rule.follow_up == self && rule.batch == Batch::Any)
    }
}

/// Whether the request may follow its original. Its answers: `12` for what does not go with it, `14` for another card, `22`
/// for reversing and `12` for anything else on what no longer stands, `64` and `61` for the amount.
pub fn judge(original: &Original, asked: &FollowUp) -> Result<(), Refusal> {
    let rule = TABLE
        .iter()
        .find(|rule| rule.follow_up == asked.kind && rule.of.contains(&original.kind))
        .ok_or(Refusal::Invalid)?;
    if !asked.is_same_card {
        return Err(Refusal::OtherCard);
    }
    let is_whole = original.refunded_minor == 0 || asked.kind == Kind::Refund;
    if original.state != State::Stands || !is_whole {
        return Err(match asked.kind {
            Kind::Reversal => Refusal::FollowedAlready,
            _ => Refusal::Undone,
        });
    }
    if rule.batch == Batch::Open && !original.is_in_open_batch {
        return Err(Refusal::BatchSettled);
    }
    let asked = asked
        .amount
        .filter(|amount| amount.currency == original.amount.currency)
        .ok_or(Refusal::OtherAmount)?;
    let whole_minor = original.amount.minor;
    match rule.amount {
        Amount::Whole if asked.minor != whole_minor => Err(Refusal::OtherAmount),
        Amount::Rest if asked.minor > whole_minor - original.refunded_minor => Err(Refusal::AboveOriginal),
        // An amount has twelve digits at most, so neither product comes near the end of the type.
        Amount::Percent(percent) if asked.minor * 100 > whole_minor * percent => Err(Refusal::AboveOriginal),
        _ => Ok(()),
    }
}

impl Original {
    /// An approval that nothing has followed yet.
    pub const fn fresh(kind: Kind, amount: Money, is_in_open_batch: bool) -> Self {
        Self {
            kind,
            amount,
            state: State::Stands,
            refunded_minor: 0,
            is_in_open_batch,
        }
    }

    /// What it is once this follow-up is approved.
    pub const fn follow(&mut self, kind: Kind, minor: i64) {
        match kind {
            Kind::Refund => self.refunded_minor += minor,
            Kind::Completion | Kind::CompletionNotice => self.state = State::Completed,
            Kind::Reversal => self.state = State::Reversed,
            _ => self.state = State::Voided,
        }
    }

    /// What it is once this follow-up, approved before, is undone itself.
    pub fn unfollow(&mut self, kind: Kind, minor: i64) {
        match kind {
            Kind::Refund => self.refunded_minor -= minor,
            _ if self.state != State::Reversed => self.state = State::Stands,
            _ => {}
        }
    }
}

/// What names an original besides its batch and trace number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks<'a> {
    /// Field 37, the host's retrieval reference.
    pub retrieval_reference: Option<&'a str>,
    /// Field 38, the issuer's approval code.
    pub approval_code: Option<&'a str>,
}

impl Marks<'_> {
    /// Whether a request of this kind that states these marks means the original that has those. Voids, refunds and voids of
    /// completions must state field 37, the pre-authorisation family field 38 (UnionPay POS message table); the other one is
    /// compared when it is there.
    pub fn mean(&self, kind: Kind, original: &Marks<'_>) -> bool {
        let (by_reference, by_code) = match kind {
            Kind::Void | Kind::Refund => (true, false),
            Kind::CompletionVoid => (true, true),
            _ => (false, true),
        };
        agree(
            self.retrieval_reference,
            original.retrieval_reference,
            by_reference,
        ) && agree(self.approval_code, original.approval_code, by_code)
    }
}

fn agree(stated: Option<&str>, had: Option<&str>, is_needed: bool) -> bool {
    match (stated, had) {
        (_, None) => true,
        (None, Some(_)) => !is_needed,
        (Some(stated), Some(had)) => stated == had,
    }
}

#[cfg(test)]
mod tests;

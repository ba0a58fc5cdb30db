//! The original that a request acts on, as this terminal's ledger knows it: what `domain::transaction::follow` judges by.
//!
//! Invariant: what may still be undone, or may have been done without anybody knowing, never counts as not done.

use domain::MaskedPan;
use domain::transaction::follow::{FollowUp, Marks, Original, State, judge};
use domain::transaction::{Decision, Entry, Kind, LedgerRow, Refusal};
use store::pending::Pending;
use store::{Error, Tx, ledger, owed_reversal};

use crate::attempt::Attempt;
use crate::batch::Batch;

/// The approved row that fields 61, 37 and 38 of a request mean. `None` where the original is of another terminal or of long
/// ago, as far as this ledger can tell: that the host decides.
pub(crate) fn find(tx: &Tx<'_>, attempt: &Attempt) -> Result<Result<Option<LedgerRow>, Refusal>, Error> {
    let Some(name) = attempt.original else {
        return Ok(Err(Refusal::OriginalNotFound));
    };
    let at_host = store::pending::of_terminal(tx, attempt.terminal_id)?;
    if at_host.iter().any(|pending| pending.name == name) {
        return Ok(Err(Refusal::InFlight));
    }
    let stated = Marks {
        retrieval_reference: attempt.retrieval_reference.as_deref(),
        approval_code: attempt.approval_code.as_deref(),
    };
    let means = |row: &LedgerRow| stated.mean(attempt.kind, &marks(row));
    let mut named = ledger::by_name(tx, attempt.terminal_id, name)?;
    named.retain(|row| row.entry != Entry::Request(Kind::Reversal) && means(row));
    if let Some(row) = named.iter().rfind(|row| is_approved(row)) {
        return Ok(Ok(Some(row.clone())));
    }
    let was_not_approved = named.iter().any(|row| row.card == attempt.card);
    if was_not_approved || !attempt.kind.may_act_elsewhere() {
        return Ok(Err(Refusal::OriginalNotFound));
    }
    // Named otherwise, it may still be one that a void or a reversal could undo once more: those of the open batch.
    let marks = (stated.retrieval_reference, stated.approval_code);
    let marked = ledger::by_marks(tx, attempt.terminal_id, attempt.name.batch, marks)?;
    let meant = marked
        .into_iter()
        .rfind(|row| means(row) && goes_with(attempt, row));
    Ok(Ok(meant))
}

fn marks(row: &LedgerRow) -> Marks<'_> {
    Marks {
        retrieval_reference: row.retrieval_reference.as_deref(),
        approval_code: row.approval_code.as_deref(),
    }
}

fn is_approved(row: &LedgerRow) -> bool {
    row.decision == Some(Decision::Approved)
}

/// Whether the row is of a kind and a card that the request can act on: an approval code alone may be another card's.
fn goes_with(attempt: &Attempt, row: &LedgerRow) -> bool {
    let judged = fresh(row, true).map(|original| judge(&original, &follow_up(attempt, row.card)));
    judged.is_some_and(|judged| !matches!(judged, Err(Refusal::Invalid | Refusal::OtherCard)))
}

/// Whether the request may follow this row.
pub(crate) fn may_follow(
    tx: &Tx<'_>,
    attempt: &Attempt,
    row: &LedgerRow,
) -> Result<Result<(), Refusal>, Error> {
    Ok(match as_it_stands(tx, row)? {
        Ok(original) => judge(&original, &follow_up(attempt, row.card)),
        Err(refusal) => Err(refusal),
    })
}

/// The request as the table sees it, beside the original's card.
pub(crate) fn follow_up(attempt: &Attempt, card: Option<MaskedPan>) -> FollowUp {
    FollowUp {
        kind: attempt.kind,
        amount: attempt.amount,
        // A reversal need not carry the card.
        is_same_card: attempt.card == card || (attempt.kind == Kind::Reversal && attempt.card.is_none()),
    }
}

/// A request at the host, as a reversal of it sees it.
pub(crate) fn at_host(pending: &Pending) -> Option<Original> {
    Some(Original::fresh(pending.kind, pending.amount?, true))
}

fn fresh(row: &LedgerRow, is_in_open_batch: bool) -> Option<Original> {
    let Entry::Request(kind) = row.entry else {
        return None;
    };
    Some(Original::fresh(kind, row.amount?, is_in_open_batch))
}

/// An approved row with all that has followed it. [`Refusal::InFlight`] while the fate of something about it is open, and
/// [`Refusal::Invalid`] for a row that nothing can follow.
pub(crate) fn as_it_stands(tx: &Tx<'_>, row: &LedgerRow) -> Result<Result<Original, Refusal>, Error> {
    let is_open = row.batch_trace.map(|name| name.batch) == Batch::open(tx, row.terminal_id)?;
    let Some(mut original) = fresh(row, is_open) else {
        return Ok(Err(Refusal::Invalid));
    };
    let at_host = store::pending::of_terminal(tx, row.terminal_id)?;
    let is_of = |pending: &Pending| pending.of_sequence == Some(row.sequence);
    if at_host.iter().any(is_of) {
        return Ok(Err(Refusal::InFlight));
    }
    let owed = owed_reversal::sequences(tx, row.terminal_id)?;
    let about = ledger::about(tx, row.terminal_id, row.sequence)?;
    if about.len() == ledger::ABOUT_MAX {
        return Ok(Err(Refusal::Invalid));
    }
    let refers_to = |one: &&LedgerRow| one.of_sequence == Some(row.sequence);
    let (own, follow_ups): (Vec<_>, Vec<_>) = about
        .iter()
        .filter(refers_to)
        .partition(|one| one.batch_trace == row.batch_trace);
    for one in follow_ups {
        match (counts(one, &about, &owed), one.entry) {
            (None, _) => return Ok(Err(Refusal::InFlight)),
            (Some(true), Entry::Request(kind)) => {
                original.follow(kind, one.amount.map_or(0, |amount| amount.minor));
            }
            _ => {}
        }
    }
    // Undone, about to be, or refused by the host and left to a person: for the terminal it is undone.
    if !own.is_empty() || owed.contains(&row.sequence) {
        original.state = State::Reversed;
    }
    Ok(Ok(original))
}

/// Whether a follow-up took effect, by the rows about it; `None` while a reversal of it is owed.
fn counts(one: &LedgerRow, about: &[LedgerRow], owed: &[i64]) -> Option<bool> {
    let became = |decision| {
        about.iter().any(|other| {
            (other.of_sequence, other.batch_trace) == (Some(one.sequence), one.batch_trace)
                && other.decision == Some(decision)
        })
    };
    if owed.contains(&one.sequence) {
        return None;
    }
    Some(match one.decision {
        Some(Decision::Approved) => !became(Decision::Reversed),
        // The host may have done it, and a person has not decided yet.
        Some(Decision::Declined) => became(Decision::Recorded),
        _ => false,
    })
}

//! 批结算 and 批上送: agreeing on a batch, and closing it.
//!
//! Invariant: a batch is closed once; the next sign-in gets the next number.

use domain::Money;
use domain::money::Currency;
use domain::transaction::{BatchTrace, Decision, Entry, LedgerRow, Refusal, ResponseCode, admit};
use store::ledger::{self, BatchTotals};
use store::{Error, Tx};

use crate::sign_in::append;
use crate::transaction::{Admitted, Answer, Attempt, Locked, lock, refuse};

const BATCH_MAX: u32 = 999_999;

/// What a settlement leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Our totals of the batch, and whether the terminal's are the same. Equal totals close the batch.
    Compared {
        /// What the ledger has in the terminal's currency.
        totals: BatchTotals,
        /// Whether they agree.
        equal: bool,
        /// Field 39, 12, 13.
        answer: Answer,
    },
    /// Refused.
    Answer(Answer),
    /// No such terminal; nothing was written.
    UnknownTerminal,
}

/// Compares a terminal's totals in one currency with the ledger's (0500). These messages carry no MAC. A batch with
/// something in another currency agrees with no such totals: its lines are to be uploaded.
pub fn settle(
    tx: &Tx<'_>,
    attempt: &Attempt,
    currency: Currency,
    claimed: BatchTotals,
) -> Result<Settled, Error> {
    let locked = match admitted(tx, attempt)? {
        Ok(locked) => locked,
        Err(Admitted::Answer(answer)) => return Ok(Settled::Answer(answer)),
        Err(_) => return Ok(Settled::UnknownTerminal),
    };
    if let Some(answer) = under_way(tx, attempt, &locked)? {
        return Ok(Settled::Answer(answer));
    }
    let mut all = ledger::batch_totals(tx, attempt.terminal_id, attempt.name.batch)?;
    let totals = all.remove(&currency).unwrap_or_default();
    let equal = totals == claimed && all.is_empty();
    let answer = append(tx, attempt, locked.admission.operator.as_deref())?;
    if equal {
        close(tx, attempt)?;
    }
    Ok(Settled::Compared {
        totals,
        equal,
        answer,
    })
}

/// One line of a batch upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// The line's trace number.
    pub trace: u32,
    /// Its amount, minor units.
    pub amount_minor: i64,
    /// What the terminal counts in: the line itself does not say.
    pub currency: Currency,
}

/// Compares uploaded lines with the ledger (0320, 60.3 = 201); a difference is recorded for a person to decide.
pub fn upload(tx: &Tx<'_>, attempt: &Attempt, lines: &[Uploaded]) -> Result<Admitted, Error> {
    let locked = match admitted(tx, attempt)? {
        Ok(locked) => locked,
        Err(admitted) => return Ok(admitted),
    };
    let answer = append(tx, attempt, locked.admission.operator.as_deref())?;
    for line in lines {
        if !agrees(tx, attempt, line)? {
            record_difference(tx, attempt, line, &locked)?;
        }
    }
    Ok(Admitted::Answer(answer))
}

/// Whether the ledger has the line as the terminal says: approved, and neither undone nor about to be.
fn agrees(tx: &Tx<'_>, attempt: &Attempt, line: &Uploaded) -> Result<bool, Error> {
    let name = BatchTrace {
        batch: attempt.name.batch,
        trace: line.trace,
    };
    let rows = ledger::by_name(tx, attempt.terminal_id, name)?;
    let approved = rows.iter().find(|row| {
        row.decision == Some(Decision::Approved)
            && row.amount.is_some_and(|amount| amount.minor == line.amount_minor)
    });
    let Some(approved) = approved else {
        return Ok(false);
    };
    let undone = rows.iter().any(|row| row.decision == Some(Decision::Reversed));
    Ok(!undone && !store::owed_reversal::is_owed(tx, attempt.terminal_id, approved.sequence)?)
}

/// The end of an upload (0320, 60.3 = 202 or 207) closes the batch.
pub fn upload_end(tx: &Tx<'_>, attempt: &Attempt) -> Result<Admitted, Error> {
    let locked = match admitted(tx, attempt)? {
        Ok(locked) => locked,
        Err(admitted) => return Ok(admitted),
    };
    if let Some(answer) = under_way(tx, attempt, &locked)? {
        return Ok(Admitted::Answer(answer));
    }
    let answer = append(tx, attempt, locked.admission.operator.as_deref())?;
    close(tx, attempt)?;
    Ok(Admitted::Answer(answer))
}

/// Holds, merchant, sign-in and batch, as for a transaction; there is no MAC to verify.
fn admitted(tx: &Tx<'_>, attempt: &Attempt) -> Result<Result<Locked, Admitted>, Error> {
    let Some(locked) = lock(tx, attempt.terminal_id)? else {
        return Ok(Err(Admitted::UnknownTerminal));
    };
    let mut situation = locked.situation(attempt);
    situation.mac_verified = true;
    match admit(&situation, attempt.name.batch) {
        Ok(()) => Ok(Ok(locked)),
        Err(refusal) => Ok(Err(Admitted::Answer(refuse(tx, attempt, refusal, &locked)?))),
    }
}

/// The refusal of closing a batch in which an answer is still to come: the terminal tries again.
fn under_way(tx: &Tx<'_>, attempt: &Attempt, locked: &Locked) -> Result<Option<Answer>, Error> {
    if store::pending::of_terminal(tx, attempt.terminal_id)?.is_empty() {
        return Ok(None);
    }
    refuse(tx, attempt, Refusal::InFlight, locked).map(Some)
}

fn record_difference(tx: &Tx<'_>, attempt: &Attempt, line: &Uploaded, locked: &Locked) -> Result<(), Error> {
    let place = ledger::next_place(tx, attempt.terminal_id)?;
    ledger::append(
        tx,
        &LedgerRow {
            decision: Some(Decision::Recorded),
            amount: Money::new(line.amount_minor, line.currency).ok(),
            operator: locked.admission.operator.clone(),
            response_code: Some(ResponseCode::APPROVED),
            reason: Some(format!("batch_upload_differs:{:06}", line.trace)),
            peer: Some(attempt.peer.clone()),
            requested_at: attempt.received_at,
            ..LedgerRow::bare(
                attempt.terminal_id,
                place.sequence,
                place.at,
                Entry::Request(attempt.kind),
            )
        },
    )
}

fn close(tx: &Tx<'_>, attempt: &Attempt) -> Result<(), Error> {
    let next = if attempt.name.batch >= BATCH_MAX {
        1
    } else {
        attempt.name.batch + 1
    };
    store::terminal_session::sign_out(tx, attempt.terminal_id, next)
}

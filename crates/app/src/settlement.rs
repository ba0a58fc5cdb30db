//! 批结算 and 批上送: agreeing on a batch, and closing it.
//!
//! None of these messages carries a MAC, so anybody can send them. They are compared with the ledger and change nothing
//! that cannot be undone: that a batch is over is noted, the next sign-in is told the next number, and the first MAC under
//! the keys of that sign-in begins it ([`crate::sign_in::prove`]). A terminal that goes on in the batch instead, by
//! anything it proves, shows that the note was not its own, and the note counts no more.
//!
//! Invariant: no total is told to whoever does not name it; a batch ends only by a proven message of the next one.

use domain::Money;
use domain::money::Currency;
use domain::transaction::{
    BatchTrace, Decision, Entry, LedgerRow, Proof, Refusal, ResponseCode, Situation, admit,
};
use store::ledger::{self, BatchTotals};
use store::terminal_session::{Closing, Step};
use store::{Error, Tx};

use crate::attempt::{Admitted, Answer, Attempt, Locked, done, lock, refuse};
use crate::batch::Batch;

/// What a settlement leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Whether the terminal's totals are the ledger's.
    Compared {
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

/// Compares a terminal's totals in one currency with the ledger's (0500). Asked again, also about the batch before, it says
/// the same again. A batch with something in another currency agrees with no such totals: its lines are to be uploaded.
pub fn settle(
    tx: &Tx<'_>,
    attempt: &Attempt,
    currency: Currency,
    claimed: BatchTotals,
) -> Result<Settled, Error> {
    let Some(locked) = lock(tx, attempt.terminal_id)? else {
        return Ok(Settled::UnknownTerminal);
    };
    match compare(tx, attempt, currency, claimed, &locked)? {
        Err(refusal) => refuse(tx, attempt, refusal, &locked).map(Settled::Answer),
        Ok(Comparison { equal, news: None }) => Ok(Settled::Compared {
            equal,
            answer: Answer::bare(ResponseCode::APPROVED, tx.now()),
        }),
        Ok(Comparison {
            equal,
            news: Some(step),
        }) => Ok(Settled::Compared {
            equal,
            answer: note(tx, attempt, &locked, step)?,
        }),
    }
}

/// What a settlement would be answered where that needs nothing to be written; `None` when [`settle`] has something to
/// note. However often somebody asks, it costs a read.
pub fn glimpse(
    tx: &Tx<'_>,
    attempt: &Attempt,
    currency: Currency,
    claimed: BatchTotals,
) -> Result<Option<Result<Settled, Refusal>>, Error> {
    let Some(locked) = Locked::glimpse(tx, attempt.terminal_id)? else {
        return Ok(Some(Ok(Settled::UnknownTerminal)));
    };
    Ok(match compare(tx, attempt, currency, claimed, &locked)? {
        Err(refusal) => Some(Err(refusal)),
        Ok(Comparison { news: Some(_), .. }) => None,
        Ok(Comparison { equal, news: None }) => Some(Ok(Settled::Compared {
            equal,
            answer: Answer::bare(ResponseCode::APPROVED, tx.now()),
        })),
    })
}

struct Comparison {
    equal: bool,
    /// What is not noted yet.
    news: Option<Step>,
}

fn compare(
    tx: &Tx<'_>,
    attempt: &Attempt,
    currency: Currency,
    claimed: BatchTotals,
    locked: &Locked,
) -> Result<Result<Comparison, Refusal>, Error> {
    let batch = match admitted(tx, attempt, locked)? {
        Ok(batch) => batch,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if is_under_way(tx, attempt)? {
        return Ok(Err(Refusal::InFlight));
    }
    let mut all = ledger::batch_totals(tx, attempt.terminal_id, attempt.name.batch)?;
    let equal = all.remove(&currency).unwrap_or_default() == claimed && all.is_empty();
    let news = match (batch.step(), equal) {
        _ if batch.number != attempt.name.batch => None,
        (None | Some(Step::Unequal), true) => Some(Step::Equal),
        (None, false) => Some(Step::Unequal),
        _ => None,
    };
    Ok(Ok(Comparison { equal, news }))
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

/// Compares uploaded lines with the ledger (0320, 60.3 = 201), after totals that differ; a difference is recorded for a
/// person to decide.
pub fn upload(tx: &Tx<'_>, attempt: &Attempt, lines: &[Uploaded]) -> Result<Admitted, Error> {
    let Some(locked) = lock(tx, attempt.terminal_id)? else {
        return Ok(Admitted::UnknownTerminal);
    };
    let batch = match admitted(tx, attempt, &locked)? {
        Ok(batch) => batch,
        Err(refusal) => return refuse(tx, attempt, refusal, &locked).map(Admitted::Answer),
    };
    if batch.number != attempt.name.batch || batch.step() != Some(Step::Unequal) {
        return refuse(tx, attempt, Refusal::OriginalNotFound, &locked).map(Admitted::Answer);
    }
    let row = done(tx, attempt, locked.admission.operator.as_deref())?;
    ledger::append(tx, &row)?;
    for line in lines {
        if !agrees(tx, attempt, line)? {
            record_difference(tx, attempt, line, &locked)?;
        }
    }
    Ok(Admitted::Answer(Answer::bare(ResponseCode::APPROVED, row.at)))
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

/// How an upload ends (0320).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// 60.3 = 202: after totals that differ.
    Unequal,
    /// 60.3 = 207: after equal totals.
    Equal,
}

/// The end of an upload: the batch is over. It follows a settlement with that outcome, and is taken again as often as it
/// comes; without one it is refused.
pub fn upload_end(tx: &Tx<'_>, attempt: &Attempt, end: End) -> Result<Admitted, Error> {
    let Some(locked) = lock(tx, attempt.terminal_id)? else {
        return Ok(Admitted::UnknownTerminal);
    };
    let batch = match admitted(tx, attempt, &locked)? {
        Ok(batch) => batch,
        Err(refusal) => return refuse(tx, attempt, refusal, &locked).map(Admitted::Answer),
    };
    if is_under_way(tx, attempt)? {
        return refuse(tx, attempt, Refusal::InFlight, &locked).map(Admitted::Answer);
    }
    let is_current = batch.number == attempt.name.batch;
    let answer = match (end, batch.step()) {
        _ if !is_current => Answer::bare(ResponseCode::APPROVED, tx.now()),
        (End::Equal, Some(Step::Equal)) | (End::Unequal, Some(Step::Equal | Step::Ended)) => {
            Answer::bare(ResponseCode::APPROVED, tx.now())
        }
        (End::Unequal, Some(Step::Unequal)) => note(tx, attempt, &locked, Step::Ended)?,
        _ => refuse(tx, attempt, Refusal::OriginalNotFound, &locked)?,
    };
    Ok(Admitted::Answer(answer))
}

/// Holds, merchant, sign-in and batch, as for a transaction; there is no MAC to verify. The batch before the current one is
/// admitted too: the terminal may not have heard how its settlement went.
fn admitted(tx: &Tx<'_>, attempt: &Attempt, locked: &Locked) -> Result<Result<Batch, Refusal>, Error> {
    let batch = Batch::of(tx, attempt.terminal_id)?;
    let situation = Situation {
        mac_verified: true,
        ..locked.situation(attempt)
    };
    let named = match batch.follows(attempt.name.batch) {
        true => batch.number,
        false => attempt.name.batch,
    };
    Ok(admit(&situation, named).map(|()| batch))
}

/// Whether an answer is still to come in the batch: the terminal tries again.
fn is_under_way(tx: &Tx<'_>, attempt: &Attempt) -> Result<bool, Error> {
    Ok(!store::pending::of_terminal(tx, attempt.terminal_id)?.is_empty())
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
            proof: Some(Proof::of(locked.proves(attempt))),
            ..LedgerRow::bare(
                attempt.terminal_id,
                place.sequence,
                place.at,
                Entry::Request(attempt.kind),
            )
        },
    )
}

/// Writes the request down, and how far the settlement is with it.
fn note(tx: &Tx<'_>, attempt: &Attempt, locked: &Locked, step: Step) -> Result<Answer, Error> {
    let row = done(tx, attempt, locked.admission.operator.as_deref())?;
    ledger::append(tx, &row)?;
    let sequence = row.sequence;
    store::terminal_session::set_closing(tx, attempt.terminal_id, Closing { step, sequence })?;
    Ok(Answer::bare(ResponseCode::APPROVED, row.at))
}

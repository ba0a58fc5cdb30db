//! Reversals: those a terminal asks for (0400), and those owed to the host.
//!
//! Invariant: once a terminal is told that its reversal is accepted, the reversal is owed durably until the host answers.

use domain::actor::By;
use domain::incident::Happened;
use domain::transaction::follow::{FollowUp, Original, State, judge};
use domain::transaction::{Decision, Entry, Kind, LedgerRow, Refusal, ResponseCode, Verdict, admit};
use domain::work::Id;
use domain::{TerminalId, Timestamp, hold};
use store::event;
use store::owed_reversal::OwedReversal;
use store::{Error, Tx, ledger};

use crate::attempt::{Admitted, Answer, Attempt, lock, of_incident, refuse};
use crate::original;

/// A terminal asks to undo the request of the same batch and trace. `reason_code` is field 39 of the 0400.
pub fn accept(tx: &Tx<'_>, attempt: &Attempt, reason_code: &str) -> Result<Admitted, Error> {
    let Some(locked) = lock(tx, attempt.terminal_id)? else {
        return Ok(Admitted::UnknownTerminal);
    };
    let situation = locked.situation(attempt);
    // A reversal names the batch of its original, which may be over.
    let admitted = admit(&situation, situation.signed_in_batch.unwrap_or_default());
    if let Err(refusal) = admitted.and(attempt.flaw.map_or(Ok(()), Err)) {
        return refuse(tx, attempt, refusal, &locked).map(Admitted::Answer);
    }
    let undo = match named(tx, attempt)? {
        Ok(undo) => undo,
        Err(refusal) => return refuse(tx, attempt, refusal, &locked).map(Admitted::Answer),
    };
    let retrieval_reference = match undo {
        Undo::AtHost(sequence) => {
            store::pending::ask_undo(tx, attempt.terminal_id, sequence)?;
            None
        }
        Undo::Approved(row, kind) => {
            owe(tx, &of_terminal(attempt, &row, kind, reason_code, tx.now()))?;
            row.retrieval_reference
        }
        Undo::Nothing(retrieval_reference) => retrieval_reference,
    };
    Ok(Admitted::Answer(accepted(tx.now(), retrieval_reference)))
}

/// What there is to undo.
enum Undo {
    /// A request still at the host.
    AtHost(i64),
    /// An approval.
    Approved(Box<LedgerRow>, Kind),
    /// What was never approved, or is undone already, with its retrieval reference.
    Nothing(Option<String>),
}

/// What a reversal names, if it may be undone.
fn named(tx: &Tx<'_>, attempt: &Attempt) -> Result<Result<Undo, Refusal>, Error> {
    let at_host = store::pending::of_terminal(tx, attempt.terminal_id)?;
    if let Some(pending) = at_host.iter().find(|pending| pending.name == attempt.name) {
        let original = original::at_host(pending).ok_or(Refusal::Invalid);
        let asked = original::follow_up(attempt, pending.card);
        let judged = original.and_then(|original| judge(&original, &asked));
        return Ok(judged.map(|()| Undo::AtHost(pending.sequence)));
    }
    let rows = ledger::by_name(tx, attempt.terminal_id, attempt.name)?;
    let is_approved = |row: &&LedgerRow| row.decision == Some(Decision::Approved);
    let Some(row) = rows.iter().rfind(is_approved) else {
        // The row that a refusal leaves refuses the original, should it come late.
        let is_unknown = rows.iter().all(|row| row.entry == Entry::Request(Kind::Reversal));
        return Ok(if is_unknown {
            Err(Refusal::OriginalNotFound)
        } else {
            Ok(Undo::Nothing(None))
        });
    };
    let asked = original::follow_up(attempt, row.card);
    let original = original::as_it_stands(tx, row)?;
    Ok(original.and_then(|original| undo(row, original, &asked)))
}

/// An approval that may be undone, or was: a reversal repeated hears the same again, also when the host refused the first
/// one and a person has to decide.
fn undo(row: &LedgerRow, original: Original, asked: &FollowUp) -> Result<Undo, Refusal> {
    if original.state != State::Reversed {
        return judge(&original, asked).map(|()| Undo::Approved(Box::new(row.clone()), original.kind));
    }
    let before = Original::fresh(original.kind, original.amount, true);
    judge(&before, asked).map(|()| Undo::Nothing(row.retrieval_reference.clone()))
}

/// Owes a reversal, and the work of sending it; owing the same one twice changes nothing.
pub(crate) fn owe(tx: &Tx<'_>, owed: &OwedReversal) -> Result<(), Error> {
    store::owed_reversal::insert(tx, owed)?;
    let id = Id::reversal(owed.terminal_id, owed.sequence);
    crate::work::enqueue(tx, id, owed.owed_since).map(drop)
}

fn of_terminal(
    attempt: &Attempt,
    original: &LedgerRow,
    kind: Kind,
    reason_code: &str,
    now: Timestamp,
) -> OwedReversal {
    OwedReversal {
        terminal_id: attempt.terminal_id,
        sequence: original.sequence,
        name: attempt.name,
        kind,
        amount: original.amount,
        card: original.card,
        reason_code: reason_code.to_owned(),
        cause: "terminal".into(),
        owed_since: now,
        reversal_sealed: attempt.reversal_sealed.clone(),
    }
}

fn accepted(at: Timestamp, retrieval_reference: Option<String>) -> Answer {
    Answer {
        retrieval_reference,
        reversal_owed: true,
        ..Answer::bare(ResponseCode::APPROVED, at)
    }
}

/// The host answered a reversal: with this code, which by its profile says that. Answers the incident that has something
/// new to show.
pub fn settle(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    sequence: i64,
    response_code: ResponseCode,
    verdict: Verdict,
) -> Result<Option<String>, Error> {
    let locked = lock(tx, terminal_id)?;
    let Some(owed) = store::owed_reversal::take(tx, terminal_id, sequence)? else {
        return Ok(None);
    };
    // Undone, or (25) the host never had it. Anything else a person has to look at.
    let undone = verdict == Verdict::Approved || response_code == ResponseCode::NOT_FOUND;
    sent(tx, &owed, undone, response_code)?;
    let original = ledger::get(tx, terminal_id, sequence)?;
    let given = original
        .as_ref()
        .is_some_and(|row| row.decision == Some(Decision::Approved));
    let place = ledger::next_place(tx, terminal_id)?;
    let row = LedgerRow {
        terminal_id,
        sequence: place.sequence,
        at: place.at,
        decision: Some(if undone {
            Decision::Reversed
        } else {
            Decision::Recorded
        }),
        entry: Entry::Request(owed.kind),
        batch_trace: Some(owed.name),
        amount: owed.amount,
        card: owed.card,
        entry_mode: None,
        operator: original.as_ref().and_then(|row| row.operator.clone()),
        response_code: Some(response_code),
        reason: match (undone, given) {
            (false, _) => Some("reversal_refused_by_host".into()),
            (true, false) => Some("never_given".into()),
            (true, true) => None,
        },
        retrieval_reference: original.and_then(|row| row.retrieval_reference),
        approval_code: None,
        peer: None,
        requested_at: owed.owed_since,
        of_sequence: Some(sequence),
        proof: None,
        repeated: None,
    };
    ledger::append(tx, &row)?;
    if !locked.is_some_and(|locked| locked.standing.has(hold::Kind::Loss)) {
        return Ok(None);
    }
    let Some(incident) = store::incident::standing(tx, terminal_id)? else {
        return Ok(None);
    };
    let undone = of_incident(
        (&incident.incident_id, place.at),
        Happened::HostReversal,
        By::node(&incident.node),
        Some(place.sequence),
    );
    event::append(tx, undone)?;
    Ok(Some(incident.incident_id))
}

/// The work of sending a reversal is done, or a person has to decide.
fn sent(tx: &Tx<'_>, owed: &OwedReversal, undone: bool, response_code: ResponseCode) -> Result<(), Error> {
    let id = Id::reversal(owed.terminal_id, owed.sequence);
    if undone {
        return store::work::delete(tx, &id).map(drop);
    }
    let error = format!("the host answered {response_code}");
    crate::work::bury(tx, &id, By::outside("host"), error, owed.reversal_sealed.clone())
}

/// Holds the terminal that the work of sending a reversal is about.
pub(crate) fn lock_terminal(tx: &Tx<'_>, id: &Id) -> Result<(), Error> {
    match id.of_ledger() {
        Some((terminal_id, _)) => lock(tx, terminal_id).map(drop),
        None => Ok(()),
    }
}

/// Owes again what the host refused to undo: a person has asked for it. The terminal is locked.
pub(crate) fn owe_again(tx: &Tx<'_>, id: &Id, reversal_sealed: Option<Vec<u8>>) -> Result<(), Error> {
    let original = match id.of_ledger() {
        Some((terminal_id, sequence)) => ledger::get(tx, terminal_id, sequence)?,
        None => None,
    };
    let missing = Error::Corrupt("the ledger row of a reversal");
    let Some(original) = original else {
        return Err(missing);
    };
    let (Entry::Request(kind), Some(name)) = (original.entry, original.batch_trace) else {
        return Err(missing);
    };
    let owed = OwedReversal {
        terminal_id: original.terminal_id,
        sequence: original.sequence,
        name,
        kind,
        amount: original.amount,
        card: original.card,
        reason_code: "06".into(),
        cause: "retry".into(),
        owed_since: tx.now(),
        reversal_sealed,
    };
    store::owed_reversal::insert(tx, &owed)
}

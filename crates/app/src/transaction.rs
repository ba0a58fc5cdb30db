//! The one door: every request of every terminal passes [`authorise`] before the host and [`release`] after it.
//!
//! Invariant: each of the two reads the holds and writes its decision in one store transaction with the terminal's row
//! locked, so no approval is written after a hold (R1.2).

use domain::hold;
use domain::terminal::Status;
use domain::transaction::{
    BatchTrace, Decision, Entry, HostOutcome, Kind, LedgerRow, Moment, Proof, Refusal, Situation, admit,
    conclude,
};
use domain::{TerminalId, Timestamp};
use store::owed_reversal::OwedReversal;
use store::pending::Pending;
use store::{Error, Tx, ledger};

pub use crate::attempt::{Admitted, Answer, Attempt, stopped};
use crate::attempt::{Locked, lock, record_attempt, refuse};
use crate::original;

/// Why a request that no reversal undoes is recorded when its approval was given to nobody.
const HOST_MAY_HAVE_EXECUTED: &str = "host_may_have_executed";

/// The first check: writes the intent, or the refusal. `node` is who will wait for the host.
pub fn authorise(tx: &Tx<'_>, attempt: &Attempt, node: &str) -> Result<Admitted, Error> {
    let Some(locked) = lock(tx, attempt.terminal_id)? else {
        return Ok(Admitted::UnknownTerminal);
    };
    let admitted = admit(&locked.situation(attempt), attempt.name.batch);
    if let Err(refusal) = admitted.and(attempt.flaw.map_or(Ok(()), Err)) {
        return refuse(tx, attempt, refusal, &locked).map(Admitted::Answer);
    }
    let original = match attempt.kind.is_follow_up() {
        true => original::find(tx, attempt)?,
        false => Ok(None),
    };
    let of_sequence = original
        .as_ref()
        .ok()
        .and_then(|row| Some(row.as_ref()?.sequence));
    if let Some(answered) = repeated(tx, attempt, of_sequence, &locked)? {
        return Ok(answered);
    }
    let may_follow = match original {
        Ok(Some(row)) => original::may_follow(tx, attempt, &row)?,
        Ok(None) => Ok(()),
        Err(refusal) => Err(refusal),
    };
    if let Err(refusal) = may_follow {
        return refuse(tx, attempt, refusal, &locked).map(Admitted::Answer);
    }
    let place = ledger::next_place(tx, attempt.terminal_id)?;
    store::pending::insert(
        tx,
        &Pending {
            terminal_id: attempt.terminal_id,
            sequence: place.sequence,
            node: node.to_owned(),
            kind: attempt.kind,
            name: attempt.name,
            amount: attempt.amount,
            card: attempt.card,
            entry_mode: attempt.entry_mode,
            operator: locked.admission.operator,
            requested_at: attempt.received_at,
            of_sequence,
            undo_asked: false,
            reversal_sealed: attempt.reversal_sealed.clone(),
        },
    )?;
    Ok(Admitted::Forward {
        sequence: place.sequence,
    })
}

/// The same batch and trace again: the first answer again, or a refusal when the content differs or the first was undone.
fn repeated(
    tx: &Tx<'_>,
    attempt: &Attempt,
    of_sequence: Option<i64>,
    locked: &Locked,
) -> Result<Option<Admitted>, Error> {
    let at_host = store::pending::of_terminal(tx, attempt.terminal_id)?;
    if let Some(first) = at_host.iter().find(|pending| pending.name == attempt.name) {
        let same = (first.kind, first.amount, first.card) == (attempt.kind, attempt.amount, attempt.card)
            && first.of_sequence == of_sequence;
        return match same {
            true => Ok(Some(Admitted::InFlight)),
            false => {
                refuse(tx, attempt, Refusal::Duplicate, locked).map(|answer| Some(Admitted::Answer(answer)))
            }
        };
    }
    let rows = ledger::by_name(tx, attempt.terminal_id, attempt.name)?;
    let Some(first) = rows.last() else { return Ok(None) };
    let may_have_executed = first.reason.as_deref() == Some(HOST_MAY_HAVE_EXECUTED);
    let same = first.entry == Entry::Request(attempt.kind)
        && (first.amount, first.card) == (attempt.amount, attempt.card)
        && (may_have_executed
            || (first.of_sequence == of_sequence
                && matches!(first.decision, Some(Decision::Approved | Decision::Declined))))
        && !(first.decision == Some(Decision::Approved)
            && store::owed_reversal::is_owed(tx, attempt.terminal_id, first.sequence)?);
    let answer = match (same, first.response_code) {
        (true, Some(response_code)) => Answer {
            response_code,
            retrieval_reference: first.retrieval_reference.clone(),
            approval_code: first.approval_code.clone(),
            at: first.at,
            incident_id: None,
            reversal_owed: false,
        },
        _ => refuse(tx, attempt, Refusal::Duplicate, locked)?,
    };
    Ok(Some(Admitted::Answer(answer)))
}

/// The second check: writes what became of an intent, and owes a reversal where the host may hold an approval that
/// nobody was given. `None` when there is no such intent.
pub fn release(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    sequence: i64,
    host: &HostOutcome,
    peer: Option<&str>,
) -> Result<Option<Answer>, Error> {
    let Some(locked) = lock(tx, terminal_id)? else {
        return Ok(None);
    };
    let Some(pending) = store::pending::take(tx, terminal_id, sequence)? else {
        return Ok(None);
    };
    let standing = locked.standing;
    #[cfg(feature = "canary")]
    let standing = if crate::canary::check_then_act() {
        hold::Standing::default()
    } else {
        standing
    };
    let moment = Moment {
        standing,
        retired: locked.admission.status == Status::Retired,
        undo_asked: pending.undo_asked,
        amount: pending.amount,
    };
    let outcome = conclude(host, &moment);
    let (retrieval_reference, approval_code) = match host {
        HostOutcome::Answered {
            retrieval_reference,
            approval_code,
            ..
        } => (retrieval_reference.clone(), approval_code.clone()),
        _ => (None, None),
    };
    let approved = outcome.decision == Decision::Approved;
    let place = ledger::next_place(tx, terminal_id)?;
    let row = LedgerRow {
        terminal_id,
        sequence: place.sequence,
        at: place.at,
        decision: Some(outcome.decision),
        entry: Entry::Request(pending.kind),
        batch_trace: Some(pending.name),
        amount: pending.amount,
        card: pending.card,
        entry_mode: pending.entry_mode,
        operator: pending.operator.clone(),
        response_code: Some(outcome.response_code),
        reason: outcome.reason,
        retrieval_reference,
        approval_code: if approved { approval_code } else { None },
        peer: if approved { None } else { peer.map(str::to_owned) },
        requested_at: pending.requested_at,
        of_sequence: pending.of_sequence,
        // Nothing else is forwarded.
        proof: Some(Proof::Proven),
        repeated: None,
    };
    ledger::append(tx, &row)?;
    let reversal_owed = outcome.undo_at_host && undo_at_host(tx, &pending, &row)?;
    let lost = locked.standing.has(hold::Kind::Loss);
    let incident_id = if lost { record_attempt(tx, &row)? } else { None };
    Ok(Some(Answer {
        response_code: outcome.response_code,
        retrieval_reference: row.retrieval_reference,
        approval_code: row.approval_code,
        at: place.at,
        incident_id,
        reversal_owed,
    }))
}

/// Takes back an intent that its node cannot know of, because the connection to the store was lost in the commit of
/// [`authorise`]. A reversal is owed all the same: the terminal may have asked again meanwhile, and the host with it. Nothing
/// happens when no intent was kept.
pub fn abandon(tx: &Tx<'_>, terminal_id: TerminalId, name: BatchTrace, node: &str) -> Result<(), Error> {
    lock(tx, terminal_id)?;
    let at_host = store::pending::of_terminal(tx, terminal_id)?;
    let own = at_host
        .iter()
        .find(|pending| pending.name == name && pending.node == node);
    match own {
        Some(own) => release(tx, terminal_id, own.sequence, &HostOutcome::Silent, None).map(drop),
        None => Ok(()),
    }
}

/// What was decided about a request whose intent is gone, when its answer may still be given: for a caller who lost the
/// connection to the store in the commit of [`release`].
pub fn decided(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    name: BatchTrace,
    kind: Kind,
) -> Result<Option<Answer>, Error> {
    lock(tx, terminal_id)?;
    let rows = ledger::by_name(tx, terminal_id, name)?;
    let Some(last) = rows.last().filter(|row| row.entry == Entry::Request(kind)) else {
        return Ok(None);
    };
    let decision = match last.decision {
        Some(decision @ (Decision::Approved | Decision::Declined)) => decision,
        _ => return Ok(None),
    };
    if decision == Decision::Approved && store::owed_reversal::is_owed(tx, terminal_id, last.sequence)? {
        return Ok(None);
    }
    Ok(last.response_code.map(|response_code| Answer {
        retrieval_reference: last.retrieval_reference.clone(),
        approval_code: last.approval_code.clone(),
        ..Answer::bare(response_code, last.at)
    }))
}

/// Owes the host a reversal, and answers whether; what cannot be reversed there is recorded for a person.
fn undo_at_host(tx: &Tx<'_>, pending: &Pending, row: &LedgerRow) -> Result<bool, Error> {
    if pending.kind.reversible() {
        let silent = matches!(row.reason.as_deref(), Some("host_silent" | "host_unsure"));
        crate::reversal::owe(
            tx,
            &OwedReversal {
                terminal_id: row.terminal_id,
                sequence: row.sequence,
                name: pending.name,
                kind: pending.kind,
                amount: pending.amount,
                card: pending.card,
                reason_code: if silent { "98" } else { "06" }.into(),
                cause: row.reason.clone().unwrap_or_default(),
                owed_since: row.at,
                reversal_sealed: pending.reversal_sealed.clone(),
            },
        )?;
        return Ok(true);
    }
    if pending.amount.is_none() || pending.kind == Kind::Balance {
        return Ok(false);
    }
    let place = ledger::next_place(tx, row.terminal_id)?;
    let recorded = LedgerRow {
        sequence: place.sequence,
        at: place.at,
        decision: Some(Decision::Recorded),
        reason: Some(HOST_MAY_HAVE_EXECUTED.into()),
        of_sequence: Some(row.sequence),
        ..row.clone()
    };
    ledger::append(tx, &recorded)?;
    Ok(false)
}

/// The intents of a node that came in before `before` and that nobody waits for any more (after a restart: all of them)
/// are treated as unanswered. Answers how many there were; call again until it is zero.
pub fn recover(tx: &Tx<'_>, node: &str, before: Timestamp) -> Result<usize, Error> {
    let left = store::pending::left_by(tx, node, before, 500)?;
    for pending in &left {
        #[cfg(feature = "canary")]
        if crate::canary::reversal_forgotten() {
            store::pending::take(tx, pending.terminal_id, pending.sequence)?;
            continue;
        }
        release(
            tx,
            pending.terminal_id,
            pending.sequence,
            &HostOutcome::Silent,
            None,
        )?;
    }
    Ok(left.len())
}

/// Refuses a request that the gate itself cannot take further; a hold still outranks the gate's reason.
pub fn decline(tx: &Tx<'_>, attempt: &Attempt, refusal: Refusal) -> Result<Admitted, Error> {
    let Some(locked) = lock(tx, attempt.terminal_id)? else {
        return Ok(Admitted::UnknownTerminal);
    };
    let situation = Situation {
        mac_verified: true,
        merchant_matches: true,
        ..locked.situation(attempt)
    };
    let refusal = match admit(&situation, situation.signed_in_batch.unwrap_or_default()) {
        Err(outranking @ (Refusal::Held(_) | Refusal::Retired)) => outranking,
        _ => refusal,
    };
    refuse(tx, attempt, refusal, &locked).map(Admitted::Answer)
}

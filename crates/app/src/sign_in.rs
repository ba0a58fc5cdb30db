//! 签到 and 签退: handing out working keys, and taking the operator off.
//!
//! Invariant: a terminal with a hold other than a cashier lock gets no fresh working keys (R1.2).

use domain::terminal::Status;
use domain::transaction::{Decision, Entry, LedgerRow, Refusal, ResponseCode};
use store::terminal_session::TerminalSession;
use store::{Error, Tx, ledger};

use crate::transaction::{Admitted, Answer, Attempt, Locked, lock, refuse};

/// What a sign-in leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedIn {
    /// The keys may be handed out; the terminal takes this batch number.
    Batch {
        /// Field 60.2 of the 0810.
        batch: u32,
        /// The ledger row of this sign-in; of two the higher one's keys count.
        sequence: i64,
        /// Field 39, 12, 13.
        answer: Answer,
    },
    /// Refused.
    Answer(Answer),
    /// No such terminal; nothing was written.
    UnknownTerminal,
}

/// Signs an operator in. `keys_sealed` are the new working keys, encrypted by the edge; they count from the commit on.
pub fn sign_in(
    tx: &Tx<'_>,
    attempt: &Attempt,
    operator: &str,
    keys_sealed: Vec<u8>,
) -> Result<SignedIn, Error> {
    let Some(locked) = lock(tx, attempt.terminal_id)? else {
        return Ok(SignedIn::UnknownTerminal);
    };
    if let Err(refusal) = may(tx, attempt, operator, &locked)? {
        return refuse(tx, attempt, refusal, &locked).map(SignedIn::Answer);
    }
    let batch = locked.admission.batch.unwrap_or(1);
    let session = TerminalSession {
        batch,
        operator: Some(operator.to_owned()),
        signed_in_at: tx.now(),
        keys_sealed,
        sequence: ledger::next_place(tx, attempt.terminal_id)?.sequence,
    };
    store::terminal_session::put(tx, attempt.terminal_id, &session)?;
    let answer = append(tx, attempt, Some(operator))?;
    Ok(SignedIn::Batch {
        batch,
        sequence: session.sequence,
        answer,
    })
}

fn may(
    tx: &Tx<'_>,
    attempt: &Attempt,
    operator: &str,
    locked: &Locked,
) -> Result<Result<(), Refusal>, Error> {
    if locked.admission.status == Status::Retired {
        return Ok(Err(Refusal::Retired));
    }
    if !locked.standing.may_sign_in() {
        return Ok(Err(Refusal::Held(locked.standing)));
    }
    if locked.admission.merchant_id != attempt.merchant_id {
        return Ok(Err(Refusal::OtherMerchant));
    }
    match store::operator::password_hash(tx, attempt.terminal_id, operator)? {
        Some(_) => Ok(Ok(())),
        None => Ok(Err(Refusal::Invalid)),
    }
}

/// Signs the operator out.
pub fn sign_out(tx: &Tx<'_>, attempt: &Attempt) -> Result<Admitted, Error> {
    let Some(locked) = lock(tx, attempt.terminal_id)? else {
        return Ok(Admitted::UnknownTerminal);
    };
    let situation = locked.situation(attempt);
    let refusal = match () {
        () if situation.retired => Some(Refusal::Retired),
        () if !situation.standing.may_sign_in() => Some(Refusal::Held(situation.standing)),
        () if !situation.merchant_matches => Some(Refusal::OtherMerchant),
        () => None,
    };
    if let Some(refusal) = refusal {
        return refuse(tx, attempt, refusal, &locked).map(Admitted::Answer);
    }
    if let Some(batch) = locked.admission.batch {
        store::terminal_session::sign_out(tx, attempt.terminal_id, batch)?;
    }
    append(tx, attempt, locked.admission.operator.as_deref()).map(Admitted::Answer)
}

/// Writes a request that moved no money and was done.
pub(crate) fn append(tx: &Tx<'_>, attempt: &Attempt, operator: Option<&str>) -> Result<Answer, Error> {
    let place = ledger::next_place(tx, attempt.terminal_id)?;
    ledger::append(
        tx,
        &LedgerRow {
            decision: Some(Decision::Approved),
            operator: operator.map(str::to_owned),
            response_code: Some(ResponseCode::APPROVED),
            peer: Some(attempt.peer.clone()),
            requested_at: attempt.received_at,
            ..LedgerRow::bare(
                attempt.terminal_id,
                place.sequence,
                place.at,
                Entry::Request(attempt.kind),
            )
        },
    )?;
    Ok(Answer::bare(ResponseCode::APPROVED, place.at))
}

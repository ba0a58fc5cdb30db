//! 签到 and 签退: offering working keys, taking them into use, and taking the operator off.
//!
//! Neither message carries a MAC, so anybody can send it. A sign-in therefore changes nothing: it offers keys that only
//! the terminal can open, and the same ones again until they are used. The first MAC under them proves the sign-in, and
//! only then are the session's keys, operator and batch replaced ([`prove`]).
//!
//! Invariant: a terminal with a hold other than a cashier lock gets no working keys, and none are taken into use (R1.2);
//! what nobody has proved changes no session.

use domain::TerminalId;
use domain::operator::Number;
use domain::terminal::Status;
use domain::transaction::{Decision, Entry, Kind, LedgerRow, Proof, Refusal, ResponseCode};
use store::offered_keys::OfferedKeys;
use store::terminal_session::TerminalSession;
use store::{Error, Tx, ledger};

use crate::attempt::{Admitted, Answer, Attempt, Locked, append, lock, refuse};
use crate::batch::Batch;

/// What a sign-in leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedIn {
    /// The keys may be handed out; the terminal takes this batch number.
    Offered {
        /// Field 60.2 of the 0810.
        batch: u32,
        /// The keys: those of an earlier sign-in that nothing has proved yet, or else new ones.
        keys: OfferedKeys,
        /// Field 39, 12, 13.
        answer: Answer,
    },
    /// Refused.
    Answer(Answer),
    /// No such terminal; nothing was written.
    UnknownTerminal,
}

/// Who signs in, and for which layout of keys (field 60.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Who {
    /// Field 63.
    pub operator: Number,
    /// Field 60.3.
    pub net_code: u16,
}

/// Offers working keys to an operator. `keys_sealed` are new ones, encrypted by the edge, for when none are on offer.
pub fn sign_in(tx: &Tx<'_>, attempt: &Attempt, who: Who, keys_sealed: Vec<u8>) -> Result<SignedIn, Error> {
    let Some(locked) = lock(tx, attempt.terminal_id)? else {
        return Ok(SignedIn::UnknownTerminal);
    };
    if let Err(refusal) = may(tx, attempt, who.operator, &locked)? {
        return refuse(tx, attempt, refusal, &locked).map(SignedIn::Answer);
    }
    if let Some(offered) = offered(tx, attempt.terminal_id, who)? {
        return Ok(offered);
    }
    let keys = OfferedKeys {
        net_code: who.net_code,
        operator: who.operator,
        sequence: ledger::next_place(tx, attempt.terminal_id)?.sequence,
        keys_sealed,
    };
    store::offered_keys::insert(tx, attempt.terminal_id, &keys)?;
    Ok(SignedIn::Offered {
        batch: Batch::of(tx, attempt.terminal_id)?.next(),
        keys,
        answer: append(tx, attempt, Some(who.operator.as_str()))?,
    })
}

/// What a sign-in needs to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Glimpse {
    /// Nothing more: these keys are on offer.
    Offered(SignedIn),
    /// A refusal, which [`sign_in`] writes down.
    Refused(Refusal),
    /// [`sign_in`], which makes an offer.
    New,
}

/// Looks at a sign-in before anything is written for it. However often somebody asks, it costs a read.
pub fn glimpse(tx: &Tx<'_>, attempt: &Attempt, who: Who) -> Result<Glimpse, Error> {
    let Some(glimpsed) = Locked::glimpse(tx, attempt.terminal_id)? else {
        return Ok(Glimpse::New);
    };
    if let Err(refusal) = may(tx, attempt, who.operator, &glimpsed)? {
        return Ok(Glimpse::Refused(refusal));
    }
    let offered = offered(tx, attempt.terminal_id, who)?;
    Ok(offered.map_or(Glimpse::New, Glimpse::Offered))
}

fn offered(tx: &Tx<'_>, terminal_id: TerminalId, who: Who) -> Result<Option<SignedIn>, Error> {
    let same = |keys: &OfferedKeys| (keys.operator, keys.net_code) == (who.operator, who.net_code);
    let Some(keys) = store::offered_keys::of_terminal(tx, terminal_id)?
        .into_iter()
        .find(same)
    else {
        return Ok(None);
    };
    Ok(Some(SignedIn::Offered {
        batch: Batch::of(tx, terminal_id)?.next(),
        keys,
        answer: Answer::bare(ResponseCode::APPROVED, tx.now()),
    }))
}

/// What a MAC under offered keys leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proved {
    /// The keys are the session's.
    InUse,
    /// It is the terminal, but a hold or its retirement stands: the keys stay on offer.
    Stopped,
    /// Newer keys have been proved since: these prove nothing any more.
    OldKeys,
}

/// A MAC verified under the keys that the sign-in at `sequence` offered: they take the place of the session's, with their
/// operator. `batch` is the one the proven message names.
pub fn prove(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    sequence: i64,
    batch: u32,
    peer: &str,
) -> Result<Proved, Error> {
    let Some(locked) = lock(tx, terminal_id)? else {
        return Ok(Proved::OldKeys);
    };
    let offered = store::offered_keys::of_terminal(tx, terminal_id)?;
    let Some(keys) = offered.into_iter().find(|keys| keys.sequence == sequence) else {
        let session = store::terminal_session::get(tx, terminal_id)?;
        return Ok(
            match session.is_some_and(|session| session.sequence == sequence) {
                true => Proved::InUse,
                false => Proved::OldKeys,
            },
        );
    };
    if locked.admission.status == Status::Retired || !locked.standing.may_sign_in() {
        return Ok(Proved::Stopped);
    }
    let current = Batch::of(tx, terminal_id)?;
    let session = TerminalSession {
        batch: if current.next() == batch {
            batch
        } else {
            current.number
        },
        operator: Some(keys.operator.as_str().to_owned()),
        signed_in_at: tx.now(),
        keys_sealed: keys.keys_sealed,
        sequence,
        closing: None,
    };
    store::terminal_session::put(tx, terminal_id, &session)?;
    store::offered_keys::delete(tx, terminal_id, sequence)?;
    let place = ledger::next_place(tx, terminal_id)?;
    let row = LedgerRow {
        decision: Some(Decision::Approved),
        operator: session.operator,
        response_code: Some(ResponseCode::APPROVED),
        peer: Some(peer.to_owned()),
        of_sequence: Some(sequence),
        proof: Some(Proof::Proven),
        ..LedgerRow::bare(
            terminal_id,
            place.sequence,
            place.at,
            Entry::Request(Kind::SignIn),
        )
    };
    ledger::append(tx, &row)?;
    Ok(Proved::InUse)
}

fn may(
    tx: &Tx<'_>,
    attempt: &Attempt,
    operator: Number,
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
    match store::operator::password_hash(tx, attempt.terminal_id, operator.as_str())? {
        Some(_) => Ok(Ok(())),
        None => Ok(Err(Refusal::Invalid)),
    }
}

/// Signs the operator out, when the terminal proves that it asks. Otherwise the request is written down and nothing else:
/// the terminal has forgotten its keys, and its next sign-in ends the session.
pub fn sign_out(tx: &Tx<'_>, attempt: &Attempt) -> Result<Admitted, Error> {
    let Some(locked) = lock(tx, attempt.terminal_id)? else {
        return Ok(Admitted::UnknownTerminal);
    };
    let situation = locked.situation(attempt);
    let batch = locked.admission.batch;
    let refusal = match () {
        () if situation.retired => Some(Refusal::Retired),
        () if !situation.standing.may_sign_in() => Some(Refusal::Held(situation.standing)),
        () if !situation.merchant_matches => Some(Refusal::OtherMerchant),
        () if batch.is_some_and(|batch| batch != attempt.name.batch) => Some(Refusal::OtherBatch),
        () => None,
    };
    if let Some(refusal) = refusal {
        return refuse(tx, attempt, refusal, &locked).map(Admitted::Answer);
    }
    let attempt = Attempt {
        mac_verified: situation.mac_verified,
        ..attempt.clone()
    };
    if attempt.mac_verified {
        store::terminal_session::sign_out(tx, attempt.terminal_id)?;
    }
    append(tx, &attempt, locked.admission.operator.as_deref()).map(Admitted::Answer)
}

//! The cashier's lock and unlock (R5.1), and what wrong passwords lead to (R5.3).
//!
//! Invariant: an operator's password releases a cashier lock and nothing else, and only when nothing else stands.

use domain::TerminalId;
use domain::actor::By;
use domain::hold::{Authority, Kind, Standing};
use domain::operator::{Consequence, WrongPasswordPolicy};
use domain::transaction::{Decision, Entry, LedgerRow, Refusal, ResponseCode};
use store::{Error, Tx};

use crate::hold::{NotReleased, Placing, place, release};
use crate::sign_in::append;
use crate::transaction::{Admitted, Answer, Attempt, Locked, lock, refuse};

/// Locks a terminal; one that is locked already stays as it is. False when there is no such terminal.
pub fn lock_terminal(tx: &Tx<'_>, terminal_id: TerminalId, by: By<'_>) -> Result<bool, Error> {
    let Some(locked) = lock(tx, terminal_id)? else {
        return Ok(false);
    };
    if !locked.standing.has(Kind::CashierLock) {
        let cause = "lock key";
        let placing = Placing {
            terminal_id,
            kind: Kind::CashierLock,
            cause,
            by,
            until: None,
            incident_id: None,
        };
        place(tx, &placing)?;
    }
    Ok(true)
}

/// What a password typed to unlock leads to.
#[derive(Debug, thiserror::Error)]
pub enum NotUnlocked {
    /// No such terminal.
    #[error("no such terminal")]
    UnknownTerminal,
    /// It is not locked by a cashier.
    #[error("the terminal is not locked by a cashier")]
    NotLocked,
    /// Something else stands that a password cannot release.
    #[error("another hold stands")]
    Held(Standing),
    /// Wrong operator or password.
    #[error("wrong operator or password")]
    WrongPassword {
        /// Tries left before the terminal is locked for a time; zero: it is locked now.
        attempts_left: u32,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Unlocks a terminal, or counts a wrong password. `password_right` was found out beforehand, outside this transaction,
/// because it is slow on purpose; a wrong password is a value here, so that its count is kept.
pub fn unlock(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    operator: &str,
    password_right: bool,
    by: By<'_>,
) -> Result<Result<(), NotUnlocked>, Error> {
    let Some(locked) = lock(tx, terminal_id)? else {
        return Ok(Err(NotUnlocked::UnknownTerminal));
    };
    if !locked.standing.may_unlock() {
        return Ok(Err(match locked.standing.may_transact() {
            true => NotUnlocked::NotLocked,
            false => NotUnlocked::Held(locked.standing),
        }));
    }
    if !password_right {
        return wrong_password(tx, terminal_id, by).map(Err);
    }
    store::operator::set_wrong_count(tx, terminal_id, 0, tx.now())?;
    let ground = format!("password of operator {operator}");
    match release(
        tx,
        terminal_id,
        Kind::CashierLock,
        Authority::Operator,
        (by, &ground),
    ) {
        Ok(()) => Ok(Ok(())),
        Err(NotReleased::Store(error)) => Err(error),
        Err(_) => Ok(Err(NotUnlocked::NotLocked)),
    }
}

fn wrong_password(tx: &Tx<'_>, terminal_id: TerminalId, by: By<'_>) -> Result<NotUnlocked, Error> {
    let wrong = store::operator::wrong_count(tx, terminal_id)?.saturating_add(1);
    store::operator::set_wrong_count(tx, terminal_id, wrong, tx.now())?;
    match WrongPasswordPolicy::default().consequence(wrong, tx.now()) {
        Consequence::Warned { attempts_left } => Ok(NotUnlocked::WrongPassword { attempts_left }),
        Consequence::Hold(kind, until) => {
            let cause = format!("{wrong} wrong passwords");
            let placing = Placing {
                terminal_id,
                kind,
                cause: &cause,
                by,
                until,
                incident_id: None,
            };
            place(tx, &placing)?;
            Ok(NotUnlocked::WrongPassword { attempts_left: 0 })
        }
    }
}

/// The lock key of a terminal (our 0820 with net code 401).
pub fn lock_by_terminal(tx: &Tx<'_>, attempt: &Attempt, operator: &str) -> Result<Admitted, Error> {
    let Some(locked) = lock(tx, attempt.terminal_id)? else {
        return Ok(Admitted::UnknownTerminal);
    };
    if let Some(refusal) = refusal(attempt, &locked, locked.standing.may_sign_in()) {
        return refuse(tx, attempt, refusal, &locked).map(Admitted::Answer);
    }
    lock_terminal(
        tx,
        attempt.terminal_id,
        By::terminal(&format!("operator {operator}")),
    )?;
    append(tx, attempt, Some(operator)).map(Admitted::Answer)
}

/// The unlock on a terminal (our 0820 with net code 402). `password_right` as for [`unlock`].
pub fn unlock_by_terminal(
    tx: &Tx<'_>,
    attempt: &Attempt,
    operator: &str,
    password_right: bool,
) -> Result<Admitted, Error> {
    let Some(locked) = lock(tx, attempt.terminal_id)? else {
        return Ok(Admitted::UnknownTerminal);
    };
    let within_password = locked.standing.may_transact() || locked.standing.may_unlock();
    if let Some(refusal) = refusal(attempt, &locked, within_password) {
        return refuse(tx, attempt, refusal, &locked).map(Admitted::Answer);
    }
    let by = format!("operator {operator}");
    let answer = match unlock(
        tx,
        attempt.terminal_id,
        operator,
        password_right,
        By::terminal(&by),
    )? {
        Ok(()) | Err(NotUnlocked::NotLocked) => append(tx, attempt, Some(operator))?,
        Err(NotUnlocked::WrongPassword { .. }) => wrong_pin(tx, attempt, operator)?,
        Err(_) => refuse(tx, attempt, Refusal::Held(locked.standing), &locked)?,
    };
    Ok(Admitted::Answer(answer))
}

/// Why the keys of a terminal do nothing, in the order of [`domain::transaction::admit`].
fn refusal(attempt: &Attempt, locked: &Locked, holds_allow: bool) -> Option<Refusal> {
    let situation = locked.situation(attempt);
    match () {
        () if situation.retired => Some(Refusal::Retired),
        () if !holds_allow => Some(Refusal::Held(situation.standing)),
        () if !situation.merchant_matches => Some(Refusal::OtherMerchant),
        () if !situation.mac_verified => Some(Refusal::BadMac),
        () => None,
    }
}

/// A wrong password leaves a line in the ledger, so that staff see who tried.
fn wrong_pin(tx: &Tx<'_>, attempt: &Attempt, operator: &str) -> Result<Answer, Error> {
    let place = store::ledger::next_place(tx, attempt.terminal_id)?;
    let row = LedgerRow {
        decision: Some(Decision::Declined),
        operator: Some(operator.to_owned()),
        response_code: Some(ResponseCode::WRONG_PIN),
        reason: Some("wrong_operator_password".into()),
        peer: Some(attempt.peer.clone()),
        requested_at: attempt.received_at,
        ..LedgerRow::bare(
            attempt.terminal_id,
            place.sequence,
            place.at,
            Entry::Request(attempt.kind),
        )
    };
    store::ledger::append(tx, &row)?;
    Ok(Answer::bare(ResponseCode::WRONG_PIN, place.at))
}

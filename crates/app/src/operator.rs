//! The cashier's lock and unlock (R5.1), and what wrong passwords lead to (R5.3).
//!
//! Invariant: an operator's password releases a cashier lock and nothing else, and only when nothing else stands.

use domain::TerminalId;
use domain::actor::By;
use domain::hold::{Authority, Kind, Standing};
use domain::operator::{Consequence, Number, WrongPasswordPolicy};
use domain::transaction::{BatchTrace, Decision, Entry, LedgerRow, Refusal, ResponseCode};
use store::{Error, Tx};

use crate::attempt::{Admitted, Answer, Attempt, Locked, done, lock, refuse};
use crate::hold::{NotReleased, Placing, place, release};

/// How a cashier's lock came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockedBy {
    /// The terminal's own lock key.
    Key,
    /// Somebody signed in elsewhere: the console, the API.
    Account,
}

impl LockedBy {
    /// The cause as the hold keeps it.
    pub const fn cause(self) -> &'static str {
        match self {
            Self::Key => "lock key",
            Self::Account => "console",
        }
    }
}

/// Locks a terminal; one that is locked already stays as it is. False when there is no such terminal.
pub fn lock_terminal(tx: &Tx<'_>, terminal_id: TerminalId, how: LockedBy, by: By<'_>) -> Result<bool, Error> {
    let Some(locked) = lock(tx, terminal_id)? else {
        return Ok(false);
    };
    if !locked.standing.has(Kind::CashierLock) {
        let placing = Placing {
            terminal_id,
            kind: Kind::CashierLock,
            cause: how.cause(),
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
pub fn lock_by_terminal(tx: &Tx<'_>, attempt: &Attempt, operator: Number) -> Result<Admitted, Error> {
    let Some(locked) = lock(tx, attempt.terminal_id)? else {
        return Ok(Admitted::UnknownTerminal);
    };
    if let Some(refusal) = refusal(attempt, &locked, locked.standing.may_sign_in()) {
        return refuse(tx, attempt, refusal, &locked).map(Admitted::Answer);
    }
    let is_locked = locked.standing.has(Kind::CashierLock);
    if let Some(answer) = used(tx, attempt, &locked, is_locked)? {
        return Ok(Admitted::Answer(answer));
    }
    lock_terminal(
        tx,
        attempt.terminal_id,
        LockedBy::Key,
        By::terminal(&format!("operator {operator}")),
    )?;
    append(tx, attempt, operator).map(Admitted::Answer)
}

/// The unlock on a terminal (our 0820 with net code 402). `password_right` as for [`unlock`].
pub fn unlock_by_terminal(
    tx: &Tx<'_>,
    attempt: &Attempt,
    operator: Number,
    password_right: bool,
) -> Result<Admitted, Error> {
    let Some(locked) = lock(tx, attempt.terminal_id)? else {
        return Ok(Admitted::UnknownTerminal);
    };
    let within_password = locked.standing.may_transact() || locked.standing.may_unlock();
    if let Some(refusal) = refusal(attempt, &locked, within_password) {
        return refuse(tx, attempt, refusal, &locked).map(Admitted::Answer);
    }
    if let Some(answer) = used(tx, attempt, &locked, locked.standing.may_transact())? {
        return Ok(Admitted::Answer(answer));
    }
    let by = format!("operator {operator}");
    let answer = match unlock(
        tx,
        attempt.terminal_id,
        operator.as_str(),
        password_right,
        By::terminal(&by),
    )? {
        Ok(()) | Err(NotUnlocked::NotLocked) => append(tx, attempt, operator)?,
        Err(NotUnlocked::WrongPassword { .. }) => wrong_pin(tx, attempt, operator)?,
        Err(_) => refuse(tx, attempt, Refusal::Held(locked.standing), &locked)?,
    };
    Ok(Admitted::Answer(answer))
}

/// Whether it is worth finding out, slowly, if a password is right: not for a message that [`unlock_by_terminal`] refuses
/// whatever the password, nor for one that came before.
pub fn is_password_asked(tx: &Tx<'_>, attempt: &Attempt) -> Result<bool, Error> {
    let Some(glimpsed) = Locked::glimpse(tx, attempt.terminal_id)? else {
        return Ok(false);
    };
    let is_refused = refusal(attempt, &glimpsed, glimpsed.standing.may_unlock()).is_some();
    Ok(!is_refused && !is_late(tx, attempt)?)
}

/// Why the keys of a terminal do nothing, in the order of [`domain::transaction::admit`].
fn refusal(attempt: &Attempt, locked: &Locked, holds_allow: bool) -> Option<Refusal> {
    let situation = locked.situation(attempt);
    let batch = locked.admission.batch;
    match () {
        () if situation.retired => Some(Refusal::Retired),
        () if !holds_allow => Some(Refusal::Held(situation.standing)),
        () if !situation.merchant_matches => Some(Refusal::OtherMerchant),
        () if !situation.mac_verified => Some(Refusal::BadMac),
        () if batch.is_some_and(|batch| batch != attempt.name.batch) => Some(Refusal::OtherBatch),
        () => None,
    }
}

/// How far before the terminal's newest trace number a message counts as late; the numbers start again after 999999.
const LATE_WITHIN: u32 = 500_000;
const TRACE_MAX: u32 = 999_999;

/// Whether the terminal has sent another message of its keys with the same or a later trace number, in this batch and
/// session: this one was made before, and whoever sends it now may only have recorded it. What was recorded before the
/// session has a MAC of other working keys.
fn is_late(tx: &Tx<'_>, attempt: &Attempt) -> Result<bool, Error> {
    let BatchTrace { batch, trace } = attempt.name;
    let since = session_began(tx, attempt.terminal_id)?;
    let used =
        |first, last| store::ledger::is_key_used(tx, attempt.terminal_id, (batch, since), (first, last));
    let last = trace.saturating_add(LATE_WITHIN);
    Ok(used(trace, last.min(TRACE_MAX))? || (last > TRACE_MAX && used(1, last - TRACE_MAX)?))
}

/// The ledger row of the sign-in whose keys are in use.
fn session_began(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<i64, Error> {
    let session = store::terminal_session::get(tx, terminal_id)?;
    Ok(session.map_or(0, |session| session.sequence))
}

/// The answer to a lock or unlock that was used up: a message of a key counts once, or a recorded one would open the
/// terminal again. The terminal that repeats itself hears the same as before, as long as it is still so.
fn used(tx: &Tx<'_>, attempt: &Attempt, locked: &Locked, is_so: bool) -> Result<Option<Answer>, Error> {
    if !is_late(tx, attempt)? {
        return Ok(None);
    }
    let since = session_began(tx, attempt.terminal_id)?;
    let rows = store::ledger::by_name(tx, attempt.terminal_id, attempt.name)?;
    let done = |row: &LedgerRow| {
        row.sequence > since
            && row.entry == Entry::Request(attempt.kind)
            && row.decision == Some(Decision::Approved)
    };
    if is_so && rows.iter().any(done) {
        return Ok(Some(Answer::bare(ResponseCode::APPROVED, tx.now())));
    }
    refuse(tx, attempt, Refusal::Duplicate, locked).map(Some)
}

/// Writes that a key did what it is for, under the name that no other message of the batch may have.
fn append(tx: &Tx<'_>, attempt: &Attempt, operator: Number) -> Result<Answer, Error> {
    let row = LedgerRow {
        batch_trace: Some(attempt.name),
        ..done(tx, attempt, Some(operator.as_str()))?
    };
    store::ledger::append(tx, &row)?;
    Ok(Answer::bare(ResponseCode::APPROVED, row.at))
}

/// A wrong password leaves a line in the ledger, so that staff see who tried.
fn wrong_pin(tx: &Tx<'_>, attempt: &Attempt, operator: Number) -> Result<Answer, Error> {
    let row = LedgerRow {
        decision: Some(Decision::Declined),
        batch_trace: Some(attempt.name),
        response_code: Some(ResponseCode::WRONG_PIN),
        reason: Some("wrong_operator_password".into()),
        ..done(tx, attempt, Some(operator.as_str()))?
    };
    store::ledger::append(tx, &row)?;
    Ok(Answer::bare(ResponseCode::WRONG_PIN, row.at))
}

//! Accounts, as a person at the machine itself looks after them (R7.2).
//!
//! Invariant: with a password everything goes that it opened: no session outlives it.

use domain::actor::By;
use domain::event::Subject;
use store::event::{self, New};
use store::{Error, Tx};

/// Gives an account another password and ends its sessions; false when there is no such account.
pub fn reset_password(tx: &Tx<'_>, by: By<'_>, login: &str, password_hash: &str) -> Result<bool, Error> {
    if !store::account::set_password(tx, login, password_hash)? {
        return Ok(false);
    }
    store::session::delete_of(tx, login)?;
    let new = New {
        subject: Subject::Account,
        subject_id: login,
        at: tx.now(),
        verb: "reset_password",
        by,
        text: None,
        ledger_sequence: None,
    };
    event::append(tx, new)?;
    Ok(true)
}

//! Log-in sessions: begun, proved anew, and ended (R7.2).
//!
//! Invariant: where an account has a second factor, no session begins without it.

use domain::account::{Account, ProvedBy};
use domain::actor::By;
use domain::factor::{Ask, Challenge};
use domain::session::Begun;
use store::{Error, Tx};

use crate::account::tell;

/// What the right password, or a link, opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// A session.
    Session,
    /// Nothing yet: the second factor is awaited.
    HalfWay,
}

/// Begins a session; or, where the account has a second factor, a log-in that is half done, known by the same token.
pub fn enter(tx: &Tx<'_>, account: &Account, begun: Begun) -> Result<Entered, Error> {
    if store::factor::has(tx, &account.login)? {
        let login = &account.login;
        let awaited = Challenge::new(&begun.token_digest, Ask::LogIn, login, Vec::new(), tx.now());
        store::factor::await_answer(tx, &awaited)?;
        return Ok(Entered::HalfWay);
    }
    begin(tx, account, begun)?;
    Ok(Entered::Session)
}

/// Begins a session of an account.
pub fn begin(tx: &Tx<'_>, account: &Account, begun: Begun) -> Result<(), Error> {
    store::session::insert(tx, &begun.session(&account.login, &account.scope, tx.now()))
}

/// Counts an answer to a half-done log-in; false when there is none, or none any more.
pub fn try_half(tx: &Tx<'_>, half_digest: &[u8]) -> Result<bool, Error> {
    store::factor::try_log_in(tx, half_digest)
}

/// Ends a half-done log-in of which nothing became.
pub fn end_half(tx: &Tx<'_>, half_digest: &[u8]) -> Result<(), Error> {
    store::factor::take_awaited(tx, half_digest, Ask::LogIn).map(drop)
}

/// Ends a half-done log-in whose second factor was right, and begins the session. `None` when it is over, or the account may not
/// be used any more.
pub fn finish(tx: &Tx<'_>, half_digest: &[u8], begun: Begun) -> Result<Option<Account>, Error> {
    let Some(half) = store::factor::take_awaited(tx, half_digest, Ask::LogIn)? else {
        return Ok(None);
    };
    let Some((account, _)) = store::account::usable(tx, &half.login)? else {
        return Ok(None);
    };
    begin(tx, &account, begun)?;
    Ok(Some(account))
}

/// Notes that something was done in it.
pub fn touch(tx: &Tx<'_>, token_digest: &[u8]) -> Result<(), Error> {
    store::session::touch(tx, token_digest)
}

/// The person has just proved to be the one.
pub fn prove(tx: &Tx<'_>, token_digest: &[u8], by: ProvedBy) -> Result<(), Error> {
    store::session::prove(tx, token_digest, by)
}

/// Ends it.
pub fn end(tx: &Tx<'_>, token_digest: &[u8]) -> Result<(), Error> {
    store::session::delete(tx, token_digest)
}

/// Ends that one of a login; false when there is none.
pub fn end_one(tx: &Tx<'_>, login: &str, session_id: &str) -> Result<bool, Error> {
    store::session::delete_one(tx, login, session_id)
}

/// Ends all of a login but this one, and what was half done; answers how many sessions.
pub fn end_others(tx: &Tx<'_>, login: &str, token_digest: &[u8]) -> Result<usize, Error> {
    store::factor::forget_awaited(tx, login)?;
    store::session::delete_others(tx, login, token_digest)
}

/// The person chose another password: every other session ends.
pub fn change_password(
    tx: &Tx<'_>,
    login: &str,
    token_digest: &[u8],
    password_hash: &str,
) -> Result<(), Error> {
    store::account::set_password(tx, login, password_hash)?;
    end_others(tx, login, token_digest)?;
    tell(tx, login, "change_password", By::person(login), None)
}

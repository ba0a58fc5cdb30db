//! Second factors: enrolled, shown, and forgotten by who has them (R7.2).
//!
//! Invariant: a factor counts from the moment its first answer was right; what was shown once is not taken again; with a factor
//! that comes or goes every other session ends.

use domain::account::{Account, ProvedBy};
use domain::actor::{Actor, By};
use domain::case::proved;
use domain::factor::{AWAITED_MS, Ask, Challenge, FACTORS_MAX, Factor, Kind};
use store::{Error as StoreError, Tx, factor};

use crate::account::tell;
use crate::case::Error as CaseError;
use crate::session::end_others;
use crate::totp;

/// Why nothing became of it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Too many already.
    #[error("the account has as many factors as it may")]
    Full,
    /// Nothing of the kind is awaited, or not any more.
    #[error("nothing is awaited")]
    NotAwaited,
    /// The code is another one.
    #[error("the code is wrong")]
    WrongCode,
    /// There is no such factor.
    #[error("there is no such factor")]
    NotFound,
    /// The actor has to prove who it is first, or may not.
    #[error(transparent)]
    Case(#[from] CaseError),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Case(error.into())
    }
}

/// A session and whose it is.
#[derive(Clone, Copy, Debug)]
pub struct Holder<'a> {
    /// The account, with what the session proves.
    pub account: &'a Account,
    /// SHA-256 of the session's token.
    pub token_digest: &'a [u8; 32],
}

/// Opens what is sealed for a login; `None` when it does not open.
pub type Open<'a> = &'a dyn Fn(&str, &[u8]) -> Option<Vec<u8>>;

/// Whether the holder may have one more: who has just proved who it is, or owes one.
pub fn may_enrol(tx: &Tx<'_>, holder: Holder<'_>) -> Result<(), Error> {
    let mut account = holder.account.clone();
    account.proof.owes_factor = false;
    proved(&Actor::Person(account)).map_err(CaseError::from)?;
    match factor::of(tx, &holder.account.login, FACTORS_MAX as i64)?.len() < FACTORS_MAX {
        true => Ok(()),
        false => Err(Error::Full),
    }
}

/// Awaits the first answer of a new factor, in the place of one that was begun before.
pub fn begin(tx: &Tx<'_>, holder: Holder<'_>, ask: Ask, secret_sealed: Vec<u8>) -> Result<(), Error> {
    may_enrol(tx, holder)?;
    let login = &holder.account.login;
    Ok(factor::await_answer(
        tx,
        &Challenge::new(holder.token_digest, ask, login, secret_sealed, tx.now()),
    )?)
}

/// A factor that is to be, and the recovery codes that come with the first one.
#[derive(Clone, Debug)]
pub struct New {
    /// Eight letters and digits.
    pub factor_id: String,
    /// How its owner calls it.
    pub name: String,
    /// SHA-256 of each recovery code.
    pub code_digests: Vec<[u8; 32]>,
}

/// Enrols codes whose first one was shown. Answers whether the recovery codes count: there were none.
pub fn enrol_totp(
    tx: &Tx<'_>,
    holder: Holder<'_>,
    new: New,
    code: &str,
    open: Open<'_>,
) -> Result<bool, Error> {
    may_enrol(tx, holder)?;
    let awaited = factor::awaited(tx, holder.token_digest, Ask::EnrolTotp)?.ok_or(Error::NotAwaited)?;
    let secret = open(&awaited.login, &awaited.secret_sealed).ok_or(Error::NotAwaited)?;
    // A wrong code ends nothing: people mistype, and who asks has the secret on the screen.
    let step = totp::step(&secret, code, tx.now()).ok_or(Error::WrongCode)?;
    let awaited = factor::take_awaited(tx, holder.token_digest, Ask::EnrolTotp)?.ok_or(Error::NotAwaited)?;
    let factor = Factor {
        factor_id: new.factor_id,
        login: awaited.login,
        kind: Kind::Totp,
        name: new.name,
        rp_id: None,
        secret_sealed: awaited.secret_sealed,
        last_step: Some(step),
        since: tx.now(),
        used_at: None,
    };
    enrol(tx, holder, &factor, &new.code_digests)
}

/// Enrols a passkey that was just made; its challenge was taken away before.
pub fn enrol_passkey(
    tx: &Tx<'_>,
    holder: Holder<'_>,
    new: New,
    rp_id: String,
    secret_sealed: Vec<u8>,
) -> Result<bool, Error> {
    may_enrol(tx, holder)?;
    let factor = Factor {
        factor_id: new.factor_id,
        login: holder.account.login.clone(),
        kind: Kind::Passkey,
        name: new.name,
        rp_id: Some(rp_id),
        secret_sealed,
        last_step: None,
        since: tx.now(),
        used_at: None,
    };
    enrol(tx, holder, &factor, &new.code_digests)
}

fn enrol(tx: &Tx<'_>, holder: Holder<'_>, factor: &Factor, code_digests: &[[u8; 32]]) -> Result<bool, Error> {
    store::row::insert(tx, factor)?;
    let has_codes = factor::codes_left(tx, &factor.login)? > 0;
    if !has_codes {
        put_codes(tx, &factor.login, code_digests)?;
    }
    store::session::prove(tx, holder.token_digest, ProvedBy::SecondFactor)?;
    end_others(tx, &factor.login, holder.token_digest)?;
    let verb = match factor.kind {
        Kind::Totp => "enrol_totp",
        Kind::Passkey => "enrol_passkey",
    };
    tell(
        tx,
        &factor.login,
        verb,
        By::person(&factor.login),
        Some(&factor.name),
    )?;
    Ok(!has_codes)
}

fn put_codes(tx: &Tx<'_>, login: &str, code_digests: &[[u8; 32]]) -> Result<(), StoreError> {
    factor::forget_codes(tx, login)?;
    code_digests
        .iter()
        .try_for_each(|digest| factor::add_code(tx, login, digest))
}

/// Makes other recovery codes count, and those before no more.
pub fn renew_codes(tx: &Tx<'_>, holder: Holder<'_>, code_digests: &[[u8; 32]]) -> Result<(), Error> {
    proved(&Actor::Person(holder.account.clone())).map_err(CaseError::from)?;
    let login = &holder.account.login;
    if !factor::has(tx, login)? {
        return Err(Error::NotFound);
    }
    put_codes(tx, login, code_digests)?;
    Ok(tell(tx, login, "renew_recovery_codes", By::person(login), None)?)
}

/// Forgets one; with the last one the recovery codes go too.
pub fn remove(tx: &Tx<'_>, holder: Holder<'_>, factor_id: &str) -> Result<(), Error> {
    proved(&Actor::Person(holder.account.clone())).map_err(CaseError::from)?;
    let login = &holder.account.login;
    let all = factor::of(tx, login, FACTORS_MAX as i64)?;
    let Some(removed) = all.iter().find(|one| one.factor_id == factor_id) else {
        return Err(Error::NotFound);
    };
    factor::delete(tx, login, factor_id)?;
    if all.len() == 1 {
        factor::forget_codes(tx, login)?;
    }
    end_others(tx, login, holder.token_digest)?;
    Ok(tell(
        tx,
        login,
        "remove_factor",
        By::person(login),
        Some(&removed.name),
    )?)
}

/// Takes a code of an authenticator, if it is right and newer than the last one.
pub fn take_totp(tx: &Tx<'_>, login: &str, code: &str, open: Open<'_>) -> Result<bool, StoreError> {
    for one in factor::of(tx, login, FACTORS_MAX as i64)? {
        let secret = match one.kind {
            Kind::Totp => open(login, &one.secret_sealed),
            Kind::Passkey => None,
        };
        let step = secret.and_then(|secret| totp::step(&secret, code, tx.now()));
        if let Some(step) = step
            && factor::take_step(tx, &one.factor_id, step)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Takes a recovery code, once; an event says so.
pub fn take_code(tx: &Tx<'_>, login: &str, code_digest: &[u8]) -> Result<bool, StoreError> {
    if !factor::has(tx, login)? || !factor::take_code(tx, login, code_digest)? {
        return Ok(false);
    }
    let left = factor::codes_left(tx, login)?;
    tell(
        tx,
        login,
        "use_recovery_code",
        By::person(login),
        Some(&left.to_string()),
    )?;
    Ok(true)
}

/// Awaits a passkey's answer from whoever holds that token; a half-done log-in must be one still.
pub fn await_passkey(
    tx: &Tx<'_>,
    token_digest: &[u8; 32],
    ask: Ask,
    login: &str,
    secret_sealed: Vec<u8>,
) -> Result<bool, StoreError> {
    let mut awaited = Challenge::new(token_digest, ask, login, secret_sealed, tx.now());
    if ask == Ask::LogInPasskey {
        let Some(half) = factor::awaited(tx, token_digest, Ask::LogIn)? else {
            return Ok(false);
        };
        awaited.ends_at = half.ends_at.min(tx.now().plus_ms(AWAITED_MS));
    }
    factor::await_answer(tx, &awaited)?;
    Ok(true)
}

/// Takes away what is awaited there, so that it is answered once; `None` when nothing is.
pub fn take_awaited(tx: &Tx<'_>, token_digest: &[u8; 32], ask: Ask) -> Result<Option<Challenge>, StoreError> {
    factor::take_awaited(tx, token_digest, ask)
}

/// Keeps a passkey as it is after its use; false when it is no factor any more.
pub fn passkey_used(tx: &Tx<'_>, factor_id: &str, secret_sealed: &[u8]) -> Result<bool, StoreError> {
    factor::used(tx, factor_id, secret_sealed)
}

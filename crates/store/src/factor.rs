//! Second factors, recovery codes, and answers that are awaited.

use domain::Timestamp;
use domain::factor::{Ask, Challenge, Factor, Kind, TRIES_MAX};

use crate::row::{self, read, select, table};
use crate::sql::{sql, values};
use crate::{Error, Tx};

crate::row::words!(Kind, Ask);
table!(Factor: "factor", 1 {
    factor_id,
    login,
    kind,
    name,
    rp_id,
    secret_sealed,
    last_step,
    since = "since_ms",
    used_at = "used_at_ms"
});
table!(Challenge: "challenge", 2 { token_digest, ask, login, secret_sealed, tries, ends_at = "ends_at_ms" });

/// Those of a login, the oldest first; at most `limit`.
pub fn of(tx: &Tx<'_>, login: &str, limit: i64) -> Result<Vec<Factor>, Error> {
    let sql = select!(
        Factor,
        "WHERE factor.login = $1 ORDER BY factor.since_ms, factor.factor_id LIMIT $2"
    );
    tx.all(sql, values![login, limit], read)
}

/// Whether a login has any.
pub fn has(tx: &Tx<'_>, login: &str) -> Result<bool, Error> {
    Ok(!of(tx, login, 1)?.is_empty())
}

/// Takes a step of codes, if it is newer than the last that was taken; of two at once one is.
pub fn take_step(tx: &Tx<'_>, factor_id: &str, step: i64) -> Result<bool, Error> {
    let sql = sql!(
        "UPDATE factor SET last_step = $2, used_at_ms = $3
         WHERE factor_id = $1 AND kind = 'totp' AND (last_step IS NULL OR last_step < $2)"
    );
    Ok(tx.execute(sql, values![factor_id, step, tx.now()])? > 0)
}

/// Keeps a credential as it is after its use; false when it is no factor any more.
pub fn used(tx: &Tx<'_>, factor_id: &str, secret_sealed: &[u8]) -> Result<bool, Error> {
    let sql = sql!("UPDATE factor SET secret_sealed = $2, used_at_ms = $3 WHERE factor_id = $1");
    Ok(tx.execute(sql, values![factor_id, secret_sealed, tx.now()])? > 0)
}

/// Forgets that one of a login; false when there is none.
pub fn delete(tx: &Tx<'_>, login: &str, factor_id: &str) -> Result<bool, Error> {
    let sql = sql!("DELETE FROM factor WHERE login = $1 AND factor_id = $2");
    Ok(tx.execute(sql, values![login, factor_id])? > 0)
}

/// Forgets all of a login, and its recovery codes; answers how many factors there were.
pub fn delete_of(tx: &Tx<'_>, login: &str) -> Result<usize, Error> {
    forget_codes(tx, login)?;
    tx.execute(sql!("DELETE FROM factor WHERE login = $1"), values![login])
}

/// Keeps a recovery code.
pub fn add_code(tx: &Tx<'_>, login: &str, code_digest: &[u8]) -> Result<(), Error> {
    let sql = sql!("INSERT INTO recovery_code (code_digest, login, made_at_ms) VALUES ($1, $2, $3)");
    tx.execute(sql, values![code_digest, login, tx.now()]).map(drop)
}

/// Uses up a recovery code, once; false when there is none such.
pub fn take_code(tx: &Tx<'_>, login: &str, code_digest: &[u8]) -> Result<bool, Error> {
    let sql = sql!(
        "UPDATE recovery_code SET used_at_ms = $3 WHERE code_digest = $1 AND login = $2 AND used_at_ms IS NULL"
    );
    Ok(tx.execute(sql, values![code_digest, login, tx.now()])? > 0)
}

/// Recovery codes of a login that are not used yet.
pub fn codes_left(tx: &Tx<'_>, login: &str) -> Result<i64, Error> {
    let sql = sql!("SELECT count(*) FROM recovery_code WHERE login = $1 AND used_at_ms IS NULL");
    let left = tx.first(sql, values![login], |row| row.int(0))?;
    Ok(left.unwrap_or_default())
}

/// When a recovery code of a login was last used, of those that count.
pub fn code_used_at(tx: &Tx<'_>, login: &str) -> Result<Option<Timestamp>, Error> {
    let sql = sql!(
        "SELECT used_at_ms FROM recovery_code WHERE login = $1 AND used_at_ms IS NOT NULL ORDER BY used_at_ms DESC LIMIT 1"
    );
    tx.first(sql, values![login], |row| row.time(0))
}

/// Forgets all recovery codes of a login.
pub fn forget_codes(tx: &Tx<'_>, login: &str) -> Result<(), Error> {
    tx.execute(sql!("DELETE FROM recovery_code WHERE login = $1"), values![login])
        .map(drop)
}

/// Awaits an answer, in the place of an earlier one.
pub fn await_answer(tx: &Tx<'_>, challenge: &Challenge) -> Result<(), Error> {
    let sql = sql!(
        "INSERT INTO challenge (token_digest, ask, login, secret_sealed, tries, ends_at_ms) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (token_digest, ask) DO UPDATE SET login = excluded.login, secret_sealed = excluded.secret_sealed,
           tries = excluded.tries, ends_at_ms = excluded.ends_at_ms"
    );
    let Challenge {
        token_digest,
        ask,
        login,
        secret_sealed,
        tries,
        ends_at,
    } = challenge;
    let values = values![token_digest, ask.code(), login, secret_sealed, *tries, *ends_at];
    tx.execute(sql, values).map(drop)
}

/// What is awaited there now.
pub fn awaited(tx: &Tx<'_>, token_digest: &[u8], ask: Ask) -> Result<Option<Challenge>, Error> {
    let awaited: Option<Challenge> = row::get(tx, values![token_digest, ask.code()])?;
    Ok(awaited.filter(|one| tx.now() < one.ends_at))
}

/// Takes what is awaited away, and so it is answered once; `None` when nothing is.
pub fn take_awaited(tx: &Tx<'_>, token_digest: &[u8], ask: Ask) -> Result<Option<Challenge>, Error> {
    let Some(awaited) = awaited(tx, token_digest, ask)? else {
        return Ok(None);
    };
    let sql = sql!("DELETE FROM challenge WHERE token_digest = $1 AND ask = $2");
    let is_ours = tx.execute(sql, values![token_digest, ask.code()])? > 0;
    Ok(is_ours.then_some(awaited))
}

/// Counts an answer to a half-done log-in; false when there is none, or none any more.
pub fn try_log_in(tx: &Tx<'_>, token_digest: &[u8]) -> Result<bool, Error> {
    let sql = sql!(
        "UPDATE challenge SET tries = tries + 1
         WHERE token_digest = $1 AND ask = 'log_in' AND tries < $2 AND ends_at_ms > $3"
    );
    Ok(tx.execute(sql, values![token_digest, TRIES_MAX, tx.now()])? > 0)
}

/// Awaits no answer of a login any more: half-done log-ins and enrolments end.
pub fn forget_awaited(tx: &Tx<'_>, login: &str) -> Result<(), Error> {
    tx.execute(sql!("DELETE FROM challenge WHERE login = $1"), values![login])
        .map(drop)
}

/// Forgets what is awaited no more, at most `limit`; answers how many.
pub fn forget(tx: &Tx<'_>, limit: i64) -> Result<usize, Error> {
    let sql = sql!(
        "DELETE FROM challenge WHERE token_digest IN (SELECT token_digest FROM challenge WHERE ends_at_ms <= $1 LIMIT $2)
           AND ends_at_ms <= $1"
    );
    tx.execute(sql, values![tx.now(), limit])
}

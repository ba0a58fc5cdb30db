//! Log-in sessions, kept by the digest of their token.

use domain::Timestamp;
use domain::account::ProvedBy;
use domain::session::Session;

use crate::row::{self, columns, read, select, table};
use crate::sql::{sql, values};
use crate::{Error, Tx};

crate::row::words!(ProvedBy);
table!(Session: "session", 1 {
    token_digest,
    session_id,
    login,
    since = "created_at_ms",
    ends_at = "expires_at_ms",
    used_at = "used_at_ms",
    idle_max_ms,
    proved_by,
    proved_at = "proved_at_ms",
    network,
    browser
});

/// Starts a session.
pub fn insert(tx: &Tx<'_>, session: &Session) -> Result<(), Error> {
    row::insert(tx, session)
}

/// What a session says of its person, and the house of what it asks for.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// By what the person proved last to be the one.
    pub proved_by: ProvedBy,
    /// When.
    pub proved_at: Timestamp,
    /// When something was last done in it.
    pub used_at: Timestamp,
    /// Second factors of the account.
    pub factors: i64,
    /// From when the house requires one of whoever has power.
    pub required_from: Option<Timestamp>,
}
columns!(Standing {
    proved_by,
    proved_at,
    used_at,
    factors,
    required_from
});

/// The same of the session with this digest, also one that is over.
pub fn standing(tx: &Tx<'_>, token_digest: &[u8]) -> Result<Option<Standing>, Error> {
    let sql = sql!(
        "SELECT s.proved_by, s.proved_at_ms, s.used_at_ms,
           (SELECT count(*) FROM factor f WHERE f.login = s.login),
           (SELECT h.second_factor_from_ms FROM setting h WHERE h.setting_id = 'house')
         FROM session s WHERE s.token_digest = $1"
    );
    tx.first(sql, values![token_digest], read)
}

/// Notes that something was done in a session.
pub fn touch(tx: &Tx<'_>, token_digest: &[u8]) -> Result<(), Error> {
    let sql = sql!("UPDATE session SET used_at_ms = $2 WHERE token_digest = $1 AND used_at_ms < $2");
    tx.execute(sql, values![token_digest, tx.now()]).map(drop)
}

/// Notes that the person has just proved to be the one.
pub fn prove(tx: &Tx<'_>, token_digest: &[u8], by: ProvedBy) -> Result<(), Error> {
    let sql = sql!("UPDATE session SET proved_by = $2, proved_at_ms = $3 WHERE token_digest = $1");
    tx.execute(sql, values![token_digest, by.code(), tx.now()])
        .map(drop)
}

/// Sessions of a login that last, the newest first; at most `limit`.
pub fn of(tx: &Tx<'_>, login: &str, limit: i64) -> Result<Vec<Session>, Error> {
    let sql = select!(
        Session,
        "WHERE session.login = $1 AND session.expires_at_ms > $2 AND session.used_at_ms + session.idle_max_ms > $2
         ORDER BY session.created_at_ms DESC LIMIT $3"
    );
    tx.all(sql, values![login, tx.now(), limit], read)
}

/// Ends a session.
pub fn delete(tx: &Tx<'_>, token_digest: &[u8]) -> Result<(), Error> {
    tx.execute(
        sql!("DELETE FROM session WHERE token_digest = $1"),
        values![token_digest],
    )
    .map(drop)
}

/// Ends that one of a login; false when there is none.
pub fn delete_one(tx: &Tx<'_>, login: &str, session_id: &str) -> Result<bool, Error> {
    let sql = sql!("DELETE FROM session WHERE login = $1 AND session_id = $2");
    Ok(tx.execute(sql, values![login, session_id])? > 0)
}

/// Ends every session of a login but this one; answers how many.
pub fn delete_others(tx: &Tx<'_>, login: &str, token_digest: &[u8]) -> Result<usize, Error> {
    let sql = sql!("DELETE FROM session WHERE login = $1 AND token_digest <> $2");
    tx.execute(sql, values![login, token_digest])
}

/// Ends every session of a login; answers how many.
pub fn delete_of(tx: &Tx<'_>, login: &str) -> Result<usize, Error> {
    tx.execute(sql!("DELETE FROM session WHERE login = $1"), values![login])
}

/// Forgets sessions that are over, at most `limit`; answers how many.
pub fn forget(tx: &Tx<'_>, limit: i64) -> Result<usize, Error> {
    let sql = sql!(
        "DELETE FROM session WHERE token_digest IN (SELECT token_digest FROM session WHERE expires_at_ms <= $1 LIMIT $2)"
    );
    tx.execute(sql, values![tx.now(), limit])
}

//! Log-in sessions, kept by the digest of their token.

use domain::Timestamp;

use crate::sql::{sql, values};
use crate::{Error, Tx};

/// Starts a session.
pub fn insert(tx: &Tx<'_>, token_digest: &[u8], login: &str, expires_at: Timestamp) -> Result<(), Error> {
    let sql = sql!(
        "INSERT INTO session (token_digest, login, created_at_ms, expires_at_ms) VALUES ($1, $2, $3, $4)"
    );
    tx.execute(sql, values![token_digest, login, tx.now(), expires_at])
        .map(drop)
}

/// Ends a session.
pub fn delete(tx: &Tx<'_>, token_digest: &[u8]) -> Result<(), Error> {
    tx.execute(
        sql!("DELETE FROM session WHERE token_digest = $1"),
        values![token_digest],
    )
    .map(drop)
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

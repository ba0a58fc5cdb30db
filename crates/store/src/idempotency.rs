//! Answers to POSTs that carried an `Idempotency-Key`, kept for a day in the transaction of their effect.

use domain::time::HOUR_MS;

use crate::sql::{sql, values};
use crate::{Error, Tx};

const KEPT_MS: i64 = 24 * HOUR_MS;

/// The answer a request was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// SHA-256 of method, path and body.
    pub request_digest: Vec<u8>,
    /// HTTP status.
    pub status: u16,
    /// JSON.
    pub body: String,
}

/// The answer this account's key was given before.
pub fn get(tx: &Tx<'_>, login: &str, key: &str) -> Result<Option<Answer>, Error> {
    let sql = sql!(
        "SELECT request_digest, status, body FROM idempotency WHERE login = $1 AND key = $2 AND at_ms > $3"
    );
    tx.first(sql, values![login, key, tx.now().plus_ms(-KEPT_MS)], |row| {
        Ok(Answer {
            request_digest: row.blob(0)?,
            status: u16::try_from(row.int(1)?).map_err(|_| Error::Corrupt("idempotency.status"))?,
            body: row.string(2)?,
        })
    })
}

/// Keeps an answer, and forgets those older than a day.
pub fn insert(tx: &Tx<'_>, login: &str, key: &str, answer: &Answer) -> Result<(), Error> {
    tx.execute(
        sql!("DELETE FROM idempotency WHERE at_ms <= $1"),
        values![tx.now().plus_ms(-KEPT_MS)],
    )?;
    let sql = sql!(
        "INSERT INTO idempotency (login, key, request_digest, status, body, at_ms) VALUES ($1, $2, $3, $4, $5, $6)"
    );
    let Answer {
        request_digest,
        status,
        body,
    } = answer;
    tx.execute(sql, values![login, key, request_digest, *status, body, tx.now()])
        .map(drop)
}

//! Answers to POSTs that carried an `Idempotency-Key`, kept for a day.
//!
//! Invariant: a key is claimed by the first statement of a request's transaction, so of two equal requests at once, on
//! whichever nodes, the second waits for the first and finds its answer.

use domain::time::HOUR_MS;

use crate::sql::{sql, values};
use crate::vault::{self, Place};
use crate::{Error, Tx};

const KEPT_MS: i64 = 24 * HOUR_MS;
/// For how long a claim without an answer keeps other content away: its claimant may have crashed.
const CLAIMED_MS: i64 = 60 * 1_000;

/// The answer a request was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON.
    pub body: String,
}

/// What a key is to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nobody has answered it: do it. The same request may be under way in another transaction; what takes several
    /// transactions must be safe to do twice, and [`answer`] says whose answer counts.
    Ours,
    /// It was done before and answered so.
    Answered(Answer),
    /// The key belongs to other content.
    OfOther,
}

/// Claims this account's key for content with that SHA-256; one older than a day is as good as none.
pub fn claim(tx: &Tx<'_>, login: &str, key: &str, request_digest: &[u8]) -> Result<Claim, Error> {
    let sql = sql!(
        "INSERT INTO idempotency (login, key, request_digest, status, body, at_ms) VALUES ($1, $2, $3, 0, '', $4)
         ON CONFLICT (login, key) DO UPDATE
         SET request_digest = excluded.request_digest, status = 0, body = '', at_ms = excluded.at_ms
         WHERE (idempotency.status = 0 AND idempotency.at_ms <= $5) OR idempotency.at_ms <= $6"
    );
    let claimed_since = tx.now().plus_ms(-CLAIMED_MS);
    let kept_since = tx.now().plus_ms(-KEPT_MS);
    let values = values![login, key, request_digest, tx.now(), claimed_since, kept_since];
    let claimed = tx.execute(sql, values)?;
    if claimed > 0 {
        return Ok(Claim::Ours);
    }
    Ok(match get(tx, login, key)? {
        Some((digest, _)) if digest != request_digest => Claim::OfOther,
        Some((_, Some(answer))) => Claim::Answered(answer),
        Some((_, None)) | None => Claim::Ours,
    })
}

/// Keeps the answer given to a claimed key; when it has one already, that one counts and is answered.
pub fn answer(
    tx: &Tx<'_>,
    login: &str,
    key: &str,
    request_digest: &[u8],
    answer: &Answer,
) -> Result<Option<Answer>, Error> {
    let sql = sql!(
        "UPDATE idempotency SET status = $4, body = $5 WHERE login = $1 AND key = $2 AND request_digest = $3 AND status = 0"
    );
    let row = [login.as_bytes().to_vec(), key.as_bytes().to_vec()];
    let body = vault::seal(tx.vault, &body_of(&row), &answer.body)?;
    match tx.execute(sql, values![login, key, request_digest, answer.status, &body])? {
        0 => Ok(get(tx, login, key)?
            .filter(|(digest, _)| digest == request_digest)
            .and_then(|(_, first)| first)),
        _ => Ok(None),
    }
}

/// The SHA-256 of the content that a key was claimed for, and its answer.
type Claimed = (Vec<u8>, Option<Answer>);

/// The place of an answer's body: it may say what other tables seal.
const fn body_of(row: &[Vec<u8>]) -> Place<'_> {
    Place {
        table: "idempotency",
        column: "body",
        row,
        merchant: b"",
    }
}

fn get(tx: &Tx<'_>, login: &str, key: &str) -> Result<Option<Claimed>, Error> {
    let sql = sql!("SELECT request_digest, status, body FROM idempotency WHERE login = $1 AND key = $2");
    tx.first(sql, values![login, key], |row| {
        let status = u16::try_from(row.int(1)?).map_err(|_| Error::Corrupt("idempotency.status"))?;
        let place = [login.as_bytes().to_vec(), key.as_bytes().to_vec()];
        let body = vault::open(tx.vault, &body_of(&place), row.text(2)?)?;
        let answer = (status != 0).then_some(Answer { status, body });
        Ok((row.blob(0)?, answer))
    })
}

/// Forgets answers older than a day, at most `limit`; answers how many.
pub fn forget(tx: &Tx<'_>, limit: i64) -> Result<usize, Error> {
    let sql = sql!(
        "DELETE FROM idempotency WHERE (login, key) IN (SELECT login, key FROM idempotency WHERE at_ms <= $1 LIMIT $2)"
    );
    tx.execute(sql, values![tx.now().plus_ms(-KEPT_MS), limit])
}

/// Forgets what was answered to somebody.
pub fn delete_of(tx: &Tx<'_>, login: &str) -> Result<usize, Error> {
    tx.execute(sql!("DELETE FROM idempotency WHERE login = $1"), values![login])
}

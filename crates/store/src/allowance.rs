//! Allowances of those who try passwords: when each is full again.
//!
//! Invariant: a row says nothing of whose it is to whoever has only the store; what a clock that went wrong has written counts for
//! nothing.

use domain::Timestamp;
use domain::time::HOUR_MS;

use crate::sql::{Row, sql, values};
use crate::{Error, Tx};

/// A subject whose allowance is not full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// A keyed digest of who it is.
    pub subject: Vec<u8>,
    /// When it is full again.
    pub full_at: Timestamp,
}

/// More is owed by nobody (the most is 30 attempts of 5 minutes, a node): what says so was written by a clock that was ahead, and is
/// taken for full.
pub const OWED_MS_MAX: i64 = 24 * HOUR_MS;

fn owed_in(row: &Row<'_>) -> Result<Owed, Error> {
    Ok(Owed {
        subject: row.blob(0)?,
        full_at: row.time(1)?,
    })
}

/// Takes so much out of an allowance, or gives it back; answers how it stands.
pub fn spend(tx: &Tx<'_>, subject: &[u8], spent_ms: i64) -> Result<Owed, Error> {
    let sql = sql!(
        "INSERT INTO allowance (subject, full_at_ms) VALUES ($1, CAST($2 AS BIGINT) + CAST($3 AS BIGINT)) ON CONFLICT (subject) DO UPDATE
         SET full_at_ms = CASE WHEN allowance.full_at_ms > $2 AND allowance.full_at_ms <= $4 THEN allowance.full_at_ms ELSE $2 END + $3
         RETURNING subject, full_at_ms"
    );
    let (now, latest) = (tx.now(), tx.now().plus_ms(OWED_MS_MAX));
    let mut owed = tx.all(sql, values![subject, now, spent_ms, latest], owed_in)?;
    owed.pop().ok_or(Error::Corrupt("allowance.subject"))
}

/// Makes an allowance full.
pub fn fill(tx: &Tx<'_>, subject: &[u8]) -> Result<(), Error> {
    let sql = sql!("DELETE FROM allowance WHERE subject = $1");
    tx.execute(sql, values![subject]).map(drop)
}

/// Those that are not full, at most `limit`: those that owe most.
pub fn owed(tx: &Tx<'_>, limit: i64) -> Result<Vec<Owed>, Error> {
    let sql = sql!(
        "SELECT subject, full_at_ms FROM allowance WHERE full_at_ms > $1 AND full_at_ms <= $2 ORDER BY full_at_ms DESC LIMIT $3"
    );
    tx.all(
        sql,
        values![tx.now(), tx.now().plus_ms(OWED_MS_MAX), limit],
        owed_in,
    )
}

/// Forgets those that are full, at most `limit`; answers how many. One that was spent from meanwhile stays.
pub fn forget(tx: &Tx<'_>, limit: i64) -> Result<usize, Error> {
    let sql = sql!(
        "DELETE FROM allowance WHERE (full_at_ms <= $1 OR full_at_ms > $2) AND subject IN
           (SELECT subject FROM allowance WHERE full_at_ms <= $1 OR full_at_ms > $2 LIMIT $3)"
    );
    tx.execute(sql, values![tx.now(), tx.now().plus_ms(OWED_MS_MAX), limit])
}

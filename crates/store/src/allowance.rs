//! Allowances of those who try passwords: when each is full again.
//!
//! Invariant: a row says nothing of whose it is to whoever has only the store.

use domain::Timestamp;

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

fn owed_in(row: &Row<'_>) -> Result<Owed, Error> {
    Ok(Owed {
        subject: row.blob(0)?,
        full_at: row.time(1)?,
    })
}

/// Takes so much out of an allowance, or gives it back.
pub fn spend(tx: &Tx<'_>, subject: &[u8], spent_ms: i64) -> Result<(), Error> {
    let sql = sql!(
        "INSERT INTO allowance (subject, full_at_ms) VALUES ($1, $2 + $3) ON CONFLICT (subject) DO UPDATE
         SET full_at_ms = CASE WHEN allowance.full_at_ms > $2 THEN allowance.full_at_ms ELSE $2 END + $3"
    );
    tx.execute(sql, values![subject, tx.now(), spent_ms]).map(drop)
}

/// Makes an allowance full.
pub fn fill(tx: &Tx<'_>, subject: &[u8]) -> Result<(), Error> {
    let sql = sql!("DELETE FROM allowance WHERE subject = $1");
    tx.execute(sql, values![subject]).map(drop)
}

/// How one stands; `None`: it is full.
pub fn get(tx: &Tx<'_>, subject: &[u8]) -> Result<Option<Owed>, Error> {
    let sql = sql!("SELECT subject, full_at_ms FROM allowance WHERE subject = $1 AND full_at_ms > $2");
    tx.first(sql, values![subject, tx.now()], owed_in)
}

/// Those that are not full, at most `limit`: those that owe most.
pub fn owed(tx: &Tx<'_>, limit: i64) -> Result<Vec<Owed>, Error> {
    let sql = sql!(
        "SELECT subject, full_at_ms FROM allowance WHERE full_at_ms > $1 ORDER BY full_at_ms DESC LIMIT $2"
    );
    tx.all(sql, values![tx.now(), limit], owed_in)
}

/// Forgets those that are full again, at most `limit`; answers how many.
pub fn forget(tx: &Tx<'_>, limit: i64) -> Result<usize, Error> {
    let sql = sql!(
        "DELETE FROM allowance WHERE subject IN (SELECT subject FROM allowance WHERE full_at_ms <= $1 LIMIT $2)"
    );
    tx.execute(sql, values![tx.now(), limit])
}

//! The bytes of files, sealed by the edge, in pieces that are small enough for one statement: of files of incidents and of photos of
//! terminals alike, by the identifier of either.
//!
//! Invariant: pieces that belong to no file are noted as loose from the first one on, so that nothing of them stays.

use domain::Timestamp;

use crate::sql::{Row, Sql, Value, sql, values};
use crate::{Error, Tx};

/// Files, and their bytes together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// How many.
    pub count: i64,
    /// Bytes.
    pub len: i64,
}

/// What a statement counts.
pub(crate) fn amount(tx: &Tx<'_>, sql: Sql, values: &[Value<'_>]) -> Result<Amount, Error> {
    let read = |row: &Row<'_>| {
        Ok(Amount {
            count: row.int(0)?,
            len: row.int(1)?,
        })
    };
    Ok(tx.first(sql, values, read)?.unwrap_or_default())
}

/// Notes that pieces are to come of which there is no file yet.
pub fn begin(tx: &Tx<'_>, file_id: &str) -> Result<(), Error> {
    let sql = sql!("INSERT INTO attachment_loose (attachment_id, since_ms) VALUES ($1, $2)");
    tx.execute(sql, values![file_id, tx.now()]).map(drop)
}

/// Keeps a piece, sealed by the edge; they are numbered from 0. False when it has taken too long, and nobody waits for it any more.
pub fn put(tx: &Tx<'_>, file_id: &str, part: i64, sealed: &[u8]) -> Result<bool, Error> {
    let awaited = sql!("SELECT 1 FROM attachment_loose WHERE attachment_id = $1 AND since_ms > 0");
    if tx.first(awaited, values![file_id], |_| Ok(()))?.is_none() {
        return Ok(false);
    }
    let sql = sql!("INSERT INTO attachment_piece (attachment_id, part, sealed) VALUES ($1, $2, $3)");
    tx.execute(sql, values![file_id, part, sealed])?;
    Ok(true)
}

/// A piece.
pub fn get(tx: &Tx<'_>, file_id: &str, part: i64) -> Result<Option<Vec<u8>>, Error> {
    let sql = sql!("SELECT sealed FROM attachment_piece WHERE attachment_id = $1 AND part = $2");
    tx.first(sql, values![file_id, part], |row| row.blob(0))
}

/// How many pieces there are.
pub fn count(tx: &Tx<'_>, file_id: &str) -> Result<i64, Error> {
    let sql = sql!("SELECT count(*) FROM attachment_piece WHERE attachment_id = $1");
    let count = tx.first(sql, values![file_id], |row| row.int(0))?;
    Ok(count.unwrap_or_default())
}

/// Notes that its pieces belong to a file now; false when they were given up before.
pub fn claim(tx: &Tx<'_>, file_id: &str) -> Result<bool, Error> {
    let sql = sql!("DELETE FROM attachment_loose WHERE attachment_id = $1 AND since_ms > 0");
    Ok(tx.execute(sql, values![file_id])? > 0)
}

/// Notes that its pieces belong to no file any more.
pub fn let_go(tx: &Tx<'_>, file_id: &str) -> Result<(), Error> {
    let sql = sql!(
        "INSERT INTO attachment_loose (attachment_id, since_ms) VALUES ($1, 0) ON CONFLICT (attachment_id) DO UPDATE SET since_ms = 0"
    );
    tx.execute(sql, values![file_id]).map(drop)
}

/// One whose pieces have belonged to no file since before a time; the longest first.
pub fn loose(tx: &Tx<'_>, before: Timestamp) -> Result<Option<String>, Error> {
    let sql =
        sql!("SELECT attachment_id FROM attachment_loose WHERE since_ms < $1 ORDER BY since_ms LIMIT 1");
    tx.first(sql, values![before], |row| row.string(0))
}

/// Forgets pieces of one that belong to no file, at most `limit`, and with the last one that there were any; answers how many.
pub fn forget(tx: &Tx<'_>, file_id: &str, limit: i64) -> Result<usize, Error> {
    let pieces = sql!(
        "DELETE FROM attachment_piece WHERE attachment_id = $1 AND part IN
           (SELECT part FROM attachment_piece WHERE attachment_id = $1 ORDER BY part LIMIT $2)"
    );
    let forgotten = tx.execute(pieces, values![file_id, limit])?;
    if count(tx, file_id)? == 0 {
        let done = sql!("DELETE FROM attachment_loose WHERE attachment_id = $1");
        tx.execute(done, values![file_id])?;
    }
    Ok(forgotten)
}

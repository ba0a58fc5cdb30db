//! Files of incidents: what is said of them, and their bytes in sealed pieces.
//!
//! Invariant: the row of a file is written after all of its pieces; pieces of none are noted as loose from the first one on, so that
//! nothing of them stays.

use domain::Timestamp;
use domain::attachment::{Attachment, Kind, Purpose, Scan, State, Withdrawn};

use crate::row::{columns, read, select, table};
use crate::sql::{sql, values};
use crate::{Error, Tx};

crate::row::words!(Kind, Purpose, Scan, State);
columns!(Withdrawn {
    by = "withdrawn_by",
    at = "withdrawn_at_ms",
    #[sealed]
    ground = "withdrawn_ground",
});
table!(Attachment: "attachment", 1 {
    attachment_id,
    incident_id,
    #[sealed] name,
    sent_as,
    purpose,
    state,
    sent_len,
    sent_sha256,
    kept_len,
    kept_sha256,
    scan,
    is_there,
    by = "made_by",
    at = "made_at_ms",
    withdrawn: Withdrawn,
});

/// The files of an incident, the oldest first; they are few.
pub fn of(tx: &Tx<'_>, incident_id: &str) -> Result<Vec<Attachment>, Error> {
    let sql = select!(
        Attachment,
        "WHERE attachment.incident_id = $1 ORDER BY attachment.made_at_ms, attachment.attachment_id LIMIT 1000"
    );
    tx.all(sql, values![incident_id], read)
}

/// The file of an incident with that content, brought for that purpose and not taken back.
pub fn same(
    tx: &Tx<'_>,
    incident_id: &str,
    purpose: Purpose,
    sent_sha256: &[u8],
) -> Result<Option<Attachment>, Error> {
    let sql = select!(
        Attachment,
        "WHERE attachment.incident_id = $1 AND attachment.purpose = $2 AND attachment.sent_sha256 = $3 AND attachment.state = 'kept' LIMIT 1"
    );
    tx.first(sql, values![incident_id, purpose.code(), sent_sha256], read)
}

/// Files, and their bytes together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// How many.
    pub count: i64,
    /// Bytes.
    pub len: i64,
}

/// What an incident has, also of what was taken back.
pub fn amount_of(tx: &Tx<'_>, incident_id: &str) -> Result<Amount, Error> {
    let sql = sql!(
        "SELECT count(*), CAST(coalesce(sum(kept_len), 0) AS BIGINT) FROM attachment WHERE incident_id = $1"
    );
    amount(tx, sql, values![incident_id])
}

/// What somebody has brought since a time.
pub fn amount_by(tx: &Tx<'_>, by: &str, since: Timestamp) -> Result<Amount, Error> {
    let sql = sql!(
        "SELECT count(*), CAST(coalesce(sum(CASE WHEN purpose = 'stated' THEN 0 ELSE sent_len END), 0) AS BIGINT)
           FROM attachment WHERE made_by = $1 AND made_at_ms > $2"
    );
    amount(tx, sql, values![by, since])
}

fn amount(tx: &Tx<'_>, sql: crate::sql::Sql, values: &[crate::sql::Value<'_>]) -> Result<Amount, Error> {
    let read = |row: &crate::sql::Row<'_>| {
        Ok(Amount {
            count: row.int(0)?,
            len: row.int(1)?,
        })
    };
    Ok(tx.first(sql, values, read)?.unwrap_or_default())
}

/// The newest files that somebody brought; at most `limit`.
pub fn by(tx: &Tx<'_>, login: &str, limit: i64) -> Result<Vec<Attachment>, Error> {
    let sql = select!(
        Attachment,
        "WHERE attachment.made_by = $1 ORDER BY attachment.made_at_ms DESC LIMIT $2"
    );
    tx.all(sql, values![login, limit], read)
}

/// Notes that pieces are to come of which there is no file yet.
pub fn begin(tx: &Tx<'_>, attachment_id: &str) -> Result<(), Error> {
    let sql = sql!("INSERT INTO attachment_loose (attachment_id, since_ms) VALUES ($1, $2)");
    tx.execute(sql, values![attachment_id, tx.now()]).map(drop)
}

/// Keeps a piece, sealed by the edge; they are numbered from 0. False when it has taken too long, and nobody waits for it any more.
pub fn put_piece(tx: &Tx<'_>, attachment_id: &str, part: i64, sealed: &[u8]) -> Result<bool, Error> {
    let awaited = sql!("SELECT 1 FROM attachment_loose WHERE attachment_id = $1 AND since_ms > 0");
    if tx.first(awaited, values![attachment_id], |_| Ok(()))?.is_none() {
        return Ok(false);
    }
    let sql = sql!("INSERT INTO attachment_piece (attachment_id, part, sealed) VALUES ($1, $2, $3)");
    tx.execute(sql, values![attachment_id, part, sealed])?;
    Ok(true)
}

/// A piece.
pub fn piece(tx: &Tx<'_>, attachment_id: &str, part: i64) -> Result<Option<Vec<u8>>, Error> {
    let sql = sql!("SELECT sealed FROM attachment_piece WHERE attachment_id = $1 AND part = $2");
    tx.first(sql, values![attachment_id, part], |row| row.blob(0))
}

/// How many pieces there are.
pub fn piece_count(tx: &Tx<'_>, attachment_id: &str) -> Result<i64, Error> {
    let sql = sql!("SELECT count(*) FROM attachment_piece WHERE attachment_id = $1");
    let count = tx.first(sql, values![attachment_id], |row| row.int(0))?;
    Ok(count.unwrap_or_default())
}

/// Notes that its pieces belong to a file now; false when they were given up before.
pub fn claim(tx: &Tx<'_>, attachment_id: &str) -> Result<bool, Error> {
    let sql = sql!("DELETE FROM attachment_loose WHERE attachment_id = $1 AND since_ms > 0");
    Ok(tx.execute(sql, values![attachment_id])? > 0)
}

/// Notes that its pieces belong to no file any more.
pub fn let_go(tx: &Tx<'_>, attachment_id: &str) -> Result<(), Error> {
    let sql = sql!(
        "INSERT INTO attachment_loose (attachment_id, since_ms) VALUES ($1, 0) ON CONFLICT (attachment_id) DO UPDATE SET since_ms = 0"
    );
    tx.execute(sql, values![attachment_id]).map(drop)
}

/// One whose pieces have belonged to no file since before a time; the longest first.
pub fn loose(tx: &Tx<'_>, before: Timestamp) -> Result<Option<String>, Error> {
    let sql =
        sql!("SELECT attachment_id FROM attachment_loose WHERE since_ms < $1 ORDER BY since_ms LIMIT 1");
    tx.first(sql, values![before], |row| row.string(0))
}

/// Forgets pieces of one that belong to no file, at most `limit`, and with the last one that there were any; answers how many.
pub fn forget_pieces(tx: &Tx<'_>, attachment_id: &str, limit: i64) -> Result<usize, Error> {
    let pieces = sql!(
        "DELETE FROM attachment_piece WHERE attachment_id = $1 AND part IN
           (SELECT part FROM attachment_piece WHERE attachment_id = $1 ORDER BY part LIMIT $2)"
    );
    let forgotten = tx.execute(pieces, values![attachment_id, limit])?;
    if piece_count(tx, attachment_id)? == 0 {
        let done = sql!("DELETE FROM attachment_loose WHERE attachment_id = $1");
        tx.execute(done, values![attachment_id])?;
    }
    Ok(forgotten)
}

/// Files that were taken back, of incidents that are closed, whose bytes are here still; at most `limit`.
pub fn over(tx: &Tx<'_>, limit: i64) -> Result<Vec<String>, Error> {
    let sql = sql!(
        "SELECT a.attachment_id FROM attachment a JOIN incident i ON i.incident_id = a.incident_id
          WHERE a.state = 'withdrawn' AND a.is_there = 1 AND i.state = 'closed' LIMIT $1"
    );
    tx.all(sql, values![limit], |row| row.string(0))
}

/// Lets the bytes of a file go; what it was stays.
pub fn empty(tx: &Tx<'_>, attachment_id: &str) -> Result<(), Error> {
    let sql = sql!("UPDATE attachment SET is_there = 0 WHERE attachment_id = $1");
    tx.execute(sql, values![attachment_id])?;
    let_go(tx, attachment_id)
}

/// Takes out what people said with the files of an incident, and lets their bytes go.
pub fn erase(tx: &Tx<'_>, incident_id: &str) -> Result<(), Error> {
    let sql = sql!("SELECT attachment_id FROM attachment WHERE incident_id = $1 AND is_there = 1");
    for attachment_id in tx.all(sql, values![incident_id], |row| row.string(0))? {
        empty(tx, &attachment_id)?;
    }
    let said = sql!("UPDATE attachment SET name = NULL, withdrawn_ground = NULL WHERE incident_id = $1");
    tx.execute(said, values![incident_id]).map(drop)
}

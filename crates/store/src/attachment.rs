//! Files of incidents: what is said of them. Their bytes are in [`crate::piece`].
//!
//! Invariant: the row of a file is written after all of its pieces.

use domain::Timestamp;
use domain::attachment::{Attachment, Kind, Purpose, Scan, State, Withdrawn};

use crate::piece::{Amount, amount, let_go};
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

/// The newest files that somebody brought; at most `limit`.
pub fn by(tx: &Tx<'_>, login: &str, limit: i64) -> Result<Vec<Attachment>, Error> {
    let sql = select!(
        Attachment,
        "WHERE attachment.made_by = $1 ORDER BY attachment.made_at_ms DESC LIMIT $2"
    );
    tx.all(sql, values![login, limit], read)
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

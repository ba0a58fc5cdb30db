//! What people say of payments around a loss.
//!
//! Invariant: rows are added, and go only with what their incident keeps of people.

use domain::mark::{Mark, Verdict};

use crate::row::{read, select, table};
use crate::sql::{sql, values};
use crate::{Error, Tx};

crate::row::words!(Verdict);
table!(Mark: "mark", 2 {
    incident_id,
    position,
    payment,
    verdict,
    #[sealed] ground,
    by = "made_by",
    at = "made_at_ms",
});

/// How many there are on an incident.
pub fn count(tx: &Tx<'_>, incident_id: &str) -> Result<i64, Error> {
    let sql = sql!("SELECT position FROM mark WHERE incident_id = $1 ORDER BY position DESC LIMIT 1");
    let last = tx.first(sql, values![incident_id], |row| row.int(0))?;
    Ok(last.unwrap_or_default())
}

/// Those on an incident, in the order in which they were said; at most `limit`.
pub fn list(tx: &Tx<'_>, incident_id: &str, limit: i64) -> Result<Vec<Mark>, Error> {
    let sql = select!(
        Mark,
        "WHERE mark.incident_id = $1 ORDER BY mark.position LIMIT $2"
    );
    tx.all(sql, values![incident_id, limit], read)
}

/// Forgets why people said it.
pub fn erase(tx: &Tx<'_>, incident_id: &str) -> Result<(), Error> {
    let sql = sql!("UPDATE mark SET ground = NULL WHERE incident_id = $1 AND ground IS NOT NULL");
    tx.execute(sql, values![incident_id]).map(drop)
}

//! Who was asked on a case by name, and has not looked yet.
//!
//! Invariant: of one person and one incident there is one row: the newest time somebody asked.

use domain::Timestamp;

use crate::row::{self, read, select, table};
use crate::sql::{sql, values};
use crate::{Error, Tx};

/// That somebody was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// On which incident.
    pub incident_id: String,
    /// Who was asked: a log-in.
    pub login: String,
    /// By whom.
    pub by: String,
    /// When, the last time.
    pub at: Timestamp,
    /// When a mail about it was asked for, the last time.
    pub mailed_at: Option<Timestamp>,
    /// When the person looked since; `None`: not yet.
    pub seen_at: Option<Timestamp>,
}
table!(Mention: "mention", 2 {
    incident_id,
    login,
    by = "asked_by",
    at = "asked_at_ms",
    mailed_at = "mailed_at_ms",
    seen_at = "seen_at_ms",
});

/// Whether, and by whom, a person was asked on an incident.
pub fn get(tx: &Tx<'_>, incident_id: &str, login: &str) -> Result<Option<Mention>, Error> {
    row::get(tx, values![incident_id, login])
}

/// Writes it down, over what was there.
pub fn put(tx: &Tx<'_>, mention: &Mention) -> Result<(), Error> {
    match row::update(tx, mention)? {
        true => Ok(()),
        false => row::insert(tx, mention),
    }
}

/// Where a person was asked and has not looked since, the newest first; at most `limit`.
pub fn unseen(tx: &Tx<'_>, login: &str, limit: i64) -> Result<Vec<Mention>, Error> {
    let sql = select!(
        Mention,
        "WHERE mention.login = $1 AND mention.seen_at_ms IS NULL ORDER BY mention.asked_at_ms DESC, mention.incident_id LIMIT $2"
    );
    tx.all(sql, values![login, limit], read)
}

/// Writes down that the person has looked.
pub fn seen(tx: &Tx<'_>, incident_id: &str, login: &str) -> Result<(), Error> {
    let sql = sql!(
        "UPDATE mention SET seen_at_ms = $3 WHERE incident_id = $1 AND login = $2 AND seen_at_ms IS NULL"
    );
    tx.execute(sql, values![incident_id, login, tx.now()]).map(drop)
}

/// Forgets who was asked on an incident.
pub fn erase(tx: &Tx<'_>, incident_id: &str) -> Result<(), Error> {
    tx.execute(
        sql!("DELETE FROM mention WHERE incident_id = $1"),
        values![incident_id],
    )
    .map(drop)
}

/// Forgets that somebody was asked.
pub fn delete_of(tx: &Tx<'_>, login: &str) -> Result<usize, Error> {
    tx.execute(sql!("DELETE FROM mention WHERE login = $1"), values![login])
}

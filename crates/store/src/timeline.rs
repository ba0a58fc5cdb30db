//! The timeline of an incident: what happened, in order, for people to follow live.
//!
//! Invariant: append only; sequences of one incident have no gaps.

use domain::Timestamp;

use crate::sql::{sql, values};
use crate::{Error, Tx};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The loss was reported.
    Reported,
    /// The loss hold was placed.
    Suspended,
    /// Every channel's receipt was written: the report was acknowledged.
    Acknowledged,
    /// The terminal tried something and was refused.
    AttemptRefused,
    /// The terminal tried to turn something back; it was recorded for a person to decide.
    AttemptRecorded,
    /// The gate undid at the host what the hold cut off.
    HostReversal,
    /// An alarm was raised.
    Alarm,
    /// A person has seen the alarm.
    AlarmAcknowledged,
    /// A person says the terminal was found.
    FoundProposed,
    /// A second person confirmed; the incident is closed.
    Closed,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 10] = [
        Self::Reported,
        Self::Suspended,
        Self::Acknowledged,
        Self::AttemptRefused,
        Self::AttemptRecorded,
        Self::HostReversal,
        Self::Alarm,
        Self::AlarmAcknowledged,
        Self::FoundProposed,
        Self::Closed,
    ];

    /// The kind's name in tables, routes and documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Suspended => "suspended",
            Self::Acknowledged => "acknowledged",
            Self::AttemptRefused => "attempt_refused",
            Self::AttemptRecorded => "attempt_recorded",
            Self::HostReversal => "host_reversal",
            Self::Alarm => "alarm",
            Self::AlarmAcknowledged => "alarm_acknowledged",
            Self::FoundProposed => "found_proposed",
            Self::Closed => "closed",
        }
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its place, from 1.
    pub sequence: i64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: Kind,
    /// The ledger row it is about.
    pub ledger_sequence: Option<i64>,
    /// Who did it.
    pub by: Option<String>,
    /// Words of that person.
    pub text: Option<String>,
}

/// Appends an item and answers its sequence; `item.sequence` is not read.
pub fn append(tx: &Tx<'_>, incident_id: &str, item: &Item) -> Result<i64, Error> {
    let sql = sql!(
        "INSERT INTO timeline (incident_id, sequence, at_ms, kind, ledger_sequence, by_whom, text)
         VALUES ($1, (SELECT coalesce(max(sequence), 0) + 1 FROM timeline WHERE incident_id = $1), $2, $3, $4, $5, $6) RETURNING sequence"
    );
    let Item {
        at,
        kind,
        ledger_sequence,
        by,
        text,
        ..
    } = item;
    let values = values![
        incident_id,
        *at,
        kind.code(),
        *ledger_sequence,
        by.as_deref(),
        text.as_deref()
    ];
    let mut sequences = tx.all(sql, values, |row| row.int(0))?;
    sequences.pop().ok_or(Error::Corrupt("timeline.sequence"))
}

/// The items after a sequence, oldest first; at most `limit`.
pub fn after(tx: &Tx<'_>, incident_id: &str, sequence: i64, limit: i64) -> Result<Vec<Item>, Error> {
    let sql = sql!(
        "SELECT sequence, at_ms, kind, ledger_sequence, by_whom, text FROM timeline
         WHERE incident_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3"
    );
    tx.all(sql, values![incident_id, sequence, limit], |row| {
        let code = row.text(2)?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.code() == code);
        Ok(Item {
            sequence: row.int(0)?,
            at: row.time(1)?,
            kind: kind.ok_or(Error::Corrupt("timeline.kind"))?,
            ledger_sequence: row.int_opt(3)?,
            by: row.string_opt(4)?,
            text: row.string_opt(5)?,
        })
    })
}

/// How many attempts of the terminal the incident has seen.
pub fn attempt_count(tx: &Tx<'_>, incident_id: &str) -> Result<i64, Error> {
    let sql = sql!(
        "SELECT count(*) FROM timeline WHERE incident_id = $1 AND kind IN ('attempt_refused', 'attempt_recorded')"
    );
    Ok(tx
        .first(sql, values![incident_id], |row| row.int(0))?
        .unwrap_or_default())
}

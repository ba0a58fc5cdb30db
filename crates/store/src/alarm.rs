//! Alarms of an incident: attempts of a lost terminal that nobody has looked at yet.

use domain::Timestamp;

use crate::sql::{sql, values};
use crate::{Error, Tx};

/// Attempts of a lost terminal, to be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts {
    /// When the last one was refused.
    pub at: Timestamp,
    /// How many.
    pub count: i64,
    /// How many of them nobody proved to be the terminal's.
    pub unproven_count: i64,
}

/// Counts attempts in the incident's open alarm; false when there is none and one has to be raised.
pub fn count_attempts(tx: &Tx<'_>, incident_id: &str, attempts: Attempts) -> Result<bool, Error> {
    let sql = sql!(
        "UPDATE alarm SET attempt_count = attempt_count + $3, unproven_count = unproven_count + $4, last_attempt_at_ms = $2
         WHERE incident_id = $1 AND acknowledged_at_ms IS NULL"
    );
    let Attempts {
        at,
        count,
        unproven_count,
    } = attempts;
    Ok(tx.execute(sql, values![incident_id, at, count, unproven_count])? > 0)
}

/// Raises an alarm with its first attempts.
pub fn raise(tx: &Tx<'_>, incident_id: &str, alarm_id: i64, attempts: Attempts) -> Result<(), Error> {
    let sql = sql!(
        "INSERT INTO alarm (incident_id, alarm_id, raised_at_ms, attempt_count, unproven_count, last_attempt_at_ms)
         VALUES ($1, $2, $3, $4, $5, $3)"
    );
    let Attempts {
        at,
        count,
        unproven_count,
    } = attempts;
    tx.execute(sql, values![incident_id, alarm_id, at, count, unproven_count])
        .map(drop)
}

/// Notes who has seen the open alarm; false when there is none.
pub fn acknowledge(tx: &Tx<'_>, incident_id: &str, by: &str, at: Timestamp) -> Result<bool, Error> {
    let sql = sql!(
        "UPDATE alarm SET acknowledged_at_ms = $2, acknowledged_by = $3 WHERE incident_id = $1 AND acknowledged_at_ms IS NULL"
    );
    Ok(tx.execute(sql, values![incident_id, at, by])? > 0)
}

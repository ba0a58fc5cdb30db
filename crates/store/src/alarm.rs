//! Alarms of an incident: attempts of a lost terminal that nobody has looked at yet.

use domain::Timestamp;

use crate::sql::{sql, values};
use crate::{Error, Tx};

/// Counts an attempt in the incident's open alarm; false when there is none and one has to be raised.
pub fn count_attempt(tx: &Tx<'_>, incident_id: &str, at: Timestamp) -> Result<bool, Error> {
    let sql = sql!(
        "UPDATE alarm SET attempt_count = attempt_count + 1, last_attempt_at_ms = $2
         WHERE incident_id = $1 AND acknowledged_at_ms IS NULL"
    );
    Ok(tx.execute(sql, values![incident_id, at])? > 0)
}

/// Raises an alarm with its first attempt.
pub fn raise(tx: &Tx<'_>, incident_id: &str, alarm_id: i64, at: Timestamp) -> Result<(), Error> {
    let sql = sql!(
        "INSERT INTO alarm (incident_id, alarm_id, raised_at_ms, attempt_count, last_attempt_at_ms) VALUES ($1, $2, $3, 1, $3)"
    );
    tx.execute(sql, values![incident_id, alarm_id, at]).map(drop)
}

/// Notes who has seen the open alarm; false when there is none.
pub fn acknowledge(tx: &Tx<'_>, incident_id: &str, by: &str, at: Timestamp) -> Result<bool, Error> {
    let sql = sql!(
        "UPDATE alarm SET acknowledged_at_ms = $2, acknowledged_by = $3 WHERE incident_id = $1 AND acknowledged_at_ms IS NULL"
    );
    Ok(tx.execute(sql, values![incident_id, at, by])? > 0)
}

//! The case at the police about an incident.

use domain::Timestamp;
use domain::police::{Entry, PoliceCase, State, Verb};

use crate::row::{read, select, table};
use crate::sql::{sql, values};
use crate::{Error, Tx};

crate::row::words!(State, Verb);
table!(PoliceCase: "police_case", 1 { incident_id, state });
table!(Entry: "police_entry", 1 {
    entry_id,
    incident_id,
    position,
    verb,
    before,
    #[sealed]
    number,
    #[sealed]
    office,
    on_day,
    starts_at = "starts_at_ms",
    attachment_id,
    by = "said_by",
    at = "said_at_ms",
    taken_back_by,
});

/// Most entries of an incident.
pub const ENTRIES_MAX: i64 = 100;

/// What was written down, in that order; what was taken back too.
pub fn entries(tx: &Tx<'_>, incident_id: &str) -> Result<Vec<Entry>, Error> {
    let sql = select!(
        Entry,
        "WHERE police_entry.incident_id = $1 ORDER BY police_entry.position LIMIT 100"
    );
    tx.all(sql, values![incident_id], read)
}

/// The first moment of the day of the last entry of that verb that nobody took back.
pub fn day_of(tx: &Tx<'_>, incident_id: &str, verb: Verb) -> Result<Option<Timestamp>, Error> {
    let sql = sql!(
        "SELECT starts_at_ms FROM police_entry WHERE incident_id = $1 AND verb = $2 AND taken_back_by IS NULL
         ORDER BY position DESC LIMIT 1"
    );
    tx.first(sql, values![incident_id, verb.code()], |row| row.time(0))
}

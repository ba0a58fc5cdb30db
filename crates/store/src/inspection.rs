//! Inspections of terminals that were found, and what was seen of each item.

use domain::inspection::{Inspection, Outcome, Seen};

use crate::row::{self, columns, read, select, table};
use crate::sql::{sql, values};
use crate::{Error, Tx};

crate::row::words!(Outcome);
table!(Inspection: "inspection", 2 {
    incident_id,
    position,
    version,
    by = "made_by",
    at = "made_at_ms",
    is_passed,
    #[sealed] new_keys_reference,
});

/// One item of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Of which incident.
    pub incident_id: String,
    /// Of which of its inspections.
    pub position: i64,
    /// Its place, from 1.
    pub place: i64,
    /// What was seen.
    pub seen: Seen,
}
columns!(Seen {
    item,
    outcome,
    #[sealed]
    note,
    attachment_id
});
table!(Line: "inspection_item", 3 { incident_id, position, place, seen: Seen });

/// Those of an incident, in the order in which they were made.
pub fn of(tx: &Tx<'_>, incident_id: &str) -> Result<Vec<Inspection>, Error> {
    let sql = select!(
        Inspection,
        "WHERE inspection.incident_id = $1 ORDER BY inspection.position LIMIT 50"
    );
    tx.all(sql, values![incident_id], read)
}

/// Their items, in order.
pub fn lines(tx: &Tx<'_>, incident_id: &str) -> Result<Vec<Line>, Error> {
    let sql = select!(
        Line,
        "WHERE inspection_item.incident_id = $1 ORDER BY inspection_item.position, inspection_item.place LIMIT 1000"
    );
    tx.all(sql, values![incident_id], read)
}

/// Whether the newest one of an incident failed.
pub fn has_failed(tx: &Tx<'_>, incident_id: &str) -> Result<bool, Error> {
    let newest = of(tx, incident_id)?.pop();
    Ok(newest.is_some_and(|newest| !newest.is_passed))
}

/// Writes one down. The incident's terminal is locked.
pub fn add(tx: &Tx<'_>, inspection: &Inspection, seen: &[&Seen]) -> Result<(), Error> {
    row::insert(tx, inspection)?;
    for (place, seen) in (1..).zip(seen) {
        let line = Line {
            incident_id: inspection.incident_id.clone(),
            position: inspection.position,
            place,
            seen: (*seen).clone(),
        };
        row::insert(tx, &line)?;
    }
    Ok(())
}

/// Takes out what people said in those of an incident.
pub(crate) fn erase(tx: &Tx<'_>, incident_id: &str) -> Result<(), Error> {
    let keys = sql!("UPDATE inspection SET new_keys_reference = NULL WHERE incident_id = $1");
    tx.execute(keys, values![incident_id])?;
    let notes = sql!("UPDATE inspection_item SET note = NULL WHERE incident_id = $1");
    tx.execute(notes, values![incident_id]).map(drop)
}

//! Replacements of lost terminals, and the steps that were taken with them.

use domain::replacement::device::{Certificate, Channel, Delivery, Device, Kind};
use domain::replacement::{Bound, Replacement, Signed, State, Taken, Verb};
use domain::{TerminalId, Timestamp};

use crate::row::{self, columns, read, select, table};
use crate::sql::{sql, values};
use crate::{Error, Tx};

crate::row::words!(State, Verb, Kind, Channel);
columns!(Certificate { unionpay, pts, pts_version, model = "certificate_model", hardware, firmware });
columns!(Delivery {
    seal,
    dispatched_seal,
    box_serial,
    seal_is_whole
});
columns!(Device {
    serial,
    tusn,
    kind = "device_kind",
    make,
    model,
    supplier,
    channel,
    certificate: Certificate,
    delivery: Delivery,
    signs,
});
columns!(Bound {
    terminal_id,
    is_outside,
    hold_id
});
columns!(Signed {
    version = "checklist_version",
    digest = "checklist_digest",
    #[sealed] text = "checklist_text",
});
table!(Replacement: "replacement", 1 {
    replacement_id,
    incident_id,
    position,
    is_loaner,
    state,
    old_terminal_id,
    old_is_outside,
    old_key_check,
    device: Device,
    refusals,
    warnings,
    bound: Bound,
    test_until = "test_until_ms",
    test_sequence,
    signed: Signed,
    begun_at = "begun_at_ms",
    live_at = "live_at_ms",
    closed_at = "closed_at_ms",
});
table!(Taken: "replacement_step", 2 {
    replacement_id,
    position,
    verb,
    by = "taken_by",
    at = "taken_at_ms",
    #[sealed] reference,
    #[sealed] statement,
});

/// What a second one under way breaks.
pub const UNIQUE: &str = "replacement_incident_id_is_loaner";
/// Steps of one at most: so many devices are refused before a person thinks again.
pub const STEPS_MAX: i64 = 200;
/// Of one incident at most.
pub const OF_INCIDENT_MAX: i64 = 50;

/// Those of an incident, in the order in which they were begun.
pub fn of(tx: &Tx<'_>, incident_id: &str) -> Result<Vec<Replacement>, Error> {
    let sql = select!(
        Replacement,
        "WHERE replacement.incident_id = $1 ORDER BY replacement.position LIMIT 50"
    );
    tx.all(sql, values![incident_id], read)
}

/// The steps taken with one, in their order.
pub fn steps(tx: &Tx<'_>, replacement_id: &str) -> Result<Vec<Taken>, Error> {
    let sql = select!(
        Taken,
        "WHERE replacement_step.replacement_id = $1 ORDER BY replacement_step.position LIMIT 200"
    );
    tx.all(sql, values![replacement_id], read)
}

/// Writes down a step. The replacement's old terminal is locked.
pub fn took(tx: &Tx<'_>, taken: &Taken) -> Result<(), Error> {
    row::insert(tx, taken)
}

/// Whether another one under way has a device of these numbers.
pub fn has_device(tx: &Tx<'_>, but: &str, (serial, tusn): (&str, Option<&str>)) -> Result<bool, Error> {
    let sql = sql!(
        "SELECT 1 FROM replacement WHERE closed_at_ms IS NULL AND replacement_id <> $1 AND state <> 'refused'
           AND (upper(serial) = upper($2) OR upper(tusn) = upper(CAST($3 AS TEXT)) OR upper(tusn) = upper($2)) LIMIT 1"
    );
    Ok(tx.first(sql, values![but, serial, tusn], |_| Ok(()))?.is_some())
}

/// The newest one that a terminal was bound by.
pub fn of_terminal(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Option<Replacement>, Error> {
    let sql = select!(
        Replacement,
        "WHERE replacement.terminal_id = $1 ORDER BY replacement.begun_at_ms DESC, replacement.replacement_id DESC LIMIT 1"
    );
    tx.first(sql, values![&terminal_id], read)
}

/// Whether the keys of a lost terminal were ended for one that takes its place, or has taken it; of one that was found and comes back
/// beside that, no more.
pub fn has_ended_keys_of(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<bool, Error> {
    let sql = sql!(
        "SELECT 1 FROM replacement r JOIN incident i ON i.incident_id = r.incident_id
          WHERE i.terminal_id = $1 AND (i.state <> 'closed' OR i.ended_as IN ('not_found', 'destroyed'))
            AND (r.state IN ('old_keys_dead', 'keys_loaded', 'testing', 'tested', 'signed')
              OR (r.state = 'live' AND NOT (i.state = 'found_proposed' AND coalesce(i.found_kind, 'recovered') = 'recovered')))
          LIMIT 1"
    );
    Ok(tx.first(sql, values![&terminal_id], |_| Ok(()))?.is_some())
}

/// Those whose test is over by now, at most `limit`. A test that would last longer than `ms_max` was begun by a clock that went wrong.
pub fn tests_over(tx: &Tx<'_>, ms_max: i64, limit: i64) -> Result<Vec<String>, Error> {
    let sql = sql!(
        "SELECT replacement_id FROM replacement WHERE test_until_ms IS NOT NULL AND (test_until_ms <= $1 OR test_until_ms > $2)
          ORDER BY test_until_ms, replacement_id LIMIT $3"
    );
    let (now, last): (Timestamp, Timestamp) = (tx.now(), tx.now().plus_ms(ms_max));
    tx.all(sql, values![now, last, limit], |row| row.string(0))
}

/// Whether one of these numbers is a lost terminal's, which may be written with or without what a TUSN has before it.
pub fn is_lost(tx: &Tx<'_>, numbers: &[&str]) -> Result<bool, Error> {
    let sql = sql!(
        "SELECT 1 FROM incident i JOIN terminal t ON t.terminal_id = i.terminal_id
          WHERE (i.state IN ('open', 'found_proposed') OR i.ended_as IN ('not_found', 'destroyed'))
            AND (upper(t.serial) = CAST($1 AS TEXT) OR (length(t.serial) >= 6 AND length($1) >= 16 AND substr($1, 9) = upper(t.serial))
              OR (length(t.serial) >= 16 AND substr(upper(t.serial), 9) = $1)) LIMIT 1"
    );
    for number in numbers {
        let number = number.to_ascii_uppercase();
        if tx.first(sql, values![&number], |_| Ok(()))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

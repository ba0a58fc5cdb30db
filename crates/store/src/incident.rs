//! Loss incidents.

use domain::account::Scope;
use domain::event::Subject;
use domain::incident::found::{Inspected, Kind};
use domain::incident::{
    Closing, Ended, Found, Incident, LossWindow, Manner, Moments, Pinned, State, WindowBasis,
};
use domain::{TerminalId, Timestamp};

use crate::alarm::Attempts;
use crate::row::{self, columns, read, select, table};
use crate::shop::scope_values;
use crate::sql::{Value, sql, values};
use crate::{Error, Tx, attachment, audit, inspection, letter, mark, mention};

crate::row::words!(Manner, State, WindowBasis, Ended, Kind);
columns!(LossWindow { from = "window_from_ms", to = "window_to_ms", basis = "window_basis" });
columns!(Inspected {
    position = "inspection_position",
    by = "inspected_by",
    is_passed = "inspection_is_passed",
    has_new_keys = "inspection_has_new_keys",
});
columns!(Found {
    proposed_by = "found_proposed_by",
    proposed_at = "found_proposed_at_ms",
    kind = "found_kind",
    #[sealed] statement = "found_statement",
    old_key_check = "found_old_key_check",
    inspected: Inspected,
    confirmed_by = "found_confirmed_by",
    confirmed_at = "found_confirmed_at_ms",
});
columns!(Pinned { playbook, version = "playbook_version", revision_id = "playbook_revision_id", found_revision_id });
columns!(Moments { occurred = "occurred_at_ms", confirmed = "confirmed_at_ms", aware = "aware_at_ms" });
columns!(Closing {
    ended = "ended_as",
    by = "closed_by",
    at = "closed_at_ms",
    #[sealed] statement = "closing_statement",
});
table!(Incident: "incident", 1 {
    incident_id,
    terminal_id,
    state,
    manner,
    hold_id,
    node,
    reported_at = "reported_at_ms",
    reported_by,
    suspended_at = "suspended_at_ms",
    acknowledged_at = "acknowledged_at_ms",
    stop_ms,
    last_seen_at = "last_seen_at_ms",
    #[sealed] place,
    #[sealed] circumstances,
    window: LossWindow,
    stop_request_number,
    found: Found,
    attempt_count,
    unproven_attempt_count,
    open_alarm_count,
    playbook: Pinned,
    moments: Moments,
    closing: Closing,
});

/// Opens an incident.
pub fn insert(tx: &Tx<'_>, incident: &Incident) -> Result<(), Error> {
    row::insert(tx, incident)
}

/// The incident of that identifier.
pub fn get(tx: &Tx<'_>, incident_id: &str) -> Result<Option<Incident>, Error> {
    row::get(tx, values![incident_id])
}

/// Writes it anew. Its terminal is locked.
pub fn update(tx: &Tx<'_>, incident: &Incident) -> Result<bool, Error> {
    row::update(tx, incident)
}

/// Writes how long the stopping took, once. Its terminal is locked.
pub fn measured(tx: &Tx<'_>, incident_id: &str, stop_ms: i64) -> Result<(), Error> {
    let sql = sql!("UPDATE incident SET stop_ms = $2 WHERE incident_id = $1 AND stop_ms IS NULL");
    tx.execute(sql, values![incident_id, stop_ms]).map(drop)
}

/// The terminal's incident that is not closed.
pub fn unclosed(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Option<Incident>, Error> {
    let sql = select!(
        Incident,
        "WHERE incident.terminal_id = $1 AND incident.state IN ('open', 'found_proposed') LIMIT 1"
    );
    tx.first(sql, values![&terminal_id], read)
}

/// The terminal's incident that was closed with a terminal that stays stopped: its loss stands.
pub fn stays_stopped(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Option<Incident>, Error> {
    let sql = select!(
        Incident,
        "WHERE incident.terminal_id = $1 AND incident.ended_as IN ('not_found', 'destroyed') LIMIT 1"
    );
    tx.first(sql, values![&terminal_id], read)
}

/// Incidents that no duties were drawn up for yet, in the order in which terminals are locked; at most `limit`.
pub fn without_playbook(tx: &Tx<'_>, limit: i64) -> Result<Vec<String>, Error> {
    let sql = sql!(
        "SELECT incident_id FROM incident WHERE playbook IS NULL AND state <> 'closed' ORDER BY terminal_id LIMIT $1"
    );
    tx.all(sql, values![limit], |row| row.string(0))
}

/// What an attempt of a lost terminal asks of its incident: nothing of it is sealed.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Which one.
    pub incident_id: String,
    /// The node that took the report.
    pub node: String,
}
table!(Standing: "incident", 1 { incident_id, node });

/// The same of the terminal's incident that is not closed, or was closed with a terminal that stays stopped.
pub fn standing(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Option<Standing>, Error> {
    let sql = select!(
        Standing,
        "WHERE incident.terminal_id = $1 AND (incident.state IN ('open', 'found_proposed') OR incident.ended_as IN ('not_found', 'destroyed')) LIMIT 1"
    );
    tx.first(sql, values![&terminal_id], read)
}

/// Incidents whose report is not yet acknowledged, in the order in which terminals are locked.
pub fn unacknowledged(tx: &Tx<'_>) -> Result<Vec<Incident>, Error> {
    let sql = select!(
        Incident,
        "WHERE incident.acknowledged_at_ms IS NULL ORDER BY incident.terminal_id LIMIT 1000"
    );
    tx.all(sql, &[], read)
}

/// Counts attempts of the terminal, and the alarm they raised.
pub fn count_attempts(tx: &Tx<'_>, incident_id: &str, attempts: Attempts, raised: bool) -> Result<(), Error> {
    let sql = sql!(
        "UPDATE incident SET attempt_count = attempt_count + $2, unproven_attempt_count = unproven_attempt_count + $3,
           open_alarm_count = open_alarm_count + $4 WHERE incident_id = $1"
    );
    let values = values![
        incident_id,
        attempts.count,
        attempts.unproven_count,
        i64::from(raised)
    ];
    tx.execute(sql, values).map(drop)
}

/// Takes out what people said in incidents that were closed before a time, in their events and in the requests to stop their
/// terminals, of at most `limit`; answers how many. That they were, when, and what was
/// decided stays; which duty an event was of goes with its words, the duties themselves stay. Whoever calls holds the audit log.
pub fn erase(tx: &Tx<'_>, before: Timestamp, limit: i64) -> Result<usize, Error> {
    let closed = sql!(
        "SELECT incident_id FROM incident WHERE state = 'closed' AND closed_at_ms <= $1
           AND (place IS NOT NULL OR circumstances IS NOT NULL OR found_statement <> '' OR closing_statement <> '') LIMIT $2"
    );
    let closed = tx.all(closed, values![before, limit], |row| row.string(0))?;
    for incident_id in &closed {
        let said = sql!(
            "UPDATE incident SET place = NULL, circumstances = NULL,
               found_statement = CASE WHEN found_statement IS NULL THEN NULL ELSE '' END,
               closing_statement = CASE WHEN closing_statement IS NULL THEN NULL ELSE '' END WHERE incident_id = $1"
        );
        tx.execute(said, values![incident_id])?;
        let done = sql!("UPDATE duty SET reference = NULL, statement = NULL WHERE incident_id = $1");
        tx.execute(done, values![incident_id])?;
        let at_the_police =
            sql!("UPDATE police_entry SET number = NULL, office = NULL WHERE incident_id = $1");
        tx.execute(at_the_police, values![incident_id])?;
        let replaced = sql!(
            "UPDATE replacement_step SET reference = NULL, statement = NULL
              WHERE replacement_id IN (SELECT replacement_id FROM replacement WHERE incident_id = $1)"
        );
        tx.execute(replaced, values![incident_id])?;
        // Its digest stays likewise.
        let signed = sql!(
            "UPDATE replacement SET checklist_text = '' WHERE incident_id = $1 AND checklist_text IS NOT NULL"
        );
        tx.execute(signed, values![incident_id])?;
        // The digest of the letter stays: who has it can show that it was this one.
        let asked = sql!(
            "UPDATE stop_request SET letter_zh = '', letter_en = '', mail_said = NULL,
               mail_to = CASE WHEN mail_to IS NULL THEN NULL ELSE '' END,
               confirmation_by = CASE WHEN confirmation_by IS NULL THEN NULL ELSE '' END WHERE incident_id = $1"
        );
        tx.execute(asked, values![incident_id])?;
        inspection::erase(tx, incident_id)?;
        attachment::erase(tx, incident_id)?;
        mention::erase(tx, incident_id)?;
        mark::erase(tx, incident_id)?;
        letter::erase(tx, incident_id)?;
        audit::erase_texts(tx, Subject::Incident, incident_id)?;
    }
    Ok(closed.len())
}

/// Whether an incident is open in which this person did or said anything.
pub fn is_open_of(tx: &Tx<'_>, login: &str) -> Result<bool, Error> {
    let sql = sql!(
        "SELECT 1 FROM event e JOIN incident i ON i.incident_id = e.subject_id
          WHERE e.actor = $1 AND e.actor_kind = 'person' AND e.subject = 'incident' AND i.state <> 'closed' LIMIT 1"
    );
    Ok(tx.first(sql, values![login], |_| Ok(()))?.is_some())
}

/// When the last of the incidents was closed in which this person did or said anything, and whose words are kept.
pub fn last_closed_of(tx: &Tx<'_>, login: &str) -> Result<Option<Timestamp>, Error> {
    let sql = sql!(
        "SELECT max(i.closed_at_ms) FROM event e JOIN incident i ON i.incident_id = e.subject_id
          WHERE e.actor = $1 AND e.actor_kind = 'person' AND e.subject = 'incident' AND i.state = 'closed'
            AND (i.found_statement <> '' OR i.closing_statement <> '')"
    );
    Ok(tx.first(sql, values![login], |row| row.time_opt(0))?.flatten())
}

/// Which incidents a list is about.
#[derive(Clone, Debug)]
pub struct Filter<'a> {
    /// What the account sees.
    pub scope: &'a Scope,
    /// Part of the incident's number, or of the terminal's identifier, serial number or name, or of its shop's or
    /// merchant's name.
    pub search: Option<&'a str>,
    /// One state only.
    pub state: Option<State>,
    /// One terminal only.
    pub terminal_id: Option<TerminalId>,
}

/// Incidents, newest report first, below `(reported_at, incident_id)`; at most `limit`.
pub fn list(
    tx: &Tx<'_>,
    filter: &Filter<'_>,
    below: Option<(Timestamp, &str)>,
    limit: i64,
) -> Result<Vec<Incident>, Error> {
    let sql = select!(
        Incident,
        "JOIN terminal t ON t.terminal_id = incident.terminal_id
          WHERE (CAST($1 AS TEXT) IS NULL OR t.merchant_id = $1) AND (CAST($2 AS TEXT) IS NULL OR t.shop_id = $2)
            AND (CAST($3 AS TEXT) IS NULL OR incident.state = $3) AND (CAST($4 AS TEXT) IS NULL OR incident.terminal_id = $4)
            AND (CAST($5 AS BIGINT) IS NULL OR incident.reported_at_ms < $5 OR (incident.reported_at_ms = $5 AND incident.incident_id < $6))
            AND (CAST($8 AS TEXT) IS NULL OR lower(incident.incident_id) LIKE $8 ESCAPE '!'
              OR lower(t.terminal_id) LIKE $8 ESCAPE '!' OR lower(t.serial) LIKE $8 ESCAPE '!' OR lower(t.name) LIKE $8 ESCAPE '!'
              OR EXISTS (SELECT 1 FROM shop s WHERE s.shop_id = t.shop_id AND lower(s.name) LIKE $8 ESCAPE '!')
              OR EXISTS (SELECT 1 FROM merchant m WHERE m.merchant_id = t.merchant_id
                         AND (lower(m.name) LIKE $8 ESCAPE '!' OR lower(m.name_en) LIKE $8 ESCAPE '!')))
          ORDER BY incident.reported_at_ms DESC, incident.incident_id DESC LIMIT $7"
    );
    let pattern = filter.search.map(crate::terminal::pattern);
    let (merchant, shop) = scope_values(filter.scope);
    let state = Value::from(filter.state.map(State::code));
    let terminal = filter.terminal_id.as_ref().into();
    let (at, id) = (below.map(|(at, _)| at).into(), below.map(|(_, id)| id).into());
    tx.all(
        sql,
        &[
            merchant,
            shop,
            state,
            terminal,
            at,
            id,
            limit.into(),
            pattern.as_deref().into(),
        ],
        read,
    )
}

/// Incidents on which people said something of payments, newest report first; at most `limit`.
pub fn marked(tx: &Tx<'_>, scope: &Scope, limit: i64) -> Result<Vec<Incident>, Error> {
    let sql = select!(
        Incident,
        "JOIN terminal t ON t.terminal_id = incident.terminal_id
          WHERE (CAST($1 AS TEXT) IS NULL OR t.merchant_id = $1) AND (CAST($2 AS TEXT) IS NULL OR t.shop_id = $2)
            AND EXISTS (SELECT 1 FROM mark m WHERE m.incident_id = incident.incident_id)
          ORDER BY incident.reported_at_ms DESC, incident.incident_id DESC LIMIT $3"
    );
    let (merchant, shop) = scope_values(scope);
    tx.all(sql, &[merchant, shop, limit.into()], read)
}

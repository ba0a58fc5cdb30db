//! Loss incidents.

use domain::account::Scope;
use domain::incident::{LossWindow, Manner, State, WindowBasis};
use domain::{TerminalId, Timestamp};

use crate::shop::scope_values;
use crate::sql::{Row, Sql, Value, sql, values};
use crate::{Error, Tx};

macro_rules! columns {
    () => {
        "i.incident_id, i.terminal_id, i.state, i.manner, i.hold_id, i.node, i.reported_at_ms, \
         i.reported_by, i.suspended_at_ms, i.acknowledged_at_ms, i.last_seen_at_ms, i.place, \
         i.circumstances, i.window_from_ms, i.window_to_ms, i.window_basis, i.stop_request_number, \
         i.found_proposed_by, i.found_proposed_at_ms, i.found_statement, i.found_confirmed_by, \
         i.found_confirmed_at_ms"
    };
}

/// A loss incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Eight letters and digits that people can read out.
    pub incident_id: String,
    /// Which terminal.
    pub terminal_id: TerminalId,
    /// Where it stands.
    pub state: State,
    /// How the terminal went.
    pub manner: Manner,
    /// The loss hold: the ledger sequence after which nothing is approved.
    pub hold_id: i64,
    /// The node that took the report.
    pub node: String,
    /// When the report reached the node.
    pub reported_at: Timestamp,
    /// Who made it.
    pub reported_by: String,
    /// When the hold was placed.
    pub suspended_at: Timestamp,
    /// When every channel's receipt was written, and so the report acknowledged.
    pub acknowledged_at: Option<Timestamp>,
    /// When the reporter last saw the terminal.
    pub last_seen_at: Option<Timestamp>,
    /// Where.
    pub place: Option<String>,
    /// What happened, in the reporter's words.
    pub circumstances: Option<String>,
    /// What the screening looks into.
    pub window: LossWindow,
    /// The number of the written request to stop the terminal (259号 一(一)3).
    pub stop_request_number: String,
    /// That it was found again, by two people.
    pub found: Option<Found>,
}

/// That a terminal was found again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Who says so.
    pub proposed_by: String,
    /// When.
    pub proposed_at: Timestamp,
    /// In which words.
    pub statement: String,
    /// The second person, and when.
    pub confirmed: Option<(String, Timestamp)>,
}

/// Opens an incident.
pub fn insert(tx: &Tx<'_>, incident: &Incident) -> Result<(), Error> {
    let sql = sql!(
        "INSERT INTO incident (incident_id, terminal_id, state, manner, hold_id, node, reported_at_ms, reported_by, suspended_at_ms,
           last_seen_at_ms, place, circumstances, window_from_ms, window_to_ms, window_basis, stop_request_number)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
    );
    let values = values![
        &incident.incident_id,
        &incident.terminal_id,
        incident.state.code(),
        incident.manner.code(),
        incident.hold_id,
        &incident.node,
        incident.reported_at,
        &incident.reported_by,
        incident.suspended_at,
        incident.last_seen_at,
        incident.place.as_deref(),
        incident.circumstances.as_deref(),
        incident.window.from,
        incident.window.to,
        incident.window.basis.code(),
        &incident.stop_request_number,
    ];
    tx.execute(sql, values).map(drop)
}

/// The incident of that identifier.
pub fn get(tx: &Tx<'_>, incident_id: &str) -> Result<Option<Incident>, Error> {
    const GET: Sql = sql!(concat!(
        "SELECT ",
        columns!(),
        " FROM incident i WHERE i.incident_id = $1"
    ));
    tx.first(GET, values![incident_id], read)
}

/// The terminal's incident that is not closed.
pub fn unclosed(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Option<Incident>, Error> {
    const UNCLOSED: Sql = sql!(concat!(
        "SELECT ",
        columns!(),
        " FROM incident i WHERE i.terminal_id = $1 AND i.state IN ('open', 'found_proposed') LIMIT 1"
    ));
    tx.first(UNCLOSED, values![&terminal_id], read)
}

/// Incidents whose report was not yet acknowledged when the node stopped.
pub fn unacknowledged(tx: &Tx<'_>) -> Result<Vec<Incident>, Error> {
    const UNACKNOWLEDGED: Sql = sql!(concat!(
        "SELECT ",
        columns!(),
        " FROM incident i WHERE i.acknowledged_at_ms IS NULL LIMIT 1000"
    ));
    tx.all(UNACKNOWLEDGED, &[], read)
}

/// Which incidents a list is about.
#[derive(Clone, Debug)]
pub struct Filter<'a> {
    /// What the account sees.
    pub scope: &'a Scope,
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
    const LIST: Sql = sql!(concat!(
        "SELECT ",
        columns!(),
        " FROM incident i JOIN terminal t ON t.terminal_id = i.terminal_id
          WHERE (CAST($1 AS TEXT) IS NULL OR t.merchant_id = $1) AND (CAST($2 AS TEXT) IS NULL OR t.shop_id = $2)
            AND (CAST($3 AS TEXT) IS NULL OR i.state = $3) AND (CAST($4 AS TEXT) IS NULL OR i.terminal_id = $4)
            AND (CAST($5 AS BIGINT) IS NULL OR i.reported_at_ms < $5 OR (i.reported_at_ms = $5 AND i.incident_id < $6))
          ORDER BY i.reported_at_ms DESC, i.incident_id DESC LIMIT $7"
    ));
    let (merchant, shop) = scope_values(filter.scope);
    let state = Value::from(filter.state.map(State::code));
    let terminal = filter.terminal_id.as_ref().into();
    let (at, id) = (below.map(|(at, _)| at).into(), below.map(|(_, id)| id).into());
    tx.all(
        LIST,
        &[merchant, shop, state, terminal, at, id, limit.into()],
        read,
    )
}

/// Marks the report acknowledged: its receipts are written.
pub fn acknowledge(tx: &Tx<'_>, incident_id: &str, at: Timestamp) -> Result<(), Error> {
    let sql = sql!(
        "UPDATE incident SET acknowledged_at_ms = $2 WHERE incident_id = $1 AND acknowledged_at_ms IS NULL"
    );
    tx.execute(sql, values![incident_id, at]).map(drop)
}

/// Writes who says that the terminal was found again.
pub fn propose_found(
    tx: &Tx<'_>,
    incident_id: &str,
    by: &str,
    at: Timestamp,
    statement: &str,
) -> Result<(), Error> {
    let sql = sql!(
        "UPDATE incident SET state = 'found_proposed', found_proposed_by = $2, found_proposed_at_ms = $3, found_statement = $4
         WHERE incident_id = $1"
    );
    tx.execute(sql, values![incident_id, by, at, statement]).map(drop)
}

/// Takes back that the terminal was found: it was reported lost again. Who said what stays on the timeline.
pub fn reopen(tx: &Tx<'_>, incident_id: &str) -> Result<(), Error> {
    let sql = sql!(
        "UPDATE incident SET state = 'open', found_proposed_by = NULL, found_proposed_at_ms = NULL, found_statement = NULL
         WHERE incident_id = $1 AND state = 'found_proposed'"
    );
    tx.execute(sql, values![incident_id]).map(drop)
}

/// Closes the incident as found, by the second person.
pub fn confirm_found(tx: &Tx<'_>, incident_id: &str, by: &str, at: Timestamp) -> Result<(), Error> {
    let sql = sql!(
        "UPDATE incident SET state = 'closed', found_confirmed_by = $2, found_confirmed_at_ms = $3 WHERE incident_id = $1"
    );
    tx.execute(sql, values![incident_id, by, at]).map(drop)
}

fn read(row: &Row<'_>) -> Result<Incident, Error> {
    let found = match (row.string_opt(17)?, row.time_opt(18)?) {
        (Some(proposed_by), Some(proposed_at)) => Some(Found {
            proposed_by,
            proposed_at,
            statement: row.string(19)?,
            confirmed: row.string_opt(20)?.zip(row.time_opt(21)?),
        }),
        _ => None,
    };
    Ok(Incident {
        incident_id: row.string(0)?,
        terminal_id: row.terminal_id(1)?,
        state: State::parse(row.text(2)?).ok_or(Error::Corrupt("incident.state"))?,
        manner: Manner::parse(row.text(3)?).ok_or(Error::Corrupt("incident.manner"))?,
        hold_id: row.int(4)?,
        node: row.string(5)?,
        reported_at: row.time(6)?,
        reported_by: row.string(7)?,
        suspended_at: row.time(8)?,
        acknowledged_at: row.time_opt(9)?,
        last_seen_at: row.time_opt(10)?,
        place: row.string_opt(11)?,
        circumstances: row.string_opt(12)?,
        window: LossWindow {
            from: row.time(13)?,
            to: row.time(14)?,
            basis: WindowBasis::parse(row.text(15)?).ok_or(Error::Corrupt("incident.window_basis"))?,
        },
        stop_request_number: row.string(16)?,
        found,
    })
}

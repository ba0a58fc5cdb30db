//! Holds.

use domain::hold::{Hold, Kind, Release, Standing};
use domain::{TerminalId, Timestamp};

use crate::sql::{Row, sql, values};
use crate::{Error, Tx};

/// Places a hold; `hold.hold_id` is the ledger sequence of its placing.
pub fn insert(tx: &Tx<'_>, terminal_id: TerminalId, hold: &Hold) -> Result<(), Error> {
    let sql = sql!(
        "INSERT INTO hold (terminal_id, hold_id, kind, cause, placed_by, placed_at_ms, until_ms, incident_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    );
    let values = values![
        &terminal_id,
        hold.hold_id,
        hold.kind.code(),
        &hold.cause,
        &hold.placed_by,
        hold.placed_at,
        hold.until,
        hold.incident_id.as_deref(),
    ];
    tx.execute(sql, values).map(drop)
}

/// Writes a hold's release.
pub fn release(tx: &Tx<'_>, terminal_id: TerminalId, hold_id: i64, release: &Release) -> Result<(), Error> {
    let sql = sql!(
        "UPDATE hold SET released_at_ms = $3, released_by = $4, release_ground = $5
         WHERE terminal_id = $1 AND hold_id = $2 AND released_at_ms IS NULL"
    );
    tx.execute(
        sql,
        values![&terminal_id, hold_id, release.at, &release.by, &release.ground],
    )
    .map(drop)
}

/// The kinds of hold that stand on a terminal at `now`.
pub fn standing(tx: &Tx<'_>, terminal_id: TerminalId, now: Timestamp) -> Result<Standing, Error> {
    if let Some(set) = tx.gathered(terminal_id) {
        return Ok(set.standing(terminal_id, now));
    }
    let sql = sql!(
        "SELECT kind FROM hold WHERE terminal_id = $1 AND released_at_ms IS NULL AND (until_ms IS NULL OR until_ms > $2)"
    );
    let kinds = tx.all(sql, values![&terminal_id, now], |row| read_kind(row.text(0)?))?;
    Ok(kinds.into_iter().collect())
}

/// The terminal's holds, standing and released, newest first; at most `limit`.
pub fn list(tx: &Tx<'_>, terminal_id: TerminalId, limit: i64) -> Result<Vec<Hold>, Error> {
    let sql = sql!(
        "SELECT hold_id, kind, cause, placed_by, placed_at_ms, until_ms, incident_id, released_at_ms, released_by, release_ground
         FROM hold WHERE terminal_id = $1 ORDER BY hold_id DESC LIMIT $2"
    );
    tx.all(sql, values![&terminal_id, limit], read)
}

/// The hold of that number.
pub fn get(tx: &Tx<'_>, terminal_id: TerminalId, hold_id: i64) -> Result<Option<Hold>, Error> {
    let sql = sql!(
        "SELECT hold_id, kind, cause, placed_by, placed_at_ms, until_ms, incident_id, released_at_ms, released_by, release_ground
         FROM hold WHERE terminal_id = $1 AND hold_id = $2"
    );
    tx.first(sql, values![&terminal_id, hold_id], read)
}

/// The standing hold of one kind, the newest of several.
pub fn find(tx: &Tx<'_>, terminal_id: TerminalId, kind: Kind, now: Timestamp) -> Result<Option<Hold>, Error> {
    let sql = sql!(
        "SELECT hold_id, kind, cause, placed_by, placed_at_ms, until_ms, incident_id, released_at_ms, released_by, release_ground
         FROM hold WHERE terminal_id = $1 AND kind = $2 AND released_at_ms IS NULL AND (until_ms IS NULL OR until_ms > $3)
         ORDER BY hold_id DESC LIMIT 1"
    );
    tx.first(sql, values![&terminal_id, kind.code(), now], read)
}

pub(crate) fn read_kind(code: &str) -> Result<Kind, Error> {
    Kind::parse(code).ok_or(Error::Corrupt("hold.kind"))
}

fn read(row: &Row<'_>) -> Result<Hold, Error> {
    let kind = read_kind(row.text(1)?)?;
    let release = match row.time_opt(7)? {
        None => None,
        Some(at) => Some(Release {
            at,
            by: row.string(8)?,
            authority: kind.releasing_authority(),
            ground: row.string(9)?,
        }),
    };
    Ok(Hold {
        hold_id: row.int(0)?,
        kind,
        cause: row.string(2)?,
        placed_by: row.string(3)?,
        placed_at: row.time(4)?,
        until: row.time_opt(5)?,
        incident_id: row.string_opt(6)?,
        release,
    })
}

//! When each terminal was last heard, and from where.

use domain::{TerminalId, Timestamp};

use crate::sql::{sql, values};
use crate::{Error, Tx};

/// Keeps the latest message of a terminal.
pub fn put(tx: &Tx<'_>, terminal_id: TerminalId, at: Timestamp, peer: &str) -> Result<(), Error> {
    let sql = sql!(
        "INSERT INTO heard (terminal_id, at_ms, peer) VALUES ($1, $2, $3)
         ON CONFLICT (terminal_id) DO UPDATE SET at_ms = excluded.at_ms, peer = excluded.peer WHERE excluded.at_ms > heard.at_ms"
    );
    tx.execute(sql, values![&terminal_id, at, peer]).map(drop)
}

/// When the terminal was last heard, and from where.
pub fn get(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Option<(Timestamp, String)>, Error> {
    let sql = sql!("SELECT at_ms, peer FROM heard WHERE terminal_id = $1");
    tx.first(sql, values![&terminal_id], |row| {
        Ok((row.time(0)?, row.string(1)?))
    })
}

//! What held terminals tried to turn back, and what people decide about it. The ledger has the requests themselves.
//!
//! Invariant: there is one for a row of the ledger at most; what a reversal must carry goes when it is decided, or too old, and
//! the words when they are.

use domain::recorded::{Recorded, State, Way};
use domain::{TerminalId, Timestamp};

use crate::row::{self, table};
use crate::sql::{sql, values};
use crate::{Error, Tx};

crate::row::words!(State, Way);
table!(Recorded: "recorded", 2 {
    terminal_id,
    sequence,
    at = "at_ms",
    original,
    reversal_sealed,
    state,
    way,
    reference,
    #[sealed] ground,
    proposed_by,
    proposed_at = "proposed_at_ms",
    decided_by,
    decided_at = "decided_at_ms",
});

/// The one of a ledger row.
pub fn get(tx: &Tx<'_>, terminal_id: TerminalId, sequence: i64) -> Result<Option<Recorded>, Error> {
    row::get(tx, values![&terminal_id, sequence])
}

/// Of how many originals of a terminal is kept what reversals must carry, and whether this one is among them.
pub fn sealed(tx: &Tx<'_>, terminal_id: TerminalId, original: i64) -> Result<(i64, bool), Error> {
    let sql = sql!(
        "SELECT count(*), coalesce(max(CASE WHEN original = $2 THEN 1 ELSE 0 END), 0)
         FROM recorded WHERE terminal_id = $1 AND reversal_sealed IS NOT NULL"
    );
    let found = tx.first(sql, values![&terminal_id, original], |row| {
        Ok((row.int(0)?, row.int(1)? != 0))
    })?;
    Ok(found.unwrap_or_default())
}

/// Forgets the words of what came before; at most `limit`. Answers of how many.
pub fn erase(tx: &Tx<'_>, before: Timestamp, limit: i64) -> Result<usize, Error> {
    let sql = sql!(
        "UPDATE recorded SET ground = NULL WHERE (terminal_id, sequence) IN
           (SELECT terminal_id, sequence FROM recorded WHERE at_ms <= $1 AND ground IS NOT NULL ORDER BY at_ms LIMIT $2)"
    );
    tx.execute(sql, values![before, limit])
}

/// Forgets what reversals must carry of what came before; at most `limit`. Answers of how many.
pub fn forget(tx: &Tx<'_>, before: Timestamp, limit: i64) -> Result<usize, Error> {
    let sql = sql!(
        "UPDATE recorded SET reversal_sealed = NULL WHERE (terminal_id, sequence) IN
           (SELECT terminal_id, sequence FROM recorded WHERE at_ms <= $1 AND reversal_sealed IS NOT NULL ORDER BY at_ms LIMIT $2)"
    );
    tx.execute(sql, values![before, limit])
}

//! What a loss report asks of every node: that no approval of the terminal is on its way out any more.
//!
//! Invariant: asked in the transaction of the hold, after the terminal was locked, so that every node that can hold an
//! older approval is asked.

use domain::TerminalId;

use crate::node::Incarnation;
use crate::sql::{sql, values};
use crate::tx::Backend;
use crate::{Error, Tx};

/// Asks every node that is present.
pub fn ask(tx: &Tx<'_>, terminal_id: TerminalId, hold_id: i64) -> Result<(), Error> {
    let sql = sql!(
        "INSERT INTO drain (terminal_id, hold_id, node, incarnation, asked_at_ms)
         SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT), node, incarnation, CAST($3 AS BIGINT) FROM node WHERE left_at_ms IS NULL"
    );
    tx.execute(sql, values![&terminal_id, hold_id, tx.now()])?;
    ring(tx)
}

/// What a node was asked and has not answered, the oldest first; at most 1000.
pub fn asked(tx: &Tx<'_>, who: &Incarnation) -> Result<Vec<(TerminalId, i64)>, Error> {
    let sql = sql!(
        "SELECT terminal_id, hold_id FROM drain WHERE node = $1 AND incarnation = $2 AND drained_at_ms IS NULL
         ORDER BY asked_at_ms LIMIT 1000"
    );
    tx.all(sql, values![&who.node, who.incarnation], |row| {
        Ok((row.terminal_id(0)?, row.int(1)?))
    })
}

/// A node answers: nothing is on its way any more; `waited` was.
pub fn answer(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    hold_id: i64,
    who: &Incarnation,
    waited: i64,
) -> Result<(), Error> {
    let sql = sql!(
        "UPDATE drain SET drained_at_ms = $5, waited = $6
         WHERE terminal_id = $1 AND hold_id = $2 AND node = $3 AND incarnation = $4 AND drained_at_ms IS NULL"
    );
    let values = values![
        &terminal_id,
        hold_id,
        &who.node,
        who.incarnation,
        tx.now(),
        waited
    ];
    tx.execute(sql, values)?;
    ring(tx)
}

/// How far the draining of one hold is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Nodes that have answered.
    pub drained: i64,
    /// Approvals they waited for.
    pub waited: i64,
    /// Nodes that have left, or were expelled, without an answer: their lease has run out.
    pub gone: i64,
    /// Nodes that are still to answer.
    pub open: i64,
}

/// How far the draining of one hold is.
pub fn progress(tx: &Tx<'_>, terminal_id: TerminalId, hold_id: i64) -> Result<Progress, Error> {
    let sql = sql!(
        "SELECT CASE WHEN d.drained_at_ms IS NOT NULL THEN 1 ELSE 0 END, d.waited, CASE WHEN n.left_at_ms IS NULL THEN 0 ELSE 1 END
         FROM drain d LEFT JOIN node n ON n.node = d.node AND n.incarnation = d.incarnation
         WHERE d.terminal_id = $1 AND d.hold_id = $2 LIMIT 1000"
    );
    let mut progress = Progress::default();
    let rows = tx.all(sql, values![&terminal_id, hold_id], |row| {
        Ok((row.int(0)? != 0, row.int_opt(1)?, row.int(2)? != 0))
    })?;
    for (drained, waited, left) in rows {
        match (drained, left) {
            (true, _) => {
                progress.drained += 1;
                progress.waited += waited.unwrap_or_default();
            }
            (false, true) => progress.gone += 1,
            (false, false) => progress.open += 1,
        }
    }
    Ok(progress)
}

/// Rings at every node, when the transaction commits. Commits that ring wait for one another, so nothing but a
/// suspension does.
fn ring(tx: &Tx<'_>) -> Result<(), Error> {
    match tx.backend {
        Backend::Postgres(_) => tx
            .first(sql!("SELECT 1 FROM pg_notify('tillguard', '')"), &[], |_| Ok(()))
            .map(drop),
        _ => Ok(()),
    }
}

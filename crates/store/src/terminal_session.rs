//! What a terminal's last sign-in gave it: its batch, its operator, its working keys.

use domain::{TerminalId, Timestamp};

use crate::sql::{sql, values};
use crate::{Error, Tx};

/// A terminal's session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalSession {
    /// The current batch, 1 to 999999.
    pub batch: u32,
    /// Who is signed in; `None` after a sign-out or a settlement.
    pub operator: Option<String>,
    /// When the keys were handed out.
    pub signed_in_at: Timestamp,
    /// The working keys, encrypted by the edge.
    pub keys_sealed: Vec<u8>,
    /// The ledger row of the sign-in: of two sets of keys the one with the higher is the newer.
    pub sequence: i64,
}

/// The terminal's session, if it ever signed in.
pub fn get(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Option<TerminalSession>, Error> {
    let sql = sql!(
        "SELECT batch, operator, signed_in_at_ms, keys_sealed, sequence FROM terminal_session WHERE terminal_id = $1"
    );
    tx.first(sql, values![&terminal_id], |row| {
        Ok(TerminalSession {
            batch: u32::try_from(row.int(0)?).map_err(|_| Error::Corrupt("terminal_session.batch"))?,
            operator: row.string_opt(1)?,
            signed_in_at: row.time(2)?,
            keys_sealed: row.blob(3)?,
            sequence: row.int(4)?,
        })
    })
}

/// Puts a session in place of the last.
pub fn put(tx: &Tx<'_>, terminal_id: TerminalId, session: &TerminalSession) -> Result<(), Error> {
    let sql = sql!(
        "INSERT INTO terminal_session (terminal_id, batch, operator, signed_in_at_ms, keys_sealed, sequence) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (terminal_id) DO UPDATE SET batch = excluded.batch, operator = excluded.operator,
           signed_in_at_ms = excluded.signed_in_at_ms, keys_sealed = excluded.keys_sealed, sequence = excluded.sequence"
    );
    let TerminalSession {
        batch,
        operator,
        signed_in_at,
        keys_sealed,
        sequence,
    } = session;
    tx.execute(
        sql,
        values![
            &terminal_id,
            *batch,
            operator.as_deref(),
            *signed_in_at,
            keys_sealed,
            *sequence
        ],
    )
    .map(drop)
}

/// Signs the operator out and sets the batch the next sign-in will get.
pub fn sign_out(tx: &Tx<'_>, terminal_id: TerminalId, batch: u32) -> Result<(), Error> {
    let sql = sql!("UPDATE terminal_session SET operator = NULL, batch = $2 WHERE terminal_id = $1");
    tx.execute(sql, values![&terminal_id, batch]).map(drop)
}

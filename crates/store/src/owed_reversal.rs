//! Reversals owed to the host, until it answers. When they are sent, and by whom, is work.

use domain::transaction::{BatchTrace, Kind};
use domain::{MaskedPan, Money, TerminalId, Timestamp};

use crate::ledger::{read_card, read_kind, read_money, read_name};
use crate::sql::{Row, Sql, sql, values};
use crate::{Error, Tx};

macro_rules! columns {
    () => {
        "terminal_id, sequence, batch, trace, entry, amount_minor, currency, card, reason_code, cause, owed_since_ms, reversal_sealed"
    };
}

/// A reversal the host has not answered yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedReversal {
    /// Whose.
    pub terminal_id: TerminalId,
    /// The ledger row it undoes.
    pub sequence: i64,
    /// What names the original.
    pub name: BatchTrace,
    /// What the original asked for.
    pub kind: Kind,
    /// The original's amount.
    pub amount: Option<Money>,
    /// The card, truncated.
    pub card: Option<MaskedPan>,
    /// Field 39 of the 0400: `98` no answer, `06` other.
    pub reason_code: String,
    /// Why it is owed, for staff: for example `held:loss`, `host_silent`, `terminal`.
    pub cause: String,
    /// Since when.
    pub owed_since: Timestamp,
    /// What it must carry, encrypted by the edge.
    pub reversal_sealed: Option<Vec<u8>>,
}

/// Owes a reversal; owing the same one twice changes nothing.
pub fn insert(tx: &Tx<'_>, owed: &OwedReversal) -> Result<(), Error> {
    const INSERT: Sql = sql!(concat!(
        "INSERT INTO owed_reversal (",
        columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (terminal_id, sequence) DO NOTHING"
    ));
    let card = owed.card.map(|card| card.to_string());
    let values = values![
        &owed.terminal_id,
        owed.sequence,
        owed.name.batch,
        owed.name.trace,
        owed.kind.code(),
        owed.amount.map(|amount| amount.minor),
        owed.amount.map(|amount| amount.currency.0),
        card.as_deref(),
        &owed.reason_code,
        &owed.cause,
        owed.owed_since,
        owed.reversal_sealed.as_deref(),
    ];
    tx.execute(INSERT, values).map(drop)
}

/// The one of a ledger row.
pub fn get(tx: &Tx<'_>, terminal_id: TerminalId, sequence: i64) -> Result<Option<OwedReversal>, Error> {
    const GET: Sql = sql!(concat!(
        "SELECT ",
        columns!(),
        " FROM owed_reversal WHERE terminal_id = $1 AND sequence = $2"
    ));
    tx.first(GET, values![&terminal_id, sequence], read)
}

/// Those of one terminal, oldest first; at most `limit`.
pub fn of_terminal(tx: &Tx<'_>, terminal_id: TerminalId, limit: i64) -> Result<Vec<OwedReversal>, Error> {
    const OF_TERMINAL: Sql = sql!(concat!(
        "SELECT ",
        columns!(),
        " FROM owed_reversal WHERE terminal_id = $1 ORDER BY sequence LIMIT $2"
    ));
    tx.all(OF_TERMINAL, values![&terminal_id, limit], read)
}

/// Takes one out once the host has answered.
pub fn take(tx: &Tx<'_>, terminal_id: TerminalId, sequence: i64) -> Result<Option<OwedReversal>, Error> {
    const TAKE: Sql = sql!(concat!(
        "DELETE FROM owed_reversal WHERE terminal_id = $1 AND sequence = $2 RETURNING ",
        columns!()
    ));
    let mut taken = tx.all(TAKE, values![&terminal_id, sequence], read)?;
    Ok(taken.pop())
}

/// Whether the ledger row is about to be undone.
pub fn is_owed(tx: &Tx<'_>, terminal_id: TerminalId, sequence: i64) -> Result<bool, Error> {
    let sql = sql!("SELECT 1 FROM owed_reversal WHERE terminal_id = $1 AND sequence = $2");
    Ok(tx
        .first(sql, values![&terminal_id, sequence], |_| Ok(()))?
        .is_some())
}

/// The ledger rows of one terminal that are about to be undone; a terminal has few, at most 1,000 are answered.
pub fn sequences(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Vec<i64>, Error> {
    let sql =
        sql!("SELECT sequence FROM owed_reversal WHERE terminal_id = $1 ORDER BY sequence DESC LIMIT 1000");
    tx.all(sql, values![&terminal_id], |row| row.int(0))
}

/// How many are owed.
pub fn count(tx: &Tx<'_>) -> Result<i64, Error> {
    Ok(tx
        .first(sql!("SELECT count(*) FROM owed_reversal"), &[], |row| row.int(0))?
        .unwrap_or_default())
}

fn read(row: &Row<'_>) -> Result<OwedReversal, Error> {
    Ok(OwedReversal {
        terminal_id: row.terminal_id(0)?,
        sequence: row.int(1)?,
        name: read_name(row, 2, 3)?.ok_or(Error::Corrupt("owed_reversal.batch"))?,
        kind: read_kind(row.text(4)?)?,
        amount: read_money(row, 5, 6)?,
        card: read_card(row.text_opt(7)?)?,
        reason_code: row.string(8)?,
        cause: row.string(9)?,
        owed_since: row.time(10)?,
        reversal_sealed: row.blob_opt(11)?,
    })
}

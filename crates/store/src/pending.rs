//! Requests at the host: forwarded, not yet decided on.

use domain::transaction::{BatchTrace, EntryMode, Kind};
use domain::{MaskedPan, Money, TerminalId, Timestamp};

use crate::ledger::{read_card, read_kind, read_mode, read_money, read_name};
use crate::sql::{Row, Sql, sql, values};
use crate::{Error, Tx};

macro_rules! columns {
    () => {
        "terminal_id, sequence, node, entry, batch, trace, amount_minor, currency, card, entry_mode, \
         operator, requested_at_ms, of_sequence, undo_asked, reversal_sealed"
    };
}

/// A request at the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Whose.
    pub terminal_id: TerminalId,
    /// Its place in the terminal's order.
    pub sequence: i64,
    /// The node that waits for the host.
    pub node: String,
    /// What was asked for.
    pub kind: Kind,
    /// What names it.
    pub name: BatchTrace,
    /// Field 4.
    pub amount: Option<Money>,
    /// The card, truncated.
    pub card: Option<MaskedPan>,
    /// Field 22.
    pub entry_mode: Option<EntryMode>,
    /// The operator signed in.
    pub operator: Option<String>,
    /// When the request came in.
    pub requested_at: Timestamp,
    /// The original it refers to.
    pub of_sequence: Option<i64>,
    /// Whether the terminal has sent a reversal of it meanwhile.
    pub undo_asked: bool,
    /// What a reversal must carry, encrypted by the edge.
    pub reversal_sealed: Option<Vec<u8>>,
}

/// Writes the intent to ask the host.
pub fn insert(tx: &Tx<'_>, pending: &Pending) -> Result<(), Error> {
    const INSERT: Sql = sql!(concat!(
        "INSERT INTO pending (",
        columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
    ));
    let card = pending.card.map(|card| card.to_string());
    let values = values![
        &pending.terminal_id,
        pending.sequence,
        &pending.node,
        pending.kind.code(),
        pending.name.batch,
        pending.name.trace,
        pending.amount.map(|amount| amount.minor),
        pending.amount.map(|amount| amount.currency.0),
        card.as_deref(),
        pending.entry_mode.map(EntryMode::code),
        pending.operator.as_deref(),
        pending.requested_at,
        pending.of_sequence,
        i64::from(pending.undo_asked),
        pending.reversal_sealed.as_deref(),
    ];
    tx.execute(INSERT, values).map(drop)
}

/// Takes the intent out, to be decided on in the same transaction.
pub fn take(tx: &Tx<'_>, terminal_id: TerminalId, sequence: i64) -> Result<Option<Pending>, Error> {
    const TAKE: Sql = sql!(concat!(
        "DELETE FROM pending WHERE terminal_id = $1 AND sequence = $2 RETURNING ",
        columns!()
    ));
    let mut taken = tx.all(TAKE, values![&terminal_id, sequence], read)?;
    Ok(taken.pop())
}

/// The terminal's requests at the host; a terminal has few.
pub fn of_terminal(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Vec<Pending>, Error> {
    const OF: Sql = sql!(concat!(
        "SELECT ",
        columns!(),
        " FROM pending WHERE terminal_id = $1 ORDER BY sequence LIMIT 200"
    ));
    tx.all(OF, values![&terminal_id], read)
}

/// Notes that the terminal has sent a reversal of a request still at the host.
pub fn ask_undo(tx: &Tx<'_>, terminal_id: TerminalId, sequence: i64) -> Result<(), Error> {
    let sql = sql!("UPDATE pending SET undo_asked = 1 WHERE terminal_id = $1 AND sequence = $2");
    tx.execute(sql, values![&terminal_id, sequence]).map(drop)
}

/// The intents of a node that came in before a time; at most `limit`.
pub fn left_by(tx: &Tx<'_>, node: &str, before: Timestamp, limit: i64) -> Result<Vec<Pending>, Error> {
    const LEFT: Sql = sql!(concat!(
        "SELECT ",
        columns!(),
        " FROM pending WHERE node = $1 AND requested_at_ms < $2 LIMIT $3"
    ));
    tx.all(LEFT, values![node, before, limit], read)
}

fn read(row: &Row<'_>) -> Result<Pending, Error> {
    Ok(Pending {
        terminal_id: row.terminal_id(0)?,
        sequence: row.int(1)?,
        node: row.string(2)?,
        kind: read_kind(row.text(3)?)?,
        name: read_name(row, 4, 5)?.ok_or(Error::Corrupt("pending.batch"))?,
        amount: read_money(row, 6, 7)?,
        card: read_card(row.text_opt(8)?)?,
        entry_mode: read_mode(row.text_opt(9)?)?,
        operator: row.string_opt(10)?,
        requested_at: row.time(11)?,
        of_sequence: row.int_opt(12)?,
        undo_asked: row.int(13)? != 0,
        reversal_sealed: row.blob_opt(14)?,
    })
}

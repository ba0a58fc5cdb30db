//! Requests at the host: forwarded, not yet decided on.

use domain::transaction::{BatchTrace, EntryMode, Kind};
use domain::{MaskedPan, Money, TerminalId, Timestamp};

use crate::ledger::{read_card, read_kind, read_mode, read_money, read_name};
use crate::postgres::{Many, Session, column};
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
    if let Some(mut set) = tx.gathered(pending.terminal_id) {
        set.insert_pending(pending);
        return Ok(());
    }
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
    const GET: Sql = sql!(concat!(
        "SELECT ",
        columns!(),
        " FROM pending WHERE terminal_id = $1 AND sequence = $2"
    ));
    const DELETE: Sql = sql!("DELETE FROM pending WHERE terminal_id = $1 AND sequence = $2");
    if let Some(mut set) = tx.gathered(terminal_id) {
        return Ok(set.take_pending(terminal_id, sequence));
    }
    // Not one statement with RETURNING: for that SQLite makes and drops a table each time.
    let Some(pending) = tx.first(GET, values![&terminal_id, sequence], read)? else {
        return Ok(None);
    };
    let taken = tx.execute(DELETE, values![&terminal_id, sequence])? == 1;
    Ok(taken.then_some(pending))
}

/// The terminal's requests at the host; a terminal has few.
pub fn of_terminal(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Vec<Pending>, Error> {
    const OF: Sql = sql!(concat!(
        "SELECT ",
        columns!(),
        " FROM pending WHERE terminal_id = $1 ORDER BY sequence LIMIT 200"
    ));
    if let Some(set) = tx.gathered(terminal_id) {
        return Ok(set.pending(terminal_id));
    }
    tx.all(OF, values![&terminal_id], read)
}

/// The requests at the host of many terminals, by one statement.
pub(crate) const GATHER: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM pending WHERE terminal_id = ANY($1) ORDER BY terminal_id, sequence"
);

/// Writes many intents by one statement.
pub(crate) fn insert_many<'r>(session: &Session, rows: &'r [Pending]) -> Result<Many<'r>, Error> {
    const INSERT: &str = concat!(
        "INSERT INTO pending (",
        columns!(),
        ") SELECT * FROM unnest(CAST($1 AS TEXT[]), CAST($2 AS BIGINT[]), CAST($3 AS TEXT[]), CAST($4 AS TEXT[]), CAST($5 AS BIGINT[]),
           CAST($6 AS BIGINT[]), CAST($7 AS BIGINT[]), CAST($8 AS BIGINT[]), CAST($9 AS TEXT[]), CAST($10 AS TEXT[]), CAST($11 AS TEXT[]),
           CAST($12 AS BIGINT[]), CAST($13 AS BIGINT[]), CAST($14 AS BIGINT[]), CAST($15 AS BYTEA[]))"
    );
    session.many(
        INSERT,
        vec![
            column(rows, |row| row.terminal_id.as_str()),
            column(rows, |row| row.sequence),
            column(rows, |row| row.node.as_str()),
            column(rows, |row| row.kind.code()),
            column(rows, |row| i64::from(row.name.batch)),
            column(rows, |row| i64::from(row.name.trace)),
            column(rows, |row| row.amount.map(|amount| amount.minor)),
            column(rows, |row| row.amount.map(|amount| i64::from(amount.currency.0))),
            column(rows, |row| row.card.map(|card| card.to_string())),
            column(rows, |row| row.entry_mode.map(EntryMode::code)),
            column(rows, |row| row.operator.as_deref()),
            column(rows, |row| row.requested_at.0),
            column(rows, |row| row.of_sequence),
            column(rows, |row| i64::from(row.undo_asked)),
            column(rows, |row| row.reversal_sealed.as_deref()),
        ],
    )
}

/// Deletes many intents by one statement.
pub(crate) fn delete_many<'r>(session: &Session, rows: &'r [(TerminalId, i64)]) -> Result<Many<'r>, Error> {
    const DELETE: &str = "DELETE FROM pending p USING unnest(CAST($1 AS TEXT[]), CAST($2 AS BIGINT[])) AS w (terminal_id, sequence)
         WHERE p.terminal_id = w.terminal_id AND p.sequence = w.sequence";
    let terminals = column(rows, |(terminal_id, _)| terminal_id.as_str());
    session.many(DELETE, vec![terminals, column(rows, |(_, sequence)| *sequence)])
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
        " FROM pending WHERE node = $1 AND requested_at_ms < $2 ORDER BY terminal_id, sequence LIMIT $3"
    ));
    tx.all(LEFT, values![node, before, limit], read)
}

pub(crate) fn read(row: &Row<'_>) -> Result<Pending, Error> {
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

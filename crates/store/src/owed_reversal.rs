//! Reversals owed to the host: repeated until it answers.

use domain::transaction::{BatchTrace, Kind};
use domain::{MaskedPan, Money, TerminalId, Timestamp};

use crate::ledger::{read_card, read_kind, read_money, read_name};
use crate::sql::{Row, Sql, sql, values};
use crate::{Error, Tx};

macro_rules! columns {
    () => {
        "terminal_id, sequence, batch, trace, entry, amount_minor, currency, card, reason_code, cause, owed_since_ms, next_try_at_ms, tries, reversal_sealed"
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
    /// When it is sent next.
    pub next_try_at: Timestamp,
    /// How often it was sent.
    pub tries: i64,
    /// What it must carry, encrypted by the edge.
    pub reversal_sealed: Option<Vec<u8>>,
}

/// Owes a reversal; owing the same one twice changes nothing.
pub fn insert(tx: &Tx<'_>, owed: &OwedReversal) -> Result<(), Error> {
    const INSERT: Sql = sql!(concat!(
        "INSERT INTO owed_reversal (",
        columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (terminal_id, sequence) DO NOTHING"
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
        owed.next_try_at,
        owed.tries,
        owed.reversal_sealed.as_deref(),
    ];
    tx.execute(INSERT, values).map(drop)
}

/// Those to be sent at `now`, the longest due first; at most `limit`.
pub fn due(tx: &Tx<'_>, now: Timestamp, limit: i64) -> Result<Vec<OwedReversal>, Error> {
    const DUE: Sql = sql!(concat!(
        "SELECT ",
        columns!(),
        " FROM owed_reversal WHERE next_try_at_ms <= $1 ORDER BY next_try_at_ms LIMIT $2"
    ));
    tx.all(DUE, values![now, limit], read)
}

/// Takes those to be sent at `now`, the longest due first, at most `limit`: nobody else sends them before `until`. One that
/// is due in more than five minutes was put off by a clock that went wrong, and is due now.
pub fn claim(
    tx: &Tx<'_>,
    now: Timestamp,
    until: Timestamp,
    node: &str,
    limit: i64,
) -> Result<Vec<OwedReversal>, Error> {
    macro_rules! claim_sql {
        ($skip_locked:expr) => {
            concat!(
                "UPDATE owed_reversal SET next_try_at_ms = $2, claimed_by = $3 WHERE (terminal_id, sequence) IN
                   (SELECT terminal_id, sequence FROM owed_reversal WHERE next_try_at_ms <= $1 OR next_try_at_ms > $1 + 300000
                    ORDER BY next_try_at_ms LIMIT $4",
                $skip_locked,
                ") RETURNING ",
                columns!()
            )
        };
    }
    const CLAIM: Sql = sql!(sqlite: claim_sql!(""), postgres: claim_sql!(" FOR UPDATE SKIP LOCKED"));
    tx.all(CLAIM, values![now, until, node, limit], read)
}

/// Gives back what a node claimed and will not send: it has started anew.
pub fn unclaim(tx: &Tx<'_>, node: &str) -> Result<(), Error> {
    let sql = sql!("UPDATE owed_reversal SET next_try_at_ms = $2, claimed_by = NULL WHERE claimed_by = $1");
    tx.execute(sql, values![node, tx.now()]).map(drop)
}

/// Whether there is one to be sent at `now`, as [`claim`] sees it.
pub fn is_any_due(tx: &Tx<'_>, now: Timestamp) -> Result<bool, Error> {
    let sql = sql!(
        "SELECT 1 FROM owed_reversal WHERE next_try_at_ms <= $1 OR next_try_at_ms > $1 + 300000 LIMIT 1"
    );
    Ok(tx.first(sql, values![now], |_| Ok(()))?.is_some())
}

/// Puts the next try off, counting this one.
pub fn postpone(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    sequence: i64,
    next_try_at: Timestamp,
) -> Result<(), Error> {
    let sql = sql!(
        "UPDATE owed_reversal SET tries = tries + 1, next_try_at_ms = $3, claimed_by = NULL WHERE terminal_id = $1 AND sequence = $2"
    );
    tx.execute(sql, values![&terminal_id, sequence, next_try_at])
        .map(drop)
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
        next_try_at: row.time(11)?,
        tries: row.int(12)?,
        reversal_sealed: row.blob_opt(13)?,
    })
}

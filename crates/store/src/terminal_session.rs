//! What a terminal's last sign-in gave it: its batch, its operator, its working keys.

use domain::{TerminalId, Timestamp};

use crate::sql::{Row, sql, values};
use crate::{Error, Tx};

/// How far the settlement of a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The terminal's totals differ from ours (0500).
    Unequal,
    /// They are the same (0500).
    Equal,
    /// The upload that follows unequal totals has ended (0320, 60.3 = 202).
    Ended,
}

impl Step {
    const ALL: [Self; 3] = [Self::Unequal, Self::Equal, Self::Ended];

    const fn code(self) -> &'static str {
        match self {
            Self::Unequal => "unequal",
            Self::Equal => "equal",
            Self::Ended => "ended",
        }
    }

    /// Whether the next sign-in begins another batch.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Equal | Self::Ended)
    }
}

/// The settlement of the current batch, as messages say that nobody can prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// How far it is.
    pub step: Step,
    /// The ledger row that says so.
    pub sequence: i64,
}

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
    /// The settlement of the batch, where one has begun.
    pub closing: Option<Closing>,
}

/// The terminal's session, if it ever signed in.
pub fn get(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Option<TerminalSession>, Error> {
    let sql = sql!(
        "SELECT batch, operator, signed_in_at_ms, keys_sealed, sequence, closing, closing_sequence FROM terminal_session WHERE terminal_id = $1"
    );
    tx.first(sql, values![&terminal_id], |row| {
        Ok(TerminalSession {
            batch: u32::try_from(row.int(0)?).map_err(|_| Error::Corrupt("terminal_session.batch"))?,
            operator: row.string_opt(1)?,
            signed_in_at: row.time(2)?,
            keys_sealed: row.blob(3)?,
            sequence: row.int(4)?,
            closing: read_closing(row)?,
        })
    })
}

/// Puts a session in place of the last.
pub fn put(tx: &Tx<'_>, terminal_id: TerminalId, session: &TerminalSession) -> Result<(), Error> {
    let sql = sql!(
        "INSERT INTO terminal_session (terminal_id, batch, operator, signed_in_at_ms, keys_sealed, sequence, closing, closing_sequence)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (terminal_id) DO UPDATE SET batch = excluded.batch, operator = excluded.operator,
           signed_in_at_ms = excluded.signed_in_at_ms, keys_sealed = excluded.keys_sealed, sequence = excluded.sequence,
           closing = excluded.closing, closing_sequence = excluded.closing_sequence"
    );
    let TerminalSession {
        batch,
        operator,
        signed_in_at,
        keys_sealed,
        sequence,
        closing,
    } = session;
    tx.execute(
        sql,
        values![
            &terminal_id,
            *batch,
            operator.as_deref(),
            *signed_in_at,
            keys_sealed,
            *sequence,
            closing.map(|closing| closing.step.code()),
            closing.map(|closing| closing.sequence),
        ],
    )
    .map(drop)
}

/// Signs the operator out.
pub fn sign_out(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<(), Error> {
    let sql = sql!("UPDATE terminal_session SET operator = NULL WHERE terminal_id = $1");
    tx.execute(sql, values![&terminal_id]).map(drop)
}

/// Takes a terminal's working keys away, and signs the operator out. Its batch stays: what it had does not begin anew.
pub fn forget_keys(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<(), Error> {
    let none: &[u8] = &[];
    let sql = sql!("UPDATE terminal_session SET operator = NULL, keys_sealed = $2 WHERE terminal_id = $1");
    tx.execute(sql, values![&terminal_id, none]).map(drop)
}

/// Notes how far the settlement of the current batch is.
pub fn set_closing(tx: &Tx<'_>, terminal_id: TerminalId, closing: Closing) -> Result<(), Error> {
    let sql = sql!("UPDATE terminal_session SET closing = $2, closing_sequence = $3 WHERE terminal_id = $1");
    let Closing { step, sequence } = closing;
    tx.execute(sql, values![&terminal_id, step.code(), sequence])
        .map(drop)
}

fn read_closing(row: &Row<'_>) -> Result<Option<Closing>, Error> {
    let Some(code) = row.text_opt(5)? else {
        return Ok(None);
    };
    let step = Step::ALL.into_iter().find(|step| step.code() == code);
    Ok(Some(Closing {
        step: step.ok_or(Error::Corrupt("terminal_session.closing"))?,
        sequence: row.int(6)?,
    }))
}

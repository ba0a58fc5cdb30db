//! Working keys that a sign-in was answered with and that nothing has proved yet.
//!
//! Invariant: a terminal has one set for each layout and operator, whoever asks how often.

use domain::TerminalId;
use domain::operator::Number;

use crate::sql::{Row, sql, values};
use crate::{Error, Tx};

/// Sets of keys a terminal has on offer at most: a shop's operators, and three layouts.
const OFFERED_MAX: i64 = 300;

/// One set of keys on offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedKeys {
    /// Which layout of keys (field 60.3 of the sign-in).
    pub net_code: u16,
    /// Who signs in with them.
    pub operator: Number,
    /// The ledger row of the sign-in that they were made for.
    pub sequence: i64,
    /// The keys, encrypted by the edge.
    pub keys_sealed: Vec<u8>,
}

/// Offers a set of keys where none of its layout and operator is on offer.
pub fn insert(tx: &Tx<'_>, terminal_id: TerminalId, offered: &OfferedKeys) -> Result<(), Error> {
    let sql = sql!(
        "INSERT INTO offered_keys (terminal_id, net_code, operator, sequence, keys_sealed) VALUES ($1, $2, $3, $4, $5)"
    );
    let OfferedKeys {
        net_code,
        operator,
        sequence,
        keys_sealed,
    } = offered;
    let values = values![&terminal_id, *net_code, operator.as_str(), *sequence, keys_sealed];
    tx.execute(sql, values).map(drop)
}

/// What a terminal has on offer, the newest first.
pub fn of_terminal(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Vec<OfferedKeys>, Error> {
    let sql = sql!(
        "SELECT net_code, operator, sequence, keys_sealed FROM offered_keys WHERE terminal_id = $1
         ORDER BY sequence DESC LIMIT $2"
    );
    tx.all(sql, values![&terminal_id, OFFERED_MAX], read)
}

/// Takes a set of keys from the offer: it has been proved.
pub fn delete(tx: &Tx<'_>, terminal_id: TerminalId, sequence: i64) -> Result<(), Error> {
    let sql = sql!("DELETE FROM offered_keys WHERE terminal_id = $1 AND sequence = $2");
    tx.execute(sql, values![&terminal_id, sequence]).map(drop)
}

/// Takes every set of keys of a terminal from the offer.
pub fn forget(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<(), Error> {
    let sql = sql!("DELETE FROM offered_keys WHERE terminal_id = $1");
    tx.execute(sql, values![&terminal_id]).map(drop)
}

/// The same of one operator's.
pub fn forget_of(tx: &Tx<'_>, terminal_id: TerminalId, operator: Number) -> Result<(), Error> {
    let sql = sql!("DELETE FROM offered_keys WHERE terminal_id = $1 AND operator = $2");
    tx.execute(sql, values![&terminal_id, operator.as_str()])
        .map(drop)
}

fn read(row: &Row<'_>) -> Result<OfferedKeys, Error> {
    Ok(OfferedKeys {
        net_code: u16::try_from(row.int(0)?).map_err(|_| Error::Corrupt("offered_keys.net_code"))?,
        operator: Number::parse(row.text(1)?).ok_or(Error::Corrupt("offered_keys.operator"))?,
        sequence: row.int(2)?,
        keys_sealed: row.blob(3)?,
    })
}

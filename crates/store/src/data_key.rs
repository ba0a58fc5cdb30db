//! Which data keys have sealed rows of this store: a check value of each, from which no key can be found.

use domain::TerminalId;

use crate::sql::{sql, values};
use crate::{Error, Tx};

/// More keys than a store ever has.
const KEYS_MAX: i64 = 1_000;

/// The check values, oldest first.
pub fn checks(tx: &Tx<'_>) -> Result<Vec<Vec<u8>>, Error> {
    let sql = sql!("SELECT check_value FROM data_key ORDER BY number LIMIT $1");
    tx.all(sql, values![KEYS_MAX], |row| row.blob(0))
}

/// Notes that a key seals from now on, as the `number`th.
///
/// # Errors
/// [`Error::Conflict`] when another node has noted one at the same time.
pub fn insert(tx: &Tx<'_>, number: i64, check: &[u8]) -> Result<(), Error> {
    let sql = sql!("INSERT INTO data_key (number, check_value, since_ms) VALUES ($1, $2, $3)");
    tx.execute(sql, values![number, check, tx.now()]).map(drop)
}

/// A sealed master key and its terminal, to try a key on.
pub fn example(tx: &Tx<'_>) -> Result<Option<(TerminalId, Vec<u8>)>, Error> {
    // Many have none: their key has not come yet, or an acquirer outside decides about them.
    let sql = sql!(
        "SELECT terminal_id, master_key_sealed FROM terminal WHERE length(master_key_sealed) > 0 ORDER BY terminal_id LIMIT 1"
    );
    tx.first(sql, &[], |row| Ok((row.terminal_id(0)?, row.blob(1)?)))
}

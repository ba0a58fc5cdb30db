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

/// Notes that a key seals from now on.
///
/// # Errors
/// [`Error::Conflict`] when another node has noted one at the same time.
pub fn insert(tx: &Tx<'_>, check: &[u8]) -> Result<(), Error> {
    let sql = sql!(
        "INSERT INTO data_key (number, check_value, since_ms)
         VALUES ((SELECT coalesce(max(number), 0) + 1 FROM data_key), $1, $2)"
    );
    tx.execute(sql, values![check, tx.now()]).map(drop)
}

/// The check value of the key that was noted last, and how many are noted.
pub fn newest(tx: &Tx<'_>) -> Result<Option<(Vec<u8>, i64)>, Error> {
    let sql = sql!(
        "SELECT check_value, (SELECT count(*) FROM data_key) FROM data_key ORDER BY number DESC LIMIT 1"
    );
    tx.first(sql, &[], |row| Ok((row.blob(0)?, row.int(1)?)))
}

/// Forgets every key but this one: nothing is sealed with them any more. Answers how many.
pub fn retire_others(tx: &Tx<'_>, check: &[u8]) -> Result<usize, Error> {
    tx.execute(
        sql!("DELETE FROM data_key WHERE check_value <> $1"),
        values![check],
    )
}

/// A sealed master key and its terminal, to try a key on.
pub fn example(tx: &Tx<'_>) -> Result<Option<(TerminalId, Vec<u8>)>, Error> {
    // Many have none: their key has not come yet, or an acquirer outside decides about them.
    let sql = sql!(
        "SELECT terminal_id, master_key_sealed FROM terminal WHERE length(master_key_sealed) > 0 ORDER BY terminal_id LIMIT 1"
    );
    tx.first(sql, &[], |row| Ok((row.terminal_id(0)?, row.blob(1)?)))
}

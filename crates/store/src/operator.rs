//! Operators of shops, and wrong passwords typed on terminals.

use domain::operator::Operator;
use domain::{TerminalId, Timestamp};

use crate::sql::{sql, values};
use crate::{Error, Tx};

/// Adds an operator with the hash of the password.
pub fn insert(tx: &Tx<'_>, operator: &Operator, password_hash: &str) -> Result<(), Error> {
    let sql = sql!("INSERT INTO operator (shop_id, operator, name, password_hash) VALUES ($1, $2, $3, $4)");
    tx.execute(
        sql,
        values![
            &operator.shop_id,
            operator.operator.as_str(),
            &operator.name,
            password_hash
        ],
    )
    .map(drop)
}

/// The hash of an operator's password, where the terminal's shop has that operator.
pub fn password_hash(tx: &Tx<'_>, terminal_id: TerminalId, operator: &str) -> Result<Option<String>, Error> {
    let sql = sql!(
        "SELECT o.password_hash FROM terminal t JOIN operator o ON o.shop_id = t.shop_id
         WHERE t.terminal_id = $1 AND o.operator = $2"
    );
    tx.first(sql, values![&terminal_id, operator], |row| row.string(0))
}

/// Wrong passwords on the terminal since the last right one.
pub fn wrong_count(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<u32, Error> {
    let sql = sql!("SELECT wrong_count FROM wrong_password WHERE terminal_id = $1");
    let count = tx
        .first(sql, values![&terminal_id], |row| row.int(0))?
        .unwrap_or_default();
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Sets how many wrong passwords there were since the last right one.
pub fn set_wrong_count(tx: &Tx<'_>, terminal_id: TerminalId, count: u32, at: Timestamp) -> Result<(), Error> {
    let sql = sql!(
        "INSERT INTO wrong_password (terminal_id, wrong_count, at_ms) VALUES ($1, $2, $3)
         ON CONFLICT (terminal_id) DO UPDATE SET wrong_count = excluded.wrong_count, at_ms = excluded.at_ms"
    );
    tx.execute(sql, values![&terminal_id, count, at]).map(drop)
}

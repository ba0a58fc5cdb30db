//! Emergency codes, kept by their digest.

use domain::emergency_code::{EmergencyCode, Used};

use crate::row::{columns, read, select, table};
use crate::sql::{sql, values};
use crate::{Error, Tx};

columns!(Used {
    terminal_id,
    incident_id
});
table!(EmergencyCode: "emergency_code", 1 {
    code_id,
    code_digest,
    login,
    made_at = "made_at_ms",
    ends_at = "ends_at_ms",
    used: Option<Used>,
});

/// The one of that digest.
pub fn of_digest(tx: &Tx<'_>, code_digest: &[u8]) -> Result<Option<EmergencyCode>, Error> {
    let sql = select!(EmergencyCode, "WHERE emergency_code.code_digest = $1");
    tx.first(sql, values![code_digest], read)
}

/// How many of an account work and have not been used.
pub fn open_count(tx: &Tx<'_>, login: &str) -> Result<i64, Error> {
    let sql = sql!(
        "SELECT count(*) FROM emergency_code WHERE login = $1 AND ends_at_ms > $2 AND terminal_id IS NULL"
    );
    let count = tx.first(sql, values![login, tx.now()], |row| row.int(0))?;
    Ok(count.unwrap_or_default())
}

/// Forgets codes that are over, at most `limit`; answers how many.
pub fn forget(tx: &Tx<'_>, limit: i64) -> Result<usize, Error> {
    let sql = sql!(
        "DELETE FROM emergency_code WHERE code_id IN (SELECT code_id FROM emergency_code WHERE ends_at_ms <= $1 LIMIT $2)"
    );
    tx.execute(sql, values![tx.now(), limit])
}

/// Those of an account, the newest first; at most `limit`.
pub fn of(tx: &Tx<'_>, login: &str, limit: i64) -> Result<Vec<EmergencyCode>, Error> {
    let sql = select!(
        EmergencyCode,
        "WHERE emergency_code.login = $1 ORDER BY emergency_code.made_at_ms DESC LIMIT $2"
    );
    tx.all(sql, values![login, limit], read)
}

/// Forgets those of an account.
pub fn delete_of(tx: &Tx<'_>, login: &str) -> Result<usize, Error> {
    tx.execute(
        sql!("DELETE FROM emergency_code WHERE login = $1"),
        values![login],
    )
}

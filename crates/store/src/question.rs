//! Questions about terminals: rows by name.
//!
//! Invariant: of one terminal one question at most is open.

use domain::account::Scope;
use domain::question::{Question, State};
use domain::{TerminalId, Timestamp};

use crate::row::{read, select, table};
use crate::shop::scope_values;
use crate::sql::{sql, values};
use crate::{Error, Tx};

crate::row::words!(State);
table!(Question: "question", 1 {
    question_id,
    merchant_id,
    terminal_id,
    state,
    score,
    reasons,
    asked_at = "asked_at_ms",
    answered_by,
    answered_at = "answered_at_ms",
    passed_on_at = "passed_on_at_ms",
    held_at = "held_at_ms",
    incident_id,
});

/// The questions about a terminal, the newest first; at most `limit`.
pub fn of(tx: &Tx<'_>, terminal_id: TerminalId, limit: i64) -> Result<Vec<Question>, Error> {
    let sql = select!(
        Question,
        "WHERE question.terminal_id = $1 ORDER BY question.asked_at_ms DESC, question.question_id LIMIT $2"
    );
    tx.all(sql, values![&terminal_id, limit], read)
}

/// Open questions that somebody of that scope sees, the newest first; at most `limit`. One whose terminal is reported lost is none.
pub fn open(tx: &Tx<'_>, scope: &Scope, limit: i64) -> Result<Vec<Question>, Error> {
    let sql = select!(
        Question,
        "JOIN terminal t ON t.terminal_id = question.terminal_id
          WHERE question.state IN ('asked', 'unsure')
            AND (CAST($1 AS TEXT) IS NULL OR t.merchant_id = $1) AND (CAST($2 AS TEXT) IS NULL OR t.shop_id = $2)
            AND NOT EXISTS (SELECT 1 FROM incident i WHERE i.terminal_id = question.terminal_id AND i.state <> 'closed')
          ORDER BY question.asked_at_ms DESC, question.question_id LIMIT $3"
    );
    let (merchant, shop) = scope_values(scope);
    tx.all(sql, &[merchant, shop, limit.into()], read)
}

/// Ends the open questions about a terminal: another one, or a report, takes their place.
pub fn end(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<(), Error> {
    let sql =
        sql!("UPDATE question SET state = 'over' WHERE terminal_id = $1 AND state IN ('asked', 'unsure')");
    tx.execute(sql, values![&terminal_id]).map(drop)
}

/// Questions about a terminal that were asked since, at most `limit`, the oldest first.
pub fn since(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<Question>, Error> {
    let sql = select!(
        Question,
        "WHERE question.terminal_id = $1 AND question.asked_at_ms >= $2 ORDER BY question.asked_at_ms, question.question_id LIMIT $3"
    );
    tx.all(sql, values![&terminal_id, since, limit], read)
}

/// How many terminals were stopped since because nobody had answered.
pub fn held_since(tx: &Tx<'_>, since: Timestamp) -> Result<i64, Error> {
    let sql = sql!("SELECT count(*) FROM question WHERE held_at_ms >= $1");
    Ok(tx.first(sql, values![since], |row| row.int(0))?.unwrap_or(0))
}

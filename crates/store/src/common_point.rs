//! Common points: a row for each terminal that was named.
//!
//! Invariant: no card is in it.

use domain::account::Scope;
use domain::common_point::CommonPoint;
use domain::statement::Span;
use domain::{TerminalId, Timestamp};

use crate::row::{self, Columns, Reader, read, select, table};
use crate::shop::scope_values;
use crate::sql::{Value, sql, values};
use crate::{Error, Tx};

table!(CommonPoint: "common_point", 1 {
    terminal_id,
    merchant_id,
    found_at = "found_at_ms",
    judged_at = "judged_at_ms",
    span: Span,
    cards,
    victims,
    independent,
    expected_millionths,
    odds,
    incidents,
    payments,
    question_id,
    asked_victims,
});

impl Columns for Span {
    const NAMES: &'static [&'static str] = &["from_ms", "to_ms"];

    fn read(from: &mut Reader<'_>) -> Result<Self, Error> {
        Ok((Columns::read(from)?, Columns::read(from)?))
    }

    fn values<'a>(&'a self, to: &mut Vec<Value<'a>>) {
        self.0.values(to);
        self.1.values(to);
    }
}

/// What is known of a terminal.
pub fn of(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Option<CommonPoint>, Error> {
    row::get(tx, values![&terminal_id])
}

/// Those that somebody of that scope sees, named last first, then the least likely; at most `limit`.
pub fn list(tx: &Tx<'_>, scope: &Scope, limit: i64) -> Result<Vec<CommonPoint>, Error> {
    let sql = select!(
        CommonPoint,
        "JOIN terminal t ON t.terminal_id = common_point.terminal_id
          WHERE (CAST($1 AS TEXT) IS NULL OR t.merchant_id = $1) AND (CAST($2 AS TEXT) IS NULL OR t.shop_id = $2)
          ORDER BY common_point.judged_at_ms DESC, common_point.odds DESC, common_point.terminal_id LIMIT $3"
    );
    let (merchant, shop) = scope_values(scope);
    tx.all(sql, &[merchant, shop, limit.into()], read)
}

/// Forgets what was not named since a time.
pub fn forget(tx: &Tx<'_>, before: Timestamp) -> Result<usize, Error> {
    let sql = sql!("DELETE FROM common_point WHERE judged_at_ms < $1");
    tx.execute(sql, values![before])
}

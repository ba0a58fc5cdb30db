//! Holds on settlement: rows by name.
//!
//! Invariant: rows are added and changed, never taken out.

use domain::account::Scope;
use domain::event::Subject;
use domain::settlement_hold::{Ground, Phase, Release, SettlementHold, State};
use domain::{MerchantId, TerminalId, Timestamp};

use crate::audit;
use crate::row::{columns, read, select, table};
use crate::shop::scope_values;
use crate::sql::{Value, sql, values};
use crate::{Error, Tx};

crate::row::words!(Ground, State);
columns!(Release {
    by = "release_by",
    at = "release_at_ms",
    #[sealed]
    ground = "release_ground",
});
table!(SettlementHold: "settlement_hold", 1 {
    settlement_hold_id,
    merchant_id,
    terminal_id,
    incident_id,
    ground,
    #[sealed]
    ground_text,
    until_on,
    until = "until_ms",
    state,
    proposed_by,
    proposed_at = "proposed_at_ms",
    confirmed_by,
    since = "since_ms",
    release: Release,
    released_by,
    released_at = "released_at_ms",
    withdrawn: domain::attachment::Withdrawn,
    read_at = "read_at_ms",
});

/// Which holds a list is about.
#[derive(Clone, Debug)]
pub struct Filter<'a> {
    /// What the account sees: of a merchant, those that stood.
    pub scope: &'a Scope,
    /// Those of one merchant.
    pub merchant_id: Option<MerchantId>,
    /// Those of what one terminal took: its own, and those of all of its merchant's.
    pub terminal_id: Option<TerminalId>,
    /// Those of one loss.
    pub incident_id: Option<&'a str>,
    /// Where they stand now.
    pub phase: Option<Phase>,
}

/// Holds in the order of their identifiers, after `after`; at most `limit`. Nothing for who is over less than a merchant.
pub fn list(
    tx: &Tx<'_>,
    filter: &Filter<'_>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<SettlementHold>, Error> {
    let (own, shop) = scope_values(filter.scope);
    if !matches!(shop, Value::Null) {
        return Ok(Vec::new());
    }
    let values = [
        own,
        filter.merchant_id.as_ref().into(),
        filter.terminal_id.as_ref().into(),
        filter.incident_id.into(),
        after.into(),
        tx.now().into(),
        limit.into(),
        filter.phase.map(Phase::code).into(),
    ];
    if filter.phase == Some(Phase::Standing) {
        // By its index: what programs ask again and again.
        let sql = select!(
            SettlementHold,
            "WHERE settlement_hold.state IN ('standing', 'release_proposed') AND settlement_hold.until_ms > $6
               AND (CAST($1 AS TEXT) IS NULL OR settlement_hold.merchant_id = $1)
               AND (CAST($2 AS TEXT) IS NULL OR settlement_hold.merchant_id = $2)
               AND (CAST($3 AS TEXT) IS NULL OR settlement_hold.terminal_id = $3 OR settlement_hold.terminal_id IS NULL
             AND settlement_hold.merchant_id = (SELECT merchant_id FROM terminal WHERE terminal.terminal_id = $3))
               AND (CAST($4 AS TEXT) IS NULL OR settlement_hold.incident_id = $4)
               AND (CAST($5 AS TEXT) IS NULL OR settlement_hold.settlement_hold_id > $5)
             ORDER BY settlement_hold.settlement_hold_id LIMIT $7"
        );
        return tx.all(sql, &values[..7], read);
    }
    let sql = select!(
        SettlementHold,
        "WHERE (CAST($1 AS TEXT) IS NULL OR (settlement_hold.merchant_id = $1 AND settlement_hold.since_ms IS NOT NULL))
           AND (CAST($2 AS TEXT) IS NULL OR settlement_hold.merchant_id = $2)
           AND (CAST($3 AS TEXT) IS NULL OR settlement_hold.terminal_id = $3 OR settlement_hold.terminal_id IS NULL
             AND settlement_hold.merchant_id = (SELECT merchant_id FROM terminal WHERE terminal.terminal_id = $3))
           AND (CAST($4 AS TEXT) IS NULL OR settlement_hold.incident_id = $4)
           AND (CAST($5 AS TEXT) IS NULL OR settlement_hold.settlement_hold_id > $5)
           AND (CAST($8 AS TEXT) IS NULL OR $8 = CASE WHEN settlement_hold.state IN ('released', 'withdrawn') THEN settlement_hold.state
             WHEN settlement_hold.until_ms <= $6 THEN 'ended' WHEN settlement_hold.state = 'proposed' THEN 'proposed' ELSE 'standing' END)
         ORDER BY settlement_hold.settlement_hold_id LIMIT $7"
    );
    tx.all(sql, &values, read)
}

/// How many of a merchant stand or are proposed.
pub fn open_count(tx: &Tx<'_>, merchant_id: MerchantId) -> Result<i64, Error> {
    let sql = sql!(
        "SELECT count(*) FROM settlement_hold WHERE merchant_id = $1 AND state IN ('proposed', 'standing', 'release_proposed')
           AND until_ms > $2"
    );
    let count = tx.first(sql, values![&merchant_id, tx.now()], |row| row.int(0))?;
    Ok(count.unwrap_or_default())
}

/// The holds of a loss that stood, in the order in which they began to; at most `limit`.
pub fn stood_of(tx: &Tx<'_>, incident_id: &str, limit: i64) -> Result<Vec<SettlementHold>, Error> {
    let sql = select!(
        SettlementHold,
        "WHERE settlement_hold.incident_id = $1 AND settlement_hold.since_ms IS NOT NULL
         ORDER BY settlement_hold.since_ms, settlement_hold.settlement_hold_id LIMIT $2"
    );
    tx.all(sql, values![incident_id, limit], read)
}

/// Writes down that a program has read that one stands, where none had before.
pub fn mark_read(tx: &Tx<'_>, settlement_hold_id: &str) -> Result<(), Error> {
    let sql = sql!(
        "UPDATE settlement_hold SET read_at_ms = $2 WHERE settlement_hold_id = $1 AND read_at_ms IS NULL"
    );
    tx.execute(sql, values![settlement_hold_id, tx.now()]).map(drop)
}

/// Takes out what people said of holds that were over before a time; at most `limit`. Answers how many there were.
pub fn erase(tx: &Tx<'_>, before: Timestamp, limit: i64) -> Result<usize, Error> {
    let over = sql!(
        "SELECT settlement_hold_id FROM settlement_hold WHERE ground_text IS NOT NULL
           AND (until_ms <= $1 OR released_at_ms <= $1 OR withdrawn_at_ms <= $1) LIMIT $2"
    );
    let over = tx.all(over, values![before, limit], |row| row.string(0))?;
    for id in &over {
        let said = sql!(
            "UPDATE settlement_hold SET ground_text = NULL, release_ground = NULL, withdrawn_ground = NULL WHERE settlement_hold_id = $1"
        );
        tx.execute(said, values![id])?;
        audit::erase_texts(tx, Subject::SettlementHold, id)?;
    }
    Ok(over.len())
}

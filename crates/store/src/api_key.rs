//! API keys of programs.

use domain::account::Scope;
use domain::api_key::{ApiKey, NOTE_EVERY_MS, NOTE_MOVE_EVERY_MS, State};

use crate::row::{self, read, select, table};
use crate::shop::scope_values;
use crate::sql::{Value, sql, values};
use crate::{Error, Tx};

crate::row::words!(State);
table!(ApiKey: "api_key", 1 {
    api_key_id,
    secret_digest,
    name,
    scope: Scope,
    rights,
    state,
    made_by,
    made_at = "made_at_ms",
    ends_at = "ends_at_ms",
    used_at = "used_at_ms",
    used_from,
});

/// The key of that identifier, and whether the merchant and the shop that it is of are in business.
pub fn get(tx: &Tx<'_>, api_key_id: &str) -> Result<Option<(ApiKey, bool)>, Error> {
    let Some(key) = row::by_id::<ApiKey>(tx, api_key_id)? else {
        return Ok(None);
    };
    let is_in_business = key.scope == Scope::All || !is_retired(tx, &key.scope)?;
    Ok(Some((key, is_in_business)))
}

fn is_retired(tx: &Tx<'_>, scope: &Scope) -> Result<bool, Error> {
    let sql = sql!(
        "SELECT 1 FROM merchant WHERE merchant_id = $1 AND state = 'retired'
           UNION ALL SELECT 1 FROM shop WHERE shop_id = $2 AND state = 'retired' LIMIT 1"
    );
    let (merchant, shop) = scope_values(scope);
    Ok(tx.first(sql, &[merchant, shop], |_| Ok(()))?.is_some())
}

/// Keys that somebody of that scope sees, the newest first, after one; at most `limit`.
pub fn list(
    tx: &Tx<'_>,
    scope: &Scope,
    state: Option<State>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<ApiKey>, Error> {
    let sql = select!(
        ApiKey,
        "WHERE (CAST($1 AS TEXT) IS NULL OR api_key.merchant_id = $1) AND (CAST($2 AS TEXT) IS NULL OR api_key.shop_id = $2)
           AND (CAST($3 AS TEXT) IS NULL OR api_key.state = $3) AND (CAST($4 AS TEXT) IS NULL
             OR (api_key.made_at_ms, api_key.api_key_id) < (SELECT a.made_at_ms, a.api_key_id FROM api_key a WHERE a.api_key_id = $4))
           ORDER BY api_key.made_at_ms DESC, api_key.api_key_id DESC LIMIT $5"
    );
    let (merchant, shop) = scope_values(scope);
    let values = [
        merchant,
        shop,
        state.map(State::code).into(),
        after.into(),
        Value::Int(limit),
    ];
    tx.all(sql, &values, read)
}

/// How many keys of that very place work.
pub fn working(tx: &Tx<'_>, scope: &Scope) -> Result<i64, Error> {
    let sql = sql!(
        "SELECT count(*) FROM api_key WHERE coalesce(merchant_id, '') = coalesce($1, '')
           AND coalesce(shop_id, '') = coalesce($2, '') AND state = 'active' AND ends_at_ms > $3"
    );
    let (merchant, shop) = scope_values(scope);
    let counted = tx.first(sql, &[merchant, shop, tx.now().into()], |row| row.int(0))?;
    Ok(counted.unwrap_or_default())
}

/// Notes that a key was used, and from where, unless somebody has just done so.
pub fn note(tx: &Tx<'_>, api_key_id: &str, from: Option<&str>) -> Result<(), Error> {
    let sql = sql!(
        "UPDATE api_key SET used_at_ms = $2, used_from = $3
         WHERE api_key_id = $1 AND (used_at_ms IS NULL OR used_at_ms <= $4
           OR (used_at_ms <= $5 AND coalesce(used_from, '') <> coalesce($3, '')))"
    );
    let before = |every_ms: i64| tx.now().plus_ms(-every_ms);
    let values = values![
        api_key_id,
        tx.now(),
        from,
        before(NOTE_EVERY_MS),
        before(NOTE_MOVE_EVERY_MS)
    ];
    tx.execute(sql, values).map(drop)
}

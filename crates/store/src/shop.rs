//! Shops.

use domain::account::Scope;
use domain::shop::Shop;

use crate::sql::{Row, Value, sql, values};
use crate::{Error, Tx};

/// Adds a shop.
pub fn insert(tx: &Tx<'_>, shop: &Shop) -> Result<(), Error> {
    let sql = sql!("INSERT INTO shop (shop_id, merchant_id, name, address) VALUES ($1, $2, $3, $4)");
    tx.execute(
        sql,
        values![&shop.shop_id, &shop.merchant_id, &shop.name, &shop.address],
    )
    .map(drop)
}

/// The shop of that key.
pub fn get(tx: &Tx<'_>, shop_id: &str) -> Result<Option<Shop>, Error> {
    let sql = sql!("SELECT shop_id, merchant_id, name, address FROM shop WHERE shop_id = $1");
    tx.first(sql, values![shop_id], read)
}

/// The shops an account sees, in the order of their keys; at most `limit`.
pub fn list(tx: &Tx<'_>, scope: &Scope, limit: i64) -> Result<Vec<Shop>, Error> {
    let sql = sql!(
        "SELECT shop_id, merchant_id, name, address FROM shop
         WHERE (CAST($1 AS TEXT) IS NULL OR merchant_id = $1) AND (CAST($2 AS TEXT) IS NULL OR shop_id = $2) ORDER BY shop_id LIMIT $3"
    );
    let (merchant, shop) = scope_values(scope);
    tx.all(sql, &[merchant, shop, Value::Int(limit)], read)
}

/// A scope as the two parameters of the listing statements: merchant and shop, null for any.
pub(crate) fn scope_values(scope: &Scope) -> (Value<'_>, Value<'_>) {
    match scope {
        Scope::All => (Value::Null, Value::Null),
        Scope::Merchant(merchant_id) => (merchant_id.into(), Value::Null),
        Scope::Shop(merchant_id, shop_id) => (merchant_id.into(), shop_id.into()),
    }
}

fn read(row: &Row<'_>) -> Result<Shop, Error> {
    Ok(Shop {
        shop_id: row.string(0)?,
        merchant_id: row.merchant_id(1)?,
        name: row.string(2)?,
        address: row.string(3)?,
    })
}

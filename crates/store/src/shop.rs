//! Shops.

use domain::account::Scope;
use domain::shop::Shop;

use crate::row::{self, read, select, table};
use crate::sql::{Value, values};
use crate::{Error, Tx};

table!(Shop: "shop", 1 { shop_id, merchant_id, name, address });

/// Adds a shop.
pub fn insert(tx: &Tx<'_>, shop: &Shop) -> Result<(), Error> {
    row::insert(tx, shop)
}

/// The shop of that key.
pub fn get(tx: &Tx<'_>, shop_id: &str) -> Result<Option<Shop>, Error> {
    row::get(tx, values![shop_id])
}

/// The shops an account sees, in the order of their keys, after `after`; at most `limit`.
pub fn list(tx: &Tx<'_>, scope: &Scope, after: Option<&str>, limit: i64) -> Result<Vec<Shop>, Error> {
    let sql = select!(
        Shop,
        "WHERE (CAST($1 AS TEXT) IS NULL OR shop.merchant_id = $1) AND (CAST($2 AS TEXT) IS NULL OR shop.shop_id = $2)
           AND (CAST($3 AS TEXT) IS NULL OR shop.shop_id > $3) ORDER BY shop.shop_id LIMIT $4"
    );
    let (merchant, shop) = scope_values(scope);
    tx.all(sql, &[merchant, shop, after.into(), Value::Int(limit)], read)
}

/// A scope as the two parameters of the listing statements: merchant and shop, null for any.
pub(crate) fn scope_values(scope: &Scope) -> (Value<'_>, Value<'_>) {
    match scope {
        Scope::All => (Value::Null, Value::Null),
        Scope::Merchant(merchant_id) => (merchant_id.into(), Value::Null),
        Scope::Shop(merchant_id, shop_id) => (merchant_id.into(), shop_id.into()),
    }
}

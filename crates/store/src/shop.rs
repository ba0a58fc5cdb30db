//! Shops.

use domain::MerchantId;
use domain::account::Scope;
use domain::shop::{Shop, State};

use crate::row::{self, read, select, table};
use crate::sql::{Value, values};
use crate::{Error, Tx};

table!(Shop: "shop", 1 { shop_id, merchant_id, name, address, state });

/// Adds a shop.
pub fn insert(tx: &Tx<'_>, shop: &Shop) -> Result<(), Error> {
    row::insert(tx, shop)
}

/// The shop of that key.
pub fn get(tx: &Tx<'_>, shop_id: &str) -> Result<Option<Shop>, Error> {
    row::get(tx, values![shop_id])
}

/// The same, as it is once nobody else changes it any more.
pub fn locked(tx: &Tx<'_>, shop_id: &str) -> Result<Option<Shop>, Error> {
    if let Some(shop) = get(tx, shop_id)? {
        row::lock(tx, &shop)?;
    }
    get(tx, shop_id)
}

/// The shops of a merchant that are called so, whatever their state; at most `limit`.
pub fn named(tx: &Tx<'_>, merchant_id: MerchantId, name: &str, limit: i64) -> Result<Vec<Shop>, Error> {
    let sql = select!(
        Shop,
        "WHERE shop.merchant_id = $1 AND shop.name = $2 ORDER BY shop.shop_id LIMIT $3"
    );
    tx.all(sql, values![&merchant_id, name, limit], read)
}

/// Which shops a list is about.
#[derive(Clone, Debug)]
pub struct Filter<'a> {
    /// What the account sees.
    pub scope: &'a Scope,
    /// One merchant only.
    pub merchant_id: Option<MerchantId>,
    /// One state only.
    pub state: Option<State>,
    /// Part of a name or an address.
    pub search: Option<&'a str>,
}

/// Shops in the order of their keys, after `after`; at most `limit`.
pub fn list(tx: &Tx<'_>, filter: &Filter<'_>, after: Option<&str>, limit: i64) -> Result<Vec<Shop>, Error> {
    let sql = select!(
        Shop,
        "WHERE (CAST($1 AS TEXT) IS NULL OR shop.merchant_id = $1) AND (CAST($2 AS TEXT) IS NULL OR shop.shop_id = $2)
           AND (CAST($3 AS TEXT) IS NULL OR shop.shop_id > $3) AND (CAST($5 AS TEXT) IS NULL OR shop.merchant_id = $5)
           AND (CAST($6 AS TEXT) IS NULL OR shop.state = $6)
           AND (CAST($7 AS TEXT) IS NULL OR lower(shop.name || ' ' || shop.address) LIKE $7 ESCAPE '!')
           ORDER BY shop.shop_id LIMIT $4"
    );
    let pattern = filter.search.map(crate::terminal::pattern);
    let (merchant, shop) = scope_values(filter.scope);
    let values = [
        merchant,
        shop,
        after.into(),
        Value::Int(limit),
        filter.merchant_id.as_ref().into(),
        filter.state.map(State::code).into(),
        pattern.as_deref().into(),
    ];
    tx.all(sql, &values, read)
}

/// A scope as the two parameters of the listing statements: merchant and shop, null for any.
pub(crate) fn scope_values(scope: &Scope) -> (Value<'_>, Value<'_>) {
    match scope {
        Scope::All => (Value::Null, Value::Null),
        Scope::Merchant(merchant_id) => (merchant_id.into(), Value::Null),
        Scope::Shop(merchant_id, shop_id) => (merchant_id.into(), shop_id.into()),
    }
}

//! Merchants.

use domain::MerchantId;
use domain::account::Scope;
use domain::merchant::{Merchant, State};

use crate::row::{self, read, select, table};
use crate::shop::scope_values;
use crate::sql::{Value, sql, values};
use crate::{Error, Tx};

crate::row::words!(State);
table!(Merchant: "merchant", 1 { merchant_id, name, name_en, trade, unified_social_credit_code, state });

/// What a second merchant of the same code breaks.
pub const UNIQUE: &str = "merchant_pkey";

/// Adds a merchant.
pub fn insert(tx: &Tx<'_>, merchant: &Merchant) -> Result<(), Error> {
    row::insert(tx, merchant)
}

/// The merchant of that code.
pub fn get(tx: &Tx<'_>, merchant_id: MerchantId) -> Result<Option<Merchant>, Error> {
    row::get(tx, values![&merchant_id])
}

/// The same, as it is once nobody else changes it any more.
pub fn locked(tx: &Tx<'_>, merchant_id: MerchantId) -> Result<Option<Merchant>, Error> {
    if let Some(merchant) = get(tx, merchant_id)? {
        row::lock(tx, &merchant)?;
    }
    get(tx, merchant_id)
}

/// Those of that unified social credit code, retired ones too; at most `limit`, and none where there is no code.
pub fn of_code(tx: &Tx<'_>, credit_code: &str, limit: i64) -> Result<Vec<Merchant>, Error> {
    let sql = select!(
        Merchant,
        "WHERE merchant.unified_social_credit_code = $1 AND merchant.unified_social_credit_code <> '' ORDER BY merchant.merchant_id LIMIT $2"
    );
    tx.all(sql, values![credit_code, limit], read)
}

/// How many of its terminals are in use.
pub fn terminal_count(tx: &Tx<'_>, merchant_id: MerchantId) -> Result<i64, Error> {
    let sql = sql!("SELECT count(*) FROM terminal WHERE merchant_id = $1 AND status = 'active'");
    let count = tx.first(sql, values![&merchant_id], |row| row.int(0))?;
    Ok(count.unwrap_or_default())
}

/// Which merchants a list is about.
#[derive(Clone, Debug)]
pub struct Filter<'a> {
    /// What the account sees.
    pub scope: &'a Scope,
    /// One state only.
    pub state: Option<State>,
    /// Part of a name or a code.
    pub search: Option<&'a str>,
}

/// Merchants in the order of their codes, after `after`; at most `limit`.
pub fn list(
    tx: &Tx<'_>,
    filter: &Filter<'_>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Merchant>, Error> {
    let sql = select!(
        Merchant,
        "WHERE (CAST($1 AS TEXT) IS NULL OR merchant.merchant_id = $1) AND (CAST($2 AS TEXT) IS NULL OR merchant.state = $2)
           AND (CAST($3 AS TEXT) IS NULL OR lower(merchant.merchant_id || ' ' || merchant.name || ' ' || merchant.name_en)
             LIKE $3 ESCAPE '!')
           AND (CAST($4 AS TEXT) IS NULL OR merchant.merchant_id > $4) ORDER BY merchant.merchant_id LIMIT $5"
    );
    let pattern = filter.search.map(crate::terminal::pattern);
    let (own, _) = scope_values(filter.scope);
    let values = [
        own,
        filter.state.map(State::code).into(),
        pattern.as_deref().into(),
        after.into(),
        Value::Int(limit),
    ];
    tx.all(sql, &values, read)
}

//! Merchants' accounts with providers whose own interface can stop a terminal.

use domain::provider_account::ProviderAccount;
use domain::terminal::Provider;
use domain::{MerchantId, account::Scope};

use crate::row::{self, read, select, table};
use crate::shop::scope_values;
use crate::sql::{sql, values};
use crate::{Error, Tx};

table!(ProviderAccount: "provider_account", 2 {
    merchant_id, provider, account, address, key_sealed, since = "since_ms"
});

/// The account of a merchant with a provider.
pub fn get(
    tx: &Tx<'_>,
    merchant_id: MerchantId,
    provider: Provider,
) -> Result<Option<ProviderAccount>, Error> {
    row::get(tx, values![&merchant_id, provider.code()])
}

/// Keeps it, in the place of an earlier one.
pub fn put(tx: &Tx<'_>, account: &ProviderAccount) -> Result<(), Error> {
    match row::update(tx, account)? {
        true => Ok(()),
        false => row::insert(tx, account),
    }
}

/// Forgets it; false when there is none.
pub fn delete(tx: &Tx<'_>, merchant_id: MerchantId, provider: Provider) -> Result<bool, Error> {
    let sql = sql!("DELETE FROM provider_account WHERE merchant_id = $1 AND provider = $2");
    Ok(tx.execute(sql, values![&merchant_id, provider.code()])? > 0)
}

/// Those of what a scope sees, by merchant and provider; at most `limit`.
pub fn list(tx: &Tx<'_>, scope: &Scope, limit: i64) -> Result<Vec<ProviderAccount>, Error> {
    let sql = select!(
        ProviderAccount,
        "WHERE (CAST($1 AS TEXT) IS NULL OR provider_account.merchant_id = $1)
         ORDER BY provider_account.merchant_id, provider_account.provider LIMIT $2"
    );
    let (merchant, _) = scope_values(scope);
    tx.all(sql, &[merchant, limit.into()], read)
}

//! Accounts of people.

use domain::MerchantId;
use domain::account::{Account, Role, Scope};

use crate::sql::{Row, sql, values};
use crate::{Error, Tx};

/// Adds an account with the hash of its password.
pub fn insert(tx: &Tx<'_>, account: &Account, password_hash: &str) -> Result<(), Error> {
    let sql = sql!(
        "INSERT INTO account (login, name, role, merchant_id, shop_id, password_hash) VALUES ($1, $2, $3, $4, $5, $6)"
    );
    let (merchant_id, shop_id): (Option<&MerchantId>, Option<&str>) = match &account.scope {
        Scope::All => (None, None),
        Scope::Merchant(merchant_id) => (Some(merchant_id), None),
        Scope::Shop(merchant_id, shop_id) => (Some(merchant_id), Some(shop_id)),
    };
    let values = values![
        &account.login,
        &account.name,
        account.role.code(),
        merchant_id,
        shop_id,
        password_hash
    ];
    tx.execute(sql, values).map(drop)
}

/// The account of that login, and the hash of its password.
pub fn get(tx: &Tx<'_>, login: &str) -> Result<Option<(Account, String)>, Error> {
    let sql =
        sql!("SELECT login, name, role, merchant_id, shop_id, password_hash FROM account WHERE login = $1");
    tx.first(sql, values![login], |row| Ok((read(row)?, row.string(5)?)))
}

pub(crate) fn read(row: &Row<'_>) -> Result<Account, Error> {
    let merchant_id = match row.text_opt(3)? {
        None => None,
        Some(_) => Some(row.merchant_id(3)?),
    };
    let role = Role::parse(row.text(2)?).ok_or(Error::Corrupt("account.role"))?;
    let scope = match (role, merchant_id, row.string_opt(4)?) {
        (Role::RiskOfficer | Role::Auditor, None, None) => Scope::All,
        (Role::Owner, Some(merchant_id), None) => Scope::Merchant(merchant_id),
        (Role::Manager, Some(merchant_id), Some(shop_id)) => Scope::Shop(merchant_id, shop_id),
        // A role and a scope that do not fit see nothing rather than too much.
        _ => return Err(Error::Corrupt("account: role and scope do not fit")),
    };
    Ok(Account {
        login: row.string(0)?,
        name: row.string(1)?,
        role,
        scope,
    })
}

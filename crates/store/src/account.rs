//! Accounts of people.

use domain::MerchantId;
use domain::account::{Account, Role, Scope};

use crate::row::{self, Columns, Reader, columns, read, select, table};
use crate::sql::{Value, sql, values};
use crate::{Error, Tx};

crate::row::words!(Role);
columns!(Account {
    login,
    name,
    role,
    scope: Scope
});

/// An account and the hash of its password.
#[derive(Clone, Debug)]
struct Kept {
    account: Account,
    password_hash: String,
}
table!(Kept: "account", 1 { account: Account, password_hash });

impl Columns for Scope {
    const NAMES: &'static [&'static str] = &["merchant_id", "shop_id"];

    fn read(from: &mut Reader<'_>) -> Result<Self, Error> {
        match (Columns::read(from)?, Columns::read(from)?) {
            (None, None::<String>) => Ok(Self::All),
            (Some(merchant_id), None) => Ok(Self::Merchant(merchant_id)),
            (Some(merchant_id), Some(shop_id)) => Ok(Self::Shop(merchant_id, shop_id)),
            (None, Some(_)) => Err(Error::Corrupt("account: a shop of no merchant")),
        }
    }

    fn values<'a>(&'a self, to: &mut Vec<Value<'a>>) {
        let (merchant_id, shop_id) = crate::shop::scope_values(self);
        to.extend([merchant_id, shop_id]);
    }
}

/// Adds an account with the hash of its password.
pub fn insert(tx: &Tx<'_>, account: &Account, password_hash: &str) -> Result<(), Error> {
    let kept = Kept {
        account: account.clone(),
        password_hash: password_hash.to_owned(),
    };
    row::insert(tx, &kept)
}

/// The account of that login, and the hash of its password.
pub fn get(tx: &Tx<'_>, login: &str) -> Result<Option<(Account, String)>, Error> {
    let kept: Option<Kept> = row::get(tx, values![login])?;
    kept.map(|kept| Ok((fitting(kept.account)?, kept.password_hash)))
        .transpose()
}

/// Whether there is any account: whether the house has been set up.
pub fn exists(tx: &Tx<'_>) -> Result<bool, Error> {
    let found = tx.first(sql!("SELECT 1 FROM account LIMIT 1"), &[], |_| Ok(()))?;
    Ok(found.is_some())
}

/// Accounts in the order of their logins, after one; at most `limit`.
pub fn list(tx: &Tx<'_>, after: &str, limit: i64) -> Result<Vec<Account>, Error> {
    let sql = select!(Kept, "WHERE account.login > $1 ORDER BY account.login LIMIT $2");
    let all: Vec<Kept> = tx.all(sql, values![after, limit], read)?;
    all.into_iter().map(|kept| fitting(kept.account)).collect()
}

/// Writes another password's hash; false when there is no such account.
pub fn set_password(tx: &Tx<'_>, login: &str, password_hash: &str) -> Result<bool, Error> {
    let sql = sql!("UPDATE account SET password_hash = $2 WHERE login = $1");
    Ok(tx.execute(sql, values![login, password_hash])? > 0)
}

/// The log-ins of the owners of a merchant and the managers of one of its shops, in their order; at most `limit`.
pub fn of_shop(
    tx: &Tx<'_>,
    merchant_id: MerchantId,
    shop_id: &str,
    limit: i64,
) -> Result<Vec<String>, Error> {
    let sql = sql!(
        "SELECT login FROM account WHERE merchant_id = $1 AND (shop_id IS NULL OR shop_id = $2) ORDER BY login LIMIT $3"
    );
    tx.all(sql, values![&merchant_id, shop_id, limit], |row| row.string(0))
}

/// Whether several accounts have this name.
pub fn is_shared_name(tx: &Tx<'_>, name: &str) -> Result<bool, Error> {
    let sql = sql!("SELECT count(*) FROM (SELECT 1 FROM account WHERE name = $1 LIMIT 2) AS named");
    Ok(tx
        .first(sql, values![name], |row| row.int(0))?
        .unwrap_or_default()
        > 1)
}

/// Whose session has this digest, while it lasts.
pub fn of_session(tx: &Tx<'_>, token_digest: &[u8]) -> Result<Option<Account>, Error> {
    let sql = select!(
        Kept,
        "JOIN session s ON s.login = account.login WHERE s.token_digest = $1 AND s.expires_at_ms > $2"
    );
    let kept: Option<Kept> = tx.first(sql, values![token_digest, tx.now()], read)?;
    kept.map(|kept| fitting(kept.account)).transpose()
}

/// A role and a scope that do not fit see nothing rather than too much.
fn fitting(account: Account) -> Result<Account, Error> {
    match (account.role, &account.scope) {
        (Role::RiskOfficer | Role::Auditor, Scope::All)
        | (Role::Owner, Scope::Merchant(_))
        | (Role::Manager, Scope::Shop(..)) => Ok(account),
        _ => Err(Error::Corrupt("account: role and scope do not fit")),
    }
}

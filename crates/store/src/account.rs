//! Accounts of people.

use domain::MerchantId;
use domain::account::{Account, Narrowed, Person, Role, Scope, State, fits};
use domain::right::{Right, Rights};

use crate::custom_role::bit;
use crate::row::{self, Columns, Reader, columns, read, select, table};
use crate::sql::{Value, sql, values};
use crate::{Error, Tx};

crate::row::words!(Role, State);
columns!(Account {
    login,
    name,
    role,
    scope: Scope,
    custom_role: Option<Narrowed>
});
table!(Person: "account", 1 { account: Account, #[sealed] email, state });

/// A new account and the hash of its password.
#[derive(Clone, Debug)]
struct Kept {
    person: Person,
    password_hash: String,
}
table!(Kept: "account", 1 { person: Person, password_hash });

/// What a log-in asks for: nothing of it is sealed.
#[derive(Clone, Debug)]
struct Known {
    account: Account,
    password_hash: String,
}
table!(Known: "account", 1 { account: Account, password_hash });

/// What a second account of one login breaks.
pub const UNIQUE: &str = "account_pkey";

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
    let person = Person {
        account: account.clone(),
        email: None,
        state: State::Active,
    };
    let kept = Kept {
        person,
        password_hash: password_hash.to_owned(),
    };
    row::insert(tx, &kept)
}

/// The account of that login, and the hash of its password; also one that may not be used any more.
pub fn get(tx: &Tx<'_>, login: &str) -> Result<Option<(Account, String)>, Error> {
    let kept: Option<Known> = row::get(tx, values![login])?;
    kept.map(|kept| Ok((fitting(kept.account)?, kept.password_hash)))
        .transpose()
}

/// The same of an account that may be used.
pub fn usable(tx: &Tx<'_>, login: &str) -> Result<Option<(Account, String)>, Error> {
    let sql = select!(Known, "WHERE account.login = $1 AND account.state = 'active'");
    let kept: Option<Known> = tx.first(sql, values![login], read)?;
    kept.map(|kept| Ok((fitting(kept.account)?, kept.password_hash)))
        .transpose()
}

/// Accounts that somebody of that scope sees, in the order of their logins, after one; at most `limit`.
pub fn seen(
    tx: &Tx<'_>,
    scope: &Scope,
    state: Option<State>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Person>, Error> {
    let sql = select!(
        Person,
        "WHERE (CAST($1 AS TEXT) IS NULL OR account.merchant_id = $1) AND (CAST($2 AS TEXT) IS NULL OR account.shop_id = $2)
           AND (CAST($3 AS TEXT) IS NULL OR account.state = $3) AND (CAST($4 AS TEXT) IS NULL OR account.login > $4)
           ORDER BY account.login LIMIT $5"
    );
    let (merchant, shop) = crate::shop::scope_values(scope);
    let values = [
        merchant,
        shop,
        state.map(State::code).into(),
        after.into(),
        Value::Int(limit),
    ];
    tx.all(sql, &values, read)
}

/// Whether anybody else with that right over all, or over the whole of that merchant, may log in.
pub fn has_another(
    tx: &Tx<'_>,
    login: &str,
    right: Right,
    merchant_id: Option<MerchantId>,
) -> Result<bool, Error> {
    let sql = sql!(
        "SELECT 1 FROM account WHERE login <> $1 AND role = $2 AND coalesce(merchant_id, '') = $3 AND shop_id IS NULL
           AND (custom_rights IS NULL OR (custom_rights / $4) % 2 = 1) AND state = 'active' LIMIT 1"
    );
    let merchant = merchant_id.as_ref().map_or("", MerchantId::as_str);
    for role in with(right) {
        let values = [login.into(), role.code().into(), merchant.into(), bit(right)];
        if tx.first(sql, &values, |_| Ok(()))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The roles that have a right.
fn with(right: Right) -> impl Iterator<Item = Role> {
    Role::ALL
        .into_iter()
        .filter(move |role| Rights::of(*role).has(right))
}

/// Whether there is any account: whether the house has been set up.
pub fn exists(tx: &Tx<'_>) -> Result<bool, Error> {
    let found = tx.first(sql!("SELECT 1 FROM account LIMIT 1"), &[], |_| Ok(()))?;
    Ok(found.is_some())
}

/// Accounts in the order of their logins, after one; at most `limit`.
pub fn list(tx: &Tx<'_>, after: &str, limit: i64) -> Result<Vec<Account>, Error> {
    let sql = select!(Known, "WHERE account.login > $1 ORDER BY account.login LIMIT $2");
    let all: Vec<Known> = tx.all(sql, values![after, limit], read)?;
    all.into_iter().map(|kept| fitting(kept.account)).collect()
}

/// Writes another password's hash; false when there is no such account.
pub fn set_password(tx: &Tx<'_>, login: &str, password_hash: &str) -> Result<bool, Error> {
    let sql = sql!("UPDATE account SET password_hash = $2 WHERE login = $1");
    Ok(tx.execute(sql, values![login, password_hash])? > 0)
}

/// Writes where a person can be reached by mail.
pub fn set_email(tx: &Tx<'_>, login: &str, email: Option<&str>) -> Result<(), Error> {
    let person: Option<Person> = row::by_id(tx, login)?;
    let Some(person) = person else { return Ok(()) };
    let email = email.map(str::to_owned);
    row::update(tx, &Person { email, ..person }).map(drop)
}

/// The log-ins of those with that right over the whole estate, in the order of roles and log-ins; at most `limit`.
pub fn of_house(tx: &Tx<'_>, right: Right, limit: usize) -> Result<Vec<String>, Error> {
    let sql = sql!(
        "SELECT login FROM account WHERE role = $1 AND merchant_id IS NULL AND state = 'active'
           AND (custom_rights IS NULL OR (custom_rights / $2) % 2 = 1) ORDER BY login LIMIT $3"
    );
    let mut logins = Vec::new();
    for role in with(right) {
        let left = Value::Int((limit - logins.len()) as i64);
        logins.extend(tx.all(sql, &[role.code().into(), bit(right), left], |row| row.string(0))?);
    }
    Ok(logins)
}

/// The log-ins of those with that right over one shop of a merchant, in the order of roles and log-ins; at most `limit`.
pub fn of_shop(
    tx: &Tx<'_>,
    right: Right,
    (merchant_id, shop_id): (MerchantId, &str),
    limit: usize,
) -> Result<Vec<String>, Error> {
    let sql = sql!(
        "SELECT login FROM account WHERE role = $1 AND merchant_id = $2 AND (shop_id IS NULL OR shop_id = $3) AND state = 'active'
           AND (custom_rights IS NULL OR (custom_rights / $4) % 2 = 1) ORDER BY login LIMIT $5"
    );
    let mut logins = Vec::new();
    for role in with(right) {
        let left = Value::Int((limit - logins.len()) as i64);
        let values = [
            role.code().into(),
            (&merchant_id).into(),
            shop_id.into(),
            bit(right),
            left,
        ];
        logins.extend(tx.all(sql, &values, |row| row.string(0))?);
    }
    Ok(logins)
}

/// The accounts of a mail address that may be used, in the order of their log-ins; at most `limit`.
pub fn of_email(tx: &Tx<'_>, email: &str, limit: i64) -> Result<Vec<Account>, Error> {
    let sql = select!(
        Kept,
        "WHERE lower(account.email) = lower($1) AND account.state = 'active' ORDER BY account.login LIMIT $2"
    );
    let all: Vec<Kept> = tx.all(sql, values![email, limit], read)?;
    all.into_iter().map(|kept| fitting(kept.person.account)).collect()
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
        Known,
        "JOIN session s ON s.login = account.login
         WHERE s.token_digest = $1 AND s.expires_at_ms > $2 AND account.state = 'active'"
    );
    let kept: Option<Known> = tx.first(sql, values![token_digest, tx.now()], read)?;
    kept.map(|kept| fitting(kept.account)).transpose()
}

/// A role and a scope that do not fit see nothing rather than too much.
fn fitting(account: Account) -> Result<Account, Error> {
    match fits(account.role, &account.scope) {
        true => Ok(account),
        false => Err(Error::Corrupt("account: role and scope do not fit")),
    }
}

//! Accounts of people.

use domain::account::{Account, Narrowed, Person, Proof, Role, Scope, State, fits};
use domain::right::{Right, Rights};
use domain::{MerchantId, Timestamp};

use crate::custom_role::bit;
use crate::row::{self, Columns, Reader, columns, read, select, table};
use crate::session::Standing;
use crate::sql::{Value, sql, values};
use crate::vault::{self, Vault};
use crate::{Error, Tx};

crate::row::words!(Role, State);
columns!(Account {
    login,
    name,
    role,
    scope: Scope,
    custom_role: Option<Narrowed>,
    proof: Proof
});
table!(Person: "account", 1 { account: Account, #[sealed] email, #[sealed] phone, state });

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

/// No column: it is of a session, not of the account.
impl Columns for Proof {
    const NAMES: &'static [&'static str] = &[];

    fn read(_: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(Self::default())
    }

    fn values<'a>(&'a self, _: &mut Vec<Value<'a>>) {}
}

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
        phone: None,
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

/// Forgets the password of somebody who is erased, and by what the person was found.
pub fn forget_secrets(tx: &Tx<'_>, login: &str) -> Result<(), Error> {
    let sql = sql!(
        "UPDATE account SET password_hash = '', email_index = NULL, phone_index = NULL WHERE login = $1"
    );
    tx.execute(sql, values![login]).map(drop)
}

/// The labels of what addresses and numbers are found by.
pub(crate) const EMAIL: &str = "tillguard/email/1";
pub(crate) const PHONE: &str = "tillguard/phone/1";

/// What an address or a number is found by under the newest key.
pub(crate) fn index(vault: &dyn Vault, label: &str, text: &str) -> Option<String> {
    vault::indices(vault, label, &as_found(text)).into_iter().next()
}

/// As addresses are compared: whoever writes one in capitals means the same.
fn as_found(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Writes the same password's hash with other parameters, unless the password is another one by now.
pub fn rehash(tx: &Tx<'_>, login: &str, old_hash: &str, password_hash: &str) -> Result<(), Error> {
    let sql = sql!("UPDATE account SET password_hash = $3 WHERE login = $1 AND password_hash = $2");
    tx.execute(sql, values![login, old_hash, password_hash]).map(drop)
}

/// Writes where a person can be reached by mail.
pub fn set_email(tx: &Tx<'_>, login: &str, email: Option<&str>) -> Result<(), Error> {
    reach(tx, login, |person| person.email = email.map(str::to_owned))
}

/// Writes a person's telephone, in the form of E.164.
pub fn set_phone(tx: &Tx<'_>, login: &str, phone: Option<&str>) -> Result<(), Error> {
    reach(tx, login, |person| person.phone = phone.map(str::to_owned))
}

/// Changes where a person can be reached, and by what the person is found.
fn reach(tx: &Tx<'_>, login: &str, change: impl FnOnce(&mut Person)) -> Result<(), Error> {
    let person: Option<Person> = row::by_id(tx, login)?;
    let Some(mut person) = person else { return Ok(()) };
    change(&mut person);
    row::update(tx, &person)?;
    let indexed = |label, text: &Option<String>| match (tx.vault, text) {
        (Some(vault), Some(text)) => index(vault, label, text),
        _ => None,
    };
    let (email, phone) = (indexed(EMAIL, &person.email), indexed(PHONE, &person.phone));
    let sql = sql!("UPDATE account SET email_index = $2, phone_index = $3 WHERE login = $1");
    tx.execute(sql, values![login, email.as_deref(), phone.as_deref()])
        .map(drop)
}

/// People found by one address or number at most: a family's telephone, a shop's mailbox.
const FOUND_MAX: i64 = 20;

/// The people in use who can be reached at an address, or at a number in the form of E.164; in the order of their log-ins, at most
/// 20.
pub fn by_contact(tx: &Tx<'_>, contact: &str) -> Result<Vec<Person>, Error> {
    let by_email = select!(
        Person,
        "WHERE (account.email_index = $1 OR lower(account.email) = $2) AND account.state = 'active' ORDER BY account.login LIMIT $3"
    );
    let by_phone = select!(
        Person,
        "WHERE (account.phone_index = $1 OR account.phone = $2) AND account.state = 'active' ORDER BY account.login LIMIT $3"
    );
    let (sql, label) = match contact.contains('@') {
        true => (by_email, EMAIL),
        false => (by_phone, PHONE),
    };
    let contact = as_found(contact);
    let mut found: Vec<Person> = Vec::new();
    // Under each key: what was sealed with an older one has that one's index until it is moved.
    for index in vault::indices(vault::given(tx.vault)?, label, &contact) {
        let of_key: Vec<Person> = tx.all(sql, values![&index, &contact, FOUND_MAX], read)?;
        let new = of_key.into_iter().filter(|person| {
            let is_new = !found
                .iter()
                .any(|known| known.account.login == person.account.login);
            is_new
                && [&person.email, &person.phone]
                    .into_iter()
                    .flatten()
                    .any(|text| as_found(text) == contact)
        });
        let new: Vec<Person> = new.collect();
        found.extend(new);
    }
    for person in &found {
        fitting(person.account.clone())?;
    }
    found.sort_by(|one, other| one.account.login.cmp(&other.account.login));
    found.truncate(FOUND_MAX as usize);
    Ok(found)
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

/// Whether several accounts have this name.
pub fn is_shared_name(tx: &Tx<'_>, name: &str) -> Result<bool, Error> {
    let sql = sql!("SELECT count(*) FROM (SELECT 1 FROM account WHERE name = $1 LIMIT 2) AS named");
    Ok(tx
        .first(sql, values![name], |row| row.int(0))?
        .unwrap_or_default()
        > 1)
}

/// Whose session has this digest, while it lasts, with what it proves.
pub fn of_session(tx: &Tx<'_>, token_digest: &[u8]) -> Result<Option<Account>, Error> {
    Ok(session(tx, token_digest)?.map(|(account, _)| account))
}

/// The same, and how the session stands.
pub fn session(tx: &Tx<'_>, token_digest: &[u8]) -> Result<Option<(Account, Standing)>, Error> {
    let sql = select!(
        Known,
        "JOIN session s ON s.login = account.login
         WHERE s.token_digest = $1 AND s.expires_at_ms > $2 AND s.used_at_ms + s.idle_max_ms > $2
           AND account.state = 'active'"
    );
    let kept: Option<Known> = tx.first(sql, values![token_digest, tx.now()], read)?;
    let Some((kept, standing)) = kept.zip(crate::session::standing(tx, token_digest)?) else {
        return Ok(None);
    };
    let mut account = fitting(kept.account)?;
    account.proof = proof(&account, &standing, tx.now());
    Ok(Some((account, standing)))
}

fn proof(account: &Account, standing: &Standing, now: Timestamp) -> Proof {
    let required = standing.required_from.is_some_and(|from| from <= now);
    let proved = (standing.proved_by, standing.proved_at);
    Proof::of(proved, standing.factors > 0, required && account.has_power(), now)
}

/// A role and a scope that do not fit see nothing rather than too much.
fn fitting(account: Account) -> Result<Account, Error> {
    match fits(account.role, &account.scope) {
        true => Ok(account),
        false => Err(Error::Corrupt("account: role and scope do not fit")),
    }
}

//! Accounts, as those who give rights look after them, and as a person at the machine itself does (R7.2).
//!
//! Invariant: with a password or an account everything goes that it opened: no session outlives it; and there is always
//! somebody who can administer the house.

use domain::account::{Account, Person, Role, Scope, Verb, fits, seen_by};
use domain::actor::{Actor, By};
use domain::event::Subject;
use domain::setting::Mode;
use store::event::{self, New};
use store::{Error as StoreError, Tx};

use crate::case::{Against, Error, Noun, Stateful, step};

impl Noun for Person {
    const SUBJECT: Subject = Subject::Account;
    const UNIQUE: Option<&'static str> = Some(store::account::UNIQUE);

    fn id(&self) -> &str {
        &self.account.login
    }

    fn seen_by(&self, _: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        Ok(seen_by(scope, &self.account.scope))
    }
}

impl Stateful for Person {
    fn stands_against(&self, tx: &Tx<'_>, verb: Verb) -> Result<(), Error> {
        match verb {
            Verb::Disable => leaves_an_administrator(tx, &self.account),
            Verb::Change | Verb::Link | Verb::Enable => Ok(()),
        }
    }

    /// Of two that disable each other the second waits here for the first.
    fn lock_around(&self, tx: &Tx<'_>, verb: Verb) -> Result<(), StoreError> {
        match verb {
            Verb::Disable => store::setting::lock(tx).map(drop),
            Verb::Change | Verb::Link | Verb::Enable => Ok(()),
        }
    }
}

/// Whether the house can be administered without this account. Whoever goes by the answer holds the settings.
fn leaves_an_administrator(tx: &Tx<'_>, account: &Account) -> Result<(), Error> {
    let Some(settings) = store::setting::get(tx)? else {
        return Ok(());
    };
    let (role, merchant_id) = match settings.mode {
        Mode::Acquirer => (Role::RiskOfficer, None),
        Mode::Shop => (Role::Owner, settings.merchant_id),
    };
    let administers = settings.administered_by(&Actor::Person(account.clone()));
    match !administers || store::account::has_another(tx, &account.login, role, merchant_id)? {
        true => Ok(()),
        false => Err(Error::Against(Against::LastAdministrator)),
    }
}

/// Calls the person otherwise, or lets the person see and do something else: at most what the actor may.
pub fn change(
    tx: &Tx<'_>,
    actor: &Actor,
    login: &str,
    name: String,
    (role, scope): (Role, Scope),
) -> Result<Person, Error> {
    let kept: Person = crate::case::locked(tx, actor, login)?;
    let is_same = (kept.account.role, &kept.account.scope) == (role, &scope);
    if !is_same {
        may_grant(tx, actor, role, &scope)?;
        store::setting::lock(tx)?;
        leaves_an_administrator(tx, &kept.account)?;
    }
    let ways = (!is_same).then(|| {
        let account = &kept.account;
        format!(
            "{} → {}",
            rights(account.role, &account.scope),
            rights(role, &scope)
        )
    });
    step(
        tx,
        actor,
        login,
        Verb::Change,
        ways.as_deref(),
        |person: &mut Person| {
            person.account.name = name;
            person.account.role = role;
            person.account.scope = scope;
        },
    )
}

/// A role and what it is over, as an event says it.
fn rights(role: Role, scope: &Scope) -> String {
    match scope {
        Scope::All => role.code().to_owned(),
        Scope::Merchant(merchant_id) => format!("{} {merchant_id}", role.code()),
        Scope::Shop(merchant_id, shop_id) => format!("{} {merchant_id} {shop_id}", role.code()),
    }
}

/// Whether the actor may give that role and scope, and the scope names what is there.
pub(crate) fn may_grant(tx: &Tx<'_>, actor: &Actor, role: Role, scope: &Scope) -> Result<(), Error> {
    if !fits(role, scope) {
        return Err(Error::Unknown("role"));
    }
    match scope {
        Scope::All => {}
        Scope::Merchant(merchant_id) => {
            if store::merchant::get(tx, *merchant_id)?.is_none() {
                return Err(Error::Unknown("merchant_id"));
            }
        }
        Scope::Shop(merchant_id, shop_id) => {
            let shop = store::shop::get(tx, shop_id)?;
            if shop.is_none_or(|shop| shop.merchant_id != *merchant_id) {
                return Err(Error::Unknown("shop_id"));
            }
        }
    }
    match actor {
        Actor::Person(by) if by.may_grant(role, scope) => Ok(()),
        _ => Err(Error::NotAllowed),
    }
}

/// Says where the person oneself can be reached by mail.
pub fn reach(tx: &Tx<'_>, actor: &Actor, email: Option<&str>) -> Result<(), StoreError> {
    store::account::set_email(tx, actor.name(), email)?;
    let new = New {
        subject: Subject::Account,
        subject_id: actor.name(),
        at: tx.now(),
        verb: "reach",
        by: actor.by(),
        text: None,
        ledger_sequence: None,
    };
    event::append(tx, new).map(drop)
}

/// Lets the person log in no more: sessions and open links end.
pub fn disable(tx: &Tx<'_>, actor: &Actor, login: &str) -> Result<Person, Error> {
    let person: Person = step(tx, actor, login, Verb::Disable, None, |_| ())?;
    store::session::delete_of(tx, login)?;
    store::invitation::withdraw_of(tx, login)?;
    Ok(person)
}

/// Gives an account another password and ends its sessions; false when there is no such account.
pub fn reset_password(tx: &Tx<'_>, by: By<'_>, login: &str, password_hash: &str) -> Result<bool, StoreError> {
    if !store::account::set_password(tx, login, password_hash)? {
        return Ok(false);
    }
    store::session::delete_of(tx, login)?;
    let new = New {
        subject: Subject::Account,
        subject_id: login,
        at: tx.now(),
        verb: "reset_password",
        by,
        text: None,
        ledger_sequence: None,
    };
    event::append(tx, new)?;
    Ok(true)
}

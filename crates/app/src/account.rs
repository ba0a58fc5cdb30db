//! Accounts, as those who give rights look after them, and as a person at the machine itself does (R7.2).
//!
//! Invariant: with a password or an account everything goes that it opened: no session outlives it; and there is always
//! somebody who can administer the house.

use domain::MerchantId;
use domain::account::{Account, Narrowed, Person, Role, Scope, Verb, fits, rights, seen_by};
use domain::actor::{Actor, By};
use domain::case::in_person;
use domain::custom_role::{CustomRole, State as RoleState};
use domain::event::Subject;
use domain::merchant::State as MerchantState;
use domain::right::{Right, Rights};
use domain::setting::{Mode, Settings};
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
            Verb::Erase => is_needed_by_nobody(tx, &self.account),
            // There is nothing to clear.
            Verb::ClearFactors if !store::factor::has(tx, &self.account.login)? => {
                Err(Error::WrongState(self.state.code()))
            }
            Verb::Change | Verb::Link | Verb::ClearFactors | Verb::Enable | Verb::Reveal | Verb::Export => {
                Ok(())
            }
        }
    }

    /// Of two that disable each other the second waits here for the first.
    fn lock_around(&self, tx: &Tx<'_>, verb: Verb) -> Result<(), StoreError> {
        match verb {
            Verb::Disable => store::setting::lock(tx).map(drop),
            Verb::Erase => {
                store::setting::lock(tx)?;
                match self.account.scope.merchant_id() {
                    Some(merchant_id) => store::merchant::locked(tx, merchant_id).map(drop),
                    None => Ok(()),
                }
            }
            Verb::Change | Verb::Link | Verb::ClearFactors | Verb::Enable | Verb::Reveal | Verb::Export => {
                Ok(())
            }
        }
    }
}

/// Whether nobody needs the person to be there: no incident of this person's is open, and the merchant has another owner, or is in
/// business no more.
fn is_needed_by_nobody(tx: &Tx<'_>, account: &Account) -> Result<(), Error> {
    if store::incident::is_open_of(tx, &account.login)? {
        return Err(Error::Against(Against::LossOpen));
    }
    let has_another = match (account.role, account.scope.merchant_id()) {
        (Role::Owner, Some(merchant_id)) => {
            is_retired(tx, merchant_id)?
                || store::account::has_another(tx, &account.login, Right::GiveRights, Some(merchant_id))?
        }
        _ => true,
    };
    match has_another {
        true => Ok(()),
        false => Err(Error::Against(Against::LastAdministrator)),
    }
}

/// Whether a merchant is in business no more.
fn is_retired(tx: &Tx<'_>, merchant_id: MerchantId) -> Result<bool, StoreError> {
    let merchant = store::merchant::get(tx, merchant_id)?;
    Ok(merchant.is_none_or(|merchant| merchant.state == MerchantState::Retired))
}

/// Whether the house can be administered without this account. Whoever goes by the answer holds the settings.
fn leaves_an_administrator(tx: &Tx<'_>, account: &Account) -> Result<(), Error> {
    let Some(settings) = store::setting::get(tx)? else {
        return Ok(());
    };
    let administers = settings.administered_by(&Actor::Person(account.clone()));
    match !administers || has_another(tx, &settings, &account.login)? {
        true => Ok(()),
        false => Err(Error::Against(Against::LastAdministrator)),
    }
}

/// Whether anybody administers the house.
pub(crate) fn is_administered(tx: &Tx<'_>, settings: &Settings) -> Result<bool, StoreError> {
    has_another(tx, settings, "")
}

/// The same of anybody else.
fn has_another(tx: &Tx<'_>, settings: &Settings, login: &str) -> Result<bool, StoreError> {
    let merchant_id = match settings.mode {
        Mode::Acquirer => None,
        Mode::Shop => settings.merchant_id,
    };
    store::account::has_another(tx, login, Right::Administer, merchant_id)
}

/// What an account is for, and what it sees and may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// What it is for.
    pub role: Role,
    /// What it sees.
    pub scope: Scope,
    /// The custom role that leaves it some of the role's rights only.
    pub custom_role: Option<Narrowed>,
}

impl Given {
    /// All the rights of a role.
    pub const fn whole(role: Role, scope: Scope) -> Self {
        Self {
            role,
            scope,
            custom_role: None,
        }
    }

    /// What an account has.
    pub fn of(account: &Account) -> Self {
        Self {
            role: account.role,
            scope: account.scope.clone(),
            custom_role: account.custom_role.clone(),
        }
    }

    /// What it may do.
    pub fn rights(&self) -> Rights {
        rights(self.role, self.custom_role.as_ref())
    }
}

/// As an event says it.
impl std::fmt::Display for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.role.code())?;
        if let Some(custom_role) = &self.custom_role {
            write!(f, "/{}", custom_role.custom_role_id)?;
        }
        match &self.scope {
            Scope::All => Ok(()),
            Scope::Merchant(merchant_id) => write!(f, " {merchant_id}"),
            Scope::Shop(merchant_id, shop_id) => write!(f, " {merchant_id} {shop_id}"),
        }
    }
}

/// Calls the person otherwise, or lets the person see and do something else: at most what the actor may give, and nobody gives
/// oneself more.
pub fn change(tx: &Tx<'_>, actor: &Actor, login: &str, name: String, given: Given) -> Result<Person, Error> {
    let kept: Person = crate::case::locked(tx, actor, login)?;
    let had = Given::of(&kept.account);
    if had != given {
        may_grant(tx, actor, &given)?;
        if actor.name() == login && !had.rights().has_all(given.rights()) {
            return Err(Error::NotAllowed);
        }
        store::setting::lock(tx)?;
        leaves_an_administrator(tx, &kept.account)?;
    }
    let ways = (had != given).then(|| format!("{had} → {given}"));
    step(
        tx,
        actor,
        login,
        Verb::Change,
        ways.as_deref(),
        |person: &mut Person| {
            person.account.name = name;
            person.account.role = given.role;
            person.account.scope = given.scope;
            person.account.custom_role = given.custom_role;
        },
    )
}

/// Whether the actor may give that, and it names what is there. A custom role is held until the end of the transaction, so that
/// its rights are those that are given.
pub(crate) fn may_grant(tx: &Tx<'_>, actor: &Actor, given: &Given) -> Result<(), Error> {
    if !fits(given.role, &given.scope) {
        return Err(Error::Unknown("role"));
    }
    names_place(tx, &given.scope)?;
    if let Some(narrowed) = &given.custom_role {
        let custom_role = held_role(tx, &narrowed.custom_role_id)?;
        let is_it = custom_role.is_some_and(|it| {
            it.details.role == given.role
                && it.details.merchant_id == given.scope.merchant_id()
                && it.details.rights == narrowed.rights
        });
        if !is_it {
            return Err(Error::Unknown("custom_role_id"));
        }
    }
    in_person(actor)?;
    match actor {
        Actor::Person(by) if by.may_grant(given.rights(), &given.scope) => Ok(()),
        _ => Err(Error::NotAllowed),
    }
}

/// Whether a scope is of a merchant and a shop that there are.
pub(crate) fn names_place(tx: &Tx<'_>, scope: &Scope) -> Result<(), Error> {
    match scope {
        Scope::All => Ok(()),
        Scope::Merchant(merchant_id) => match store::merchant::get(tx, *merchant_id)? {
            Some(_) => Ok(()),
            None => Err(Error::Unknown("merchant_id")),
        },
        Scope::Shop(merchant_id, shop_id) => match store::shop::get(tx, shop_id)? {
            Some(shop) if shop.merchant_id == *merchant_id => Ok(()),
            _ => Err(Error::Unknown("shop_id")),
        },
    }
}

/// A custom role that is in use.
pub(crate) fn usable_role(tx: &Tx<'_>, custom_role_id: &str) -> Result<Option<CustomRole>, StoreError> {
    let custom_role = store::row::by_id::<CustomRole>(tx, custom_role_id)?;
    Ok(custom_role.filter(|it| it.state == RoleState::Active))
}

/// The same, as it is once nobody else changes it any more.
pub(crate) fn held_role(tx: &Tx<'_>, custom_role_id: &str) -> Result<Option<CustomRole>, StoreError> {
    if let Some(custom_role) = usable_role(tx, custom_role_id)? {
        store::row::lock(tx, &custom_role)?;
    }
    usable_role(tx, custom_role_id)
}

/// Says where the person oneself can be reached by mail.
pub fn reach(tx: &Tx<'_>, actor: &Actor, email: Option<&str>) -> Result<(), StoreError> {
    store::account::set_email(tx, actor.name(), email)?;
    tell(tx, actor.name(), "reach", actor.by(), None)
}

/// Lets the person log in no more: sessions and open links end.
pub fn disable(tx: &Tx<'_>, actor: &Actor, login: &str) -> Result<Person, Error> {
    let person: Person = step(tx, actor, login, Verb::Disable, None, |_| ())?;
    end_all(tx, login)?;
    store::invitation::withdraw_of(tx, login)?;
    Ok(person)
}

/// Forgets the second factors of a person who has lost them, and ends what they opened. The password stays.
pub fn clear_factors(tx: &Tx<'_>, actor: &Actor, login: &str, text: Option<&str>) -> Result<Person, Error> {
    let person: Person = step(tx, actor, login, Verb::ClearFactors, text, |_| ())?;
    store::factor::delete_of(tx, login)?;
    end_all(tx, login)?;
    Ok(person)
}

/// The same from a shell; false when there is no such account.
pub fn forget_factors(tx: &Tx<'_>, by: By<'_>, login: &str) -> Result<bool, StoreError> {
    if store::account::get(tx, login)?.is_none() {
        return Ok(false);
    }
    store::factor::delete_of(tx, login)?;
    end_all(tx, login)?;
    tell(tx, login, Verb::ClearFactors.code(), by, None)?;
    Ok(true)
}

/// Ends what is open in a person's name: sessions, and log-ins that are half done.
pub(crate) fn end_all(tx: &Tx<'_>, login: &str) -> Result<(), StoreError> {
    store::session::delete_of(tx, login)?;
    store::factor::forget_awaited(tx, login)
}

/// Writes an event of a person's account.
pub(crate) fn tell(
    tx: &Tx<'_>,
    login: &str,
    verb: &'static str,
    by: By<'_>,
    text: Option<&str>,
) -> Result<(), StoreError> {
    let new = New {
        subject: Subject::Account,
        subject_id: login,
        at: tx.now(),
        verb,
        by,
        text,
        ledger_sequence: None,
    };
    event::append(tx, new).map(drop)
}

/// Writes the hash of the same password with the parameters of today.
pub fn rehash(tx: &Tx<'_>, login: &str, old_hash: &str, password_hash: &str) -> Result<(), StoreError> {
    store::account::rehash(tx, login, old_hash, password_hash)
}

/// Gives an account another password and ends its sessions; false when there is no such account.
pub fn reset_password(tx: &Tx<'_>, by: By<'_>, login: &str, password_hash: &str) -> Result<bool, StoreError> {
    if !store::account::set_password(tx, login, password_hash)? {
        return Ok(false);
    }
    end_all(tx, login)?;
    tell(tx, login, "reset_password", by, None)?;
    Ok(true)
}

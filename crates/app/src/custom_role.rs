//! Custom roles, as those who give rights keep them (R7.2).
//!
//! Invariant: whoever has a custom role has the rights it has now; it is not taken out of use while somebody has it.

use domain::account::Scope;
use domain::actor::Actor;
use domain::case::in_person;
use domain::custom_role::{CustomRole, Details, State, Verb, seen_by};
use domain::event::Subject;
use store::{Error as StoreError, Tx};

use crate::case::{self, Against, Error, Noun, Stateful, Written};

impl Noun for CustomRole {
    const SUBJECT: Subject = Subject::CustomRole;
    const UNIQUE: Option<&'static str> = Some(store::custom_role::UNIQUE);

    fn id(&self) -> &str {
        &self.custom_role_id
    }

    fn seen_by(&self, _: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        Ok(seen_by(scope, self.details.merchant_id))
    }
}

impl Stateful for CustomRole {
    fn names_what_is(&self, tx: &Tx<'_>) -> Result<(), Error> {
        if !self.details.fit() {
            return Err(Error::Unknown("rights"));
        }
        match self.details.merchant_id {
            Some(merchant_id) if store::merchant::get(tx, merchant_id)?.is_none() => {
                Err(Error::Unknown("merchant_id"))
            }
            _ => Ok(()),
        }
    }

    fn stands_against(&self, tx: &Tx<'_>, verb: Verb) -> Result<(), Error> {
        match verb {
            Verb::Retire if store::custom_role::is_given(tx, &self.custom_role_id)? => {
                Err(Error::Against(Against::Given))
            }
            Verb::Change | Verb::Retire | Verb::Restore => Ok(()),
        }
    }
}

impl Written for CustomRole {
    type Said = Details;
    const CHANGE: Verb = Verb::Change;

    fn new(custom_role_id: &str, details: Details) -> Self {
        Self {
            custom_role_id: custom_role_id.to_owned(),
            details,
            state: State::Active,
        }
    }

    fn said(&self) -> &Details {
        &self.details
    }

    /// Whose it is, and what it is made from, stay.
    fn rewrite(&mut self, said: Details) -> Result<(), Error> {
        if said.merchant_id != self.details.merchant_id {
            return Err(Error::Fixed("merchant_id"));
        }
        if said.role != self.details.role {
            return Err(Error::Fixed("role"));
        }
        if !said.fit() {
            return Err(Error::Unknown("rights"));
        }
        self.details = said;
        Ok(())
    }

    fn meant(_: &Tx<'_>, _: &Details) -> Result<Option<Self>, StoreError> {
        Ok(None)
    }
}

/// Calls it otherwise, or leaves whoever has it other rights: at once, and never more than the actor may give.
pub fn change(tx: &Tx<'_>, actor: &Actor, id: &str, said: Details) -> Result<CustomRole, Error> {
    let (before, rights) = (case::find::<CustomRole>(tx, actor, id)?, said.rights);
    let scope = before.details.merchant_id.map_or(Scope::All, Scope::Merchant);
    in_person(actor)?;
    let Actor::Person(by) = actor else {
        return Err(Error::NotAllowed);
    };
    let is_own = by
        .custom_role
        .as_ref()
        .is_some_and(|own| own.custom_role_id == id);
    if is_own || !by.may_grant(rights, &scope) {
        return Err(Error::NotAllowed);
    }
    let settings = store::setting::lock(tx)?;
    let changed = case::change(tx, actor, id, said)?;
    store::custom_role::spread(tx, id, rights)?;
    match settings {
        Some(settings) if !crate::account::is_administered(tx, &settings)? => {
            Err(Error::Against(Against::LastAdministrator))
        }
        _ => Ok(changed),
    }
}

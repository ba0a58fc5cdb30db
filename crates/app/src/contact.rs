//! Contacts: whom a shop calls outside the house.

use domain::account::Scope;
use domain::actor::Actor;
use domain::contact::{Contact, Details, State, Verb, seen_by};
use domain::event::Subject;
use store::{Error as StoreError, Tx};

use crate::case::{Error, Noun, Stateful, Written, step};

impl Noun for Contact {
    const SUBJECT: Subject = Subject::Contact;
    const UNIQUE: Option<&'static str> = Some(store::contact::UNIQUE);

    fn id(&self) -> &str {
        &self.contact_id
    }

    fn seen_by(&self, _: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        Ok(seen_by(scope, self.details.merchant_id))
    }
}

impl Stateful for Contact {
    fn names_what_is(&self, tx: &Tx<'_>) -> Result<(), Error> {
        match self.details.merchant_id {
            Some(merchant_id) if store::merchant::get(tx, merchant_id)?.is_none() => {
                Err(Error::Unknown("merchant_id"))
            }
            _ => Ok(()),
        }
    }
}

impl Written for Contact {
    type Said = Details;
    const CHANGE: Verb = Verb::Change;

    fn new(contact_id: &str, details: Details) -> Self {
        Self {
            contact_id: contact_id.to_owned(),
            details,
            state: State::Active,
        }
    }

    fn said(&self) -> &Details {
        &self.details
    }

    /// Whose it is stays, and need not be said again.
    fn rewrite(&mut self, said: Details) -> Result<(), Error> {
        let merchant_id = self.details.merchant_id;
        if said.merchant_id.is_some() && said.merchant_id != merchant_id {
            return Err(Error::Fixed("merchant_id"));
        }
        self.details = Details { merchant_id, ..said };
        Ok(())
    }

    fn meant(tx: &Tx<'_>, said: &Details) -> Result<Option<Self>, StoreError> {
        store::contact::named(tx, said.merchant_id, said.kind, &said.name)
    }
}

/// Erases who a retired contact was. Its identifier stays where events name it.
pub fn erase(tx: &Tx<'_>, actor: &Actor, contact_id: &str, reason: &str) -> Result<Contact, Error> {
    step(
        tx,
        actor,
        contact_id,
        Verb::Erase,
        Some(reason),
        |it: &mut Contact| {
            it.details = Details {
                name: contact_id.to_owned(),
                hotline: None,
                email: None,
                reference: None,
                ..it.details.clone()
            };
        },
    )
}

//! Contacts: whom a shop calls outside the house.

use domain::MerchantId;
use domain::account::Scope;
use domain::actor::Actor;
use domain::case::may_add;
use domain::contact::{Contact, Details, State, Verb, seen_by};
use domain::event::Subject;
use store::{Error as StoreError, Tx};

use crate::case::{self, Error, Imported, Noun, Stateful, find, step};

impl Noun for Contact {
    const SUBJECT: Subject = Subject::Contact;
    const UNIQUE: Option<&'static str> = Some(store::contact::UNIQUE);

    fn id(&self) -> &str {
        &self.contact_id
    }

    fn seen_by(&self, _: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        Ok(seen_by(scope, self.merchant_id))
    }
}

impl Stateful for Contact {
    fn names_what_is(&self, tx: &Tx<'_>) -> Result<(), Error> {
        match self.merchant_id {
            Some(merchant_id) if store::merchant::get(tx, merchant_id)?.is_none() => {
                Err(Error::Unknown("merchant_id"))
            }
            _ => Ok(()),
        }
    }
}

/// Adds a contact of a merchant, or of everybody.
pub fn create(
    tx: &Tx<'_>,
    actor: &Actor,
    contact_id: &str,
    merchant_id: Option<MerchantId>,
    details: Details,
) -> Result<Contact, Error> {
    let contact = Contact {
        contact_id: contact_id.to_owned(),
        merchant_id,
        details,
        state: State::Active,
    };
    case::create(tx, actor, contact)
}

/// Writes other details; whose it is stays, and may be left unsaid.
pub fn change(
    tx: &Tx<'_>,
    actor: &Actor,
    contact_id: &str,
    merchant_id: Option<MerchantId>,
    details: Details,
) -> Result<Contact, Error> {
    let kept: Contact = find(tx, actor, contact_id)?;
    if merchant_id.is_some() && merchant_id != kept.merchant_id {
        return Err(Error::Fixed("merchant_id"));
    }
    let change = |contact: &mut Contact| contact.details = details;
    step(tx, actor, contact_id, Verb::Change, None, change)
}

/// Adds or changes the contact of that merchant, kind and name, so that the same list twice changes nothing.
pub fn import(
    tx: &Tx<'_>,
    actor: &Actor,
    contact_id: &str,
    merchant_id: Option<MerchantId>,
    details: Details,
) -> Result<Imported, Error> {
    match store::contact::named(tx, merchant_id, details.kind, &details.name)? {
        None => create(tx, actor, contact_id, merchant_id, details).map(|_| Imported::Added),
        // Whether somebody else's is the same is not told either.
        Some(kept) if !may_add(&kept, actor) => Err(Error::NotAllowed),
        Some(kept) if kept.details == details => Ok(Imported::Unchanged),
        Some(kept) => change(tx, actor, &kept.contact_id, merchant_id, details).map(|_| Imported::Changed),
    }
}

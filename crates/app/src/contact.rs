//! Contacts: whom a shop calls outside the house.

use domain::MerchantId;
use domain::account::{Role, Scope};
use domain::actor::Actor;
use domain::contact::{Contact, Kind, State, Verb, kept_by, seen_by};
use domain::event::Subject;
use store::contact::UNIQUE;
use store::{Error as StoreError, Tx};

use crate::case::{self, Error, Noun, Stateful, step};

/// What is said of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// Who it is.
    pub kind: Kind,
    /// How it is called.
    pub name: String,
    /// The telephone number to call at any hour.
    pub hotline: Option<String>,
    /// Where a written request goes.
    pub email: Option<String>,
    /// What they know the merchant by.
    pub reference: Option<String>,
}

impl Details {
    fn of(contact: &Contact) -> Self {
        Self {
            kind: contact.kind,
            name: contact.name.clone(),
            hotline: contact.hotline.clone(),
            email: contact.email.clone(),
            reference: contact.reference.clone(),
        }
    }
}

impl Noun for Contact {
    const SUBJECT: Subject = Subject::Contact;

    fn id(&self) -> &str {
        &self.contact_id
    }

    fn seen_by(&self, _: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        Ok(seen_by(scope, self.merchant_id))
    }
}

impl Stateful for Contact {}

/// Adds a contact of a merchant, or of everybody.
pub fn create(
    tx: &Tx<'_>,
    actor: &Actor,
    contact_id: &str,
    merchant_id: Option<MerchantId>,
    details: Details,
) -> Result<Contact, Error> {
    let may = matches!(actor.role(), Some(Role::Owner | Role::RiskOfficer));
    if !may || !actor.scope().is_some_and(|scope| kept_by(scope, merchant_id)) {
        return Err(Error::NotAllowed);
    }
    if let Some(merchant_id) = merchant_id
        && store::merchant::get(tx, merchant_id)?.is_none()
    {
        return Err(Error::Unknown("merchant_id"));
    }
    let contact = Contact {
        contact_id: contact_id.to_owned(),
        merchant_id,
        kind: details.kind,
        name: details.name,
        hotline: details.hotline,
        email: details.email,
        reference: details.reference,
        state: State::Active,
    };
    case::create(tx, actor, contact, UNIQUE)
}

/// Writes other details.
pub fn change(tx: &Tx<'_>, actor: &Actor, contact_id: &str, details: Details) -> Result<Contact, Error> {
    step(
        tx,
        actor,
        contact_id,
        Verb::Change,
        None,
        |contact: &mut Contact| {
            contact.kind = details.kind;
            contact.name = details.name;
            contact.hotline = details.hotline;
            contact.email = details.email;
            contact.reference = details.reference;
        },
    )
    .map_err(|error| match error {
        Error::Store(error) => Error::taken(Subject::Contact, UNIQUE)(error),
        error => error,
    })
}

/// What became of a line of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    /// It was not there.
    Added,
    /// It said something else.
    Changed,
    /// It was there as it is.
    Unchanged,
}

/// Adds or changes the contact of that merchant, kind and name, so that the same list twice changes nothing.
pub fn import(
    tx: &Tx<'_>,
    actor: &Actor,
    contact_id: &str,
    merchant_id: Option<MerchantId>,
    details: Details,
) -> Result<Imported, Error> {
    let Some(kept) = store::contact::named(tx, merchant_id, details.kind, &details.name)? else {
        create(tx, actor, contact_id, merchant_id, details)?;
        return Ok(Imported::Added);
    };
    if Details::of(&kept) == details {
        return Ok(Imported::Unchanged);
    }
    change(tx, actor, &kept.contact_id, details)?;
    Ok(Imported::Changed)
}

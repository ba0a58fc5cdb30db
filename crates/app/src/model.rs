//! The house's models: what people's marks of payments taught, in versions, each signed off by a second person before it is used (R3.3).
//!
//! A model is a second opinion beside the signals, and changes no score.
//!
//! Invariant: what is kept is what training gave, or an earlier version of it; nobody writes one by hand.

use domain::actor::Actor;
use domain::money::Currency;
use domain::revision::{Kind, Revision};
use screening::model::{Model, feature};
use store::{Error as StoreError, Tx};

use crate::case::Error;
use crate::revision::{self, New};

/// What models are among the house's texts.
pub const KIND: Kind = Kind::Model;
/// The name of the one that a house has.
pub const NAME: &str = "screening";

/// A model, and of which payments it learnt.
#[derive(Clone, Debug, PartialEq)]
pub struct Learnt {
    /// Payments of other currencies it does not know.
    pub currency: Currency,
    /// What it learnt.
    pub model: Model,
}

impl Learnt {
    /// As it is kept: the currency's number on the first line, then the model's file.
    pub fn write(&self) -> String {
        let file = String::from_utf8(self.model.write()).unwrap_or_default();
        format!("{:03}\n{file}", self.currency.0)
    }

    /// Reads it, where this version of the software can.
    pub fn read(text: &str) -> Option<Self> {
        let (currency, file) = text.split_once('\n')?;
        Some(Self {
            currency: Currency(currency.parse().ok()?),
            model: Model::read(file.as_bytes(), &feature::names()).ok()?,
        })
    }
}

/// What a version is, where this version of the software reads it.
pub fn read(it: &Revision) -> Option<Learnt> {
    Learnt::read(&it.text)
}

/// The model that this house uses; `None` also where this version of the software cannot read it.
///
/// # Errors
/// The store failed.
pub fn used(tx: &Tx<'_>) -> Result<Option<Learnt>, StoreError> {
    Ok(revision::in_use(tx, KIND, NAME)?.as_ref().and_then(read))
}

/// Begins a draft of what training gave.
pub fn create(tx: &Tx<'_>, actor: &Actor, revision_id: &str, learnt: &Learnt) -> Result<Revision, Error> {
    draft(tx, actor, revision_id, learnt.write())
}

/// Begins a draft that is an earlier version again: the way back.
///
/// # Errors
/// [`Error::Unknown`] of `from` when there is no such version, or it cannot be read.
pub fn copy(tx: &Tx<'_>, actor: &Actor, revision_id: &str, from: &str) -> Result<Revision, Error> {
    let from = revision::find(tx, actor, KIND, from).ok();
    let from = from.filter(|from| read(from).is_some());
    draft(tx, actor, revision_id, from.ok_or(Error::Unknown("from"))?.text)
}

fn draft(tx: &Tx<'_>, actor: &Actor, revision_id: &str, text: String) -> Result<Revision, Error> {
    let new = New {
        revision_id: revision_id.to_owned(),
        kind: KIND,
        name: NAME,
        built_in: 0,
    };
    revision::create(tx, actor, new, |_| text)
}

/// Whether this version of the software reads it.
pub fn is_read(it: &Revision) -> bool {
    read(it).is_some()
}

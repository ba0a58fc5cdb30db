//! The house's own rules for payments: a set in versions, written by one person and signed off by another (R3.3).
//!
//! Invariant: what is kept was checked when it was written, and is read again, checked, when it is used.

use domain::actor::Actor;
use domain::revision::{Kind, Revision, TEXT_BYTES_MAX};
use screening::rule::{Rule, Rules};
use store::{Error as StoreError, Tx};

use crate::case::Error;
use crate::revision::{self, New};

/// What sets of rules are among the house's texts.
pub const KIND: Kind = Kind::RuleSet;
/// The name of the one that a house has.
pub const NAME: &str = "screening";

/// What a house uses.
#[derive(Debug)]
pub enum Used {
    /// These.
    Rules(Rules),
    /// Some that this version of the software cannot read.
    Unreadable,
    /// None of its own.
    None,
}

/// The rules that this house uses.
///
/// # Errors
/// The store failed.
pub fn used(tx: &Tx<'_>) -> Result<Used, StoreError> {
    let used = revision::in_use(tx, KIND, NAME)?;
    Ok(used.map_or(Used::None, |used| {
        read(&used).map_or(Used::Unreadable, Used::Rules)
    }))
}

/// What a version says, where this version of the software reads it.
pub fn read(it: &Revision) -> Option<Rules> {
    Rules::read(it.text.as_bytes()).ok()
}

/// Begins a draft: of the version of that identifier, else of what is used, else without a rule.
///
/// # Errors
/// [`Error::Unknown`] of `from` when there is no such version, or it cannot be read.
pub fn create(tx: &Tx<'_>, actor: &Actor, revision_id: &str, from: Option<&str>) -> Result<Revision, Error> {
    let from = match from {
        Some(id) => Some(revision::find(tx, actor, KIND, id).map_err(|_| Error::Unknown("from"))?),
        None => revision::in_use(tx, KIND, NAME)?,
    };
    let rules = match &from {
        Some(from) => read(from).ok_or(Error::Unknown("from"))?.rules().to_vec(),
        None => Vec::new(),
    };
    let new = New {
        revision_id: revision_id.to_owned(),
        kind: KIND,
        name: NAME,
        built_in: 0,
    };
    revision::create(tx, actor, new, |version| {
        // What was read is a set under any number.
        Rules::new(version, rules).map_or_else(|_| String::new(), |rules| rules.write())
    })
}

/// Writes other rules over the ones that the actor saw.
///
/// # Errors
/// [`Error::Unknown`] of `rules` when they are no set, or longer than a revision may be.
pub fn change(
    tx: &Tx<'_>,
    actor: &Actor,
    id: &str,
    sha256: &str,
    rules: Vec<Rule>,
) -> Result<Revision, Error> {
    let version = revision::find(tx, actor, KIND, id)?.version;
    let rules = Rules::new(version, rules).map_err(|_| Error::Unknown("rules"))?;
    let text = rules.write();
    match text.len() > TEXT_BYTES_MAX {
        true => Err(Error::Unknown("rules")),
        false => revision::change(tx, actor, (KIND, id), sha256, text),
    }
}

/// Whether this version of the software reads it.
pub fn is_read(it: &Revision) -> bool {
    read(it).is_some()
}

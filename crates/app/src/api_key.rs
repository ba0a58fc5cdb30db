//! API keys: made, used and revoked (R7.2).
//!
//! Invariant: what is kept of a key opens nothing.

use domain::account::{Scope, seen_by};
use domain::actor::Actor;
use domain::api_key::{ApiKey, LASTS_MS_MAX, Machine, Shut, State, Verb, WORKING_MAX};
use domain::case::{Case, proved};
use domain::event::Subject;
use domain::right::Rights;
use domain::time::Timestamp;
use store::{Error as StoreError, Tx};
use subtle::ConstantTimeEq;

use crate::account::names_place;
use crate::case::{self, Error, Noun, Stateful};

impl Noun for ApiKey {
    const SUBJECT: Subject = Subject::ApiKey;

    fn id(&self) -> &str {
        &self.api_key_id
    }

    fn seen_by(&self, _: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        Ok(seen_by(scope, &self.scope))
    }
}

impl Stateful for ApiKey {
    fn names_what_is(&self, tx: &Tx<'_>) -> Result<(), Error> {
        names_place(tx, &self.scope)
    }
}

/// What is said of a new key.
#[derive(Clone, Debug)]
pub struct New {
    /// Eight letters and digits.
    pub api_key_id: String,
    /// SHA-256 of its secret.
    pub secret_digest: [u8; 32],
    /// What will use it.
    pub name: String,
    /// Whose it will be.
    pub scope: Scope,
    /// What it may do.
    pub rights: Rights,
    /// Until when it works.
    pub ends_at: Timestamp,
}

/// Why a key is not made.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    /// It would end in the past, or after more than a year.
    #[error("a key ends within a year")]
    End,
    /// The place has as many that work as it may.
    #[error("the place has too many keys")]
    TooMany,
    /// As for every noun.
    #[error(transparent)]
    Case(#[from] Error),
}

impl From<StoreError> for NotMade {
    fn from(error: StoreError) -> Self {
        Self::Case(error.into())
    }
}

/// Makes a key, with at most what the actor has.
pub fn create(tx: &Tx<'_>, actor: &Actor, new: New) -> Result<ApiKey, NotMade> {
    let now = tx.now();
    let key = ApiKey {
        api_key_id: new.api_key_id,
        secret_digest: new.secret_digest.to_vec(),
        name: new.name,
        scope: new.scope,
        rights: new.rights,
        state: State::Active,
        made_by: actor.name().to_owned(),
        made_at: now,
        ends_at: new.ends_at,
        used_at: None,
        used_from: None,
    };
    if !domain::case::may_add(&key, actor) {
        return Err(Error::from(ApiKey::ADDING.who.refusal(actor)).into());
    }
    proved(actor).map_err(Error::from)?;
    if !(1..=LASTS_MS_MAX).contains(&key.ends_at.0.saturating_sub(now.0)) {
        return Err(NotMade::End);
    }
    // Of two made at once the second waits here for the first, and counts it.
    store::setting::lock(tx)?;
    if store::api_key::working(tx, &key.scope)? >= WORKING_MAX {
        return Err(NotMade::TooMany);
    }
    Ok(case::add(tx, actor, key)?)
}

/// Lets a key be used no more.
pub fn revoke(tx: &Tx<'_>, actor: &Actor, api_key_id: &str, text: Option<&str>) -> Result<ApiKey, Error> {
    case::step(tx, actor, api_key_id, Verb::Revoke, text, |_| ())
}

/// The program that has the key of that identifier and the secret of that SHA-256, and the key, as they stand now.
pub fn opened(
    tx: &Tx<'_>,
    api_key_id: &str,
    secret_digest: &[u8; 32],
) -> Result<Result<(Machine, ApiKey), Shut>, StoreError> {
    let Some((key, is_in_business)) = store::api_key::get(tx, api_key_id)? else {
        return Ok(Err(Shut::Unknown));
    };
    let is_it: bool = key.secret_digest.ct_eq(secret_digest).into();
    if !is_it {
        return Ok(Err(Shut::AnotherSecret));
    }
    let machine = key.opened(is_in_business, tx.now());
    Ok(machine.map(|machine| (machine, key)))
}

/// Notes that a key was used, and from which address.
pub fn note(tx: &Tx<'_>, api_key_id: &str, from: Option<&str>) -> Result<(), StoreError> {
    store::api_key::note(tx, api_key_id, from)
}

/// How a program is named among people that events name so; `None`: that is no key's name.
pub fn called(tx: &Tx<'_>, by: &str) -> Result<Option<String>, StoreError> {
    let Some(api_key_id) = domain::api_key::of_name(by) else {
        return Ok(None);
    };
    let kept = store::api_key::get(tx, api_key_id)?;
    Ok(kept.map(|(key, _)| key.called()))
}

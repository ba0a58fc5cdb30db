//! Merchants' accounts with providers whose own interface can stop a terminal.
//!
//! Invariant: an event says whose account with whom was kept or forgotten, never what its key is.

use domain::MerchantId;
use domain::actor::Actor;
use domain::case::{in_person, proved};
use domain::contact::seen_by;
use domain::event::Subject;
use domain::provider_account::{ProviderAccount, may_keep};
use domain::terminal::Provider;
use domain::work::Id;
use store::event::{self, New};
use store::{Error as StoreError, Tx};

use crate::case::Error;

/// Most stops asked for again with a new key, the newest first.
const ASKED_AGAIN_MAX: i64 = 100;

/// The account that an incident's terminal is stopped with.
pub fn of_incident(
    tx: &Tx<'_>,
    incident_id: &str,
    provider: Provider,
) -> Result<Option<ProviderAccount>, StoreError> {
    let Some(incident) = store::incident::get(tx, incident_id)? else {
        return Ok(None);
    };
    match store::terminal::get(tx, incident.terminal_id)? {
        Some(terminal) => store::provider_account::get(tx, terminal.bound.merchant_code, provider),
        None => Ok(None),
    }
}

/// Keeps an account, in the place of an earlier one. What was refused with that is asked for again.
pub fn put(tx: &Tx<'_>, actor: &Actor, account: ProviderAccount) -> Result<ProviderAccount, Error> {
    allowed(tx, actor, account.merchant_id)?;
    proved(actor)?;
    store::provider_account::put(tx, &account)?;
    tell(tx, actor, &account.sealed_as(), "keep")?;
    for incident_id in
        store::stop_request::refused(tx, account.merchant_id, account.provider, ASKED_AGAIN_MAX)?
    {
        crate::work::enqueue(tx, Id::provider_stop(&incident_id), tx.now())?;
    }
    Ok(account)
}

/// Forgets an account; one that is not there is forgotten already.
pub fn remove(tx: &Tx<'_>, actor: &Actor, merchant_id: MerchantId, provider: Provider) -> Result<(), Error> {
    allowed(tx, actor, merchant_id)?;
    proved(actor)?;
    let Some(account) = store::provider_account::get(tx, merchant_id, provider)? else {
        return Ok(());
    };
    store::provider_account::delete(tx, merchant_id, provider)?;
    Ok(tell(tx, actor, &account.sealed_as(), "forget")?)
}

/// Whether somebody may keep the accounts of a merchant; a merchant of others does not exist for them.
pub fn allowed(tx: &Tx<'_>, actor: &Actor, merchant_id: MerchantId) -> Result<(), Error> {
    let is_seen = actor
        .scope()
        .is_some_and(|scope| seen_by(scope, Some(merchant_id)));
    if !is_seen || store::merchant::get(tx, merchant_id)?.is_none() {
        return Err(Error::NotFound(Subject::Setting));
    }
    in_person(actor)?;
    match may_keep(actor, merchant_id) {
        true => Ok(()),
        false => Err(Error::NotAllowed),
    }
}

fn tell(tx: &Tx<'_>, actor: &Actor, id: &str, verb: &'static str) -> Result<(), StoreError> {
    let new = New {
        subject: Subject::Setting,
        subject_id: id,
        at: tx.now(),
        verb,
        by: actor.by(),
        text: None,
        ledger_sequence: None,
    };
    event::append(tx, new).map(drop)
}

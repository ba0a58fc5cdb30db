//! The audit log: events and runs of the ledgers as leaves of a Merkle tree, in one order, under signed checkpoints.
//!
//! An event is written down as waiting in its own transaction, and becomes a leaf a few seconds later: so no change waits for
//! another to get its place in the order, and none is left out.
//!
//! Invariant: leaves, nodes, edge and checkpoint of one batch are written in one transaction, by whoever holds the log.

mod canonical;
mod check;
mod prove;
mod record;
mod seal;

use domain::Timestamp;
use domain::actor::Actor;
use domain::audit::{ANCHOR_EVERY_MS, Acknowledged, Anchor, Checkpoint, Place, Task, Wrong};
use domain::case::{in_person, proved};
use domain::event::{Subject, Verb};
use domain::work::{Id, Work};
use store::event::{self, New};
use store::{Error as StoreError, Tx};
use tlog::Signer;

use crate::case;

pub use check::{Walk, check};
pub use prove::{consistency, inclusion};
pub use record::{Run, commitment, event_leaf, leaf_of, ledger_line};
pub use seal::{Sealed, now as seal_now};

/// Why the log does not answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was asked for is not in the log, or the log is not what it must be.
    #[error(transparent)]
    Log(#[from] tlog::Error),
}

/// What a piece of the log's work came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Leaves that were added.
    pub leaves: usize,
    /// What was found not to be as it must.
    pub findings: Vec<domain::audit::Finding>,
}

/// Whether the actor may read the log.
pub fn may_read(tx: &Tx<'_>, actor: &Actor) -> Result<bool, StoreError> {
    let settings = store::setting::get(tx)?;
    Ok(domain::audit::may_read(actor, settings.as_ref()))
}

/// Which finding somebody has understood.
#[derive(Clone, Debug)]
pub struct Understood {
    /// What was found.
    pub what: Wrong,
    /// About what.
    pub subject: String,
    /// Which one.
    pub subject_id: String,
    /// Where in its order.
    pub sequence: i64,
    /// When it was found: what was found since is not what was understood.
    pub found_at: Timestamp,
    /// What came of looking into it.
    pub reason: String,
}

/// Notes that somebody has understood what was found, and why it was. It stays on the page; it is no alarm any more. Once
/// somebody has, another changes nothing.
pub fn acknowledge(tx: &Tx<'_>, actor: &Actor, said: &Understood) -> Result<(), case::Error> {
    in_person(actor)?;
    // Held, as whatever is told of the house is.
    let settings = store::setting::lock(tx)?;
    if !domain::audit::may_acknowledge(actor, settings.as_ref()) {
        return Err(case::Error::NotAllowed);
    }
    proved(actor)?;
    let found = store::audit::finding(tx, said.what, &said.subject, &said.subject_id, said.sequence)?;
    let found = found.filter(|found| found.found_at == said.found_at);
    let found = found.ok_or(case::Error::Unknown("found_at"))?;
    let acknowledged = Acknowledged {
        at: tx.now(),
        by: actor.name().to_owned(),
    };
    if !store::audit::acknowledge(tx, &found, &acknowledged)? {
        return Ok(());
    }
    let new = New {
        subject: Subject::Setting,
        subject_id: store::setting::HOUSE,
        at: tx.now(),
        verb: Verb::FindingAcknowledged.code(),
        by: actor.by(),
        text: Some(&format!("{found}: {}", said.reason)),
        ledger_sequence: None,
    };
    event::append(tx, new)?;
    Ok(())
}

/// Begins the log with a key, whose seed the edge has sealed; false when another has begun it.
pub fn begin(tx: &Tx<'_>, origin: &str, public_key: &[u8], seed_sealed: &[u8]) -> Result<bool, StoreError> {
    store::audit::begin(tx, origin, public_key, seed_sealed)
}

/// Does one piece of the log's work, and ends its claim; it is always due again. `random` is 32 random bytes for the salts.
/// Where the claim was taken over meanwhile, what was done is right all the same: whoever holds the log goes on from it.
pub fn run(tx: &Tx<'_>, claimed: &Work, signer: &Signer, random: &[u8; 32]) -> Result<Done, Error> {
    let (done, wait_ms) = match Task::parse(claimed.id.subject_id()) {
        Some(Task::Events) => seal::events(tx, signer, random)?,
        Some(Task::Ledger) => seal::ledgers(tx, signer, random)?,
        Some(Task::Check) => check::run(tx)?,
        // Of a later version; and who asks outside ends the claim itself, and does not come here.
        Some(Task::Anchor) | None => (Done::default(), domain::time::HOUR_MS),
    };
    crate::work::again(tx, claimed, tx.now().plus_ms(wait_ms))?;
    Ok(done)
}

/// The newest checkpoint, where it is not kept there yet and the last one that is was kept an hour ago.
pub fn to_anchor(tx: &Tx<'_>, place: Place) -> Result<Option<Checkpoint>, StoreError> {
    let Some(newest) = store::audit::checkpoint(tx, None)? else {
        return Ok(None);
    };
    let kept = store::audit::anchor(tx, place, newest.size)?;
    let is_due = kept.is_none_or(|kept| {
        let since_ms = tx.now().since_ms(kept.at);
        // A clock that was put back keeps nobody waiting.
        kept.size < newest.size && !(0..ANCHOR_EVERY_MS).contains(&since_ms)
    });
    Ok(Some(newest).filter(|_| is_due))
}

/// Notes that a checkpoint is kept elsewhere, with what was given for it.
pub fn anchored(tx: &Tx<'_>, size: i64, place: Place, token: Option<Vec<u8>>) -> Result<(), StoreError> {
    let is_new = store::audit::anchor(tx, place, size)?.is_none_or(|kept| kept.size < size);
    let at = tx.now();
    match is_new {
        true => store::audit::add_anchor(
            tx,
            &Anchor {
                size,
                place,
                at,
                token,
            },
        ),
        false => Ok(()),
    }
}

/// What names the pieces of the log's work.
pub fn tasks() -> impl Iterator<Item = Id> {
    Task::ALL.into_iter().map(Id::audit)
}

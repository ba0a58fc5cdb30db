//! Work to be done later, or by somebody outside: enqueued with what asks for it, claimed by one node at a time, tried again
//! after growing waits, and left to a person when it cannot be done.
//!
//! Invariant: work is added in the transaction of what asks for it, and taken out in the transaction of what it did.

use domain::Timestamp;
use domain::account::Scope;
use domain::actor::By;
use domain::event::Subject;
use domain::work::{Claim, CleanUp, Id, Kind, Lost, Policy, State, Work, seen_by};
use store::event::{self, New};
use store::node::Incarnation;
use store::{Error as StoreError, Tx};

use crate::case::{Noun, Stateful};

/// Claims that ran out taken out of the nodes' hands in one go.
const LOST_MAX: i64 = 100;

impl Noun for Work {
    const SUBJECT: Subject = Subject::Work;

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn get(tx: &Tx<'_>, id: &str) -> Result<Option<Self>, StoreError> {
        match Id::parse(id) {
            Some(id) => store::work::get(tx, &id),
            None => Ok(None),
        }
    }

    fn seen_by(&self, _: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        Ok(seen_by(scope))
    }
}

impl Stateful for Work {}

/// Adds work to be done at a time; the same one twice is one.
pub fn enqueue(tx: &Tx<'_>, id: Id, due: Timestamp) -> Result<bool, StoreError> {
    store::work::enqueue(tx, &Work::new(id, tx.now(), due))
}

/// Adds the work that is always due again.
pub fn enqueue_recurring(tx: &Tx<'_>) -> Result<(), StoreError> {
    for what in CleanUp::ALL {
        enqueue(tx, Id::clean_up(what), tx.now())?;
    }
    enqueue(tx, Id::duties(), tx.now())?;
    enqueue(tx, Id::common_points(), crate::common_point::next(tx)?)?;
    for id in crate::audit::tasks() {
        enqueue(tx, id, tx.now())?;
    }
    // A node that starts may have brought another key.
    crate::reseal::hasten(tx)
}

/// Takes work of a kind that is to be done now, at most `limit`, for as long as the policy says. What an earlier claim may
/// have done already is left to a person, where the policy says so.
pub fn claim(
    tx: &Tx<'_>,
    kind: Kind,
    policy: &Policy,
    who: &Incarnation,
    limit: i64,
) -> Result<Vec<Work>, StoreError> {
    if policy.lost == Lost::Ask {
        // A mail's terminal is locked with it, and terminals are locked one at a time.
        let lost_max = match kind {
            Kind::Mail | Kind::LetterMail => 1,
            _ => LOST_MAX,
        };
        for lost in store::work::lose(tx, kind, policy, lost_max)? {
            is_lost(tx, &lost, &who.node)?;
        }
    }
    let claim = Claim {
        node: who.node.clone(),
        incarnation: who.incarnation,
    };
    store::work::claim(tx, kind, policy, &claim, limit)
}

/// Gives back what this node claimed before it started anew, where doing it twice is the same as once; the rest may have been
/// done, and a person decides.
pub fn give_back(tx: &Tx<'_>, node: &str) -> Result<(), StoreError> {
    for kind in Kind::ALL {
        match kind.policy().lost {
            Lost::Again => drop(store::work::give_back(tx, kind, node)?),
            Lost::Ask => {
                for lost in store::work::lose_own(tx, kind, node)? {
                    is_lost(tx, &lost, node)?;
                }
            }
        }
    }
    Ok(())
}

/// Says of work whose claim was lost that nobody knows whether it was done.
fn is_lost(tx: &Tx<'_>, lost: &Work, node: &str) -> Result<(), StoreError> {
    tell(tx, lost, "lost", By::node(node))?;
    match lost.id.kind() {
        Kind::Mail => crate::stop_request::mail_lost(tx, lost, node),
        Kind::LetterMail => crate::letter::mail_lost(tx, lost, node),
        _ => Ok(()),
    }
}

/// Whether a claim still stands: whoever has lost it writes nothing.
pub fn is_held(tx: &Tx<'_>, claimed: &Work) -> Result<bool, StoreError> {
    let kept = store::work::get(tx, &claimed.id)?;
    Ok(kept.is_some_and(|kept| {
        (kept.tries, kept.due, &kept.claim) == (claimed.tries, claimed.due, &claimed.claim)
    }))
}

/// Ends a claim with the work done; false when it was taken over meanwhile.
pub fn done(tx: &Tx<'_>, claimed: &Work) -> Result<bool, StoreError> {
    store::work::delete_claimed(tx, claimed)
}

/// Ends a claim with the work done, to be done again at a time.
pub fn again(tx: &Tx<'_>, claimed: &Work, due: Timestamp) -> Result<bool, StoreError> {
    let now = Work {
        tries: 0,
        ..Work::new(claimed.id.clone(), claimed.since, due)
    };
    store::work::end_claim(tx, claimed, &now)
}

/// Ends a claim whose try failed: the next one follows after a longer wait, not shorter than `wait_min_ms`; or none, when there
/// were enough.
pub fn postpone(
    tx: &Tx<'_>,
    policy: &Policy,
    claimed: &Work,
    error: &str,
    wait_min_ms: i64,
) -> Result<(), StoreError> {
    let due = policy
        .wait_ms(claimed.tries)
        .map(|wait_ms| tx.now().plus_ms(wait_ms.max(wait_min_ms)));
    let now = Work {
        state: match due {
            Some(_) => State::Waiting,
            None => State::Dead,
        },
        due,
        last_error: Some(error.to_owned()),
        ..claimed.clone()
    };
    if store::work::end_claim(tx, claimed, &now)? && due.is_none() {
        let node = claimed.claim.as_ref().map_or("", |claim| &claim.node);
        tell(tx, &now, "dead", By::node(node))?;
    }
    Ok(())
}

/// Ends a claim without knowing whether the work was done: a person decides. False when it was taken over meanwhile.
pub fn unknown(tx: &Tx<'_>, claimed: &Work, why: &str) -> Result<bool, StoreError> {
    let now = Work {
        state: State::Unknown,
        due: None,
        last_error: Some(why.to_owned()),
        ..claimed.clone()
    };
    let is_ours = store::work::end_claim(tx, claimed, &now)?;
    if is_ours {
        let node = claimed.claim.as_ref().map_or("", |claim| &claim.node);
        tell(tx, &now, "lost", By::node(node))?;
    }
    Ok(is_ours)
}

/// Leaves work to a person, whoever has claimed it: somebody (`by`) said that it cannot be done. `payload` is what a retry
/// needs.
pub(crate) fn bury(
    tx: &Tx<'_>,
    id: &Id,
    by: By<'_>,
    error: String,
    payload: Option<Vec<u8>>,
) -> Result<(), StoreError> {
    let Some(work) = store::work::lock(tx, id)? else {
        return Ok(());
    };
    let dead = Work {
        state: State::Dead,
        due: None,
        claim: None,
        last_error: Some(error),
        payload,
        ..work
    };
    store::row::update(tx, &dead)?;
    tell(tx, &dead, "dead", by)
}

/// What happened to it by itself, why it did being its last error.
fn tell(tx: &Tx<'_>, work: &Work, verb: &'static str, by: By<'_>) -> Result<(), StoreError> {
    let new = New {
        subject: Subject::Work,
        subject_id: work.id.as_str(),
        at: tx.now(),
        verb,
        by,
        text: work.last_error.as_deref(),
        ledger_sequence: None,
    };
    event::append(tx, new).map(drop)
}

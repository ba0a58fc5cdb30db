//! Dead work that a person has done again: what each kind needs for it.
//!
//! Invariant: what was owed is owed again in the transaction that wakes the work.

use domain::actor::Actor;
use domain::work::{Kind, Verb, Work};
use store::Tx;

use crate::case::{Error, find, step};
use crate::reversal;

/// Has it done again, at once.
pub fn dead_work(tx: &Tx<'_>, actor: &Actor, id: &str, text: Option<&str>) -> Result<Work, Error> {
    let found = find::<Work>(tx, actor, id)?;
    if found.id.kind() == Kind::Reversal {
        // Before the work, as everywhere: what is owed decides what the terminal is answered.
        reversal::lock_terminal(tx, &found.id)?;
    }
    let mut payload = None;
    let work = step(tx, actor, id, Verb::Retry, text, |work: &mut Work| {
        payload = work.payload.take();
    })?;
    if work.id.kind() == Kind::Reversal {
        reversal::owe_again(tx, &work.id, payload)?;
    }
    Ok(work)
}

//! Moving what is sealed to the newest data key, and what was never sealed under it.
//!
//! Invariant: how far it is is written with each step, in its transaction; a claim that was taken over ends, and the steps of two
//! nodes at once come to the same as one's.

use domain::work::{CLEAN_UP_EVERY_MS, Id, Work};
use store::reseal::Step;
use store::{Error, Tx};

/// Before a node looks again whether it has become its turn: another key than its newest is the newest.
const NOT_OURS_MS: i64 = 10_000;
/// Before a pass that could not retire a key is made again.
const WAITS_MS: i64 = 10 * 60_000;

/// One bounded step; the claim ends with it unless it is [`Step::More`].
pub fn step(tx: &Tx<'_>, claimed: &Work) -> Result<Step, Error> {
    let step = store::reseal::step(tx)?;
    let wait_ms = match step {
        Step::More => return Ok(step),
        Step::NotOurs => NOT_OURS_MS,
        Step::Waits => WAITS_MS,
        Step::Done(_) => CLEAN_UP_EVERY_MS,
    };
    crate::work::again(tx, claimed, tx.now().plus_ms(wait_ms))?;
    Ok(step)
}

/// Has it begin at once.
pub fn hasten(tx: &Tx<'_>) -> Result<(), Error> {
    crate::work::enqueue(tx, Id::reseal(), tx.now())?;
    store::work::hasten(tx, &Id::reseal())
}

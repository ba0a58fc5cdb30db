//! Being one of several nodes on a store: joining, staying, leaving, and standing in for those that are gone.
//!
//! Invariant: nothing here decides about money; it says who is there, and who does what only one should do.

use domain::TerminalId;
use store::node::{Incarnation, Present};
use store::{Error, Tx};

/// The duty of deciding what nodes that are gone have left.
const RECOVERY: &str = "recovery";

/// Joins. `dead` are incarnations of this node that certainly run no more.
pub fn join(tx: &Tx<'_>, node: &str, dead: &[Incarnation]) -> Result<Incarnation, Error> {
    for who in dead {
        store::node::leave(tx, who)?;
    }
    store::node::join(tx, node)
}

/// What a renewal found.
#[derive(Clone, Debug)]
pub enum Renewed {
    /// The node is present; these are present with it.
    Present(Vec<Present>),
    /// It was taken for gone: whatever it still has on its way out must not go, and it must join anew.
    Expelled,
}

/// Says that this node lives.
pub fn renew(tx: &Tx<'_>, who: &Incarnation) -> Result<Renewed, Error> {
    match store::node::renew(tx, who)? {
        true => Ok(Renewed::Present(store::node::present(tx)?)),
        false => Ok(Renewed::Expelled),
    }
}

/// Says that this node goes.
pub fn leave(tx: &Tx<'_>, who: &Incarnation) -> Result<(), Error> {
    store::node::leave(tx, who)
}

/// Says that nothing of a terminal is on its way out of this node any more, and for how many approvals it waited.
pub fn drained(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    hold_id: i64,
    who: &Incarnation,
    waited: i64,
) -> Result<(), Error> {
    store::drain::answer(tx, terminal_id, hold_id, who, waited)
}

/// Expels a node that has fallen silent, unless it has renewed since.
pub fn expel(tx: &Tx<'_>, gone: &Present) -> Result<bool, Error> {
    store::node::expel(tx, gone)
}

/// Does what nodes that are gone have left to do, where that is this node's duty: requests at the host nobody waits for
/// any more, and reports whose acknowledgement nobody writes any more. Answers how much it did; again until it is zero.
pub fn stand_in(tx: &Tx<'_>, who: &Incarnation) -> Result<usize, Error> {
    if !store::node::take_duty(tx, RECOVERY, who)? {
        return Ok(0);
    }
    let mut done = 0;
    if let Some(node) = store::node::orphaned(tx)?.first() {
        done += crate::transaction::recover(tx, node, domain::Timestamp(i64::MAX))?;
    }
    Ok(done + crate::incident::acknowledge_left(tx, &who.node)?)
}

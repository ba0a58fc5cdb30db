//! What stays in the estate for good, as merchants, shops and contacts do: changed while it is in use, retired when it is
//! not, restored when it is again.
//!
//! Invariant: there is no step that deletes, because ledgers and cases name what was there.

use crate::case::{Step, Who};
use crate::right::Right;
use crate::words;

words! {
    /// Whether it is in use: a merchant or a shop, whether it is in business.
    pub enum State {
        /// It is.
        Active = "active",
        /// Not any more.
        Retired = "retired",
    }
}

words! {
    /// What can be done with it.
    pub enum Verb {
        /// Write something else of it.
        Change = "change",
        /// Use it no more.
        Retire = "retire",
        /// Use it again.
        Restore = "restore",
    }
}

/// Those who look after what is theirs: an owner the own, the acquirer's people all.
pub const KEEPERS: Who = Who::With(Right::KeepShop);

/// The table of one that all keepers change, and these retire and restore.
pub const fn steps(retirers: Who) -> [Step<State, Verb>; 3] {
    steps_of(KEEPERS, retirers)
}

/// The same of one that others change.
pub const fn steps_of(keepers: Who, retirers: Who) -> [Step<State, Verb>; 3] {
    [
        Step::new(Verb::Change, &[State::Active], None, keepers),
        Step::new(Verb::Retire, &[State::Active], Some(State::Retired), retirers),
        Step::new(Verb::Restore, &[State::Retired], Some(State::Active), retirers),
    ]
}

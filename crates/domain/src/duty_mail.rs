//! How often a person is mailed about duties that are due soon or late (R1.1): each time, all together once a day, or never.
//!
//! Invariant: what reminds people of a stop that nobody has confirmed is no part of it: that cannot wait for a morning.

use crate::{Timestamp, words};

words! {
    /// When a person wants mails about duties.
    pub enum Often {
        /// Each time something is due soon, or late.
        AtOnce = "at_once",
        /// Once a day, all that is due in one.
        Daily = "daily",
        /// Never: the pages say it.
        Never = "never",
    }
}

/// What a person has chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DutyMail {
    /// Who: a log-in.
    pub login: String,
    /// When.
    pub often: Often,
    /// When the next of once a day is due; `None` otherwise.
    pub next_at: Option<Timestamp>,
}

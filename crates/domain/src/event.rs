//! Events: one for each change of a noun. They are its time line, what live pages hear, and the record of who did what.
//!
//! Invariant: events are only appended; those of one subject are numbered from 1 without gaps.

use crate::actor;
use crate::time::Timestamp;
use crate::words;

words! {
    /// What kind of thing an event is about.
    pub enum Subject {
        /// A terminal, by its identifier.
        Terminal = "terminal",
        /// A loss incident.
        Incident = "incident",
        /// A contact.
        Contact = "contact",
        /// A piece of work, by what names it.
        Work = "work",
        /// An account, by its log-in.
        Account = "account",
        /// A custom role.
        CustomRole = "custom_role",
        /// The settings of the house.
        Setting = "setting",
        /// A merchant.
        Merchant = "merchant",
        /// A shop.
        Shop = "shop",
        /// An operator, by shop and number.
        Operator = "operator",
        /// An invitation.
        Invitation = "invitation",
        /// An import of a table.
        Import = "import",
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What it is about.
    pub subject: Subject,
    /// Which one.
    pub subject_id: String,
    /// Its place among the events of its subject, from 1.
    pub sequence: i64,
    /// When.
    pub at: Timestamp,
    /// What was done or happened; a word of the subject's own.
    pub verb: String,
    /// What did it.
    pub actor_kind: actor::Kind,
    /// Who did it: a log-in, a terminal, a node.
    pub actor: String,
    /// Words of that person, or the particulars; no personal data of others.
    pub text: Option<String>,
    /// The row of the terminal's ledger it is about.
    pub ledger_sequence: Option<i64>,
}

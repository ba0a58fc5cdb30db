//! The audit log: what happened, in one order that nobody can rewrite, and who may read it.
//!
//! Invariant: leaves are only appended; what may be personal is in none, only a salted digest of it.

use crate::actor::Actor;
use crate::event::{Event, Subject};
use crate::right::Right;
use crate::setting::Settings;
use crate::time::{HOUR_MS, Timestamp};
use crate::words;

/// What a leaf that holds a run of a terminal's ledger is said to be about, where others say their event's subject.
pub const LEDGER: &str = "ledger";
/// The key of the only log.
pub const HOUSE: &str = "house";
/// An event that is no leaf after so long is an alarm.
pub const PENDING_MS_MAX: i64 = 5 * 60_000;

words! {
    /// What the log's own work does; each is always due again.
    pub enum Task {
        /// Makes leaves of events.
        Events = "events",
        /// Makes leaves of runs of the terminals' ledgers.
        Ledger = "ledger",
        /// Compares leaves with what they are of, and looks for events that are none.
        Check = "check",
        /// Has the newest checkpoint kept elsewhere.
        Anchor = "anchor",
    }
}

words! {
    /// What is not as it must be.
    pub enum Wrong {
        /// The leaf says something else than what it is of.
        LeafDiffers = "leaf_differs",
        /// What the leaf is of is not there.
        RecordMissing = "record_missing",
        /// The tree has another hash for the leaf.
        NodeDiffers = "node_differs",
        /// The leaf itself is not there.
        LeafMissing = "leaf_missing",
        /// An event is no leaf, and nothing will make it one.
        Unsealed = "unsealed",
        /// The event before this one of its subject is not there.
        Gap = "gap",
    }
}

/// A leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Its place, from 0 without gaps.
    pub index: i64,
    /// The subject of the event it is of, or [`LEDGER`].
    pub subject: String,
    /// Which one; of a ledger, the terminal.
    pub subject_id: String,
    /// The event's place among those of its subject, or the last row of the run.
    pub sequence: i64,
    /// The first row of the run.
    pub from_sequence: Option<i64>,
    /// When the event happened, or the run was sealed.
    pub at: Timestamp,
    /// What hides the actor and, of an account, the log-in: 32 hexadecimal digits.
    pub salt: String,
    /// What hides the text; none when there is no text, or it was erased.
    pub text_salt: Option<String>,
    /// The bytes that were hashed.
    pub data: Vec<u8>,
}

/// A leaf with the event it is of; none of a run of a ledger, or where it is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The leaf.
    pub leaf: Leaf,
    /// What it is of.
    pub event: Option<Event>,
}

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub what: Wrong,
    /// About what: the leaf's, or the event's.
    pub subject: String,
    /// Which one.
    pub subject_id: String,
    /// Where in its order.
    pub sequence: i64,
    /// When it was found.
    pub found_at: Timestamp,
    /// SHA-256, in hexadecimal digits, of what stands there instead; empty where nothing does that can be read. Another one is another finding.
    pub stands_sha256: String,
    /// Who has understood why; until then it is an alarm.
    pub acknowledged: Option<Acknowledged>,
}

/// That somebody has understood what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// When.
    pub at: Timestamp,
    /// Who: a log-in.
    pub by: String,
}

/// What stands in place of a subject that only some are told of.
const WITHHELD: &str = "withheld";

impl Finding {
    /// The same for whoever is not told of what it is about: that something is wrong, and not with what.
    pub fn without_what_is_withheld(&self) -> Self {
        match Subject::parse(&self.subject).is_some_and(Subject::is_withheld) {
            true => Self {
                subject: WITHHELD.to_owned(),
                subject_id: String::new(),
                sequence: 0,
                ..self.clone()
            },
            false => self.clone(),
        }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (what, it) = (self.what.code(), self.without_what_is_withheld());
        write!(f, "{what}: {} {} {}", it.subject, it.subject_id, it.sequence)
    }
}

/// A checkpoint as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Over how many leaves.
    pub size: i64,
    /// When it was signed.
    pub at: Timestamp,
    /// The signed note.
    pub note: String,
}

words! {
    /// Where a checkpoint is kept besides.
    pub enum Place {
        /// A time-stamp authority signed when it was there (RFC 3161).
        Timestamp = "timestamp",
        /// A folder outside the node.
        Folder = "folder",
        /// A mailbox outside the house.
        Mail = "mail",
    }
}

/// That a checkpoint is kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Of the checkpoint.
    pub size: i64,
    /// Where.
    pub place: Place,
    /// Since when.
    pub at: Timestamp,
    /// The authority's answer, as it came.
    pub token: Option<Vec<u8>>,
}

/// How often the newest checkpoint is kept elsewhere.
pub const ANCHOR_EVERY_MS: i64 = HOUR_MS;

/// Whether somebody may say that what was found is understood: those who run the house and administer it.
pub fn may_acknowledge(actor: &Actor, settings: Option<&Settings>) -> bool {
    let settings = settings.cloned().unwrap_or_else(Settings::unasked);
    may_read(actor, Some(&settings)) && settings.may(actor, Right::Administer)
}

/// Whether somebody may read the log: those who run the house and may see the record.
pub fn may_read(actor: &Actor, settings: Option<&Settings>) -> bool {
    let settings = settings.cloned().unwrap_or_else(Settings::unasked);
    settings.may(actor, Right::SeeRecord)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MerchantId;
    use crate::account::{Role, Scope};
    use crate::fixture::person;
    use crate::setting::Mode;

    #[test]
    fn those_who_run_the_house_and_may_see_the_record_read_it() {
        let ours = MerchantId::parse(b"104520157120001").unwrap();
        let theirs = MerchantId::parse(b"104520157120002").unwrap();
        let acquirer = Settings::unasked();
        let shop = Settings {
            mode: Mode::Shop,
            merchant_id: Some(ours),
            ..acquirer.clone()
        };
        let owner = |of| person(Role::Owner, Scope::Merchant(of));
        let manager = person(Role::Manager, Scope::Shop(ours, "S".into()));
        let (auditor, risk) = (
            person(Role::Auditor, Scope::All),
            person(Role::RiskOfficer, Scope::All),
        );
        let read =
            |actor: &Actor| [None, Some(&acquirer), Some(&shop)].map(|settings| may_read(actor, settings));
        assert_eq!(read(&auditor), [true, true, false]);
        assert_eq!(read(&risk), [true, true, false]);
        assert_eq!(read(&owner(ours)), [false, false, true]);
        assert_eq!(read(&owner(theirs)), [false; 3]);
        assert_eq!(read(&manager), [false; 3]);
        assert_eq!(read(&Actor::Node("n".into())), [false; 3]);
    }
}

//! The inspection of a terminal that was found: a list, with a version, and what was seen of each item (R2.2, R2.3; PCI DSS 9.5.1.2).
//!
//! Invariant: one item that is not right fails it; an inspection is never changed, only followed by another.

use crate::checklist::{Answer, Item, Wrong, answered, item};
use crate::{Timestamp, words};

/// The version of [`ITEMS`].
pub const VERSION: u32 = 1;
/// Of one incident at most.
pub const OF_INCIDENT_MAX: i64 = 50;

/// What is looked at, in this order.
pub const ITEMS: [Item; 7] = [
    item(
        "identity",
        "机身上的序列号（TUSN）与记录一致",
        "The serial number (TUSN) on the device is the one on record",
    ),
    item(
        "seals",
        "封签完好，编号与记录一致",
        "The seals are whole, their numbers those on record",
    ),
    item(
        "housing",
        "外壳没有拆开、撬动或打孔的痕迹；有照片的，与照片对过",
        "The housing shows no mark of opening, prying or drilling; where there are photos, it was compared with them",
    ),
    item(
        "card_slot",
        "卡槽和键盘没有外加的东西：侧录器、覆膜、薄片、摄像头",
        "Card slot and keypad have no foreign part: skimmer, overlay, shim, camera",
    ),
    item(
        "surroundings",
        "线缆是原来的，旁边没有多出来的东西",
        "The cables are its own, and nothing new stands beside it",
    ),
    item(
        "firmware",
        "固件和应用的版本与记录一致",
        "The versions of firmware and application are those on record",
    ),
    item(
        "start",
        "开机进入自己的应用，没有防拆报警",
        "It starts into its own application, without a tamper message",
    ),
];

words! {
    /// What was seen of one item.
    pub enum Outcome {
        /// It is so.
        Ok = "ok",
        /// It is not.
        NotOk = "not_ok",
        /// It cannot be asked of this device.
        NotApplicable = "not_applicable",
    }
}

/// What was seen of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Of which.
    pub item: String,
    /// What.
    pub outcome: Outcome,
    /// What there is to say of it.
    pub note: Option<String>,
    /// The file of the incident that shows it.
    pub attachment_id: Option<String>,
}

impl Answer for Seen {
    fn item(&self) -> &str {
        &self.item
    }

    fn is_plain(&self) -> bool {
        self.outcome == Outcome::Ok
    }

    fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
}

/// An inspection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Of which incident.
    pub incident_id: String,
    /// Its place among the incident's, from 1.
    pub position: i64,
    /// The version of the list.
    pub version: u32,
    /// Who looked.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Whether nothing was wrong.
    pub is_passed: bool,
    /// The number that an acquirer outside gave for its new keys.
    pub new_keys_reference: Option<String>,
}

/// The items in their order, one to each, and those that are not right.
///
/// # Errors
/// The first thing that is wrong with them.
pub fn read(seen: &[Seen]) -> Result<(Vec<&Seen>, Vec<&'static str>), Wrong> {
    let answered = answered(&ITEMS, seen)?;
    let failed = answered.iter().filter(|(_, seen)| seen.outcome == Outcome::NotOk);
    let failed = failed.map(|(item, _)| item.item).collect();
    Ok((answered.into_iter().map(|(_, seen)| seen).collect(), failed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(outcome: Outcome, note: Option<&str>) -> Vec<Seen> {
        let seen = |item: Item| Seen {
            item: item.item.into(),
            outcome,
            note: note.map(str::to_owned),
            attachment_id: None,
        };
        ITEMS.map(seen).into()
    }

    #[test]
    fn one_item_that_is_not_right_fails_it_and_whatever_is_not_plainly_so_has_a_note() {
        assert_eq!(read(&all(Outcome::Ok, None)).unwrap().1, [] as [&str; 0]);
        let other = |outcome, note: Option<&str>| {
            let mut seen = all(Outcome::Ok, None);
            (seen[3].outcome, seen[3].note) = (outcome, note.map(str::to_owned));
            read(&seen).map(|(_, failed)| failed)
        };
        assert_eq!(other(Outcome::NotOk, Some("a thin film")), Ok(vec!["card_slot"]));
        assert_eq!(other(Outcome::NotApplicable, Some("it has none")), Ok(vec![]));
        for outcome in [Outcome::NotOk, Outcome::NotApplicable] {
            assert_eq!(other(outcome, None), Err(Wrong::NoteMissing("card_slot")));
        }
        assert_eq!(read(&[]), Err(Wrong::Unanswered("identity")));
    }
}

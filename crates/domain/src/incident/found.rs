//! That a terminal was found again: how, and what it owes before it is trusted (R1.2, R2.2).
//!
//! Invariant: what was away, or may have been altered, owes a passed inspection; what was away owes new keys as well.

use super::{Ended, Manner};
use crate::{Timestamp, words};

words! {
    /// How a terminal was found.
    pub enum Kind {
        /// It never left its place or the hands of who answers for it; or, of one that looked altered, nobody had altered it.
        FalseAlarm = "false_alarm",
        /// It was away, or was altered and put right.
        Recovered = "recovered",
        /// It is broken, or was destroyed.
        Destroyed = "destroyed",
    }
}

/// That a terminal was found again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Who says so.
    pub proposed_by: String,
    /// When.
    pub proposed_at: Timestamp,
    /// How; `None`: before that was asked.
    pub kind: Option<Kind>,
    /// In which words.
    pub statement: String,
    /// The check value that its master key had then: its new one has another.
    pub old_key_check: Option<String>,
    /// The newest inspection since.
    pub inspected: Option<Inspected>,
    /// The second person.
    pub confirmed_by: Option<String>,
    /// When.
    pub confirmed_at: Option<Timestamp>,
}

/// What came of an inspection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// Its place among the incident's.
    pub position: i64,
    /// Who looked.
    pub by: String,
    /// Whether nothing was wrong.
    pub is_passed: bool,
    /// Whether an acquirer outside says that its keys are new.
    pub has_new_keys: bool,
}

/// What a terminal that was found owes before it is trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owes {
    /// An inspection that it passes.
    pub inspection: bool,
    /// Keys that were loaded after it was found.
    pub new_keys: bool,
}

/// What is missing of an inspection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTrusted {
    /// Nobody has looked it over since it was found.
    NotInspected,
    /// Something was wrong when somebody did.
    Failed,
}

impl Found {
    /// What somebody says of a terminal: how it was found is said besides.
    pub fn said(by: &str, at: Timestamp, statement: &str) -> Self {
        Self {
            proposed_by: by.to_owned(),
            proposed_at: at,
            kind: None,
            statement: statement.to_owned(),
            old_key_check: None,
            inspected: None,
            confirmed_by: None,
            confirmed_at: None,
        }
    }

    /// Whether it is said to be broken.
    pub fn is_destroyed(&self) -> bool {
        self.kind == Some(Kind::Destroyed)
    }

    /// What the terminal owes that went in that manner. What was said before anybody was asked how is not trusted.
    pub fn owes(&self, manner: Manner) -> Owes {
        let was_away = matches!(self.kind, None | Some(Kind::Recovered));
        let may_be_altered = self.kind == Some(Kind::FalseAlarm) && manner == Manner::Tampered;
        Owes {
            inspection: was_away || may_be_altered,
            new_keys: was_away,
        }
    }

    /// Whether the newest inspection is one that it passed.
    ///
    /// # Errors
    /// What is missing.
    pub fn is_trusted(&self) -> Result<(), NotTrusted> {
        match &self.inspected {
            None => Err(NotTrusted::NotInspected),
            Some(inspected) if !inspected.is_passed => Err(NotTrusted::Failed),
            Some(_) => Ok(()),
        }
    }

    /// How its incident ends when a second person confirms it.
    pub fn ends_as(&self) -> Ended {
        match self.kind {
            Some(Kind::FalseAlarm) => Ended::FalseAlarm,
            Some(Kind::Destroyed) => Ended::Destroyed,
            None | Some(Kind::Recovered) => Ended::Recovered,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(kind: Option<Kind>) -> Found {
        Found {
            kind,
            ..Found::said("owner", Timestamp(0), "in the drawer")
        }
    }

    #[test]
    fn what_was_away_or_may_be_altered_is_looked_over_and_what_was_away_has_new_keys() {
        for (kind, manner, inspection, new_keys) in [
            (Some(Kind::FalseAlarm), Manner::Lost, false, false),
            (Some(Kind::FalseAlarm), Manner::Stolen, false, false),
            (Some(Kind::FalseAlarm), Manner::Unsure, false, false),
            (Some(Kind::FalseAlarm), Manner::Tampered, true, false),
            (Some(Kind::Recovered), Manner::Lost, true, true),
            (Some(Kind::Recovered), Manner::Tampered, true, true),
            (Some(Kind::Destroyed), Manner::Stolen, false, false),
            (Some(Kind::Destroyed), Manner::Tampered, false, false),
            (None, Manner::Lost, true, true),
        ] {
            let owes = found(kind).owes(manner);
            assert_eq!(owes, Owes { inspection, new_keys }, "{kind:?} {manner:?}");
        }
    }

    #[test]
    fn the_newest_inspection_counts() {
        let mut it = found(Some(Kind::Recovered));
        assert_eq!(it.is_trusted(), Err(NotTrusted::NotInspected));
        for (position, is_passed, wanted) in [(1, false, Err(NotTrusted::Failed)), (2, true, Ok(()))] {
            it.inspected = Some(Inspected {
                position,
                by: "engineer".into(),
                is_passed,
                has_new_keys: false,
            });
            assert_eq!(it.is_trusted(), wanted);
        }
    }

    #[test]
    fn each_kind_is_an_end_of_its_own_and_only_what_is_broken_stays_stopped() {
        let ends = Kind::ALL.map(|kind| found(Some(kind)).ends_as());
        assert_eq!(ends, [Ended::FalseAlarm, Ended::Recovered, Ended::Destroyed]);
        assert_eq!(ends.map(Ended::runs_again), [true, true, false]);
        assert_eq!(found(None).ends_as(), Ended::Recovered);
    }
}

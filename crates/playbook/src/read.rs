//! Playbooks, read and checked.
//!
//! Invariant: of a playbook that was read each duty can be done: what it follows is there and follows nothing of it, its rule is
//! known, and both languages are complete.

use std::collections::BTreeSet;

use domain::duty::{Moment, NotNeeded, Proof, Whose};
use domain::incident::Manner;
use domain::incident::found::Kind;
use domain::word::Word;
use serde::{Deserialize, Deserializer};

use crate::{Rule, Term};

/// Most duties of one playbook.
pub const DUTIES_MAX: usize = 60;
/// Largest playbook, in bytes.
pub const BYTES_MAX: usize = 64 * 1024;
/// Longest title, in characters.
const TITLE_CHARS_MAX: usize = 120;
/// Longest name of a duty or a playbook.
const NAME_CHARS_MAX: usize = 40;

/// What must follow a loss of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Playbook {
    /// Its name: small letters, digits and `_`.
    pub playbook: String,
    /// Which one of that name; a later one has a greater number.
    pub version: u32,
    /// The losses it is for, by how the terminal went.
    #[serde(deserialize_with = "words")]
    pub manners: Vec<Manner>,
    /// In the order in which people do them.
    pub duties: Vec<Said>,
}

/// A duty as a playbook says it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// Its name: small letters, digits and `_`.
    pub duty: String,
    /// What is to be done, in Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
    /// Whose it is.
    #[serde(deserialize_with = "word")]
    pub whose: Whose,
    /// Where alone it is one; without it everywhere.
    #[serde(default)]
    pub only: Option<Only>,
    /// The rule it comes from.
    #[serde(default)]
    pub rule: Option<String>,
    /// From when its term runs.
    #[serde(default = "noticed", deserialize_with = "word")]
    pub from: Moment,
    /// How long it may take; it holds where its rule does.
    #[serde(default)]
    pub within: Option<Term>,
    /// What shows that it was done.
    #[serde(deserialize_with = "word")]
    pub proof: Proof,
    /// Whether a file of the case shows it as well: a scan, a photo, a clip.
    #[serde(default)]
    pub takes_file: bool,
    /// Whether the case cannot be closed while it is open.
    #[serde(default = "yes")]
    pub blocks_closing: bool,
    /// Who may say that there is no need for it.
    #[serde(default = "ground", deserialize_with = "word")]
    pub not_needed: NotNeeded,
    /// What comes before it.
    #[serde(default)]
    pub after: Vec<String>,
    /// The finds that it follows, where it follows from that the terminal was found.
    #[serde(default, deserialize_with = "words")]
    pub found: Vec<Kind>,
    /// It is one only where that duty of the incident was done.
    #[serde(default)]
    pub if_done: Option<String>,
}

/// Where alone something is a duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Only {
    /// Where an acquirer outside decides about the terminal: a shop that is alone.
    Outside,
    /// Where this house's gate does: an acquirer's.
    Gate,
}

const fn noticed() -> Moment {
    Moment::Noticed
}

const fn yes() -> bool {
    true
}

const fn ground() -> NotNeeded {
    NotNeeded::Ground
}

fn word<'de, W: Word, D: Deserializer<'de>>(from: D) -> Result<W, D::Error> {
    let text = String::deserialize(from)?;
    of(&text).map_err(serde::de::Error::custom)
}

fn words<'de, W: Word, D: Deserializer<'de>>(from: D) -> Result<Vec<W>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    let words = texts
        .iter()
        .map(|text| of(text).map_err(serde::de::Error::custom));
    words.collect()
}

fn of<W: Word>(text: &str) -> Result<W, String> {
    W::of(text).ok_or_else(|| {
        let words: Vec<_> = W::WORDS.iter().map(|word| word.word()).collect();
        format!("{text:?} is none of {}", words.join(", "))
    })
}

/// Why a text is no playbook.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// It is longer than 64 KiB.
    #[error("it is longer than {BYTES_MAX} bytes")]
    TooLong,
    /// It cannot be read; where and why, in English.
    #[error("{0}")]
    Unreadable(String),
    /// Its name is none.
    #[error("{0:?} is no name: small letters, digits and _")]
    Name(String),
    /// It has no duty, or more than 60.
    #[error("it has no duty, or more than {DUTIES_MAX}")]
    Count,
    /// There are two duties of that name.
    #[error("{0}: there are two of that name")]
    Twice(String),
    /// A title is missing or too long.
    #[error("{0}: its title is missing in one language, or longer than {TITLE_CHARS_MAX} characters")]
    Title(String),
    /// It comes from a rule that is not there.
    #[error("{0}: its rule is not known")]
    Rule(String),
    /// It follows one that is not before it in the playbook.
    #[error("{0}: it follows {1}, which does not come before it")]
    After(String, String),
}

impl Playbook {
    /// Reads one.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn read(text: &str) -> Result<Self, Wrong> {
        if text.len() > BYTES_MAX {
            return Err(Wrong::TooLong);
        }
        let it: Self = serde_saphyr::from_str(text).map_err(|error| Wrong::Unreadable(error.to_string()))?;
        it.check()?;
        Ok(it)
    }

    fn check(&self) -> Result<(), Wrong> {
        is_name(&self.playbook)?;
        if self.duties.is_empty() || self.duties.len() > DUTIES_MAX {
            return Err(Wrong::Count);
        }
        let mut before = BTreeSet::new();
        for said in &self.duties {
            let name = || said.duty.clone();
            is_name(&said.duty)?;
            let is_title = |title: &str| !title.trim().is_empty() && title.chars().count() <= TITLE_CHARS_MAX;
            if !is_title(&said.zh) || !is_title(&said.en) {
                return Err(Wrong::Title(name()));
            }
            if said
                .rule
                .as_deref()
                .is_some_and(|rule| Rule::named(rule).is_none())
            {
                return Err(Wrong::Rule(name()));
            }
            // So none can follow itself, however long the way around.
            if let Some(after) = said.after.iter().find(|after| !before.contains(after.as_str())) {
                return Err(Wrong::After(name(), after.clone()));
            }
            if !before.insert(said.duty.as_str()) {
                return Err(Wrong::Twice(name()));
            }
        }
        Ok(())
    }

    /// The duties of an incident, each with its rule where that holds: `is_outside` says that an acquirer outside decides about the
    /// terminal, `time_zone` is of its clock. A duty whose rule does not hold stays as one without a limit; one whose rule nobody has
    /// seen is left out.
    pub fn duties(
        &self,
        is_outside: bool,
        time_zone: &str,
    ) -> impl Iterator<Item = (&Said, Option<&'static Rule>)> {
        let here = self.duties.iter().filter(move |said| match said.only {
            None => true,
            Some(Only::Outside) => is_outside,
            Some(Only::Gate) => !is_outside,
        });
        here.filter_map(move |said| match said.rule.as_deref().map(Rule::named) {
            None => Some((said, None)),
            Some(Some(rule)) if rule.mark == crate::Mark::NotFound => None,
            Some(rule) => Some((said, rule.filter(|rule| rule.holds(time_zone)))),
        })
    }
}

impl Said {
    /// How long it may take, with its rule as far as it holds.
    pub fn term(&self, rule: Option<&Rule>) -> Option<Term> {
        match (&self.rule, rule) {
            (Some(_), None) => None,
            _ => self.within,
        }
    }
}

fn is_name(text: &str) -> Result<(), Wrong> {
    let is_good = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    match !text.is_empty() && text.len() <= NAME_CHARS_MAX && text.bytes().all(is_good) {
        true => Ok(()),
        false => Err(Wrong::Name(text.chars().take(NAME_CHARS_MAX).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "
playbook: lost
version: 1
manners: [lost, unsure]
duties:
  - { duty: police_report, zh: 报警, en: Report it to the police, whose: shop, proof: reference }
  - { duty: deregister, zh: 注销, en: Deregister it, whose: acquirer, only: gate, rule: stop, from: stop, within: 2 days,
      proof: statement, after: [police_report] }
";

    #[test]
    fn a_playbook_says_what_is_due_where() {
        let playbook = Playbook::read(GOOD).unwrap();
        let names = |is_outside, zone| -> Vec<_> {
            let duties = playbook.duties(is_outside, zone);
            duties
                .map(|(said, rule)| (said.duty.as_str(), said.term(rule)))
                .collect()
        };
        let deregister = |term| ("deregister", term);
        assert_eq!(
            names(false, "Asia/Shanghai"),
            [("police_report", None), deregister(Some(Term::Days(2)))]
        );
        assert_eq!(
            names(false, "Europe/Berlin"),
            [("police_report", None), deregister(None)]
        );
        assert_eq!(names(true, "Asia/Shanghai"), [("police_report", None)]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let of = |from: &str, to: &str| {
            assert!(GOOD.contains(from), "{from}");
            Playbook::read(&GOOD.replacen(from, to, 1))
                .unwrap_err()
                .to_string()
        };
        for (from, to, said) in [
            ("playbook: lost", "playbook: Lost loss", "is no name"),
            (
                "manners: [lost",
                "manners: [gone",
                "\"gone\" is none of stolen, lost, unsure, tampered",
            ),
            ("zh: 报警", "zh: ' '", "police_report: its title"),
            ("rule: stop", "rule: start", "deregister: its rule is not known"),
            (
                "after: [police_report]",
                "after: [replacement]",
                "it follows replacement",
            ),
            (
                "after: [police_report]",
                "after: [deregister]",
                "it follows deregister",
            ),
            (
                "duty: deregister",
                "duty: police_report",
                "police_report: there are two",
            ),
            ("within: 2 days", "within: 2 moons", "\"2 moons\" is no term"),
            ("proof: statement", "proof: oath", "\"oath\" is none of"),
            ("whose: shop", "whose: shop, blame: owner", "blame"),
            ("version: 1", "version: -1", ""),
            ("duties:", "work:", "work"),
        ] {
            let why = of(from, to);
            assert!(why.contains(said), "{to}: {why}");
        }
        assert_eq!(
            Playbook::read("playbook: a\nversion: 1\nmanners: []\nduties: []"),
            Err(Wrong::Count)
        );
        assert_eq!(Playbook::read(&"#".repeat(BYTES_MAX + 1)), Err(Wrong::TooLong));
        assert!(matches!(Playbook::read(""), Err(Wrong::Unreadable(_))));
    }

    #[test]
    fn a_text_that_grows_without_end_is_refused() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let before = format!("*a{}", level - 1);
            text += &format!("a{level}: &a{level} [{}]\n", [before.as_str(); 9].join(", "));
        }
        assert!(matches!(Playbook::read(&text), Err(Wrong::Unreadable(_))));
    }
}

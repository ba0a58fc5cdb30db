//! The rules that duties come from, each with its source and how sure it is.

use std::sync::LazyLock;

use serde::Deserialize;

const TEXT: &str = include_str!("../data/rules.yaml");

static RULES: LazyLock<Vec<Rule>> =
    LazyLock::new(|| serde_saphyr::from_str(TEXT).expect("the rules are well formed"));

/// How sure it is that a rule says what is said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Its text was read.
    Verified,
    /// A reprint or an excerpt was read: said beside it.
    SecondHand,
    /// Nobody has seen it: what comes of it is switched off.
    NotFound,
}

impl Mark {
    /// Its word.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::SecondHand => "second_hand",
            Self::NotFound => "not_found",
        }
    }
}

/// Where a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Where {
    /// In the mainland of China.
    China,
    /// Wherever a terminal is.
    Everywhere,
}

impl Where {
    /// Its word.
    pub const fn code(self) -> &'static str {
        match self {
            Self::China => "china",
            Self::Everywhere => "everywhere",
        }
    }
}

/// A rule, as it is cited.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name among rules.
    pub rule: String,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
    /// Where it holds.
    #[serde(rename = "where")]
    pub place: Where,
    /// How sure it is.
    pub mark: Mark,
}

impl Rule {
    /// All that are known.
    pub fn all() -> &'static [Self] {
        &RULES
    }

    /// The rule of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.rule == name)
    }

    /// Whether it holds for a terminal whose clock is of that IANA zone, as far as anybody has seen it.
    pub fn holds(&self, time_zone: &str) -> bool {
        let is_there = match self.place {
            Where::China => domain::rule::is_china(time_zone),
            Where::Everywhere => true,
        };
        is_there && self.mark != Mark::NotFound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_holds_where_it_does_and_only_when_somebody_has_seen_it() {
        let rule = |place, mark| Rule {
            rule: "r".into(),
            zh: "规".into(),
            en: "rule".into(),
            place,
            mark,
        };
        for (place, mark, zone, holds) in [
            (Where::China, Mark::Verified, "Asia/Urumqi", true),
            (Where::China, Mark::SecondHand, "PRC", true),
            (Where::China, Mark::Verified, "Asia/Hong_Kong", false),
            (Where::Everywhere, Mark::Verified, "Europe/Berlin", true),
            (Where::Everywhere, Mark::NotFound, "Asia/Shanghai", false),
        ] {
            assert_eq!(rule(place, mark).holds(zone), holds, "{zone} {mark:?}");
        }
    }

    #[test]
    fn rules_have_names_of_their_own_and_the_letter_cites_one_of_them() {
        let mut names: Vec<_> = RULES.iter().map(|rule| rule.rule.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), RULES.len());
        let stop = Rule::named("stop").unwrap();
        let cited = domain::rule::STOP;
        assert_eq!((stop.zh.as_str(), stop.en.as_str()), (cited.zh, cited.en));
    }

    #[test]
    fn each_rule_is_one_of_a_duty() {
        for rule in RULES.iter() {
            let is_its = |manner| {
                let said = crate::of(manner).playbook.duties.iter();
                said.filter_map(|said| said.rule.as_deref())
                    .any(|name| name == rule.rule)
            };
            let is_added = crate::binding_notice("Asia/Shanghai").rule == Some(rule);
            assert!(
                is_added || domain::incident::Manner::ALL.into_iter().any(is_its),
                "{}",
                rule.rule
            );
        }
    }
}

//! The playbooks that come with the software.

use std::sync::LazyLock;

use domain::incident::Manner;

use crate::{Playbook, Rule, Term};

/// A playbook that comes with the software.
#[derive(Debug)]
pub struct BuiltIn {
    /// As it is written.
    pub text: &'static str,
    /// As it is read.
    pub playbook: Playbook,
}

static ALL: LazyLock<[BuiltIn; 4]> = LazyLock::new(|| {
    let texts = [
        include_str!("../data/stolen.yaml"),
        include_str!("../data/lost.yaml"),
        include_str!("../data/tampered.yaml"),
        include_str!("../data/found.yaml"),
    ];
    texts.map(|text| BuiltIn {
        text,
        playbook: Playbook::read(text).expect("what comes with the software is well formed"),
    })
});

/// The name of the one for what follows once somebody says that the terminal was found.
pub const FOUND: &str = "found";

/// All that come with the software.
pub fn all() -> &'static [BuiltIn] {
    &*ALL
}

/// The one of that name.
pub fn named(name: &str) -> Option<&'static BuiltIn> {
    ALL.iter().find(|it| it.playbook.playbook == name)
}

/// The one for a terminal that went in that manner.
pub fn of(manner: Manner) -> &'static BuiltIn {
    let its = ALL.iter().find(|it| it.playbook.manners.contains(&manner));
    its.unwrap_or(&ALL[0])
}

/// What follows once somebody says that the terminal was found.
pub fn found() -> &'static BuiltIn {
    named(FOUND).unwrap_or(&ALL[3])
}

/// The duty to look a found terminal over: it is ended by an inspection that was passed.
pub const INSPECTION: &str = "found_inspection";
/// The duty to load new keys into it: it is ended by a key that was set.
pub const NEW_KEYS: &str = "found_keys";
/// The duty to replace a terminal: it is ended by the new one that goes live.
pub const REPLACEMENT: &str = "replacement";
/// The duties that papers of the police end.
pub const OF_POLICE: [&str; 2] = ["police_report", "police_decision"];
/// The duty that is added once a new terminal is bound.
pub const BINDING_NOTICE: &str = "replacement_notice";

/// A duty that something else than the loss begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Added {
    /// Its name.
    pub duty: &'static str,
    /// What is to be done, in Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
    /// The rule it comes from, where that holds.
    pub rule: Option<&'static Rule>,
    /// How long it may take, where its rule holds.
    pub term: Option<Term>,
}

/// What an acquirer owes once a new terminal is bound to a merchant, by a clock of that zone: notice of the five elements.
pub fn binding_notice(time_zone: &str) -> Added {
    let rule = Rule::named("binding").filter(|rule| rule.holds(time_zone));
    Added {
        duty: BINDING_NOTICE,
        zh: "报送新终端的绑定信息",
        en: "Give notice of what the new terminal is bound to",
        rule,
        term: rule.map(|_| Term::Days(2)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::duty::{Moment, NotNeeded};

    #[test]
    fn what_keeps_a_found_terminal_stopped_is_never_said_away_and_nothing_else_keeps_it() {
        for said in &found().playbook.duties {
            let is_of_safety = [INSPECTION, NEW_KEYS].contains(&said.duty.as_str());
            assert_eq!(said.blocks_closing, is_of_safety, "{}", said.duty);
            assert_eq!(said.not_needed == NotNeeded::Never, is_of_safety, "{}", said.duty);
            assert_eq!(said.from, Moment::Found, "{}", said.duty);
            assert!(!said.found.is_empty(), "{}", said.duty);
        }
    }

    #[test]
    fn each_manner_has_its_playbook_and_each_house_has_duties_of_it() {
        for manner in Manner::ALL {
            let playbook = &of(manner).playbook;
            assert!(playbook.manners.contains(&manner), "{manner:?}");
            for is_outside in [false, true] {
                let mut names: Vec<_> = playbook
                    .duties(is_outside, "Asia/Shanghai")
                    .map(|(said, _)| said.duty.as_str())
                    .collect();
                // What others rely on.
                for duty in [
                    "police_report",
                    "check_transactions",
                    "acquirer_deregister",
                    "exposure_assessment",
                    "replacement",
                ] {
                    assert!(names.contains(&duty), "{manner:?} {duty}");
                }
                let count = names.len();
                names.dedup();
                assert_eq!(names.len(), count);
            }
        }
    }
}

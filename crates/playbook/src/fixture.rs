//! A playbook of the tests, and the ways in which one can be wrong.

use crate::Code;

pub const GOOD: &str = "
playbook: lost
version: 1
manners: [lost, unsure]
duties:
  - { duty: police_report, zh: 报警, en: Report it to the police, whose: shop, proof: reference }
  - { duty: deregister, zh: 注销, en: Deregister it, whose: acquirer, only: gate, rule: stop, from: stop, within: 2 days,
      proof: statement, after: [police_report] }
";

/// The good one with something else in it.
pub fn broken(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replacen(from, to, 1)
}

/// What is put where, and what is told of it: line, code, and which duty and field with what else is said.
pub const WRONG: &[(&str, &str, u32, Code, &str)] = &[
    (
        "playbook: lost",
        "playbook: Lost loss",
        2,
        Code::NotAName,
        "playbook",
    ),
    ("playbook: lost", "playbook: 12", 2, Code::NotAText, "playbook"),
    ("playbook: lost\n", "", 2, Code::Missing, "playbook"),
    (
        "manners: [lost",
        "manners: [gone",
        4,
        Code::NotAWord,
        "manners stolen, lost, unsure, tampered",
    ),
    (
        "manners: [lost, unsure]",
        "manners: lost",
        4,
        Code::NotAList,
        "manners",
    ),
    (
        "version: 1",
        "version: -1",
        3,
        Code::NotANumber,
        "version 1000000",
    ),
    (
        "version: 1",
        "version: one",
        3,
        Code::NotANumber,
        "version 1000000",
    ),
    (
        "version: 1",
        "version: 1.5",
        3,
        Code::NotANumber,
        "version 1000000",
    ),
    ("duties:", "work:", 5, Code::UnknownField, "work"),
    ("zh: 报警", "zh: ' '", 6, Code::NotATitle, "police_report zh"),
    ("zh: 报警", "zh: 110", 6, Code::NotAText, "police_report zh"),
    ("zh: 报警, ", "", 6, Code::Missing, "police_report zh"),
    (
        "rule: stop",
        "rule: start",
        7,
        Code::UnknownRule,
        "deregister rule",
    ),
    (
        "after: [police_report]",
        "after: police_report",
        8,
        Code::NotAList,
        "deregister after",
    ),
    (
        "within: 2 days",
        "within: 2 moons",
        7,
        Code::NotATerm,
        "deregister within",
    ),
    (
        "within: 2 days",
        "within: 367 days",
        7,
        Code::NotATerm,
        "deregister within",
    ),
    (
        "within: 2 days",
        "within: 2",
        7,
        Code::NotAText,
        "deregister within",
    ),
    (
        "proof: statement",
        "proof: oath",
        8,
        Code::NotAWord,
        "deregister proof reference, statement",
    ),
    (
        "proof: statement",
        "proof: statement, takes_file: perhaps",
        8,
        Code::NotYesOrNo,
        "deregister takes_file",
    ),
    (
        "whose: shop",
        "whose: shop, blame: owner",
        6,
        Code::UnknownField,
        "police_report blame",
    ),
];

/// The same of what no shape tells, only what the words mean together.
pub const MEANT_WRONG: &[(&str, &str, u32, Code, &str)] = &[
    (
        "after: [police_report]",
        "after: [replacement]",
        8,
        Code::NotBefore,
        "deregister after replacement",
    ),
    (
        "after: [police_report]",
        "after: [deregister]",
        8,
        Code::NotBefore,
        "deregister after deregister",
    ),
    (
        "duty: deregister",
        "duty: police_report",
        7,
        Code::Twice,
        "police_report duty",
    ),
];

//! Sets of rules, with a version, as JSON, and what a set says of a payment.
//!
//! Invariant: in a set each rule is checked, and each code stands once. What a rule cannot say is never silence; only a live one counts.

use domain::setting::Language;
use domain::words;
use serde::{Deserialize, Serialize};

use super::check::Condition;
use super::expression::{Failure, Outcome};
use super::mistake::Wrong;
use super::variable::{Input, Variable};
use crate::by_code::by_code;

/// Rules of one set.
pub const RULES_MAX: usize = 200;
/// A set as JSON.
pub const SET_BYTES_MAX: usize = 1 << 20;

const CODE_CHARS_MAX: usize = 40;
const TEXT_CHARS_MAX: usize = 200;
const POINTS_MAX: u16 = 1_000;

words! {
    /// How far a rule is in use.
    pub enum Stage {
        /// It is kept, and not asked.
        Off = "off",
        /// It is asked and what it says is counted; it changes no score.
        Shadow = "shadow",
        /// It is a reason, and counts.
        Live = "live",
    }
}

by_code!(Stage);

/// A rule: when it holds, the payment is marked, with these words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    code: String,
    text_zh: String,
    text_en: String,
    when: Condition,
    points: u16,
    stage: Stage,
}

/// A rule as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    code: String,
    text_zh: String,
    text_en: String,
    when: String,
    points: u16,
    #[serde(default = "live")]
    stage: Stage,
}

const fn live() -> Stage {
    Stage::Live
}

/// The part of a rule that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleField {
    /// Its code: 1 to 40 small letters, digits and `_`, beginning with a letter, once in a set.
    Code,
    /// Its words in Chinese: 1 to 200 characters, no control characters.
    TextZh,
    /// Its words in English: the same.
    TextEn,
    /// Its points: 1 to 1,000.
    Points,
    /// Its condition.
    When(Wrong),
}

impl RuleField {
    /// The field, as a set writes it.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::TextZh => "text_zh",
            Self::TextEn => "text_en",
            Self::Points => "points",
            Self::When(_) => "when",
        }
    }

    /// What is wrong with it, in words.
    pub fn text(&self, language: Language) -> String {
        let (zh, en) = match self {
            Self::Code => (
                "名称用小写字母、数字和 _，以字母开头，最多 40 个字符，不能重复",
                "a name of small letters, digits and _, beginning with a letter, at most 40 characters, once in a set",
            ),
            Self::TextZh => (
                "中文说明 1 到 200 个字符，写在一行",
                "Chinese words: 1 to 200 characters on one line",
            ),
            Self::TextEn => (
                "英文说明 1 到 200 个字符，写在一行",
                "English words: 1 to 200 characters on one line",
            ),
            Self::Points => ("分值 1 到 1000", "points from 1 to 1000"),
            Self::When(wrong) => return wrong.text(language),
        };
        match language {
            Language::Chinese => zh,
            Language::English => en,
        }
        .to_owned()
    }
}

/// Why a set was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It is longer than [`SET_BYTES_MAX`].
    TooLarge,
    /// It is no JSON, or has other fields.
    Malformed {
        /// From 1.
        line: usize,
        /// From 1; 0 at the start of a line.
        column: usize,
    },
    /// Its version is 0.
    Version,
    /// It has more than [`RULES_MAX`] rules.
    TooMany,
    /// A rule is wrong: which, from 0, and what of it.
    Rule(usize, RuleField),
}

/// A set of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    version: u32,
    rules: Vec<Rule>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSet {
    version: u32,
    rules: Vec<Written>,
}

/// What the rules of a set that are live say of a payment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged<'a> {
    /// Those that hold, in the order of the set.
    pub marked: Vec<&'a Rule>,
    /// Those that could not decide, and what nobody knows.
    pub not_known: Vec<(&'a Rule, Variable)>,
    /// Those that could not be computed, and why.
    pub failed: Vec<(&'a Rule, Failure)>,
}

impl Rule {
    /// Checks a rule; it is live.
    pub fn new(code: &str, text_zh: &str, text_en: &str, when: &str, points: u16) -> Result<Self, RuleField> {
        let is_code = (1..=CODE_CHARS_MAX).contains(&code.len())
            && code.starts_with(|first: char| first.is_ascii_lowercase())
            && code
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        let is_text = |text: &str| {
            let count = text.chars().take(TEXT_CHARS_MAX + 1).count();
            !text.trim().is_empty() && count <= TEXT_CHARS_MAX && !text.contains(char::is_control)
        };
        if !is_code {
            return Err(RuleField::Code);
        }
        if !is_text(text_zh) {
            return Err(RuleField::TextZh);
        }
        if !is_text(text_en) {
            return Err(RuleField::TextEn);
        }
        if !(1..=POINTS_MAX).contains(&points) {
            return Err(RuleField::Points);
        }
        Ok(Self {
            code: code.to_owned(),
            text_zh: text_zh.to_owned(),
            text_en: text_en.to_owned(),
            when: Condition::new(when).map_err(RuleField::When)?,
            points,
            stage: Stage::Live,
        })
    }

    /// The same in another stage.
    pub const fn in_stage(mut self, stage: Stage) -> Self {
        self.stage = stage;
        self
    }

    /// Its code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Its words, as reasons show them.
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::Chinese => &self.text_zh,
            Language::English => &self.text_en,
        }
    }

    /// Its condition.
    pub const fn when(&self) -> &Condition {
        &self.when
    }

    /// How much it counts, 1..=1,000.
    pub const fn points(&self) -> u16 {
        self.points
    }

    /// How far it is in use.
    pub const fn stage(&self) -> Stage {
        self.stage
    }
}

impl Rules {
    /// A set of checked rules. Its version is the caller's: each change is a new one.
    pub fn new(version: u32, rules: Vec<Rule>) -> Result<Self, Unread> {
        if version == 0 {
            return Err(Unread::Version);
        }
        if rules.len() > RULES_MAX {
            return Err(Unread::TooMany);
        }
        let is_again = |at: &usize| rules[..*at].iter().any(|rule| rule.code == rules[*at].code);
        if let Some(at) = (0..rules.len()).find(is_again) {
            return Err(Unread::Rule(at, RuleField::Code));
        }
        Ok(Self { version, rules })
    }

    /// Reads a set from JSON, and checks it.
    pub fn read(json: &[u8]) -> Result<Self, Unread> {
        if json.len() > SET_BYTES_MAX {
            return Err(Unread::TooLarge);
        }
        let set: WrittenSet = serde_json::from_slice(json).map_err(|error| Unread::Malformed {
            line: error.line(),
            column: error.column(),
        })?;
        if set.rules.len() > RULES_MAX {
            return Err(Unread::TooMany);
        }
        let mut rules = Vec::with_capacity(set.rules.len());
        for (at, rule) in set.rules.iter().enumerate() {
            let checked = Rule::new(&rule.code, &rule.text_zh, &rule.text_en, &rule.when, rule.points);
            let checked = checked.map_err(|field| Unread::Rule(at, field))?;
            rules.push(checked.in_stage(rule.stage));
        }
        Self::new(set.version, rules)
    }

    /// The set as JSON, on one line per field.
    pub fn write(&self) -> String {
        let written = |rule: &Rule| Written {
            code: rule.code.clone(),
            text_zh: rule.text_zh.clone(),
            text_en: rule.text_en.clone(),
            when: rule.when.text().to_owned(),
            points: rule.points,
            stage: rule.stage,
        };
        let set = WrittenSet {
            version: self.version,
            rules: self.rules.iter().map(written).collect(),
        };
        // Texts and numbers: nothing of it can fail to be written.
        serde_json::to_string_pretty(&set).unwrap_or_default()
    }

    /// Its version.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Its rules, in their order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What its live rules say of a payment.
    pub fn judge(&self, input: &Input<'_>) -> Judged<'_> {
        let mut judged = Judged::default();
        for rule in self.rules.iter().filter(|rule| rule.stage == Stage::Live) {
            match rule.when.outcome(input) {
                Outcome::Marked => judged.marked.push(rule),
                Outcome::Silent => {}
                Outcome::NotKnown(variable) => judged.not_known.push((rule, variable)),
                Outcome::Failed(failure) => judged.failed.push((rule, failure)),
            }
        }
        judged
    }
}

impl Judged<'_> {
    /// The points of all that hold, at most 1,000.
    pub fn points(&self) -> u16 {
        let points = self.marked.iter().map(|rule| u32::from(rule.points));
        points.sum::<u32>().min(u32::from(POINTS_MAX)) as u16
    }
}

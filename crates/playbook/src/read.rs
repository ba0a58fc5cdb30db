//! Playbooks, read and checked.
//!
//! Invariant: of a playbook that was read each duty can be done: what it follows is there and follows nothing of it, its rule is
//! known, and both languages are complete.

use std::collections::BTreeSet;

use domain::duty::{Moment, NotNeeded, Proof, Whose};
use domain::incident::Manner;
use domain::incident::found::Kind;
use domain::word::Word;
use domain::words;

use crate::node::{Entry, Node, Spot, parse};
use crate::{Rule, Term};

/// Most duties of one playbook.
pub const DUTIES_MAX: usize = 60;
/// Largest playbook, in bytes.
pub const BYTES_MAX: usize = 64 * 1024;
/// Longest title, in characters.
pub const TITLE_CHARS_MAX: usize = 120;
/// Longest name of a duty or a playbook.
pub const NAME_CHARS_MAX: usize = 40;
/// Greatest version.
pub const VERSION_MAX: u32 = 1_000_000;
/// So many things that are wrong are told.
const WRONG_MAX: usize = 100;

/// What must follow a loss of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Playbook {
    /// Its name: small letters, digits and `_`.
    pub playbook: String,
    /// Which one of that name; a later one has a greater number.
    pub version: u32,
    /// The losses it is for, by how the terminal went.
    pub manners: Vec<Manner>,
    /// In the order in which people do them.
    pub duties: Vec<Said>,
}

/// A duty as a playbook says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its name: small letters, digits and `_`.
    pub duty: String,
    /// What is to be done, in Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
    /// Whose it is.
    pub whose: Whose,
    /// Where alone it is one; without it everywhere.
    pub only: Option<Only>,
    /// The rule it comes from.
    pub rule: Option<String>,
    /// From when its term runs; unsaid: from when it was noticed.
    pub from: Moment,
    /// How long it may take; it holds where its rule does.
    pub within: Option<Term>,
    /// What shows that it was done.
    pub proof: Proof,
    /// Whether a file of the case shows it as well: a scan, a photo, a clip.
    pub takes_file: bool,
    /// Whether the case cannot be closed while it is open; unsaid: it cannot.
    pub blocks_closing: bool,
    /// Who may say that there is no need for it; unsaid: one person, with a ground.
    pub not_needed: NotNeeded,
    /// What comes before it.
    pub after: Vec<String>,
    /// The finds that it follows, where it follows from that the terminal was found.
    pub found: Vec<Kind>,
    /// It is one only where that duty of the incident was done.
    pub if_done: Option<String>,
}

/// The fields of a playbook, in the order in which they are written.
pub const FIELDS: [&str; 4] = ["playbook", "version", "manners", "duties"];
/// Those of a duty.
pub const DUTY_FIELDS: [&str; 15] = [
    "duty",
    "zh",
    "en",
    "whose",
    "only",
    "found",
    "if_done",
    "rule",
    "from",
    "within",
    "proof",
    "takes_file",
    "blocks_closing",
    "not_needed",
    "after",
];

words! {
    /// Where alone something is a duty.
    pub enum Only {
        /// Where an acquirer outside decides about the terminal: a shop that is alone.
        Outside = "outside",
        /// Where this house's gate does: an acquirer's.
        Gate = "gate",
    }
}

words! {
    /// What may be wrong with a text that is to be a playbook.
    pub enum Code {
        /// It is longer than 64 KiB.
        TooLong = "too_long",
        /// It is no YAML; the detail says why, in English.
        Unreadable = "unreadable",
        /// Fields and their values should be here.
        NotFields = "not_fields",
        /// A list should be here.
        NotAList = "not_a_list",
        /// A text should be here.
        NotAText = "not_a_text",
        /// A whole number should be here; the detail is the greatest.
        NotANumber = "not_a_number",
        /// `true` or `false` should be here.
        NotYesOrNo = "not_yes_or_no",
        /// The field is missing.
        Missing = "missing",
        /// There is no such field.
        UnknownField = "unknown_field",
        /// The detail lists the words that may be here.
        NotAWord = "not_a_word",
        /// A name has small letters, digits and `_`, at most 40.
        NotAName = "not_a_name",
        /// A title says something, in at most 120 characters.
        NotATitle = "not_a_title",
        /// It has no duty, or more than 60.
        Count = "count",
        /// There are two duties of that name.
        Twice = "twice",
        /// The rule is not known.
        UnknownRule = "unknown_rule",
        /// The detail names a duty that does not come before this one.
        NotBefore = "not_before",
        /// It is no term: `at once`, `24 hours`, `2 days`, `2 working days`.
        NotATerm = "not_a_term",
        /// It has another name; the detail is the one that it should have.
        OtherName = "other_name",
        /// It has another version; the detail is the one that it should have.
        OtherVersion = "other_version",
        /// It is for other losses; the detail lists those that it should be for.
        OtherManners = "other_manners",
        /// This keeps a terminal stopped that was found, and stays as it is; the detail is how.
        KeepsStopped = "keeps_stopped",
        /// What follows from a find has to be so; the detail is how.
        OfAFind = "of_a_find",
        /// Only what follows from a find says that.
        OnlyOfAFind = "only_of_a_find",
        /// The software uses that name for something else.
        Reserved = "reserved",
    }
}

/// Something that is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// What.
    pub code: Code,
    /// On which line, from 1.
    pub line: Option<u32>,
    /// Of which duty.
    pub duty: Option<String>,
    /// In which field.
    pub field: Option<String>,
    /// More of it, as the code says.
    pub detail: Option<String>,
}

impl Wrong {
    /// That.
    pub const fn new(code: Code) -> Self {
        Self {
            code,
            line: None,
            duty: None,
            field: None,
            detail: None,
        }
    }
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.code.code())?;
        for part in [&self.duty, &self.field, &self.detail].into_iter().flatten() {
            write!(f, " {part}")?;
        }
        Ok(())
    }
}

/// A playbook, and the lines of its duties.
pub(crate) struct Lined {
    pub(crate) playbook: Playbook,
    pub(crate) lines: Vec<u32>,
}

impl Playbook {
    /// Reads one.
    ///
    /// # Errors
    /// All that is wrong, in the order of the text; at most 100.
    pub fn read(text: &str) -> Result<Self, Vec<Wrong>> {
        Lined::read(text).map(|lined| lined.playbook)
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

    /// The duty of that name.
    pub fn duty(&self, name: &str) -> Option<&Said> {
        self.duties.iter().find(|said| said.duty == name)
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

impl Lined {
    pub(crate) fn read(text: &str) -> Result<Self, Vec<Wrong>> {
        if text.len() > BYTES_MAX {
            return Err(vec![Wrong::new(Code::TooLong)]);
        }
        let whole = parse(text).map_err(|(line, why)| {
            vec![Wrong {
                line,
                detail: Some(why),
                ..Wrong::new(Code::Unreadable)
            }]
        })?;
        let mut reading = Reading::default();
        let read = reading.playbook(&whole);
        match read {
            Some(it) if reading.wrong.is_empty() => Ok(it),
            _ => Err(reading.wrong),
        }
    }
}

/// What has been found wrong so far. What is wrong is read as something, so that the rest can be looked at; nobody gets it.
#[derive(Default)]
struct Reading {
    wrong: Vec<Wrong>,
    duty: Option<String>,
}

/// Fields and their values, and where they begin.
struct Fields<'a> {
    entries: &'a [Entry],
    line: Option<u32>,
}

impl<'a> Fields<'a> {
    fn get(&self, field: &str) -> Option<&'a Spot> {
        let entry = self.entries.iter().find(|(name, _)| name.value == field);
        entry
            .map(|(_, value)| value)
            .filter(|value| value.value != Node::Null)
    }
}

impl Reading {
    fn tell(&mut self, code: Code, line: Option<u32>, field: &str, detail: Option<String>) {
        if self.wrong.len() < WRONG_MAX {
            self.wrong.push(Wrong {
                code,
                line,
                duty: self.duty.clone(),
                field: (!field.is_empty()).then(|| field.to_owned()),
                detail,
            });
        }
    }

    fn playbook(&mut self, whole: &Spot) -> Option<Lined> {
        let it = self.fields(whole, &FIELDS)?;
        let playbook = self.name(&it, "playbook").unwrap_or_default();
        let version = self.version(&it).unwrap_or_default();
        let manners = match self.needed(&it, "manners") {
            Some(_) => self.words(&it, "manners"),
            None => Vec::new(),
        };
        let duties = self.needed(&it, "duties")?;
        let (Some(items), line) = (self.list(duties, "duties"), duties.line()) else {
            return None;
        };
        if items.is_empty() || items.len() > DUTIES_MAX {
            self.tell(Code::Count, line, "duties", Some(DUTIES_MAX.to_string()));
        }
        let (mut said, mut lines, mut before) = (Vec::new(), Vec::new(), BTreeSet::new());
        for item in items.iter().take(DUTIES_MAX) {
            if let Some(one) = self.said(item, &before) {
                if !one.duty.is_empty() && !before.insert(one.duty.clone()) {
                    self.tell(Code::Twice, item.line(), "duty", None);
                }
                said.push(one);
                lines.push(item.line().unwrap_or_default());
            }
            self.duty = None;
        }
        Some(Lined {
            playbook: Playbook {
                playbook,
                version,
                manners,
                duties: said,
            },
            lines,
        })
    }

    fn said(&mut self, item: &Spot, before: &BTreeSet<String>) -> Option<Said> {
        let name = match &item.value {
            Node::Fields(entries) => entries.iter().find(|(name, _)| name.value == "duty"),
            _ => None,
        };
        if let Some(Node::Text(name)) = name.map(|(_, value)| &value.value) {
            self.duty = Some(name.chars().take(NAME_CHARS_MAX).collect());
        }
        let it = self.fields(item, &DUTY_FIELDS)?;
        Some(Said {
            duty: self.name(&it, "duty").unwrap_or_default(),
            zh: self.title(&it, "zh"),
            en: self.title(&it, "en"),
            whose: self.word_needed(&it, "whose").unwrap_or(Whose::Shop),
            only: self.word(&it, "only"),
            found: self.words(&it, "found"),
            if_done: it.get("if_done").and_then(|_| self.name(&it, "if_done")),
            rule: self.rule(&it),
            from: self.word(&it, "from").unwrap_or(Moment::Noticed),
            within: self.term(&it),
            proof: self.word_needed(&it, "proof").unwrap_or(Proof::Statement),
            takes_file: self.yes_or_no(&it, "takes_file").unwrap_or(false),
            blocks_closing: self.yes_or_no(&it, "blocks_closing").unwrap_or(true),
            not_needed: self.word(&it, "not_needed").unwrap_or(NotNeeded::Ground),
            // So none can follow itself, however long the way around.
            after: self.after(&it, before),
        })
    }

    fn fields<'a>(&mut self, it: &'a Spot, known: &[&str]) -> Option<Fields<'a>> {
        let Node::Fields(entries) = &it.value else {
            self.tell(Code::NotFields, it.line(), "", None);
            return None;
        };
        for (name, _) in entries {
            if !known.contains(&name.value.as_str()) {
                let field: String = name.value.chars().take(NAME_CHARS_MAX).collect();
                self.tell(Code::UnknownField, name.line(), &field, None);
            }
        }
        Some(Fields {
            entries,
            line: it.line(),
        })
    }

    fn needed<'a>(&mut self, it: &Fields<'a>, field: &str) -> Option<&'a Spot> {
        let value = it.get(field);
        if value.is_none() {
            self.tell(Code::Missing, it.line, field, None);
        }
        value
    }

    fn list<'a>(&mut self, it: &'a Spot, field: &str) -> Option<&'a [Spot]> {
        match &it.value {
            Node::List(items) => Some(items),
            _ => {
                self.tell(Code::NotAList, it.line(), field, None);
                None
            }
        }
    }

    fn text<'a>(&mut self, it: &'a Spot, field: &str) -> Option<&'a str> {
        match &it.value {
            Node::Text(text) => Some(text),
            _ => {
                self.tell(Code::NotAText, it.line(), field, None);
                None
            }
        }
    }

    fn name(&mut self, it: &Fields<'_>, field: &str) -> Option<String> {
        let value = self.needed(it, field)?;
        let text = self.text(value, field)?;
        if !is_name(text) {
            self.tell(Code::NotAName, value.line(), field, None);
        }
        Some(text.chars().take(NAME_CHARS_MAX).collect())
    }

    fn version(&mut self, it: &Fields<'_>) -> Option<u32> {
        let value = self.needed(it, "version")?;
        match value.value {
            Node::Number(number @ 1..) if number <= i64::from(VERSION_MAX) => u32::try_from(number).ok(),
            _ => {
                let most = Some(VERSION_MAX.to_string());
                self.tell(Code::NotANumber, value.line(), "version", most);
                None
            }
        }
    }

    fn title(&mut self, it: &Fields<'_>, field: &str) -> String {
        let Some(value) = self.needed(it, field) else {
            return String::new();
        };
        let text = self.text(value, field).unwrap_or("-");
        if !is_title(text) {
            self.tell(Code::NotATitle, value.line(), field, None);
        }
        text.to_owned()
    }

    fn word_of<W: Word>(&mut self, value: &Spot, field: &str) -> Option<W> {
        let word = W::of(self.text(value, field)?);
        if word.is_none() {
            let words: Vec<_> = W::WORDS.iter().map(|word| word.word()).collect();
            self.tell(Code::NotAWord, value.line(), field, Some(words.join(", ")));
        }
        word
    }

    fn word<W: Word>(&mut self, it: &Fields<'_>, field: &str) -> Option<W> {
        it.get(field).and_then(|value| self.word_of(value, field))
    }

    fn word_needed<W: Word>(&mut self, it: &Fields<'_>, field: &str) -> Option<W> {
        self.needed(it, field)
            .and_then(|value| self.word_of(value, field))
    }

    fn words<W: Word>(&mut self, it: &Fields<'_>, field: &str) -> Vec<W> {
        let items = it.get(field).and_then(|value| self.list(value, field));
        let items = items.unwrap_or_default().iter().take(W::WORDS.len());
        items.filter_map(|item| self.word_of(item, field)).collect()
    }

    fn yes_or_no(&mut self, it: &Fields<'_>, field: &str) -> Option<bool> {
        let value = it.get(field)?;
        match value.value {
            Node::YesOrNo(is_so) => Some(is_so),
            _ => {
                self.tell(Code::NotYesOrNo, value.line(), field, None);
                None
            }
        }
    }

    fn rule(&mut self, it: &Fields<'_>) -> Option<String> {
        let value = it.get("rule")?;
        let name = self.text(value, "rule")?;
        if Rule::named(name).is_none() {
            self.tell(Code::UnknownRule, value.line(), "rule", None);
        }
        Some(name.to_owned())
    }

    fn term(&mut self, it: &Fields<'_>) -> Option<Term> {
        let value = it.get("within")?;
        let term = Term::try_from(self.text(value, "within")?.to_owned()).ok();
        if term.is_none() {
            self.tell(Code::NotATerm, value.line(), "within", None);
        }
        term
    }

    fn after(&mut self, it: &Fields<'_>, before: &BTreeSet<String>) -> Vec<String> {
        let items = it.get("after").and_then(|value| self.list(value, "after"));
        let mut after = Vec::new();
        for item in items.unwrap_or_default().iter().take(DUTIES_MAX) {
            let Some(name) = self.text(item, "after") else {
                continue;
            };
            if !before.contains(name) {
                let name = name.chars().take(NAME_CHARS_MAX).collect();
                self.tell(Code::NotBefore, item.line(), "after", Some(name));
            }
            after.push(name.to_owned());
        }
        after
    }
}

fn is_name(text: &str) -> bool {
    let is_good = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    !text.is_empty() && text.len() <= NAME_CHARS_MAX && text.bytes().all(is_good)
}

fn is_title(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= TITLE_CHARS_MAX && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_playbook_says_what_is_due_where() {
        let playbook = Playbook::read(crate::fixture::GOOD).unwrap();
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

    /// What is wrong with a text: line, code, and the rest with blanks between.
    fn wrong(text: &str) -> Vec<(Option<u32>, Code, String)> {
        let wrong = Playbook::read(text).unwrap_err();
        let told = wrong.into_iter().map(|wrong| {
            let said = wrong.to_string();
            let rest = said.trim_start_matches(wrong.code.code()).trim().to_owned();
            (wrong.line, wrong.code, rest)
        });
        told.collect()
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (from, to, line, code, rest) in crate::fixture::WRONG.iter().chain(crate::fixture::MEANT_WRONG) {
            let text = crate::fixture::broken(from, to);
            let told = wrong(&text);
            let wanted = (Some(*line), *code, (*rest).to_owned());
            assert!(told.contains(&wanted), "{to}: {told:?}");
        }
        let none = "playbook: a\nversion: 1\nmanners: []\nduties: []";
        assert_eq!(wrong(none), [(Some(4), Code::Count, "duties 60".into())]);
        let long = "#".repeat(BYTES_MAX + 1);
        assert_eq!(Playbook::read(&long), Err(vec![Wrong::new(Code::TooLong)]));
        assert_eq!(wrong("")[0].1, Code::NotFields);
        assert_eq!(wrong("playbook: [")[0].1, Code::Unreadable);
    }

    #[test]
    fn everything_that_is_wrong_is_told_not_the_first_alone() {
        let text = "
playbook: Lost
manners: lost
duties:
  - duty: one
    zh: 一
    whose: nobody
    within: soon
    blame: owner
  - two
  - { duty: one, zh: 二, en: two, whose: shop, proof: statement, takes_file: perhaps, after: [three] }
";
        use Code::{
            Missing, NotAList, NotAName, NotATerm, NotAWord, NotBefore, NotFields, NotYesOrNo, Twice,
            UnknownField,
        };
        let told: Vec<_> = wrong(text)
            .into_iter()
            .map(|(line, code, _)| (line.unwrap(), code))
            .collect();
        assert_eq!(
            told,
            [
                (2, NotAName),
                (2, Missing),
                (3, NotAList),
                (9, UnknownField),
                (5, Missing),
                (7, NotAWord),
                (8, NotATerm),
                (5, Missing),
                (10, NotFields),
                (11, NotYesOrNo),
                (11, NotBefore),
                (11, Twice),
            ]
        );
        let endless = format!("playbook: a\n{}", "x: [\n".repeat(3));
        assert_eq!(wrong(&endless).len(), 1);
        let many: String = (0..300).map(|number| format!("f{number}: 1\n")).collect();
        assert_eq!(wrong(&many).len(), WRONG_MAX);
    }

    #[test]
    fn a_text_that_grows_without_end_is_refused() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let before = format!("*a{}", level - 1);
            text += &format!("a{level}: &a{level} [{}]\n", [before.as_str(); 9].join(", "));
        }
        assert_eq!(wrong(&text)[0].1, Code::Unreadable);
        let deep = "[".repeat(20_000);
        assert_eq!(wrong(&deep)[0].1, Code::Unreadable);
    }
}

//! What is known of a loss, in sections: as a table, or as the data of the template `fact_sheet`.
//!
//! Invariant: what is not known is said not to be known, never left out and never guessed.

use app::stop_request::minute_in;
use domain::Timestamp;
use domain::terminal::Terminal;
use serde::Serialize;
use serde_json::{Value, json};

use crate::language::Language;
use crate::wire::Time;

/// A document is made at a minute: asked for twice in one, with nothing new to say, it is the same.
const MINUTE_MS: i64 = 60_000;

/// One line: what it is, in both languages, and what is known of it.
pub type Fact = (&'static str, &'static str, Option<String>);

/// A part of what is known.
pub struct Section {
    /// What it is about, in both languages.
    pub title: (&'static str, &'static str),
    /// Single facts.
    pub facts: Vec<Fact>,
    /// What there are several of.
    pub list: Option<List>,
}

/// A table of a section.
#[derive(Serialize)]
pub struct List {
    /// What stands above the columns.
    pub columns: Vec<&'static str>,
    /// How wide they are to each other.
    pub widths: Vec<u8>,
    /// A cell for each column.
    pub rows: Vec<Vec<String>>,
    /// What is said when there is none.
    pub none: &'static str,
}

/// By which clock a document says its times.
#[derive(Clone, Copy)]
pub struct Clock<'a> {
    /// An IANA name.
    pub zone: &'a str,
    /// Whether it is the house's, and not the terminal's.
    pub is_house: bool,
}

impl<'a> Clock<'a> {
    /// A terminal's.
    pub const fn of(terminal: &'a Terminal) -> Self {
        Self {
            zone: terminal.time_zone.as_str(),
            is_house: false,
        }
    }
}

/// A document of sections.
pub struct FactSheet {
    /// What it is called.
    pub title: &'static str,
    /// What its reader has to know of it.
    pub note: &'static str,
    /// Its parts.
    pub sections: Vec<Section>,
    /// Who signs.
    pub signatures: Vec<&'static str>,
}

/// When a document that is asked for now is made.
pub fn made_at(now: Timestamp) -> Timestamp {
    now.plus_ms(-now.0.rem_euclid(MINUTE_MS))
}

impl FactSheet {
    /// The job for `tillguard-documents`, under that number.
    pub fn job(&self, now: Timestamp, number: &str, clock: Clock<'_>, language: Language) -> Value {
        let fact = |(zh, en, said): &Fact| json!({ "name": language.pick(zh, en), "said": said });
        let section = |section: &Section| {
            json!({
                "title": language.pick(section.title.0, section.title.1),
                "facts": section.facts.iter().map(fact).collect::<Vec<_>>(),
                "list": section.list,
            })
        };
        let at = made_at(now);
        json!({
            "template": "fact_sheet",
            "language": language.pick("zh", "en"),
            "time": Time(at).to_string(),
            "data": {
                "title": self.title,
                "number": number,
                "made_at": minute_in(at, clock.zone),
                "zone": clock.zone,
                "zone_of": if clock.is_house { "house" } else { "terminal" },
                "note": self.note,
                "sections": self.sections.iter().map(section).collect::<Vec<_>>(),
                "signatures": self.signatures,
            },
        })
    }
}

//! What is asked for: a template, its data, a language, a time.
//!
//! Invariant: nothing of a job is read before its length is known to be allowed.

use serde::Deserialize;
use typst::foundations::{Datetime, Value};

use crate::{Code, Error};

/// A job at most, bytes.
pub const JOB_LEN_MAX: usize = 4 << 20;

/// The templates that are compiled in: name, text, and invented data of such a document, once with all that can be known, once with as
/// little as there can be.
const TEMPLATES: &[(&str, &str, &str)] = &[
    (
        "police_packet",
        include_str!("../templates/police_packet.typ"),
        include_str!("../templates/police_packet.example.json"),
    ),
    (
        "fact_sheet",
        include_str!("../templates/fact_sheet.typ"),
        include_str!("../templates/fact_sheet.example.json"),
    ),
    (
        "inquiry_letter",
        include_str!("../templates/inquiry_letter.typ"),
        include_str!("../templates/inquiry_letter.example.json"),
    ),
];

/// Before the text of an example, in its first line: what is invented says so across each page.
const EXAMPLE_MARK: &str = "#set page(foreground: rotate(-35deg, text(font: \"Noto Sans CJK SC\", size: 54pt, \
                            fill: luma(120, 28%))[样张 EXAMPLE]));";

/// Whose words the template says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Language {
    #[serde(rename = "zh")]
    Chinese,
    #[serde(rename = "en")]
    English,
}

impl Language {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Chinese => "zh",
            Self::English => "en",
        }
    }
}

/// A job as it travels.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    template: Option<String>,
    template_text: Option<String>,
    language: Language,
    time: String,
    data: Option<Value>,
    example: Option<Example>,
}

/// Invented data, in place of any.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    /// Of which template that is compiled in.
    of: String,
    /// How much of it is known.
    known: Known,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Known {
    All,
    Few,
}

#[derive(Deserialize)]
struct Examples {
    all: Value,
    few: Value,
}

/// A document that is asked for.
pub struct Job {
    pub(crate) text: String,
    /// Whether the template came with the job, and not with the program.
    pub(crate) is_own: bool,
    pub(crate) language: Language,
    /// The time of the document, UTC: the only one that a template can learn.
    pub(crate) made_at: Datetime,
    pub(crate) data: Value,
}

impl Job {
    /// Reads `{"template": NAME or "template_text": TEXT, "language": "zh" or "en", "time": RFC 3339, "data": {…}}`; in place of data,
    /// `"example": {"of": NAME, "known": "all" or "few"}` stands for invented ones.
    ///
    /// # Errors
    /// It is too long, not that, or names a template that is not there.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > JOB_LEN_MAX {
            return Err(Error::new(
                Code::TooLarge,
                format!("a job of more than {JOB_LEN_MAX} bytes"),
            ));
        }
        let asked: Asked =
            serde_json::from_slice(bytes).map_err(|error| Error::new(Code::NotAJob, error.to_string()))?;
        let (is_own, text) = match (asked.template, asked.template_text) {
            (Some(name), None) => (false, builtin(&name)?.1.to_owned()),
            (None, Some(text)) => (true, text),
            _ => return Err(Error::new(Code::NotAJob, "either template or template_text")),
        };
        let (text, data) = match (asked.data, asked.example) {
            (Some(data), None) => (text, data),
            (None, Some(example)) => (format!("{EXAMPLE_MARK}{text}"), example.data()?),
            _ => return Err(Error::new(Code::NotAJob, "either data or example")),
        };
        Ok(Self {
            text,
            is_own,
            language: asked.language,
            made_at: datetime(&asked.time).ok_or_else(|| Error::new(Code::NotAJob, "time"))?,
            data,
        })
    }
}

impl Example {
    fn data(&self) -> Result<Value, Error> {
        let (.., data) = builtin(&self.of)?;
        let of: Examples =
            serde_json::from_str(data).map_err(|error| Error::new(Code::System, error.to_string()))?;
        Ok(match self.known {
            Known::All => of.all,
            Known::Few => of.few,
        })
    }
}

fn builtin(name: &str) -> Result<&'static (&'static str, &'static str, &'static str), Error> {
    let found = TEMPLATES.iter().find(|(known, ..)| *known == name);
    found.ok_or_else(|| Error::new(Code::UnknownTemplate, "no template of that name"))
}

fn datetime(time: &str) -> Option<Datetime> {
    let at = jiff::tz::TimeZone::UTC.to_datetime(time.parse().ok()?);
    let small = |number: i8| u8::try_from(number).ok();
    let (month, day) = (small(at.month())?, small(at.day())?);
    let (hour, minute, second) = (small(at.hour())?, small(at.minute())?, small(at.second())?);
    Datetime::from_ymd_hms(i32::from(at.year()), month, day, hour, minute, second)
}

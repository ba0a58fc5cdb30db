//! What is asked for: a template, its data, a language, a time.
//!
//! Invariant: nothing of a job is read before its length is known to be allowed.

use serde::Deserialize;
use typst::foundations::{Datetime, Value};

use crate::{Code, Error};

/// A job at most, bytes.
pub const JOB_LEN_MAX: usize = 4 << 20;

/// The templates that are compiled in, by name.
const TEMPLATES: &[(&str, &str)] = &[
    ("police_packet", include_str!("../templates/police_packet.typ")),
    ("fact_sheet", include_str!("../templates/fact_sheet.typ")),
];

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
    data: Value,
}

/// A document that is asked for.
pub struct Job {
    pub(crate) text: String,
    pub(crate) language: Language,
    /// The time of the document, UTC: the only one that a template can learn.
    pub(crate) made_at: Datetime,
    pub(crate) data: Value,
}

impl Job {
    /// Reads `{"template": NAME or "template_text": TEXT, "language": "zh" or "en", "time": RFC 3339, "data": {…}}`.
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
        let text = match (asked.template, asked.template_text) {
            (Some(name), None) => builtin(&name)?,
            (None, Some(text)) => text,
            _ => return Err(Error::new(Code::NotAJob, "either template or template_text")),
        };
        Ok(Self {
            text,
            language: asked.language,
            made_at: datetime(&asked.time).ok_or_else(|| Error::new(Code::NotAJob, "time"))?,
            data: asked.data,
        })
    }
}

fn builtin(name: &str) -> Result<String, Error> {
    let found = TEMPLATES.iter().find(|(known, _)| *known == name);
    let (_, text) = found.ok_or_else(|| Error::new(Code::UnknownTemplate, "no template of that name"))?;
    Ok((*text).to_owned())
}

fn datetime(time: &str) -> Option<Datetime> {
    let at = jiff::tz::TimeZone::UTC.to_datetime(time.parse().ok()?);
    let small = |number: i8| u8::try_from(number).ok();
    let (month, day) = (small(at.month())?, small(at.day())?);
    let (hour, minute, second) = (small(at.hour())?, small(at.minute())?, small(at.second())?);
    Datetime::from_ymd_hms(i32::from(at.year()), month, day, hour, minute, second)
}

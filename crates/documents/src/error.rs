//! Why a document was not made.

use serde::Serialize;
use typst::WorldExt;
use typst::diag::SourceDiagnostic;

use crate::world::World;

/// The longest message, in characters.
const MESSAGE_CHARS_MAX: usize = 500;

/// What is wrong, as a word that stays the same, each with an exit status of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// No job, or none that is understood.
    NotAJob,
    /// No template of that name.
    UnknownTemplate,
    /// The template cannot be set with these data.
    NotSet,
    /// A sign is in no font.
    MissingGlyph,
    /// The job or the document is longer than allowed.
    TooLarge,
    /// The limits could not be set, or the document could not be handed on.
    System,
}

impl Code {
    /// How the program ends.
    pub fn exit_status(self) -> u8 {
        match self {
            Self::NotAJob => 64,
            Self::UnknownTemplate => 65,
            Self::NotSet => 66,
            Self::MissingGlyph => 67,
            Self::TooLarge => 68,
            Self::System => 71,
        }
    }
}

/// Why a document was not made: what the program writes to standard error, as one line of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What.
    pub code: Code,
    /// For whoever writes templates; may hold words of the data.
    pub message: String,
    /// The sign that is in no font.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub character: Option<char>,
}

impl Error {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        let message: String = message.into();
        Self {
            code,
            message: message.chars().take(MESSAGE_CHARS_MAX).collect(),
            character: None,
        }
    }

    /// The system refused something.
    pub fn system(what: &str, error: impl std::fmt::Display) -> Self {
        Self::new(Code::System, format!("{what}: {error}"))
    }

    pub(crate) fn missing(character: char) -> Self {
        let number = u32::from(character);
        let message = format!("no font has a sign for {character} (U+{number:04X})");
        Self {
            character: Some(character),
            ..Self::new(Code::MissingGlyph, message)
        }
    }

    /// What Typst says first, with the line of the template.
    pub(crate) fn not_set(world: &World, wrong: &[SourceDiagnostic]) -> Self {
        let Some(first) = wrong.first() else {
            return Self::new(Code::NotSet, "unknown");
        };
        let place = world.range(first.span).map(|range| world.line(range.start));
        let message = match place {
            Some(line) => format!("line {line}: {}", first.message),
            None => first.message.to_string(),
        };
        Self::new(Code::NotSet, message)
    }
}

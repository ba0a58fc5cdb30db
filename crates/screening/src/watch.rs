//! How suspicious a terminal is: what its payments said adds up, and is forgotten. When to ask its owner.
//!
//! Invariant: one signal alone, however often it speaks, holds no more than its weight says; a terminal is asked about at most as often
//! as the cap allows.

use domain::Timestamp;

use crate::judge::Judgement;
use crate::reason::Code;
use crate::settings::Settings;

/// The evidence about one terminal. Kept beside its profile, and serialised like it.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Suspicion {
    held: Vec<(Code, u16)>,
    at_ms: i64,
    asked_at_ms: Vec<i64>,
}

/// "Is this terminal with you?", and why it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// How suspicious the terminal is, 0..=1000.
    pub score: u16,
    /// What speaks for it, the weightiest first.
    pub codes: Vec<Code>,
}

impl Suspicion {
    /// Takes in what was found of one payment or sign-in; the question to ask, if it is time for one.
    pub fn add(&mut self, _settings: &Settings, _at: Timestamp, _judgement: &Judgement) -> Option<Question> {
        None
    }

    /// How suspicious the terminal is at a time, 0..=1000.
    pub fn score(&self, _settings: &Settings, _now: Timestamp) -> u16 {
        0
    }

    /// The owner has it: what spoke so far is answered.
    pub fn answered(&mut self) {
        self.held.clear();
    }
}

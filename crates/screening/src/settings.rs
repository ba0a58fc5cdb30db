//! How much each signal counts, and when it speaks: data, with a default of which each number has its reason beside it.
//!
//! Invariant: settings change what is said of payments to come; a profile is the same under all of them.

use crate::reason::Code;

/// How much one signal counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Weight {
    /// Of a payment's score, of 1,000.
    pub points: u16,
    /// What it adds to the suspicion of the terminal when it speaks first.
    pub evidence: u16,
    /// The most it may hold of that suspicion, however often it speaks.
    pub evidence_max: u16,
}

/// All settings.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Settings {
    /// In the order of [`Code::ALL`].
    weights: [Weight; Code::ALL.len()],
}

impl Settings {
    /// How much a signal counts.
    pub const fn weight(&self, code: Code) -> Weight {
        self.weights[code as usize]
    }

    /// Changes how much a signal counts; one without points is switched off.
    pub const fn set_weight(&mut self, code: Code, weight: Weight) {
        self.weights[code as usize] = weight;
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            weights: [Weight::default(); Code::ALL.len()],
        }
    }
}

//! What marks teach: trees over features that can be explained, grown by gradient boosting, and what is said about them (R3.3).
//!
//! A model is trained on payments that people marked, in the order of their time. It gives a score, each feature's part in it, a card
//! that says what it is good for, and how far newer payments have drifted from those it learnt from. `docs/SCREENING.md` has the method.
//!
//! Versions, and which one is in use, are the caller's.
//!
//! Invariant: the same rows in any order give the same trees, and the same trees give the same scores on every machine, before and after
//! they were written to a file: sums are of integers, and what takes `exp` or `ln` takes those of [`number`].

mod card;
#[cfg(test)]
mod chance;
mod drift;
pub mod feature;
mod file;
mod grow;
pub mod measure;
mod number;
mod table;
#[cfg(test)]
mod tests;
mod tree;

pub use card::{HeldOut, Importance, ModelCard, NOT_FOR};
pub use drift::{Drift, Level, Moved};
pub use file::{FILE_BYTES_MAX, Unfit};
pub use grow::{Settings, Untrainable, train, train_with_card};
pub use table::{FEATURES_MAX, FeatureNames, NAME_CHARS_MAX, ROWS_MAX, Table, WrongRow};
pub use tree::{Contribution, Explained, MICRO, Model};

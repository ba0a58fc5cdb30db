//! What a model learns from: rows of features with their marks, in the order of their time.
//!
//! Invariant: each row is as wide as the list of names; what is not known is NaN, and so is what is no finite number.

use domain::Timestamp;

/// More rows than this are not learnt from at once: the newest will do.
pub const ROWS_MAX: usize = 1 << 23;
/// More features than this nobody explains.
pub const FEATURES_MAX: usize = 64;
/// Of a feature's name.
pub const NAME_CHARS_MAX: usize = 64;

/// The names of a row's features, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureNames(Vec<String>);

impl FeatureNames {
    /// At least one, at most [`FEATURES_MAX`]; each once, of small letters, digits and `_`.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let names: Vec<String> = names
            .into_iter()
            .take(FEATURES_MAX + 1)
            .map(str::to_owned)
            .collect();
        let is_name = |name: &String| {
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            (1..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(is_plain)
        };
        let is_list = (1..=FEATURES_MAX).contains(&names.len()) && names.iter().all(is_name);
        let is_once = names
            .iter()
            .enumerate()
            .all(|(at, name)| !names[..at].contains(name));
        (is_list && is_once).then_some(Self(names))
    }

    /// How many there are.
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The one at a place of the row.
    pub fn name(&self, at: usize) -> Option<&str> {
        self.0.get(at).map(String::as_str)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// Rows with their marks.
#[derive(Clone, Debug)]
pub struct Table {
    names: FeatureNames,
    values: Vec<f64>,
    marks: Vec<bool>,
    times: Vec<Timestamp>,
}

/// Why a row was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongRow {
    /// It is wider or narrower than the list of names.
    #[error("the row has {0} values")]
    Width(usize),
    /// It is older than the row before it.
    #[error("the row is older than the one before it")]
    Order,
    /// There are [`ROWS_MAX`].
    #[error("there are {ROWS_MAX} rows already")]
    Full,
}

impl Table {
    /// One without rows.
    pub const fn new(names: FeatureNames) -> Self {
        Self {
            names,
            values: Vec::new(),
            marks: Vec::new(),
            times: Vec::new(),
        }
    }

    /// Adds a row: whether the payment was marked as fraudulent, and its features.
    pub fn push(&mut self, at: Timestamp, is_fraud: bool, row: &[f64]) -> Result<(), WrongRow> {
        if row.len() != self.names.len() {
            return Err(WrongRow::Width(row.len()));
        }
        if self.times.last().is_some_and(|last| at < *last) {
            return Err(WrongRow::Order);
        }
        if self.marks.len() >= ROWS_MAX {
            return Err(WrongRow::Full);
        }
        self.values.extend(row.iter().map(|value| known(*value)));
        self.marks.push(is_fraud);
        self.times.push(at);
        Ok(())
    }

    /// The features' names.
    pub const fn names(&self) -> &FeatureNames {
        &self.names
    }

    /// How many rows.
    pub const fn len(&self) -> usize {
        self.marks.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// How many rows are marked as fraudulent.
    pub fn marked(&self) -> usize {
        self.marks.iter().filter(|mark| **mark).count()
    }

    /// The rows' marks.
    pub fn marks(&self) -> &[bool] {
        &self.marks
    }

    /// When the rows' payments were.
    pub fn times(&self) -> &[Timestamp] {
        &self.times
    }

    /// A row's features.
    pub fn row(&self, at: usize) -> &[f64] {
        let width = self.names.len();
        &self.values[at * width..(at + 1) * width]
    }

    /// All rows' features.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.names.len())
    }

    /// The rows before a place, and those from it.
    pub fn split_at(&self, at: usize) -> (Self, Self) {
        let at = at.min(self.len());
        let part = |range: std::ops::Range<usize>| Self {
            names: self.names.clone(),
            values: self.values[range.start * self.names.len()..range.end * self.names.len()].to_vec(),
            marks: self.marks[range.clone()].to_vec(),
            times: self.times[range].to_vec(),
        };
        (part(0..at), part(at..self.len()))
    }
}

/// A finite number as it is, with one zero; anything else is not known.
pub(super) fn known(value: f64) -> f64 {
    if value.is_finite() { value + 0.0 } else { f64::NAN }
}

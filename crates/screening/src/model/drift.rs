//! How far newer payments have moved away from those that a model learnt from: the population stability index, feature by feature.
//!
//! The rows learnt from are cut into ten parts of equal size by a feature, and one of rows that do not know it; the index is the sum of
//! (new share - old share) × ln(new share / old share). Below 0.1 it is usual to do nothing, from 0.25 to train anew.
//!
//! Invariant: an index of few rows is none.

use domain::setting::Language;
use domain::words;

use super::number;
use super::table::known;
use super::tree::Model;

/// Parts of the known values.
const PARTS: usize = 10;
/// So many new rows, at least, before anything is said.
const ROWS_MIN: u64 = 200;
/// From here a feature has shifted, and from there it is another; thousandths.
const SHIFTED_MILLI: u32 = 100;
const CHANGED_MILLI: u32 = 250;

words! {
    /// How far something has moved.
    pub enum Level {
        /// Too few rows to say.
        Unknown = "unknown",
        /// As it was.
        Stable = "stable",
        /// Noticeably; look at it.
        Shifted = "shifted",
        /// So far that the model should be trained anew.
        Changed = "changed",
    }
}

impl Level {
    const fn of(index_milli: u32) -> Self {
        match index_milli {
            ..SHIFTED_MILLI => Self::Stable,
            SHIFTED_MILLI..CHANGED_MILLI => Self::Shifted,
            _ => Self::Changed,
        }
    }

    /// The level in words.
    pub const fn text(self, language: Language) -> &'static str {
        let (zh, en) = match self {
            Self::Unknown => ("新的交易还太少，看不出变化", "too few new payments to say"),
            Self::Stable => ("与训练时一样", "as it was in training"),
            Self::Shifted => (
                "与训练时有变化，请查看",
                "has shifted since training; have a look",
            ),
            Self::Changed => (
                "与训练时很不一样，应重新训练",
                "has changed since training; train the model anew",
            ),
        };
        match language {
            Language::Chinese => zh,
            Language::English => en,
        }
    }
}

/// How a feature's values were spread in training.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spread {
    /// The largest value of each part but the last; rising.
    pub edges: Vec<f64>,
    /// How many rows were in each part; the first is of those that did not know it.
    pub rows: Vec<u32>,
}

impl Spread {
    /// Of the known values, rising, and how many rows do not know it.
    pub fn of((sorted, unknown): (&[f64], usize)) -> Self {
        let mut edges: Vec<f64> = (1..PARTS)
            .filter_map(|part| sorted.get(part * sorted.len() / PARTS).copied())
            .collect();
        edges.dedup();
        if edges.last() == sorted.last() {
            edges.pop();
        }
        let mut rows = vec![unknown as u32];
        let mut below = 0;
        for edge in edges.iter().map(Some).chain([None]) {
            let upto = edge.map_or(sorted.len(), |edge| sorted.partition_point(|value| value <= edge));
            rows.push((upto - below) as u32);
            below = upto;
        }
        Self { edges, rows }
    }

    fn part(&self, value: f64) -> usize {
        match known(value) {
            value if value.is_nan() => 0,
            value => self.edges.partition_point(|edge| *edge < value) + 1,
        }
    }
}

/// Counts newer rows for one model.
#[derive(Clone, Debug)]
pub struct Drift<'a> {
    model: &'a Model,
    seen: Vec<Vec<u64>>,
    rows: u64,
}

/// One feature's drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved<'a> {
    /// Which feature.
    pub name: &'a str,
    /// The population stability index, thousandths.
    pub index_milli: u32,
    /// What that means.
    pub level: Level,
}

impl<'a> Drift<'a> {
    /// Nothing seen yet.
    pub fn new(model: &'a Model) -> Self {
        let seen = model.spread.iter().map(|spread| vec![0; spread.rows.len()]);
        Self {
            model,
            seen: seen.collect(),
            rows: 0,
        }
    }

    /// Counts a row.
    pub fn observe(&mut self, row: &[f64]) {
        self.rows = self.rows.saturating_add(1);
        for (at, (spread, seen)) in self.model.spread.iter().zip(&mut self.seen).enumerate() {
            let part = spread.part(row.get(at).copied().unwrap_or(f64::NAN));
            if let Some(count) = seen.get_mut(part) {
                *count = count.saturating_add(1);
            }
        }
    }

    /// How many rows were counted.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Each feature's drift, in the order of the names.
    pub fn moved(&self) -> Vec<Moved<'a>> {
        let one = |((name, spread), seen): ((&'a str, &Spread), &Vec<u64>)| {
            let index_milli = index(&spread.rows, seen);
            let level = if self.rows < ROWS_MIN {
                Level::Unknown
            } else {
                Level::of(index_milli)
            };
            Moved {
                name,
                index_milli,
                level,
            }
        };
        let names = self.model.names.iter().zip(&self.model.spread);
        names.zip(&self.seen).map(one).collect()
    }
}

/// Half a row is added to every part, so that an empty one has a logarithm.
fn index(old: &[u32], new: &[u64]) -> u32 {
    let parts = old.len() as f64;
    let old_rows: f64 = old.iter().map(|rows| f64::from(*rows)).sum();
    let new_rows: f64 = new.iter().map(|rows| *rows as f64).sum();
    let index: f64 = old
        .iter()
        .zip(new)
        .map(|(old, new)| {
            let old = (f64::from(*old) + 0.5) / (old_rows + parts / 2.0);
            let new = (*new as f64 + 0.5) / (new_rows + parts / 2.0);
            (new - old) * number::ln(new / old)
        })
        .sum();
    (index * 1_000.0).round() as u32
}

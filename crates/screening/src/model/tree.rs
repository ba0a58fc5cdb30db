//! Trees, the score they give a row, and each feature's part in it.
//!
//! Invariant: what a node says is a whole number of millionths of log-odds, so sums come out the same in any order, and the parts of a
//! score add up to it exactly.

use super::card::ModelCard;
use super::grow::Settings;
use super::number;
use super::table::FeatureNames;

/// The unit of log-odds: a millionth.
pub const MICRO: i64 = 1_000_000;

/// A node of a tree: a question about one feature, or an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Node {
    /// Log-odds of what comes here, millionths; of a question the mean of its answers by rows.
    pub value: i64,
    /// How many of the rows learnt from came here.
    pub rows: u32,
    /// The question, if it is one.
    pub split: Option<Split>,
}

/// A question: is the feature at most this?
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Split {
    pub feature: u16,
    /// Finite.
    pub at_most: f64,
    /// Where rows go that do not know the feature.
    pub is_unknown_left: bool,
    /// The nodes of yes and no; both behind this one, so that every way ends.
    pub left: u16,
    pub right: u16,
}

/// A tree: its root is the first node.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tree {
    pub nodes: Vec<Node>,
}

impl Split {
    /// The node that a row goes to.
    pub const fn next(&self, value: f64) -> u16 {
        let is_left = if value.is_finite() {
            value <= self.at_most
        } else {
            self.is_unknown_left
        };
        if is_left { self.left } else { self.right }
    }
}

impl Tree {
    /// What the tree says of a row; each step to the next node is told with its feature.
    fn walk(&self, row: &[f64], mut step: impl FnMut(usize, i64)) -> i64 {
        let mut node = &self.nodes[0];
        while let Some(split) = &node.split {
            let feature = usize::from(split.feature);
            let value = row.get(feature).copied().unwrap_or(f64::NAN);
            let next = &self.nodes[usize::from(split.next(value))];
            step(feature, next.value - node.value);
            node = next;
        }
        node.value
    }
}

/// A trained model.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    pub(super) names: FeatureNames,
    pub(super) settings: Settings,
    /// Log-odds before any tree speaks, millionths.
    pub(super) base: i64,
    pub(super) trees: Vec<Tree>,
    /// Of each feature, how the rows learnt from were spread.
    pub(super) spread: Vec<super::drift::Spread>,
    pub(super) card: ModelCard,
}

/// One feature's part in a score.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution<'a> {
    /// Which feature.
    pub name: &'a str,
    /// Its value in the row; NaN when it is not known.
    pub value: f64,
    /// By how much it moved the log-odds, millionths; positive towards fraudulent.
    pub log_odds: i64,
    /// Its share of all that speaks for fraudulent, thousandths; 0 of what speaks against it.
    pub share: u16,
}

/// A score and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained<'a> {
    /// Log-odds of a row of which nothing is known but that it is one, millionths. With the contributions it adds up to [`Model::log_odds`].
    pub base: i64,
    /// Each feature's part, in the order of the names.
    pub contributions: Vec<Contribution<'a>>,
}

impl Model {
    /// Log-odds that the payment is fraudulent, millionths. A row shorter than the names does not know the rest.
    pub fn log_odds(&self, row: &[f64]) -> i64 {
        let said = self.trees.iter().map(|tree| tree.walk(row, |_, _| {}));
        self.base + said.sum::<i64>()
    }

    /// The same from 0 to 1,000: of a thousand such payments, how many are expected to be fraudulent.
    pub fn score(&self, row: &[f64]) -> u16 {
        let odds = self.log_odds(row) as f64 / MICRO as f64;
        (number::share(odds) * 1_000.0).round() as u16
    }

    /// Each feature's part in the score: the steps down each tree, to the feature that each step asks about.
    pub fn contributions(&self, row: &[f64]) -> Explained<'_> {
        let mut parts = vec![0_i64; self.names.len()];
        for tree in &self.trees {
            tree.walk(row, |feature, by| parts[feature] += by);
        }
        let roots = self.trees.iter().map(|tree| tree.nodes[0].value);
        let base = self.base + roots.sum::<i64>();
        let towards: i64 = parts.iter().filter(|part| **part > 0).sum();
        let contribution = |(at, name)| {
            let log_odds = parts[at];
            Contribution {
                name,
                value: row.get(at).copied().unwrap_or(f64::NAN),
                log_odds,
                share: (log_odds.max(0) * 1_000 / towards.max(1)) as u16,
            }
        };
        Explained {
            base,
            contributions: self.names.iter().enumerate().map(contribution).collect(),
        }
    }

    /// The features, in the order of a row.
    pub const fn names(&self) -> &FeatureNames {
        &self.names
    }

    /// What it was trained with.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What it is good for.
    pub const fn card(&self) -> &ModelCard {
        &self.card
    }
}

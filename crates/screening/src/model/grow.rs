//! Training: regression trees on the logistic loss, each grown on what the ones before it left unexplained.
//!
//! Per feature the values are put into bins by their ranks (all values their own bin, when there are few); a level of a tree is grown by
//! summing gradients per bin, for all nodes of the level in one pass. Sums are of integers: of 2^32nds for each row.
//!
//! Invariant: one thread, no randomness; the order of the rows does not matter to the trees.

use domain::Timestamp;

use super::card::{self, ModelCard};
use super::drift::Spread;
use super::measure::average_precision;
use super::number;
use super::table::{Table, known};
use super::tree::{MICRO, Model, Node, Split, Tree};

/// How a model is trained. The defaults are those of `docs/SCREENING.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How many trees, 1..=1,000.
    pub trees: u16,
    /// Questions on one way down a tree, 1..=6. More than three and nobody explains a score.
    pub depth: u8,
    /// How much of what a tree found is believed, thousandths, 1..=1,000.
    pub rate_milli: u16,
    /// At most so many bins per feature, 2..=65,535. With 256 rare amounts fall together, and precision is lost.
    pub bins: u16,
    /// By how much an answer is held back: as if so many thousandths of a row said nothing. 0..=1,000,000.
    pub l2_milli: u32,
    /// A node has at least so many thousandths of a row's weight (a row in doubt weighs a quarter). 0..=1,000,000.
    pub weight_min_milli: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            trees: 100,
            depth: 3,
            rate_milli: 100,
            bins: 8_192,
            l2_milli: 5_000,
            weight_min_milli: 1_000,
        }
    }
}

impl Settings {
    /// Whether each is within its bounds.
    pub fn is_sound(&self) -> bool {
        (1..=1_000).contains(&self.trees)
            && (1..=6).contains(&self.depth)
            && (1..=1_000).contains(&self.rate_milli)
            && self.bins >= 2
            && self.l2_milli <= 1_000_000
            && self.weight_min_milli <= 1_000_000
    }
}

/// Why nothing can be learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrainable {
    /// A setting is out of its bounds.
    #[error("a setting is out of its bounds")]
    Settings,
    /// Not one payment is marked as fraudulent, or every one.
    #[error("the payments are all marked alike")]
    OneKind,
}

/// Gradients are summed in units of this part of a row.
const GRAIN: f64 = 4_294_967_296.0;
/// No answer of one tree moves the log-odds by more, millionths.
const ANSWER_MAX: i64 = 10 * MICRO;
/// A tree of depth six.
pub(super) const NODES_MAX: usize = 127;
/// Of rows, how many are held out at the end to see how well what came before foretells them: one in five.
const HELD_OUT_PART: usize = 5;

/// Trains a model on all rows.
pub fn train(table: &Table, settings: &Settings, trained_at: Timestamp) -> Result<Model, Untrainable> {
    if !settings.is_sound() {
        return Err(Untrainable::Settings);
    }
    let marked = table.marked();
    if marked == 0 || marked == table.len() {
        return Err(Untrainable::OneKind);
    }
    let bins: Vec<Bins> = (0..table.names().len())
        .map(|feature| Bins::of(table, feature, usize::from(settings.bins)))
        .collect();
    let odds = marked as f64 / (table.len() - marked) as f64;
    let base = (number::ln(odds) * MICRO as f64).round() as i64;
    let mut growth = Growth::new(table, settings, &bins, base);
    let trees: Vec<Tree> = (0..settings.trees).map(|_| growth.tree()).collect();
    let spread = bins.iter().map(|bins| Spread::of(bins.values())).collect();
    Ok(Model {
        names: table.names().clone(),
        settings: *settings,
        base,
        trees,
        spread,
        card: ModelCard::new(table, trained_at, &growth.gains),
    })
}

/// The same; before that one is trained on the older four fifths, and what it says of the rest goes into the card.
pub fn train_with_card(
    table: &Table,
    settings: &Settings,
    trained_at: Timestamp,
) -> Result<Model, Untrainable> {
    let mut model = train(table, settings, trained_at)?;
    let (before, held_out) = table.split_at(table.len() - table.len() / HELD_OUT_PART);
    if let Ok(earlier) = train(&before, settings, trained_at) {
        let scores: Vec<i64> = held_out.rows().map(|row| earlier.log_odds(row)).collect();
        if let Some(precision) = average_precision(&scores, held_out.marks()) {
            model.card.held_out = Some(card::HeldOut::of(&held_out, precision));
        }
    }
    Ok(model)
}

/// One feature's values in bins.
struct Bins {
    /// The largest value of each bin but the last, which has none; rising.
    edges: Vec<f64>,
    /// Of each row its bin, from 1; 0 when its value is not known.
    rows: Vec<u16>,
    /// The known values, rising: what the spread is taken from.
    sorted: Vec<f64>,
    unknown: usize,
}

impl Bins {
    fn of(table: &Table, feature: usize, bins_max: usize) -> Self {
        let value = |row: &[f64]| known(row[feature]);
        let mut sorted: Vec<f64> = table.rows().map(value).filter(|value| !value.is_nan()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let mut edges = sorted.clone();
        edges.dedup();
        // 65,535 numbers, and one of them stands for not known.
        let bins_max = bins_max.min(usize::from(u16::MAX));
        if edges.len() > bins_max {
            edges = (1..=bins_max)
                .map(|nth| sorted[nth * sorted.len() / bins_max - 1])
                .collect();
            edges.dedup();
        }
        edges.pop();
        let bin = |value: f64| match value.is_nan() {
            true => 0,
            false => edges.partition_point(|edge| *edge < value) as u16 + 1,
        };
        let rows = table.rows().map(|row| bin(value(row))).collect();
        Self {
            rows,
            unknown: table.len() - sorted.len(),
            edges,
            sorted,
        }
    }

    fn values(&self) -> (&[f64], usize) {
        (&self.sorted, self.unknown)
    }
}

/// Gradients and their weights summed over rows, in [`GRAIN`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sum {
    gradient: i64,
    weight: i64,
    rows: u32,
}

impl Sum {
    const fn plus(self, other: Self) -> Self {
        Self {
            gradient: self.gradient + other.gradient,
            weight: self.weight + other.weight,
            rows: self.rows + other.rows,
        }
    }

    const fn minus(self, other: Self) -> Self {
        Self {
            gradient: self.gradient - other.gradient,
            weight: self.weight - other.weight,
            rows: self.rows - other.rows,
        }
    }
}

/// The best question found for a node.
#[derive(Clone, Copy)]
struct Found {
    gain: f64,
    feature: usize,
    bin: usize,
    is_unknown_left: bool,
    left: Sum,
}

/// A node while its tree grows.
#[derive(Clone, Copy)]
struct Growing {
    sum: Sum,
    split: Option<(Found, u16)>,
}

struct Growth<'a> {
    settings: &'a Settings,
    bins: &'a [Bins],
    marks: &'a [bool],
    /// Log-odds of each row so far.
    odds: Vec<i64>,
    /// Gradient and weight of each row.
    pulls: Vec<(i64, i64)>,
    /// The node that each row is in.
    places: Vec<u16>,
    /// By how much each feature made the loss smaller.
    gains: Vec<f64>,
    l2: f64,
    weight_min: i64,
}

impl<'a> Growth<'a> {
    fn new(table: &'a Table, settings: &'a Settings, bins: &'a [Bins], base: i64) -> Self {
        Self {
            settings,
            bins,
            marks: table.marks(),
            odds: vec![base; table.len()],
            pulls: vec![(0, 0); table.len()],
            places: vec![0; table.len()],
            gains: vec![0.0; bins.len()],
            l2: f64::from(settings.l2_milli) / 1_000.0,
            weight_min: (f64::from(settings.weight_min_milli) / 1_000.0 * GRAIN) as i64,
        }
    }

    /// Grows one more tree, and moves every row's log-odds by what it says.
    fn tree(&mut self) -> Tree {
        let mut root = Sum::default();
        for ((odds, mark), pull) in self.odds.iter().zip(self.marks).zip(&mut self.pulls) {
            let share = number::share(*odds as f64 / MICRO as f64);
            let gradient = share - if *mark { 1.0 } else { 0.0 };
            let weight = (share * (1.0 - share)).max(1e-9);
            *pull = ((gradient * GRAIN).round() as i64, (weight * GRAIN).round() as i64);
            root.gradient += pull.0;
            root.weight += pull.1;
            root.rows += 1;
        }
        self.places.fill(0);
        let mut nodes = vec![Growing {
            sum: root,
            split: None,
        }];
        let mut level = 0..1;
        for _ in 0..self.settings.depth {
            let found = self.questions(&nodes, level.clone());
            let next = nodes.len();
            for (node, found) in level.clone().zip(found) {
                let Some(found) = found else { continue };
                let first = nodes.len() as u16;
                let sum = nodes[node].sum;
                nodes[node].split = Some((found, first));
                self.gains[found.feature] += found.gain;
                for sum in [found.left, sum.minus(found.left)] {
                    nodes.push(Growing { sum, split: None });
                }
            }
            if nodes.len() == next {
                break;
            }
            self.descend(&nodes, level.start);
            level = next..nodes.len();
        }
        let tree = self.finished(&nodes);
        for (odds, place) in self.odds.iter_mut().zip(&self.places) {
            *odds += tree.nodes[usize::from(*place)].value;
        }
        tree
    }

    /// The best question for each node of a level.
    fn questions(&self, nodes: &[Growing], level: std::ops::Range<usize>) -> Vec<Option<Found>> {
        let mut best: Vec<Option<Found>> = vec![None; level.len()];
        let mut sums: Vec<Sum> = Vec::new();
        for (feature, bins) in self.bins.iter().enumerate() {
            if bins.edges.is_empty() && bins.unknown == 0 {
                continue;
            }
            let width = bins.edges.len() + 2;
            sums.clear();
            sums.resize(width * level.len(), Sum::default());
            for ((bin, place), pull) in bins.rows.iter().zip(&self.places).zip(&self.pulls) {
                let place = usize::from(*place);
                if place >= level.start {
                    let sum = &mut sums[(place - level.start) * width + usize::from(*bin)];
                    sum.gradient += pull.0;
                    sum.weight += pull.1;
                    sum.rows += 1;
                }
            }
            for (at, best) in best.iter_mut().enumerate() {
                let sums = &sums[at * width..(at + 1) * width];
                self.question(feature, nodes[level.start + at].sum, sums, best);
            }
        }
        best
    }

    /// The best question about one feature, if it beats what was found before.
    fn question(&self, feature: usize, node: Sum, sums: &[Sum], best: &mut Option<Found>) {
        let unknown = sums[0];
        let before = self.worth(node);
        let mut below = Sum::default();
        // The last bin has no edge: below it is everything that is known, which only parts known from unknown.
        for (bin, sum) in sums.iter().enumerate().skip(1) {
            if sum.rows == 0 {
                continue;
            }
            below = below.plus(*sum);
            for is_unknown_left in [true, false] {
                let left = if is_unknown_left {
                    below.plus(unknown)
                } else {
                    below
                };
                let right = node.minus(left);
                let is_small = |sum: Sum| sum.rows == 0 || sum.weight < self.weight_min;
                if is_small(left) || is_small(right) {
                    continue;
                }
                let gain = self.worth(left) + self.worth(right) - before;
                if gain > best.map_or(1e-9, |best| best.gain) {
                    *best = Some(Found {
                        gain,
                        feature,
                        bin,
                        is_unknown_left,
                        left,
                    });
                }
                if unknown.rows == 0 {
                    break;
                }
            }
        }
    }

    fn worth(&self, sum: Sum) -> f64 {
        let gradient = sum.gradient as f64 / GRAIN;
        gradient * gradient / (sum.weight as f64 / GRAIN + self.l2 + 1e-9)
    }

    /// Moves each row to the node that its answer leads to.
    fn descend(&mut self, nodes: &[Growing], from: usize) {
        for (row, place) in self.places.iter_mut().enumerate() {
            if usize::from(*place) < from {
                continue;
            }
            let Some((found, first)) = nodes[usize::from(*place)].split else {
                continue;
            };
            let bin = usize::from(self.bins[found.feature].rows[row]);
            let is_left = if bin == 0 {
                found.is_unknown_left
            } else {
                bin <= found.bin
            };
            *place = if is_left { first } else { first + 1 };
        }
    }

    fn finished(&self, growing: &[Growing]) -> Tree {
        debug_assert!(growing.len() <= NODES_MAX);
        let rate = f64::from(self.settings.rate_milli) / 1_000.0;
        let answer = |sum: Sum| {
            let (gradient, weight) = (sum.gradient as f64 / GRAIN, sum.weight as f64 / GRAIN);
            let answer = -gradient / (weight + self.l2 + 1e-9) * rate;
            ((answer * MICRO as f64).round() as i64).clamp(-ANSWER_MAX, ANSWER_MAX)
        };
        let mut nodes: Vec<Node> = growing
            .iter()
            .map(|node| Node {
                value: answer(node.sum),
                rows: node.sum.rows,
                split: node.split.map(|(found, first)| Split {
                    feature: found.feature as u16,
                    at_most: self.edge(&found),
                    is_unknown_left: found.is_unknown_left,
                    left: first,
                    right: first + 1,
                }),
            })
            .collect();
        // Behind a question come its answers: from the last to the first, each mean is of finished nodes.
        for at in (0..nodes.len()).rev() {
            if let Some(split) = nodes[at].split {
                let [left, right] = [split.left, split.right].map(|next| nodes[usize::from(next)]);
                let sum = left.value * i64::from(left.rows) + right.value * i64::from(right.rows);
                nodes[at].value = sum / i64::from(left.rows + right.rows).max(1);
            }
        }
        Tree { nodes }
    }

    /// Of the last bin, the largest number: all that is known is at most that.
    fn edge(&self, found: &Found) -> f64 {
        let edges = &self.bins[found.feature].edges;
        edges.get(found.bin - 1).copied().unwrap_or(f64::MAX)
    }
}

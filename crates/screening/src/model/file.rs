//! A model as a file: JSON that people can read, with thresholds as decimal texts, which come back to the last bit.
//!
//! Invariant: whatever the bytes, reading ends with a model or with an error, in memory bounded by the size of the file; in a model that was
//! read every way down a tree ends, and no sum overflows.

use domain::{Timestamp, hex};
use serde::{Deserialize, Serialize};

use super::card::{HeldOut, Importance, ModelCard};
use super::drift::Spread;
use super::grow::{NODES_MAX, Settings};
use super::table::{FeatureNames, ROWS_MAX};
use super::tree::{MICRO, Model, Node, Split, Tree};

/// A file is at most this long: a thousand trees of depth six.
pub const FILE_BYTES_MAX: usize = 16 << 20;
/// What this build writes and reads.
const FORMAT: u32 = 1;
/// Log-odds of a node or of the base, millionths: beyond is no share that anybody could count.
const VALUE_MAX: i64 = 64 * MICRO;
/// Parts of a feature's spread: ten, and one that is not known.
const PARTS_MAX: usize = 11;

/// Why a file gives no model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is longer than [`FILE_BYTES_MAX`].
    #[error("a model file has at most {FILE_BYTES_MAX} bytes")]
    TooLarge,
    /// It is no JSON, or has other fields than a model's.
    #[error("line {line}, column {column}: no model is written like this")]
    Malformed {
        /// From 1.
        line: usize,
        /// From 1; 0 at the start of a line.
        column: usize,
    },
    /// Another build wrote it.
    #[error("format {0}; this build reads {FORMAT}")]
    Format(u32),
    /// Something in it cannot be.
    #[error("{0} cannot be as it is written")]
    Unsound(&'static str),
    /// It was trained on other features than those of this build: train it anew.
    #[error(
        "trained on other features than this build computes (missing: {missing:?}; unknown: {unknown:?}; else their order differs): train it anew"
    )]
    OtherFeatures {
        /// What this build has, and the model does not.
        missing: Vec<String>,
        /// What the model has, and this build does not.
        unknown: Vec<String>,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    names: Vec<String>,
    settings: Settings,
    base: i64,
    spread: Vec<SpreadFile>,
    card: CardFile,
    trees: Vec<Vec<NodeFile>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NodeFile {
    value: i64,
    rows: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    split: Option<SplitFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SplitFile {
    feature: u16,
    at_most: String,
    unknown_left: bool,
    left: u16,
    right: u16,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpreadFile {
    edges: Vec<String>,
    rows: Vec<u32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CardFile {
    trained_at: i64,
    rows: u64,
    marked: u64,
    first_at: i64,
    last_at: i64,
    data_sha256: String,
    held_out: Option<HeldOutFile>,
    importance: Vec<(String, u16)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeldOutFile {
    rows: u64,
    marked: u64,
    average_precision_milli: u16,
}

impl Model {
    /// The model as a file. The same model gives the same bytes.
    pub fn write(&self) -> Vec<u8> {
        let card = &self.card;
        let file = File {
            format: FORMAT,
            names: self.names.iter().map(str::to_owned).collect(),
            settings: self.settings,
            base: self.base,
            spread: self.spread.iter().map(SpreadFile::of).collect(),
            card: CardFile {
                trained_at: card.trained_at.0,
                rows: card.rows,
                marked: card.marked,
                first_at: card.first_at.0,
                last_at: card.last_at.0,
                data_sha256: hex::of(&card.data_digest),
                held_out: card.held_out.map(|held_out| HeldOutFile {
                    rows: held_out.rows,
                    marked: held_out.marked,
                    average_precision_milli: held_out.average_precision_milli,
                }),
                importance: card
                    .importance
                    .iter()
                    .map(|part| (part.name.clone(), part.share_milli))
                    .collect(),
            },
            trees: self.trees.iter().map(written_tree).collect(),
        };
        // Texts and whole numbers: nothing of it can fail to be written.
        serde_json::to_vec(&file).unwrap_or_default()
    }

    /// Reads a model that is to see rows of these features.
    pub fn read(bytes: &[u8], expected: &FeatureNames) -> Result<Self, Unfit> {
        if bytes.len() > FILE_BYTES_MAX {
            return Err(Unfit::TooLarge);
        }
        let file: File = serde_json::from_slice(bytes).map_err(|error| Unfit::Malformed {
            line: error.line(),
            column: error.column(),
        })?;
        if file.format != FORMAT {
            return Err(Unfit::Format(file.format));
        }
        let names =
            FeatureNames::new(file.names.iter().map(String::as_str)).ok_or(Unfit::Unsound("names"))?;
        if names != *expected {
            let lacks = |of: &FeatureNames, from: &FeatureNames| {
                let missing = of.iter().filter(|name| from.iter().all(|other| other != *name));
                missing.map(str::to_owned).collect()
            };
            return Err(Unfit::OtherFeatures {
                missing: lacks(expected, &names),
                unknown: lacks(&names, expected),
            });
        }
        if !file.settings.is_sound() || file.trees.len() != usize::from(file.settings.trees) {
            return Err(Unfit::Unsound("settings"));
        }
        if file.base.abs() > VALUE_MAX {
            return Err(Unfit::Unsound("base"));
        }
        let tree = |nodes| tree_of(nodes, &names, file.settings.depth).ok_or(Unfit::Unsound("a tree"));
        let trees = file.trees.into_iter().map(tree).collect::<Result<Vec<_>, _>>()?;
        let spread = file.spread.into_iter().map(SpreadFile::read);
        let spread: Vec<Spread> = spread.collect::<Option<_>>().ok_or(Unfit::Unsound("a spread"))?;
        if spread.len() != names.len() {
            return Err(Unfit::Unsound("a spread"));
        }
        let card = card_of(file.card, &names).ok_or(Unfit::Unsound("the card"))?;
        Ok(Self {
            names,
            settings: file.settings,
            base: file.base,
            trees,
            spread,
            card,
        })
    }
}

impl SpreadFile {
    fn of(spread: &Spread) -> Self {
        Self {
            edges: spread.edges.iter().copied().map(decimal).collect(),
            rows: spread.rows.clone(),
        }
    }

    fn read(self) -> Option<Spread> {
        let edges: Vec<f64> = self
            .edges
            .iter()
            .map(|text| number(text))
            .collect::<Option<_>>()?;
        let is_rising = edges.windows(2).all(|pair| pair[0] < pair[1]);
        let is_bounded = self.rows.iter().all(|rows| *rows as usize <= ROWS_MAX);
        let is_sound =
            is_rising && is_bounded && self.rows.len() == edges.len() + 2 && self.rows.len() <= PARTS_MAX;
        is_sound.then_some(Spread {
            edges,
            rows: self.rows,
        })
    }
}

/// The shortest decimal that is read back as the same number.
fn decimal(value: f64) -> String {
    format!("{value:?}")
}

/// The shortest decimal of a double has at most 24 characters.
fn number(text: &str) -> Option<f64> {
    let value = (text.len() <= 32).then(|| text.parse::<f64>().ok())??;
    value.is_finite().then_some(value)
}

fn written_tree(tree: &Tree) -> Vec<NodeFile> {
    let node = |node: &Node| NodeFile {
        value: node.value,
        rows: node.rows,
        split: node.split.map(|split| SplitFile {
            feature: split.feature,
            at_most: decimal(split.at_most),
            unknown_left: split.is_unknown_left,
            left: split.left,
            right: split.right,
        }),
    };
    tree.nodes.iter().map(node).collect()
}

/// A tree whose nodes are all reached, each in one way, none deeper than the settings say.
fn tree_of(nodes: Vec<NodeFile>, names: &FeatureNames, depth_max: u8) -> Option<Tree> {
    if !(1..=NODES_MAX).contains(&nodes.len()) {
        return None;
    }
    let mut depths: Vec<Option<u8>> = vec![None; nodes.len()];
    depths[0] = Some(0);
    let mut tree = Tree {
        nodes: Vec::with_capacity(nodes.len()),
    };
    for (at, node) in nodes.into_iter().enumerate() {
        // Answers stand behind their question: one that nobody has led to yet, nobody will.
        let depth = depths[at]?;
        if node.value.abs() > VALUE_MAX || node.rows as usize > ROWS_MAX {
            return None;
        }
        let split = match node.split {
            None => None,
            Some(split) => {
                for next in [split.left, split.right].map(usize::from) {
                    let place = depths.get_mut(next).filter(|_| next > at)?;
                    if place.is_some() || depth >= depth_max {
                        return None;
                    }
                    *place = Some(depth + 1);
                }
                names.name(usize::from(split.feature))?;
                Some(Split {
                    feature: split.feature,
                    at_most: number(&split.at_most)?,
                    is_unknown_left: split.unknown_left,
                    left: split.left,
                    right: split.right,
                })
            }
        };
        tree.nodes.push(Node {
            value: node.value,
            rows: node.rows,
            split,
        });
    }
    Some(tree)
}

fn card_of(card: CardFile, names: &FeatureNames) -> Option<ModelCard> {
    let is_count = |rows: u64, marked: u64| rows <= ROWS_MAX as u64 && marked <= rows;
    let mut data_digest = [0; 32];
    hex::into(&card.data_sha256, &mut data_digest)?;
    let held_out = card.held_out.map(|held_out| HeldOut {
        rows: held_out.rows,
        marked: held_out.marked,
        average_precision_milli: held_out.average_precision_milli,
    });
    let is_precise = held_out.is_none_or(|held_out| {
        is_count(held_out.rows, held_out.marked) && held_out.average_precision_milli <= 1_000
    });
    let is_named = |(name, share): &(String, u16)| *share <= 1_000 && names.iter().any(|known| known == name);
    let is_sound = is_count(card.rows, card.marked)
        && is_precise
        && card.importance.len() == names.len()
        && card.importance.iter().all(is_named);
    is_sound.then(|| ModelCard {
        trained_at: Timestamp(card.trained_at),
        rows: card.rows,
        marked: card.marked,
        first_at: Timestamp(card.first_at),
        last_at: Timestamp(card.last_at),
        data_digest,
        held_out,
        importance: card
            .importance
            .into_iter()
            .map(|(name, share_milli)| Importance { name, share_milli })
            .collect(),
    })
}

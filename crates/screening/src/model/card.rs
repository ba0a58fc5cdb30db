//! A model's card: what it learnt from, how well it foretells, which features carry it, and what it must not be used for.
//!
//! Invariant: nothing in it is about a person, a card or a terminal.

use std::fmt::Write;

use domain::Timestamp;
use domain::setting::Language;
use sha2::{Digest, Sha256};

use super::feature;
use super::table::Table;
use super::tree::Model;

/// What a model's card says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelCard {
    /// When it was trained.
    pub trained_at: Timestamp,
    /// On how many payments.
    pub rows: u64,
    /// How many of them were marked as fraudulent.
    pub marked: u64,
    /// When the first of them was.
    pub first_at: Timestamp,
    /// When the last was.
    pub last_at: Timestamp,
    /// SHA-256 over names, times, features and marks: the same data or not.
    pub data_digest: [u8; 32],
    /// How well one trained on the older four fifths foretells the last fifth; `None` when one of the two parts has no fraud.
    pub held_out: Option<HeldOut>,
    /// Each feature's part in what was learnt, the weightiest first.
    pub importance: Vec<Importance>,
}

/// What the last fifth says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldOut {
    /// How many payments.
    pub rows: u64,
    /// How many of them are marked as fraudulent.
    pub marked: u64,
    /// Precision averaged over all frauds, thousandths. Chance gives `marked` in `rows`.
    pub average_precision_milli: u16,
}

/// A feature's part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Importance {
    /// Which feature.
    pub name: String,
    /// Its share of all that made the loss smaller, thousandths.
    pub share_milli: u16,
}

/// What a model must not be used for, in both languages.
pub const NOT_FOR: [(&str, &str); 4] = [
    (
        "不得单凭分数拒绝交易、冻结资金或停用终端：分数只决定先看什么，由人判断。",
        "Never to decline a payment, keep back money or stop a terminal by a score alone: it says what to look at first, and people decide.",
    ),
    (
        "不得用来判断持卡人、付款人或操作员是什么样的人：它只看交易。",
        "Never to judge card holders, payers or operators as people: it looks at payments.",
    ),
    (
        "不得用于与训练数据不同的商户、币种或国家，除非重新训练。",
        "Never for merchants, currencies or countries that it did not learn from, unless trained anew.",
    ),
    (
        "标记来自人；有人学会避开标记过的手法，它就看不见。没有高分不等于没有问题。",
        "Its marks are people's: what nobody has marked yet it does not see. A low score clears nothing.",
    ),
];

impl HeldOut {
    pub(super) fn of(rows: &Table, average_precision: f64) -> Self {
        Self {
            rows: rows.len() as u64,
            marked: rows.marked() as u64,
            average_precision_milli: (average_precision * 1_000.0).round() as u16,
        }
    }
}

impl ModelCard {
    pub(super) fn new(table: &Table, trained_at: Timestamp, gains: &[f64]) -> Self {
        let all: f64 = gains.iter().sum();
        let share = |gain: &f64| if all > 0.0 { gain / all } else { 0.0 };
        let mut importance: Vec<Importance> = table
            .names()
            .iter()
            .zip(gains)
            .map(|(name, gain)| Importance {
                name: name.to_owned(),
                share_milli: (share(gain) * 1_000.0).round() as u16,
            })
            .collect();
        importance.sort_by(|one, other| {
            let by_share = other.share_milli.cmp(&one.share_milli);
            by_share.then_with(|| one.name.cmp(&other.name))
        });
        let time = |at: Option<&Timestamp>| at.copied().unwrap_or(Timestamp(0));
        Self {
            trained_at,
            rows: table.len() as u64,
            marked: table.marked() as u64,
            first_at: time(table.times().first()),
            last_at: time(table.times().last()),
            data_digest: digest(table),
            held_out: None,
            importance,
        }
    }
}

/// The digest of a file, for tests that pin one.
#[cfg(test)]
pub(super) fn sha256(bytes: &[u8]) -> String {
    domain::hex::of(&Sha256::digest(bytes))
}

fn digest(table: &Table) -> [u8; 32] {
    let mut hash = Sha256::new();
    for name in table.names().iter() {
        hash.update(name.as_bytes());
        hash.update([0]);
    }
    for ((row, mark), at) in table.rows().zip(table.marks()).zip(table.times()) {
        hash.update(at.0.to_le_bytes());
        hash.update([u8::from(*mark)]);
        for value in row {
            // Every NaN is the same one here.
            let bits = if value.is_nan() { u64::MAX } else { value.to_bits() };
            hash.update(bits.to_le_bytes());
        }
    }
    hash.finalize().into()
}

impl Model {
    /// The card as Markdown. Times are written by the caller, who knows the reader's zone.
    pub fn card_markdown(&self, language: Language, time: impl Fn(Timestamp) -> String) -> String {
        let card = self.card();
        let mut text = String::new();
        let is_zh = language == Language::Chinese;
        let pick = |zh: &'static str, en: &'static str| if is_zh { zh } else { en };
        let mut line = |said: std::fmt::Arguments<'_>| {
            // A string takes all that is written to it.
            let _ = text.write_fmt(said);
            text.push('\n');
        };
        line(format_args!("# {}\n", pick("模型说明", "Model card")));
        line(format_args!("| | |\n|---|---|"));
        line(format_args!(
            "| {} | {} |",
            pick("训练时间", "Trained"),
            time(card.trained_at)
        ));
        line(format_args!(
            "| {} | {} |",
            pick("交易笔数", "Payments"),
            card.rows
        ));
        line(format_args!(
            "| {} | {} |",
            pick("其中标记为可疑欺诈", "Marked as fraudulent"),
            card.marked
        ));
        let (first, last) = (time(card.first_at), time(card.last_at));
        line(format_args!(
            "| {} | {first} – {last} |",
            pick("交易时间", "Between")
        ));
        let held_out = match card.held_out {
            Some(held_out) => {
                let (rows, marked) = (held_out.rows, held_out.marked);
                let precision = f64::from(held_out.average_precision_milli) / 1_000.0;
                let chance = marked as f64 / rows as f64;
                match language {
                    Language::Chinese => {
                        format!("{precision:.3}（{rows} 笔，其中 {marked} 笔标记；碰运气是 {chance:.3}）")
                    }
                    Language::English => {
                        format!("{precision:.3} ({rows} payments, {marked} marked; chance gives {chance:.3})")
                    }
                }
            }
            None => pick("标记太少，无法检验", "too few marks to say").to_owned(),
        };
        line(format_args!(
            "| {} | {held_out} |",
            pick("最后五分之一的平均精度", "Average precision on the last fifth")
        ));
        let settings = self.settings();
        line(format_args!(
            "| {} | trees {}, depth {}, rate {}‰, bins {}, l2 {}‰, weight {}‰ |",
            pick("设置", "Settings"),
            settings.trees,
            settings.depth,
            settings.rate_milli,
            settings.bins,
            settings.l2_milli,
            settings.weight_min_milli
        ));
        line(format_args!(
            "| {} | `{}` |\n",
            pick("数据摘要（SHA-256）", "Digest of the data (SHA-256)"),
            domain::hex::of(&card.data_digest)
        ));
        line(format_args!("## {}\n", pick("看什么", "What it looks at")));
        line(format_args!("| {} | ‰ |\n|---|---|", pick("特征", "Feature")));
        for Importance { name, share_milli } in &card.importance {
            let title = feature::title(name, language).unwrap_or(name);
            line(format_args!("| {title} | {share_milli} |"));
        }
        line(format_args!(
            "\n## {}\n",
            pick("不得用于", "What it must not be used for")
        ));
        for (zh, en) in NOT_FOR {
            line(format_args!("- {}", pick(zh, en)));
        }
        text
    }
}

//! The twelve features of a payment that a model of ours looks at, computed as the payments come, in the order of their time.
//!
//! Six are of the card against its own past, five of what people have marked at the terminal, one is the amount. Each can be said in a
//! sentence. A payment is *settled* when it is known what it was: by a mark, or because [`SETTLED_AFTER_DAYS`] have passed without one.
//!
//! Invariant: bounded. Of a card the last [`CARD_PAYMENTS_MAX`] payments are kept, of a terminal [`FRAUDS_MAX`] marked times; of both as
//! many as the caller allows, those forgotten first that were seen longest ago. What is not known is NaN.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::Timestamp;
use domain::setting::Language;

use crate::payment::Key;

use super::table::FeatureNames;

/// How many features.
pub const FEATURES: usize = 12;
/// A payment that nobody has marked in so many days counts as genuine.
pub const SETTLED_AFTER_DAYS: i64 = 7;
/// Payments of a card that its median is taken from.
pub const CARD_PAYMENTS_MAX: usize = 256;
/// Marked times of a terminal that are kept.
pub const FRAUDS_MAX: usize = 64;

const DAY_MS: i64 = 86_400_000;
/// What is recent about a card.
const CARD_DAYS: i64 = 14;
/// What is recent about a terminal.
const TERMINAL_DAYS: i64 = 28;
/// A card's own median says something from so many payments on.
const PAYMENTS_MIN: usize = 3;
/// So many robust standard deviations above the card's median are high.
const HIGH_Z: f64 = 3.0;
/// The median of distances from the median, of normal numbers, is this part of their standard deviation: its reciprocal.
const MAD_TO_DEVIATION: f64 = 1.4826;

/// Code, Chinese, English; in the order of a row.
const TITLES: [(&str, &str, &str); FEATURES] = [
    ("amount", "金额", "Amount"),
    ("card_ratio", "金额是这张卡中位数的几倍", "Amount against the card's median"),
    ("card_z", "金额偏离这张卡平时的程度", "Distance from what is usual for the card"),
    ("card_high_14d", "这张卡 14 天内的高额笔数", "The card's high amounts in 14 days"),
    ("card_max_14d", "这张卡 14 天内最高是中位数的几倍", "The card's highest in 14 days against its median"),
    ("card_days_since_high", "这张卡距上一笔高额的天数", "Days since the card's last high amount"),
    ("card_payments_14d", "这张卡 14 天内的笔数", "The card's payments in 14 days"),
    ("terminal_run", "这台终端连续被标记的笔数", "Marked payments in a row at the terminal"),
    ("terminal_run_days", "这台终端连续被标记已有几天", "Days since that row began"),
    ("terminal_clean_days", "这台终端距上一笔正常交易的天数", "Days since the terminal's last genuine payment"),
    ("terminal_frauds_28d", "这台终端 28 天内被标记的笔数", "Marked payments of the terminal in 28 days"),
    ("terminal_payments_28d", "这台终端 28 天内已有结论的笔数", "Settled payments of the terminal in 28 days"),
];

/// The names, as a model that sees these rows must have them.
pub fn names() -> FeatureNames {
    // Twelve different names of small letters: the list is one.
    FeatureNames::new(TITLES.iter().map(|(code, ..)| *code)).unwrap_or_else(|| unreachable!("they are names"))
}

/// A feature in words.
pub fn title(name: &str, language: Language) -> Option<&'static str> {
    let (_, zh, en) = TITLES.iter().find(|(code, ..)| *code == name)?;
    Some(match language {
        Language::Chinese => zh,
        Language::English => en,
    })
}

/// A payment as the features see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paid {
    /// When.
    pub at: Timestamp,
    /// Minor units, all of one currency.
    pub amount_minor: i64,
    /// Which terminal.
    pub terminal: Key,
    /// Which card or payer, if the source says it.
    pub card: Option<Key>,
}

/// What is known of an earlier payment of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// When it was paid.
    pub at: Timestamp,
    /// At which terminal.
    pub terminal: Key,
    /// Marked as fraudulent, or genuine.
    pub is_fraud: bool,
}

/// The past that the features are computed from.
#[derive(Clone, Debug)]
pub struct Features {
    cards: Kept<Card>,
    terminals: Kept<Terminal>,
}

/// Things by their key, at most so many.
#[derive(Clone, Debug)]
struct Kept<T> {
    by_key: BTreeMap<Key, (Timestamp, T)>,
    by_time: BTreeSet<(Timestamp, Key)>,
    max: usize,
}

impl<T: Default> Kept<T> {
    const fn new(max: usize) -> Self {
        Self {
            by_key: BTreeMap::new(),
            by_time: BTreeSet::new(),
            max,
        }
    }

    fn get(&self, key: Key) -> Option<&T> {
        self.by_key.get(&key).map(|(_, thing)| thing)
    }

    /// The thing of a key, which is seen now; what was seen longest ago makes room for it.
    fn seen(&mut self, key: Key, at: Timestamp) -> &mut T {
        if !self.by_key.contains_key(&key)
            && self.by_key.len() >= self.max
            && let Some((_, oldest)) = self.by_time.pop_first()
        {
            self.by_key.remove(&oldest);
        }
        let (last, thing) = self.by_key.entry(key).or_insert_with(|| (at, T::default()));
        self.by_time.remove(&(*last, key));
        *last = at.max(*last);
        self.by_time.insert((*last, key));
        thing
    }
}

/// A card's own past.
#[derive(Clone, Debug, Default)]
struct Card {
    /// In the order they came: when, the amount, how many times the median, whether it was high.
    payments: VecDeque<(Timestamp, i64, f64, bool)>,
    /// The same amounts, rising.
    sorted: Vec<i64>,
}

/// A terminal's marks.
#[derive(Clone, Debug, Default)]
struct Terminal {
    /// Marked in a row, up to the last settled payment.
    run: u32,
    run_began: Option<Timestamp>,
    last_genuine: Option<Timestamp>,
    frauds: VecDeque<Timestamp>,
    /// Settled payments by day: the day's number and how many.
    days: VecDeque<(i64, u32)>,
}

impl Card {
    fn median(&self) -> Option<f64> {
        let sorted = &self.sorted;
        (sorted.len() >= PAYMENTS_MIN).then(|| {
            let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
            (low as f64 + high as f64) / 2.0
        })
    }

    /// The median of the distances from the median: walks outwards from the middle until half of them are passed.
    fn deviation(&self, median: f64) -> f64 {
        let mut right = self.sorted.partition_point(|amount| (*amount as f64) < median);
        let mut left = right;
        let mut distance = 0.0;
        for _ in 0..=self.sorted.len() / 2 {
            let low = left.checked_sub(1).map(|at| median - self.sorted[at] as f64);
            let high = self.sorted.get(right).map(|amount| *amount as f64 - median);
            match (low, high) {
                (Some(low), high) if high.is_none_or(|high| low < high) => {
                    distance = low;
                    left -= 1;
                }
                (_, Some(high)) => {
                    distance = high;
                    right += 1;
                }
                _ => break,
            }
        }
        // A card that always pays the same still may pay a little more.
        (distance * MAD_TO_DEVIATION).max(median.abs() / 20.0).max(1.0)
    }

    /// How many times its median an amount is, and how many deviations above.
    fn compare(&self, amount_minor: i64) -> (f64, f64) {
        let Some(median) = self.median() else {
            return (f64::NAN, f64::NAN);
        };
        let amount = amount_minor as f64;
        (amount / median.max(1.0), (amount - median) / self.deviation(median))
    }

    fn observe(&mut self, paid: &Paid) {
        let (ratio, z) = self.compare(paid.amount_minor);
        if self.payments.len() >= CARD_PAYMENTS_MAX
            && let Some((_, oldest, ..)) = self.payments.pop_front()
            && let Ok(at) = self.sorted.binary_search(&oldest)
        {
            self.sorted.remove(at);
        }
        let at = self.sorted.partition_point(|amount| *amount < paid.amount_minor);
        self.sorted.insert(at, paid.amount_minor);
        self.payments
            .push_back((paid.at, paid.amount_minor, ratio, z >= HIGH_Z));
    }
}

impl Terminal {
    fn settle(&mut self, settled: &Settled) {
        let day = settled.at.0.div_euclid(DAY_MS);
        match self.days.back_mut() {
            Some((last, count)) if *last >= day => *count = count.saturating_add(1),
            _ => self.days.push_back((day, 1)),
        }
        while self.days.front().is_some_and(|(first, _)| day - first > TERMINAL_DAYS) {
            self.days.pop_front();
        }
        if !settled.is_fraud {
            self.run = 0;
            self.run_began = None;
            self.last_genuine = self.last_genuine.max(Some(settled.at));
            return;
        }
        self.run = self.run.saturating_add(1);
        self.run_began.get_or_insert(settled.at);
        if self.frauds.len() >= FRAUDS_MAX {
            self.frauds.pop_front();
        }
        self.frauds.push_back(settled.at);
    }
}

fn days_between(earlier: Timestamp, later: Timestamp) -> f64 {
    later.0.saturating_sub(earlier.0) as f64 / DAY_MS as f64
}

impl Features {
    /// Nothing seen yet; at most so many cards and terminals are kept.
    pub const fn new(cards_max: usize, terminals_max: usize) -> Self {
        Self {
            cards: Kept::new(cards_max),
            terminals: Kept::new(terminals_max),
        }
    }

    /// The features of a payment, before it is observed.
    pub fn row(&self, paid: &Paid) -> [f64; FEATURES] {
        let mut row = [f64::NAN; FEATURES];
        row[0] = paid.amount_minor as f64;
        if let Some(card) = paid.card.and_then(|card| self.cards.get(card)) {
            (row[1], row[2]) = card.compare(paid.amount_minor);
            let (mut high, mut payments, mut max) = (0_u32, 0_u32, f64::NAN);
            let recent = card.payments.iter().rev();
            for (at, _, ratio, is_high) in recent {
                let days = days_between(*at, paid.at);
                if *is_high && row[5].is_nan() {
                    row[5] = days;
                }
                if days > CARD_DAYS as f64 {
                    if !row[5].is_nan() {
                        break;
                    }
                    continue;
                }
                payments += 1;
                high += u32::from(*is_high);
                max = ratio.max(max);
            }
            row[3] = f64::from(high);
            row[4] = max;
            row[6] = f64::from(payments);
        }
        if let Some(terminal) = self.terminals.get(paid.terminal) {
            let since = |at: Option<Timestamp>| at.map_or(f64::NAN, |at| days_between(at, paid.at));
            row[7] = f64::from(terminal.run);
            row[8] = since(terminal.run_began);
            row[9] = since(terminal.last_genuine);
            let is_recent = |at: &&Timestamp| days_between(**at, paid.at) <= TERMINAL_DAYS as f64;
            row[10] = terminal.frauds.iter().filter(is_recent).count() as f64;
            let today = paid.at.0.div_euclid(DAY_MS);
            let recent = terminal.days.iter().filter(|(day, _)| today - day <= TERMINAL_DAYS);
            row[11] = recent.map(|(_, count)| f64::from(*count)).sum();
        }
        row
    }

    /// Takes a payment into its card's past.
    pub fn observe(&mut self, paid: &Paid) {
        if let Some(card) = paid.card {
            self.cards.seen(card, paid.at).observe(paid);
        }
    }

    /// Takes what is known of an earlier payment into its terminal's past. In the order of the payments, as far as that can be had.
    pub fn settle(&mut self, settled: &Settled) {
        self.terminals.seen(settled.terminal, settled.at).settle(settled);
    }
}

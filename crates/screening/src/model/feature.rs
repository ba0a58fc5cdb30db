//! The twelve features of a payment that a model of ours looks at, computed as the payments come, in the order of their time.
//!
//! Six are of the card against its own past, five of what people have marked at the terminal, one is the amount. Each can be said in a
//! sentence. A payment is *settled* when it is known what it was: by a mark, or because [`SETTLED_AFTER_DAYS`] have passed without one.
//!
//! Invariant: bounded. Of a card the last [`CARD_PAYMENTS_MAX`] payments are kept, of a terminal [`FRAUDS_MAX`] marked times; of both as
//! many as the caller allows, those forgotten first that were seen longest ago. What is not known is NaN.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::Timestamp;
use domain::money::Currency;
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
    (
        "card_ratio",
        "金额是这张卡中位数的几倍",
        "Amount against the card's median",
    ),
    (
        "card_z",
        "金额偏离这张卡平时的程度",
        "Distance from what is usual for the card",
    ),
    (
        "card_high_14d",
        "这张卡 14 天内的高额笔数",
        "The card's high amounts in 14 days",
    ),
    (
        "card_max_14d",
        "这张卡 14 天内最高是中位数的几倍",
        "The card's highest in 14 days against its median",
    ),
    (
        "card_days_since_high",
        "这张卡距上一笔高额的天数",
        "Days since the card's last high amount",
    ),
    (
        "card_payments_14d",
        "这张卡 14 天内的笔数",
        "The card's payments in 14 days",
    ),
    (
        "terminal_run",
        "这台终端连续被标记的笔数",
        "Marked payments in a row at the terminal",
    ),
    (
        "terminal_run_days",
        "这台终端连续被标记已有几天",
        "Days since the terminal's row of marks began",
    ),
    (
        "terminal_clean_days",
        "这台终端距上一笔正常交易的天数",
        "Days since the terminal's last genuine payment",
    ),
    (
        "terminal_frauds_28d",
        "这台终端 28 天内被标记的笔数",
        "Marked payments of the terminal in 28 days",
    ),
    (
        "terminal_payments_28d",
        "这台终端 28 天内已有结论的笔数",
        "Settled payments of the terminal in 28 days",
    ),
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

/// A feature's value in words, as a reason says it; where it is not known, that.
pub fn text(name: &str, value: f64, currency: Currency, language: Language) -> Option<String> {
    let title = title(name, language)?;
    let is_zh = language == Language::Chinese;
    let pick = |zh: String, en: String| if is_zh { zh } else { en };
    if !value.is_finite() {
        return Some(pick(format!("{title}：不详"), format!("{title}: not known")));
    }
    Some(match name {
        "amount" => format!("{title} {}", currency.amount(value as i64)),
        "card_ratio" => pick(
            format!("是这张卡中位数的 {value:.1} 倍"),
            format!("{value:.1} × the median of this card"),
        ),
        "card_max_14d" => pick(
            format!("这张卡 14 天内最高是中位数的 {value:.1} 倍"),
            format!("The card's highest in 14 days: {value:.1} × its median"),
        ),
        "card_z" | "card_days_since_high" | "terminal_run_days" | "terminal_clean_days" => {
            pick(format!("{title}：{value:.1}"), format!("{title}: {value:.1}"))
        }
        // Counts.
        _ => pick(format!("{title}：{value:.0}"), format!("{title}: {value:.0}")),
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
        (
            amount / median.max(1.0),
            (amount - median) / self.deviation(median),
        )
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
        while self
            .days
            .front()
            .is_some_and(|(first, _)| day - first > TERMINAL_DAYS)
        {
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
            let recent = terminal
                .days
                .iter()
                .filter(|(day, _)| today - day <= TERMINAL_DAYS);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TERMINAL: Key = Key(7);

    fn day(days: i64) -> Timestamp {
        Timestamp(days * DAY_MS)
    }

    fn paid(days: i64, amount_minor: i64) -> Paid {
        Paid {
            at: day(days),
            amount_minor,
            terminal: TERMINAL,
            card: Some(Key(1)),
        }
    }

    fn settled(days: i64, is_fraud: bool) -> Settled {
        Settled {
            at: day(days),
            terminal: TERMINAL,
            is_fraud,
        }
    }

    fn value(row: &[f64; FEATURES], name: &str) -> f64 {
        let at = TITLES.iter().position(|(code, ..)| *code == name);
        row[at.expect("a feature")]
    }

    #[test]
    fn each_has_a_name_and_a_title_in_both_languages() {
        assert_eq!(names().len(), FEATURES);
        for name in names().iter() {
            assert_ne!(title(name, Language::Chinese), title(name, Language::English));
        }
        assert_eq!(title("hour", Language::English), None);
        let document = include_str!("../../../../docs/SCREENING.md");
        assert!(
            names()
                .iter()
                .all(|name| document.contains(&format!("| `{name}` |")))
        );
    }

    #[test]
    fn a_value_is_said_with_its_number_or_as_not_known() {
        let said = |name, value, language| text(name, value, Currency::CNY, language).expect("a feature");
        let table = [
            ("amount", 123_456.0, "金额 CNY 1234.56", "Amount CNY 1234.56"),
            (
                "card_ratio",
                3.24,
                "是这张卡中位数的 3.2 倍",
                "3.2 × the median of this card",
            ),
            (
                "terminal_run",
                4.0,
                "这台终端连续被标记的笔数：4",
                "Marked payments in a row at the terminal: 4",
            ),
            (
                "terminal_run_days",
                f64::NAN,
                "这台终端连续被标记已有几天：不详",
                "Days since the terminal's row of marks began: not known",
            ),
        ];
        for (name, value, zh, en) in table {
            assert_eq!(said(name, value, Language::Chinese), zh);
            assert_eq!(said(name, value, Language::English), en);
        }
        assert_eq!(text("hour", 1.0, Currency::CNY, Language::English), None);
        for name in names().iter() {
            assert_ne!(
                said(name, 1.0, Language::Chinese),
                said(name, 1.0, Language::English)
            );
        }
    }

    #[test]
    fn nothing_is_known_of_a_card_and_a_terminal_never_seen_but_the_amount() {
        let row = Features::new(10, 10).row(&paid(0, 500));
        assert_eq!(row[0], 500.0);
        assert!(row[1..].iter().all(|value| value.is_nan()));
    }

    #[test]
    fn a_card_is_compared_with_its_own_past() {
        let mut features = Features::new(10, 10);
        for (nth, amount) in [900, 1_000, 1_100, 1_000, 5_000].into_iter().enumerate() {
            features.observe(&paid(nth as i64, amount));
        }
        let row = features.row(&paid(10, 3_000));
        assert_eq!(value(&row, "card_ratio"), 3.0);
        // Distances from 1,000: 0, 0, 100, 100, 4,000; their median is 100.
        assert_eq!(value(&row, "card_z"), 2_000.0 / (100.0 * MAD_TO_DEVIATION));
        assert_eq!(value(&row, "card_high_14d"), 1.0);
        assert_eq!(value(&row, "card_max_14d"), 5.0);
        assert_eq!(value(&row, "card_days_since_high"), 6.0);
        assert_eq!(value(&row, "card_payments_14d"), 5.0);
        let later = features.row(&paid(30, 1_000));
        assert_eq!(value(&later, "card_high_14d"), 0.0);
        assert_eq!(value(&later, "card_payments_14d"), 0.0);
        assert!(value(&later, "card_max_14d").is_nan());
        assert_eq!(value(&later, "card_days_since_high"), 26.0);
        let other = Paid {
            card: None,
            ..paid(30, 1_000)
        };
        assert!(value(&features.row(&other), "card_ratio").is_nan());
    }

    #[test]
    fn a_terminal_has_its_run_of_marks() {
        let mut features = Features::new(10, 10);
        for (days, is_fraud) in [(1, true), (2, false), (3, true), (4, true), (5, true)] {
            features.settle(&settled(days, is_fraud));
        }
        let row = features.row(&paid(12, 100));
        assert_eq!(value(&row, "terminal_run"), 3.0);
        assert_eq!(value(&row, "terminal_run_days"), 9.0);
        assert_eq!(value(&row, "terminal_clean_days"), 10.0);
        assert_eq!(value(&row, "terminal_frauds_28d"), 4.0);
        assert_eq!(value(&row, "terminal_payments_28d"), 5.0);
        features.settle(&settled(6, false));
        let row = features.row(&paid(40, 100));
        assert_eq!(value(&row, "terminal_run"), 0.0);
        assert!(value(&row, "terminal_run_days").is_nan());
        assert_eq!(value(&row, "terminal_frauds_28d"), 0.0);
    }

    #[test]
    fn what_was_seen_longest_ago_makes_room() {
        let mut features = Features::new(2, 2);
        let of = |card, days| Paid {
            card: Some(Key(card)),
            ..paid(days, 100)
        };
        for (card, days) in [(1, 1), (2, 2), (1, 3), (3, 4)] {
            features.observe(&of(card, days));
        }
        let is_known = |card| !value(&features.row(&of(card, 5)), "card_payments_14d").is_nan();
        assert_eq!([is_known(1), is_known(2), is_known(3)], [true, false, true]);
        for terminal in 0..100 {
            features.settle(&Settled {
                terminal: Key(terminal),
                ..settled(1, true)
            });
        }
        assert_eq!(features.terminals.by_key.len(), 2);
        assert_eq!(features.terminals.by_time.len(), 2);
    }

    #[test]
    fn the_past_of_a_card_and_a_terminal_is_bounded() {
        let mut features = Features::new(2, 2);
        for nth in 0..2_000 {
            features.observe(&paid(nth, nth % 97));
            features.settle(&settled(nth, true));
        }
        let card = features.cards.get(Key(1)).expect("it was seen");
        assert_eq!(
            (card.payments.len(), card.sorted.len()),
            (CARD_PAYMENTS_MAX, CARD_PAYMENTS_MAX)
        );
        let terminal = features.terminals.get(TERMINAL).expect("it was seen");
        assert_eq!((terminal.frauds.len(), terminal.days.len()), (FRAUDS_MAX, 29));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn no_payment_is_too_strange(
            steps in prop::collection::vec((any::<i64>(), any::<i64>(), 0_u64..4, any::<bool>()), 0..60),
        ) {
            let mut features = Features::new(3, 3);
            for (at, amount_minor, key, is_fraud) in steps {
                let paid = Paid { at: Timestamp(at), amount_minor, terminal: Key(key), card: Some(Key(key)) };
                let row = features.row(&paid);
                prop_assert!(row.iter().all(|value| !value.is_infinite()));
                features.observe(&paid);
                features.settle(&Settled { at: paid.at, terminal: paid.terminal, is_fraud });
            }
        }

        /// The walk outwards from the median finds what sorting all distances finds.
        #[test]
        fn the_deviation_is_that_of_the_sorted_distances(amounts in prop::collection::vec(0_i64..2_000, 3..40)) {
            let mut card = Card::default();
            for amount in &amounts {
                card.observe(&paid(0, *amount));
            }
            let median = card.median().expect("three payments");
            let mut distances: Vec<f64> = amounts.iter().map(|amount| (*amount as f64 - median).abs()).collect();
            distances.sort_by(f64::total_cmp);
            let expected = distances[amounts.len() / 2] * MAD_TO_DEVIATION;
            prop_assert_eq!(card.deviation(median), expected.max(median / 20.0).max(1.0));
        }
    }
}

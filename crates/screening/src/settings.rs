//! How much each signal counts, and when it speaks: data, with a default of which each number has its reason beside it.
//!
//! Invariant: settings change what is said of payments to come; a profile is the same under all of them.

use std::collections::BTreeMap;

use crate::reason::Code;

/// How much one signal counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Weight {
    /// Of a payment's score, of 1,000; 0 switches it off.
    pub points: u16,
    /// What it adds to the suspicion of the terminal each time it speaks with full strength.
    pub evidence: u16,
    /// The most it may hold of that suspicion, however often it speaks.
    pub evidence_max: u16,
}

/// How much each signal counts; written as an object with the codes as names. One that is not named counts as by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weights([Weight; Code::ALL.len()]);

impl serde::Serialize for Weights {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(Code::ALL.into_iter().map(|code| (code, self.0[code as usize])))
    }
}

impl<'de> serde::Deserialize<'de> for Weights {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let named = BTreeMap::<Code, Weight>::deserialize(deserializer)?;
        let mut weights = Self::default();
        named
            .into_iter()
            .for_each(|(code, weight)| weights.0[code as usize] = weight);
        Ok(weights)
    }
}

impl Default for Weights {
    fn default() -> Self {
        Self(Code::ALL.map(usual))
    }
}

/// All settings. Times are in minutes, ratios in hundredths, shares in per cent.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How much each signal counts.
    pub weights: Weights,
    /// Days in use before a signal compares with the past. A week has each weekday once.
    pub past_days: u32,
    /// Sales before a signal compares with amounts.
    pub past_sales: u32,
    /// Refunds to one card within 30 days, this one among them, from which it speaks. Two happen when a purchase comes back in parts.
    pub refunds_again: u16,
    /// Refunds of a day from which it speaks, if there never were half as many. One is everyday.
    pub refunds_of_day: u16,
    /// Round amounts as gift cards have, major units: from, to, and the step of which they are multiples. Schemes name 2,000 to 6,000.
    pub round_from: i64,
    /// See `round_from`.
    pub round_to: i64,
    /// See `round_from`.
    pub round_step: i64,
    /// So long before opening and after closing a payment is usual: tills are counted, late guests pay.
    pub hours_grace_min: i64,
    /// An hour is usual in which, or beside which, the terminal was used on this share of its days.
    pub hour_share: u32,
    /// Payments looked back on for how cards are read, and for refusals.
    pub jump_last: usize,
    /// Of those, this many typed numbers. Orders by telephone come singly.
    pub keyed: usize,
    /// Of those, this many stripes.
    pub stripe: usize,
    /// Of what most pay with, so many should have been among the last ones, hundredths, and none was. By chance that happens to one
    /// row in 150, at 500.
    pub gone_hundredths: i64,
    /// Of those, this many refused.
    pub declined: usize,
    /// A jump is so many times what is usual.
    pub jump_times: u32,
    /// A small amount tries a card, and a large one follows within this time.
    pub test_min: i64,
    /// A small amount is at most this, major units; and at most half of the median.
    pub test_small: i64,
    /// A large amount is at least so many times the median, and so many times the small one.
    pub test_large_hundredths: i64,
    /// See `test_large_hundredths`.
    pub test_times: i64,
    /// An amount stands out from so many times the median.
    pub unusual_hundredths: i64,
    /// And from so many times the usual distance from it: where amounts vary widely, more is usual.
    pub unusual_distance_hundredths: i64,
    /// One card again and again within this time.
    pub row_min: i64,
    /// From so many payments. Guests who share a bill pay three times.
    pub row: usize,
    /// Many cards within this time.
    pub cards_min: i64,
    /// From so many, if the busiest hour had fewer payments.
    pub cards: usize,
    /// So long before and after a shift its operator may be at work.
    pub shift_grace_min: i64,
    /// A silence is long from here, minutes.
    pub silence_min: i64,
    /// If it is also longer than the longest of a month by this, hundredths: a night or a day of rest is not.
    pub silence_hundredths: i64,
    /// Wrong passwords within this time.
    pub wrong_min: i64,
    /// From so many. People mistype twice or three times, and somebody else may on the same morning.
    pub wrong: usize,
    /// Payments of a day from which it speaks, if there never were half as many.
    pub busier: u16,
    /// Half of a terminal's suspicion is forgotten in this time, hours.
    pub half_life_hours: u32,
    /// A terminal's suspicion from which its owner is asked.
    pub ask_from: u16,
    /// An owner is asked about a terminal once in this time at most, hours.
    pub ask_every_hours: u32,
}

const fn weight(points: u16, evidence: u16, evidence_max: u16) -> Weight {
    Weight {
        points,
        evidence,
        evidence_max,
    }
}

impl Settings {
    /// How much a signal counts.
    pub const fn weight(&self, code: Code) -> Weight {
        self.weights.0[code as usize]
    }

    /// Changes how much a signal counts; one without points is switched off.
    pub const fn set_weight(&mut self, code: Code, weight: Weight) {
        self.weights.0[code as usize] = weight;
    }
}

/// What a signal counts by default: [`Weight::points`] by how seldom an honest payment has it, [`Weight::evidence`] by the benchmark's
/// seeds for calibration (`docs/SCREENING.md`).
const fn usual(code: Code) -> Weight {
    match code {
        Code::RefundWithoutSale => weight(350, 140, 830),
        Code::RefundOtherCard => weight(300, 30, 430),
        Code::RefundAgain => weight(400, 170, 940),
        Code::RefundExceedsSale => weight(500, 330, 670),
        Code::ManyRefunds => weight(250, 150, 150),
        Code::RoundAmounts => weight(250, 300, 1000),
        Code::OutOfHours => weight(250, 260, 440),
        Code::UnusualHour => weight(250, 250, 440),
        Code::KeyedJump => weight(350, 140, 230),
        Code::StripeJump => weight(250, 140, 160),
        Code::UsualReadingGone => weight(200, 30, 560),
        Code::TestThenLarge => weight(450, 290, 1000),
        Code::AmountUnusual => weight(300, 170, 1000),
        Code::CardInARow => weight(250, 90, 380),
        Code::ManyCards => weight(200, 30, 110),
        Code::DeclinedAgain => weight(250, 240, 240),
        Code::OperatorOffShift => weight(200, 50, 170),
        Code::OperatorUnknown => weight(150, 180, 180),
        Code::Elsewhere => weight(400, 140, 250),
        Code::NewPlace => weight(200, 90, 200),
        Code::AfterSilence => weight(150, 250, 290),
        Code::WrongPasswords => weight(300, 1000, 1000),
        Code::Busier => weight(100, 20, 40),
        Code::LossWindow => weight(300, 0, 0),
        // No signal: nothing of a payment says it.
        Code::CommonPoint => weight(0, 0, 0),
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            weights: Weights::default(),
            past_days: 7,
            past_sales: 30,
            refunds_again: 3,
            refunds_of_day: 2,
            round_from: 2_000,
            round_to: 6_000,
            round_step: 100,
            hours_grace_min: 45,
            hour_share: 15,
            jump_last: 10,
            keyed: 3,
            stripe: 3,
            gone_hundredths: 500,
            declined: 4,
            jump_times: 4,
            test_min: 60,
            test_small: 10,
            test_large_hundredths: 400,
            test_times: 40,
            unusual_hundredths: 800,
            unusual_distance_hundredths: 500,
            row_min: 60,
            row: 4,
            cards_min: 15,
            cards: 10,
            shift_grace_min: 60,
            silence_min: 6 * 60,
            silence_hundredths: 130,
            wrong_min: 60,
            wrong: 5,
            busier: 20,
            half_life_hours: 3,
            ask_from: 500,
            ask_every_hours: 7 * 24,
        }
    }
}

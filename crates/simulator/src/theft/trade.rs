//! How shops trade: when, how much, by which cards, with which refunds. Order-of-magnitude assumptions; no shop was measured.
//!
//! It touches nothing.

use super::Entry;
use crate::chance::Chance;

/// What a shop does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trade {
    /// Lunch and dinner.
    Restaurant,
    /// Vegetables in the morning, by codes on phones.
    MarketStall,
    /// From dusk until after midnight.
    NightMarket,
    /// Around the clock; pre-authorisations, card numbers by telephone.
    Hotel,
    /// From morning until night, small and middling amounts.
    Pharmacy,
    /// A shop of a chain, with several terminals.
    Chain,
    /// Open for some weeks, then shut.
    Seasonal,
}

impl Trade {
    /// All of them.
    pub const ALL: [Trade; 7] = [
        Trade::Restaurant,
        Trade::MarketStall,
        Trade::NightMarket,
        Trade::Hotel,
        Trade::Pharmacy,
        Trade::Chain,
        Trade::Seasonal,
    ];

    pub(super) fn rhythm(self) -> &'static Rhythm {
        match self {
            Trade::Restaurant => &RESTAURANT,
            Trade::MarketStall => &MARKET_STALL,
            Trade::NightMarket => &NIGHT_MARKET,
            Trade::Hotel => &HOTEL,
            Trade::Pharmacy => &PHARMACY,
            Trade::Chain => &CHAIN,
            Trade::Seasonal => &SEASONAL,
        }
    }
}

/// The rhythm of a trade.
pub(super) struct Rhythm {
    /// Weights of the hours of a day.
    pub hours: [u32; 24],
    /// Factor of each weekday, Monday first.
    pub week: [f64; 7],
    /// Payments of one terminal on an average day.
    pub per_day: f64,
    /// Median amount in fen, and its log-normal spread.
    pub median_minor: f64,
    pub spread: f64,
    /// Prices are multiples of this many fen.
    pub step_minor: i64,
    /// Weights of tapped, inserted, swiped, keyed, fallback, code.
    entries: [u32; 6],
    /// Share of payments that are refunds, voids, pre-authorisations, declined.
    pub refunds: f64,
    pub voids: f64,
    pub pre_authorisations: f64,
    pub declined: f64,
    /// Share of payments by regular customers.
    pub regulars: f64,
    /// How many terminals a shop has.
    pub terminals: (u64, u64),
    /// Whether operators sign in, in per cent of the shops.
    pub operators_percent: u64,
}

impl Rhythm {
    /// A price, in fen.
    pub fn amount_minor(&self, chance: &mut Chance) -> i64 {
        let minor = chance
            .log_normal(self.median_minor, self.spread)
            .min(self.median_minor * 25.0) as i64;
        (minor / self.step_minor).max(1) * self.step_minor
    }

    /// How the next card is read.
    pub fn entry(&self, chance: &mut Chance) -> Entry {
        [
            Entry::Tapped,
            Entry::Inserted,
            Entry::Swiped,
            Entry::Keyed,
            Entry::Fallback,
            Entry::Code,
        ][chance.weighted(&self.entries)]
    }

    /// The expected share of a day's payments in an hour.
    pub fn share(&self, hour: usize) -> f64 {
        let total: u32 = self.hours.iter().sum();
        f64::from(self.hours[hour % 24]) / f64::from(total.max(1))
    }
}

static RESTAURANT: Rhythm = Rhythm {
    hours: [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 50, 90, 54, 14, 4, 10, 48, 92, 84, 46, 18, 3, 0,
    ],
    week: [0.82, 0.86, 0.9, 0.96, 1.12, 1.22, 1.12],
    per_day: 52.0,
    median_minor: 9_800.0,
    spread: 0.7,
    step_minor: 100,
    entries: [52, 26, 3, 1, 1, 90],
    refunds: 0.003,
    voids: 0.006,
    pre_authorisations: 0.0,
    declined: 0.02,
    regulars: 0.25,
    terminals: (1, 3),
    operators_percent: 60,
};
static MARKET_STALL: Rhythm = Rhythm {
    hours: [
        0, 0, 0, 0, 0, 8, 44, 90, 96, 80, 62, 40, 14, 6, 8, 18, 36, 42, 20, 4, 0, 0, 0, 0,
    ],
    week: [0.9, 0.92, 0.94, 0.96, 1.02, 1.18, 1.08],
    per_day: 84.0,
    median_minor: 1_900.0,
    spread: 0.6,
    step_minor: 10,
    entries: [10, 1, 1, 0, 0, 150],
    refunds: 0.001,
    voids: 0.003,
    pre_authorisations: 0.0,
    declined: 0.008,
    regulars: 0.4,
    terminals: (1, 1),
    operators_percent: 10,
};
static NIGHT_MARKET: Rhythm = Rhythm {
    hours: [
        40, 16, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 14, 44, 80, 96, 94, 86, 66,
    ],
    week: [0.78, 0.8, 0.84, 0.92, 1.22, 1.36, 1.08],
    per_day: 70.0,
    median_minor: 3_600.0,
    spread: 0.6,
    step_minor: 100,
    entries: [20, 3, 1, 0, 0, 140],
    refunds: 0.001,
    voids: 0.004,
    pre_authorisations: 0.0,
    declined: 0.012,
    regulars: 0.12,
    terminals: (1, 2),
    operators_percent: 20,
};
static HOTEL: Rhythm = Rhythm {
    hours: [
        6, 4, 2, 1, 1, 2, 8, 20, 32, 30, 30, 42, 26, 24, 40, 44, 40, 36, 32, 28, 24, 20, 16, 10,
    ],
    week: [0.9, 0.92, 0.96, 0.98, 1.1, 1.14, 1.0],
    per_day: 26.0,
    median_minor: 48_000.0,
    spread: 0.75,
    step_minor: 100,
    entries: [30, 70, 8, 9, 2, 30],
    refunds: 0.02,
    voids: 0.01,
    pre_authorisations: 0.3,
    declined: 0.035,
    regulars: 0.05,
    terminals: (1, 3),
    operators_percent: 95,
};
static PHARMACY: Rhythm = Rhythm {
    hours: [
        0, 0, 0, 0, 0, 0, 0, 8, 32, 46, 46, 34, 20, 24, 30, 34, 38, 42, 38, 32, 18, 6, 0, 0,
    ],
    week: [1.08, 1.02, 1.0, 0.98, 1.0, 0.98, 0.94],
    per_day: 48.0,
    median_minor: 5_800.0,
    spread: 0.8,
    step_minor: 10,
    entries: [40, 36, 5, 1, 1, 64],
    refunds: 0.006,
    voids: 0.005,
    pre_authorisations: 0.0,
    declined: 0.02,
    regulars: 0.3,
    terminals: (1, 2),
    operators_percent: 80,
};
static CHAIN: Rhythm = Rhythm {
    hours: [
        0, 0, 0, 0, 0, 0, 0, 2, 14, 24, 34, 38, 36, 36, 40, 42, 44, 50, 56, 54, 44, 20, 2, 0,
    ],
    week: [0.82, 0.84, 0.86, 0.9, 1.1, 1.3, 1.18],
    per_day: 66.0,
    median_minor: 16_900.0,
    spread: 0.9,
    step_minor: 10,
    entries: [58, 30, 4, 1, 1, 70],
    refunds: 0.02,
    voids: 0.008,
    pre_authorisations: 0.0,
    declined: 0.025,
    regulars: 0.15,
    terminals: (3, 8),
    operators_percent: 95,
};
static SEASONAL: Rhythm = Rhythm {
    hours: [
        0, 0, 0, 0, 0, 0, 0, 0, 8, 30, 52, 60, 56, 54, 58, 60, 48, 30, 12, 2, 0, 0, 0, 0,
    ],
    week: [0.7, 0.72, 0.74, 0.8, 1.06, 1.56, 1.42],
    per_day: 38.0,
    median_minor: 8_800.0,
    spread: 0.7,
    step_minor: 100,
    entries: [34, 20, 3, 1, 1, 80],
    refunds: 0.005,
    voids: 0.004,
    pre_authorisations: 0.0,
    declined: 0.02,
    regulars: 0.04,
    terminals: (1, 2),
    operators_percent: 50,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_week_averages_one() {
        for trade in Trade::ALL {
            let sum: f64 = trade.rhythm().week.iter().sum();
            assert!((sum - 7.0).abs() < 0.08, "{trade:?}: {sum}");
        }
    }
}

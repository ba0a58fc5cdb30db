//! How a trade lives: when people come, what they spend and how they pay. Figures are invented to look right.
//!
//! Invariant: hours outside opening time have weight 0, and the week's factors average 1.

use super::super::Trade;
use crate::chance::Chance;
use crate::kind::EntryMode;

#[derive(Debug)]
pub(crate) struct Rhythm {
    /// Weight of each hour of the day.
    pub hours: [u32; 24],
    /// Factor of each weekday, Monday first.
    pub week: [f64; 7],
    /// Transactions of one terminal on an average day.
    pub per_day: f64,
    /// Share of transactions that void, refund or pre-authorise.
    pub voids: f64,
    pub refunds: f64,
    pub pre_authorisations: f64,
    /// Median amount in fen and its log-normal spread.
    median_minor: f64,
    spread: f64,
    /// Prices are multiples of this many fen.
    step_minor: u64,
    /// Weights of swipe, chip, contactless, manual, code.
    entry_modes: [u32; 5],
}

static SNACKS: Rhythm = Rhythm {
    hours: [
        0, 0, 0, 0, 0, 0, 8, 40, 44, 18, 14, 70, 110, 62, 22, 16, 22, 62, 96, 58, 26, 12, 4, 0,
    ],
    week: [0.94, 0.92, 0.93, 0.96, 1.09, 1.12, 1.04],
    per_day: 126.0,
    voids: 0.004,
    refunds: 0.002,
    pre_authorisations: 0.0,
    median_minor: 2_400.0,
    spread: 0.55,
    step_minor: 50,
    entry_modes: [2, 8, 50, 1, 120],
};
static PHARMACY: Rhythm = Rhythm {
    hours: [
        0, 0, 0, 0, 0, 0, 0, 6, 30, 44, 46, 32, 18, 22, 28, 34, 38, 40, 36, 30, 18, 6, 0, 0,
    ],
    week: [1.08, 1.02, 1.0, 0.99, 1.0, 0.98, 0.93],
    per_day: 54.0,
    voids: 0.005,
    refunds: 0.006,
    pre_authorisations: 0.0,
    median_minor: 5_800.0,
    spread: 0.8,
    step_minor: 10,
    entry_modes: [6, 40, 40, 1, 60],
};
static CLOTHING: Rhythm = Rhythm {
    hours: [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 14, 22, 20, 26, 38, 44, 42, 34, 36, 52, 50, 24, 0, 0,
    ],
    week: [0.76, 0.74, 0.78, 0.82, 1.06, 1.48, 1.36],
    per_day: 25.0,
    voids: 0.008,
    refunds: 0.025,
    pre_authorisations: 0.02,
    median_minor: 29_900.0,
    spread: 0.7,
    step_minor: 100,
    entry_modes: [8, 46, 40, 1, 40],
};

impl Rhythm {
    pub fn of(trade: Trade) -> &'static Rhythm {
        match trade {
            Trade::Snacks => &SNACKS,
            Trade::Pharmacy => &PHARMACY,
            Trade::Clothing => &CLOTHING,
        }
    }

    /// A price of this trade, in fen.
    pub fn amount_minor(&self, chance: &mut Chance) -> u64 {
        let minor = chance
            .log_normal(self.median_minor, self.spread)
            .min(self.median_minor * 30.0) as u64;
        (minor / self.step_minor).max(1) * self.step_minor
    }

    pub fn entry_mode(&self, chance: &mut Chance) -> EntryMode {
        match chance.weighted(&self.entry_modes) {
            0 => EntryMode::Swipe,
            1 => EntryMode::Chip,
            2 => EntryMode::Contactless,
            3 => EntryMode::Manual,
            _ => EntryMode::Qr,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_week_averages_one() {
        for rhythm in [&SNACKS, &PHARMACY, &CLOTHING] {
            assert!(
                (rhythm.week.iter().sum::<f64>() - 7.0).abs() < 0.01,
                "{:?}",
                rhythm.week
            );
        }
    }
}

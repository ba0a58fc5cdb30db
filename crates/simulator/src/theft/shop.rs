//! One shop: its terminals, people and networks, and its whole history.
//!
//! It touches nothing. Invariant: each terminal draws from a stream of its own, so that what happens at one changes nothing at another.

use super::day::Day;
use super::oddity::Oddity;
use super::thief::{self, Scenario};
use super::trade::Trade;
use super::{Event, History, PAST_DAYS, Size, Theft, day_ms};
use crate::calendar::DAY_MS;
use crate::chance::Chance;

/// What is known of where a terminal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// Nothing.
    Unknown,
    /// The shop's own network: another one elsewhere.
    Network,
    /// The mobile network, of which it has some addresses: often the same elsewhere.
    Sim,
}

/// A terminal of a shop.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    /// What is known of where it is.
    pub wire: Wire,
    /// How much busier it is than an average one of its trade.
    pub(super) factor: f64,
}

/// An honest shop.
#[derive(Debug, Clone)]
pub struct Shop {
    /// What it does.
    pub trade: Trade,
    /// Its terminals.
    pub terminals: Vec<Terminal>,
    seed: u64,
    pub(super) number: u64,
    /// Operators who sign in; none at a shop where nobody does.
    pub(super) operators: u32,
    pub(super) regulars: u64,
    tells_hours: bool,
    keeps_shifts: bool,
    closed_weekday: Option<u32>,
    /// The days on which a seasonal shop is open.
    season: Option<(i64, i64)>,
}

/// Streams of one seed: this many for each shop.
const STREAMS: u64 = 64;

impl Shop {
    pub(super) fn generate(seed: u64, number: u64) -> Shop {
        let mut chance = Chance::new(seed, number * STREAMS);
        let trade = Trade::ALL[chance.weighted(&[26, 14, 12, 8, 14, 18, 8])];
        let rhythm = trade.rhythm();
        let wire = [Wire::Unknown, Wire::Network, Wire::Sim][chance.weighted(&[25, 40, 35])];
        let scale = chance.log_normal(1.0, 0.45).clamp(0.25, 3.0);
        let count = chance.between(rhythm.terminals.0, rhythm.terminals.1);
        let terminals = (0..count).map(|_| Terminal {
            wire,
            factor: scale * chance.log_normal(1.0, 0.25).clamp(0.4, 2.0),
        });
        let terminals: Vec<Terminal> = terminals.collect();
        let has_operators = chance.between(1, 100) <= rhythm.operators_percent;
        let operators = u32::from(has_operators) * (1 + terminals.len() as u32 + chance.between(0, 2) as u32);
        let season_from = chance.between(0, 30) as i64 - 20;
        Shop {
            trade,
            seed,
            number,
            operators,
            regulars: chance.between(20, 120),
            tells_hours: chance.happens(0.35),
            keeps_shifts: has_operators && chance.happens(0.25),
            closed_weekday: (trade != Trade::Hotel && trade != Trade::Chain && chance.happens(0.25))
                .then(|| chance.between(0, 3) as u32),
            season: (trade == Trade::Seasonal)
                .then(|| (season_from, season_from + chance.between(45, 90) as i64)),
            terminals,
        }
    }

    /// When the shop says it is open, minutes after midnight, on every day but its weekly day of rest (from Monday, 0). Now and then
    /// it takes a payment half an hour earlier or later.
    pub fn told_hours(&self) -> Option<([u16; 2], Option<u32>)> {
        let hours = match self.trade {
            Trade::Restaurant => [10, 22],
            Trade::MarketStall => [5, 19],
            Trade::NightMarket => [17, 26],
            Trade::Hotel => [0, 24],
            Trade::Pharmacy => [7, 22],
            Trade::Chain => [8, 22],
            Trade::Seasonal => [8, 19],
        };
        self.tells_hours
            .then_some((hours.map(|hour| hour * 60), self.closed_weekday))
    }

    /// Whether operators sign in.
    pub const fn has_operators(&self) -> bool {
        self.operators > 0
    }

    pub(super) fn is_open_on(&self, day: i64) -> bool {
        let is_rest = self.closed_weekday == Some(day.rem_euclid(7) as u32);
        !is_rest && self.season.is_none_or(|(from, to)| (from..to).contains(&day))
    }

    pub(super) fn network(&self, version: u64) -> u64 {
        mix(self.seed ^ mix(self.number + 1)).wrapping_add(version)
    }

    /// Everything that happens there.
    pub fn history(&self, size: Size) -> History {
        let mut chance = Chance::new(self.seed, self.number * STREAMS + 1);
        let plan = Oddity::plan(self.trade, false, size.days, &mut chance);
        let (mut events, mut thefts, mut shifts) = (Vec::new(), Vec::new(), Vec::new());
        let mut oddities = plan.clone();
        for at in 0..self.terminals.len() {
            let mut chance = Chance::new(self.seed, self.number * STREAMS + 2 + at as u64);
            let theft = self.theft(at, size, &mut chance);
            let mut own = Oddity::plan(self.trade, true, size.days, &mut chance);
            oddities.extend_from_slice(&own);
            own.extend_from_slice(&plan);
            let first = events.len();
            let mut day = Day::new(self, at, own);
            let mut then = None;
            for number in 0..size.days {
                // What a thief finds in the drawer is from before its day.
                if theft.is_some_and(|theft| theft.taken_at_ms >= day_ms(number)) {
                    then = Some(day.clone());
                }
                day.pass(number, &mut chance, &mut events, &mut shifts);
            }
            if let (Some(theft), Some(then)) = (theft, then) {
                let honest = events[first..].iter();
                let kept = honest.filter(|event| event.at_ms <= theft.taken_at_ms).count();
                events[first..].sort_by_key(|event: &Event| event.at_ms);
                events.truncate(first + kept);
                thief::act(&theft, &then, day_ms(size.days), &mut chance, &mut events);
                thefts.push(theft);
            }
        }
        events.sort_by_key(|event| event.at_ms);
        oddities.sort_by_key(|(day, _)| *day);
        History {
            events,
            thefts,
            shifts: self.keeps_shifts.then_some(shifts),
            oddities,
        }
    }

    fn theft(&self, terminal: usize, size: Size, chance: &mut Chance) -> Option<Theft> {
        let is_stolen = chance.between(1, 1_000) <= u64::from(size.stolen_per_mille);
        let scenario = Scenario::ALL[chance.index(Scenario::ALL.len())];
        let wants_open = chance.happens(0.5);
        let last = (size.days - 8).max(PAST_DAYS);
        let mut moment = || {
            let day = chance.between(PAST_DAYS as u64, last as u64) as i64;
            let hour = chance.between(0, 23);
            let at_ms = day_ms(day) + hour as i64 * 3_600_000 + chance.between(0, 3_599_999) as i64;
            let is_open = self.is_open_on(day) && self.trade.rhythm().hours[hour as usize] >= 5;
            (at_ms, is_open)
        };
        // A hotel is never shut; a season may be over: then it is stolen when it is.
        let tries: Vec<(i64, bool)> = (0..48).map(|_| moment()).collect();
        let (taken_at_ms, is_open) = *tries
            .iter()
            .find(|(_, is_open)| *is_open == wants_open)
            .unwrap_or(&tries[0]);
        is_stolen.then_some(Theft {
            terminal,
            scenario,
            taken_at_ms: taken_at_ms.min(day_ms(size.days) - DAY_MS),
            is_open,
        })
    }
}

/// Spreads numbers (the finaliser of MurmurHash3).
pub(super) const fn mix(mut number: u64) -> u64 {
    number = (number ^ (number >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    number = (number ^ (number >> 33)).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    number ^ (number >> 33)
}

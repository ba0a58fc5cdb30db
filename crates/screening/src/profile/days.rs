//! The last 32 days of a terminal, a ring of counts each.
//!
//! Invariant: a day that is older than the ring is in none of its counts; the counts depend on no order within the ring.

use crate::payment::Entry;

/// Days that are remembered, the newest among them.
pub const DAYS: usize = 32;

/// Rings of counts, by local day. Counts stop at 65,535.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Days {
    /// The newest local day, since 1970; `None` before the first payment.
    newest: Option<i64>,
    pub payments: [u16; DAYS],
    pub refunds: [u16; DAYS],
    pub declined: [u16; DAYS],
    /// By how the card was read, where that is known, in the order of [`Entry::ALL`].
    pub read: [[u16; DAYS]; Entry::ALL.len()],
    /// The most payments in one hour of the day.
    pub peak: [u16; DAYS],
    /// The longest pause that ended on the day, minutes.
    pub pause: [u16; DAYS],
    /// The hours of the day with a payment, a bit each.
    pub hours: [u32; DAYS],
    /// Payments of the newest day by hour.
    by_hour: [u16; 24],
}

impl Default for Days {
    fn default() -> Self {
        Self {
            newest: None,
            payments: [0; DAYS],
            refunds: [0; DAYS],
            declined: [0; DAYS],
            read: [[0; DAYS]; Entry::ALL.len()],
            peak: [0; DAYS],
            pause: [0; DAYS],
            hours: [0; DAYS],
            by_hour: [0; 24],
        }
    }
}

const fn place(day: i64) -> usize {
    day.rem_euclid(DAYS as i64) as usize
}

impl Days {
    /// The place of a day in the rings, which it begins if it is new; `None` if it is too old.
    pub fn enter(&mut self, day: i64) -> Option<usize> {
        match self.newest {
            Some(newest) if day <= newest => return self.reaches(day).then(|| place(day)),
            Some(newest) => {
                let from = newest.saturating_add(1).max(day.saturating_sub(DAYS as i64 - 1));
                (from..=day).for_each(|day| self.clear(place(day)));
            }
            None => {}
        }
        self.newest = Some(day);
        self.by_hour = [0; 24];
        Some(place(day))
    }

    fn clear(&mut self, at: usize) {
        for ring in [
            &mut self.payments,
            &mut self.refunds,
            &mut self.declined,
            &mut self.peak,
            &mut self.pause,
        ] {
            ring[at] = 0;
        }
        self.read.iter_mut().for_each(|ring| ring[at] = 0);
        self.hours[at] = 0;
    }

    /// Counts a payment in its hour.
    pub fn at_hour(&mut self, at: usize, day: i64, hour: usize) {
        self.hours[at] |= 1 << hour;
        if self.newest == Some(day) {
            self.by_hour[hour] = self.by_hour[hour].saturating_add(1);
            self.peak[at] = self.peak[at].max(self.by_hour[hour]);
        }
    }

    /// Whether a day is in the rings, or newer.
    pub fn reaches(&self, day: i64) -> bool {
        self.newest
            .is_none_or(|newest| day > newest.saturating_sub(DAYS as i64))
    }

    /// The count of a day.
    pub fn on(&self, ring: &[u16; DAYS], day: i64) -> u16 {
        let is_there = self.newest.is_some_and(|newest| day <= newest) && self.reaches(day);
        if is_there { ring[place(day)] } else { 0 }
    }

    /// The places of the days before one, as far as the rings reach: at most 31.
    pub fn before(&self, day: i64) -> impl Iterator<Item = usize> + '_ {
        let newest = self.newest.unwrap_or(i64::MIN);
        let oldest = newest.saturating_sub(DAYS as i64 - 1);
        let last = day.saturating_sub(1).min(newest);
        (oldest.max(day.saturating_sub(DAYS as i64 - 1))..=last).map(place)
    }

    /// On how many of the days before one it was used.
    pub fn in_use(&self, day: i64) -> u32 {
        self.before(day).filter(|at| self.payments[*at] > 0).count() as u32
    }

    /// The largest count of the days before one.
    pub fn most(&self, ring: &[u16; DAYS], day: i64) -> u16 {
        self.before(day).map(|at| ring[at]).max().unwrap_or(0)
    }

    /// The sum of the days before one.
    pub fn sum(&self, ring: &[u16; DAYS], day: i64) -> u32 {
        self.before(day).map(|at| u32::from(ring[at])).sum()
    }

    /// On how many of the days before one it was used in an hour, from 0 to 23.
    pub fn with_hour(&self, day: i64, hour: usize) -> u32 {
        self.before(day)
            .filter(|at| self.hours[*at] & (1 << hour) != 0)
            .count() as u32
    }

    /// The sum of a span of days that ends with one.
    pub fn span(&self, ring: &[u16; DAYS], last: i64, days: i64) -> u32 {
        let from = last.saturating_sub(days - 1);
        (from..=last).map(|day| u32::from(self.on(ring, day))).sum()
    }
}

//! What follows when nobody confirms a stop: who is reminded, and when.
//!
//! No rule gives hours: 银发〔2021〕259号 一(一)3 says *promptly* (及时) and gives two days only for deregistering what is
//! closed. So these are targets of our own, in milliseconds after the request.
//!
//! Invariant: the later, the more people; and it never ends by itself.

use crate::time::{HOUR_MS, Timestamp};
use crate::words;

words! {
    /// Whom a reminder is for.
    pub enum Told {
        /// Who reported the loss.
        Reporter = "reporter",
        /// The owner, and the managers of the shop.
        Shop = "shop",
        /// They, and whoever runs this house.
        House = "house",
    }
}

const MINUTE_MS: i64 = 60_000;

/// When each reminder follows.
const RUNGS: [(i64, Told); 3] = [
    // A hotline has answered and typed it in by then, or has not been reached: call again.
    (15 * MINUTE_MS, Told::Reporter),
    // The shortest time in which any rule wants an incident passed on (PBoC 令2025-4, art. 9: one hour): who should have
    // acted had the time, so somebody else asks, and in writing once more.
    (HOUR_MS, Told::Shop),
    // Half a working day: the shift that took the call is over.
    (4 * HOUR_MS, Told::House),
];

/// After the last rung once a day: the two days for deregistering run from a stop that nobody has confirmed.
const THEN_EVERY_MS: i64 = 24 * HOUR_MS;

/// When the reminder after `given` earlier ones follows, and for whom it is.
pub fn reminder(requested_at: Timestamp, given: i64) -> (Timestamp, Told) {
    let (last_ms, last_told) = RUNGS[RUNGS.len() - 1];
    let rung = usize::try_from(given.max(0)).unwrap_or(usize::MAX);
    match RUNGS.get(rung) {
        Some((after_ms, told)) => (requested_at.plus_ms(*after_ms), *told),
        None => {
            let days = i64::try_from(rung - RUNGS.len() + 1).unwrap_or(i64::MAX);
            let after_ms = THEN_EVERY_MS.saturating_mul(days).saturating_add(last_ms);
            (requested_at.plus_ms(after_ms), last_told)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_an_hour_an_hour_four_hours_then_daily() {
        let at = Timestamp(1_000);
        let hours = |given| {
            let (due, told) = reminder(at, given);
            (due.since_ms(at) as f64 / HOUR_MS as f64, told)
        };
        assert_eq!(hours(0), (0.25, Told::Reporter));
        assert_eq!(hours(1), (1.0, Told::Shop));
        assert_eq!(hours(2), (4.0, Told::House));
        assert_eq!(hours(3), (28.0, Told::House));
        assert_eq!(hours(4), (52.0, Told::House));
    }

    #[test]
    fn each_reminder_is_later_than_the_one_before_and_reaches_no_fewer() {
        let at = Timestamp(0);
        for given in 0..40 {
            let (now, next) = (reminder(at, given), reminder(at, given + 1));
            assert!(now.0 < next.0 && now.1 <= next.1, "{given}");
        }
        assert!(reminder(at, i64::MAX).0 > at);
    }
}

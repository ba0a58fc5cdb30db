//! Time as the simulated shops see it: UTC+8, all year, as in Asia/Shanghai since 1991.
//!
//! It may touch the clock, in [`now_ms`] alone; everything else is arithmetic on milliseconds since 1970 UTC.
//! Invariant: a millisecond maps to exactly one local date and time, for every `i64` a test may use.

use domain::day::Day;

/// Milliseconds in a day.
pub const DAY_MS: i64 = 86_400_000;
const OFFSET_MS: i64 = 8 * 3_600_000;

/// A moment in UTC+8, in the parts that messages and opening hours need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Local {
    /// Full year, such as 2026.
    pub year: i32,
    /// 1..=12.
    pub month: u32,
    /// 1..=31.
    pub day: u32,
    /// 0..=23.
    pub hour: u32,
    /// 0..=59.
    pub minute: u32,
    /// 0..=59.
    pub second: u32,
    /// 0 is Monday, 6 is Sunday.
    pub weekday: u32,
}

impl Local {
    /// The local time of `now_ms` (milliseconds since 1970 UTC).
    pub fn of(now_ms: i64) -> Local {
        let local_ms = now_ms.saturating_add(OFFSET_MS);
        let on = Day(local_ms.div_euclid(DAY_MS));
        let second = (local_ms.rem_euclid(DAY_MS) / 1000) as u32;
        let (year, month, day) = on.civil();
        Local {
            year: year as i32,
            month,
            day,
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
            weekday: on.weekday() as u32,
        }
    }

    /// Field 12, `hhmmss`, as a number.
    pub fn hhmmss(self) -> u32 {
        self.hour * 10_000 + self.minute * 100 + self.second
    }

    /// Field 13, `MMDD`, as a number.
    pub fn mmdd(self) -> u32 {
        self.month * 100 + self.day
    }

    /// `YYMM`, the form of a card's expiry (field 14), as a number.
    pub fn yymm(self) -> u32 {
        self.year.rem_euclid(100) as u32 * 100 + self.month
    }
}

/// The first millisecond of the local day that holds `now_ms`.
pub fn midnight(now_ms: i64) -> i64 {
    (now_ms + OFFSET_MS).div_euclid(DAY_MS) * DAY_MS - OFFSET_MS
}

/// The wall clock, in milliseconds since 1970 UTC.
#[expect(
    clippy::disallowed_methods,
    reason = "the simulated host and terminals live at the edge, beside the server"
)]
pub fn now_ms() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_time_is_eight_hours_ahead_and_knows_leap_days_and_weekdays() {
        let local = Local::of(1_709_164_799_000); // 2024-02-28T23:59:59Z, in Shanghai the 29th, a Thursday
        assert_eq!(
            (local.year, local.month, local.day, local.weekday),
            (2024, 2, 29, 3)
        );
        assert_eq!((local.hhmmss(), local.mmdd(), local.yymm()), (75_959, 229, 2402));
        let before = Local::of(-8 * 3_600_000 - 1); // one millisecond before 1970 began in Shanghai
        assert_eq!(
            (before.year, before.month, before.day, before.hour, before.weekday),
            (1969, 12, 31, 23, 2)
        );
    }

    #[test]
    fn midnight_is_local() {
        let noon_utc = 1_709_208_000_000; // 2024-02-29T12:00Z = 20:00 local
        assert_eq!(Local::of(midnight(noon_utc)).hhmmss(), 0);
        assert_eq!(noon_utc - midnight(noon_utc), 20 * 3_600_000);
    }
}

//! Days of the calendar, as a clock on the wall shows them; and a time as that clock shows it.
//!
//! Invariant: a day's text is `2026-10-01`, and no other text is that day.

use std::fmt;

use crate::time::Timestamp;

/// Minutes of a day on the wall.
pub const DAY_MIN: i64 = 1_440;
const MINUTE_MS: i64 = 60_000;

/// A day of the Gregorian calendar: days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i64);

impl Day {
    /// Reads `2026-10-01`, from the year 1970; `None` for what is no day.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let is_shaped = bytes.len() == 10
            && bytes.iter().enumerate().all(|(at, byte)| match at {
                4 | 7 => *byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !is_shaped {
            return None;
        }
        let part = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
        let (year, month, of_month) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
        // Days from a date of the Gregorian calendar, counted from March, so that leap days come last.
        let march_year = year - i64::from(month <= 2);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + of_month - 1;
        let day =
            Self(march_year * 365 + march_year / 4 - march_year / 100 + march_year / 400 + of_year - 719_468);
        // What was no day became another one.
        (day.0 >= 0 && day.to_string() == text).then_some(day)
    }

    /// The day that many days later.
    pub const fn plus(self, days: i64) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Year, month and day of the month, by eras of 400 years that are counted from 1 March, so that a leap day is the last of its year.
    pub const fn civil(self) -> (i64, u32, u32) {
        let day = self.0.saturating_add(719_468);
        let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let of_month = of_year - (153 * from_march + 2) / 5 + 1;
        let month = (from_march + 2) % 12 + 1;
        let year = era * 400 + year_of_era + (month <= 2) as i64;
        (year, month as u32, of_month as u32)
    }

    /// The day of the week, from 0, Monday, to 6.
    pub const fn weekday(self) -> usize {
        // 1 January 1970 was a Thursday.
        self.0.saturating_add(3).rem_euclid(7) as usize
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, of_month) = self.civil();
        write!(f, "{year:04}-{month:02}-{of_month:02}")
    }
}

/// A time as the clock on the wall shows it: an hour that the clock is put back over comes twice, one that it is put forward over never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Local {
    /// Which day.
    pub day: Day,
    /// Minutes after midnight, below [`DAY_MIN`].
    pub minute: i64,
}

impl Local {
    /// A time where clocks are so many minutes ahead of UTC.
    pub const fn of(at: Timestamp, offset_min: i32) -> Self {
        let minutes = at.0.div_euclid(MINUTE_MS).saturating_add(offset_min as i64);
        Self {
            day: Day(minutes.div_euclid(DAY_MIN)),
            minute: minutes.rem_euclid(DAY_MIN),
        }
    }

    /// The hour, 0 to 23.
    pub const fn hour(self) -> usize {
        (self.minute / 60) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_as_it_is_written() {
        for (text, day, weekday) in [
            ("1970-01-01", 0, 3),
            ("1972-02-29", 789, 1),
            ("2000-02-29", 11_016, 1),
            ("2026-11-28", 20_785, 5),
            ("2026-12-31", 20_818, 3),
        ] {
            assert_eq!(Day::parse(text), Some(Day(day)), "{text}");
            assert_eq!(Day(day).to_string(), text);
            assert_eq!(Day(day).weekday(), weekday, "{text}");
        }
        // Each of a hundred and fifty years.
        for day in 0..54_787 {
            assert_eq!(Day::parse(&Day(day).to_string()), Some(Day(day)));
        }
        for none in [
            "",
            "2026-2-01",
            "2026-02-30",
            "2100-02-29",
            "2026-13-01",
            "2026-00-10",
            "1969-12-31",
            "2026-10-01 ",
            "+026-10-01",
            "2026/10/01",
            "二〇二六",
        ] {
            assert_eq!(Day::parse(none), None, "{none}");
        }
    }
}

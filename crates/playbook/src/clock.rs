//! When something is due: a term, counted from its start by the terminal's clock.
//!
//! Hours are hours. A term of days begins with the day after its start and ends with the end of its last day (civil code of China,
//! articles 201 and 203); of working days only those count.
//!
//! Invariant: the longer the term, the later it ends; and it ends after its start.

use domain::Timestamp;
use domain::time::HOUR_MS;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::Calendar;

/// Longest term in hours: a year.
pub(crate) const HOURS_MAX: u32 = 9_000;
/// In days.
pub(crate) const DAYS_MAX: u32 = 366;
/// In working days.
pub(crate) const WORKING_DAYS_MAX: u32 = 260;

/// How long something may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Term {
    /// Without a limit in hours or days: now (立即).
    AtOnce,
    /// So many hours.
    Hours(u32),
    /// So many days.
    Days(u32),
    /// So many working days.
    WorkingDays(u32),
}

impl std::fmt::Display for Term {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (count, unit) = match self {
            Self::AtOnce => return f.write_str("at once"),
            Self::Hours(count) => (count, "hour"),
            Self::Days(count) => (count, "day"),
            Self::WorkingDays(count) => (count, "working day"),
        };
        let s = if *count == 1 { "" } else { "s" };
        write!(f, "{count} {unit}{s}")
    }
}

impl TryFrom<String> for Term {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no term: at once, 24 hours, 2 days or 2 working days");
        if text == "at once" {
            return Ok(Self::AtOnce);
        }
        let (count, unit) = text.split_once(' ').ok_or_else(wrong)?;
        let count: u32 = count.parse().map_err(|_| wrong())?;
        if count == 0 {
            return Err(wrong());
        }
        match unit {
            "hour" | "hours" if count <= HOURS_MAX => Ok(Self::Hours(count)),
            "day" | "days" if count <= DAYS_MAX => Ok(Self::Days(count)),
            "working day" | "working days" if count <= WORKING_DAYS_MAX => Ok(Self::WorkingDays(count)),
            _ => Err(wrong()),
        }
    }
}

/// When something is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The moment after which it is late.
    pub at: Timestamp,
    /// It counts days of a year whose holidays nobody has given notice of.
    pub is_provisional: bool,
}

impl Term {
    /// Whether it surely ends no later than another one with the same start.
    pub const fn is_within(self, other: Self) -> bool {
        match (self, other) {
            (Self::AtOnce, _) => true,
            (Self::Hours(own), Self::Hours(other))
            | (Self::Days(own), Self::Days(other) | Self::WorkingDays(other))
            | (Self::WorkingDays(own), Self::WorkingDays(other)) => own <= other,
            // A day of the clock's zone may have 23 hours; the day it begins on counts besides.
            (Self::Hours(own), Self::Days(other) | Self::WorkingDays(other)) => own <= other * 23,
            _ => false,
        }
    }

    /// When it ends for a start and a terminal's clock; `None`: at once, or the clock's zone is not known.
    pub fn ends(self, start: Timestamp, time_zone: &str) -> Option<Due> {
        let (days, is_working) = match self {
            Self::AtOnce => return None,
            Self::Hours(hours) => {
                return Some(Due {
                    at: start.plus_ms(i64::from(hours) * HOUR_MS),
                    is_provisional: false,
                });
            }
            Self::Days(days) => (days, false),
            Self::WorkingDays(days) => (days, true),
        };
        let zone = TimeZone::get(time_zone).ok()?;
        let begun = jiff::Timestamp::from_millisecond(start.0).ok()?;
        let first = zone.to_datetime(begun).date();
        let calendar = Calendar::in_zone(time_zone);
        let (last, is_provisional) = match is_working {
            true => worked(calendar, first, days)?,
            false => (
                first.checked_add(jiff::Span::new().days(i64::from(days))).ok()?,
                false,
            ),
        };
        // The end of the last day is the first moment of the next.
        let end = last.tomorrow().ok()?.to_zoned(zone).ok()?;
        Some(Due {
            at: Timestamp(end.timestamp().as_millisecond()),
            is_provisional,
        })
    }
}

/// The last of so many working days after a day, and whether one on the way was not known for sure.
fn worked(calendar: &Calendar, first: Date, days: u32) -> Option<(Date, bool)> {
    let (mut day, mut left, mut is_provisional) = (first, days, false);
    while left > 0 {
        day = day.tomorrow().ok()?;
        is_provisional |= !calendar.knows(day);
        left -= u32::from(calendar.is_worked(day));
    }
    Some((day, is_provisional))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        let zoned: jiff::Zoned = text.parse().unwrap();
        Timestamp(zoned.timestamp().as_millisecond())
    }

    fn term(text: &str) -> Term {
        Term::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn each_term_ends_where_its_rule_says() {
        const SHANGHAI: &str = "Asia/Shanghai";
        const BERLIN: &str = "Europe/Berlin";
        let cases = [
            // Hours run through everything.
            (
                "24 hours",
                SHANGHAI,
                "2026-02-14T10:30[Asia/Shanghai]",
                "2026-02-15T10:30[Asia/Shanghai]",
                false,
            ),
            (
                "1 hour",
                BERLIN,
                "2026-03-29T01:30[Europe/Berlin]",
                "2026-03-29T03:30[Europe/Berlin]",
                false,
            ),
            (
                "24 hours",
                BERLIN,
                "2026-10-24T12:00[Europe/Berlin]",
                "2026-10-25T11:00[Europe/Berlin]",
                false,
            ),
            // Days begin with the next one and end with their last; a leap day is one.
            (
                "2 days",
                SHANGHAI,
                "2026-11-25T00:00[Asia/Shanghai]",
                "2026-11-28T00:00[Asia/Shanghai]",
                false,
            ),
            (
                "2 days",
                SHANGHAI,
                "2026-11-25T23:59[Asia/Shanghai]",
                "2026-11-28T00:00[Asia/Shanghai]",
                false,
            ),
            (
                "1 day",
                SHANGHAI,
                "2028-02-28T09:00[Asia/Shanghai]",
                "2028-03-01T00:00[Asia/Shanghai]",
                false,
            ),
            (
                "1 day",
                SHANGHAI,
                "2027-02-28T09:00[Asia/Shanghai]",
                "2027-03-02T00:00[Asia/Shanghai]",
                false,
            ),
            (
                "7 days",
                SHANGHAI,
                "2026-12-28T09:00[Asia/Shanghai]",
                "2027-01-05T00:00[Asia/Shanghai]",
                false,
            ),
            (
                "1 day",
                BERLIN,
                "2026-03-28T12:00[Europe/Berlin]",
                "2026-03-30T00:00[Europe/Berlin]",
                false,
            ),
            // Friday and its weekend; a Saturday that is worked; the whole spring festival.
            (
                "2 working days",
                SHANGHAI,
                "2026-11-27T09:00[Asia/Shanghai]",
                "2026-12-02T00:00[Asia/Shanghai]",
                false,
            ),
            (
                "2 working days",
                SHANGHAI,
                "2026-02-12T09:00[Asia/Shanghai]",
                "2026-02-15T00:00[Asia/Shanghai]",
                false,
            ),
            (
                "2 working days",
                SHANGHAI,
                "2026-02-13T09:00[Asia/Shanghai]",
                "2026-02-25T00:00[Asia/Shanghai]",
                false,
            ),
            (
                "1 working day",
                SHANGHAI,
                "2026-09-30T22:00[Asia/Shanghai]",
                "2026-10-09T00:00[Asia/Shanghai]",
                false,
            ),
            // The day by the terminal's clock, not by UTC: this is still Thursday in Berlin and Friday in Shanghai.
            (
                "1 working day",
                BERLIN,
                "2026-11-26T23:30[Europe/Berlin]",
                "2026-11-28T00:00[Europe/Berlin]",
                true,
            ),
            (
                "1 working day",
                SHANGHAI,
                "2026-11-27T06:30[Asia/Shanghai]",
                "2026-12-01T00:00[Asia/Shanghai]",
                false,
            ),
            // Into a year without notice.
            (
                "2 working days",
                SHANGHAI,
                "2026-12-31T09:00[Asia/Shanghai]",
                "2027-01-05T00:00[Asia/Shanghai]",
                true,
            ),
            (
                "1 working day",
                SHANGHAI,
                "2026-12-30T09:00[Asia/Shanghai]",
                "2027-01-01T00:00[Asia/Shanghai]",
                false,
            ),
        ];
        for (text, zone, start, end, is_provisional) in cases {
            let due = Due {
                at: at(end),
                is_provisional,
            };
            assert_eq!(term(text).ends(at(start), zone), Some(due), "{text} from {start}");
        }
        for text in ["at once", "1 hour", "48 hours", "1 day", "2 working days"] {
            assert_eq!(term(text).to_string(), text);
        }
        assert_eq!(Term::AtOnce.ends(Timestamp(0), SHANGHAI), None);
        assert_eq!(Term::Days(1).ends(Timestamp(0), "Nowhere/At_All"), None);
        assert_eq!(Term::Days(1).ends(Timestamp(i64::MAX), SHANGHAI), None);
    }

    #[test]
    fn a_term_is_within_another_only_where_that_is_sure() {
        for (own, other, is_within) in [
            ("at once", "1 hour", true),
            ("1 hour", "at once", false),
            ("24 hours", "24 hours", true),
            ("25 hours", "24 hours", false),
            ("46 hours", "2 days", true),
            ("48 hours", "2 days", false),
            ("2 days", "48 hours", false),
            ("2 days", "2 working days", true),
            ("3 days", "2 working days", false),
            ("2 working days", "2 days", false),
            ("2 working days", "3 working days", true),
        ] {
            assert_eq!(
                term(own).is_within(term(other)),
                is_within,
                "{own} within {other}"
            );
        }
    }

    #[test]
    fn what_is_no_term_is_refused() {
        for wrong in [
            "",
            "soon",
            "0 days",
            "-1 days",
            "2days",
            "1 month",
            "367 days",
            "9001 hours",
            "261 working days",
            "1 hour ago",
        ] {
            assert!(Term::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_longer_term_ends_later_and_none_before_its_start(
            start in 1_735_689_600_000_i64..1_893_456_000_000,
            count in 1_u32..200,
            zone in proptest::sample::select(vec!["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Pacific/Apia"]),
        ) {
            let terms: [fn(u32) -> Term; 3] = [Term::Hours, Term::Days, Term::WorkingDays];
            for term in terms {
                let ends = |count| term(count).ends(Timestamp(start), zone).unwrap().at;
                proptest::prop_assert!(ends(count) > Timestamp(start));
                proptest::prop_assert!(ends(count + 1) > ends(count));
            }
            let [days, working] = [Term::Days(count), Term::WorkingDays(count)].map(|term| term.ends(Timestamp(start), zone).unwrap().at);
            proptest::prop_assert!(working >= days);
        }
    }
}

//! Times as exports write them, into instants.
//!
//! Invariant: no zone is taken from the machine; a time whose hour or day the file does not settle says so.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};

use crate::record::Certainty;
use crate::word::clean;

/// Years that a transaction can be of.
const YEARS: std::ops::RangeInclusive<i16> = 2000..=2100;

/// The zone of everything that Chinese acquirers write, whatever the server's.
pub fn china() -> TimeZone {
    TimeZone::fixed(Offset::constant(8))
}

/// Which comes first where the year does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The month: `9/14/2026`.
    MonthFirst,
    /// The day: `14.09.2026`.
    DayFirst,
}

/// What a cell says of a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The day.
    pub day: Option<Date>,
    /// The time of the day.
    pub time: Option<Time>,
    /// Whether it says seconds.
    pub has_seconds: bool,
    /// The offset that stands with it, in seconds.
    pub offset: Option<i32>,
}

/// An instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// Unix time in milliseconds.
    pub ms: i64,
    /// How much of it the file settles.
    pub certainty: Certainty,
}

/// Reads a day, a time or both.
pub fn said(cell: &str, order: Order) -> Option<Said> {
    let text = clean(cell);
    let (day, rest) = match day(text, order) {
        Some((day, rest)) => (Some(day), rest),
        None => (None, text),
    };
    let rest = rest.trim_start_matches(|one: char| one.is_whitespace() || one == 'T' || one == ',');
    if rest.is_empty() {
        return day.map(|day| Said {
            day: Some(day),
            ..Said::default()
        });
    }
    let (rest, offset) = offset(rest);
    let (time, has_seconds) = time(rest)?;
    Some(Said {
        day,
        time: Some(time),
        has_seconds,
        offset,
    })
}

/// A number of days as spreadsheets count them, from 1900 or 1904; less than one is a time of any day.
pub fn serial(days: f64, is_1904: bool) -> Option<Said> {
    if !(0.0..=80_000.0).contains(&days) {
        return None;
    }
    let seconds = (days * 86_400.0).round() as i64;
    let (days, seconds) = (seconds / 86_400, seconds % 86_400);
    let time = || Time::midnight().checked_add(seconds.seconds()).ok();
    if days == 0 {
        return Some(Said {
            time: Some(time()?),
            has_seconds: true,
            ..Said::default()
        });
    }
    let first = match is_1904 {
        true => jiff::civil::date(1904, 1, 1),
        false => jiff::civil::date(1899, 12, 30),
    };
    let day = first.checked_add(days.days()).ok()?;
    YEARS.contains(&day.year()).then_some(Said {
        day: Some(day),
        time: if seconds == 0 { None } else { Some(time()?) },
        has_seconds: seconds != 0,
        offset: None,
    })
}

/// A day and a time of one transaction that stand in two columns; the time's own day goes first.
pub fn joined(day: Said, time: Said) -> Said {
    Said {
        day: time.day.or(day.day),
        ..time
    }
}

impl Said {
    /// The instant, in a zone. `None`: no day is said.
    pub fn at(self, zone: &TimeZone) -> Option<At> {
        let day = self.day?;
        let time = self.time.unwrap_or(Time::midnight());
        let zone = match self.offset {
            Some(seconds) => TimeZone::fixed(Offset::from_seconds(seconds).ok()?),
            None => zone.clone(),
        };
        let ambiguous = zone.to_ambiguous_timestamp(DateTime::from_parts(day, time));
        let certainty = if self.time.is_none() {
            Certainty::Day
        } else if ambiguous.is_ambiguous() {
            Certainty::Hour
        } else if self.has_seconds {
            Certainty::Second
        } else {
            Certainty::Minute
        };
        let ms = ambiguous.compatible().ok()?.as_millisecond();
        Some(At { ms, certainty })
    }
}

/// A number with its digits.
fn number(text: &str) -> Option<(u32, usize, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let value = text.get(..length)?.parse().ok()?;
    (length <= 14).then_some((value, length, &text[length..]))
}

/// The day that a text begins with.
fn day(text: &str, order: Order) -> Option<(Date, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 8 || digits == 14 {
        let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<i16>().ok();
        let day = date(part(0..4)?, part(4..6)?, part(6..8)?)?;
        return Some((day, &text[8..]));
    }
    let (first, first_length, rest) = number(text)?;
    let rest = rest.strip_prefix(['-', '/', '.', '年'])?;
    let (second, _, rest) = number(rest)?;
    let rest = rest.strip_prefix(['-', '/', '.', '月'])?;
    let (third, third_length, rest) = number(rest)?;
    let rest = rest.strip_prefix('日').unwrap_or(rest);
    let [first, second, third] = [first, second, third].map(|one| i16::try_from(one).ok());
    let (first, second, third) = (first?, second?, third?);
    let day = match (first_length, order) {
        (4, _) => date(first, second, third)?,
        (1 | 2, Order::MonthFirst) => date(year(third, third_length)?, first, second)?,
        (1 | 2, Order::DayFirst) => date(year(third, third_length)?, second, first)?,
        _ => return None,
    };
    Some((day, rest))
}

fn year(value: i16, length: usize) -> Option<i16> {
    match length {
        4 => Some(value),
        2 => Some(2000 + value),
        _ => None,
    }
}

fn date(year: i16, month: i16, day: i16) -> Option<Date> {
    let [month, day] = [month, day].map(|one| i8::try_from(one).ok());
    let date = Date::new(year, month?, day?).ok()?;
    YEARS.contains(&year).then_some(date)
}

/// The offset at the end of a time: `Z`, `+08:00`, `-0500`.
fn offset(text: &str) -> (&str, Option<i32>) {
    if let Some(rest) = text.strip_suffix(['Z', 'z']) {
        return (rest, Some(0));
    }
    let Some(at) = text.rfind(['+', '-']) else {
        return (text, None);
    };
    let digits: String = text[at + 1..].chars().filter(|one| *one != ':').collect();
    let is_offset = digits.len() == 4 && digits.bytes().all(|one| one.is_ascii_digit());
    let minutes = |digits: &str| -> Option<i32> {
        let (hours, minutes) = (
            digits.get(..2)?.parse::<i32>().ok()?,
            digits.get(2..)?.parse::<i32>().ok()?,
        );
        (hours <= 14 && minutes < 60).then_some(hours * 60 + minutes)
    };
    match minutes(&digits).filter(|_| is_offset) {
        Some(minutes) if text[at..].starts_with('-') => (&text[..at], Some(-minutes * 60)),
        Some(minutes) => (&text[..at], Some(minutes * 60)),
        None => (text, None),
    }
}

/// A time of the day, and whether it says seconds.
fn time(text: &str) -> Option<(Time, bool)> {
    let upper = text.trim().to_uppercase();
    let (mut rest, half) = halved(&upper);
    let mut parts = [0_u32; 3];
    let (first, length, after) = number(rest)?;
    let count = if length == 6 || length == 5 {
        // HHmmss; a number has lost its zero.
        parts = [first / 10_000, first / 100 % 100, first % 100];
        rest = after;
        3
    } else {
        parts[0] = first;
        rest = after;
        let mut count = 1;
        while count < 3 {
            let Some(next) = rest.strip_prefix([':', '时', '分', '.']).and_then(number) else {
                break;
            };
            (parts[count], _, rest) = next;
            count += 1;
        }
        count
    };
    let rest = rest.trim_start_matches('秒').trim_start_matches('分');
    let is_fraction = rest
        .strip_prefix('.')
        .is_some_and(|part| part.bytes().all(|one| one.is_ascii_digit()));
    if count < 2 || !(rest.trim().is_empty() || is_fraction) {
        return None;
    }
    let hour = match (half, parts[0]) {
        (None, hour) => hour,
        (Some(_), 0 | 13..) => return None,
        (Some(half), hour) => hour % 12 + 12 * half,
    };
    let [hour, minute, second] = [hour, parts[1], parts[2]].map(|one| i8::try_from(one).ok());
    let time = Time::new(hour?, minute?, second?, 0).ok()?;
    Some((time, count == 3))
}

/// The text without its half of the day, and which half it is.
fn halved(text: &str) -> (&str, Option<u32>) {
    let halves = [
        ("AM", 0),
        ("A.M.", 0),
        ("上午", 0),
        ("PM", 1),
        ("P.M.", 1),
        ("下午", 1),
    ];
    for (word, half) in halves {
        let rest = text.strip_suffix(word).or_else(|| text.strip_prefix(word));
        if let Some(rest) = rest {
            return (rest.trim(), Some(half));
        }
    }
    (text, None)
}

/// The zone of a name, as programs of Rails name zones, as the IANA does, or by the usual letters where they mean one offset only.
pub fn zone(name: &str) -> Option<TimeZone> {
    let name = clean(name);
    if let Some((_, iana)) = RAILS.iter().find(|(rails, _)| *rails == name) {
        return TimeZone::get(iana).ok();
    }
    if let Some((_, hours)) = LETTERS.iter().find(|(letters, _)| *letters == name) {
        return Some(TimeZone::fixed(Offset::constant(*hours)));
    }
    if let ("", Some(seconds)) = offset(name) {
        return Offset::from_seconds(seconds).ok().map(TimeZone::fixed);
    }
    match name.contains('/') {
        true => TimeZone::get(name).ok(),
        false => None,
    }
}

const RAILS: &[(&str, &str)] = &[
    ("Hawaii", "Pacific/Honolulu"),
    ("Alaska", "America/Juneau"),
    ("Pacific Time (US & Canada)", "America/Los_Angeles"),
    ("Arizona", "America/Phoenix"),
    ("Mountain Time (US & Canada)", "America/Denver"),
    ("Central Time (US & Canada)", "America/Chicago"),
    ("Eastern Time (US & Canada)", "America/New_York"),
    ("Indiana (East)", "America/Indiana/Indianapolis"),
    ("Saskatchewan", "America/Regina"),
    ("Atlantic Time (Canada)", "America/Halifax"),
    ("Newfoundland", "America/St_Johns"),
    ("Puerto Rico", "America/Puerto_Rico"),
    ("London", "Europe/London"),
    ("Edinburgh", "Europe/London"),
    ("Dublin", "Europe/Dublin"),
    ("Madrid", "Europe/Madrid"),
    ("Paris", "Europe/Paris"),
    ("Berlin", "Europe/Berlin"),
    ("Tokyo", "Asia/Tokyo"),
    ("Osaka", "Asia/Tokyo"),
    ("Sapporo", "Asia/Tokyo"),
    ("Perth", "Australia/Perth"),
    ("Darwin", "Australia/Darwin"),
    ("Adelaide", "Australia/Adelaide"),
    ("Brisbane", "Australia/Brisbane"),
    ("Sydney", "Australia/Sydney"),
    ("Melbourne", "Australia/Melbourne"),
    ("Canberra", "Australia/Canberra"),
    ("Hobart", "Australia/Hobart"),
    ("UTC", "UTC"),
];

/// Letters that mean one offset everywhere; `CST` and `IST` do not.
const LETTERS: &[(&str, i8)] = &[
    ("GMT", 0),
    ("WET", 0),
    ("BST", 1),
    ("WEST", 1),
    ("CET", 1),
    ("CEST", 2),
    ("EET", 2),
    ("EEST", 3),
    ("EDT", -4),
    ("EST", -5),
    ("CDT", -5),
    ("MDT", -6),
    ("MST", -7),
    ("PDT", -7),
    ("PST", -8),
    ("SGT", 8),
    ("HKT", 8),
    ("JST", 9),
    ("AEST", 10),
    ("AEDT", 11),
    ("NZST", 12),
    ("NZDT", 13),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str, order: Order, zone: &TimeZone) -> Option<(String, Certainty)> {
        let at = said(text, order)?.at(zone)?;
        let stamp = jiff::Timestamp::from_millisecond(at.ms).unwrap();
        Some((stamp.to_string(), at.certainty))
    }

    #[test]
    fn times_are_read_as_they_are_written() {
        for text in [
            "2026-09-14 09:12:05",
            "`2026-09-14 09:12:05",
            "2026/9/14 9:12:05",
            "2026.9.14 9:12:05",
            "2026-09-14T09:12:05.0",
            "20260914091205",
            "20260914 091205",
            "2026年09月14日 09:12:05",
            "2026年9月14日 9时12分5秒",
            "2026-09-14 上午9:12:05",
            "9/14/2026 9:12:05 AM",
            "9/14/26 09:12:05",
            "2026-09-14T01:12:05Z",
            "2026-09-14T03:12:05+02:00",
        ] {
            let read = at(text, Order::MonthFirst, &china());
            assert_eq!(
                read,
                Some(("2026-09-14T01:12:05Z".to_owned(), Certainty::Second)),
                "{text}"
            );
        }
        let read = |text: &str| at(text, Order::DayFirst, &china());
        assert_eq!(
            read("14.09.2026, 20:12"),
            Some(("2026-09-14T12:12:00Z".to_owned(), Certainty::Minute))
        );
        assert_eq!(
            read("2026-09-14"),
            Some(("2026-09-13T16:00:00Z".to_owned(), Certainty::Day))
        );
        for wrong in [
            "",
            "-",
            "2026-13-01 00:00:00",
            "2026-09-14 25:00:00",
            "1999-01-01",
            "46279.38",
            "09:12:05 x",
            "12",
            "13 PM",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn twelve_oclock_is_noon_in_the_afternoon_only() {
        let hour = |text: &str| {
            said(text, Order::MonthFirst)
                .and_then(|said| said.time)
                .map(|time| time.hour())
        };
        assert_eq!(hour("12:05 AM"), Some(0));
        assert_eq!(hour("12:05 PM"), Some(12));
        assert_eq!(hour("下午 1:05"), Some(13));
        assert_eq!(hour("91205"), Some(9));
        assert_eq!(hour("235958"), Some(23));
    }

    #[test]
    fn daylight_saving_moves_the_instant_and_makes_an_hour_uncertain() {
        let new_york = zone("Eastern Time (US & Canada)").unwrap();
        let read = |text: &str| at(text, Order::MonthFirst, &new_york).unwrap();
        assert_eq!(read("2026-09-14 09:15:00").0, "2026-09-14T13:15:00Z");
        assert_eq!(read("2026-12-14 09:15:00").0, "2026-12-14T14:15:00Z");
        assert_eq!(read("2026-11-01 01:30:00").1, Certainty::Hour);
        assert_eq!(read("2026-11-01 03:30:00").1, Certainty::Second);
    }

    #[test]
    fn days_are_counted_from_the_epoch_of_the_workbook() {
        let read = |days: f64, is_1904| {
            let at = serial(days, is_1904)?.at(&china())?;
            Some((
                jiff::Timestamp::from_millisecond(at.ms).unwrap().to_string(),
                at.certainty,
            ))
        };
        let expected = Some(("2026-09-14T01:12:05Z".to_owned(), Certainty::Second));
        assert_eq!(read(46_279.383_391_203_7, false), expected);
        assert_eq!(read(44_817.383_391_203_7, true), expected);
        // A hair below the second, and a day that ends.
        assert_eq!(read(46_279.383_391_203_6, false), expected);
        assert_eq!(
            read(46_279.0, false),
            Some(("2026-09-13T16:00:00Z".to_owned(), Certainty::Day))
        );
        assert_eq!(
            serial(0.375, false).unwrap().time,
            Some(jiff::civil::time(9, 0, 0, 0))
        );
        for none in [f64::NAN, -1.0, 1e9, 400.0] {
            assert_eq!(serial(none, false).and_then(|said| said.day), None);
        }
    }

    #[test]
    fn every_zone_of_the_tables_is_one() {
        for (name, _) in RAILS {
            assert!(zone(name).is_some(), "{name}");
        }
        assert!(zone("CET").is_some() && zone("Asia/Shanghai").is_some() && zone("+08:00").is_some());
        for unknown in ["", "CST", "Mars/Base", "+99:00", "8"] {
            assert!(zone(unknown).is_none(), "{unknown}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "[0-9年月日时分秒/:. TZAPM+-]{0,30}|.{0,20}") {
            let _ = said(&text, Order::MonthFirst).and_then(|said| said.at(&china()));
            let _ = zone(&text);
        }
    }
}

//! Working days: the official calendar of mainland China, as data.
//!
//! Invariant: a day of a year that nobody has given notice of is counted as an ordinary one, and is said to be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jiff::civil::{Date, Weekday};
use serde::Deserialize;

const TEXT: &str = include_str!("../data/calendar.yaml");

static CHINA: LazyLock<Calendar> =
    LazyLock::new(|| Calendar::read(TEXT).expect("the calendar is well formed"));
/// Weekends and nothing else, wherever no other calendar is kept.
static ORDINARY: LazyLock<Calendar> = LazyLock::new(Calendar::default);

/// Which days people work.
#[derive(Debug, Default)]
pub struct Calendar {
    years: BTreeMap<i16, Year>,
}

#[derive(Debug, Default)]
struct Year {
    off: BTreeSet<Date>,
    worked: BTreeSet<Date>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    year: i16,
    #[serde(rename = "mark")]
    _mark: crate::Mark,
    off: Vec<String>,
    worked: Vec<String>,
}

impl Calendar {
    /// The calendar for a terminal whose clock is of that IANA zone.
    pub fn in_zone(time_zone: &str) -> &'static Self {
        match domain::rule::is_china(time_zone) {
            true => &CHINA,
            false => &ORDINARY,
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        let written: Vec<Written> = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        let mut years = BTreeMap::new();
        for Written {
            year, off, worked, ..
        } in written
        {
            let days = |spans: Vec<String>| {
                let spans = spans.iter().map(|span| days(year, span));
                Ok::<_, String>(
                    spans
                        .collect::<Result<Vec<_>, _>>()?
                        .concat()
                        .into_iter()
                        .collect(),
                )
            };
            let it = Year {
                off: days(off)?,
                worked: days(worked)?,
            };
            if let Some(day) = it
                .worked
                .iter()
                .find(|day| it.off.contains(day) || !is_weekend(**day))
            {
                return Err(format!("{day} is worked as any other day, or off"));
            }
            years.insert(year, it);
        }
        Ok(Self { years })
    }

    /// Whether it is known for sure which days of that day's year are worked.
    pub fn knows(&self, day: Date) -> bool {
        self.years.contains_key(&day.year())
    }

    /// Whether people work on that day.
    pub fn is_worked(&self, day: Date) -> bool {
        match self.years.get(&day.year()) {
            Some(year) if year.off.contains(&day) => false,
            Some(year) if year.worked.contains(&day) => true,
            _ => !is_weekend(day),
        }
    }
}

fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// The days of `MM-DD` or `MM-DD..MM-DD`.
fn days(year: i16, span: &str) -> Result<Vec<Date>, String> {
    let (from, to) = span.split_once("..").unwrap_or((span, span));
    let day = |text: &str| {
        let (month, day) = text.split_once('-')?;
        let (month, day): (i8, i8) = (month.parse().ok()?, day.parse().ok()?);
        Date::new(year, month, day).ok()
    };
    let (from, to) = day(from)
        .zip(day(to))
        .ok_or_else(|| format!("{year}: {span} is no span of days"))?;
    let days: Vec<Date> = from
        .series(jiff::Span::new().days(1))
        .take_while(|day| *day <= to)
        .collect();
    match days.is_empty() || days.len() > 31 {
        true => Err(format!("{year}: {span} is no span of days")),
        false => Ok(days),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date as at;

    #[test]
    fn holidays_swapped_days_and_years_without_notice_are_told_apart() {
        let china = Calendar::in_zone("Asia/Shanghai");
        let cases = [
            // An ordinary Wednesday and Saturday.
            (at(2026, 11, 25), true, true),
            (at(2026, 11, 28), false, true),
            // The spring festival of 2026, and the Saturdays worked before and after.
            (at(2026, 2, 14), true, true),
            (at(2026, 2, 15), false, true),
            (at(2026, 2, 23), false, true),
            (at(2026, 2, 24), true, true),
            (at(2026, 2, 28), true, true),
            // A Friday that is off.
            (at(2026, 9, 25), false, true),
            (at(2026, 10, 10), true, true),
            (at(2025, 10, 8), false, true),
            // Nobody has given notice of 2027: its first of January is a Friday like any other, for now.
            (at(2027, 1, 1), true, false),
            (at(2027, 1, 2), false, false),
        ];
        for (day, is_worked, is_known) in cases {
            assert_eq!(
                (china.is_worked(day), china.knows(day)),
                (is_worked, is_known),
                "{day}"
            );
        }
        let elsewhere = Calendar::in_zone("Europe/Berlin");
        assert!(elsewhere.is_worked(at(2026, 10, 1)) && !elsewhere.is_worked(at(2026, 10, 10)));
        assert!(!elsewhere.knows(at(2026, 10, 1)));
    }

    #[test]
    fn a_calendar_that_contradicts_itself_is_none() {
        for wrong in [
            "- { year: 2026, mark: verified, off: [02-30], worked: [] }",
            "- { year: 2026, mark: verified, off: [03-05..03-01], worked: [] }",
            "- { year: 2026, mark: verified, off: [01-01..12-31], worked: [] }",
            "- { year: 2026, mark: verified, off: [], worked: [11-25] }",
            "- { year: 2026, mark: verified, off: [11-28], worked: [11-28] }",
            "- { year: 2026, mark: guessed, off: [], worked: [] }",
        ] {
            assert!(Calendar::read(wrong).is_err(), "{wrong}");
        }
    }
}

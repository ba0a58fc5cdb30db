//! When a shop is open: what its people say of a week, and of single days that are otherwise (R1.3, R3.3).
//!
//! Times are minutes on the clock on the wall. Where that is put back an hour comes twice, and the shop is open in both or in none.
//!
//! Invariant: of a shop whose people said nothing, nothing is known: there is no default.

use std::collections::BTreeMap;
use std::fmt;

use crate::MerchantId;
use crate::case::Who;
use crate::day::{DAY_MIN, Day, Local};
use crate::right::Right;
use crate::time::Timestamp;

/// Who says when a shop is open and who works: whoever keeps its operators.
pub const KEEPERS: Who = Who::With(Right::KeepOperator);
/// Spans of one day at most: a morning, an afternoon, a night market.
pub const SPANS_MAX: usize = 3;
/// Days that are otherwise at most.
pub const EXCEPTIONS_MAX: usize = 60;

/// From a minute of a day until before another one, which may be after midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Minutes after midnight, below 1,440.
    pub from_min: u16,
    /// Minutes after the same midnight, exclusive: above 1,440 is the next day. At most a day after `from_min`.
    pub to_min: u16,
}

impl Span {
    /// Reads it; `None` for what is no span of at most a day.
    pub const fn new(from_min: u16, to_min: u16) -> Option<Self> {
        let is_one = from_min < 1_440 && from_min < to_min && to_min - from_min <= 1_440;
        match is_one {
            true => Some(Self { from_min, to_min }),
            false => None,
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from_min, self.to_min)
    }
}

/// When it is open on one day: one after the other; none of them: it is closed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans(Vec<Span>);

impl Spans {
    /// Those of a day; `None` where there are too many, or two at once.
    pub fn new(mut spans: Vec<Span>) -> Option<Self> {
        spans.sort_unstable();
        let is_apart = spans.windows(2).all(|two| two[0].to_min <= two[1].from_min);
        (spans.len() <= SPANS_MAX && is_apart).then_some(Self(spans))
    }

    /// They, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Span> {
        self.0.iter().copied()
    }

    /// Whether it is closed.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads what [`fmt::Display`] writes: `540-720,840-1080`, or nothing.
    fn read(text: &str) -> Option<Self> {
        let spans = text.split(',').filter(|_| !text.is_empty());
        let span = |text: &str| {
            let (from, to) = text.split_once('-')?;
            Span::new(from.parse().ok()?, to.parse().ok()?)
        };
        Self::new(spans.map(span).collect::<Option<_>>()?)
    }
}

impl fmt::Display for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, span) in self.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{span}")?;
        }
        Ok(())
    }
}

/// A usual week, from Monday.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Week(pub [Spans; 7]);

impl Week {
    /// Reads what [`fmt::Display`] writes: the days with `;` between them.
    pub fn read(text: &str) -> Option<Self> {
        let days: Vec<Spans> = text.split(';').map(Spans::read).collect::<Option<_>>()?;
        days.try_into().ok().map(Self)
    }
}

impl fmt::Display for Week {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, day) in self.0.iter().enumerate() {
            let semicolon = if at == 0 { "" } else { ";" };
            write!(f, "{semicolon}{day}")?;
        }
        Ok(())
    }
}

/// Days that are otherwise, in place of what their weekday says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exceptions(BTreeMap<Day, Spans>);

impl Exceptions {
    /// Those; `None` where there are too many, or a day is there twice.
    pub fn new(days: Vec<(Day, Spans)>) -> Option<Self> {
        let count = days.len();
        let days: BTreeMap<_, _> = days.into_iter().collect();
        (days.len() == count && count <= EXCEPTIONS_MAX).then_some(Self(days))
    }

    /// They, in the order of their days.
    pub fn iter(&self) -> impl Iterator<Item = (Day, &Spans)> {
        self.0.iter().map(|(day, spans)| (*day, spans))
    }

    /// Reads what [`fmt::Display`] writes: `2026-10-01:540-720;2026-10-02:`, or nothing.
    pub fn read(text: &str) -> Option<Self> {
        let days = text.split(';').filter(|_| !text.is_empty());
        let day = |text: &str| {
            let (day, spans) = text.split_once(':')?;
            Some((Day::parse(day)?, Spans::read(spans)?))
        };
        Self::new(days.map(day).collect::<Option<_>>()?)
    }
}

impl fmt::Display for Exceptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (day, spans)) in self.iter().enumerate() {
            let semicolon = if at == 0 { "" } else { ";" };
            write!(f, "{semicolon}{day}:{spans}")?;
        }
        Ok(())
    }
}

/// When a shop is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpeningHours {
    /// As usual.
    pub week: Week,
    /// Otherwise.
    pub exceptions: Exceptions,
}

impl OpeningHours {
    /// What is said of that day.
    pub fn on(&self, day: Day) -> &Spans {
        let other = self.exceptions.0.get(&day);
        other.unwrap_or(&self.week.0[day.weekday()])
    }

    /// Minutes from the nearest opening hour, a day at most; 0 within.
    pub fn distance_min(&self, at: Local) -> i64 {
        // Yesterday's may go past midnight; tomorrow's may begin soon.
        let spans = [-1, 0, 1].into_iter().flat_map(|later| {
            let begin = later * DAY_MIN;
            let of_day = self.on(at.day.plus(later)).iter();
            of_day.map(move |span| (begin + i64::from(span.from_min), begin + i64::from(span.to_min)))
        });
        let distance = spans.map(|(from, to)| (from - at.minute).max(at.minute - to + 1).max(0));
        distance.min().unwrap_or(DAY_MIN).min(DAY_MIN)
    }

    /// Whether it is open then.
    pub fn is_open(&self, at: Local) -> bool {
        self.distance_min(at) == 0
    }
}

/// What was said of a shop's hours, and who said it last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Of which shop.
    pub shop_id: String,
    /// Whose.
    pub merchant_id: MerchantId,
    /// What.
    pub hours: OpeningHours,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HOUR_MS;

    fn hours(week: &str, exceptions: &str) -> OpeningHours {
        OpeningHours {
            week: Week::read(week).unwrap(),
            exceptions: Exceptions::read(exceptions).unwrap(),
        }
    }

    fn at(day: &str, minute: i64) -> Local {
        Local {
            day: Day::parse(day).unwrap(),
            minute,
        }
    }

    /// Wednesday in two spans, Sunday over midnight, Friday around the clock; 7 October closed, 10 October longer.
    fn shop() -> OpeningHours {
        hours(
            ";;540-720,840-1080;;0-1440;;1020-1560",
            "2026-10-07:;2026-10-10:1020-1680",
        )
    }

    #[test]
    fn a_shop_is_open_within_its_spans_and_so_far_from_them_else() {
        for (day, minute, wanted) in [
            // Wednesday: the edges of both spans.
            ("2026-09-30", 539, 1),
            ("2026-09-30", 540, 0),
            ("2026-09-30", 719, 0),
            ("2026-09-30", 720, 1),
            ("2026-09-30", 780, 60),
            ("2026-09-30", 1_080, 1),
            // Friday around the clock, and Thursday and Saturday beside it.
            ("2026-10-02", 0, 0),
            ("2026-10-02", 1_439, 0),
            ("2026-10-01", 1_439, 1),
            ("2026-10-03", 0, 1),
            // Sunday over midnight into Monday.
            ("2026-10-04", 1_019, 1),
            ("2026-10-04", 1_020, 0),
            ("2026-10-05", 0, 0),
            ("2026-10-05", 119, 0),
            ("2026-10-05", 120, 1),
            // A Wednesday that is closed, and what is nearest to it.
            ("2026-10-07", 600, 1_440),
            // A Saturday until four in the morning; Sunday's own begin in the evening.
            ("2026-10-10", 1_020, 0),
            ("2026-10-11", 239, 0),
            ("2026-10-11", 240, 1),
        ] {
            assert_eq!(shop().distance_min(at(day, minute)), wanted, "{day} {minute}");
            assert_eq!(shop().is_open(at(day, minute)), wanted == 0);
        }
        assert_eq!(OpeningHours::default().distance_min(at("2026-10-04", 0)), 1_440);
    }

    /// Berlin, 2026: clocks go from 02:00 to 03:00 on 29 March at 01:00 UTC, and from 03:00 back to 02:00 on 25 October at 01:00 UTC.
    #[test]
    fn an_hour_that_is_skipped_is_no_time_and_one_that_comes_twice_is_open_twice() {
        let night = hours(";;;;;;120-180", "");
        for (day, from_utc_min, offset_min, wanted) in [
            // The last minute before, 01:59, and the first after, 03:00: two to three o'clock does not come.
            ("2026-03-29", 59, 60, false),
            ("2026-03-29", 60, 120, false),
            // 02:00 and 02:59 in summer time, and the same again in winter time.
            ("2026-10-25", 0, 120, true),
            ("2026-10-25", 59, 120, true),
            ("2026-10-25", 60, 60, true),
            ("2026-10-25", 119, 60, true),
            ("2026-10-25", 120, 60, false),
        ] {
            let utc = Timestamp(Day::parse(day).unwrap().0 * 24 * HOUR_MS + from_utc_min * 60_000);
            let local = Local::of(utc, offset_min);
            assert_eq!(local.day.to_string(), day);
            assert_eq!(night.is_open(local), wanted, "{day} {from_utc_min}");
        }
        // A night market closes at three by the clock, an hour earlier or later than on other nights.
        let market = hours(";;;;;1080-1620;", "");
        let local = |utc_min: i64, offset_min| {
            let sunday = Day::parse("2026-03-29").unwrap();
            Local::of(Timestamp(sunday.0 * 24 * HOUR_MS + utc_min * 60_000), offset_min)
        };
        assert!(market.is_open(local(59, 60)));
        assert!(!market.is_open(local(60, 120)));
    }

    #[test]
    fn what_is_kept_is_read_as_it_was_and_nothing_else_is() {
        let shop = shop();
        assert_eq!(Week::read(&shop.week.to_string()), Some(shop.week.clone()));
        assert_eq!(
            Exceptions::read(&shop.exceptions.to_string()),
            Some(shop.exceptions)
        );
        for wrong in [
            "",
            ";;;;;",
            ";;;;;;;",
            "0-0;;;;;;",
            "600-540;;;;;;",
            "1440-1500;;;;;;",
            "0-1441;;;;;;",
            "0-60,30-90;;;;;;",
            "0-1,2-3,4-5,6-7;;;;;;",
            "0 - 60;;;;;;",
            "x;;;;;;",
            "0-60,;;;;;;",
        ] {
            assert_eq!(Week::read(wrong), None, "{wrong}");
        }
        for wrong in ["2026-10-01", "2026-10-01:;2026-10-01:0-60", "2026-10-32:", ":"] {
            assert_eq!(Exceptions::read(wrong), None, "{wrong}");
        }
        let days = |count: i64| (0..count).map(|day| (Day(day), Spans::default())).collect();
        assert!(Exceptions::new(days(60)).is_some());
        assert!(Exceptions::new(days(61)).is_none());
    }
}

//! Shifts: which operator of a shop works from when to when, as its manager enters it for a day (R1.3). A roster, and no more.
//!
//! Invariant: a day of which nobody entered anything is not known, and nothing is judged by it; a day of nobody's work is one that is
//! known. What is said of an operator is what stands in a roster, never what somebody is.

use std::collections::BTreeMap;

use crate::MerchantId;
use crate::day::{DAY_MIN, Day, Local};
use crate::opening_hours::Span;
use crate::operator::Number;
use crate::time::Timestamp;

/// Shifts of one shop and day at most.
pub const OF_DAY_MAX: usize = 40;
/// A shift ends at noon of the next day at most, minutes after midnight of its own.
pub const TO_MIN_MAX: u16 = 2_160;
/// So long after its day a roster is kept: `retention.roster` of the store's `columns.toml`.
pub const KEPT_DAYS: i64 = 365;
/// So long ahead a day is entered at most.
pub const AHEAD_DAYS_MAX: i64 = 31;

/// One operator's time at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// Who.
    pub operator: Number,
    /// When, of the day whose roster it stands in.
    pub span: Span,
}

/// The shifts of a shop on one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shifts(Vec<Shift>);

impl Shifts {
    /// Those of a day; `None` where there are too many, one ends too late, or somebody has two at once.
    pub fn new(mut shifts: Vec<Shift>) -> Option<Self> {
        shifts.sort_by(|one, other| {
            let place = |shift: &Shift| (shift.span, shift.operator.to_string());
            place(one).cmp(&place(other))
        });
        let ends = shifts.iter().all(|shift| shift.span.to_min <= TO_MIN_MAX);
        let is_once = shifts.iter().enumerate().all(|(at, one)| {
            let mut later = shifts[at + 1..].iter();
            later.all(|other| one.operator != other.operator || one.span.to_min <= other.span.from_min)
        });
        (shifts.len() <= OF_DAY_MAX && ends && is_once).then_some(Self(shifts))
    }

    /// They, by when they begin.
    pub fn iter(&self) -> impl Iterator<Item = Shift> {
        self.0.iter().copied()
    }

    /// Reads what [`std::fmt::Display`] writes: `002 540-1020,003 600-1080`, or nothing.
    pub fn read(text: &str) -> Option<Self> {
        let shifts = text.split(',').filter(|_| !text.is_empty());
        let shift = |text: &str| {
            let (operator, span) = text.split_once(' ')?;
            let (from, to) = span.split_once('-')?;
            Some(Shift {
                operator: Number::parse(operator)?,
                span: Span::new(from.parse().ok()?, to.parse().ok()?)?,
            })
        };
        Self::new(shifts.map(shift).collect::<Option<_>>()?)
    }
}

impl std::fmt::Display for Shifts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, shift) in self.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{} {}", shift.operator, shift.span)?;
        }
        Ok(())
    }
}

/// What was entered for one day of a shop, and who entered it last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// Of which shop.
    pub shop_id: String,
    /// Of which day.
    pub day: Day,
    /// Whose shop.
    pub merchant_id: MerchantId,
    /// What.
    pub shifts: Shifts,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What is known of who works in a shop, over some days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rosters(BTreeMap<Day, Shifts>);

impl Rosters {
    /// Of those days.
    pub fn new(rosters: Vec<Roster>) -> Self {
        let of_day = rosters.into_iter().map(|roster| (roster.day, roster.shifts));
        Self(of_day.collect())
    }

    /// Whether nobody entered anything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a day was entered.
    pub fn has(&self, day: Day) -> bool {
        self.0.contains_key(&day)
    }

    /// The shifts that may concern a time, each with its day: those of its day and of the ones beside it. `None`: of a day whose
    /// shifts may reach there, so many minutes beside them, nobody entered anything.
    pub fn around(&self, at: Local, grace_min: i64) -> Option<impl Iterator<Item = (Day, Shift)>> {
        let is_known = |later: i64| self.has(at.day.plus(later));
        let reaches_back = at.minute < i64::from(TO_MIN_MAX) - DAY_MIN + grace_min;
        let reaches_on = at.minute + grace_min >= DAY_MIN;
        let is_covered = is_known(0) && (!reaches_back || is_known(-1)) && (!reaches_on || is_known(1));
        is_covered.then(|| {
            let days = self.0.range(at.day.plus(-1)..=at.day.plus(1));
            days.flat_map(|(day, shifts)| shifts.iter().map(move |shift| (*day, shift)))
        })
    }

    /// Who works then, by number, each once; `None`: nobody entered it.
    pub fn on_shift(&self, at: Local) -> Option<Vec<Number>> {
        let mut on: Vec<Number> = Vec::new();
        for (day, shift) in self.around(at, 0)? {
            let minute = at.minute + (at.day.0 - day.0) * DAY_MIN;
            let is_on = (i64::from(shift.span.from_min)..i64::from(shift.span.to_min)).contains(&minute);
            if is_on && !on.contains(&shift.operator) {
                on.push(shift.operator);
            }
        }
        Some(on)
    }

    /// All shifts, each with its day.
    pub fn iter(&self) -> impl Iterator<Item = (Day, Shift)> {
        let days = self.0.iter();
        days.flat_map(|(day, shifts)| shifts.iter().map(move |shift| (*day, shift)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::merchant;

    fn rosters(days: &[(i64, &str)]) -> Rosters {
        let roster = |(day, shifts): &(i64, &str)| Roster {
            shop_id: "S1".into(),
            day: Day(*day),
            merchant_id: merchant("M1"),
            shifts: Shifts::read(shifts).unwrap(),
            by: "manager".into(),
            at: Timestamp(0),
        };
        Rosters::new(days.iter().map(roster).collect())
    }

    #[test]
    fn who_works_is_known_where_each_day_that_may_reach_there_was_entered() {
        let rosters = rosters(&[(1, "01 540-1020,02 1020-1560"), (2, "01 540-1020"), (3, "")]);
        for (day, minute, wanted) in [
            // The night before the first day may reach until noon.
            (1, 600, None),
            (1, 719, None),
            (1, 720, Some("01")),
            (1, 1_019, Some("01")),
            (1, 1_020, Some("02")),
            (2, 0, Some("02")),
            (2, 119, Some("02")),
            (2, 120, Some("")),
            (2, 540, Some("01")),
            // Nobody works, and that was entered.
            (3, 600, Some("")),
            (4, 600, None),
        ] {
            let on = rosters.on_shift(Local {
                day: Day(day),
                minute,
            });
            let on = on.map(|on| on.iter().map(Number::to_string).collect::<Vec<_>>().join(" "));
            assert_eq!(on.as_deref(), wanted, "{day} {minute}");
        }
        // An hour before midnight, the next day's first shift may be near.
        let at = |minute| Local { day: Day(3), minute };
        assert!(rosters.around(at(1_379), 60).is_some());
        assert!(rosters.around(at(1_380), 60).is_none());
    }

    #[test]
    fn a_roster_is_read_as_it_was_and_nobody_is_in_two_places() {
        let text = "01 0-60,02 30-90,01 720-2160";
        assert_eq!(Shifts::read(text).unwrap().to_string(), text);
        assert_eq!(Shifts::read("").unwrap(), Shifts::default());
        for wrong in [
            "01 721-2161",
            "01 0-60,01 59-90",
            "0001 0-60",
            "01 60-0",
            "01",
            "01 0-60,",
        ] {
            assert_eq!(Shifts::read(wrong), None, "{wrong}");
        }
        let many = |count: usize| {
            let one = |at| format!("{at:02} 0-60");
            Shifts::read(&(0..count).map(one).collect::<Vec<_>>().join(","))
        };
        assert!(many(40).is_some());
        assert!(many(41).is_none());
    }
}

//! When a shop is open and who works there, as its people told it: what payments are judged by.
//!
//! All of it is by the clock on the terminal's wall: a shift that runs over the night in which clocks change ends when they show its end.
//!
//! Invariant: what nobody told is not known, and judges nothing; nor does a roster judge whom the shop does not have as an operator.

use std::collections::HashSet;

use domain::Timestamp;
use domain::account::Scope;
use domain::day::{DAY_MIN, Day, Local};
use domain::opening_hours::OpeningHours;
use domain::operator::Number;
use domain::roster::Rosters;
use domain::statement::Span;
use jiff::tz::TimeZone;
use screening::rule::Input;
use screening::{Certainty, Payment, Settings, Shift};
use store::{Error as StoreError, Tx};

use super::offset_min;

const MINUTE_MS: i64 = 60_000;
/// Operators of a shop that are known: there are no more numbers of three digits.
const OPERATORS_MAX: i64 = 1_000;

/// What was told of one shop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    hours: Option<OpeningHours>,
    rosters: Rosters,
    operators: HashSet<String>,
}

/// A time at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnShift {
    /// Whose.
    pub operator: Number,
    /// From when.
    pub from: Timestamp,
    /// Until when, exclusive.
    pub to: Timestamp,
}

/// What is known of who was to work in a span.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rostered {
    /// Their shifts that reach into it, by when they begin.
    pub shifts: Vec<OnShift>,
    /// Whether every day of it was entered; of others nothing is known.
    pub is_whole: bool,
    /// Whether any was.
    pub is_known: bool,
}

impl Times {
    /// What is known of a span.
    pub(crate) fn read(tx: &Tx<'_>, shop_id: &str, (from, to): Span) -> Result<Self, StoreError> {
        let told = store::opening_hours::get(tx, shop_id)?;
        // A day more on each side, wherever on earth it is, and the night before.
        let days = (Local::of(from, 0).day.plus(-2), Local::of(to, 0).day.plus(2));
        let rosters = Rosters::new(store::roster::of_shop(tx, shop_id, days)?);
        let operators = match rosters.is_empty() {
            true => Vec::new(),
            false => store::operator::list(tx, &Scope::All, Some(shop_id), None, OPERATORS_MAX)?,
        };
        Ok(Self {
            hours: told.map(|told| told.hours),
            rosters,
            operators: operators
                .into_iter()
                .map(|cashier| cashier.operator.operator.to_string())
                .collect(),
        })
    }

    /// When it is open.
    pub(crate) const fn hours(&self) -> Option<&OpeningHours> {
        self.hours.as_ref()
    }

    /// The shifts around a time; `None`: nobody entered them, or the shop does not have that operator.
    pub(crate) fn shifts(
        &self,
        settings: &Settings,
        (at, offset_min): (Timestamp, i32),
        operator: Option<&str>,
    ) -> Option<Vec<Shift>> {
        if operator.is_some_and(|operator| !self.operators.contains(operator)) {
            return None;
        }
        let around = self
            .rosters
            .around(Local::of(at, offset_min), settings.shift_grace_min)?;
        let shift = |(day, shift): (Day, domain::roster::Shift)| Shift {
            operator: shift.operator.to_string(),
            from: on_the_wall(day, shift.span.from_min, offset_min),
            to: on_the_wall(day, shift.span.to_min, offset_min),
        };
        Some(around.map(shift).collect())
    }

    /// Who was to work when a payment was taken; `None`: nobody entered it, or when that was is not known.
    pub(super) fn on_shift(&self, payment: &Payment) -> Option<Vec<Number>> {
        let is_timed = matches!(payment.certainty, Certainty::Second | Certainty::Minute);
        is_timed.then(|| self.rosters.on_shift(local(payment))).flatten()
    }

    /// Adds to what a rule may ask.
    pub(super) fn tell<'a>(&self, input: Input<'a>, payment: &Payment) -> Input<'a> {
        let is_timed = payment.certainty != Certainty::Day;
        let hours = self.hours.as_ref().filter(|_| is_timed);
        let operator = payment.operator.as_deref();
        let operator = operator.filter(|operator| self.operators.contains(*operator));
        let on = self.on_shift(payment);
        let is_on = |operator: &str| Some(on?.iter().any(|on| on.as_str() == operator));
        Input {
            is_out_of_hours: hours.map(|hours| !hours.is_open(local(payment))),
            is_on_shift: operator.and_then(is_on),
            ..input
        }
    }

    /// Who was to work in a span, at a terminal in that zone.
    pub(super) fn rostered(&self, (from, to): Span, zone: &TimeZone) -> Rostered {
        let day = |at| Local::of(at, offset_min(zone, at)).day;
        let (first, last) = (day(from), day(to));
        let mut rostered = Rostered {
            is_known: (first.0..=last.0).any(|day| self.rosters.has(Day(day))),
            // The night before reaches into the first.
            is_whole: (first.0 - 1..=last.0).all(|day| self.rosters.has(Day(day))),
            shifts: Vec::new(),
        };
        for (day, shift) in self.rosters.iter() {
            let at = |minute| {
                let about = on_the_wall(day, minute, 0);
                on_the_wall(
                    day,
                    minute,
                    offset_min(
                        zone,
                        about.plus_ms(-i64::from(offset_min(zone, about)) * MINUTE_MS),
                    ),
                )
            };
            let on = OnShift {
                operator: shift.operator,
                from: at(shift.span.from_min),
                to: at(shift.span.to_min),
            };
            if on.from <= to && on.to > from {
                rostered.shifts.push(on);
            }
        }
        rostered
    }
}

fn local(payment: &Payment) -> Local {
    Local::of(payment.at, payment.offset_min)
}

/// When clocks that are so many minutes ahead of UTC show so many minutes after a day's midnight.
fn on_the_wall(day: Day, minute: u16, offset_min: i32) -> Timestamp {
    let minutes = day.0 * DAY_MIN + i64::from(minute) - i64::from(offset_min);
    Timestamp(minutes * MINUTE_MS)
}

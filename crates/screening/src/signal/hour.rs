//! The hour: outside what the shop told, or, where it told nothing, outside what the terminal is used to.
//!
//! Invariant: only one of the two looks.

use domain::opening_hours::Spans;

use super::{Answer, Look, by_steps, compared, count, known};
use crate::reason::{Value, Why};

/// Outside the opening hours that the shop told, if the terminal is not used then all the same; more so the farther.
pub(super) fn out_of_hours(look: &Look) -> Answer {
    let hours = known!(look.context.hours, Why::NoHours);
    if !look.is_timed {
        return Answer::Cannot(Why::NoTime);
    }
    let distance = hours.distance_min(look.local);
    let grace = look.settings().hours_grace_min;
    if look.has_past().is_ok() && is_usual(look, look.local.hour()) {
        return Answer::Silent;
    }
    by_steps(
        distance - grace,
        &[(120, 1_000), (60, 700), (1, 400)],
        vec![Value::Clock(look.local.minute), spans(hours.on(look.local.day))],
    )
}

/// When a shop is open on a day.
fn spans(spans: &Spans) -> Value {
    Value::Spans(spans.iter().map(|span| (span.from_min, span.to_min)).collect())
}

/// At an hour in which, or beside which, the terminal is seldom used; more so the farther from its usual ones.
pub(super) fn unusual(look: &Look) -> Answer {
    if look.context.hours.is_some() {
        return Answer::Silent;
    }
    if !look.is_timed {
        return Answer::Cannot(Why::NoTime);
    }
    compared!(look);
    let hour = look.local.hour();
    let distance = (0..=12).find(|far| is_usual(look, hour + far) || is_usual(look, hour + 24 - far));
    let days =
        [hour + 23, hour, hour + 1].map(|hour| look.profile.days().with_hour(look.local.day.0, hour % 24));
    by_steps(
        distance.unwrap_or(12) as i64,
        &[(5, 1_000), (4, 900), (3, 700), (2, 350)],
        vec![
            Value::Clock(look.local.minute),
            count(days.into_iter().max().unwrap_or(0)),
            count(look.past),
        ],
    )
}

/// Whether the terminal was used in an hour on enough of its days.
fn is_usual(look: &Look, hour: usize) -> bool {
    let days = look.profile.days().with_hour(look.local.day.0, hour % 24);
    days > 0 && days * 100 >= look.past * look.settings().hour_share
}

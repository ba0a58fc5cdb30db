//! The hour: outside what the shop told, or, where it told nothing, outside what the terminal is used to.
//!
//! Invariant: only one of the two looks.

use super::{Answer, Look, by_steps, compared, count, known};
use crate::context::Hours;
use crate::reason::{Value, Why};

const DAY_MIN: i64 = 1_440;

impl Hours {
    /// Minutes from the nearest opening hour; 0 within.
    fn distance_min(&self, weekday: usize, minute: i64) -> i64 {
        // Yesterday's may go past midnight; tomorrow's may begin soon.
        let days = [(weekday + 6) % 7, weekday % 7, (weekday + 1) % 7]
            .into_iter()
            .zip([-1, 0, 1]);
        let spans = days.flat_map(|(day, later)| {
            self.0[day].iter().map(move |(from, to)| {
                let begin = later * DAY_MIN;
                (begin + i64::from(*from), begin + i64::from(*to))
            })
        });
        let distance = spans.map(|(from, to)| (from - minute).max(minute - to + 1).max(0));
        distance.min().unwrap_or(DAY_MIN)
    }
}

/// Outside the opening hours that the shop told, if the terminal is not used then all the same; more so the farther.
pub(super) fn out_of_hours(look: &Look) -> Answer {
    let hours = known!(look.context.hours, Why::NoHours);
    if !look.is_timed {
        return Answer::Cannot(Why::NoTime);
    }
    let distance = hours.distance_min(look.local.weekday(), look.local.minute);
    let grace = look.settings().hours_grace_min;
    if look.has_past().is_ok() && is_usual(look, look.local.hour()) {
        return Answer::Silent;
    }
    by_steps(
        distance - grace,
        &[(120, 1_000), (60, 700), (1, 400)],
        vec![Value::Clock(look.local.minute)],
    )
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
        [hour + 23, hour, hour + 1].map(|hour| look.profile.days().with_hour(look.local.day, hour % 24));
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
    let days = look.profile.days().with_hour(look.local.day, hour % 24);
    days > 0 && days * 100 >= look.past * look.settings().hour_share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opening_hours_may_go_past_midnight_and_over_the_end_of_the_week() {
        let mut hours = Hours::default();
        hours.0[6] = vec![(17 * 60, 26 * 60)];
        hours.0[2] = vec![(9 * 60, 12 * 60), (14 * 60, 18 * 60)];
        for (weekday, minute, wanted) in [
            (6, 17 * 60, 0),
            (6, 16 * 60, 60),
            (0, 60, 0),
            (0, 119, 0),
            (0, 120, 1),
            (0, 150, 31),
            (2, 13 * 60, 60),
            (2, 11 * 60 + 59, 0),
            (4, 0, 1_440),
        ] {
            let distance = hours.distance_min(weekday, minute).min(1_440);
            assert_eq!(distance, wanted, "{weekday} {minute}");
        }
        assert_eq!(Hours::default().distance_min(0, 0), 1_440);
    }
}

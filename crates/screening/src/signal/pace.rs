//! Silence, bustle, and the window of a loss.
//!
//! Invariant: a day is compared with days, never with a part of one.

use super::{Answer, Look, by_steps, compared, concerned, count};
use crate::payment::{Kind, State};
use crate::reason::{Value, Why};

/// The first sign of it after a silence that is long, and by far longer than the longest of the month before.
pub(super) fn after_silence(look: &Look) -> Answer {
    if !look.is_timed {
        return Answer::Cannot(Why::NoTime);
    }
    compared!(look);
    let last = concerned!(look.profile.last_ms());
    let days = look.profile.days();
    let longest = i64::from(days.most(&days.pause, look.local.day.0));
    let silence = look.minutes_since(last);
    let times = silence.saturating_mul(100) / longest.max(1);
    if silence < look.settings().silence_min {
        return Answer::Silent;
    }
    by_steps(
        times,
        &[
            (400, 1_000),
            (200, 800),
            (look.settings().silence_hundredths, 500),
        ],
        vec![Value::Minutes(silence), Value::Minutes(longest)],
    )
}

/// More payments in a day than the terminal ever had in one, by far.
pub(super) fn busier(look: &Look) -> Answer {
    let payment = concerned!(look.of_kind(&[Kind::Sale, Kind::Refund]));
    if payment.state == State::Declined {
        return Answer::Silent;
    }
    compared!(look);
    let days = look.profile.days();
    let today = i64::from(days.on(&days.payments, look.local.day.0)) + 1;
    let most = i64::from(days.most(&days.payments, look.local.day.0));
    if today < i64::from(look.settings().busier) || today <= most * 2 {
        return Answer::Silent;
    }
    by_steps(
        today,
        &[(most * 3, 1_000), (0, 600)],
        vec![Value::Count(today), Value::Count(most), count(look.past)],
    )
}

/// Within the window of a loss that was reported.
pub(super) fn loss_window(look: &Look) -> Answer {
    let loss = concerned!(look.context.loss);
    if look.at < loss.from || look.at > loss.to {
        return Answer::Silent;
    }
    Answer::Speaks(1_000, Vec::new())
}

//! Passwords.
//!
//! Invariant: it counts tries, and knows no password.

use super::{Answer, Look, MINUTE_MS, What, by_steps, count};
use crate::reason::{Value, Why};

/// Several wrong passwords within the hour, this one among them.
pub(super) fn wrong(look: &Look) -> Answer {
    if !look.context.has_sign_ins {
        return Answer::Cannot(Why::NoSignIns);
    }
    let minutes = look.settings().wrong_min;
    let from_ms = look.at.0.saturating_sub(minutes.saturating_mul(MINUTE_MS));
    let is_wrong = matches!(look.what, What::SignIn(sign_in) if !sign_in.is_accepted);
    let times = look.profile.wrong(from_ms, look.at.0) + usize::from(is_wrong);
    let from = look.settings().wrong.max(1) as i64;
    by_steps(
        times as i64,
        &[(from + 4, 1_000), (from + 2, 800), (from, 400)],
        vec![count(times), Value::Minutes(minutes)],
    )
}

//! Passwords.
//!
//! Invariant: it counts tries, and knows no password.

use std::collections::BTreeSet;

use super::{Answer, Look, MINUTE_MS, What, by_steps, count};
use crate::payment::Key;
use crate::reason::{Value, Why};

/// Several wrong passwords within the hour, this one among them; most of all if they are of several operators: people who mistype go on
/// trying as themselves.
pub(super) fn wrong(look: &Look) -> Answer {
    if !look.context.has_sign_ins {
        return Answer::Cannot(Why::NoSignIns);
    }
    let minutes = look.settings().wrong_min;
    let from_ms = look.at.0.saturating_sub(minutes.saturating_mul(MINUTE_MS));
    let mut wrong: Vec<Option<Key>> = look.profile.wrong(from_ms, look.at.0).collect();
    if let What::SignIn(sign_in) = look.what
        && !sign_in.is_accepted
    {
        wrong.push(sign_in.operator.as_deref().map(Key::of));
    }
    let times = wrong.len();
    let names = wrong.into_iter().collect::<BTreeSet<_>>().len();
    let from = look.settings().wrong.max(1);
    // Of several operators, two tries fewer are enough.
    let counted = if names > 1 { times + 2 } else { times };
    by_steps(
        counted as i64 - from as i64,
        &[(4, 1_000), (2, 800), (0, 500)],
        vec![count(times), Value::Minutes(minutes), count(names)],
    )
}

//! Who is signed in.
//!
//! Invariant: a name appears as the payment says it; what is said is where and when, never who somebody is.

use super::{Answer, Look, MINUTE_MS, compared, count, known};
use crate::context::Shift;
use crate::profile::Known;
use crate::reason::{Value, Why};

/// Signed in outside every shift of theirs.
pub(super) fn off_shift(look: &Look) -> Answer {
    let shifts = known!(look.context.shifts, Why::NoShifts);
    let operator = known!(look.operator(), Why::NoOperator);
    if !look.is_timed {
        return Answer::Cannot(Why::NoTime);
    }
    let grace = look.settings().shift_grace_min.saturating_mul(MINUTE_MS);
    let is_on = |shift: &&Shift, grace: i64| {
        look.at.plus_ms(grace) >= shift.from && look.at < shift.to.plus_ms(grace)
    };
    let mut theirs = shifts.iter().filter(|shift| shift.operator == operator);
    if theirs.any(|shift| is_on(&shift, grace)) {
        return Answer::Silent;
    }
    let on = shifts.iter().filter(|shift| is_on(shift, 0)).count();
    Answer::Speaks(1_000, vec![Value::Name(operator.to_owned()), count(on)])
}

/// Has not used this terminal before, or since today only.
pub(super) fn unknown(look: &Look) -> Answer {
    let operator = known!(look.operator(), Why::NoOperator);
    compared!(look);
    match known!(look.profile.knows_operator(operator, look.at), Why::NoPast) {
        Known::Yes => Answer::Silent,
        Known::No => Answer::Speaks(1_000, vec![Value::Name(operator.to_owned()), count(look.past)]),
    }
}

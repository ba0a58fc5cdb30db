//! One card many times, many cards in a short time.
//!
//! Invariant: payments of which nobody knows the card count for neither.

use std::collections::BTreeSet;

use super::{Answer, Look, by_steps, compared, concerned, count, known};
use crate::payment::Kind;
use crate::reason::{Value, Why};

/// The same card or payer several times within the hour. Refunds have a signal of their own.
pub(super) fn in_a_row(look: &Look) -> Answer {
    let payment = concerned!(look.of_kind(&[Kind::Sale]));
    let who = known!(payment.who(), Why::NoCard);
    if !look.is_timed {
        return Answer::Cannot(Why::NoTime);
    }
    let same = |one: &&crate::profile::Recent| one.kind == Kind::Sale && one.who == Some(who);
    let same: Vec<i64> = look
        .last(look.settings().row_min)
        .filter(same)
        .map(|one| one.at_ms)
        .collect();
    let first = same.last().copied().unwrap_or(look.at.0);
    let (times, from) = (same.len() as i64 + 1, look.settings().row as i64);
    by_steps(
        times,
        &[(from + 4, 1_000), (from + 2, 700), (from, 400)],
        vec![
            Value::Count(times),
            Value::Minutes(look.minutes_since(first).max(1)),
        ],
    )
}

/// More cards within a quarter of an hour than there were payments in the busiest hour.
pub(super) fn many(look: &Look) -> Answer {
    let payment = concerned!(look.payment());
    let who = known!(payment.who(), Why::NoCard);
    if !look.is_timed {
        return Answer::Cannot(Why::NoTime);
    }
    compared!(look);
    let days = look.profile.days();
    let peak = i64::from(days.most(&days.peak, look.local.day.0));
    let mut cards: BTreeSet<_> = look
        .last(look.settings().cards_min)
        .filter_map(|one| one.who)
        .collect();
    cards.insert(who);
    let cards = cards.len() as i64;
    if cards < look.settings().cards as i64 || cards <= peak {
        return Answer::Silent;
    }
    by_steps(
        cards,
        &[(peak.saturating_mul(2), 1_000), (0, 600)],
        vec![
            Value::Count(cards),
            Value::Minutes(look.settings().cards_min),
            count(peak),
        ],
    )
}

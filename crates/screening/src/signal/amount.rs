//! Amounts: round ones, a large one after small ones, one far above what is usual.
//!
//! Invariant: amounts of two currencies are never compared.

use super::{Answer, Look, by_steps, concerned, known, money};
use crate::payment::{Kind, Payment};
use crate::profile::Sketch;
use crate::reason::{Value, Why};

/// Minor units of so many major ones.
fn major(payment: &Payment, units: i64) -> i64 {
    units.saturating_mul(10_i64.pow(payment.currency.decimals() as u32))
}

/// Round amounts as gift cards have. A refund of one speaks, and more with the second of a day; of sales only from the third on.
pub(super) fn round(look: &Look) -> Answer {
    let payment = concerned!(look.of_kind(&[Kind::Sale, Kind::Refund]));
    let settings = look.settings();
    let (from, to) = (
        major(payment, settings.round_from),
        major(payment, settings.round_to),
    );
    let step = major(payment, settings.round_step).max(1);
    let is_round = |minor: i64| (from..=to).contains(&minor) && minor % step == 0;
    if !is_round(payment.amount_minor) {
        return Answer::Silent;
    }
    let same = |one: &&crate::profile::Recent| {
        one.kind == payment.kind && one.currency == payment.currency.0 && is_round(one.amount_minor)
    };
    let times = look.last(24 * 60).filter(same).count() as i64 + 1;
    let steps: &[(i64, u16)] = match payment.kind {
        Kind::Refund => &[(3, 1_000), (2, 800), (1, 300)],
        _ => &[(4, 500), (3, 300)],
    };
    by_steps(
        times,
        steps,
        vec![money(payment.amount_minor, payment), Value::Count(times)],
    )
}

/// The amounts that the terminal takes in a payment's currency, if there are enough.
fn amounts<'a>(look: &Look<'a>, payment: &Payment) -> Result<(&'a Sketch, i64), Answer> {
    let sketch = look
        .profile
        .amounts(payment.currency.0)
        .ok_or(Answer::Cannot(Why::NoPast))?;
    if sketch.total() < look.settings().past_sales {
        return Err(Answer::Cannot(Why::NoPast));
    }
    let median = sketch.median_minor().ok_or(Answer::Cannot(Why::NoPast))?;
    Ok((sketch, median.max(1)))
}

/// A large amount within the hour after a small one that tried the same card.
pub(super) fn test_then_large(look: &Look) -> Answer {
    let payment = concerned!(look.of_kind(&[Kind::Sale]));
    if !look.is_timed {
        return Answer::Cannot(Why::NoTime);
    }
    let who = known!(payment.who(), Why::NoCard);
    let (_, median) = match amounts(look, payment) {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    let settings = look.settings();
    let small = major(payment, settings.test_small).min(median / 2);
    let large = median.saturating_mul(settings.test_large_hundredths) / 100;
    if payment.amount_minor < large {
        return Answer::Silent;
    }
    let mut tests = look.last(settings.test_min).filter(|one| {
        one.kind == Kind::Sale
            && one.currency == payment.currency.0
            && one.amount_minor <= small
            && one.amount_minor.saturating_mul(settings.test_times) <= payment.amount_minor
    });
    let one = concerned!(tests.find(|one| one.who == Some(who)));
    Answer::Speaks(
        1_000,
        vec![
            money(payment.amount_minor, payment),
            money(one.amount_minor, payment),
            Value::Minutes(look.minutes_since(one.at_ms).max(1)),
        ],
    )
}

/// Far above what the terminal takes, also for how widely that varies.
pub(super) fn unusual(look: &Look) -> Answer {
    let payment = concerned!(look.of_kind(&[Kind::Sale, Kind::Refund]));
    let (sketch, median) = match amounts(look, payment) {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    let distance = known!(sketch.distance_hundredths(payment.amount_minor), Why::NoPast);
    if distance < look.settings().unusual_distance_hundredths {
        return Answer::Silent;
    }
    let times = payment.amount_minor.saturating_mul(100) / median;
    let from = look.settings().unusual_hundredths.max(1);
    by_steps(
        times,
        &[
            (from.saturating_mul(5), 1_000),
            (from.saturating_mul(2), 700),
            (from, 400),
        ],
        vec![
            money(payment.amount_minor, payment),
            money(median, payment),
            Value::Hundredths(times),
        ],
    )
}

//! Money back: without a sale, to another card, again and again, too much, too often.
//!
//! Invariant: a refund that was refused is looked at like one that was not: the try is what speaks.

use super::{Answer, Look, by_steps, compared, concerned, count, known, money};
use crate::payment::Kind;
use crate::reason::{Value, Why};

/// A refund or void of which it is known that no sale belongs to it.
pub(super) fn without_sale(look: &Look) -> Answer {
    let payment = concerned!(look.of_kind(&[Kind::Refund, Kind::Void]));
    match payment.is_linked.or(look.context.sale.map(|_| true)) {
        Some(true) => Answer::Silent,
        Some(false) => Answer::Speaks(1_000, vec![money(payment.amount_minor, payment)]),
        None => Answer::Cannot(Why::NoSale),
    }
}

/// A refund that goes to another card or payer than its sale's.
pub(super) fn other_card(look: &Look) -> Answer {
    let payment = concerned!(look.of_kind(&[Kind::Refund, Kind::Void]));
    if payment.is_linked == Some(false) {
        return Answer::Silent;
    }
    let sale = known!(look.context.sale, Why::NoSale);
    let paid = known!(sale.who, Why::NoCard);
    let got = known!(payment.who(), Why::NoCard);
    if paid == got {
        return Answer::Silent;
    }
    Answer::Speaks(1_000, vec![money(payment.amount_minor, payment)])
}

/// The third refund to one card or payer within 30 days, and each after it.
pub(super) fn again(look: &Look) -> Answer {
    let payment = concerned!(look.of_kind(&[Kind::Refund]));
    let who = known!(payment.who(), Why::NoCard);
    // What was refused is not in the profile's counts, but among the last payments.
    let tried = look
        .last(24 * 60)
        .filter(|one| one.kind == Kind::Refund && one.who == Some(who) && super::is_declined(one.state));
    let done = i64::from(look.profile.refunded(who, look.local.day.0.saturating_sub(30)));
    let times = done + tried.count() as i64 + 1;
    let from = i64::from(look.settings().refunds_again).max(2);
    by_steps(
        times,
        &[(from + 1, 1_000), (from, 700)],
        vec![Value::Count(times), Value::Count(30)],
    )
}

/// More given back than was paid.
pub(super) fn exceeds_sale(look: &Look) -> Answer {
    let payment = concerned!(look.of_kind(&[Kind::Refund, Kind::Void]));
    if payment.is_linked == Some(false) {
        return Answer::Silent;
    }
    let sale = known!(look.context.sale, Why::NoSale);
    if sale.currency != payment.currency {
        return Answer::Cannot(Why::OutOfReach);
    }
    let back = sale.refunded_minor.saturating_add(payment.amount_minor);
    if back <= sale.amount_minor {
        return Answer::Silent;
    }
    Answer::Speaks(
        1_000,
        vec![money(back, payment), money(sale.amount_minor, payment)],
    )
}

/// More refunds in a day than the terminal ever had in one, by far.
pub(super) fn many(look: &Look) -> Answer {
    concerned!(look.of_kind(&[Kind::Refund]));
    compared!(look);
    let days = look.profile.days();
    let today = i64::from(days.on(&days.refunds, look.local.day.0)) + 1;
    let most = i64::from(days.most(&days.refunds, look.local.day.0));
    let from = i64::from(look.settings().refunds_of_day);
    if today < from || today <= most * 2 {
        return Answer::Silent;
    }
    by_steps(
        today,
        &[((most * 4).max(from + 4), 1_000), (from + 1, 700), (from, 400)],
        vec![Value::Count(today), Value::Count(most), count(look.past)],
    )
}

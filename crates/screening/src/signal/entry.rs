//! Jumps: typed numbers, stripes of chip cards, refusals, among the last payments against what is usual here.
//!
//! Invariant: it speaks of a payment that is part of the jump, never of the usual one after it.

use super::{Answer, Look, by_steps, compared, concerned, count, is_declined, known};
use crate::payment::Entry;
use crate::profile::Recent;
use crate::reason::{Value, Why};

/// More numbers typed than usual.
pub(super) fn keyed(look: &Look) -> Answer {
    read(look, look.settings().keyed, &[Entry::Keyed])
}

/// More stripes read than usual, of cards with a chip or without.
pub(super) fn stripe(look: &Look) -> Answer {
    read(look, look.settings().stripe, &[Entry::Swiped, Entry::Fallback])
}

fn read(look: &Look, from: usize, entries: &[Entry]) -> Answer {
    let payment = concerned!(look.payment());
    if !entries.contains(&known!(payment.entry, Why::NoEntry)) {
        return Answer::Silent;
    }
    let usual = usual(look);
    let of_these = entries.iter().map(|entry| usual[*entry as usize]).sum();
    let all = usual.into_iter().sum();
    jump(look, from, (of_these, all), |one| {
        one.entry.map(|read| entries.contains(&read))
    })
}

/// Payments on the days before by how they were read, in the order of [`Entry::ALL`].
fn usual(look: &Look) -> [u32; Entry::ALL.len()] {
    let days = look.profile.days();
    Entry::ALL.map(|entry| days.sum(&days.read[entry as usize], look.local.day.0))
}

/// None of the last payments is read as most are here, though several of them should be.
pub(super) fn usual_gone(look: &Look) -> Answer {
    let payment = concerned!(look.payment());
    let entry = known!(payment.entry, Why::NoEntry);
    if !look.is_timed {
        return Answer::Cannot(Why::NoTime);
    }
    compared!(look);
    let usual = usual(look);
    let all: u32 = usual.iter().sum();
    let most = Entry::ALL
        .into_iter()
        .max_by_key(|entry| usual[*entry as usize])
        .unwrap_or(entry);
    if entry == most || all == 0 {
        return Answer::Silent;
    }
    let last = look.last(24 * 60).filter_map(|one| one.entry);
    let times = 1 + last.take_while(|one| *one != most).count() as u64;
    // How many there should be, in hundredths.
    let expected = times * 100 * u64::from(usual[most as usize]) / u64::from(all);
    by_steps(
        expected as i64 - look.settings().gone_hundredths,
        &[(300, 1_000), (150, 800), (0, 500)],
        vec![
            Value::Entry(most),
            count(times),
            count(u64::from(usual[most as usize]) * 100 / u64::from(all)),
        ],
    )
}

/// More refused than usual.
pub(super) fn declined(look: &Look) -> Answer {
    let payment = concerned!(look.payment());
    if !is_declined(payment.state) {
        return Answer::Silent;
    }
    let days = look.profile.days();
    let usual = days.sum(&days.declined, look.local.day.0);
    let all = usual + days.sum(&days.payments, look.local.day.0);
    jump(look, look.settings().declined, (usual, all), |one| {
        Some(is_declined(one.state))
    })
}

/// `from` of the last ones of a day, this one among them, and several times what is usual. `is_such`: `None` where nobody knows.
fn jump(
    look: &Look,
    from: usize,
    (usual, all): (u32, u32),
    is_such: impl Fn(&Recent) -> Option<bool>,
) -> Answer {
    if !look.is_timed {
        return Answer::Cannot(Why::NoTime);
    }
    compared!(look);
    let last = look.last(24 * 60).filter_map(is_such);
    let last: Vec<bool> = last.take(look.settings().jump_last.saturating_sub(1)).collect();
    let such = last.iter().filter(|is_such| **is_such).count() + 1;
    let looked_at = last.len() + 1;
    // such / looked_at ≥ times × usual / all
    let is_jump = (such as u64).saturating_mul(u64::from(all))
        >= u64::from(look.settings().jump_times) * u64::from(usual) * looked_at as u64;
    if !is_jump {
        return Answer::Silent;
    }
    let usual = (u64::from(usual) * 100 + u64::from(all) / 2).checked_div(u64::from(all));
    by_steps(
        such as i64 - from as i64,
        &[(3, 1_000), (1, 800), (0, 600)],
        vec![count(such), count(looked_at), count(usual.unwrap_or(0))],
    )
}

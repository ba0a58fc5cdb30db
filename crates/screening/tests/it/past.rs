//! A terminal with a past: 28 days from ten to eight, two payments an hour of 10 to 30 yuan, each by another card.
//!
//! Invariant: nothing is random.

use domain::Timestamp;
use domain::money::Currency;
use screening::{Code, Context, Entry, Judgement, Key, Kind, Payment, Profile, SignIn, State, Why, judge};

pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;
/// Midnight, UTC, of a Monday.
pub const MONDAY: i64 = 1_772_409_600_000;
/// The first day after the past: a Monday again.
pub const TODAY: i64 = MONDAY + 28 * DAY;
pub const SHOP: Key = Key(1);

/// A sale as the terminal has them.
pub fn sale(at_ms: i64, amount_minor: i64) -> Payment {
    Payment {
        entry: Some(Entry::Tapped),
        card: Some(Key(at_ms.unsigned_abs() ^ 0xCA6D)),
        operator: Some("001".into()),
        place: Some(SHOP),
        ..Payment::new(
            Timestamp(at_ms),
            Kind::Sale,
            State::Approved,
            amount_minor,
            Currency::CNY,
        )
    }
}

/// A refund that a sale belongs to.
pub fn refund(at_ms: i64, amount_minor: i64) -> Payment {
    Payment {
        kind: Kind::Refund,
        is_linked: Some(true),
        ..sale(at_ms, amount_minor)
    }
}

pub fn sign_in(at_ms: i64, operator: &str, is_accepted: bool) -> SignIn {
    SignIn {
        at: Timestamp(at_ms),
        offset_min: 0,
        is_accepted,
        operator: Some(operator.into()),
        place: Some(SHOP),
    }
}

pub fn past() -> Profile {
    let mut profile = Profile::default();
    for day in 0..28 {
        for number in 0..20 {
            let at_ms = MONDAY + day * DAY + 10 * HOUR + number * 30 * MINUTE;
            profile.observe(&sale(at_ms, 1_000 + (number * 7 + day * 3) % 20 * 100));
        }
    }
    profile
}

/// Judges and takes in one after the other; what is said of the last.
pub fn last(profile: &mut Profile, context: &Context, payments: &[Payment]) -> Judgement {
    let mut said = Judgement::default();
    for payment in payments {
        said = judge(profile, context, payment);
        profile.observe(payment);
    }
    said
}

pub fn speaks(judgement: &Judgement, code: Code) -> bool {
    judgement.reasons.iter().any(|reason| reason.code == code)
}

pub fn why_not(judgement: &Judgement, code: Code) -> Option<Why> {
    let mut all = judgement.not_asked.iter();
    all.find(|one| one.code == code).map(|one| one.why)
}

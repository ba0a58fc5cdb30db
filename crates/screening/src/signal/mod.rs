//! The signals, a file per group: each a function of what is looked at.
//!
//! Invariant: a signal speaks, is silent, or says why it could not look; it changes nothing. What does not concern a payment (a
//! refund's card, where nothing is refunded) is silent.

mod amount;
mod card;
mod entry;
mod hour;
mod operator;
mod pace;
mod place;
mod refund;
mod sign_in;

use domain::Timestamp;
use domain::day::Local;

use crate::context::Context;
use crate::payment::{Certainty, Key, Kind, Payment, SignIn, State};
use crate::profile::{Profile, Recent};
use crate::reason::{Code, Value, Why};
use crate::settings::Settings;

const MINUTE_MS: i64 = 60_000;

/// What a signal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It speaks, with a strength of 1..=1000 and the numbers of its text.
    Speaks(u16, Vec<Value>),
    /// Nothing.
    Silent,
    /// It could not look.
    Cannot(Why),
}

/// What is looked at.
#[derive(Clone, Copy)]
pub(crate) enum What<'a> {
    Payment(&'a Payment),
    SignIn(&'a SignIn),
}

/// What is looked at, and all around it.
#[derive(Clone, Copy)]
pub(crate) struct Look<'a> {
    pub profile: &'a Profile,
    pub context: &'a Context<'a>,
    pub what: What<'a>,
    pub at: Timestamp,
    pub local: Local,
    /// Days in use before this one.
    pub past: u32,
    /// Whether its time is known better than by day.
    pub is_timed: bool,
}

type Signal = fn(&Look) -> Answer;

/// All signals, and whether each looks at sign-ins, too.
const SIGNALS: [(Code, bool, Signal); Code::ALL.len()] = [
    (Code::RefundWithoutSale, false, refund::without_sale),
    (Code::RefundOtherCard, false, refund::other_card),
    (Code::RefundAgain, false, refund::again),
    (Code::RefundExceedsSale, false, refund::exceeds_sale),
    (Code::ManyRefunds, false, refund::many),
    (Code::RoundAmounts, false, amount::round),
    (Code::OutOfHours, true, hour::out_of_hours),
    (Code::UnusualHour, true, hour::unusual),
    (Code::KeyedJump, false, entry::keyed),
    (Code::StripeJump, false, entry::stripe),
    (Code::UsualReadingGone, false, entry::usual_gone),
    (Code::TestThenLarge, false, amount::test_then_large),
    (Code::AmountUnusual, false, amount::unusual),
    (Code::CardInARow, false, card::in_a_row),
    (Code::ManyCards, false, card::many),
    (Code::DeclinedAgain, false, entry::declined),
    (Code::OperatorOffShift, true, operator::off_shift),
    (Code::OperatorUnknown, true, operator::unknown),
    (Code::Elsewhere, true, place::elsewhere),
    (Code::NewPlace, true, place::new),
    (Code::AfterSilence, true, pace::after_silence),
    (Code::WrongPasswords, true, sign_in::wrong),
    (Code::Busier, false, pace::busier),
    (Code::LossWindow, true, pace::loss_window),
    (Code::CommonPoint, false, |_| Answer::Silent),
];

/// What each signal that is switched on says.
pub(crate) fn ask<'a>(look: &'a Look<'a>) -> impl Iterator<Item = (Code, Answer)> + 'a {
    let is_sign_in = matches!(look.what, What::SignIn(_));
    let mut signals = SIGNALS.iter();
    std::iter::from_fn(move || {
        let (code, _, signal) = signals.find(|(code, on_sign_in, _)| {
            (*on_sign_in || !is_sign_in) && look.settings().weight(*code).points > 0
        })?;
        Some((*code, signal(look)))
    })
}

impl<'a> Look<'a> {
    pub fn new(profile: &'a Profile, context: &'a Context<'a>, what: What<'a>) -> Self {
        let (at, offset_min, is_timed) = match what {
            What::Payment(payment) => (
                payment.at,
                payment.offset_min,
                payment.certainty != Certainty::Day,
            ),
            What::SignIn(sign_in) => (sign_in.at, sign_in.offset_min, true),
        };
        let local = Local::of(at, offset_min);
        Self {
            profile,
            context,
            what,
            at,
            local,
            past: profile.days().in_use(local.day.0),
            is_timed,
        }
    }

    pub const fn settings(&self) -> &'a Settings {
        self.context.settings
    }

    pub const fn payment(&self) -> Option<&'a Payment> {
        match self.what {
            What::Payment(payment) => Some(payment),
            What::SignIn(_) => None,
        }
    }

    /// The payment, if it is one of these kinds.
    pub fn of_kind(&self, kinds: &[Kind]) -> Option<&'a Payment> {
        self.payment().filter(|payment| kinds.contains(&payment.kind))
    }

    pub fn operator(&self) -> Option<&'a str> {
        match self.what {
            What::Payment(payment) => payment.operator.as_deref(),
            What::SignIn(sign_in) => sign_in.operator.as_deref(),
        }
    }

    pub const fn place(&self) -> Option<Key> {
        match self.what {
            What::Payment(payment) => payment.place,
            What::SignIn(sign_in) => sign_in.place,
        }
    }

    /// Whether the terminal was used on enough days before, within what the profile reaches.
    pub fn has_past(&self) -> Result<(), Answer> {
        if !self.profile.days().reaches(self.local.day.0) {
            return Err(Answer::Cannot(Why::OutOfReach));
        }
        if self.past < self.settings().past_days {
            return Err(Answer::Cannot(Why::NoPast));
        }
        Ok(())
    }

    /// The payments of the last minutes before this one, the newest first.
    pub fn last(&self, minutes: i64) -> impl Iterator<Item = &'a Recent> + use<'a> {
        let (to, from) = (
            self.at.0,
            self.at.0.saturating_sub(minutes.saturating_mul(MINUTE_MS)),
        );
        let recent = self.profile.recent().iter().rev();
        recent
            .skip_while(move |one| one.at_ms > to)
            .take_while(move |one| one.at_ms >= from)
    }

    /// Minutes from an earlier time to this one.
    pub const fn minutes_since(&self, at_ms: i64) -> i64 {
        self.at.0.saturating_sub(at_ms) / MINUTE_MS
    }
}

/// Speaks with the strength of the first step that the value reaches, from the highest; the steps go down.
fn by_steps(value: i64, steps: &[(i64, u16)], values: Vec<Value>) -> Answer {
    let step = steps.iter().find(|(from, _)| value >= *from);
    step.map_or(Answer::Silent, |(_, strength)| Answer::Speaks(*strength, values))
}

const fn is_declined(state: State) -> bool {
    matches!(state, State::Declined)
}

fn count(value: impl TryInto<i64>) -> Value {
    Value::Count(value.try_into().unwrap_or(i64::MAX))
}

const fn money(minor: i64, payment: &Payment) -> Value {
    Value::Money {
        minor,
        currency: payment.currency.0,
    }
}

/// Shortens what must give an answer early.
macro_rules! known {
    ($option:expr, $why:expr) => {
        match $option {
            Some(value) => value,
            None => return Answer::Cannot($why),
        }
    };
}
/// A signal that this does not concern is silent.
macro_rules! concerned {
    ($option:expr) => {
        match $option {
            Some(value) => value,
            None => return Answer::Silent,
        }
    };
}
/// A signal that cannot compare says why.
macro_rules! compared {
    ($look:expr) => {
        if let Err(answer) = $look.has_past() {
            return answer;
        }
    };
}
use {compared, concerned, known};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signals_stand_in_the_order_of_their_codes() {
        assert_eq!(SIGNALS.map(|signal| signal.0), Code::ALL);
    }
}

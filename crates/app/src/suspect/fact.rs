//! What a rule may ask of a payment besides what the payment says itself: how many there were before it, how large it is here.
//!
//! Invariant: what reaches into a time of which not all is known is not known itself, never counted from what happens to be there.

use std::collections::{HashMap, VecDeque};

use super::Times;
use domain::Timestamp;
use domain::statement::{Span, holes};
use domain::time::HOUR_MS;
use screening::rule::Input;
use screening::{Certainty, Key, Kind, Payment, Profile, Settings};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Of which times all payments of a terminal are known.
pub(super) struct Known {
    /// Whether the gate has them.
    pub has_gate: bool,
    /// What statements cover.
    pub covered: Vec<Span>,
    /// The oldest payment that was read, where there were more before it.
    pub cut_at: Option<Timestamp>,
}

impl Known {
    fn has_all(&self, span: Span) -> bool {
        let is_read = self.cut_at.is_none_or(|cut_at| span.0 > cut_at);
        is_read && (self.has_gate || holes(span, &self.covered).is_empty())
    }
}

/// What is known of one payment by those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    minutes_since_last: Option<i64>,
    ratio_hundredths: Option<i64>,
    card_payments_1h: Option<i64>,
    card_payments_24h: Option<i64>,
    refunds_today: Option<i64>,
    payments_today: Option<i64>,
}

impl Facts {
    /// As a rule asks: networks are kept nowhere, and so not known.
    pub fn input<'a>(self, payment: &'a Payment, is_in_loss_window: bool, times: &Times) -> Input<'a> {
        let input = Input {
            minutes_since_last: self.minutes_since_last,
            ratio_hundredths: self.ratio_hundredths,
            card_payments_1h: self.card_payments_1h,
            card_payments_24h: self.card_payments_24h,
            refunds_today: self.refunds_today,
            payments_today: self.payments_today,
            is_in_loss_window: Some(is_in_loss_window),
            ..Input::of(payment)
        };
        times.tell(input, payment)
    }
}

/// Payments so far, counted.
#[derive(Default)]
pub(super) struct Counts {
    last: Option<Timestamp>,
    /// Of the day of the last one, at the terminal: payments, and refunds and voids.
    today: (i64, i64, i64),
    /// Of each card or payer, those of the last 24 hours.
    of_who: HashMap<Key, VecDeque<Timestamp>>,
}

impl Counts {
    /// Counts a payment, and says what is known of it then. Payments come in the order of their times.
    pub fn take(&mut self, payment: &Payment, profile: &Profile, known: &Known) -> Facts {
        let ratio_hundredths = profile.ratio_hundredths(payment, Settings::default().past_sales);
        let at = payment.at;
        let minute = at.0.div_euclid(MINUTE_MS) + i64::from(payment.offset_min);
        let day = minute.div_euclid(24 * 60);
        if self.today.0 != day {
            self.today = (day, 0, 0);
        }
        self.today.1 += 1;
        self.today.2 += i64::from(matches!(payment.kind, Kind::Refund | Kind::Void));
        // In which order those are that are known by their day or hour alone, nobody knows.
        if !matches!(payment.certainty, Certainty::Second | Certainty::Minute) {
            return Facts {
                ratio_hundredths,
                ..Facts::default()
            };
        }
        let has_all = |ms: i64| known.has_all((at.plus_ms(-ms), at));
        let midnight_ms = minute.rem_euclid(24 * 60) * MINUTE_MS + at.0.rem_euclid(MINUTE_MS);
        let has_today = has_all(midnight_ms);
        let last = self.last.replace(at).filter(|last| known.has_all((*last, at)));
        let of_who = payment.who().map(|who| {
            let times = self.of_who.entry(who).or_default();
            times.push_back(at);
            while times.front().is_some_and(|first| at.since_ms(*first) >= DAY_MS) {
                times.pop_front();
            }
            let within = times
                .iter()
                .rev()
                .take_while(|time| at.since_ms(**time) < HOUR_MS);
            (within.count() as i64, times.len() as i64)
        });
        Facts {
            ratio_hundredths,
            minutes_since_last: last.map(|last| at.since_ms(last) / MINUTE_MS),
            card_payments_1h: of_who.filter(|_| has_all(HOUR_MS)).map(|(hour, _)| hour),
            card_payments_24h: of_who.filter(|_| has_all(DAY_MS)).map(|(_, day)| day),
            refunds_today: has_today.then_some(self.today.2),
            payments_today: has_today.then_some(self.today.1),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::money::Currency;
    use screening::State;

    use super::*;

    fn payment(minute: i64, kind: Kind, card: u64) -> Payment {
        Payment {
            card: Some(Key(card)),
            ..Payment::new(
                Timestamp(minute * MINUTE_MS),
                kind,
                State::Approved,
                5_000,
                Currency::CNY,
            )
        }
    }

    fn facts(known: &Known, payments: &[Payment]) -> Vec<Facts> {
        let (mut counts, profile) = (Counts::default(), Profile::default());
        let take = |payment| counts.take(payment, &profile, known);
        payments.iter().map(take).collect()
    }

    const GATE: Known = Known {
        has_gate: true,
        covered: Vec::new(),
        cut_at: None,
    };

    #[test]
    fn payments_are_counted_by_card_and_by_the_terminals_own_day() {
        // Ten days after 1970, 08:00 at the terminal, eight hours ahead.
        let first = 10 * 1_440;
        let payments: Vec<Payment> = [
            (0, Kind::Sale, 1),
            (30, Kind::Refund, 1),
            (59, Kind::Sale, 2),
            (89, Kind::Sale, 1),
            (16 * 60, Kind::Void, 1),
            (1_440, Kind::Sale, 1),
        ]
        .map(|(minute, kind, card)| Payment {
            offset_min: 480,
            ..payment(first + minute, kind, card)
        })
        .into();
        let facts = facts(&GATE, &payments);
        let of = |of: fn(&Facts) -> Option<i64>| facts.iter().map(of).collect::<Vec<_>>();
        assert_eq!(
            of(|it| it.minutes_since_last),
            [None, Some(30), Some(29), Some(30), Some(871), Some(480)]
        );
        assert_eq!(of(|it| it.card_payments_1h), [1, 2, 1, 2, 1, 1].map(Some));
        // A day and not a moment longer.
        assert_eq!(of(|it| it.card_payments_24h), [1, 2, 1, 3, 4, 4].map(Some));
        // The next day began at midnight there.
        assert_eq!(of(|it| it.payments_today), [1, 2, 3, 4, 1, 2].map(Some));
        assert_eq!(of(|it| it.refunds_today), [0, 1, 1, 1, 1, 1].map(Some));
    }

    #[test]
    fn what_reaches_into_a_time_that_nobody_knows_is_not_known() {
        let at = |minute: i64| Timestamp(minute * MINUTE_MS);
        let file = Known {
            has_gate: false,
            covered: vec![(at(1_440), at(4_000))],
            cut_at: None,
        };
        let payments = [payment(1_470, Kind::Sale, 1), payment(2_900, Kind::Sale, 1)];
        let [first, second] = facts(&file, &payments)[..] else {
            panic!("two")
        };
        assert_eq!((first.card_payments_1h, first.card_payments_24h), (None, None));
        // The file begins at midnight.
        assert_eq!(first.payments_today, Some(1));
        assert_eq!(
            (second.card_payments_24h, second.minutes_since_last),
            (Some(2), Some(1_430))
        );
        let cut = Known {
            cut_at: Some(at(1_450)),
            ..GATE
        };
        let first = facts(&cut, &payments)[0];
        assert_eq!((first.payments_today, first.card_payments_1h), (None, None));
        let by_day = Payment {
            certainty: Certainty::Day,
            ..payment(2_900, Kind::Sale, 1)
        };
        assert_eq!(facts(&GATE, &[by_day]), [Facts::default()]);
    }
}

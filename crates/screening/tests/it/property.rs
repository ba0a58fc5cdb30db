//! Whatever comes: no panic, bounded, the same everywhere.

use domain::Timestamp;
use domain::money::Currency;
use domain::opening_hours::{Exceptions, OpeningHours, Week};
use proptest::collection::vec;
use proptest::prelude::*;
use screening::{
    Certainty, Codes, Context, Entry, Key, Kind, Loss, Pace, Payment, Peers, Profile, Sale, Settings, Shift,
    SignIn, State, Suspicion, judge, judge_sign_in,
};

fn time() -> impl Strategy<Value = i64> {
    prop_oneof![
        8 => 0_i64..100 * 86_400_000,
        1 => any::<i64>(),
        1 => prop::sample::select(vec![i64::MIN, i64::MAX, 0, -1]),
    ]
}

fn amount() -> impl Strategy<Value = i64> {
    prop_oneof![6 => 1_i64..1_000_000, 1 => any::<i64>(), 1 => prop::sample::select(vec![i64::MIN, i64::MAX, 0])]
}

fn key() -> impl Strategy<Value = Option<Key>> {
    prop_oneof![1 => Just(None), 4 => (0_u64..6).prop_map(|key| Some(Key(key))), 2 => any::<u64>().prop_map(|key| Some(Key(key)))]
}

fn of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    prop::sample::select(all)
}

fn payment() -> impl Strategy<Value = Payment> {
    let said = (
        key(),
        key(),
        key(),
        any::<Option<bool>>(),
        prop::option::of("[0-9一]{0,4}"),
    );
    let what = (
        of(&Kind::ALL),
        of(&State::ALL),
        of(&Certainty::ALL),
        prop::option::of(of(&Entry::ALL)),
    );
    (time(), any::<i32>(), amount(), 150_u16..160, what, said).prop_map(
        |(at, offset_min, amount_minor, currency, what, said)| {
            let (kind, state, certainty, entry) = what;
            let (card, payer, place, is_linked, operator) = said;
            Payment {
                certainty,
                offset_min,
                entry,
                card,
                payer,
                operator,
                is_linked,
                place,
                ..Payment::new(Timestamp(at), kind, state, amount_minor, Currency(currency))
            }
        },
    )
}

fn sign_in(payment: &Payment) -> SignIn {
    SignIn {
        at: payment.at,
        offset_min: payment.offset_min,
        is_accepted: payment.state == State::Approved,
        operator: payment.operator.clone(),
        place: payment.place,
    }
}

proptest! {
    #[test]
    fn nothing_panics_and_everything_stays_bounded(payments in vec(payment(), 1..120), extremes in any::<(i64, i64, i64)>()) {
        let settings = Settings::default();
        let week = Week::read("0-1440;0-1;1439-2879;;0-1,2-3,4-5;;0-1440").unwrap();
        let exceptions = Exceptions::read("1970-01-01:;2026-10-01:1439-2879").unwrap();
        let hours = OpeningHours { week, exceptions };
        let shifts = [Shift { operator: "1".into(), from: Timestamp(extremes.0), to: Timestamp(extremes.1) }];
        let (mut profile, mut suspicion) = (Profile::default(), Suspicion::default());
        for (number, payment) in payments.iter().enumerate() {
            let context = Context {
                hours: (number % 2 == 0).then_some(&hours),
                shifts: Some(&shifts),
                sale: (number % 3 == 0).then_some(Sale {
                    amount_minor: extremes.0,
                    currency: payment.currency,
                    refunded_minor: extremes.1,
                    who: payment.payer,
                }),
                peers: Some(Peers { active: u16::MAX, place: payment.payer }),
                has_sign_ins: true,
                loss: Some(Loss { from: Timestamp(extremes.0), to: Timestamp(extremes.2) }),
                ..Context::new(&settings)
            };
            let judgement = if number % 7 == 0 {
                let sign_in = sign_in(payment);
                let judgement = judge_sign_in(&profile, &context, &sign_in);
                profile.signed_in(&sign_in);
                judgement
            } else {
                let judgement = judge(&profile, &context, payment);
                profile.observe(payment);
                judgement
            };
            prop_assert!(judgement.score <= 1_000);
            prop_assert!(judgement.reasons.iter().all(|reason| (1..=1_000).contains(&reason.points)));
            let _ = suspicion.add(&settings, payment.at, &judgement, Codes::NONE);
            prop_assert!(suspicion.score(&settings, payment.at) <= 1_000);
            let _: Pace = profile.pace(payment.at, payment.offset_min);
            if number % 40 == 0 {
                profile.confirm();
            }
        }
        prop_assert!(serde_json::to_vec(&profile).unwrap().len() <= Profile::BYTES_MAX);
    }

    #[test]
    fn a_profile_that_was_stored_goes_on_as_if_it_had_not_been(payments in vec(payment(), 1..80), cut in 0_usize..80) {
        let settings = Settings::default();
        let context = Context::new(&settings);
        let (mut kept, mut stored) = (Profile::default(), Profile::default());
        for (number, payment) in payments.iter().enumerate() {
            if number == cut {
                stored = serde_json::from_slice(&serde_json::to_vec(&stored).unwrap()).unwrap();
            }
            prop_assert_eq!(judge(&kept, &context, payment), judge(&stored, &context, payment));
            kept.observe(payment);
            stored.observe(payment);
        }
        prop_assert_eq!(kept, stored);
    }

    #[test]
    fn the_days_count_the_same_in_any_order(
        mut payments in vec((0_i64..30 * 86_400_000, 1_i64..10_000), 1..60),
        seed in any::<u64>(),
    ) {
        let counted = |payments: &[(i64, i64)]| {
            let mut profile = Profile::default();
            for (at, amount_minor) in payments {
                profile.observe(&Payment::new(Timestamp(*at), Kind::Sale, State::Approved, *amount_minor, Currency::CNY));
            }
            [6, 13, 29].map(|day| profile.pace(Timestamp(day * 86_400_000), 0))
        };
        let in_order = counted(&payments);
        payments.sort_by_key(|(at, amount)| (*at as u64 ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ *amount as u64);
        prop_assert_eq!(counted(&payments), in_order);
    }

    #[test]
    fn a_profile_from_elsewhere_is_no_reason_to_panic(text in "\\PC{0,60}", payments in vec(payment(), 1..20), wild in any::<[u16; 4]>()) {
        prop_assert!(serde_json::from_str::<Profile>(&text).is_err());
        // Numbers changed at random in a real one.
        let mut profile = Profile::default();
        payments.iter().for_each(|payment| profile.observe(payment));
        let mut value = serde_json::to_value(&profile).unwrap();
        let mut turn = 0;
        scramble(&mut value, &wild, &mut turn);
        if let Ok(mut profile) = serde_json::from_value::<Profile>(value) {
            let settings = Settings::default();
            for payment in &payments {
                let judgement = judge(&profile, &Context::new(&settings), payment);
                prop_assert!(judgement.score <= 1_000);
                profile.observe(payment);
                profile.signed_in(&sign_in(payment));
                let _ = profile.pace(payment.at, 0);
            }
        }
    }
}

fn scramble(value: &mut serde_json::Value, wild: &[u16; 4], turn: &mut usize) {
    match value {
        serde_json::Value::Number(number) => {
            *turn += 1;
            let other = wild[*turn % 4];
            if other.is_multiple_of(5) {
                *number = other.into();
            }
        }
        serde_json::Value::Array(all) => all.iter_mut().for_each(|one| scramble(one, wild, turn)),
        serde_json::Value::Object(all) => all.values_mut().for_each(|one| scramble(one, wild, turn)),
        _ => {}
    }
}

/// The largest that a profile can become: every amount in another bucket, all three currencies, everything seen.
#[test]
fn the_fullest_profile_fits() {
    let mut profile = Profile::default();
    for number in 0..20_000_u64 {
        let key = Key(u64::MAX - number);
        let payment = Payment {
            entry: Some(Entry::Fallback),
            card: Some(key),
            operator: Some(format!("{number}")),
            place: Some(key),
            ..Payment::new(
                Timestamp(1_772_409_600_000 + number as i64 * 120_000),
                if number % 5 == 0 { Kind::Refund } else { Kind::Sale },
                State::Approved,
                ((number / 3 % 960) as i64 % 16 + 16) << (number / 3 % 960 / 16),
                Currency(970 + (number % 3) as u16),
            )
        };
        profile.observe(&payment);
        let wrong = SignIn {
            is_accepted: false,
            ..sign_in(&payment)
        };
        profile.signed_in(&wrong);
    }
    let len = serde_json::to_vec(&profile).unwrap().len();
    assert!((10_000..=Profile::BYTES_MAX).contains(&len), "{len}");
}

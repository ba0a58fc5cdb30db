//! Each signal speaks of what it is for, is silent about what is like it, and says when it cannot look.

use domain::Timestamp;
use domain::money::Currency;
use domain::opening_hours::{OpeningHours, Span, Spans, Week};
use domain::setting::Language;
use screening::{
    Certainty, Code, Context, Entry, Judgement, Key, Kind, Loss, Payment, Peers, Profile, Sale, Settings,
    Shift, State, Why, judge, judge_sign_in,
};

use crate::past::{DAY, HOUR, MINUTE, SHOP, TODAY, last, past, refund, sale, sign_in, speaks, why_not};

const NOON: i64 = TODAY + 12 * HOUR;

/// What is said of the last of these at a terminal with a past.
fn said(context: &Context, payments: &[Payment]) -> Judgement {
    last(&mut past(), context, payments)
}

/// Of each line: whether the signal speaks of the last payment.
fn check(code: Code, lines: &[(&str, bool, Vec<Payment>)]) {
    let settings = Settings::default();
    for (what, wanted, payments) in lines {
        let judgement = said(&Context::new(&settings), payments);
        assert_eq!(speaks(&judgement, code), *wanted, "{what}: {judgement:?}");
        assert_eq!(judgement.score > 0, !judgement.reasons.is_empty(), "{what}");
    }
}

fn with(payment: Payment, change: impl Fn(&mut Payment)) -> Payment {
    let mut payment = payment;
    change(&mut payment);
    payment
}

/// So many, by these minutes, each changed.
fn many(count: i64, minutes: i64, make: impl Fn(i64, i64) -> Payment) -> Vec<Payment> {
    (0..count)
        .map(|number| make(NOON + number * minutes * MINUTE, number))
        .collect()
}

#[test]
fn a_usual_payment_is_silent() {
    let settings = Settings::default();
    let judgement = said(&Context::new(&settings), &[sale(NOON, 1_500)]);
    assert_eq!(
        (judgement.score, judgement.reasons.len()),
        (0, 0),
        "{judgement:?}"
    );
    let asked: Vec<Code> = judgement.not_asked.iter().map(|one| one.code).collect();
    assert_eq!(
        asked,
        [
            Code::OutOfHours,
            Code::OperatorOffShift,
            Code::Elsewhere,
            Code::WrongPasswords
        ]
    );
}

#[test]
fn a_refund_without_a_sale() {
    let unlinked = |is_linked| with(refund(NOON, 1_500), |one| one.is_linked = is_linked);
    check(
        Code::RefundWithoutSale,
        &[
            ("no sale", true, vec![unlinked(Some(false))]),
            (
                "refused, and tried",
                true,
                vec![with(unlinked(Some(false)), |one| one.state = State::Declined)],
            ),
            (
                "a void without a sale",
                true,
                vec![with(unlinked(Some(false)), |one| one.kind = Kind::Void)],
            ),
            ("with its sale", false, vec![unlinked(Some(true))]),
            ("nobody knows", false, vec![unlinked(None)]),
            (
                "a sale",
                false,
                vec![with(sale(NOON, 1_500), |one| one.is_linked = Some(false))],
            ),
        ],
    );
    let settings = Settings::default();
    let judgement = said(&Context::new(&settings), &[unlinked(None)]);
    assert_eq!(why_not(&judgement, Code::RefundWithoutSale), Some(Why::NoSale));
}

#[test]
fn a_refund_to_another_card_and_one_of_too_much() {
    let settings = Settings::default();
    let sale = |who, amount_minor, refunded_minor| Sale {
        amount_minor,
        currency: Currency::CNY,
        refunded_minor,
        who,
    };
    let card = refund(NOON, 1_500).card;
    for (what, sale, other, exceeds) in [
        ("the same card", sale(card, 1_500, 0), false, false),
        ("another", sale(Some(Key(9)), 1_500, 0), true, false),
        ("part of it", sale(card, 9_000, 7_500), false, false),
        ("more than is left", sale(card, 9_000, 7_501), false, true),
        (
            "more than can be counted",
            sale(card, 9_000, i64::MAX),
            false,
            true,
        ),
        ("nobody knows who paid", sale(None, 1_500, 0), false, false),
    ] {
        let context = Context {
            sale: Some(sale),
            ..Context::new(&settings)
        };
        let judgement = said(&context, &[refund(NOON, 1_500)]);
        assert_eq!(speaks(&judgement, Code::RefundOtherCard), other, "{what}");
        assert_eq!(speaks(&judgement, Code::RefundExceedsSale), exceeds, "{what}");
    }
    let dollars = Sale {
        currency: Currency(840),
        ..sale(card, 1, 0)
    };
    let context = Context {
        sale: Some(dollars),
        ..Context::new(&settings)
    };
    let judgement = said(&context, &[refund(NOON, 1_500)]);
    assert_eq!(
        why_not(&judgement, Code::RefundExceedsSale),
        Some(Why::OutOfReach)
    );
}

#[test]
fn refunds_to_one_card_again() {
    let to = |card| move |at_ms, _| with(refund(at_ms, 1_500), |one| one.card = Some(Key(card)));
    let days = |count: i64, apart: i64| -> Vec<Payment> {
        (0..count)
            .map(|number| to(9)(NOON + number * apart * DAY, number))
            .collect()
    };
    check(
        Code::RefundAgain,
        &[
            ("the third", true, many(3, 5, to(9))),
            ("the second", false, many(2, 5, to(9))),
            (
                "each to another",
                false,
                many(5, 5, |at_ms, _| refund(at_ms, 1_500)),
            ),
            ("the third in two weeks", true, days(3, 7)),
            ("one a month", false, days(6, 29)),
            (
                "by the payer, where no card is known",
                true,
                many(3, 5, |at_ms, _| {
                    with(refund(at_ms, 1_500), |one| {
                        (one.card, one.payer) = (None, Some(Key(4)))
                    })
                }),
            ),
            (
                "tried, and refused",
                true,
                many(3, 5, |at_ms, number| {
                    with(to(9)(at_ms, number), |one| one.state = State::Declined)
                }),
            ),
        ],
    );
}

#[test]
fn more_refunds_than_ever() {
    let of_day = |count| many(count, 10, |at_ms, _| refund(at_ms, 1_500));
    check(
        Code::ManyRefunds,
        &[
            ("the second of a day", true, of_day(2)),
            ("the first", false, of_day(1)),
        ],
    );
    // Where there were four on a day, eight are none too many.
    let settings = Settings::default();
    let mut profile = past();
    let before: Vec<Payment> = (0..4)
        .map(|number| refund(TODAY - DAY + 12 * HOUR + number * HOUR, 1_500))
        .collect();
    last(&mut profile, &Context::new(&settings), &before);
    let today: Vec<Payment> = of_day(8);
    assert!(!speaks(
        &last(&mut profile.clone(), &Context::new(&settings), &today),
        Code::ManyRefunds
    ));
    assert!(speaks(
        &last(&mut profile, &Context::new(&settings), &of_day(9)),
        Code::ManyRefunds
    ));
}

#[test]
fn round_amounts_as_gift_cards_have() {
    let yen = |at_ms, amount| with(refund(at_ms, amount), |one| one.currency = Currency(392));
    check(
        Code::RoundAmounts,
        &[
            ("one refund", true, vec![refund(NOON, 300_000)]),
            ("not round", false, vec![refund(NOON, 300_050)]),
            ("below", false, vec![refund(NOON, 190_000)]),
            ("above", false, vec![refund(NOON, 610_000)]),
            ("yen have no minor unit", true, vec![yen(NOON, 3_000)]),
            ("nor so many", false, vec![yen(NOON, 300_000)]),
            ("two sales", false, many(2, 9, |at_ms, _| sale(at_ms, 200_000))),
            ("three sales", true, many(3, 9, |at_ms, _| sale(at_ms, 200_000))),
        ],
    );
}

#[test]
fn at_an_unusual_hour() {
    let at = |hour: i64| vec![sale(TODAY + hour * HOUR, 1_500)];
    check(
        Code::UnusualHour,
        &[
            ("at three in the morning", true, at(3)),
            ("at ten, as ever", false, at(10)),
            ("an hour later than ever", false, at(20)),
            ("three hours later", true, at(22)),
            (
                "of which only the day is known",
                false,
                vec![with(sale(TODAY + 3 * HOUR, 1_500), |one| {
                    one.certainty = Certainty::Day;
                })],
            ),
        ],
    );
    // By the terminal's clock, not by ours.
    let settings = Settings::default();
    let elsewhere = with(sale(TODAY + 3 * HOUR, 1_500), |one| one.offset_min = 9 * 60);
    assert!(!speaks(
        &said(&Context::new(&settings), &[elsewhere]),
        Code::UnusualHour
    ));
    let young = last(&mut Profile::default(), &Context::new(&settings), &at(3));
    assert_eq!(why_not(&young, Code::UnusualHour), Some(Why::NoPast));
}

fn every_day(from: u16, to: u16) -> OpeningHours {
    let span = Span::new(from * 60, to * 60).expect("a span of a day");
    OpeningHours {
        week: Week(std::array::from_fn(|_| {
            Spans::new(vec![span]).expect("spans of a day")
        })),
        ..OpeningHours::default()
    }
}

#[test]
fn outside_opening_hours() {
    let settings = Settings::default();
    let hours = every_day(10, 20);
    let context = Context {
        hours: Some(&hours),
        ..Context::new(&settings)
    };
    for (hour, minute, wanted) in [
        (3, 0, true),
        (9, 30, false),
        (20, 40, false),
        (22, 0, true),
        (12, 0, false),
    ] {
        let judgement = said(&context, &[sale(TODAY + hour * HOUR + minute * MINUTE, 1_500)]);
        assert_eq!(speaks(&judgement, Code::OutOfHours), wanted, "{hour}:{minute}");
        assert!(
            !speaks(&judgement, Code::UnusualHour),
            "only one of the two looks"
        );
        let told = judgement
            .reasons
            .iter()
            .find(|reason| reason.code == Code::OutOfHours);
        let said = told.map(|reason| reason.text(Language::English));
        let wanted = format!("At {hour:02}:{minute:02}, outside opening hours (that day: 10:00–20:00)");
        assert!(said.is_none_or(|said| said == wanted), "{wanted}");
    }
    // Whoever is at work at eight each day is so in the hours, whatever the shop told.
    let late = every_day(18, 20);
    let context = Context {
        hours: Some(&late),
        ..Context::new(&settings)
    };
    assert!(!speaks(&said(&context, &[sale(NOON, 1_500)]), Code::OutOfHours));
}

#[test]
fn jumps_in_how_cards_are_read_and_in_refusals() {
    let read = |entry| move |at_ms, _| with(sale(at_ms, 1_500), |one| one.entry = Some(entry));
    let refused = |at_ms, _| with(sale(at_ms, 1_500), |one| one.state = State::Declined);
    for (code, make, from) in [
        (
            Code::KeyedJump,
            &read(Entry::Keyed) as &dyn Fn(i64, i64) -> Payment,
            3,
        ),
        (Code::StripeJump, &read(Entry::Fallback), 3),
        (Code::StripeJump, &read(Entry::Swiped), 3),
        (Code::DeclinedAgain, &refused, 4),
    ] {
        check(
            code,
            &[
                ("enough", true, many(from, 5, make)),
                ("too few", false, many(from - 1, 5, make)),
                ("a usual one after them", false, {
                    let mut all = many(from, 5, make);
                    all.push(sale(NOON + 3 * HOUR, 1_500));
                    all
                }),
                ("days apart", false, many(from, 2 * 24 * 60, make)),
            ],
        );
    }
    // Where one in three is typed, three of ten are usual.
    let settings = Settings::default();
    let mut profile = Profile::default();
    for day in 0..10 {
        for number in 0..9 {
            let entry = if number % 3 == 0 {
                Entry::Keyed
            } else {
                Entry::Tapped
            };
            profile.observe(&read(entry)(TODAY - (10 - day) * DAY + (10 + number) * HOUR, 0));
        }
    }
    let judgement = last(
        &mut profile,
        &Context::new(&settings),
        &many(3, 5, read(Entry::Keyed)),
    );
    assert!(!speaks(&judgement, Code::KeyedJump), "{judgement:?}");
    let unread = with(sale(NOON, 1_500), |one| one.entry = None);
    let judgement = said(&Context::new(&settings), &[unread]);
    assert_eq!(why_not(&judgement, Code::KeyedJump), Some(Why::NoEntry));
}

#[test]
fn nobody_pays_as_most_do() {
    let read = |entry| move |at_ms, _| with(sale(at_ms, 1_500), |one| one.entry = Some(entry));
    check(
        Code::UsualReadingGone,
        &[
            (
                "the fifth by the chip, where all tap",
                true,
                many(5, 5, read(Entry::Inserted)),
            ),
            ("the fourth", false, many(4, 5, read(Entry::Inserted))),
            (
                "one tapped among them",
                false,
                many(8, 5, |at_ms, number| {
                    let entry = if number == 4 {
                        Entry::Tapped
                    } else {
                        Entry::Inserted
                    };
                    read(entry)(at_ms, number)
                }),
            ),
        ],
    );
}

#[test]
fn test_amounts_then_a_large_one() {
    let by = |card, at_ms, amount| with(sale(at_ms, amount), |one| one.card = Some(Key(card)));
    check(
        Code::TestThenLarge,
        &[
            (
                "the same card",
                true,
                vec![by(9, NOON, 100), by(9, NOON + 2 * MINUTE, 200_000)],
            ),
            (
                "refused at first",
                true,
                vec![
                    with(by(9, NOON, 100), |one| one.state = State::Declined),
                    by(9, NOON + 2 * MINUTE, 200_000),
                ],
            ),
            (
                "another card",
                false,
                vec![by(8, NOON, 100), by(9, NOON + 2 * MINUTE, 200_000)],
            ),
            (
                "hours later",
                false,
                vec![by(9, NOON, 100), by(9, NOON + 3 * HOUR, 200_000)],
            ),
            (
                "not so large",
                false,
                vec![by(9, NOON, 100), by(9, NOON + 2 * MINUTE, 3_000)],
            ),
            (
                "not so small",
                false,
                vec![by(9, NOON, 1_500), by(9, NOON + 2 * MINUTE, 200_000)],
            ),
        ],
    );
}

#[test]
fn an_amount_far_above_the_usual() {
    check(
        Code::AmountUnusual,
        &[
            ("a hundred times", true, vec![sale(NOON, 200_000)]),
            ("given back", true, vec![refund(NOON, 200_000)]),
            ("three times", false, vec![sale(NOON, 6_000)]),
            ("nothing", false, vec![sale(NOON, 0)]),
            ("as much as there is", true, vec![sale(NOON, i64::MAX)]),
            ("below nothing", false, vec![sale(NOON, i64::MIN)]),
        ],
    );
    let settings = Settings::default();
    let dollars = with(sale(NOON, 200_000), |one| one.currency = Currency(840));
    let judgement = said(&Context::new(&settings), &[dollars]);
    assert_eq!(why_not(&judgement, Code::AmountUnusual), Some(Why::NoPast));
}

#[test]
fn one_card_in_a_row_and_many_cards() {
    let by = |card| move |at_ms, _| with(sale(at_ms, 1_500), |one| one.card = Some(Key(card)));
    check(
        Code::CardInARow,
        &[
            ("the fourth", true, many(4, 5, by(9))),
            ("the third", false, many(3, 5, by(9))),
            ("over a day", false, many(4, 120, by(9))),
            (
                "nobody knows the card",
                false,
                many(6, 5, |at_ms, _| with(sale(at_ms, 1_500), |one| one.card = None)),
            ),
        ],
    );
    check(
        Code::ManyCards,
        &[
            (
                "ten in ten minutes",
                true,
                many(10, 1, |at_ms, _| sale(at_ms, 1_500)),
            ),
            ("nine", false, many(9, 1, |at_ms, _| sale(at_ms, 1_500))),
            ("ten of one card", false, many(10, 1, by(9))),
            (
                "ten in an hour and a half",
                false,
                many(10, 10, |at_ms, _| sale(at_ms, 1_500)),
            ),
        ],
    );
}

#[test]
fn operators() {
    let by = |name: &'static str| vec![with(sale(NOON, 1_500), |one| one.operator = Some(name.into()))];
    check(
        Code::OperatorUnknown,
        &[("new", true, by("007")), ("known", false, by("001"))],
    );
    let settings = Settings::default();
    let shifts = [Shift {
        operator: "001".into(),
        from: Timestamp(TODAY + 8 * HOUR),
        to: Timestamp(TODAY + 15 * HOUR),
    }];
    let context = Context {
        shifts: Some(&shifts),
        ..Context::new(&settings)
    };
    for (hour, name, wanted) in [
        (12, "001", false),
        (15, "001", false),
        (17, "001", true),
        (12, "002", true),
    ] {
        let payment = with(sale(TODAY + hour * HOUR, 1_500), |one| {
            one.operator = Some(name.into())
        });
        assert_eq!(
            speaks(&said(&context, &[payment]), Code::OperatorOffShift),
            wanted,
            "{hour} {name}"
        );
    }
    let unsaid = with(sale(NOON, 1_500), |one| one.operator = None);
    let judgement = said(&context, &[unsaid]);
    assert_eq!(why_not(&judgement, Code::OperatorOffShift), Some(Why::NoOperator));
    assert_eq!(why_not(&judgement, Code::OperatorUnknown), Some(Why::NoOperator));
}

#[test]
fn places() {
    let at = |place| with(sale(NOON, 1_500), |one| one.place = place);
    check(
        Code::NewPlace,
        &[
            ("new", true, vec![at(Some(Key(2)))]),
            (
                "still new an hour later",
                true,
                vec![
                    at(Some(Key(2))),
                    with(at(Some(Key(2))), |one| one.at = Timestamp(NOON + HOUR)),
                ],
            ),
            (
                "known the day after",
                false,
                vec![
                    at(Some(Key(2))),
                    with(at(Some(Key(2))), |one| one.at = Timestamp(NOON + DAY)),
                ],
            ),
            (
                "refused, it does not become known",
                true,
                vec![
                    with(at(Some(Key(2))), |one| one.state = State::Declined),
                    with(at(Some(Key(2))), |one| one.at = Timestamp(NOON + DAY)),
                ],
            ),
            ("as ever", false, vec![at(Some(SHOP))]),
            ("nobody knows", false, vec![at(None)]),
        ],
    );
    let settings = Settings::default();
    for (active, shop, place, wanted) in [
        (2, Some(SHOP), Key(2), true),
        (0, Some(SHOP), Key(2), false),
        (2, Some(SHOP), SHOP, false),
        (2, Some(Key(2)), Key(2), false),
        (2, Some(Key(3)), Key(2), false),
        (2, None, Key(2), false),
    ] {
        let context = Context {
            peers: Some(Peers { active, place: shop }),
            ..Context::new(&settings)
        };
        let judgement = said(&context, &[at(Some(place))]);
        assert_eq!(
            speaks(&judgement, Code::Elsewhere),
            wanted,
            "{active} {shop:?} {place:?}"
        );
    }
    // Its owner says that it is there.
    let mut profile = past();
    profile.observe(&at(Some(Key(2))));
    profile.confirm();
    assert!(!speaks(
        &judge(&profile, &Context::new(&settings), &at(Some(Key(2)))),
        Code::NewPlace
    ));
}

#[test]
fn after_a_silence() {
    let after = |ms| vec![sale(TODAY - DAY + 19 * HOUR + 30 * MINUTE + ms, 1_500)];
    check(
        Code::AfterSilence,
        &[
            ("the night", false, after(15 * HOUR)),
            ("three days", true, after(3 * DAY)),
            ("the one after it", false, {
                let mut all = after(3 * DAY);
                all.extend(after(3 * DAY + MINUTE));
                all
            }),
        ],
    );
}

#[test]
fn wrong_passwords() {
    let settings = Settings::default();
    let context = Context {
        has_sign_ins: true,
        ..Context::new(&settings)
    };
    for (what, names, wanted) in [
        ("three by one", &["001"; 3][..], false),
        ("five by one", &["001"; 5], true),
        ("three by three", &["001", "002", "003"], true),
    ] {
        let mut profile = past();
        let mut said = Judgement::default();
        for (number, name) in (0..).zip(names) {
            let one = sign_in(NOON + number * MINUTE, name, false);
            said = judge_sign_in(&profile, &context, &one);
            profile.signed_in(&one);
        }
        assert_eq!(speaks(&said, Code::WrongPasswords), wanted, "{what}");
        // A payment within the hour is looked at in their light; one later is not.
        let soon = judge(&profile, &context, &sale(NOON + 30 * MINUTE, 1_500));
        assert_eq!(speaks(&soon, Code::WrongPasswords), wanted, "{what}");
        assert!(!speaks(
            &judge(&profile, &context, &sale(NOON + 3 * HOUR, 1_500)),
            Code::WrongPasswords
        ));
    }
    let judgement = judge(&past(), &Context::new(&settings), &sale(NOON, 1_500));
    assert_eq!(why_not(&judgement, Code::WrongPasswords), Some(Why::NoSignIns));
}

#[test]
fn busier_than_ever_and_the_window_of_a_loss() {
    let of_day = |count| many(count, 4, |at_ms, _| sale(at_ms, 1_500));
    check(
        Code::Busier,
        &[("twice and one", true, of_day(41)), ("twice", false, of_day(40))],
    );
    let settings = Settings::default();
    let context = Context {
        loss: Some(Loss {
            from: Timestamp(NOON),
            to: Timestamp(NOON + HOUR),
        }),
        ..Context::new(&settings)
    };
    for (minutes, wanted) in [(-1, false), (0, true), (60, true), (61, false)] {
        let judgement = said(&context, &[sale(NOON + minutes * MINUTE, 1_500)]);
        assert_eq!(speaks(&judgement, Code::LossWindow), wanted, "{minutes}");
    }
}

#[test]
fn a_signal_without_points_is_switched_off() {
    let mut settings = Settings::default();
    settings.set_weight(Code::NewPlace, screening::Weight::default());
    let payment = with(sale(NOON, 1_500), |one| one.place = None);
    let judgement = said(&Context::new(&settings), &[payment]);
    assert_eq!(why_not(&judgement, Code::NewPlace), None);
    assert_eq!(why_not(&judgement, Code::Elsewhere), Some(Why::NoPlace));
}

#[test]
fn shares_of_what_is_left_make_the_score() {
    let mut settings = Settings::default();
    for (code, points) in [(Code::NewPlace, 400), (Code::OperatorUnknown, 300)] {
        let weight = settings.weight(code);
        settings.set_weight(code, screening::Weight { points, ..weight });
    }
    let payment = with(sale(NOON, 1_500), |one| {
        (one.place, one.operator) = (Some(Key(2)), Some("007".into()))
    });
    let judgement = said(&Context::new(&settings), &[payment]);
    let codes: Vec<Code> = judgement.reasons.iter().map(|reason| reason.code).collect();
    assert_eq!(codes, [Code::NewPlace, Code::OperatorUnknown]);
    assert_eq!(judgement.score, 580);
}

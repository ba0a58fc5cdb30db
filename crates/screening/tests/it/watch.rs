//! A terminal's suspicion: adds up, is forgotten, and asks within its cap.

use domain::Timestamp;
use screening::{Code, Codes, Judgement, Reason, Settings, Suspicion, Weight};

use crate::past::{DAY, HOUR, MINUTE};

fn settings() -> Settings {
    let mut settings = Settings::default();
    for code in Code::ALL {
        settings.set_weight(
            code,
            Weight {
                points: 100,
                evidence: 200,
                evidence_max: 300,
            },
        );
    }
    Settings {
        ask_from: 500,
        ask_every_hours: 7 * 24,
        half_life_hours: 24,
        ..settings
    }
}

fn said(codes: &[Code]) -> Judgement {
    let reasons = codes.iter().map(|code| Reason {
        code: *code,
        points: 100,
        values: Vec::new(),
    });
    Judgement {
        reasons: reasons.collect(),
        ..Judgement::default()
    }
}

const NONE: Codes = Codes::NONE;

#[test]
fn one_signal_alone_never_asks_and_two_do() {
    let settings = settings();
    let mut suspicion = Suspicion::default();
    for minute in 0..50 {
        let at = Timestamp(minute * MINUTE);
        assert_eq!(suspicion.add(&settings, at, &said(&[Code::NewPlace]), NONE), None);
        assert_eq!(
            suspicion.score(&settings, at),
            if minute == 0 { 200 } else { 300 }
        );
    }
    let question = suspicion.add(&settings, Timestamp(HOUR - 1), &said(&[Code::KeyedJump]), NONE);
    let question = question.unwrap();
    assert_eq!(
        (question.score, question.codes),
        (500, vec![Code::NewPlace, Code::KeyedJump])
    );
}

#[test]
fn half_is_forgotten_in_a_half_life() {
    let settings = settings();
    let mut suspicion = Suspicion::default();
    let _ = suspicion.add(
        &settings,
        Timestamp(0),
        &said(&[Code::NewPlace, Code::KeyedJump]),
        NONE,
    );
    for (hours, wanted) in [(0, 400), (12, 300), (24, 200), (48, 100), (24 * 40, 0)] {
        assert_eq!(
            suspicion.score(&settings, Timestamp(hours * HOUR)),
            wanted,
            "{hours}"
        );
    }
    // Looking changes nothing, and a clock that goes back forgets nothing.
    assert_eq!(suspicion.score(&settings, Timestamp(-DAY)), 400);
    assert_eq!(suspicion.score(&settings, Timestamp(0)), 400);
}

#[test]
fn an_owner_is_asked_once_a_week_whatever_comes() {
    let settings = settings();
    let mut suspicion = Suspicion::default();
    let all = said(&Code::ALL);
    let asked: Vec<i64> = (0..24 * 28)
        .filter(|hour| {
            suspicion
                .add(&settings, Timestamp(hour * HOUR), &all, NONE)
                .is_some()
        })
        .collect();
    assert_eq!(asked.len(), 4, "{asked:?}");
    assert!(asked.windows(2).all(|two| two[1] - two[0] >= 7 * 24), "{asked:?}");
    suspicion.answered();
    assert_eq!(suspicion.score(&settings, Timestamp(28 * DAY)), 0);
}

#[test]
fn what_is_usual_here_or_happens_to_the_whole_shop_counts_for_less() {
    let settings = settings();
    let (code, at) = (Code::RefundWithoutSale, Timestamp(20 * DAY));
    let mut usual = Suspicion::default();
    for day in [1, 5, 9] {
        let _ = usual.add(&settings, Timestamp(day * DAY), &said(&[code]), NONE);
    }
    usual.answered();
    let _ = usual.add(&settings, at, &said(&[code]), NONE);
    assert_eq!(usual.score(&settings, at), 50, "on three days before");
    assert!(usual.spoke_on(at).has(code) && !usual.spoke_on(at).has(Code::NewPlace));
    assert!(!usual.spoke_on(Timestamp(21 * DAY)).has(code));

    let mut shared = Suspicion::default();
    let _ = shared.add(&settings, at, &said(&[code]), usual.spoke_on(at));
    assert_eq!(shared.score(&settings, at), 50, "at another terminal, too");

    // A month later it is new again.
    let later = Timestamp(60 * DAY);
    usual.answered();
    let _ = usual.add(&settings, later, &said(&[code]), NONE);
    assert_eq!(usual.score(&settings, later), 200);
}

#[test]
fn it_comes_out_the_same_after_it_was_stored() {
    let settings = settings();
    let (mut kept, mut stored) = (Suspicion::default(), Suspicion::default());
    for hour in 0..200_i64 {
        let codes = [Code::ALL[hour as usize % 7], Code::ALL[hour as usize % 11]];
        let at = Timestamp(hour * 3 * HOUR);
        let asked = kept.add(&settings, at, &said(&codes), NONE);
        assert_eq!(stored.add(&settings, at, &said(&codes), NONE), asked);
        let text = serde_json::to_string(&stored).unwrap();
        stored = serde_json::from_str(&text).unwrap();
        assert_eq!(stored, kept);
    }
}

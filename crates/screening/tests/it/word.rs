//! Every code has words in both languages, with its numbers in them.

use domain::Timestamp;
use domain::setting::Language;
use screening::{Code, Context, Judgement, Key, NotAsked, Reason, Settings, Value, Why, judge};

use crate::past::{DAY, HOUR, TODAY, past, sale};

/// A text that a template with these values gives.
fn text(code: Code, values: Vec<Value>, language: Language) -> String {
    let reason = Reason {
        code,
        points: 1,
        values,
    };
    reason.text(language)
}

#[test]
fn each_code_has_words_in_both_languages() {
    let values = || {
        vec![
            Value::Name("一A".into()),
            Value::Name("二B".into()),
            Value::Name("三C".into()),
        ]
    };
    for code in Code::ALL {
        let [zh, en] = Language::ALL.map(|language| text(code, values(), language));
        assert_ne!(zh, en, "{code:?}");
        for said in [&zh, &en] {
            assert!(!said.is_empty() && !said.contains(['{', '}']), "{code:?}: {said}");
            assert_eq!(said.contains("一A"), code != Code::LossWindow, "{code:?}: {said}");
        }
        // Both say the same numbers.
        for value in ["一A", "二B", "三C"] {
            assert_eq!(zh.contains(value), en.contains(value), "{code:?}: {value}");
        }
        assert!(
            zh.chars().any(|one| ('一'..='龥').contains(&one)) && en.is_ascii() || !en.is_ascii(),
            "{code:?}"
        );
        assert_ne!(code.title(Language::Chinese), code.title(Language::English));
    }
    for why in Why::ALL {
        let not_asked = NotAsked {
            code: Code::NewPlace,
            why,
        };
        let [zh, en] = Language::ALL.map(|language| not_asked.text(language));
        assert!(
            zh.contains("新的网络或位置") && en.contains("New place or network"),
            "{zh} {en}"
        );
    }
}

#[test]
fn no_text_says_what_somebody_is() {
    for code in Code::ALL {
        for language in Language::ALL {
            let said = text(code, Vec::new(), language) + code.title(language);
            for word in [
                "fraud", "thief", "criminal", "suspect", "诈", "贼", "盗", "嫌疑", "犯",
            ] {
                assert!(!said.to_lowercase().contains(word), "{code:?}: {said}");
            }
        }
    }
}

#[test]
fn numbers_are_written_as_people_say_them() {
    let say = |value| {
        text(
            Code::AmountUnusual,
            vec![Value::Count(0), Value::Count(0), value],
            Language::English,
        )
    };
    for (value, wanted) in [
        (Value::Hundredths(324), "3.2 ×"),
        (Value::Hundredths(1_049), "10 ×"),
        (Value::Minutes(119), "119 min ×"),
        (Value::Minutes(120), "2 h ×"),
        (Value::Minutes(2_880), "2 days ×"),
        (Value::Clock(185), "03:05 ×"),
        (
            Value::Spans(vec![(540, 720), (1_020, 1_560)]),
            "09:00–12:00, 17:00–02:00 the next day ×",
        ),
        (Value::Spans(vec![(0, 1_440)]), "00:00–24:00 ×"),
        (Value::Spans(Vec::new()), "closed ×"),
        (
            Value::Money {
                minor: 123_450,
                currency: 156,
            },
            "CNY 1234.50 ×",
        ),
    ] {
        assert!(say(value.clone()).contains(wanted), "{wanted}");
    }
}

#[test]
fn a_reason_says_what_happened_with_its_numbers() {
    let settings = Settings::default();
    let mut payment = sale(TODAY + DAY + 3 * HOUR + 5 * 60_000, 200_000);
    payment.place = Some(Key(2));
    assert_eq!(payment.at, Timestamp(TODAY + 27 * HOUR + 300_000));
    let judgement: Judgement = judge(&past(), &Context::new(&settings), &payment);
    let said = |language| -> Vec<String> {
        let reasons = judgement.reasons.iter();
        reasons.map(|reason| reason.text(language)).collect()
    };
    for (code, zh, en) in [
        (
            Code::UnusualHour,
            "03:05；用过的 28 天里，有 0 天在这个时间前后有交易",
            "At 03:05; of 28 days in use, with payments around this hour: 0",
        ),
        (
            Code::NewPlace,
            "之前 28 天里没有从这个网络或位置用过",
            "Not used from this network or position in the 28 days before",
        ),
    ] {
        let at = judgement
            .reasons
            .iter()
            .position(|reason| reason.code == code)
            .unwrap();
        assert_eq!(
            (
                said(Language::Chinese)[at].as_str(),
                said(Language::English)[at].as_str()
            ),
            (zh, en)
        );
    }
    let unusual = said(Language::Chinese)
        .into_iter()
        .find(|text| text.contains("中位数"))
        .unwrap();
    assert!(
        unusual.starts_with("CNY 2000.00，是这台终端中位数 CNY 1") && unusual.ends_with("倍"),
        "{unusual}"
    );
}

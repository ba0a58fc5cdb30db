//! Conditions by tables and against the crate's own evaluator; sets; back-tests.

use domain::Timestamp;
use domain::money::Currency;
use domain::setting::Language;
use proptest::prelude::*;

use super::*;
use crate::payment::{Kind, Payment, State};

fn condition(text: &str) -> Condition {
    Condition::new(text).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"))
}

fn input() -> Input<'static> {
    Input {
        amount_minor: Some(250_000),
        currency: Some("CNY"),
        kind: Some(Kind::Refund),
        hour: Some(23),
        weekday: Some(6),
        is_linked: Some(false),
        operator: Some("收银03"),
        refunds_today: Some(0),
        ..Input::default()
    }
}

#[test]
fn a_condition_holds_does_not_or_says_what_nobody_knows() {
    use Outcome::{Failed, Marked, NotKnown, Silent};
    let unknown = NotKnown(Variable::RatioHundredths);
    let table = [
        ("amount_minor >= 250000", Marked),
        ("amount_minor > 250000", Silent),
        ("kind == \"refund\" && !is_linked", Marked),
        ("kind in ['refund', 'void'] && (hour >= 22 || hour < 6)", Marked),
        ("currency != 'CNY'", Silent),
        ("operator.startsWith('收银') && operator.endsWith(\"3\")", Marked),
        ("operator.contains('9')", Silent),
        ("amount_minor % 100000 == 50000", Marked),
        ("(weekday >= 6 ? 200000 : 400000) < amount_minor", Marked),
        ("-amount_minor < 0", Marked),
        // What nobody knows is not false …
        ("ratio_hundredths > 300", unknown),
        ("ratio_hundredths <= 300", unknown),
        ("!(ratio_hundredths > 300)", unknown),
        ("ratio_hundredths == 300", unknown),
        ("ratio_hundredths != 300", unknown),
        ("ratio_hundredths in [300]", unknown),
        ("ratio_hundredths > 300 && hour > 20", unknown),
        ("ratio_hundredths > 300 || hour < 20", unknown),
        // … and counts for nothing where the rest decides, on either side.
        ("ratio_hundredths > 300 && hour < 20", Silent),
        ("hour < 20 && ratio_hundredths > 300", Silent),
        ("ratio_hundredths > 300 || hour > 20", Marked),
        ("hour > 20 || ratio_hundredths > 300", Marked),
        ("ratio_hundredths == null", Marked),
        ("null != amount_minor", Marked),
        ("ratio_hundredths == null || ratio_hundredths > 300", Marked),
        // What cannot be computed is said, before what is not known.
        (
            "amount_minor / refunds_today > 1",
            Failed(Failure::DivisionByZero),
        ),
        (
            "amount_minor % refunds_today > 1",
            Failed(Failure::DivisionByZero),
        ),
        (
            "amount_minor * 9223372036854775807 > 1",
            Failed(Failure::Overflow),
        ),
        (
            "ratio_hundredths > 1 && 1 / refunds_today > 1",
            Failed(Failure::DivisionByZero),
        ),
        ("hour < 20 && 1 / refunds_today > 1", Silent),
    ];
    for (text, outcome) in table {
        assert_eq!(condition(text).outcome(&input()), outcome, "{text}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    use Mistake::*;
    let long = format!("hour > {}", "1".repeat(CHARS_MAX));
    let nested = format!("{}hour > 1{}", "(".repeat(13), ")".repeat(13));
    let questions = format!("{}hour > 1", "hour > 1 ? true : ".repeat(13));
    let sum = format!("hour > 0{}", " + 1".repeat(DEPTH_MAX + 2));
    let many = format!("hour in [{}1]", "1,".repeat(NODES_MAX));
    let table: [(&str, Mistake, usize, &str); 34] = [
        ("", Empty, 0, ""),
        (" \n ", Empty, 0, ""),
        (&long, TooLong, CHARS_MAX, ""),
        (&nested, TooDeep, 12, ""),
        (&questions, TooDeep, 225, ""),
        (&sum, TooDeep, 13, ""),
        (&many, TooCostly, 8, ""),
        ("hour >", Unreadable, 6, ""),
        ("hour > 1 hour", Unreadable, 9, ""),
        ("营业额 > 1", Unreadable, 0, ""),
        ("hour > 99999999999999999999", Unreadable, 7, ""),
        ("'没关", Unreadable, 0, ""),
        ("hours > 1", UnknownVariable, 0, "hours"),
        ("operator == '老板' && amont > 1", UnknownVariable, 20, "amont"),
        ("size(operator) > 1", UnknownFunction, 4, "size"),
        ("operator.matches('.*')", UnknownFunction, 16, "matches"),
        ("now() > 1", UnknownFunction, 3, "now"),
        ("hour > '1'", WrongType, 7, "int"),
        ("hour > true", WrongType, 7, "int"),
        ("currency < 'X'", WrongType, 0, "int"),
        ("hour == 'x'", WrongType, 8, "int"),
        ("hour in [1, 'x']", WrongType, 12, "int"),
        ("hour && is_linked", WrongType, 0, "bool"),
        ("is_linked ? 1 : 'a'", WrongType, 16, "int"),
        ("hour + 1", NoTruth, 0, "bool"),
        ("operator", NoTruth, 0, "bool"),
        ("kind == 'refnd'", UnknownWord, 8, "kind"),
        ("'RMB' != currency", UnknownWord, 0, "currency"),
        ("entry in ['keyed', 'typed']", UnknownWord, 19, "entry"),
        ("amount_minor > 1.5", NotHere, 15, ""),
        ("hour > null", NotHere, 7, ""),
        ("terminal.hour > 1", NotHere, 8, ""),
        ("[1, 2].exists(x, x > 1)", UnknownFunction, 13, "exists"),
        ("1 < 2", Constant, 0, ""),
    ];
    for (text, mistake, at, about) in table {
        let wrong = Condition::new(text).expect_err(text);
        assert_eq!(
            (wrong.mistake, wrong.at, wrong.about.as_str()),
            (mistake, at, about),
            "{text}"
        );
        for language in [Language::Chinese, Language::English] {
            assert!(!wrong.text(language).is_empty());
        }
    }
}

#[test]
fn every_variable_has_a_title_in_both_languages_and_is_read_by_its_name() {
    for variable in Variable::ALL {
        let said = Language::ALL.map(|language| variable.title(language));
        assert!(said.iter().all(|title| !title.is_empty()) && said[0] != said[1]);
        let name = variable.code();
        let text = match variable.kind() {
            Type::Int => format!("{name} > 0"),
            Type::Text => format!("{name} != null"),
            Type::Truth => name.to_owned(),
        };
        condition(&text);
    }
}

#[test]
fn the_document_has_each_variable_and_each_mistake() {
    let document = include_str!("../../../../docs/SCREENING.md");
    let codes = Variable::ALL.map(Variable::code).into_iter();
    for code in codes.chain(Mistake::ALL.map(Mistake::code)) {
        assert!(document.contains(&format!("`{code}`")), "{code}");
    }
}

#[test]
fn a_payment_says_its_hour_and_weekday_at_the_terminal() {
    // Thursday, 1 January 1970, 23:30 UTC is Friday, 07:30 at UTC+8.
    let at = Timestamp(23 * 3_600_000 + 1_800_000);
    let mut payment = Payment::new(at, Kind::Sale, State::Approved, 100, Currency::CNY);
    payment.offset_min = 480;
    let input = Input::of(&payment);
    assert_eq!((input.hour, input.weekday), (Some(7), Some(5)));
    assert_eq!(input.currency, Some("CNY"));
    payment.certainty = crate::payment::Certainty::Day;
    assert_eq!(Input::of(&payment).hour, None);
    payment.at = Timestamp(i64::MIN);
    assert!(Input::of(&payment).hour.is_none());
}

fn set() -> Rules {
    let rule = |code, when, points| Rule::new(code, "文字", "words", when, points).expect("a rule");
    Rules::new(
        7,
        vec![
            rule("large", "amount_minor > 100000", 600),
            rule("late", "hour >= 22", 600),
            rule("share", "amount_minor / refunds_today > 5", 100),
            rule("ratio", "ratio_hundredths > 300", 100),
        ],
    )
    .expect("a set")
}

#[test]
fn a_set_says_what_holds_what_is_not_known_and_what_failed() {
    let set = set();
    let input = input();
    let judged = set.judge(&input);
    let marked: Vec<&str> = judged.marked.iter().map(|rule| rule.code()).collect();
    assert_eq!(marked, ["large", "late"]);
    assert_eq!(judged.points(), 1_000);
    assert_eq!(judged.failed[0].0.code(), "share");
    assert_eq!(judged.failed[0].1, Failure::DivisionByZero);
    assert_eq!(judged.not_known[0].0.code(), "ratio");
    assert_eq!(judged.not_known[0].1, Variable::RatioHundredths);
}

#[test]
fn a_set_comes_back_from_its_json_and_a_wrong_one_says_which_rule() {
    let json = set().write();
    assert_eq!(Rules::read(json.as_bytes()), Ok(set()));
    let read = |from: &str, to: &str| Rules::read(json.replacen(from, to, 1).as_bytes());
    assert_eq!(read("\"version\": 7", "\"version\": 0"), Err(Unread::Version));
    assert_eq!(
        read("\"late\"", "\"large\""),
        Err(Unread::Rule(1, RuleField::Code))
    );
    assert_eq!(
        read("\"late\"", "\"Late\""),
        Err(Unread::Rule(1, RuleField::Code))
    );
    assert_eq!(read("文字", " "), Err(Unread::Rule(0, RuleField::TextZh)));
    assert_eq!(read("words", "a\\u0007"), Err(Unread::Rule(0, RuleField::TextEn)));
    assert_eq!(read("600", "0"), Err(Unread::Rule(0, RuleField::Points)));
    assert!(matches!(
        read("hour >= 22", "hours >= 22"),
        Err(Unread::Rule(1, RuleField::When(Wrong { at: 0, .. })))
    ));
    assert!(matches!(
        read("\"points\"", "\"point\""),
        Err(Unread::Malformed { .. })
    ));
    assert!(matches!(read("{", "["), Err(Unread::Malformed { .. })));
    assert_eq!(Rules::read(&vec![b' '; SET_BYTES_MAX + 1]), Err(Unread::TooLarge));
    let many = vec![Rule::new("a", "文", "a", "hour > 1", 1).expect("a rule"); RULES_MAX + 1];
    assert_eq!(Rules::new(1, many), Err(Unread::TooMany));
}

#[test]
fn a_back_test_counts_each_answer_by_day_and_keeps_the_first_examples() {
    let small = Input {
        amount_minor: Some(1),
        refunds_today: Some(1),
        ratio_hundredths: Some(400),
        hour: Some(9),
        ..Input::default()
    };
    let payments = (0..10_u64).map(|nth| {
        let one = if nth % 2 == 0 { input() } else { small.clone() };
        (nth, nth as i64 / 4, one)
    });
    let test = back_test(&set(), payments, 2);
    assert_eq!((test.version, test.payments, test.marked), (7, 10, 10));
    let large = &test.rules[0];
    assert_eq!(large.sum.marked, 5);
    assert_eq!(large.examples, [0, 2]);
    let days: Vec<(i64, u64)> = large
        .days
        .iter()
        .map(|(day, count)| (*day, count.marked))
        .collect();
    assert_eq!(days, [(0, 2), (1, 2), (2, 1)]);
    assert_eq!(test.rules[2].failed[&Failure::DivisionByZero], 5);
    assert_eq!(test.rules[2].sum.failed, 5);
    assert_eq!(test.rules[3].not_known[&Variable::RatioHundredths], 5);
    assert_eq!(
        test.rules[3].sum,
        Day {
            marked: 5,
            not_known: 5,
            failed: 0
        }
    );
    assert!(!test.has_more_days);
}

#[test]
fn a_back_test_of_more_days_than_it_counts_says_so() {
    let days = 0..DAYS_MAX as i64 + 5;
    let test = back_test(&set(), days.map(|day| ((), day, input())), 0);
    assert_eq!(test.rules[0].days.len(), DAYS_MAX);
    assert_eq!(test.rules[0].sum.marked, DAYS_MAX as u64 + 5);
    assert!(test.has_more_days && test.rules[0].examples.is_empty());
}

/// What reads a condition calls itself: the deepest that is let through has to fit into a small stack.
#[test]
fn the_deepest_condition_is_read_in_half_a_megabyte_of_stack() {
    let deepest = [
        format!("{}hour > 1{}", "(".repeat(BRACKETS_MAX), ")".repeat(BRACKETS_MAX)),
        format!(
            "{}is_linked{}",
            "!(".repeat(BRACKETS_MAX),
            ")".repeat(BRACKETS_MAX)
        ),
        format!(
            "{}1{}",
            "f([".repeat(BRACKETS_MAX / 2),
            "])".repeat(BRACKETS_MAX / 2)
        ),
        format!("{}1{}", "A{b:".repeat(BRACKETS_MAX), "}".repeat(BRACKETS_MAX)),
        format!("{}is_linked", "is_linked ? true : ".repeat(BRACKETS_MAX)),
        format!("hour > 1{}", " + 1".repeat(200)),
        "!".repeat(CHARS_MAX),
        "-".repeat(CHARS_MAX),
        "a<".repeat(CHARS_MAX / 2),
        "a.".repeat(CHARS_MAX / 2),
        "a||".repeat(CHARS_MAX / 3),
    ];
    let read = move || deepest.map(|text| Condition::new(&text).is_ok());
    let thread = std::thread::Builder::new().stack_size(512 << 10).spawn(read);
    let read = thread.expect("a thread").join().expect("it ends");
    assert!(read[0] && read[1] && read[4]);
}

/// Conditions and parts of them, most of them sound.
fn texts() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        any::<i32>().prop_map(|number| number.to_string()),
        Just("9223372036854775807".to_owned()),
        prop_oneof![
            Just("amount_minor"),
            Just("hour"),
            Just("ratio_hundredths"),
            Just("refunds_today")
        ]
        .prop_map(str::to_owned),
    ];
    let number = number.prop_recursive(3, 12, 2, |inner| {
        let sign = prop_oneof![Just("+"), Just("-"), Just("*"), Just("/"), Just("%")];
        (inner.clone(), sign, inner).prop_map(|(one, sign, other)| format!("({one} {sign} {other})"))
    });
    let order = prop_oneof![
        Just("<"),
        Just("<="),
        Just(">"),
        Just(">="),
        Just("=="),
        Just("!=")
    ];
    let leaf = prop_oneof![
        (number.clone(), order, number).prop_map(|(one, order, other)| format!("{one} {order} {other}")),
        Just("is_linked".to_owned()),
        Just("is_new_place".to_owned()),
        Just("kind == 'refund'".to_owned()),
        Just("kind in ['sale', 'void']".to_owned()),
        Just("operator.contains('0')".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} && {other})")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} || {other})")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(one, two, three)| format!("({one} ? {two} : {three})")),
            inner.prop_map(|one| format!("!({one})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// The crate that reads a condition also evaluates it; a name it does not find is what nobody knows.
    #[test]
    fn a_condition_says_what_the_crate_itself_says(
        text in texts(),
        amount in prop::option::of(-3_i64..400),
        hour in prop::option::of(0_i64..24),
        refunds in prop::option::of(0_i64..3),
        is_linked in prop::option::of(any::<bool>()),
        kind in prop::option::of(prop::sample::select(Kind::ALL.to_vec())),
    ) {
        let input = Input {
            amount_minor: amount,
            hour,
            refunds_today: refunds,
            is_linked,
            kind,
            operator: Some("03"),
            ..Input::default()
        };
        match Condition::new(&text) {
            Err(wrong) => prop_assert!(
                matches!(wrong.mistake, Mistake::TooDeep | Mistake::TooLong | Mistake::TooCostly | Mistake::Constant),
                "{text}: {wrong:?}"
            ),
            Ok(condition) => {
                let mut context = cel::Context::default();
                let numbers = [("amount_minor", amount), ("hour", hour), ("refunds_today", refunds)];
                for (name, value) in numbers {
                    if let Some(value) = value {
                        context.add_variable_from_value(name, value);
                    }
                }
                if let Some(is_linked) = is_linked {
                    context.add_variable_from_value("is_linked", is_linked);
                }
                if let Some(kind) = kind {
                    context.add_variable_from_value("kind", kind.code().to_owned());
                }
                context.add_variable_from_value("operator", "03".to_owned());
                let said = cel::Program::compile(&text).expect("it was read").execute(&context).ok();
                let ours = match condition.outcome(&input) {
                    Outcome::Marked => Some(cel::Value::Bool(true)),
                    Outcome::Silent => Some(cel::Value::Bool(false)),
                    Outcome::NotKnown(_) => None,
                    Outcome::Failed(failure) => {
                        prop_assert!(failure != Failure::Unsound, "{text}");
                        None
                    }
                };
                prop_assert_eq!(ours, said, "{}", text);
            }
        }
    }

    #[test]
    fn any_text_ends_with_a_condition_or_a_mistake_in_it(text in any::<String>()) {
        if let Err(wrong) = Condition::new(&text) {
            prop_assert!(wrong.at <= text.chars().count());
        }
    }

    #[test]
    fn so_does_a_text_of_the_language_own_pieces(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "hour", "kind", "is_linked", "operator", "(", ")", "[", "]", "{", "}", ",", ".", "?", ":", "&&", "||",
                "!", "-", "+", "*", "/", "%", "<", "==", "in", "null", "true", "1", "2.5", "3u", "'refund'", "\"", "'",
                "b'x'", "r'\\'", "'''", "\\", "//", "\n", "has(", "startsWith(", "中", "\u{10FFFF}", "`", "for",
            ]),
            0..60,
        ),
    ) {
        let text = pieces.join(" ");
        if let Ok(condition) = Condition::new(&text) {
            prop_assert!(condition.outcome(&Input::default()) != Outcome::Failed(Failure::Unsound));
        }
    }

    #[test]
    fn any_bytes_end_with_a_set_or_an_error(at in 0_usize..400, byte in any::<u8>(), cut in 0_usize..800) {
        let mut json = set().write().into_bytes();
        let at = at % json.len();
        json[at] = byte;
        json.truncate(cut.max(1));
        if let Ok(rules) = Rules::read(&json) {
            prop_assert!(rules.version() > 0);
        }
    }
}

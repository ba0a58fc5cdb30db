//! Training, scoring, explaining, files, cards and drift.

use domain::Timestamp;
use domain::setting::Language;
use proptest::prelude::*;

use super::chance::Chance;
use super::*;

const NOW: Timestamp = Timestamp(1_750_000_000_000);

fn names() -> FeatureNames {
    FeatureNames::new(["amount", "run", "noise"]).expect("names")
}

/// Payments of which the large ones, and those with a run, are mostly fraudulent; a run is not always known.
fn table(rows: usize, seed: u64) -> Table {
    let mut chance = Chance(seed);
    let mut table = Table::new(names());
    for nth in 0..rows {
        let (row, is_fraud) = payment(&mut chance);
        table.push(Timestamp(nth as i64), is_fraud, &row).expect("a row");
    }
    table
}

fn payment(chance: &mut Chance) -> ([f64; 3], bool) {
    let amount = chance.below(30_000) as f64;
    let run = if chance.below(4) == 0 {
        f64::NAN
    } else {
        chance.below(6) as f64
    };
    let risk = if amount > 22_000.0 || run > 3.0 { 70 } else { 2 };
    ([amount, run, chance.below(100) as f64], chance.below(100) < risk)
}

fn settings() -> Settings {
    Settings {
        trees: 20,
        ..Settings::default()
    }
}

fn model() -> Model {
    train_with_card(&table(3_000, 1), &settings(), NOW).expect("both kinds are there")
}

#[test]
fn it_learns_what_the_marks_say_and_the_card_tells_how_well() {
    let model = model();
    assert!(model.score(&[25_000.0, 0.0, 50.0]) > 300);
    assert!(model.score(&[100.0, 5.0, 50.0]) > 300);
    assert!(model.score(&[100.0, 0.0, 50.0]) < 150);
    let card = model.card();
    assert_eq!((card.rows, card.trained_at), (3_000, NOW));
    assert_eq!((card.first_at, card.last_at), (Timestamp(0), Timestamp(2_999)));
    let held_out = card.held_out.expect("both parts have frauds");
    assert_eq!(held_out.rows, 600);
    assert!(held_out.average_precision_milli > 600, "{held_out:?}");
    assert_eq!(card.importance[2].name, "noise");
    assert!(card.importance[0].share_milli > 300);
}

#[test]
fn what_is_not_known_goes_where_the_marks_say() {
    let mut table = Table::new(FeatureNames::new(["run"]).expect("names"));
    for nth in 0..400 {
        let row = if nth % 2 == 0 {
            f64::NAN
        } else {
            f64::from(nth % 7)
        };
        table.push(Timestamp(0), row.is_nan(), &[row]).expect("a row");
    }
    let model = train(&table, &settings(), NOW).expect("both kinds are there");
    assert!(model.score(&[f64::NAN]) > 800);
    assert_eq!(model.score(&[f64::INFINITY]), model.score(&[f64::NAN]));
    assert!(model.score(&[3.0]) < 200);
    assert_eq!(model.score(&[]), model.score(&[f64::NAN]));
}

#[test]
fn the_same_rows_give_the_same_bytes_in_any_order_and_on_any_machine() {
    let one = table(500, 3);
    let mut other = Table::new(names());
    for at in (0..one.len()).rev() {
        other
            .push(Timestamp(0), one.marks()[at], one.row(at))
            .expect("a row");
    }
    let one = train(&one, &settings(), NOW).expect("both kinds are there");
    let other = train(&other, &settings(), NOW).expect("both kinds are there");
    assert_eq!(
        (one.base, &one.trees, &one.spread),
        (other.base, &other.trees, &other.spread)
    );
    assert_eq!(
        super::card::sha256(&one.write()),
        "dbcd4b7ceb80cab0cbf358d25b656a20c94cd738b063753c073f48f77516147a"
    );
}

#[test]
fn coarse_bins_and_deep_trees_are_within_their_bounds() {
    for (depth, bins) in [(1, 2), (6, 2), (6, 65_535), (6, 16)] {
        let settings = Settings {
            trees: 3,
            depth,
            bins,
            l2_milli: 0,
            weight_min_milli: 0,
            ..Settings::default()
        };
        let model = train(&table(2_000, 4), &settings, NOW).expect("both kinds are there");
        assert!(model.trees.iter().all(|tree| tree.nodes.len() < 1 << (depth + 1)));
        assert_eq!(Model::read(&model.write(), &names()), Ok(model));
    }
}

#[test]
fn nothing_is_learnt_from_marks_that_are_all_alike_or_with_settings_out_of_bounds() {
    let mut table = Table::new(names());
    assert_eq!(train(&table, &settings(), NOW), Err(Untrainable::OneKind));
    table.push(NOW, true, &[1.0, 2.0, 3.0]).expect("a row");
    assert_eq!(train(&table, &settings(), NOW), Err(Untrainable::OneKind));
    assert_eq!(table.push(NOW, true, &[1.0]), Err(WrongRow::Width(1)));
    assert_eq!(table.push(Timestamp(0), true, &[1.0; 3]), Err(WrongRow::Order));
    let wrong = [
        Settings {
            trees: 0,
            ..settings()
        },
        Settings {
            trees: 1_001,
            ..settings()
        },
        Settings {
            depth: 0,
            ..settings()
        },
        Settings {
            depth: 7,
            ..settings()
        },
        Settings {
            rate_milli: 0,
            ..settings()
        },
        Settings {
            bins: 1,
            ..settings()
        },
        Settings {
            l2_milli: 1_000_001,
            ..settings()
        },
    ];
    for settings in wrong {
        assert_eq!(
            train(&table, &settings, NOW),
            Err(Untrainable::Settings),
            "{settings:?}"
        );
    }
}

#[test]
fn names_are_small_and_stand_once() {
    for wrong in [&[][..], &[""], &["Amount"], &["a", "a"], &["a b"], &["金额"]] {
        assert_eq!(FeatureNames::new(wrong.iter().copied()), None, "{wrong:?}");
    }
    let many: Vec<String> = (0..=FEATURES_MAX).map(|nth| format!("f{nth}")).collect();
    assert!(FeatureNames::new(many.iter().map(String::as_str)).is_none());
    assert!(FeatureNames::new(many[1..].iter().map(String::as_str)).is_some());
}

#[test]
fn a_model_of_other_features_is_refused_and_says_which() {
    let bytes = model().write();
    let expected = FeatureNames::new(["amount", "run", "hour"]).expect("names");
    let unfit = Model::read(&bytes, &expected).expect_err("other names");
    let Unfit::OtherFeatures { missing, unknown } = &unfit else {
        panic!("{unfit}");
    };
    assert_eq!(
        (&missing[..], &unknown[..]),
        (&["hour".to_owned()][..], &["noise".to_owned()][..])
    );
    let turned = FeatureNames::new(["run", "amount", "noise"]).expect("names");
    assert!(matches!(
        Model::read(&bytes, &turned),
        Err(Unfit::OtherFeatures { .. })
    ));
}

#[test]
fn a_file_whose_trees_do_not_end_or_whose_numbers_cannot_be_is_refused() {
    let text = String::from_utf8(model().write()).expect("JSON");
    let read = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        Model::read(text.replacen(from, to, 1).as_bytes(), &names())
    };
    assert_eq!(read("\"format\":1", "\"format\":2"), Err(Unfit::Format(2)));
    assert_eq!(
        read("\"trees\":20", "\"trees\":21"),
        Err(Unfit::Unsound("settings"))
    );
    assert_eq!(read("\"depth\":3", "\"depth\":2"), Err(Unfit::Unsound("a tree")));
    for (from, to) in [
        ("\"left\":1", "\"left\":0"),
        ("\"left\":1", "\"left\":2"),
        ("\"right\":2", "\"right\":127"),
        ("\"feature\":0", "\"feature\":3"),
        ("\"at_most\":\"", "\"at_most\":\"NaN"),
        ("\"at_most\":\"", "\"at_most\":\"1e999"),
    ] {
        assert_eq!(read(from, to), Err(Unfit::Unsound("a tree")), "{to}");
    }
    assert!(matches!(
        read("\"base\":", "\"base\":1.5,\"x\":"),
        Err(Unfit::Malformed { .. })
    ));
    assert_eq!(
        read("\"edges\":[\"", "\"edges\":[\"9e99"),
        Err(Unfit::Unsound("a spread"))
    );
    assert_eq!(
        read("\"data_sha256\":\"", "\"data_sha256\":\"0"),
        Err(Unfit::Unsound("the card"))
    );
    assert_eq!(
        Model::read(&vec![b' '; FILE_BYTES_MAX + 1], &names()),
        Err(Unfit::TooLarge)
    );
    for (place, number) in [
        ("/trees/0/0/value", 64_000_001_i64),
        ("/trees/0/0/rows", 8_388_609),
    ] {
        let mut json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        *json.pointer_mut(place).expect("a place") = number.into();
        let read = Model::read(json.to_string().as_bytes(), &names());
        assert_eq!(read, Err(Unfit::Unsound("a tree")), "{place}");
    }
    let deep = "[".repeat(100_000);
    assert!(matches!(
        Model::read(deep.as_bytes(), &names()),
        Err(Unfit::Malformed { .. })
    ));
}

#[test]
fn the_card_is_written_in_both_languages_with_what_it_is_not_for() {
    let model = model();
    for (language, title) in [(Language::Chinese, "模型说明"), (Language::English, "Model card")] {
        let text = model.card_markdown(language, |at| at.0.to_string());
        assert!(text.starts_with(&format!("# {title}")));
        assert!(text.contains("| 3000 |") && text.contains(&NOW.0.to_string()));
        for (zh, en) in NOT_FOR {
            let said = if language == Language::Chinese { zh } else { en };
            assert!(text.contains(said));
        }
    }
}

#[test]
fn drift_is_none_of_the_same_payments_and_plain_of_others() {
    let model = model();
    let mut drift = Drift::new(&model);
    drift.observe(&[1.0, 1.0, 1.0]);
    assert!(drift.moved().iter().all(|moved| moved.level == Level::Unknown));
    let mut drift = Drift::new(&model);
    for row in table(2_000, 9).rows() {
        drift.observe(row);
    }
    assert!(
        drift.moved().iter().all(|moved| moved.level == Level::Stable),
        "{:?}",
        drift.moved()
    );
    let mut drift = Drift::new(&model);
    for row in table(2_000, 9).rows() {
        drift.observe(&[row[0] * 1.15, f64::NAN, row[2]]);
    }
    let levels: Vec<Level> = drift.moved().iter().map(|moved| moved.level).collect();
    assert_eq!(
        levels,
        [Level::Shifted, Level::Changed, Level::Stable],
        "{:?}",
        drift.moved()
    );
    assert_eq!(drift.rows(), 2_000);
    for level in Level::ALL {
        assert_ne!(level.text(Language::Chinese), level.text(Language::English));
    }
}

fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        -10.0..40_000.0,
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(-0.0)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_parts_add_up_to_the_score_exactly_before_and_after_a_file(
        seed in 0_u64..50,
        rows in prop::collection::vec(prop::array::uniform3(any_value()), 1..20),
    ) {
        let settings = Settings { trees: 5, ..Settings::default() };
        let model = train(&table(300, seed), &settings, NOW).expect("both kinds are there");
        let again = Model::read(&model.write(), &names());
        prop_assert_eq!(again.as_ref(), Ok(&model));
        for row in rows {
            let explained = model.contributions(&row);
            let sum: i64 = explained.contributions.iter().map(|part| part.log_odds).sum();
            prop_assert_eq!(explained.base + sum, model.log_odds(&row));
            prop_assert!(model.score(&row) <= 1_000);
            let shares: u32 = explained.contributions.iter().map(|part| u32::from(part.share)).sum();
            prop_assert!(shares <= 1_000);
        }
    }

    #[test]
    fn any_values_can_be_learnt_from(
        rows in prop::collection::vec((prop::array::uniform3(any_value()), any::<bool>()), 2..40),
    ) {
        let mut table = Table::new(names());
        for (row, is_fraud) in &rows {
            table.push(NOW, *is_fraud, row).expect("a row");
        }
        let settings = Settings { trees: 3, rate_milli: 1_000, l2_milli: 0, weight_min_milli: 0, ..Settings::default() };
        match train(&table, &settings, NOW) {
            Err(error) => prop_assert_eq!(error, Untrainable::OneKind),
            Ok(model) => prop_assert_eq!(Model::read(&model.write(), &names()), Ok(model)),
        }
    }
}

#[test]
fn a_damaged_file_gives_an_error_or_a_model_that_scores() {
    let whole = model().write();
    let mut chance = Chance(77);
    for _ in 0..4_000 {
        let mut bytes = whole.clone();
        for _ in 0..=chance.below(3) {
            let at = chance.below(bytes.len() as u64) as usize;
            match chance.below(4) {
                0 => bytes.truncate(at.max(1)),
                1 => bytes[at] = b'0' + chance.below(10) as u8,
                2 => bytes[at] = chance.below(256) as u8,
                _ => {
                    let end = (at + 1 + chance.below(40) as usize).min(bytes.len());
                    let part = bytes[at..end].to_vec();
                    bytes.splice(at..at, part);
                }
            }
        }
        if let Ok(model) = Model::read(&bytes, &names()) {
            let row = [1e9, -1.0, f64::NAN];
            assert!(model.score(&row) <= 1_000);
            model.contributions(&row);
            let mut drift = Drift::new(&model);
            drift.observe(&row);
            drift.moved();
        }
    }
}

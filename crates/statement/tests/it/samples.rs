//! Every sample gives exactly its records, in their order.

use std::fs;

use serde_json::Value;

use crate::kit::{dollars, read, sample, samples, shape};

#[test]
fn every_sample_gives_exactly_its_records() {
    let mut count = 0;
    for entry in fs::read_dir(samples()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some(name) = name.strip_suffix(".expected.json") else {
            continue;
        };
        let expected: Vec<Value> = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let (_, records) = read(&sample(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let records: Vec<Value> = records.iter().map(shape).collect();
        for (at, (read, expected)) in records.iter().zip(&expected).enumerate() {
            assert_eq!(read, expected, "{name}, record {at}");
        }
        assert_eq!(records.len(), expected.len(), "{name}");
        count += 1;
    }
    assert!(count >= 11, "only {count} samples");
}

#[test]
fn every_sample_is_recognised_and_its_rows_add_up() {
    let index: Vec<Value> = serde_json::from_slice(&sample("index.json")).unwrap();
    for entry in index {
        let name = entry["file"].as_str().unwrap();
        let (statement, records) = read(&sample(name)).unwrap();
        let [part] = statement.parts.as_slice() else {
            panic!("{name}: {statement:?}");
        };
        let format = entry["format"].as_str().unwrap();
        assert_eq!(Some(part.kind.code()), format.split('/').next(), "{name}");
        assert_eq!(part.refused, 0, "{name}: {:?}", part.refused_rows);
        assert_eq!(part.records, records.len() as u64, "{name}");
        let none = ["fee", "withdrawal", "transfer", "no charge id"];
        let skipped = entry["skipped"].as_array().unwrap();
        let none = skipped
            .iter()
            .filter(|row| none.contains(&row["reason"].as_str().unwrap()));
        assert_eq!(part.passed_over, none.count() as u64, "{name}");
        match entry["footer"]["count"].as_i64() {
            Some(count) => {
                assert!(part.checks.len() >= 2, "{name}: {:?}", part.checks);
                assert!(
                    part.checks.iter().all(statement::Check::agrees),
                    "{name}: {:?}",
                    part.checks
                );
                assert_eq!(part.rows as i64, count, "{name}");
            }
            None => assert!(part.checks.is_empty(), "{name}"),
        }
    }
}

#[test]
fn what_a_bill_says_it_covers_is_told() {
    let (statement, _) = read(&sample("alipay-detail.zip")).unwrap();
    let day = 24 * 3_600_000;
    let (from, until) = statement.parts[0].covers.unwrap();
    assert_eq!(until - from, day);
    let (first, last) = statement.parts[0].span.unwrap();
    assert!(from <= first && first < last && last < until);
    let (statement, _) = read(&sample("chinaums-mx.xlsx")).unwrap();
    assert_eq!(statement.parts[0].covers, None);
}

#[test]
fn no_sample_gives_a_key_twice_and_the_same_file_gives_the_same_keys() {
    use std::collections::HashSet;
    for entry in serde_json::from_slice::<Vec<Value>>(&sample("index.json")).unwrap() {
        let name = entry["file"].as_str().unwrap();
        let keys = || -> Vec<String> {
            let (_, records) = read(&sample(name)).unwrap();
            records.into_iter().map(|record| record.key).collect()
        };
        let once = keys();
        let all: HashSet<&String> = once.iter().collect();
        assert_eq!(all.len(), once.len(), "{name}: {once:?}");
        assert_eq!(once, keys(), "{name}");
        assert!(
            !once.iter().any(|key| key.starts_with("row:")),
            "{name}: {once:?}"
        );
    }
}

#[test]
fn one_payment_in_two_kinds_of_file_has_one_key() {
    let keys = |name: &str| -> Vec<String> {
        let (_, records) = read(&sample(name)).unwrap();
        records.into_iter().map(|record| record.key).collect()
    };
    for (trade, fund, shared) in [
        ("wechat-trade-all.csv", "wechat-fundflow.csv", 4),
        ("wechat-trade-all.csv", "wechat-trade-all.xlsx", 9),
        ("alipay-detail.zip", "alipay-account-gbk.csv", 3),
    ] {
        let (trade, fund) = (keys(trade), keys(fund));
        let same = fund.iter().filter(|key| trade.contains(key)).count();
        assert_eq!(same, shared, "{trade:?} {fund:?}");
    }
}

#[test]
fn cards_and_payers_are_truncated_and_card_holders_are_nowhere() {
    for name in [
        "chinaums-mx.xlsx",
        "allinpay-detail.csv",
        "square-transactions.csv",
        "wechat-trade-all.csv",
    ] {
        let (statement, records) = statement_of(name);
        let all = format!("{statement:?} {records:?}");
        for never in ["测试持卡人", "000000000000000000\"", "oTEST_payer", "早餐"] {
            assert!(!all.contains(never), "{name}: {never}");
        }
        let longest = all.split(|one: char| !one.is_ascii_digit()).map(str::len).max();
        assert!(longest > Some(0));
    }
    let (_, records) = statement_of("chinaums-mx.xlsx");
    assert_eq!(records[0].card.as_deref(), Some("622200******0001"));
    let (_, records) = statement_of("wechat-trade-all.csv");
    assert_eq!(records[0].payer.as_deref(), Some("oTES****xxxx"));
    let (_, records) = statement_of("wechat-fundflow.csv");
    assert_eq!(records[3].operator.as_deref(), Some("boss@1999000001"));
    let (_, records) = statement_of("square-transactions.csv");
    assert_eq!(records[3].entry, Some(statement::Entry::Keyed));
}

fn statement_of(name: &str) -> (statement::Statement, Vec<statement::Record>) {
    crate::kit::read_with(&sample(name), &dollars()).unwrap()
}

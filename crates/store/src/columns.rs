//! What every column holds, how it is kept, and for how long: `columns.toml`, held against the tables themselves.
//!
//! Invariant: no column is in a database that the page does not name, and none is on the page that is not there.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use toml::{Table, Value};

use crate::migration;

const PAGE: &str = include_str!("../columns.toml");
const CLASSES: [&str; 5] = ["public", "internal", "personal", "card", "secret"];
const KEPT: [&str; 5] = ["sealed", "briefly", "digest", "truncated", "plain"];

/// The page's lines, by table and column.
fn page() -> BTreeMap<(String, String), Value> {
    let page: Table = PAGE.parse().unwrap();
    let tables = page["column"].as_table().unwrap().iter();
    tables
        .flat_map(|(table, columns)| {
            let columns = columns.as_table().unwrap().iter();
            columns.map(move |(column, line)| ((table.clone(), column.clone()), line.clone()))
        })
        .collect()
}

fn text<'l>(line: &'l Value, key: &str) -> Option<&'l str> {
    line.get(key)?.as_str()
}

fn in_sqlite() -> BTreeSet<(String, String)> {
    let connection = Connection::open_in_memory().unwrap();
    migration::sqlite(&connection).unwrap();
    let mut columns = connection
        .prepare(
            "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'",
        )
        .unwrap();
    let columns = columns.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    columns.unwrap().map(Result::unwrap).collect()
}

fn in_postgres() -> BTreeSet<(String, String)> {
    let database = local_postgres::shared().new_database().unwrap();
    let session = crate::postgres::Session::open(&crate::postgres::config(&database).unwrap()).unwrap();
    migration::postgres(&session).unwrap();
    let columns = "SELECT table_name || ' ' || column_name FROM information_schema.columns WHERE table_schema = 'public'";
    let columns = local_postgres::shared().sql(&database, columns).unwrap();
    let columns = columns.lines().filter_map(|line| line.split_once(' '));
    columns
        .map(|(table, column)| (table.into(), column.into()))
        .collect()
}

/// What is to be done so that the page says what is there.
fn differences(there: &BTreeSet<(String, String)>) -> Vec<String> {
    let page = page();
    let missing = there.iter().filter(|column| !page.contains_key(column));
    let missing = missing.map(|(table, column)| {
        let line = format!("add to columns.toml, under [column.{table}]: {column} = \"internal\"");
        line + " (or \"public\"; or { class = \"personal\", kept = \"sealed\", retention = \"…\" })"
    });
    let gone = page.keys().filter(|column| !there.contains(column));
    let gone = gone.map(|(table, column)| {
        format!("take out of columns.toml, under [column.{table}]: {column}, which no table has")
    });
    missing.chain(gone).collect()
}

#[test]
fn every_column_is_on_the_page_and_nothing_else() {
    let differences = differences(&in_sqlite());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_column_is_on_the_page_and_nothing_else_on_postgresql() {
    let differences = differences(&in_postgres());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn a_column_that_is_missing_and_one_that_is_gone_are_named() {
    let mut there = in_sqlite();
    there.insert(("account".into(), "shoe_size".into()));
    there.remove(&("shop".into(), "address".into()));
    let differences = differences(&there);
    assert!(
        differences[0].contains("[column.account]: shoe_size = "),
        "{differences:?}"
    );
    assert!(
        differences[1].contains("[column.shop]: address, "),
        "{differences:?}"
    );
}

#[test]
fn everything_that_is_sealed_can_be_moved_to_another_key() {
    let sealed = page()
        .into_iter()
        .filter(|(_, line)| text(line, "kept") == Some("sealed"));
    let sealed: BTreeSet<String> = sealed
        .map(|((table, column), _)| format!("{table}.{column}"))
        .collect();
    let moved: BTreeSet<String> = crate::reseal::UNITS
        .iter()
        .map(|unit| unit.name.to_owned())
        .collect();
    assert_eq!(sealed, moved, "columns.toml and reseal::UNITS");
}

#[test]
fn what_is_somebodys_says_how_it_is_kept_and_for_how_long() {
    let whole: Table = PAGE.parse().unwrap();
    let retentions = whole["retention"].as_table().unwrap();
    let mut used = BTreeSet::new();
    for ((table, column), line) in page() {
        let at = format!("{table}.{column}");
        if let Some(class) = line.as_str() {
            assert!(
                CLASSES[..2].contains(&class),
                "{at}: {class} says besides how it is kept"
            );
            continue;
        }
        assert!(CLASSES[2..].contains(&text(&line, "class").unwrap()), "{at}");
        let kept = text(&line, "kept").unwrap_or_else(|| panic!("{at} says how it is kept"));
        assert!(KEPT.contains(&kept), "{at}");
        assert_eq!(
            kept == "plain",
            text(&line, "why").is_some(),
            "{at}: a reason for plain, and for nothing else"
        );
        assert!(
            kept != "plain" || text(&line, "class") == Some("personal"),
            "{at}: no card and no secret is plain"
        );
        let retention = text(&line, "retention").unwrap_or_else(|| panic!("{at} has a retention"));
        assert!(
            retentions.contains_key(retention),
            "{at}: no retention {retention}"
        );
        used.insert(retention.to_owned());
    }
    for (name, retention) in retentions {
        assert!(used.contains(name), "no column has the retention {name}");
        assert!(text(retention, "source").is_some(), "{name} has a source");
        let ends = retention.get("days").is_some_and(Value::is_integer) && text(retention, "from").is_some();
        assert!(
            ends != text(retention, "keep").is_some(),
            "{name} has days from something, or a rule in words"
        );
    }
}

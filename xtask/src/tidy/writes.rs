//! Who writes: only `app` calls what changes the store; everybody else reads, or asks `app`.
//!
//! A function of `store` writes when its text runs a statement that is no question, or calls one of the file that does.
//!
//! Invariant: a new function that writes is found by what it does, not by its name.

use std::collections::BTreeSet;

use super::Source;

/// How a function of `store` writes.
const MARKS: [&str; 5] = [
    "tx.execute(",
    "row::insert(",
    "row::update(",
    " RETURNING ",
    "tx.submit(",
];
/// Where nothing may be written but through `app`.
const READERS: [&str; 4] = [
    "crates/api/src/",
    "crates/server/src/",
    "crates/node/src/",
    "crates/demo/src/",
];
/// Filling a store for a benchmark is no use case.
const EXCEPT: [&str; 2] = [
    "crates/demo/src/bench/common_points.rs",
    "crates/demo/src/bench/growth.rs",
];

/// Every call in a reading room of a function that writes.
pub fn check(sources: &[Source<'_>]) -> Vec<String> {
    let writing: BTreeSet<String> = sources.iter().flat_map(writers).collect();
    let reads_only = |path: &str| {
        READERS.iter().any(|room| path.starts_with(room))
            && !path.contains("/tests/")
            && !EXCEPT.contains(&path)
    };
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| reads_only(source.path)) {
        let lines = source.text.lines().enumerate();
        // Tests may prepare what they look at.
        for (index, line) in lines.take_while(|(_, line)| !line.starts_with("#[cfg(test)]")) {
            let called = writing.iter().find(|call| {
                line.match_indices(call.as_str()).any(|(at, _)| {
                    let before = line[..at].trim_end_matches("store::");
                    !before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':'))
                })
            });
            if let Some(called) = called {
                findings.push(format!(
                    "{}:{}: `{called}…)` writes; only app does",
                    source.path,
                    index + 1
                ));
            }
        }
    }
    findings
}

/// `noun::function(` of each public function of a noun's file in `store` that writes.
fn writers(source: &Source<'_>) -> Vec<String> {
    let noun = source
        .path
        .strip_prefix("crates/store/src/")
        .and_then(|file| file.strip_suffix(".rs"))
        .filter(|noun| !noun.contains('/'));
    let Some(noun) = noun else { return Vec::new() };
    let text = source.text.split("#[cfg(test)]").next().unwrap_or_default();
    let functions = text.split("\npub fn ").skip(1);
    functions
        .filter_map(|function| {
            let body = function.split("\n}\n").next()?;
            let name = function.split(['(', '<']).next()?;
            MARKS
                .iter()
                .any(|mark| body.contains(mark))
                .then(|| format!("{noun}::{name}("))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: &str =
        "\npub fn get(tx: &Tx) {\n    tx.first(GET)\n}\n\npub fn end(tx: &Tx) {\n    tx.execute(END)\n}\n";

    fn found(path: &str, text: &str) -> usize {
        let sources = [
            Source {
                path: "crates/store/src/session.rs",
                text: SESSION,
            },
            Source { path, text },
        ];
        check(&sources).len()
    }

    #[test]
    fn a_write_beside_app_is_found_however_it_is_imported() {
        assert_eq!(
            found("crates/api/src/log_in.rs", "    store::session::end(tx)?;\n"),
            1
        );
        assert_eq!(found("crates/server/src/a.rs", "    session::end(tx)?;\n"), 1);
    }

    #[test]
    fn reading_and_what_app_and_tests_do_is_no_finding() {
        assert_eq!(
            found("crates/api/src/log_in.rs", "    store::session::get(tx)?;\n"),
            0
        );
        assert_eq!(
            found("crates/app/src/session.rs", "    store::session::end(tx)?;\n"),
            0
        );
        assert_eq!(
            found("crates/api/src/tests/a.rs", "    store::session::end(tx)?;\n"),
            0
        );
        assert_eq!(found("crates/api/src/a.rs", "    app::session::end(tx)?;\n"), 0);
        let in_tests = "fn a() {}\n#[cfg(test)]\nmod tests { store::session::end(tx) }\n";
        assert_eq!(found("crates/api/src/a.rs", in_tests), 0);
    }
}

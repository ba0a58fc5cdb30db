//! Rules for Rust files: their size, their first lines, and words that say "not finished".

use super::Source;

const LINES_MAX: usize = 900;
const COLUMNS_MAX: usize = 160;

/// Macros that stand for work not done. Written in halves, so that this file passes its own rule.
const UNFINISHED: [&str; 3] = [
    concat!("to", "do!"),
    concat!("unimple", "mented!"),
    concat!("db", "g!"),
];

/// All findings of one file.
pub fn check(source: &Source) -> Vec<String> {
    let path = source.path;
    let mut findings = Vec::new();
    let count = source.text.lines().count();
    if count > LINES_MAX {
        findings.push(format!(
            "{path}: {count} lines; a file has one subject and at most {LINES_MAX}"
        ));
    }
    if !starts_with_module_docs(source.text) {
        findings.push(format!(
            "{path}:1: does not start with `//!` saying what it is for"
        ));
    }
    for (index, line) in source.text.lines().enumerate() {
        let mut find = |what: &str| findings.push(format!("{path}:{}: {what}", index + 1));
        if line.chars().count() > COLUMNS_MAX {
            find(&format!("over {COLUMNS_MAX} columns"));
        }
        if line.ends_with(char::is_whitespace) {
            find("white space at the end of the line");
        }
        if let Some(word) = UNFINISHED.iter().find(|word| is_called(line, word)) {
            find(&format!("`{word}` is left"));
        }
    }
    findings
}

/// Attributes of the whole crate may stand before the documentation.
fn starts_with_module_docs(text: &str) -> bool {
    let mut lines = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with("#!["));
    lines.next().is_some_and(|line| line.starts_with("//!"))
}

fn is_called(line: &str, word: &str) -> bool {
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        check(&Source { path: "a.rs", text })
    }

    #[test]
    fn a_plain_file_passes() {
        assert_eq!(findings("//! A room.\n\nfn a() {}\n"), Vec::<String>::new());
        assert_eq!(findings("#![no_main]\n//! A room.\n"), Vec::<String>::new());
    }

    #[test]
    fn a_file_without_module_docs_is_found() {
        assert_eq!(findings("fn a() {}\n").len(), 1);
        assert_eq!(findings("").len(), 1);
    }

    #[test]
    fn length_and_width_have_limits() {
        let at_the_limit = format!("//! A room.\n//{}\n{}", "x".repeat(158), "\n".repeat(898));
        assert_eq!(findings(&at_the_limit), Vec::<String>::new());
        assert_eq!(findings(&format!("{at_the_limit}\n")).len(), 1);
        assert_eq!(
            findings(&format!("//! A room.\n//{}\n", "x".repeat(159))).len(),
            1
        );
    }

    #[test]
    fn white_space_at_the_end_is_found() {
        assert_eq!(findings("//! A room. \n").len(), 1);
    }

    #[test]
    fn unfinished_work_is_found_but_not_a_longer_name() {
        for word in UNFINISHED {
            assert_eq!(
                findings(&format!("//! A room.\nfn a() {{ {word}() }}\n")).len(),
                1
            );
            assert_eq!(
                findings(&format!("//! A room.\nfn a() {{ my_{word}() }}\n")).len(),
                0
            );
        }
    }
}

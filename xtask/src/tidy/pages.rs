//! Rules for the pages: a line fits on a screen, and a file has one subject.
//!
//! Invariant: what a program writes (`schema.d.ts`) is not looked at, and a sentence for people is not cut in two.

use super::Source;

/// Longest line, in characters; the formatter aims at 110 and cannot cut a text.
const LINE_CHARS_MAX: usize = 120;
/// Longest file, in lines.
const FILE_LINES_MAX: usize = 300;

/// Every line that is too long, and a file that is.
pub fn check(source: &Source) -> Vec<String> {
    let path = source.path;
    if !(path.ends_with(".vue") || path.ends_with(".ts")) || path.ends_with("schema.d.ts") {
        return Vec::new();
    }
    let is_words = path.contains("/words/");
    let mut findings: Vec<String> = source
        .text
        .lines()
        .enumerate()
        .filter(|(_, line)| !is_words && line.chars().count() > LINE_CHARS_MAX)
        .map(|(index, line)| {
            let chars = line.chars().count();
            format!(
                "{path}:{}: {chars} characters; a line has {LINE_CHARS_MAX} at most",
                index + 1
            )
        })
        .collect();
    let lines = source.text.lines().count();
    if lines > FILE_LINES_MAX {
        findings.push(format!(
            "{path}: {lines} lines; a file has {FILE_LINES_MAX} at most"
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check(&Source { path, text }).len()
    }

    #[test]
    fn a_long_line_and_a_long_file_are_found() {
        let (fits, long) = ("中".repeat(120), "x".repeat(121));
        assert_eq!(count("web/console/src/a.vue", &fits), 0);
        assert_eq!(count("web/console/src/a.vue", &long), 1);
        assert_eq!(count("web/console/src/a.ts", &"\n".repeat(300)), 0);
        assert_eq!(count("web/console/src/a.ts", &"\n".repeat(301)), 1);
    }

    #[test]
    fn sentences_stay_whole_and_generated_files_are_left_alone() {
        let long = "x".repeat(200);
        assert_eq!(count("web/console/src/words/report.ts", &long), 0);
        assert_eq!(count("web/console/src/api/schema.d.ts", &long), 0);
        assert_eq!(count("crates/app/src/lib.rs", &long), 0);
    }
}

//! Words that must stand in no file of the project: paths of one machine, and the hosts of package registries,
//! which mirrors replace.

use super::Source;

/// Written in halves, so that this file passes its own rule.
const FORBIDDEN: [&str; 11] = [
    concat!("/wor", "k/"),
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Use", "rs/"),
    concat!("/tmp/tar", "get"),
    concat!("/tmp/con", "tract"),
    concat!("../sha", "red"),
    concat!("crates", ".io"),
    concat!("npm", "js."),
    concat!("pypi", ".org"),
    concat!("python", "hosted.org"),
];

/// Every line that has one of them.
pub fn check(source: &Source) -> Vec<String> {
    let mut findings = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        if let Some(word) = FORBIDDEN.iter().find(|word| has(line, word)) {
            findings.push(format!(
                "{}:{}: `{word}` means something on one machine only",
                source.path,
                index + 1
            ));
        }
    }
    findings
}

/// A path counts from its root only: `src<slash>work<slash>` is a folder of ours; and one that a parameter follows is a route.
fn has(line: &str, word: &str) -> bool {
    let is_within_a_path =
        |at: usize| line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-})>*".contains(c));
    let is_route = |at: usize| line[at + word.len()..].starts_with(['{', '$']);
    line.match_indices(word)
        .any(|(at, _)| !word.starts_with('/') || !(is_within_a_path(at) || is_route(at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        check(&Source { path: "a.md", text }).len()
    }

    #[test]
    fn every_forbidden_word_is_found() {
        for word in FORBIDDEN {
            assert_eq!(count(&format!("see {word}x\n")), 1, "{word}");
            assert_eq!(count(&format!("{word}x")), 1, "{word}");
        }
    }

    #[test]
    fn a_folder_of_ours_with_such_a_name_is_not() {
        for word in FORBIDDEN
            .iter()
            .filter(|word| word.starts_with('/') && word.ends_with('/'))
        {
            assert_eq!(count(&format!("crates/server/src{word}mod.rs\n")), 0, "{word}");
            assert_eq!(count(&format!("GET {word}{{id}}\n")), 0, "{word}");
        }
    }
}

//! Rules for documents: the Chinese and the English text have the same shape, and links lead somewhere.

use super::Source;

/// The two texts of one document must have the same headings, level by level.
pub fn check_twins([one, other]: [Source; 2]) -> Option<String> {
    let levels = |source: &Source| heading_levels(source.text);
    let (left, right) = (levels(&one), levels(&other));
    (left != right).then(|| {
        format!(
            "{}: {} headings, but {} has {} or other levels",
            one.path,
            left.len(),
            other.path,
            right.len()
        )
    })
}

/// Relative links in a document must name a file or folder that exists.
pub fn check_links(source: &Source, exists: &dyn Fn(&str) -> bool) -> Vec<String> {
    let targets =
        prose(source.text).flat_map(|(number, line)| link_targets(line).map(move |target| (number, target)));
    targets
        .filter(|(_, target)| !target.is_empty() && !target.contains(':'))
        .filter(|(_, target)| !exists(target))
        .map(|(number, target)| format!("{}:{number}: the link to {target} leads nowhere", source.path))
        .collect()
}

fn heading_levels(text: &str) -> Vec<usize> {
    let hashes = |line: &str| line.chars().take_while(|c| *c == '#').count();
    prose(text)
        .map(|(_, line)| (hashes(line), line))
        .filter(|(level, line)| *level > 0 && line[*level..].starts_with(' '))
        .map(|(level, _)| level)
        .collect()
}

/// The numbered lines outside code fences.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_fence = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let is_fence = line.trim_start().starts_with("```");
        in_fence ^= is_fence;
        (!in_fence && !is_fence).then_some((index + 1, line))
    })
}

/// `docs/API.md` of `[text](docs/API.md#errors)`.
fn link_targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', '#']).next())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source<'_> {
        Source {
            path: "README.md",
            text,
        }
    }

    #[test]
    fn twins_with_the_same_headings_pass_whatever_the_words() {
        let pair = [
            source("# 名\n文\n## 二\n"),
            source("# Name\nmore\n\nwords\n## Two\n"),
        ];
        assert_eq!(check_twins(pair), None);
    }

    #[test]
    fn a_missing_or_other_heading_is_found_but_a_comment_in_code_is_none() {
        assert!(check_twins([source("# 名\n"), source("# Name\n## Two\n")]).is_some());
        assert!(check_twins([source("# 名\n### 二\n"), source("# Name\n## Two\n")]).is_some());
        assert_eq!(
            check_twins([source("# 名\n```\n# comment\n```\n"), source("# Name\n")]),
            None
        );
    }

    #[test]
    fn links_are_followed_within_the_tree_only() {
        let text =
            "[a](here.md) [b](gone.md#part) [c](https://example.com/x) [d](#below)\n```\n[e](code.md)\n```\n";
        let findings = check_links(&source(text), &|target| target == "here.md");
        assert_eq!(findings, ["README.md:1: the link to gone.md leads nowhere"]);
    }
}

//! Rules for documents: the Chinese and the English text have the same shape, and links lead somewhere: to a file, and in it to a
//! heading.

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

/// Relative links in a document must name a file or folder that exists, and a heading that is in it. `read` gives the text
/// of what there is, seen from the document; that of a folder is empty.
pub fn check_links(source: &Source, read: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let targets =
        prose(source.text).flat_map(|(number, line)| link_targets(line).map(move |target| (number, target)));
    let leads = |target: &str| {
        let (file, heading) = target.split_once('#').unwrap_or((target, ""));
        let text = if file.is_empty() {
            Some(source.text.to_owned())
        } else {
            read(file)
        };
        text.is_some_and(|text| heading.is_empty() || anchors(&text).any(|anchor| anchor == heading))
    };
    targets
        .filter(|(_, target)| !target.contains(':') && !leads(target))
        .map(|(number, target)| format!("{}:{number}: the link to {target} leads nowhere", source.path))
        .collect()
}

/// What the headings of a text are called in links: lower case, a hyphen for each space, no other marks.
fn anchors(text: &str) -> impl Iterator<Item = String> {
    let headings = prose(text).filter(|(_, line)| level(line) > 0);
    headings.map(|(_, line)| {
        let words = line.trim_start_matches('#').trim();
        let letters = words.chars().filter_map(|letter| match letter {
            ' ' => Some('-'),
            _ if letter.is_alphanumeric() || matches!(letter, '-' | '_') => Some(letter),
            _ => None,
        });
        letters.flat_map(char::to_lowercase).collect()
    })
}

fn heading_levels(text: &str) -> Vec<usize> {
    prose(text)
        .map(|(_, line)| level(line))
        .filter(|level| *level > 0)
        .collect()
}

/// Of which level a line is a heading; 0 for any other line.
fn level(line: &str) -> usize {
    let hashes = line.chars().take_while(|c| *c == '#').count();
    if line[hashes..].starts_with(' ') {
        hashes
    } else {
        0
    }
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

/// `docs/API.md#errors` of `[text](docs/API.md#errors)`.
fn link_targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split(')').next())
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
        let text = "[a](here.md) [b](gone.md#part) [c](https://example.com/x)\n```\n[e](code.md)\n```\n";
        let read = |target: &str| (target == "here.md").then(String::new);
        let findings = check_links(&source(text), &read);
        assert_eq!(findings, ["README.md:1: the link to gone.md#part leads nowhere"]);
    }

    #[test]
    fn a_link_to_a_heading_needs_the_heading() {
        let text = "[a](there.md#run-it-for-my-shop) [b](there.md#run-it)\n[c](#here-and-there) [d](#nowhere)\n\
                    [e](there.md#给自己的店用) [f](there.md#code)\n## Here, and there\n";
        let there = "# Run it for `my` shop\n## 给自己的店用\n```\n# code\n```\n";
        let findings = check_links(&source(text), &|_| Some(there.to_owned()));
        assert_eq!(
            findings,
            [
                "README.md:1: the link to there.md#run-it leads nowhere",
                "README.md:2: the link to #nowhere leads nowhere",
                "README.md:3: the link to there.md#code leads nowhere",
            ]
        );
    }
}

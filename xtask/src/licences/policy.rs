//! What `deny.toml` says about licences: the list for all, and exceptions for single crates.
//!
//! Reads just the two keys it needs, written one entry per line; the rest of the file is for `cargo deny`.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

/// The licences that are allowed.
#[derive(Debug)]
pub struct Policy {
    allow: BTreeSet<String>,
    exceptions: Vec<Exception>,
}

#[derive(Debug)]
struct Exception {
    name: String,
    allow: BTreeSet<String>,
}

impl Policy {
    /// Reads `allow` and `exceptions` of the section `[licenses]`.
    ///
    /// # Errors
    /// No licence is allowed at all: the file is not what we take it for.
    pub fn read(text: &str) -> Result<Self> {
        let section = text
            .split("\n[")
            .find(|part| part.trim_start_matches('[').starts_with("licenses]"));
        let lines: Vec<&str> = section
            .unwrap_or_default()
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with('#'))
            .collect();
        let allow = entries(&lines, "allow = [")
            .flat_map(quoted)
            .map(str::to_owned)
            .collect();
        let exceptions = entries(&lines, "exceptions = [").filter_map(exception).collect();
        let policy = Self { allow, exceptions };
        ensure!(!policy.allow.is_empty(), "deny.toml allows no licence");
        Ok(policy)
    }

    /// Whether the package may be used under the licence with this SPDX id.
    pub fn allows(&self, package: &str, id: &str) -> bool {
        let is_excepted = |exception: &Exception| exception.name == package && exception.allow.contains(id);
        self.allow.contains(id) || self.exceptions.iter().any(is_excepted)
    }

    /// Exceptions for packages that are not among `used`.
    pub fn unused(&self, used: &BTreeSet<&str>) -> impl Iterator<Item = &str> {
        let names = self.exceptions.iter().map(|exception| exception.name.as_str());
        names.filter(|name| !used.contains(name))
    }
}

/// The lines between the one that starts with `opening` and the one that closes its list.
fn entries<'a>(lines: &'a [&'a str], opening: &'a str) -> impl Iterator<Item = &'a str> {
    let rest = lines.iter().skip_while(move |line| !line.starts_with(opening));
    rest.skip(1).take_while(|line| !line.starts_with(']')).copied()
}

/// `a` and `b` of `x "a" y "b"`.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('"').skip(1).step_by(2)
}

/// `{ crate = "name", allow = ["A", "B"] },`
fn exception(line: &str) -> Option<Exception> {
    let mut words = quoted(line.strip_prefix("{ crate = ")?);
    let name = words.next()?.to_owned();
    Some(Exception {
        name,
        allow: words.map(str::to_owned).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"# About.
[graph]
allow = [
  "Nothing",
]

[licenses]
allow = [
  "MIT",
  # "GPL-3.0-only",
  "ISC",
]
exceptions = [
  # The reason.
  { crate = "special", allow = ["Zlib"] },
]

[bans]
allow = [
  "Zlib",
]
"#;

    #[test]
    fn the_lists_are_read_and_other_sections_and_comments_are_not() {
        let policy = Policy::read(TEXT).unwrap();
        assert!(policy.allows("any", "MIT") && policy.allows("any", "ISC"));
        for id in ["GPL-3.0-only", "Zlib", "Nothing"] {
            assert!(!policy.allows("any", id), "{id}");
        }
    }

    #[test]
    fn an_exception_is_for_one_package() {
        let policy = Policy::read(TEXT).unwrap();
        assert!(policy.allows("special", "Zlib"));
        assert_eq!(
            policy.unused(&BTreeSet::from(["any"])).collect::<Vec<_>>(),
            ["special"]
        );
        assert_eq!(policy.unused(&BTreeSet::from(["special"])).count(), 0);
    }

    #[test]
    fn a_file_that_allows_nothing_is_refused() {
        assert!(Policy::read("[licenses]\nallow = [\n]\n").is_err());
        assert!(Policy::read("").is_err());
    }
}

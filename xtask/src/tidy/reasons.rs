//! The rule for dependencies: each one has its reason in `docs/ARCHITECTURE.md`, and no reason outlives its package.

use std::collections::BTreeSet;

/// Packages of the document's tables that nobody uses, and packages in use that are in no table.
pub fn check(document: &str, used: &BTreeSet<String>) -> Vec<String> {
    let listed: BTreeSet<String> = document.lines().filter_map(listed).map(str::to_owned).collect();
    let missing = used
        .difference(&listed)
        .map(|name| format!("docs/ARCHITECTURE.md: no reason for {name}"));
    let stale = listed
        .difference(used)
        .map(|name| format!("docs/ARCHITECTURE.md: {name} is not used any more"));
    missing.chain(stale).collect()
}

/// `serde` of "| `serde` | wire types | MIT | serde-rs |": a row of four cells.
fn listed(line: &str) -> Option<&str> {
    let (name, rest) = line.strip_prefix("| `")?.split_once("` |")?;
    (rest.matches('|').count() == 3).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str =
        "| `crates/a` | a room | its invariant |\n| `serde` | wire types | MIT | serde-rs |\n";

    fn findings(used: &[&str]) -> usize {
        check(DOCUMENT, &used.iter().map(|name| (*name).to_owned()).collect()).len()
    }

    #[test]
    fn every_package_in_use_needs_a_reason_and_every_reason_a_package() {
        assert_eq!(findings(&["serde"]), 0);
        assert_eq!(findings(&["serde", "tokio"]), 1);
        assert_eq!(findings(&[]), 1);
    }
}

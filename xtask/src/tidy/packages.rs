//! The rule for npm's lock files: they name packages and digests, never the host they came from.

use super::Source;

/// Every line that names a download address.
pub fn check(source: &Source) -> Vec<String> {
    let lines = source.text.lines().enumerate();
    lines
        .filter(|(_, line)| line.trim_start().starts_with("\"resolved\""))
        .map(|(index, _)| {
            format!(
                "{}:{}: names a download host (omit-lockfile-registry-resolved=true)",
                source.path,
                index + 1
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_address_is_found() {
        let text = "{\n  \"version\": \"1.0.0\",\n  \"resolved\": \"https://example.com/x.tgz\"\n}\n";
        assert_eq!(
            check(&Source {
                path: "package-lock.json",
                text
            })
            .len(),
            1
        );
        assert!(
            check(&Source {
                path: "package-lock.json",
                text: "{\n  \"version\": \"1.0.0\"\n}\n"
            })
            .is_empty()
        );
    }
}

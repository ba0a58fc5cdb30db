//! Source files that no module names: the compiler does not see them, and so nothing finds their mistakes.

use std::collections::HashMap;

use super::Source;

/// Every file under a `src` that the file above it does not declare.
pub fn check(sources: &[Source<'_>]) -> Vec<String> {
    let texts: HashMap<&str, &str> = sources.iter().map(|source| (source.path, source.text)).collect();
    let is_lost = |path: &&str| {
        let Some((folder, module)) = place(path) else {
            return false;
        };
        let parents = ["/mod.rs", "/lib.rs", "/main.rs", ".rs"].map(|end| format!("{folder}{end}"));
        let declaration = format!("mod {module};");
        !parents
            .iter()
            .filter_map(|parent| texts.get(parent.as_str()))
            .any(|text| text.lines().any(|line| line.trim_end().ends_with(&declaration)))
    };
    let mut lost: Vec<&str> = texts.keys().copied().filter(is_lost).collect();
    lost.sort_unstable();
    let finding = |path: &str| format!("{path}: no module names this file, so nothing compiles it");
    lost.into_iter().map(finding).collect()
}

/// The folder in which a file is a module, and the module's name; `None` where it needs no declaration.
fn place(path: &str) -> Option<(&str, &str)> {
    let (folder, file) = path.strip_suffix(".rs")?.rsplit_once('/')?;
    let in_src = folder.ends_with("/src") || folder.contains("/src/");
    match file {
        "main" | "lib" => None,
        _ if !in_src || folder.ends_with("/src/bin") => None,
        "mod" => folder.rsplit_once('/'),
        _ => Some((folder, file)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<_> = files.iter().map(|&(path, text)| Source { path, text }).collect();
        check(&sources)
    }

    #[test]
    fn a_file_that_is_declared_above_it_is_no_finding() {
        let files = [
            ("crates/a/src/lib.rs", "mod b;\npub mod c;\n"),
            ("crates/a/src/b.rs", "pub(crate) mod d;"),
            ("crates/a/src/b/d.rs", ""),
            ("crates/a/src/c/mod.rs", "#[cfg(test)]\nmod tests;"),
            ("crates/a/src/c/tests.rs", ""),
            ("crates/a/src/bin/tool.rs", ""),
            ("crates/a/tests/it.rs", ""),
        ];
        assert_eq!(lost(&files), Vec::<String>::new());
    }

    #[test]
    fn a_file_that_nobody_declares_is_found() {
        let files = [
            ("crates/a/src/lib.rs", "// mod b is gone\nmod bc;"),
            ("crates/a/src/b.rs", ""),
            ("crates/a/src/bc.rs", ""),
            ("crates/a/src/e/mod.rs", ""),
        ];
        let found = lost(&files);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].starts_with("crates/a/src/b.rs: ") && found[1].starts_with("crates/a/src/e/mod.rs: ")
        );
    }
}

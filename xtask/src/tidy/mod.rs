//! `cargo xtask tidy`: the rules of the house that a compiler does not know.
//!
//! Each rule is a pure function from text to findings, with its tests beside it; this room feeds them files.
//!
//! Invariant: a rule never prints; it returns every finding at once.

mod documents;
mod imports;
mod logs;
mod mirror;
mod modules;
mod packages;
mod pages;
mod reasons;
mod rust;
mod words;
mod writes;

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{tree, web};

/// A file with its path as seen from the root.
pub struct Source<'a> {
    /// For example `crates/domain/src/hold.rs`.
    pub path: &'a str,
    /// All of it.
    pub text: &'a str,
}

/// Checks the whole tree.
///
/// # Errors
/// At least one finding; all of them are printed first.
pub fn run() -> Result<()> {
    let metadata = tree::metadata(&["--no-deps"])?;
    let mut findings = imports::check(&metadata);
    findings.extend(check_reasons(&metadata)?);
    let files = tree::files(tree::root())?;
    for file in &files {
        // What is not text (pictures, archives) has no lines to look at.
        let Ok(text) = std::fs::read_to_string(file) else {
            continue;
        };
        let path = tree::relative(file);
        findings.extend(check(
            &Source {
                path: &path,
                text: &text,
            },
            &read_beside(file),
        ));
    }
    findings.extend(check_modules(&files)?);
    findings.extend(check_twins(&files)?);
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => {
            println!("{} files, nothing to mend", files.len());
            Ok(())
        }
        count => bail!("{count} to mend"),
    }
}

fn check(source: &Source, read: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let is = |extension: &str| source.path.ends_with(extension);
    let mut findings = Vec::new();
    if is(".rs") {
        findings.extend(rust::check(source));
    }
    if is(".rs") && source.path.starts_with("crates/") {
        findings.extend(logs::check(source));
    }
    findings.extend(pages::check(source));
    if is(".md") {
        findings.extend(documents::check_links(source, read));
    }
    if is("package-lock.json") {
        findings.extend(packages::check(source));
    } else if !is(".lock") {
        findings.extend(words::check(source));
    }
    findings
}

/// The text of a path named in a document, seen from the document's folder; empty when it is a folder or no text.
fn read_beside(document: &Path) -> impl Fn(&str) -> Option<String> {
    let folder = document.parent().unwrap_or(document).to_path_buf();
    move |target| {
        let path = folder.join(target);
        path.exists()
            .then(|| std::fs::read_to_string(path).unwrap_or_default())
    }
}

fn check_reasons(metadata: &Value) -> Result<Vec<String>> {
    let document =
        std::fs::read_to_string(tree::root().join("docs/ARCHITECTURE.md")).context("docs/ARCHITECTURE.md")?;
    let pages = std::fs::read_to_string(web::console().join("package.json")).context("package.json")?;
    let pages: Value = serde_json::from_str(&pages).context("package.json")?;
    let mut used = imports::foreign(metadata);
    used.extend(
        pages["dependencies"]
            .as_object()
            .into_iter()
            .flat_map(|packages| packages.keys().cloned()),
    );
    Ok(reasons::check(&document, &used))
}

fn check_modules(files: &[std::path::PathBuf]) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    for file in files
        .iter()
        .filter(|file| file.extension().is_some_and(|end| end == "rs"))
    {
        let path = tree::relative(file);
        let text = std::fs::read_to_string(file).with_context(|| path.clone())?;
        texts.push((path, text));
    }
    let sources: Vec<_> = texts.iter().map(|(path, text)| Source { path, text }).collect();
    let mut findings = modules::check(&sources);
    findings.extend(writes::check(&sources));
    findings.extend(mirror::check(&sources));
    Ok(findings)
}

fn check_twins(files: &[std::path::PathBuf]) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for chinese in files
        .iter()
        .map(|file| tree::relative(file))
        .filter(|path| path.ends_with(".zh-CN.md"))
    {
        let english = chinese.replace(".zh-CN.md", ".md");
        let texts = [&chinese, &english].map(|path| std::fs::read_to_string(tree::root().join(path)));
        let [Ok(chinese_text), Ok(english_text)] = texts else {
            findings.push(format!("{chinese}: {english} cannot be read"));
            continue;
        };
        let pair = [
            (chinese.as_str(), chinese_text.as_str()),
            (english.as_str(), english_text.as_str()),
        ];
        findings.extend(documents::check_twins(
            pair.map(|(path, text)| Source { path, text }),
        ));
    }
    Ok(findings)
}

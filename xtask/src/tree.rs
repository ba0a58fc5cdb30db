//! The working tree: where the root and the target folder are, and which files belong to the project.
//!
//! Invariant: nothing that a build or a run produced (target, node_modules, dist, data) is ever listed.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::command;

/// Folders that hold products, never sources.
const PRODUCTS: [&str; 6] = [
    ".git",
    "target",
    "node_modules",
    "dist",
    "tillguard-data",
    "__pycache__",
];

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

/// `cargo metadata` with these extra arguments.
///
/// # Errors
/// Cargo fails, for example because a manifest does not parse.
pub fn metadata(arguments: &[&str]) -> Result<Value> {
    let mut cargo = command::cargo();
    cargo
        .current_dir(root())
        .args(["metadata", "--format-version", "1"])
        .args(arguments);
    serde_json::from_str(&command::output(&mut cargo)?).context("cargo metadata is not JSON")
}

/// Where cargo puts its products: CARGO_TARGET_DIR, the configuration, or `target`.
///
/// # Errors
/// As [`metadata`].
pub fn target() -> Result<PathBuf> {
    let metadata = metadata(&["--no-deps"])?;
    let folder = metadata["target_directory"]
        .as_str()
        .context("cargo metadata names no target folder")?;
    Ok(PathBuf::from(folder))
}

/// Every source file below `folder`, sorted, product folders left out.
///
/// # Errors
/// A folder cannot be read.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let entry = entry?;
            let is_product = PRODUCTS.iter().any(|name| entry.file_name() == *name);
            let kind = entry.file_type()?;
            if kind.is_dir() && !is_product {
                open.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// When a file was last written; `None` when it does not exist.
pub fn written_at(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

/// The path as seen from the root, with forward slashes.
pub fn relative(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .to_string_lossy()
        .replace('\\', "/")
}

/// What most tests drive; they find it through TILLGUARD_DEMO_BIN.
pub const DEMO: &str = "tillguard-demo";

/// What the tests of the first run drive; they find it through TILLGUARD_BIN.
pub const SERVER: &str = "tillguard";

/// The name of the program that sets documents.
pub const RENDERER: &str = "tillguard-documents";

/// The real mail server of the browser's walk; it is found through TILLGUARD_MAIL_BIN.
pub const MAIL: &str = "mail-server";

/// A program as a debug build of the workspace makes it.
///
/// # Errors
/// As [`target`].
pub fn program(name: &str) -> Result<PathBuf> {
    Ok(target()?.join("debug").join(name))
}

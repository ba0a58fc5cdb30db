//! The pages: their packages, their checks and their build.
//!
//! Invariant: `dist` is never older than a source it was built from once [`build`] has returned.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{command, tree};

/// A copy of the lock file that `node_modules` was installed from.
const INSTALLED_LOCK: &str = "node_modules/.installed-package-lock.json";

/// Where the console's sources are.
pub fn console() -> PathBuf {
    tree::root().join("web/console")
}

/// `npm ci`, unless the packages stand as the lock file says.
///
/// # Errors
/// npm is missing (says what to install) or fails.
pub fn install(folder: &Path) -> Result<()> {
    if command::find("node").is_none() || command::find("npm").is_none() {
        bail!(
            "Node.js 20 or newer with npm is needed to build the pages: see https://nodejs.org/en/download"
        );
    }
    let lock = std::fs::read(folder.join("package-lock.json")).context("package-lock.json")?;
    let installed = folder.join(INSTALLED_LOCK);
    if std::fs::read(&installed).is_ok_and(|copy| copy == lock) {
        return Ok(());
    }
    command::run(npm(folder).args(["ci", "--no-fund", "--no-audit"]))?;
    std::fs::write(&installed, lock).context("cannot note which packages are installed")
}

/// `npm run build` in the console, unless nothing changed since `dist` was written.
///
/// # Errors
/// As [`install`]; the build fails.
pub fn build() -> Result<()> {
    let folder = console();
    install(&folder)?;
    if is_built(&folder)? {
        return Ok(());
    }
    command::run(npm(&folder).args(["run", "build"]))
}

/// The console's own checks (`npm run format`, `npm run check`, `npm test`: those it has), then the build.
///
/// # Errors
/// A check fails.
pub fn check() -> Result<()> {
    let folder = console();
    install(&folder)?;
    for name in ["format", "check", "test"] {
        if has_script(&folder, name)? {
            command::run(npm(&folder).args(["run", name]))?;
        }
    }
    build()
}

/// npm, to be run in `folder`.
pub fn npm(folder: &Path) -> Command {
    command::program("npm", folder)
}

fn has_script(folder: &Path, name: &str) -> Result<bool> {
    let manifest = std::fs::read_to_string(folder.join("package.json")).context("package.json")?;
    let manifest: Value = serde_json::from_str(&manifest).context("package.json")?;
    Ok(manifest["scripts"][name].is_string())
}

fn is_built(folder: &Path) -> Result<bool> {
    let Some(built_at) = tree::written_at(&folder.join("dist/index.html")) else {
        return Ok(false);
    };
    let sources = tree::files(folder)?;
    // A file that was removed leaves its trace in its folder's time.
    let folders = sources
        .iter()
        .filter_map(|file| file.parent())
        .filter(|parent| *parent != folder);
    let newest = sources
        .iter()
        .map(PathBuf::as_path)
        .chain(folders)
        .filter_map(tree::written_at)
        .max();
    Ok(newest.is_some_and(|newest| newest <= built_at))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::{Duration, SystemTime};

    use super::*;

    /// A console whose files were written so many seconds after an agreed moment; removed at the end.
    struct Console(PathBuf);

    impl Console {
        fn new(name: &str, files: &[(&str, u64)]) -> Self {
            let folder = std::env::temp_dir().join(format!("tillguard-xtask-{}-{name}", std::process::id()));
            for (path, seconds) in files {
                let path = folder.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, "").unwrap();
                let written_at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds);
                fs::File::options()
                    .write(true)
                    .open(&path)
                    .unwrap()
                    .set_modified(written_at)
                    .unwrap();
            }
            Self(folder)
        }
    }

    impl Drop for Console {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).ok();
        }
    }

    #[test]
    fn pages_that_are_newer_than_their_sources_are_not_built_again() {
        let console = Console::new(
            "fresh",
            &[
                ("index.html", 1),
                ("dist/index.html", 2),
                ("node_modules/a.js", 3),
            ],
        );
        assert!(is_built(&console.0).unwrap());
    }

    #[test]
    fn pages_are_built_when_they_are_missing_or_a_source_is_newer() {
        let missing = Console::new("missing", &[("index.html", 1)]);
        assert!(!is_built(&missing.0).unwrap());
        let stale = Console::new("stale", &[("index.html", 3), ("dist/index.html", 2)]);
        assert!(!is_built(&stale.0).unwrap());
    }

    #[test]
    fn pages_are_built_when_a_file_was_removed() {
        // The folder is newer than `dist`, which is what removing a file leaves behind.
        let removed = Console::new("removed", &[("src/main.ts", 1), ("dist/index.html", 2)]);
        assert!(!is_built(&removed.0).unwrap());
    }
}

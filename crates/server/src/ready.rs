//! The ready file: what a program that starts us must know once everything is up.
//!
//! Invariant: a reader finds the whole object or no file; nobody but the owner finds anything, for it may hold secrets.

use std::path::Path;

use anyhow::Context;
use node::file;
use serde::Serialize;

/// Writes the file, in place of the one that may be there.
///
/// # Errors
/// It cannot be written.
pub fn write(path: &Path, ready: &impl Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_vec_pretty(ready)?;
    file::replace(path, &text, Some(0o600)).with_context(|| format!("{} cannot be written", path.display()))
}

/// Takes away what an earlier run has left: nobody waits for a node that runs no more.
///
/// # Errors
/// It is there and stays.
pub fn forget(path: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_file_is_whole_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ready.json");
        for number in [1, 2] {
            write(&path, &serde_json::json!({ "number": number })).unwrap();
            let read: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            assert_eq!(read["number"], number);
        }
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        for _ in 0..2 {
            forget(&path).unwrap();
            assert!(!path.exists());
        }
    }
}

//! Files that are written whole or not at all.
//!
//! Invariant: whoever reads one finds what was there before, or all of what is there now; nothing lies in clear to others meanwhile.

use std::fs::{File, Permissions};
use std::io::{Result, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// What a file that is not whole yet has behind its name. Nobody else calls one so: what a run that was killed has left goes.
const SUFFIX: &str = ".tillguard-part";

/// Writes a file in the place of the one that may be there, and to the disk with its name. `mode` is who may read it; without it the
/// process's mask says so.
///
/// # Errors
/// It cannot be written, and what was there is there still; or its name may not be on the disk yet.
pub fn replace(path: &Path, bytes: &[u8], mode: Option<u32>) -> Result<()> {
    put(path, bytes, mode)?;
    sync_folder(path)
}

/// The same in a folder that is somebody else's, on another machine perhaps: not each can be told to write its names to the disk.
///
/// # Errors
/// It cannot be written; what was there is there still.
pub fn replace_elsewhere(path: &Path, bytes: &[u8], mode: Option<u32>) -> Result<()> {
    put(path, bytes, mode)?;
    let _ = sync_folder(path);
    Ok(())
}

fn put(path: &Path, bytes: &[u8], mode: Option<u32>) -> Result<()> {
    let part = beside(path);
    let _ = std::fs::remove_file(&part);
    let written = write_new(&part, bytes, mode).and_then(|()| std::fs::rename(&part, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    written
}

fn beside(path: &Path) -> PathBuf {
    let mut part = path.as_os_str().to_owned();
    part.push(SUFFIX);
    part.into()
}

/// Writes the names in a file's folder to the disk: without that a file that was written may be gone after a power cut.
fn sync_folder(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Writes a file that is not there yet, and to the disk with its name.
///
/// # Errors
/// There is one, or it cannot be written.
pub(crate) fn create(path: &Path, bytes: &[u8], mode: Option<u32>) -> Result<()> {
    write_new(path, bytes, mode)?;
    sync_folder(path)
}

fn write_new(path: &Path, bytes: &[u8], mode: Option<u32>) -> Result<()> {
    let mut file = create_new(path, mode)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn create_new(path: &Path, mode: Option<u32>) -> Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    let Some(mode) = mode else {
        return options.open(path);
    };
    let file = options.mode(mode & 0o600).open(path)?;
    // The mask may have taken away what others may.
    if file.metadata()?.permissions().mode() & 0o777 != mode {
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_replaced_whole_with_its_mode_and_nothing_stays_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.key");
        for asked in [0o600, 0o640, 0o666] {
            replace(&path, format!("{asked:o}").as_bytes(), Some(asked)).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{asked:o}"));
            assert_eq!(mode(&path), asked);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        // What was left half-written goes, and is not written into where it leads.
        let elsewhere = folder.path().join("elsewhere");
        std::fs::write(&elsewhere, "theirs").unwrap();
        std::os::unix::fs::symlink(&elsewhere, beside(&path)).unwrap();
        replace(&path, b"whole", None).unwrap();
        assert_eq!(std::fs::read_to_string(&elsewhere).unwrap(), "theirs");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "whole");
    }

    #[test]
    fn the_folder_of_a_name_alone_is_the_one_we_are_in() {
        sync_folder(Path::new("one.key")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        sync_folder(&folder.path().join("one.key")).unwrap();
        assert!(sync_folder(&folder.path().join("gone/one.key")).is_err());
    }

    #[test]
    fn what_cannot_be_written_leaves_what_was_there_and_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a folder");
        std::fs::create_dir(&path).unwrap();
        assert!(replace(&path, b"text", None).is_err());
        assert!(path.is_dir());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(replace(&folder.path().join("gone/file"), b"", None).is_err());
    }
}

//! Where a server keeps its data: a folder of its own, which goes with its handle.
//!
//! Invariant: a folder whose process is gone is removed when the next one is made.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};

use crate::programs::Programs;

const PREFIX: &str = "tillguard-postgres-";

/// A folder that belongs to whoever runs the server.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes one below the system's temporary folder, and removes those left behind.
    ///
    /// # Errors
    /// It cannot be made or given away.
    pub fn new(programs: &Programs) -> Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        sweep();
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("{PREFIX}{}-{number}", std::process::id()));
            match fs::create_dir(&path) {
                // An earlier process had our number.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                made => made.with_context(|| path.display().to_string())?,
            }
            if let Some(account) = programs.account() {
                chown(&path, Some(account.user), Some(account.group))?;
            }
            return Ok(Self(path));
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

/// A server that was killed leaves a shared memory segment of some bytes, named in the file with its process id.
fn remove(folder: &Path) {
    let left = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap_or_default();
    let segment = left
        .lines()
        .nth(6)
        .and_then(|line| line.split_whitespace().nth(1));
    if let Some(segment) = segment {
        let _ = Command::new("ipcrm")
            .args(["-m", segment])
            .stderr(Stdio::null())
            .status();
    }
    let _ = fs::remove_dir_all(folder);
}

/// A process that was killed, or shared its server to its end, could not clean up.
fn sweep() {
    for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX)?.split('-').next()?.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            remove(&entry.path());
        }
    }
}

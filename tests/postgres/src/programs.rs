//! The programs of PostgreSQL on this machine, and as whom they run.
//!
//! Invariant: none of them runs as root, which they refuse, or sees the caller's environment.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Where Debian keeps one folder for each major version.
const DEBIAN: &str = "/usr/lib/postgresql";
const NEEDED: [&str; 5] = ["postgres", "initdb", "pg_basebackup", "pg_isready", "psql"];
/// Whoever comes first of these runs the server when we are root.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// A user and a group, as numbers.
#[derive(Debug, Clone, Copy)]
pub struct Account {
    /// Its number.
    pub user: u32,
    /// The number of its first group.
    pub group: u32,
}

/// One installed version.
#[derive(Debug, Clone)]
pub struct Programs {
    folder: PathBuf,
    account: Option<Account>,
}

impl Programs {
    /// The newest version below Debian's folder, else the one on the search path.
    ///
    /// # Errors
    /// There is none; the error names the package that brings it.
    pub fn find() -> Result<Self> {
        let is_whole = |folder: &PathBuf| NEEDED.iter().all(|name| folder.join(name).is_file());
        let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(DEBIAN)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                Some((
                    entry.file_name().to_str()?.parse().ok()?,
                    entry.path().join("bin"),
                ))
            })
            .collect();
        versions.sort();
        let on_path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders = versions
            .into_iter()
            .rev()
            .map(|(_, folder)| folder)
            .chain(std::env::split_paths(&on_path));
        match folders.find(is_whole) {
            Some(folder) => Ok(Self {
                folder,
                account: unprivileged()?,
            }),
            None => {
                bail!("PostgreSQL's server is not installed; on Debian or Ubuntu: apt-get install postgresql")
            }
        }
    }

    /// As whom they run; `None` when it is who we are.
    pub fn account(&self) -> Option<Account> {
        self.account
    }

    /// One of them, working in `folder`.
    pub fn command(&self, name: &str, folder: &Path) -> Command {
        self.prepared(Command::new(self.folder.join(name)), folder)
    }

    /// The server itself, which the kernel ends with us.
    pub fn server(&self, folder: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "QUIT"])
            .arg(self.folder.join("postgres"));
        self.prepared(command, folder)
    }

    fn prepared(&self, mut command: Command, folder: &Path) -> Command {
        command
            .current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        if let Some(account) = self.account {
            command.uid(account.user).gid(account.group);
        }
        command
    }
}

/// Somebody else when we are root.
fn unprivileged() -> Result<Option<Account>> {
    if fs::metadata("/proc/self").context("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").context("/etc/passwd")?;
    let account = |name: &str| {
        let mut fields = users
            .lines()
            .map(|line| line.split(':'))
            .find(|fields| fields.clone().next() == Some(name))?;
        let (user, group) = (fields.nth(2)?.parse().ok()?, fields.next()?.parse().ok()?);
        Some(Account { user, group })
    };
    let found = UNPRIVILEGED.iter().find_map(|name| account(name));
    Ok(Some(found.context(
        "PostgreSQL does not run as root, and there is no other user",
    )?))
}

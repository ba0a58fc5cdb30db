//! A server's process, and the processes it has started itself.
//!
//! Invariant: it is started, and waited for, by a thread that lives until it has ended. The kernel ends a server with
//! the thread that started it, and a test's own thread ends with its test.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

const KILL_TIME_MAX: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// A running server.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    /// Closed when it has ended.
    ended: Receiver<()>,
}

impl Process {
    /// Starts it.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn spawn(mut command: Command) -> Result<Self> {
        let (started, pid) = mpsc::channel();
        let (alive, ended) = mpsc::channel::<()>();
        std::thread::Builder::new()
            .name("postgres".into())
            .spawn(move || {
                let child = command.spawn();
                let _ = started.send(
                    child
                        .as_ref()
                        .map(|child| child.id())
                        .map_err(|error| error.to_string()),
                );
                if let Ok(mut child) = child {
                    let _ = child.wait();
                }
                drop(alive);
            })?;
        match pid.recv().context("the server's thread ended")? {
            Ok(pid) => Ok(Self { pid, ended }),
            Err(error) => bail!("cannot start the server: {error}"),
        }
    }

    /// Waits for its end; false when it has not come.
    pub fn ends_within(&self, time: Duration) -> bool {
        self.ended.recv_timeout(time) == Err(RecvTimeoutError::Disconnected)
    }

    /// Sends it a signal, for example `INT`.
    ///
    /// # Errors
    /// It cannot be sent.
    pub fn signal(&self, name: &str) -> Result<()> {
        signal(name, &[self.pid])
    }

    /// Kill -9 to it and to all it has started, in one go; returns when none is left.
    ///
    /// # Errors
    /// One cannot be killed.
    pub fn kill_with_children(self) -> Result<()> {
        // Stopped first, so that no child is born between the count and the kill.
        self.signal("STOP")?;
        let mut all = children(self.pid)?;
        all.push(self.pid);
        signal("KILL", &all)?;
        ensure!(self.ends_within(KILL_TIME_MAX), "the server outlives kill -9");
        let began = Instant::now();
        while all.iter().any(|pid| is_running(*pid)) {
            ensure!(
                began.elapsed() < KILL_TIME_MAX,
                "a server process outlives kill -9"
            );
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }
}

/// A child that ended between count and kill makes `kill` fail; that every one is gone is looked at afterwards.
fn signal(name: &str, pids: &[u32]) -> Result<()> {
    // The shell's own `kill`: the program of that name is not on every machine.
    let status = Command::new("sh")
        .args([
            "-c",
            "signal=$1; shift; kill -s \"$signal\" \"$@\" 2>/dev/null",
            "sh",
            name,
        ])
        .args(pids.iter().map(u32::to_string))
        .status()
        .context("sh")?;
    ensure!(
        status.success() || pids.len() > 1,
        "no process {pids:?} takes the signal {name}"
    );
    Ok(())
}

fn children(parent: u32) -> Result<Vec<u32>> {
    let entries = fs::read_dir("/proc").context("/proc")?;
    let pids = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    Ok(pids
        .filter(|pid| stat(*pid).is_some_and(|(_, of)| of == parent))
        .collect())
}

/// One that has ended but was not waited for holds nothing any more.
fn is_running(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| !matches!(state, 'Z' | 'X'))
}

/// A process's state and parent.
fn stat(pid: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
    // The name stands in parentheses and may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

//! Programs beside ours, each run once for one piece of work: without an environment, elsewhere, and ended with whoever waits.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::timeout;

/// For the system to end one that was told to.
const END_TIME_MAX: Duration = Duration::from_secs(1);

/// One that hears us and is not heard; it is ended when nobody waits for it any more.
pub fn command(path: &Path) -> Command {
    let mut command = Command::new(path);
    command
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Ends one whose time is over, and sees it gone.
pub async fn end(mut child: Child) {
    if !matches!(timeout(END_TIME_MAX, child.kill()).await, Ok(Ok(()))) {
        tracing::error!("a program whose time is over is not gone");
    }
}

/// A program in place of a real one.
///
/// Another process writes it: whatever this one starts meanwhile would hold it open for writing, and then it cannot be run.
#[cfg(test)]
pub fn script(path: &Path, text: &str) {
    let write = "printf '#!/bin/sh\\n%s\\n' \"$2\" > \"$1\" && chmod 700 \"$1\"";
    let mut shell = std::process::Command::new("/bin/sh");
    let written = shell.args(["-c", write, "sh"]).arg(path).arg(text).status();
    assert!(written.unwrap().success());
}

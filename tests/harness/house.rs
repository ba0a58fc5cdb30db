//! `tillguard serve` as a process of its own, in a folder that may be empty: a house that nobody has set up yet.
//!
//! Invariant: dropping a house kills its process.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::node::{Killed, built, tail};
use crate::{Api, until};

/// The binary `tillguard`: `TILLGUARD_BIN`, else that of the build that made this test.
///
/// # Errors
/// It is not there.
pub fn tillguard() -> Result<PathBuf> {
    let path = match std::env::var_os("TILLGUARD_BIN") {
        Some(path) => PathBuf::from(path),
        None => built()?.join("tillguard"),
    };
    match path.is_file() {
        true => Ok(path),
        false => bail!("no binary at {}: cargo build -p server", path.display()),
    }
}

/// A running `tillguard serve`.
#[derive(Debug)]
pub struct House {
    child: Killed,
    ready_file: PathBuf,
    said: PathBuf,
    /// What its ready file said when it was up.
    pub ready: Value,
}

impl House {
    /// Starts one with its data in `data` of this folder, on free ports.
    ///
    /// # Errors
    /// It ends, or is not ready in time; what it said is in the error.
    pub async fn start(folder: &Path, name: &str, more: &[&str]) -> Result<Self> {
        Self::start_with(folder, name, more, &[]).await
    }

    /// The same, with variables in its environment.
    ///
    /// # Errors
    /// As [`House::start`].
    pub async fn start_with(
        folder: &Path,
        name: &str,
        more: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<Self> {
        let ready_file = folder.join(format!("{name}.ready.json"));
        let said = folder.join(format!("{name}.said.txt"));
        let _ = std::fs::remove_file(&ready_file);
        let child = Command::new(tillguard()?)
            .args(["serve", "--port", "0", "--node", name, "--data"])
            .arg(folder.join("data"))
            .arg("--ready-file")
            .arg(&ready_file)
            .args(more)
            .env("TILLGUARD_LOG", "trace")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&said)?)
            .spawn()?;
        let mut child = Killed(child);
        let ready = until("the house to be ready", async || {
            if let Some(status) = child.0.try_wait()? {
                bail!("it ended with {status}");
            }
            Ok(std::fs::read_to_string(&ready_file).ok())
        })
        .await
        .with_context(|| tail(&said))?;
        Ok(Self {
            child,
            ready: serde_json::from_str(&ready).context("the ready file")?,
            ready_file,
            said,
        })
    }

    /// The API, not signed in.
    ///
    /// # Errors
    /// The ready file does not say where it is.
    pub fn api(&self) -> Result<Api> {
        Ok(Api::new(self.ready["api_url"].as_str().context("no api_url")?))
    }

    /// The token of its set-up address.
    ///
    /// # Errors
    /// It has none.
    pub fn token(&self) -> Result<&str> {
        let url = self.ready["setup_url"].as_str().context("no setup_url")?;
        let (_, token) = url.split_once("?token=").context("no token in the setup_url")?;
        Ok(token)
    }

    /// Where its gate is.
    ///
    /// # Errors
    /// It has none.
    pub fn gate(&self) -> Result<SocketAddr> {
        Ok(self.ready["gate_addr"].as_str().context("no gate")?.parse()?)
    }

    /// What its ready file says now.
    ///
    /// # Errors
    /// It cannot be read as JSON: it was not written whole.
    pub fn ready_now(&self) -> Result<Value> {
        Ok(serde_json::from_str(&std::fs::read_to_string(&self.ready_file)?)?)
    }

    /// Everything it said, at every level of the log.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn said(&self) -> Result<String> {
        Ok(std::fs::read_to_string(&self.said)?)
    }

    /// Asks it to end, as a supervisor does, and waits until it has.
    ///
    /// # Errors
    /// It does not, or ends as if something were wrong.
    pub async fn ask_to_end(mut self) -> Result<()> {
        let told = Command::new("kill")
            .args(["-TERM", &self.child.0.id().to_string()])
            .status()?;
        ensure!(told.success(), "it cannot be told to end");
        let ended = until("the house to end", async || Ok(self.child.0.try_wait()?)).await?;
        ensure!(ended.success(), "it ended with {ended}: {}", tail(&self.said));
        Ok(())
    }

    /// Kill -9.
    ///
    /// # Errors
    /// The process cannot be killed.
    pub fn kill(mut self) -> Result<()> {
        self.child.0.kill()?;
        self.child.0.wait()?;
        Ok(())
    }
}

/// Runs `tillguard admin` in a folder, with a line on its standard input.
///
/// # Errors
/// It cannot be run.
pub fn admin(folder: &Path, arguments: &[&str], line: &str) -> Result<Output> {
    admin_with(folder, arguments, line, &[])
}

/// The same, with variables in its environment.
///
/// # Errors
/// As [`admin`].
pub fn admin_with(
    folder: &Path,
    arguments: &[&str],
    line: &str,
    variables: &[(&str, &str)],
) -> Result<Output> {
    use std::io::Write;
    let mut child = Command::new(tillguard()?)
        .args(["admin", "--data"])
        .arg(folder.join("data"))
        .args(arguments)
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let written = child.stdin.take().context("no stdin")?.write_all(line.as_bytes());
    let output = child.wait_with_output()?;
    // It may refuse before it reads.
    ensure!(
        written.is_ok() || !output.status.success(),
        "the line was not read"
    );
    Ok(output)
}

//! `tillguard-demo` as a process of its own: started, killed, started again on the same data.
//!
//! Invariant: dropping a node kills its process; dropping a folder removes it.

use std::ffi::OsStr;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use simulator::terminal::TerminalIdentity;

use crate::{Api, Outside, until};

/// A folder of a test's own.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes one below the system's temporary folder.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn new() -> Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("tillguard-e2e-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The binary under test: `TILLGUARD_DEMO_BIN`, else `tillguard-demo` of the build that made this test.
///
/// # Errors
/// It is not there.
pub fn binary() -> Result<PathBuf> {
    let path = match std::env::var_os("TILLGUARD_DEMO_BIN") {
        Some(path) => PathBuf::from(path),
        None => built()?.join("tillguard-demo"),
    };
    match path.is_file() {
        true => Ok(path),
        false => bail!("no binary at {}: cargo build -p demo", path.display()),
    }
}

/// The binary with planted bugs: `TILLGUARD_CANARY_BIN`, else built now, into a target folder of its own, so that the
/// binary under test stays what it is. The first such build takes minutes.
///
/// # Errors
/// The build fails.
pub fn canary_binary() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("TILLGUARD_CANARY_BIN") {
        return Ok(path.into());
    }
    let target = built()?.join("canary");
    eprintln!("building the canary into {}", target.display());
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .args(["build", "--quiet", "--package", "demo", "--features", "canary"])
        .arg("--target-dir")
        .arg(&target)
        .status()?;
    match built.success() {
        true => Ok(target.join("debug/tillguard-demo")),
        false => bail!("the canary does not build"),
    }
}

/// The folder of programs beside this test's own `deps`.
pub(crate) fn built() -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.parent().and_then(Path::parent);
    Ok(folder.context("a test in no folder")?.to_owned())
}

/// How to start a node.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The binary.
    pub binary: PathBuf,
    /// Where it keeps its data, its ready file and what it says.
    pub folder: PathBuf,
    /// More arguments of `demo`.
    pub arguments: Vec<String>,
    /// The planted bug, for the canary.
    pub planted: Option<String>,
    /// The node's name, when several share a folder and a database.
    pub name: Option<String>,
    /// The file with the canary's offset from the machine's clock.
    pub clock_file: Option<PathBuf>,
    /// The program, with its arguments, that starts the binary; nothing starts it directly.
    pub through: Vec<String>,
}

impl Launch {
    /// The binary under test with an estate that has no past and stands still.
    ///
    /// # Errors
    /// There is no binary.
    pub fn new(folder: &Folder) -> Result<Self> {
        Ok(Self {
            binary: binary()?,
            folder: folder.path().to_owned(),
            arguments: ["--no-walk", "--rate", "0", "--history-days", "0"]
                .map(str::to_owned)
                .to_vec(),
            planted: None,
            name: None,
            clock_file: None,
            through: Vec::new(),
        })
    }

    /// The same as one of several nodes on a PostgreSQL database. They share the folder's data: its key, and what the
    /// demo remembers.
    #[must_use]
    pub fn named(mut self, name: &str, database_url: &str) -> Self {
        self.name = Some(name.to_owned());
        self.with(&["--node", name, "--database", database_url])
    }

    /// The same in front of an outside host.
    #[must_use]
    pub fn asking(mut self, outside: &Outside) -> Self {
        let (addr, keys) = (
            outside.addr().to_string(),
            outside.zone_keys().display().to_string(),
        );
        self.arguments
            .extend(["--host".into(), addr, "--zone-keys".into(), keys]);
        self
    }

    /// The same with more arguments.
    #[must_use]
    pub fn with(mut self, arguments: &[&str]) -> Self {
        self.arguments
            .extend(arguments.iter().map(|word| (*word).to_owned()));
        self
    }

    /// Starts it and waits until everything in it is up.
    ///
    /// # Errors
    /// It ends, or is not ready in time; what it said is in the error.
    pub async fn start(&self) -> Result<Node> {
        let name = self.name.as_deref().unwrap_or("node");
        let ready_file = self.folder.join(format!("{name}.ready.json"));
        let said = self.folder.join(format!("{name}.said.txt"));
        let _ = std::fs::remove_file(&ready_file);
        let mut words = self
            .through
            .iter()
            .map(OsStr::new)
            .chain([self.binary.as_os_str()]);
        let program = words.next().context("no program")?;
        let child = Command::new(program)
            .args(words)
            .args(["--port", "0", "--data"])
            .arg(self.folder.join("data"))
            .arg("--ready-file")
            .arg(&ready_file)
            .args(&self.arguments)
            .env("TILLGUARD_CANARY", self.planted.as_deref().unwrap_or_default())
            .env(
                "TILLGUARD_CLOCK_FILE",
                self.clock_file.as_deref().unwrap_or(Path::new("")),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&said)?)
            .spawn()
            .with_context(|| self.binary.display().to_string())?;
        let mut child = Killed(child);
        let ready = until("the node to be ready", async || {
            if let Some(status) = child.0.try_wait()? {
                bail!("the node ended with {status}");
            }
            Ok(std::fs::read_to_string(&ready_file).ok())
        })
        .await
        .with_context(|| tail(&said))?;
        let ready = Ready::parse(&ready).context("the ready file")?;
        Ok(Node { child, ready, said })
    }
}

/// The end of what a node said.
pub(crate) fn tail(said: &Path) -> String {
    let text = std::fs::read_to_string(said).unwrap_or_default();
    // Where the environment asks for one, it comes last and says nothing of why.
    let text = text.split("\nStack backtrace:").next().unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// A process that does not outlive its handle.
#[derive(Debug)]
pub(crate) struct Killed(pub(crate) Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running node.
#[derive(Debug)]
pub struct Node {
    child: Killed,
    /// What its ready file said.
    pub ready: Ready,
    said: PathBuf,
}

impl Node {
    /// The API, not signed in.
    pub fn api(&self) -> Api {
        Api::new(&self.ready.api_url)
    }

    /// The API as one of the demo's people.
    ///
    /// # Errors
    /// There is no such person, or the log-in is refused.
    pub async fn api_as(&self, login: &str) -> Result<Api> {
        self.api().signed_in(login, self.ready.password(login)?).await
    }

    /// Kill -9: no chance to say or save anything.
    ///
    /// # Errors
    /// The process cannot be killed.
    pub fn kill(mut self) -> Result<()> {
        self.child.0.kill()?;
        self.child.0.wait()?;
        Ok(())
    }

    fn signal(&self, name: &str) -> Result<()> {
        let pid = self.child.0.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status()?;
        ensure!(sent.success(), "kill: {sent}");
        Ok(())
    }

    /// Stops all its threads where they are, as a machine does that is put to sleep.
    ///
    /// # Errors
    /// It has ended.
    pub fn freeze(&self) -> Result<()> {
        self.signal("STOP")
    }

    /// Lets it go on after [`Node::freeze`].
    ///
    /// # Errors
    /// It has ended.
    pub fn thaw(&self) -> Result<()> {
        self.signal("CONT")
    }

    /// What it said last.
    pub fn said(&self) -> String {
        tail(&self.said)
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    ///
    /// # Errors
    /// It does not end, or not in peace.
    pub async fn ask_to_end(mut self) -> Result<()> {
        self.signal("TERM")?;
        let ended = until("the node to end", async || Ok(self.child.0.try_wait()?)).await?;
        ensure!(
            ended.success(),
            "the node ended with {ended}: {}",
            tail(&self.said)
        );
        Ok(())
    }

    /// That it still runs.
    ///
    /// # Errors
    /// It has ended; what it said last is in the error.
    pub fn check_alive(&mut self) -> Result<()> {
        match self.child.0.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("the node ended with {status}: {}", tail(&self.said)),
        }
    }

    /// Resident memory in KiB, as the kernel counts it.
    ///
    /// # Errors
    /// The kernel does not say.
    pub fn resident_kib(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.context("no VmRSS")
    }
}

/// What a node's ready file says.
#[derive(Debug, Clone)]
pub struct Ready {
    /// Where the API is.
    pub api_url: String,
    /// Where the gate is.
    pub gate: SocketAddr,
    /// All terminals of the estate.
    pub terminals: Vec<ReadyTerminal>,
    people: Vec<(String, String)>,
}

/// A terminal of the estate.
#[derive(Debug, Clone)]
pub struct ReadyTerminal {
    /// Who it is on the wire.
    pub identity: TerminalIdentity,
    /// What its operator types.
    pub operator_password: String,
}

impl ReadyTerminal {
    /// Field 41.
    pub fn id(&self) -> &str {
        &self.identity.terminal_id
    }
}

impl Ready {
    fn parse(text: &str) -> Result<Self> {
        let ready: Value = serde_json::from_str(text)?;
        let list = |name: &str| ready[name].as_array().cloned().unwrap_or_default();
        let terminals = list("terminals");
        let people = list("accounts");
        Ok(Self {
            api_url: word(&ready, "api_url")?,
            gate: word(&ready, "gate_addr")?.parse()?,
            terminals: terminals.iter().map(terminal).collect::<Result<_>>()?,
            people: people
                .iter()
                .map(|one| Ok((word(one, "login")?, word(one, "password")?)))
                .collect::<Result<_>>()?,
        })
    }

    /// The password of one of the demo's people.
    ///
    /// # Errors
    /// There is no such person.
    pub fn password(&self, login: &str) -> Result<&str> {
        let person = self.people.iter().find(|(name, _)| name == login);
        Ok(&person.with_context(|| format!("nobody is called {login}"))?.1)
    }
}

fn word(object: &Value, name: &str) -> Result<String> {
    Ok(object[name]
        .as_str()
        .with_context(|| format!("no {name}"))?
        .to_owned())
}

fn terminal(one: &Value) -> Result<ReadyTerminal> {
    let hex = word(one, "master_key_hex")?;
    let byte = |at: usize| {
        hex.get(2 * at..2 * at + 2)
            .and_then(|pair| u8::from_str_radix(pair, 16).ok())
    };
    let key: Option<Vec<u8>> = (0..16).map(byte).collect();
    let key = key
        .and_then(|key| key.try_into().ok())
        .context("master_key_hex")?;
    let identity = TerminalIdentity::new(
        &word(one, "terminal_id")?,
        &word(one, "merchant_id")?,
        key,
        &word(one, "operator")?,
    );
    Ok(ReadyTerminal {
        identity,
        operator_password: word(one, "operator_password")?,
    })
}

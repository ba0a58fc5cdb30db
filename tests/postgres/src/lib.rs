//! A PostgreSQL of a test's own: made, killed like a machine that loses power, started again, followed by a standby.
//!
//! May touch: the server's programs on this machine, folders below the system's temporary folder, free ports of the
//! loopback address. Linux only: it looks into /proc.
//!
//! Invariant: no server outlives its handle or its test's process, and what one leaves behind is removed by the next.

mod folder;
mod process;
mod programs;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use folder::Folder;
use process::Process;
use programs::Programs;

/// Whom the tests connect as: a superuser, without a password.
pub const USER: &str = "tillguard";
/// The database that [`Cluster::url`] names.
const DATABASE: &str = "tillguard";
const READY_TIME_MAX: Duration = Duration::from_secs(60);
const STOP_TIME_MAX: Duration = Duration::from_secs(30);
/// How long a dropped server may take to end in order; then it is killed.
const DROP_TIME_MAX: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Two test processes may look for a port at the same moment.
const START_ATTEMPTS_MAX: usize = 5;

/// As a small production server has it: durable, and ready to feed a standby.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
max_connections = 100
shared_buffers = 128MB
wal_level = replica
max_wal_senders = 10
wal_keep_size = 512MB
hot_standby = on
# In the data folder, so that a killed server leaves nothing elsewhere.
dynamic_shared_memory_type = mmap
log_min_messages = warning
";

/// One PostgreSQL server with its data.
#[derive(Debug)]
pub struct Cluster {
    programs: Programs,
    port: u16,
    databases: AtomicU32,
    /// The database that [`Cluster::prepared_database`] copies.
    prepared: OnceLock<String>,
    // Before the folder: a server is gone before its data is.
    running: Mutex<Option<Process>>,
    folder: Folder,
}

/// The server that all tests of this process share; each takes a database of its own. It ends with the process.
///
/// # Panics
/// It cannot be started; the message says why.
pub fn shared() -> &'static Cluster {
    static SHARED: OnceLock<Result<Cluster>> = OnceLock::new();
    match SHARED.get_or_init(Cluster::start) {
        Ok(cluster) => cluster,
        Err(error) => panic!("no PostgreSQL to test with: {error:#}"),
    }
}

impl Cluster {
    /// Makes a server with an empty database and waits until it can be used.
    ///
    /// # Errors
    /// PostgreSQL is not installed, or will not start; the end of its log is in the error.
    pub fn start() -> Result<Self> {
        let programs = Programs::find()?;
        let folder = Folder::new(&programs)?;
        run(programs
            .command("initdb", folder.path())
            .args(["--locale=C", "--encoding=UTF8", "--auth=trust", "--no-sync"])
            .args(["--username", USER, "--pgdata"])
            .arg(data(folder.path())))?;
        let mut settings = OpenOptions::new()
            .append(true)
            .open(data(folder.path()).join("postgresql.conf"))?;
        settings.write_all(SETTINGS.as_bytes())?;
        let cluster = Self::launch(programs, folder)?;
        cluster.sql(
            "postgres",
            &format!("CREATE DATABASE {DATABASE} TEMPLATE template0"),
        )?;
        Ok(cluster)
    }

    /// Starts what is in the folder, on a free port.
    fn launch(programs: Programs, folder: Folder) -> Result<Self> {
        let mut cluster = Self {
            programs,
            port: 0,
            databases: AtomicU32::new(0),
            prepared: OnceLock::new(),
            running: Mutex::new(None),
            folder,
        };
        let mut attempts = 1;
        loop {
            cluster.port = free_port()?;
            match cluster.run() {
                Ok(()) => return Ok(cluster),
                Err(error) if attempts == START_ATTEMPTS_MAX => return Err(error),
                Err(_) => attempts += 1,
            }
        }
    }

    /// Where everything of it is: its files, its write-ahead log and what it said.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_path_buf()
    }

    /// Where it listens; the same after a restart.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The address of its first database.
    pub fn url(&self) -> String {
        self.url_of(DATABASE)
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://{USER}@{}/{database}", self.addr())
    }

    /// Makes an empty database; its address.
    ///
    /// # Errors
    /// The server does not run, or refuses.
    pub fn new_database(&self) -> Result<String> {
        Ok(self.url_of(&self.copy("template0")?))
    }

    /// Makes a database in which what `prepare` does with an empty one has been done; its address. It is done once: `prepare`
    /// must be the same each time, and have closed its connections when it returns.
    ///
    /// # Errors
    /// The server does not run, or refuses.
    pub fn prepared_database(&self, prepare: impl FnOnce(&str)) -> Result<String> {
        let prepared = self.prepared.get_or_init(|| {
            let database = self.copy("template0").expect("a database to prepare");
            prepare(&self.url_of(&database));
            database
        });
        Ok(self.url_of(&self.copy(prepared)?))
    }

    fn copy(&self, of: &str) -> Result<String> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let database = format!("test_{number}");
        self.sql("postgres", &format!("CREATE DATABASE {database} TEMPLATE {of}"))?;
        Ok(database)
    }

    /// Runs one statement as psql does; the rows, a line each, fields parted by `|`.
    ///
    /// # Errors
    /// The server does not run, or refuses; what psql said is in the error.
    pub fn sql(&self, database: &str, statement: &str) -> Result<String> {
        let mut psql = self.programs.command("psql", self.folder.path());
        self.aim(&mut psql)
            .args(["-X", "-A", "-t", "-q", "-w", "-v", "ON_ERROR_STOP=1"])
            .args(["-d", database, "-c", statement]);
        Ok(run(&mut psql)?.trim_end().to_owned())
    }

    /// Kill -9 of the server and every process of its own at once: what a machine that loses power does to it.
    ///
    /// # Errors
    /// It does not run, or cannot be killed.
    pub fn kill(&self) -> Result<()> {
        let process = self.lock().take().context("the server does not run")?;
        process.kill_with_children()
    }

    /// Ends it in order: sessions are closed, everything is written.
    ///
    /// # Errors
    /// It does not run, or does not end.
    pub fn stop_fast(&self) -> Result<()> {
        let process = self.lock().take().context("the server does not run")?;
        process.signal("INT")?;
        ensure!(
            process.ends_within(STOP_TIME_MAX),
            "it does not end: {}",
            self.log()
        );
        Ok(())
    }

    /// Starts it again after [`Cluster::kill`] or [`Cluster::stop_fast`], or after ending it now: same port, same data.
    ///
    /// # Errors
    /// It does not start; the end of its log is in the error.
    pub fn restart(&self) -> Result<()> {
        if self.lock().is_some() {
            self.stop_fast()?;
        }
        self.run()
    }

    /// Makes a server that follows this one under the name `name`, and waits until it can be read.
    ///
    /// # Errors
    /// The copy fails, or the copy does not start.
    pub fn standby(&self, name: &str) -> Result<Self> {
        let folder = Folder::new(&self.programs)?;
        let from = format!(
            "host=127.0.0.1 port={} user={USER} application_name={name}",
            self.port
        );
        run(self
            .programs
            .command("pg_basebackup", folder.path())
            .args([
                "--dbname",
                &from,
                "--write-recovery-conf",
                "--no-sync",
                "--checkpoint=fast",
            ])
            .arg("--pgdata")
            .arg(data(folder.path())))?;
        // Whom the first one waits for is the first one's matter: promoted, this one must not wait for itself.
        let written = data(folder.path()).join("postgresql.auto.conf");
        let lines = fs::read_to_string(&written)?;
        let own = lines
            .lines()
            .filter(|line| !line.starts_with("synchronous_standby_names"));
        fs::write(&written, own.map(|line| format!("{line}\n")).collect::<String>())?;
        Self::launch(self.programs.clone(), folder)
    }

    /// From now on a commit waits for these standbys (the value of `synchronous_standby_names`); for none when empty.
    ///
    /// # Errors
    /// The server does not run, or the value is none.
    pub fn make_synchronous(&self, names: &str) -> Result<()> {
        self.sql(
            "postgres",
            &format!("ALTER SYSTEM SET synchronous_standby_names = '{names}'"),
        )?;
        self.sql("postgres", "SELECT pg_reload_conf()")?;
        // The signal has been sent; the setting is there when a new session sees it.
        self.until("the new synchronous_standby_names", || {
            Ok(self.sql("postgres", "SHOW synchronous_standby_names")? == names)
        })
    }

    /// Waits until the standby `name` confirms each commit.
    ///
    /// # Errors
    /// It does not come.
    pub fn wait_for_synchronous(&self, name: &str) -> Result<()> {
        let asked = format!("SELECT sync_state FROM pg_stat_replication WHERE application_name = '{name}'");
        self.until("the standby to be synchronous", || {
            Ok(matches!(
                self.sql("postgres", &asked)?.as_str(),
                "sync" | "quorum"
            ))
        })
    }

    /// Makes a standby a server of its own, which takes writes when this returns.
    ///
    /// # Errors
    /// It is no standby, or does not come out of recovery.
    pub fn promote(&self) -> Result<()> {
        let promoted = self.sql("postgres", "SELECT pg_promote(true, 60)")?;
        ensure!(promoted == "t", "not promoted: {}", self.log());
        self.until("the end of recovery", || {
            Ok(self.sql("postgres", "SELECT pg_is_in_recovery()")? == "f")
        })
    }

    /// The end of what the server said.
    pub fn log(&self) -> String {
        let text = fs::read_to_string(self.folder.path().join("log.txt")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    fn run(&self) -> Result<()> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log.txt"))?;
        let mut server = self.programs.server(self.folder.path());
        server
            .arg("-D")
            .arg(data(self.folder.path()))
            .arg("-k")
            .arg(self.folder.path())
            .args(["-p", &self.port.to_string()])
            .stdout(log.try_clone()?)
            .stderr(log);
        let process = Process::spawn(server)?;
        let ready = self.until("the server to be ready", || {
            ensure!(!process.ends_within(Duration::ZERO), "the server ended");
            let mut asked = self.programs.command("pg_isready", self.folder.path());
            Ok(self.aim(&mut asked).args(["-q", "-t", "1"]).status()?.success())
        });
        ready.with_context(|| self.log())?;
        *self.lock() = Some(process);
        Ok(())
    }

    fn aim<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.args(["-h", "127.0.0.1", "-U", USER, "-p", &self.port.to_string()])
    }

    fn until(&self, what: &str, mut look: impl FnMut() -> Result<bool>) -> Result<()> {
        let began = Instant::now();
        while !look()? {
            if began.elapsed() > READY_TIME_MAX {
                bail!(
                    "waited {} s in vain for {what}: {}",
                    READY_TIME_MAX.as_secs(),
                    self.log()
                );
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Process>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(process) = self.lock().take() {
            // At once, but in order: its shared memory goes with it.
            let _ = process.signal("QUIT");
            if !process.ends_within(DROP_TIME_MAX) {
                let _ = process.kill_with_children();
            }
        }
    }
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// Runs to the end; what it wrote to standard output.
fn run(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    ensure!(
        output.status.success(),
        "{}: {}: {}",
        command.get_program().display(),
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A free port below those the kernel gives to outgoing connections: while the server is down, nobody else gets it, and
/// a client that keeps trying does not end up connected to itself.
fn free_port() -> Result<u16> {
    const LOWEST: u16 = 10_000;
    const ATTEMPTS_MAX: u32 = 2_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let end: Option<u16> = range.split_whitespace().next().and_then(|low| low.parse().ok());
    let end = end.filter(|end| *end > LOWEST + 1_000).unwrap_or(32_768);
    let span = u32::from(end - LOWEST);
    for _ in 0..ATTEMPTS_MAX {
        // Test processes begin at different places.
        let number = std::process::id().wrapping_mul(7_919) % span + NEXT.fetch_add(1, Ordering::Relaxed);
        let port = LOWEST + u16::try_from(number % span)?;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port between {LOWEST} and {end}")
}

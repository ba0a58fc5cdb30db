//! A real mail server of a test's own: Exim from Debian's packages, with a configuration, a spool and mailboxes of its own, on
//! free ports of this machine, as a plain user.
//!
//! It wants encryption and a log-in, delivers every mail into a folder, one file each, and sends nothing anywhere.
//!
//! May touch: the server's program, folders below the system's temporary folder, free ports of the loopback address. Linux
//! only.
//!
//! Invariant: the server ends with its handle, or with the thread that started it; nothing of it runs as root.

mod authority;

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

pub use authority::Authority;

const PROGRAM: &str = "/usr/sbin/exim4";
const ROOTS: &str = "roots.pem";
/// Who runs the server when we are root: `nobody`.
const NOBODY: u32 = 65_534;
const READY_TIME_MAX: Duration = Duration::from_secs(30);
const END_TIME_MAX: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Two test processes may look for a port at the same moment.
const START_ATTEMPTS_MAX: usize = 5;

/// A running server.
#[derive(Debug)]
pub struct MailServer {
    child: Child,
    starttls: SocketAddr,
    implicit: SocketAddr,
    folder: TempDir,
}

impl MailServer {
    /// Starts it and waits until it takes connections. It knows one log-in, takes mail for everybody but `nobody@…`, and
    /// shows the certificate of `authority`.
    ///
    /// # Errors
    /// Exim is not installed (the error names the package), or does not start.
    pub fn start(authority: &Authority, user: &str, password: &str) -> Result<Self> {
        ensure!(
            Path::new(PROGRAM).is_file(),
            "no mail server to test with; on Debian or Ubuntu: apt-get install exim4-daemon-light"
        );
        let mut attempts = 1;
        loop {
            match Self::launch(authority, user, password) {
                Err(_) if attempts < START_ATTEMPTS_MAX => attempts += 1,
                launched => return launched,
            }
        }
    }

    fn launch(authority: &Authority, user: &str, password: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("tillguard-mail-").tempdir()?;
        let path = folder.path();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        // The installed program takes root's rights for itself; a copy cannot.
        fs::copy(PROGRAM, path.join("exim"))?;
        fs::set_permissions(path.join("exim"), fs::Permissions::from_mode(0o755))?;
        fs::write(path.join("chain.pem"), &authority.chain_pem)?;
        fs::write(path.join("key.pem"), &authority.key_pem)?;
        fs::write(path.join(ROOTS), &authority.root_pem)?;
        fs::write(path.join("login"), format!("{user}: {password}\n"))?;
        fs::create_dir(path.join("spool"))?;
        let (starttls, implicit) = (free_port()?, free_port()?);
        let is_root = fs::metadata("/proc/self")?.uid() == 0;
        let account = if is_root {
            NOBODY
        } else {
            fs::metadata("/proc/self")?.uid()
        };
        let group = if is_root {
            NOBODY
        } else {
            fs::metadata("/proc/self")?.gid()
        };
        let configuration = configuration(path, starttls.port(), implicit.port(), account, group);
        fs::write(path.join("exim.conf"), configuration)?;
        if is_root {
            for entry in ["spool", "chain.pem", "key.pem", "login"] {
                chown(path.join(entry), Some(NOBODY), Some(NOBODY))?;
            }
            chown(path, Some(NOBODY), Some(NOBODY))?;
        }
        let said = File::create(path.join("said.txt"))?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM"]).arg(path.join("exim"));
        command.arg("-C").arg(path.join("exim.conf")).arg("-bdf");
        command
            .current_dir(path)
            .env_clear()
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .process_group(0);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.stdout(said.try_clone()?).stderr(said);
        if is_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        let child = command.spawn().context("setpriv")?;
        let mut server = Self {
            child,
            starttls,
            implicit,
            folder,
        };
        server.wait_until_ready()?;
        Ok(server)
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let began = Instant::now();
        while TcpStream::connect(self.starttls).is_err() || TcpStream::connect(self.implicit).is_err() {
            let is_over = self.child.try_wait()?.is_some() || began.elapsed() > READY_TIME_MAX;
            ensure!(!is_over, "the mail server does not start: {}", self.log());
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// Where it takes mail with STARTTLS.
    pub fn starttls(&self) -> SocketAddr {
        self.starttls
    }

    /// Where it takes mail encrypted from the first byte.
    pub fn implicit(&self) -> SocketAddr {
        self.implicit
    }

    /// A file with the certificate of who vouches for it, for `SSL_CERT_FILE`.
    pub fn roots(&self) -> PathBuf {
        self.folder.path().join(ROOTS)
    }

    /// The folder of the mails it has delivered, one file each; made with the first.
    pub fn mailbox(&self) -> PathBuf {
        self.folder.path().join("box/new")
    }

    /// The mails it has delivered so far, each as it lies in the mailbox, in no order.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn mails(&self) -> Result<Vec<Vec<u8>>> {
        let delivered = self.mailbox();
        if !delivered.exists() {
            return Ok(Vec::new());
        }
        fs::read_dir(delivered)?
            .map(|entry| Ok(fs::read(entry?.path())?))
            .collect()
    }

    /// Waits until it has delivered so many mails.
    ///
    /// # Errors
    /// They do not come.
    pub fn wait_for(&self, count: usize) -> Result<Vec<Vec<u8>>> {
        let began = Instant::now();
        loop {
            let mails = self.mails()?;
            if mails.len() >= count {
                return Ok(mails);
            }
            if began.elapsed() > READY_TIME_MAX {
                bail!("{} mails instead of {count}: {}", mails.len(), self.log());
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// What the server said and wrote down.
    pub fn log(&self) -> String {
        let files = ["said.txt", "mainlog", "rejectlog", "paniclog"];
        let texts = files.map(|name| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default());
        texts.concat()
    }
}

impl Drop for MailServer {
    /// Ends it with all that it has started, before its folder goes: what is still written there would stay.
    fn drop(&mut self) {
        let group = self.child.id();
        signal(group, "KILL");
        let _ = self.child.wait();
        let began = Instant::now();
        while signal(group, "0") && began.elapsed() < END_TIME_MAX {
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

/// Sends a signal to every process of a group; whether there is one.
fn signal(group: u32, name: &str) -> bool {
    let mut kill = Command::new("sh");
    // The shell's own `kill`: the program of that name is not on every machine.
    kill.args([
        "-c",
        "kill -s \"$1\" -- \"-$2\" 2>/dev/null",
        "sh",
        name,
        &group.to_string(),
    ]);
    kill.status().is_ok_and(|status| status.success())
}

/// Everything that Exim needs to know; the rest of its defaults are off.
fn configuration(folder: &Path, starttls: u16, implicit: u16, user: u32, group: u32) -> String {
    let folder = folder.display();
    format!(
        r#"
exim_path = {folder}/exim
exim_user = {user}
exim_group = {group}
spool_directory = {folder}/spool
log_file_path = {folder}/%slog
pid_file_path = {folder}/pid
primary_hostname = mail.test
never_users =
deliver_drop_privilege = true
keep_environment =
local_interfaces = 127.0.0.1
daemon_smtp_ports = {starttls} : {implicit}
tls_on_connect_ports = {implicit}
tls_advertise_hosts = *
tls_certificate = {folder}/chain.pem
tls_privatekey = {folder}/key.pem
auth_advertise_hosts = ${{if def:tls_in_cipher {{*}}{{}}}}
acl_smtp_rcpt = check_recipient
acl_smtp_data = accept
host_lookup =
rfc1413_hosts =
smtp_accept_max = 50

begin acl
check_recipient:
  deny
    message = no such mailbox here
    condition = ${{if eq{{$local_part}}{{nobody}}}}
  deny
    message = log in first
    !authenticated = *
  accept

begin routers
everybody:
  driver = accept
  transport = box

begin transports
box:
  driver = appendfile
  directory = {folder}/box
  maildir_format
  create_directory
  envelope_to_add
  return_path_add
  user = {user}
  group = {group}

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if eq{{$auth3}}{{${{lookup{{$auth2}}lsearch{{{folder}/login}}}}}}}}
  server_set_id = $auth2
"#
    )
}

/// A port that was free a moment ago.
fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

//! What the suite needs on the machine besides Rust, Node and a C compiler: found, installed, or named.
//!
//! Invariant: a missing tool ends in an installed tool or in the exact command that installs it.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{command, tree};

const NODE_MAJOR_MIN: u32 = 20;

/// Something that must be there before a step runs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Tool {
    /// A C compiler: SQLite is compiled into the binary.
    C,
    /// Node.js and npm.
    Node,
    /// Python with `venv` and pip inside it.
    Python,
    /// A Chromium for the browser tests.
    Chromium,
    /// A font with Chinese characters, without which pages are measured with boxes.
    ChineseFont,
    /// PostgreSQL's server and its programs; tests start their own.
    Postgres,
    /// A real mail server; tests start their own.
    Mail,
    /// A PKCS#11 token in software; tests have tokens of their own.
    Token,
    /// What others verify our evidence with; a time-stamp authority of the tests' own.
    Openssl,
}

impl Tool {
    /// The Debian packages that bring it; none when it must come from elsewhere.
    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::C => &["gcc", "libc6-dev"],
            Self::Node => &[],
            Self::Python => &["python3", "python3-venv", "python3-pip"],
            Self::Chromium => &["chromium"],
            Self::ChineseFont => &["fonts-noto-cjk"],
            Self::Postgres => &["postgresql"],
            Self::Mail => &["exim4-daemon-light"],
            Self::Token => &["softhsm2"],
            Self::Openssl => &["openssl", "xxd"],
        }
    }

    fn is_present(self) -> bool {
        match self {
            Self::C => ["cc", "gcc", "clang"]
                .iter()
                .any(|name| command::find(name).is_some()),
            Self::Node => {
                command::find("npm").is_some() && node_major().is_some_and(|major| major >= NODE_MAJOR_MIN)
            }
            Self::Python => command::succeeds(Command::new("python3").args(["-c", "import venv, ensurepip"])),
            Self::Chromium => chromium().is_some(),
            Self::ChineseFont => has_chinese_font(),
            Self::Postgres => has_postgres(),
            Self::Mail => has_mail(),
            Self::Token => command::find("softhsm2-util").is_some(),
            Self::Openssl => ["bash", "openssl", "xxd"]
                .iter()
                .all(|name| command::find(name).is_some()),
        }
    }
}

/// The browser for the browser tests: the variable CHROMIUM, or one on the search path.
pub fn chromium() -> Option<std::path::PathBuf> {
    let named = std::env::var_os("CHROMIUM")
        .map(std::path::PathBuf::from)
        .filter(|path| path.is_file());
    named.or_else(|| {
        ["chromium", "chromium-browser", "google-chrome"]
            .iter()
            .find_map(|name| command::find(name))
    })
}

/// Makes sure that everything in `tools` is there.
///
/// # Errors
/// Something is missing and cannot be installed here; the message says how to install it.
pub fn provide(tools: &[Tool]) -> Result<()> {
    let missing: Vec<Tool> = tools.iter().copied().filter(|tool| !tool.is_present()).collect();
    if missing.is_empty() {
        println!("here: {tools:?}");
        return Ok(());
    }
    if missing.contains(&Tool::Node) {
        bail!("Node.js {NODE_MAJOR_MIN} or newer with npm is missing: see https://nodejs.org/en/download");
    }
    let packages: Vec<&str> = missing.iter().flat_map(|tool| tool.packages()).copied().collect();
    if !may_install() {
        let packages = packages.join(" ");
        bail!(
            "missing: {missing:?}. On Debian or Ubuntu, run:\n\
             sudo apt-get update && sudo apt-get install -y --no-install-recommends {packages}"
        );
    }
    if missing.contains(&Tool::Postgres) {
        want_no_cluster()?;
    }
    if missing.contains(&Tool::Mail) {
        want_no_daemon()?;
    }
    command::run(apt_get().arg("update"))?;
    command::run(
        apt_get()
            .args(["install", "-y", "--no-install-recommends"])
            .args(&packages),
    )?;
    let still: Vec<Tool> = missing.into_iter().filter(|tool| !tool.is_present()).collect();
    if !still.is_empty() {
        bail!("installed {}, yet still missing: {still:?}", packages.join(" "));
    }
    Ok(())
}

fn apt_get() -> Command {
    let mut command = command::program("apt-get", tree::root());
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn may_install() -> bool {
    let is_root = command::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    is_root && command::find("apt-get").is_some()
}

fn node_major() -> Option<u32> {
    let version = command::output(Command::new("node").arg("--version")).ok()?;
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn has_chinese_font() -> bool {
    let listed = command::output(Command::new("fc-list").arg(":lang=zh-cn"));
    match listed {
        Ok(list) => !list.trim().is_empty(),
        Err(_) => Path::new("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc").is_file(),
    }
}

/// As `tests/postgres` looks for it: below Debian's folder, else on the search path.
fn has_postgres() -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut folders = versions.map(|version| version.path().join("bin"));
    let is_whole = |folder: &Path| {
        ["postgres", "psql"]
            .iter()
            .all(|name| folder.join(name).is_file())
    };
    folders.any(|folder| is_whole(&folder)) || command::find("postgres").is_some()
}

/// As `tests/mail` looks for it.
fn has_mail() -> bool {
    Path::new("/usr/sbin/exim4").is_file()
}

/// Debian makes and starts a server with the package, unless it was told before that nobody wants one.
fn want_no_cluster() -> Result<()> {
    let told = Path::new("/etc/postgresql-common/createcluster.conf");
    if !told.exists() {
        std::fs::create_dir_all("/etc/postgresql-common")?;
        std::fs::write(told, "create_main_cluster = false\n")?;
    }
    Ok(())
}

/// The same for a mail server. One that is here already would be removed for it, and that is not ours to do.
fn want_no_daemon() -> Result<()> {
    if Path::new("/usr/sbin/sendmail").exists() {
        bail!(
            "the tests need Exim, and this machine has another mail server, which it would replace: run them in a \
             container, or first: apt-get install -y --no-install-recommends exim4-daemon-light"
        );
    }
    let told = Path::new("/etc/default/exim4");
    if !told.exists() {
        std::fs::write(told, "QUEUERUNNER='nodaemon'\n")?;
    }
    Ok(())
}

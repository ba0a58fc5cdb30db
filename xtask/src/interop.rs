//! The codec against other people's codecs: pyiso8583 in Python and iso_8583 in Node.js.
//!
//! Invariant: the packages that are compared with have fixed versions and live in the target folder or in
//! `tests/interop/node_modules`, never on the machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{command, tree, web};

/// The codec in Python that ours is compared with.
pub const PYISO8583: &str = "pyiso8583==4.0.1";
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

/// Runs both comparisons.
///
/// # Errors
/// A package cannot be installed, or two codecs disagree.
pub fn run() -> Result<()> {
    let folder = tree::root().join("tests/interop");
    let build = ["build", "--package", "iso8583", "--example", "ascii_interop"];
    command::run(command::cargo().current_dir(tree::root()).args(build))?;
    let ours = tree::target()?.join("debug/examples/ascii_interop");
    let python = python(&tree::target()?.join("interop-venv"), PYISO8583)?;
    for script in ["ascii.py", "unionpay.py"] {
        command::run(
            Command::new(&python)
                .arg(folder.join(script))
                .env("ASCII_INTEROP", &ours),
        )?;
    }
    web::install(&folder)?;
    command::run(
        command::program("node", &folder)
            .arg("ascii.mjs")
            .env("ASCII_INTEROP", &ours),
    )
}

/// Schemathesis, which tries the API against its document; installed when it is not there yet.
///
/// # Errors
/// As [`python`].
pub fn schemathesis() -> Result<PathBuf> {
    let environment = tree::target()?.join("contract-venv");
    python(&environment, SCHEMATHESIS)?;
    Ok(environment.join("bin/schemathesis"))
}

/// The Python of a virtual environment that has this package; made when it is not there yet.
///
/// # Errors
/// There is no Python, or the package cannot be installed.
pub fn python(environment: &Path, package: &str) -> Result<PathBuf> {
    let python = environment.join("bin/python");
    let wanted = environment.join("installed.txt");
    if std::fs::read_to_string(&wanted).is_ok_and(|installed| installed == package) {
        return Ok(python);
    }
    command::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(environment),
    )?;
    command::run(Command::new(&python).args(["-m", "pip", "install", "--quiet", package]))?;
    std::fs::write(&wanted, package).context("cannot note what is installed")?;
    Ok(python)
}

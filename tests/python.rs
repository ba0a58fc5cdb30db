//! A terminal that shares no code with ours: `python/terminal.py`, with pyiso8583 and PyCryptodome.
//!
//! `TILLGUARD_PYTHON` names a Python that has both; otherwise one is made in the target folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tests::binary;

const PACKAGES: [&str; 2] = ["pyiso8583==4.0.1", "pycryptodome==3.23.0"];

#[test]
fn a_terminal_of_other_peoples_code_sells_is_lost_and_stays_refused() -> Result<()> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/terminal.py");
    let status = Command::new(python()?)
        .arg(script)
        .env("TILLGUARD_DEMO_BIN", binary()?)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .status()?;
    ensure!(status.success(), "terminal.py: {status}");
    Ok(())
}

fn python() -> Result<PathBuf> {
    if let Some(python) = std::env::var_os("TILLGUARD_PYTHON") {
        return Ok(python.into());
    }
    let test = std::env::current_exe()?;
    let target = test.ancestors().nth(3).context("a test in no target folder")?;
    let environment = target.join("python-terminal-venv");
    let (python, note) = (environment.join("bin/python"), environment.join("installed.txt"));
    let wanted = PACKAGES.join(" ");
    if std::fs::read_to_string(&note).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&environment))?;
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet"])
        .args(PACKAGES))?;
    std::fs::write(note, wanted)?;
    Ok(python)
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}

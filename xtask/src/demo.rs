//! `cargo xtask demo`: from a fresh clone to a running demo in one command.
//!
//! Invariant: what runs was built from the sources as they stand now.

use anyhow::Result;

use crate::{bench, command};

/// Builds the pages and the server, then becomes `tillguard demo` with `args`.
///
/// # Errors
/// A tool is missing, a build fails, or the server cannot be started.
pub fn run(args: &[String]) -> Result<()> {
    let args = args.strip_prefix(&["--".to_owned()]).unwrap_or(args);
    let mut demo = std::process::Command::new(bench::release()?);
    demo.arg("demo").args(args);
    become_program(demo)
}

/// The program takes our place, so that the terminal and its signals are its own.
#[cfg(unix)]
fn become_program(mut program: std::process::Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    command::flush();
    Err(anyhow::Error::from(program.exec()).context(format!("cannot start {:?}", program.get_program())))
}

#[cfg(not(unix))]
fn become_program(mut program: std::process::Command) -> Result<()> {
    command::run(&mut program)
}

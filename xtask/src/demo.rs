//! `cargo xtask demo` and `cargo xtask serve`: from a fresh clone to a running server in one command.
//!
//! Invariant: what runs was built from the sources as they stand now.

use std::process::Command;

use anyhow::{Context, Result};

use crate::{command, tree, web};

/// Builds the pages and the server, then becomes `tillguard-demo` with `args`.
///
/// # Errors
/// A tool is missing, a build fails, or the server cannot be started.
pub fn run(args: &[String]) -> Result<()> {
    // Passkeys take minutes of a processor to compile; the demo is there sooner without, and says so.
    become_program(build("demo", tree::DEMO, &["--no-default-features"])?, &[], args)
}

/// The same for `tillguard serve`.
///
/// # Errors
/// As [`run`].
pub fn serve(args: &[String]) -> Result<()> {
    become_program(build("server", tree::SERVER, &[])?, &["serve"], args)
}

/// Builds the pages and then the program, which holds them. In one go: what is compiled for some packages alone has other features,
/// and most of it would be compiled twice.
fn build(package: &str, program: &str, features: &[&str]) -> Result<Command> {
    web::build().context("the pages")?;
    let mut build = command::cargo();
    build
        .current_dir(tree::root())
        .args(["build", "--profile", "demo", "--package", package])
        .args(features);
    command::run(&mut build)?;
    Ok(Command::new(tree::target()?.join("demo").join(program)))
}

/// The program takes our place, so that the terminal and its signals are its own.
fn become_program(mut program: Command, first: &[&str], args: &[String]) -> Result<()> {
    program
        .args(first)
        .args(args.strip_prefix(&["--".to_owned()]).unwrap_or(args));
    exec(program)
}

#[cfg(unix)]
fn exec(mut program: Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    command::flush();
    Err(anyhow::Error::from(program.exec()).context(format!("cannot start {:?}", program.get_program())))
}

#[cfg(not(unix))]
fn exec(mut program: Command) -> Result<()> {
    command::run(&mut program)
}

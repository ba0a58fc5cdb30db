//! `cargo xtask demo` and `cargo xtask serve`: from a fresh clone to a running server in one command.
//!
//! Invariant: what runs was built from the sources as they stand now.

use std::process::Command;

use anyhow::{Context, Result, anyhow};

use crate::{command, tree, web};

/// What the program is made of and needs no pages for.
const WITHOUT_PAGES: [&str; 2] = ["api", "simulator"];

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

/// The pages are made while most of the program is compiled; only its last part holds them.
fn build(package: &str, program: &str, features: &[&str]) -> Result<Command> {
    std::thread::scope(|scope| {
        let pages = scope.spawn(web::build);
        let compiled = compile(&WITHOUT_PAGES, features);
        pages
            .join()
            .map_err(|_| anyhow!("building the pages panicked"))?
            .context("the pages")?;
        compiled
    })?;
    compile(&[package], features)?;
    Ok(Command::new(tree::target()?.join("demo").join(program)))
}

fn compile(packages: &[&str], features: &[&str]) -> Result<()> {
    let mut build = command::cargo();
    build
        .current_dir(tree::root())
        .args(["build", "--profile", "demo"]);
    for package in packages {
        build.args(["--package", package]);
    }
    build.args(features);
    command::run(&mut build)
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

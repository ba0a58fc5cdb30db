//! `cargo xtask demo`: from a fresh clone to a running demo in one command.
//!
//! Invariant: what runs was built from the sources as they stand now.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};

use crate::{command, tree, web};

/// What the program is made of and needs no pages for.
const WITHOUT_PAGES: [&str; 2] = ["api", "simulator"];

/// Builds the pages and the server, then becomes `tillguard-demo` with `args`.
///
/// # Errors
/// A tool is missing, a build fails, or the server cannot be started.
pub fn run(args: &[String]) -> Result<()> {
    let args = args.strip_prefix(&["--".to_owned()]).unwrap_or(args);
    let mut demo = std::process::Command::new(build()?);
    demo.args(args);
    become_program(demo)
}

/// The pages are made while most of the program is compiled; only its last part holds them.
fn build() -> Result<PathBuf> {
    std::thread::scope(|scope| {
        let pages = scope.spawn(web::build);
        let compiled = compile(&WITHOUT_PAGES);
        pages
            .join()
            .map_err(|_| anyhow!("building the pages panicked"))?
            .context("the pages")?;
        compiled
    })?;
    compile(&["demo"])?;
    Ok(tree::target()?.join("demo").join(tree::DEMO))
}

fn compile(packages: &[&str]) -> Result<()> {
    let mut build = command::cargo();
    build
        .current_dir(tree::root())
        .args(["build", "--profile", "demo"]);
    for package in packages {
        build.args(["--package", package]);
    }
    command::run(&mut build)
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

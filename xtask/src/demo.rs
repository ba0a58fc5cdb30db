//! `cargo xtask demo` and `cargo xtask serve`: from a fresh clone to a running server in one command.
//!
//! Invariant: what runs was built from the sources as they stand now.

use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::{command, tree, web};

/// Builds the pages and the server, then becomes `tillguard-demo` with `args`.
///
/// # Errors
/// A tool is missing, a build fails, or the server cannot be started.
pub fn run(args: &[String]) -> Result<()> {
    // Passkeys take minutes of a processor to compile; the demo is there sooner without, and says so.
    let demo = build("demo", tree::DEMO, &["--no-default-features"])?;
    build_renderer()?;
    become_program(demo, &[], args)
}

/// The same for `tillguard serve`.
///
/// # Errors
/// As [`run`].
pub fn serve(args: &[String]) -> Result<()> {
    let server = build("server", tree::SERVER, &[])?;
    build_renderer()?;
    become_program(server, &["serve"], args)
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

/// Begins to build what sets documents, beside the server, and waits for nothing: it takes minutes, and until it is there the server
/// says that documents are not ready. Ended with the server by the terminal's interrupt.
fn build_renderer() -> Result<()> {
    let build = ["build", "--quiet", "--profile", "demo", "--package", "documents"];
    let cargo = command::cargo();
    // Behind everything that somebody waits for.
    let mut renderer = match command::find("nice") {
        Some(nice) => {
            let mut polite = Command::new(nice);
            polite.arg(cargo.get_program());
            polite
        }
        None => cargo,
    };
    renderer.current_dir(tree::root()).args(build);
    renderer
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .context("the program that sets documents cannot be built")?;
    Ok(())
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

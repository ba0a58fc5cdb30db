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
/// says that documents are not ready. It is ended with us, however we end.
fn build_renderer() -> Result<()> {
    // Yesterday's would set documents meanwhile. Where it is not there, there is nothing to remove.
    let _removed = std::fs::remove_file(tree::target()?.join("demo").join(tree::RENDERER));
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
    renderer.args(build);
    let begun = ended_with_us(&renderer).current_dir(tree::root()).status();
    begun.context("the program that sets documents cannot be built")?;
    Ok(())
}

/// Runs `"$@"` and looks each second whether it and our process still are; then ends all that it began. The shell itself ends at
/// once, so that nothing is left for the program that takes our place to wait for.
#[cfg(unix)]
const WATCHED: &str =
    r#"{ "$@" & while kill -0 $! && kill -0 $PPID; do sleep 1; done; kill -s TERM 0; } >/dev/null 2>&1 &"#;

/// The command in the background, in a process group of its own. `exec` keeps our number: it is ended with what takes our place.
#[cfg(unix)]
fn ended_with_us(command: &Command) -> Command {
    use std::os::unix::process::CommandExt;
    let mut watched = Command::new("sh");
    watched.args(["-c", WATCHED, "sh"]);
    watched.arg(command.get_program()).args(command.get_args());
    watched.stdin(Stdio::null()).process_group(0);
    watched
}

/// Without process groups it is built before the server starts.
#[cfg(not(unix))]
fn ended_with_us(command: &Command) -> Command {
    let mut build = Command::new(command.get_program());
    build.args(command.get_args());
    build
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

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::path::Path;
    use std::time::{Duration, Instant};

    use super::*;

    fn until(what: &str, is_so: impl Fn() -> bool) {
        let started_at = Instant::now();
        while !is_so() {
            assert!(started_at.elapsed() < Duration::from_secs(30), "{what}");
            std::thread::yield_now();
        }
    }

    fn is_running(pid: &str) -> bool {
        Command::new("kill")
            .args(["-0", pid.trim()])
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
    }

    /// One that stands for us: begins what is watched, and then is something else.
    fn beginner(folder: &Path) -> std::process::Child {
        let pid = folder.join("pid");
        let long = format!(
            "echo $$ > {}.new; mv {}.new {}; exec sleep 600",
            pid.display(),
            pid.display(),
            pid.display()
        );
        let mut watched = Command::new("sh");
        watched.args(["-c", &long]);
        let watched = ended_with_us(&watched);
        let mut us = Command::new("sh");
        us.args(["-c", r#""$@"; exec sleep 600"#, "us"])
            .arg(watched.get_program())
            .args(watched.get_args());
        // What is ended is all of a group.
        us.process_group(0).spawn().unwrap()
    }

    #[test]
    fn what_is_built_beside_the_server_is_ended_with_it_and_is_no_child_of_it() {
        let folder = std::env::temp_dir().join(format!("tillguard-beside-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut us = beginner(&folder);
        let file = folder.join("pid");
        until("it begins", || file.is_file());
        let pid = std::fs::read_to_string(&file).unwrap();
        assert!(is_running(&pid));
        let ours = us.id().to_string();
        let children = || {
            Command::new("ps")
                .args(["-o", "pid=", "--ppid", &ours])
                .output()
                .unwrap()
                .stdout
        };
        until("it is nobody's child, and so no zombie one day", || {
            children().is_empty()
        });
        us.kill().unwrap();
        us.wait().unwrap();
        until("it is ended", || !is_running(&pid));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

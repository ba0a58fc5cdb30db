//! Running the programs that tests are compiled to: one after another, but end-to-end ones two at a time, because they mostly wait.
//!
//! Invariant: every program is run once, whatever came of the others, and what it says stands in one piece.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{command, tree};

/// End-to-end tests of how soon something happens: nothing runs beside them.
const BY_THEMSELVES: [&str; 4] = ["flood", "in_flight", "nodes", "promise"];
/// The package of end-to-end tests.
const END_TO_END: &str = "tests";
/// Programs under way at once.
const AT_ONCE: usize = 2;

/// A program of tests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Program {
    /// The folder of its package.
    folder: PathBuf,
    /// Of integration tests, not of what is in `src`.
    is_outside: bool,
    name: String,
    path: PathBuf,
}

impl Program {
    /// One that cargo says it made; `None` for whatever else it says.
    fn read(line: &str) -> Option<Self> {
        let said: Value = serde_json::from_str(line).ok()?;
        let is_test = said["profile"]["test"].as_bool()?;
        let folder = Path::new(said["manifest_path"].as_str()?).parent()?;
        is_test.then_some(Self {
            folder: folder.to_owned(),
            is_outside: said["target"]["kind"]
                .as_array()?
                .iter()
                .any(|kind| kind == "test"),
            name: said["target"]["name"].as_str()?.to_owned(),
            path: said["executable"].as_str()?.into(),
        })
    }

    fn is_end_to_end(&self) -> bool {
        self.is_outside && self.folder.file_name().is_some_and(|name| name == END_TO_END)
    }

    fn waits(&self) -> bool {
        self.is_end_to_end() && !BY_THEMSELVES.contains(&self.name.as_str())
    }

    /// As cargo would start it.
    fn command(&self, env: &[(&str, OsString)]) -> Command {
        let mut command = command::program(&self.path, &self.folder);
        command.env("CARGO_MANIFEST_DIR", &self.folder);
        for (name, value) in env {
            command.env(name, value);
        }
        command
    }

    fn title(&self) -> String {
        let package = self.folder.strip_prefix(tree::root()).unwrap_or(&self.folder);
        format!("{}: {}", package.display(), self.name)
    }
}

/// Runs all tests of the workspace, which are compiled already or are now.
///
/// # Errors
/// Something does not compile, or a test fails; then which programs.
pub fn run(env: &[(&str, OsString)]) -> Result<()> {
    let mut build = command::cargo();
    build
        .current_dir(tree::root())
        .args(["test", "--workspace", "--no-run", "--message-format=json"]);
    let said = command::output(&mut build)?;
    let mut programs: Vec<Program> = said.lines().filter_map(Program::read).collect();
    programs.sort();
    let (waiting, others): (Vec<_>, Vec<_>) = programs.into_iter().partition(Program::waits);
    let mut failed = Vec::new();
    for program in others {
        println!("\n     Running {}", program.title());
        command::flush();
        let status = program.command(env).status();
        if !status.with_context(|| program.title())?.success() {
            failed.push(program.title());
        }
    }
    failed.extend(side_by_side(waiting, env)?);
    let mut doc = command::cargo();
    doc.current_dir(tree::root())
        .args(["test", "--workspace", "--doc", "--quiet"]);
    command::run(&mut doc)?;
    match failed.is_empty() {
        true => Ok(()),
        false => bail!("tests failed in {}", failed.join(", ")),
    }
}

/// Runs some, two at a time; answers those that failed.
fn side_by_side(programs: Vec<Program>, env: &[(&str, OsString)]) -> Result<Vec<String>> {
    let waiting = Mutex::new(VecDeque::from(programs));
    let failed = Mutex::new(Vec::new());
    let work = || -> Result<()> {
        loop {
            let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some(program) = next else { return Ok(()) };
            let began = Instant::now();
            let output = program.command(env).output();
            let output = output.with_context(|| program.title())?;
            let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
            println!(
                "\n     Ran {} in {:.1} s\n{}{}",
                program.title(),
                began.elapsed().as_secs_f64(),
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            command::flush();
            if !output.status.success() {
                failed.push(program.title());
            }
        }
    };
    let done: Vec<Result<()>> = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        let join = |lane: std::thread::ScopedJoinHandle<'_, Result<()>>| {
            lane.join().unwrap_or_else(|_| bail!("a lane of tests panicked"))
        };
        lanes.into_iter().map(join).collect()
    });
    done.into_iter().collect::<Result<Vec<_>>>()?;
    Ok(failed.into_inner().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(folder: &str, kind: &str, name: &str, test: bool) -> String {
        serde_json::json!({
            "reason": "compiler-artifact",
            "manifest_path": format!("/till/{folder}/Cargo.toml"),
            "target": { "kind": [kind], "name": name },
            "profile": { "test": test },
            "executable": format!("/till/target/{name}"),
        })
        .to_string()
    }

    #[test]
    fn what_cargo_made_is_told_from_what_else_it_says() {
        let waits = |line: &str| Program::read(line).map(|program| (program.name.clone(), program.waits()));
        assert_eq!(
            waits(&said("tests", "test", "pack", true)),
            Some(("pack".into(), true))
        );
        assert_eq!(
            waits(&said("tests", "test", "flood", true)),
            Some(("flood".into(), false))
        );
        assert_eq!(
            waits(&said("tests", "lib", "tests", true)),
            Some(("tests".into(), false))
        );
        assert_eq!(
            waits(&said("crates/store", "test", "locking", true)),
            Some(("locking".into(), false))
        );
        assert_eq!(waits(&said("crates/demo", "bin", "tillguard-demo", false)), None);
        assert_eq!(waits(r#"{"reason":"build-finished","success":true}"#), None);
        assert_eq!(waits("warning: no JSON"), None);
    }

    #[test]
    fn who_runs_alone_is_there() {
        let all = std::fs::read_to_string(tree::root().join("tests/Cargo.toml")).unwrap();
        for name in BY_THEMSELVES {
            assert!(all.contains(&format!("name = \"{name}\"")), "{name}");
        }
    }
}

//! `cargo xtask simulate`: the deterministic simulation, built with its planted bugs apart from everything else.
//!
//! Invariant: the features of the simulation are never on in a build of the workspace, so no planted bug gets into the
//! binary.

use std::process::Command;

use anyhow::Result;

use crate::{command, tree};

/// Ours that a run spends its time in: optimised, ten thousand seeds take minutes; the rest is optimised in any case.
const OPTIMISED: [&str; 4] = ["domain", "store", "app", "simulator"];

/// Passes `args` on to the simulation.
///
/// # Errors
/// It found something, or cannot be built.
pub fn run(args: &[String]) -> Result<()> {
    let mut simulate = cargo("run");
    simulate.args(["--quiet", "-p", "simulator", "--features", "deterministic"]);
    command::run(simulate.args(["--bin", "simulate", "--"]).args(args))
}

/// Some hundred seeds, every planted bug, and the tests of the simulation itself.
///
/// # Errors
/// A seed found something, or a planted bug was not found.
pub fn check() -> Result<()> {
    run(&["--suite".to_owned()])?;
    let mut tests = cargo("test");
    tests.args(["--quiet", "-p", "simulator", "-p", "store"]);
    tests.args(["--features", "simulator/deterministic,store/stage", "--lib"]);
    command::run(tests.args(["--", "deterministic::", "stage::"]))
}

fn cargo(verb: &str) -> Command {
    let mut cargo = command::cargo();
    cargo.current_dir(tree::root()).arg(verb);
    for package in OPTIMISED {
        let level = format!("profile.dev.package.{package}.opt-level=2");
        cargo.arg("--config").arg(level);
    }
    cargo
}

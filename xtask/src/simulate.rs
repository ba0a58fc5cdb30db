//! `cargo xtask simulate`: the deterministic simulation, built with its planted bugs apart from everything else.
//!
//! Invariant: the features of the simulation are never on in a build of the workspace, so no planted bug gets into the
//! binary.

use std::process::Command;

use anyhow::Result;

use crate::{command, tree};

/// Ours that a run spends its time in: optimised, ten thousand seeds take minutes; the rest is optimised in any case.
const OPTIMISED: [&str; 4] = ["domain", "store", "app", "simulator"];
/// What the suite is made of: one set of features for its program and its tests, so that nothing is compiled twice.
pub const SUITE: [&str; 6] = [
    "-p",
    "simulator",
    "-p",
    "store",
    "--features",
    "simulator/deterministic,store/stage",
];

/// Passes `args` on to the simulation.
///
/// # Errors
/// It found something, or cannot be built.
pub fn run(args: &[String]) -> Result<()> {
    let mut simulate = cargo("run");
    for package in OPTIMISED {
        let level = format!("profile.dev.package.{package}.opt-level=2");
        simulate.arg("--config").arg(level);
    }
    simulate.args(["--quiet", "-p", "simulator", "--features", "deterministic"]);
    command::run(simulate.args(["--bin", "simulate", "--"]).args(args))
}

/// Some hundred seeds, every planted bug, and the tests of the simulation itself; not optimised, which takes longer than it saves.
///
/// # Errors
/// A seed found something, or a planted bug was not found.
pub fn check() -> Result<()> {
    command::run(
        cargo("build")
            .arg("--quiet")
            .args(SUITE)
            .args(["--bin", "simulate"]),
    )?;
    let program = tree::program("simulate")?;
    command::run(command::program(&program, tree::root()).arg("--suite"))?;
    let mut tests = cargo("test");
    tests.arg("--quiet").args(SUITE);
    command::run(tests.args(["--lib", "--", "deterministic::", "stage::"]))
}

fn cargo(verb: &str) -> Command {
    let mut cargo = command::cargo();
    cargo.current_dir(tree::root()).arg(verb);
    cargo
}

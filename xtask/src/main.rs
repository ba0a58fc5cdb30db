//! `cargo xtask …`: the chores of the project as plain programs, so that nobody has to remember them.
//!
//! May touch: the working tree, the target folder, and the programs it starts (cargo, npm, python3, apt-get).
//! Never part of what is shipped.
//!
//! Invariant: everything a change must pass before it is merged is reached by `cargo xtask test`.

mod bench;
mod command;
mod demo;
mod interop;
mod licences;
mod needs;
mod openapi;
mod programs;
mod simulate;
mod steps;
mod suite;
mod tidy;
mod tree;
mod web;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  demo [-- ARGS]                 build the pages and the server, then run `tillguard-demo ARGS`
  serve -- --data DIR            build the pages and the server, then run `tillguard serve --data DIR`
  test [--with NAME] [FILTER]    run every check and test; FILTER is a step's name, or else a test's
  ci                             the same as `test`
  bench peers                    our codec beside other people's
  bench WHAT ARGS                `tillguard-demo bench WHAT ARGS` on a release build
  simulate [--seeds N] [--from SEED] [--canary NAME] [--log SEED] [--suite]
                                 run seeds of the deterministic simulation (docs/TESTING.md)
  tidy                           check the rules of the house: imports, sizes, words, twin documents
  licences                       check the licence of every dependency against deny.toml
  sample-pack                    make docs/sample-pack anew, by the server
  openapi                        write docs/openapi.json and the typed client made from it
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    run(&args).unwrap_or_else(|error| {
        eprintln!("{error:#}");
        ExitCode::FAILURE
    })
}

fn run(args: &[String]) -> Result<ExitCode> {
    let (command, rest) = args
        .split_first()
        .map_or(("help", args), |(command, rest)| (command.as_str(), rest));
    match command {
        "demo" => demo::run(rest)?,
        "serve" => demo::serve(rest)?,
        "test" | "ci" => return suite::run(&suite::Selection::parse(rest)?),
        "bench" => bench::run(rest)?,
        "tidy" => tidy::run()?,
        "licences" => licences::run()?,
        "openapi" => openapi::write()?,
        "sample-pack" => suite::sample_pack()?,
        "simulate" => simulate::run(rest)?,
        "help" | "--help" | "-h" => print!("{USAGE}"),
        other => bail!("no such command: {other}\n\n{USAGE}"),
    }
    Ok(ExitCode::SUCCESS)
}

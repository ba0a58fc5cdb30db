//! `cargo xtask test`: which steps there are, in which order, and which of them a caller asked for.
//!
//! Invariant: with no argument every step runs that is not optional.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

use crate::needs::{self, Tool};
use crate::steps::{self, Step};
use crate::{command, interop, licences, openapi, programs, simulate, tidy, tree, web};

/// What the caller asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Optional steps to add, by name.
    with: Vec<String>,
    /// A step's name, or else words passed to `cargo test`.
    filter: Option<String>,
}

impl Selection {
    /// Reads `[--with NAME]… [FILTER]`.
    ///
    /// # Errors
    /// An unknown option, an unknown optional step, or a second filter.
    pub fn parse(args: &[String]) -> Result<Self> {
        let mut selection = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--with" => match args.next() {
                    Some(name) if OPTIONAL.iter().any(|step| step.name == name) => {
                        selection.with.push(name.clone())
                    }
                    _ => bail!("--with takes one of: {}", names(&OPTIONAL)),
                },
                option if option.starts_with('-') => bail!("no such option: {option}"),
                _ if selection.filter.is_some() => bail!("one filter at a time, please"),
                filter => selection.filter = Some(filter.to_owned()),
            }
        }
        Ok(selection)
    }
}

/// Fast ones first. The pages stand before the Rust code because the binary holds them.
const STEPS: [Step; 12] = [
    Step {
        name: "tidy",
        needs: &[],
        is_foundation: false,
        run: tidy::run,
    },
    Step {
        name: "licences",
        needs: &[],
        is_foundation: false,
        run: licences::run,
    },
    Step {
        name: "format",
        needs: &[],
        is_foundation: false,
        run: format,
    },
    Step {
        name: "web",
        needs: &[Tool::Node],
        is_foundation: true,
        run: web::check,
    },
    Step {
        name: "clippy",
        needs: &[Tool::C],
        is_foundation: false,
        run: clippy,
    },
    Step {
        name: "build",
        needs: &[Tool::C],
        is_foundation: true,
        run: build,
    },
    Step {
        name: "openapi",
        needs: &[Tool::Node],
        is_foundation: false,
        run: openapi::check,
    },
    Step {
        name: "cargo-test",
        needs: &[Tool::C, Tool::Postgres, Tool::Mail, Tool::Token, Tool::Openssl],
        is_foundation: false,
        run: cargo_test,
    },
    Step {
        name: "simulate",
        needs: &[Tool::C],
        is_foundation: false,
        run: simulate::check,
    },
    Step {
        name: "interop",
        needs: &[Tool::Python, Tool::Node],
        is_foundation: false,
        run: interop::run,
    },
    Step {
        name: "contract",
        needs: &[Tool::C, Tool::Python],
        is_foundation: false,
        run: contract,
    },
    Step {
        name: "browser",
        needs: &[Tool::Node, Tool::Chromium, Tool::ChineseFont, Tool::Mail],
        is_foundation: false,
        run: browser,
    },
];

/// Steps that are run only when asked for, by `--with` or alone by name.
const OPTIONAL: [Step; 2] = [
    Step {
        name: "failover",
        needs: &[Tool::C, Tool::Postgres],
        is_foundation: false,
        run: failover,
    },
    Step {
        name: "ignored",
        needs: &[Tool::C, Tool::Postgres],
        is_foundation: false,
        run: ignored_tests,
    },
];

/// Runs the selected steps, what they need first: failure when one of them failed.
///
/// # Errors
/// The filter is no step's name, and the tests it names fail.
pub fn run(selection: &Selection) -> Result<ExitCode> {
    let chosen = chosen(selection);
    if let Some(filter) = &selection.filter
        && chosen.iter().all(|step| step.name != filter)
    {
        tests_named(filter)?;
        if chosen.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
    }
    Ok(steps::run(&chosen))
}

/// The steps that are asked for; a filter that is the name of none leaves those added by `--with`.
fn chosen(selection: &Selection) -> Vec<Step> {
    let is_asked_for = |step: &Step| {
        let filter = selection.filter.as_deref() == Some(step.name);
        filter || selection.with.iter().any(|name| name == step.name)
    };
    let usual = STEPS
        .into_iter()
        .filter(|step| selection.filter.is_none() || is_asked_for(step));
    usual.chain(OPTIONAL.into_iter().filter(is_asked_for)).collect()
}

fn names(steps: &[Step]) -> String {
    steps.iter().map(|step| step.name).collect::<Vec<_>>().join(", ")
}

fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = command::cargo();
    cargo.current_dir(tree::root()).args(arguments);
    cargo
}

fn format() -> Result<()> {
    command::run(&mut cargo(&["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    let all = ["clippy", "--all-targets", "--quiet"];
    command::run(cargo(&all).args(["--workspace", "--", "-D", "warnings"]))?;
    // What no build of the workspace has, and the demo as a newcomer builds it.
    let demo = ["-p", "demo", "--no-default-features"];
    let mut others = cargo(&all);
    others.args(simulate::SUITE).args(demo);
    command::run(others.args(["--", "-D", "warnings"]))
}

/// Programs, examples and tests in one go, so that features are resolved once and nothing is compiled twice.
pub fn build() -> Result<()> {
    command::run(&mut cargo(&["build", "--workspace", "--all-targets"]))
}

/// Where the programs are that tests drive; all is built.
fn driven() -> Result<[(&'static str, OsString); 3]> {
    let canary = canary(tree::DEMO)?;
    build()?;
    Ok([
        ("TILLGUARD_DEMO_BIN", tree::program(tree::DEMO)?.into()),
        ("TILLGUARD_BIN", tree::program(tree::SERVER)?.into()),
        ("TILLGUARD_CANARY_BIN", canary.into()),
    ])
}

/// `cargo test` of some tests.
fn tests(arguments: &[&str]) -> Result<()> {
    let driven = driven()?;
    let mut tests = cargo(&["test", "--workspace"]);
    command::run(tests.args(arguments).envs(driven))
}

/// A program with planted bugs, which the tests must catch, and with a clock that a test may step. Both programs are made at once, for
/// all steps of a run: what they are made of is compiled anew before them, and after them. Made in the same target folder, so that
/// nothing they depend on is compiled twice, and put aside before [`build`] makes the real ones.
fn canary(program: &str) -> Result<PathBuf> {
    static ARE_MADE: OnceLock<()> = OnceLock::new();
    if ARE_MADE.get().is_none() {
        command::run(&mut cargo(&[
            "build",
            "--workspace",
            "--bin",
            tree::DEMO,
            "--bin",
            tree::SERVER,
            "--features",
            "demo/canary",
        ]))?;
        for program in [tree::DEMO, tree::SERVER] {
            std::fs::copy(tree::program(program)?, aside(program)?).context("cannot put the canary aside")?;
        }
        let _ = ARE_MADE.set(());
    }
    aside(program)
}

fn aside(program: &str) -> Result<PathBuf> {
    Ok(tree::target()?.join(format!("debug/{program}-canary")))
}

fn cargo_test() -> Result<()> {
    programs::run(&driven()?)
}

fn ignored_tests() -> Result<()> {
    // The contract's is a step of its own.
    tests(&[
        "--",
        "--ignored",
        "--skip",
        "every_answer_is_one_that_the_document_promises",
    ])
}

/// Two database servers and their failover: the tests with that in their name, which are ignored otherwise.
fn failover() -> Result<()> {
    tests(&["--", "--ignored", "failover"])
}

/// The API against its own document.
fn contract() -> Result<()> {
    build()?;
    let mut test = cargo(&["test", "--workspace", "--test", "contract"]);
    command::run(
        test.args(["--", "--ignored"])
            .env("TILLGUARD_SCHEMATHESIS", interop::schemathesis()?)
            .env("TILLGUARD_DEMO_BIN", tree::program(tree::DEMO)?),
    )
}

/// The evidence pack of the documentation, made by the server as a test asks it.
pub fn sample_pack() -> Result<()> {
    build()?;
    let mut test = cargo(&["test", "--workspace", "--test", "pack"]);
    command::run(
        test.args(["--", "each_pack_proves_itself"])
            .env("TILLGUARD_BIN", tree::program(tree::SERVER)?)
            .env("TILLGUARD_SAMPLE_PACK", "write"),
    )
}

fn tests_named(filter: &str) -> Result<()> {
    tests(&["--", filter])
}

fn browser_tests() -> PathBuf {
    tree::root().join("tests/browser")
}

fn browser() -> Result<()> {
    let folder = browser_tests();
    web::build()?;
    let canary = canary(tree::SERVER)?;
    build()?;
    web::install(&folder)?;
    let chromium = needs::chromium().context("no Chromium found")?;
    command::run(
        web::npm(&folder)
            .arg("test")
            .env("CHROMIUM", chromium)
            .env("TILLGUARD_BIN", tree::program(tree::SERVER)?)
            .env("TILLGUARD_CLOCK_BIN", canary)
            .env("TILLGUARD_MAIL_BIN", tree::program(tree::MAIL)?)
            .env("TILLGUARD_DEMO_BIN", tree::program(tree::DEMO)?),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Result<Selection> {
        Selection::parse(&words.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn selection_takes_options_and_one_filter_in_any_order() {
        let wanted = Selection {
            with: vec!["ignored".into()],
            filter: Some("interop".into()),
        };
        assert_eq!(parse("--with ignored interop").unwrap(), wanted);
        assert_eq!(parse("interop --with ignored").unwrap(), wanted);
    }

    #[test]
    fn steps_are_chosen_by_name_and_optional_ones_only_so() {
        let chosen = |words| names(&chosen(&parse(words).unwrap()));
        assert_eq!(chosen(""), names(&STEPS));
        assert_eq!(chosen("tidy"), "tidy");
        assert_eq!(chosen("failover"), "failover");
        assert_eq!(chosen("--with failover tidy"), "tidy, failover");
        assert_eq!(chosen("--with failover a_test"), "failover");
        assert_eq!(chosen("a_test"), "");
    }

    #[test]
    fn selection_refuses_what_it_does_not_know() {
        for words in ["--with", "--with nothing", "--without x", "one two"] {
            assert!(parse(words).is_err(), "{words}");
        }
    }
}

//! Running steps one after another: a heading, a duration, and a summary that ends with a plain line.
//!
//! Invariant: a failed step never hides a later one, unless the later ones cannot run without it.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::command;
use crate::needs::{self, Tool};

/// One step of the suite.
pub struct Step {
    /// How it is called on the command line and in the summary.
    pub name: &'static str,
    /// What must be installed for it.
    pub needs: &'static [Tool],
    /// When it fails, the rest cannot run.
    pub is_foundation: bool,
    /// What it does.
    pub run: fn() -> Result<()>,
}

struct Outcome {
    name: &'static str,
    took: Duration,
    error: Option<String>,
}

/// Provides what the steps need, runs them in order, and prints the summary: failure when one of them failed.
pub fn run(steps: &[Step]) -> ExitCode {
    let count = steps.len() + 1;
    let mut outcomes = vec![attempt(1, count, "needs", || {
        needs::provide(&union_of_needs(steps))
    })];
    for (index, step) in steps.iter().enumerate() {
        let previous_failed = outcomes.last().is_some_and(|outcome| outcome.error.is_some());
        let previous_is_foundation = index == 0 || steps[index - 1].is_foundation;
        if previous_failed && previous_is_foundation {
            break;
        }
        outcomes.push(attempt(index + 2, count, step.name, step.run));
    }
    summarise(&outcomes, count)
}

fn attempt(number: usize, count: usize, name: &'static str, work: impl FnOnce() -> Result<()>) -> Outcome {
    println!("\n=== {number}/{count} {name} ===");
    command::flush();
    let started_at = Instant::now();
    let error = work().err().map(|error| format!("{error:#}"));
    let outcome = Outcome {
        name,
        took: started_at.elapsed(),
        error,
    };
    match &outcome.error {
        None => println!("--- {name}: passed in {}", seconds(outcome.took)),
        Some(error) => println!("--- {name}: FAILED in {}\n{error}", seconds(outcome.took)),
    }
    outcome
}

fn union_of_needs(steps: &[Step]) -> Vec<Tool> {
    let mut tools: Vec<Tool> = steps.iter().flat_map(|step| step.needs).copied().collect();
    tools.sort();
    tools.dedup();
    tools
}

/// Ends with the counts on a line of their own: what a reader or a script looks for last.
fn summarise(outcomes: &[Outcome], wanted: usize) -> ExitCode {
    println!("\n=== summary ===");
    for outcome in outcomes {
        let word = if outcome.error.is_none() {
            "passed"
        } else {
            "FAILED"
        };
        println!("{word}  {:>8}  {}", seconds(outcome.took), outcome.name);
    }
    let not_run = wanted - outcomes.len();
    if not_run > 0 {
        println!("not run: {not_run}, because the last one failed and they need it");
    }
    let failed = outcomes.iter().filter(|outcome| outcome.error.is_some()).count();
    println!("{} passed, {failed} failed", outcomes.len() - failed);
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

//! `cargo xtask simulate`: runs seeds of the deterministic simulation, with or without a planted bug.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use simulator::deterministic::{Ground, suite};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<bool, String> {
    let (mut seeds, mut from, mut planted, mut one, mut flapping) = (1_000_u64, 1_u64, "", None, false);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        let number = |value: &String| value.parse().map_err(|_| format!("{value} is no number"));
        match arg.as_str() {
            "--seeds" => seeds = number(value()?)?,
            "--from" => from = number(value()?)?,
            "--flapping" => flapping = true,
            "--suite" => return suite::suite().map_err(|error| error.to_string()),
            "--log" => one = Some(number(value()?)?),
            "--canary" => {
                let name = value()?;
                let known = app::canary::NAMES.iter().find(|known| *known == name);
                planted = known.ok_or(format!("no such canary: {name}"))?;
            }
            other => return Err(format!("no such option: {other}")),
        }
    }
    let failed = |error: store::Error| error.to_string();
    if let Some(seed) = one {
        let outcome = Ground::new()
            .and_then(|ground| ground.flapping(flapping).run(seed, planted, true))
            .map_err(failed)?;
        let log = outcome.log.unwrap_or_default();
        // Whoever reads only the beginning has what they want.
        let _ = writeln!(std::io::stdout(), "{log}digest {:016x}", outcome.digest);
        return Ok(outcome.wrong.is_none());
    }
    let began = Instant::now();
    let summary = suite::seeds(from, seeds, planted, flapping).map_err(failed)?;
    for finding in summary.findings.iter().take(20) {
        println!("seed {}: {}", finding.seed, finding.wrong);
    }
    println!("{:?} in {:.1?}", summary.figures, began.elapsed());
    Ok(summary.findings.is_empty())
}

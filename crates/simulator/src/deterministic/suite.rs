//! Many seeds on every core, and the planted bugs that they must find.
//!
//! A bug too rare for the suite is in [`RARE`]; it is looked for by hand, in runs made for it.
//!
//! Invariant: which seeds are run, and what each comes to, depends on nothing but the arguments.

use std::sync::atomic::{AtomicU64, Ordering};

use store::Error;

use super::watch::Figures;
use super::{Ground, Outcome};

/// Seeds of the suite without a planted bug, at least.
const SEEDS: u64 = 400;
/// Seeds that may pass until a planted bug is found.
const CANARY_SEEDS_MAX: u64 = 8_000;
/// Planted bugs that take more seeds than the suite has time for.
pub const RARE: [&str; 1] = ["kept_over_rejoin"];

/// A run that went wrong.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Its seed.
    pub seed: u64,
    /// What was wrong.
    pub wrong: String,
}

/// What many runs came to.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// The wrong ones, lowest seed first.
    pub findings: Vec<Finding>,
    /// All runs' counts.
    pub figures: Figures,
}

/// Runs one seed twice, every planted bug until it is found, and the same seeds without it; prints what came of it and
/// answers whether all is well.
pub fn suite() -> Result<bool, Error> {
    let ground = Ground::new()?;
    let (first, second) = (ground.run(1, "", false)?, ground.run(1, "", false)?);
    let mut well = first.digest == second.digest;
    println!("one seed twice: {:016x}, {:016x}", first.digest, second.digest);
    let mut seeds_needed = SEEDS;
    for planted in app::canary::NAMES.iter().filter(|name| !RARE.contains(name)) {
        let found = seeds(1, CANARY_SEEDS_MAX, planted, false)?.findings;
        match found.first() {
            Some(Finding { seed, wrong }) => {
                println!("{planted}: found at seed {seed}: {wrong}");
                seeds_needed = seeds_needed.max(*seed);
            }
            None => {
                println!("{planted}: NOT FOUND in {CANARY_SEEDS_MAX} seeds");
                well = false;
            }
        }
    }
    let plain = seeds(1, seeds_needed, "", false)?;
    for Finding { seed, wrong } in &plain.findings {
        println!("seed {seed}: WRONG: {wrong}");
    }
    println!("{:?}", plain.figures);
    Ok(well && plain.findings.is_empty())
}

/// Runs `count` seeds from `from` on, on all cores; with a bug planted, stops soon after the first that finds it.
pub fn seeds(from: u64, count: u64, planted: &'static str, flapping: bool) -> Result<Summary, Error> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicU64::new(0);
    let run = || -> Result<Summary, Error> {
        let ground = Ground::new()?.flapping(flapping);
        let mut summary = Summary::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return Ok(summary);
            }
            let seed = from + number;
            let Outcome { wrong, figures, .. } = ground.run(seed, planted, false)?;
            summary.figures.add(&figures);
            if let Some(wrong) = wrong {
                summary.findings.push(Finding { seed, wrong });
                if !planted.is_empty() {
                    next.store(count, Ordering::Relaxed);
                }
            }
        }
    };
    let mut all = Summary::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(run)).collect();
        for worker in workers {
            let Ok(summary) = worker.join() else {
                return Err(Error::Panicked);
            };
            let summary = summary?;
            all.figures.add(&summary.figures);
            all.findings.extend(summary.findings);
        }
        Ok(())
    })?;
    all.findings.sort_by_key(|finding| finding.seed);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_is_one_run_byte_for_byte() {
        let ground = Ground::new().unwrap();
        for seed in [1, 7, 42] {
            let first = ground.run(seed, "", true).unwrap();
            // Another one in between leaves nothing behind.
            ground.run(seed + 1, "check_then_act", false).unwrap();
            let second = Ground::new().unwrap().run(seed, "", true).unwrap();
            assert_eq!(first.log, second.log, "seed {seed}");
            assert_eq!(first.digest, second.digest);
        }
    }

    #[test]
    fn what_many_cores_find_is_what_one_finds() {
        let found = seeds(1, 60, "check_then_act", false).unwrap().findings;
        let ground = Ground::new().unwrap();
        let alone = (1..=60).find(|seed| {
            ground
                .run(*seed, "check_then_act", false)
                .unwrap()
                .wrong
                .is_some()
        });
        assert_eq!(found.first().map(|finding| finding.seed), alone);
        assert!(alone.is_some());
    }
}

//! How long a terminal waits before it acts again.
//!
//! It touches nothing. Invariant: every wait is between a millisecond and ten mean pauses, or, after a refusal or a
//! failure, at most [`REFUSED_MS_MAX`] or [`FAILED_MS_MAX`].

use std::time::Duration;

use crate::chance::Chance;

const REFUSED_MS_MIN: u64 = 6_000;
const REFUSED_MS_MAX: u64 = 15_000;
const FAILED_MS_MIN: u64 = 500;
const FAILED_MS_MAX: u64 = 30_000;

/// What came of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// An answer that concerns the card or is an approval.
    Answered,
    /// The terminal itself is refused.
    Refused,
    /// No usable answer.
    Failed,
}

#[derive(Debug)]
pub(super) struct Pace {
    mean_ms: f64,
    chance: Chance,
    failures: u32,
}

impl Pace {
    pub fn new(mean_ms: f64, chance: Chance) -> Pace {
        Pace {
            mean_ms,
            chance,
            failures: 0,
        }
    }

    /// The wait before the first act, so that terminals do not sign in all at once.
    pub fn first(&mut self) -> Duration {
        Duration::from_millis(self.chance.between(0, (self.mean_ms as u64).min(5_000)))
    }

    /// The wait after an act: random around the mean, long after a refusal, doubling with each failure in a row.
    pub fn wait(&mut self, after: After) -> Duration {
        if after != After::Failed {
            self.failures = 0;
        }
        let ms = match after {
            After::Answered => {
                (self
                    .chance
                    .exponential(self.mean_ms)
                    .clamp(1.0, self.mean_ms * 10.0 + 1.0)) as u64
            }
            After::Refused => self.chance.between(REFUSED_MS_MIN, REFUSED_MS_MAX),
            After::Failed => {
                let longest = (FAILED_MS_MIN << self.failures.min(8)).min(FAILED_MS_MAX);
                self.failures += 1;
                self.chance.between(longest / 2, longest)
            }
        };
        Duration::from_millis(ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace() -> Pace {
        Pace::new(1_000.0, Chance::new(1, 0))
    }

    #[test]
    fn customers_come_at_the_mean() {
        let mut pace = pace();
        let total: Duration = (0..5_000).map(|_| pace.wait(After::Answered)).sum();
        assert!((900..1_100).contains(&(total.as_millis() / 5_000)), "{total:?}");
    }

    #[test]
    fn a_refused_terminal_tries_every_20_to_40_s() {
        let mut pace = pace();
        let waits = (0..1_000).map(|_| pace.wait(After::Refused).as_millis());
        assert!(waits.into_iter().all(|ms| (6_000..=15_000).contains(&ms)));
    }

    #[test]
    fn failures_wait_longer_each_time_up_to_a_limit_and_an_answer_forgives_them() {
        let mut pace = pace();
        let waits: Vec<u128> = (0..40).map(|_| pace.wait(After::Failed).as_millis()).collect();
        assert!(waits[0] <= 500 && waits[3] >= 2_000);
        assert!(waits[10..].iter().all(|ms| (15_000..=30_000).contains(ms)));
        pace.wait(After::Answered);
        assert!(pace.wait(After::Failed).as_millis() <= 500);
    }
}

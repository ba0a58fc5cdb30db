//! How fast a program may ask: one that runs wild waits, and nobody else.
//!
//! Invariant: reports of loss have a pace of their own, which nothing else of the key slows down.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two requests of a key that never stops.
const EVERY: Duration = Duration::from_millis(20);
/// Requests that a key may make at once.
const AT_ONCE: u32 = 200;
/// Paces remembered before those that stand still are forgotten.
const REMEMBERED: usize = 1_000;

/// By key, and whether it is of reports: when all that was asked would have been asked at an even pace.
#[derive(Default)]
pub struct Paces(Mutex<HashMap<(String, bool), Instant>>);

impl Paces {
    /// Counts a request of a key that is right; how many seconds to wait where it is one too many.
    pub fn step(&self, api_key_id: &str, is_report: bool) -> Result<(), u32> {
        self.step_at(api_key_id, is_report, Instant::now())
    }

    pub(crate) fn step_at(&self, api_key_id: &str, is_report: bool, now: Instant) -> Result<(), u32> {
        let mut paces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if paces.len() >= REMEMBERED {
            paces.retain(|_, even| *even > now);
        }
        let even = paces.entry((api_key_id.to_owned(), is_report)).or_insert(now);
        let next = (*even).max(now) + EVERY;
        if next - now > EVERY * AT_ONCE {
            return Err(1);
        }
        *even = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_runs_wild_waits_and_its_reports_and_others_do_not() {
        let (paces, now) = (Paces::default(), Instant::now());
        for number in 0..AT_ONCE {
            assert_eq!(paces.step_at("A", false, now), Ok(()), "{number}");
        }
        assert_eq!(paces.step_at("A", false, now), Err(1));
        assert_eq!(paces.step_at("A", true, now), Ok(()), "a report");
        assert_eq!(paces.step_at("B", false, now), Ok(()), "another key");
        assert_eq!(paces.step_at("A", false, now + EVERY), Ok(()));
        assert_eq!(paces.step_at("A", false, now + EVERY), Err(1));
        let later = now + Duration::from_secs(60);
        assert_eq!(paces.step_at("A", false, later), Ok(()));
    }

    #[test]
    fn what_stands_still_is_forgotten() {
        let (paces, now) = (Paces::default(), Instant::now());
        for number in 0..=REMEMBERED {
            paces
                .step_at(&number.to_string(), false, now + EVERY * 2 * number as u32)
                .unwrap();
        }
        assert!(paces.0.lock().unwrap().len() < REMEMBERED);
    }
}

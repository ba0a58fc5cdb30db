//! The pace of a load with a fixed rate: one thread that rings at a lane when its next request is due.
//!
//! A thread of its own, because the runtime's timers count in whole milliseconds, which is longer than an answer takes.
//!
//! Invariant: it only rings; what is due, and whether there is room for it, the lane knows. It ends with its load.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::Shared;

/// How often it looks whether the load is over while nothing is due.
const LOOK: Duration = Duration::from_millis(50);

/// Rings at one lane after another, `per_second` times altogether.
pub(super) fn start(shared: &Arc<Shared>, per_second: f64, bells: Vec<Arc<Notify>>) -> io::Result<()> {
    let started = shared.started;
    let shared = Arc::downgrade(shared);
    let step_us = 1e6 / per_second.max(0.001);
    let ring = move || {
        for (number, bell) in bells.iter().cycle().enumerate() {
            // A microsecond late, so that the lane's own clock, in whole microseconds, has reached it.
            let due = started + Duration::from_micros((step_us * number as f64) as u64 + 1);
            loop {
                if shared.upgrade().is_none_or(|shared| shared.is_over()) {
                    return;
                }
                let wait = due.saturating_duration_since(Instant::now());
                if wait.is_zero() {
                    break;
                }
                thread::sleep(wait.min(LOOK));
            }
            bell.notify_one();
        }
    };
    thread::Builder::new()
        .name("load-pace".into())
        .spawn(ring)
        .map(drop)
}

//! How fast, and how large: `cargo test -p screening --release --test it speed -- --ignored --nocapture`.

use std::hint::black_box;
use std::time::Instant;

use domain::Timestamp;
use screening::{Context, Profile, Settings, judge};

use crate::past::{HOUR, TODAY, past, sale};

const TERMINALS: usize = 50_000;

/// The fastest of some rounds, in nanoseconds.
fn fastest(rounds: usize, mut round: impl FnMut()) -> u128 {
    let timed = (0..rounds).map(|_| {
        let started = Instant::now();
        round();
        started.elapsed().as_nanos()
    });
    timed.min().unwrap_or_default()
}

#[test]
#[ignore = "measures"]
fn speed() {
    let settings = Settings::default();
    let context = Context::new(&settings);
    let profile = past();
    let payment = sale(TODAY + 12 * HOUR, 1_500);
    let judged = fastest(20, || {
        for _ in 0..10_000 {
            black_box(judge(black_box(&profile), &context, black_box(&payment)));
        }
    });
    let mut profiles: Vec<Profile> = vec![profile; TERMINALS];
    let observed = fastest(3, || {
        profiles.iter_mut().for_each(|profile| profile.observe(&payment))
    });
    let paces = fastest(10, || {
        let now = Timestamp(TODAY + 13 * HOUR);
        let paces = profiles
            .iter()
            .map(|profile| profile.pace(now, 0).ratio_hundredths);
        black_box(paces.map(u64::from).sum::<u64>());
    });
    let stored = serde_json::to_vec(&profiles[0]).unwrap().len();
    println!("judge: {} ns", judged / 10_000);
    println!("take in: {} ns", observed / TERMINALS as u128);
    println!(
        "7 against 23 days, {TERMINALS} terminals, one thread: {:.1} ms",
        paces as f64 / 1e6
    );
    println!(
        "a profile: {} bytes and what it points to; as JSON {stored}",
        size_of::<Profile>()
    );
}

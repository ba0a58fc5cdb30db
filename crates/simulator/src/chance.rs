//! Seeded randomness: the same seed gives the same world on every machine and in every release.
//!
//! It touches nothing. The generator is xoshiro256++, named so that its sequence cannot change under us.
//! Invariant: never used for a key, PIN or token that protects anything outside a simulation.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};

/// A stream of random choices.
#[derive(Debug, Clone)]
pub struct Chance(Xoshiro256PlusPlus);

impl Chance {
    /// The stream number `stream` of a seed; streams of one seed are independent of each other.
    pub fn new(seed: u64, stream: u64) -> Chance {
        Chance(Xoshiro256PlusPlus::seed_from_u64(
            seed ^ stream.wrapping_mul(0xA24B_AED4_963E_E407),
        ))
    }

    /// A whole number in `low..=high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0.random_range(low..=high.max(low))
    }

    /// An index below `count`; 0 when `count` is 0.
    pub fn index(&mut self, count: usize) -> usize {
        self.0.random_range(0..count.max(1))
    }

    /// True with this probability, which is clamped to 0..=1.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A fraction in 0..1.
    pub fn unit(&mut self) -> f64 {
        self.0.random::<f64>()
    }

    /// An index with probability in proportion to its weight; 0 when all weights are 0.
    pub fn weighted(&mut self, weights: &[u32]) -> usize {
        let total: u64 = weights.iter().map(|&w| u64::from(w)).sum();
        let mut left = self.between(0, total.saturating_sub(1));
        for (index, &weight) in weights.iter().enumerate() {
            if left < u64::from(weight) {
                return index;
            }
            left -= u64::from(weight);
        }
        0
    }

    /// A standard normal number (Box and Muller's transform).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// A log-normal number with this median and this spread (the standard deviation of its logarithm).
    pub fn log_normal(&mut self, median: f64, spread: f64) -> f64 {
        median * (spread * self.normal()).exp()
    }

    /// The time to the next event, in the unit of `mean`, when events come independently.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// Random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// `count` random decimal digits.
    pub fn digits(&mut self, count: usize) -> String {
        (0..count)
            .map(|_| char::from(b'0' + self.between(0, 9) as u8))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_stream_fix_the_sequence() {
        let draw = |seed, stream| {
            let mut chance = Chance::new(seed, stream);
            (chance.digits(12), chance.between(1, 1_000_000))
        };
        assert_eq!(draw(7, 1), draw(7, 1));
        assert_ne!(draw(7, 1), draw(7, 2));
        assert_ne!(draw(7, 1), draw(8, 1));
    }

    #[test]
    fn weights_are_proportions_and_a_zero_weight_never_comes() {
        let mut chance = Chance::new(1, 0);
        let mut seen = [0u32; 3];
        for _ in 0..10_000 {
            seen[chance.weighted(&[1, 0, 3])] += 1;
        }
        assert_eq!(seen[1], 0);
        assert!((2_200..2_800).contains(&seen[0]), "{seen:?}");
    }

    #[test]
    fn the_median_of_a_log_normal_is_its_median() {
        let mut chance = Chance::new(2, 0);
        let below = (0..10_000)
            .filter(|_| chance.log_normal(2400.0, 0.6) < 2400.0)
            .count();
        assert!((4_800..5_200).contains(&below), "{below}");
    }
}

//! Amounts of one currency as counts of buckets, a sixteenth of their size wide or less: medians to about 3 %.
//!
//! Invariant: at most [`TOTAL_MAX`] amounts are counted; then each count is halved, so that what was long ago is forgotten.

/// Amounts counted before each count is halved.
const TOTAL_MAX: u32 = 512;

/// Counts of amounts by size.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Sketch {
    /// (bucket, count), by bucket.
    counts: Vec<(u16, u16)>,
}

/// Which bucket an amount belongs to: the amount itself below 32, then sixteen for each doubling.
pub fn bucket(amount_minor: i64) -> u16 {
    let amount = amount_minor.unsigned_abs().min(i64::MAX as u64);
    let shift = (64 - amount.leading_zeros()).saturating_sub(5);
    (shift * 16) as u16 + (amount >> shift) as u16
}

/// The middle of a bucket.
fn middle(bucket: u16) -> i64 {
    if bucket < 32 {
        return i64::from(bucket);
    }
    let shift = u32::from(bucket / 16 - 1).min(58);
    let low = i64::from(16 + bucket % 16) << shift;
    low + ((1_i64 << shift) / 2)
}

impl Sketch {
    /// Counts an amount.
    pub fn add(&mut self, amount_minor: i64) {
        let bucket = bucket(amount_minor);
        match self.counts.binary_search_by_key(&bucket, |one| one.0) {
            Ok(at) => self.counts[at].1 = self.counts[at].1.saturating_add(1),
            Err(at) => self.counts.insert(at, (bucket, 1)),
        }
        if self.total() > TOTAL_MAX {
            self.counts.iter_mut().for_each(|one| one.1 /= 2);
            self.counts.retain(|one| one.1 > 0);
        }
    }

    /// How many are counted.
    pub fn total(&self) -> u32 {
        self.counts.iter().map(|one| u32::from(one.1)).sum()
    }

    /// The bucket of the median.
    fn median_bucket(&self) -> Option<u16> {
        middle_of(self.counts.iter().copied(), self.total())
    }

    /// The median, minor units, to about 3 %.
    pub fn median_minor(&self) -> Option<i64> {
        self.median_bucket().map(middle)
    }

    /// How far an amount lies above the median, as hundredths of the median distance from it; buckets are the measure, so that a
    /// doubling counts the same everywhere.
    pub fn distance_hundredths(&self, amount_minor: i64) -> Option<i64> {
        let median = self.median_bucket()?;
        let mut distances: Vec<(u16, u16)> = self
            .counts
            .iter()
            .map(|one| (one.0.abs_diff(median), one.1))
            .collect();
        distances.sort_unstable();
        // Where most amounts are the same, a quarter of a doubling is the least.
        let usual = middle_of(distances.into_iter(), self.total())?.max(4);
        let above = i64::from(bucket(amount_minor)) - i64::from(median);
        Some(above * 100 / i64::from(usual))
    }
}

/// The bucket with which half of the counts are reached.
fn middle_of(counts: impl Iterator<Item = (u16, u16)>, total: u32) -> Option<u16> {
    let mut reached = 0;
    for (bucket, count) in counts {
        reached += u32::from(count);
        if reached * 2 >= total {
            return Some(bucket);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_the_amounts_and_their_middles_are_near() {
        let mut last = 0;
        for amount in (0..40_000).chain([1 << 40, i64::MAX - 1, i64::MAX]) {
            let bucket = bucket(amount);
            assert!(bucket >= last, "{amount}");
            last = bucket;
            assert!(
                middle(bucket).abs_diff(amount) <= amount.unsigned_abs() / 32 + 1,
                "{amount}"
            );
        }
        assert_eq!(bucket(i64::MIN), bucket(i64::MAX));
    }

    #[test]
    fn the_median_and_the_distance_from_it() {
        let mut sketch = Sketch::default();
        assert_eq!(
            (sketch.median_minor(), sketch.distance_hundredths(5)),
            (None, None)
        );
        for amount in 1..=101 {
            sketch.add(amount * 100);
        }
        let median = sketch.median_minor().unwrap();
        assert!((4_900..=5_300).contains(&median), "{median}");
        assert!(sketch.distance_hundredths(5_000).unwrap() <= 0);
        assert!(sketch.distance_hundredths(500_000).unwrap() > 600);
    }

    #[test]
    fn what_was_long_ago_is_forgotten() {
        let mut sketch = Sketch::default();
        (0..2_000).for_each(|_| sketch.add(1_000));
        (0..1_000).for_each(|_| sketch.add(9_000));
        assert!(sketch.median_minor().unwrap() > 8_000);
        assert!(sketch.total() <= TOTAL_MAX);
    }
}

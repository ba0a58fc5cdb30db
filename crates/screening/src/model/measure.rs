//! How well scores put the fraudulent first.
//!
//! Invariant: rows of one score stand together: their order decides nothing.

use std::collections::{BTreeMap, BTreeSet};

/// Precision averaged over all frauds, from the highest score down: 1 when all frauds come first. `None` without a fraud.
pub fn average_precision(scores: &[i64], marks: &[bool]) -> Option<f64> {
    let (mut seen, mut hits, mut sum) = (0_u64, 0_u64, 0.0);
    for (frauds, rows) in steps(scores, marks) {
        seen += rows;
        hits += frauds;
        sum += frauds as f64 * hits as f64 / seen as f64;
    }
    (hits > 0).then(|| sum / hits as f64)
}

/// The share of pairs, one fraudulent and one genuine, of which the fraudulent has the higher score; equal ones count half.
pub fn area_under_curve(scores: &[i64], marks: &[bool]) -> Option<f64> {
    let (mut hits, mut misses, mut pairs) = (0_u64, 0_u64, 0.0);
    for (frauds, rows) in steps(scores, marks) {
        let genuine = rows - frauds;
        pairs += genuine as f64 * (hits as f64 + frauds as f64 / 2.0);
        hits += frauds;
        misses += genuine;
    }
    (hits > 0 && misses > 0).then(|| pairs / (hits as f64 * misses as f64))
}

/// Of each distinct score from the highest: frauds and rows.
fn steps(scores: &[i64], marks: &[bool]) -> Vec<(u64, u64)> {
    let mut order: Vec<(i64, bool)> = scores.iter().copied().zip(marks.iter().copied()).collect();
    order.sort_unstable_by_key(|(score, _)| std::cmp::Reverse(*score));
    order
        .chunk_by(|one, next| one.0 == next.0)
        .map(|same| {
            let frauds = same.iter().filter(|(_, mark)| *mark).count();
            (frauds as u64, same.len() as u64)
        })
        .collect()
}

/// A scored payment of a card.
#[derive(Clone, Copy, Debug)]
pub struct Scored {
    /// The day, by any count.
    pub day: i64,
    /// Whose card.
    pub card: u64,
    /// Its score.
    pub score: i64,
    /// Whether it was fraudulent.
    pub is_fraud: bool,
}

/// Each day the `top` cards by their highest score are looked at; the share of those with a fraud that day, averaged over the days. A card
/// that was found leaves the days after. Of equal scores the smaller card number comes first.
pub fn card_precision(rows: &[Scored], top: usize) -> Option<f64> {
    let mut days: BTreeMap<i64, BTreeMap<u64, (i64, bool)>> = BTreeMap::new();
    for row in rows {
        let card = days.entry(row.day).or_default().entry(row.card);
        let (score, is_fraud) = card.or_insert((i64::MIN, false));
        *score = row.score.max(*score);
        *is_fraud |= row.is_fraud;
    }
    let (mut found, mut sum) = (BTreeSet::new(), 0.0);
    for cards in days.values() {
        let mut order: Vec<_> = cards.iter().filter(|(card, _)| !found.contains(*card)).collect();
        order.sort_by_key(|(_, (score, _))| std::cmp::Reverse(*score));
        let hits = order.iter().take(top).filter(|(_, (_, is_fraud))| *is_fraud);
        let hits: Vec<u64> = hits.map(|(card, _)| **card).collect();
        sum += hits.len() as f64 / top.max(1) as f64;
        found.extend(hits);
    }
    (!days.is_empty()).then(|| sum / days.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_is_averaged_over_the_frauds_and_equal_scores_stand_together() {
        let marks = [true, false, true, false];
        assert_eq!(
            average_precision(&[4, 3, 2, 1], &marks),
            Some((1.0 + 2.0 / 3.0) / 2.0)
        );
        assert_eq!(average_precision(&[1, 1, 1, 1], &marks), Some(0.5));
        assert_eq!(average_precision(&[4, 3], &[false, false]), None);
    }

    #[test]
    fn the_area_counts_pairs_and_half_of_the_equal_ones() {
        assert_eq!(
            area_under_curve(&[4, 3, 2, 1], &[true, false, true, false]),
            Some(0.75)
        );
        assert_eq!(area_under_curve(&[7, 7], &[true, false]), Some(0.5));
        assert_eq!(area_under_curve(&[7, 7], &[true, true]), None);
    }

    #[test]
    fn a_card_that_was_found_leaves_the_days_after() {
        let row = |day, card, score, is_fraud| Scored {
            day,
            card,
            score,
            is_fraud,
        };
        let rows = [
            row(1, 10, 9, true),
            row(1, 11, 5, false),
            row(2, 10, 9, true),
            row(2, 11, 5, false),
            row(2, 12, 7, true),
        ];
        assert_eq!(card_precision(&rows, 1), Some(1.0));
        assert_eq!(card_precision(&rows[..4], 1), Some(0.5));
        assert_eq!(card_precision(&[], 1), None);
    }
}

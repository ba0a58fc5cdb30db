//! What a loss interrupted: days without the terminal, and what it used to take on such days (R1.4).
//!
//! Invariant: what too few days say is not said.

use crate::money::Currency;

/// So many of a weekday before the loss are looked at.
pub const WEEKS: i64 = 8;
/// So many of a weekday are enough.
const ENOUGH: usize = 4;

/// What a terminal took on one of the days before the loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// Monday is 0.
    pub weekday: u8,
    /// Minor units; a day on which it was there and took nothing is 0.
    pub minor: i64,
}

/// What a terminal used to take on the days without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usual {
    /// In which currency.
    pub currency: Currency,
    /// Of each weekday the median, added for the days without it.
    pub minor: i64,
    /// From so many days before the loss.
    pub from_days: i64,
}

/// What it used to take on days of these weekdays; nothing where one of them has not been enough before, or there is no such day.
pub fn usual(currency: Currency, without: &[u8], before: &[Day]) -> Option<Usual> {
    let mut medians = [None; 7];
    let mut from_days = 0;
    for (weekday, median) in (0..).zip(&mut medians) {
        if !without.contains(&weekday) {
            continue;
        }
        let its = before.iter().filter(|day| day.weekday == weekday);
        let mut taken: Vec<i64> = its.map(|day| day.minor).collect();
        if taken.len() < ENOUGH {
            return None;
        }
        from_days += i64::try_from(taken.len()).ok()?;
        *median = middle(&mut taken);
    }
    let each = without
        .iter()
        .map(|weekday| medians.get(usize::from(*weekday)).copied().flatten());
    let minor = each
        .collect::<Option<Vec<i64>>>()?
        .into_iter()
        .try_fold(0_i64, i64::checked_add)?;
    (!without.is_empty()).then_some(Usual {
        currency,
        minor,
        from_days,
    })
}

/// The middle one; of two in the middle the smaller, so that nothing is said to be more than it was.
fn middle(taken: &mut [i64]) -> Option<i64> {
    taken.sort_unstable();
    taken.get(taken.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(weekday: u8, taken: &[i64]) -> Vec<Day> {
        taken
            .iter()
            .map(|minor| Day {
                weekday,
                minor: *minor,
            })
            .collect()
    }

    #[test]
    fn the_usual_is_the_median_of_the_same_weekdays_or_not_known() {
        let monday = days(0, &[100, 900, 200, 300]);
        let tuesday = days(1, &[10, 20, 30, 0, 5]);
        let both = [monday.clone(), tuesday].concat();
        let said = |without: &[u8], before: &[Day]| {
            usual(Currency::CNY, without, before).map(|usual| (usual.minor, usual.from_days))
        };
        assert_eq!(said(&[0], &both), Some((200, 4)));
        assert_eq!(said(&[0, 1, 0], &both), Some((200 + 10 + 200, 9)));
        assert_eq!(said(&[0], &days(0, &[100, 900, 200])), None);
        // Of Wednesday nothing is known: so neither of the three days.
        assert_eq!(said(&[0, 1, 2], &both), None);
        assert_eq!(said(&[], &both), None);
        assert_eq!(said(&[0], &days(0, &[i64::MAX; 4])), Some((i64::MAX, 4)));
        assert_eq!(said(&[0, 0], &days(0, &[i64::MAX; 4])), None);
    }
}

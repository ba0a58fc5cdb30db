//! Allowances of those who try passwords, shared by all nodes.
//!
//! A node decides by what it knows itself, and tells the store and hears from it each second: what is spent on several nodes at
//! once counts everywhere a second later, and after a start anew.
//!
//! Invariant: whatever was spent is counted once, in whichever order nodes tell of it.

use store::{Error, Tx};

pub use store::allowance::Owed;

/// What became of an allowance since the store was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// It was made full first.
    pub is_settled: bool,
    /// What was spent then, in milliseconds until it is full again.
    pub spent_ms: i64,
}

impl Change {
    /// It was made full.
    pub const SETTLED: Self = Self {
        is_settled: true,
        spent_ms: 0,
    };

    /// This, and then that.
    pub const fn then(self, newer: Self) -> Self {
        match newer.is_settled {
            true => newer,
            false => Self {
                is_settled: self.is_settled,
                spent_ms: self.spent_ms + newer.spent_ms,
            },
        }
    }
}

/// Tells of changes, and hears how these allowances stand now that others have told of theirs.
pub fn tell(tx: &Tx<'_>, mut changes: Vec<(Vec<u8>, Change)>) -> Result<Vec<Owed>, Error> {
    // All nodes in one order: none waits for another that waits for it.
    changes.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    let mut known = Vec::with_capacity(changes.len());
    for (subject, change) in changes {
        if change.is_settled {
            store::allowance::fill(tx, &subject)?;
        }
        known.push(match change.spent_ms {
            0 => Owed {
                full_at: tx.now(),
                subject,
            },
            spent_ms => store::allowance::spend(tx, &subject, spent_ms)?,
        });
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_told_is_told_in_its_order() {
        let spent = |spent_ms| Change {
            spent_ms,
            ..Change::default()
        };
        assert_eq!(spent(5).then(spent(2)), spent(7));
        assert_eq!(spent(5).then(Change::SETTLED), Change::SETTLED);
        let after = Change::SETTLED.then(spent(2));
        assert_eq!(
            after,
            Change {
                is_settled: true,
                spent_ms: 2
            }
        );
        assert_eq!(spent(9).then(after), after);
    }
}

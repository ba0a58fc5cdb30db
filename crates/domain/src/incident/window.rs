//! The loss window: from the last trusted use of a terminal to its stop (R1.3).
//!
//! Invariant: it never ends before it starts.

use crate::time::{HOUR_MS, Timestamp};
use crate::words;

words! {
    /// How a loss window's start was found.
    pub enum WindowBasis {
        /// The last approval at or before the moment the reporter last saw the terminal.
        LastTrustedTransaction = "last_trusted_transaction",
        /// The moment the reporter last saw it: there was no approval shortly before.
        ReportedLastSeen = "reported_last_seen",
        /// Nobody knows: the day before the report.
        ReportedOnly = "reported_only",
    }
}

/// Last trusted use to suspension: what the screening looks into (R1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LossWindow {
    /// Last trusted use.
    pub from: Timestamp,
    /// Suspension.
    pub to: Timestamp,
    /// How `from` was found.
    pub basis: WindowBasis,
}

/// How far before the reported last sight an approval still counts as the last trusted use.
const TRUSTED_BEFORE_MS: i64 = 12 * HOUR_MS;
/// How far back the window reaches when nobody knows when the terminal was last seen.
const UNKNOWN_BEFORE_MS: i64 = 24 * HOUR_MS;

/// Until when the terminal was in the right hands, as far as the reporter says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// When it was last seen.
    pub seen: Option<Timestamp>,
    /// The latest payment that the shop's people say they took.
    pub ours: Option<Timestamp>,
    /// The earliest payment that they do not call their own: from here on nothing is trusted, whatever was seen.
    pub doubted: Option<Timestamp>,
}

impl Sight {
    /// The last moment that can be trusted, when there is one.
    pub fn trusted_until(&self) -> Option<Timestamp> {
        let before_doubt = self.doubted.map(|at| at.plus_ms(-1));
        let seen = self
            .seen
            .map(|at| before_doubt.map_or(at, |before| at.min(before)));
        let ours = self
            .ours
            .filter(|at| before_doubt.is_none_or(|before| *at <= before));
        seen.max(ours)
    }
}

impl LossWindow {
    /// The window of a loss. `last_approval` is the terminal's last approval at or before [`Sight::trusted_until`].
    pub fn of(sight: Sight, last_approval: Option<Timestamp>, suspended_at: Timestamp) -> Self {
        let Some(seen) = sight.trusted_until().map(|seen| seen.min(suspended_at)) else {
            let from = suspended_at.plus_ms(-UNKNOWN_BEFORE_MS);
            let from = sight
                .doubted
                .map_or(from, |doubted| from.min(doubted.plus_ms(-1)));
            return Self {
                from,
                to: suspended_at,
                basis: WindowBasis::ReportedOnly,
            };
        };
        match last_approval {
            Some(at) if at <= seen && seen.since_ms(at) <= TRUSTED_BEFORE_MS => Self {
                from: at,
                to: suspended_at,
                basis: WindowBasis::LastTrustedTransaction,
            },
            _ => Self {
                from: seen,
                to: suspended_at,
                basis: WindowBasis::ReportedLastSeen,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen_at(at: Timestamp) -> Sight {
        Sight {
            seen: Some(at),
            ..Sight::default()
        }
    }

    #[test]
    fn a_payment_nobody_calls_their_own_ends_the_trust_whatever_was_seen() {
        let (stop, theirs) = (Timestamp(100 * HOUR_MS), Timestamp(99 * HOUR_MS));
        let (before, sale) = (theirs.plus_ms(-1), Timestamp(98 * HOUR_MS));
        let sight = Sight {
            doubted: Some(theirs),
            ..seen_at(stop)
        };
        assert_eq!(sight.trusted_until(), Some(before));
        let window = LossWindow::of(sight, Some(sale), stop);
        assert_eq!(
            (window.from, window.basis),
            (sale, WindowBasis::LastTrustedTransaction)
        );
        // What was said to be taken after it is not believed either.
        let ours = Some(stop);
        assert_eq!(Sight { ours, ..sight }.trusted_until(), Some(before));
    }

    #[test]
    fn a_payment_the_shop_took_is_a_last_sight() {
        let (stop, sale) = (Timestamp(100 * HOUR_MS), Timestamp(99 * HOUR_MS));
        let ours = Some(sale);
        let took = Sight {
            ours,
            ..Sight::default()
        };
        let window = LossWindow::of(took, ours, stop);
        assert_eq!(
            (window.from, window.basis),
            (sale, WindowBasis::LastTrustedTransaction)
        );
        let seen_before = Sight {
            ours,
            ..seen_at(Timestamp(97 * HOUR_MS))
        };
        assert_eq!(seen_before.trusted_until(), ours);
    }

    #[test]
    fn a_doubted_payment_older_than_a_day_is_in_the_window() {
        let (stop, theirs) = (Timestamp(100 * HOUR_MS), Timestamp(50 * HOUR_MS));
        let doubted = Some(theirs);
        let window = LossWindow::of(
            Sight {
                doubted,
                ..Sight::default()
            },
            None,
            stop,
        );
        assert_eq!(
            (window.from, window.basis),
            (theirs.plus_ms(-1), WindowBasis::ReportedOnly)
        );
    }

    #[test]
    fn the_window_starts_at_the_last_trusted_use() {
        let stop = Timestamp(100 * HOUR_MS);
        let seen = Timestamp(99 * HOUR_MS);
        let sale = Timestamp(98 * HOUR_MS);
        let window = LossWindow::of(seen_at(seen), Some(sale), stop);
        assert_eq!((window.from, window.to), (sale, stop));
        assert_eq!(window.basis, WindowBasis::LastTrustedTransaction);
    }

    #[test]
    fn an_old_sale_is_not_the_last_trusted_use() {
        let stop = Timestamp(100 * HOUR_MS);
        let seen = Timestamp(99 * HOUR_MS);
        let window = LossWindow::of(seen_at(seen), Some(Timestamp(50 * HOUR_MS)), stop);
        assert_eq!((window.from, window.basis), (seen, WindowBasis::ReportedLastSeen));
    }

    #[test]
    fn nobody_knows_means_the_day_before() {
        let stop = Timestamp(100 * HOUR_MS);
        let window = LossWindow::of(Sight::default(), Some(stop), stop);
        assert_eq!(
            (window.from, window.basis),
            (Timestamp(76 * HOUR_MS), WindowBasis::ReportedOnly)
        );
    }

    #[test]
    fn a_last_sight_in_the_future_is_taken_as_now() {
        let stop = Timestamp(100 * HOUR_MS);
        let window = LossWindow::of(seen_at(Timestamp(200 * HOUR_MS)), None, stop);
        assert_eq!(window.from, stop);
    }
}

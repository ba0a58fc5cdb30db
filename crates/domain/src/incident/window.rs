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

impl LossWindow {
    /// The window of a loss reported with an optional last sight. `last_approval` is the terminal's last approval at
    /// or before that sight.
    pub fn of(
        last_seen: Option<Timestamp>,
        last_approval: Option<Timestamp>,
        suspended_at: Timestamp,
    ) -> Self {
        let Some(seen) = last_seen.map(|seen| seen.min(suspended_at)) else {
            let from = suspended_at.plus_ms(-UNKNOWN_BEFORE_MS);
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

    #[test]
    fn the_window_starts_at_the_last_trusted_use() {
        let stop = Timestamp(100 * HOUR_MS);
        let seen = Timestamp(99 * HOUR_MS);
        let sale = Timestamp(98 * HOUR_MS);
        let window = LossWindow::of(Some(seen), Some(sale), stop);
        assert_eq!((window.from, window.to), (sale, stop));
        assert_eq!(window.basis, WindowBasis::LastTrustedTransaction);
    }

    #[test]
    fn an_old_sale_is_not_the_last_trusted_use() {
        let stop = Timestamp(100 * HOUR_MS);
        let seen = Timestamp(99 * HOUR_MS);
        let window = LossWindow::of(Some(seen), Some(Timestamp(50 * HOUR_MS)), stop);
        assert_eq!((window.from, window.basis), (seen, WindowBasis::ReportedLastSeen));
    }

    #[test]
    fn nobody_knows_means_the_day_before() {
        let stop = Timestamp(100 * HOUR_MS);
        let window = LossWindow::of(None, Some(stop), stop);
        assert_eq!(
            (window.from, window.basis),
            (Timestamp(76 * HOUR_MS), WindowBasis::ReportedOnly)
        );
    }

    #[test]
    fn a_last_sight_in_the_future_is_taken_as_now() {
        let stop = Timestamp(100 * HOUR_MS);
        let window = LossWindow::of(Some(Timestamp(200 * HOUR_MS)), None, stop);
        assert_eq!(window.from, stop);
    }
}

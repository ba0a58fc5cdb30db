//! How long a node may be sure that no report is acknowledged behind its back.
//!
//! A node on a shared store renews its presence there. For a while after each renewal it may write approvals to its
//! terminals; then it must stop, and only after that may others take it for gone. Each side counts on its own clock that
//! never goes back, from the earlier end on the node's side and from the later end on theirs, so clocks need not agree.
//!
//! Invariant: a node's lease has run out before anybody expels it, as long as no clock runs a tenth faster than another.

use std::collections::BTreeMap;

use store::node::{Incarnation, Present};

/// How long a renewal is good for, milliseconds.
pub const LEASE_MS: i64 = 3_000;
/// How often a node renews.
pub const RENEW_EVERY_MS: i64 = 700;
/// The longest time the gate takes to write an answer whose writing has begun.
pub const WRITE_MS_MAX: i64 = 3_000;
/// How long a node's renewals must stand still before it is expelled.
pub const SILENT_MS: i64 = LEASE_MS + LEASE_MS / 10 + WRITE_MS_MAX;
/// The longest time a report can wait for another node: silence, and twice the time between two looks.
pub const WAIT_MS_MAX: i64 = SILENT_MS + 2 * RENEW_EVERY_MS;

/// A node's own lease, on its own clock.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    until_ms: i64,
}

impl Lease {
    /// That of a node that shares its store with nobody.
    pub const fn unlimited() -> Self {
        Self { until_ms: i64::MAX }
    }

    /// None yet.
    pub const fn none() -> Self {
        Self { until_ms: i64::MIN }
    }

    /// Counts on from when the renewal was sent, not from when its success was heard.
    pub fn renewed(&mut self, sent_at_ms: i64) {
        self.until_ms = self.until_ms.max(sent_at_ms.saturating_add(LEASE_MS));
    }

    /// Ends it at once.
    pub const fn end(&mut self) {
        self.until_ms = i64::MIN;
    }

    /// Whether an approval may begin to be written.
    pub const fn is_valid(&self, now_ms: i64) -> bool {
        now_ms < self.until_ms
    }
}

/// What one node has seen of the others' renewals.
#[derive(Debug, Default)]
pub struct Watch {
    seen: BTreeMap<Incarnation, (i64, i64)>,
}

impl Watch {
    /// Notes who is present, as read at or before `now_ms`; answers whose renewals have stood still for so long that their
    /// lease has run out and everything they began to write is written.
    pub fn silent(&mut self, present: &[Present], now_ms: i64) -> Vec<Present> {
        self.seen
            .retain(|who, _| present.iter().any(|node| node.who == *who));
        let mut silent = Vec::new();
        for node in present {
            let seen = self
                .seen
                .entry(node.who.clone())
                .or_insert((node.renewal, now_ms));
            if seen.0 != node.renewal {
                *seen = (node.renewal, now_ms);
            }
            if now_ms - seen.1 > SILENT_MS {
                silent.push(node.clone());
            }
        }
        silent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Timestamp;

    fn node(renewal: i64) -> Present {
        let who = Incarnation {
            node: "b".into(),
            incarnation: 1,
        };
        Present {
            who,
            renewal,
            renewed_at: Timestamp(0),
        }
    }

    #[test]
    fn a_node_is_silent_only_after_its_lease_and_its_last_write_are_over() {
        let (mut lease, mut watch) = (Lease::none(), Watch::default());
        assert!(!lease.is_valid(0));
        lease.renewed(100);
        // The same renewal is seen a moment after it was sent, at the earliest.
        assert!(watch.silent(&[node(7)], 100).is_empty());
        for now in (100..100 + SILENT_MS).step_by(50) {
            assert!(watch.silent(&[node(7)], now).is_empty(), "at {now}");
        }
        let over = 101 + SILENT_MS;
        assert!(!lease.is_valid(over - WRITE_MS_MAX));
        assert_eq!(watch.silent(&[node(7)], over), [node(7)]);
        assert!(
            watch.silent(&[node(8)], over + 1).is_empty(),
            "it lives after all"
        );
    }

    #[test]
    fn a_lease_that_has_ended_is_not_prolonged_by_an_older_renewal() {
        let mut lease = Lease::none();
        lease.renewed(1_000);
        lease.renewed(500);
        assert!(lease.is_valid(3_999) && !lease.is_valid(4_000));
        lease.end();
        assert!(!lease.is_valid(0));
    }
}

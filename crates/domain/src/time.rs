//! Points in time, as whole milliseconds since 1970-01-01T00:00:00Z.
//!
//! Invariant: the domain never asks what time it is; it is told.

/// Milliseconds in one hour.
pub const HOUR_MS: i64 = 3_600_000;

/// A point in time: milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The time `ms` milliseconds later; saturates at the end of time.
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this time; negative when `earlier` is later.
    pub const fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

//! Connectors: the systems a node asks, one file each.
//!
//! Invariant: every wait for another system ends, and its silence is told apart from never having been asked.

pub mod host;

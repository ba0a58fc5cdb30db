//! The signals, a file per group.
//!
//! Invariant: a signal speaks, is silent, or says why it could not look; it changes nothing.

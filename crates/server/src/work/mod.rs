//! What a node does by itself: sending reversals that are owed, tidying up after a restart.
//!
//! Invariant: everything here may be done twice without harm.

pub mod recovery;
pub mod reversal;

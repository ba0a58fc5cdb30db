//! What can be wrong with the host, set while it runs.
//!
//! Invariant: a fault changes when, how often and whether an answer is sent, spoils its MAC, or words an approval
//! otherwise; never what was decided.

use crate::control::Control;

/// The faults in force. `Faults::default()` is a host without any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// Each answer is held back for a random time from this many milliseconds …
    pub delay_ms_min: u32,
    /// … to this many. Different delays put answers out of order. 0: at once.
    pub delay_ms_max: u32,
    /// Decide, but never answer.
    pub silent: bool,
    /// Answer twice.
    pub twice: bool,
    /// Spoil the MAC of answers.
    pub wrong_mac: bool,
    /// Say this in field 39 instead of `00` of what was approved; a reversal is answered as always.
    pub says: Option<[u8; 2]>,
    /// Close a connection at its n-th request, which is decided but not answered.
    pub disconnect_after: Option<u32>,
    /// Close every connection and take no new one.
    pub down: bool,
}

/// A shared handle on the [`Faults`] of a host. `down` acts at once.
pub type FaultControl = Control<Faults>;

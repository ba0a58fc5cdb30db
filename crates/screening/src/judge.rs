//! Judges one payment, or one sign-in, against a terminal's profile.
//!
//! Invariant: a function of its arguments; a score is 0..=1000.

use crate::context::Context;
use crate::payment::{Payment, SignIn};
use crate::profile::Profile;
use crate::reason::{NotAsked, Reason};

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Judgement {
    /// From 0, nothing stands out, to 1,000.
    pub score: u16,
    /// Why, the weightiest first.
    pub reasons: Vec<Reason>,
    /// Which signals could not look, and why not.
    pub not_asked: Vec<NotAsked>,
}

/// Judges a payment. Judge first, then [`Profile::observe`].
pub fn judge(_profile: &Profile, _context: &Context, _payment: &Payment) -> Judgement {
    Judgement::default()
}

/// Judges a try to sign in. Judge first, then [`Profile::signed_in`].
pub fn judge_sign_in(_profile: &Profile, _context: &Context, _sign_in: &SignIn) -> Judgement {
    Judgement::default()
}

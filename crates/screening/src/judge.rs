//! Judges one payment, or one sign-in, against a terminal's profile.
//!
//! Invariant: a function of its arguments; a score is 0..=1000.

use crate::context::Context;
use crate::payment::{Payment, SignIn};
use crate::profile::Profile;
use crate::reason::{NotAsked, Reason};
use crate::signal::{Answer, Look, What, ask};

/// The highest score.
pub(crate) const SCORE_MAX: u16 = 1_000;

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Judgement {
    /// From 0, nothing stands out, to 1,000. Each reason takes its share of what the weightier ones left: 400 and 300 are 580.
    pub score: u16,
    /// Why, the weightiest first; of equal weight by code.
    pub reasons: Vec<Reason>,
    /// Which signals could not look, and why not.
    pub not_asked: Vec<NotAsked>,
}

impl Judgement {
    /// Takes in the points of people's own rules, 0 to 1,000: their share of what the reasons left.
    pub fn take_in(&mut self, points: u16) {
        let left = u32::from(SCORE_MAX - self.score) * u32::from(SCORE_MAX - points.min(SCORE_MAX));
        self.score = SCORE_MAX - (left / u32::from(SCORE_MAX)) as u16;
    }
}

/// Judges a payment. Judge first, then [`Profile::observe`].
pub fn judge(profile: &Profile, context: &Context, payment: &Payment) -> Judgement {
    weigh(&Look::new(profile, context, What::Payment(payment)))
}

/// Judges a try to sign in. Judge first, then [`Profile::signed_in`].
pub fn judge_sign_in(profile: &Profile, context: &Context, sign_in: &SignIn) -> Judgement {
    weigh(&Look::new(profile, context, What::SignIn(sign_in)))
}

fn weigh(look: &Look) -> Judgement {
    let mut judgement = Judgement::default();
    for (code, answer) in ask(look) {
        match answer {
            Answer::Silent => {}
            Answer::Cannot(why) => judgement.not_asked.push(NotAsked { code, why }),
            Answer::Speaks(strength, values) => {
                let points = share(look.settings().weight(code).points.min(SCORE_MAX), strength);
                judgement.reasons.push(Reason { code, points, values });
            }
        }
    }
    judgement
        .reasons
        .sort_by_key(|reason| (std::cmp::Reverse(reason.points), reason.code));
    let left = judgement
        .reasons
        .iter()
        .fold(u32::from(SCORE_MAX), |left, reason| {
            left * (1_000 - u32::from(reason.points)) / 1_000
        });
    judgement.score = SCORE_MAX - left as u16;
    judgement
}

/// The part of a weight that a strength of 0..=1000 gives, at least 1.
pub(crate) fn share(weight: u16, strength: u16) -> u16 {
    (u32::from(weight) * u32::from(strength.min(1_000)) / 1_000).max(1) as u16
}

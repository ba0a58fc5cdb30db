//! How suspicious a terminal is: what its payments said adds up, and is forgotten. When to ask its owner.
//!
//! Invariant: one signal alone, however often it speaks, holds no more than its weight says; an owner is asked about a terminal at most
//! as often as the cap allows, whatever comes.

use domain::Timestamp;
use domain::time::HOUR_MS;

use crate::judge::{Judgement, SCORE_MAX};
use crate::reason::Code;
use crate::settings::Settings;

/// Days on which it is remembered what spoke, the present one among them.
const DAYS: i64 = 32;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Some signals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Codes(u32);

impl Codes {
    /// None of them.
    pub const NONE: Self = Self(0);

    /// Whether a signal is among them.
    pub const fn has(self, code: Code) -> bool {
        self.0 & (1 << code as u32) != 0
    }

    /// These and those.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These and one more.
    pub const fn with(self, code: Code) -> Self {
        Self(self.0 | (1 << code as u32))
    }
}

/// The evidence about one terminal. Kept beside its profile, serialised and made anew like it.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Suspicion {
    /// What each signal holds at `at_ms`, in the order of [`Code::ALL`].
    held: [u16; Code::ALL.len()],
    at_ms: i64,
    asked_at_ms: Option<i64>,
    /// On which of the last days each signal spoke; the lowest bit is `day`, which is one of UTC.
    spoke: [u32; Code::ALL.len()],
    day: i64,
}

/// "Is this terminal with you?", and why it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// How suspicious the terminal is, 0..=1000.
    pub score: u16,
    /// What speaks for it, the weightiest first.
    pub codes: Vec<Code>,
}

impl Suspicion {
    /// Takes in what was found of one payment or sign-in; the question to ask, if it is time for one.
    ///
    /// What a signal adds is divided by one more than the days of the last month on which it spoke here, and quartered where it speaks
    /// at the shop's other terminals (`others`, by [`Suspicion::spoke_on`]): what is usual here, or happens to the whole shop, is no
    /// theft of this one.
    pub fn add(
        &mut self,
        settings: &Settings,
        at: Timestamp,
        judgement: &Judgement,
        others: Codes,
    ) -> Option<Question> {
        self.forget(settings, at);
        let day = at.0.div_euclid(DAY_MS);
        let passed = day.saturating_sub(self.day).clamp(0, DAYS) as u32;
        self.spoke
            .iter_mut()
            .for_each(|days| *days = days.checked_shl(passed).unwrap_or(0));
        self.day = self.day.max(day);
        for reason in &judgement.reasons {
            let weight = settings.weight(reason.code);
            let place = reason.code as usize;
            let usual = 1 + (self.spoke[place] >> 1).count_ones();
            let shared = if others.has(reason.code) { 4 } else { 1 };
            let part = |whole: u16| {
                let whole = u32::from(whole) * u32::from(reason.points);
                whole / u32::from(weight.points.max(1)) / usual / shared
            };
            let most = (u32::from(weight.evidence_max) / usual / shared).max(u32::from(self.held[place]));
            self.held[place] = (u32::from(self.held[place]) + part(weight.evidence)).min(most) as u16;
            self.spoke[place] |= 1;
        }
        let score = sum(&self.held);
        let cap_ms = i64::from(settings.ask_every_hours) * HOUR_MS;
        let may_ask = self
            .asked_at_ms
            .is_none_or(|asked| at.0.saturating_sub(asked) >= cap_ms);
        (score >= settings.ask_from && may_ask && !judgement.reasons.is_empty()).then(|| {
            self.asked_at_ms = Some(at.0);
            Question {
                score,
                codes: self.codes(),
            }
        })
    }

    /// What spoke at the terminal on the day (of UTC) of a time, if that is the last day on which anything did.
    pub fn spoke_on(&self, at: Timestamp) -> Codes {
        if at.0.div_euclid(DAY_MS) != self.day {
            return Codes::NONE;
        }
        let spoke = Code::ALL
            .into_iter()
            .filter(|code| self.spoke[*code as usize] & 1 != 0);
        spoke.fold(Codes::NONE, Codes::with)
    }

    /// How suspicious the terminal is at a time, 0..=1000.
    pub fn score(&self, settings: &Settings, now: Timestamp) -> u16 {
        let mut then = self.clone();
        then.forget(settings, now);
        sum(&then.held)
    }

    /// What speaks for it, the weightiest first.
    pub fn codes(&self) -> Vec<Code> {
        let mut codes: Vec<Code> = Code::ALL
            .into_iter()
            .filter(|code| self.held[*code as usize] > 0)
            .collect();
        codes.sort_by_key(|code| std::cmp::Reverse(self.held[*code as usize]));
        codes
    }

    /// Writes down when the owner was asked last, which the caller knows better: not every question that was due was asked.
    pub fn asked(&mut self, at: Option<Timestamp>) {
        self.asked_at_ms = at.map(|at| at.0);
    }

    /// The owner has it: what spoke so far is answered. See also [`Profile::confirm`](crate::Profile::confirm).
    pub fn answered(&mut self) {
        self.held = Default::default();
    }

    /// Whole hours are forgotten; what is left of one is kept for later.
    fn forget(&mut self, settings: &Settings, now: Timestamp) {
        let hours = now.0.saturating_sub(self.at_ms).max(0) / HOUR_MS;
        if self.held.iter().all(|held| *held == 0) {
            self.at_ms = self.at_ms.max(now.0);
            return;
        }
        if hours == 0 {
            return;
        }
        self.at_ms = self.at_ms.saturating_add(hours * HOUR_MS);
        let half_life = i64::from(settings.half_life_hours.max(1));
        let halves = (hours / half_life).min(32) as u32;
        // Within a half-life it goes down in a straight line.
        let rest = hours % half_life;
        for held in &mut self.held {
            let left = i64::from(u32::from(*held).checked_shr(halves).unwrap_or(0));
            *held = (left - left * rest / (2 * half_life)) as u16;
        }
    }
}

fn sum(held: &[u16]) -> u16 {
    let sum: u32 = held.iter().map(|held| u32::from(*held)).sum();
    sum.min(u32::from(SCORE_MAX)) as u16
}

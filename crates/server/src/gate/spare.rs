//! Sparing the store a flood of refusals: a terminal that is refused again and again is answered from memory, a few
//! times a second excepted. Memory only declines early; it never approves.
//!
//! Invariant: a request that might be approved is answered here only when the terminal was refused for a hold a moment
//! ago; otherwise only one that had to prove its origin and did not.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use domain::TerminalId;
use domain::transaction::ResponseCode;

/// Refusals of one terminal written at once, and per second after that.
const REFUSALS: Rate = Rate {
    burst: 200.0,
    per_second: 20.0,
};
/// Sign-ins of one terminal: they carry no MAC, so anybody can send them, and each makes new keys.
const SIGN_INS: Rate = Rate {
    burst: 100.0,
    per_second: 1.0,
};
/// Terminals remembered; when there are more, all start anew.
const TERMINALS_MAX: usize = 10_000;

#[derive(Default)]
pub(super) struct Spare {
    refused: Mutex<HashMap<TerminalId, Refused>>,
    sign_ins: Mutex<HashMap<TerminalId, Tokens>>,
}

pub(super) struct Rate {
    pub(super) burst: f64,
    pub(super) per_second: f64,
}

struct Refused {
    code: ResponseCode,
    /// Of requests that prove their origin, or need not.
    proven: Tokens,
    /// Of all others: whoever forges requests uses up none but these.
    unproven: Tokens,
}

/// How often the store may still be asked.
pub(super) struct Tokens {
    left: f64,
    at: Instant,
}

impl Tokens {
    pub(super) const fn full(rate: &Rate, at: Instant) -> Self {
        Self { left: rate.burst, at }
    }

    /// Taken before the store is asked, so that many requests at once cannot overdraw.
    pub(super) fn take(&mut self, rate: &Rate, now: Instant) -> bool {
        let refilled = now.saturating_duration_since(self.at).as_secs_f64() * rate.per_second;
        (self.left, self.at) = ((self.left + refilled).min(rate.burst), now);
        let is_left = self.left >= 1.0;
        if is_left {
            self.left -= 1.0;
        }
        is_left
    }
}

impl Spare {
    /// The code to answer without asking the store; `None` when the store is to be asked.
    pub(super) fn answer(
        &self,
        terminal_id: TerminalId,
        unproven: bool,
        now: Instant,
    ) -> Option<ResponseCode> {
        let mut terminals = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = terminals.get_mut(&terminal_id)?;
        let tokens = if unproven {
            &mut refused.unproven
        } else {
            &mut refused.proven
        };
        let held = refused.code == ResponseCode::TERMINAL_NOT_PERMITTED;
        (!tokens.take(&REFUSALS, now) && (held || unproven)).then_some(refused.code)
    }

    /// Notes what the store said.
    pub(super) fn note(&self, terminal_id: TerminalId, code: ResponseCode, now: Instant) {
        let refusal = matches!(
            code,
            ResponseCode::TERMINAL_NOT_PERMITTED
                | ResponseCode::MAC_ERROR
                | ResponseCode::SIGN_IN_AGAIN
                | ResponseCode::INVALID_MERCHANT
                | ResponseCode::INVALID_TRANSACTION
        );
        let mut terminals = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if !refusal {
            terminals.remove(&terminal_id);
            return;
        }
        if terminals.len() >= TERMINALS_MAX && !terminals.contains_key(&terminal_id) {
            terminals.clear();
        }
        let refused = terminals.entry(terminal_id).or_insert_with(|| Refused {
            code,
            proven: Tokens::full(&REFUSALS, now),
            unproven: Tokens::full(&REFUSALS, now),
        });
        refused.code = code;
    }

    /// Whether a sign-in of the terminal may be asked of the store; one that may not is answered `96`, try again.
    pub(super) fn may_sign_in(&self, terminal_id: TerminalId, now: Instant) -> bool {
        let mut terminals = self.sign_ins.lock().unwrap_or_else(PoisonError::into_inner);
        if terminals.len() >= TERMINALS_MAX && !terminals.contains_key(&terminal_id) {
            terminals.clear();
        }
        terminals
            .entry(terminal_id)
            .or_insert_with(|| Tokens::full(&SIGN_INS, now))
            .take(&SIGN_INS, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn terminal() -> TerminalId {
        TerminalId::parse(b"10450001").unwrap()
    }

    #[test]
    fn a_flood_of_a_held_terminal_is_answered_from_memory_and_soon_asked_about_again() {
        let (spare, now) = (Spare::default(), Instant::now());
        // The first, and then a burst.
        for _ in 0..=REFUSALS.burst as usize {
            assert_eq!(spare.answer(terminal(), false, now), None);
            spare.note(terminal(), ResponseCode::TERMINAL_NOT_PERMITTED, now);
        }
        assert_eq!(
            spare.answer(terminal(), false, now),
            Some(ResponseCode::TERMINAL_NOT_PERMITTED)
        );
        let later = now + Duration::from_millis(250);
        assert_eq!(
            spare.answer(terminal(), false, later),
            None,
            "the hold may be gone: the store is asked"
        );
        spare.note(terminal(), ResponseCode::APPROVED, later);
        assert_eq!(spare.answer(terminal(), true, later), None);
    }

    #[test]
    fn a_forged_flood_never_keeps_the_real_terminal_from_the_store() {
        let (spare, now) = (Spare::default(), Instant::now());
        for _ in 0..1_000 {
            if spare.answer(terminal(), true, now).is_none() {
                spare.note(terminal(), ResponseCode::MAC_ERROR, now);
            }
        }
        assert_eq!(spare.answer(terminal(), true, now), Some(ResponseCode::MAC_ERROR));
        assert_eq!(spare.answer(terminal(), false, now), None);
    }

    #[test]
    fn a_forged_flood_never_keeps_a_held_terminal_from_the_store() {
        let (spare, now) = (Spare::default(), Instant::now());
        for _ in 0..1_000 {
            if spare.answer(terminal(), true, now).is_none() {
                spare.note(terminal(), ResponseCode::TERMINAL_NOT_PERMITTED, now);
            }
        }
        let answer = |unproven| spare.answer(terminal(), unproven, now);
        assert_eq!(answer(true), Some(ResponseCode::TERMINAL_NOT_PERMITTED));
        assert_eq!(
            answer(false),
            None,
            "a cashier may be typing the password that unlocks it"
        );
    }

    #[test]
    fn however_many_ask_at_once_the_store_is_soon_asked_again() {
        let (spare, now) = (Spare::default(), Instant::now());
        spare.note(terminal(), ResponseCode::TERMINAL_NOT_PERMITTED, now);
        let asked = (0..5_000)
            .filter(|_| spare.answer(terminal(), false, now).is_none())
            .count();
        for _ in 0..asked {
            spare.note(terminal(), ResponseCode::TERMINAL_NOT_PERMITTED, now);
        }
        assert_eq!(asked, REFUSALS.burst as usize);
        assert_eq!(
            spare.answer(terminal(), false, now + Duration::from_millis(250)),
            None
        );
    }

    #[test]
    fn sign_ins_without_end_are_put_off_and_soon_taken_again() {
        let (spare, now) = (Spare::default(), Instant::now());
        let taken = (0..1_000).filter(|_| spare.may_sign_in(terminal(), now)).count();
        assert_eq!(taken, SIGN_INS.burst as usize);
        assert!(spare.may_sign_in(terminal(), now + Duration::from_secs(1)));
        let other = TerminalId::parse(b"10450002").unwrap();
        assert!(spare.may_sign_in(other, now));
    }
}

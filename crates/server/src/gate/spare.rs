//! Sparing the store a flood of refusals: a terminal that is refused again and again is answered from memory, a few
//! times a second excepted, and what gets no row of its own is counted. Memory only declines early; it never approves.
//!
//! Whoever cannot prove to be the terminal spends an allowance of that terminal, that address and that class of message, and
//! never the terminal's own.
//!
//! Invariant: a request that might be approved is answered here only when the terminal was refused for a hold a moment
//! ago; no attempt of a held terminal is dropped without being counted.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use app::repeats::Repeats;
use domain::transaction::{Kind, Proof, ResponseCode};
use domain::{TerminalId, Timestamp};

/// Refusals of one terminal written at once, and per second after that.
const REFUSALS: Rate = Rate {
    burst: 200.0,
    per_second: 20.0,
};
/// Rows for what one address sends in one terminal's name without proof, of one class.
const UNPROVEN: Rate = Rate {
    burst: 50.0,
    per_second: 1.0,
};
/// The same for batch uploads, of which an honest terminal sends many in a row and without a MAC.
const UPLOADS: Rate = Rate {
    burst: 300.0,
    per_second: 1.0,
};
/// Terminals, and terminals with addresses, remembered; when there are more, all start anew.
const TERMINALS_MAX: usize = 20_000;
/// Counts of attempts kept until they are written.
const COUNTS_MAX: usize = 10_000;
/// Counts of unproven attempts are written no more often than this, those of proven ones at each look.
const UNPROVEN_EVERY: Duration = Duration::from_secs(10);
/// For how long it is remembered whether a terminal is stopped, while somebody floods the gate in its name.
const STOPPED_FOR: Duration = Duration::from_millis(250);

#[derive(Default)]
pub(super) struct Spare {
    refused: Mutex<HashMap<TerminalId, Refused>>,
    unproven: Mutex<HashMap<(TerminalId, IpAddr, Class), Tokens>>,
    stopped: Mutex<HashMap<TerminalId, (Option<ResponseCode>, Instant)>>,
    counts: Mutex<HashMap<Counted, Count>>,
}

/// What sort of message it is: a flood of one sort leaves the allowance of the others alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Class {
    /// 0800.
    SignIn,
    /// 0820, 002.
    SignOut,
    /// 0500, and the end of an upload.
    Settlement,
    /// 0320, 201.
    Upload,
    /// What needs a MAC and has none, or a wrong one.
    Unsigned,
    /// What cannot be understood.
    Invalid,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Counted {
    terminal_id: TerminalId,
    kind: Kind,
    proof: Proof,
    address: IpAddr,
}

struct Count {
    count: i64,
    first_at: Timestamp,
    since: Instant,
    peer: SocketAddr,
}

pub(super) struct Rate {
    pub(super) burst: f64,
    pub(super) per_second: f64,
}

struct Refused {
    code: ResponseCode,
    tokens: Tokens,
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
    /// The code to answer a proven request without asking the store: that of a hold. `None` when the store is to be asked.
    pub(super) fn answer(&self, terminal_id: TerminalId, now: Instant) -> Option<ResponseCode> {
        let mut terminals = lock(&self.refused);
        let refused = terminals.get_mut(&terminal_id)?;
        let held = refused.code == ResponseCode::TERMINAL_NOT_PERMITTED;
        (!refused.tokens.take(&REFUSALS, now) && held).then_some(refused.code)
    }

    /// Notes what the store said to a proven request.
    pub(super) fn note(&self, terminal_id: TerminalId, code: ResponseCode, now: Instant) {
        let refusal = matches!(
            code,
            ResponseCode::TERMINAL_NOT_PERMITTED
                | ResponseCode::SIGN_IN_AGAIN
                | ResponseCode::INVALID_MERCHANT
                | ResponseCode::INVALID_TRANSACTION
        );
        let mut terminals = lock(&self.refused);
        if !refusal {
            terminals.remove(&terminal_id);
            return;
        }
        if terminals.len() >= TERMINALS_MAX && !terminals.contains_key(&terminal_id) {
            terminals.clear();
        }
        let refused = terminals.entry(terminal_id).or_insert_with(|| Refused {
            code,
            tokens: Tokens::full(&REFUSALS, now),
        });
        refused.code = code;
    }

    /// Whether an unproven request may leave a row.
    pub(super) fn may_write(
        &self,
        terminal_id: TerminalId,
        address: IpAddr,
        class: Class,
        now: Instant,
    ) -> bool {
        let rate = match class {
            Class::Upload => &UPLOADS,
            _ => &UNPROVEN,
        };
        let mut terminals = lock(&self.unproven);
        let key = (terminal_id, address, class);
        if terminals.len() >= TERMINALS_MAX && !terminals.contains_key(&key) {
            terminals.clear();
        }
        let tokens = terminals.entry(key).or_insert_with(|| Tokens::full(rate, now));
        tokens.take(rate, now)
    }

    /// What a stopped terminal was found to hear a moment ago; the inner `None`: it is not stopped.
    pub(super) fn stopped(&self, terminal_id: TerminalId, now: Instant) -> Option<Option<ResponseCode>> {
        let terminals = lock(&self.stopped);
        let (code, at) = terminals.get(&terminal_id)?;
        (now.saturating_duration_since(*at) < STOPPED_FOR).then_some(*code)
    }

    /// Notes whether a terminal is stopped.
    pub(super) fn note_stopped(&self, terminal_id: TerminalId, code: Option<ResponseCode>, now: Instant) {
        let mut terminals = lock(&self.stopped);
        if terminals.len() >= TERMINALS_MAX {
            terminals.clear();
        }
        terminals.insert(terminal_id, (code, now));
    }

    /// Counts an attempt of a held terminal that gets no row of its own.
    pub(super) fn count(
        &self,
        (terminal_id, kind, proof): (TerminalId, Kind, Proof),
        peer: SocketAddr,
        at: Timestamp,
        now: Instant,
    ) {
        let counted = Counted {
            terminal_id,
            kind,
            proof,
            address: peer.ip(),
        };
        let mut counts = lock(&self.counts);
        // One who forges so many addresses is counted under none of them.
        let counted = match counts.len() >= COUNTS_MAX && !counts.contains_key(&counted) {
            true => Counted {
                address: IpAddr::from([0, 0, 0, 0]),
                ..counted
            },
            false => counted,
        };
        let count = counts.entry(counted).or_insert_with(|| Count {
            count: 0,
            first_at: at,
            since: now,
            peer,
        });
        (count.count, count.peer) = (count.count + 1, peer);
    }

    /// Takes the counts that are to be written now.
    pub(super) fn take_counts(&self, now: Instant, all: bool) -> Vec<Repeats> {
        let mut counts = lock(&self.counts);
        let due = |counted: &Counted, count: &Count| {
            all || counted.proof == Proof::Proven
                || now.saturating_duration_since(count.since) >= UNPROVEN_EVERY
        };
        let taken = counts.extract_if(|counted, count| due(counted, count));
        let mut repeats: Vec<Repeats> = taken
            .map(|(counted, count)| Repeats {
                terminal_id: counted.terminal_id,
                kind: counted.kind,
                proof: counted.proof,
                count: count.count,
                peer: count.peer.to_string(),
                first_at: count.first_at,
            })
            .collect();
        repeats.sort_unstable_by_key(|repeats| repeats.terminal_id);
        repeats
    }

    /// Puts counts back that could not be written.
    pub(super) fn put_back(&self, repeats: Repeats, now: Instant) {
        let peer: SocketAddr = repeats
            .peer
            .parse()
            .unwrap_or_else(|_| SocketAddr::from(([0, 0, 0, 0], 0)));
        let counted = Counted {
            terminal_id: repeats.terminal_id,
            kind: repeats.kind,
            proof: repeats.proof,
            address: peer.ip(),
        };
        let mut counts = lock(&self.counts);
        let count = counts.entry(counted).or_insert_with(|| Count {
            count: 0,
            first_at: repeats.first_at,
            since: now,
            peer,
        });
        count.count += repeats.count;
        count.first_at = count.first_at.min(repeats.first_at);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal() -> TerminalId {
        TerminalId::parse(b"10450001").unwrap()
    }

    fn peer(last: u8) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, last], 4_100))
    }

    #[test]
    fn a_flood_of_a_held_terminal_is_answered_from_memory_and_soon_asked_about_again() {
        let (spare, now) = (Spare::default(), Instant::now());
        // The first, and then a burst.
        for _ in 0..=REFUSALS.burst as usize {
            assert_eq!(spare.answer(terminal(), now), None);
            spare.note(terminal(), ResponseCode::TERMINAL_NOT_PERMITTED, now);
        }
        assert_eq!(
            spare.answer(terminal(), now),
            Some(ResponseCode::TERMINAL_NOT_PERMITTED)
        );
        let later = now + Duration::from_millis(250);
        assert_eq!(
            spare.answer(terminal(), later),
            None,
            "the hold may be gone: the store is asked"
        );
        spare.note(terminal(), ResponseCode::APPROVED, later);
        assert_eq!(spare.answer(terminal(), later), None);
    }

    #[test]
    fn forged_messages_spend_neither_the_terminals_allowance_nor_another_addresss_nor_another_classs() {
        let (spare, now) = (Spare::default(), Instant::now());
        spare.note(terminal(), ResponseCode::TERMINAL_NOT_PERMITTED, now);
        let may = |last: u8, class| spare.may_write(terminal(), peer(last).ip(), class, now);
        let written = (0..5_000).filter(|_| may(1, Class::Unsigned)).count();
        assert_eq!(written, UNPROVEN.burst as usize);
        assert!(may(2, Class::Unsigned), "another address");
        assert!(may(1, Class::Settlement), "another class");
        assert_eq!(
            spare.answer(terminal(), now),
            None,
            "a cashier may be typing the password that unlocks it"
        );
    }

    #[test]
    fn however_many_ask_at_once_the_store_is_soon_asked_again() {
        let (spare, now) = (Spare::default(), Instant::now());
        spare.note(terminal(), ResponseCode::TERMINAL_NOT_PERMITTED, now);
        let asked = (0..5_000)
            .filter(|_| spare.answer(terminal(), now).is_none())
            .count();
        assert_eq!(asked, REFUSALS.burst as usize);
        assert_eq!(spare.answer(terminal(), now + Duration::from_millis(250)), None);
    }

    #[test]
    fn whether_a_terminal_is_stopped_is_remembered_for_a_moment_only() {
        let (spare, now) = (Spare::default(), Instant::now());
        assert_eq!(spare.stopped(terminal(), now), None);
        spare.note_stopped(terminal(), Some(ResponseCode::TERMINAL_NOT_PERMITTED), now);
        let held = Some(Some(ResponseCode::TERMINAL_NOT_PERMITTED));
        assert_eq!(spare.stopped(terminal(), now), held);
        assert_eq!(spare.stopped(terminal(), now + STOPPED_FOR), None);
    }

    #[test]
    fn every_attempt_without_a_row_is_counted_and_a_count_that_was_not_written_comes_again() {
        let (spare, now) = (Spare::default(), Instant::now());
        let of = |proof| (terminal(), Kind::SignIn, proof);
        for nth in 0..7 {
            spare.count(of(Proof::Unproven), peer(1), Timestamp(nth), now);
        }
        spare.count(of(Proof::Proven), peer(1), Timestamp(9), now);
        let counts = |repeats: &[Repeats]| -> Vec<(Proof, i64)> {
            repeats.iter().map(|one| (one.proof, one.count)).collect()
        };
        assert_eq!(counts(&spare.take_counts(now, false)), [(Proof::Proven, 1)]);
        let later = now + UNPROVEN_EVERY;
        let taken = spare.take_counts(later, false);
        assert_eq!(counts(&taken), [(Proof::Unproven, 7)]);
        assert_eq!(taken[0].first_at, Timestamp(0));
        spare.put_back(taken[0].clone(), later);
        assert_eq!(spare.take_counts(later, true), taken);
        assert!(spare.take_counts(later, true).is_empty());
    }

    #[test]
    fn the_counts_are_bounded_and_lose_none() {
        let (spare, now) = (Spare::default(), Instant::now());
        let sent = COUNTS_MAX as u32 + 500;
        for nth in 0..sent {
            let from = SocketAddr::from((nth.to_be_bytes(), 1));
            let of = (terminal(), Kind::Purchase, Proof::Unproven);
            spare.count(of, from, Timestamp(0), now);
        }
        assert!(lock(&spare.counts).len() <= COUNTS_MAX + 1);
        let taken = spare.take_counts(now, true);
        assert_eq!(taken.iter().map(|one| one.count).sum::<i64>(), i64::from(sent));
    }
}

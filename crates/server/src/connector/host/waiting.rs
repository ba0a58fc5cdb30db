//! Who waits for which answer of the host, and whose answer may still come late.
//!
//! Invariant: a place is taken by one request at a time; while its answer may still come, no other request has it.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use domain::TerminalId;
use iso8583::Mti;
use tokio::sync::oneshot;

use super::HostAnswer;
use super::echo::Echo;

/// Requests waiting for the host at once.
const WAITING_MAX: usize = 8_192;
/// Places kept free for late answers; with more, no more is asked until the oldest are over.
const LATE_MAX: usize = 65_536;
/// How long after its time an answer may still come. A host that keeps one for longer answers by fields that differ.
const LATE_FOR: Duration = Duration::from_secs(120);

/// Where an answer belongs: terminal, trace number and type, which every answer brings back.
pub(super) type Key = (TerminalId, u64, Mti);

enum Place {
    /// Somebody waits.
    Taken(Echo, oneshot::Sender<HostAnswer>),
    /// Nobody waits any more; until then the answer may still come.
    Late(Echo, Instant),
}

#[derive(Default)]
pub(super) struct Places {
    places: HashMap<Key, Place>,
    /// When each late place is free again, in that order.
    free_at: VecDeque<(Instant, Key)>,
    taken: usize,
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// Given to whoever waits.
    InTime,
    /// Nobody waits for it any more.
    Late,
    /// It does not answer what was asked.
    Other(super::Part),
}

impl Places {
    /// Takes a place. None is given where another request waits or its answer may still come, but to a reversal that is
    /// repeated: an answer to one of its messages is as good as to another.
    pub(super) fn take(
        &mut self,
        key: Key,
        echo: Echo,
        answered: oneshot::Sender<HostAnswer>,
        now: Instant,
    ) -> bool {
        self.free_old(now);
        let is_free = match self.places.get(&key) {
            None => true,
            Some(Place::Taken(..)) => false,
            Some(Place::Late(late, _)) => key.2 == REVERSAL_ANSWER && *late == echo,
        };
        if !is_free || self.taken >= WAITING_MAX || self.free_at.len() >= LATE_MAX {
            return false;
        }
        self.places.insert(key, Place::Taken(echo, answered));
        self.taken += 1;
        true
    }

    /// Gives an answer to whoever waits for it. What answers something else leaves them waiting for their own.
    pub(super) fn give(
        &mut self,
        key: Key,
        answer: HostAnswer,
        differs: impl FnOnce(&Echo) -> Option<super::Part>,
    ) -> Came {
        match self.places.remove(&key) {
            None => Came::Late,
            Some(Place::Late(echo, until)) => {
                if differs(&echo).is_some() {
                    self.places.insert(key, Place::Late(echo, until));
                }
                Came::Late
            }
            Some(Place::Taken(echo, waiting)) => match differs(&echo) {
                Some(part) => {
                    self.places.insert(key, Place::Taken(echo, waiting));
                    Came::Other(part)
                }
                None => {
                    self.taken -= 1;
                    let _ = waiting.send(answer);
                    Came::InTime
                }
            },
        }
    }

    /// Whoever has a place stops waiting. What was sent may still be answered.
    pub(super) fn leave(&mut self, key: Key, was_sent: bool, now: Instant) {
        let Some(Place::Taken(echo, _)) = self.places.get(&key) else {
            return;
        };
        let until = now + LATE_FOR;
        let late = Place::Late(*echo, until);
        self.taken -= 1;
        match was_sent {
            false => drop(self.places.remove(&key)),
            true => {
                self.places.insert(key, late);
                self.free_at.push_back((until, key));
            }
        }
    }

    /// The connection is gone: whoever waits now waits in vain, and hears it.
    pub(super) fn abandon(&mut self, now: Instant) {
        let taken: Vec<Key> = self
            .places
            .iter()
            .filter(|(_, place)| matches!(place, Place::Taken(..)))
            .map(|(key, _)| *key)
            .collect();
        for key in taken {
            self.leave(key, true, now);
        }
    }

    fn free_old(&mut self, now: Instant) {
        while let Some((_, key)) = self.free_at.pop_front_if(|(at, _)| *at <= now) {
            // A reversal that was repeated meanwhile keeps its place until the time of its last message.
            let is_over = |place: &Place| matches!(place, Place::Late(_, until) if *until <= now);
            if self.places.get(&key).is_some_and(is_over) {
                self.places.remove(&key);
            }
        }
    }
}

/// 0410.
const REVERSAL_ANSWER: Mti = Mti(0x0410);

#[cfg(test)]
mod tests {
    use super::super::Part;
    use super::*;
    use domain::transaction::ResponseCode;

    fn key(mti: u16) -> Key {
        (TerminalId::parse(b"10450001").unwrap(), 7, Mti(mti))
    }

    fn echo(amount: u64) -> Echo {
        Echo::of_amount(amount)
    }

    fn answer() -> HostAnswer {
        HostAnswer {
            amount_minor: None,
            raw: Vec::new(),
            response_code: ResponseCode::APPROVED,
            retrieval_reference: None,
            approval_code: None,
        }
    }

    fn give(places: &mut Places, answered: u64) -> Came {
        let answered = echo(answered);
        places.give(key(0x0210), answer(), |asked| {
            (*asked != answered).then_some(Part::Amount)
        })
    }

    fn take(
        places: &mut Places,
        mti: u16,
        amount: u64,
        now: Instant,
    ) -> Option<oneshot::Receiver<HostAnswer>> {
        let (sender, receiver) = oneshot::channel();
        places
            .take(key(mti), echo(amount), sender, now)
            .then_some(receiver)
    }

    #[test]
    fn an_answer_to_something_else_leaves_the_place_to_the_right_one() {
        let (mut places, now) = (Places::default(), Instant::now());
        let mut waiting = take(&mut places, 0x0210, 999_999, now).unwrap();
        assert_eq!(give(&mut places, 100), Came::Other(Part::Amount));
        assert!(waiting.try_recv().is_err());
        assert_eq!(give(&mut places, 999_999), Came::InTime);
        assert!(waiting.try_recv().is_ok());
    }

    #[test]
    fn a_place_is_not_given_again_while_a_late_answer_can_still_come() {
        let (mut places, now) = (Places::default(), Instant::now());
        let waiting = take(&mut places, 0x0210, 100, now).unwrap();
        assert!(take(&mut places, 0x0210, 100, now).is_none(), "somebody waits");
        drop(waiting);
        places.leave(key(0x0210), true, now);
        assert!(take(&mut places, 0x0210, 999_999, now).is_none());
        assert!(take(&mut places, 0x0210, 100, now).is_none(), "not even the same");
        let later = now + LATE_FOR;
        assert!(take(&mut places, 0x0210, 999_999, later).is_some());
    }

    #[test]
    fn the_late_answer_makes_its_place_free_and_nothing_else_does() {
        let (mut places, now) = (Places::default(), Instant::now());
        take(&mut places, 0x0210, 100, now).unwrap();
        places.leave(key(0x0210), true, now);
        assert_eq!(give(&mut places, 5), Came::Late);
        assert!(take(&mut places, 0x0210, 999_999, now).is_none());
        assert_eq!(give(&mut places, 100), Came::Late);
        assert!(take(&mut places, 0x0210, 999_999, now).is_some());
    }

    #[test]
    fn what_was_not_sent_is_not_answered() {
        let (mut places, now) = (Places::default(), Instant::now());
        take(&mut places, 0x0210, 100, now).unwrap();
        places.leave(key(0x0210), false, now);
        assert!(take(&mut places, 0x0210, 200, now).is_some());
    }

    #[test]
    fn a_reversal_is_repeated_at_once_and_another_one_waits() {
        let (mut places, now) = (Places::default(), Instant::now());
        for _ in 0..3 {
            take(&mut places, 0x0410, 100, now).unwrap();
            places.leave(key(0x0410), true, now);
        }
        assert!(take(&mut places, 0x0410, 200, now).is_none());
        assert!(take(&mut places, 0x0410, 200, now + LATE_FOR).is_some());
    }

    #[test]
    fn a_lost_connection_leaves_every_place_to_a_late_answer() {
        let (mut places, now) = (Places::default(), Instant::now());
        let mut waiting = take(&mut places, 0x0210, 100, now).unwrap();
        places.abandon(now);
        assert_eq!(
            waiting.try_recv().err(),
            Some(oneshot::error::TryRecvError::Closed)
        );
        assert!(take(&mut places, 0x0210, 100, now).is_none());
        assert_eq!(places.taken, 0);
    }
}

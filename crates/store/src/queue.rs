//! Work waiting for a writer: closures, and who hears what became of them.
//!
//! Invariant: every closure that was taken in gets its answer, once.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::TerminalId;
use domain::transaction::BatchTrace;

use crate::{Error, Tx};

/// Closures waiting for a writer; one more is refused as [`Error::Overloaded`].
const QUEUE_LEN_MAX: usize = 8192;
/// Closures in one commit.
pub(crate) const BATCH_LEN_MAX: usize = 256;
/// With so many closures in a commit, as many more are on their way.
const BUSY_FROM: usize = 8;
/// How long a busy writer waits for them, so that they share the next commit.
const GATHER_TIME_MAX: Duration = Duration::from_micros(200);

/// Whose rows a closure will read, so that a database across a network can be asked for those of many closures at once.
/// The closure may touch no other terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// The terminal.
    pub terminal_id: TerminalId,
    /// The request it is about, where what the ledger says of it will be asked.
    pub name: Option<BatchTrace>,
}

impl Want {
    /// The rows of a terminal.
    pub const fn of(terminal_id: TerminalId) -> Self {
        let name = None;
        Self { terminal_id, name }
    }
}

/// Tells the caller; hears first whether the commit succeeded.
pub(crate) type Answer = Box<dyn FnOnce(Result<(), Error>) + Send>;
/// Runs in the transaction, or only makes its answer when there is none. The flag: whether its changes are to be kept.
pub(crate) type Run = Box<dyn FnOnce(Option<&Tx<'_>>) -> (bool, Answer) + Send>;

/// One closure that waits.
pub(crate) struct Work {
    pub(crate) want: Option<Want>,
    /// Goes before everything that waits, and has a commit for itself.
    pub(crate) is_urgent: bool,
    since: Instant,
    pub(crate) run: Run,
}

impl Work {
    /// Makes work of a closure and of who hears its result.
    pub(crate) fn new<T, E>(
        want: Option<Want>,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
        done: impl FnOnce(Result<T, E>) + Send + 'static,
    ) -> Self
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let run = move |tx: Option<&Tx<'_>>| -> (bool, Answer) {
            let Some(tx) = tx else {
                let answer =
                    move |none: Result<(), Error>| done(Err(none.err().unwrap_or(Error::Stopped).into()));
                return (false, Box::new(answer));
            };
            let result =
                catch_unwind(AssertUnwindSafe(|| work(tx))).unwrap_or_else(|_| Err(Error::Panicked.into()));
            let keep = result.is_ok();
            let answer = move |committed: Result<(), Error>| done(committed.map_err(E::from).and(result));
            (keep, Box::new(answer))
        };
        Self {
            want,
            is_urgent: false,
            since: Instant::now(),
            run: Box::new(run),
        }
    }

    /// The same, before everything else.
    pub(crate) fn urgent(self) -> Self {
        Self {
            is_urgent: true,
            ..self
        }
    }

    /// Answers that nothing was done.
    pub(crate) fn refuse(self, error: Error) {
        (self.run)(None).1(Err(error));
    }
}

/// Lets a writer run as soon as it can, where the system allows it: a thread that wakes from a flush otherwise waits for its
/// turn behind everything that keeps the processors busy, and everybody waits for it.
pub(crate) fn hurry() {
    use thread_priority::{
        RealtimeThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
        thread_native_id,
    };
    let (Ok(lowest), policy) = (1_u8.try_into(), RealtimeThreadSchedulePolicy::Fifo) else {
        return;
    };
    let priority = ThreadPriority::Crossplatform(lowest);
    let set = set_thread_priority_and_policy(
        thread_native_id(),
        priority,
        ThreadSchedulePolicy::Realtime(policy),
    );
    if set.is_err() {
        tracing::debug!("the writer runs at the usual priority");
    }
}

/// Which work a writer takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    /// Whatever comes.
    All,
    /// What names no terminal, and what waits for longer than it should: the writer that takes all is held up. So the many
    /// closures on terminals stay together and share a commit, and no terminal that somebody has locked stops the rest.
    Rest,
}

/// How long work waits before a writer that takes only the rest takes it.
const HELD_UP_AFTER: Duration = Duration::from_millis(20);

/// What waits.
#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    ready: Condvar,
    rest_ready: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Work>,
    closed: bool,
    stopped: bool,
    /// How many a writer that gathers waits for.
    gathering: usize,
}

impl State {
    /// How many go before everything else.
    fn urgent_len(&self) -> usize {
        self.waiting.iter().take_while(|work| work.is_urgent).count()
    }

    fn has_urgent(&self) -> bool {
        self.waiting.front().is_some_and(|first| first.is_urgent)
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes work in, or answers it at once that it cannot.
    pub(crate) fn push(&self, work: Work) {
        let mut state = self.lock();
        let refusal = match () {
            () if state.stopped || state.closed => Some(Error::Stopped),
            () if state.waiting.len() >= QUEUE_LEN_MAX => Some(Error::Overloaded),
            () => None,
        };
        if let Some(refusal) = refusal {
            drop(state);
            return work.refuse(refusal);
        }
        let place = match work.is_urgent {
            true => state.urgent_len(),
            false => state.waiting.len(),
        };
        let names_terminal = work.want.is_some();
        state.waiting.insert(place, work);
        let is_enough = state.waiting.len() >= state.gathering || state.has_urgent();
        drop(state);
        if is_enough {
            self.ready.notify_one();
        }
        if !names_terminal {
            self.rest_ready.notify_one();
        }
    }

    /// Waits a moment until as many wait as the last commit had, when that was many. Nobody is kept waiting who is alone,
    /// and nothing urgent.
    pub(crate) fn gather(&self, last: usize) {
        if last < BUSY_FROM {
            return;
        }
        let mut state = self.lock();
        state.gathering = last;
        let is_short = |state: &mut State| state.waiting.len() < last && !state.has_urgent() && !state.closed;
        let waited = self.ready.wait_timeout_while(state, GATHER_TIME_MAX, is_short);
        waited.unwrap_or_else(PoisonError::into_inner).0.gathering = 0;
    }

    /// Whether something urgent waits.
    pub(crate) fn has_urgent(&self) -> bool {
        self.lock().has_urgent()
    }

    /// Takes back what a writer has not run, to be the next.
    pub(crate) fn give_back(&self, batch: impl DoubleEndedIterator<Item = Work>) {
        let mut state = self.lock();
        let place = state.urgent_len();
        for work in batch.rev() {
            state.waiting.insert(place, work);
        }
    }

    /// Waits for work and moves it into `batch`; false when the queue is closed and empty.
    pub(crate) fn take(&self, batch: &mut Vec<Work>) -> bool {
        self.take_while(batch, Share::All, |_, _| true)
    }

    /// The same for a writer that takes a share of it, as long as the next one may come along with the first.
    pub(crate) fn take_while(
        &self,
        batch: &mut Vec<Work>,
        share: Share,
        together: impl Fn(&Work, &Work) -> bool,
    ) -> bool {
        let mut state = self.lock();
        loop {
            let is_ours = |work: &Work| {
                share == Share::All || work.want.is_none() || work.since.elapsed() >= HELD_UP_AFTER
            };
            match state.waiting.front() {
                Some(first) if is_ours(first) || state.closed => break,
                None if state.closed => return false,
                _ => {}
            }
            state = match share {
                Share::All => self.ready.wait(state).unwrap_or_else(PoisonError::into_inner),
                Share::Rest => {
                    let waited = self.rest_ready.wait_timeout(state, HELD_UP_AFTER);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        let Some(first) = state.waiting.pop_front() else {
            return false;
        };
        let is_alone = first.is_urgent;
        batch.push(first);
        while batch.len() < BATCH_LEN_MAX && !is_alone {
            let Some(next) = state.waiting.pop_front_if(|next| together(&batch[0], next)) else {
                break;
            };
            batch.push(next);
        }
        true
    }

    /// Takes nothing more in; what waits is still done.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.ready.notify_all();
        self.rest_ready.notify_all();
    }

    /// Takes nothing more in for good, and refuses what waits: a write has failed so that nobody knows what is kept.
    pub(crate) fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        for work in waiting {
            work.refuse(Error::Stopped);
        }
    }
}

/// Which readers a read may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// All but those kept for urgent reads.
    Usual,
    /// All.
    Urgent,
}

impl Urgency {
    /// How many of the readers `kept` for urgent reads it must leave.
    pub(crate) const fn left(self, kept: usize) -> usize {
        match self {
            Self::Usual => kept,
            Self::Urgent => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_when_the_writer_stops_hears_so_and_is_not_run() {
        let queue = Queue::default();
        let (send, heard) = std::sync::mpsc::channel();
        for _ in 0..3 {
            let send = send.clone();
            queue.push(Work::new(
                None,
                |_| -> Result<(), Error> { unreachable!("it ran") },
                move |done| send.send(matches!(done, Err(Error::Stopped))).unwrap(),
            ));
        }
        queue.stop();
        assert_eq!(heard.try_iter().collect::<Vec<_>>(), [true; 3]);
    }
}

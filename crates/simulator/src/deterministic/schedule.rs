//! Time and tasks of a simulation: futures polled in one thread, in an order that the seed alone decides.
//!
//! Every wake-up is an entry of a queue ordered by simulated time and then by the order of its making. A task belongs to an
//! owner (a node's incarnation, the database, the world outside), and can be killed or paused with it.
//!
//! Invariant: no wall clock, no thread, no randomness but the seed's; a task is dropped whole or goes on, never half.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fmt::{Arguments, Write as _};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::chance::Chance;

/// Microseconds in a millisecond.
pub const MS: u64 = 1_000;
/// Who owns tasks.
pub type Owner = u64;
/// Tasks polled in one run; more is a simulation that does not come to its end.
const POLLS_MAX: u64 = 20_000_000;

/// The simulated world's time, tasks, randomness and log.
#[derive(Clone)]
pub struct Schedule(Rc<Inner>);

struct Inner {
    now: Cell<u64>,
    made: Cell<u64>,
    polls: Cell<u64>,
    queue: RefCell<BinaryHeap<Reverse<(u64, u64, u64)>>>,
    tasks: RefCell<BTreeMap<u64, Task>>,
    paused: RefCell<BTreeMap<Owner, u64>>,
    current: Cell<(u64, Owner)>,
    chance: RefCell<Chance>,
    log: RefCell<Log>,
}

struct Task {
    owner: Owner,
    /// Taken out while it is polled.
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

struct Log {
    line: String,
    digest: u64,
    lines: u64,
    kept: Option<String>,
}

impl Schedule {
    /// An empty world of a seed. Its log is kept as text only when asked for; its digest always is.
    pub fn new(seed: u64, keep_log: bool) -> Self {
        Self(Rc::new(Inner {
            now: Cell::new(0),
            made: Cell::new(0),
            polls: Cell::new(0),
            queue: RefCell::default(),
            tasks: RefCell::default(),
            paused: RefCell::default(),
            current: Cell::new((0, 0)),
            chance: RefCell::new(Chance::new(seed, 0)),
            log: RefCell::new(Log {
                line: String::new(),
                digest: 0xCBF2_9CE4_8422_2325,
                lines: 0,
                kept: keep_log.then(String::new),
            }),
        }))
    }

    /// Simulated time since the start, microseconds.
    pub fn now(&self) -> u64 {
        self.0.now.get()
    }

    fn next_number(&self) -> u64 {
        let made = self.0.made.get() + 1;
        self.0.made.set(made);
        made
    }

    /// A whole number in `low..=high`.
    pub fn between(&self, low: u64, high: u64) -> u64 {
        self.0.chance.borrow_mut().between(low, high)
    }

    /// True with this probability.
    pub fn happens(&self, probability: f64) -> bool {
        probability > 0.0 && self.0.chance.borrow_mut().happens(probability)
    }

    /// An index in proportion to its weight.
    pub fn weighted(&self, weights: &[u32]) -> usize {
        self.0.chance.borrow_mut().weighted(weights)
    }

    /// A span with this mean, most of them shorter, microseconds.
    pub fn about(&self, mean: u64) -> u64 {
        let span = self.0.chance.borrow_mut().exponential(mean as f64);
        span.min(20.0 * mean as f64) as u64
    }

    /// Writes a line into the log.
    pub fn log(&self, what: Arguments<'_>) {
        let mut log = self.0.log.borrow_mut();
        let Log {
            line,
            digest,
            lines,
            kept,
        } = &mut *log;
        line.clear();
        let now = self.now();
        // Writing to a string cannot fail.
        let _ = writeln!(line, "{:>7}.{:03} {what}", now / MS, now % MS);
        *lines += 1;
        for byte in line.bytes() {
            *digest = (*digest ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
        if let Some(kept) = kept {
            kept.push_str(line);
        }
    }

    /// The log's digest, and the log when it was kept.
    pub fn digest(&self) -> (u64, Option<String>) {
        let mut log = self.0.log.borrow_mut();
        (log.digest, log.kept.take())
    }

    /// Starts a task; it is polled for the first time after what is due already.
    pub fn spawn(&self, owner: Owner, future: impl Future<Output = ()> + 'static) {
        let number = self.next_number();
        let future: Pin<Box<dyn Future<Output = ()>>> = Box::pin(future);
        let future = Some(future);
        self.0.tasks.borrow_mut().insert(number, Task { owner, future });
        self.wake(number);
    }

    /// Drops every task of an owner where it stands.
    pub fn kill(&self, owner: Owner) {
        self.0.paused.borrow_mut().remove(&owner);
        let mut tasks = self.0.tasks.borrow_mut();
        let numbers: Vec<u64> = tasks
            .iter()
            .filter(|(_, task)| task.owner == owner)
            .map(|(number, _)| *number)
            .collect();
        let killed: Vec<Option<Task>> = numbers.iter().map(|number| tasks.remove(number)).collect();
        drop(tasks);
        // Only now: what they drop may wake others.
        drop(killed);
    }

    /// No task of an owner runs before this time.
    pub fn pause(&self, owner: Owner, until: u64) {
        self.0.paused.borrow_mut().insert(owner, until);
    }

    /// Ends every pause.
    pub fn resume_all(&self) {
        let paused = std::mem::take(&mut *self.0.paused.borrow_mut());
        let tasks = self.0.tasks.borrow();
        // A wake-up too many does no harm.
        let stood_still = tasks.iter().filter(|(_, task)| paused.contains_key(&task.owner));
        stood_still.for_each(|(number, _)| self.wake(*number));
    }

    fn wake(&self, task: u64) {
        self.wake_at(task, self.now());
    }

    fn wake_at(&self, task: u64, at: u64) {
        let number = self.next_number();
        self.0.queue.borrow_mut().push(Reverse((at, number, task)));
    }

    /// Runs until nothing is due before `end`; false when it did not come to an end.
    pub fn run_until(&self, end: u64) -> bool {
        loop {
            let next = self.0.queue.borrow().peek().copied();
            let Some(Reverse((at, _, number))) = next.filter(|Reverse((at, ..))| *at <= end) else {
                self.0.now.set(end);
                return true;
            };
            self.0.queue.borrow_mut().pop();
            self.0.now.set(self.now().max(at));
            let polls = self.0.polls.get() + 1;
            self.0.polls.set(polls);
            if polls > POLLS_MAX {
                return false;
            }
            self.poll(number);
        }
    }

    fn poll(&self, number: u64) {
        let (owner, future) = match self.0.tasks.borrow_mut().get_mut(&number) {
            Some(task) => (task.owner, task.future.take()),
            None => return,
        };
        let Some(mut future) = future else { return };
        let paused = self.0.paused.borrow().get(&owner).copied();
        let later = paused.filter(|until| *until > self.now());
        let mut ended = false;
        match later {
            Some(until) => self.wake_at(number, until),
            None => {
                self.0.current.set((number, owner));
                ended = future
                    .as_mut()
                    .poll(&mut Context::from_waker(Waker::noop()))
                    .is_ready();
            }
        }
        let mut tasks = self.0.tasks.borrow_mut();
        if ended {
            tasks.remove(&number);
        } else if let Some(task) = tasks.get_mut(&number) {
            task.future = Some(future);
            return;
        }
        drop(tasks);
        drop(future);
    }

    /// Waits for a span of simulated time.
    pub fn sleep(&self, span: u64) -> Sleep {
        Sleep {
            schedule: self.clone(),
            until: self.now() + span,
            asked: false,
        }
    }

    /// Waits at most so long.
    pub async fn timeout<T>(&self, span: u64, future: impl Future<Output = T>) -> Option<T> {
        let mut sleep = self.sleep(span);
        let mut future = Box::pin(future);
        std::future::poll_fn(move |context| match future.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending => Pin::new(&mut sleep).poll(context).map(|()| None),
        })
        .await
    }

    /// A place for one value, and who waits for it.
    pub fn slot<T>(&self) -> (Sender<T>, Receiver<T>) {
        let state = Rc::new(RefCell::new(SlotState {
            value: None,
            waiting: None,
            closed: false,
        }));
        let schedule = self.clone();
        (
            Sender {
                schedule: schedule.clone(),
                state: state.clone(),
            },
            Receiver { schedule, state },
        )
    }

    /// A bell that wakes everybody who waits for it.
    pub fn bell(&self) -> Bell {
        Bell {
            schedule: self.clone(),
            state: Rc::default(),
        }
    }
}

/// Waits for a time.
pub struct Sleep {
    schedule: Schedule,
    until: u64,
    asked: bool,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.schedule.now() >= self.until {
            return Poll::Ready(());
        }
        if !self.asked {
            self.asked = true;
            let (task, _) = self.schedule.0.current.get();
            self.schedule.wake_at(task, self.until);
        }
        Poll::Pending
    }
}

struct SlotState<T> {
    value: Option<T>,
    waiting: Option<u64>,
    closed: bool,
}

/// Gives the value; dropped without one, the receiver hears that none will come.
pub struct Sender<T> {
    schedule: Schedule,
    state: Rc<RefCell<SlotState<T>>>,
}

impl<T> Sender<T> {
    /// Gives the value.
    pub fn send(self, value: T) {
        self.state.borrow_mut().value = Some(value);
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = self.state.borrow_mut();
        state.closed = true;
        if let Some(task) = state.waiting.take() {
            self.schedule.wake(task);
        }
    }
}

/// Waits for the value; `None` when none will come.
pub struct Receiver<T> {
    schedule: Schedule,
    state: Rc<RefCell<SlotState<T>>>,
}

impl<T> Future for Receiver<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.state.borrow_mut();
        if let Some(value) = state.value.take() {
            return Poll::Ready(Some(value));
        }
        if state.closed {
            return Poll::Ready(None);
        }
        state.waiting = Some(self.schedule.0.current.get().0);
        Poll::Pending
    }
}

/// Wakes everybody who waits.
#[derive(Clone)]
pub struct Bell {
    schedule: Schedule,
    state: Rc<RefCell<(u64, Vec<u64>)>>,
}

impl Bell {
    /// Rings.
    pub fn ring(&self) {
        let mut state = self.state.borrow_mut();
        state.0 += 1;
        for task in std::mem::take(&mut state.1) {
            self.schedule.wake(task);
        }
    }

    /// Waits for the next ring.
    pub fn heard(&self) -> impl Future<Output = ()> + use<> {
        let bell = self.clone();
        let rung = self.state.borrow().0;
        std::future::poll_fn(move |_| {
            let mut state = bell.state.borrow_mut();
            if state.0 > rung {
                return Poll::Ready(());
            }
            let task = bell.schedule.0.current.get().0;
            if !state.1.contains(&task) {
                state.1.push(task);
            }
            Poll::Pending
        })
    }
}

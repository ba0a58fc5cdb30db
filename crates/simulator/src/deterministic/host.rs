//! The acquirer's host of a simulation: it approves most of what it is asked, at its own pace, and remembers.
//!
//! Invariant: the same request gets the same answer; a request that its reversal overtook is not approved later.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use domain::TerminalId;
use domain::transaction::{BatchTrace, HostOutcome, ResponseCode, Verdict};

use super::network::{Network, Place};
use super::schedule::{MS, Receiver, Schedule, Sender};

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Approved,
    Declined,
    Reversed,
    Barred,
}

/// The host. Clones are handles on the same one.
#[derive(Clone)]
pub struct Host(Rc<Inner>);

struct Inner {
    schedule: Schedule,
    network: Network,
    memory: RefCell<BTreeMap<(TerminalId, u32), State>>,
    /// It takes requests in and does not answer them.
    is_mute: Cell<bool>,
    is_slow: Cell<bool>,
}

impl Host {
    /// A host that has heard of nothing.
    pub fn new(schedule: &Schedule, network: &Network) -> Self {
        Self(Rc::new(Inner {
            schedule: schedule.clone(),
            network: network.clone(),
            memory: RefCell::default(),
            is_mute: Cell::new(false),
            is_slow: Cell::new(false),
        }))
    }

    /// Sets how it works from now on.
    pub fn set(&self, is_mute: bool, is_slow: bool) {
        self.0.is_mute.set(is_mute);
        self.0.is_slow.set(is_slow);
    }

    /// The names of a terminal's approvals that stand here.
    pub fn standing(&self, terminal_id: TerminalId) -> Vec<u32> {
        let memory = self.0.memory.borrow();
        let of_terminal = memory.iter().filter(|((id, _), _)| *id == terminal_id);
        let standing = of_terminal.filter(|(_, state)| **state == State::Approved);
        standing.map(|((_, name), _)| *name).collect()
    }

    fn decide(&self, terminal_id: TerminalId, name: BatchTrace) -> State {
        let declines = self.0.schedule.happens(0.08);
        let mut memory = self.0.memory.borrow_mut();
        *memory.entry((terminal_id, name.trace)).or_insert(match declines {
            true => State::Declined,
            false => State::Approved,
        })
    }

    fn undo(&self, terminal_id: TerminalId, name: BatchTrace) -> &'static [u8] {
        let mut memory = self.0.memory.borrow_mut();
        let state = memory.entry((terminal_id, name.trace)).or_insert(State::Barred);
        match *state {
            State::Approved | State::Reversed => {
                *state = State::Reversed;
                b"00"
            }
            State::Declined | State::Barred => {
                *state = State::Barred;
                b"25"
            }
        }
    }

    /// Sends something to the host; the answer comes into the slot, if ever.
    fn send<T: 'static>(&self, from: usize, work: impl Fn(&Self) -> T + 'static) -> Receiver<T> {
        let (answer, answered) = self.0.schedule.slot();
        let answer: Rc<RefCell<Option<Sender<T>>>> = Rc::new(RefCell::new(Some(answer)));
        let (host, work) = (self.clone(), Rc::new(work));
        self.0.network.carry(Place::Node(from), Place::Host, move || {
            let (host, work, answer) = (host.clone(), work.clone(), answer.clone());
            let schedule = host.0.schedule.clone();
            schedule.spawn(super::OUTSIDE, async move {
                let mean = if host.0.is_slow.get() { 1_500 * MS } else { 40 * MS };
                host.0.schedule.sleep(MS + host.0.schedule.about(mean)).await;
                let value = RefCell::new(Some(work(&host)));
                if host.0.is_mute.get() {
                    return;
                }
                host.0.network.carry(Place::Host, Place::Node(from), move || {
                    if let (Some(answer), Some(value)) =
                        (answer.borrow_mut().take(), value.borrow_mut().take())
                    {
                        answer.send(value);
                    }
                });
            });
        });
        answered
    }

    /// Asks for a decision.
    pub fn ask(&self, from: usize, terminal_id: TerminalId, name: BatchTrace) -> Receiver<HostOutcome> {
        let answered = move |(text, verdict): (&[u8; 2], _)| HostOutcome::Answered {
            response_code: code(text),
            verdict,
            amount_minor: None,
            retrieval_reference: Some(format!("{:012}", name.trace)),
            approval_code: Some(format!("{:06}", name.trace)),
        };
        self.send(from, move |host| {
            answered(match host.decide(terminal_id, name) {
                State::Approved => (b"00", Verdict::Approved),
                State::Declined => (b"51", Verdict::Declined),
                State::Reversed | State::Barred => (b"05", Verdict::Declined),
            })
        })
    }

    /// Reverses what was approved, or bars what was not.
    pub fn reverse(&self, from: usize, terminal_id: TerminalId, name: BatchTrace) -> Receiver<ResponseCode> {
        self.send(from, move |host| code(host.undo(terminal_id, name)))
    }
}

/// A response code the simulation itself writes.
pub fn code(text: &[u8]) -> ResponseCode {
    ResponseCode::parse(text).unwrap_or(ResponseCode::SYSTEM_ERROR)
}

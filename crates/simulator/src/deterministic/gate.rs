//! What the gate of a node does with a request, in its order of steps, on the use cases themselves.
//!
//! It mirrors `server::gate::handle` and `server::gate::connection`: take a pass → first check → host → take a pass → second
//! check → begin to write (pass not revoked, lease valid) → bytes leave → give the pass back.
//!
//! Invariant: nothing here decides.

use std::rc::Rc;

use app::canary;
use app::lease::WRITE_MS_MAX;
use app::sign_in::SignedIn;
use app::transaction::{Admitted, Answer, Attempt};
use domain::TerminalId;
use domain::transaction::{BatchTrace, HostOutcome, Kind, ResponseCode};
use store::{Error, Tx};

use super::client::Turn;
use super::network::Place;
use super::node::{Node, Reply};
use super::schedule::MS;
use super::watch::Commit;

/// How long a node waits for the host.
const HOST_TIME_MAX: u64 = 1_500 * MS;
/// Longest write of an answer; the connection is dropped after it.
const WRITE_TIME_MAX: u64 = WRITE_MS_MAX.unsigned_abs() * MS;

/// What a terminal sends.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Which door it knocks at.
    pub door: Door,
    /// The request itself.
    pub attempt: Attempt,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// A card transaction.
    Card,
    /// A reversal of the request of the same name.
    Reversal,
    /// A sign-in.
    SignIn,
    /// The cashier's lock.
    Lock,
    /// The cashier's unlock, with the right password.
    Unlock,
}

/// Where a reply goes.
pub type Back = Rc<dyn Fn(Reply)>;

/// An answer's permission to leave. Dropped, it is given back.
pub struct Pass {
    node: Rc<Node>,
    terminal_id: TerminalId,
    number: u64,
}

impl Pass {
    fn take(node: &Rc<Node>, terminal_id: TerminalId) -> Self {
        let number = node.passes.borrow_mut().take(terminal_id);
        Self {
            node: node.clone(),
            terminal_id,
            number,
        }
    }

    /// Whether writing may begin: the lease is valid, and the pass is not revoked.
    fn begin_write(&self) -> bool {
        let node = &self.node;
        node.has_lease()
            && node
                .passes
                .borrow_mut()
                .begin_write(self.terminal_id, self.number)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let passes = &self.node.passes;
        passes.borrow_mut().give_back(self.terminal_id, self.number);
        self.node.returned.ring();
    }
}

impl Node {
    /// A request comes in.
    pub fn handle(self: &Rc<Self>, ask: Ask, back: Back) {
        if !self.is_open.get() {
            return;
        }
        let node = self.clone();
        self.schedule().spawn(self.owner, async move {
            let Ask { door, attempt } = ask;
            let (terminal_id, trace) = (attempt.terminal_id, attempt.name.trace);
            let out = match door {
                Door::Card => node.card(attempt, &back).await,
                _ => node.at_once(attempt, door).await,
            };
            match out {
                Ok(Some(out)) => node.send(terminal_id, trace, out, &back).await,
                Ok(None) => {}
                Err(_) => {
                    let reply = Reply {
                        approved: false,
                        is_failure: true,
                    };
                    let (decided, pass) = (None, None);
                    node.send(terminal_id, trace, Out { reply, decided, pass }, &back)
                        .await;
                }
            }
        });
    }

    /// A card transaction: the first locked check, the host, the second.
    async fn card(self: &Rc<Self>, attempt: Attempt, back: &Back) -> Result<Option<Out>, Error> {
        let (terminal_id, name, kind) = (attempt.terminal_id, attempt.name, attempt.kind);
        if canary::cached_approval()
            && let Some((reply, decided)) = self.remembered.borrow().get(&(terminal_id, name.trace)).copied()
        {
            let pass = Some(Pass::take(self, terminal_id));
            let decided = Some(decided);
            return Ok(Some(Out { reply, decided, pass }));
        }
        if !self.has_lease() {
            return Err(Error::Unavailable);
        }
        let first = Pass::take(self, terminal_id);
        let node_name = self.name.clone();
        let admitted = self
            .write_for(terminal_id, move |tx| {
                app::transaction::authorise(tx, &attempt, &node_name)
            })
            .await;
        if let Err(Error::OutcomeUnknown) = admitted {
            self.abandon(terminal_id, name);
        }
        let (admitted, decided) = admitted?;
        let Admitted::Forward { sequence } = admitted else {
            return Ok(self.out(admitted, Some(decided), Some(first)));
        };
        drop(first);
        let host = self.ask_host(terminal_id, name, back).await;
        let second = Pass::take(self, terminal_id);
        let (released, decided) = self.release(terminal_id, sequence, (name, kind), host).await?;
        let Some(answer) = released else { return Ok(None) };
        let out = self.out(Admitted::Answer(answer), decided, Some(second));
        if let Some(out) = out.as_ref().filter(|out| out.reply.approved) {
            let key = (terminal_id, name.trace);
            self.remembered
                .borrow_mut()
                .insert(key, (out.reply, decided.unwrap_or_default()));
        }
        Ok(out)
    }

    /// The second check. When nobody knows whether it was kept, it is asked again: what was decided once is not decided
    /// twice.
    async fn release(
        &self,
        terminal_id: TerminalId,
        sequence: i64,
        (name, kind): (BatchTrace, Kind),
        host: HostOutcome,
    ) -> Result<(Option<Answer>, Option<Commit>), Error> {
        let first = host.clone();
        let released = self
            .write_for(terminal_id, move |tx| {
                app::transaction::release(tx, terminal_id, sequence, &first, Some("peer"))
            })
            .await;
        let Err(Error::Unavailable | Error::OutcomeUnknown) = released else {
            return released.map(|(answer, commit)| (answer, Some(commit)));
        };
        let again = self.insist(Turn::Own, move |tx| {
            match app::transaction::release(tx, terminal_id, sequence, &host, Some("peer"))? {
                Some(answer) => Ok((Some(answer), true)),
                None => Ok((app::transaction::decided(tx, terminal_id, name, kind)?, false)),
            }
        });
        match again.await {
            Err(Error::Unavailable | Error::OutcomeUnknown) => Ok((None, None)),
            Err(error) => Err(error),
            // What an earlier try decided was decided when its row was committed.
            Ok(((answer, is_now), commit)) => Ok((answer, is_now.then_some(commit))),
        }
    }

    /// Nobody knows whether an intent was kept: if it was, it is taken back when the store can be asked again.
    fn abandon(self: &Rc<Self>, terminal_id: TerminalId, name: BatchTrace) {
        let node = self.clone();
        self.schedule().spawn(self.owner, async move {
            let own = node.name.clone();
            let abandoned = node.insist(Turn::Own, move |tx: &Tx<'_>| {
                app::transaction::abandon(tx, terminal_id, name, &own)
            });
            // What is left now is forgotten, and decided on later.
            let _ = abandoned.await;
        });
    }

    async fn ask_host(
        self: &Rc<Self>,
        terminal_id: TerminalId,
        name: BatchTrace,
        back: &Back,
    ) -> HostOutcome {
        if !self.network().reaches(Place::Node(self.place), Place::Host) && self.schedule().happens(0.5) {
            return HostOutcome::NotSent;
        }
        let mut answered = self.host().ask(self.place, terminal_id, name);
        let answer = self.schedule().timeout(HOST_TIME_MAX, &mut answered).await;
        if let Some(Some(outcome)) = answer {
            return outcome;
        }
        if canary::late_callback() {
            let (node, back) = (self.clone(), back.clone());
            self.schedule().spawn(self.owner, async move {
                if let Some(HostOutcome::Answered { response_code, .. }) = answered.await
                    && response_code.is_approved()
                {
                    let reply = Reply {
                        approved: true,
                        is_failure: false,
                    };
                    let (decided, pass) = (None, Some(Pass::take(&node, terminal_id)));
                    node.send(terminal_id, name.trace, Out { reply, decided, pass }, &back)
                        .await;
                }
            });
        }
        HostOutcome::Silent
    }

    /// What does not wait for the host: one pass for decision and answer.
    async fn at_once(self: &Rc<Self>, attempt: Attempt, door: Door) -> Result<Option<Out>, Error> {
        let terminal_id = attempt.terminal_id;
        let pass = Pass::take(self, terminal_id);
        if door == Door::SignIn {
            return self.sign_in(attempt, pass).await;
        }
        let decide = move |tx: &Tx<'_>| match door {
            Door::Card | Door::SignIn | Door::Reversal => app::reversal::accept(tx, &attempt, "98"),
            Door::Lock => app::operator::lock_by_terminal(tx, &attempt, super::operator()),
            Door::Unlock => app::operator::unlock_by_terminal(tx, &attempt, super::operator(), true),
        };
        let (admitted, decided) = self.client.write(None, decide).await?;
        Ok(self.out(admitted, Some(decided), Some(pass)))
    }

    /// A sign-in offers keys, and the terminal's next message proves them: here at once, by nothing else.
    async fn sign_in(self: &Rc<Self>, attempt: Attempt, pass: Pass) -> Result<Option<Out>, Error> {
        let (terminal_id, batch) = (attempt.terminal_id, attempt.name.batch);
        let offer = move |tx: &Tx<'_>| app::sign_in::sign_in(tx, &attempt, super::who(), b"keys".to_vec());
        let (signed_in, decided) = self.client.write(None, offer).await?;
        let (keys, answer) = match signed_in {
            SignedIn::Offered { keys, answer, .. } => (Some(keys), answer),
            SignedIn::Answer(answer) => (None, answer),
            SignedIn::UnknownTerminal => return Ok(None),
        };
        if let Some(keys) = keys {
            let prove = move |tx: &Tx<'_>| app::sign_in::prove(tx, terminal_id, keys.sequence, batch, "peer");
            self.client.write(None, prove).await?;
        }
        Ok(self.out(Admitted::Answer(answer), Some(decided), Some(pass)))
    }

    fn out(&self, admitted: Admitted, decided: Option<Commit>, pass: Option<Pass>) -> Option<Out> {
        let Admitted::Answer(Answer {
            response_code,
            reversal_owed,
            ..
        }) = admitted
        else {
            return None;
        };
        if reversal_owed {
            self.owed.ring();
        }
        let reply = Reply {
            approved: response_code.is_approved(),
            is_failure: response_code == ResponseCode::SYSTEM_ERROR,
        };
        Some(Out { reply, decided, pass })
    }

    /// The connection's writer: an answer whose pass was revoked is dropped, and its connection with it.
    async fn send(self: &Rc<Self>, terminal_id: TerminalId, trace: u32, out: Out, back: &Back) {
        let schedule = self.schedule();
        let slow = schedule.happens(self.house.plan.slow_sockets);
        // Answers wait for those before them on a slow connection, longer than any report waits.
        let queued = if slow {
            schedule.between(MS, 7_000 * MS)
        } else {
            schedule.about(300)
        };
        schedule.sleep(queued).await;
        if let Some(pass) = &out.pass
            && !pass.begin_write()
        {
            schedule.log(format_args!("{}: {terminal_id} {trace} dropped", self.name));
            self.watch().count(|figures| figures.dropped += 1);
            return;
        }
        let writing = if slow {
            schedule.between(MS, WRITE_TIME_MAX)
        } else {
            schedule.about(100)
        };
        let (written, is_written) = schedule.slot();
        let (node, back, reply, decided) = (self.clone(), back.clone(), out.reply, out.decided);
        // Bytes that were handed over leave also while the node stands still; they stay behind when it dies.
        schedule.spawn(super::OUTSIDE, async move {
            node.schedule().sleep(writing).await;
            if !node.client.is_alive() {
                return;
            }
            if reply.approved {
                node.schedule().log(format_args!(
                    "{}: {terminal_id} {trace} leaves approved",
                    node.name
                ));
                node.watch().leaves(terminal_id, trace, decided);
            }
            let (from, to) = (Place::Node(node.place), super::place_of(terminal_id));
            node.network().carry(from, to, move || back(reply));
            written.send(());
        });
        is_written.await;
        drop(out.pass);
    }
}

/// An answer on its way out.
struct Out {
    reply: Reply,
    /// The commit of the transaction that decided it; `None` when that is the one that wrote its ledger row.
    decided: Option<Commit>,
    pass: Option<Pass>,
}

//! The checker: it sees every commit in its order, what leaves the nodes' sockets, and what people and terminals are told.
//!
//! Replies alone prove nothing, because a reply may be late without being wrong; so the promise is checked on the durable
//! order of the ledger, and replies are held against it.
//!
//! Invariant: it decides nothing in the simulation; a run with it and without it goes the same way.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use domain::transaction::{BatchTrace, Decision, Entry, Kind, LedgerRow};
use domain::{TerminalId, Timestamp};
use store::Error;
use store::stage::Stage;

use super::schedule::Schedule;

/// Which commit it was, counted over the whole run.
pub type Commit = u64;

/// Counts of one run, or of many.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Runs counted.
    pub runs: u64,
    /// Transactions committed.
    pub commits: u64,
    /// Statements run.
    pub statements: u64,
    /// Approvals in the ledger.
    pub approved: u64,
    /// Refusals in the ledger.
    pub declined: u64,
    /// Reversals settled with the host.
    pub reversed: u64,
    /// Loss reports acknowledged to somebody.
    pub acknowledged: u64,
    /// Loss reports that their reporter gave up.
    pub given_up: u64,
    /// Approvals that were dropped on their way to the socket.
    pub dropped: u64,
    /// Nodes that died.
    pub node_crashes: u64,
    /// Times the shared database died.
    pub database_crashes: u64,
    /// Partitions.
    pub partitions: u64,
    /// Nodes that stood still for a while, or whose clock jumped.
    pub pauses: u64,
    /// Nodes that others expelled.
    pub expelled: u64,
}

impl Figures {
    /// Adds another run's.
    pub fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.runs, other.runs),
            (&mut self.commits, other.commits),
            (&mut self.statements, other.statements),
            (&mut self.approved, other.approved),
            (&mut self.declined, other.declined),
            (&mut self.reversed, other.reversed),
            (&mut self.acknowledged, other.acknowledged),
            (&mut self.given_up, other.given_up),
            (&mut self.dropped, other.dropped),
            (&mut self.node_crashes, other.node_crashes),
            (&mut self.database_crashes, other.database_crashes),
            (&mut self.partitions, other.partitions),
            (&mut self.pauses, other.pauses),
            (&mut self.expelled, other.expelled),
        ];
        for (sum, more) in pairs {
            *sum += more;
        }
    }
}

/// The checker of one run. Clones are handles on the same one.
#[derive(Clone)]
pub struct Watch(Rc<Inner>);

struct Inner {
    schedule: Schedule,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    terminals: BTreeMap<TerminalId, Seen>,
    broken: Option<String>,
    figures: Figures,
}

#[derive(Default)]
struct Seen {
    last: Option<(i64, Timestamp)>,
    holds: Vec<Held>,
    /// Approvals of money by trace.
    approved: BTreeMap<u32, Approval>,
}

#[derive(Clone, Copy)]
struct Approval {
    sequence: i64,
    committed: Commit,
    reversed: bool,
}

struct Held {
    hold_id: i64,
    is_loss: bool,
    placed: Commit,
    released: Option<Commit>,
    acknowledged: bool,
}

impl Held {
    fn covers(&self, commit: Commit) -> bool {
        self.released.is_none_or(|released| commit < released)
    }
}

impl Watch {
    /// A checker that has seen nothing.
    pub fn new(schedule: &Schedule) -> Self {
        Self(Rc::new(Inner {
            schedule: schedule.clone(),
            state: RefCell::default(),
        }))
    }

    /// The run is wrong; the first reason is kept.
    pub fn broken(&self, what: String) {
        self.0.schedule.log(format_args!("WRONG: {what}"));
        self.0.state.borrow_mut().broken.get_or_insert(what);
    }

    /// What was wrong, if anything was.
    pub fn verdict(&self) -> Option<String> {
        self.0.state.borrow().broken.clone()
    }

    /// Counts something.
    pub fn count(&self, count: impl FnOnce(&mut Figures)) {
        count(&mut self.0.state.borrow_mut().figures);
    }

    /// The counts.
    pub fn figures(&self) -> Figures {
        self.0.state.borrow().figures
    }

    /// Looks at what a commit has appended.
    pub fn committed(
        &self,
        stage: &Stage,
        commit: Commit,
        appended: &[(TerminalId, i64)],
    ) -> Result<(), Error> {
        self.count(|figures| figures.commits += 1);
        for (terminal_id, sequence) in appended.iter().copied() {
            let row = stage.inspect(Timestamp(0), |tx| store::ledger::get(tx, terminal_id, sequence))?;
            let row = row.ok_or(Error::Corrupt("a row just appended"))?;
            self.0.schedule.log(format_args!(
                "ledger {commit}: {terminal_id} {sequence} {} {} {} {}",
                row.entry.code(),
                row.decision.map_or("-", Decision::code),
                row.batch_trace.map_or(0, |name| name.trace),
                row.reason.as_deref().unwrap_or("-"),
            ));
            if let Some(wrong) = self.appended(&row, commit) {
                self.broken(wrong);
            }
        }
        Ok(())
    }

    fn appended(&self, row: &LedgerRow, commit: Commit) -> Option<String> {
        let mut state = self.0.state.borrow_mut();
        let State {
            terminals, figures, ..
        } = &mut *state;
        let seen = terminals.entry(row.terminal_id).or_default();
        let (terminal_id, sequence) = (row.terminal_id, row.sequence);
        let is_loss = row.reason.as_deref() == Some("loss");
        if let Some((last, at)) = seen.last
            && (sequence <= last || row.at < at)
        {
            return Some(format!(
                "{terminal_id}: row {sequence} was committed after row {last}"
            ));
        }
        let last_at = seen.last.map(|(_, at)| at);
        seen.last = Some((sequence, row.at));
        match (row.entry, row.decision) {
            (Entry::HoldPlaced, _) => {
                seen.holds.push(Held {
                    hold_id: sequence,
                    is_loss,
                    placed: commit,
                    released: None,
                    acknowledged: false,
                });
                if last_at.is_some_and(|at| at >= row.at) {
                    return Some(format!(
                        "{terminal_id}: hold {sequence} is not later than what was before it"
                    ));
                }
            }
            (Entry::HoldReleased, _) => {
                for hold in &mut seen.holds {
                    if Some(hold.hold_id) == row.of_sequence {
                        hold.released = Some(commit);
                    }
                }
            }
            (Entry::Request(kind), Some(Decision::Approved)) => {
                figures.approved += 1;
                let approval = Approval {
                    sequence,
                    committed: commit,
                    reversed: false,
                };
                if let (true, Some(name)) = (moves_money(kind), row.batch_trace)
                    && seen.approved.insert(name.trace, approval).is_some()
                {
                    return Some(format!("{terminal_id}: {} was approved twice", name.trace));
                }
                let forbids = |hold: &&Held| hold.released.is_none() && (hold.is_loss || moves_money(kind));
                if let Some(hold) = seen.holds.iter().find(forbids) {
                    let what = if hold.is_loss { "loss" } else { "hold" };
                    let hold = hold.hold_id;
                    return Some(format!(
                        "{terminal_id}: row {sequence} is approved after the {what} {hold}"
                    ));
                }
            }
            (Entry::Request(_), Some(Decision::Reversed)) => {
                figures.reversed += 1;
                for approval in seen.approved.values_mut() {
                    approval.reversed |= Some(approval.sequence) == row.of_sequence;
                }
            }
            (Entry::Request(_), Some(Decision::Declined)) => figures.declined += 1,
            _ => {}
        }
        None
    }

    /// An approval leaves a node's socket. `decided` is the commit of the transaction that decided it; without one, that of
    /// its ledger row.
    pub fn leaves(&self, terminal_id: TerminalId, trace: u32, decided: Option<Commit>) {
        let wrong = {
            let mut state = self.0.state.borrow_mut();
            let seen = state.terminals.entry(terminal_id).or_default();
            let row = seen.approved.get(&trace).map(|approval| approval.committed);
            let decided = decided.or(row).unwrap_or_default();
            let mut losses = seen.holds.iter().filter(|hold| hold.is_loss);
            losses
                .find(|loss| {
                    // Of two closures in one commit nobody can say here which was first.
                    let before = decided <= loss.placed;
                    (before && loss.acknowledged) || (!before && loss.covers(decided))
                })
                .map(|loss| loss.hold_id)
        };
        if let Some(hold) = wrong {
            self.broken(format!(
                "{terminal_id}: {trace} left approved after the loss {hold} was acknowledged"
            ));
        }
    }

    /// An acknowledgement leaves a node: what it says must be durable now.
    pub fn acknowledged(&self, stage: &Stage, terminal_id: TerminalId, incident_id: &str) {
        self.count(|figures| figures.acknowledged += 1);
        let read: Result<_, store::Error> = stage.inspect(Timestamp(i64::MAX), |tx| {
            let Some(incident) = store::incident::get(tx, incident_id)? else {
                return Ok(None);
            };
            let holds = store::hold::list(tx, terminal_id, 100)?;
            let has_hold = holds.iter().any(|hold| hold.hold_id == incident.hold_id);
            let row = store::ledger::get(tx, terminal_id, incident.hold_id)?;
            let whole = has_hold && row.is_some_and(|row| row.entry == Entry::HoldPlaced);
            Ok(Some((
                incident.hold_id,
                whole,
                incident.acknowledged_at.is_some(),
            )))
        });
        let wrong = match read {
            Ok(Some((hold_id, true, true))) => {
                let mut state = self.0.state.borrow_mut();
                let seen = state.terminals.entry(terminal_id).or_default();
                for hold in seen.holds.iter_mut().filter(|hold| hold.hold_id == hold_id) {
                    hold.acknowledged = true;
                }
                return;
            }
            Ok(None) => "there is no such incident",
            Ok(Some((_, false, _))) => "its hold is not in the store",
            Ok(Some((_, _, false))) => "its acknowledgement is not in the store",
            Err(_) => "it cannot be read",
        };
        self.broken(format!(
            "{terminal_id}: report {incident_id} was acknowledged, but {wrong}"
        ));
    }

    /// A terminal is told that it is approved.
    pub fn received(&self, terminal_id: TerminalId, name: BatchTrace) {
        let known = {
            let state = self.0.state.borrow();
            let seen = state.terminals.get(&terminal_id);
            seen.is_some_and(|seen| seen.approved.contains_key(&name.trace))
        };
        if !known {
            self.broken(format!(
                "{terminal_id}: was told {} is approved, and the ledger does not say so",
                name.trace
            ));
        }
    }

    /// The traces of the terminal's approvals that stand.
    pub fn standing(&self, terminal_id: TerminalId) -> Vec<u32> {
        let mut state = self.0.state.borrow_mut();
        let approved = &state.terminals.entry(terminal_id).or_default().approved;
        let standing = approved.iter().filter(|(_, approval)| !approval.reversed);
        standing.map(|(trace, _)| *trace).collect()
    }

    /// Whether a loss of the terminal stands.
    pub fn is_lost(&self, terminal_id: TerminalId) -> bool {
        let state = self.0.state.borrow();
        let seen = state.terminals.get(&terminal_id);
        let stands = |hold: &Held| hold.is_loss && hold.released.is_none();
        seen.is_some_and(|seen| seen.holds.iter().any(stands))
    }
}

/// Kinds that the simulation's terminals move money with; all of them can be reversed.
pub fn moves_money(kind: Kind) -> bool {
    matches!(kind, Kind::Purchase | Kind::PreAuthorisation)
}

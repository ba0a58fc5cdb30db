//! The store of a simulation: `store`'s own statements on its stage, a server of its own or embedded in one node.
//!
//! Invariant: a crash loses what was not committed; about commits under way the seed decides.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use domain::Timestamp;
use store::stage::{Stage, Transaction};
use store::{Error, Tx};

use super::network::Network;
use super::schedule::{Bell, Schedule};
use super::watch::{Commit, Watch};

/// The store of a simulation. Clones are handles on the same one.
#[derive(Clone)]
pub struct Database(pub(super) Rc<Inner>);

/// What it consists of, for its clients.
pub(super) struct Inner {
    pub(super) schedule: Schedule,
    pub(super) network: Network,
    pub(super) stage: Stage,
    pub(super) watch: Watch,
    /// Whether it is a server of its own.
    pub(super) is_shared: bool,
    pub(super) up: Cell<bool>,
    pub(super) commits: Cell<Commit>,
    pub(super) sessions: Cell<u64>,
    /// Rings when a transaction has ended.
    pub(super) ended: Bell,
    pub(super) committing: RefCell<BTreeMap<u64, Transaction>>,
    /// Of how many commits the disk fails in one; of the embedded store.
    pub(super) sync_fails: Cell<f64>,
}

impl Database {
    /// A store that is up.
    pub fn new(
        schedule: &Schedule,
        network: &Network,
        stage: &Stage,
        watch: &Watch,
        is_shared: bool,
    ) -> Self {
        Self(Rc::new(Inner {
            schedule: schedule.clone(),
            network: network.clone(),
            stage: stage.clone(),
            watch: watch.clone(),
            is_shared,
            up: Cell::new(true),
            commits: Cell::new(0),
            sessions: Cell::new(0),
            ended: schedule.bell(),
            committing: RefCell::default(),
            sync_fails: Cell::new(0.0),
        }))
    }

    /// Whether it is a server of its own.
    pub fn is_shared(&self) -> bool {
        self.0.is_shared
    }

    /// Whether it is up.
    pub fn is_up(&self) -> bool {
        self.0.up.get()
    }

    /// What it is played on; for the checker, which is nowhere and sees everything.
    pub fn stage(&self) -> &Stage {
        &self.0.stage
    }

    /// Reads what is committed; for the checker, which is nowhere and sees everything.
    pub fn inspect<T>(&self, work: impl FnOnce(&Tx<'_>) -> Result<T, Error>) -> Result<T, Error> {
        self.0.stage.inspect(Timestamp(i64::MAX), work)
    }

    /// Everything under way is lost; of the commits under way the seed makes some durable.
    pub fn crash(&self) {
        self.0.up.set(false);
        let committing = std::mem::take(&mut *self.0.committing.borrow_mut());
        for (session, transaction) in committing {
            if self.0.schedule.happens(0.5) {
                self.0
                    .schedule
                    .log(format_args!("store: session {session} was durable"));
                // A commit that fails is one that was not durable.
                let _ = self.commit(transaction);
            }
        }
        self.0.schedule.kill(super::DATABASE);
        self.0.ended.ring();
    }

    /// Of how many commits the disk fails in one.
    pub fn set_sync_fails(&self, fraction: f64) {
        self.0.sync_fails.set(fraction);
    }

    /// It is up again.
    pub fn restart(&self) {
        self.0.up.set(true);
    }

    /// Commits, and lets the checker see it.
    pub(super) fn commit(&self, transaction: Transaction) -> Result<Commit, Error> {
        let appended = transaction.commit()?;
        let commit = self.0.commits.get() + 1;
        self.0.commits.set(commit);
        self.0.watch.committed(&self.0.stage, commit, &appended)?;
        self.0.ended.ring();
        Ok(commit)
    }
}

//! One incarnation of a node: what all its parts share.
//!
//! Invariant: nothing here decides; what a node remembers dies with it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use app::canary;
use app::lease::Lease;
use app::passes::Passes;
use domain::{TerminalId, Timestamp};
use store::node::Incarnation;
use store::{Error, Tx};

use super::House;
use super::client::{Client, Turn};
use super::host::Host;
use super::network::Network;
use super::schedule::{Bell, MS, Owner, Schedule};
use super::watch::{Commit, Watch};

/// What a terminal is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Whether field 39 says 00.
    pub approved: bool,
    /// Whether it is a refusal that may be different later (96).
    pub is_failure: bool,
}

/// How long a store that cannot be reached is asked again for what must be done.
const INSIST_MAX: u64 = 15_000 * MS;
const INSIST_EVERY: u64 = 100 * MS;

/// One incarnation of a node.
pub struct Node {
    /// Where it is on the network.
    pub place: usize,
    /// Its name in the store.
    pub name: String,
    /// Who owns its tasks.
    pub owner: Owner,
    /// Its connections to the store.
    pub client: Rc<Client>,
    /// Which start of it this is, once it has joined.
    pub here: RefCell<Option<Incarnation>>,
    /// Approvals on their way out.
    pub passes: RefCell<Passes>,
    /// Until when any may begin to be written.
    pub lease: Cell<Lease>,
    /// Rings when a pass came back.
    pub returned: Bell,
    /// Rings when a reversal is owed.
    pub owed: Bell,
    /// Whether it takes requests in.
    pub is_open: Cell<bool>,
    /// Time since it started, by its own unsteady clock, milliseconds.
    pub monotonic: Box<dyn Fn() -> i64>,
    pub(super) house: Rc<House>,
    /// Answers given, for a planted bug.
    pub(super) remembered: RefCell<BTreeMap<(TerminalId, u32), (Reply, Commit)>>,
}

impl Node {
    pub(super) fn new(
        house: &Rc<House>,
        (place, name): (usize, String),
        owner: Owner,
        client: Rc<Client>,
        monotonic: Box<dyn Fn() -> i64>,
    ) -> Rc<Self> {
        Rc::new(Self {
            place,
            name,
            owner,
            client,
            here: RefCell::default(),
            passes: RefCell::default(),
            // A node on a store of its own has a lease without end.
            lease: Cell::new(match house.plan.is_shared {
                true => Lease::none(),
                false => Lease::unlimited(),
            }),
            returned: house.schedule.bell(),
            owed: house.schedule.bell(),
            is_open: Cell::new(false),
            monotonic,
            house: house.clone(),
            remembered: RefCell::default(),
        })
    }

    pub(super) fn schedule(&self) -> &Schedule {
        &self.house.schedule
    }

    pub(super) fn network(&self) -> &Network {
        &self.house.network
    }

    pub(super) fn watch(&self) -> &Watch {
        &self.house.watch
    }

    pub(super) fn host(&self) -> &Host {
        &self.house.host
    }

    /// Runs a use case on one terminal and waits for its commit.
    pub async fn write_for<T: 'static>(
        &self,
        terminal_id: TerminalId,
        work: impl Fn(&Tx<'_>) -> Result<T, Error> + 'static,
    ) -> Result<(T, Commit), Error> {
        self.client.write(Some(terminal_id), work).await
    }

    /// Whether approvals may be written now.
    pub fn has_lease(&self) -> bool {
        self.lease.get().is_valid((self.monotonic)()) || canary::lease_ignored()
    }

    /// Does what may be done twice without harm until the store says whether it is kept, not for ever.
    pub async fn insist<T: 'static>(
        &self,
        turn: Turn,
        work: impl Fn(&Tx<'_>) -> Result<T, Error> + 'static,
    ) -> Result<(T, Commit), Error> {
        let (work, deadline) = (Rc::new(work), self.schedule().now() + INSIST_MAX);
        loop {
            let work = work.clone();
            match self.client.write_at(turn, move |tx| work(tx)).await {
                Err(Error::Unavailable | Error::OutcomeUnknown) if self.schedule().now() < deadline => {
                    self.schedule().sleep(INSIST_EVERY).await;
                }
                done => return done,
            }
        }
    }

    /// A renewal that was sent at a time of this node's steady clock has succeeded.
    pub fn renewed(&self, sent_at_ms: i64) {
        let mut lease = self.lease.get();
        lease.renewed(sent_at_ms);
        self.lease.set(lease);
    }

    /// This node was taken for gone.
    pub fn expelled(&self) {
        let mut lease = self.lease.get();
        lease.end();
        self.lease.set(lease);
        self.passes.borrow_mut().revoke_all();
    }
}

/// The time of a node: the world's, shifted by what its clock is wrong by.
pub fn wall(schedule: &Schedule, skew_ms: &Rc<Cell<i64>>) -> Rc<dyn Fn() -> Timestamp> {
    let (schedule, skew_ms) = (schedule.clone(), skew_ms.clone());
    Rc::new(move || Timestamp(super::START_MS + (schedule.now() / MS) as i64 + skew_ms.get()))
}

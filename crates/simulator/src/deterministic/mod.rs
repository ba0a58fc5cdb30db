//! The deterministic simulation: the use cases themselves, on the store's own SQL, among simulated nodes, terminals,
//! people, a host, a network, clocks and a database, all of which fail; one seed is one run, byte for byte.
//!
//! Real: every use case of `app`, every statement of `store`, the passes and the lease. Simulated: time, the network, the
//! host, PostgreSQL's concurrency (`store::stage`), and a thin mirror of what `server` does between the use cases ([`node`],
//! [`report`], [`work`]). The checker is [`watch`], the faults are [`faults`].
//!
//! Feature `deterministic` only, because it plants bugs; `cargo xtask simulate` runs it. How to reproduce a seed is in
//! docs/TESTING.md.
//!
//! Invariant: no wall clock, no randomness but the seed's, no thread, no socket, no map without an order.

pub mod client;
pub mod clients;
pub mod database;
mod estate;
pub mod faults;
pub mod gate;
pub mod host;
pub mod network;
pub mod node;
pub mod report;
pub mod schedule;
pub mod suite;
mod vault;
pub mod watch;
pub mod work;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use app::canary;
use domain::Timestamp;
use store::Error;
use store::node::Incarnation;
use store::stage::{Locking, Stage};

use client::Client;
use database::Database;
use estate::{merchant, operator, owner, place_of, risk_officer, terminal, who};
use faults::Plan;
use host::Host;
use network::{Network, Place};
use node::Node;
use schedule::{MS, Owner, Schedule};
use watch::{Figures, Watch};

/// Who owns what belongs to no node.
const OUTSIDE: Owner = 0;
/// Who owns the shared database's sessions.
const DATABASE: Owner = 1;
/// When every run begins.
const START_MS: i64 = 1_800_000_000_000;
/// Simulated time after the healing in which everything must come to rest.
const REST_MAX: u64 = 240_000 * MS;

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// The digest of its log: equal logs, equal runs.
    pub digest: u64,
    /// What went wrong, if anything did.
    pub wrong: Option<String>,
    /// What happened.
    pub figures: Figures,
    /// The log, when it was asked for.
    pub log: Option<String>,
}

/// A database to run seeds on, one after the other.
pub struct Ground {
    stage: Stage,
    flapping: bool,
}

impl Ground {
    /// Builds the estate that every run starts with.
    pub fn new() -> Result<Self, Error> {
        let stage = Stage::open(Rc::new(vault::Plain))?;
        stage.fill(estate::fill)?;
        let flapping = false;
        Ok(Self { stage, flapping })
    }

    /// Whether every run is one in which a node is expelled and comes back.
    pub const fn flapping(mut self, flapping: bool) -> Self {
        self.flapping = flapping;
        self
    }

    /// Runs one seed, with a bug planted (or with an empty name, none).
    pub fn run(&self, seed: u64, planted: &'static str, keep_log: bool) -> Result<Outcome, Error> {
        canary::plant(planted);
        let locking = match () {
            () if canary::plain_read() => Locking::None,
            () if canary::key_share() => Locking::KeyShare,
            () if canary::lock_with_read() => Locking::WithRead,
            () => Locking::NoKeyUpdate,
        };
        self.stage.reset(locking)?;
        let schedule = Schedule::new(seed, keep_log);
        let house = House::build(&schedule, &self.stage, self.flapping)?;
        house.play();
        let wrong = house.watch.verdict();
        house.watch.count(|figures| {
            figures.runs = 1;
            figures.statements = self.stage.statement_count();
        });
        let figures = house.watch.figures();
        house.tear_down();
        let (digest, log) = schedule.digest();
        Ok(Outcome {
            digest,
            wrong,
            figures,
            log,
        })
    }
}

/// The simulated house: everything there is in one run.
pub struct House {
    schedule: Schedule,
    network: Network,
    host: Host,
    watch: Watch,
    database: Database,
    plan: Plan,
    places: Vec<NodePlace>,
    owners: Cell<Owner>,
    /// Terminals and people that are not done yet.
    busy: Cell<usize>,
}

/// Where a node runs, incarnation after incarnation.
struct NodePlace {
    running: RefCell<Option<Rc<Node>>>,
    alive: RefCell<Rc<Cell<bool>>>,
    skew_ms: Rc<Cell<i64>>,
    /// What the node's own folder says of its last start.
    last_start: RefCell<Option<Incarnation>>,
}

impl House {
    fn build(schedule: &Schedule, stage: &Stage, flapping: bool) -> Result<Rc<Self>, Error> {
        let plan = faults::plan(schedule, flapping);
        schedule.log(format_args!("{plan:?}"));
        let (network, watch) = (Network::new(schedule), Watch::new(schedule));
        let places = (0..plan.nodes).map(|_| NodePlace {
            running: RefCell::default(),
            alive: RefCell::default(),
            skew_ms: Rc::new(Cell::new(schedule.between(0, 400) as i64 - 200)),
            last_start: RefCell::default(),
        });
        Ok(Rc::new(Self {
            host: Host::new(schedule, &network),
            database: Database::new(schedule, &network, stage, &watch, plan.is_shared),
            places: places.collect(),
            owners: Cell::new(10),
            busy: Cell::new(0),
            schedule: schedule.clone(),
            network,
            watch,
            plan,
        }))
    }

    /// Runs the chaos, the healing and the rest, and checks what must be true then.
    fn play(self: &Rc<Self>) {
        for place in 0..self.plan.nodes {
            self.boot(place);
        }
        for number in 0..self.plan.terminals {
            self.join(clients::trade(self.clone(), number));
        }
        for number in 0..self.plan.people {
            self.join(clients::person(self.clone(), number));
        }
        self.schedule.spawn(OUTSIDE, supervise(self.clone()));
        self.schedule.spawn(OUTSIDE, faults::run(self.clone()));
        if !(self.rest("after the healing") && self.trade_again() && self.rest("in the end")) {
            return;
        }
        for number in 0..self.plan.terminals {
            let id = terminal(number);
            let (ledger, host) = (self.watch.standing(id), self.host.standing(id));
            if ledger != host {
                self.watch.broken(format!(
                    "{id}: approved in the ledger {ledger:?}, at the host {host:?}"
                ));
            }
        }
    }

    /// Starts somebody outside, and counts when they are done.
    fn join(self: &Rc<Self>, somebody: impl Future<Output = ()> + 'static) {
        self.busy.set(self.busy.get() + 1);
        let house = self.clone();
        self.schedule.spawn(OUTSIDE, async move {
            somebody.await;
            house.busy.set(house.busy.get() - 1);
        });
    }

    /// Lets time pass until nothing is left to be done; false when that does not come, or something is wrong.
    fn rest(&self, when: &str) -> bool {
        let from = self.schedule.now().max(self.plan.chaos);
        let mut left = String::new();
        let mut until = from;
        while until < from + REST_MAX {
            until += 2_000 * MS;
            if !self.schedule.run_until(until) {
                self.watch.broken("the run does not end".into());
            }
            if self.watch.verdict().is_some() {
                return false;
            }
            left = self.left();
            if left.is_empty() && self.busy.get() == 0 {
                return true;
            }
        }
        let busy = self.busy.get();
        self.watch.broken(format!(
            "{when} something is left for ever: {left}, {busy} clients"
        ));
        false
    }

    /// What is still to be done.
    fn left(&self) -> String {
        let left = self.database.inspect(|tx| {
            let mut left = Vec::new();
            for number in 0..self.plan.terminals {
                let id = terminal(number);
                let pending = store::pending::of_terminal(tx, id)?.len();
                if pending > 0 {
                    left.push(format!("{pending} intents of {id}"));
                }
            }
            let owed = store::owed_reversal::count(tx)?;
            if owed > 0 {
                left.push(format!("{owed} reversals owed"));
            }
            let work = store::work::list(tx, store::work::Filter::default(), None, 10)?;
            left.extend(work.iter().map(|work| work.id.as_str().to_owned()));
            let reports = store::incident::unacknowledged(tx)?.len();
            if reports > 0 {
                left.push(format!("{reports} reports not acknowledged"));
            }
            Ok(left)
        });
        left.map_or_else(|error| error.to_string(), |left| left.join(", "))
    }

    /// A lost terminal buys nothing, any other one does.
    fn trade_again(self: &Rc<Self>) -> bool {
        for number in 0..self.plan.terminals {
            let house = self.clone();
            self.join(async move {
                let lost = house.watch.is_lost(terminal(number));
                clients::unlock(&house, number, clients::LAST_UNLOCK).await;
                let bought = clients::buy_once(&house, number).await;
                // Somebody's word that it was found may arrive as late as this.
                let is_lost_still = house.watch.is_lost(terminal(number));
                if bought == lost && lost == is_lost_still {
                    let id = terminal(number);
                    house
                        .watch
                        .broken(format!("{id}: in the end, lost {lost}, and it buys {bought}"));
                }
            });
        }
        true
    }

    /// The clock of a place, as far off as it is.
    fn clock_of(&self, place: usize) -> Rc<dyn Fn() -> Timestamp> {
        node::wall(&self.schedule, &self.places[place].skew_ms)
    }

    fn some_node(&self) -> usize {
        self.schedule.between(0, self.plan.nodes as u64 - 1) as usize
    }

    /// The node that runs at a place.
    fn node(&self, place: usize) -> Option<Rc<Node>> {
        self.places[place].running.borrow().clone()
    }

    /// The incarnation that ran at a place before, and runs no more.
    fn last_start(&self, place: usize) -> Option<Incarnation> {
        self.places[place].last_start.borrow().clone()
    }

    fn note_start(&self, place: usize, who: Incarnation) {
        *self.places[place].last_start.borrow_mut() = Some(who);
    }

    fn skew(&self, place: usize, ms: i64) {
        self.places[place].skew_ms.set(ms);
    }

    fn pause(&self, place: usize, until: u64) {
        if let Some(node) = self.node(place) {
            self.schedule.pause(node.owner, until);
        }
    }

    /// The node at a place dies, with everything it remembers.
    fn crash(&self, place: usize) {
        let Some(node) = self.places[place].running.borrow_mut().take() else {
            return;
        };
        self.schedule.log(format_args!("{}: dies", node.name));
        self.watch.count(|figures| figures.node_crashes += 1);
        self.places[place].alive.borrow().set(false);
        if !self.plan.is_shared {
            self.database.crash();
        }
        self.schedule.kill(node.owner);
    }

    /// A new incarnation starts at a place, unless one runs.
    fn boot(self: &Rc<Self>, place: usize) {
        if self.places[place].running.borrow().is_some() {
            return;
        }
        if !self.plan.is_shared {
            self.database.restart();
        }
        let owner = self.owners.get() + 1;
        self.owners.set(owner);
        let alive = Rc::new(Cell::new(true));
        *self.places[place].alive.borrow_mut() = alive.clone();
        let whose = (Place::Node(place), owner);
        let client = Client::new(&self.database, whose, alive, self.clock_of(place));
        let name = format!("node-{place}");
        // Clocks that count from the start run at their own speed: none a tenth faster than another.
        let speed = self.schedule.between(960, 1_040);
        let (schedule, started) = (self.schedule.clone(), self.schedule.now());
        let monotonic = Box::new(move || ((schedule.now() - started) * speed / 1_000 / MS) as i64);
        let node = Node::new(self, (place, name), owner, client, monotonic);
        *self.places[place].running.borrow_mut() = Some(node.clone());
        self.schedule.log(format_args!("{}: starts", node.name));
        self.schedule.spawn(owner, node.start());
    }

    /// Ends every task, so that nothing holds on to anything.
    fn tear_down(&self) {
        for place in 0..self.plan.nodes {
            self.crash(place);
        }
        self.database.crash();
        self.schedule.kill(OUTSIDE);
    }
}

/// Starts again what has stopped by itself.
async fn supervise(house: Rc<House>) {
    loop {
        house.schedule.sleep(300 * MS).await;
        for place in 0..house.plan.nodes {
            if house.node(place).is_some_and(|node| node.client.is_stopped()) {
                house.crash(place);
                house.schedule.sleep(500 * MS).await;
                house.boot(place);
            }
        }
    }
}

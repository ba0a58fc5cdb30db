//! A node's connections to the store: closures that wait, the sessions that run them, and what can become of a commit.
//!
//! What waits is taken in batches, one transaction each. On the shared database a session runs statement by statement
//! among others; its client may lose it at any moment, before the commit (nothing was done) or in it (nobody knows). The
//! embedded store has one writer, whose closures run one after the other and share one commit.
//!
//! Invariant: a caller hears of success only after the commit.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use domain::{TerminalId, Timestamp};
use store::stage::{Progress, Transaction};
use store::{Error, Tx};

use super::database::Database;
use super::network::Place;
use super::schedule::{Bell, MS, Owner, Sender};
use super::watch::Commit;

/// Closures in one transaction.
const BATCH_LEN_MAX: u64 = 4;
/// How long a session waits for a lock before it gives up.
const LOCK_WAIT: u64 = 3_000 * MS;

/// When a closure is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Turn {
    /// Before everything that waits, and in a commit of its own.
    First,
    /// When its turn comes.
    #[default]
    Own,
}

/// How a closure is run.
#[derive(Clone, Copy, Default)]
struct Manner {
    turn: Turn,
    is_hasty: bool,
}

/// How far the session is that runs a closure.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    Committing,
}

/// Why a session cannot go on.
enum Broken {
    /// The client is gone, or out of reach.
    Connection,
    /// It waited too long for a lock, or the database cannot do it.
    Statement,
}

/// A closure that waits for a session.
trait Job {
    fn want(&self) -> Option<TerminalId>;
    /// Lets it run on; done is whether its changes are to be kept.
    fn advance(&mut self, transaction: &Transaction, budget: usize) -> Progress<bool>;
    /// From now on nobody knows whether it will be kept.
    fn committing(&self);
    fn manner(&self) -> Manner;
    fn answer(&mut self, committed: Result<Commit, fn() -> Error>);
}

/// It may run more than once, and does the same each time.
type Closure<T, E> = Box<dyn Fn(&Tx<'_>) -> Result<T, E>>;

struct Work<T, E> {
    want: Option<TerminalId>,
    work: Closure<T, E>,
    result: Option<Result<T, E>>,
    phase: Rc<Cell<Phase>>,
    manner: Manner,
    answer: Option<Sender<Result<(T, Commit), E>>>,
}

impl<T, E: From<Error>> Job for Work<T, E> {
    fn want(&self) -> Option<TerminalId> {
        self.want
    }

    fn advance(&mut self, transaction: &Transaction, budget: usize) -> Progress<bool> {
        match transaction.advance(budget, |tx| (self.work)(tx)) {
            Progress::Ran => Progress::Ran,
            Progress::Waits => Progress::Waits,
            Progress::Done(result) => {
                let keep = result.is_ok();
                self.result = Some(result);
                Progress::Done(keep)
            }
        }
    }

    fn committing(&self) {
        self.phase.set(Phase::Committing);
    }

    fn manner(&self) -> Manner {
        self.manner
    }

    fn answer(&mut self, committed: Result<Commit, fn() -> Error>) {
        let Some(answer) = self.answer.take() else { return };
        answer.send(match (committed, self.result.take()) {
            (Ok(commit), Some(result)) => result.map(|value| (value, commit)),
            (Ok(_), None) => Err(Error::Unavailable.into()),
            (Err(error), _) => Err(error().into()),
        });
    }
}

/// One client's connections to the store, as one incarnation of a node has them.
pub struct Client {
    database: Database,
    place: Place,
    owner: Owner,
    alive: Rc<Cell<bool>>,
    clock: Rc<dyn Fn() -> Timestamp>,
    waiting: RefCell<VecDeque<Box<dyn Job>>>,
    came: Bell,
    last: Cell<i64>,
    stopped: Cell<bool>,
}

impl Client {
    /// A client and its workers, which end with their owner. Dead clients' sessions end when the server notices.
    pub fn new(
        database: &Database,
        (place, owner): (Place, Owner),
        alive: Rc<Cell<bool>>,
        clock: Rc<dyn Fn() -> Timestamp>,
    ) -> Rc<Self> {
        let schedule = &database.0.schedule;
        let client = Rc::new(Self {
            database: database.clone(),
            place,
            owner,
            alive,
            clock,
            waiting: RefCell::default(),
            came: schedule.bell(),
            last: Cell::new(0),
            stopped: Cell::new(false),
        });
        let workers = if database.0.is_shared { 3 } else { 1 };
        for _ in 0..workers {
            schedule.spawn(owner, client.clone().work());
        }
        client
    }

    /// Runs a closure in a transaction and waits for its commit.
    pub async fn write<T: 'static, E: From<Error> + 'static>(
        &self,
        want: Option<TerminalId>,
        work: impl Fn(&Tx<'_>) -> Result<T, E> + 'static,
    ) -> Result<(T, Commit), E> {
        self.push(want, Manner::default(), work).await
    }

    /// The same, at its turn or first.
    pub async fn write_at<T: 'static, E: From<Error> + 'static>(
        &self,
        turn: Turn,
        work: impl Fn(&Tx<'_>) -> Result<T, E> + 'static,
    ) -> Result<(T, Commit), E> {
        let is_hasty = false;
        self.push(None, Manner { turn, is_hasty }, work).await
    }

    /// The same as a planted bug: its caller hears of its success while the commit is still under way.
    pub async fn write_hasty<T: 'static, E: From<Error> + 'static>(
        &self,
        work: impl Fn(&Tx<'_>) -> Result<T, E> + 'static,
    ) -> Result<(T, Commit), E> {
        let turn = Turn::First;
        let is_hasty = true;
        self.push(None, Manner { turn, is_hasty }, work).await
    }

    async fn push<T: 'static, E: From<Error> + 'static>(
        &self,
        want: Option<TerminalId>,
        manner: Manner,
        work: impl Fn(&Tx<'_>) -> Result<T, E> + 'static,
    ) -> Result<(T, Commit), E> {
        if self.stopped.get() {
            return Err(Error::Stopped.into());
        }
        let (answer, answered) = self.database.0.schedule.slot();
        let phase = Rc::new(Cell::new(Phase::Open));
        let work = Work {
            want,
            work: Box::new(work),
            result: None,
            phase: phase.clone(),
            manner,
            answer: Some(answer),
        };
        self.enqueue(Box::new(work));
        self.came.ring();
        // No answer: the server died with the session.
        answered.await.unwrap_or_else(|| {
            let error = match phase.get() {
                Phase::Open => Error::Unavailable,
                Phase::Committing => Error::OutcomeUnknown,
            };
            Err(error.into())
        })
    }

    fn enqueue(&self, job: Box<dyn Job>) {
        let mut waiting = self.waiting.borrow_mut();
        let goes_first = |job: &dyn Job| job.manner().turn == Turn::First;
        let place = match goes_first(&*job) {
            true => waiting.iter().take_while(|job| goes_first(&***job)).count(),
            false => waiting.len(),
        };
        waiting.insert(place, job);
    }

    /// Reads what is committed at one moment.
    pub async fn read<T>(&self, work: impl FnOnce(&Tx<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let inner = &self.database.0;
        self.cross(self.place, Place::Database).await?;
        let read = inner.stage.inspect((self.clock)(), work)?;
        self.cross(Place::Database, self.place).await?;
        Ok(read)
    }

    /// The way to the server and back; an embedded store is always there.
    async fn cross(&self, from: Place, to: Place) -> Result<(), Error> {
        let inner = &self.database.0;
        if !inner.is_shared {
            inner.schedule.sleep(inner.schedule.between(5, 200)).await;
            return Ok(());
        }
        let span = inner.network.transit(from, to).filter(|_| inner.up.get());
        let Some(span) = span else {
            inner.schedule.sleep(inner.schedule.between(MS, 800 * MS)).await;
            return Err(Error::Unavailable);
        };
        inner.schedule.sleep(span.min(800 * MS)).await;
        match inner.up.get() {
            true => Ok(()),
            false => Err(Error::Unavailable),
        }
    }

    async fn work(self: Rc<Self>) {
        loop {
            let heard = self.came.heard();
            let batch = self.take_batch();
            if batch.is_empty() {
                heard.await;
                continue;
            }
            let schedule = &self.database.0.schedule;
            let (free, freed) = schedule.slot::<()>();
            match self.database.0.is_shared {
                true => schedule.spawn(super::DATABASE, self.clone().session(batch, free)),
                false => schedule.spawn(self.owner, self.clone().turn(batch, free)),
            }
            freed.await;
        }
    }

    /// Whether the node lives.
    pub fn is_alive(&self) -> bool {
        self.alive.get()
    }

    /// Whether the embedded store has stopped for good after a failed write.
    pub fn is_stopped(&self) -> bool {
        self.stopped.get()
    }

    fn take_batch(&self) -> Vec<Box<dyn Job>> {
        let mut waiting = self.waiting.borrow_mut();
        let len = self.database.0.schedule.between(1, BATCH_LEN_MAX) as usize;
        // On the shared store closures on terminals share a transaction; any other has one for itself, and so has one that
        // goes first.
        let alone = |job: &dyn Job| {
            job.manner().turn == Turn::First || (self.database.0.is_shared && job.want().is_none())
        };
        let mut batch: Vec<Box<dyn Job>> = Vec::new();
        while batch.len() < len
            && let Some(next) = waiting.front()
            && (batch.is_empty() || !(alone(&**next) || alone(&*batch[0])))
        {
            batch.extend(waiting.pop_front());
        }
        batch
    }

    /// Time at the node, which never goes back for its transactions.
    fn now(&self) -> Timestamp {
        let now = (self.clock)().0.max(self.last.get());
        self.last.set(now);
        Timestamp(now)
    }

    /// The embedded store's one writer: closures one after the other, one commit.
    async fn turn(self: Rc<Self>, mut batch: Vec<Box<dyn Job>>, _free: Sender<()>) {
        let inner = &self.database.0;
        let transaction = inner.stage.begin(self.now());
        for job in &mut batch {
            let keep = matches!(job.advance(&transaction, usize::MAX), Progress::Done(true));
            transaction.end_closure(keep);
        }
        let number = self.commit_begins(transaction, &mut batch);
        inner.schedule.sleep(inner.schedule.between(100, 15 * MS)).await;
        let Some(transaction) = self.commit_ends(number) else {
            return;
        };
        if inner.schedule.happens(inner.sync_fails.get()) {
            inner
                .schedule
                .log(format_args!("store: the disk failed in a commit"));
            self.stopped.set(true);
            if inner.schedule.happens(0.5) {
                let _ = self.database.commit(transaction);
            }
            batch
                .iter_mut()
                .for_each(|job| job.answer(Err(|| Error::Stopped)));
            return;
        }
        let committed = self
            .database
            .commit(transaction)
            .map_err(|_| (|| Error::Conflict(String::new())) as fn() -> Error);
        batch.iter_mut().for_each(|job| job.answer(committed));
    }

    /// A session on the shared server. It outlives its client until the server notices.
    async fn session(self: Rc<Self>, mut batch: Vec<Box<dyn Job>>, free: Sender<()>) {
        let inner = &self.database.0;
        let refuse = |batch: &mut Vec<Box<dyn Job>>| {
            batch
                .iter_mut()
                .for_each(|job| job.answer(Err(|| Error::Unavailable)));
        };
        if self.cross(self.place, Place::Database).await.is_err() {
            return refuse(&mut batch);
        }
        let transaction = inner.stage.begin(self.now());
        if let Err(broken) = self.run(&transaction, &mut batch).await {
            refuse(&mut batch);
            drop(free);
            if matches!(broken, Broken::Connection) {
                // Until the server notices, the locks stay.
                inner.schedule.sleep(inner.schedule.between(MS, 1_500 * MS)).await;
            }
            drop(transaction);
            inner.ended.ring();
            return;
        }
        let number = self.commit_begins(transaction, &mut batch);
        let weather = inner.network.weather();
        let mut free = Some(free);
        if inner.schedule.happens(weather.slow) {
            // The client gives the connection up; its COMMIT arrives all the same.
            inner.schedule.log(format_args!(
                "store: session {number} commits behind its client's back"
            ));
            batch
                .iter_mut()
                .for_each(|job| job.answer(Err(|| Error::OutcomeUnknown)));
            free = None;
            inner.schedule.sleep(inner.schedule.between(MS, 2_000 * MS)).await;
        } else {
            inner.schedule.sleep(30 + inner.schedule.about(MS)).await;
        }
        let Some(transaction) = self.commit_ends(number) else {
            return;
        };
        let arrives = self.alive.get() && inner.network.reaches(self.place, Place::Database);
        if !arrives && inner.schedule.happens(0.5) {
            drop(transaction);
            inner.ended.ring();
            inner.schedule.sleep(inner.schedule.between(MS, 800 * MS)).await;
            return batch
                .iter_mut()
                .for_each(|job| job.answer(Err(|| Error::OutcomeUnknown)));
        }
        let committed = self.database.commit(transaction);
        let heard =
            inner.network.reaches(Place::Database, self.place) && !inner.schedule.happens(weather.loss);
        if !heard {
            inner.schedule.sleep(inner.schedule.between(MS, 800 * MS)).await;
            return batch
                .iter_mut()
                .for_each(|job| job.answer(Err(|| Error::OutcomeUnknown)));
        }
        inner.schedule.sleep(30 + inner.schedule.about(MS)).await;
        let committed = committed.map_err(|_| (|| Error::Conflict(String::new())) as fn() -> Error);
        batch.iter_mut().for_each(|job| job.answer(committed));
        drop(free);
    }

    fn commit_begins(&self, transaction: Transaction, batch: &mut [Box<dyn Job>]) -> u64 {
        let inner = &self.database.0;
        let number = inner.sessions.get() + 1;
        inner.sessions.set(number);
        inner.committing.borrow_mut().insert(number, transaction);
        for job in batch {
            job.committing();
            if job.manner().is_hasty {
                job.answer(Ok(inner.commits.get() + 1));
            }
        }
        number
    }

    fn commit_ends(&self, number: u64) -> Option<Transaction> {
        self.database.0.committing.borrow_mut().remove(&number)
    }

    /// Runs a batch up to its commit: the terminals' locks in their order, then the closures.
    async fn run(&self, transaction: &Transaction, batch: &mut [Box<dyn Job>]) -> Result<(), Broken> {
        let mut wants: Vec<TerminalId> = batch.iter().filter_map(|job| job.want()).collect();
        wants.sort_unstable();
        wants.dedup();
        for terminal_id in wants {
            loop {
                match transaction.lock(terminal_id) {
                    Progress::Done(Ok(())) => break,
                    Progress::Done(Err(_)) => return Err(Broken::Statement),
                    Progress::Ran | Progress::Waits => self.wait_for_lock().await?,
                }
            }
            transaction.end_closure(true);
            self.pass_on().await?;
        }
        for job in batch {
            loop {
                let budget = self.database.0.schedule.between(1, 5) as usize;
                match job.advance(transaction, budget) {
                    Progress::Ran => self.pass_on().await?,
                    Progress::Waits => self.wait_for_lock().await?,
                    Progress::Done(keep) => {
                        transaction.end_closure(keep);
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Between two statements others have their turn, and the connection may break.
    async fn pass_on(&self) -> Result<(), Broken> {
        let inner = &self.database.0;
        let slow = inner.schedule.happens(inner.network.weather().slow / 8.0);
        let span = match slow {
            true => inner.schedule.between(MS, 500 * MS),
            false => inner.schedule.between(20, 600),
        };
        inner.schedule.sleep(span).await;
        self.is_connected()
    }

    fn is_connected(&self) -> Result<(), Broken> {
        let network = &self.database.0.network;
        let both =
            network.reaches(self.place, Place::Database) && network.reaches(Place::Database, self.place);
        match both && self.alive.get() {
            true => Ok(()),
            false => Err(Broken::Connection),
        }
    }

    async fn wait_for_lock(&self) -> Result<(), Broken> {
        let inner = &self.database.0;
        let ended = inner.ended.heard();
        let waited = inner.schedule.timeout(LOCK_WAIT, ended).await;
        self.is_connected()?;
        waited.ok_or(Broken::Statement)
    }
}

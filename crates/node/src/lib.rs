//! What all parts of one running node share.
//!
//! Invariant: nothing here decides; it carries the store, the clock, the keys and the bells.

pub mod audit;
pub mod file;
pub mod passwords;
pub mod presence;
pub mod seal;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use app::lease::Lease;
use app::passes::Passes;
use domain::{TerminalId, Timestamp};
use store::node::Incarnation;
use store::{Doorbell, Store, Tx, Want};
use tokio::sync::{Notify, Semaphore, broadcast, oneshot, watch};

use passwords::Passwords;
use seal::Sealer;

/// Incidents that have something new, kept for slow listeners; one who falls behind reads again from the store.
const CHANGES_LEN_MAX: usize = 1024;
/// How long a report waits for approvals on their way out before it revokes those not yet being written.
pub const DRAIN_MAX: Duration = Duration::from_secs(5);
/// How long a store that cannot be reached is asked again for what must be done.
const INSIST_MAX: Duration = Duration::from_secs(15);
const INSIST_EVERY: Duration = Duration::from_millis(100);
/// Reads under way or waiting for a reader, each on a thread of its own; the next ones wait for these without a thread.
const READS_MAX: usize = 64;
/// The same for urgent reads, which therefore always have threads.
const URGENT_READS_MAX: usize = 32;
/// How long the answer to a set-up waits for what follows from it in this process.
const SET_UP_HEARD_MAX: Duration = Duration::from_secs(1);
/// How long a read waits for its turn.
const READ_TURN_MAX: Duration = Duration::from_secs(5);

/// One running node.
pub struct Node {
    /// Its name in receipts and intents.
    pub name: String,
    /// Which start of it this is, once it has joined.
    here: Mutex<Option<Incarnation>>,
    /// The store.
    pub store: Store,
    /// Seals what is secret at rest.
    pub sealer: Sealer,
    /// Identifiers of incidents and terminals that have something new to show.
    pub changes: broadcast::Sender<String>,
    /// Approvals on their way to terminals.
    pub outgoing: Outgoing,
    /// Counters of the gate.
    pub counters: Counters,
    /// Verifications of passwords, few at once.
    pub passwords: Passwords,
    /// Rings when there is work to be done now.
    pub work_due: Notify,
    /// Rings when another node has written something to look at now.
    pub doorbell: Arc<Notify>,
    /// Terminals that did something, for the watcher.
    pub acted: Acted,
    is_set_up: watch::Sender<bool>,
    reads: Arc<Semaphore>,
    urgent_reads: Arc<Semaphore>,
    _hung: Option<Doorbell>,
}

impl Node {
    /// A node on a store, which it gives the sealer.
    ///
    /// # Errors
    /// The doorbell of a shared store cannot be hung up.
    pub fn new(name: String, store: Store, sealer: Sealer) -> Result<Arc<Self>, store::Error> {
        store.unlock(Arc::new(sealer.clone()));
        let doorbell = Arc::new(Notify::new());
        let bell = doorbell.clone();
        let hung = store.doorbell(move || bell.notify_waiters())?;
        let lease = match store.is_shared() {
            true => Lease::none(),
            false => Lease::unlimited(),
        };
        Ok(Arc::new(Self {
            name,
            here: Mutex::default(),
            store,
            sealer,
            changes: broadcast::Sender::new(CHANGES_LEN_MAX),
            outgoing: Outgoing::new(lease),
            counters: Counters::default(),
            passwords: Passwords::default(),
            work_due: Notify::new(),
            doorbell,
            acted: Acted::default(),
            is_set_up: watch::Sender::new(false),
            reads: Arc::new(Semaphore::new(READS_MAX)),
            urgent_reads: Arc::new(Semaphore::new(URGENT_READS_MAX)),
            _hung: hung,
        }))
    }

    /// Which start of the node this is; `None` before it has joined.
    pub fn here(&self) -> Option<Incarnation> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes that it has joined.
    pub fn joined(&self, who: Incarnation) {
        *self.here.lock().unwrap_or_else(PoisonError::into_inner) = Some(who);
    }

    /// Runs a closure on a writer and waits for the commit without blocking a thread of the runtime.
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<store::Error> + Send + 'static,
    {
        hear(|done| self.store.submit(work, tell(done))).await
    }

    /// The same for work on one terminal, named beforehand.
    pub async fn write_for<T, E>(
        &self,
        want: Want,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<store::Error> + Send + 'static,
    {
        hear(|done| self.store.submit_for(want, work, tell(done))).await
    }

    /// Does what may be done twice without harm, again and again until the store says whether it is kept, for
    /// [`INSIST_MAX`] at most.
    pub async fn insist<T, E, W>(&self, turn: Turn, work: impl Fn() -> W) -> Result<T, E>
    where
        W: FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<store::Error> + Passing + Send + 'static,
    {
        let deadline = Instant::now() + INSIST_MAX;
        loop {
            let work = work();
            let done = hear(|done| match turn {
                Turn::First => self.store.submit_urgent(work, tell(done)),
                Turn::Own => self.store.submit(work, tell(done)),
            })
            .await;
            match done {
                Err(error) if error.passes() && Instant::now() < deadline => {
                    tokio::time::sleep(INSIST_EVERY).await;
                }
                done => return done,
            }
        }
    }

    /// Reads a snapshot on a thread that may block.
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<store::Error> + Send + 'static,
    {
        let store = self.store.clone();
        on_a_thread(&self.reads, move || store.read(work)).await
    }

    /// The same for what cannot wait behind the rest: a report of loss has threads and readers that nothing else may take.
    pub async fn read_urgent<T, E>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<store::Error> + Send + 'static,
    {
        let store = self.store.clone();
        on_a_thread(&self.urgent_reads, move || store.read_urgent(work)).await
    }

    /// Leaves nothing of who was just erased in the store's write-ahead log. What is in the way of it is logged: the log is written over
    /// sooner or later.
    pub async fn empty_log(&self) {
        let store = self.store.clone();
        match on_a_thread(&self.reads, move || store.empty_log()).await {
            Ok(true) => {}
            Ok(false) => tracing::warn!("the log still holds what was erased: readers were in the way"),
            Err(error) => tracing::warn!(%error, "the log still holds what was erased"),
        }
    }

    /// Whether the house has its first account. Once it has, it always will, and the store is not asked again.
    ///
    /// # Errors
    /// The store cannot be asked.
    pub async fn is_set_up(&self) -> Result<bool, store::Error> {
        if *self.is_set_up.borrow() {
            return Ok(true);
        }
        let is_set_up = self.read(store::account::exists).await?;
        if is_set_up {
            self.is_set_up.send_replace(true);
        }
        Ok(is_set_up)
    }

    /// Waits until the house is set up, here or on another node; looks again after so long at most. Whoever set it up here is
    /// answered when what comes of this is dropped.
    pub async fn until_set_up(&self, look_every: Duration) -> watch::Receiver<bool> {
        let mut heard = self.is_set_up.subscribe();
        while !matches!(self.is_set_up().await, Ok(true)) {
            let _ = tokio::time::timeout(look_every, heard.changed()).await;
        }
        heard
    }

    /// Tells whoever waits in this process that the house is set up, and gives them a moment to do what follows from it.
    ///
    /// # Errors
    /// The store cannot be asked; they look again by themselves.
    pub async fn tell_set_up(&self) -> Result<(), store::Error> {
        self.is_set_up().await?;
        let _ = tokio::time::timeout(SET_UP_HEARD_MAX, self.is_set_up.closed()).await;
        Ok(())
    }

    /// Tells the listeners of an incident that there is something new, or those of a login that a session may have ended.
    pub fn changed(&self, incident_id: Option<String>) {
        if let Some(incident_id) = incident_id {
            // Nobody listening is no error.
            let _ = self.changes.send(incident_id);
        }
    }
}

/// Terminals that did something since somebody asked last. There are no more of them than the estate has.
#[derive(Debug, Default)]
pub struct Acted(Mutex<HashMap<TerminalId, bool>>);

impl Acted {
    /// Notes that a terminal was decided about.
    pub fn note(&self, terminal_id: TerminalId) {
        let mut acted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        acted.entry(terminal_id).or_insert(false);
    }

    /// Notes that more is known of its past: a statement was brought, or somebody has it at hand.
    pub fn note_past(&self, terminal_id: TerminalId) {
        let mut acted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        acted.insert(terminal_id, true);
    }

    /// Takes them, each with whether more is known of its past.
    pub fn take(&self) -> HashMap<TerminalId, bool> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Lets a thread run when little else wants to, where the system allows it: a report of loss and the gate wait for neither guesses nor looks.
pub fn give_way() {
    use thread_priority::{
        NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
        thread_native_id,
    };
    let set = set_thread_priority_and_policy(
        thread_native_id(),
        ThreadPriority::Min,
        ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Other),
    );
    if set.is_err() {
        tracing::debug!("a thread that should give way runs at the usual priority");
    }
}

/// Runs what may block on a thread that may, when its turn comes.
async fn on_a_thread<T, E>(
    turns: &Arc<Semaphore>,
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<store::Error> + Send + 'static,
{
    let turn = tokio::time::timeout(READ_TURN_MAX, turns.clone().acquire_owned()).await;
    let Ok(Ok(turn)) = turn else {
        return Err(store::Error::Overloaded.into());
    };
    let work = move || {
        // Held to the end of the work, also when whoever asked has gone.
        let _turn = turn;
        work()
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(store::Error::Panicked.into()),
    }
}

/// Hands work over and waits for its result without blocking a thread of the runtime.
async fn hear<T, E>(hand_over: impl FnOnce(oneshot::Sender<Result<T, E>>)) -> Result<T, E>
where
    E: From<store::Error>,
{
    let (done, heard) = oneshot::channel();
    hand_over(done);
    heard.await.unwrap_or_else(|_| Err(store::Error::Stopped.into()))
}

/// Tells whoever asked, who may have gone.
fn tell<R: Send>(done: oneshot::Sender<R>) -> impl FnOnce(R) + Send {
    move |result| drop(done.send(result))
}

/// When work is done that somebody insists on.
#[derive(Clone, Copy, Debug)]
pub enum Turn {
    /// Before everything that waits, and in a commit of its own.
    First,
    /// When its turn comes.
    Own,
}

/// An error after which the same may succeed.
pub trait Passing {
    /// Whether it may.
    fn passes(&self) -> bool;
}

impl Passing for store::Error {
    fn passes(&self) -> bool {
        matches!(self, Self::Unavailable | Self::OutcomeUnknown | Self::Overloaded)
    }
}

/// Waits until the word to stop is given, or can never be given any more.
pub async fn told(stop: &mut watch::Receiver<bool>) {
    // The borrow that comes back would make the caller's future stay on its thread.
    let _ = stop.wait_for(|stop| *stop).await.is_ok();
}

/// The time; the only place that asks the system for it.
#[expect(clippy::disallowed_methods, reason = "this is the edge")]
pub fn now() -> Timestamp {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    let now_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    #[cfg(feature = "canary")]
    let now_ms = now_ms.saturating_add(app::canary::clock_step_ms());
    Timestamp(now_ms)
}

/// Approvals between their decision and the socket, and the node's lease to write them.
pub struct Outgoing {
    out: Mutex<Out>,
    returned: Notify,
    draining: AtomicU64,
    started: Instant,
}

struct Out {
    passes: Passes,
    lease: Lease,
}

impl Out {
    fn revoke_all(&mut self) {
        #[cfg(feature = "canary")]
        if app::canary::lease_ignored() {
            return;
        }
        self.passes.revoke_all();
    }
}

/// One approval on its way out. While it lives, a report of its terminal is not acknowledged; one that has not begun to
/// be written within [`DRAIN_MAX`] is revoked.
pub struct Pass {
    node: Arc<Node>,
    terminal_id: TerminalId,
    number: u64,
}

impl Pass {
    /// Takes a pass for a terminal.
    pub fn take(node: &Arc<Node>, terminal_id: TerminalId) -> Self {
        let number = node.outgoing.lock().passes.take(terminal_id);
        Self {
            node: node.clone(),
            terminal_id,
            number,
        }
    }

    /// Says that writing begins. False when the answer must not go any more: drop it and its connection.
    pub fn begin_write(&self) -> bool {
        let outgoing = &self.node.outgoing;
        let now_ms = outgoing.now_ms();
        let mut out = outgoing.lock();
        #[cfg(feature = "canary")]
        if app::canary::lease_ignored() {
            return out.passes.begin_write(self.terminal_id, self.number);
        }
        out.lease.is_valid(now_ms) && out.passes.begin_write(self.terminal_id, self.number)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let outgoing = &self.node.outgoing;
        outgoing.lock().passes.give_back(self.terminal_id, self.number);
        if outgoing.draining.load(Ordering::Acquire) > 0 {
            outgoing.returned.notify_waiters();
        }
    }
}

impl Outgoing {
    fn new(lease: Lease) -> Self {
        Self {
            out: Mutex::new(Out {
                passes: Passes::default(),
                lease,
            }),
            returned: Notify::new(),
            draining: AtomicU64::new(0),
            started: Instant::now(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time of the lease: counts from the node's start and never goes back.
    pub fn now_ms(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// A renewal that was sent at `sent_at_ms` has succeeded.
    pub fn renewed(&self, sent_at_ms: i64) {
        let mut out = self.lock();
        // A node on a store of its own has a lease without end.
        out.lease.renewed(sent_at_ms);
    }

    /// This node has joined anew by a call sent at `sent_at_ms`. Reports that came since it was taken for gone have not
    /// waited for what took its pass before, so that must not go.
    pub fn joined(&self, sent_at_ms: i64) {
        let mut out = self.lock();
        out.revoke_all();
        out.lease.renewed(sent_at_ms);
    }

    /// This node was taken for gone: reports were acknowledged without waiting for what it still has on its way out.
    pub fn expelled(&self) {
        let mut out = self.lock();
        out.lease.end();
        out.revoke_all();
    }

    /// Whether approvals may be written now.
    pub fn has_lease(&self) -> bool {
        self.lock().lease.is_valid(self.now_ms())
    }

    /// Waits until no pass of the terminal that is out now can bring an approval to a socket any more: it came back, or
    /// it was revoked before its writing began. Writing itself is bounded by the gate. Answers how many were out.
    pub async fn drain(&self, terminal_id: TerminalId) -> usize {
        self.draining.fetch_add(1, Ordering::AcqRel);
        let (before, waited) = {
            let out = self.lock();
            let before = out.passes.mark();
            (before, out.passes.out_before(terminal_id, before))
        };
        if tokio::time::timeout(DRAIN_MAX, self.back(terminal_id, before))
            .await
            .is_err()
        {
            self.lock().passes.revoke_before(terminal_id, before);
            self.back(terminal_id, before).await;
        }
        self.draining.fetch_sub(1, Ordering::AcqRel);
        waited
    }

    /// Waits until every pass below `before` has come back or is revoked.
    async fn back(&self, terminal_id: TerminalId, before: u64) {
        loop {
            let returned = self.returned.notified();
            tokio::pin!(returned);
            // Listen first, look second: a pass that comes back in between is not missed.
            returned.as_mut().enable();
            if self.lock().passes.out_before(terminal_id, before) == 0 {
                return;
            }
            returned.await;
        }
    }
}

/// What the gate counts; since the node started.
#[derive(Default)]
pub struct Counters {
    /// Connections open now.
    pub connections: AtomicI64,
    /// Requests between their arrival and their answer.
    pub in_flight: AtomicI64,
    /// Frames read.
    pub frames: AtomicU64,
    /// Frames that were no message of the profile.
    pub malformed: AtomicU64,
    /// Messages of terminals that are not in the estate.
    pub unknown_terminal: AtomicU64,
    /// Messages whose MAC did not verify.
    pub mac_failures: AtomicU64,
    /// Connections refused or dropped for a limit.
    pub limited: AtomicU64,
    /// Whether the acquirer host is connected.
    pub host_connected: AtomicBool,
}

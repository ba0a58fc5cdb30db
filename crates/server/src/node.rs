//! What all parts of one running node share.
//!
//! Invariant: nothing here decides; it carries the store, the clock, the keys and the bells.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{TerminalId, Timestamp};
use store::{Store, Tx};
use tokio::sync::{Notify, broadcast, oneshot, watch};

use crate::seal::Sealer;

/// Incidents that have something new, kept for slow listeners; one who falls behind reads again from the store.
const CHANGES_LEN_MAX: usize = 1024;
/// How long a report waits for approvals on their way out before it revokes those not yet being written.
pub const DRAIN_MAX: Duration = Duration::from_secs(5);

/// One running node.
pub struct Node {
    /// Its name in receipts and intents.
    pub name: String,
    /// The store.
    pub store: Store,
    /// Seals what is secret at rest.
    pub sealer: Sealer,
    /// Identifiers of incidents that have something new to show.
    pub changes: broadcast::Sender<String>,
    /// Approvals on their way to terminals.
    pub outgoing: Outgoing,
    /// Counters of the gate.
    pub counters: Counters,
    /// Rings when a reversal is owed.
    pub reversal_owed: Notify,
}

impl Node {
    /// A node on a store.
    pub fn new(name: String, store: Store, sealer: Sealer) -> Arc<Self> {
        Arc::new(Self {
            name,
            store,
            sealer,
            changes: broadcast::Sender::new(CHANGES_LEN_MAX),
            outgoing: Outgoing::default(),
            counters: Counters::default(),
            reversal_owed: Notify::new(),
        })
    }

    /// Runs a closure on the writer and waits for the commit without blocking a thread of the runtime.
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<store::Error> + Send + 'static,
    {
        let (send, receive) = oneshot::channel();
        self.store.submit(work, move |result| {
            let _ = send.send(result);
        });
        receive
            .await
            .unwrap_or_else(|_| Err(store::Error::Stopped.into()))
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
        match tokio::task::spawn_blocking(move || store.read(work)).await {
            Ok(result) => result,
            Err(_) => Err(store::Error::Panicked.into()),
        }
    }

    /// Tells the listeners of an incident that there is something new.
    pub fn changed(&self, incident_id: Option<String>) {
        if let Some(incident_id) = incident_id {
            // Nobody listening is no error.
            let _ = self.changes.send(incident_id);
        }
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
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Approvals between their decision and the socket, per terminal.
///
/// An approval takes a pass before it asks the store for its decision, and gives it back when its bytes are written or
/// its connection is dropped. A report waits for the passes that were out when its hold became durable; those taken
/// later will meet the hold.
#[derive(Default)]
pub struct Outgoing {
    terminals: Mutex<HashMap<TerminalId, Passes>>,
    returned: Notify,
    next: AtomicU64,
    draining: AtomicU64,
}

#[derive(Default)]
struct Passes {
    out: Vec<(u64, Arc<AtomicU8>)>,
}

/// Not yet being written.
const WAITING: u8 = 0;
/// Its bytes are on their way into the socket.
const WRITING: u8 = 1;
/// A report stopped waiting for it: it must never be written.
const REVOKED: u8 = 2;

/// One approval on its way out. While it lives, a report of its terminal is not acknowledged; one that has not begun to
/// be written within [`DRAIN_MAX`] is revoked.
pub struct Pass {
    node: Arc<Node>,
    terminal_id: TerminalId,
    number: u64,
    state: Arc<AtomicU8>,
}

impl Pass {
    /// Takes a pass for a terminal.
    pub fn take(node: &Arc<Node>, terminal_id: TerminalId) -> Self {
        let outgoing = &node.outgoing;
        let state = Arc::new(AtomicU8::new(WAITING));
        let mut terminals = outgoing.lock();
        // Numbered under the lock, so that a report sees every pass numbered before it began to wait.
        let number = outgoing.next.fetch_add(1, Ordering::Relaxed);
        terminals
            .entry(terminal_id)
            .or_default()
            .out
            .push((number, state.clone()));
        drop(terminals);
        Self {
            node: node.clone(),
            terminal_id,
            number,
            state,
        }
    }

    /// Says that writing begins. False when a report has revoked the pass: drop the answer and its connection.
    pub fn begin_write(&self) -> bool {
        self.state
            .compare_exchange(WAITING, WRITING, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let outgoing = &self.node.outgoing;
        let mut terminals = outgoing.lock();
        if let Some(passes) = terminals.get_mut(&self.terminal_id) {
            passes.out.retain(|(number, _)| *number != self.number);
            if passes.out.is_empty() {
                terminals.remove(&self.terminal_id);
            }
        }
        let waited_for = outgoing.draining.load(Ordering::Acquire) > 0;
        drop(terminals);
        if waited_for {
            outgoing.returned.notify_waiters();
        }
    }
}

impl Outgoing {
    fn lock(&self) -> MutexGuard<'_, HashMap<TerminalId, Passes>> {
        self.terminals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The states of the terminal's passes numbered below `before`.
    fn out(&self, terminal_id: TerminalId, before: u64) -> Vec<Arc<AtomicU8>> {
        let terminals = self.lock();
        let passes = terminals
            .get(&terminal_id)
            .map(|passes| passes.out.as_slice())
            .unwrap_or_default();
        passes
            .iter()
            .filter(|(number, _)| *number < before)
            .map(|(_, state)| state.clone())
            .collect()
    }

    /// Waits until no pass of the terminal that is out now can bring an approval to a socket any more: it came back, or
    /// it was revoked before its writing began. Writing itself is bounded by the gate. Answers how many were out.
    pub async fn drain(&self, terminal_id: TerminalId) -> usize {
        self.draining.fetch_add(1, Ordering::AcqRel);
        let before = {
            let _numbering = self.lock();
            self.next.load(Ordering::Relaxed)
        };
        let waited = self.out(terminal_id, before).len();
        if tokio::time::timeout(DRAIN_MAX, self.back(terminal_id, before))
            .await
            .is_err()
        {
            for state in self.out(terminal_id, before) {
                let _ = state.compare_exchange(WAITING, REVOKED, Ordering::AcqRel, Ordering::Acquire);
            }
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
            let open = |state: &Arc<AtomicU8>| state.load(Ordering::Acquire) != REVOKED;
            if !self.out(terminal_id, before).iter().any(open) {
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

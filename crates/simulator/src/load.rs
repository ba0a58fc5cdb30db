//! Load: purchases as fast as they are answered, or at a fixed rate, with a log that a checker can trust.
//!
//! A load has lanes. A lane is one connection on which one terminal buys; several lanes may share one terminal, which
//! then signs in once and counts its trace numbers over all of them. Each lane keeps up to `depth` requests in flight
//! (1: the next request when the answer came). The requests are copies of one message in which only the trace number
//! and the MAC change, so most of the processor stays with the server under test.
//!
//! ```no_run
//! # async fn show(gate: std::net::SocketAddr, estate: simulator::estate::Estate) -> Result<(), simulator::load::Error> {
//! use simulator::load::{Load, LoadConfig};
//!
//! let mut config = LoadConfig::new(gate);
//! config.lanes = estate.terminals.iter().map(|terminal| terminal.identity("001")).collect();
//! let load = Load::start(config).await?;
//! // … report a terminal lost …
//! let report = load.stop().await;
//! println!("{} approved, p99 {} µs", report.approved(), report.latency_us.value_at_quantile(0.99));
//! # Ok(())
//! # }
//! ```
//!
//! It touches the network. Invariant: every request that was written is in the log of its lane, once, with its answer
//! or with none; an answer counts only when type, trace, amount, terminal and MAC are right.

mod lane;
mod pace;
mod template;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::issuer::{Card, cards};
use crate::kind::EntryMode;
use crate::terminal::wire::Session;
use crate::terminal::{self, Terminal, TerminalIdentity};
use lane::Lane;
use template::Template;

/// The largest number of requests one lane keeps in flight.
pub const DEPTH_MAX: usize = 256;

/// What load to make.
#[derive(Debug, Clone)]
pub struct LoadConfig {
    /// The gate's address.
    pub gate: SocketAddr,
    /// One connection each. The same terminal may stand here several times: those lanes share it.
    pub lanes: Vec<TerminalIdentity>,
    /// Requests in flight per lane, 1..=[`DEPTH_MAX`].
    pub depth: usize,
    /// Requests a second over all lanes; `None`: as fast as they are answered. With a rate, latency counts from the
    /// moment a request was due, so a stall is not hidden by the requests it kept from being sent.
    pub per_second: Option<f64>,
    /// How long to send; `None`: until stopped.
    pub duration: Option<Duration>,
    /// Requests per lane at most, which bounds the log.
    pub requests_max: usize,
    /// Amount of each purchase in fen.
    pub amount_minor: u64,
    /// The card; `None`: a different approving card for each lane.
    pub card: Option<Card>,
    /// How the card is read: a stripe makes the shortest message, a chip adds field 55.
    pub entry_mode: EntryMode,
    /// Whether the PIN is sent (field 52).
    pub with_pin: bool,
    /// How long an answer may take before the request counts as unanswered.
    pub answer_timeout: Duration,
    /// Whether to check the MAC of every answer (half a microsecond each).
    pub verify: bool,
    /// Whether a lane sends nothing more after its first refusal.
    pub until_refused: bool,
    /// Keys to use instead of signing in: with a host's zone keys, the load goes to the host directly and shows what
    /// the simulator alone can do.
    pub session: Option<Session>,
}

impl LoadConfig {
    /// No lanes yet; a closed loop of ¥1.00 purchases, MACs checked, until stopped.
    pub fn new(gate: SocketAddr) -> LoadConfig {
        LoadConfig {
            gate,
            lanes: Vec::new(),
            depth: 1,
            per_second: None,
            duration: None,
            requests_max: 1_000_000,
            amount_minor: 100,
            card: None,
            entry_mode: EntryMode::Swipe,
            with_pin: true,
            answer_timeout: Duration::from_secs(30),
            verify: true,
            until_refused: false,
            session: None,
        }
    }
}

/// Why a load did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A terminal could not connect or sign in.
    #[error("terminal {terminal_id} could not sign in: {error}")]
    SignIn {
        /// Field 41.
        terminal_id: String,
        /// What went wrong.
        error: terminal::Error,
    },
    /// A terminal's sign-in was refused.
    #[error("terminal {terminal_id} was refused with {code}")]
    Refused {
        /// Field 41.
        terminal_id: String,
        /// Field 39.
        code: String,
    },
    /// The purchase could not be written.
    #[error(transparent)]
    Request(#[from] terminal::wire::Error),
    /// There is no thread to keep the rate.
    #[error("the load has no thread for its pace")]
    Pace(#[source] std::io::Error),
    /// The histogram could not be made.
    #[error("the latency histogram could not be made")]
    Histogram(#[from] hdrhistogram::CreationError),
}

/// One request of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Field 11.
    pub trace: u32,
    /// When it was about to be written, in microseconds since [`Report::started`].
    pub sent_at_us: u64,
    /// When its answer had been read; `None` when none came.
    pub received_at_us: Option<u64>,
    /// Field 39 of the answer; `--` when none came.
    pub response_code: [u8; 2],
}

impl Record {
    /// Answered with 00.
    pub fn is_approved(&self) -> bool {
        &self.response_code == b"00"
    }
}

/// What one lane did.
#[derive(Debug, Clone)]
pub struct LaneLog {
    /// Field 41.
    pub terminal_id: String,
    /// Field 60.2 of all its requests.
    pub batch: u32,
    /// Its requests, in the order they were sent.
    pub records: Vec<Record>,
    /// How often the connection was lost.
    pub disconnects: u32,
    /// Answers that did not match any request in flight, or were not right.
    pub stray_answers: u64,
}

/// What a load did.
#[derive(Debug)]
pub struct Report {
    /// Time zero of all records.
    pub started: Instant,
    /// From the first request to the end of the last lane.
    pub elapsed: Duration,
    /// Time from request (or from when it was due) to answer, in microseconds, up to a minute.
    pub latency_us: Histogram<u64>,
    /// One for each lane of the configuration, in its order.
    pub lanes: Vec<LaneLog>,
}

impl Report {
    /// How often each response code came; `--` stands for no answer.
    pub fn codes(&self) -> BTreeMap<String, u64> {
        let mut codes = BTreeMap::new();
        for record in self.records() {
            *codes
                .entry(String::from_utf8_lossy(&record.response_code).into_owned())
                .or_default() += 1;
        }
        codes
    }

    /// Requests answered with 00.
    pub fn approved(&self) -> u64 {
        self.records().filter(|record| record.is_approved()).count() as u64
    }

    /// Requests answered at all.
    pub fn answered(&self) -> u64 {
        self.records()
            .filter(|record| record.received_at_us.is_some())
            .count() as u64
    }

    /// Answers a second over the whole load.
    pub fn per_second(&self) -> f64 {
        self.answered() as f64 / self.elapsed.as_secs_f64().max(1e-6)
    }

    fn records(&self) -> impl Iterator<Item = &Record> {
        self.lanes.iter().flat_map(|lane| &lane.records)
    }
}

/// A running load. Dropping it ends it without a report.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    tasks: JoinSet<(usize, LaneLog)>,
}

/// What the lanes share.
#[derive(Debug)]
struct Shared {
    config: LoadConfig,
    started: Instant,
    stop: AtomicBool,
    latency_us: Mutex<Histogram<u64>>,
}

impl Shared {
    fn now_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Whether nothing more may be sent.
    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
            || self
                .config
                .duration
                .is_some_and(|duration| self.started.elapsed() >= duration)
    }
}

/// A signed-in terminal, shared by its lanes.
#[derive(Debug, Clone)]
struct Seat {
    session: Session,
    next_trace: Arc<AtomicU32>,
}

impl Load {
    /// Signs every terminal in, one after another, then lets all lanes go.
    ///
    /// # Errors
    /// [`Error`] when a terminal cannot sign in; nothing is left running then.
    pub async fn start(mut config: LoadConfig) -> Result<Load, Error> {
        config.depth = config.depth.clamp(1, DEPTH_MAX);
        let cards = cards();
        let mut seats: HashMap<String, Seat> = HashMap::new();
        let mut templates = Vec::with_capacity(config.lanes.len());
        for (index, identity) in config.lanes.iter().enumerate() {
            let seat = match seats.get(&identity.terminal_id) {
                Some(seat) => seat.clone(),
                None => sign_in(identity, &config).await?,
            };
            seats
                .entry(identity.terminal_id.clone())
                .or_insert_with(|| seat.clone());
            let card = config.card.as_ref().unwrap_or(&cards[index % 40]);
            let template = Template::new(identity, &seat.session, card, &config)?;
            templates.push((template, seat));
        }
        let latency_us = Histogram::new_with_bounds(1, 60_000_000, 3)?;
        let shared = Arc::new(Shared {
            config,
            started: Instant::now(),
            stop: AtomicBool::new(false),
            latency_us: Mutex::new(latency_us),
        });
        let bells: Vec<Arc<Notify>> = templates.iter().map(|_| Arc::default()).collect();
        if let Some(per_second) = shared.config.per_second {
            pace::start(&shared, per_second, bells.clone()).map_err(Error::Pace)?;
        }
        let mut tasks = JoinSet::new();
        for (index, ((template, seat), bell)) in templates.into_iter().zip(bells).enumerate() {
            let lane = Lane::new(shared.clone(), index, template, &seat, bell);
            tasks.spawn(async move { (index, lane.run().await) });
        }
        Ok(Load { shared, tasks })
    }

    /// Time zero of all records.
    pub fn started(&self) -> Instant {
        self.shared.started
    }

    /// Answers so far.
    pub fn answered(&self) -> u64 {
        self.shared
            .latency_us
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Sends nothing more, waits for the answers in flight, and reports.
    pub async fn stop(self) -> Report {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.finish().await
    }

    /// Waits until the duration is over, or every lane has sent all it may, and reports.
    pub async fn finish(mut self) -> Report {
        let mut logs = Vec::new();
        while let Some(ended) = self.tasks.join_next().await {
            match ended {
                Ok(log) => logs.push(log),
                Err(error) => tracing::warn!(%error, "a lane of the load ended badly"),
            }
        }
        logs.sort_unstable_by_key(|(index, _)| *index);
        Report {
            started: self.shared.started,
            elapsed: self.shared.started.elapsed(),
            latency_us: self
                .shared
                .latency_us
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
            lanes: logs.into_iter().map(|(_, log)| log).collect(),
        }
    }
}

async fn sign_in(identity: &TerminalIdentity, config: &LoadConfig) -> Result<Seat, Error> {
    if let Some(session) = config.session.clone() {
        return Ok(Seat {
            session,
            next_trace: Arc::new(AtomicU32::new(identity.trace_first)),
        });
    }
    let terminal_id = identity.terminal_id.clone();
    let mut terminal = Terminal::new(identity.clone());
    terminal.answer_timeout = config.answer_timeout;
    let answered = match terminal.connect(config.gate).await {
        Ok(()) => terminal.sign_in().await,
        Err(error) => Err(error),
    };
    match (answered, terminal.session()) {
        (Err(error), _) => Err(Error::SignIn { terminal_id, error }),
        (Ok(reply), Some(session)) if reply.is_approved() => Ok(Seat {
            session: session.clone(),
            next_trace: Arc::new(AtomicU32::new(terminal.trace() + 1)),
        }),
        (Ok(reply), _) => Err(Error::Refused {
            terminal_id,
            code: reply.code().to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests;

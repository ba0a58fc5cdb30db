//! Many connections on which one terminal buys as fast as it is answered, with a mark in every connection's stream at
//! the moment a report is acknowledged.
//!
//! The mark is exact: it counts the bytes that were read before and those that already lay in the kernel's buffer, so an
//! answer that a busy machine reads late is not mistaken for one that came late.
//!
//! Invariant: every request that was written is in the log once, with its answer or with none.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use iso8583::{Message, frame, unionpay};
use serde_json::{Value, json};
use simulator::issuer::{Card, cards};
use simulator::terminal::wire::{self, Encoder, Session};
use simulator::terminal::{Terminal, TerminalIdentity};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::{Answered, Api, Name, purchase, until};

/// What every purchase of a lane costs, in fen.
const AMOUNT_MINOR: u64 = 100;
const FRAME_BYTES_MAX: usize = 4_096;
/// More than a lane's answers ever take: it has one request under way.
const PEEK_BYTES: usize = 16 * 1024;
const ANSWER_TIME_MAX: Duration = Duration::from_secs(40);
/// How long the last answer is waited for when no more is sent; a node that will not answer closes nothing.
const LAST_ANSWER_TIME_MAX: Duration = Duration::from_secs(3);

/// One purchase as its terminal saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purchase {
    /// Batch and trace.
    pub name: Name,
    /// Field 39; `None` when no answer came.
    pub code: Option<[u8; 2]>,
    /// Its answer's last byte reached the socket after the mark.
    pub after_mark: bool,
}

impl Purchase {
    /// Answered with 00.
    pub fn is_approved(&self) -> bool {
        self.code == Some(*b"00")
    }
}

/// What all lanes did.
#[derive(Debug, Clone, Default)]
pub struct LanesLog {
    /// The first trace number that was not used: a trace names its transaction for ever.
    pub next_trace: u32,
    /// In no order.
    pub purchases: Vec<Purchase>,
    /// Answers that were none to any request, or wrong.
    pub wrong: Vec<String>,
}

impl LanesLog {
    /// What the terminal was told is approved.
    pub fn approved(&self) -> impl Iterator<Item = Name> {
        let approved = self.purchases.iter().filter(|purchase| purchase.is_approved());
        approved.map(|purchase| purchase.name)
    }

    /// How often each code came; `--` stands for no answer.
    pub fn codes(&self) -> BTreeMap<String, usize> {
        let mut codes = BTreeMap::new();
        for purchase in &self.purchases {
            let code = purchase.code.unwrap_or(*b"--");
            *codes
                .entry(String::from_utf8_lossy(&code).into_owned())
                .or_default() += 1;
        }
        codes
    }
}

/// Running lanes of one terminal. Dropping them ends them.
#[derive(Debug)]
pub struct Lanes {
    terminal_id: String,
    merchant_id: String,
    shared: Arc<Shared>,
    streams: Vec<Arc<Stream>>,
    tasks: JoinSet<LanesLog>,
}

#[derive(Debug)]
struct Shared {
    session: Session,
    next_trace: AtomicU32,
    stop: watch::Sender<bool>,
    answered: AtomicU64,
    answered_after_mark: AtomicU64,
    was_refused: AtomicBool,
}

/// One connection's incoming bytes.
#[derive(Debug)]
struct Stream {
    /// A second handle on the socket: looks into its buffer at any time.
    peeking: std::net::TcpStream,
    state: Mutex<StreamState>,
}

#[derive(Debug, Default)]
struct StreamState {
    buffer: Vec<u8>,
    /// Bytes of the stream that have been read, those in `buffer` included.
    read: usize,
    /// Bytes of the stream that had come when the mark was set.
    mark: Option<usize>,
}

impl Stream {
    /// What has been read and what lies in the kernel's buffer came before; anything else comes after.
    fn mark(&self, lying: &mut [u8]) {
        let mut state = self.lock();
        // An error means an empty buffer, or a broken connection, which brings nothing more.
        let bytes = self.peeking.peek(lying).unwrap_or_default();
        let all = state.read + bytes;
        state.mark.get_or_insert(all);
    }

    fn lock(&self) -> MutexGuard<'_, StreamState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lanes {
    /// Signs the terminal in and lets it buy on `count` connections, its trace numbers from `identity.trace_first`.
    ///
    /// # Errors
    /// It cannot connect or sign in.
    pub async fn start(gate: SocketAddr, identity: &TerminalIdentity, count: usize) -> Result<Self> {
        Self::start_over(&[gate], identity, count).await
    }

    /// The same with connections to several nodes in turn; it signs in at the first.
    ///
    /// # Errors
    /// There is no gate, or it cannot connect or sign in.
    pub async fn start_over(gates: &[SocketAddr], identity: &TerminalIdentity, count: usize) -> Result<Self> {
        let gate = *gates.first().context("no gate")?;
        let mut terminal = Terminal::new(identity.clone());
        terminal.connect(gate).await?;
        let reply = terminal.sign_in().await?;
        if !reply.is_approved() {
            bail!("{} may not sign in: {}", identity.terminal_id, reply.code());
        }
        let shared = Arc::new(Shared {
            session: terminal.session().context("no session")?.clone(),
            next_trace: AtomicU32::new(terminal.trace() + 1),
            stop: watch::Sender::new(false),
            answered: AtomicU64::new(0),
            answered_after_mark: AtomicU64::new(0),
            was_refused: AtomicBool::new(false),
        });
        let (mut streams, mut tasks) = (Vec::with_capacity(count), JoinSet::new());
        for (number, gate) in gates.iter().cycle().take(count).enumerate() {
            let connected = TcpStream::connect(gate)
                .await
                .with_context(|| format!("lane {number}"))?;
            connected.set_nodelay(true)?;
            let connected = connected.into_std()?;
            let stream = Arc::new(Stream {
                peeking: connected.try_clone()?,
                state: Mutex::default(),
            });
            streams.push(stream.clone());
            let (reading, writing) = TcpStream::from_std(connected)?.into_split();
            let mut lane = Lane {
                encoder: Encoder::new(&identity.terminal_id, &identity.merchant_id),
                shared: shared.clone(),
                stream,
                reading,
                card: card(),
                log: LanesLog::default(),
            };
            tasks.spawn(async move {
                lane.run(writing).await;
                lane.log
            });
        }
        Ok(Self {
            terminal_id: identity.terminal_id.clone(),
            merchant_id: identity.merchant_id.clone(),
            shared,
            streams,
            tasks,
        })
    }

    /// Answers so far.
    pub fn answered(&self) -> u64 {
        self.shared.answered.load(Ordering::Relaxed)
    }

    /// Answers so far that came after the mark.
    pub fn answered_after_mark(&self) -> u64 {
        self.shared.answered_after_mark.load(Ordering::Relaxed)
    }

    /// Whether anything but an approval was answered so far.
    pub fn was_refused(&self) -> bool {
        self.shared.was_refused.load(Ordering::Relaxed)
    }

    /// Whose lanes they are.
    pub fn terminal_id(&self) -> &str {
        &self.terminal_id
    }

    /// What writes reversals for this terminal.
    pub fn undoing(&self) -> Undoing {
        Undoing {
            encoder: Encoder::new(&self.terminal_id, &self.merchant_id),
            session: self.shared.session.clone(),
        }
    }

    /// Reports the terminal lost, by all these people at once; the incident.
    ///
    /// # Errors
    /// Not exactly one 201, the others 200 with the same incident; or no answer.
    pub async fn report(&self, people: &[Api]) -> Result<Value> {
        let mut calls = JoinSet::new();
        for api in people {
            calls.spawn_blocking(self.reporting(api));
        }
        let (mut opened, mut found) = (Vec::new(), Vec::new());
        while let Some(answered) = calls.join_next().await {
            let answered = answered??;
            match answered.status {
                201 => opened.push(answered.body),
                _ => found.push(answered.expect(200)?),
            }
        }
        match opened.pop() {
            Some(incident) if opened.is_empty() && found.iter().all(|one| one["id"] == incident["id"]) => {
                Ok(incident)
            }
            other => bail!("one incident was to be opened: {other:?}, {opened:?}, {found:?}"),
        }
    }

    /// Reports the terminal lost by `people` in turn, beginning with the one numbered `first`, again and again, as somebody
    /// does who gets no answer or an error; the incident. Who there is may change meanwhile.
    ///
    /// # Errors
    /// Nobody was told that it is stopped, however often they tried.
    pub async fn report_again_and_again(&self, first: usize, people: impl Fn() -> Vec<Api>) -> Result<Value> {
        let mut turn = first;
        until("the report to be acknowledged", async || {
            let people = people();
            let api = people.get(turn % people.len().max(1)).context("nobody reports")?;
            turn += 1;
            match tokio::task::spawn_blocking(self.reporting(api)).await? {
                Ok(answered) if matches!(answered.status, 200 | 201) => Ok(Some(answered.body)),
                _ => Ok(None),
            }
        })
        .await
    }

    /// One report. The thread that reads an acknowledgement marks every lane's stream before it does anything else; the
    /// first mark counts.
    fn reporting(&self, api: &Api) -> impl FnOnce() -> Result<Answered> + Send + use<> {
        let body = json!({"terminal_id": self.terminal_id, "manner": "stolen"}).to_string();
        let (api, streams) = (api.clone(), self.streams.clone());
        move || {
            let answered = api.call_here("POST", "/incidents", Some(&body))?;
            if matches!(answered.status, 200 | 201) {
                let mut lying = vec![0; PEEK_BYTES];
                for stream in streams {
                    stream.mark(&mut lying);
                }
            }
            Ok(answered)
        }
    }

    /// Sends nothing more, waits for what is under way, and tells what happened.
    ///
    /// # Errors
    /// A lane ended badly.
    pub async fn stop(mut self) -> Result<LanesLog> {
        self.shared.stop.send_replace(true);
        let mut all = LanesLog::default();
        while let Some(log) = self.tasks.join_next().await {
            let log = log?;
            all.purchases.extend(log.purchases);
            all.wrong.extend(log.wrong);
        }
        all.next_trace = self.shared.next_trace.load(Ordering::Relaxed);
        Ok(all)
    }
}

/// All lanes pay with the same card, whose account holds plenty.
fn card() -> Card {
    cards().swap_remove(0)
}

/// Writes the reversals of what lanes have bought, as their terminal does when no answer came.
#[derive(Debug)]
pub struct Undoing {
    encoder: Encoder,
    session: Session,
}

impl Undoing {
    /// The frame of a reversal, reason 98.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn frame(&mut self, (batch, trace): Name) -> Result<Vec<u8>> {
        let session = Session {
            batch,
            ..self.session.clone()
        };
        Ok(self
            .encoder
            .reversal(&session, &purchase(trace, AMOUNT_MINOR, &card()), "98", None)?
            .to_vec())
    }
}

struct Lane {
    encoder: Encoder,
    shared: Arc<Shared>,
    stream: Arc<Stream>,
    reading: OwnedReadHalf,
    card: Card,
    log: LanesLog,
}

impl Lane {
    async fn run(&mut self, mut writing: OwnedWriteHalf) {
        while !*self.shared.stop.borrow() {
            let trace = self.shared.next_trace.fetch_add(1, Ordering::Relaxed);
            let name = (self.shared.session.batch, trace);
            let request = match self
                .encoder
                .financial(&self.shared.session, &purchase(trace, AMOUNT_MINOR, &self.card))
            {
                Ok(request) => request.to_vec(),
                Err(error) => return self.log.wrong.push(error.to_string()),
            };
            self.log.purchases.push(Purchase {
                name,
                code: None,
                after_mark: false,
            });
            if writing.write_all(&request).await.is_err() {
                return;
            }
            let mut stop = self.shared.stop.subscribe();
            let told_to_stop = async {
                let _ = stop.wait_for(|stop| *stop).await;
                sleep(LAST_ANSWER_TIME_MAX).await;
            };
            let answered = tokio::select! {
                answered = timeout(ANSWER_TIME_MAX, self.answer(&request)) => answered,
                () = told_to_stop => return,
            };
            let Ok(Ok((code, after_mark))) = answered else {
                return;
            };
            if let Some(purchase) = self.log.purchases.last_mut() {
                (purchase.code, purchase.after_mark) = (Some(code), after_mark);
            }
            if code != *b"00" {
                self.shared.was_refused.store(true, Ordering::Relaxed);
            }
            self.shared.answered.fetch_add(1, Ordering::Relaxed);
            self.shared
                .answered_after_mark
                .fetch_add(u64::from(after_mark), Ordering::Relaxed);
        }
    }

    /// The next right answer to `request`: its code, and whether it came after the mark.
    async fn answer(&mut self, request: &[u8]) -> io::Result<([u8; 2], bool)> {
        loop {
            while let Some((answer, after_mark)) = self.next_frame()? {
                match wire::check(request, &answer, Some(&self.shared.session.mac_key)) {
                    Ok(reply) => return Ok((reply.response_code, after_mark)),
                    Err(error) => self.log.wrong.push(format!("{error}: {}", described(&answer))),
                }
            }
            self.reading.readable().await?;
            let mut state = self.stream.lock();
            match self.reading.try_read_buf(&mut state.buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(bytes) => state.read += bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn next_frame(&self) -> io::Result<Option<(Vec<u8>, bool)>> {
        let mut state = self.stream.lock();
        let split = frame::split(&state.buffer, FRAME_BYTES_MAX).map_err(|_| ErrorKind::InvalidData)?;
        let Some((bytes, answer)) = split else {
            return Ok(None);
        };
        let answer = answer.to_vec();
        let ends_at = state.read - state.buffer.len() + bytes;
        state.buffer.drain(..bytes);
        Ok(Some((answer, state.mark.is_some_and(|mark| ends_at > mark))))
    }
}

/// Type, trace and code of an answer that was not accepted.
fn described(answer: &[u8]) -> String {
    let message = frame::open(answer)
        .ok()
        .and_then(|envelope| Message::parse(&unionpay::POS, envelope.message).ok());
    match message {
        Some(message) => format!(
            "{} trace {:?} code {:?}",
            message.mti(),
            message.number(11),
            message.text_str(39)
        ),
        None => "unreadable".into(),
    }
}

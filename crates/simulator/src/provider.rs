//! Payment providers whose own interface can stop a terminal: Stripe Terminal, SumUp and Adyen, as far as a stop needs them.
//!
//! | brand | who asks | look | stop | read back when stopped |
//! |---|---|---|---|---|
//! | Stripe | `Authorization: Bearer` | `GET /v1/terminal/readers/{id}` | `DELETE` of the same | `"deleted": true` |
//! | SumUp | `Authorization: Bearer` | `GET /v0.1/merchants/{code}/readers/{id}` and `…/status` | `DELETE` of the same | 404, and not in the list |
//! | Adyen | `X-API-Key` | `GET /v3/terminals?searchQuery=` | `POST /v3/terminals/{id}/reassign` | `inventory` |
//!
//! They can be late, silent, wrong, double, busy (429), against it, gone, and close a connection after doing what was asked.
//!
//! They touch the network. Invariant: what was asked with a wrong key changes nothing; the journal has every request that
//! was read, in order, whatever was answered, and which answers were written.

mod brand;
pub(crate) mod http;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::control::Control;

/// Connections served at once; more are closed at once.
const CONNECTIONS_MAX: usize = 256;
/// Requests kept in the journal.
const JOURNAL_MAX: usize = 10_000;

/// Which provider it plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brand {
    /// Stripe Terminal.
    Stripe,
    /// SumUp.
    SumUp,
    /// Adyen's Management API.
    Adyen,
}

/// Where a device stands with its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It takes payments.
    Working,
    /// It is to be stopped; so many looks find it so, then it is. Adyen says so; at the others it seems to work meanwhile.
    Stopping(u32),
    /// It takes none.
    Stopped,
}

/// A device of a merchant.
#[derive(Clone, Debug)]
pub struct Device {
    /// The provider's name of it.
    pub id: String,
    /// Its maker's number.
    pub serial: String,
    /// Its address in the shop's network.
    pub address: String,
    /// When it was last heard of, milliseconds since 1970.
    pub last_seen_ms: i64,
    /// Whether a payment is under way on it (Stripe).
    pub is_busy: bool,
    /// Where it stands.
    pub standing: Standing,
}

impl Device {
    /// One that works.
    pub fn new(id: &str, serial: &str) -> Self {
        Self {
            id: id.to_owned(),
            serial: serial.to_owned(),
            address: "192.168.1.25".to_owned(),
            last_seen_ms: 1_774_000_000_123,
            is_busy: false,
            standing: Standing::Working,
        }
    }
}

/// Which requests a fault strikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Struck {
    /// All.
    #[default]
    All,
    /// Those that only look.
    Looks,
    /// Those that change something.
    Changes,
    /// Those that only look, once something was to be changed.
    ReadBacks,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It answers with this status and an error of the brand, and does nothing.
    Says(u16),
    /// It answers 429 with this `Retry-After`, and does nothing.
    Busy(&'static str),
    /// It does what it is asked and never answers.
    Silent,
    /// It reads what it is asked, does nothing and never answers.
    Deaf,
    /// It does what it is asked and closes the connection without an answer.
    Closes,
    /// It closes the connection before it does anything.
    Drops,
    /// It does what it is asked and answers with another device.
    Other,
    /// It does what it is asked and answers with what is no JSON.
    Garbled,
    /// It does what it is asked and answers twice.
    Twice,
    /// It does what it is asked and its answer never ends.
    Endless,
    /// It sends whoever asks elsewhere, with their key.
    Redirects,
    /// It says yes and does nothing.
    Lies,
}

/// The faults in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// What, for which requests.
    pub fault: Option<(Struck, Fault)>,
    /// How many requests it strikes; `None`: all.
    pub times: Option<u32>,
    /// Each answer is held back so long.
    pub delay_ms: u64,
    /// Looks that find a device that was told to stop not stopped yet.
    pub stops_after_looks: u32,
}

/// A request that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `DELETE /v1/terminal/readers/tmr_1`.
    pub what: String,
    /// When.
    pub at: Instant,
    /// Whether an answer, right or wrong, was written.
    pub is_answered: bool,
}

impl Asked {
    /// Whether it was to change something.
    pub fn changes(&self) -> bool {
        !self.what.starts_with("GET ")
    }
}

/// How to start one.
#[derive(Debug)]
pub struct ProviderConfig {
    /// Whom it plays.
    pub brand: Brand,
    /// A port, or 0 for a free one.
    pub port: u16,
    /// The key that it knows.
    pub key: String,
    /// The merchant's code or account (SumUp, Adyen).
    pub merchant: String,
    /// The merchant's devices.
    pub devices: Vec<Device>,
    /// The faults; keep a clone to change them while it runs.
    pub faults: Control<Faults>,
}

/// A running provider. Dropping it ends it.
#[derive(Debug)]
pub struct Provider {
    addr: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    brand: Brand,
    key: String,
    merchant: String,
    faults: Control<Faults>,
    books: Mutex<Books>,
    /// Counts what is written down.
    news: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Books {
    devices: BTreeMap<String, Device>,
    journal: Vec<Asked>,
}

impl Books {
    /// A new entry; answers its place.
    fn read(&mut self, what: String) -> usize {
        if self.journal.len() < JOURNAL_MAX {
            self.journal.push(Asked {
                what,
                at: Instant::now(),
                is_answered: false,
            });
        }
        self.journal.len() - 1
    }

    fn answered(&mut self, place: usize) {
        if let Some(asked) = self.journal.get_mut(place) {
            asked.is_answered = true;
        }
    }
}

impl Shared {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whoever waits that something new is written down.
    fn tell(&self) {
        self.news.send_modify(|count| *count += 1);
    }

    /// The fault that strikes the request at that place of the journal, counted.
    fn strikes(&self, place: usize) -> Option<Fault> {
        let (changes, reads_back) = {
            let books = self.books();
            let until = books.journal.get(..=place).unwrap_or_default();
            let changes = until.last().is_some_and(Asked::changes);
            (changes, !changes && until.iter().any(Asked::changes))
        };
        let mut faults = self.faults.get();
        let (struck, fault) = faults.fault.clone()?;
        let is_struck = match struck {
            Struck::All => true,
            Struck::Looks => !changes,
            Struck::Changes => changes,
            Struck::ReadBacks => reads_back,
        };
        if !is_struck || faults.times == Some(0) {
            return None;
        }
        if let Some(times) = &mut faults.times {
            *times -= 1;
            self.faults.set(faults);
        }
        Some(fault)
    }
}

impl Provider {
    /// Listens on this machine.
    ///
    /// # Errors
    /// The port is taken.
    pub async fn start(config: ProviderConfig) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", config.port)).await?;
        let addr = listener.local_addr()?;
        let devices = config
            .devices
            .into_iter()
            .map(|device| (device.id.clone(), device));
        let shared = Arc::new(Shared {
            brand: config.brand,
            key: config.key,
            merchant: config.merchant,
            faults: config.faults,
            books: Mutex::new(Books {
                devices: devices.collect(),
                journal: Vec::new(),
            }),
            news: watch::Sender::default(),
        });
        let task = tokio::spawn(serve(listener, shared.clone()));
        Ok(Self { addr, shared, task })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its address, as a setting takes it.
    pub fn url(&self) -> String {
        let path = if self.shared.brand == Brand::Adyen {
            "/v3"
        } else {
            ""
        };
        format!("http://{}{path}", self.addr)
    }

    /// The handle that sets its faults.
    pub fn faults(&self) -> &Control<Faults> {
        &self.shared.faults
    }

    /// Where a device stands; `None` for one it does not know.
    pub fn standing(&self, id: &str) -> Option<Standing> {
        self.shared.books().devices.get(id).map(|device| device.standing)
    }

    /// What it was asked, in order: `DELETE /v1/terminal/readers/tmr_1`.
    pub fn journal(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.what).collect()
    }

    /// The same, with when, and whether it was answered.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.books().journal.clone()
    }

    /// Waits until what it was asked is as wanted; the caller ends the wait.
    pub async fn until(&self, is_wanted: impl Fn(&[Asked]) -> bool) {
        let mut news = self.shared.news.subscribe();
        // The sender lives as long as this does.
        let _ = news
            .wait_for(|_| is_wanted(&self.shared.books().journal))
            .await
            .is_ok();
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.len() < CONNECTIONS_MAX => {
                    let shared = shared.clone();
                    connections.spawn(async move {
                        // A client that goes away ends its connection, and nothing else.
                        let _ = http::run(stream, &shared).await;
                    });
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "the simulated provider cannot accept");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            },
        }
    }
}

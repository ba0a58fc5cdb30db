//! A mail server that keeps what it takes: SMTP (RFC 5321) as far as a submission needs it, in clear, on this machine.
//!
//! Where it has a log-in, it asks for `AUTH PLAIN` or `AUTH LOGIN` and takes no mail without. It can refuse at every verb, be
//! silent, slow or gone, say too much, and close after it has taken a mail but before it says so.
//!
//! It touches the network. Invariant: a mail is in [`MailServer::mails`] if and only if its end was seen and no fault
//! refused it.

mod session;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::control::Control;

/// Connections served at once; more are closed at once.
const CONNECTIONS_MAX: usize = 64;
/// Mails kept; later ones are refused (452).
const MAILS_MAX: usize = 10_000;

/// Where in a session something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// The greeting, before anything was asked.
    Greeting,
    /// EHLO.
    Hello,
    /// AUTH.
    Login,
    /// MAIL FROM.
    Sender,
    /// RCPT TO.
    Recipient,
    /// DATA.
    Data,
    /// Inside the message: after its first bytes.
    Inside,
    /// The end of the message.
    End,
    /// NOOP.
    Noop,
}

/// What happens there instead of what should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This is answered, for example `451 4.3.0 try again later`. At [`Verb::End`] the mail is not taken.
    Says(String),
    /// Nothing is answered, and the connection stays open. At [`Verb::End`] the mail is taken.
    Silent,
    /// The connection is closed. At [`Verb::End`] the mail is taken.
    Closes,
    /// The answer never ends.
    Endless,
}

/// The fault in force, if any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Where, and what.
    pub at: Option<(Verb, Fault)>,
    /// Every answer is held back so long.
    pub delay_ms: u64,
    /// New connections are closed at once.
    pub away: bool,
}

/// A mail that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// The message as it came, without the dots that the protocol adds.
    pub message: Vec<u8>,
}

/// How to start one.
#[derive(Debug, Default)]
pub struct MailConfig {
    /// A port, or 0 for a free one.
    pub port: u16,
    /// User and password, where it wants a log-in.
    pub login: Option<(String, String)>,
    /// The faults; keep a clone to change them while it runs.
    pub faults: Control<Faults>,
}

/// A running mail server. Dropping it ends it.
#[derive(Debug)]
pub struct MailServer {
    addr: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    login: Option<(String, String)>,
    faults: Control<Faults>,
    mails: Mutex<Vec<Taken>>,
}

impl Shared {
    /// Keeps a mail; false when there are too many.
    fn take(&self, mail: Taken) -> bool {
        let mut mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = mails.len() < MAILS_MAX;
        if has_room {
            mails.push(mail);
        }
        has_room
    }
}

impl MailServer {
    /// Listens on this machine.
    ///
    /// # Errors
    /// The port is taken.
    pub async fn start(config: MailConfig) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", config.port)).await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            login: config.login,
            faults: config.faults,
            mails: Mutex::default(),
        });
        let task = tokio::spawn(serve(listener, shared.clone()));
        Ok(Self { addr, shared, task })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The handle that sets its faults.
    pub fn faults(&self) -> &Control<Faults> {
        &self.shared.faults
    }

    /// What it has taken, in order.
    pub fn mails(&self) -> Vec<Taken> {
        self.shared
            .mails
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for MailServer {
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
                Ok((stream, _)) if connections.len() < CONNECTIONS_MAX && !shared.faults.get().away => {
                    let shared = shared.clone();
                    connections.spawn(async move {
                        // A client that goes away ends its session, and nothing else.
                        let _ = session::run(stream, &shared).await;
                    });
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "the simulated mail server cannot accept");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            },
        }
    }
}

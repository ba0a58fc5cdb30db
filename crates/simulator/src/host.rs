//! The acquirer's host: a TCP server that takes a gate's messages and asks the simulated [`Issuer`].
//!
//! It speaks the UnionPay POS profile in the terminals' frame (LEN, TPDU, header, message). Field 64 is the UnionPay
//! MAC under a double-length zone key, field 52 a PIN block under a zone PIN key.
//!
//! | request | answer |
//! |---|---|
//! | 0100, 0200, 0220 | 0110, 0210, 0230 with the issuer's decision, or one of the host's own |
//! | 0400 | 0410: 00, or 25 when nothing was approved under that terminal, batch and trace |
//! | 0500 | 0510 with field 48's reply code: equal or unequal to what the issuer approved in that batch |
//! | 0320 | 0330, 00 |
//! | 0820 with net code 301 | 0830, 00 |
//!
//! Its own are A0 when the MAC is missing or wrong, 99 when the PIN block does not open, 30 when a field is missing, 12
//! for an unknown transaction. A message that cannot be parsed is answered 30 when its type can be read; a frame without
//! bounds closes the connection. [`FaultControl`] makes it late, out of order, silent, doubled, wrong or gone while it runs.
//!
//! It touches the network and the clock. Invariant: what the issuer approves is in [`Host::standing`] and in
//! [`Host::journal`] before its answer can leave the socket.

mod answer;
mod connection;
mod faults;
mod journal;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use iso8583::keys::KeyError;
use iso8583::mac::{Algorithm, MacKey};
use iso8583::pin::PinKey;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::issuer::{Issuer, Standing};
pub use faults::{FaultControl, Faults};
pub use journal::{Entry, JOURNAL_MAX, Journal, Stats};

/// Connections served at once; more are closed at once.
pub const CONNECTIONS_MAX: usize = 1_024;

/// How to start a host.
#[derive(Debug)]
pub struct HostConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Zone MAC key, 16 bytes.
    pub mac_key: ZoneKey,
    /// Zone PIN key, 16 bytes.
    pub pin_key: ZoneKey,
    /// Who decides.
    pub issuer: Issuer,
    /// The faults; keep a clone to change them while it runs.
    pub faults: FaultControl,
}

/// A double-length key between gate and host. `Debug` hides it.
#[derive(Clone, Copy)]
pub struct ZoneKey(pub [u8; 16]);

impl std::fmt::Debug for ZoneKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ZoneKey")
    }
}

/// Why a host did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be listened on.
    #[error("the host cannot listen")]
    Listen(#[from] io::Error),
    /// A zone key does not fit.
    #[error("a zone key does not fit")]
    Key(#[from] KeyError),
}

/// A running host. Dropping it ends it; [`Host::shutdown`] also waits for the end.
#[derive(Debug)]
pub struct Host {
    addr: SocketAddr,
    shared: Arc<Shared>,
    faults: FaultControl,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// What all connections share.
#[derive(Debug)]
struct Shared {
    mac_key: MacKey,
    pin_key: PinKey,
    books: Mutex<Books>,
}

/// The issuer and the journal, under one lock, so that the journal's order is the order of decisions.
#[derive(Debug)]
struct Books {
    issuer: Issuer,
    journal: Journal,
}

impl Shared {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host {
    /// Listens and serves until it is shut down or dropped.
    ///
    /// # Errors
    /// [`Error`] when the address cannot be bound.
    pub async fn start(config: HostConfig) -> Result<Host, Error> {
        let HostConfig {
            listen,
            mac_key,
            pin_key,
            issuer,
            faults,
        } = config;
        let listener = TcpListener::bind(listen).await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            mac_key: MacKey::new(Algorithm::UnionPayEcb, &mac_key.0)?,
            pin_key: PinKey::new(&pin_key.0)?,
            books: Mutex::new(Books {
                issuer,
                journal: Journal::default(),
            }),
        });
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(accept(listener, shared.clone(), faults.clone(), stopped));
        Ok(Host {
            addr,
            shared,
            faults,
            stop,
            task,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The handle that sets its faults.
    pub fn faults(&self) -> &FaultControl {
        &self.faults
    }

    /// What it has counted so far.
    pub fn stats(&self) -> Stats {
        self.shared.books().journal.stats()
    }

    /// Every approval that stands, neither reversed nor voided, by terminal, batch and trace number.
    pub fn standing(&self) -> Vec<Standing> {
        let mut standing = self.shared.books().issuer.standing();
        standing.sort_unstable_by_key(|standing| standing.position);
        standing
    }

    /// The requests it decided, in order of arrival; the first [`JOURNAL_MAX`] of them.
    pub fn journal(&self) -> Vec<Entry> {
        self.shared.books().journal.entries().to_vec()
    }

    /// Stops listening, closes every connection and waits for the end.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::warn!(%error, "the simulated host ended badly");
        }
    }
}

async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    faults: FaultControl,
    mut stopped: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    let mut number = 0;
    loop {
        tokio::select! {
            () = until(&mut stopped) => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.len() < CONNECTIONS_MAX && !faults.get().down => {
                    number += 1;
                    connections.spawn(serve(stream, number, shared.clone(), faults.clone()));
                }
                Ok(_) => {}
                Err(error) => {
                    // Out of descriptors, most likely: let others close some.
                    tracing::warn!(%error, "the simulated host cannot accept");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            },
        }
    }
    connections.shutdown().await;
}

/// Waits for the word to stop, or for its sender to be dropped: then the host is gone.
async fn until(stopped: &mut watch::Receiver<bool>) {
    let _stopped_or_gone = stopped.wait_for(|stop| *stop).await.is_ok();
}

async fn serve(stream: TcpStream, number: u32, shared: Arc<Shared>, faults: FaultControl) {
    shared.books().journal.count(|stats| stats.connections += 1);
    let mut watch = faults.subscribe();
    tokio::select! {
        _ = watch.wait_for(|faults| faults.down) => {}
        ended = connection::run(stream, number, &shared, &faults) => {
            if let Err(error) = ended {
                tracing::debug!(connection = number, %error, "a connection to the simulated host ended");
            }
        }
    }
}

#[cfg(test)]
mod tests;

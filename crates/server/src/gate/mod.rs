//! The gate: terminals' TCP connections, from bytes to one use case and back.
//!
//! Each connection has a reader and a writer; each request is a task of its own, so that many terminals can share one
//! connection. Everything is bounded: connections, frames, time to finish a frame, idle time, requests under way, answers
//! waiting to be written, time to write them.
//!
//! Invariant: an approval reaches a socket only under a [`node::Pass`] taken before its decision.

mod answer;
mod connection;
mod handle;
mod keys;
mod request;
mod settlement;
mod sign_in;
mod spare;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::{TerminalId, Timestamp};
use iso8583::mac::Algorithm;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::connector::host::AcquirerHost;
use node::{Node, told};

/// What bounds the gate.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at once; more are closed at once.
    pub connections_max: usize,
    /// Bytes of a frame, its length not counted.
    pub frame_bytes_max: usize,
    /// Time to send the rest of a frame once its first byte has come.
    pub frame_time_max: Duration,
    /// Time without any byte before a connection is closed.
    pub idle_time_max: Duration,
    /// Requests under way on one connection; no more are read until one is answered.
    pub in_flight_per_connection_max: usize,
    /// Requests under way on the node.
    pub in_flight_max: usize,
    /// Time to write answers before the connection is dropped as too slow.
    pub write_time_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            frame_bytes_max: 2_048,
            frame_time_max: Duration::from_secs(10),
            idle_time_max: Duration::from_secs(600),
            in_flight_per_connection_max: 128,
            in_flight_max: 4_096,
            write_time_max: Duration::from_secs(3),
        }
    }
}

/// What all connections of a gate share.
pub struct Gate {
    node: Arc<Node>,
    host: Arc<AcquirerHost>,
    limits: Limits,
    keys: keys::Cache,
    in_flight: Arc<Semaphore>,
    heard: Mutex<HashMap<TerminalId, (Timestamp, SocketAddr)>>,
    spare: spare::Spare,
    mac_algorithm: Algorithm,
    acquirer_code: String,
}

impl Gate {
    /// A gate on a node, in front of a host. `acquirer_code` is field 32 of its own answers, up to 11 digits.
    pub fn new(node: Arc<Node>, host: Arc<AcquirerHost>, limits: Limits, acquirer_code: String) -> Arc<Self> {
        Arc::new(Self {
            node,
            host,
            in_flight: Arc::new(Semaphore::new(limits.in_flight_max)),
            limits,
            keys: keys::Cache::default(),
            heard: Mutex::default(),
            spare: spare::Spare::default(),
            mac_algorithm: Algorithm::UnionPayEcb,
            acquirer_code,
        })
    }

    /// Serves until `stop` turns true; then takes no more requests, answers those under way, and ends.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, mut stop: watch::Receiver<bool>) {
        let mut connections = JoinSet::new();
        let stopped = stop.clone();
        let contacts = tokio::spawn(keep_contacts(self.clone(), stop.clone()));
        loop {
            tokio::select! {
                biased;
                () = told(&mut stop) => break,
                Some(_) = connections.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) if connections.len() < self.limits.connections_max => {
                        connections.spawn(self.clone().admit(stream, peer, stopped.clone()));
                    }
                    Ok(_) => {
                        self.node.counters.limited.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(error) => {
                        // Out of descriptors, most likely: let others close some.
                        tracing::warn!(%error, "the gate cannot accept");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
            }
        }
        drop(listener);
        while connections.join_next().await.is_some() {}
        let _ = contacts.await;
    }

    /// Serves a connection, unless nobody has set the house up: then it is closed, and nothing is said.
    async fn admit(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, stop: watch::Receiver<bool>) {
        match self.node.is_set_up().await {
            Ok(true) => connection::run(self, stream, peer, stop).await,
            Ok(false) => tracing::warn!(%peer, "a terminal called before the house was set up"),
            Err(error) => tracing::error!(%error, "the gate cannot read the store"),
        }
    }

    /// Notes that a terminal of the estate was heard.
    fn heard(&self, terminal_id: TerminalId, peer: SocketAddr) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.insert(terminal_id, (node::now(), peer));
    }

    /// Writes what was refused without a row of its own.
    async fn write_counts(&self, all: bool) {
        for repeats in self.spare.take_counts(Instant::now(), all) {
            let row = repeats.clone();
            let written = self.node.write(move |tx| app::repeats::write(tx, &row)).await;
            match written {
                Ok(incident_id) => self.node.changed(incident_id),
                Err(error) => {
                    let error: store::Error = error;
                    tracing::warn!(%error, "counted attempts were not written");
                    self.spare.put_back(repeats, Instant::now());
                }
            }
        }
    }

    async fn write_contacts(&self) {
        let heard = std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner));
        if heard.is_empty() {
            return;
        }
        let heard = heard
            .into_iter()
            .map(|(terminal_id, (at, peer))| (terminal_id, (at, peer.to_string())))
            .collect();
        let written = self.node.write(move |tx| app::terminal::heard(tx, &heard)).await;
        if let Err(error) = written {
            let error: store::Error = error;
            tracing::warn!(%error, "contacts were not written");
        }
    }
}

/// Contacts are written now and then, not with each request: they decide nothing.
const CONTACTS_EVERY: Duration = Duration::from_secs(2);

async fn keep_contacts(gate: Arc<Gate>, mut stop: watch::Receiver<bool>) {
    loop {
        let stopping = tokio::time::timeout(CONTACTS_EVERY, stop.wait_for(|stop| *stop))
            .await
            .is_ok();
        gate.write_contacts().await;
        gate.write_counts(stopping).await;
        if stopping {
            return;
        }
    }
}

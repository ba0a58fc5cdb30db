//! One connection: a reader that starts a task per request, and a writer that sends what they answer.
//!
//! Invariant: what is read is bounded before it is kept; a connection that is too slow is dropped, not waited for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use iso8583::frame;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::timeout;

use super::Gate;
use node::{Pass, told};

/// An answer on its way out.
pub struct Out {
    /// The whole frame.
    pub frame: Vec<u8>,
    /// Held by approvals until their bytes are written or dropped.
    pub pass: Option<Pass>,
}

/// Answers written with one system call at most.
const OUT_BATCH_MAX: usize = 64;
/// How long requests under way may take after the peer or the node has stopped.
const FINISH_TIME_MAX: Duration = Duration::from_secs(45);

/// Serves a connection to its end.
pub async fn run(gate: Arc<Gate>, stream: TcpStream, peer: SocketAddr, stop: watch::Receiver<bool>) {
    let counters = &gate.node.counters;
    counters.connections.fetch_add(1, Ordering::Relaxed);
    let _ = stream.set_nodelay(true);
    let (reading, writing) = stream.into_split();
    let per_connection = gate.limits.in_flight_per_connection_max;
    let (answers, out) = mpsc::channel(per_connection);
    let writer = tokio::spawn(write(writing, out, gate.limits.write_time_max));
    let under_way = Arc::new(Semaphore::new(per_connection));
    let unwritable = answers.clone();
    let mut reader = Reader {
        gate: gate.clone(),
        peer,
        reading,
        answers,
        under_way: under_way.clone(),
    };
    tokio::select! {
        ended = reader.read(stop) => {
            if let Err(reason) = ended {
                tracing::debug!(%peer, reason, "a connection was closed");
            }
        }
        // The writer ends first only when it cannot write any more.
        () = unwritable.closed() => {}
    }
    drop((reader, unwritable));
    let all = u32::try_from(per_connection).unwrap_or(u32::MAX);
    let _ = timeout(FINISH_TIME_MAX, under_way.acquire_many(all)).await;
    let _ = timeout(gate.limits.write_time_max, writer).await;
    gate.node.counters.connections.fetch_sub(1, Ordering::Relaxed);
}

struct Reader {
    gate: Arc<Gate>,
    peer: SocketAddr,
    reading: OwnedReadHalf,
    answers: mpsc::Sender<Out>,
    under_way: Arc<Semaphore>,
}

impl Reader {
    async fn read(&mut self, mut stop: watch::Receiver<bool>) -> Result<(), &'static str> {
        let limits = &self.gate.limits;
        let (frame_bytes_max, frame_time, idle_time) = (
            limits.frame_bytes_max,
            limits.frame_time_max,
            limits.idle_time_max,
        );
        let mut buffer: Vec<u8> = Vec::with_capacity(frame_bytes_max * 2);
        loop {
            let mut consumed = 0;
            while let Some((len, body)) = self.next_frame(&buffer[consumed..], frame_bytes_max)? {
                self.start(body.to_vec()).await?;
                consumed += len;
            }
            buffer.drain(..consumed);
            let wait = if buffer.is_empty() { idle_time } else { frame_time };
            let read = tokio::select! {
                biased;
                () = told(&mut stop) => return Ok(()),
                read = timeout(wait, self.reading.read_buf(&mut buffer)) => read,
            };
            match read {
                Ok(Ok(0)) => return Ok(()),
                Ok(Ok(_)) => {}
                Ok(Err(_)) => return Err("it was reset"),
                Err(_) if buffer.is_empty() => return Err("it was idle"),
                Err(_) => return Err("it did not finish a frame"),
            }
        }
    }

    fn next_frame<'b>(
        &self,
        buffer: &'b [u8],
        max: usize,
    ) -> Result<Option<(usize, &'b [u8])>, &'static str> {
        frame::split(buffer, max).map_err(|_| {
            self.gate.node.counters.malformed.fetch_add(1, Ordering::Relaxed);
            "its frame is out of bounds"
        })
    }

    /// Starts the task of one request, once there is room for it.
    async fn start(&self, body: Vec<u8>) -> Result<(), &'static str> {
        let here = self
            .under_way
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| "it is over")?;
        let everywhere = self
            .gate
            .in_flight
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| "it is over")?;
        let (gate, peer, answers) = (self.gate.clone(), self.peer, self.answers.clone());
        tokio::spawn(async move {
            let counters = &gate.node.counters;
            counters.frames.fetch_add(1, Ordering::Relaxed);
            counters.in_flight.fetch_add(1, Ordering::Relaxed);
            if let Some(out) = gate.handle(&body, peer).await {
                // A closed connection drops the answer, and with it the pass.
                let _ = answers.send(out).await;
            }
            gate.node.counters.in_flight.fetch_sub(1, Ordering::Relaxed);
            drop((here, everywhere));
        });
        Ok(())
    }
}

async fn write(mut writing: OwnedWriteHalf, mut out: mpsc::Receiver<Out>, write_time_max: Duration) {
    let mut batch = Vec::with_capacity(OUT_BATCH_MAX);
    let mut bytes = Vec::new();
    while out.recv_many(&mut batch, OUT_BATCH_MAX).await > 0 {
        bytes.clear();
        for answer in &batch {
            if answer.pass.as_ref().is_some_and(|pass| !pass.begin_write()) {
                // A report of this terminal was acknowledged without waiting any longer: nothing more may be sent.
                return;
            }
            bytes.extend_from_slice(&answer.frame);
        }
        let written = timeout(write_time_max, writing.write_all(&bytes)).await;
        // Only now do the passes go back: the bytes are in the socket, or the connection is gone.
        if !matches!(written, Ok(Ok(()))) {
            drop(writing);
            return;
        }
        batch.clear();
    }
    let _ = writing.shutdown().await;
}

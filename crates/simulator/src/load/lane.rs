//! One connection of a load.
//!
//! Invariant: at most `depth` requests are in flight; a request whose connection is lost stays in the log, unanswered.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use iso8583::frame;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::template::Template;
use super::{LaneLog, Record, Seat, Shared};

const FRAME_BYTES_MAX: usize = 4_096;
const READ_BYTES: usize = 16 * 1024;
/// Connections that may fail in a row, without an answer between them, before a lane gives up.
const RECONNECTS_MAX: u32 = 50;
const RECONNECT_PAUSE: Duration = Duration::from_millis(50);
/// How often a waiting lane looks whether it must stop and whether answers are overdue.
const TICK: Duration = Duration::from_millis(50);
const TRACE_MAX: u32 = 999_999;

pub(super) struct Lane {
    shared: Arc<Shared>,
    template: Template,
    next_trace: Arc<AtomicU32>,
    log: LaneLog,
    in_flight: Vec<InFlight>,
    input: Vec<u8>,
    out: Vec<u8>,
    /// With a fixed rate: when the next request is due, and the time between two, in microseconds.
    due_us: f64,
    step_us: Option<f64>,
    /// Rings when it is.
    bell: Arc<Notify>,
    exhausted: bool,
}

#[derive(Debug, Clone, Copy)]
struct InFlight {
    trace: u32,
    due_us: u64,
    /// Index into the log.
    record: usize,
}

impl Lane {
    pub fn new(
        shared: Arc<Shared>,
        index: usize,
        template: Template,
        seat: &Seat,
        bell: Arc<Notify>,
    ) -> Lane {
        let config = &shared.config;
        let step_us = config
            .per_second
            .map(|rate| 1e6 * config.lanes.len() as f64 / rate.max(0.001));
        Lane {
            template,
            next_trace: seat.next_trace.clone(),
            log: LaneLog {
                terminal_id: config.lanes[index].terminal_id.clone(),
                batch: seat.session.batch,
                records: Vec::new(),
                disconnects: 0,
                stray_answers: 0,
            },
            in_flight: Vec::with_capacity(config.depth),
            input: Vec::with_capacity(READ_BYTES),
            out: Vec::with_capacity(READ_BYTES),
            // Lanes take turns within one step.
            due_us: step_us.unwrap_or(0.0) * index as f64 / config.lanes.len() as f64,
            step_us,
            bell,
            exhausted: false,
            shared,
        }
    }

    pub async fn run(mut self) -> LaneLog {
        let mut failures = 0;
        while failures < RECONNECTS_MAX && !self.shared.is_over() && !self.exhausted {
            let before = self.log.records.len();
            match self.converse().await {
                Ok(()) => break,
                Err(error) => {
                    let terminal_id = self.log.terminal_id.as_str();
                    tracing::debug!(terminal_id, %error, "a lane lost its connection");
                }
            }
            self.log.disconnects += 1;
            self.in_flight.clear();
            self.input.clear();
            self.out.clear();
            let answered = self.log.records[before..]
                .iter()
                .any(|record| record.received_at_us.is_some());
            failures = if answered { 0 } else { failures + 1 };
            sleep(RECONNECT_PAUSE).await;
        }
        self.log
    }

    /// Sends and reads until there is nothing more to send and nothing in flight.
    async fn converse(&mut self) -> io::Result<()> {
        let mut stream = TcpStream::connect(self.shared.config.gate).await?;
        stream.set_nodelay(true)?;
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let sending = !self.exhausted && !self.shared.is_over();
            if sending {
                self.fill();
                stream.write_all(&self.out).await?;
                self.out.clear();
            } else if self.in_flight.is_empty() {
                return Ok(());
            }
            let room = sending && self.in_flight.len() < self.shared.config.depth;
            self.input.reserve(READ_BYTES);
            tokio::select! {
                read = stream.read_buf(&mut self.input) => {
                    if read? == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    self.take()?;
                }
                () = self.bell.notified(), if room => {}
                _ = tick.tick() => self.expire(),
            }
        }
    }

    /// Writes every request that may be sent now to `out`.
    fn fill(&mut self) {
        let now_us = self.shared.now_us();
        while self.in_flight.len() < self.shared.config.depth {
            let due_us = match self.step_us {
                Some(_) if self.due_us > now_us as f64 => return,
                Some(_) => self.due_us as u64,
                None => now_us,
            };
            if self.log.records.len() >= self.shared.config.requests_max {
                self.exhausted = true;
                return;
            }
            let trace = self.next_trace.fetch_add(1, Ordering::Relaxed);
            if trace > TRACE_MAX {
                self.next_trace.store(TRACE_MAX + 1, Ordering::Relaxed);
                self.exhausted = true;
                return;
            }
            self.due_us += self.step_us.unwrap_or(0.0);
            self.out.extend_from_slice(self.template.stamp(trace));
            self.in_flight.push(InFlight {
                trace,
                due_us,
                record: self.log.records.len(),
            });
            self.log.records.push(Record {
                trace,
                sent_at_us: now_us,
                received_at_us: None,
                response_code: *b"--",
            });
        }
    }

    /// Takes every whole answer out of `input`.
    fn take(&mut self) -> io::Result<()> {
        let now_us = self.shared.now_us();
        let mut consumed = 0;
        let mut latency_us = self
            .shared
            .latency_us
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while let Some((bytes, answer)) = frame::split(&self.input[consumed..], FRAME_BYTES_MAX)
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?
        {
            consumed += bytes;
            let known = self.template.read(answer).ok().and_then(|(trace, code)| {
                let index = self.in_flight.iter().position(|request| request.trace == trace)?;
                Some((self.in_flight.swap_remove(index), code))
            });
            let Some((request, code)) = known else {
                self.log.stray_answers += 1;
                continue;
            };
            let record = &mut self.log.records[request.record];
            (record.received_at_us, record.response_code) = (Some(now_us), code);
            self.exhausted |= self.shared.config.until_refused && !record.is_approved();
            latency_us.saturating_record(now_us.saturating_sub(request.due_us).max(1));
        }
        drop(latency_us);
        self.input.drain(..consumed);
        Ok(())
    }

    /// Gives up on answers that are overdue.
    fn expire(&mut self) {
        let timeout_us = self.shared.config.answer_timeout.as_micros() as u64;
        let now_us = self.shared.now_us();
        let records = &self.log.records;
        self.in_flight
            .retain(|request| now_us < records[request.record].sent_at_us.saturating_add(timeout_us));
    }
}

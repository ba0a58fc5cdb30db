//! One connection: requests in, answers out, late ones in the order of their delays.
//!
//! All answers to what one read brought leave in one write; no task is started per request.
//! Invariant: at most [`PENDING_MAX`] answers wait; while so many do, nothing more is read.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::time::Duration;

use iso8583::frame;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::answer::Responder;
use super::{FaultControl, Faults, Shared};
use crate::calendar;
use crate::chance::Chance;

/// The longest frame that is read, without its length.
const FRAME_BYTES_MAX: usize = 4_096;
const READ_BYTES: usize = 64 * 1024;
const PENDING_MAX: usize = 16_384;

/// An answer held back: when it is due, its place among equals, its frame.
type Pending = Reverse<(Instant, u64, Vec<u8>)>;

/// Serves until the peer closes, sends what cannot be answered, or a fault ends it.
pub(super) async fn run(
    mut stream: TcpStream,
    number: u32,
    shared: &Shared,
    faults: &FaultControl,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut exchange = Exchange {
        responder: Responder::new(shared, number),
        shared,
        taken: 0,
        chance: Chance::new(u64::from(number), 0),
        pending: BinaryHeap::new(),
        out: Vec::with_capacity(READ_BYTES),
    };
    let mut input = Vec::with_capacity(READ_BYTES);
    loop {
        if !exchange.out.is_empty() {
            stream.write_all(&exchange.out).await?;
            exchange.out.clear();
        }
        let due = exchange.pending.peek().map(|Reverse((due, ..))| *due);
        let room = exchange.pending.len() < PENDING_MAX;
        input.reserve(READ_BYTES);
        tokio::select! {
            read = stream.read_buf(&mut input), if room => {
                if read? == 0 {
                    return Ok(());
                }
                let consumed = exchange.take(&input, faults.get());
                stream.write_all(&exchange.out).await?;
                exchange.out.clear();
                match consumed {
                    Some(consumed) => input.drain(..consumed),
                    None => return Ok(()),
                };
            }
            () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                exchange.release(Instant::now());
            }
        }
    }
}

struct Exchange<'a> {
    responder: Responder<'a>,
    shared: &'a Shared,
    taken: u32,
    chance: Chance,
    pending: BinaryHeap<Pending>,
    out: Vec<u8>,
}

impl Exchange<'_> {
    /// Answers every whole frame of `input` and says how many bytes they took; `None` when the connection must end.
    fn take(&mut self, input: &[u8], faults: Faults) -> Option<usize> {
        let now_ms = calendar::now_ms();
        let mut consumed = 0;
        loop {
            let Ok(next) = frame::split(&input[consumed..], FRAME_BYTES_MAX) else {
                self.shared.books().journal.count(|stats| stats.malformed += 1);
                return None;
            };
            let Some((bytes, frame)) = next else {
                return Some(consumed);
            };
            consumed += bytes;
            let start = self.out.len();
            self.responder.says = faults.says;
            self.responder.answer(frame, now_ms, &mut self.out).ok()?;
            self.taken = self.taken.saturating_add(1);
            if faults.disconnect_after.is_some_and(|after| self.taken >= after) {
                self.out.truncate(start);
                return None;
            }
            if faults != Faults::default() {
                self.spoil(start, faults);
            }
        }
    }

    /// Applies the faults to the answer that begins at `start` of `out`.
    fn spoil(&mut self, start: usize, faults: Faults) {
        let mut answer = self.out.split_off(start);
        if faults.silent {
            return;
        }
        if faults.wrong_mac
            && let Some(last) = answer.last_mut()
        {
            *last ^= 1;
        }
        for _ in 0..if faults.twice { 2 } else { 1 } {
            if faults.delay_ms_max == 0 {
                self.out.extend_from_slice(&answer);
                continue;
            }
            let delay_ms = self
                .chance
                .between(faults.delay_ms_min.into(), faults.delay_ms_max.into());
            let due = Instant::now() + Duration::from_millis(delay_ms);
            self.pending
                .push(Reverse((due, u64::from(self.taken), answer.clone())));
        }
    }

    /// Moves the answers that are due to `out`.
    fn release(&mut self, now: Instant) {
        while let Some(Reverse((due, ..))) = self.pending.peek()
            && *due <= now
        {
            if let Some(Reverse((_, _, answer))) = self.pending.pop() {
                self.out.extend_from_slice(&answer);
            }
        }
    }
}

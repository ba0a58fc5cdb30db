//! What the host was asked, in order, for checkers.
//!
//! Invariant: an entry is never changed, and no entry holds card data.

use std::time::Instant;

use crate::kind::Kind;

/// Requests kept; later ones are counted only, in [`Stats::journal_dropped`].
pub const JOURNAL_MAX: usize = 1_000_000;

/// One decided request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// When it was decided, in microseconds since the host started.
    pub at_us: u64,
    /// Which connection it came by, counted from 1.
    pub connection: u32,
    /// Message type, BCD as hex.
    pub mti: u16,
    /// The transaction; for a reversal, that of its original.
    pub kind: Option<Kind>,
    /// Field 41.
    pub terminal_id: [u8; 8],
    /// Field 60.2.
    pub batch: u32,
    /// Field 11.
    pub trace: u32,
    /// Field 4, in fen; 0 when absent.
    pub amount_minor: u64,
    /// Field 39 of the answer.
    pub response_code: [u8; 2],
}

/// What the host has counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Connections taken so far.
    pub connections: u64,
    /// Requests decided, of every type.
    pub requests: u64,
    /// Answered 00, reversals and echoes included.
    pub approved: u64,
    /// Reversals (0400) among the requests.
    pub reversals: u64,
    /// Requests whose MAC was missing or wrong (A0).
    pub mac_failures: u64,
    /// Messages and frames that could not be read.
    pub malformed: u64,
    /// Requests that the full journal did not keep.
    pub journal_dropped: u64,
}

/// The journal and its counts.
#[derive(Debug)]
pub struct Journal {
    started: Instant,
    entries: Vec<Entry>,
    stats: Stats,
}

impl Default for Journal {
    fn default() -> Self {
        Journal {
            started: Instant::now(),
            entries: Vec::new(),
            stats: Stats::default(),
        }
    }
}

impl Journal {
    /// The counts.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// What is kept, in order of arrival.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn count(&mut self, change: impl FnOnce(&mut Stats)) {
        change(&mut self.stats);
    }

    /// Appends one entry; its time is set here.
    pub(super) fn append(&mut self, entry: Entry) {
        self.stats.requests += 1;
        self.stats.approved += u64::from(&entry.response_code == b"00");
        self.stats.reversals += u64::from(entry.mti == 0x0400);
        self.stats.mac_failures += u64::from(&entry.response_code == b"A0");
        if self.entries.len() == JOURNAL_MAX {
            self.stats.journal_dropped += 1;
            return;
        }
        let at_us = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.entries.push(Entry { at_us, ..entry });
    }
}

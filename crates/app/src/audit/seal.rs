//! Making leaves: of events that wait, and of runs of the ledgers.
//!
//! Invariant: one go is bounded, and all of it is one transaction of whoever holds the log.

use domain::TerminalId;
use domain::audit::{Checkpoint, Leaf};
use store::audit::{self, Log, Unsealed};
use store::{Error as StoreError, Tx};
use tlog::{Edge, Signer};

use super::record::{Run, of_event, salt};
use super::{Done, Error};

/// Events that become leaves in one go.
const EVENTS_MAX: i64 = 500;
/// How long an event waits at most while there are few.
pub const EVENTS_EVERY_MS: i64 = 5_000;
/// Terminals whose ledgers are looked at in one go.
const TERMINALS_MAX: i64 = 200;
/// Rows of one leaf at most.
const RUN_ROWS_MAX: i64 = 500;
/// Rows that are digested in one go at most.
const ROWS_MAX: i64 = 2_000;
/// How long after all ledgers were looked at it begins anew.
const LEDGER_EVERY_MS: i64 = 5 * 60_000;

/// The log while leaves are added to it.
pub struct Sealed<'t, 'c> {
    tx: &'t Tx<'c>,
    log: Log,
    edge: Edge,
    added: usize,
}

impl<'t, 'c> Sealed<'t, 'c> {
    /// Takes hold of the log; `None` when there is none yet.
    pub fn hold(tx: &'t Tx<'c>) -> Result<Option<Self>, StoreError> {
        let Some(log) = audit::lock(tx)? else {
            return Ok(None);
        };
        let size = u64::try_from(log.size).map_err(|_| StoreError::Corrupt("audit_log.size"))?;
        let edge = Edge::from_bytes(size, &log.edge).map_err(|_| StoreError::Corrupt("audit_log.edge"))?;
        let added = 0;
        Ok(Some(Self { tx, log, edge, added }))
    }

    /// The index of the next leaf.
    pub fn next(&self) -> i64 {
        self.log.size
    }

    /// Adds a leaf, which has that index, and what it completes of the tree.
    pub fn add(&mut self, leaf: &Leaf) -> Result<(), StoreError> {
        audit::add_leaf(self.tx, leaf)?;
        let mut perfect = Vec::new();
        self.edge.push(tlog::leaf_hash(&leaf.data), |node, hash| {
            perfect.push((node, hash))
        });
        for (node, hash) in perfect {
            let position = i64::try_from(node.position).map_err(|_| StoreError::Corrupt("audit_log.size"))?;
            audit::add_node(self.tx, node.level, position, &hash)?;
        }
        self.log.size += 1;
        self.added += 1;
        Ok(())
    }

    /// Writes the edge, and signs what the log is now when it has grown. Answers by how many leaves.
    pub fn finish(mut self, signer: &Signer) -> Result<usize, StoreError> {
        if self.added > 0 {
            if self.log.public_key != signer.key().public_key() {
                return Err(StoreError::Corrupt("the log has another key"));
            }
            self.log.edge = self.edge.to_bytes();
            let checkpoint = Checkpoint {
                size: self.log.size,
                at: self.tx.now(),
                note: tlog::Checkpoint::sign(signer, self.edge.size(), &self.edge.root()),
            };
            audit::add_checkpoint(self.tx, &checkpoint)?;
        }
        audit::update(self.tx, &self.log)?;
        Ok(self.added)
    }
}

/// Makes leaves of events that wait. Answers when to do it again.
pub fn events(tx: &Tx<'_>, signer: &Signer, random: &[u8; 32]) -> Result<(Done, i64), Error> {
    let Some(mut log) = Sealed::hold(tx)? else {
        return Ok((Done::default(), EVENTS_EVERY_MS));
    };
    waiting(tx, &mut log, random)?;
    let leaves = log.finish(signer)?;
    let wait_ms = if leaves as i64 >= EVENTS_MAX {
        0
    } else {
        EVENTS_EVERY_MS
    };
    let findings = Vec::new();
    Ok((Done { leaves, findings }, wait_ms))
}

/// Makes leaves of the next events that wait; answers whether there may be more.
fn waiting(tx: &Tx<'_>, log: &mut Sealed<'_, '_>, random: &[u8; 32]) -> Result<bool, StoreError> {
    let waiting = audit::pending(tx, EVENTS_MAX)?;
    for event in &waiting {
        let leaf = of_event(event, log.next(), random);
        log.add(&leaf)?;
    }
    if !waiting.is_empty() {
        audit::sealed(tx, EVENTS_MAX)?;
    }
    Ok(waiting.len() as i64 == EVENTS_MAX)
}

/// Makes leaves at once of the next events that wait, and of what one terminal's ledger has that is in none: for whoever is to have
/// proof of it now. Answers whether that was all.
pub fn now(
    tx: &Tx<'_>,
    (signer, random): (&Signer, &[u8; 32]),
    terminal_id: TerminalId,
) -> Result<bool, StoreError> {
    let Some(mut log) = Sealed::hold(tx)? else {
        return Ok(false);
    };
    let has_more = waiting(tx, &mut log, random)?;
    let ledger = audit::ledger(tx, terminal_id)?;
    let is_whole = seal_ledger(tx, &mut log, &ledger, random, &mut { ROWS_MAX })?;
    log.finish(signer)?;
    Ok(is_whole && !has_more)
}

/// Makes leaves of what the next ledgers have that is in none. Answers when to go on.
pub fn ledgers(tx: &Tx<'_>, signer: &Signer, random: &[u8; 32]) -> Result<(Done, i64), Error> {
    let Some(mut log) = Sealed::hold(tx)? else {
        return Ok((Done::default(), EVENTS_EVERY_MS));
    };
    let ledgers = audit::ledgers(tx, &log.log.ledger_after, TERMINALS_MAX)?;
    let is_end = (ledgers.len() as i64) < TERMINALS_MAX;
    let mut left = ROWS_MAX;
    let mut stopped = false;
    for ledger in &ledgers {
        if !seal_ledger(tx, &mut log, ledger, random, &mut left)? {
            stopped = true;
            break;
        }
        log.log.ledger_after = ledger.terminal_id.to_string();
    }
    let wait_ms = match (stopped, is_end) {
        (false, true) => {
            log.log.ledger_after.clear();
            LEDGER_EVERY_MS
        }
        _ => 0,
    };
    let leaves = log.finish(signer)?;
    let findings = Vec::new();
    Ok((Done { leaves, findings }, wait_ms))
}

/// Makes leaves of one ledger's rows that are in none; false when there are more than may be digested in one go.
fn seal_ledger(
    tx: &Tx<'_>,
    log: &mut Sealed<'_, '_>,
    ledger: &Unsealed,
    random: &[u8; 32],
    left: &mut i64,
) -> Result<bool, StoreError> {
    let mut sealed_to = ledger.sealed_to;
    while sealed_to < ledger.last {
        if *left <= 0 {
            return Ok(false);
        }
        let index = log.next();
        let mut run = Run::new(ledger.terminal_id, &salt(random, index, 0));
        let rows = store::ledger::after(tx, ledger.terminal_id, sealed_to, ledger.last, RUN_ROWS_MAX)?;
        rows.iter().for_each(|row| run.add(row));
        let Some(leaf) = run.finish(index, tx.now()) else {
            break;
        };
        log.add(&leaf)?;
        sealed_to = leaf.sequence;
        *left -= rows.len() as i64;
        audit::seal_ledger(tx, ledger.terminal_id, sealed_to)?;
    }
    Ok(true)
}

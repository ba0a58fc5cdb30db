//! Comparing the log with what it is of: each leaf made again, each event looked for, each node hashed again.
//!
//! Invariant: nothing is believed that can be made again.

use domain::audit::{Checkpoint, Finding, LEDGER, PENDING_MS_MAX, Record, Wrong};
use domain::{TerminalId, Timestamp, hex};
use sha2::{Digest, Sha256};
use store::audit::{self, EventKey};
use store::{Error as StoreError, Tx};
use tlog::{Edge, Hash, Key, Node};

use super::record::{Run, leaf_of};
use super::{Done, Error, prove};

/// Leaves, and events, that are compared in one go.
const ROWS_MAX: i64 = 500;
/// Rows of a run are read so many at a time.
const LEDGER_ROWS_MAX: i64 = 500;
/// How long between two goes.
const GO_EVERY_MS: i64 = 10_000;
/// How long after all was looked through it begins anew.
const BEGIN_EVERY_MS: i64 = 10 * 60_000;
/// Findings that one walk tells at most.
pub const FINDINGS_MAX: usize = 100;

/// One go of the check that never ends: the next leaves and the next events. Answers when to go on.
pub(super) fn run(tx: &Tx<'_>) -> Result<(Done, i64), Error> {
    let Some(mut log) = audit::lock(tx)? else {
        return Ok((Done::default(), GO_EVERY_MS));
    };
    let records = audit::records(tx, log.check.leaf, ROWS_MAX)?;
    let mut findings = leaves(tx, log.check.leaf, log.size, &records)?;
    log.check.leaf = match records.last() {
        Some(last) if (records.len() as i64) == ROWS_MAX => last.leaf.index + 1,
        _ => 0,
    };
    findings.extend(events(tx, &mut log.check.event)?);
    audit::update(tx, &log)?;
    let mut new = Vec::new();
    for finding in findings {
        if audit::find(tx, &finding)? {
            new.push(finding);
        }
    }
    let done = Done {
        leaves: 0,
        findings: new,
    };
    match log.check.leaf {
        0 => Ok((done, BEGIN_EVERY_MS)),
        _ => Ok((done, GO_EVERY_MS)),
    }
}

/// Compares leaves from an index on, without gaps, with what they are of and with the tree.
fn leaves(tx: &Tx<'_>, from: i64, size: i64, records: &[Record]) -> Result<Vec<Finding>, StoreError> {
    let mut findings = Vec::new();
    let nodes = audit::nodes(tx, 0, from, ROWS_MAX)?;
    let mut nodes = nodes.into_iter().peekable();
    let mut next = from;
    for record in records {
        while next < record.leaf.index {
            findings.push(missing(tx.now(), next));
            next += 1;
        }
        next += 1;
        while nodes
            .next_if(|(position, _)| *position < record.leaf.index)
            .is_some()
        {}
        let node = nodes.next_if(|(position, _)| *position == record.leaf.index);
        let hash = node.map(|(_, hash)| hash).unwrap_or_default();
        if hash != tlog::leaf_hash(&record.leaf.data) {
            findings.push(of(tx.now(), (Wrong::NodeDiffers, hash), record));
        }
        findings.extend(compare(tx, record)?.map(|wrong| of(tx.now(), wrong, record)));
    }
    let is_end = (records.len() as i64) < ROWS_MAX;
    if is_end && next < size {
        findings.push(missing(tx.now(), next));
    }
    Ok(findings)
}

/// What is wrong with a leaf, compared with what it is of.
pub fn check(tx: &Tx<'_>, record: &Record) -> Result<Option<Wrong>, StoreError> {
    Ok(compare(tx, record)?.map(|(what, _)| what))
}

/// What is wrong, and what stands where something else should.
type Differs = (Wrong, Vec<u8>);

fn compare(tx: &Tx<'_>, record: &Record) -> Result<Option<Differs>, StoreError> {
    if record.leaf.subject == LEDGER {
        return compare_run(tx, record);
    }
    Ok(match leaf_of(record) {
        None => Some((Wrong::RecordMissing, Vec::new())),
        Some(data) if data != record.leaf.data => Some((Wrong::LeafDiffers, data)),
        Some(_) => None,
    })
}

fn compare_run(tx: &Tx<'_>, record: &Record) -> Result<Option<Differs>, StoreError> {
    let leaf = &record.leaf;
    let Some((terminal_id, from)) = TerminalId::parse(leaf.subject_id.as_bytes()).zip(leaf.from_sequence)
    else {
        return Ok(Some((Wrong::LeafDiffers, Vec::new())));
    };
    // What came in between this run and the one before belongs to it.
    let mut after = audit::leaf_before(tx, leaf)?.unwrap_or_default();
    let mut run = Run::new(terminal_id, &leaf.salt);
    loop {
        let rows = store::ledger::after(tx, terminal_id, after, leaf.sequence, LEDGER_ROWS_MAX)?;
        rows.iter().for_each(|row| run.add(row));
        match rows.last() {
            Some(last) if (rows.len() as i64) == LEDGER_ROWS_MAX => after = last.sequence,
            _ => break,
        }
    }
    let is_same = |made: &domain::audit::Leaf| made.data == leaf.data && made.from_sequence == Some(from);
    Ok(match run.finish(leaf.index, leaf.at) {
        None => Some((Wrong::RecordMissing, Vec::new())),
        Some(made) if !is_same(&made) => Some((Wrong::LeafDiffers, made.data)),
        Some(_) => None,
    })
}

/// Looks for the next events in the log, and for gaps among them; goes on after the last, and begins anew at the end.
fn events(tx: &Tx<'_>, after: &mut EventKey) -> Result<Vec<Finding>, StoreError> {
    let events = audit::events_found(tx, after, ROWS_MAX)?;
    let mut findings = Vec::new();
    let mut before = std::mem::take(after);
    for event in &events {
        let is_next = match (
            event.key.subject == before.subject,
            event.key.subject_id == before.subject_id,
        ) {
            (true, true) => event.key.sequence == before.sequence + 1,
            _ => event.key.sequence == 1,
        };
        if !is_next {
            findings.push(named(tx.now(), Wrong::Gap, &event.key));
        }
        if !event.is_known {
            findings.push(named(tx.now(), Wrong::Unsealed, &event.key));
        }
        before = event.key.clone();
    }
    if (events.len() as i64) == ROWS_MAX {
        *after = before;
    }
    Ok(findings)
}

fn of(found_at: Timestamp, (what, stands): Differs, record: &Record) -> Finding {
    let leaf = &record.leaf;
    Finding {
        what,
        stands_sha256: match stands.is_empty() {
            true => String::new(),
            false => hex::of(&Sha256::digest(stands)),
        },
        subject: leaf.subject.clone(),
        subject_id: leaf.subject_id.clone(),
        sequence: leaf.sequence,
        found_at,
        acknowledged: None,
    }
}

fn named(found_at: Timestamp, what: Wrong, key: &EventKey) -> Finding {
    Finding {
        what,
        stands_sha256: String::new(),
        subject: key.subject.clone(),
        subject_id: key.subject_id.clone(),
        sequence: key.sequence,
        found_at,
        acknowledged: None,
    }
}

/// Leaf of that index is not there.
fn missing(found_at: Timestamp, index: i64) -> Finding {
    Finding {
        what: Wrong::LeafMissing,
        stands_sha256: String::new(),
        subject: "leaf".to_owned(),
        subject_id: String::new(),
        sequence: index,
        found_at,
        acknowledged: None,
    }
}

/// A walk over all of the log, part by part: every leaf made again, every node hashed again, every checkpoint verified.
/// What it keeps in memory does not grow with the log.
pub struct Walk {
    key: Key,
    edge: Edge,
    event: Option<EventKey>,
    signed: i64,
    /// What was found, the first [`FINDINGS_MAX`] of it.
    pub findings: Vec<String>,
}

impl Walk {
    /// Begins; the key is the one that whoever verifies trusts.
    pub fn new(key: Key) -> Self {
        Self {
            key,
            edge: Edge::default(),
            event: Some(EventKey::default()),
            signed: 0,
            findings: Vec::new(),
        }
    }

    /// How many leaves were walked over.
    pub fn leaves(&self) -> u64 {
        self.edge.size()
    }

    fn find(&mut self, what: impl std::fmt::Display) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(what.to_string());
        }
    }

    /// Does the next part, in one snapshot; false when it has come to the end.
    pub fn go_on(&mut self, tx: &Tx<'_>) -> Result<bool, Error> {
        let from = self.edge.size() as i64;
        let records = audit::records(tx, from, ROWS_MAX)?;
        if records.is_empty() {
            return self.look_for_events(tx);
        }
        let size = records.last().map_or(from, |last| last.leaf.index + 1);
        for finding in leaves(tx, from, size, &records)? {
            self.find(finding);
        }
        let mut checkpoints = audit::checkpoints(tx, from, ROWS_MAX)?.into_iter().peekable();
        for record in &records {
            let mut perfect = Vec::new();
            let leaf = tlog::leaf_hash(&record.leaf.data);
            self.edge.push(leaf, |node, hash| perfect.push((node, hash)));
            // The leaf's own node was compared above.
            for (node, hash) in perfect.into_iter().skip(1) {
                self.compare(tx, node, hash)?;
            }
            let size = self.edge.size() as i64;
            if let Some(checkpoint) = checkpoints.next_if(|checkpoint| checkpoint.size == size) {
                self.verify(&checkpoint);
            }
        }
        Ok(true)
    }

    fn compare(&mut self, tx: &Tx<'_>, node: Node, hash: Hash) -> Result<(), Error> {
        match prove::read(tx, node) {
            Ok(stored) if stored == hash => {}
            Ok(_) | Err(Error::Store(StoreError::Corrupt(_))) => {
                self.find(format_args!(
                    "node_differs: level {} position {}",
                    node.level, node.position
                ));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Verifies the checkpoint of this size.
    fn verify(&mut self, checkpoint: &Checkpoint) {
        let size = checkpoint.size;
        self.signed = size;
        match tlog::Checkpoint::verify(&self.key, &checkpoint.note) {
            Ok(said) if said.size == self.edge.size() && said.root == self.edge.root() => {}
            Ok(_) => self.find(format_args!("checkpoint_differs: size {size}")),
            Err(error) => self.find(format_args!("checkpoint: size {size}: {error}")),
        }
    }

    fn look_for_events(&mut self, tx: &Tx<'_>) -> Result<bool, Error> {
        let Some(mut after) = self.event.take() else {
            return self.end(tx);
        };
        for finding in events(tx, &mut after)? {
            self.find(finding);
        }
        self.event = (after != EventKey::default()).then_some(after);
        Ok(true)
    }

    /// What can only be said of the whole; true when the log has grown meanwhile.
    fn end(&mut self, tx: &Tx<'_>) -> Result<bool, Error> {
        let size = self.edge.size() as i64;
        if let Some(log) = audit::log(tx)? {
            if log.size > size && audit::record(tx, size)?.is_some() {
                self.event = Some(EventKey::default());
                return Ok(true);
            }
            if log.size != size || log.edge != self.edge.to_bytes() {
                self.find("the log's edge is not that of its leaves");
            }
            if log.public_key != self.key.public_key() || log.origin != self.key.name() {
                self.find("the log has another key");
            }
        }
        if self.signed != size {
            self.find(format_args!(
                "{} leaves are under no checkpoint",
                size - self.signed
            ));
        }
        if !audit::checkpoints(tx, size, 1)?.is_empty() {
            self.find("a checkpoint is over more leaves than there are");
        }
        let (_, oldest) = audit::waiting(tx)?;
        if oldest.is_some_and(|at| tx.now().since_ms(at) > PENDING_MS_MAX) {
            self.find("an event waits to become a leaf for too long");
        }
        Ok(false)
    }
}

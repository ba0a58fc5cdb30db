//! The audit log: its leaves, the nodes of its tree, its checkpoints, and what is not a leaf yet.
//!
//! Invariant: leaves, nodes and checkpoints are only added, by whoever holds the row of the log.

use domain::audit::{Acknowledged, Anchor, Checkpoint, Finding, HOUSE, LEDGER, Leaf, Place, Record, Wrong};
use domain::event::{Event, Subject};
use domain::{TerminalId, Timestamp};

use crate::row::{self, Columns, Reader, columns, select, table};
use crate::sql::{Value, sql, values};
use crate::{Error, Tx};

crate::row::words!(Place, Wrong);
table!(Leaf: "audit_leaf", 1 {
    index = "leaf_index", subject, subject_id, sequence, from_sequence, at = "at_ms", salt, text_salt, data
});
columns!(Acknowledged { at = "acknowledged_at_ms", by = "acknowledged_by" });
table!(Finding: "audit_finding", 4 {
    what, subject, subject_id, sequence, found_at = "found_at_ms", stands_sha256, acknowledged: Option<Acknowledged>
});
table!(Checkpoint: "audit_checkpoint", 1 { size, at = "at_ms", note });

table!(Anchor: "audit_anchor", 2 { size, place, at = "at_ms", token });

/// The log itself.
#[derive(Clone, Debug)]
pub struct Log {
    audit_log_id: String,
    /// The name of its key.
    pub origin: String,
    /// What verifies its checkpoints: Ed25519, 32 bytes.
    pub public_key: Vec<u8>,
    /// What signs them; sealed by the edge.
    pub seed_sealed: Vec<u8>,
    /// How many leaves it has.
    pub size: i64,
    /// The right edge of the tree.
    pub edge: Vec<u8>,
    /// The last terminal whose ledger was looked at; empty before the first.
    pub ledger_after: String,
    /// How far it was compared with what it is of.
    pub check: Check,
}

/// How far the log was compared with what it is of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Check {
    /// The next leaf.
    pub leaf: i64,
    /// The last event.
    pub event: EventKey,
}

/// What names an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventKey {
    /// Its subject.
    pub subject: String,
    /// Which one.
    pub subject_id: String,
    /// Its place among those of its subject.
    pub sequence: i64,
}

columns!(EventKey { subject = "check_subject", subject_id = "check_subject_id", sequence = "check_sequence" });
columns!(Check { leaf = "check_leaf", event: EventKey });
table!(Log: "audit_log", 1 {
    audit_log_id, origin, public_key, seed_sealed, size, edge, ledger_after, check: Check
});

/// The log, when there is one yet.
pub fn log(tx: &Tx<'_>) -> Result<Option<Log>, Error> {
    row::by_id(tx, HOUSE)
}

/// The same, held until the end of the transaction.
pub fn lock(tx: &Tx<'_>) -> Result<Option<Log>, Error> {
    if let Some(log) = log(tx)? {
        row::lock(tx, &log)?;
    }
    log(tx)
}

/// Begins the log with a key; false when another has begun it.
pub fn begin(tx: &Tx<'_>, origin: &str, public_key: &[u8], seed_sealed: &[u8]) -> Result<bool, Error> {
    let sql = sql!(
        "INSERT INTO audit_log (audit_log_id, origin, public_key, seed_sealed, size, edge, ledger_after,
           check_leaf, check_subject, check_subject_id, check_sequence)
         VALUES ($1, $2, $3, $4, 0, $5, '', 0, '', '', 0) ON CONFLICT (audit_log_id) DO NOTHING"
    );
    let values = values![HOUSE, origin, public_key, seed_sealed, b"".as_slice()];
    Ok(tx.execute(sql, values)? > 0)
}

/// Events that are no leaf yet, in the order in which they were written down; at most `limit`.
pub fn pending(tx: &Tx<'_>, limit: i64) -> Result<Vec<Event>, Error> {
    let sql = select!(
        Event,
        "JOIN (SELECT audit_pending_id, subject, subject_id, sequence FROM audit_pending ORDER BY audit_pending_id LIMIT $1) AS pending
           ON event.subject = pending.subject AND event.subject_id = pending.subject_id AND event.sequence = pending.sequence
         ORDER BY pending.audit_pending_id"
    );
    tx.all(sql, values![limit], row::read)
}

/// Takes out of what waits all that has become a leaf, among the first `limit`.
pub fn sealed(tx: &Tx<'_>, limit: i64) -> Result<usize, Error> {
    let sql = sql!(
        "DELETE FROM audit_pending WHERE audit_pending_id IN (
           SELECT p.audit_pending_id FROM (SELECT * FROM audit_pending ORDER BY audit_pending_id LIMIT $1) AS p
             JOIN audit_leaf l ON l.subject = p.subject AND l.subject_id = p.subject_id AND l.sequence = p.sequence)"
    );
    tx.execute(sql, values![limit])
}

/// How many events are no leaf yet, counted up to 10,000, and when the first of them happened.
pub fn waiting(tx: &Tx<'_>) -> Result<(i64, Option<Timestamp>), Error> {
    let sql = sql!(
        "SELECT count(*), min(at_ms) FROM (SELECT at_ms FROM audit_pending ORDER BY audit_pending_id LIMIT 10000) AS pending"
    );
    let waiting = tx.first(sql, &[], |row| Ok((row.int(0)?, row.time_opt(1)?)))?;
    Ok(waiting.unwrap_or_default())
}

/// Adds a leaf.
pub fn add_leaf(tx: &Tx<'_>, leaf: &Leaf) -> Result<(), Error> {
    row::insert(tx, leaf)
}

/// Adds a perfect node of the tree.
pub fn add_node(tx: &Tx<'_>, level: u32, position: i64, hash: &[u8]) -> Result<(), Error> {
    let sql = sql!("INSERT INTO audit_node (level, position, hash) VALUES ($1, $2, $3)");
    tx.execute(sql, values![level, position, hash]).map(drop)
}

/// A perfect node of the tree.
pub fn node(tx: &Tx<'_>, level: u32, position: i64) -> Result<Option<Vec<u8>>, Error> {
    let sql = sql!("SELECT hash FROM audit_node WHERE level = $1 AND position = $2");
    tx.first(sql, values![level, position], |row| row.blob(0))
}

/// The nodes of a level from a position on, in their order; at most `limit`.
pub fn nodes(tx: &Tx<'_>, level: u32, from: i64, limit: i64) -> Result<Vec<(i64, Vec<u8>)>, Error> {
    let sql = sql!(
        "SELECT position, hash FROM audit_node WHERE level = $1 AND position >= $2 ORDER BY position LIMIT $3"
    );
    tx.all(sql, values![level, from, limit], |row| {
        Ok((row.int(0)?, row.blob(1)?))
    })
}

/// Writes down how the log has grown, and how far it was looked through.
pub fn update(tx: &Tx<'_>, log: &Log) -> Result<(), Error> {
    row::update(tx, log).map(drop)
}

/// Adds a checkpoint.
pub fn add_checkpoint(tx: &Tx<'_>, checkpoint: &Checkpoint) -> Result<(), Error> {
    row::insert(tx, checkpoint)
}

/// The checkpoint over so many leaves; the newest without.
pub fn checkpoint(tx: &Tx<'_>, size: Option<i64>) -> Result<Option<Checkpoint>, Error> {
    match size {
        Some(size) => row::get(tx, values![size]),
        None => {
            let newest = select!(Checkpoint, "ORDER BY audit_checkpoint.size DESC LIMIT 1");
            tx.first(newest, &[], row::read)
        }
    }
}

/// Checkpoints over more than so many leaves, in their order; at most `limit`.
pub fn checkpoints(tx: &Tx<'_>, above: i64, limit: i64) -> Result<Vec<Checkpoint>, Error> {
    let sql = select!(
        Checkpoint,
        "WHERE audit_checkpoint.size > $1 ORDER BY audit_checkpoint.size LIMIT $2"
    );
    tx.all(sql, values![above, limit], row::read)
}

/// Notes that a checkpoint is kept elsewhere.
pub fn add_anchor(tx: &Tx<'_>, anchor: &Anchor) -> Result<(), Error> {
    row::insert(tx, anchor)
}

/// The newest checkpoint that is kept there, of so many leaves at most.
pub fn anchor(tx: &Tx<'_>, place: Place, size_max: i64) -> Result<Option<Anchor>, Error> {
    let sql = select!(
        Anchor,
        "WHERE audit_anchor.place = $1 AND audit_anchor.size <= $2 ORDER BY audit_anchor.size DESC LIMIT 1"
    );
    tx.first(sql, values![place.code(), size_max], row::read)
}

struct WithEvent(Record);

impl Columns for WithEvent {
    const NAMES: &'static [&'static str] = &[];

    fn read(from: &mut Reader<'_>) -> Result<Self, Error> {
        let leaf = Leaf::read(from)?;
        let event = Option::<Event>::read(from)?;
        Ok(Self(Record { leaf, event }))
    }

    fn values<'a>(&'a self, _: &mut Vec<Value<'a>>) {}
}

/// A statement that reads leaves with their events.
macro_rules! records {
    ($rest:expr) => {
        sql!(concat!(
            "SELECT l.leaf_index, l.subject, l.subject_id, l.sequence, l.from_sequence, l.at_ms, l.salt, l.text_salt, l.data,
               e.subject, e.subject_id, e.sequence, e.at_ms, e.verb, e.actor_kind, e.actor, e.text, e.ledger_sequence
             FROM audit_leaf l LEFT JOIN event e ON e.subject = l.subject AND e.subject_id = l.subject_id AND e.sequence = l.sequence ",
            $rest
        ))
    };
}

/// A text that does not open differs from what the leaf says, like any other that was changed.
fn read_record(row: &crate::sql::Row<'_>) -> Result<Record, Error> {
    row::read_leniently::<WithEvent>(row).map(|it| it.0)
}

/// The leaf of that index and what it is of.
pub fn record(tx: &Tx<'_>, index: i64) -> Result<Option<Record>, Error> {
    tx.first(records!("WHERE l.leaf_index = $1"), values![index], read_record)
}

/// Leaves from an index on, in their order; at most `limit`.
pub fn records(tx: &Tx<'_>, from: i64, limit: i64) -> Result<Vec<Record>, Error> {
    let sql = records!("WHERE l.leaf_index >= $1 ORDER BY l.leaf_index LIMIT $2");
    tx.all(sql, values![from, limit], read_record)
}

/// Which records a list is about.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of one subject only, or of the ledgers; `None`: of all subjects, and not of the ledgers.
    pub subject: Option<String>,
    /// Of one of them only.
    pub subject_id: Option<String>,
    /// Done by this one only.
    pub actor: Option<String>,
    /// At this time or later.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
    /// Also of what only some are told of: see [`Subject::is_withheld`].
    pub withheld: bool,
}

/// A place in the list.
pub type Spot = (Timestamp, i64);

/// Records, newest first, older than a spot; at most `limit`.
pub fn list(tx: &Tx<'_>, filter: &Filter, below: Option<Spot>, limit: i64) -> Result<Vec<Record>, Error> {
    macro_rules! listing {
        ($by:literal) => {
            records!(concat!(
                "WHERE (l.at_ms, l.leaf_index) < ($1, $2) AND l.at_ms >= $3 AND (CAST($4 AS TEXT) IS NULL OR l.subject = $4)
                   AND (CAST($5 AS TEXT) IS NULL OR l.subject_id = $5) AND (CAST($6 AS TEXT) IS NULL OR e.actor = $6)
                   AND (CAST($8 AS TEXT) IS NULL OR l.subject <> $8)",
                $by,
                " ORDER BY l.at_ms DESC, l.leaf_index DESC LIMIT $7"
            ))
        };
    }
    // What is rare is found by its own index, and not by walking through everything else.
    let sql = match filter {
        Filter {
            subject: Some(_),
            subject_id: Some(_),
            ..
        } => listing!(" AND l.subject = $4 AND l.subject_id = $5"),
        Filter { actor: Some(_), .. } => listing!(" AND e.actor = $6"),
        Filter { subject: None, .. } => listing!(" AND l.subject <> 'ledger'"),
        Filter { subject: Some(_), .. } => listing!(""),
    };
    let to = filter.to.unwrap_or(Timestamp(i64::MAX));
    let (at, index) = match below {
        Some((at, index)) if at < to => (at, index),
        _ => (to, i64::MIN),
    };
    let values = values![
        at,
        index,
        filter.from.unwrap_or(Timestamp(i64::MIN)),
        filter.subject.as_deref(),
        filter.subject_id.as_deref(),
        filter.actor.as_deref(),
        limit,
        (!filter.withheld).then(|| Subject::WITHHELD.code())
    ];
    tx.all(sql, values, read_record)
}

/// How an event is found in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What names the event.
    pub key: EventKey,
    /// Whether it is a leaf, or waits to be one.
    pub is_known: bool,
}

/// Events after one, in the order of their names; at most `limit`.
pub fn events_found(tx: &Tx<'_>, after: &EventKey, limit: i64) -> Result<Vec<Found>, Error> {
    let sql = sql!(
        "SELECT e.subject, e.subject_id, e.sequence,
           CASE WHEN EXISTS (SELECT 1 FROM audit_leaf l WHERE l.subject = e.subject AND l.subject_id = e.subject_id AND l.sequence = e.sequence)
             OR EXISTS (SELECT 1 FROM audit_pending p WHERE p.subject = e.subject AND p.subject_id = e.subject_id AND p.sequence = e.sequence)
             THEN 1 ELSE 0 END
         FROM event e WHERE (e.subject, e.subject_id, e.sequence) > ($1, $2, $3)
         ORDER BY e.subject, e.subject_id, e.sequence LIMIT $4"
    );
    let values = values![&after.subject, &after.subject_id, after.sequence, limit];
    tx.all(sql, values, |row| {
        let key = EventKey {
            subject: row.string(0)?,
            subject_id: row.string(1)?,
            sequence: row.int(2)?,
        };
        Ok(Found {
            key,
            is_known: row.int(3)? != 0,
        })
    })
}

/// Writes down what was found, once; false when it was known. Where something else stands there than somebody has understood, it is new.
pub fn find(tx: &Tx<'_>, finding: &Finding) -> Result<bool, Error> {
    let sql = sql!(
        "INSERT INTO audit_finding (what, subject, subject_id, sequence, found_at_ms, stands_sha256)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (what, subject, subject_id, sequence) DO UPDATE
         SET found_at_ms = excluded.found_at_ms, stands_sha256 = excluded.stands_sha256, acknowledged_at_ms = NULL, acknowledged_by = NULL
         WHERE audit_finding.stands_sha256 <> excluded.stands_sha256"
    );
    let values = values![
        finding.what.code(),
        &finding.subject,
        &finding.subject_id,
        finding.sequence,
        finding.found_at,
        &finding.stands_sha256
    ];
    Ok(tx.execute(sql, values)? > 0)
}

/// Notes who has understood it, once; false when somebody has, or it was not found.
pub fn acknowledge(tx: &Tx<'_>, finding: &Finding, by: &Acknowledged) -> Result<bool, Error> {
    let sql = sql!(
        "UPDATE audit_finding SET acknowledged_at_ms = $5, acknowledged_by = $6
         WHERE what = $1 AND subject = $2 AND subject_id = $3 AND sequence = $4 AND found_at_ms = $7
           AND acknowledged_at_ms IS NULL"
    );
    let values = values![
        finding.what.code(),
        &finding.subject,
        &finding.subject_id,
        finding.sequence,
        by.at,
        &by.by,
        finding.found_at
    ];
    Ok(tx.execute(sql, values)? > 0)
}

/// The most alarms that are counted.
pub const ALARMS_MAX: i64 = 10_000;

/// How many findings nobody has understood, up to [`ALARMS_MAX`].
pub fn alarms(tx: &Tx<'_>) -> Result<i64, Error> {
    let sql = sql!(
        "SELECT count(*) FROM (SELECT 1 FROM audit_finding WHERE acknowledged_at_ms IS NULL LIMIT $1) AS alarm"
    );
    Ok(tx
        .first(sql, values![ALARMS_MAX], |row| row.int(0))?
        .unwrap_or_default())
}

/// The one of that name.
pub fn finding(
    tx: &Tx<'_>,
    what: Wrong,
    subject: &str,
    subject_id: &str,
    sequence: i64,
) -> Result<Option<Finding>, Error> {
    row::get(tx, values![what.code(), subject, subject_id, sequence])
}

/// What was found: first what nobody has understood, then the newest; at most `limit`.
pub fn findings(tx: &Tx<'_>, limit: i64) -> Result<Vec<Finding>, Error> {
    let sql = select!(
        Finding,
        "ORDER BY CASE WHEN audit_finding.acknowledged_at_ms IS NULL THEN 0 ELSE 1 END, audit_finding.found_at_ms DESC,
           audit_finding.what, audit_finding.subject, audit_finding.subject_id, audit_finding.sequence LIMIT $1"
    );
    tx.all(sql, values![limit], row::read)
}

/// A terminal whose ledger has rows that are in no leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsealed {
    /// Whose ledger.
    pub terminal_id: TerminalId,
    /// The last row that is in one.
    pub sealed_to: i64,
    /// The last row.
    pub last: i64,
}

/// The next terminals by their identifiers, and how far their ledgers are in the log; at most `limit`.
pub fn ledgers(tx: &Tx<'_>, after: &str, limit: i64) -> Result<Vec<Unsealed>, Error> {
    let sql = sql!(
        "SELECT t.terminal_id, coalesce(a.sealed_to, 0),
           coalesce((SELECT max(l.sequence) FROM ledger l WHERE l.terminal_id = t.terminal_id), 0)
         FROM terminal t LEFT JOIN audit_ledger a ON a.terminal_id = t.terminal_id
         WHERE t.terminal_id > $1 ORDER BY t.terminal_id LIMIT $2"
    );
    tx.all(sql, values![after, limit], |row| {
        Ok(Unsealed {
            terminal_id: row.terminal_id(0)?,
            sealed_to: row.int(1)?,
            last: row.int(2)?,
        })
    })
}

/// How far one terminal's ledger is in the log.
pub fn ledger(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Unsealed, Error> {
    let sealed_to = sql!("SELECT sealed_to FROM audit_ledger WHERE terminal_id = $1");
    let last = sql!("SELECT coalesce(max(sequence), 0) FROM ledger WHERE terminal_id = $1");
    let one = |sql| tx.first(sql, values![&terminal_id], |row| row.int(0));
    Ok(Unsealed {
        terminal_id,
        sealed_to: one(sealed_to)?.unwrap_or_default(),
        last: one(last)?.unwrap_or_default(),
    })
}

/// Writes down how far a terminal's ledger is in the log.
pub fn seal_ledger(tx: &Tx<'_>, terminal_id: TerminalId, to: i64) -> Result<(), Error> {
    let sql = sql!(
        "INSERT INTO audit_ledger (terminal_id, sealed_to) VALUES ($1, $2)
         ON CONFLICT (terminal_id) DO UPDATE SET sealed_to = excluded.sealed_to"
    );
    tx.execute(sql, values![&terminal_id, to]).map(drop)
}

/// Sequences and indices of the leaves about one thing after a sequence, in their order; at most `limit`.
pub fn places(
    tx: &Tx<'_>,
    subject: &str,
    subject_id: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, i64)>, Error> {
    let sql = sql!(
        "SELECT sequence, leaf_index FROM audit_leaf WHERE subject = $1 AND subject_id = $2 AND sequence > $3
         ORDER BY sequence LIMIT $4"
    );
    tx.all(sql, values![subject, subject_id, after, limit], |row| {
        Ok((row.int(0)?, row.int(1)?))
    })
}

/// The last leaf of a subject before a sequence.
pub fn leaf_before(tx: &Tx<'_>, leaf: &Leaf) -> Result<Option<i64>, Error> {
    let sql =
        sql!("SELECT max(sequence) FROM audit_leaf WHERE subject = $1 AND subject_id = $2 AND sequence < $3");
    let before = tx.first(
        sql,
        values![&leaf.subject, &leaf.subject_id, leaf.sequence],
        |row| row.int_opt(0),
    )?;
    Ok(before.flatten())
}

/// Erases what was said in the events of one thing, and the salts that hid it in their leaves: nobody can find out any more what it was,
/// and the log stays valid.
pub fn erase_texts(tx: &Tx<'_>, subject: Subject, subject_id: &str) -> Result<(), Error> {
    let leaves = sql!(
        "UPDATE audit_leaf SET text_salt = NULL WHERE subject = $1 AND subject_id = $2 AND text_salt IS NOT NULL"
    );
    let events =
        sql!("UPDATE event SET text = NULL WHERE subject = $1 AND subject_id = $2 AND text IS NOT NULL");
    for sql in [leaves, events] {
        tx.execute(sql, values![subject.code(), subject_id])?;
    }
    Ok(())
}

/// The same of what was said of an account, but for why somebody looked at it, which is about who looked. Nothing of it is opened: what
/// opens with no key goes too.
pub fn erase_said_of_account(tx: &Tx<'_>, login: &str) -> Result<(), Error> {
    let leaves = sql!(
        "UPDATE audit_leaf SET text_salt = NULL WHERE subject = 'account' AND subject_id = $1 AND text_salt IS NOT NULL
           AND sequence IN (SELECT sequence FROM event WHERE subject = 'account' AND subject_id = $1
                              AND verb NOT IN ('reveal', 'export'))"
    );
    let events = sql!(
        "UPDATE event SET text = NULL WHERE subject = 'account' AND subject_id = $1 AND text IS NOT NULL
           AND verb NOT IN ('reveal', 'export')"
    );
    for sql in [leaves, events] {
        tx.execute(sql, values![login])?;
    }
    Ok(())
}

/// Whether a name is that of the ledgers' leaves or of a subject.
pub fn is_subject(name: &str) -> bool {
    name == LEDGER || Subject::parse(name).is_some()
}

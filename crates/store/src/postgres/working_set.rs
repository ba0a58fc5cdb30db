//! The rows of the terminals that one transaction is about: read together before its closures run, changed in memory by
//! them, written together after them.
//!
//! Invariant: every terminal in it is locked; what it says of a terminal is what statements would say.

use std::collections::{HashMap, HashSet};

use domain::hold::Standing;
use domain::transaction::{BatchTrace, LedgerRow};
use domain::{TerminalId, Timestamp};
use tokio_postgres::Row as PostgresRow;
use tokio_postgres::types::ToSql;

use super::{Many, Session};
use crate::pending::Pending;
use crate::queue::Want;
use crate::sql::{Row, Source};
use crate::terminal::{Admission, Kept, admission_columns};
use crate::{Error, ledger, pending, terminal};

/// Locks the terminals, always in the same order.
pub(crate) const LOCK: &str =
    "SELECT 1 FROM terminal WHERE terminal_id = ANY($1) ORDER BY terminal_id FOR NO KEY UPDATE";
/// What the first check needs of each terminal.
pub(crate) const ADMISSIONS: &str = concat!(
    "SELECT ",
    admission_columns!(),
    ", t.terminal_id, l.sequence, l.at_ms
   FROM terminal t
   LEFT JOIN terminal_session s ON s.terminal_id = t.terminal_id
   LEFT JOIN LATERAL (SELECT sequence, at_ms FROM ledger WHERE terminal_id = t.terminal_id ORDER BY sequence DESC LIMIT 1) l ON true
   WHERE t.terminal_id = ANY($1)"
);
/// Which of the requests' names the ledger knows.
pub(crate) const NAMES: &str = "SELECT w.terminal_id, w.batch, w.trace
   FROM unnest(CAST($1 AS TEXT[]), CAST($2 AS BIGINT[]), CAST($3 AS BIGINT[])) AS w (terminal_id, batch, trace)
   WHERE EXISTS (SELECT 1 FROM ledger l WHERE l.terminal_id = w.terminal_id AND l.batch = w.batch AND l.trace = w.trace)";

/// Terminals, and what is to be written of them.
#[derive(Default)]
pub(crate) struct WorkingSet {
    terminals: HashMap<TerminalId, Gathered>,
    writes: Writes,
    /// How much of `writes` earlier closures wrote.
    earlier: Mark,
    /// The terminal the closure under way has changed, as it was before.
    before: Option<(TerminalId, Gathered)>,
}

/// One terminal, as the transaction sees it.
#[derive(Clone)]
struct Gathered {
    kept: Kept,
    last: Option<(i64, Timestamp)>,
    pending: Vec<Pending>,
    /// Names the ledger was asked for and does not know.
    unknown: HashSet<BatchTrace>,
}

#[derive(Default)]
struct Writes {
    ledger: Vec<LedgerRow>,
    pending: Vec<Pending>,
    taken: Vec<(TerminalId, i64)>,
}

#[derive(Clone, Copy, Default)]
struct Mark {
    ledger: usize,
    pending: usize,
    taken: usize,
}

impl Writes {
    const fn mark(&self) -> Mark {
        Mark {
            ledger: self.ledger.len(),
            pending: self.pending.len(),
            taken: self.taken.len(),
        }
    }

    /// One statement for each table.
    fn statements(&self, session: &Session) -> Result<[Option<Many<'_>>; 3], Error> {
        let ledger = (!self.ledger.is_empty()).then(|| ledger::append_many(session, &self.ledger));
        let pending = (!self.pending.is_empty()).then(|| pending::insert_many(session, &self.pending));
        let taken = (!self.taken.is_empty()).then(|| pending::delete_many(session, &self.taken));
        Ok([ledger.transpose()?, pending.transpose()?, taken.transpose()?])
    }

    fn truncate(&mut self, mark: Mark) {
        self.ledger.truncate(mark.ledger);
        self.pending.truncate(mark.pending);
        self.taken.truncate(mark.taken);
    }
}

impl WorkingSet {
    /// Begins a transaction, locks the terminals, and reads them. One journey to the server and back.
    pub(super) fn gather(session: &Session, wants: &[Want]) -> Result<Self, Error> {
        let mut ids: Vec<&str> = wants.iter().map(|want| want.terminal_id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        let named = || {
            wants
                .iter()
                .filter_map(|want| Some((want.terminal_id, want.name?)))
        };
        let (mut of, mut batches, mut traces) = (Vec::new(), Vec::new(), Vec::new());
        for want in wants {
            if let Some(name) = want.name {
                of.push(want.terminal_id.as_str());
                batches.push(i64::from(name.batch));
                traces.push(i64::from(name.trace));
            }
        }
        let (lock, admissions) = (session.prepared(LOCK)?, session.prepared(ADMISSIONS)?);
        let (pending, names) = (session.prepared(pending::GATHER)?, session.prepared(NAMES)?);
        let client = session.client();
        let asked = async {
            let no_names = of.is_empty();
            let ids: [&(dyn ToSql + Sync); 1] = [&ids];
            let of: [&(dyn ToSql + Sync); 3] = [&of, &batches, &traces];
            // Sent one after the other without waiting; each has its own snapshot, so all but the first see what was
            // committed before the locks were had.
            let (begun, locked, admissions, pending, names) = tokio::join!(
                client.batch_execute("BEGIN"),
                client.execute(&lock, &ids),
                client.query(&admissions, &ids),
                client.query(&pending, &ids),
                async {
                    match no_names {
                        true => Ok(Vec::new()),
                        false => client.query(&names, &of).await,
                    }
                },
            );
            begun?;
            locked?;
            Ok((admissions?, pending?, names?))
        };
        let (admissions, pending, names) = session.wait(asked)?;
        let mut set = Self::default();
        for row in &admissions {
            let (id, gathered) = Gathered::read(row)?;
            set.terminals.insert(id, gathered);
        }
        for row in &pending {
            let pending = pending::read(&Row(Source::Postgres(row), None))?;
            if let Some(gathered) = set.terminals.get_mut(&pending.terminal_id) {
                gathered.pending.push(pending);
            }
        }
        for (id, name) in named() {
            if let Some(gathered) = set.terminals.get_mut(&id) {
                gathered.unknown.insert(name);
            }
        }
        for row in &names {
            let row = Row(Source::Postgres(row), None);
            let name = ledger::read_name(&row, 1, 2)?.ok_or(Error::Corrupt("ledger.batch"))?;
            if let Some(gathered) = set.terminals.get_mut(&row.terminal_id(0)?) {
                gathered.unknown.remove(&name);
            }
        }
        Ok(set)
    }

    pub(super) fn has(&self, terminal_id: TerminalId) -> bool {
        self.terminals.contains_key(&terminal_id)
    }

    /// What the first check reads of the terminal.
    pub(crate) fn admission(&self, terminal_id: TerminalId, now: Timestamp) -> Option<Admission> {
        Some(self.terminals.get(&terminal_id)?.kept.clone().at(now))
    }

    /// The kinds of hold that stand at `now`.
    pub(crate) fn standing(&self, terminal_id: TerminalId, now: Timestamp) -> Standing {
        let gathered = self.terminals.get(&terminal_id);
        gathered
            .map(|gathered| gathered.kept.standing(now))
            .unwrap_or_default()
    }

    /// The terminal's last ledger row, and the last of its requests at the host.
    pub(crate) fn place(&self, terminal_id: TerminalId) -> (Option<(i64, Timestamp)>, Option<i64>) {
        let Some(gathered) = self.terminals.get(&terminal_id) else {
            return (None, None);
        };
        let waiting = gathered.pending.iter().map(|pending| pending.sequence).max();
        (gathered.last, waiting)
    }

    /// The terminal's requests at the host.
    pub(crate) fn pending(&self, terminal_id: TerminalId) -> Vec<Pending> {
        let gathered = self.terminals.get(&terminal_id);
        gathered
            .map(|gathered| gathered.pending.clone())
            .unwrap_or_default()
    }

    /// Whether the ledger certainly has no row of that name.
    pub(crate) fn is_unknown(&self, terminal_id: TerminalId, name: BatchTrace) -> bool {
        let gathered = self.terminals.get(&terminal_id);
        gathered.is_some_and(|gathered| gathered.unknown.contains(&name))
    }

    /// Appends a ledger row.
    pub(crate) fn append(&mut self, row: &LedgerRow) {
        self.writes.ledger.push(row.clone());
        let Some(gathered) = self.change(row.terminal_id) else {
            return;
        };
        gathered.last = Some((row.sequence, row.at));
        if let Some(name) = &row.batch_trace {
            gathered.unknown.remove(name);
        }
    }

    /// Adds a request at the host.
    pub(crate) fn insert_pending(&mut self, pending: &Pending) {
        self.writes.pending.push(pending.clone());
        if let Some(gathered) = self.change(pending.terminal_id) {
            gathered.pending.push(pending.clone());
        }
    }

    /// Takes a request at the host out.
    pub(crate) fn take_pending(&mut self, terminal_id: TerminalId, sequence: i64) -> Option<Pending> {
        let gathered = self.change(terminal_id)?;
        let at = gathered
            .pending
            .iter()
            .position(|pending| pending.sequence == sequence)?;
        let pending = gathered.pending.remove(at);
        self.writes.taken.push((terminal_id, sequence));
        Some(pending)
    }

    /// The terminal, to be changed; as it was is remembered, should the closure fail.
    fn change(&mut self, terminal_id: TerminalId) -> Option<&mut Gathered> {
        let gathered = self.terminals.get_mut(&terminal_id)?;
        if self.before.is_none() {
            self.before = Some((terminal_id, gathered.clone()));
        }
        Some(gathered)
    }

    pub(super) fn begin_work(&mut self) {
        self.earlier = self.writes.mark();
        self.before = None;
    }

    /// Undoes what the closure under way changed. What it wrote by statements is undone by its savepoint.
    pub(super) fn undo_work(&mut self) {
        self.writes.truncate(self.earlier);
        if let Some((id, gathered)) = self.before.take()
            && let Some(now) = self.terminals.get_mut(&id)
        {
            *now = gathered;
        }
    }

    /// Forgets what was read: a statement may have changed it. From here on statements are asked.
    pub(super) fn forget(&mut self) {
        self.terminals.clear();
    }

    /// Writes what closures before the one under way left to be written.
    pub(super) fn write_earlier(&mut self, session: &Session) -> Result<(), Error> {
        let mark = std::mem::take(&mut self.earlier);
        let own = Writes {
            ledger: self.writes.ledger.split_off(mark.ledger),
            pending: self.writes.pending.split_off(mark.pending),
            taken: self.writes.taken.split_off(mark.taken),
        };
        let earlier = std::mem::replace(&mut self.writes, own);
        write(session, &earlier)
    }

    /// Writes everything.
    pub(super) fn write_all(&mut self, session: &Session) -> Result<(), Error> {
        let writes = std::mem::take(&mut self.writes);
        self.earlier = Mark::default();
        write(session, &writes)
    }

    /// Writes everything and commits.
    pub(super) fn commit(self, session: &Session) -> Result<(), Error> {
        session.send_and_commit(&self.writes.statements(session)?)
    }
}

impl Gathered {
    fn read(row: &PostgresRow) -> Result<(TerminalId, Self), Error> {
        let row = Row(Source::Postgres(row), None);
        let gathered = Self {
            kept: terminal::read_admission(&row)?,
            last: row.int_opt(7)?.zip(row.time_opt(8)?),
            pending: Vec::new(),
            unknown: HashSet::new(),
        };
        Ok((row.terminal_id(6)?, gathered))
    }
}

fn write(session: &Session, writes: &Writes) -> Result<(), Error> {
    session.send(&writes.statements(session)?)
}

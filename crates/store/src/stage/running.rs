//! The statements of the simulated database: what lies on top of what is committed, who has which lock, and what a closure
//! was answered before.
//!
//! Invariant: a statement sees what is committed and its own transaction's writes, and nothing else.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use domain::{TerminalId, Timestamp};
use rusqlite::Connection;
use rusqlite::types::{Value as Owned, ValueRef};

use crate::Error;
use crate::sql::{Sql, Value, stage};
use crate::vault::Vault;

/// How a transaction locks a terminal. All but one are planted bugs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Locking {
    /// Not at all.
    None,
    /// `FOR KEY SHARE`, as a foreign key does: it conflicts with nothing that happens here.
    KeyShare,
    /// `FOR NO KEY UPDATE`, in a statement before the first read.
    #[default]
    NoKeyUpdate,
    /// `FOR NO KEY UPDATE` in the statement that also reads: what is read is as of before the wait.
    WithRead,
}

pub(super) struct Core {
    pub(super) connection: Connection,
    pub(super) locking: Locking,
    pub(super) locks: BTreeMap<TerminalId, Vec<Claim>>,
    /// The transaction whose writes lie on top of what is committed, and how many.
    pub(super) on_top: Option<(u64, usize)>,
    pub(super) vault: Rc<dyn Vault>,
    pub(super) begun: u64,
    pub(super) statements: u64,
}

/// A transaction's claim on a terminal's lock; those of one terminal are in the order in which they came.
#[derive(Clone, Copy)]
pub(super) struct Claim {
    by: u64,
    held: bool,
}

/// Why a statement failed.
#[derive(Clone, Copy)]
pub(super) enum Fault {
    Conflict,
    Deadlock,
    Failed,
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Conflict => Self::Conflict(String::new()),
            Fault::Deadlock => Self::Unavailable,
            Fault::Failed => Self::Corrupt("a statement of the stage"),
        }
    }
}

/// What a statement answered: its rows, and how many it touched.
#[derive(PartialEq)]
pub(super) struct Answer {
    rows: Vec<Vec<Owned>>,
    count: usize,
}

pub(super) struct Write {
    pub(super) sql: Sql,
    pub(super) values: Vec<Owned>,
    pub(super) answer: Rc<Answer>,
}

/// What a closure has asked already.
pub(super) enum Asked {
    Lock(TerminalId, Result<(), Fault>),
    Statement(&'static str, Result<Rc<Answer>, Fault>),
}

/// The closure that runs in a transaction, as `Tx` sees it.
pub struct Running {
    pub(super) core: Rc<RefCell<Core>>,
    pub(super) number: u64,
    pub(super) now: Timestamp,
    pub(super) vault: Rc<dyn Vault>,
    pub(super) state: RefCell<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) writes: Vec<Write>,
    /// Writes of closures that have ended.
    pub(super) kept: usize,
    pub(super) asked: Vec<Asked>,
    pub(super) cursor: usize,
    pub(super) budget: usize,
    /// The lock that is not had yet.
    pub(super) waits_for: Option<TerminalId>,
    pub(super) stop: Option<Stop>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    Budget,
    Lock,
}

impl Core {
    /// Takes off what lies on top of what is committed.
    pub(super) fn take_off(&mut self) -> Result<(), Error> {
        match self.on_top.take() {
            None => Ok(()),
            Some(_) => Ok(self.connection.execute_batch("ROLLBACK TO t; RELEASE t")?),
        }
    }

    /// Puts a transaction's writes on top of what is committed now; they must come out as they did before.
    pub(super) fn put_on(&mut self, by: u64, writes: &[Write]) -> Result<(), Fault> {
        if self.on_top == Some((by, writes.len())) || (self.on_top.is_none() && writes.is_empty()) {
            return Ok(());
        }
        self.take_off().map_err(|_| Fault::Failed)?;
        if writes.is_empty() {
            return Ok(());
        }
        self.open_savepoint(by)?;
        for write in writes {
            let again = self.run(write.sql, &write.values);
            if !again.is_ok_and(|answer| answer == *write.answer) {
                self.take_off().map_err(|_| Fault::Failed)?;
                return Err(Fault::Conflict);
            }
        }
        self.on_top = Some((by, writes.len()));
        Ok(())
    }

    fn open_savepoint(&mut self, by: u64) -> Result<(), Fault> {
        if self.on_top.is_none() {
            self.connection
                .execute_batch("SAVEPOINT t")
                .map_err(|_| Fault::Failed)?;
            self.on_top = Some((by, 0));
        }
        Ok(())
    }

    /// Runs a statement on what is there now.
    fn run(&mut self, sql: Sql, values: &[Owned]) -> Result<Answer, Fault> {
        let failed = |error: rusqlite::Error| match Error::from(error) {
            Error::Conflict(_) => Fault::Conflict,
            _ => Fault::Failed,
        };
        self.statements += 1;
        let mut statement = self.connection.prepare_cached(sql.sqlite).map_err(failed)?;
        for (i, value) in values.iter().enumerate() {
            statement.raw_bind_parameter(i + 1, value).map_err(failed)?;
        }
        let columns = statement.column_count();
        if columns == 0 {
            let count = statement.raw_execute().map_err(failed)?;
            let rows = Vec::new();
            return Ok(Answer { rows, count });
        }
        let mut found = statement.raw_query();
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(failed)? {
            let read = |column| row.get_ref(column).map(owned);
            let row: rusqlite::Result<Vec<Owned>> = (0..columns).map(read).collect();
            rows.push(row.map_err(failed)?);
        }
        let count = rows.len();
        Ok(Answer { rows, count })
    }

    /// Claims a terminal's lock: had, waiting, or a deadlock.
    fn claim(&mut self, terminal_id: TerminalId, by: u64) -> Result<bool, Fault> {
        if matches!(self.locking, Locking::None | Locking::KeyShare) {
            return Ok(true);
        }
        let claims = self.locks.entry(terminal_id).or_default();
        if claims.iter().all(|claim| claim.by != by) {
            claims.push(Claim { by, held: false });
        }
        if claims[0].by == by {
            claims[0].held = true;
            return Ok(true);
        }
        match self.waits_for_itself(by) {
            false => Ok(false),
            true => {
                let claims = self.locks.entry(terminal_id).or_default();
                claims.retain(|claim| claim.by != by);
                Err(Fault::Deadlock)
            }
        }
    }

    fn waits_for_itself(&self, by: u64) -> bool {
        let (mut seen, mut next) = (Vec::new(), vec![by]);
        while let Some(one) = next.pop() {
            for claims in self.locks.values() {
                let Some(place) = claims.iter().position(|claim| claim.by == one && !claim.held) else {
                    continue;
                };
                for before in claims[..place].iter().map(|claim| claim.by) {
                    if before == by {
                        return true;
                    }
                    if !seen.contains(&before) {
                        seen.push(before);
                        next.push(before);
                    }
                }
            }
        }
        false
    }

    pub(super) fn unlock(&mut self, by: u64) {
        self.locks.retain(|_, claims| {
            claims.retain(|claim| claim.by != by);
            !claims.is_empty()
        });
    }
}

impl Write {
    /// Where in the ledger it has put a row.
    pub(super) fn place(&self) -> Result<(TerminalId, i64), Error> {
        let terminal_id = stage::text(&self.values, 0)?.and_then(|id| TerminalId::parse(id.as_bytes()));
        let place = terminal_id.zip(stage::int(&self.values, 1)?);
        place.ok_or(Error::Corrupt("a place in the ledger"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut core = self.core.borrow_mut();
        if core.on_top.is_some_and(|(by, _)| by == self.number) {
            // What cannot be taken off stops the next statement.
            let _ = core.take_off();
        }
        core.unlock(self.number);
    }
}

impl Running {
    /// Whether the closure waits for no lock any more.
    pub(super) fn has_its_lock(&self) -> bool {
        let mut state = self.state.borrow_mut();
        let Some(terminal_id) = state.waits_for else {
            return true;
        };
        let had = self.core.borrow_mut().claim(terminal_id, self.number);
        if matches!(had, Ok(false)) {
            return false;
        }
        state.waits_for = None;
        true
    }

    /// Locks a terminal, for `Tx`.
    pub(crate) fn lock(&self, terminal_id: TerminalId) -> Result<(), Error> {
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        if state.stop.is_some() {
            return Err(Error::Stopped);
        }
        if let Some(asked) = state.asked.get(state.cursor) {
            state.cursor += 1;
            return match asked {
                Asked::Lock(id, had) if *id == terminal_id => had.map_err(Error::from),
                _ => Err(Error::Corrupt("a closure that does not repeat itself")),
            };
        }
        let mut core = self.core.borrow_mut();
        let had = match core.claim(terminal_id, self.number) {
            Ok(true) => Ok(()),
            Ok(false) if core.locking == Locking::WithRead => {
                state.waits_for = Some(terminal_id);
                Ok(())
            }
            Ok(false) => {
                state.stop = Some(Stop::Lock);
                return Err(Error::Stopped);
            }
            Err(fault) => Err(fault),
        };
        state.asked.push(Asked::Lock(terminal_id, had));
        state.cursor += 1;
        had.map_err(Error::from)
    }

    pub(crate) fn execute(&self, sql: Sql, values: &[Value<'_>]) -> Result<usize, Error> {
        self.statement(sql, values).map(|answer| answer.count)
    }

    pub(crate) fn query(&self, sql: Sql, values: &[Value<'_>]) -> Result<Rows, Error> {
        self.statement(sql, values).map(Rows)
    }

    fn statement(&self, sql: Sql, values: &[Value<'_>]) -> Result<Rc<Answer>, Error> {
        if let Some(answer) = self.answered_before(sql)? {
            return Ok(answer);
        }
        let had_its_lock = self.has_its_lock();
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        let mut core = self.core.borrow_mut();
        // What is read with the lock is read before the wait; what changes something comes after it.
        let changes = core
            .connection
            .prepare_cached(sql.sqlite)
            .is_ok_and(|statement| !statement.readonly());
        if changes && !had_its_lock {
            state.stop = Some(Stop::Lock);
            return Err(Error::Stopped);
        }
        let Some(budget) = state.budget.checked_sub(1) else {
            state.stop = Some(Stop::Budget);
            return Err(Error::Stopped);
        };
        if had_its_lock {
            state.budget = budget;
        }
        let values: Vec<Owned> = values.iter().map(own).collect();
        let answer = core.put_on(self.number, &state.writes).and_then(|()| {
            if changes {
                core.open_savepoint(self.number)?;
            }
            core.run(sql, &values)
        });
        let answer = answer.map(Rc::new);
        if let (true, Ok(answer)) = (changes, &answer) {
            let answer = answer.clone();
            state.writes.push(Write { sql, values, answer });
            core.on_top = Some((self.number, state.writes.len()));
        }
        state.asked.push(Asked::Statement(sql.sqlite, answer.clone()));
        state.cursor += 1;
        answer.map_err(Error::from)
    }

    /// What the statement answered when the closure ran before.
    fn answered_before(&self, sql: Sql) -> Result<Option<Rc<Answer>>, Error> {
        let mut state = self.state.borrow_mut();
        if state.stop.is_some() {
            return Err(Error::Stopped);
        }
        let cursor = state.cursor;
        let answer = match state.asked.get(cursor) {
            None => return Ok(None),
            Some(Asked::Statement(text, answer)) if *text == sql.sqlite => answer.clone(),
            Some(_) => return Err(Error::Corrupt("a closure that does not repeat itself")),
        };
        state.cursor += 1;
        answer.map(Some).map_err(Error::from)
    }
}

/// The rows of an answer.
pub(crate) struct Rows(Rc<Answer>);

impl std::ops::Deref for Rows {
    type Target = [Vec<Owned>];

    fn deref(&self) -> &Self::Target {
        &self.0.rows
    }
}

fn own(value: &Value<'_>) -> Owned {
    match *value {
        Value::Null => Owned::Null,
        Value::Int(int) => Owned::Integer(int),
        Value::Text(text) => Owned::Text(text.to_owned()),
        Value::Blob(blob) => Owned::Blob(blob.to_vec()),
        // Never in clear: what is to be sealed comes sealed.
        Value::Secret(_) => Owned::Null,
    }
}

fn owned(value: ValueRef<'_>) -> Owned {
    match value {
        ValueRef::Null => Owned::Null,
        ValueRef::Integer(int) => Owned::Integer(int),
        ValueRef::Real(real) => Owned::Real(real),
        ValueRef::Text(text) => Owned::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(blob) => Owned::Blob(blob.to_vec()),
    }
}

//! The simulated database of the deterministic simulation (feature `stage`, tests only): PostgreSQL at READ COMMITTED with
//! row locks on terminals, statement by statement, in one thread.
//!
//! What is committed is an in-memory SQLite; an open transaction is the list of its writes so far. A statement sees what is
//! committed now and its own transaction's writes, which are put on top of it in a savepoint and taken off again when
//! another transaction's turn comes. A closure is interrupted between any two statements by running it again from its
//! start: what its statements answered before is answered from memory, so a closure must do the same each time.
//!
//! What the simulated one does and PostgreSQL does not: two transactions that change the same row without locking it both
//! go on, and the second one fails in its next statement or its commit. More errors than in life, never more success.
//!
//! Invariant: a transaction that is dropped leaves nothing behind; what one run does depends on nothing but its calls.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use domain::{TerminalId, Timestamp};
use rusqlite::Connection;
use rusqlite::types::{Value as Owned, ValueRef};

use crate::sql::{Backend, Sql, Value};
use crate::{Error, Tx, migration};

const STATEMENTS_CACHED: usize = 256;
/// How the statement begins that appends to the ledger: terminal first, sequence second.
const APPENDS: &str = "INSERT INTO ledger (terminal_id, sequence,";

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

/// What became of a closure when it was let run on.
#[derive(Debug)]
pub enum Progress<T> {
    /// It ran as many statements as it may; there is more to come.
    Ran,
    /// It waits for a terminal's lock: go on once another transaction has ended.
    Waits,
    /// It came to its end.
    Done(T),
}

/// A simulated database. Clones are handles on the same one.
#[derive(Clone)]
pub struct Stage(Rc<RefCell<Core>>);

struct Core {
    connection: Connection,
    locking: Locking,
    locks: BTreeMap<TerminalId, Vec<Claim>>,
    /// The transaction whose writes lie on top of what is committed, and how many.
    on_top: Option<(u64, usize)>,
    begun: u64,
    statements: u64,
}

/// A transaction's claim on a terminal's lock; those of one terminal are in the order in which they came.
#[derive(Clone, Copy)]
struct Claim {
    by: u64,
    held: bool,
}

/// Why a statement failed.
#[derive(Clone, Copy)]
enum Fault {
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
struct Answer {
    rows: Vec<Vec<Owned>>,
    count: usize,
}

struct Write {
    sql: Sql,
    values: Vec<Owned>,
    answer: Rc<Answer>,
}

/// What a closure has asked already.
enum Asked {
    Lock(TerminalId, Result<(), Fault>),
    Statement(&'static str, Result<Rc<Answer>, Fault>),
}

/// An open transaction. Dropped, it is rolled back.
pub struct Transaction(Running);

/// The closure that runs in a transaction, as `Tx` sees it.
pub struct Running {
    core: Rc<RefCell<Core>>,
    number: u64,
    now: Timestamp,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    writes: Vec<Write>,
    /// Writes of closures that have ended.
    kept: usize,
    asked: Vec<Asked>,
    cursor: usize,
    budget: usize,
    /// The lock that is not had yet.
    waits_for: Option<TerminalId>,
    stop: Option<Stop>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    Budget,
    Lock,
}

impl Stage {
    /// An empty database with its tables.
    pub fn open() -> Result<Self, Error> {
        let connection = Connection::open_in_memory()?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
        migration::sqlite(&connection)?;
        Ok(Self(Rc::new(RefCell::new(Core {
            connection,
            locking: Locking::default(),
            locks: BTreeMap::new(),
            on_top: None,
            begun: 0,
            statements: 0,
        }))))
    }

    /// Fills the database with what every run starts from; [`Stage::reset`] comes back to here.
    pub fn fill<E: From<Error>>(&self, work: impl FnOnce(&Tx<'_>) -> Result<(), E>) -> Result<(), E> {
        let core = self.0.borrow();
        work(&Tx::sqlite(&core.connection, Timestamp(0)))?;
        core.connection.execute_batch("BEGIN").map_err(Error::from)?;
        Ok(())
    }

    /// Starts again from what [`Stage::fill`] left. No transaction may be open.
    pub fn reset(&self, locking: Locking) -> Result<(), Error> {
        let mut core = self.0.borrow_mut();
        core.locking = locking;
        core.locks.clear();
        core.on_top = None;
        (core.begun, core.statements) = (0, 0);
        Ok(core.connection.execute_batch("ROLLBACK; BEGIN")?)
    }

    /// Begins a transaction at the caller's time.
    pub fn begin(&self, now: Timestamp) -> Transaction {
        let mut core = self.0.borrow_mut();
        core.begun += 1;
        Transaction(Running {
            core: self.0.clone(),
            number: core.begun,
            now,
            state: RefCell::default(),
        })
    }

    /// Reads what is committed.
    pub fn inspect<T, E: From<Error>>(
        &self,
        now: Timestamp,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut core = self.0.borrow_mut();
        core.take_off()?;
        work(&Tx::sqlite(&core.connection, now))
    }

    /// Statements run since the last reset, repetitions for other transactions' turns included.
    pub fn statement_count(&self) -> u64 {
        self.0.borrow().statements
    }
}

impl Core {
    /// Takes off what lies on top of what is committed.
    fn take_off(&mut self) -> Result<(), Error> {
        match self.on_top.take() {
            None => Ok(()),
            Some(_) => Ok(self.connection.execute_batch("ROLLBACK TO t; RELEASE t")?),
        }
    }

    /// Puts a transaction's writes on top of what is committed now; they must come out as they did before.
    fn put_on(&mut self, by: u64, writes: &[Write]) -> Result<(), Fault> {
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

    fn unlock(&mut self, by: u64) {
        self.locks.retain(|_, claims| {
            claims.retain(|claim| claim.by != by);
            !claims.is_empty()
        });
    }
}

impl Transaction {
    /// Lets a closure run on for so many statements. The same closure must be given again until it is done.
    pub fn advance<T>(&self, budget: usize, work: impl FnOnce(&Tx<'_>) -> T) -> Progress<T> {
        {
            let mut state = self.0.state.borrow_mut();
            (state.cursor, state.budget, state.stop) = (0, budget, None);
        }
        let result = work(&Tx {
            backend: Backend::Stage(&self.0),
            now: self.0.now,
        });
        let waits_still = self.0.state.borrow().stop.is_none() && !self.0.has_its_lock();
        match self.0.state.borrow().stop {
            Some(Stop::Budget) => Progress::Ran,
            Some(Stop::Lock) => Progress::Waits,
            None if waits_still => Progress::Waits,
            None => Progress::Done(result),
        }
    }

    /// Waits for a terminal's lock before any closure runs.
    pub fn lock(&self, terminal_id: TerminalId) -> Progress<Result<(), Error>> {
        self.advance(1, |tx| tx.lock_terminal(terminal_id))
    }

    /// Ends a closure: its changes are kept for the commit, or undone.
    pub fn end_closure(&self, keep: bool) {
        let mut state = self.0.state.borrow_mut();
        let state = &mut *state;
        state.asked.clear();
        if !keep {
            state.writes.truncate(state.kept);
        }
        state.kept = state.writes.len();
    }

    /// Commits. Answers the places of the ledger rows that are now there.
    pub fn commit(self) -> Result<Vec<(TerminalId, i64)>, Error> {
        let state = self.0.state.borrow();
        let mut core = self.0.core.borrow_mut();
        if state.writes.is_empty() {
            return Ok(Vec::new());
        }
        core.put_on(self.0.number, &state.writes)?;
        core.on_top = None;
        core.connection.execute_batch("RELEASE t")?;
        let appended = state
            .writes
            .iter()
            .filter(|write| write.sql.sqlite.starts_with(APPENDS));
        appended.map(Write::place).collect()
    }
}

impl Write {
    /// Where in the ledger it has put a row.
    fn place(&self) -> Result<(TerminalId, i64), Error> {
        let terminal_id = text(&self.values, 0)?.and_then(|id| TerminalId::parse(id.as_bytes()));
        let place = terminal_id.zip(int(&self.values, 1)?);
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
    fn has_its_lock(&self) -> bool {
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

/// A number or null of a row.
pub(crate) fn int(row: &[Owned], column: usize) -> Result<Option<i64>, Error> {
    match row.get(column) {
        Some(Owned::Null) => Ok(None),
        Some(Owned::Integer(int)) => Ok(Some(*int)),
        _ => Err(Error::Corrupt("no number where a number must be")),
    }
}

/// A text or null of a row.
pub(crate) fn text(row: &[Owned], column: usize) -> Result<Option<&str>, Error> {
    match row.get(column) {
        Some(Owned::Null) => Ok(None),
        Some(Owned::Text(text)) => Ok(Some(text)),
        _ => Err(Error::Corrupt("no text where text must be")),
    }
}

/// Bytes or null of a row.
pub(crate) fn blob(row: &[Owned], column: usize) -> Result<Option<Vec<u8>>, Error> {
    match row.get(column) {
        Some(Owned::Null) => Ok(None),
        Some(Owned::Blob(blob)) => Ok(Some(blob.clone())),
        _ => Err(Error::Corrupt("no bytes where bytes must be")),
    }
}

fn own(value: &Value<'_>) -> Owned {
    match *value {
        Value::Null => Owned::Null,
        Value::Int(int) => Owned::Integer(int),
        Value::Text(text) => Owned::Text(text.to_owned()),
        Value::Blob(blob) => Owned::Blob(blob.to_vec()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{sql, values};

    const ADD: Sql = sql!("INSERT INTO duty (duty, node, incarnation, taken_at_ms) VALUES ($1, $2, 1, 0)");
    const COUNT: Sql = sql!("SELECT count(*) FROM duty");

    fn stage() -> Stage {
        let stage = Stage::open().unwrap();
        stage.fill(|_| Ok::<_, Error>(())).unwrap();
        stage.reset(Locking::default()).unwrap();
        stage
    }

    fn add(tx: &Tx<'_>, duty: &str) -> Result<usize, Error> {
        tx.execute(ADD, values![duty, "n"])
    }

    fn count(tx: &Tx<'_>) -> Result<i64, Error> {
        Ok(tx.first(COUNT, &[], |row| row.int(0))?.unwrap_or_default())
    }

    fn terminal(number: u8) -> TerminalId {
        TerminalId::parse(format!("1045000{number}").as_bytes()).unwrap()
    }

    fn done<T>(progress: Progress<Result<T, Error>>) -> T {
        match progress {
            Progress::Done(result) => result.unwrap(),
            Progress::Ran | Progress::Waits => panic!("it is not done"),
        }
    }

    #[test]
    fn a_statement_sees_what_is_committed_now_and_what_its_own_transaction_wrote() {
        let stage = stage();
        let (first, second) = (stage.begin(Timestamp(1)), stage.begin(Timestamp(1)));
        done(first.advance(9, |tx| add(tx, "a")));
        first.end_closure(true);
        assert_eq!(done(first.advance(9, count)), 1);
        assert_eq!(done(second.advance(9, count)), 0, "nothing is committed yet");
        second.end_closure(true);
        first.commit().unwrap();
        assert_eq!(done(second.advance(9, count)), 1, "READ COMMITTED");
    }

    #[test]
    fn a_closure_stops_between_two_statements_and_goes_on_there() {
        let stage = stage();
        let (slow, quick) = (stage.begin(Timestamp(1)), stage.begin(Timestamp(1)));
        let two_counts = |tx: &Tx<'_>| Ok::<_, Error>((count(tx)?, count(tx)?));
        assert!(matches!(slow.advance(1, two_counts), Progress::Ran));
        done(quick.advance(9, |tx| add(tx, "a")));
        quick.commit().unwrap();
        assert_eq!(done(slow.advance(9, two_counts)), (0, 1));
    }

    #[test]
    fn a_dropped_transaction_leaves_nothing_and_frees_its_locks() {
        let stage = stage();
        let (first, second) = (stage.begin(Timestamp(1)), stage.begin(Timestamp(1)));
        done(first.lock(terminal(1)));
        first.end_closure(true);
        done(first.advance(9, |tx| add(tx, "a")));
        assert!(matches!(second.lock(terminal(1)), Progress::Waits));
        drop(first);
        done(second.lock(terminal(1)));
        second.end_closure(true);
        assert_eq!(done(second.advance(9, count)), 0);
    }

    #[test]
    fn who_would_wait_for_itself_is_refused() {
        let stage = stage();
        let (first, second) = (stage.begin(Timestamp(1)), stage.begin(Timestamp(1)));
        for (transaction, number) in [(&first, 1), (&second, 2)] {
            done(transaction.lock(terminal(number)));
            transaction.end_closure(true);
        }
        assert!(matches!(first.lock(terminal(2)), Progress::Waits));
        assert!(matches!(
            second.lock(terminal(1)),
            Progress::Done(Err(Error::Unavailable))
        ));
    }

    #[test]
    fn of_two_writers_of_one_row_the_later_fails() {
        let stage = stage();
        let (first, second) = (stage.begin(Timestamp(1)), stage.begin(Timestamp(1)));
        done(first.advance(9, |tx| add(tx, "a")));
        done(second.advance(9, |tx| add(tx, "a")));
        first.commit().unwrap();
        assert!(matches!(second.commit(), Err(Error::Conflict(_))));
        assert_eq!(stage.inspect(Timestamp(1), count).unwrap(), 1);
    }

    #[test]
    fn what_is_read_with_the_lock_is_as_of_before_the_wait() {
        let stage = stage();
        stage.reset(Locking::WithRead).unwrap();
        let (first, second) = (stage.begin(Timestamp(1)), stage.begin(Timestamp(1)));
        done(first.lock(terminal(1)));
        first.end_closure(true);
        let locked_count = |tx: &Tx<'_>| {
            tx.lock_terminal(terminal(1))?;
            count(tx)
        };
        assert!(matches!(second.advance(9, locked_count), Progress::Waits));
        done(first.advance(9, |tx| add(tx, "a")));
        first.commit().unwrap();
        assert_eq!(done(second.advance(9, locked_count)), 0, "a bug, planted");
    }
}

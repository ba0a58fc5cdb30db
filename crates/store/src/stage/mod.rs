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

pub(crate) mod running;

pub use running::Locking;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use domain::{TerminalId, Timestamp};
use rusqlite::Connection;

use crate::tx::Backend;
use crate::vault::Vault;
use crate::{Error, Tx, migration};
use running::{Core, Running, Stop, Write};

const STATEMENTS_CACHED: usize = 256;
/// How the statement begins that appends to the ledger: terminal first, sequence second.
const APPENDS: &str = "INSERT INTO ledger (terminal_id, sequence,";

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

/// An open transaction. Dropped, it is rolled back.
pub struct Transaction(Running);

impl Stage {
    /// An empty database with its tables, and what seals columns in it: the same text always in the same way.
    pub fn open(vault: Rc<dyn Vault>) -> Result<Self, Error> {
        let connection = Connection::open_in_memory()?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
        migration::sqlite(&connection)?;
        Ok(Self(Rc::new(RefCell::new(Core {
            connection,
            locking: Locking::default(),
            locks: BTreeMap::new(),
            on_top: None,
            vault,
            begun: 0,
            statements: 0,
        }))))
    }

    /// Fills the database with what every run starts from; [`Stage::reset`] comes back to here.
    pub fn fill<E: From<Error>>(&self, work: impl FnOnce(&Tx<'_>) -> Result<(), E>) -> Result<(), E> {
        let core = self.0.borrow();
        work(&Tx::sqlite(&core.connection, Timestamp(0)).with(Some(&*core.vault)))?;
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
            vault: core.vault.clone(),
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
        work(&Tx::sqlite(&core.connection, now).with(Some(&*core.vault)))
    }

    /// Statements run since the last reset, repetitions for other transactions' turns included.
    pub fn statement_count(&self) -> u64 {
        self.0.borrow().statements
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
            vault: Some(&*self.0.vault),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{Sql, sql, values};

    const ADD: Sql =
        sql!("INSERT INTO node_duty (duty, node, incarnation, taken_at_ms) VALUES ($1, $2, 1, 0)");
    const COUNT: Sql = sql!("SELECT count(*) FROM node_duty");

    fn stage() -> Stage {
        let stage = Stage::open(Rc::new(crate::vault::tests::Marking { newest: 1 })).unwrap();
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

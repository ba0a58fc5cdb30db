//! How the database finds the rows of the statements that every transaction runs: by keys of one terminal, never by
//! walking.
//!
//! Invariant: what an authorisation costs does not grow with the ledger.

use std::cell::RefCell;

use domain::transaction::{BatchTrace, Kind};
use domain::{TerminalId, Timestamp};
use rusqlite::Connection;

use crate::pending::Pending;
use crate::{Tx, hold, ledger, migration, owed_reversal, pending, terminal};

thread_local! {
    static RUN: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// Remembers that a statement ran on this thread.
pub(crate) fn note(sql: &'static str) {
    RUN.with_borrow_mut(|run| run.push(sql));
}

/// The statements of one authorisation and its release.
fn hot_statements(connection: &Connection) -> Vec<&'static str> {
    let tx = Tx::sqlite(connection, Timestamp(1));
    let id = TerminalId::parse(b"10450001").unwrap();
    let name = BatchTrace { batch: 1, trace: 1 };
    RUN.with_borrow_mut(Vec::clear);
    terminal::lock(&tx, id).unwrap();
    hold::standing(&tx, id, Timestamp(1)).unwrap();
    pending::of_terminal(&tx, id).unwrap();
    ledger::by_name(&tx, id, name).unwrap();
    owed_reversal::is_owed(&tx, id, 1).unwrap();
    ledger::next_place(&tx, id).unwrap();
    let intent = Pending {
        terminal_id: id,
        sequence: 1,
        node: "n".into(),
        kind: Kind::Purchase,
        name,
        amount: None,
        card: None,
        entry_mode: None,
        operator: None,
        requested_at: Timestamp(1),
        of_sequence: None,
        undo_asked: false,
        reversal_sealed: None,
    };
    pending::insert(&tx, &intent).unwrap();
    pending::take(&tx, id, 1).unwrap();
    RUN.take()
}

#[test]
fn every_hot_statement_finds_its_rows_by_the_terminal() {
    let connection = Connection::open_in_memory().unwrap();
    migration::sqlite(&connection).unwrap();
    let hot = hot_statements(&connection);
    assert_eq!(hot.len(), 9);
    for sql in hot {
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let mut rows = plan.raw_query();
        while let Some(row) = rows.next().unwrap() {
            let step: String = row.get(3).unwrap();
            assert!(
                step.starts_with("SEARCH") && step.contains("(terminal_id=?"),
                "{sql}\n{step}"
            );
            let named = sql.contains("trace = ?3");
            assert!(!named || step.contains("batch=? AND trace=?"), "{sql}\n{step}");
        }
    }
}

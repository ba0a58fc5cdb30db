//! How the database finds the rows of the statements that every transaction runs: by keys of one terminal, never by
//! walking.
//!
//! Invariant: what an authorisation costs does not grow with the ledger.

use std::cell::RefCell;

use domain::transaction::{BatchTrace, Kind};
use domain::work::{Claim, Kind as WorkKind, State};
use domain::{TerminalId, Timestamp};
use rusqlite::Connection;

use crate::pending::Pending;
use crate::postgres::Session;
use crate::queue::Want;
use crate::sql::{sql, values};
use crate::{Tx, ledger, migration, owed_reversal, pending, terminal, work};

thread_local! {
    static RUN: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// Remembers that a statement ran on this thread.
pub(crate) fn note(sql: &'static str) {
    RUN.with_borrow_mut(|run| run.push(sql));
}

/// What one authorisation and its release ask, apart from what they have in common.
fn run_hot(tx: &Tx<'_>) {
    let id = TerminalId::parse(b"10450001").unwrap();
    let name = BatchTrace { batch: 1, trace: 1 };
    terminal::lock(tx, id).unwrap();
    pending::of_terminal(tx, id).unwrap();
    ledger::by_name(tx, id, name).unwrap();
    owed_reversal::is_owed(tx, id, 1).unwrap();
    ledger::next_place(tx, id).unwrap();
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
    pending::insert(tx, &intent).unwrap();
    pending::take(tx, id, 1).unwrap();
}

/// What a void, a refund, a completion or a reversal asks besides.
fn run_follow_up(tx: &Tx<'_>) {
    let id = TerminalId::parse(b"10450001").unwrap();
    ledger::about(tx, id, 1).unwrap();
    ledger::by_marks(tx, id, 1, (Some("1"), None)).unwrap();
    owed_reversal::sequences(tx, id).unwrap();
}

fn hot_statements(connection: &Connection) -> Vec<&'static str> {
    RUN.with_borrow_mut(Vec::clear);
    run_hot(&Tx::sqlite(connection, Timestamp(1)));
    run_follow_up(&Tx::sqlite(connection, Timestamp(1)));
    RUN.take()
}

#[test]
fn every_hot_statement_finds_its_rows_by_the_terminal() {
    let connection = Connection::open_in_memory().unwrap();
    migration::sqlite(&connection).unwrap();
    let hot = hot_statements(&connection);
    assert_eq!(hot.len(), 8 + 3);
    for sql in hot {
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let mut rows = plan.raw_query();
        while let Some(row) = rows.next().unwrap() {
            let step: String = row.get(3).unwrap();
            // Words about the order of steps, and the one row of a subquery whose own steps are looked at.
            if !step.starts_with("S") || step == "SCAN last" {
                continue;
            }
            assert!(
                step.starts_with("SEARCH") && step.contains("(terminal_id=?"),
                "{sql}\n{step}"
            );
            assert!(
                !sql.contains("of_sequence = ?2")
                    || step.contains("of_sequence=?")
                    || step.contains("sequence=?"),
                "{sql}\n{step}"
            );
            let named = sql.contains("trace = ?3");
            assert!(!named || step.contains("batch=? AND trace=?"), "{sql}\n{step}");
        }
    }
}

/// What a look for work asks, several times a second.
fn run_work(tx: &Tx<'_>) {
    let policy = WorkKind::Reversal.policy();
    let claim = Claim {
        node: "n".into(),
        incarnation: 1,
    };
    work::next(tx, WorkKind::Reversal, &policy).unwrap();
    work::claim(tx, WorkKind::Reversal, &policy, &claim, 64).unwrap();
    work::lose(tx, WorkKind::Reversal, &policy, 64).unwrap();
    work::stuck_count(tx, State::Dead).unwrap();
}

#[test]
fn a_look_for_work_finds_what_is_due_and_nothing_else() {
    let connection = Connection::open_in_memory().unwrap();
    migration::sqlite(&connection).unwrap();
    RUN.with_borrow_mut(Vec::clear);
    run_work(&Tx::sqlite(&connection, Timestamp(1)));
    let mut asked = RUN.take();
    asked.dedup();
    assert_eq!(asked.len(), 5);
    for sql in asked {
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let mut rows = plan.raw_query();
        while let Some(row) = rows.next().unwrap() {
            let step: String = row.get(3).unwrap();
            let is_found = step.contains("work_due (kind=? AND due_at_ms")
                || step.contains("PRIMARY KEY (subject_id=? AND kind=? AND part=?)")
                || step.contains("work_stuck");
            assert!(is_found || !step.contains(" work "), "{sql}\n{step}");
        }
    }
}

#[test]
fn a_look_for_work_finds_what_is_due_on_postgresql() {
    let database = local_postgres::shared().new_database().unwrap();
    let config = crate::postgres::config(&database).unwrap();
    let session = Session::open_to_write(&config).unwrap();
    migration::postgres(&session).unwrap();
    session.begin_alone().unwrap();
    RUN.with_borrow_mut(Vec::clear);
    run_work(&Tx::postgres(&session, Timestamp(1)));
    session.roll_back();
    let mut asked = RUN.take();
    asked.dedup();
    assert_eq!(asked.len(), 5, "{asked:#?}");
    for text in asked {
        let plan = postgres_plan(&session, text);
        for (at, step) in plan
            .iter()
            .enumerate()
            .filter(|(_, step)| step.contains(" on work"))
        {
            let cond = plan.get(at + 1).map_or("", String::as_str);
            let is_found =
                step.contains("Index") && cond.contains("Index Cond") || step.contains("Update on");
            assert!(is_found, "{text}\n{}", plan.join("\n"));
        }
    }
}

/// The steps of PostgreSQL's plan for a prepared statement.
fn postgres_plan(session: &Session, text: &'static str) -> Vec<String> {
    session.batch("DEALLOCATE ALL").unwrap();
    session.batch(&format!("PREPARE hot AS {text}")).unwrap();
    let parameters = (1..)
        .take_while(|number| text.contains(&format!("${number}")))
        .count();
    let nulls = vec!["NULL"; parameters].join(", ");
    let explained = format!("EXPLAIN EXECUTE hot ({nulls})");
    let rows = session
        .wait(session.client().query(explained.as_str(), &[]))
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[test]
fn every_hot_statement_of_postgresql_finds_its_rows_by_the_terminal() {
    let database = local_postgres::shared().new_database().unwrap();
    let config = crate::postgres::config(&database).unwrap();
    let session = Session::open_to_write(&config).unwrap();
    migration::postgres(&session).unwrap();
    session.begin_alone().unwrap();
    RUN.with_borrow_mut(Vec::clear);
    let tx = Tx::postgres(&session, Timestamp(1));
    tx.execute(sql!("INSERT INTO merchant (merchant_id, name, name_en, trade, unified_social_credit_code) VALUES ($1, $1, $1, $1, $1)"), values!["M"]).unwrap();
    tx.execute(
        sql!("INSERT INTO shop (shop_id, merchant_id, name, address) VALUES ($1, $1, $1, $1)"),
        values!["M"],
    )
    .unwrap();
    tx.execute(sql!("INSERT INTO terminal (terminal_id, merchant_id, shop_id, serial, model, name, acquirer_code, unified_social_credit_code,
        settlement_account_sealed, settlement_account_last4, placement_address, status, language, time_zone, master_key_sealed)
        SELECT CAST($1 AS TEXT), 'M', 'M', '', '', '', '', '', '', '', '', 'active', '', '', ''"), values!["10450001"]).unwrap();
    session.commit().unwrap();
    // Once by statements of their own, once gathered, written together.
    session.begin_alone().unwrap();
    RUN.with_borrow_mut(Vec::clear);
    run_hot(&tx);
    run_follow_up(&tx);
    session.roll_back();
    let name = Some(BatchTrace { batch: 1, trace: 1 });
    let want = Want {
        name,
        ..Want::of(TerminalId::parse(b"10450001").unwrap())
    };
    session.begin_together(&[want]).unwrap();
    session.begin_work();
    run_hot(&tx);
    ledger::append(
        &tx,
        &domain::transaction::LedgerRow::bare(
            want.terminal_id,
            1,
            Timestamp(1),
            domain::transaction::Entry::HoldPlaced,
        ),
    )
    .unwrap();
    session.end_work(true).unwrap();
    session.commit().unwrap();
    let mut hot = RUN.take();
    hot.sort_unstable();
    hot.dedup();
    assert_eq!(hot.len(), 16 + 3, "{hot:#?}");
    for text in hot {
        let plan = postgres_plan(&session, text);
        for (at, step) in plan.iter().enumerate().filter(|(_, step)| step.contains("Scan")) {
            let found = step.contains("Function Scan")
                || (step.contains("Index")
                    && plan
                        .get(at + 1)
                        .is_some_and(|cond| cond.contains("Index Cond") && cond.contains("terminal_id")));
            assert!(found, "{text}\n{}", plan.join("\n"));
        }
    }
}

//! Brings a database's tables up to date, one numbered step at a time.
//!
//! Invariant: a step that has run is never edited; a change is a new step.

use rusqlite::Connection;

use crate::Error;
use crate::postgres::session::Session;
use crate::sql::{Value, sql};

const STEPS: &[&str] = &[
    include_str!("../migrations/0001_house.sql"),
    include_str!("../migrations/0002_nodes.sql"),
    include_str!("../migrations/0003_one_tree.sql"),
    include_str!("../migrations/0004_events.sql"),
    include_str!("../migrations/0005_follow_ups.sql"),
    include_str!("../migrations/0006_proof.sql"),
    include_str!("../migrations/0007_keys_and_stops.sql"),
];

/// Only one node at a time brings a shared store up to date; the number is ours among the database's advisory locks.
const POSTGRES_TURN: &str = "SELECT pg_advisory_xact_lock(858300)";

/// Runs the steps that have not run yet, all or none.
pub(crate) fn sqlite(connection: &Connection) -> Result<(), Error> {
    connection
        .execute_batch("BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS migration (step BIGINT PRIMARY KEY)")?;
    let done: i64 = connection.query_row("SELECT count(*) FROM migration", [], |row| row.get(0))?;
    for (step, text) in left(done)? {
        connection.execute_batch(&text.replace("-- sqlite: ", ""))?;
        connection.execute("INSERT INTO migration (step) VALUES (?1)", [step as i64 + 1])?;
    }
    connection.execute_batch("COMMIT")?;
    Ok(())
}

/// The same for a shared store.
pub(crate) fn postgres(session: &Session) -> Result<(), Error> {
    session.batch(&format!(
        "BEGIN; {POSTGRES_TURN}; CREATE TABLE IF NOT EXISTS migration (step BIGINT PRIMARY KEY)"
    ))?;
    let count = sql!("SELECT count(*) FROM migration");
    let done = crate::sql::int(&session.query(count, &[])?[0], 0)?.unwrap_or_default();
    for (step, text) in left(done)? {
        session.batch(&in_postgres(text))?;
        session.execute(
            sql!("INSERT INTO migration (step) VALUES ($1)"),
            &[Value::Int(step as i64 + 1)],
        )?;
    }
    session.batch("COMMIT")
}

/// The steps after the first `done`.
fn left(done: i64) -> Result<impl Iterator<Item = (usize, &'static str)>, Error> {
    let done = usize::try_from(done).unwrap_or(usize::MAX);
    match done > STEPS.len() {
        true => Err(Error::Unusable("it was written by a newer version".into())),
        false => Ok(STEPS.iter().copied().enumerate().skip(done)),
    }
}

/// A step's text as PostgreSQL takes it: its own word for bytes, texts that compare byte by byte as SQLite's do, and lines
/// that are marked as meant for it alone.
fn in_postgres(text: &str) -> String {
    text.replace("-- postgres: ", "")
        .replace(" TEXT", " TEXT COLLATE \"C\"")
        .replace(" BLOB", " BYTEA")
}

//! Brings a database's tables up to date, one numbered step at a time.
//!
//! Invariant: a step that has run is never edited; a change is a new step.

use rusqlite::Connection;

use crate::Error;

const STEPS: &[&str] = &[include_str!("../migrations/0001_house.sql")];

/// Runs the steps that have not run yet, all or none.
pub(crate) fn run(connection: &Connection) -> Result<(), Error> {
    connection
        .execute_batch("BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS migration (step BIGINT PRIMARY KEY)")?;
    let done: i64 = connection.query_row("SELECT count(*) FROM migration", [], |row| row.get(0))?;
    let done = usize::try_from(done).unwrap_or(usize::MAX);
    if done > STEPS.len() {
        return Err(Error::Unusable("it was written by a newer version".into()));
    }
    for (step, text) in STEPS.iter().enumerate().skip(done) {
        connection.execute_batch(text)?;
        connection.execute("INSERT INTO migration (step) VALUES (?1)", [step as i64 + 1])?;
    }
    connection.execute_batch("COMMIT")?;
    Ok(())
}

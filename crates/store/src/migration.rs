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
    include_str!("../migrations/0008_work.sql"),
    include_str!("../migrations/0009_names.sql"),
    include_str!("../migrations/0010_settings.sql"),
    include_str!("../migrations/0011_stop_requests.sql"),
    include_str!("../migrations/0012_estate.sql"),
    include_str!("../migrations/0013_imports.sql"),
    include_str!("../migrations/0014_account_email.sql"),
    include_str!("../migrations/0015_rights.sql"),
    include_str!("../migrations/0016_audit.sql"),
    include_str!("../migrations/0017_factors.sql"),
    include_str!("../migrations/0018_personal.sql"),
    include_str!("../migrations/0019_emergency_codes.sql"),
    include_str!("../migrations/0020_registrations.sql"),
    include_str!("../migrations/0021_api_keys.sql"),
    include_str!("../migrations/0022_event_texts.sql"),
    include_str!("../migrations/0023_allowances.sql"),
    include_str!("../migrations/0024_findings.sql"),
    include_str!("../migrations/0025_registration_login.sql"),
    include_str!("../migrations/0026_consents.sql"),
    include_str!("../migrations/0027_duties.sql"),
    include_str!("../migrations/0028_duty_terms.sql"),
    include_str!("../migrations/0029_police.sql"),
    include_str!("../migrations/0030_replacements.sql"),
    include_str!("../migrations/0031_attachments.sql"),
    include_str!("../migrations/0032_duty_mails.sql"),
    include_str!("../migrations/0033_found.sql"),
    include_str!("../migrations/0034_police_scans.sql"),
    include_str!("../migrations/0035_revisions.sql"),
    include_str!("../migrations/0036_address.sql"),
    include_str!("../migrations/0037_statements.sql"),
    include_str!("../migrations/0038_photos.sql"),
    include_str!("../migrations/0039_marks.sql"),
    include_str!("../migrations/0040_letters.sql"),
    include_str!("../migrations/0042_questions.sql"),
    include_str!("../migrations/0043_statement_mapping.sql"),
    include_str!("../migrations/0044_settlement_holds.sql"),
    include_str!("../migrations/0045_money.sql"),
    include_str!("../migrations/0046_opening_hours.sql"),
    include_str!("../migrations/0047_unanswered.sql"),
    include_str!("../migrations/0049_common_point.sql"),
    include_str!("../migrations/0048_recorded.sql"),
    include_str!("../migrations/0050_suspicious_report.sql"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_owed_and_would_end_before_there_was_work_becomes_work() {
        let connection = Connection::open_in_memory().unwrap();
        let run = |text: &str| {
            connection
                .execute_batch(&text.replace("-- sqlite: ", ""))
                .unwrap()
        };
        let first = STEPS
            .iter()
            .position(|text| text.contains("CREATE TABLE work "))
            .unwrap();
        STEPS[..first].iter().for_each(|text| run(text));
        run("INSERT INTO owed_reversal VALUES ('T', 17, 1, 2, 'purchase', 100, 156, NULL, '98', 'terminal', 5, 9, 3, x'01', 'n');
             INSERT INTO hold (terminal_id, hold_id, kind, cause, placed_by, placed_at_ms, until_ms, released_at_ms) VALUES
               ('T', 4, 'wrong_passwords', '', '', 1, 8, NULL), ('T', 5, 'wrong_passwords', '', '', 1, 8, 2), ('T', 6, 'loss', '', '', 1, NULL, NULL)");
        STEPS[first..].iter().for_each(|text| run(text));
        let tx = crate::Tx::sqlite(&connection, domain::Timestamp(0));
        let all = crate::work::list(&tx, crate::work::Filter::default(), None, 9).unwrap();
        let all: Vec<_> = all
            .iter()
            .map(|work| (work.id.as_str(), work.due.unwrap().0, work.tries))
            .collect();
        assert_eq!(all, [("hold_end.T.4", 8, 0), ("reversal.T.17", 9, 3)]);
        let terminal_id = domain::TerminalId::parse(b"T").unwrap();
        let owed = crate::owed_reversal::get(&tx, terminal_id, 17).unwrap().unwrap();
        assert_eq!(owed.reversal_sealed, Some(vec![1]));
    }
}

//! Reports of suspicious transactions: rows by name.
//!
//! Invariant: rows are added and changed, never taken out. Who may know of them is asked by whoever calls.

use domain::event::Subject;
use domain::suspicious_report::{Decision, Filed, Kind, REMIND_BEFORE_MS, Said, State, SuspiciousReport};
use domain::{MerchantId, TerminalId, Timestamp};

use crate::audit;
use crate::row::{columns, read, select, table};
use crate::sql::{sql, values};
use crate::{Error, Tx};

crate::row::words!(Decision, Kind, State);
columns!(Said {
    grounds,
    is_grave,
    #[sealed]
    persons,
    #[sealed]
    facts,
    #[sealed]
    analysis,
    #[sealed]
    payments,
    decision,
    #[sealed]
    decision_text,
});
columns!(Filed {
    at = "filed_at_ms",
    by = "filed_by",
    recorded_at = "filed_recorded_at_ms",
    #[sealed]
    receipt,
    #[sealed]
    branch,
});
table!(SuspiciousReport: "suspicious_report", 1 {
    suspicious_report_id,
    kind,
    earlier_id,
    merchant_id,
    terminal_id,
    incident_id,
    said: Said,
    state,
    version,
    writers,
    written_at = "written_at_ms",
    proposed_by,
    proposed_at = "proposed_at_ms",
    confirmed_by,
    confirmed_at = "confirmed_at_ms",
    due_at = "due_at_ms",
    is_provisional,
    filed: Filed,
    reminded_at = "reminded_at_ms",
});

/// Which reports a list is about.
#[derive(Clone, Debug, Default)]
pub struct Filter<'a> {
    /// Where they stand.
    pub state: Option<State>,
    /// About one merchant's payments.
    pub merchant_id: Option<MerchantId>,
    /// About one terminal's.
    pub terminal_id: Option<TerminalId>,
    /// Of one loss.
    pub incident_id: Option<&'a str>,
}

/// A place in the list: see [`spot`].
pub type Spot = (i64, String);

/// What is decided already comes after what is not.
const OPEN_AFTER_MS: i64 = 4_000_000_000_000_000;
/// And what is over after that.
const OVER_AFTER_MS: i64 = 8_000_000_000_000_000;

/// Where one stands in the list: first those to be filed, the earliest term first; then those that are not decided, and those that are
/// over, what was written last first.
pub fn spot(it: &SuspiciousReport) -> Spot {
    let place = match it.state {
        State::Confirmed => it.due_at.map_or(0, |due| due.0),
        State::Draft | State::Proposed => OPEN_AFTER_MS - it.written_at.0,
        State::Filed | State::NotReported => OVER_AFTER_MS - it.written_at.0,
    };
    (place, it.suspicious_report_id.clone())
}

/// Reports after a place; at most `limit`.
pub fn list(
    tx: &Tx<'_>,
    filter: &Filter<'_>,
    after: Option<&Spot>,
    limit: i64,
) -> Result<Vec<SuspiciousReport>, Error> {
    let sql = select!(
        SuspiciousReport,
        "JOIN (SELECT suspicious_report_id AS id, CASE state WHEN 'confirmed' THEN coalesce(due_at_ms, 0)
             WHEN 'draft' THEN 4000000000000000 - written_at_ms WHEN 'proposed' THEN 4000000000000000 - written_at_ms
             ELSE 8000000000000000 - written_at_ms END AS place FROM suspicious_report) AS spot
           ON spot.id = suspicious_report.suspicious_report_id
         WHERE (CAST($1 AS TEXT) IS NULL OR suspicious_report.state = $1)
           AND (CAST($2 AS TEXT) IS NULL OR suspicious_report.merchant_id = $2)
           AND (CAST($3 AS TEXT) IS NULL OR suspicious_report.terminal_id = $3)
           AND (CAST($4 AS TEXT) IS NULL OR suspicious_report.incident_id = $4)
           AND (spot.place, spot.id) > ($5, $6)
         ORDER BY spot.place, spot.id LIMIT $7"
    );
    let (place, id) = after.map_or((i64::MIN, ""), |(place, id)| (*place, id.as_str()));
    let values = [
        filter.state.map(State::code).into(),
        filter.merchant_id.as_ref().into(),
        filter.terminal_id.as_ref().into(),
        filter.incident_id.into(),
        place.into(),
        id.into(),
        limit.into(),
    ];
    tx.all(sql, &values, read)
}

/// Those that add to one or put it right, in the order of their identifiers; at most `limit`.
pub fn later_than(tx: &Tx<'_>, id: &str, limit: i64) -> Result<Vec<String>, Error> {
    let sql = sql!(
        "SELECT suspicious_report_id FROM suspicious_report WHERE earlier_id = $1 ORDER BY suspicious_report_id LIMIT $2"
    );
    tx.all(sql, values![id, limit], |row| row.string(0))
}

/// Those whose term is over or ends within a day, and of which nobody was reminded since a time; at most `limit`.
pub fn to_remind(tx: &Tx<'_>, since: Timestamp, limit: i64) -> Result<Vec<SuspiciousReport>, Error> {
    let sql = select!(
        SuspiciousReport,
        "WHERE suspicious_report.state = 'confirmed' AND suspicious_report.due_at_ms <= $1
           AND (suspicious_report.reminded_at_ms IS NULL OR suspicious_report.reminded_at_ms < $2)
         ORDER BY suspicious_report.due_at_ms LIMIT $3"
    );
    let values = values![tx.now().plus_ms(REMIND_BEFORE_MS), since, limit];
    tx.all(sql, values, read)
}

/// How many terms are over, and how many more end within a day.
pub fn due(tx: &Tx<'_>) -> Result<(i64, i64), Error> {
    let sql = sql!(
        "SELECT coalesce(sum(CASE WHEN due_at_ms <= $1 THEN 1 ELSE 0 END), 0), count(*) FROM suspicious_report
         WHERE state = 'confirmed' AND due_at_ms <= $2"
    );
    let values = values![tx.now(), tx.now().plus_ms(REMIND_BEFORE_MS)];
    let counts = tx.first(sql, values, |row| Ok((row.int(0)?, row.int(1)?)))?;
    let (over, all) = counts.unwrap_or_default();
    Ok((over, all - over))
}

/// Takes out what was said in reports that were filed, or decided not to be, before a time; at most `limit`. Answers how many there were.
pub fn erase(tx: &Tx<'_>, before: Timestamp, limit: i64) -> Result<usize, Error> {
    let over = sql!(
        "SELECT suspicious_report_id FROM suspicious_report WHERE analysis IS NOT NULL
           AND (state = 'filed' AND filed_recorded_at_ms <= $1 AND filed_at_ms <= $1 OR state = 'not_reported' AND confirmed_at_ms <= $1)
         LIMIT $2"
    );
    let over = tx.all(over, values![before, limit], |row| row.string(0))?;
    for id in &over {
        let said = sql!(
            "UPDATE suspicious_report SET persons = NULL, facts = NULL, analysis = NULL, payments = NULL, decision_text = NULL,
               receipt = NULL, branch = NULL WHERE suspicious_report_id = $1"
        );
        tx.execute(said, values![id])?;
        audit::erase_texts(tx, Subject::SuspiciousReport, id)?;
    }
    Ok(over.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_by_the_numbers_that_its_cursor_has() {
        let text = include_str!("suspicious_report.rs");
        for after_ms in [OPEN_AFTER_MS, OVER_AFTER_MS] {
            assert!(
                text.contains(&format!("{after_ms} - written_at_ms")),
                "{after_ms}"
            );
        }
    }
}

//! Forgetting what is kept for a time only.
//!
//! Invariant: nothing depends on it being done: whatever reads such a row looks at its time.

use domain::time::HOUR_MS;
use domain::work::{CLEAN_UP_EVERY_MS, CleanUp, Work};
use store::{Error, Tx};

/// Rows forgotten in one go.
const ROWS_MAX: i64 = 1_000;
/// How long a link is remembered after its end: `retention.invitation` of the store's `columns.toml`.
const INVITATIONS_KEPT_MS: i64 = 30 * 24 * HOUR_MS;
/// How long what people said in an incident is kept after it was closed: `retention.case` there.
pub const CASES_KEPT_MS: i64 = 1_095 * 24 * HOUR_MS;
/// How long it is remembered who was there.
const NODES_KEPT_MS: i64 = 24 * HOUR_MS;

/// Does one clean-up and ends its claim: it is due again in an hour, or at once when there is more. False when the claim was
/// taken over meanwhile.
pub fn run(tx: &Tx<'_>, claimed: &Work) -> Result<bool, Error> {
    let Some(what) = CleanUp::parse(claimed.id.subject_id()) else {
        // Of a later version.
        return crate::work::again(tx, claimed, tx.now().plus_ms(CLEAN_UP_EVERY_MS));
    };
    let forgotten = forget(tx, what)?;
    let wait_ms = match forgotten as i64 >= ROWS_MAX {
        true => 0,
        false => CLEAN_UP_EVERY_MS,
    };
    crate::work::again(tx, claimed, tx.now().plus_ms(wait_ms))
}

/// Answers how many rows there were.
fn forget(tx: &Tx<'_>, what: CleanUp) -> Result<usize, Error> {
    match what {
        CleanUp::Sessions => {
            let answers = store::factor::forget(tx, ROWS_MAX)?;
            Ok(answers.max(store::session::forget(tx, ROWS_MAX)?))
        }
        CleanUp::IdempotencyKeys => store::idempotency::forget(tx, ROWS_MAX),
        CleanUp::Allowances => store::allowance::forget(tx, ROWS_MAX),
        CleanUp::EmergencyCodes => store::emergency_code::forget(tx, ROWS_MAX),
        CleanUp::Registrations => {
            store::registration::forget(tx, tx.now().plus_ms(-domain::registration::KEPT_MS), ROWS_MAX)
        }
        CleanUp::Invitations => {
            store::invitation::forget(tx, tx.now().plus_ms(-INVITATIONS_KEPT_MS), ROWS_MAX)
        }
        CleanUp::Cases => {
            store::audit::lock(tx)?;
            let holds = tx.now().plus_ms(-domain::settlement_hold::KEPT_MS);
            let holds = store::settlement_hold::erase(tx, holds, ROWS_MAX)?;
            let reports = tx.now().plus_ms(-domain::suspicious_report::KEPT_MS);
            let reports = store::suspicious_report::erase(tx, reports, ROWS_MAX)?;
            Ok(holds.max(reports).max(store::incident::erase(
                tx,
                tx.now().plus_ms(-CASES_KEPT_MS),
                ROWS_MAX,
            )?))
        }
        CleanUp::Nodes => store::node::forget(tx, tx.now().plus_ms(-NODES_KEPT_MS)),
        CleanUp::Imports => crate::import::forget(tx, ROWS_MAX),
        // A few pieces at a time: there is more as long as there is any.
        CleanUp::Files => Ok(match crate::piece::forget(tx)? {
            true => ROWS_MAX as usize,
            false => 0,
        }),
        // Likewise.
        CleanUp::Statements => Ok(match crate::statement::forget(tx)? {
            true => ROWS_MAX as usize,
            false => 0,
        }),
        CleanUp::Rosters => crate::roster::forget(tx, ROWS_MAX),
        CleanUp::Recorded => {
            let words = tx.now().plus_ms(-domain::recorded::KEPT_MS);
            let words = store::recorded::erase(tx, words, ROWS_MAX)?;
            let sealed = tx.now().plus_ms(-domain::recorded::SEALED_MS);
            Ok(words.max(store::recorded::forget(tx, sealed, ROWS_MAX)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_for_a_time_is_kept_for_the_time_the_page_of_columns_says() {
        let page = include_str!("../../store/columns.toml");
        for (retention, kept_ms) in [
            ("invitation", INVITATIONS_KEPT_MS),
            ("case", CASES_KEPT_MS),
            ("photo", crate::photo::REMOVED_KEPT_MS),
            ("registration", domain::registration::KEPT_MS),
            ("roster", crate::roster::KEPT_MS),
            ("recorded", domain::recorded::SEALED_MS),
            ("recorded_ground", domain::recorded::KEPT_MS),
            ("statement", domain::statement::KEPT_MS),
            ("settlement_hold", domain::settlement_hold::KEPT_MS),
            ("suspicious_report", domain::suspicious_report::KEPT_MS),
        ] {
            let said = format!("[retention.{retention}]\ndays = {}\n", kept_ms / (24 * HOUR_MS));
            assert!(page.contains(&said), "{said}");
        }
    }
}

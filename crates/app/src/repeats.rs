//! Attempts of a held terminal that come too fast for a row each: they are counted at the gate, and the count is evidence.
//!
//! Invariant: none of them is dropped without being counted.

use domain::transaction::{Decision, Entry, Kind, LedgerRow, Proof, ResponseCode};
use domain::{TerminalId, Timestamp};
use store::{Error, Tx, ledger};

use crate::attempt::{lock, record_attempt};

/// Alike attempts that were refused without a row of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeats {
    /// Which terminal they name.
    pub terminal_id: TerminalId,
    /// What they asked for.
    pub kind: Kind,
    /// Whether they proved that it was the terminal.
    pub proof: Proof,
    /// How many.
    pub count: i64,
    /// Where the last one came from.
    pub peer: String,
    /// When the first one came.
    pub first_at: Timestamp,
}

/// Writes one row for all of them. Answers the incident that has something new to show.
pub fn write(tx: &Tx<'_>, repeats: &Repeats) -> Result<Option<String>, Error> {
    let Some(locked) = lock(tx, repeats.terminal_id)? else {
        return Ok(None);
    };
    let place = ledger::next_place(tx, repeats.terminal_id)?;
    // The hold may have been released since: they were refused for it all the same.
    let reason = match locked.standing.may_transact() {
        true => "held".to_owned(),
        false => locked.standing.reason(),
    };
    let decision = match repeats.kind.recorded_when_held() {
        true => Decision::Recorded,
        false => Decision::Declined,
    };
    let row = LedgerRow {
        decision: Some(decision),
        operator: locked.admission.operator,
        response_code: Some(ResponseCode::TERMINAL_NOT_PERMITTED),
        reason: Some(reason),
        peer: Some(repeats.peer.clone()),
        requested_at: repeats.first_at,
        proof: Some(repeats.proof),
        repeated: Some(repeats.count),
        ..LedgerRow::bare(
            repeats.terminal_id,
            place.sequence,
            place.at,
            Entry::Request(repeats.kind),
        )
    };
    ledger::append(tx, &row)?;
    match locked.standing.has(domain::hold::Kind::Loss) {
        true => record_attempt(tx, &row),
        false => Ok(None),
    }
}

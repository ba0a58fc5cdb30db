//! Filling a store with an estate and a past of millions of rows, for benchmarks: one statement writes many.
//!
//! A terminal's number is its identifier. Rows are written in the order of their keys, which is the fast order.
//!
//! Invariant: what is written is what the nouns would have written, and nothing in it names a card.

use std::ops::Range;

use domain::{TerminalId, Timestamp};

use crate::sql::{sql, values};
use crate::{Error, Tx};

/// Writes the terminals of these numbers, each with a session, as copies of one that is there and signed in.
pub fn terminals(tx: &Tx<'_>, pattern: TerminalId, numbers: Range<i64>) -> Result<(), Error> {
    let terminal = sql!(
        "INSERT INTO terminal (terminal_id, merchant_id, shop_id, serial, model, name, acquirer_code, unified_social_credit_code,
           settlement_account_sealed, settlement_account_last4, placement_address, status, language, time_zone, master_key_sealed)
         WITH RECURSIVE number (i) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + 1 FROM number WHERE i + 1 < $2)
         SELECT CAST(i AS TEXT), p.merchant_id, p.shop_id, 'B' || CAST(i AS TEXT), p.model, CAST(i AS TEXT), p.acquirer_code,
           p.unified_social_credit_code, p.settlement_account_sealed, p.settlement_account_last4, p.placement_address, p.status,
           p.language, p.time_zone, p.master_key_sealed
         FROM number CROSS JOIN terminal p WHERE p.terminal_id = $3 ORDER BY i"
    );
    let session = sql!(
        "INSERT INTO terminal_session (terminal_id, batch, operator, signed_in_at_ms, keys_sealed, sequence)
         WITH RECURSIVE number (i) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + 1 FROM number WHERE i + 1 < $2)
         SELECT CAST(i AS TEXT), p.batch, p.operator, p.signed_in_at_ms, p.keys_sealed, p.sequence
         FROM number CROSS JOIN terminal_session p WHERE p.terminal_id = $3 ORDER BY i"
    );
    if numbers.is_empty() {
        return Ok(());
    }
    let values = values![numbers.start, numbers.end, &pattern];
    tx.execute(terminal, values)?;
    tx.execute(session, values).map(drop)
}

/// Writes an approved purchase into the ledger for each of these sequences of each of these terminals, so many milliseconds apart
/// from `epoch` on, five hundred to a batch.
pub fn history(
    tx: &Tx<'_>,
    numbers: Range<i64>,
    sequences: Range<i64>,
    (epoch, apart_ms): (Timestamp, i64),
) -> Result<(), Error> {
    let sql = sql!(
        "INSERT INTO ledger (terminal_id, sequence, at_ms, decision, entry, batch, trace, amount_minor, currency, card, entry_mode,
           operator, response_code, retrieval_reference, approval_code, requested_at_ms)
         WITH RECURSIVE number (i) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + 1 FROM number WHERE i + 1 < $1)
         SELECT CAST(CAST($2 AS BIGINT) + i / $3 AS TEXT), $4 + i % $3, $5 + ($4 + i % $3) * $6, 'approved', 'purchase',
           1 + ($4 + i % $3) / 500, 1 + ($4 + i % $3) % 500, 100 + i % 9000, 156, '621234******0000', 'swipe', '001', '00',
           CAST(100000000000 + i AS TEXT), CAST(100000 + i % 900000 AS TEXT), $5 + ($4 + i % $3) * $6 - 60
         FROM number ORDER BY i"
    );
    let length = sequences.end - sequences.start;
    let rows = (numbers.end - numbers.start) * length;
    if rows <= 0 {
        return Ok(());
    }
    let values = values![rows, numbers.start, length, sequences.start, epoch, apart_ms];
    tx.execute(sql, values).map(drop)
}

//! The audit log: who did what, outside the ledger.
//!
//! Invariant: append only, in the transaction of what it records.

use crate::sql::{sql, values};
use crate::{Error, Tx};

/// One act.
#[derive(Clone, Copy, Debug)]
pub struct Act<'a> {
    /// Who: a login, `operator 001 @ 10450001`, `gate`.
    pub actor: &'a str,
    /// What: `incident.report_loss`, `hold.release`.
    pub verb: &'a str,
    /// On what: a terminal or an incident.
    pub subject: &'a str,
    /// The particulars, without personal data.
    pub detail: &'a str,
}

/// Appends an act.
pub fn append(tx: &Tx<'_>, act: Act<'_>) -> Result<(), Error> {
    // Nodes that share a store number their acts by a sequence: it never waits, and may leave gaps.
    let sql = sql!(
        sqlite: "INSERT INTO audit (audit_id, at_ms, actor, verb, subject, detail)
         VALUES ((SELECT coalesce(max(audit_id), 0) + 1 FROM audit), $1, $2, $3, $4, $5)",
        postgres: "INSERT INTO audit (audit_id, at_ms, actor, verb, subject, detail) VALUES (nextval('audit_id'), $1, $2, $3, $4, $5)"
    );
    tx.execute(
        sql,
        values![tx.now(), act.actor, act.verb, act.subject, act.detail],
    )
    .map(drop)
}

//! Duties: what must follow a loss.

use domain::Timestamp;
use domain::account::Scope;
use domain::duty::{Duty, End, LATE_EVERY_MS, Moment, NotNeeded, Proof, State, Whose};

use crate::row::{columns, read, select, table};
use crate::shop::scope_values;
use crate::sql::{sql, values};
use crate::{Error, Tx};

crate::row::words!(State, Whose, Moment, Proof, NotNeeded);
columns!(End {
    by = "ended_by",
    at = "ended_at_ms",
    done_at = "done_at_ms",
    #[sealed]
    reference,
    #[sealed]
    statement,
    attachment_id,
    confirmed_by,
});
table!(Duty: "duty", 1 {
    duty_id,
    incident_id,
    position,
    duty,
    title_zh,
    title_en,
    whose,
    is_outside,
    state,
    proof,
    takes_file,
    blocks_closing,
    not_needed,
    after,
    rule,
    rule_mark,
    starts_from,
    term,
    started_at = "started_at_ms",
    due_at = "due_at_ms",
    is_provisional,
    remind_at = "remind_at_ms",
    extended_at = "extended_at_ms",
    assigned_to,
    end: End,
});

/// The duties of an incident, in their order.
pub fn of(tx: &Tx<'_>, incident_id: &str) -> Result<Vec<Duty>, Error> {
    let sql = select!(
        Duty,
        "WHERE duty.incident_id = $1 ORDER BY duty.position LIMIT 1000"
    );
    tx.all(sql, values![incident_id], read)
}

/// A duty of which people are to be told something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Which one.
    pub duty_id: String,
    /// Of which incident.
    pub incident_id: String,
    /// Since when.
    pub remind_at: Timestamp,
}
table!(Told: "duty", 1 { duty_id, incident_id, remind_at = "remind_at_ms" });

/// Those of which people are to be told something by now, the longest due first; at most `limit`. Nobody is told later than a day
/// after a term, or after now: what is to be told then was put off by a clock that went wrong.
pub fn to_remind(tx: &Tx<'_>, limit: i64) -> Result<Vec<Told>, Error> {
    let sql = select!(
        Told,
        "WHERE duty.remind_at_ms IS NOT NULL AND (duty.remind_at_ms <= $1
           OR duty.remind_at_ms > $3 + CASE WHEN duty.due_at_ms > $1 THEN duty.due_at_ms ELSE $1 END)
         ORDER BY duty.remind_at_ms, duty.duty_id LIMIT $2"
    );
    tx.all(sql, values![tx.now(), limit, LATE_EVERY_MS + 1], read)
}

/// Open duties of incidents that somebody of that scope sees, whose term ends by then, the longest due first: of that side, or given to that
/// log-in; at most `limit`. A shop's people write down what an acquirer outside does.
pub fn due_by(
    tx: &Tx<'_>,
    (scope, login): (&Scope, &str),
    until: Timestamp,
    limit: i64,
) -> Result<Vec<Duty>, Error> {
    let sql = select!(
        Duty,
        "JOIN incident i ON i.incident_id = duty.incident_id JOIN terminal t ON t.terminal_id = i.terminal_id
          WHERE duty.state IN ('open', 'not_needed_proposed') AND duty.due_at_ms IS NOT NULL AND duty.due_at_ms <= $1 AND i.state <> 'closed'
            AND (CAST($2 AS TEXT) IS NULL OR t.merchant_id = $2) AND (CAST($3 AS TEXT) IS NULL OR t.shop_id = $3)
            AND (duty.assigned_to = $4 OR (duty.whose = 'acquirer' AND duty.is_outside = 0) = (CAST($2 AS TEXT) IS NULL))
          ORDER BY duty.due_at_ms, duty.duty_id LIMIT $5"
    );
    let (merchant, shop) = scope_values(scope);
    tx.all(
        sql,
        &[until.into(), merchant, shop, login.into(), limit.into()],
        read,
    )
}

/// The nearest end of a term of an incident's duties that are open.
pub fn next_due(tx: &Tx<'_>, incident_id: &str) -> Result<Option<Timestamp>, Error> {
    let sql = sql!(
        "SELECT min(due_at_ms) FROM duty WHERE incident_id = $1 AND state IN ('open', 'not_needed_proposed')"
    );
    Ok(tx
        .first(sql, values![incident_id], |row| row.time_opt(0))?
        .flatten())
}

//! Invitations: links that make one account, or give one another password.

use domain::Timestamp;
use domain::account::{Narrowed, Scope};
use domain::invitation::{Invitation, State};

use crate::row::{read, select, table};
use crate::sql::{Value, sql, values};
use crate::{Error, Tx};

crate::row::words!(State);
table!(Invitation: "invitation", 1 {
    invitation_id,
    token_digest,
    login,
    #[sealed] name,
    role,
    scope: Scope,
    custom_role: Option<Narrowed>,
    state,
    made_by,
    made_at = "made_at_ms",
    ends_at = "ends_at_ms",
});

/// The invitation whose token has this digest.
pub fn of_token(tx: &Tx<'_>, token_digest: &[u8]) -> Result<Option<Invitation>, Error> {
    let sql = select!(Invitation, "WHERE invitation.token_digest = $1");
    tx.first(sql, values![token_digest], read)
}

/// Withdraws the open links of one account; answers how many.
pub fn withdraw_of(tx: &Tx<'_>, login: &str) -> Result<usize, Error> {
    let sql = sql!("UPDATE invitation SET state = 'withdrawn' WHERE login = $1 AND state = 'open'");
    tx.execute(sql, values![login])
}

/// Forgets links that ended before a time, at most `limit`; answers how many.
pub fn forget(tx: &Tx<'_>, before: Timestamp, limit: i64) -> Result<usize, Error> {
    let sql = sql!(
        "DELETE FROM invitation WHERE invitation_id IN
           (SELECT invitation_id FROM invitation WHERE ends_at_ms <= $1 LIMIT $2)"
    );
    tx.execute(sql, values![before, limit])
}

/// Invitations that somebody of that scope sees, in the order of their identifiers, after one; at most `limit`.
pub fn list(
    tx: &Tx<'_>,
    scope: &Scope,
    state: Option<State>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Invitation>, Error> {
    let sql = select!(
        Invitation,
        "WHERE (CAST($1 AS TEXT) IS NULL OR invitation.merchant_id = $1)
           AND (CAST($2 AS TEXT) IS NULL OR invitation.shop_id = $2) AND (CAST($3 AS TEXT) IS NULL OR invitation.state = $3)
           AND (CAST($4 AS TEXT) IS NULL OR invitation.invitation_id > $4) ORDER BY invitation.invitation_id LIMIT $5"
    );
    let (merchant, shop) = crate::shop::scope_values(scope);
    let values = [
        merchant,
        shop,
        state.map(State::code).into(),
        after.into(),
        Value::Int(limit),
    ];
    tx.all(sql, &values, read)
}

/// Those that made a person's account or were for it, the newest first; at most `limit`.
pub fn of(tx: &Tx<'_>, login: &str, limit: i64) -> Result<Vec<Invitation>, Error> {
    let sql = select!(
        Invitation,
        "WHERE invitation.login = $1 OR invitation.invitation_id IN (SELECT e.subject_id FROM event e
           WHERE e.actor = $1 AND e.actor_kind = 'person' AND e.subject = 'invitation' AND e.verb = 'accept')
         ORDER BY invitation.made_at_ms DESC, invitation.invitation_id LIMIT $2"
    );
    tx.all(sql, values![login, limit], read)
}

/// Forgets those that made a person's account or were for it.
pub fn delete_of(tx: &Tx<'_>, login: &str) -> Result<usize, Error> {
    let sql = sql!(
        "DELETE FROM invitation WHERE login = $1 OR invitation_id IN (SELECT e.subject_id FROM event e
           WHERE e.actor = $1 AND e.actor_kind = 'person' AND e.subject = 'invitation' AND e.verb = 'accept')"
    );
    tx.execute(sql, values![login])
}

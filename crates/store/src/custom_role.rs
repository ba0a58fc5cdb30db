//! Custom roles.

use domain::account::{Narrowed, Scope};
use domain::custom_role::{CustomRole, Details, State};
use domain::right::{Right, Rights};

use crate::row::{columns, read, select, table};
use crate::shop::scope_values;
use crate::sql::{Value, sql, values};
use crate::{Error, Tx};

crate::row::plain!(Rights: |row, at| Rights::from_bits(row.int(at)?), |it| Value::Int(it.bits()));
columns!(Narrowed { custom_role_id, rights = "custom_rights" });
columns!(Details {
    merchant_id,
    name,
    role,
    rights
});
table!(CustomRole: "custom_role", 1 { custom_role_id, details: Details, state });

/// What a second custom role of one place and name breaks.
pub const UNIQUE: &str = "custom_role_merchant_id_name";

/// A right as the statements compare it with a column of rights.
pub(crate) fn bit(right: Right) -> Value<'static> {
    Value::Int(Rights::new(&[right]).bits())
}

/// Custom roles that somebody of that scope sees, in the order of their identifiers, after one; at most `limit`.
pub fn list(
    tx: &Tx<'_>,
    scope: &Scope,
    state: Option<State>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<CustomRole>, Error> {
    let sql = select!(
        CustomRole,
        "WHERE (CAST($1 AS TEXT) IS NULL OR custom_role.merchant_id = $1) AND (CAST($2 AS TEXT) IS NULL OR custom_role.state = $2)
           AND (CAST($3 AS TEXT) IS NULL OR custom_role.custom_role_id > $3) ORDER BY custom_role.custom_role_id LIMIT $4"
    );
    let (merchant, _) = scope_values(scope);
    let values = [
        merchant,
        state.map(State::code).into(),
        after.into(),
        Value::Int(limit),
    ];
    tx.all(sql, &values, read)
}

/// Gives those rights to all who have the role.
pub fn spread(tx: &Tx<'_>, custom_role_id: &str, rights: Rights) -> Result<usize, Error> {
    let sql = sql!("UPDATE account SET custom_rights = $2 WHERE custom_role_id = $1");
    tx.execute(sql, values![custom_role_id, rights.bits()])
}

/// Whether an account that may be used has it, or somebody is invited to it.
pub fn is_given(tx: &Tx<'_>, custom_role_id: &str) -> Result<bool, Error> {
    let sql = sql!(
        "SELECT 1 FROM account WHERE custom_role_id = $1 AND state = 'active'
           UNION ALL SELECT 1 FROM invitation WHERE custom_role_id = $1 AND state = 'open' AND ends_at_ms > $2 LIMIT 1"
    );
    let found = tx.first(sql, values![custom_role_id, tx.now()], |_| Ok(()))?;
    Ok(found.is_some())
}

//! Operators of shops, and wrong passwords typed on terminals.

use domain::account::Scope;
use domain::operator::{Cashier, Number, Operator, State};
use domain::{TerminalId, Timestamp};

use crate::row::{self, Columns, Reader, Table, read, select, table};
use crate::shop::scope_values;
use crate::sql::{Value, sql, values};
use crate::{Error, Tx};

crate::row::words!(State);
crate::row::plain!(Number: |row, at| Number::parse(row.text(at)?).ok_or(Error::Corrupt("operator.operator"))?, |it| Value::Text(it.as_str()));
table!(Operator: "operator", 2 { shop_id, operator, #[sealed] name, state });

impl Columns for Cashier {
    const NAMES: &'static [&'static str] = Operator::NAMES;

    fn read(from: &mut Reader<'_>) -> Result<Self, Error> {
        Operator::read(from).map(Self::from)
    }

    fn values<'a>(&'a self, to: &mut Vec<Value<'a>>) {
        self.operator.values(to);
    }
}

impl Table for Cashier {
    const TABLE: &'static str = Operator::TABLE;
    const KEYS: usize = Operator::KEYS;
}

/// An operator and the hash of the password.
struct Kept {
    operator: Operator,
    password_hash: String,
}
table!(Kept: "operator", 2 { operator: Operator, password_hash });

/// What a second operator of one shop and number breaks.
pub const UNIQUE: &str = "operator_pkey";

/// Adds an operator with the hash of the password.
pub fn insert(tx: &Tx<'_>, operator: &Operator, password_hash: &str) -> Result<(), Error> {
    let kept = Kept {
        operator: operator.clone(),
        password_hash: password_hash.to_owned(),
    };
    row::insert(tx, &kept)
}

/// The operator of that shop and number.
pub fn get(tx: &Tx<'_>, shop_id: &str, operator: Number) -> Result<Option<Operator>, Error> {
    row::get(tx, values![shop_id, operator.as_str()])
}

/// Writes another password's hash.
pub fn set_password(tx: &Tx<'_>, operator: &Operator, password_hash: &str) -> Result<(), Error> {
    let sql = sql!("UPDATE operator SET password_hash = $3 WHERE shop_id = $1 AND operator = $2");
    let values = values![&operator.shop_id, operator.operator.as_str(), password_hash];
    tx.execute(sql, values).map(drop)
}

/// Operators of the shops that somebody sees, in the order of shop and number, after those; at most `limit`.
pub fn list(
    tx: &Tx<'_>,
    scope: &Scope,
    shop_id: Option<&str>,
    after: Option<(&str, Number)>,
    limit: i64,
) -> Result<Vec<Cashier>, Error> {
    let sql = select!(
        Cashier,
        "JOIN shop ON shop.shop_id = operator.shop_id
         WHERE (CAST($1 AS TEXT) IS NULL OR shop.merchant_id = $1) AND (CAST($2 AS TEXT) IS NULL OR shop.shop_id = $2)
           AND (CAST($3 AS TEXT) IS NULL OR shop.shop_id = $3)
           AND (CAST($4 AS TEXT) IS NULL OR operator.shop_id > $4 OR (operator.shop_id = $4 AND operator.operator > $5))
           ORDER BY operator.shop_id, operator.operator LIMIT $6"
    );
    let (merchant, shop) = scope_values(scope);
    let (after_shop, after_number) = after.unzip();
    let values = [
        merchant,
        shop,
        shop_id.into(),
        after_shop.into(),
        after_number.as_ref().map(Number::as_str).into(),
        Value::Int(limit),
    ];
    tx.all(sql, &values, read)
}

/// The hash of an operator's password, where the terminal's shop has that operator.
pub fn password_hash(tx: &Tx<'_>, terminal_id: TerminalId, operator: &str) -> Result<Option<String>, Error> {
    let sql = sql!(
        "SELECT o.password_hash FROM terminal t JOIN operator o ON o.shop_id = t.shop_id
         WHERE t.terminal_id = $1 AND o.operator = $2 AND o.state = 'active'"
    );
    tx.first(sql, values![&terminal_id, operator], |row| row.string(0))
}

/// Wrong passwords on the terminal since the last right one.
pub fn wrong_count(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<u32, Error> {
    let sql = sql!("SELECT wrong_count FROM wrong_password WHERE terminal_id = $1");
    let count = tx
        .first(sql, values![&terminal_id], |row| row.int(0))?
        .unwrap_or_default();
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Sets how many wrong passwords there were since the last right one.
pub fn set_wrong_count(tx: &Tx<'_>, terminal_id: TerminalId, count: u32, at: Timestamp) -> Result<(), Error> {
    let sql = sql!(
        "INSERT INTO wrong_password (terminal_id, wrong_count, at_ms) VALUES ($1, $2, $3)
         ON CONFLICT (terminal_id) DO UPDATE SET wrong_count = excluded.wrong_count, at_ms = excluded.at_ms"
    );
    tx.execute(sql, values![&terminal_id, count, at]).map(drop)
}

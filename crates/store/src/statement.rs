//! Statements, and the payments in them.
//!
//! Invariant: a payment is read as long as its statement is kept, and of those with one key the row of the statement that came last.

use domain::account::Scope;
use domain::money::Currency;
use domain::statement::{
    Certainty, Cover, Direction, Entry, Fate, Method, Payment, PaymentState, Span, State, Statement,
    Withdrawn,
};
use domain::{MerchantId, TerminalId, Timestamp};

use crate::row::{self, columns, read, select, table};
use crate::shop::scope_values;
use crate::sql::{Row, Value, sql, values};
use crate::{Error, Tx};

crate::row::words!(Certainty, Direction, Entry, Fate, Method, PaymentState, State);
columns!(Withdrawn {
    by = "withdrawn_by",
    at = "withdrawn_at_ms",
    #[sealed]
    ground = "withdrawn_ground",
});
table!(Statement: "statement", 1 {
    statement_id,
    merchant_id,
    shop_id,
    terminal_id,
    #[sealed] name,
    file_len,
    file_sha256,
    kinds,
    mapping,
    first_at = "first_at_ms",
    last_at = "last_at_ms",
    payments,
    added,
    refused,
    state,
    has_payments,
    by = "made_by",
    at = "made_at_ms",
    withdrawn: Withdrawn,
});
table!(Cover: "statement_cover", 2 {
    statement_id,
    position,
    from = "from_ms",
    to = "to_ms",
    is_said,
});
table!(Payment: "payment", 2 {
    statement_id,
    position,
    merchant_id,
    key,
    at = "at_ms",
    certainty,
    amount_minor,
    currency,
    direction,
    state,
    method,
    order_id,
    terminal,
    terminal_id,
    card,
    #[sealed] payer,
    #[sealed] operator,
    entry,
    file_row,
    fate,
    fate_at = "fate_at_ms",
});

/// What a second one of the same content, kept for the same shop or terminal, breaks.
pub const UNIQUE: &str = "statement_once";

/// Whose files and payments are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Of<'a> {
    /// Of which merchant.
    pub merchant_id: MerchantId,
    /// Of which shop.
    pub shop_id: &'a str,
    /// Of which of its terminals.
    pub terminal_id: TerminalId,
}

/// The one of that content that is kept for a shop, or for one of its terminals.
pub fn same(
    tx: &Tx<'_>,
    shop_id: &str,
    terminal_id: Option<TerminalId>,
    file_sha256: &[u8],
) -> Result<Option<Statement>, Error> {
    let sql = select!(
        Statement,
        "WHERE statement.shop_id = $1 AND coalesce(statement.terminal_id, '') = $2 AND statement.file_sha256 = $3
           AND statement.state = 'kept' LIMIT 1"
    );
    let terminal_id = terminal_id.as_ref().map_or("", TerminalId::as_str);
    tx.first(sql, values![shop_id, terminal_id, file_sha256], read)
}

/// What files there are, and what is in them together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// How many.
    pub count: i64,
    /// Bytes.
    pub len: i64,
    /// Payments.
    pub payments: i64,
}

/// What was brought for a merchant since a time, whatever became of it.
pub fn amount_of(tx: &Tx<'_>, merchant_id: MerchantId, since: Timestamp) -> Result<Amount, Error> {
    let sql = sql!(
        "SELECT count(*), CAST(coalesce(sum(file_len), 0) AS BIGINT), CAST(coalesce(sum(payments), 0) AS BIGINT)
           FROM statement WHERE merchant_id = $1 AND made_at_ms > $2"
    );
    let read = |row: &Row<'_>| {
        Ok(Amount {
            count: row.int(0)?,
            len: row.int(1)?,
            payments: row.int(2)?,
        })
    };
    Ok(tx
        .first(sql, values![&merchant_id, since], read)?
        .unwrap_or_default())
}

/// Which statements a list is about.
#[derive(Clone, Debug)]
pub struct Filter<'a> {
    /// What the account sees.
    pub scope: &'a Scope,
    /// Those of one shop.
    pub shop_id: Option<&'a str>,
    /// Those of that shop that are for this terminal, or for all.
    pub terminal_id: Option<TerminalId>,
}

/// A place in the list of statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// When it was brought.
    pub at: Timestamp,
    /// Which.
    pub statement_id: String,
}

/// Statements that are, or were, kept, the newest first; at most `limit`.
pub fn list(
    tx: &Tx<'_>,
    filter: &Filter<'_>,
    below: Option<&Spot>,
    limit: i64,
) -> Result<Vec<Statement>, Error> {
    let sql = select!(
        Statement,
        "WHERE statement.state IN ('kept', 'withdrawn')
           AND (CAST($1 AS TEXT) IS NULL OR statement.merchant_id = $1) AND (CAST($2 AS TEXT) IS NULL OR statement.shop_id = $2)
           AND (CAST($3 AS TEXT) IS NULL OR statement.shop_id = $3)
           AND (CAST($4 AS TEXT) IS NULL OR statement.terminal_id IS NULL OR statement.terminal_id = $4)
           AND (CAST($5 AS BIGINT) IS NULL OR (statement.made_at_ms, statement.statement_id) < ($5, $6))
         ORDER BY statement.made_at_ms DESC, statement.statement_id DESC LIMIT $7"
    );
    let (merchant, shop) = scope_values(filter.scope);
    let values = [
        merchant,
        shop,
        filter.shop_id.into(),
        filter.terminal_id.as_ref().into(),
        below.map(|spot| spot.at).into(),
        below.map_or("", |spot| spot.statement_id.as_str()).into(),
        Value::Int(limit),
    ];
    tx.all(sql, &values, read)
}

/// How files were read whose layout is not public, as JSON: of those that are seen, first those for a merchant, then those that somebody
/// brought for another; what was used last comes first. At most `limit`.
pub fn mappings(
    tx: &Tx<'_>,
    scope: &Scope,
    merchant_id: MerchantId,
    login: &str,
    limit: i64,
) -> Result<Vec<String>, Error> {
    let sql = sql!(
        "SELECT mapping FROM statement
          WHERE mapping IS NOT NULL AND state IN ('kept', 'gone')
            AND (CAST($1 AS TEXT) IS NULL OR merchant_id = $1) AND (CAST($2 AS TEXT) IS NULL OR shop_id = $2)
            AND (merchant_id = $3 OR made_by = $4)
          GROUP BY mapping ORDER BY max(CASE WHEN merchant_id = $3 THEN 1 ELSE 0 END) DESC, max(made_at_ms) DESC LIMIT $5"
    );
    let (merchant, shop) = scope_values(scope);
    let values = [
        merchant,
        shop,
        (&merchant_id).into(),
        login.into(),
        Value::Int(limit),
    ];
    tx.all(sql, &values, |row| Ok(row.text(0)?.to_owned()))
}

/// The newest statements that somebody brought; at most `limit`.
pub fn by(tx: &Tx<'_>, login: &str, limit: i64) -> Result<Vec<Statement>, Error> {
    let sql = select!(
        Statement,
        "WHERE statement.made_by = $1 AND statement.state IN ('kept', 'withdrawn') ORDER BY statement.made_at_ms DESC LIMIT $2"
    );
    tx.all(sql, values![login, limit], read)
}

/// Writes payments of a statement that is coming. False when it is not awaited any more: nothing is written.
pub fn put(tx: &Tx<'_>, statement_id: &str, payments: &[Payment]) -> Result<bool, Error> {
    // First of all, so that nobody ends it meanwhile.
    let count = sql!(
        "UPDATE statement SET payments = payments + $2 WHERE statement_id = $1 AND state = 'coming' AND has_payments = 1"
    );
    if tx.execute(count, values![statement_id, payments.len() as i64])? == 0 {
        return Ok(false);
    }
    let added = sql!(
        "UPDATE statement SET added = added + 1 WHERE statement_id = $1 AND NOT EXISTS (
           SELECT 1 FROM payment p JOIN statement s ON s.statement_id = p.statement_id
            WHERE p.merchant_id = $2 AND p.key = $3 AND (s.state = 'kept' OR s.statement_id = $1))"
    );
    for payment in payments {
        tx.execute(added, values![statement_id, &payment.merchant_id, &payment.key])?;
        row::insert(tx, payment)?;
    }
    Ok(true)
}

/// From when until when a statement says something, in its order; they are few.
pub fn covers(tx: &Tx<'_>, statement_id: &str) -> Result<Vec<Cover>, Error> {
    let sql = select!(
        Cover,
        "WHERE statement_cover.statement_id = $1 ORDER BY statement_cover.position LIMIT 1000"
    );
    tx.all(sql, values![statement_id], read)
}

/// When something is said of the payments of a terminal, by files that are kept: within a span, at most 10000 times.
pub fn covered(tx: &Tx<'_>, of: Of<'_>, (from, to): Span) -> Result<Vec<Span>, Error> {
    let sql = sql!(
        "SELECT c.from_ms, c.to_ms FROM statement s JOIN statement_cover c ON c.statement_id = s.statement_id
          WHERE s.merchant_id = $1 AND s.shop_id = $2 AND (s.terminal_id IS NULL OR s.terminal_id = $3) AND s.state = 'kept'
            AND c.from_ms <= $5 AND c.to_ms >= $4
          ORDER BY c.from_ms LIMIT 10000"
    );
    let values = values![&of.merchant_id, of.shop_id, &of.terminal_id, from, to];
    tx.all(sql, values, |row| Ok((row.time(0)?, row.time(1)?)))
}

/// The payments that are, or may be, those of a terminal (`$1` merchant, `$2` shop, `$3` terminal, `$4` to `$5`): what a file writes as
/// another of the merchant's terminals, or was brought for one, is not. Of those with one key the last counts: what was
/// pending in one file may be refunded in the next. But a sale in a fund bill, which names no terminal, takes no other's place.
macro_rules! counted {
    () => {
        "JOIN statement s ON s.statement_id = payment.statement_id
         WHERE payment.merchant_id = $1 AND payment.at_ms >= $4 AND payment.at_ms <= $5 AND s.state = 'kept'
           AND (payment.terminal_id = $3
             OR payment.terminal_id IS NULL AND s.shop_id = $2 AND (s.terminal_id IS NULL OR s.terminal_id = $3))
           AND NOT EXISTS (
             SELECT 1 FROM payment p JOIN statement e ON e.statement_id = p.statement_id
              WHERE p.merchant_id = $1 AND p.key = payment.key AND e.state = 'kept'
                AND (p.terminal_id = $3
                  OR p.terminal_id IS NULL AND e.shop_id = $2 AND (e.terminal_id IS NULL OR e.terminal_id = $3))
                AND (CASE WHEN p.fate = 'settled' AND p.direction = 'sale' AND p.terminal IS NULL THEN 0 ELSE 1 END,
                     e.made_at_ms, e.statement_id, p.position)
                  > (CASE WHEN payment.fate = 'settled' AND payment.direction = 'sale' AND payment.terminal IS NULL THEN 0 ELSE 1 END,
                     s.made_at_ms, s.statement_id, payment.position))"
    };
}

/// A place in the list of payments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentSpot {
    /// When it was.
    pub at: Timestamp,
    /// Of which statement.
    pub statement_id: String,
    /// Its place there.
    pub position: i64,
}

/// Payments that are, or may be, a terminal's, within a span, the newest last; at most `limit` after `after`.
pub fn payments(
    tx: &Tx<'_>,
    of: Of<'_>,
    (from, to): Span,
    after: Option<&PaymentSpot>,
    limit: i64,
) -> Result<Vec<Payment>, Error> {
    let sql = select!(
        Payment,
        concat!(
            counted!(),
            " AND (payment.at_ms, payment.statement_id, payment.position) > ($6, $7, $8)
              ORDER BY payment.at_ms, payment.statement_id, payment.position LIMIT $9"
        )
    );
    let (at, statement_id, position) = match after {
        Some(spot) => (spot.at, spot.statement_id.as_str(), spot.position),
        None => (from, "", -1),
    };
    let values = values![
        &of.merchant_id,
        of.shop_id,
        &of.terminal_id,
        from,
        to,
        at,
        statement_id,
        position,
        limit
    ];
    tx.all(sql, values, read)
}

/// The newest payments that are, or may be, a terminal's, within a span, the newest last; at most `limit`.
pub fn newest_payments(tx: &Tx<'_>, of: Of<'_>, (from, to): Span, limit: i64) -> Result<Vec<Payment>, Error> {
    let sql = select!(
        Payment,
        concat!(
            counted!(),
            " ORDER BY payment.at_ms DESC, payment.statement_id DESC, payment.position DESC LIMIT $6"
        )
    );
    let values = values![&of.merchant_id, of.shop_id, &of.terminal_id, from, to, limit];
    let mut all = tx.all(sql, values, read)?;
    all.reverse();
    Ok(all)
}

/// All that files say of payments that are, or may be, a terminal's, within a span, the oldest first: what one file says of a payment
/// beside what another does, too; at most `limit`.
pub fn said(tx: &Tx<'_>, of: Of<'_>, (from, to): Span, limit: i64) -> Result<Vec<Payment>, Error> {
    let sql = select!(
        Payment,
        "JOIN statement s ON s.statement_id = payment.statement_id
         WHERE payment.merchant_id = $1 AND payment.at_ms >= $4 AND payment.at_ms <= $5 AND s.state = 'kept'
           AND (payment.terminal_id = $3
             OR payment.terminal_id IS NULL AND s.shop_id = $2 AND (s.terminal_id IS NULL OR s.terminal_id = $3))
         ORDER BY payment.at_ms, payment.statement_id, payment.position LIMIT $6"
    );
    let values = values![&of.merchant_id, of.shop_id, &of.terminal_id, from, to, limit];
    tx.all(sql, values, read)
}

/// The payment at a place of a statement that is kept.
pub fn payment_at(
    tx: &Tx<'_>,
    merchant_id: MerchantId,
    statement_id: &str,
    position: i64,
) -> Result<Option<Payment>, Error> {
    let sql = select!(
        Payment,
        "JOIN statement s ON s.statement_id = payment.statement_id
         WHERE payment.statement_id = $1 AND payment.position = $2 AND payment.merchant_id = $3 AND s.state = 'kept'"
    );
    tx.first(sql, values![statement_id, position, &merchant_id], read)
}

/// Payments that are alike, and their sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// Of which currency.
    pub currency: Currency,
    /// Which way they went.
    pub direction: Direction,
    /// What became of them.
    pub state: PaymentState,
    /// Whether the file says that they are this terminal's.
    pub is_certain: bool,
    /// How many.
    pub count: i64,
    /// Minor units.
    pub minor: i64,
}

/// Sums of the payments that are, or may be, a terminal's, within a span.
pub fn totals(tx: &Tx<'_>, of: Of<'_>, (from, to): Span) -> Result<Vec<Total>, Error> {
    let sql = sql!(concat!(
        "SELECT payment.currency, payment.direction, payment.state, CASE WHEN payment.terminal_id IS NULL THEN 0 ELSE 1 END AS is_certain,
           count(*), CAST(sum(payment.amount_minor) AS BIGINT) FROM payment ",
        counted!(),
        " GROUP BY payment.currency, payment.direction, payment.state, is_certain
          ORDER BY payment.currency, payment.direction, payment.state, is_certain LIMIT 10000"
    ));
    let values = values![&of.merchant_id, of.shop_id, &of.terminal_id, from, to];
    tx.all(sql, values, |row| {
        let currency = u16::try_from(row.int(0)?).map_err(|_| Error::Corrupt("a currency"))?;
        Ok(Total {
            currency: Currency(currency),
            direction: row::word(row, 1)?,
            state: row::word(row, 2)?,
            is_certain: row.int(3)? != 0,
            count: row.int(4)?,
            minor: row.int(5)?,
        })
    })
}

/// Gives up what nobody has finished since `coming`, and what was brought before `over`.
pub fn end(tx: &Tx<'_>, coming: Timestamp, over: Timestamp) -> Result<(), Error> {
    let sql = sql!(
        "UPDATE statement SET state = 'gone', has_payments = 1 WHERE made_at_ms <= $2 AND state <> 'gone' OR made_at_ms <= $1 AND state = 'coming'"
    );
    tx.execute(sql, values![coming, over]).map(drop)
}

/// Gives up one that is coming.
pub fn give_up(tx: &Tx<'_>, statement_id: &str) -> Result<(), Error> {
    let sql = sql!("UPDATE statement SET state = 'gone' WHERE statement_id = $1 AND state = 'coming'");
    tx.execute(sql, values![statement_id]).map(drop)
}

/// Deletes payments of one that was taken back or is gone, at most `limit`, and with the last of them what is left of one that is gone;
/// whether there was anything.
pub fn sweep(tx: &Tx<'_>, limit: i64) -> Result<bool, Error> {
    let found = sql!(
        "SELECT statement_id, state FROM statement WHERE has_payments = 1 AND state IN ('withdrawn', 'gone') ORDER BY statement_id LIMIT 1"
    );
    let Some((statement_id, state)) = tx.first(found, &[], |row| Ok((row.string(0)?, row::word(row, 1)?)))?
    else {
        return Ok(false);
    };
    let some = sql!(
        "DELETE FROM payment WHERE statement_id = $1 AND position IN
           (SELECT position FROM payment WHERE statement_id = $1 ORDER BY position LIMIT $2)"
    );
    if tx.execute(some, values![&statement_id, limit])? as i64 >= limit {
        return Ok(true);
    }
    match state {
        State::Gone => {
            let covers = sql!("DELETE FROM statement_cover WHERE statement_id = $1");
            tx.execute(covers, values![&statement_id])?;
            let whole = sql!("DELETE FROM statement WHERE statement_id = $1");
            tx.execute(whole, values![&statement_id])?;
        }
        State::Coming | State::Kept | State::Withdrawn => {
            let empty = sql!("UPDATE statement SET has_payments = 0 WHERE statement_id = $1");
            tx.execute(empty, values![&statement_id])?;
        }
    }
    Ok(true)
}

/// How many rows of payments a statement has.
pub fn payment_count(tx: &Tx<'_>, statement_id: &str) -> Result<i64, Error> {
    let sql = sql!("SELECT count(*) FROM payment WHERE statement_id = $1");
    Ok(tx
        .first(sql, values![statement_id], |row| row.int(0))?
        .unwrap_or_default())
}

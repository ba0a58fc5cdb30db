//! Terminals: the estate.

use domain::account::Scope;
use domain::hold::{self, Standing};
use domain::money::Currency;
use domain::terminal::{
    About, AtProvider, BoundElements, Control, Provider, SettlementAccount, Status, Terminal,
};
use domain::{MerchantId, Money, TerminalId, Timestamp, words};

use crate::row::{self, Columns, Reader, columns, read, select, table};
use crate::shop::scope_values;
use crate::sql::{Row, Sql, Value, sql, values};
use crate::{Error, Tx};

crate::row::words!(Control, Provider, Status);
columns!(SettlementAccount { sealed = "settlement_account_sealed", last4 = "settlement_account_last4" });
columns!(BoundElements {
    merchant_code = "merchant_id",
    acquirer_code,
    unified_social_credit_code,
    settlement_account: SettlementAccount,
    placement_address,
});
columns!(AtProvider { provider, device_id = "provider_device_id" });
columns!(About { location, #[sealed] keys_held_by, purchased_on, purchased_from, price: Option<Money> });
table!(Terminal: "terminal", 1 {
    terminal_id,
    bound: BoundElements,
    shop_id,
    serial,
    model,
    name,
    status,
    control,
    at_provider: AtProvider,
    language,
    time_zone,
    about: About,
    key_check,
});

/// What was paid for a device.
impl Columns for Money {
    const NAMES: &'static [&'static str] = &["price_minor", "price_currency"];

    fn read(from: &mut Reader<'_>) -> Result<Self, Error> {
        let (minor, currency): (i64, Currency) = (Columns::read(from)?, Columns::read(from)?);
        Self::new(minor, currency).map_err(|_| Error::Corrupt("terminal.price_minor"))
    }

    fn values<'a>(&'a self, to: &mut Vec<Value<'a>>) {
        self.minor.values(to);
        self.currency.values(to);
    }
}

/// A terminal and its master key, encrypted by the edge that holds the key for it.
pub(crate) struct Keyed {
    pub(crate) terminal: Terminal,
    pub(crate) master_key_sealed: Vec<u8>,
}
table!(Keyed: "terminal", 1 { terminal: Terminal, master_key_sealed });

/// Adds a terminal. `master_key_sealed` is its master key, encrypted by the edge that holds the key for it.
///
/// # Errors
/// [`Error::Conflict`] `terminal_pkey`, `terminal_serial`: there is one already.
pub fn insert(tx: &Tx<'_>, terminal: &Terminal, master_key_sealed: &[u8]) -> Result<(), Error> {
    let keyed = Keyed {
        terminal: terminal.clone(),
        master_key_sealed: master_key_sealed.to_vec(),
    };
    row::insert(tx, &keyed)
}

/// What a second terminal of the same identifier breaks.
pub const UNIQUE_ID: &str = "terminal_pkey";
/// What a second terminal of the same serial number breaks.
pub const UNIQUE_SERIAL: &str = "terminal_serial";

/// Gives the terminal another master key, encrypted by the edge that holds the key for it. Called with the terminal locked.
pub fn set_master_key(tx: &Tx<'_>, terminal_id: TerminalId, master_key_sealed: &[u8]) -> Result<(), Error> {
    let sql = sql!("UPDATE terminal SET master_key_sealed = $2 WHERE terminal_id = $1");
    tx.execute(sql, values![&terminal_id, master_key_sealed])
        .map(drop)
}

/// Whether another terminal's master key has this check value, as far as its first three bytes.
pub fn is_key_of_another(tx: &Tx<'_>, terminal_id: TerminalId, check: &str) -> Result<bool, Error> {
    let sql = sql!(
        "SELECT 1 FROM terminal WHERE key_check IS NOT NULL AND substr(key_check, 1, 6) = substr($2, 1, 6) AND terminal_id <> $1 LIMIT 1"
    );
    Ok(tx.first(sql, values![&terminal_id, check], |_| Ok(()))?.is_some())
}

/// Holds the terminal's row until the end of the transaction, as every request of it does.
pub fn hold_row(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<(), Error> {
    tx.lock_terminal(terminal_id)
}

/// The terminal of that identifier.
pub fn get(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Option<Terminal>, Error> {
    row::get(tx, values![&terminal_id])
}

/// The terminal of that serial number.
pub fn by_serial(tx: &Tx<'_>, serial: &str) -> Result<Option<Terminal>, Error> {
    tx.first(
        select!(Terminal, "WHERE terminal.serial = $1"),
        values![serial],
        read,
    )
}

/// The terminals of that identifier and of that serial number: at most two.
pub fn alike(tx: &Tx<'_>, terminal_id: TerminalId, serial: &str) -> Result<Vec<Terminal>, Error> {
    let sql = select!(
        Terminal,
        "WHERE terminal.terminal_id = $1 OR terminal.serial = $2 LIMIT 2"
    );
    tx.all(sql, values![&terminal_id, serial], read)
}

/// The terminals of one shop, in the order of their identifiers; at most `limit`.
pub fn of_shop(
    tx: &Tx<'_>,
    merchant_id: MerchantId,
    shop_id: &str,
    limit: i64,
) -> Result<Vec<Terminal>, Error> {
    let sql = select!(
        Terminal,
        "WHERE terminal.merchant_id = $1 AND terminal.shop_id = $2 ORDER BY terminal.terminal_id LIMIT $3"
    );
    tx.all(sql, values![&merchant_id, shop_id, limit], read)
}

/// How many terminals of one shop are in use.
pub fn count_of_shop(tx: &Tx<'_>, merchant_id: MerchantId, shop_id: &str) -> Result<i64, Error> {
    let sql =
        sql!("SELECT count(*) FROM terminal WHERE merchant_id = $1 AND shop_id = $2 AND status = 'active'");
    Ok(tx
        .first(sql, values![&merchant_id, shop_id], |row| row.int(0))?
        .unwrap_or_default())
}

/// How many terminals there are.
pub fn count(tx: &Tx<'_>) -> Result<i64, Error> {
    Ok(tx
        .first(sql!("SELECT count(*) FROM terminal"), &[], |row| row.int(0))?
        .unwrap_or_default())
}

/// What the gate needs to know of a terminal before anything else.
#[derive(Clone, Debug)]
pub struct Door {
    /// Its merchant.
    pub merchant_id: MerchantId,
    /// Its shop.
    pub shop_id: String,
    /// In the estate or retired.
    pub status: Status,
    /// Its master key, encrypted.
    pub master_key_sealed: Vec<u8>,
}

/// What the gate needs to know of a terminal; `None` when it is unknown.
pub fn door(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Option<Door>, Error> {
    let sql =
        sql!("SELECT merchant_id, shop_id, status, master_key_sealed FROM terminal WHERE terminal_id = $1");
    tx.first(sql, values![&terminal_id], |row| {
        Ok(Door {
            merchant_id: row.merchant_id(0)?,
            shop_id: row.string(1)?,
            status: Status::parse(row.text(2)?).ok_or(Error::Corrupt("terminal.status"))?,
            master_key_sealed: row.blob(3)?,
        })
    })
}

/// What [`read_admission`] reads of `terminal t` and `terminal_session s`.
macro_rules! admission_columns {
    () => {
        "t.merchant_id, t.status, s.batch, s.operator, s.sequence,
         (SELECT string_agg(h.kind || ' ' || coalesce(CAST(h.until_ms AS TEXT), ''), ',')
          FROM hold h WHERE h.terminal_id = t.terminal_id AND h.released_at_ms IS NULL)"
    };
}
pub(crate) use admission_columns;

/// What the first check reads of a terminal, in one statement.
#[derive(Clone, Debug)]
pub struct Admission {
    /// Its merchant.
    pub merchant_id: MerchantId,
    /// In the estate or retired.
    pub status: Status,
    /// The batch of its last sign-in.
    pub batch: Option<u32>,
    /// Who is signed in.
    pub operator: Option<String>,
    /// The ledger row of the sign-in whose keys are the session's.
    pub keys: Option<i64>,
    /// The kinds of hold that stand.
    pub standing: Standing,
}

/// Locks the terminal's row for this transaction (the writer is alone in SQLite), then reads what the first check needs.
pub fn lock(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Option<Admission>, Error> {
    if let Some(set) = tx.gathered(terminal_id) {
        return Ok(set.admission(terminal_id, tx.now()));
    }
    tx.lock_terminal(terminal_id)?;
    admission(tx, terminal_id)
}

/// What the first check reads, without the lock: what it says may be over when it is used.
pub fn admission(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Option<Admission>, Error> {
    const ADMISSION: Sql = sql!(concat!(
        "SELECT ",
        admission_columns!(),
        " FROM terminal t LEFT JOIN terminal_session s ON s.terminal_id = t.terminal_id WHERE t.terminal_id = $1"
    ));
    tx.first(ADMISSION, values![&terminal_id], |row| {
        Ok(read_admission(row)?.at(tx.now()))
    })
}

/// An admission with the holds as they are kept: their end may have come.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    admission: Admission,
    holds: Vec<(hold::Kind, Option<Timestamp>)>,
}

impl Kept {
    /// What stands at `now`.
    pub(crate) fn standing(&self, now: Timestamp) -> Standing {
        let standing = self
            .holds
            .iter()
            .filter(|(_, until)| until.is_none_or(|until| until > now));
        standing.map(|(kind, _)| *kind).collect()
    }

    /// The admission at `now`.
    pub(crate) fn at(self, now: Timestamp) -> Admission {
        let standing = self.standing(now);
        Admission {
            standing,
            ..self.admission
        }
    }
}

pub(crate) fn read_admission(row: &Row<'_>) -> Result<Kept, Error> {
    let holds = row.text_opt(5)?.unwrap_or_default();
    let holds = holds.split(',').filter(|hold| !hold.is_empty()).map(read_hold);
    Ok(Kept {
        holds: holds.collect::<Result<_, Error>>()?,
        admission: Admission {
            merchant_id: row.merchant_id(0)?,
            status: Status::parse(row.text(1)?).ok_or(Error::Corrupt("terminal.status"))?,
            batch: row.int_opt(2)?.and_then(|batch| u32::try_from(batch).ok()),
            operator: row.string_opt(3)?,
            keys: row.int_opt(4)?,
            standing: Standing::default(),
        },
    })
}

/// A hold's kind, and until when: empty for ever.
fn read_hold(text: &str) -> Result<(hold::Kind, Option<Timestamp>), Error> {
    let (kind, until) = text.split_once(' ').ok_or(Error::Corrupt("hold"))?;
    let until = match until {
        "" => None,
        until => Some(Timestamp(
            until.parse().map_err(|_| Error::Corrupt("hold.until_ms"))?,
        )),
    };
    Ok((crate::hold::read_kind(kind)?, until))
}

words! {
    /// The word for a terminal's state that people see, derived from its status and holds.
    pub enum State {
        /// No hold stands.
        Running = "running",
        /// A hold other than a loss stands.
        Held = "held",
        /// The loss hold stands.
        Lost = "lost",
        /// Deregistered.
        Retired = "retired",
    }
}

impl State {
    /// The state of a terminal by its status and standing holds; the listing statements say the same in SQL.
    pub const fn of(status: Status, standing: Standing) -> Self {
        match status {
            Status::Retired => Self::Retired,
            Status::Active if standing.has(hold::Kind::Loss) => Self::Lost,
            Status::Active if standing.may_transact() => Self::Running,
            Status::Active => Self::Held,
        }
    }
}

/// Which terminals a list is about.
#[derive(Clone, Debug)]
pub struct Filter<'a> {
    /// What the account sees.
    pub scope: &'a Scope,
    /// Part of an identifier, serial number or name; of the terminal, its shop or its merchant.
    pub search: Option<&'a str>,
    /// One state only.
    pub state: Option<State>,
    /// One merchant only.
    pub merchant_id: Option<MerchantId>,
    /// One shop only.
    pub shop_id: Option<&'a str>,
}

// The state as SQL; $6 is the time. Holds are few, and the index of standing ones is small.
macro_rules! state_sql {
    () => {
        "CASE WHEN terminal.status = 'retired' THEN 'retired'
              WHEN EXISTS (SELECT 1 FROM hold h WHERE h.terminal_id = terminal.terminal_id
                        AND h.released_at_ms IS NULL AND h.kind = 'loss' AND (h.until_ms IS NULL OR h.until_ms > $6)) THEN 'lost'
              WHEN EXISTS (SELECT 1 FROM hold h WHERE h.terminal_id = terminal.terminal_id
                        AND h.released_at_ms IS NULL AND (h.until_ms IS NULL OR h.until_ms > $6)) THEN 'held'
              ELSE 'running' END"
    };
}
macro_rules! filter_sql {
    () => {
        " (CAST($1 AS TEXT) IS NULL OR terminal.merchant_id = $1) AND (CAST($2 AS TEXT) IS NULL OR terminal.shop_id = $2)
          AND (CAST($3 AS TEXT) IS NULL OR terminal.merchant_id = $3) AND (CAST($4 AS TEXT) IS NULL OR terminal.shop_id = $4)
          AND (CAST($5 AS TEXT) IS NULL OR lower(terminal.terminal_id) LIKE $5 ESCAPE '!' OR lower(terminal.serial) LIKE $5 ESCAPE '!'
               OR lower(terminal.name) LIKE $5 ESCAPE '!'
               OR EXISTS (SELECT 1 FROM merchant m WHERE m.merchant_id = terminal.merchant_id
                    AND (lower(m.name) LIKE $5 ESCAPE '!' OR lower(m.name_en) LIKE $5 ESCAPE '!' OR lower(m.merchant_id) LIKE $5 ESCAPE '!'))
               OR EXISTS (SELECT 1 FROM shop s WHERE s.shop_id = terminal.shop_id AND lower(s.name) LIKE $5 ESCAPE '!'))"
    };
}

/// What `LIKE … ESCAPE '!'` takes to find a part of a text in lower case.
pub(crate) fn pattern(part: &str) -> String {
    let escaped = part
        .to_ascii_lowercase()
        .replace('!', "!!")
        .replace('%', "!%")
        .replace('_', "!_");
    format!("%{escaped}%")
}

impl Filter<'_> {
    fn values<'v>(&'v self, pattern: &'v Option<String>, now: Timestamp) -> [Value<'v>; 6] {
        let (merchant, shop) = scope_values(self.scope);
        let pattern = pattern.as_deref().into();
        [
            merchant,
            shop,
            self.merchant_id.as_ref().into(),
            self.shop_id.into(),
            pattern,
            now.into(),
        ]
    }
}

/// Terminals in the order of their identifiers, after `after`; at most `limit`.
pub fn list(
    tx: &Tx<'_>,
    filter: &Filter<'_>,
    after: Option<TerminalId>,
    limit: i64,
) -> Result<Vec<Terminal>, Error> {
    let list = select!(
        Terminal,
        concat!(
            "WHERE",
            filter_sql!(),
            " AND (CAST($7 AS TEXT) IS NULL OR ",
            state_sql!(),
            " = $7) AND (CAST($8 AS TEXT) IS NULL OR terminal.terminal_id > $8) ORDER BY terminal.terminal_id LIMIT $9"
        )
    );
    let pattern = filter.search.map(pattern);
    let [a, b, c, d, e, now] = filter.values(&pattern, tx.now());
    let state = filter.state.map(State::code).into();
    tx.all(
        list,
        &[
            a,
            b,
            c,
            d,
            e,
            now,
            state,
            after.as_ref().into(),
            Value::Int(limit),
        ],
        read,
    )
}

/// Terminals that our gate decides and that are in use, in the order of their identifiers, after `after`; at most `limit`.
pub fn at_gate(tx: &Tx<'_>, after: Option<TerminalId>, limit: i64) -> Result<Vec<TerminalId>, Error> {
    let sql = sql!(
        "SELECT terminal_id FROM terminal WHERE control = 'gate' AND status = 'active'
           AND (CAST($1 AS TEXT) IS NULL OR terminal_id > $1) ORDER BY terminal_id LIMIT $2"
    );
    tx.all(sql, values![after.as_ref(), limit], |row| row.terminal_id(0))
}

/// All terminals, retired ones among them, whose they are and where they stand, in the order of their identifiers, after `after`; at most
/// `limit`.
pub fn places(
    tx: &Tx<'_>,
    after: Option<TerminalId>,
    limit: i64,
) -> Result<Vec<(TerminalId, MerchantId, String)>, Error> {
    let sql = sql!(
        "SELECT terminal_id, merchant_id, shop_id FROM terminal
          WHERE (CAST($1 AS TEXT) IS NULL OR terminal_id > $1) ORDER BY terminal_id LIMIT $2"
    );
    tx.all(sql, values![after.as_ref(), limit], |row| {
        Ok((row.terminal_id(0)?, row.merchant_id(1)?, row.string(2)?))
    })
}

/// Terminals of a merchant that our gate decides, retired ones among them, in the order of their identifiers; at most `limit`.
pub fn of_merchant_at_gate(
    tx: &Tx<'_>,
    merchant_id: MerchantId,
    limit: i64,
) -> Result<Vec<TerminalId>, Error> {
    let sql = sql!(
        "SELECT terminal_id FROM terminal WHERE merchant_id = $1 AND control = 'gate' ORDER BY terminal_id LIMIT $2"
    );
    tx.all(sql, values![&merchant_id, limit], |row| row.terminal_id(0))
}

/// How many terminals of the filter are in each state, whatever state it names.
pub fn counts(tx: &Tx<'_>, filter: &Filter<'_>) -> Result<Vec<(State, i64)>, Error> {
    const COUNTS: Sql = sql!(concat!(
        "SELECT state, count(*) FROM (SELECT ",
        state_sql!(),
        " AS state FROM terminal WHERE",
        filter_sql!(),
        ") AS counted GROUP BY state"
    ));
    let pattern = filter.search.map(pattern);
    tx.all(COUNTS, &filter.values(&pattern, tx.now()), |row| {
        Ok((
            State::parse(row.text(0)?).ok_or(Error::Corrupt("terminal state"))?,
            row.int(1)?,
        ))
    })
}

//! Statements: files of transactions that shops download, taken in part by part, and taken back (R1.3).
//!
//! [`begin`] notes that one is coming, [`put`] writes its payments, and [`finish`] makes them count.
//!
//! Invariant: what stands in a file counts with its last payment or not at all, and for its shop once for each content.

use std::collections::HashMap;

use domain::account::Scope;
use domain::actor::Actor;
use domain::event::Subject;
use domain::hex;
use domain::right::{Object, Right, may};
use domain::shop::Shop;
use domain::statement::{
    Cover, KEPT_MS, PART_PAYMENTS, Payment, Span, State, Statement, Verb, Withdrawn, joined,
};
use domain::terminal::Terminal;
use domain::time::HOUR_MS;
use domain::{MerchantId, TerminalId};
use store::statement::{self as kept, Amount};
use store::{Error as StoreError, Tx, row};

use crate::case::{self, Error, Noun, Stateful, find, named, step};

/// What may be brought for one merchant in a day.
pub const OF_DAY_MAX: Amount = Amount {
    count: 100,
    len: 500 << 20,
    payments: 1_000_000,
};
/// A day, for that.
const DAY_MS: i64 = 24 * HOUR_MS;
/// How long one may take to come.
const COMING_MS_MAX: i64 = HOUR_MS;

impl Noun for Statement {
    const SUBJECT: Subject = Subject::Statement;

    fn id(&self) -> &str {
        &self.statement_id
    }

    fn seen_by(&self, _: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        let is_shown = matches!(self.state, State::Kept | State::Withdrawn);
        Ok(is_shown && scope.sees(self.merchant_id, &self.shop_id))
    }
}

impl Stateful for Statement {}

/// Why a file is not taken in.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// As much was brought for the merchant as may be in a day.
    #[error("too much was brought in a day")]
    TooMuchToday,
    /// It took too long: what had come was given up.
    #[error("it was given up")]
    GivenUp,
    /// As for every noun.
    #[error(transparent)]
    Case(#[from] Error),
}

impl From<StoreError> for NotTaken {
    fn from(error: StoreError) -> Self {
        Self::Case(error.into())
    }
}

/// For what a file is brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose it is.
    pub merchant_id: MerchantId,
    /// For which shop.
    pub shop_id: String,
    /// For which one of its terminals.
    pub terminal_id: Option<TerminalId>,
}

impl Place {
    /// That terminal, or all of that shop: what the actor sees.
    ///
    /// # Errors
    /// It is not there for the actor, or neither is said, or both are, of two shops.
    pub fn seen(
        tx: &Tx<'_>,
        actor: &Actor,
        shop_id: Option<&str>,
        terminal_id: Option<&str>,
    ) -> Result<Self, Error> {
        let shop = shop_id
            .map(|shop_id| find::<Shop>(tx, actor, shop_id))
            .transpose()?;
        let Some(terminal_id) = terminal_id else {
            let shop = shop.ok_or(Error::Required("shop_id"))?;
            return Ok(Self {
                merchant_id: shop.merchant_id,
                shop_id: shop.shop_id,
                terminal_id: None,
            });
        };
        let terminal: Terminal = find(tx, actor, terminal_id)?;
        match shop.is_none_or(|shop| shop.shop_id == terminal.shop_id) {
            true => Ok(Self {
                merchant_id: terminal.bound.merchant_code,
                shop_id: terminal.shop_id,
                terminal_id: Some(terminal.terminal_id),
            }),
            false => Err(Error::Unknown("shop_id")),
        }
    }
}

/// Whether the actor may bring files for what it sees.
///
/// # Errors
/// The right is missing.
pub fn may_bring(actor: &Actor) -> Result<(), Error> {
    match may(actor, Right::FollowLoss, Object::Seen) {
        true => Ok(()),
        false => Err(Error::NotAllowed),
    }
}

/// A file on its way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct New {
    /// A new identifier.
    pub statement_id: String,
    /// For what it is brought.
    pub place: Place,
    /// What it is called.
    pub name: String,
    /// Its length, bytes.
    pub file_len: i64,
    /// Its SHA-256.
    pub file_sha256: Vec<u8>,
    /// How it is read, where its layout is not public, as JSON.
    pub mapping: Option<String>,
}

/// Mappings that are tried.
const MAPPINGS_MAX: i64 = 20;

/// How files were read before that are not of a public layout: for that place, or by the actor; the likeliest first.
pub fn mappings(tx: &Tx<'_>, actor: &Actor, place: &Place) -> Result<Vec<String>, Error> {
    let scope = actor.scope().ok_or(Error::NotAllowed)?;
    Ok(kept::mappings(
        tx,
        scope,
        place.merchant_id,
        actor.name(),
        MAPPINGS_MAX,
    )?)
}

/// The same content that is kept for the same place.
pub fn same(tx: &Tx<'_>, place: &Place, file_sha256: &[u8]) -> Result<Option<Statement>, StoreError> {
    kept::same(tx, &place.shop_id, place.terminal_id, file_sha256)
}

/// Notes that the payments of a file will come; nothing, where it is there already: that one.
///
/// # Errors
/// The actor may not, or there is too much.
pub fn begin(tx: &Tx<'_>, actor: &Actor, new: New) -> Result<Option<Statement>, NotTaken> {
    may_bring(actor)?;
    named::<Shop>(tx, actor, &new.place.shop_id, "shop_id")?;
    if let Some(same) = same(tx, &new.place, &new.file_sha256)? {
        return Ok(Some(same));
    }
    let has = kept::amount_of(tx, new.place.merchant_id, tx.now().plus_ms(-DAY_MS))?;
    let fits = has.count < OF_DAY_MAX.count
        && has.len + new.file_len <= OF_DAY_MAX.len
        && has.payments < OF_DAY_MAX.payments;
    if !fits {
        return Err(NotTaken::TooMuchToday);
    }
    let it = Statement {
        statement_id: new.statement_id,
        merchant_id: new.place.merchant_id,
        shop_id: new.place.shop_id,
        terminal_id: new.place.terminal_id,
        name: new.name,
        file_len: new.file_len,
        file_sha256: new.file_sha256,
        kinds: String::new(),
        mapping: new.mapping,
        first_at: None,
        last_at: None,
        payments: 0,
        added: 0,
        refused: 0,
        state: State::Coming,
        has_payments: true,
        by: actor.name().to_owned(),
        at: tx.now(),
        withdrawn: None,
    };
    row::insert(tx, &it)?;
    Ok(None)
}

/// Writes some of its payments, in the order of the file; whose terminals they name is found here.
///
/// # Errors
/// [`NotTaken::GivenUp`].
pub fn put(tx: &Tx<'_>, statement_id: &str, mut payments: Vec<Payment>) -> Result<(), NotTaken> {
    let mut ours: HashMap<String, Option<TerminalId>> = HashMap::new();
    for payment in &mut payments {
        let Some(written) = &payment.terminal else {
            continue;
        };
        payment.terminal_id = match ours.get(written) {
            Some(known) => *known,
            None => {
                let found = terminal(tx, payment.merchant_id, written)?;
                ours.insert(written.clone(), found);
                found
            }
        };
    }
    match kept::put(tx, statement_id, &payments)? {
        true => Ok(()),
        false => Err(NotTaken::GivenUp),
    }
}

/// The terminal of a merchant that a file writes so: by its number, or its serial number.
fn terminal(tx: &Tx<'_>, merchant_id: MerchantId, written: &str) -> Result<Option<TerminalId>, StoreError> {
    let is_ours = |terminal: &Terminal| terminal.bound.merchant_code == merchant_id;
    if let Some(terminal_id) = TerminalId::parse(written.as_bytes()) {
        let found = store::terminal::get(tx, terminal_id)?.filter(is_ours);
        if found.is_some() {
            return Ok(found.map(|terminal| terminal.terminal_id));
        }
    }
    let found = store::terminal::by_serial(tx, written)?.filter(is_ours);
    Ok(found.map(|terminal| terminal.terminal_id))
}

/// What was read of a file besides its payments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What its tables were recognised as: codes, a line each.
    pub kinds: String,
    /// The times of its first and its last payment.
    pub span: Option<Span>,
    /// From when until when it is, as it says itself.
    pub said: Vec<Span>,
    /// From the first payment to the last, of each table that says nothing.
    pub unsaid: Vec<Span>,
    /// Rows that were refused.
    pub refused: i64,
}

/// Makes the payments of a file count, and says whether they became a new one: where the same came meanwhile, that one counts.
///
/// # Errors
/// As [`begin`], and [`NotTaken::GivenUp`].
pub fn finish(
    tx: &Tx<'_>,
    actor: &Actor,
    statement_id: &str,
    found: Found,
) -> Result<(Statement, bool), NotTaken> {
    may_bring(actor)?;
    let Some(coming) = row::by_id::<Statement>(tx, statement_id)? else {
        return Err(NotTaken::GivenUp);
    };
    // Two of the same content wait for each other here.
    named::<Shop>(tx, actor, &coming.shop_id, "shop_id")?;
    store::shop::locked(tx, &coming.shop_id)?;
    row::lock(tx, &coming)?;
    let it = row::by_id::<Statement>(tx, statement_id)?;
    let Some(it) = it.filter(|it| it.state == State::Coming) else {
        return Err(NotTaken::GivenUp);
    };
    if let Some(same) = kept::same(tx, &it.shop_id, it.terminal_id, &it.file_sha256)? {
        kept::give_up(tx, statement_id)?;
        return Ok((same, false));
    }
    cover(tx, &it, &found)?;
    let it = Statement {
        kinds: found.kinds,
        first_at: found.span.map(|(first, _)| first),
        last_at: found.span.map(|(_, last)| last),
        refused: found.refused,
        state: State::Kept,
        ..it
    };
    row::update(tx, &it)?;
    let text = particulars(&it);
    case::tell(tx, actor, &it, "create", Some(&text))?;
    Ok((it, true))
}

/// Writes from when until when a statement says something; of what comes after it was brought it says nothing, whatever it says.
fn cover(tx: &Tx<'_>, it: &Statement, found: &Found) -> Result<(), StoreError> {
    let mut position = 0;
    for (spans, is_said) in [(&found.said, true), (&found.unsaid, false)] {
        let until_now = |&(from, to): &Span| (from, to.min(it.at));
        let spans = spans.iter().map(until_now).filter(|(from, to)| from <= to);
        for (from, to) in joined(spans.collect()) {
            let cover = Cover {
                statement_id: it.statement_id.clone(),
                position,
                from,
                to,
                is_said,
            };
            row::insert(tx, &cover)?;
            position += 1;
        }
    }
    Ok(())
}

/// A statement in a line of the record.
fn particulars(it: &Statement) -> String {
    let kinds: Vec<&str> = it.kinds.lines().collect();
    format!(
        "{} {} {} sha256:{}",
        kinds.join(","),
        it.payments,
        it.file_len,
        hex::of(&it.file_sha256)
    )
}

/// Gives up one whose payments do not come any more.
pub fn give_up(tx: &Tx<'_>, statement_id: &str) -> Result<(), StoreError> {
    kept::give_up(tx, statement_id)
}

/// Takes a statement back. What it was stays; what stands in it is deleted, and what other files have of it counts on.
///
/// # Errors
/// As for every step.
pub fn withdraw(tx: &Tx<'_>, actor: &Actor, statement_id: &str, ground: &str) -> Result<Statement, Error> {
    let withdrawn = Withdrawn {
        by: actor.name().to_owned(),
        at: tx.now(),
        ground: ground.to_owned(),
    };
    step(
        tx,
        actor,
        statement_id,
        Verb::Withdraw,
        Some(ground),
        |it: &mut Statement| it.withdrawn = Some(withdrawn),
    )
}

/// Gives up what never came whole, and deletes what is not needed any more; answers whether there is more.
pub fn forget(tx: &Tx<'_>) -> Result<bool, StoreError> {
    let before = |ms: i64| tx.now().plus_ms(-ms);
    kept::end(tx, before(COMING_MS_MAX), before(KEPT_MS))?;
    kept::sweep(tx, PART_PAYMENTS as i64)
}

/// How far around its loss window the payments of a lost terminal are shown.
pub const AROUND_MS: i64 = 72 * HOUR_MS;

/// The loss window and what is around it.
pub fn around((from, to): Span) -> Span {
    (from.plus_ms(-AROUND_MS), to.plus_ms(AROUND_MS))
}

/// From when until when nobody has brought a file for the payments of a terminal.
///
/// # Errors
/// The store failed.
pub fn holes(tx: &Tx<'_>, of: kept::Of<'_>, span: Span) -> Result<Vec<Span>, StoreError> {
    Ok(domain::statement::holes(span, &kept::covered(tx, of, span)?))
}

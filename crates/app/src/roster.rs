//! Who works in a shop, as its manager enters it day by day (R1.3).
//!
//! Invariant: a roster names operators of its shop alone; each change is told of the shop with the day and who made it, also one that is
//! made afterwards.

use domain::actor::Actor;
use domain::day::Day;
use domain::event::Verb as Told;
use domain::operator::State;
use domain::roster::{AHEAD_DAYS_MAX, KEPT_DAYS, Roster, Shifts};
use domain::shop::Shop;
use domain::time::HOUR_MS;
use domain::{Timestamp, day};
use store::{Error as StoreError, Tx};

use crate::case::{Error, find, tell};
use crate::opening_hours::kept;

/// Days that are answered at once.
pub const DAYS_MAX: i64 = 31;

/// What was entered for a shop from one day on, so many days, at most [`DAYS_MAX`].
///
/// # Errors
/// The shop is not there for the actor.
pub fn of_days(
    tx: &Tx<'_>,
    actor: &Actor,
    shop_id: &str,
    from: Day,
    days: i64,
) -> Result<Vec<Roster>, Error> {
    find::<Shop>(tx, actor, shop_id)?;
    let to = from.plus(days.clamp(1, DAYS_MAX) - 1);
    Ok(store::roster::of_shop(tx, shop_id, (from, to))?)
}

/// Enters who works in a shop on a day; `None`: that is not known any more. What is entered already changes nothing.
///
/// # Errors
/// The shop is not there for the actor, the right is missing, it is retired, an operator is not there or disabled and was not entered
/// before, or the day is too far.
pub fn enter(
    tx: &Tx<'_>,
    actor: &Actor,
    shop_id: &str,
    day: Day,
    shifts: Option<Shifts>,
) -> Result<Option<Roster>, Error> {
    let shop = kept(tx, actor, shop_id)?;
    let today = day_of(tx.now());
    // Wherever on earth it is.
    if day < today.plus(-KEPT_DAYS) || day > today.plus(AHEAD_DAYS_MAX + 1) {
        return Err(Error::Unknown("date"));
    }
    let before = store::roster::of_shop(tx, shop_id, (day, day))?.pop();
    if before.as_ref().map(|roster| &roster.shifts) == shifts.as_ref() {
        return Ok(before);
    }
    for shift in shifts.iter().flat_map(Shifts::iter) {
        let was_there = before.iter().flat_map(|roster| roster.shifts.iter());
        let was_there = was_there.into_iter().any(|kept| kept.operator == shift.operator);
        let operator = store::operator::get(tx, shop_id, shift.operator)?;
        if !was_there && operator.is_none_or(|operator| operator.state != State::Active) {
            return Err(Error::Unknown("operator"));
        }
    }
    let roster = shifts.map(|shifts| Roster {
        shop_id: shop_id.to_owned(),
        day,
        merchant_id: shop.merchant_id,
        shifts,
        by: actor.name().to_owned(),
        at: tx.now(),
    });
    match &roster {
        Some(roster) => store::roster::put(tx, roster)?,
        None => store::roster::delete(tx, shop_id, day)?,
    }
    // Never with whose shifts: what is told of a shop is not forgotten.
    tell(
        tx,
        actor,
        &shop,
        Told::RosterChanged.code(),
        Some(&day.to_string()),
    )?;
    Ok(roster)
}

/// The day of UTC.
fn day_of(at: Timestamp) -> Day {
    day::Local::of(at, 0).day
}

/// How long a roster is kept, from its day.
pub(crate) const KEPT_MS: i64 = KEPT_DAYS * 24 * HOUR_MS;

/// Forgets what is older, at most `limit` days; how many there were.
pub(crate) fn forget(tx: &Tx<'_>, limit: i64) -> Result<usize, StoreError> {
    store::roster::forget(tx, day_of(tx.now().plus_ms(-KEPT_MS)), limit)
}

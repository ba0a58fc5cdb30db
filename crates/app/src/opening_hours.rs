//! When a shop is open, as whoever keeps it says (R1.3, R3.3).
//!
//! Invariant: each change is told of the shop, with who made it; what nobody said stays unknown.

use domain::actor::Actor;
use domain::case::Case;
use domain::event::Verb as Told;
use domain::opening_hours::{self, KEEPERS, OpeningHours};
use domain::shop::{Shop, State};
use store::Tx;

use crate::case::{Error, find, locked, tell};

/// What was said of a shop's hours; `None`: nothing.
///
/// # Errors
/// The shop is not there for the actor.
pub fn get(tx: &Tx<'_>, actor: &Actor, shop_id: &str) -> Result<Option<opening_hours::Told>, Error> {
    find::<Shop>(tx, actor, shop_id)?;
    Ok(store::opening_hours::get(tx, shop_id)?)
}

/// Whether the actor may say when a shop that it sees is open, and who works there.
pub fn may_keep(actor: &Actor, shop: &Shop) -> bool {
    KEEPERS.may(actor) && shop.state() == State::Active
}

/// The shop, held, for whoever may keep its hours and its roster.
pub(crate) fn kept(tx: &Tx<'_>, actor: &Actor, shop_id: &str) -> Result<Shop, Error> {
    let shop: Shop = locked(tx, actor, shop_id)?;
    if !KEEPERS.may(actor) {
        return Err(KEEPERS.refusal(actor).into());
    }
    match shop.state {
        State::Active => Ok(shop),
        State::Retired => Err(Error::WrongState(State::Retired.code())),
    }
}

/// Says when a shop is open; `None`: that is not known any more. What is said already changes nothing.
///
/// # Errors
/// The shop is not there for the actor, the right is missing, or it is retired.
pub fn say(
    tx: &Tx<'_>,
    actor: &Actor,
    shop_id: &str,
    hours: Option<OpeningHours>,
) -> Result<Option<opening_hours::Told>, Error> {
    let shop = kept(tx, actor, shop_id)?;
    let before = store::opening_hours::get(tx, shop_id)?;
    if before.as_ref().map(|told| &told.hours) == hours.as_ref() {
        return Ok(before);
    }
    let text = hours.as_ref().map(|hours| hours.week.to_string());
    let told = hours.map(|hours| opening_hours::Told {
        shop_id: shop_id.to_owned(),
        merchant_id: shop.merchant_id,
        hours,
        by: actor.name().to_owned(),
        at: tx.now(),
    });
    match &told {
        Some(told) => store::opening_hours::put(tx, told)?,
        None => store::opening_hours::delete(tx, shop_id)?,
    }
    tell(tx, actor, &shop, Told::HoursChanged.code(), text.as_deref())?;
    Ok(told)
}

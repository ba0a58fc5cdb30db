//! Shops: added, changed, retired (R2.1).

use domain::MerchantId;
use domain::account::Scope;
use domain::actor::Actor;
use domain::event::Subject;
use domain::merchant::Merchant;
use domain::shop::{Shop, State, Verb};
use store::{Error as StoreError, Tx};

use crate::case::{self, Against, Error, Noun, Stateful, step};

impl Noun for Shop {
    const SUBJECT: Subject = Subject::Shop;

    fn id(&self) -> &str {
        &self.shop_id
    }

    fn seen_by(&self, _: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        Ok(scope.sees(self.merchant_id, &self.shop_id))
    }
}

impl Stateful for Shop {
    fn names_what_is(&self, tx: &Tx<'_>) -> Result<(), Error> {
        in_business(store::merchant::locked(tx, self.merchant_id)?)
    }

    fn stands_against(&self, tx: &Tx<'_>, verb: Verb) -> Result<(), Error> {
        match verb {
            Verb::Change => Ok(()),
            Verb::Restore => in_business(store::merchant::get(tx, self.merchant_id)?),
            Verb::Retire => match store::terminal::count_of_shop(tx, self.merchant_id, &self.shop_id)? {
                0 => Ok(()),
                _ => Err(Error::Against(Against::TerminalsInUse)),
            },
        }
    }

    fn lock_around(&self, tx: &Tx<'_>, verb: Verb) -> Result<(), StoreError> {
        match verb {
            Verb::Change | Verb::Retire => Ok(()),
            Verb::Restore => store::merchant::locked(tx, self.merchant_id).map(drop),
        }
    }
}

/// Whether a shop's merchant is there and in business.
fn in_business(merchant: Option<Merchant>) -> Result<(), Error> {
    match merchant.map(|merchant| merchant.state) {
        None => Err(Error::Unknown("merchant_id")),
        Some(State::Retired) => Err(Error::Against(Against::OutOfBusiness)),
        Some(State::Active) => Ok(()),
    }
}

/// The shop where a terminal is to stand: seen by the actor, in business, and held so.
pub(crate) fn open(tx: &Tx<'_>, actor: &Actor, shop_id: &str) -> Result<Shop, Error> {
    let shop: Shop = case::locked(tx, actor, shop_id).map_err(|error| match error {
        Error::NotFound(_) => Error::Unknown("shop_id"),
        error => error,
    })?;
    in_business(store::merchant::locked(tx, shop.merchant_id)?)?;
    match shop.state {
        State::Active => Ok(shop),
        State::Retired => Err(Error::Against(Against::OutOfBusiness)),
    }
}

/// Adds a shop of a merchant.
pub fn create(
    tx: &Tx<'_>,
    actor: &Actor,
    shop_id: &str,
    merchant_id: MerchantId,
    (name, address): (String, String),
) -> Result<Shop, Error> {
    let shop = Shop {
        shop_id: shop_id.to_owned(),
        merchant_id,
        name,
        address,
        state: State::Active,
    };
    case::add(tx, actor, shop)
}

/// Calls it otherwise, or says that it is elsewhere; whose it is stays, and may be left unsaid.
pub fn change(
    tx: &Tx<'_>,
    actor: &Actor,
    shop_id: &str,
    merchant_id: Option<MerchantId>,
    (name, address): (String, String),
) -> Result<Shop, Error> {
    let kept: Shop = case::find(tx, actor, shop_id)?;
    if merchant_id.is_some_and(|merchant_id| merchant_id != kept.merchant_id) {
        return Err(Error::Fixed("merchant_id"));
    }
    step(tx, actor, shop_id, Verb::Change, None, |shop: &mut Shop| {
        shop.name = name;
        shop.address = address;
    })
}

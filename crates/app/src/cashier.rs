//! Operators of a shop, as those who run it keep them: added, changed, given a password, disabled (R5.1).
//!
//! Invariant: whoever is disabled signs in nowhere any more, and is signed out where the number is signed in.

use domain::account::Scope;
use domain::actor::Actor;
use domain::case::{Case, may_add};
use domain::event::Subject;
use domain::operator::{Cashier, Operator, Verb};
use domain::shop::Shop;
use store::{Error as StoreError, Tx};

use crate::case::{self, Error, Noun, Stateful, find, named, step};

impl Noun for Cashier {
    const SUBJECT: Subject = Subject::Operator;
    const UNIQUE: Option<&'static str> = Some(store::operator::UNIQUE);

    fn id(&self) -> &str {
        &self.id
    }

    fn get(tx: &Tx<'_>, id: &str) -> Result<Option<Self>, StoreError> {
        let Some((shop_id, number)) = Self::parse(id) else {
            return Ok(None);
        };
        Ok(store::operator::get(tx, shop_id, number)?.map(Self::from))
    }

    fn seen_by(&self, tx: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        let shop = store::shop::get(tx, &self.operator.shop_id)?;
        Ok(shop.is_some_and(|shop| scope.sees(shop.merchant_id, &shop.shop_id)))
    }
}

impl Stateful for Cashier {}

/// Adds an operator of a shop with the hash of the password.
pub fn create(tx: &Tx<'_>, actor: &Actor, operator: Operator, password_hash: &str) -> Result<Cashier, Error> {
    named::<Shop>(tx, actor, &operator.shop_id, "shop_id")?;
    let cashier = Cashier::from(operator);
    if !may_add(&cashier, actor) {
        return Err(Cashier::ADDING.who.refusal(actor).into());
    }
    let inserted = store::operator::insert(tx, &cashier.operator, password_hash);
    inserted.map_err(case::taken::<Cashier>)?;
    case::tell(tx, actor, &cashier, "create", None)?;
    Ok(cashier)
}

/// Calls the person otherwise.
pub fn change(tx: &Tx<'_>, actor: &Actor, id: &str, name: String) -> Result<Cashier, Error> {
    step(tx, actor, id, Verb::Change, None, |cashier: &mut Cashier| {
        cashier.operator.name = name;
    })
}

/// Gives the person another password, by its hash.
pub fn set_password(tx: &Tx<'_>, actor: &Actor, id: &str, password_hash: &str) -> Result<Cashier, Error> {
    let cashier: Cashier = step(tx, actor, id, Verb::SetPassword, None, |_| ())?;
    store::operator::set_password(tx, &cashier.operator, password_hash)?;
    Ok(cashier)
}

/// Terminals of one shop that are looked at.
const TERMINALS_MAX: i64 = 1_000;

/// Lets the person sign in no more, and signs the number out where it is signed in or about to be.
pub fn disable(tx: &Tx<'_>, actor: &Actor, id: &str) -> Result<Cashier, Error> {
    let cashier: Cashier = step(tx, actor, id, Verb::Disable, None, |_| ())?;
    let (shop_id, number) = (&cashier.operator.shop_id, cashier.operator.operator);
    let shop: Shop = find(tx, actor, shop_id)?;
    for terminal in store::terminal::of_shop(tx, shop.merchant_id, shop_id, TERMINALS_MAX)? {
        let terminal_id = terminal.terminal_id;
        store::terminal::hold_row(tx, terminal_id)?;
        store::offered_keys::forget_of(tx, terminal_id, number)?;
        let session = store::terminal_session::get(tx, terminal_id)?;
        if session.and_then(|session| session.operator).as_deref() == Some(number.as_str()) {
            store::terminal_session::sign_out(tx, terminal_id)?;
        }
    }
    Ok(cashier)
}

//! Merchants: added, changed, retired (R2.1).

use domain::MerchantId;
use domain::account::Scope;
use domain::actor::Actor;
use domain::event::Subject;
use domain::merchant::{Merchant, State, Verb, seen_by};
use store::{Error as StoreError, Tx};

use crate::case::{self, Against, Error, Noun, Stateful, step};

impl Noun for Merchant {
    const SUBJECT: Subject = Subject::Merchant;
    const UNIQUE: Option<&'static str> = Some(store::merchant::UNIQUE);

    fn id(&self) -> &str {
        self.merchant_id.as_str()
    }

    fn seen_by(&self, _: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        Ok(seen_by(scope, self.merchant_id))
    }
}

impl Stateful for Merchant {
    fn stands_against(&self, tx: &Tx<'_>, verb: Verb) -> Result<(), Error> {
        match verb == Verb::Retire && store::merchant::terminal_count(tx, self.merchant_id)? > 0 {
            true => Err(Error::Against(Against::TerminalsInUse)),
            false => Ok(()),
        }
    }
}

/// What is said of a merchant.
#[derive(Clone, Debug)]
pub struct Details {
    /// The name customers know, in Chinese.
    pub name: String,
    /// The same in English.
    pub name_en: String,
    /// What it sells.
    pub trade: String,
    /// 统一社会信用代码; empty when nobody said.
    pub unified_social_credit_code: String,
}

/// Adds a merchant.
pub fn create(
    tx: &Tx<'_>,
    actor: &Actor,
    merchant_id: MerchantId,
    details: Details,
) -> Result<Merchant, Error> {
    let merchant = Merchant {
        merchant_id,
        name: details.name,
        name_en: details.name_en,
        trade: details.trade,
        unified_social_credit_code: details.unified_social_credit_code,
        state: State::Active,
    };
    case::add(tx, actor, merchant)
}

/// Writes other details.
pub fn change(tx: &Tx<'_>, actor: &Actor, merchant_id: &str, details: Details) -> Result<Merchant, Error> {
    step(
        tx,
        actor,
        merchant_id,
        Verb::Change,
        None,
        |merchant: &mut Merchant| {
            merchant.name = details.name;
            merchant.name_en = details.name_en;
            merchant.trade = details.trade;
            merchant.unified_social_credit_code = details.unified_social_credit_code;
        },
    )
}

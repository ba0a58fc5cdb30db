//! Merchants.

use domain::MerchantId;
use domain::merchant::Merchant;

use crate::row::{self, table};
use crate::sql::values;
use crate::{Error, Tx};

table!(Merchant: "merchant", 1 { merchant_id, name, name_en, trade, unified_social_credit_code });

/// Adds a merchant.
pub fn insert(tx: &Tx<'_>, merchant: &Merchant) -> Result<(), Error> {
    row::insert(tx, merchant)
}

/// The merchant of that code.
pub fn get(tx: &Tx<'_>, merchant_id: MerchantId) -> Result<Option<Merchant>, Error> {
    row::get(tx, values![&merchant_id])
}

//! Shops: the places where a merchant's terminals stand.

use crate::MerchantId;

/// One place of business. (The word *store* is kept for the database.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shop {
    /// Our own key of the shop.
    pub shop_id: String,
    /// The merchant it belongs to.
    pub merchant_id: MerchantId,
    /// What its people call it, for example 城南店.
    pub name: String,
    /// Street address: the placement that 银发〔2021〕259号 一(一) binds a terminal to.
    pub address: String,
}

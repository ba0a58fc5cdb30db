//! Merchants: who an acquirer has signed, and whose terminals they are.

use crate::MerchantId;

/// A merchant as an acquirer knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merchant {
    /// Field 42 of every message of its terminals.
    pub merchant_id: MerchantId,
    /// The name customers know, in Chinese.
    pub name: String,
    /// The same in English.
    pub name_en: String,
    /// What it sells, one word, for example `snacks`.
    pub trade: String,
    /// 统一社会信用代码, eighteen characters (GB 32100-2015).
    pub unified_social_credit_code: String,
}

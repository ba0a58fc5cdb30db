//! A merchant's account with a provider whose own interface can stop its terminals.
//!
//! Invariant: its key is sealed by the edge; nothing here ever sees it.

use crate::actor::Actor;
use crate::right::{Object, Right, may};
use crate::terminal::Provider;
use crate::{MerchantId, Timestamp};

/// What is needed to ask a provider for a merchant.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderAccount {
    /// Whose.
    pub merchant_id: MerchantId,
    /// With whom.
    pub provider: Provider,
    /// What the provider calls the merchant: SumUp's merchant code, Adyen's account whose inventory takes stopped terminals.
    pub account: Option<String>,
    /// Which of the provider's own systems it is for; `None`: the live one.
    pub address: Option<String>,
    /// The key, sealed as [`ProviderAccount::sealed_as`].
    pub key_sealed: Vec<u8>,
    /// Since when it is kept.
    pub since: Timestamp,
}

impl ProviderAccount {
    /// What its key is sealed as: a key sealed for one merchant and provider opens for no other.
    pub fn sealed_as(&self) -> String {
        format!("provider.{}.{}", self.merchant_id, self.provider.code())
    }
}

impl std::fmt::Debug for ProviderAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sealed_as())
    }
}

/// Whether somebody may see and keep a merchant's accounts with providers: with the right to, over the whole of it.
pub fn may_keep(actor: &Actor, merchant_id: MerchantId) -> bool {
    may(actor, Right::KeepProvider, Object::Merchant(merchant_id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{everybody, merchant};

    #[test]
    fn only_owners_of_the_merchant_and_risk_officers_keep_them() {
        let may = everybody().map(|(name, actor)| (name, may_keep(&actor, merchant("M1"))));
        assert_eq!(
            may,
            [
                ("owner", true),
                ("stranger", false),
                ("manager", false),
                ("risk", true),
                ("auditor", false)
            ]
        );
    }
}

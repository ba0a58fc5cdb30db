//! Where this node asks providers: at their own addresses, unless whoever runs it says otherwise.
//!
//! A merchant's owner keeps a key and says with it at most which of the provider's own systems it is for. Whoever could name
//! any address would have the server call inside its own network.
//!
//! Invariant: no address comes from the API.

use std::str::FromStr;

use domain::provider_account::ProviderAccount;
use domain::terminal::Provider as Which;
use zeroize::Zeroizing;

use super::{Provider, Site, WrongSetting};

/// Another place for one provider, as the command line has it: `stripe=http://127.0.0.1:8090`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    which: Which,
    site: Site,
}

impl FromStr for Elsewhere {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const BAD: &str = "no provider and address like stripe=http://127.0.0.1:8090";
        let (which, address) = text.split_once('=').ok_or(BAD)?;
        Ok(Self {
            which: Which::parse(which).ok_or(BAD)?,
            site: Site::parse(address).ok_or(BAD)?,
        })
    }
}

/// The providers, as this node asks them.
#[derive(Clone, Debug, Default)]
pub struct Providers(Vec<Elsewhere>);

impl Providers {
    /// At their own addresses but for these.
    pub fn new(elsewhere: Vec<Elsewhere>) -> Self {
        Self(elsewhere)
    }

    /// The provider of an account, to be asked with its key.
    ///
    /// # Errors
    /// [`WrongSetting`].
    pub fn of(&self, account: &ProviderAccount, key: Zeroizing<String>) -> Result<Provider, WrongSetting> {
        let merchant = account.account.as_deref().unwrap_or_default();
        let provider = match account.provider {
            Which::Stripe => Provider::stripe(key)?,
            Which::Sumup => Provider::sumup(key, merchant)?,
            Which::Adyen => Provider::adyen(key, merchant)?,
        };
        let provider = match &account.address {
            Some(address) => provider.at(address)?,
            None => provider,
        };
        let elsewhere = self.0.iter().find(|one| one.which == account.provider);
        Ok(match elsewhere {
            Some(elsewhere) => provider.through(elsewhere.site.clone()),
            None => provider,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(provider: Which, address: Option<&str>) -> ProviderAccount {
        ProviderAccount {
            merchant_id: domain::MerchantId::parse(b"M1").unwrap(),
            provider,
            account: Some("SHOP1".into()),
            address: address.map(str::to_owned),
            key_sealed: Vec::new(),
            since: domain::Timestamp(0),
        }
    }

    fn asked_at(providers: &Providers, account: &ProviderAccount) -> Result<Site, WrongSetting> {
        let key = Zeroizing::new("rk_test".to_owned());
        Ok(providers.of(account, key)?.site)
    }

    #[test]
    fn a_key_goes_to_its_provider_and_to_no_other_address_that_an_account_names() {
        let site = |address| Ok(Site::parse(address).unwrap());
        let plain = Providers::default();
        for (which, live) in [
            (Which::Stripe, "https://api.stripe.com"),
            (Which::Sumup, "https://api.sumup.com"),
            (Which::Adyen, "https://management-live.adyen.com/v3"),
        ] {
            assert_eq!(asked_at(&plain, &account(which, None)), site(live));
            for foreign in [
                "http://127.0.0.1:5432",
                "https://169.254.169.254/latest",
                "https://intranet.example",
                "https://api.stripe.com.evil.example",
                "https://api.stripe.com/",
                "",
            ] {
                let asked = asked_at(&plain, &account(which, Some(foreign)));
                assert_eq!(asked, Err(WrongSetting::Address), "{which:?} {foreign}");
            }
        }
        let test = "https://management-test.adyen.com/v3";
        assert_eq!(asked_at(&plain, &account(Which::Adyen, Some(test))), site(test));
        assert!(asked_at(&plain, &account(Which::Stripe, Some(test))).is_err());
    }

    #[test]
    fn whoever_runs_the_node_may_say_where_one_provider_is() {
        let double = "http://127.0.0.1:8090/v3";
        let elsewhere = format!("adyen={double}").parse().unwrap();
        let providers = Providers::new(vec![elsewhere]);
        let asked = asked_at(&providers, &account(Which::Adyen, None));
        assert_eq!(asked, Ok(Site::parse(double).unwrap()));
        let asked = asked_at(&providers, &account(Which::Stripe, None));
        assert_eq!(asked, Ok(Site::parse("https://api.stripe.com").unwrap()));
        for bad in [
            "",
            "stripe",
            "paypal=https://x.example",
            "stripe=http://x.example",
        ] {
            assert!(bad.parse::<Elsewhere>().is_err(), "{bad}");
        }
    }
}

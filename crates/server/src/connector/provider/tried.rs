//! What the API asks of us before it keeps a key, and when somebody tries one.
//!
//! Invariant: what is kept here as usable is what a provider is later asked with.

use std::sync::Arc;
use std::time::Duration;

use api::provider_account::{Providers as ForPeople, Ready, Tried};
use domain::provider_account::ProviderAccount;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::{Providers, Trouble, WrongSetting};

/// How long a key is tried: somebody waits, and no request may take longer than ten seconds.
const TRIED_MAX: Duration = Duration::from_secs(8);

impl Providers {
    /// Judges and tries keys by the same reading that stops do.
    pub fn for_people(&self) -> ForPeople {
        let providers = self.clone();
        ForPeople {
            wrong,
            test: Arc::new(move |account, key| {
                let providers = providers.clone();
                Box::pin(async move { tried(&providers, &account, key).await })
            }),
        }
    }
}

/// The field that keeps the provider from being asked.
fn wrong(account: &ProviderAccount, key: &Zeroizing<String>) -> Option<&'static str> {
    let wrong = Providers::default().of(account, key.clone()).err()?;
    Some(match wrong {
        WrongSetting::Key => "key",
        WrongSetting::Merchant => "account",
        WrongSetting::Address => "address",
    })
}

async fn tried(providers: &Providers, account: &ProviderAccount, key: Zeroizing<String>) -> Tried {
    let said = |why: &str| Some(why.to_owned());
    let provider = match providers.of(account, key) {
        Ok(provider) => provider,
        Err(wrong) => return (Ready::NotReached, said(&wrong.to_string())),
    };
    match timeout(TRIED_MAX, provider.test()).await {
        Ok(Ok(())) => (Ready::Ready, None),
        Ok(Err(Trouble::Refused { code, sentence })) => {
            (Ready::Refused, said(format!("{code} {sentence}").trim()))
        }
        Ok(Err(Trouble::NoSuchDevice)) => (Ready::Refused, said("it knows no such merchant")),
        Ok(Err(Trouble::Throttled { .. })) => (Ready::Unknown, said("it is busy")),
        Ok(Err(Trouble::NotAsked { why })) => (Ready::NotReached, Some(why)),
        Ok(Err(Trouble::Unknown { why })) => (Ready::Unknown, Some(why)),
        Err(_) => (Ready::Unknown, said("no answer in time")),
    }
}

#[cfg(test)]
mod tests {
    use domain::terminal::Provider as Which;
    use simulator::provider::{Brand, Fault, Faults, Provider as Double, ProviderConfig, Struck};

    use super::*;

    const KEY: &str = "rk_test_51HqKeepThisOut";

    async fn double(brand: Brand, fault: Option<Fault>) -> Double {
        let config = ProviderConfig {
            brand,
            port: 0,
            key: KEY.to_owned(),
            merchant: "SHOP1".to_owned(),
            devices: Vec::new(),
            faults: Default::default(),
        };
        let double = Double::start(config).await.unwrap();
        double.faults().set(Faults {
            fault: fault.map(|fault| (Struck::All, fault)),
            ..Faults::default()
        });
        double
    }

    fn account(provider: Which, account: &str, address: Option<&str>) -> ProviderAccount {
        ProviderAccount {
            merchant_id: domain::MerchantId::parse(b"M1").unwrap(),
            provider,
            account: Some(account.to_owned()),
            address: address.map(str::to_owned),
            key_sealed: Vec::new(),
            since: domain::Timestamp(0),
        }
    }

    #[tokio::test]
    async fn a_key_is_taken_refused_or_not_known_and_nothing_is_changed() {
        for (which, brand) in [
            (Which::Stripe, Brand::Stripe),
            (Which::Sumup, Brand::SumUp),
            (Which::Adyen, Brand::Adyen),
        ] {
            for (fault, key, ready) in [
                (None, KEY, Ready::Ready),
                (None, "rk_wrong_51HqKeepThisOut", Ready::Refused),
                (Some(Fault::Says(403)), KEY, Ready::Refused),
                (Some(Fault::Busy("7")), KEY, Ready::Unknown),
                (Some(Fault::Closes), KEY, Ready::Unknown),
                (Some(Fault::Garbled), KEY, Ready::Unknown),
            ] {
                let double = double(brand, fault.clone()).await;
                let at = format!("{}={}", which.code(), double.url());
                let providers = Providers::new(vec![at.parse().unwrap()]);
                let test = providers.for_people().test;
                let account = account(which, "SHOP1", None);
                let (said, why) = test(account, Zeroizing::new(key.to_owned())).await;
                assert_eq!(said, ready, "{which:?} {fault:?}");
                assert_eq!(why.is_none(), ready == Ready::Ready, "{which:?} {fault:?}");
                assert!(!why.unwrap_or_default().contains("KeepThisOut"));
                assert!(!double.asked().iter().any(|asked| asked.changes()));
            }
        }
    }

    #[test]
    fn what_no_provider_can_be_asked_with_is_named() {
        let wrong = |account: &ProviderAccount, key: &str| wrong(account, &Zeroizing::new(key.to_owned()));
        assert_eq!(wrong(&account(Which::Sumup, "SHOP1", None), KEY), None);
        assert_eq!(wrong(&account(Which::Sumup, "SHOP1", None), "密"), Some("key"));
        assert_eq!(wrong(&account(Which::Sumup, "a/b", None), KEY), Some("account"));
        let inside = account(Which::Stripe, "", Some("http://127.0.0.1:5432"));
        assert_eq!(wrong(&inside, KEY), Some("address"));
    }
}

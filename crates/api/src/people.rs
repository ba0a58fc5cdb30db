//! How people and places are called, looked up once per answer.

use std::collections::HashMap;

use domain::MerchantId;
use domain::account::Scope;
use store::{Error, Tx};

/// Names already looked up in one snapshot.
pub struct Names<'t, 'c> {
    tx: &'t Tx<'c>,
    merchants: HashMap<MerchantId, String>,
    shops: HashMap<String, String>,
    people: HashMap<String, String>,
}

impl<'t, 'c> Names<'t, 'c> {
    /// Names of this snapshot.
    pub fn new(tx: &'t Tx<'c>) -> Self {
        Self {
            tx,
            merchants: HashMap::new(),
            shops: HashMap::new(),
            people: HashMap::new(),
        }
    }

    /// A merchant's name.
    pub fn merchant(&mut self, merchant_id: MerchantId) -> Result<String, Error> {
        if let Some(name) = self.merchants.get(&merchant_id) {
            return Ok(name.clone());
        }
        let merchant =
            store::merchant::get(self.tx, merchant_id)?.ok_or(Error::Corrupt("merchant of a row"))?;
        self.merchants.insert(merchant_id, merchant.name.clone());
        Ok(merchant.name)
    }

    /// A shop's name.
    pub fn shop(&mut self, shop_id: &str) -> Result<String, Error> {
        if let Some(name) = self.shops.get(shop_id) {
            return Ok(name.clone());
        }
        let shop = store::shop::get(self.tx, shop_id)?.ok_or(Error::Corrupt("shop of a row"))?;
        self.shops.insert(shop_id.to_owned(), shop.name.clone());
        Ok(shop.name)
    }

    /// What the one merchant and the one shop of a scope are called.
    pub fn place(&mut self, scope: &Scope) -> Result<(Option<String>, Option<String>), Error> {
        let merchant = scope.merchant_id().map(|merchant_id| self.merchant(merchant_id));
        let merchant = merchant.transpose()?;
        let shop = scope.shop_id().map(|shop_id| self.shop(shop_id)).transpose()?;
        Ok((merchant, shop))
    }

    /// A person's name, with the log-in where two have the same; an API key's, always with its number; who is neither (an operator,
    /// the gate) is called as the record says.
    pub fn person(&mut self, by: &str) -> Result<String, Error> {
        if let Some(name) = self.people.get(by) {
            return Ok(name.clone());
        }
        let name = match app::api_key::called(self.tx, by)? {
            Some(name) => name,
            None => self.of_account(by)?,
        };
        self.people.insert(by.to_owned(), name.clone());
        Ok(name)
    }

    fn of_account(&self, by: &str) -> Result<String, Error> {
        Ok(match store::account::get(self.tx, by)? {
            Some((account, _)) if store::account::is_shared_name(self.tx, &account.name)? => {
                format!("{} ({})", account.name, account.login)
            }
            Some((account, _)) => account.name,
            None => by.to_owned(),
        })
    }
}

//! The first run: the first account, the settings, and in a shop's house its merchant (R1.0, R7.1).
//!
//! Invariant: one set-up of a store succeeds, ever, however many are tried at once on however many nodes.

use domain::MerchantId;
use domain::account::{Account, Proof, Role, Scope};
use domain::actor::By;
use domain::event::Subject;
use domain::merchant::{Merchant, State};
use domain::setting::{SECOND_FACTOR_GRACE_MS, Settings};
use store::event::{self, New};
use store::{Error as StoreError, Tx};

/// Why a house is not set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is already.
    #[error("the house is set up already")]
    Done,
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            // Another transaction was before this one, on whichever node.
            StoreError::Conflict(name) if name == store::setting::UNIQUE => Self::Done,
            error => Self::Store(error),
        }
    }
}

/// What the first person says.
#[derive(Clone, Debug)]
pub struct First {
    /// The settings; the merchant in them is set here.
    pub settings: Settings,
    /// In a shop's house its merchant: an identifier and its name.
    pub merchant: Option<(MerchantId, String)>,
    /// What the person types to log in.
    pub login: String,
    /// How others see the person.
    pub name: String,
    /// Where the person can be reached by mail.
    pub email: Option<String>,
    /// The hash of the password.
    pub password_hash: String,
}

/// Sets the house up; answers the first account: the owner of the shop, or a risk officer, who administers an acquirer's house.
pub fn set_up(tx: &Tx<'_>, first: First) -> Result<Account, Error> {
    if store::account::exists(tx)? {
        return Err(Error::Done);
    }
    let merchant_id = first.merchant.as_ref().map(|(merchant_id, _)| *merchant_id);
    if let Some((merchant_id, name)) = first.merchant {
        store::merchant::insert(
            tx,
            &Merchant {
                merchant_id,
                name_en: name.clone(),
                name,
                trade: String::new(),
                unified_social_credit_code: String::new(),
                state: State::Active,
            },
        )?;
    }
    // Of two at once on a shared store the second waits here for the first.
    let settings = Settings {
        merchant_id,
        second_factor_from: Some(tx.now().plus_ms(SECOND_FACTOR_GRACE_MS)),
        ..first.settings
    };
    store::setting::insert(tx, &settings)?;
    let (role, scope) = match merchant_id {
        Some(merchant_id) => (Role::Owner, Scope::Merchant(merchant_id)),
        None => (Role::RiskOfficer, Scope::All),
    };
    let account = Account {
        login: first.login,
        name: first.name,
        role,
        scope,
        custom_role: None,
        proof: Proof::default(),
    };
    store::account::insert(tx, &account, &first.password_hash)?;
    store::account::set_email(tx, &account.login, first.email.as_deref())?;
    let by = By::person(&account.login);
    tell(tx, Subject::Setting, store::setting::HOUSE, by)?;
    tell(tx, Subject::Account, &account.login, by)?;
    Ok(account)
}

/// Without a word: a shell sets a house up before there is a key that could seal one.
fn tell(tx: &Tx<'_>, subject: Subject, subject_id: &str, by: By<'_>) -> Result<(), StoreError> {
    let new = New {
        subject,
        subject_id,
        at: tx.now(),
        verb: "set_up",
        by,
        text: None,
        ledger_sequence: None,
    };
    event::append(tx, new).map(drop)
}

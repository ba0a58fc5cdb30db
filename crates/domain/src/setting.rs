//! Settings of the whole house: what was chosen at the first run, and what those who administer it have changed since.
//!
//! Invariant: a house has settings from the moment it has an account; what is secret among them is sealed.

use crate::account::Scope;
use crate::actor::Actor;
use crate::money::Currency;
use crate::registration::{self, Provider};
use crate::right::{Object, Right, may};
use crate::time::HOUR_MS;
use crate::{MerchantId, Timestamp, words};

words! {
    /// For whom the house is run.
    pub enum Mode {
        /// A shop, or several of one merchant, whose acquirers know nothing of us.
        Shop = "shop",
        /// An acquirer or a service provider, with the gate before its host.
        Acquirer = "acquirer",
    }
}

words! {
    /// A language people are spoken to in when they have not chosen one.
    pub enum Language {
        /// 中文.
        Chinese = "zh",
        /// English.
        English = "en",
    }
}

words! {
    /// What the house wants done about terminals that behave as stolen ones would.
    pub enum Watch {
        /// Nothing.
        Off = "off",
        /// Ask whether they are with the shop.
        Ask = "ask",
        /// Ask, and stop at the gate whichever nobody answers for.
        Hold = "hold",
    }
}

/// How long after the first run a second factor may be missing where it is required: 14 days.
pub const SECOND_FACTOR_GRACE_MS: i64 = 14 * 24 * HOUR_MS;

/// The settings of the house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// For whom it is run.
    pub mode: Mode,
    /// The merchant whose owners administer the house of a shop.
    pub merchant_id: Option<MerchantId>,
    /// What people are spoken to in.
    pub language: Language,
    /// An IANA time zone.
    pub time_zone: String,
    /// What is paid in.
    pub currency: Currency,
    /// Where people open it in a browser: scheme, host and port, as in `https://till.shop.example`. Mails lead there.
    pub address: Option<String>,
    /// Whose name is on our mails.
    pub mail_from: Option<String>,
    /// Where mails go out, with its password; sealed.
    pub smtp_url_sealed: Option<Vec<u8>>,
    /// Where the acquirer host listens: address and port.
    pub host_address: Option<String>,
    /// Institution code of the acquirer, up to 11 digits (field 32).
    pub acquirer_code: Option<String>,
    /// The keys shared with the host; sealed.
    pub zone_keys_sealed: Option<Vec<u8>>,
    /// From when a second factor is required of whoever has power; never, without it.
    pub second_factor_from: Option<Timestamp>,
    /// Whether merchants may sign up by themselves; an acquirer's house only.
    pub takes_registrations: bool,
    /// Whom registrations are checked by; nobody: people look at the documents.
    pub identity_provider: Option<Provider>,
    /// The provider's keys; sealed.
    pub identity_key_sealed: Option<Vec<u8>>,
    /// How many of the provider's queries, each of which costs, a day may have.
    pub identity_daily_limit: i64,
    /// What is done about terminals that behave as stolen ones would.
    pub watch: Watch,
}

impl Settings {
    /// Settings as the first run leaves them.
    pub fn new(mode: Mode, language: Language, time_zone: &str, currency: Currency) -> Self {
        Self {
            mode,
            merchant_id: None,
            language,
            time_zone: time_zone.to_owned(),
            currency,
            address: None,
            mail_from: None,
            smtp_url_sealed: None,
            host_address: None,
            acquirer_code: None,
            zone_keys_sealed: None,
            second_factor_from: None,
            takes_registrations: false,
            identity_provider: None,
            identity_key_sealed: None,
            identity_daily_limit: registration::DAILY_LIMIT,
            watch: Watch::Ask,
        }
    }

    /// Those of a house that nobody was asked about: an acquirer's in China.
    pub fn unasked() -> Self {
        Self::new(Mode::Acquirer, Language::Chinese, "Asia/Shanghai", Currency::CNY)
    }

    /// Whose texts the house uses: the shop's that runs it; `None`: an acquirer's.
    pub fn keeper(&self) -> Option<MerchantId> {
        self.merchant_id.filter(|_| self.mode == Mode::Shop)
    }

    /// Whether somebody may see and change them: an acquirer's people with the right to, an owner of the shop that runs the house.
    pub fn administered_by(&self, actor: &Actor) -> bool {
        self.may(actor, Right::Administer)
    }

    /// Whether somebody is of those who run the house, and has that right.
    pub fn may(&self, actor: &Actor, right: Right) -> bool {
        let is_of_the_house = match self.mode {
            Mode::Acquirer => actor.scope() == Some(&Scope::All),
            Mode::Shop => {
                self.merchant_id.is_some() && self.merchant_id == actor.scope().and_then(Scope::merchant_id)
            }
        };
        is_of_the_house && may(actor, right, Object::Seen)
    }
}

/// Whether a text is an acquirer's institution code: 1 to 11 digits (field 32).
pub fn is_acquirer_code(code: &str) -> bool {
    (1..=11).contains(&code.len()) && code.bytes().all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Role;
    use crate::fixture::person;

    #[test]
    fn only_who_runs_the_house_administers_it() {
        let ours = MerchantId::parse(b"104520157120001").unwrap();
        let theirs = MerchantId::parse(b"104520157120002").unwrap();
        let acquirer = Settings::unasked();
        let shop = Settings {
            mode: Mode::Shop,
            merchant_id: Some(ours),
            ..Settings::unasked()
        };
        for (role, scope, of_acquirer, of_shop) in [
            (Role::RiskOfficer, Scope::All, true, false),
            (Role::Administrator, Scope::All, true, false),
            (Role::Operations, Scope::All, false, false),
            (Role::Auditor, Scope::All, false, false),
            (Role::Owner, Scope::Merchant(ours), false, true),
            (Role::Owner, Scope::Merchant(theirs), false, false),
            (Role::Manager, Scope::Shop(ours, "S1".into()), false, false),
        ] {
            let actor = person(role, scope);
            assert_eq!(acquirer.administered_by(&actor), of_acquirer, "{actor:?}");
            assert_eq!(shop.administered_by(&actor), of_shop, "{actor:?}");
        }
        assert!(!acquirer.administered_by(&Actor::Node("node-1".into())));
    }

    #[test]
    fn an_acquirer_code_is_what_field_32_can_hold() {
        assert!(is_acquirer_code("48273050") && is_acquirer_code("12345678901"));
        for wrong in ["", "123456789012", "4827305A", "４８"] {
            assert!(!is_acquirer_code(wrong), "{wrong}");
        }
    }
}

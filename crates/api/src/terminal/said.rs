//! What people say of a terminal: of a new one, and of one that is there.
//!
//! Invariant: whose a terminal is comes from the shop it stands in, never from what is said.

use app::terminal::{Changes, MasterKey};
use domain::setting::{Language, Settings};
use domain::terminal::{About, AtProvider, BoundElements, Control, SettlementAccount, Status, Terminal};
use domain::{Money, TerminalId};
use node::seal::{Purpose, Sealer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::TerminalControl;
use super::key::{MasterKeyIn, Safe};
use crate::input::{text, text_opt};
use crate::merchant::credit_code;
use crate::problem::{Problem, Why};
use crate::setting::said;
use crate::setup::{currency, time_zone};
use crate::shop::ADDRESS_CHARS_MAX;
use crate::wire::word;

/// Longest serial number: field 59 of the terminals' messages has 50 for it.
const SERIAL_CHARS_MAX: usize = 50;
/// Longest name, model, place and person, in characters.
const TEXT_CHARS_MAX: usize = 100;

word! {
    /// A provider whose own interface can stop a terminal.
    TerminalProvider: domain::terminal::Provider;
}

/// What a device cost.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Price)]
pub struct PriceIn {
    /// Minor units (fen, cents).
    minor: i64,
    /// ISO 4217, three letters.
    currency: String,
}

impl PriceIn {
    fn read(self) -> Result<Money, Problem> {
        let currency = currency("price.currency", &self.currency)?;
        Money::new(self.minor, currency).map_err(|_| Problem::field("price.minor", Why::OutOfRange))
    }
}

/// What a provider knows a terminal by.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AtProvider)]
pub struct AtProviderIO {
    /// Which provider.
    provider: TerminalProvider,
    /// The device's identifier there.
    device_id: String,
}

impl AtProviderIO {
    /// As it travels.
    pub fn of(at: &AtProvider) -> Self {
        Self {
            provider: TerminalProvider(at.provider),
            device_id: at.device_id.clone(),
        }
    }

    fn read(self) -> Result<AtProvider, Problem> {
        Ok(AtProvider {
            provider: self.provider.0,
            device_id: text("at_provider.device_id", &self.device_id, TEXT_CHARS_MAX)?,
        })
    }
}

/// A new terminal.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "terminal_id": "30501101", "shop_id": "S01", "serial": "YZ9030495193", "model": "云展 Y90", "name": "前台 1 号机",
    "control": "outside",
}))]
pub struct TerminalIn {
    /// Field 41: 1 to 8 letters and digits.
    terminal_id: String,
    /// Where it stands.
    shop_id: String,
    /// The manufacturer's serial number, or TUSN; at most 50 characters.
    serial: String,
    /// Maker and model; at most 100 characters, as the texts below.
    model: String,
    /// What the shop's people call it; its model without it.
    name: Option<String>,
    /// Who decides what it may do: our `gate`, or an acquirer `outside`.
    control: TerminalControl,
    /// Where in the shop it stands.
    location: Option<String>,
    /// Who holds its keys.
    keys_held_by: Option<String>,
    /// The day it was bought: `2026-11-22`.
    purchased_on: Option<String>,
    /// From whom.
    purchased_from: Option<String>,
    /// For how much.
    price: Option<PriceIn>,
    /// 收单机构代码.
    acquirer_code: Option<String>,
    /// 统一社会信用代码; its merchant's without it.
    unified_social_credit_code: Option<String>,
    /// The number of the settlement account, 6 to 34 letters and digits; only its last four are ever shown.
    settlement_account: Option<String>,
    /// 布放地址; its shop's address without it.
    placement_address: Option<String>,
    /// BCP 47; the house's language without it.
    language: Option<String>,
    /// IANA name; the house's without it.
    time_zone: Option<String>,
    /// What a provider knows it by whose own interface can stop it; only with `outside`.
    at_provider: Option<AtProviderIO>,
    /// Its master key, without which it does not sign in at our gate; only with `gate`.
    master_key: Option<MasterKeyIn>,
}

impl TerminalIn {
    /// The terminal, its merchant aside, and its key, in a house with these settings.
    pub fn read(self, settings: &Settings, safe: Safe<'_>) -> Result<(Terminal, Option<MasterKey>), Problem> {
        let sealer = safe.sealer;
        let terminal_id = TerminalId::parse(self.terminal_id.trim().as_bytes());
        let terminal_id = terminal_id.ok_or_else(|| Problem::field("terminal_id", Why::Invalid))?;
        let is_ours = self.control.0 == Control::Gate;
        if self.master_key.is_some() && !is_ours {
            return Err(Problem::field("master_key", Why::Unknown));
        }
        if self.at_provider.is_some() && is_ours {
            return Err(Problem::field("at_provider", Why::Unknown));
        }
        let language = match settings.language {
            Language::Chinese => "zh-CN",
            Language::English => "en",
        };
        let model = text("model", &self.model, TEXT_CHARS_MAX)?;
        let key = self.master_key.map(|key| key.seal(safe, terminal_id));
        let terminal = Terminal {
            terminal_id,
            serial: serial(&self.serial)?,
            name: text_opt("name", self.name, TEXT_CHARS_MAX)?.unwrap_or_else(|| model.clone()),
            model,
            shop_id: text("shop_id", &self.shop_id, TEXT_CHARS_MAX)?,
            bound: BoundElements {
                acquirer_code: acquirer_code(self.acquirer_code)?.unwrap_or_default(),
                // Set by the shop.
                merchant_code: domain::MerchantId::NONE,
                unified_social_credit_code: credit_code(self.unified_social_credit_code)?.unwrap_or_default(),
                settlement_account: match self.settlement_account {
                    None => SettlementAccount::default(),
                    Some(number) => settlement_account(sealer, terminal_id, &number)?,
                },
                placement_address: text_opt("placement_address", self.placement_address, ADDRESS_CHARS_MAX)?
                    .unwrap_or_default(),
            },
            status: Status::Active,
            control: self.control.0,
            at_provider: self.at_provider.map(AtProviderIO::read).transpose()?,
            language: text_opt("language", self.language, TEXT_CHARS_MAX)?
                .unwrap_or_else(|| language.to_owned()),
            time_zone: match self.time_zone {
                None => settings.time_zone.clone(),
                Some(name) => time_zone("time_zone", &name)?,
            },
            about: About {
                location: text_opt("location", self.location, TEXT_CHARS_MAX)?,
                keys_held_by: text_opt("keys_held_by", self.keys_held_by, TEXT_CHARS_MAX)?,
                purchased_on: day(self.purchased_on)?,
                purchased_from: text_opt("purchased_from", self.purchased_from, TEXT_CHARS_MAX)?,
                price: self.price.map(PriceIn::read).transpose()?,
            },
            key_check: None,
        };
        Ok((terminal, key.transpose()?))
    }
}

/// A serial number without the blanks that labels print, its letters as they are.
pub fn serial(said: &str) -> Result<String, Problem> {
    let serial: String = said.chars().filter(|one| !one.is_whitespace()).collect();
    let serial = text("serial", &serial, SERIAL_CHARS_MAX)?;
    match serial
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
    {
        true => Ok(serial),
        false => Err(Problem::field("serial", Why::Invalid)),
    }
}

fn acquirer_code(code: Option<String>) -> Result<Option<String>, Problem> {
    let code = text_opt("acquirer_code", code, TEXT_CHARS_MAX)?;
    match code.as_deref().is_none_or(domain::setting::is_acquirer_code) {
        true => Ok(code),
        false => Err(Problem::field("acquirer_code", Why::Invalid)),
    }
}

fn settlement_account(
    sealer: &Sealer,
    terminal_id: TerminalId,
    number: &str,
) -> Result<SettlementAccount, Problem> {
    let number: String = number.chars().filter(|one| !one.is_whitespace()).collect();
    let number = Zeroizing::new(number);
    if !(6..=34).contains(&number.len()) || !number.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Problem::field("settlement_account", Why::Invalid));
    }
    let sealed = sealer.seal(
        Purpose::SettlementAccount,
        terminal_id.as_str(),
        number.as_bytes(),
    );
    Ok(SettlementAccount {
        sealed: sealed.map_err(|error| Problem::internal(&error))?,
        last4: number[number.len() - 4..].to_owned(),
    })
}

fn day(said: Option<String>) -> Result<Option<String>, Problem> {
    let Some(said) = text_opt("purchased_on", said, TEXT_CHARS_MAX)? else {
        return Ok(None);
    };
    let day: Option<jiff::civil::Date> = said.parse().ok();
    match day.filter(|day| day.to_string() == said) {
        Some(_) => Ok(Some(said)),
        None => Err(Problem::field("purchased_on", Why::NotADay)),
    }
}

/// What is to be changed. What is not there stays; null takes away.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TerminalChange, example = json!({ "name": "前台 2 号机", "location": "前台右边" }))]
pub struct TerminalChange {
    /// What the shop's people call it.
    name: Option<String>,
    /// Where in the shop it stands.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    location: Option<Option<String>>,
    /// Who holds its keys.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    keys_held_by: Option<Option<String>>,
    /// The day it was bought.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    purchased_on: Option<Option<String>>,
    /// From whom.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    purchased_from: Option<Option<String>>,
    /// For how much.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<PriceIn>)]
    price: Option<Option<PriceIn>>,
    /// Another serial number, where the first was written down wrong; never of one that our gate decides.
    serial: Option<String>,
    /// Maker and model.
    model: Option<String>,
    /// 收单机构代码.
    acquirer_code: Option<String>,
    /// 统一社会信用代码.
    unified_social_credit_code: Option<String>,
    /// The number of the settlement account.
    settlement_account: Option<String>,
    /// 布放地址.
    placement_address: Option<String>,
    /// BCP 47.
    language: Option<String>,
    /// IANA name.
    time_zone: Option<String>,
}

impl TerminalChange {
    /// The changes of that terminal.
    pub fn read(self, sealer: &Sealer, kept: &Terminal) -> Result<Changes, Problem> {
        let optional = |name: &str, said: Option<Option<String>>, kept: &Option<String>| match said {
            None => Ok(kept.clone()),
            Some(said) => text_opt(name, said, TEXT_CHARS_MAX),
        };
        let about = &kept.about;
        let about = About {
            location: optional("location", self.location, &about.location)?,
            keys_held_by: optional("keys_held_by", self.keys_held_by, &about.keys_held_by)?,
            purchased_on: match self.purchased_on {
                None => about.purchased_on.clone(),
                Some(said) => day(said)?,
            },
            purchased_from: optional("purchased_from", self.purchased_from, &about.purchased_from)?,
            price: match self.price {
                None => about.price,
                Some(price) => price.map(PriceIn::read).transpose()?,
            },
        };
        let bound = &kept.bound;
        let bound = BoundElements {
            acquirer_code: acquirer_code(self.acquirer_code)?.unwrap_or_else(|| bound.acquirer_code.clone()),
            merchant_code: bound.merchant_code,
            unified_social_credit_code: credit_code(self.unified_social_credit_code)?
                .unwrap_or_else(|| bound.unified_social_credit_code.clone()),
            settlement_account: match self.settlement_account {
                None => bound.settlement_account.clone(),
                Some(number) => settlement_account(sealer, kept.terminal_id, &number)?,
            },
            placement_address: text_opt("placement_address", self.placement_address, ADDRESS_CHARS_MAX)?
                .unwrap_or_else(|| bound.placement_address.clone()),
        };
        Ok(Changes {
            name: text_opt("name", self.name, TEXT_CHARS_MAX)?,
            about: Some(about),
            serial: self.serial.as_deref().map(serial).transpose()?,
            model: text_opt("model", self.model, TEXT_CHARS_MAX)?,
            bound: Some(bound),
            language: text_opt("language", self.language, TEXT_CHARS_MAX)?,
            time_zone: self
                .time_zone
                .map(|name| time_zone("time_zone", &name))
                .transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_is_what_a_label_can_hold() {
        assert_eq!(serial(" YZ90 3049 5193 ").unwrap(), "YZ9030495193");
        for wrong in ["", " ", "序列号", &"1".repeat(51), "a\u{0}b"] {
            assert!(serial(wrong).is_err(), "{wrong:?}");
        }
        assert!(day(Some("2026-02-30".into())).is_err() && day(Some("2026-2-3".into())).is_err());
        assert_eq!(
            day(Some("2026-11-22".into())).unwrap().as_deref(),
            Some("2026-11-22")
        );
    }
}

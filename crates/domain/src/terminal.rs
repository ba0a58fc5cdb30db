//! Terminals: what they are and what they are bound to.
//!
//! Invariant: a terminal's identity never changes; a replacement is another terminal.

use crate::money::Money;
use crate::words;

pub mod keep;
pub mod may;

/// Field 41: eight characters, letters, digits or trailing spaces.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TerminalId([u8; 8]);

/// Field 42: fifteen characters, letters, digits or trailing spaces.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MerchantId([u8; 15]);

macro_rules! identifier {
    ($name:ident, $len:literal) => {
        impl $name {
            /// Reads an identifier: 1 to the field's length of letters and digits, padded on the right with spaces.
            pub fn parse(text: &[u8]) -> Option<Self> {
                let trimmed = text.trim_ascii_end();
                if trimmed.is_empty()
                    || trimmed.len() > $len
                    || !trimmed.iter().all(u8::is_ascii_alphanumeric)
                {
                    return None;
                }
                let mut padded = [b' '; $len];
                padded[..trimmed.len()].copy_from_slice(trimmed);
                Some(Self(padded))
            }

            /// The identifier without its padding.
            pub fn as_str(&self) -> &str {
                std::str::from_utf8(self.0.trim_ascii_end()).unwrap_or_default()
            }

            /// The identifier as the field carries it, padded with spaces.
            pub const fn padded(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

identifier!(TerminalId, 8);
identifier!(MerchantId, 15);

impl MerchantId {
    /// Nobody's, where a shop or a merchant still has to say whose.
    pub const NONE: Self = Self([b' '; 15]);
}

words! {
    /// Whether a terminal is part of the estate at all. Being stopped for a while is a hold, not a status.
    pub enum Status {
        /// In the estate.
        Active = "active",
        /// Not in use any more; answered as an unknown terminal (field 39 `97`).
        Retired = "retired",
    }
}

words! {
    /// Who decides what a terminal may do, and so what a loss report can say (R1.2).
    pub enum Control {
        /// Our gate is in the path of every message: a report stops the terminal.
        Gate = "gate",
        /// An acquirer decides who has not heard of us: a report asks for the stop, and somebody there confirms it.
        Outside = "outside",
    }
}

words! {
    /// A provider whose own API can stop a terminal.
    pub enum Provider {
        /// Adyen's Management API.
        Adyen = "adyen",
        /// SumUp's readers.
        Sumup = "sumup",
        /// Stripe Terminal.
        Stripe = "stripe",
    }
}

/// What a provider knows a terminal by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtProvider {
    /// Which provider.
    pub provider: Provider,
    /// The device's identifier there: of the device, or of its pairing.
    pub device_id: String,
}

/// The five elements that 银发〔2021〕259号 一(一) binds a serial number to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundElements {
    /// 收单机构代码.
    pub acquirer_code: String,
    /// 特约商户编码, field 42.
    pub merchant_code: MerchantId,
    /// 统一社会信用代码 (an identity number for a micro-merchant).
    pub unified_social_credit_code: String,
    /// The settlement account, sealed; only its last four digits are ever shown.
    pub settlement_account: SettlementAccount,
    /// 布放地址: where the terminal stands.
    pub placement_address: String,
}

/// A settlement account number at rest: sealed bytes, and the four digits people recognise it by. Both are empty when nobody
/// said which it is.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SettlementAccount {
    /// The number, encrypted by the edge that holds the key.
    pub sealed: Vec<u8>,
    /// Its last four digits.
    pub last4: String,
}

impl std::fmt::Debug for SettlementAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "•••• {}", self.last4)
    }
}

/// What a shop knows of a device besides what it is (R2.1, PCI DSS 9.5.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Where in the shop it stands, for example 前台左边.
    pub location: Option<String>,
    /// Who holds its keys.
    pub keys_held_by: Option<String>,
    /// The day it was bought, `2026-11-22`.
    pub purchased_on: Option<String>,
    /// From whom.
    pub purchased_from: Option<String>,
    /// For how much.
    pub price: Option<Money>,
}

/// A terminal of the estate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Field 41, and the key everywhere.
    pub terminal_id: TerminalId,
    /// The manufacturer's serial number; one terminal has one, one serial is one terminal (259号 一(一)).
    pub serial: String,
    /// Maker and model.
    pub model: String,
    /// What the shop's people call it, for example 前台 1 号机.
    pub name: String,
    /// Where it stands.
    pub shop_id: String,
    /// The five bound elements.
    pub bound: BoundElements,
    /// In the estate or retired.
    pub status: Status,
    /// Who decides what it may do.
    pub control: Control,
    /// Where a provider's API can stop it; only with [`Control::Outside`].
    pub at_provider: Option<AtProvider>,
    /// Language of its prompts, BCP 47 (R6.4).
    pub language: String,
    /// IANA time zone of its clock and receipts (R6.4).
    pub time_zone: String,
    /// What else is known of the device.
    pub about: About,
    /// The check value of its master key, hexadecimal digits; `None` while it has none.
    pub key_check: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_padded_and_compared_without_padding() {
        let short = TerminalId::parse(b"T1").unwrap();
        assert_eq!(short.padded(), b"T1      ");
        assert_eq!(short, TerminalId::parse(b"T1      ").unwrap());
        assert_eq!(short.to_string(), "T1");
    }

    #[test]
    fn what_field_41_cannot_hold_is_refused() {
        for bad in [
            &b""[..],
            b"        ",
            b"123456789",
            b"12 45678",
            "终端".as_bytes(),
            b"1234567\0",
        ] {
            assert_eq!(TerminalId::parse(bad), None);
        }
    }
}

//! The rules of a terminal's life, one file per noun, free of storage, network and clock.
//!
//! May touch: the standard library. Time, ids and randomness come in as parameters.
//!
//! Invariant: nothing here knows tokio, SQL, HTTP or serde; every rule is a function of its arguments.

pub mod account;
pub mod actor;
pub mod api_key;
pub mod attachment;
pub mod audit;
pub mod case;
pub mod checklist;
pub mod code;
pub mod common_point;
pub mod contact;
pub mod custom_role;
pub mod day;
pub mod document;
pub mod duty;
pub mod duty_mail;
pub mod emergency_code;
pub mod event;
pub mod factor;
#[cfg(test)]
mod fixture;
pub mod hex;
pub mod hold;
pub mod identity;
pub mod import;
pub mod incident;
pub mod inspection;
pub mod invitation;
pub mod kept;
pub mod letter;
pub mod mark;
pub mod merchant;
pub mod money;
pub mod opening_hours;
pub mod operator;
pub mod pack;
pub mod pan;
pub mod personal;
pub mod photo;
pub mod police;
pub mod provider_account;
pub mod question;
pub mod recorded;
pub mod registration;
pub mod replacement;
pub mod revision;
pub mod right;
pub mod roster;
pub mod rule;
pub mod session;
pub mod setting;
pub mod settlement_hold;
pub mod shop;
pub mod statement;
pub mod stop_request;
pub mod suspicious_report;
pub mod terminal;
pub mod time;
pub mod trail;
pub mod transaction;
pub mod word;
pub mod work;

pub use actor::Actor;
pub use money::Money;
pub use pan::MaskedPan;
pub use terminal::{MerchantId, TerminalId};
pub use time::Timestamp;

//! The only SQL: what is kept, one file per noun, and the transactions that keep it.
//!
//! May touch: `domain`, and the database libraries that nothing else may touch.
//!
//! Invariant: every change happens in a closure given to [`Store::submit`] or [`Store::write`], and its caller hears of
//! success only after it is durable.

pub mod account;
pub mod alarm;
pub mod allowance;
pub mod api_key;
pub mod attachment;
pub mod audit;
pub mod bulk;
mod checkpoint;
#[cfg(test)]
mod columns;
pub mod common_point;
pub mod contact;
pub mod custom_role;
pub mod data_key;
pub mod drain;
pub mod duty;
pub mod duty_mail;
pub mod emergency_code;
mod error;
pub mod event;
pub mod factor;
pub mod floor;
mod handle;
pub mod heard;
pub mod hold;
pub mod idempotency;
pub mod import;
pub mod incident;
pub mod inspection;
pub mod invitation;
pub mod ledger;
pub mod letter;
pub mod mark;
pub mod mention;
pub mod merchant;
mod migration;
pub mod node;
pub mod offered_keys;
pub mod opening_hours;
pub mod operator;
pub mod owed_reversal;
pub mod pending;
pub mod photo;
pub mod piece;
#[cfg(test)]
mod plan;
pub mod police;
mod postgres;
pub mod provider_account;
pub mod question;
mod queue;
pub mod receipt;
pub mod recorded;
pub mod registration;
pub mod replacement;
pub mod reseal;
pub mod revision;
pub mod roster;
pub mod row;
pub mod session;
pub mod setting;
pub mod settlement_hold;
pub mod shop;
pub mod sql;
mod sqlite;
#[cfg(feature = "stage")]
pub mod stage;
pub mod statement;
pub mod stop_request;
pub mod suspicious_report;
pub mod terminal;
pub mod terminal_session;
mod tx;
pub mod vault;
pub mod work;

pub use error::Error;
pub use handle::{Clock, Store};
pub use postgres::Doorbell;
pub use queue::Want;
pub use tx::Tx;

//! Use cases, one function per verb: each reads what it needs, applies the rules of `domain`, and writes its records in
//! the one store transaction it is given.
//!
//! May touch: `domain`, `store`. Time, identifiers and randomness come in as parameters or with the transaction.
//!
//! Invariant: every approval and every hold of a terminal is decided with the terminal's row locked, in the same
//! transaction that writes the ledger.

pub mod account;
pub mod allowance;
pub mod api_key;
pub mod attachment;
pub(crate) mod attempt;
pub mod audit;
mod batch;
#[cfg(feature = "canary")]
pub mod canary;
pub mod case;
pub mod cashier;
pub mod clean_up;
pub mod comment;
pub mod common_point;
pub mod contact;
pub mod custom_role;
pub mod digest_mail;
pub mod duty;
pub mod duty_mail;
pub mod emergency_code;
pub mod estate;
pub mod factor;
pub mod hold;
pub mod idempotency;
pub mod import;
pub mod incident;
pub mod inspection;
pub mod interruption;
pub mod invitation;
pub mod lease;
pub mod letter;
pub mod mark;
pub mod merchant;
pub mod model;
pub mod node;
pub mod opening_hours;
pub mod operator;
mod original;
pub mod passes;
pub mod password;
pub mod personal;
pub mod photo;
pub mod piece;
pub mod playbook;
pub mod police;
pub mod provider_account;
pub mod question;
pub mod recorded;
pub mod registration;
pub mod repeats;
pub mod replacement;
pub mod reseal;
pub mod retry;
pub mod reversal;
pub mod revision;
pub mod roster;
pub mod rule_set;
pub mod session;
pub mod setting;
pub mod settlement;
pub mod settlement_hold;
pub mod setup;
pub mod shop;
pub mod sign_in;
pub mod statement;
pub mod stop_request;
pub mod suspect;
pub mod suspicious_report;
pub mod terminal;
pub mod totp;
pub mod transaction;
pub mod watch;
pub mod work;

//! The same, word for word, on PostgreSQL: each test has a database of its own.
//!
//! Invariant: no test sleeps; the clock of the store stands until a test moves it.

#![allow(
    clippy::unwrap_used,
    reason = "a test may stop where it fails, also in what it shares with others"
)]

/// Whether the store under test is the shared one.
const IS_SHARED: bool = true;

mod account;
mod allowance;
mod api_key;
mod attachment;
mod audit;
mod codes;
mod comment;
mod common_point;
mod contract;
mod custom_role;
mod duty;
mod duty_mail;
mod estate;
mod factor;
mod fixture;
mod follow;
mod found;
mod import;
mod incident;
mod letter;
mod model;
mod node;
mod opening_hours;
mod operator;
mod personal;
mod photo;
mod playbook;
mod police;
mod promise;
mod race;
mod recorded;
mod registration;
mod replacement;
mod reversal;
mod revision;
mod roster;
mod rule_set;
mod settlement;
mod settlement_hold;
mod setup;
mod sign_in;
mod statement;
mod stop_request;
mod suspect;
mod suspicious_report;
mod trail;
mod transaction;
mod watch;
mod work;

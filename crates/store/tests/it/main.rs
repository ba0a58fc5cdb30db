//! What is kept, compared with plain models of it; all in one binary, so that linking is fast.
//!
//! Invariant: no test sleeps; the clock of the store stands until a test moves it.

#![allow(
    clippy::unwrap_used,
    reason = "a test may stop where it fails, also in what it shares with others"
)]

/// Whether the store under test is the shared one.
const IS_SHARED: bool = false;

mod contact;
mod fixture;
mod hold;
mod incident;
mod ledger;
mod reader;
mod session;
mod terminal;
mod writer;

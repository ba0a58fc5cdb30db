//! Statements as files: our samples, the traps that importers fell into, and what nobody should send.

#![allow(
    clippy::unwrap_used,
    reason = "a test may stop where it fails, also in what it shares with others"
)]

mod kit;
mod limits;
mod mutated;
mod samples;
mod speed;
mod traps;
mod workbooks;

//! The simulator: an acquirer's world small enough for one machine, for the demonstration, load and proofs.
//!
//! Rooms, one subject each:
//! - [`estate`]: who exists (acquirer, merchants, shops, operators, terminals) and what they did before now. Pure.
//! - [`issuer`]: the simulated issuing bank and its test cards. Pure.
//! - [`host`]: the acquirer's host, a TCP server that asks the issuer, with faults that can be set while it runs.
//! - [`terminal`]: a POS terminal that signs in, sells, voids, refunds, settles, locks and unlocks.
//! - [`trade`]: many terminals in human rhythm, and a thief.
//! - [`theft`]: histories of honest shops and of terminals stolen from them, for the benchmark of screening. Pure.
//! - [`load`]: many requests as fast as they are answered, with a log for a checker.
//! - [`mail`]: a mail server that keeps what it takes, with faults at every verb.
//! - [`provider`]: payment providers whose own interface can stop a terminal, with faults.
//! - [`identity`]: clouds that say whether a name and a number belong together, with faults.
//! - [`control`]: how faults are set while a double runs.
//! - [`kind`]: the kinds of card transaction and their marks in a message.
//! - `deterministic` (behind the feature of that name): many nodes and a database in one thread, one seed one run.
//! - [`calendar`] and [`chance`]: time in the shops' zone, and seeded randomness.
//!
//! It may touch: the network (`host`, `terminal`, `trade`, `load`, `mail`, `provider`, `identity`) and the clock (`calendar::now_ms` alone).
//! It knows the wire format through `iso8583` and nothing of the product it tests; `deterministic` alone runs the product's
//! own use cases.
//!
//! Invariant: the simulator holds test cards and generated keys only, and prints neither.

pub mod calendar;
pub mod chance;
pub mod control;
#[cfg(feature = "deterministic")]
pub mod deterministic;
pub mod estate;
pub mod host;
pub mod identity;
pub mod issuer;
pub mod kind;
pub mod load;
pub mod mail;
pub mod provider;
pub mod terminal;
pub mod theft;
#[cfg(test)]
mod toy_gate;
pub mod trade;

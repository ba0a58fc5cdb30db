//! The commands of the binary.
//!
//! Invariant: a command parses, wires and reports; what it wires decides.

pub mod bench;
pub mod demo;
mod estate;
pub mod openapi;
pub mod serve;

//! Statements as files: our samples, the traps that importers fell into, and what nobody should send.

mod kit;
mod limits;
mod mutated;
mod samples;
mod speed;
mod traps;
mod workbooks;

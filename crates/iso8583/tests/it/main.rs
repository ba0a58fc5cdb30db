//! The crate from outside: generated and damaged messages, the fuzzer's corpus, and what is never shown.

mod corpus;
mod generated;
mod properties;
mod secrecy;

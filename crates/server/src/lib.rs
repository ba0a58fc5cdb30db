//! A node that keeps terminals: the gate, the connector to the host, the console's files, and how all of it is started.
//!
//! May touch: everything below it. Here are the sockets; the wire types of people's requests are in `api`.
//!
//! Invariant: no rule lives here; the gate translates, calls one use case, and translates back.

pub mod admin;
mod assets;
pub mod connector;
pub mod data_key;
pub mod gate;
pub mod http;
pub mod program;
pub mod ready;
pub mod run;
pub mod screening;
pub mod serve;
pub mod statement;
#[cfg(feature = "pkcs11")]
mod token;
pub mod verify;
mod watch;
mod work;

//! End-to-end tests: what they share to drive the real binary over its real ports.
//!
//! May touch: processes it starts, free ports of this machine, folders it makes below the system's temporary folder,
//! and the simulator. It never looks inside the product: only the gate, the HTTP API and the outside host speak.
//!
//! Invariant: whatever happens, every process it started is killed and every folder it made is removed.

mod acquirer;
mod api;
mod books;
mod house;
mod lanes;
mod node;
mod outside;
mod pair;
mod proxy;
mod token;
mod traded;
mod wait;
mod wire;

pub use acquirer::{Acquirer, PASSWORD, hex, master_key, own_key};
pub use api::{Answered, Api};
pub use books::{Books, Hold, Name, Row};
pub use house::{House, admin, admin_with, tillguard};
pub use lanes::{Lanes, LanesLog, Purchase, Undoing};
pub use node::{Folder, Launch, Node, Ready, ReadyTerminal, binary, canary_binary};
pub use outside::Outside;
pub use pair::{NAMES, Pair};
pub use proxy::Proxy;
pub use token::SoftToken;
pub use traded::{Acknowledged, Traded};
pub use wait::{WAIT_MAX, until, until_every};
pub use wire::{ask, ask_on, purchase};

/// A number from the environment, or its default.
pub fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

//! Passkeys: WebAuthn, which needs a name of the host and, but on this very machine, HTTPS.
//!
//! Invariant: what an answer is compared with stays on the server; a credential is kept whole after each use.

#[cfg(not(feature = "passkeys"))]
mod none;
#[cfg(feature = "passkeys")]
mod site;

use domain::words;

#[cfg(not(feature = "passkeys"))]
pub use none::{Passkey, Site, read};
#[cfg(feature = "passkeys")]
pub use site::{Passkey, Site, read};

words! {
    /// Whether a passkey can be made at the address a page was opened by.
    pub enum Possible {
        /// It can.
        Yes = "yes",
        /// The address is a number, and a passkey is good for a name.
        NoName = "no_name",
        /// It is not encrypted, and not this very machine.
        NotEncrypted = "not_encrypted",
        /// This program was built without them, as the demo is to be there sooner.
        NotBuilt = "not_built",
    }
}

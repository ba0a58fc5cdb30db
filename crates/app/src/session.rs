//! Log-in sessions: begun and ended (R7.2).

use domain::Timestamp;
use store::{Error, Tx};

/// Begins a session of that log-in, known by the digest of its token.
pub fn begin(tx: &Tx<'_>, token_digest: &[u8], login: &str, expires_at: Timestamp) -> Result<(), Error> {
    store::session::insert(tx, token_digest, login, expires_at)
}

/// Ends it.
pub fn end(tx: &Tx<'_>, token_digest: &[u8]) -> Result<(), Error> {
    store::session::delete(tx, token_digest)
}

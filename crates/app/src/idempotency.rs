//! Doing a request once: its key is claimed before anything else, and keeps the answer it was given.

pub use store::idempotency::{Answer, Claim};
use store::{Error, Tx};

/// Claims a log-in's key for content of that digest, first of all in a transaction.
pub fn claim(tx: &Tx<'_>, login: &str, key: &str, request_digest: &[u8]) -> Result<Claim, Error> {
    store::idempotency::claim(tx, login, key, request_digest)
}

/// Keeps the answer given to a claimed key; when it has one already, that one counts and comes back.
pub fn answer(
    tx: &Tx<'_>,
    login: &str,
    key: &str,
    request_digest: &[u8],
    answer: &Answer,
) -> Result<Option<Answer>, Error> {
    store::idempotency::answer(tx, login, key, request_digest, answer)
}

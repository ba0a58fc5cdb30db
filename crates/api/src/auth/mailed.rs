//! Codes that are mailed: what is kept of one.
//!
//! Invariant: the code itself is in the sealed text of its mail and nowhere else; the store has its SHA-256.

use domain::code::{CHARS, Code};
use node::seal::{self, Purpose, Sealer, random};
use sha2::{Digest, Sha256};

/// What the store keeps.
pub fn digest(code: &Code) -> [u8; 32] {
    Sha256::digest(code.letters()).into()
}

/// A new one, of what has that identifier: its digest, and the code itself, sealed for its mail.
///
/// # Errors
/// The system gives no randomness.
pub fn new_code(sealer: &Sealer, purpose: Purpose, id: &str) -> Result<([u8; 32], Vec<u8>), seal::Error> {
    let code = Code::of(random::<CHARS>()?);
    Ok((digest(&code), sealer.seal(purpose, id, code.letters())?))
}

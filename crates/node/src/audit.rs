//! The key that signs the audit log's checkpoints.
//!
//! Made when it is first needed, sealed with the data key, and the same on every node of a house for as long as the log lives.
//! Its name, the log's origin, is `tillguard-` and the first eight hexadecimal digits of the SHA-256 of the public key, `/audit`:
//! so no two houses have the same, whatever they are called.
//!
//! Invariant: the seed leaves this file sealed, or as a signer that does not show it.

use sha2::{Digest, Sha256};
use store::audit::Log;
use store::{Store, Tx};
use tlog::Signer;
use zeroize::Zeroizing;

use crate::seal::{Error, KEY_BYTES, Purpose, Sealer, random};

/// What signs for a log; the log is begun when there is none.
///
/// # Errors
/// The store, or the seed cannot be made or opened.
pub fn signer(store: &Store, sealer: &Sealer) -> Result<Signer, Error> {
    if let Some(log) = store.read(store::audit::log)? {
        return of(&log, sealer);
    }
    let seed = Zeroizing::new(random::<KEY_BYTES>()?);
    let nameless = Signer::new("tillguard", seed.as_slice()).map_err(|_| Error::DoesNotOpen)?;
    let origin = origin(nameless.key().public_key());
    let sealed = sealer.seal(Purpose::AuditKey, &origin, seed.as_slice())?;
    let public_key = *nameless.key().public_key();
    store.write(move |tx: &Tx<'_>| app::audit::begin(tx, &origin, &public_key, &sealed))?;
    // Of two nodes that begin at once, one has begun it.
    let log = store.read(store::audit::log)?;
    of(&log.ok_or(store::Error::Corrupt("audit_log"))?, sealer)
}

fn of(log: &Log, sealer: &Sealer) -> Result<Signer, Error> {
    let seed = sealer.open(Purpose::AuditKey, &log.origin, &log.seed_sealed)?;
    let signer = Signer::new(&log.origin, &seed).map_err(|_| Error::DoesNotOpen)?;
    match signer.key().public_key().as_slice() == log.public_key {
        true => Ok(signer),
        false => Err(Error::DoesNotOpen),
    }
}

fn origin(public_key: &[u8]) -> String {
    let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(public_key));
    format!("tillguard-{a:02x}{b:02x}{c:02x}{d:02x}/audit")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::Timestamp;

    use super::*;

    #[test]
    fn a_log_has_one_key_which_opens_with_the_data_key_only() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(|| Timestamp(1));
        let store = Store::open(&folder.path().join("store.db"), clock).unwrap();
        let sealer = Sealer::new(&[7; 32]);
        let first = signer(&store, &sealer).unwrap();
        let again = signer(&store, &sealer).unwrap();
        assert_eq!(first.key(), again.key());
        assert!(first.key().name().starts_with("tillguard-") && first.key().name().ends_with("/audit"));
        assert!(signer(&store, &Sealer::new(&[8; 32])).is_err());
        let log = store.read(store::audit::log).unwrap().unwrap();
        assert_eq!(log.public_key, first.key().public_key());
    }
}

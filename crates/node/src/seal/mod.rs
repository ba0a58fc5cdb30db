//! Sealing what is secret at rest: XChaCha20-Poly1305 under the node's data keys.
//!
//! Sealed bytes are: version 2, the key's identifier (4 bytes), a nonce (24), the sealed text, a tag (16). The version, the
//! identifier and the place are associated data: purpose and owner of what the edge seals; table, column, merchant and row of what
//! the store seals by itself. Nonces are random, and of this length never meet again however
//! many reversals one key seals. Bytes of version 1 (AES-256-GCM: nonce 12, text, tag 16) are opened, and never made.
//!
//! Invariant: no key, card number or account number is written to the store but through here, and no key is made while
//! the store has rows that another one has sealed.

mod file;
mod keep;
mod source;
pub mod token;

use std::sync::Arc;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use store::vault::{Check, Refused, Vault};

pub use keep::{keep, open};
pub use source::{Source, VARIABLE, is_plain};
pub use store::vault::Purpose;

/// Bytes of a data key.
pub const KEY_BYTES: usize = 32;
const VERSION: u8 = 2;
const ID_BYTES: usize = 4;
const NONCE_BYTES: usize = 24;
const OLD_NONCE_BYTES: usize = 12;
/// What a key's check value is the SHA-256 of, with the key.
const CHECK_LABEL: &[u8] = b"tillguard/data-key-check/1";
/// What a key for blind indices is derived with: HMAC-SHA-256 of it under the data key.
const INDEX_LABEL: &[u8] = b"tillguard/index-key/1";

/// Why sealing or opening failed. Says nothing of the content.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes were not sealed with these keys for this purpose, or were changed.
    #[error("sealed bytes do not open")]
    DoesNotOpen,
    /// The system gave no randomness.
    #[error("no randomness from the system")]
    NoRandomness,
    /// The data keys cannot be had, or not be used.
    #[error("the data key cannot be used: {0}")]
    Key(String),
    /// The store cannot be asked which keys it was sealed with.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// A data key, wiped when it is dropped; `Debug` is not for it.
pub type Secret = Zeroizing<[u8; KEY_BYTES]>;

/// The data keys: the newest seals, all open. Clones share them.
#[derive(Clone)]
pub struct Sealer(Arc<Keys>);

struct Keys {
    newest: Key,
    older: Vec<Key>,
}

struct Key {
    /// SHA-256 of the key with a label; its first bytes are the identifier in what it seals.
    check: [u8; 32],
    cipher: XChaCha20Poly1305,
    /// Opens what version 1 sealed.
    old: Aes256Gcm,
    /// Derived from the key: what blind indices are made with.
    index: Zeroizing<[u8; 32]>,
}

impl Key {
    fn new(secret: &[u8; KEY_BYTES]) -> Self {
        Self {
            check: Sha256::new()
                .chain_update(CHECK_LABEL)
                .chain_update(secret)
                .finalize()
                .into(),
            cipher: XChaCha20Poly1305::new(secret.into()),
            old: Aes256Gcm::new(secret.into()),
            index: Zeroizing::new(hmac(secret, INDEX_LABEL)),
        }
    }

    fn header(&self) -> [u8; 1 + ID_BYTES] {
        let [a, b, c, d, ..] = self.check;
        [VERSION, a, b, c, d]
    }

    fn open(&self, aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let header = self.header();
        let (nonce, msg) = sealed.strip_prefix(&header)?.split_first_chunk::<NONCE_BYTES>()?;
        let aad = &[&header, aad].concat();
        self.cipher
            .decrypt(&XNonce::from(*nonce), Payload { msg, aad })
            .ok()
    }

    fn open_old(&self, aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, msg) = sealed.split_first_chunk::<OLD_NONCE_BYTES>()?;
        self.old.decrypt(&Nonce::from(*nonce), Payload { msg, aad }).ok()
    }
}

impl Sealer {
    /// Uses this key alone.
    pub fn new(secret: &[u8; KEY_BYTES]) -> Self {
        let older = Vec::new();
        Self(Arc::new(Keys {
            newest: Key::new(secret),
            older,
        }))
    }

    /// Uses the last of these to seal, and all of them to open; `None` when there is none.
    fn of(secrets: &[Secret]) -> Option<Self> {
        let (newest, older) = secrets.split_last()?;
        Some(Self(Arc::new(Keys {
            newest: Key::new(newest),
            older: older.iter().map(|secret| Key::new(secret)).collect(),
        })))
    }

    /// The keys, the newest first.
    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.0.newest).chain(self.0.older.iter().rev())
    }

    /// Seals bytes for a purpose and an owner, for example a terminal: moved to another row they do not open.
    pub fn seal(&self, purpose: Purpose, owner: &str, plain: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(Vault::seal(self, &purpose.bound_to(owner), plain)?)
    }

    /// Opens what [`Sealer::seal`] sealed for the same purpose and owner.
    pub fn open(&self, purpose: Purpose, owner: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let opened = Vault::open(self, &purpose.bound_to(owner), sealed)?;
        Ok(Zeroizing::new(opened))
    }
}

impl Vault for Sealer {
    fn seal(&self, place: &[u8], plain: &[u8]) -> Result<Vec<u8>, Refused> {
        let nonce = random::<NONCE_BYTES>().map_err(|_| Refused::NoRandomness)?;
        let header = self.0.newest.header();
        let aad = &[header.as_slice(), place].concat();
        let payload = Payload { msg: plain, aad };
        let sealed = self.0.newest.cipher.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| Refused::DoesNotOpen)?;
        Ok([header.as_slice(), &nonce, &sealed].concat())
    }

    fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Refused> {
        let opened = self.keys().find_map(|key| key.open(place, sealed));
        // A nonce of version 1 may begin like a header of version 2.
        let opened = opened.or_else(|| self.keys().find_map(|key| key.open_old(place, sealed)));
        opened.ok_or(Refused::DoesNotOpen)
    }

    fn is_newest(&self, sealed: &[u8]) -> bool {
        sealed.starts_with(&self.0.newest.header())
    }

    fn checks(&self) -> Vec<Check> {
        self.keys().map(|key| key.check).collect()
    }

    fn indices(&self, label: &str, text: &str) -> Vec<Vec<u8>> {
        self.keys()
            .map(|key| blind(&key.index, label, text).to_vec())
            .collect()
    }
}

/// What a text is found by where it is sealed: who does not have the key cannot try numbers until one fits.
fn blind(key: &[u8; 32], label: &str, text: &str) -> [u8; 32] {
    hmac(key, &[label.as_bytes(), &[0], text.as_bytes()].concat())
}

/// HMAC-SHA-256.
fn hmac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    // A key that is shorter than a block is followed by zeros (RFC 2104).
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    mac.update(message);
    mac.finalize().into_bytes().into()
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::DoesNotOpen => Self::DoesNotOpen,
            Refused::NoRandomness => Self::NoRandomness,
        }
    }
}

/// Bytes from the operating system's source of randomness.
pub fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(keys: &[u8]) -> Sealer {
        let secrets: Vec<Secret> = keys.iter().map(|byte| Zeroizing::new([*byte; 32])).collect();
        Sealer::of(&secrets).unwrap()
    }

    #[test]
    fn sealed_bytes_open_only_for_their_purpose_and_owner() {
        let sealer = Sealer::new(&[7; 32]);
        let sealed = sealer.seal(Purpose::MasterKey, "10450001", b"secret").unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert_eq!(
            sealer
                .open(Purpose::MasterKey, "10450001", &sealed)
                .unwrap()
                .as_slice(),
            b"secret"
        );
        assert!(sealer.open(Purpose::WorkingKeys, "10450001", &sealed).is_err());
        assert!(sealer.open(Purpose::MasterKey, "10450002", &sealed).is_err());
        assert!(
            Sealer::new(&[8; 32])
                .open(Purpose::MasterKey, "10450001", &sealed)
                .is_err()
        );
    }

    #[test]
    fn changed_or_short_bytes_do_not_open() {
        let sealer = Sealer::new(&[7; 32]);
        let sealed = sealer.seal(Purpose::Reversal, "t", b"secret").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(sealer.open(Purpose::Reversal, "t", &changed).is_err(), "{at}");
            assert!(
                sealer.open(Purpose::Reversal, "t", &sealed[..at]).is_err(),
                "{at}"
            );
        }
    }

    #[test]
    fn sealed_bytes_say_their_version_and_their_key() {
        let sealed = |key| sealer(&[key]).seal(Purpose::Reversal, "t", b"").unwrap();
        let (one, other) = (sealed(7), sealed(8));
        assert_eq!([one[0], other[0]], [2, 2]);
        assert_ne!(one[1..5], other[1..5]);
        assert_eq!(one[1..5], sealed(7)[1..5]);
        assert_eq!(one.len(), 1 + 4 + 24 + 16);
    }

    #[test]
    fn the_newest_key_seals_and_all_open() {
        let (before, during, after) = (sealer(&[7]), sealer(&[8, 7]), sealer(&[7, 8]));
        let old = before.seal(Purpose::Reversal, "t", b"old").unwrap();
        let new = after.seal(Purpose::Reversal, "t", b"new").unwrap();
        for reader in [&during, &after] {
            assert_eq!(
                reader.open(Purpose::Reversal, "t", &old).unwrap().as_slice(),
                b"old"
            );
            assert_eq!(
                reader.open(Purpose::Reversal, "t", &new).unwrap().as_slice(),
                b"new"
            );
        }
        assert!(before.open(Purpose::Reversal, "t", &new).is_err());
        assert_eq!(during.seal(Purpose::Reversal, "t", b"").unwrap()[..5], old[..5]);
    }

    #[test]
    fn a_blind_index_is_the_hmac_of_label_and_text() {
        // Made with Python's `hmac`.
        let key: [u8; 32] = std::array::from_fn(|at| at as u8);
        let index = blind(&key, "tillguard/phone/1", "+8613800138000");
        let hex: String = index.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            "080b74e6d6afa980fcef911bea7ac350edeb7de5b18f6d04bde93c48438f82b8"
        );
    }

    #[test]
    fn each_key_has_an_index_of_its_own_and_the_newest_comes_first() {
        let of = |keys: &[u8], text: &str| sealer(keys).indices("tillguard/phone/1", text);
        let (old, both) = (of(&[7], "+8613800138000"), of(&[7, 8], "+8613800138000"));
        assert_eq!(both[1], old[0]);
        assert_ne!(both[0], old[0]);
        assert_ne!(of(&[7], "+8613800138001"), old);
        assert_ne!(sealer(&[7]).indices("tillguard/email/1", "+8613800138000"), old);
    }

    #[test]
    fn what_version_one_sealed_still_opens() {
        // The master key "secret" of terminal 10450001 under 07 × 32 with the nonce 02 × 12, as the first version wrote it.
        let aad = b"tillguard/master-key/1/10450001";
        let payload = Payload { msg: b"secret", aad };
        let old = Aes256Gcm::new(&[7; 32].into());
        let sealed = old.encrypt(&Nonce::from([2; 12]), payload).unwrap();
        let sealed = [[2; 12].as_slice(), &sealed].concat();
        let opened = sealer(&[7, 8]).open(Purpose::MasterKey, "10450001", &sealed);
        assert_eq!(opened.unwrap().as_slice(), b"secret");
        assert!(
            sealer(&[8])
                .open(Purpose::MasterKey, "10450001", &sealed)
                .is_err()
        );
    }
}

//! Sealing what is secret at rest: AES-256-GCM under the node's data key.
//!
//! Invariant: no key, card number or account number is written to the store but through here.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use std::path::Path;
use zeroize::{Zeroize, Zeroizing};

const NONCE_BYTES: usize = 12;
const KEY_BYTES: usize = 32;

/// What sealed bytes are for; bytes sealed for one purpose do not open for another.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// A terminal master key.
    MasterKey,
    /// A terminal's working keys.
    WorkingKeys,
    /// The card data a reversal must carry.
    Reversal,
    /// A settlement account number.
    SettlementAccount,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::MasterKey => b"tillguard/master-key/1",
            Self::WorkingKeys => b"tillguard/working-keys/1",
            Self::Reversal => b"tillguard/reversal/1",
            Self::SettlementAccount => b"tillguard/settlement-account/1",
        }
    }
}

/// Why sealing or opening failed. Says nothing of the content.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes were not sealed with this key for this purpose, or were changed.
    #[error("sealed bytes do not open")]
    DoesNotOpen,
    /// The system gave no randomness.
    #[error("no randomness from the system")]
    NoRandomness,
    /// The key file cannot be used.
    #[error("the data key cannot be used: {0}")]
    Key(String),
}

/// The data key.
pub struct Sealer(Aes256Gcm);

impl Sealer {
    /// Uses this key.
    pub fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self(Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key)))
    }

    /// Reads the data key from a file, or makes a new one that only the owner can read.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        let unusable = |error: std::io::Error| Error::Key(error.to_string());
        match std::fs::read(path) {
            Ok(bytes) => {
                let mut bytes = Zeroizing::new(bytes);
                let key = <[u8; KEY_BYTES]>::try_from(bytes.as_slice());
                bytes.zeroize();
                let key = Zeroizing::new(key.map_err(|_| Error::Key("it is not 32 bytes long".into()))?);
                Ok(Self::new(&key))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let key = Zeroizing::new(random::<KEY_BYTES>()?);
                write_private(path, key.as_slice()).map_err(unusable)?;
                Ok(Self::new(&key))
            }
            Err(error) => Err(unusable(error)),
        }
    }

    /// Seals bytes for a purpose and an owner, for example a terminal: moved to another row they do not open.
    pub fn seal(&self, purpose: Purpose, owner: &str, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let nonce = random::<NONCE_BYTES>()?;
        let aad = [purpose.label(), b"/", owner.as_bytes()].concat();
        let payload = Payload {
            msg: plain,
            aad: &aad,
        };
        let sealed = self
            .0
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| Error::DoesNotOpen)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`Sealer::seal`] sealed for the same purpose and owner.
    pub fn open(&self, purpose: Purpose, owner: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let (nonce, sealed) = sealed
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(Error::DoesNotOpen)?;
        let aad = [purpose.label(), b"/", owner.as_bytes()].concat();
        let payload = Payload {
            msg: sealed,
            aad: &aad,
        };
        self.0
            .decrypt(&Nonce::from(*nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| Error::DoesNotOpen)
    }
}

/// Bytes from the operating system's source of randomness.
pub fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
    Ok(bytes)
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let mut sealed = sealer.seal(Purpose::Reversal, "t", b"secret").unwrap();
        *sealed.last_mut().unwrap() ^= 1;
        assert!(sealer.open(Purpose::Reversal, "t", &sealed).is_err());
        assert!(sealer.open(Purpose::Reversal, "t", &[0; 5]).is_err());
    }
}

//! Signed notes (C2SP `signed-note`): a text, a blank line, and a line for each signature.
//!
//! Invariant: of a note that verifies, no byte can be changed so that it still does.

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use sha2::{Digest, Sha256};

use crate::{Error, base64, from_base64};

/// A longer note is not read.
pub const NOTE_BYTES_MAX: usize = 64 * 1024;
/// The word for Ed25519 in keys and their identifiers.
const ED25519_WORD: u8 = 1;
const PUBLIC_KEY_BYTES: usize = 32;
const KEY_ID_BYTES: usize = 4;

/// A name that may stand in a key and a signature: not empty, no space, no `+`, no control sign.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|sign: char| sign.is_whitespace() || sign.is_control() || sign == '+')
}

/// Who signs, as those who verify know them: written `name+hex(id)+base64(01 ‖ public key)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    name: String,
    public_key: [u8; PUBLIC_KEY_BYTES],
}

impl Key {
    /// A key of that name.
    ///
    /// # Errors
    /// The name may not stand in a key.
    pub fn new(name: &str, public_key: [u8; PUBLIC_KEY_BYTES]) -> Result<Self, Error> {
        match is_name(name) {
            true => Ok(Self {
                name: name.to_owned(),
                public_key,
            }),
            false => Err(Error::Malformed("a key's name")),
        }
    }

    /// Reads it as it is written.
    ///
    /// # Errors
    /// It is not written so, or its identifier is another's.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let malformed = Error::Malformed("a verifier key");
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(malformed);
        };
        let bytes = from_base64(key).ok_or(malformed)?;
        let Some((&ED25519_WORD, public_key)) = bytes.split_first() else {
            return Err(malformed);
        };
        let key = Self::new(name, public_key.try_into().map_err(|_| malformed)?)?;
        match key.to_string() == text {
            true => Ok(key),
            false => Err(malformed),
        }
    }

    /// Its name, which is the origin of the log.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key.
    pub const fn public_key(&self) -> &[u8; PUBLIC_KEY_BYTES] {
        &self.public_key
    }

    fn id(&self) -> [u8; KEY_ID_BYTES] {
        let hash = Sha256::new()
            .chain_update(&self.name)
            .chain_update([b'\n', ED25519_WORD]);
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash.chain_update(self.public_key).finalize());
        [a, b, c, d]
    }

    /// The text of a note that this key, and no other, has signed.
    ///
    /// # Errors
    /// It is no such note, or the signature is not right.
    pub fn verify<'n>(&self, note: &'n str) -> Result<&'n str, Error> {
        let malformed = Error::Malformed("a signed note");
        if note.len() > NOTE_BYTES_MAX {
            return Err(malformed);
        }
        // The last blank line ends the text.
        let (before, line) = note.rsplit_once("\n\n").ok_or(malformed)?;
        let text = &note[..before.len() + 1];
        let line = line.strip_suffix('\n').ok_or(malformed)?;
        let signature = line.strip_prefix("\u{2014} ").ok_or(malformed)?;
        let (name, signature) = signature.split_once(' ').ok_or(malformed)?;
        let bytes = from_base64(signature).ok_or(malformed)?;
        let (id, signature) = bytes.split_first_chunk().ok_or(malformed)?;
        if name != self.name || *id != self.id() {
            return Err(Error::NotSigned);
        }
        let key = UnparsedPublicKey::new(&ED25519, self.public_key);
        let verified = key.verify(text.as_bytes(), signature);
        verified.map(|()| text).map_err(|_| Error::BadSignature)
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let id = u32::from_be_bytes(self.id());
        let key = [&[ED25519_WORD], self.public_key.as_slice()].concat();
        write!(f, "{}+{id:08x}+{}", self.name, base64(&key))
    }
}

/// What signs; `Debug` shows the public key only.
#[derive(Debug)]
pub struct Signer {
    key: Key,
    pair: Ed25519KeyPair,
}

impl Signer {
    /// Signs under that name with the key of a seed of 32 bytes.
    ///
    /// # Errors
    /// The name may not stand in a key, or the seed is none.
    pub fn new(name: &str, seed: &[u8]) -> Result<Self, Error> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| Error::Malformed("a seed"))?;
        let public_key = pair.public_key().as_ref();
        let public_key = public_key.try_into().map_err(|_| Error::Malformed("a seed"))?;
        let key = Key::new(name, public_key)?;
        Ok(Self { key, pair })
    }

    /// The key that verifies what it signs.
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// Signs a text, which ends with a line's end.
    pub fn sign(&self, text: &str) -> String {
        let signature = self.pair.sign(text.as_bytes());
        let signature = [self.key.id().as_slice(), signature.as_ref()].concat();
        format!("{text}\n\u{2014} {} {}\n", self.key.name, base64(&signature))
    }
}

//! Message authentication: field 64.
//!
//! The key schedule is kept, because computing it costs as much as a short message. The data is [`crate::Message`]'s
//! `mac_input`: MTI to field 63 with bit 64 set, without length, TPDU and header.
//!
//! Invariant: comparing takes the same time wherever two MACs differ; no key is ever shown.

use std::fmt;

use cipher::{Array, BlockCipherEncrypt, KeyInit};
use sm4::Sm4;
use subtle::ConstantTimeEq;

use crate::block::{DesKey, xor, zero_padded};
use crate::keys::KeyError;
use crate::writer::hex;

/// How a MAC is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// UnionPay POS: XOR of all blocks, its hexadecimal characters through two encryptions, the first eight
    /// hexadecimal characters of the result. A key of 8 bytes is DES, of 16 bytes 3DES.
    UnionPayEcb,
    /// ANSI X9.9: CBC under DES (8 bytes), the last block.
    X99,
    /// ANSI X9.19, ISO 9797-1 algorithm 3: CBC under the first half of a 16-byte key, the last block in 3DES.
    X919,
    /// The UnionPay form over 16-byte blocks of SM4 (16 bytes). Which part of the result is sent is not settled
    /// between implementations; here it is the first eight hexadecimal characters, as in [`Algorithm::UnionPayEcb`].
    UnionPaySm4,
    /// CBC under SM4 (16 bytes), the first eight bytes of the last block. Seen in one secondary source only.
    Sm4Cbc,
}

/// A MAC key with its schedule.
#[derive(Clone)]
pub struct MacKey(Scheme);

#[derive(Clone)]
enum Scheme {
    UnionPayEcb(DesKey),
    X99(DesKey),
    X919 { left: DesKey, right: DesKey },
    UnionPaySm4(Sm4),
    Sm4Cbc(Sm4),
}

impl MacKey {
    /// Prepares `key` for `algorithm`.
    ///
    /// # Errors
    /// [`KeyError::Length`] when the algorithm has no use for a key of this length.
    pub fn new(algorithm: Algorithm, key: &[u8]) -> Result<Self, KeyError> {
        let wrong = KeyError::Length { bytes: key.len() };
        let sm4 = || Sm4::new_from_slice(key).map_err(|_| wrong);
        let scheme = match (algorithm, key.len()) {
            (Algorithm::UnionPayEcb, 8 | 16) => Scheme::UnionPayEcb(DesKey::new(key)?),
            (Algorithm::X99, 8) => Scheme::X99(DesKey::new(key)?),
            (Algorithm::X919, 16) => Scheme::X919 {
                left: DesKey::new(&key[..8])?,
                right: DesKey::new(&key[8..])?,
            },
            (Algorithm::UnionPaySm4, 16) => Scheme::UnionPaySm4(sm4()?),
            (Algorithm::Sm4Cbc, 16) => Scheme::Sm4Cbc(sm4()?),
            _ => return Err(wrong),
        };
        Ok(Self(scheme))
    }

    /// The algorithm the key is for.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.0 {
            Scheme::UnionPayEcb(_) => Algorithm::UnionPayEcb,
            Scheme::X99(_) => Algorithm::X99,
            Scheme::X919 { .. } => Algorithm::X919,
            Scheme::UnionPaySm4(_) => Algorithm::UnionPaySm4,
            Scheme::Sm4Cbc(_) => Algorithm::Sm4Cbc,
        }
    }

    /// The eight bytes of field 64 over `data`, which is filled up with zeros to whole blocks.
    #[must_use]
    pub fn sign(&self, data: &[u8]) -> [u8; 8] {
        match &self.0 {
            Scheme::UnionPayEcb(key) => first_hex(&folded(data, |block| key.encrypt(block))),
            Scheme::X99(key) => chained(data, |block| key.encrypt(block)),
            Scheme::X919 { left, right } => {
                left.encrypt(right.decrypt(chained(data, |block| left.encrypt(block))))
            }
            Scheme::UnionPaySm4(key) => first_hex(&folded(data, |block| encrypt_sm4(key, block))),
            Scheme::Sm4Cbc(key) => first_half(chained(data, |block| encrypt_sm4(key, block))),
        }
    }

    /// Whether `mac` is the MAC of `data`, in constant time.
    #[must_use]
    pub fn verify(&self, data: &[u8], mac: &[u8]) -> bool {
        self.sign(data).ct_eq(mac).into()
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MacKey({:?})", self.algorithm())
    }
}

/// R = XOR of all blocks; H = its hexadecimal characters, two blocks; E(E(first) XOR second).
fn folded<const N: usize>(data: &[u8], encrypt: impl Fn([u8; N]) -> [u8; N]) -> [u8; N] {
    let r = zero_padded(data).fold([0; N], xor);
    let mut halves = [[0; N]; 2];
    for (to, byte) in halves.as_flattened_mut().chunks_exact_mut(2).zip(r) {
        to.copy_from_slice(&hex(byte));
    }
    let [first, second] = halves;
    encrypt(xor(encrypt(first), second))
}

/// CBC from a block of zeros; the last block.
fn chained<const N: usize>(data: &[u8], encrypt: impl Fn([u8; N]) -> [u8; N]) -> [u8; N] {
    zero_padded(data).fold([0; N], |state, block| encrypt(xor(state, block)))
}

fn encrypt_sm4(key: &Sm4, block: [u8; 16]) -> [u8; 16] {
    let mut block = Array(block);
    key.encrypt_block(&mut block);
    block.0
}

/// The first eight hexadecimal characters of `block`, which has at least four bytes.
fn first_hex(block: &[u8]) -> [u8; 8] {
    let mut mac = [0; 8];
    for (to, &byte) in mac.chunks_exact_mut(2).zip(block) {
        to.copy_from_slice(&hex(byte));
    }
    mac
}

fn first_half(block: [u8; 16]) -> [u8; 8] {
    std::array::from_fn(|index| block[index])
}

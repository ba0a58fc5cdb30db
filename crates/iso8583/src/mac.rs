//! Message authentication: field 64.
//!
//! The key schedule is kept, because computing it costs as much as a short message. The data is [`crate::Message`]'s
//! `mac_input`: MTI to field 63 with bit 64 set, without length, TPDU and header.
//!
//! Invariant: comparing takes the same time wherever two MACs differ; no key is ever shown.

use std::fmt;

use cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use des::Des;
use sm4::Sm4;
use subtle::ConstantTimeEq;

use crate::block::{DesKey, xor, zero_padded};
use crate::digits::hex;
use crate::error::KeyError;

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
    X99(Des),
    X919 { left: Des, right: Des },
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
        let des = |key: &[u8]| Des::new_from_slice(key).map_err(|_| wrong);
        let sm4 = || Sm4::new_from_slice(key).map_err(|_| wrong);
        let scheme = match (algorithm, key.len()) {
            (Algorithm::UnionPayEcb, 8 | 16) => Scheme::UnionPayEcb(DesKey::new(key)?),
            (Algorithm::X99, 8) => Scheme::X99(des(key)?),
            (Algorithm::X919, 16) => Scheme::X919 {
                left: des(&key[..8])?,
                right: des(&key[8..])?,
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
            Scheme::X99(key) => chained(data, |block| encrypt_des(key, block)),
            Scheme::X919 { left, right } => {
                let mut last = Array(chained(data, |block| encrypt_des(left, block)));
                right.decrypt_block(&mut last);
                encrypt_des(left, last.0)
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

fn encrypt_des(key: &Des, block: [u8; 8]) -> [u8; 8] {
    let mut block = Array(block);
    key.encrypt_block(&mut block);
    block.0
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{DOUBLE_KEY, LOGGED, LOGGED_KEY, unhex};

    /// 108 bytes signed in several ways, each computed twice and independently.
    const DATA: &str =
        "0200302004C020C0981100000000000000005100183402100006324392260009942820D131210112008439313636
        3838303134303030303030303030303030303031313536ACF46E73838A82F92600000000000000000822000001";
    const SINGLE_KEY: &str = "C24A8FB57AA20123";

    fn signed(algorithm: Algorithm, key: &str, data: &str) -> Vec<u8> {
        MacKey::new(algorithm, &unhex(key))
            .expect("a key")
            .sign(&unhex(data))
            .to_vec()
    }

    #[test]
    fn the_message_of_a_live_exchange_has_its_mac() {
        assert_eq!(signed(Algorithm::UnionPayEcb, LOGGED_KEY, LOGGED), b"E5805ECB");
    }

    #[test]
    fn the_whole_result_of_the_unionpay_form_is_right() {
        let key = DesKey::new(&unhex(LOGGED_KEY)).expect("a key");
        let result = folded(&unhex(LOGGED), |block| key.encrypt(block));
        assert_eq!(result.to_vec(), unhex("E5805ECBE0AFADDD"));
    }

    #[test]
    fn the_xor_of_all_blocks_is_right() {
        let r = |data| zero_padded::<8>(&unhex(data)).fold([0; 8], xor).to_vec();
        assert_eq!(r(LOGGED), unhex("8669012722F217C6"));
        assert_eq!(r(DATA), unhex("4D08F434464FE7BF"));
    }

    #[test]
    fn the_unionpay_form_takes_des_and_3des_keys() {
        assert_eq!(signed(Algorithm::UnionPayEcb, SINGLE_KEY, DATA), b"8A9E91B8");
        assert_eq!(signed(Algorithm::UnionPayEcb, DOUBLE_KEY, DATA), b"84C8B241");
    }

    #[test]
    fn the_ansi_forms_give_their_known_answers() {
        assert_eq!(
            signed(Algorithm::X99, SINGLE_KEY, DATA),
            unhex("756FED7EEB9F572C")
        );
        assert_eq!(
            signed(Algorithm::X919, DOUBLE_KEY, DATA),
            unhex("D2E1D279C4F95777")
        );
    }

    #[test]
    fn both_sm4_forms_give_their_known_answers() {
        let key = Sm4::new_from_slice(&unhex(DOUBLE_KEY)).expect("a key");
        let folded = folded(&unhex(DATA), |block| encrypt_sm4(&key, block));
        assert_eq!(folded.to_vec(), unhex("D0656CDC7A9D002263671B6D8DF5DACA"));
        assert_eq!(signed(Algorithm::UnionPaySm4, DOUBLE_KEY, DATA), b"D0656CDC");
        let chained = chained(&unhex(DATA), |block| encrypt_sm4(&key, block));
        assert_eq!(chained.to_vec(), unhex("3688158D693AF523B30B85356E391EC5"));
        assert_eq!(
            signed(Algorithm::Sm4Cbc, DOUBLE_KEY, DATA),
            unhex("3688158D693AF523")
        );
    }

    #[test]
    fn a_mac_is_verified_and_every_other_refused() {
        let key = MacKey::new(Algorithm::UnionPayEcb, &unhex(SINGLE_KEY)).expect("a key");
        let data = unhex(DATA);
        assert!(key.verify(&data, b"8A9E91B8"));
        for index in 0..8 {
            let mut wrong = *b"8A9E91B8";
            wrong[index] ^= 1;
            assert!(!key.verify(&data, &wrong), "byte {index}");
        }
        assert!(!key.verify(&data, b"8A9E91B"));
        assert!(!key.verify(&data, b""));
        assert!(!key.verify(&data[1..], b"8A9E91B8"));
    }

    #[test]
    fn no_data_is_one_block_of_zeros() {
        let zeros = "0000000000000000";
        for algorithm in [Algorithm::X919, Algorithm::UnionPayEcb] {
            assert_eq!(
                signed(algorithm, DOUBLE_KEY, ""),
                signed(algorithm, DOUBLE_KEY, zeros)
            );
        }
    }

    #[test]
    fn a_key_of_another_length_is_refused() {
        let lengths = |algorithm| {
            (0..=32)
                .filter(|&bytes| MacKey::new(algorithm, &vec![7; bytes]).is_ok())
                .collect::<Vec<usize>>()
        };
        assert_eq!(lengths(Algorithm::UnionPayEcb), [8, 16]);
        assert_eq!(lengths(Algorithm::X99), [8]);
        for algorithm in [Algorithm::X919, Algorithm::UnionPaySm4, Algorithm::Sm4Cbc] {
            assert_eq!(lengths(algorithm), [16]);
        }
    }

    #[test]
    fn a_key_shows_its_algorithm_only() {
        let key = MacKey::new(Algorithm::X919, &unhex(DOUBLE_KEY)).expect("a key");
        assert_eq!(format!("{key:?}"), "MacKey(X919)");
    }
}

//! DES and 3DES by key length, one block at a time.
//!
//! Invariant: key schedules are wiped when dropped (the ciphers' `zeroize` feature).

use cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use des::{Des, TdesEde2, TdesEde3};

use crate::error::KeyError;

/// A key for blocks of eight bytes: 8 bytes are DES, 16 are 3DES with two keys, 24 with three.
#[derive(Clone)]
pub(crate) enum DesKey {
    Single(Des),
    Double(TdesEde2),
    Triple(TdesEde3),
}

impl DesKey {
    pub(crate) fn new(key: &[u8]) -> Result<Self, KeyError> {
        let wrong = |_| KeyError::Length { bytes: key.len() };
        match key.len() {
            8 => Des::new_from_slice(key).map(Self::Single).map_err(wrong),
            16 => TdesEde2::new_from_slice(key).map(Self::Double).map_err(wrong),
            _ => TdesEde3::new_from_slice(key).map(Self::Triple).map_err(wrong),
        }
    }

    pub(crate) fn encrypt(&self, block: [u8; 8]) -> [u8; 8] {
        let mut block = Array(block);
        match self {
            Self::Single(key) => key.encrypt_block(&mut block),
            Self::Double(key) => key.encrypt_block(&mut block),
            Self::Triple(key) => key.encrypt_block(&mut block),
        }
        block.0
    }

    pub(crate) fn decrypt(&self, block: [u8; 8]) -> [u8; 8] {
        let mut block = Array(block);
        match self {
            Self::Single(key) => key.decrypt_block(&mut block),
            Self::Double(key) => key.decrypt_block(&mut block),
            Self::Triple(key) => key.decrypt_block(&mut block),
        }
        block.0
    }
}

/// The blocks of `data`, the last one filled up with zeros; one block of zeros when there is no data.
pub(crate) fn zero_padded<const N: usize>(data: &[u8]) -> impl Iterator<Item = [u8; N]> + '_ {
    let count = data.len().div_ceil(N).max(1);
    (0..count).map(move |index| {
        let part = &data[index * N..data.len().min((index + 1) * N)];
        let mut block = [0; N];
        block[..part.len()].copy_from_slice(part);
        block
    })
}

pub(crate) fn xor<const N: usize>(mut a: [u8; N], b: [u8; N]) -> [u8; N] {
    for (a, b) in a.iter_mut().zip(b) {
        *a ^= b;
    }
    a
}

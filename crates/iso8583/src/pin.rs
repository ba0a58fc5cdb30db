//! The PIN block: field 52.
//!
//! Invariant: a PIN is wiped when dropped and never shown, and neither is the key.

use std::fmt;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::block::{DesKey, xor};
use crate::error::KeyError;

/// Why a PIN or a PIN block is refused. Nothing of its content is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PinError {
    /// A PIN has 4 to 12 digits.
    #[error("a PIN has 4 to 12 digits")]
    NotAPin,
    /// The block has not eight bytes, or does not decrypt to format 0: a wrong key, or a wrong card number.
    #[error("not a PIN block of format 0")]
    Block,
}

/// A PIN of 4 to 12 digits, in clear.
#[derive(Clone)]
pub struct Pin(Zeroizing<String>);

impl Pin {
    /// Takes the digits of a PIN.
    ///
    /// # Errors
    /// [`PinError::NotAPin`] unless they are 4 to 12 digits.
    pub fn new(digits: &str) -> Result<Self, PinError> {
        if (4..=12).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_digit()) {
            Ok(Self(Zeroizing::new(digits.to_owned())))
        } else {
            Err(PinError::NotAPin)
        }
    }

    /// The digits. Do not log or store them.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin")
    }
}

/// A key for PIN blocks (PIK): DES (8 bytes) or 3DES (16 or 24).
#[derive(Clone)]
pub struct PinKey(DesKey);

impl PinKey {
    /// Prepares a PIN key.
    ///
    /// # Errors
    /// [`KeyError::Length`] unless it has 8, 16 or 24 bytes.
    pub fn new(key: &[u8]) -> Result<Self, KeyError> {
        DesKey::new(key).map(Self)
    }

    /// The PIN block in format 0 of ISO 9564-1: PIN field XOR card number field, encrypted.
    ///
    /// The card number field is the rightmost 12 digits without the check digit; only the digits of `pan` count, and
    /// fewer than 12 are filled with zeros at the left. Without a card number (field 53 begins with 1) it is zeros.
    #[must_use]
    pub fn encrypt(&self, pin: &Pin, pan: Option<&str>) -> [u8; 8] {
        let clear = Zeroizing::new(xor(*pin_field(pin), *pan_field(pan)));
        self.0.encrypt(*clear)
    }

    /// The PIN of a block that was encrypted with the same card number.
    ///
    /// # Errors
    /// [`PinError::Block`] when it is not eight bytes or does not decrypt to format 0.
    pub fn decrypt(&self, block: &[u8], pan: Option<&str>) -> Result<Pin, PinError> {
        let block = <[u8; 8]>::try_from(block).map_err(|_| PinError::Block)?;
        let clear = Zeroizing::new(xor(self.0.decrypt(block), *pan_field(pan)));
        let (format, len) = (clear[0] >> 4, usize::from(clear[0] & 0x0F));
        if format != 0 || !(4..=12).contains(&len) {
            return Err(PinError::Block);
        }
        let mut digits = Zeroizing::new(String::with_capacity(12));
        for index in 0..14 {
            let byte = clear[1 + index / 2];
            match if index % 2 == 0 { byte >> 4 } else { byte & 0x0F } {
                digit @ 0..=9 if index < len => digits.push(char::from(b'0' + digit)),
                0x0F if index >= len => {}
                _ => return Err(PinError::Block),
            }
        }
        Ok(Pin(digits))
    }
}

impl fmt::Debug for PinKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinKey")
    }
}

/// Format and length, then the digits, then F.
fn pin_field(pin: &Pin) -> Zeroizing<[u8; 8]> {
    let mut field = Zeroizing::new([0xFF; 8]);
    field[0] = pin.as_str().len() as u8;
    for (index, c) in pin.as_str().bytes().enumerate() {
        set_nibble(&mut field[1..], index, c - b'0');
    }
    field
}

/// Two zero bytes, then twelve digits of the card number.
fn pan_field(pan: Option<&str>) -> Zeroizing<[u8; 8]> {
    let mut field = Zeroizing::new([0; 8]);
    let digits = pan.unwrap_or_default().bytes().rev().filter(u8::is_ascii_digit);
    for (index, c) in digits.skip(1).take(12).enumerate() {
        set_nibble(&mut field[2..], 11 - index, c - b'0');
    }
    field
}

fn set_nibble(bytes: &mut [u8], index: usize, nibble: u8) {
    let byte = &mut bytes[index / 2];
    *byte = if index.is_multiple_of(2) {
        *byte & 0x0F | nibble << 4
    } else {
        *byte & 0xF0 | nibble
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{DOUBLE_KEY, unhex};

    const PAN: &str = "6224242900000113";

    fn key() -> PinKey {
        PinKey::new(&unhex(DOUBLE_KEY)).expect("a key")
    }

    #[test]
    fn the_known_block_is_built_and_opened() {
        let pin = Pin::new("123456").expect("a PIN");
        assert_eq!(
            xor(*pin_field(&pin), *pan_field(Some(PAN))).to_vec(),
            unhex("061276146FFFFFEE")
        );
        let block = key().encrypt(&pin, Some(PAN));
        assert_eq!(block.to_vec(), unhex("34A9CB2C1BA2AB3A"));
        assert_eq!(
            key().decrypt(&block, Some(PAN)).expect("a PIN").as_str(),
            "123456"
        );
    }

    #[test]
    fn pins_of_every_length_come_back_with_and_without_a_card_number() {
        for len in 4..=12 {
            let pin = Pin::new(&"987654321098"[..len]).expect("a PIN");
            for pan in [
                None,
                Some(PAN),
                Some("6200000000000000018"),
                Some("123"),
                Some(""),
            ] {
                let block = key().encrypt(&pin, pan);
                assert_eq!(key().decrypt(&block, pan).expect("a PIN").as_str(), pin.as_str());
            }
        }
    }

    #[test]
    fn without_a_card_number_its_field_is_zeros() {
        assert_eq!(*pan_field(None), [0; 8]);
        assert_eq!(
            pan_field(Some("6200000000000000018")).to_vec(),
            unhex("0000000000000001")
        );
        assert_eq!(pan_field(Some("1234")).to_vec(), unhex("0000000000000123"));
        assert_eq!(pan_field(Some("6224 2429-0000 0113")), pan_field(Some(PAN)));
    }

    #[test]
    fn what_is_no_pin_is_refused() {
        for text in ["", "123", "1234567890123", "12 34", "１２３４", "abcd"] {
            assert_eq!(Pin::new(text).err(), Some(PinError::NotAPin), "{text}");
        }
    }

    #[test]
    fn a_block_that_is_not_format_0_is_refused() {
        let cases = [
            "16123456FFFFFFFF", // another format
            "03123FFFFFFFFFFF", // three digits
            "0D1234567890123F", // thirteen
            "061234A6FFFFFFFF", // a letter among the digits
            "06123456FFFFFF0F", // a digit among the filling
        ];
        for clear in cases {
            let clear: [u8; 8] = unhex(clear).try_into().expect("a block");
            let block = key().0.encrypt(clear);
            assert_eq!(
                key().decrypt(&block, None).err(),
                Some(PinError::Block),
                "{clear:02X?}"
            );
        }
        assert_eq!(key().decrypt(&[0; 7], None).err(), Some(PinError::Block));
    }

    #[test]
    fn another_key_does_not_open_the_block() {
        let block = key().encrypt(&Pin::new("123456").expect("a PIN"), Some(PAN));
        let other = PinKey::new(&[0x5A; 16]).expect("a key");
        assert_eq!(other.decrypt(&block, Some(PAN)).err(), Some(PinError::Block));
    }

    #[test]
    fn pins_and_keys_are_not_shown() {
        assert_eq!(
            format!("{:?} {:?}", Pin::new("123456").expect("a PIN"), key()),
            "Pin PinKey"
        );
    }
}

//! Writing a message.
//!
//! Invariant: what [`Writer::finish`] gives parses again by the same profile; what the profile cannot hold is an
//! error, never a shortened field.

use std::fmt;

use thiserror::Error;
use zeroize::Zeroize;

use crate::digits::hex;
use crate::format::{Format, Kind, Prefix, is_track};
use crate::mac::MacKey;
use crate::message::{Message, bit};
use crate::mti::Mti;
use crate::profile::{Coding, Profile};

/// Why the profile cannot hold what a setter was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// `begin` has not been called.
    #[error("no message was begun")]
    NotBegun,
    /// The message type is not four decimal digits.
    #[error("the message type is not four digits")]
    Mti,
    /// The profile has no such field.
    #[error("the profile has no such field")]
    NotInProfile,
    /// The field is of another kind than the setter writes.
    #[error("the field is of another kind")]
    WrongKind,
    /// The field was set before.
    #[error("the field is already set")]
    Twice,
    /// A character that is no digit (in a track: none of the track's characters).
    #[error("not a digit")]
    NotADigit,
    /// Longer than the field may be.
    #[error("longer than the profile allows")]
    TooLong,
    /// A field of fixed length was given fewer digits or bytes.
    #[error("shorter than the field")]
    TooShort,
    /// `copy` from a message of another profile.
    #[error("the message to copy from has another profile")]
    OtherProfile,
    /// The whole message is longer than 65,535 bytes.
    #[error("the message is too long")]
    MessageTooLong,
}

/// The first thing that could not be written. It never holds or shows a field's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteError {
    /// The field at fault; `None` for the message type or the message as a whole.
    pub field: Option<u8>,
    /// What is wrong.
    pub reason: Refusal,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            Some(n) => write!(f, "field {n}: {}", self.reason),
            None => write!(f, "message: {}", self.reason),
        }
    }
}

impl std::error::Error for WriteError {}

const NOT_BEGUN: WriteError = WriteError {
    field: None,
    reason: Refusal::NotBegun,
};

/// Builds one message after another in the same buffer.
///
/// Setters may come in any order; ascending is the fast path. The first error is kept and reported by `finish`. The
/// buffer is wiped when the writer is dropped.
pub struct Writer {
    profile: &'static Profile,
    buffer: Vec<u8>,
    mti: Mti,
    /// Bit 127 is field 1, bit 0 is field 128.
    present: u128,
    /// Where each present field begins in `buffer`.
    starts: [u16; 129],
    last: u8,
    error: Option<WriteError>,
}

impl Writer {
    /// A writer for messages of `profile`.
    #[must_use]
    pub fn new(profile: &'static Profile) -> Self {
        Self {
            profile,
            buffer: Vec::with_capacity(512),
            mti: Mti(0),
            present: 0,
            starts: [0; 129],
            last: 0,
            error: Some(NOT_BEGUN),
        }
    }

    /// Forgets what was written and begins a message.
    pub fn begin(&mut self, mti: Mti) -> &mut Self {
        let coding = self.profile.coding();
        self.buffer.clear();
        match coding {
            Coding::Binary => self.buffer.extend_from_slice(&mti.0.to_be_bytes()),
            Coding::AsciiBinaryBitmap | Coding::Ascii => {
                self.buffer
                    .extend([12, 8, 4, 0].map(|shift| b'0' + (mti.0 >> shift & 0x0F) as u8));
            }
        }
        self.buffer.resize(coding.mti_bytes() + coding.bitmap_bytes(), 0);
        self.mti = mti;
        self.present = 0;
        self.last = 0;
        self.error = (!mti.is_decimal()).then_some(WriteError {
            field: None,
            reason: Refusal::Mti,
        });
        self
    }

    /// Sets a numeric or track field. A field of fixed length takes exactly that many digits. Tracks take `=` or `D`
    /// as separator (packed, both are the nibble D) and any hexadecimal digit.
    pub fn digits(&mut self, n: u8, digits: &str) -> &mut Self {
        self.put(n, |format, out| put_digits(format, digits.as_bytes(), out))
    }

    /// Sets a numeric field, with leading zeros up to its fixed length of at most 64 digits (none when it is variable).
    pub fn number(&mut self, n: u8, value: u64) -> &mut Self {
        self.put(n, |format, out| put_number(format, value, out))
    }

    /// Sets a text field; a fixed length is filled up with spaces at the right.
    pub fn text(&mut self, n: u8, text: &[u8]) -> &mut Self {
        self.put(n, |format, out| match format.kind() {
            Kind::Text => {
                let spaces = put_prefix(format, text.len(), true, out)?;
                out.extend_from_slice(text);
                out.resize(out.len() + spaces, b' ');
                Ok(())
            }
            Kind::Binary => put_bytes(format, text, out),
            _ => Err(Refusal::WrongKind),
        })
    }

    /// Sets a binary or text field from bytes; a fixed length must be met exactly. Hexadecimal fields are written in
    /// upper case.
    pub fn bytes(&mut self, n: u8, bytes: &[u8]) -> &mut Self {
        self.put(n, |format, out| match format.kind() {
            Kind::Binary | Kind::Text => put_bytes(format, bytes, out),
            Kind::Hex => {
                put_prefix(format, bytes.len() * 2, false, out)?;
                out.extend(bytes.iter().flat_map(|&b| hex(b)));
                Ok(())
            }
            _ => Err(Refusal::WrongKind),
        })
    }

    /// Copies field `n` as it stands from a message of the same profile; does nothing when it is absent there.
    pub fn copy(&mut self, n: u8, from: &Message<'_>) -> &mut Self {
        if !std::ptr::eq(self.profile, from.profile()) {
            return self.fail(Some(n), Refusal::OtherProfile);
        }
        match from.element(n) {
            None => self,
            Some(element) => self.put(n, |_, out| {
                out.extend_from_slice(element);
                Ok(())
            }),
        }
    }

    /// The message. It may be asked for again until the next `begin`.
    ///
    /// # Errors
    /// The first error any setter met.
    pub fn finish(&mut self) -> Result<&[u8], WriteError> {
        match self.error {
            Some(error) => Err(error),
            None => {
                self.write_bitmaps();
                Ok(&self.buffer)
            }
        }
    }

    /// The message with its MAC: sets the bit of field 64 (of field 128 when a field above 64 is present), computes
    /// over everything before that field and appends eight bytes.
    ///
    /// # Errors
    /// The first error any setter met; [`Refusal::Twice`] when the MAC field is already set.
    pub fn finish_with_mac(&mut self, key: &MacKey) -> Result<&[u8], WriteError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let n = if self.present & bit(1) == 0 { 64 } else { 128 };
        let without = self.present;
        self.present |= bit(n);
        self.write_bitmaps();
        self.present = without;
        let mac = key.sign(&self.buffer);
        self.bytes(n, &mac).finish()
    }

    fn put(&mut self, n: u8, encode: impl FnOnce(Format, &mut Vec<u8>) -> Result<(), Refusal>) -> &mut Self {
        if self.error.is_some() {
            return self;
        }
        let format = self.profile.format(n);
        if format.kind() == Kind::Unused {
            return self.fail(Some(n), Refusal::NotInProfile);
        }
        if self.present & bit(n) != 0 {
            return self.fail(Some(n), Refusal::Twice);
        }
        if n > 64 && self.present & bit(1) == 0 {
            let bitmap_bytes = self.profile.coding().bitmap_bytes();
            self.append(1, |out| {
                out.resize(out.len() + bitmap_bytes, 0);
                Ok(())
            });
        }
        self.append(n, |out| encode(format, out));
        self
    }

    fn append(&mut self, n: u8, encode: impl FnOnce(&mut Vec<u8>) -> Result<(), Refusal>) {
        let start = self.buffer.len();
        match encode(&mut self.buffer) {
            Err(reason) => {
                self.fail(Some(n), reason);
            }
            Ok(()) if self.buffer.len() > usize::from(u16::MAX) => {
                self.fail(Some(n), Refusal::MessageTooLong);
            }
            Ok(()) => self.place(n, start),
        }
    }

    /// Enters field `n`, whose bytes were appended at `start`; moves them where they belong when a higher field is
    /// already there.
    #[inline]
    fn place(&mut self, n: u8, start: usize) {
        self.starts[usize::from(n)] = start as u16;
        self.present |= bit(n);
        if n > self.last {
            self.last = n;
        } else {
            self.move_down(n, start);
        }
    }

    #[cold]
    fn move_down(&mut self, n: u8, start: usize) {
        let bytes = (self.buffer.len() - start) as u16;
        let above = (n + 1..=self.last).filter(|&m| self.present & bit(m) != 0);
        let mut target = start as u16;
        for m in above {
            let at = &mut self.starts[usize::from(m)];
            target = target.min(*at);
            *at += bytes;
        }
        self.buffer[usize::from(target)..].rotate_right(usize::from(bytes));
        self.starts[usize::from(n)] = target;
    }

    fn write_bitmaps(&mut self) {
        let coding = self.profile.coding();
        let (at, bytes) = (coding.mti_bytes(), coding.bitmap_bytes());
        let bits = self.present.to_be_bytes();
        let maps = if self.present & bit(1) == 0 {
            &bits[..8]
        } else {
            &bits[..]
        };
        for (index, map) in maps.chunks_exact(8).enumerate() {
            let out = &mut self.buffer[at + index * bytes..][..bytes];
            match coding {
                Coding::Binary | Coding::AsciiBinaryBitmap => out.copy_from_slice(map),
                Coding::Ascii => {
                    for (pair, &byte) in out.chunks_exact_mut(2).zip(map) {
                        pair.copy_from_slice(&hex(byte));
                    }
                }
            }
        }
    }

    #[cold]
    fn fail(&mut self, field: Option<u8>, reason: Refusal) -> &mut Self {
        self.error.get_or_insert(WriteError { field, reason });
        self
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.buffer.zeroize();
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Writer({} {} bytes)", self.mti, self.buffer.len())
    }
}

/// Writes the length prefix of `units` and gives how many units are missing to a fixed length.
#[inline]
fn put_prefix(format: Format, units: usize, may_pad: bool, out: &mut Vec<u8>) -> Result<usize, Refusal> {
    let units_max = usize::from(format.units_max());
    if units > units_max {
        return Err(Refusal::TooLong);
    }
    let bcd = |n: usize| (((n / 10) << 4) | (n % 10)) as u8;
    let ascii = |n: usize| b'0' + (n % 10) as u8;
    match format.prefix() {
        Prefix::Fixed if units < units_max && !may_pad => return Err(Refusal::TooShort),
        Prefix::Fixed => return Ok(units_max - units),
        Prefix::BcdLl => out.push(bcd(units)),
        Prefix::BcdLll => out.extend_from_slice(&[bcd(units / 100), bcd(units % 100)]),
        Prefix::AsciiLl => out.extend_from_slice(&[ascii(units / 10), ascii(units)]),
        Prefix::AsciiLll => out.extend_from_slice(&[ascii(units / 100), ascii(units / 10), ascii(units)]),
    }
    Ok(0)
}

fn put_bytes(format: Format, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Refusal> {
    put_prefix(format, bytes.len(), false, out)?;
    out.extend_from_slice(bytes);
    Ok(())
}

#[inline]
fn put_digits(format: Format, digits: &[u8], out: &mut Vec<u8>) -> Result<(), Refusal> {
    match format.kind() {
        Kind::Bcd | Kind::BcdRight | Kind::TrackBcd | Kind::Digits | Kind::Track => {}
        Kind::Text | Kind::Binary | Kind::Hex | Kind::Unused => return Err(Refusal::WrongKind),
    }
    put_prefix(format, digits.len(), false, out)?;
    match format.kind() {
        Kind::Digits if digits.iter().all(u8::is_ascii_digit) => out.extend_from_slice(digits),
        Kind::Track if digits.iter().all(is_track) => out.extend_from_slice(digits),
        Kind::Bcd => pack(digits, decimal, out)?,
        Kind::TrackBcd => pack(digits, nibble, out)?,
        Kind::BcdRight => pack_right(digits, out)?,
        _ => return Err(Refusal::NotADigit),
    }
    Ok(())
}

/// The value of a digit; above 15 when it is none.
fn decimal(c: u8) -> u8 {
    let digit = c.wrapping_sub(b'0');
    if digit > 9 { 0xFF } else { digit }
}

/// The nibble of a track's character; above 15 when it is none.
fn nibble(c: u8) -> u8 {
    match c {
        b'0'..=b'9' => c - b'0',
        b'A'..=b'F' => c - b'A' + 10,
        b'=' => 0x0D,
        _ => 0xFF,
    }
}

/// Two digits a byte; an odd last one stands in the high nibble.
fn pack(digits: &[u8], value: impl Fn(u8) -> u8, out: &mut Vec<u8>) -> Result<(), Refusal> {
    let at = out.len();
    out.resize(at + digits.len().div_ceil(2), 0);
    let mut seen = 0;
    for (byte, pair) in out[at..].iter_mut().zip(digits.chunks(2)) {
        let high = value(pair[0]);
        let low = pair.get(1).map_or(0, |&c| value(c));
        seen |= high | low;
        *byte = high << 4 | low & 0x0F;
    }
    if seen > 0x0F {
        Err(Refusal::NotADigit)
    } else {
        Ok(())
    }
}

/// As [`pack`], but an odd first digit stands in the low nibble.
fn pack_right(digits: &[u8], out: &mut Vec<u8>) -> Result<(), Refusal> {
    if let (false, Some((&first, rest))) = (digits.len().is_multiple_of(2), digits.split_first()) {
        let first = decimal(first);
        out.push(first);
        return if first > 9 {
            Err(Refusal::NotADigit)
        } else {
            pack(rest, decimal, out)
        };
    }
    pack(digits, decimal, out)
}

/// The longest fixed field a number can be written to; ISO 8583:1987 has none above 42 digits.
const NUMBER_DIGITS_MAX: usize = 64;

fn put_number(format: Format, mut value: u64, out: &mut Vec<u8>) -> Result<(), Refusal> {
    let mut ascii = [b'0'; NUMBER_DIGITS_MAX];
    let mut first = ascii.len();
    loop {
        first -= 1;
        ascii[first] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    if format.prefix() == Prefix::Fixed {
        let fixed = ascii
            .len()
            .checked_sub(usize::from(format.units_max()))
            .ok_or(Refusal::TooShort)?;
        first = first.min(fixed);
    }
    put_digits(format, &ascii[first..], out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mac::Algorithm;
    use crate::samples::{LOGGED, LOGGED_KEY, SIGN_IN, SIGN_IN_ANSWER, message_of, unhex};
    use crate::unionpay::POS;
    use crate::{ascii, unionpay};

    fn refusal(set: impl FnOnce(&mut Writer) -> &mut Writer) -> (Option<u8>, Refusal) {
        let mut writer = Writer::new(&POS);
        let error = set(writer.begin(Mti(0x0200))).finish().expect_err("refused");
        (error.field, error.reason)
    }

    #[test]
    fn the_samples_are_packed_again_to_the_same_bytes() {
        let mut writer = Writer::new(&POS);
        for sample in [SIGN_IN, SIGN_IN_ANSWER] {
            let framed = unhex(sample);
            let message = Message::parse(&POS, message_of(&framed)).expect("a message");
            let fields: Vec<u8> = message.fields().collect();
            writer.begin(message.mti());
            for &n in &fields {
                match (message.digits(n), message.bytes(n)) {
                    (Some(digits), _) => writer.digits(n, &digits.to_string()),
                    (None, Some(bytes)) => writer.bytes(n, bytes),
                    (None, None) => panic!("field {n} has no content"),
                };
            }
            assert_eq!(writer.finish(), Ok(message.raw()));
            writer.begin(message.mti());
            for &n in fields.iter().rev() {
                writer.copy(n, &message);
            }
            assert_eq!(
                writer.finish(),
                Ok(message.raw()),
                "copied from the last field to the first"
            );
        }
    }

    #[test]
    fn the_logged_message_is_written_with_its_mac() {
        let key = MacKey::new(Algorithm::UnionPayEcb, &unhex(LOGGED_KEY)).expect("a key");
        let mut writer = Writer::new(&POS);
        let written = writer
            .begin(Mti(0x0200))
            .digits(3, "000000")
            .number(4, 1)
            .number(11, 1)
            .digits(22, "032")
            .digits(25, "00")
            .text(41, b"22003600")
            .text(42, b"104512541110001")
            .text(49, b"156")
            .text(59, b"A30196211111111111111111")
            .digits(60, "2200660300060")
            .finish_with_mac(&key);
        let mut expected = unhex(LOGGED);
        expected.extend_from_slice(b"E5805ECB");
        assert_eq!(written, Ok(expected.as_slice()));
        assert_eq!(writer.finish(), Ok(expected.as_slice()), "asked for again");
        assert_eq!(
            writer.finish_with_mac(&key),
            Err(WriteError {
                field: Some(64),
                reason: Refusal::Twice
            })
        );
    }

    #[test]
    fn fields_set_in_any_order_stand_in_theirs() {
        let mut writer = Writer::new(&POS);
        let ascending = writer
            .begin(Mti(0x0200))
            .number(3, 1)
            .number(4, 2)
            .text(41, b"T")
            .text(63, b"x");
        let ascending = ascending.finish().expect("a message").to_vec();
        let orders = [[63, 41, 4, 3], [4, 3, 63, 41], [41, 63, 3, 4], [3, 63, 4, 41]];
        for order in orders {
            writer.begin(Mti(0x0200));
            for n in order {
                match n {
                    3 => writer.number(3, 1),
                    4 => writer.number(4, 2),
                    41 => writer.text(41, b"T"),
                    _ => writer.text(63, b"x"),
                };
            }
            assert_eq!(writer.finish(), Ok(ascending.as_slice()), "{order:?}");
        }
    }

    #[test]
    fn a_field_above_64_brings_the_second_bitmap_wherever_it_is_set() {
        let mut writer = Writer::new(&ascii::ISO1987);
        let expected = b"0800822000000000000004000000000000000716123000000001301".as_slice();
        let written = writer
            .begin(Mti(0x0800))
            .digits(7, "0716123000")
            .number(11, 1)
            .number(70, 301)
            .finish();
        assert_eq!(written, Ok(expected));
        let written = writer
            .begin(Mti(0x0800))
            .number(70, 301)
            .number(11, 1)
            .digits(7, "0716123000")
            .finish();
        assert_eq!(written, Ok(expected));
    }

    #[test]
    fn the_mac_of_an_ascii_message_is_hexadecimal_and_in_128_behind_a_second_bitmap() {
        let key = MacKey::new(Algorithm::X99, &unhex(LOGGED_KEY)).expect("a key");
        let mut writer = Writer::new(&ascii::ISO1987);
        for (n, upper) in [(64, None), (128, Some(70))] {
            writer.begin(Mti(0x0800)).number(11, 1);
            if let Some(upper) = upper {
                writer.number(upper, 301);
            }
            let bytes = writer.finish_with_mac(&key).expect("a message");
            let message = Message::parse(&ascii::ISO1987, bytes).expect("a message");
            let mac = key.sign(message.mac_input().expect("signed"));
            let sent = mac.iter().flat_map(|&byte| hex(byte)).collect::<Vec<u8>>();
            assert_eq!(message.text(n), Some(sent.as_slice()));
        }
    }

    #[test]
    fn numbers_are_filled_with_zeros_and_text_with_spaces() {
        let mut writer = Writer::new(&POS);
        let bytes = writer
            .begin(Mti(0x0200))
            .number(4, 105)
            .number(32, 7)
            .number(53, 0)
            .text(41, b"T1")
            .finish();
        let bytes = bytes.expect("a message").to_vec();
        let message = Message::parse(&POS, &bytes).expect("a message");
        assert!(message.digits(4).expect("field 4") == "000000000105");
        assert!(message.digits(32).expect("field 32") == "7");
        assert!(message.digits(53).expect("field 53") == "0000000000000000");
        assert_eq!(message.text_str(41), Some("T1      "));
    }

    #[test]
    fn either_track_separator_becomes_the_nibble_d() {
        let mut writer = Writer::new(&POS);
        let with = |writer: &mut Writer, track| {
            writer
                .begin(Mti(0x0200))
                .digits(35, track)
                .finish()
                .expect("a message")
                .to_vec()
        };
        assert_eq!(with(&mut writer, "12=3"), with(&mut writer, "12D3"));
        assert!(with(&mut writer, "12=3").ends_with(&[0x04, 0x12, 0xD3]));
    }

    #[test]
    fn what_the_profile_cannot_hold_is_refused_by_name() {
        assert_eq!(refusal(|w| w.number(7, 1)), (Some(7), Refusal::NotInProfile));
        assert_eq!(refusal(|w| w.number(0, 1)), (Some(0), Refusal::NotInProfile));
        assert_eq!(refusal(|w| w.text(1, b"")), (Some(1), Refusal::NotInProfile));
        assert_eq!(refusal(|w| w.bytes(65, b"")), (Some(65), Refusal::NotInProfile));
        assert_eq!(refusal(|w| w.bytes(255, b"")), (Some(255), Refusal::NotInProfile));
        assert_eq!(refusal(|w| w.digits(41, "1")), (Some(41), Refusal::WrongKind));
        assert_eq!(refusal(|w| w.number(49, 156)), (Some(49), Refusal::WrongKind));
        assert_eq!(refusal(|w| w.text(4, b"1")), (Some(4), Refusal::WrongKind));
        assert_eq!(refusal(|w| w.bytes(35, b"1")), (Some(35), Refusal::WrongKind));
        assert_eq!(
            refusal(|w| w.number(3, 1).number(3, 1)),
            (Some(3), Refusal::Twice)
        );
        assert_eq!(refusal(|w| w.digits(3, "12345x")), (Some(3), Refusal::NotADigit));
        assert_eq!(refusal(|w| w.digits(3, "12345D")), (Some(3), Refusal::NotADigit));
        assert_eq!(refusal(|w| w.digits(35, "12d3")), (Some(35), Refusal::NotADigit));
        assert_eq!(refusal(|w| w.digits(23, "x01")), (Some(23), Refusal::NotADigit));
        assert_eq!(refusal(|w| w.digits(23, "0x1")), (Some(23), Refusal::NotADigit));
        assert_eq!(refusal(|w| w.digits(32, "１")), (Some(32), Refusal::NotADigit));
        assert_eq!(refusal(|w| w.digits(3, "12345")), (Some(3), Refusal::TooShort));
        assert_eq!(refusal(|w| w.digits(3, "1234567")), (Some(3), Refusal::TooLong));
        assert_eq!(refusal(|w| w.number(3, 1_000_000)), (Some(3), Refusal::TooLong));
        assert_eq!(
            refusal(|w| w.number(32, 100_000_000_000)),
            (Some(32), Refusal::TooLong)
        );
        assert_eq!(
            refusal(|w| w.text(41, b"123456789")),
            (Some(41), Refusal::TooLong)
        );
        assert_eq!(
            refusal(|w| w.text(63, &[b'x'; 164])),
            (Some(63), Refusal::TooLong)
        );
        assert_eq!(refusal(|w| w.bytes(55, &[0; 256])), (Some(55), Refusal::TooLong));
        assert_eq!(refusal(|w| w.bytes(64, &[0; 7])), (Some(64), Refusal::TooShort));
        assert_eq!(refusal(|w| w.bytes(41, b"T1")), (Some(41), Refusal::TooShort));
    }

    #[test]
    fn the_first_error_is_kept_and_the_next_message_is_free_of_it() {
        let mut writer = Writer::new(&POS);
        assert_eq!(writer.number(3, 1).finish(), Err(NOT_BEGUN));
        let wrong = writer
            .begin(Mti(0x0200))
            .number(7, 1)
            .number(3, 1_000_000)
            .finish();
        assert_eq!(
            wrong,
            Err(WriteError {
                field: Some(7),
                reason: Refusal::NotInProfile
            })
        );
        assert!(writer.begin(Mti(0x0200)).number(3, 1).finish().is_ok());
        let wrong = writer.begin(Mti(0x02A0)).finish();
        assert_eq!(
            wrong,
            Err(WriteError {
                field: None,
                reason: Refusal::Mti
            })
        );
    }

    #[test]
    fn a_field_is_copied_as_it_stands_and_only_within_the_profile() {
        let bytes = unhex("0200 0000060100000000 021F F001 05 12345F");
        let message = Message::parse(&POS, &bytes).expect("a message");
        let mut writer = Writer::new(&POS);
        let copied = writer
            .begin(Mti(0x0200))
            .copy(32, &message)
            .copy(22, &message)
            .copy(23, &message);
        assert_eq!(
            copied
                .copy(2, &message)
                .copy(1, &message)
                .copy(200, &message)
                .finish(),
            Ok(bytes.as_slice())
        );

        static OTHER: Profile = unionpay::PROFILE;
        let mut other = Writer::new(&OTHER);
        let wrong = other.begin(Mti(0x0200)).copy(22, &message).finish();
        assert_eq!(
            wrong,
            Err(WriteError {
                field: Some(22),
                reason: Refusal::OtherProfile
            })
        );
    }

    #[test]
    fn a_message_longer_than_two_bytes_can_say_is_refused() {
        static LONG: Profile = Profile::new("long", Coding::Binary)
            .with(2, Format::new(Kind::Binary, Prefix::Fixed, 65_525))
            .with(3, Format::new(Kind::Binary, Prefix::Fixed, 1))
            .with(70, Format::new(Kind::Binary, Prefix::AsciiLl, 1));
        let mut writer = Writer::new(&LONG);
        let content = vec![0; 65_525];
        let longest = writer
            .begin(Mti(0x0200))
            .bytes(2, &content)
            .finish()
            .expect("a message")
            .to_vec();
        assert!(Message::parse(&LONG, &longest).is_ok());
        for n in [3, 70] {
            let long = writer
                .begin(Mti(0x0200))
                .bytes(2, &content)
                .bytes(n, &[0])
                .finish();
            assert_eq!(long.map_err(|error| error.reason), Err(Refusal::MessageTooLong));
        }
    }

    #[test]
    fn an_error_reads_like_a_sentence_without_content() {
        let error = WriteError {
            field: Some(4),
            reason: Refusal::TooLong,
        };
        assert_eq!(error.to_string(), "field 4: longer than the profile allows");
        assert_eq!(NOT_BEGUN.to_string(), "message: no message was begun");
    }
}

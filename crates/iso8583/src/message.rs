//! Reading a message.
//!
//! Invariant: parsing goes over the bytes once, allocates nothing, and every span it keeps lies inside them.

use std::fmt;

use thiserror::Error;

use crate::digits::Digits;
use crate::format::Kind;
use crate::mti::Mti;
use crate::profile::{Coding, Profile};

/// Where the content of a field stands: its first byte, and its length in digits, bytes or characters.
#[derive(Clone, Copy, Default)]
pub(crate) struct Span {
    pub start: u16,
    pub units: u16,
}

/// Why bytes are not a message of the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Reason {
    /// The bytes end inside the field.
    #[error("the message ends too early")]
    Truncated,
    /// The message type is not four decimal digits.
    #[error("the message type is not four digits")]
    Mti,
    /// A bitmap in hexadecimal characters, or a hexadecimal field, holds something else or half a byte.
    #[error("not hexadecimal")]
    NotHex,
    /// The bitmap announces a field which the profile does not have.
    #[error("the profile has no such field")]
    NotInProfile,
    /// The length prefix is not decimal.
    #[error("the length is not a number")]
    Prefix,
    /// The length prefix says more than the profile allows.
    #[error("longer than the profile allows")]
    TooLong,
    /// A numeric field holds something else.
    #[error("not a digit")]
    NotADigit,
    /// The unused nibble of an odd number of digits is neither 0 nor F.
    #[error("the pad nibble is neither 0 nor F")]
    Pad,
    /// Bytes are left over behind the last field.
    #[error("bytes after the last field")]
    Trailing,
    /// More bytes than any message may have (65,535).
    #[error("the message is too long")]
    MessageTooLong,
}

/// Why and where parsing ended. It never holds or shows a field's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The field at fault; `None` for the message type, the bitmap or the message as a whole.
    pub field: Option<u8>,
    /// What is wrong.
    pub reason: Reason,
    /// The message type, when it could be read.
    pub mti: Option<Mti>,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(mti) = self.mti {
            write!(f, "{mti} ")?;
        }
        match self.field {
            Some(n) => write!(f, "field {n}: {}", self.reason),
            None => write!(f, "message: {}", self.reason),
        }
    }
}

impl std::error::Error for ParseError {}

/// A parsed message. It borrows the bytes it was parsed from.
#[derive(Clone)]
pub struct Message<'a> {
    profile: &'static Profile,
    bytes: &'a [u8],
    mti: Mti,
    /// Bit 127 is field 1, bit 0 is field 128.
    present: u128,
    spans: [Span; 129],
}

/// The bit of field `n` in a bitmap of 128; zero for what is no field.
pub(crate) const fn bit(n: u8) -> u128 {
    match n {
        1..=128 => 1 << (128 - n),
        _ => 0,
    }
}

impl<'a> Message<'a> {
    /// Parses one whole message, MTI to last field, by the table of `profile`.
    ///
    /// # Errors
    /// [`ParseError`] names the first field that does not fit the profile; left-over bytes are an error too.
    pub fn parse(profile: &'static Profile, bytes: &'a [u8]) -> Result<Message<'a>, ParseError> {
        let fail = |mti, field, reason| ParseError { field, reason, mti };
        if bytes.len() > usize::from(u16::MAX) {
            return Err(fail(None, None, Reason::MessageTooLong));
        }
        let coding = profile.coding();
        let mti = read_mti(coding, bytes).map_err(|reason| fail(None, None, reason))?;
        let (present, mut at) =
            read_bitmaps(coding, bytes).map_err(|reason| fail(Some(mti), None, reason))?;

        let mut message = Message {
            profile,
            bytes,
            mti,
            present,
            spans: [Span::default(); 129],
        };
        let mut rest = present & !bit(1);
        while rest != 0 {
            let n = rest.leading_zeros() as u8 + 1;
            rest &= !bit(n);
            let format = profile.format(n);
            let (span, next) = format
                .read(bytes, at)
                .map_err(|reason| fail(Some(mti), Some(n), reason))?;
            message.spans[usize::from(n)] = span;
            at = next;
        }
        if at < bytes.len() {
            return Err(fail(Some(mti), None, Reason::Trailing));
        }
        Ok(message)
    }

    /// The message type.
    #[must_use]
    pub fn mti(&self) -> Mti {
        self.mti
    }

    /// The profile the message was parsed by.
    #[must_use]
    pub fn profile(&self) -> &'static Profile {
        self.profile
    }

    /// Whether field `n` is present.
    #[must_use]
    #[inline]
    pub fn has(&self, n: u8) -> bool {
        self.present & bit(n) != 0
    }

    /// The numbers of the fields present, ascending, from 2 on.
    pub fn fields(&self) -> impl Iterator<Item = u8> + '_ {
        (2..=128).filter(|&n| self.has(n))
    }

    /// The digits of a numeric or track field; `None` when absent or of another kind.
    #[must_use]
    #[inline]
    pub fn digits(&self, n: u8) -> Option<Digits<'a>> {
        let (kind, content, units) = self.content(n)?;
        match kind {
            Kind::Bcd | Kind::TrackBcd => Some(Digits::packed(content, 0, units)),
            Kind::BcdRight => Some(Digits::packed(content, content.len() * 2 - units, units)),
            Kind::Digits | Kind::Track => Some(Digits::plain(content)),
            Kind::Text | Kind::Binary | Kind::Hex | Kind::Unused => None,
        }
    }

    /// The number in a numeric field; `None` when absent, empty, of another kind or above `u64::MAX`.
    #[must_use]
    #[inline]
    pub fn number(&self, n: u8) -> Option<u64> {
        self.digits(n)?.to_u64()
    }

    /// The bytes of a text field, as sent (possibly GBK, with its padding); hexadecimal fields give their characters.
    /// Also of a binary field that is used for text, such as field 62 of a sign-in.
    #[must_use]
    #[inline]
    pub fn text(&self, n: u8) -> Option<&'a [u8]> {
        match self.content(n)? {
            (Kind::Text | Kind::Binary | Kind::Hex, content, _) => Some(content),
            _ => None,
        }
    }

    /// The same as a string, when it is plain ASCII.
    #[must_use]
    pub fn text_str(&self, n: u8) -> Option<&'a str> {
        let text = self.text(n)?;
        if text.is_ascii() {
            std::str::from_utf8(text).ok()
        } else {
            None
        }
    }

    /// The bytes of a binary or text field. `None` for hexadecimal fields, which [`Message::text`] gives.
    #[must_use]
    #[inline]
    pub fn bytes(&self, n: u8) -> Option<&'a [u8]> {
        match self.content(n)? {
            (Kind::Binary | Kind::Text, content, _) => Some(content),
            _ => None,
        }
    }

    /// The whole message, MTI to last field.
    #[must_use]
    pub fn raw(&self) -> &'a [u8] {
        self.bytes
    }

    /// What field 64 is computed over: everything before it. `None` when it is absent. In a message with a secondary
    /// bitmap the MAC is field 128 instead.
    #[must_use]
    pub fn mac_input(&self) -> Option<&'a [u8]> {
        let n = if self.has(1) { 128 } else { 64 };
        self.has(n)
            .then(|| &self.bytes[..usize::from(self.spans[usize::from(n)].start)])
    }

    /// The field as it stands, with its prefix.
    pub(crate) fn element(&self, n: u8) -> Option<&'a [u8]> {
        if n < 2 || !self.has(n) {
            return None;
        }
        Some(
            self.profile
                .format(n)
                .element(self.bytes, self.spans[usize::from(n)]),
        )
    }

    #[inline]
    fn content(&self, n: u8) -> Option<(Kind, &'a [u8], usize)> {
        if n < 2 || !self.has(n) {
            return None;
        }
        let (format, span) = (self.profile.format(n), self.spans[usize::from(n)]);
        Some((
            format.kind(),
            format.content(self.bytes, span),
            usize::from(span.units),
        ))
    }
}

fn read_mti(coding: Coding, bytes: &[u8]) -> Result<Mti, Reason> {
    let mti = match (coding, bytes) {
        (Coding::Binary, &[a, b, ..]) => u16::from_be_bytes([a, b]),
        (Coding::AsciiBinaryBitmap | Coding::Ascii, &[a, b, c, d, ..]) => {
            if ![a, b, c, d].iter().all(u8::is_ascii_digit) {
                return Err(Reason::Mti);
            }
            [a, b, c, d]
                .iter()
                .fold(0, |mti, c| (mti << 4) | u16::from(c & 0x0F))
        }
        _ => return Err(Reason::Truncated),
    };
    if Mti(mti).is_decimal() {
        Ok(Mti(mti))
    } else {
        Err(Reason::Mti)
    }
}

/// The bitmaps, and where the first field begins.
#[inline]
fn read_bitmaps(coding: Coding, bytes: &[u8]) -> Result<(u128, usize), Reason> {
    let at = coding.mti_bytes();
    let primary = u128::from(read_bitmap(coding, bytes, at)?) << 64;
    let at = at + coding.bitmap_bytes();
    if primary & bit(1) == 0 {
        return Ok((primary, at));
    }
    Ok((
        primary | u128::from(read_bitmap(coding, bytes, at)?),
        at + coding.bitmap_bytes(),
    ))
}

fn read_bitmap(coding: Coding, bytes: &[u8], at: usize) -> Result<u64, Reason> {
    let bitmap = bytes
        .get(at..at + coding.bitmap_bytes())
        .ok_or(Reason::Truncated)?;
    if let Ok(bitmap) = <[u8; 8]>::try_from(bitmap) {
        return Ok(u64::from_be_bytes(bitmap));
    }
    bitmap.iter().try_fold(0u64, |bits, &c| {
        let nibble = char::from(c).to_digit(16).ok_or(Reason::NotHex)?;
        Ok((bits << 4) | u64::from(nibble))
    })
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({} fields ", self.mti)?;
        f.debug_list().entries(self.fields()).finish()?;
        f.write_str(")")
    }
}

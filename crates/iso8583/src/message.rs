//! Reading a message.
//!
//! Invariant: parsing goes over the bytes once, allocates nothing, and every span it keeps lies inside them.

use std::fmt;

use crate::digits::Digits;
use crate::error::Reason;
use crate::format::{Kind, Span};
use crate::mti::Mti;
use crate::profile::{Coding, Profile};

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
        if present & bit(1) != 0 && !profile.second_bitmap() {
            return Err(fail(Some(mti), Some(1), Reason::NotInProfile));
        }

        let mut message = Message {
            profile,
            bytes,
            mti,
            present,
            spans: [Span::default(); 129],
        };
        for (first, half) in [(1, (present & !bit(1)) >> 64), (65, present)] {
            let mut rest = half as u64;
            while rest != 0 {
                let n = first + rest.leading_zeros() as u8;
                rest &= !(1 << (63 - rest.leading_zeros()));
                let format = profile.format(n);
                let (span, next) = format
                    .read(bytes, at)
                    .map_err(|reason| fail(Some(mti), Some(n), reason))?;
                message.spans[usize::from(n)] = span;
                at = next;
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ascii;
    use crate::samples::{LOGGED, SIGN_IN, SIGN_IN_ANSWER, message_of, unhex};
    use crate::unionpay::POS;

    fn refusal(hex: &str) -> ParseError {
        Message::parse(&POS, &unhex(hex)).expect_err("no message")
    }

    #[test]
    fn the_sign_in_is_read() {
        let framed = unhex(SIGN_IN);
        let message = Message::parse(&POS, message_of(&framed)).expect("a message");
        assert_eq!(message.mti(), Mti(0x0800));
        assert_eq!(message.fields().collect::<Vec<u8>>(), [11, 41, 42, 60, 62, 63]);
        assert!(
            message.has(11) && !message.has(64) && !message.has(1) && !message.has(0) && !message.has(255)
        );
        assert_eq!(message.number(11), Some(1));
        assert_eq!(message.text_str(41), Some("22003600"));
        assert_eq!(message.text(42), Some(b"104512541110001".as_slice()));
        assert!(message.digits(60).expect("field 60") == "00000000003");
        assert_eq!(message.text_str(62), Some("Sequence No12306022003600"));
        assert_eq!(message.bytes(63), Some(b"001".as_slice()));
        assert_eq!(message.raw(), message_of(&framed));
        assert_eq!(message.mac_input(), None);
    }

    #[test]
    fn the_sign_in_answer_is_read() {
        let framed = unhex(SIGN_IN_ANSWER);
        let message = Message::parse(&POS, message_of(&framed)).expect("a message");
        assert_eq!(message.mti(), Mti(0x0800).response());
        assert_eq!(
            message.fields().collect::<Vec<u8>>(),
            [11, 12, 13, 32, 37, 39, 41, 42, 60, 62]
        );
        assert_eq!(message.number(12), Some(221_301));
        assert!(message.digits(32).expect("field 32") == "00085500");
        assert_eq!(message.text_str(39), Some("00"));
        assert_eq!(message.bytes(62).map(<[u8]>::len), Some(40));
    }

    #[test]
    fn the_mac_input_ends_where_field_64_begins() {
        let mut bytes = unhex(LOGGED);
        let signed = bytes.len();
        bytes.extend_from_slice(b"E5805ECB");
        let message = Message::parse(&POS, &bytes).expect("a message");
        assert_eq!(message.mac_input(), Some(&bytes[..signed]));
        assert_eq!(message.bytes(64), Some(b"E5805ECB".as_slice()));
        assert!(message.digits(22).expect("field 22") == "032");
    }

    #[test]
    fn odd_lengths_are_aligned_as_their_field_wants() {
        // Fields 22 (left), 23 (right) and 32 (left, variable).
        let bytes = unhex("0200 0000060100000000 0210 0001 05 123450");
        let message = Message::parse(&POS, &bytes).expect("a message");
        let digits = [22, 23, 32].map(|n| message.digits(n).expect("present").to_string());
        assert_eq!(digits, ["021", "001", "12345"]);
    }

    #[test]
    fn a_pad_nibble_of_f_is_tolerated_and_any_other_refused() {
        let bytes = unhex("0200 0000060100000000 021F F001 05 12345F");
        let message = Message::parse(&POS, &bytes).expect("a message");
        assert_eq!(
            [22, 23, 32].map(|n| message.number(n)),
            [Some(21), Some(1), Some(12_345)]
        );
        assert_eq!(refusal("0200 0000040000000000 0211").reason, Reason::Pad);
        assert_eq!(refusal("0200 0000020000000000 1001").reason, Reason::Pad);
        assert_eq!(refusal("0200 0000000020000000 01 1A").reason, Reason::Pad);
    }

    #[test]
    fn a_track_may_hold_any_nibble_and_a_number_only_digits() {
        let bytes = unhex("0200 0000000020000000 06 12D3AF");
        let message = Message::parse(&POS, &bytes).expect("a message");
        assert_eq!(message.digits(35).expect("field 35").to_string(), "12D3AF");
        for (field, hex) in [
            (3, "0200 2000000000000000 00000A"),
            (22, "0200 0000040000000000 0A10"),
            (22, "0200 0000040000000000 02A0"),
            (23, "0200 0000020000000000 000A"),
        ] {
            let expected = ParseError {
                field: Some(field),
                reason: Reason::NotADigit,
                mti: Some(Mti(0x0200)),
            };
            assert_eq!(refusal(hex), expected);
        }
    }

    #[test]
    fn a_message_cut_anywhere_is_refused() {
        for sample in [SIGN_IN, SIGN_IN_ANSWER] {
            let framed = unhex(sample);
            let bytes = message_of(&framed);
            for len in 0..bytes.len() {
                let error = Message::parse(&POS, &bytes[..len]).expect_err("cut");
                assert_eq!(error.reason, Reason::Truncated, "{len} bytes");
                assert_eq!(error.mti.is_some(), len >= 2);
            }
        }
    }

    #[test]
    fn every_fault_of_the_frame_of_a_message_has_its_reason() {
        for (reason, field, hex) in [
            (Reason::Mti, None, "02A0 0000000000000000"),
            (Reason::NotInProfile, Some(7), "0200 0200000000000000 0000000000"),
            (
                Reason::NotInProfile,
                Some(1),
                "0200 8000000000000000 4000000000000000 00",
            ),
            (Reason::Prefix, Some(2), "0200 4000000000000000 1A 00"),
            (Reason::Prefix, Some(63), "0200 0000000000000002 00F1 00"),
            (
                Reason::TooLong,
                Some(2),
                "0200 4000000000000000 20 00000000000000000000",
            ),
            (Reason::TooLong, Some(44), "0200 0000000000100000 26 00"),
            (Reason::TooLong, Some(63), "0200 0000000000000002 0164 00"),
            (Reason::TooLong, Some(63), "0200 0000000000000002 9999 00"),
            (Reason::Trailing, None, "0200 2000000000000000 000000 00"),
            (Reason::Trailing, None, "0200 0000000000000000 00"),
        ] {
            let error = refusal(hex);
            assert_eq!((error.reason, error.field), (reason, field), "{hex}");
        }
        let long = Message::parse(&POS, &vec![0; 65_536]).expect_err("too long");
        assert_eq!((long.reason, long.mti), (Reason::MessageTooLong, None));
    }

    #[test]
    fn an_error_reads_like_a_sentence_without_content() {
        assert_eq!(
            refusal("0200 2000000000000000 00000A").to_string(),
            "0200 field 3: not a digit"
        );
        assert_eq!(refusal("02").to_string(), "message: the message ends too early");
    }

    #[test]
    fn a_field_of_another_kind_gives_nothing() {
        let framed = unhex(SIGN_IN);
        let message = Message::parse(&POS, message_of(&framed)).expect("a message");
        assert!(message.digits(41).is_none() && message.number(42).is_none());
        assert!(message.text(11).is_none() && message.bytes(60).is_none() && message.text_str(11).is_none());
        assert!(message.digits(2).is_none() && message.digits(0).is_none() && message.digits(200).is_none());
    }

    #[test]
    fn text_that_is_not_ascii_is_bytes_only() {
        let bytes = unhex("0210 0000000000100000 04 B3C9B9A6");
        let message = Message::parse(&POS, &bytes).expect("a message");
        assert_eq!(message.text(44), Some([0xB3, 0xC9, 0xB9, 0xA6].as_slice()));
        assert_eq!(message.text_str(44), None);
    }

    #[test]
    fn an_ascii_message_with_two_bitmaps_is_read() {
        let bytes = b"0800822000000000000004000000000000000716123000000001301";
        let message = Message::parse(&ascii::ISO1987, bytes).expect("a message");
        assert_eq!(message.fields().collect::<Vec<u8>>(), [7, 11, 70]);
        assert_eq!(message.number(70), Some(301));
        assert!(message.has(1) && message.digits(1).is_none());
    }

    #[test]
    fn hexadecimal_in_ascii_may_be_of_either_case_but_nothing_else() {
        let lower = b"02000000000000001001a1b2c3d4e5f60718a1b2c3d4e5f60718";
        let message = Message::parse(&ascii::ISO1987, lower).expect("a message");
        assert_eq!(message.text_str(52), Some("a1b2c3d4e5f60718"));
        assert_eq!(message.mac_input().map(<[u8]>::len), Some(36));
        assert!(message.bytes(52).is_none());
        let reason = |bytes: &'static [u8]| {
            Message::parse(&ascii::ISO1987, bytes)
                .expect_err("no message")
                .reason
        };
        assert_eq!(reason(b"020000000000000010G1"), Reason::NotHex);
        assert_eq!(reason(b"02000000000000001000a1b2c3d4e5f6071x"), Reason::NotHex);
        assert_eq!(reason(b"02000000000000000200001A"), Reason::NotHex);
        assert_eq!(reason(b"02A00000000000000000"), Reason::Mti);
    }
}

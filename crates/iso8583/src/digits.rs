//! Digits as they stand in a message, packed or not.
//!
//! Invariant: no `Display`, and a `Debug` that shows only how many there are, so that no card number reaches a log
//! through a format string.

use std::fmt;
use std::ops::{Bound, RangeBounds};

/// The digits of a numeric or track field, borrowed from the message. Tracks also hold the letters A–F (nibbles above
/// 9; D is the separator) or, in ASCII, the characters `:` to `?`.
#[derive(Clone, Copy)]
pub struct Digits<'a> {
    bytes: &'a [u8],
    /// The first digit: a nibble of `bytes` when packed, a byte otherwise.
    first: usize,
    len: usize,
    packed: bool,
}

impl<'a> Digits<'a> {
    /// `len` nibbles, from nibble `first` on. The caller has checked that they are there.
    pub(crate) fn packed(bytes: &'a [u8], first: usize, len: usize) -> Self {
        Self {
            bytes,
            first,
            len,
            packed: true,
        }
    }

    pub(crate) fn plain(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            first: 0,
            len: bytes.len(),
            packed: false,
        }
    }

    /// How many digits.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The digit at `index`, as an ASCII character.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<u8> {
        if index >= self.len {
            return None;
        }
        let at = self.first + index;
        if !self.packed {
            return self.bytes.get(at).copied();
        }
        let byte = self.bytes.get(at / 2)?;
        let nibble = if at.is_multiple_of(2) {
            byte >> 4
        } else {
            byte & 0x0F
        };
        Some(if nibble <= 9 {
            b'0' + nibble
        } else {
            b'A' + nibble - 10
        })
    }

    /// The digits one by one, as ASCII characters.
    pub fn iter(self) -> impl Iterator<Item = u8> + 'a {
        (0..self.len).map_while(move |index| self.get(index))
    }

    /// The number they make; `None` when there are none, when a letter is among them, or above `u64::MAX`.
    #[must_use]
    pub fn to_u64(&self) -> Option<u64> {
        if self.is_empty() {
            return None;
        }
        self.iter().try_fold(0u64, |number, c| {
            let digit = c.is_ascii_digit().then(|| u64::from(c - b'0'))?;
            number.checked_mul(10)?.checked_add(digit)
        })
    }

    /// A part of the digits. What of the range lies outside is left out: `slice(2..99)` ends where the digits end.
    #[must_use]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Digits<'a> {
        let start = match range.start_bound() {
            Bound::Included(&n) => n,
            Bound::Excluded(&n) => n.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&n) => n.saturating_add(1),
            Bound::Excluded(&n) => n,
            Bound::Unbounded => self.len,
        };
        let end = end.min(self.len);
        let start = start.min(end);
        Digits {
            first: self.first + start,
            len: end - start,
            ..*self
        }
    }

    /// The last `count` digits, or all of them when there are fewer.
    #[must_use]
    pub fn last(&self, count: usize) -> Digits<'a> {
        self.slice(self.len.saturating_sub(count)..)
    }

    /// Writes the digits as ASCII to the beginning of `out` and gives that part of it; `None` when `out` is too short.
    pub fn write_ascii<'b>(&self, out: &'b mut [u8]) -> Option<&'b str> {
        let out = out.get_mut(..self.len)?;
        for (to, from) in out.iter_mut().zip(self.iter()) {
            *to = from;
        }
        std::str::from_utf8(out).ok()
    }

    /// The digits as a string of its own. Not through `Display`: `{}` in a log line must not show a card number.
    #[must_use]
    #[allow(clippy::inherent_to_string, reason = "Display is left out on purpose")]
    pub fn to_string(&self) -> String {
        self.iter().map(char::from).collect()
    }
}

impl PartialEq<str> for Digits<'_> {
    fn eq(&self, other: &str) -> bool {
        self.len == other.len() && self.iter().eq(other.bytes())
    }
}

impl PartialEq<&str> for Digits<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl PartialEq for Digits<'_> {
    fn eq(&self, other: &Digits<'_>) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl Eq for Digits<'_> {}

impl fmt::Debug for Digits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digits(len {})", self.len)
    }
}

/// A byte as two upper-case hexadecimal characters.
pub(crate) fn hex(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 0x0F)]]
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKED: [u8; 3] = [0x12, 0x3D, 0x50];

    fn both() -> [Digits<'static>; 2] {
        [Digits::packed(&PACKED, 0, 5), Digits::plain(b"123D5")]
    }

    #[test]
    fn packed_and_plain_digits_read_the_same() {
        for digits in both() {
            assert_eq!((digits.len(), digits.is_empty()), (5, false));
            assert_eq!(digits.to_string(), "123D5");
            assert_eq!((digits.get(3), digits.get(5)), (Some(b'D'), None));
        }
        assert_eq!(both()[0], both()[1]);
        assert_eq!(Digits::packed(&[0x00, 0x01], 1, 3).to_string(), "001");
    }

    #[test]
    fn digits_compare_with_text() {
        for digits in both() {
            assert!(digits.eq("123D5") && digits == "123D5");
            assert!(digits != "123D" && digits != "123D50" && digits != "123D6");
        }
    }

    #[test]
    fn a_slice_keeps_what_lies_inside() {
        for digits in both() {
            assert!(digits.slice(..2) == "12" && digits.slice(1..=1) == "2" && digits.slice(2..4) == "3D");
            assert!(digits.slice(4..99) == "5" && digits.slice(9..12).is_empty());
            assert!(digits.slice(1..).slice(1..3) == "3D");
            assert!(digits.last(2) == "D5" && digits.last(9) == "123D5");
            assert!(digits.slice(..=usize::MAX) == "123D5");
        }
    }

    #[test]
    fn only_decimal_digits_up_to_64_bits_make_a_number() {
        let number = |text: &'static str| Digits::plain(text.as_bytes()).to_u64();
        assert_eq!(number("000000012345"), Some(12_345));
        assert_eq!(number("18446744073709551615"), Some(u64::MAX));
        assert_eq!(number("18446744073709551616"), None);
        assert_eq!(number("99999999999999999999"), None);
        assert_eq!(number(""), None);
        assert_eq!(both().map(|digits| digits.to_u64()), [None, None]);
        assert_eq!(
            both().map(|digits| digits.slice(..3).to_u64()),
            [Some(123), Some(123)]
        );
    }

    #[test]
    fn digits_are_written_as_ascii_where_there_is_room() {
        for digits in both() {
            assert_eq!(digits.write_ascii(&mut [0; 8]), Some("123D5"));
            assert_eq!(digits.write_ascii(&mut [0; 4]), None);
        }
    }

    #[test]
    fn debug_shows_only_how_many() {
        assert_eq!(format!("{:?}", both()), "[Digits(len 5), Digits(len 5)]");
    }
}

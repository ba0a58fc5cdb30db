//! The message type indicator.
//!
//! Invariant: an [`Mti`] that came out of a parsed message has four decimal digits.

use std::fmt;

/// A message type, its four decimal digits as hexadecimal digits: `Mti(0x0200)` is "0200" (ISO 8583:1987, 4.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mti(pub u16);

impl Mti {
    /// The type of the answer to this request: `0200` gives `0210`, `0820` gives `0830`.
    #[must_use]
    pub const fn response(self) -> Self {
        Self(self.0.wrapping_add(0x10))
    }

    /// Whether all four digits are decimal.
    pub(crate) const fn is_decimal(self) -> bool {
        let n = self.0;
        n & ((n << 1) | (n << 2)) & 0x8888 == 0
    }
}

impl fmt::Display for Mti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

impl fmt::Debug for Mti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mti({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_mti_is_shown_as_its_four_digits() {
        assert_eq!(Mti(0x0200).to_string(), "0200");
        assert_eq!(format!("{:?}", Mti(0x0820)), "Mti(0820)");
    }

    #[test]
    fn the_response_is_ten_higher() {
        assert_eq!(Mti(0x0200).response(), Mti(0x0210));
        assert_eq!(Mti(0x0820).response(), Mti(0x0830));
    }

    #[test]
    fn only_four_decimal_digits_are_decimal() {
        for n in 0..=u16::MAX {
            let expected = format!("{n:04x}").bytes().all(|c| c.is_ascii_digit());
            assert_eq!(Mti(n).is_decimal(), expected, "{n:04x}");
        }
    }
}

//! How one field stands on the wire.
//!
//! Invariant: every length read here is checked against the field's maximum and against the end of the message
//! before a byte of content is looked at.

use crate::error::Reason;

/// Where the content of a field stands: its first byte, and its length in digits, bytes or characters.
#[derive(Clone, Copy, Default)]
pub(crate) struct Span {
    pub start: u16,
    pub units: u16,
}

/// What a field holds, and in which coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The profile has no such field; a message that carries it is refused.
    Unused,
    /// n in BCD, two digits a byte, an odd number left-aligned: `021` is `02 10`. Counted in digits.
    Bcd,
    /// n in BCD, an odd number right-aligned: `001` is `00 01`. Counted in digits.
    BcdRight,
    /// z (tracks) in nibbles, left-aligned, the separator is D. Any nibble is legal, for tracks may be encrypted
    /// (field 53, third digit). Counted in digits.
    TrackBcd,
    /// n in ASCII digits.
    Digits,
    /// z (tracks) in ASCII: `0`–`?` of ISO 7813 and the letters A–F.
    Track,
    /// an and ans: bytes in whatever character set the two sides agreed upon (GBK on POS terminals).
    Text,
    /// b: bytes as they are.
    Binary,
    /// b written as hexadecimal characters, two a byte. Counted in characters.
    Hex,
}

impl Kind {
    /// Bytes taken by `units` digits, characters or bytes.
    const fn width(self, units: usize) -> usize {
        match self {
            Kind::Bcd | Kind::BcdRight | Kind::TrackBcd => units.div_ceil(2),
            _ => units,
        }
    }

    fn check(self, content: &[u8], units: usize) -> Result<(), Reason> {
        match self {
            Kind::Bcd => match (units.is_multiple_of(2), content.split_last()) {
                (false, Some((last, whole))) => {
                    digit_bytes(whole).and(digit(last >> 4)).and(pad(last & 0x0F))
                }
                _ => digit_bytes(content),
            },
            Kind::BcdRight => match (units.is_multiple_of(2), content.split_first()) {
                (false, Some((first, whole))) => {
                    pad(first >> 4).and(digit(first & 0x0F)).and(digit_bytes(whole))
                }
                _ => digit_bytes(content),
            },
            Kind::TrackBcd => match (units.is_multiple_of(2), content.last()) {
                (false, Some(last)) => pad(last & 0x0F),
                _ => Ok(()),
            },
            Kind::Digits => all(content, u8::is_ascii_digit, Reason::NotADigit),
            Kind::Track => all(content, is_track, Reason::NotADigit),
            Kind::Hex if !units.is_multiple_of(2) => Err(Reason::NotHex),
            Kind::Hex => all(content, u8::is_ascii_hexdigit, Reason::NotHex),
            Kind::Text | Kind::Binary => Ok(()),
            Kind::Unused => Err(Reason::NotInProfile),
        }
    }
}

/// Whether a character may stand in a track written in ASCII.
pub(crate) fn is_track(c: &u8) -> bool {
    matches!(c, b'0'..=b'?' | b'A'..=b'F')
}

fn all(content: &[u8], legal: impl Fn(&u8) -> bool, reason: Reason) -> Result<(), Reason> {
    if content.iter().all(legal) {
        Ok(())
    } else {
        Err(reason)
    }
}

/// Both nibbles of every byte are 0–9. A nibble is above 9 when bit 3 is set together with bit 2 or bit 1.
fn digit_bytes(content: &[u8]) -> Result<(), Reason> {
    let bad = content
        .iter()
        .fold(0u8, |bad, b| bad | (b & ((b << 1) | (b << 2))));
    if bad & 0x88 == 0 {
        Ok(())
    } else {
        Err(Reason::NotADigit)
    }
}

fn digit(nibble: u8) -> Result<(), Reason> {
    if nibble <= 9 {
        Ok(())
    } else {
        Err(Reason::NotADigit)
    }
}

/// The unused nibble is written 0; F is met in the field and tolerated.
fn pad(nibble: u8) -> Result<(), Reason> {
    if matches!(nibble, 0 | 0x0F) {
        Ok(())
    } else {
        Err(Reason::Pad)
    }
}

/// What stands before the content of a field of variable length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// Nothing: the length is fixed.
    Fixed,
    /// LL in one BCD byte.
    BcdLl,
    /// LLL in two BCD bytes, `0L LL`.
    BcdLll,
    /// LL in two ASCII digits.
    AsciiLl,
    /// LLL in three ASCII digits.
    AsciiLll,
}

impl Prefix {
    /// Bytes the prefix takes.
    pub(crate) const fn width(self) -> usize {
        match self {
            Prefix::Fixed => 0,
            Prefix::BcdLl => 1,
            Prefix::BcdLll | Prefix::AsciiLl => 2,
            Prefix::AsciiLll => 3,
        }
    }

    /// The largest length the prefix can say; the longest message when there is none.
    const fn max(self) -> u16 {
        match self {
            Prefix::Fixed => u16::MAX,
            Prefix::BcdLl | Prefix::AsciiLl => 99,
            Prefix::BcdLll | Prefix::AsciiLll => 999,
        }
    }
}

/// One field of a [`crate::Profile`]: what it holds, its prefix, its (largest) length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    kind: Kind,
    prefix: Prefix,
    units_max: u16,
}

impl Format {
    /// The field a profile does not have.
    pub const UNUSED: Format = Format {
        kind: Kind::Unused,
        prefix: Prefix::Fixed,
        units_max: 0,
    };

    /// A format of `units_max` digits (n, z), bytes (an, ans, b) or characters ([`Kind::Hex`]); the exact length when
    /// the prefix is [`Prefix::Fixed`].
    ///
    /// # Panics
    /// At compile time, for a profile in a `static`: when the prefix cannot say `units_max`, when it is zero, or
    /// when a hexadecimal field would hold half a byte.
    #[must_use]
    pub const fn new(kind: Kind, prefix: Prefix, units_max: u16) -> Self {
        assert!(
            units_max > 0 && units_max <= prefix.max(),
            "the prefix cannot say this length"
        );
        assert!(
            !matches!(kind, Kind::Hex) || units_max.is_multiple_of(2),
            "half a byte"
        );
        Self {
            kind,
            prefix,
            units_max,
        }
    }

    /// What the field holds.
    #[must_use]
    pub const fn kind(self) -> Kind {
        self.kind
    }

    /// Its prefix.
    #[must_use]
    pub const fn prefix(self) -> Prefix {
        self.prefix
    }

    /// Its largest length (its only one, when fixed), in digits, bytes or characters.
    #[must_use]
    pub const fn units_max(self) -> u16 {
        self.units_max
    }

    /// Reads the field that begins at `at`; gives its content's place and where the next field begins.
    #[inline]
    pub(crate) fn read(self, bytes: &[u8], at: usize) -> Result<(Span, usize), Reason> {
        let start = at + self.prefix.width();
        let prefix = bytes.get(at..start).ok_or(Reason::Truncated)?;
        let units = match (self.prefix, prefix) {
            (Prefix::BcdLl, &[ll]) => bcd(ll)?,
            (Prefix::BcdLll, &[l, ll]) => bcd(l)? * 100 + bcd(ll)?,
            (Prefix::AsciiLl, &[a, b]) => ascii(a)? * 10 + ascii(b)?,
            (Prefix::AsciiLll, &[a, b, c]) => (ascii(a)? * 10 + ascii(b)?) * 10 + ascii(c)?,
            _ => self.units_max,
        };
        if units > self.units_max {
            return Err(Reason::TooLong);
        }
        let end = start + self.kind.width(usize::from(units));
        let content = bytes.get(start..end).ok_or(Reason::Truncated)?;
        self.kind.check(content, usize::from(units))?;
        Ok((
            Span {
                start: start as u16,
                units,
            },
            end,
        ))
    }

    /// The bytes of a field read at `span`, without its prefix.
    pub(crate) fn content(self, bytes: &[u8], span: Span) -> &[u8] {
        let start = usize::from(span.start);
        &bytes[start..start + self.kind.width(usize::from(span.units))]
    }

    /// The bytes of a field read at `span`, with its prefix.
    pub(crate) fn element(self, bytes: &[u8], span: Span) -> &[u8] {
        let start = usize::from(span.start);
        &bytes[start - self.prefix.width()..start + self.kind.width(usize::from(span.units))]
    }
}

fn bcd(byte: u8) -> Result<u16, Reason> {
    let (high, low) = (byte >> 4, byte & 0x0F);
    if high > 9 || low > 9 {
        Err(Reason::Prefix)
    } else {
        Ok(u16::from(high * 10 + low))
    }
}

fn ascii(byte: u8) -> Result<u16, Reason> {
    if byte.is_ascii_digit() {
        Ok(u16::from(byte - b'0'))
    } else {
        Err(Reason::Prefix)
    }
}

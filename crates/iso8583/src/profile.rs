//! A dialect of ISO 8583 as data.
//!
//! Invariant: a profile is built at compile time and never changes; parsing and writing follow the same table.

use std::fmt;

use crate::format::{Format, Kind};

/// How the message type and the bitmaps stand on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// MTI in two BCD bytes, bitmaps in eight bytes each.
    Binary,
    /// MTI in four ASCII digits, bitmaps in eight bytes each.
    AsciiBinaryBitmap,
    /// MTI in four ASCII digits, bitmaps in sixteen hexadecimal characters each.
    Ascii,
}

impl Coding {
    pub(crate) const fn mti_bytes(self) -> usize {
        match self {
            Coding::Binary => 2,
            Coding::AsciiBinaryBitmap | Coding::Ascii => 4,
        }
    }

    pub(crate) const fn bitmap_bytes(self) -> usize {
        match self {
            Coding::Binary | Coding::AsciiBinaryBitmap => 8,
            Coding::Ascii => 16,
        }
    }
}

/// A dialect: the coding of MTI and bitmap, and a [`Format`] for each of the fields 2 to 128.
///
/// Build your own in a `static`, from nothing or from another profile's constant:
///
/// ```
/// use iso8583::{Format, Kind, Prefix, Profile, unionpay};
/// /// Terminals that send field 61 in ASCII.
/// static OURS: Profile = unionpay::PROFILE.with(61, Format::new(Kind::Digits, Prefix::BcdLll, 29));
/// assert_eq!(OURS.format(61).kind(), Kind::Digits);
/// ```
#[derive(Clone)]
pub struct Profile {
    name: &'static str,
    coding: Coding,
    second_bitmap: bool,
    formats: [Format; 129],
    currencies: &'static [u16],
    answers: &'static [(&'static str, Answer)],
}

/// What a code in field 39 says became of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Done, for the whole amount.
    Approved,
    /// Done, for a part of the amount.
    Partial,
    /// Whoever answers has itself no answer from the issuer: nobody knows.
    Unknown,
    /// Not done.
    Declined,
}

impl Profile {
    /// A profile without fields.
    #[must_use]
    pub const fn new(name: &'static str, coding: Coding) -> Self {
        Self {
            name,
            coding,
            second_bitmap: false,
            formats: [Format::UNUSED; 129],
            currencies: &[],
            answers: &[("00", Answer::Approved)],
        }
    }

    /// The same profile with these currencies, by their ISO 4217 numbers. The first one is that of messages which name none.
    #[must_use]
    pub const fn with_currencies(mut self, currencies: &'static [u16]) -> Self {
        self.currencies = currencies;
        self
    }

    /// The same profile with what the codes in field 39 say; a code that is not among them declines.
    #[must_use]
    pub const fn with_answers(mut self, answers: &'static [(&'static str, Answer)]) -> Self {
        self.answers = answers;
        self
    }

    /// The currencies it takes in field 49.
    #[must_use]
    pub const fn currencies(&self) -> &'static [u16] {
        self.currencies
    }

    /// What a code in field 39 says.
    #[must_use]
    pub fn answer(&self, code: &str) -> Answer {
        let known = self.answers.iter().find(|(known, _)| *known == code);
        known.map_or(Answer::Declined, |(_, answer)| *answer)
    }

    /// The same profile with field `n` (2 to 128) replaced.
    ///
    /// # Panics
    /// When `n` is not a field: 0 is the MTI, 1 the secondary bitmap. In a `static` the compiler says so.
    #[must_use]
    pub const fn with(mut self, n: u8, format: Format) -> Self {
        assert!(n >= 2 && n <= 128, "fields are 2 to 128");
        self.formats[n as usize] = format;
        self.second_bitmap |= n > 64;
        self
    }

    /// Its name, for messages to people.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The coding of MTI and bitmaps.
    #[must_use]
    pub const fn coding(&self) -> Coding {
        self.coding
    }

    /// Whether a message may have a second bitmap: a field above 64 was given a format.
    #[must_use]
    pub const fn second_bitmap(&self) -> bool {
        self.second_bitmap
    }

    /// The format of field `n`; [`Format::UNUSED`] for a field the profile does not have.
    #[must_use]
    #[inline]
    pub fn format(&self, n: u8) -> Format {
        self.formats
            .get(usize::from(n))
            .copied()
            .unwrap_or(Format::UNUSED)
    }

    /// The fields the profile has, ascending.
    pub fn fields(&self) -> impl Iterator<Item = (u8, Format)> + '_ {
        (2..=128)
            .map(|n| (n, self.format(n)))
            .filter(|(_, format)| format.kind() != Kind::Unused)
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Profile({})", self.name)
    }
}

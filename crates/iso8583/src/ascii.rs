//! ISO 8583:1987 in ASCII.
//!
//! Two dialects that differ in the bitmap and the binary fields. Both use the lengths of the 1987 standard, where
//! implementations agree, and the common wider ones for private fields.
//!
//! Invariant: every field is counted in characters, or in bytes where it is binary.

use crate::format::Kind::{Binary, Digits, Hex, Text, Track};
use crate::format::Prefix::{AsciiLl, AsciiLll, Fixed};
use crate::format::{Format, Kind, Prefix};
use crate::profile::{Coding, Profile};

/// All characters: bitmaps and binary fields are hexadecimal. What `pyiso8583` calls `default_ascii`.
pub static ISO1987: Profile = profile("ISO 8583:1987 ASCII", Coding::Ascii);

/// ASCII with bitmaps and binary fields as bytes. What `pyiso8583` calls `default` and npm `iso_8583` sends unless told
/// otherwise.
pub static ISO1987_BINARY: Profile = profile("ISO 8583:1987 ASCII, binary bitmap", Coding::AsciiBinaryBitmap);

/// First field, last field, and what all of them are. Binary fields are given in bytes.
const FIELDS: [(u8, u8, Kind, Prefix, u16); 55] = [
    (2, 2, Digits, AsciiLl, 19),
    (3, 3, Digits, Fixed, 6),
    (4, 6, Digits, Fixed, 12),
    (7, 7, Digits, Fixed, 10),
    (8, 10, Digits, Fixed, 8),
    (11, 12, Digits, Fixed, 6),
    (13, 18, Digits, Fixed, 4),
    (19, 24, Digits, Fixed, 3),
    (25, 26, Digits, Fixed, 2),
    (27, 27, Digits, Fixed, 1),
    (28, 31, Text, Fixed, 9),
    (32, 33, Digits, AsciiLl, 11),
    (34, 34, Text, AsciiLl, 28),
    (35, 35, Track, AsciiLl, 37),
    (36, 36, Track, AsciiLll, 104),
    (37, 37, Text, Fixed, 12),
    (38, 38, Text, Fixed, 6),
    (39, 39, Text, Fixed, 2),
    (40, 40, Digits, Fixed, 3),
    (41, 41, Text, Fixed, 8),
    (42, 42, Text, Fixed, 15),
    (43, 43, Text, Fixed, 40),
    (44, 44, Text, AsciiLl, 25),
    (45, 45, Text, AsciiLl, 76),
    (46, 48, Text, AsciiLll, 999),
    (49, 51, Text, Fixed, 3),
    (52, 52, Binary, Fixed, 8),
    (53, 53, Digits, Fixed, 16),
    (54, 54, Text, AsciiLll, 240),
    (55, 55, Binary, AsciiLll, 255),
    (56, 63, Text, AsciiLll, 999),
    (64, 65, Binary, Fixed, 8),
    (66, 66, Digits, Fixed, 1),
    (67, 67, Digits, Fixed, 2),
    (68, 70, Digits, Fixed, 3),
    (71, 72, Digits, Fixed, 4),
    (73, 73, Digits, Fixed, 6),
    (74, 81, Digits, Fixed, 10),
    (82, 85, Digits, Fixed, 12),
    (86, 89, Digits, Fixed, 16),
    (90, 90, Digits, Fixed, 42),
    (91, 91, Text, Fixed, 1),
    (92, 92, Text, Fixed, 2),
    (93, 93, Text, Fixed, 5),
    (94, 94, Text, Fixed, 7),
    (95, 95, Text, Fixed, 42),
    (96, 96, Binary, Fixed, 8),
    (97, 97, Text, Fixed, 17),
    (98, 98, Text, Fixed, 25),
    (99, 100, Digits, AsciiLl, 11),
    (101, 101, Text, AsciiLl, 17),
    (102, 103, Text, AsciiLl, 28),
    (104, 104, Text, AsciiLll, 100),
    (105, 127, Text, AsciiLll, 999),
    (128, 128, Binary, Fixed, 8),
];

const fn profile(name: &'static str, coding: Coding) -> Profile {
    let mut profile = Profile::new(name, coding);
    let mut index = 0;
    while index < FIELDS.len() {
        let (first, last, kind, prefix, units_max) = FIELDS[index];
        let format = match (kind, coding) {
            (Binary, Coding::Ascii) => Format::new(Hex, prefix, units_max * 2),
            _ => Format::new(kind, prefix, units_max),
        };
        let mut n = first;
        while n <= last {
            profile = profile.with(n, format);
            n += 1;
        }
        index += 1;
    }
    profile
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_from_2_to_128_is_there_once() {
        assert_eq!(ISO1987.fields().count(), 127);
        let spans = FIELDS.map(|(first, last, ..)| (first, last));
        assert_eq!((spans[0].0, spans[FIELDS.len() - 1].1), (2, 128));
        assert!(spans.windows(2).all(|pair| pair[0].1 + 1 == pair[1].0));
    }

    #[test]
    fn the_two_dialects_differ_in_the_binary_fields_only() {
        let differing: Vec<u8> = (2..=128)
            .filter(|&n| ISO1987.format(n) != ISO1987_BINARY.format(n))
            .collect();
        assert_eq!(differing, [52, 55, 64, 65, 96, 128]);
        assert_eq!(ISO1987.format(52), Format::new(Hex, Fixed, 16));
        assert_eq!(ISO1987_BINARY.format(52), Format::new(Binary, Fixed, 8));
    }
}

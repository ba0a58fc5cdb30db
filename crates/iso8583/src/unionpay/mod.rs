//! UnionPay POS: the profile and the words inside its private fields.
//!
//! Invariant: only packing is told here, and which currencies and answers there are; what a transaction means is its user's
//! business.

mod field48;
mod field60;
mod field61;

pub use field48::{
    BatchDetail, Field48, Overflow, Reply, Totals, batch_details, field48, write_batch_details, write_field48,
};
pub use field60::{Field60, field60, without_partial_approval, write_field60};
pub use field61::{Field61, field61, write_field61};

use crate::format::Kind::{Bcd, BcdRight, Binary, Text, TrackBcd};
use crate::format::Prefix::{BcdLl, BcdLll, Fixed};
use crate::format::{Format, Kind, Prefix};
use crate::profile::{Answer, Coding, Profile};

/// The profile of UnionPay POS terminals.
pub static POS: Profile = PROFILE;

/// [`POS`] as a constant, to build a variant with [`Profile::with`]: implementations differ in field 61 (BCD here; ASCII
/// with two of them), in the alignment of field 23 (right here) and in the longest field 60.
pub const PROFILE: Profile = profile();

const FIELDS: [(u8, Kind, Prefix, u16); 34] = [
    (2, Bcd, BcdLl, 19),
    (3, Bcd, Fixed, 6),
    (4, Bcd, Fixed, 12),
    (11, Bcd, Fixed, 6),
    (12, Bcd, Fixed, 6),
    (13, Bcd, Fixed, 4),
    (14, Bcd, Fixed, 4),
    (15, Bcd, Fixed, 4),
    (22, Bcd, Fixed, 3),
    (23, BcdRight, Fixed, 3),
    (25, Bcd, Fixed, 2),
    (26, Bcd, Fixed, 2),
    (32, Bcd, BcdLl, 11),
    (35, TrackBcd, BcdLl, 37),
    (36, TrackBcd, BcdLll, 104),
    (37, Text, Fixed, 12),
    (38, Text, Fixed, 6),
    (39, Text, Fixed, 2),
    (41, Text, Fixed, 8),
    (42, Text, Fixed, 15),
    (44, Text, BcdLl, 25),
    (48, Bcd, BcdLll, 322),
    (49, Text, Fixed, 3),
    (52, Binary, Fixed, 8),
    (53, Bcd, Fixed, 16),
    (54, Text, BcdLll, 20),
    (55, Binary, BcdLll, 255),
    (58, Text, BcdLll, 999),
    (59, Text, BcdLll, 999),
    (60, Bcd, BcdLll, 17),
    (61, Bcd, BcdLll, 29),
    (62, Binary, BcdLll, 512),
    (63, Text, BcdLll, 163),
    (64, Binary, Fixed, 8),
];

/// What field 39 says besides declining. Q/CUP 006.6-2014 A.2 has the successes besides `00`: a part of the amount (`10`),
/// an important customer (`11`), track 3 to be updated (`16`), success with a defect (`A2`, `A4` to `A6`). `68` and `98`: no
/// answer from the issuer in time.
const ANSWERS: [(&str, Answer); 10] = [
    ("00", Answer::Approved),
    ("10", Answer::Partial),
    ("11", Answer::Approved),
    ("16", Answer::Approved),
    ("A2", Answer::Approved),
    ("A4", Answer::Approved),
    ("A5", Answer::Approved),
    ("A6", Answer::Approved),
    ("68", Answer::Unknown),
    ("98", Answer::Unknown),
];

/// The renminbi.
const CURRENCIES: [u16; 1] = [156];

const fn profile() -> Profile {
    let mut profile = Profile::new("UnionPay POS", Coding::Binary)
        .with_currencies(&CURRENCIES)
        .with_answers(&ANSWERS);
    let mut index = 0;
    while index < FIELDS.len() {
        let (n, kind, prefix, units_max) = FIELDS[index];
        profile = profile.with(n, Format::new(kind, prefix, units_max));
        index += 1;
    }
    profile
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_has_the_fields_of_pos_terminals_and_no_second_bitmap() {
        let fields: Vec<u8> = POS.fields().map(|(n, _)| n).collect();
        assert_eq!(fields, FIELDS.map(|(n, ..)| n));
        assert!(fields.is_sorted() && fields.last() == Some(&64));
    }

    #[test]
    fn of_all_codes_eight_are_successes_and_two_say_that_nobody_knows() {
        const LETTERS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let codes = LETTERS.iter().flat_map(|first| {
            LETTERS
                .iter()
                .map(move |second| String::from_utf8_lossy(&[*first, *second]).into_owned())
        });
        let of = |answer| {
            let said = codes.clone().filter(move |code| POS.answer(code) == answer);
            said.collect::<Vec<_>>()
        };
        assert_eq!(of(Answer::Approved), ["00", "11", "16", "A2", "A4", "A5", "A6"]);
        assert_eq!(of(Answer::Partial), ["10"]);
        assert_eq!(of(Answer::Unknown), ["68", "98"]);
        assert_eq!(POS.answer("a2"), Answer::Declined);
        assert_eq!(POS.currencies(), [156]);
    }

    #[test]
    fn a_variant_differs_in_one_field_only() {
        static VARIANT: Profile = PROFILE.with(61, Format::new(Kind::Digits, Prefix::BcdLll, 29));
        let differing: Vec<u8> = (0..=128)
            .filter(|&n| VARIANT.format(n) != POS.format(n))
            .collect();
        assert_eq!(differing, [61]);
    }
}

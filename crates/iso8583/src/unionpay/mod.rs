//! UnionPay POS: the profile and the words inside its private fields.
//!
//! Invariant: only packing is told here; what a transaction means is its user's business.

mod field48;
mod field60;
mod field61;

pub use field48::{
    BatchDetail, Field48, Overflow, Reply, Totals, batch_details, field48, write_batch_details, write_field48,
};
pub use field60::{Field60, field60, write_field60};
pub use field61::{Field61, field61, write_field61};

use crate::format::Kind::{Bcd, BcdRight, Binary, Text, TrackBcd};
use crate::format::Prefix::{BcdLl, BcdLll, Fixed};
use crate::format::{Format, Kind, Prefix};
use crate::profile::{Coding, Profile};

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

const fn profile() -> Profile {
    let mut profile = Profile::new("UnionPay POS", Coding::Binary);
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
    fn a_variant_differs_in_one_field_only() {
        static VARIANT: Profile = PROFILE.with(61, Format::new(Kind::Digits, Prefix::BcdLll, 29));
        let differing: Vec<u8> = (0..=128)
            .filter(|&n| VARIANT.format(n) != POS.format(n))
            .collect();
        assert_eq!(differing, [61]);
    }
}

//! Messages made up over all fields of a profile.

use iso8583::{Format, Kind, Message, Mti, Prefix, Profile, Writer};
use proptest::prelude::*;

/// What a field holds, before it is packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// For numeric and track fields.
    Digits(String),
    /// For text, binary and hexadecimal fields.
    Bytes(Vec<u8>),
}

/// A message type and fields, in the order in which they are to be set.
#[derive(Clone, Debug)]
pub struct Made {
    pub mti: Mti,
    pub fields: Vec<(u8, Content)>,
}

impl Made {
    /// The message's bytes.
    pub fn pack(&self, profile: &'static Profile) -> Vec<u8> {
        let mut writer = Writer::new(profile);
        writer.begin(self.mti);
        for (n, content) in &self.fields {
            match content {
                Content::Digits(digits) => writer.digits(*n, digits),
                Content::Bytes(bytes) => writer.bytes(*n, bytes),
            };
        }
        writer.finish().expect("generated within the profile").to_vec()
    }
}

/// Any message the profile can hold, its fields in any order.
pub fn made(profile: &'static Profile) -> impl Strategy<Value = Made> {
    let fields: Vec<_> = profile
        .fields()
        .map(|(n, format)| {
            proptest::option::weighted(0.3, content(format).prop_map(move |content| (n, content)))
        })
        .collect();
    let fields = fields
        .prop_map(|fields| fields.into_iter().flatten().collect::<Vec<_>>())
        .prop_shuffle();
    let mti = (0u16..10_000).prop_map(|n| Mti(u16::from_str_radix(&format!("{n:04}"), 16).expect("decimal")));
    (mti, fields).prop_map(|(mti, fields)| Made { mti, fields })
}

fn content(format: Format) -> BoxedStrategy<Content> {
    let units_max = usize::from(format.units_max());
    let units = match format.prefix() {
        Prefix::Fixed => Just(units_max).boxed(),
        _ => prop_oneof![4 => 0..=units_max.min(24), 1 => Just(units_max)].boxed(),
    };
    let letters = match format.kind() {
        Kind::Bcd | Kind::BcdRight | Kind::Digits => "0123456789",
        Kind::TrackBcd => "0123456789ABCDEF",
        Kind::Track => "0123456789:;<=>?ABCDEF",
        Kind::Text | Kind::Binary => {
            let bytes = units.prop_flat_map(|units| proptest::collection::vec(any::<u8>(), units));
            return bytes.prop_map(Content::Bytes).boxed();
        }
        Kind::Hex => {
            let bytes = units.prop_flat_map(|units| proptest::collection::vec(any::<u8>(), units / 2));
            return bytes.prop_map(Content::Bytes).boxed();
        }
        Kind::Unused => unreachable!("fields() leaves it out"),
    };
    let digit = proptest::sample::select(letters.chars().collect::<Vec<char>>());
    units
        .prop_flat_map(move |units| proptest::collection::vec(digit.clone(), units))
        .prop_map(|digits| Content::Digits(digits.into_iter().collect()))
        .boxed()
}

/// The content of field `n` as it was packed.
pub fn content_of(message: &Message<'_>, n: u8) -> Option<Content> {
    if let Some(digits) = message.digits(n) {
        return Some(Content::Digits(digits.to_string()));
    }
    match message.profile().format(n).kind() {
        Kind::Hex => message.text(n).map(|text| Content::Bytes(unhex(text))),
        _ => message.bytes(n).map(|bytes| Content::Bytes(bytes.to_vec())),
    }
}

fn unhex(text: &[u8]) -> Vec<u8> {
    let nibble = |c: u8| char::from(c).to_digit(16).expect("hexadecimal") as u8;
    text.chunks(2)
        .map(|pair| nibble(pair[0]) << 4 | nibble(pair[1]))
        .collect()
}

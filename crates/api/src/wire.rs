//! Times, money and words as they travel; a noun's own words are beside its handlers, made by [`word!`].
//!
//! Invariant: the domain's types are not serialisable; each has its wire form here or beside its handler.

use domain::money::Sums;
use domain::{Money as Amount, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{KnownFormat, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A point in time, RFC 3339 in UTC with milliseconds: `2026-11-22T07:01:22.081Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time(pub Timestamp);

impl Time {
    /// Reads any RFC 3339 time. A `+` that came as a space, as it does in an address that nobody escaped, is read as meant.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.replacen(' ', "+", 1);
        let parsed: jiff::Timestamp = text.parse().ok().filter(|_| is_rfc3339(&text))?;
        Some(Self(Timestamp(parsed.as_millisecond())))
    }
}

/// The most that clocks anywhere differ from UTC.
const OFFSET_HOURS_MAX: u8 = 14;

/// Whether a text has the shape of RFC 3339, section 5.6, and an offset that some place has.
fn is_rfc3339(text: &str) -> bool {
    const SHAPE: &[u8; 19] = b"0000-00-00T00:00:00";
    let Some((head, rest)) = text.as_bytes().split_first_chunk::<19>() else {
        return false;
    };
    let has_shape = head.iter().zip(SHAPE).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        _ => byte.eq_ignore_ascii_case(shape),
    });
    let (fraction, offset) = match rest.strip_prefix(b".") {
        None => (None, rest),
        Some(rest) => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            (Some(digits), &rest[digits..])
        }
    };
    has_shape && fraction != Some(0) && is_offset(offset)
}

fn is_offset(text: &[u8]) -> bool {
    match text {
        b"Z" | b"z" => true,
        [b'+' | b'-', hours @ .., b':', tens, ones] => {
            let number = |digits: &[u8]| std::str::from_utf8(digits).ok()?.parse::<u8>().ok();
            match (hours.len(), number(hours), number(&[*tens, *ones])) {
                (2, Some(OFFSET_HOURS_MAX), Some(minutes)) => minutes == 0,
                (2, Some(hours), Some(minutes)) => hours < OFFSET_HOURS_MAX && minutes < 60,
                _ => false,
            }
        }
        _ => false,
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = jiff::Timestamp::from_millisecond(self.0.0).unwrap_or_default();
        write!(f, "{at:.3}")
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(NOT_A_TIME))
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        Object::builder()
            .schema_type(Type::String)
            .format(Some(format))
            .into()
    }
}

impl ToSchema for Time {
    fn name() -> std::borrow::Cow<'static, str> {
        "Time".into()
    }
}

/// Whole minor units of a currency: 2000 of CNY is ¥20.00.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Money {
    /// Minor units (fen, cents).
    pub minor: i64,
    /// ISO 4217, three letters, or three digits for a currency this version does not know by name.
    #[schema(value_type = String)]
    pub currency: Letters,
}

/// A currency, written as its letters.
#[derive(Clone, Copy, Debug)]
pub struct Letters(domain::money::Currency);

impl Letters {
    /// Those of a currency.
    pub const fn of(currency: domain::money::Currency) -> Self {
        Self(currency)
    }
}

impl Serialize for Letters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.letters() {
            Some(letters) => serializer.serialize_str(letters),
            None => serializer.collect_str(&format_args!("{:03}", self.0.0)),
        }
    }
}

impl Money {
    /// Sums, one for each currency that occurs; unlike an amount of field 4 a sum may be negative.
    pub fn list(sums: &Sums) -> Vec<Self> {
        let of = |(currency, minor)| Self {
            minor,
            currency: Letters(currency),
        };
        sums.iter().map(of).collect()
    }
}

impl From<Amount> for Money {
    fn from(amount: Amount) -> Self {
        Self {
            minor: amount.minor,
            currency: Letters(amount.currency),
        }
    }
}

/// A schema of a few words.
pub fn words_schema(words: impl IntoIterator<Item = &'static str>) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words))
        .into()
}

/// What reading a time fails with; the edge turns it into a sentence.
pub const NOT_A_TIME: &str = "no RFC 3339 time";
/// The same for a word.
pub const NOT_A_WORD: &str = "none of the words allowed here";

/// Makes the wire form of a domain enumeration: its `code()`, one of the codes of its `ALL`.
macro_rules! word {
    ($($(#[$doc:meta])* $name:ident: $of:ty;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name(pub $of);

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.0.code())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::wire::read_word(deserializer, <$of>::parse).map(Self)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::wire::words_schema(<$of>::ALL.into_iter().map(<$of>::code))
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )+};
}
pub(crate) use word;

/// Reads a word.
pub fn read_word<'de, D: Deserializer<'de>, W>(
    deserializer: D,
    parse: impl FnOnce(&str) -> Option<W>,
) -> Result<W, D::Error> {
    let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
    parse(&text).ok_or_else(|| serde::de::Error::custom(NOT_A_WORD))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plus_that_came_as_a_space_is_read_as_meant() {
        let escaped = Time::parse("2026-11-22T19:30:00.123456+08:00").unwrap();
        assert_eq!(
            Time::parse("2026-11-22T19:30:00.123456 08:00").unwrap().0,
            escaped.0
        );
        assert_eq!(escaped.to_string(), "2026-11-22T11:30:00.123Z");
        assert!(Time::parse("2026-11-22 19").is_none());
    }

    #[test]
    fn only_times_of_rfc_3339_with_an_offset_that_exists_are_read() {
        for good in [
            "2026-11-22T07:01:22Z",
            "2026-11-22t07:01:22.5z",
            "2026-11-22T07:01:22-12:00",
            "2026-11-22T07:01:22+14:00",
            "2026-11-22T07:01:22+05:45",
        ] {
            assert!(Time::parse(good).is_some(), "{good}");
        }
        for bad in [
            "2026-11-22T07:01:22+25:00",
            "2026-11-22T07:01:22+14:01",
            "2026-11-22T07:01:22-15:00",
            "2026-11-22T07:01:22+08:60",
            "2026-11-22T07:01:22+8:00",
            "2026-11-22T07:01:22+0800",
            "2026-11-22T07:01:22+08",
            "2026-11-22T07:01Z",
            "20261122T070122Z",
            "2026-11-22T07:01:22.Z",
            "2026-11-22T07:01:22,5Z",
            "2026-11-22T07:01:22Z[Asia/Shanghai]",
            "+002026-11-22T07:01:22Z",
            "2026-02-30T07:01:22Z",
        ] {
            assert_eq!(Time::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_are_utc_with_milliseconds() {
        let time = Time::parse("2026-11-22T15:01:22.081+08:00").unwrap();
        assert_eq!(time.to_string(), "2026-11-22T07:01:22.081Z");
        assert_eq!(
            Time::parse("2026-11-22T07:01:22Z").unwrap().to_string(),
            "2026-11-22T07:01:22.000Z"
        );
        assert_eq!(Time::parse("2026-11-22 7 o'clock"), None);
        assert_eq!(Time::parse("1763794882"), None);
    }
}

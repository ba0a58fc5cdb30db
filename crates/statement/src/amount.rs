//! Amounts as people and programs write them, into whole minor units.
//!
//! Invariant: no amount goes through a floating point number, and none is rounded by more than a millionth of its major unit.

use crate::word::clean;

/// What stands before the fraction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mark {
    /// A point; commas part the thousands.
    #[default]
    Point,
    /// Whichever stands last, as where people write `1.234,56`.
    Either,
}

/// Digits of a fraction beyond the minor unit that are looked at.
const NOISE_DIGITS_MAX: usize = 30;

/// Reads an amount, into minor units of so many decimals; what has a sign keeps it. `None`: it is no amount, or not whole.
pub fn read(cell: &str, decimals: usize, mark: Mark) -> Option<i64> {
    let (is_negative, digits) = unsigned(clean(cell))?;
    let (whole, part) = match mark {
        Mark::Either if is_comma_last(&digits) => split(&digits, ',', '.')?,
        _ => split(&digits, '.', ',')?,
    };
    let minor = minor(&whole, part, decimals)?;
    Some(if is_negative { -minor } else { minor })
}

/// The digits with their marks, without sign, currency and spaces.
fn unsigned(text: &str) -> Option<(bool, String)> {
    let bracketed = text
        .strip_prefix(['(', '（'])
        .and_then(|text| text.strip_suffix([')', '）']));
    let mut is_negative = bracketed.is_some();
    let mut digits = String::new();
    for one in bracketed.unwrap_or(text).chars() {
        match one {
            '-' | '−' | '－' if digits.is_empty() && !is_negative => is_negative = true,
            '+' if digits.is_empty() => {}
            '0'..='9' | '.' | ',' => digits.push(one),
            '，' => digits.push(','),
            '¥' | '￥' | '$' | '€' | '£' | '元' | '\'' | '"' => {}
            _ if one.is_whitespace() => {}
            _ => return None,
        }
    }
    digits
        .bytes()
        .any(|one| one.is_ascii_digit())
        .then_some((is_negative, digits))
}

/// Whether the comma is what stands before the fraction: it stands last, and no three digits follow it, or a point stands before.
fn is_comma_last(digits: &str) -> bool {
    match (digits.rfind(','), digits.rfind('.')) {
        (Some(comma), Some(point)) => comma > point,
        (Some(comma), None) => digits.matches(',').count() == 1 && digits.len() - comma != 4,
        _ => false,
    }
}

/// Whole and fraction; the thousands must be parted in threes.
fn split(digits: &str, mark: char, thousands: char) -> Option<(String, &str)> {
    let (whole, part) = digits.split_once(mark).unwrap_or((digits, ""));
    let is_part = part.bytes().all(|one| one.is_ascii_digit());
    let mut groups = whole.split(thousands);
    let first = groups.next()?;
    let is_whole = whole.split(thousands).skip(1).all(|group| group.len() == 3)
        && whole
            .split(thousands)
            .all(|group| group.bytes().all(|one| one.is_ascii_digit()))
        && (groups.next().is_none() || (1..=3).contains(&first.len()));
    (is_part && is_whole).then(|| (whole.replace(thousands, ""), part))
}

fn minor(whole: &str, part: &str, decimals: usize) -> Option<i64> {
    let kept = part.get(..decimals).unwrap_or(part);
    let rest = part.get(decimals..).unwrap_or_default();
    let text = format!("{whole}{kept:0<decimals$}");
    let minor: i64 = if text.is_empty() { 0 } else { text.parse().ok()? };
    minor.checked_add(noise(rest, decimals)?)
}

/// What the digits beyond the minor unit add to it: nothing, or one where they are a hair below it. `None`: they are no noise.
fn noise(rest: &str, decimals: usize) -> Option<i64> {
    let rest = rest.get(..NOISE_DIGITS_MAX).unwrap_or(rest);
    // A millionth of the major unit, in digits of what is beyond the minor one.
    let quiet = 6_usize.saturating_sub(decimals);
    let head = rest.get(..quiet).unwrap_or(rest);
    if head.bytes().all(|one| one == b'0') {
        Some(0)
    } else if head.len() == quiet && head.bytes().all(|one| one == b'9') {
        Some(1)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_are_read_as_they_are_written() {
        for (text, decimals, minor) in [
            ("38.50", 2, Some(3_850)),
            ("`38.50", 2, Some(3_850)),
            ("15.5", 2, Some(1_550)),
            ("3280", 2, Some(328_000)),
            (".5", 2, Some(50)),
            ("0.01", 2, Some(1)),
            ("1,020.00", 2, Some(102_000)),
            ("\"1,240.00\"", 2, Some(124_000)),
            ("¥1，234，567.8", 2, Some(123_456_780)),
            ("-$240.00", 2, Some(-24_000)),
            ("$-240.00", 2, Some(-24_000)),
            ("(88.00)", 2, Some(-8_800)),
            ("'-70", 2, Some(-7_000)),
            ("500", 0, Some(500)),
            ("500.00", 0, Some(500)),
            ("1.234", 3, Some(1_234)),
            // What a float makes of it.
            ("0.30000000000000004", 2, Some(30)),
            ("0.28999999999999998", 2, Some(29)),
            ("19.989999999999998", 2, Some(1_999)),
            ("99.99999999", 2, Some(10_000)),
            ("-0.23000", 2, Some(-23)),
            // More than noise, or no amount.
            ("38.505", 2, None),
            ("38.5099", 2, None),
            ("500.5", 0, None),
            ("12,50", 2, None),
            ("1,0200", 2, None),
            ("1234,567", 2, None),
            ("1.2.3", 2, None),
            ("4.2E+27", 2, None),
            ("99999999999999999999", 2, None),
            ("", 2, None),
            ("-", 2, None),
            ("—", 2, None),
        ] {
            assert_eq!(read(text, decimals, Mark::Point), minor, "{text}");
        }
        for (text, minor) in [
            ("12,50", Some(1_250)),
            ("1.234,56", Some(123_456)),
            ("1,234.56", Some(123_456)),
            ("1,234", Some(123_400)),
            ("-3,5 €", Some(-350)),
            ("1.234.567", None),
        ] {
            assert_eq!(read(text, 2, Mark::Either), minor, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(minor in -99_999_999_999_i64..=99_999_999_999, decimals in 0_usize..=3) {
            let digits = format!("{:0width$}", minor.unsigned_abs(), width = decimals + 1);
            let (whole, part) = digits.split_at(digits.len() - decimals);
            let sign = if minor < 0 { "-" } else { "" };
            let text = if decimals == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") };
            prop_assert_eq!(read(&text, decimals, Mark::Point), Some(minor));
        }

        #[test]
        fn a_float_that_was_an_amount_is_read_as_it(minor in 0_i64..=999_999_999) {
            let float = minor as f64 / 100.0;
            prop_assert_eq!(read(&float.to_string(), 2, Mark::Point), Some(minor));
            let sum = float + 0.1 + 0.2 - 0.3;
            prop_assert_eq!(read(&sum.to_string(), 2, Mark::Point), Some(minor));
        }

        #[test]
        fn nothing_makes_it_panic(text in ".{0,40}", decimals in 0_usize..=3) {
            let _ = (read(&text, decimals, Mark::Point), read(&text, decimals, Mark::Either));
        }
    }
}

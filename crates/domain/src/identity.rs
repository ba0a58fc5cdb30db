//! Numbers by which people and businesses are known to the state: identity numbers (GB 11643-1999), unified social credit codes
//! (GB 32100-2015), mobile numbers.
//!
//! Invariant: what passes here is well-formed, and nothing is said of whether anybody has it. Some texts are both an identity number and a
//! credit code: which one is meant is asked, never guessed.

use crate::merchant::{has_identity_check, is_unified};
use crate::time::{HOUR_MS, Timestamp};

/// Why a text is no identity number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It has not seventeen digits and a last sign.
    Shape,
    /// The check digit is another.
    CheckDigit,
    /// The day of birth is none, or is not over yet.
    Day,
}

/// Reads an identity number of eighteen signs: of a resident, of somebody of Hong Kong, Macao or Taiwan (81, 82, 83), or of a foreigner
/// with permanent residence (9); the day of birth stands at the same place in all. A small `x` is the capital.
///
/// # Errors
/// [`Wrong`].
pub fn identity_number(text: &str, now: Timestamp) -> Result<String, Wrong> {
    let number: String = text.chars().filter(|sign| !sign.is_whitespace()).collect();
    let number = number.to_ascii_uppercase();
    let (digits, last) = number.split_at_checked(17).ok_or(Wrong::Shape)?;
    let is_shaped = digits.bytes().all(|sign| sign.is_ascii_digit())
        && matches!(last.as_bytes(), [sign] if sign.is_ascii_digit() || *sign == b'X');
    if !is_shaped {
        return Err(Wrong::Shape);
    }
    if !has_identity_check(&number) {
        return Err(Wrong::CheckDigit);
    }
    match born_before(&digits[6..14], now) {
        true => Ok(number),
        false => Err(Wrong::Day),
    }
}

/// Whether eight digits are a day that is over, on whichever side of the date line one is.
fn born_before(day: &str, now: Timestamp) -> bool {
    let part = |from: usize, to: usize| day.get(from..to).and_then(|part| part.parse::<i64>().ok());
    let (Some(year), Some(month), Some(day)) = (part(0, 4), part(4, 6), part(6, 8)) else {
        return false;
    };
    let is_day = year >= 1800 && (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    is_day && days_since_epoch(year, month, day) * 24 * HOUR_MS <= now.0.saturating_add(24 * HOUR_MS)
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days from 1970-01-01 to a day of the Gregorian calendar.
const fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let leap_days = before / 4 - before / 100 + before / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400);
    let (mut days, mut at) = ((year - 1970) * 365 + leap_days, 1);
    while at < month {
        days += days_in(year, at);
        at += 1;
    }
    days + day - 1
}

/// Reads a unified social credit code; `None`: the text is none.
pub fn credit_code(text: &str) -> Option<String> {
    let code: String = text.chars().filter(|sign| !sign.is_whitespace()).collect();
    let code = code.to_ascii_uppercase();
    is_unified(&code).then_some(code)
}

/// Reads a mobile number of the mainland, `1[3-9]` and nine digits, into the form of E.164; `None`: the text is none.
pub fn mobile(text: &str) -> Option<String> {
    let plain: String = text
        .chars()
        .filter(|sign| !sign.is_whitespace() && *sign != '-')
        .collect();
    let number = plain.strip_prefix("+86").unwrap_or(&plain);
    let is_mobile = number.len() == 11
        && number.bytes().all(|sign| sign.is_ascii_digit())
        && matches!(number.as_bytes(), [b'1', b'3'..=b'9', ..]);
    is_mobile.then(|| format!("+86{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-26.
    const NOW: Timestamp = Timestamp(1_795_651_200_000);

    #[test]
    fn an_identity_number_has_its_check_digit_and_a_day_that_is_over() {
        for right in [
            "110101180001010015",
            "11010118000104002X",
            "11010118000104002x",
            " 110101 18000101 0015 ",
            // A residence permit for people of Taiwan, and a foreigner's permanent residence card.
            "830000180001010012",
            "911840180001010018",
        ] {
            assert!(identity_number(right, NOW).is_ok(), "{right}");
        }
        assert_eq!(
            identity_number("11010118000104002x", NOW).as_deref(),
            Ok("11010118000104002X")
        );
        for (wrong, why) in [
            ("", Wrong::Shape),
            ("110101000101001", Wrong::Shape),
            ("1101011800010100150", Wrong::Shape),
            ("11010118000101001é", Wrong::Shape),
            ("１１０１０１180001010015", Wrong::Shape),
            ("91110101MA0TXXX113", Wrong::Shape),
            ("110101180001010016", Wrong::CheckDigit),
            // The 29th of February 1900, which was none.
            ("110101190002290011", Wrong::Day),
        ] {
            assert_eq!(identity_number(wrong, NOW), Err(why), "{wrong}");
        }
        // Tomorrow is a day somewhere; the day after is not.
        let born = |day: &str| {
            let digits = format!("110101{day}001");
            let right = (0..11).map(|last| format!("{digits}{}", &"0123456789X"[last..=last]));
            right
                .map(|number| identity_number(&number, NOW))
                .find(|read| *read != Err(Wrong::CheckDigit))
        };
        assert!(matches!(born("20261127"), Some(Ok(_))));
        assert_eq!(born("20261128"), Some(Err(Wrong::Day)));
    }

    #[test]
    fn days_are_counted_as_the_calendar_has_them() {
        assert_eq!(days_since_epoch(1970, 1, 1), 0);
        assert_eq!(days_since_epoch(2000, 3, 1), 11_017);
        assert_eq!(days_since_epoch(2026, 11, 26), NOW.0 / (24 * HOUR_MS));
        assert_eq!(days_since_epoch(1969, 12, 31), -1);
        assert_eq!(days_since_epoch(1800, 1, 1), -62_091);
    }

    #[test]
    fn a_credit_code_and_a_mobile_are_read_however_they_are_typed() {
        assert_eq!(
            credit_code(" 91110101ma0txxx113").as_deref(),
            Some("91110101MA0TXXX113")
        );
        // It is an identity number, and a credit code all the same.
        assert!(credit_code("11010118000104002X").is_some());
        for wrong in ["", "91110101MA0TXXX114", "9111O101MA0TXXX113", "999999000000019"] {
            assert_eq!(credit_code(wrong), None, "{wrong}");
        }
        for typed in ["13800138000", "+86 138 0013 8000", "138-0013-8000"] {
            assert_eq!(mobile(typed).as_deref(), Some("+8613800138000"), "{typed}");
        }
        for wrong in ["", "12800138000", "1380013800", "+8513800138000", "138００138000"] {
            assert_eq!(mobile(wrong), None, "{wrong}");
        }
    }
}

//! Codes that change every 30 seconds: RFC 6238 with HMAC-SHA-1 and six digits, as every authenticator makes them.
//!
//! Invariant: a code is worth nothing without the last step that was taken, which the store compares.

use domain::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// Bytes of a secret: as many as the hash has (RFC 4226, section 4, R6).
pub const SECRET_BYTES: usize = 20;
/// Digits of a code.
pub const DIGITS: usize = 6;
const PERIOD_MS: i64 = 30_000;
/// Steps before and after now that are taken too: clocks differ, and people type.
const STEPS_AROUND: i64 = 1;

/// The step whose code this is, among those that may be shown now.
pub fn step(secret: &[u8], shown: &str, now: Timestamp) -> Option<i64> {
    let here = now.0 / PERIOD_MS;
    let steps = here - STEPS_AROUND..=here + STEPS_AROUND;
    // All are looked at, so that the time says nothing; the newest counts.
    steps.fold(None, |found, step| match code(secret, step) == shown {
        true => Some(step),
        false => found,
    })
}

/// The code of a step.
pub fn code(secret: &[u8], step: i64) -> String {
    format!("{:0DIGITS$}", value(secret, step) % 1_000_000)
}

/// The number of a step, before it is cut to its digits (RFC 4226, section 5.3).
fn value(secret: &[u8], step: i64) -> u32 {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret) else {
        // A key of any length is one.
        return u32::MAX;
    };
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest[digest.len() - 1] & 15);
    let four = [digest[at], digest[at + 1], digest[at + 2], digest[at + 3]];
    u32::from_be_bytes(four) & 0x7fff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        // Appendix B, SHA-1, eight digits.
        for (at_s, code) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            assert_eq!(value(SECRET, at_s / 30) % 100_000_000, code, "{at_s}");
        }
    }

    #[test]
    fn a_code_is_taken_a_step_early_or_late_and_no_further() {
        let at = |s: i64| Timestamp(s * 1_000);
        for s in [30, 59, 60, 89, 0, 29] {
            assert_eq!(step(SECRET, "287082", at(s)), Some(1), "{s}");
        }
        assert_eq!(step(SECRET, "287082", at(90)), None);
        for wrong in [
            "287083",
            "28708",
            "2870820",
            "28708x",
            "+87082",
            "２８７０８２",
            "",
        ] {
            assert_eq!(step(SECRET, wrong, at(59)), None, "{wrong}");
        }
    }
}

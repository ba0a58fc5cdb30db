//! The unified social credit code of a Chinese company: 18 characters, of which two check the others.
//!
//! Invariant: [`generate`] only makes codes that both checks accept.

use crate::chance::Chance;

/// The 31 characters of GB 32100-2015: digits and capitals without I, O, S, V, Z.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// The 18th character over the first 17 (GB 32100-2015, annex A: weights 3^i modulo 31). `None` when the text is not
/// 17 characters of the alphabet.
pub fn social_credit_check(first17: &str) -> Option<char> {
    if first17.len() != 17 {
        return None;
    }
    let mut weight = 1;
    let mut sum = 0;
    for byte in first17.bytes() {
        sum += ALPHABET.iter().position(|&known| known == byte)? * weight;
        weight = weight * 3 % 31;
    }
    Some(char::from(ALPHABET[(31 - sum % 31) % 31]))
}

/// The 9th character of an organisation code over its first 8 (GB 11714-1997: weights 3 7 9 10 5 8 4 2 modulo 11, `X`
/// for ten). `None` when the text is not 8 digits and capitals.
pub fn organisation_check(first8: &str) -> Option<char> {
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    if first8.len() != 8 {
        return None;
    }
    let mut sum = 0;
    for (character, weight) in first8.chars().zip(WEIGHTS) {
        if character.is_ascii_lowercase() {
            return None;
        }
        sum += character.to_digit(36)? * weight;
    }
    match 11 - sum % 11 {
        10 => Some('X'),
        11 => Some('0'),
        digit => char::from_digit(digit, 10),
    }
}

/// A code of an invented company registered in an administrative division (6 digits, GB/T 2260).
pub(super) fn generate(chance: &mut Chance, division: &str) -> String {
    let mut organisation = String::from("MA");
    for _ in 0..6 {
        organisation.push(char::from(ALPHABET[chance.index(ALPHABET.len())]));
    }
    let check = organisation_check(&organisation).unwrap_or('0');
    let first17 = format!("91{division}{organisation}{check}");
    let last = social_credit_check(&first17).unwrap_or('0');
    format!("{first17}{last}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_code_of_the_standard_passes_both_checks() {
        assert_eq!(social_credit_check("91350100M000100Y4"), Some('3'));
        assert_eq!(organisation_check("M000100Y"), Some('4'));
    }

    #[test]
    fn a_changed_character_changes_the_check_and_foreign_characters_have_none() {
        assert_ne!(social_credit_check("91350100M000100Y5"), Some('3'));
        assert_eq!(social_credit_check("91350100M000100I4"), None);
        assert_eq!(social_credit_check("9135"), None);
        assert_eq!(organisation_check("m000100Y"), None);
    }
}

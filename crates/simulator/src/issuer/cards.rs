//! The test cards. Their numbers start with 6212 34, pass the Luhn check, and belong to nobody.
//!
//! Invariant: a card's number and PIN never show in a `Debug` output.

use std::fmt;

/// What the issuer answers to a purchase with this card and its PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// 00. The account holds plenty; at most ¥50,000 at a time (61 above).
    Approved,
    /// 51
    InsufficientFunds,
    /// 54
    Expired,
    /// 55 three times, then 75 for a day; 38 after ten.
    WrongPin,
    /// 41
    LostCard,
    /// 61
    OverLimit,
    /// 05
    DoNotHonour,
    /// 75
    PinLocked,
}

/// A test card as its holder carries it.
#[derive(Clone, PartialEq, Eq)]
pub struct Card {
    /// The whole number, 19 digits.
    pub pan: String,
    /// `YYMM` (field 14).
    pub expiry: String,
    /// The six digits its holder types.
    pub pin: String,
    /// What to expect.
    pub outcome: Outcome,
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Card")
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

/// All test cards: forty that are approved, then three of each other outcome. Always the same.
pub fn cards() -> Vec<Card> {
    const OTHERS: [Outcome; 7] = [
        Outcome::InsufficientFunds,
        Outcome::Expired,
        Outcome::WrongPin,
        Outcome::LostCard,
        Outcome::OverLimit,
        Outcome::DoNotHonour,
        Outcome::PinLocked,
    ];
    let outcomes = std::iter::repeat_n(Outcome::Approved, 40)
        .chain(OTHERS.into_iter().flat_map(|o| std::iter::repeat_n(o, 3)));
    outcomes
        .enumerate()
        .map(|(index, outcome)| card(index as u64, outcome))
        .collect()
}

fn card(index: u64, outcome: Outcome) -> Card {
    let mut pan = format!("621234{:012}", 420_000_170_000 + index * 7_919);
    pan.push(luhn_check(&pan));
    Card {
        pan,
        expiry: if outcome == Outcome::Expired {
            "2312"
        } else {
            "4912"
        }
        .into(),
        pin: format!("{:06}", 130_579 + index * 3_571),
        outcome,
    }
}

/// The last digit of a card number (ISO/IEC 7812-1, annex B) over the digits before it.
fn luhn_check(digits: &str) -> char {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(index, byte)| luhn_part(index + 1, byte))
        .sum();
    char::from(b'0' + ((10 - sum % 10) % 10) as u8)
}

/// Whether a number is all digits and passes the Luhn check.
pub fn is_luhn_valid(pan: &str) -> bool {
    let sum: u32 = pan
        .bytes()
        .rev()
        .enumerate()
        .map(|(index, byte)| luhn_part(index, byte))
        .sum();
    !pan.is_empty() && pan.bytes().all(|byte| byte.is_ascii_digit()) && sum.is_multiple_of(10)
}

fn luhn_part(index_from_right: usize, byte: u8) -> u32 {
    let digit = u32::from(byte.wrapping_sub(b'0')) % 10;
    if index_from_right.is_multiple_of(2) {
        digit
    } else {
        digit * 2 / 10 + digit * 2 % 10
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn test_cards_are_distinct_luhn_valid_and_of_the_test_range() {
        let cards = cards();
        let pans: HashSet<&str> = cards.iter().map(|card| card.pan.as_str()).collect();
        assert_eq!(pans.len(), cards.len());
        assert!(
            cards
                .iter()
                .all(|c| c.pan.len() == 19 && c.pan.starts_with("621234") && is_luhn_valid(&c.pan))
        );
    }

    #[test]
    fn the_luhn_check_refuses_a_changed_digit_and_letters() {
        assert!(is_luhn_valid("4539578763621486"));
        assert!(!is_luhn_valid("4539578763621487"));
        assert!(!is_luhn_valid("453957876362148x"));
        assert!(!is_luhn_valid(""));
    }

    #[test]
    fn debug_shows_neither_number_nor_pin() {
        let card = &cards()[0];
        let shown = format!("{card:?}");
        assert!(!shown.contains(&card.pan) && !shown.contains(&card.pin));
    }
}

//! Codes that are mailed and typed: twelve letters and digits.
//!
//! Invariant: nobody finds one by trying, and no debug print shows one.

/// Crockford's base 32.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a code: 60 bits, so that nobody finds one by trying.
pub const CHARS: usize = 12;

/// A code in the letters people type.
#[derive(Clone, PartialEq, Eq)]
pub struct Code([u8; CHARS]);

impl Code {
    /// The code of so many random bytes, of which each gives five bits.
    pub fn of(random: [u8; CHARS]) -> Self {
        Self(random.map(|byte| ALPHABET[usize::from(byte & 31)]))
    }

    /// Reads what somebody typed: spaces and hyphens wherever, small letters, O for 0, I and L for 1.
    pub fn parse(text: &str) -> Option<Self> {
        let mut letters = [0; CHARS];
        let mut read = 0;
        for char in text.chars().filter(|char| !char.is_whitespace() && *char != '-') {
            let letter = match char.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let known = u8::try_from(letter)
                .ok()
                .filter(|letter| ALPHABET.contains(letter))?;
            *letters.get_mut(read)? = known;
            read += 1;
        }
        (read == CHARS).then_some(Self(letters))
    }

    /// What is digested.
    pub const fn letters(&self) -> &[u8] {
        &self.0
    }
}

/// In groups of four.
impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, letter) in self.0.iter().enumerate() {
            if place > 0 && place % 4 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(*letter))?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = Code::of([20, 7, 0, 1, 31, 32, 33, 10, 11, 12, 13, 14]);
        assert_eq!(code.to_string(), "M701-Z01A-BCDE");
        for typed in [
            "M701-Z01A-BCDE",
            "m7o1zoiabcde",
            " M7O1 ZOLA BCDE ",
            "M-7-0-1-Z-0-1-A-B-C-D-E",
        ] {
            assert_eq!(Code::parse(typed), Some(code.clone()), "{typed}");
        }
        for wrong in [
            "",
            "M701-Z01A-BCD",
            "M701-Z01A-BCDEF",
            "M701-Z01A-BCDU",
            "M701Z01ABCD密",
        ] {
            assert_eq!(Code::parse(wrong), None, "{wrong}");
        }
        assert!(!format!("{code:?}").contains("M701"));
    }
}

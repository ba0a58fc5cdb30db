//! Card numbers, which this system shows and keeps truncated only (PCI DSS 3.4.1, R3.1).
//!
//! Invariant: no value of this module holds more of a card number than its first six and last four digits.

/// First six and last four digits of a card number and its length, for example `622424******0113`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MaskedPan {
    first6: [u8; 6],
    last4: [u8; 4],
    len: u8,
}

impl MaskedPan {
    /// Truncates a card number of 13 to 19 digits; anything else is no card number.
    pub fn of(digits: impl IntoIterator<Item = u8>) -> Option<Self> {
        let mut all = [0_u8; 19];
        let mut len = 0;
        for digit in digits {
            if len == all.len() || !digit.is_ascii_digit() {
                return None;
            }
            all[len] = digit;
            len += 1;
        }
        if len < 13 {
            return None;
        }
        let mut masked = Self {
            first6: [0; 6],
            last4: [0; 4],
            len: len as u8,
        };
        masked.first6.copy_from_slice(&all[..6]);
        masked.last4.copy_from_slice(&all[len - 4..len]);
        all.fill(0);
        Some(masked)
    }

    /// Reads the truncated form that [`MaskedPan`]'s `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if !(13..=19).contains(&bytes.len()) {
            return None;
        }
        let (first, rest) = bytes.split_at(6);
        let (stars, last) = rest.split_at(bytes.len() - 10);
        let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
        if !digits(first) || !digits(last) || stars.iter().any(|star| *star != b'*') {
            return None;
        }
        Some(Self {
            first6: first.try_into().ok()?,
            last4: last.try_into().ok()?,
            len: bytes.len() as u8,
        })
    }
}

impl std::fmt::Display for MaskedPan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for digit in self.first6 {
            write!(f, "{}", char::from(digit))?;
        }
        for _ in 10..self.len {
            f.write_str("*")?;
        }
        for digit in self.last4 {
            write!(f, "{}", char::from(digit))?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for MaskedPan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_first_six_and_last_four_survive() {
        let masked = MaskedPan::of("6224242900000113".bytes()).unwrap();
        assert_eq!(masked.to_string(), "622424******0113");
        assert_eq!(MaskedPan::parse("622424******0113"), Some(masked));
    }

    #[test]
    fn what_is_no_card_number_is_refused() {
        assert_eq!(MaskedPan::of("622424290000".bytes()), None);
        assert_eq!(MaskedPan::of("62242429000001132222".bytes()), None);
        assert_eq!(MaskedPan::of("62242429O0000113".bytes()), None);
        assert_eq!(MaskedPan::parse("6224242900000113"), None);
    }
}

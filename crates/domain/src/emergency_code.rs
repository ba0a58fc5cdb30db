//! Emergency codes: somebody who cannot log in proves by one that a registered address is his, and reports a loss (R1.0, R7.2).
//!
//! Invariant: a code opens the report of one terminal and nothing else, for half an hour; the code itself is kept nowhere but in
//! the mail that brings it.

use crate::time::Timestamp;
use crate::{TerminalId, right::Right};

/// How long a code works.
pub const LASTS_MS: i64 = 30 * 60_000;
/// How many of an account may be unused at a time. Whoever asks for more gets none: those in the mailbox still work.
pub const OPEN_MAX: i64 = 3;
/// How many accounts of one address get one each.
pub const ACCOUNTS_MAX: usize = 3;
/// What the account must be allowed to do.
pub const NEEDS: Right = Right::ReportLoss;

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

/// What is kept of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmergencyCode {
    /// Eight letters and digits.
    pub code_id: String,
    /// SHA-256 of the code.
    pub code_digest: Vec<u8>,
    /// Whose report it opens.
    pub login: String,
    /// When it was asked for.
    pub made_at: Timestamp,
    /// Until when it works.
    pub ends_at: Timestamp,
    /// What it was used for.
    pub used: Option<Used>,
}

/// The report that a code was used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// Which terminal was lost.
    pub terminal_id: TerminalId,
    /// The incident.
    pub incident_id: String,
}

impl EmergencyCode {
    /// Whether it opens the report of that terminal: the same report again, where an answer was lost, but no other.
    pub fn opens(&self, terminal_id: TerminalId, now: Timestamp) -> bool {
        now < self.ends_at
            && self
                .used
                .as_ref()
                .is_none_or(|used| used.terminal_id == terminal_id)
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

    #[test]
    fn a_code_opens_one_report_until_its_end() {
        let id = |text: &str| TerminalId::parse(text.as_bytes()).unwrap();
        let code = EmergencyCode {
            code_id: "C1".into(),
            code_digest: vec![7; 32],
            login: "owner".into(),
            made_at: Timestamp(0),
            ends_at: Timestamp(LASTS_MS),
            used: None,
        };
        assert!(code.opens(id("T1"), Timestamp(LASTS_MS - 1)) && !code.opens(id("T1"), Timestamp(LASTS_MS)));
        let used = EmergencyCode {
            used: Some(Used {
                terminal_id: id("T1"),
                incident_id: "I1".into(),
            }),
            ..code
        };
        assert!(used.opens(id("T1"), Timestamp(1)) && !used.opens(id("T2"), Timestamp(1)));
    }
}

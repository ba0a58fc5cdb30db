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

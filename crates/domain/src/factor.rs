//! Second factors: what a person has, besides the password that the person knows (R7.2; OWASP ASVS 5.0, 6.3 to 6.6).
//!
//! Invariant: what was begun and not ended is no factor; what was shown once is not taken again.

use crate::{Timestamp, words};

/// Most factors of one account.
pub const FACTORS_MAX: usize = 10;
/// Recovery codes made at once.
pub const RECOVERY_CODES: usize = 10;
/// How long an answer is awaited: a half-done log-in, a passkey asked for, an enrolment begun.
pub const AWAITED_MS: i64 = 5 * 60_000;
/// Answers to a half-done log-in; with the last wrong one it is over.
pub const TRIES_MAX: i64 = 5;

words! {
    /// What a second factor is.
    pub enum Kind {
        /// Codes that change every 30 seconds (RFC 6238).
        Totp = "totp",
        /// A passkey (WebAuthn).
        Passkey = "passkey",
    }
}

/// A second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// Eight letters and digits.
    pub factor_id: String,
    /// Whose.
    pub login: String,
    /// What it is.
    pub kind: Kind,
    /// How its owner calls it.
    pub name: String,
    /// Of a passkey: the host name it is good for.
    pub rp_id: Option<String>,
    /// The secret of the codes, or the whole credential; sealed.
    pub secret_sealed: Vec<u8>,
    /// Of codes: the newest step that was taken.
    pub last_step: Option<i64>,
    /// Since when.
    pub since: Timestamp,
    /// When it was last used.
    pub used_at: Option<Timestamp>,
}

words! {
    /// What an answer is awaited for.
    pub enum Ask {
        /// The second factor of a log-in whose password was right.
        LogIn = "log_in",
        /// A passkey for it.
        LogInPasskey = "log_in_passkey",
        /// A passkey to prove anew who it is.
        ProvePasskey = "prove_passkey",
        /// The first code of a new secret.
        EnrolTotp = "enrol_totp",
        /// A new passkey.
        EnrolPasskey = "enrol_passkey",
    }
}

/// An answer that is awaited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// SHA-256 of the token of whoever may give it.
    pub token_digest: Vec<u8>,
    /// What for.
    pub ask: Ask,
    /// Of which account.
    pub login: String,
    /// What it is compared with; sealed, or empty.
    pub secret_sealed: Vec<u8>,
    /// Answers given so far.
    pub tries: i64,
    /// Until when it is awaited.
    pub ends_at: Timestamp,
}

impl Challenge {
    /// An answer awaited from now on.
    pub fn new(digest: &[u8; 32], ask: Ask, login: &str, secret_sealed: Vec<u8>, now: Timestamp) -> Self {
        Self {
            token_digest: digest.to_vec(),
            ask,
            login: login.to_owned(),
            secret_sealed,
            tries: 0,
            ends_at: now.plus_ms(AWAITED_MS),
        }
    }
}

//! Sessions of people: begun by a log-in, over by their end, by idleness, or by whoever they are of (R7.2).
//!
//! Invariant: what names a session to its owner opens nothing.

use crate::Timestamp;
use crate::account::{ProvedBy, SESSION_MS, Scope, idle_ms};

/// A session as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the token.
    pub token_digest: Vec<u8>,
    /// How its owner names it: eight letters and digits.
    pub session_id: String,
    /// Whose.
    pub login: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when at most.
    pub ends_at: Timestamp,
    /// When something was last done in it, to the minute.
    pub used_at: Timestamp,
    /// After how long without anything it is over, milliseconds.
    pub idle_max_ms: i64,
    /// By what the person proved last to be the one.
    pub proved_by: ProvedBy,
    /// When.
    pub proved_at: Timestamp,
    /// From which address it was begun, when the listener has said it.
    pub network: Option<String>,
    /// In which family of browsers.
    pub browser: Option<String>,
}

impl Session {
    /// One without a name, begun by a password: over at its end, and not before.
    pub fn new(token_digest: &[u8], login: &str, since: Timestamp, ends_at: Timestamp) -> Self {
        Self {
            token_digest: token_digest.to_vec(),
            session_id: String::new(),
            login: login.to_owned(),
            since,
            ends_at,
            used_at: since,
            idle_max_ms: ends_at.0.saturating_sub(since.0),
            proved_by: ProvedBy::Password,
            proved_at: since,
            network: None,
            browser: None,
        }
    }
}

/// Who begins a session, and where.
#[derive(Clone, Debug)]
pub struct Begun {
    /// SHA-256 of the token.
    pub token_digest: [u8; 32],
    /// Eight letters and digits.
    pub session_id: String,
    /// By what the person has just proved to be the one.
    pub proved_by: ProvedBy,
    /// From which address.
    pub network: Option<String>,
    /// In which family of browsers.
    pub browser: Option<String>,
}

impl Begun {
    /// The session of that account, from now on.
    pub fn session(self, login: &str, scope: &Scope, now: Timestamp) -> Session {
        let session = Session::new(&self.token_digest, login, now, now.plus_ms(SESSION_MS));
        Session {
            session_id: self.session_id,
            idle_max_ms: idle_ms(scope),
            proved_by: self.proved_by,
            network: self.network,
            browser: self.browser,
            ..session
        }
    }
}

//! Connectors: the systems a node asks, one file each.
//!
//! Invariant: every wait for another system ends, and its silence is told apart from never having been asked.

pub mod documents;
pub mod host;
pub mod identity;
pub mod mail;
mod program;
pub mod provider;
pub mod scan;
pub mod timestamp;
pub mod tls;
pub mod web;

use std::net::IpAddr;

/// The longest text of somebody outside that is kept or shown, in characters.
const SAID_LEN_MAX: usize = 300;

/// What somebody outside said, as a line that can be kept and shown: bounded, without control characters.
fn as_said(text: &str) -> String {
    let is_blank = |letter: char| letter.is_whitespace() || letter.is_control();
    let words = text.split(is_blank).filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    line.chars().take(SAID_LEN_MAX).collect()
}

/// Whether a host is this machine itself: what goes there leaves it on no wire.
fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_one_bounded_line() {
        assert_eq!(as_said(" a\r\nb\u{0}\tc  d "), "a b c d");
        assert_eq!(as_said(&"拒".repeat(1_000)).chars().count(), SAID_LEN_MAX);
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for host in ["localhost", "127.0.0.1", "127.8.8.8", "::1"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "127.0.0.1.example",
            "localhost.example",
            "10.0.0.1",
            "0.0.0.0",
            "",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}

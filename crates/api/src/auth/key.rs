//! API keys as programs present them: `tg_`, eight letters and digits that may be shown, `_`, and a secret of 256 bits.
//!
//! Invariant: whatever is wrong with a key, the answer is the same, and nobody else waits for it.

use std::sync::Arc;

use axum::http::request::Parts;
use domain::Actor;
use domain::api_key::PREFIX;
use store::Tx;

use super::{Account, By, Token, note};
use crate::Api;
use crate::origin::Origin;
use crate::problem::{Problem, code};

/// Letters and digits of its identifier.
const ID_CHARS: usize = 8;

/// A whole key. Never logged; `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// Which key it says it is.
    pub api_key_id: String,
    /// What only its holder has.
    pub secret: Token,
}

impl Key {
    /// Reads a written key.
    pub fn parse(text: &str) -> Option<Self> {
        let (api_key_id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let is_id =
            api_key_id.len() == ID_CHARS && api_key_id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let secret = Token::parse(secret).filter(|_| is_id)?;
        Some(Self {
            api_key_id: api_key_id.to_owned(),
            secret,
        })
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{PREFIX}{}_{}", self.api_key_id, self.secret)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

/// The program that presents a key, unless it has asked too much lately.
pub async fn opened(api: &Arc<Api>, parts: &Parts, key: Key, is_report: bool) -> Result<Account, Problem> {
    let (id, secret_digest) = (key.api_key_id.clone(), key.secret.digest());
    let from = Origin::network_of(parts).map(|address| address.to_string());
    let seen_from = from.clone();
    let read = move |tx: &Tx<'_>| {
        let opened = app::api_key::opened(tx, &id, &secret_digest)?;
        Ok::<_, store::Error>(opened.map(|(machine, kept)| {
            let is_stale = kept.is_stale(tx.now(), seen_from.as_deref());
            (machine, is_stale)
        }))
    };
    let opened = match is_report {
        true => api.node().read_urgent(read).await?,
        false => api.node().read(read).await?,
    };
    let api_key_id = key.api_key_id;
    let (machine, is_stale) = opened.map_err(|shut| {
        // Anybody can send these, as many as they like.
        tracing::debug!(reason = shut.code(), api_key_id, "an API key was refused");
        Problem::new(code::UNAUTHENTICATED)
    })?;
    api.paces
        .step(&api_key_id, is_report)
        .map_err(|wait_s| Problem::new(code::TOO_MANY_REQUESTS).retry_after_s(wait_s))?;
    if is_stale {
        let id = api_key_id.clone();
        note(api, move |tx| app::api_key::note(tx, &id, from.as_deref()));
    }
    Ok(Account {
        who: Actor::Machine(machine),
        by: By::Key {
            api_key_id,
            secret_digest,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_key_is_read_back_and_found_by_its_form() {
        let key = Key {
            api_key_id: "7K2M9QWX".into(),
            secret: Token([7; 32]),
        };
        let text = key.to_string();
        assert_eq!((text.len(), &text[..12]), (55, "tg_7K2M9QWX_"));
        assert_eq!(Key::parse(&text), Some(key.clone()));
        assert!(!format!("{key:?}").contains("7K2M"));
        for bad in [
            "",
            "tg_",
            "tg_7K2M9QWX",
            &text[..54],
            &format!("{text}A"),
            &text.replace("tg_", "TG_"),
            &text.replace("7K2M9QWX", "7K2M9QW"),
            &text.replace("7K2M9QWX", "7K2M9QW-"),
        ] {
            assert_eq!(Key::parse(bad), None, "{bad}");
        }
    }
}

//! API keys as programs present them: `tg_`, eight letters and digits that may be shown, `_`, and a secret of 256 bits.
//!
//! Invariant: whatever is wrong with a key, the answer is the same, and nobody else waits for it.

use std::sync::Arc;

use axum::http::request::Parts;
use domain::Actor;
use domain::api_key::{PREFIX, Shut};
use store::Tx;
use subtle::ConstantTimeEq;

use super::{Account, By, Token};
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
    let (id, digest) = (key.api_key_id.clone(), key.secret.digest());
    let from = Origin::network_of(parts).map(|address| address.to_string());
    let seen_from = from.clone();
    let read = move |tx: &Tx<'_>| {
        let kept = store::api_key::get(tx, &id)?.map(|(kept, is_in_business)| {
            let is_it: bool = kept.secret_digest.ct_eq(&digest).into();
            let is_stale = kept.is_stale(tx.now(), seen_from.as_deref());
            is_it.then(|| (kept.opened(is_in_business, tx.now()), is_stale))
        });
        Ok::<_, store::Error>(kept)
    };
    let found = match is_report {
        true => api.node().read_urgent(read).await?,
        false => api.node().read(read).await?,
    };
    let unauthenticated = || Problem::new(code::UNAUTHENTICATED);
    let (opened, is_stale) = match found {
        Some(Some(it)) => it,
        wrong => {
            // Anybody can send these, as many as they like.
            let reason = match wrong {
                Some(_) => "another_secret",
                None => "unknown",
            };
            tracing::debug!(reason, "an API key was refused");
            return Err(unauthenticated());
        }
    };
    let api_key_id = key.api_key_id;
    let machine = opened.map_err(|shut| {
        let reason = match shut {
            Shut::Revoked => "revoked",
            Shut::Over => "over",
        };
        tracing::debug!(reason, api_key_id, "an API key was refused");
        unauthenticated()
    })?;
    api.paces
        .step(&api_key_id, is_report)
        .map_err(|wait_s| Problem::new(code::TOO_MANY_REQUESTS).retry_after_s(wait_s))?;
    if is_stale {
        note(api, api_key_id.clone(), from);
    }
    Ok(Account {
        who: Actor::Machine(machine),
        by: By::Key(api_key_id),
    })
}

/// Notes that a key is used, beside the answer: whoever reads does not wait for a writer.
fn note(api: &Arc<Api>, api_key_id: String, from: Option<String>) {
    let node = api.node().clone();
    tokio::spawn(async move {
        let work = move |tx: &Tx<'_>| app::api_key::note(tx, &api_key_id, from.as_deref());
        if let Err(error) = node.write(work).await {
            tracing::debug!(%error, "a key's use was not noted");
        }
    });
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

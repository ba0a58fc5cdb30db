//! The site that passkeys are made for, by `webauthn-rs`.

use axum::http::{HeaderMap, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};
pub use webauthn_rs::prelude::Passkey;
use webauthn_rs::prelude::{PasskeyAuthentication, PasskeyRegistration, Url, Uuid};
use webauthn_rs::{Webauthn, WebauthnBuilder};

use super::Possible;
use crate::problem::Problem;

/// The site that passkeys are made for.
pub struct Site {
    /// Its name: a passkey of another is not offered here.
    pub rp_id: String,
    webauthn: Webauthn,
}

impl Site {
    /// The site a request was sent to, or why passkeys are not possible there.
    pub fn of(headers: &HeaderMap, is_https: bool) -> Result<Self, Possible> {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let scheme = match is_https {
            true => "https",
            false => "http",
        };
        let origin = host.and_then(|host| Url::parse(&format!("{scheme}://{host}")).ok());
        let origin = origin.ok_or(Possible::NoName)?;
        let rp_id = origin.domain().ok_or(Possible::NoName)?.to_owned();
        let is_here = rp_id == "localhost" || rp_id.ends_with(".localhost");
        if !is_https && !is_here {
            return Err(Possible::NotEncrypted);
        }
        // Never `allow_subdomains`: the name itself, and nothing below it.
        let webauthn = WebauthnBuilder::new(&rp_id, &origin)
            .and_then(|builder| builder.rp_name("Tillguard").build())
            .map_err(|_| Possible::NoName)?;
        Ok(Self { rp_id, webauthn })
    }

    /// Asks for a new passkey, none of those that are known: what the browser is told, and what its answer is compared with.
    pub fn ask_new(&self, login: &str, name: &str, known: &[Passkey]) -> Result<(Value, Vec<u8>), Problem> {
        let known = known.iter().map(|one| one.cred_id().clone()).collect();
        let asked = self
            .webauthn
            .start_passkey_registration(user(login), login, name, Some(known));
        let (told, state) = asked.map_err(|error| Problem::internal(&error))?;
        Ok((written(&told)?, kept(&state)?))
    }

    /// The new passkey, when the answer is right.
    pub fn made(&self, state: &[u8], said: Value) -> Option<Vec<u8>> {
        let state: PasskeyRegistration = read(state)?;
        let said = serde_json::from_value(said).ok()?;
        let passkey = self.webauthn.finish_passkey_registration(&said, &state).ok()?;
        serde_json::to_vec(&passkey).ok()
    }

    /// Asks for one of these; as [`Self::ask_new`].
    pub fn ask(&self, known: &[Passkey]) -> Result<(Value, Vec<u8>), Problem> {
        let asked = self.webauthn.start_passkey_authentication(known);
        let (told, state) = asked.map_err(|error| Problem::internal(&error))?;
        Ok((written(&told)?, kept(&state)?))
    }

    /// Which of these it was, with what is to be kept of it now, when the answer is right.
    pub fn shown(
        &self,
        state: &[u8],
        said: Value,
        known: Vec<(String, Passkey)>,
    ) -> Option<(String, Vec<u8>)> {
        let state: PasskeyAuthentication = read(state)?;
        let said = serde_json::from_value(said).ok()?;
        let result = self.webauthn.finish_passkey_authentication(&said, &state).ok()?;
        let (factor_id, passkey) = known.into_iter().find_map(|(factor_id, mut passkey)| {
            // Counters and backup flags: kept whether they changed or not.
            passkey.update_credential(&result)?;
            Some((factor_id, passkey))
        })?;
        Some((factor_id, serde_json::to_vec(&passkey).ok()?))
    }
}

/// A passkey as it was kept.
pub fn read<T: DeserializeOwned>(kept: &[u8]) -> Option<T> {
    serde_json::from_slice(kept).ok()
}

fn kept(it: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(it).map_err(|error| Problem::internal(&error))
}

fn written(it: &impl Serialize) -> Result<Value, Problem> {
    serde_json::to_value(it).map_err(|error| Problem::internal(&error))
}

/// What the authenticator knows the account by; it says nothing of the person.
fn user(login: &str) -> Uuid {
    let digest = Sha256::new()
        .chain_update(b"tillguard/passkey-user/1/")
        .chain_update(login)
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passkey_needs_a_name_and_a_way_that_nobody_reads() {
        let site = |host: &str, is_https| {
            let headers = HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
            Site::of(&headers, is_https).map(|site| site.rp_id)
        };
        assert_eq!(site("pos.example", true), Ok("pos.example".into()));
        assert_eq!(site("pos.example:8443", true), Ok("pos.example".into()));
        assert_eq!(site("localhost:8080", false), Ok("localhost".into()));
        for (host, is_https) in [
            ("127.0.0.1:8080", false),
            ("192.0.2.7", true),
            ("[::1]:8080", true),
        ] {
            assert_eq!(site(host, is_https), Err(Possible::NoName), "{host}");
        }
        assert_eq!(site("pos.example", false), Err(Possible::NotEncrypted));
    }
}

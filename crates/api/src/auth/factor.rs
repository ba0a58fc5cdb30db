//! Second factors as they are shown: which there are, whether one is right, and how often one may be tried.
//!
//! Invariant: what was right once is used up in the transaction that found it right.

use std::net::IpAddr;
use std::sync::Arc;

use domain::factor::{Ask, FACTORS_MAX, Factor, Kind, RECOVERY_CODES};
use domain::words;
use node::seal::{self, Purpose, Sealer};
use serde_json::Value;
use sha2::{Digest, Sha256};
use store::Tx;
use zeroize::Zeroizing;

use super::passkey::{Passkey, Site, read};
use super::{Asker, Attempt, DeviceId, Guess};
use crate::Api;
use crate::problem::{Problem, code};
use crate::session::{TOO_MANY_ATTEMPTS, WRONG_PROOF};

words! {
    /// By what a person can prove to be the one.
    pub enum Way {
        /// A passkey.
        Passkey = "passkey",
        /// A code of an authenticator.
        Code = "code",
        /// A recovery code.
        RecoveryCode = "recovery_code",
        /// The password, where there is no second factor.
        Password = "password",
    }
}

/// What a person shows.
pub enum Said {
    Password(Zeroizing<String>),
    Code(String),
    RecoveryCode(String),
    Passkey(Value),
}

/// Whose it is, where it comes from, and for what it is awaited.
pub struct Shown {
    pub login: String,
    pub network: Option<IpAddr>,
    pub device: Option<DeviceId>,
    /// SHA-256 of the token of the session, or of the half-done log-in.
    pub holder: [u8; 32],
    /// As what a passkey is awaited.
    pub ask: Ask,
    /// Where passkeys are possible.
    pub site: Option<Site>,
}

/// What a login can prove by, the strongest first; the password where it has nothing else.
pub fn ways(tx: &Tx<'_>, login: &str, rp_id: Option<&str>) -> Result<Vec<Way>, store::Error> {
    let factors = store::factor::of(tx, login, FACTORS_MAX as i64)?;
    if factors.is_empty() {
        return Ok(vec![Way::Password]);
    }
    let has_passkey = factors.iter().any(|one| is_passkey_of(one, rp_id));
    let has_codes = factors.iter().any(|one| one.kind == Kind::Totp);
    let is_left = store::factor::codes_left(tx, login)? > 0;
    let all = [
        (has_passkey, Way::Passkey),
        (has_codes, Way::Code),
        (is_left, Way::RecoveryCode),
    ];
    Ok(all
        .into_iter()
        .filter_map(|(has, way)| has.then_some(way))
        .collect())
}

fn is_passkey_of(factor: &Factor, rp_id: Option<&str>) -> bool {
    factor.kind == Kind::Passkey && rp_id.is_some() && factor.rp_id.as_deref() == rp_id
}

/// The passkeys of a login that are good for a site, by the factor each is.
pub fn passkeys(
    tx: &Tx<'_>,
    sealer: &Sealer,
    login: &str,
    rp_id: &str,
) -> Result<Vec<(String, Passkey)>, store::Error> {
    let factors = store::factor::of(tx, login, FACTORS_MAX as i64)?;
    let own = factors.into_iter().filter(|one| is_passkey_of(one, Some(rp_id)));
    let opened = own.filter_map(|one| {
        let kept = open(sealer, login, &one.secret_sealed)?;
        Some((one.factor_id, read(&kept)?))
    });
    Ok(opened.collect())
}

/// Opens what is sealed as a factor of a login.
pub fn open(sealer: &Sealer, login: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let opened = sealer.open(Purpose::Factor, login, sealed).ok()?;
    Some(opened.to_vec())
}

/// Seals it.
pub fn seal(sealer: &Sealer, login: &str, plain: &[u8]) -> Result<Vec<u8>, Problem> {
    let sealed = sealer.seal(Purpose::Factor, login, plain);
    sealed.map_err(|error| Problem::internal(&error))
}

/// Asks for a passkey that is good here; what the browser is told. `None` when there is none, or nothing to show it for.
pub async fn ask_passkey(api: &Arc<Api>, shown: &Shown) -> Result<Option<Value>, Problem> {
    let Some(site) = &shown.site else { return Ok(None) };
    let (node, login, rp_id) = (api.node.clone(), shown.login.clone(), site.rp_id.clone());
    let known = api
        .node
        .read(move |tx| passkeys(tx, &node.sealer, &login, &rp_id))
        .await?;
    if known.is_empty() {
        return Ok(None);
    }
    let known: Vec<Passkey> = known.into_iter().map(|(_, passkey)| passkey).collect();
    let (told, state) = site.ask(&known)?;
    let state = seal(&api.node.sealer, &shown.login, &state)?;
    let (holder, ask, login) = (shown.holder, shown.ask, shown.login.clone());
    let is_awaited = api
        .node
        .write(move |tx| app::factor::await_passkey(tx, &holder, ask, &login, state))
        .await?;
    Ok(is_awaited.then_some(told))
}

/// Refuses what is wrong. Whoever guesses waits, and nobody else.
pub async fn check(api: &Arc<Api>, shown: &Shown, said: Said) -> Result<(), Problem> {
    let attempt = Attempt {
        guess: match said {
            Said::Password(_) => Guess::Password,
            _ => Guess::Factor,
        },
        login: Some(shown.login.clone()),
        network: shown.network,
        device: shown.device,
    };
    let started = api.settings.attempts.start(&attempt);
    started.map_err(|wait_s| Problem::new(TOO_MANY_ATTEMPTS).retry_after_s(wait_s))?;
    if !is_right(api, shown, said).await? {
        return Err(Problem::new(WRONG_PROOF));
    }
    api.settings.attempts.succeeded(&attempt);
    Ok(())
}

async fn is_right(api: &Arc<Api>, shown: &Shown, said: Said) -> Result<bool, Problem> {
    let login = shown.login.clone();
    match said {
        Said::Password(password) => {
            let read = move |tx: &Tx<'_>| store::account::usable(tx, &login);
            let hash = api.node.read(read).await?.map(|(_, hash)| hash);
            api.passwords
                .verify(Asker::Known, password.to_string(), hash)
                .await
        }
        Said::Code(code) => {
            let node = api.node.clone();
            let take = move |tx: &Tx<'_>| {
                let open = |login: &str, sealed: &[u8]| open(&node.sealer, login, sealed);
                app::factor::take_totp(tx, &login, code.trim(), &open)
            };
            Ok(api.node.write(take).await?)
        }
        Said::RecoveryCode(code) => {
            let Some(digest) = RecoveryCode::digest_of(&code) else {
                return Ok(false);
            };
            Ok(api
                .node
                .write(move |tx| app::factor::take_code(tx, &login, &digest))
                .await?)
        }
        Said::Passkey(said) => is_right_passkey(api, shown, said).await,
    }
}

async fn is_right_passkey(api: &Arc<Api>, shown: &Shown, said: Value) -> Result<bool, Problem> {
    let Some(site) = &shown.site else { return Ok(false) };
    let (node, login, rp_id) = (api.node.clone(), shown.login.clone(), site.rp_id.clone());
    let (holder, ask) = (shown.holder, shown.ask);
    // Taken away first: the same answer twice is compared with nothing.
    let take = move |tx: &Tx<'_>| {
        let awaited = app::factor::take_awaited(tx, &holder, ask)?;
        let state = awaited
            .filter(|one| one.login == login)
            .and_then(|one| open(&node.sealer, &login, &one.secret_sealed));
        Ok::<_, store::Error>((state, passkeys(tx, &node.sealer, &login, &rp_id)?))
    };
    let (state, known) = api.node.write(take).await?;
    let Some((factor_id, passkey)) = state.and_then(|state| site.shown(&state, said, known)) else {
        return Ok(false);
    };
    let sealed = seal(&api.node.sealer, &shown.login, &passkey)?;
    Ok(api
        .node
        .write(move |tx| app::factor::passkey_used(tx, &factor_id, &sealed))
        .await?)
}

/// A code for whoever has lost everything else: 120 random bits in Crockford's base 32, in groups of four.
pub struct RecoveryCode([u8; 24]);

impl RecoveryCode {
    const DIGITS: &'static [u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// As many new ones as are made at once.
    pub fn some() -> Result<Vec<Self>, Problem> {
        (0..RECOVERY_CODES)
            .map(|_| {
                let bytes = seal::random::<24>().map_err(|error| Problem::internal(&error))?;
                Ok(Self(bytes.map(|byte| Self::DIGITS[usize::from(byte & 31)])))
            })
            .collect()
    }

    /// What the store keeps of it: of so many bits a plain hash is enough (OWASP ASVS 5.0, 6.5.2).
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }

    /// The same of a typed one; blanks, dashes and letters that look like digits are read as meant.
    fn digest_of(typed: &str) -> Option<[u8; 32]> {
        let typed = typed.chars().filter(|one| !matches!(one, ' ' | '-')).take(25);
        let read = typed.map(|one| match one.to_ascii_uppercase() {
            'O' => Some(b'0'),
            'I' | 'L' => Some(b'1'),
            one => u8::try_from(one)
                .ok()
                .filter(|digit| Self::DIGITS.contains(digit)),
        });
        let digits: [u8; 24] = read.collect::<Option<Vec<u8>>>()?.try_into().ok()?;
        Some(Self(digits).digest())
    }
}

impl std::fmt::Display for RecoveryCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, digit) in self.0.iter().enumerate() {
            if at > 0 && at % 4 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(*digit))?;
        }
        Ok(())
    }
}

/// What is shown, where exactly one thing is.
pub fn one_of(said: [Option<Said>; 4]) -> Result<Said, Problem> {
    let mut all = said.into_iter().flatten();
    match (all.next(), all.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(Problem::new(code::INVALID_FIELD)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_code_is_read_as_it_is_typed() {
        let all = RecoveryCode::some().unwrap();
        assert_eq!(all.len(), RECOVERY_CODES);
        let code = RecoveryCode(*b"0123456789ABCDEFGHJKMNPQ");
        let written = code.to_string();
        assert_eq!(written, "0123-4567-89AB-CDEF-GHJK-MNPQ");
        for typed in [
            written.as_str(),
            " o123 4567 89ab cdef ghjk mnpq ",
            "OI23456789ABCDEFGHJKMNPQ",
            "0l23456789ABCDEFGHJKMNPQ",
        ] {
            assert_eq!(RecoveryCode::digest_of(typed), Some(code.digest()), "{typed}");
        }
        for wrong in [
            "",
            "0123",
            &format!("{written}0"),
            "0123456789ABCDEFGHJKMNPU",
            "令",
        ] {
            assert_eq!(RecoveryCode::digest_of(wrong), None, "{wrong}");
        }
    }
}

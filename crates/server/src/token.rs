//! A PKCS#11 token with an AES-256 key that wraps the data keys: AES-GCM, with the data key's name as associated data. Wrapped bytes
//! are: a nonce (12), the wrapped key (32), a tag (16).
//!
//! May touch: the module, which is somebody else's program inside this process. So it is loaded, asked and let go again in one visit,
//! on a thread that is not waited for without end.
//!
//! Invariant: the token's key never leaves it. A PIN is tried once a visit, is on no command line, and is in no message.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::RvError;
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use node::seal::token::{Name, Wrapped};
use node::seal::{KEY_BYTES, Secret, random};
use zeroize::Zeroizing;

/// The variable that may hold the PIN.
const PIN_VARIABLE: &str = "TILLGUARD_PKCS11_PIN";
/// Longest file of a PIN, in bytes.
const PIN_FILE_BYTES_MAX: u64 = 1024;
/// How long a visit to the token may take.
const VISIT_TIME_MAX: Duration = Duration::from_secs(30);
/// What else is bound to a wrapped key, beside its name.
const LABEL: &[u8] = b"tillguard/wrapped-data-key/1";
const NONCE_BYTES: usize = 12;
const TAG_BITS: u64 = 128;

/// Which token wraps the data keys.
#[derive(Clone, clap::Args)]
#[group(id = "token", requires_all = ["pkcs11_module", "pkcs11_token", "pkcs11_key"])]
pub struct Args {
    /// The data keys' file is wrapped by a key in a PKCS#11 token, and this is the token's library: /usr/lib/softhsm/libsofthsm2.so.
    #[arg(long, value_name = "PATH", required = false)]
    pkcs11_module: PathBuf,
    /// The token's label.
    #[arg(long, value_name = "LABEL", required = false)]
    pkcs11_token: String,
    /// The label of the key in it, AES-256.
    #[arg(long, value_name = "LABEL", required = false)]
    pkcs11_key: String,
    /// A file with the token's PIN, instead of the variable TILLGUARD_PKCS11_PIN.
    #[arg(long, value_name = "FILE")]
    pkcs11_pin_file: Option<PathBuf>,
}

impl Args {
    /// The token, and the PIN for it.
    pub fn token(&self) -> anyhow::Result<Token> {
        // A name without a folder would be looked for in places that others may write to.
        ensure!(
            self.pkcs11_module.is_absolute(),
            "--pkcs11-module takes a path from the root"
        );
        Ok(Token {
            module: self.pkcs11_module.clone(),
            token: self.pkcs11_token.clone(),
            key: self.pkcs11_key.clone(),
            pin: self.pin()?,
        })
    }

    fn pin(&self) -> anyhow::Result<Zeroizing<String>> {
        let pin = match (&self.pkcs11_pin_file, std::env::var_os(PIN_VARIABLE)) {
            (Some(path), None) => pin_of(path).with_context(|| format!("the PIN in {}", path.display()))?,
            (None, Some(pin)) => {
                let pin = pin.into_string().ok();
                Zeroizing::new(pin.with_context(|| format!("{PIN_VARIABLE} is no text"))?)
            }
            (Some(_), Some(_)) => {
                bail!("{PIN_VARIABLE} is set beside --pkcs11-pin-file: the PIN comes from one place")
            }
            (None, None) => bail!("the token's PIN is missing: --pkcs11-pin-file, or {PIN_VARIABLE}"),
        };
        ensure!(!pin.is_empty(), "the token's PIN is empty");
        Ok(pin)
    }
}

fn pin_of(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let mut pin = Zeroizing::new(String::new());
    let mut file = std::fs::File::open(path)?.take(PIN_FILE_BYTES_MAX + 1);
    file.read_to_string(&mut pin)?;
    // A part of it is not tried: that would be a wrong one.
    let fits = pin.len() as u64 <= PIN_FILE_BYTES_MAX;
    ensure!(fits, "is larger than {PIN_FILE_BYTES_MAX} bytes");
    Ok(Zeroizing::new(pin.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Why a token did not do it.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the PKCS#11 module {0} cannot be loaded: {1}")]
    Module(String, cryptoki::error::Error),
    #[error("there is no token {0}")]
    NoToken(String),
    #[error("{0} tokens are called {1}")]
    Tokens(usize, String),
    #[error("the token {0} refuses the PIN")]
    Pin(String),
    #[error("one wrong PIN more locks the token {0}: log in to it by its own program first")]
    LastTry(String),
    #[error("the token {0} takes no PIN any more: it is locked")]
    Locked(String),
    #[error("there is no AES key {0} in the token")]
    NoKey(String),
    #[error("{0} AES keys in the token are called {1}")]
    Keys(usize, String),
    #[error("the key {0} in the token is not AES-256")]
    Short(String),
    #[error("the key {0} may be taken out of the token: only one that may not guards anything")]
    Extractable(String),
    #[error("there is a key {0} in the token already")]
    Taken(String),
    #[error("the token does not open the data key {0}: it was changed, or wrapped by another key ({1})")]
    DoesNotOpen(Name, String),
    #[error("no randomness from the system")]
    NoRandomness,
    #[error("the token did not answer within {} s", VISIT_TIME_MAX.as_secs())]
    Silent,
    #[error("the token's module broke off")]
    BrokeOff,
    #[error("the token answers {}", said(.0))]
    Said(#[from] cryptoki::error::Error),
}

/// What a module answers, by the name that the standard gives it.
fn said(error: &cryptoki::error::Error) -> String {
    match error {
        cryptoki::error::Error::Pkcs11(code, function) => format!("{code:?} to {function:?}"),
        other => other.to_string(),
    }
}

/// A token, and the PIN for it.
#[derive(Clone)]
pub struct Token {
    module: PathBuf,
    token: String,
    key: String,
    pin: Zeroizing<String>,
}

impl Token {
    /// Makes the key that wraps, in the token.
    pub fn make_key(&self) -> anyhow::Result<()> {
        Ok(self.visit(true, |token, session| token.make(session))?)
    }

    /// One visit: the module is loaded, asked and let go.
    fn visit<T: Send + 'static>(
        &self,
        may_write: bool,
        ask: impl FnOnce(&Self, &Session) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let token = self.clone();
        within(VISIT_TIME_MAX, move || {
            let not_loaded = |error| Error::Module(token.module.display().to_string(), error);
            let module = Pkcs11::new(&token.module).map_err(not_loaded)?;
            module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
            let asked = token
                .session(&module, may_write)
                .and_then(|session| ask(&token, &session));
            let ended = module.finalize();
            let asked = asked?;
            ended?;
            Ok(asked)
        })
    }

    fn session(&self, module: &Pkcs11, may_write: bool) -> Result<Session, Error> {
        let slot = self.slot(module)?;
        // A supervisor that starts a node with a wrong PIN again and again must not lock it.
        if module.get_token_info(slot)?.user_pin_final_try() {
            return Err(Error::LastTry(self.token.clone()));
        }
        let session = match may_write {
            true => module.open_rw_session(slot)?,
            false => module.open_ro_session(slot)?,
        };
        let pin = AuthPin::from(self.pin.as_str());
        match session.login(UserType::User, Some(&pin)) {
            Ok(()) | Err(cryptoki::error::Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(cryptoki::error::Error::Pkcs11(code, _)) if is_wrong_pin(code) => {
                Err(Error::Pin(self.token.clone()))
            }
            Err(cryptoki::error::Error::Pkcs11(RvError::PinLocked, _)) => {
                Err(Error::Locked(self.token.clone()))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn slot(&self, module: &Pkcs11) -> Result<Slot, Error> {
        let mut found = Vec::new();
        for slot in module.get_slots_with_initialized_token()? {
            if module.get_token_info(slot)?.label().trim_end() == self.token {
                found.push(slot);
            }
        }
        match found.as_slice() {
            [slot] => Ok(*slot),
            [] => Err(Error::NoToken(self.token.clone())),
            all => Err(Error::Tokens(all.len(), self.token.clone())),
        }
    }

    fn keys(&self, session: &Session) -> Result<Vec<ObjectHandle>, Error> {
        Ok(session.find_objects(&[
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::AES),
            Attribute::Token(true),
            Attribute::Label(self.key.clone().into_bytes()),
        ])?)
    }

    /// The key that wraps, which must be one that never leaves the token.
    fn key(&self, session: &Session) -> Result<ObjectHandle, Error> {
        let key = match self.keys(session)?.as_slice() {
            [key] => *key,
            [] => return Err(Error::NoKey(self.key.clone())),
            all => return Err(Error::Keys(all.len(), self.key.clone())),
        };
        let asked = [
            AttributeType::ValueLen,
            AttributeType::Sensitive,
            AttributeType::Extractable,
        ];
        fit(&self.key, &session.get_attributes(key, &asked)?)?;
        Ok(key)
    }

    fn make(&self, session: &Session) -> Result<(), Error> {
        if !self.keys(session)?.is_empty() {
            return Err(Error::Taken(self.key.clone()));
        }
        let template = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Encrypt(true),
            Attribute::Decrypt(true),
            Attribute::ValueLen((KEY_BYTES as u64).into()),
            Attribute::Label(self.key.clone().into_bytes()),
        ];
        session.generate_key(&Mechanism::AesKeyGen, &template)?;
        // A token may give a key other attributes than it was asked for.
        self.key(session).map(drop)
    }
}

/// Whether a key guards what it wraps: it is long enough, and cannot be had out of the token.
fn fit(name: &str, attributes: &[Attribute]) -> Result<(), Error> {
    if !attributes.contains(&Attribute::ValueLen((KEY_BYTES as u64).into())) {
        return Err(Error::Short(name.to_owned()));
    }
    let stays = [Attribute::Sensitive(true), Attribute::Extractable(false)];
    match stays.iter().all(|stays| attributes.contains(stays)) {
        true => Ok(()),
        false => Err(Error::Extractable(name.to_owned())),
    }
}

const fn is_wrong_pin(code: RvError) -> bool {
    matches!(
        code,
        RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange
    )
}

impl node::seal::token::Token for Token {
    fn wrap(&self, keys: Vec<(Name, Secret)>) -> Result<Vec<Wrapped>, String> {
        let wrap_all = move |token: &Self, session: &Session| {
            let by = token.key(session)?;
            keys.iter()
                .map(|(name, secret)| wrap(session, by, *name, secret))
                .collect()
        };
        self.visit(false, wrap_all).map_err(|error| error.to_string())
    }

    fn unwrap(&self, keys: Vec<Wrapped>) -> Result<Vec<Secret>, String> {
        let unwrap_all = move |token: &Self, session: &Session| {
            let by = token.key(session)?;
            keys.iter().map(|wrapped| unwrap(session, by, wrapped)).collect()
        };
        self.visit(false, unwrap_all).map_err(|error| error.to_string())
    }
}

fn bound_to(name: Name) -> Vec<u8> {
    [LABEL, &[0], name.bytes()].concat()
}

fn wrap(session: &Session, by: ObjectHandle, key: Name, secret: &Secret) -> Result<Wrapped, Error> {
    let mut nonce = random::<NONCE_BYTES>().map_err(|_| Error::NoRandomness)?;
    let aad = bound_to(key);
    let params = GcmParams::new(&mut nonce, &aad, TAG_BITS.into())?;
    let text = session.encrypt(&Mechanism::AesGcm(params), by, &**secret)?;
    let bytes = [nonce.as_slice(), &text].concat();
    let wrapped = Wrapped { key, bytes };
    match unwrap(session, by, &wrapped)? == *secret {
        true => Ok(wrapped),
        false => Err(Error::DoesNotOpen(key, "another key came back".into())),
    }
}

fn unwrap(session: &Session, by: ObjectHandle, wrapped: &Wrapped) -> Result<Secret, Error> {
    let does_not_open = |why: String| Error::DoesNotOpen(wrapped.key, why);
    let Some((nonce, text)) = wrapped.bytes.split_first_chunk::<NONCE_BYTES>() else {
        return Err(does_not_open("it is too short".into()));
    };
    let (mut nonce, aad) = (*nonce, bound_to(wrapped.key));
    let params = GcmParams::new(&mut nonce, &aad, TAG_BITS.into())?;
    let opened = session.decrypt(&Mechanism::AesGcm(params), by, text);
    let opened = Zeroizing::new(opened.map_err(|error| does_not_open(said(&error)))?);
    let secret = <[u8; KEY_BYTES]>::try_from(opened.as_slice());
    let secret = secret.map_err(|_| does_not_open("it is of another length".into()))?;
    Ok(Zeroizing::new(secret))
}

/// Runs what may never end on a thread of its own, which is left alone when it takes too long.
fn within<T: Send + 'static>(
    time_max: Duration,
    ask: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let (done, heard) = sync_channel(1);
    std::thread::spawn(move || drop(done.send(ask())));
    heard.recv_timeout(time_max).unwrap_or_else(|error| {
        Err(match error {
            RecvTimeoutError::Timeout => Error::Silent,
            RecvTimeoutError::Disconnected => Error::BrokeOff,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_may_be_taken_out_or_is_short_guards_nothing() {
        let key = |bytes: u64, sensitive, extractable| {
            let attributes = [
                Attribute::ValueLen(bytes.into()),
                Attribute::Sensitive(sensitive),
                Attribute::Extractable(extractable),
            ];
            fit("key", &attributes)
        };
        assert!(key(32, true, false).is_ok());
        assert!(matches!(key(16, true, false), Err(Error::Short(_))));
        for (sensitive, extractable) in [(true, true), (false, false), (false, true)] {
            assert!(matches!(
                key(32, sensitive, extractable),
                Err(Error::Extractable(_))
            ));
        }
        // A token that does not say, says no.
        let silent = [Attribute::ValueLen(32.into()), Attribute::Sensitive(true)];
        assert!(fit("key", &silent).is_err() && fit("key", &[]).is_err());
    }

    #[test]
    fn a_file_that_is_too_long_for_a_pin_is_refused_and_no_part_of_it_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pin");
        let pin = |text: String| {
            std::fs::write(&path, text).unwrap();
            pin_of(&path)
        };
        assert_eq!(pin("7391\r\n".into()).unwrap().as_str(), "7391");
        assert_eq!(pin("1".repeat(1024)).unwrap().len(), 1024);
        for long in ["1".repeat(1025), format!("7391\n{}", "\n".repeat(1020))] {
            assert!(pin(long).unwrap_err().to_string().contains("larger than 1024"));
        }
    }

    #[test]
    fn a_token_that_never_answers_is_not_waited_for_without_end() {
        let (_never, waits) = sync_channel::<()>(1);
        let asked = within(Duration::from_millis(20), move || {
            let _ = waits.recv();
            Ok(())
        });
        assert!(matches!(asked, Err(Error::Silent)));
        assert_eq!(within(VISIT_TIME_MAX, || Ok(7)).unwrap(), 7);
    }
}

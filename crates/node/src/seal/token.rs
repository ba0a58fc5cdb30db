//! Data keys that stand wrapped in their file: a key in a token opens them when a node starts, and never leaves the token.
//!
//! Invariant: what a token is asked for is wrapping and unwrapping, at a start or by a command; nothing that is sealed or opened
//! afterwards waits for it. No key is written to a file before the token has opened again what it made of it.

use std::fmt;
use std::path::Path;

use super::file::{self, Found};
use super::{Error, ID_BYTES, Key, Secret, random};
use zeroize::Zeroizing;

/// What a data key is called: the first bytes of its check value, as in everything that it seals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name(pub(super) [u8; ID_BYTES]);

impl Name {
    /// The name of a key.
    pub(super) fn of(secret: &Secret) -> Self {
        Self::from_check(&Key::new(secret).check)
    }

    /// The name of the key with that check value.
    pub(super) fn from_check(check: &[u8]) -> Self {
        Self(std::array::from_fn(|at| {
            check.get(at).copied().unwrap_or_default()
        }))
    }

    /// Its bytes, which a token binds to what it makes of the key.
    #[must_use]
    pub fn bytes(&self) -> &[u8; ID_BYTES] {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A data key as a token wrapped it.
#[derive(Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// Which key it is.
    pub key: Name,
    /// What the token made of it.
    pub bytes: Vec<u8>,
}

/// What wraps data keys and opens them again: a token with a key of its own. Each call is one visit to it.
pub trait Token {
    /// Wraps each of the keys, bound to its name, and opens it again.
    ///
    /// # Errors
    /// Why not, in words that say nothing of a key.
    fn wrap(&self, keys: Vec<(Name, Secret)>) -> Result<Vec<Wrapped>, String>;

    /// Opens each of the keys.
    ///
    /// # Errors
    /// Why not, in words that say nothing of a key.
    fn unwrap(&self, keys: Vec<Wrapped>) -> Result<Vec<Secret>, String>;
}

/// Writes the keys of a plain file, wrapped, to a file that is not there yet. Answers their names, oldest first.
///
/// # Errors
/// One of the files cannot be used, or the token does not do it; nothing was written.
pub fn wrap_file(token: &dyn Token, plain: &Path, into: &Path) -> Result<Vec<Name>, Error> {
    let secrets = match file::read(plain).map_err(|why| file_error(plain, &why))? {
        Some(Found::Plain(secrets)) => secrets,
        Some(Found::Wrapped(_)) => return Err(file_error(plain, "is wrapped already")),
        None => return Err(file_error(plain, "is missing")),
    };
    let named: Vec<(Name, Secret)> = secrets.into_iter().map(|key| (Name::of(&key), key)).collect();
    let names = named.iter().map(|(name, _)| *name).collect();
    let wrapped = token.wrap(named).map_err(Error::Key)?;
    file::create_wrapped(into, &wrapped).map_err(|why| file_error(into, &why))?;
    Ok(names)
}

/// Makes a new data key and puts it, wrapped, before the last one of a file, so that every node can open with it before one seals with
/// it; a file that is not there yet is made. Answers its name.
///
/// # Errors
/// The file cannot be used, or the token does not do it; nothing was written.
pub fn add(token: &dyn Token, path: &Path) -> Result<Name, Error> {
    let is_there = match file::read(path).map_err(|why| file_error(path, &why))? {
        Some(Found::Wrapped(_)) => true,
        Some(Found::Plain(_)) => return Err(file_error(path, PLAIN)),
        None => false,
    };
    let secret = Zeroizing::new(random()?);
    let name = Name::of(&secret);
    let wrapped = token.wrap(vec![(name, secret)]).map_err(Error::Key)?;
    let [wrapped] = wrapped.as_slice() else {
        return Err(Error::Key("the token wrapped another number of keys".into()));
    };
    let written = match is_there {
        true => file::add_wrapped(path, wrapped),
        false => file::create_wrapped(path, std::slice::from_ref(wrapped)),
    };
    written.map_err(|why| file_error(path, &why))?;
    Ok(name)
}

/// What is said of plain keys where a token is named.
pub(super) const PLAIN: &str =
    "holds keys that are not wrapped: wrap them with `tillguard admin data-key wrap`, and delete it";

pub(super) fn file_error(path: &Path, why: &str) -> Error {
    Error::Key(format!("{} {why}", path.display()))
}

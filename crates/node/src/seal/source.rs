//! Where the data keys come from.

use std::fmt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::file::{self, Found};
use super::token::{PLAIN, Token};
use super::{Error, Secret, random};

/// The variable that may hold the data keys, as a file would.
pub const VARIABLE: &str = "TILLGUARD_DATA_KEY";
const NEEDS_TOKEN: &str =
    "holds keys that a token unwraps: name it with --pkcs11-module, --pkcs11-token and --pkcs11-key";

/// Where the data keys come from. It is read once, when a node starts.
pub enum Source {
    /// A file, which is made for a store that has sealed nothing.
    File(PathBuf),
    /// The text of such a file, in the variable [`VARIABLE`].
    Environment(Zeroizing<String>),
    /// A file of wrapped keys, and what unwraps them.
    Token(PathBuf, Box<dyn Token + Send + Sync>),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) | Self::Token(path, _) => write!(f, "{}", path.display()),
            Self::Environment(_) => f.write_str(VARIABLE),
        }
    }
}

impl Source {
    /// The keys, oldest first; `None` where their file is missing.
    pub(super) fn secrets(&self) -> Result<Option<Vec<Secret>>, Error> {
        match (self, self.found()?) {
            (_, None) => Ok(None),
            (Self::File(_) | Self::Environment(_), Some(Found::Plain(secrets))) => Ok(Some(secrets)),
            (Self::File(_), Some(Found::Wrapped(_))) => Err(self.unusable(NEEDS_TOKEN)),
            (Self::Environment(_), Some(Found::Wrapped(_))) => {
                Err(self.unusable("has wrapped keys: they stand in a file, which --data-key names"))
            }
            (Self::Token(_, token), Some(Found::Wrapped(keys))) => {
                token.unwrap(keys).map(Some).map_err(Error::Key)
            }
            (Self::Token(..), Some(Found::Plain(_))) => Err(self.unusable(PLAIN)),
        }
    }

    /// The first key of a store that has sealed nothing, made where a person need not.
    pub(super) fn make(&self) -> Result<Vec<Secret>, Error> {
        let Self::File(path) = self else {
            return Err(self.unusable("is missing: make its first key with `tillguard admin data-key new`"));
        };
        let secret = Zeroizing::new(random()?);
        file::create(path, &secret).map_err(|why| self.unusable(&why))?;
        Ok(vec![secret])
    }

    /// That the file is missing, where the store is sealed.
    pub(super) fn missing(&self) -> Error {
        self.unusable(match self {
            Self::Token(..) => "is missing, and the store is sealed with keys that were given before: bring it back",
            _ => {
                "is missing, and the store is sealed with keys that were given before: bring it back, or the variable that held them"
            }
        })
    }

    fn found(&self) -> Result<Option<Found>, Error> {
        match self {
            Self::File(path) | Self::Token(path, _) => file::read(path).map_err(|why| self.unusable(&why)),
            Self::Environment(text) => file::parse(text).map(Some).map_err(|why| self.unusable(why)),
        }
    }

    pub(super) fn unusable(&self, why: &str) -> Error {
        Error::Key(format!("{self} {why}"))
    }
}

/// Whether a file holds data keys that are not wrapped; false when there is none, or it is something else.
#[must_use]
pub fn is_plain(path: &Path) -> bool {
    matches!(file::read(path), Ok(Some(Found::Plain(_))))
}

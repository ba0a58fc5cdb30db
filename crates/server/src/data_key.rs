//! Where a command line says that the data keys are: in a file, in the environment, or in a file that a token unwraps.
//!
//! Invariant: keys come from one place. Where two could be meant, nothing starts; and no key is on a command line.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use node::seal::{Source, VARIABLE};
use zeroize::Zeroizing;

#[cfg(feature = "pkcs11")]
use crate::token;

const NOT_NAMED: &str = "the data keys are not named: --database takes --data-key (with the token's options, where one wraps them) or TILLGUARD_DATA_KEY";

/// Where the data keys are.
#[derive(clap::Args)]
#[group(id = "data_keys")]
pub struct Args {
    /// The keys that seal what is secret at rest; nodes on one database need the same. data.key in --data without it, unless they
    /// stand in the variable TILLGUARD_DATA_KEY.
    #[arg(long, value_name = "FILE")]
    data_key: Option<PathBuf>,
    #[cfg(feature = "pkcs11")]
    #[command(flatten)]
    token: Option<token::Args>,
}

impl Args {
    /// Where the keys of a node with this data folder are; without a folder they must be named.
    ///
    /// # Errors
    /// They could be in two places or are in none, or the PIN of the token cannot be read.
    pub fn source(&self, data: Option<&Path>) -> anyhow::Result<Source> {
        let path = data.map_or_else(|| self.data_key.clone(), |data| Some(self.file(data)));
        if let Some(text) = std::env::var_os(VARIABLE) {
            self.want_variable_alone(path.as_deref())?;
            let text = text.into_string().ok();
            let text = text.with_context(|| format!("the data key cannot be used: {VARIABLE} is no text"))?;
            return Ok(Source::Environment(Zeroizing::new(text)));
        }
        let path = path.context(NOT_NAMED)?;
        #[cfg(feature = "pkcs11")]
        if let Some(token) = &self.token {
            let plain = data.map(|data| data.join("data.key"));
            if let Some(plain) = plain.filter(|plain| *plain != path && node::seal::is_plain(plain)) {
                bail!(
                    "{} is not wrapped, and lies beside the wrapped keys in {}: delete it",
                    plain.display(),
                    path.display()
                );
            }
            return Ok(Source::Token(path, Box::new(token.token()?)));
        }
        Ok(Source::File(path))
    }

    /// Their file.
    pub(crate) fn file(&self, data: &Path) -> PathBuf {
        self.data_key.clone().unwrap_or_else(|| data.join("data.key"))
    }

    /// The token that wraps them.
    #[cfg(feature = "pkcs11")]
    pub(crate) fn token(&self) -> anyhow::Result<token::Token> {
        let token = self.token.as_ref();
        token
            .context("--pkcs11-module, --pkcs11-token and --pkcs11-key say which token")?
            .token()
    }

    fn want_variable_alone(&self, path: Option<&Path>) -> anyhow::Result<()> {
        ensure!(
            self.data_key.is_none(),
            "{VARIABLE} is set beside --data-key: the data keys come from one place"
        );
        #[cfg(feature = "pkcs11")]
        ensure!(
            self.token.is_none(),
            "{VARIABLE} is set beside --pkcs11-module: wrapped keys stand in a file"
        );
        match path {
            Some(path) if path.exists() => bail!(
                "{VARIABLE} is set, and there is {} too: the data keys come from one place",
                path.display()
            ),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_data_folder_the_keys_are_looked_for_where_they_are_named_and_nowhere_else() {
        let mut args = Args {
            data_key: None,
            #[cfg(feature = "pkcs11")]
            token: None,
        };
        let beside = args.source(Some(Path::new("data"))).unwrap();
        assert_eq!(beside.to_string(), "data/data.key");
        let nowhere = args.source(None).err().unwrap().to_string();
        assert!(nowhere.contains("--database takes --data-key"), "{nowhere}");
        args.data_key = Some("kept.key".into());
        assert_eq!(args.source(None).unwrap().to_string(), "kept.key");
    }
}

//! A PKCS#11 token of a test's own, in software: SoftHSM from Debian's packages, with a configuration and a folder of its own.
//!
//! Invariant: nothing of it is the machine's: whoever is to see the token is given `SOFTHSM2_CONF`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Where Debian puts the library.
const MODULES: [&str; 2] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
];

/// A token.
#[derive(Debug)]
pub struct SoftToken {
    /// Its library.
    pub module: PathBuf,
    configuration: PathBuf,
    tokens: PathBuf,
}

impl SoftToken {
    /// Makes one in a folder.
    ///
    /// # Errors
    /// SoftHSM is not installed, or does not make it.
    pub fn new(folder: &Path, label: &str, pin: &str) -> Result<Self> {
        let module = MODULES.iter().map(PathBuf::from).find(|path| path.is_file());
        let tokens = folder.join("tokens");
        std::fs::create_dir_all(&tokens)?;
        let configuration = folder.join("softhsm2.conf");
        std::fs::write(
            &configuration,
            format!(
                "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
                tokens.display()
            ),
        )?;
        let token = Self {
            module: module
                .context("SoftHSM is missing: apt-get install -y --no-install-recommends softhsm2")?,
            configuration,
            tokens,
        };
        token.util(&[
            "--init-token",
            "--free",
            "--label",
            label,
            "--so-pin",
            "87654321",
            "--pin",
            pin,
        ])?;
        Ok(token)
    }

    /// Runs SoftHSM's own program on it.
    ///
    /// # Errors
    /// It cannot be run, or says no.
    pub fn util(&self, arguments: &[&str]) -> Result<()> {
        let said = Command::new("softhsm2-util")
            .args(arguments)
            .env("SOFTHSM2_CONF", &self.configuration)
            .output()
            .context("SoftHSM is missing: apt-get install -y --no-install-recommends softhsm2")?;
        ensure!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        Ok(())
    }

    /// What a program is given to see it.
    #[must_use]
    pub fn variable(&self) -> (&'static str, &str) {
        ("SOFTHSM2_CONF", self.configuration.to_str().unwrap_or_default())
    }

    /// Takes it away, or brings it back.
    ///
    /// # Errors
    /// It is not there.
    pub fn set_present(&self, present: bool) -> Result<()> {
        let aside = self.tokens.with_extension("aside");
        match present {
            true => {
                std::fs::remove_dir(&self.tokens)?;
                std::fs::rename(&aside, &self.tokens)?;
            }
            false => {
                std::fs::rename(&self.tokens, &aside)?;
                std::fs::create_dir(&self.tokens)?;
            }
        }
        Ok(())
    }
}

//! Whom a connector believes to be who it says it is: whomever the certificates vouch for that this machine trusts.
//!
//! May touch: the system's certificates. `SSL_CERT_FILE` and `SSL_CERT_DIR` name others, as elsewhere.
//!
//! Invariant: nothing here makes a connection that does not verify its other end.

use std::sync::{Arc, OnceLock};

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Why nobody can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not one root certificate was found.
    #[error("this machine trusts nobody: it has no root certificates (Debian: the package ca-certificates)")]
    NoRoots,
    /// The cryptography does not know the protocol's versions.
    #[error("TLS cannot be set up")]
    Unusable,
}

/// The roots that are trusted, and what is made of them.
#[derive(Clone)]
pub struct Trust(Arc<Roots>);

struct Roots {
    certificates: Vec<CertificateDer<'static>>,
    config: Arc<ClientConfig>,
}

impl Trust {
    /// What this machine trusts; read once.
    ///
    /// # Errors
    /// [`Error::NoRoots`] on a machine without root certificates.
    pub fn system() -> Result<Self, Error> {
        static SYSTEM: OnceLock<Result<Trust, Error>> = OnceLock::new();
        let load = || Self::only(rustls_native_certs::load_native_certs().certs);
        SYSTEM.get_or_init(load).clone()
    }

    /// These roots and no others; what is no certificate is left out.
    ///
    /// # Errors
    /// [`Error::NoRoots`] when none is left.
    pub fn only(mut certificates: Vec<CertificateDer<'static>>) -> Result<Self, Error> {
        let mut store = RootCertStore::empty();
        certificates.retain(|certificate| store.add(certificate.clone()).is_ok());
        if certificates.is_empty() {
            return Err(Error::NoRoots);
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| Error::Unusable)?
            .with_root_certificates(store)
            .with_no_client_auth();
        let config = Arc::new(config);
        Ok(Self(Arc::new(Roots { certificates, config })))
    }

    /// The trusted roots.
    pub(super) fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.0.certificates
    }

    /// What opens connections.
    pub(super) fn connector(&self) -> TlsConnector {
        self.0.config.clone().into()
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Trust({} roots)", self.0.certificates.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_root_nobody_is_trusted() {
        assert_eq!(Trust::only(Vec::new()).err(), Some(Error::NoRoots));
        let no_certificate = CertificateDer::from(b"none".to_vec());
        assert_eq!(Trust::only(vec![no_certificate]).err(), Some(Error::NoRoots));
    }
}

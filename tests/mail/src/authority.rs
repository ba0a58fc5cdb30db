//! A certificate authority of a test's own, and the certificate of a server on this machine.
//!
//! Invariant: its keys are made for one test and kept nowhere.

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// Who vouches for `localhost` and 127.0.0.1.
#[derive(Debug)]
pub struct Authority {
    /// Its own certificate, as DER.
    pub root_der: Vec<u8>,
    /// The same as PEM, for `SSL_CERT_FILE`.
    pub root_pem: String,
    /// The server's certificate, as DER.
    pub server_der: Vec<u8>,
    /// The same as PEM.
    pub chain_pem: String,
    /// The server's key, as PKCS #8 in PEM.
    pub key_pem: String,
    /// The same as DER.
    pub key_der: Vec<u8>,
}

impl Authority {
    /// Makes one.
    ///
    /// # Errors
    /// The keys cannot be made.
    pub fn new() -> Result<Self> {
        let mut root = CertificateParams::new(Vec::new())?;
        root.distinguished_name
            .push(DnType::CommonName, "Tillguard test authority");
        root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let root_key = KeyPair::generate()?;
        let root_certificate = root.self_signed(&root_key)?;
        let key = KeyPair::generate()?;
        let server = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        let server = server.signed_by(&key, &Issuer::new(root, root_key))?;
        Ok(Self {
            root_der: root_certificate.der().to_vec(),
            root_pem: root_certificate.pem(),
            server_der: server.der().to_vec(),
            chain_pem: server.pem(),
            key_pem: key.serialize_pem(),
            key_der: key.serialize_der(),
        })
    }
}

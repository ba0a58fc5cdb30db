//! The node's own TLS: a certificate and its key from two files, read again when they change.
//!
//! May touch: those files. TLS 1.2 and 1.3 by rustls, with `ring` as its only cryptography.
//!
//! Invariant: what is served is a whole pair whose key belongs to its certificate; a renewal that is not leaves the one before.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use anyhow::{Context, ensure};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::server::TlsStream;

use node::told;

/// How long a client may take to agree on keys.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);
/// How often it is looked whether the files have changed.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Longest certificate chain, and key.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// Where the certificate and its key are.
#[derive(Clone, Debug)]
pub struct Files {
    /// The chain in PEM, the server's own first.
    pub certificate: PathBuf,
    /// Its key in PEM.
    pub key: PathBuf,
}

/// When both files were written, and how long they are.
type Seen = [(SystemTime, u64); 2];

impl Files {
    fn seen(&self) -> io::Result<Seen> {
        let of = |path: &PathBuf| {
            let file = std::fs::metadata(path)?;
            Ok::<_, io::Error>((file.modified()?, file.len()))
        };
        Ok([of(&self.certificate)?, of(&self.key)?])
    }

    fn read(&self) -> anyhow::Result<CertifiedKey> {
        let text = |path: &PathBuf| {
            let name = || path.display().to_string();
            let length = std::fs::metadata(path).with_context(name)?.len();
            ensure!(
                length <= FILE_BYTES_MAX,
                "{} is longer than {FILE_BYTES_MAX} bytes",
                path.display()
            );
            std::fs::read(path).with_context(name)
        };
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&text(&self.certificate)?)
            .collect::<Result<_, _>>()
            .with_context(|| format!("{} is no certificate in PEM", self.certificate.display()))?;
        ensure!(
            !chain.is_empty(),
            "{} has no certificate",
            self.certificate.display()
        );
        let key_text = zeroize::Zeroizing::new(text(&self.key)?);
        let key = PrivateKeyDer::from_pem_slice(&key_text)
            .with_context(|| format!("{} is no key in PEM", self.key.display()))?;
        let pair = CertifiedKey::from_der(chain, key, &ring::default_provider());
        pair.with_context(|| format!("{} is not the key of the certificate", self.key.display()))
    }
}

/// What agrees on keys with clients.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    pair: Arc<Pair>,
}

/// The certificate that is served now.
#[derive(Debug)]
struct Pair {
    files: Files,
    now: RwLock<Arc<CertifiedKey>>,
}

impl ResolvesServerCert for Pair {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.now.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl Tls {
    /// Serves what is in those files.
    ///
    /// # Errors
    /// They cannot be read, or are no pair.
    pub fn new(files: Files) -> anyhow::Result<Self> {
        let now = RwLock::new(Arc::new(files.read()?));
        let pair = Arc::new(Pair { files, now });
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(pair.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: Arc::new(config).into(),
            pair,
        })
    }

    /// Agrees on keys with a client, in bounded time.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let agreed = tokio::time::timeout(HANDSHAKE_TIME_MAX, self.acceptor.accept(stream));
        agreed
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Reads the files again whenever they have changed, until `stop` turns true.
    pub async fn keep_fresh(self, mut stop: watch::Receiver<bool>) {
        let mut seen = self.pair.files.seen().ok();
        loop {
            tokio::select! {
                () = told(&mut stop) => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let now = self.pair.files.seen().ok();
            if now.is_some() && now != seen {
                // Half a renewal is no pair: it is tried again with the other half.
                seen = now;
                self.pair.renew();
            }
        }
    }
}

impl Pair {
    fn renew(&self) {
        match self.files.read() {
            Ok(pair) => {
                *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pair);
                tracing::info!("the certificate was renewed");
            }
            Err(error) => tracing::error!(error = format!("{error:#}"), "the certificate before is kept"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate for `localhost` and its key, in PEM.
    fn pair() -> (String, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        (certificate.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    fn files(folder: &tempfile::TempDir) -> Files {
        Files {
            certificate: folder.path().join("chain.pem"),
            key: folder.path().join("key.pem"),
        }
    }

    fn write(files: &Files, (certificate, key): (&str, &str)) {
        std::fs::write(&files.certificate, certificate).unwrap();
        std::fs::write(&files.key, key).unwrap();
    }

    #[test]
    fn only_a_whole_pair_is_served_and_a_bad_renewal_leaves_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(&folder);
        let (one, other) = (pair(), pair());
        for wrong in [
            ("", ""),
            (one.0.as_str(), ""),
            ("x", one.1.as_str()),
            (one.0.as_str(), other.1.as_str()),
        ] {
            write(&files, wrong);
            assert!(Tls::new(files.clone()).is_err());
        }
        write(&files, (&one.0, &one.1));
        let tls = Tls::new(files.clone()).unwrap();
        let served = || tls.pair.now.read().unwrap().cert[0].clone();
        let first = served();
        write(&files, (&other.0, &one.1));
        tls.pair.renew();
        assert_eq!(served(), first, "the key is another's");
        write(&files, (&other.0, &other.1));
        tls.pair.renew();
        assert_ne!(served(), first);
    }
}

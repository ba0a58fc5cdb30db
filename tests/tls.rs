//! The node's own TLS, by the real binary: it answers whoever trusts its certificate, waits for nobody, and takes a renewed one
//! while it runs.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use local_mail::Authority;
use tests::{Folder, House, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

const ASKED: &[u8] = b"GET /api/v1/hotline HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Writes a certificate and a key where the node looks for them.
fn write(folder: &Path, certificate: &Authority, key: &Authority) -> Result<()> {
    std::fs::write(folder.join("chain.pem"), &certificate.chain_pem)?;
    std::fs::write(folder.join("key.pem"), &key.key_pem)?;
    Ok(())
}

/// What a node answers to somebody who trusts that authority alone.
async fn answered(address: &str, trusted: &Authority) -> Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(trusted.root_der.clone()))?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    let connector = TlsConnector::from(Arc::new(config));
    let mut stream = connector
        .connect(ServerName::try_from("localhost")?, stream)
        .await?;
    stream.write_all(ASKED).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8(answer)?)
}

#[tokio::test]
async fn it_speaks_tls_and_nothing_else_and_takes_a_renewed_certificate() -> Result<()> {
    let folder = Folder::new()?;
    let (first, second) = (Authority::new()?, Authority::new()?);
    write(folder.path(), &first, &first)?;
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (chain, key) = (file("chain.pem"), file("key.pem"));
    let flags = ["--tls-certificate", &chain, "--tls-key", &key];
    let house = House::start(folder.path(), "node-1", &flags).await?;
    let url = house.ready["api_url"].as_str().context("no api_url")?;
    let address = url.strip_prefix("https://").context("not by HTTPS")?.to_owned();

    // Some who say nothing keep nobody waiting.
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(&address).await?);
    }
    let answer = answered(&address, &first).await?;
    // Nobody has set it up, and even that it tells in the headers of every answer.
    ensure!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    ensure!(
        answer
            .to_ascii_lowercase()
            .contains("strict-transport-security: max-age="),
        "{answer}"
    );
    ensure!(answered(&address, &second).await.is_err(), "it is somebody else");

    let mut in_clear = TcpStream::connect(&address).await?;
    in_clear.write_all(ASKED).await?;
    let mut told = Vec::new();
    // Closed, with an alert or without.
    let _ = in_clear.read_to_end(&mut told).await;
    ensure!(!told.starts_with(b"HTTP"), "it answered in clear");

    // A renewal whose key does not belong to it changes nothing; the whole one counts.
    write(folder.path(), &second, &first)?;
    until("the bad renewal to be told", async || {
        Ok(house
            .said()?
            .contains("the certificate before is kept")
            .then_some(()))
    })
    .await?;
    answered(&address, &first).await?;
    write(folder.path(), &second, &second)?;
    until("the new certificate to be served", async || {
        Ok(answered(&address, &second).await.ok())
    })
    .await?;
    ensure!(
        answered(&address, &first).await.is_err(),
        "the old one is served still"
    );
    Ok(())
}

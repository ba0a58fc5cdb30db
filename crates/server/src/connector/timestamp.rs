//! Time-stamp authorities (RFC 3161): somebody else signs when a digest was there.
//!
//! Of an answer we read its status, and that it is about our digest and our nonce; it is kept as it came. Its signature is for
//! whoever doubts us: `openssl ts -verify`, with the authority's certificate from elsewhere.
//!
//! Invariant: only an answer about the digest that was asked for is kept.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use hyper::{Method, StatusCode};
use pack::stamp::{self, SHA256, is_about, positive};

use super::tls::Trust;
use super::web::{self, Lost, Patience, Question, Site};

/// The whole of one question, at most.
pub const STAMP_TIME_MAX: Duration = Duration::from_secs(16);

/// A time-stamp authority. It is told a digest, which tells nobody anything, and what it answers is signed: so it may be asked
/// without encryption, as most of them are.
#[derive(Clone, Debug)]
pub struct Authority(Site);

impl FromStr for Authority {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Site::anywhere(text)
            .map(Self)
            .ok_or("no address of HTTP or HTTPS")
    }
}

/// Why there is no time stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The authority could not be asked, or did not answer.
    NotReached,
    /// It said no, or nothing we understand.
    Refused,
    /// Its answer is about something else.
    Another,
}

impl From<stamp::Wrong> for Trouble {
    fn from(wrong: stamp::Wrong) -> Self {
        match wrong {
            stamp::Wrong::NoStamp => Self::Refused,
            stamp::Wrong::Another => Self::Another,
        }
    }
}

impl Authority {
    /// Has a digest stamped; the answer as it came.
    ///
    /// # Errors
    /// [`Trouble`]; asking again does no harm.
    pub async fn stamp(
        &self,
        trust: Option<&Trust>,
        digest: &[u8; 32],
        nonce: &[u8; 8],
    ) -> Result<Vec<u8>, Trouble> {
        let question = Question {
            method: Method::POST,
            path: self.0.root(),
            headers: Vec::new(),
            body: Some((
                "application/timestamp-query",
                Bytes::from(request(digest, Some(nonce))),
            )),
        };
        let answer = web::ask(&self.0, trust, Patience::default(), question).await;
        let answer = answer.map_err(|_: Lost| Trouble::NotReached)?;
        if answer.status != StatusCode::OK {
            return Err(Trouble::Refused);
        }
        is_about(&answer.body, digest, Some(nonce))?;
        Ok(answer.body)
    }
}

/// Has digests of evidence packs stamped. One that is not stamped says so itself.
pub fn stamper(authority: Authority) -> api::Stamper {
    Arc::new(move |digest| {
        let authority = authority.clone();
        Box::pin(async move {
            let nonce = node::seal::random().ok()?;
            let stamp = authority.stamp(None, &digest, &nonce).await;
            if let Err(trouble) = &stamp {
                tracing::warn!(?trouble, "no time stamp for an evidence pack");
            }
            stamp.ok()
        })
    })
}

/// A request that asks for the authority's certificate too.
fn request(digest: &[u8; 32], nonce: Option<&[u8; 8]>) -> Vec<u8> {
    let imprint = der(0x30, &[SHA256.as_slice(), &der(0x04, digest)].concat());
    let nonce = nonce.map_or(Vec::new(), |nonce| der(0x02, &positive(nonce)));
    let version = [0x02, 0x01, 0x01];
    let with_certificate = [0x01, 0x01, 0xff];
    der(
        0x30,
        &[version.as_slice(), &imprint, &nonce, &with_certificate].concat(),
    )
}

/// Something in DER; of less than 128 bytes, as all of a request is.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, content.len() as u8], content].concat()
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::{Command, Stdio};

    use sha2::{Digest, Sha256};
    use tempfile::TempDir;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn a_request_is_these_bytes() {
        let digest: [u8; 32] = Sha256::digest("abc").into();
        let expected = format!(
            "30390201013031300d060960864801650304020105000420{}0101ff",
            hex(&digest)
        );
        assert_eq!(hex(&request(&digest, None)), expected);
        let with_nonce = hex(&request(&digest, Some(&[0x80, 0, 0, 0, 0, 0, 0, 1])));
        assert!(with_nonce.starts_with("3044") && with_nonce.ends_with("02090080000000000000010101ff"));
        assert!(hex(&request(&digest, Some(&[0; 8]))).ends_with("0201000101ff"));
    }

    /// Runs openssl; it must succeed.
    fn openssl(folder: &Path, args: &[&str]) {
        let done = Command::new("openssl")
            .current_dir(folder)
            .args(args)
            .stderr(Stdio::piped())
            .output();
        let done = done.expect("openssl is installed");
        assert!(
            done.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    }

    /// An authority of the test's own.
    fn authority() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let config = "[req]\ndistinguished_name=n\nx509_extensions=e\nprompt=no\n[n]\nCN=Stamps for tests\n\
            [e]\nextendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\nbasicConstraints=CA:TRUE\n\
            [tsa]\ndefault_tsa=t\n[t]\nserial=serial\nsigner_cert=ca.pem\ncerts=ca.pem\nsigner_key=key.pem\n\
            default_policy=1.2.3.4\ndigests=sha256\nsigner_digest=sha256\naccuracy=secs:1\nordering=yes\ness_cert_id_alg=sha256\n";
        std::fs::write(folder.path().join("tsa.cnf"), config).unwrap();
        std::fs::write(folder.path().join("serial"), "01\n").unwrap();
        let make = [
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-config", "tsa.cnf",
        ];
        openssl(
            folder.path(),
            &[make.as_slice(), &["-keyout", "key.pem", "-out", "ca.pem"]].concat(),
        );
        folder
    }

    fn reply(folder: &Path, query: &[u8]) -> Vec<u8> {
        std::fs::write(folder.join("query"), query).unwrap();
        let ask = [
            "ts",
            "-reply",
            "-config",
            "tsa.cnf",
            "-section",
            "t",
            "-queryfile",
            "query",
            "-out",
            "answer",
        ];
        openssl(folder, &ask);
        std::fs::read(folder.join("answer")).unwrap()
    }

    /// Listens, and answers one question with what `answer` makes of it.
    async fn answering(answer: impl FnOnce(Vec<u8>) -> Vec<u8> + Send + 'static) -> Authority {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut read = Vec::new();
            let query = loop {
                let mut piece = [0; 4_096];
                let count = stream.read(&mut piece).await.unwrap();
                read.extend_from_slice(&piece[..count]);
                let Some(at) = read.windows(4).position(|window| window == b"\r\n\r\n") else {
                    continue;
                };
                let body = &read[at + 4..];
                if body.first() == Some(&0x30) && body.len() == 2 + usize::from(body[1]) {
                    break body.to_vec();
                }
            };
            let body = answer(query);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            stream
                .write_all(&[head.as_bytes(), &body].concat())
                .await
                .unwrap();
        });
        address.parse().unwrap()
    }

    #[tokio::test]
    async fn a_digest_is_stamped_and_openssl_agrees() {
        let authority = authority();
        let folder = authority.path().to_owned();
        let asked = answering(move |query| reply(&folder, &query)).await;
        std::fs::write(authority.path().join("data"), "a checkpoint").unwrap();
        let digest: [u8; 32] = Sha256::digest("a checkpoint").into();
        let nonce = [0xfe, 2, 3, 4, 5, 6, 7, 8];
        let answer = asked.stamp(None, &digest, &nonce).await.unwrap();
        std::fs::write(authority.path().join("stamp.tsr"), &answer).unwrap();
        let verify = [
            "ts",
            "-verify",
            "-data",
            "data",
            "-in",
            "stamp.tsr",
            "-CAfile",
            "ca.pem",
        ];
        openssl(authority.path(), &verify);
        assert_eq!(is_about(&answer, &digest, Some(&nonce)), Ok(()));
        let other: [u8; 32] = Sha256::digest("another").into();
        assert_eq!(
            is_about(&answer, &other, Some(&nonce)),
            Err(stamp::Wrong::Another)
        );
        assert_eq!(
            is_about(&answer, &digest, Some(&[1; 8])),
            Err(stamp::Wrong::Another)
        );
        for end in 0..answer.len() {
            assert!(is_about(&answer[..end], &digest, Some(&nonce)).is_err(), "{end}");
        }
    }

    #[tokio::test]
    async fn what_is_no_stamp_of_ours_is_not_kept() {
        let (digest, nonce) = ([7; 32], [1; 8]);
        let authority = authority();
        let folder = authority.path().to_owned();
        let older = answering(move |_| reply(&folder, &request(&[7; 32], Some(&[2; 8])))).await;
        assert_eq!(older.stamp(None, &digest, &nonce).await, Err(Trouble::Another));
        let folder = authority.path().to_owned();
        let rejected = answering(move |_| reply(&folder, b"nonsense")).await;
        assert_eq!(rejected.stamp(None, &digest, &nonce).await, Err(Trouble::Refused));
        let page = answering(|_| b"<html>".to_vec()).await;
        assert_eq!(page.stamp(None, &digest, &nonce).await, Err(Trouble::Refused));
        let nobody: Authority = "http://127.0.0.1:1".parse().unwrap();
        assert_eq!(
            nobody.stamp(None, &digest, &nonce).await,
            Err(Trouble::NotReached)
        );
        assert!("ftp://tsa.example".parse::<Authority>().is_err());
    }
}

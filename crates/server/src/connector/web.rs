//! Asking another system over HTTPS: one question, one answer, one connection.
//!
//! No redirect is followed, no cookie kept, no proxy asked. Plain HTTP goes to this machine only.
//!
//! Invariant: a question is reported as not sent only when no byte of it can have left; every step ends in its time, and an
//! answer is bounded.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use hyper::client::conn::http1;
use hyper::header::{
    ACCEPT, CONTENT_TYPE, DATE, HOST, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT,
};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use jiff::fmt::rfc2822;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::rustls::pki_types::ServerName;

use super::tls::Trust;
use super::{as_said, is_loopback};

const ANSWER_BYTES_MAX: usize = 1 << 20;
/// The shortest and the longest time that somebody who has too much to do may ask for.
const RETRY_AFTER_MIN: Duration = Duration::from_secs(1);
const RETRY_AFTER_MAX: Duration = Duration::from_secs(600);
/// … and what is waited when they name none.
const RETRY_AFTER_UNSAID: Duration = Duration::from_secs(5);

/// How long each step may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The connection, and again its encryption.
    pub connect: Duration,
    /// From the first byte of the question to the last of the answer.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(4),
            answer: Duration::from_secs(8),
        }
    }
}

/// Where to ask: `https://host[:port][/path]`, or the same with `http` on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    is_encrypted: bool,
    host: String,
    port: u16,
    path: String,
}

impl Site {
    /// Reads an address; `None` for one that would leave this machine unencrypted, or is none.
    pub fn parse(address: &str) -> Option<Self> {
        let site = Self::anywhere(address)?;
        (site.is_encrypted || is_loopback(&site.host)).then_some(site)
    }

    /// The same for what may leave this machine unencrypted, because it tells nobody anything and the answer is signed.
    pub fn anywhere(address: &str) -> Option<Self> {
        let url = url::Url::parse(address).ok()?;
        let is_encrypted = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let host = url
            .host_str()?
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let has_more = !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some();
        (!has_more).then_some(Self {
            is_encrypted,
            host,
            port: url.port_or_known_default()?,
            path: url.path().trim_end_matches('/').to_owned(),
        })
    }
}

impl Site {
    /// Its host, with the port where that is not the usual one (RFC 9110, 7.2): some providers have it signed.
    pub fn authority(&self) -> String {
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        let usual = if self.is_encrypted { 443 } else { 80 };
        match self.port == usual {
            true => host,
            false => format!("{host}:{}", self.port),
        }
    }

    /// The path of a question that is about the site itself.
    pub fn root(&self) -> String {
        match self.path.is_empty() {
            true => "/".to_owned(),
            false => String::new(),
        }
    }
}

/// What is asked.
pub struct Question {
    /// How.
    pub method: Method,
    /// Behind the site's own path, with its query.
    pub path: String,
    /// Whoever asks, for example `Authorization`; marked as sensitive.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What kind of body, and the body.
    pub body: Option<(&'static str, Bytes)>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// When to come again, for one who asks too much.
    pub retry_after: Duration,
    /// At most [`ANSWER_BYTES_MAX`].
    pub body: Vec<u8>,
}

/// Why nothing came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// It certainly never left.
    NotSent(String),
    /// It may have arrived.
    Silent(String),
}

/// Asks once.
///
/// # Errors
/// [`Lost`], which says whether it may have arrived.
pub async fn ask(
    site: &Site,
    trust: Option<&Trust>,
    patience: Patience,
    question: Question,
) -> Result<Answer, Lost> {
    let request = request(site, question)?;
    let within = |why: &'static str| move |_| Lost::NotSent(why.to_owned());
    let stream = timeout(
        patience.connect,
        TcpStream::connect((site.host.as_str(), site.port)),
    )
    .await
    .map_err(within("no connection in time"))?
    .map_err(not_sent)?;
    let _ = stream.set_nodelay(true);
    if !site.is_encrypted {
        return exchange(stream, patience, request).await;
    }
    let trust = match trust {
        Some(trust) => trust.clone(),
        None => Trust::system().map_err(not_sent)?,
    };
    let name = ServerName::try_from(site.host.clone()).map_err(not_sent)?;
    let stream = timeout(patience.connect, trust.connector().connect(name, stream))
        .await
        .map_err(within("no encryption in time"))?
        .map_err(not_sent)?;
    exchange(stream, patience, request).await
}

fn not_sent(error: impl std::fmt::Display) -> Lost {
    Lost::NotSent(as_said(&error.to_string()))
}

fn request(site: &Site, question: Question) -> Result<Request<Body>, Lost> {
    let mut request = Request::builder()
        .method(question.method)
        .uri(format!("{}{}", site.path, question.path))
        .header(HOST, site.authority())
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, concat!("Tillguard/", env!("CARGO_PKG_VERSION")));
    for (name, mut value) in question.headers {
        value.set_sensitive(true);
        request = request.header(name, value);
    }
    let body = match question.body {
        Some((kind, bytes)) => {
            request = request.header(CONTENT_TYPE, kind);
            Body::from(bytes)
        }
        None => Body::empty(),
    };
    request.body(body).map_err(not_sent)
}

async fn exchange<S>(stream: S, patience: Patience, request: Request<Body>) -> Result<Answer, Lost>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let silent = |error: hyper::Error| Lost::Silent(as_said(&error.to_string()));
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(not_sent)?;
    // Goes with this call, however it ends.
    let mut driver = JoinSet::new();
    driver.spawn(async move { drop(connection.await) });
    let answered = timeout(patience.answer, async {
        let response = sender.send_request(request).await.map_err(silent)?;
        let (head, body) = response.into_parts();
        let body = to_bytes(Body::new(body), ANSWER_BYTES_MAX)
            .await
            .map_err(|error| Lost::Silent(as_said(&error.to_string())))?;
        Ok(Answer {
            status: head.status,
            retry_after: retry_after(&head.headers),
            body: body.to_vec(),
        })
    });
    answered
        .await
        .unwrap_or_else(|_| Err(Lost::Silent("no answer in time".to_owned())))
}

/// `Retry-After` in seconds, or as a time seen from the answer's own `Date`: our clock has no part in it.
fn retry_after(headers: &HeaderMap) -> Duration {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let moment = |text: &str| Some(rfc2822::parse(text).ok()?.timestamp().as_second());
    let asked_s = text(RETRY_AFTER).and_then(|asked| match asked.trim().parse::<u64>() {
        Ok(seconds) => Some(seconds),
        Err(_) => u64::try_from(moment(asked)?.checked_sub(moment(text(DATE)?)?)?).ok(),
    });
    asked_s
        .map_or(RETRY_AFTER_UNSAID, Duration::from_secs)
        .clamp(RETRY_AFTER_MIN, RETRY_AFTER_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_encrypted_or_on_this_machine() {
        let site =
            |address| Site::parse(address).map(|site| (site.is_encrypted, site.host, site.port, site.path));
        let some = |is_encrypted, host: &str, port, path: &str| {
            Some((is_encrypted, host.to_owned(), port, path.to_owned()))
        };
        assert_eq!(
            site("https://api.stripe.com"),
            some(true, "api.stripe.com", 443, "")
        );
        assert_eq!(site("https://m.example/v3/"), some(true, "m.example", 443, "/v3"));
        assert_eq!(
            site("http://127.0.0.1:8081/x"),
            some(false, "127.0.0.1", 8081, "/x")
        );
        assert_eq!(site("http://[::1]:9"), some(false, "::1", 9, ""));
        for none in [
            "http://api.stripe.com",
            "http://localhost.example",
            "https://user:key@api.stripe.com",
            "https://api.stripe.com?x",
            "https://api.stripe.com#x",
            "ftp://api.stripe.com",
            "api.stripe.com",
            "",
        ] {
            assert_eq!(site(none), None, "{none}");
        }
    }

    #[test]
    fn a_site_is_called_by_its_host_and_by_an_unusual_port() {
        for (address, authority) in [
            ("https://cloudauth.aliyuncs.com", "cloudauth.aliyuncs.com"),
            ("https://m.example:8443/v3", "m.example:8443"),
            ("http://127.0.0.1:8081", "127.0.0.1:8081"),
            ("http://[::1]:9", "[::1]:9"),
            ("http://[::1]", "[::1]"),
        ] {
            assert_eq!(Site::parse(address).unwrap().authority(), authority);
        }
    }

    #[test]
    fn who_asks_too_much_waits_as_told_within_bounds() {
        let waits_s = |pairs: &[(HeaderName, &'static str)]| {
            let headers = pairs
                .iter()
                .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
            retry_after(&headers.collect()).as_secs()
        };
        assert_eq!(waits_s(&[(RETRY_AFTER, "17")]), 17);
        assert_eq!(waits_s(&[(RETRY_AFTER, "0")]), 1);
        assert_eq!(waits_s(&[(RETRY_AFTER, "99999999")]), 600);
        assert_eq!(waits_s(&[]), 5);
        assert_eq!(waits_s(&[(RETRY_AFTER, "soon")]), 5);
        let later = (RETRY_AFTER, "Wed, 21 Oct 2015 07:28:40 GMT");
        assert_eq!(
            waits_s(&[(DATE, "Wed, 21 Oct 2015 07:28:00 GMT"), later.clone()]),
            40
        );
        // A time without the other clock's own says nothing; one that is over means at once.
        assert_eq!(waits_s(std::slice::from_ref(&later)), 5);
        assert_eq!(waits_s(&[(DATE, "Wed, 21 Oct 2015 08:00:00 GMT"), later]), 5);
    }
}

//! The two clouds that say whether a name and a number belong together: it checks each signature as they do, and answers by the name
//! that it is asked about.
//!
//! A person or a business whose name begins with 不符 differs, with 无录 is not known, with 怪样 cannot be told, with 停机 meets a source
//! that is down, with 内错 one that fails within, with 沉默 gets no answer; a business whose name begins with 停业 does not operate. Everybody else is the same.
//!
//! Invariant: it answers nothing about anybody to a wrong signature, and a nonce is taken once.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::calendar::now_ms;
use crate::control::Control;
use crate::provider::http::{Request, read};

const CONNECTIONS_MAX: usize = 64;
const JOURNAL_MAX: usize = 10_000;
/// How far a time may be off that is signed.
const CLOCK_S_MAX: i64 = 300;

/// What goes wrong with every question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It takes the question and never answers.
    Silent,
    /// It takes the question and closes the connection.
    Closes,
    /// It answers with that status.
    Says(u16),
    /// It answers with what is no JSON.
    Garbled,
    /// It has too much to do, for so many seconds.
    Busy(u64),
    /// It has too much to do, and says so as each cloud does: in its body, with a status that says something else.
    Throttles,
}

/// How to start one.
#[derive(Debug)]
pub struct IdentityConfig {
    /// A port, or 0 for a free one.
    pub port: u16,
    /// The key's name.
    pub key_id: String,
    /// The key.
    pub secret: String,
    /// What opens the check of businesses.
    pub auth_code: String,
    /// What goes wrong; keep a clone to change it while it runs.
    pub fault: Control<Option<Fault>>,
}

/// A running double. Dropping it ends it.
#[derive(Debug)]
pub struct Identity {
    addr: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    config: IdentityConfig,
    books: Mutex<Books>,
    news: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Books {
    asked: Vec<String>,
    nonces: BTreeSet<String>,
}

impl Shared {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, what: String) {
        let mut books = self.books();
        if books.asked.len() < JOURNAL_MAX {
            books.asked.push(what);
        }
        drop(books);
        self.news.send_modify(|count| *count += 1);
    }
}

impl Identity {
    /// Listens on this machine.
    ///
    /// # Errors
    /// The port is taken.
    pub async fn start(config: IdentityConfig) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", config.port)).await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            config,
            books: Mutex::default(),
            news: watch::Sender::default(),
        });
        let task = tokio::spawn(serve(listener, shared.clone()));
        Ok(Self { addr, shared, task })
    }

    /// Its address, as a node's command line takes it.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The handle that sets what goes wrong.
    pub fn fault(&self) -> &Control<Option<Fault>> {
        &self.shared.config.fault
    }

    /// What it was asked with a right signature, in order: `Id2MetaVerify 测试甲`.
    pub fn asked(&self) -> Vec<String> {
        self.shared.books().asked.clone()
    }

    /// Waits until what it was asked is as wanted; the caller ends the wait.
    pub async fn until(&self, is_wanted: impl Fn(&[String]) -> bool) {
        let mut news = self.shared.news.subscribe();
        // The sender lives as long as this does.
        let _ = news
            .wait_for(|_| is_wanted(&self.shared.books().asked))
            .await
            .is_ok();
    }

    /// Ends it, and waits until its port is free.
    pub async fn end(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await.is_ok();
    }
}

impl Drop for Identity {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.len() < CONNECTIONS_MAX => {
                    let shared = shared.clone();
                    connections.spawn(async move {
                        // A client that goes away ends its connection, and nothing else.
                        let _ = run(stream, &shared).await;
                    });
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "the simulated cloud cannot accept"),
            },
        }
    }
}

async fn run(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let Some(request) = read(&mut stream).await? else {
        return Ok(());
    };
    // Whoever waits for the question may change what goes wrong: its own is drawn before.
    let fault = shared.config.fault.get();
    let (status, answer, is_silent) = answer(shared, &request);
    let stream = stream.get_mut();
    match fault {
        Some(Fault::Silent) => std::future::pending().await,
        Some(Fault::Closes) => Ok(()),
        Some(Fault::Says(status)) => write(stream, status, "", "{}").await,
        Some(Fault::Garbled) => write(stream, 200, "", "<html>{").await,
        Some(Fault::Busy(wait_s)) => write(stream, 429, &format!("retry-after: {wait_s}\r\n"), "{}").await,
        Some(Fault::Throttles) => {
            let (status, said) = match request.header("x-tc-action") {
                Some(_) => (
                    200,
                    json!({ "Response": { "Error": { "Code": "RequestLimitExceeded" } } }),
                ),
                None => (
                    400,
                    json!({ "Code": "Throttling.User", "Message": "Request was denied" }),
                ),
            };
            write(stream, status, "", &said.to_string()).await
        }
        None if is_silent => std::future::pending().await,
        None => write(stream, status, "", &answer.to_string()).await,
    }
}

async fn write(stream: &mut TcpStream, status: u16, headers: &str, body: &str) -> io::Result<()> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} .\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

/// The status, the answer, and whether it is to be kept back.
fn answer(shared: &Shared, request: &Request) -> (u16, Value, bool) {
    let said = request.header("authorization").unwrap_or_default();
    let whole = match said.split_once(' ') {
        Some(("ACS3-HMAC-SHA256", rest)) => aliyun(shared, request, rest),
        Some(("TC3-HMAC-SHA256", rest)) => Some(tencent(shared, request, rest)),
        _ => None,
    };
    whole.unwrap_or_else(|| (404, json!({ "Code": "MissingAuthorization" }), false))
}

/// `Name=value` among what stands between commas.
fn part<'a>(said: &'a str, name: &str) -> Option<&'a str> {
    let parts = said.split(',').filter_map(|part| part.trim().split_once('='));
    let mut parts = parts.filter(|(known, _)| *known == name);
    parts.next().map(|(_, value)| value)
}

fn aliyun(shared: &Shared, request: &Request, said: &str) -> Option<(u16, Value, bool)> {
    let refused = |code: &str| Some((400, json!({ "Code": code, "Message": code }), false));
    let config = &shared.config;
    let (key_id, signed, signature) = (
        part(said, "Credential")?,
        part(said, "SignedHeaders")?,
        part(said, "Signature")?,
    );
    if key_id != config.key_id {
        return refused("InvalidAccessKeyId.NotFound");
    }
    let must = [
        "host",
        "x-acs-action",
        "x-acs-content-sha256",
        "x-acs-date",
        "x-acs-signature-nonce",
        "x-acs-version",
    ];
    let names: Vec<&str> = signed.split(';').collect();
    let types = request.header("content-type").is_none() || names.contains(&"content-type");
    if !types || !names.is_sorted() || must.iter().any(|name| !names.contains(name)) {
        return refused("IncompleteSignature");
    }
    let headers: String = names
        .iter()
        .map(|name| format!("{name}:{}\n", request.header(name).unwrap_or_default()))
        .collect();
    let body_digest = digest(&request.body);
    let mut query: Vec<&str> = request.query.split('&').collect();
    query.sort_unstable();
    let canonical = format!(
        "{}\n{}\n{}\n{headers}\n{signed}\n{body_digest}",
        request.method,
        request.path,
        query.join("&")
    );
    let text = format!("ACS3-HMAC-SHA256\n{}", digest(canonical.as_bytes()));
    let is_right = hex(&hmac(config.secret.as_bytes(), &text)) == signature
        && request.header("x-acs-content-sha256") == Some(body_digest.as_str());
    if !is_right {
        return refused("SignatureDoesNotMatch");
    }
    let nonce = request.header("x-acs-signature-nonce").unwrap_or_default();
    if !shared.books().nonces.insert(nonce.to_owned()) {
        return refused("SignatureNonceUsed");
    }
    let action = request.header("x-acs-action").unwrap_or_default();
    let form = std::str::from_utf8(&request.body).unwrap_or_default();
    match action {
        "Id2MetaVerify" => {
            let name = field(form, "UserName");
            shared.note(format!("{action} {name}"));
            let (code, biz, more) = match beginning(&name) {
                "不符" => ("200", "2", "201"),
                "无录" => ("200", "3", "301"),
                "怪样" => ("200", "9", "901"),
                "停机" => ("402", "", ""),
                "内错" => ("500", "", ""),
                _ => ("200", "1", "101"),
            };
            let result = json!({ "BizCode": biz, "SubCode": more });
            Some((
                200,
                json!({ "Code": code, "ResultObject": result }),
                beginning(&name) == "沉默",
            ))
        }
        "CompanyFourElementsVerification" if field(&request.query, "AuthCode") != config.auth_code => {
            refused("InvalidAuthCode")
        }
        "CompanyFourElementsVerification" => {
            let name = field(&request.query, "EpCertName");
            shared.note(format!("{action} {name}"));
            let reason = match beginning(&name) {
                "停业" => 1,
                "不符" => 2,
                "怪样" => 3,
                "无录" => 4,
                _ => 0,
            };
            let data = json!({ "VerifyResult": (reason == 0).to_string(), "ReasonCode": reason });
            Some((
                200,
                json!({ "Code": "OK", "Data": data }),
                beginning(&name) == "沉默",
            ))
        }
        _ => refused("InvalidAction.NotFound"),
    }
}

fn tencent(shared: &Shared, request: &Request, said: &str) -> (u16, Value, bool) {
    let refused = |code: &str| (200, json!({ "Response": { "Error": { "Code": code } } }), false);
    let config = &shared.config;
    let header = |name| request.header(name).unwrap_or_default();
    let (Some(credential), Some(signature)) = (part(said, "Credential"), part(said, "Signature")) else {
        return refused("AuthFailure.InvalidAuthorization");
    };
    let mut words = credential.split('/');
    let (key_id, date) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let at = header("x-tc-timestamp");
    let off_s = at
        .parse::<i64>()
        .map_or(i64::MAX, |at_s| (at_s - now_ms() / 1_000).abs());
    if key_id != config.key_id {
        return refused("AuthFailure.SecretIdNotFound");
    }
    if off_s > CLOCK_S_MAX {
        return refused("AuthFailure.SignatureExpire");
    }
    let canonical = format!(
        "POST\n/\n\ncontent-type:{}\nhost:{}\n\ncontent-type;host\n{}",
        header("content-type"),
        header("host"),
        digest(&request.body)
    );
    let scope = format!("{date}/faceid/tc3_request");
    let text = format!("TC3-HMAC-SHA256\n{at}\n{scope}\n{}", digest(canonical.as_bytes()));
    let key = hmac(format!("TC3{}", config.secret).as_bytes(), date);
    let key = hmac(&hmac(&key, "faceid"), "tc3_request");
    if hex(&hmac(&key, &text)) != signature {
        return refused("AuthFailure.SignatureFailure");
    }
    let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let name = asked["Name"].as_str().unwrap_or_default().to_owned();
    shared.note(format!("{} {name}", header("x-tc-action")));
    if beginning(&name) == "内错" {
        return refused("InternalError");
    }
    let result = match beginning(&name) {
        "不符" => "-1",
        "无录" => "-5",
        "怪样" => "-9",
        "停机" => "-4",
        _ => "0",
    };
    (
        200,
        json!({ "Response": { "Result": result } }),
        beginning(&name) == "沉默",
    )
}

/// The first two letters of a Chinese name.
fn beginning(name: &str) -> &str {
    name.get(..6).unwrap_or_default()
}

/// A field of a form, decoded.
fn field(form: &str, name: &str) -> String {
    let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs
        .filter(|(known, _)| *known == name)
        .map(|(_, value)| value)
        .next();
    let (mut bytes, mut rest) = (Vec::new(), value.unwrap_or_default().bytes());
    while let Some(byte) = rest.next() {
        let digit = |byte: Option<u8>| {
            char::from(byte.unwrap_or_default())
                .to_digit(16)
                .unwrap_or_default() as u8
        };
        bytes.push(match byte {
            b'%' => digit(rest.next()) << 4 | digit(rest.next()),
            byte => byte,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

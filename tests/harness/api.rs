//! A small client of the HTTP API.
//!
//! Invariant: every answer is handed back, whatever its status; only a broken exchange is an error.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const TIME_MAX: Duration = Duration::from_secs(60);

/// A file at most, bytes.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// A caller of the API, signed in or not. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Api {
    agent: ureq::Agent,
    origin: String,
    token: Option<String>,
    key: Option<String>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// Its `Content-Type`.
    pub content_type: String,
    /// The body; `Null` when there is none or it is no JSON.
    pub body: Value,
}

impl Answered {
    /// The body, when the status is the wanted one.
    ///
    /// # Errors
    /// Another status: the error shows the body.
    pub fn expect(self, status: u16) -> Result<Value> {
        if self.status != status {
            bail!("{} instead of {status}: {}", self.status, self.body);
        }
        Ok(self.body)
    }
}

impl Api {
    /// A caller who has not signed in.
    pub fn new(origin: &str) -> Self {
        Self {
            agent: agent(TIME_MAX),
            origin: origin.to_owned(),
            token: None,
            key: None,
        }
    }

    /// The same, waiting no longer than this for an answer.
    pub fn waiting(&self, time_max: Duration) -> Self {
        Self {
            agent: agent(time_max),
            ..self.clone()
        }
    }

    /// The same with a token.
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// The token of who is signed in.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The same, signed in.
    ///
    /// # Errors
    /// The log-in was refused.
    pub async fn signed_in(&self, login: &str, password: &str) -> Result<Self> {
        let body = json!({"login": login, "password": password});
        let answer = self.post("/session", &body).await?.expect(200)?;
        let token = answer["token"].as_str().context("no token in the answer")?;
        Ok(self.with_token(token))
    }

    /// Opens a live stream below `/api/v1`: everything the server sends, once its head has come.
    ///
    /// # Errors
    /// No connection, or no answer of 200.
    pub async fn listen(&self, path: &str) -> Result<TcpStream> {
        let address = self.origin.strip_prefix("http://").context("no http address")?;
        let token = self.token.as_deref().unwrap_or_default();
        let mut stream = TcpStream::connect(address).await?;
        let request = format!(
            "GET /api/v1{path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nAccept: text/event-stream\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut head = [0; 12];
        timeout(TIME_MAX, stream.read_exact(&mut head)).await??;
        ensure!(&head == b"HTTP/1.1 200", "{}", String::from_utf8_lossy(&head));
        Ok(stream)
    }

    /// GET below `/api/v1`, which must be answered 200.
    ///
    /// # Errors
    /// Any other answer, or none.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let answered = self.call("GET", path, None).await?;
        answered.expect(200).with_context(|| format!("GET {path}"))
    }

    /// GET of a file below `/api/v1`, which must be answered 200: its `Content-Type` and its bytes.
    ///
    /// # Errors
    /// Any other answer, or none.
    pub async fn get_file(&self, path: &str) -> Result<(String, Vec<u8>)> {
        let uri = format!("{}/api/v1{path}", self.origin);
        let token = self.token.clone().unwrap_or_default();
        let agent = self.agent.clone();
        let get = move || {
            let request = agent.get(&uri).header("authorization", format!("Bearer {token}"));
            let mut answer = request.call()?;
            ensure!(answer.status() == 200, "{uri}: {}", answer.status());
            let content_type = answer.headers().get("content-type").context("no content type")?;
            let content_type = content_type.to_str()?.to_owned();
            let body = answer.body_mut().with_config().limit(FILE_BYTES_MAX);
            Ok((content_type, body.read_to_vec()?))
        };
        tokio::task::spawn_blocking(get).await?
    }

    /// POST of JSON below `/api/v1`.
    ///
    /// # Errors
    /// No answer.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answered> {
        self.call("POST", path, Some(body.to_string())).await
    }

    /// Any exchange below `/api/v1`, off the runtime's threads.
    ///
    /// # Errors
    /// No answer.
    pub async fn call(&self, method: &str, path: &str, body: Option<String>) -> Result<Answered> {
        let (api, method, path) = (self.clone(), method.to_owned(), path.to_owned());
        tokio::task::spawn_blocking(move || api.call_here(&method, &path, body.as_deref())).await?
    }

    /// POST of a file below `/api/v1`.
    ///
    /// # Errors
    /// No answer.
    pub async fn send_file(&self, path: &str, file: Vec<u8>) -> Result<Answered> {
        let uri = format!("{}/api/v1{path}", self.origin);
        let token = self.token.clone().unwrap_or_default();
        let agent = self.agent.clone();
        let send = move || {
            let request = ureq::http::Request::builder().method("POST").uri(&uri);
            let request = request
                .header("authorization", format!("Bearer {token}"))
                .header("content-type", "application/octet-stream");
            answered(agent.run(request.body(file)?)?)
        };
        tokio::task::spawn_blocking(send).await?
    }

    /// POST of JSON below `/api/v1` with an `Idempotency-Key`.
    ///
    /// # Errors
    /// No answer.
    pub async fn call_once(&self, key: &str, path: &str, body: String) -> Result<Answered> {
        let api = Self {
            key: Some(key.to_owned()),
            ..self.clone()
        };
        api.call("POST", path, Some(body)).await
    }

    /// As [`Api::call`], in the caller's own thread: it returns as soon as the answer has been read.
    ///
    /// # Errors
    /// No answer.
    pub fn call_here(&self, method: &str, path: &str, body: Option<&str>) -> Result<Answered> {
        let uri = format!("{}/api/v1{path}", self.origin);
        let mut request = ureq::http::Request::builder().method(method).uri(&uri);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(key) = &self.key {
            request = request.header("idempotency-key", key);
        }
        let answer = match body {
            Some(body) => self
                .agent
                .run(request.header("content-type", "application/json").body(body)?),
            None => self.agent.run(request.body(())?),
        };
        answered(answer.with_context(|| format!("{method} {path}"))?)
    }

    /// Reports a terminal lost; the incident, once the report is acknowledged.
    ///
    /// # Errors
    /// Anything but 201.
    pub async fn report_lost(&self, terminal_id: &str) -> Result<Value> {
        let body = json!({"terminal_id": terminal_id, "manner": "stolen"});
        self.post("/incidents", &body).await?.expect(201)
    }
}

fn answered(mut answer: ureq::http::Response<ureq::Body>) -> Result<Answered> {
    let content_type = answer
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let text = answer.body_mut().read_to_string()?;
    Ok(Answered {
        status: answer.status().as_u16(),
        content_type,
        body: serde_json::from_str(&text).unwrap_or_default(),
    })
}

fn agent(time_max: Duration) -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(time_max));
    config.build().into()
}

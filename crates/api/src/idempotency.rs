//! Doing a POST once: the same key with the same content gets the first answer again.
//!
//! Invariant: an effect and the answer kept for its key are one store transaction, which claims the key first of all.

use app::idempotency::{Answer, Claim};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use store::Tx;

use super::Api;
use super::problem::{Problem, Why, code};
use crate::auth::Account;

/// The header.
pub const HEADER: &str = "Idempotency-Key";
/// Longest key.
pub const KEY_BYTES_MAX: usize = 128;

/// An `Idempotency-Key` and what it was sent with.
#[derive(Clone)]
pub struct Key {
    key: String,
    path: String,
    digest: [u8; 32],
}

impl Key {
    /// The key of a request, if it has one.
    pub fn of(parts: &Parts, body: &[u8]) -> Result<Option<Self>, Problem> {
        let Some(value) = parts.headers.get(HEADER) else {
            return Ok(None);
        };
        let key = value
            .to_str()
            .ok()
            .filter(|key| (1..=KEY_BYTES_MAX).contains(&key.len()));
        let key = key
            .ok_or_else(|| Problem::field(HEADER, Why::Invalid))?
            .to_owned();
        let path = format!("{} {}", parts.method, parts.uri.path());
        Ok(Some(Self {
            digest: digest(&path, body),
            key,
            path,
        }))
    }

    /// The same key for a request whose content is only this: a password leaves no digest in the store.
    pub fn with_content(self, content: &str) -> Self {
        Self {
            digest: digest(&self.path, content.as_bytes()),
            ..self
        }
    }
}

fn digest(path: &str, body: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update(path)
        .chain_update([0])
        .chain_update(body)
        .finalize()
        .into()
}

/// An answer that can be kept.
pub struct Kept {
    status: StatusCode,
    body: String,
}

impl Kept {
    /// An answer with a body.
    pub fn new(status: StatusCode, body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_string(body).map_err(|error| Problem::internal(&error))?;
        Ok(Self { status, body })
    }

    /// The same answer under another status, where it is a success.
    pub fn with_status(self, status: StatusCode) -> Self {
        match self.status.is_success() {
            true => Self { status, ..self },
            false => self,
        }
    }

    /// What was done, or the refusal whose effect stays.
    pub fn of_outcome(status: StatusCode, outcome: Result<impl Serialize, Problem>) -> Result<Self, Problem> {
        match outcome {
            Ok(done) => Self::new(status, &done),
            Err(problem) => Self::new(problem.status(), &problem),
        }
    }

    fn of(answer: Answer) -> Result<Self, Problem> {
        let status = StatusCode::from_u16(answer.status).map_err(|error| Problem::internal(&error))?;
        let body = answer.body;
        Ok(Self { status, body })
    }

    /// A success's body as `T`.
    pub fn read<T: DeserializeOwned>(&self) -> Result<Option<T>, Problem> {
        match self.status.is_success() {
            true => serde_json::from_str(&self.body).map_err(|error| Problem::internal(&error)),
            false => Ok(None),
        }
    }
}

impl IntoResponse for Kept {
    fn into_response(self) -> Response {
        if self.status.is_success() {
            return (
                self.status,
                [(header::CONTENT_TYPE, "application/json")],
                self.body,
            )
                .into_response();
        }
        match serde_json::from_str::<Problem>(&self.body) {
            Ok(problem) => problem.into_response(),
            Err(error) => Problem::internal(&error).into_response(),
        }
    }
}

/// Claims the key, first of all in a transaction; the answer it was given before, if it was.
pub fn claim(tx: &Tx<'_>, login: &str, key: Option<&Key>) -> Result<Option<Kept>, Problem> {
    let Some(key) = key else { return Ok(None) };
    match app::idempotency::claim(tx, login, &key.key, &key.digest)? {
        Claim::Ours => Ok(None),
        Claim::Answered(answer) => Kept::of(answer).map(Some),
        Claim::OfOther => Err(Problem::new(code::IDEMPOTENCY_KEY_REUSED)),
    }
}

/// Keeps the answer given to a claimed key. What comes back is the answer to give: the first that was kept.
pub fn keep(tx: &Tx<'_>, login: &str, key: Option<&Key>, kept: Kept) -> Result<Kept, Problem> {
    let Some(key) = key else { return Ok(kept) };
    let answer = Answer {
        status: kept.status.as_u16(),
        body: kept.body.clone(),
    };
    match app::idempotency::answer(tx, login, &key.key, &key.digest, &answer)? {
        Some(first) => Kept::of(first),
        None => Ok(kept),
    }
}

/// Does `work` in one store transaction, once per key. An outer error undoes everything; an inner one is an answer whose
/// effect stays, for example a counted wrong password.
pub async fn once<T: Serialize>(
    api: &Api,
    by: &Account,
    key: Option<Key>,
    work: impl FnOnce(&Tx<'_>) -> Result<Result<T, Problem>, Problem> + Send + 'static,
) -> Result<Kept, Problem> {
    let login = by.name().to_owned();
    let write = move |tx: &Tx<'_>| {
        if let Some(kept) = claim(tx, &login, key.as_ref())? {
            return Ok(kept);
        }
        let kept = Kept::of_outcome(StatusCode::OK, work(tx)?)?;
        keep(tx, &login, key.as_ref(), kept)
    };
    api.node.write(write).await
}

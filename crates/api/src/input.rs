//! What comes in: JSON bodies and query parameters, bounded and parsed before use.
//!
//! Invariant: nothing of a JSON body is looked at beyond [`BODY_BYTES_MAX`], and what is not known is refused, not ignored.

use std::borrow::Cow;
use std::str::FromStr;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use domain::TerminalId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use tokio::time::timeout;
use tokio_stream::StreamExt;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{KnownFormat, RefOr, Schema, SchemaFormat};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::Api;
use super::edge::BODY_TIME_MAX;
use super::idempotency::Key;
use super::problem::{Problem, Why, code};
use super::wire::{NOT_A_TIME, NOT_A_WORD};

/// Largest body of a request.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// A JSON body and the request's `Idempotency-Key`. No body at all is `{}`.
pub struct In<T> {
    /// The body.
    pub body: T,
    /// The key, bound to this request's content.
    pub key: Option<Key>,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for In<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = timeout(BODY_TIME_MAX, whole(body, BODY_BYTES_MAX))
            .await
            .unwrap_or_else(|_| Err(Problem::new(code::BODY_TOO_SLOW)))?;
        if !bytes.is_empty() && !is_json(&parts.headers) {
            return Err(Problem::new(code::UNSUPPORTED_MEDIA_TYPE));
        }
        let body = parse(if bytes.is_empty() { b"{}" } else { &bytes })?;
        Ok(Self {
            body,
            key: Key::of(&parts, &bytes)?,
        })
    }
}

/// A body to its end.
pub async fn whole(body: Body, bytes_max: usize) -> Result<Vec<u8>, Problem> {
    let (mut bytes, mut parts) = (Vec::new(), body.into_data_stream());
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| Problem::new(code::MALFORMED_REQUEST))?;
        if bytes.len() + part.len() > bytes_max {
            return Err(Problem::new(code::BODY_TOO_LARGE));
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Serde would also take a list of the fields' values.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::new(code::MALFORMED_JSON));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        of_json_error(path, error.inner())
    })?;
    deserializer
        .end()
        .map_err(|_| Problem::new(code::MALFORMED_JSON))?;
    Ok(parsed)
}

/// What an object of texts says: parameters, or a line of a table.
pub fn said<T: DeserializeOwned>(object: serde_json::Map<String, serde_json::Value>) -> Result<T, Problem> {
    serde_path_to_error::deserialize(serde_json::Value::Object(object)).map_err(|error| {
        let path = error.path().to_string();
        of_json_error(path, error.inner())
    })
}

fn of_json_error(path: String, error: &serde_json::Error) -> Problem {
    if error.classify() != serde_json::error::Category::Data {
        return Problem::new(code::MALFORMED_JSON);
    }
    let text = error.to_string();
    // Serde names a missing or unknown field in its message only.
    let named = |start: &str| Some(text.strip_prefix(start)?.split('`').next()?.to_owned());
    // The path leads to what the field is missing in, but to an unknown field itself.
    if let Some(field) = named("missing field `") {
        let field = if path == "." {
            field
        } else {
            format!("{path}.{field}")
        };
        return Problem::field(field, Why::Missing);
    }
    if let Some(field) = named("unknown field `") {
        return Problem::field(if path == "." { field } else { path }, Why::Unknown);
    }
    let why = match text.as_str() {
        text if text.starts_with(NOT_A_TIME) => Why::NotATime,
        text if text.starts_with(NOT_A_WORD) => Why::NotAWord,
        text if text.starts_with(OUT_OF_RANGE) => Why::OutOfRange,
        text if text.starts_with(NOT_A_CURSOR) => Why::NotACursor,
        _ => Why::Invalid,
    };
    match path.as_str() {
        "." => Problem::new(code::INVALID_FIELD),
        _ => Problem::field(path, why),
    }
}

/// A text of people: at least one visible character, at most `chars_max`, no control characters but line ends and tabs.
pub fn text(name: &str, text: &str, chars_max: usize) -> Result<String, Problem> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(Problem::field(name, Why::Missing));
    }
    if trimmed.chars().count() > chars_max {
        return Err(Problem::field(name, Why::TooLong));
    }
    match trimmed
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    {
        true => Err(Problem::field(name, Why::Invalid)),
        false => Ok(trimmed.to_owned()),
    }
}

/// As [`text`]; absent or blank is `None`.
pub fn text_opt(name: &str, value: Option<String>, chars_max: usize) -> Result<Option<String>, Problem> {
    match value {
        Some(value) if !value.trim().is_empty() => text(name, &value, chars_max).map(Some),
        _ => Ok(None),
    }
}

/// Longest address of mail, in characters (RFC 5321, 4.5.3.1.3).
const EMAIL_CHARS_MAX: usize = 254;

/// Where a person can be reached: an address that mails can be sent to; absent or blank is `None`.
pub fn email_of_person(api: &Api, name: &str, value: Option<String>) -> Result<Option<String>, Problem> {
    let email = email_opt(name, value, EMAIL_CHARS_MAX)?;
    match email.as_deref().is_none_or(api.settings.post.is_sender) {
        true => Ok(email),
        false => Err(Problem::field(name, Why::NotAMailAddress)),
    }
}

/// As [`text_opt`], and shaped like an address of mail.
pub fn email_opt(name: &str, value: Option<String>, chars_max: usize) -> Result<Option<String>, Problem> {
    let email = text_opt(name, value, chars_max)?;
    let is_address = |email: &String| {
        let halves = email.split_once('@');
        halves.is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
            && !email.contains(char::is_whitespace)
    };
    match email.as_ref().is_none_or(is_address) {
        true => Ok(email),
        false => Err(Problem::field(name, Why::NotAMailAddress)),
    }
}

/// Longest value of a query parameter that says nothing else, in characters.
pub const PARAMETER_CHARS_MAX: usize = 100;

/// What reading a number fails with that is outside its limits.
const OUT_OF_RANGE: &str = "out of range";
/// What reading a cursor fails with that no list has given.
const NOT_A_CURSOR: &str = "no cursor of a list";

/// How many items a page may have.
pub const LIMIT: std::ops::RangeInclusive<usize> = 1..=1000;
/// How many it has unless said.
pub const LIMIT_UNSAID: usize = 50;

/// How many items a page has: [`LIMIT`], [`LIMIT_UNSAID`] unless said.
#[derive(Clone, Copy, Debug)]
pub struct Limit(usize);

impl Default for Limit {
    fn default() -> Self {
        Self(LIMIT_UNSAID)
    }
}

impl Limit {
    /// So many.
    pub const fn get(self) -> usize {
        self.0
    }

    /// One more, which says that there is a next page.
    pub const fn and_one(self) -> i64 {
        self.0 as i64 + 1
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        number(deserializer, |number| LIMIT.contains(number)).map(Self)
    }
}

/// Reads a number that came as a text.
fn number<'de, D: Deserializer<'de>, N: FromStr>(
    deserializer: D,
    within: impl FnOnce(&N) -> bool,
) -> Result<N, D::Error> {
    let text = Cow::<str>::deserialize(deserializer)?;
    let number = text.parse().ok().filter(within);
    number.ok_or_else(|| serde::de::Error::custom(OUT_OF_RANGE))
}

impl PartialSchema for Limit {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(*LIMIT.start()))
            .maximum(Some(*LIMIT.end()))
            .default(Some(LIMIT_UNSAID.into()))
            .into()
    }
}

impl ToSchema for Limit {}

/// A whole number between two, both included.
#[derive(Clone, Copy, Debug)]
pub struct Number<const MIN: i64, const MAX: i64>(pub i64);

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Number<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        number(deserializer, |number| (MIN..=MAX).contains(number)).map(Self)
    }
}

impl<const MIN: i64, const MAX: i64> PartialSchema for Number<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::Int64);
        let whole = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(format))
            .minimum(Some(MIN));
        let bounded = match MAX {
            i64::MAX => whole,
            _ => whole.maximum(Some(MAX)),
        };
        bounded.into()
    }
}

impl<const MIN: i64, const MAX: i64> ToSchema for Number<MIN, MAX> {}

/// A place in something that is numbered from 1; 0 is before all of it.
pub type Sequence = Number<0, { i64::MAX }>;

/// A place in a list, as its cursors name it.
pub trait Place: Sized {
    /// The place of that cursor.
    fn parse(cursor: &str) -> Option<Self>;
}

impl Place for i64 {
    fn parse(cursor: &str) -> Option<Self> {
        cursor.parse().ok().filter(|place| *place >= 0)
    }
}

impl Place for TerminalId {
    fn parse(cursor: &str) -> Option<Self> {
        Self::parse(cursor.as_bytes())
    }
}

/// The last page's `next_cursor`.
#[derive(Clone, Debug)]
pub struct Cursor<P>(pub P);

impl<'de, P: Place> Deserialize<'de> for Cursor<P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let place = P::parse(&Cow::<str>::deserialize(deserializer)?);
        place
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom(NOT_A_CURSOR))
    }
}

/// Longest value of one, in characters: [`PARAMETER_CHARS_MAX`] unless it says so itself.
fn chars_max(parameter: &Parameter) -> usize {
    let said = match &parameter.schema {
        Some(RefOr::T(Schema::Object(object))) => object.max_length,
        _ => None,
    };
    said.unwrap_or(PARAMETER_CHARS_MAX)
}

/// Query parameters as a struct that says which there are; each at most once, nothing else, none empty or too
/// long.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + IntoParams> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let pairs: axum::extract::Query<Vec<(String, String)>> =
            axum::extract::Query::try_from_uri(&parts.uri)
                .map_err(|_| Problem::new(code::MALFORMED_REQUEST))?;
        let known = T::into_params(|| Some(ParameterIn::Query));
        let mut object = serde_json::Map::new();
        for (name, value) in pairs.0 {
            let Some(parameter) = known.iter().find(|parameter| parameter.name == name) else {
                let shown: String = name.chars().take(PARAMETER_CHARS_MAX).collect();
                return Err(Problem::field(shown, Why::Unknown));
            };
            if object.contains_key(&name) {
                return Err(Problem::field(name, Why::Invalid));
            }
            // A filter that was left out by mistake must not show everything.
            if value.is_empty() {
                return Err(Problem::field(name, Why::Missing));
            }
            if value.chars().count() > chars_max(parameter) {
                return Err(Problem::field(name, Why::TooLong));
            }
            object.insert(name, value.into());
        }
        said(object).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Code;
    use axum::body::Bytes;

    async fn read(body: Body) -> Result<Vec<u8>, Code> {
        let request = Request::builder()
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .unwrap();
        let read = In::<serde_json::Value>::from_request(request, &()).await;
        read.map(|input| input.body.to_string().into_bytes())
            .map_err(|problem| problem.code)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_a_time_out_of_its_own() {
        let begun = tokio_stream::once(Ok::<_, std::io::Error>(Bytes::from_static(b"{")));
        let silent = Body::from_stream(begun.chain(tokio_stream::pending()));
        assert_eq!(read(silent).await, Err(code::BODY_TOO_SLOW));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_not_called_too_large() {
        let broken = tokio_stream::iter([Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("gone"))]);
        assert_eq!(
            read(Body::from_stream(broken)).await,
            Err(code::MALFORMED_REQUEST)
        );
        assert_eq!(
            read(Body::from(vec![b' '; BODY_BYTES_MAX + 1])).await,
            Err(code::BODY_TOO_LARGE)
        );
        assert_eq!(read(Body::from("{}")).await, Ok(b"{}".to_vec()));
    }
}

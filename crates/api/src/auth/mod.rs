//! Log-in and sessions: who a request comes from (R7.2).
//!
//! May touch: the store's accounts and sessions. Knows no page.
//!
//! Invariant: a token is kept nowhere; the store has its SHA-256.

mod attempts;
pub(crate) mod device;
mod passwords;
mod token;

pub use attempts::{Attempt, Attempts};
pub use device::DeviceId;
pub use passwords::{Asker, Passwords};
pub use token::Token;

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri, header};
use domain::right::{Object, Right};
use store::Tx;

use crate::Api;
use crate::edge::Arrived;
use crate::origin::Origin;
use crate::problem::{Problem, code};

/// The name of the session's cookie.
pub const COOKIE: &str = "tillguard_session";

/// The account a request comes from. Handlers that only show things take this.
#[derive(Clone, Debug)]
pub struct Account {
    account: domain::account::Account,
    /// The SHA-256 of the session's token.
    pub token_digest: [u8; 32],
}

impl Account {
    /// Who it was when the request came: for what changes nothing.
    pub fn as_actor(&self) -> domain::Actor {
        domain::Actor::Person(self.account.clone())
    }

    /// Who it is as the transaction sees it: a role or a scope that has changed meanwhile counts at once.
    pub fn actor(&self, tx: &Tx<'_>) -> Result<domain::Actor, Problem> {
        store::account::of_session(tx, &self.token_digest)?
            .map(domain::Actor::Person)
            .ok_or_else(|| Problem::new(code::UNAUTHENTICATED))
    }
}

impl Deref for Account {
    type Target = domain::account::Account;

    fn deref(&self) -> &Self::Target {
        &self.account
    }
}

impl FromRequestParts<Arc<Api>> for Account {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let (token, from_cookie) =
            presented(&parts.headers).ok_or_else(|| Problem::new(code::UNAUTHENTICATED))?;
        let safe = matches!(parts.method, Method::GET | Method::HEAD);
        if from_cookie && !safe && is_cross_origin(&parts.headers) {
            return Err(Problem::new(code::CROSS_ORIGIN));
        }
        let token_digest = token.digest();
        let read = move |tx: &Tx<'_>| store::account::of_session(tx, &token_digest);
        let is_report = parts
            .extensions
            .get::<Arrived>()
            .is_some_and(|arrived| arrived.is_report);
        let account = match is_report {
            true => api.node().read_urgent(read).await?,
            false => api.node().read(read).await?,
        };
        let account = account.ok_or_else(|| Problem::new(code::UNAUTHENTICATED))?;
        Origin::showed_session(parts);
        Ok(Self {
            account,
            token_digest,
        })
    }
}

/// An account that may change what it sees. Handlers that do things take this.
#[derive(Clone, Debug)]
pub struct Actor(pub Account);

impl FromRequestParts<Arc<Api>> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let account = Account::from_request_parts(parts, api).await?;
        match account.rights().acts() {
            true => Ok(Self(account)),
            false => Err(Problem::new(code::NOT_ALLOWED)),
        }
    }
}

/// Whether the actor may do that to that.
pub fn may(actor: &domain::Actor, right: Right, object: Object<'_>) -> Result<(), Problem> {
    match domain::right::may(actor, right, object) {
        true => Ok(()),
        false => Err(Problem::new(code::NOT_ALLOWED)),
    }
}

/// What of the estate the actor sees.
pub fn scope(actor: &domain::Actor) -> Result<&domain::account::Scope, Problem> {
    actor.scope().ok_or_else(|| Problem::new(code::NOT_ALLOWED))
}

/// The token a request presents, and whether a browser added it by itself.
fn presented(headers: &HeaderMap) -> Option<(Token, bool)> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme
            .eq_ignore_ascii_case("bearer")
            .then(|| Token::parse(token.trim()))
            .flatten()
            .zip(Some(false));
    }
    Token::parse(cookie(headers, COOKIE)?).zip(Some(true))
}

/// The value of a cookie.
fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let cookies = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut pairs = cookies
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// Whether a browser says that the request was made by a page of another site.
fn is_cross_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return false;
    };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
    let authority = origin
        .as_ref()
        .and_then(Uri::authority)
        .map(|authority| authority.as_str());
    host.is_none() || authority != host
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_page_of_another_site_is_noticed() {
        let from = |origin: &str| {
            is_cross_origin(&headers(&[
                (header::HOST, "pos.example:8080"),
                (header::ORIGIN, origin),
            ]))
        };
        assert!(!from("http://pos.example:8080"));
        assert!(!from("https://pos.example:8080"));
        for other in [
            "http://pos.example",
            "http://evil.example:8080",
            "null",
            "http://pos.example:8080.evil.example",
        ] {
            assert!(from(other), "{other}");
        }
        assert!(!is_cross_origin(&headers(&[(header::HOST, "pos.example")])));
    }

    #[test]
    fn a_token_is_found_in_either_header() {
        let text = Token([7; 32]).to_string();
        let bearer = headers(&[(header::AUTHORIZATION, &format!("Bearer {text}"))]);
        assert_eq!(presented(&bearer), Some((Token([7; 32]), false)));
        let cookie = headers(&[(header::COOKIE, &format!("a=b; {COOKIE}={text}; c=d"))]);
        assert_eq!(presented(&cookie), Some((Token([7; 32]), true)));
        // A broken Authorization is not saved by a cookie.
        let both = headers(&[
            (header::AUTHORIZATION, "Basic eDp5"),
            (header::COOKIE, &format!("{COOKIE}={text}")),
        ]);
        assert_eq!(presented(&both), None);
    }
}

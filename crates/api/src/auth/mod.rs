//! Log-in and sessions: who a request comes from (R7.2).
//!
//! May touch: the store's accounts and sessions. Knows no page.
//!
//! Invariant: a token is kept nowhere; the store has its SHA-256.

mod attempts;
mod browser;
pub(crate) mod device;
pub(crate) mod factor;
pub(crate) mod passkey;
mod passwords;
mod token;

pub use attempts::{Attempt, Attempts, Guess};
pub use browser::family;
pub use device::DeviceId;
pub use passwords::{Asker, Passwords};
pub use token::Token;

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use domain::right::{Object, Right};
use store::Tx;

use crate::Api;
use crate::edge::Arrived;
use crate::origin::Origin;
use crate::problem::{Problem, code};

/// The name of the session's cookie where browsers reach us by HTTPS only: none but this very host can set it.
const COOKIE: &str = "__Host-tillguard_session";
/// The same in plain HTTP, where not every browser takes the other.
const COOKIE_PLAIN: &str = "tillguard_session";
/// How often it is noted that a session is used.
const TOUCH_EVERY_MS: i64 = 60_000;

/// The name of the session's cookie.
pub const fn cookie_name(is_https: bool) -> &'static str {
    match is_https {
        true => COOKIE,
        false => COOKIE_PLAIN,
    }
}

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
        let is_report = parts
            .extensions
            .get::<Arrived>()
            .is_some_and(|arrived| arrived.is_report);
        let (token, from_cookie) = presented(&parts.headers, api.settings.secure_cookie, is_report)
            .ok_or_else(|| Problem::new(code::UNAUTHENTICATED))?;
        let safe = matches!(parts.method, Method::GET | Method::HEAD);
        if from_cookie && !safe && !is_of_our_page(&parts.headers, is_report) {
            return Err(Problem::new(code::CROSS_ORIGIN));
        }
        let token_digest = token.digest();
        let read = move |tx: &Tx<'_>| {
            let session = store::account::session(tx, &token_digest)?;
            Ok::<_, store::Error>(session.map(|(account, session)| {
                let is_stale = session.used_at.plus_ms(TOUCH_EVERY_MS) <= tx.now();
                (account, is_stale)
            }))
        };
        let session = match is_report {
            true => api.node().read_urgent(read).await?,
            false => api.node().read(read).await?,
        };
        let (account, is_stale) = session.ok_or_else(|| Problem::new(code::UNAUTHENTICATED))?;
        if is_stale && !(from_cookie && browser::is_idle(&parts.headers)) {
            touch(api, token_digest);
        }
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
        if !account.rights().acts() {
            return Err(Problem::new(code::NOT_ALLOWED));
        }
        match account.proof.owes_factor && !is_about_a_loss(parts) {
            true => Err(Problem::new(code::SECOND_FACTOR_REQUIRED)),
            false => Ok(Self(account)),
        }
    }
}

/// Whether the actor may do that to that.
pub fn may(actor: &domain::Actor, right: Right, object: Object) -> Result<(), Problem> {
    match domain::right::may(actor, right, object) {
        true => Ok(()),
        false => Err(Problem::new(code::NOT_ALLOWED)),
    }
}

/// Notes that a session is used, beside the answer: whoever reads does not wait for a writer.
fn touch(api: &Arc<Api>, token_digest: [u8; 32]) {
    let node = api.node().clone();
    tokio::spawn(async move {
        let touched = node.write(move |tx| app::session::touch(tx, &token_digest)).await;
        if let Err(error) = touched {
            tracing::debug!(%error, "a session's use was not noted");
        }
    });
}

/// Whether it reports a loss or says more about one: open to whoever owes a second factor, too.
fn is_about_a_loss(parts: &Parts) -> bool {
    let whole = parts.extensions.get::<OriginalUri>().map(|uri| uri.0.path());
    let path = whole.unwrap_or(parts.uri.path());
    path.starts_with("/api/v1/incidents")
}

/// Whether one of our own pages asks, and not only the cookie. A report may come from a page that was open before it was asked
/// to say so.
fn is_of_our_page(headers: &HeaderMap, is_report: bool) -> bool {
    browser::is_same_origin(headers) && (is_report || browser::is_said_by_page(headers))
}

/// What of the estate the actor sees.
pub fn scope(actor: &domain::Actor) -> Result<&domain::account::Scope, Problem> {
    actor.scope().ok_or_else(|| Problem::new(code::NOT_ALLOWED))
}

/// The token a request presents, and whether a browser added it by itself. Of a report a cookie by its older name is taken, too:
/// it may come from a page that has been open since.
fn presented(headers: &HeaderMap, is_https: bool, is_report: bool) -> Option<(Token, bool)> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme
            .eq_ignore_ascii_case("bearer")
            .then(|| Token::parse(token.trim()))
            .flatten()
            .zip(Some(false));
    }
    let older = || cookie(headers, COOKIE_PLAIN).filter(|_| is_report);
    let value = cookie(headers, cookie_name(is_https)).or_else(older)?;
    Token::parse(value).zip(Some(true))
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
    fn a_token_is_found_in_either_header() {
        let text = Token([7; 32]).to_string();
        let bearer = headers(&[(header::AUTHORIZATION, &format!("Bearer {text}"))]);
        assert_eq!(presented(&bearer, true, false), Some((Token([7; 32]), false)));
        let found = |name: &str, is_https, is_report| {
            let cookie = headers(&[(header::COOKIE, &format!("a=b; {name}={text}; c=d"))]);
            presented(&cookie, is_https, is_report).is_some_and(|found| found == (Token([7; 32]), true))
        };
        assert!(found(COOKIE, true, false) && found(COOKIE_PLAIN, false, false));
        // Whoever shares a name with us could set the other one, so it is none but for a report.
        assert!(!found(COOKIE_PLAIN, true, false) && found(COOKIE_PLAIN, true, true));
        assert!(!found(COOKIE, false, false));
        // A broken Authorization is not saved by a cookie.
        let both = headers(&[
            (header::AUTHORIZATION, "Basic eDp5"),
            (header::COOKIE, &format!("{COOKIE_PLAIN}={text}")),
        ]);
        assert_eq!(presented(&both, false, false), None);
    }
}

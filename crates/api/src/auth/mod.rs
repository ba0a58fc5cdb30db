//! Log-in, sessions and API keys: who a request comes from (R7.2).
//!
//! May touch: the store's accounts, sessions and keys. Knows no page.
//!
//! Invariant: a token is kept nowhere; the store has its SHA-256.

mod attempts;
mod browser;
pub(crate) mod device;
pub(crate) mod factor;
mod key;
pub(crate) mod mailed;
mod pace;
pub(crate) mod passkey;
mod passwords;
mod token;

pub use attempts::{Attempt, Attempts, Guess};
pub use browser::family;
pub use device::DeviceId;
pub use key::Key;
pub use pace::Paces;
pub use passwords::{Asker, Passwords};
pub use token::Token;

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use domain::case::Who;
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

/// Who a request comes from: a person by a session, or a program by a key. Handlers that only show things take this.
#[derive(Clone, Debug)]
pub struct Account {
    who: domain::Actor,
    by: By,
}

/// By what it is known who asks.
#[derive(Clone, Debug)]
enum By {
    /// The SHA-256 of a session's token.
    Session([u8; 32]),
    /// The identifier of a key, and the SHA-256 of its secret.
    Key {
        api_key_id: String,
        secret_digest: [u8; 32],
    },
}

impl Account {
    /// Who it was when the request came: for what changes nothing.
    pub const fn as_actor(&self) -> &domain::Actor {
        &self.who
    }

    /// Who it is as the transaction sees it: a role, a scope or a key that has changed meanwhile counts at once.
    pub fn actor(&self, tx: &Tx<'_>) -> Result<domain::Actor, Problem> {
        let actor = match &self.by {
            By::Session(digest) => store::account::of_session(tx, digest)?.map(domain::Actor::Person),
            By::Key {
                api_key_id,
                secret_digest,
            } => app::api_key::opened(tx, api_key_id, secret_digest)?
                .ok()
                .map(|(machine, _)| domain::Actor::Machine(machine)),
        };
        actor.ok_or_else(|| Problem::new(code::UNAUTHENTICATED))
    }

    /// How events name it: a person's log-in, or `key:` and the identifier of a key.
    pub fn name(&self) -> &str {
        self.who.name()
    }
}

impl FromRequestParts<Arc<Api>> for Account {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let is_report = parts
            .extensions
            .get::<Arrived>()
            .is_some_and(|arrived| arrived.is_report);
        let presented = presented(&parts.headers, api.settings.secure_cookie, is_report);
        let account = match presented.ok_or_else(|| Problem::new(code::UNAUTHENTICATED))? {
            Presented::Key(key) => key::opened(api, parts, key, is_report).await?,
            Presented::Token { token, from_cookie } => {
                let safe = matches!(parts.method, Method::GET | Method::HEAD);
                if from_cookie && !safe && !is_of_our_page(&parts.headers, is_report) {
                    return Err(Problem::new(code::CROSS_ORIGIN));
                }
                let is_idle = from_cookie && browser::is_idle(&parts.headers);
                in_session(api, token.digest(), is_idle, is_report).await?
            }
        };
        Origin::showed_session(parts);
        Ok(account)
    }
}

/// The person whose session has that token.
async fn in_session(
    api: &Arc<Api>,
    token_digest: [u8; 32],
    is_idle: bool,
    is_report: bool,
) -> Result<Account, Problem> {
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
    if is_stale && !is_idle {
        note(api, move |tx| app::session::touch(tx, &token_digest));
    }
    Ok(Account {
        who: domain::Actor::Person(account),
        by: By::Session(token_digest),
    })
}

/// The person a request comes from. Handlers of what is one's own take this: a program with a key has nothing of its own.
#[derive(Clone, Debug)]
pub struct Person {
    account: domain::account::Account,
    /// The SHA-256 of the session's token.
    pub token_digest: [u8; 32],
}

impl Deref for Person {
    type Target = domain::account::Account;

    fn deref(&self) -> &Self::Target {
        &self.account
    }
}

impl From<Person> for Account {
    fn from(person: Person) -> Self {
        Self {
            who: domain::Actor::Person(person.account),
            by: By::Session(person.token_digest),
        }
    }
}

impl FromRequestParts<Arc<Api>> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let Account { who, by } = Account::from_request_parts(parts, api).await?;
        match (who, by) {
            (domain::Actor::Person(account), By::Session(token_digest)) => Ok(Self {
                account,
                token_digest,
            }),
            _ => Err(Problem::new(code::PERSON_REQUIRED)),
        }
    }
}

/// An account that may change what it sees. Handlers that do things take this.
#[derive(Clone, Debug)]
pub struct Actor(pub Account);

impl FromRequestParts<Arc<Api>> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let account = Account::from_request_parts(parts, api).await?;
        if !account.who.rights().acts() {
            return Err(Problem::new(code::NOT_ALLOWED));
        }
        match &account.who {
            domain::Actor::Person(person) if person.proof.owes_factor && !is_urgent(parts) => {
                Err(Problem::new(code::SECOND_FACTOR_REQUIRED))
            }
            _ => Ok(Self(account)),
        }
    }
}

/// An actor who has something by a GET that leaves an event. A cookie alone has nothing of it, no more than of a change: one of our
/// own pages asks. Nor does a HEAD, which would only leave the event.
#[derive(Clone, Debug)]
pub struct Recorded(pub Account);

impl FromRequestParts<Arc<Api>> for Recorded {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        if parts.method != Method::GET {
            return Err(Problem::new(code::METHOD_NOT_ALLOWED));
        }
        let Actor(account) = Actor::from_request_parts(parts, api).await?;
        let shown = presented(&parts.headers, api.settings.secure_cookie, false);
        let from_cookie = matches!(
            shown,
            Some(Presented::Token {
                from_cookie: true,
                ..
            })
        );
        // The page's own header is none that another site sends without asking first.
        let is_ours =
            browser::is_said_by_page(&parts.headers) && !browser::is_of_another_site(&parts.headers);
        match from_cookie && !is_ours {
            true => Err(Problem::new(code::CROSS_ORIGIN)),
            false => Ok(Self(account)),
        }
    }
}

/// Whether the actor may do that to that.
pub fn may(actor: &domain::Actor, right: Right, object: Object) -> Result<(), Problem> {
    match domain::right::may(actor, right, object) {
        true => Ok(()),
        false => Err(app::case::Error::from(Who::With(right).refusal(actor)).into()),
    }
}

/// Notes that a session or a key is used, beside the answer: whoever reads does not wait for a writer.
fn note(api: &Arc<Api>, used: impl FnOnce(&Tx<'_>) -> Result<(), store::Error> + Send + 'static) {
    let node = api.node().clone();
    tokio::spawn(async move {
        if let Err(error) = node.write(used).await {
            tracing::debug!(%error, "a use was not noted");
        }
    });
}

/// Whether it reports a loss, says more about one, or revokes a key: open to whoever owes a second factor, too.
fn is_urgent(parts: &Parts) -> bool {
    let whole = parts.extensions.get::<OriginalUri>().map(|uri| uri.0.path());
    let path = whole.unwrap_or(parts.uri.path());
    path.starts_with("/api/v1/incidents")
        || path.starts_with("/api/v1/api-keys/") && path.ends_with("/revoke")
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

/// What a request shows of who asks.
#[derive(Debug, PartialEq, Eq)]
enum Presented {
    /// A session's token, and whether a browser added it by itself.
    Token { token: Token, from_cookie: bool },
    /// An API key.
    Key(Key),
}

/// What a request presents; with an `Authorization` no cookie is looked at. Of a report a cookie by its older name is taken, too:
/// it may come from a page that has been open since.
fn presented(headers: &HeaderMap, is_https: bool, is_report: bool) -> Option<Presented> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, text) = value.to_str().ok()?.split_once(' ')?;
        let token = |text| {
            Token::parse(text).map(|token| Presented::Token {
                token,
                from_cookie: false,
            })
        };
        let text = Some(text.trim()).filter(|_| scheme.eq_ignore_ascii_case("bearer"))?;
        // The one is longer than the other, which may begin in any way.
        return Key::parse(text).map(Presented::Key).or_else(|| token(text));
    }
    let older = || cookie(headers, COOKIE_PLAIN).filter(|_| is_report);
    let value = cookie(headers, cookie_name(is_https)).or_else(older)?;
    Token::parse(value).map(|token| Presented::Token {
        token,
        from_cookie: true,
    })
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
        let token = |from_cookie| Presented::Token {
            token: Token([7; 32]),
            from_cookie,
        };
        assert_eq!(presented(&bearer, true, false), Some(token(false)));
        let found = |name: &str, is_https, is_report| {
            let cookie = headers(&[(header::COOKIE, &format!("a=b; {name}={text}; c=d"))]);
            presented(&cookie, is_https, is_report).is_some_and(|found| found == token(true))
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

    #[test]
    fn a_session_whose_token_begins_like_a_key_is_one() {
        let text = format!("tg_{}", "A".repeat(40));
        let bearer = headers(&[(header::AUTHORIZATION, &format!("Bearer {text}"))]);
        let shown = presented(&bearer, true, false);
        assert!(matches!(shown, Some(Presented::Token { token, .. }) if token.to_string() == text));
    }

    #[test]
    fn a_request_with_a_key_and_a_cookie_is_judged_by_the_key_alone() {
        let (text, key) = (
            Token([7; 32]).to_string(),
            format!("tg_7K2M9QWX_{}", Token([8; 32])),
        );
        let both = |key: &str| {
            headers(&[
                (header::AUTHORIZATION, &format!("Bearer {key}")),
                (header::COOKIE, &format!("{COOKIE_PLAIN}={text}")),
            ])
        };
        let shown = presented(&both(&key), false, true);
        assert!(matches!(shown, Some(Presented::Key(shown)) if shown.to_string() == key));
        assert_eq!(presented(&both(&key[..54]), false, true), None, "a broken key");
    }
}

//! Asking a provider whether a name and a number belong together, and whether a business does (R7.1).
//!
//! Every question costs, so it is asked once: what may have arrived and was not answered is [`Outcome::Down`], and people look at the
//! documents instead.
//!
//! Invariant: *same* is said only to the provider's own word for it; no key, name or number is in a debug print, an error or a log.

mod aliyun;
mod signing;
mod tencent;

use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;
use std::time::Duration;

use domain::Timestamp;
use domain::registration::{Because, Checked, Outcome, Provider as Which, Said};
use zeroize::Zeroizing;

use super::web::{self, Answer, Lost, Patience, Question, Site};

/// The longest that a question takes with the usual [`Patience`].
pub const ASK_TIME_MAX: Duration = Duration::from_secs(16);

/// What comes of a question later.
pub type Asked<'a> = Pin<Box<dyn Future<Output = Result<Checked, NotAsked>> + Send + 'a>>;

/// Whoever can be asked.
pub trait Identity: Send + Sync {
    /// Whether a person's name and identity number belong together. It says nothing of who typed them.
    fn person<'a>(&'a self, said: &'a Said) -> Asked<'a>;

    /// Whether a business has that name, code and legal representative, and operates.
    fn company<'a>(&'a self, said: &'a Said) -> Asked<'a>;
}

/// Surely nothing was checked, and nothing paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAsked {
    /// There is nobody to ask, or nothing to ask with: asking later would come to the same.
    Never(Checked),
    /// No byte has left.
    NotReached,
    /// The provider has too much to do, and wants to be left alone so long.
    Busy(Duration),
}

/// A house's keys at a provider.
pub struct Keys {
    id: String,
    secret: Zeroizing<String>,
    /// What Alibaba Cloud wants for businesses besides.
    auth_code: Option<Zeroizing<String>>,
}

impl Keys {
    /// Reads them as the settings keep them: a line each, `id=`, `secret=`, and `auth_code=` where there is one.
    pub fn parse(kept: &str) -> Option<Self> {
        let line = |name: &str| {
            let lines = kept.lines().filter_map(|line| line.split_once('='));
            let mut values = lines.filter(|(known, _)| *known == name).map(|(_, value)| value);
            values.next().map(str::to_owned)
        };
        Some(Self {
            id: line("id")?,
            secret: line("secret")?.into(),
            auth_code: line("auth_code").map(Zeroizing::new),
        })
    }
}

/// Where this node asks: at the provider's own addresses, unless whoever runs it says otherwise.
#[derive(Clone, Debug, Default)]
pub struct Identities(Option<Elsewhere>);

/// Another place, as the command line has it: a double, in tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere(Site);

impl FromStr for Elsewhere {
    type Err = &'static str;

    fn from_str(address: &str) -> Result<Self, Self::Err> {
        let site = Site::parse(address).ok_or("no address like http://127.0.0.1:8091")?;
        Ok(Self(site))
    }
}

impl Identities {
    /// At the providers' own addresses, or there.
    pub const fn new(elsewhere: Option<Elsewhere>) -> Self {
        Self(elsewhere)
    }

    /// The provider, to be asked with these keys; `clock` says what time it is, and what is signed with it.
    pub fn of(&self, which: Which, keys: Keys, clock: fn() -> Timestamp) -> Box<dyn Identity> {
        let asking = Asking {
            keys,
            elsewhere: self.0.as_ref().map(|elsewhere| elsewhere.0.clone()),
            clock,
        };
        match which {
            Which::Aliyun => Box::new(aliyun::Aliyun(asking)),
            Which::Tencent => Box::new(tencent::Tencent(asking)),
        }
    }
}

/// How a provider is asked.
struct Asking {
    keys: Keys,
    elsewhere: Option<Site>,
    clock: fn() -> Timestamp,
}

impl Asking {
    /// The site at that address, or where else this node asks.
    fn site(&self, address: &str) -> Option<Site> {
        self.elsewhere.clone().or_else(|| Site::parse(address))
    }

    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond((self.clock)().0).unwrap_or_default()
    }

    /// Asks once. What is silent may have been asked, and paid for.
    async fn ask(
        &self,
        site: &Site,
        question: Question,
        read: impl FnOnce(&serde_json::Value) -> Result<Checked, NotAsked>,
    ) -> Result<Checked, NotAsked> {
        match web::ask(site, None, Patience::default(), question).await {
            Ok(answer) => judged(&answer, read),
            Err(Lost::NotSent(_)) => Err(NotAsked::NotReached),
            Err(Lost::Silent(_)) => Ok(NO_ANSWER),
        }
    }
}

/// What an answer says. One that takes nothing may still say that the provider is busy, whatever its status; that somebody is the same it
/// says with success only.
fn judged(
    answer: &Answer,
    read: impl FnOnce(&serde_json::Value) -> Result<Checked, NotAsked>,
) -> Result<Checked, NotAsked> {
    let status = answer.status;
    if status == hyper::StatusCode::TOO_MANY_REQUESTS {
        return Err(NotAsked::Busy(answer.retry_after));
    }
    if status.is_server_error() {
        return Ok(NO_ANSWER);
    }
    let said = serde_json::from_slice(&answer.body).ok().map(|said| read(&said));
    match said {
        Some(said) if status.is_success() => said,
        Some(Err(not_asked)) if status.is_client_error() => Err(not_asked),
        _ if status.is_client_error() => Ok(NOT_TAKEN),
        _ => Ok(UNREADABLE),
    }
}

/// It was asked, and did not say.
const NO_ANSWER: Checked = Checked::because(Outcome::Down, Because::NoAnswer);
/// It has no such check, for these keys.
const NOT_OFFERED: NotAsked = NotAsked::Never(Checked::because(Outcome::CannotTell, Because::NotOffered));
/// Its address is none.
const NO_SITE: NotAsked = NotAsked::Never(Checked::because(Outcome::Down, Because::NotReached));
/// No header can hold these keys, so they are none of the provider's.
const NO_KEYS: NotAsked = NotAsked::Never(Checked::because(Outcome::CannotTell, Because::KeysUnusable));

/// The provider's keys are wrong, or it does not take what was sent.
const NOT_TAKEN: Checked = Checked::because(Outcome::CannotTell, Because::NotTaken);
/// It answered something that nobody knows.
const UNREADABLE: Checked = Checked::because(Outcome::CannotTell, Because::Unreadable);
/// How long a provider is left alone that says it is busy and not for how long.
const BUSY: Duration = Duration::from_secs(5);

/// A header, marked as one nobody logs.
fn header(
    name: &'static str,
    value: &str,
) -> Option<(hyper::header::HeaderName, hyper::header::HeaderValue)> {
    let name = hyper::header::HeaderName::from_static(name);
    Some((name, hyper::header::HeaderValue::from_str(value).ok()?))
}

/// A number that some answers write as a text.
fn word(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;

//! Settings of the house, for those who administer it.
//!
//! Invariant: what is secret goes in and never comes out again; an answer says only whether it is set.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use app::setting::Changes;
use axum::Json;
use axum::extract::State;
use domain::registration::{DAILY_LIMIT_MAX, Provider};
use domain::setting::{Settings, is_acquirer_code};
use domain::words;
use node::seal::Purpose;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::Api;
use super::idempotency::Kept;
use super::input::{In, text};
use super::problem::{Problem, ProblemOut, Why};
use super::route::{acting, reading};
use super::setup::{currency, time_zone};
use super::wire::{Letters, Time, word};
use crate::auth::{self, Account};

/// Longest address of a mail server, and of a sender, in characters.
const TEXT_CHARS_MAX: usize = 500;
/// What the secret settings are sealed as.
pub const SMTP_URL: &str = "smtp_url";
/// The same for the zone keys.
pub const ZONE_KEYS: &str = "zone_keys";
/// The same for the keys at whoever says whether a name and a number belong together.
pub const IDENTITY_KEY: &str = "identity_key";
/// Longest of those keys, in characters.
const KEY_CHARS_MAX: usize = 256;

words! {
    /// Whence a node has its gate.
    pub enum GateFrom {
        /// It has none.
        Off = "off",
        /// From its command line, which wins.
        Flags = "flags",
        /// From the settings, as they were when it started.
        Settings = "settings",
    }
}

words! {
    /// What became of a connection that was tried.
    pub enum Reached {
        /// It was opened, and the host kept it.
        Kept = "kept",
        /// It was opened, and the host closed it at once.
        Closed = "closed",
        /// It was not opened: refused, or no answer in 5 seconds.
        NotReached = "not_reached",
    }
}

words! {
    /// What a mail server is ready for.
    pub enum Ready {
        /// It took the connection, the encryption and the log-in. Whether it takes a mail is known with the first one.
        Ready = "ready",
        /// It said no.
        Refused = "refused",
        /// It could not be asked.
        NotReached = "not_reached",
    }
}

words! {
    /// What can be done with the settings.
    pub enum Verb {
        /// Change them.
        Change = "change",
        /// Try the connection to the host.
        TestHost = "test_host",
        /// Try the mail server.
        TestMail = "test_mail",
    }
}

word! {
    /// For whom the house is run.
    Mode: domain::setting::Mode;
    /// A language.
    Language: domain::setting::Language;
    /// What is done about terminals that behave as stolen ones would.
    Watch: domain::setting::Watch;
    /// Whence this node has its gate.
    GateSource: GateFrom;
    /// What became of a connection that was tried.
    HostReached: Reached;
    /// What a mail server is ready for.
    MailReady: Ready;
    /// What can be done with the settings.
    SettingsAction: Verb;
    /// Who says whether a name and a number belong together.
    IdentityProvider: domain::registration::Provider;
}

/// What comes later.
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Opens a connection to a host, looks whether the host keeps it, and closes it.
pub type Probe = fn(SocketAddr) -> Later<Reached>;

/// What a mail server is ready for, and what it said, or why it could not be asked.
pub type MailTried = (Ready, Option<String>);

/// What whoever sends mails says of a server and a sender, so that no other is kept.
#[derive(Clone, Copy, Debug)]
pub struct Post {
    /// Whether this is the address of a server that it can use.
    pub is_server: fn(&str) -> bool,
    /// Whether mails can be sent in this name.
    pub is_sender: fn(&str) -> bool,
    /// Connects, encrypts and logs in as for a mail, and sends none.
    pub test: fn(Zeroizing<String>) -> Later<MailTried>,
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(show, change))
        .routes(routes!(test_host))
        .routes(routes!(test_mail))
}

/// The settings of the house.
#[derive(Serialize, ToSchema)]
#[schema(as = Settings)]
struct SettingsOut {
    /// For whom the house is run.
    mode: Mode,
    /// What people are spoken to in.
    language: Language,
    /// An IANA time zone.
    time_zone: String,
    /// ISO 4217, three letters.
    #[schema(value_type = String)]
    currency: Letters,
    /// Where people open it in a browser; mails lead there.
    #[schema(required)]
    address: Option<String>,
    /// Whose address is on our mails.
    #[schema(required)]
    mail_from: Option<String>,
    /// Whether there is a server for mails; its address holds a password and is not shown.
    smtp_url_set: bool,
    /// Where the acquirer host listens.
    #[schema(required)]
    host_address: Option<String>,
    /// Institution code of the acquirer (field 32).
    #[schema(required)]
    acquirer_code: Option<String>,
    /// Whether there are zone keys; they are not shown.
    zone_keys_set: bool,
    /// From when a second factor is required of risk officers and owners; null: it is not.
    #[schema(required)]
    second_factor_from: Option<Time>,
    /// Whether merchants may sign up by themselves. Codes go out by mail: without a mail server they cannot.
    takes_registrations: bool,
    /// Who checks them; null: people look at the documents. The keys are not shown.
    #[schema(required)]
    identity_provider: Option<IdentityProvider>,
    /// How many queries a day may cost.
    identity_daily_limit: i64,
    /// What is done about terminals that behave as stolen ones would.
    watch: Watch,
    /// Whence this node has its gate. One from the settings was made of them as they were when the node started.
    gate: GateSource,
    /// What the one who asks may do.
    actions: Vec<SettingsAction>,
}

impl SettingsOut {
    fn of(settings: Settings, gate: GateFrom) -> Self {
        Self {
            mode: Mode(settings.mode),
            language: Language(settings.language),
            time_zone: settings.time_zone,
            currency: Letters::of(settings.currency),
            address: settings.address,
            mail_from: settings.mail_from,
            smtp_url_set: settings.smtp_url_sealed.is_some(),
            host_address: settings.host_address,
            acquirer_code: settings.acquirer_code,
            zone_keys_set: settings.zone_keys_sealed.is_some(),
            second_factor_from: settings.second_factor_from.map(Time),
            takes_registrations: settings.takes_registrations,
            identity_provider: settings.identity_provider.map(IdentityProvider),
            identity_daily_limit: settings.identity_daily_limit,
            watch: Watch(settings.watch),
            gate: GateSource(gate),
            actions: Verb::ALL.map(SettingsAction).into(),
        }
    }
}

/// The settings, for those who administer the house.
#[utoipa::path(get, path = "/settings", tag = "setting", responses(
    (status = 200, body = SettingsOut), (status = 403, description = "not_allowed", body = ProblemOut),
))]
async fn show(State(api): State<Arc<Api>>, account: Account) -> Result<Json<SettingsOut>, Problem> {
    let gate = api.settings.gate;
    reading(&api, account, move |tx, actor| {
        Ok(SettingsOut::of(app::setting::get(tx, actor)?, gate))
    })
    .await
}

/// What is to be changed. What is not there stays; null takes away.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SettingsChange, example = json!({ "smtp_url": "smtps://stop:secret@mail.shop.example:465", "mail_from": "stop@shop.example" }))]
struct SettingsIn {
    /// What people are spoken to in.
    language: Option<Language>,
    /// An IANA time zone.
    time_zone: Option<String>,
    /// ISO 4217, three letters.
    currency: Option<String>,
    /// Where people open it in a browser: `https://till.shop.example`, or with another port; `http://` within a network of one's own.
    /// Mails lead there.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    address: Option<Option<String>>,
    /// Whose address is on our mails.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    mail_from: Option<Option<String>>,
    /// Where mails go out: `smtp://` or `smtps://`, with log-in and password where the server wants them.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    smtp_url: Option<Option<String>>,
    /// Where the acquirer host listens: `192.0.2.7:8583`. Taken at a node's next start.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    host_address: Option<Option<String>>,
    /// Institution code of the acquirer, up to 11 digits (field 32). Taken at a node's next start.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    acquirer_code: Option<Option<String>>,
    /// The keys shared with the host. Taken at a node's next start.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<ZoneKeys>)]
    zone_keys: Option<Option<ZoneKeys>>,
    /// From when a second factor is required of risk officers and owners; null: it is not.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<Time>)]
    second_factor_from: Option<Option<Time>>,
    /// Whether merchants may sign up by themselves; an acquirer's house only.
    takes_registrations: Option<bool>,
    /// Who checks them, and with which keys; null: people look at the documents.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<IdentityKeys>)]
    identity: Option<Option<IdentityKeys>>,
    /// How many queries a day may cost, 0 to 100,000.
    identity_daily_limit: Option<i64>,
    /// What is done about terminals that behave as stolen ones would.
    watch: Option<Watch>,
}

/// The keys of a house at whoever says whether a name and a number belong together.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct IdentityKeys {
    /// Whose.
    provider: IdentityProvider,
    /// The access key's name; at most 256 characters, as the others.
    key_id: String,
    /// The access key.
    secret: String,
    /// What Alibaba Cloud wants for the check of businesses; without it they are not checked.
    auth_code: Option<String>,
}

/// Two keys of 8 or 16 bytes, in hexadecimal digits.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ZoneKeys {
    /// For MACs.
    mac: String,
    /// For PIN blocks.
    pin: String,
}

/// Tells what is null from what is not there.
pub fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Change settings; what is not said stays.
#[utoipa::path(put, path = "/settings", tag = "setting", request_body = SettingsIn, responses(
    (status = 200, body = SettingsOut), (status = 403, description = "not_allowed", body = ProblemOut),
))]
async fn change(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    input: In<SettingsIn>,
) -> Result<Kept, Problem> {
    let (gate, post, node) = (api.settings.gate, api.settings.post, api.node.clone());
    // The same again changes nothing, and what a key keeps is a digest of the body: none of a secret is to be kept.
    let input = In { key: None, ..input };
    acting(&api, account, input, move |tx, actor, said| {
        // Whoever may not change anything learns nothing of what would be wrong.
        app::setting::get(tx, actor)?;
        let changes = checked(&node.sealer, post, said)?;
        Ok(SettingsOut::of(app::setting::change(tx, actor, changes)?, gate))
    })
    .await
}

/// Scheme, host and port of an address, and nothing else.
fn origin(address: &str) -> Result<String, Problem> {
    let invalid = || Problem::field("address", Why::Invalid);
    let address = text("address", address, TEXT_CHARS_MAX)?;
    let read: axum::http::Uri = address.parse().map_err(|_| invalid())?;
    let is_bare = read.path() == "/" && read.query().is_none() && !address.contains(['#', '?']);
    match (read.scheme_str(), read.authority()) {
        (Some(scheme @ ("https" | "http")), Some(at))
            if is_bare && !at.as_str().contains('@') && !at.host().is_empty() =>
        {
            Ok(format!("{scheme}://{}", at.as_str().to_ascii_lowercase()))
        }
        _ => Err(invalid()),
    }
}

fn checked(sealer: &node::seal::Sealer, post: Post, said: SettingsIn) -> Result<Changes, Problem> {
    let seal = |name: &str, secret: &str| {
        let sealed = sealer.seal(Purpose::Setting, name, secret.as_bytes());
        sealed.map_err(|error| Problem::internal(&error))
    };
    Ok(Changes {
        second_factor_from: said.second_factor_from.map(|from| from.map(|from| from.0)),
        language: said.language.map(|language| language.0),
        time_zone: said
            .time_zone
            .map(|name| time_zone("time_zone", &name))
            .transpose()?,
        currency: said
            .currency
            .map(|letters| currency("currency", &letters))
            .transpose()?,
        address: each(said.address, |address| origin(&address))?,
        mail_from: each(said.mail_from, |from| {
            let from = text("mail_from", &from, TEXT_CHARS_MAX)?;
            match (post.is_sender)(&from) {
                true => Ok(from),
                false => Err(Problem::field("mail_from", Why::NotAMailAddress)),
            }
        })?,
        smtp_url_sealed: each(said.smtp_url, |url| {
            let url = Zeroizing::new(url);
            seal(SMTP_URL, smtp_url(post, &url)?)
        })?,
        host_address: each(said.host_address, |address| {
            Ok(host_address("host_address", &address)?.to_string())
        })?,
        acquirer_code: each(said.acquirer_code, |code| match is_acquirer_code(&code) {
            true => Ok(code),
            false => Err(Problem::field("acquirer_code", Why::Invalid)),
        })?,
        zone_keys_sealed: each(said.zone_keys, |keys| {
            let (mac, pin) = (
                zone_key("zone_keys.mac", keys.mac)?,
                zone_key("zone_keys.pin", keys.pin)?,
            );
            let both = Zeroizing::new(format!("mac={}\npin={}\n", *mac, *pin));
            seal(ZONE_KEYS, &both)
        })?,
        takes_registrations: said.takes_registrations,
        identity: each(said.identity, |keys| {
            let (provider, keys) = identity_keys(keys)?;
            Ok((provider, seal(IDENTITY_KEY, &keys)?))
        })?,
        identity_daily_limit: match said.identity_daily_limit {
            Some(limit) if !(0..=DAILY_LIMIT_MAX).contains(&limit) => {
                return Err(Problem::field("identity_daily_limit", Why::OutOfRange));
            }
            limit => limit,
        },
        watch: said.watch.map(|watch| watch.0),
    })
}

/// What is said of one setting, read; what is taken away stays so.
fn each<T, U>(
    said: Option<Option<T>>,
    read: impl FnOnce(T) -> Result<U, Problem>,
) -> Result<Option<Option<U>>, Problem> {
    said.map(|value| value.map(read).transpose()).transpose()
}

fn smtp_url(post: Post, url: &str) -> Result<&str, Problem> {
    match Some(url.trim()).filter(|url| (post.is_server)(url)) {
        Some(url) => Ok(url),
        None => Err(Problem::field(SMTP_URL, Why::NotAMailServer)),
    }
}

fn host_address(field: &str, address: &str) -> Result<SocketAddr, Problem> {
    let address: Option<SocketAddr> = address.trim().parse().ok();
    let address = address.filter(|address| address.port() != 0 && !address.ip().is_unspecified());
    address.ok_or_else(|| Problem::field(field, Why::NotAnAddress))
}

/// A key, as it was written: 8 or 16 bytes, two hexadecimal digits each.
fn zone_key(field: &'static str, hex: String) -> Result<Zeroizing<String>, Problem> {
    let hex = Zeroizing::new(hex);
    match matches!(hex.len(), 16 | 32) && hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        true => Ok(hex),
        false => Err(Problem::field(field, Why::NotAKey)),
    }
}

/// The keys as they are kept: a line each.
fn identity_keys(keys: IdentityKeys) -> Result<(Provider, Zeroizing<String>), Problem> {
    let key = |field: &'static str, key: String| {
        let key = Zeroizing::new(key);
        let is_key =
            (1..=KEY_CHARS_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        match is_key {
            true => Ok(key),
            false => Err(Problem::field(field, Why::Invalid)),
        }
    };
    let id = key("identity.key_id", keys.key_id)?;
    let secret = key("identity.secret", keys.secret)?;
    let mut kept = Zeroizing::new(format!("id={}\nsecret={}\n", *id, *secret));
    if let Some(auth_code) = keys.auth_code.filter(|code| !code.is_empty()) {
        let auth_code = key("identity.auth_code", auth_code)?;
        kept.push_str(&format!("auth_code={}\n", *auth_code));
    }
    Ok((keys.provider.0, kept))
}

/// Where to try.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
struct HostTest {
    /// Another address than the one in the settings.
    host_address: Option<String>,
}

/// What a connection has shown, and what it cannot show.
#[derive(Serialize, ToSchema)]
struct HostTested {
    /// Where it was tried.
    host_address: String,
    /// What became of it. That it was kept proves that something listens there; whether the zone keys and the acquirer code are
    /// right is proven by the first answer to a transaction alone.
    reached: HostReached,
    /// How long it took to be opened and looked at, or to fail, in milliseconds.
    took_ms: i64,
}

/// Try the connection to the acquirer host: open one, look whether the host keeps it, close it. Nothing is sent.
#[utoipa::path(post, path = "/settings/host/test", tag = "setting", request_body = HostTest, responses(
    (status = 200, body = HostTested), (status = 403, description = "not_allowed", body = ProblemOut),
))]
async fn test_host(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    input: In<HostTest>,
) -> Result<Json<HostTested>, Problem> {
    let Json(known) = reading(&api, account, |tx, actor| {
        Ok(app::setting::get(tx, actor)?.host_address)
    })
    .await?;
    let address = input.body.host_address.or(known);
    let address = address.ok_or_else(|| Problem::field("host_address", Why::Missing))?;
    let address = host_address("host_address", &address)?;
    let began = std::time::Instant::now();
    let reached = (api.settings.probe)(address).await;
    Ok(Json(HostTested {
        host_address: address.to_string(),
        reached: HostReached(reached),
        took_ms: i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX),
    }))
}

/// Which server to try.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
struct MailTest {
    /// Another one than that of the settings.
    smtp_url: Option<String>,
}

/// What a mail server has shown.
#[derive(Serialize, ToSchema)]
struct MailTested {
    /// What it is ready for.
    ready: MailReady,
    /// What it said where it said no, or why it could not be asked; nothing of a log-in.
    #[schema(required)]
    said: Option<String>,
    /// How long it took, in milliseconds.
    took_ms: i64,
}

/// Try the mail server: connect, encrypt and log in as for a mail; none is sent.
#[utoipa::path(post, path = "/settings/mail/test", tag = "setting", request_body = MailTest, responses(
    (status = 200, body = MailTested), (status = 403, description = "not_allowed", body = ProblemOut),
))]
async fn test_mail(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    input: In<MailTest>,
) -> Result<Json<MailTested>, Problem> {
    let post = api.settings.post;
    let Json(sealed) = reading(&api, account, |tx, actor| {
        Ok(app::setting::get(tx, actor)?.smtp_url_sealed)
    })
    .await?;
    let url = match (input.body.smtp_url, sealed) {
        (Some(url), _) => Zeroizing::new(smtp_url(post, &url)?.to_owned()),
        (None, None) => return Err(Problem::field(SMTP_URL, Why::Missing)),
        (None, Some(sealed)) => {
            let opened = api.node.sealer.open(Purpose::Setting, SMTP_URL, &sealed);
            let opened = opened.map_err(|error| Problem::internal(&error))?;
            Zeroizing::new(String::from_utf8_lossy(&opened).into_owned())
        }
    };
    let began = std::time::Instant::now();
    let (ready, said) = (post.test)(url).await;
    Ok(Json(MailTested {
        ready: MailReady(ready),
        said,
        took_ms: i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_named_by_address_and_port() {
        for right in ["192.0.2.7:8583", "[2001:db8::7]:8583"] {
            assert_eq!(host_address("host_address", right).unwrap().to_string(), right);
        }
        for wrong in ["", "192.0.2.7", "192.0.2.7:0", "0.0.0.0:8583", "host:8583"] {
            assert!(host_address("host_address", wrong).is_err(), "{wrong}");
        }
    }
}

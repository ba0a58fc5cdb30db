//! The first run: until somebody has set the house up, nothing else is answered, and afterwards it is never set up again
//! (R1.0, R7.1).
//!
//! Whoever may set it up has the token that the node printed at its start. It is in this process's memory and nowhere else.
//! Guesses are refused without any work, and slowed down; the right token is never made to wait for somebody's guesses.
//!
//! Invariant: before the first account no route but this one does anything; with it, every node's token is worth nothing.

use std::sync::Arc;

use app::setup::First;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::MerchantId;
use domain::account::{ProvedBy, is_login};
use domain::money::Currency;
use domain::setting::{self, Settings};
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::input::{In, email_of_person, text};
use super::problem::{Problem, ProblemOut, Why};
use super::session::{self, AccountOut, Network};
use super::setting::{Language, Mode};
use super::{Api, edge, id};
use crate::auth::{DeviceId, Token};

/// Where the house is set up.
const PATH: &str = "/api/v1/setup";
/// Longest name of a merchant or a person, in characters.
const NAME_CHARS_MAX: usize = 100;

crate::problem::codes! {
    /// Nobody has set the house up yet.
    NOT_SET_UP = "not_set_up", SERVICE_UNAVAILABLE:
        ("尚未设置", "还没有设置。请打开服务器启动时显示的设置地址。"),
        ("Not set up", "Nothing works before the house is set up. Open the set-up address that the server showed when it started.");
    /// The house is set up.
    SET_UP_ALREADY = "set_up_already", GONE:
        ("已经设置过", "已经设置好了，设置地址不再有效。请登录。"),
        ("Set up already", "The house is set up, and the set-up address is worth nothing any more. Log in.");
    /// It is not the token of this start.
    WRONG_SET_UP_TOKEN = "wrong_set_up_token", FORBIDDEN:
        ("设置地址不对", "这不是当前的设置地址。请使用服务器最近一次启动时显示的地址。"),
        ("Wrong set-up address", "This is not the set-up address of this node's last start. Use the one it showed then.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(set_up))
}

/// What opens the set-up of one node, for as long as the node runs. `Display` writes it for the one who may have it.
#[derive(Clone, Debug)]
pub struct SetUpToken(Token);

impl SetUpToken {
    /// A new one.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn random() -> Result<Self, node::seal::Error> {
        Token::random().map(Self)
    }
}

impl std::fmt::Display for SetUpToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Lets requests through when their time has come: the set-up before the first account, everything else after it. The files of
/// the pages are shown at any time.
pub async fn first(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if !edge::is_api(path) {
        return next.run(request).await;
    }
    let sets_up = path == PATH && *request.method() == Method::POST;
    let refusal: Problem = match api.node.is_set_up().await {
        Ok(is_set_up) if is_set_up != sets_up => return next.run(request).await,
        Ok(true) => Problem::new(SET_UP_ALREADY),
        Ok(false) => Problem::new(NOT_SET_UP),
        Err(error) => error.into(),
    };
    refusal.into_response()
}

/// What the first person says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "token": "8_J1TXmC3r0vGQ2bW8lYkPa9sDfHjKlQwErTyUiOpAs", "mode": "shop", "language": "zh", "time_zone": "Asia/Shanghai",
    "currency": "CNY", "merchant": { "name": "福记小吃" },
    "account": { "login": "owner", "name": "李娜", "password": "teapot-in-the-rain" },
}))]
struct SetUp {
    /// From the set-up address that the node showed when it started.
    token: String,
    /// For whom the house is run.
    mode: Mode,
    /// What people are spoken to in.
    language: Language,
    /// An IANA time zone.
    time_zone: String,
    /// ISO 4217, three letters.
    currency: String,
    /// The merchant, in a shop's house and there only.
    merchant: Option<MerchantIn>,
    /// The first account.
    account: AccountIn,
}

/// A merchant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SetUpMerchant)]
struct MerchantIn {
    /// Its name; at most 100 characters.
    name: String,
}

/// An account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SetUpAccount)]
struct AccountIn {
    /// What the person types: 2 to 64 letters, digits or `.`, `_`, `-`, `@`, `+`.
    login: String,
    /// How others see the person; at most 100 characters.
    name: String,
    /// At least 8 characters, and none of those that are guessed first.
    password: String,
    /// Where the person is reminded of what nobody has answered; at most 254 characters.
    email: Option<String>,
}

/// The house is set up, and the first person logged in.
#[derive(Serialize, ToSchema)]
#[schema(as = SetUpDone)]
struct Done {
    /// For `Authorization: Bearer`; also set as a cookie. Lasts 12 hours.
    token: String,
    /// Whose.
    account: AccountOut,
    /// The merchant, in a shop's house.
    #[schema(required)]
    merchant: Option<MerchantOut>,
}

/// A merchant.
#[derive(Serialize, ToSchema)]
#[schema(as = SetUpMerchantDone)]
struct MerchantOut {
    /// How others name it.
    id: String,
}

/// Set the house up, once.
#[utoipa::path(post, path = "/setup", tag = "setup", security(()), request_body = SetUp, responses(
    (status = 201, body = Done),
    (status = 403, description = "wrong_set_up_token", body = ProblemOut),
    (status = 410, description = "set_up_already", body = ProblemOut),
    (status = 429, description = "too_many_attempts", body = ProblemOut),
))]
async fn set_up(
    State(api): State<Arc<Api>>,
    network: Network,
    headers: HeaderMap,
    input: In<SetUp>,
) -> Result<Response, Problem> {
    let said = input.body;
    admit(&api, &said.token, &network)?;
    let (password, first) = checked(&api, said, id::new()?)?;
    let mut theirs = vec![first.login.clone(), first.name.clone()];
    theirs.extend(first.merchant.iter().map(|(_, name)| name.clone()));
    let hashed = api.passwords.hash_new("account.password", password, theirs).await;
    let first = First {
        password_hash: hashed?,
        ..first
    };
    let device = DeviceId::of(&api.node.sealer, &headers, &first.login);
    let (token, login) = (
        Token::random().map_err(|error| Problem::internal(&error))?,
        first.login.clone(),
    );
    let from = session::From::of(&api, network.0, &headers);
    let begun = from.begun(token.digest(), ProvedBy::Password)?;
    let merchant = first.merchant.as_ref().map(|(merchant_id, _)| MerchantOut {
        id: merchant_id.to_string(),
    });
    let work = move |tx: &Tx<'_>| {
        let account = app::setup::set_up(tx, first)?;
        app::session::begin(tx, &account, begun)?;
        session::shown(tx, &account)
    };
    let account = api.node.write(work).await?;
    // The ready file no longer has the address when the answer comes; it is done in any case.
    if let Err(error) = api.node.tell_set_up().await {
        tracing::warn!(%error, "the house is set up, and the store cannot say so");
    }
    let out = Done {
        token: token.to_string(),
        account,
        merchant,
    };
    let begun = session::begun(&api, device, &login, &token, out)?;
    Ok((StatusCode::CREATED, begun).into_response())
}

impl From<app::setup::Error> for Problem {
    fn from(error: app::setup::Error) -> Self {
        match error {
            app::setup::Error::Done => Self::new(SET_UP_ALREADY),
            app::setup::Error::Store(error) => error.into(),
        }
    }
}

/// Whether it is the right token. A wrong one is paid for by the address it comes from.
fn admit(api: &Api, said: &str, network: &Network) -> Result<(), Problem> {
    let own = api.settings.set_up_token.as_ref();
    let is_right = Token::parse(said)
        .zip(own)
        .is_some_and(|(said, own)| own.0.is(&said));
    if is_right {
        return Ok(());
    }
    Err(network.wrong(api, WRONG_SET_UP_TOKEN))
}

/// What was said, without the hash of the password, which takes long; nothing is done yet.
fn checked(api: &Api, said: SetUp, merchant_id: String) -> Result<(Zeroizing<String>, First), Problem> {
    let merchant = match (said.mode.0, &said.merchant) {
        (setting::Mode::Shop, None) => return Err(Problem::field("merchant", Why::Missing)),
        (setting::Mode::Acquirer, Some(_)) => return Err(Problem::field("merchant", Why::Unknown)),
        (setting::Mode::Acquirer, None) => None,
        (setting::Mode::Shop, Some(merchant)) => {
            let name = text("merchant.name", &merchant.name, NAME_CHARS_MAX)?;
            let merchant_id = MerchantId::parse(merchant_id.as_bytes());
            let merchant_id = merchant_id.ok_or_else(|| Problem::internal(&"a new identifier"))?;
            Some((merchant_id, name))
        }
    };
    let time_zone = time_zone("time_zone", &said.time_zone)?;
    let currency = currency("currency", &said.currency)?;
    let login = said.account.login.trim();
    if login.is_empty() {
        return Err(Problem::field("account.login", Why::Missing));
    }
    if !is_login(login) {
        return Err(Problem::field("account.login", Why::NotALogin));
    }
    let first = First {
        settings: Settings::new(said.mode.0, said.language.0, &time_zone, currency),
        merchant,
        login: login.to_owned(),
        name: text("account.name", &said.account.name, NAME_CHARS_MAX)?,
        email: email_of_person(api, "account.email", said.account.email)?,
        password_hash: String::new(),
    };
    Ok((Zeroizing::new(said.account.password), first))
}

/// An IANA time zone, by the name the database has for it.
pub fn time_zone(field: &str, name: &str) -> Result<String, Problem> {
    let zone = jiff::tz::TimeZone::get(name).ok();
    let known = zone.as_ref().and_then(jiff::tz::TimeZone::iana_name);
    known
        .map(str::to_owned)
        .ok_or_else(|| Problem::field(field, Why::NotAZone))
}

/// A currency, by its letters.
pub fn currency(field: &str, letters: &str) -> Result<Currency, Problem> {
    Currency::parse(letters).ok_or_else(|| Problem::field(field, Why::NotACurrency))
}

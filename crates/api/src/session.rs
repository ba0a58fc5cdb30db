//! Sessions: logging in, asking who one is, logging out (R7.2).

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::{Extension, Json};
use domain::account::{LOGIN_CHARS_MAX, Narrowed, Person};
use domain::custom_role::CustomRole;
use domain::time::HOUR_MS;
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::edge::Secret;
use super::idempotency::Kept;
use super::input::{In, email_of_person, text};
use super::origin::Origin;
use super::people::Names;
use super::problem::{Problem, ProblemOut, Why};
use super::route::acting;
use super::wire::word;
use crate::auth::{Account, Asker, Attempt, COOKIE, DeviceId, Token};

/// How long a session lasts.
const SESSION_HOURS: i64 = 12;

word! {
    /// What an account is for.
    Role: domain::account::Role;
    /// What somebody may do.
    Right: domain::right::Right;
}

crate::problem::codes! {
    /// Wrong login or password.
    INVALID_CREDENTIALS = "invalid_credentials", UNAUTHORIZED:
        ("登录失败", "账号或密码不对。"),
        ("Not logged in", "The login or the password is wrong.");
    /// Too many failed log-ins.
    TOO_MANY_ATTEMPTS = "too_many_attempts", TOO_MANY_REQUESTS:
        ("尝试过多", "失败次数过多，请稍后再试。"),
        ("Too many attempts", "Too many attempts failed. Try again later.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(log_in, show, log_out))
        .routes(routes!(reached, reach))
}

/// A log-in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LogIn {
    /// The account.
    login: String,
    /// Its password.
    password: String,
}

/// A new session.
#[derive(Serialize, ToSchema)]
struct LoggedIn {
    /// For `Authorization: Bearer`; also set as a cookie. Lasts 12 hours.
    token: String,
    /// Whose.
    account: AccountOut,
}

/// An account.
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountOut {
    /// What the person types.
    login: String,
    /// How others see the person.
    name: String,
    /// What the account is for.
    role: Role,
    /// The one merchant it sees; null when it sees all.
    #[schema(required)]
    merchant_id: Option<String>,
    /// That merchant's name.
    #[schema(required)]
    merchant_name: Option<String>,
    /// The one shop it sees; null when it sees all of them.
    #[schema(required)]
    shop_id: Option<String>,
    /// The custom role that leaves it only some of its role's rights.
    #[schema(required)]
    custom_role_id: Option<String>,
    /// That role's name.
    #[schema(required)]
    custom_role_name: Option<String>,
    /// What it may do, in what it sees.
    rights: Vec<Right>,
    /// Whether it may see and change the settings of the house.
    administers: bool,
}

/// Which custom role that is.
pub fn custom_role_id(custom_role: Option<&Narrowed>) -> Option<String> {
    custom_role.map(|narrowed| narrowed.custom_role_id.clone())
}

/// How it is called.
pub fn custom_role_name(tx: &Tx<'_>, custom_role: Option<&Narrowed>) -> Result<Option<String>, Problem> {
    let Some(narrowed) = custom_role else {
        return Ok(None);
    };
    let custom_role = store::row::by_id::<CustomRole>(tx, &narrowed.custom_role_id)?;
    Ok(custom_role.map(|it| it.details.name))
}

/// An account as it travels.
pub fn shown(tx: &Tx<'_>, account: &domain::account::Account) -> Result<AccountOut, Problem> {
    let merchant_id = account.scope.merchant_id();
    let merchant_name = merchant_id.map(|merchant_id| Names::new(tx).merchant(merchant_id));
    let actor = domain::Actor::Person(account.clone());
    let settings = store::setting::get(tx)?;
    Ok(AccountOut {
        administers: settings.is_some_and(|settings| settings.administered_by(&actor)),
        login: account.login.clone(),
        name: account.name.clone(),
        role: Role(account.role),
        custom_role_name: custom_role_name(tx, account.custom_role.as_ref())?,
        custom_role_id: custom_role_id(account.custom_role.as_ref()),
        rights: account.rights().iter().map(Right).collect(),
        merchant_id: merchant_id.map(|merchant_id| merchant_id.to_string()),
        merchant_name: merchant_name.transpose()?,
        shop_id: account.scope.shop_id().map(str::to_owned),
    })
}

/// Where a request comes from, when the listener says so.
pub struct Network(pub Option<IpAddr>);

impl<S: Sync> FromRequestParts<S> for Network {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(Origin::network_of(parts)))
    }
}

/// Log in.
#[utoipa::path(post, path = "/session", tag = "session", security(()), request_body = LogIn, responses(
    (status = 200, body = LoggedIn),
    (status = 401, description = "invalid_credentials", body = ProblemOut),
    (status = 429, description = "too_many_attempts", body = ProblemOut),
))]
async fn log_in(
    State(api): State<Arc<Api>>,
    Network(network): Network,
    headers: HeaderMap,
    input: In<LogIn>,
) -> Result<Response, Problem> {
    let LogIn { login, password } = input.body;
    let login = text("login", &login, LOGIN_CHARS_MAX)?;
    if password.is_empty() {
        return Err(Problem::field("password", Why::Missing));
    }
    let device = DeviceId::of(&api.node.sealer, &headers, &login);
    let attempt = Attempt {
        login: Some(login.clone()),
        network,
        device,
    };
    let started = api.attempts.start(&attempt);
    started.map_err(|wait_s| Problem::new(TOO_MANY_ATTEMPTS).retry_after_s(wait_s))?;
    let asked = login.clone();
    let known = api
        .node
        .read(move |tx| store::account::usable(tx, &asked))
        .await?;
    let (account, hash) = known.unzip();
    let asker = match device {
        Some(_) => Asker::Known,
        None => Asker::Stranger(network),
    };
    let right = api.passwords.verify(asker, password, hash).await?;
    let Some(account) = account.filter(|_| right) else {
        return Err(Problem::new(INVALID_CREDENTIALS));
    };
    api.attempts.succeeded(&attempt);
    let token = Token::random().map_err(|error| Problem::internal(&error))?;
    let digest = token.digest();
    let account = api.node.write(move |tx| begin(tx, &digest, &account)).await?;
    let out = LoggedIn {
        token: token.to_string(),
        account,
    };
    begun(&api, device, &login, &token, out)
}

/// Begins a session of that account, for the token with this digest.
pub fn begin(
    tx: &Tx<'_>,
    digest: &[u8; 32],
    account: &domain::account::Account,
) -> Result<AccountOut, Problem> {
    let ends_at = tx.now().plus_ms(SESSION_HOURS * HOUR_MS);
    app::session::begin(tx, digest, &account.login, ends_at)?;
    shown(tx, account)
}

/// The answer to whoever has just begun a session, with the cookies that carry it on.
pub fn begun(
    api: &Api,
    device: Option<DeviceId>,
    login: &str,
    token: &Token,
    out: impl Serialize,
) -> Result<Response, Problem> {
    let cookie = set_cookie(api, &token.to_string(), SESSION_HOURS * 3600)?;
    let device = remember_device(api, device, login).map_err(|error| Problem::internal(&error))?;
    let cookies = AppendHeaders([cookie, (header::SET_COOKIE, device)]);
    Ok((Extension(Secret), cookies, Json(out)).into_response())
}

/// Who one is.
#[utoipa::path(get, path = "/session", tag = "session", responses((status = 200, body = AccountOut)))]
async fn show(State(api): State<Arc<Api>>, account: Account) -> Result<Json<AccountOut>, Problem> {
    api.node.read(move |tx| shown(tx, &account)).await.map(Json)
}

/// Where a person can be reached by mail.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "li.na@fuji.example" }))]
struct Reached {
    /// The address, at most 254 characters; null: nobody said. Reminders of what nobody has answered go there.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    email: Option<String>,
}

/// Where one can be reached oneself.
#[utoipa::path(get, path = "/session/email", tag = "session", responses((status = 200, body = Reached)))]
async fn reached(State(api): State<Arc<Api>>, account: Account) -> Result<Json<Reached>, Problem> {
    let read = move |tx: &Tx<'_>| {
        let person: Option<Person> = store::row::by_id(tx, &account.login)?;
        let email = person.and_then(|person| person.email);
        Ok::<_, Problem>(Json(Reached { email }))
    };
    api.node.read(read).await
}

/// Say where one can be reached oneself.
#[utoipa::path(put, path = "/session/email", tag = "session", request_body = Reached, responses((status = 200, body = Reached)))]
async fn reach(State(api): State<Arc<Api>>, account: Account, input: In<Reached>) -> Result<Kept, Problem> {
    let asked = api.clone();
    acting(&api, account, input, move |tx, actor, said: Reached| {
        let email = email_of_person(&asked, "email", said.email)?;
        app::account::reach(tx, actor, email.as_deref())?;
        Ok(Reached { email })
    })
    .await
}

/// Log out.
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = 204)))]
async fn log_out(State(api): State<Arc<Api>>, account: Account) -> Result<Response, Problem> {
    api.node
        .write(move |tx| app::session::end(tx, &account.token_digest))
        .await?;
    let cookie = set_cookie(&api, "", 0)?;
    Ok((StatusCode::NO_CONTENT, [cookie]).into_response())
}

/// The cookie by which a device is known to a login that was used on it.
fn remember_device(
    api: &Api,
    device: Option<DeviceId>,
    login: &str,
) -> Result<HeaderValue, node::seal::Error> {
    let device = device.map_or_else(DeviceId::random, Ok)?;
    device.cookie(&api.node.sealer, login, secure(api))
}

fn secure(api: &Api) -> &'static str {
    match api.settings.secure_cookie {
        true => "; Secure",
        false => "",
    }
}

fn set_cookie(api: &Api, value: &str, max_age_s: i64) -> Result<(HeaderName, HeaderValue), Problem> {
    let secure = secure(api);
    let cookie = format!("{COOKIE}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}");
    let cookie = HeaderValue::try_from(cookie).map_err(|error| Problem::internal(&error))?;
    Ok((header::SET_COOKIE, cookie))
}

//! Sessions: logging in, asking who one is, logging out (R7.2).

use std::net::IpAddr;
use std::sync::Arc;

use app::session::Entered;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::{Extension, Json};
use domain::account::{LOGIN_CHARS_MAX, Narrowed, Person, ProvedBy, SESSION_MS};
use domain::custom_role::CustomRole;
use domain::session::Begun;
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::edge::Secret;
use super::idempotency::Kept;
use super::input::{In, email_of_person, text};
use super::origin::Origin;
use super::people::Names;
use super::problem::{Code, Problem, ProblemOut, Why};
use super::route::acting;
use super::wire::word;
use super::{Api, id};
use crate::auth::factor::{Way, ways};
use crate::auth::passkey::{Possible, Site};
use crate::auth::{self, Asker, Attempt, DeviceId, Guess, Token, cookie_name};

word! {
    /// What an account is for.
    Role: domain::account::Role;
    /// What somebody may do.
    Right: domain::right::Right;
    /// By what a person can prove to be the one.
    ProofWay: Way;
    /// When a person wants mails about duties: each time, all together in the morning, or never.
    DutyMails: domain::duty_mail::Often;
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
    /// What was shown proves nothing.
    WRONG_PROOF = "wrong_proof", FORBIDDEN:
        ("验证未通过", "不对，或已经用过。验证码每个只能用一次，请等下一个。"),
        ("Not proved", "That is wrong, or was used before. Each code works once: wait for the next one.");
    /// A half-done log-in is over.
    LOG_IN_OVER = "log_in_over", GONE:
        ("登录已超时", "这次登录已失效，请重新输入密码。"),
        ("The log-in is over", "This log-in is over. Type the password again.");
    /// There is no such session of one's own.
    SESSION_NOT_FOUND = "session_not_found", NOT_FOUND:
        ("没有找到登录", "没有这个登录，可能已经退出。"),
        ("Session not found", "There is no such session: it may be over already.");
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
pub struct LoggedIn {
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

impl Network {
    /// Pays for a question or a wrong answer, out of the allowance of this address and no account's.
    pub fn pays(&self, api: &Api, guess: Guess) -> Result<(), Problem> {
        let attempt = Attempt {
            guess,
            login: None,
            network: self.0,
            device: None,
        };
        let started = api.settings.attempts.start(&attempt);
        started.map_err(|wait_s| Problem::new(TOO_MANY_ATTEMPTS).retry_after_s(wait_s))
    }

    /// What somebody hears whose token or code is wrong, which is paid for.
    pub fn wrong(&self, api: &Api, code: Code) -> Problem {
        self.pays(api, Guess::Password)
            .err()
            .unwrap_or_else(|| Problem::new(code))
    }

    /// As it is counted.
    pub fn name(&self) -> String {
        self.0
            .map_or_else(|| "unknown".to_owned(), |address| address.to_string())
    }
}

/// The token of a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LinkToken, example = json!({ "token": "8_J1TXmC3r0vGQ2bW8lYkPa9sDfHjKlQwErTyUiOpAs" }))]
pub struct Held {
    /// From the link.
    pub token: String,
}

/// A link's token, and what it opens: `read` answers the problem `over` where that is nothing. Nothing is written for a wrong one; the
/// address it comes from pays for it.
pub async fn opened<T: Send + 'static>(
    api: &Api,
    network: &Network,
    said: &str,
    over: Code,
    read: impl FnOnce(&Tx<'_>, &[u8; 32]) -> Result<T, Problem> + Send + 'static,
) -> Result<(Token, T), Problem> {
    let token = Token::parse(said.trim()).ok_or_else(|| network.wrong(api, over))?;
    let digest = token.digest();
    match api.node.read(move |tx: &Tx<'_>| read(tx, &digest)).await {
        Err(problem) if problem.code == over => Err(network.wrong(api, over)),
        read => Ok((token, read?)),
    }
}

/// A log-in whose password was right, and which lacks the second factor.
#[derive(Serialize, ToSchema)]
pub struct HalfWay {
    /// For `POST /session/factor`, and for nothing else.
    factor_token: String,
    /// By what the person can go on, the strongest first.
    ways: Vec<ProofWay>,
}

/// What a right password, or a link, opens.
pub enum Opened {
    /// A session of that account.
    Session(AccountOut),
    /// Nothing yet; by what the person can go on.
    HalfWay(Vec<Way>),
}

impl Opened {
    /// The account; or what is still to be shown, for the log-in with that token.
    pub fn account(self, token: &Token) -> Result<AccountOut, HalfWay> {
        match self {
            Self::Session(account) => Ok(account),
            Self::HalfWay(ways) => Err(HalfWay {
                factor_token: token.to_string(),
                ways: ways.into_iter().map(ProofWay).collect(),
            }),
        }
    }
}

impl IntoResponse for HalfWay {
    fn into_response(self) -> Response {
        (StatusCode::ACCEPTED, Extension(Secret), Json(self)).into_response()
    }
}

/// Where a log-in comes from.
pub struct From {
    /// From which address, when the listener says so.
    pub network: Option<IpAddr>,
    browser: Option<String>,
    rp_id: Option<String>,
}

impl From {
    /// Of a request.
    pub fn of(api: &Api, network: Option<IpAddr>, headers: &HeaderMap) -> Self {
        Self {
            network,
            browser: auth::family(headers),
            rp_id: site(api, headers).ok().map(|site| site.rp_id),
        }
    }

    /// What begins there, for the token with this digest.
    pub fn begun(&self, token_digest: [u8; 32], proved_by: ProvedBy) -> Result<Begun, Problem> {
        Ok(Begun {
            token_digest,
            session_id: id::new()?,
            proved_by,
            network: self.network.map(|network| network.to_string()),
            browser: self.browser.clone(),
        })
    }
}

/// The site that passkeys are made for, as this request names it.
pub fn site(api: &Api, headers: &HeaderMap) -> Result<Site, Possible> {
    Site::of(headers, api.settings.secure_cookie)
}

/// Log in. Where the account has a second factor, it answers 202, and `POST /session/factor` goes on.
#[utoipa::path(post, path = "/session", tag = "session", security(()), request_body = LogIn, responses(
    (status = 200, body = LoggedIn),
    (status = 202, description = "The second factor is awaited, for five minutes.", body = HalfWay),
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
    let password = Zeroizing::new(password);
    let login = text("login", &login, LOGIN_CHARS_MAX)?;
    if password.is_empty() {
        return Err(Problem::field("password", Why::Missing));
    }
    let device = DeviceId::of(&api.node.sealer, &headers, &login);
    let attempt = Attempt {
        guess: Guess::Password,
        login: Some(login.clone()),
        network,
        device,
    };
    let started = api.settings.attempts.start(&attempt);
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
    let right = api
        .passwords
        .verify(asker, password.to_string(), hash.clone())
        .await?;
    let Some(account) = account.filter(|_| right) else {
        return Err(Problem::new(INVALID_CREDENTIALS));
    };
    api.settings.attempts.succeeded(&attempt);
    rehash(&api, &login, password, hash).await;
    let token = Token::random().map_err(|error| Problem::internal(&error))?;
    let from = From::of(&api, network, &headers);
    let begun = from.begun(token.digest(), ProvedBy::Password)?;
    let opened = api
        .node
        .write(move |tx| begin(tx, &from, begun, &account))
        .await?;
    match opened.account(&token) {
        Ok(account) => logged_in(&api, device, token, account),
        Err(half_way) => Ok(half_way.into_response()),
    }
}

/// The answer to whoever has proved everything.
pub fn logged_in(
    api: &Api,
    device: Option<DeviceId>,
    token: Token,
    account: AccountOut,
) -> Result<Response, Problem> {
    let login = account.login.clone();
    let out = LoggedIn {
        token: token.to_string(),
        account,
    };
    begun(api, device, &login, &token, out)
}

/// Makes the hash of a password anew, which was right, where it has older parameters. That it fails keeps nobody out.
async fn rehash(api: &Api, login: &str, password: Zeroizing<String>, hash: Option<String>) {
    let Some(old) = hash.filter(|hash| app::password::is_outdated(hash)) else {
        return;
    };
    let Ok(new) = api.passwords.hash(password).await else {
        return;
    };
    let login = login.to_owned();
    let written = api
        .node
        .write(move |tx| app::account::rehash(tx, &login, &old, &new))
        .await;
    if let Err(error) = written {
        tracing::debug!(%error, "a password's hash was not renewed");
    }
}

/// Begins a session of that account, or a log-in that is half done where it has a second factor.
pub fn begin(
    tx: &Tx<'_>,
    from: &From,
    begun: Begun,
    account: &domain::account::Account,
) -> Result<Opened, Problem> {
    Ok(match app::session::enter(tx, account, begun)? {
        Entered::Session => Opened::Session(shown(tx, account)?),
        Entered::HalfWay => Opened::HalfWay(ways(tx, &account.login, from.rp_id.as_deref())?),
    })
}

/// The answer to whoever has just begun a session, with the cookies that carry it on.
pub fn begun(
    api: &Api,
    device: Option<DeviceId>,
    login: &str,
    token: &Token,
    out: impl Serialize,
) -> Result<Response, Problem> {
    let cookie = set_cookie(api, &token.to_string(), SESSION_MS / 1_000)?;
    let device = remember_device(api, device, login).map_err(|error| Problem::internal(&error))?;
    let cookies = AppendHeaders([cookie, (header::SET_COOKIE, device)]);
    Ok((Extension(Secret), cookies, Json(out)).into_response())
}

/// Who one is.
#[utoipa::path(get, path = "/session", tag = "session", responses((status = 200, body = AccountOut)))]
async fn show(State(api): State<Arc<Api>>, account: auth::Person) -> Result<Json<AccountOut>, Problem> {
    api.node.read(move |tx| shown(tx, &account)).await.map(Json)
}

/// Where a person can be reached by mail.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "li.na@fuji.example", "duty_mails": "daily" }))]
struct Reached {
    /// The address, at most 254 characters; null: nobody said. Reminders of what nobody has answered go there.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    email: Option<String>,
    /// When mails about duties are wanted; left out: as it is, `at_once` at first.
    duty_mails: Option<DutyMails>,
}

/// Where one can be reached oneself, and when.
#[utoipa::path(get, path = "/session/email", tag = "session", responses((status = 200, body = Reached)))]
async fn reached(State(api): State<Arc<Api>>, account: auth::Person) -> Result<Json<Reached>, Problem> {
    let read = move |tx: &Tx<'_>| {
        let person: Option<Person> = store::row::by_id(tx, &account.login)?;
        Ok::<_, Problem>(Json(Reached {
            email: person.and_then(|person| person.email),
            duty_mails: Some(DutyMails(app::duty_mail::chosen(tx, &account.login)?)),
        }))
    };
    api.node.read(read).await
}

/// Say where one can be reached oneself, and when mails about duties are wanted.
#[utoipa::path(put, path = "/session/email", tag = "session", request_body = Reached, responses((status = 200, body = Reached)))]
async fn reach(
    State(api): State<Arc<Api>>,
    account: auth::Person,
    input: In<Reached>,
) -> Result<Kept, Problem> {
    let asked = api.clone();
    acting(&api, account.into(), input, move |tx, actor, said: Reached| {
        let email = email_of_person(&asked, "email", said.email)?;
        app::account::reach(tx, actor, email.as_deref())?;
        if let Some(DutyMails(often)) = said.duty_mails {
            app::duty_mail::choose(tx, actor, often)?;
        }
        let often = app::duty_mail::chosen(tx, actor.name())?;
        Ok(Reached {
            email,
            duty_mails: Some(DutyMails(often)),
        })
    })
    .await
}

/// Log out.
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = 204)))]
async fn log_out(State(api): State<Arc<Api>>, account: auth::Person) -> Result<Response, Problem> {
    // Live streams of this session look whether it lasts.
    let login = account.login.clone();
    api.node
        .write(move |tx| app::session::end(tx, &account.token_digest))
        .await?;
    api.node.changed(Some(login));
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
    let (name, secure) = (cookie_name(api.settings.secure_cookie), secure(api));
    let cookie = format!("{name}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}");
    let cookie = HeaderValue::try_from(cookie).map_err(|error| Problem::internal(&error))?;
    Ok((header::SET_COOKIE, cookie))
}

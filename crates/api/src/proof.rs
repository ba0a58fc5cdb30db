//! Proving who one is: the second factor of a log-in, and proving it anew in a session (R7.2).
//!
//! Invariant: the token of a half-done log-in opens nothing but its own end.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::account::ProvedBy;
use domain::factor::Ask;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::Tx;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::Api;
use super::input::In;
use super::problem::{Problem, ProblemOut, Why, code};
use super::session::{self, LOG_IN_OVER, LoggedIn, Network, ProofWay, TOO_MANY_ATTEMPTS, site};
use crate::auth::factor::{Said, Shown, ask_passkey, check, one_of, ways};
use crate::auth::{self, DeviceId, Token};

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(finish))
        .routes(routes!(ask_to_finish))
        .routes(routes!(look, prove))
        .routes(routes!(ask_to_prove))
}

/// What a browser is told when a passkey is wanted.
#[derive(Serialize, ToSchema)]
pub struct PasskeyAsked {
    /// For `navigator.credentials`: `publicKey` with its texts in base64url (WebAuthn Level 3, `parse…OptionsFromJSON`).
    #[schema(value_type = Object)]
    pub options: Value,
}

/// The second factor of a log-in. Exactly one of the three.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "factor_token": "8_J1TXmC3r0vGQ2bW8lYkPa9sDfHjKlQwErTyUiOpAs", "code": "287082" }))]
struct SecondFactor {
    /// From the log-in.
    factor_token: String,
    /// Six digits of an authenticator.
    code: Option<String>,
    /// One of the recovery codes.
    recovery_code: Option<String>,
    /// What `navigator.credentials.get` answered, as JSON.
    #[schema(value_type = Option<Object>)]
    passkey: Option<Map<String, Value>>,
}

/// Which half-done log-in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "factor_token": "8_J1TXmC3r0vGQ2bW8lYkPa9sDfHjKlQwErTyUiOpAs" }))]
struct Half {
    /// From the log-in.
    factor_token: String,
}

/// Whose half-done log-in it is, and where it goes on.
async fn half(
    api: &Arc<Api>,
    Network(network): Network,
    headers: &HeaderMap,
    token: &str,
) -> Result<Shown, Problem> {
    let over = || Problem::new(LOG_IN_OVER);
    let holder = Token::parse(token).ok_or_else(over)?.digest();
    let awaited = api
        .node
        .read(move |tx| store::factor::awaited(tx, &holder, Ask::LogIn))
        .await?;
    let login = awaited.ok_or_else(over)?.login;
    Ok(Shown {
        device: DeviceId::of(&api.node.sealer, headers, &login),
        login,
        network,
        holder,
        ask: Ask::LogInPasskey,
        site: site(api, headers).ok(),
    })
}

/// Finish a log-in by its second factor. After five wrong answers, or when they come too fast, it is over.
#[utoipa::path(post, path = "/session/factor", tag = "session", security(()), request_body = SecondFactor, responses(
    (status = 200, body = LoggedIn),
    (status = 403, description = "wrong_proof", body = ProblemOut),
    (status = 410, description = "log_in_over", body = ProblemOut),
    (status = 429, description = "too_many_attempts", body = ProblemOut),
))]
async fn finish(
    State(api): State<Arc<Api>>,
    network: Network,
    headers: HeaderMap,
    input: In<SecondFactor>,
) -> Result<Response, Problem> {
    let from = session::From::of(&api, network.0, &headers);
    let body = input.body;
    let said = one_of([
        body.code.map(Said::Code),
        body.recovery_code.map(Said::RecoveryCode),
        body.passkey.map(Value::Object).map(Said::Passkey),
        None,
    ])?;
    let shown = half(&api, network, &headers, &body.factor_token).await?;
    let holder = shown.holder;
    let may_try = api
        .node
        .write(move |tx| app::session::try_half(tx, &holder))
        .await?;
    if !may_try {
        return Err(Problem::new(LOG_IN_OVER));
    }
    if let Err(problem) = check(&api, &shown, said).await {
        // Whoever has to wait begins anew then.
        if problem.code == TOO_MANY_ATTEMPTS {
            let end = move |tx: &Tx<'_>| app::session::end_half(tx, &holder);
            api.node.write(end).await?;
        }
        return Err(problem);
    }
    let token = Token::random().map_err(|error| Problem::internal(&error))?;
    let begun = from.begun(token.digest(), ProvedBy::SecondFactor)?;
    let work = move |tx: &Tx<'_>| match app::session::finish(tx, &holder, begun)? {
        Some(account) => session::shown(tx, &account),
        None => Err(Problem::new(LOG_IN_OVER)),
    };
    let account = api.node.write(work).await?;
    session::logged_in(&api, shown.device, token, account)
}

/// Ask for a passkey to finish a log-in by.
#[utoipa::path(post, path = "/session/factor/passkey", tag = "session", security(()), request_body = Half, responses(
    (status = 200, body = PasskeyAsked),
    (status = 404, description = "not_found: there is no passkey for this address", body = ProblemOut),
    (status = 410, description = "log_in_over", body = ProblemOut),
))]
async fn ask_to_finish(
    State(api): State<Arc<Api>>,
    network: Network,
    headers: HeaderMap,
    input: In<Half>,
) -> Result<Json<PasskeyAsked>, Problem> {
    let shown = half(&api, network, &headers, &input.body.factor_token).await?;
    asked(&api, &shown).await
}

async fn asked(api: &Arc<Api>, shown: &Shown) -> Result<Json<PasskeyAsked>, Problem> {
    let options = ask_passkey(api, shown).await?;
    let options = options.ok_or_else(|| Problem::new(code::NOT_FOUND))?;
    Ok(Json(PasskeyAsked { options }))
}

/// How a session stands with what asks for more.
#[derive(Serialize, ToSchema)]
struct Standing {
    /// Whether nothing more is asked for at the moment.
    is_fresh: bool,
    /// By what the person can prove who it is, the strongest first.
    ways: Vec<ProofWay>,
}

/// By what one can prove who one is.
#[utoipa::path(get, path = "/session/proof", tag = "session", responses((status = 200, body = Standing)))]
async fn look(
    State(api): State<Arc<Api>>,
    account: auth::Person,
    headers: HeaderMap,
) -> Result<Json<Standing>, Problem> {
    let rp_id = site(&api, &headers).ok().map(|site| site.rp_id);
    let read = move |tx: &Tx<'_>| {
        let ways = ways(tx, &account.login, rp_id.as_deref())?;
        Ok::<_, Problem>(Json(Standing {
            is_fresh: account.proof.is_fresh,
            ways: ways.into_iter().map(ProofWay).collect(),
        }))
    };
    api.node.read(read).await
}

/// What one shows to prove who one is. Exactly one of the four.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "code": "287082" }))]
struct ProofIn {
    /// The password, where there is no second factor.
    password: Option<String>,
    /// Six digits of an authenticator.
    code: Option<String>,
    /// One of the recovery codes.
    recovery_code: Option<String>,
    /// What `navigator.credentials.get` answered, as JSON.
    #[schema(value_type = Option<Object>)]
    passkey: Option<Map<String, Value>>,
}

/// Prove who one is. For ten minutes what asks for it may be done: releasing a loss, giving rights, setting secrets.
#[utoipa::path(post, path = "/session/proof", tag = "session", request_body = ProofIn, responses(
    (status = 204),
    (status = 403, description = "wrong_proof", body = ProblemOut),
    (status = 429, description = "too_many_attempts", body = ProblemOut),
))]
async fn prove(
    State(api): State<Arc<Api>>,
    account: auth::Person,
    network: Network,
    headers: HeaderMap,
    input: In<ProofIn>,
) -> Result<StatusCode, Problem> {
    let body = input.body;
    let said = one_of([
        body.password
            .map(|password| Said::Password(Zeroizing::new(password))),
        body.code.map(Said::Code),
        body.recovery_code.map(Said::RecoveryCode),
        body.passkey.map(Value::Object).map(Said::Passkey),
    ])?;
    let login = account.login.clone();
    let has_factor = api.node.read(move |tx| store::factor::has(tx, &login)).await?;
    let by = match said {
        // A password alone proves nothing where there is more to show.
        Said::Password(_) if has_factor => return Err(Problem::field("password", Why::Unknown)),
        Said::Password(_) => ProvedBy::Password,
        _ => ProvedBy::SecondFactor,
    };
    check(&api, &in_session(&api, &account, network, &headers), said).await?;
    api.node
        .write(move |tx| app::session::prove(tx, &account.token_digest, by))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The holder of a session, as who shows something.
pub fn in_session(
    api: &Api,
    account: &auth::Person,
    Network(network): Network,
    headers: &HeaderMap,
) -> Shown {
    Shown {
        login: account.login.clone(),
        network,
        device: DeviceId::of(&api.node.sealer, headers, &account.login),
        holder: account.token_digest,
        ask: Ask::ProvePasskey,
        site: site(api, headers).ok(),
    }
}

/// Ask for a passkey to prove by.
#[utoipa::path(post, path = "/session/proof/passkey", tag = "session", responses(
    (status = 200, body = PasskeyAsked),
    (status = 404, description = "not_found: there is no passkey for this address", body = ProblemOut),
))]
async fn ask_to_prove(
    State(api): State<Arc<Api>>,
    account: auth::Person,
    network: Network,
    headers: HeaderMap,
) -> Result<Json<PasskeyAsked>, Problem> {
    asked(&api, &in_session(&api, &account, network, &headers)).await
}

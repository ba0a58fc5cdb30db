//! One's own sessions, and one's own password (R7.2).
//!
//! Invariant: nobody sees or ends the sessions of others here.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::Api;
use super::input::In;
use super::problem::{Problem, ProblemOut, code};
use super::proof::in_session;
use super::session::{Network, SESSION_NOT_FOUND};
use super::wire::Time;
use crate::auth;
use crate::auth::factor::{Said, check};

/// Sessions shown at once, the newest.
const SHOWN_MAX: i64 = 100;

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_sessions))
        .routes(routes!(end_others))
        .routes(routes!(end_one))
        .routes(routes!(change_password))
}

/// A session of one's own.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
struct SessionOut {
    /// How it is named; it opens nothing.
    id: String,
    /// Since when.
    since: Time,
    /// When something was last done in it, to the minute.
    used_at: Time,
    /// When it is over at the latest.
    ends_at: Time,
    /// From which address it was begun; of IPv6 the first 64 bits.
    #[schema(required)]
    address: Option<String>,
    /// In which family of browsers, as `Chrome · Windows`; null: a program.
    #[schema(required)]
    browser: Option<String>,
    /// Whether it is the one that asks.
    is_this: bool,
}

/// One's own sessions.
#[derive(Serialize, ToSchema)]
struct Sessions {
    /// The newest first, at most 100.
    items: Vec<SessionOut>,
}

/// One's own sessions that last.
#[utoipa::path(get, path = "/sessions", tag = "session", responses((status = 200, body = Sessions)))]
async fn list_sessions(
    State(api): State<Arc<Api>>,
    account: auth::Person,
) -> Result<Json<Sessions>, Problem> {
    let read = move |tx: &Tx<'_>| {
        let all = store::session::of(tx, &account.login, SHOWN_MAX)?;
        let items = all.into_iter().map(|session| SessionOut {
            is_this: session.token_digest == account.token_digest,
            id: session.session_id,
            since: Time(session.since),
            used_at: Time(session.used_at),
            ends_at: Time(session.ends_at),
            address: session.network,
            browser: session.browser,
        });
        Ok::<_, Problem>(Json(Sessions {
            items: items.collect(),
        }))
    };
    api.node.read(read).await
}

/// End one of one's own sessions.
#[utoipa::path(delete, path = "/sessions/{session_id}", tag = "session", params(("session_id" = String, Path)), responses(
    (status = 204),
    (status = 404, description = "session_not_found", body = ProblemOut),
))]
async fn end_one(
    State(api): State<Arc<Api>>,
    account: auth::Person,
    Path(session_id): Path<String>,
) -> Result<StatusCode, Problem> {
    let login = account.login.clone();
    let ended = api
        .node
        .write(move |tx| app::session::end_one(tx, &account.login, &session_id))
        .await?;
    if !ended {
        return Err(Problem::new(SESSION_NOT_FOUND));
    }
    // Live streams of it look whether it lasts.
    api.node.changed(Some(login));
    Ok(StatusCode::NO_CONTENT)
}

/// End all of one's own sessions but this one.
#[utoipa::path(post, path = "/sessions/end-others", tag = "session", responses((status = 204)))]
async fn end_others(State(api): State<Arc<Api>>, account: auth::Person) -> Result<StatusCode, Problem> {
    let login = account.login.clone();
    api.node
        .write(move |tx| app::session::end_others(tx, &account.login, &account.token_digest))
        .await?;
    api.node.changed(Some(login));
    Ok(StatusCode::NO_CONTENT)
}

/// Another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "current": "teapot-in-the-rain", "new": "kettle-in-the-snow" }))]
struct PasswordChange {
    /// The one until now.
    current: String,
    /// At least 8 characters, and none of those that are guessed first.
    new: String,
}

/// Choose another password. Every other session of one's own ends; with a second factor, that has to be shown first.
#[utoipa::path(put, path = "/session/password", tag = "session", request_body = PasswordChange, responses(
    (status = 204),
    (status = 403, description = "wrong_proof: it is not the current one; step_up_required", body = ProblemOut),
    (status = 429, description = "too_many_attempts", body = ProblemOut),
))]
async fn change_password(
    State(api): State<Arc<Api>>,
    account: auth::Person,
    network: Network,
    headers: HeaderMap,
    input: In<PasswordChange>,
) -> Result<StatusCode, Problem> {
    let login = account.login.clone();
    let asked = login.clone();
    let has_factor = api.node.read(move |tx| store::factor::has(tx, &asked)).await?;
    if has_factor && !account.proof.is_fresh {
        return Err(Problem::new(code::STEP_UP_REQUIRED));
    }
    let shown = in_session(&api, &account, network, &headers);
    let current = Said::Password(Zeroizing::new(input.body.current));
    check(&api, &shown, current).await?;
    let theirs = vec![login.clone(), account.name.clone()];
    let new = Zeroizing::new(input.body.new);
    let hash = api.passwords.hash_new("new", new, theirs).await?;
    let work =
        move |tx: &Tx<'_>| app::session::change_password(tx, &account.login, &account.token_digest, &hash);
    api.node.write(work).await?;
    api.node.changed(Some(login));
    Ok(StatusCode::NO_CONTENT)
}

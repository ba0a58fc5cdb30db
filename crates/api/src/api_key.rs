//! API keys, for those who give rights: made, listed and revoked (R7.2).
//!
//! Invariant: a key leaves once, in the answer that makes it; afterwards nobody can show it.

use std::sync::Arc;

use app::api_key::{New, NotMade};
use app::case::Error;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::Actor;
use domain::account::Scope;
use domain::api_key::{ApiKey, PREFIX, Verb, named};
use domain::right::{Object, Right as DomainRight, Rights};
use domain::shop::Shop;
use domain::time::HOUR_MS;
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::account::NAME_CHARS_MAX;
use super::edge::Secret;
use super::id::{self, Merchant};
use super::idempotency::Kept;
use super::input::{In, Limit, Query, text, text_opt};
use super::page::Page;
use super::people::Names;
use super::problem::{Problem, ProblemOut, Why};
use super::route::{self, Listed, Shown, acting};
use super::session::Right;
use super::wire::{Time, word};
use crate::Api;
use crate::auth::{self, Account, Key, Token, scope};

const DAY_MS: i64 = 24 * HOUR_MS;

word! {
    /// Whether a key may be used.
    ApiKeyState: domain::api_key::State;
    /// What people can do with a key.
    ApiKeyAction: Verb;
}

crate::problem::codes! {
    /// No such key, for this account.
    NOT_FOUND = "api_key_not_found", NOT_FOUND:
        ("没有找到密钥", "没有这把 API 密钥。"),
        ("API key not found", "There is no such API key.");
    /// Enough of them work.
    TOO_MANY = "too_many_keys", CONFLICT:
        ("密钥太多", "这里已有 50 把可用的密钥，请先停用不再需要的。"),
        ("Too many keys", "50 keys work here already: revoke those that nothing needs any more.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show))
        .routes(routes!(revoke))
        .routes(routes!(show_events))
}

/// An API key, without what opens anything.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub struct ApiKeyOut {
    /// Eight letters and digits.
    id: String,
    /// What the key begins with.
    prefix: String,
    /// What uses it.
    name: String,
    /// The one merchant it sees; null: all.
    #[schema(required)]
    merchant_id: Option<String>,
    /// That merchant's name.
    #[schema(required)]
    merchant_name: Option<String>,
    /// The one shop it sees; null: all of the merchant's.
    #[schema(required)]
    shop_id: Option<String>,
    /// That shop's name.
    #[schema(required)]
    shop_name: Option<String>,
    /// What it may do in what it sees; with no right it reads.
    rights: Vec<Right>,
    /// Whether it may be used.
    state: ApiKeyState,
    /// Who made it, by name.
    made_by: String,
    /// When.
    made_at: Time,
    /// Until when it works.
    ends_at: Time,
    /// Whether its time is over.
    is_over: bool,
    /// Whether it works for no more than 14 days.
    ends_soon: bool,
    /// When it was last used, to the minute; null: never.
    #[schema(required)]
    used_at: Option<Time>,
    /// From which address, noted at most every five seconds; of IPv6 the first 64 bits.
    #[schema(required)]
    used_from: Option<String>,
    /// What the one who asks may do with it now.
    actions: Vec<ApiKeyAction>,
}

impl Shown for ApiKey {
    type Out = ApiKeyOut;

    fn out(tx: &Tx<'_>, actor: &Actor, it: Self) -> Result<ApiKeyOut, Problem> {
        let mut names = Names::new(tx);
        let (merchant_name, shop_name) = names.place(&it.scope)?;
        Ok(ApiKeyOut {
            actions: route::actions(tx, actor, &it, ApiKeyAction)?,
            is_over: it.is_over(tx.now()),
            ends_soon: it.ends_soon(tx.now()),
            merchant_name,
            shop_name,
            made_by: names.person(&it.made_by)?,
            prefix: format!("{PREFIX}{}", it.api_key_id),
            id: it.api_key_id,
            name: it.name,
            merchant_id: it.scope.merchant_id().map(|merchant_id| merchant_id.to_string()),
            shop_id: it.scope.shop_id().map(str::to_owned),
            rights: it.rights.iter().map(Right).collect(),
            state: ApiKeyState(it.state),
            made_at: Time(it.made_at),
            ends_at: Time(it.ends_at),
            used_at: it.used_at.map(Time),
            used_from: it.used_from,
        })
    }
}

/// Which keys.
#[derive(Default, Deserialize, IntoParams)]
pub struct ApiKeyQuery {
    /// One state only.
    state: Option<ApiKeyState>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`.
    cursor: Option<String>,
}

impl Listed for ApiKey {
    type Query = ApiKeyQuery;

    fn list(tx: &Tx<'_>, actor: &Actor, which: &ApiKeyQuery, limit: i64) -> Result<Vec<Self>, Problem> {
        let (state, after) = (which.state.map(|state| state.0), which.cursor.as_deref());
        if let Some(after) = after {
            let given = app::case::find::<Self>(tx, actor, after);
            given.map_err(|error| match error {
                Error::NotFound(_) => Problem::field("cursor", Why::NotACursor),
                other => other.into(),
            })?;
        }
        Ok(store::api_key::list(tx, scope(actor)?, state, after, limit)?)
    }
}

/// Only who gives rights is told of keys.
fn givers_only(account: &Account) -> Result<(), Problem> {
    auth::may(account.as_actor(), DomainRight::GiveRights, Object::Seen)
}

/// Those one sees, the newest first.
#[utoipa::path(get, path = "/api-keys", tag = "api_key", params(ApiKeyQuery), responses(
    (status = 200, body = Page<ApiKeyOut>),
    (status = 403, description = "not_allowed", body = ProblemOut),
))]
async fn list(
    State(api): State<Arc<Api>>,
    account: Account,
    Query(query): Query<ApiKeyQuery>,
) -> Result<Json<Page<ApiKeyOut>>, Problem> {
    givers_only(&account)?;
    route::list::<ApiKey>(&api, account, query.limit, query).await
}

/// One of them.
#[utoipa::path(get, path = "/api-keys/{api_key_id}", tag = "api_key", params(("api_key_id" = String, Path)), responses(
    (status = 200, body = ApiKeyOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "api_key_not_found", body = ProblemOut),
))]
async fn show(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(id): Path<String>,
) -> Result<Json<ApiKeyOut>, Problem> {
    givers_only(&account)?;
    route::show::<ApiKey>(&api, account, id).await
}

/// What happened to it, oldest first.
#[utoipa::path(get, path = "/api-keys/{api_key_id}/events", tag = "api_key",
    params(("api_key_id" = String, Path), route::EventsAfter), responses(
    (status = 200, body = Page<route::EventOut>),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "api_key_not_found", body = ProblemOut),
))]
async fn show_events(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(id): Path<String>,
    Query(page): Query<route::EventsAfter>,
) -> Result<Json<Page<route::EventOut>>, Problem> {
    givers_only(&account)?;
    route::events::<ApiKey>(&api, account, id, page).await
}

/// What is said of a new key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "SIEM", "rights": ["see_record"], "days": 90 }))]
struct ApiKeyIn {
    /// What will use it; at most 100 characters.
    name: String,
    /// The merchant it is of; one's own without it, where there is one, else the house.
    merchant_id: Option<Merchant>,
    /// The one shop it is of; all of the merchant's without it.
    shop_id: Option<String>,
    /// What it may do; without a right it reads. Never what only people do.
    #[schema(max_items = 18)]
    rights: Vec<Right>,
    /// For how many days it works.
    #[schema(minimum = 1, maximum = 366)]
    days: i64,
}

const _: () = assert!(DomainRight::ALL.len() == 18, "said above");

impl ApiKeyIn {
    fn read(
        self,
        tx: &Tx<'_>,
        actor: &Actor,
        (api_key_id, secret): (String, &Token),
    ) -> Result<New, Problem> {
        let own = actor.scope().and_then(Scope::merchant_id);
        let merchant_id = self.merchant_id.map(|merchant| merchant.0).or(own);
        let scope = match (merchant_id, self.shop_id) {
            (None, None) => Scope::All,
            (Some(merchant_id), None) => Scope::Merchant(merchant_id),
            (said, Some(shop_id)) => {
                let shop: Shop = app::case::named(tx, actor, &shop_id, "shop_id")?;
                if said.is_some_and(|said| said != shop.merchant_id) {
                    return Err(Problem::field("shop_id", Why::Invalid));
                }
                Scope::Shop(shop.merchant_id, shop.shop_id)
            }
        };
        let rights: Rights = self.rights.into_iter().map(|right| right.0).collect();
        if !domain::api_key::at_most(&scope).has_all(rights) {
            return Err(Problem::field("rights", Why::Invalid));
        }
        Ok(New {
            api_key_id,
            secret_digest: secret.digest(),
            name: text("name", &self.name, NAME_CHARS_MAX)?,
            scope,
            rights,
            ends_at: tx.now().plus_ms(self.days.saturating_mul(DAY_MS)),
        })
    }
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
struct ApiKeyMade {
    #[serde(flatten)]
    api_key: ApiKeyOut,
    /// The key, for `Authorization: Bearer`, shown this once.
    key: String,
}

/// Make a key, with at most one's own rights. The answer holds it, this once; an idempotency key does not repeat it.
#[utoipa::path(post, path = "/api-keys", tag = "api_key", request_body = ApiKeyIn, responses(
    (status = 201, body = ApiKeyMade),
    (status = 403, description = "not_allowed, step_up_required", body = ProblemOut),
    (status = 409, description = "too_many_keys", body = ProblemOut),
))]
async fn create(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    input: In<ApiKeyIn>,
) -> Result<Response, Problem> {
    givers_only(&account)?;
    let key = Key {
        api_key_id: id::new()?,
        secret: Token::random().map_err(|error| Problem::internal(&error))?,
    };
    let work = move |tx: &Tx<'_>| {
        let actor = account.actor(tx)?;
        let new = input
            .body
            .read(tx, &actor, (key.api_key_id.clone(), &key.secret))?;
        let made = app::api_key::create(tx, &actor, new)?;
        Ok::<_, Problem>(ApiKeyMade {
            api_key: ApiKey::out(tx, &actor, made)?,
            key: key.to_string(),
        })
    };
    let made = api.node.write(work).await?;
    Ok((StatusCode::CREATED, Extension(Secret), Json(made)).into_response())
}

impl From<NotMade> for Problem {
    fn from(error: NotMade) -> Self {
        match error {
            NotMade::End => Self::field("days", Why::Invalid),
            NotMade::TooMany => Self::new(TOO_MANY),
            NotMade::Case(error) => error.into(),
        }
    }
}

/// Let a key be used no more. Whatever uses it is refused at once, and its live streams end.
#[utoipa::path(post, path = "/api-keys/{api_key_id}/revoke", tag = "api_key", params(("api_key_id" = String, Path)),
    request_body = route::Said, responses(
    (status = 200, body = ApiKeyOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "api_key_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn revoke(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(id): Path<String>,
    input: In<route::Said>,
) -> Result<Kept, Problem> {
    givers_only(&account)?;
    let name = named(&id);
    let kept = acting(&api, account, input, move |tx, actor, said: route::Said| {
        let text = text_opt("text", said.text, app::case::TEXT_CHARS_MAX)?;
        let revoked = app::api_key::revoke(tx, actor, &id, text.as_deref())?;
        ApiKey::out(tx, actor, revoked)
    })
    .await;
    // Live streams of it look whether it still opens anything.
    api.node.changed(Some(name));
    kept
}

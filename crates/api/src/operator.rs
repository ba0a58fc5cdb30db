//! Operators of a shop: the cashiers who sign in to its terminals (R5.1).
//!
//! Invariant: a password is hashed before anything else is done with it, and never in a store transaction.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::Actor;
use domain::operator::{Cashier, Number, Operator, State as Word, Verb, is_password};
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::Api;
use super::idempotency::Kept;
use super::input::{Cursor, In, Limit, Place, text};
use super::people::Names;
use super::problem::{Problem, ProblemOut, Why};
use super::route::{self, Listed, Shown, acting};
use super::wire::word;
use crate::auth::{self, scope};

/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 100;

word! {
    /// Whether an operator may sign in.
    OperatorState: Word;
    /// What people can do with an operator.
    OperatorAction: Verb;
}

crate::problem::codes! {
    /// No such operator, for this account.
    NOT_FOUND = "operator_not_found", NOT_FOUND:
        ("没有找到操作员", "没有这个操作员。"),
        ("Operator not found", "There is no such operator.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, change))
        .routes(routes!(set_password))
        .routes(routes!(disable))
        .routes(routes!(enable))
        .routes(routes!(show_events))
}

route::list_route!(list: Cashier => OperatorOut, OperatorQuery, "operator", "/operators");
route::show_route!(show: Cashier => OperatorOut, "operator", "/operators/{operator_id}", "operator_id");
route::step_route!(enable: Cashier => OperatorOut, Verb::Enable, "operator", "/operators/{operator_id}/enable", "operator_id");
route::events_route!(show_events: Cashier, "operator", "/operators/{operator_id}/events", "operator_id");

/// An operator.
#[derive(Serialize, ToSchema)]
#[schema(as = Operator)]
pub struct OperatorOut {
    /// Shop and number: `S01.002`.
    id: String,
    /// The shop the number is valid in.
    shop_id: String,
    /// That shop's name.
    shop_name: String,
    /// What is typed at the terminal.
    operator: String,
    /// How the shop calls the person.
    name: String,
    /// Whether the person may sign in.
    state: OperatorState,
    /// What the one who asks may do now.
    actions: Vec<OperatorAction>,
}

impl Shown for Cashier {
    type Out = OperatorOut;

    fn out(tx: &Tx<'_>, actor: &Actor, it: Self) -> Result<OperatorOut, Problem> {
        Ok(OperatorOut {
            actions: route::actions(tx, actor, &it, OperatorAction)?,
            id: it.id,
            shop_name: Names::new(tx).shop(&it.operator.shop_id)?,
            shop_id: it.operator.shop_id,
            operator: it.operator.operator.to_string(),
            name: it.operator.name,
            state: OperatorState(it.operator.state),
        })
    }
}

/// The place of an operator in the list.
#[derive(Clone, Debug)]
struct After(String, Number);

impl Place for After {
    fn parse(cursor: &str) -> Option<Self> {
        let (shop_id, number) = Cashier::parse(cursor)?;
        Some(Self(shop_id.to_owned(), number))
    }
}

/// Which operators.
#[derive(Default, Deserialize, IntoParams)]
pub struct OperatorQuery {
    /// One shop's only.
    shop_id: Option<String>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<After>>,
}

impl Listed for Cashier {
    type Query = OperatorQuery;

    fn list(tx: &Tx<'_>, actor: &Actor, which: &OperatorQuery, limit: i64) -> Result<Vec<Self>, Problem> {
        let after = which
            .cursor
            .as_ref()
            .map(|cursor| (cursor.0.0.as_str(), cursor.0.1));
        Ok(store::operator::list(
            tx,
            scope(actor)?,
            which.shop_id.as_deref(),
            after,
            limit,
        )?)
    }
}

/// A new operator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "shop_id": "S01", "operator": "002", "name": "收银员 02", "password": "135790" }))]
struct OperatorIn {
    /// The shop the number is valid in.
    shop_id: String,
    /// 1 to 3 letters or digits, as typed at the terminal.
    operator: String,
    /// How the shop calls the person; at most 100 characters.
    name: String,
    /// 4 to 12 digits: what a terminal can take.
    password: String,
}

/// Another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "password": "135790" }))]
struct OperatorPassword {
    /// 4 to 12 digits.
    password: String,
}

/// Another name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "收银员 02" }))]
struct OperatorChange {
    /// How the shop calls the person; at most 100 characters.
    name: String,
}

/// The hash of a password that a terminal can take.
async fn hashed(api: &Api, password: String) -> Result<String, Problem> {
    let password = Zeroizing::new(password);
    match is_password(&password) {
        true => api.passwords.hash(password).await,
        false => Err(Problem::field("password", Why::NotDigits)),
    }
}

/// Add an operator of a shop.
#[utoipa::path(post, path = "/operators", tag = "operator", request_body = OperatorIn, responses(
    (status = 201, body = OperatorOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 409, description = "taken: the shop has this number", body = ProblemOut),
))]
async fn create(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    input: In<OperatorIn>,
) -> Result<Kept, Problem> {
    let said = &input.body;
    let number = Number::parse(&said.operator).ok_or_else(|| Problem::field("operator", Why::Invalid))?;
    let operator = Operator {
        shop_id: said.shop_id.trim().to_owned(),
        operator: number,
        name: text("name", &said.name, NAME_CHARS_MAX)?,
        state: Word::Active,
    };
    let hash = hashed(&api, said.password.clone()).await?;
    let kept = acting(&api, account, input, move |tx, actor, _| {
        Cashier::out(tx, actor, app::cashier::create(tx, actor, operator, &hash)?)
    });
    Ok(kept.await?.with_status(StatusCode::CREATED))
}

/// Call an operator otherwise.
#[utoipa::path(put, path = "/operators/{operator_id}", tag = "operator", params(("operator_id" = String, Path)),
    request_body = OperatorChange, responses(
    (status = 200, body = OperatorOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "operator_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn change(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(id): Path<String>,
    input: In<OperatorChange>,
) -> Result<Kept, Problem> {
    acting(&api, account, input, move |tx, actor, said: OperatorChange| {
        let name = text("name", &said.name, NAME_CHARS_MAX)?;
        Cashier::out(tx, actor, app::cashier::change(tx, actor, &id, name)?)
    })
    .await
}

/// Give an operator another password.
#[utoipa::path(post, path = "/operators/{operator_id}/password", tag = "operator", params(("operator_id" = String, Path)),
    request_body = OperatorPassword, responses(
    (status = 200, body = OperatorOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "operator_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn set_password(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(id): Path<String>,
    input: In<OperatorPassword>,
) -> Result<Kept, Problem> {
    let hash = hashed(&api, input.body.password.clone()).await?;
    acting(&api, account, input, move |tx, actor, _| {
        Cashier::out(tx, actor, app::cashier::set_password(tx, actor, &id, &hash)?)
    })
    .await
}

/// Let an operator sign in no more; where the number is signed in, it is signed out.
#[utoipa::path(post, path = "/operators/{operator_id}/disable", tag = "operator", params(("operator_id" = String, Path)),
    request_body = route::Said, responses(
    (status = 200, body = OperatorOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "operator_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn disable(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(id): Path<String>,
    input: In<route::Said>,
) -> Result<Kept, Problem> {
    acting(&api, account, input, move |tx, actor, _| {
        Cashier::out(tx, actor, app::cashier::disable(tx, actor, &id)?)
    })
    .await
}

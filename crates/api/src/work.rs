//! Work that is to be done, and what of it waits for a person.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use domain::Actor;
use domain::right::{Object, Right};
use domain::work::{Id, State as WorkIs, Verb, Work};
use serde::{Deserialize, Serialize};
use store::Tx;
use store::work::Filter;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::idempotency::Kept;
use super::input::{Cursor, In, Limit, Place, Query, text_opt};
use super::page::Page;
use super::problem::{Problem, ProblemOut};
use super::route::Subject;
use super::route::{self, Said, Shown, acting, reading};
use super::wire::{Time, word};
use crate::auth::{self, Account};

word! {
    /// What is to be done.
    WorkKind: domain::work::Kind;
    /// Where work stands.
    WorkState: domain::work::State;
    /// What people can do with work.
    WorkAction: domain::work::Verb;
}

crate::problem::codes! {
    /// There is no such work, for this account.
    NOT_FOUND = "work_not_found", NOT_FOUND:
        ("没有找到待办", "没有这项工作，可能已经办完。"),
        ("Work not found", "There is no such work; it may be done meanwhile.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(retry))
        .routes(routes!(give_up))
        .routes(routes!(show_events))
}

route::show_route!(show: Work => WorkOut, "work", "/work/{work_id}", "work_id");
route::step_route!(give_up: Work => WorkOut, Verb::GiveUp, "work", "/work/{work_id}/give-up", "work_id");
route::events_route!(show_events: Work, "work", "/work/{work_id}/events", "work_id");

/// Something to be done later, or by somebody outside.
#[derive(Serialize, ToSchema)]
#[schema(as = Work)]
pub struct WorkOut {
    /// Kind, what it is about, and which of several: `reversal.10450001.17`.
    id: String,
    /// What is to be done.
    kind: WorkKind,
    /// What it is about; null: the house itself.
    #[schema(required)]
    subject: Option<Subject>,
    /// Which one.
    subject_id: String,
    /// Where it stands.
    state: WorkState,
    /// Since when it is to be done.
    since: Time,
    /// When it is tried next, or a node's claim runs out; null when a person decides.
    #[schema(required)]
    due_at: Option<Time>,
    /// How often it was tried since it was last asked for.
    tries: i64,
    /// The node that does it now.
    #[schema(required)]
    node: Option<String>,
    /// Why the last try failed.
    #[schema(required)]
    last_error: Option<String>,
    /// What the one who asks may do with it now.
    actions: Vec<WorkAction>,
}

impl Shown for Work {
    type Out = WorkOut;

    fn out(tx: &Tx<'_>, actor: &Actor, it: Self) -> Result<WorkOut, Problem> {
        let kind = it.id.kind();
        Ok(WorkOut {
            actions: route::actions(tx, actor, &it, WorkAction)?,
            id: it.id.as_str().to_owned(),
            kind: WorkKind(kind),
            subject: kind.policy().subject.map(Subject),
            subject_id: it.id.subject_id().to_owned(),
            state: WorkState(it.state),
            since: Time(it.since),
            due_at: it.due.map(Time),
            tries: it.tries,
            node: it.claim.map(|claim| claim.node),
            last_error: it.last_error,
        })
    }
}

/// Work in pages, and how much of all waits for a person.
#[derive(Serialize, ToSchema)]
struct WorkPage {
    #[serde(flatten)]
    page: Page<WorkOut>,
    /// How many cannot be done.
    dead_count: i64,
    /// How many may have been done.
    unknown_count: i64,
}

impl Place for Id {
    fn parse(cursor: &str) -> Option<Self> {
        Self::parse(cursor)
    }
}

/// Which work.
#[derive(Deserialize, IntoParams)]
struct WorkQuery {
    /// One kind only.
    kind: Option<WorkKind>,
    /// One state only.
    state: Option<WorkState>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<Id>>,
}

/// Work, in the order of what it is about; for those who see how the house runs.
#[utoipa::path(get, path = "/work", tag = "work", params(WorkQuery), responses(
    (status = 200, body = WorkPage), (status = 403, description = "not_allowed", body = ProblemOut),
))]
async fn list(
    State(api): State<Arc<Api>>,
    account: Account,
    Query(query): Query<WorkQuery>,
) -> Result<Json<WorkPage>, Problem> {
    let after = query.cursor.map(|cursor| cursor.0);
    reading(&api, account, move |tx, actor| {
        auth::may(actor, Right::SeeHouse, Object::House)?;
        let filter = Filter {
            kind: query.kind.map(|kind| kind.0),
            state: query.state.map(|state| state.0),
        };
        let work = store::work::list(tx, filter, after.as_ref(), query.limit.and_one())?;
        let page = Page::of(work, query.limit.get(), |work| work.id.as_str().to_owned())
            .try_map(|work| Work::out(tx, actor, work))?;
        Ok(WorkPage {
            page,
            dead_count: store::work::stuck_count(tx, WorkIs::Dead)?,
            unknown_count: store::work::stuck_count(tx, WorkIs::Unknown)?,
        })
    })
    .await
}

/// Have it done again, at once.
#[utoipa::path(post, path = "/work/{work_id}/retry", tag = "work", params(("work_id" = String, Path)),
    request_body = Said, responses(
    (status = 200, body = WorkOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "work_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn retry(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(work_id): Path<String>,
    input: In<Said>,
) -> Result<Kept, Problem> {
    let kept = acting(&api, account, input, move |tx, actor, said| {
        let text = text_opt("text", said.text, app::case::TEXT_CHARS_MAX)?;
        let work = app::retry::dead_work(tx, actor, &work_id, text.as_deref())?;
        Work::out(tx, actor, work)
    })
    .await?;
    api.node.work_due.notify_one();
    Ok(kept)
}

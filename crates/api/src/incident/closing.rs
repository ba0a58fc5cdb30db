//! Closing an incident whose terminal was not found, opening it again, and the moments that terms run from (R1.1, R3.4).

use std::sync::Arc;

use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::case::{self, IncidentOut};
use super::duty::{DutyMoment, blocking};
use crate::Api;
use crate::auth::Actor;
use crate::idempotency::Kept;
use crate::input::{In, text};
use crate::problem::{Problem, ProblemOut, Why};
use crate::wire::Time;

crate::problem::codes! {
    /// Duties are open that keep it from being closed; `open_duties` names them.
    DUTIES_OPEN = "duties_open", CONFLICT:
        ("还有待办没有完成", "还有待办没有完成：先完成它们，或者写明为什么不需要。"),
        ("Duties are open", "Some duties are open still: do them first, or say why there is no need for them.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(close))
        .routes(routes!(reopen))
        .routes(routes!(say_moment))
}

/// How it ended.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "statement": "没有找到；新终端已启用" }))]
struct ClosingStatement {
    /// How it ended, in a sentence; at most 2000 characters.
    statement: String,
}

/// Close an incident although its terminal was not found. It stays stopped for good.
#[utoipa::path(post, path = "/incidents/{incident_id}/close", tag = "incident", params(("incident_id" = String, Path)),
    request_body = ClosingStatement, responses(
    (status = 200, body = IncidentOut),
    (status = 403, description = "not_allowed, step_up_required", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
    (status = 409, description = "duties_open: `open_duties` names them; wrong_state", body = ProblemOut),
))]
async fn close(
    State(api): State<Arc<Api>>,
    Actor(account): Actor,
    Path(incident_id): Path<String>,
    input: In<ClosingStatement>,
) -> Result<Kept, Problem> {
    case::try_step(
        &api,
        account,
        incident_id,
        input,
        |tx, actor, id, said: ClosingStatement| {
            let statement = text("statement", &said.statement, app::case::TEXT_CHARS_MAX)?;
            match app::incident::close(tx, actor, id, &statement) {
                Err(app::case::Error::Against(app::case::Against::DutiesOpen)) => {
                    Err(Problem::new(DUTIES_OPEN).open_duties(blocking(tx, id, |_| true)?))
                }
                closed => Ok(closed?),
            }
        },
    )
    .await
}

/// Why it is opened again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "ground": "警方通知找到了终端" }))]
struct Reopening {
    /// Why, in a sentence; at most 2000 characters.
    ground: String,
}

/// Open an incident again that was closed although its terminal was not found.
#[utoipa::path(post, path = "/incidents/{incident_id}/reopen", tag = "incident", params(("incident_id" = String, Path)),
    request_body = Reopening, responses(
    (status = 200, body = IncidentOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn reopen(
    State(api): State<Arc<Api>>,
    Actor(account): Actor,
    Path(incident_id): Path<String>,
    input: In<Reopening>,
) -> Result<Kept, Problem> {
    case::try_step(
        &api,
        account,
        incident_id,
        input,
        |tx, actor, id, said: Reopening| {
            let ground = text("ground", &said.ground, app::case::TEXT_CHARS_MAX)?;
            Ok(app::incident::reopen(tx, actor, id, &ground)?)
        },
    )
    .await
}

/// When something happened.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "moment": "confirmed", "at": "2026-01-01T00:00:00Z" }))]
struct MomentSaid {
    /// `occurred`, `confirmed` or `aware`; the others are known by themselves.
    moment: DutyMoment,
    /// When; not later than now.
    at: Time,
}

/// Say when something happened that terms run from. It is said once: what runs from it is given more time by name.
#[utoipa::path(post, path = "/incidents/{incident_id}/moments", tag = "incident", params(("incident_id" = String, Path)),
    request_body = MomentSaid, responses(
    (status = 200, body = IncidentOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn say_moment(
    State(api): State<Arc<Api>>,
    Actor(account): Actor,
    Path(incident_id): Path<String>,
    input: In<MomentSaid>,
) -> Result<Kept, Problem> {
    case::try_step(
        &api,
        account,
        incident_id,
        input,
        |tx, actor, id, said: MomentSaid| {
            if said.at.0 > tx.now() {
                return Err(Problem::field("at", Why::InFuture));
            }
            Ok(app::incident::say_moment(
                tx,
                actor,
                id,
                (said.moment.0, said.at.0),
            )?)
        },
    )
    .await
}

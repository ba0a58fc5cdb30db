//! Finding a terminal again: one person says so, another confirms; nothing else ends a loss (R1.2).

use std::sync::Arc;

use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::alarm::Nothing;
use super::case::{self, IncidentOut};
use crate::Api;
use crate::auth::Actor;
use crate::idempotency::Kept;
use crate::input::{In, text};
use crate::problem::{Problem, ProblemOut};

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(propose))
        .routes(routes!(confirm))
}

/// That a terminal was found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "statement": "behind the counter" }))]
struct FoundStatement {
    /// Where, how, in what condition; at most 2000 characters.
    statement: String,
}

/// Say that the terminal was found. It stays stopped until another person confirms.
#[utoipa::path(post, path = "/incidents/{incident_id}/found", tag = "incident",
    params(("incident_id" = String, Path)), request_body = FoundStatement, responses(
    (status = 200, body = IncidentOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn propose(
    State(api): State<Arc<Api>>,
    Actor(account): Actor,
    Path(incident_id): Path<String>,
    input: In<FoundStatement>,
) -> Result<Kept, Problem> {
    let statement = text("statement", &input.body.statement, app::case::TEXT_CHARS_MAX)?;
    case::step(&api, account, incident_id, input, move |tx, actor, id, _| {
        app::incident::propose_found(tx, actor, id, &statement)
    })
    .await
}

/// Confirm, as a second person with authority, and close the incident: the terminal runs again.
#[utoipa::path(post, path = "/incidents/{incident_id}/found/confirm", tag = "incident",
    params(("incident_id" = String, Path)), request_body = Nothing, responses(
    (status = 200, body = IncidentOut),
    (status = 403, description = "second_person_required, not_allowed", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn confirm(
    State(api): State<Arc<Api>>,
    Actor(account): Actor,
    Path(incident_id): Path<String>,
    input: In<Nothing>,
) -> Result<Kept, Problem> {
    case::step(&api, account, incident_id, input, |tx, actor, id, Nothing {}| {
        app::incident::confirm_found(tx, actor, id)
    })
    .await
}

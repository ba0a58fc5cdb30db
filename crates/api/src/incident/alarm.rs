//! The alarm of an incident: somebody has seen it.

use std::sync::Arc;

use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::case::{self, IncidentOut};
use crate::Api;
use crate::auth::Actor;
use crate::idempotency::Kept;
use crate::input::In;
use crate::problem::{Problem, ProblemOut};

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(acknowledge))
}

/// A request that says everything by its address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct Nothing {}

/// Say that one has seen the alarm; without an open alarm nothing changes.
#[utoipa::path(post, path = "/incidents/{incident_id}/alarm/acknowledge", tag = "incident",
    params(("incident_id" = String, Path)), request_body = Nothing, responses(
    (status = 200, body = IncidentOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
))]
async fn acknowledge(
    State(api): State<Arc<Api>>,
    Actor(account): Actor,
    Path(incident_id): Path<String>,
    input: In<Nothing>,
) -> Result<Kept, Problem> {
    case::step(&api, account, incident_id, input, |tx, actor, id, Nothing {}| {
        app::incident::acknowledge_alarm(tx, actor, id)
    })
    .await
}

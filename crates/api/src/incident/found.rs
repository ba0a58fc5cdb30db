//! Finding a terminal again: one person says so, and how; another confirms; nothing else ends a loss (R1.2). What it owes in between is
//! said in [`super::inspection`] and by its key.

use std::sync::Arc;

use app::case::{Against, Error};
use axum::extract::{Path, State};
use domain::duty::Duty;
use domain::incident::Incident;
use serde::Deserialize;
use store::Tx;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::alarm::Nothing;
use super::case::{self, FoundAs, IncidentOut};
use super::closing::DUTIES_OPEN;
use super::duty::blocking;
use crate::Api;
use crate::auth::Actor;
use crate::idempotency::Kept;
use crate::input::{In, text};
use crate::problem::{Problem, ProblemOut};

crate::problem::codes! {
    /// Nobody has looked it over since it was found.
    INSPECTION_REQUIRED = "inspection_required", CONFLICT:
        ("还没有验机", "找到的设备不能直接信任：先按清单检查它，再由第二个人确认。"),
        ("Not inspected yet", "A device that was found is not trusted: inspect it by the list first, then a second person confirms.");
    /// The last inspection failed.
    INSPECTION_FAILED = "inspection_failed", CONFLICT:
        ("验机没有通过", "最近一次检查有不对的地方：终端保持停用。修好后重新检查，或者报告它已经损坏。"),
        ("It did not pass", "Something was not right at the last inspection: the terminal stays stopped. Inspect it anew once it is put right, \
         or say that it is broken.");
    /// Its keys are not new.
    NEW_KEYS_REQUIRED = "new_keys_required", CONFLICT:
        ("还没有换新密钥", "找到之后必须换上新的密钥，不能是原来的，也不能是别的终端的。"),
        ("New keys are needed", "Since it was found it needs new keys: neither those that it had nor another terminal's.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(propose))
        .routes(routes!(confirm))
}

/// That a terminal was found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "kind": "false_alarm", "statement": "behind the counter" }))]
struct FoundStatement {
    /// How.
    kind: FoundAs,
    /// Where, in what condition, who has it; at most 2000 characters.
    statement: String,
}

/// Say that the terminal was found, and how. It stays stopped until another person confirms: `false_alarm` as it is, but for a terminal that
/// looked altered; `recovered` once it has passed an inspection and has new keys; `destroyed`, which may be said of a found one too, once
/// everything that had to follow is done.
#[utoipa::path(post, path = "/incidents/{incident_id}/found", tag = "incident",
    params(("incident_id" = String, Path)), request_body = FoundStatement, responses(
    (status = 200, body = IncidentOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state; inspection_failed: a false alarm of a terminal that did not pass", body = ProblemOut),
))]
async fn propose(
    State(api): State<Arc<Api>>,
    Actor(account): Actor,
    Path(incident_id): Path<String>,
    input: In<FoundStatement>,
) -> Result<Kept, Problem> {
    let statement = text("statement", &input.body.statement, app::case::TEXT_CHARS_MAX)?;
    case::step(
        &api,
        account,
        incident_id,
        input,
        move |tx, actor, id, said: FoundStatement| {
            app::incident::propose_found(tx, actor, id, (said.kind.0, &statement))
        },
    )
    .await
}

/// Confirm, as a second person with authority who has not inspected it either, and close the incident: the terminal runs again, or, if it is
/// `destroyed`, stays stopped for good and has no keys any more.
#[utoipa::path(post, path = "/incidents/{incident_id}/found/confirm", tag = "incident",
    params(("incident_id" = String, Path)), request_body = Nothing, responses(
    (status = 200, body = IncidentOut),
    (status = 403, description = "second_person_required, not_allowed", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
    (status = 409, description = "inspection_required, inspection_failed, new_keys_required; duties_open: `open_duties` names them; \
     wrong_state", body = ProblemOut),
))]
async fn confirm(
    State(api): State<Arc<Api>>,
    Actor(account): Actor,
    Path(incident_id): Path<String>,
    input: In<Nothing>,
) -> Result<Kept, Problem> {
    case::try_step(&api, account, incident_id, input, |tx, actor, id, Nothing {}| {
        match app::incident::confirm_found(tx, actor, id) {
            Err(Error::Against(Against::DutiesOpen)) => {
                Err(Problem::new(DUTIES_OPEN).open_duties(in_the_way(tx, id)?))
            }
            confirmed => Ok(confirmed?),
        }
    })
    .await
}

/// The duties that keep a found terminal's incident open.
fn in_the_way(tx: &Tx<'_>, incident_id: &str) -> Result<Vec<String>, store::Error> {
    let incident: Option<Incident> = store::incident::get(tx, incident_id)?;
    let is_destroyed = incident
        .and_then(|incident| incident.found)
        .is_some_and(|found| found.is_destroyed());
    blocking(tx, incident_id, |duty: &Duty| is_destroyed || duty.is_of_find())
}

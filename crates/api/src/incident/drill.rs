//! Practising a loss before there is one (R1.0): what a report would do, without doing it.
//!
//! Invariant: it is a report in a transaction that is never kept. What it would do is read there, by the rules of a report; then all of it
//! is given up, and nobody else has seen any of it.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use domain::incident::Incident;
use store::Tx;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::case::IncidentOut;
use super::report::LossReport;
use crate::Api;
use crate::auth::{Account, Actor};
use crate::edge::Arrived;
use crate::input::In;
use crate::problem::{Problem, ProblemOut};
use crate::route::Shown;

crate::problem::codes! {
    /// The terminal is reported lost: that is no time to practise with it.
    ALREADY_REPORTED = "already_reported", CONFLICT:
        ("已经报失", "这台终端已经报失，不能用来练习。"),
        ("Reported already", "This terminal is reported lost: it cannot be practised with.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(practise))
}

/// How the transaction ended: never with something to keep.
enum Ended {
    Practised(Box<IncidentOut>),
    Not(Problem),
}

impl From<store::Error> for Ended {
    fn from(error: store::Error) -> Self {
        Self::Not(error.into())
    }
}

/// Practise a report of loss: the answer is what the incident would be. Nothing is stopped, sent or kept, and the incident is not there
/// afterwards.
#[utoipa::path(post, path = "/drills", tag = "incident", request_body = LossReport, responses(
    (status = 200, description = "The incident as a report would make it; it has no receipts, since nothing was stopped.", body = IncidentOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "terminal_not_found", body = ProblemOut),
    (status = 409, description = "already_reported; wrong_state: the terminal is retired", body = ProblemOut),
))]
async fn practise(
    State(api): State<Arc<Api>>,
    Extension(arrived): Extension<Arrived>,
    Actor(account): Actor,
    input: In<LossReport>,
) -> Result<Json<IncidentOut>, Problem> {
    let report = input.body.read(arrived)?;
    let (incident_id, node) = (crate::id::new()?, api.node.name.clone());
    let work = move |tx: &Tx<'_>| -> Result<Infallible, Ended> {
        let practised = practised(tx, &account, &report, (&incident_id, &node));
        Err(practised.map_or_else(Ended::Not, |out| Ended::Practised(Box::new(out))))
    };
    match api.node.write(work).await {
        Err(Ended::Practised(out)) => Ok(Json(*out)),
        Err(Ended::Not(problem)) => Err(problem),
        Ok(never) => match never {},
    }
}

fn practised(
    tx: &Tx<'_>,
    account: &Account,
    report: &app::incident::Report,
    (incident_id, node): (&str, &str),
) -> Result<IncidentOut, Problem> {
    let actor = account.actor(tx)?;
    let reported = app::incident::report_loss(tx, &actor, report, incident_id, node)?;
    if !reported.opened {
        return Err(Problem::new(ALREADY_REPORTED));
    }
    app::duty::draw_up(tx, incident_id)?;
    let incident = store::incident::get(tx, incident_id)?;
    Incident::out(
        tx,
        &actor,
        incident.ok_or(store::Error::Corrupt("incident just written"))?,
    )
}

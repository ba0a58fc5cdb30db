//! The loss report: one POST that stops a terminal, answered only when it is stopped (R1.0, R1.2).

use std::sync::Arc;
use std::time::{Duration, Instant};

use app::incident::Acknowledged;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use domain::TerminalId;
use domain::incident::Incident;
use serde::{Deserialize, Serialize};
use store::Tx;
use store::node::Incarnation;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::edge::Arrived;
use super::idempotency::{Kept, Key, before, keep};
use super::incident::{Receipt, stop_ms};
use super::input::{In, text_opt};
use super::problem::{Problem, ProblemOut};
use super::terminal;
use super::wire::{Manner, Time};
use crate::auth::{Account, Actor};
use node::Turn;

/// The longest wait for other nodes: more than it takes to expel one that has fallen silent.
const ELSEWHERE_MAX: Duration = Duration::from_millis(app::lease::WAIT_MS_MAX.unsigned_abs() * 2);
/// How often to look, when no bell rings.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(report))
}

/// What a shaken shopkeeper knows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "terminal_id": "10450001", "manner": "stolen" }))]
struct LossReport {
    /// Which terminal.
    terminal_id: String,
    /// When it was last seen.
    last_seen_at: Option<Time>,
    /// Where; at most 2000 characters.
    place: Option<String>,
    /// What happened; at most 2000 characters.
    circumstances: Option<String>,
    /// How it went; `unsure` unless said.
    manner: Option<Manner>,
}

/// The acknowledgement: from here on nothing of the terminal is approved.
#[derive(Serialize, ToSchema)]
struct LossReported {
    /// The incident.
    id: String,
    /// Which terminal.
    terminal_id: String,
    /// When it was stopped.
    suspended_at: Time,
    /// One per channel.
    receipts: Vec<Receipt>,
    /// When the report reached the node.
    reported_at: Time,
    /// From the report's arrival to the last receipt, milliseconds.
    stop_ms: i64,
}

/// Report a terminal lost. A terminal already reported answers with its open incident.
#[utoipa::path(post, path = "/incidents", tag = "incident", request_body = LossReport, responses(
    (status = 201, description = "The terminal is stopped.", body = LossReported),
    (status = 200, description = "It was reported before, and is stopped.", body = LossReported),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "terminal_not_found", body = ProblemOut),
    (status = 422, description = "invalid_field, idempotency_key_reused", body = ProblemOut),
))]
async fn report(
    State(api): State<Arc<Api>>,
    Extension(arrived): Extension<Arrived>,
    Actor(account): Actor,
    input: In<LossReport>,
) -> Result<Kept, Problem> {
    let body = input.body;
    let report = app::incident::Report {
        terminal_id: terminal::parse_id(&body.terminal_id)?,
        last_seen_at: body.last_seen_at.map(|time| time.0),
        place: text_opt("place", body.place, app::case::TEXT_CHARS_MAX)?,
        circumstances: text_opt("circumstances", body.circumstances, app::case::TEXT_CHARS_MAX)?,
        manner: body
            .manner
            .map_or(domain::incident::Manner::Unsure, |manner| manner.0),
        reported_at: arrived.at,
    };
    // A client that hangs up does not stop the stopping.
    let stopping = tokio::spawn(stop(api, account, report, input.key));
    stopping
        .await
        .unwrap_or_else(|error| Err(Problem::internal(&error)))
}

/// What the first transaction of a report leads to.
enum Step {
    /// The answer is known, and the incident that may have something new.
    Answered(Kept, Option<String>),
    /// The hold stands; the acknowledgement is still owed.
    Suspended { incident: Box<Incident>, opened: bool },
}

async fn stop(
    api: Arc<Api>,
    account: Account,
    report: app::incident::Report,
    key: Option<Key>,
) -> Result<Kept, Problem> {
    let incident_id = super::id::new()?;
    // Whether or not a first try was kept, a second one finds the terminal stopped, or stops it.
    let suspended = api.node.insist(Turn::First, || {
        let (by, report, its_key) = (account.clone(), report.clone(), key.clone());
        let (incident_id, node) = (incident_id.clone(), api.node.name.clone());
        move |tx: &Tx<'_>| suspend(tx, &by, &report, (&incident_id, &node), its_key.as_ref())
    });
    let (incident, opened) = match suspended.await? {
        Step::Answered(kept, incident_id) => {
            api.node.changed(incident_id);
            return Ok(kept);
        }
        Step::Suspended { incident, opened } => (incident, opened),
    };
    let incident_id = incident.incident_id.clone();
    let waited = i64::try_from(drain(&api, incident.terminal_id).await).unwrap_or(i64::MAX);
    let kept = acknowledged(&api, &account, &incident_id, key, opened, waited).await?;
    api.node.changed(Some(incident_id));
    Ok(kept)
}

/// Waits until every node has drained, and acknowledges.
async fn acknowledged(
    api: &Api,
    account: &Account,
    incident_id: &str,
    key: Option<Key>,
    opened: bool,
    waited: i64,
) -> Result<Kept, Problem> {
    let deadline = Instant::now() + ELSEWHERE_MAX;
    loop {
        let rung = api.node.doorbell.notified();
        tokio::pin!(rung);
        rung.as_mut().enable();
        let done = api.node.insist(Turn::First, || {
            let (by, node, id) = (account.clone(), api.node.name.clone(), incident_id.to_owned());
            let (here, key) = (api.node.here(), key.clone());
            move |tx: &Tx<'_>| {
                acknowledge(
                    tx,
                    &by,
                    (&id, &node),
                    here.as_ref().map(|who| (who, waited)),
                    opened,
                    key.as_ref(),
                )
            }
        });
        if let Some(kept) = done.await? {
            return Ok(kept);
        }
        if Instant::now() >= deadline {
            // The terminal is stopped; only that nothing of it is on its way any more cannot be said yet.
            return Err(store::Error::Unavailable.into());
        }
        let _ = tokio::time::timeout(LOOK_EVERY, rung).await;
    }
}

/// Writes the acknowledgement and the answer to the same request, should it come again; `None` when a node is still to
/// drain.
fn acknowledge(
    tx: &Tx<'_>,
    by: &Account,
    (id, node): (&str, &str),
    here: Option<(&Incarnation, i64)>,
    opened: bool,
    key: Option<&Key>,
) -> Result<Option<Kept>, Problem> {
    if let Acknowledged::NotYet = app::incident::acknowledge(tx, id, node, here)? {
        return Ok(None);
    }
    let status = if opened {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let kept = answer(tx, id, status)?;
    match before(tx, by, key) {
        // The same request, sent twice at once: both get the answer that was first.
        Ok(Some(first)) => return Ok(Some(first)),
        Ok(None) => keep(tx, by, key, &kept)?,
        // The key was given to another request meanwhile; what this one did is told as it is.
        Err(_) => {}
    }
    Ok(Some(kept))
}

/// Waits for approvals on their way out; answers how many there were.
async fn drain(api: &Api, terminal_id: TerminalId) -> usize {
    #[cfg(feature = "canary")]
    if app::canary::acknowledged_early() {
        return 0;
    }
    api.node.outgoing.drain(terminal_id).await
}

fn suspend(
    tx: &Tx<'_>,
    by: &Account,
    report: &app::incident::Report,
    (incident_id, node): (&str, &str),
    key: Option<&Key>,
) -> Result<Step, Problem> {
    if let Some(kept) = before(tx, by, key)? {
        return Ok(Step::Answered(kept, None));
    }
    let reported = app::incident::report_loss(tx, &by.actor(tx)?, report, incident_id, node)?;
    let (incident, opened) = (reported.incident, reported.opened);
    if incident.acknowledged_at.is_none() {
        let incident = Box::new(incident);
        return Ok(Step::Suspended { incident, opened });
    }
    let kept = answer(tx, &incident.incident_id, StatusCode::OK)?;
    keep(tx, by, key, &kept)?;
    Ok(Step::Answered(kept, Some(incident.incident_id)))
}

fn answer(tx: &Tx<'_>, incident_id: &str, status: StatusCode) -> Result<Kept, Problem> {
    let incident =
        store::incident::get(tx, incident_id)?.ok_or(store::Error::Corrupt("incident just written"))?;
    let receipts = store::receipt::list(tx, incident_id)?
        .into_iter()
        .map(Receipt::from)
        .collect();
    let reported = LossReported {
        stop_ms: stop_ms(&incident, tx.now()),
        id: incident.incident_id,
        terminal_id: incident.terminal_id.to_string(),
        suspended_at: Time(incident.suspended_at),
        receipts,
        reported_at: Time(incident.reported_at),
    };
    Kept::new(status, &reported)
}

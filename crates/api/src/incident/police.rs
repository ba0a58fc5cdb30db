//! The case at the police, as its papers say (R1.1).

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use domain::Actor;
use domain::incident::Incident;
use domain::police::{Entry, PoliceCase, Verb};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::duty::DutyFile;
use crate::Api;
use crate::auth::{self, Account};
use crate::idempotency::Kept;
use crate::input::{In, text, text_opt};
use crate::people::Names;
use crate::problem::{Problem, ProblemOut, Why};
use crate::route::{acting, reading};
use crate::wire::{Time, word};

/// Longest number or name of an office, in characters.
const SHORT_CHARS_MAX: usize = 200;

word! {
    /// Where the case at the police stands, as its papers say.
    PoliceState: domain::police::State;
    /// What people write down of it.
    PoliceAction: domain::police::Verb;
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(look, enter))
        .routes(routes!(take_back))
}

/// The case at the police about an incident.
#[derive(Serialize, ToSchema)]
#[schema(as = PoliceCase)]
struct PoliceOut {
    /// Where it stands.
    state: PoliceState,
    /// What was written down, in that order.
    entries: Vec<PoliceEntry>,
    /// What the one who asks may write down now.
    actions: Vec<PoliceAction>,
}

/// What a paper says, or somebody who was there.
#[derive(Serialize, ToSchema)]
struct PoliceEntry {
    /// What it says.
    action: PoliceAction,
    /// The paper's number.
    #[schema(required)]
    number: Option<String>,
    /// Which office it is of.
    #[schema(required)]
    office: Option<String>,
    /// Its day, by the terminal's clock: `2026-11-27`.
    #[schema(format = Date)]
    on: String,
    /// A picture or a scan of it.
    #[schema(required)]
    attachment: Option<DutyFile>,
    /// Who wrote it down.
    by: String,
    /// When.
    at: Time,
    /// Who took it back; null: it stands.
    #[schema(required)]
    taken_back_by: Option<String>,
}

impl PoliceEntry {
    fn of(tx: &Tx<'_>, names: &mut Names<'_, '_>, it: Entry) -> Result<Self, Problem> {
        let file = it.attachment_id.as_deref();
        let taken_back_by = it.taken_back_by.map(|login| names.person(&login)).transpose()?;
        Ok(Self {
            action: PoliceAction(it.verb),
            number: it.number,
            office: it.office,
            on: it.on_day,
            attachment: file.map(|id| DutyFile::of(tx, id)).transpose()?,
            by: names.person(&it.by)?,
            at: Time(it.at),
            taken_back_by,
        })
    }
}

impl PoliceOut {
    fn of(tx: &Tx<'_>, actor: &Actor, case: &PoliceCase) -> Result<Self, Problem> {
        let mut names = Names::new(tx);
        let entries = store::police::entries(tx, &case.incident_id)?.into_iter();
        let entries = entries.map(|entry| PoliceEntry::of(tx, &mut names, entry));
        let actions = domain::case::actions(case, actor).into_iter();
        Ok(Self {
            state: PoliceState(case.state),
            entries: entries.collect::<Result<_, _>>()?,
            actions: actions.map(PoliceAction).collect(),
        })
    }
}

/// Where the case at the police stands.
#[utoipa::path(get, path = "/incidents/{incident_id}/police", tag = "incident", params(("incident_id" = String, Path)), responses(
    (status = 200, body = PoliceOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
))]
async fn look(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(incident_id): Path<String>,
) -> Result<Json<PoliceOut>, Problem> {
    reading(&api, account, move |tx, actor| {
        let incident: Incident = app::case::find(tx, actor, &incident_id)?;
        PoliceOut::of(tx, actor, &app::police::of(tx, &incident.incident_id)?)
    })
    .await
}

/// What a paper says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "action": "accept", "number": "沪公(黄)受案字〔2026〕1127号", "office": "南京东路派出所", "on": "2026-11-27" }))]
struct PolicePaper {
    /// What it says; everything but `take_back`.
    action: PoliceAction,
    /// Its number, at most 200 characters; needed of `accept` and `file`.
    number: Option<String>,
    /// Which office it is of, at most 200 characters.
    office: Option<String>,
    /// Its day, by the terminal's clock: not in the future, not before that of an earlier entry.
    #[schema(format = Date)]
    on: String,
    /// A file of the incident that is a picture or a scan of it.
    attachment: Option<String>,
}

/// Write down what a paper of the police says. What it shows to be done is done with it: the report, and asking for the decision.
#[utoipa::path(post, path = "/incidents/{incident_id}/police", tag = "incident", params(("incident_id" = String, Path)),
    request_body = PolicePaper, responses(
    (status = 200, body = PoliceOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn enter(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(incident_id): Path<String>,
    input: In<PolicePaper>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        incident_id,
        input,
        |tx, actor, id, said: PolicePaper| {
            let verb = said.action.0;
            if verb == Verb::TakeBack {
                return Err(Problem::field("action", Why::NotAWord));
            }
            let on: Date = said.on.parse().map_err(|_| Problem::field("on", Why::NotADay))?;
            let paper = app::police::Paper {
                number: text_opt("number", said.number, SHORT_CHARS_MAX)?,
                office: text_opt("office", said.office, SHORT_CHARS_MAX)?,
                on,
                attachment_id: said.attachment,
            };
            Ok(app::police::enter(tx, actor, id, verb, paper)?)
        },
    )
    .await
}

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "ground": "编号写错了" }))]
struct PoliceGround {
    /// Why, in a sentence; at most 2000 characters.
    ground: String,
}

/// Take back what was written down last; it stays in the list, and on the time line.
#[utoipa::path(post, path = "/incidents/{incident_id}/police/take-back", tag = "incident",
    params(("incident_id" = String, Path)), request_body = PoliceGround, responses(
    (status = 200, body = PoliceOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn take_back(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(incident_id): Path<String>,
    input: In<PoliceGround>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        incident_id,
        input,
        |tx, actor, id, said: PoliceGround| {
            let ground = text("ground", &said.ground, app::case::TEXT_CHARS_MAX)?;
            Ok(app::police::take_back(tx, actor, id, &ground)?)
        },
    )
    .await
}

async fn step<B: Send + 'static>(
    api: &Api,
    account: Account,
    incident_id: String,
    input: In<B>,
    act: impl FnOnce(&Tx<'_>, &Actor, &str, B) -> Result<PoliceCase, Problem> + Send + 'static,
) -> Result<Kept, Problem> {
    let id = incident_id.clone();
    let work = move |tx: &Tx<'_>, actor: &Actor, body| {
        let case = act(tx, actor, &id, body)?;
        PoliceOut::of(tx, actor, &case)
    };
    let kept = acting(api, account, input, work).await?;
    api.node.changed(Some(incident_id));
    Ok(kept)
}

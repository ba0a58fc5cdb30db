//! What must follow a loss: duties, each with its clock, its proof, and who may say that there is no need for it (R1.1 to R1.4, R3.4).

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use domain::Actor;
use domain::attachment::Attachment;
use domain::duty::Duty;
use domain::hex;
use domain::incident::{Incident, State as Stands};
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::alarm::Nothing;
use crate::Api;
use crate::auth::{self, Account};
use crate::idempotency::Kept;
use crate::input::{In, text, text_opt};
use crate::people::Names;
use crate::problem::{Problem, ProblemOut};
use crate::route::{acting, reading};
use crate::wire::{Time, word};

/// Longest number that somebody outside gave, in characters.
const REFERENCE_CHARS_MAX: usize = 200;

word! {
    /// Where a duty stands.
    DutyState: domain::duty::State;
    /// Whose a duty is.
    DutyWhose: domain::duty::Whose;
    /// What shows that a duty was done.
    DutyProof: domain::duty::Proof;
    /// From when a term runs.
    DutyMoment: domain::duty::Moment;
    /// What people can do with a duty.
    DutyAction: domain::duty::Verb;
}

crate::problem::codes! {
    /// No such duty, for this account.
    NOT_FOUND = "duty_not_found", NOT_FOUND:
        ("没有找到待办", "没有这项待办。"),
        ("Duty not found", "There is no such duty.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(done))
        .routes(routes!(not_needed))
        .routes(routes!(confirm))
        .routes(routes!(hand_over))
        .routes(routes!(extend))
        .routes(routes!(reopen))
}

/// Something that must follow a loss.
#[derive(Serialize, ToSchema)]
#[schema(as = Duty)]
pub struct DutyOut {
    /// The incident's number, a hyphen, its place.
    id: String,
    /// Its name in the playbook: `police_report`, `check_transactions`, `acquirer_deregister`, …
    duty: String,
    /// What is to be done, in Chinese.
    title_zh: String,
    /// In English.
    title_en: String,
    /// Where it stands.
    state: DutyState,
    /// Whose it is.
    whose: DutyWhose,
    /// The rule it comes from, as it is cited in Chinese; null where none holds.
    #[schema(required)]
    rule: Option<String>,
    /// In English.
    #[schema(required)]
    rule_en: Option<String>,
    /// How sure the rule is: `verified`, or `second_hand` where only a reprint or an excerpt was read.
    #[schema(required)]
    rule_mark: Option<String>,
    /// From when its term runs.
    starts_from: DutyMoment,
    /// The term: `at once`, `48 hours`, `2 days`, `2 working days`; null without one.
    #[schema(required)]
    term: Option<String>,
    /// When it began to run; null: what it runs from is not known yet, or there is no term.
    #[schema(required)]
    started_at: Option<Time>,
    /// Until when; of days, the first moment of the day after the last.
    #[schema(required)]
    due_at: Option<Time>,
    /// Whether that counts days of a year whose holidays nobody has given notice of yet.
    is_provisional: bool,
    /// When somebody gave it more time than its term; null: nobody has.
    #[schema(required)]
    extended_at: Option<Time>,
    /// Whether its time is over.
    is_late: bool,
    /// What shows that it was done.
    proof: DutyProof,
    /// Whether a file of the incident shows it as well: a scan, a photo, a clip.
    takes_file: bool,
    /// Whether the incident cannot be closed while it is open.
    blocks_closing: bool,
    /// Names of duties that come before it.
    after: Vec<String>,
    /// Who was asked to do it.
    #[schema(required)]
    assigned_to: Option<String>,
    /// How it ended, or is said to.
    #[schema(required)]
    end: Option<DutyEnd>,
    /// What the one who asks may do with it now.
    actions: Vec<DutyAction>,
}

/// How a duty ended, or is said to.
#[derive(Serialize, ToSchema)]
struct DutyEnd {
    /// Who says so.
    by: String,
    /// When that was said.
    at: Time,
    /// When it was done, as that person says.
    #[schema(required)]
    done_at: Option<Time>,
    /// The number that somebody outside gave.
    #[schema(required)]
    reference: Option<String>,
    /// What was done, or why there is no need, in that person's words.
    #[schema(required)]
    statement: Option<String>,
    /// The file of the incident that shows it.
    #[schema(required)]
    attachment: Option<DutyFile>,
    /// The second person who agreed that there is no need.
    #[schema(required)]
    confirmed_by: Option<String>,
}

/// The file that shows that a duty was done, or what a paper says.
#[derive(Serialize, ToSchema)]
pub(super) struct DutyFile {
    /// Which.
    id: String,
    /// What whoever brought it calls it; null once the case is forgotten.
    #[schema(required)]
    name: Option<String>,
    /// SHA-256 of what was sent.
    sha256: String,
    /// Whether it was taken back since.
    is_withdrawn: bool,
}

impl DutyFile {
    /// The file of that identifier.
    pub(super) fn of(tx: &Tx<'_>, attachment_id: &str) -> Result<Self, store::Error> {
        let it: Option<Attachment> = store::row::by_id(tx, attachment_id)?;
        let it = it.ok_or(store::Error::Corrupt("file of a duty"))?;
        Ok(Self {
            is_withdrawn: it.withdrawn.is_some(),
            sha256: hex::of(&it.sent_sha256),
            id: it.attachment_id,
            name: it.name,
        })
    }
}

impl DutyOut {
    /// As the actor sees it, of an incident that may be closed.
    fn of(
        tx: &Tx<'_>,
        names: &mut Names<'_, '_>,
        actor: &Actor,
        is_closed: bool,
        it: Duty,
    ) -> Result<Self, Problem> {
        // Nothing of a closed incident moves, but what follows from that it was found; the table says the rest.
        let actions = match is_closed && !it.is_of_find() {
            true => Vec::new(),
            false => domain::case::actions(&it, actor),
        };
        let rule = it.rule.as_deref().and_then(playbook::Rule::named);
        let person = |names: &mut Names<'_, '_>, login: Option<&String>| {
            login.map(|login| names.person(login)).transpose()
        };
        let end = match &it.end {
            None => None,
            Some(end) => Some(DutyEnd {
                by: names.person(&end.by)?,
                at: Time(end.at),
                done_at: end.done_at.map(Time),
                reference: end.reference.clone(),
                statement: end.statement.clone(),
                attachment: match &end.attachment_id {
                    None => None,
                    Some(id) => Some(DutyFile::of(tx, id)?),
                },
                confirmed_by: person(names, end.confirmed_by.as_ref())?,
            }),
        };
        Ok(Self {
            actions: actions.into_iter().map(DutyAction).collect(),
            is_late: it.is_late(tx.now()),
            assigned_to: person(names, it.assigned_to.as_ref())?,
            end,
            rule: rule.map(|rule| rule.zh.clone()),
            rule_en: rule.map(|rule| rule.en.clone()),
            rule_mark: it.rule_mark,
            after: it.after.split_whitespace().map(str::to_owned).collect(),
            id: it.duty_id,
            duty: it.duty,
            title_zh: it.title_zh,
            title_en: it.title_en,
            state: DutyState(it.state),
            whose: DutyWhose(it.whose),
            starts_from: DutyMoment(it.starts_from),
            term: it.term,
            started_at: it.started_at.map(Time),
            due_at: it.due_at.map(Time),
            is_provisional: it.is_provisional,
            extended_at: it.extended_at.map(Time),
            proof: DutyProof(it.proof),
            takes_file: it.takes_file,
            blocks_closing: it.blocks_closing,
        })
    }
}

/// The duties of an incident, in the order in which people do them.
#[derive(Serialize, ToSchema)]
struct Duties {
    /// All of them, ended ones too; none in the first moments after a report.
    items: Vec<DutyOut>,
}

/// What must follow an incident.
#[utoipa::path(get, path = "/incidents/{incident_id}/duties", tag = "duty", params(("incident_id" = String, Path)), responses(
    (status = 200, body = Duties),
    (status = 404, description = "incident_not_found", body = ProblemOut),
))]
async fn list(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(incident_id): Path<String>,
) -> Result<Json<Duties>, Problem> {
    reading(&api, account, move |tx, actor| {
        let incident: Incident = app::case::find(tx, actor, &incident_id)?;
        let items = of(tx, &mut Names::new(tx), actor, &incident, |_| true)?;
        Ok(Duties { items })
    })
    .await
}

/// Those of an incident that `which` names.
pub fn of(
    tx: &Tx<'_>,
    names: &mut Names<'_, '_>,
    actor: &Actor,
    incident: &Incident,
    which: impl Fn(&Duty) -> bool,
) -> Result<Vec<DutyOut>, Problem> {
    let duties = store::duty::of(tx, &incident.incident_id)?
        .into_iter()
        .filter(which);
    let is_closed = incident.state == Stands::Closed;
    duties
        .map(|duty| DutyOut::of(tx, names, actor, is_closed, duty))
        .collect()
}

/// The words of those that keep an incident from being closed, of some.
pub fn blocking(
    tx: &Tx<'_>,
    incident_id: &str,
    which: impl Fn(&Duty) -> bool,
) -> Result<Vec<String>, store::Error> {
    let duties = store::duty::of(tx, incident_id)?.into_iter();
    let open = duties.filter(|duty| duty.stands_against_closing() && which(duty));
    Ok(open.map(|duty| duty.duty).collect())
}

/// Takes a step with a duty, and tells whoever follows its incident.
async fn step<B: Send + 'static>(
    api: &Api,
    account: Account,
    duty_id: String,
    input: In<B>,
    act: impl FnOnce(&Tx<'_>, &Actor, &str, B) -> Result<Duty, Problem> + Send + 'static,
) -> Result<Kept, Problem> {
    let incident_id = duty_id
        .rsplit_once('-')
        .map(|(incident_id, _)| incident_id.to_owned());
    let work = move |tx: &Tx<'_>, actor: &Actor, body| {
        let duty = act(tx, actor, &duty_id, body)?;
        // Only of an incident that is not closed a step is taken.
        DutyOut::of(tx, &mut Names::new(tx), actor, false, duty)
    };
    let kept = acting(api, account, input, work).await?;
    api.node.changed(incident_id);
    Ok(kept)
}

/// By what a duty was done.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "proof": { "reference": "A310112-2026-1127", "statement": "南京东路派出所" } }))]
struct DutyDone {
    /// What shows it.
    proof: ProofIn,
}

/// What shows that a duty was done.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProofIn {
    /// The number that somebody outside gave, of a receipt, a decision, a device; at most 200 characters. Needed where the duty's
    /// `proof` is `reference`.
    reference: Option<String>,
    /// What was done and found; at most 2000 characters. Needed where the duty's `proof` is `statement`.
    statement: Option<String>,
    /// A file of the incident, by its identifier, where the duty `takes_file`: then neither of the others is needed.
    attachment: Option<String>,
    /// When it was done; not later than now.
    done_at: Option<Time>,
}

/// Say by what a duty was done.
#[utoipa::path(post, path = "/duties/{duty_id}/done", tag = "duty", params(("duty_id" = String, Path)),
    request_body = DutyDone, responses(
    (status = 200, body = DutyOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "duty_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn done(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(duty_id): Path<String>,
    input: In<DutyDone>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        duty_id,
        input,
        |tx, actor, id, DutyDone { proof }| {
            let done_at = proof.done_at.map(|time| time.0);
            if done_at.is_some_and(|at| at > tx.now()) {
                return Err(Problem::field("proof.done_at", crate::problem::Why::InFuture));
            }
            let proof = app::duty::Proof {
                reference: text_opt("proof.reference", proof.reference, REFERENCE_CHARS_MAX)?,
                statement: text_opt("proof.statement", proof.statement, app::case::TEXT_CHARS_MAX)?,
                attachment_id: proof.attachment,
                done_at,
            };
            Ok(app::duty::done(tx, actor, id, proof)?)
        },
    )
    .await
}

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "ground": "已退回的备用机，没有联网" }))]
struct DutyGround {
    /// Why, in a sentence; at most 2000 characters.
    ground: String,
}

impl DutyGround {
    fn read(&self) -> Result<String, Problem> {
        text("ground", &self.ground, app::case::TEXT_CHARS_MAX)
    }
}

/// Say why there is no need for a duty; where its playbook wants two people, another one confirms.
#[utoipa::path(post, path = "/duties/{duty_id}/not-needed", tag = "duty", params(("duty_id" = String, Path)),
    request_body = DutyGround, responses(
    (status = 200, body = DutyOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "duty_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn not_needed(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(duty_id): Path<String>,
    input: In<DutyGround>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        duty_id,
        input,
        |tx, actor, id, said: DutyGround| Ok(app::duty::not_needed(tx, actor, id, &said.read()?)?),
    )
    .await
}

/// Agree, as a second person, that there is no need for a duty.
#[utoipa::path(post, path = "/duties/{duty_id}/not-needed/confirm", tag = "duty", params(("duty_id" = String, Path)),
    request_body = Nothing, responses(
    (status = 200, body = DutyOut),
    (status = 403, description = "not_allowed, second_person_required", body = ProblemOut),
    (status = 404, description = "duty_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn confirm(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(duty_id): Path<String>,
    input: In<Nothing>,
) -> Result<Kept, Problem> {
    step(&api, account, duty_id, input, |tx, actor, id, Nothing {}| {
        Ok(app::duty::confirm_not_needed(tx, actor, id)?)
    })
    .await
}

/// To whom.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "to": "manager" }))]
struct HandOver {
    /// The log-in of somebody who may follow the incident.
    to: String,
}

/// Ask somebody to do a duty.
#[utoipa::path(post, path = "/duties/{duty_id}/hand-over", tag = "duty", params(("duty_id" = String, Path)),
    request_body = HandOver, responses(
    (status = 200, body = DutyOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "duty_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn hand_over(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(duty_id): Path<String>,
    input: In<HandOver>,
) -> Result<Kept, Problem> {
    step(&api, account, duty_id, input, |tx, actor, id, HandOver { to }| {
        Ok(app::duty::hand_over(tx, actor, id, &to)?)
    })
    .await
}

/// Until when, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "until": "2030-01-01T00:00:00Z", "ground": "收单机构书面同意延期" }))]
struct Extension {
    /// The new end of its term, later than the one until now.
    until: Time,
    /// Why; at most 2000 characters.
    ground: String,
}

/// Give a duty more time.
#[utoipa::path(post, path = "/duties/{duty_id}/extend", tag = "duty", params(("duty_id" = String, Path)),
    request_body = Extension, responses(
    (status = 200, body = DutyOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "duty_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn extend(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(duty_id): Path<String>,
    input: In<Extension>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        duty_id,
        input,
        |tx, actor, id, Extension { until, ground }| {
            let ground = text("ground", &ground, app::case::TEXT_CHARS_MAX)?;
            Ok(app::duty::extend(tx, actor, id, until.0, &ground)?)
        },
    )
    .await
}

/// Say that a duty is to be done after all.
#[utoipa::path(post, path = "/duties/{duty_id}/reopen", tag = "duty", params(("duty_id" = String, Path)),
    request_body = DutyGround, responses(
    (status = 200, body = DutyOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "duty_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn reopen(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(duty_id): Path<String>,
    input: In<DutyGround>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        duty_id,
        input,
        |tx, actor, id, said: DutyGround| Ok(app::duty::reopen(tx, actor, id, &said.read()?)?),
    )
    .await
}

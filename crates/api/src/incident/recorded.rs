//! What a held terminal tried to turn back: shown, and decided by the house (R1.2, R1.3).
//!
//! Invariant: a decision is one of people, each with its ground; what is carried out is by two of them. Those it is about see what was
//! recorded and what became of it, and never why.

use std::sync::Arc;

use app::case::{Error, TEXT_CHARS_MAX, find};
use app::recorded::{AtHost, Hindrance, Listed, Said, list, take};
use axum::Json;
use axum::extract::{Path, State};
use domain::Actor;
use domain::incident::Incident;
use domain::recorded::{REFERENCE_CHARS_MAX, Recorded, State as At, Verb, Way, Which};
use domain::transaction::{Refusal, ResponseCode};
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::alarm::Nothing;
use crate::Api;
use crate::auth::{self, Account};
use crate::idempotency::Kept;
use crate::input::{Cursor, In, Limit, Query, text, text_opt};
use crate::page::Page;
use crate::people::Names;
use crate::problem::{Problem, ProblemOut};
use crate::route::{acting, reading};
use crate::transaction::TransactionOut;
use crate::wire::{Time, word};

word! {
    /// Where a recorded request stands: `open` (nobody has decided), `proposed` (it waits for a second person), `carried_out`, `refused`.
    RecordedState: At;
    /// How it is carried out: `host`, a reversal of the original is owed to the acquirer's host; `elsewhere`, the acquirer did it outside
    /// of here.
    RecordedWay: Way;
    /// What can be done with it.
    RecordedAction: Verb;
    /// Which of them: `kept` is what nobody has decided and of which is kept what a reversal must carry.
    RecordedWhich: Which;
}

crate::problem::codes! {
    /// No such request of this incident.
    NOT_FOUND = "recorded_not_found", NOT_FOUND:
        ("没有找到", "这起事件没有这条记录。"),
        ("Recorded request not found", "This incident has no such recorded request.");
}

/// Why no reversal of the original can be owed to the host.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RecordedHindrance {
    /// Nothing shows that the terminal sent it: it can only be refused.
    Unproven,
    /// It stands for many that came too fast for a row each: it can only be refused.
    Counted,
    /// The hold cut it off at the host, which may have done it: ask the acquirer.
    MayBeDone,
    /// It undoes no approval, but gives money back: only the acquirer does.
    NoUndoing,
    /// What a reversal must carry is not kept: the approval was not known or could not be undone, an earlier request is about the same,
    /// there were 100 already, or 30 days are over.
    NotKept,
    /// The original is undone already, is about to be, or something has followed it.
    Undone,
    /// The original's batch is over.
    BatchSettled,
    /// Amount or card are not the original's, or it does not go with it.
    Differs,
}

impl From<Hindrance> for RecordedHindrance {
    fn from(it: Hindrance) -> Self {
        match it {
            Hindrance::Unproven => Self::Unproven,
            Hindrance::Counted => Self::Counted,
            Hindrance::MayBeDone => Self::MayBeDone,
            Hindrance::NoUndoing => Self::NoUndoing,
            Hindrance::NotKept => Self::NotKept,
            Hindrance::Refused(Refusal::Undone | Refusal::FollowedAlready | Refusal::InFlight) => {
                Self::Undone
            }
            Hindrance::Refused(Refusal::BatchSettled) => Self::BatchSettled,
            Hindrance::Refused(_) => Self::Differs,
        }
    }
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_recorded))
        .routes(routes!(propose_recorded))
        .routes(routes!(confirm_recorded))
        .routes(routes!(withdraw_recorded))
        .routes(routes!(refuse_recorded))
}

/// A request of a held terminal that was refused, and recorded for people to decide.
#[derive(Serialize, ToSchema)]
#[schema(as = Recorded)]
struct RecordedOut {
    /// What the terminal asked for; its `sequence` names it here too.
    request: TransactionOut,
    /// The approval that it would undo, where that is kept.
    #[schema(required)]
    original: Option<TransactionOut>,
    /// Why no reversal of the original can be owed to the host; null: one can, or it is decided.
    #[schema(required)]
    hindrance: Option<RecordedHindrance>,
    /// Where it stands.
    state: RecordedState,
    /// How it is carried out: proposed, or decided.
    #[schema(required)]
    way: Option<RecordedWay>,
    /// The acquirer's reference, of what it did elsewhere.
    #[schema(required)]
    reference: Option<String>,
    /// When it was decided.
    #[schema(required)]
    decided_at: Option<Time>,
    /// What the host said, of what is carried out there.
    #[schema(required)]
    host: Option<RecordedHost>,
    /// Why, and who decided; null for those it is about.
    #[schema(required)]
    why: Option<RecordedWhy>,
    /// What the one who asks may do with it now.
    actions: Vec<RecordedAction>,
}

/// What the host said to the reversal. Asked is not done.
#[derive(Serialize, ToSchema)]
struct RecordedHost {
    /// Where the reversal stands.
    state: RecordedHostState,
    /// Since when it is owed, or when the host answered.
    at: Time,
    /// Field 39 of its answer.
    #[schema(required)]
    response_code: Option<String>,
}

/// Where the reversal stands.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RecordedHostState {
    /// It is owed, and sent until the host answers.
    Asked,
    /// It is undone there.
    Undone,
    /// The host refused; it waits for a person among the work.
    Refused,
}

impl From<AtHost> for RecordedHost {
    fn from(it: AtHost) -> Self {
        let (state, code, at) = match it {
            AtHost::Asked(since) => (RecordedHostState::Asked, None, since),
            AtHost::Undone(code, at) => (RecordedHostState::Undone, code, at),
            AtHost::Refused(code, at) => (RecordedHostState::Refused, code, at),
        };
        Self {
            state,
            at: Time(at),
            response_code: code.as_ref().map(ResponseCode::to_string),
        }
    }
}

/// Why it is carried out or refused, and who decided.
#[derive(Serialize, ToSchema)]
struct RecordedWhy {
    /// In the words of who proposed or refused it; null once they are forgotten.
    #[schema(required)]
    ground: Option<String>,
    /// Who proposed to carry it out.
    #[schema(required)]
    proposed_by: Option<String>,
    /// When.
    #[schema(required)]
    proposed_at: Option<Time>,
    /// Who decided.
    #[schema(required)]
    decided_by: Option<String>,
}

impl RecordedOut {
    fn of(names: &mut Names<'_, '_>, actor: &Actor, it: Listed) -> Result<Self, Problem> {
        let corrupt = || store::Error::Corrupt("a recorded request");
        let mut person = |login: &Option<String>| login.as_ref().map(|login| names.person(login)).transpose();
        let actions = it.actions(actor);
        let recorded = &it.recorded;
        let why = match Recorded::is_explained_to(actor) {
            true => Some(RecordedWhy {
                proposed_by: person(&recorded.proposed_by)?,
                decided_by: person(&recorded.decided_by)?,
                proposed_at: recorded.proposed_at.map(Time),
                ground: recorded.ground.clone(),
            }),
            false => None,
        };
        Ok(Self {
            state: RecordedState(recorded.state),
            way: recorded.way.map(RecordedWay),
            reference: recorded.reference.clone(),
            decided_at: recorded.decided_at.map(Time),
            request: TransactionOut::of(it.row).ok_or_else(corrupt)?,
            original: it.original.and_then(TransactionOut::of),
            hindrance: it.hindrance.map(RecordedHindrance::from),
            host: it.at_host.map(RecordedHost::from),
            why,
            actions: actions.into_iter().map(RecordedAction).collect(),
        })
    }
}

/// Which of them.
#[derive(Default, Deserialize, IntoParams)]
struct RecordedQuery {
    /// All, where it is not said.
    #[param(inline)]
    which: Option<RecordedWhich>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<i64>>,
}

/// Reversals, voids and refunds that the terminal asked for while it was held, since the loss window began; the newest first. Each was
/// refused, and nothing was undone by it.
#[utoipa::path(get, path = "/incidents/{incident_id}/recorded", tag = "incident",
    params(("incident_id" = String, Path), RecordedQuery), responses(
    (status = 200, body = Page<RecordedOut>),
    (status = 404, description = "incident_not_found", body = ProblemOut),
))]
async fn list_recorded(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(incident_id): Path<String>,
    Query(query): Query<RecordedQuery>,
) -> Result<Json<Page<RecordedOut>>, Problem> {
    reading(&api, account, move |tx, actor| {
        let incident: Incident = find(tx, actor, &incident_id)?;
        let below = query.cursor.map(|cursor| cursor.0);
        let which = query.which.map(|which| which.0);
        let all = list(tx, &incident, which, below, query.limit.and_one())?;
        let mut names = Names::new(tx);
        Page::of(all, query.limit.get(), |it| it.row.sequence.to_string())
            .try_map(|it| RecordedOut::of(&mut names, actor, it))
    })
    .await
}

/// How something is carried out, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "text": "店里确认这笔要退", "reference": "ACQ-20260914-7" }))]
struct RecordedProposal {
    /// Why; at most 2,000 characters.
    #[schema(max_length = 2000)]
    text: String,
    /// The acquirer's reference, where it did it outside of here; null: a reversal is owed to the host.
    #[schema(max_length = 64)]
    reference: Option<String>,
}

/// What the second person saw to be proposed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "way": "elsewhere", "reference": "ACQ-20260914-7" }))]
struct RecordedConfirmation {
    /// How.
    way: RecordedWay,
    /// The acquirer's reference.
    #[schema(max_length = 64)]
    reference: Option<String>,
}

/// Why something is refused.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "text": "丢失之后发起，店里没有人退过" }))]
struct RecordedGround {
    /// Why; at most 2,000 characters.
    #[schema(max_length = 2000)]
    text: String,
}

/// Propose to carry one out: nothing is done until another person confirms. Without `reference` a reversal of the original will be owed to
/// the host.
#[utoipa::path(post, path = "/incidents/{incident_id}/recorded/{sequence}/propose", tag = "incident",
    params(("incident_id" = String, Path), ("sequence" = i64, Path)), request_body = RecordedProposal, responses(
    (status = 200, body = RecordedOut),
    (status = 403, description = "not_allowed; person_required", body = ProblemOut),
    (status = 404, description = "incident_not_found; recorded_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state: it is proposed or decided, or can only be refused", body = ProblemOut),
    (status = 422, description = "invalid_field: `reference` is missing where the host cannot undo it", body = ProblemOut),
))]
async fn propose_recorded(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(path): Path<(String, i64)>,
    input: In<RecordedProposal>,
) -> Result<Kept, Problem> {
    act(&api, account, path, input, |said| {
        Ok(Said::Propose {
            ground: text("text", &said.text, TEXT_CHARS_MAX)?,
            reference: text_opt("reference", said.reference, REFERENCE_CHARS_MAX)?,
        })
    })
    .await
}

/// Have one carried out, as another person than proposed it, who has just proved who it is: for good. A reversal of its original is owed
/// to the host until it answers; or the acquirer did it, as the reference says.
#[utoipa::path(post, path = "/incidents/{incident_id}/recorded/{sequence}/confirm", tag = "incident",
    params(("incident_id" = String, Path), ("sequence" = i64, Path)), request_body = RecordedConfirmation, responses(
    (status = 200, body = RecordedOut),
    (status = 403, description = "second_person_required; step_up_required; not_allowed; person_required", body = ProblemOut),
    (status = 404, description = "incident_not_found; recorded_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state: something else is proposed, or the host cannot undo it any more", body = ProblemOut),
))]
async fn confirm_recorded(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(path): Path<(String, i64)>,
    input: In<RecordedConfirmation>,
) -> Result<Kept, Problem> {
    let kept = act(&api, account, path, input, |said| {
        Ok(Said::Confirm {
            way: said.way.0,
            reference: text_opt("reference", said.reference, REFERENCE_CHARS_MAX)?,
        })
    })
    .await?;
    api.node.work_due.notify_one();
    Ok(kept)
}

/// Take back what is proposed: it is open again.
#[utoipa::path(post, path = "/incidents/{incident_id}/recorded/{sequence}/withdraw", tag = "incident",
    params(("incident_id" = String, Path), ("sequence" = i64, Path)), request_body = Nothing, responses(
    (status = 200, body = RecordedOut),
    (status = 403, description = "not_allowed; person_required", body = ProblemOut),
    (status = 404, description = "incident_not_found; recorded_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn withdraw_recorded(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(path): Path<(String, i64)>,
    input: In<Nothing>,
) -> Result<Kept, Problem> {
    act(&api, account, path, input, |Nothing {}| Ok(Said::Withdraw)).await
}

/// Refuse one for good: one person does.
#[utoipa::path(post, path = "/incidents/{incident_id}/recorded/{sequence}/refuse", tag = "incident",
    params(("incident_id" = String, Path), ("sequence" = i64, Path)), request_body = RecordedGround, responses(
    (status = 200, body = RecordedOut),
    (status = 403, description = "not_allowed; person_required", body = ProblemOut),
    (status = 404, description = "incident_not_found; recorded_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn refuse_recorded(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(path): Path<(String, i64)>,
    input: In<RecordedGround>,
) -> Result<Kept, Problem> {
    act(&api, account, path, input, |said| {
        Ok(Said::Refuse {
            ground: text("text", &said.text, TEXT_CHARS_MAX)?,
        })
    })
    .await
}

/// Takes a step with one, and rings for who watches the incident.
async fn act<B: Send + 'static>(
    api: &Api,
    account: Account,
    (incident_id, sequence): (String, i64),
    input: In<B>,
    said: impl FnOnce(B) -> Result<Said, Problem> + Send + 'static,
) -> Result<Kept, Problem> {
    let of = incident_id.clone();
    let kept = acting(api, account, input, move |tx: &Tx<'_>, actor, body| {
        let taken = take(tx, actor, (&of, sequence), said(body)?).map_err(|error| match error {
            Error::Unknown("sequence") => Problem::new(NOT_FOUND),
            error => error.into(),
        })?;
        RecordedOut::of(&mut Names::new(tx), actor, taken)
    })
    .await?;
    api.node.changed(Some(incident_id));
    Ok(kept)
}

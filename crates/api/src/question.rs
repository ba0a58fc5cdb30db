//! Questions whether a terminal is with its shop: the open ones, and what is answered (R3.3). Who misses the terminal reports it.
//!
//! Invariant: a reason says what happened at the terminal, never what somebody is.

use std::sync::Arc;

use app::case::find;
use app::question::{OF_TERMINAL_MAX, OPEN_MAX, answer, holds_at, reasons};
use axum::Json;
use axum::extract::{Path, State};
use domain::Actor;
use domain::question::{Question, Verb};
use domain::setting::Language;
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::auth::{self, Account, scope};
use crate::idempotency::Kept;
use crate::incident::suspect::ReasonCode;
use crate::input::{In, Query};
use crate::people::Names;
use crate::problem::{Problem, ProblemOut};
use crate::route::{Said, acting, actions, reading};
use crate::terminal::{parse_id, visible};
use crate::wire::{Time, word};

word! {
    /// Where a question stands.
    QuestionState: domain::question::State;
    /// What can be answered, besides by reporting the terminal.
    QuestionAction: domain::question::Verb;
}

crate::problem::codes! {
    /// No such question, for this account.
    NOT_FOUND = "question_not_found", NOT_FOUND:
        ("没有找到", "没有这个问题。"),
        ("Question not found", "There is no such question.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_questions))
        .routes(routes!(show_question))
        .routes(routes!(here))
        .routes(routes!(unsure))
}

/// A question: is this terminal with you?
#[derive(Serialize, ToSchema)]
#[schema(as = Question)]
struct QuestionOut {
    /// Eight letters and digits.
    id: String,
    /// Which terminal.
    terminal_id: String,
    /// How people call it.
    terminal_name: String,
    /// The shop that it stands in.
    shop_name: String,
    /// The zone of its clock.
    time_zone: String,
    /// Where the question stands.
    state: QuestionState,
    /// How suspicious the terminal was, of 1,000.
    score: i64,
    /// What stood out, the weightiest first.
    reasons: Vec<QuestionReason>,
    /// When it was asked.
    asked_at: Time,
    /// Since when others are asked, too, because nobody had answered; null while they are not.
    #[schema(required)]
    passed_on_at: Option<Time>,
    /// When the terminal is to be stopped if nobody has answered; null where nothing is stopped, or it was.
    #[schema(required)]
    holds_at: Option<Time>,
    /// When it was stopped because nobody had answered; the answer `here` lets it go on. Null where it was not.
    #[schema(required)]
    held_at: Option<Time>,
    /// Who answered last.
    #[schema(required)]
    answered_by: Option<String>,
    /// When.
    #[schema(required)]
    answered_at: Option<Time>,
    /// The report that the answer was.
    #[schema(required)]
    incident_id: Option<String>,
    /// What the one who asks may answer now. Who may, may also report the terminal lost.
    actions: Vec<QuestionAction>,
}

/// What stood out.
#[derive(Serialize, ToSchema)]
struct QuestionReason {
    /// What was looked at.
    code: ReasonCode,
    /// What was found, with its numbers, in Chinese.
    zh: String,
    /// The same in English.
    en: String,
}

/// Some questions.
#[derive(Serialize, ToSchema)]
struct Questions {
    /// They.
    items: Vec<QuestionOut>,
}

fn out(tx: &Tx<'_>, actor: &Actor, it: Question) -> Result<QuestionOut, Problem> {
    let terminal = store::terminal::get(tx, it.terminal_id)?;
    let terminal = terminal.ok_or(store::Error::Corrupt("terminal of a question"))?;
    let mut names = Names::new(tx);
    let why = reasons(&it).into_iter().map(|reason| QuestionReason {
        code: ReasonCode(Some(reason.code)),
        zh: reason.text(Language::Chinese),
        en: reason.text(Language::English),
    });
    Ok(QuestionOut {
        actions: actions(tx, actor, &it, QuestionAction)?,
        holds_at: holds_at(tx, &it)?.map(Time),
        held_at: it.held_at.map(Time),
        reasons: why.collect(),
        terminal_id: it.terminal_id.to_string(),
        terminal_name: terminal.name,
        time_zone: terminal.time_zone,
        shop_name: names.shop(&terminal.shop_id)?,
        state: QuestionState(it.state),
        score: it.score,
        asked_at: Time(it.asked_at),
        passed_on_at: it.passed_on_at.map(Time),
        answered_by: it.answered_by.as_deref().map(|by| names.person(by)).transpose()?,
        answered_at: it.answered_at.map(Time),
        incident_id: it.incident_id,
        id: it.question_id,
    })
}

/// Which questions.
#[derive(Default, Deserialize, IntoParams)]
struct QuestionQuery {
    /// All about one terminal, also the answered ones; without it the open ones of all that one sees.
    terminal_id: Option<String>,
}

/// Questions, the newest first: at most 50 that are open, or 150 about one terminal.
#[utoipa::path(get, path = "/questions", tag = "question", params(QuestionQuery), responses(
    (status = 200, body = Questions),
    (status = 404, description = "terminal_not_found", body = ProblemOut),
))]
async fn list_questions(
    State(api): State<Arc<Api>>,
    account: Account,
    Query(which): Query<QuestionQuery>,
) -> Result<Json<Questions>, Problem> {
    let terminal_id = which.terminal_id.as_deref().map(parse_id).transpose()?;
    reading(&api, account, move |tx, actor| {
        let listed = match terminal_id {
            Some(terminal_id) => {
                visible(tx, actor, terminal_id)?;
                store::question::of(tx, terminal_id, OF_TERMINAL_MAX)?
            }
            None => store::question::open(tx, scope(actor)?, OPEN_MAX)?,
        };
        let items = listed.into_iter().map(|it| out(tx, actor, it));
        Ok(Questions {
            items: items.collect::<Result<_, _>>()?,
        })
    })
    .await
}

/// One question.
#[utoipa::path(get, path = "/questions/{question_id}", tag = "question", params(("question_id" = String, Path)), responses(
    (status = 200, body = QuestionOut),
    (status = 404, description = "question_not_found", body = ProblemOut),
))]
async fn show_question(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(question_id): Path<String>,
) -> Result<Json<QuestionOut>, Problem> {
    reading(&api, account, move |tx, actor| {
        let question: Question = find(tx, actor, &question_id)?;
        out(tx, actor, question)
    })
    .await
}

/// The terminal is with whoever answers: what stood out so far is answered.
#[utoipa::path(post, path = "/questions/{question_id}/here", tag = "question", params(("question_id" = String, Path)),
    request_body = Said, responses(
    (status = 200, body = QuestionOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "question_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn here(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(question_id): Path<String>,
    input: In<Said>,
) -> Result<Kept, Problem> {
    answered(api, account, question_id, input, Verb::Here).await
}

/// Whoever answers does not know: the question stays open, for others.
#[utoipa::path(post, path = "/questions/{question_id}/unsure", tag = "question", params(("question_id" = String, Path)),
    request_body = Said, responses(
    (status = 200, body = QuestionOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "question_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn unsure(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(question_id): Path<String>,
    input: In<Said>,
) -> Result<Kept, Problem> {
    answered(api, account, question_id, input, Verb::Unsure).await
}

async fn answered(
    api: Arc<Api>,
    account: Account,
    question_id: String,
    input: In<Said>,
    verb: Verb,
) -> Result<Kept, Problem> {
    let (here, id) = (api.clone(), question_id.clone());
    let kept = acting(&api, account, input, move |tx, actor, _: Said| {
        let question = answer(tx, actor, &question_id, verb)?;
        out(tx, actor, question)
    })
    .await?;
    if verb == Verb::Here
        && let Ok(Some(question)) = here
            .node
            .read(move |tx: &Tx<'_>| store::row::by_id::<Question>(tx, &id))
            .await
    {
        here.node.acted.note_past(question.terminal_id);
        here.node.changed(Some(question.terminal_id.to_string()));
    }
    Ok(kept)
}

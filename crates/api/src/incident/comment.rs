//! Comments on an incident, and people who are asked by name.
//!
//! Invariant: who may be asked is told only of those whom the one who asks sees anyway.

use std::sync::Arc;

use app::case::find;
use app::comment::{ASKED_MAX, NotSaid, TEXT_CHARS_MAX};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::Actor;
use domain::incident::Incident;
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::alarm::Nothing;
use super::timeline::{self, TimelineItem};
use crate::Api;
use crate::auth;
use crate::idempotency::Kept;
use crate::input::{In, text};
use crate::people::Names;
use crate::problem::{Problem, ProblemOut, Why};
use crate::route::{acting, reading};
use crate::wire::Time;

crate::problem::codes! {
    /// The account has said as much as it may in an hour.
    TOO_MANY = "too_many_comments", TOO_MANY_REQUESTS:
        ("留言太多", "一个账号一小时最多留言 60 条，请稍后再试。"),
        ("Too many comments", "An account writes at most 60 comments an hour. Try again later.");
}

impl From<NotSaid> for Problem {
    fn from(why: NotSaid) -> Self {
        match why {
            NotSaid::TooMany => Self::new(TOO_MANY),
            NotSaid::Case(error) => error.into(),
        }
    }
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(add_comment))
        .routes(routes!(list_mentionable))
        .routes(routes!(list_mentions))
        .routes(routes!(look_at_mentions))
}

/// What is said.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "text": "监控在旧硬盘里，谁去取？", "mentions": [] }))]
struct CommentIn {
    /// At most 4000 characters.
    #[schema(max_length = 4_000)]
    text: String,
    /// Log-ins of people who are asked, at most 10; see `GET /incidents/{incident_id}/mentionable`.
    #[serde(default)]
    mentions: Vec<String>,
}

/// Say something on an incident; it stands on its time line. Who is asked by name is told so on the own page, and by a mail without
/// what was said, one an hour for each case.
#[utoipa::path(post, path = "/incidents/{incident_id}/comments", tag = "incident", params(("incident_id" = String, Path)),
    request_body = CommentIn, responses(
    (status = 201, body = TimelineItem),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
    (status = 429, description = "too_many_comments", body = ProblemOut),
))]
async fn add_comment(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(incident_id): Path<String>,
    input: In<CommentIn>,
) -> Result<Kept, Problem> {
    let id = incident_id.clone();
    let kept = acting(&api, account, input, move |tx, actor, said: CommentIn| {
        find::<Incident>(tx, actor, &id)?;
        let words = text("text", &said.text, TEXT_CHARS_MAX)?;
        if said.mentions.len() > ASKED_MAX {
            return Err(Problem::field("mentions", Why::TooLong));
        }
        let sequence = app::comment::say(tx, actor, &id, &words, &said.mentions)?;
        let item = timeline::after(tx, actor, &id, sequence - 1, 1)?.pop();
        item.ok_or_else(|| Problem::internal(&"a comment that is not there"))
    });
    let kept = kept.await?.with_status(StatusCode::CREATED);
    api.node.changed(Some(incident_id));
    api.node.work_due.notify_one();
    Ok(kept)
}

/// Somebody who can be asked.
#[derive(Serialize, ToSchema)]
struct MentionablePerson {
    /// The log-in.
    id: String,
    /// How the person is called.
    name: String,
}

/// Who can be asked on an incident.
#[derive(Serialize, ToSchema)]
struct Mentionable {
    /// In the order of their log-ins.
    items: Vec<MentionablePerson>,
}

/// Whom one may ask on an incident: who sees it, among one's colleagues and those on its time line.
#[utoipa::path(get, path = "/incidents/{incident_id}/mentionable", tag = "incident", params(("incident_id" = String, Path)), responses(
    (status = 200, body = Mentionable),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
))]
async fn list_mentionable(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(incident_id): Path<String>,
) -> Result<Json<Mentionable>, Problem> {
    reading(&api, account, move |tx, actor| {
        let mut names = Names::new(tx);
        let people = app::comment::mentionable(tx, actor, &incident_id)?.into_iter();
        let items = people.map(|person| {
            Ok(MentionablePerson {
                name: names.person(&person.account.login)?,
                id: person.account.login,
            })
        });
        Ok(Mentionable {
            items: items.collect::<Result<_, store::Error>>()?,
        })
    })
    .await
}

/// That one was asked.
#[derive(Serialize, ToSchema)]
#[schema(as = Mention)]
struct MentionOut {
    /// On which incident.
    incident_id: String,
    /// What the shop's people call its terminal.
    terminal_name: String,
    /// Who asked, the last time.
    by: String,
    /// When.
    at: Time,
}

/// Where one was asked.
#[derive(Serialize, ToSchema)]
struct Mentions {
    /// The newest first; at most 50.
    items: Vec<MentionOut>,
}

/// Where one was asked and has not looked since.
#[utoipa::path(get, path = "/mentions", tag = "session", responses((status = 200, body = Mentions)))]
async fn list_mentions(State(api): State<Arc<Api>>, person: auth::Person) -> Result<Json<Mentions>, Problem> {
    reading(&api, person.into(), |tx, actor| Ok(mentions(tx, actor)?)).await
}

fn mentions(tx: &Tx<'_>, actor: &Actor) -> Result<Mentions, store::Error> {
    let mut names = Names::new(tx);
    let asked = app::comment::asked(tx, actor)?.into_iter();
    let items = asked.map(|(mention, incident)| {
        let terminal = store::terminal::get(tx, incident.terminal_id)?;
        Ok(MentionOut {
            terminal_name: terminal.map(|terminal| terminal.name).unwrap_or_default(),
            incident_id: mention.incident_id,
            by: names.person(&mention.by)?,
            at: Time(mention.at),
        })
    });
    Ok(Mentions {
        items: items.collect::<Result<_, store::Error>>()?,
    })
}

/// Say that one has looked at an incident on which one was asked; answers where one was asked besides.
#[utoipa::path(post, path = "/incidents/{incident_id}/mentions/seen", tag = "session", params(("incident_id" = String, Path)),
    request_body = Nothing, responses(
    (status = 200, body = Mentions),
    (status = 404, description = "incident_not_found", body = ProblemOut),
))]
async fn look_at_mentions(
    State(api): State<Arc<Api>>,
    person: auth::Person,
    Path(incident_id): Path<String>,
    input: In<Nothing>,
) -> Result<Kept, Problem> {
    acting(
        &api,
        person.into(),
        input,
        move |tx: &Tx<'_>, actor, Nothing {}| {
            app::comment::looked(tx, actor, &incident_id)?;
            Ok(mentions(tx, actor)?)
        },
    )
    .await
}

//! Routes that are alike for every noun: showing one, taking a step with it, and its events.
//!
//! A noun says how it is shown ([`Shown`]) and gets each route by a macro of one line.
//!
//! Invariant: the actor is read in the transaction that finds the thing, so what is shown and done is what the account may
//! see and do at that moment.

use app::case::{Stateful, find, step};
use axum::Json;
use domain::Actor;
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::idempotency::{Kept, once};
use super::input::{Cursor, In, Limit, text_opt};
use super::page::Page;
use super::people::Names;
use super::problem::Problem;
use super::sheet::ImportOut;
use super::wire::{Time, word};
use crate::auth::Account;

/// A noun that travels.
pub trait Shown: Stateful {
    /// As it travels, with what the actor may do.
    type Out: Serialize + Send + 'static;

    /// Makes it.
    fn out(tx: &Tx<'_>, actor: &Actor, it: Self) -> Result<Self::Out, Problem>;
}

/// Reads one snapshot as the actor.
pub async fn reading<T: Send + 'static>(
    api: &Api,
    account: Account,
    read: impl FnOnce(&Tx<'_>, &Actor) -> Result<T, Problem> + Send + 'static,
) -> Result<Json<T>, Problem> {
    let work = move |tx: &Tx<'_>| read(tx, &account.actor(tx)?);
    api.node.read(work).await.map(Json)
}

/// Does something as the actor, once per key.
pub async fn acting<T: Serialize + 'static, B>(
    api: &Api,
    account: Account,
    input: In<B>,
    act: impl FnOnce(&Tx<'_>, &Actor, B) -> Result<T, Problem> + Send + 'static,
) -> Result<Kept, Problem>
where
    B: Send + 'static,
{
    let by = account.clone();
    let work = move |tx: &Tx<'_>| act(tx, &account.actor(tx)?, input.body).map(Ok);
    once(api, &by, input.key, work).await
}

/// Why a transaction is taken back.
enum Undone {
    /// It was only asked what would be done, or something was wrong: the answer.
    Import(ImportOut),
    /// It failed.
    Failed(Problem),
}

impl From<store::Error> for Undone {
    fn from(error: store::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Imports a table as the actor: all of it, or nothing. It needs no key: the same table twice changes nothing.
pub async fn importing(
    api: &Api,
    account: Account,
    dry_run: bool,
    import: impl FnOnce(&Tx<'_>, &Actor) -> Result<ImportOut, Problem> + Send + 'static,
) -> Result<Json<ImportOut>, Problem> {
    let work = move |tx: &Tx<'_>| {
        let actor = account.actor(tx).map_err(Undone::Failed)?;
        let out = import(tx, &actor).map_err(Undone::Failed)?;
        match dry_run || !out.wrong.is_empty() {
            true => Err(Undone::Import(out)),
            false => Ok(ImportOut { done: true, ..out }),
        }
    };
    match api.node.write(work).await {
        Ok(out) | Err(Undone::Import(out)) => Ok(Json(out)),
        Err(Undone::Failed(problem)) => Err(problem),
    }
}

/// Shows the one of that identifier.
pub async fn show<N: Shown>(api: &Api, account: Account, id: String) -> Result<Json<N::Out>, Problem> {
    reading(api, account, move |tx, actor| {
        N::out(tx, actor, find(tx, actor, &id)?)
    })
    .await
}

/// What may be said with a step.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct Said {
    /// In a few words; at most 2000 characters.
    pub text: Option<String>,
}

/// Takes a step that needs nothing but a text.
pub async fn take<N: Shown>(
    api: &Api,
    account: Account,
    id: String,
    input: In<Said>,
    verb: N::Verb,
) -> Result<Kept, Problem> {
    acting(api, account, input, move |tx, actor, said| {
        let text = text_opt("text", said.text, app::case::TEXT_CHARS_MAX)?;
        let it = step::<N>(tx, actor, &id, verb, text.as_deref(), |_| ())?;
        N::out(tx, actor, it)
    })
    .await
}

word! {
    /// What something is about.
    Subject: domain::event::Subject;
    /// What does something.
    ActorKind: domain::actor::Kind;
}

/// An event of a noun.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventOut {
    /// Its place among the events of its subject, from 1.
    sequence: i64,
    /// When.
    at: Time,
    /// What was done or happened.
    verb: String,
    /// What did it.
    actor_kind: ActorKind,
    /// Who did it, by name.
    actor: String,
    /// Words of that person, or the particulars.
    #[schema(required)]
    text: Option<String>,
}

/// Which page of the events.
#[derive(Deserialize, IntoParams)]
pub struct EventsAfter {
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<i64>>,
}

/// A page of the events of one, oldest first.
pub async fn events<N: Shown>(
    api: &Api,
    account: Account,
    id: String,
    page: EventsAfter,
) -> Result<Json<Page<EventOut>>, Problem> {
    let after = page.cursor.map_or(0, |cursor| cursor.0);
    reading(api, account, move |tx, actor| {
        find::<N>(tx, actor, &id)?;
        let events = store::event::after(tx, N::SUBJECT, &id, after, page.limit.and_one())?;
        let mut names = Names::new(tx);
        Page::of(events, page.limit.get(), |event| event.sequence.to_string()).try_map(|event| {
            let actor = match event.actor_kind {
                domain::actor::Kind::Person => names.person(&event.actor)?,
                _ => event.actor,
            };
            Ok(EventOut {
                sequence: event.sequence,
                at: Time(event.at),
                verb: event.verb,
                actor_kind: ActorKind(event.actor_kind),
                actor,
                text: event.text,
            })
        })
    })
    .await
}

/// `show_route!(show: Contact => ContactOut, "contact", "/contacts/{contact_id}", "contact_id");`
macro_rules! show_route {
    ($name:ident: $noun:ty => $out:ident, $tag:literal, $path:literal, $id:literal) => {
        /// One of them.
        #[utoipa::path(get, path = $path, tag = $tag, params(($id = String, Path)), responses(
            (status = 200, body = $out),
            (status = 404, description = "There is none, for this account.", body = $crate::problem::ProblemOut),
        ))]
        async fn $name(
            axum::extract::State(api): axum::extract::State<std::sync::Arc<$crate::Api>>,
            account: $crate::auth::Account,
            axum::extract::Path(id): axum::extract::Path<String>,
        ) -> Result<axum::Json<$out>, $crate::problem::Problem> {
            $crate::route::show::<$noun>(&api, account, id).await
        }
    };
}
pub(crate) use show_route;

/// `step_route!(retire: Contact => ContactOut, Verb::Retire, "contact", "/contacts/{contact_id}/retire", "contact_id");`
macro_rules! step_route {
    ($name:ident: $noun:ty => $out:ident, $verb:expr, $tag:literal, $path:literal, $id:literal) => {
        /// Take this step.
        #[utoipa::path(post, path = $path, tag = $tag, params(($id = String, Path)),
            request_body = $crate::route::Said, responses(
            (status = 200, body = $out),
            (status = 403, description = "not_allowed, second_person_required", body = $crate::problem::ProblemOut),
            (status = 404, description = "There is none, for this account.", body = $crate::problem::ProblemOut),
            (status = 409, description = "wrong_state", body = $crate::problem::ProblemOut),
        ))]
        async fn $name(
            axum::extract::State(api): axum::extract::State<std::sync::Arc<$crate::Api>>,
            $crate::auth::Actor(account): $crate::auth::Actor,
            axum::extract::Path(id): axum::extract::Path<String>,
            input: $crate::input::In<$crate::route::Said>,
        ) -> Result<$crate::idempotency::Kept, $crate::problem::Problem> {
            $crate::route::take::<$noun>(&api, account, id, input, $verb).await
        }
    };
}
pub(crate) use step_route;

/// `events_route!(show_events: Contact, "contact", "/contacts/{contact_id}/events", "contact_id");`
macro_rules! events_route {
    ($name:ident: $noun:ty, $tag:literal, $path:literal, $id:literal) => {
        /// What happened to it, oldest first.
        #[utoipa::path(get, path = $path, tag = $tag, params(($id = String, Path), $crate::route::EventsAfter), responses(
            (status = 200, body = $crate::page::Page<$crate::route::EventOut>),
            (status = 404, description = "There is none, for this account.", body = $crate::problem::ProblemOut),
        ))]
        async fn $name(
            axum::extract::State(api): axum::extract::State<std::sync::Arc<$crate::Api>>,
            account: $crate::auth::Account,
            axum::extract::Path(id): axum::extract::Path<String>,
            $crate::input::Query(page): $crate::input::Query<$crate::route::EventsAfter>,
        ) -> Result<axum::Json<$crate::page::Page<$crate::route::EventOut>>, $crate::problem::Problem> {
            $crate::route::events::<$noun>(&api, account, id, page).await
        }
    };
}
pub(crate) use events_route;

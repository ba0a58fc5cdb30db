//! Routes that are alike for every noun: its list, showing, adding and changing one, taking a step with it, its events, and
//! tables of many.
//!
//! A noun says how it is shown ([`Shown`]), found ([`Listed`]) and written ([`Sayable`], [`Tabled`]), and gets each route by a
//! macro of one line.
//!
//! Invariant: the actor is read in the transaction that finds the thing, so what is shown and done is what the account may
//! see and do at that moment.

use app::case::{self, Noun, Stateful, Written, find, step};
use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::Actor;
use domain::case::{ListVerb, decide, list_actions};
use domain::personal::{Personal, REASON_CHARS_MAX, REASON_CHARS_MIN};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::{IntoParams, ToSchema};

use super::edge::Secret;
use super::idempotency::{Kept, once};
use super::input::{Cursor, In, Limit, text, text_opt};
use super::page::Page;
use super::people::Names;
use super::problem::{Problem, Why, code};
use super::sheet::{self, Format, ImportOut, Sheet};
use super::wire::{Time, word};
use super::{Api, id};
use crate::auth::Account;

/// A noun that travels.
pub trait Shown: Noun {
    /// As it travels, with what the actor may do.
    type Out: Serialize + Send + 'static;

    /// Makes it.
    fn out(tx: &Tx<'_>, actor: &Actor, it: Self) -> Result<Self::Out, Problem>;

    /// Whether the actor, who sees it, reads what an event of it says.
    fn reads_text(_actor: &Actor, _event: &domain::event::Event) -> bool {
        true
    }
}

/// A noun with a list, page by page after the identifier that the last one ended with.
pub trait Listed: Shown + Stateful {
    /// Which of them: a struct of parameters.
    type Query: Send + 'static;

    /// At most `limit` of them that the actor sees.
    fn list(tx: &Tx<'_>, actor: &Actor, which: &Self::Query, limit: i64) -> Result<Vec<Self>, Problem>;
}

/// A noun that people add and change.
pub trait Sayable: Shown {
    /// As what is said of one travels.
    type In: Send + 'static;

    /// Adds one; it gets that identifier, unless what is said names its own.
    fn create(tx: &Tx<'_>, actor: &Actor, id: &str, said: Self::In) -> Result<Self, Problem>;

    /// Writes something else of the one of that identifier, which the actor sees.
    fn change(tx: &Tx<'_>, actor: &Actor, id: &str, said: Self::In) -> Result<Self, Problem>;
}

/// A noun that leaves as a table and comes back as one.
pub trait Tabled: Listed + Written + Sayable<In: TryInto<Self::Said, Error = Problem>> {
    /// The name of the table.
    const SHEET: &'static str;
    /// Its columns: fields of what is said; `state` is added to what leaves.
    const COLUMNS: &'static [&'static str];
}

/// What the actor may do with one now, as it travels.
pub fn actions<N: Stateful, W>(
    tx: &Tx<'_>,
    actor: &Actor,
    it: &N,
    word: fn(N::Verb) -> W,
) -> Result<Vec<W>, store::Error> {
    Ok(case::actions(tx, actor, it)?.into_iter().map(word).collect())
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
pub async fn import<N: Tabled>(
    api: &Api,
    account: Account,
    table: sheet::Table,
) -> Result<Json<ImportOut>, Problem>
where
    N::In: DeserializeOwned,
{
    let work = move |tx: &Tx<'_>| {
        let import = || {
            let actor = account.actor(tx)?;
            if !list_actions::<N>(&actor).contains(&ListVerb::Import) {
                return Err(Problem::new(code::NOT_ALLOWED));
            }
            let lines = sheet::read("text", &table.text, N::COLUMNS)?;
            sheet::import(lines, |said: N::In| {
                Ok(case::import::<N>(tx, &actor, &id::new()?, said.try_into()?)?)
            })
        };
        let out = import().map_err(Undone::Failed)?;
        match table.dry_run || !out.wrong.is_empty() {
            true => Err(Undone::Import(out)),
            false => Ok(ImportOut { done: true, ..out }),
        }
    };
    match api.node.write(work).await {
        Ok(out) | Err(Undone::Import(out)) => Ok(Json(out)),
        Err(Undone::Failed(problem)) => Err(problem),
    }
}

/// All the actor sees as a table.
pub async fn export<N: Tabled>(api: &Api, account: Account, format: Format) -> Result<Response, Problem>
where
    N::Query: Default,
{
    let columns: Vec<&str> = N::COLUMNS.iter().copied().chain(["state"]).collect();
    let names = columns.clone();
    let Json(rows) = reading(api, account, move |tx, actor| {
        let all = N::list(tx, actor, &N::Query::default(), sheet::ROWS_MAX as i64)?;
        let cells = |it| sheet::cells(&N::out(tx, actor, it)?, &columns);
        all.into_iter().map(cells).collect()
    })
    .await?;
    let sheet = Sheet {
        name: N::SHEET,
        columns: names,
        rows,
    };
    sheet.answer(format)
}

/// A page of those the actor sees, and what may be done with the list.
pub async fn list<N: Listed>(
    api: &Api,
    account: Account,
    limit: Limit,
    which: N::Query,
) -> Result<Json<Page<N::Out>>, Problem> {
    reading(api, account, move |tx, actor| {
        let some = N::list(tx, actor, &which, limit.and_one())?;
        Page::of(some, limit.get(), |it| it.id().to_owned())
            .with_actions(list_actions::<N>(actor))
            .try_map(|it| N::out(tx, actor, it))
    })
    .await
}

/// Adds one.
pub async fn create<N: Sayable>(api: &Api, account: Account, input: In<N::In>) -> Result<Kept, Problem> {
    let id = id::new()?;
    let kept = acting(api, account, input, move |tx, actor, said| {
        N::out(tx, actor, N::create(tx, actor, &id, said)?)
    });
    Ok(kept.await?.with_status(StatusCode::CREATED))
}

/// Writes something else of one.
pub async fn change<N: Sayable>(
    api: &Api,
    account: Account,
    id: String,
    input: In<N::In>,
) -> Result<Kept, Problem> {
    acting(api, account, input, move |tx, actor, said| {
        // Of what is not there, nothing that is said is wrong.
        find::<N>(tx, actor, &id)?;
        N::out(tx, actor, N::change(tx, actor, &id, said)?)
    })
    .await
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
pub async fn take<N: Shown + Stateful>(
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

/// Why personal data are asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "电话核实挂失，本人要求回电" }))]
pub struct Reason {
    /// In a few words, 4 to 500 characters. It is kept with the event.
    #[schema(min_length = 4, max_length = 500)]
    pub reason: String,
}

impl Reason {
    /// What is said for a step with one that the actor sees and may take, when it says something. Of what is not there, and of what one
    /// may not, nothing that is said is wrong.
    pub fn of<N: Stateful>(
        self,
        tx: &Tx<'_>,
        actor: &Actor,
        id: &str,
        verb: N::Verb,
    ) -> Result<String, Problem> {
        let it: N = find(tx, actor, id)?;
        decide(&it, verb, actor).map_err(case::Error::from)?;
        let reason = text("reason", &self.reason, REASON_CHARS_MAX)?;
        match reason.chars().count() >= REASON_CHARS_MIN {
            true => Ok(reason),
            false => Err(Problem::field("reason", Why::TooShort)),
        }
    }
}

/// A noun that holds something about a person, which one may ask to see in full.
pub trait Revealing: Stateful + Personal {
    /// The step that shows it.
    const REVEAL: Self::Verb;
}

/// What is personal of a noun, in full.
#[derive(Serialize, ToSchema)]
#[schema(as = PersonalData)]
pub struct PersonalOut {
    /// By the fields that answers show masked; those that nobody said are missing.
    #[schema(value_type = std::collections::HashMap<String, String>)]
    values: BTreeMap<&'static str, String>,
}

/// Shows what is personal of one in full, with an event that says who asked and why. The answer is kept for no key: each look is
/// one.
pub async fn reveal<N: Revealing>(
    api: &Api,
    account: Account,
    id: String,
    input: In<Reason>,
) -> Result<Response, Problem> {
    let work = move |tx: &Tx<'_>| {
        let actor = account.actor(tx)?;
        let reason = input.body.of::<N>(tx, &actor, &id, N::REVEAL)?;
        let it = step::<N>(tx, &actor, &id, N::REVEAL, Some(&reason), |_| ())?;
        let said = it.personal().into_iter();
        let values = said.filter_map(|datum| Some((datum.field, datum.text?.to_owned())));
        Ok::<_, Problem>(PersonalOut {
            values: values.collect(),
        })
    };
    let out = api.node.write(work).await?;
    Ok((Extension(Secret), Json(out)).into_response())
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
    /// Words of that person, or the particulars; null also where they are not the reader's.
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
            let is_read = N::reads_text(actor, &event);
            let actor = match event.actor_kind {
                domain::actor::Kind::Person | domain::actor::Kind::Machine => names.person(&event.actor)?,
                _ => event.actor,
            };
            Ok(EventOut {
                sequence: event.sequence,
                at: Time(event.at),
                verb: event.verb,
                actor_kind: ActorKind(event.actor_kind),
                actor,
                text: event.text.filter(|_| is_read),
            })
        })
    })
    .await
}

/// `list_route!(list: Contact => ContactOut, ContactQuery, "contact", "/contacts");`
macro_rules! list_route {
    ($name:ident: $noun:ty => $out:ident, $query:ident, $tag:literal, $path:literal) => {
        /// Those one sees, in the order of their identifiers.
        #[utoipa::path(get, path = $path, tag = $tag, params($query), responses((status = 200, body = $crate::page::Page<$out>)))]
        async fn $name(
            axum::extract::State(api): axum::extract::State<std::sync::Arc<$crate::Api>>,
            account: $crate::auth::Account,
            $crate::input::Query(query): $crate::input::Query<$query>,
        ) -> Result<axum::Json<$crate::page::Page<$out>>, $crate::problem::Problem> {
            $crate::route::list::<$noun>(&api, account, query.limit, query).await
        }
    };
}
pub(crate) use list_route;

/// `create_route!(create: Contact, ContactIn => ContactOut, "contact", "/contacts");`
macro_rules! create_route {
    ($name:ident: $noun:ty, $in:ident => $out:ident, $tag:literal, $path:literal) => {
        /// Add one.
        #[utoipa::path(post, path = $path, tag = $tag, request_body = $in, responses(
            (status = 201, body = $out),
            (status = 403, description = "not_allowed", body = $crate::problem::ProblemOut),
            (status = 409, description = "taken: there is one like this; out_of_business: its place is retired", body = $crate::problem::ProblemOut),
        ))]
        async fn $name(
            axum::extract::State(api): axum::extract::State<std::sync::Arc<$crate::Api>>,
            $crate::auth::Actor(account): $crate::auth::Actor,
            input: $crate::input::In<$in>,
        ) -> Result<$crate::idempotency::Kept, $crate::problem::Problem> {
            $crate::route::create::<$noun>(&api, account, input).await
        }
    };
}
pub(crate) use create_route;

/// `change_route!(change: Contact, ContactIn => ContactOut, "contact", "/contacts/{contact_id}", "contact_id");`
macro_rules! change_route {
    ($name:ident: $noun:ty, $in:ident => $out:ident, $tag:literal, $path:literal, $id:literal) => {
        /// Write something else; what is not said is empty afterwards.
        #[utoipa::path(put, path = $path, tag = $tag, params(($id = String, Path)), request_body = $in, responses(
            (status = 200, body = $out),
            (status = 403, description = "not_allowed", body = $crate::problem::ProblemOut),
            (status = 404, description = concat!($tag, "_not_found"), body = $crate::problem::ProblemOut),
            (status = 409, description = "wrong_state; taken: there is one like this", body = $crate::problem::ProblemOut),
        ))]
        async fn $name(
            axum::extract::State(api): axum::extract::State<std::sync::Arc<$crate::Api>>,
            $crate::auth::Actor(account): $crate::auth::Actor,
            axum::extract::Path(id): axum::extract::Path<String>,
            input: $crate::input::In<$in>,
        ) -> Result<$crate::idempotency::Kept, $crate::problem::Problem> {
            $crate::route::change::<$noun>(&api, account, id, input).await
        }
    };
}
pub(crate) use change_route;

/// `export_route!(export: Contact, "contact", "/contacts/export");`
macro_rules! export_route {
    ($name:ident: $noun:ty, $tag:literal, $path:literal) => {
        /// Those one sees as a table, at most 10000.
        #[utoipa::path(get, path = $path, tag = $tag, params($crate::sheet::ExportQuery),
            responses((status = 200, description = "A table.", content_type = "text/csv", body = String)))]
        async fn $name(
            axum::extract::State(api): axum::extract::State<std::sync::Arc<$crate::Api>>,
            account: $crate::auth::Account,
            $crate::input::Query(query): $crate::input::Query<$crate::sheet::ExportQuery>,
        ) -> Result<axum::response::Response, $crate::problem::Problem> {
            $crate::route::export::<$noun>(&api, account, query.format).await
        }
    };
}
pub(crate) use export_route;

/// `import_route!(import: Contact, "contact", "/contacts/import");`
macro_rules! import_route {
    ($name:ident: $noun:ty, $tag:literal, $path:literal) => {
        /// Add and change many by a table with the columns that an export has; `state` is left alone.
        ///
        /// With one wrong line nothing is done, and each wrong line is named; the same table twice changes nothing.
        #[utoipa::path(post, path = $path, tag = $tag, request_body = $crate::sheet::Table,
            responses((status = 200, body = $crate::sheet::ImportOut), (status = 403, description = "not_allowed", body = $crate::problem::ProblemOut)))]
        async fn $name(
            axum::extract::State(api): axum::extract::State<std::sync::Arc<$crate::Api>>,
            $crate::auth::Actor(account): $crate::auth::Actor,
            input: $crate::input::In<$crate::sheet::Table>,
        ) -> Result<axum::Json<$crate::sheet::ImportOut>, $crate::problem::Problem> {
            $crate::route::import::<$noun>(&api, account, input.body).await
        }
    };
}
pub(crate) use import_route;

/// `show_route!(show: Contact => ContactOut, "contact", "/contacts/{contact_id}", "contact_id");`
macro_rules! show_route {
    ($name:ident: $noun:ty => $out:ident, $tag:literal, $path:literal, $id:literal) => {
        /// One of them.
        #[utoipa::path(get, path = $path, tag = $tag, params(($id = String, Path)), responses(
            (status = 200, body = $out),
            (status = 404, description = concat!($tag, "_not_found"), body = $crate::problem::ProblemOut),
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
            (status = 403, description = "not_allowed, second_person_required, step_up_required", body = $crate::problem::ProblemOut),
            (status = 404, description = concat!($tag, "_not_found"), body = $crate::problem::ProblemOut),
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

/// `reveal_route!(reveal: Person, "account", "/accounts/{login}/reveal", "login");`
macro_rules! reveal_route {
    ($name:ident: $noun:ty, $tag:literal, $path:literal, $id:literal) => {
        /// See what is personal of it in full. Who looked, and why, is among its events; a key does not repeat the answer.
        #[utoipa::path(post, path = $path, tag = $tag, params(($id = String, Path)),
            request_body = $crate::route::Reason, responses(
            (status = 200, body = $crate::route::PersonalOut),
            (status = 403, description = "not_allowed, step_up_required", body = $crate::problem::ProblemOut),
            (status = 404, description = concat!($tag, "_not_found"), body = $crate::problem::ProblemOut),
            (status = 409, description = "wrong_state: there is nothing", body = $crate::problem::ProblemOut),
        ))]
        async fn $name(
            axum::extract::State(api): axum::extract::State<std::sync::Arc<$crate::Api>>,
            $crate::auth::Actor(account): $crate::auth::Actor,
            axum::extract::Path(id): axum::extract::Path<String>,
            input: $crate::input::In<$crate::route::Reason>,
        ) -> Result<axum::response::Response, $crate::problem::Problem> {
            $crate::route::reveal::<$noun>(&api, account, id, input).await
        }
    };
}
pub(crate) use reveal_route;

/// `events_route!(show_events: Contact, "contact", "/contacts/{contact_id}/events", "contact_id");`
macro_rules! events_route {
    ($name:ident: $noun:ty, $tag:literal, $path:literal, $id:literal) => {
        /// What happened to it, oldest first.
        #[utoipa::path(get, path = $path, tag = $tag, params(($id = String, Path), $crate::route::EventsAfter), responses(
            (status = 200, body = $crate::page::Page<$crate::route::EventOut>),
            (status = 404, description = concat!($tag, "_not_found"), body = $crate::problem::ProblemOut),
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

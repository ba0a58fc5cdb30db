//! The timeline of an incident.

use std::sync::Arc;

use app::case::find;
use axum::Json;
use axum::extract::{Path, State};
use domain::Actor;
use domain::TerminalId;
use domain::actor::Kind;
use domain::event::{Event, Subject};
use domain::incident::{Happened, Incident};
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::auth::Account;
use crate::input::{Cursor, Limit, Query, Sequence};
use crate::page::Page;
use crate::people::Names;
use crate::problem::{Problem, ProblemOut};
use crate::route::reading;
use crate::transaction::TransactionOut;
use crate::wire::{Time, words_schema};

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(show_timeline))
}

/// Something that happened in an incident.
#[derive(Serialize, ToSchema)]
pub struct TimelineItem {
    /// Its place, from 1.
    pub sequence: i64,
    /// When.
    at: Time,
    /// What.
    #[schema(schema_with = kind_schema)]
    kind: &'static str,
    /// The transaction it is about.
    #[schema(required)]
    transaction: Option<TransactionOut>,
    /// Who did it.
    #[schema(required)]
    by: Option<String>,
    /// The duty it is about, by its name in the playbook.
    #[schema(required)]
    duty: Option<String>,
    /// Words of that person.
    #[schema(required)]
    text: Option<String>,
}

fn kind_schema() -> RefOr<Schema> {
    words_schema(Happened::ALL.map(word))
}

/// The receipts of all channels are one item: they are written together.
const fn word(kind: Happened) -> &'static str {
    match kind {
        Happened::Acknowledged => "receipt",
        other => other.code(),
    }
}

impl TimelineItem {
    fn of(
        tx: &Tx<'_>,
        names: &mut Names<'_, '_>,
        terminal_id: TerminalId,
        item: Event,
    ) -> Result<Self, store::Error> {
        let row = match item.ledger_sequence {
            None => None,
            Some(sequence) => store::ledger::get(tx, terminal_id, sequence)?,
        };
        let happened = Happened::parse(&item.verb).ok_or(store::Error::Corrupt("event.verb"))?;
        let (duty, said) = match (happened.is_of_duty(), item.text) {
            (true, Some(text)) => app::duty::told(&text),
            (_, text) => (None, text),
        };
        Ok(Self {
            sequence: item.sequence,
            at: Time(item.at),
            kind: word(happened),
            transaction: row.and_then(TransactionOut::of),
            by: match item.actor_kind {
                Kind::Person | Kind::Machine => Some(names.person(&item.actor)?),
                _ => None,
            },
            duty,
            text: match (happened, said) {
                (
                    Happened::ReminderSent
                    | Happened::ReminderRefused
                    | Happened::ReminderUnknown
                    | Happened::DutyHandedOver,
                    Some(login),
                ) => Some(names.person(&login)?),
                (_, text) => text,
            },
        })
    }
}

/// The items of an incident after a sequence, oldest first; at most `limit`.
pub fn after(
    tx: &Tx<'_>,
    actor: &Actor,
    incident_id: &str,
    sequence: i64,
    limit: usize,
) -> Result<Vec<TimelineItem>, Problem> {
    let incident: Incident = find(tx, actor, incident_id)?;
    let items = store::event::after(tx, Subject::Incident, incident_id, sequence, limit as i64)?;
    let mut names = Names::new(tx);
    let items = items
        .into_iter()
        .map(|item| TimelineItem::of(tx, &mut names, incident.terminal_id, item));
    Ok(items.collect::<Result<_, _>>()?)
}

/// Which items.
#[derive(Deserialize, IntoParams)]
struct TimelineQuery {
    /// Only items after this sequence.
    #[param(inline)]
    after: Option<Sequence>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`, in place of `after`.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<i64>>,
}

/// What happened in an incident, oldest first.
#[utoipa::path(get, path = "/incidents/{incident_id}/timeline", tag = "incident",
    params(("incident_id" = String, Path), TimelineQuery), responses(
    (status = 200, body = Page<TimelineItem>),
    (status = 404, description = "incident_not_found", body = ProblemOut),
))]
async fn show_timeline(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(incident_id): Path<String>,
    Query(query): Query<TimelineQuery>,
) -> Result<Json<Page<TimelineItem>>, Problem> {
    let limit = query.limit.get();
    let cursor = query.cursor.map(|cursor| cursor.0);
    let sequence = cursor.or(query.after.map(|after| after.0)).unwrap_or(0);
    reading(&api, account, move |tx, actor| {
        let items = after(tx, actor, &incident_id, sequence, limit + 1)?;
        Ok(Page::of(items, limit, |item| item.sequence.to_string()))
    })
    .await
}

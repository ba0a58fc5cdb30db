//! The timeline of an incident, live, as server-sent events.
//!
//! Invariant: the bell only wakes; what is sent is read from the store by its place, so nothing is missed or sent twice.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use app::case::find;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use domain::incident::Incident;
use serde::Deserialize;
use store::Tx;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::timeline::{self, TimelineItem};
use crate::Api;
use crate::auth::Account;
use crate::input::{self, Query, Sequence};
use crate::places::{Place, Places};
use crate::problem::{Problem, ProblemOut, Why};
use node::Node;

/// Streams open on this node at once.
const STREAMS_MAX: usize = 200;
/// Streams of one account at once.
const STREAMS_PER_ACCOUNT_MAX: usize = 5;
/// Between two signs of life; also how long a session's end may go unnoticed, and a reader may stand still.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often to look where other nodes write too: their bells ring only there.
const LOOK_EVERY_SHARED: Duration = Duration::from_secs(1);
/// Items read at once.
const ITEMS_MAX: usize = 100;
/// Events waiting for a slow reader.
const WAITING_MAX: usize = 16;

crate::problem::codes! {
    /// Too many live streams.
    TOO_MANY_STREAMS = "too_many_streams", TOO_MANY_REQUESTS:
        ("连接过多", "实时连接过多，请关闭其他页面。"),
        ("Too many streams", "Too many live streams are open. Close some pages.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(follow))
}

/// The places of live streams on this node.
pub fn places() -> Arc<Places> {
    Places::new(STREAMS_MAX, STREAMS_PER_ACCOUNT_MAX)
}

/// From where.
#[derive(Deserialize, IntoParams)]
struct StreamQuery {
    /// The last sequence one has, when no Last-Event-ID says it.
    #[param(inline)]
    after: Option<Sequence>,
}

/// Follow an incident's timeline: one `timeline` event per item, its sequence as `id`. Begins after `Last-Event-ID`, or
/// after `after` when the stream is opened for the first time.
#[utoipa::path(get, path = "/incidents/{incident_id}/events", tag = "incident", params(
    ("incident_id" = String, Path),
    StreamQuery,
    ("Last-Event-ID" = Option<i64>, Header, minimum = 0, description = "The last sequence one has."),
), responses(
    (status = 200, description = "Events whose data is a TimelineItem.", content_type = "text/event-stream", body = TimelineItem),
    (status = 404, description = "incident_not_found", body = ProblemOut),
    (status = 429, description = "too_many_streams", body = ProblemOut),
))]
async fn follow(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(incident_id): Path<String>,
    headers: HeaderMap,
    Query(query): Query<StreamQuery>,
) -> Result<Response, Problem> {
    let last = match headers.get("Last-Event-ID") {
        None => query.after.map_or(0, |after| after.0),
        Some(value) => {
            let sequence = value.to_str().ok().and_then(<i64 as input::Place>::parse);
            sequence.ok_or_else(|| Problem::field("Last-Event-ID", Why::Invalid))?
        }
    };
    let open = api.streams.take(account.name());
    let open = open.ok_or_else(|| Problem::new(TOO_MANY_STREAMS).retry_after_s(30))?;
    // Listen first, read second: what happens in between rings.
    let bell = api.node.changes.subscribe();
    let (reader, id) = (account.clone(), incident_id.clone());
    api.node
        .read(move |tx| Ok::<Incident, Problem>(find(tx, &reader.actor(tx)?, &id)?))
        .await?;
    let (send, events) = mpsc::channel(WAITING_MAX);
    let follower = Follower {
        node: api.node.clone(),
        account,
        incident_id,
        last,
        send,
    };
    tokio::spawn(follower.run(bell, api.settings.stopping.clone(), open));
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE).text("keep-alive");
    Ok(Sse::new(ReceiverStream::new(events))
        .keep_alive(keep_alive)
        .into_response())
}

struct Follower {
    node: Arc<Node>,
    account: Account,
    incident_id: String,
    last: i64,
    send: mpsc::Sender<Result<Event, Infallible>>,
}

impl Follower {
    async fn run(
        mut self,
        mut bell: broadcast::Receiver<String>,
        mut stopping: watch::Receiver<bool>,
        _open: Place,
    ) {
        let every = match self.node.store.is_shared() {
            true => LOOK_EVERY_SHARED,
            false => KEEP_ALIVE,
        };
        let mut look_again = tokio::time::interval(every);
        loop {
            let rung = tokio::select! {
                rung = bell.recv() => match rung {
                    // The login rings when a session of it has ended, a key when it is revoked.
                    Ok(what) => what == self.incident_id || what == self.account.name(),
                    Err(RecvError::Lagged(_)) => true,
                    Err(RecvError::Closed) => return,
                },
                // The first tick is at once: it sends what is there already. Later ones notice the session's end.
                _ = look_again.tick() => true,
                () = self.send.closed() => return,
                Ok(_) = stopping.wait_for(|stopping| *stopping) => return,
            };
            if !rung {
                continue;
            }
            // One look answers all rings so far.
            bell = bell.resubscribe();
            if !self.send_news().await {
                return;
            }
        }
    }

    /// Sends what is new; false when the stream is over.
    async fn send_news(&mut self) -> bool {
        loop {
            let Ok(items) = self.read().await else {
                return false;
            };
            let len = items.len();
            for item in items {
                let sequence = item.sequence;
                let event = Event::default()
                    .event("timeline")
                    .id(sequence.to_string())
                    .json_data(item);
                let Ok(event) = event else { return false };
                match tokio::time::timeout(KEEP_ALIVE, self.send.send(Ok(event))).await {
                    Ok(Ok(())) => self.last = sequence,
                    Ok(Err(_)) | Err(_) => return false,
                }
            }
            if len < ITEMS_MAX {
                return true;
            }
        }
    }

    async fn read(&self) -> Result<Vec<TimelineItem>, Problem> {
        let (account, incident_id, last) = (self.account.clone(), self.incident_id.clone(), self.last);
        let read = move |tx: &Tx<'_>| timeline::after(tx, &account.actor(tx)?, &incident_id, last, ITEMS_MAX);
        self.node.read(read).await
    }
}

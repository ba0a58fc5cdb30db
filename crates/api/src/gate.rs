//! The gate's counters.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use axum::Json;
use axum::extract::State;
use domain::right::{Object, Right};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::problem::{Problem, ProblemOut};
use super::setting::GateSource;
use crate::auth::{self, Account};

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(show))
}

/// What the gate counts; since the node started.
#[derive(Serialize, ToSchema)]
struct Gate {
    /// Whence this node has its gate, if it has one.
    source: GateSource,
    /// Connections open now.
    connections: i64,
    /// Frames read.
    frames: u64,
    /// Frames that were no message of the profile.
    malformed: u64,
    /// Messages of terminals that are not in the estate.
    unknown_terminal: u64,
    /// Messages whose MAC did not verify.
    mac_failures: u64,
    /// Requests between their arrival and their answer.
    in_flight: i64,
    /// Whether the acquirer's host is connected.
    host_connected: bool,
    /// Reversals the host has not answered yet.
    reversals_owed: i64,
}

/// The gate of this node, for risk officers and auditors.
#[utoipa::path(get, path = "/gate", tag = "gate", responses(
    (status = 200, body = Gate), (status = 403, description = "not_allowed", body = ProblemOut),
))]
async fn show(State(api): State<Arc<Api>>, account: Account) -> Result<Json<Gate>, Problem> {
    auth::may(account.as_actor(), Right::SeeHouse, Object::House)?;
    let reversals_owed = api.node.read(store::owed_reversal::count).await?;
    let counters = &api.node.counters;
    Ok(Json(Gate {
        source: GateSource(api.settings.gate),
        connections: counters.connections.load(Relaxed),
        frames: counters.frames.load(Relaxed),
        malformed: counters.malformed.load(Relaxed),
        unknown_terminal: counters.unknown_terminal.load(Relaxed),
        mac_failures: counters.mac_failures.load(Relaxed),
        in_flight: counters.in_flight.load(Relaxed),
        host_connected: counters.host_connected.load(Relaxed),
        reversals_owed,
    }))
}

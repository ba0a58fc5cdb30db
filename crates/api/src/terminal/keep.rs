//! Keeping terminals: added, changed, moved, retired (R2.1). What is said of one is in [`super::said`].
//!
//! Invariant: where a terminal is registered already is told to nobody but whoever may see it.

use std::sync::Arc;

use app::terminal::{New, NotKept};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::setting::Settings;
use domain::terminal::keep::Verb;
use domain::terminal::{Status, Terminal};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::key::Safe;
use super::said::{TerminalChange, TerminalIn};
use super::{TerminalOut, page, parse_id};
use crate::Api;
use crate::auth;
use crate::idempotency::Kept;
use crate::input::In;
use crate::problem::{Problem, ProblemOut};
use crate::route::{self, acting};

crate::problem::codes! {
    /// Another terminal has this serial number or identifier.
    TERMINAL_TAKEN = "terminal_taken", CONFLICT:
        ("已经登记过", "这台终端登记在别的商户名下。请再核对一遍标签，或问收单机构这台终端从哪里来。"),
        ("Registered already", "This terminal is registered with another merchant. Look at the label again, or ask the acquirer \
         where it comes from.");
    /// Its loss is not closed.
    LOSS_OPEN = "loss_open", CONFLICT:
        ("报失未结", "这台终端的报失还没有结束，先处理完再移走或停用。"),
        ("A loss is open", "The loss of this terminal is not closed: see to it before the terminal is moved or retired.");
    /// No gate of this house decides.
    NO_GATE = "no_gate", CONFLICT:
        ("没有网关", "这里没有网关，终端只能由外部收单机构控制（control: outside）。"),
        ("No gate here", "This house has no gate: its terminals are decided by an acquirer outside (control: outside).");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(change))
        .routes(routes!(move_to))
        .routes(routes!(retire))
        .routes(routes!(restore))
        .routes(routes!(show_events))
}

route::step_route!(retire: Terminal => TerminalOut, Verb::Retire, "terminal", "/terminals/{terminal_id}/retire", "terminal_id");
route::step_route!(restore: Terminal => TerminalOut, Verb::Restore, "terminal", "/terminals/{terminal_id}/restore", "terminal_id");
route::events_route!(show_events: Terminal, "terminal", "/terminals/{terminal_id}/events", "terminal_id");

impl From<NotKept> for Problem {
    fn from(error: NotKept) -> Self {
        match error {
            NotKept::Case(error) => error.into(),
            NotKept::Taken { by: None, .. } => Self::new(TERMINAL_TAKEN),
            NotKept::Taken {
                field,
                by: Some(other),
            } => {
                let (zh, en) = match field {
                    "serial" => (
                        format!("序列号 {}", other.serial),
                        format!("The serial number {}", other.serial),
                    ),
                    _ => (
                        format!("终端号 {}", other.terminal_id),
                        format!("The terminal number {}", other.terminal_id),
                    ),
                };
                let (zh_end, en_end) = match other.status {
                    Status::Active => ("", ""),
                    Status::Retired => ("，已停用，可以恢复", ", which is retired and can be restored"),
                };
                let Terminal {
                    name,
                    terminal_id,
                    bound,
                    ..
                } = *other;
                let place = bound.placement_address;
                Self::new(TERMINAL_TAKEN).saying(
                    format!("{zh} 已登记：“{name}”，终端号 {terminal_id}，{place}{zh_end}。"),
                    format!("{en} is registered already: “{name}”, terminal {terminal_id}, {place}{en_end}."),
                )
            }
        }
    }
}

/// Add a terminal.
///
/// An owner adds those that an acquirer outside decides; one that our gate decides is added by the acquirer's own people, where the
/// house has a gate.
#[utoipa::path(post, path = "/terminals", tag = "terminal", request_body = TerminalIn, responses(
    (status = 201, body = TerminalOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 409, description = "terminal_taken: says where it is to whoever may see it; no_gate, out_of_business", body = ProblemOut),
))]
async fn create(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    input: In<TerminalIn>,
) -> Result<Kept, Problem> {
    let (node, check) = (api.node.clone(), api.settings.key_check);
    let has_gate = api.settings.gate != crate::setting::GateFrom::Off;
    let kept = acting(&api, account, input, move |tx, actor, said: TerminalIn| {
        let safe = Safe {
            sealer: &node.sealer,
            check,
        };
        let settings = store::setting::get(tx)?.unwrap_or_else(Settings::unasked);
        let (terminal, master_key) = said.read(&settings, safe)?;
        let new = New {
            terminal,
            master_key,
            has_gate,
        };
        page(tx, actor, app::terminal::create(tx, actor, new)?)
    });
    Ok(kept.await?.with_status(StatusCode::CREATED))
}

/// Write something else of a terminal; what is not said stays. Its identifier, its shop and who decides stay in any case.
#[utoipa::path(put, path = "/terminals/{terminal_id}", tag = "terminal", params(("terminal_id" = String, Path)),
    request_body = TerminalChange, responses(
    (status = 200, body = TerminalOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "terminal_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state, terminal_taken", body = ProblemOut),
))]
async fn change(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(terminal_id): Path<String>,
    input: In<TerminalChange>,
) -> Result<Kept, Problem> {
    let (terminal_id, node) = (parse_id(&terminal_id)?, api.node.clone());
    acting(&api, account, input, move |tx, actor, said: TerminalChange| {
        let kept: Terminal = app::case::locked(tx, actor, terminal_id.as_str())?;
        let changes = said.read(&node.sealer, &kept)?;
        page(tx, actor, app::terminal::change(tx, actor, terminal_id, changes)?)
    })
    .await
}

/// Where to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TerminalMove, example = json!({ "shop_id": "S02" }))]
pub struct Move {
    /// Another shop of the same merchant.
    shop_id: String,
}

/// Say that a terminal stands in another shop of its merchant now. Its history stays its own; who was signed in is signed out.
#[utoipa::path(post, path = "/terminals/{terminal_id}/move", tag = "terminal", params(("terminal_id" = String, Path)),
    request_body = Move, responses(
    (status = 200, body = TerminalOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "terminal_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state, loss_open, out_of_business", body = ProblemOut),
))]
async fn move_to(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(terminal_id): Path<String>,
    input: In<Move>,
) -> Result<Kept, Problem> {
    let terminal_id = parse_id(&terminal_id)?;
    acting(&api, account, input, move |tx, actor, said: Move| {
        page(
            tx,
            actor,
            app::terminal::move_to(tx, actor, terminal_id, said.shop_id.trim())?,
        )
    })
    .await
}

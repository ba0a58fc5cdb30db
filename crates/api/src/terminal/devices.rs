//! The list of devices (PCI DSS 9.5.1.1).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use domain::terminal::Terminal;
use serde::Serialize;
use store::terminal::Filter;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{TerminalSummary, summary};
use crate::Api;
use crate::auth::{Account, scope};
use crate::input::Query;
use crate::people::Names;
use crate::problem::Problem;
use crate::route::reading;
use crate::sheet::{self, ExportQuery, Sheet};

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(export))
}

/// What PCI DSS 9.5.1.1 asks for (make and model, location, serial number), and how each device is.
const COLUMNS: [&str; 12] = [
    "terminal_id",
    "serial",
    "model",
    "name",
    "merchant_name",
    "shop_name",
    "placement_address",
    "location",
    "control",
    "state",
    "last_seen_at",
    "keys_held_by",
];

/// A line of the list of devices.
#[derive(Serialize)]
struct Device {
    #[serde(flatten)]
    summary: TerminalSummary,
    placement_address: String,
    keys_held_by: Option<String>,
}

/// The list of devices as PCI DSS 9.5.1.1 asks for it, at most 10000: those one sees, retired ones too.
#[utoipa::path(get, path = "/terminals/export", tag = "terminal", params(ExportQuery), responses(
    (status = 200, description = "A table.", content_type = "text/csv", body = String),
))]
async fn export(
    State(api): State<Arc<Api>>,
    account: Account,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let Json(rows) = reading(&api, account, |tx, actor| {
        let filter = Filter {
            scope: scope(actor)?,
            search: None,
            state: None,
            merchant_id: None,
            shop_id: None,
        };
        let all = store::terminal::list(tx, &filter, None, sheet::ROWS_MAX as i64)?;
        let mut names = Names::new(tx);
        let line = |terminal: Terminal| {
            let device = Device {
                placement_address: terminal.bound.placement_address.clone(),
                keys_held_by: terminal.about.keys_held_by.clone(),
                summary: summary(tx, &mut names, terminal)?,
            };
            sheet::cells(&device, &COLUMNS)
        };
        all.into_iter().map(line).collect::<Result<Vec<_>, _>>()
    })
    .await?;
    let sheet = Sheet {
        name: "terminals",
        columns: COLUMNS.to_vec(),
        rows,
    };
    sheet.answer(query.format)
}

//! Payments around a loss, as the files say them that its shop has downloaded: where no gate of ours has seen them (R1.3).
//!
//! Invariant: money of two currencies is never added; where no file says anything is told as a hole; what may be another terminal's is
//! told apart.

use std::collections::BTreeMap;
use std::sync::Arc;

use app::case::find;
use app::statement::{around, holes, may_bring};
use axum::Json;
use axum::extract::{Path, State};
use domain::Timestamp;
use domain::incident::Incident;
use domain::money::Currency;
use domain::statement::{Direction, Payment, PaymentState, Span, is_within};
use domain::terminal::Terminal;
use serde::{Deserialize, Serialize};
use store::Tx;
use store::statement::{Of, PaymentSpot, Total};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::auth::Account;
use crate::input::{Cursor, Limit, Place, Query};
use crate::page::Page;
use crate::problem::{Problem, ProblemOut};
use crate::route::reading;
use crate::statement::{PaymentOut, TimeSpan};
use crate::wire::Letters;

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(show_payments))
}

/// Payments around a loss.
#[derive(Serialize, ToSchema)]
struct IncidentPayments {
    /// The loss window.
    window: TimeSpan,
    /// What `items` are of: the window, and three days before and after it.
    around: TimeSpan,
    /// Parts of the window of which no kept file of the shop, or of the terminal, says anything: what happened there is not known. A
    /// file says nothing of what another acquirer took.
    holes: Vec<TimeSpan>,
    /// What was taken and given back within the window, one for each currency.
    totals: Vec<PaymentTotals>,
    /// The newest last.
    items: Vec<IncidentPayment>,
    /// Where the next page starts; null on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
    /// Whether the one who asks may bring files and take them back.
    may_bring: bool,
}

/// What was taken and given back of one currency.
#[derive(Serialize, ToSchema)]
struct PaymentTotals {
    /// ISO 4217.
    #[schema(value_type = String)]
    currency: Letters,
    /// Of payments that a file says to be this terminal's.
    certain: PaymentSums,
    /// Of payments that may be: the file names no terminal, or none that is known.
    possible: PaymentSums,
}

/// Sums of payments of one currency.
#[derive(Default, Serialize, ToSchema)]
struct PaymentSums {
    /// Approved sales.
    sale_count: i64,
    /// Their sum, minor units.
    sale_minor: i64,
    /// Refunds, and sales that were undone; those that may still fail among them.
    refund_count: i64,
    /// Their sum, minor units.
    refund_minor: i64,
    /// Payments of which nobody knows what became of them: they are in neither sum.
    unknown_count: i64,
}

impl PaymentSums {
    const fn add(&mut self, total: Total) {
        let (count, minor) = match (total.state, total.direction) {
            (PaymentState::Failed, _) => return,
            (PaymentState::Unknown, _) => {
                self.unknown_count = self.unknown_count.saturating_add(total.count);
                return;
            }
            (_, Direction::Sale) => (&mut self.sale_count, &mut self.sale_minor),
            (_, Direction::Refund) => (&mut self.refund_count, &mut self.refund_minor),
        };
        *count = count.saturating_add(total.count);
        *minor = minor.saturating_add(total.minor);
    }
}

/// A payment around a loss.
#[derive(Serialize, ToSchema)]
struct IncidentPayment {
    #[serde(flatten)]
    payment: PaymentOut,
    /// The file that has it; of several, the one that was brought last.
    statement_id: String,
    /// Whether the file says that it is this terminal's; else it may be.
    is_certain: bool,
    /// Whether it lies in the loss window.
    in_window: bool,
}

/// Which page.
#[derive(Deserialize, IntoParams)]
struct PaymentQuery {
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<PaymentSpot>>,
}

impl Place for PaymentSpot {
    fn parse(cursor: &str) -> Option<Self> {
        let mut parts = cursor.split('.');
        let spot = Self {
            at: Timestamp(parts.next()?.parse().ok()?),
            statement_id: parts.next()?.to_owned(),
            position: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(spot)
    }
}

fn cursor(it: &Payment) -> String {
    format!("{}.{}.{}", it.at.0, it.statement_id, it.position)
}

/// What the files that a shop downloaded say of the payments around a loss.
#[utoipa::path(get, path = "/incidents/{incident_id}/payments", tag = "incident",
    params(("incident_id" = String, Path), PaymentQuery), responses(
    (status = 200, body = IncidentPayments),
    (status = 404, description = "incident_not_found", body = ProblemOut),
))]
async fn show_payments(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(incident_id): Path<String>,
    Query(query): Query<PaymentQuery>,
) -> Result<Json<IncidentPayments>, Problem> {
    let (limit, after) = (query.limit, query.cursor.map(|cursor| cursor.0));
    reading(&api, account, move |tx, actor| {
        let incident: Incident = find(tx, actor, &incident_id)?;
        let may_bring = may_bring(actor).is_ok();
        payments(tx, &incident, (limit, after.as_ref()), may_bring)
    })
    .await
}

fn payments(
    tx: &Tx<'_>,
    incident: &Incident,
    (limit, after): (Limit, Option<&PaymentSpot>),
    may_bring: bool,
) -> Result<IncidentPayments, Problem> {
    let terminal = store::terminal::get(tx, incident.terminal_id)?;
    let terminal: Terminal = terminal.ok_or(store::Error::Corrupt("terminal of an incident"))?;
    let of = Of {
        merchant_id: terminal.bound.merchant_code,
        shop_id: &terminal.shop_id,
        terminal_id: terminal.terminal_id,
    };
    let window: Span = (incident.window.from, incident.window.to);
    let all = store::statement::payments(tx, of, around(window), after, limit.and_one())?;
    let page = Page::of(all, limit.get(), cursor);
    let item = |it: Payment| IncidentPayment {
        statement_id: it.statement_id.clone(),
        is_certain: it.terminal_id.is_some(),
        in_window: is_within(it.at, window),
        payment: it.into(),
    };
    Ok(IncidentPayments {
        window: TimeSpan::of(window),
        around: TimeSpan::of(around(window)),
        holes: holes(tx, of, window)?.into_iter().map(TimeSpan::of).collect(),
        totals: totals(store::statement::totals(tx, of, window)?),
        items: page.items.into_iter().map(item).collect(),
        next_cursor: page.next_cursor,
        may_bring,
    })
}

fn totals(all: Vec<Total>) -> Vec<PaymentTotals> {
    let mut by_currency: BTreeMap<Currency, (PaymentSums, PaymentSums)> = BTreeMap::new();
    for total in all {
        let (certain, possible) = by_currency.entry(total.currency).or_default();
        match total.is_certain {
            true => certain.add(total),
            false => possible.add(total),
        }
    }
    let of = |(currency, (certain, possible))| PaymentTotals {
        currency: Letters::of(currency),
        certain,
        possible,
    };
    by_currency.into_iter().map(of).collect()
}

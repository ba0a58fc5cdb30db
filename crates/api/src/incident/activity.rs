//! A terminal's activity around its loss: what the picture on the incident's page is drawn from (R1.3).

use std::sync::Arc;

use app::case::find;
use axum::Json;
use axum::extract::{Path, State};
use domain::Timestamp;
use domain::incident::Incident;
use domain::time::HOUR_MS;
use domain::transaction::{Decision as Decided, Entry, LedgerRow};
use serde::{Deserialize, Serialize};
use store::Tx;
use store::ledger::{self, Filter};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::auth::Account;
use crate::input::{Number, Query};
use crate::problem::{Problem, ProblemOut, Why};
use crate::route::reading;
use crate::transaction::{Decision, TransactionKind};
use crate::wire::{Money, Time};

/// Longest span.
const SPAN_MS_MAX: i64 = 72 * HOUR_MS;
/// Shown before the loss window unless said.
const BEFORE_MS: i64 = 6 * HOUR_MS;
/// Marks at most.
const MARKS_MAX: i64 = 200;
/// Buckets at most, as the store reads them.
const BUCKETS_MAX: i64 = 1000;
const MINUTE_MS: i64 = 60_000;
/// Width of a bucket unless said.
const BUCKET_MINUTES: i64 = 15;

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(show_activity))
}

/// A terminal's activity in a span of time.
#[derive(Serialize, ToSchema)]
struct Activity {
    /// Start of the span.
    from: Time,
    /// Its end.
    to: Time,
    /// Width of a bucket.
    bucket_minutes: i64,
    /// Buckets in which something happened.
    buckets: Vec<ActivityBucket>,
    /// The window's transactions and all refused attempts since, at most 200, newest first.
    marks: Vec<ActivityMark>,
}

/// What happened in one bucket.
#[derive(Serialize, ToSchema)]
struct ActivityBucket {
    /// Its start.
    at: Time,
    /// Approvals that carried an amount.
    approved_count: i64,
    /// Their sums, one for each currency.
    approved: Vec<Money>,
    /// Refused or recorded requests.
    refused_count: i64,
}

/// One transaction in the picture.
#[derive(Serialize, ToSchema)]
struct ActivityMark {
    /// When it was decided.
    at: Time,
    /// What was decided.
    decision: Decision,
    /// What was asked for.
    kind: TransactionKind,
    /// Field 4.
    #[schema(required)]
    amount: Option<Money>,
    /// Whether it lies in the loss window.
    in_window: bool,
}

/// Which span, in which buckets.
#[derive(Deserialize, IntoParams)]
struct ActivityQuery {
    /// 6 hours before the loss window unless said.
    from: Option<Time>,
    /// Now unless said; at most 3 days after `from`.
    to: Option<Time>,
    /// Width of a bucket, 15 unless said; at most 1000 buckets.
    #[param(inline)]
    bucket_minutes: Option<Number<1, 1440>>,
}

/// What the lost terminal did before, in and after its loss window.
#[utoipa::path(get, path = "/incidents/{incident_id}/activity", tag = "incident",
    params(("incident_id" = String, Path), ActivityQuery), responses(
    (status = 200, body = Activity),
    (status = 404, description = "incident_not_found", body = ProblemOut),
    (status = 422, description = "invalid_field", body = ProblemOut),
))]
async fn show_activity(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(incident_id): Path<String>,
    Query(query): Query<ActivityQuery>,
) -> Result<Json<Activity>, Problem> {
    let asked = (query.from.map(|from| from.0), query.to.map(|to| to.0));
    let bucket_minutes = query.bucket_minutes.map_or(BUCKET_MINUTES, |minutes| minutes.0);
    reading(&api, account, move |tx, actor| {
        let incident = find(tx, actor, &incident_id)?;
        // A hold, and what follows it, may stand a few milliseconds ahead of the clock; the end is not in the span.
        let now = tx.now().plus_ms(AHEAD_MS);
        let (from, to) = span(&incident, asked, now)?;
        if to.since_ms(from) > bucket_minutes * MINUTE_MS * BUCKETS_MAX {
            return Err(Problem::field("bucket_minutes", Why::OutOfRange));
        }
        activity(tx, &incident, (from, to), bucket_minutes)
    })
    .await
}

/// How far a terminal's last row may be ahead of the clock.
const AHEAD_MS: i64 = 10;

/// The span asked for; without one, the loss and as much around it as three days hold.
fn span(
    incident: &Incident,
    asked: (Option<Timestamp>, Option<Timestamp>),
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), Problem> {
    let (from, to) = match asked {
        (Some(from), Some(to)) => (from, to),
        (Some(from), None) => (from, from.plus_ms(SPAN_MS_MAX).min(now.max(from))),
        (None, to) => {
            // An old loss, or one with a long window, is shown around its stop.
            let latest = incident
                .suspended_at
                .plus_ms(SPAN_MS_MAX / 2)
                .max(incident.window.from.plus_ms(SPAN_MS_MAX - BEFORE_MS));
            let to = to.unwrap_or(now.min(latest));
            (
                incident
                    .window
                    .from
                    .plus_ms(-BEFORE_MS)
                    .max(to.plus_ms(-SPAN_MS_MAX)),
                to,
            )
        }
    };
    if from >= to || to.since_ms(from) > SPAN_MS_MAX {
        return Err(Problem::field("to", Why::OutOfRange));
    }
    Ok((from, to))
}

fn activity(
    tx: &Tx<'_>,
    incident: &Incident,
    (from, to): (Timestamp, Timestamp),
    bucket_minutes: i64,
) -> Result<Activity, Problem> {
    let terminal_id = incident.terminal_id;
    let buckets = ledger::activity(tx, terminal_id, (from, to), bucket_minutes * MINUTE_MS)?;
    let marks = marks(tx, incident, (from, to))?;
    Ok(Activity {
        from: Time(from),
        to: Time(to),
        bucket_minutes,
        buckets: buckets.into_iter().map(ActivityBucket::from).collect(),
        marks: marks.into_iter().filter_map(|row| mark(incident, row)).collect(),
    })
}

/// The window's transactions first; refused attempts since take the places that are left.
fn marks(
    tx: &Tx<'_>,
    incident: &Incident,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<LedgerRow>, store::Error> {
    let window = incident.window;
    let page = |from, to, decision, limit| {
        let filter = Filter {
            from: Some(from),
            to: Some(to),
            decision,
        };
        ledger::page(tx, incident.terminal_id, filter, None, limit)
    };
    let mut rows = page(window.from.max(from), window.to.min(to), None, MARKS_MAX)?;
    for decision in [Decided::Declined, Decided::Recorded] {
        let left = MARKS_MAX - i64::try_from(rows.len()).unwrap_or(MARKS_MAX);
        rows.extend(page(window.to.max(from), to, Some(decision), left)?);
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.sequence));
    Ok(rows)
}

fn mark(incident: &Incident, row: LedgerRow) -> Option<ActivityMark> {
    let (Entry::Request(kind), Some(decision)) = (row.entry, row.decision) else {
        return None;
    };
    Some(ActivityMark {
        at: Time(row.at),
        decision: Decision(decision),
        kind: TransactionKind(kind),
        amount: row.amount.map(Money::from),
        in_window: row.at < incident.window.to,
    })
}

impl From<ledger::Bucket> for ActivityBucket {
    fn from(bucket: ledger::Bucket) -> Self {
        Self {
            at: Time(bucket.at),
            approved_count: bucket.approved_count,
            approved: Money::list(&bucket.approved),
            refused_count: bucket.refused_count,
        }
    }
}

//! When a shop is open, as its people say: what payments outside of it are told by (R1.3, R3.3).
//!
//! Invariant: what nobody said is null, and is no week without hours.

use std::sync::Arc;

use app::case::find;
use app::opening_hours::{get, may_keep, say};
use axum::Json;
use axum::extract::{Path, State};
use domain::Actor;
use domain::day::Day;
use domain::opening_hours::{EXCEPTIONS_MAX, Exceptions, OpeningHours, Span, Spans, Told, Week};
use domain::shop::Shop;
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::idempotency::Kept;
use super::input::In;
use super::people::Names;
use super::problem::{Problem, ProblemOut, Why};
use super::route::{acting, reading};
use super::wire::Time;
use crate::auth::{self, Account};

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(show_hours, change_hours))
}

/// From a minute of a day until before another one, by the clock on the wall.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DaySpan {
    /// Minutes after midnight, 0 to 1439.
    #[schema(maximum = 1439)]
    from_min: u16,
    /// Minutes after the same midnight, exclusive: above 1440 is the next day. At most a day after `from_min`.
    #[schema(maximum = 2879)]
    to_min: u16,
}

impl From<Span> for DaySpan {
    fn from(it: Span) -> Self {
        Self {
            from_min: it.from_min,
            to_min: it.to_min,
        }
    }
}

/// A day that is otherwise than its weekday.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OpeningException {
    /// Which, `2026-10-01`.
    #[schema(max_length = 10)]
    date: String,
    /// When it is open then, at most 3; none: it is closed.
    #[schema(max_items = 3)]
    spans: Vec<DaySpan>,
}

/// When a shop is open.
#[derive(Serialize, ToSchema)]
#[schema(as = OpeningHours)]
struct HoursOut {
    /// Which.
    shop_id: String,
    /// A usual week: seven days from Monday, each with its spans, none where it is closed; null: nobody said it, and nothing is judged by it.
    #[schema(required)]
    week: Option<Vec<Vec<DaySpan>>>,
    /// Days that are otherwise, in their order.
    exceptions: Vec<OpeningException>,
    /// Who said it last.
    #[schema(required)]
    told_by: Option<String>,
    /// When.
    #[schema(required)]
    told_at: Option<Time>,
    /// Whether the one who asks may say it.
    may_change: bool,
}

/// When a shop is open.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OpeningHoursIn, example = json!({
    "week": [
        [{ "from_min": 540, "to_min": 720 }, { "from_min": 840, "to_min": 1080 }],
        [{ "from_min": 540, "to_min": 1080 }], [{ "from_min": 540, "to_min": 1080 }], [{ "from_min": 540, "to_min": 1080 }],
        [{ "from_min": 540, "to_min": 1080 }], [{ "from_min": 1020, "to_min": 1560 }], []
    ],
    "exceptions": [{ "date": "2026-10-01", "spans": [] }]
}))]
struct HoursIn {
    /// A usual week: seven days from Monday, each with at most 3 spans that do not overlap; null: it is not known any more.
    #[schema(required, min_items = 7, max_items = 7)]
    week: Option<Vec<Vec<DaySpan>>>,
    /// Days that are otherwise; at most 60.
    #[serde(default)]
    #[schema(max_items = 60)]
    exceptions: Vec<OpeningException>,
}

fn spans(said: Vec<DaySpan>, field: &'static str) -> Result<Spans, Problem> {
    let spans = said.into_iter().map(|it| Span::new(it.from_min, it.to_min));
    let spans = spans.collect::<Option<_>>().and_then(Spans::new);
    spans.ok_or_else(|| Problem::field(field, Why::OutOfRange))
}

impl HoursIn {
    fn hours(self) -> Result<Option<OpeningHours>, Problem> {
        let Some(week) = self.week else {
            return Ok(None);
        };
        let days = week.into_iter().map(|day| spans(day, "week"));
        let days: Vec<Spans> = days.collect::<Result<_, _>>()?;
        let days = <[Spans; 7]>::try_from(days).map_err(|_| Problem::field("week", Why::Invalid))?;
        if self.exceptions.len() > EXCEPTIONS_MAX {
            return Err(Problem::field("exceptions", Why::TooLong));
        }
        let otherwise = self.exceptions.into_iter().map(|said| {
            let day = Day::parse(&said.date).ok_or_else(|| Problem::field("exceptions", Why::NotADay))?;
            Ok((day, spans(said.spans, "exceptions")?))
        });
        let otherwise = Exceptions::new(otherwise.collect::<Result<_, Problem>>()?);
        Ok(Some(OpeningHours {
            week: Week(days),
            // A day twice.
            exceptions: otherwise.ok_or_else(|| Problem::field("exceptions", Why::Invalid))?,
        }))
    }
}

fn out(tx: &Tx<'_>, actor: &Actor, shop_id: &str, told: Option<Told>) -> Result<HoursOut, Problem> {
    let shop: Shop = find(tx, actor, shop_id)?;
    let of_day = |spans: &Spans| spans.iter().map(DaySpan::from).collect();
    let hours = told.as_ref().map(|told| &told.hours);
    Ok(HoursOut {
        may_change: may_keep(actor, &shop),
        shop_id: shop.shop_id,
        week: hours.map(|hours| hours.week.0.iter().map(of_day).collect()),
        exceptions: hours
            .into_iter()
            .flat_map(|hours| hours.exceptions.iter())
            .map(|(day, spans)| OpeningException {
                date: day.to_string(),
                spans: of_day(spans),
            })
            .collect(),
        told_by: match &told {
            Some(told) => Some(Names::new(tx).person(&told.by)?),
            None => None,
        },
        told_at: told.map(|told| Time(told.at)),
    })
}

/// When a shop is open, as its people said.
#[utoipa::path(get, path = "/shops/{shop_id}/hours", tag = "shop", params(("shop_id" = String, Path)), responses(
    (status = 200, body = HoursOut),
    (status = 404, description = "shop_not_found", body = ProblemOut),
))]
async fn show_hours(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(shop_id): Path<String>,
) -> Result<Json<HoursOut>, Problem> {
    reading(&api, account, move |tx, actor| {
        let told = get(tx, actor, &shop_id)?;
        out(tx, actor, &shop_id, told)
    })
    .await
}

/// Say when a shop is open: payments outside of it stand out then, in place of those at hours when the terminal is not used.
#[utoipa::path(put, path = "/shops/{shop_id}/hours", tag = "shop", params(("shop_id" = String, Path)),
    request_body = HoursIn, responses(
    (status = 200, body = HoursOut),
    (status = 403, description = "not_allowed; person_required", body = ProblemOut),
    (status = 404, description = "shop_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state: the shop is retired", body = ProblemOut),
))]
async fn change_hours(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(shop_id): Path<String>,
    input: In<HoursIn>,
) -> Result<Kept, Problem> {
    acting(&api, account, input, move |tx, actor, said: HoursIn| {
        // Of what is not there, nothing that is said is wrong.
        find::<Shop>(tx, actor, &shop_id)?;
        let told = say(tx, actor, &shop_id, said.hours()?)?;
        out(tx, actor, &shop_id, told)
    })
    .await
}

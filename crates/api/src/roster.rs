//! Who works in a shop, day by day, as its manager enters it (R1.3).
//!
//! Invariant: people appear by their operators' numbers; a day that nobody entered is missing, and is no day of nobody's work.

use std::sync::Arc;

use app::case::find;
use app::opening_hours::may_keep;
use app::roster::{DAYS_MAX, enter, of_days};
use axum::Json;
use axum::extract::{Path, State};
use domain::day::{Day, Local};
use domain::opening_hours::Span;
use domain::operator;
use domain::roster::{OF_DAY_MAX, Roster, Shift, Shifts};
use domain::shop::Shop;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::idempotency::Kept;
use super::input::{In, Number, Query};
use super::people::Names;
use super::problem::{Problem, ProblemOut, Why};
use super::route::{acting, reading};
use super::wire::Time;
use crate::auth::{self, Account};

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_rosters))
        .routes(routes!(enter_roster))
}

/// One operator's time at work.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RosterShift {
    /// Who, by the number typed at the terminal.
    #[schema(max_length = 3)]
    operator: String,
    /// Minutes after midnight of its day, 0 to 1439.
    #[schema(maximum = 1439)]
    from_min: u16,
    /// Minutes after the same midnight, exclusive; at most 2160, noon of the next day.
    #[schema(maximum = 2160)]
    to_min: u16,
}

/// Who works on a day.
#[derive(Serialize, ToSchema)]
#[schema(as = Roster)]
struct RosterOut {
    /// Which day, `2026-11-28`.
    date: String,
    /// The shifts, by when they begin; none: nobody works.
    shifts: Vec<RosterShift>,
    /// Who entered it last.
    entered_by: String,
    /// When.
    entered_at: Time,
}

/// Who works in a shop.
#[derive(Serialize, ToSchema)]
struct Rosters {
    /// The days that were entered, in their order; of others nothing is known.
    items: Vec<RosterOut>,
    /// Whether the one who asks may enter days.
    may_change: bool,
}

/// Who works on a day.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "shifts": [{ "operator": "001", "from_min": 540, "to_min": 1020 }] }))]
struct RosterIn {
    /// The shifts, at most 40, none of one operator at once with another; none: nobody works. Null: it is not known any more.
    #[schema(required, max_items = 40)]
    shifts: Option<Vec<RosterShift>>,
}

impl RosterIn {
    fn shifts(self) -> Result<Option<Shifts>, Problem> {
        let Some(said) = self.shifts else {
            return Ok(None);
        };
        if said.len() > OF_DAY_MAX {
            return Err(Problem::field("shifts", Why::TooLong));
        }
        let shifts = said.into_iter().map(|said| {
            let operator = operator::Number::parse(said.operator.trim());
            let span = Span::new(said.from_min, said.to_min);
            Ok(Shift {
                operator: operator.ok_or_else(|| Problem::field("operator", Why::Invalid))?,
                span: span.ok_or_else(|| Problem::field("shifts", Why::OutOfRange))?,
            })
        });
        let shifts = Shifts::new(shifts.collect::<Result<_, Problem>>()?);
        shifts
            .map(Some)
            .ok_or_else(|| Problem::field("shifts", Why::OutOfRange))
    }
}

fn out(names: &mut Names<'_, '_>, it: Roster) -> Result<RosterOut, store::Error> {
    let shift = |shift: Shift| RosterShift {
        operator: shift.operator.to_string(),
        from_min: shift.span.from_min,
        to_min: shift.span.to_min,
    };
    Ok(RosterOut {
        date: it.day.to_string(),
        shifts: it.shifts.iter().map(shift).collect(),
        entered_by: names.person(&it.by)?,
        entered_at: Time(it.at),
    })
}

fn day(field: &'static str, said: &str) -> Result<Day, Problem> {
    Day::parse(said).ok_or_else(|| Problem::field(field, Why::NotADay))
}

/// How many days are asked for.
type Days = Number<1, { DAYS_MAX }>;

/// Which days.
#[derive(Deserialize, IntoParams)]
struct RosterQuery {
    /// The first, `2026-11-28`; today, of UTC, unless said.
    #[param(max_length = 10)]
    from: Option<String>,
    /// How many; 7 unless said.
    #[param(inline)]
    days: Option<Days>,
}

/// Who works in a shop on some days, as it was entered.
#[utoipa::path(get, path = "/shops/{shop_id}/rosters", tag = "shop", params(("shop_id" = String, Path), RosterQuery), responses(
    (status = 200, body = Rosters),
    (status = 404, description = "shop_not_found", body = ProblemOut),
))]
async fn list_rosters(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(shop_id): Path<String>,
    Query(query): Query<RosterQuery>,
) -> Result<Json<Rosters>, Problem> {
    reading(&api, account, move |tx, actor| {
        let shop: Shop = find(tx, actor, &shop_id)?;
        let from = match &query.from {
            Some(from) => day("from", from)?,
            None => Local::of(tx.now(), 0).day,
        };
        let days = query.days.map_or(7, |days| days.0);
        let mut names = Names::new(tx);
        let rosters = of_days(tx, actor, &shop_id, from, days)?.into_iter();
        Ok(Rosters {
            items: rosters.map(|it| out(&mut names, it)).collect::<Result<_, _>>()?,
            may_change: may_keep(actor, &shop),
        })
    })
    .await
}

/// Enter who works in a shop on a day, in place of what was entered; the answer is null where it is not known any more. From a year ago to
/// a month ahead.
#[utoipa::path(put, path = "/shops/{shop_id}/rosters/{date}", tag = "shop",
    params(("shop_id" = String, Path), ("date" = String, Path)), request_body = RosterIn, responses(
    (status = 200, body = Option<RosterOut>),
    (status = 403, description = "not_allowed; person_required", body = ProblemOut),
    (status = 404, description = "shop_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state: the shop is retired", body = ProblemOut),
))]
async fn enter_roster(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path((shop_id, date)): Path<(String, String)>,
    input: In<RosterIn>,
) -> Result<Kept, Problem> {
    acting(&api, account, input, move |tx, actor, said: RosterIn| {
        // Of what is not there, nothing that is said is wrong.
        find::<Shop>(tx, actor, &shop_id)?;
        let entered = enter(tx, actor, &shop_id, day("date", &date)?, said.shifts()?)?;
        let mut names = Names::new(tx);
        Ok(entered.map(|it| out(&mut names, it)).transpose()?)
    })
    .await
}

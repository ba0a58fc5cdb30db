//! Shops, with what they took today.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::Timestamp;
use domain::money::Sums;
use domain::shop::Shop;
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::input::{Limit, Query};
use super::page::Page;
use super::people::Names;
use super::problem::{Problem, Why};
use super::route::reading;
use super::wire::Money;
use crate::auth::{Account, scope};

/// Terminals of one shop looked at.
const TERMINALS_MAX: i64 = 500;

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(list))
}

/// A shop.
#[derive(Serialize, ToSchema)]
#[schema(as = Shop)]
struct ShopOut {
    /// Its key.
    shop_id: String,
    /// What its people call it.
    name: String,
    /// Whose.
    merchant_id: String,
    /// Whose, by name.
    merchant_name: String,
    /// Street address.
    address: String,
    /// Taken since midnight on its terminals' clocks, less what went back, one sum for each currency; where asked for.
    #[schema(required)]
    today: Option<Vec<Money>>,
    /// From how many transactions.
    #[schema(required)]
    today_count: Option<i64>,
    /// Terminals in use.
    terminal_count: i64,
}

/// Which shops, and what of them.
#[derive(Deserialize, IntoParams)]
struct ShopQuery {
    /// `true`: with what they took today, which looks at every terminal.
    takings: Option<String>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`.
    cursor: Option<String>,
}

/// The shops one sees, in the order of their keys.
#[utoipa::path(get, path = "/shops", tag = "shop", params(ShopQuery), responses((status = 200, body = Page<ShopOut>)))]
async fn list(
    State(api): State<Arc<Api>>,
    account: Account,
    Query(query): Query<ShopQuery>,
) -> Result<Json<Page<ShopOut>>, Problem> {
    let with_takings = match query.takings.as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Problem::field("takings", Why::NotAWord)),
    };
    reading(&api, account, move |tx, actor| {
        let (mut names, mut midnights) = (Names::new(tx), HashMap::new());
        let shops = store::shop::list(tx, scope(actor)?, query.cursor.as_deref(), query.limit.and_one())?;
        Page::of(shops, query.limit.get(), |shop| shop.shop_id.clone()).try_map(|shop| {
            let takings = match with_takings {
                true => Some(takings(tx, &mut midnights, &shop)?),
                false => None,
            };
            let (today, today_count) = takings.unzip();
            Ok(ShopOut {
                terminal_count: store::terminal::count_of_shop(tx, shop.merchant_id, &shop.shop_id)?,
                merchant_name: names.merchant(shop.merchant_id)?,
                merchant_id: shop.merchant_id.to_string(),
                shop_id: shop.shop_id,
                name: shop.name,
                address: shop.address,
                today,
                today_count,
            })
        })
    })
    .await
}

/// What a shop's terminals took today, and from how many transactions.
fn takings(
    tx: &Tx<'_>,
    midnights: &mut HashMap<String, Timestamp>,
    shop: &Shop,
) -> Result<(Vec<Money>, i64), Problem> {
    let (mut today, mut count) = (Sums::default(), 0);
    for terminal in store::terminal::of_shop(tx, shop.merchant_id, &shop.shop_id, TERMINALS_MAX)? {
        let midnight = midnights
            .entry(terminal.time_zone)
            .or_insert_with_key(|zone| midnight(zone, tx.now()));
        let (some, sums) = store::ledger::takings(tx, terminal.terminal_id, *midnight, tx.now().plus_ms(1))?;
        count += some;
        today.add_all(&sums);
    }
    Ok((Money::list(&today), count))
}

/// The last midnight on clocks of that zone; an unknown zone counts as UTC.
fn midnight(zone: &str, now: Timestamp) -> Timestamp {
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let at = jiff::Timestamp::from_millisecond(now.0)
        .unwrap_or_default()
        .to_zoned(zone);
    Timestamp(
        at.start_of_day()
            .map_or(now.0, |start| start.timestamp().as_millisecond()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Time;

    #[test]
    fn the_day_starts_at_midnight_of_the_terminals_clock() {
        let now = Time::parse("2026-11-22T15:59:59.999Z").unwrap().0;
        let midnight_at = |zone, now| Time(midnight(zone, now)).to_string();
        assert_eq!(midnight_at("Asia/Shanghai", now), "2026-11-21T16:00:00.000Z");
        assert_eq!(
            midnight_at("Asia/Shanghai", now.plus_ms(1)),
            "2026-11-22T16:00:00.000Z"
        );
        assert_eq!(midnight_at("Nowhere", now), "2026-11-22T00:00:00.000Z");
    }
}

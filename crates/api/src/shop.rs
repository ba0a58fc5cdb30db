//! Shops, with what they took today.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::Timestamp;
use domain::money::Sums;
use domain::shop::Shop;
use domain::terminal::Status;
use serde::Serialize;
use store::Tx;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::people::Names;
use super::problem::Problem;
use super::wire::Money;
use crate::auth::{Account, scope};

/// Shops shown at most.
const SHOPS_MAX: i64 = 500;
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
    /// Taken since midnight on its terminals' clocks, less what went back; one sum for each currency.
    today: Vec<Money>,
    /// From how many transactions.
    today_count: i64,
    /// Terminals in use.
    terminal_count: i64,
}

/// Shops.
#[derive(Serialize, ToSchema)]
struct Shops {
    /// In the order of their keys.
    items: Vec<ShopOut>,
}

/// The shops one sees.
#[utoipa::path(get, path = "/shops", tag = "shop", responses((status = 200, body = Shops)))]
async fn list(State(api): State<Arc<Api>>, account: Account) -> Result<Json<Shops>, Problem> {
    let read = move |tx: &Tx<'_>| {
        let (mut names, mut midnights) = (Names::new(tx), HashMap::new());
        let shops = store::shop::list(tx, scope(&account.actor(tx)?)?, None, SHOPS_MAX)?;
        let items = shops
            .into_iter()
            .map(|shop| with_takings(tx, &mut names, &mut midnights, shop));
        Ok::<_, Problem>(Shops {
            items: items.collect::<Result<_, _>>()?,
        })
    };
    api.node.read(read).await.map(Json)
}

fn with_takings(
    tx: &Tx<'_>,
    names: &mut Names<'_, '_>,
    midnights: &mut HashMap<String, Timestamp>,
    shop: Shop,
) -> Result<ShopOut, Problem> {
    let (mut today_count, mut today, mut terminal_count) = (0, Sums::default(), 0);
    for terminal in store::terminal::of_shop(tx, shop.merchant_id, &shop.shop_id, TERMINALS_MAX)? {
        let midnight = midnights
            .entry(terminal.time_zone)
            .or_insert_with_key(|zone| midnight(zone, tx.now()));
        let (count, sums) = store::ledger::takings(tx, terminal.terminal_id, *midnight, tx.now().plus_ms(1))?;
        today_count += count;
        today.add_all(&sums);
        terminal_count += i64::from(terminal.status == Status::Active);
    }
    Ok(ShopOut {
        merchant_name: names.merchant(shop.merchant_id)?,
        merchant_id: shop.merchant_id.to_string(),
        shop_id: shop.shop_id,
        name: shop.name,
        address: shop.address,
        today: Money::list(&today),
        today_count,
        terminal_count,
    })
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

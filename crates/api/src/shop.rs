//! Shops, with what they took today (R2.1).

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::case::list_actions;
use domain::money::Sums;
use domain::shop::{Shop, State as Word, Verb};
use domain::{Actor, Timestamp};
use serde::{Deserialize, Serialize};
use store::Tx;
use store::shop::Filter;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::id::Merchant;
use super::input::{Limit, Query, text};
use super::page::Page;
use super::people::Names;
use super::problem::{Problem, Why};
use super::route::{self, Sayable, Shown, reading};
use super::wire::{Money, word};
use crate::auth::{Account, scope};

/// Terminals of one shop looked at.
const TERMINALS_MAX: i64 = 500;
/// Longest name, in characters.
pub const NAME_CHARS_MAX: usize = 100;
/// Longest address, in characters.
pub const ADDRESS_CHARS_MAX: usize = 500;

word! {
    /// Whether a shop is in business.
    ShopState: Word;
    /// What people can do with a shop.
    ShopAction: Verb;
}

crate::problem::codes! {
    /// No such shop, for this account.
    NOT_FOUND = "shop_not_found", NOT_FOUND:
        ("没有找到门店", "没有这家门店。"),
        ("Shop not found", "There is no such shop.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, change))
        .routes(routes!(retire))
        .routes(routes!(restore))
        .routes(routes!(show_events))
}

route::create_route!(create: Shop, ShopIn => ShopOut, "shop", "/shops");
route::show_route!(show: Shop => ShopOut, "shop", "/shops/{shop_id}", "shop_id");
route::change_route!(change: Shop, ShopIn => ShopOut, "shop", "/shops/{shop_id}", "shop_id");
route::step_route!(retire: Shop => ShopOut, Verb::Retire, "shop", "/shops/{shop_id}/retire", "shop_id");
route::step_route!(restore: Shop => ShopOut, Verb::Restore, "shop", "/shops/{shop_id}/restore", "shop_id");
route::events_route!(show_events: Shop, "shop", "/shops/{shop_id}/events", "shop_id");

/// A shop.
#[derive(Serialize, ToSchema)]
#[schema(as = Shop)]
pub struct ShopOut {
    /// Its key.
    id: String,
    /// The same.
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
    /// Whether it is in business.
    state: ShopState,
    /// What the one who asks may do with it now.
    actions: Vec<ShopAction>,
}

impl Shown for Shop {
    type Out = ShopOut;

    fn out(tx: &Tx<'_>, actor: &Actor, it: Self) -> Result<ShopOut, Problem> {
        Ok(ShopOut {
            actions: route::actions(tx, actor, &it, ShopAction)?,
            terminal_count: store::terminal::count_of_shop(tx, it.merchant_id, &it.shop_id)?,
            merchant_name: Names::new(tx).merchant(it.merchant_id)?,
            merchant_id: it.merchant_id.to_string(),
            id: it.shop_id.clone(),
            shop_id: it.shop_id,
            name: it.name,
            address: it.address,
            state: ShopState(it.state),
            today: None,
            today_count: None,
        })
    }
}

/// What is said of a shop.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "城南店", "address": "福州市台江区工业路 1 号" }))]
pub struct ShopIn {
    /// Whose; one's own without it, where there is one. Cannot be changed, and need not be said again.
    merchant_id: Option<Merchant>,
    /// What its people call it; at most 100 characters.
    name: String,
    /// Street address: where its terminals are registered to stand. At most 500 characters.
    address: String,
}

impl ShopIn {
    fn words(&self) -> Result<(String, String), Problem> {
        Ok((
            text("name", &self.name, NAME_CHARS_MAX)?,
            text("address", &self.address, ADDRESS_CHARS_MAX)?,
        ))
    }
}

impl Sayable for Shop {
    type In = ShopIn;

    fn create(tx: &Tx<'_>, actor: &Actor, id: &str, said: ShopIn) -> Result<Self, Problem> {
        let merchant_id = said.merchant_id.map(|merchant| merchant.0);
        let merchant_id = merchant_id.or(scope(actor)?.merchant_id());
        let merchant_id = merchant_id.ok_or_else(|| Problem::field("merchant_id", Why::Missing))?;
        Ok(app::shop::create(tx, actor, id, merchant_id, said.words()?)?)
    }

    fn change(tx: &Tx<'_>, actor: &Actor, id: &str, said: ShopIn) -> Result<Self, Problem> {
        let merchant_id = said.merchant_id.map(|merchant| merchant.0);
        Ok(app::shop::change(tx, actor, id, merchant_id, said.words()?)?)
    }
}

/// Which shops, and what of them.
#[derive(Deserialize, IntoParams)]
struct ShopQuery {
    /// `true`: with what they took today, which looks at every terminal.
    takings: Option<String>,
    /// One merchant's only.
    #[param(inline)]
    merchant_id: Option<Merchant>,
    /// One state only.
    state: Option<ShopState>,
    /// Part of a name or an address.
    q: Option<String>,
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
        let mut midnights = HashMap::new();
        let filter = Filter {
            scope: scope(actor)?,
            merchant_id: query.merchant_id.map(|merchant| merchant.0),
            state: query.state.map(|state| state.0),
            search: query.q.as_deref().map(str::trim),
        };
        let shops = store::shop::list(tx, &filter, query.cursor.as_deref(), query.limit.and_one())?;
        let page = Page::of(shops, query.limit.get(), |shop| shop.shop_id.clone());
        page.with_actions(list_actions::<Shop>(actor)).try_map(|shop| {
            let takings = match with_takings {
                true => Some(takings(tx, &mut midnights, &shop)?),
                false => None,
            };
            let (today, today_count) = takings.unzip();
            Ok(ShopOut {
                today,
                today_count,
                ..Shop::out(tx, actor, shop)?
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

//! Merchants: whom an acquirer has signed (R2.1).

use std::sync::Arc;

use app::merchant::Details;
use domain::merchant::{Merchant, State as Word, Verb, is_credit_code};
use domain::{Actor, MerchantId};
use serde::{Deserialize, Serialize};
use store::Tx;
use store::merchant::Filter;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::id::Merchant as Id;
use super::input::{Limit, text, text_opt};
use super::problem::{Problem, Why};
use super::route::{self, Listed, Sayable, Shown};
use super::wire::word;
use crate::auth::scope;

/// Longest name and trade, in characters.
const TEXT_CHARS_MAX: usize = 100;

word! {
    /// Whether a merchant is in business.
    MerchantState: Word;
    /// What people can do with a merchant.
    MerchantAction: Verb;
}

crate::problem::codes! {
    /// No such merchant, for this account.
    NOT_FOUND = "merchant_not_found", NOT_FOUND:
        ("没有找到商户", "没有这个商户。"),
        ("Merchant not found", "There is no such merchant.");
    /// Some of its terminals are in use.
    TERMINALS_IN_USE = "terminals_in_use", CONFLICT:
        ("还有终端在用", "还有终端在用，请先把它们移走或停用。"),
        ("Terminals in use", "Some of its terminals are in use: move or retire them first.");
    /// The shop, or its merchant, is retired.
    OUT_OF_BUSINESS = "out_of_business", CONFLICT:
        ("已停业", "这家门店或商户已停业，请先恢复。"),
        ("Out of business", "This shop or its merchant is retired: restore it first.");
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

route::list_route!(list: Merchant => MerchantOut, MerchantQuery, "merchant", "/merchants");
route::create_route!(create: Merchant, MerchantIn => MerchantOut, "merchant", "/merchants");
route::show_route!(show: Merchant => MerchantOut, "merchant", "/merchants/{merchant_id}", "merchant_id");
route::change_route!(change: Merchant, MerchantIn => MerchantOut, "merchant", "/merchants/{merchant_id}", "merchant_id");
route::step_route!(retire: Merchant => MerchantOut, Verb::Retire, "merchant", "/merchants/{merchant_id}/retire", "merchant_id");
route::step_route!(restore: Merchant => MerchantOut, Verb::Restore, "merchant", "/merchants/{merchant_id}/restore", "merchant_id");
route::events_route!(show_events: Merchant, "merchant", "/merchants/{merchant_id}/events", "merchant_id");

/// A merchant.
#[derive(Serialize, ToSchema)]
#[schema(as = Merchant)]
pub struct MerchantOut {
    /// Field 42 of every message of its terminals.
    id: String,
    /// The same.
    merchant_id: String,
    /// The name customers know.
    name: String,
    /// The same in English.
    name_en: String,
    /// What it sells; empty when nobody said.
    trade: String,
    /// 统一社会信用代码, where somebody said.
    #[schema(required)]
    unified_social_credit_code: Option<String>,
    /// Terminals in use.
    terminal_count: i64,
    /// Whether it is in business.
    state: MerchantState,
    /// What the one who asks may do with it now.
    actions: Vec<MerchantAction>,
}

impl Shown for Merchant {
    type Out = MerchantOut;

    fn out(tx: &Tx<'_>, actor: &Actor, it: Self) -> Result<MerchantOut, Problem> {
        let code = it.unified_social_credit_code.clone();
        Ok(MerchantOut {
            actions: route::actions(tx, actor, &it, MerchantAction)?,
            id: it.merchant_id.to_string(),
            merchant_id: it.merchant_id.to_string(),
            terminal_count: store::merchant::terminal_count(tx, it.merchant_id)?,
            name: it.name,
            name_en: it.name_en,
            trade: it.trade,
            unified_social_credit_code: (!code.is_empty()).then_some(code),
            state: MerchantState(it.state),
        })
    }
}

/// What is said of a merchant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "福记小吃", "name_en": "Fu's Snacks", "trade": "snacks" }))]
pub struct MerchantIn {
    /// Field 42 of its terminals' messages, where an acquirer has given one; eight letters and digits of our own without it.
    /// Cannot be changed.
    merchant_id: Option<Id>,
    /// The name customers know; at most 100 characters, as the others.
    name: String,
    /// The same in English; the Chinese one without it.
    name_en: Option<String>,
    /// What it sells, one word.
    trade: Option<String>,
    /// 统一社会信用代码, registration number, or the identity number of a micro-merchant; its check digit must be right.
    unified_social_credit_code: Option<String>,
}

impl MerchantIn {
    fn details(self) -> Result<Details, Problem> {
        let name = text("name", &self.name, TEXT_CHARS_MAX)?;
        let name_en = text_opt("name_en", self.name_en, TEXT_CHARS_MAX)?;
        Ok(Details {
            name_en: name_en.unwrap_or_else(|| name.clone()),
            name,
            trade: text_opt("trade", self.trade, TEXT_CHARS_MAX)?.unwrap_or_default(),
            unified_social_credit_code: credit_code(self.unified_social_credit_code)?.unwrap_or_default(),
        })
    }
}

/// What a merchant is known by, with its check digit right; small letters are taken for capitals.
pub fn credit_code(code: Option<String>) -> Result<Option<String>, Problem> {
    const FIELD: &str = "unified_social_credit_code";
    let code = text_opt(FIELD, code, TEXT_CHARS_MAX)?.map(|code| code.to_ascii_uppercase());
    match code.as_deref().is_none_or(is_credit_code) {
        true => Ok(code),
        false => Err(Problem::field(FIELD, Why::WrongCheckDigit)),
    }
}

impl Sayable for Merchant {
    type In = MerchantIn;

    fn create(tx: &Tx<'_>, actor: &Actor, id: &str, said: MerchantIn) -> Result<Self, Problem> {
        let own = || MerchantId::parse(id.as_bytes()).ok_or_else(|| Problem::internal(&"a new identifier"));
        let merchant_id = said.merchant_id.map_or_else(own, |merchant| Ok(merchant.0))?;
        Ok(app::merchant::create(tx, actor, merchant_id, said.details()?)?)
    }

    fn change(tx: &Tx<'_>, actor: &Actor, id: &str, said: MerchantIn) -> Result<Self, Problem> {
        let other = said.merchant_id.filter(|merchant| merchant.0.as_str() != id);
        if other.is_some() {
            return Err(app::case::Error::Fixed("merchant_id").into());
        }
        Ok(app::merchant::change(tx, actor, id, said.details()?)?)
    }
}

/// Which merchants.
#[derive(Default, Deserialize, IntoParams)]
pub struct MerchantQuery {
    /// Part of a name or a code.
    q: Option<String>,
    /// One state only.
    state: Option<MerchantState>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`.
    cursor: Option<String>,
}

impl Listed for Merchant {
    type Query = MerchantQuery;

    fn list(tx: &Tx<'_>, actor: &Actor, which: &MerchantQuery, limit: i64) -> Result<Vec<Self>, Problem> {
        let filter = Filter {
            scope: scope(actor)?,
            state: which.state.map(|state| state.0),
            search: which.q.as_deref().map(str::trim),
        };
        Ok(store::merchant::list(
            tx,
            &filter,
            which.cursor.as_deref(),
            limit,
        )?)
    }
}

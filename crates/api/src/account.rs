//! Accounts of people, for those who give rights (R7.1, R7.2).
//!
//! Invariant: nobody gives or takes more than the own rights.

use std::sync::Arc;

use app::account::Given;
use axum::extract::{Path, State};
use axum::response::Response;
use domain::Actor;
use domain::account::{Narrowed, Person, Reach, Scope, State as Word, Verb, reads_why};
use domain::case::decide;
use domain::custom_role::CustomRole;
use domain::event::Event;
use domain::personal::Personal;
use domain::shop::Shop;
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::id::Merchant;
use super::idempotency::Kept;
use super::input::{In, Limit, text, text_opt};
use super::invitation::{Invited, invite};
use super::people::Names;
use super::problem::{Problem, ProblemOut, Why};
use super::route::{self, Listed, Revealing, Shown, acting};
use super::session::{AccountOut, Role, shown};
use super::wire::word;
use crate::auth::{self, scope};

/// Longest name, in characters.
pub const NAME_CHARS_MAX: usize = 100;

word! {
    /// Whether an account may be used.
    AccountState: Word;
    /// What people can do with an account.
    AccountAction: Verb;
}

crate::problem::codes! {
    /// No such account, for this account.
    NOT_FOUND = "account_not_found", NOT_FOUND:
        ("没有找到账号", "没有这个账号。"),
        ("Account not found", "There is no such account.");
    /// Nobody else could administer the house.
    LAST_ADMINISTRATOR = "last_administrator", CONFLICT:
        ("最后一个管理员", "这是最后一个能管理的账号，不能停用或降级。请先给另一个人同样的权限。"),
        ("The last administrator", "Nobody else could administer the house: give somebody else the same rights first.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show, change))
        .routes(routes!(link))
        .routes(routes!(disable))
        .routes(routes!(clear_factors))
        .routes(routes!(enable))
        .routes(routes!(reveal))
        .routes(routes!(show_events))
}

route::list_route!(list: Person => PersonOut, AccountQuery, "account", "/accounts");
route::show_route!(show: Person => PersonOut, "account", "/accounts/{login}", "login");
route::step_route!(enable: Person => PersonOut, Verb::Enable, "account", "/accounts/{login}/enable", "login");
route::reveal_route!(reveal: Person, "account", "/accounts/{login}/reveal", "login");
route::events_route!(show_events: Person, "account", "/accounts/{login}/events", "login");

/// A person's account, as it is kept.
#[derive(Serialize, ToSchema)]
#[schema(as = Person)]
pub struct PersonOut {
    /// The same as `login`, as every noun has it.
    id: String,
    #[serde(flatten)]
    account: AccountOut,
    /// The one shop's name.
    #[schema(required)]
    shop_name: Option<String>,
    /// Where the person can be reached by mail: masked, but to the person oneself.
    #[schema(required)]
    email: Option<String>,
    /// The person's telephone; masked likewise.
    #[schema(required)]
    phone: Option<String>,
    /// Whether it may be used.
    state: AccountState,
    /// What the one who asks may do with it now.
    actions: Vec<AccountAction>,
}

impl Shown for Person {
    type Out = PersonOut;

    fn out(tx: &Tx<'_>, actor: &Actor, it: Self) -> Result<PersonOut, Problem> {
        let shop_id = it.account.scope.shop_id();
        let shop_name = shop_id.map(|shop_id| Names::new(tx).shop(shop_id)).transpose()?;
        Ok(PersonOut {
            actions: route::actions(tx, actor, &it, AccountAction)?,
            email: it.seen("email", actor),
            phone: it.seen("phone", actor),
            account: shown(tx, &it.account)?,
            id: it.account.login,
            shop_name,
            state: AccountState(it.state),
        })
    }

    fn reads_text(actor: &Actor, event: &Event) -> bool {
        reads_why(actor, &event.subject_id, &event.verb)
    }
}

impl Revealing for Person {
    const REVEAL: Verb = Verb::Reveal;
}

/// Which accounts.
#[derive(Default, Deserialize, IntoParams)]
pub struct AccountQuery {
    /// One state only.
    state: Option<AccountState>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`.
    cursor: Option<String>,
}

impl Listed for Person {
    type Query = AccountQuery;

    fn list(tx: &Tx<'_>, actor: &Actor, which: &AccountQuery, limit: i64) -> Result<Vec<Self>, Problem> {
        let state = which.state.map(|state| state.0);
        Ok(store::account::seen(
            tx,
            scope(actor)?,
            state,
            which.cursor.as_deref(),
            limit,
        )?)
    }
}

/// What an account is for and what it sees.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AccountChange, example = json!({ "name": "城南店店长", "role": "manager", "shop_id": "S01" }))]
pub struct Rights {
    /// How others see the person; at most 100 characters.
    pub name: String,
    /// What the account is for.
    role: Role,
    /// The merchant of an owner; one's own without it, where there is one.
    merchant_id: Option<Merchant>,
    /// The shop of a manager or a cashier.
    shop_id: Option<String>,
    /// The custom role that leaves only some of the role's rights; all of them without it.
    custom_role_id: Option<String>,
}

impl Rights {
    /// The name, and what the account gets.
    pub fn read(self, tx: &Tx<'_>, actor: &Actor) -> Result<(String, Given), Problem> {
        let name = text("name", &self.name, NAME_CHARS_MAX)?;
        let own = actor.scope().and_then(Scope::merchant_id);
        let merchant_id = self.merchant_id.map(|merchant| merchant.0).or(own);
        let scope = match (self.role.0.reach(), self.shop_id) {
            (Reach::House, None) if self.merchant_id.is_none() => Scope::All,
            (Reach::House, None) => return Err(Problem::field("merchant_id", Why::Unknown)),
            (Reach::Merchant, None) => {
                Scope::Merchant(merchant_id.ok_or_else(|| Problem::field("merchant_id", Why::Missing))?)
            }
            (Reach::Shop, None) => return Err(Problem::field("shop_id", Why::Missing)),
            (Reach::Shop, Some(shop_id)) => {
                let shop: Shop = app::case::named(tx, actor, &shop_id, "shop_id")?;
                Scope::Shop(shop.merchant_id, shop.shop_id)
            }
            (_, Some(_)) => return Err(Problem::field("shop_id", Why::Unknown)),
        };
        let custom_role = self
            .custom_role_id
            .map(|id| narrowed(tx, actor, &id))
            .transpose()?;
        let given = Given {
            role: self.role.0,
            scope,
            custom_role,
        };
        Ok((name, given))
    }
}

/// A custom role that the actor sees, with the rights it leaves now.
fn narrowed(tx: &Tx<'_>, actor: &Actor, custom_role_id: &str) -> Result<Narrowed, Problem> {
    let found: CustomRole = app::case::named(tx, actor, custom_role_id, "custom_role_id")?;
    Ok(Narrowed {
        custom_role_id: found.custom_role_id,
        rights: found.details.rights,
    })
}

/// Call a person otherwise, or let the person see and do something else. It counts at once.
#[utoipa::path(put, path = "/accounts/{login}", tag = "account", params(("login" = String, Path)),
    request_body = Rights, responses(
    (status = 200, body = PersonOut),
    (status = 403, description = "not_allowed, step_up_required", body = ProblemOut),
    (status = 404, description = "account_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state, last_administrator", body = ProblemOut),
))]
async fn change(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(login): Path<String>,
    input: In<Rights>,
) -> Result<Kept, Problem> {
    acting(&api, account, input, move |tx, actor, said: Rights| {
        let kept: Person = app::case::find(tx, actor, &login)?;
        decide(&kept, Verb::Change, actor).map_err(app::case::Error::from)?;
        let (name, given) = said.read(tx, actor)?;
        Person::out(tx, actor, app::account::change(tx, actor, &login, name, given)?)
    })
    .await
}

/// Make a link by which a person chooses another password, once. It takes the place of one made before.
#[utoipa::path(post, path = "/accounts/{login}/link", tag = "account", params(("login" = String, Path)),
    request_body = route::Said, responses(
    (status = 201, body = Invited),
    (status = 403, description = "not_allowed, step_up_required", body = ProblemOut),
    (status = 404, description = "account_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn link(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(login): Path<String>,
    _input: In<route::Said>,
) -> Result<Response, Problem> {
    invite(&api, account, move |tx, actor, link| {
        Ok(app::invitation::link(tx, actor, &login, link)?)
    })
    .await
}

/// Let a person log in no more. Sessions and links end at once.
#[utoipa::path(post, path = "/accounts/{login}/disable", tag = "account", params(("login" = String, Path)),
    request_body = route::Said, responses(
    (status = 200, body = PersonOut),
    (status = 403, description = "not_allowed, step_up_required", body = ProblemOut),
    (status = 404, description = "account_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state, last_administrator", body = ProblemOut),
))]
async fn disable(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(login): Path<String>,
    input: In<route::Said>,
) -> Result<Kept, Problem> {
    let whose = login.clone();
    let kept = acting(&api, account, input, move |tx, actor, _| {
        Person::out(tx, actor, app::account::disable(tx, actor, &login)?)
    })
    .await;
    api.node.changed(Some(whose));
    kept
}

/// Forget the second factors of a person who has lost them all; say how it is known who asked. Sessions end at once.
#[utoipa::path(post, path = "/accounts/{login}/clear-factors", tag = "account", params(("login" = String, Path)),
    request_body = route::Said, responses(
    (status = 200, body = PersonOut),
    (status = 403, description = "not_allowed, step_up_required", body = ProblemOut),
    (status = 404, description = "account_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn clear_factors(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(login): Path<String>,
    input: In<route::Said>,
) -> Result<Kept, Problem> {
    let whose = login.clone();
    let kept = acting(&api, account, input, move |tx, actor, said: route::Said| {
        let text = text_opt("text", said.text, app::case::TEXT_CHARS_MAX)?;
        Person::out(
            tx,
            actor,
            app::account::clear_factors(tx, actor, &login, text.as_deref())?,
        )
    })
    .await;
    api.node.changed(Some(whose));
    kept
}

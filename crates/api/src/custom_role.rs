//! Custom roles: some of the rights of a role, for those who give rights (R7.2).

use std::sync::Arc;

use axum::Json;
use domain::Actor;
use domain::account::{Reach, Scope};
use domain::custom_role::{CustomRole, Details, Verb};
use domain::right::{Right as DomainRight, Rights};
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::account::NAME_CHARS_MAX;
use super::id::Merchant;
use super::input::{Limit, text};
use super::page::Page;
use super::problem::{Problem, Why};
use super::route::{self, Listed, Sayable, Shown};
use super::session::{Right, Role};
use super::wire::word;
use crate::auth::{Account, scope};

word! {
    /// Whether a custom role is given to people.
    CustomRoleState: domain::custom_role::State;
    /// What people can do with a custom role.
    CustomRoleAction: Verb;
}

crate::problem::codes! {
    /// No such custom role, for this account.
    NOT_FOUND = "custom_role_not_found", NOT_FOUND:
        ("没有找到岗位", "没有这个自定义岗位。"),
        ("Custom role not found", "There is no such custom role.");
    /// Somebody has it.
    GIVEN = "role_given", CONFLICT:
        ("还有人在用", "还有人是这个岗位，或者被邀请为这个岗位。请先给他们别的岗位。"),
        ("Somebody has it", "People have this role or are invited to it: give them another one first.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(roles))
        .routes(routes!(list, create))
        .routes(routes!(show, change))
        .routes(routes!(retire))
        .routes(routes!(restore))
        .routes(routes!(show_events))
}

route::list_route!(list: CustomRole => CustomRoleOut, CustomRoleQuery, "custom_role", "/custom-roles");
route::create_route!(create: CustomRole, CustomRoleIn => CustomRoleOut, "custom_role", "/custom-roles");
route::show_route!(show: CustomRole => CustomRoleOut, "custom_role", "/custom-roles/{custom_role_id}", "custom_role_id");
route::change_route!(change: CustomRole, CustomRoleIn => CustomRoleOut, "custom_role", "/custom-roles/{custom_role_id}", "custom_role_id");
route::step_route!(retire: CustomRole => CustomRoleOut, Verb::Retire, "custom_role", "/custom-roles/{custom_role_id}/retire", "custom_role_id");
route::step_route!(restore: CustomRole => CustomRoleOut, Verb::Restore, "custom_role", "/custom-roles/{custom_role_id}/restore", "custom_role_id");
route::events_route!(show_events: CustomRole, "custom_role", "/custom-roles/{custom_role_id}/events", "custom_role_id");

/// A role that every house has.
#[derive(Serialize, ToSchema)]
#[schema(as = RoleRights)]
struct RoleOut {
    /// Which.
    role: Role,
    /// Its rights.
    rights: Vec<Right>,
    /// Those of them that an API key may have: a risk officer's of the house, an owner's of a merchant, a manager's of a shop.
    key_rights: Vec<Right>,
    /// Whether the one who asks may give it to somebody.
    gives: bool,
}

/// The roles that every house has, with their rights.
#[utoipa::path(get, path = "/roles", tag = "custom_role", responses((status = 200, body = Page<RoleOut>)))]
async fn roles(account: Account) -> Json<Page<RoleOut>> {
    let roles = domain::account::Role::ALL.map(|role| RoleOut {
        role: Role(role),
        rights: Rights::of(role).iter().map(Right).collect(),
        key_rights: Rights::of(role).without_peoples().iter().map(Right).collect(),
        gives: matches!(account.as_actor(), Actor::Person(by) if by.gives(role)),
    });
    Json(Page::of(roles.into(), usize::MAX, |_| String::new()))
}

/// A custom role.
#[derive(Serialize, ToSchema)]
#[schema(as = CustomRole)]
pub struct CustomRoleOut {
    /// Eight letters and digits.
    id: String,
    /// The merchant whose people have it; null: those of the house.
    #[schema(required)]
    merchant_id: Option<Merchant>,
    /// How it is called.
    name: String,
    /// The role it is made from.
    role: Role,
    /// Which of that role's rights it has.
    rights: Vec<Right>,
    /// Whether it is given to people.
    state: CustomRoleState,
    /// What the one who asks may do with it now.
    actions: Vec<CustomRoleAction>,
}

impl Shown for CustomRole {
    type Out = CustomRoleOut;

    fn out(tx: &Tx<'_>, actor: &Actor, it: Self) -> Result<CustomRoleOut, Problem> {
        Ok(CustomRoleOut {
            actions: route::actions(tx, actor, &it, CustomRoleAction)?,
            id: it.custom_role_id,
            merchant_id: it.details.merchant_id.map(Merchant),
            name: it.details.name,
            role: Role(it.details.role),
            rights: it.details.rights.iter().map(Right).collect(),
            state: CustomRoleState(it.state),
        })
    }
}

/// What is said of a custom role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "夜班", "role": "manager", "rights": ["report_loss", "lock_terminal"] }))]
pub struct CustomRoleIn {
    /// The merchant whose people have it; one's own without it, where there is one. Cannot be changed.
    merchant_id: Option<Merchant>,
    /// How it is called; at most 100 characters.
    name: String,
    /// The role it is made from. Cannot be changed.
    role: Role,
    /// Which of that role's rights it has.
    #[schema(max_items = 18)]
    rights: Vec<Right>,
}

const _: () = assert!(DomainRight::ALL.len() == 18, "said above");

impl CustomRoleIn {
    fn read(self, actor: &Actor) -> Result<Details, Problem> {
        let own = actor.scope().and_then(Scope::merchant_id);
        let said = self.merchant_id.map(|merchant| merchant.0).or(own);
        let rights: Rights = self.rights.into_iter().map(|right| right.0).collect();
        if !Rights::of(self.role.0).has_all(rights) {
            return Err(Problem::field("rights", Why::Invalid));
        }
        let merchant_id = match self.role.0.reach() {
            Reach::House if self.merchant_id.is_some() => {
                return Err(Problem::field("merchant_id", Why::Unknown));
            }
            Reach::House => None,
            Reach::Merchant | Reach::Shop => {
                Some(said.ok_or_else(|| Problem::field("merchant_id", Why::Missing))?)
            }
        };
        Ok(Details {
            merchant_id,
            name: text("name", &self.name, NAME_CHARS_MAX)?,
            role: self.role.0,
            rights,
        })
    }
}

impl Sayable for CustomRole {
    type In = CustomRoleIn;

    fn create(tx: &Tx<'_>, actor: &Actor, id: &str, said: CustomRoleIn) -> Result<Self, Problem> {
        Ok(app::case::create(tx, actor, id, said.read(actor)?)?)
    }

    /// Whose it is need not be said again.
    fn change(tx: &Tx<'_>, actor: &Actor, id: &str, said: CustomRoleIn) -> Result<Self, Problem> {
        let kept: Self = app::case::find(tx, actor, id)?;
        let merchant_id = said.merchant_id.or(kept.details.merchant_id.map(Merchant));
        let said = CustomRoleIn { merchant_id, ..said };
        Ok(app::custom_role::change(tx, actor, id, said.read(actor)?)?)
    }
}

/// Which custom roles.
#[derive(Default, Deserialize, IntoParams)]
pub struct CustomRoleQuery {
    /// One state only.
    state: Option<CustomRoleState>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`.
    cursor: Option<String>,
}

impl Listed for CustomRole {
    type Query = CustomRoleQuery;

    fn list(tx: &Tx<'_>, actor: &Actor, which: &CustomRoleQuery, limit: i64) -> Result<Vec<Self>, Problem> {
        let state = which.state.map(|state| state.0);
        let after = which.cursor.as_deref();
        Ok(store::custom_role::list(tx, scope(actor)?, state, after, limit)?)
    }
}

//! Contacts: whom a shop calls outside the house.

use std::sync::Arc;

use axum::extract::{Path, State};
use domain::Actor;
use domain::contact::{Contact, Details, Verb};
use serde::{Deserialize, Serialize};
use store::Tx;
use store::contact::Filter;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::id::Merchant;
use super::idempotency::Kept;
use super::input::{In, Limit, email_opt, text, text_opt};
use super::problem::{Problem, ProblemOut};
use super::route::{self, Listed, Reason, Sayable, Shown, Tabled, acting};
use super::wire::word;
use crate::auth::{self, scope};

/// Longest name, number, address and reference, in characters.
const TEXT_CHARS_MAX: usize = 200;

word! {
    /// Who a contact is.
    ContactKind: domain::contact::Kind;
    /// Whether a contact is in use.
    ContactState: domain::contact::State;
    /// What people can do with a contact.
    ContactAction: domain::contact::Verb;
}

crate::problem::codes! {
    /// No such contact, for this account.
    NOT_FOUND = "contact_not_found", NOT_FOUND:
        ("没有找到联系人", "没有这个联系人。"),
        ("Contact not found", "There is no such contact.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(export))
        .routes(routes!(import))
        .routes(routes!(show, change))
        .routes(routes!(retire))
        .routes(routes!(restore))
        .routes(routes!(erase))
        .routes(routes!(show_events))
}

route::list_route!(list: Contact => ContactOut, ContactQuery, "contact", "/contacts");
route::create_route!(create: Contact, ContactIn => ContactOut, "contact", "/contacts");
route::export_route!(export: Contact, "contact", "/contacts/export");
route::import_route!(import: Contact, "contact", "/contacts/import");
route::show_route!(show: Contact => ContactOut, "contact", "/contacts/{contact_id}", "contact_id");
route::change_route!(change: Contact, ContactIn => ContactOut, "contact", "/contacts/{contact_id}", "contact_id");
route::step_route!(retire: Contact => ContactOut, Verb::Retire, "contact", "/contacts/{contact_id}/retire", "contact_id");
route::step_route!(restore: Contact => ContactOut, Verb::Restore, "contact", "/contacts/{contact_id}/restore", "contact_id");
route::events_route!(show_events: Contact, "contact", "/contacts/{contact_id}/events", "contact_id");

/// Erase who a retired contact was: name, numbers, address and reference. It cannot be taken back.
#[utoipa::path(post, path = "/contacts/{contact_id}/erase", tag = "contact", params(("contact_id" = String, Path)),
    request_body = Reason, responses(
    (status = 200, body = ContactOut),
    (status = 403, description = "not_allowed, step_up_required", body = ProblemOut),
    (status = 404, description = "contact_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state: it is not retired", body = ProblemOut),
))]
async fn erase(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(contact_id): Path<String>,
    input: In<Reason>,
) -> Result<Kept, Problem> {
    let kept = acting(&api, account, input, move |tx, actor, said: Reason| {
        let reason = said.of::<Contact>(tx, actor, &contact_id, Verb::Erase)?;
        let erased = app::contact::erase(tx, actor, &contact_id, &reason)?;
        Contact::out(tx, actor, erased)
    })
    .await?;
    api.node.empty_log().await;
    Ok(kept)
}

/// Somebody outside whom a shop may have to reach.
#[derive(Serialize, ToSchema)]
#[schema(as = Contact)]
pub struct ContactOut {
    /// Eight letters and digits.
    id: String,
    /// The merchant whose contact it is; null: everybody's.
    #[schema(required)]
    merchant_id: Option<Merchant>,
    /// Who it is.
    kind: ContactKind,
    /// How it is called.
    name: String,
    /// The telephone number to call at any hour.
    #[schema(required)]
    hotline: Option<String>,
    /// Where a written request goes.
    #[schema(required)]
    email: Option<String>,
    /// What they know the merchant by.
    #[schema(required)]
    reference: Option<String>,
    /// Whether it is in use.
    state: ContactState,
    /// What the one who asks may do with it now.
    actions: Vec<ContactAction>,
}

impl Shown for Contact {
    type Out = ContactOut;

    fn out(tx: &Tx<'_>, actor: &Actor, it: Self) -> Result<ContactOut, Problem> {
        Ok(ContactOut {
            actions: route::actions(tx, actor, &it, ContactAction)?,
            id: it.contact_id,
            merchant_id: it.details.merchant_id.map(Merchant),
            kind: ContactKind(it.details.kind),
            name: it.details.name,
            hotline: it.details.hotline,
            email: it.details.email,
            reference: it.details.reference,
            state: ContactState(it.state),
        })
    }
}

/// What is said of a contact.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "kind": "police", "name": "城南派出所", "hotline": "110" }))]
pub struct ContactIn {
    /// The merchant whose contact it is, everybody's without it; cannot be changed, and need not be said again.
    merchant_id: Option<Merchant>,
    /// Who it is.
    kind: ContactKind,
    /// How it is called; at most 200 characters, as the others.
    name: String,
    /// The telephone number to call at any hour.
    hotline: Option<String>,
    /// Where a written request goes.
    email: Option<String>,
    /// What they know the merchant by.
    reference: Option<String>,
}

impl TryFrom<ContactIn> for Details {
    type Error = Problem;

    fn try_from(said: ContactIn) -> Result<Self, Problem> {
        Ok(Self {
            merchant_id: said.merchant_id.map(|merchant| merchant.0),
            kind: said.kind.0,
            name: text("name", &said.name, TEXT_CHARS_MAX)?,
            hotline: text_opt("hotline", said.hotline, TEXT_CHARS_MAX)?,
            email: email_opt("email", said.email, TEXT_CHARS_MAX)?,
            reference: text_opt("reference", said.reference, TEXT_CHARS_MAX)?,
        })
    }
}

impl Sayable for Contact {
    type In = ContactIn;

    fn create(tx: &Tx<'_>, actor: &Actor, id: &str, said: ContactIn) -> Result<Self, Problem> {
        Ok(app::case::create(tx, actor, id, said.try_into()?)?)
    }

    fn change(tx: &Tx<'_>, actor: &Actor, id: &str, said: ContactIn) -> Result<Self, Problem> {
        Ok(app::case::change(tx, actor, id, said.try_into()?)?)
    }
}

impl Tabled for Contact {
    const SHEET: &'static str = "contacts";
    const COLUMNS: &'static [&'static str] =
        &["kind", "name", "hotline", "email", "reference", "merchant_id"];
}

/// Which contacts.
#[derive(Default, Deserialize, IntoParams)]
pub struct ContactQuery {
    /// Part of a name, a number, an address or a reference.
    q: Option<String>,
    /// Those of one merchant, and everybody's.
    #[param(inline)]
    merchant_id: Option<Merchant>,
    /// One kind only.
    kind: Option<ContactKind>,
    /// One state only.
    state: Option<ContactState>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`.
    cursor: Option<String>,
}

impl Listed for Contact {
    type Query = ContactQuery;

    fn list(tx: &Tx<'_>, actor: &Actor, which: &ContactQuery, limit: i64) -> Result<Vec<Self>, Problem> {
        let filter = Filter {
            scope: scope(actor)?,
            merchant_id: which.merchant_id.map(|merchant| merchant.0),
            kind: which.kind.map(|kind| kind.0),
            state: which.state.map(|state| state.0),
            search: which.q.as_deref().map(str::trim),
        };
        Ok(store::contact::list(tx, &filter, which.cursor.as_deref(), limit)?)
    }
}

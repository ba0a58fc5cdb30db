//! Contacts: whom a shop calls outside the house.

use std::sync::Arc;

use app::contact::Details;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::case::actions;
use domain::contact::{Contact, Verb};
use domain::{Actor, MerchantId};
use serde::{Deserialize, Serialize};
use store::Tx;
use store::contact::Filter;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::idempotency::Kept;
use super::input::{In, Limit, Query, text, text_opt};
use super::page::Page;
use super::problem::{Problem, ProblemOut, Why};
use super::route::{self, Shown, acting, reading};
use super::wire::{ContactAction, ContactKind, ContactState};
use super::{Api, id};
use crate::auth::{self, Account, scope};

/// Longest name, number, address and reference, in characters.
const TEXT_CHARS_MAX: usize = 200;

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, change))
        .routes(routes!(retire))
        .routes(routes!(restore))
        .routes(routes!(show_events))
}

route::show_route!(show: Contact => ContactOut, "contact", "/contacts/{contact_id}", "contact_id");
route::step_route!(retire: Contact => ContactOut, Verb::Retire, "contact", "/contacts/{contact_id}/retire", "contact_id");
route::step_route!(restore: Contact => ContactOut, Verb::Restore, "contact", "/contacts/{contact_id}/restore", "contact_id");
route::events_route!(show_events: Contact, "contact", "/contacts/{contact_id}/events", "contact_id");

/// Somebody outside whom a shop may have to reach.
#[derive(Serialize, ToSchema)]
#[schema(as = Contact)]
pub struct ContactOut {
    /// Eight letters and digits.
    id: String,
    /// The merchant whose contact it is; null: everybody's.
    #[schema(required)]
    merchant_id: Option<String>,
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

    fn out(_: &Tx<'_>, actor: &Actor, it: Self) -> Result<ContactOut, Problem> {
        Ok(ContactOut {
            actions: actions(&it, actor).into_iter().map(ContactAction).collect(),
            id: it.contact_id,
            merchant_id: it.merchant_id.map(|merchant_id| merchant_id.to_string()),
            kind: ContactKind(it.kind),
            name: it.name,
            hotline: it.hotline,
            email: it.email,
            reference: it.reference,
            state: ContactState(it.state),
        })
    }
}

/// What is said of a contact.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "kind": "police", "name": "城南派出所", "hotline": "110" }))]
struct ContactIn {
    /// The merchant whose contact it is, everybody's without it; cannot be changed.
    merchant_id: Option<String>,
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

impl ContactIn {
    fn merchant_id(&self) -> Result<Option<MerchantId>, Problem> {
        let parse = |text: &String| {
            MerchantId::parse(text.as_bytes()).ok_or_else(|| Problem::field("merchant_id", Why::Invalid))
        };
        self.merchant_id.as_ref().map(parse).transpose()
    }

    fn details(self) -> Result<Details, Problem> {
        let email = text_opt("email", self.email, TEXT_CHARS_MAX)?;
        let is_address = |email: &String| {
            let halves = email.split_once('@');
            halves.is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
                && !email.contains(char::is_whitespace)
        };
        if !email.as_ref().is_none_or(is_address) {
            return Err(Problem::field("email", Why::Invalid));
        }
        Ok(Details {
            kind: self.kind.0,
            name: text("name", &self.name, TEXT_CHARS_MAX)?,
            hotline: text_opt("hotline", self.hotline, TEXT_CHARS_MAX)?,
            email,
            reference: text_opt("reference", self.reference, TEXT_CHARS_MAX)?,
        })
    }
}

/// Which contacts.
#[derive(Deserialize, IntoParams)]
struct ContactQuery {
    /// Those of one merchant, and everybody's.
    merchant_id: Option<String>,
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

/// Contacts, in the order of their identifiers.
#[utoipa::path(get, path = "/contacts", tag = "contact", params(ContactQuery),
    responses((status = 200, body = Page<ContactOut>)))]
async fn list(
    State(api): State<Arc<Api>>,
    account: Account,
    Query(query): Query<ContactQuery>,
) -> Result<Json<Page<ContactOut>>, Problem> {
    let merchant_id = query.merchant_id.map(|text| MerchantId::parse(text.as_bytes()));
    if merchant_id == Some(None) {
        return Err(Problem::field("merchant_id", Why::Invalid));
    }
    reading(&api, account, move |tx, actor| {
        let filter = Filter {
            scope: scope(actor)?,
            merchant_id: merchant_id.flatten(),
            kind: query.kind.map(|kind| kind.0),
            state: query.state.map(|state| state.0),
        };
        let contacts = store::contact::list(tx, &filter, query.cursor.as_deref(), query.limit.and_one())?;
        Page::of(contacts, query.limit.get(), |contact| contact.contact_id.clone())
            .try_map(|contact| Contact::out(tx, actor, contact))
    })
    .await
}

/// Add a contact.
#[utoipa::path(post, path = "/contacts", tag = "contact", request_body = ContactIn, responses(
    (status = 201, body = ContactOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 409, description = "taken: the merchant has one of that kind and name", body = ProblemOut),
))]
async fn create(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    input: In<ContactIn>,
) -> Result<Kept, Problem> {
    let contact_id = id::new()?;
    let kept = acting(&api, account, input, move |tx, actor, said| {
        let (merchant_id, details) = (said.merchant_id()?, said.details()?);
        let contact = app::contact::create(tx, actor, &contact_id, merchant_id, details)?;
        Contact::out(tx, actor, contact)
    });
    Ok(kept.await?.with_status(StatusCode::CREATED))
}

/// Write other details; what is not said is empty afterwards.
#[utoipa::path(put, path = "/contacts/{contact_id}", tag = "contact", params(("contact_id" = String, Path)),
    request_body = ContactIn, responses(
    (status = 200, body = ContactOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "contact_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state, taken", body = ProblemOut),
))]
async fn change(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(contact_id): Path<String>,
    input: In<ContactIn>,
) -> Result<Kept, Problem> {
    acting(&api, account, input, move |tx, actor, said| {
        let contact = app::contact::change(tx, actor, &contact_id, said.details()?)?;
        Contact::out(tx, actor, contact)
    })
    .await
}

//! Contacts: whom a shop calls outside the house.

use std::sync::Arc;

use app::contact::Details;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
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
use super::route::{self, Shown, acting, importing, reading};
use super::sheet::{self, Format, Sheet};
use super::wire::word;
use super::{Api, id};
use crate::auth::{self, Account, scope};

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
        self.merchant_id.as_deref().map(merchant_id).transpose()
    }

    /// As a line of a table says it.
    fn of_line(cells: &[Option<String>]) -> Result<Self, Problem> {
        let mut cells = cells.iter().cloned();
        let mut next = || cells.next().flatten();
        let kind = next().ok_or_else(|| Problem::field("kind", Why::Missing))?;
        let kind =
            domain::contact::Kind::parse(&kind).ok_or_else(|| Problem::field("kind", Why::NotAWord))?;
        Ok(Self {
            kind: ContactKind(kind),
            name: next().unwrap_or_default(),
            hotline: next(),
            email: next(),
            reference: next(),
            merchant_id: next(),
        })
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
#[derive(Default, Deserialize, IntoParams)]
struct ContactQuery {
    /// Part of a name, a number, an address or a reference.
    q: Option<String>,
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

impl ContactQuery {
    fn list(&self, tx: &Tx<'_>, actor: &Actor, limit: i64) -> Result<Vec<Contact>, Problem> {
        let filter = Filter {
            scope: scope(actor)?,
            merchant_id: self.merchant_id.as_deref().map(merchant_id).transpose()?,
            kind: self.kind.map(|kind| kind.0),
            state: self.state.map(|state| state.0),
            search: self.q.as_deref().map(str::trim),
        };
        Ok(store::contact::list(tx, &filter, self.cursor.as_deref(), limit)?)
    }
}

fn merchant_id(text: &str) -> Result<MerchantId, Problem> {
    MerchantId::parse(text.as_bytes()).ok_or_else(|| Problem::field("merchant_id", Why::Invalid))
}

/// Contacts, in the order of their identifiers.
#[utoipa::path(get, path = "/contacts", tag = "contact", params(ContactQuery),
    responses((status = 200, body = Page<ContactOut>)))]
async fn list(
    State(api): State<Arc<Api>>,
    account: Account,
    Query(query): Query<ContactQuery>,
) -> Result<Json<Page<ContactOut>>, Problem> {
    reading(&api, account, move |tx, actor| {
        let contacts = query.list(tx, actor, query.limit.and_one())?;
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

/// What a table of contacts has in its columns.
const COLUMNS: [&str; 7] = [
    "kind",
    "name",
    "hotline",
    "email",
    "reference",
    "merchant_id",
    "state",
];

/// Which contacts, as what.
#[derive(Deserialize, IntoParams)]
struct ExportQuery {
    #[serde(default)]
    #[param(inline)]
    format: Format,
}

/// Contacts as a table: all one sees, at most 10000.
#[utoipa::path(get, path = "/contacts/export", tag = "contact", params(ExportQuery), responses(
    (status = 200, description = "A table.", content_type = "text/csv", body = String),
))]
async fn export(
    State(api): State<Arc<Api>>,
    account: Account,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let all = ContactQuery::default();
    let Json(rows) = reading(&api, account, move |tx, actor| {
        let contacts = all.list(tx, actor, sheet::ROWS_MAX as i64)?.into_iter();
        Ok(contacts.map(row).collect())
    })
    .await?;
    Sheet {
        name: "contacts",
        columns: &COLUMNS,
        rows,
    }
    .answer(query.format)
}

fn row(contact: Contact) -> Vec<String> {
    let merchant_id = contact.merchant_id.map(|merchant_id| merchant_id.to_string());
    let said = [contact.hotline, contact.email, contact.reference, merchant_id];
    let mut row = vec![contact.kind.code().to_owned(), contact.name];
    row.extend(said.map(Option::unwrap_or_default));
    row.push(contact.state.code().to_owned());
    row
}

/// Add and change contacts by a table with the columns kind, name, hotline, email, reference, merchant_id.
///
/// With one wrong line nothing is done, and each wrong line is named; the same table twice changes nothing.
#[utoipa::path(post, path = "/contacts/import", tag = "contact", request_body = sheet::Table, responses(
    (status = 200, body = sheet::ImportOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
))]
async fn import(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    input: In<sheet::Table>,
) -> Result<Json<sheet::ImportOut>, Problem> {
    importing(&api, account, input.body.dry_run, move |tx, actor| {
        let lines = sheet::read("text", &input.body.text, &COLUMNS[..6])?;
        let each = |cells: &[Option<String>]| {
            let said = ContactIn::of_line(cells)?;
            let (merchant_id, details) = (said.merchant_id()?, said.details()?);
            Ok(app::contact::import(
                tx,
                actor,
                &id::new()?,
                merchant_id,
                details,
            )?)
        };
        sheet::import(&lines, each)
    })
    .await
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

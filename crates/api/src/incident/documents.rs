//! What goes to others about a loss, set by a program of its own: the packet for the police (R1.1), the report for an insurer (R1.4), which
//! is a table, too, and the one of a closed case (R3.4).
//!
//! Invariant: a document says what one snapshot of the store says, and nothing that its reader may not see on the incident's page;
//! none leaves without an event that says so, and no content has two for one hour.

use std::sync::Arc;

use app::case::find;
use app::incident::{document_made, may_make_documents};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::document::Kind;
use domain::incident::Incident;
use domain::setting::Language as Spoken;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::Tx;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::render::Job;
use super::{claim, closing_report, packet};
use crate::Api;
use crate::auth::{Actor, Recorded};
use crate::input::Query;
use crate::language::Language;
use crate::places::Places;
use crate::problem::{Problem, ProblemOut};
use crate::route::reading;
use crate::sheet::Format;
use crate::wire::word;

/// When to ask again, seconds.
pub const BACK_IN_S: u32 = 10;
/// Documents of one account that are made at once.
const MADE_PER_ACCOUNT_MAX: usize = 1;

crate::problem::codes! {
    /// The program that sets documents is not there yet, has too much to do, or failed.
    NOT_READY = "documents_not_ready", SERVICE_UNAVAILABLE:
        ("暂时不能生成文件", "生成文件的程序尚未就绪、正忙或出错，请稍后再试。"),
        ("Documents are not ready", "What makes documents is not there yet, busy, or failed. Please try again soon.");
    /// One of the account's is being made.
    ONE_AT_A_TIME = "one_document_at_a_time", TOO_MANY_REQUESTS:
        ("正在生成文件", "您的上一份文件正在生成，请稍后再试。"),
        ("A document is being made", "Another document of yours is being made. Please try again soon.");
    /// What it was given cannot be set.
    NOT_RENDERED = "document_not_rendered", UNPROCESSABLE_ENTITY:
        ("无法生成文件", "内容无法排版。"),
        ("Document not made", "Its content cannot be set.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_documents))
        .routes(routes!(police_packet))
        .routes(routes!(claim_report))
        .routes(routes!(claim_document))
        .routes(routes!(closing_report))
}

word! {
    /// Which document.
    DocumentKind: domain::document::Kind;
    /// In which language.
    DocumentLanguage: domain::setting::Language;
}

/// What makes one.
pub fn job(kind: Kind, tx: &Tx<'_>, incident: &Incident, language: Language) -> Result<Job, Problem> {
    let built_in = match kind {
        Kind::PolicePacket => packet::job(tx, incident, language.pick("zh", "en")),
        Kind::ClaimReport => claim::job(tx, incident, language),
        Kind::ClosingReport => closing_report::job(tx, incident, language),
    };
    Job::of(tx, kind.template(), built_in?)
}

/// A document that one may have.
#[derive(Serialize, ToSchema)]
struct Document {
    /// Which.
    kind: DocumentKind,
    /// In these languages.
    languages: Vec<DocumentLanguage>,
}

/// The documents of an incident.
#[derive(Serialize, ToSchema)]
struct Documents {
    /// Those that one may have.
    documents: Vec<Document>,
    /// Whether what makes them is there; it may be busy.
    ready: bool,
}

/// Which documents there are of it, and whether what makes them is there.
#[utoipa::path(get, path = "/incidents/{incident_id}/documents", tag = "incident",
    params(("incident_id" = String, Path)), responses(
    (status = 200, body = Documents),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
))]
async fn list_documents(
    State(api): State<Arc<Api>>,
    Actor(account): Actor,
    Path(incident_id): Path<String>,
) -> Result<Json<Documents>, Problem> {
    let ready = (api.settings.documents.is_there)();
    reading(&api, account, move |tx, actor| {
        let incident: Incident = find(tx, actor, &incident_id)?;
        may_make_documents(actor)?;
        let its = Kind::ALL.into_iter().filter(|kind| kind.is_of(&incident));
        let documents = its.map(|kind| Document {
            kind: DocumentKind(kind),
            languages: Spoken::ALL.map(DocumentLanguage).to_vec(),
        });
        Ok(Documents {
            documents: documents.collect(),
            ready,
        })
    })
    .await
}

/// How a document is asked for.
#[derive(Deserialize, IntoParams)]
pub struct DocumentQuery {
    /// Whose words it says; that of `Accept-Language` unless said.
    #[param(inline)]
    language: Option<DocumentLanguage>,
}

/// Where documents that are being made have their places: what sets them has its own.
pub fn places() -> Arc<Places> {
    Places::new(usize::MAX, MADE_PER_ACCOUNT_MAX)
}

impl DocumentQuery {
    /// The language that is asked for.
    pub fn language(&self, headers: &HeaderMap) -> Language {
        match self.language {
            Some(DocumentLanguage(Spoken::Chinese)) => Language::Chinese,
            Some(DocumentLanguage(Spoken::English)) => Language::English,
            None => Language::of(headers),
        }
    }
}

/// The packet for the police, as PDF/A-2b. That it was made is among the incident's events, once for each content.
#[utoipa::path(get, path = "/incidents/{incident_id}/documents/police_packet.pdf", tag = "incident",
    params(("incident_id" = String, Path), DocumentQuery), responses(
    (status = 200, description = "The document.", content_type = "application/pdf", body = Vec<u8>),
    (status = 403, description = "not_allowed; cross_origin: by a cookie, and not from our own page", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
    (status = 422, description = "invalid_field; document_not_rendered: its content cannot be set", body = ProblemOut),
    (status = 429, description = "one_document_at_a_time", body = ProblemOut),
    (status = 503, description = "documents_not_ready", body = ProblemOut),
))]
async fn police_packet(
    State(api): State<Arc<Api>>,
    account: Recorded,
    Path(incident_id): Path<String>,
    Query(query): Query<DocumentQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let language = query.language(&headers);
    set(&api, account, incident_id, Kind::PolicePacket, language).await
}

/// What an insurer asks about a loss, as PDF/A-2b: what is not known is said so. That it was made is among the incident's events, once for each
/// content.
#[utoipa::path(get, path = "/incidents/{incident_id}/documents/claim_report.pdf", tag = "incident",
    params(("incident_id" = String, Path), DocumentQuery), responses(
    (status = 200, description = "The document.", content_type = "application/pdf", body = Vec<u8>),
    (status = 403, description = "not_allowed; cross_origin: by a cookie, and not from our own page", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
    (status = 422, description = "invalid_field; document_not_rendered: its content cannot be set", body = ProblemOut),
    (status = 429, description = "one_document_at_a_time", body = ProblemOut),
    (status = 503, description = "documents_not_ready", body = ProblemOut),
))]
async fn claim_document(
    State(api): State<Arc<Api>>,
    account: Recorded,
    Path(incident_id): Path<String>,
    Query(query): Query<DocumentQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let language = query.language(&headers);
    set(&api, account, incident_id, Kind::ClaimReport, language).await
}

/// How a closed case went and ended, as PDF/A-2b: what was stopped, what followed, what is to be changed. That it was made is among the
/// incident's events, once for each content.
#[utoipa::path(get, path = "/incidents/{incident_id}/documents/closing_report.pdf", tag = "incident",
    params(("incident_id" = String, Path), DocumentQuery), responses(
    (status = 200, description = "The document.", content_type = "application/pdf", body = Vec<u8>),
    (status = 403, description = "not_allowed; cross_origin: by a cookie, and not from our own page", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state: the case is not closed", body = ProblemOut),
    (status = 422, description = "invalid_field; document_not_rendered: its content cannot be set", body = ProblemOut),
    (status = 429, description = "one_document_at_a_time", body = ProblemOut),
    (status = 503, description = "documents_not_ready", body = ProblemOut),
))]
async fn closing_report(
    State(api): State<Arc<Api>>,
    account: Recorded,
    Path(incident_id): Path<String>,
    Query(query): Query<DocumentQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let language = query.language(&headers);
    set(&api, account, incident_id, Kind::ClosingReport, language).await
}

/// Makes one and hands it out.
async fn set(
    api: &Api,
    Recorded(account): Recorded,
    incident_id: String,
    kind: Kind,
    language: Language,
) -> Result<Response, Problem> {
    let place = api.being_made.take(account.name());
    let _place = place.ok_or_else(|| Problem::new(ONE_AT_A_TIME).retry_after_s(BACK_IN_S))?;
    let (id, by) = (incident_id.clone(), account.clone());
    let gathered = reading(api, account, move |tx, actor| {
        let incident = find(tx, actor, &id)?;
        may_make_documents(actor)?;
        job(kind, tx, &incident, language)
    });
    let job = gathered.await?.0;
    let made = job.set(&api.settings.documents).await?;
    let (kind, language) = (kind.code(), language.pick("zh", "en"));
    let (id, which) = (incident_id.clone(), made.which(kind, language));
    let pdf = made.pdf;
    let made = move |tx: &Tx<'_>| Ok::<_, Problem>(document_made(tx, &by.actor(tx)?, &id, &which)?);
    if api.node.write(made).await? {
        api.node.changed(Some(incident_id.clone()));
    }
    let name = format!(
        "attachment; filename=\"{}-{incident_id}-{language}.pdf\"",
        kind.replace('_', "-")
    );
    let name = HeaderValue::from_str(&name).map_err(|error| Problem::internal(&error))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/pdf")),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, pdf).into_response())
}

/// What an insurer asks about a loss, as a table: what is not known is said so. That it was made is among the incident's events, once for each
/// content.
#[utoipa::path(get, path = "/incidents/{incident_id}/documents/claim_report.csv", tag = "incident",
    params(("incident_id" = String, Path), DocumentQuery), responses(
    (status = 200, description = "A table.", content_type = "text/csv", body = String),
    (status = 403, description = "not_allowed; cross_origin: by a cookie, and not from our own page", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
    (status = 422, description = "invalid_field", body = ProblemOut),
))]
async fn claim_report(
    State(api): State<Arc<Api>>,
    Recorded(account): Recorded,
    Path(incident_id): Path<String>,
    Query(query): Query<DocumentQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let language = query.language(&headers);
    let id = incident_id.clone();
    let made = move |tx: &Tx<'_>| {
        let actor = account.actor(tx)?;
        let incident = find(tx, &actor, &id)?;
        may_make_documents(&actor)?;
        let sheet = claim::sheet(tx, &incident, language)?;
        let digest = Sha256::digest(sheet.csv()?);
        let which = format!(
            "claim_report {} sha256:{}",
            language.pick("zh", "en"),
            domain::hex::of(&digest)
        );
        let is_new = document_made(tx, &actor, &id, &which)?;
        Ok::<_, Problem>((sheet, is_new))
    };
    let (sheet, is_new) = api.node.write(made).await?;
    if is_new {
        api.node.changed(Some(incident_id));
    }
    let mut answer = sheet.answer(Format::Csv)?;
    answer
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}

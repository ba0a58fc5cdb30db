//! Templates of the house's documents (R1.1): written by one person, tried with invented data, signed off by another.
//!
//! Invariant: a template is proposed only when it was set with all that can be known and with as little as there can be, in both
//! languages.

use std::sync::Arc;

use app::revision::{self, New};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::Actor;
use domain::document::Template;
use domain::revision::{Kind, Revision, State as Stands, TEXT_BYTES_MAX};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Tx;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::idempotency::Kept;
use super::incident::documents::{BACK_IN_S, DocumentLanguage, NOT_READY, ONE_AT_A_TIME};
use super::incident::render::{NotSet, set_own, with_text};
use super::input::In;
use super::people::Names;
use super::problem::{Problem, ProblemOut, Why};
use super::revision::{self as steps, RevisionNote, RevisionOut, RevisionSeen};
use super::route::{acting, reading};
use super::wire::word;
use crate::auth::{Account, Actor as Acting};
use crate::id;

/// Versions of a template that are listed, the latest.
const LISTED_MAX: i64 = 50;
/// The version of what comes with the software: a later software's is a later one.
const BUILT_IN: u32 = 1;

word! {
    /// Which template.
    TemplateName: Template;
}

crate::problem::codes! {
    /// It cannot be set.
    NOT_SETTABLE = "template_not_set", UNPROCESSABLE_ENTITY:
        ("模板不能排版", "用示例数据排版时出错。"),
        ("Template cannot be set", "It cannot be set with invented data.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(preview))
        .routes(routes!(show, change))
        .routes(routes!(propose))
        .routes(routes!(send_back))
        .routes(routes!(sign_off))
        .routes(routes!(withdraw))
}

/// The text that comes with the software.
const fn built_in(template: Template) -> &'static str {
    match template {
        Template::PolicePacket => include_str!("../../documents/templates/police_packet.typ"),
        Template::FactSheet => include_str!("../../documents/templates/fact_sheet.typ"),
        Template::InquiryLetter => include_str!("../../documents/templates/inquiry_letter.typ"),
    }
}

/// A template, and the house's versions of it.
#[derive(Serialize, ToSchema)]
struct TemplateOut {
    /// Which.
    template: TemplateName,
    /// The version that comes with the software; it is used while none of the house's is.
    built_in: u32,
    /// The house's, the latest first; one of them at most is used.
    revisions: Vec<RevisionOut>,
}

/// The templates.
#[derive(Serialize, ToSchema)]
struct Templates {
    /// Each.
    items: Vec<TemplateOut>,
    /// Whether the one who asks may write one.
    writes: bool,
}

/// A version with its text.
#[derive(Serialize, ToSchema)]
struct TemplateText {
    #[serde(flatten)]
    revision: RevisionOut,
    /// What it says (Typst).
    text: String,
    /// What is used now, or else what comes with the software: what it is compared with.
    used: String,
}

/// The templates of documents, and the house's versions of each.
#[utoipa::path(get, path = "/templates", tag = "template", responses((status = 200, body = Templates)))]
async fn list(State(api): State<Arc<Api>>, account: Account) -> Result<Json<Templates>, Problem> {
    reading(&api, account, |tx, actor| {
        let mut names = Names::new(tx);
        let mut items = Vec::new();
        for template in Template::ALL {
            let all = revision::named(tx, Kind::Template, template.code(), LISTED_MAX)?;
            let seen = all
                .iter()
                .filter(|it| actor.scope().is_some_and(|scope| it.seen_by(scope)));
            items.push(TemplateOut {
                template: TemplateName(template),
                built_in: BUILT_IN,
                revisions: seen
                    .map(|it| RevisionOut::of(tx, &mut names, actor, it))
                    .collect::<Result<_, _>>()?,
            });
        }
        let writes = revision::keeps(tx, actor)?;
        Ok(Templates { items, writes })
    })
    .await
}

fn out(tx: &Tx<'_>, actor: &Actor, it: Revision) -> Result<TemplateText, Problem> {
    let used = revision::in_use(tx, Kind::Template, &it.name)?.map(|used| used.text);
    let built_in = Template::parse(&it.name).map_or("", built_in);
    Ok(TemplateText {
        revision: RevisionOut::of(tx, &mut Names::new(tx), actor, &it)?,
        used: used.unwrap_or_else(|| built_in.to_owned()),
        text: it.text,
    })
}

/// What a draft begins from.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "template": "police_packet" }))]
struct TemplateIn {
    /// Which template: the draft begins as what is used now.
    template: TemplateName,
}

/// Begin a draft, as what is used now.
#[utoipa::path(post, path = "/templates", tag = "template", request_body = TemplateIn, responses(
    (status = 200, body = TemplateText),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 409, description = "too_many_revisions", body = ProblemOut),
))]
async fn create(
    State(api): State<Arc<Api>>,
    Acting(account): Acting,
    input: In<TemplateIn>,
) -> Result<Kept, Problem> {
    let id = id::new()?;
    acting(&api, account, input, move |tx, actor, said| {
        let name = said.template.0.code();
        let used = revision::in_use(tx, Kind::Template, name)?.map(|used| used.text);
        let new = New {
            revision_id: id,
            kind: Kind::Template,
            name,
            built_in: BUILT_IN,
        };
        let text = used.unwrap_or_else(|| built_in(said.template.0).to_owned());
        out(tx, actor, revision::create(tx, actor, new, |_| text)?)
    })
    .await
}

/// A version, with its text.
#[utoipa::path(get, path = "/templates/{template_id}", tag = "template", params(("template_id" = String, Path)), responses(
    (status = 200, body = TemplateText),
    (status = 404, description = "revision_not_found", body = ProblemOut),
))]
async fn show(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(id): Path<String>,
) -> Result<Json<TemplateText>, Problem> {
    reading(&api, account, move |tx, actor| {
        out(tx, actor, revision::find(tx, actor, Kind::Template, &id)?)
    })
    .await
}

/// Another text, in place of the one that was seen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "sha256": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881", "text": "#sys.inputs.data.number" }))]
struct TemplateWritten {
    /// SHA-256 of the text that was seen, in hexadecimal digits.
    sha256: String,
    /// The text; at most 48 KiB.
    text: String,
}

/// Write another text over the one that was seen.
#[utoipa::path(put, path = "/templates/{template_id}", tag = "template", params(("template_id" = String, Path)),
    request_body = TemplateWritten, responses(
    (status = 200, body = TemplateText),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "revision_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state; text_changed: somebody else has written since", body = ProblemOut),
    (status = 422, description = "invalid_field", body = ProblemOut),
))]
async fn change(
    State(api): State<Arc<Api>>,
    Acting(account): Acting,
    Path(id): Path<String>,
    input: In<TemplateWritten>,
) -> Result<Kept, Problem> {
    acting(&api, account, input, move |tx, actor, said| {
        let text = bounded(said.text)?;
        out(
            tx,
            actor,
            revision::change(tx, actor, (Kind::Template, &id), &said.sha256, text)?,
        )
    })
    .await
}

fn bounded(text: String) -> Result<String, Problem> {
    match text.len() {
        0 => Err(Problem::field("text", Why::Missing)),
        len if len > TEXT_BYTES_MAX => Err(Problem::field("text", Why::TooLong)),
        _ => Ok(text),
    }
}

/// How much of a case is known.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ExampleKnown {
    /// All that can be.
    All,
    /// As little as there can be.
    Few,
}

impl ExampleKnown {
    const fn code(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Few => "few",
        }
    }
}

/// A text to look at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "template": "police_packet", "text": "#sys.inputs.data.number", "language": "zh", "known": "few" }))]
struct TemplateTry {
    /// Which template it is to be.
    template: TemplateName,
    /// The text; at most 48 KiB.
    text: String,
    /// In which language.
    language: DocumentLanguage,
    /// How much is known in it.
    known: ExampleKnown,
}

/// What a text makes of invented data: a PDF, marked as an example. Nothing is kept.
#[utoipa::path(post, path = "/templates/preview", tag = "template", request_body = TemplateTry, responses(
    (status = 200, description = "The document.", content_type = "application/pdf", body = Vec<u8>),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 422, description = "invalid_field; template_not_set: with the line, and what is wrong there", body = ProblemOut),
    (status = 429, description = "one_document_at_a_time", body = ProblemOut),
    (status = 503, description = "documents_not_ready", body = ProblemOut),
))]
async fn preview(
    State(api): State<Arc<Api>>,
    Acting(account): Acting,
    input: In<TemplateTry>,
) -> Result<Response, Problem> {
    let TemplateTry {
        template,
        text,
        language,
        known,
    } = input.body;
    let (text, by) = (bounded(text)?, account.clone());
    let Json(()) = reading(&api, account, |tx, actor| Ok(revision::kept_by(tx, actor)?)).await?;
    let place = api.being_made.take(by.name());
    let _place = place.ok_or_else(|| Problem::new(ONE_AT_A_TIME).retry_after_s(BACK_IN_S))?;
    let pdf = set(&api, template.0, text, (language.0.code(), known)).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/pdf")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, pdf).into_response())
}

/// Sets a text with invented data.
async fn set(
    api: &Api,
    template: Template,
    text: String,
    (language, known): (&str, ExampleKnown),
) -> Result<Vec<u8>, Problem> {
    // A day of no case, so that the same text makes the same bytes.
    let job: Value = json!({
        "language": language,
        "time": "2026-03-02T13:00:00Z",
        "example": { "of": template.code(), "known": known.code() },
    });
    let wrong = |zh: &str, en: &str| Problem::new(NOT_SETTABLE).saying(zh.to_owned(), en.to_owned());
    match set_own(&api.settings.documents, with_text(job, text)).await {
        Ok(pdf) => Ok(pdf),
        Err(NotSet::Wrong(why)) => Err(wrong(&why, &why)),
        Err(why @ NotSet::Missing(_)) => Err(why.into()),
        Err(NotSet::NotReady | NotSet::Failed) => Err(Problem::new(NOT_READY).retry_after_s(BACK_IN_S)),
        Err(NotSet::TooMuch) => Err(wrong(
            "排版所需的时间或内存超过上限。",
            "It takes more time or memory than a document may have.",
        )),
    }
}

/// Ask a second person to sign off the text that was seen. It is set with invented data first: four times, with much and little known, in
/// both languages.
#[utoipa::path(post, path = "/templates/{template_id}/propose", tag = "template", params(("template_id" = String, Path)),
    request_body = RevisionSeen, responses(
    (status = 200, body = TemplateText),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "revision_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state; text_changed: somebody else has written since", body = ProblemOut),
    (status = 422, description = "template_not_set: with the line, and what is wrong there", body = ProblemOut),
    (status = 429, description = "one_document_at_a_time", body = ProblemOut),
    (status = 503, description = "documents_not_ready", body = ProblemOut),
))]
async fn propose(
    State(api): State<Arc<Api>>,
    Acting(account): Acting,
    Path(id): Path<String>,
    input: In<RevisionSeen>,
) -> Result<Kept, Problem> {
    let draft = id.clone();
    let Json((name, text)) = reading(&api, account.clone(), move |tx, actor| {
        let it = revision::find(tx, actor, Kind::Template, &draft)?;
        Ok((it.name, (it.state == Stands::Draft).then_some(it.text)))
    })
    .await?;
    // Of what is no draft the step itself says why not.
    if let (Some(text), Some(template)) = (text, Template::parse(&name)) {
        let place = api.being_made.take(account.name());
        let _place = place.ok_or_else(|| Problem::new(ONE_AT_A_TIME).retry_after_s(BACK_IN_S))?;
        for known in [ExampleKnown::All, ExampleKnown::Few] {
            for language in ["zh", "en"] {
                set(&api, template, text.clone(), (language, known)).await?;
            }
        }
    }
    acting(&api, account, input, move |tx, actor, said| {
        let (sha256, note) = (&said.sha256, said.note()?);
        let of = (Kind::Template, id.as_str());
        out(
            tx,
            actor,
            revision::propose(tx, actor, of, sha256, note.as_deref())?,
        )
    })
    .await
}

/// Say what stands against a proposal, or against ending its use.
#[utoipa::path(post, path = "/templates/{template_id}/send-back", tag = "template", params(("template_id" = String, Path)),
    request_body = RevisionNote, responses(
    (status = 200, body = TemplateText),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "revision_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
    (status = 422, description = "invalid_field", body = ProblemOut),
))]
async fn send_back(
    State(api): State<Arc<Api>>,
    Acting(account): Acting,
    Path(id): Path<String>,
    input: In<RevisionNote>,
) -> Result<Kept, Problem> {
    acting(&api, account, input, move |tx, actor, said| {
        out(
            tx,
            actor,
            steps::send_back(tx, actor, (Kind::Template, &id), said)?,
        )
    })
    .await
}

/// Sign off the text that was seen, as a second person: it is used from now on; or, where somebody asked for that, no more.
#[utoipa::path(post, path = "/templates/{template_id}/sign-off", tag = "template", params(("template_id" = String, Path)),
    request_body = RevisionSeen, responses(
    (status = 200, body = TemplateText),
    (status = 403, description = "not_allowed, second_person_required, step_up_required", body = ProblemOut),
    (status = 404, description = "revision_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state; text_changed; later_in_use", body = ProblemOut),
))]
async fn sign_off(
    State(api): State<Arc<Api>>,
    Acting(account): Acting,
    Path(id): Path<String>,
    input: In<RevisionSeen>,
) -> Result<Kept, Problem> {
    acting(&api, account, input, move |tx, actor, said| {
        let (sha256, note) = (&said.sha256, said.note()?);
        let of = (Kind::Template, id.as_str());
        out(
            tx,
            actor,
            revision::sign_off(tx, actor, of, sha256, note.as_deref())?,
        )
    })
    .await
}

/// Take it back before it is used, or ask a second person to end its use.
#[utoipa::path(post, path = "/templates/{template_id}/withdraw", tag = "template", params(("template_id" = String, Path)),
    request_body = RevisionNote, responses(
    (status = 200, body = TemplateText),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "revision_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn withdraw(
    State(api): State<Arc<Api>>,
    Acting(account): Acting,
    Path(id): Path<String>,
    input: In<RevisionNote>,
) -> Result<Kept, Problem> {
    acting(&api, account, input, move |tx, actor, said| {
        out(
            tx,
            actor,
            steps::withdraw(tx, actor, (Kind::Template, &id), said)?,
        )
    })
    .await
}

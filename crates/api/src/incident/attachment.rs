//! Files of an incident: brought as they are or as pictures made anew, listed, handed out, taken back (R1.1).
//!
//! Invariant: what a file is its bytes say; it is handed out as something to keep, never as something that a browser shows; and it is
//! part of the case with its last piece or not at all.

use std::sync::Arc;

use app::attachment::{self as files, New};
use app::case::find;
use app::piece::NotTaken;
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::Actor;
use domain::attachment::{Attachment, Kind, Purpose, Scan};
use domain::hex;
use domain::incident::Incident;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{self, Account};
use crate::edge::Sandboxed;
use crate::file::{self, Brought};
use crate::idempotency::{Kept, claim};
use crate::input::{In, Query, text};
use crate::people::Names;
use crate::problem::{Code, Problem, ProblemOut, Why};
use crate::route::{acting, actions, reading};
use crate::spool::Spool;
use crate::wire::{Time, word};
use crate::{Api, id};

/// Longest name of a file, in characters.
const NAME_CHARS_MAX: usize = 100;
word! {
    /// What a file is.
    AttachmentKind: domain::attachment::Kind;
    /// What it was brought for.
    AttachmentPurpose: domain::attachment::Purpose;
    /// Whether viruses were looked for.
    AttachmentScan: domain::attachment::Scan;
    /// Where it stands.
    AttachmentState: domain::attachment::State;
    /// What people can do with it.
    AttachmentAction: domain::attachment::Verb;
}

crate::problem::codes! {
    /// No such file, for this account.
    NOT_FOUND = "attachment_not_found", NOT_FOUND:
        ("没有找到附件", "没有这个附件。"),
        ("File not found", "There is no such file.");
    /// The incident has as much as one may have.
    FULL = "too_many_files", CONFLICT:
        ("附件太多", "一个事件最多 50 个附件，共 200 MB。"),
        ("Too many files", "An incident has at most 50 files, 200 MB together.");
    /// The account has brought as much as it may.
    TOO_MUCH_TODAY = "too_many_files_today", TOO_MANY_REQUESTS:
        ("今天上传太多", "一个账号一天最多上传 100 个附件，共 500 MB。"),
        ("Too many files today", "An account brings at most 100 files a day, 500 MB together.");
    /// Its bytes never were here.
    ELSEWHERE = "file_elsewhere", CONFLICT:
        ("文件不在这里", "这里只登记了它的校验值，文件由登记的人保存。"),
        ("The file is elsewhere", "Only its digest is here; whoever stated it keeps the file.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_files, add_file))
        .routes(routes!(state_file))
        .routes(routes!(show_file))
        .routes(routes!(withdraw_file))
}

/// A file of an incident.
#[derive(Serialize, ToSchema)]
#[schema(as = Attachment)]
pub struct AttachmentOut {
    /// Eight letters and digits.
    id: String,
    /// What whoever brought it calls it; null once the case is forgotten.
    #[schema(required)]
    name: Option<String>,
    /// What its bytes are.
    kind: AttachmentKind,
    /// What it was brought for.
    purpose: AttachmentPurpose,
    /// Where it stands.
    state: AttachmentState,
    /// Length of what is kept, bytes.
    size: i64,
    /// SHA-256 of what was sent; it stays for good.
    sha256: String,
    /// Length of what was sent, bytes.
    sent_size: i64,
    /// Whether it is a picture made anew, without what the camera wrote into it.
    is_remade: bool,
    /// SHA-256 of what is kept: another one where it was made anew.
    kept_sha256: String,
    /// Whether viruses were looked for.
    scan: AttachmentScan,
    /// Whether its bytes are here still.
    is_there: bool,
    /// Who brought it.
    by: String,
    /// When.
    at: Time,
    /// That it was taken back.
    #[schema(required)]
    withdrawn: Option<AttachmentWithdrawn>,
    /// What the one who asks may do with it now.
    actions: Vec<AttachmentAction>,
}

/// That a file was taken back.
#[derive(Serialize, ToSchema)]
struct AttachmentWithdrawn {
    /// Who did.
    by: String,
    /// When.
    at: Time,
    /// Why; null once the case is forgotten.
    #[schema(required)]
    ground: Option<String>,
}

impl AttachmentOut {
    fn of(tx: &Tx<'_>, names: &mut Names<'_, '_>, actor: &Actor, it: Attachment) -> Result<Self, Problem> {
        let withdrawn = match &it.withdrawn {
            None => None,
            Some(withdrawn) => Some(AttachmentWithdrawn {
                by: names.person(&withdrawn.by)?,
                at: Time(withdrawn.at),
                ground: withdrawn.ground.clone(),
            }),
        };
        Ok(Self {
            actions: actions(tx, actor, &it, AttachmentAction)?,
            kind: AttachmentKind(it.kind()),
            is_remade: it.purpose == Purpose::Photo,
            by: names.person(&it.by)?,
            id: it.attachment_id,
            name: it.name,
            purpose: AttachmentPurpose(it.purpose),
            state: AttachmentState(it.state),
            size: it.kept_len,
            sha256: hex::of(&it.sent_sha256),
            sent_size: it.sent_len,
            kept_sha256: hex::of(&it.kept_sha256),
            scan: AttachmentScan(it.scan),
            is_there: it.is_there,
            at: Time(it.at),
            withdrawn,
        })
    }
}

/// The files of an incident.
#[derive(Serialize, ToSchema)]
struct Attachments {
    /// The oldest first, those that were taken back among them.
    items: Vec<AttachmentOut>,
    /// Whether the one who asks may add one now.
    may_add: bool,
    /// Whether the one who asks may have what is in them.
    may_read: bool,
    /// Whether photos can be made anew now.
    takes_photos: bool,
}

/// The files of an incident.
#[utoipa::path(get, path = "/incidents/{incident_id}/attachments", tag = "incident",
    params(("incident_id" = String, Path)), responses(
    (status = 200, body = Attachments),
    (status = 404, description = "incident_not_found", body = ProblemOut),
))]
async fn list_files(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(incident_id): Path<String>,
) -> Result<Json<Attachments>, Problem> {
    let takes_photos = (api.settings.documents.is_there)();
    reading(&api, account, move |tx, actor| {
        find::<Incident>(tx, actor, &incident_id)?;
        let mut names = Names::new(tx);
        let its = store::attachment::of(tx, &incident_id)?.into_iter();
        let items = its.map(|it| AttachmentOut::of(tx, &mut names, actor, it));
        Ok(Attachments {
            items: items.collect::<Result<_, _>>()?,
            may_add: files::may_add(tx, actor, &incident_id).is_ok(),
            may_read: files::may_read(actor).is_ok(),
            takes_photos,
        })
    })
    .await
}

/// What comes with a file.
#[derive(Deserialize, IntoParams)]
struct AttachmentQuery {
    /// The file's name, at most 100 characters.
    name: String,
    /// `evidence`: it is kept as it is, with where it was taken if the camera wrote that; `photo`: a picture is made anew without.
    #[param(inline)]
    purpose: AttachmentPurpose,
}

/// Add a file to an incident: JPEG, PNG, WebP, PDF, MP4, QuickTime or plain text, at most 20 MiB. What it is its bytes say.
///
/// One with the same content and purpose that is there already is answered as it is, with 200.
#[utoipa::path(post, path = "/incidents/{incident_id}/attachments", tag = "incident",
    params(("incident_id" = String, Path), AttachmentQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file as it is."), responses(
    (status = 201, body = AttachmentOut),
    (status = 200, description = "It was there.", body = AttachmentOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state; too_many_files", body = ProblemOut),
    (status = 415, description = "file_not_taken; not_a_picture", body = ProblemOut),
    (status = 422, description = "file_infected", body = ProblemOut),
    (status = 429, description = "files_busy; too_many_files_today", body = ProblemOut),
    (status = 503, description = "pictures_not_ready", body = ProblemOut),
))]
async fn add_file(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(incident_id): Path<String>,
    Query(query): Query<AttachmentQuery>,
    request: Request,
) -> Result<Kept, Problem> {
    let name = named(&query.name)?;
    // Who may not send one is told before it is sent.
    let asked = incident_id.clone();
    let may = move |tx: &Tx<'_>, actor: &Actor| Ok(files::may_add(tx, actor, &asked).map(drop)?);
    let Json(()) = reading(&api, account.clone(), may).await?;
    let taken = file::take_in(&api, &account, request).await?;
    let purpose = query.purpose.0;
    if purpose == Purpose::Stated {
        return Err(Problem::field("purpose", Why::Invalid));
    }
    let is_remade = purpose == Purpose::Photo;
    let content = format!("{}\n{}\n{name}", hex::of(&taken.sent.sha256), purpose.code());
    let new = New {
        attachment_id: taken.id.clone(),
        incident_id: incident_id.clone(),
        name,
        sent_as: taken.kind,
        purpose,
        sent_len: taken.sent.len,
        sent_sha256: taken.sent.sha256.clone(),
        kept_len: taken.sent.len,
        kept_sha256: taken.sent.sha256.clone(),
        scan: Scan::NotSet,
    };
    let kept = file::bring(&api, account, taken, (new, &content), is_remade).await?;
    api.node.changed(Some(incident_id));
    Ok(kept)
}

impl Brought for New {
    type It = Attachment;
    type Out = AttachmentOut;
    const FULL: Code = FULL;
    const TOO_MUCH_TODAY: Code = TOO_MUCH_TODAY;

    fn id(&self) -> &str {
        &self.attachment_id
    }

    fn kept_as(self, scan: Scan, kept: &Spool) -> Self {
        Self {
            kept_len: kept.len,
            kept_sha256: kept.sha256.clone(),
            scan,
            ..self
        }
    }

    fn begin(&self, tx: &Tx<'_>, actor: &Actor) -> Result<Option<Attachment>, NotTaken> {
        files::begin(tx, actor, self)
    }

    fn finish(self, tx: &Tx<'_>, actor: &Actor, count: i64) -> Result<(Attachment, bool), NotTaken> {
        files::finish(tx, actor, self, count)
    }

    fn refused(&self, tx: &Tx<'_>, actor: &Actor) -> Result<(), app::case::Error> {
        files::refused(tx, actor, self)
    }

    fn out(tx: &Tx<'_>, actor: &Actor, it: Attachment) -> Result<AttachmentOut, Problem> {
        AttachmentOut::of(tx, &mut Names::new(tx), actor, it)
    }
}

/// The name of a file without folders, and without signs that turn how it is read.
fn named(name: &str) -> Result<String, Problem> {
    let own = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let turns = |character: &char| matches!(character, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let own: String = own.chars().filter(|character| !turns(character)).collect();
    match own.contains(['\n', '\r', '\t']) {
        true => Err(Problem::field("name", Why::Invalid)),
        false => text("name", &own, NAME_CHARS_MAX),
    }
}

/// By what a file is known that is kept elsewhere.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "监控 12 号机 11-27.mp4", "size": 734_003_200, "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }))]
struct AttachmentStated {
    /// Its name, at most 100 characters.
    name: String,
    /// Its length, bytes.
    #[schema(minimum = 1, maximum = 1_125_899_906_842_624_i64)]
    size: i64,
    /// Its SHA-256: 64 hexadecimal digits.
    #[schema(min_length = 64, max_length = 64)]
    sha256: String,
}

/// Say by which digest a file is known that is too large to be brought, such as a film of a recorder: whoever says so keeps it.
#[utoipa::path(post, path = "/incidents/{incident_id}/attachments/stated", tag = "incident", params(("incident_id" = String, Path)),
    request_body = AttachmentStated, responses(
    (status = 201, body = AttachmentOut),
    (status = 200, description = "It was said before.", body = AttachmentOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state; too_many_files", body = ProblemOut),
    (status = 429, description = "too_many_files_today", body = ProblemOut),
))]
async fn state_file(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(incident_id): Path<String>,
    input: In<AttachmentStated>,
) -> Result<Kept, Problem> {
    let (key, said, id, incident) = (input.key, input.body, id::new()?, incident_id.clone());
    let write = move |tx: &Tx<'_>| {
        if let Some(answer) = claim(tx, account.name(), key.as_ref())? {
            return Ok(answer);
        }
        let actor = account.actor(tx)?;
        find::<Incident>(tx, &actor, &incident)?;
        let new = said.read(id, incident)?;
        let done = files::state(tx, &actor, new).map_err(file::not_taken::<New>)?;
        file::answer::<New>(tx, &actor, key.as_ref(), done)
    };
    let kept = api.node.write(write).await?;
    api.node.changed(Some(incident_id));
    Ok(kept)
}

impl AttachmentStated {
    fn read(self, attachment_id: String, incident_id: String) -> Result<New, Problem> {
        if !(1..=files::STATED_LEN_MAX).contains(&self.size) {
            return Err(Problem::field("size", Why::OutOfRange));
        }
        let sha256 = hex::read(self.sha256.trim()).filter(|bytes| bytes.len() == 32);
        let sha256 = sha256.ok_or_else(|| Problem::field("sha256", Why::Invalid))?;
        Ok(New {
            attachment_id,
            incident_id,
            name: named(&self.name)?,
            sent_as: Kind::Unseen,
            purpose: Purpose::Stated,
            sent_len: self.size,
            sent_sha256: sha256.clone(),
            kept_len: 0,
            kept_sha256: sha256,
            scan: Scan::NotSet,
        })
    }
}

/// What is in a file, as it is kept.
#[utoipa::path(get, path = "/incidents/{incident_id}/attachments/{attachment_id}", tag = "incident",
    params(("incident_id" = String, Path), ("attachment_id" = String, Path)), responses(
    (status = 200, description = "The file, to be kept: `Content-Disposition: attachment`.", content_type = "application/octet-stream",
        body = Vec<u8>),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "incident_not_found, attachment_not_found", body = ProblemOut),
    (status = 409, description = "file_elsewhere", body = ProblemOut),
    (status = 410, description = "file_gone", body = ProblemOut),
    (status = 429, description = "files_busy", body = ProblemOut),
))]
async fn show_file(
    State(api): State<Arc<Api>>,
    account: Account,
    Path((incident_id, attachment_id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let place = file::place(&api.files, &account)?;
    let find = move |tx: &Tx<'_>, actor: &Actor| {
        let it = files::of(tx, actor, &incident_id, &attachment_id)?;
        files::may_read(actor)?;
        Ok(it)
    };
    let Json(it) = reading(&api, account, find).await?;
    if it.purpose == Purpose::Stated {
        return Err(Problem::new(ELSEWHERE));
    }
    if !it.is_there {
        return Err(Problem::new(file::GONE));
    }
    let named = HeaderValue::from_str(&disposition(&it)).map_err(|error| Problem::internal(&error))?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static(it.kind().media_type()),
        ),
        (header::CONTENT_LENGTH, HeaderValue::from(it.kept_len)),
        (header::CONTENT_DISPOSITION, named),
    ];
    let body = file::pieces(api.node.clone(), (it.attachment_id, it.kept_len), place);
    Ok((axum::Extension(Sandboxed), headers, body).into_response())
}

/// Under which name it is kept: as it was called, ending as what it is.
fn disposition(it: &Attachment) -> String {
    let (id, ends) = (&it.attachment_id, it.kind().extension());
    let name = it.name.as_deref().unwrap_or(id);
    let is_said = name.rsplit_once('.').is_some_and(|(_, said)| {
        said.eq_ignore_ascii_case(ends) || (ends == "jpg" && said.eq_ignore_ascii_case("jpeg"))
    });
    let name = match is_said {
        true => name.to_owned(),
        false => format!("{name}.{ends}"),
    };
    let name = utf8_percent_encode(&name, NON_ALPHANUMERIC);
    format!("attachment; filename=\"{id}.{ends}\"; filename*=UTF-8''{name}")
}

/// Why it is taken back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "ground": "传错了，是别的案件的" }))]
struct AttachmentGround {
    /// Why, in a sentence; at most 2000 characters.
    ground: String,
}

/// Take a file back. That it was there, its digest and the ground stay; its bytes stay until the case is closed.
#[utoipa::path(post, path = "/incidents/{incident_id}/attachments/{attachment_id}/withdraw", tag = "incident",
    params(("incident_id" = String, Path), ("attachment_id" = String, Path)), request_body = AttachmentGround, responses(
    (status = 200, body = AttachmentOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "incident_not_found, attachment_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn withdraw_file(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path((incident_id, attachment_id)): Path<(String, String)>,
    input: In<AttachmentGround>,
) -> Result<Kept, Problem> {
    let id = incident_id.clone();
    let kept = acting(&api, account, input, move |tx, actor, said: AttachmentGround| {
        let it = files::of(tx, actor, &id, &attachment_id)?;
        let ground = text("ground", &said.ground, app::case::TEXT_CHARS_MAX)?;
        let it = files::withdraw(tx, actor, &it.attachment_id, &ground)?;
        AttachmentOut::of(tx, &mut Names::new(tx), actor, it)
    });
    let kept = kept.await?;
    api.node.changed(Some(incident_id));
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_no_folders_and_does_not_turn_how_it_is_read() {
        for (sent, kept) in [
            ("回执.pdf", Some("回执.pdf")),
            ("C:\\Users\\li\\回执.pdf", Some("回执.pdf")),
            ("../../etc/passwd", Some("passwd")),
            ("photo\u{202E}gpj.exe", Some("photogpj.exe")),
            ("a\nb.pdf", None),
            ("folder/", None),
            ("  ", None),
        ] {
            assert_eq!(named(sent).ok().as_deref(), kept, "{sent:?}");
        }
    }
}

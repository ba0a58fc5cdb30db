//! Files of an incident: brought as they are or as pictures made anew, listed, handed out, taken back (R1.1).
//!
//! Invariant: what a file is its bytes say; it is handed out as something to keep, never as something that a browser shows; and it is
//! part of the case with its last piece or not at all.

use std::sync::Arc;

use app::attachment::{self as files, New, NotTaken};
use app::case::find;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Actor;
use domain::attachment::{Attachment, FILE_LEN_MAX, Kind, Purpose, Scan, TEXT_LEN_MAX, is_text};
use domain::hex;
use domain::incident::Incident;
use node::Node;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use store::Tx;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::render::NotSet;
use super::spool::{self, PIECE_LEN, Spool};
use crate::auth::{self, Account};
use crate::edge::Sandboxed;
use crate::idempotency::{Kept, Key, claim, keep as keep_answer};
use crate::input::{In, Query, text};
use crate::people::Names;
use crate::places::{Place, Places};
use crate::problem::{Problem, ProblemOut, Why, code};
use crate::route::{acting, actions, reading};
use crate::setting::Later;
use crate::wire::{Time, word};
use crate::{Api, id};

/// What the program that makes pictures anew is given before the file.
const PICTURE_JOB: &[u8] = b"tillguard-picture/1\n";
/// Longest name of a file, in characters.
const NAME_CHARS_MAX: usize = 100;
/// Files on their way in, or out, at once; and of one account.
const PLACES: (usize, usize) = (8, 2);
/// When to ask again, seconds.
const BACK_IN_S: u32 = 5;

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
    /// It is of no kind that is taken.
    KIND = "file_not_taken", UNSUPPORTED_MEDIA_TYPE:
        ("不能上传这种文件", "可以上传：JPEG、PNG、WebP 图片，PDF，MP4、MOV 视频，纯文本（UTF-8，不超过 1 MB）。"),
        ("File not taken", "Taken are pictures (JPEG, PNG, WebP), PDF, films (MP4, MOV) and plain text (UTF-8, at most 1 MB).");
    /// It is to be made anew, and is no picture.
    NOT_A_PICTURE = "not_a_picture", UNSUPPORTED_MEDIA_TYPE:
        ("不是能处理的图片", "照片须是完整的 JPEG、PNG 或 WebP，不超过 6400 万像素；别的文件请作为证据原件上传。"),
        ("Not a picture", "A photo is a whole JPEG, PNG or WebP of at most 64 million pixels; bring anything else as evidence.");
    /// What makes pictures anew is not there.
    PICTURES_NOT_READY = "pictures_not_ready", SERVICE_UNAVAILABLE:
        ("暂时不能处理照片", "去除位置信息的程序尚未就绪、正忙或出错。请稍后再试，或作为证据原件上传（会保留位置信息）。"),
        ("Photos are not ready", "What takes the place out of photos is not there yet, busy, or failed. Try again soon, or bring it as \
         evidence, which keeps the place.");
    /// The incident has as much as one may have.
    FULL = "too_many_files", CONFLICT:
        ("附件太多", "一个事件最多 50 个附件，共 200 MB。"),
        ("Too many files", "An incident has at most 50 files, 200 MB together.");
    /// The account has brought as much as it may.
    TOO_MUCH_TODAY = "too_many_files_today", TOO_MANY_REQUESTS:
        ("今天上传太多", "一个账号一天最多上传 100 个附件，共 500 MB。"),
        ("Too many files today", "An account brings at most 100 files a day, 500 MB together.");
    /// Too many are on their way.
    BUSY = "files_busy", TOO_MANY_REQUESTS:
        ("正在传输别的附件", "您或别人的附件正在传输，请稍后再试。"),
        ("Other files are on their way", "Other files, of yours or others, are on their way. Please try again soon.");
    /// A virus was found in it.
    INFECTED = "file_infected", UNPROCESSABLE_ENTITY:
        ("文件有病毒", "在文件中查到病毒，没有保存，只记下了它的摘要。"),
        ("Virus found", "A virus was found in the file. Nothing of it is kept but its digest.");
    /// Its bytes never were here.
    ELSEWHERE = "file_elsewhere", CONFLICT:
        ("文件不在这里", "这里只登记了它的校验值，文件由登记的人保存。"),
        ("The file is elsewhere", "Only its digest is here; whoever stated it keeps the file.");
    /// Its bytes are not here any more.
    GONE = "file_gone", GONE:
        ("文件已删除", "文件内容已按期删除，只留下记录。"),
        ("File gone", "What was in the file was deleted when its time was over. The record of it stays.");
}

/// What a program that looks for viruses says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scanned {
    /// It found none.
    Clean,
    /// It found one.
    Found,
    /// It did not say.
    NotScanned,
}

/// Looks for viruses in a file.
pub type Scanner = Arc<dyn Fn(Vec<u8>) -> Later<Scanned> + Send + Sync>;

impl From<NotTaken> for Problem {
    fn from(why: NotTaken) -> Self {
        match why {
            NotTaken::Full => Self::new(FULL),
            NotTaken::TooMuchToday => Self::new(TOO_MUCH_TODAY),
            NotTaken::GivenUp => Self::new(code::TIMED_OUT).retry_after_s(BACK_IN_S),
            NotTaken::Case(error) => error.into(),
        }
    }
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_files, add_file))
        .routes(routes!(state_file))
        .routes(routes!(show_file))
        .routes(routes!(withdraw_file))
}

/// Where files that come in, or go out, have their places.
pub fn places() -> Arc<Places> {
    Places::new(PLACES.0, PLACES.1)
}

/// A file of an incident.
#[derive(Serialize, ToSchema)]
#[schema(as = Attachment)]
struct AttachmentOut {
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
    if said_len(request.headers()).is_some_and(|len| len > FILE_LEN_MAX as u64) {
        return Err(Problem::new(code::BODY_TOO_LARGE));
    }
    let _place = place(&api, &account)?;
    let (parts, body) = request.into_parts();
    let attachment_id = id::new()?;
    let at = (&api.node, api.settings.spool.as_path());
    let sent = Spool::take_in(at, &attachment_id, body).await?;
    if sent.len == 0 {
        return Err(Problem::field("file", Why::Missing));
    }
    let sent_as = kind(&sent).await?;
    let purpose = query.purpose.0;
    if purpose == Purpose::Stated {
        return Err(Problem::field("purpose", Why::Invalid));
    }
    if purpose == Purpose::Photo && !sent_as.is_picture() {
        return Err(Problem::new(NOT_A_PICTURE));
    }
    let content = format!("{}\n{}\n{name}", hex::of(&sent.sha256), purpose.code());
    let key = Key::of(&parts, &[])?.map(|key| key.with_content(&content));
    let new = New {
        attachment_id,
        incident_id: incident_id.clone(),
        name,
        sent_as,
        purpose,
        sent_len: sent.len,
        sent_sha256: sent.sha256.clone(),
        kept_len: sent.len,
        kept_sha256: sent.sha256.clone(),
        scan: Scan::NotSet,
    };
    if let Some(answer) = begin(&api, &account, key.clone(), new.clone()).await? {
        return Ok(answer);
    }
    let scan = match scanned(&api, &sent).await? {
        Some(Scanned::Found) => return refuse(&api, &account, key, new).await,
        Some(Scanned::Clean) => Scan::Clean,
        Some(Scanned::NotScanned) => Scan::NotScanned,
        None => Scan::NotSet,
    };
    let kept = match purpose {
        Purpose::Evidence | Purpose::Stated => sent,
        Purpose::Photo => made_anew(&api, &new.attachment_id, &sent).await?,
    };
    let new = New {
        kept_len: kept.len,
        kept_sha256: kept.sha256.clone(),
        scan,
        ..new
    };
    // Whoever goes away now has sent it all: it becomes a file.
    let node = api.node.clone();
    let kept = tokio::spawn(async move { keep(&node, account, key, new, kept).await });
    let kept = kept.await.map_err(|error| Problem::internal(&error))??;
    api.node.changed(Some(incident_id));
    Ok(kept)
}

/// How long the body is, as its head says.
fn said_len(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn place(api: &Api, account: &Account) -> Result<Place, Problem> {
    let place = api.files.take(account.name());
    place.ok_or_else(|| Problem::new(BUSY).retry_after_s(BACK_IN_S))
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

/// What its bytes say it is.
async fn kind(sent: &Spool) -> Result<Kind, Problem> {
    if let Some(kind) = Kind::of(&sent.head) {
        return Ok(kind);
    }
    let may_be_text = sent.len <= TEXT_LEN_MAX as i64;
    match may_be_text && is_text(&sent.bytes().await?) {
        true => Ok(Kind::Text),
        false => Err(Problem::new(KIND)),
    }
}

/// Begins, unless it was answered before, or is there.
async fn begin(api: &Api, account: &Account, key: Option<Key>, new: New) -> Result<Option<Kept>, Problem> {
    let account = account.clone();
    let write = move |tx: &Tx<'_>| {
        if let Some(answer) = claim(tx, account.name(), key.as_ref())? {
            return Ok(Some(answer));
        }
        let actor = account.actor(tx)?;
        match files::begin(tx, &actor, &new)? {
            None => Ok(None),
            Some(same) => answer(tx, &actor, key.as_ref(), (same, false)).map(Some),
        }
    };
    api.node.write(write).await
}

/// What is answered, and kept for its key.
fn answer(
    tx: &Tx<'_>,
    actor: &Actor,
    key: Option<&Key>,
    (it, is_new): (Attachment, bool),
) -> Result<Kept, Problem> {
    let status = match is_new {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    let out = AttachmentOut::of(tx, &mut Names::new(tx), actor, it)?;
    keep_answer(tx, actor.name(), key, Kept::new(status, &out)?)
}

/// What the node's scanner says, where it has one.
async fn scanned(api: &Api, sent: &Spool) -> Result<Option<Scanned>, Problem> {
    match &api.settings.scanner {
        None => Ok(None),
        Some(scan) => Ok(Some(scan(sent.bytes().await?.to_vec()).await)),
    }
}

/// Says in the record that a virus was found.
async fn refuse(api: &Api, account: &Account, key: Option<Key>, new: New) -> Result<Kept, Problem> {
    let (account, incident_id) = (account.clone(), new.incident_id.clone());
    let write = move |tx: &Tx<'_>| {
        let name = account.name().to_owned();
        if let Some(answer) = claim(tx, &name, key.as_ref())? {
            return Ok(answer);
        }
        files::refused(tx, &account.actor(tx)?, &new)?;
        let refused = Kept::of_outcome(StatusCode::OK, Err::<(), _>(Problem::new(INFECTED)))?;
        keep_answer(tx, &name, key.as_ref(), refused)
    };
    let kept = api.node.write(write).await?;
    api.node.changed(Some(incident_id));
    Ok(kept)
}

/// The picture without what its camera wrote into it.
async fn made_anew(api: &Api, attachment_id: &str, sent: &Spool) -> Result<Spool, Problem> {
    let job = [PICTURE_JOB, &sent.bytes().await?].concat();
    let picture = (api.settings.documents.set)(job).await.map_err(|why| match why {
        NotSet::NotReady | NotSet::Failed | NotSet::TooMuch => {
            Problem::new(PICTURES_NOT_READY).retry_after_s(BACK_IN_S)
        }
        NotSet::Wrong(_) | NotSet::Missing(_) => Problem::new(NOT_A_PICTURE),
    })?;
    let at = (&api.node, api.settings.spool.as_path());
    Spool::of(at, attachment_id, &picture).await
}

/// Keeps its pieces, each in a transaction of its own, and makes them a file.
async fn keep(
    node: &Arc<Node>,
    account: Account,
    key: Option<Key>,
    new: New,
    kept: Spool,
) -> Result<Kept, Problem> {
    let count = kept.piece_count();
    for number in 0..count {
        let (id, sealed) = (new.attachment_id.clone(), kept.piece(number).await?);
        let piece = move |tx: &Tx<'_>| Ok::<_, Problem>(files::keep_piece(tx, &id, number, &sealed)?);
        node.write(piece).await?;
    }
    let finish = move |tx: &Tx<'_>| {
        if let Some(answer) = claim(tx, account.name(), key.as_ref())? {
            return Ok(answer);
        }
        let actor = account.actor(tx)?;
        let done = files::finish(tx, &actor, new, count)?;
        answer(tx, &actor, key.as_ref(), done)
    };
    node.write(finish).await
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
        answer(tx, &actor, key.as_ref(), files::state(tx, &actor, new)?)
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
    let place = place(&api, &account)?;
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
        return Err(Problem::new(GONE));
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
    let body = pieces(api.node.clone(), it, place);
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

/// The bytes of a file, piece by piece as they are taken; one that does not open ends it.
fn pieces(node: Arc<Node>, it: Attachment, place: Place) -> Body {
    let (send, pieces) = mpsc::channel(1);
    tokio::spawn(async move {
        let _place = place;
        let count = (it.kept_len + PIECE_LEN as i64 - 1) / PIECE_LEN as i64;
        for number in 0..count {
            let piece = piece(&node, &it.attachment_id, number).await;
            let is_last = piece.is_err();
            let piece = piece.map_err(|_| std::io::Error::other("a piece cannot be read"));
            if send.send(piece).await.is_err() || is_last {
                return;
            }
        }
    });
    Body::from_stream(ReceiverStream::new(pieces))
}

async fn piece(node: &Arc<Node>, attachment_id: &str, number: i64) -> Result<Bytes, Problem> {
    let id = attachment_id.to_owned();
    let read = move |tx: &Tx<'_>| Ok::<_, Problem>(store::attachment::piece(tx, &id, number)?);
    let sealed = node.read(read).await?;
    let sealed = sealed.ok_or_else(|| Problem::internal(&"a piece is missing"))?;
    let opened = spool::opened(&node.sealer, attachment_id, number, &sealed)?;
    Ok(Bytes::copy_from_slice(&opened))
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

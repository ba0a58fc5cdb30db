//! Photos of a terminal: added from a telephone, listed, shown, removed (R2.2; PCI DSS 9.5.1.2).
//!
//! Invariant: what is kept and shown is a picture made anew, without what the camera wrote into it; one that is removed stays in sight.

use std::sync::Arc;

use app::case::find;
use app::photo::{self as photos, LISTED_MAX, New};
use app::piece::NotTaken;
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::Actor;
use domain::attachment::{Kind, Scan};
use domain::hex;
use domain::photo::Photo;
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::auth::{self, Account};
use crate::edge::Sandboxed;
use crate::file::{self, Brought};
use crate::idempotency::Kept;
use crate::incident::attachment::AttachmentScan;
use crate::input::{In, Query, text, text_opt};
use crate::people::Names;
use crate::places::Places;
use crate::problem::{Code, Problem, ProblemOut};
use crate::route::{acting, actions, reading};
use crate::spool::Spool;
use crate::terminal::{parse_id, visible};
use crate::wire::{Time, word};

/// Longest caption, in characters.
const CAPTION_CHARS_MAX: usize = 200;
/// Photos on their way out at once, and to one account: a page shows many.
const PLACES: (usize, usize) = (48, 24);

word! {
    /// What is to be seen on a photo.
    PhotoShows: domain::photo::Shows;
    /// Where it stands.
    PhotoState: domain::photo::State;
    /// What people can do with it.
    PhotoAction: domain::photo::Verb;
}

crate::problem::codes! {
    /// No such photo, for this account.
    NOT_FOUND = "photo_not_found", NOT_FOUND:
        ("没有找到照片", "没有这张照片。"),
        ("Photo not found", "There is no such photo.");
    /// The terminal has as much as one may have.
    FULL = "too_many_photos", CONFLICT:
        ("照片太多", "一台终端最多 40 张照片，共 100 MB；移除的照片 90 天后才不计。"),
        ("Too many photos", "A terminal has at most 40 photos, 100 MB together; one that was removed counts for 90 days more.");
    /// The account has added as much as it may.
    TOO_MUCH_TODAY = "too_many_photos_today", TOO_MANY_REQUESTS:
        ("今天添加太多", "一个账号一天最多添加 300 张终端照片，共 600 MB。"),
        ("Too many photos today", "An account adds at most 300 photos of terminals a day, 600 MB together.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_photos, add_photo))
        .routes(routes!(show_photo))
        .routes(routes!(remove_photo))
}

/// Where photos that go out have their places.
pub fn places() -> Arc<Places> {
    Places::new(PLACES.0, PLACES.1)
}

/// A photo of a terminal.
#[derive(Serialize, ToSchema)]
#[schema(as = Photo)]
pub struct PhotoOut {
    /// Eight letters and digits.
    id: String,
    /// Of which terminal.
    terminal_id: String,
    /// What is to be seen.
    shows: PhotoShows,
    /// What else there is to say of it; null without, and once it is forgotten.
    #[schema(required)]
    caption: Option<String>,
    /// Where it stands.
    state: PhotoState,
    /// Length of what is kept, bytes.
    size: i64,
    /// SHA-256 of what is kept: a JPEG made anew.
    sha256: String,
    /// SHA-256 of what was sent.
    sent_sha256: String,
    /// Whether viruses were looked for.
    scan: AttachmentScan,
    /// Whether its bytes are here still.
    is_there: bool,
    /// Who added it.
    by: String,
    /// When.
    at: Time,
    /// That it was removed.
    #[schema(required)]
    removed: Option<PhotoRemoved>,
    /// What the one who asks may do with it now.
    actions: Vec<PhotoAction>,
}

/// That a photo was removed.
#[derive(Serialize, ToSchema)]
struct PhotoRemoved {
    /// Who did.
    by: String,
    /// When.
    at: Time,
    /// Why; null once it is forgotten.
    #[schema(required)]
    ground: Option<String>,
}

impl PhotoOut {
    /// It as the actor sees it.
    pub fn of(tx: &Tx<'_>, names: &mut Names<'_, '_>, actor: &Actor, it: Photo) -> Result<Self, Problem> {
        let removed = match &it.removed {
            None => None,
            Some(removed) => Some(PhotoRemoved {
                by: names.person(&removed.by)?,
                at: Time(removed.at),
                ground: removed.ground.clone(),
            }),
        };
        Ok(Self {
            actions: actions(tx, actor, &it, PhotoAction)?,
            by: names.person(&it.by)?,
            id: it.photo_id,
            terminal_id: it.terminal_id.to_string(),
            shows: PhotoShows(it.shows),
            caption: it.caption,
            state: PhotoState(it.state),
            size: it.len,
            sha256: hex::of(&it.sha256),
            sent_sha256: hex::of(&it.sent_sha256),
            scan: AttachmentScan(it.scan),
            is_there: it.is_there,
            at: Time(it.at),
            removed,
        })
    }
}

/// The photos of a terminal.
#[derive(Serialize, ToSchema)]
struct Photos {
    /// The newest first, at most 200, those that were removed among them.
    items: Vec<PhotoOut>,
    /// Whether the one who asks may add one now.
    may_add: bool,
    /// Whether pictures can be made anew now.
    takes_photos: bool,
}

/// The photos of a terminal.
#[utoipa::path(get, path = "/terminals/{terminal_id}/photos", tag = "terminal", params(("terminal_id" = String, Path)), responses(
    (status = 200, body = Photos),
    (status = 404, description = "terminal_not_found", body = ProblemOut),
))]
async fn list_photos(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(terminal_id): Path<String>,
) -> Result<Json<Photos>, Problem> {
    let terminal_id = parse_id(&terminal_id)?;
    let takes_photos = (api.settings.documents.is_there)();
    reading(&api, account, move |tx, actor| {
        visible(tx, actor, terminal_id)?;
        let mut names = Names::new(tx);
        let its = store::photo::of(tx, terminal_id, LISTED_MAX)?.into_iter();
        let items = its.map(|it| PhotoOut::of(tx, &mut names, actor, it));
        Ok(Photos {
            items: items.collect::<Result<_, _>>()?,
            may_add: photos::may_add(tx, actor, terminal_id).is_ok(),
            takes_photos,
        })
    })
    .await
}

/// What comes with a photo.
#[derive(Deserialize, IntoParams)]
struct PhotoQuery {
    /// What is to be seen.
    #[param(inline)]
    shows: PhotoShows,
    /// What else there is to say of it, at most 200 characters.
    #[param(max_length = 200)]
    caption: Option<String>,
}

/// Add a photo of a terminal: JPEG, PNG or WebP, at most 20 MiB. A picture is made anew of it, without where it was taken.
///
/// One of the same file that shows the same and is there already is answered as it is, with 200.
#[utoipa::path(post, path = "/terminals/{terminal_id}/photos", tag = "terminal",
    params(("terminal_id" = String, Path), PhotoQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The picture as it is."), responses(
    (status = 201, body = PhotoOut),
    (status = 200, description = "It was there.", body = PhotoOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "terminal_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state: it is retired; too_many_photos", body = ProblemOut),
    (status = 415, description = "file_not_taken; not_a_picture", body = ProblemOut),
    (status = 422, description = "file_infected", body = ProblemOut),
    (status = 429, description = "files_busy; too_many_photos_today", body = ProblemOut),
    (status = 503, description = "pictures_not_ready", body = ProblemOut),
))]
async fn add_photo(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(terminal_id): Path<String>,
    Query(query): Query<PhotoQuery>,
    request: Request,
) -> Result<Kept, Problem> {
    let terminal_id = parse_id(&terminal_id)?;
    let shows = query.shows.0;
    let caption = text_opt("caption", query.caption, CAPTION_CHARS_MAX)?;
    // Who may not send one is told before it is sent.
    let may = move |tx: &Tx<'_>, actor: &Actor| Ok(photos::may_add(tx, actor, terminal_id).map(drop)?);
    let Json(()) = reading(&api, account.clone(), may).await?;
    let taken = file::take_in(&api, &account, request).await?;
    let said = caption.as_deref().unwrap_or_default();
    let content = format!("{}\n{}\n{said}", hex::of(&taken.sent.sha256), shows.code());
    let new = New {
        photo_id: taken.id.clone(),
        terminal_id,
        shows,
        caption,
        sent_sha256: taken.sent.sha256.clone(),
        sha256: taken.sent.sha256.clone(),
        len: taken.sent.len,
        scan: Scan::NotSet,
    };
    file::bring(&api, account, taken, (new, &content), true).await
}

impl Brought for New {
    type It = Photo;
    type Out = PhotoOut;
    const FULL: Code = FULL;
    const TOO_MUCH_TODAY: Code = TOO_MUCH_TODAY;

    fn id(&self) -> &str {
        &self.photo_id
    }

    fn kept_as(self, scan: Scan, kept: &Spool) -> Self {
        Self {
            sha256: kept.sha256.clone(),
            len: kept.len,
            scan,
            ..self
        }
    }

    fn begin(&self, tx: &Tx<'_>, actor: &Actor) -> Result<Option<Photo>, NotTaken> {
        photos::begin(tx, actor, self)
    }

    fn finish(self, tx: &Tx<'_>, actor: &Actor, count: i64) -> Result<(Photo, bool), NotTaken> {
        photos::finish(tx, actor, self, count)
    }

    fn refused(&self, tx: &Tx<'_>, actor: &Actor) -> Result<(), app::case::Error> {
        photos::refused(tx, actor, self)
    }

    fn out(tx: &Tx<'_>, actor: &Actor, it: Photo) -> Result<PhotoOut, Problem> {
        PhotoOut::of(tx, &mut Names::new(tx), actor, it)
    }
}

/// A photo, as it is kept.
#[utoipa::path(get, path = "/photos/{photo_id}", tag = "terminal", params(("photo_id" = String, Path)), responses(
    (status = 200, description = "A JPEG.", content_type = "image/jpeg", body = Vec<u8>),
    (status = 404, description = "photo_not_found", body = ProblemOut),
    (status = 410, description = "file_gone", body = ProblemOut),
    (status = 429, description = "files_busy", body = ProblemOut),
))]
async fn show_photo(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(photo_id): Path<String>,
) -> Result<Response, Problem> {
    let place = file::place(&api.photos, &account)?;
    let find = move |tx: &Tx<'_>, actor: &Actor| Ok(find::<Photo>(tx, actor, &photo_id)?);
    let Json(it) = reading(&api, account, find).await?;
    if !it.is_there {
        return Err(Problem::new(file::GONE));
    }
    let named = format!("inline; filename=\"{}.{}\"", it.photo_id, Kind::Jpeg.extension());
    let named = HeaderValue::from_str(&named).map_err(|error| Problem::internal(&error))?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static(Kind::Jpeg.media_type()),
        ),
        (header::CONTENT_LENGTH, HeaderValue::from(it.len)),
        (header::CONTENT_DISPOSITION, named),
    ];
    let body = file::pieces(api.node.clone(), (it.photo_id, it.len), place);
    Ok((axum::Extension(Sandboxed), headers, body).into_response())
}

/// Why it is removed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "ground": "拍成了别的终端" }))]
struct PhotoGround {
    /// Why, in a sentence; at most 2000 characters.
    ground: String,
}

/// Remove a photo of a terminal. That it was there, its digests and the ground stay in sight; its bytes stay 90 days, and longer while a
/// loss of the terminal is open.
#[utoipa::path(post, path = "/photos/{photo_id}/remove", tag = "terminal", params(("photo_id" = String, Path)),
    request_body = PhotoGround, responses(
    (status = 200, body = PhotoOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "photo_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn remove_photo(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(photo_id): Path<String>,
    input: In<PhotoGround>,
) -> Result<Kept, Problem> {
    acting(&api, account, input, move |tx, actor, said: PhotoGround| {
        let it: Photo = find(tx, actor, &photo_id)?;
        let ground = text("ground", &said.ground, app::case::TEXT_CHARS_MAX)?;
        let it = photos::remove(tx, actor, &it.photo_id, &ground)?;
        PhotoOut::of(tx, &mut Names::new(tx), actor, it)
    })
    .await
}

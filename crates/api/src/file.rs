//! Files on their way in and out, whatever they are of: taken in, looked at, made anew, kept piece by piece, handed out.
//!
//! Invariant: what a file is its bytes say; and it is there with its last piece or not at all.

use std::sync::Arc;

use app::case::Error;
use app::piece::NotTaken;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use domain::Actor;
use domain::attachment::{FILE_LEN_MAX, Kind, Scan, TEXT_LEN_MAX, is_text};
use node::Node;
use serde::Serialize;
use store::Tx;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::Api;
use crate::auth::Account;
use crate::id;
use crate::idempotency::{Kept, Key, claim, keep as keep_answer};
use crate::incident::render::NotSet;
use crate::places::{Place, Places};
use crate::problem::{Code, Problem, Why, code};
use crate::setting::Later;
use crate::spool::{self, PIECE_LEN, Spool};

/// What the program that makes pictures anew is given before the file.
pub const PICTURE_JOB: &[u8] = b"tillguard-picture/1\n";
/// Files on their way in, or out, at once; and of one account.
const PLACES: (usize, usize) = (8, 2);
/// When to ask again, seconds.
const BACK_IN_S: u32 = 5;

crate::problem::codes! {
    /// It is of no kind that is taken.
    KIND = "file_not_taken", UNSUPPORTED_MEDIA_TYPE:
        ("不能上传这种文件", "可以上传：JPEG、PNG、WebP 图片，PDF，MP4、MOV 视频，纯文本（UTF-8，不超过 1 MB）。"),
        ("File not taken", "Taken are pictures (JPEG, PNG, WebP), PDF, films (MP4, MOV) and plain text (UTF-8, at most 1 MB).");
    /// It is to be made anew, and is no picture.
    NOT_A_PICTURE = "not_a_picture", UNSUPPORTED_MEDIA_TYPE:
        ("不是能处理的图片", "照片须是完整的 JPEG、PNG 或 WebP，不超过 6400 万像素。"),
        ("Not a picture", "A photo is a whole JPEG, PNG or WebP of at most 64 million pixels.");
    /// What makes pictures anew is not there.
    PICTURES_NOT_READY = "pictures_not_ready", SERVICE_UNAVAILABLE:
        ("暂时不能处理照片", "去除位置信息的程序尚未就绪、正忙或出错，请稍后再试。"),
        ("Photos are not ready", "What takes the place out of photos is not there yet, busy, or failed. Please try again soon.");
    /// Too many are on their way.
    BUSY = "files_busy", TOO_MANY_REQUESTS:
        ("正在传输别的附件", "您或别人的附件正在传输，请稍后再试。"),
        ("Other files are on their way", "Other files, of yours or others, are on their way. Please try again soon.");
    /// A virus was found in it.
    INFECTED = "file_infected", UNPROCESSABLE_ENTITY:
        ("文件有病毒", "在文件中查到病毒，没有保存，只记下了它的摘要。"),
        ("Virus found", "A virus was found in the file. Nothing of it is kept but its digest.");
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

/// A file that somebody brings: what it is of, and what becomes of it.
pub trait Brought: Clone + Send + Sync + 'static {
    /// What it becomes.
    type It: Send;
    /// That as it travels.
    type Out: Serialize;
    /// There are as many as there may be.
    const FULL: Code;
    /// The account has brought as much as it may.
    const TOO_MUCH_TODAY: Code;

    /// Its identifier.
    fn id(&self) -> &str;

    /// The same, scanned, and as it is kept.
    fn kept_as(self, scan: Scan, kept: &Spool) -> Self;

    /// Notes that its pieces will come; answers what is there already.
    fn begin(&self, tx: &Tx<'_>, actor: &Actor) -> Result<Option<Self::It>, NotTaken>;

    /// Makes so many pieces what they are; and says whether that is new.
    fn finish(self, tx: &Tx<'_>, actor: &Actor, count: i64) -> Result<(Self::It, bool), NotTaken>;

    /// Says in the record that a virus was found in it.
    fn refused(&self, tx: &Tx<'_>, actor: &Actor) -> Result<(), Error>;

    /// What it has become, as it travels.
    fn out(tx: &Tx<'_>, actor: &Actor, it: Self::It) -> Result<Self::Out, Problem>;
}

/// A file that is in.
pub struct Taken {
    _place: Place,
    parts: Parts,
    /// A new identifier.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// Its bytes.
    pub sent: Spool,
}

/// Where files that come in, or go out, have their places.
pub fn places() -> Arc<Places> {
    Places::new(PLACES.0, PLACES.1)
}

/// A place for one of the account's.
pub fn place(places: &Arc<Places>, account: &Account) -> Result<Place, Problem> {
    let place = places.take(account.name());
    place.ok_or_else(|| Problem::new(BUSY).retry_after_s(BACK_IN_S))
}

/// Why it is not taken.
pub fn not_taken<B: Brought>(why: NotTaken) -> Problem {
    match why {
        NotTaken::Full => Problem::new(B::FULL),
        NotTaken::TooMuchToday => Problem::new(B::TOO_MUCH_TODAY),
        NotTaken::GivenUp => Problem::new(code::TIMED_OUT).retry_after_s(BACK_IN_S),
        NotTaken::Case(error) => error.into(),
    }
}

/// Takes the body of a request in, and looks at what it is. That the account may send one was asked before.
pub async fn take_in(api: &Api, account: &Account, request: Request) -> Result<Taken, Problem> {
    if said_len(request.headers()).is_some_and(|len| len > FILE_LEN_MAX as u64) {
        return Err(Problem::new(code::BODY_TOO_LARGE));
    }
    let place = place(&api.files, account)?;
    let (parts, body) = request.into_parts();
    let id = id::new()?;
    let at = (&api.node, api.settings.spool.as_path());
    let sent = Spool::take_in(at, &id, body).await?;
    if sent.len == 0 {
        return Err(Problem::field("file", Why::Missing));
    }
    Ok(Taken {
        _place: place,
        parts,
        id,
        kind: kind(&sent).await?,
        sent,
    })
}

/// How long the body is, as its head says.
fn said_len(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
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

/// Keeps what is in: looked through, made anew where that is asked for. `content` is all that makes it the same request.
pub async fn bring<B: Brought>(
    api: &Api,
    account: Account,
    taken: Taken,
    (new, content): (B, &str),
    is_remade: bool,
) -> Result<Kept, Problem> {
    if is_remade && !taken.kind.is_picture() {
        return Err(Problem::new(NOT_A_PICTURE));
    }
    let key = Key::of(&taken.parts, &[])?.map(|key| key.with_content(content));
    if let Some(answer) = begin(api, &account, key.clone(), new.clone()).await? {
        return Ok(answer);
    }
    let scan = match scanned(api, &taken.sent).await? {
        Some(Scanned::Found) => return refuse(api, account, key, new).await,
        Some(Scanned::Clean) => Scan::Clean,
        Some(Scanned::NotScanned) => Scan::NotScanned,
        None => Scan::NotSet,
    };
    let kept = match is_remade {
        true => made_anew(api, new.id(), &taken.sent).await?,
        false => taken.sent,
    };
    let new = new.kept_as(scan, &kept);
    // Whoever goes away now has sent it all: it is kept.
    let node = api.node.clone();
    let kept = tokio::spawn(async move { keep(&node, account, key, new, kept).await });
    kept.await.map_err(|error| Problem::internal(&error))?
}

/// Begins, unless it was answered before, or is there.
async fn begin<B: Brought>(
    api: &Api,
    account: &Account,
    key: Option<Key>,
    new: B,
) -> Result<Option<Kept>, Problem> {
    let account = account.clone();
    let write = move |tx: &Tx<'_>| {
        if let Some(answer) = claim(tx, account.name(), key.as_ref())? {
            return Ok(Some(answer));
        }
        let actor = account.actor(tx)?;
        match new.begin(tx, &actor).map_err(not_taken::<B>)? {
            None => Ok(None),
            Some(same) => answer::<B>(tx, &actor, key.as_ref(), (same, false)).map(Some),
        }
    };
    api.node.write(write).await
}

/// What is answered, and kept for its key.
pub fn answer<B: Brought>(
    tx: &Tx<'_>,
    actor: &Actor,
    key: Option<&Key>,
    (it, is_new): (B::It, bool),
) -> Result<Kept, Problem> {
    let status = match is_new {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    keep_answer(tx, actor.name(), key, Kept::new(status, &B::out(tx, actor, it)?)?)
}

/// What the node's scanner says, where it has one.
async fn scanned(api: &Api, sent: &Spool) -> Result<Option<Scanned>, Problem> {
    match &api.settings.scanner {
        None => Ok(None),
        Some(scan) => Ok(Some(scan(sent.bytes().await?.to_vec()).await)),
    }
}

/// Says in the record that a virus was found.
async fn refuse<B: Brought>(api: &Api, account: Account, key: Option<Key>, new: B) -> Result<Kept, Problem> {
    let write = move |tx: &Tx<'_>| {
        let name = account.name().to_owned();
        if let Some(answer) = claim(tx, &name, key.as_ref())? {
            return Ok(answer);
        }
        new.refused(tx, &account.actor(tx)?)?;
        let refused = Kept::of_outcome(StatusCode::OK, Err::<(), _>(Problem::new(INFECTED)))?;
        keep_answer(tx, &name, key.as_ref(), refused)
    };
    api.node.write(write).await
}

/// The picture without what its camera wrote into it.
async fn made_anew(api: &Api, file_id: &str, sent: &Spool) -> Result<Spool, Problem> {
    let job = [PICTURE_JOB, &sent.bytes().await?].concat();
    let picture = (api.settings.documents.set)(job).await.map_err(|why| match why {
        NotSet::NotReady | NotSet::Failed | NotSet::TooMuch => {
            Problem::new(PICTURES_NOT_READY).retry_after_s(BACK_IN_S)
        }
        NotSet::Wrong(_) | NotSet::Missing(_) => Problem::new(NOT_A_PICTURE),
    })?;
    let at = (&api.node, api.settings.spool.as_path());
    Spool::of(at, file_id, &picture).await
}

/// Keeps its pieces, each in a transaction of its own, and makes them what they are.
async fn keep<B: Brought>(
    node: &Arc<Node>,
    account: Account,
    key: Option<Key>,
    new: B,
    kept: Spool,
) -> Result<Kept, Problem> {
    let count = kept.piece_count();
    for number in 0..count {
        let (id, sealed) = (new.id().to_owned(), kept.piece(number).await?);
        let piece = move |tx: &Tx<'_>| app::piece::keep(tx, &id, number, &sealed).map_err(not_taken::<B>);
        node.write(piece).await?;
    }
    let finish = move |tx: &Tx<'_>| {
        if let Some(answer) = claim(tx, account.name(), key.as_ref())? {
            return Ok(answer);
        }
        let actor = account.actor(tx)?;
        let done = new.finish(tx, &actor, count).map_err(not_taken::<B>)?;
        answer::<B>(tx, &actor, key.as_ref(), done)
    };
    node.write(finish).await
}

/// The bytes of a file, piece by piece as they are taken; one that does not open ends it.
pub fn pieces(node: Arc<Node>, (file_id, len): (String, i64), place: Place) -> Body {
    let (send, pieces) = mpsc::channel(1);
    tokio::spawn(async move {
        let _place = place;
        let count = (len + PIECE_LEN as i64 - 1) / PIECE_LEN as i64;
        for number in 0..count {
            let piece = piece(&node, &file_id, number).await;
            let is_last = piece.is_err();
            let piece = piece.map_err(|_| std::io::Error::other("a piece cannot be read"));
            if send.send(piece).await.is_err() || is_last {
                return;
            }
        }
    });
    Body::from_stream(ReceiverStream::new(pieces))
}

async fn piece(node: &Arc<Node>, file_id: &str, number: i64) -> Result<Bytes, Problem> {
    let id = file_id.to_owned();
    let read = move |tx: &Tx<'_>| Ok::<_, Problem>(store::piece::get(tx, &id, number)?);
    let sealed = node.read(read).await?;
    let sealed = sealed.ok_or_else(|| Problem::internal(&"a piece is missing"))?;
    let opened = spool::opened(&node.sealer, file_id, number, &sealed)?;
    Ok(Bytes::copy_from_slice(&opened))
}

/// All bytes of a file at once, opened: of one that is small, such as the document of a letter.
///
/// # Errors
/// A piece is missing, or does not open.
pub async fn whole(node: &Arc<Node>, file_id: &str, len: i64) -> Result<Vec<u8>, Problem> {
    let count = (len + PIECE_LEN as i64 - 1) / PIECE_LEN as i64;
    let mut bytes = Vec::new();
    for number in 0..count {
        bytes.extend_from_slice(&piece(node, file_id, number).await?);
    }
    Ok(bytes)
}

//! Imports: an estate that comes as one table, looked through beside the estate and then taken over whole (R2.1).
//!
//! The file is kept sealed; the work that reads it calls [`File::read`] and [`part`] until nothing is left.
//!
//! Invariant: of a file no more than [`FILE_BYTES_MAX`] is taken in, of few files at once.

mod check;
mod column;
mod file;
mod wrong;

use std::sync::Arc;

use app::import::{New, NotDone};
use axum::Json;
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::import::Import;
use domain::{Actor, Timestamp};
use node::Node;
use node::seal::{Purpose, Sealer};
use serde::{Deserialize, Serialize};
use store::Tx;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

pub use check::{File, part};

use super::idempotency::Kept;
use super::input::{Cursor, In, Limit, Query, text, whole};
use super::page::Page;
use super::people::Names;
use super::problem::{Problem, ProblemOut, Why, code};
use super::route::{self, Said, Shown, acting, reading};
use super::sheet::{self, ExportQuery, Sheet};
use super::wire::{Time, word};
use super::{Api, id};
use crate::auth::{self, Account, scope};
use crate::edge::BODY_TIME_MAX;
use crate::language::Language;
use crate::setting::GateFrom;

/// Largest file.
pub const FILE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// What of it is kept in one transaction.
const PIECE_BYTES: usize = 512 * 1024;
/// Longest name of a file, in characters.
const NAME_CHARS_MAX: usize = 100;
/// Files in memory at once on their way in; another one is asked to come back.
static ROOM: Semaphore = Semaphore::const_new(2);

word! {
    /// Where an import stands.
    ImportState: domain::import::State;
    /// What people can do with an import.
    ImportAction: domain::import::Verb;
    /// What a line would do.
    ImportOutcome: domain::import::Outcome;
    /// Why a file cannot be read as a table.
    ImportTrouble: domain::import::Trouble;
}

crate::problem::codes! {
    /// No such import, for this account.
    NOT_FOUND = "import_not_found", NOT_FOUND:
        ("没有找到导入", "没有这次导入。"),
        ("Import not found", "There is no such import.");
    /// Too many have not ended.
    TOO_MANY_IMPORTS = "too_many_imports", CONFLICT:
        ("未完成的导入太多", "还有 5 次导入没有完成，请先导入或放弃其中一次。"),
        ("Too many imports", "Five imports have not ended: take one over or leave it first.");
    /// What was found out is not true any more.
    ESTATE_CHANGED = "estate_changed", CONFLICT:
        ("台账有变", "核对之后，台账有了变化，什么都没有导入。正在重新核对。"),
        ("The estate has changed", "The estate has changed since the lines were looked through. Nothing was done; they are being \
         looked through again.");
    /// A line that says the same as one before it.
    LINE_TWICE = "line_twice", CONFLICT:
        ("重复的行", "与前面的一行重复。"),
        ("The same line twice", "An earlier line has the same.");
    /// Several shops are called so.
    SHOP_AMBIGUOUS = "shop_ambiguous", CONFLICT:
        ("门店重名", "这个商户有几家同名门店，请加一列门店号。"),
        ("Several shops", "The merchant has several shops called so: say the shop's ID.");
    /// A number that the spreadsheet has cut.
    NUMBER_ROUNDED = "number_rounded", UNPROCESSABLE_ENTITY:
        ("数字不完整", "数字超过 15 位，表格软件已经改动了后几位。请把这一列设为文本，重新填写。"),
        ("Number cut", "The number has more than 15 digits, and the spreadsheet has changed the last ones. Format the column as \
         text and type it again.");
    /// A formula that failed.
    CELL_BROKEN = "cell_broken", UNPROCESSABLE_ENTITY:
        ("单元格出错", "单元格里的公式出错。"),
        ("Broken cell", "The cell's formula has failed.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list, upload))
        .routes(routes!(template))
        .routes(routes!(show))
        .routes(routes!(lines))
        .routes(routes!(wrong_lines))
        .routes(routes!(commit))
        .routes(routes!(discard))
        .routes(routes!(show_events))
}

route::show_route!(show: Import => EstateImport, "import", "/imports/{import_id}", "import_id");
route::events_route!(show_events: Import, "import", "/imports/{import_id}/events", "import_id");

/// An import.
#[derive(Serialize, ToSchema)]
pub struct EstateImport {
    /// Letters and digits; a later one is the greater.
    id: String,
    /// What the file was called.
    file_name: String,
    /// Where it stands.
    state: ImportState,
    /// Why the file cannot be read; null otherwise.
    #[schema(required)]
    trouble: Option<ImportTrouble>,
    /// Lines of the file; 0 until it has been read.
    line_count: i64,
    /// Lines looked through.
    checked_count: i64,
    /// Of these: those that add a terminal.
    added_count: i64,
    /// Those that change one.
    changed_count: i64,
    /// Those that say what is there already.
    unchanged_count: i64,
    /// Those that are wrong: with one, nothing is taken over.
    wrong_count: i64,
    /// Merchants that it adds.
    merchant_count: i64,
    /// Shops that it adds.
    shop_count: i64,
    /// Who brought it, by name.
    made_by: String,
    /// When it came.
    made_at: Time,
    /// When it ended.
    #[schema(required)]
    ended_at: Option<Time>,
    /// What the one who asks may do with it now.
    actions: Vec<ImportAction>,
}

impl Shown for Import {
    type Out = EstateImport;

    fn out(tx: &Tx<'_>, actor: &Actor, it: Self) -> Result<EstateImport, Problem> {
        let counts = it.counts;
        Ok(EstateImport {
            actions: route::actions(tx, actor, &it, ImportAction)?,
            made_by: Names::new(tx).person(&it.made_by)?,
            id: it.import_id,
            file_name: it.file_name,
            state: ImportState(it.state),
            trouble: it.trouble.map(ImportTrouble),
            line_count: counts.lines,
            checked_count: counts.checked,
            added_count: counts.added,
            changed_count: counts.changed,
            unchanged_count: counts.unchanged,
            wrong_count: counts.wrong,
            merchant_count: counts.merchants,
            shop_count: counts.shops,
            made_at: Time(it.made_at),
            ended_at: it.ended_at.map(Time),
        })
    }
}

impl From<NotDone> for Problem {
    fn from(error: NotDone) -> Self {
        match error {
            NotDone::TooMany => Self::new(TOO_MANY_IMPORTS),
            NotDone::Outdated => Self::new(ESTATE_CHANGED),
            NotDone::Case(error) => error.into(),
        }
    }
}

/// Which page of the list.
#[derive(Deserialize, IntoParams)]
struct ImportQuery {
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`.
    cursor: Option<String>,
}

/// Imports one sees, the newest first.
#[utoipa::path(get, path = "/imports", tag = "import", params(ImportQuery), responses((status = 200, body = Page<EstateImport>)))]
async fn list(
    State(api): State<Arc<Api>>,
    account: Account,
    Query(query): Query<ImportQuery>,
) -> Result<Json<Page<EstateImport>>, Problem> {
    reading(&api, account, move |tx, actor| {
        let imports = store::import::list(tx, scope(actor)?, query.cursor.as_deref(), query.limit.and_one())?;
        let page = Page::of(imports, query.limit.get(), |import| import.import_id.clone());
        page.try_map(|import| Import::out(tx, actor, import))
    })
    .await
}

/// A whole file out of a request's body.
struct Bytes(Vec<u8>);

impl<S: Send + Sync> FromRequest<S> for Bytes {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let read = timeout(BODY_TIME_MAX, whole(request.into_body(), FILE_BYTES_MAX));
        let bytes = read
            .await
            .unwrap_or_else(|_| Err(Problem::new(code::BODY_TOO_SLOW)))?;
        match bytes.is_empty() {
            true => Err(Problem::field("file", Why::Missing)),
            false => Ok(Self(bytes)),
        }
    }
}

/// What the file is called.
#[derive(Deserialize, IntoParams)]
struct UploadQuery {
    /// The file's name.
    name: String,
}

/// Bring an estate as a table: CSV or XLSX, at most 8 MiB and 50000 lines, one terminal a line.
///
/// Nothing is done to the estate: the lines are looked through, and `GET /imports/{import_id}` says how far that is and what they
/// would do.
#[utoipa::path(post, path = "/imports", tag = "import", params(UploadQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file as it is."), responses(
    (status = 201, body = EstateImport),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 409, description = "too_many_imports", body = ProblemOut),
))]
async fn upload(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Query(query): Query<UploadQuery>,
    request: Request,
) -> Result<(StatusCode, Json<EstateImport>), Problem> {
    let file_name = text("name", &query.name, NAME_CHARS_MAX)?;
    let _room = ROOM
        .try_acquire()
        .map_err(|_| Problem::new(code::OVERLOADED).retry_after_s(2))?;
    let Bytes(bytes) = Bytes::from_request(request, &()).await?;
    let new = New {
        import_id: new_id(node::now())?,
        file_name,
        has_gate: api.settings.gate != GateFrom::Off,
    };
    let import_id = new.import_id.clone();
    let by = account.clone();
    let begin = move |tx: &Tx<'_>| Ok::<_, Problem>(app::import::begin(tx, &by.actor(tx)?, new)?);
    api.node.write(begin).await?;
    for (number, sealed) in pieces(&api.node.sealer, &import_id, &bytes) {
        let (id, by, sealed) = (import_id.clone(), account.clone(), sealed?);
        let keep = move |tx: &Tx<'_>| {
            let actor = by.actor(tx)?;
            Ok::<_, Problem>(app::import::keep_file(tx, &actor, &id, number, &sealed)?)
        };
        api.node.write(keep).await?;
    }
    let uploaded = move |tx: &Tx<'_>| {
        let actor = account.actor(tx)?;
        Import::out(tx, &actor, app::import::uploaded(tx, &actor, &import_id)?)
    };
    let import = api.node.write(uploaded).await?;
    api.node.work_due.notify_one();
    Ok((StatusCode::CREATED, Json(import)))
}

/// Whose a piece of a file is when it is sealed.
fn owner(import_id: &str, number: i64) -> String {
    format!("{import_id}.{number}")
}

/// A file in sealed pieces, numbered from 0, each for one transaction.
pub fn pieces(
    sealer: &Sealer,
    import_id: &str,
    bytes: &[u8],
) -> impl Iterator<Item = (i64, Result<Vec<u8>, Problem>)> {
    (0..).zip(bytes.chunks(PIECE_BYTES)).map(move |(number, piece)| {
        let sealed = sealer.seal(Purpose::Import, &owner(import_id, number), piece);
        (number, sealed.map_err(|error| Problem::internal(&error)))
    })
}

/// A file out of its sealed pieces, in their order.
///
/// # Errors
/// One of them was not sealed by this house, or for another import.
pub fn opened(sealer: &Sealer, import_id: &str, pieces: &[Vec<u8>]) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let mut bytes = Zeroizing::new(Vec::new());
    for (number, sealed) in (0..).zip(pieces) {
        let piece = sealer.open(Purpose::Import, &owner(import_id, number), sealed);
        bytes.extend_from_slice(&piece.map_err(|error| Problem::internal(&error))?);
    }
    Ok(bytes)
}

/// The sealed pieces of an import's file; they are few.
///
/// # Errors
/// The store fails.
pub fn kept(tx: &Tx<'_>, import_id: &str) -> Result<Vec<Vec<u8>>, Problem> {
    let all = 0..=(FILE_BYTES_MAX / PIECE_BYTES) as i64;
    let pieces = all.map(|number| store::import::file(tx, import_id, number));
    let pieces: Result<Vec<_>, _> = pieces.map_while(Result::transpose).collect();
    Ok(pieces?)
}

/// The file of an import, opened.
///
/// # Errors
/// The store fails, or has something that this house has not sealed.
pub async fn file(node: &Arc<Node>, import_id: &str) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let id = import_id.to_owned();
    let pieces = node.read(move |tx: &Tx<'_>| kept(tx, &id)).await?;
    opened(&node.sealer, import_id, &pieces)
}

/// Fourteen letters and digits, of which the first nine are the time.
///
/// # Errors
/// No randomness from the system.
pub fn new_id(now: Timestamp) -> Result<String, Problem> {
    let random = id::new()?;
    Ok(format!("{}{}", id::number(now.0.max(0), 9), &random[..5]))
}

/// Take an import over: all of it, or nothing.
///
/// The same file again finds everything there and adds nothing.
#[utoipa::path(post, path = "/imports/{import_id}/commit", tag = "import", params(("import_id" = String, Path)),
    request_body = Said, responses(
    (status = 200, body = EstateImport),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "import_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state; estate_changed: the lines are looked through again", body = ProblemOut),
))]
async fn commit(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(import_id): Path<String>,
    input: In<Said>,
) -> Result<Kept, Problem> {
    let (id, by) = (import_id.clone(), account.clone());
    let kept = acting(&api, account, input, move |tx, actor, _| {
        Import::out(tx, actor, app::import::commit(tx, actor, &id)?)
    });
    let kept = kept.await;
    if kept.as_ref().is_err_and(|problem| problem.code == ESTATE_CHANGED) {
        let again = move |tx: &Tx<'_>| {
            app::import::check_again(tx, &by.actor(tx)?, &import_id)?;
            Ok::<_, Problem>(())
        };
        api.node.write(again).await?;
        api.node.work_due.notify_one();
    }
    kept
}

/// Leave an import: nothing of it is done.
#[utoipa::path(post, path = "/imports/{import_id}/discard", tag = "import", params(("import_id" = String, Path)),
    request_body = Said, responses(
    (status = 200, body = EstateImport),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "import_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn discard(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(import_id): Path<String>,
    input: In<Said>,
) -> Result<Kept, Problem> {
    acting(&api, account, input, move |tx, actor, _| {
        Import::out(tx, actor, app::import::discard(tx, actor, &import_id)?)
    })
    .await
}

/// A line of an import that has been looked through.
#[derive(Serialize, ToSchema)]
struct ImportLine {
    /// Its row in the file, from 1.
    line: i64,
    /// What it would do.
    outcome: ImportOutcome,
    /// What it says, as it is written there: the terminal.
    terminal_id: String,
    /// Its serial number.
    serial: String,
    /// What it is called.
    name: String,
    /// Where it stands.
    shop: String,
    /// Which field is wrong.
    #[schema(required)]
    field: Option<String>,
    /// What the column is called, in the language of `Accept-Language`, as the next.
    #[schema(required)]
    column: Option<String>,
    /// What is wrong, as a problem's `code`.
    #[schema(required)]
    code: Option<String>,
    /// In a few words.
    #[schema(required)]
    reason: Option<String>,
}

impl ImportLine {
    fn of(line: store::import::Line, language: Language) -> Self {
        let column = line.field.as_deref().map(|field| check::heading(field, language));
        let (code, reason) = match line.reason {
            None => (None, None),
            Some(reason) => (
                Some(reason.code),
                Some(match language {
                    Language::Chinese => reason.zh,
                    Language::English => reason.en,
                }),
            ),
        };
        Self {
            line: line.line,
            outcome: ImportOutcome(line.outcome),
            column: column.map(str::to_owned),
            terminal_id: line.terminal_id,
            serial: line.serial,
            name: line.name,
            shop: line.shop,
            field: line.field,
            code,
            reason,
        }
    }
}

/// Which lines.
#[derive(Deserialize, IntoParams)]
struct LineQuery {
    /// Those with one outcome only.
    outcome: Option<ImportOutcome>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<i64>>,
}

/// The lines that have been looked through, in the order of the file.
#[utoipa::path(get, path = "/imports/{import_id}/lines", tag = "import", params(("import_id" = String, Path), LineQuery), responses(
    (status = 200, body = Page<ImportLine>),
    (status = 404, description = "import_not_found", body = ProblemOut),
))]
async fn lines(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(import_id): Path<String>,
    Query(query): Query<LineQuery>,
    headers: HeaderMap,
) -> Result<Json<Page<ImportLine>>, Problem> {
    let language = Language::of(&headers);
    reading(&api, account, move |tx, actor| {
        app::case::find::<Import>(tx, actor, &import_id)?;
        let after = query.cursor.map_or(0, |cursor| cursor.0);
        let outcome = query.outcome.map(|outcome| outcome.0);
        let lines = store::import::lines(tx, &import_id, outcome, after, query.limit.and_one())?;
        let page = Page::of(lines, query.limit.get(), |line| line.line.to_string());
        page.try_map(|line| Ok(ImportLine::of(line, language)))
    })
    .await
}

/// The lines that are wrong as a table, at most 10000, each with its row, its column and what is wrong.
#[utoipa::path(get, path = "/imports/{import_id}/wrong", tag = "import", params(("import_id" = String, Path), ExportQuery), responses(
    (status = 200, description = "A table.", content_type = "text/csv", body = String),
    (status = 404, description = "import_not_found", body = ProblemOut),
))]
async fn wrong_lines(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(import_id): Path<String>,
    Query(query): Query<ExportQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let language = Language::of(&headers);
    let Json(lines) = reading(&api, account, move |tx, actor| {
        app::case::find::<Import>(tx, actor, &import_id)?;
        let outcome = Some(domain::import::Outcome::Wrong);
        let lines = store::import::lines(tx, &import_id, outcome, 0, sheet::ROWS_MAX as i64)?;
        let lines = lines.into_iter().map(|line| ImportLine::of(line, language));
        Ok(lines.collect::<Vec<_>>())
    })
    .await?;
    let row = |line: ImportLine| {
        let [column, reason] = [line.column, line.reason].map(Option::unwrap_or_default);
        vec![
            line.line.to_string(),
            column,
            reason,
            line.terminal_id,
            line.serial,
            line.shop,
        ]
    };
    let columns = [
        ("行", "Row"),
        ("列", "Column"),
        ("原因", "Reason"),
        ("终端号", "Terminal ID"),
        ("序列号", "Serial number"),
        ("门店", "Shop"),
    ];
    let columns = columns.map(|(zh, en)| language.pick(zh, en));
    let sheet = Sheet {
        name: "wrong-lines",
        columns: columns.to_vec(),
        rows: lines.into_iter().map(row).collect(),
    };
    sheet.answer(query.format)
}

/// A table to fill in: only the columns, in the language of `Accept-Language`.
#[utoipa::path(get, path = "/imports/template", tag = "import", params(ExportQuery), responses(
    (status = 200, description = "A table.", content_type = "text/csv", body = String),
))]
async fn template(
    _: Account,
    Query(query): Query<ExportQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let language = Language::of(&headers);
    let sheet = Sheet {
        name: "terminals",
        columns: column::COLUMNS
            .iter()
            .map(|column| column.heading(language))
            .collect(),
        rows: Vec::new(),
    };
    sheet.answer(query.format)
}

//! Statements: files of transactions that shops download, looked at first, then taken in, listed, taken back (R1.3).
//!
//! Invariant: a file is in memory while it is read, and nothing else of it is kept than what its rows say; of it as a preview, nothing.

mod form;
mod preview;
mod read;

use std::sync::Arc;
use std::time::Duration;

use ::statement::Mapping;
use app::statement::{self as files, Found, New, NotTaken, Place as Of};
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::statement::{PART_PAYMENTS, PAYMENTS_MAX, Statement};
use domain::{Actor, Timestamp, hex};
use node::Node;
use serde::{Deserialize, Serialize};
use store::Tx;
use store::statement::{Filter, Spot};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use form::{Brought, StatementForm};
use preview::StatementPreview;
pub use preview::{PaymentDirection, PaymentMethod, PaymentOut, TimeCertainty, TimeSpan};

use crate::auth::{self, Account, scope};
use crate::idempotency::Kept;
use crate::input::{self, Cursor, In, Limit, Query, text};
use crate::page::Page;
use crate::people::Names;
use crate::places::{Place, Places};
use crate::problem::{Problem, ProblemOut, code};
use crate::route::{self, Shown, acting, reading};
use crate::wire::{Time, word};
use crate::{Api, id};

/// Files that are read at once; and of one account.
const PLACES: (usize, usize) = (2, 1);
/// When to ask again, seconds.
const BACK_IN_S: u32 = 5;
/// How long a file may be read, and what it says written.
const READ_TIME_MAX: Duration = Duration::from_secs(75);
/// Parts that were read, and wait to be written.
const PARTS_AHEAD: usize = 2;

word! {
    /// What a table was recognised as; `docs/STATEMENTS.md` says how.
    StatementKind: domain::statement::Kind;
    /// Where a statement stands.
    StatementState: domain::statement::State;
    /// What people can do with it.
    StatementAction: domain::statement::Verb;
}

crate::problem::codes! {
    /// No such statement, for this account.
    NOT_FOUND = "statement_not_found", NOT_FOUND:
        ("没有找到账单", "没有这份账单。"),
        ("Statement not found", "There is no such statement.");
    /// It has a layout that nobody knows here.
    NOT_RECOGNISED = "statement_not_recognised", UNPROCESSABLE_ENTITY:
        ("认不出这份文件", "不是已知的账单格式。预览会给出猜测的列对应（mapping），核对后随文件一起提交。"),
        ("File not recognised", "It is no statement of a layout that is known. The preview offers a guessed `mapping`: check it, and send it with the file.");
    /// It is a personal bill.
    PERSONAL = "statement_personal", UNPROCESSABLE_ENTITY:
        ("这是个人账单", "这是个人账单，请下载商户账单。"),
        ("A personal bill", "It is a personal bill: download the merchant's.");
    /// It cannot be read, or not to its end.
    UNREADABLE = "statement_unreadable", UNPROCESSABLE_ENTITY:
        ("文件不能读取", "文件损坏，或者不能读到末尾。"),
        ("File cannot be read", "It is damaged, or cannot be read to its end.");
    /// It has more payments than are taken.
    TOO_LONG = "statement_too_long", UNPROCESSABLE_ENTITY:
        ("交易太多", "一份文件最多 20 万笔。请按月分开下载。"),
        ("Too many payments", "A file has at most 200,000 payments. Download it month by month.");
    /// The mapping cannot be used.
    MAPPING_UNFIT = "statement_mapping_unfit", UNPROCESSABLE_ENTITY:
        ("列对应不能用", "这份列对应（mapping）不能用。"),
        ("The mapping cannot be used", "This mapping cannot be used.");
    /// As much was brought for the merchant as may be.
    TOO_MUCH_TODAY = "too_many_statements_today", TOO_MANY_REQUESTS:
        ("今天上传太多", "一个商户一天最多 100 份账单，共 500 MB、100 万笔。"),
        ("Too many statements today", "A merchant has at most 100 statements a day, 500 MB and a million payments together.");
    /// Another one is being read.
    BUSY = "statements_busy", TOO_MANY_REQUESTS:
        ("正在读取别的账单", "您或别人的账单正在读取，请稍后再试。"),
        ("Another statement is being read", "Another statement, yours or somebody's, is being read. Please try again soon.");
}

impl From<NotTaken> for Problem {
    fn from(why: NotTaken) -> Self {
        match why {
            NotTaken::TooMuchToday => Self::new(TOO_MUCH_TODAY),
            NotTaken::GivenUp => Self::new(code::TIMED_OUT).retry_after_s(BACK_IN_S),
            NotTaken::Case(error) => error.into(),
        }
    }
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list, bring))
        .routes(routes!(show))
        .routes(routes!(withdraw))
}

/// Where files that are read have their places.
pub fn places() -> Arc<Places> {
    Places::new(PLACES.0, PLACES.1)
}

/// A file of transactions that was taken in.
#[derive(Serialize, ToSchema)]
#[schema(as = Statement)]
pub struct StatementOut {
    /// Eight letters and digits.
    id: String,
    /// Whose it is.
    merchant_id: String,
    /// For which shop.
    shop_id: String,
    /// For which one of its terminals; null: for all of them.
    #[schema(required)]
    terminal_id: Option<String>,
    /// What the file was called.
    name: String,
    /// Its length, bytes.
    size: i64,
    /// Its SHA-256.
    sha256: String,
    /// What its tables were recognised as.
    kinds: Vec<StatementKind>,
    /// From its first payment to its last.
    #[schema(required)]
    span: Option<TimeSpan>,
    /// When it says something of: as it says itself, else from the first payment of a table to its last.
    covers: Vec<StatementCover>,
    /// How it was read, where its layout is not public; `docs/STATEMENTS.md` has its shape.
    #[schema(required, value_type = Option<Object>)]
    mapping: Option<Mapping>,
    /// Payments in it.
    payment_count: i64,
    /// Those among them that no other kept file of the merchant had when it came.
    added_count: i64,
    /// Rows that were refused.
    refused_count: i64,
    /// Where it stands.
    state: StatementState,
    /// Who brought it.
    by: String,
    /// When.
    at: Time,
    /// That it was taken back.
    #[schema(required)]
    withdrawn: Option<StatementWithdrawn>,
    /// What the one who asks may do with it now.
    actions: Vec<StatementAction>,
}

/// A time that a file says something of.
#[derive(Serialize, ToSchema)]
pub struct StatementCover {
    /// From when.
    pub from: Time,
    /// Until when.
    pub to: Time,
    /// Whether the file itself says so.
    pub is_said: bool,
}

/// That a statement was taken back.
#[derive(Serialize, ToSchema)]
struct StatementWithdrawn {
    /// Who did.
    by: String,
    /// When.
    at: Time,
    /// Why.
    ground: String,
}

impl Shown for Statement {
    type Out = StatementOut;

    fn out(tx: &Tx<'_>, actor: &Actor, it: Self) -> Result<StatementOut, Problem> {
        let mut names = Names::new(tx);
        let withdrawn = match &it.withdrawn {
            None => None,
            Some(withdrawn) => Some(StatementWithdrawn {
                by: names.person(&withdrawn.by)?,
                at: Time(withdrawn.at),
                ground: withdrawn.ground.clone(),
            }),
        };
        let covers = store::statement::covers(tx, &it.statement_id)?.into_iter();
        let cover = |cover: domain::statement::Cover| StatementCover {
            from: Time(cover.from),
            to: Time(cover.to),
            is_said: cover.is_said,
        };
        Ok(StatementOut {
            actions: route::actions(tx, actor, &it, StatementAction)?,
            kinds: it.kinds().map(StatementKind).collect(),
            mapping: it.mapping.as_deref().and_then(kept_mapping),
            span: it.first_at.zip(it.last_at).map(TimeSpan::of),
            covers: covers.map(cover).collect(),
            by: names.person(&it.by)?,
            id: it.statement_id,
            merchant_id: it.merchant_id.to_string(),
            shop_id: it.shop_id,
            terminal_id: it.terminal_id.map(|terminal_id| terminal_id.to_string()),
            name: it.name,
            size: it.file_len,
            sha256: hex::of(&it.file_sha256),
            payment_count: it.payments,
            added_count: it.added,
            refused_count: it.refused,
            state: StatementState(it.state),
            at: Time(it.at),
            withdrawn,
        })
    }
}

/// A mapping that was kept.
fn kept_mapping(json: &str) -> Option<Mapping> {
    let read = serde_json::from_str(json);
    read.inspect_err(|error| tracing::error!(?error, "a kept mapping cannot be read"))
        .ok()
}

route::show_route!(show: Statement => StatementOut, "statement", "/statements/{statement_id}", "statement_id");

/// Which statements.
#[derive(Deserialize, IntoParams)]
struct StatementQuery {
    /// Those for one shop.
    shop_id: Option<String>,
    /// Those for one terminal, or for all of its shop.
    terminal_id: Option<String>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<Spot>>,
}

impl input::Place for Spot {
    fn parse(cursor: &str) -> Option<Self> {
        let (at, statement_id) = cursor.split_once('.')?;
        Some(Self {
            at: Timestamp(at.parse().ok()?),
            statement_id: statement_id.to_owned(),
        })
    }
}

/// Statements one sees, the newest first, those that were taken back among them.
#[utoipa::path(get, path = "/statements", tag = "statement", params(StatementQuery), responses(
    (status = 200, body = Page<StatementOut>),
    (status = 404, description = "shop_not_found, terminal_not_found", body = ProblemOut),
))]
async fn list(
    State(api): State<Arc<Api>>,
    account: Account,
    Query(query): Query<StatementQuery>,
) -> Result<Json<Page<StatementOut>>, Problem> {
    reading(&api, account, move |tx, actor| {
        let of = match (&query.shop_id, &query.terminal_id) {
            (None, None) => None,
            (shop_id, terminal_id) => Some(Of::seen(tx, actor, shop_id.as_deref(), terminal_id.as_deref())?),
        };
        let filter = Filter {
            scope: scope(actor)?,
            shop_id: of.as_ref().map(|of| of.shop_id.as_str()),
            terminal_id: of.as_ref().and_then(|of| of.terminal_id),
        };
        let below = query.cursor.as_ref().map(|cursor| &cursor.0);
        let all = store::statement::list(tx, &filter, below, query.limit.and_one())?;
        let page = Page::of(all, query.limit.get(), |it| {
            format!("{}.{}", it.at.0, it.statement_id)
        });
        page.try_map(|it| Statement::out(tx, actor, it))
    })
    .await
}

/// What comes of a file.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum StatementBrought {
    /// Kept.
    Statement(Box<StatementOut>),
    /// Looked at.
    Preview(Box<StatementPreview>),
}

/// Bring a file of transactions that was downloaded from an acquirer or a wallet. What it is its content says.
///
/// With `preview` it is read and nothing is kept: `StatementPreview`. Without, it is taken in: `Statement`; the same content for the
/// same shop or terminal that is there already is answered as it is, with 200.
#[utoipa::path(post, path = "/statements", tag = "statement",
    request_body(content = StatementForm, content_type = "multipart/form-data"), responses(
    (status = 200, description = "What would be read; or it was there.", body = StatementBrought),
    (status = 201, description = "It was taken in.", body = StatementOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "shop_not_found, terminal_not_found", body = ProblemOut),
    (status = 422, description = "statement_not_recognised; statement_personal; statement_unreadable; statement_too_long; \
        statement_mapping_unfit", body = ProblemOut),
    (status = 429, description = "statements_busy; too_many_statements_today", body = ProblemOut),
))]
async fn bring(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    request: Request,
) -> Result<Response, Problem> {
    // Who may not bring one is told before it is sent.
    let may = |_: &Tx<'_>, actor: &Actor| Ok(files::may_bring(actor)?);
    let Json(()) = reading(&api, account.clone(), may).await?;
    let form = form::begun(&request)?;
    let place = api.statements.take(account.name());
    let place = place.ok_or_else(|| Problem::new(BUSY).retry_after_s(BACK_IN_S))?;
    let brought = form::taken_in(form, request.into_body()).await?;
    let (shop_id, terminal_id) = (brought.form.shop_id.clone(), brought.form.terminal_id.clone());
    let sha256 = brought.sha256.clone();
    let find = move |tx: &Tx<'_>, actor: &Actor| {
        let of = Of::seen(tx, actor, shop_id.as_deref(), terminal_id.as_deref())?;
        let same = files::same(tx, &of, &sha256)?;
        let before = files::mappings(tx, actor, &of)?;
        Ok((
            of,
            same.map(|it| Statement::out(tx, actor, it)).transpose()?,
            before,
        ))
    };
    let Json((of, same, before)) = reading(&api, account.clone(), find).await?;
    match (brought.form.preview.unwrap_or(true), same) {
        (true, same) => {
            // Who goes away does not end what is read: its place is free only then.
            let preview = blocking(move || {
                let _place = place;
                preview::of(brought, same, &before)
            });
            let preview = preview.await?;
            Ok(Json(StatementBrought::Preview(Box::new(preview))).into_response())
        }
        (false, Some(same)) => Ok(Json(StatementBrought::Statement(Box::new(same))).into_response()),
        (false, None) => {
            // Whoever goes away now has sent it all: it is taken in.
            let node = api.node.clone();
            let kept = tokio::spawn(async move { keep(&node, account, of, brought, place).await });
            let (it, is_new) = kept.await.map_err(|error| Problem::internal(&error))??;
            let status = match is_new {
                true => StatusCode::CREATED,
                false => StatusCode::OK,
            };
            Ok((status, Json(it)).into_response())
        }
    }
}

/// Does what takes a processor where waiting is no harm.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let done = spawn_blocking(work).await;
    done.map_err(|error| Problem::internal(&error))?
}

/// Takes a file in: it is read on one side, and its payments are written on the other, part by part, each in a transaction of its own.
async fn keep(
    node: &Arc<Node>,
    account: Account,
    of: Of,
    brought: Brought,
    _place: Place,
) -> Result<(StatementOut, bool), Problem> {
    let (statement_id, merchant_id) = (id::new()?, of.merchant_id);
    let new = New {
        statement_id: statement_id.clone(),
        place: of,
        name: brought.name.clone(),
        file_len: brought.form.file.len() as i64,
        file_sha256: brought.sha256.clone(),
        mapping: brought.mapping()?,
    };
    let by = account.clone();
    let begin = move |tx: &Tx<'_>| {
        let actor = by.actor(tx)?;
        let same = files::begin(tx, &actor, new)?;
        same.map(|it| Statement::out(tx, &actor, it)).transpose()
    };
    if let Some(same) = node.write::<_, Problem>(begin).await? {
        return Ok((same, false));
    }
    let found = match written(node, &statement_id, merchant_id, brought).await {
        Ok(found) => found,
        Err(problem) => {
            let id = statement_id.clone();
            let give_up = move |tx: &Tx<'_>| Ok::<_, Problem>(files::give_up(tx, &id)?);
            // Should this fail, too, the clean-up does it within the hour.
            node.write(give_up).await.ok();
            return Err(problem);
        }
    };
    let finish = move |tx: &Tx<'_>| {
        let actor = account.actor(tx)?;
        let (it, is_new) = files::finish(tx, &actor, &statement_id, found)?;
        let terminals = app::watch::of_statement(tx, &it)?;
        Ok::<_, Problem>((Statement::out(tx, &actor, it)?, is_new, terminals))
    };
    let (it, is_new, terminals) = node.write(finish).await?;
    for terminal_id in terminals {
        node.acted.note_past(terminal_id);
    }
    Ok((it, is_new))
}

/// Reads a file and writes its payments; what else was read of it.
async fn written(
    node: &Arc<Node>,
    statement_id: &str,
    merchant_id: domain::MerchantId,
    brought: Brought,
) -> Result<Found, Problem> {
    let (send, mut parts) = mpsc::channel::<Vec<::statement::Record>>(PARTS_AHEAD);
    let until = std::time::Instant::now() + READ_TIME_MAX;
    let reader = spawn_blocking(move || {
        let take = |part| send.blocking_send(part).is_ok();
        read::all(&brought.form.file, &brought.options, until, take)
    });
    let (mut position, mut failed) = (0, None);
    while let Some(part) = parts.recv().await {
        let payments: Vec<_> = (position..)
            .zip(part)
            .map(|(position, record)| read::payment((statement_id, position), merchant_id, record))
            .collect();
        position += payments.len() as i64;
        let id = statement_id.to_owned();
        let put = move |tx: &Tx<'_>| Ok::<_, Problem>(files::put(tx, &id, payments)?);
        if let Err(problem) = node.write(put).await {
            failed = Some(problem);
            break;
        }
    }
    // The reader stops with the next part.
    drop(parts);
    let read = reader.await.map_err(|error| Problem::internal(&error))?;
    match failed {
        Some(problem) => Err(problem),
        None => Ok(read::found(&read?)),
    }
}

/// Why it is taken back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "ground": "传错了，是别的门店的账单" }))]
struct StatementGround {
    /// Why, in a sentence; at most 2000 characters.
    ground: String,
}

/// Take a statement back. What it was, and the ground, stay; what stands in it is deleted, and what other files have of it counts on.
#[utoipa::path(post, path = "/statements/{statement_id}/withdraw", tag = "statement",
    params(("statement_id" = String, Path)), request_body = StatementGround, responses(
    (status = 200, body = StatementOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "statement_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn withdraw(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(statement_id): Path<String>,
    input: In<StatementGround>,
) -> Result<Kept, Problem> {
    acting(&api, account, input, move |tx, actor, said: StatementGround| {
        app::case::find::<Statement>(tx, actor, &statement_id)?;
        let ground = text("ground", &said.ground, app::case::TEXT_CHARS_MAX)?;
        let it = files::withdraw(tx, actor, &statement_id, &ground)?;
        Statement::out(tx, actor, it)
    })
    .await
}

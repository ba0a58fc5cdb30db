//! The audit log: who did what, in one order that nobody can rewrite, and the proofs of it.
//!
//! Invariant: the key never leaves; what is proven is proven to anybody who keeps a checkpoint, without trust in this node.

use std::borrow::Cow;
use std::sync::Arc;

use app::audit::{consistency, inclusion};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::Actor;
use domain::actor::Kind;
use domain::audit::{Finding, PENDING_MS_MAX, Place as Anchored, Record};
use domain::event::{Subject, verbs};
use domain::setting::Settings;
use domain::suspicious_report::is_shown_to;
use serde::{Deserialize, Serialize};
use store::Tx;
use store::audit::Filter;
use tlog::{Key, ProofFile, base64};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::idempotency::Kept;
use super::input::{Cursor, In, Limit, Number, Place, Query, text as text_of};
use super::page::Page;
use super::people::Names;
use super::problem::{Problem, ProblemOut, Why, code};
use super::route::{ActorKind, acting, reading};
use super::sheet::{self, Format, Sheet};
use super::wire::{Time, word, words_schema};
use crate::auth::{Account, Actor as Acting};

/// Longest reason, in characters.
const REASON_CHARS_MAX: usize = 500;
/// Findings that are shown at most.
const FINDINGS_MAX: i64 = 100;

word! {
    /// What is not as it must be.
    AuditWrong: domain::audit::Wrong;
}

/// What was done or happened.
struct EventVerb;

impl PartialSchema for EventVerb {
    fn schema() -> RefOr<Schema> {
        words_schema(verbs())
    }
}

impl ToSchema for EventVerb {
    fn name() -> Cow<'static, str> {
        "EventVerb".into()
    }
}

crate::problem::codes! {
    /// There is no such record in the log, for this account.
    RECORD_NOT_FOUND = "audit_record_not_found", NOT_FOUND:
        ("没有找到审计记录", "审计日志中没有这条记录，或者它还没有写入。"),
        ("Record not found", "The audit log has no such record, or not yet.");
    /// No checkpoint of that size was signed.
    CHECKPOINT_NOT_FOUND = "audit_checkpoint_not_found", NOT_FOUND:
        ("没有找到检查点", "审计日志没有签过这个大小的检查点。"),
        ("Checkpoint not found", "The audit log has signed no checkpoint of this size.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(status))
        .routes(routes!(acknowledge))
        .routes(routes!(key))
        .routes(routes!(checkpoint))
        .routes(routes!(list))
        .routes(routes!(export))
        .routes(routes!(show))
        .routes(routes!(prove))
        .routes(routes!(prove_growth))
}

impl From<app::audit::Error> for Problem {
    fn from(error: app::audit::Error) -> Self {
        match error {
            app::audit::Error::Store(error) => error.into(),
            app::audit::Error::Log(tlog::Error::OutOfRange) => Self::new(RECORD_NOT_FOUND),
            app::audit::Error::Log(error) => Self::internal(&error),
        }
    }
}

/// Whoever may not read the log is refused.
fn readers_only(tx: &Tx<'_>, actor: &Actor) -> Result<(), Problem> {
    match app::audit::may_read(tx, actor)? {
        true => Ok(()),
        false => Err(Problem::new(code::NOT_ALLOWED)),
    }
}

/// Whether the reader of the log is told of what a record is about.
fn is_read_by(actor: &Actor, record: &Record) -> bool {
    !Subject::parse(&record.leaf.subject).is_some_and(Subject::is_withheld) || is_shown_to(actor)
}

fn text(text: String) -> Response {
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// How the log stands.
#[derive(Serialize, ToSchema)]
struct AuditStatus {
    /// How many records it has.
    size: i64,
    /// When the newest checkpoint was signed.
    #[schema(required)]
    signed_at: Option<Time>,
    /// Over how many records.
    #[schema(required)]
    signed_size: Option<i64>,
    /// When a time-stamp authority last signed that a checkpoint was there.
    #[schema(required)]
    stamped_at: Option<Time>,
    /// Over how many records.
    #[schema(required)]
    stamped_size: Option<i64>,
    /// When a checkpoint was last put into the folder outside the node.
    #[schema(required)]
    dropped_at: Option<Time>,
    /// When one was last mailed to the mailbox outside the house.
    #[schema(required)]
    mailed_at: Option<Time>,
    /// Events that are not part of it yet; 10000 where there are more.
    pending_count: i64,
    /// When the oldest of them happened.
    #[schema(required)]
    oldest_pending_at: Option<Time>,
    /// The zone of the house's clock, an IANA name.
    time_zone: String,
    /// Whether nothing was found that nobody has understood, and no event has waited for more than five minutes.
    is_sound: bool,
    /// How many findings nobody has understood.
    alarm_count: i64,
    /// What was found: first what nobody has understood yet, then the newest; at most 100.
    findings: Vec<AuditFinding>,
}

/// Something that is not as it must be.
#[derive(Serialize, ToSchema)]
struct AuditFinding {
    /// What.
    what: AuditWrong,
    /// About what; `withheld` where the reader is not told.
    subject: String,
    /// Which one.
    subject_id: String,
    /// Where in its order.
    sequence: i64,
    /// When it was found.
    found_at: Time,
    /// When somebody said that it is understood; null: it is an alarm.
    #[schema(required)]
    acknowledged_at: Option<Time>,
    /// Who.
    #[schema(required)]
    acknowledged_by: Option<String>,
}

impl From<Finding> for AuditFinding {
    fn from(finding: Finding) -> Self {
        Self {
            what: AuditWrong(finding.what),
            subject: finding.subject,
            subject_id: finding.subject_id,
            sequence: finding.sequence,
            found_at: Time(finding.found_at),
            acknowledged_at: finding.acknowledged.as_ref().map(|it| Time(it.at)),
            acknowledged_by: finding.acknowledged.map(|it| it.by),
        }
    }
}

/// How the log stands, and what was found wrong with it; for those who run the house and may see the record.
#[utoipa::path(get, path = "/audit/status", tag = "audit", responses(
    (status = 200, body = AuditStatus), (status = 403, description = "not_allowed", body = ProblemOut),
))]
async fn status(State(api): State<Arc<Api>>, account: Account) -> Result<Json<AuditStatus>, Problem> {
    reading(&api, account, |tx, actor| {
        readers_only(tx, actor)?;
        stands(tx, actor)
    })
    .await
}

fn stands(tx: &Tx<'_>, actor: &Actor) -> Result<AuditStatus, Problem> {
    let (pending_count, oldest) = store::audit::waiting(tx)?;
    let signed = store::audit::checkpoint(tx, None)?;
    let kept = |place| store::audit::anchor(tx, place, i64::MAX);
    let stamped = kept(Anchored::Timestamp)?;
    let (findings, alarm_count) = (
        store::audit::findings(tx, FINDINGS_MAX)?,
        store::audit::alarms(tx)?,
    );
    let settings = store::setting::get(tx)?.unwrap_or_else(Settings::unasked);
    let told = |finding: Finding| match is_shown_to(actor) {
        true => finding,
        false => finding.without_what_is_withheld(),
    };
    let is_late = oldest.is_some_and(|at| tx.now().since_ms(at) > PENDING_MS_MAX);
    Ok(AuditStatus {
        size: store::audit::log(tx)?.map_or(0, |log| log.size),
        signed_at: signed.as_ref().map(|signed| Time(signed.at)),
        signed_size: signed.map(|signed| signed.size),
        stamped_at: stamped.as_ref().map(|stamped| Time(stamped.at)),
        stamped_size: stamped.map(|stamped| stamped.size),
        dropped_at: kept(Anchored::Folder)?.map(|dropped| Time(dropped.at)),
        mailed_at: kept(Anchored::Mail)?.map(|mailed| Time(mailed.at)),
        pending_count,
        oldest_pending_at: oldest.map(Time),
        time_zone: settings.time_zone,
        is_sound: alarm_count == 0 && !is_late,
        alarm_count,
        findings: findings.into_iter().map(|it| told(it).into()).collect(),
    })
}

/// That somebody has understood what was found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "what": "gap", "subject": "terminal", "subject_id": "10450001", "sequence": 3, "found_at": "2026-11-27T02:00:00Z",
    "reason": "Restored from Monday's backup."
}))]
struct Understood {
    /// What was found.
    what: AuditWrong,
    /// About what.
    subject: String,
    /// Which one; empty where there is none.
    subject_id: String,
    /// Where in its order.
    sequence: i64,
    /// When it was found, as the list says: what was found since is not understood.
    found_at: Time,
    /// What came of looking into it, at most 500 characters.
    reason: String,
}

/// Say that a finding is understood: it stays in the list, and is no alarm any more. For those who run the house and administer
/// it.
#[utoipa::path(post, path = "/audit/findings/acknowledge", tag = "audit", request_body = Understood, responses(
    (status = 200, body = AuditStatus), (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 422, description = "invalid_field: nothing of that name was found", body = ProblemOut),
))]
async fn acknowledge(
    State(api): State<Arc<Api>>,
    Acting(account): Acting,
    input: In<Understood>,
) -> Result<Kept, Problem> {
    acting(&api, account, input, |tx, actor, said: Understood| {
        let reason = text_of("reason", &said.reason, REASON_CHARS_MAX)?;
        let understood = app::audit::Understood {
            what: said.what.0,
            subject: said.subject,
            subject_id: said.subject_id,
            sequence: said.sequence,
            found_at: said.found_at.0,
            reason,
        };
        app::audit::acknowledge(tx, actor, &understood)?;
        stands(tx, actor)
    })
    .await
}

/// The key that verifies the log's checkpoints (C2SP `signed-note`): `name+id+base64`, a line.
#[utoipa::path(get, path = "/audit/key", tag = "audit", responses(
    (status = 200, content_type = "text/plain", body = String),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "audit_checkpoint_not_found", body = ProblemOut),
))]
async fn key(State(api): State<Arc<Api>>, account: Account) -> Result<Response, Problem> {
    let Json(key) = reading(&api, account, |tx, actor| {
        readers_only(tx, actor)?;
        let log = store::audit::log(tx)?.ok_or_else(|| Problem::new(CHECKPOINT_NOT_FOUND))?;
        let corrupt = || store::Error::Corrupt("audit_log.public_key");
        let public_key = log.public_key.try_into().map_err(|_| corrupt())?;
        Ok(Key::new(&log.origin, public_key)
            .map_err(|_| corrupt())?
            .to_string())
    })
    .await?;
    Ok(text(key + "\n"))
}

/// Which checkpoint.
#[derive(Deserialize, IntoParams)]
struct SizeQuery {
    /// Over so many records; the newest without.
    #[param(inline)]
    size: Option<Number<1, { i64::MAX }>>,
}

fn signed(tx: &Tx<'_>, size: Option<i64>) -> Result<domain::audit::Checkpoint, Problem> {
    store::audit::checkpoint(tx, size)?.ok_or_else(|| Problem::new(CHECKPOINT_NOT_FOUND))
}

/// A signed checkpoint (C2SP `tlog-checkpoint`): keep it, and nobody can rewrite what came before it.
#[utoipa::path(get, path = "/audit/checkpoint", tag = "audit", params(SizeQuery), responses(
    (status = 200, content_type = "text/plain", body = String),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "audit_checkpoint_not_found", body = ProblemOut),
))]
async fn checkpoint(
    State(api): State<Arc<Api>>,
    account: Account,
    Query(query): Query<SizeQuery>,
) -> Result<Response, Problem> {
    let size = query.size.map(|size| size.0);
    let Json(note) = reading(&api, account, move |tx, actor| {
        readers_only(tx, actor)?;
        Ok(signed(tx, size)?.note)
    })
    .await?;
    Ok(text(note))
}

/// A record of the log: an event, or a run of a terminal's ledger.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditRecord)]
struct RecordOut {
    /// Its place in the log, from 0.
    index: i64,
    /// What it is about; `ledger` for a run of a terminal's ledger.
    subject: String,
    /// Which one; of a ledger, the terminal.
    subject_id: String,
    /// The event's place among those of its subject, or the last row of the run.
    sequence: i64,
    /// The first row of the run.
    #[schema(required)]
    from_sequence: Option<i64>,
    /// When it happened, or the run was sealed.
    at: Time,
    /// What was done or happened; null of a run.
    #[schema(required, value_type = Option<EventVerb>)]
    verb: Option<String>,
    /// What did it.
    #[schema(required)]
    actor_kind: Option<ActorKind>,
    /// Who did it: a log-in, a terminal, a node.
    #[schema(required)]
    actor: Option<String>,
    /// The same by name.
    #[schema(required)]
    actor_name: Option<String>,
    /// Words of that person, or the particulars; null also where they were erased.
    #[schema(required)]
    text: Option<String>,
    /// What hides the actor, and the log-in of an account, in the leaf: their digest is SHA-256 over these digits and the text.
    salt: String,
    /// The same of the text.
    #[schema(required)]
    text_salt: Option<String>,
    /// The bytes that are in the log, base64.
    leaf: String,
}

fn record_out(names: &mut Names<'_, '_>, record: Record) -> Result<RecordOut, store::Error> {
    let (leaf, event) = (record.leaf, record.event);
    debug_assert!(
        event.iter().all(|event| verbs().any(|verb| verb == event.verb)),
        "{event:?}"
    );
    let actor_name = match &event {
        Some(event) if matches!(event.actor_kind, Kind::Person | Kind::Machine) => {
            Some(names.person(&event.actor)?)
        }
        Some(event) => Some(event.actor.clone()),
        None => None,
    };
    let event = event.map(|it| (it.verb, ActorKind(it.actor_kind), it.actor, it.text));
    let (verb, actor_kind, actor, text) = match event {
        Some((verb, kind, actor, text)) => (Some(verb), Some(kind), Some(actor), text),
        None => (None, None, None, None),
    };
    Ok(RecordOut {
        index: leaf.index,
        subject: leaf.subject,
        subject_id: leaf.subject_id,
        sequence: leaf.sequence,
        from_sequence: leaf.from_sequence,
        at: Time(leaf.at),
        verb,
        actor_kind,
        actor,
        actor_name,
        text,
        salt: leaf.salt,
        text_salt: leaf.text_salt,
        leaf: base64(&leaf.data),
    })
}

/// A place in the list.
#[derive(Clone, Copy, Debug)]
struct Spot(store::audit::Spot);

impl Place for Spot {
    fn parse(cursor: &str) -> Option<Self> {
        let (at, index) = cursor.split_once('.')?;
        Some(Self((domain::Timestamp(at.parse().ok()?), index.parse().ok()?)))
    }
}

/// Which records.
#[derive(Deserialize, IntoParams)]
struct RecordQuery {
    /// About one kind of thing only: a subject of events, or `ledger`.
    subject: Option<String>,
    /// About one of them only.
    subject_id: Option<String>,
    /// Done by this one only.
    actor: Option<String>,
    /// At this time or later.
    from: Option<Time>,
    /// Before this time.
    to: Option<Time>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<Spot>>,
}

/// Which records, as what.
#[derive(Deserialize, IntoParams)]
struct RecordExportQuery {
    /// About one kind of thing only: a subject of events, or `ledger`.
    subject: Option<String>,
    /// About one of them only.
    subject_id: Option<String>,
    /// Done by this one only.
    actor: Option<String>,
    /// At this time or later.
    from: Option<Time>,
    /// Before this time.
    to: Option<Time>,
    /// As text or as a spreadsheet.
    #[serde(default)]
    #[param(inline)]
    format: Format,
}

fn checked(filter: Filter) -> Result<Filter, Problem> {
    match filter.subject.as_deref() {
        Some(subject) if !store::audit::is_subject(subject) => Err(Problem::field("subject", Why::Invalid)),
        _ => Ok(filter),
    }
}

/// The records of the log, newest first; for those who run the house and may see the record. Runs of terminals' ledgers are
/// among them only where they are asked for (`subject=ledger`).
#[utoipa::path(get, path = "/audit/records", tag = "audit", params(RecordQuery), responses(
    (status = 200, body = Page<RecordOut>), (status = 403, description = "not_allowed", body = ProblemOut),
))]
async fn list(
    State(api): State<Arc<Api>>,
    account: Account,
    Query(query): Query<RecordQuery>,
) -> Result<Json<Page<RecordOut>>, Problem> {
    let filter = checked(Filter {
        subject: query.subject,
        subject_id: query.subject_id,
        actor: query.actor,
        from: query.from.map(|from| from.0),
        to: query.to.map(|to| to.0),
        withheld: false,
    })?;
    let (limit, below) = (query.limit, query.cursor.map(|cursor| cursor.0.0));
    reading(&api, account, move |tx, actor| {
        readers_only(tx, actor)?;
        let filter = Filter {
            withheld: is_shown_to(actor),
            ..filter
        };
        let records = store::audit::list(tx, &filter, below, limit.and_one())?;
        let cursor = |record: &Record| format!("{}.{}", record.leaf.at.0, record.leaf.index);
        let mut names = Names::new(tx);
        let page = Page::of(records, limit.get(), cursor);
        Ok(page.try_map(|record| record_out(&mut names, record))?)
    })
    .await
}

/// The columns of an export.
const COLUMNS: [&str; 13] = [
    "index",
    "at",
    "subject",
    "subject_id",
    "sequence",
    "from_sequence",
    "verb",
    "actor_kind",
    "actor",
    "text",
    "salt",
    "text_salt",
    "leaf",
];

/// Those records as a table, newest first, at most 10000.
#[utoipa::path(get, path = "/audit/records/export", tag = "audit", params(RecordExportQuery), responses(
    (status = 200, content_type = "text/csv", body = String),
    (status = 403, description = "not_allowed", body = ProblemOut),
))]
async fn export(
    State(api): State<Arc<Api>>,
    account: Account,
    Query(query): Query<RecordExportQuery>,
) -> Result<Response, Problem> {
    let filter = checked(Filter {
        subject: query.subject,
        subject_id: query.subject_id,
        actor: query.actor,
        from: query.from.map(|from| from.0),
        to: query.to.map(|to| to.0),
        withheld: false,
    })?;
    let Json(rows) = reading(&api, account, move |tx, actor| {
        readers_only(tx, actor)?;
        let filter = Filter {
            withheld: is_shown_to(actor),
            ..filter
        };
        let records = store::audit::list(tx, &filter, None, sheet::ROWS_MAX as i64)?;
        let mut names = Names::new(tx);
        let rows = records.into_iter();
        rows.map(|record| sheet::cells(&record_out(&mut names, record)?, &COLUMNS))
            .collect()
    })
    .await?;
    let sheet = Sheet {
        name: "audit",
        columns: COLUMNS.to_vec(),
        rows,
    };
    sheet.answer(query.format)
}

/// The index of a leaf, which is written in one way only.
fn index(text: &str) -> Result<i64, Problem> {
    let index = text
        .parse()
        .ok()
        .filter(|index: &i64| *index >= 0 && index.to_string() == text);
    index.ok_or_else(|| Problem::new(RECORD_NOT_FOUND))
}

/// One record, with the bytes that are in the log.
#[utoipa::path(get, path = "/audit/records/{leaf_index}", tag = "audit", params(("leaf_index" = String, Path)), responses(
    (status = 200, body = RecordOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "audit_record_not_found", body = ProblemOut),
))]
async fn show(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(leaf_index): Path<String>,
) -> Result<Json<RecordOut>, Problem> {
    reading(&api, account, move |tx, actor| {
        readers_only(tx, actor)?;
        let record = store::audit::record(tx, index(&leaf_index)?)?;
        let record = record.filter(|record| is_read_by(actor, record));
        let record = record.ok_or_else(|| Problem::new(RECORD_NOT_FOUND))?;
        Ok(record_out(&mut Names::new(tx), record)?)
    })
    .await
}

/// The proof that a record is in the log (`c2sp.org/tlog-proof@v1`), under a checkpoint.
#[utoipa::path(get, path = "/audit/proof/{leaf_index}", tag = "audit", params(("leaf_index" = String, Path), SizeQuery), responses(
    (status = 200, content_type = "text/plain", body = String),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "audit_record_not_found, audit_checkpoint_not_found", body = ProblemOut),
))]
async fn prove(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(leaf_index): Path<String>,
    Query(query): Query<SizeQuery>,
) -> Result<Response, Problem> {
    let size = query.size.map(|size| size.0);
    let Json(proof) = reading(&api, account, move |tx, actor| {
        readers_only(tx, actor)?;
        let index = index(&leaf_index)?;
        let record = store::audit::record(tx, index)?;
        if record.is_some_and(|record| !is_read_by(actor, &record)) {
            return Err(Problem::new(RECORD_NOT_FOUND));
        }
        let index = index.unsigned_abs();
        let checkpoint = signed(tx, size)?;
        let file = ProofFile {
            index,
            hashes: inclusion(tx, index, checkpoint.size.unsigned_abs())?,
            checkpoint: checkpoint.note,
        };
        Ok(file.to_string())
    })
    .await?;
    Ok(text(proof))
}

/// Between which sizes.
#[derive(Deserialize, IntoParams)]
struct GrowthQuery {
    /// The size of an earlier checkpoint; 1 without.
    #[param(inline)]
    from: Option<Number<1, { i64::MAX }>>,
    /// The size of a later one; all of the log without.
    #[param(inline)]
    to: Option<Number<1, { i64::MAX }>>,
}

/// The proof that the log only grew between two checkpoints.
#[derive(Serialize, ToSchema)]
struct AuditConsistency {
    /// The earlier size.
    from: i64,
    /// The later size.
    to: i64,
    /// The hashes of RFC 9162, section 2.1.4, base64.
    hashes: Vec<String>,
}

/// The proof that the log only grew between two sizes (RFC 9162, section 2.1.4).
#[utoipa::path(get, path = "/audit/consistency", tag = "audit", params(GrowthQuery), responses(
    (status = 200, body = AuditConsistency),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "audit_checkpoint_not_found", body = ProblemOut),
))]
async fn prove_growth(
    State(api): State<Arc<Api>>,
    account: Account,
    Query(query): Query<GrowthQuery>,
) -> Result<Json<AuditConsistency>, Problem> {
    let (from, to) = (query.from.map_or(1, |from| from.0), query.to.map(|to| to.0));
    reading(&api, account, move |tx, actor| {
        readers_only(tx, actor)?;
        let size = store::audit::log(tx)?.map_or(0, |log| log.size);
        let to = to.unwrap_or(size);
        if size == 0 || to > size {
            return Err(Problem::new(CHECKPOINT_NOT_FOUND));
        }
        if from > to {
            return Err(Problem::field("from", Why::Invalid));
        }
        let hashes = consistency(tx, from.unsigned_abs(), to.unsigned_abs())?;
        Ok(AuditConsistency {
            from,
            to,
            hashes: hashes.iter().map(|hash| base64(hash)).collect(),
        })
    })
    .await
}

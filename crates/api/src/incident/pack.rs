//! The evidence pack of an incident (R1.1): what `domain::pack` says that its reader gets, with the proof that the record has it, as a zip.
//!
//! Invariant: a pack is whole, or there is none: what cannot be read or made ends it. It holds only what is for its reader, lies nowhere in
//! clear, and none leaves without an event that says so.

use std::collections::BTreeSet;
use std::sync::Arc;

use ::pack::contents::{Contents, Elsewhere, FORM, Item, Kind as Is, Paper, Why as Absent};
use ::pack::{ATTACHMENTS, About, DOCUMENTS, Kept, ORIGINALS, Pack, Zip, how};
use app::audit::ledger_line;
use app::case::find;
use app::incident::{document_made, may_have_pack, pack_made};
use app::stop_request::clock;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::attachment::{Attachment, Purpose, State as Stands};
use domain::audit::{LEDGER, Record};
use domain::document::Kind as Document;
use domain::event::Subject;
use domain::incident::{Happened, Incident};
use domain::letter::Letter;
use domain::money::Currency;
use domain::pack::{Audience, Original, Told, shows};
use domain::settlement_hold::SettlementHold;
use domain::{Actor, TerminalId, Timestamp, hex};
use node::Node;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::Tx;
use store::ledger::Flow;
use tlog::Signer;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::case::receipts;
use super::claim;
use super::documents::job;
use super::render::Job;
use crate::auth::{Account, Recorded};
use crate::edge::Sandboxed;
use crate::input::Query;
use crate::language::Language;
use crate::people::Names;
use crate::places::{Place, Places};
use crate::problem::{Problem, ProblemOut};
use crate::route::reading;
use crate::setting::Later;
use crate::spool::{self, Filling, PIECE_LEN, Spool};
use crate::wire::{Letters, Time, word};
use crate::{Api, id};

/// Packs that are made or sent at once, and of one account.
const PLACES: (usize, usize) = (2, 1);
/// When to ask again, seconds.
const BACK_IN_S: u32 = 10;
/// A zip at most, bytes: the files of an incident are 200 MiB at most.
const PACK_LEN_MAX: i64 = 512 << 20;
/// Rows of the terminal's ledger at most.
const ROWS_MAX: i64 = 50_000;
/// Holds on settlement at most: of a loss there are few.
const SETTLEMENT_HOLDS_MAX: i64 = 100;
/// Rows that are read at a time.
const ROWS_PAGE: i64 = 500;
/// So often the log is carried on before a pack: 500 events each time.
const GOES_MAX: usize = 40;

crate::problem::codes! {
    /// Others are being made.
    BUSY = "packs_busy", TOO_MANY_REQUESTS:
        ("正在制作证据包", "您或别人的证据包正在制作或下载，请稍后再试。"),
        ("Packs are being made", "Other evidence packs, of yours or others, are being made or sent. Please try again soon.");
    /// The log could not be carried on far enough.
    NOT_YET = "pack_not_ready", SERVICE_UNAVAILABLE:
        ("暂时不能制作证据包", "审计日志正忙，还不能证明最新的记录，请稍后再试。"),
        ("Pack not ready", "The audit log is busy and cannot prove the newest records yet. Please try again soon.");
    /// There is more than a pack holds.
    TOO_LARGE = "pack_too_large", CONFLICT:
        ("内容太多", "这个事件的交易超过证据包的上限（5 万笔）。请用 tillguard admin audit export 导出。"),
        ("Too much for a pack", "There are more transactions than a pack holds (50,000). Take them by tillguard admin audit export.");
    /// A file of the incident cannot be read as it was kept.
    NOT_WHOLE = "pack_not_whole", INTERNAL_SERVER_ERROR:
        ("附件读不出来", "有附件与保存时不一致，没有制作证据包。"),
        ("A file cannot be read", "A file is not what was kept, so no pack was made.");
}

word! {
    /// For whom a pack is.
    PackFor: domain::pack::Audience;
}

/// Has a digest stamped by an authority outside; nothing where it did not.
pub type Stamper = Arc<dyn Fn([u8; 32]) -> Later<Option<Vec<u8>>> + Send + Sync>;

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(evidence_pack))
}

/// Where packs that are made have their places, until they are sent.
pub fn places() -> Arc<Places> {
    Places::new(PLACES.0, PLACES.1)
}

/// How a pack is asked for.
#[derive(Deserialize, IntoParams)]
struct PackQuery {
    /// For whom it is: it holds only what is for them.
    #[serde(rename = "for")]
    #[param(inline)]
    audience: PackFor,
}

/// The evidence pack of an incident, as a zip: documents, originals and files with the records of the audit log that prove them.
///
/// Only for who has just proved who it is. That it was made is among the incident's events, once for each content.
#[utoipa::path(get, path = "/incidents/{incident_id}/pack", tag = "incident",
    params(("incident_id" = String, Path), PackQuery), responses(
    (status = 200, description = "The pack.", content_type = "application/zip", body = Vec<u8>),
    (status = 403, description = "not_allowed; step_up_required; cross_origin: by a cookie, and not from our own page", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
    (status = 409, description = "pack_too_large", body = ProblemOut),
    (status = 422, description = "invalid_field; document_not_rendered: a document's content cannot be set", body = ProblemOut),
    (status = 429, description = "packs_busy", body = ProblemOut),
    (status = 500, description = "pack_not_whole: a file is not what was kept", body = ProblemOut),
    (status = 503, description = "documents_not_ready; pack_not_ready", body = ProblemOut),
))]
async fn evidence_pack(
    State(api): State<Arc<Api>>,
    Recorded(account): Recorded,
    Path(incident_id): Path<String>,
    Query(query): Query<PackQuery>,
) -> Result<Response, Problem> {
    let audience = query.audience.0;
    let place = api.packs.take(account.name());
    let place = place.ok_or_else(|| Problem::new(BUSY).retry_after_s(BACK_IN_S))?;
    let id = incident_id.clone();
    let gathered = reading(&api, account.clone(), move |tx, actor| {
        let incident = find(tx, actor, &id)?;
        may_have_pack(actor)?;
        gather(tx, actor, incident, audience)
    });
    let Json(gathered) = gathered.await?;
    let documents = documents(&api, &account, &gathered).await?;
    let made_on = gathered.made_on.clone();
    let (node, folder) = (api.node.clone(), api.settings.spool.clone());
    let (stamper, pack_id) = (api.settings.stamper.clone(), id::new()?);
    let making = tokio::task::spawn_blocking(move || {
        let filling = Filling::new(&node, &folder, &pack_id, PACK_LEN_MAX)?;
        let made = make(&node, filling, &gathered, documents, stamper)?;
        // Whoever goes away meanwhile has taken up the place until here.
        Ok::<_, Problem>((made, place))
    });
    let ((spool, sums_sha256), place) = making.await.map_err(|error| Problem::internal(&error))??;
    let (id, which) = (
        incident_id.clone(),
        format!("{} sha256:{sums_sha256}", audience.code()),
    );
    let made = move |tx: &Tx<'_>| Ok::<_, Problem>(pack_made(tx, &account.actor(tx)?, &id, &which)?);
    if api.node.write(made).await? {
        api.node.changed(Some(incident_id.clone()));
    }
    let name = format!(
        "attachment; filename=\"evidence-{incident_id}-{}-{made_on}.zip\"",
        audience.code()
    );
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/zip")),
        (header::CONTENT_LENGTH, HeaderValue::from(spool.len)),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_str(&name).map_err(|error| Problem::internal(&error))?,
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((axum::Extension(Sandboxed), headers, sent(spool, place)).into_response())
}

/// The bytes of a pack, piece by piece as they are taken.
fn sent(spool: Spool, place: Place) -> Body {
    let (send, pieces) = mpsc::channel(1);
    tokio::spawn(async move {
        let _place = place;
        for number in 0..spool.piece_count() {
            let piece = spool.opened(number).await;
            let is_last = piece.is_err();
            let piece = piece.map(|piece| Bytes::copy_from_slice(&piece));
            let piece = piece.map_err(|_| std::io::Error::other("a piece cannot be read"));
            if send.send(piece).await.is_err() || is_last {
                return;
            }
        }
    });
    Body::from_stream(ReceiverStream::new(pieces))
}

/// What of the store goes into a pack, as one snapshot has it.
struct Gathered {
    audience: Audience,
    incident_id: String,
    terminal_id: TerminalId,
    made_at: Timestamp,
    /// The day, by the terminal's clock.
    made_on: String,
    /// Documents that are still to be set.
    jobs: Vec<(Document, &'static str, Job)>,
    /// Tables that are ready.
    tables: Vec<(Document, &'static str, Vec<u8>)>,
    originals: Vec<Written>,
    /// Letters that went out, each with its document.
    letters: Vec<Letter>,
    /// Files that are here.
    files: Vec<Attachment>,
    elsewhere: Vec<Elsewhere>,
    /// The first and the last row of the terminal's ledger that are for it.
    rows: Option<(i64, i64)>,
}

fn gather(tx: &Tx<'_>, actor: &Actor, incident: Incident, audience: Audience) -> Result<Gathered, Problem> {
    let terminal = store::terminal::get(tx, incident.terminal_id)?;
    let terminal = terminal.ok_or(store::Error::Corrupt("terminal of an incident"))?;
    let made_on = clock(tx.now(), &terminal).chars().take(10).collect();
    let (mut jobs, mut tables) = (Vec::new(), Vec::new());
    let its = Document::ALL.into_iter().filter(|it| it.is_of(&incident));
    for document in its.filter(|it| audience.has_document(*it)) {
        for (code, language) in [("zh", Language::Chinese), ("en", Language::English)] {
            jobs.push((document, code, job(document, tx, &incident, language)?));
            if document == Document::ClaimReport {
                let table = claim::sheet(tx, &incident, language)?.csv()?;
                tables.push((document, code, table));
            }
        }
    }
    let (files, elsewhere) = files(tx, &incident.incident_id, audience)?;
    Ok(Gathered {
        audience,
        terminal_id: incident.terminal_id,
        made_at: tx.now(),
        made_on,
        jobs,
        tables,
        originals: originals(tx, actor, &incident, audience)?,
        letters: match audience.has_original(Original::Letters) {
            true => sent_letters(tx, &incident.incident_id)?,
            false => Vec::new(),
        },
        files,
        elsewhere,
        rows: rows(tx, &incident, audience)?,
        incident_id: incident.incident_id,
    })
}

/// Files that are for it: those that are here, and those of which only something is said.
fn files(
    tx: &Tx<'_>,
    incident_id: &str,
    audience: Audience,
) -> Result<(Vec<Attachment>, Vec<Elsewhere>), store::Error> {
    let duties = store::duty::of(tx, incident_id)?;
    let papers = store::police::entries(tx, incident_id)?;
    let its = store::attachment::of(tx, incident_id)?.into_iter();
    let its = its.filter(|it| it.state == Stands::Kept);
    let its = its.filter(|it| audience.has_file(shows(&papers, &duties, &it.attachment_id)));
    let (here, elsewhere): (Vec<_>, Vec<_>) = its.partition(|it| it.is_there);
    let elsewhere = elsewhere.into_iter().map(|it| Elsewhere {
        why: match it.purpose {
            Purpose::Stated => Absent::Stated,
            Purpose::Evidence | Purpose::Photo => Absent::Gone,
        },
        size: it.sent_len,
        sha256: hex::of(&it.sent_sha256),
        name: it.name,
    });
    Ok((here, elsewhere.collect()))
}

/// The rows of the loss window, and of what was tried until the terminal was let run again.
fn rows(tx: &Tx<'_>, incident: &Incident, audience: Audience) -> Result<Option<(i64, i64)>, Problem> {
    let terminal_id = incident.terminal_id;
    let last = store::ledger::last(tx, terminal_id)?.map(|row| row.sequence);
    let Some(last) = last.filter(|_| audience.has_original(Original::Transactions)) else {
        return Ok(None);
    };
    // At the window's start is the last that can be trusted.
    let span = (incident.window.from.plus_ms(1), Timestamp(i64::MAX));
    let (first, _) = store::ledger::within(tx, terminal_id, span)?;
    let released = store::ledger::release_of(tx, terminal_id, incident.hold_id)?;
    let last = released.map_or(last, |released| released.min(last));
    match last.saturating_sub(first) {
        count if count >= ROWS_MAX => Err(Problem::new(TOO_LARGE)),
        _ => Ok(Some((first, last)).filter(|(first, last)| first <= last)),
    }
}

/// An original as it goes into a pack.
struct Written {
    name: &'static str,
    kind: Is,
    bytes: Vec<u8>,
}

impl Written {
    fn json(name: &'static str, kind: Is, value: &Value) -> Self {
        let bytes = format!("{value:#}\n").into_bytes();
        Self { name, kind, bytes }
    }
}

fn originals(
    tx: &Tx<'_>,
    actor: &Actor,
    incident: &Incident,
    audience: Audience,
) -> Result<Vec<Written>, Problem> {
    let id = &incident.incident_id;
    let request = store::stop_request::get(tx, id)?;
    let mut originals = Vec::new();
    for original in Original::ALL.into_iter().filter(|it| audience.has_original(*it)) {
        let request = request.as_ref();
        originals.extend(match original {
            Original::Report => {
                let report = report(tx, incident, audience)?;
                Some(Written::json("report.json", Is::Report, &report))
            }
            Original::StopLetter => request.map(|request| Written {
                name: "stop_letter.txt",
                kind: Is::StopLetter,
                bytes: request.letter.text().into_bytes(),
            }),
            Original::StopRequest => request
                .map(|request| Written::json("stop_request.json", Is::StopRequest, &stop_request(request))),
            Original::Receipts => {
                let receipts = json!(receipts(tx, id)?);
                Some(Written::json("receipts.json", Is::Receipts, &receipts))
            }
            Original::Police => {
                let papers = store::police::entries(tx, id)?.into_iter().map(paper);
                let papers: Vec<Paper> = papers.collect();
                let is_any = !papers.is_empty();
                is_any.then(|| Written::json("police.json", Is::Police, &json!(papers)))
            }
            Original::Letters => {
                let letters: Vec<Value> = sent_letters(tx, id)?.iter().map(letter).collect();
                let is_any = !letters.is_empty();
                is_any.then(|| Written::json("letters.json", Is::Letters, &json!(letters)))
            }
            Original::SettlementHolds => {
                let holds = store::settlement_hold::stood_of(tx, id, SETTLEMENT_HOLDS_MAX)?;
                let holds = holds.iter().map(|it| settlement_hold(tx, actor, it));
                let holds: Vec<Value> = holds.collect::<Result<_, _>>()?;
                let is_any = !holds.is_empty();
                is_any.then(|| Written::json("settlement_holds.json", Is::SettlementHolds, &json!(holds)))
            }
            // Written row by row.
            Original::Transactions => None,
        });
    }
    Ok(originals)
}

fn report(tx: &Tx<'_>, incident: &Incident, audience: Audience) -> Result<Value, Problem> {
    let mut report = json!({
        "incident_id": incident.incident_id,
        "terminal_id": incident.terminal_id.to_string(),
        "manner": incident.manner.code(),
        "reported_at": Time(incident.reported_at),
        "suspended_at": Time(incident.suspended_at),
        "acknowledged_at": incident.acknowledged_at.map(Time),
        "last_seen_at": incident.last_seen_at.map(Time),
        "window": { "from": Time(incident.window.from), "to": Time(incident.window.to), "basis": incident.window.basis.code() },
        "state": incident.state.code(),
    });
    if audience.told(Happened::Reported) == Told::Whole {
        report["reported_by"] = json!(Names::new(tx).person(&incident.reported_by)?);
        report["place"] = json!(incident.place);
        report["circumstances"] = json!(incident.circumstances);
    }
    Ok(report)
}

/// What became of the request to stop the terminal; who of the house did what is in the records.
fn stop_request(request: &domain::stop_request::StopRequest) -> Value {
    json!({
        "state": request.state.code(),
        "requested_at": Time(request.requested_at),
        "letter_sha256": request.letter.sha256,
        "mail": request.mail.as_ref().map(|mail| json!({
            "state": mail.state.code(), "at": Time(mail.at), "to": mail.to, "said": mail.said, "count": mail.count,
        })),
        "provider": request.asked.as_ref().map(|asked| json!({
            "state": asked.state.code(), "at": Time(asked.at), "said": asked.said, "evidence": asked.evidence,
        })),
        "confirmation": request.confirmation.as_ref().map(|said| json!({
            "reference": said.reference, "confirmed_by": said.confirmed_by, "at": Time(said.at), "recorded_at": Time(said.recorded_at),
        })),
    })
}

/// The letters of an incident that went out, or may have.
fn sent_letters(tx: &Tx<'_>, incident_id: &str) -> Result<Vec<Letter>, store::Error> {
    let mut letters = store::letter::of(tx, incident_id)?;
    letters.retain(|letter| (letter.sent.is_some() || letter.is_mail_unknown()) && letter.document.is_some());
    Ok(letters)
}

/// A letter and what came back, as they are kept; who of the house did what is in the records.
fn letter(it: &Letter) -> Value {
    json!({
        "number": it.number, "kind": it.kind.code(), "state": it.state.code(), "to": it.to.name, "due_on": it.due_on,
        "document_sha256": it.document.as_ref().map(|document| &document.sha256),
        "mail": it.mail.as_ref().map(|mail| json!({
            "state": mail.state.code(), "at": Time(mail.at), "to": mail.to, "said": mail.said, "count": mail.count,
        })),
        "sent": it.sent.as_ref().map(|sent| json!({ "way": sent.way.code(), "at": Time(sent.at) })),
        "answer": it.answer.as_ref().map(|answer| json!({
            "reference": answer.reference, "text": answer.text, "attachment": answer.attachment_id, "recorded_at": Time(answer.at),
        })),
    })
}

/// A hold on settlement and what it kept back by the ledger; who of the house decided is in the records. Whoever is not told why makes a
/// pack without it.
fn settlement_hold(tx: &Tx<'_>, actor: &Actor, it: &SettlementHold) -> Result<Value, store::Error> {
    let sums = app::settlement_hold::kept_back(tx, it)?.map(|flows| {
        let sum = |(currency, flow): (Currency, Flow)| {
            json!({
                "currency": Letters::of(currency), "taken_minor": flow.in_minor, "taken_count": flow.in_count,
                "returned_minor": flow.back_minor, "returned_count": flow.back_count,
            })
        };
        flows.into_iter().map(sum).collect::<Vec<_>>()
    });
    let mut hold = json!({
        "id": it.settlement_hold_id, "scope": it.scope().code(), "merchant_id": it.merchant_id.as_str(),
        "terminal_id": it.terminal_id.map(|terminal_id| terminal_id.to_string()), "state": it.phase(tx.now()).code(),
        "since": it.since.map(Time), "until_on": it.until_on, "released_at": it.released_at.map(Time),
        "kept_back": { "at": Time(tx.now()), "sums": sums },
    });
    if SettlementHold::is_explained_to(actor) {
        let release = it.release.as_ref().filter(|_| it.released_at.is_some());
        hold["ground"] = json!(it.ground.code());
        hold["text"] = json!(it.ground_text);
        hold["release_ground"] = json!(release.and_then(|release| release.ground.as_ref()));
    }
    Ok(hold)
}

fn paper(entry: domain::police::Entry) -> Paper {
    Paper {
        position: entry.position,
        verb: entry.verb.code().to_owned(),
        number: entry.number,
        office: entry.office,
        on: entry.on_day,
        taken_back: entry.taken_back_by.is_some(),
    }
}

/// A document as it goes into a pack.
struct Set {
    path: String,
    bytes: Vec<u8>,
}

/// Sets the documents, and notes that each was made: so the record has their digests, and the pack proves them.
async fn documents(api: &Arc<Api>, account: &Account, gathered: &Gathered) -> Result<Vec<Set>, Problem> {
    let mut made = Vec::new();
    for (document, language, job) in &gathered.jobs {
        let pdf = job.clone().set(&api.settings.documents).await?;
        let which = pdf.which(document.code(), language);
        made.push((*document, *language, "pdf", which, pdf.pdf));
    }
    for (document, language, table) in &gathered.tables {
        let (code, sha256) = (document.code(), hex::of(&Sha256::digest(table)));
        let which = format!("{code} {language} sha256:{sha256}");
        made.push((*document, *language, "csv", which, table.clone()));
    }
    let (mut set, mut which) = (Vec::new(), Vec::new());
    for (document, language, ends, said, bytes) in made {
        let code = document.code();
        which.push(said);
        let path = format!("{DOCUMENTS}/{code}-{language}.{ends}");
        set.push(Set { path, bytes });
    }
    let (account, id) = (account.clone(), gathered.incident_id.clone());
    let note = move |tx: &Tx<'_>| {
        let actor = account.actor(tx)?;
        let mut is_new = false;
        for which in &which {
            is_new |= document_made(tx, &actor, &id, which)?;
        }
        Ok::<_, Problem>(is_new)
    };
    if api.node.write(note).await? {
        api.node.changed(Some(gathered.incident_id.clone()));
    }
    Ok(set)
}

/// Why a pack is not made, within what writes its files.
struct Failed(Problem);

impl From<std::io::Error> for Failed {
    fn from(error: std::io::Error) -> Self {
        Self(Problem::internal(&error))
    }
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<Failed> for Problem {
    fn from(Failed(problem): Failed) -> Self {
        problem
    }
}

/// Makes it, where waiting is no harm; answers it, and the SHA-256 of its sums.
fn make(
    node: &Arc<Node>,
    filling: Filling,
    gathered: &Gathered,
    documents: Vec<Set>,
    stamper: Option<Stamper>,
) -> Result<(Spool, String), Problem> {
    let signer = node::audit::signer(&node.store, &node.sealer);
    let signer = Arc::new(signer.map_err(|error| Problem::internal(&error))?);
    carry_on(node, &signer, gathered.terminal_id)?;
    let mut pack =
        Pack::new(&node.store, &signer, Zip::new(filling)).map_err(|error| Problem::internal(&error))?;
    let (mut items, mut content) = (Vec::new(), BTreeSet::new());
    for Set { path, bytes } in documents {
        content.insert(pack.add(&path, &bytes).map_err(Failed::from)?);
        items.push(item(path, Is::Document));
    }
    for Written { name, kind, bytes } in &gathered.originals {
        let path = format!("{ORIGINALS}/{name}");
        pack.add(&path, bytes).map_err(Failed::from)?;
        items.push(item(path, *kind));
    }
    if gathered.rows.is_some() {
        let path = format!("{ORIGINALS}/transactions.jsonl");
        pack.add_by(&path, |add| transactions(node, gathered, add))?;
        items.push(item(path, Is::Transactions));
    }
    for letter in gathered.letters.iter().filter(|letter| !letter.is_erased()) {
        let Some(document) = &letter.document else {
            continue;
        };
        let path = format!("{DOCUMENTS}/letter-{}.pdf", letter.number);
        let kept = (letter.letter_id.as_str(), document.len);
        let sum = pack.add_by(&path, |add| pieces(node, kept, || Problem::new(NOT_WHOLE), add))?;
        if sum != document.sha256 {
            return Err(Problem::new(NOT_WHOLE));
        }
        content.insert(sum);
        items.push(item(path, Is::Document));
    }
    for file in &gathered.files {
        let path = format!("{ATTACHMENTS}/{}.{}", file.attachment_id, file.kind().extension());
        let kept = (file.attachment_id.as_str(), file.kept_len);
        let sum = pack.add_by(&path, |add| pieces(node, kept, || not_whole(file), add))?;
        if sum != hex::of(&file.kept_sha256) {
            return Err(not_whole(file));
        }
        content.insert(hex::of(&file.sent_sha256));
        let kind = match file.purpose {
            Purpose::Photo => Is::Remade,
            Purpose::Evidence | Purpose::Stated => Is::Attachment,
        };
        items.push(Item {
            name: file.name.clone(),
            sent_sha256: Some(hex::of(&file.sent_sha256)),
            ..item(path, kind)
        });
    }
    content.extend(gathered.elsewhere.iter().map(|file| file.sha256.clone()));
    let contents = Contents {
        pack: FORM.to_owned(),
        incident_id: gathered.incident_id.clone(),
        terminal_id: gathered.terminal_id.to_string(),
        r#for: gathered.audience.code().to_owned(),
        made_at: Time(gathered.made_at).to_string(),
        files: items,
        elsewhere: gathered.elsewhere.clone(),
    };
    pack.describe(&contents)
        .map_err(|error| Problem::internal(&error))?;
    let keep = |record: &Record| kept(gathered, &content, record);
    pack.some(&about(gathered)?, keep)
        .map_err(|error| Problem::internal(&error))?;
    let how = |is_stamped| how::of_incident(&gathered.incident_id, gathered.audience, is_stamped);
    let handle = Handle::current();
    let stamp = |digest: &[u8; 32]| handle.block_on(stamper.as_ref()?(*digest));
    let signed = pack
        .finish(how, Some(&stamp))
        .map_err(|error| Problem::internal(&error))?;
    let filling = signed.files.finish().map_err(Failed::from)?;
    Ok((filling.end_here().map_err(Failed::from)?, signed.sums_sha256))
}

fn item(path: String, kind: Is) -> Item {
    Item {
        path,
        kind,
        name: None,
        sent_sha256: None,
    }
}

/// Carries the log on, until it has all that is written down by now.
fn carry_on(node: &Arc<Node>, signer: &Arc<Signer>, terminal_id: TerminalId) -> Result<(), Problem> {
    for _ in 0..GOES_MAX {
        let random = node::seal::random().map_err(|error| Problem::internal(&error))?;
        let signer = signer.clone();
        let seal = move |tx: &Tx<'_>| app::audit::seal_now(tx, (&signer, &random), terminal_id);
        if node.store.write(seal)? {
            return Ok(());
        }
    }
    Err(Problem::new(NOT_YET).retry_after_s(BACK_IN_S))
}

/// Takes bytes of a file.
type Add<'a> = dyn FnMut(&[u8]) -> std::io::Result<()> + 'a;

/// The rows, as the records have them; without who was signed in, where that is not for the reader.
fn transactions(node: &Node, gathered: &Gathered, add: &mut Add<'_>) -> Result<(), Failed> {
    let Some((first, last)) = gathered.rows else {
        return Ok(());
    };
    let mut after = first - 1;
    while after < last {
        let read = |tx: &Tx<'_>| store::ledger::after(tx, gathered.terminal_id, after, last, ROWS_PAGE);
        let rows = node.store.read(read).map_err(Problem::from)?;
        let Some(end) = rows.last() else { break };
        after = end.sequence;
        for mut row in rows {
            if !gathered.audience.knows_operators() {
                row.operator = None;
            }
            add(format!("{}\n", ledger_line(&row)).as_bytes())?;
        }
    }
    Ok(())
}

/// The bytes that are kept of that identifier; `broken` says what cannot be read.
fn pieces(
    node: &Node,
    (file_id, len): (&str, i64),
    broken: impl Fn() -> Problem,
    add: &mut Add<'_>,
) -> Result<(), Failed> {
    let count = (len + PIECE_LEN as i64 - 1) / PIECE_LEN as i64;
    for number in 0..count {
        let read = |tx: &Tx<'_>| store::piece::get(tx, file_id, number);
        let sealed = node.store.read(read).map_err(Problem::from)?;
        let piece = spool::opened(&node.sealer, file_id, number, &sealed.ok_or_else(&broken)?);
        add(&piece.map_err(|_| broken())?)?;
    }
    Ok(())
}

fn not_whole(file: &Attachment) -> Problem {
    let name = file.name.as_deref().unwrap_or(&file.attachment_id);
    Problem::new(NOT_WHOLE).saying(
        format!("附件“{name}”与保存时不一致，没有制作证据包。"),
        format!("The file “{name}” is not what was kept, so no pack was made."),
    )
}

/// Whose records are in it: the incident's; where it says who was signed in at payments, runs of the ledger; and for a court all that
/// happened to the terminal.
fn about(gathered: &Gathered) -> Result<Vec<About>, Problem> {
    let terminal_id = gathered.terminal_id;
    let mut about = vec![format!("{}:{}", Subject::Incident.code(), gathered.incident_id)];
    if gathered.rows.is_some() && gathered.audience.knows_operators() {
        about.push(format!("{LEDGER}:{terminal_id}"));
    }
    if gathered.audience == Audience::Court {
        about.push(format!("{}:{terminal_id}", Subject::Terminal.code()));
    }
    let about = about.iter().map(|about| about.parse());
    about
        .collect::<Result<_, _>>()
        .map_err(|error: &str| Problem::internal(&error))
}

/// What of a record is for its reader; `content` has the digests of documents and files in the pack.
fn kept(gathered: &Gathered, content: &BTreeSet<String>, record: &Record) -> Option<Kept> {
    let (leaf, audience) = (&record.leaf, gathered.audience);
    if leaf.subject == LEDGER {
        let (first, last) = gathered.rows?;
        let is_among = leaf.from_sequence? <= last && first <= leaf.sequence;
        return is_among.then_some(Kept::ALL);
    }
    let event = record.event.as_ref()?;
    let told = match Happened::parse(&event.verb) {
        Some(happened) if event.subject == Subject::Incident => audience.told(happened),
        _ if audience == Audience::Court => Told::Whole,
        _ => Told::Nothing,
    };
    let digest = || Some(event.text.as_deref()?.rsplit_once("sha256:")?.1);
    let text = match told {
        Told::Whole => true,
        Told::Fact => false,
        Told::WithContent => digest()
            .is_some_and(|digest| content.contains(digest))
            .then_some(true)?,
        Told::Nothing => return None,
    };
    Some(Kept {
        actor: audience.knows_who(event.actor_kind),
        text,
        rows: false,
    })
}

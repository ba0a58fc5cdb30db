//! Reports of suspicious transactions: for people of the house with a right of its own, and as if there were none for everybody else (R3.4).
//!
//! Invariant: whoever has not the right is answered 404 by each of these routes, the same as for what there is not; no answer is kept for
//! a key but a line without words; each look at one and each copy of one leaves an event; nothing here tells the pages of a loss.

mod document;

use std::sync::Arc;

use app::suspicious_report::{NewFiled, Of, confirm, create, file, look, propose, send_back, shown, write};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::Actor;
use domain::case::list_actions;
use domain::money::Currency;
use domain::right::Right;
use domain::setting::Settings;
use domain::suspicious_report::{
    self as suspicious, Kind, LONG_CHARS_MAX, PAYMENTS_MAX, RECEIPT_CHARS_MAX, SHORT_CHARS_MAX, Said, Sum,
    SuspiciousReport, sums,
};
use serde::{Deserialize, Serialize};
use store::Tx;
use store::suspicious_report::Filter;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::edge::Secret;
use super::id::{self, Merchant};
use super::idempotency::Kept;
use super::input::{Cursor, In, Limit, Place, Query, text, text_opt};
use super::page::Page;
use super::people::Names;
use super::problem::{Problem, ProblemOut, Why};
use super::route::{self, EventOut, EventsAfter, Shown, acting, actions, reading};
use super::terminal::parse_id;
use super::wire::{Letters, Money, Time, word};
use crate::auth::{self, Account, Recorded};

/// Of those who may decide, how many are named.
const SECONDS_MAX: usize = 20;
/// Grounds that are said at most: each once.
const GROUNDS_MAX: usize = 7;
/// Longest name of a payment.
const PAYMENT_CHARS_MAX: usize = 100;

const _: () = assert!(suspicious::Ground::ALL.len() == GROUNDS_MAX, "said below");

word! {
    /// Whether it is the first about something, adds to one that was filed, or puts one right.
    SuspiciousReportKind: domain::suspicious_report::Kind;
    /// What is abnormal, by the list of art. 12 of order 3 of 2016 of the central bank of China.
    SuspiciousReportGround: domain::suspicious_report::Ground;
    /// What is decided: that it is reported, or that it is not.
    SuspiciousReportDecision: domain::suspicious_report::Decision;
    /// Where one stands.
    SuspiciousReportState: domain::suspicious_report::State;
    /// What people do with one.
    SuspiciousReportAction: domain::suspicious_report::Verb;
    /// Which way money went: to the merchant, back to a payer, or neither.
    SuspiciousReportWay: domain::suspicious_report::Way;
}

crate::problem::codes! {
    /// No such report, for this account.
    NOT_FOUND = "suspicious_report_not_found", NOT_FOUND:
        ("没有找到", "没有这份文件。"),
        ("Not found", "There is no such thing.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_suspicious_reports, create_suspicious_report))
        .routes(routes!(show_suspicious_report, write_suspicious_report))
        .routes(routes!(suspicious_report_events))
        .routes(routes!(propose_suspicious_report))
        .routes(routes!(send_suspicious_report_back))
        .routes(routes!(confirm_suspicious_report))
        .routes(routes!(confirm_no_suspicious_report))
        .routes(routes!(file_suspicious_report))
        .routes(routes!(document::set))
        .routes(routes!(document::export))
}

/// A report of suspicious transactions, without what is said in it.
#[derive(Serialize, ToSchema)]
pub struct SuspiciousReportLine {
    /// Eight letters and digits, at random.
    id: String,
    /// Whether it is the first about something.
    kind: SuspiciousReportKind,
    /// The one that it adds to or puts right.
    #[schema(required)]
    earlier_id: Option<String>,
    /// Whose payments.
    merchant_id: Merchant,
    /// How the merchant is called.
    merchant_name: String,
    /// Of which terminal.
    #[schema(required)]
    terminal_id: Option<String>,
    /// How people call it.
    #[schema(required)]
    terminal_name: Option<String>,
    /// The loss that it came of.
    #[schema(required)]
    incident_id: Option<String>,
    /// Where it stands.
    state: SuspiciousReportState,
    /// What is proposed or decided.
    #[schema(required)]
    decision: Option<SuspiciousReportDecision>,
    /// Whether it is grave or urgent.
    is_grave: bool,
    /// Counts up with each change: whoever proposes or decides says which one was read.
    version: i64,
    /// When it was written last.
    written_at: Time,
    /// The first moment after the term for filing, which begins with the decision to report.
    #[schema(required)]
    due_at: Option<Time>,
    /// Whether the term counts days of a year whose holidays nobody has given notice of.
    is_provisional: bool,
    /// Whether the term is over, and nobody has said that it was filed.
    is_overdue: bool,
    /// When it was filed, as a person says.
    #[schema(required)]
    filed_at: Option<Time>,
    /// The zone of the house, by whose clock the term is.
    time_zone: String,
    /// What the one who asks may do with it now.
    actions: Vec<SuspiciousReportAction>,
}

/// A report of suspicious transactions.
#[derive(Serialize, ToSchema)]
#[schema(as = SuspiciousReport)]
pub struct SuspiciousReportOut {
    #[serde(flatten)]
    line: SuspiciousReportLine,
    /// What is abnormal.
    grounds: Vec<SuspiciousReportGround>,
    /// The persons and accounts that are meant. This and each text below: null where nothing was said, or once it is forgotten.
    #[schema(required)]
    persons: Option<String>,
    /// What was found.
    #[schema(required)]
    facts: Option<String>,
    /// What follows from it.
    #[schema(required)]
    analysis: Option<String>,
    /// Why it is reported, or is not.
    #[schema(required)]
    decision_text: Option<String>,
    /// The payments, the oldest first, as they were known when they were named.
    payments: Vec<SuspiciousReportPayment>,
    /// What those that were approved come to, one for each currency; they are never added.
    sums: Vec<SuspiciousReportSum>,
    /// Who wrote any of it, or proposed it.
    writers: Vec<String>,
    /// Who asked for a second person, last.
    #[schema(required)]
    proposed_by: Option<String>,
    /// When.
    #[schema(required)]
    proposed_at: Option<Time>,
    /// The second person.
    #[schema(required)]
    confirmed_by: Option<String>,
    /// When it was decided.
    #[schema(required)]
    confirmed_at: Option<Time>,
    /// That it was filed, as a person says: nothing here reaches the authority's system.
    #[schema(required)]
    filed: Option<SuspiciousReportFiled>,
    /// Those that add to it or put it right, by their identifiers; at most 20.
    later: Vec<String>,
    /// Who may decide about what is proposed; at most 20.
    seconds: Vec<String>,
}

/// A payment that a report names.
#[derive(Serialize, ToSchema)]
struct SuspiciousReportPayment {
    /// `L` and its place in the terminal's ledger, or `P`, a statement's identifier, a dot and its place there.
    id: String,
    /// When.
    at: Time,
    /// Which way the money went.
    way: SuspiciousReportWay,
    /// Whether it was approved and not undone, as far as the source said. Of others no money moved, or it is not known.
    is_done: bool,
    /// How much; null: the source says nothing of it.
    #[schema(required)]
    amount: Option<Money>,
}

/// What the payments of a report come to in one currency.
#[derive(Serialize, ToSchema)]
struct SuspiciousReportSum {
    /// ISO 4217, three letters, or three digits for one that is not known by name.
    #[schema(value_type = String)]
    currency: Letters,
    /// To the merchant, minor units.
    in_minor: i64,
    /// How many.
    in_count: i64,
    /// Back to payers, minor units.
    back_minor: i64,
    /// How many.
    back_count: i64,
}

/// That a report was filed.
#[derive(Serialize, ToSchema)]
struct SuspiciousReportFiled {
    /// When.
    at: Time,
    /// Who wrote it down.
    by: String,
    /// When.
    recorded_at: Time,
    /// The number of the channel's receipt.
    #[schema(required)]
    receipt: Option<String>,
    /// How and when the local branch of the central bank was told.
    #[schema(required)]
    branch: Option<String>,
}

/// The zone of the house.
fn zone_of_house(tx: &Tx<'_>) -> Result<String, store::Error> {
    let settings = store::setting::get(tx)?;
    Ok(settings.unwrap_or_else(Settings::unasked).time_zone)
}

impl SuspiciousReportLine {
    fn of(
        tx: &Tx<'_>,
        names: &mut Names<'_, '_>,
        (actor, zone): (&Actor, &str),
        it: &SuspiciousReport,
    ) -> Result<Self, Problem> {
        let terminal = match it.terminal_id {
            Some(terminal_id) => store::terminal::get(tx, terminal_id)?,
            None => None,
        };
        Ok(Self {
            id: it.suspicious_report_id.clone(),
            kind: SuspiciousReportKind(it.kind),
            earlier_id: it.earlier_id.clone(),
            merchant_id: Merchant(it.merchant_id),
            merchant_name: names.merchant(it.merchant_id)?,
            terminal_id: it.terminal_id.map(|terminal_id| terminal_id.to_string()),
            terminal_name: terminal.map(|terminal| terminal.name),
            incident_id: it.incident_id.clone(),
            state: SuspiciousReportState(it.state),
            decision: it.said.decision.map(SuspiciousReportDecision),
            is_grave: it.said.is_grave,
            version: it.version,
            written_at: Time(it.written_at),
            due_at: it.due_at.map(Time),
            is_provisional: it.is_provisional,
            is_overdue: it.is_overdue(tx.now()),
            filed_at: it.filed.as_ref().map(|filed| Time(filed.at)),
            time_zone: zone.to_owned(),
            actions: actions(tx, actor, it, SuspiciousReportAction)?,
        })
    }
}

impl Shown for SuspiciousReport {
    type Out = SuspiciousReportLine;

    fn out(tx: &Tx<'_>, actor: &Actor, it: Self) -> Result<Self::Out, Problem> {
        SuspiciousReportLine::of(tx, &mut Names::new(tx), (actor, &zone_of_house(tx)?), &it)
    }
}

impl SuspiciousReportSum {
    fn of((currency, sum): (Currency, Sum)) -> Self {
        Self {
            currency: Letters::of(currency),
            in_minor: sum.in_minor,
            in_count: sum.in_count,
            back_minor: sum.back_minor,
            back_count: sum.back_count,
        }
    }
}

impl SuspiciousReportOut {
    fn of(tx: &Tx<'_>, actor: &Actor, it: SuspiciousReport, later: Vec<String>) -> Result<Self, Problem> {
        let mut names = Names::new(tx);
        let line = SuspiciousReportLine::of(tx, &mut names, (actor, &zone_of_house(tx)?), &it)?;
        let payments = it.said.payments();
        let sums = sums(&payments).into_iter().map(SuspiciousReportSum::of).collect();
        let payment = |it: suspicious::Payment| SuspiciousReportPayment {
            id: it.id,
            at: Time(it.at),
            way: SuspiciousReportWay(it.way),
            is_done: it.is_done,
            amount: it.amount.map(Money::from),
        };
        let seconds = match it.state {
            suspicious::State::Proposed => {
                let mut logins = store::account::of_house(
                    tx,
                    Right::ReportSuspicion,
                    SECONDS_MAX + suspicious::WRITERS_MAX,
                )?;
                logins.retain(|login| !it.is_by(login));
                logins.truncate(SECONDS_MAX);
                logins
            }
            _ => Vec::new(),
        };
        let mut person = |by: &str| names.person(by);
        let filed = it.filed.map(|filed| {
            Ok::<_, Problem>(SuspiciousReportFiled {
                at: Time(filed.at),
                by: person(&filed.by)?,
                recorded_at: Time(filed.recorded_at),
                receipt: filed.receipt,
                branch: filed.branch,
            })
        });
        Ok(Self {
            line,
            grounds: it.said.grounds().map(SuspiciousReportGround).collect(),
            payments: payments.into_iter().map(payment).collect(),
            sums,
            filed: filed.transpose()?,
            writers: it.writers.lines().map(&mut person).collect::<Result<_, _>>()?,
            proposed_by: it.proposed_by.as_deref().map(&mut person).transpose()?,
            proposed_at: it.proposed_at.map(Time),
            confirmed_by: it.confirmed_by.as_deref().map(&mut person).transpose()?,
            confirmed_at: it.confirmed_at.map(Time),
            seconds: seconds
                .iter()
                .map(|login| person(login))
                .collect::<Result<_, _>>()?,
            persons: it.said.persons,
            facts: it.said.facts,
            analysis: it.said.analysis,
            decision_text: it.said.decision_text,
            later,
        })
    }
}

/// A place in the list.
#[derive(Clone, Debug)]
struct Spot(store::suspicious_report::Spot);

impl Place for Spot {
    fn parse(cursor: &str) -> Option<Self> {
        let (place, id) = cursor.split_once('.')?;
        Some(Self((place.parse().ok()?, id.to_owned())))
    }
}

/// Which reports.
#[derive(Deserialize, IntoParams)]
struct SuspiciousReportQuery {
    /// Where they stand.
    state: Option<SuspiciousReportState>,
    /// About one merchant's payments.
    #[param(inline)]
    merchant_id: Option<Merchant>,
    /// About one terminal's.
    terminal_id: Option<String>,
    /// Of one loss.
    incident_id: Option<String>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<Spot>>,
}

/// Reports of suspicious transactions: first those to be filed, the earliest term first; then those that are not decided; then the others,
/// what was written last first. Whoever has not the right is answered 404 by this and by every route of these.
#[utoipa::path(get, path = "/suspicious-reports", tag = "suspicious_report", params(SuspiciousReportQuery), responses(
    (status = 200, body = Page<SuspiciousReportLine>),
    (status = 404, description = "suspicious_report_not_found; terminal_not_found: no identifier of one", body = ProblemOut),
))]
async fn list_suspicious_reports(
    State(api): State<Arc<Api>>,
    account: Account,
    Query(which): Query<SuspiciousReportQuery>,
) -> Result<Response, Problem> {
    let page = reading(&api, account, move |tx, actor| {
        shown(actor)?;
        let filter = Filter {
            state: which.state.map(|state| state.0),
            merchant_id: which.merchant_id.map(|merchant| merchant.0),
            terminal_id: which.terminal_id.as_deref().map(parse_id).transpose()?,
            incident_id: which.incident_id.as_deref(),
        };
        let after = which.cursor.as_ref().map(|cursor| &cursor.0.0);
        let some = store::suspicious_report::list(tx, &filter, after, which.limit.and_one())?;
        let mut names = Names::new(tx);
        let cursor = |it: &SuspiciousReport| {
            let (place, id) = store::suspicious_report::spot(it);
            format!("{place}.{id}")
        };
        let zone = zone_of_house(tx)?;
        Page::of(some, which.limit.get(), cursor)
            .with_actions(list_actions::<SuspiciousReport>(actor))
            .try_map(|it| SuspiciousReportLine::of(tx, &mut names, (actor, &zone), &it))
    });
    Ok((Extension(Secret), page.await?).into_response())
}

/// What is said in a report. It may be unfinished until a second person is asked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SuspiciousReportSaid {
    /// What is abnormal; needed to report.
    #[serde(default)]
    #[schema(max_items = 7)]
    grounds: Vec<SuspiciousReportGround>,
    /// Whether it is grave or urgent: then the local branch of the central bank is told at the same time.
    #[serde(default)]
    is_grave: bool,
    /// The persons and accounts that are meant; at most 2000 characters; needed to report.
    persons: Option<String>,
    /// What was found; at most 10000 characters.
    facts: Option<String>,
    /// What follows from it; at most 10000 characters.
    analysis: Option<String>,
    /// The payments, by the identifiers that the list of an incident's suspects has; `L` only of the report's terminal.
    #[serde(default)]
    #[schema(max_items = 200)]
    payments: Vec<String>,
    /// What the writer would decide.
    decision: Option<SuspiciousReportDecision>,
    /// Why; at most 2000 characters.
    decision_text: Option<String>,
}

impl SuspiciousReportSaid {
    fn read(self) -> Result<(Said, Vec<String>), Problem> {
        if self.grounds.len() > GROUNDS_MAX {
            return Err(Problem::field("said.grounds", Why::TooLong));
        }
        let is_long = |name: &String| name.chars().count() > PAYMENT_CHARS_MAX;
        if self.payments.len() > PAYMENTS_MAX || self.payments.iter().any(is_long) {
            return Err(Problem::field("said.payments", Why::TooLong));
        }
        let said = |ground: &suspicious::Ground| self.grounds.iter().any(|it| it.0 == *ground);
        let grounds: Vec<&str> = suspicious::Ground::ALL
            .iter()
            .filter(|ground| said(ground))
            .map(|ground| ground.code())
            .collect();
        let said = Said {
            grounds: grounds.join(" "),
            is_grave: self.is_grave,
            persons: text_opt("said.persons", self.persons, SHORT_CHARS_MAX)?,
            facts: text_opt("said.facts", self.facts, LONG_CHARS_MAX)?,
            analysis: text_opt("said.analysis", self.analysis, LONG_CHARS_MAX)?,
            payments: None,
            decision: self.decision.map(|decision| decision.0),
            decision_text: text_opt("said.decision_text", self.decision_text, SHORT_CHARS_MAX)?,
        };
        Ok((said, self.payments))
    }
}

/// A report as it is begun.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "merchant_id": "M00000000000001", "terminal_id": "10450001",
    "said": {
        "grounds": ["amount", "frequency"], "persons": "商户负责人及其结算账户", "facts": "深夜连续大额整数交易，随后退到另一张卡",
        "analysis": "与商户经营规模不符，不能排除套现", "decision": "report", "decision_text": "有合理理由怀疑"
    }
}))]
struct SuspiciousReportIn {
    /// Whose payments. Cannot be changed, nor can the four that follow.
    merchant_id: Merchant,
    /// Of which terminal of the merchant's.
    terminal_id: Option<String>,
    /// The loss that it came of.
    incident_id: Option<String>,
    /// `supplement` or `correction`, of one that was filed; `first` unless said.
    kind: Option<SuspiciousReportKind>,
    /// That one.
    earlier_id: Option<String>,
    /// What is said.
    said: SuspiciousReportSaid,
}

impl SuspiciousReportIn {
    fn of(&self) -> Result<Of, Problem> {
        let kind = self.kind.as_ref().map_or(Kind::First, |kind| kind.0);
        let earlier = match (kind, &self.earlier_id) {
            (Kind::First, None) => None,
            (Kind::First, Some(_)) => return Err(Problem::field("kind", Why::Missing)),
            (_, None) => return Err(Problem::field("earlier_id", Why::Missing)),
            (kind, Some(id)) => Some((kind, id.clone())),
        };
        let no_terminal = |_| Problem::field("terminal_id", Why::Invalid);
        let terminal_id = self.terminal_id.as_deref().map(parse_id).transpose();
        Ok(Of {
            merchant_id: self.merchant_id.0,
            terminal_id: terminal_id.map_err(no_terminal)?,
            incident_id: self.incident_id.clone(),
            earlier,
        })
    }
}

/// Begin a report.
#[utoipa::path(post, path = "/suspicious-reports", tag = "suspicious_report", request_body = SuspiciousReportIn, responses(
    (status = 201, body = SuspiciousReportLine),
    (status = 403, description = "not_allowed: the account changes nothing at all", body = ProblemOut),
    (status = 404, description = "suspicious_report_not_found", body = ProblemOut),
))]
async fn create_suspicious_report(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    input: In<SuspiciousReportIn>,
) -> Result<Kept, Problem> {
    let id = id::new()?;
    let kept = step(
        &api,
        account,
        input,
        move |tx, actor, said: SuspiciousReportIn| {
            let of = said.of()?;
            let (said, payments) = said.said.read()?;
            Ok(create(tx, actor, &id, of, said, &payments)?)
        },
    );
    Ok(kept.await?.with_status(StatusCode::CREATED))
}

/// A report, all of it. That it was read is among its events.
#[utoipa::path(get, path = "/suspicious-reports/{suspicious_report_id}", tag = "suspicious_report",
    params(("suspicious_report_id" = String, Path)), responses(
    (status = 200, body = SuspiciousReportOut),
    (status = 403, description = "not_allowed: the account changes nothing at all; cross_origin: by a cookie, and not from our own page",
     body = ProblemOut),
    (status = 404, description = "suspicious_report_not_found", body = ProblemOut),
))]
async fn show_suspicious_report(
    State(api): State<Arc<Api>>,
    Recorded(account): Recorded,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let read = move |tx: &Tx<'_>| {
        let actor = account.actor(tx)?;
        let (report, later) = look(tx, &actor, &id)?;
        SuspiciousReportOut::of(tx, &actor, report, later)
    };
    let report = api.node.write::<_, Problem>(read).await?;
    Ok((Extension(Secret), Json(report)).into_response())
}

/// What a report is to say.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "version": 1, "said": { "grounds": ["amount"], "facts": "深夜连续大额整数交易" } }))]
struct SuspiciousReportChange {
    /// The version that was read.
    version: i64,
    /// What is said: all of it.
    said: SuspiciousReportSaid,
}

/// Write a draft anew.
#[utoipa::path(put, path = "/suspicious-reports/{suspicious_report_id}", tag = "suspicious_report",
    params(("suspicious_report_id" = String, Path)), request_body = SuspiciousReportChange, responses(
    (status = 200, body = SuspiciousReportLine),
    (status = 403, description = "not_allowed: the account changes nothing at all", body = ProblemOut),
    (status = 404, description = "suspicious_report_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state: it is no draft; text_changed: somebody else has written since; too_many_revisions: 20 people wrote it",
     body = ProblemOut),
))]
async fn write_suspicious_report(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(id): Path<String>,
    input: In<SuspiciousReportChange>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        input,
        move |tx, actor, change: SuspiciousReportChange| {
            app::case::find::<SuspiciousReport>(tx, actor, &id)?;
            let (said, payments) = change.said.read()?;
            Ok(write(tx, actor, &id, change.version, said, &payments)?)
        },
    )
    .await
}

/// What happened to a report, each look at it among it, oldest first.
#[utoipa::path(get, path = "/suspicious-reports/{suspicious_report_id}/events", tag = "suspicious_report",
    params(("suspicious_report_id" = String, Path), EventsAfter), responses(
    (status = 200, body = Page<EventOut>),
    (status = 404, description = "suspicious_report_not_found", body = ProblemOut),
))]
async fn suspicious_report_events(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(id): Path<String>,
    Query(page): Query<EventsAfter>,
) -> Result<Response, Problem> {
    let events = route::events::<SuspiciousReport>(&api, account, id, page);
    Ok((Extension(Secret), events.await?).into_response())
}

/// Which text somebody means.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "version": 1 }))]
struct SuspiciousReportRead {
    /// The version that was read.
    version: i64,
}

/// Ask a second person to decide as is written.
#[utoipa::path(post, path = "/suspicious-reports/{suspicious_report_id}/propose", tag = "suspicious_report",
    params(("suspicious_report_id" = String, Path)), request_body = SuspiciousReportRead, responses(
    (status = 200, body = SuspiciousReportLine),
    (status = 403, description = "not_allowed: the account changes nothing at all", body = ProblemOut),
    (status = 404, description = "suspicious_report_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state; text_changed", body = ProblemOut),
    (status = 422, description = "invalid_field: what is not said yet", body = ProblemOut),
))]
async fn propose_suspicious_report(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(id): Path<String>,
    input: In<SuspiciousReportRead>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        input,
        move |tx, actor, said: SuspiciousReportRead| Ok(propose(tx, actor, &id, said.version)?),
    )
    .await
}

/// What stands against a report.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "text": "请补充退款去向" }))]
struct SuspiciousReportSendBack {
    /// In a few words; at most 2000 characters.
    text: String,
}

/// Say what stands against a report that is proposed: it is a draft again.
#[utoipa::path(post, path = "/suspicious-reports/{suspicious_report_id}/send-back", tag = "suspicious_report",
    params(("suspicious_report_id" = String, Path)), request_body = SuspiciousReportSendBack, responses(
    (status = 200, body = SuspiciousReportLine),
    (status = 403, description = "not_allowed: the account changes nothing at all", body = ProblemOut),
    (status = 404, description = "suspicious_report_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn send_suspicious_report_back(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(id): Path<String>,
    input: In<SuspiciousReportSendBack>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        input,
        move |tx, actor, said: SuspiciousReportSendBack| {
            app::case::find::<SuspiciousReport>(tx, actor, &id)?;
            let text = text("text", &said.text, SHORT_CHARS_MAX)?;
            Ok(send_back(tx, actor, &id, &text)?)
        },
    )
    .await
}

/// Agree, as a second person, that it is reported: the term for filing begins.
#[utoipa::path(post, path = "/suspicious-reports/{suspicious_report_id}/confirm-report", tag = "suspicious_report",
    params(("suspicious_report_id" = String, Path)), request_body = SuspiciousReportRead, responses(
    (status = 200, body = SuspiciousReportLine),
    (status = 403, description = "second_person_required, step_up_required; not_allowed: the account changes nothing at all",
     body = ProblemOut),
    (status = 404, description = "suspicious_report_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state: not that is proposed; text_changed", body = ProblemOut),
))]
async fn confirm_suspicious_report(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(id): Path<String>,
    input: In<SuspiciousReportRead>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        input,
        move |tx, actor, said: SuspiciousReportRead| Ok(confirm(tx, actor, &id, said.version, true)?),
    )
    .await
}

/// Agree, as a second person, that it is not reported, for the reason that is written.
#[utoipa::path(post, path = "/suspicious-reports/{suspicious_report_id}/confirm-no-report", tag = "suspicious_report",
    params(("suspicious_report_id" = String, Path)), request_body = SuspiciousReportRead, responses(
    (status = 200, body = SuspiciousReportLine),
    (status = 403, description = "second_person_required, step_up_required; not_allowed: the account changes nothing at all",
     body = ProblemOut),
    (status = 404, description = "suspicious_report_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state: not that is proposed; text_changed", body = ProblemOut),
))]
async fn confirm_no_suspicious_report(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(id): Path<String>,
    input: In<SuspiciousReportRead>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        input,
        move |tx, actor, said: SuspiciousReportRead| Ok(confirm(tx, actor, &id, said.version, false)?),
    )
    .await
}

/// How a report was filed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "receipt": "R2026-000118" }))]
struct SuspiciousReportFile {
    /// The number of the channel's receipt; at most 200 characters.
    receipt: String,
    /// When; not before the decision, and not later than now. Now unless said.
    at: Option<Time>,
    /// How and when the local branch of the central bank was told; at most 2000 characters; needed of one that is grave.
    branch: Option<String>,
}

/// Write down that it was filed, through the authority's own channel, which nothing here reaches.
#[utoipa::path(post, path = "/suspicious-reports/{suspicious_report_id}/file", tag = "suspicious_report",
    params(("suspicious_report_id" = String, Path)), request_body = SuspiciousReportFile, responses(
    (status = 200, body = SuspiciousReportLine),
    (status = 403, description = "not_allowed: the account changes nothing at all", body = ProblemOut),
    (status = 404, description = "suspicious_report_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn file_suspicious_report(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(id): Path<String>,
    input: In<SuspiciousReportFile>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        input,
        move |tx, actor, said: SuspiciousReportFile| {
            app::case::find::<SuspiciousReport>(tx, actor, &id)?;
            let new = NewFiled {
                at: said.at.map_or(tx.now(), |at| at.0),
                receipt: text("receipt", &said.receipt, RECEIPT_CHARS_MAX)?,
                branch: text_opt("branch", said.branch, SHORT_CHARS_MAX)?,
            };
            Ok(file(tx, actor, &id, new)?)
        },
    )
    .await
}

/// Does something with a report. Whether there are any for the account is asked before its key is: an answer that was kept for somebody who
/// had the right is for nobody who has it no more. And no page of a loss is told that something happened.
async fn step<B: Send + 'static>(
    api: &Arc<Api>,
    account: Account,
    input: In<B>,
    act: impl FnOnce(&Tx<'_>, &Actor, B) -> Result<SuspiciousReport, Problem> + Send + 'static,
) -> Result<Kept, Problem> {
    let Json(()) = reading(api, account.clone(), |_, actor| Ok(shown(actor)?)).await?;
    acting(api, account, input, move |tx, actor, said| {
        let report = act(tx, actor, said)?;
        SuspiciousReport::out(tx, actor, report)
    })
    .await
}

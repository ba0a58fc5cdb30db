//! A report as it leaves: as PDF by the template `fact_sheet`, and as a file for programs. Who files it hands it to the authority's channel.
//!
//! Invariant: none leaves without an event that says so, with its SHA-256.

use std::sync::Arc;

use app::case::find;
use app::stop_request::minute_in;
use app::suspicious_report::handed_out;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::document::Template;
use domain::suspicious_report::{
    Decision, Ground, Kind, Payment, State as Stands, SuspiciousReport, Way, sums,
};
use domain::{Actor, Timestamp};
use serde::Serialize;
use sha2::{Digest, Sha256};
use store::Tx;
use utoipa::ToSchema;

use super::{SuspiciousReportOut, zone_of_house};
use crate::Api;
use crate::auth::Recorded;
use crate::edge::Secret;
use crate::incident::documents::{BACK_IN_S, DocumentQuery, ONE_AT_A_TIME};
use crate::incident::fact::{Clock, Fact, FactSheet, List, Section};
use crate::incident::render::Job;
use crate::input::Query;
use crate::language::Language;
use crate::people::Names;
use crate::problem::{Problem, ProblemOut};
use crate::route::reading;
use crate::wire::Time;

/// The form of the file.
const FORM: &str = "suspicious_report/1";

/// A report as PDF/A-2b. That somebody took it is among its events.
#[utoipa::path(get, path = "/suspicious-reports/{suspicious_report_id}/document.pdf", tag = "suspicious_report",
    params(("suspicious_report_id" = String, Path), DocumentQuery), responses(
    (status = 200, description = "The document.", content_type = "application/pdf", body = Vec<u8>),
    (status = 403, description = "not_allowed: the account changes nothing at all; cross_origin: by a cookie, and not from our own page",
     body = ProblemOut),
    (status = 404, description = "suspicious_report_not_found", body = ProblemOut),
    (status = 422, description = "invalid_field; document_not_rendered: its content cannot be set", body = ProblemOut),
    (status = 429, description = "one_document_at_a_time", body = ProblemOut),
    (status = 503, description = "documents_not_ready", body = ProblemOut),
))]
pub async fn set(
    State(api): State<Arc<Api>>,
    Recorded(account): Recorded,
    Path(id): Path<String>,
    Query(query): Query<DocumentQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let language = query.language(&headers);
    let place = api.being_made.take(account.name());
    let _place = place.ok_or_else(|| Problem::new(ONE_AT_A_TIME).retry_after_s(BACK_IN_S))?;
    let (asked, by) = (id.clone(), account.clone());
    let gathered = reading(&api, account, move |tx, actor| {
        let report: SuspiciousReport = find(tx, actor, &asked)?;
        Job::of(tx, Template::FactSheet, job(tx, &report, language)?)
    });
    let job = gathered.await?.0;
    let made = job.set(&api.settings.documents).await?;
    let which = made.which("pdf", language.pick("zh", "en"));
    let (asked, pdf) = (id.clone(), made.pdf);
    let told = move |tx: &Tx<'_>| {
        handed_out(tx, &by.actor(tx)?, &asked, &which)?;
        Ok::<_, Problem>(())
    };
    api.node.write(told).await?;
    let name = format!("{id}-{}.pdf", language.pick("zh", "en"));
    as_file("application/pdf", &name, pdf)
}

/// A file to keep. Its name says what it is of to nobody.
fn as_file(kind: &'static str, name: &str, body: Vec<u8>) -> Result<Response, Problem> {
    let name = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (
            header::CONTENT_DISPOSITION,
            name.map_err(|error| Problem::internal(&error))?,
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((Extension(Secret), headers, body).into_response())
}

/// A report for programs of whoever files it.
#[derive(Serialize, ToSchema)]
pub struct SuspiciousReportExport {
    /// `suspicious_report/1`.
    form: &'static str,
    /// When it was made.
    made_at: Time,
    /// The merchant's unified social credit code; empty where nobody said it.
    merchant_credit_code: String,
    /// The terminal's serial number.
    #[schema(required)]
    terminal_serial: Option<String>,
    /// The report.
    report: SuspiciousReportOut,
}

/// A report as a file for programs. That somebody took it is among its events.
#[utoipa::path(get, path = "/suspicious-reports/{suspicious_report_id}/document.json", tag = "suspicious_report",
    params(("suspicious_report_id" = String, Path)), responses(
    (status = 200, body = SuspiciousReportExport),
    (status = 403, description = "not_allowed: the account changes nothing at all; cross_origin: by a cookie, and not from our own page",
     body = ProblemOut),
    (status = 404, description = "suspicious_report_not_found", body = ProblemOut),
))]
pub async fn export(
    State(api): State<Arc<Api>>,
    Recorded(account): Recorded,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let name = format!("{id}.json");
    let make = move |tx: &Tx<'_>| {
        let actor = account.actor(tx)?;
        let report: SuspiciousReport = find(tx, &actor, &id)?;
        let file = serde_json::to_vec(&exported(tx, &actor, report)?);
        let file = file.map_err(|error| Problem::internal(&error))?;
        let sha256 = domain::hex::of(&Sha256::digest(&file));
        handed_out(tx, &actor, &id, &format!("json sha256:{sha256}"))?;
        Ok::<_, Problem>(file)
    };
    as_file("application/json", &name, api.node.write(make).await?)
}

fn exported(tx: &Tx<'_>, actor: &Actor, it: SuspiciousReport) -> Result<SuspiciousReportExport, Problem> {
    let merchant = store::merchant::get(tx, it.merchant_id)?;
    let terminal = match it.terminal_id {
        Some(terminal_id) => store::terminal::get(tx, terminal_id)?,
        None => None,
    };
    Ok(SuspiciousReportExport {
        form: FORM,
        made_at: Time(tx.now()),
        merchant_credit_code: merchant.map_or_else(String::new, |it| it.unified_social_credit_code),
        terminal_serial: terminal.map(|terminal| terminal.serial),
        report: SuspiciousReportOut::of(tx, actor, it, Vec::new())?,
    })
}

/// The job for `tillguard-documents`.
fn job(tx: &Tx<'_>, it: &SuspiciousReport, language: Language) -> Result<serde_json::Value, Problem> {
    let zone = zone_of_house(tx)?;
    let sheet = FactSheet {
        title: language.pick("可疑交易报告", "Report of suspicious transactions"),
        note: language.pick(
            "保密：不得向任何单位和个人泄露，尤其不得让报告所涉及的人知悉。是否已报送，以报送渠道的回执为准。",
            "Confidential: to be shown to nobody whom the law does not name, least of all to those it is about. Whether it was filed is said by \
             the channel’s receipt.",
        ),
        sections: sections(tx, it, &zone, language)?,
        signatures: vec![
            language.pick("分析人", "Written by"),
            language.pick("复核人", "Second person"),
            language.pick("日期", "Date"),
        ],
    };
    let clock = Clock {
        zone: &zone,
        is_house: true,
    };
    Ok(sheet.job(tx.now(), &it.suspicious_report_id, clock, language))
}

fn sections(
    tx: &Tx<'_>,
    it: &SuspiciousReport,
    zone: &str,
    language: Language,
) -> Result<Vec<Section>, Problem> {
    let mut names = Names::new(tx);
    let mut person = |by: Option<&str>| by.map(|by| names.person(by)).transpose();
    let at = |at: Timestamp| minute_in(at, zone);
    let word = |(zh, en): (&'static str, &'static str)| language.pick(zh, en).to_owned();
    let merchant = store::merchant::get(tx, it.merchant_id)?;
    let terminal = match it.terminal_id {
        Some(terminal_id) => store::terminal::get(tx, terminal_id)?,
        None => None,
    };
    let credit_code = merchant
        .as_ref()
        .map(|it| it.unified_social_credit_code.clone())
        .filter(|code| !code.is_empty());
    let grounds: Vec<String> = it.said.grounds().map(|it| word(ground(it))).collect();
    let yes = language.pick("是", "yes").to_owned();
    let no = language.pick("否", "no").to_owned();
    let report: Vec<Fact> = vec![
        ("种类", "kind", Some(word(kind(it.kind)))),
        ("原报告", "the earlier report", it.earlier_id.clone()),
        ("现状", "state", Some(word(state(it.state)))),
        ("分析人", "written by", Some(people(&mut person, &it.writers)?)),
        ("复核人", "second person", person(it.confirmed_by.as_deref())?),
        ("确认时间", "decided at", it.confirmed_at.map(at)),
        ("报送期限（之前）", "to be filed before", it.due_at.map(at)),
    ];
    let about: Vec<Fact> = vec![
        ("商户", "merchant", merchant.map(|merchant| merchant.name)),
        (
            "商户编号",
            "merchant number",
            Some(it.merchant_id.as_str().to_owned()),
        ),
        ("统一社会信用代码", "unified social credit code", credit_code),
        ("终端号", "terminal", it.terminal_id.map(|id| id.to_string())),
        (
            "终端序列号",
            "serial number",
            terminal.map(|terminal| terminal.serial),
        ),
        ("涉及的人和账户", "persons and accounts", it.said.persons.clone()),
    ];
    let judged: Vec<Fact> = vec![
        (
            "异常之处",
            "what is abnormal",
            (!grounds.is_empty()).then(|| grounds.join(language.pick("、", ", "))),
        ),
        ("情况", "what was found", it.said.facts.clone()),
        ("分析", "analysis", it.said.analysis.clone()),
        (
            "情节严重或紧急",
            "grave or urgent",
            Some(if it.said.is_grave { yes } else { no }),
        ),
        (
            "结论",
            "decision",
            it.said.decision.map(|decision| word(decided(decision))),
        ),
        ("理由", "why", it.said.decision_text.clone()),
    ];
    let filed = it.filed.as_ref();
    let not_yet = filed
        .is_none()
        .then(|| language.pick("还没有报送。", "It has not been filed.").to_owned());
    let filing: Vec<Fact> = vec![
        ("报送", "filing", not_yet),
        ("报送时间", "filed at", filed.map(|filed| at(filed.at))),
        (
            "回执编号",
            "receipt",
            filed.and_then(|filed| filed.receipt.clone()),
        ),
        (
            "告知人民银行当地分支机构",
            "told to the local branch of the central bank",
            filed.and_then(|filed| filed.branch.clone()),
        ),
    ];
    // What there is not yet, or not of this one, is not a thing that nobody knows.
    let section = |title, facts: Vec<Fact>| Section {
        title,
        facts: facts.into_iter().filter(|(.., said)| said.is_some()).collect(),
        list: None,
    };
    let payments = it.said.payments();
    Ok(vec![
        section(("报告", "The report"), report),
        section(("涉及谁", "Whom it is about"), about),
        section(("判断", "What is judged"), judged),
        Section {
            title: ("交易", "The transactions"),
            facts: totals(&payments, language),
            list: Some(listed(&payments, zone, language)),
        },
        section(("报送", "Filing"), filing),
    ])
}

fn people(
    person: &mut impl FnMut(Option<&str>) -> Result<Option<String>, store::Error>,
    writers: &str,
) -> Result<String, store::Error> {
    let named: Result<Vec<_>, _> = writers.lines().map(|login| person(Some(login))).collect();
    Ok(named?.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

/// What those that were approved come to: a line for each currency, never added.
fn totals(payments: &[Payment], language: Language) -> Vec<Fact> {
    let said = sums(payments).into_iter().map(|(currency, sum)| {
        let (taken, back) = (currency.amount(sum.in_minor), currency.amount(sum.back_minor));
        match language {
            Language::Chinese => {
                format!(
                    "收 {taken}（{} 笔），退 {back}（{} 笔）",
                    sum.in_count, sum.back_count
                )
            }
            Language::English => {
                format!(
                    "{taken} taken ({}), {back} returned ({})",
                    sum.in_count, sum.back_count
                )
            }
        }
    });
    said.map(|said| ("成功的合计", "approved, in all", Some(said)))
        .collect()
}

fn listed(payments: &[Payment], zone: &str, language: Language) -> List {
    let columns = [
        ("编号", "name"),
        ("时间", "time"),
        ("方向", "way"),
        ("成功", "approved"),
        ("金额", "amount"),
    ];
    let way = |way| match way {
        Way::In => ("收款", "to the merchant"),
        Way::Back => ("退回", "back"),
        Way::Neither => ("其他", "other"),
    };
    let row = |it: &Payment| {
        let ((zh, en), amount) = (way(it.way), it.amount);
        vec![
            it.id.clone(),
            minute_in(it.at, zone),
            language.pick(zh, en).to_owned(),
            language
                .pick(
                    if it.is_done { "是" } else { "否" },
                    if it.is_done { "yes" } else { "no" },
                )
                .to_owned(),
            amount.map_or_else(String::new, |it| it.currency.amount(it.minor)),
        ]
    };
    List {
        columns: columns.map(|(zh, en)| language.pick(zh, en)).to_vec(),
        widths: vec![4, 5, 3, 2, 3],
        rows: payments.iter().map(row).collect(),
        none: language.pick("没有列出交易。", "No payment is listed."),
    }
}

const fn kind(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::First => ("首次", "first"),
        Kind::Supplement => ("补充", "supplement"),
        Kind::Correction => ("更正", "correction"),
    }
}

const fn state(state: Stands) -> (&'static str, &'static str) {
    match state {
        Stands::Draft => ("草稿", "draft"),
        Stands::Proposed => ("待复核", "waits for a second person"),
        Stands::Confirmed => ("已确认，待报送", "decided, to be filed"),
        Stands::Filed => ("已报送", "filed"),
        Stands::NotReported => ("不报告", "not reported"),
    }
}

const fn decided(decision: Decision) -> (&'static str, &'static str) {
    match decision {
        Decision::Report => ("报告", "to report"),
        Decision::NoReport => ("不报告", "not to report"),
    }
}

const fn ground(ground: Ground) -> (&'static str, &'static str) {
    match ground {
        Ground::Identity => ("客户身份", "identity"),
        Ground::Behaviour => ("客户行为", "behaviour"),
        Ground::Source => ("资金来源", "source of the money"),
        Ground::Amount => ("金额", "amount"),
        Ground::Frequency => ("频率", "frequency"),
        Ground::Destination => ("流向", "where it goes"),
        Ground::Nature => ("性质", "nature"),
    }
}

//! What an insurer asks about a loss (R1.4), in the language asked for: as a table, a line a fact, and as a document.
//!
//! Invariant: what somebody outside says is said to be theirs. Times are by the terminal's own clock.

use app::interruption::{self, Interruption};
use app::stop_request::clock;
use domain::Timestamp;
use domain::duty::{Duty, State as DutyState};
use domain::incident::{Ended, Incident, Manner};
use domain::police::{Entry, Verb as Police};
use domain::replacement::{Replacement, State as Stands};
use domain::stop_request::State as Stop;
use domain::terminal::Terminal;
use serde_json::Value;
use store::Tx;

use super::fact::{Clock, Fact, FactSheet, Section};
use crate::language::Language;
use crate::people::Names;
use crate::problem::Problem;
use crate::sheet::Sheet;

/// The table.
pub fn sheet(tx: &Tx<'_>, incident: &Incident, language: Language) -> Result<Sheet, Problem> {
    let terminal = lost_terminal(tx, incident)?;
    let unknown = language.pick("未知", "not known");
    let row = |(zh, en, said): Fact| {
        vec![
            language.pick(zh, en).to_owned(),
            said.unwrap_or_else(|| unknown.to_owned()),
        ]
    };
    let facts = sections(tx, incident, &terminal, language)?
        .into_iter()
        .flat_map(|section| section.facts);
    Ok(Sheet {
        name: "claim-report",
        columns: vec![
            language.pick("项目", "item"),
            language.pick("内容", "what is known"),
        ],
        rows: facts.map(row).collect(),
    })
}

/// The document's job.
pub fn job(tx: &Tx<'_>, incident: &Incident, language: Language) -> Result<Value, Problem> {
    let terminal = lost_terminal(tx, incident)?;
    let sheet = FactSheet {
        title: match incident.manner {
            Manner::Tampered => language.pick(
                "终端疑似被改装理赔报告",
                "Claim report: a payment terminal that may have been altered",
            ),
            Manner::Stolen | Manner::Lost | Manner::Unsure => {
                language.pick("终端丢失理赔报告", "Claim report: loss of a payment terminal")
            }
        },
        note: language.pick(
            "供保险公司理赔使用。内容来自终端管理系统的记录；注明“他们说”的，系统外机构所述。",
            "For an insurer. It says what the system recorded; what somebody outside says is marked as theirs.",
        ),
        sections: sections(tx, incident, &terminal, language)?,
        signatures: vec![
            language.pick("被保险人（签字或盖章）", "Insured (signature or seal)"),
            language.pick("日期", "Date"),
        ],
    };
    Ok(sheet.job(tx.now(), &incident.incident_id, Clock::of(&terminal), language))
}

/// The terminal that was lost.
pub fn lost_terminal(tx: &Tx<'_>, incident: &Incident) -> Result<Terminal, store::Error> {
    let terminal = store::terminal::get(tx, incident.terminal_id)?;
    terminal.ok_or(store::Error::Corrupt("terminal of an incident"))
}

/// What is known, by what it is about.
pub fn sections(
    tx: &Tx<'_>,
    incident: &Incident,
    terminal: &Terminal,
    language: Language,
) -> Result<Vec<Section>, Problem> {
    let interruption = interruption::of(tx, incident, terminal)?;
    let mut without = interrupted(interruption.as_ref(), terminal, language).to_vec();
    without.extend(replaced(
        &store::replacement::of(tx, &incident.incident_id)?,
        terminal,
        language,
    ));
    let section = |title, facts| Section {
        title,
        facts,
        list: None,
    };
    Ok(vec![
        section(("终端", "The terminal"), device(tx, incident, terminal)?),
        section(("经过", "What happened"), loss(tx, incident, terminal, language)?),
        section(
            ("停用", "The stop"),
            stop(tx, incident, terminal, language)?.to_vec(),
        ),
        section(("公安", "The police"), police(tx, incident, terminal, language)?),
        section(("没有终端的日子", "Days without a terminal"), without),
    ])
}

fn device(tx: &Tx<'_>, incident: &Incident, terminal: &Terminal) -> Result<Vec<Fact>, store::Error> {
    let merchant = store::merchant::get(tx, terminal.bound.merchant_code)?;
    let about = &terminal.about;
    let place = Some(terminal.bound.placement_address.clone()).filter(|place| !place.is_empty());
    let price = about.price.map(|price| price.currency.amount(price.minor));
    Ok(vec![
        ("案件编号", "case", Some(incident.incident_id.clone())),
        ("时区", "times are of", Some(terminal.time_zone.clone())),
        ("商户", "merchant", merchant.map(|merchant| merchant.name)),
        ("布放地址", "place", place),
        ("终端号", "terminal", Some(terminal.terminal_id.to_string())),
        ("序列号", "serial number", Some(terminal.serial.clone())),
        ("型号", "model", Some(terminal.model.clone())),
        ("购买日期", "bought on", about.purchased_on.clone()),
        ("购自", "bought from", about.purchased_from.clone()),
        ("设备价格", "device value", price),
    ])
}

fn loss(
    tx: &Tx<'_>,
    incident: &Incident,
    terminal: &Terminal,
    language: Language,
) -> Result<Vec<Fact>, store::Error> {
    let at = |at: Timestamp| clock(at, terminal);
    let reporter = Names::new(tx).person(&incident.reported_by)?;
    Ok(vec![
        (
            "情况",
            "how it went",
            Some(manner(incident.manner, language).to_owned()),
        ),
        ("发生时间", "when it happened", incident.moments.occurred.map(at)),
        ("最后见到", "last seen", incident.last_seen_at.map(at)),
        ("报失时间", "reported", Some(at(incident.reported_at))),
        ("报失人", "reported by", Some(reporter)),
        ("经过", "circumstances", incident.circumstances.clone()),
        (
            "怎么结束的",
            "how it ended",
            Some(ended(incident.closing.as_ref().map(|closing| closing.ended), language).to_owned()),
        ),
    ])
}

fn manner(manner: Manner, language: Language) -> &'static str {
    match manner {
        Manner::Stolen => language.pick("被盗", "stolen"),
        Manner::Lost => language.pick("遗失", "lost"),
        Manner::Unsure => language.pick("不确定", "not sure"),
        Manner::Tampered => language.pick("疑似被改装", "suspected tampering"),
    }
}

/// How a case ended, if it has.
pub fn ended(ended: Option<Ended>, language: Language) -> &'static str {
    match ended {
        None => language.pick("还没有结束", "not ended yet"),
        Some(Ended::Found) => language.pick("找回", "found again"),
        Some(Ended::FalseAlarm) => language.pick(
            "虚惊：没有丢失或被改装",
            "a false alarm: neither lost nor altered",
        ),
        Some(Ended::Recovered) => language.pick(
            "找回，检查并换新密钥后恢复使用",
            "recovered, inspected and given new keys",
        ),
        Some(Ended::Destroyed) => {
            language.pick("损坏或已销毁，永久停用", "broken or destroyed, stopped for good")
        }
        Some(Ended::NotFound) => language.pick("没有找到，永久停用", "not found, stopped for good"),
    }
}

/// What is known of the stop: ours, or what somebody outside says.
fn stop(
    tx: &Tx<'_>,
    incident: &Incident,
    terminal: &Terminal,
    language: Language,
) -> Result<[Fact; 2], store::Error> {
    let known = store::stop_request::known(tx, &incident.incident_id)?;
    let (who, since) = match known {
        None => (
            Some(language.pick("我们的网关", "our gate")),
            Some(incident.suspended_at),
        ),
        Some(known) if known.state == Stop::Requested => (None, None),
        Some(known) => (
            Some(language.pick("收单机构（他们说）", "the acquirer (they say)")),
            known.since,
        ),
    };
    Ok([
        ("由谁停用", "stopped by", who.map(str::to_owned)),
        ("停用时间", "stopped at", since.map(|at| clock(at, terminal))),
    ])
}

/// What the papers of the police say; where nobody wrote one down, what the duty to report it says.
fn police(
    tx: &Tx<'_>,
    incident: &Incident,
    terminal: &Terminal,
    language: Language,
) -> Result<Vec<Fact>, store::Error> {
    let mut papers = store::police::entries(tx, &incident.incident_id)?;
    papers.retain(|paper| paper.verb != Police::TakeBack && paper.taken_back_by.is_none());
    let Some(newest) = papers.last() else {
        return Ok(police_duty(&store::duty::of(tx, &incident.incident_id)?, terminal).to_vec());
    };
    let last = |of: fn(&Entry) -> Option<&String>| papers.iter().rev().find_map(of).cloned();
    let on = |verbs: &[Police]| {
        let paper = papers.iter().find(|paper| verbs.contains(&paper.verb));
        paper.map(|paper| paper.on_day.clone())
    };
    Ok(vec![
        ("报案编号", "police number", last(|paper| paper.number.as_ref())),
        (
            "报案时间",
            "reported to the police",
            on(&[Police::Report, Police::Accept]),
        ),
        ("办案单位", "police office", last(|paper| paper.office.as_ref())),
        (
            "公安处理情况",
            "where it stands with the police",
            Some(format!("{} · {}", stands(newest.verb, language), newest.on_day)),
        ),
    ])
}

fn stands(verb: Police, language: Language) -> &'static str {
    match verb {
        Police::Report | Police::TakeBack => language.pick("已报案", "reported"),
        Police::Accept => language.pick("已受案，有回执", "report accepted, receipt given"),
        Police::File => language.pick("已立案", "case opened"),
        Police::DoNotFile => language.pick("不予立案", "no case opened"),
        Police::AskReview => language.pick("不予立案，已申请复议", "no case opened, review asked for"),
        Police::Uphold => language.pick("复议维持不予立案", "no case opened, upheld on review"),
        Police::End => language.pick("公安案件已终结", "their case is over"),
    }
}

/// What the police gave for it, as the duty to report it says.
fn police_duty(duties: &[Duty], terminal: &Terminal) -> [Fact; 2] {
    let done = duties
        .iter()
        .find(|duty| duty.duty == "police_report" && duty.state == DutyState::Done)
        .and_then(|duty| duty.end.as_ref());
    let number = done.and_then(|end| end.reference.clone().or_else(|| end.statement.clone()));
    let at = done.map(|end| clock(end.done_at.unwrap_or(end.at), terminal));
    [
        ("报案编号", "police number", number),
        ("报案时间", "reported to the police", at),
    ]
}

fn interrupted(it: Option<&Interruption>, terminal: &Terminal, language: Language) -> [Fact; 4] {
    let still = || language.pick("还没有终端", "still without one").to_owned();
    let until = it.map(|it| it.to.map_or_else(still, |to| clock(to, terminal)));
    let usual = it.and_then(|it| it.usual);
    [
        (
            "没有终端的天数",
            "days without a terminal",
            it.map(|it| it.days.to_string()),
        ),
        ("何时又有终端", "a terminal again", until),
        (
            "同样的日子平常收款",
            "usual takings of such days",
            usual.map(|usual| usual.currency.amount(usual.minor)),
        ),
        (
            "依据之前多少天（同星期的中位数）",
            "from so many days before (median of the same weekdays)",
            usual.map(|usual| usual.from_days.to_string()),
        ),
    ]
}

fn replaced(all: &[Replacement], terminal: &Terminal, language: Language) -> Vec<Fact> {
    let live = |is_loaner: bool| {
        let its = all
            .iter()
            .rev()
            .find(|it| it.is_loaner == is_loaner && it.live_at.is_some());
        let its = its.filter(|it| matches!(it.state, Stands::Live | Stands::Returned))?;
        let serial = its.device.as_ref().map(|device| device.serial.clone());
        let number = its.bound.map(|bound| bound.terminal_id.to_string());
        let since = its.live_at.map(|at| clock(at, terminal));
        Some(
            [number, serial, since]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" · "),
        )
    };
    let none = || Some(language.pick("没有", "none").to_owned());
    vec![
        ("新终端", "new terminal", live(false).or_else(none)),
        ("备用机", "loaner", live(true).or_else(none)),
    ]
}

//! How a case went and ended, once it is closed (R3.4): what an insurer would read, then what had to follow, what was kept, what is to be
//! changed, and who ended it.
//!
//! Invariant: there is one of a closed case alone; a duty that was not done is named as such.

use app::stop_request::clock;
use domain::attachment::{Attachment, State as Kept};
use domain::duty::{Duty, State as DutyState};
use domain::hex;
use domain::incident::{Incident, Manner, State};
use domain::terminal::Terminal;
use serde_json::Value;
use store::Tx;

use super::claim::{ended, lost_terminal, sections};
use super::fact::{Clock, FactSheet, List, Section};
use super::packet::in_print;
use crate::language::Language;
use crate::people::Names;
use crate::problem::Problem;

/// The duty whose statement says what is to be changed.
const LESSONS: &str = "lessons";

/// The document's job.
pub fn job(tx: &Tx<'_>, incident: &Incident, language: Language) -> Result<Value, Problem> {
    if incident.state != State::Closed {
        return Err(app::case::Error::WrongState(incident.state.code()).into());
    }
    let terminal = lost_terminal(tx, incident)?;
    let duties = store::duty::of(tx, &incident.incident_id)?;
    let files = store::attachment::of(tx, &incident.incident_id)?;
    let mut names = Names::new(tx);
    let mut all = sections(tx, incident, &terminal, language)?;
    all.push(since(incident, language));
    all.push(followed(&mut names, &duties, &terminal, language)?);
    all.push(kept(&files, language));
    all.push(lessons(&mut names, &duties, &terminal)?);
    all.push(ending(&mut names, incident, &terminal, language)?);
    let sheet = FactSheet {
        title: match incident.manner {
            Manner::Tampered => language.pick(
                "终端疑似被改装结案报告",
                "Closing report: a payment terminal that may have been altered",
            ),
            Manner::Stolen | Manner::Lost | Manner::Unsure => {
                language.pick("终端丢失结案报告", "Closing report: loss of a payment terminal")
            }
        },
        note: language.pick(
            "内容来自终端管理系统的记录；注明“他们说”的，系统外机构所述。审计日志可以证明这些记录此后没有改动。",
            "It says what the system recorded; what somebody outside says is marked as theirs. The audit log proves that it was not changed since.",
        ),
        sections: all,
        signatures: vec![
            language.pick("结案人", "Closed by"),
            language.pick("复核人", "Reviewed by"),
            language.pick("日期", "Date"),
        ],
    };
    Ok(sheet.job(tx.now(), &incident.incident_id, Clock::of(&terminal), language))
}

/// What the terminal did since it was stopped.
fn since(incident: &Incident, language: Language) -> Section {
    let ms = incident.stop_ms.map(|ms| match language {
        Language::Chinese => format!("{ms} 毫秒"),
        Language::English => format!("{ms} ms"),
    });
    Section {
        title: ("停用以后", "Since the stop"),
        facts: vec![
            ("从报失到确认", "from the report to its acknowledgement", ms),
            (
                "之后尝试的次数（本系统的网关所见）",
                "attempts since, as our gate saw them",
                Some(incident.attempt_count.to_string()),
            ),
            (
                "其中不能证明来自该终端的",
                "of these without proof that the terminal sent them",
                Some(incident.unproven_attempt_count.to_string()),
            ),
            (
                "没有人处理的警报",
                "alarms that nobody has acknowledged",
                Some(incident.open_alarm_count.to_string()),
            ),
        ],
        list: None,
    }
}

fn followed(
    names: &mut Names<'_, '_>,
    duties: &[Duty],
    terminal: &Terminal,
    language: Language,
) -> Result<Section, Problem> {
    let mut rows = Vec::new();
    for duty in duties {
        let end = duty.end.as_ref();
        let by = end.map(|end| names.person(&end.by)).transpose()?;
        let shown = end.map(|end| [end.reference.as_deref(), end.statement.as_deref()]);
        let shown: Vec<&str> = shown.into_iter().flatten().flatten().collect();
        rows.push(vec![
            language.pick(&duty.title_zh, &duty.title_en).to_owned(),
            state(duty.state, language).to_owned(),
            end.map(|end| clock(end.done_at.unwrap_or(end.at), terminal))
                .unwrap_or_default(),
            by.unwrap_or_default(),
            shown.join(" · "),
        ]);
    }
    Ok(Section {
        title: ("后续事项", "What had to follow"),
        facts: Vec::new(),
        list: Some(List {
            columns: vec![
                language.pick("事项", "duty"),
                language.pick("状态", "state"),
                language.pick("时间", "when"),
                language.pick("经手人", "by"),
                language.pick("凭据或说明", "shown by"),
            ],
            widths: vec![6, 3, 4, 3, 5],
            rows,
            none: language.pick("没有列出事项", "None was drawn up."),
        }),
    })
}

fn state(state: DutyState, language: Language) -> &'static str {
    match state {
        DutyState::Open => language.pick("没有完成", "not done"),
        DutyState::NotNeededProposed => {
            language.pick("有人提出不需要，尚未同意", "said not to be needed, not agreed")
        }
        DutyState::Done => language.pick("已完成", "done"),
        DutyState::NotNeeded => language.pick("不需要", "not needed"),
    }
}

fn kept(files: &[Attachment], language: Language) -> Section {
    let there = files.iter().filter(|file| file.state == Kept::Kept);
    let row = |file: &Attachment| {
        vec![
            file.name.as_deref().map(in_print).unwrap_or_default(),
            file.kind().media_type().to_owned(),
            hex::of(&file.kept_sha256),
        ]
    };
    Section {
        title: ("文件", "Files"),
        facts: Vec::new(),
        list: Some(List {
            columns: vec![
                language.pick("名称", "name"),
                language.pick("格式", "format"),
                "SHA-256",
            ],
            widths: vec![4, 3, 6],
            rows: there.map(row).collect(),
            none: language.pick("没有文件", "None was brought."),
        }),
    }
}

fn lessons(names: &mut Names<'_, '_>, duties: &[Duty], terminal: &Terminal) -> Result<Section, Problem> {
    let done = duties
        .iter()
        .find(|duty| duty.duty == LESSONS && duty.state == DutyState::Done)
        .and_then(|duty| duty.end.as_ref());
    let by = done.map(|end| names.person(&end.by)).transpose()?;
    Ok(Section {
        title: ("原因和改进", "How it came about, and what to change"),
        facts: vec![
            (
                "原因和改进",
                "what was written down",
                done.and_then(|end| end.statement.clone()),
            ),
            ("谁写的", "by", by),
            ("时间", "when", done.map(|end| clock(end.at, terminal))),
        ],
        list: None,
    })
}

fn ending(
    names: &mut Names<'_, '_>,
    incident: &Incident,
    terminal: &Terminal,
    language: Language,
) -> Result<Section, Problem> {
    let closing = incident.closing.as_ref();
    let found = incident.found.as_ref();
    let said_by = found.map(|found| names.person(&found.proposed_by)).transpose()?;
    let closed_by = closing.map(|closing| names.person(&closing.by)).transpose()?;
    let ended = closing.map(|closing| ended(Some(closing.ended), language).to_owned());
    let inspected = found.and_then(|found| found.inspected.as_ref());
    let inspected_by = inspected
        .map(|inspected| names.person(&inspected.by))
        .transpose()?;
    let statement = closing
        .and_then(|closing| closing.statement.clone())
        .or_else(|| found.map(|found| found.statement.clone()));
    let mut facts = vec![
        ("结果", "how it ended", ended),
        ("说明", "in words", statement),
        (
            "结案时间",
            "closed",
            closing.map(|closing| clock(closing.at, terminal)),
        ),
        ("结案人", "closed by", closed_by),
    ];
    if let Some(by) = said_by {
        facts.insert(2, ("谁说找到了", "who said that it was found", Some(by)));
    }
    if let Some(by) = inspected_by {
        facts.insert(3, ("谁验过机", "who inspected it", Some(by)));
    }
    Ok(Section {
        title: ("结案", "How it ended"),
        facts,
        list: None,
    })
}

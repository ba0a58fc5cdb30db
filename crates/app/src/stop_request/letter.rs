//! The letter that asks an acquirer to stop a terminal. Where a rule obliges the acquirer to, the letter is made under it
//! ([`rule::STOP`]).
//!
//! Invariant: a line stands in it only when what it says is known; nothing private is in it beyond the last four digits of the
//! settlement account; it says *stopped* only of what our own gate stopped.

use domain::Timestamp;
use domain::contact::Contact;
use domain::incident::{Incident, Manner};
use domain::merchant::Merchant;
use domain::rule::{self, Rule};
use domain::shop::Shop;
use domain::stop_request::{Letter, whole};
use domain::terminal::{Control, Terminal};
use sha2::{Digest, Sha256};

/// The same said in Chinese and in English.
pub(super) type Both = [String; 2];

pub(super) fn both(zh: impl Into<String>, en: impl Into<String>) -> Both {
    [zh.into(), en.into()]
}

/// What is written alike in both languages.
fn alike(text: &str) -> Both {
    both(text, text)
}

/// What a letter is written from.
pub struct Facts<'a> {
    /// The loss.
    pub incident: &'a Incident,
    /// What was lost.
    pub terminal: &'a Terminal,
    /// Whose it is.
    pub merchant: &'a Merchant,
    /// Where it belongs.
    pub shop: &'a Shop,
    /// To whom, as far as that is known.
    pub acquirer: Option<&'a Contact>,
    /// The name of the person who asks.
    pub by: &'a str,
}

/// Writes the letter. One that was written with a report is kept in its [`domain::stop_request::StopRequest`], and never written
/// again.
pub fn letter(facts: &Facts<'_>) -> Letter {
    let number = &facts.incident.stop_request_number;
    let mut lines = vec![
        both("停止使用受理终端申请书", "Request to stop a payment terminal"),
        both(format!("编号：{number}"), format!("No. {number}")),
        alike(""),
        addressee(facts.acquirer),
        alike(""),
        request(
            facts.incident.manner,
            rule::STOP.in_zone(&facts.terminal.time_zone),
        ),
        alike(""),
    ];
    lines.extend(known(facts));
    if facts.terminal.control == Control::Outside {
        lines.push(alike(""));
        lines.push(both(
            "请以书面或电话确认停用，并告知挂失凭证编号。",
            "Please confirm the stop in writing or by telephone, with your reference number.",
        ));
    }
    let [text_zh, text_en] = [0, 1].map(|language| {
        let text = lines.iter().map(|line| line[language].as_str());
        text.flat_map(|line| [line, "\n"]).collect::<String>()
    });
    let digest = Sha256::digest(whole(&text_zh, &text_en).as_bytes());
    let sha256 = domain::hex::of(&digest);
    Letter {
        text_zh,
        text_en,
        sha256,
    }
}

fn addressee(acquirer: Option<&Contact>) -> Both {
    match acquirer {
        Some(contact) => {
            let name = &contact.details.name;
            both(format!("{name}："), format!("To {name}:"))
        }
        None => both("收单机构：", "To the acquirer:"),
    }
}

fn request(manner: Manner, rule: Option<Rule>) -> Both {
    let [zh, en] = match manner {
        Manner::Stolen => ["被盗", "has been stolen"],
        Manner::Lost => ["遗失", "has been lost"],
        Manner::Unsure => ["下落不明", "is missing"],
        Manner::Tampered => ["疑似被改装", "may have been tampered with"],
    };
    let [asked_zh, asked_en] = match rule {
        Some(rule) => both(
            format!(
                "依据{}，申请立即停止其使用，及时关闭并在关闭后 2 日内注销其登记。",
                rule.zh
            ),
            format!(
                "Under {}, we ask you to stop its use at once, to close it promptly, and to deregister it within two days of \
                 closing.",
                rule.en
            ),
        ),
        None => both("申请立即停止其使用。", "We ask you to stop its use at once."),
    };
    both(
        format!("我单位下列受理终端{zh}。{asked_zh}"),
        format!("The terminal below {en}. {asked_en}"),
    )
}

/// What is known, a line each.
fn known(facts: &Facts<'_>) -> impl Iterator<Item = Both> {
    let Facts {
        incident,
        terminal,
        merchant,
        shop,
        ..
    } = facts;
    let bound = &terminal.bound;
    let account = match bound.settlement_account.last4.as_str() {
        "" => alike(""),
        last4 => both(format!("尾号 {last4}"), format!("ending in {last4}")),
    };
    let stopped = match terminal.control {
        Control::Gate => clock(incident.suspended_at, terminal),
        Control::Outside => String::new(),
    };
    let number = alike(merchant_number(terminal, facts.acquirer));
    let (number_zh, number_en) = match terminal.control {
        Control::Gate => ("商户编号", "Merchant number"),
        Control::Outside => ("商户编号或合同号", "Merchant or contract number"),
    };
    let name_en = first_said(&merchant.name_en, &merchant.name);
    let labelled = [
        ("特约商户", "Merchant", both(&merchant.name, name_en)),
        (number_zh, number_en, number),
        (
            "统一社会信用代码",
            "Unified social credit code",
            alike(credit_code(terminal, merchant)),
        ),
        ("终端号", "Terminal", alike(terminal.terminal_id.as_str())),
        ("型号", "Model", alike(&terminal.model)),
        ("序列号", "Serial number", alike(&terminal.serial)),
        ("收单机构代码", "Acquirer code", alike(&bound.acquirer_code)),
        ("收单结算账户", "Settlement account", account),
        ("布放地址", "Placement", alike(placement(terminal, shop))),
        (
            "报失时间",
            "Reported lost",
            alike(&clock(incident.reported_at, terminal)),
        ),
        ("本系统停用时间", "Stopped by this system", alike(&stopped)),
        ("申请人", "Requested by", alike(facts.by)),
    ];
    let said = labelled.into_iter().filter(|(_, _, [zh, _])| !zh.is_empty());
    said.map(|(zh, en, [said_zh, said_en])| both(format!("{zh}：{said_zh}"), format!("{en}: {said_en}")))
}

/// The one of the two that somebody said, the first before the second; empty when nobody said either.
fn first_said<'a>(first: &'a str, second: &'a str) -> &'a str {
    match first {
        "" => second,
        said => said,
    }
}

/// What the acquirer knows the merchant by; empty when nobody said. Where our own gate decides, it is what the terminal's messages
/// carry; elsewhere that may be a number of this house alone, and only a contact of this merchant's own knows better.
pub fn merchant_number<'a>(terminal: &'a Terminal, acquirer: Option<&'a Contact>) -> &'a str {
    match terminal.control {
        Control::Gate => terminal.bound.merchant_code.as_str(),
        Control::Outside => acquirer
            .and_then(Contact::reference_of_merchant)
            .unwrap_or_default(),
    }
}

/// Under which credit code the terminal is registered; empty when nobody said.
pub fn credit_code<'a>(terminal: &'a Terminal, merchant: &'a Merchant) -> &'a str {
    first_said(
        &terminal.bound.unified_social_credit_code,
        &merchant.unified_social_credit_code,
    )
}

/// Where the terminal is registered to stand, else its shop's address; empty when nobody said.
pub fn placement<'a>(terminal: &'a Terminal, shop: &'a Shop) -> &'a str {
    first_said(&terminal.bound.placement_address, &shop.address)
}

/// A moment by the terminal's own clock, with its offset then: `2026-11-27 10:00:00 (UTC+08:00)`.
pub fn clock(at: Timestamp, terminal: &Terminal) -> String {
    shown(at, &terminal.time_zone, "%Y-%m-%d %H:%M:%S")
}

/// The same to the minute.
pub fn minute(at: Timestamp, terminal: &Terminal) -> String {
    minute_in(at, &terminal.time_zone)
}

/// The same by the clock of a zone.
pub fn minute_in(at: Timestamp, time_zone: &str) -> String {
    shown(at, time_zone, "%Y-%m-%d %H:%M")
}

fn shown(at: Timestamp, time_zone: &str, format: &str) -> String {
    let zone = jiff::tz::TimeZone::get(time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let at = jiff::Timestamp::from_millisecond(at.0)
        .unwrap_or_default()
        .to_zoned(zone);
    format!("{} ({})", at.strftime(format), at.strftime("UTC%:z"))
}

#[cfg(test)]
mod tests;

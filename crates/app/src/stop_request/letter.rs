//! The letter that asks an acquirer to stop a terminal: what obliges it to close the terminal promptly and to deregister it
//! within two days (银发〔2021〕259号 一(一)3).
//!
//! Invariant: nothing private is in it beyond the last four digits of the settlement account; it says *stopped* only of what
//! our own gate stopped.

use domain::Timestamp;
use domain::incident::{Incident, Manner};
use domain::merchant::Merchant;
use domain::stop_request::{Letter, whole};
use domain::terminal::{Control, Terminal};
use sha2::{Digest, Sha256};

/// The rule a request is made under.
pub const RULE: &str = "银发〔2021〕259号 一(一)3";

/// What a letter speaks of.
struct Facts<'a> {
    incident: &'a Incident,
    terminal: &'a Terminal,
    merchant: &'a Merchant,
    by: &'a str,
    reported: String,
    /// When our own gate stopped it, where it decides.
    stopped: Option<String>,
}

/// Writes the letter of an incident, asked for by a person of that name.
pub fn letter(incident: &Incident, terminal: &Terminal, merchant: &Merchant, by: &str) -> Letter {
    let zone = jiff::tz::TimeZone::get(&terminal.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let clock = |at: Timestamp| {
        let at = jiff::Timestamp::from_millisecond(at.0)
            .unwrap_or_default()
            .to_zoned(zone.clone());
        format!("{} ({})", at.strftime("%Y-%m-%d %H:%M:%S"), at.strftime("UTC%:z"))
    };
    let facts = Facts {
        incident,
        terminal,
        merchant,
        by,
        reported: clock(incident.reported_at),
        stopped: (terminal.control == Control::Gate).then(|| clock(incident.suspended_at)),
    };
    let (text_zh, text_en) = (in_chinese(&facts), in_english(&facts));
    let digest = Sha256::digest(whole(&text_zh, &text_en).as_bytes());
    let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Letter {
        text_zh,
        text_en,
        sha256,
    }
}

fn in_chinese(facts: &Facts<'_>) -> String {
    let Facts {
        incident,
        terminal,
        merchant,
        by,
        reported,
        stopped,
    } = facts;
    let manner = match incident.manner {
        Manner::Stolen => "被盗",
        Manner::Lost => "遗失",
        Manner::Unsure => "下落不明",
    };
    let bound = &terminal.bound;
    let so_far = match stopped {
        Some(at) => format!("本系统停用时间：{at}\n"),
        None => "请以书面或电话确认停用，并告知挂失凭证编号。\n".to_owned(),
    };
    format!(
        "停止使用受理终端申请书\n\
         编号：{number}\n\n\
         收单机构（代码 {acquirer}）：\n\n\
         我单位下列受理终端{manner}。依据银发〔2021〕259号文一(一)3，申请立即停止其使用，\
         及时关闭并在关闭后 2 日内注销其登记。\n\n\
         特约商户：{merchant}\n\
         终端号：{terminal_id}；型号：{model}；序列号：{serial}\n\
         序列号所绑定的五要素：\n\
         1. 收单机构代码：{acquirer}\n\
         2. 特约商户编码：{code}\n\
         3. 统一社会信用代码：{credit}\n\
         4. 收单结算账户：尾号 {last4}\n\
         5. 布放地址：{address}\n\n\
         报失时间：{reported}\n\
         {so_far}\n\
         申请人：{by}\n",
        number = incident.stop_request_number,
        acquirer = bound.acquirer_code,
        merchant = merchant.name,
        terminal_id = terminal.terminal_id,
        model = terminal.model,
        serial = terminal.serial,
        code = bound.merchant_code,
        credit = bound.unified_social_credit_code,
        last4 = bound.settlement_account.last4,
        address = bound.placement_address,
    )
}

fn in_english(facts: &Facts<'_>) -> String {
    let Facts {
        incident,
        terminal,
        merchant,
        by,
        reported,
        stopped,
    } = facts;
    let manner = match incident.manner {
        Manner::Stolen => "has been stolen",
        Manner::Lost => "has been lost",
        Manner::Unsure => "is missing",
    };
    let bound = &terminal.bound;
    let so_far = match stopped {
        Some(at) => format!("Stopped by this system: {at}\n"),
        None => {
            "Please confirm the stop in writing or by telephone, with your reference number.\n".to_owned()
        }
    };
    format!(
        "Request to stop a payment terminal\n\
         No. {number}\n\n\
         To the acquirer (code {acquirer}):\n\n\
         The terminal below {manner}. Under document Yinfa [2021] No. 259, section 1(1)3, we ask you to stop its use at \
         once, to close it promptly, and to deregister it within two days of closing.\n\n\
         Merchant: {merchant}\n\
         Terminal: {terminal_id}; model: {model}; serial number: {serial}\n\
         The five elements the serial number is bound to:\n\
         1. Acquirer code: {acquirer}\n\
         2. Merchant code: {code}\n\
         3. Unified social credit code: {credit}\n\
         4. Settlement account: ending in {last4}\n\
         5. Placement: {address}\n\n\
         Reported lost: {reported}\n\
         {so_far}\n\
         Requested by: {by}\n",
        number = incident.stop_request_number,
        acquirer = bound.acquirer_code,
        merchant = merchant.name_en,
        terminal_id = terminal.terminal_id,
        model = terminal.model,
        serial = terminal.serial,
        code = bound.merchant_code,
        credit = bound.unified_social_credit_code,
        last4 = bound.settlement_account.last4,
        address = bound.placement_address,
    )
}

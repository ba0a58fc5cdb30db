//! The merchant's written request to stop a terminal: what obliges the acquirer to close it promptly and to deregister it
//! within two days (银发〔2021〕259号 一(一)3).
//!
//! Invariant: nothing private is in the letter beyond the last four digits of the settlement account.

use domain::Timestamp;
use domain::incident::Incident;
use domain::incident::Manner;
use domain::merchant::Merchant;
use domain::terminal::Terminal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::Time;

/// The rule a request is made under.
const RULE: &str = "银发〔2021〕259号 一(一)3";

/// A written request to stop a terminal.
#[derive(Serialize, ToSchema)]
pub struct StopRequest {
    /// Its number.
    number: String,
    /// The rule it is made under.
    rule: &'static str,
    /// When.
    requested_at: Time,
    /// By whom.
    requested_by: String,
    /// The letter in Chinese.
    text_zh: String,
    /// The letter in English.
    text_en: String,
}

/// The request that a loss report makes.
pub fn of(incident: &Incident, terminal: &Terminal, merchant: &Merchant, requested_by: &str) -> StopRequest {
    let zone = jiff::tz::TimeZone::get(&terminal.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let clock = |at: Timestamp| {
        let at = jiff::Timestamp::from_millisecond(at.0)
            .unwrap_or_default()
            .to_zoned(zone.clone());
        format!("{} ({})", at.strftime("%Y-%m-%d %H:%M:%S"), at.strftime("UTC%:z"))
    };
    let (reported, stopped) = (clock(incident.reported_at), clock(incident.suspended_at));
    StopRequest {
        number: incident.stop_request_number.clone(),
        rule: RULE,
        requested_at: Time(incident.reported_at),
        requested_by: requested_by.to_owned(),
        text_zh: in_chinese(incident, terminal, merchant, requested_by, (&reported, &stopped)),
        text_en: in_english(incident, terminal, merchant, requested_by, (&reported, &stopped)),
    }
}

fn in_chinese(
    incident: &Incident,
    terminal: &Terminal,
    merchant: &Merchant,
    by: &str,
    (reported, stopped): (&str, &str),
) -> String {
    let manner = match incident.manner {
        Manner::Stolen => "被盗",
        Manner::Lost => "遗失",
        Manner::Unsure => "下落不明",
    };
    let bound = &terminal.bound;
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
         本系统停用时间：{stopped}\n\n\
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

fn in_english(
    incident: &Incident,
    terminal: &Terminal,
    merchant: &Merchant,
    by: &str,
    (reported, stopped): (&str, &str),
) -> String {
    let manner = match incident.manner {
        Manner::Stolen => "has been stolen",
        Manner::Lost => "has been lost",
        Manner::Unsure => "is missing",
    };
    let bound = &terminal.bound;
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
         Stopped by this system: {stopped}\n\n\
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

//! The mail that brings an emergency code: what it says.
//!
//! Invariant: it holds the code and no link, because whoever asked for it also chose the address they asked at.

use app::emergency_code::Bringing;
use domain::code::{CHARS, Code};
use domain::setting::Language;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use node::seal::{Purpose, Sealer};

/// To whom, the subject, the text; `None` when the code does not open.
pub fn written(sealer: &Sealer, bringing: Bringing) -> Option<(String, String, String)> {
    let opened = sealer.open(Purpose::EmergencyCode, &bringing.code_id, &bringing.sealed);
    let letters: [u8; CHARS] = opened.ok()?.as_slice().try_into().ok()?;
    let code = Code::parse(std::str::from_utf8(&letters).ok()?)?;
    let until = clock(bringing.ends_at, &bringing.time_zone);
    let (name, login) = (&bringing.name, &bringing.login);
    let (subject, lines) = match bringing.language {
        Language::Chinese => (
            "报失用的一次性验证码".to_owned(),
            [
                format!("{name}："),
                format!("有人要不登录就报失账号 {login} 的终端。验证码："),
                format!("    {code}"),
                format!("有效至 {until}，只能报失一台终端，不能登录，也看不到别的。"),
                "如果不是您，不用做任何事，验证码自己会失效。我们不会向任何人要这个验证码。".to_owned(),
            ],
        ),
        Language::English => (
            "The code to report a loss with".to_owned(),
            [
                format!("{name},"),
                format!(
                    "somebody wants to report the loss of a terminal of the account {login} without logging in. The code:"
                ),
                format!("    {code}"),
                format!(
                    "It works until {until}, for the report of one terminal. It does not log in, and shows nothing else."
                ),
                "If it was not you, do nothing: the code ends by itself. Nobody of us will ever ask for it."
                    .to_owned(),
            ],
        ),
    };
    let text = lines.iter().flat_map(|line| [line.as_str(), "\n\n"]).collect();
    Some((bringing.to, subject, text))
}

/// A time on the house's clock, with its zone.
pub(super) fn clock(at: domain::Timestamp, time_zone: &str) -> String {
    let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
    let at = Timestamp::from_millisecond(at.0)
        .unwrap_or_default()
        .to_zoned(zone);
    at.strftime("%Y-%m-%d %H:%M (%:z)").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mail_has_the_code_and_its_end_and_no_address_to_follow() {
        let sealer = Sealer::new(&[7; 32]);
        let sealed = sealer
            .seal(Purpose::EmergencyCode, "C1", b"M701Z01ABCDE")
            .unwrap();
        for (language, until) in [
            (Language::Chinese, "有效至 2026-11-26 20:30 (+08:00)"),
            (Language::English, "until 2026-11-26 20:30 (+08:00)"),
        ] {
            let bringing = Bringing {
                to: "li.na@shop.example".into(),
                sealed: sealed.clone(),
                code_id: "C1".into(),
                ends_at: domain::Timestamp(1_795_696_200_000),
                name: "李娜".into(),
                login: "li.na".into(),
                language,
                time_zone: "Asia/Shanghai".into(),
            };
            let (to, _, text) = written(&sealer, bringing.clone()).unwrap();
            assert_eq!(to, "li.na@shop.example");
            assert!(text.contains("M701-Z01A-BCDE") && text.contains(until), "{text}");
            assert!(!text.contains("http"), "{text}");
            let other = Bringing {
                code_id: "C2".into(),
                ..bringing
            };
            assert_eq!(written(&sealer, other), None, "sealed for another");
        }
    }
}

//! Mails to those who register: what they say.
//!
//! Invariant: nothing that the one who registers has written stands in them, and no address to follow: whoever registers also chose the
//! mailbox, which may be another's.

use app::registration::{Bringing, News};
use domain::code::{CHARS, Code};
use domain::setting::Language;
use node::seal::{Purpose, Sealer};

use super::code::clock;

/// To whom, the subject, the text; `None` when the code does not open.
pub fn written(sealer: &Sealer, bringing: Bringing) -> Option<(String, String, String)> {
    let id = &bringing.registration_id;
    let zh = bringing.language == Language::Chinese;
    let (subject, lines) = match &bringing.news {
        News::Code(sealed, ends_at) => {
            let opened = sealer.open(Purpose::RegistrationCode, id, sealed).ok()?;
            let letters: [u8; CHARS] = opened.as_slice().try_into().ok()?;
            let code = Code::parse(std::str::from_utf8(&letters).ok()?)?;
            let until = clock(*ends_at, &bringing.time_zone);
            match zh {
                true => (
                    format!("商户注册 {id} 的验证码"),
                    vec![
                        format!("有人用这个邮箱申请注册商户，注册编号 {id}。验证码："),
                        format!("    {code}"),
                        format!("有效至 {until}。请在填写申请的页面输入；页面上的注册编号须与上面一致。"),
                        "如果不是您，不用做任何事，这份申请会自动删除。我们不会向任何人要这个验证码。".to_owned(),
                    ],
                ),
                false => (
                    format!("The code for the registration {id}"),
                    vec![
                        format!("Somebody registers a merchant with this mailbox, registration {id}. The code:"),
                        format!("    {code}"),
                        format!(
                            "It works until {until}. Type it on the page where the form was filled in; the page shows the same registration number."
                        ),
                        "If it was not you, do nothing: the form is deleted by itself. Nobody of us will ever ask for the code."
                            .to_owned(),
                    ],
                ),
            }
        }
        news => told(news, id, zh)?,
    };
    let text = lines.iter().flat_map(|line| [line.as_str(), "\n\n"]).collect();
    Some((bringing.to, subject, text))
}

fn told(news: &News, id: &str, zh: bool) -> Option<(String, Vec<String>)> {
    let (subject, line) = match (news, zh) {
        (News::Code(..), _) => return None,
        (News::Returned, true) => (
            format!("商户注册 {id} 需要修改"),
            "您的注册申请有内容需要修改。请打开您保存的注册链接，改好后重新提交；链接丢了，请用同一个邮箱重新注册。",
        ),
        (News::Returned, false) => (
            format!("The registration {id} needs a correction"),
            "Something has to be corrected. Open the link that you kept and send it again; without the link, register anew with the same mailbox.",
        ),
        (News::Accepted, true) => (
            format!("商户注册 {id} 已通过"),
            "您的注册申请已通过。请用注册时选的登录名和密码登录。",
        ),
        (News::Accepted, false) => (
            format!("The registration {id} is accepted"),
            "Your registration is accepted. Log in with the log-in and the password that you chose.",
        ),
        (News::Refused, true) => (
            format!("商户注册 {id} 未通过"),
            "您的注册申请未通过，原因见您保存的注册链接。",
        ),
        (News::Refused, false) => (
            format!("The registration {id} is refused"),
            "Your registration is refused. The link that you kept says why.",
        ),
    };
    Some((subject, vec![line.to_owned()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mail_has_the_code_and_nothing_that_the_applicant_wrote() {
        let sealer = Sealer::new(&[7; 32]);
        let sealed = sealer
            .seal(Purpose::RegistrationCode, "R1", b"M701Z01ABCDE")
            .unwrap();
        let at = domain::Timestamp(1_795_696_200_000);
        for language in [Language::Chinese, Language::English] {
            let bringing = |news| Bringing {
                registration_id: "R1".into(),
                to: "li.na@shop.example".into(),
                language,
                time_zone: "Asia/Shanghai".into(),
                news,
            };
            let code = bringing(News::Code(sealed.clone(), at));
            let (to, subject, text) = written(&sealer, code.clone()).unwrap();
            assert_eq!(to, "li.na@shop.example");
            assert!(
                text.contains("M701-Z01A-BCDE") && text.contains("2026-11-26 20:30 (+08:00)"),
                "{text}"
            );
            assert!(subject.contains("R1") && !text.contains("http"), "{text}");
            let other = Bringing {
                registration_id: "R2".into(),
                ..code
            };
            assert_eq!(written(&sealer, other), None, "sealed for another");
            for news in [News::Returned, News::Accepted, News::Refused] {
                let (_, subject, text) = written(&sealer, bringing(news)).unwrap();
                assert!(subject.contains("R1") && !text.contains("http"), "{text}");
            }
        }
    }
}

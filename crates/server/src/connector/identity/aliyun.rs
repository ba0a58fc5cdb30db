//! Alibaba Cloud: `Id2MetaVerify` (cloudauth, 2019-03-07) for people, `CompanyFourElementsVerification` (dytnsapi, 2020-02-17) for
//! businesses.
//!
//! Invariant: what is asked about a business stands in the query, so its address is in no log.

use domain::hex;
use domain::registration::{Because, Checked, Outcome, Said};
use hyper::Method;
use serde_json::Value;

use super::signing::{Acs3, digest, form};
use super::{
    Asked, Asking, BUSY, Identity, NO_ANSWER, NO_KEYS, NO_SITE, NOT_OFFERED, NOT_TAKEN, NotAsked, UNREADABLE,
    header, word,
};
use crate::connector::web::Question;

const PEOPLE: &str = "https://cloudauth.aliyuncs.com";
const BUSINESSES: &str = "https://dytnsapi.aliyuncs.com";
const FORM: &str = "application/x-www-form-urlencoded";

pub(super) struct Aliyun(pub(super) Asking);

impl Identity for Aliyun {
    fn person<'a>(&'a self, said: &'a Said) -> Asked<'a> {
        let body = form(&[
            ("IdentifyNum", &said.identity_number),
            ("ParamType", "normal"),
            ("UserName", &said.person_name),
        ]);
        let call = Call {
            address: PEOPLE,
            action: "Id2MetaVerify",
            version: "2019-03-07",
            query: String::new(),
            body: Some(body),
        };
        Box::pin(async move { self.ask(call, person).await })
    }

    fn company<'a>(&'a self, said: &'a Said) -> Asked<'a> {
        let auth_code = self.0.keys.auth_code.as_ref();
        let Some(auth_code) = auth_code else {
            return Box::pin(async { Err(NOT_OFFERED) });
        };
        let query = form(&[
            ("AuthCode", auth_code),
            ("EpCertName", &said.business_name),
            ("EpCertNo", &said.credit_code),
            ("LegalPersonCertName", &said.person_name),
            ("LegalPersonCertNo", &said.identity_number),
        ]);
        let call = Call {
            address: BUSINESSES,
            action: "CompanyFourElementsVerification",
            version: "2020-02-17",
            query,
            body: None,
        };
        Box::pin(async move { self.ask(call, company).await })
    }
}

/// One call, everything but its signature.
struct Call {
    address: &'static str,
    action: &'static str,
    version: &'static str,
    query: String,
    body: Option<String>,
}

impl Aliyun {
    async fn ask(
        &self,
        call: Call,
        read: fn(&Value) -> Result<Checked, NotAsked>,
    ) -> Result<Checked, NotAsked> {
        let site = self.0.site(call.address).ok_or(NO_SITE)?;
        let nonce = node::seal::random::<16>().map_err(|_| NotAsked::NotReached)?;
        let body_digest = digest(call.body.as_deref().unwrap_or_default().as_bytes());
        let mut signed = vec![
            ("host", site.authority()),
            ("x-acs-action", call.action.to_owned()),
            ("x-acs-content-sha256", body_digest.clone()),
            (
                "x-acs-date",
                self.0.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            ),
            ("x-acs-signature-nonce", hex::of(&nonce)),
            ("x-acs-version", call.version.to_owned()),
        ];
        if call.body.is_some() {
            signed.insert(0, ("content-type", FORM.to_owned()));
        }
        let asked = Acs3 {
            query: &call.query,
            headers: &signed,
            body_digest: &body_digest,
        };
        let authorization = asked.authorization(&self.0.keys.id, &self.0.keys.secret);
        let own = signed.iter().filter(|(name, _)| name.starts_with("x-acs-"));
        let headers = own
            .map(|(name, value)| header(name, value))
            .chain([header("authorization", &authorization)]);
        let headers: Option<Vec<_>> = headers.collect();
        let question = Question {
            method: Method::POST,
            path: match call.query.is_empty() {
                true => site.root(),
                false => format!("/?{}", call.query),
            },
            headers: headers.ok_or(NO_KEYS)?,
            body: call.body.map(|body| (FORM, body.into())),
        };
        self.0.ask(&site, question, read).await
    }
}

/// `Code` 200 says that the call worked, 402 that the source is down, 500 that it failed within; `BizCode` 1 the same, 2 differs, 3 no
/// record; `SubCode` says the same in more words.
fn person(said: &Value) -> Result<Checked, NotAsked> {
    match word(&said["Code"]).as_str() {
        "200" => {}
        "402" => return Ok(Checked::because(Outcome::Down, Because::NotReached)),
        "500" => return Ok(NO_ANSWER),
        code if code.starts_with("Throttling") => return Err(NotAsked::Busy(BUSY)),
        _ => return Ok(NOT_TAKEN),
    }
    let result = &said["ResultObject"];
    let (code, more) = (word(&result["BizCode"]), word(&result["SubCode"]));
    Ok(Checked::told(match (code.as_str(), more.chars().next()) {
        ("1", Some('1') | None) => Outcome::Same,
        ("2", Some('2') | None) => Outcome::Differs,
        ("3", Some('3') | None) => Outcome::NoRecord,
        _ => return Ok(UNREADABLE),
    }))
}

/// `ReasonCode`: 0 the same, 1 the same and not operating, 2 another's, 3 failed, 4 no such business, 5 no such person.
fn company(said: &Value) -> Result<Checked, NotAsked> {
    match word(&said["Code"]).as_str() {
        "OK" => {}
        code if code.starts_with("Throttling") => return Err(NotAsked::Busy(BUSY)),
        _ => return Ok(NOT_TAKEN),
    }
    Ok(match word(&said["Data"]["ReasonCode"]).as_str() {
        "0" => Checked::told(Outcome::Same),
        "1" => Checked::because(Outcome::Differs, Because::NotOperating),
        "2" => Checked::because(Outcome::Differs, Because::OfAnother),
        "3" => Checked::told(Outcome::CannotTell),
        "4" | "5" => Checked::told(Outcome::NoRecord),
        _ => UNREADABLE,
    })
}

//! Tencent Cloud: `IdCardVerification` (faceid, 2018-03-01) for people. It has no check of businesses.
//!
//! Invariant: its result numbers are those of this one call; others of its calls use the same for something else.

use domain::registration::{Because, Checked, Outcome, Said};
use hyper::Method;
use serde_json::{Value, json};

use super::signing::{Tc3, digest};
use super::{
    Asked, Asking, BUSY, Identity, NO_ANSWER, NO_KEYS, NO_SITE, NOT_OFFERED, NOT_TAKEN, NotAsked, UNREADABLE,
    header, word,
};
use crate::connector::web::Question;

const PEOPLE: &str = "https://faceid.tencentcloudapi.com";
const JSON: &str = "application/json; charset=utf-8";

pub(super) struct Tencent(pub(super) Asking);

impl Identity for Tencent {
    fn person<'a>(&'a self, said: &'a Said) -> Asked<'a> {
        let body = json!({ "IdCard": said.identity_number, "Name": said.person_name }).to_string();
        Box::pin(async move { self.ask(body).await })
    }

    fn company<'a>(&'a self, _: &'a Said) -> Asked<'a> {
        Box::pin(async { Err(NOT_OFFERED) })
    }
}

impl Tencent {
    async fn ask(&self, body: String) -> Result<Checked, NotAsked> {
        let site = self.0.site(PEOPLE).ok_or(NO_SITE)?;
        let now = self.0.now();
        let (date, body_digest) = (now.strftime("%Y-%m-%d").to_string(), digest(body.as_bytes()));
        let asked = Tc3 {
            service: "faceid",
            host: &site.authority(),
            content_type: JSON,
            at_s: now.as_second(),
            date: &date,
            body_digest: &body_digest,
        };
        let authorization = asked.authorization(&self.0.keys.id, &self.0.keys.secret);
        let headers = [
            header("authorization", &authorization),
            header("x-tc-action", "IdCardVerification"),
            header("x-tc-version", "2018-03-01"),
            header("x-tc-timestamp", &now.as_second().to_string()),
        ];
        let headers: Option<Vec<_>> = headers.into_iter().collect();
        let question = Question {
            method: Method::POST,
            path: site.root(),
            headers: headers.ok_or(NO_KEYS)?,
            body: Some((JSON, body.into())),
        };
        self.0.ask(&site, question, person).await
    }
}

/// `Result`: 0 the same, −1 differs, −2 and −3 wrong input, −4 and −6 down, −5 no record, −7 asked too often about this number.
fn person(said: &Value) -> Result<Checked, NotAsked> {
    let said = &said["Response"];
    if let Some(code) = said["Error"]["Code"].as_str() {
        return match code {
            code if code.starts_with("RequestLimitExceeded") => Err(NotAsked::Busy(BUSY)),
            code if code.starts_with("InternalError") => Ok(NO_ANSWER),
            _ => Ok(NOT_TAKEN),
        };
    }
    Ok(match word(&said["Result"]).as_str() {
        "0" => Checked::told(Outcome::Same),
        "-1" => Checked::told(Outcome::Differs),
        "-2" | "-3" | "-7" => NOT_TAKEN,
        "-4" | "-6" => Checked::because(Outcome::Down, Because::NotReached),
        "-5" => Checked::told(Outcome::NoRecord),
        _ => UNREADABLE,
    })
}

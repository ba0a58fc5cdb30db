//! The one place where errors become `application/problem+json` (RFC 9457).
//!
//! Invariant: a 5xx says nothing of what is inside; its reference finds the line in the log.

pub mod code;

pub use code::Code;
pub(crate) use code::codes;

pub use super::language::Language;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use node::Passing;
use node::seal;

use super::incident::{closing, found};
use super::terminal::keep;
use super::{account, custom_role, merchant, registration, revision, settlement_hold};

/// When to ask again, seconds, while the store cannot be reached.
const STORE_BACK_SOON_S: u32 = 2;

/// What is wrong with one field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Why {
    /// It is not what its type says.
    #[default]
    Invalid,
    /// It must be there.
    Missing,
    /// There is no such field.
    Unknown,
    /// It is no RFC 3339 time.
    NotATime,
    /// It is none of the known words.
    NotAWord,
    /// Outside its limits.
    OutOfRange,
    /// Longer than allowed.
    TooLong,
    /// Shorter than allowed.
    TooShort,
    /// A password that is guessed early.
    TooCommon,
    /// It is no IANA time zone.
    NotAZone,
    /// It is no currency of ISO 4217.
    NotACurrency,
    /// It is no login.
    NotALogin,
    /// It is no mobile number.
    NotAMobile,
    /// It is no identity number.
    NotAnIdentityNumber,
    /// It is no unified social credit code.
    NotACreditCode,
    /// It is no SHA-256 in hexadecimal digits.
    NotADigest,
    /// It is no IP address with a port.
    NotAnAddress,
    /// It is no address of a mail server.
    NotAMailServer,
    /// It is no address that mails can be sent to.
    NotAMailAddress,
    /// It is no key of 8 or 16 bytes.
    NotAKey,
    /// It checks itself, and does not.
    WrongCheckDigit,
    /// It is no day.
    NotADay,
    /// A master key of another length, or with halves that are alike.
    NotAMasterKey,
    /// It is not the check value of that key.
    WrongCheckValue,
    /// No password that a terminal can take.
    NotDigits,
    /// It did not come from a `next_cursor`.
    NotACursor,
    /// It stays as it is.
    Fixed,
    /// Later than now.
    InFuture,
    /// Too many terminals to look through.
    TooManyTerminals,
    /// What a decision is looked for in is one terminal's ledger.
    OneTerminalForDecision,
}

impl Why {
    const fn text(self, language: Language) -> &'static str {
        let (zh, en) = self.words();
        language.pick(zh, en)
    }

    /// What is said of it, in Chinese and in English.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Invalid => ("内容不符合要求", "is not what it must be"),
            Self::Missing => ("必须填写", "is missing"),
            Self::Unknown => ("没有这个字段", "is not known here"),
            Self::NotATime => (
                "不是 RFC 3339 时间，例如 2026-11-22T07:01:22Z",
                "is no RFC 3339 time like 2026-11-22T07:01:22Z",
            ),
            Self::NotAWord => ("不是允许的取值", "is none of the words allowed here"),
            Self::OutOfRange => ("超出允许的范围", "is out of range"),
            Self::TooLong => ("太长", "is too long"),
            Self::TooShort => ("太短", "is too short"),
            Self::TooCommon => (
                "太常见或太容易猜到，请换一个",
                "is too common or too easy to guess: take another one",
            ),
            Self::NotAZone => (
                "不是 IANA 时区，例如 Asia/Shanghai",
                "is no IANA time zone like Asia/Shanghai",
            ),
            Self::NotACurrency => (
                "不是 ISO 4217 货币代码，例如 CNY",
                "is no ISO 4217 currency like CNY",
            ),
            Self::NotAnAddress => (
                "须为 IP 和端口，例如 192.0.2.7:8583",
                "must be an IP address and a port like 192.0.2.7:8583",
            ),
            Self::NotAMailAddress => (
                "须为邮箱地址，例如 li.na@shop.example",
                "must be an address of mail like li.na@shop.example",
            ),
            Self::NotAMailServer => (
                "须以 smtp:// 或 smtps:// 开头，后面是服务器",
                "must begin with smtp:// or smtps:// and name a server",
            ),
            Self::NotAKey => (
                "须为 16 或 32 位十六进制数字",
                "must be 16 or 32 hexadecimal digits",
            ),
            Self::NotALogin => (
                "须为 2 至 64 个文字、字母、数字或 . _ - @ +，以文字、字母或数字开头",
                "must be 2 to 64 letters, digits or . _ - @ +, with a letter or digit in front",
            ),
            Self::NotAMobile => ("须为 11 位手机号码", "must be a mobile number of 11 digits"),
            Self::NotAnIdentityNumber => (
                "须为 18 位身份证件号码，出生日期须真实",
                "must be an identity number of 18 characters with a real date of birth",
            ),
            Self::NotACreditCode => (
                "须为 18 位统一社会信用代码，请对照执照再核对",
                "must be a unified social credit code of 18 characters: compare it with the licence",
            ),
            Self::NotADigest => (
                "须为 64 位十六进制的 SHA-256",
                "must be a SHA-256 of 64 hexadecimal digits",
            ),
            Self::WrongCheckDigit => ("校验位不对，请再核对一遍", "has a wrong check digit: look again"),
            Self::NotADay => ("不是日期，例如 2026-11-22", "is no day like 2026-11-22"),
            Self::NotAMasterKey => (
                "须为 16 或 24 字节的十六进制密钥，各段等长，合成后不能是弱密钥",
                "must be a key of 16 or 24 bytes in hexadecimal digits, all parts alike long, and no weak one when put together",
            ),
            Self::NotDigits => ("须为 4 至 12 位数字", "must be 4 to 12 digits"),
            Self::WrongCheckValue => ("校验值与密钥不符", "is not the check value of this key"),
            Self::NotACursor => ("不是列表给出的游标", "is no cursor that a list has given"),
            Self::Fixed => ("不能更改", "cannot be changed"),
            Self::InFuture => ("不能晚于现在", "must not be later than now"),
            Self::TooManyTerminals => (
                "可见终端超过 200 台，请指定一台",
                "is needed: more than 200 terminals are visible, name one",
            ),
            Self::OneTerminalForDecision => (
                "按结果筛选时须指定一台终端",
                "is needed: a decision other than pending is looked for in one terminal only",
            ),
        }
    }
}

/// What stands in the way, by its words.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
enum Because {
    #[default]
    Nothing,
    Holds(Vec<String>),
    Duties(Vec<String>),
}

/// A refused or failed request, before its language is known.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// What.
    pub code: Code,
    #[serde(skip)]
    field: Option<(String, Why)>,
    attempts_left: Option<u32>,
    #[serde(default)]
    because: Because,
    #[serde(skip)]
    retry_after_s: Option<u32>,
    /// In place of the code's own sentence, Chinese and English.
    sentence: Option<Box<(String, String)>>,
    reference: String,
}

impl Passing for Problem {
    fn passes(&self) -> bool {
        // A store that has stopped for good says so by a longer wait.
        let soon = self
            .retry_after_s
            .is_some_and(|wait_s| wait_s <= STORE_BACK_SOON_S);
        soon && matches!(
            self.code,
            code::UNAVAILABLE | code::OVERLOADED | code::OUTCOME_UNKNOWN
        )
    }
}

/// A problem as it travels.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemOut {
    /// Always `about:blank`.
    r#type: &'static str,
    /// A few words.
    title: &'static str,
    /// The HTTP status again.
    status: u16,
    /// Stable, for programs.
    code: Code,
    /// A sentence for people, in the language of `Accept-Language` (Chinese or English).
    detail: String,
    /// The field that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// Tries before the terminal is locked for a time; zero: it is locked now.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts_left: Option<u32>,
    /// The holds that stand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hold_kinds: Vec<String>,
    /// Duties that keep an incident from being closed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    open_duties: Vec<String>,
    /// Finds the line in the log.
    reference: String,
}

impl Problem {
    /// A problem of that code.
    pub fn new(code: Code) -> Self {
        let reference = domain::hex::of(&seal::random::<6>().unwrap_or_default());
        Self {
            code,
            field: None,
            attempts_left: None,
            because: Because::Nothing,
            retry_after_s: None,
            sentence: None,
            reference,
        }
    }

    /// One field is wrong.
    pub fn field(name: impl Into<String>, why: Why) -> Self {
        Self {
            field: Some((name.into(), why)),
            ..Self::new(code::INVALID_FIELD)
        }
    }

    /// Says this in place of the code's own sentence.
    pub fn saying(self, zh: String, en: String) -> Self {
        Self {
            sentence: Some(Box::new((zh, en))),
            ..self
        }
    }

    /// The field that is wrong, if it is one.
    pub fn wrong_field(&self) -> Option<&str> {
        self.field.as_ref().map(|(field, _)| field.as_str())
    }

    /// What is wrong with the field.
    pub fn why(&self) -> Option<Why> {
        self.field.as_ref().map(|(_, why)| *why)
    }

    /// What is wrong, in a sentence that stands beside the name of its field.
    pub fn reason(&self, language: Language) -> String {
        match &self.field {
            Some((_, why)) => why.text(language).to_owned(),
            None => self.sentence(language).to_owned(),
        }
    }

    /// The sentence for people where no field is wrong.
    fn sentence(&self, language: Language) -> &str {
        match self.sentence.as_deref() {
            Some((zh, en)) => language.pick(zh, en),
            None => self.code.words(language).1,
        }
    }

    /// So many tries are left.
    pub fn attempts_left(self, attempts_left: u32) -> Self {
        Self {
            attempts_left: Some(attempts_left),
            ..self
        }
    }

    /// Because of these holds.
    pub fn held_by(self, standing: domain::hold::Standing) -> Self {
        Self {
            because: Because::Holds(standing.kinds().map(|kind| kind.code().to_owned()).collect()),
            ..self
        }
    }

    /// Because of these duties.
    pub fn open_duties(self, open_duties: Vec<String>) -> Self {
        Self {
            because: Because::Duties(open_duties),
            ..self
        }
    }

    /// Its HTTP status.
    pub const fn status(&self) -> StatusCode {
        self.code.status()
    }

    /// Asks to come back later.
    pub fn retry_after_s(self, seconds: u32) -> Self {
        Self {
            retry_after_s: Some(seconds),
            ..self
        }
    }

    /// Something failed inside; `what` is for the log only.
    pub fn internal(what: &dyn std::fmt::Display) -> Self {
        let problem = Self::new(code::INTERNAL);
        tracing::error!(reference = %problem.reference, %what, "a request failed");
        problem
    }

    /// The problem for an answer that the router or a library made.
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::new(code::NOT_FOUND),
            StatusCode::METHOD_NOT_ALLOWED => Self::new(code::METHOD_NOT_ALLOWED),
            StatusCode::REQUEST_TIMEOUT => Self::new(code::BODY_TOO_SLOW),
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(code::BODY_TOO_LARGE),
            status if status.is_client_error() => Self::new(code::MALFORMED_REQUEST),
            status => Self::internal(&status),
        }
    }

    /// Writes the problem where no handler has been.
    pub fn plain(self, language: Language) -> Response {
        let mut response = self.into_response();
        match response.extensions_mut().remove::<Self>() {
            Some(problem) => problem.write(response, language),
            None => response,
        }
    }

    /// Writes the problem in place of the body of `response`; its other headers stay.
    pub fn write(self, response: Response, language: Language) -> Response {
        let reason = self.reason(language);
        let detail = match (&self.field, language) {
            (None, _) => reason,
            (Some((field, _)), Language::Chinese) => format!("{field}：{reason}。"),
            (Some((field, _)), Language::English) => format!("{field} {reason}."),
        };
        let (hold_kinds, open_duties) = match self.because {
            Because::Nothing => Default::default(),
            Because::Holds(kinds) => (kinds, Vec::new()),
            Because::Duties(duties) => (Vec::new(), duties),
        };
        let out = ProblemOut {
            r#type: "about:blank",
            title: self.code.words(language).0,
            status: self.code.status().as_u16(),
            code: self.code,
            detail,
            field: self.field.map(|(field, _)| field),
            attempts_left: self.attempts_left,
            hold_kinds,
            open_duties,
            reference: self.reference,
        };
        let (mut parts, _) = response.into_parts();
        parts.status = self.code.status();
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.remove(header::CONTENT_TYPE);
        let problem_json = HeaderValue::from_static("application/problem+json");
        let mut written = (parts, Json(out)).into_response();
        written.headers_mut().insert(header::CONTENT_TYPE, problem_json);
        written
    }
}

/// Carries the problem to the edge, which knows the language and writes it.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if self.code == code::UNAUTHENTICATED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<app::password::Unfit> for Why {
    fn from(unfit: app::password::Unfit) -> Self {
        use app::password::Unfit;
        match unfit {
            Unfit::TooShort => Self::TooShort,
            Unfit::TooLong => Self::TooLong,
            Unfit::TooCommon => Self::TooCommon,
        }
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        let (code, retry_after_s) = match error {
            store::Error::Overloaded => (code::OVERLOADED, Some(1)),
            store::Error::Unavailable => (code::UNAVAILABLE, Some(STORE_BACK_SOON_S)),
            store::Error::OutcomeUnknown => (code::OUTCOME_UNKNOWN, Some(STORE_BACK_SOON_S)),
            store::Error::Stopped => (code::UNAVAILABLE, Some(30)),
            _ => (code::INTERNAL, None),
        };
        let problem = Self {
            retry_after_s,
            ..Self::new(code)
        };
        // Without its source: the database's own words may hold values.
        tracing::error!(reference = %problem.reference, %error, "a request failed in the store");
        problem
    }
}

impl From<app::case::Error> for Problem {
    fn from(error: app::case::Error) -> Self {
        use app::case::{Against, Error};
        match error {
            Error::NotFound(subject) => Self::new(Code::none_of(subject)),
            Error::Taken(_) => Self::new(code::TAKEN),
            Error::Unknown(field) => Self::field(field, Why::Invalid),
            Error::Required(field) => Self::field(field, Why::Missing),
            Error::Fixed(field) => Self::field(field, Why::Fixed),
            Error::TextRequired => Self::field("text", Why::Missing),
            Error::Against(Against::TerminalsInUse) => Self::new(merchant::TERMINALS_IN_USE),
            Error::Against(Against::OutOfBusiness) => Self::new(merchant::OUT_OF_BUSINESS),
            Error::Against(Against::LossOpen) => Self::new(keep::LOSS_OPEN),
            Error::Against(Against::DutiesOpen) => Self::new(closing::DUTIES_OPEN),
            Error::Against(Against::NotInspected) => Self::new(found::INSPECTION_REQUIRED),
            Error::Against(Against::InspectionFailed) => Self::new(found::INSPECTION_FAILED),
            Error::Against(Against::NoNewKeys) => Self::new(found::NEW_KEYS_REQUIRED),
            Error::Against(Against::NoGate) => Self::new(keep::NO_GATE),
            Error::Against(Against::Given) => Self::new(custom_role::GIVEN),
            Error::Against(Against::DocumentsEnded) => Self::new(registration::DOCUMENTS_ENDED),
            Error::Against(Against::TextChanged) => Self::new(revision::TEXT_CHANGED),
            Error::Against(Against::TextWrong) => Self::new(revision::TEXT_WRONG),
            Error::Against(Against::WarningsUnseen) => Self::new(revision::WARNINGS_UNSEEN),
            Error::Against(Against::LaterInUse) => Self::new(revision::LATER_IN_USE),
            Error::Against(Against::TooManyRevisions) => Self::new(revision::TOO_MANY_REVISIONS),
            Error::Against(Against::TooManySettlementHolds) => Self::new(settlement_hold::TOO_MANY),
            Error::Against(Against::SettledOutside) => Self::new(settlement_hold::SETTLED_OUTSIDE),
            Error::Against(Against::LastAdministrator) => Self::new(account::LAST_ADMINISTRATOR),
            Error::NotAllowed => Self::new(code::NOT_ALLOWED),
            Error::SecondPersonRequired => Self::new(code::SECOND_PERSON_REQUIRED),
            Error::StepUpRequired => Self::new(code::STEP_UP_REQUIRED),
            Error::SecondFactorRequired => Self::new(code::SECOND_FACTOR_REQUIRED),
            Error::PersonRequired => Self::new(code::PERSON_REQUIRED),
            Error::WrongState(_) => Self::new(code::WRONG_STATE),
            Error::Store(error) => error.into(),
        }
    }
}

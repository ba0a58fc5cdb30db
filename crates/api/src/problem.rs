//! The one place where errors become `application/problem+json` (RFC 9457).
//!
//! Invariant: a 5xx says nothing of what is inside; its reference finds the line in the log.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::event::Subject;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use node::Passing;
use node::seal;

/// When to ask again, seconds, while the store cannot be reached.
const STORE_BACK_SOON_S: u32 = 2;

/// The language of an answer's sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// 中文.
    Chinese,
    /// English.
    English,
}

impl Language {
    /// Of `Accept-Language` the one of ours with the highest weight, the first of equals; else English.
    pub fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT_LANGUAGE).iter();
        let ranges = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        let mut best = (0, Self::English);
        for (language, weight) in ranges.filter_map(Self::range) {
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }

    /// One language range and its weight in thousandths (RFC 9110, section 12.4.2), when it is ours.
    fn range(text: &str) -> Option<(Self, u32)> {
        let mut parts = text.split(';').map(str::trim);
        let primary = parts.next()?.split('-').next()?;
        let language = match primary.to_ascii_lowercase().as_str() {
            "zh" => Self::Chinese,
            "en" => Self::English,
            _ => return None,
        };
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let thousandths = weight.map_or(Ok(1.0), str::parse::<f32>).ok()? * 1000.0;
        Some((language, thousandths.clamp(0.0, 1000.0) as u32))
    }

    const fn pick(self, zh: &'static str, en: &'static str) -> &'static str {
        match self {
            Self::Chinese => zh,
            Self::English => en,
        }
    }
}

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
    /// It did not come from a `next_cursor`.
    NotACursor,
    /// Later than now.
    InFuture,
    /// Too many terminals to look through.
    TooManyTerminals,
}

impl Why {
    const fn text(self, language: Language) -> &'static str {
        match self {
            Self::Invalid => language.pick("内容不符合要求", "is not what it must be"),
            Self::Missing => language.pick("必须填写", "is missing"),
            Self::Unknown => language.pick("没有这个字段", "is not known here"),
            Self::NotATime => language.pick(
                "不是 RFC 3339 时间，例如 2026-11-22T07:01:22Z",
                "is no RFC 3339 time like 2026-11-22T07:01:22Z",
            ),
            Self::NotAWord => language.pick("不是允许的取值", "is none of the words allowed here"),
            Self::OutOfRange => language.pick("超出允许的范围", "is out of range"),
            Self::TooLong => language.pick("太长", "is too long"),
            Self::NotACursor => language.pick("不是列表给出的游标", "is no cursor that a list has given"),
            Self::InFuture => language.pick("不能晚于现在", "must not be later than now"),
            Self::TooManyTerminals => language.pick(
                "可见终端超过 200 台，请指定一台",
                "is needed: more than 200 terminals are visible, name one",
            ),
        }
    }
}

/// The stable word of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProblemCode)]
pub enum Code {
    /// No valid session.
    Unauthenticated,
    /// Wrong login or password.
    InvalidCredentials,
    /// The role may not.
    NotAllowed,
    /// A browser sent it from another site.
    CrossOrigin,
    /// The one who proposed cannot confirm.
    SecondPersonRequired,
    /// Wrong operator or password.
    WrongOperatorPassword,
    /// No such address.
    NotFound,
    /// No such terminal, for this account.
    TerminalNotFound,
    /// No such incident, for this account.
    IncidentNotFound,
    /// No such contact, for this account.
    ContactNotFound,
    /// There is no such work, for this account.
    WorkNotFound,
    /// There is one like this already.
    Taken,
    /// The address has no such method.
    MethodNotAllowed,
    /// No cashier lock stands.
    NotLocked,
    /// Another hold stands that a password cannot release.
    Held,
    /// The incident is in another state.
    WrongState,
    /// The report was closed as found: the terminal may trade again.
    ReportClosed,
    /// The body did not come in time.
    BodyTooSlow,
    /// The body is larger than 64 KiB.
    BodyTooLarge,
    /// The body is not `application/json`.
    UnsupportedMediaType,
    /// The request cannot be read at all.
    MalformedRequest,
    /// The body is no JSON object.
    MalformedJson,
    /// One field is wrong.
    InvalidField,
    /// The key was used for another request.
    IdempotencyKeyReused,
    /// Too many failed log-ins.
    TooManyAttempts,
    /// Too many live streams.
    TooManyStreams,
    /// Something failed inside.
    Internal,
    /// Too much work at once.
    Overloaded,
    /// The node does not work any more.
    Unavailable,
    /// It took too long.
    TimedOut,
    /// It was done or not: the store cannot say.
    OutcomeUnknown,
    /// Whether the terminal is stopped is not known yet.
    StopUnknown,
    /// The terminal is stopped; whether an approval from before is still on its way is not known yet.
    StoppedUnacknowledged,
}

impl Code {
    const fn status(self) -> StatusCode {
        match self {
            Self::Unauthenticated | Self::InvalidCredentials => StatusCode::UNAUTHORIZED,
            Self::NotAllowed
            | Self::CrossOrigin
            | Self::SecondPersonRequired
            | Self::WrongOperatorPassword => StatusCode::FORBIDDEN,
            Self::NotFound
            | Self::TerminalNotFound
            | Self::IncidentNotFound
            | Self::ContactNotFound
            | Self::WorkNotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotLocked | Self::Held | Self::WrongState | Self::Taken | Self::ReportClosed => {
                StatusCode::CONFLICT
            }
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::MalformedRequest | Self::MalformedJson => StatusCode::BAD_REQUEST,
            Self::InvalidField | Self::IdempotencyKeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooManyAttempts | Self::TooManyStreams => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Overloaded
            | Self::Unavailable
            | Self::TimedOut
            | Self::OutcomeUnknown
            | Self::StopUnknown
            | Self::StoppedUnacknowledged => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Title and sentence.
    const fn words(self, language: Language) -> (&'static str, &'static str) {
        let (zh, en) = self.both();
        match language {
            Language::Chinese => zh,
            Language::English => en,
        }
    }

    const fn both(self) -> ((&'static str, &'static str), (&'static str, &'static str)) {
        match self {
            Self::Unauthenticated => (("未登录", "请先登录。"), ("Not logged in", "Log in first.")),
            Self::InvalidCredentials => (
                ("登录失败", "账号或密码不对。"),
                ("Not logged in", "The login or the password is wrong."),
            ),
            Self::NotAllowed => (
                ("不允许", "您的角色不能这样做。"),
                ("Not allowed", "Your role does not allow this."),
            ),
            Self::CrossOrigin => (
                ("不允许", "请求来自另一个网站。"),
                ("Not allowed", "The request came from another site."),
            ),
            Self::SecondPersonRequired => (
                ("需要第二个人", "提出找回的人不能自己确认，须由另一人确认。"),
                (
                    "A second person is required",
                    "Somebody other than the person who said it was found must confirm.",
                ),
            ),
            Self::WrongOperatorPassword => (
                ("密码错误", "操作员号或密码不对。"),
                ("Wrong password", "The operator or the password is wrong."),
            ),
            Self::NotFound => (
                ("没有找到", "没有这个地址。"),
                ("Not found", "There is nothing at this address."),
            ),
            Self::TerminalNotFound => (
                ("没有找到终端", "没有这台终端。"),
                ("Terminal not found", "There is no such terminal."),
            ),
            Self::IncidentNotFound => (
                ("没有找到事件", "没有这个丢失事件。"),
                ("Incident not found", "There is no such incident."),
            ),
            Self::ContactNotFound => (
                ("没有找到联系人", "没有这个联系人。"),
                ("Contact not found", "There is no such contact."),
            ),
            Self::WorkNotFound => (
                ("没有找到待办", "没有这项工作，可能已经办完。"),
                (
                    "Work not found",
                    "There is no such work; it may be done meanwhile.",
                ),
            ),
            Self::Taken => (
                ("已经有了", "已经有一个同样的，请查看列表。"),
                (
                    "There already",
                    "There is one like this already: look in the list.",
                ),
            ),
            Self::MethodNotAllowed => (
                ("方法不允许", "这个地址不接受这种方法。"),
                ("Method not allowed", "This address does not take this method."),
            ),
            Self::NotLocked => (
                ("没有锁定", "这台终端没有被收银员锁定。"),
                ("Not locked", "No cashier has locked this terminal."),
            ),
            Self::Held => (
                ("终端被停用", "这台终端因其他原因停用，密码不能解除。"),
                (
                    "Terminal held",
                    "The terminal is stopped for a reason that a password cannot release.",
                ),
            ),
            Self::WrongState => (
                ("状态不符", "目前的状态不允许这样做。"),
                ("Wrong state", "It is in a state that does not allow this."),
            ),
            Self::ReportClosed => (
                (
                    "报失已结案",
                    "这次报失已作为找回结案，终端可能又在交易。如再次丢失，请用新的 Idempotency-Key 重新报失。",
                ),
                (
                    "Report closed",
                    "This report was closed as found, and the terminal may trade again. If it is missing, report it anew with a \
                     new Idempotency-Key.",
                ),
            ),
            Self::BodyTooSlow => (
                ("太慢", "请求内容没有及时传完。"),
                ("Too slow", "The body did not come in time."),
            ),
            Self::BodyTooLarge => (
                ("内容太大", "请求内容不能超过 64 KiB。"),
                ("Too large", "A request may hold at most 64 KiB."),
            ),
            Self::UnsupportedMediaType => (
                ("类型不支持", "请求内容须为 application/json。"),
                ("Wrong content type", "Send application/json."),
            ),
            Self::MalformedRequest => (
                ("请求无法读取", "请求的地址或参数有误。"),
                (
                    "Malformed request",
                    "The address or its parameters cannot be read.",
                ),
            ),
            Self::MalformedJson => (
                ("JSON 有误", "请求内容不是有效的 JSON 对象。"),
                ("Malformed JSON", "The body is not a valid JSON object."),
            ),
            Self::InvalidField => (
                ("内容有误", "请检查填写的内容。"),
                ("Invalid content", "Check what was sent."),
            ),
            Self::IdempotencyKeyReused => (
                ("重复使用的键", "这个 Idempotency-Key 已用于另一个请求。"),
                (
                    "Key already used",
                    "This Idempotency-Key was used for another request.",
                ),
            ),
            Self::TooManyAttempts => (
                ("尝试过多", "登录失败次数过多，请稍后再试。"),
                ("Too many attempts", "Too many log-ins failed. Try again later."),
            ),
            Self::TooManyStreams => (
                ("连接过多", "实时连接过多，请关闭其他页面。"),
                (
                    "Too many streams",
                    "Too many live streams are open. Close some pages.",
                ),
            ),
            Self::Internal => (
                ("内部错误", "服务器内部出错，请稍后再试。"),
                ("Internal error", "Something failed inside. Try again later."),
            ),
            Self::Overloaded => (
                ("繁忙", "服务器繁忙，请稍后再试。"),
                ("Busy", "The server is busy. Try again shortly."),
            ),
            Self::Unavailable => (
                ("暂停服务", "服务器暂时不能工作。"),
                ("Unavailable", "The server cannot work at the moment."),
            ),
            Self::TimedOut => (
                ("超时", "处理时间过长；请求可能已经生效，请查看后再试。"),
                (
                    "Timed out",
                    "It took too long. It may still have happened: look before trying again.",
                ),
            ),
            Self::OutcomeUnknown => (
                ("结果不明", "请求可能已经生效，也可能没有，请查看后再试。"),
                (
                    "Outcome unknown",
                    "It may have happened or not: look before trying again.",
                ),
            ),
            Self::StopUnknown => (
                ("尚不确定", "还不能确定终端是否已经停用，请立即再次报失。"),
                (
                    "Not known",
                    "Whether the terminal is stopped is not known yet. Report it again at once.",
                ),
            ),
            Self::StoppedUnacknowledged => (
                (
                    "已停用，尚未确认",
                    "终端已经停用；之前批准的交易是否还在途中尚不确定。请再次报失以取得确认。",
                ),
                (
                    "Stopped, not acknowledged",
                    "The terminal is stopped; whether an approval from before is still on its way is not known yet. Report it again \
                     to hear.",
                ),
            ),
        }
    }
}

/// A refused or failed request, before its language is known.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// What.
    pub code: Code,
    #[serde(skip)]
    field: Option<(String, Why)>,
    attempts_left: Option<u32>,
    hold_kinds: Vec<String>,
    #[serde(skip)]
    retry_after_s: Option<u32>,
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
            Code::Unavailable | Code::Overloaded | Code::OutcomeUnknown
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
    /// Finds the line in the log.
    reference: String,
}

impl Problem {
    /// A problem of that code.
    pub fn new(code: Code) -> Self {
        let reference = seal::random::<6>()
            .unwrap_or_default()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            code,
            field: None,
            attempts_left: None,
            hold_kinds: Vec::new(),
            retry_after_s: None,
            reference,
        }
    }

    /// One field is wrong.
    pub fn field(name: impl Into<String>, why: Why) -> Self {
        Self {
            field: Some((name.into(), why)),
            ..Self::new(Code::InvalidField)
        }
    }

    /// The field that is wrong, if it is one.
    pub fn wrong_field(&self) -> Option<&str> {
        self.field.as_ref().map(|(field, _)| field.as_str())
    }

    /// Wrong operator password, with the tries that are left.
    pub fn wrong_operator_password(attempts_left: u32) -> Self {
        Self {
            attempts_left: Some(attempts_left),
            ..Self::new(Code::WrongOperatorPassword)
        }
    }

    /// Held for other reasons.
    pub fn held(standing: domain::hold::Standing) -> Self {
        Self {
            hold_kinds: standing.kinds().map(|kind| kind.code().to_owned()).collect(),
            ..Self::new(Code::Held)
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
        let problem = Self::new(Code::Internal);
        tracing::error!(reference = %problem.reference, %what, "a request failed");
        problem
    }

    /// The problem for an answer that the router or a library made.
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::new(Code::NotFound),
            StatusCode::METHOD_NOT_ALLOWED => Self::new(Code::MethodNotAllowed),
            StatusCode::REQUEST_TIMEOUT => Self::new(Code::BodyTooSlow),
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(Code::BodyTooLarge),
            status if status.is_client_error() => Self::new(Code::MalformedRequest),
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
        let (title, sentence) = self.code.words(language);
        let (field, detail) = match self.field {
            None => (None, sentence.to_owned()),
            Some((field, why)) => {
                let detail = match language {
                    Language::Chinese => format!("{field}：{}。", why.text(language)),
                    Language::English => format!("{field} {}.", why.text(language)),
                };
                (Some(field), detail)
            }
        };
        let out = ProblemOut {
            r#type: "about:blank",
            title,
            status: self.code.status().as_u16(),
            code: self.code,
            detail,
            field,
            attempts_left: self.attempts_left,
            hold_kinds: self.hold_kinds,
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
        if self.code == Code::Unauthenticated {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        let (code, retry_after_s) = match error {
            store::Error::Overloaded => (Code::Overloaded, Some(1)),
            store::Error::Unavailable => (Code::Unavailable, Some(STORE_BACK_SOON_S)),
            store::Error::OutcomeUnknown => (Code::OutcomeUnknown, Some(STORE_BACK_SOON_S)),
            store::Error::Stopped => (Code::Unavailable, Some(30)),
            _ => (Code::Internal, None),
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
        use app::case::Error;
        match error {
            Error::NotFound(Subject::Terminal) => Self::new(Code::TerminalNotFound),
            Error::NotFound(Subject::Incident) => Self::new(Code::IncidentNotFound),
            Error::NotFound(Subject::Contact) => Self::new(Code::ContactNotFound),
            Error::NotFound(Subject::Work) => Self::new(Code::WorkNotFound),
            Error::Taken(_) => Self::new(Code::Taken),
            Error::Unknown(field) => Self::field(field, Why::Invalid),
            Error::TextRequired => Self::field("text", Why::Missing),
            Error::NotAllowed => Self::new(Code::NotAllowed),
            Error::SecondPersonRequired => Self::new(Code::SecondPersonRequired),
            Error::WrongState(_) => Self::new(Code::WrongState),
            Error::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(accepted: &str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, accepted.parse().unwrap());
        Language::of(&headers)
    }

    #[test]
    fn the_language_we_speak_with_the_highest_weight_is_taken() {
        assert_eq!(language("zh-CN,zh;q=0.9,en;q=0.8"), Language::Chinese);
        assert_eq!(language("fr-FR, en;q=0.5, zh;q=0.3"), Language::English);
        assert_eq!(language("en;q=0.2, zh;q=0.9"), Language::Chinese);
        assert_eq!(language("zh;q=0, en;q=0.1"), Language::English);
        assert_eq!(language("zh-Hant-TW;q=0.5, en;q=0.50"), Language::Chinese);
        assert_eq!(language("en;q=much, zh;q=0.1"), Language::Chinese);
        assert_eq!(language("enm, zh;q=0.1"), Language::Chinese);
        assert_eq!(language("语"), Language::English);
        assert_eq!(Language::of(&HeaderMap::new()), Language::English);
    }
}

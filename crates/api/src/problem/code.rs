//! The codes of problems: each with its status and its sentences in both languages.
//!
//! Here stand those that any request may come to. What only one subject comes to stands in its own file, made by [`codes!`].
//!
//! Invariant: a code never changes once clients may know it; each stands once and says something in both languages.

use axum::http::StatusCode;
use domain::event::Subject;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::language::Language;

/// The stable word of a problem.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Code(&'static Said);

/// What a code says.
#[derive(PartialEq, Eq)]
pub struct Said {
    /// Its word.
    pub word: &'static str,
    /// Its HTTP status.
    pub status: StatusCode,
    /// Title and sentence in Chinese.
    pub zh: (&'static str, &'static str),
    /// Title and sentence in English.
    pub en: (&'static str, &'static str),
}

impl Code {
    /// The code that says this; see [`codes!`].
    pub const fn new(said: &'static Said) -> Self {
        Self(said)
    }

    /// All of them.
    fn all() -> impl Iterator<Item = Self> {
        crate::CODES.iter().flat_map(|codes| codes.iter().copied())
    }

    /// What says that there is none of these: the subject's own `…_not_found`.
    pub fn none_of(subject: Subject) -> Self {
        let is_own = |code: &Self| code.0.word.strip_suffix("_not_found") == Some(subject.code());
        Self::all().find(is_own).unwrap_or(NOT_FOUND)
    }

    /// Its word.
    pub const fn word(self) -> &'static str {
        self.0.word
    }

    /// Its HTTP status.
    pub const fn status(self) -> StatusCode {
        self.0.status
    }

    /// Title and sentence.
    pub const fn words(self, language: Language) -> (&'static str, &'static str) {
        match language {
            Language::Chinese => self.0.zh,
            Language::English => self.0.en,
        }
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.word)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.word)
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let code = Self::all().find(|code| code.0.word == text);
        code.ok_or_else(|| serde::de::Error::custom("no code of a problem"))
    }
}

impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("The stable word of a problem."))
            .enum_values(Some(Self::all().map(|code| code.0.word)))
            .into()
    }
}

impl ToSchema for Code {
    fn name() -> std::borrow::Cow<'static, str> {
        "ProblemCode".into()
    }
}

/// Makes the codes of a subject: a constant each, and `CODES`, which `lib.rs` collects.
///
/// `NAME = "word", STATUS: (Chinese title, sentence), (English title, sentence);`
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $status:ident: $zh:expr, $en:expr;)+) => {
        $(
            $(#[$doc])*
            pub const $name: $crate::problem::Code = $crate::problem::Code::new(&$crate::problem::code::Said {
                word: $word,
                status: axum::http::StatusCode::$status,
                zh: $zh,
                en: $en,
            });
        )+

        /// All of this subject.
        pub const CODES: &[$crate::problem::Code] = &[$($name),+];
    };
}
pub(crate) use codes;

codes! {
    // Who asks.
    /// No valid session.
    UNAUTHENTICATED = "unauthenticated", UNAUTHORIZED:
        ("未登录", "请先登录。"),
        ("Not logged in", "Log in first.");
    /// The role may not.
    NOT_ALLOWED = "not_allowed", FORBIDDEN:
        ("不允许", "您的角色不能这样做。"),
        ("Not allowed", "Your role does not allow this.");
    /// A browser sent it from another site.
    CROSS_ORIGIN = "cross_origin", FORBIDDEN:
        ("不允许", "请求来自另一个网站，或页面太旧，请刷新。"),
        ("Not allowed", "The request came from another site, or from a page that is too old: reload it.");
    /// A program asks, by a key.
    PERSON_REQUIRED = "person_required", FORBIDDEN:
        ("须由人操作", "这一步只能由登录的人来做，不能用 API 密钥。"),
        ("A person is required", "Only a person who has logged in may do this, not a program with an API key.");
    /// A program asks too much.
    TOO_MANY_REQUESTS = "too_many_requests", TOO_MANY_REQUESTS:
        ("请求太多", "这把 API 密钥请求得太快，请稍后再试。"),
        ("Too many requests", "This API key asks too fast. Try again shortly.");
    // Steps, of every noun with states.
    /// It is in another state.
    WRONG_STATE = "wrong_state", CONFLICT:
        ("状态不符", "目前的状态不允许这样做。"),
        ("Wrong state", "It is in a state that does not allow this.");
    /// The one who proposed cannot confirm.
    SECOND_PERSON_REQUIRED = "second_person_required", FORBIDDEN:
        ("需要第二个人", "提出的人不能自己确认，须由另一人确认。"),
        ("A second person is required", "Somebody other than the person who proposed it must confirm.");
    /// More than a session is asked for.
    STEP_UP_REQUIRED = "step_up_required", FORBIDDEN:
        ("请再次确认身份", "这一步须先确认是您本人：用通行密钥、验证码或密码。"),
        ("Prove who you are", "This step needs you to prove anew who you are: by passkey, code or password.");
    /// The house requires a second factor, and there is none.
    SECOND_FACTOR_REQUIRED = "second_factor_required", FORBIDDEN:
        ("需要两步验证", "您的账号须先设置两步验证，才能这样做。报失和查看不受影响。"),
        ("A second factor is required", "Your account needs a second factor before it may do this. Reporting a loss and looking are not affected.");
    /// There is one like this already.
    TAKEN = "taken", CONFLICT:
        ("已经有了", "已经有一个同样的，请查看列表。"),
        ("There already", "There is one like this already: look in the list.");
    // Requests.
    /// No such address.
    NOT_FOUND = "not_found", NOT_FOUND:
        ("没有找到", "没有这个地址。"),
        ("Not found", "There is nothing at this address.");
    /// The address has no such method.
    METHOD_NOT_ALLOWED = "method_not_allowed", METHOD_NOT_ALLOWED:
        ("方法不允许", "这个地址不接受这种方法。"),
        ("Method not allowed", "This address does not take this method.");
    /// The body did not come in time.
    BODY_TOO_SLOW = "body_too_slow", REQUEST_TIMEOUT:
        ("太慢", "请求内容没有及时传完。"),
        ("Too slow", "The body did not come in time.");
    /// The body is larger than 64 KiB.
    BODY_TOO_LARGE = "body_too_large", PAYLOAD_TOO_LARGE:
        ("内容太大", "请求内容不能超过 64 KiB。"),
        ("Too large", "A request may hold at most 64 KiB.");
    /// The body is not `application/json`.
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE:
        ("类型不支持", "请求内容须为 application/json。"),
        ("Wrong content type", "Send application/json.");
    /// The request cannot be read at all.
    MALFORMED_REQUEST = "malformed_request", BAD_REQUEST:
        ("请求无法读取", "请求的地址或参数有误。"),
        ("Malformed request", "The address or its parameters cannot be read.");
    /// The body is no JSON object.
    MALFORMED_JSON = "malformed_json", BAD_REQUEST:
        ("JSON 有误", "请求内容不是有效的 JSON 对象。"),
        ("Malformed JSON", "The body is not a valid JSON object.");
    /// One field is wrong.
    INVALID_FIELD = "invalid_field", UNPROCESSABLE_ENTITY:
        ("内容有误", "请检查填写的内容。"),
        ("Invalid content", "Check what was sent.");
    /// The key was used for another request.
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused", UNPROCESSABLE_ENTITY:
        ("重复使用的键", "这个 Idempotency-Key 已用于另一个请求。"),
        ("Key already used", "This Idempotency-Key was used for another request.");
    // The node itself.
    /// Something failed inside.
    INTERNAL = "internal", INTERNAL_SERVER_ERROR:
        ("内部错误", "服务器内部出错，请稍后再试。"),
        ("Internal error", "Something failed inside. Try again later.");
    /// Too much work at once.
    OVERLOADED = "overloaded", SERVICE_UNAVAILABLE:
        ("繁忙", "服务器繁忙，请稍后再试。"),
        ("Busy", "The server is busy. Try again shortly.");
    /// The node does not work any more.
    UNAVAILABLE = "unavailable", SERVICE_UNAVAILABLE:
        ("暂停服务", "服务器暂时不能工作。"),
        ("Unavailable", "The server cannot work at the moment.");
    /// It took too long.
    TIMED_OUT = "timed_out", SERVICE_UNAVAILABLE:
        ("超时", "处理时间过长；请求可能已经生效，请查看后再试。"),
        ("Timed out", "It took too long. It may still have happened: look before trying again.");
    /// It was done or not: the store cannot say.
    OUTCOME_UNKNOWN = "outcome_unknown", SERVICE_UNAVAILABLE:
        ("结果不明", "请求可能已经生效，也可能没有，请查看后再试。"),
        ("Outcome unknown", "It may have happened or not: look before trying again.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_stands_once_and_speaks_both_languages() {
        let all: Vec<Code> = Code::all().collect();
        for (at, code) in all.iter().enumerate() {
            let word = code.0.word;
            assert!(all[..at].iter().all(|other| other.0.word != word), "{word}");
            assert_eq!(serde_json::to_value(code).unwrap(), word);
            assert_eq!(serde_json::from_value::<Code>(word.into()).unwrap(), *code);
            let status = code.status();
            assert!(status.is_client_error() || status.is_server_error(), "{word}");
            let (zh_title, zh) = code.words(Language::Chinese);
            let (en_title, en) = code.words(Language::English);
            assert!(zh.ends_with('。') && en.ends_with('.'), "{word}: {zh} {en}");
            assert!(!zh_title.is_ascii() && en_title.is_ascii(), "{word}");
        }
    }

    #[test]
    fn each_subject_says_itself_that_there_is_none() {
        // Nobody asks for these by an identifier.
        let asked = |subject: &Subject| *subject != Subject::Setting;
        for subject in Subject::ALL.into_iter().filter(asked) {
            assert_ne!(Code::none_of(subject), NOT_FOUND, "{subject:?}");
        }
    }

    #[test]
    fn the_document_names_each_code_as_it_is_sent() {
        let schema = serde_json::to_value(Code::schema()).unwrap();
        let sent: Vec<_> = Code::all().collect();
        assert_eq!(schema["enum"], serde_json::to_value(sent).unwrap());
    }
}

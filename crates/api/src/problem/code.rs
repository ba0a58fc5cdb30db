//! The codes of problems: each with its status and its sentences in both languages, by subject.
//!
//! Invariant: a code never changes once clients may know it; each stands once and says something in both languages.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::language::Language;

// `tt`, not `literal`: derives look into a token they are given, not into a literal.
macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $word:tt, $status:ident:
        ($zh_title:literal, $zh:literal), ($en_title:literal, $en:literal);)+) => {
        /// The stable word of a problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[schema(as = ProblemCode)]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $word)] $code,)+
        }

        impl Code {
            /// All of them.
            #[cfg(test)]
            const ALL: &'static [(Self, &'static str)] = &[$((Self::$code, $word)),+];

            /// Its HTTP status.
            pub(super) const fn status(self) -> StatusCode {
                match self {
                    $(Self::$code => StatusCode::$status,)+
                }
            }

            /// Title and sentence.
            pub(super) const fn words(self, language: Language) -> (&'static str, &'static str) {
                match (self, language) {
                    $(
                        (Self::$code, Language::Chinese) => ($zh_title, $zh),
                        (Self::$code, Language::English) => ($en_title, $en),
                    )+
                }
            }
        }
    };
}

codes! {
    // Who asks.
    /// No valid session.
    Unauthenticated = "unauthenticated", UNAUTHORIZED:
        ("未登录", "请先登录。"),
        ("Not logged in", "Log in first.");
    /// Wrong login or password.
    InvalidCredentials = "invalid_credentials", UNAUTHORIZED:
        ("登录失败", "账号或密码不对。"),
        ("Not logged in", "The login or the password is wrong.");
    /// Too many failed log-ins.
    TooManyAttempts = "too_many_attempts", TOO_MANY_REQUESTS:
        ("尝试过多", "登录失败次数过多，请稍后再试。"),
        ("Too many attempts", "Too many log-ins failed. Try again later.");
    /// The role may not.
    NotAllowed = "not_allowed", FORBIDDEN:
        ("不允许", "您的角色不能这样做。"),
        ("Not allowed", "Your role does not allow this.");
    /// A browser sent it from another site.
    CrossOrigin = "cross_origin", FORBIDDEN:
        ("不允许", "请求来自另一个网站。"),
        ("Not allowed", "The request came from another site.");
    // Terminals and their operators.
    /// No such terminal, for this account.
    TerminalNotFound = "terminal_not_found", NOT_FOUND:
        ("没有找到终端", "没有这台终端。"),
        ("Terminal not found", "There is no such terminal.");
    /// Wrong operator or password.
    WrongOperatorPassword = "wrong_operator_password", FORBIDDEN:
        ("密码错误", "操作员号或密码不对。"),
        ("Wrong password", "The operator or the password is wrong.");
    /// No cashier lock stands.
    NotLocked = "not_locked", CONFLICT:
        ("没有锁定", "这台终端没有被收银员锁定。"),
        ("Not locked", "No cashier has locked this terminal.");
    /// Another hold stands that a password cannot release.
    Held = "held", CONFLICT:
        ("终端被停用", "这台终端因其他原因停用，密码不能解除。"),
        ("Terminal held", "The terminal is stopped for a reason that a password cannot release.");
    // Loss reports and incidents.
    /// No such incident, for this account.
    IncidentNotFound = "incident_not_found", NOT_FOUND:
        ("没有找到事件", "没有这个丢失事件。"),
        ("Incident not found", "There is no such incident.");
    /// The one who proposed cannot confirm.
    SecondPersonRequired = "second_person_required", FORBIDDEN:
        ("需要第二个人", "提出找回的人不能自己确认，须由另一人确认。"),
        ("A second person is required", "Somebody other than the person who said it was found must confirm.");
    /// The report was closed as found: the terminal may trade again.
    ReportClosed = "report_closed", CONFLICT:
        ("报失已结案", "这次报失已作为找回结案，终端可能又在交易。如再次丢失，请用新的 Idempotency-Key 重新报失。"),
        ("Report closed", "This report was closed as found, and the terminal may trade again. If it is missing, report it \
         anew with a new Idempotency-Key.");
    /// Whether the terminal is stopped is not known yet.
    StopUnknown = "stop_unknown", SERVICE_UNAVAILABLE:
        ("尚不确定", "还不能确定终端是否已经停用，请立即再次报失。"),
        ("Not known", "Whether the terminal is stopped is not known yet. Report it again at once.");
    /// The terminal is stopped; whether an approval from before is still on its way is not known yet.
    StoppedUnacknowledged = "stopped_unacknowledged", SERVICE_UNAVAILABLE:
        ("已停用，尚未确认", "终端已经停用；之前批准的交易是否还在途中尚不确定。请再次报失以取得确认。"),
        ("Stopped, not acknowledged", "The terminal is stopped; whether an approval from before is still on its way is not known yet. \
         Report it again to hear.");
    // Every noun with states, and those of its own.
    /// The incident is in another state.
    WrongState = "wrong_state", CONFLICT:
        ("状态不符", "目前的状态不允许这样做。"),
        ("Wrong state", "It is in a state that does not allow this.");
    /// There is one like this already.
    Taken = "taken", CONFLICT:
        ("已经有了", "已经有一个同样的，请查看列表。"),
        ("There already", "There is one like this already: look in the list.");
    /// No such contact, for this account.
    ContactNotFound = "contact_not_found", NOT_FOUND:
        ("没有找到联系人", "没有这个联系人。"),
        ("Contact not found", "There is no such contact.");
    /// There is no such work, for this account.
    WorkNotFound = "work_not_found", NOT_FOUND:
        ("没有找到待办", "没有这项工作，可能已经办完。"),
        ("Work not found", "There is no such work; it may be done meanwhile.");
    // Requests.
    /// No such address.
    NotFound = "not_found", NOT_FOUND:
        ("没有找到", "没有这个地址。"),
        ("Not found", "There is nothing at this address.");
    /// The address has no such method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED:
        ("方法不允许", "这个地址不接受这种方法。"),
        ("Method not allowed", "This address does not take this method.");
    /// The body did not come in time.
    BodyTooSlow = "body_too_slow", REQUEST_TIMEOUT:
        ("太慢", "请求内容没有及时传完。"),
        ("Too slow", "The body did not come in time.");
    /// The body is larger than 64 KiB.
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE:
        ("内容太大", "请求内容不能超过 64 KiB。"),
        ("Too large", "A request may hold at most 64 KiB.");
    /// The body is not `application/json`.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE:
        ("类型不支持", "请求内容须为 application/json。"),
        ("Wrong content type", "Send application/json.");
    /// The request cannot be read at all.
    MalformedRequest = "malformed_request", BAD_REQUEST:
        ("请求无法读取", "请求的地址或参数有误。"),
        ("Malformed request", "The address or its parameters cannot be read.");
    /// The body is no JSON object.
    MalformedJson = "malformed_json", BAD_REQUEST:
        ("JSON 有误", "请求内容不是有效的 JSON 对象。"),
        ("Malformed JSON", "The body is not a valid JSON object.");
    /// One field is wrong.
    InvalidField = "invalid_field", UNPROCESSABLE_ENTITY:
        ("内容有误", "请检查填写的内容。"),
        ("Invalid content", "Check what was sent.");
    /// The key was used for another request.
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY:
        ("重复使用的键", "这个 Idempotency-Key 已用于另一个请求。"),
        ("Key already used", "This Idempotency-Key was used for another request.");
    /// Too many live streams.
    TooManyStreams = "too_many_streams", TOO_MANY_REQUESTS:
        ("连接过多", "实时连接过多，请关闭其他页面。"),
        ("Too many streams", "Too many live streams are open. Close some pages.");
    // The node itself.
    /// Something failed inside.
    Internal = "internal", INTERNAL_SERVER_ERROR:
        ("内部错误", "服务器内部出错，请稍后再试。"),
        ("Internal error", "Something failed inside. Try again later.");
    /// Too much work at once.
    Overloaded = "overloaded", SERVICE_UNAVAILABLE:
        ("繁忙", "服务器繁忙，请稍后再试。"),
        ("Busy", "The server is busy. Try again shortly.");
    /// The node does not work any more.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE:
        ("暂停服务", "服务器暂时不能工作。"),
        ("Unavailable", "The server cannot work at the moment.");
    /// It took too long.
    TimedOut = "timed_out", SERVICE_UNAVAILABLE:
        ("超时", "处理时间过长；请求可能已经生效，请查看后再试。"),
        ("Timed out", "It took too long. It may still have happened: look before trying again.");
    /// It was done or not: the store cannot say.
    OutcomeUnknown = "outcome_unknown", SERVICE_UNAVAILABLE:
        ("结果不明", "请求可能已经生效，也可能没有，请查看后再试。"),
        ("Outcome unknown", "It may have happened or not: look before trying again.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_stands_once_and_speaks_both_languages() {
        for (at, (code, word)) in Code::ALL.iter().enumerate() {
            assert!(Code::ALL[..at].iter().all(|(_, other)| other != word), "{word}");
            assert_eq!(serde_json::to_value(code).unwrap(), *word);
            let status = code.status();
            assert!(status.is_client_error() || status.is_server_error(), "{word}");
            let (zh_title, zh) = code.words(Language::Chinese);
            let (en_title, en) = code.words(Language::English);
            assert!(zh.ends_with('。') && en.ends_with('.'), "{word}: {zh} {en}");
            assert!(!zh_title.is_ascii() && en_title.is_ascii(), "{word}");
        }
    }

    #[test]
    fn the_document_names_each_code_as_it_is_sent() {
        let schema = serde_json::to_value(<Code as utoipa::PartialSchema>::schema()).unwrap();
        let sent: Vec<_> = Code::ALL.iter().map(|(_, word)| *word).collect();
        assert_eq!(schema["enum"], serde_json::json!(sent));
    }
}

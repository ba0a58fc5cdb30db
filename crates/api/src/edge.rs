//! What every request passes first and every answer last: the arrival time, the time limit, problems in the reader's
//! language, and the headers that keep browsers careful.
//!
//! Invariant: no error leaves the API in any other form than problem+json.

use std::any::Any;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::HttpBody;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Version, header};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{IntoResponse, Response};
use domain::Timestamp;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::{CompressionLayer, Predicate};

use super::problem::{Language, Problem, code};

/// Where reports of loss go.
const REPORT_PATH: &str = "/api/v1/incidents";
/// Under which each terminal is.
const TERMINALS_PATH: &str = "/api/v1/terminals";
/// The same for who cannot log in.
const EMERGENCY_PATH: &str = "/api/v1/emergency-report";
/// Where files of transactions go.
const STATEMENTS_PATH: &str = "/api/v1/statements";
/// How long the sender of a body may take for it.
pub const BODY_TIME_MAX: Duration = Duration::from_secs(10);
/// How long the sender of a file of an incident may take for it, as long as it comes on.
pub const UPLOAD_TIME_MAX: Duration = Duration::from_secs(120);
/// How long what such a file goes through may take besides: it is looked for viruses, made anew, read, and kept piece by piece.
pub const UPLOADED_TIME_MAX: Duration = Duration::from_secs(90);
/// How long an evidence pack may take to be made: documents, files, a time stamp from outside.
const PACK_TIME_MAX: Duration = Duration::from_secs(120);
/// How long a handler may take, its body's time with it; a live stream counts only until it starts. A report has a limit
/// of its own, because its answer must say what is known.
pub const TIME_MAX: Duration = BODY_TIME_MAX.saturating_add(Duration::from_secs(10));

/// When a request reached the node, and whether it is a report of loss, for which everything is kept free.
#[derive(Clone, Copy, Debug)]
pub struct Arrived {
    /// By the clock on the wall.
    pub at: Timestamp,
    /// By one that never steps.
    pub since: Instant,
    /// Whether it is a report of loss.
    pub is_report: bool,
}

impl Arrived {
    fn now(request: &Request) -> Self {
        Self {
            at: node::now(),
            since: Instant::now(),
            is_report: is_report(request.method(), request.uri().path()),
        }
    }
}

/// Whether a request is a report of loss.
pub fn is_report(method: &Method, path: &str) -> bool {
    method == Method::POST && (path == REPORT_PATH || path == EMERGENCY_PATH)
}

/// Whether a request brings a file to an incident, of transactions, or a photo of a terminal, for which there is more time.
fn is_upload(method: &Method, path: &str) -> bool {
    let is_of = |nouns: &str, files: &str| {
        let rest = path.strip_prefix(nouns).and_then(|rest| rest.strip_prefix('/'));
        let id = rest.and_then(|rest| rest.strip_suffix(files));
        id.is_some_and(|id| !id.is_empty() && !id.contains('/'))
    };
    method == Method::POST
        && (path == STATEMENTS_PATH || is_of(REPORT_PATH, "/attachments") || is_of(TERMINALS_PATH, "/photos"))
}

/// Whether a request asks for an evidence pack, for which there is more time.
fn is_pack(method: &Method, path: &str) -> bool {
    let rest = path
        .strip_prefix(REPORT_PATH)
        .and_then(|rest| rest.strip_prefix('/'));
    let id = rest.and_then(|rest| rest.strip_suffix("/pack"));
    method == Method::GET && id.is_some_and(|id| !id.is_empty() && !id.contains('/'))
}

/// The answer to a request on a connection that is kept for reports.
pub fn refuse(headers: &HeaderMap) -> Response {
    let overloaded = Problem::new(code::OVERLOADED).retry_after_s(1);
    careful(overloaded.plain(Language::of(headers)), true)
}

/// Styles made at run time by the components of the console need `unsafe-inline`; scripts never do.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The page whose address has a token in it, so that no request tells where it came from.
const SET_UP_PAGE: &str = "/setup";
/// What a [`Confined`] script may: run WebAssembly that it was handed, and nothing else; no network, not even here.
const CONFINED_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'";

/// What something [`Sandboxed`] may: nothing, should a browser show it all the same.
const SANDBOX_POLICY: &str = "default-src 'none'; sandbox";

const SECURITY_HEADERS: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// Puts the edge around a router that browsers reach by HTTPS only: for a year they ask it in no other way.
pub fn secured(router: Router) -> Router {
    async fn by_https(mut response: Response) -> Response {
        let year = HeaderValue::from_static("max-age=31536000");
        response
            .headers_mut()
            .insert(header::STRICT_TRANSPORT_SECURITY, year);
        response
    }
    layered(router).layer(map_response(by_https))
}

/// Puts the edge around a router.
pub fn layered(router: Router) -> Router {
    router
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(pass))
        .layer(
            CompressionLayer::new()
                .quality(CompressionLevel::Fastest)
                .compress_when(Worthwhile),
        )
}

/// In an answer's extensions: it holds a secret, and whoever can see how long it is may not learn more by asking for it
/// with guesses in it. So it goes as it is.
#[derive(Clone, Copy, Debug)]
pub struct Secret;

/// In an answer's extensions: something from outside, which a browser keeps and never shows, and which is of no page.
#[derive(Clone, Copy, Debug)]
pub struct Sandboxed;

/// In an answer's extensions: a script that runs in a worker of its own, on pictures from outside. It needs WebAssembly, which
/// the pages do without, and so gets a policy of its own and the pages keep theirs.
#[derive(Clone, Copy, Debug)]
pub struct Confined;

/// Whether an answer gets shorter by it: text of some length, and nothing that must go at once.
#[derive(Clone, Copy)]
struct Worthwhile;

impl Worthwhile {
    const BYTES_MIN: u64 = 1_024;
    const TYPES: [&str; 8] = [
        "application/json",
        "application/problem+json",
        "application/manifest+json",
        "image/svg+xml",
        "text/css",
        "text/html",
        "text/javascript",
        "text/plain",
    ];
}

impl Predicate for Worthwhile {
    fn should_compress<B: HttpBody>(&self, response: &axum::http::Response<B>) -> bool {
        let is_long = response.body().size_hint().lower() >= Self::BYTES_MIN;
        let media_type = response.headers().get(header::CONTENT_TYPE);
        let media_type = media_type
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        is_long && Self::TYPES.contains(&essence) && response.extensions().get::<Secret>().is_none()
    }
}

/// Whether a path is the API's; every other is the console's.
pub fn is_api(path: &str) -> bool {
    path.strip_prefix("/api")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    Problem::internal(&"a handler panicked").into_response()
}

async fn pass(mut request: Request, next: Next) -> Response {
    let language = Language::of(request.headers());
    let path = request.uri().path();
    let (api, is_set_up_page) = (is_api(path), path == SET_UP_PAGE);
    let arrived = Arrived::now(&request);
    request.extensions_mut().insert(arrived);
    if !names_one_host(&request) {
        return careful(Problem::new(code::MALFORMED_REQUEST).plain(language), api);
    }
    let time_max = match (request.method(), request.uri().path()) {
        (method, path) if is_upload(method, path) => UPLOAD_TIME_MAX + UPLOADED_TIME_MAX,
        (method, path) if is_pack(method, path) => PACK_TIME_MAX,
        _ => TIME_MAX,
    };
    let answer = next.run(request);
    let mut response = match arrived.is_report {
        true => answer.await,
        false => match tokio::time::timeout(time_max, answer).await {
            Ok(response) => response,
            Err(_) => Problem::new(code::TIMED_OUT).retry_after_s(5).into_response(),
        },
    };
    match response.extensions_mut().remove::<Problem>() {
        Some(problem) => response = problem.write(response, language),
        None if api && (response.status().is_client_error() || response.status().is_server_error()) => {
            response = Problem::of_status(response.status()).write(response, language);
        }
        None => {}
    }
    response = careful(response, api);
    if is_set_up_page {
        let headers = response.headers_mut();
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Whether a request names its host as it must (RFC 9112, section 3.2): once, and only before HTTP/1.1 perhaps not at all.
fn names_one_host(request: &Request) -> bool {
    match request.headers().get_all(header::HOST).iter().count() {
        0 => request.version() < Version::HTTP_11,
        count => count == 1,
    }
}

/// The same answer with the headers that keep browsers careful.
fn careful(mut response: Response, api: bool) -> Response {
    let confined = response.extensions_mut().remove::<Confined>();
    let sandboxed = response.extensions_mut().remove::<Sandboxed>();
    let policy = match (confined, sandboxed) {
        (_, Some(Sandboxed)) => SANDBOX_POLICY,
        (Some(Confined), None) if !api => CONFINED_POLICY,
        _ => CONTENT_SECURITY_POLICY,
    };
    let headers = response.headers_mut();
    if sandboxed.is_some() {
        let own = HeaderValue::from_static("same-origin");
        headers.insert(HeaderName::from_static("cross-origin-resource-policy"), own);
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    for (name, value) in SECURITY_HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if api {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};
    use axum::http::StatusCode;
    use axum::routing::get;
    use tower::ServiceExt;

    async fn ask(router: Router) -> (StatusCode, Option<HeaderValue>, String) {
        let request = Request::builder()
            .uri("/api/test")
            .header(header::HOST, "pos.example");
        let request = request.body(Body::empty()).unwrap();
        sent(router, request).await
    }

    async fn sent(router: Router, request: Request) -> (StatusCode, Option<HeaderValue>, String) {
        let response = layered(router).oneshot(request).await.unwrap();
        let (status, retry) = (
            response.status(),
            response.headers().get(header::RETRY_AFTER).cloned(),
        );
        let body = to_bytes(response.into_body(), 4096).await.unwrap();
        (status, retry, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn what_fails_inside_says_nothing_of_the_inside() {
        let panicking = || async {
            if true {
                panic!("secret")
            }
        };
        let failing = || async { Problem::from(store::Error::Corrupt("secret")) };
        for router in [
            Router::new().route("/api/test", get(panicking)),
            Router::new().route("/api/test", get(failing)),
        ] {
            let (status, _, body) = ask(router).await;
            assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
            assert!(
                body.contains(r#""code":"internal""#) && !body.contains("secret"),
                "{body}"
            );
        }
    }

    #[tokio::test]
    async fn only_a_confined_script_runs_web_assembly_and_it_reaches_no_network() {
        let script = || async { (axum::Extension(Confined), "script") };
        let router = Router::new()
            .route("/assets/worker.js", get(script))
            .route("/api/test", get(script))
            .route("/page", get(|| async { "page" }));
        for (path, confined) in [
            ("/assets/worker.js", true),
            ("/api/test", false),
            ("/page", false),
        ] {
            let request = Request::builder().uri(path).header(header::HOST, "pos.example");
            let answer = layered(router.clone())
                .oneshot(request.body(Body::empty()).unwrap())
                .await
                .unwrap();
            let policies: Vec<_> = answer
                .headers()
                .get_all(header::CONTENT_SECURITY_POLICY)
                .iter()
                .collect();
            let expected = if confined {
                CONFINED_POLICY
            } else {
                CONTENT_SECURITY_POLICY
            };
            assert_eq!(policies, [expected], "{path}");
            assert!(!expected.contains("'unsafe-eval'"));
            assert_eq!(expected.contains("wasm-unsafe-eval"), confined, "{path}");
        }
        assert!(
            CONFINED_POLICY.starts_with("default-src 'none'") && !CONFINED_POLICY.contains("connect-src")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_report_has_a_time_of_its_own_and_nothing_else() {
        // What the promise may take while a node is cut off, and more than any other request may.
        let slow = || async {
            tokio::time::sleep(TIME_MAX + Duration::from_secs(1)).await;
            StatusCode::CREATED
        };
        let router = Router::new()
            .route(REPORT_PATH, axum::routing::post(slow).get(slow))
            .route("/api/test", get(slow));
        let ask = |method| {
            Request::builder()
                .method(method)
                .uri(REPORT_PATH)
                .header(header::HOST, "pos.example")
                .body(Body::empty())
        };
        let report = sent(router.clone(), ask(Method::POST).unwrap()).await;
        assert_eq!(report.0, StatusCode::CREATED);
        let list = sent(router, ask(Method::GET).unwrap()).await;
        assert!(list.2.contains(r#""code":"timed_out""#), "{}", list.2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_of_an_incident_has_more_time_than_other_requests_and_an_end() {
        for (path, takes, done) in [
            ("/api/v1/incidents/A/attachments", UPLOAD_TIME_MAX, true),
            ("/api/v1/incidents/A/attachments", UPLOAD_TIME_MAX * 2, false),
            ("/api/v1/incidents/A/found", UPLOAD_TIME_MAX, false),
            ("/api/v1/incidents/A/B/attachments", UPLOAD_TIME_MAX, false),
            ("/api/v1/terminals/A/photos", UPLOAD_TIME_MAX, true),
            ("/api/v1/terminals/photos", UPLOAD_TIME_MAX, false),
        ] {
            let slow = move || async move { tokio::time::sleep(takes).await };
            let router = Router::new().route(path, axum::routing::post(slow));
            let ask = Request::builder().method(Method::POST).uri(path);
            let ask = ask.header(header::HOST, "pos.example").body(Body::empty());
            let (status, ..) = sent(router, ask.unwrap()).await;
            assert_eq!(status.is_success(), done, "{path} {takes:?}");
        }
    }

    #[tokio::test]
    async fn a_request_names_one_host() {
        let router = Router::new().route("/api/test", get(|| async {}));
        let ask = |version, hosts: &[&str]| {
            let ask = Request::builder().version(version).uri("/api/test");
            let ask = hosts
                .iter()
                .fold(ask, |ask, host| ask.header(header::HOST, *host));
            sent(router.clone(), ask.body(Body::empty()).unwrap())
        };
        for (version, hosts, status) in [
            (Version::HTTP_11, &["pos.example"][..], StatusCode::OK),
            (Version::HTTP_11, &[], StatusCode::BAD_REQUEST),
            (
                Version::HTTP_11,
                &["pos.example", "pos.example"],
                StatusCode::BAD_REQUEST,
            ),
            (Version::HTTP_10, &[], StatusCode::OK),
            (
                Version::HTTP_10,
                &["one.example", "two.example"],
                StatusCode::BAD_REQUEST,
            ),
        ] {
            assert_eq!(ask(version, hosts).await.0, status, "{version:?} {hosts:?}");
        }
    }

    #[tokio::test]
    async fn long_text_is_packed_for_those_who_take_it_and_a_secret_never_is() {
        let text = "the same again and again, ".repeat(200);
        let body = text.clone();
        let json = move || async move { ([(header::CONTENT_TYPE, "application/json")], body) };
        let body = text.clone();
        let secret = move || async move {
            let response = ([(header::CONTENT_TYPE, "application/json")], body);
            (axum::Extension(Secret), response)
        };
        let body = text.clone();
        let events = move || async move { ([(header::CONTENT_TYPE, "text/event-stream")], body) };
        let router = Router::new()
            .route("/api/json", get(json))
            .route("/api/secret", get(secret))
            .route("/api/events", get(events))
            .route("/api/short", get(|| async { "short" }));
        let ask = |path: &str, accepted: &str| {
            let ask = Request::builder().uri(path).header(header::HOST, "pos.example");
            let ask = ask.header(header::ACCEPT_ENCODING, accepted);
            layered(router.clone()).oneshot(ask.body(Body::empty()).unwrap())
        };
        for (path, accepted, packed) in [
            ("/api/json", "gzip, br;q=0.5", true),
            ("/api/json", "gzip;q=0", false),
            ("/api/json", "", false),
            ("/api/secret", "gzip", false),
            ("/api/events", "gzip", false),
            ("/api/short", "gzip", false),
        ] {
            let answer = ask(path, accepted).await.unwrap();
            let encoding = answer.headers().get(header::CONTENT_ENCODING).cloned();
            assert_eq!(
                encoding.is_some_and(|encoding| encoding == "gzip"),
                packed,
                "{path} {accepted}"
            );
            let bytes = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
            assert_eq!(bytes.len() < 1_000 && path != "/api/short", packed, "{path}");
        }
    }

    #[tokio::test]
    async fn an_overloaded_store_asks_to_come_back() {
        let router = Router::new().route(
            "/api/test",
            get(|| async { Problem::from(store::Error::Overloaded) }),
        );
        let (status, retry, body) = ask(router).await;
        assert_eq!(
            (status, retry),
            (
                StatusCode::SERVICE_UNAVAILABLE,
                Some(HeaderValue::from_static("1"))
            )
        );
        assert!(body.contains(r#""code":"overloaded""#), "{body}");
    }
}

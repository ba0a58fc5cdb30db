//! The HTTP API: one file per noun, each with its own router.
//!
//! May touch: `app` for what changes something, `store` for what is only shown, `domain` for words and rules. A handler
//! extracts, authorises, runs one use case or reads one snapshot, and answers.
//!
//! Invariant: every route but the log-in and the first run takes an `Account` or `Actor`, and what that account may not see is
//! 404.

mod account;
mod api_key;
mod audit;
mod auth;
mod common_point;
mod contact;
mod custom_role;
mod document;
mod edge;
mod emergency;
mod factor;
mod file;
mod gate;
mod hold;
pub mod hotline;
mod id;
mod idempotency;
pub mod import;
mod incident;
mod input;
mod invitation;
mod language;
mod merchant;
mod model;
mod opening_hours;
mod operator;
mod origin;
mod page;
mod people;
mod personal;
mod photo;
mod places;
mod playbook;
pub mod problem;
mod proof;
pub mod provider_account;
mod question;
mod registration;
mod revision;
mod roster;
mod route;
mod rule_set;
mod session;
mod sessions;
pub mod setting;
mod settlement_hold;
pub mod setup;
mod sheet;
mod shop;
mod spool;
mod statement;
mod suspicious_report;
mod template;
mod terminal;
#[cfg(test)]
mod tests;
mod transaction;
mod wire;
mod work;

use std::sync::Arc;

use axum::Router;
use axum::extract::OriginalUri;
use axum::http::{HeaderMap, Method};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::watch;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

pub use auth::Attempts;
use auth::{Paces, Passwords};
pub use edge::{Confined, TIME_MAX as ANSWER_TIME_MAX, UPLOADED_TIME_MAX, is_report, refuse};
pub use file::{PICTURE_JOB, Scanned, Scanner, whole as whole_file};
pub use hotline::Demo;
pub use incident::pack::Stamper;
pub use incident::render::{NotSet, OWN_TIME_MAX, Renderer};
use incident::{
    activity, alarm, attachment, closing, comment, documents, drill, duty, found, inspection, letter, pack,
    payment, police, recorded, replacement, report, stop_request, stream, suspect, timeline,
};
use node::Node;
pub use origin::{Origin, network};
use problem::{Code, Problem, code};
use terminal::{devices, keep, key, lock};

/// What the configuration says about the API.
#[derive(Clone)]
pub struct Settings {
    /// Whether browsers reach it by HTTPS only: then cookies are marked `Secure`.
    pub secure_cookie: bool,
    /// The number people call when they are lost themselves.
    pub hotline: Option<String>,
    /// Where the walk through a demo begins; a real house has none.
    pub demo: Option<Demo>,
    /// What opens the set-up of this node; a node that was set up before it started has none.
    pub set_up_token: Option<setup::SetUpToken>,
    /// Whence the node has its gate.
    pub gate: setting::GateFrom,
    /// Tries a connection to a host.
    pub probe: setting::Probe,
    /// Judges and tries mail servers.
    pub post: setting::Post,
    /// Judges and tries keys of providers.
    pub providers: provider_account::Providers,
    /// The check value of a terminal's master key.
    pub key_check: key::KeyCheck,
    /// Sets documents, in a program of its own.
    pub documents: Renderer,
    /// Looks for viruses in files that people bring, where the node has something to look.
    pub scanner: Option<Scanner>,
    /// Has digests stamped by an authority outside, where the node has one to ask.
    pub stamper: Option<Stamper>,
    /// A folder of this node's own, for what is on its way in, and packs on their way out: sealed, and without a name.
    pub spool: std::path::PathBuf,
    /// What those who guess have used up.
    pub attempts: Arc<Attempts>,
    /// Becomes true when the node stops; live streams end then.
    pub stopping: watch::Receiver<bool>,
}

/// What all handlers share.
pub struct Api {
    node: Arc<Node>,
    settings: Settings,
    paces: Paces,
    passwords: Passwords,
    streams: Arc<places::Places>,
    being_made: Arc<places::Places>,
    files: Arc<places::Places>,
    photos: Arc<places::Places>,
    packs: Arc<places::Places>,
    statements: Arc<places::Places>,
    back_tests: Arc<places::Places>,
}

impl Api {
    fn new(node: Arc<Node>, settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            node,
            settings,
            paces: Paces::default(),
            passwords: Passwords::default(),
            streams: stream::places(),
            being_made: documents::places(),
            files: file::places(),
            photos: photo::places(),
            packs: pack::places(),
            statements: self::statement::places(),
            back_tests: rule_set::places(),
        })
    }

    /// The node behind the API.
    pub fn node(&self) -> &Arc<Node> {
        &self.node
    }
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Tillguard", description = "Terminals, their transactions, and what follows when one is lost."),
    components(schemas(problem::ProblemOut)),
    security(("session" = []), ("api_key" = []))
)]
struct Document;

/// Merges the routers of all nouns, and collects the codes of those that have problems of their own.
///
/// The modules are declared above, not here: `cargo fmt` does not look for files within a macro.
macro_rules! nouns {
    ($($noun:ident $(with $codes:ident)?,)+) => {
        fn nouns() -> OpenApiRouter<Arc<Api>> {
            OpenApiRouter::new()$(.merge($noun::router()))+
        }

        /// What requests may come to: anywhere, and by noun.
        static CODES: &[&[Code]] = &[problem::code::CODES, revision::CODES, file::CODES, $($($noun::$codes,)?)+];
    };
}

nouns! {
    session with CODES,
    proof,
    sessions,
    factor with CODES,
    setup with CODES,
    setting,
    merchant with CODES,
    shop with CODES,
    opening_hours,
    roster,
    terminal with CODES,
    lock with CODES,
    devices,
    keep with CODES,
    key,
    photo with CODES,
    transaction,
    incident with CODES,
    alarm,
    documents with CODES,
    pack with CODES,
    attachment with CODES,
    comment with CODES,
    found with CODES,
    inspection with CODES,
    letter with CODES,
    recorded with CODES,
    closing with CODES,
    duty with CODES,
    police,
    replacement with CODES,
    report with CODES,
    drill with CODES,
    emergency with CODES,
    stop_request,
    provider_account,
    timeline,
    stream with CODES,
    activity,
    payment,
    suspect with CODES,
    statement with CODES,
    question with CODES,
    common_point,
    settlement_hold with CODES,
    suspicious_report with CODES,
    gate,
    operator with CODES,
    account with CODES,
    api_key with CODES,
    personal,
    custom_role with CODES,
    playbook,
    invitation with CODES,
    registration with CODES,
    contact with CODES,
    import with CODES,
    hotline,
    work with CODES,
    audit with CODES,
    template with CODES,
    rule_set with CODES,
    model with CODES,
}

fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::with_openapi(Document::openapi()).nest("/api/v1", nouns())
}

/// An identifier of what is made here: eight letters and digits, at random.
///
/// # Errors
/// The system gives no randomness.
pub fn new_id() -> Result<String, Problem> {
    id::new()
}

/// The shape of a playbook, as a JSON Schema.
pub fn playbook_schema() -> serde_json::Value {
    ::playbook::schema()
}

/// The OpenAPI document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    document::finished(routes().into_openapi())
}

/// What answers every path that is not the API's: method, path, headers.
pub type Pages = fn(&Method, &str, &HeaderMap) -> Response;

/// Everything a node serves by HTTP: the API, its document, and the pages.
pub fn router(node: Arc<Node>, settings: Settings, pages: Pages) -> Router {
    serving(Api::new(node, settings), pages)
}

fn serving(api: Arc<Api>, pages: Pages) -> Router {
    let is_by_https = api.settings.secure_cookie;
    let (router, document) = routes().split_for_parts();
    let document = Arc::new(document::finished(document));
    let router = router
        .route(
            "/api/openapi.json",
            get(move || async move { axum::Json(document.as_ref()).into_response() }),
        )
        .method_not_allowed_fallback(|| async { Problem::new(code::METHOD_NOT_ALLOWED) })
        .fallback(
            move |method: Method, OriginalUri(uri): OriginalUri, headers: HeaderMap| async move {
                elsewhere(pages, &method, uri.path(), &headers)
            },
        )
        .layer(from_fn_with_state(api.clone(), setup::first))
        .with_state(api);
    match is_by_https {
        true => edge::secured(router),
        false => edge::layered(router),
    }
}

/// Everything that is no route: nothing under `/api`, else a page.
fn elsewhere(pages: Pages, method: &Method, path: &str, headers: &HeaderMap) -> Response {
    match edge::is_api(path) {
        true => Problem::new(code::NOT_FOUND).into_response(),
        false => pages(method, path, headers),
    }
}

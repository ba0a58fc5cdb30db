//! Reporting a loss without a log-in: a code is mailed to the registered address, and opens one report (R1.0, R7.2).
//!
//! Invariant: whoever asks for a code learns nothing of who is registered; a code opens a report, says which terminals there are to
//! report, and nothing else.

use std::sync::Arc;

use app::emergency_code::{Fresh, open};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::code::Code;
use domain::emergency_code::{ACCOUNTS_MAX, LASTS_MS};
use domain::terminal::Status;
use node::seal::Purpose;
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::edge::Arrived;
use super::incident::case::Manner;
use super::incident::report::{LossReport, LossReported, Reporter, done};
use super::input::{In, email_of_person};
use super::people::Names;
use super::problem::{Problem, ProblemOut, Why};
use super::session::Network;
use super::terminal::TerminalControl;
use super::wire::Time;
use super::{Api, id};
use crate::auth::Guess;
use crate::auth::mailed::{digest, new_code};

/// Terminals that one is chosen from.
const TERMINALS_MAX: i64 = 200;

crate::problem::codes! {
    /// The code was used for another report, is too old, or never was.
    CODE_OVER = "code_over", GONE:
        ("验证码无效", "验证码不对、已过期，或已用来报失另一台。请重新要一个，或打客服电话。"),
        ("The code does not work", "The code is wrong, too old, or was used for another terminal. Ask for another one, or call the hotline.");
    /// No mail can be sent.
    NO_MAIL = "no_mail_server", CONFLICT:
        ("发不了验证码", "本系统没有设置邮件服务器，发不了验证码。请打客服电话。"),
        ("No code can be mailed", "No mail server is set up here, so no code can be mailed. Call the hotline.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(report))
        .routes(routes!(terminals))
}

/// First where one is registered, then the code that came there, with what is known of the loss.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "contact": "li.na@shop.example" }))]
struct EmergencyReport {
    /// The mail address of one's account.
    contact: Option<String>,
    /// The code that was mailed there: twelve letters and digits, however they are typed.
    code: Option<String>,
    /// Which terminal.
    terminal_id: Option<String>,
    /// When it was last seen.
    last_seen_at: Option<Time>,
    /// Where; at most 2000 characters.
    place: Option<String>,
    /// What happened; at most 2000 characters.
    circumstances: Option<String>,
    /// How it went; `unsure` unless said.
    manner: Option<Manner>,
}

/// If the address is registered, a code is on its way to it.
#[derive(Serialize, ToSchema)]
struct CodeAsked {
    /// For how long it will work, in minutes.
    minutes: i64,
}

/// Report a loss without a log-in.
///
/// With `contact` alone: have a code mailed there. The answer is the same whether the address is registered or not. With `code` and
/// `terminal_id`: report, once; the same again gets the same answer.
#[utoipa::path(post, path = "/emergency-report", tag = "emergency", security(()), request_body = EmergencyReport, responses(
    (status = 202, description = "A code is mailed, if the address is registered.", body = CodeAsked),
    (status = 201, description = "The terminal is stopped, or its stop is requested, as the receipts say.", body = LossReported),
    (status = 200, description = "It was reported before.", body = LossReported),
    (status = 404, description = "terminal_not_found", body = ProblemOut),
    (status = 409, description = "no_mail_server, report_closed", body = ProblemOut),
    (status = 410, description = "code_over", body = ProblemOut),
    (status = 429, description = "too_many_attempts: of codes asked for, or of wrong ones", body = ProblemOut),
    (status = 503, description = "stop_unknown: perhaps not stopped; stopped_unacknowledged: stopped, report again to hear more",
        body = ProblemOut),
))]
async fn report(
    State(api): State<Arc<Api>>,
    Extension(arrived): Extension<Arrived>,
    network: Network,
    input: In<EmergencyReport>,
) -> Result<Response, Problem> {
    let said = input.body;
    match (said.contact, said.code) {
        (Some(contact), None) => ask(&api, network, contact).await,
        (None, Some(code)) => {
            let report = LossReport {
                terminal_id: said
                    .terminal_id
                    .ok_or_else(|| Problem::field("terminal_id", Why::Missing))?,
                last_seen_at: said.last_seen_at,
                place: said.place,
                circumstances: said.circumstances,
                manner: said.manner,
                payments: None,
            };
            let digest = right(&api, &network, &code).await?;
            let kept = done(api, Reporter::Code(digest), report, arrived, None).await?;
            Ok(kept.into_response())
        }
        (None, None) => Err(Problem::field("contact", Why::Missing)),
        (Some(_), Some(_)) => Err(Problem::field("contact", Why::Unknown)),
    }
}

async fn ask(api: &Arc<Api>, network: Network, contact: String) -> Result<Response, Problem> {
    network.pays(api, Guess::Code)?;
    let email = email_of_person(api, "contact", Some(contact))?;
    let email = email.ok_or_else(|| Problem::field("contact", Why::Missing))?;
    if !api.node.read(app::stop_request::mail_is_set_up).await? {
        return Err(Problem::new(NO_MAIL));
    }
    let fresh = (0..ACCOUNTS_MAX).map(|_| fresh(api)).collect::<Result<_, _>>()?;
    let work = move |tx: &Tx<'_>| app::emergency_code::ask(tx, &email, fresh);
    api.node.write(work).await?;
    api.node.work_due.notify_one();
    let asked = CodeAsked {
        minutes: LASTS_MS / 60_000,
    };
    Ok((StatusCode::ACCEPTED, Json(asked)).into_response())
}

fn fresh(api: &Api) -> Result<Fresh, Problem> {
    let code_id = id::new()?;
    let made = new_code(&api.node.sealer, Purpose::EmergencyCode, &code_id);
    let (digest, sealed) = made.map_err(|error| Problem::internal(&error))?;
    Ok(Fresh {
        digest,
        code_id,
        sealed,
    })
}

/// The digest of a code that works. A wrong one is paid for by the address it comes from; a right one passes whatever others there
/// have tried, and is not found by trying: it has 60 bits.
async fn right(api: &Api, network: &Network, typed: &str) -> Result<[u8; 32], Problem> {
    let wrong = || network.wrong(api, CODE_OVER);
    let code = Code::parse(typed).ok_or_else(wrong)?;
    let digest = digest(&code);
    let opens = move |tx: &Tx<'_>| open(tx, &digest).map(|opened| opened.is_some());
    match api.node.read_urgent(opens).await? {
        true => Ok(digest),
        false => Err(wrong()),
    }
}

/// A code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "code": "M701-Z01A-BCDE" }))]
struct EmergencyCode {
    /// As it came by mail.
    code: String,
}

/// The terminals that a code can report.
#[derive(Serialize, ToSchema)]
struct Reportable {
    /// At most 200.
    terminals: Vec<ReportableTerminal>,
}

/// What tells a terminal from others.
#[derive(Serialize, ToSchema)]
struct ReportableTerminal {
    /// What `terminal_id` takes.
    terminal_id: String,
    /// What the shop's people call it.
    name: String,
    /// Where it stands.
    shop_name: String,
    /// The last four characters of its serial number.
    serial_tail: String,
    /// Its clock's zone, an IANA name.
    time_zone: String,
    /// Who decides what it may do: our `gate`, or an acquirer `outside`, of whom the stop is asked.
    control: TerminalControl,
}

/// Say which terminals a code can report: those in use that its account sees. The code stays as it is.
#[utoipa::path(post, path = "/emergency-report/terminals", tag = "emergency", security(()), request_body = EmergencyCode, responses(
    (status = 200, body = Reportable),
    (status = 410, description = "code_over", body = ProblemOut),
    (status = 429, description = "too_many_attempts", body = ProblemOut),
))]
async fn terminals(
    State(api): State<Arc<Api>>,
    network: Network,
    input: In<EmergencyCode>,
) -> Result<Json<Reportable>, Problem> {
    let digest = right(&api, &network, &input.body.code).await?;
    let read = move |tx: &Tx<'_>| {
        let opened = open(tx, &digest)?.ok_or_else(|| Problem::new(CODE_OVER))?;
        let seen = app::emergency_code::terminals(tx, &opened, TERMINALS_MAX)?;
        let mut names = Names::new(tx);
        let seen = seen.into_iter().filter(|one| one.status == Status::Active);
        let terminals = seen.map(|one| {
            let shown = one.serial.chars().count().saturating_sub(4);
            Ok::<_, Problem>(ReportableTerminal {
                terminal_id: one.terminal_id.to_string(),
                shop_name: names.shop(&one.shop_id)?,
                serial_tail: one.serial.chars().skip(shown).collect(),
                name: one.name,
                time_zone: one.time_zone,
                control: TerminalControl(one.control),
            })
        });
        Ok::<_, Problem>(Json(Reportable {
            terminals: terminals.collect::<Result<_, _>>()?,
        }))
    };
    api.node.read(read).await
}

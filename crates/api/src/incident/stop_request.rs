//! The request to stop a terminal: the letter, and, where an outside acquirer decides, what became of it (R1.2).
//!
//! Invariant: a letter that went out is shown as it was written; what is asked for is never called stopped.

use std::sync::Arc;

use app::stop_request::reminder::people;
use app::stop_request::{Facts, Said, acquirer_of, letter};
use axum::extract::{Path, State};
use domain::contact::Contact;
use domain::incident::Incident;
use domain::merchant::Merchant;
use domain::rule;
use domain::stop_request::{Asked, Confirmation, Letter, Mailed, StopRequest, Told, reminder};
use domain::terminal::Terminal;
use domain::{Actor, Timestamp};
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::alarm::Nothing;
use super::case::{self as incident, IncidentOut};
use crate::Api;
use crate::auth;
use crate::idempotency::Kept;
use crate::input::{In, text};
use crate::people::Names;
use crate::problem::{Problem, ProblemOut, Why};
use crate::route::actions;
use crate::wire::{Time, word};

/// Longest reference and name, in characters.
const TEXT_CHARS_MAX: usize = 200;
/// How far the clock of who was on the telephone may be ahead.
const AHEAD_MS_MAX: i64 = 60_000;

word! {
    /// What is known of a stop: `stopped` only where whoever decides said so.
    StopState: domain::stop_request::State;
    /// What became of the letter.
    MailState: domain::stop_request::MailState;
    /// What became of the question to a provider.
    ProviderState: domain::stop_request::ProviderState;
    /// A provider whose own interface can stop a terminal.
    Provider: domain::terminal::Provider;
    /// Whom a reminder is for.
    Reminded: domain::stop_request::Told;
    /// What people can do with a stop request.
    StopRequestAction: domain::stop_request::Verb;
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(confirm_stop))
        .routes(routes!(send_letter))
}

/// A written request to stop a terminal, and what became of it.
#[derive(Serialize, ToSchema)]
#[schema(as = StopRequest)]
pub struct StopRequestOut {
    /// Its number.
    number: String,
    /// The rule that obliges the acquirer to stop a terminal where this one stands; null where we know of none.
    #[schema(required)]
    rule: Option<&'static str>,
    /// When.
    requested_at: Time,
    /// By whom.
    requested_by: String,
    /// The letter in Chinese.
    text_zh: String,
    /// The letter in English.
    text_en: String,
    /// SHA-256 in hexadecimal of `text_zh`, two line feeds and `text_en`, as they were written with the report; null where our
    /// own gate decides, and the letter need not go out.
    #[schema(required)]
    sha256: Option<String>,
    /// What is known of the stop.
    state: StopState,
    /// Whom it goes to.
    #[schema(required)]
    contact: Option<StopContact>,
    /// Whether mails can go out at all.
    mail_is_set_up: bool,
    /// The last mail with the letter; null when there was no address.
    #[schema(required)]
    mail: Option<StopMail>,
    /// What was asked of the provider's interface; null when the terminal has none.
    #[schema(required)]
    provider: Option<StopProvider>,
    /// What somebody at the acquirer said.
    #[schema(required)]
    confirmation: Option<StopConfirmation>,
    /// How often people were reminded that nobody has confirmed it.
    reminder_count: i64,
    /// Whom the last reminder was for.
    #[schema(required)]
    reminded: Option<Reminded>,
    /// Their names, as far as they belong to the shop; at most 20.
    reminded_names: Vec<String>,
    /// When the next reminder follows; null when none does.
    #[schema(required)]
    next_reminder_at: Option<Time>,
    /// Whom that one is for.
    #[schema(required)]
    next_reminded: Option<Reminded>,
    /// What the one who asks may do with it now.
    actions: Vec<StopRequestAction>,
}

/// The acquirer as a contact.
#[derive(Serialize, ToSchema)]
struct StopContact {
    /// How it is called.
    name: String,
    /// The telephone number to call at any hour.
    #[schema(required)]
    hotline: Option<String>,
    /// Where a written request goes.
    #[schema(required)]
    email: Option<String>,
    /// What it knows the merchant by; null where it is everybody's contact.
    #[schema(required)]
    reference: Option<String>,
}

/// A mail with the letter.
#[derive(Serialize, ToSchema)]
pub(super) struct StopMail {
    /// What became of it: `sent` says that a mail server took it, not that anybody read it.
    state: MailState,
    /// Since when that is known.
    at: Time,
    /// The address.
    to: String,
    /// What the other server said, or why it could not be asked.
    #[schema(required)]
    said: Option<String>,
    /// Which mail it is, from 1.
    count: i64,
}

/// What was asked of a provider.
#[derive(Serialize, ToSchema)]
struct StopProvider {
    /// Which.
    provider: Provider,
    /// The device's identifier there.
    device_id: String,
    /// What became of it: `stopped` says that the provider, asked again, said so.
    state: ProviderState,
    /// Since when that is known.
    at: Time,
    /// What it said last.
    #[schema(required)]
    said: Option<String>,
    /// What it knew of the device before it was stopped.
    #[schema(required)]
    evidence: Option<String>,
}

/// What somebody at the acquirer said.
#[derive(Serialize, ToSchema)]
struct StopConfirmation {
    /// 挂失凭证编号.
    reference: String,
    /// Who said so.
    confirmed_by: String,
    /// When.
    at: Time,
    /// Who wrote it down.
    recorded_by: String,
    /// When.
    recorded_at: Time,
}

/// The request of an incident, and what is known of it.
pub fn of(
    tx: &Tx<'_>,
    names: &mut Names<'_, '_>,
    actor: &Actor,
    (incident, terminal, merchant): (&Incident, &Terminal, &Merchant),
) -> Result<StopRequestOut, Problem> {
    let by = names.person(&incident.reported_by)?;
    match store::stop_request::get(tx, &incident.incident_id)? {
        Some(request) => outside(tx, names, actor, (incident, terminal), request),
        None => {
            let shop = store::shop::get(tx, &terminal.shop_id)?;
            let letter = letter(&Facts {
                incident,
                terminal,
                merchant,
                shop: &shop.ok_or(store::Error::Corrupt("shop of a terminal"))?,
                acquirer: acquirer_of(tx, terminal)?.as_ref(),
                by: &by,
            });
            Ok(ours(incident, terminal, letter, by))
        }
    }
}

/// Where it stands, as its clock says.
fn rule_of(terminal: &Terminal) -> Option<&'static str> {
    rule::STOP.in_zone(&terminal.time_zone).map(|rule| rule.zh)
}

/// Our own gate stopped it; the letter is for whoever wants it on paper.
fn ours(incident: &Incident, terminal: &Terminal, letter: Letter, by: String) -> StopRequestOut {
    StopRequestOut {
        number: incident.stop_request_number.clone(),
        rule: rule_of(terminal),
        requested_at: Time(incident.reported_at),
        requested_by: by,
        text_zh: letter.text_zh,
        text_en: letter.text_en,
        sha256: None,
        state: StopState(domain::stop_request::State::Stopped),
        contact: None,
        mail_is_set_up: false,
        mail: None,
        provider: None,
        confirmation: None,
        reminder_count: 0,
        reminded: None,
        reminded_names: Vec::new(),
        next_reminder_at: None,
        next_reminded: None,
        actions: Vec::new(),
    }
}

fn outside(
    tx: &Tx<'_>,
    names: &mut Names<'_, '_>,
    actor: &Actor,
    (incident, terminal): (&Incident, &Terminal),
    request: StopRequest,
) -> Result<StopRequestOut, Problem> {
    let contact = acquirer_of(tx, terminal)?;
    let is_over = !incident.loss_stands();
    let last =
        (request.reminder_count > 0).then(|| reminder(request.requested_at, request.reminder_count - 1).1);
    let next = request.remind_at.filter(|_| !is_over);
    let next_told = next.map(|_| reminder(request.requested_at, request.reminder_count).1);
    Ok(StopRequestOut {
        actions: actions(tx, actor, &request, StopRequestAction)?,
        number: incident.stop_request_number.clone(),
        rule: rule_of(terminal),
        requested_at: Time(request.requested_at),
        requested_by: names.person(&request.requested_by)?,
        text_zh: request.letter.text_zh,
        text_en: request.letter.text_en,
        sha256: Some(request.letter.sha256),
        state: StopState(request.state),
        contact: contact.map(StopContact::from),
        mail_is_set_up: app::stop_request::mail_is_set_up(tx)?,
        mail: request.mail.map(StopMail::from),
        provider: request.asked.map(StopProvider::from),
        confirmation: match request.confirmation {
            Some(confirmation) => Some(StopConfirmation::of(names, confirmation)?),
            None => None,
        },
        reminder_count: request.reminder_count,
        reminded: last.map(Reminded),
        reminded_names: reminded(tx, names, last, (&request.requested_by, terminal))?,
        next_reminder_at: next.map(Time),
        next_reminded: next_told.map(Reminded),
    })
}

/// The people of the shop whom the last reminder was for.
fn reminded(
    tx: &Tx<'_>,
    names: &mut Names<'_, '_>,
    told: Option<Told>,
    (reporter, terminal): (&str, &Terminal),
) -> Result<Vec<String>, Problem> {
    let logins = match told {
        None => Vec::new(),
        Some(told) => people(tx, told.min(Told::Shop), (reporter, terminal))?,
    };
    let names = logins.iter().map(|login| names.person(login));
    Ok(names.collect::<Result<_, _>>()?)
}

impl From<Contact> for StopContact {
    fn from(contact: Contact) -> Self {
        Self {
            reference: contact.reference_of_merchant().map(str::to_owned),
            name: contact.details.name,
            hotline: contact.details.hotline,
            email: contact.details.email,
        }
    }
}

impl From<Mailed> for StopMail {
    fn from(mail: Mailed) -> Self {
        Self {
            state: MailState(mail.state),
            at: Time(mail.at),
            to: mail.to,
            said: mail.said,
            count: mail.count,
        }
    }
}

impl From<Asked> for StopProvider {
    fn from(asked: Asked) -> Self {
        Self {
            provider: Provider(asked.device.provider),
            device_id: asked.device.device_id,
            state: ProviderState(asked.state),
            at: Time(asked.at),
            said: asked.said,
            evidence: asked.evidence,
        }
    }
}

impl StopConfirmation {
    fn of(names: &mut Names<'_, '_>, confirmation: Confirmation) -> Result<Self, store::Error> {
        Ok(Self {
            reference: confirmation.reference,
            confirmed_by: confirmation.confirmed_by,
            at: Time(confirmation.at),
            recorded_by: names.person(&confirmation.recorded_by)?,
            recorded_at: Time(confirmation.recorded_at),
        })
    }
}

/// What somebody at the acquirer said.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reference": "GS20261122-0417", "confirmed_by": "0317", "at": "2026-11-22T07:19:00Z" }))]
struct StopConfirmed {
    /// 挂失凭证编号: what they keep it under; at most 200 characters.
    reference: String,
    /// Who said so, by name or number; at most 200 characters.
    confirmed_by: String,
    /// When they said so.
    at: Time,
}

/// Write down that somebody at the acquirer confirmed the stop: from here on the receipts say `confirmed`.
#[utoipa::path(post, path = "/incidents/{incident_id}/stop-request/confirm", tag = "incident",
    params(("incident_id" = String, Path)), request_body = StopConfirmed, responses(
    (status = 200, body = IncidentOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state: it is known already, our own gate decides, or the incident is closed", body = ProblemOut),
    (status = 422, description = "invalid_field", body = ProblemOut),
))]
async fn confirm_stop(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(incident_id): Path<String>,
    input: In<StopConfirmed>,
) -> Result<Kept, Problem> {
    let said = Said {
        reference: text("reference", &input.body.reference, TEXT_CHARS_MAX)?,
        confirmed_by: text("confirmed_by", &input.body.confirmed_by, TEXT_CHARS_MAX)?,
        at: past("at", input.body.at.0, node::now())?,
    };
    incident::step(&api, account, incident_id, input, move |tx, actor, id, _| {
        app::stop_request::confirm(tx, actor, id, said)
    })
    .await
}

/// A time that has been; one a little ahead is now.
fn past(field: &str, at: Timestamp, now: Timestamp) -> Result<Timestamp, Problem> {
    match at > now.plus_ms(AHEAD_MS_MAX) {
        true => Err(Problem::field(field, Why::InFuture)),
        false => Ok(at.min(now)),
    }
}

/// Have the letter sent by mail, once more if it was sent: a person decides that, where nobody knows what became of the last
/// one.
#[utoipa::path(post, path = "/incidents/{incident_id}/stop-request/send", tag = "incident",
    params(("incident_id" = String, Path)), request_body = Nothing, responses(
    (status = 200, body = IncidentOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "incident_not_found; contact_not_found: the acquirer has no address", body = ProblemOut),
    (status = 409, description = "wrong_state: it waits to be sent, or need not be any more", body = ProblemOut),
))]
async fn send_letter(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(incident_id): Path<String>,
    input: In<Nothing>,
) -> Result<Kept, Problem> {
    let kept = incident::step(&api, account, incident_id, input, |tx, actor, id, Nothing {}| {
        app::stop_request::send(tx, actor, id)
    })
    .await?;
    api.node.work_due.notify_one();
    Ok(kept)
}

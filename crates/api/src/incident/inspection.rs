//! Looking over a terminal that was found (R2.2, R2.3).
//!
//! Invariant: what was said once of an inspection stays as it was said.

use std::sync::Arc;

use app::inspection::{Error, Said};
use axum::Json;
use axum::extract::{Path, State};
use domain::Actor;
use domain::checklist::{NOTE_CHARS_MAX, Wrong};
use domain::incident::Incident;
use domain::inspection::Seen;
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::case::{self, IncidentOut};
use super::replacement::Checklist;
use crate::Api;
use crate::auth::{self, Account};
use crate::idempotency::Kept;
use crate::input::{In, text_opt};
use crate::people::Names;
use crate::photo::PhotoOut;
use crate::problem::{Problem, ProblemOut, Why};
use crate::route::reading;
use crate::wire::{Time, word};

/// Most items that are read.
const ITEMS_MAX: usize = 100;
/// Longest number that somebody outside gave, and longest identifier of a file, in characters.
const REFERENCE_CHARS_MAX: usize = 200;

word! {
    /// What was seen of one item.
    InspectionOutcome: domain::inspection::Outcome;
}

crate::problem::codes! {
    /// So many were made of it already.
    TOO_MANY = "too_many_inspections", CONFLICT:
        ("检查次数太多", "这个事件已经有 50 次验机记录，不能再加。"),
        ("Too many inspections", "This incident has 50 inspections already.");
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Case(error) => error.into(),
            Error::Items(Wrong::Unknown) => Self::field("items", Why::Unknown),
            Error::Items(Wrong::Unanswered(item)) => Self::field(format!("items.{item}"), Why::Missing),
            Error::Items(Wrong::NoteMissing(item)) => Self::field(format!("items.{item}.note"), Why::Missing),
            Error::TooMany => Self::new(TOO_MANY),
        }
    }
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(list_inspections, inspect))
}

/// What was seen of one item.
#[derive(Serialize, ToSchema)]
struct InspectionItem {
    /// Which: a name of the list.
    item: String,
    /// What was seen.
    outcome: InspectionOutcome,
    /// What there is to say of it.
    #[schema(required)]
    note: Option<String>,
    /// The file of the incident that shows it.
    #[schema(required)]
    attachment_id: Option<String>,
}

/// An inspection.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "items": [{ "item": "seals", "outcome": "ok" }] }))]
struct InspectionIn {
    /// One to each item of the list.
    items: Vec<InspectionItemIn>,
    /// Where an acquirer outside has its keys: the number they gave for that these are new.
    new_keys_reference: Option<String>,
}

/// What was seen of one item.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct InspectionItemIn {
    /// Which: a name of the list.
    item: String,
    /// What was seen.
    outcome: InspectionOutcome,
    /// What there is to say of it; needed where it is not plainly so; at most 200 characters.
    note: Option<String>,
    /// The file of the incident that shows it.
    attachment_id: Option<String>,
}

impl InspectionIn {
    fn read(self) -> Result<Said, Problem> {
        if self.items.len() > ITEMS_MAX {
            return Err(Problem::field("items", Why::TooLong));
        }
        let seen = |said: InspectionItemIn| {
            Ok(Seen {
                item: said.item,
                outcome: said.outcome.0,
                note: text_opt("items.note", said.note, NOTE_CHARS_MAX)?,
                attachment_id: text_opt("items.attachment_id", said.attachment_id, REFERENCE_CHARS_MAX)?,
            })
        };
        let reference = text_opt("new_keys_reference", self.new_keys_reference, REFERENCE_CHARS_MAX)?;
        Ok(Said {
            seen: self.items.into_iter().map(seen).collect::<Result<_, Problem>>()?,
            new_keys_reference: reference,
        })
    }
}

/// Say what was seen when the found terminal was looked over, item by item. One item that is `not_ok` fails it. It is kept, with who and
/// when; another one counts in its place, and a new report of loss ends what it says.
#[utoipa::path(post, path = "/incidents/{incident_id}/inspection", tag = "incident", params(("incident_id" = String, Path)),
    request_body = InspectionIn, responses(
    (status = 200, body = IncidentOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
    (status = 409, description = "too_many_inspections; wrong_state: nobody says it was found, or it owes none", body = ProblemOut),
    (status = 422, description = "invalid_field: `items.<item>` without an answer, `items.<item>.note` without one", body = ProblemOut),
))]
async fn inspect(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(incident_id): Path<String>,
    input: In<InspectionIn>,
) -> Result<Kept, Problem> {
    case::try_step(
        &api,
        account,
        incident_id,
        input,
        |tx, actor, id, said: InspectionIn| Ok(app::inspection::inspect(tx, actor, id, &said.read()?)?),
    )
    .await
}

/// An inspection as it was made.
#[derive(Serialize, ToSchema)]
struct Inspection {
    /// Its place among the incident's, from 1.
    position: i64,
    /// The version of its list.
    version: u32,
    /// Who looked.
    by: String,
    /// When.
    at: Time,
    /// Whether nothing was wrong.
    is_passed: bool,
    /// The number that an acquirer outside gave for its new keys.
    #[schema(required)]
    new_keys_reference: Option<String>,
    /// What was seen, in the order of the list.
    items: Vec<InspectionItem>,
}

/// What is on record of the device, to compare it with.
#[derive(Serialize, ToSchema)]
struct DeviceOnRecord {
    /// Maker and model.
    model: String,
    /// Its serial number.
    serial: String,
    /// Its TUSN; null where nobody wrote it down.
    #[schema(required)]
    tusn: Option<String>,
    /// The number of its seal; null where nobody wrote it down.
    #[schema(required)]
    seal: Option<String>,
    /// Its firmware; null where nobody wrote it down.
    #[schema(required)]
    firmware: Option<String>,
    /// Photos that were added before it was stopped, the newest first; also those that were removed since it was last trusted.
    photos: Vec<PhotoOnRecord>,
}

/// A photo to compare a device with.
#[derive(Serialize, ToSchema)]
struct PhotoOnRecord {
    #[serde(flatten)]
    photo: PhotoOut,
    /// Whether it was added within the loss window: it may show what somebody had put in its place.
    is_in_window: bool,
}

/// The inspections of an incident.
#[derive(Serialize, ToSchema)]
struct Inspections {
    /// What is looked at.
    checklist: Checklist,
    /// What it is compared with.
    on_record: DeviceOnRecord,
    /// In the order in which they were made.
    items: Vec<Inspection>,
}

/// The inspections of an incident, the list, and what the device is compared with.
#[utoipa::path(get, path = "/incidents/{incident_id}/inspection", tag = "incident", params(("incident_id" = String, Path)), responses(
    (status = 200, body = Inspections),
    (status = 404, description = "incident_not_found", body = ProblemOut),
))]
async fn list_inspections(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(incident_id): Path<String>,
) -> Result<Json<Inspections>, Problem> {
    reading(&api, account, move |tx, actor| shown(tx, actor, &incident_id)).await
}

fn shown(tx: &Tx<'_>, actor: &Actor, incident_id: &str) -> Result<Inspections, Problem> {
    let incident: Incident = app::case::find(tx, actor, incident_id)?;
    let mut names = Names::new(tx);
    let lines = store::inspection::lines(tx, incident_id)?;
    let items = store::inspection::of(tx, incident_id)?.into_iter().map(|one| {
        let its = lines.iter().filter(|line| line.position == one.position);
        Ok::<_, Problem>(Inspection {
            position: one.position,
            version: one.version,
            by: names.person(&one.by)?,
            at: Time(one.at),
            is_passed: one.is_passed,
            new_keys_reference: one.new_keys_reference,
            items: its
                .map(|line| InspectionItem {
                    item: line.seen.item.clone(),
                    outcome: InspectionOutcome(line.seen.outcome),
                    note: line.seen.note.clone(),
                    attachment_id: line.seen.attachment_id.clone(),
                })
                .collect(),
        })
    });
    Ok(Inspections {
        items: items.collect::<Result<_, _>>()?,
        checklist: Checklist::of(domain::inspection::VERSION, &domain::inspection::ITEMS),
        on_record: on_record(tx, &mut names, actor, &incident)?,
    })
}

/// What is written down of the device: more of one that came as a replacement, and was looked at then.
fn on_record(
    tx: &Tx<'_>,
    names: &mut Names<'_, '_>,
    actor: &Actor,
    incident: &Incident,
) -> Result<DeviceOnRecord, Problem> {
    let terminal = store::terminal::get(tx, incident.terminal_id)?;
    let terminal = terminal.ok_or(store::Error::Corrupt("terminal of an incident"))?;
    let device = store::replacement::of_terminal(tx, incident.terminal_id)?.and_then(|it| it.device);
    let device = device.filter(|device| device.serial == terminal.serial);
    let (tusn, seal, firmware) = device.map_or((None, None, None), |device| {
        let firmware = device.certificate.firmware;
        (device.tusn, device.delivery.seal, firmware)
    });
    let photos = app::photo::before(tx, incident)?.into_iter().map(|photo| {
        Ok::<_, Problem>(PhotoOnRecord {
            is_in_window: photo.at > incident.window.from,
            photo: PhotoOut::of(tx, names, actor, photo)?,
        })
    });
    Ok(DeviceOnRecord {
        photos: photos.collect::<Result<_, _>>()?,
        model: terminal.model,
        serial: terminal.serial,
        tusn,
        seal,
        firmware,
    })
}

//! Loss incidents: the list and the page (R1.0 to R1.3).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::Actor;
use domain::Timestamp;
use domain::event::Subject;
use domain::incident::{Incident, State as Word};
use domain::stop_request::State as Stop;
use serde::{Deserialize, Serialize};
use store::Tx;
use store::incident::Filter;
use store::stop_request::Known;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::duty::{self, DutyOut};
use super::stop_request::{self, StopRequestOut, StopState};
use crate::Api;
use crate::auth::{Account, scope};
use crate::idempotency::Kept;
use crate::input::{Cursor, In, Limit, Place, Query};
use crate::page::Page;
use crate::people::Names;
use crate::problem::{Code, Problem, ProblemOut};
use crate::route::{Shown, acting, actions, reading, show_route};
use crate::terminal::{self, TerminalSummary};
use crate::wire::{Money, Time, word};

word! {
    /// Where an incident stands.
    IncidentState: domain::incident::State;
    /// What people can do with an incident.
    IncidentAction: domain::incident::Verb;
    /// How an incident ended.
    IncidentEnded: domain::incident::Ended;
    /// How a terminal went.
    Manner: domain::incident::Manner;
    /// How a terminal was found.
    FoundAs: domain::incident::found::Kind;
    /// A door through which a terminal could do something.
    Channel: domain::incident::Channel;
    /// How the start of the loss window was found.
    WindowBasis: domain::incident::WindowBasis;
}

crate::problem::codes! {
    /// No such incident, for this account.
    NOT_FOUND = "incident_not_found", NOT_FOUND:
        ("没有找到事件", "没有这个丢失事件。"),
        ("Incident not found", "There is no such incident.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show))
}

show_route!(show: Incident => IncidentOut, "incident", "/incidents/{incident_id}", "incident_id");

/// An incident in a list.
#[derive(Serialize, ToSchema)]
struct IncidentSummary {
    /// Eight letters and digits that people can read out.
    id: String,
    /// Which terminal.
    terminal_id: String,
    /// What the shop's people call it.
    terminal_name: String,
    /// Where it stood.
    shop_name: String,
    /// Whose.
    merchant_name: String,
    /// The zone of the terminal's clock, an IANA name: what is said about the incident is said in this zone.
    time_zone: String,
    /// Where it stands.
    state: IncidentState,
    /// How it ended; null while it has not.
    #[schema(required)]
    ended: Option<IncidentEnded>,
    /// What is known of the stop.
    stop_state: StopState,
    /// How often people were reminded that nobody has confirmed it.
    stop_reminder_count: i64,
    /// How the terminal went.
    manner: Manner,
    /// When the report reached the node.
    reported_at: Time,
    /// When our own doors were shut to the terminal: with `stop_state` `stopped` and no provider, when it was stopped.
    suspended_at: Time,
    /// What was tried in the terminal's name since.
    attempt_count: i64,
    /// How many of these carried no proof that the terminal sent them (no MAC, or a wrong one): somebody did.
    unproven_attempt_count: i64,
    /// Alarms nobody has acknowledged.
    unacknowledged_alarm_count: i64,
    /// Approvals of the terminal after the stop and before its release: always 0.
    approved_since: i64,
    /// Requests that carried an amount, within the loss window.
    window_transaction_count: i64,
    /// What was approved of them, one sum for each currency.
    window_amounts: Vec<Money>,
    /// The nearest deadline of what must follow; null when there is none, or the incident is closed.
    #[schema(required)]
    next_due_at: Option<Time>,
}

/// One channel's receipt: nothing of the terminal passes our own doors from here on.
#[derive(Serialize, ToSchema)]
pub struct Receipt {
    /// Which channel.
    channel: Channel,
    /// What that means for the terminal: `stopped` where our own gate is in its path or a provider said so; else `requested`
    /// of an acquirer outside, until somebody there confirms it: `confirmed`.
    state: StopState,
    /// From when.
    at: Time,
    /// Which node says so.
    node: String,
    /// Approvals decided before the stop whose answers were waited for.
    in_flight_waited: i64,
    /// Nodes that said nothing of the terminal is on its way any more.
    nodes_drained: i64,
    /// Nodes that fell silent, and whose time to write approvals was waited out.
    nodes_expelled: i64,
}

/// The receipts of an incident, once its report is acknowledged.
pub fn receipts(tx: &Tx<'_>, incident_id: &str) -> Result<Vec<Receipt>, store::Error> {
    let state = StopState(stop_state(store::stop_request::known(tx, incident_id)?));
    let receipts = store::receipt::list(tx, incident_id)?.into_iter();
    Ok(receipts.map(|receipt| Receipt::of(receipt, state)).collect())
}

/// What our own gate decides was stopped with the report.
pub fn stop_state(request: Option<Known>) -> Stop {
    request.map_or(Stop::Stopped, |known| known.state)
}

impl Receipt {
    fn of(receipt: store::receipt::Receipt, state: StopState) -> Self {
        Self {
            channel: Channel(receipt.channel),
            state,
            at: Time(receipt.at),
            node: receipt.node,
            in_flight_waited: receipt.in_flight_waited,
            nodes_drained: receipt.nodes_drained,
            nodes_expelled: receipt.nodes_expelled,
        }
    }
}

/// Last trusted use to suspension.
#[derive(Serialize, ToSchema)]
struct LossWindow {
    /// Last trusted use.
    from: Time,
    /// Suspension.
    to: Time,
    /// How `from` was found.
    basis: WindowBasis,
}

/// That the terminal was found again, by two people.
#[derive(Serialize, ToSchema)]
struct Found {
    /// How; null where it was said before anybody was asked, which is taken as `recovered`.
    #[schema(required)]
    kind: Option<FoundAs>,
    /// Whether it has to pass an inspection first.
    needs_inspection: bool,
    /// Whether it has to have new keys first.
    needs_new_keys: bool,
    /// The newest inspection since: whether nothing was wrong; null while there is none.
    #[schema(required)]
    is_passed: Option<bool>,
    /// Whether its keys are others than when it was found; false once the incident is closed.
    has_new_keys: bool,
    /// What is missing before a second person can confirm, by the code that a confirmation would be refused with; null when nothing is.
    #[schema(required)]
    missing: Option<Code>,
    /// Who says so.
    proposed_by: String,
    /// When.
    proposed_at: Time,
    /// In which words.
    statement: String,
    /// The second person.
    #[schema(required)]
    confirmed_by: Option<String>,
    /// When.
    #[schema(required)]
    confirmed_at: Option<Time>,
}

/// How an incident ended.
#[derive(Serialize, ToSchema)]
struct Closing {
    /// How.
    ended: IncidentEnded,
    /// Who closed it.
    by: String,
    /// When.
    at: Time,
    /// In which words.
    #[schema(required)]
    statement: Option<String>,
}

/// An incident's page.
#[derive(Serialize, ToSchema)]
#[schema(as = Incident)]
pub struct IncidentOut {
    #[serde(flatten)]
    summary: IncidentSummary,
    /// Who made the report.
    reported_by: String,
    /// When the reporter last saw the terminal.
    #[schema(required)]
    last_seen_at: Option<Time>,
    /// Where.
    #[schema(required)]
    place: Option<String>,
    /// What happened, in the reporter's words.
    #[schema(required)]
    circumstances: Option<String>,
    /// What the screening looks into.
    loss_window: LossWindow,
    /// One per channel, once the report is acknowledged.
    receipts: Vec<Receipt>,
    /// From the report's arrival to the last receipt, milliseconds.
    stop_ms: i64,
    /// The node that took the report.
    node: String,
    /// The written request to stop the terminal, and what became of it.
    stop_request: StopRequestOut,
    /// The terminal as it is now.
    terminal: TerminalSummary,
    /// Whether it was found again.
    #[schema(required)]
    found: Option<Found>,
    /// The playbook its duties come from, and its version: `stolen 1`; null in the first moments after a report.
    #[schema(required)]
    playbook: Option<String>,
    /// By what that playbook is shown: one of the house's own, or by its name what comes with the software.
    #[schema(required)]
    playbook_id: Option<String>,
    /// How it ended.
    #[schema(required)]
    closing: Option<Closing>,
    /// What must follow still, in the order people do it.
    next: Vec<DutyOut>,
    /// What the one who asks may do with it now.
    actions: Vec<IncidentAction>,
    /// The newest item of the timeline that is counted in here: what comes after it on the live stream is news.
    last_sequence: i64,
}

/// From the report's arrival until it was acknowledged, as it was measured; as the clocks on the walls say where two processes
/// had to do with it, and until now while it is not acknowledged.
pub fn stop_ms(incident: &Incident, now: Timestamp) -> i64 {
    let by_the_wall = incident
        .acknowledged_at
        .unwrap_or(now)
        .since_ms(incident.reported_at);
    incident.stop_ms.unwrap_or(by_the_wall).max(0)
}

fn summary(tx: &Tx<'_>, names: &mut Names<'_, '_>, incident: &Incident) -> Result<IncidentSummary, Problem> {
    let terminal_id = incident.terminal_id;
    let terminal =
        store::terminal::get(tx, terminal_id)?.ok_or(store::Error::Corrupt("terminal of an incident"))?;
    let released = match incident.state {
        Word::Closed => store::ledger::release_of(tx, terminal_id, incident.hold_id)?,
        _ => None,
    };
    let window = incident.window;
    let (count, sums) = store::ledger::in_window(tx, terminal_id, window.from, window.to)?;
    let request = store::stop_request::known(tx, &incident.incident_id)?;
    let next_due_at = match incident.state {
        Word::Closed => None,
        _ => store::duty::next_due(tx, &incident.incident_id)?,
    };
    Ok(IncidentSummary {
        time_zone: terminal.time_zone,
        window_transaction_count: count,
        window_amounts: Money::list(&sums),
        next_due_at: next_due_at.map(Time),
        id: incident.incident_id.clone(),
        terminal_id: terminal_id.to_string(),
        terminal_name: terminal.name,
        shop_name: names.shop(&terminal.shop_id)?,
        merchant_name: names.merchant(terminal.bound.merchant_code)?,
        state: IncidentState(incident.state),
        ended: incident
            .closing
            .as_ref()
            .map(|closing| IncidentEnded(closing.ended)),
        stop_state: StopState(stop_state(request)),
        stop_reminder_count: request.map_or(0, |known| known.reminder_count),
        manner: Manner(incident.manner),
        reported_at: Time(incident.reported_at),
        suspended_at: Time(incident.suspended_at),
        attempt_count: incident.attempt_count,
        unproven_attempt_count: incident.unproven_attempt_count,
        unacknowledged_alarm_count: incident.open_alarm_count,
        approved_since: store::ledger::approvals_after(tx, terminal_id, incident.hold_id, released)?,
    })
}

/// Takes a step with an incident, and tells whoever follows it.
pub async fn step<B: Send + 'static>(
    api: &Api,
    account: Account,
    incident_id: String,
    input: In<B>,
    act: impl FnOnce(&Tx<'_>, &Actor, &str, B) -> Result<Incident, app::case::Error> + Send + 'static,
) -> Result<Kept, Problem> {
    let act = |tx: &Tx<'_>, actor: &Actor, id: &str, body| Ok(act(tx, actor, id, body)?);
    try_step(api, account, incident_id, input, act).await
}

/// The same where more may be wrong.
pub async fn try_step<B: Send + 'static>(
    api: &Api,
    account: Account,
    incident_id: String,
    input: In<B>,
    act: impl FnOnce(&Tx<'_>, &Actor, &str, B) -> Result<Incident, Problem> + Send + 'static,
) -> Result<Kept, Problem> {
    let id = incident_id.clone();
    let work = move |tx: &Tx<'_>, actor: &Actor, body| page(tx, actor, act(tx, actor, &id, body)?);
    let kept = acting(api, account, input, work).await?;
    api.node.changed(Some(incident_id));
    Ok(kept)
}

impl Shown for Incident {
    type Out = IncidentOut;

    fn out(tx: &Tx<'_>, actor: &Actor, it: Self) -> Result<IncidentOut, Problem> {
        page(tx, actor, it)
    }
}

fn page(tx: &Tx<'_>, actor: &Actor, incident: Incident) -> Result<IncidentOut, Problem> {
    let mut names = Names::new(tx);
    let terminal_id = incident.terminal_id;
    let terminal =
        store::terminal::get(tx, terminal_id)?.ok_or(store::Error::Corrupt("terminal of an incident"))?;
    let merchant = store::merchant::get(tx, terminal.bound.merchant_code)?;
    let merchant = merchant.ok_or(store::Error::Corrupt("merchant of a terminal"))?;
    let reported_by = names.person(&incident.reported_by)?;
    let stop_request = stop_request::of(tx, &mut names, actor, (&incident, &terminal, &merchant))?;
    let allowed = actions(tx, actor, &incident, IncidentAction)?;
    let is_closed = incident.state == Word::Closed;
    let next = duty::of(tx, &mut names, actor, &incident, |duty| {
        duty.is_open() && !duty.is_conditional() && (!is_closed || duty.is_of_find())
    })?;
    let closing = match &incident.closing {
        None => None,
        Some(closing) => Some(Closing {
            ended: IncidentEnded(closing.ended),
            by: names.person(&closing.by)?,
            at: Time(closing.at),
            statement: closing.statement.clone(),
        }),
    };
    let found = match &incident.found {
        None => None,
        Some(found) => Some(Found::of(tx, &mut names, &incident, found)?),
    };
    Ok(IncidentOut {
        last_sequence: store::event::last_sequence(tx, Subject::Incident, &incident.incident_id)?,
        summary: summary(tx, &mut names, &incident)?,
        stop_ms: stop_ms(&incident, tx.now()),
        receipts: receipts(tx, &incident.incident_id)?,
        stop_request,
        reported_by,
        last_seen_at: incident.last_seen_at.map(Time),
        place: incident.place,
        circumstances: incident.circumstances,
        loss_window: LossWindow {
            from: Time(incident.window.from),
            to: Time(incident.window.to),
            basis: WindowBasis(incident.window.basis),
        },
        node: incident.node,
        terminal: terminal::summary(tx, &mut names, terminal)?,
        found,
        playbook_id: incident.playbook.as_ref().map(|pinned| {
            let own = pinned.revision_id.as_ref();
            own.unwrap_or(&pinned.playbook).clone()
        }),
        playbook: incident
            .playbook
            .map(|pinned| format!("{} {}", pinned.playbook, pinned.version)),
        closing,
        next,
        actions: allowed,
    })
}

impl Found {
    fn of(
        tx: &Tx<'_>,
        names: &mut Names<'_, '_>,
        incident: &Incident,
        found: &domain::incident::Found,
    ) -> Result<Self, store::Error> {
        let owes = incident.owes();
        let missing = app::incident::missing(tx, incident)?;
        let is_proposed = incident.state == Word::FoundProposed;
        let confirmed_by = found.confirmed_by.as_deref();
        Ok(Self {
            kind: found.kind.map(FoundAs),
            needs_inspection: owes.inspection,
            needs_new_keys: owes.new_keys,
            has_new_keys: is_proposed && app::incident::has_new_keys(tx, incident)?,
            is_passed: found.inspected.as_ref().map(|inspected| inspected.is_passed),
            missing: missing.map(|against| Problem::from(app::case::Error::Against(against)).code),
            proposed_by: names.person(&found.proposed_by)?,
            proposed_at: Time(found.proposed_at),
            statement: found.statement.clone(),
            confirmed_by: confirmed_by.map(|by| names.person(by)).transpose()?,
            confirmed_at: found.confirmed_at.map(Time),
        })
    }
}

fn cursor(incident: &Incident) -> String {
    format!("{}.{}", incident.reported_at.0, incident.incident_id)
}

/// A place in the order of reports.
struct Spot(Timestamp, String);

impl Place for Spot {
    fn parse(cursor: &str) -> Option<Self> {
        let (at, id) = cursor.split_once('.')?;
        let plausible = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        Some(Self(Timestamp(at.parse().ok()?), id.to_owned())).filter(|_| plausible)
    }
}

/// Which incidents.
#[derive(Deserialize, IntoParams)]
struct IncidentQuery {
    /// Part of its number, or of the terminal's, shop's or merchant's numbers and names.
    q: Option<String>,
    /// One state only.
    state: Option<IncidentState>,
    /// One terminal only.
    terminal_id: Option<String>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<Spot>>,
}

/// Incidents, newest report first.
#[utoipa::path(get, path = "/incidents", tag = "incident", params(IncidentQuery), responses(
    (status = 200, body = Page<IncidentSummary>),
    (status = 404, description = "terminal_not_found", body = ProblemOut),
    (status = 422, description = "invalid_field", body = ProblemOut),
))]
async fn list(
    State(api): State<Arc<Api>>,
    account: Account,
    Query(query): Query<IncidentQuery>,
) -> Result<Json<Page<IncidentSummary>>, Problem> {
    let terminal_id = query.terminal_id.as_deref();
    let terminal_id = terminal_id.map(terminal::parse_id).transpose()?;
    reading(&api, account, move |tx, actor| {
        if let Some(terminal_id) = terminal_id {
            terminal::visible(tx, actor, terminal_id)?;
        }
        let filter = Filter {
            scope: scope(actor)?,
            search: query.q.as_deref().map(str::trim),
            state: query.state.map(|state| state.0),
            terminal_id,
        };
        let below = query
            .cursor
            .as_ref()
            .map(|Cursor(Spot(at, id))| (*at, id.as_str()));
        let incidents = store::incident::list(tx, &filter, below, query.limit.and_one())?;
        let mut names = Names::new(tx);
        Page::of(incidents, query.limit.get(), cursor).try_map(|incident| summary(tx, &mut names, &incident))
    })
    .await
}

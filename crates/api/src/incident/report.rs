//! The loss report: one POST that stops a terminal, answered only when it is stopped; where an outside acquirer decides, the
//! stop is asked for, and the answer says no more (R1.0, R1.2).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use app::incident::{Acknowledged, Reported};
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use domain::TerminalId;
use domain::incident::Incident;
use serde::{Deserialize, Serialize};
use store::Tx;
use store::node::Incarnation;
use tokio::task::JoinHandle;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::case::{Manner, Receipt, receipts, stop_ms};
use crate::Api;
use crate::auth::{Account, Actor};
use crate::edge::Arrived;
use crate::idempotency::{Kept, Key, claim, keep};
use crate::input::{In, text_opt};
use crate::problem::{Problem, ProblemOut, Why, code};
use crate::wire::Time;
use crate::{emergency, terminal};
use node::Turn;

/// How long an acknowledgement waits for what must follow to be drawn up.
const DRAW_UP_MAX: Duration = Duration::from_secs(1);
/// The longest wait for other nodes: more than it takes to expel one that has fallen silent.
const ELSEWHERE_MAX: Duration = Duration::from_millis(app::lease::WAIT_MS_MAX.unsigned_abs() * 2);
/// Payments a reporter speaks of.
const PAYMENTS_MAX: usize = 20;
/// How long a report may take before it is told what is known: the promise is kept within 12.7 s when a node has fallen
/// silent, and the store is asked again for 15 s when it cannot be reached.
const TIME_MAX: Duration = Duration::from_secs(30);
/// How far a reporter's clock may be ahead of the node's.
const AHEAD_MS_MAX: i64 = 60_000;
/// How often to look, when no bell rings.
const LOOK_EVERY: Duration = Duration::from_millis(250);

crate::problem::codes! {
    /// The report was closed as found: the terminal may trade again.
    REPORT_CLOSED = "report_closed", CONFLICT:
        ("报失已结案", "这次报失已作为找回结案，终端可能又在交易。如再次丢失，请用新的 Idempotency-Key 重新报失。"),
        ("Report closed", "This report was closed as found, and the terminal may trade again. If it is missing, report it \
         anew with a new Idempotency-Key.");
    /// Whether the terminal is stopped is not known yet.
    STOP_UNKNOWN = "stop_unknown", SERVICE_UNAVAILABLE:
        ("尚不确定", "还不能确定终端是否已经停用，请立即再次报失。"),
        ("Not known", "Whether the terminal is stopped is not known yet. Report it again at once.");
    /// The terminal is stopped; whether an approval from before is still on its way is not known yet.
    STOPPED_UNACKNOWLEDGED = "stopped_unacknowledged", SERVICE_UNAVAILABLE:
        ("已停用，尚未确认", "终端已经停用；之前批准的交易是否还在途中尚不确定。请再次报失以取得确认。"),
        ("Stopped, not acknowledged", "The terminal is stopped; whether an approval from before is still on its way is not known yet. \
         Report it again to hear.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(report))
}

/// What a shaken shopkeeper knows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "terminal_id": "10450001", "manner": "stolen" }))]
pub struct LossReport {
    /// Which terminal.
    pub terminal_id: String,
    /// When it was last seen.
    pub last_seen_at: Option<Time>,
    /// Where; at most 2000 characters.
    pub place: Option<String>,
    /// What happened; at most 2000 characters.
    pub circumstances: Option<String>,
    /// How it went; `unsure` unless said.
    pub manner: Option<Manner>,
    /// What the shop says of the terminal's last payments; at most 20. They say where the loss window starts.
    pub payments: Option<Vec<PaymentSaid>>,
}

impl LossReport {
    /// As it is kept, of when it reached the node.
    pub(super) fn read(self, arrived: Arrived) -> Result<app::incident::Report, Problem> {
        let payments = self.payments.unwrap_or_default();
        if payments.len() > PAYMENTS_MAX {
            return Err(Problem::field("payments", Why::TooLong));
        }
        let said = |said: PaymentSaid| app::incident::Said {
            sequence: said.sequence,
            ours: said.ours,
        };
        let last_seen_at = self.last_seen_at.map(|time| time.0);
        if last_seen_at.is_some_and(|seen| seen > arrived.at.plus_ms(AHEAD_MS_MAX)) {
            return Err(Problem::field("last_seen_at", Why::InFuture));
        }
        Ok(app::incident::Report {
            terminal_id: terminal::parse_id(&self.terminal_id)?,
            // A clock that is a little ahead has seen nothing later than now.
            last_seen_at: last_seen_at.map(|seen| seen.min(arrived.at)),
            place: text_opt("place", self.place, app::case::TEXT_CHARS_MAX)?,
            circumstances: text_opt("circumstances", self.circumstances, app::case::TEXT_CHARS_MAX)?,
            manner: self
                .manner
                .map_or(domain::incident::Manner::Unsure, |manner| manner.0),
            reported_at: arrived.at,
            payments: payments.into_iter().map(said).collect(),
        })
    }
}

/// What a shop says of a payment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentSaid {
    /// The transaction's sequence.
    sequence: i64,
    /// Whether its own people took it; false when they did not, or cannot say.
    ours: bool,
}

/// The acknowledgement: from here on nothing of the terminal is approved here. What its receipts say is said of everywhere.
#[derive(Serialize, ToSchema)]
pub struct LossReported {
    /// The incident.
    id: String,
    /// Which terminal.
    terminal_id: String,
    /// When our own doors were shut to it.
    suspended_at: Time,
    /// One per channel; of a terminal that an outside acquirer decides they say `requested`.
    receipts: Vec<Receipt>,
    /// When the report reached the node.
    reported_at: Time,
    /// From the report's arrival to the last receipt, milliseconds.
    stop_ms: i64,
}

/// Report a terminal lost. A terminal already reported answers with its open incident.
#[utoipa::path(post, path = "/incidents", tag = "incident", request_body = LossReport, responses(
    (status = 201, description = "The terminal is stopped, or its stop is requested, as the receipts say.", body = LossReported),
    (status = 200, description = "It was reported before.", body = LossReported),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "terminal_not_found", body = ProblemOut),
    (status = 409, description = "report_closed", body = ProblemOut),
    (status = 422, description = "invalid_field, idempotency_key_reused", body = ProblemOut),
    (status = 503, description = "stop_unknown: perhaps not stopped; stopped_unacknowledged: stopped, report again to hear more",
        body = ProblemOut),
))]
async fn report(
    State(api): State<Arc<Api>>,
    Extension(arrived): Extension<Arrived>,
    Actor(account): Actor,
    input: In<LossReport>,
) -> Result<Kept, Problem> {
    done(api, Reporter::Session(account), input.body, arrived, input.key).await
}

/// By what somebody may report.
#[derive(Clone)]
pub enum Reporter {
    /// By having logged in, or by an API key.
    Session(Account),
    /// By an emergency code, of that digest.
    Code([u8; 32]),
}

impl Reporter {
    /// Reports, as whoever it is in this transaction.
    fn report(
        &self,
        tx: &Tx<'_>,
        report: &app::incident::Report,
        (incident_id, node): (&str, &str),
    ) -> Result<Reported, Problem> {
        match self {
            Self::Session(account) => {
                let actor = account.actor(tx)?;
                Ok(app::incident::report_loss(tx, &actor, report, incident_id, node)?)
            }
            Self::Code(digest) => {
                let opened = app::emergency_code::open(tx, digest)?
                    .filter(|opened| opened.code.opens(report.terminal_id, tx.now()))
                    .ok_or_else(|| Problem::new(emergency::CODE_OVER))?;
                let reported = app::incident::report_loss(tx, &opened.actor, report, incident_id, node)?;
                app::emergency_code::used(tx, opened, &reported.incident)?;
                Ok(reported)
            }
        }
    }

    /// Whose key the answer is kept for; a code is a key of its own.
    fn login(&self) -> &str {
        match self {
            Self::Session(account) => account.name(),
            Self::Code(_) => "",
        }
    }
}

/// Does what a report asks for, and answers what is known of it.
pub async fn done(
    api: Arc<Api>,
    by: Reporter,
    said: LossReport,
    arrived: Arrived,
    key: Option<Key>,
) -> Result<Kept, Problem> {
    let report = said.read(arrived)?;
    let is_stopped = Arc::new(AtomicBool::new(false));
    // A client that hangs up does not stop the stopping.
    let stopping = tokio::spawn(stop(api, by, (report, arrived.since), key, is_stopped.clone()));
    in_time(stopping, &is_stopped).await
}

/// What came of the stopping, or what is known of it when the time is over. It goes on.
async fn in_time(
    stopping: JoinHandle<Result<Kept, Problem>>,
    is_stopped: &AtomicBool,
) -> Result<Kept, Problem> {
    let mut why = match tokio::time::timeout(TIME_MAX, stopping).await {
        Ok(Ok(Err(problem))) if problem.status() == StatusCode::SERVICE_UNAVAILABLE => problem,
        Ok(Ok(done)) => return done,
        Ok(Err(error)) => Problem::internal(&error),
        Err(_) => Problem::new(code::TIMED_OUT),
    };
    // Nothing may be said of a report but what is known.
    why.code = match is_stopped.load(Ordering::Acquire) {
        true => STOPPED_UNACKNOWLEDGED,
        false => STOP_UNKNOWN,
    };
    Err(why.retry_after_s(1))
}

/// What the first transaction of a report leads to.
enum Step {
    /// The answer is known, and the incident that may have something new.
    Answered(Kept, Option<String>),
    /// The hold stands; the acknowledgement is still owed.
    Suspended { incident: Box<Incident>, opened: bool },
}

async fn stop(
    api: Arc<Api>,
    by: Reporter,
    (report, since): (app::incident::Report, Instant),
    key: Option<Key>,
    is_stopped: Arc<AtomicBool>,
) -> Result<Kept, Problem> {
    let incident_id = crate::id::new()?;
    // Whether or not a first try was kept, a second one finds the terminal stopped, or stops it.
    let suspended = api.node.insist(Turn::First, || {
        let (by, report, its_key) = (by.clone(), report.clone(), key.clone());
        let (incident_id, node) = (incident_id.clone(), api.node.name.clone());
        move |tx: &Tx<'_>| suspend(tx, &by, &report, (&incident_id, &node), its_key.as_ref())
    });
    let (incident, opened) = match suspended.await? {
        Step::Answered(kept, incident_id) => {
            api.node.changed(incident_id);
            return Ok(kept);
        }
        Step::Suspended { incident, opened } => (incident, opened),
    };
    is_stopped.store(true, Ordering::Release);
    let incident_id = incident.incident_id.clone();
    let waited = i64::try_from(drain(&api, incident.terminal_id).await).unwrap_or(i64::MAX);
    let opened_since = opened.then_some(since);
    let kept = acknowledged(&api, &by, &incident_id, key, opened_since, waited).await?;
    draw_up(&api, &incident_id, since).await;
    api.node.changed(Some(incident_id));
    Ok(kept)
}

/// Draws up what must follow, so that whoever asks next is shown it. The acknowledgement waits a moment for it and no longer, and not
/// at all where it was slow to come: what is not done here is done at the next look.
async fn draw_up(api: &Api, incident_id: &str, since: Instant) {
    let wait_max = DRAW_UP_MAX.min(ELSEWHERE_MAX.saturating_sub(since.elapsed()));
    let id = incident_id.to_owned();
    let drawn_up = api.node.write(move |tx: &Tx<'_>| app::duty::draw_up(tx, &id));
    match tokio::time::timeout(wait_max, drawn_up).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "what must follow is not drawn up yet"),
        Err(_) => tracing::warn!("what must follow is not drawn up yet"),
    }
}

/// Waits until every node has drained, and acknowledges.
async fn acknowledged(
    api: &Api,
    by: &Reporter,
    incident_id: &str,
    key: Option<Key>,
    opened_since: Option<Instant>,
    waited: i64,
) -> Result<Kept, Problem> {
    let deadline = Instant::now() + ELSEWHERE_MAX;
    loop {
        let rung = api.node.doorbell.notified();
        tokio::pin!(rung);
        rung.as_mut().enable();
        let done = api.node.insist(Turn::First, || {
            let (by, node, id) = (by.clone(), api.node.name.clone(), incident_id.to_owned());
            let (here, key) = (api.node.here(), key.clone());
            move |tx: &Tx<'_>| {
                acknowledge(
                    tx,
                    &by,
                    (&id, &node),
                    here.as_ref().map(|who| (who, waited)),
                    opened_since,
                    key.as_ref(),
                )
            }
        });
        if let Some(kept) = done.await? {
            return Ok(kept);
        }
        if Instant::now() >= deadline {
            // The terminal is stopped; only that nothing of it is on its way any more cannot be said yet.
            return Err(store::Error::Unavailable.into());
        }
        let _ = tokio::time::timeout(LOOK_EVERY, rung).await;
    }
}

/// Writes the acknowledgement and the answer to the same request, should it come again; `None` when a node is still to
/// drain. `opened_since`: when the report arrived, if it is the one that opened the incident.
fn acknowledge(
    tx: &Tx<'_>,
    by: &Reporter,
    (id, node): (&str, &str),
    here: Option<(&Incarnation, i64)>,
    opened_since: Option<Instant>,
    key: Option<&Key>,
) -> Result<Option<Kept>, Problem> {
    // The key before the terminal, as in the first transaction.
    let first = match claim(tx, by.login(), key) {
        // The same request, sent twice at once: both get the answer that was first.
        Ok(first) => first,
        // The claim ran out and the key is another request's; what this one did is told as it is.
        Err(problem) if problem.code == code::IDEMPOTENCY_KEY_REUSED => None,
        Err(problem) => return Err(problem),
    };
    if let Acknowledged::NotYet = app::incident::acknowledge(tx, id, node, here)? {
        return Ok(None);
    }
    let status = match opened_since {
        Some(since) => {
            // Clocks on walls step; this one does not.
            let stop_ms = i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX);
            app::incident::measured(tx, id, stop_ms)?;
            StatusCode::CREATED
        }
        None => StatusCode::OK,
    };
    match first {
        Some(first) => still_true(tx, first).map(Some),
        None => keep(tx, by.login(), key, answer(tx, id, status)?).map(Some),
    }
}

/// An answer kept for a report, as long as its loss stands: an acknowledgement must be true whenever it is given.
fn still_true(tx: &Tx<'_>, kept: Kept) -> Result<Kept, Problem> {
    #[derive(Deserialize)]
    struct Reported {
        id: String,
    }
    let Some(Reported { id }) = kept.read()? else {
        return Ok(kept);
    };
    match store::incident::get(tx, &id)? {
        Some(incident) if incident.loss_stands() => Ok(kept),
        _ => Err(Problem::new(REPORT_CLOSED)),
    }
}

/// Waits for approvals on their way out; answers how many there were.
async fn drain(api: &Api, terminal_id: TerminalId) -> usize {
    #[cfg(feature = "canary")]
    if app::canary::acknowledged_early() {
        return 0;
    }
    api.node.outgoing.drain(terminal_id).await
}

fn suspend(
    tx: &Tx<'_>,
    by: &Reporter,
    report: &app::incident::Report,
    (incident_id, node): (&str, &str),
    key: Option<&Key>,
) -> Result<Step, Problem> {
    if let Some(kept) = claim(tx, by.login(), key)? {
        return Ok(Step::Answered(still_true(tx, kept)?, None));
    }
    let reported = by.report(tx, report, (incident_id, node))?;
    let (incident, opened) = (reported.incident, reported.opened);
    if incident.acknowledged_at.is_none() {
        let incident = Box::new(incident);
        return Ok(Step::Suspended { incident, opened });
    }
    let kept = keep(
        tx,
        by.login(),
        key,
        answer(tx, &incident.incident_id, StatusCode::OK)?,
    )?;
    Ok(Step::Answered(kept, Some(incident.incident_id)))
}

fn answer(tx: &Tx<'_>, incident_id: &str, status: StatusCode) -> Result<Kept, Problem> {
    let incident =
        store::incident::get(tx, incident_id)?.ok_or(store::Error::Corrupt("incident just written"))?;
    if !incident.loss_stands() {
        // Found, by two people, while the report was waiting for its acknowledgement.
        return Kept::of_outcome(status, Err::<LossReported, _>(Problem::new(REPORT_CLOSED)));
    }
    let receipts = receipts(tx, incident_id)?;
    let reported = LossReported {
        stop_ms: stop_ms(&incident, tx.now()),
        id: incident.incident_id,
        terminal_id: incident.terminal_id.to_string(),
        suspended_at: Time(incident.suspended_at),
        receipts,
        reported_at: Time(incident.reported_at),
    };
    Kept::new(status, &reported)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_not_known_in_time_is_said_as_not_known() {
        for (stopped, code) in [(false, STOP_UNKNOWN), (true, STOPPED_UNACKNOWLEDGED)] {
            let stopping = tokio::spawn(std::future::pending());
            let told = in_time(stopping, &AtomicBool::new(stopped)).await;
            assert_eq!(told.err().map(|problem| problem.code), Some(code));
        }
    }

    #[tokio::test]
    async fn a_store_that_fails_does_not_say_whether_the_terminal_is_stopped() {
        for error in [
            store::Error::OutcomeUnknown,
            store::Error::Unavailable,
            store::Error::Stopped,
        ] {
            let stopping = tokio::spawn(async { Err(Problem::from(error)) });
            let told = in_time(stopping, &AtomicBool::new(false)).await;
            assert_eq!(told.err().map(|problem| problem.code), Some(STOP_UNKNOWN));
        }
        let refused = tokio::spawn(async { Err(Problem::new(crate::terminal::NOT_FOUND)) });
        let told = in_time(refused, &AtomicBool::new(false)).await;
        assert_eq!(
            told.err().map(|problem| problem.code),
            Some(crate::terminal::NOT_FOUND)
        );
    }
}

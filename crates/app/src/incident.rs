//! Losing a terminal: the report that stops it, and finding it again.
//!
//! Invariant: the loss hold, its incident, the written stop request and their audit record are one store transaction;
//! nothing but [`confirm_found`] releases the hold, and that only of what was never away, or was looked over since it was found.

use domain::account::Scope;
use domain::actor::{Actor, By};
use domain::case;
use domain::duty::{Duty, Moment};
use domain::event::{Event, Subject};
use domain::hold::{Authority, Kind};
use domain::incident::found::{Kind as FoundAs, NotTrusted};
use domain::incident::{
    Channel, Closing, Ended, Found, Happened, Incident, LossWindow, Manner, Moments, Sight, State, Verb,
};
use domain::right::{Object, Right, may};
use domain::terminal::{Control, Terminal};
use domain::time::HOUR_MS;
use domain::{TerminalId, Timestamp};
use store::event::{self, New};
use store::node::Incarnation;
use store::receipt::Receipt;
use store::{Error as StoreError, Tx};

use crate::attempt::{lock, of_incident};
use crate::case::{Against, Error, Noun, Stateful, find, step};
use crate::hold::{NotReleased, Placing, place, release};

/// How long before the report something may have happened, as people say.
const MOMENT_BEFORE_MS_MAX: i64 = 366 * 24 * HOUR_MS;

/// What a shaken shopkeeper knows (R1.0).
#[derive(Clone, Debug)]
pub struct Report {
    /// Which terminal.
    pub terminal_id: TerminalId,
    /// When it was last seen.
    pub last_seen_at: Option<Timestamp>,
    /// Where.
    pub place: Option<String>,
    /// What happened, in the reporter's words.
    pub circumstances: Option<String>,
    /// How it went.
    pub manner: Manner,
    /// When the report reached the node.
    pub reported_at: Timestamp,
    /// What the reporter says of the terminal's last payments.
    pub payments: Vec<Said>,
}

/// What a reporter says of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its place in the terminal's ledger.
    pub sequence: i64,
    /// Whether the shop's own people took it; false when they did not, or cannot say.
    pub ours: bool,
}

impl Noun for Incident {
    const SUBJECT: Subject = Subject::Incident;

    fn id(&self) -> &str {
        &self.incident_id
    }

    fn seen_by(&self, tx: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        let terminal = store::terminal::get(tx, self.terminal_id)?;
        Ok(terminal.is_some_and(|terminal| scope.sees(terminal.bound.merchant_code, &terminal.shop_id)))
    }
}

impl Stateful for Incident {
    /// Everything about a loss is decided with its terminal's row locked.
    fn lock(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        lock(tx, self.terminal_id).map(drop)
    }

    fn stands_against(&self, tx: &Tx<'_>, verb: Verb) -> Result<(), Error> {
        match verb {
            // What is not drawn up is not done.
            Verb::Close if self.playbook.is_none() => Err(Error::Against(Against::DutiesOpen)),
            Verb::Close => duties_done(tx, self, |_| true),
            Verb::ConfirmFound => is_ready(tx, self),
            _ => Ok(()),
        }
    }

    fn happened(verb: Verb) -> &'static str {
        match verb {
            Verb::ReportLoss => Happened::Reported,
            Verb::AcknowledgeAlarm => Happened::AlarmAcknowledged,
            Verb::ProposeFound => Happened::FoundProposed,
            Verb::Inspect => Happened::Inspected,
            Verb::ConfirmFound => Happened::Closed,
            Verb::Close => Happened::ClosedNotFound,
            Verb::Reopen => Happened::Reopened,
            Verb::SayMoment => Happened::MomentSaid,
        }
        .code()
    }
}

fn duties_done(tx: &Tx<'_>, it: &Incident, which: impl Fn(&Duty) -> bool) -> Result<(), Error> {
    let stands = |duty: &Duty| duty.stands_against_closing() && which(duty);
    match store::duty::of(tx, &it.incident_id)?.iter().any(stands) {
        true => Err(Error::Against(Against::DutiesOpen)),
        false => Ok(()),
    }
}

/// Whether a second person may confirm that it was found: what it owes is there. What is broken is nothing that runs again, so that all
/// that follows a loss is to be done as for one that is never found.
fn is_ready(tx: &Tx<'_>, it: &Incident) -> Result<(), Error> {
    let Some(found) = &it.found else { return Ok(()) };
    let owes = found.owes(it.manner);
    if owes.inspection {
        found.is_trusted().map_err(|why| {
            Error::Against(match why {
                NotTrusted::NotInspected => Against::NotInspected,
                NotTrusted::Failed => Against::InspectionFailed,
            })
        })?;
    }
    if owes.new_keys && !has_new_keys(tx, it)? {
        return Err(Error::Against(Against::NoNewKeys));
    }
    duties_done(tx, it, |duty| found.is_destroyed() || duty.is_of_find())
}

/// Whether its keys are others than when it was found: by the record where our gate has them, else as an acquirer outside says.
pub fn has_new_keys(tx: &Tx<'_>, it: &Incident) -> Result<bool, StoreError> {
    let Some(found) = &it.found else { return Ok(false) };
    let terminal = store::terminal::get(tx, it.terminal_id)?;
    let terminal = terminal.ok_or(StoreError::Corrupt("terminal of an incident"))?;
    match terminal.control {
        Control::Gate => crate::replacement::has_own_key(tx, &terminal, found.old_key_check.as_deref()),
        Control::Outside => Ok(found
            .inspected
            .as_ref()
            .is_some_and(|inspected| inspected.has_new_keys)),
    }
}

/// What stands against that a second person confirms that it was found, for whoever asks; `None` when nothing does, or nobody says that
/// it was found.
pub fn missing(tx: &Tx<'_>, it: &Incident) -> Result<Option<Against>, StoreError> {
    if it.state != State::FoundProposed {
        return Ok(None);
    }
    match is_ready(tx, it) {
        Ok(()) => Ok(None),
        Err(Error::Against(against)) => Ok(Some(against)),
        Err(Error::Store(error)) => Err(error),
        Err(_) => Err(StoreError::Corrupt("what a found terminal owes")),
    }
}

/// A loss report's outcome.
#[derive(Clone, Debug)]
pub struct Reported {
    /// The incident.
    pub incident: Incident,
    /// False when the terminal was reported before and this is that incident.
    pub opened: bool,
}

/// Reports a terminal lost: places the sticky hold, opens the incident and records the merchant's written request to
/// stop the terminal (银发〔2021〕259号 一(一)3), at once and together (R1.0, R1.2).
pub fn report_loss(
    tx: &Tx<'_>,
    actor: &Actor,
    report: &Report,
    incident_id: &str,
    node: &str,
) -> Result<Reported, Error> {
    let terminal_id = report.terminal_id;
    let terminal: Terminal = find(tx, actor, terminal_id.as_str())?;
    if !may(actor, Right::ReportLoss, Object::Seen) {
        return Err(Error::NotAllowed);
    }
    lock(tx, terminal_id)?.ok_or(Error::NotFound(Subject::Terminal))?;
    if let Some(incident) = store::incident::unclosed(tx, terminal_id)? {
        let incident = lost_again(tx, actor, report, incident)?;
        return Ok(Reported {
            incident,
            opened: false,
        });
    }
    if let Some(incident) = store::incident::stays_stopped(tx, terminal_id)? {
        // Its loss stands still: whoever misses it now tells more of the same.
        let incident = lost_again(tx, actor, report, incident)?;
        return Ok(Reported {
            incident,
            opened: false,
        });
    }
    let sight = sight(tx, report)?;
    let trusted_until = sight.trusted_until().unwrap_or(report.reported_at);
    let last_approval = store::ledger::last_approval(tx, terminal_id, trusted_until)?;
    let placing = Placing {
        terminal_id,
        kind: Kind::Loss,
        cause: report.manner.code(),
        by: actor.by(),
        until: None,
        incident_id: Some(incident_id),
    };
    let hold = place(tx, &placing)?;
    let incident = Incident {
        incident_id: incident_id.to_owned(),
        terminal_id,
        state: State::Open,
        manner: report.manner,
        hold_id: hold.hold_id,
        node: node.to_owned(),
        reported_at: report.reported_at,
        reported_by: actor.name().to_owned(),
        suspended_at: hold.placed_at,
        acknowledged_at: None,
        stop_ms: None,
        last_seen_at: report.last_seen_at,
        place: report.place.clone(),
        circumstances: report.circumstances.clone(),
        window: LossWindow::of(sight, last_approval.map(|row| row.at), hold.placed_at),
        stop_request_number: format!("STOP-{incident_id}"),
        found: None,
        attempt_count: 0,
        unproven_attempt_count: 0,
        open_alarm_count: 0,
        playbook: None,
        moments: Moments::default(),
        closing: None,
    };
    store::incident::insert(tx, &incident)?;
    store::drain::ask(tx, terminal_id, hold.hold_id)?;
    #[cfg(feature = "canary")]
    if crate::canary::drain_skips_late_node() {
        for late in store::node::present(tx)?.iter().filter(|node| node.renewal < 4) {
            store::drain::answer(tx, terminal_id, hold.hold_id, &late.who, 0)?;
        }
    }
    let reported = New {
        at: incident.reported_at,
        text: report.circumstances.as_deref(),
        ..of_incident(
            (&incident.incident_id, incident.suspended_at),
            Happened::Reported,
            actor.by(),
            None,
        )
    };
    event::append(tx, reported)?;
    match terminal.control {
        Control::Gate => {
            let suspended = New {
                at: incident.suspended_at,
                ..of_incident(
                    (&incident.incident_id, incident.suspended_at),
                    Happened::Suspended,
                    By::node(node),
                    Some(hold.hold_id),
                )
            };
            event::append(tx, suspended)?;
        }
        // Our doors are shut to it all the same; whether it is stopped is for somebody else to say.
        Control::Outside => crate::stop_request::open(tx, actor, &incident, &terminal)?,
    }
    Ok(Reported {
        incident,
        opened: true,
    })
}

/// When the terminal was in the right hands, as the reporter says. A payment that is not there changes nothing: no
/// mistake in the details may keep a terminal from being stopped.
fn sight(tx: &Tx<'_>, report: &Report) -> Result<Sight, StoreError> {
    let mut sight = Sight {
        seen: report.last_seen_at,
        ..Sight::default()
    };
    for said in &report.payments {
        let Some(row) = store::ledger::get(tx, report.terminal_id, said.sequence)? else {
            continue;
        };
        match said.ours {
            true => sight.ours = sight.ours.max(Some(row.at)),
            false => sight.doubted = Some(sight.doubted.map_or(row.at, |doubted| doubted.min(row.at))),
        }
    }
    Ok(sight)
}

/// A report of a terminal that is stopped already: whoever said it was found is overruled, so that nobody confirms an
/// older "found" of a terminal that is missing now; and what was closed without it is open again.
fn lost_again(tx: &Tx<'_>, actor: &Actor, report: &Report, incident: Incident) -> Result<Incident, Error> {
    if incident.state == State::Open {
        return Ok(incident);
    }
    let text = report.circumstances.as_deref();
    let again = step(
        tx,
        actor,
        &incident.incident_id,
        Verb::ReportLoss,
        text,
        |again: &mut Incident| (again.found, again.closing) = (None, None),
    )?;
    crate::duty::follow_find(tx, actor, &again)?;
    Ok(again)
}

/// What became of an acknowledgement.
#[derive(Clone, Debug)]
pub enum Acknowledged {
    /// The receipts are written: from here on the report is acknowledged.
    Receipts(Vec<Receipt>),
    /// A node may still have an approval on its way out: wait, and ask again.
    NotYet,
}

/// Writes every channel's receipt, once the approvals decided before the hold have left every node or were dropped there.
/// `here` is the node that asks and what it has waited for itself.
pub fn acknowledge(
    tx: &Tx<'_>,
    incident_id: &str,
    node: &str,
    here: Option<(&Incarnation, i64)>,
) -> Result<Acknowledged, StoreError> {
    let actor = Actor::Node(node.to_owned());
    let mut incident: Incident = match crate::case::locked(tx, &actor, incident_id) {
        Ok(incident) => incident,
        Err(Error::Store(error)) => return Err(error),
        Err(_) => return Err(StoreError::Corrupt("incident to acknowledge")),
    };
    let terminal_id = incident.terminal_id;
    if let Some((who, waited)) = here {
        store::drain::answer(tx, terminal_id, incident.hold_id, who, waited)?;
    }
    if incident.acknowledged_at.is_none() {
        let progress = store::drain::progress(tx, terminal_id, incident.hold_id)?;
        if progress.open > 0 {
            return Ok(Acknowledged::NotYet);
        }
        // The hold may have been placed a millisecond ahead of the clock.
        let now = tx.now().max(incident.suspended_at);
        for channel in Channel::ALL {
            let card = channel == Channel::CardAuthorisation;
            let only_card = |count| if card { count } else { 0 };
            let receipt = Receipt {
                channel,
                at: if card { now } else { incident.suspended_at },
                node: node.to_owned(),
                in_flight_waited: only_card(progress.waited),
                nodes_drained: only_card(progress.drained),
                nodes_expelled: only_card(progress.gone),
            };
            store::receipt::insert(tx, incident_id, &receipt)?;
        }
        incident.acknowledged_at = Some(now);
        store::incident::update(tx, &incident)?;
        let acknowledged = New {
            at: now,
            ..of_incident(
                (&incident.incident_id, incident.suspended_at),
                Happened::Acknowledged,
                By::node(node),
                None,
            )
        };
        event::append(tx, acknowledged)?;
    }
    store::receipt::list(tx, incident_id).map(Acknowledged::Receipts)
}

/// Writes how long the stopping took, as the process measured it that took the report and acknowledges it.
pub fn measured(tx: &Tx<'_>, incident_id: &str, stop_ms: i64) -> Result<(), StoreError> {
    store::incident::measured(tx, incident_id, stop_ms)
}

/// Acknowledges reports as far as every node has drained, whoever took them in: that node may be gone, may have started
/// anew under its name, or may have given up waiting. Their terminals are locked in order. Answers how many.
pub fn acknowledge_left(tx: &Tx<'_>, node: &str) -> Result<usize, StoreError> {
    let mut acknowledged = 0;
    for incident in store::incident::unacknowledged(tx)? {
        let done = acknowledge(tx, &incident.incident_id, node, None)?;
        acknowledged += usize::from(matches!(done, Acknowledged::Receipts(_)));
    }
    Ok(acknowledged)
}

/// Notes that a person has seen the alarm; without an open alarm nothing changes.
pub fn acknowledge_alarm(tx: &Tx<'_>, actor: &Actor, incident_id: &str) -> Result<Incident, Error> {
    let incident: Incident = crate::case::locked(tx, actor, incident_id)?;
    match case::decide(&incident, Verb::AcknowledgeAlarm, actor) {
        Err(case::NotTaken::WrongState(_)) => return Ok(incident),
        decided => decided?,
    };
    store::alarm::acknowledge(tx, incident_id, actor.name(), tx.now())?;
    step(
        tx,
        actor,
        incident_id,
        Verb::AcknowledgeAlarm,
        None,
        |incident: &mut Incident| incident.open_alarm_count = 0,
    )
}

/// How long one and the same document is noted once.
const MADE_ONCE_MS: i64 = HOUR_MS;
/// So many notes are looked through for it.
const MADE_SEEN_MAX: i64 = 16;

/// Notes that a document was made of it: which, as its maker says it. Whether it is noted anew: one and the same is noted once an hour.
pub fn document_made(tx: &Tx<'_>, actor: &Actor, incident_id: &str, which: &str) -> Result<bool, Error> {
    made(tx, actor, incident_id, (Happened::DocumentMade, which))
}

/// Notes that an evidence pack of it was made: for whom, and the SHA-256 of its sums. Whether it is noted anew, as of a document.
pub fn pack_made(tx: &Tx<'_>, actor: &Actor, incident_id: &str, which: &str) -> Result<bool, Error> {
    may_have_pack(actor)?;
    made(tx, actor, incident_id, (Happened::PackMade, which))
}

fn made(
    tx: &Tx<'_>,
    actor: &Actor,
    incident_id: &str,
    (verb, which): (Happened, &str),
) -> Result<bool, Error> {
    let incident: Incident = crate::case::locked(tx, actor, incident_id)?;
    may_make_documents(actor)?;
    let at = tx.now().max(incident.suspended_at);
    let newest = event::newest(tx, (Subject::Incident, incident_id), verb.code(), MADE_SEEN_MAX)?;
    let is_same = |made: &Event| {
        made.text.as_deref() == Some(which)
            && made.actor == actor.name()
            && made.at.plus_ms(MADE_ONCE_MS) > at
    };
    if newest.iter().any(is_same) {
        return Ok(false);
    }
    let made = New {
        text: Some(which),
        ..of_incident((incident_id, at), verb, actor.by(), None)
    };
    event::append(tx, made)?;
    Ok(true)
}

/// Whether the actor may have documents of an incident that it sees: who sees to what follows a loss.
pub fn may_make_documents(actor: &Actor) -> Result<(), Error> {
    match may(actor, Right::FollowLoss, Object::Seen) {
        true => Ok(()),
        false => Err(Error::NotAllowed),
    }
}

/// Whether the actor may have an evidence pack of an incident that it sees: the same of a person, who has just proved who it is, since
/// nothing in it is masked.
pub fn may_have_pack(actor: &Actor) -> Result<(), Error> {
    case::in_person(actor)?;
    may_make_documents(actor)?;
    Ok(case::proved(actor)?)
}

/// One person says the terminal was found again, and how. It stays stopped. Of what was found it may be said later that it is broken.
///
/// # Errors
/// [`Against::InspectionFailed`] for a false alarm of a terminal that failed its last inspection.
pub fn propose_found(
    tx: &Tx<'_>,
    actor: &Actor,
    incident_id: &str,
    (kind, statement): (FoundAs, &str),
) -> Result<Incident, Error> {
    let incident: Incident = crate::case::locked(tx, actor, incident_id)?;
    case::decide(&incident, Verb::ProposeFound, actor)?;
    if incident.state == State::FoundProposed && kind != FoundAs::Destroyed {
        return Err(Error::WrongState(incident.state.code()));
    }
    if kind == FoundAs::FalseAlarm && store::inspection::has_failed(tx, incident_id)? {
        return Err(Error::Against(Against::InspectionFailed));
    }
    let terminal = store::terminal::get(tx, incident.terminal_id)?;
    let found = Found {
        kind: Some(kind),
        old_key_check: terminal.and_then(|terminal| terminal.key_check),
        ..Found::said(actor.name(), tx.now(), statement)
    };
    let text = format!("{}\n{statement}", kind.code());
    crate::duty::draw_up(tx, incident_id)?;
    let found = step(
        tx,
        actor,
        incident_id,
        Verb::ProposeFound,
        Some(&text),
        |incident: &mut Incident| incident.found = Some(found),
    )?;
    crate::duty::follow_find(tx, actor, &found)?;
    Ok(found)
}

/// A second person with authority confirms how it was found, and the incident is closed. The loss hold is released unless it is broken;
/// then its keys are ended, and it stays stopped for good.
///
/// # Errors
/// [`Against::NotInspected`], [`Against::InspectionFailed`], [`Against::NoNewKeys`] and [`Against::DutiesOpen`] while something is missing.
pub fn confirm_found(tx: &Tx<'_>, actor: &Actor, incident_id: &str) -> Result<Incident, Error> {
    let now = tx.now();
    let it: Incident = crate::case::locked(tx, actor, incident_id)?;
    let ended = it.found.as_ref().map_or(Ended::Recovered, Found::ends_as);
    let closed: Incident = step(
        tx,
        actor,
        incident_id,
        Verb::ConfirmFound,
        Some(ended.code()),
        |incident: &mut Incident| {
            if let Some(found) = &mut incident.found {
                found.confirmed_by = Some(actor.name().to_owned());
                found.confirmed_at = Some(now);
            }
            incident.closing = Some(Closing {
                ended,
                by: actor.name().to_owned(),
                at: now,
                statement: None,
            });
        },
    )?;
    match ended {
        Ended::Destroyed | Ended::NotFound => {
            crate::replacement::end_keys(tx, actor, closed.terminal_id)?;
            return Ok(closed);
        }
        // What it knew when it was away signs nothing any more: it signs in anew.
        Ended::Recovered => crate::replacement::end_working_keys(tx, closed.terminal_id)?,
        Ended::FalseAlarm | Ended::Found => {}
    }
    crate::duty::end_with_find(tx, actor, &closed)?;
    let proposed_by = case::Case::first_person(&closed).unwrap_or_default();
    let ground = format!(
        "{}: said by {proposed_by}, confirmed by {}",
        ended.code(),
        actor.name()
    );
    match release(
        tx,
        closed.terminal_id,
        Kind::Loss,
        Authority::Incident,
        (actor.by(), &ground),
    ) {
        Ok(()) | Err(NotReleased::NotStanding) => Ok(closed),
        Err(NotReleased::Store(error)) => Err(error.into()),
        Err(NotReleased::WrongAuthority(_)) => Err(Error::NotAllowed),
    }
}

/// Closes an incident whose terminal was not found: what had to follow was done, and the terminal stays stopped for good (R1.2).
///
/// # Errors
/// [`Against::DutiesOpen`] while a duty is open that blocks it.
pub fn close(tx: &Tx<'_>, actor: &Actor, incident_id: &str, statement: &str) -> Result<Incident, Error> {
    // A node may not have come to it yet.
    find::<Incident>(tx, actor, incident_id)?;
    crate::duty::draw_up(tx, incident_id)?;
    let closing = Closing {
        ended: Ended::NotFound,
        by: actor.name().to_owned(),
        at: tx.now(),
        statement: Some(statement.to_owned()),
    };
    step(
        tx,
        actor,
        incident_id,
        Verb::Close,
        Some(statement),
        |incident: &mut Incident| incident.closing = Some(closing),
    )
}

/// Opens an incident again whose terminal stays stopped; what was said of a broken one is over.
pub fn reopen(tx: &Tx<'_>, actor: &Actor, incident_id: &str, ground: &str) -> Result<Incident, Error> {
    let again = step(
        tx,
        actor,
        incident_id,
        Verb::Reopen,
        Some(ground),
        |again: &mut Incident| (again.found, again.closing) = (None, None),
    )?;
    crate::duty::follow_find(tx, actor, &again)?;
    Ok(again)
}

/// Says when something happened that terms run from; those that wait for it start.
///
/// # Errors
/// [`Error::Fixed`] when it is known otherwise, [`Error::Unknown`] when it would be later than now, or a year before the report.
pub fn say_moment(
    tx: &Tx<'_>,
    actor: &Actor,
    incident_id: &str,
    (moment, at): (Moment, Timestamp),
) -> Result<Incident, Error> {
    let kept = |incident: &Incident| match moment {
        Moment::Occurred => Some(incident.moments.occurred),
        Moment::Confirmed => Some(incident.moments.confirmed),
        Moment::Aware => Some(incident.moments.aware),
        Moment::Noticed
        | Moment::Stopped
        | Moment::Bound
        | Moment::Found
        | Moment::PoliceAccepted
        | Moment::PoliceRefused => None,
    };
    let incident: Incident = crate::case::locked(tx, actor, incident_id)?;
    case::decide(&incident, Verb::SayMoment, actor)?;
    let is_near = at <= tx.now() && incident.reported_at.since_ms(at) <= MOMENT_BEFORE_MS_MAX;
    if !is_near {
        return Err(Error::Unknown("at"));
    }
    match kept(&incident) {
        Some(None) => {}
        Some(Some(said)) if said == at => return Ok(incident),
        // A term that runs is not moved by somebody who remembers otherwise: more time is given by name, on a ground.
        _ => return Err(Error::Fixed("moment")),
    }
    let text = format!("{} {}", moment.code(), crate::duty::written(at)?);
    let incident: Incident = step(
        tx,
        actor,
        incident_id,
        Verb::SayMoment,
        Some(&text),
        |incident: &mut Incident| {
            let moments = &mut incident.moments;
            match moment {
                Moment::Occurred => moments.occurred = Some(at),
                Moment::Confirmed => moments.confirmed = Some(at),
                Moment::Aware => moments.aware = Some(at),
                Moment::Noticed
                | Moment::Stopped
                | Moment::Bound
                | Moment::Found
                | Moment::PoliceAccepted
                | Moment::PoliceRefused => {}
            }
        },
    )?;
    crate::duty::start(tx, &incident)?;
    Ok(incident)
}

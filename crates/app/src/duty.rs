//! What must follow a loss: drawn up from a playbook when the incident begins, done with a proof, or found not to be needed.
//!
//! Nothing of it is in the transactions of a report: what stops a terminal waits for no playbook.
//!
//! Invariant: the duties of an incident are drawn up once, by the playbook of that moment, and nothing is added but the notice of what a new
//! terminal is bound to, and what follows from that it was found; what happens to one is an event of its incident, in the same transaction.

use domain::Timestamp;
use domain::account::{Person, Scope, State as Active};
use domain::actor::{Actor, By};
use domain::attachment::{Attachment, State as Kept};
use domain::case::{Case as _, decide};
use domain::duty::{Duty, End, Moment, State, Verb, Whose, remind_after, remind_before};
use domain::event::Subject;
use domain::hex;
use domain::incident::{Happened, Incident, Pinned, State as IncidentState};
use domain::police::Verb as Paper;
use domain::right::{self, Object, Right};
use domain::terminal::{Control, Terminal};
use domain::time::HOUR_MS;
use domain::work::Work;
use playbook::{INSPECTION, NEW_KEYS, REPLACEMENT, Rule, Said, Term};
use store::duty::Told;
use store::event::{self, New};
use store::police;
use store::{Error as StoreError, Tx, row};

use crate::case::{Error, Noun, Stateful, find, locked, named, step};

/// Incidents that duties are drawn up for, and duties of which something is said, in one go.
const AT_ONCE_MAX: i64 = 20;
/// By how much more time may be given, from now.
const EXTENSION_MS_MAX: i64 = 366 * 24 * HOUR_MS;
/// Between two looks.
pub const LOOK_EVERY_MS: i64 = 10_000;

impl Noun for Duty {
    const SUBJECT: Subject = Subject::Duty;

    fn id(&self) -> &str {
        &self.duty_id
    }

    fn told_of(&self) -> (Subject, &str) {
        (Subject::Incident, &self.incident_id)
    }

    fn told_as(&self, text: Option<&str>) -> Option<String> {
        Some(match text {
            Some(text) => format!("{}\n{text}", self.duty),
            None => self.duty.clone(),
        })
    }

    fn seen_by(&self, tx: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        let incident = store::incident::get(tx, &self.incident_id)?;
        incident.map_or(Ok(false), |incident| incident.seen_by(tx, scope))
    }
}

impl Stateful for Duty {
    /// As of its incident: everything about a loss is decided with its terminal's row locked.
    fn lock(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        incident_of(tx, self)?.lock(tx)
    }

    fn stands_against(&self, tx: &Tx<'_>, _: Verb) -> Result<(), Error> {
        let incident = incident_of(tx, self)?;
        // Who is to be told that it was found is told afterwards as well, as long as people's words of the case are kept.
        let is_kept = incident.found.is_some_and(|found| !found.statement.is_empty());
        match incident.state {
            IncidentState::Closed if self.is_of_find() && is_kept => Ok(()),
            IncidentState::Closed => Err(Error::WrongState(IncidentState::Closed.code())),
            IncidentState::Open | IncidentState::FoundProposed => Ok(()),
        }
    }

    fn happened(verb: Verb) -> &'static str {
        match verb {
            Verb::Done => Happened::DutyDone,
            Verb::NotNeeded | Verb::ConfirmNotNeeded => Happened::DutyNotNeeded,
            Verb::ProposeNotNeeded => Happened::DutyNotNeededProposed,
            Verb::HandOver => Happened::DutyHandedOver,
            Verb::Extend => Happened::DutyExtended,
            Verb::Reopen => Happened::DutyReopened,
        }
        .code()
    }
}

/// What an event of a duty says: the duty's name in its playbook, and the words of whoever did it.
pub fn told(text: &str) -> (Option<String>, Option<String>) {
    match text.split_once('\n') {
        Some((duty, words)) => (Some(duty.to_owned()), Some(words.to_owned())),
        None => (Some(text.to_owned()), None),
    }
}

fn incident_of(tx: &Tx<'_>, duty: &Duty) -> Result<Incident, StoreError> {
    store::incident::get(tx, &duty.incident_id)?.ok_or(StoreError::Corrupt("incident of a duty"))
}

/// Draws up what must follow an incident, by the playbook for how its terminal went; nothing when that was done, or the incident is
/// closed. Answers whether something was.
pub fn draw_up(tx: &Tx<'_>, incident_id: &str) -> Result<bool, StoreError> {
    let Some(incident) = store::incident::get(tx, incident_id)? else {
        return Ok(false);
    };
    incident.lock(tx)?;
    let incident = store::incident::get(tx, incident_id)?
        .filter(|incident| incident.playbook.is_none() && incident.state != IncidentState::Closed);
    let Some(mut incident) = incident else {
        return Ok(false);
    };
    let terminal = store::terminal::get(tx, incident.terminal_id)?;
    let terminal = terminal.ok_or(StoreError::Corrupt("terminal of an incident"))?;
    let followed = crate::playbook::of(tx, incident.manner)?;
    let its = &followed.playbook;
    let is_outside = terminal.control == Control::Outside;
    let said = its.duties(is_outside, &terminal.time_zone);
    for (position, its) in (1..).zip(said) {
        row::insert(tx, &drawn(incident_id, position, its, is_outside))?;
    }
    incident.playbook = Some(Pinned {
        playbook: its.playbook.clone(),
        version: its.version,
        revision_id: followed.revision_id.clone(),
        found_revision_id: crate::playbook::found(tx)?.revision_id,
    });
    store::incident::update(tx, &incident)?;
    crate::question::reported(tx, &incident)?;
    let text = format!("{} {}", its.playbook, its.version);
    tell(tx, &incident, Happened::DutiesDrawnUp, Some(&text))?;
    start(tx, &incident)?;
    Ok(true)
}

/// A duty as its playbook says it.
fn drawn(incident_id: &str, position: i64, (said, rule): (&Said, Option<&Rule>), is_outside: bool) -> Duty {
    let term = said.term(rule);
    Duty {
        duty_id: format!("{incident_id}-{position}"),
        incident_id: incident_id.to_owned(),
        position,
        duty: said.duty.clone(),
        title_zh: said.zh.clone(),
        title_en: said.en.clone(),
        whose: said.whose,
        is_outside,
        state: State::Open,
        proof: said.proof,
        takes_file: said.takes_file,
        blocks_closing: said.blocks_closing,
        not_needed: said.not_needed,
        after: said.after.join(" "),
        rule: rule.map(|rule| rule.rule.clone()),
        rule_mark: rule.map(|rule| rule.mark.code().to_owned()),
        starts_from: said.from,
        term: term.map(|term| term.to_string()),
        started_at: None,
        due_at: None,
        is_provisional: false,
        remind_at: None,
        extended_at: None,
        assigned_to: None,
        end: None,
    }
}

/// Starts the terms whose moment is known by now. The terminal is locked.
pub(crate) fn start(tx: &Tx<'_>, incident: &Incident) -> Result<(), StoreError> {
    let terminal = store::terminal::get(tx, incident.terminal_id)?;
    let terminal = terminal.ok_or(StoreError::Corrupt("terminal of an incident"))?;
    for mut duty in store::duty::of(tx, &incident.incident_id)? {
        let (None, true, Some(term)) = (duty.started_at, duty.is_open(), duty.term.clone()) else {
            continue;
        };
        let term = Term::try_from(term).map_err(|_| StoreError::Corrupt("duty.term"))?;
        let Some(started_at) = moment(tx, incident, duty.starts_from)? else {
            continue;
        };
        duty.started_at = Some(started_at);
        if let Some(due) = term.ends(started_at, &terminal.time_zone) {
            (duty.due_at, duty.is_provisional) = (Some(due.at), due.is_provisional);
            duty.remind_at = Some(remind_before(started_at, due.at));
        }
        row::update(tx, &duty)?;
    }
    Ok(())
}

/// Stops the terms that run from a moment which is not known after all, but those that people gave more time. The terminal is locked.
pub(crate) fn forget(tx: &Tx<'_>, incident: &Incident, moment: Moment) -> Result<(), StoreError> {
    for mut duty in store::duty::of(tx, &incident.incident_id)? {
        if duty.starts_from == moment && duty.is_open() && duty.extended_at.is_none() {
            (duty.started_at, duty.due_at, duty.remind_at) = (None, None, None);
            duty.is_provisional = false;
            row::update(tx, &duty)?;
        }
    }
    Ok(())
}

/// When something happened, as far as it is known.
fn moment(tx: &Tx<'_>, incident: &Incident, moment: Moment) -> Result<Option<Timestamp>, StoreError> {
    Ok(match moment {
        // What runs from it is added with it.
        Moment::Bound => None,
        Moment::Found => incident.found.as_ref().map(|found| found.proposed_at),
        Moment::Noticed => Some(incident.reported_at),
        Moment::Occurred => incident.moments.occurred,
        Moment::Confirmed => incident.moments.confirmed,
        Moment::Aware => incident.moments.aware,
        Moment::PoliceAccepted => police::day_of(tx, &incident.incident_id, Paper::Accept)?,
        Moment::PoliceRefused => police::day_of(tx, &incident.incident_id, Paper::DoNotFile)?,
        Moment::Stopped => match store::stop_request::known(tx, &incident.incident_id)? {
            None => Some(incident.suspended_at),
            Some(known) => known.since,
        },
    })
}

/// Why nothing follows from a find any more.
const MISSING_AGAIN: &str = "又报丢失 · reported missing again";

/// Adds the acquirer's notice that a new terminal is bound to the merchant, whose term runs from now. The lost terminal is locked.
pub(crate) fn add_binding_notice(tx: &Tx<'_>, incident_id: &str, bound: &Terminal) -> Result<(), StoreError> {
    draw_up(tx, incident_id)?;
    let last = store::duty::of(tx, incident_id)?.pop();
    let position = last.map_or(1, |last| last.position + 1);
    let notice = playbook::binding_notice(&bound.time_zone);
    let now = tx.now();
    let due = notice.term.and_then(|term| term.ends(now, &bound.time_zone));
    let duty = Duty {
        duty_id: format!("{incident_id}-{position}"),
        incident_id: incident_id.to_owned(),
        position,
        duty: notice.duty.to_owned(),
        title_zh: format!("{}（{}）", notice.zh, bound.terminal_id),
        title_en: format!("{} ({})", notice.en, bound.terminal_id),
        whose: Whose::Acquirer,
        is_outside: bound.control == Control::Outside,
        state: State::Open,
        proof: domain::duty::Proof::Reference,
        takes_file: true,
        blocks_closing: true,
        not_needed: domain::duty::NotNeeded::Ground,
        after: String::new(),
        rule: notice.rule.map(|rule| rule.rule.clone()),
        rule_mark: notice.rule.map(|rule| rule.mark.code().to_owned()),
        starts_from: Moment::Bound,
        term: notice.term.map(|term| term.to_string()),
        started_at: Some(now),
        due_at: due.as_ref().map(|due| due.at),
        is_provisional: due.as_ref().is_some_and(|due| due.is_provisional),
        remind_at: due.as_ref().map(|due| remind_before(now, due.at)),
        extended_at: None,
        assigned_to: None,
        end: None,
    };
    row::insert(tx, &duty)
}

/// Adds what follows from that the terminal was found in the way somebody says now, and ends what followed from another way, or from a find
/// that a new report has overruled. There is one duty of each name: where it was ended before, it is to be done anew. The terminal is
/// locked.
pub(crate) fn follow_find(tx: &Tx<'_>, actor: &Actor, incident: &Incident) -> Result<(), StoreError> {
    let id = incident.incident_id.as_str();
    let all = store::duty::of(tx, id)?;
    let terminal = store::terminal::get(tx, incident.terminal_id)?;
    let terminal = terminal.ok_or(StoreError::Corrupt("terminal of an incident"))?;
    let is_outside = terminal.control == Control::Outside;
    let is_done = |name: &str| {
        all.iter()
            .any(|duty| duty.duty == name && duty.state == State::Done)
    };
    let owes = incident.owes();
    let follows = |said: &Said| {
        let kind = incident.found.as_ref().and_then(|found| found.kind);
        kind.is_some_and(|kind| said.found.contains(&kind))
            && said.if_done.as_deref().is_none_or(is_done)
            && (said.duty != INSPECTION || owes.inspection)
            && (said.duty != NEW_KEYS || owes.new_keys)
    };
    let pinned = incident
        .playbook
        .as_ref()
        .and_then(|pinned| pinned.found_revision_id.as_deref());
    let its = crate::playbook::pinned(tx, pinned, playbook::found())?.playbook;
    let duties = its.duties(is_outside, &terminal.time_zone);
    let wanted: Vec<_> = duties.filter(|(said, _)| follows(said)).collect();
    let ground = incident
        .found
        .as_ref()
        .map_or(MISSING_AGAIN, |found| found.statement.as_str());
    for duty in all.iter().filter(|duty| duty.is_of_find() && duty.is_open()) {
        if wanted.iter().all(|(said, _)| said.duty != duty.duty) {
            let end = ended(tx, actor, Some(ground.to_owned()));
            end_as(tx, actor, duty.clone(), (State::NotNeeded, ground), end)?;
        }
    }
    let mut position = all.last().map_or(0, |last| last.position);
    let before = position;
    for (said, rule) in wanted {
        match all.iter().find(|duty| duty.duty == said.duty) {
            Some(duty) if duty.is_open() => {}
            Some(duty) => reopen_by(tx, actor, duty.clone(), ground)?,
            None => {
                position += 1;
                row::insert(tx, &drawn(id, position, (said, rule), is_outside))?;
            }
        }
    }
    if position > before {
        let text = format!("{} {}", its.playbook, its.version);
        tell(tx, incident, Happened::DutiesDrawnUp, Some(&text))?;
    }
    start(tx, incident)
}

/// Ends the duty to inspect a found terminal when it has passed, and has it done again when it fails; ends that to load new keys by the
/// number that an acquirer outside gave. The terminal is locked.
pub(crate) fn end_with_inspection(
    tx: &Tx<'_>,
    actor: &Actor,
    incident: &Incident,
    new_keys: Option<&str>,
) -> Result<(), StoreError> {
    let Some(inspected) = incident.found.as_ref().and_then(|found| found.inspected.as_ref()) else {
        return Ok(());
    };
    let id = incident.incident_id.as_str();
    let number = format!("#{}", inspected.position);
    match inspected.is_passed {
        true => end_by_record(tx, actor, id, (INSPECTION, &number))?,
        false => {
            let done = store::duty::of(tx, id)?.into_iter();
            let mut done = done.filter(|duty| duty.duty == INSPECTION && !duty.is_open());
            if let Some(duty) = done.next() {
                reopen_by(tx, actor, duty, &number)?;
            }
        }
    }
    new_keys.map_or(Ok(()), |reference| {
        end_by_record(tx, actor, id, (NEW_KEYS, reference))
    })
}

/// Ends the duty to load new keys into a found terminal, if the key that was just set is a new one. Its row is locked.
pub(crate) fn end_with_key(tx: &Tx<'_>, actor: &Actor, terminal: &Terminal) -> Result<(), StoreError> {
    let incident = store::incident::unclosed(tx, terminal.terminal_id)?;
    match (incident, &terminal.key_check) {
        (Some(incident), Some(check)) if crate::incident::has_new_keys(tx, &incident)? => {
            end_by_record(tx, actor, &incident.incident_id, (NEW_KEYS, check))
        }
        _ => Ok(()),
    }
}

/// Ends the duty to replace the terminal, as the replacement shows that went live. The lost terminal is locked.
pub(crate) fn end_with_replacement(
    tx: &Tx<'_>,
    actor: &Actor,
    incident_id: &str,
    terminal_id: &str,
) -> Result<(), StoreError> {
    end_by_record(tx, actor, incident_id, (REPLACEMENT, terminal_id))
}

/// Ends a duty, where there is one that is open, by what our own record shows.
fn end_by_record(
    tx: &Tx<'_>,
    actor: &Actor,
    incident_id: &str,
    (name, reference): (&str, &str),
) -> Result<(), StoreError> {
    let mut duties = store::duty::of(tx, incident_id)?.into_iter();
    let Some(duty) = duties.find(|duty| duty.duty == name && duty.is_open()) else {
        return Ok(());
    };
    let end = End {
        done_at: Some(tx.now()),
        reference: Some(reference.to_owned()),
        ..ended(tx, actor, None)
    };
    end_as(tx, actor, duty, (State::Done, reference), end)
}

/// Ends a duty that something else than a step of its own ends.
fn end_as(
    tx: &Tx<'_>,
    actor: &Actor,
    mut duty: Duty,
    (state, text): (State, &str),
    end: End,
) -> Result<(), StoreError> {
    duty.state = state;
    duty.remind_at = None;
    duty.end = Some(end);
    row::update(tx, &duty)?;
    let happened = match state {
        State::Done => Happened::DutyDone,
        _ => Happened::DutyNotNeeded,
    };
    crate::case::tell(tx, actor, &duty, happened.code(), Some(text)).map(drop)
}

/// The same for one that is to be done after all.
fn reopen_by(tx: &Tx<'_>, actor: &Actor, mut duty: Duty, text: &str) -> Result<(), StoreError> {
    duty.state = State::Open;
    duty.end = None;
    row::update(tx, &duty)?;
    crate::case::tell(tx, actor, &duty, Happened::DutyReopened.code(), Some(text)).map(drop)
}

fn tell(tx: &Tx<'_>, incident: &Incident, happened: Happened, text: Option<&str>) -> Result<(), StoreError> {
    let new = New {
        subject: Subject::Incident,
        subject_id: &incident.incident_id,
        at: tx.now(),
        verb: happened.code(),
        by: By::timer("duty"),
        text,
        ledger_sequence: None,
    };
    event::append(tx, new).map(drop)
}

/// By what a duty was done.
#[derive(Clone, Debug, Default)]
pub struct Proof {
    /// The number that somebody outside gave.
    pub reference: Option<String>,
    /// What was done and found.
    pub statement: Option<String>,
    /// A file of the incident, by its identifier.
    pub attachment_id: Option<String>,
    /// When it was done.
    pub done_at: Option<Timestamp>,
}

/// Says by what a duty was done.
///
/// # Errors
/// [`Error::Required`] without what its playbook asks for; [`Error::Unknown`] when it takes no file, or the file is none of the
/// incident, or was taken back.
pub fn done(tx: &Tx<'_>, actor: &Actor, duty_id: &str, proof: Proof) -> Result<Duty, Error> {
    // A file that is taken back at the same time is either taken back, or none that shows anything.
    let duty: Duty = locked(tx, actor, duty_id)?;
    decide(&duty, Verb::Done, actor)?;
    let file = proof.attachment_id.as_deref();
    let file = file.map(|id| shown_by(tx, actor, &duty, id)).transpose()?;
    let (field, shown) = match duty.proof {
        domain::duty::Proof::Reference => ("proof.reference", &proof.reference),
        domain::duty::Proof::Statement => ("proof.statement", &proof.statement),
    };
    if shown.is_none() && file.is_none() {
        return Err(Error::Required(field));
    }
    let file = file.map(|file| {
        let name = file.name.unwrap_or_default();
        format!("{name} sha256:{}", hex::of(&file.sent_sha256))
    });
    let text = [&proof.reference, &proof.statement, &file]
        .into_iter()
        .flatten()
        .map(String::as_str);
    let text = text.collect::<Vec<_>>().join("\n");
    let end = End {
        done_at: proof.done_at,
        reference: proof.reference,
        attachment_id: proof.attachment_id,
        ..ended(tx, actor, proof.statement)
    };
    end_by(tx, actor, duty_id, (Verb::Done, &text), end)
}

/// The file that shows that a duty was done.
fn shown_by(tx: &Tx<'_>, actor: &Actor, duty: &Duty, attachment_id: &str) -> Result<Attachment, Error> {
    let unknown = || Error::Unknown("proof.attachment");
    let file: Attachment = named(tx, actor, attachment_id, "proof.attachment")?;
    let is_good = duty.takes_file && file.incident_id == duty.incident_id && file.state == Kept::Kept;
    is_good.then_some(file).ok_or_else(unknown)
}

/// Says why there is no need for a duty; where two have to, a second person agrees by [`confirm_not_needed`].
pub fn not_needed(tx: &Tx<'_>, actor: &Actor, duty_id: &str, ground: &str) -> Result<Duty, Error> {
    let duty: Duty = find(tx, actor, duty_id)?;
    let verb = match duty.not_needed {
        domain::duty::NotNeeded::TwoPeople => Verb::ProposeNotNeeded,
        domain::duty::NotNeeded::Ground | domain::duty::NotNeeded::Never => Verb::NotNeeded,
    };
    let end = ended(tx, actor, Some(ground.to_owned()));
    end_by(tx, actor, duty_id, (verb, ground), end)
}

fn ended(tx: &Tx<'_>, actor: &Actor, statement: Option<String>) -> End {
    End {
        by: actor.name().to_owned(),
        at: tx.now(),
        done_at: None,
        reference: None,
        statement,
        attachment_id: None,
        confirmed_by: None,
    }
}

fn end_by(
    tx: &Tx<'_>,
    actor: &Actor,
    duty_id: &str,
    (verb, text): (Verb, &str),
    end: End,
) -> Result<Duty, Error> {
    step(tx, actor, duty_id, verb, Some(text), |duty: &mut Duty| {
        if verb != Verb::ProposeNotNeeded {
            duty.remind_at = None;
        }
        duty.end = Some(end);
    })
}

/// Agrees that there is no need for it.
pub fn confirm_not_needed(tx: &Tx<'_>, actor: &Actor, duty_id: &str) -> Result<Duty, Error> {
    let by = actor.name().to_owned();
    step(
        tx,
        actor,
        duty_id,
        Verb::ConfirmNotNeeded,
        None,
        |duty: &mut Duty| {
            duty.remind_at = None;
            if let Some(end) = &mut duty.end {
                end.confirmed_by = Some(by);
            }
        },
    )
}

/// Asks somebody to do it: the log-in of a person whom the actor sees, and who may do it.
///
/// # Errors
/// [`Error::Unknown`] when there is none.
pub fn hand_over(tx: &Tx<'_>, actor: &Actor, duty_id: &str, to: &str) -> Result<Duty, Error> {
    let duty: Duty = find(tx, actor, duty_id)?;
    let person: Person = named(tx, actor, to, "to")?;
    if !may_do(tx, &duty, person)? {
        return Err(Error::Unknown("to"));
    }
    step(tx, actor, duty_id, Verb::HandOver, Some(to), |duty: &mut Duty| {
        duty.assigned_to = Some(to.to_owned());
    })
}

fn may_do(tx: &Tx<'_>, duty: &Duty, person: Person) -> Result<bool, StoreError> {
    let sees = duty.seen_by(tx, &person.account.scope)?;
    let is_active = person.state == Active::Active;
    let actor = Actor::Person(person.account);
    let may = right::may(&actor, Right::FollowLoss, Object::Seen) && duty.allows(&actor);
    Ok(sees && is_active && may)
}

/// Gives it more time, on a ground.
///
/// # Errors
/// [`Error::Unknown`] when that is not later than now and its time until now.
pub fn extend(
    tx: &Tx<'_>,
    actor: &Actor,
    duty_id: &str,
    until: Timestamp,
    ground: &str,
) -> Result<Duty, Error> {
    // Of two who give more time at once the second sees the first one's.
    let duty: Duty = locked(tx, actor, duty_id)?;
    decide(&duty, Verb::Extend, actor)?;
    let now = tx.now();
    match duty.due_at {
        Some(due) if until == due => return Ok(duty),
        Some(due) if until < due => return Err(Error::Unknown("until")),
        _ if until <= now || until > now.plus_ms(EXTENSION_MS_MAX) => return Err(Error::Unknown("until")),
        _ => {}
    }
    if ground.is_empty() {
        return Err(Error::TextRequired);
    }
    let text = format!("{}\n{ground}", written(until)?);
    step(
        tx,
        actor,
        duty_id,
        Verb::Extend,
        Some(&text),
        |duty: &mut Duty| {
            (duty.due_at, duty.is_provisional) = (Some(until), false);
            (duty.extended_at, duty.remind_at) = (Some(now), Some(remind_before(now, until)));
        },
    )
}

/// A moment as events say it: RFC 3339.
pub(crate) fn written(at: Timestamp) -> Result<jiff::Timestamp, Error> {
    jiff::Timestamp::from_millisecond(at.0).map_err(|_| Error::Unknown("at"))
}

/// Says that it is to be done after all.
pub fn reopen(tx: &Tx<'_>, actor: &Actor, duty_id: &str, ground: &str) -> Result<Duty, Error> {
    let now = tx.now();
    let duty = step(
        tx,
        actor,
        duty_id,
        Verb::Reopen,
        Some(ground),
        |duty: &mut Duty| {
            duty.end = None;
            duty.remind_at = duty.due_at.map(|due| remind_after(due, now));
        },
    )?;
    // What it runs from may have become known since.
    start(tx, &incident_of(tx, &duty)?)?;
    find(tx, actor, duty_id)
}

/// Ends every open duty of an incident whose terminal was found, as the two people say who found it, but those that follow from it; what
/// somebody has said of one before stays.
pub(crate) fn end_with_find(tx: &Tx<'_>, actor: &Actor, incident: &Incident) -> Result<(), StoreError> {
    let Some(found) = &incident.found else {
        return Ok(());
    };
    for duty in store::duty::of(tx, &incident.incident_id)? {
        if !duty.is_open() || duty.is_of_find() {
            continue;
        }
        let said = duty.end.clone().unwrap_or_else(|| End {
            by: found.proposed_by.clone(),
            ..ended(tx, actor, Some(found.statement.clone()))
        });
        let end = End {
            confirmed_by: Some(actor.name().to_owned()),
            ..said
        };
        end_as(tx, actor, duty, (State::NotNeeded, &found.statement), end)?;
    }
    Ok(())
}

/// What a look has found to be done.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Incidents for which nothing is drawn up, in the order in which terminals are locked.
    pub incidents: Vec<String>,
    /// Duties of which something is to be said.
    pub duties: Vec<Told>,
    /// Replacements whose test is over.
    pub tests: Vec<String>,
}

/// Looks what is to be drawn up, and said, and has the mails of the day sent; due again soon. `None` when the claim was taken over meanwhile. Each is done in a
/// transaction of its own, so that one that cannot be read is in nobody's way.
pub fn look(tx: &Tx<'_>, claimed: &Work) -> Result<Option<Found>, StoreError> {
    if !crate::work::again(tx, claimed, tx.now().plus_ms(LOOK_EVERY_MS))? {
        return Ok(None);
    }
    crate::digest_mail::begin_day(tx)?;
    Ok(Some(Found {
        incidents: store::incident::without_playbook(tx, AT_ONCE_MAX)?,
        duties: store::duty::to_remind(tx, AT_ONCE_MAX)?,
        tests: store::replacement::tests_over(tx, domain::replacement::TEST_MS, AT_ONCE_MAX)?,
    }))
}

/// Says on the time line that a duty is due soon, or late; nothing when somebody was faster, or a clock that went wrong has put it
/// off. Answers whether something was said.
pub fn remind(tx: &Tx<'_>, seen: &Told) -> Result<bool, StoreError> {
    let Some(incident) = store::incident::get(tx, &seen.incident_id)? else {
        return Ok(false);
    };
    incident.lock(tx)?;
    let duty: Option<Duty> = row::by_id(tx, &seen.duty_id)?;
    let Some(mut duty) = duty.filter(|duty| duty.remind_at == Some(seen.remind_at)) else {
        return Ok(false);
    };
    let (incident, now) = (incident_of(tx, &duty)?, tx.now());
    let is_running = duty.is_open() && incident.state != IncidentState::Closed;
    let due = duty.due_at.filter(|_| is_running);
    duty.remind_at = due.map(|due| remind_after(due, now));
    row::update(tx, &duty)?;
    let happened = match due {
        Some(due) if due < now => Happened::DutyLate,
        Some(_) if seen.remind_at <= now => Happened::DutyDueSoon,
        _ => return Ok(false),
    };
    tell(tx, &incident, happened, duty.told_as(None).as_deref())?;
    let is_late = happened == Happened::DutyLate;
    crate::duty_mail::enqueue(tx, &incident, &duty, (seen.remind_at, is_late))?;
    Ok(true)
}

//! The case at the police: what its papers say, and what that does to the duties of the incident (R1.1).
//!
//! Invariant: an entry, the duties it does, the terms that run from its day and its event are one store transaction.

use domain::Timestamp;
use domain::account::Scope;
use domain::actor::Actor;
use domain::attachment::{Attachment, State as Kept};
use domain::duty::{Duty, Moment, Proof as Shown};
use domain::event::Subject;
use domain::incident::{Happened, Incident, State as IncidentState};
use domain::police::{Entry, PoliceCase, State, Verb};
use domain::terminal::Terminal;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use store::{Error as StoreError, Tx, row};

use crate::case::{Error, Noun, Stateful, locked, named, step};

/// How long before the report a paper may be of, in days.
const BEFORE_DAYS_MAX: i32 = 366;

impl Noun for PoliceCase {
    const SUBJECT: Subject = Subject::Incident;

    fn id(&self) -> &str {
        &self.incident_id
    }

    fn seen_by(&self, tx: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        let incident = store::incident::get(tx, &self.incident_id)?;
        incident.map_or(Ok(false), |incident| incident.seen_by(tx, scope))
    }
}

impl Stateful for PoliceCase {
    fn happened(verb: Verb) -> &'static str {
        match verb {
            Verb::Report => Happened::PoliceReported,
            Verb::Accept => Happened::PoliceAccepted,
            Verb::File => Happened::PoliceFiled,
            Verb::DoNotFile => Happened::PoliceNotFiled,
            Verb::AskReview => Happened::PoliceReviewAsked,
            Verb::Uphold => Happened::PoliceUpheld,
            Verb::End => Happened::PoliceEnded,
            Verb::TakeBack => Happened::PoliceTakenBack,
        }
        .code()
    }
}

/// What a paper says.
#[derive(Clone, Debug)]
pub struct Paper {
    /// Its number.
    pub number: Option<String>,
    /// Which office it is of.
    pub office: Option<String>,
    /// Its day, by the terminal's clock.
    pub on: Date,
    /// The file of the incident that is a picture or a scan of it.
    pub attachment_id: Option<String>,
}

/// Where the case at the police stands: of an incident of which nobody has said anything, not reported.
pub fn of(tx: &Tx<'_>, incident_id: &str) -> Result<PoliceCase, StoreError> {
    let kept = row::by_id(tx, incident_id)?;
    Ok(kept.unwrap_or_else(|| PoliceCase {
        incident_id: incident_id.to_owned(),
        state: State::NotReported,
    }))
}

/// The names of the duties that a paper does, as playbooks call them.
const fn does(verb: Verb) -> &'static [&'static str] {
    match verb {
        Verb::Report | Verb::Accept => &["police_report"],
        Verb::File | Verb::DoNotFile => &["police_report", "police_decision"],
        Verb::AskReview => &["police_review"],
        Verb::Uphold | Verb::End | Verb::TakeBack => &[],
    }
}

/// Writes down what a paper says. The incident may be closed: the police answer when they answer.
///
/// # Errors
/// [`Error::Required`] without the number of a receipt or of a case that was opened; [`Error::Unknown`] when its day is in the future,
/// before that of an earlier entry, or long before the report; and for a file that is none of the incident, or was taken back.
pub fn enter(
    tx: &Tx<'_>,
    actor: &Actor,
    incident_id: &str,
    verb: Verb,
    paper: Paper,
) -> Result<PoliceCase, Error> {
    let incident: Incident = locked(tx, actor, incident_id)?;
    let case = of(tx, incident_id)?;
    domain::case::decide(&case, verb, actor)?;
    if verb.is_numbered() && paper.number.is_none() {
        return Err(Error::Required("number"));
    }
    let entries = store::police::entries(tx, incident_id)?;
    if entries.len() >= usize::try_from(store::police::ENTRIES_MAX).unwrap_or(usize::MAX) {
        return Err(Error::WrongState(case.state.code()));
    }
    let starts_at = day(tx, &incident, &entries, paper.on)?;
    if let Some(file) = &paper.attachment_id {
        is_of(tx, actor, incident_id, file)?;
    }
    let position = entries.last().map_or(1, |last| last.position + 1);
    let entry = Entry {
        entry_id: format!("{incident_id}-p{position}"),
        incident_id: incident_id.to_owned(),
        position,
        verb,
        before: case.state,
        number: paper.number,
        office: paper.office,
        on_day: paper.on.to_string(),
        starts_at,
        attachment_id: paper.attachment_id,
        by: actor.name().to_owned(),
        at: tx.now(),
        taken_back_by: None,
    };
    if entries.is_empty() {
        row::insert(tx, &case)?;
    }
    let case = step(
        tx,
        actor,
        incident_id,
        verb,
        Some(&said(&entry)),
        |_: &mut PoliceCase| {},
    )?;
    row::insert(tx, &entry)?;
    if incident.state != IncidentState::Closed {
        do_duties(tx, actor, &incident, &entry)?;
        crate::duty::start(tx, &incident)?;
    }
    Ok(case)
}

/// That a file is one of the incident, and was not taken back.
pub(crate) fn is_of(tx: &Tx<'_>, actor: &Actor, incident_id: &str, attachment_id: &str) -> Result<(), Error> {
    const FIELD: &str = "attachment";
    let file: Attachment = named(tx, actor, attachment_id, FIELD)?;
    match file.incident_id == incident_id && file.state == Kept::Kept {
        true => Ok(()),
        false => Err(Error::Unknown(FIELD)),
    }
}

/// An entry in words that need no language.
fn said(entry: &Entry) -> String {
    let parts = [
        Some(entry.on_day.as_str()),
        entry.number.as_deref(),
        entry.office.as_deref(),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

/// The first moment of a paper's day.
fn day(tx: &Tx<'_>, incident: &Incident, entries: &[Entry], on: Date) -> Result<Timestamp, Error> {
    let terminal: Option<Terminal> = store::terminal::get(tx, incident.terminal_id)?;
    let terminal = terminal.ok_or(StoreError::Corrupt("terminal of an incident"))?;
    let zone = TimeZone::get(&terminal.time_zone).map_err(|_| StoreError::Corrupt("terminal.time_zone"))?;
    let date = |at: Timestamp| {
        let at = jiff::Timestamp::from_millisecond(at.0).map_err(|_| StoreError::Corrupt("a time"));
        at.map(|at| zone.to_datetime(at).date())
    };
    let earliest = date(incident.reported_at)?
        .checked_sub(jiff::Span::new().days(BEFORE_DAYS_MAX))
        .map_err(|_| Error::Unknown("on"))?;
    let last = entries.iter().rfind(|entry| entry.taken_back_by.is_none());
    let is_in_order = last.is_none_or(|last| last.on_day <= on.to_string());
    if on > date(tx.now())? || on < earliest || !is_in_order {
        return Err(Error::Unknown("on"));
    }
    let first = on.to_zoned(zone).map_err(|_| Error::Unknown("on"))?;
    Ok(Timestamp(first.timestamp().as_millisecond()))
}

/// Says of each duty that this paper does that it is done, and by what. One that asks for a number which the paper has not stays.
fn do_duties(tx: &Tx<'_>, actor: &Actor, incident: &Incident, entry: &Entry) -> Result<(), Error> {
    for duty in done_by(tx, incident, entry.verb)? {
        if !duty.is_open() || (duty.proof == Shown::Reference && entry.number.is_none()) {
            continue;
        }
        let statement = [Some(entry.on_day.as_str()), entry.office.as_deref()];
        let proof = crate::duty::Proof {
            reference: entry.number.clone(),
            statement: Some(statement.into_iter().flatten().collect::<Vec<_>>().join(" ")),
            attachment_id: entry.attachment_id.clone().filter(|_| duty.takes_file),
            done_at: None,
        };
        crate::duty::done(tx, actor, &duty.duty_id, proof)?;
    }
    Ok(())
}

fn done_by(tx: &Tx<'_>, incident: &Incident, verb: Verb) -> Result<Vec<Duty>, StoreError> {
    let mut duties = store::duty::of(tx, &incident.incident_id)?;
    duties.retain(|duty| does(verb).contains(&duty.duty.as_str()));
    Ok(duties)
}

/// Takes the last entry back, on a ground: where it stood before, it stands again; what the entry did and started is undone.
pub fn take_back(tx: &Tx<'_>, actor: &Actor, incident_id: &str, ground: &str) -> Result<PoliceCase, Error> {
    let incident: Incident = locked(tx, actor, incident_id)?;
    let entries = store::police::entries(tx, incident_id)?;
    let last = entries.into_iter().rfind(|entry| entry.taken_back_by.is_none());
    let Some(mut last) = last else {
        let case = of(tx, incident_id)?;
        domain::case::decide(&case, Verb::TakeBack, actor)?;
        return Err(Error::WrongState(case.state.code()));
    };
    let before = last.before;
    let case = step(
        tx,
        actor,
        incident_id,
        Verb::TakeBack,
        Some(ground),
        |case: &mut PoliceCase| case.state = before,
    )?;
    last.taken_back_by = Some(actor.name().to_owned());
    row::update(tx, &last)?;
    if incident.state != IncidentState::Closed {
        undo_duties(tx, actor, &incident, &last, ground)?;
    }
    Ok(case)
}

fn undo_duties(
    tx: &Tx<'_>,
    actor: &Actor,
    incident: &Incident,
    entry: &Entry,
    ground: &str,
) -> Result<(), Error> {
    for duty in done_by(tx, incident, entry.verb)? {
        let is_by_it = duty
            .end
            .as_ref()
            .is_some_and(|end| end.at == entry.at && end.by == entry.by);
        if duty.state == domain::duty::State::Done && is_by_it {
            crate::duty::reopen(tx, actor, &duty.duty_id, ground)?;
        }
    }
    let moment = match entry.verb {
        Verb::Accept => Moment::PoliceAccepted,
        Verb::DoNotFile => Moment::PoliceRefused,
        _ => return Ok(()),
    };
    Ok(crate::duty::forget(tx, incident, moment)?)
}

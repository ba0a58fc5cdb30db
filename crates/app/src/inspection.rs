//! Looking over a terminal that was found.
//!
//! Invariant: an inspection is written with its incident's terminal locked, while somebody says that it was found; it is never changed,
//! and what it says is over with the next report of loss.

use domain::actor::Actor;
use domain::attachment::{Attachment, State as Kept};
use domain::case::decide;
use domain::checklist::Wrong;
use domain::incident::found::{Inspected, Kind};
use domain::incident::{Incident, Verb};
use domain::inspection::{self, Inspection, OF_INCIDENT_MAX, Seen};
use domain::terminal::Control;
use store::{Error as StoreError, Tx};

use crate::case::{self, locked, named, step};

/// Why one is not written down.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// As for every noun.
    #[error(transparent)]
    Case(#[from] case::Error),
    /// The items are not answered.
    #[error("the items are not answered: {0:?}")]
    Items(Wrong),
    /// So many were made of it already.
    #[error("too many inspections")]
    TooMany,
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Case(error.into())
    }
}

/// What is said of one.
#[derive(Clone, Debug)]
pub struct Said {
    /// One to each item.
    pub seen: Vec<Seen>,
    /// The number that an acquirer outside gave for its new keys.
    pub new_keys_reference: Option<String>,
}

/// Writes an inspection down. One that fails is written down as well; it keeps the terminal stopped until another one is passed, and what
/// was said to be a false alarm was none: it is put right, and owes new keys like one that was away.
///
/// # Errors
/// [`case::Error::Unknown`] for a file that is none of the incident, or was taken back; and for a reference where our gate has the keys.
pub fn inspect(tx: &Tx<'_>, actor: &Actor, incident_id: &str, said: &Said) -> Result<Incident, Error> {
    let incident: Incident = locked(tx, actor, incident_id)?;
    decide(&incident, Verb::Inspect, actor).map_err(case::Error::from)?;
    let (seen, failed) = inspection::read(&said.seen).map_err(Error::Items)?;
    for file in seen.iter().filter_map(|seen| seen.attachment_id.as_deref()) {
        const FIELD: &str = "items.attachment_id";
        let file: Attachment = named(tx, actor, file, FIELD)?;
        if file.incident_id != incident_id || file.state != Kept::Kept {
            return Err(case::Error::Unknown(FIELD).into());
        }
    }
    let terminal = store::terminal::get(tx, incident.terminal_id)?;
    let terminal = terminal.ok_or(StoreError::Corrupt("terminal of an incident"))?;
    if terminal.control == Control::Gate && said.new_keys_reference.is_some() {
        return Err(case::Error::Unknown("new_keys_reference").into());
    }
    let last = store::inspection::of(tx, incident_id)?
        .last()
        .map_or(0, |last| last.position);
    if last >= OF_INCIDENT_MAX {
        return Err(Error::TooMany);
    }
    let made = Inspection {
        incident_id: incident_id.to_owned(),
        position: last + 1,
        version: inspection::VERSION,
        by: actor.name().to_owned(),
        at: tx.now(),
        is_passed: failed.is_empty(),
        new_keys_reference: said.new_keys_reference.clone(),
    };
    store::inspection::add(tx, &made, &seen)?;
    let text = match made.is_passed {
        true => "passed".to_owned(),
        false => format!("failed {}", failed.join(" ")),
    };
    let kind = incident.found.as_ref().and_then(|found| found.kind);
    let is_none_after_all = !made.is_passed && kind == Some(Kind::FalseAlarm);
    let before = incident.found.and_then(|found| found.inspected);
    let inspected = Inspected {
        position: made.position,
        by: made.by,
        is_passed: made.is_passed,
        // What was said of them once since it was found holds on.
        has_new_keys: made.new_keys_reference.is_some() || before.is_some_and(|before| before.has_new_keys),
    };
    let incident = step(
        tx,
        actor,
        incident_id,
        Verb::Inspect,
        Some(&text),
        |incident: &mut Incident| {
            if let Some(found) = &mut incident.found {
                if is_none_after_all {
                    found.kind = Some(Kind::Recovered);
                }
                found.inspected = Some(inspected);
            }
        },
    )?;
    if is_none_after_all {
        crate::duty::follow_find(tx, actor, &incident)?;
    }
    crate::duty::end_with_inspection(tx, actor, &incident, said.new_keys_reference.as_deref())?;
    Ok(incident)
}

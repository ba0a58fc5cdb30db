//! Marks: what people say of payments around a loss (R1.3).
//!
//! Invariant: a mark is about a payment that there is; a closed incident takes none.

use std::collections::HashMap;

use domain::actor::Actor;
use domain::case::in_person;
use domain::incident::{Happened, Incident, State};
use domain::mark::{AT_ONCE_MAX, Mark, OF_INCIDENT_MAX, Verdict};
use domain::right::{Object, Right, may};
use domain::terminal::Terminal;
use store::{Error as StoreError, Tx, event, row};

use crate::attempt::of_incident;
use crate::case::{Error, find, locked};
use crate::suspect::{Looked, heard, look};

/// Payments that the record names by themselves.
const NAMED_MAX: usize = 20;

/// Why nothing is marked.
#[derive(Debug, thiserror::Error)]
pub enum NotMarked {
    /// The incident has as many marks as one may have.
    #[error("the incident has as many marks as it may")]
    Full,
    /// As for every noun.
    #[error(transparent)]
    Case(#[from] Error),
}

impl From<StoreError> for NotMarked {
    fn from(error: StoreError) -> Self {
        Self::Case(error.into())
    }
}

/// Whether the actor may say of payments whether they were the shop's.
///
/// # Errors
/// It is no person, or the right is missing.
pub fn may_mark(actor: &Actor) -> Result<(), Error> {
    in_person(actor).map_err(Error::from)?;
    match may(actor, Right::FollowLoss, Object::Seen) {
        true => Ok(()),
        false => Err(Error::NotAllowed),
    }
}

/// The payments around a loss that one sees.
///
/// # Errors
/// There is no such incident for the actor.
pub fn looked(tx: &Tx<'_>, actor: &Actor, incident_id: &str) -> Result<Looked, Error> {
    let incident: Incident = find(tx, actor, incident_id)?;
    Ok(look(tx, &incident, &terminal_of(tx, &incident)?)?)
}

fn terminal_of(tx: &Tx<'_>, incident: &Incident) -> Result<Terminal, StoreError> {
    let terminal = store::terminal::get(tx, incident.terminal_id)?;
    terminal.ok_or(StoreError::Corrupt("terminal of an incident"))
}

/// Says of payments, by their names, whether they were the shop's; without a verdict, takes back what the actor said of them. What
/// stands already is not said again. `looked` is what was looked at before, so that nothing is judged while others wait to write; what
/// people said since is in the answer.
///
/// # Errors
/// [`Error::Unknown`] of `items` where one of them is none; nothing is marked then.
pub fn mark(
    tx: &Tx<'_>,
    actor: &Actor,
    incident_id: &str,
    items: &[String],
    said: (Option<Verdict>, Option<&str>),
    mut looked: Looked,
) -> Result<Looked, NotMarked> {
    find::<Incident>(tx, actor, incident_id)?;
    may_mark(actor)?;
    let incident: Incident = locked(tx, actor, incident_id)?;
    if incident.state == State::Closed {
        return Err(Error::WrongState(incident.state.code()).into());
    }
    if items.is_empty() || items.len() > AT_ONCE_MAX {
        return Err(Error::Unknown("items").into());
    }
    heard(tx, &incident, &mut looked.suspects)?;
    let known: HashMap<String, usize> = looked
        .suspects
        .iter()
        .zip(0..)
        .map(|(suspect, place)| (suspect.source.id(), place))
        .collect();
    let mut count = store::mark::count(tx, incident_id)?;
    let (verdict, ground) = said;
    let mut marked = Vec::new();
    for item in items {
        let place = known.get(item).ok_or(Error::Unknown("items"))?;
        let suspect = &mut looked.suspects[*place];
        let own = suspect.opinions.iter().find(|mark| mark.by == actor.name());
        let stands = own.map(|mark| (mark.verdict, mark.ground.as_deref()));
        if stands == verdict.is_some().then_some((verdict, ground)) {
            continue;
        }
        if count >= OF_INCIDENT_MAX {
            return Err(NotMarked::Full);
        }
        count += 1;
        let mark = Mark {
            incident_id: incident_id.to_owned(),
            position: count,
            payment: suspect.source.marked_as(),
            verdict,
            ground: ground.filter(|_| verdict.is_some()).map(str::to_owned),
            by: actor.name().to_owned(),
            at: tx.now(),
        };
        row::insert(tx, &mark)?;
        suspect.opinions.add(mark);
        marked.push(item.as_str());
    }
    if !marked.is_empty() {
        let text = particulars(verdict, &marked);
        let said = event::New {
            text: Some(&text),
            ..of_incident(
                (incident_id, tx.now().max(incident.suspended_at)),
                Happened::Marked,
                actor.by(),
                None,
            )
        };
        event::append(tx, said)?;
    }
    Ok(looked)
}

/// Marks in a line of the record: what, of how many, and of which.
fn particulars(verdict: Option<Verdict>, items: &[&str]) -> String {
    let named = &items[..items.len().min(NAMED_MAX)];
    let more = if items.len() > NAMED_MAX { " …" } else { "" };
    format!(
        "{} {} {}{more}",
        verdict.map_or("taken_back", Verdict::code),
        items.len(),
        named.join(" ")
    )
}

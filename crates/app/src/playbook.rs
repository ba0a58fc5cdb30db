//! Playbooks that a house uses: its own, once two people have agreed, or those that come with the software.
//!
//! Invariant: a playbook that cannot be read any more stops no duty from being drawn up: what comes with the software is used then, and
//! whoever keeps playbooks is told.

use domain::actor::Actor;
use domain::incident::Manner;
use domain::revision::{Kind, Revision, TEXT_BYTES_MAX};
use playbook::{BuiltIn, Playbook, Warning};
use store::{Error as StoreError, Tx, row};

use crate::case::{Against, Error};
use crate::revision::{self, New};

const KIND: Kind = Kind::Playbook;

/// A playbook that is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// What it says.
    pub playbook: Playbook,
    /// The house's own; `None`: it came with the software.
    pub revision_id: Option<String>,
}

/// The one for a terminal that went in that manner.
pub(crate) fn of(tx: &Tx<'_>, manner: Manner) -> Result<Followed, StoreError> {
    followed(tx, playbook::of(manner))
}

/// The one for what follows once a terminal is found.
pub(crate) fn found(tx: &Tx<'_>) -> Result<Followed, StoreError> {
    followed(tx, playbook::found())
}

fn followed(tx: &Tx<'_>, built_in: &BuiltIn) -> Result<Followed, StoreError> {
    let used = revision::in_use(tx, KIND, &built_in.playbook.playbook)?;
    Ok(read_or(used.as_ref(), built_in))
}

/// The revision of that identifier as it is followed, also when another one is used by now.
pub(crate) fn pinned(
    tx: &Tx<'_>,
    revision_id: Option<&str>,
    built_in: &BuiltIn,
) -> Result<Followed, StoreError> {
    let kept: Option<Revision> = match revision_id {
        Some(id) => row::by_id(tx, id)?,
        None => None,
    };
    Ok(read_or(kept.as_ref(), built_in))
}

fn read_or(own: Option<&Revision>, built_in: &BuiltIn) -> Followed {
    let read = own.and_then(|own| Some((own, read(own)?)));
    match read {
        Some((own, playbook)) => Followed {
            playbook,
            revision_id: Some(own.revision_id.clone()),
        },
        None => Followed {
            playbook: built_in.playbook.clone(),
            revision_id: None,
        },
    }
}

/// What a revision says, where this version of the software reads it.
pub fn read(it: &Revision) -> Option<Playbook> {
    playbook::check(&it.text, &it.name, it.version).ok()
}

/// Begins a draft of the playbook of that name, from what comes with the software, or from a revision of it.
///
/// # Errors
/// [`Error::Unknown`] when there is no playbook of that name, or no such revision of it.
pub fn create(
    tx: &Tx<'_>,
    actor: &Actor,
    revision_id: &str,
    (name, from): (&str, Option<&str>),
) -> Result<Revision, Error> {
    let built_in = playbook::named(name).ok_or(Error::Unknown("playbook"))?;
    let text = match from {
        None => built_in.text.to_owned(),
        Some(id) => {
            let from = revision::find(tx, actor, KIND, id);
            let from = from.ok().filter(|it| it.name == name);
            from.ok_or(Error::Unknown("from"))?.text
        }
    };
    let new = New {
        revision_id: revision_id.to_owned(),
        kind: KIND,
        name,
        built_in: built_in.playbook.version,
    };
    revision::create(tx, actor, new, |version| playbook::numbered(&text, version))
}

/// Writes another text over the one that the actor saw. It may be wrong still: it is not used yet.
///
/// # Errors
/// [`Error::Unknown`] when it is longer than a revision may be.
pub fn change(tx: &Tx<'_>, actor: &Actor, id: &str, sha256: &str, text: String) -> Result<Revision, Error> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(Error::Unknown("text"));
    }
    revision::change(tx, actor, (KIND, id), sha256, text)
}

/// Asks a second person to sign off the text that the actor saw.
///
/// # Errors
/// [`Against::TextWrong`] when something in it is wrong.
pub fn propose(
    tx: &Tx<'_>,
    actor: &Actor,
    id: &str,
    sha256: &str,
    note: Option<&str>,
) -> Result<Revision, Error> {
    let it = revision::propose(tx, actor, (KIND, id), sha256, note)?;
    match read(&it) {
        Some(_) => Ok(it),
        None => Err(Error::Against(Against::TextWrong)),
    }
}

/// Signs off the text that the actor saw, with each of its warnings; or that it is used no more.
///
/// # Errors
/// [`Against::WarningsUnseen`] when there are others than those that the actor saw; [`Against::TextWrong`] when this version of the
/// software reads it no more.
pub fn sign_off(
    tx: &Tx<'_>,
    actor: &Actor,
    id: &str,
    (sha256, seen): (&str, &[String]),
    note: Option<&str>,
) -> Result<Revision, Error> {
    let it = revision::sign_off(tx, actor, (KIND, id), sha256, note)?;
    if !it.is_used() {
        return Ok(it);
    }
    let playbook = read(&it).ok_or(Error::Against(Against::TextWrong))?;
    let warnings = warnings(&it.name, &playbook);
    let is_seen = |warning: &Warning| seen.contains(&warning.key());
    match warnings.iter().all(is_seen) && seen.len() == warnings.len() {
        true => Ok(it),
        false => Err(Error::Against(Against::WarningsUnseen)),
    }
}

/// What whoever signs it off has to have seen.
pub fn warnings(name: &str, own: &Playbook) -> Vec<Warning> {
    let built_in = playbook::named(name);
    built_in.map_or_else(Vec::new, |it| playbook::warnings(&it.playbook, own))
}

/// What is kept of one playbook.
#[derive(Debug)]
pub struct Kept {
    /// What comes with the software.
    pub built_in: &'static BuiltIn,
    /// The revisions of it that the actor sees, the latest first; at most 50.
    pub revisions: Vec<Revision>,
}

/// Revisions of one playbook that are shown, the latest.
const SHOWN_MAX: i64 = 50;

/// All playbooks, with their revisions.
pub fn all(tx: &Tx<'_>, actor: &Actor) -> Result<Vec<Kept>, StoreError> {
    let kept = playbook::all().iter().map(|built_in| {
        let mut revisions = revision::named(tx, KIND, &built_in.playbook.playbook, SHOWN_MAX)?;
        // One that is used is shown however many came after it.
        let used = revision::in_use(tx, KIND, &built_in.playbook.playbook)?;
        let is_shown = |used: &Revision| revisions.iter().any(|it| it.revision_id == used.revision_id);
        if let Some(used) = used.filter(|used| !is_shown(used)) {
            revisions.push(used);
        }
        revisions.retain(|it| actor.scope().is_some_and(|scope| it.seen_by(scope)));
        Ok(Kept { built_in, revisions })
    });
    kept.collect()
}

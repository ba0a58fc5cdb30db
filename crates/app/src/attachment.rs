//! Files of an incident: brought, kept in pieces, taken back (R1.1).
//!
//! Pieces come before the file: [`begin`] notes that they will, [`piece::keep`] keeps each, and [`finish`] makes them a file.
//!
//! Invariant: a file is part of a case with its last piece or not at all, and once for each content; what was sent is known by its
//! digest for good, whatever becomes of its bytes.

use domain::account::Scope;
use domain::actor::Actor;
use domain::attachment::{Attachment, Kind, Purpose, Scan, State, Verb, Withdrawn};
use domain::case::in_person;
use domain::event::Subject;
use domain::hex;
use domain::incident::{Happened, Incident, State as IncidentState};
use domain::right::{Object, Right, may};
use store::attachment as kept;
use store::piece::Amount;
use store::{Error as StoreError, Tx};

use crate::attempt::of_incident;
use crate::case::{self, Error, Noun, Stateful, find, locked, step};
use crate::piece::{self, DAY_MS, NotTaken};

/// What one incident may have, also of what was taken back.
pub const OF_INCIDENT_MAX: Amount = Amount {
    count: 50,
    len: 200 << 20,
};
/// What one account may bring in a day.
pub const OF_DAY_MAX: Amount = Amount {
    count: 100,
    len: 500 << 20,
};

impl Noun for Attachment {
    const SUBJECT: Subject = Subject::Attachment;

    fn id(&self) -> &str {
        &self.attachment_id
    }

    fn told_of(&self) -> (Subject, &str) {
        (Subject::Incident, &self.incident_id)
    }

    fn told_as(&self, text: Option<&str>) -> Option<String> {
        let name = self.name.as_deref().unwrap_or_default();
        Some(match text {
            Some(text) => format!("{name}\n{text}"),
            None => name.to_owned(),
        })
    }

    fn seen_by(&self, tx: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        incident_of(tx, self)?.seen_by(tx, scope)
    }
}

impl Stateful for Attachment {
    /// As of its incident: everything about a loss is decided with its terminal's row locked.
    fn lock(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        incident_of(tx, self)?.lock(tx)
    }

    fn stands_against(&self, tx: &Tx<'_>, _: Verb) -> Result<(), Error> {
        is_open(&incident_of(tx, self)?)
    }

    fn happened(verb: Verb) -> &'static str {
        match verb {
            Verb::Withdraw => Happened::FileWithdrawn.code(),
        }
    }
}

fn incident_of(tx: &Tx<'_>, it: &Attachment) -> Result<Incident, StoreError> {
    store::incident::get(tx, &it.incident_id)?.ok_or(StoreError::Corrupt("incident of a file"))
}

fn is_open(incident: &Incident) -> Result<(), Error> {
    match incident.state {
        IncidentState::Closed => Err(Error::WrongState(IncidentState::Closed.code())),
        IncidentState::Open | IncidentState::FoundProposed => Ok(()),
    }
}

/// A file on its way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct New {
    /// A new identifier.
    pub attachment_id: String,
    /// Of which incident.
    pub incident_id: String,
    /// What whoever sends it calls it.
    pub name: String,
    /// What it is.
    pub sent_as: Kind,
    /// What it is for.
    pub purpose: Purpose,
    /// Length of what was sent, bytes.
    pub sent_len: i64,
    /// Its SHA-256.
    pub sent_sha256: Vec<u8>,
    /// Length of what is kept, bytes.
    pub kept_len: i64,
    /// Its SHA-256.
    pub kept_sha256: Vec<u8>,
    /// Whether viruses were looked for.
    pub scan: Scan,
}

/// Whether the actor may add files to an incident; which one.
///
/// # Errors
/// It is not there for the actor, the right is missing, or it is closed.
pub fn may_add(tx: &Tx<'_>, actor: &Actor, incident_id: &str) -> Result<Incident, Error> {
    let incident: Incident = find(tx, actor, incident_id)?;
    may_read(actor)?;
    is_open(&incident)?;
    Ok(incident)
}

/// Whether the actor may have what is in the files of an incident that it sees: who sees to what follows a loss.
pub fn may_read(actor: &Actor) -> Result<(), Error> {
    match may(actor, Right::FollowLoss, Object::Seen) {
        true => Ok(()),
        false => Err(Error::NotAllowed),
    }
}

/// Notes that the pieces of a file will come; nothing, where the incident has it already: that one.
///
/// # Errors
/// The actor may not, or there are too many.
pub fn begin(tx: &Tx<'_>, actor: &Actor, new: &New) -> Result<Option<Attachment>, NotTaken> {
    may_add(tx, actor, &new.incident_id)?;
    if let Some(same) = kept::same(tx, &new.incident_id, new.purpose, &new.sent_sha256)? {
        return Ok(Some(same));
    }
    has_room(tx, actor, new)?;
    store::piece::begin(tx, &new.attachment_id)?;
    Ok(None)
}

fn has_room(tx: &Tx<'_>, actor: &Actor, new: &New) -> Result<(), NotTaken> {
    let has = kept::amount_of(tx, &new.incident_id)?;
    let since = tx.now().plus_ms(-DAY_MS);
    let today = kept::amount_by(tx, actor.name(), since)?;
    piece::has_room(
        (has, new.kept_len, OF_INCIDENT_MAX),
        (today, new.sent_len.min(new.kept_len), OF_DAY_MAX),
    )
}

/// Makes the pieces a file of its incident, and says whether they became a new one: where the same came meanwhile, that one counts.
///
/// # Errors
/// As [`begin`], and [`NotTaken::GivenUp`].
pub fn finish(
    tx: &Tx<'_>,
    actor: &Actor,
    new: New,
    piece_count: i64,
) -> Result<(Attachment, bool), NotTaken> {
    locked::<Incident>(tx, actor, &new.incident_id)?;
    may_add(tx, actor, &new.incident_id)?;
    if let Some(same) = kept::same(tx, &new.incident_id, new.purpose, &new.sent_sha256)? {
        store::piece::let_go(tx, &new.attachment_id)?;
        return Ok((same, false));
    }
    has_room(tx, actor, &new)?;
    piece::claim(tx, &new.attachment_id, piece_count)?;
    add(tx, actor, new, true)
}

/// Writes the row of a file, and its event.
fn add(tx: &Tx<'_>, actor: &Actor, new: New, is_there: bool) -> Result<(Attachment, bool), NotTaken> {
    let it = Attachment {
        attachment_id: new.attachment_id,
        incident_id: new.incident_id,
        name: Some(new.name),
        sent_as: new.sent_as,
        purpose: new.purpose,
        state: State::Kept,
        sent_len: new.sent_len,
        sent_sha256: new.sent_sha256,
        kept_len: new.kept_len,
        kept_sha256: new.kept_sha256,
        scan: new.scan,
        is_there,
        by: actor.name().to_owned(),
        at: tx.now(),
        withdrawn: None,
    };
    store::row::insert(tx, &it)?;
    let text = particulars(it.sent_as, it.sent_len, &it.sent_sha256);
    case::tell(tx, actor, &it, Happened::FileAdded.code(), Some(&text))?;
    Ok((it, true))
}

/// Longest file of which somebody says a digest, bytes.
pub const STATED_LEN_MAX: i64 = 1 << 50;

/// Writes down by which digest a file is known that somebody keeps elsewhere; and whether that is new. None of it is here.
///
/// # Errors
/// As [`begin`]; a program has nothing to keep.
pub fn state(tx: &Tx<'_>, actor: &Actor, new: New) -> Result<(Attachment, bool), NotTaken> {
    find::<Incident>(tx, actor, &new.incident_id)?;
    in_person(actor).map_err(Error::from)?;
    may_read(actor)?;
    locked::<Incident>(tx, actor, &new.incident_id)?;
    may_add(tx, actor, &new.incident_id)?;
    if let Some(same) = kept::same(tx, &new.incident_id, new.purpose, &new.sent_sha256)? {
        return Ok((same, false));
    }
    has_room(tx, actor, &new)?;
    add(tx, actor, new, false)
}

/// A file in a line of the record.
pub(crate) fn particulars(kind: Kind, len: i64, sha256: &[u8]) -> String {
    format!("{} {len} sha256:{}", kind.code(), hex::of(sha256))
}

/// Notes that a virus was found in a file, of which nothing is kept.
///
/// # Errors
/// As [`may_add`].
pub fn refused(tx: &Tx<'_>, actor: &Actor, new: &New) -> Result<(), Error> {
    let incident: Incident = locked(tx, actor, &new.incident_id)?;
    may_add(tx, actor, &new.incident_id)?;
    let at = tx.now().max(incident.suspended_at);
    let text = particulars(new.sent_as, new.sent_len, &new.sent_sha256);
    let told = store::event::New {
        text: Some(&text),
        ..of_incident(
            (&incident.incident_id, at),
            Happened::FileRefused,
            actor.by(),
            None,
        )
    };
    store::event::append(tx, told)?;
    Ok(())
}

/// The file of that incident, when the actor sees it.
///
/// # Errors
/// There is none, for this actor.
pub fn of(tx: &Tx<'_>, actor: &Actor, incident_id: &str, attachment_id: &str) -> Result<Attachment, Error> {
    // Whose incident is not seen is told of that, not of the file.
    find::<Incident>(tx, actor, incident_id)?;
    let it: Attachment = find(tx, actor, attachment_id)?;
    match it.incident_id == incident_id {
        true => Ok(it),
        false => Err(Error::NotFound(Subject::Attachment)),
    }
}

/// Takes a file back. What it was stays, and its bytes as long as its case is open.
///
/// # Errors
/// As for every step.
pub fn withdraw(tx: &Tx<'_>, actor: &Actor, attachment_id: &str, ground: &str) -> Result<Attachment, Error> {
    let withdrawn = Withdrawn {
        by: actor.name().to_owned(),
        at: tx.now(),
        ground: Some(ground.to_owned()),
    };
    step(
        tx,
        actor,
        attachment_id,
        Verb::Withdraw,
        Some(ground),
        |it: &mut Attachment| it.withdrawn = Some(withdrawn),
    )
}

/// Lets the bytes go of files that were taken back and whose case is closed, at most `limit`.
pub(crate) fn let_go(tx: &Tx<'_>, limit: i64) -> Result<(), StoreError> {
    let over = kept::over(tx, limit)?;
    over.iter()
        .try_for_each(|attachment_id| kept::empty(tx, attachment_id))
}

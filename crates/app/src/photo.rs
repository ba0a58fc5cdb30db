//! Photos of a terminal: added, looked at, removed (R2.2).
//!
//! Pieces come before the photo: [`begin`] notes that they will, [`piece::keep`] keeps each, and [`finish`] makes them one.
//!
//! Invariant: a photo is of a terminal with its last piece or not at all; what was there when a terminal was lost is known afterwards,
//! whoever removes it since.

use domain::TerminalId;
use domain::account::Scope;
use domain::actor::Actor;
use domain::attachment::Scan;
use domain::case::decide;
use domain::event::{Subject, Verb as Told};
use domain::hex;
use domain::incident::Incident;
use domain::photo::{Photo, Removed, Shows, State, Verb};
use domain::terminal::Terminal;
use domain::terminal::keep::Verb as Keep;
use domain::time::HOUR_MS;
use store::photo as kept;
use store::piece::Amount;
use store::{Error as StoreError, Tx};

use crate::case::{self, Error, Noun, Stateful, find, locked, step};
use crate::piece::{self, DAY_MS, NotTaken};

/// What one terminal may have, also of what was removed and is here still.
pub const OF_TERMINAL_MAX: Amount = Amount {
    count: 40,
    len: 100 << 20,
};
/// What one account may add in a day: an engineer goes round an estate.
pub const OF_DAY_MAX: Amount = Amount {
    count: 300,
    len: 600 << 20,
};
/// Photos of one terminal that are listed: those that are gone take part.
pub const LISTED_MAX: i64 = 200;
/// How long the bytes of one that was removed stay: `retention.photo` of the store's `columns.toml`.
pub(crate) const REMOVED_KEPT_MS: i64 = 90 * 24 * HOUR_MS;

impl Noun for Photo {
    const SUBJECT: Subject = Subject::Photo;

    fn id(&self) -> &str {
        &self.photo_id
    }

    fn told_of(&self) -> (Subject, &str) {
        (Subject::Terminal, self.terminal_id.as_str())
    }

    /// Never in anybody's words: what is told of a terminal is not forgotten.
    fn told_as(&self, _: Option<&str>) -> Option<String> {
        Some(particulars(self.shows, &self.sha256))
    }

    fn seen_by(&self, tx: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        terminal_of(tx, self)?.seen_by(tx, scope)
    }
}

impl Stateful for Photo {
    fn lock(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        terminal_of(tx, self)?.lock(tx)
    }

    fn happened(verb: Verb) -> &'static str {
        match verb {
            Verb::Remove => Told::PhotoRemoved.code(),
        }
    }
}

fn terminal_of(tx: &Tx<'_>, it: &Photo) -> Result<Terminal, StoreError> {
    store::terminal::get(tx, it.terminal_id)?.ok_or(StoreError::Corrupt("terminal of a photo"))
}

/// A photo in a line of the record.
fn particulars(shows: Shows, sha256: &[u8]) -> String {
    format!("{} sha256:{}", shows.code(), hex::of(sha256))
}

/// A photo on its way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct New {
    /// A new identifier.
    pub photo_id: String,
    /// Of which terminal.
    pub terminal_id: TerminalId,
    /// What is to be seen.
    pub shows: Shows,
    /// What else there is to say of it.
    pub caption: Option<String>,
    /// SHA-256 of what was sent.
    pub sent_sha256: Vec<u8>,
    /// SHA-256 of what is kept.
    pub sha256: Vec<u8>,
    /// Its length, bytes.
    pub len: i64,
    /// Whether viruses were looked for.
    pub scan: Scan,
}

/// Whether the actor may add photos of a terminal: who may write something else of it; which one.
///
/// # Errors
/// It is not there for the actor, the right is missing, or it is retired.
pub fn may_add(tx: &Tx<'_>, actor: &Actor, terminal_id: TerminalId) -> Result<Terminal, Error> {
    let terminal: Terminal = find(tx, actor, terminal_id.as_str())?;
    decide(&terminal, Keep::Change, actor)?;
    Ok(terminal)
}

/// Notes that the pieces of a photo will come; nothing, where the terminal has it already: that one.
///
/// # Errors
/// The actor may not, or there are too many.
pub fn begin(tx: &Tx<'_>, actor: &Actor, new: &New) -> Result<Option<Photo>, NotTaken> {
    may_add(tx, actor, new.terminal_id)?;
    if let Some(same) = kept::same(tx, new.terminal_id, new.shows, &new.sent_sha256)? {
        return Ok(Some(same));
    }
    has_room(tx, actor, new)?;
    store::piece::begin(tx, &new.photo_id)?;
    Ok(None)
}

fn has_room(tx: &Tx<'_>, actor: &Actor, new: &New) -> Result<(), NotTaken> {
    let since = tx.now().plus_ms(-DAY_MS);
    piece::has_room(
        (kept::amount_of(tx, new.terminal_id)?, new.len, OF_TERMINAL_MAX),
        (kept::amount_by(tx, actor.name(), since)?, new.len, OF_DAY_MAX),
    )
}

/// Makes the pieces a photo of its terminal, and says whether they became a new one: where the same came meanwhile, that one counts.
///
/// # Errors
/// As [`begin`], and [`NotTaken::GivenUp`].
pub fn finish(tx: &Tx<'_>, actor: &Actor, new: New, piece_count: i64) -> Result<(Photo, bool), NotTaken> {
    locked::<Terminal>(tx, actor, new.terminal_id.as_str())?;
    let terminal = may_add(tx, actor, new.terminal_id)?;
    if let Some(same) = kept::same(tx, new.terminal_id, new.shows, &new.sent_sha256)? {
        store::piece::let_go(tx, &new.photo_id)?;
        return Ok((same, false));
    }
    has_room(tx, actor, &new)?;
    piece::claim(tx, &new.photo_id, piece_count)?;
    let it = Photo {
        photo_id: new.photo_id,
        merchant_id: terminal.bound.merchant_code,
        terminal_id: new.terminal_id,
        shows: new.shows,
        caption: new.caption,
        state: State::Kept,
        sent_sha256: new.sent_sha256,
        sha256: new.sha256,
        len: new.len,
        scan: new.scan,
        is_there: true,
        by: actor.name().to_owned(),
        at: tx.now(),
        removed: None,
    };
    store::row::insert(tx, &it)?;
    case::tell(tx, actor, &it, Told::PhotoAdded.code(), None)?;
    Ok((it, true))
}

/// Notes that a virus was found in one, of which nothing is kept.
///
/// # Errors
/// As [`may_add`].
pub fn refused(tx: &Tx<'_>, actor: &Actor, new: &New) -> Result<(), Error> {
    locked::<Terminal>(tx, actor, new.terminal_id.as_str())?;
    let terminal = may_add(tx, actor, new.terminal_id)?;
    let text = particulars(new.shows, &new.sent_sha256);
    case::tell(tx, actor, &terminal, Told::PhotoRefused.code(), Some(&text))?;
    Ok(())
}

/// Removes a photo from the terminal's record. That it was there stays, and its bytes for a while.
///
/// # Errors
/// As for every step.
pub fn remove(tx: &Tx<'_>, actor: &Actor, photo_id: &str, ground: &str) -> Result<Photo, Error> {
    let removed = Removed {
        by: actor.name().to_owned(),
        at: tx.now(),
        ground: Some(ground.to_owned()),
    };
    step(
        tx,
        actor,
        photo_id,
        Verb::Remove,
        Some(ground),
        |it: &mut Photo| {
            it.removed = Some(removed);
        },
    )
}

/// What the terminal of an incident looked like: the photos that were added before it was stopped and stood when it was last trusted,
/// or came since; also those that were removed since.
///
/// # Errors
/// The store failed.
pub fn before(tx: &Tx<'_>, incident: &Incident) -> Result<Vec<Photo>, StoreError> {
    let when = (incident.window.from, incident.suspended_at);
    kept::stood(tx, incident.terminal_id, when, LISTED_MAX)
}

/// Lets the bytes go of photos that were removed long ago, at most `limit`.
pub(crate) fn let_go(tx: &Tx<'_>, limit: i64) -> Result<(), StoreError> {
    let over = kept::over(tx, tx.now().plus_ms(-REMOVED_KEPT_MS), limit)?;
    over.iter().try_for_each(|photo_id| kept::empty(tx, photo_id))
}

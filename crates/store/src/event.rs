//! Events: what happened to each noun, in order, for people to follow live and for auditors to read.
//!
//! Invariant: append only, in the transaction of what it records; sequences of one subject have no gaps.

use domain::Timestamp;
use domain::actor::By;
use domain::event::{Event, Subject, verbs};

use crate::row::{read, select, table};
use crate::sql::{sql, values};
use crate::vault::{self, Place};
use crate::{Error, Tx};

crate::row::words!(domain::actor::Kind, Subject);
// An event gets its place as it is written, by the statement that writes it: so its words are bound to what is known before.
table!(Event: "event", 3 by ["subject", "subject_id", "at_ms", "verb"] {
    subject, subject_id, sequence, at = "at_ms", verb, actor_kind, actor, #[sealed] text, ledger_sequence
});

/// Something that happened, before it has its place.
#[derive(Clone, Copy, Debug)]
pub struct New<'a> {
    /// What it is about.
    pub subject: Subject,
    /// Which one.
    pub subject_id: &'a str,
    /// When.
    pub at: Timestamp,
    /// What; one of [`verbs`].
    pub verb: &'static str,
    /// Who did it.
    pub by: By<'a>,
    /// Words of that person, or the particulars.
    pub text: Option<&'a str>,
    /// The row of the terminal's ledger it is about.
    pub ledger_sequence: Option<i64>,
}

/// Appends an event and answers its sequence. Its subject is locked by the caller's transaction.
pub fn append(tx: &Tx<'_>, new: New<'_>) -> Result<i64, Error> {
    debug_assert!(verbs().any(|verb| verb == new.verb), "{} is in no list", new.verb);
    let sql = sql!(
        "INSERT INTO event (subject, subject_id, sequence, at_ms, verb, actor_kind, actor, text, ledger_sequence)
         VALUES ($1, $2, (SELECT coalesce(max(sequence), 0) + 1 FROM event WHERE subject = $1 AND subject_id = $2), $3, $4, $5, $6, $7, $8)
         RETURNING sequence"
    );
    let text = new.text.map(|text| sealed(tx, &new, text)).transpose()?;
    let values = values![
        new.subject.code(),
        new.subject_id,
        new.at,
        new.verb,
        new.by.kind.code(),
        new.by.name,
        text.as_deref(),
        new.ledger_sequence
    ];
    let mut sequences = tx.all(sql, values, |row| row.int(0))?;
    sequences.pop().ok_or(Error::Corrupt("event.sequence"))
}

/// What a person said, for its place.
fn sealed(tx: &Tx<'_>, new: &New<'_>, text: &str) -> Result<String, Error> {
    let row = [
        new.subject.code(),
        new.subject_id,
        &new.at.0.to_string(),
        new.verb,
    ]
    .map(|part| part.as_bytes().to_vec());
    let place = Place {
        table: "event",
        column: "text",
        row: &row,
        merchant: b"",
    };
    vault::seal(tx.vault, &place, text)
}

/// The sequence of the subject's newest event; 0 when there is none.
pub fn last_sequence(tx: &Tx<'_>, subject: Subject, subject_id: &str) -> Result<i64, Error> {
    let sql = sql!("SELECT coalesce(max(sequence), 0) FROM event WHERE subject = $1 AND subject_id = $2");
    let newest = tx.first(sql, values![subject.code(), subject_id], |row| row.int(0))?;
    Ok(newest.unwrap_or_default())
}

/// The events of a subject after a sequence, oldest first; at most `limit`.
pub fn after(
    tx: &Tx<'_>,
    subject: Subject,
    subject_id: &str,
    sequence: i64,
    limit: i64,
) -> Result<Vec<Event>, Error> {
    let sql = select!(
        Event,
        "WHERE event.subject = $1 AND event.subject_id = $2 AND event.sequence > $3 ORDER BY event.sequence LIMIT $4"
    );
    let values = values![subject.code(), subject_id, sequence, limit];
    tx.all(sql, values, read)
}

/// The newest events of a subject that say that, newest first; at most `limit`.
pub fn newest(
    tx: &Tx<'_>,
    (subject, subject_id): (Subject, &str),
    verb: &str,
    limit: i64,
) -> Result<Vec<Event>, Error> {
    let sql = select!(
        Event,
        "WHERE event.subject = $1 AND event.subject_id = $2 AND event.verb = $3 ORDER BY event.sequence DESC LIMIT $4"
    );
    tx.all(sql, values![subject.code(), subject_id, verb, limit], read)
}

/// How many events say that, of somebody since a time.
pub fn count_by(tx: &Tx<'_>, actor: &str, verb: &str, since: Timestamp) -> Result<i64, Error> {
    let sql = sql!("SELECT count(*) FROM event WHERE actor = $1 AND at_ms > $3 AND verb = $2");
    let count = tx.first(sql, values![actor, verb, since], |row| row.int(0))?;
    Ok(count.unwrap_or_default())
}

/// The people who did something with a subject, in the order of their log-ins; at most `limit`.
pub fn people_of(tx: &Tx<'_>, subject: Subject, subject_id: &str, limit: i64) -> Result<Vec<String>, Error> {
    let sql = sql!(
        "SELECT DISTINCT actor FROM event WHERE subject = $1 AND subject_id = $2 AND actor_kind = 'person' ORDER BY actor LIMIT $3"
    );
    tx.all(sql, values![subject.code(), subject_id, limit], |row| {
        row.string(0)
    })
}

/// The place of an event among all of a person's: when, and what names it.
pub type Spot = (Timestamp, String, String, i64);

/// What a person did, and what was done with the person's account, after a place and until a time, oldest first; at most `limit`.
pub fn of_person(
    tx: &Tx<'_>,
    login: &str,
    after: &Spot,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<Event>, Error> {
    let by = select!(
        Event,
        "WHERE event.actor = $1 AND event.actor_kind = 'person' AND event.at_ms >= $2 AND event.at_ms <= $7
           AND (event.at_ms, event.subject, event.subject_id, event.sequence) > ($2, $3, $4, $5)
         ORDER BY event.at_ms, event.subject, event.subject_id, event.sequence LIMIT $6"
    );
    let about = select!(
        Event,
        "WHERE event.subject = 'account' AND event.subject_id = $1 AND NOT (event.actor = $1 AND event.actor_kind = 'person')
           AND event.at_ms <= $7 AND (event.at_ms, event.subject, event.subject_id, event.sequence) > ($2, $3, $4, $5)
         ORDER BY event.at_ms, event.subject, event.subject_id, event.sequence LIMIT $6"
    );
    let (at, subject, subject_id, sequence) = after;
    let values = values![login, *at, subject, subject_id, *sequence, limit, until];
    let mut events: Vec<Event> = tx.all(by, values, read)?;
    events.extend(tx.all(about, values, read)?);
    events.sort_by_cached_key(spot);
    events.truncate(usize::try_from(limit).unwrap_or_default());
    Ok(events)
}

/// Where one of them stands.
pub fn spot(event: &Event) -> Spot {
    (
        event.at,
        event.subject.code().to_owned(),
        event.subject_id.clone(),
        event.sequence,
    )
}

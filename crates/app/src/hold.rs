//! Placing and releasing holds.
//!
//! Invariant: a hold's place in the terminal's ledger order is strictly later, in sequence and in time, than every
//! approval before it.

use domain::actor::By;
use domain::event::Subject;
use domain::hold::{Authority, Hold, Kind, Release, ReleaseError};
use domain::transaction::{Entry, LedgerRow};
use domain::work::{Id, Work};
use domain::{TerminalId, Timestamp};
use store::event::{self, New};
use store::{Error, Tx, ledger};

/// A hold to be placed.
#[derive(Clone, Debug)]
pub struct Placing<'a> {
    /// On which terminal.
    pub terminal_id: TerminalId,
    /// Why.
    pub kind: Kind,
    /// What happened, in a few words.
    pub cause: &'a str,
    /// By whom.
    pub by: By<'a>,
    /// Its end, where it has one.
    pub until: Option<Timestamp>,
    /// The incident it belongs to.
    pub incident_id: Option<&'a str>,
}

/// Places a hold, whether or not others stand. The terminal's row is locked by the caller's transaction.
pub fn place(tx: &Tx<'_>, placing: &Placing<'_>) -> Result<Hold, Error> {
    let place = ledger::next_place(tx, placing.terminal_id)?;
    // Strictly later than the last approval, so that no reader can mistake one for the other's successor.
    let at = place
        .last_at
        .map_or(place.at, |last| place.at.max(last.plus_ms(1)));
    let hold = Hold {
        hold_id: place.sequence,
        kind: placing.kind,
        cause: placing.cause.to_owned(),
        placed_by: placing.by.name.to_owned(),
        placed_at: at,
        until: placing.until,
        incident_id: placing.incident_id.map(str::to_owned),
        release: None,
    };
    store::hold::insert(tx, placing.terminal_id, &hold)?;
    ledger::append(
        tx,
        &fact(
            placing.terminal_id,
            Entry::HoldPlaced,
            place.sequence,
            at,
            placing.kind,
            None,
        ),
    )?;
    tell(tx, placing.terminal_id, "hold_placed", placing.by, (&hold, at))?;
    if let Some(until) = hold.until {
        crate::work::enqueue(tx, Id::hold_end(placing.terminal_id, hold.hold_id), until)?;
    }
    Ok(hold)
}

/// Does the work of saying that a hold has ended by its time. Whether it stands is decided by its time alone, never here.
/// False when the claim was taken over meanwhile.
pub fn end(tx: &Tx<'_>, claimed: &Work) -> Result<bool, Error> {
    if !crate::work::done(tx, claimed)? {
        return Ok(false);
    }
    let Some((terminal_id, hold_id)) = claimed.id.of_ledger() else {
        return Ok(true);
    };
    crate::attempt::lock(tx, terminal_id)?;
    let hold = store::hold::get(tx, terminal_id, hold_id)?;
    let Some((hold, until)) = hold.and_then(|hold| hold.until.map(|until| (hold, until))) else {
        return Ok(true);
    };
    if hold.release.is_none() && !hold.stands(tx.now()) {
        tell(
            tx,
            terminal_id,
            "hold_ended",
            By::timer("hold_end"),
            (&hold, until),
        )?;
    }
    Ok(true)
}

/// Why a hold was not released.
#[derive(Debug, thiserror::Error)]
pub enum NotReleased {
    /// No hold of that kind stands.
    #[error("no such hold stands")]
    NotStanding,
    /// Another authority is needed.
    #[error("another authority is needed")]
    WrongAuthority(Authority),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Releases every standing hold of one kind, by its own authority. With the bank's lock goes the count of wrong passwords
/// that led to it, or the next one would lock the terminal again.
pub fn release(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    kind: Kind,
    authority: Authority,
    (by, ground): (By<'_>, &str),
) -> Result<(), NotReleased> {
    let mut released = false;
    while let Some(mut hold) = store::hold::find(tx, terminal_id, kind, tx.now())? {
        let place = ledger::next_place(tx, terminal_id)?;
        let release = Release {
            at: place.at,
            by: by.name.to_owned(),
            authority,
            ground: ground.to_owned(),
        };
        match hold.release(release.clone()) {
            Ok(()) => {}
            Err(ReleaseError::WrongAuthority(needed)) => return Err(NotReleased::WrongAuthority(needed)),
            Err(ReleaseError::NotStanding) => break,
        }
        store::hold::release(tx, terminal_id, hold.hold_id, &release)?;
        let of = Some(hold.hold_id);
        ledger::append(
            tx,
            &fact(
                terminal_id,
                Entry::HoldReleased,
                place.sequence,
                place.at,
                kind,
                of,
            ),
        )?;
        tell(tx, terminal_id, "hold_released", by, (&hold, place.at))?;
        released = true;
    }
    if released && kind == Kind::BankLock {
        store::operator::set_wrong_count(tx, terminal_id, 0, tx.now())?;
    }
    if released {
        Ok(())
    } else {
        Err(NotReleased::NotStanding)
    }
}

/// The event of a terminal that its hold was placed or released.
fn tell(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    verb: &'static str,
    by: By<'_>,
    (hold, at): (&Hold, Timestamp),
) -> Result<(), Error> {
    let new = New {
        subject: Subject::Terminal,
        subject_id: terminal_id.as_str(),
        at,
        verb,
        by,
        text: Some(hold.kind.code()),
        ledger_sequence: Some(hold.hold_id),
    };
    event::append(tx, new).map(drop)
}

fn fact(
    terminal_id: TerminalId,
    entry: Entry,
    sequence: i64,
    at: Timestamp,
    kind: Kind,
    of_sequence: Option<i64>,
) -> LedgerRow {
    LedgerRow {
        reason: Some(kind.code().to_owned()),
        of_sequence,
        ..LedgerRow::bare(terminal_id, sequence, at, entry)
    }
}

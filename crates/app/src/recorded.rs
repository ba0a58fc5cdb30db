//! What a held terminal tried to turn back is decided by people: refused for good by one, or carried out by two (R1.2, R1.3).
//!
//! Invariant: each is decided once, with the terminal's row locked; what is carried out is owed to the host by the one way there is,
//! or was done elsewhere, as the acquirer's reference says. No decision approves anything to a terminal.

use domain::Timestamp;
use domain::actor::Actor;
use domain::case::decide;
use domain::incident::{Happened, Incident};
use domain::recorded::{Recorded, SEALED_MAX, State, Verb, Way, Which};
use domain::transaction::follow::{FollowUp, judge};
use domain::transaction::{Decision, Entry, Kind, LedgerRow, Proof, Refusal, ResponseCode};
use store::event::{self, New};
use store::ledger;
use store::owed_reversal::{self, OwedReversal};
use store::{Error as StoreError, Tx, row};

use crate::attempt::{Attempt, lock, of_incident};
use crate::case::{Error, find, locked};
use crate::{original, reversal};

/// Why a reversal is owed that people decided on.
const CAUSE: &str = "decided";

/// Keeps what a reversal of its original must carry, of a request that a held terminal proved to have sent: once for each original,
/// while that stands, and of [`SEALED_MAX`] of them.
pub(crate) fn keep(tx: &Tx<'_>, attempt: &Attempt, row: &LedgerRow) -> Result<(), StoreError> {
    let Some(original) = undone_by(tx, attempt)? else {
        return Ok(());
    };
    let asked = original::follow_up(attempt, original.card);
    let stands = original::as_it_stands(tx, &original)?;
    if stands.and_then(|original| judge(&original, &asked)).is_err() {
        return Ok(());
    }
    let (count, is_among) = store::recorded::sealed(tx, attempt.terminal_id, original.sequence)?;
    if is_among || count >= SEALED_MAX {
        return Ok(());
    }
    let kept = Recorded {
        original: Some(original.sequence),
        reversal_sealed: attempt.undo_sealed.clone(),
        ..Recorded::open(row.terminal_id, row.sequence, row.at)
    };
    row::insert(tx, &kept)
}

/// The approval that a request means, by the very name that a reversal of it would carry.
fn undone_by(tx: &Tx<'_>, attempt: &Attempt) -> Result<Option<LedgerRow>, StoreError> {
    if attempt.kind == Kind::Reversal {
        let named = ledger::by_name(tx, attempt.terminal_id, attempt.name)?;
        let mut approved = named.into_iter().rev();
        return Ok(approved.find(|row| row.decision == Some(Decision::Approved)));
    }
    let meant = original::find(tx, attempt)?.ok().flatten();
    Ok(meant.filter(|row| row.batch_trace == attempt.original))
}

/// Why one cannot be undone at the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// Nothing shows that the terminal sent it: anybody may have.
    Unproven,
    /// Its row stands for many that came too fast for one each.
    Counted,
    /// The hold cut it off at the host, which may have done it.
    MayBeDone,
    /// It does not undo an approval: an acquirer gives the money back.
    NoUndoing,
    /// What a reversal must carry is not kept: the approval was not known or could not be undone, an earlier request is about the same,
    /// there were as many as may be kept already, or its time is over.
    NotKept,
    /// As the approval stands now, it cannot be undone.
    Refused(Refusal),
}

impl Hindrance {
    /// Whether it can only be refused: nobody knows what carrying it out would be.
    pub const fn is_absolute(self) -> bool {
        matches!(self, Self::Unproven | Self::Counted)
    }
}

/// What the host said to the reversal that is owed because people decided so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtHost {
    /// It is owed, since then: the host has not answered.
    Asked(Timestamp),
    /// It is undone there: by this code, at that time.
    Undone(Option<ResponseCode>, Timestamp),
    /// The host refused, and a person has to decide about the work.
    Refused(Option<ResponseCode>, Timestamp),
}

/// One of the list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// What was asked for.
    pub row: LedgerRow,
    /// What is decided.
    pub recorded: Recorded,
    /// What it would undo.
    pub original: Option<LedgerRow>,
    /// Why it cannot be undone at the host; of what is decided, nothing.
    pub hindrance: Option<Hindrance>,
    /// What the host said, once it is owed there.
    pub at_host: Option<AtHost>,
}

impl Listed {
    /// What the actor may do with it now.
    pub fn actions(&self, actor: &Actor) -> Vec<Verb> {
        let mut verbs = domain::case::actions(&self.recorded, actor);
        verbs.retain(|verb| self.hinders(*verb).is_none());
        verbs
    }

    fn hinders(&self, verb: Verb) -> Option<Hindrance> {
        let hindrance = self.hindrance?;
        let is_hindered = match verb {
            Verb::Propose => hindrance.is_absolute(),
            Verb::Confirm => self.recorded.way == Some(Way::Host),
            Verb::Withdraw | Verb::Refuse => false,
        };
        is_hindered.then_some(hindrance)
    }
}

/// The places of a terminal's order that are an incident's: from its loss window's start to the release of its hold.
fn places(tx: &Tx<'_>, incident: &Incident) -> Result<(i64, i64), StoreError> {
    let ever = Timestamp(i64::MAX);
    let (from, _) = ledger::within(tx, incident.terminal_id, (incident.window.from, ever))?;
    let of_hold = ledger::about(tx, incident.terminal_id, incident.hold_id)?;
    let released = of_hold.iter().find(|row| row.entry == Entry::HoldReleased);
    Ok((from, released.map_or(i64::MAX, |row| row.sequence)))
}

/// What the terminal of an incident tried to turn back while it was held, the newest first, below a place in its order.
///
/// # Errors
/// The store failed.
pub fn list(
    tx: &Tx<'_>,
    incident: &Incident,
    which: Option<Which>,
    below: Option<i64>,
    limit: i64,
) -> Result<Vec<Listed>, StoreError> {
    let (from, to) = places(tx, incident)?;
    let to = below.map_or(to, |below| below.min(to));
    let rows = ledger::turned_back(tx, incident.terminal_id, which, (from, to), limit)?;
    rows.into_iter()
        .map(|row| {
            let kept = store::recorded::get(tx, row.terminal_id, row.sequence)?;
            listed(tx, row, kept)
        })
        .collect()
}

/// The one of a row of the ledger, if it is among the incident's.
fn one(tx: &Tx<'_>, incident: &Incident, sequence: i64) -> Result<Option<LedgerRow>, StoreError> {
    let (from, to) = places(tx, incident)?;
    if !(from..to).contains(&sequence) {
        return Ok(None);
    }
    let span = (sequence, sequence.saturating_add(1));
    let found = ledger::turned_back(tx, incident.terminal_id, None, span, 1)?;
    Ok(found.into_iter().next())
}

fn listed(tx: &Tx<'_>, row: LedgerRow, kept: Option<Recorded>) -> Result<Listed, StoreError> {
    let recorded = kept.unwrap_or_else(|| Recorded::open(row.terminal_id, row.sequence, row.at));
    let original = match recorded.original {
        Some(sequence) => ledger::get(tx, row.terminal_id, sequence)?,
        None => None,
    };
    let hindrance = match recorded.decided_at {
        None => hindrance(tx, &row, &recorded, original.as_ref())?,
        Some(_) => None,
    };
    let at_host = match (&original, recorded.decided_at, recorded.way) {
        (Some(original), Some(_), Some(Way::Host)) => at_host(tx, original)?,
        _ => None,
    };
    Ok(Listed {
        row,
        recorded,
        original,
        hindrance,
        at_host,
    })
}

/// Why a reversal of the original cannot be owed now.
fn hindrance(
    tx: &Tx<'_>,
    row: &LedgerRow,
    recorded: &Recorded,
    original: Option<&LedgerRow>,
) -> Result<Option<Hindrance>, StoreError> {
    let Entry::Request(kind) = row.entry else {
        return Ok(Some(Hindrance::NoUndoing));
    };
    let hindrance = match original.filter(|_| recorded.sealed(tx.now()).is_some()) {
        _ if row.repeated.is_some() => Hindrance::Counted,
        _ if row.proof != Some(Proof::Proven) => Hindrance::Unproven,
        // It is the record of a request that the host was asked for, and that no reversal undoes.
        _ if row.of_sequence.is_some() => Hindrance::MayBeDone,
        _ if !kind.undoes() => Hindrance::NoUndoing,
        None => Hindrance::NotKept,
        Some(original) => {
            let asked = FollowUp {
                kind,
                amount: row.amount,
                is_same_card: row.card == original.card || (kind == Kind::Reversal && row.card.is_none()),
            };
            let stands = original::as_it_stands(tx, original)?;
            let judged = stands.and_then(|original| judge(&original, &asked));
            return Ok(judged.err().map(Hindrance::Refused));
        }
    };
    Ok(Some(hindrance))
}

/// What became of the reversal that people decided on.
fn at_host(tx: &Tx<'_>, original: &LedgerRow) -> Result<Option<AtHost>, StoreError> {
    let owed = owed_reversal::get(tx, original.terminal_id, original.sequence)?;
    if let Some(owed) = owed {
        return Ok(Some(AtHost::Asked(owed.owed_since)));
    }
    let about = ledger::about(tx, original.terminal_id, original.sequence)?;
    let is_own = |row: &&LedgerRow| {
        row.of_sequence == Some(original.sequence) && row.batch_trace == original.batch_trace
    };
    Ok(about.iter().rfind(is_own).map(|row| match row.decision {
        Some(Decision::Reversed) => AtHost::Undone(row.response_code, row.at),
        _ => AtHost::Refused(row.response_code, row.at),
    }))
}

/// What somebody says of a request, or does with it.
#[derive(Clone, Debug)]
pub enum Said {
    /// Carry it out: at the host, or as the acquirer's reference says.
    Propose {
        /// Why.
        ground: String,
        /// The acquirer's reference: it did it, outside of here.
        reference: Option<String>,
    },
    /// Yes, in this way: what that person saw to be proposed.
    Confirm {
        /// How.
        way: Way,
        /// The acquirer's reference.
        reference: Option<String>,
    },
    /// No more of the proposal.
    Withdraw,
    /// No, for good.
    Refuse {
        /// Why.
        ground: String,
    },
}

impl Said {
    const fn verb(&self) -> Verb {
        match self {
            Self::Propose { .. } => Verb::Propose,
            Self::Confirm { .. } => Verb::Confirm,
            Self::Withdraw => Verb::Withdraw,
            Self::Refuse { .. } => Verb::Refuse,
        }
    }
}

/// Takes a step with one of an incident's.
///
/// # Errors
/// As for every step; `Unknown("sequence")` of what is none of it, `Required("reference")` of what the host cannot undo,
/// [`Error::WrongState`] where something else is proposed by now, or where what was proposed cannot be done any more.
pub fn take(
    tx: &Tx<'_>,
    actor: &Actor,
    (incident_id, sequence): (&str, i64),
    said: Said,
) -> Result<Listed, Error> {
    let incident: Incident = find(tx, actor, incident_id)?;
    // What is owed decides what the terminal is answered, and of two people at once one comes first.
    lock(tx, incident.terminal_id)?;
    let incident: Incident = locked(tx, actor, incident_id)?;
    let row = one(tx, &incident, sequence)?.ok_or(Error::Unknown("sequence"))?;
    let kept = store::recorded::get(tx, incident.terminal_id, sequence)?;
    let is_kept = kept.is_some();
    let it = listed(tx, row, kept)?;
    let step = decide(&it.recorded, said.verb(), actor)?;
    if it.hinders(said.verb()).is_some() {
        return Err(Error::WrongState(it.recorded.state.code()));
    }
    let mut recorded = it.recorded.clone();
    let (happened, text) = match said {
        Said::Propose { ground, reference } => {
            recorded.way = Some(match (&reference, it.hindrance) {
                (Some(_), _) => Way::Elsewhere,
                (None, None) => Way::Host,
                (None, Some(_)) => return Err(Error::Required("reference")),
            });
            recorded.reference = reference;
            recorded.proposed_by = Some(actor.name().to_owned());
            recorded.proposed_at = Some(tx.now());
            recorded.ground = Some(ground);
            (Happened::RecordedProposed, Some(how(&recorded)))
        }
        Said::Confirm { way, reference } => {
            if (recorded.way, &recorded.reference) != (Some(way), &reference) {
                return Err(Error::WrongState(recorded.state.code()));
            }
            if way == Way::Host {
                owe(tx, it.original.as_ref(), recorded.reversal_sealed.take())?;
            }
            (Happened::RecordedCarriedOut, Some(how(&recorded)))
        }
        Said::Withdraw => {
            (recorded.way, recorded.reference) = (None, None);
            (recorded.proposed_by, recorded.proposed_at) = (None, None);
            recorded.ground = None;
            (Happened::RecordedWithdrawn, None)
        }
        Said::Refuse { ground } => {
            (recorded.way, recorded.reference) = (None, None);
            recorded.ground = Some(ground);
            (Happened::RecordedRefused, None)
        }
    };
    recorded.state = step.to.unwrap_or(recorded.state);
    if matches!(recorded.state, State::CarriedOut | State::Refused) {
        recorded.reversal_sealed = None;
        recorded.decided_by = Some(actor.name().to_owned());
        recorded.decided_at = Some(tx.now());
    }
    // Those it is about read the incident's events: that it is decided and how, and never why.
    event::append(
        tx,
        New {
            text: text.as_deref(),
            ..of_incident((incident_id, tx.now()), happened, actor.by(), Some(sequence))
        },
    )?;
    match is_kept {
        true => row::update(tx, &recorded).map(drop)?,
        false => row::insert(tx, &recorded)?,
    }
    Ok(listed(tx, it.row, Some(recorded))?)
}

/// How it is carried out, in two lines: in which way, and the acquirer's reference.
fn how(it: &Recorded) -> String {
    let way = it.way.map_or("", Way::code);
    format!("{way}\n{}", it.reference.as_deref().unwrap_or_default())
}

/// Owes the host a reversal of the original. The terminal is locked, and what stands against it was looked at.
fn owe(
    tx: &Tx<'_>,
    original: Option<&LedgerRow>,
    reversal_sealed: Option<Vec<u8>>,
) -> Result<(), StoreError> {
    let missing = StoreError::Corrupt("the original of a recorded request");
    let Some(original) = original else {
        return Err(missing);
    };
    let (Entry::Request(kind), Some(name)) = (original.entry, original.batch_trace) else {
        return Err(missing);
    };
    let owed = OwedReversal {
        terminal_id: original.terminal_id,
        sequence: original.sequence,
        name,
        kind,
        amount: original.amount,
        card: original.card,
        reason_code: "06".into(),
        cause: CAUSE.into(),
        owed_since: tx.now(),
        reversal_sealed,
    };
    reversal::owe(tx, &owed)
}

//! A request of a terminal: what it says, the terminal it meets, its refusal, and what it leaves on a loss.
//!
//! Invariant: a refusal is written with the terminal's row locked, and an attempt of a lost terminal is on its incident in the
//! same transaction.

use domain::actor::By;
use domain::event::Subject;
use domain::hold::{self, Standing};
use domain::incident::Happened;
use domain::terminal::Status;
use domain::transaction::{
    BatchTrace, Decision, Entry, EntryMode, Kind, LedgerRow, Proof, Refusal, ResponseCode, Situation,
};
use domain::{MaskedPan, MerchantId, Money, TerminalId, Timestamp};
use store::alarm::Attempts;
use store::event::{self, New};
use store::terminal::Admission;
use store::{Error, Tx, ledger};

/// A request of a terminal, as the gate understood it.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Field 41.
    pub terminal_id: TerminalId,
    /// Field 42.
    pub merchant_id: MerchantId,
    /// What is asked for.
    pub kind: Kind,
    /// Fields 60.2 and 11.
    pub name: BatchTrace,
    /// Field 61: the original a void, refund or completion refers to.
    pub original: Option<BatchTrace>,
    /// Field 37: the original's retrieval reference.
    pub retrieval_reference: Option<String>,
    /// Field 38: the original's approval code.
    pub approval_code: Option<String>,
    /// What is wrong with its content, as the gate's profile sees it.
    pub flaw: Option<Refusal>,
    /// Field 4.
    pub amount: Option<Money>,
    /// The card, truncated.
    pub card: Option<MaskedPan>,
    /// Field 22.
    pub entry_mode: Option<EntryMode>,
    /// What a reversal of it would have to carry, encrypted by the edge.
    pub reversal_sealed: Option<Vec<u8>>,
    /// What a reversal of its original would have to carry, of a request that undoes one, encrypted by the edge; never chip data.
    pub undo_sealed: Option<Vec<u8>>,
    /// Where it came from.
    pub peer: String,
    /// Whether the MAC verified.
    pub mac_verified: bool,
    /// The ledger row of the sign-in under whose keys, where that is known.
    pub keys: Option<i64>,
    /// When it came in.
    pub received_at: Timestamp,
}

/// What the terminal is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Field 39.
    pub response_code: ResponseCode,
    /// Field 37.
    pub retrieval_reference: Option<String>,
    /// Field 38.
    pub approval_code: Option<String>,
    /// When it was decided: fields 12 and 13.
    pub at: Timestamp,
    /// The incident that has something new to show.
    pub incident_id: Option<String>,
    /// Whether a reversal is owed to the host because of it.
    pub reversal_owed: bool,
}

impl Answer {
    /// An answer that carries nothing but field 39.
    pub const fn bare(response_code: ResponseCode, at: Timestamp) -> Self {
        Self {
            response_code,
            retrieval_reference: None,
            approval_code: None,
            at,
            incident_id: None,
            reversal_owed: false,
        }
    }
}

/// What the first check decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// The intent is written: ask the host, then call [`release`] with this sequence.
    Forward {
        /// The intent's place in the terminal's order.
        sequence: i64,
    },
    /// Answer now.
    Answer(Answer),
    /// The same request is still at the host: its own answer will come.
    InFlight,
    /// No such terminal; nothing was written.
    UnknownTerminal,
}

/// The terminal as it is at this moment, row locked.
pub(crate) struct Locked {
    pub(crate) admission: Admission,
    pub(crate) standing: Standing,
}

impl Locked {
    /// The same without the lock, for what decides nothing.
    pub(crate) fn glimpse(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Option<Self>, Error> {
        let admission = store::terminal::admission(tx, terminal_id)?;
        Ok(admission.map(|admission| Self {
            standing: admission.standing,
            admission,
        }))
    }
}

/// Why nothing that a terminal asks is done at this moment, whatever it is, read without the lock; `None` when nothing
/// stops it.
pub fn stopped(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Option<Refusal>, Error> {
    let glimpsed = Locked::glimpse(tx, terminal_id)?;
    Ok(glimpsed.and_then(|glimpsed| match glimpsed.admission.status {
        Status::Retired => Some(Refusal::Retired),
        Status::Active if glimpsed.standing.may_transact() => None,
        Status::Active => Some(Refusal::Held(glimpsed.standing)),
    }))
}

/// Locks the terminal and reads its holds.
pub(crate) fn lock(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Option<Locked>, Error> {
    let Some(admission) = store::terminal::lock(tx, terminal_id)? else {
        return Ok(None);
    };
    let standing = admission.standing;
    Ok(Some(Locked { admission, standing }))
}

impl Locked {
    /// Whether the terminal sent it: its MAC verified, and not under keys that later ones have taken the place of, which another
    /// node may not have heard of.
    pub(crate) fn proves(&self, attempt: &Attempt) -> bool {
        let is_over = self.admission.keys > attempt.keys && attempt.keys.is_some();
        attempt.mac_verified && !is_over
    }

    pub(crate) fn situation(&self, attempt: &Attempt) -> Situation {
        Situation {
            standing: self.standing,
            retired: self.admission.status == Status::Retired,
            merchant_matches: self.admission.merchant_id == attempt.merchant_id,
            mac_verified: self.proves(attempt),
            signed_in_batch: self.admission.operator.as_ref().and(self.admission.batch),
        }
    }
}

/// Writes a refusal into the ledger, and into the incident when the terminal is lost.
pub(crate) fn refuse(
    tx: &Tx<'_>,
    attempt: &Attempt,
    refusal: Refusal,
    locked: &Locked,
) -> Result<Answer, Error> {
    let place = ledger::next_place(tx, attempt.terminal_id)?;
    let held = matches!(refusal, Refusal::Held(_));
    // A reversal that comes too late leaves the cardholder charged: a person decides.
    let too_late = attempt.kind == Kind::Reversal && refusal == Refusal::BatchSettled;
    let decision = match (held && attempt.kind.recorded_when_held()) || too_late {
        true => Decision::Recorded,
        false => Decision::Declined,
    };
    // Only a request whose origin is proven, and that stands for itself, may take its batch and trace number.
    let is_proven = locked.proves(attempt);
    let named =
        is_proven && (held || refusal == Refusal::OriginalNotFound) && !refused_before(tx, attempt, refusal)?;
    let row = LedgerRow {
        terminal_id: attempt.terminal_id,
        sequence: place.sequence,
        at: place.at,
        decision: Some(decision),
        entry: Entry::Request(attempt.kind),
        batch_trace: named.then_some(attempt.name),
        amount: attempt.amount,
        card: attempt.card,
        entry_mode: attempt.entry_mode,
        operator: locked.admission.operator.clone(),
        response_code: Some(refusal.response_code()),
        reason: Some(refusal.reason()),
        retrieval_reference: None,
        approval_code: None,
        peer: Some(attempt.peer.clone()),
        requested_at: attempt.received_at,
        of_sequence: None,
        proof: Some(Proof::of(is_proven)),
        repeated: None,
    };
    ledger::append(tx, &row)?;
    if held && is_proven && attempt.undo_sealed.is_some() {
        crate::recorded::keep(tx, attempt, &row)?;
    }
    let incident_id = match locked.standing.has(hold::Kind::Loss) {
        true => record_attempt(tx, &row)?,
        false => None,
    };
    Ok(Answer {
        incident_id,
        ..Answer::bare(refusal.response_code(), place.at)
    })
}

/// Whether the same request heard the same refusal already. A terminal that repeats itself without end takes its name
/// once, so that [`ledger::by_name`] always reaches the rows that decide.
fn refused_before(tx: &Tx<'_>, attempt: &Attempt, refusal: Refusal) -> Result<bool, Error> {
    let rows = ledger::by_name(tx, attempt.terminal_id, attempt.name)?;
    let same = |row: &LedgerRow| {
        row.entry == Entry::Request(attempt.kind) && row.response_code == Some(refusal.response_code())
    };
    Ok(rows.iter().any(same))
}

/// Shows an attempt of a lost terminal on its incident and raises or feeds the alarm there.
pub(crate) fn record_attempt(tx: &Tx<'_>, row: &LedgerRow) -> Result<Option<String>, Error> {
    let Some(incident) = store::incident::standing(tx, row.terminal_id)? else {
        return Ok(None);
    };
    let happened = match row.decision {
        Some(Decision::Recorded) => Happened::AttemptRecorded,
        _ => Happened::AttemptRefused,
    };
    let terminal = row.terminal_id.to_string();
    let unproven = row.proof == Some(Proof::Unproven);
    // Somebody sent it in the terminal's name; nothing says that it was the terminal.
    let by = match unproven {
        true => By::outside(row.peer.as_deref().unwrap_or_default()),
        false => By::terminal(&terminal),
    };
    let count = row.repeated.unwrap_or(1);
    let attempts = Attempts {
        at: row.at,
        count,
        unproven_count: if unproven { count } else { 0 },
    };
    let of_attempt =
        |happened, by| of_incident((&incident.incident_id, row.at), happened, by, Some(row.sequence));
    let sequence = event::append(tx, of_attempt(happened, by))?;
    let raised = !store::alarm::count_attempts(tx, &incident.incident_id, attempts)?;
    if raised {
        store::alarm::raise(tx, &incident.incident_id, sequence, attempts)?;
        event::append(tx, of_attempt(Happened::Alarm, By::node(&incident.node)))?;
    }
    store::incident::count_attempts(tx, &incident.incident_id, attempts, raised)?;
    Ok(Some(incident.incident_id))
}

/// Writes a request that moved no money and was done.
pub(crate) fn append(tx: &Tx<'_>, attempt: &Attempt, operator: Option<&str>) -> Result<Answer, Error> {
    let row = done(tx, attempt, operator)?;
    ledger::append(tx, &row)?;
    Ok(Answer::bare(ResponseCode::APPROVED, row.at))
}

/// The row of a request that moves no money and is done.
pub(crate) fn done(tx: &Tx<'_>, attempt: &Attempt, operator: Option<&str>) -> Result<LedgerRow, Error> {
    let place = ledger::next_place(tx, attempt.terminal_id)?;
    Ok(LedgerRow {
        decision: Some(Decision::Approved),
        operator: operator.map(str::to_owned),
        response_code: Some(ResponseCode::APPROVED),
        peer: Some(attempt.peer.clone()),
        requested_at: attempt.received_at,
        proof: Some(Proof::of(attempt.mac_verified)),
        ..LedgerRow::bare(
            attempt.terminal_id,
            place.sequence,
            place.at,
            Entry::Request(attempt.kind),
        )
    })
}

/// An event of an incident, at its time.
pub(crate) fn of_incident<'a>(
    (incident_id, at): (&'a str, Timestamp),
    happened: Happened,
    by: By<'a>,
    ledger_sequence: Option<i64>,
) -> New<'a> {
    New {
        subject: Subject::Incident,
        subject_id: incident_id,
        at,
        verb: happened.code(),
        by,
        text: None,
        ledger_sequence,
    }
}

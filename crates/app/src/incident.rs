//! Losing a terminal: the report that stops it, and finding it again.
//!
//! Invariant: the loss hold, its incident, the written stop request and their audit record are one store transaction;
//! nothing but [`confirm_found`] releases the hold.

use domain::account::Account;
use domain::hold::{Authority, Kind};
use domain::incident::{
    Channel, FoundError, LossWindow, Manner, State, may_confirm_found, may_propose_found,
};
use domain::{TerminalId, Timestamp};
use store::incident::Incident;
use store::node::Incarnation;
use store::receipt::Receipt;
use store::{Tx, timeline};

use crate::hold::{NotReleased, Placing, place, release};
use crate::transaction::lock;

/// Longest place and statement, in characters.
pub const TEXT_CHARS_MAX: usize = 2_000;

/// What a shaken shopkeeper knows (R1.0).
#[derive(Clone, Debug)]
pub struct Report {
    /// Which terminal.
    pub terminal_id: TerminalId,
    /// When it was last seen.
    pub last_seen_at: Option<Timestamp>,
    /// Where.
    pub place: Option<String>,
    /// What happened, in the reporter's words.
    pub circumstances: Option<String>,
    /// How it went.
    pub manner: Manner,
    /// When the report reached the node.
    pub reported_at: Timestamp,
}

/// Why a report, or finding again, was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such terminal or incident, or it is not the account's to see.
    #[error("not found")]
    NotFound,
    /// The role may not.
    #[error("the role does not allow this")]
    NotAllowed,
    /// The one who proposed cannot confirm.
    #[error("a second person is required")]
    SecondPersonRequired,
    /// The incident's state does not allow it.
    #[error("the incident is in another state")]
    WrongState(State),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// A loss report's outcome.
#[derive(Clone, Debug)]
pub struct Reported {
    /// The incident.
    pub incident: Incident,
    /// False when the terminal was reported before and this is that incident.
    pub opened: bool,
}

/// Reports a terminal lost: places the sticky hold, opens the incident and records the merchant's written request to
/// stop the terminal (银发〔2021〕259号 一(一)3), at once and together (R1.0, R1.2).
pub fn report_loss(
    tx: &Tx<'_>,
    by: &Account,
    report: &Report,
    incident_id: &str,
    node: &str,
) -> Result<Reported, Error> {
    let terminal = store::terminal::get(tx, report.terminal_id)?.ok_or(Error::NotFound)?;
    if !by.scope.sees(terminal.bound.merchant_code, &terminal.shop_id) {
        return Err(Error::NotFound);
    }
    if !by.role.may_act() {
        return Err(Error::NotAllowed);
    }
    let terminal_id = report.terminal_id;
    lock(tx, terminal_id)?.ok_or(Error::NotFound)?;
    if let Some(incident) = store::incident::unclosed(tx, terminal_id)? {
        let incident = lost_again(tx, by, report, incident)?;
        return Ok(Reported {
            incident,
            opened: false,
        });
    }
    let last_sight = report.last_seen_at.unwrap_or(report.reported_at);
    let last_approval = store::ledger::last_approval(tx, terminal_id, last_sight)?;
    let placing = Placing {
        terminal_id,
        kind: Kind::Loss,
        cause: report.manner.code(),
        by: &by.login,
        until: None,
        incident_id: Some(incident_id),
    };
    let hold = place(tx, &placing)?;
    let incident = Incident {
        incident_id: incident_id.to_owned(),
        terminal_id,
        state: State::Open,
        manner: report.manner,
        hold_id: hold.hold_id,
        node: node.to_owned(),
        reported_at: report.reported_at,
        reported_by: by.login.clone(),
        suspended_at: hold.placed_at,
        acknowledged_at: None,
        last_seen_at: report.last_seen_at,
        place: report.place.clone(),
        circumstances: report.circumstances.clone(),
        window: LossWindow::of(
            report.last_seen_at,
            last_approval.map(|row| row.at),
            hold.placed_at,
        ),
        stop_request_number: format!("STOP-{incident_id}"),
        found: None,
    };
    store::incident::insert(tx, &incident)?;
    store::drain::ask(tx, terminal_id, hold.hold_id)?;
    #[cfg(feature = "canary")]
    if crate::canary::drain_skips_late_node() {
        for late in store::node::present(tx)?.iter().filter(|node| node.renewal < 4) {
            store::drain::answer(tx, terminal_id, hold.hold_id, &late.who, 0)?;
        }
    }
    remember(
        tx,
        &incident,
        timeline::Kind::Reported,
        Some(&by.login),
        report.circumstances.as_deref(),
    )?;
    remember(tx, &incident, timeline::Kind::Suspended, None, None)?;
    audit(tx, &by.login, "incident.report_loss", incident_id)?;
    Ok(Reported {
        incident,
        opened: true,
    })
}

/// A report of a terminal that is stopped already: whoever said it was found is overruled, so that nobody confirms an
/// older "found" of a terminal that is missing now.
fn lost_again(
    tx: &Tx<'_>,
    by: &Account,
    report: &Report,
    incident: Incident,
) -> Result<Incident, store::Error> {
    if incident.state != State::FoundProposed {
        return Ok(incident);
    }
    store::incident::reopen(tx, &incident.incident_id)?;
    let text = report.circumstances.as_deref();
    let again = Incident {
        state: State::Open,
        found: None,
        ..incident
    };
    let item = timeline::Item {
        sequence: 0,
        at: tx.now(),
        kind: timeline::Kind::Reported,
        ledger_sequence: None,
        by: Some(by.login.clone()),
        text: text.map(str::to_owned),
    };
    timeline::append(tx, &again.incident_id, &item)?;
    audit(tx, &by.login, "incident.report_loss_again", &again.incident_id)?;
    Ok(again)
}

/// What became of an acknowledgement.
#[derive(Clone, Debug)]
pub enum Acknowledged {
    /// The receipts are written: from here on the report is acknowledged.
    Receipts(Vec<Receipt>),
    /// A node may still have an approval on its way out: wait, and ask again.
    NotYet,
}

/// Writes every channel's receipt, once the approvals decided before the hold have left every node or were dropped there.
/// `here` is the node that asks and what it has waited for itself.
pub fn acknowledge(
    tx: &Tx<'_>,
    incident_id: &str,
    node: &str,
    here: Option<(&Incarnation, i64)>,
) -> Result<Acknowledged, store::Error> {
    let corrupt = store::Error::Corrupt("incident to acknowledge");
    let terminal_id = match store::incident::get(tx, incident_id)? {
        Some(incident) => incident.terminal_id,
        None => return Err(corrupt),
    };
    store::terminal::lock(tx, terminal_id)?;
    let Some(incident) = store::incident::get(tx, incident_id)? else {
        return Err(corrupt);
    };
    if let Some((who, waited)) = here {
        store::drain::answer(tx, terminal_id, incident.hold_id, who, waited)?;
    }
    if incident.acknowledged_at.is_none() {
        let progress = store::drain::progress(tx, terminal_id, incident.hold_id)?;
        if progress.open > 0 {
            return Ok(Acknowledged::NotYet);
        }
        for channel in Channel::ALL {
            let card = channel == Channel::CardAuthorisation;
            let only_card = |count| if card { count } else { 0 };
            let receipt = Receipt {
                channel,
                at: if card {
                    tx.now().max(incident.suspended_at)
                } else {
                    incident.suspended_at
                },
                node: node.to_owned(),
                in_flight_waited: only_card(progress.waited),
                nodes_drained: only_card(progress.drained),
                nodes_expelled: only_card(progress.gone),
            };
            store::receipt::insert(tx, incident_id, &receipt)?;
        }
        store::incident::acknowledge(tx, incident_id, tx.now().max(incident.suspended_at))?;
        remember(tx, &incident, timeline::Kind::Acknowledged, None, None)?;
    }
    store::receipt::list(tx, incident_id).map(Acknowledged::Receipts)
}

/// Acknowledges reports as far as every node has drained, whoever took them in: that node may be gone, may have started
/// anew under its name, or may have given up waiting. Answers how many.
pub fn acknowledge_left(tx: &Tx<'_>, node: &str) -> Result<usize, store::Error> {
    let mut acknowledged = 0;
    for incident in store::incident::unacknowledged(tx)? {
        let done = acknowledge(tx, &incident.incident_id, node, None)?;
        acknowledged += usize::from(matches!(done, Acknowledged::Receipts(_)));
    }
    Ok(acknowledged)
}

/// The incident, when the account may see it.
pub fn visible(tx: &Tx<'_>, by: &Account, incident_id: &str) -> Result<Incident, Error> {
    let incident = store::incident::get(tx, incident_id)?.ok_or(Error::NotFound)?;
    let terminal = store::terminal::get(tx, incident.terminal_id)?.ok_or(Error::NotFound)?;
    match by.scope.sees(terminal.bound.merchant_code, &terminal.shop_id) {
        true => Ok(incident),
        false => Err(Error::NotFound),
    }
}

/// The same, as it is once its terminal is locked: nobody changes it any more.
fn locked(tx: &Tx<'_>, by: &Account, incident_id: &str) -> Result<Incident, Error> {
    let incident = visible(tx, by, incident_id)?;
    lock(tx, incident.terminal_id)?.ok_or(Error::NotFound)?;
    visible(tx, by, incident_id)
}

/// Notes that a person has seen the alarm; without an open alarm nothing changes.
pub fn acknowledge_alarm(tx: &Tx<'_>, by: &Account, incident_id: &str) -> Result<Incident, Error> {
    let incident = locked(tx, by, incident_id)?;
    if !by.role.may_act() {
        return Err(Error::NotAllowed);
    }
    if store::alarm::acknowledge(tx, incident_id, &by.login, tx.now())? {
        remember(
            tx,
            &incident,
            timeline::Kind::AlarmAcknowledged,
            Some(&by.login),
            None,
        )?;
        audit(tx, &by.login, "alarm.acknowledge", incident_id)?;
    }
    Ok(incident)
}

/// One person says the terminal was found again. It stays stopped.
pub fn propose_found(
    tx: &Tx<'_>,
    by: &Account,
    incident_id: &str,
    statement: &str,
) -> Result<Incident, Error> {
    let incident = locked(tx, by, incident_id)?;
    may_propose_found(incident.state, by.role)?;
    store::incident::propose_found(tx, incident_id, &by.login, tx.now(), statement)?;
    remember(
        tx,
        &incident,
        timeline::Kind::FoundProposed,
        Some(&by.login),
        Some(statement),
    )?;
    audit(tx, &by.login, "incident.propose_found", incident_id)?;
    visible(tx, by, incident_id)
}

/// A second person with authority confirms: the loss hold is released and the incident closed.
pub fn confirm_found(tx: &Tx<'_>, by: &Account, incident_id: &str) -> Result<Incident, Error> {
    let incident = locked(tx, by, incident_id)?;
    let proposed_by = incident
        .found
        .as_ref()
        .map_or("", |found| found.proposed_by.as_str());
    may_confirm_found(incident.state, proposed_by, &by.login, by.role)?;
    let ground = format!("found: said by {proposed_by}, confirmed by {}", by.login);
    match release(
        tx,
        incident.terminal_id,
        Kind::Loss,
        Authority::Incident,
        (&by.login, &ground),
    ) {
        Ok(()) | Err(NotReleased::NotStanding) => {}
        Err(NotReleased::Store(error)) => return Err(error.into()),
        Err(NotReleased::WrongAuthority(_)) => return Err(Error::NotAllowed),
    }
    store::incident::confirm_found(tx, incident_id, &by.login, tx.now())?;
    remember(tx, &incident, timeline::Kind::Closed, Some(&by.login), None)?;
    audit(tx, &by.login, "incident.confirm_found", incident_id)?;
    visible(tx, by, incident_id)
}

impl From<FoundError> for Error {
    fn from(error: FoundError) -> Self {
        match error {
            FoundError::WrongState(state) => Self::WrongState(state),
            FoundError::NotAllowed => Self::NotAllowed,
            FoundError::SecondPersonRequired => Self::SecondPersonRequired,
        }
    }
}

fn remember(
    tx: &Tx<'_>,
    incident: &Incident,
    kind: timeline::Kind,
    by: Option<&str>,
    text: Option<&str>,
) -> Result<(), store::Error> {
    let (by, text) = (by.map(str::to_owned), text.map(str::to_owned));
    let ledger_sequence = (kind == timeline::Kind::Suspended).then_some(incident.hold_id);
    let at = match kind {
        timeline::Kind::Reported => incident.reported_at,
        timeline::Kind::Suspended => incident.suspended_at,
        // The hold may have been placed a millisecond ahead of the clock.
        _ => tx.now().max(incident.suspended_at),
    };
    let item = timeline::Item {
        sequence: 0,
        at,
        kind,
        ledger_sequence,
        by,
        text,
    };
    timeline::append(tx, &incident.incident_id, &item).map(drop)
}

fn audit(tx: &Tx<'_>, actor: &str, verb: &str, subject: &str) -> Result<(), store::Error> {
    store::audit::append(
        tx,
        store::audit::Act {
            actor,
            verb,
            subject,
            detail: "",
        },
    )
}

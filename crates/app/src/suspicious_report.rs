//! Reports of suspicious transactions: written, proposed, decided by a second person, filed as a person says; and every look at one (R3.4).
//!
//! Invariant: whoever may not know of any is answered as if there were none, before anything is read; and nothing of one is written where
//! others look: not with its merchant, its terminal or its loss, not into the names of work, not into mails.

use domain::account::Scope;
use domain::actor::Actor;
use domain::case::decide;
use domain::event::{Subject, Verb as Told};
use domain::incident::Incident;
use domain::merchant::Merchant;
use domain::setting::Settings;
use domain::statement::{Direction, PaymentState};
use domain::suspicious_report::{
    Filed, Kind, PAYMENTS_MAX, Payment, Said, State, SuspiciousReport, Verb, WORKING_DAYS, Way, is_shown_to,
};
use domain::terminal::Terminal;
use domain::transaction::{Decision, Entry, Kind as Asked};
use domain::{MerchantId, Money, TerminalId, Timestamp};
use playbook::Term;
use store::{Error as StoreError, Tx, row};

use crate::case::{Against, Error, Noun, Stateful, add, find, locked, named, step, tell};

/// Reports that are reminded of in one look.
const AT_ONCE_MAX: i64 = 20;
/// Later ones of one report that are named.
const LATER_MAX: i64 = 20;

impl Noun for SuspiciousReport {
    const SUBJECT: Subject = Subject::SuspiciousReport;

    fn id(&self) -> &str {
        &self.suspicious_report_id
    }

    fn seen_by(&self, _: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        Ok(*scope == Scope::All)
    }

    fn exists_for(actor: &Actor) -> bool {
        is_shown_to(actor)
    }
}

impl Stateful for SuspiciousReport {}

/// Whose payments, and of which loss; never changed.
#[derive(Clone, Debug)]
pub struct Of {
    /// The merchant.
    pub merchant_id: MerchantId,
    /// One of its terminals.
    pub terminal_id: Option<TerminalId>,
    /// A loss of that terminal, or of one of the merchant's.
    pub incident_id: Option<String>,
    /// One that was filed, to which this adds something, or which it puts right.
    pub earlier: Option<(Kind, String)>,
}

/// Whether the actor is told of any.
///
/// # Errors
/// As where there is none.
pub fn shown(actor: &Actor) -> Result<(), Error> {
    match is_shown_to(actor) {
        true => Ok(()),
        false => Err(Error::NotFound(Subject::SuspiciousReport)),
    }
}

/// Begins one. `payments` are names of payments, as [`write`] takes them.
///
/// # Errors
/// [`Error::Unknown`] of the field that names nothing or does not fit.
pub fn create(
    tx: &Tx<'_>,
    actor: &Actor,
    id: &str,
    of: Of,
    said: Said,
    payments: &[String],
) -> Result<SuspiciousReport, Error> {
    shown(actor)?;
    let merchant: Merchant = named(tx, actor, of.merchant_id.as_str(), "merchant_id")?;
    if let Some(terminal_id) = of.terminal_id {
        let terminal: Terminal = named(tx, actor, terminal_id.as_str(), "terminal_id")?;
        if terminal.bound.merchant_code != merchant.merchant_id {
            return Err(Error::Unknown("terminal_id"));
        }
    }
    if let Some(incident_id) = &of.incident_id {
        is_about(tx, actor, incident_id, &of)?;
    }
    if let Some((kind, earlier_id)) = &of.earlier {
        let earlier: SuspiciousReport = named(tx, actor, earlier_id, "earlier_id")?;
        let is_its = earlier.state == State::Filed && earlier.merchant_id == merchant.merchant_id;
        if !is_its || *kind == Kind::First {
            return Err(Error::Unknown("earlier_id"));
        }
    }
    let payments = lines(tx, (merchant.merchant_id, of.terminal_id), payments)?;
    let (kind, earlier_id) = match of.earlier {
        Some((kind, id)) => (kind, Some(id)),
        None => (Kind::First, None),
    };
    let report = SuspiciousReport {
        suspicious_report_id: id.to_owned(),
        kind,
        earlier_id,
        merchant_id: merchant.merchant_id,
        terminal_id: of.terminal_id,
        incident_id: of.incident_id,
        said: Said { payments, ..said },
        state: State::Draft,
        version: 1,
        writers: actor.name().to_owned(),
        written_at: tx.now(),
        proposed_by: None,
        proposed_at: None,
        confirmed_by: None,
        confirmed_at: None,
        due_at: None,
        is_provisional: false,
        filed: None,
        reminded_at: None,
    };
    add(tx, actor, report)
}

/// That a loss is one of that terminal, or of one of the merchant's.
fn is_about(tx: &Tx<'_>, actor: &Actor, incident_id: &str, of: &Of) -> Result<(), Error> {
    const FIELD: &str = "incident_id";
    let incident: Incident = named(tx, actor, incident_id, FIELD)?;
    let lost: Option<Terminal> = store::terminal::get(tx, incident.terminal_id)?;
    let is_its = lost.is_some_and(|lost| lost.bound.merchant_code == of.merchant_id)
        && of.terminal_id.is_none_or(|id| id == incident.terminal_id);
    match is_its {
        true => Ok(()),
        false => Err(Error::Unknown(FIELD)),
    }
}

/// Writes something else of a draft. Payments are named as the desk names them (`L7` of the report's terminal, `PABC.3`), and written down
/// as they are known now: a statement is forgotten before a report is.
///
/// # Errors
/// [`Error::Unknown`] of `said.payments`; [`Against::TextChanged`] where somebody else has written since; [`Against::TooManyRevisions`] where
/// as many people wrote it as may.
pub fn write(
    tx: &Tx<'_>,
    actor: &Actor,
    id: &str,
    seen: i64,
    said: Said,
    payments: &[String],
) -> Result<SuspiciousReport, Error> {
    let before = at_version(tx, actor, id, seen, Verb::Change)?;
    let payments = kept_or_new(tx, &before, payments)?;
    let mut writers = before;
    if !writers.join(actor.name()) {
        return Err(Error::Against(Against::TooManyRevisions));
    }
    step(tx, actor, id, Verb::Change, None, |it: &mut SuspiciousReport| {
        it.writers = writers.writers;
        it.said = Said { payments, ..said };
        it.version += 1;
        it.written_at = tx.now();
    })
}

/// The report as the actor has seen it, held; nobody has written since.
fn at_version(
    tx: &Tx<'_>,
    actor: &Actor,
    id: &str,
    seen: i64,
    verb: Verb,
) -> Result<SuspiciousReport, Error> {
    let before: SuspiciousReport = locked(tx, actor, id)?;
    decide(&before, verb, actor)?;
    match before.version == seen {
        true => Ok(before),
        false => Err(Error::Against(Against::TextChanged)),
    }
}

/// Lines of payments: one that the report named before stays as it was.
fn kept_or_new(tx: &Tx<'_>, before: &SuspiciousReport, names: &[String]) -> Result<Option<String>, Error> {
    let known = before.said.payments();
    let new: Vec<String> = names
        .iter()
        .filter(|name| known.iter().all(|payment| payment.id != **name))
        .cloned()
        .collect();
    let new = found(tx, (before.merchant_id, before.terminal_id), &new)?;
    let all = known.into_iter().chain(new);
    joined(names, all.collect())
}

fn lines(
    tx: &Tx<'_>,
    of: (MerchantId, Option<TerminalId>),
    names: &[String],
) -> Result<Option<String>, Error> {
    let payments = found(tx, of, names)?;
    joined(names, payments)
}

/// Those of the payments that are named, the oldest first, a line each.
fn joined(names: &[String], mut payments: Vec<Payment>) -> Result<Option<String>, Error> {
    if names.len() > PAYMENTS_MAX {
        return Err(Error::Unknown("said.payments"));
    }
    payments.retain(|payment| names.contains(&payment.id));
    payments.sort_by(|one, other| (one.at, &one.id).cmp(&(other.at, &other.id)));
    payments.dedup_by(|one, other| one.id == other.id);
    let lines: Vec<String> = payments.iter().map(Payment::line).collect();
    Ok((!lines.is_empty()).then(|| lines.join("\n")))
}

fn found(
    tx: &Tx<'_>,
    (merchant_id, terminal_id): (MerchantId, Option<TerminalId>),
    names: &[String],
) -> Result<Vec<Payment>, Error> {
    if names.len() > PAYMENTS_MAX {
        return Err(Error::Unknown("said.payments"));
    }
    names
        .iter()
        .map(|name| {
            let payment = match (name.strip_prefix('L'), name.strip_prefix('P')) {
                (Some(sequence), _) => of_ledger(tx, terminal_id, sequence)?,
                (_, Some(row)) => of_statement(tx, merchant_id, row)?,
                _ => None,
            };
            // By its own name: `L07` would be another one for `L7`.
            payment
                .filter(|payment| payment.id == *name)
                .ok_or(Error::Unknown("said.payments"))
        })
        .collect()
}

fn of_ledger(
    tx: &Tx<'_>,
    terminal_id: Option<TerminalId>,
    sequence: &str,
) -> Result<Option<Payment>, StoreError> {
    let Some((terminal_id, sequence)) = terminal_id.zip(sequence.parse().ok()) else {
        return Ok(None);
    };
    let Some(row) = store::ledger::get(tx, terminal_id, sequence)? else {
        return Ok(None);
    };
    let Entry::Request(asked) = row.entry else {
        return Ok(None);
    };
    let about = store::ledger::about(tx, terminal_id, sequence)?;
    let is_undone = about
        .iter()
        .any(|later| later.sequence != sequence && later.decision == Some(Decision::Reversed));
    Ok(Some(Payment {
        id: format!("L{sequence}"),
        at: row.at,
        way: match asked {
            Asked::Purchase | Asked::Completion | Asked::CompletionNotice => Way::In,
            Asked::Refund | Asked::Void | Asked::CompletionVoid => Way::Back,
            _ => Way::Neither,
        },
        is_done: row.decision == Some(Decision::Approved) && !is_undone,
        amount: row.amount,
    }))
}

fn of_statement(tx: &Tx<'_>, merchant_id: MerchantId, row: &str) -> Result<Option<Payment>, StoreError> {
    let place = row.rsplit_once('.').and_then(|(id, position)| {
        let position = position.parse().ok()?;
        Some((id, position))
    });
    let Some((statement_id, position)) = place else {
        return Ok(None);
    };
    let payment = store::statement::payment_at(tx, merchant_id, statement_id, position)?;
    Ok(payment.map(|payment| Payment {
        id: format!("P{}.{}", payment.statement_id, payment.position),
        at: payment.at,
        way: match payment.direction {
            Direction::Sale => Way::In,
            Direction::Refund => Way::Back,
        },
        is_done: matches!(payment.state, PaymentState::Approved | PaymentState::Refunded),
        amount: Money::new(payment.amount_minor, payment.currency).ok(),
    }))
}

/// Asks a second person to decide as is written.
///
/// # Errors
/// [`Error::Required`] of what is not said; [`Against::TextChanged`] where somebody else has written since.
pub fn propose(tx: &Tx<'_>, actor: &Actor, id: &str, seen: i64) -> Result<SuspiciousReport, Error> {
    let mut before = at_version(tx, actor, id, seen, Verb::Propose)?;
    if let Some(field) = before.said.missing() {
        return Err(Error::Required(field));
    }
    if !before.join(actor.name()) {
        return Err(Error::Against(Against::TooManyRevisions));
    }
    let (by, now) = (actor.name().to_owned(), tx.now());
    step(tx, actor, id, Verb::Propose, None, |it: &mut SuspiciousReport| {
        it.writers = before.writers;
        (it.proposed_by, it.proposed_at) = (Some(by), Some(now));
    })
}

/// Says what stands against it: it is written again.
pub fn send_back(tx: &Tx<'_>, actor: &Actor, id: &str, text: &str) -> Result<SuspiciousReport, Error> {
    step(tx, actor, id, Verb::SendBack, Some(text), |_| ())
}

/// Decides as the second person: to report, which begins the term, or not to.
///
/// # Errors
/// [`Against::TextChanged`] where it is not what the actor has seen.
pub fn confirm(
    tx: &Tx<'_>,
    actor: &Actor,
    id: &str,
    seen: i64,
    is_reported: bool,
) -> Result<SuspiciousReport, Error> {
    let (verb, due) = match is_reported {
        true => (Verb::ConfirmReport, Some(due(tx)?)),
        false => (Verb::ConfirmNoReport, None),
    };
    at_version(tx, actor, id, seen, verb)?;
    let (by, now) = (actor.name().to_owned(), tx.now());
    step(tx, actor, id, verb, None, |it: &mut SuspiciousReport| {
        (it.confirmed_by, it.confirmed_at) = (Some(by), Some(now));
        if let Some(due) = due {
            (it.due_at, it.is_provisional) = (Some(due.at), due.is_provisional);
        }
    })
}

/// The end of a term that begins now, by the clock of the house and its calendar.
fn due(tx: &Tx<'_>) -> Result<playbook::Due, StoreError> {
    let settings: Option<Settings> = store::setting::get(tx)?;
    let zone = settings.unwrap_or_else(Settings::unasked).time_zone;
    let due = Term::WorkingDays(WORKING_DAYS).ends(tx.now(), &zone);
    due.ok_or(StoreError::Corrupt("setting.time_zone"))
}

/// What a person says of the filing.
#[derive(Clone, Debug)]
pub struct NewFiled {
    /// When; not before the decision, and not later than now.
    pub at: Timestamp,
    /// The number of the receipt.
    pub receipt: String,
    /// How and when the local branch of the central bank was told; needed of one that is grave.
    pub branch: Option<String>,
}

/// Writes down that it was filed. Nothing here reaches the authority's system.
///
/// # Errors
/// [`Error::Unknown`] of `at`; [`Error::Required`] of `branch`.
pub fn file(tx: &Tx<'_>, actor: &Actor, id: &str, new: NewFiled) -> Result<SuspiciousReport, Error> {
    let before: SuspiciousReport = locked(tx, actor, id)?;
    decide(&before, Verb::File, actor)?;
    if new.at > tx.now() || before.confirmed_at.is_none_or(|decided| new.at < decided) {
        return Err(Error::Unknown("at"));
    }
    if before.said.is_grave && new.branch.is_none() {
        return Err(Error::Required("branch"));
    }
    let filed = Filed {
        at: new.at,
        by: actor.name().to_owned(),
        recorded_at: tx.now(),
        receipt: Some(new.receipt),
        branch: new.branch,
    };
    step(tx, actor, id, Verb::File, None, |it: &mut SuspiciousReport| {
        it.filed = Some(filed);
    })
}

/// One that somebody reads, with those that add to it or put it right. That it is read is written down first.
pub fn look(tx: &Tx<'_>, actor: &Actor, id: &str) -> Result<(SuspiciousReport, Vec<String>), Error> {
    let report = told(tx, actor, id, Told::Look, None)?;
    let later = store::suspicious_report::later_than(tx, id, LATER_MAX)?;
    Ok((report, later))
}

/// One of which somebody takes a copy: `which` says what left.
pub fn handed_out(tx: &Tx<'_>, actor: &Actor, id: &str, which: &str) -> Result<SuspiciousReport, Error> {
    told(tx, actor, id, Told::Export, Some(which))
}

fn told(
    tx: &Tx<'_>,
    actor: &Actor,
    id: &str,
    verb: Told,
    text: Option<&str>,
) -> Result<SuspiciousReport, Error> {
    let report: SuspiciousReport = find(tx, actor, id)?;
    row::lock(tx, &report)?;
    tell(tx, actor, &report, verb.code(), text)?;
    Ok(report)
}

/// Those of which people are to be reminded now, each once since a morning; they are marked as said.
pub(crate) fn to_remind(tx: &Tx<'_>, since: Timestamp) -> Result<bool, StoreError> {
    let due = store::suspicious_report::to_remind(tx, since, AT_ONCE_MAX)?;
    for mut report in due.iter().cloned() {
        report.reminded_at = Some(tx.now());
        row::update(tx, &report)?;
    }
    Ok(!due.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payments_are_named_once_and_stand_in_their_order() {
        let of = |id: &str, at: i64| Payment {
            id: id.into(),
            at: Timestamp(at),
            way: Way::In,
            is_done: true,
            amount: None,
        };
        let names = ["L2", "L1", "L2"].map(String::from);
        let all = vec![of("L2", 5), of("L1", 3), of("L2", 5), of("L9", 1)];
        assert_eq!(joined(&names, all).unwrap(), Some("L1 3 in 1\nL2 5 in 1".into()));
        assert_eq!(joined(&[], Vec::new()).unwrap(), None);
        let many = vec![String::from("L1"); PAYMENTS_MAX + 1];
        assert!(matches!(
            joined(&many, Vec::new()),
            Err(Error::Unknown("said.payments"))
        ));
    }
}

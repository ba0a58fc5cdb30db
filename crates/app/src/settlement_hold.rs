//! Holds on settlement: proposed, confirmed by a second person, released likewise; and what they kept back (R1.3).
//!
//! Invariant: a hold counts from the commit of its confirmation. What it kept back is what the ledger says: nobody here knows what a bank
//! has paid.

use std::collections::BTreeMap;

use domain::account::Scope;
use domain::actor::Actor;
use domain::attachment::Withdrawn;
use domain::case::{Case as _, decide, in_person};
use domain::event::Subject;
use domain::incident::{Happened, Incident};
use domain::merchant::Merchant;
use domain::money::Currency;
use domain::right::{Object, Right, may};
use domain::setting::Settings;
use domain::settlement_hold::{
    DAYS_MAX, Ground, OPEN_MAX, Phase, Proposed, Release, SettlementHold, State, Verb,
};
use domain::terminal::{Control, Terminal};
use domain::{MerchantId, TerminalId, Timestamp};
use jiff::Span;
use jiff::tz::TimeZone;
use store::event::{self, New as NewEvent};
use store::ledger::{Flow, flows, within};
use store::settlement_hold::Filter;
use store::{Error as StoreError, Tx};

use crate::case::{Against, Error, Noun, Stateful, add, named, step};

/// Terminals that are looked through for what a hold kept back.
const TERMINALS_MAX: usize = 200;
/// Rows of their ledgers likewise.
const ROWS_MAX: i64 = 500_000;
/// Of those who may confirm, how many are named.
const SECONDS_MAX: usize = 20;

impl Noun for SettlementHold {
    const SUBJECT: Subject = Subject::SettlementHold;

    fn id(&self) -> &str {
        &self.settlement_hold_id
    }

    /// Where it stands from then on, and the words of whoever did it.
    fn told_as(&self, text: Option<&str>) -> Option<String> {
        let state = self.state.code();
        Some(text.map_or_else(|| state.to_owned(), |text| format!("{state}\n{text}")))
    }

    fn seen_by(&self, _: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        Ok(Self::seen_by(self, scope))
    }
}

impl Stateful for SettlementHold {
    fn stands_against(&self, tx: &Tx<'_>, _: Verb) -> Result<(), Error> {
        match self.phase(tx.now()) {
            Phase::Ended => Err(Error::WrongState(Phase::Ended.code())),
            _ => Ok(()),
        }
    }
}

/// Whose settlement is held.
#[derive(Clone, Copy, Debug)]
pub enum Of {
    /// What one terminal took.
    Terminal(TerminalId),
    /// What all of a merchant's took.
    Merchant(MerchantId),
}

/// A hold as people propose it.
#[derive(Clone, Debug)]
pub struct New {
    /// Whose settlement.
    pub of: Of,
    /// The loss that it is about.
    pub incident_id: Option<String>,
    /// Why.
    pub ground: Ground,
    /// The same in that person's words.
    pub ground_text: String,
    /// How many days from today it is to stand at most.
    pub days: i64,
}

/// Whether the actor may propose any.
///
/// # Errors
/// Why not.
pub fn may_propose(actor: &Actor) -> Result<(), Error> {
    in_person(actor)?;
    match may(actor, Right::SignMerchant, Object::House) {
        true => Ok(()),
        false => Err(Error::NotAllowed),
    }
}

/// Proposes a hold: nothing is held until a second person confirms it.
///
/// # Errors
/// [`Error::Unknown`] of the field that names nothing or does not fit; [`Against::SettledOutside`] where an acquirer outside settles;
/// [`Against::TooManySettlementHolds`].
pub fn propose(tx: &Tx<'_>, actor: &Actor, id: &str, new: New) -> Result<SettlementHold, Error> {
    may_propose(actor)?;
    let (merchant_id, terminal_id) = of(tx, actor, new.of)?;
    if let Some(incident_id) = &new.incident_id {
        is_about(tx, actor, incident_id, (merchant_id, terminal_id))?;
    }
    let (until_on, until) = until(tx, new.days)?;
    // Or two would count the same ones.
    store::merchant::locked(tx, merchant_id)?;
    if store::settlement_hold::open_count(tx, merchant_id)? >= OPEN_MAX {
        return Err(Error::Against(Against::TooManySettlementHolds));
    }
    let hold = SettlementHold {
        settlement_hold_id: id.to_owned(),
        merchant_id,
        terminal_id,
        incident_id: new.incident_id,
        ground: new.ground,
        ground_text: Some(new.ground_text),
        until_on,
        until,
        state: State::Proposed,
        proposed_by: actor.name().to_owned(),
        proposed_at: tx.now(),
        confirmed_by: None,
        since: None,
        release: None,
        released_by: None,
        released_at: None,
        withdrawn: None,
        read_at: None,
    };
    add(tx, actor, hold)
}

/// The merchant, and the terminal if it is of one, where the house settles itself.
fn of(tx: &Tx<'_>, actor: &Actor, of: Of) -> Result<(MerchantId, Option<TerminalId>), Error> {
    match of {
        Of::Terminal(terminal_id) => {
            let terminal: Terminal = named(tx, actor, terminal_id.as_str(), "terminal_id")?;
            match terminal.control {
                Control::Gate => Ok((terminal.bound.merchant_code, Some(terminal_id))),
                Control::Outside => Err(Error::Against(Against::SettledOutside)),
            }
        }
        Of::Merchant(merchant_id) => {
            let merchant: Merchant = named(tx, actor, merchant_id.as_str(), "merchant_id")?;
            match store::terminal::of_merchant_at_gate(tx, merchant.merchant_id, 1)?.is_empty() {
                false => Ok((merchant.merchant_id, None)),
                true => Err(Error::Against(Against::SettledOutside)),
            }
        }
    }
}

/// That a loss is one of that terminal, or of one of the merchant's.
fn is_about(
    tx: &Tx<'_>,
    actor: &Actor,
    incident_id: &str,
    (merchant_id, terminal_id): (MerchantId, Option<TerminalId>),
) -> Result<(), Error> {
    const FIELD: &str = "incident_id";
    let incident: Incident = named(tx, actor, incident_id, FIELD)?;
    let lost: Option<Terminal> = store::terminal::get(tx, incident.terminal_id)?;
    let is_its = lost.is_some_and(|lost| lost.bound.merchant_code == merchant_id)
        && terminal_id.is_none_or(|id| id == incident.terminal_id);
    match is_its {
        true => Ok(()),
        false => Err(Error::Unknown(FIELD)),
    }
}

/// The last day of a term by the clock of the house, and the first moment after it.
fn until(tx: &Tx<'_>, days: i64) -> Result<(String, Timestamp), Error> {
    let wrong = || Error::Unknown("days");
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(wrong());
    }
    let settings: Option<Settings> = store::setting::get(tx)?;
    let settings = settings.unwrap_or_else(Settings::unasked);
    let zone = TimeZone::get(&settings.time_zone).map_err(|_| StoreError::Corrupt("setting.time_zone"))?;
    let now = jiff::Timestamp::from_millisecond(tx.now().0).map_err(|_| wrong())?;
    let today = now.to_zoned(zone.clone()).date();
    let last = today.checked_add(Span::new().days(days)).map_err(|_| wrong())?;
    let after = last.tomorrow().and_then(|day| day.to_zoned(zone));
    let after = after.map_err(|_| wrong())?;
    Ok((last.to_string(), Timestamp(after.timestamp().as_millisecond())))
}

/// Agrees to what is proposed: that the hold stands from now on, or that it is released. `seen` is what the actor saw to be proposed.
///
/// # Errors
/// [`Error::WrongState`] where something else is proposed by now.
pub fn confirm(
    tx: &Tx<'_>,
    actor: &Actor,
    id: &str,
    seen: Proposed,
    text: Option<&str>,
) -> Result<SettlementHold, Error> {
    let before: SettlementHold = crate::case::locked(tx, actor, id)?;
    decide(&before, Verb::Confirm, actor)?;
    if before.state != seen.state() {
        return Err(Error::WrongState(before.state.code()));
    }
    let (by, now) = (Some(actor.name().to_owned()), Some(tx.now()));
    let hold = step(
        tx,
        actor,
        id,
        Verb::Confirm,
        text,
        |it: &mut SettlementHold| match seen {
            Proposed::Hold => (it.confirmed_by, it.since) = (by, now),
            Proposed::Release => (it.released_by, it.released_at) = (by, now),
        },
    )?;
    record(tx, actor, &hold)?;
    Ok(hold)
}

/// Tells of it where those it is about look: without why.
fn record(tx: &Tx<'_>, actor: &Actor, hold: &SettlementHold) -> Result<(), StoreError> {
    let id = &hold.settlement_hold_id;
    let (verb, text) = match hold.state {
        State::Released => (Happened::SettlementReleased, id.clone()),
        _ => {
            let text = format!("{id}\n{}\n{}", hold.scope().code(), hold.until_on);
            (Happened::SettlementHeld, text)
        }
    };
    let its = match &hold.terminal_id {
        Some(terminal_id) => (Subject::Terminal, terminal_id.as_str()),
        None => (Subject::Merchant, hold.merchant_id.as_str()),
    };
    // What an event is of is held while it is written: a terminal's row for its losses, too.
    match hold.terminal_id {
        Some(terminal_id) => store::terminal::hold_row(tx, terminal_id)?,
        None => {
            if let Some(incident) = incident_of(tx, hold)? {
                store::terminal::hold_row(tx, incident.terminal_id)?;
            }
            store::merchant::locked(tx, hold.merchant_id)?;
        }
    }
    let incident = hold.incident_id.as_deref().map(|id| (Subject::Incident, id));
    for (subject, subject_id) in [its].into_iter().chain(incident) {
        let new = NewEvent {
            subject,
            subject_id,
            at: tx.now(),
            verb: verb.code(),
            by: actor.by(),
            text: Some(&text),
            ledger_sequence: None,
        };
        event::append(tx, new)?;
    }
    Ok(())
}

fn incident_of(tx: &Tx<'_>, hold: &SettlementHold) -> Result<Option<Incident>, StoreError> {
    let incident = hold.incident_id.as_deref();
    Ok(incident
        .map(|id| store::incident::get(tx, id))
        .transpose()?
        .flatten())
}

/// Proposes to release a hold that stands, on a ground: it stands on until a second person agrees.
pub fn release(tx: &Tx<'_>, actor: &Actor, id: &str, ground: &str) -> Result<SettlementHold, Error> {
    let release = Release {
        by: actor.name().to_owned(),
        at: tx.now(),
        ground: Some(ground.to_owned()),
    };
    step(
        tx,
        actor,
        id,
        Verb::Release,
        Some(ground),
        |it: &mut SettlementHold| {
            it.release = Some(release);
        },
    )
}

/// Takes back or refuses what is proposed.
pub fn withdraw(tx: &Tx<'_>, actor: &Actor, id: &str, ground: Option<&str>) -> Result<SettlementHold, Error> {
    let withdrawn = Withdrawn {
        by: actor.name().to_owned(),
        at: tx.now(),
        ground: ground.map(str::to_owned),
    };
    step(
        tx,
        actor,
        id,
        Verb::Withdraw,
        ground,
        |it: &mut SettlementHold| match it.state {
            State::Proposed => it.withdrawn = Some(withdrawn),
            _ => it.release = None,
        },
    )
}

/// Writes down of each that a program of the house has read that it stands, where none had before.
///
/// # Errors
/// The store failed.
pub fn read_by_program(tx: &Tx<'_>, ids: &[String]) -> Result<(), StoreError> {
    ids.iter()
        .try_for_each(|id| store::settlement_hold::mark_read(tx, id))
}

/// The log-ins of those who may confirm what is proposed now; at most 20.
pub fn seconds(tx: &Tx<'_>, hold: &SettlementHold) -> Result<Vec<String>, StoreError> {
    let is_asked = matches!(hold.state, State::Proposed | State::ReleaseProposed);
    if !is_asked || hold.phase(tx.now()) == Phase::Ended {
        return Ok(Vec::new());
    }
    let mut logins = store::account::of_house(tx, Right::SignMerchant, SECONDS_MAX + 1)?;
    logins.retain(|login| !hold.took_part(login));
    logins.truncate(SECONDS_MAX);
    Ok(logins)
}

/// The other holds that stand on some of the same money; few, because a merchant has few.
pub fn beside(tx: &Tx<'_>, hold: &SettlementHold) -> Result<Vec<SettlementHold>, StoreError> {
    let filter = Filter {
        scope: &Scope::All,
        merchant_id: Some(hold.merchant_id),
        terminal_id: None,
        incident_id: None,
        phase: Some(Phase::Standing),
    };
    let mut others = store::settlement_hold::list(tx, &filter, None, OPEN_MAX)?;
    others.retain(|other| other.settlement_hold_id != hold.settlement_hold_id && hold.overlaps(other));
    Ok(others)
}

/// What a hold kept back, as the ledger says: what came in and went back while it stood, by currency. `None`: it never stood, or there
/// is more than is looked through, 200 terminals or 500,000 rows.
pub fn kept_back(tx: &Tx<'_>, hold: &SettlementHold) -> Result<Option<BTreeMap<Currency, Flow>>, StoreError> {
    let Some((since, until)) = hold.stood(tx.now()) else {
        return Ok(None);
    };
    let terminals = match hold.terminal_id {
        Some(terminal_id) => vec![terminal_id],
        None => store::terminal::of_merchant_at_gate(tx, hold.merchant_id, TERMINALS_MAX as i64 + 1)?,
    };
    if terminals.len() > TERMINALS_MAX {
        return Ok(None);
    }
    let until = match hold.phase(tx.now()) {
        // Whatever the ledger has, though it were of a clock that is ahead.
        Phase::Standing => Timestamp(i64::MAX),
        _ => until,
    };
    let (mut spans, mut rows) = (Vec::new(), 0);
    for terminal_id in terminals {
        let (low, high) = within(tx, terminal_id, (since, until))?;
        rows += high - low;
        if rows > ROWS_MAX {
            return Ok(None);
        }
        spans.push((terminal_id, low, high));
    }
    let mut kept = BTreeMap::<Currency, Flow>::new();
    for (terminal_id, low, high) in spans {
        for (currency, flow) in flows(tx, terminal_id, (low, high))? {
            let sum = kept.entry(currency).or_default();
            sum.in_minor += flow.in_minor;
            sum.in_count += flow.in_count;
            sum.back_minor += flow.back_minor;
            sum.back_count += flow.back_count;
        }
    }
    Ok(Some(kept))
}

//! Replacing a lost terminal: from the device that somebody picked to the terminal that sells (R1.4, R2.1).
//!
//! Each step is one transaction: with the lost terminal's row locked, and the new one's as well where it is about that. A killed node leaves
//! a step taken or not.
//!
//! Invariant: a terminal that takes a lost one's place is held from the moment it exists until it is live, but for a test of minutes; it
//! goes live only while the record says that the lost one's keys are dead; nothing here releases a loss.

use domain::Timestamp;
use domain::account::Scope;
use domain::actor::{Actor, By};
use domain::case::{Case, decide};
use domain::checklist::{self as answers, Wrong};
use domain::event::Subject;
use domain::hold::{Authority, Kind as HoldKind};
use domain::incident::{Happened, Incident, State as IncidentState};
use domain::replacement::checklist::{self, Answer};
use domain::replacement::device::{Device, Known, Month, look};
use domain::replacement::{Bound, HOLD, NotTested, Replacement, Signed, State, TEST_MS, Taken, Verb, tried};
use domain::terminal::{Control, SettlementAccount, Status, Terminal};
use domain::{TerminalId, hex};
use sha2::{Digest, Sha256};
use store::replacement as kept;
use store::{Error as StoreError, Tx, row};

use crate::attempt::lock;
use crate::case::{self, Noun, Stateful, locked, step};
use crate::duty;
use crate::hold::{NotReleased, Placing, place, release};
use crate::terminal::{MasterKey, New, NotKept};

/// Rows of a test at most: who has more does not try a terminal but sells.
const TEST_ROWS_MAX: i64 = 500;
/// Hexadecimal digits by which check values are compared.
const CHECK_DIGITS: usize = 6;
/// What the events of a test that is over are by.
const CLOCK: Actor = Actor::Timer("replacement_test");

/// Why a step was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// As for every noun.
    #[error(transparent)]
    Case(#[from] case::Error),
    /// The new terminal was not kept.
    #[error(transparent)]
    NotKept(#[from] NotKept),
    /// An earlier step is open still; the state's word says which.
    #[error("an earlier step is open: {0:?}")]
    EarlierStep(State),
    /// Since it was looked at, the device was lost, bound or picked elsewhere.
    #[error("the device is not free any more")]
    DeviceNotFree,
    /// The record does not say that the lost terminal's keys are dead.
    #[error("the lost terminal's keys are not dead")]
    OldKeysAlive,
    /// The new terminal has no master key.
    #[error("the new terminal has no master key")]
    NoKey,
    /// Its key is another than the one that was compared.
    #[error("the check value is another")]
    OtherKey,
    /// Another terminal has this key, or had it.
    #[error("another terminal has this key")]
    KeyNotUnique,
    /// It was not tried.
    #[error("it was not tried: {0:?}")]
    NotTested(NotTested),
    /// The checklist is not answered.
    #[error("the checklist is not answered: {0:?}")]
    Checklist(Wrong),
    /// So many steps were taken with it already.
    #[error("too many steps were taken with it")]
    TooManySteps,
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Case(error.into())
    }
}

impl Noun for Replacement {
    const SUBJECT: Subject = Subject::Replacement;
    const UNIQUE: Option<&'static str> = Some(kept::UNIQUE);

    fn id(&self) -> &str {
        &self.replacement_id
    }

    fn told_of(&self) -> (Subject, &str) {
        (Subject::Incident, &self.incident_id)
    }

    fn seen_by(&self, tx: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        let incident = store::incident::get(tx, &self.incident_id)?;
        incident.map_or(Ok(false), |incident| incident.seen_by(tx, scope))
    }
}

impl Stateful for Replacement {
    /// As of its incident.
    fn lock(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        lock(tx, self.old_terminal_id).map(drop)
    }

    fn stands_against(&self, tx: &Tx<'_>, verb: Verb) -> Result<(), case::Error> {
        if matches!(verb, Verb::EndTest | Verb::Withdraw | Verb::GiveBack) {
            return Ok(());
        }
        match store::incident::get(tx, &self.incident_id)?.map(|incident| incident.state) {
            Some(IncidentState::Open | IncidentState::FoundProposed) => Ok(()),
            _ => Err(case::Error::WrongState(IncidentState::Closed.code())),
        }
    }

    fn happened(verb: Verb) -> &'static str {
        match verb {
            Verb::Pick => Happened::ReplacementChecked,
            Verb::PickWarned => Happened::ReplacementWarned,
            Verb::PickRefused => Happened::ReplacementRefused,
            Verb::AcceptWarnings => Happened::ReplacementAccepted,
            Verb::Bind => Happened::ReplacementBound,
            Verb::EndOldKeys => Happened::OldKeysEnded,
            Verb::LoadKeys => Happened::ReplacementKeysLoaded,
            Verb::BeginTest => Happened::ReplacementTestBegun,
            Verb::EndTest => Happened::ReplacementTestOver,
            Verb::PassTest => Happened::ReplacementTested,
            Verb::Sign => Happened::ReplacementSigned,
            Verb::GoLive => Happened::ReplacementLive,
            Verb::Withdraw => Happened::ReplacementWithdrawn,
            Verb::GiveBack => Happened::ReplacementReturned,
        }
        .code()
    }
}

/// The incident that a replacement of that identifier is of.
pub fn incident_of(replacement_id: &str) -> &str {
    replacement_id
        .rsplit_once("-R")
        .map_or(replacement_id, |(incident_id, _)| incident_id)
}

/// The replacement, locked, when the actor may take that step with it now.
///
/// # Errors
/// [`Error::EarlierStep`] while an earlier one is open.
pub fn may(tx: &Tx<'_>, actor: &Actor, id: &str, verb: Verb) -> Result<Replacement, Error> {
    let it: Replacement = locked(tx, actor, id)?;
    match decide(&it, verb, actor) {
        Ok(_) => {}
        Err(domain::case::NotTaken::WrongState(_)) if is_before(it.state, verb) => {
            return Err(Error::EarlierStep(it.state));
        }
        Err(not_taken) => return Err(case::Error::from(not_taken).into()),
    }
    it.stands_against(tx, verb)?;
    Ok(it)
}

/// Whether a step would be taken before its turn: one of its states is still to come.
fn is_before(state: State, verb: Verb) -> bool {
    let turns = Replacement::STEPS.iter().filter(|step| step.verb == verb);
    let is_open = |state: &State| !matches!(state, State::Live | State::Returned | State::Withdrawn);
    is_open(&state) && turns.flat_map(|step| step.from).any(|from| state < *from)
}

/// Takes a step and writes it down: what names it, and in which words.
fn take(
    tx: &Tx<'_>,
    actor: &Actor,
    id: &str,
    verb: Verb,
    (reference, statement): (Option<&str>, Option<&str>),
    change: impl FnOnce(&mut Replacement),
) -> Result<Replacement, Error> {
    let text: Vec<&str> = [reference, statement].into_iter().flatten().collect();
    let it = step(tx, actor, id, verb, Some(&text.join("\n")), change)?;
    let last = kept::steps(tx, id)?.last().map_or(0, |last| last.position);
    if last >= kept::STEPS_MAX {
        return Err(Error::TooManySteps);
    }
    let taken = Taken {
        replacement_id: id.to_owned(),
        position: last + 1,
        verb,
        by: actor.name().to_owned(),
        at: tx.now(),
        reference: reference.map(str::to_owned),
        statement: statement.map(str::to_owned),
    };
    kept::took(tx, &taken)?;
    Ok(it)
}

/// Whether the actor may begin one of an incident that it sees.
pub fn may_begin(actor: &Actor) -> bool {
    Replacement::ADDING.who.may(actor)
}

/// Begins one; a loaner stands in until the real one is there.
///
/// # Errors
/// [`case::Error::Taken`] while another one of the kind is under way, or the terminal was replaced already.
pub fn begin(tx: &Tx<'_>, actor: &Actor, incident_id: &str, is_loaner: bool) -> Result<Replacement, Error> {
    let incident: Incident = locked(tx, actor, incident_id)?;
    if !may_begin(actor) {
        return Err(case::Error::from(Replacement::ADDING.who.refusal(actor)).into());
    }
    if incident.state == IncidentState::Closed {
        return Err(case::Error::WrongState(IncidentState::Closed.code()).into());
    }
    let others = kept::of(tx, incident_id)?;
    let is_there = |one: &Replacement| {
        one.is_loaner == is_loaner && (one.closed_at.is_none() || one.state == State::Live)
    };
    if others.iter().any(is_there) {
        return Err(case::Error::Taken(Subject::Replacement).into());
    }
    let position = others.last().map_or(1, |last| last.position + 1);
    if position > kept::OF_INCIDENT_MAX {
        return Err(Error::TooManySteps);
    }
    let old = terminal(tx, incident.terminal_id)?;
    let it = Replacement {
        replacement_id: format!("{incident_id}-R{position}"),
        incident_id: incident_id.to_owned(),
        position,
        is_loaner,
        state: State::Begun,
        old_terminal_id: incident.terminal_id,
        old_is_outside: old.control == Control::Outside,
        old_key_check: old.key_check,
        device: None,
        refusals: String::new(),
        warnings: String::new(),
        bound: None,
        test_until: None,
        test_sequence: None,
        signed: None,
        begun_at: tx.now(),
        live_at: None,
        closed_at: None,
    };
    row::insert(tx, &it).map_err(case::taken::<Replacement>)?;
    case::tell(
        tx,
        actor,
        &it,
        Happened::ReplacementBegun.code(),
        Some(&it.replacement_id),
    )?;
    Ok(it)
}

fn terminal(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Terminal, StoreError> {
    store::terminal::get(tx, terminal_id)?.ok_or(StoreError::Corrupt("terminal of a replacement"))
}

/// Says which device it is. One that must not be used is refused with every reason; that is a step like any other, and stays.
pub fn pick(tx: &Tx<'_>, actor: &Actor, id: &str, device: Device) -> Result<Replacement, Error> {
    let it = may(tx, actor, id, Verb::Pick)?;
    let findings = look(&device, known(tx, &it, &device)?, month(tx.now())?);
    let refusals: Vec<&str> = findings.refusals.iter().map(|why| why.code()).collect();
    let warnings: Vec<&str> = findings.warnings.iter().map(|why| why.code()).collect();
    let (verb, said) = match (refusals.is_empty(), warnings.is_empty()) {
        (false, _) => (Verb::PickRefused, Some(refusals.join(" "))),
        (true, false) => (Verb::PickWarned, Some(warnings.join(" "))),
        (true, true) => (Verb::Pick, None),
    };
    let serial = device.serial.clone();
    take(tx, actor, id, verb, (Some(&serial), said.as_deref()), |it| {
        it.device = Some(device);
        it.refusals = refusals.join(" ");
        it.warnings = warnings.join(" ");
    })
}

fn month(now: Timestamp) -> Result<Month, StoreError> {
    let now = jiff::Timestamp::from_millisecond(now.0).map_err(|_| StoreError::Corrupt("the clock"))?;
    let day = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    Ok(Month::of(day.year().into(), day.month().into()))
}

/// What the house knows of a device, by each number it may be written down with.
fn known(tx: &Tx<'_>, it: &Replacement, device: &Device) -> Result<Known, StoreError> {
    let tail = device.tusn.as_deref().and_then(|tusn| tusn.get(8..));
    let written = [Some(device.serial.as_str()), device.tusn.as_deref(), tail];
    let mut numbers: Vec<String> = written.into_iter().flatten().map(str::to_owned).collect();
    numbers.extend(numbers.clone().iter().map(|number| number.to_ascii_uppercase()));
    numbers.sort_unstable();
    numbers.dedup();
    let mut known = Known {
        is_picked: kept::has_device(tx, &it.replacement_id, (&device.serial, device.tusn.as_deref()))?,
        ..Known::default()
    };
    for number in &numbers {
        known.is_lost |= kept::is_lost(tx, &[number])?;
        if let Some(other) = store::terminal::by_serial(tx, number)? {
            known.is_bound |= !is_free_again(tx, it, &other)?;
        }
    }
    Ok(known)
}

/// Whether a terminal is one that a replacement of the same shop was bound as, and was taken out of use with it.
fn is_free_again(tx: &Tx<'_>, it: &Replacement, other: &Terminal) -> Result<bool, StoreError> {
    let its = kept::of_terminal(tx, other.terminal_id)?;
    let was_given_up = its.is_some_and(|its| matches!(its.state, State::Withdrawn | State::Returned));
    let old = terminal(tx, it.old_terminal_id)?;
    Ok(was_given_up && other.status == Status::Retired && other.shop_id == old.shop_id)
}

/// Says why a device is used although something about it was warned of.
pub fn accept_warnings(tx: &Tx<'_>, actor: &Actor, id: &str, ground: &str) -> Result<Replacement, Error> {
    may(tx, actor, id, Verb::AcceptWarnings)?;
    take(tx, actor, id, Verb::AcceptWarnings, (None, Some(ground)), |_| ())
}

/// What a device is bound as. Shop, the five elements, language and zone are the lost terminal's.
#[derive(Clone)]
pub struct Binding {
    /// Its terminal number: never the lost one's.
    pub terminal_id: TerminalId,
    /// What the shop's people call it; as the lost one without it.
    pub name: Option<String>,
    /// Who decides what it may do.
    pub control: Control,
    /// The lost terminal's settlement account, sealed for this one.
    pub settlement_account: SettlementAccount,
    /// Its master key, when there is one yet.
    pub master_key: Option<MasterKey>,
    /// Whether a gate runs on this node.
    pub has_gate: bool,
}

/// Binds the device to the merchant and the shop of the lost terminal. It is held from the first moment, and the acquirer's notice is
/// due.
pub fn bind(tx: &Tx<'_>, actor: &Actor, id: &str, binding: Binding) -> Result<Replacement, Error> {
    let it = may(tx, actor, id, Verb::Bind)?;
    let Some(device) = &it.device else {
        return Err(Error::EarlierStep(State::Begun));
    };
    let known = known(tx, &it, device)?;
    if known.is_lost || known.is_bound || known.is_picked {
        return Err(Error::DeviceNotFree);
    }
    let bound = keep(tx, actor, &it, device, binding)?;
    let terminal_id = bound.terminal_id;
    lock(tx, terminal_id)?;
    let hold_id = hold(tx, terminal_id, actor.by(), &it)?;
    let done = take(
        tx,
        actor,
        id,
        Verb::Bind,
        (Some(terminal_id.as_str()), None),
        |it| {
            it.bound = Some(Bound {
                terminal_id,
                is_outside: bound.control == Control::Outside,
                hold_id,
            });
        },
    )?;
    duty::add_binding_notice(tx, &it.incident_id, &bound)?;
    Ok(done)
}

/// The new terminal: added, or in use again where the same device was bound before.
fn keep(
    tx: &Tx<'_>,
    actor: &Actor,
    it: &Replacement,
    device: &Device,
    binding: Binding,
) -> Result<Terminal, Error> {
    let old = terminal(tx, it.old_terminal_id)?;
    let fresh = Terminal {
        terminal_id: binding.terminal_id,
        serial: device.serial.clone(),
        model: format!("{} {}", device.make, device.model),
        name: binding.name.unwrap_or_else(|| old.name.clone()),
        control: binding.control,
        at_provider: None,
        status: Status::Active,
        key_check: None,
        about: domain::terminal::About {
            purchased_on: None,
            purchased_from: Some(device.supplier.clone()),
            price: None,
            ..old.about
        },
        bound: domain::terminal::BoundElements {
            settlement_account: binding.settlement_account,
            ..old.bound
        },
        ..old
    };
    let before = store::terminal::get(tx, binding.terminal_id)?;
    match before {
        Some(before) if before.serial == fresh.serial && is_free_again(tx, it, &before)? => {
            again(tx, actor, fresh, binding.master_key)
        }
        _ => {
            let new = New {
                terminal: fresh,
                master_key: binding.master_key,
                has_gate: binding.has_gate,
            };
            Ok(crate::terminal::create(tx, actor, new)?)
        }
    }
}

fn again(tx: &Tx<'_>, actor: &Actor, fresh: Terminal, key: Option<MasterKey>) -> Result<Terminal, Error> {
    use domain::terminal::keep::Verb;
    let id = fresh.terminal_id;
    let terminal = step(
        tx,
        actor,
        id.as_str(),
        Verb::Restore,
        None,
        |terminal: &mut Terminal| *terminal = fresh,
    )?;
    Ok(match key {
        Some(key) => crate::terminal::set_key(tx, actor, id, key)?,
        None => terminal,
    })
}

/// Holds a new terminal, where it is not held; answers the hold. Its row is locked.
fn hold(tx: &Tx<'_>, terminal_id: TerminalId, by: By<'_>, it: &Replacement) -> Result<i64, StoreError> {
    if let Some(hold) = store::hold::find(tx, terminal_id, HOLD, tx.now())? {
        return Ok(hold.hold_id);
    }
    let placing = Placing {
        terminal_id,
        kind: HOLD,
        cause: &it.replacement_id,
        by,
        until: None,
        incident_id: Some(&it.incident_id),
    };
    Ok(place(tx, &placing)?.hold_id)
}

/// Releases it. Its row is locked.
fn let_go(tx: &Tx<'_>, terminal_id: TerminalId, by: By<'_>, ground: &str) -> Result<(), Error> {
    match release(tx, terminal_id, HOLD, Authority::Replacement, (by, ground)) {
        Ok(()) | Err(NotReleased::NotStanding) => Ok(()),
        Err(NotReleased::Store(error)) => Err(error.into()),
        Err(NotReleased::WrongAuthority(_)) => Err(case::Error::NotAllowed.into()),
    }
}

/// What somebody outside says was done there.
#[derive(Clone, Debug)]
pub struct TheySay {
    /// The number they gave for it.
    pub reference: String,
    /// Who says so.
    pub by: String,
    /// Since when.
    pub at: Timestamp,
}

/// Ends the lost terminal's keys where our gate has them, and looks that they are gone; where somebody outside has them, writes down what
/// they say.
pub fn end_old_keys(
    tx: &Tx<'_>,
    actor: &Actor,
    id: &str,
    said: Option<TheySay>,
) -> Result<Replacement, Error> {
    const CONFIRMATION: &str = "confirmation";
    let it = may(tx, actor, id, Verb::EndOldKeys)?;
    end_keys(tx, actor, it.old_terminal_id)?;
    if !are_dead(tx, it.old_terminal_id)? {
        return Err(Error::OldKeysAlive);
    }
    match (it.old_is_outside, said) {
        (false, None) => take(tx, actor, id, Verb::EndOldKeys, (None, None), |_| ()),
        (false, Some(_)) => Err(case::Error::Unknown(CONFIRMATION).into()),
        (true, None) => Err(case::Error::Required(CONFIRMATION).into()),
        (true, Some(said)) => {
            let words = format!("{}\n{}", duty::written(said.at)?, said.by);
            let said = (Some(said.reference.as_str()), Some(words.as_str()));
            take(tx, actor, id, Verb::EndOldKeys, said, |_| ())
        }
    }
}

/// Takes every key of a terminal out of the store: its master key, its working keys and those on offer. Its row is locked.
pub(crate) fn end_keys(tx: &Tx<'_>, actor: &Actor, terminal_id: TerminalId) -> Result<(), StoreError> {
    let mut its = terminal(tx, terminal_id)?;
    its.key_check = None;
    row::update(tx, &its)?;
    store::terminal::set_master_key(tx, terminal_id, &[])?;
    end_working_keys(tx, terminal_id)?;
    case::tell(tx, actor, &its, "end_keys", None).map(drop)
}

/// Takes the working keys of a terminal out of the store, and those on offer: it has to sign in anew. Its row is locked.
pub(crate) fn end_working_keys(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<(), StoreError> {
    store::terminal_session::forget_keys(tx, terminal_id)?;
    store::offered_keys::forget(tx, terminal_id)
}

/// Whether the record says that a lost terminal has no key and is stopped.
fn are_dead(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<bool, StoreError> {
    let door = store::terminal::door(tx, terminal_id)?;
    let session = store::terminal_session::get(tx, terminal_id)?;
    let has_master_key = door.is_none_or(|door| !door.master_key_sealed.is_empty());
    let has_working_keys =
        session.is_some_and(|session| !session.keys_sealed.is_empty() || session.operator.is_some());
    let has_offer = !store::offered_keys::of_terminal(tx, terminal_id)?.is_empty();
    let is_stopped = store::hold::standing(tx, terminal_id, tx.now())?.has(HoldKind::Loss);
    Ok(is_stopped && !has_master_key && !has_working_keys && !has_offer)
}

/// Compares the check value that the device shows with its key's, which no other terminal may have; of keys that somebody outside loads,
/// writes down what was said.
pub fn load_keys(
    tx: &Tx<'_>,
    actor: &Actor,
    id: &str,
    (check, statement): (Option<&str>, Option<&str>),
) -> Result<Replacement, Error> {
    let it = may(tx, actor, id, Verb::LoadKeys)?;
    let bound = it.bound.ok_or(Error::EarlierStep(State::DeviceChecked))?;
    match bound.is_outside {
        true if statement.is_none() => return Err(case::Error::Required("statement").into()),
        true => {}
        false => {
            let check = check.ok_or(case::Error::Required("check_value"))?;
            lock(tx, bound.terminal_id)?;
            is_its_own(tx, &it, bound.terminal_id, check)?;
        }
    }
    let check = check.map(str::to_ascii_uppercase);
    take(
        tx,
        actor,
        id,
        Verb::LoadKeys,
        (check.as_deref(), statement),
        |_| (),
    )
}

/// Whether a terminal has a key of that check value, and it alone.
fn is_its_own(tx: &Tx<'_>, it: &Replacement, terminal_id: TerminalId, check: &str) -> Result<(), Error> {
    let door = store::terminal::door(tx, terminal_id)?;
    let has_key = door.is_some_and(|door| !door.master_key_sealed.is_empty());
    let its = terminal(tx, terminal_id)?
        .key_check
        .filter(|_| has_key)
        .ok_or(Error::NoKey)?;
    if !is_same_key(&its, check) {
        return Err(Error::OtherKey);
    }
    let was_the_old_ones = it
        .old_key_check
        .as_deref()
        .is_some_and(|old| is_same_key(old, check));
    match was_the_old_ones
        || store::terminal::is_key_of_another(tx, terminal_id, &check.to_ascii_uppercase())?
    {
        true => Err(Error::KeyNotUnique),
        false => Ok(()),
    }
}

/// Whether a terminal has a master key that is neither the one it had before nor another terminal's.
pub(crate) fn has_own_key(tx: &Tx<'_>, its: &Terminal, before: Option<&str>) -> Result<bool, StoreError> {
    let door = store::terminal::door(tx, its.terminal_id)?;
    let has_key = door.is_some_and(|door| !door.master_key_sealed.is_empty());
    let Some(check) = its.key_check.as_deref().filter(|_| has_key) else {
        return Ok(false);
    };
    let is_the_old_one = before.is_some_and(|before| is_same_key(before, check));
    Ok(!is_the_old_one && !store::terminal::is_key_of_another(tx, its.terminal_id, check)?)
}

fn is_same_key(one: &str, other: &str) -> bool {
    let head = |check: &str| check.get(..CHECK_DIGITS).map(str::to_ascii_uppercase);
    head(one).is_some() && head(one) == head(other)
}

/// Lets the new terminal sell for [`TEST_MS`], to be tried; then it is held again, whatever came of it.
pub fn begin_test(tx: &Tx<'_>, actor: &Actor, id: &str) -> Result<Replacement, Error> {
    let it = may(tx, actor, id, Verb::BeginTest)?;
    let bound = it.bound.ok_or(Error::EarlierStep(State::DeviceChecked))?;
    if !it.old_is_outside && !are_dead(tx, it.old_terminal_id)? {
        return Err(Error::OldKeysAlive);
    }
    lock(tx, bound.terminal_id)?;
    let_go(tx, bound.terminal_id, actor.by(), "test")?;
    let until = tx.now().plus_ms(TEST_MS);
    take(tx, actor, id, Verb::BeginTest, (None, None), |it| {
        it.test_until = Some(until)
    })
}

/// Holds the new terminal again when the time of its test is over; nothing when that was done. Answers whether it was now.
pub fn end_test(tx: &Tx<'_>, id: &str) -> Result<bool, StoreError> {
    let Some(it) = row::by_id::<Replacement>(tx, id)? else {
        return Ok(false);
    };
    it.lock(tx)?;
    let it = row::by_id::<Replacement>(tx, id)?;
    let due = |until: Timestamp| until <= tx.now() || until > tx.now().plus_ms(TEST_MS);
    let Some(it) = it.filter(|it| it.state == State::Testing && it.test_until.is_some_and(due)) else {
        return Ok(false);
    };
    if let Some(bound) = it.bound {
        lock(tx, bound.terminal_id)?;
        hold(tx, bound.terminal_id, CLOCK.by(), &it)?;
    }
    match take(tx, &CLOCK, id, Verb::EndTest, (None, None), |it| {
        it.test_until = None
    }) {
        Ok(_) => Ok(true),
        Err(Error::Case(case::Error::Store(error))) => Err(error),
        Err(_) => Err(StoreError::Corrupt("replacement.state")),
    }
}

/// A receipt of a sale that was tried where somebody outside decides.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The number on it.
    pub number: String,
    /// In which words.
    pub statement: Option<String>,
}

/// Finds the sale that was tried, and what took it back, in the terminal's ledger, and holds it again; where somebody outside decides,
/// writes down the receipt.
pub fn pass_test(
    tx: &Tx<'_>,
    actor: &Actor,
    id: &str,
    receipt: Option<Receipt>,
) -> Result<Replacement, Error> {
    const RECEIPT: &str = "receipt";
    let it = may(tx, actor, id, Verb::PassTest)?;
    let bound = it.bound.ok_or(Error::EarlierStep(State::DeviceChecked))?;
    if bound.is_outside {
        let receipt = receipt.ok_or(case::Error::Required(RECEIPT))?;
        let said = (Some(receipt.number.as_str()), receipt.statement.as_deref());
        return take(tx, actor, id, Verb::PassTest, said, |_| ());
    }
    if receipt.is_some() {
        return Err(case::Error::Unknown(RECEIPT).into());
    }
    lock(tx, bound.terminal_id)?;
    let sale = tried_in(tx, bound)?;
    hold(tx, bound.terminal_id, actor.by(), &it)?;
    take(
        tx,
        actor,
        id,
        Verb::PassTest,
        (Some(&sale.to_string()), None),
        |it| {
            (it.test_until, it.test_sequence) = (None, Some(sale));
        },
    )
}

fn tried_in(tx: &Tx<'_>, bound: Bound) -> Result<i64, Error> {
    let rows = store::ledger::after(tx, bound.terminal_id, bound.hold_id, i64::MAX, TEST_ROWS_MAX)?;
    let is_whole = i64::try_from(rows.len()).is_ok_and(|count| count < TEST_ROWS_MAX);
    match is_whole {
        true => tried(&rows).map_err(Error::NotTested),
        false => Err(Error::NotTested(NotTested::SaleStands)),
    }
}

/// Signs the checklist: its text is frozen with what was answered, by whom and when.
pub fn sign(tx: &Tx<'_>, actor: &Actor, id: &str, answers: &[Answer]) -> Result<Replacement, Error> {
    let it = may(tx, actor, id, Verb::Sign)?;
    let bound = it.bound.ok_or(Error::EarlierStep(State::DeviceChecked))?;
    let answered = answers::answered(&checklist::ITEMS, answers).map_err(Error::Checklist)?;
    let serial = it.device.as_ref().map_or("", |device| device.serial.as_str());
    let at = duty::written(tx.now())?.to_string();
    let of = [
        ("replacement", id),
        ("terminal", bound.terminal_id.as_str()),
        ("serial", serial),
        ("signed by", actor.name()),
        ("signed at", &at),
    ];
    let text = checklist::text(&of, &answered);
    let digest = hex::of(&Sha256::digest(text.as_bytes()));
    let signed = Signed {
        version: checklist::VERSION,
        digest: digest.clone(),
        text,
    };
    let named = format!("sha256:{digest}");
    take(tx, actor, id, Verb::Sign, (Some(&named), None), |it| {
        it.signed = Some(signed)
    })
}

/// Lets the new terminal sell. Looked at once more: that the lost one's keys are dead, and that its own is the one that was compared.
pub fn go_live(tx: &Tx<'_>, actor: &Actor, id: &str) -> Result<Replacement, Error> {
    let it = may(tx, actor, id, Verb::GoLive)?;
    let bound = it.bound.ok_or(Error::EarlierStep(State::DeviceChecked))?;
    if !it.old_is_outside && !are_dead(tx, it.old_terminal_id)? {
        return Err(Error::OldKeysAlive);
    }
    lock(tx, bound.terminal_id)?;
    if !bound.is_outside {
        let steps = kept::steps(tx, id)?;
        let loaded = steps.iter().rev().find(|step| step.verb == Verb::LoadKeys);
        let check = loaded
            .and_then(|step| step.reference.as_deref())
            .ok_or(Error::NoKey)?;
        is_its_own(tx, &it, bound.terminal_id, check)?;
        tried_in(tx, bound)?;
    }
    let_go(tx, bound.terminal_id, actor.by(), "live")?;
    let now = tx.now();
    let terminal_id = bound.terminal_id;
    let live = take(
        tx,
        actor,
        id,
        Verb::GoLive,
        (Some(terminal_id.as_str()), None),
        |it| {
            it.live_at = Some(now);
            it.closed_at = (!it.is_loaner).then_some(now);
        },
    )?;
    if !it.is_loaner {
        duty::end_with_replacement(tx, actor, &it.incident_id, terminal_id.as_str())?;
    }
    Ok(live)
}

/// Ends one before it is live, on a ground. A terminal that it was bound as is taken out of use, without keys, and stays held.
pub fn withdraw(tx: &Tx<'_>, actor: &Actor, id: &str, ground: &str) -> Result<Replacement, Error> {
    let it = may(tx, actor, id, Verb::Withdraw)?;
    if let Some(bound) = it.bound {
        lock(tx, bound.terminal_id)?;
        hold(tx, bound.terminal_id, actor.by(), &it)?;
        take_out(tx, actor, bound.terminal_id)?;
    }
    end(tx, actor, id, Verb::Withdraw, ground)
}

/// The loaner was given back, and nothing of the shop's is on it: it is taken out of use, without keys.
///
/// # Errors
/// [`case::Against::LossOpen`] while the loaner itself is lost.
pub fn give_back(tx: &Tx<'_>, actor: &Actor, id: &str, ground: &str) -> Result<Replacement, Error> {
    let it = may(tx, actor, id, Verb::GiveBack)?;
    if let Some(bound) = it.bound {
        lock(tx, bound.terminal_id)?;
        if store::incident::standing(tx, bound.terminal_id)?.is_some() {
            return Err(case::Error::Against(case::Against::LossOpen).into());
        }
        take_out(tx, actor, bound.terminal_id)?;
    }
    end(tx, actor, id, Verb::GiveBack, ground)
}

fn end(tx: &Tx<'_>, actor: &Actor, id: &str, verb: Verb, ground: &str) -> Result<Replacement, Error> {
    let now = tx.now();
    take(tx, actor, id, verb, (None, Some(ground)), |it| {
        (it.test_until, it.closed_at) = (None, Some(now));
    })
}

/// Takes a terminal out of use, and its keys from it. Its row is locked.
fn take_out(tx: &Tx<'_>, actor: &Actor, terminal_id: TerminalId) -> Result<(), StoreError> {
    let mut its = terminal(tx, terminal_id)?;
    if its.status == Status::Active {
        its.status = Status::Retired;
        row::update(tx, &its)?;
        case::tell(tx, actor, &its, "retire", None)?;
    }
    end_keys(tx, actor, terminal_id)
}

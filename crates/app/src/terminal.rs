//! Terminals, as people find and keep them: added, changed, moved, given a key, retired (R2.1).
//!
//! Invariant: whatever the gate goes by is changed with the terminal's row held, as every request of it holds it.

use std::collections::BTreeMap;

use domain::account::Scope;
use domain::actor::Actor;
use domain::case::{in_person, may_add};
use domain::event::Subject;
use domain::incident::Ended;
use domain::merchant::State;
use domain::setting::Mode;
use domain::shop::Shop;
use domain::terminal::keep::Verb;
use domain::terminal::{About, BoundElements, Control, Terminal};
use domain::{TerminalId, Timestamp};
use store::{Error as StoreError, Tx};

use crate::case::{self, Against, Error, Noun, Stateful, locked, step};
use crate::shop::open;

/// Notes that terminals were heard, when and from where. In one order on every node, so that no two wait for each other.
pub fn heard(tx: &Tx<'_>, heard: &BTreeMap<TerminalId, (Timestamp, String)>) -> Result<(), StoreError> {
    heard
        .iter()
        .try_for_each(|(terminal_id, (at, peer))| store::heard::put(tx, *terminal_id, *at, peer))
}

impl Noun for Terminal {
    const SUBJECT: Subject = Subject::Terminal;

    fn id(&self) -> &str {
        self.terminal_id.as_str()
    }

    fn get(tx: &Tx<'_>, id: &str) -> Result<Option<Self>, StoreError> {
        match TerminalId::parse(id.as_bytes()) {
            Some(terminal_id) => store::terminal::get(tx, terminal_id),
            None => Ok(None),
        }
    }

    fn seen_by(&self, _: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        Ok(scope.sees(self.bound.merchant_code, &self.shop_id))
    }
}

impl Stateful for Terminal {
    fn lock(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        store::terminal::hold_row(tx, self.terminal_id)
    }

    fn stands_against(&self, tx: &Tx<'_>, verb: Verb) -> Result<(), Error> {
        match verb {
            Verb::Change => Ok(()),
            // What was ended for the one that takes its place stays ended, unless it is found; what is broken gets no key.
            Verb::SetKey => {
                let closed = store::incident::stays_stopped(tx, self.terminal_id)?;
                let is_broken =
                    closed.is_some_and(|it| it.closing.is_some_and(|it| it.ended == Ended::Destroyed));
                match is_broken || store::replacement::has_ended_keys_of(tx, self.terminal_id)? {
                    false => Ok(()),
                    true => Err(Error::Against(Against::LossOpen)),
                }
            }
            // Whoever sees the place of a lost terminal sees its case; what is never found stays where it was, and may be retired.
            Verb::Move => match store::incident::standing(tx, self.terminal_id)? {
                None => Ok(()),
                Some(_) => Err(Error::Against(Against::LossOpen)),
            },
            Verb::Retire => match store::incident::unclosed(tx, self.terminal_id)? {
                None => Ok(()),
                Some(_) => Err(Error::Against(Against::LossOpen)),
            },
            Verb::Restore => {
                let shop = store::shop::get(tx, &self.shop_id)?.map(|shop| shop.state);
                let merchant =
                    store::merchant::get(tx, self.bound.merchant_code)?.map(|merchant| merchant.state);
                match (shop, merchant) {
                    (Some(State::Active), Some(State::Active)) => Ok(()),
                    _ => Err(Error::Against(Against::OutOfBusiness)),
                }
            }
        }
    }

    fn lock_around(&self, tx: &Tx<'_>, verb: Verb) -> Result<(), StoreError> {
        if verb == Verb::Restore {
            store::shop::locked(tx, &self.shop_id)?;
            store::merchant::locked(tx, self.bound.merchant_code)?;
        }
        Ok(())
    }
}

/// Why a terminal is not added or changed.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// Another terminal has this `serial` or `terminal_id`.
    #[error("{field} is another terminal's")]
    Taken {
        /// Which.
        field: &'static str,
        /// The other one, for whoever may see it.
        by: Option<Box<Terminal>>,
    },
    /// As for every noun.
    #[error(transparent)]
    Case(#[from] Error),
}

impl From<StoreError> for NotKept {
    fn from(error: StoreError) -> Self {
        let field = match &error {
            StoreError::Conflict(name) if name == store::terminal::UNIQUE_ID => "terminal_id",
            StoreError::Conflict(name) if name == store::terminal::UNIQUE_SERIAL => "serial",
            _ => return Self::Case(error.into()),
        };
        Self::Taken { field, by: None }
    }
}

/// A key and its check value.
#[derive(Clone)]
pub struct MasterKey {
    /// Encrypted by the edge.
    pub sealed: Vec<u8>,
    /// Hexadecimal digits.
    pub check: String,
}

/// What is said of a new terminal. What it is bound to besides comes from its shop and merchant where it is not said.
#[derive(Clone)]
pub struct New {
    /// The terminal; merchant and state are set here.
    pub terminal: Terminal,
    /// Its master key, when there is one yet.
    pub master_key: Option<MasterKey>,
    /// Whether a gate runs on this node, whatever the settings say.
    pub has_gate: bool,
}

/// Adds a terminal. Our gate decides only what the acquirer's own people have added, where the house has a gate.
pub fn create(tx: &Tx<'_>, actor: &Actor, new: New) -> Result<Terminal, NotKept> {
    let shop = open(tx, actor, &new.terminal.shop_id)?;
    let merchant = store::merchant::get(tx, shop.merchant_id)?;
    let place = Place {
        shop,
        credit_code: merchant.map_or_else(String::new, |merchant| merchant.unified_social_credit_code),
    };
    let alike = store::terminal::alike(tx, new.terminal.terminal_id, &new.terminal.serial)?;
    let (terminal, sealed) = placed(tx, actor, new, place, &alike)?;
    store::terminal::insert(tx, &terminal, &sealed)?;
    case::tell(tx, actor, &terminal, "create", None)?;
    Ok(terminal)
}

/// Where a new terminal is to stand, and what it is bound to there where nobody says otherwise.
#[derive(Clone)]
pub struct Place {
    /// The shop, which may take it.
    pub shop: Shop,
    /// What its merchant is known by; empty when nobody said.
    pub credit_code: String,
}

/// A new terminal as it will be kept in its place, and its sealed key; nothing is written. `alike` are those that have its
/// identifier or its serial number.
pub fn placed(
    tx: &Tx<'_>,
    actor: &Actor,
    new: New,
    place: Place,
    alike: &[Terminal],
) -> Result<(Terminal, Vec<u8>), NotKept> {
    let mut terminal = new.terminal;
    terminal.shop_id = place.shop.shop_id;
    terminal.bound.merchant_code = place.shop.merchant_id;
    if !may_add(&terminal, actor) {
        return Err(Error::NotAllowed.into());
    }
    if new.master_key.is_some() {
        in_person(actor).map_err(Error::from)?;
    }
    if terminal.control == Control::Gate && !(new.has_gate || is_acquirers(tx)?) {
        return Err(Error::Against(Against::NoGate).into());
    }
    if terminal.bound.placement_address.is_empty() {
        terminal.bound.placement_address = place.shop.address;
    }
    if terminal.bound.unified_social_credit_code.is_empty() {
        terminal.bound.unified_social_credit_code = place.credit_code;
    }
    let same_id = alike
        .iter()
        .find(|other| other.terminal_id == terminal.terminal_id);
    taken("terminal_id", actor, same_id.cloned())?;
    let same_serial = alike.iter().find(|other| other.serial == terminal.serial);
    taken("serial", actor, same_serial.cloned())?;
    let (sealed, check) = match new.master_key {
        Some(key) => (key.sealed, Some(key.check)),
        None => (Vec::new(), None),
    };
    terminal.key_check = check;
    Ok((terminal, sealed))
}

fn is_acquirers(tx: &Tx<'_>) -> Result<bool, StoreError> {
    let settings = store::setting::get(tx)?;
    Ok(settings.is_some_and(|settings| settings.mode == Mode::Acquirer))
}

fn taken(field: &'static str, actor: &Actor, other: Option<Terminal>) -> Result<(), NotKept> {
    let Some(other) = other else { return Ok(()) };
    let scope = actor.scope();
    let is_seen = scope.is_some_and(|scope| scope.sees(other.bound.merchant_code, &other.shop_id));
    Err(NotKept::Taken {
        field,
        by: is_seen.then(|| Box::new(other)),
    })
}

/// What is to be changed of a terminal; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// What the shop's people call it.
    pub name: Option<String>,
    /// What else is known of the device, all of it.
    pub about: Option<About>,
    /// Another serial number, where the first was written down wrong; never of one that our gate decides.
    pub serial: Option<String>,
    /// Maker and model.
    pub model: Option<String>,
    /// What it is bound to, all of it but the merchant.
    pub bound: Option<BoundElements>,
    /// Language of its prompts.
    pub language: Option<String>,
    /// Zone of its clock.
    pub time_zone: Option<String>,
}

/// Writes something else of a terminal. Of one that our gate decides, its shop says only how it is called and where it stands.
pub fn change(
    tx: &Tx<'_>,
    actor: &Actor,
    terminal_id: TerminalId,
    changes: Changes,
) -> Result<Terminal, NotKept> {
    let id = terminal_id.as_str();
    let kept: Terminal = locked(tx, actor, id)?;
    let (changed, names) = changed(tx, actor, &kept, changes)?;
    if names.is_empty() {
        return Ok(kept);
    }
    let write = |terminal: &mut Terminal| *terminal = changed;
    Ok(step(tx, actor, id, Verb::Change, Some(&names.join(", ")), write)?)
}

/// A terminal as it will be with these changes, if they are the actor's to make, and the names of what is another then;
/// nothing is written.
pub fn changed(
    tx: &Tx<'_>,
    actor: &Actor,
    kept: &Terminal,
    changes: Changes,
) -> Result<(Terminal, Vec<&'static str>), NotKept> {
    let mut changed = kept.clone();
    let names = apply(&mut changed, changes);
    let own = ["name", "about"];
    let is_own = names.iter().all(|name| own.contains(name));
    if !is_own && kept.control == Control::Gate && !domain::case::Case::allows(kept, actor) {
        return Err(Error::NotAllowed.into());
    }
    if changed.serial != kept.serial {
        if kept.control == Control::Gate {
            return Err(Error::Fixed("serial").into());
        }
        taken("serial", actor, store::terminal::by_serial(tx, &changed.serial)?)?;
    }
    Ok((changed, names))
}

/// Writes the changes; answers the names of what is another now.
fn apply(terminal: &mut Terminal, changes: Changes) -> Vec<&'static str> {
    fn set<T: PartialEq>(to: &mut T, value: Option<T>) -> bool {
        let changes = value.as_ref().is_some_and(|value| value != to);
        if let Some(value) = value {
            *to = value;
        }
        changes
    }
    let bound = changes.bound.map(|bound| BoundElements {
        merchant_code: terminal.bound.merchant_code,
        ..bound
    });
    let changed = [
        ("name", set(&mut terminal.name, changes.name)),
        ("about", set(&mut terminal.about, changes.about)),
        ("serial", set(&mut terminal.serial, changes.serial)),
        ("model", set(&mut terminal.model, changes.model)),
        ("identity", set(&mut terminal.bound, bound)),
        ("language", set(&mut terminal.language, changes.language)),
        ("time_zone", set(&mut terminal.time_zone, changes.time_zone)),
    ];
    changed
        .into_iter()
        .filter_map(|(name, is)| is.then_some(name))
        .collect()
}

/// Moves a terminal to another shop of its merchant. Its history stays its own; who was signed in is signed out, because
/// operators are a shop's.
pub fn move_to(
    tx: &Tx<'_>,
    actor: &Actor,
    terminal_id: TerminalId,
    shop_id: &str,
) -> Result<Terminal, Error> {
    let id = terminal_id.as_str();
    let kept: Terminal = locked(tx, actor, id)?;
    domain::case::decide(&kept, Verb::Move, actor)?;
    let shop = open(tx, actor, shop_id)?;
    if shop.merchant_id != kept.bound.merchant_code {
        return Err(Error::Unknown("shop_id"));
    }
    let ways = format!("{} → {}", kept.shop_id, shop.shop_id);
    let moved = step(
        tx,
        actor,
        id,
        Verb::Move,
        Some(&ways),
        |terminal: &mut Terminal| {
            terminal.shop_id = shop.shop_id;
            terminal.bound.placement_address = shop.address;
        },
    )?;
    store::terminal_session::sign_out(tx, terminal_id)?;
    store::offered_keys::forget(tx, terminal_id)?;
    Ok(moved)
}

/// Gives a terminal another master key, for its next sign-in.
pub fn set_key(
    tx: &Tx<'_>,
    actor: &Actor,
    terminal_id: TerminalId,
    key: MasterKey,
) -> Result<Terminal, Error> {
    let id = terminal_id.as_str();
    let terminal = step(tx, actor, id, Verb::SetKey, None, |terminal: &mut Terminal| {
        terminal.key_check = Some(key.check);
    })?;
    store::terminal::set_master_key(tx, terminal_id, &key.sealed)?;
    crate::duty::end_with_key(tx, actor, &terminal)?;
    Ok(terminal)
}

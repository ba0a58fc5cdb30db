//! Imports: an estate that comes as one table (R2.1). Its lines are looked through part by part, with the rules that adding
//! and changing by hand go by; what they come to is staged, and taken over whole or not at all.
//!
//! Invariant: a part's lines, what they came to and how far the import is are written in one transaction, so that whoever goes
//! on after a kill does none twice and leaves none out.

use domain::account::Scope;
use domain::actor::{Actor, By};
use domain::case::{Case, decide, in_person, may_add};
use domain::event::Subject;
use domain::import::{
    Counts, Import, KEEPERS, KEPT_MS, OPEN_MAX, OPEN_MS_MAX, Outcome, State, Trouble, Verb, seen_by,
};
use domain::merchant::{Merchant, State as MerchantState};
use domain::shop::{Shop, State as ShopState};
use domain::terminal::keep::Verb as Keep;
use domain::terminal::{Status, Terminal};
use domain::time::HOUR_MS;
use domain::work::{Id, Work};
use domain::{MerchantId, TerminalId};
use store::event::{self, New as NewEvent};
use store::import::{Line, Staged};
use store::{Error as StoreError, Tx};

use crate::case::{self, Error, Noun, Stateful, locked, step};
use crate::shop::open;
use crate::terminal::{Changes, New as NewTerminal, NotKept, Place as At, changed, placed};

/// How long a file may take to come in.
const UPLOAD_MS_MAX: i64 = HOUR_MS;
/// Imports that are given up in one go.
const GIVEN_UP_MAX: i64 = 100;

impl Noun for Import {
    const SUBJECT: Subject = Subject::Import;

    fn id(&self) -> &str {
        &self.import_id
    }

    fn seen_by(&self, _: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        Ok(seen_by(scope, self.merchant_id))
    }
}

impl Stateful for Import {}

/// Why an import is not begun, looked through or taken over.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// Too many have not ended.
    #[error("too many imports have not ended")]
    TooMany,
    /// The estate is not what it was when the lines were looked through.
    #[error("the estate has changed meanwhile")]
    Outdated,
    /// As for every noun.
    #[error(transparent)]
    Case(#[from] Error),
}

impl From<StoreError> for NotDone {
    fn from(error: StoreError) -> Self {
        Self::Case(error.into())
    }
}

/// What is said of a new import.
#[derive(Clone, Debug)]
pub struct New {
    /// A new identifier that begins with the time.
    pub import_id: String,
    /// What the file is called.
    pub file_name: String,
    /// Whether this node has a gate.
    pub has_gate: bool,
}

/// Begins an import, whose file follows.
pub fn begin(tx: &Tx<'_>, actor: &Actor, new: New) -> Result<Import, NotDone> {
    in_person(actor).map_err(Error::from)?;
    let Actor::Person(account) = actor else {
        return Err(Error::NotAllowed.into());
    };
    let merchant_id = match (&account.scope, KEEPERS.may(actor)) {
        (Scope::All, true) => None,
        (Scope::Merchant(own), true) => Some(*own),
        _ => return Err(Error::NotAllowed.into()),
    };
    if store::import::open_count(tx, merchant_id)? >= OPEN_MAX {
        return Err(NotDone::TooMany);
    }
    let import = Import {
        import_id: new.import_id,
        made_by: account.login.clone(),
        made_as: account.role,
        made_with: account.rights(),
        merchant_id,
        made_at: tx.now(),
        ended_at: None,
        file_name: new.file_name,
        has_gate: new.has_gate,
        state: State::Uploading,
        trouble: None,
        counts: Counts::default(),
    };
    store::row::insert(tx, &import)?;
    case::tell(tx, actor, &import, "create", None)?;
    Ok(import)
}

/// Keeps a piece of the file, encrypted by the edge; they are numbered from 0.
pub fn keep_file(
    tx: &Tx<'_>,
    actor: &Actor,
    import_id: &str,
    number: i64,
    sealed: &[u8],
) -> Result<(), Error> {
    uploading(tx, actor, import_id)?;
    Ok(store::import::put_file(tx, import_id, number, sealed)?)
}

/// An import whose file comes in; held.
fn uploading(tx: &Tx<'_>, actor: &Actor, import_id: &str) -> Result<Import, Error> {
    let import: Import = locked(tx, actor, import_id)?;
    match import.state {
        State::Uploading => Ok(import),
        state => Err(Error::WrongState(state.code())),
    }
}

/// Says that the file is here, whole: its lines are to be looked through.
pub fn uploaded(tx: &Tx<'_>, actor: &Actor, import_id: &str) -> Result<Import, Error> {
    let import = uploading(tx, actor, import_id)?;
    to_check(tx, import)
}

fn to_check(tx: &Tx<'_>, import: Import) -> Result<Import, Error> {
    let import = Import {
        state: State::Checking,
        counts: Counts::default(),
        ..import
    };
    store::row::update(tx, &import)?;
    crate::work::enqueue(tx, Id::import(&import.import_id), tx.now())?;
    Ok(import)
}

/// Takes an import over: all of it, in this transaction.
///
/// # Errors
/// [`NotDone::Outdated`]: the estate has changed since; whoever asks has it [looked through again](check_again).
pub fn commit(tx: &Tx<'_>, actor: &Actor, import_id: &str) -> Result<Import, NotDone> {
    let ended_at = tx.now();
    let end = |import: &mut Import| import.ended_at = Some(ended_at);
    let import = step(tx, actor, import_id, Verb::Commit, None, end)?;
    match store::import::take_over(tx, import_id, actor.name())? {
        true => Ok(import),
        false => Err(NotDone::Outdated),
    }
}

/// Has the lines of an import looked through again, because the estate has changed since.
pub fn check_again(tx: &Tx<'_>, actor: &Actor, import_id: &str) -> Result<Import, Error> {
    let import: Import = locked(tx, actor, import_id)?;
    decide(&import, Verb::Commit, actor)?;
    let import = to_check(tx, import)?;
    case::tell(tx, actor, &import, "check_again", None)?;
    Ok(import)
}

/// Leaves an import: nothing of it will be done.
pub fn discard(tx: &Tx<'_>, actor: &Actor, import_id: &str) -> Result<Import, Error> {
    let ended_at = tx.now();
    let end = |import: &mut Import| import.ended_at = Some(ended_at);
    let import = step(tx, actor, import_id, Verb::Discard, None, end)?;
    store::work::delete(tx, &Id::import(import_id))?;
    Ok(import)
}

/// The import that a piece of work is about, as long as it is to be looked through; held.
pub fn to_look_through(tx: &Tx<'_>, work: &Work) -> Result<Option<Import>, StoreError> {
    let import = held(tx, work.id.subject_id())?;
    Ok(import.filter(|import| import.state == State::Checking))
}

fn held(tx: &Tx<'_>, import_id: &str) -> Result<Option<Import>, StoreError> {
    if let Some(import) = store::row::by_id::<Import>(tx, import_id)? {
        store::row::lock(tx, &import)?;
    }
    store::row::by_id(tx, import_id)
}

/// Ends an import whose file cannot be read, and its work.
pub fn unreadable(tx: &Tx<'_>, work: &Work, trouble: Trouble) -> Result<(), StoreError> {
    if let Some(import) = to_look_through(tx, work)? {
        let import = Import {
            state: State::Unreadable,
            trouble: Some(trouble),
            ended_at: Some(tx.now()),
            ..import
        };
        store::row::update(tx, &import)?;
        tell_by_itself(tx, &import, "unreadable", Some(trouble.code()))?;
    }
    crate::work::done(tx, work).map(drop)
}

/// Forgets some of what an earlier look through left; true when nothing is left, and lines may be counted anew.
pub fn cleared(tx: &Tx<'_>, work: &Work, rows_max: i64) -> Result<bool, StoreError> {
    match to_look_through(tx, work)? {
        Some(import) if import.counts.lines == 0 => {
            Ok(store::import::unstage(tx, &import.import_id, rows_max)? == 0)
        }
        _ => Ok(true),
    }
}

/// As whom the lines are looked through: whoever brought it, as long as the rights are the same.
pub fn maker(tx: &Tx<'_>, import: &Import) -> Result<Option<Actor>, StoreError> {
    let account = store::account::usable(tx, &import.made_by)?.map(|(account, _)| account);
    let is_same = account.filter(|account| import.is_by_rights_of(account));
    Ok(is_same.map(Actor::Person))
}

/// Writes down how far it is; with the last line, that it has been looked through.
pub fn advanced(tx: &Tx<'_>, work: &Work, import: Import) -> Result<Import, StoreError> {
    let is_last = import.counts.checked >= import.counts.lines;
    let import = Import {
        state: if is_last { State::Checked } else { import.state },
        ..import
    };
    store::row::update(tx, &import)?;
    if is_last {
        tell_by_itself(tx, &import, "checked", None)?;
        crate::work::done(tx, work)?;
    }
    Ok(import)
}

fn tell_by_itself(
    tx: &Tx<'_>,
    import: &Import,
    verb: &'static str,
    text: Option<&str>,
) -> Result<(), StoreError> {
    let new = NewEvent {
        subject: Subject::Import,
        subject_id: &import.import_id,
        at: tx.now(),
        verb,
        by: By::node("import"),
        text,
        ledger_sequence: None,
    };
    event::append(tx, new).map(drop)
}

/// Where a line puts a terminal, as it says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// A shop's own key; the rest need not be said then.
    pub shop_id: Option<String>,
    /// What the shop is called; one that is not there yet is added.
    pub shop_name: Option<String>,
    /// Where a new shop is.
    pub shop_address: Option<String>,
    /// Whose shop; one's own where there is one.
    pub merchant_id: Option<MerchantId>,
    /// What a merchant is called that is not there yet.
    pub merchant_name: Option<String>,
    /// What it is known by.
    pub unified_social_credit_code: Option<String>,
}

/// Why a line's place is none.
#[derive(Debug, thiserror::Error)]
pub enum NoPlace {
    /// A column must be there for that.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Several shops of the merchant are called so: `shop_id` says which.
    #[error("several shops are called so")]
    Ambiguous,
    /// As for every noun.
    #[error(transparent)]
    Case(#[from] Error),
}

impl From<StoreError> for NoPlace {
    fn from(error: StoreError) -> Self {
        Self::Case(error.into())
    }
}

/// Finds the shop of a line, in the estate or among what is staged, or stages a new one, with its merchant where need be.
/// `new_id` makes the key of a new shop.
pub fn place<E: From<NoPlace>>(
    tx: &Tx<'_>,
    actor: &Actor,
    import: &mut Import,
    said: &Place,
    new_id: impl FnOnce() -> Result<String, E>,
) -> Result<Shop, E> {
    if let Some(shop_id) = &said.shop_id {
        let shop = open(tx, actor, shop_id).map_err(NoPlace::from)?;
        return match said.merchant_id.is_none_or(|said| said == shop.merchant_id) {
            true => Ok(shop),
            false => Err(NoPlace::Case(Error::Unknown("merchant_id")).into()),
        };
    }
    let name = said.shop_name.as_deref().ok_or(NoPlace::Missing("shop_name"))?;
    let merchant_id = merchant(tx, actor, import, said)?;
    if let Some(shop) = known_shop(tx, actor, import, merchant_id, name)? {
        return Ok(shop);
    }
    let address = said
        .shop_address
        .clone()
        .ok_or(NoPlace::Missing("shop_address"))?;
    let shop = Shop {
        shop_id: new_id()?,
        merchant_id,
        name: name.to_owned(),
        address,
        state: ShopState::Active,
    };
    if !may_add(&shop, actor) {
        return Err(NoPlace::Case(Error::NotAllowed).into());
    }
    store::import::put_shop(tx, &import.import_id, shop.clone()).map_err(NoPlace::from)?;
    import.counts.shops += 1;
    Ok(shop)
}

/// The shop of a merchant that is called so, in business in the estate, or staged.
fn known_shop(
    tx: &Tx<'_>,
    actor: &Actor,
    import: &Import,
    merchant_id: MerchantId,
    name: &str,
) -> Result<Option<Shop>, NoPlace> {
    let known = store::shop::named(tx, merchant_id, name, 2)?;
    match known.as_slice() {
        [] => Ok(store::import::shop(tx, &import.import_id, merchant_id, name)?),
        [one] => Ok(Some(open(tx, actor, &one.shop_id)?)),
        _ => Err(NoPlace::Ambiguous),
    }
}

/// Whose shop a line means, in business in the estate, or staged, or to be staged now. Whether somebody else's is there is not
/// told.
fn merchant(tx: &Tx<'_>, actor: &Actor, import: &mut Import, said: &Place) -> Result<MerchantId, NoPlace> {
    let merchant_id = said.merchant_id.or(import.merchant_id);
    let merchant_id = merchant_id.ok_or(NoPlace::Missing("merchant_id"))?;
    let unknown = || NoPlace::Case(Error::Unknown("merchant_id"));
    if !actor
        .scope()
        .is_some_and(|scope| domain::merchant::keeps(scope, merchant_id))
    {
        return Err(unknown());
    }
    match store::merchant::get(tx, merchant_id)?.map(|merchant| merchant.state) {
        Some(MerchantState::Active) => return Ok(merchant_id),
        Some(MerchantState::Retired) => return Err(Error::Against(case::Against::OutOfBusiness).into()),
        None => {}
    }
    if store::import::merchant(tx, &import.import_id, merchant_id)?.is_some() {
        return Ok(merchant_id);
    }
    let name = said
        .merchant_name
        .clone()
        .ok_or(NoPlace::Missing("merchant_name"))?;
    let merchant = Merchant {
        merchant_id,
        name_en: name.clone(),
        name,
        trade: String::new(),
        unified_social_credit_code: said.unified_social_credit_code.clone().unwrap_or_default(),
        state: MerchantState::Active,
    };
    if !may_add(&merchant, actor) {
        return Err(unknown());
    }
    store::import::put_merchant(tx, &import.import_id, merchant)?;
    import.counts.merchants += 1;
    Ok(merchant_id)
}

/// Of the terminals that have a line's identifier or serial number, the one that the line means: it has both, and is the
/// actor's to see.
pub fn meant<'a>(
    actor: &Actor,
    terminal_id: TerminalId,
    serial: &str,
    alike: &'a [Terminal],
) -> Option<&'a Terminal> {
    let scope = actor.scope()?;
    let same = alike
        .iter()
        .find(|other| other.terminal_id == terminal_id && other.serial == serial);
    // One that is retired is not brought back by a table; adding it says that it is there.
    same.filter(|kept| kept.status == Status::Active && scope.sees(kept.bound.merchant_code, &kept.shop_id))
}

/// What a shop's merchant is known by, in the estate or among what is staged; empty when nobody said.
pub fn credit_code(tx: &Tx<'_>, import: &Import, merchant_id: MerchantId) -> Result<String, StoreError> {
    let merchant = match store::merchant::get(tx, merchant_id)? {
        Some(merchant) => Some(merchant),
        None => store::import::merchant(tx, &import.import_id, merchant_id)?,
    };
    Ok(merchant.map_or_else(String::new, |merchant| merchant.unified_social_credit_code))
}

/// Stages a new terminal in its place.
pub fn stage_new(
    tx: &Tx<'_>,
    actor: &Actor,
    import: &Import,
    line: i64,
    (new, at): (NewTerminal, At),
    alike: &[Terminal],
) -> Result<Outcome, NotKept> {
    let (terminal, _) = placed(tx, actor, new, at, alike)?;
    let staged = Staged {
        line,
        outcome: Outcome::Added,
        text: None,
        // Nothing has happened to what is not there.
        sequence: 0,
        terminal,
    };
    store::import::put_terminal(tx, &import.import_id, staged)?;
    Ok(Outcome::Added)
}

/// Stages what a line says otherwise of a terminal.
pub fn stage_change(
    tx: &Tx<'_>,
    actor: &Actor,
    import: &Import,
    line: i64,
    kept: &Terminal,
    changes: Changes,
) -> Result<Outcome, NotKept> {
    let (terminal, names) = changed(tx, actor, kept, changes)?;
    if names.is_empty() {
        return Ok(Outcome::Unchanged);
    }
    decide(kept, Keep::Change, actor).map_err(Error::from)?;
    let staged = Staged {
        line,
        outcome: Outcome::Changed,
        text: Some(names.join(", ")),
        sequence: event::last_sequence(tx, Subject::Terminal, terminal.terminal_id.as_str())?,
        terminal,
    };
    store::import::put_terminal(tx, &import.import_id, staged)?;
    Ok(Outcome::Changed)
}

/// Writes down what a line came to.
pub fn note(tx: &Tx<'_>, import: &mut Import, line: Line) -> Result<(), StoreError> {
    import.counts.count(line.outcome);
    store::import::put_line(tx, &import.import_id, line)
}

/// Gives up what nobody has committed, and forgets what is not needed any more; answers how many rows.
pub fn forget(tx: &Tx<'_>, rows_max: i64) -> Result<usize, StoreError> {
    let before = |ms: i64| tx.now().plus_ms(-ms);
    let mut stale =
        store::import::open_before(tx, Some(State::Uploading), before(UPLOAD_MS_MAX), GIVEN_UP_MAX)?;
    stale.extend(store::import::open_before(
        tx,
        None,
        before(OPEN_MS_MAX),
        GIVEN_UP_MAX,
    )?);
    for import in stale {
        give_up(tx, &import.import_id)?;
    }
    let staged = store::import::forget_staged(tx, rows_max)?;
    Ok(staged.max(store::import::forget(tx, before(KEPT_MS), rows_max)?))
}

fn give_up(tx: &Tx<'_>, import_id: &str) -> Result<(), StoreError> {
    let Some(import) = held(tx, import_id)?.filter(|import| import.ended_at.is_none()) else {
        return Ok(());
    };
    let mut import = import;
    import.enter(State::Discarded);
    import.ended_at = Some(tx.now());
    store::row::update(tx, &import)?;
    store::work::delete(tx, &Id::import(import_id))?;
    tell_by_itself(tx, &import, "expired", None)
}

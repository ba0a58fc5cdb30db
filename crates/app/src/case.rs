//! Finding a thing and taking a step with it: the one way to each noun.
//!
//! Invariant: nothing is found but within the actor's scope, and nothing with states changes but by [`step`]: found, locked,
//! found again, checked against its table, changed, and told as an event, in one store transaction.

use domain::account::Scope;
use domain::actor::Actor;
use domain::case::{self, Case, NotTaken, Text};
use domain::event::Subject;
use domain::word::Word;
use store::event::{self, New};
use store::row::{self, Table};
use store::{Error as StoreError, Tx};

/// Longest text of a step, in characters.
pub const TEXT_CHARS_MAX: usize = 2_000;

/// Why a thing was not found, or a step not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none, or it is not the actor's to see.
    #[error("not found")]
    NotFound(Subject),
    /// The actor may not.
    #[error("the role does not allow this")]
    NotAllowed,
    /// Whoever proposed cannot confirm.
    #[error("a second person is required")]
    SecondPersonRequired,
    /// The actor has to prove anew who it is.
    #[error("who it is must be proved anew")]
    StepUpRequired,
    /// The house requires a second factor of the actor, who has none yet.
    #[error("a second factor must be enrolled first")]
    SecondFactorRequired,
    /// A program with a key is refused what only people do.
    #[error("only a person may do this")]
    PersonRequired,
    /// The state does not allow it; the state's word.
    #[error("it is in another state: {0}")]
    WrongState(&'static str),
    /// The step asks for a sentence.
    #[error("a text is required")]
    TextRequired,
    /// A field that is needed is missing.
    #[error("{0} is missing")]
    Required(&'static str),
    /// A field names something that is not there.
    #[error("{0} names nothing")]
    Unknown(&'static str),
    /// A field that is never changed would be.
    #[error("{0} cannot be changed")]
    Fixed(&'static str),
    /// Something else in the estate stands against it.
    #[error("{0:?} stands against it")]
    Against(Against),
    /// Another one is like this already.
    #[error("another one is like this")]
    Taken(Subject),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NotTaken> for Error {
    fn from(not_taken: NotTaken) -> Self {
        match not_taken {
            NotTaken::WrongState(state) => Self::WrongState(state),
            NotTaken::NotAllowed => Self::NotAllowed,
            NotTaken::SecondPersonRequired => Self::SecondPersonRequired,
            NotTaken::StepUpRequired => Self::StepUpRequired,
            NotTaken::SecondFactorRequired => Self::SecondFactorRequired,
            NotTaken::PersonRequired => Self::PersonRequired,
        }
    }
}

/// What in the estate may stand against something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// Terminals of it are in use.
    TerminalsInUse,
    /// A loss of it is not closed.
    LossOpen,
    /// The shop or its merchant is not in business.
    OutOfBusiness,
    /// Duties of it are open that keep it from being closed.
    DutiesOpen,
    /// This house has no gate that could decide.
    NoGate,
    /// Nobody else could administer the house.
    LastAdministrator,
    /// People have it, or are invited to it.
    Given,
    /// The documents it was approved by are valid no more.
    DocumentsEnded,
    /// Nobody has looked a found terminal over.
    NotInspected,
    /// Something was wrong when somebody did.
    InspectionFailed,
    /// Its keys are those that it had when it was found.
    NoNewKeys,
    /// Somebody else has written since.
    TextChanged,
    /// Something in the text is wrong.
    TextWrong,
    /// It is weaker than whoever signs it off has seen.
    WarningsUnseen,
    /// A later version is used.
    LaterInUse,
    /// As many wait as there may be, or as many people wrote one.
    TooManyRevisions,
    /// As many holds on settlement stand or wait as a merchant may have.
    TooManySettlementHolds,
    /// An acquirer outside settles it.
    SettledOutside,
}

/// What became of one line of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    /// It was not there.
    Added,
    /// It said something else.
    Changed,
    /// It was there as it is.
    Unchanged,
}

/// Something that is kept and has a place in the estate.
pub trait Noun: Table {
    /// Its word in events.
    const SUBJECT: Subject;
    /// The constraint that a second one alike breaks, where there may be no two.
    const UNIQUE: Option<&'static str> = None;

    /// Its identifier.
    fn id(&self) -> &str;

    /// The one of that identifier, whoever asks.
    fn get(tx: &Tx<'_>, id: &str) -> Result<Option<Self>, StoreError> {
        row::by_id(tx, id)
    }

    /// What its events are of: itself, where it is not a part of something.
    fn told_of(&self) -> (Subject, &str) {
        (Self::SUBJECT, self.id())
    }

    /// What an event of it says, with the words of whoever did it.
    fn told_as(&self, text: Option<&str>) -> Option<String> {
        text.map(str::to_owned)
    }

    /// Whether somebody of that scope sees it.
    fn seen_by(&self, tx: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError>;

    /// Whether there are any for this actor: for what only a right shows, a scope is not enough. Asked before anything is read.
    fn exists_for(_actor: &Actor) -> bool {
        true
    }
}

/// Something with states.
pub trait Stateful: Noun + Case {
    /// Whether what a new one names is there.
    fn names_what_is(&self, _: &Tx<'_>) -> Result<(), Error> {
        Ok(())
    }

    /// Whether something else in the estate stands against a step that its table allows.
    fn stands_against(&self, _: &Tx<'_>, _verb: Self::Verb) -> Result<(), Error> {
        Ok(())
    }

    /// Holds what [`Self::stands_against`] looks at besides this one, so that its answer is true until the step is taken.
    fn lock_around(&self, _: &Tx<'_>, _verb: Self::Verb) -> Result<(), StoreError> {
        Ok(())
    }

    /// Holds what must not change during a step.
    fn lock(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        row::lock(tx, self)
    }

    /// What an event says of the verb.
    fn happened(verb: Self::Verb) -> &'static str {
        verb.word()
    }
}

/// The one of that identifier, when the actor may see it.
pub fn find<N: Noun>(tx: &Tx<'_>, actor: &Actor, id: &str) -> Result<N, Error> {
    let not_found = || Error::NotFound(N::SUBJECT);
    let scope = actor
        .scope()
        .filter(|_| N::exists_for(actor))
        .ok_or_else(not_found)?;
    let it = N::get(tx, id)?.ok_or_else(not_found)?;
    match it.seen_by(tx, scope)? {
        true => Ok(it),
        false => Err(not_found()),
    }
}

/// The same, as it is once nobody else changes it any more.
pub fn locked<N: Stateful>(tx: &Tx<'_>, actor: &Actor, id: &str) -> Result<N, Error> {
    find::<N>(tx, actor, id)?.lock(tx)?;
    find(tx, actor, id)
}

/// The one that a field of something else names.
pub fn named<N: Noun>(tx: &Tx<'_>, actor: &Actor, id: &str, field: &'static str) -> Result<N, Error> {
    find(tx, actor, id).map_err(|error| match error {
        Error::NotFound(_) => Error::Unknown(field),
        error => error,
    })
}

/// What the actor may do with it now, as far as the table and the estate say.
pub fn actions<N: Stateful>(tx: &Tx<'_>, actor: &Actor, it: &N) -> Result<Vec<N::Verb>, StoreError> {
    let mut now = Vec::new();
    for verb in case::actions(it, actor) {
        match it.stands_against(tx, verb) {
            Ok(()) => now.push(verb),
            Err(Error::Store(error)) => return Err(error),
            Err(_) => {}
        }
    }
    Ok(now)
}

/// Something that people add and change.
pub trait Written: Stateful {
    /// What is said of one.
    type Said: PartialEq;
    /// The step that writes something else.
    const CHANGE: Self::Verb;

    /// A new one of which that is said.
    fn new(id: &str, said: Self::Said) -> Self;

    /// What is said of it.
    fn said(&self) -> &Self::Said;

    /// Writes what is said now; fails where it would change what stays.
    fn rewrite(&mut self, said: Self::Said) -> Result<(), Error>;

    /// The one that a line of an import means, whoever asks.
    fn meant(tx: &Tx<'_>, said: &Self::Said) -> Result<Option<Self>, StoreError>;
}

/// Adds a new one, if the actor may add this very one.
pub fn create<N: Written>(tx: &Tx<'_>, actor: &Actor, id: &str, said: N::Said) -> Result<N, Error> {
    add(tx, actor, N::new(id, said))
}

/// The same of one that is made of more than what people say.
pub fn add<N: Stateful>(tx: &Tx<'_>, actor: &Actor, it: N) -> Result<N, Error> {
    if !case::may_add(&it, actor) {
        return Err(N::ADDING.who.refusal(actor).into());
    }
    it.names_what_is(tx)?;
    row::insert(tx, &it).map_err(taken::<N>)?;
    tell(tx, actor, &it, "create", None)?;
    Ok(it)
}

/// Writes something else of one.
pub fn change<N: Written>(tx: &Tx<'_>, actor: &Actor, id: &str, said: N::Said) -> Result<N, Error> {
    try_step(tx, actor, id, N::CHANGE, None, |it: &mut N| it.rewrite(said))
}

/// Does what a line says, so that the same list twice changes nothing; a new one gets that identifier.
pub fn import<N: Written>(tx: &Tx<'_>, actor: &Actor, id: &str, said: N::Said) -> Result<Imported, Error> {
    match N::meant(tx, &said)? {
        None => create::<N>(tx, actor, id, said).map(|_| Imported::Added),
        // Whether somebody else's is the same is not told either.
        Some(kept) if !case::may_add(&kept, actor) => Err(Error::NotAllowed),
        Some(kept) if *kept.said() == said => Ok(Imported::Unchanged),
        Some(kept) => change::<N>(tx, actor, kept.id(), said).map(|_| Imported::Changed),
    }
}

/// A constraint that says there is such a one already, as the person who asked understands it.
pub(crate) fn taken<N: Noun>(error: StoreError) -> Error {
    match error {
        StoreError::Conflict(name) if N::UNIQUE == Some(name.as_str()) => Error::Taken(N::SUBJECT),
        error => error.into(),
    }
}

/// Takes a step: `change` writes what belongs to it besides the state.
pub fn step<N: Stateful>(
    tx: &Tx<'_>,
    actor: &Actor,
    id: &str,
    verb: N::Verb,
    text: Option<&str>,
    change: impl FnOnce(&mut N),
) -> Result<N, Error> {
    try_step(tx, actor, id, verb, text, |it| {
        change(it);
        Ok(())
    })
}

/// The same with a change that may fail.
fn try_step<N: Stateful>(
    tx: &Tx<'_>,
    actor: &Actor,
    id: &str,
    verb: N::Verb,
    text: Option<&str>,
    change: impl FnOnce(&mut N) -> Result<(), Error>,
) -> Result<N, Error> {
    let mut it = locked::<N>(tx, actor, id)?;
    let row = case::decide(&it, verb, actor)?;
    let text = text.filter(|text| !text.is_empty() && row.text != Text::None);
    if row.text == Text::Required && text.is_none() {
        return Err(Error::TextRequired);
    }
    it.lock_around(tx, verb)?;
    it.stands_against(tx, verb)?;
    change(&mut it)?;
    if let Some(to) = row.to {
        it.enter(to);
    }
    row::update(tx, &it).map_err(taken::<N>)?;
    tell(tx, actor, &it, N::happened(verb), text)?;
    Ok(it)
}

/// Writes an event of something.
pub fn tell<N: Noun>(
    tx: &Tx<'_>,
    actor: &Actor,
    it: &N,
    verb: &'static str,
    text: Option<&str>,
) -> Result<i64, StoreError> {
    let (subject, subject_id) = it.told_of();
    let text = it.told_as(text);
    let new = New {
        subject,
        subject_id,
        at: tx.now(),
        verb,
        by: actor.by(),
        text: text.as_deref(),
        ledger_sequence: None,
    };
    event::append(tx, new)
}

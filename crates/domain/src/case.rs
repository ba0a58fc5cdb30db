//! Cases: every noun with states moves by a table of steps, and by nothing else.
//!
//! The table says from which states a verb leads where, who may, and whether it needs a second person or a text. From it
//! come the check before a change, the actions an answer lists, and the walk that tests it.
//!
//! Invariant: what is not in the table is not possible.

use crate::actor::{self, Actor};
use crate::right::{Object, Right, may};
use crate::word::Word;
use crate::words;

/// Who may take a step.
#[derive(Clone, Copy, Debug)]
pub enum Who {
    /// Persons and programs with this right.
    With(Right),
    /// What is no person and of this kind.
    Kind(actor::Kind),
    /// Nobody.
    Nobody,
}

impl Who {
    /// Whether this one may, to what it sees.
    pub fn may(&self, actor: &Actor) -> bool {
        match self {
            Self::With(right) => may(actor, *right, Object::Seen),
            Self::Kind(kind) => actor.kind() == *kind && !matches!(actor, Actor::Person(_)),
            Self::Nobody => false,
        }
    }

    /// What is said to one that may not: to a program, whether any could.
    pub const fn refusal(&self, actor: &Actor) -> NotTaken {
        match (self, actor) {
            (Self::With(right), Actor::Machine(_)) if right.is_peoples() => NotTaken::PersonRequired,
            _ => NotTaken::NotAllowed,
        }
    }
}

/// What a step asks the actor to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// Nothing.
    None,
    /// Something, if there is something to say.
    Optional,
    /// A sentence at least.
    Required,
}

/// One row of a table.
#[derive(Debug)]
pub struct Step<S: 'static, V> {
    /// What is done.
    pub verb: V,
    /// In which states it may be done.
    pub from: &'static [S],
    /// The state afterwards; `None`: the same.
    pub to: Option<S>,
    /// Who may.
    pub who: Who,
    /// Somebody other than the one who took the step before.
    pub second_person: bool,
    /// What the actor is asked to say.
    pub text: Text,
    /// Only by who has just proved who it is; see [`proved`].
    pub proving: bool,
    /// Only by a person: a program with a key is refused, whatever its rights.
    pub by_person: bool,
}

impl<S: Copy, V: Copy> Step<S, V> {
    /// A step that one person takes without a word.
    pub const fn new(verb: V, from: &'static [S], to: Option<S>, who: Who) -> Self {
        Self {
            verb,
            from,
            to,
            who,
            second_person: false,
            text: Text::None,
            proving: false,
            by_person: false,
        }
    }

    /// A step that changes nothing and shows what is personal in full: a reason is asked, and a proof of who asks; the event says
    /// both.
    pub const fn revealing(verb: V, from: &'static [S]) -> Self {
        Self::new(verb, from, None, Who::With(Right::SeePersonal))
            .saying(Text::Required)
            .proving()
    }

    /// The same with something to say.
    pub const fn saying(self, text: Text) -> Self {
        Self { text, ..self }
    }

    /// The same only by who has just proved who it is: a person.
    pub const fn proving(self) -> Self {
        Self {
            proving: true,
            by_person: true,
            ..self
        }
    }

    /// The same only by a person.
    pub const fn by_person(self) -> Self {
        Self {
            by_person: true,
            ..self
        }
    }
}

words! {
    /// What can be done with a list.
    pub enum ListVerb {
        /// Add one.
        Create = "create",
        /// Add and change many, by a table.
        Import = "import",
    }
}

/// How a list grows by people's hands.
#[derive(Clone, Copy, Debug)]
pub struct Adding {
    /// Who may.
    pub who: Who,
    /// In which ways.
    pub ways: &'static [ListVerb],
}

/// A noun with states.
pub trait Case {
    /// Its states.
    type State: Word;
    /// What can be done with it.
    type Verb: Word;
    /// Its table.
    const STEPS: &'static [Step<Self::State, Self::Verb>];
    /// Who may add one, and how; nobody, where they come about by something else.
    const ADDING: Adding = Adding {
        who: Who::Nobody,
        ways: &[],
    };

    /// Where it stands.
    fn state(&self) -> Self::State;

    /// Goes there.
    fn enter(&mut self, state: Self::State);

    /// Who took the step that a second person has to confirm.
    fn first_person(&self) -> Option<&str> {
        None
    }

    /// Whether somebody had a part in what a second person has to confirm.
    fn took_part(&self, name: &str) -> bool {
        self.first_person() == Some(name)
    }

    /// Whether this very one is the actor's to change, where seeing it is not enough.
    fn allows(&self, _actor: &Actor) -> bool {
        true
    }

    /// The same for one verb, where not every verb is everybody's.
    fn allows_to(&self, _verb: Self::Verb, actor: &Actor) -> bool {
        self.allows(actor)
    }

    /// Whether something about this very one makes the verb pointless, for example acknowledging an alarm that there is not.
    fn hinders(&self, _verb: Self::Verb) -> bool {
        false
    }
}

/// Why a step is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// The state does not allow it; the state's word.
    WrongState(&'static str),
    /// This actor may not.
    NotAllowed,
    /// Whoever proposed cannot confirm.
    SecondPersonRequired,
    /// The actor has to prove anew who it is.
    StepUpRequired,
    /// The house requires a second factor of the actor, who has none yet.
    SecondFactorRequired,
    /// A program with a key is refused what only people do.
    PersonRequired,
}

/// Whether it is no program: asked where a program may not, whatever its rights.
pub fn in_person(actor: &Actor) -> Result<(), NotTaken> {
    match actor {
        Actor::Machine(_) => Err(NotTaken::PersonRequired),
        _ => Ok(()),
    }
}

/// Whether the actor has just proved who it is: asked before a loss is released, rights are given or taken, secrets are set, or
/// personal data are shown in full. Never asked of a report of loss. A program cannot prove it.
pub fn proved(actor: &Actor) -> Result<(), NotTaken> {
    in_person(actor)?;
    match actor {
        Actor::Person(account) if account.proof.owes_factor => Err(NotTaken::SecondFactorRequired),
        Actor::Person(account) if !account.proof.is_fresh => Err(NotTaken::StepUpRequired),
        _ => Ok(()),
    }
}

/// Whether the actor may take the step now; answers the row of the table.
pub fn decide<C: Case>(
    case: &C,
    verb: C::Verb,
    actor: &Actor,
) -> Result<&'static Step<C::State, C::Verb>, NotTaken> {
    let state = case.state();
    let rows = || C::STEPS.iter().filter(|step| step.verb == verb);
    if rows().any(|step| step.by_person) {
        in_person(actor)?;
    }
    let Some(step) = rows().find(|step| step.from.contains(&state)) else {
        // Whoever may never do it learns nothing of the state.
        let refusal = rows().map(|step| step.who.refusal(actor)).next();
        return match rows().any(|step| step.who.may(actor)) && case.allows_to(verb, actor) {
            true => Err(NotTaken::WrongState(state.word())),
            false => Err(refusal.unwrap_or(NotTaken::NotAllowed)),
        };
    };
    if !step.who.may(actor) {
        return Err(step.who.refusal(actor));
    }
    if !case.allows_to(verb, actor) {
        return Err(NotTaken::NotAllowed);
    }
    if step.second_person && case.took_part(actor.name()) {
        return Err(NotTaken::SecondPersonRequired);
    }
    if case.hinders(verb) {
        return Err(NotTaken::WrongState(state.word()));
    }
    if step.proving {
        proved(actor)?;
    }
    Ok(step)
}

/// Whether nothing but a proof of who it is stands between the actor and the step.
fn is_offered<C: Case>(case: &C, verb: C::Verb, actor: &Actor) -> bool {
    matches!(
        decide(case, verb, actor),
        Ok(_) | Err(NotTaken::StepUpRequired | NotTaken::SecondFactorRequired)
    )
}

/// What the actor may do now, in the order of the table; also what has to be preceded by a proof.
pub fn actions<C: Case>(case: &C, actor: &Actor) -> Vec<C::Verb> {
    let mut verbs: Vec<C::Verb> = C::STEPS
        .iter()
        .filter(|step| is_offered(case, step.verb, actor))
        .map(|step| step.verb)
        .collect();
    verbs.dedup();
    verbs
}

/// Whether the actor may add this very one.
pub fn may_add<C: Case>(case: &C, actor: &Actor) -> bool {
    C::ADDING.who.may(actor) && case.allows(actor)
}

/// What the actor may do with the list.
pub fn list_actions<C: Case>(actor: &Actor) -> &'static [ListVerb] {
    match C::ADDING.who.may(actor) {
        true => C::ADDING.ways,
        false => &[],
    }
}

/// A walk through a whole table, for the tests of each noun: a line for every state, verb and kind of actor, with what is
/// decided. `at` makes a case in a state, its first person being `first`.
pub fn walk<C: Case>(at: impl Fn(C::State) -> C, actors: &[(&str, Actor)]) -> Vec<String> {
    let mut lines = Vec::new();
    for state in C::State::WORDS {
        for verb in C::Verb::WORDS {
            let case = at(*state);
            let decided = actors.iter().map(|(name, actor)| {
                let decided = match decide(&case, *verb, actor) {
                    Ok(step) => step.to.unwrap_or(*state).word(),
                    Err(NotTaken::WrongState(_)) => "-",
                    Err(NotTaken::NotAllowed) => "no",
                    Err(NotTaken::SecondPersonRequired) => "second",
                    Err(NotTaken::StepUpRequired | NotTaken::SecondFactorRequired) => "proof",
                    Err(NotTaken::PersonRequired) => "person",
                };
                format!("{name}:{decided}")
            });
            let decided: Vec<String> = decided.collect();
            lines.push(format!("{} {}: {}", state.word(), verb.word(), decided.join(" ")));
        }
    }
    lines
}

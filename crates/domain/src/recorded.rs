//! Recorded requests: what a held terminal tried to turn back, and what people decide about it (R1.2, R1.3).
//!
//! Invariant: each is decided once. Nothing that is decided is an approval of the terminal's: it was refused, and stays so.

use crate::actor::Actor;
use crate::case::{Case, Step, Text, Who};
use crate::right::{Object, Right, may};
use crate::time::HOUR_MS;
use crate::{TerminalId, Timestamp, words};

/// How long what a reversal must carry is kept for a decision; after that it is carried out elsewhere or not at all.
pub const SEALED_MS: i64 = 30 * 24 * HOUR_MS;
/// How long the words of one are kept: 3 years, as those of a case.
pub const KEPT_MS: i64 = 1_095 * 24 * HOUR_MS;
/// Of how many originals of one terminal that is kept at a time.
pub const SEALED_MAX: i64 = 100;
/// Longest reference of an acquirer, in characters.
pub const REFERENCE_CHARS_MAX: usize = 64;

words! {
    /// Where one stands.
    pub enum State {
        /// Nobody has decided.
        Open = "open",
        /// One person has proposed to carry it out.
        Proposed = "proposed",
        /// Two people had it carried out.
        CarriedOut = "carried_out",
        /// It was refused for good.
        Refused = "refused",
    }
}

words! {
    /// What people can do with one.
    pub enum Verb {
        /// Propose to carry it out, with a ground.
        Propose = "propose",
        /// Take that back.
        Withdraw = "withdraw",
        /// Have it carried out, as a second person.
        Confirm = "confirm",
        /// Refuse it for good, with a ground.
        Refuse = "refuse",
    }
}

words! {
    /// How one is carried out.
    pub enum Way {
        /// A reversal of the original is owed to the acquirer's host.
        Host = "host",
        /// The acquirer did it, outside of here; its reference says so.
        Elsewhere = "elsewhere",
    }
}

words! {
    /// Which of them.
    pub enum Which {
        /// What nobody has decided.
        Undecided = "undecided",
        /// Those of them of which is kept what a reversal must carry.
        Kept = "kept",
        /// What somebody has decided.
        Decided = "decided",
    }
}

/// What is kept of a recorded request beside its row in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Whose.
    pub terminal_id: TerminalId,
    /// Its row in the ledger.
    pub sequence: i64,
    /// When it came.
    pub at: Timestamp,
    /// The row of the approval that it would undo, where that is known.
    pub original: Option<i64>,
    /// What a reversal of the original must carry, encrypted by the edge; gone once it is decided, or too old.
    pub reversal_sealed: Option<Vec<u8>>,
    /// Where it stands.
    pub state: State,
    /// How it is carried out, once somebody has proposed it.
    pub way: Option<Way>,
    /// The acquirer's reference, of what it did.
    pub reference: Option<String>,
    /// Why, in the words of who proposed or refused it; `None` once they are forgotten.
    pub ground: Option<String>,
    /// Who proposed it.
    pub proposed_by: Option<String>,
    /// When.
    pub proposed_at: Option<Timestamp>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
}

impl Recorded {
    /// One that nobody has decided, and of which nothing more is known.
    pub const fn open(terminal_id: TerminalId, sequence: i64, at: Timestamp) -> Self {
        Self {
            terminal_id,
            sequence,
            at,
            original: None,
            reversal_sealed: None,
            state: State::Open,
            way: None,
            reference: None,
            ground: None,
            proposed_by: None,
            proposed_at: None,
            decided_by: None,
            decided_at: None,
        }
    }

    /// What a reversal must carry, while that may be kept.
    pub fn sealed(&self, now: Timestamp) -> Option<&[u8]> {
        let is_over = self.at.plus_ms(SEALED_MS) <= now;
        self.reversal_sealed.as_deref().filter(|_| !is_over)
    }

    /// Whether somebody reads why, and who decided: those of the house who decide, and who check what they did.
    pub fn is_explained_to(actor: &Actor) -> bool {
        [Right::DecideWork, Right::SeeRecord]
            .into_iter()
            .any(|right| may(actor, right, Object::House))
    }
}

const DECIDERS: Who = Who::With(Right::DecideWork);

impl Case for Recorded {
    type State = State;
    type Verb = Verb;
    const STEPS: &'static [Step<State, Verb>] = &[
        Step::new(Verb::Propose, &[State::Open], Some(State::Proposed), DECIDERS)
            .saying(Text::Required)
            .by_person(),
        Step {
            second_person: true,
            ..Step::new(
                Verb::Confirm,
                &[State::Proposed],
                Some(State::CarriedOut),
                DECIDERS,
            )
            .proving()
        },
        Step::new(Verb::Withdraw, &[State::Proposed], Some(State::Open), DECIDERS).by_person(),
        Step::new(
            Verb::Refuse,
            &[State::Open, State::Proposed],
            Some(State::Refused),
            DECIDERS,
        )
        .saying(Text::Required)
        .by_person(),
    ];

    fn state(&self) -> State {
        self.state
    }

    fn enter(&mut self, state: State) {
        self.state = state;
    }

    fn first_person(&self) -> Option<&str> {
        self.proposed_by.as_deref()
    }

    /// Only those who run the house give back what others took.
    fn allows(&self, actor: &Actor) -> bool {
        may(actor, Right::DecideWork, Object::House)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Role, Scope};
    use crate::case::{NotTaken, decide, walk};
    use crate::fixture::{everybody, merchant, person};

    fn at(state: State) -> Recorded {
        Recorded {
            state,
            proposed_by: (state == State::Proposed).then(|| "wang".to_owned()),
            ..Recorded::open(TerminalId::parse(b"10450001").unwrap(), 7, Timestamp(1))
        }
    }

    #[test]
    fn only_the_house_decides_and_once() {
        let wanted = [
            ("open", ["proposed", "-", "-", "refused"]),
            ("proposed", ["-", "open", "carried_out", "refused"]),
            ("carried_out", ["-"; 4]),
            ("refused", ["-"; 4]),
        ];
        let wanted: Vec<String> = wanted
            .iter()
            .flat_map(|(state, to)| {
                Verb::ALL.iter().zip(to).map(move |(verb, to)| {
                    let verb = verb.code();
                    format!("{state} {verb}: owner:no stranger:no manager:no risk:{to} auditor:no")
                })
            })
            .collect();
        assert_eq!(walk(at, &everybody()), wanted);
        // Not even with the right, where it does not reach the house.
        let ours = person(Role::RiskOfficer, Scope::Merchant(merchant("M1")));
        let refused = decide(&at(State::Open), Verb::Refuse, &ours).map(drop);
        assert_eq!(refused, Err(NotTaken::NotAllowed));
        assert!(!Recorded::is_explained_to(&ours));
    }

    #[test]
    fn what_a_reversal_must_carry_is_nothing_after_its_time_whether_erased_or_not() {
        let kept = Recorded {
            reversal_sealed: Some(vec![1]),
            ..at(State::Open)
        };
        assert!(kept.sealed(Timestamp(SEALED_MS)).is_some());
        assert!(kept.sealed(Timestamp(SEALED_MS + 1)).is_none());
    }
}

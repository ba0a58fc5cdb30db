//! Invitations: a link that makes one account, or gives one another password (R7.1).
//!
//! Invariant: a link works once, until it ends, and for what it was made for; the token in it is kept nowhere.

use crate::account::{KEEPERS, Narrowed, Role, Scope, rights};
use crate::actor::Actor;
use crate::case::{Adding, Case, ListVerb, Step};
use crate::right::Rights;
use crate::time::{HOUR_MS, Timestamp};
use crate::words;

/// How long a link works.
pub const LASTS_MS: i64 = 7 * 24 * HOUR_MS;

words! {
    /// What became of an invitation.
    pub enum State {
        /// Nothing yet: its link works until it ends.
        Open = "open",
        /// It was used.
        Accepted = "accepted",
        /// It was taken back.
        Withdrawn = "withdrawn",
    }
}

words! {
    /// What can be done with an invitation.
    pub enum Verb {
        /// Take it back.
        Withdraw = "withdraw",
    }
}

/// An invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Eight letters and digits.
    pub invitation_id: String,
    /// SHA-256 of the token in its link.
    pub token_digest: Vec<u8>,
    /// The account that gets another password; `None`: a new account, whose login the person chooses.
    pub login: Option<String>,
    /// How the one who invites calls the person.
    pub name: String,
    /// What the account is for.
    pub role: Role,
    /// What it will see.
    pub scope: Scope,
    /// The custom role that will leave it only some of the role's rights.
    pub custom_role: Option<Narrowed>,
    /// What became of it.
    pub state: State,
    /// Who made it.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
    /// Until when its link works.
    pub ends_at: Timestamp,
}

impl Invitation {
    /// Whether its link works at that time.
    pub fn works(&self, now: Timestamp) -> bool {
        self.state == State::Open && now < self.ends_at
    }

    /// What the account will be able to do.
    pub fn rights(&self) -> Rights {
        rights(self.role, self.custom_role.as_ref())
    }
}

impl Case for Invitation {
    type State = State;
    type Verb = Verb;
    const STEPS: &'static [Step<State, Verb>] = &[Step::new(
        Verb::Withdraw,
        &[State::Open],
        Some(State::Withdrawn),
        KEEPERS,
    )];
    const ADDING: Adding = Adding {
        who: KEEPERS,
        ways: &[ListVerb::Create],
    };

    fn state(&self) -> State {
        self.state
    }

    fn enter(&mut self, state: State) {
        self.state = state;
    }

    fn allows(&self, actor: &Actor) -> bool {
        matches!(actor, Actor::Person(by) if by.may_grant(self.rights(), &self.scope))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::walk;
    use crate::fixture::{everybody, merchant};

    #[test]
    fn an_open_invitation_is_taken_back_by_whoever_may_make_it() {
        let at = |state| Invitation {
            invitation_id: "I1".into(),
            token_digest: vec![7; 32],
            login: None,
            name: "店长".into(),
            role: Role::Manager,
            scope: Scope::Shop(merchant("M1"), "S1".into()),
            custom_role: None,
            state,
            made_by: "owner".into(),
            made_at: Timestamp(0),
            ends_at: Timestamp(LASTS_MS),
        };
        let wanted = [
            "open withdraw: owner:withdrawn stranger:no manager:no risk:withdrawn auditor:no",
            "accepted withdraw: owner:- stranger:no manager:no risk:- auditor:no",
            "withdrawn withdraw: owner:- stranger:no manager:no risk:- auditor:no",
        ];
        assert_eq!(walk(at, &everybody()), wanted);
        assert!(at(State::Open).works(Timestamp(LASTS_MS - 1)));
        assert!(!at(State::Open).works(Timestamp(LASTS_MS)) && !at(State::Accepted).works(Timestamp(0)));
    }
}

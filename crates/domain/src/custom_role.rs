//! Custom roles: some of the rights of a role, under a name of the house or of a merchant (R7.2).
//!
//! Invariant: a custom role never has a right that the role it is made from has not, nor one that whoever keeps it could not
//! give.

use crate::account::{Reach, Role, Scope};
use crate::actor::Actor;
use crate::case::{Adding, Case, ListVerb, Step, Who};
use crate::kept;
use crate::right::{Right, Rights};
use crate::{MerchantId, account};

pub use crate::kept::{State, Verb};

/// A custom role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomRole {
    /// Eight letters and digits.
    pub custom_role_id: String,
    /// What is said of it.
    pub details: Details,
    /// Whether it is given to people.
    pub state: State,
}

/// What is said of a custom role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// The merchant whose people have it; `None`: those of the house.
    pub merchant_id: Option<MerchantId>,
    /// How it is called.
    pub name: String,
    /// The role it is made from.
    pub role: Role,
    /// Which of that role's rights it has.
    pub rights: Rights,
}

impl Details {
    /// Whether the role is one of that place's people, and has all of the rights.
    pub const fn fit(&self) -> bool {
        let is_of_place = matches!(
            (self.role.reach(), self.merchant_id),
            (Reach::House, None) | (Reach::Merchant | Reach::Shop, Some(_))
        );
        is_of_place && Rights::of(self.role).has_all(self.rights)
    }

    /// What people of that place see at most.
    fn scope(&self) -> Scope {
        self.merchant_id.map_or(Scope::All, Scope::Merchant)
    }
}

const GIVERS: Who = Who::With(Right::GiveRights);

impl Case for CustomRole {
    type State = State;
    type Verb = Verb;
    const STEPS: &'static [Step<State, Verb>] = &{
        let [change, retire, restore] = kept::steps_of(GIVERS, GIVERS);
        [change.proving(), retire.proving(), restore.proving()]
    };
    const ADDING: Adding = Adding {
        who: GIVERS,
        ways: &[ListVerb::Create],
    };

    fn state(&self) -> State {
        self.state
    }

    fn enter(&mut self, state: State) {
        self.state = state;
    }

    fn allows(&self, actor: &Actor) -> bool {
        matches!(actor, Actor::Person(by) if by.may_grant(self.details.rights, &self.details.scope()))
    }
}

/// Whether somebody of that scope sees a custom role of that merchant's people, or of the house's.
pub fn seen_by(scope: &Scope, merchant_id: Option<MerchantId>) -> bool {
    account::seen_by(scope, &merchant_id.map_or(Scope::All, Scope::Merchant))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{may_add, walk};
    use crate::fixture::{everybody, merchant, person};

    fn role(merchant_id: Option<MerchantId>, role: Role, rights: &[Right]) -> CustomRole {
        CustomRole {
            custom_role_id: "R1".into(),
            details: Details {
                merchant_id,
                name: "夜班".into(),
                role,
                rights: Rights::new(rights),
            },
            state: State::Active,
        }
    }

    #[test]
    fn a_custom_role_has_some_of_the_rights_of_a_role_of_its_place() {
        let ours = Some(merchant("M1"));
        let fit = |it: CustomRole| it.details.fit();
        assert!(fit(role(ours, Role::Manager, &[Right::ReportLoss])));
        assert!(fit(role(None, Role::RiskOfficer, &[Right::EndLoss])));
        assert!(
            !fit(role(ours, Role::Manager, &[Right::EndLoss])),
            "more than a manager"
        );
        assert!(!fit(role(None, Role::Manager, &[])), "of no merchant");
        assert!(!fit(role(ours, Role::RiskOfficer, &[])), "the house's");
    }

    #[test]
    fn it_is_kept_by_whoever_may_give_what_is_in_it() {
        let at = |state| CustomRole {
            state,
            ..role(Some(merchant("M1")), Role::Manager, &[Right::ReportLoss])
        };
        let wanted = [
            "active change: owner:active stranger:no manager:no risk:active auditor:no",
            "active retire: owner:retired stranger:no manager:no risk:retired auditor:no",
            "active restore: owner:- stranger:no manager:no risk:- auditor:no",
            "retired change: owner:- stranger:no manager:no risk:- auditor:no",
            "retired retire: owner:- stranger:no manager:no risk:- auditor:no",
            "retired restore: owner:active stranger:no manager:no risk:active auditor:no",
        ];
        assert_eq!(walk(at, &everybody()), wanted);
        let of_house = role(None, Role::RiskOfficer, &[Right::EndLoss]);
        let adds = |role| may_add(&of_house, &person(role, Scope::All));
        assert!(adds(Role::RiskOfficer) && adds(Role::Administrator));
        assert!(!adds(Role::Operations) && !adds(Role::Auditor));
        assert!(!may_add(&of_house, &everybody()[0].1), "an owner");
    }
}

//! Contacts: whom a shop calls when something is wrong, outside the house (R1.1, R1.3).
//!
//! Invariant: a contact is never deleted, because cases may name it; one that is not used any more is retired, and what it says of
//! somebody can be erased then.

use crate::account::Scope;
use crate::actor::Actor;
use crate::case::{Adding, Case, ListVerb, Step, Text, Who};
use crate::kept::KEEPERS;
use crate::right::Right;
use crate::{MerchantId, merchant, words};

words! {
    /// Who it is.
    pub enum Kind {
        /// 收单机构.
        Acquirer = "acquirer",
        /// 银行.
        Bank = "bank",
        /// 派出所.
        Police = "police",
        /// 保险公司.
        Insurer = "insurer",
    }
}

words! {
    /// Whether it is in use.
    pub enum State {
        /// It is.
        Active = "active",
        /// Not any more.
        Retired = "retired",
        /// Nor is it said any more who it was.
        Erased = "erased",
    }
}

words! {
    /// What can be done with it.
    pub enum Verb {
        /// Write something else of it.
        Change = "change",
        /// Use it no more.
        Retire = "retire",
        /// Use it again.
        Restore = "restore",
        /// Erase who it was.
        Erase = "erase",
    }
}

/// Somebody outside whom a shop may have to reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Eight letters and digits.
    pub contact_id: String,
    /// What is said of it.
    pub details: Details,
    /// Whether it is in use.
    pub state: State,
}

/// What is said of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// The merchant whose contact it is; `None`: everybody's, kept by the acquirer.
    pub merchant_id: Option<MerchantId>,
    /// Who it is.
    pub kind: Kind,
    /// How it is called.
    pub name: String,
    /// The telephone number to call at any hour.
    pub hotline: Option<String>,
    /// Where a written request goes.
    pub email: Option<String>,
    /// What they know the merchant by: a contract or customer number.
    pub reference: Option<String>,
}

impl Contact {
    /// What it knows its merchant by; `None` of everybody's, whose reference is no merchant's.
    pub fn reference_of_merchant(&self) -> Option<&str> {
        self.details.merchant_id.and(self.details.reference.as_deref())
    }
}

impl Case for Contact {
    type State = State;
    type Verb = Verb;
    const STEPS: &'static [Step<State, Verb>] = &[
        Step::new(Verb::Change, &[State::Active], None, KEEPERS),
        Step::new(Verb::Retire, &[State::Active], Some(State::Retired), KEEPERS),
        Step::new(Verb::Restore, &[State::Retired], Some(State::Active), KEEPERS),
        Step::new(
            Verb::Erase,
            &[State::Retired],
            Some(State::Erased),
            Who::With(Right::SeePersonal),
        )
        .saying(Text::Required)
        .proving(),
    ];
    const ADDING: Adding = Adding {
        who: KEEPERS,
        ways: &[ListVerb::Create, ListVerb::Import],
    };

    fn state(&self) -> State {
        self.state
    }

    fn enter(&mut self, state: State) {
        self.state = state;
    }

    fn allows(&self, actor: &Actor) -> bool {
        actor
            .scope()
            .is_some_and(|scope| kept_by(scope, self.details.merchant_id))
    }
}

/// Whether somebody of that scope sees a contact of that merchant.
pub fn seen_by(scope: &Scope, merchant_id: Option<MerchantId>) -> bool {
    merchant_id.is_none_or(|merchant_id| merchant::seen_by(scope, merchant_id))
}

/// Whether somebody of that scope may keep a contact of that merchant: everybody's contacts are the acquirer's to keep.
pub fn kept_by(scope: &Scope, merchant_id: Option<MerchantId>) -> bool {
    match merchant_id {
        None => *scope == Scope::All,
        Some(merchant_id) => merchant::keeps(scope, merchant_id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Role;
    use crate::case::{list_actions, may_add, walk};
    use crate::fixture::{everybody, merchant, person};

    fn contact(merchant_id: Option<MerchantId>, state: State) -> Contact {
        Contact {
            contact_id: "C".into(),
            details: Details {
                merchant_id,
                kind: Kind::Police,
                name: "城南派出所".into(),
                hotline: None,
                email: None,
                reference: None,
            },
            state,
        }
    }

    #[test]
    fn the_owner_keeps_its_own_and_the_acquirer_all() {
        let ours = Some(merchant("M1"));
        let wanted = [
            "active change: owner:active stranger:no manager:no risk:active auditor:no",
            "active retire: owner:retired stranger:no manager:no risk:retired auditor:no",
            "active restore: owner:- stranger:no manager:no risk:- auditor:no",
            "active erase: owner:- stranger:no manager:no risk:- auditor:no",
            "retired change: owner:- stranger:no manager:no risk:- auditor:no",
            "retired retire: owner:- stranger:no manager:no risk:- auditor:no",
            "retired restore: owner:active stranger:no manager:no risk:active auditor:no",
            "retired erase: owner:erased stranger:no manager:no risk:erased auditor:no",
            "erased change: owner:- stranger:no manager:no risk:- auditor:no",
            "erased retire: owner:- stranger:no manager:no risk:- auditor:no",
            "erased restore: owner:- stranger:no manager:no risk:- auditor:no",
            "erased erase: owner:- stranger:no manager:no risk:- auditor:no",
        ];
        assert_eq!(walk(|state| contact(ours, state), &everybody()), wanted);
        let everybodys = walk(|state| contact(None, state), &everybody());
        assert_eq!(
            everybodys[0],
            "active change: owner:no stranger:no manager:no risk:active auditor:no"
        );
    }

    #[test]
    fn whoever_keeps_contacts_adds_its_own() {
        let owner = person(Role::Owner, Scope::Merchant(merchant("M1")));
        let auditor = person(Role::Auditor, Scope::All);
        assert_eq!(list_actions::<Contact>(&owner), ListVerb::ALL);
        assert_eq!(list_actions::<Contact>(&auditor), []);
        let of = |text| contact(Some(merchant(text)), State::Active);
        assert!(may_add(&of("M1"), &owner) && !may_add(&of("M2"), &owner));
        assert!(!may_add(&of("M1"), &auditor));
    }

    #[test]
    fn a_contact_of_another_merchant_is_not_seen_and_everybodys_is() {
        let shop = Scope::Shop(merchant("M1"), "S1".into());
        assert!(seen_by(&shop, Some(merchant("M1"))) && seen_by(&shop, None));
        assert!(!seen_by(&shop, Some(merchant("M2"))));
        assert!(!kept_by(&shop, Some(merchant("M1"))) && !kept_by(&Scope::Merchant(merchant("M1")), None));
    }
}

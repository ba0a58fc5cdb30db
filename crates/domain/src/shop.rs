//! Shops: the places where a merchant's terminals stand (R2.1).
//!
//! Invariant: a shop is never deleted, because cases name it; one that is closed is retired.

pub use crate::kept::{State, Verb};

use crate::MerchantId;
use crate::actor::Actor;
use crate::case::{Adding, Case, ListVerb, Step};
use crate::kept::{KEEPERS, steps};
use crate::merchant::keeps;

/// One place of business. (The word *store* is kept for the database.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shop {
    /// Our own key of the shop.
    pub shop_id: String,
    /// The merchant it belongs to.
    pub merchant_id: MerchantId,
    /// What its people call it, for example 城南店.
    pub name: String,
    /// Street address: the placement that 银发〔2021〕259号 一(一) binds a terminal to.
    pub address: String,
    /// Whether it is in business.
    pub state: State,
}

impl Case for Shop {
    type State = State;
    type Verb = Verb;
    const STEPS: &'static [Step<State, Verb>] = &steps(KEEPERS);
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
        actor.scope().is_some_and(|scope| keeps(scope, self.merchant_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::walk;
    use crate::fixture::{everybody, merchant};

    #[test]
    fn whoever_keeps_the_merchant_keeps_its_shops() {
        let at = |state| Shop {
            shop_id: "S1".into(),
            merchant_id: merchant("M1"),
            name: "城南店".into(),
            address: "1 Test Road".into(),
            state,
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
    }
}

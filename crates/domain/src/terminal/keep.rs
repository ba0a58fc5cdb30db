//! How a terminal is kept in the estate: changed, moved, given a key, retired. What its holds allow is in [`super::may`].
//!
//! Invariant: of a terminal that our gate decides, nothing that the gate goes by is changed by anybody but the acquirer.

use super::{Control, Status, Terminal};
use crate::actor::Actor;
use crate::case::{Adding, Case, ListVerb, Step, Text, Who};
use crate::right::{Object, Right, may};
use crate::words;

words! {
    /// What can be done with a terminal as a part of the estate.
    pub enum Verb {
        /// Write something else of it.
        Change = "change",
        /// It stands in another shop of its merchant now.
        Move = "move",
        /// It has another master key.
        SetKey = "set_key",
        /// It is not in use any more, and cannot transact.
        Retire = "retire",
        /// It is in use again.
        Restore = "restore",
    }
}

const KEEPERS: Who = Who::With(Right::KeepTerminal);
/// What our gate goes by.
const ACQUIRER: Who = Who::With(Right::KeepGate);

impl Case for Terminal {
    type State = Status;
    type Verb = Verb;
    const STEPS: &'static [Step<Status, Verb>] = &[
        // What was changed, from where to where.
        Step::new(Verb::Change, &[Status::Active], None, KEEPERS).saying(Text::Optional),
        Step::new(Verb::Move, &[Status::Active], None, KEEPERS).saying(Text::Optional),
        Step::new(Verb::SetKey, &[Status::Active], None, ACQUIRER).by_person(),
        Step::new(Verb::Retire, &[Status::Active], Some(Status::Retired), KEEPERS),
        Step::new(Verb::Restore, &[Status::Retired], Some(Status::Active), KEEPERS),
    ];
    const ADDING: Adding = Adding {
        who: KEEPERS,
        ways: &[ListVerb::Create],
    };

    fn state(&self) -> Status {
        self.status
    }

    fn enter(&mut self, status: Status) {
        self.status = status;
    }

    fn allows(&self, actor: &Actor) -> bool {
        let right = match self.control {
            Control::Gate => Right::KeepGate,
            Control::Outside => Right::KeepTerminal,
        };
        may(actor, right, Object::Merchant(self.bound.merchant_code))
    }

    fn allows_to(&self, verb: Verb, actor: &Actor) -> bool {
        match verb {
            // What people call it, and where it stands in the shop, is the shop's to say.
            Verb::Change => may(
                actor,
                Right::KeepTerminal,
                Object::Merchant(self.bound.merchant_code),
            ),
            Verb::Move | Verb::SetKey | Verb::Retire | Verb::Restore => self.allows(actor),
        }
    }

    fn hinders(&self, verb: Verb) -> bool {
        // A key is for our gate.
        verb == Verb::SetKey && self.control == Control::Outside
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TerminalId;
    use crate::case::{may_add, walk};
    use crate::fixture::{everybody, merchant};
    use crate::terminal::{About, BoundElements, SettlementAccount};

    fn terminal(control: Control, status: Status) -> Terminal {
        Terminal {
            terminal_id: TerminalId::parse(b"T1").unwrap(),
            serial: "SN1".into(),
            model: "P1".into(),
            name: "前台".into(),
            shop_id: "S1".into(),
            bound: BoundElements {
                acquirer_code: String::new(),
                merchant_code: merchant("M1"),
                unified_social_credit_code: String::new(),
                settlement_account: SettlementAccount::default(),
                placement_address: String::new(),
            },
            status,
            control,
            at_provider: None,
            language: "zh-CN".into(),
            time_zone: "Asia/Shanghai".into(),
            about: About::default(),
            key_check: None,
        }
    }

    #[test]
    fn the_acquirer_keeps_what_its_gate_decides_and_the_owner_the_rest() {
        let actors = everybody();
        let wanted = [
            "active change: owner:active stranger:no manager:no risk:active auditor:no",
            "active move: owner:no stranger:no manager:no risk:active auditor:no",
            "active set_key: owner:no stranger:no manager:no risk:active auditor:no",
            "active retire: owner:no stranger:no manager:no risk:retired auditor:no",
            "active restore: owner:no stranger:no manager:no risk:- auditor:no",
            "retired change: owner:- stranger:no manager:no risk:- auditor:no",
            "retired move: owner:no stranger:no manager:no risk:- auditor:no",
            "retired set_key: owner:no stranger:no manager:no risk:- auditor:no",
            "retired retire: owner:no stranger:no manager:no risk:- auditor:no",
            "retired restore: owner:no stranger:no manager:no risk:active auditor:no",
        ];
        assert_eq!(walk(|status| terminal(Control::Gate, status), &actors), wanted);
        let outside = walk(|status| terminal(Control::Outside, status), &actors);
        assert_eq!(
            outside[1..4],
            [
                "active move: owner:active stranger:no manager:no risk:active auditor:no",
                "active set_key: owner:no stranger:no manager:no risk:- auditor:no",
                "active retire: owner:retired stranger:no manager:no risk:retired auditor:no",
            ]
        );
        let owner = &actors[0].1;
        assert!(may_add(&terminal(Control::Outside, Status::Active), owner));
        assert!(!may_add(&terminal(Control::Gate, Status::Active), owner));
    }
}

//! What people may do with a terminal.

use super::{Control, Status, keep};
use crate::account::Role;
use crate::hold::{Kind, Standing};
use crate::words;

words! {
    /// What people can do with a terminal.
    pub enum Verb {
        /// Say that it is lost.
        ReportLoss = "report_loss",
        /// Lock it, as the cashier's key does.
        Lock = "lock",
        /// Unlock it by an operator's password.
        Unlock = "unlock",
        /// Write something else of it.
        Change = "change",
        /// Say that it stands in another shop now.
        Move = "move",
        /// Give it another master key.
        SetKey = "set_key",
        /// Use it no more.
        Retire = "retire",
        /// Use it again.
        Restore = "restore",
    }
}

impl From<keep::Verb> for Verb {
    fn from(verb: keep::Verb) -> Self {
        match verb {
            keep::Verb::Change => Self::Change,
            keep::Verb::Move => Self::Move,
            keep::Verb::SetKey => Self::SetKey,
            keep::Verb::Retire => Self::Retire,
            keep::Verb::Restore => Self::Restore,
        }
    }
}

/// What somebody of that role may do with a terminal in use now, besides keeping it ([`keep`]). Its states are its holds, so it has no
/// table of steps: a loss is reported of any that is in the estate, a cashier's lock goes on where none is and our gate would
/// keep it, and comes off where nothing else stands.
pub fn actions(status: Status, control: Control, standing: Standing, role: Role) -> Vec<Verb> {
    if status == Status::Retired || !role.may_act() {
        return Vec::new();
    }
    let may = |verb: &Verb| match verb {
        Verb::ReportLoss => !standing.has(Kind::Loss),
        Verb::Lock => {
            control == Control::Gate && !standing.has(Kind::CashierLock) && !standing.has(Kind::Loss)
        }
        Verb::Unlock => standing.may_unlock(),
        // By their table.
        Verb::Change | Verb::Move | Verb::SetKey | Verb::Retire | Verb::Restore => false,
    };
    Verb::ALL.into_iter().filter(may).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_done_follows_from_the_holds() {
        let held = |kinds: &[Kind]| kinds.iter().copied().collect::<Standing>();
        let verbs = |kinds: &[Kind], role| actions(Status::Active, Control::Gate, held(kinds), role);
        use Verb::{Lock, ReportLoss, Unlock};
        assert_eq!(verbs(&[], Role::Owner), [ReportLoss, Lock]);
        assert_eq!(verbs(&[Kind::CashierLock], Role::Manager), [ReportLoss, Unlock]);
        assert_eq!(
            verbs(&[Kind::CashierLock, Kind::Fault], Role::RiskOfficer),
            [ReportLoss]
        );
        assert_eq!(verbs(&[Kind::Loss], Role::Owner), []);
        assert_eq!(verbs(&[], Role::Auditor), []);
        assert_eq!(
            actions(Status::Retired, Control::Gate, held(&[]), Role::Owner),
            []
        );
        let outside = actions(Status::Active, Control::Outside, held(&[]), Role::Owner);
        assert_eq!(outside, [ReportLoss], "nobody would keep the lock");
    }
}

//! What people may do with a terminal.

use super::{Control, Status, keep};
use crate::actor::Actor;
use crate::hold::{Kind, Standing};
use crate::right::{Object, Right, may};
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

/// What somebody who sees it may do with a terminal in use now, besides keeping it ([`keep`]). Its states are its holds, so it has no
/// table of steps: a loss is reported of any that is in the estate, a cashier's lock goes on where none is and our gate would
/// keep it, and comes off where nothing else stands.
pub fn actions(status: Status, control: Control, standing: Standing, actor: &Actor) -> Vec<Verb> {
    if status == Status::Retired {
        return Vec::new();
    }
    let holds = |right| may(actor, right, Object::Seen);
    let is_open = |verb: &Verb| match verb {
        Verb::ReportLoss => holds(Right::ReportLoss) && !standing.has(Kind::Loss),
        Verb::Lock => {
            let is_free = !standing.has(Kind::CashierLock) && !standing.has(Kind::Loss);
            holds(Right::LockTerminal) && control == Control::Gate && is_free
        }
        Verb::Unlock => holds(Right::LockTerminal) && standing.may_unlock(),
        // By their table.
        Verb::Change | Verb::Move | Verb::SetKey | Verb::Retire | Verb::Restore => false,
    };
    Verb::ALL.into_iter().filter(is_open).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Role, Scope};
    use crate::fixture::person;

    #[test]
    fn what_may_be_done_follows_from_the_holds() {
        let held = |kinds: &[Kind]| kinds.iter().copied().collect::<Standing>();
        let by = |role| person(role, Scope::All);
        let verbs = |kinds: &[Kind], role| actions(Status::Active, Control::Gate, held(kinds), &by(role));
        use Verb::{Lock, ReportLoss, Unlock};
        assert_eq!(verbs(&[], Role::Owner), [ReportLoss, Lock]);
        assert_eq!(verbs(&[Kind::CashierLock], Role::Manager), [ReportLoss, Unlock]);
        assert_eq!(
            verbs(&[Kind::CashierLock, Kind::Fault], Role::RiskOfficer),
            [ReportLoss]
        );
        assert_eq!(verbs(&[Kind::Loss], Role::Owner), []);
        assert_eq!(verbs(&[], Role::Cashier), [ReportLoss, Lock]);
        assert_eq!(verbs(&[], Role::FieldEngineer), [ReportLoss]);
        assert_eq!(verbs(&[], Role::Auditor), []);
        assert_eq!(
            actions(Status::Retired, Control::Gate, held(&[]), &by(Role::Owner)),
            []
        );
        let outside = actions(Status::Active, Control::Outside, held(&[]), &by(Role::Owner));
        assert_eq!(outside, [ReportLoss], "nobody would keep the lock");
    }
}

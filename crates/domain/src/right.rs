//! Rights: who may do what to what (R7.2). Every table of steps, every route and every page goes by [`may`].
//!
//! A role has rights by the table in [`Rights::of`]; a custom role has some of those of the role it is made from.
//!
//! Invariant: nobody does what no right allows, nor to anything outside of what the account sees; a right that is not in the table
//! is nobody's.

use crate::account::{Role, Scope};
use crate::actor::Actor;
use crate::merchant::keeps;
use crate::{MerchantId, words};

words! {
    /// What somebody may do. Rows keep the places in this list: a new one goes to its end.
    pub enum Right {
        /// Say that a terminal is lost, and what one knows of it.
        ReportLoss = "report_loss",
        /// See to what follows a loss: what the acquirer answers, alarms, that the terminal is found.
        FollowLoss = "follow_loss",
        /// Confirm that a terminal is found, which lets it trade again.
        EndLoss = "end_loss",
        /// Lock and unlock a terminal as the cashier's key does.
        LockTerminal = "lock_terminal",
        /// Keep the operators of a shop and their passwords.
        KeepOperator = "keep_operator",
        /// Keep merchants' particulars, shops and contacts.
        KeepShop = "keep_shop",
        /// Keep terminals that somebody else decides, and what is known of any terminal.
        KeepTerminal = "keep_terminal",
        /// Keep what our own gate decides by: its terminals and their master keys.
        KeepGate = "keep_gate",
        /// Sign merchants on, and off.
        SignMerchant = "sign_merchant",
        /// Keep keys for the providers of terminals.
        KeepProvider = "keep_provider",
        /// Give rights to people, and take them away.
        GiveRights = "give_rights",
        /// Keep the settings of the house.
        Administer = "administer",
        /// Decide about work that is stuck.
        DecideWork = "decide_work",
        /// See how the house itself is running: its work, its gate.
        SeeHouse = "see_house",
        /// Read the record of who did what.
        SeeRecord = "see_record",
        /// See personal data in full, for a reason that is recorded; answer a person's request to see or erase them.
        SeePersonal = "see_personal",
        /// Write the house's own playbooks and templates, and sign off what others wrote.
        KeepRevision = "keep_revision",
        /// Write, decide and file reports of suspicious transactions, and be told that there are any.
        ReportSuspicion = "report_suspicion",
    }
}

impl Right {
    const fn bit(self) -> u32 {
        1 << self as u32
    }

    /// Whether it is people's alone, and never a program's: what ends a loss, gives rights, sets passwords and secrets,
    /// decides what nobody knows, sees what is personal, says what must follow a loss, or is kept from those it is about.
    pub const fn is_peoples(self) -> bool {
        matches!(
            self,
            Self::EndLoss
                | Self::KeepOperator
                | Self::KeepProvider
                | Self::GiveRights
                | Self::Administer
                | Self::DecideWork
                | Self::SeePersonal
                | Self::KeepRevision
                | Self::ReportSuspicion
        )
    }

    /// Whether it only shows something.
    const fn only_shows(self) -> bool {
        matches!(self, Self::SeeHouse | Self::SeeRecord | Self::SeePersonal)
    }
}

/// Some of the rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights(u32);

impl Rights {
    /// Those of a list.
    pub const fn new(rights: &[Right]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < rights.len() {
            bits |= rights[at].bit();
            at += 1;
        }
        Self(bits)
    }

    /// All there are.
    pub const fn all() -> Self {
        Self::new(&Right::ALL)
    }

    /// Those of a role.
    pub const fn of(role: Role) -> Self {
        use Right::{
            Administer, DecideWork, EndLoss, FollowLoss, GiveRights, KeepGate, KeepOperator, KeepProvider,
            KeepRevision, KeepShop, KeepTerminal, LockTerminal, ReportLoss, SeeHouse, SeePersonal, SeeRecord,
            SignMerchant,
        };
        match role {
            Role::Cashier => Self::new(&[ReportLoss, LockTerminal]),
            Role::Manager => Self::new(&[ReportLoss, FollowLoss, LockTerminal, KeepOperator]),
            Role::Owner => Self::new(&[
                ReportLoss,
                FollowLoss,
                EndLoss,
                LockTerminal,
                KeepOperator,
                KeepShop,
                KeepTerminal,
                KeepProvider,
                GiveRights,
                Administer,
                SeeRecord,
                SeePersonal,
                KeepRevision,
            ]),
            Role::FieldEngineer => Self::new(&[ReportLoss, KeepTerminal]),
            Role::Operations => Self::new(&[
                ReportLoss,
                FollowLoss,
                LockTerminal,
                KeepOperator,
                KeepShop,
                KeepTerminal,
                KeepGate,
                SignMerchant,
                DecideWork,
                SeeHouse,
            ]),
            Role::RiskOfficer => Self::all(),
            Role::Administrator => Self::new(&[GiveRights, Administer, SeeHouse, SeeRecord]),
            Role::Auditor => Self::new(&[SeeHouse, SeeRecord]),
        }
    }

    /// As a row keeps them: the n-th right of the list is bit n.
    pub const fn bits(self) -> i64 {
        self.0 as i64
    }

    /// Those that a row keeps; what is no right any more is left out.
    pub const fn from_bits(bits: i64) -> Self {
        Self(bits as u32 & Self::all().0)
    }

    /// Whether this one is among them.
    pub const fn has(self, right: Right) -> bool {
        self.0 & right.bit() != 0
    }

    /// Whether all of the others are.
    pub const fn has_all(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// Those that a program may have.
    pub fn without_peoples(self) -> Self {
        self.iter().filter(|right| !right.is_peoples()).collect()
    }

    /// Those that the others have too.
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// Whether with any of them something is changed.
    pub fn acts(self) -> bool {
        self.iter().any(|right| !right.only_shows())
    }

    /// They, in the order of the list.
    pub fn iter(self) -> impl Iterator<Item = Right> {
        Right::ALL.into_iter().filter(move |right| self.has(*right))
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<I: IntoIterator<Item = Right>>(rights: I) -> Self {
        Self(rights.into_iter().fold(0, |bits, right| bits | right.bit()))
    }
}

/// To what something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    /// Whatever the actor sees: that it is seen was asked before.
    Seen,
    /// The house itself.
    House,
    /// The whole of a merchant.
    Merchant(MerchantId),
}

/// Whether the actor may do that to that.
pub fn may(actor: &Actor, right: Right, object: Object) -> bool {
    let Some(scope) = actor.scope() else {
        return false;
    };
    let reaches = match object {
        Object::Seen => true,
        Object::House => *scope == Scope::All,
        Object::Merchant(merchant_id) => keeps(scope, merchant_id),
    };
    reaches && actor.rights().has(right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{account, merchant, person};

    /// The table as people read it.
    const PAGE: &str = include_str!("../../../docs/ACCESS.md");

    #[test]
    fn each_role_has_the_rights_that_the_page_says() {
        let cells = |line: &'static str| -> Vec<&str> {
            let cells = line.trim_matches('|').split('|');
            cells.map(|cell| cell.trim().trim_matches('`')).collect()
        };
        let mut lines = PAGE.lines().skip_while(|line| !line.starts_with("| right |"));
        let roles: Vec<Role> = cells(lines.next().unwrap())[2..]
            .iter()
            .map(|role| Role::parse(role).unwrap())
            .collect();
        assert_eq!(roles, Role::ALL);
        let mut rights = Vec::new();
        for line in lines.skip(1).take_while(|line| line.starts_with('|')) {
            let cells = cells(line);
            let right = Right::parse(cells[0]).unwrap();
            rights.push(right);
            for (role, cell) in roles.iter().zip(&cells[2..]) {
                assert_eq!(Rights::of(*role).has(right), *cell == "✓", "{role:?} {right:?}");
            }
        }
        assert_eq!(rights, Right::ALL);
    }

    #[test]
    fn a_right_reaches_no_further_than_the_scope() {
        let (ours, theirs) = (merchant("M1"), merchant("M2"));
        let objects = [
            Object::Seen,
            Object::House,
            Object::Merchant(ours),
            Object::Merchant(theirs),
        ];
        let reaches = |role, scope| {
            let actor = person(role, scope);
            objects.map(|object| may(&actor, Right::ReportLoss, object))
        };
        assert_eq!(reaches(Role::RiskOfficer, Scope::All), [true; 4]);
        let owner = reaches(Role::Owner, Scope::Merchant(ours));
        assert_eq!(owner, [true, false, true, false]);
        let manager = reaches(Role::Manager, Scope::Shop(ours, "S1".into()));
        assert_eq!(manager, [true, false, false, false]);
        assert_eq!(reaches(Role::Auditor, Scope::All), [false; 4]);
        assert!(!may(
            &Actor::Node("node-1".into()),
            Right::ReportLoss,
            Object::Seen
        ));
    }

    #[test]
    fn only_an_auditor_changes_nothing() {
        for role in Role::ALL {
            assert_eq!(account(role, Scope::All).rights().acts(), role != Role::Auditor);
        }
        assert!(!Rights::default().acts());
    }
}

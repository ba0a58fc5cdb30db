//! Holds: the one mechanism by which a terminal is stopped.
//!
//! Each hold is a fact: its kind, its cause, who placed it, when, until when, and who may release it. Several may
//! stand together.
//!
//! Invariant: a terminal may transact only when no hold stands, and a hold stops standing only by its end or by a
//! release of its own authority.

use crate::{Timestamp, words};

words! {
    /// Why a terminal is stopped.
    pub enum Kind {
        /// The cashier locked it (R5.1).
        CashierLock = "cashier_lock",
        /// Too many wrong passwords in a row; ends by itself (R5.3).
        WrongPasswords = "wrong_passwords",
        /// Too many wrong passwords in all; the bank releases it (R5.3).
        BankLock = "bank_lock",
        /// A court or the police froze it (R5.4).
        JudicialFreeze = "judicial_freeze",
        /// It is broken (R5.2, R5.5).
        Fault = "fault",
        /// It was reported lost or stolen; sticky until two people say that it was found (R1.2).
        Loss = "loss",
        /// It was seen outside the place it is bound to (259号 三(三)).
        Geofence = "geofence",
        /// Its inspection is overdue (R2.3).
        InspectionOverdue = "inspection_overdue",
        /// Its operating lease ran out.
        LeaseExpired = "lease_expired",
        /// It takes a lost one's place and is not live yet (R1.4).
        Commissioning = "commissioning",
        /// It was used as a stolen one would be, and nobody has said that it is there.
        Unanswered = "unanswered",
    }
}

words! {
    /// Who may release a hold.
    pub enum Authority {
        /// An operator of the shop, by number and password.
        Operator = "operator",
        /// Nobody; it ends at its time.
        Time = "time",
        /// The bank that keeps the merchant's account.
        Bank = "bank",
        /// A recorded order of the authority that froze it.
        Court = "court",
        /// A field engineer, after a test.
        Engineer = "engineer",
        /// Closing the loss incident, by two people.
        Incident = "incident",
        /// The acquirer, after the place was verified.
        Placement = "placement",
        /// An inspector, by the inspection.
        Inspector = "inspector",
        /// A new lease.
        Lease = "lease",
        /// The replacement that it is of: for its test, and when it goes live.
        Replacement = "replacement",
        /// Somebody's answer that it is with them.
        Question = "question",
    }
}

impl Kind {
    /// Who may release a hold of this kind.
    pub const fn releasing_authority(self) -> Authority {
        match self {
            Self::CashierLock => Authority::Operator,
            Self::WrongPasswords => Authority::Time,
            Self::BankLock => Authority::Bank,
            Self::JudicialFreeze => Authority::Court,
            Self::Fault => Authority::Engineer,
            Self::Loss => Authority::Incident,
            Self::Geofence => Authority::Placement,
            Self::InspectionOverdue => Authority::Inspector,
            Self::LeaseExpired => Authority::Lease,
            Self::Commissioning => Authority::Replacement,
            Self::Unanswered => Authority::Question,
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// The release of a hold: who, by what authority, when, on what ground.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// By what authority.
    pub authority: Authority,
    /// On what ground.
    pub ground: String,
}

/// A hold on one terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The ledger sequence of its placing: unique within the terminal.
    pub hold_id: i64,
    /// Why the terminal is stopped.
    pub kind: Kind,
    /// What happened, in a few words.
    pub cause: String,
    /// Who placed it.
    pub placed_by: String,
    /// When.
    pub placed_at: Timestamp,
    /// Its end, where it has one.
    pub until: Option<Timestamp>,
    /// The incident it belongs to.
    pub incident_id: Option<String>,
    /// Its release, once there is one.
    pub release: Option<Release>,
}

/// Why a hold was not released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseError {
    /// Another authority is needed.
    WrongAuthority(Authority),
    /// It does not stand any more.
    NotStanding,
}

impl Hold {
    /// Whether the hold stands at `now`.
    pub fn stands(&self, now: Timestamp) -> bool {
        self.release.is_none() && self.until.is_none_or(|until| now < until)
    }

    /// Releases the hold, if it stands and the authority is the right one.
    pub fn release(&mut self, release: Release) -> Result<(), ReleaseError> {
        if !self.stands(release.at) {
            return Err(ReleaseError::NotStanding);
        }
        let needed = self.kind.releasing_authority();
        if release.authority != needed || needed == Authority::Time {
            return Err(ReleaseError::WrongAuthority(needed));
        }
        self.release = Some(release);
        Ok(())
    }
}

/// The kinds of hold that stand on a terminal at one moment.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing(u16);

impl Standing {
    /// The kinds of those holds that stand at `now`.
    pub fn of<'a>(holds: impl IntoIterator<Item = &'a Hold>, now: Timestamp) -> Self {
        holds
            .into_iter()
            .filter(|hold| hold.stands(now))
            .map(|hold| hold.kind)
            .collect()
    }

    /// Whether the terminal may transact: no hold stands.
    pub const fn may_transact(self) -> bool {
        self.0 == 0
    }

    /// Whether a sign-in may hand out fresh working keys. A cashier lock alone does not prevent it: the keys are
    /// what the unlock on the terminal is protected with.
    pub const fn may_sign_in(self) -> bool {
        self.0 & !Kind::CashierLock.bit() == 0
    }

    /// Whether an operator's password may unlock the terminal: the cashier lock stands, and nothing else does.
    pub const fn may_unlock(self) -> bool {
        self.0 == Kind::CashierLock.bit()
    }

    /// Whether a hold of this kind stands.
    pub const fn has(self, kind: Kind) -> bool {
        self.0 & kind.bit() != 0
    }

    /// The standing kinds.
    pub fn kinds(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(move |kind| self.has(*kind))
    }

    /// The standing kinds as one word for the ledger, for example `held:loss+cashier_lock`; never sent to a terminal.
    pub fn reason(self) -> String {
        let kinds: Vec<&str> = self.kinds().map(Kind::code).collect();
        format!("held:{}", kinds.join("+"))
    }
}

impl FromIterator<Kind> for Standing {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |bits, kind| bits | kind.bit()))
    }
}

impl std::fmt::Debug for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.kinds()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hold(hold_id: i64, kind: Kind, placed_at: i64, until: Option<i64>) -> Hold {
        Hold {
            hold_id,
            kind,
            cause: String::new(),
            placed_by: "test".into(),
            placed_at: Timestamp(placed_at),
            until: until.map(Timestamp),
            incident_id: None,
            release: None,
        }
    }

    fn release(authority: Authority, at: i64) -> Release {
        Release {
            at: Timestamp(at),
            by: "test".into(),
            authority,
            ground: String::new(),
        }
    }

    #[derive(Clone, Debug)]
    enum Act {
        Place(Kind, Option<i64>),
        Release(usize, Authority),
    }

    fn kind() -> impl Strategy<Value = Kind> {
        proptest::sample::select(&Kind::ALL[..])
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            (kind(), proptest::option::of(0_i64..60)).prop_map(|(kind, after)| Act::Place(kind, after)),
            (0_usize..20, proptest::sample::select(&Authority::ALL[..]))
                .prop_map(|(nth, by)| Act::Release(nth, by)),
        ]
    }

    proptest! {
        /// No order of placing and releasing lets a terminal transact while one hold stands.
        #[test]
        fn a_terminal_never_transacts_while_a_hold_stands(acts in proptest::collection::vec(act(), 0..60)) {
            let mut holds: Vec<Hold> = Vec::new();
            // The model is independent: which (kind, end) were placed and not rightly released.
            let mut open: Vec<(i64, Kind, Option<i64>)> = Vec::new();
            for (now, act) in acts.into_iter().enumerate() {
                let now = now as i64;
                match act {
                    Act::Place(kind, after) => {
                        let until = after.map(|after| now + after);
                        holds.push(hold(now, kind, now, until));
                        open.push((now, kind, until));
                    }
                    Act::Release(nth, by) => {
                        if let Some(target) = holds.get_mut(nth) {
                            let done = target.release(release(by, now)).is_ok();
                            let right = by == target.kind.releasing_authority() && by != Authority::Time;
                            let id = target.hold_id;
                            let stood = open.iter().any(|(o, _, end)| *o == id && end.is_none_or(|end| now < end));
                            prop_assert_eq!(done, right && stood);
                            if done {
                                open.retain(|(o, _, _)| *o != id);
                            }
                        }
                    }
                }
                let standing = Standing::of(&holds, Timestamp(now));
                let any_stands = open.iter().any(|(_, _, until)| until.is_none_or(|until| now < until));
                prop_assert_eq!(standing.may_transact(), !any_stands);
            }
        }

        /// Only the right authority releases each kind.
        #[test]
        fn only_its_own_authority_releases_a_hold(kind in kind()) {
            for authority in Authority::ALL {
                let mut one = hold(1, kind, 0, None);
                let released = one.release(release(authority, 1)).is_ok();
                prop_assert_eq!(released, authority == kind.releasing_authority() && authority != Authority::Time);
                prop_assert_eq!(one.stands(Timestamp(2)), !released);
            }
        }

        /// Reading a set of kinds back gives the same kinds, whatever the order they came in.
        #[test]
        fn a_standing_set_is_the_set_of_its_kinds(kinds in proptest::collection::vec(kind(), 0..12)) {
            let standing: Standing = kinds.iter().copied().collect();
            for each in Kind::ALL {
                prop_assert_eq!(standing.has(each), kinds.contains(&each));
            }
            prop_assert_eq!(standing.may_transact(), kinds.is_empty());
        }
    }

    #[test]
    fn a_lost_terminal_neither_signs_in_nor_unlocks() {
        let both: Standing = [Kind::Loss, Kind::CashierLock].into_iter().collect();
        assert!(!both.may_sign_in());
        assert!(!both.may_unlock());
        assert_eq!(both.reason(), "held:cashier_lock+loss");
        let locked: Standing = [Kind::CashierLock].into_iter().collect();
        assert!(locked.may_sign_in() && locked.may_unlock() && !locked.may_transact());
    }

    #[test]
    fn every_kind_is_found_again_by_its_code() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.code()), Some(kind));
        }
        assert_eq!(Kind::parse("stolen"), None);
    }
}

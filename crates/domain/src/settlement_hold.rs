//! Holds on settlement: what a terminal or a merchant took is not paid out for a while, on a ground, by two people of the house (R1.3).
//!
//! ```text
//! proposed ─confirm→ standing ─release→ release proposed ─confirm→ released
//!    └───withdraw→ withdrawn  ↑──────────withdraw─┘
//! ```
//!
//! A hold is a fact for whatever program pays out: it stops no terminal, and says nothing of what a bank has paid. Each stands by itself,
//! also beside others of the same money.
//!
//! Invariant: no hold begins or is released by one person alone, and none outlives its term, which follows from the clock and is not kept.

use crate::account::Scope as Reach;
use crate::actor::Actor;
use crate::attachment::Withdrawn;
use crate::case::{Adding, Case, ListVerb, Step, Text, Who};
use crate::merchant::keeps;
use crate::right::{Object, Right, may};
use crate::time::HOUR_MS;
use crate::{MerchantId, TerminalId, Timestamp, words};

/// Longest term, in days from the one on which it is proposed; the shortest is one.
pub const DAYS_MAX: i64 = 180;
/// Longest text of a ground, characters.
pub const GROUND_CHARS_MAX: usize = 500;
/// Holds of one merchant that stand or are proposed at a time.
pub const OPEN_MAX: i64 = 20;
/// How long the words of one are kept after it is over: 3 years, as those of a case.
pub const KEPT_MS: i64 = 1_095 * 24 * HOUR_MS;

words! {
    /// Whose settlement is held.
    pub enum Scope {
        /// What one terminal took.
        Terminal = "terminal",
        /// What all of a merchant's terminals took.
        Merchant = "merchant",
    }
}

words! {
    /// Why. A freeze of the settlement account by a court or the police would be one more.
    pub enum Ground {
        /// 涉嫌欺诈.
        SuspectedFraud = "suspected_fraud",
        /// 终端遗失或被盗.
        TerminalLost = "terminal_lost",
        /// 争议.
        Dispute = "dispute",
        /// 有权机关的命令: by its text, of whom and under which number.
        AuthorityOrder = "authority_order",
    }
}

words! {
    /// Where one stands, as it is kept.
    pub enum State {
        /// One person wants it.
        Proposed = "proposed",
        /// A second person agreed.
        Standing = "standing",
        /// It stands, and one person wants it not to.
        ReleaseProposed = "release_proposed",
        /// A second person agreed to that.
        Released = "released",
        /// It was taken back, or refused, before it stood.
        Withdrawn = "withdrawn",
    }
}

words! {
    /// Where one stands at a moment.
    pub enum Phase {
        /// It waits for a second person.
        Proposed = "proposed",
        /// It is in force.
        Standing = "standing",
        /// Two people released it.
        Released = "released",
        /// Its term is over.
        Ended = "ended",
        /// It never stood.
        Withdrawn = "withdrawn",
    }
}

words! {
    /// What people do with one.
    pub enum Verb {
        /// Agree to what another person proposed: that it stands, or that it does not any more.
        Confirm = "confirm",
        /// Propose to release it.
        Release = "release",
        /// Take back or refuse what was proposed.
        Withdraw = "withdraw",
    }
}

words! {
    /// What a second person is asked to agree to.
    pub enum Proposed {
        /// That it stands.
        Hold = "hold",
        /// That it is released.
        Release = "release",
    }
}

impl Proposed {
    /// Where a hold of which that is proposed stands.
    pub const fn state(self) -> State {
        match self {
            Self::Hold => State::Proposed,
            Self::Release => State::ReleaseProposed,
        }
    }
}

/// That somebody wants it released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why, in that person's words; `None` once they are forgotten.
    pub ground: Option<String>,
}

/// A hold on settlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettlementHold {
    /// Eight letters and digits.
    pub settlement_hold_id: String,
    /// Whose money it is.
    pub merchant_id: MerchantId,
    /// What this terminal took; `None`: what all of the merchant's took.
    pub terminal_id: Option<TerminalId>,
    /// The loss that it is about.
    pub incident_id: Option<String>,
    /// Why.
    pub ground: Ground,
    /// The same in somebody's words; `None` once they are forgotten.
    pub ground_text: Option<String>,
    /// The last day, by the clock of the house: `2026-12-27`.
    pub until_on: String,
    /// The first moment after that day.
    pub until: Timestamp,
    /// Where it stands, but for its term.
    pub state: State,
    /// Who wanted it.
    pub proposed_by: String,
    /// When.
    pub proposed_at: Timestamp,
    /// The second person.
    pub confirmed_by: Option<String>,
    /// Since when it stood; `None`: it never did.
    pub since: Option<Timestamp>,
    /// That somebody wants it released, or wanted so before it was.
    pub release: Option<Release>,
    /// The second person of its release.
    pub released_by: Option<String>,
    /// When.
    pub released_at: Option<Timestamp>,
    /// That it was taken back or refused.
    pub withdrawn: Option<Withdrawn>,
    /// When a program of the house first read that it stands.
    pub read_at: Option<Timestamp>,
}

const KEEPERS: Who = Who::With(Right::SignMerchant);

const fn confirm(from: &'static [State], to: State) -> Step<State, Verb> {
    let step = Step::new(Verb::Confirm, from, Some(to), KEEPERS)
        .saying(Text::Optional)
        .proving();
    Step {
        second_person: true,
        ..step
    }
}

const fn withdraw(from: &'static [State], to: State) -> Step<State, Verb> {
    Step::new(Verb::Withdraw, from, Some(to), KEEPERS)
        .saying(Text::Optional)
        .by_person()
}

impl Case for SettlementHold {
    type State = State;
    type Verb = Verb;
    const STEPS: &'static [Step<State, Verb>] = &[
        confirm(&[State::Proposed], State::Standing),
        confirm(&[State::ReleaseProposed], State::Released),
        Step::new(
            Verb::Release,
            &[State::Standing],
            Some(State::ReleaseProposed),
            KEEPERS,
        )
        .saying(Text::Required)
        .by_person(),
        withdraw(&[State::Proposed], State::Withdrawn),
        withdraw(&[State::ReleaseProposed], State::Standing),
    ];
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

    fn first_person(&self) -> Option<&str> {
        match self.state {
            State::ReleaseProposed => self.release.as_ref().map(|release| release.by.as_str()),
            _ => Some(&self.proposed_by),
        }
    }

    /// Only those who run the house hold what others took.
    fn allows(&self, actor: &Actor) -> bool {
        may(actor, Right::SignMerchant, Object::House)
    }
}

impl SettlementHold {
    /// Whose settlement is held.
    pub const fn scope(&self) -> Scope {
        match self.terminal_id {
            Some(_) => Scope::Terminal,
            None => Scope::Merchant,
        }
    }

    /// Where it stands at a moment.
    pub fn phase(&self, now: Timestamp) -> Phase {
        match self.state {
            State::Released => Phase::Released,
            State::Withdrawn => Phase::Withdrawn,
            _ if self.until <= now => Phase::Ended,
            State::Proposed => Phase::Proposed,
            State::Standing | State::ReleaseProposed => Phase::Standing,
        }
    }

    /// From when until when it stood, or has stood so far; `None`: it never did.
    pub fn stood(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let released = self.released_at.unwrap_or(now);
        Some((self.since?, released.min(self.until).min(now)))
    }

    /// Whether both are about some of the same money.
    pub fn overlaps(&self, other: &Self) -> bool {
        let is_one = match (self.terminal_id, other.terminal_id) {
            (Some(one), Some(another)) => one == another,
            _ => true,
        };
        self.merchant_id == other.merchant_id && is_one
    }

    /// Whether somebody of that scope sees it: those who run the house, and, once it has stood, those over the whole of the merchant.
    pub fn seen_by(&self, scope: &Reach) -> bool {
        match scope {
            Reach::All => true,
            _ => self.since.is_some() && keeps(scope, self.merchant_id),
        }
    }

    /// Whether somebody reads why and by whom: those of the house who decide about such holds, and those who check what they did. Never
    /// those it is about, nor a program that only has to know that it stands.
    pub fn is_explained_to(actor: &Actor) -> bool {
        [Right::SignMerchant, Right::SeeRecord]
            .into_iter()
            .any(|right| may(actor, right, Object::House))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Account, Role};
    use crate::case::{NotTaken, decide, may_add, walk};
    use crate::fixture::{account, everybody, merchant, person};

    fn hold(state: State) -> SettlementHold {
        let stood = !matches!(state, State::Proposed | State::Withdrawn);
        SettlementHold {
            settlement_hold_id: "H".into(),
            merchant_id: merchant("M1"),
            terminal_id: None,
            incident_id: None,
            ground: Ground::SuspectedFraud,
            ground_text: Some("three refunds without a sale".into()),
            until_on: "2026-12-27".into(),
            until: Timestamp(1_000),
            state,
            proposed_by: "wang".into(),
            proposed_at: Timestamp(1),
            confirmed_by: stood.then(|| "li".into()),
            since: stood.then_some(Timestamp(2)),
            release: (state == State::ReleaseProposed).then(|| Release {
                by: "li".into(),
                at: Timestamp(3),
                ground: Some("they were returns".into()),
            }),
            released_by: None,
            released_at: None,
            withdrawn: None,
            read_at: None,
        }
    }

    #[test]
    fn nobody_of_a_shop_holds_or_releases_anything() {
        let lines = walk(hold, &everybody());
        let wanted = [
            ("proposed", ["standing", "-", "withdrawn"]),
            ("standing", ["-", "release_proposed", "-"]),
            ("release_proposed", ["released", "-", "standing"]),
            ("released", ["-"; 3]),
            ("withdrawn", ["-"; 3]),
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
        assert_eq!(lines, wanted);
        let adds = everybody().map(|(_, actor)| may_add(&hold(State::Proposed), &actor));
        assert_eq!(adds, [false, false, false, true, false]);
        // Not even with the right, where it does not reach the house.
        let ours = person(Role::RiskOfficer, Reach::Merchant(merchant("M1")));
        let refused = decide(&hold(State::Proposed), Verb::Confirm, &ours).map(drop);
        assert_eq!(refused, Err(NotTaken::NotAllowed));
    }

    #[test]
    fn a_second_account_confirms_whatever_people_are_called() {
        let by = |login: &str, name: &str| {
            Actor::Person(Account {
                login: login.into(),
                name: name.into(),
                ..account(Role::RiskOfficer, Reach::All)
            })
        };
        let confirms = |state, login: &str, name: &str| {
            decide(&hold(state), Verb::Confirm, &by(login, name)).map(|step| step.to)
        };
        let second = Err(NotTaken::SecondPersonRequired);
        assert_eq!(confirms(State::Proposed, "wang", "Wang"), second);
        assert_eq!(confirms(State::Proposed, "wang", "Li"), second);
        assert_eq!(confirms(State::Proposed, "li", "Wang"), Ok(Some(State::Standing)));
        // Whoever proposed the release; that person may have confirmed the hold, or proposed it.
        assert_eq!(confirms(State::ReleaseProposed, "li", "Zhao"), second);
        assert_eq!(
            confirms(State::ReleaseProposed, "wang", "Wang"),
            Ok(Some(State::Released))
        );
    }

    #[test]
    fn its_term_ends_it_whatever_it_waits_for() {
        for (state, before, after) in [
            (State::Proposed, Phase::Proposed, Phase::Ended),
            (State::Standing, Phase::Standing, Phase::Ended),
            (State::ReleaseProposed, Phase::Standing, Phase::Ended),
            (State::Released, Phase::Released, Phase::Released),
            (State::Withdrawn, Phase::Withdrawn, Phase::Withdrawn),
        ] {
            assert_eq!(hold(state).phase(Timestamp(999)), before, "{state:?}");
            assert_eq!(hold(state).phase(Timestamp(1_000)), after, "{state:?}");
        }
        let stood = |it: &SettlementHold, now| it.stood(Timestamp(now)).map(|(from, to)| (from.0, to.0));
        let mut it = hold(State::Standing);
        assert_eq!(stood(&hold(State::Proposed), 500), None);
        assert_eq!(stood(&it, 500), Some((2, 500)));
        assert_eq!(stood(&it, 5_000), Some((2, 1_000)));
        it.released_at = Some(Timestamp(700));
        assert_eq!(stood(&it, 5_000), Some((2, 700)));
    }

    #[test]
    fn its_merchant_sees_it_once_it_stands_and_never_why() {
        let ours = Reach::Merchant(merchant("M1"));
        let scopes = [
            Reach::All,
            ours.clone(),
            Reach::Shop(merchant("M1"), "S1".into()),
            Reach::Merchant(merchant("M2")),
        ];
        let sees = |state| scopes.each_ref().map(|scope| hold(state).seen_by(scope));
        assert_eq!(sees(State::Proposed), [true, false, false, false]);
        assert_eq!(sees(State::Withdrawn), [true, false, false, false]);
        assert_eq!(sees(State::Standing), [true, true, false, false]);
        assert_eq!(sees(State::Released), [true, true, false, false]);
        let reads = |role, scope| SettlementHold::is_explained_to(&person(role, scope));
        assert!(reads(Role::RiskOfficer, Reach::All) && reads(Role::Auditor, Reach::All));
        assert!(!reads(Role::FieldEngineer, Reach::All));
        assert!(!reads(Role::Owner, ours));
    }

    #[test]
    fn a_terminals_money_is_its_merchants_too() {
        let of = |merchant_id: &str, terminal: Option<&str>| SettlementHold {
            merchant_id: merchant(merchant_id),
            terminal_id: terminal.map(|id| TerminalId::parse(id.as_bytes()).unwrap()),
            ..hold(State::Standing)
        };
        let (whole, one, another) = (of("M1", None), of("M1", Some("T1")), of("M1", Some("T2")));
        assert!(whole.overlaps(&one) && one.overlaps(&whole) && one.overlaps(&one.clone()));
        assert!(!one.overlaps(&another));
        assert!(!whole.overlaps(&of("M2", None)));
        assert_eq!((whole.scope(), one.scope()), (Scope::Merchant, Scope::Terminal));
    }
}

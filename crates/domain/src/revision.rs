//! Revisions: texts of the house in versions, written by one person and signed off by another before they are used.
//!
//! ```text
//! draft ─propose→ proposed ─sign off→ in use ─(a later one is signed off)→ replaced
//!   ↑──send back────┘                 ↑   │ propose withdrawal
//! draft, proposed ─withdraw→ withdrawn│   ↓
//!                                send back ── withdrawal proposed ─sign off→ withdrawn
//! ```
//!
//! Without one in use, what comes with the software is.
//!
//! Invariant: of each kind and name a house uses one at most; nobody signs off what that person wrote or proposed.

use crate::account::Scope;
use crate::actor::Actor;
use crate::case::{Adding, Case, ListVerb, Step, Text, Who};
use crate::merchant::keeps;
use crate::right::{Object, Right, may};
use crate::{MerchantId, Timestamp, words};

/// Longest text, in bytes: with what JSON adds to it, it goes into one request.
pub const TEXT_BYTES_MAX: usize = 48 * 1024;
/// Drafts and proposals of one kind that a house has at a time.
pub const OPEN_MAX: usize = 20;
/// People who write one.
pub const WRITERS_MAX: usize = 20;

words! {
    /// What a text is for.
    pub enum Kind {
        /// What must follow a loss.
        Playbook = "playbook",
        /// What a document looks like.
        Template = "template",
        /// What marks a payment.
        RuleSet = "rule_set",
        /// What marks of payments taught.
        Model = "model",
    }
}

words! {
    /// Where a revision stands.
    pub enum State {
        /// It is being written.
        Draft = "draft",
        /// It waits for a second person.
        Proposed = "proposed",
        /// It is used.
        InUse = "in_use",
        /// It is used, and one person wants it not to be.
        WithdrawalProposed = "withdrawal_proposed",
        /// A later one is used.
        Replaced = "replaced",
        /// It is not used.
        Withdrawn = "withdrawn",
    }
}

words! {
    /// What people can do with a revision.
    pub enum Verb {
        /// Write another text.
        Change = "change",
        /// Ask a second person to sign it off.
        Propose = "propose",
        /// Say what stands against it.
        SendBack = "send_back",
        /// Agree: it is used from now on, or not any more.
        SignOff = "sign_off",
        /// Take it back before it is used.
        Withdraw = "withdraw",
        /// Ask a second person to end its use.
        ProposeWithdrawal = "propose_withdrawal",
    }
}

/// A version of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Eight letters and digits.
    pub revision_id: String,
    /// What it is for.
    pub kind: Kind,
    /// Which one of those there are.
    pub name: String,
    /// The shop that runs the house; `None`: an acquirer's.
    pub merchant_id: Option<MerchantId>,
    /// Counts up for each kind and name, from above what comes with the software.
    pub version: u32,
    /// What it says.
    pub text: String,
    /// Where it stands.
    pub state: State,
    /// The log-ins of all who wrote or proposed it, a line each.
    pub writers: String,
    /// When it was written last.
    pub written_at: Timestamp,
    /// Who proposed it, last.
    pub proposed_by: Option<String>,
    /// When.
    pub proposed_at: Option<Timestamp>,
    /// Who signed it off.
    pub signed_by: Option<String>,
    /// When: it is used from then on.
    pub signed_at: Option<Timestamp>,
    /// Who ended its use or asked for that, or withdrew it.
    pub ended_by: Option<String>,
    /// When.
    pub ended_at: Option<Timestamp>,
}

const KEEPERS: Who = Who::With(Right::KeepRevision);

impl Case for Revision {
    type State = State;
    type Verb = Verb;
    const STEPS: &'static [Step<State, Verb>] = &[
        Step::new(Verb::Change, &[State::Draft], None, KEEPERS),
        Step::new(Verb::Propose, &[State::Draft], Some(State::Proposed), KEEPERS).saying(Text::Optional),
        Step::new(Verb::SendBack, &[State::Proposed], Some(State::Draft), KEEPERS).saying(Text::Required),
        Step::new(
            Verb::SendBack,
            &[State::WithdrawalProposed],
            Some(State::InUse),
            KEEPERS,
        )
        .saying(Text::Required),
        Step {
            second_person: true,
            ..Step::new(Verb::SignOff, &[State::Proposed], Some(State::InUse), KEEPERS)
                .saying(Text::Optional)
                .proving()
        },
        Step {
            second_person: true,
            ..Step::new(
                Verb::SignOff,
                &[State::WithdrawalProposed],
                Some(State::Withdrawn),
                KEEPERS,
            )
            .saying(Text::Optional)
            .proving()
        },
        Step::new(
            Verb::Withdraw,
            &[State::Draft, State::Proposed],
            Some(State::Withdrawn),
            KEEPERS,
        )
        .saying(Text::Optional),
        Step::new(
            Verb::ProposeWithdrawal,
            &[State::InUse],
            Some(State::WithdrawalProposed),
            KEEPERS,
        )
        .saying(Text::Required),
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

    fn took_part(&self, name: &str) -> bool {
        match self.state {
            State::WithdrawalProposed => self.ended_by.as_deref() == Some(name),
            _ => self.is_by(name),
        }
    }

    fn allows(&self, actor: &Actor) -> bool {
        let object = self.merchant_id.map_or(Object::House, Object::Merchant);
        may(actor, Right::KeepRevision, object)
    }
}

impl Revision {
    /// Whether somebody wrote some of it, or proposed it.
    pub fn is_by(&self, login: &str) -> bool {
        self.writers.lines().any(|writer| writer == login)
    }

    /// Counts somebody among them; false when they are too many.
    #[must_use]
    pub fn join(&mut self, login: &str) -> bool {
        if self.is_by(login) {
            return true;
        }
        if self.writers.lines().count() >= WRITERS_MAX {
            return false;
        }
        self.writers = format!("{}\n{login}", self.writers);
        true
    }

    /// Whether it is used now.
    pub const fn is_used(&self) -> bool {
        matches!(self.state, State::InUse | State::WithdrawalProposed)
    }

    /// Whether somebody of that scope sees it: whoever follows what was once used, and those who keep it.
    pub fn seen_by(&self, scope: &Scope) -> bool {
        match self.merchant_id {
            Some(merchant_id) if self.signed_at.is_none() => keeps(scope, merchant_id),
            Some(merchant_id) => scope.merchant_id().is_none_or(|own| own == merchant_id),
            None => self.signed_at.is_some() || *scope == Scope::All,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Account, Role};
    use crate::case::{NotTaken, decide, may_add, walk};
    use crate::fixture::{account, everybody, merchant, person};

    fn revision(state: State, merchant_id: Option<MerchantId>) -> Revision {
        let is_signed = !matches!(state, State::Draft | State::Proposed);
        Revision {
            revision_id: "V1".into(),
            kind: Kind::Playbook,
            name: "stolen".into(),
            merchant_id,
            version: 4,
            text: "playbook: stolen".into(),
            state,
            writers: "wang\nli\nzhao".into(),
            written_at: Timestamp(1),
            proposed_by: Some("zhao".into()),
            proposed_at: Some(Timestamp(2)),
            signed_by: is_signed.then(|| "chen".into()),
            signed_at: is_signed.then_some(Timestamp(3)),
            ended_by: Some("sun".into()),
            ended_at: None,
        }
    }

    #[test]
    fn a_shops_own_texts_are_kept_by_its_owners() {
        let lines = walk(|state| revision(state, Some(merchant("M1"))), &everybody());
        let wanted = [
            ("draft", ["draft", "proposed", "-", "-", "withdrawn", "-"]),
            ("proposed", ["-", "-", "draft", "in_use", "withdrawn", "-"]),
            ("in_use", ["-", "-", "-", "-", "-", "withdrawal_proposed"]),
            ("withdrawal_proposed", ["-", "-", "in_use", "withdrawn", "-", "-"]),
            ("replaced", ["-"; 6]),
            ("withdrawn", ["-"; 6]),
        ];
        let wanted: Vec<String> = wanted
            .iter()
            .flat_map(|(state, to)| {
                Verb::ALL.iter().zip(to).map(move |(verb, to)| {
                    let verb = verb.code();
                    format!("{state} {verb}: owner:{to} stranger:no manager:no risk:{to} auditor:no")
                })
            })
            .collect();
        assert_eq!(lines, wanted);
    }

    #[test]
    fn an_acquirers_are_kept_by_its_own_people() {
        let it = revision(State::Draft, None);
        let may = everybody().map(|(name, actor)| (name, decide(&it, Verb::Change, &actor).is_ok()));
        assert_eq!(
            may.iter().filter(|(_, may)| *may).collect::<Vec<_>>(),
            [&("risk", true)]
        );
        let adds = everybody().map(|(_, actor)| may_add(&it, &actor));
        assert_eq!(adds, [false, false, false, true, false]);
    }

    #[test]
    fn nobody_signs_off_what_that_person_had_a_part_in() {
        let by = |login: &str| {
            let account = account(Role::RiskOfficer, Scope::All);
            Actor::Person(Account {
                login: login.into(),
                ..account
            })
        };
        let signs = |state, login: &str| decide(&revision(state, None), Verb::SignOff, &by(login)).map(drop);
        for login in ["wang", "li", "zhao"] {
            let refused = Err(NotTaken::SecondPersonRequired);
            assert_eq!(signs(State::Proposed, login), refused, "{login}");
            assert_eq!(signs(State::WithdrawalProposed, login), Ok(()), "{login}");
        }
        // Not by a name that begins like theirs.
        assert_eq!(signs(State::Proposed, "wan"), Ok(()));
        assert_eq!(signs(State::Proposed, "sun"), Ok(()));
        let refused = Err(NotTaken::SecondPersonRequired);
        assert_eq!(signs(State::WithdrawalProposed, "sun"), refused);
        let mut stale = account(Role::RiskOfficer, Scope::All);
        stale.proof.is_fresh = false;
        let proposed = revision(State::Proposed, None);
        let by = Actor::Person(stale);
        assert_eq!(
            decide(&proposed, Verb::SignOff, &by).map(drop),
            Err(NotTaken::StepUpRequired)
        );
        assert!(decide(&proposed, Verb::SendBack, &by).is_ok());
    }

    #[test]
    fn whoever_writes_is_kept_and_there_are_not_too_many() {
        let mut it = revision(State::Draft, None);
        assert!(it.join("li"));
        assert_eq!(it.writers, "wang\nli\nzhao");
        for number in 3..WRITERS_MAX {
            assert!(it.join(&format!("p{number}")) && it.is_by(&format!("p{number}")));
        }
        assert!(!it.join("one-more") && !it.is_by("one-more"));
        assert!(it.join("p3"));
    }

    #[test]
    fn what_was_once_used_is_seen_by_whom_it_is_for() {
        let ours = merchant("M1");
        let scopes = [
            Scope::All,
            Scope::Merchant(ours),
            Scope::Shop(ours, "S1".into()),
            Scope::Merchant(merchant("M2")),
        ];
        let sees = |state, of| scopes.clone().map(|scope| revision(state, of).seen_by(&scope));
        assert_eq!(sees(State::Draft, None), [true, false, false, false]);
        assert_eq!(sees(State::Replaced, None), [true; 4]);
        assert_eq!(sees(State::Proposed, Some(ours)), [true, true, false, false]);
        assert_eq!(sees(State::InUse, Some(ours)), [true, true, true, false]);
        let manager = person(Role::Manager, Scope::Shop(ours, "S1".into()));
        assert!(!revision(State::InUse, Some(ours)).allows(&manager));
    }
}

//! Accounts of people: who may see and do what (R7.2).
//!
//! Invariant: seeing is decided before doing; what an account may not see does not exist for it.

use crate::actor::Actor;
use crate::case::{Case, Step, Text, Who};
use crate::personal::{Datum, Kind, Personal};
use crate::right::{Object, Right, Rights, may};
use crate::time::HOUR_MS;
use crate::{MerchantId, Timestamp, words};

words! {
    /// What an account is for. What each may do is in [`Rights::of`].
    pub enum Role {
        /// Takes the money in one shop.
        Cashier = "cashier",
        /// Runs one shop of a merchant.
        Manager = "manager",
        /// The owner of one merchant.
        Owner = "owner",
        /// Brings, repairs and fetches the acquirer's terminals.
        FieldEngineer = "field_engineer",
        /// The acquirer's operations: merchants, terminals, work that is stuck.
        Operations = "operations",
        /// The acquirer's risk staff: every merchant.
        RiskOfficer = "risk_officer",
        /// Appoints the people of the house and keeps its settings.
        Administrator = "administrator",
        /// Reads everything, changes nothing.
        Auditor = "auditor",
    }
}

impl Role {
    /// Whether an account of that role sees the whole estate, one merchant, or one shop.
    pub const fn reach(self) -> Reach {
        match self {
            Self::Cashier | Self::Manager => Reach::Shop,
            Self::Owner => Reach::Merchant,
            Self::FieldEngineer
            | Self::Operations
            | Self::RiskOfficer
            | Self::Administrator
            | Self::Auditor => Reach::House,
        }
    }
}

/// How much of the estate a role is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Everything.
    House,
    /// One merchant.
    Merchant,
    /// One shop.
    Shop,
}

/// What of the estate an account sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    All,
    /// One merchant.
    Merchant(MerchantId),
    /// One shop of a merchant.
    Shop(MerchantId, String),
}

impl Scope {
    /// Whether something of this merchant and shop is seen.
    pub fn sees(&self, merchant_id: MerchantId, shop_id: &str) -> bool {
        match self {
            Self::All => true,
            Self::Merchant(own) => *own == merchant_id,
            Self::Shop(own, own_shop) => *own == merchant_id && own_shop == shop_id,
        }
    }

    /// The one merchant of which anything is seen; `None`: all are.
    pub const fn merchant_id(&self) -> Option<MerchantId> {
        match self {
            Self::All => None,
            Self::Merchant(own) | Self::Shop(own, _) => Some(*own),
        }
    }

    /// The one shop of it; `None`: all are.
    pub fn shop_id(&self) -> Option<&str> {
        match self {
            Self::All | Self::Merchant(_) => None,
            Self::Shop(_, own) => Some(own),
        }
    }
}

/// Longest login, in characters.
pub const LOGIN_CHARS_MAX: usize = 64;

/// Whether a new account may be called so: letters of any script, digits and `.`, `_`, `-`, `@`, `+`, with a letter or a digit
/// in front; at least two characters.
pub fn is_login(text: &str) -> bool {
    let begins = text.chars().next().is_some_and(char::is_alphanumeric);
    let fits = |one: char| one.is_alphanumeric() || "._-@+".contains(one);
    begins && (2..=LOGIN_CHARS_MAX).contains(&text.chars().count()) && text.chars().all(fits)
}

/// How long a person is taken for the one who proved it last, where more than a session is asked for (OWASP ASVS 5.0, 7.5.3).
pub const FRESH_MS: i64 = 10 * 60_000;
/// How long a session lasts, whatever is done in it.
pub const SESSION_MS: i64 = 12 * HOUR_MS;

/// How long a session lasts in which nothing is done. Who sees the whole estate is cut off after an hour. A shop's people keep
/// theirs for eight: their phone is in their pocket, and a loss is reported at once or too late.
pub const fn idle_ms(scope: &Scope) -> i64 {
    match scope {
        Scope::All => HOUR_MS,
        Scope::Merchant(_) | Scope::Shop(..) => 8 * HOUR_MS,
    }
}

words! {
    /// By what a person has proved to be the one of the account.
    pub enum ProvedBy {
        /// The password.
        Password = "password",
        /// The password, and something the person has: a passkey, a code, a recovery code.
        SecondFactor = "second_factor",
    }
}

/// What the session says of how the person has proved to be the one of the account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// In full, and within [`FRESH_MS`]: by a second factor where the account has one, else by the password.
    pub is_fresh: bool,
    /// The house requires a second factor of this role by now, and the account has none.
    pub owes_factor: bool,
}

impl Proof {
    /// Just now, and nothing owed.
    pub const FRESH: Self = Self {
        is_fresh: true,
        owes_factor: false,
    };

    /// What a proof of that kind and time is worth.
    pub const fn of(
        proved: (ProvedBy, Timestamp),
        has_factor: bool,
        is_required: bool,
        now: Timestamp,
    ) -> Self {
        let (by, at) = proved;
        let is_full = !has_factor || matches!(by, ProvedBy::SecondFactor);
        Self {
            is_fresh: is_full && now.0 - at.0 < FRESH_MS,
            owes_factor: is_required && !has_factor,
        }
    }
}

/// A person's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What the person types to log in.
    pub login: String,
    /// How others see the person.
    pub name: String,
    /// What the account is for.
    pub role: Role,
    /// What it sees.
    pub scope: Scope,
    /// The custom role that leaves it only some of the role's rights; `None`: it has them all.
    pub custom_role: Option<Narrowed>,
    /// How the person has proved to be the one; nothing, where the account is not read with a session.
    pub proof: Proof,
}

/// The custom role of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narrowed {
    /// Which.
    pub custom_role_id: String,
    /// The rights it leaves.
    pub rights: Rights,
}

/// Whether an account of that role can have that scope.
pub const fn fits(role: Role, scope: &Scope) -> bool {
    matches!(
        (role.reach(), scope),
        (Reach::House, Scope::All) | (Reach::Merchant, Scope::Merchant(_)) | (Reach::Shop, Scope::Shop(..))
    )
}

/// The rights of a role that a custom role may have narrowed.
pub fn rights(role: Role, custom_role: Option<&Narrowed>) -> Rights {
    custom_role.map_or(Rights::of(role), |narrowed| Rights::of(role).and(narrowed.rights))
}

impl Account {
    /// What this person may do.
    pub fn rights(&self) -> Rights {
        rights(self.role, self.custom_role.as_ref())
    }

    /// Whether so much is in this person's hands that a password alone should not open it: releasing a loss, giving rights, the
    /// settings of the house, or what is personal of others.
    pub fn has_power(&self) -> bool {
        let weighty = [
            Right::EndLoss,
            Right::GiveRights,
            Right::Administer,
            Right::SeePersonal,
        ];
        weighty.iter().any(|right| self.rights().has(*right))
    }

    /// Whether this person may give those rights to somebody of that scope, and take them away: never more than the person's
    /// own, but an administrator appoints people to what administrators do not do.
    pub fn may_grant(&self, rights: Rights, scope: &Scope) -> bool {
        let own = self.rights();
        let is_within = match (&self.scope, scope) {
            (Scope::All, _) => true,
            (Scope::Merchant(own), Scope::Merchant(of) | Scope::Shop(of, _)) => own == of,
            _ => false,
        };
        let grants = match self.role {
            Role::Administrator => Rights::all(),
            _ => own,
        };
        is_within && own.has(Right::GiveRights) && grants.has_all(rights)
    }

    /// Whether there is a scope for which this person may give all of a role.
    pub fn gives(&self, role: Role) -> bool {
        let merchant_id = self.scope.merchant_id();
        let scope = match (role.reach(), merchant_id) {
            (Reach::House, _) | (_, None) => Scope::All,
            (Reach::Merchant | Reach::Shop, Some(merchant_id)) => Scope::Merchant(merchant_id),
        };
        self.may_grant(Rights::of(role), &scope)
    }
}

words! {
    /// Whether an account may be used.
    pub enum State {
        /// It may.
        Active = "active",
        /// Not any more: its sessions have ended.
        Disabled = "disabled",
        /// The person is erased; the log-in stays, so that the record can be read and nobody else gets it.
        Erased = "erased",
    }
}

words! {
    /// What can be done with an account.
    pub enum Verb {
        /// Call the person otherwise, or let the person see and do something else.
        Change = "change",
        /// Give the person a link to choose another password by.
        Link = "link",
        /// Forget the second factors of a person who has lost them all.
        ClearFactors = "clear_factors",
        /// Let the person log in no more.
        Disable = "disable",
        /// Let the person log in again.
        Enable = "enable",
        /// Show where the person can be reached, in full.
        Reveal = "reveal",
        /// Hand over all that is kept about the person.
        Export = "export",
        /// Erase what is kept about the person.
        Erase = "erase",
    }
}

/// An account as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The account.
    pub account: Account,
    /// Where the person can be reached by mail; `None`: nobody said.
    pub email: Option<String>,
    /// The person's telephone, in the form of E.164; `None`: nobody said.
    pub phone: Option<String>,
    /// Whether it may be used.
    pub state: State,
}

impl Personal for Person {
    fn whose(&self) -> Option<&str> {
        Some(&self.account.login)
    }

    fn personal(&self) -> Vec<Datum<'_>> {
        vec![
            Datum::new("email", Kind::Email, self.email.as_deref()),
            Datum::new("phone", Kind::Phone, self.phone.as_deref()),
        ]
    }
}

/// Whether that actor reads what was said when that happened to that account. Why somebody looked at a person's data, took them along or
/// erased them may say much about the person: it is for that person, for who may look as well, and for who reads the record.
pub fn reads_why(actor: &Actor, login: &str, verb: &str) -> bool {
    let is_about_data = matches!(Verb::parse(verb), Some(Verb::Reveal | Verb::Export | Verb::Erase));
    let may = |right| may(actor, right, Object::Seen);
    let is_own = matches!(actor, Actor::Person(by) if by.login == login);
    !is_about_data || is_own || may(Right::SeePersonal) || may(Right::SeeRecord)
}

/// Who may give rights to people.
pub const KEEPERS: Who = Who::With(Right::GiveRights);

impl Case for Person {
    type State = State;
    type Verb = Verb;
    const STEPS: &'static [Step<State, Verb>] = &[
        // From which rights to which.
        Step::new(Verb::Change, &[State::Active], None, KEEPERS)
            .saying(Text::Optional)
            .proving(),
        Step::new(Verb::Link, &[State::Active], None, KEEPERS).proving(),
        Step::new(Verb::ClearFactors, &[State::Active], None, KEEPERS)
            .saying(Text::Required)
            .proving(),
        Step::new(Verb::Disable, &[State::Active], Some(State::Disabled), KEEPERS).proving(),
        Step::new(Verb::Enable, &[State::Disabled], Some(State::Active), KEEPERS).proving(),
        Step::revealing(Verb::Reveal, &[State::Active, State::Disabled]),
        Step::revealing(Verb::Export, &[State::Active, State::Disabled]),
        Step::new(
            Verb::Erase,
            &[State::Disabled],
            Some(State::Erased),
            Who::With(Right::SeePersonal),
        )
        .saying(Text::Required)
        .proving(),
    ];

    fn state(&self) -> State {
        self.state
    }

    fn enter(&mut self, state: State) {
        self.state = state;
    }

    fn allows(&self, actor: &Actor) -> bool {
        matches!(actor, Actor::Person(by) if by.may_grant(self.account.rights(), &self.account.scope))
    }

    /// To see is less than to give.
    fn allows_to(&self, verb: Verb, actor: &Actor) -> bool {
        matches!(verb, Verb::Reveal | Verb::Export) || self.allows(actor)
    }

    fn hinders(&self, verb: Verb) -> bool {
        verb == Verb::Reveal && !self.says_anything()
    }
}

/// Whether somebody of that scope sees an account or an invitation of that scope: those who see no more than oneself.
pub fn seen_by(scope: &Scope, theirs: &Scope) -> bool {
    match (scope, theirs) {
        (Scope::All, _) => true,
        (Scope::Merchant(own), Scope::Merchant(of) | Scope::Shop(of, _)) => own == of,
        (Scope::Shop(..), Scope::Shop(..)) => scope == theirs,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{NotTaken, actions, decide};
    use crate::fixture::{account, everybody, merchant};

    #[test]
    fn a_login_can_be_typed_and_said() {
        for right in [
            "owner",
            "店主",
            "li.na@shop.example",
            "a1",
            "7-Eleven_+x",
            &"x".repeat(64),
        ] {
            assert!(is_login(right), "{right}");
        }
        for wrong in [
            "",
            "a",
            ".owner",
            "two words",
            "tab\t",
            "a\u{202e}b",
            "a/b",
            &"x".repeat(65),
        ] {
            assert!(!is_login(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn why_somebody_looked_is_read_by_the_person_and_by_who_may_look_or_reads_the_record() {
        for (name, actor) in everybody() {
            for verb in ["reveal", "export", "erase"] {
                assert_eq!(
                    reads_why(&actor, "cashier", verb),
                    name != "manager",
                    "{name} {verb}"
                );
                assert!(reads_why(&actor, actor.name(), verb), "{name} {verb}");
            }
            assert!(reads_why(&actor, "cashier", "clear_factors"), "{name}");
        }
        assert!(!reads_why(&Actor::Outside("cashier".into()), "cashier", "reveal"));
    }

    #[test]
    fn nobody_gives_more_than_the_own_rights() {
        let ours = || Scope::Merchant(merchant("M1"));
        let all = [
            (Role::RiskOfficer, Scope::All),
            (Role::Administrator, Scope::All),
            (Role::Operations, Scope::All),
            (Role::Auditor, Scope::All),
            (Role::Owner, ours()),
            (Role::Owner, Scope::Merchant(merchant("M2"))),
            (Role::Manager, Scope::Shop(merchant("M1"), "S1".into())),
            (Role::Cashier, Scope::Shop(merchant("M2"), "S9".into())),
        ];
        let granted = |account: &Account| {
            all.each_ref()
                .map(|(role, scope)| account.may_grant(Rights::of(*role), scope))
        };
        let grants = |(role, scope): &(Role, Scope)| granted(&account(*role, scope.clone()));
        assert_eq!(grants(&all[0]), [true; 8]);
        assert_eq!(
            grants(&all[1]),
            [true; 8],
            "appoints, also to what it does not do"
        );
        assert_eq!(grants(&all[2]), [false; 8]);
        assert_eq!(grants(&all[3]), [false; 8]);
        assert_eq!(
            grants(&all[4]),
            [false, false, false, false, true, false, true, false]
        );
        assert_eq!(grants(&all[6]), [false; 8]);
        let owner = account(Role::Owner, ours());
        let gives = Role::ALL.map(|role| owner.gives(role));
        assert_eq!(gives, [true, true, true, false, false, false, false, false]);
        assert!(
            Role::ALL
                .iter()
                .all(|role| account(Role::RiskOfficer, Scope::All).gives(*role))
        );
        // Whoever has only some of the rights gives only those.
        let narrowed = |rights: &[Right]| Account {
            custom_role: Some(Narrowed {
                custom_role_id: "R1".into(),
                rights: Rights::new(rights),
            }),
            ..account(Role::Owner, ours())
        };
        assert_eq!(granted(&narrowed(&[Right::EndLoss])), [false; 8]);
        let some = narrowed(&[Right::GiveRights, Right::ReportLoss]);
        assert!(some.may_grant(Rights::new(&[Right::ReportLoss]), &ours()));
        assert!(!some.may_grant(
            Rights::of(Role::Manager),
            &Scope::Shop(merchant("M1"), "S1".into())
        ));
        // A custom role never adds to its role.
        assert!(!narrowed(&[Right::KeepGate]).rights().has(Right::KeepGate));
    }

    #[test]
    fn a_role_has_one_kind_of_scope() {
        let shop = Scope::Shop(merchant("M1"), "S1".into());
        let fitting = |scope: &Scope| Role::ALL.map(|role| fits(role, scope));
        assert_eq!(
            fitting(&shop),
            [true, true, false, false, false, false, false, false]
        );
        assert_eq!(
            fitting(&Scope::Merchant(merchant("M1"))),
            [false, false, true, false, false, false, false, false]
        );
        assert_eq!(
            fitting(&Scope::All),
            [false, false, false, true, true, true, true, true]
        );
    }

    #[test]
    fn an_account_moves_by_the_hand_of_whoever_may_give_it() {
        let at = |state| Person {
            account: account(Role::Manager, Scope::Shop(merchant("M1"), "S1".into())),
            email: Some("ann@shop.example".into()),
            phone: None,
            state,
        };
        let wanted = [
            "active change: owner:active stranger:no manager:no risk:active auditor:no",
            "active link: owner:active stranger:no manager:no risk:active auditor:no",
            "active clear_factors: owner:active stranger:no manager:no risk:active auditor:no",
            "active disable: owner:disabled stranger:no manager:no risk:disabled auditor:no",
            "active enable: owner:- stranger:no manager:no risk:- auditor:no",
            "active reveal: owner:active stranger:active manager:no risk:active auditor:no",
            "active export: owner:active stranger:active manager:no risk:active auditor:no",
            "active erase: owner:- stranger:no manager:no risk:- auditor:no",
            "disabled change: owner:- stranger:no manager:no risk:- auditor:no",
            "disabled link: owner:- stranger:no manager:no risk:- auditor:no",
            "disabled clear_factors: owner:- stranger:no manager:no risk:- auditor:no",
            "disabled disable: owner:- stranger:no manager:no risk:- auditor:no",
            "disabled enable: owner:active stranger:no manager:no risk:active auditor:no",
            // What another merchant's owner does not see is not found.
            "disabled reveal: owner:disabled stranger:disabled manager:no risk:disabled auditor:no",
            "disabled export: owner:disabled stranger:disabled manager:no risk:disabled auditor:no",
            "disabled erase: owner:erased stranger:no manager:no risk:erased auditor:no",
            "erased change: owner:- stranger:no manager:no risk:- auditor:no",
            "erased link: owner:- stranger:no manager:no risk:- auditor:no",
            "erased clear_factors: owner:- stranger:no manager:no risk:- auditor:no",
            "erased disable: owner:- stranger:no manager:no risk:- auditor:no",
            "erased enable: owner:- stranger:no manager:no risk:- auditor:no",
            "erased reveal: owner:- stranger:- manager:no risk:- auditor:no",
            "erased export: owner:- stranger:- manager:no risk:- auditor:no",
            "erased erase: owner:- stranger:no manager:no risk:- auditor:no",
        ];
        assert_eq!(crate::case::walk(at, &everybody()), wanted);
    }

    #[test]
    fn a_proof_is_fresh_for_ten_minutes_and_only_in_full() {
        let at = Timestamp(1_000_000);
        let proof = |by, has_factor, after_ms| Proof::of((by, at), has_factor, true, at.plus_ms(after_ms));
        assert_eq!(proof(ProvedBy::SecondFactor, true, FRESH_MS - 1), Proof::FRESH);
        assert!(!proof(ProvedBy::SecondFactor, true, FRESH_MS).is_fresh);
        // A password alone is worth nothing once there is more to show.
        assert!(!proof(ProvedBy::Password, true, 0).is_fresh);
        let owing = Proof {
            is_fresh: true,
            owes_factor: true,
        };
        assert_eq!(proof(ProvedBy::Password, false, 0), owing);
        assert!(!Proof::of((ProvedBy::Password, at), false, false, at).owes_factor);
    }

    #[test]
    fn who_may_do_what_is_changed_only_by_who_has_just_proved_who_it_is() {
        let person = Person {
            account: account(Role::Manager, Scope::Shop(merchant("M1"), "S1".into())),
            email: None,
            phone: None,
            state: State::Active,
        };
        let by = |proof| {
            let owner = account(Role::Owner, Scope::Merchant(merchant("M1")));
            Actor::Person(Account { proof, ..owner })
        };
        for verb in [Verb::Change, Verb::Link, Verb::ClearFactors, Verb::Disable] {
            let decided = |proof| decide(&person, verb, &by(proof)).err();
            assert_eq!(decided(Proof::FRESH), None, "{verb:?}");
            assert_eq!(
                decided(Proof::default()),
                Some(NotTaken::StepUpRequired),
                "{verb:?}"
            );
            let owing = Proof {
                owes_factor: true,
                ..Proof::FRESH
            };
            assert_eq!(decided(owing), Some(NotTaken::SecondFactorRequired), "{verb:?}");
        }
        // What can be done is listed all the same: whoever wants it is asked then.
        assert_eq!(
            actions(&person, &by(Proof::default())),
            actions(&person, &by(Proof::FRESH))
        );
    }

    #[test]
    fn each_sees_only_its_own() {
        let ours = MerchantId::parse(b"104520157120001").unwrap();
        let theirs = MerchantId::parse(b"104520157120002").unwrap();
        assert!(Scope::All.sees(theirs, "s9"));
        assert!(Scope::Merchant(ours).sees(ours, "s1"));
        assert!(!Scope::Merchant(ours).sees(theirs, "s1"));
        assert!(Scope::Shop(ours, "s1".into()).sees(ours, "s1"));
        assert!(!Scope::Shop(ours, "s1".into()).sees(ours, "s2"));
        assert!(!Scope::Shop(ours, "s1".into()).sees(theirs, "s1"));
    }
}

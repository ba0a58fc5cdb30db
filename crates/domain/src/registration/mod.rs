//! Registrations: a business signs up by itself, is checked, and becomes a merchant with an owner (R7.1).
//!
//! ```text
//! unconfirmed ─confirm→ checking ─check→ review ─approve→ approved
//!                          │  ↑             │ accept          │ accept (another person)
//!                     differ│  │send         └──→ accepted ←──┘
//!                          ↓  │
//!                        returned ←─return─ review, approved;   refuse → refused;   withdraw → withdrawn
//! ```
//!
//! One that is approved can be approved anew, by documents that are valid longer.
//!
//! Invariant: nothing counts before it is confirmed from the mailbox it names. One person accepts where a provider has said of everything
//! that it is the same; else two different people have.

mod check;

pub use check::{Because, Checked, Outcome, Provider};

use crate::account::Scope;
use crate::actor::{self, Actor};
use crate::case::{Case, Step, Text, Who};
use crate::personal::{Datum, Kind as Mask, Personal};
use crate::right::Right;
use crate::setting::Language;
use crate::time::{HOUR_MS, Timestamp};
use crate::{MerchantId, words};

/// How long the code that was mailed works.
pub const CODE_LASTS_MS: i64 = 30 * 60_000;
/// Wrong codes after which the right one works no more.
pub const WRONG_CODES_MAX: i64 = 10;
/// Unconfirmed registrations of one mail address from one network address that get a mail.
pub const OPEN_OF_PAIR_MAX: i64 = 3;
/// The same of one mail address from wherever: so many mails may a stranger have sent to somebody in half an hour.
pub const OPEN_OF_EMAIL_MAX: i64 = 10;
/// Unconfirmed registrations at a time, of everybody.
pub const UNCONFIRMED_MAX: i64 = 2_000;
/// How often one may be sent, corrections counted.
pub const SENT_MAX: i64 = 5;
/// Registrations that one mail address confirms in a day: each is asked about, and costs.
pub const CONFIRMED_A_DAY_MAX: i64 = 5;
/// How long one is kept after it was refused or withdrawn, or was returned and never sent again.
pub const KEPT_MS: i64 = 90 * 24 * HOUR_MS;
/// Most paid queries a day that a house can allow itself.
pub const DAILY_LIMIT_MAX: i64 = 100_000;
/// As many, unless said.
pub const DAILY_LIMIT: i64 = 100;
/// Documents that an approval names.
pub const DOCUMENTS_MAX: usize = 10;
/// Longest name of a business and of a person, in characters.
pub const NAME_CHARS_MAX: usize = 100;

words! {
    /// What a business is before the law.
    pub enum Kind {
        /// A company or another legal person.
        Enterprise = "enterprise",
        /// An individual in business, with a licence of its own.
        Individual = "individual",
        /// A person who sells a little, without a licence.
        Micro = "micro",
    }
}

impl Kind {
    /// Whether it has a licence, and so a credit code.
    pub const fn has_licence(self) -> bool {
        !matches!(self, Self::Micro)
    }
}

words! {
    /// Where a registration stands.
    pub enum State {
        /// The code was mailed and has not come back.
        Unconfirmed = "unconfirmed",
        /// A provider is being asked.
        Checking = "checking",
        /// It waits for a person.
        Review = "review",
        /// One person has looked at the documents; another one decides.
        Approved = "approved",
        /// It became a merchant.
        Accepted = "accepted",
        /// Something is wrong, and the applicant can correct it.
        Returned = "returned",
        /// It was refused.
        Refused = "refused",
        /// The applicant took it back, or sent another one in its place.
        Withdrawn = "withdrawn",
    }
}

words! {
    /// What can be done with a registration.
    pub enum Verb {
        /// Bring the code from the mailbox.
        Confirm = "confirm",
        /// Send it again, corrected.
        Send = "send",
        /// Take it back.
        Withdraw = "withdraw",
        /// Write down that nothing a provider said stands against it.
        Check = "check",
        /// Write down that something differs.
        Differ = "differ",
        /// Say that the documents were seen and are right.
        Approve = "approve",
        /// Make a merchant of it.
        Accept = "accept",
        /// Give it back to be corrected.
        Return = "return",
        /// Refuse it.
        Refuse = "refuse",
        /// See what is personal of it in full.
        Reveal = "reveal",
    }
}

words! {
    /// What may be wrong.
    pub enum Field {
        /// What the business is.
        Kind = "kind",
        /// What it is called.
        BusinessName = "business_name",
        /// Its credit code.
        CreditCode = "credit_code",
        /// What the person is called.
        PersonName = "person_name",
        /// The person's identity number.
        IdentityNumber = "identity_number",
        /// The person's mobile number.
        Mobile = "mobile",
        /// The log-in.
        Login = "login",
    }
}

/// What the applicant says, and may correct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// What the business is.
    pub kind: Kind,
    /// What it is called, as on its licence.
    pub business_name: String,
    /// Its unified social credit code; empty for who has no licence.
    pub credit_code: String,
    /// The legal representative, the operator, or the person who sells.
    pub person_name: String,
    /// That person's identity number.
    pub identity_number: String,
    /// That person's mobile number, E.164.
    pub mobile: String,
    /// What the owner will type to log in.
    pub login: String,
}

/// Who looked at which documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Who.
    pub approved_by: String,
    /// When.
    pub approved_at: Timestamp,
    /// SHA-256 of each document, in hexadecimal digits, with blanks between.
    pub documents: String,
    /// Until when the documents are valid; `None`: for good (长期).
    pub documents_until: Option<Timestamp>,
    /// Why that is enough.
    pub reason: String,
}

impl Approval {
    /// Whether the documents are valid no more.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.documents_until.is_some_and(|until| until <= now)
    }
}

/// A registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Eight letters and digits.
    pub registration_id: String,
    /// SHA-256 of the token by which the applicant looks at it.
    pub token_digest: Vec<u8>,
    /// SHA-256 of the code in the mail.
    pub code_digest: Vec<u8>,
    /// Wrong codes so far.
    pub wrong_codes: i64,
    /// From which network address it came.
    pub made_from: String,
    /// When it came.
    pub made_at: Timestamp,
    /// Until when the code works.
    pub ends_at: Timestamp,
    /// What the applicant says.
    pub said: Said,
    /// The mailbox it was confirmed from.
    pub email: String,
    /// The hash of the owner's password.
    pub password_hash: String,
    /// What the applicant is spoken to in.
    pub language: Language,
    /// To whom the applicant lets the name and the number be given; said anew whenever it is sent.
    pub consents_to: Option<Provider>,
    /// Where it stands.
    pub state: State,
    /// How often it was sent.
    pub sent_count: i64,
    /// When it was sent last.
    pub sent_at: Option<Timestamp>,
    /// Whom the checks asked.
    pub provider: Option<Provider>,
    /// When the provider was asked about the person; nobody is asked twice about what was sent once.
    pub person_asked_at: Option<Timestamp>,
    /// What that came to.
    pub person_outcome: Option<Outcome>,
    /// Why.
    pub person_because: Option<Because>,
    /// When the provider was asked about the business.
    pub company_asked_at: Option<Timestamp>,
    /// What that came to.
    pub company_outcome: Option<Outcome>,
    /// Why.
    pub company_because: Option<Because>,
    /// Who looked at the documents.
    pub approval: Option<Approval>,
    /// What is to be corrected: words of [`Field`] with commas between.
    pub wrong_fields: Option<String>,
    /// What the applicant was told.
    pub told: Option<String>,
    /// Who decided, last.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// The merchant it became.
    pub became: Option<MerchantId>,
}

/// What a check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Whether the person's name and number belong together.
    Person,
    /// Whether the business's name, its code and the person do.
    Company,
}

impl Registration {
    /// What is still to be asked; `None`: nothing more, or something differs already.
    pub fn to_ask(&self) -> Option<About> {
        if self.person_outcome.is_none() {
            return Some(About::Person);
        }
        let is_owed = self.said.kind.has_licence() && self.company_outcome.is_none() && !self.differs();
        is_owed.then_some(About::Company)
    }

    /// When that was asked; what was asked and not answered is [`Outcome::Down`].
    pub const fn asked_at(&self, about: About) -> Option<Timestamp> {
        match about {
            About::Person => self.person_asked_at,
            About::Company => self.company_asked_at,
        }
    }

    /// Notes that a provider is about to be asked.
    pub const fn asks(&mut self, about: About, now: Timestamp) {
        match about {
            About::Person => self.person_asked_at = Some(now),
            About::Company => self.company_asked_at = Some(now),
        }
    }

    /// Forgets that: surely nothing was sent, or what was is about something else.
    pub const fn was_not_asked(&mut self, about: About) {
        match about {
            About::Person => self.person_asked_at = None,
            About::Company => self.company_asked_at = None,
        }
        if self.person_asked_at.is_none() && self.company_asked_at.is_none() {
            self.provider = None;
        }
    }

    /// Writes down what it came to.
    pub const fn is_checked(&mut self, about: About, checked: Checked) {
        match about {
            About::Person => {
                self.person_outcome = Some(checked.outcome);
                self.person_because = checked.because;
            }
            About::Company => {
                self.company_outcome = Some(checked.outcome);
                self.company_because = checked.because;
            }
        }
    }

    fn outcomes(&self) -> [Option<Outcome>; 2] {
        [self.person_outcome, self.company_outcome]
    }

    /// Whether something that was said is not so.
    pub fn differs(&self) -> bool {
        self.outcomes().contains(&Some(Outcome::Differs))
    }

    /// Whether a provider has said of everything that it is the same: then one person accepts it.
    pub fn is_all_same(&self) -> bool {
        let company = !self.said.kind.has_licence() || self.company_outcome == Some(Outcome::Same);
        self.person_outcome == Some(Outcome::Same) && company
    }

    /// What the applicant is asked to look at, where something differs.
    pub fn differing(&self) -> Vec<Field> {
        let (person, company) = (self.person_outcome, self.company_outcome);
        match (person, company, self.company_because) {
            (Some(Outcome::Differs), ..) => vec![Field::PersonName, Field::IdentityNumber],
            (_, Some(Outcome::Differs), Some(Because::NotOperating)) => vec![Field::CreditCode],
            (_, Some(Outcome::Differs), _) => {
                vec![Field::BusinessName, Field::CreditCode, Field::PersonName]
            }
            _ => Vec::new(),
        }
    }

    /// Whether the right code still confirms it.
    pub fn takes_code(&self, now: Timestamp) -> bool {
        self.state == State::Unconfirmed && now < self.ends_at && self.wrong_codes < WRONG_CODES_MAX
    }

    /// Whether the applicant may send it again.
    pub fn may_be_sent(&self) -> bool {
        self.state == State::Returned && self.sent_count < SENT_MAX
    }
}

/// Fields as a row keeps them.
pub fn written(fields: &[Field]) -> Option<String> {
    let words: Vec<&str> = fields.iter().map(|field| field.code()).collect();
    (!words.is_empty()).then(|| words.join(","))
}

/// The same, read; what is no field any more is left out.
pub fn read(fields: Option<&str>) -> Vec<Field> {
    let words = fields.unwrap_or_default().split(',');
    words.filter_map(Field::parse).collect()
}

/// Who signs merchants on.
const SIGNERS: Who = Who::With(Right::SignMerchant);
/// The applicant, who has no account yet.
const APPLICANT: Who = Who::Kind(actor::Kind::Outside);
/// What asks a provider.
const NODES: Who = Who::Kind(actor::Kind::Node);

/// By one person, of what a provider has found to be the same. The text names the merchant.
const ACCEPT: Step<State, Verb> = Step::new(Verb::Accept, &[State::Review], Some(State::Accepted), SIGNERS)
    .saying(Text::Optional)
    .proving();

impl Personal for Registration {
    fn whose(&self) -> Option<&str> {
        None
    }

    fn personal(&self) -> Vec<Datum<'_>> {
        fn datum<'a>(field: &'static str, kind: Mask, text: &'a str) -> Datum<'a> {
            Datum::new(field, kind, Some(text).filter(|text| !text.is_empty()))
        }
        vec![
            datum("person_name", Mask::Name, &self.said.person_name),
            datum(
                "identity_number",
                Mask::IdentityNumber,
                &self.said.identity_number,
            ),
            datum("mobile", Mask::Phone, &self.said.mobile),
            datum("email", Mask::Email, &self.email),
        ]
    }
}

impl Case for Registration {
    type State = State;
    type Verb = Verb;
    const STEPS: &'static [Step<State, Verb>] = &[
        Step::new(
            Verb::Confirm,
            &[State::Unconfirmed],
            Some(State::Checking),
            APPLICANT,
        ),
        Step::new(Verb::Send, &[State::Returned], Some(State::Checking), APPLICANT),
        Step::new(
            Verb::Withdraw,
            &[State::Checking, State::Review, State::Approved, State::Returned],
            Some(State::Withdrawn),
            APPLICANT,
        )
        .saying(Text::Optional),
        Step::new(Verb::Check, &[State::Checking], Some(State::Review), NODES).saying(Text::Optional),
        Step::new(Verb::Differ, &[State::Checking], Some(State::Returned), NODES).saying(Text::Optional),
        Step::new(
            Verb::Approve,
            &[State::Review, State::Approved],
            Some(State::Approved),
            SIGNERS,
        )
        .saying(Text::Required)
        .proving(),
        ACCEPT,
        Step {
            from: &[State::Approved],
            second_person: true,
            ..ACCEPT
        },
        Step::new(
            Verb::Return,
            &[State::Review, State::Approved],
            Some(State::Returned),
            SIGNERS,
        )
        .saying(Text::Required)
        .by_person(),
        Step::new(
            Verb::Refuse,
            &[State::Review, State::Approved, State::Returned],
            Some(State::Refused),
            SIGNERS,
        )
        .saying(Text::Required)
        .proving(),
        Step::revealing(
            Verb::Reveal,
            &[
                State::Checking,
                State::Review,
                State::Approved,
                State::Returned,
                State::Accepted,
                State::Refused,
                State::Withdrawn,
            ],
        ),
    ];

    fn state(&self) -> State {
        self.state
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        match state {
            // What was seen was seen of what was said before.
            State::Returned | State::Checking => self.approval = None,
            State::Unconfirmed
            | State::Review
            | State::Approved
            | State::Accepted
            | State::Refused
            | State::Withdrawn => {}
        }
        if state == State::Checking {
            (self.wrong_fields, self.told) = (None, None);
            (self.decided_by, self.decided_at) = (None, None);
        }
    }

    fn first_person(&self) -> Option<&str> {
        self.approval
            .as_ref()
            .map(|approval| approval.approved_by.as_str())
    }

    /// One person accepts what a provider found to be the same, and there is nothing to approve; else nobody accepts alone.
    fn hinders(&self, verb: Verb) -> bool {
        match (verb, self.state) {
            (Verb::Approve, _) => self.is_all_same(),
            (Verb::Accept, State::Review) => !self.is_all_same(),
            (Verb::Send, _) => !self.may_be_sent(),
            _ => false,
        }
    }

    fn allows(&self, actor: &Actor) -> bool {
        actor.scope().is_none_or(seen_by)
    }
}

/// Whether somebody of that scope sees registrations: they are the house's own.
pub const fn seen_by(scope: &Scope) -> bool {
    matches!(scope, Scope::All)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Role;
    use crate::case::{NotTaken, decide, walk};
    use crate::fixture::{merchant, person};

    fn at(state: State, person: Outcome, company: Outcome) -> Registration {
        Registration {
            registration_id: "R1".into(),
            token_digest: vec![1; 32],
            code_digest: vec![2; 32],
            wrong_codes: 0,
            made_from: "192.0.2.1".into(),
            made_at: Timestamp(0),
            ends_at: Timestamp(CODE_LASTS_MS),
            said: Said {
                kind: Kind::Enterprise,
                business_name: "测试商行".into(),
                credit_code: "91110101MA0TXXX113".into(),
                person_name: "测试甲".into(),
                identity_number: "110101180001010015".into(),
                mobile: "+8613800138000".into(),
                login: "shop".into(),
            },
            email: "a@shop.example".into(),
            password_hash: String::new(),
            language: Language::Chinese,
            consents_to: None,
            state,
            sent_count: 1,
            sent_at: None,
            provider: None,
            person_asked_at: None,
            person_outcome: Some(person),
            person_because: None,
            company_asked_at: None,
            company_outcome: Some(company),
            company_because: None,
            approval: (state == State::Approved).then(|| Approval {
                approved_by: "risk".into(),
                approved_at: Timestamp(0),
                documents: "00".repeat(32),
                documents_until: None,
                reason: "all seen".into(),
            }),
            wrong_fields: None,
            told: None,
            decided_by: None,
            decided_at: None,
            became: None,
        }
    }

    fn actors() -> Vec<(&'static str, Actor)> {
        vec![
            ("risk", person(Role::RiskOfficer, Scope::All)),
            ("ops", person(Role::Operations, Scope::All)),
            ("admin", person(Role::Administrator, Scope::All)),
            ("owner", person(Role::Owner, Scope::Merchant(merchant("M1")))),
            ("node", Actor::Node("n".into())),
            ("applicant", Actor::Outside("192.0.2.1".into())),
        ]
    }

    /// The lines of a walk for the verbs of people at the states where they are taken.
    fn walked(person: Outcome, company: Outcome) -> Vec<String> {
        let lines = walk(|state| at(state, person, company), &actors());
        let may = |line: &String| {
            let (_, decided) = line.split_once(": ").unwrap();
            decided
                .split(' ')
                .any(|one| !one.ends_with(":no") && !one.ends_with(":-"))
        };
        lines.into_iter().filter(may).collect()
    }

    #[test]
    fn one_person_accepts_what_is_the_same() {
        let wanted = [
            "unconfirmed confirm: risk:no ops:no admin:no owner:no node:no applicant:checking",
            "checking withdraw: risk:no ops:no admin:no owner:no node:no applicant:withdrawn",
            "checking check: risk:no ops:no admin:no owner:no node:review applicant:no",
            "checking differ: risk:no ops:no admin:no owner:no node:returned applicant:no",
            "checking reveal: risk:checking ops:no admin:no owner:no node:no applicant:no",
            "review withdraw: risk:no ops:no admin:no owner:no node:no applicant:withdrawn",
            "review accept: risk:accepted ops:accepted admin:no owner:no node:no applicant:no",
            "review return: risk:returned ops:returned admin:no owner:no node:no applicant:no",
            "review refuse: risk:refused ops:refused admin:no owner:no node:no applicant:no",
            "review reveal: risk:review ops:no admin:no owner:no node:no applicant:no",
            "approved withdraw: risk:no ops:no admin:no owner:no node:no applicant:withdrawn",
            "approved accept: risk:accepted ops:accepted admin:no owner:no node:no applicant:no",
            "approved return: risk:returned ops:returned admin:no owner:no node:no applicant:no",
            "approved refuse: risk:refused ops:refused admin:no owner:no node:no applicant:no",
            "approved reveal: risk:approved ops:no admin:no owner:no node:no applicant:no",
            "accepted reveal: risk:accepted ops:no admin:no owner:no node:no applicant:no",
            "returned send: risk:no ops:no admin:no owner:no node:no applicant:checking",
            "returned withdraw: risk:no ops:no admin:no owner:no node:no applicant:withdrawn",
            "returned refuse: risk:refused ops:refused admin:no owner:no node:no applicant:no",
            "returned reveal: risk:returned ops:no admin:no owner:no node:no applicant:no",
            "refused reveal: risk:refused ops:no admin:no owner:no node:no applicant:no",
            "withdrawn reveal: risk:withdrawn ops:no admin:no owner:no node:no applicant:no",
        ];
        assert_eq!(walked(Outcome::Same, Outcome::Same), wanted);
    }

    #[test]
    fn what_is_not_the_same_is_approved_by_one_and_accepted_by_another() {
        let pairs = Outcome::ALL
            .into_iter()
            .flat_map(|one| Outcome::ALL.map(|other| (one, other)));
        let risk = actors().remove(0).1;
        let as_risk = |account: &str| match &risk {
            Actor::Person(known) => Actor::Person(crate::account::Account {
                login: account.into(),
                ..known.clone()
            }),
            other => other.clone(),
        };
        let (first, second) = (as_risk("risk"), as_risk("other"));
        for (person, company) in pairs.filter(|pair| *pair != (Outcome::Same, Outcome::Same)) {
            let review = at(State::Review, person, company);
            assert_eq!(
                decide(&review, Verb::Accept, &first).err(),
                Some(NotTaken::WrongState("review")),
                "{person:?} {company:?}"
            );
            assert!(decide(&review, Verb::Approve, &first).is_ok());
            let approved = at(State::Approved, person, company);
            assert_eq!(
                decide(&approved, Verb::Accept, &first).err(),
                Some(NotTaken::SecondPersonRequired)
            );
            assert!(decide(&approved, Verb::Accept, &second).is_ok());
            assert!(decide(&approved, Verb::Approve, &first).is_ok());
        }
    }

    #[test]
    fn what_differs_is_not_paid_for_twice_and_names_its_fields() {
        let new = Registration {
            person_outcome: None,
            company_outcome: None,
            ..at(State::Checking, Outcome::Same, Outcome::Same)
        };
        assert_eq!(new.to_ask(), Some(About::Person));
        let person = |outcome| Registration {
            person_outcome: Some(outcome),
            ..new.clone()
        };
        assert_eq!(person(Outcome::Differs).to_ask(), None);
        assert_eq!(
            person(Outcome::Differs).differing(),
            [Field::PersonName, Field::IdentityNumber]
        );
        assert_eq!(person(Outcome::Down).to_ask(), Some(About::Company));
        let micro = Registration {
            said: Said {
                kind: Kind::Micro,
                credit_code: String::new(),
                ..new.said.clone()
            },
            ..person(Outcome::Same)
        };
        assert!(micro.to_ask().is_none() && micro.is_all_same());
        let idle = Registration {
            company_because: Some(Because::NotOperating),
            ..at(State::Checking, Outcome::Same, Outcome::Differs)
        };
        assert_eq!(idle.differing(), [Field::CreditCode]);
    }

    #[test]
    fn it_is_sent_five_times_at_most_and_a_new_sending_forgets_what_was_approved() {
        let returned = |sent_count| Registration {
            sent_count,
            ..at(State::Returned, Outcome::Differs, Outcome::Same)
        };
        let applicant = Actor::Outside("192.0.2.1".into());
        assert!(decide(&returned(SENT_MAX - 1), Verb::Send, &applicant).is_ok());
        assert!(decide(&returned(SENT_MAX), Verb::Send, &applicant).is_err());
        let mut approved = at(State::Approved, Outcome::Down, Outcome::Same);
        approved.enter(State::Returned);
        assert_eq!(approved.approval, None);
    }

    #[test]
    fn fields_are_read_as_they_are_written() {
        assert_eq!(written(&[]), None);
        let fields = [Field::Login, Field::CreditCode];
        assert_eq!(read(written(&fields).as_deref()), fields);
        assert!(read(None).is_empty() && read(Some("gone")).is_empty());
    }
}

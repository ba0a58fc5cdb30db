//! Reports of suspicious transactions (反洗钱法): what a house suspects of a merchant's payments, whether it is reported to the authority,
//! and that it was filed there (R3.4).
//!
//! ```text
//! draft ─propose→ proposed ─confirm_report→ confirmed ─file→ filed
//!   ↑───send_back────┘  └─confirm_no_report→ not_reported
//! ```
//!
//! One that is filed is never changed: what is to be added or put right is another one, which names it. One that is not reported stays,
//! with its reason, as one that is.
//!
//! Invariant: nobody without [`Right::ReportSuspicion`] over the house is told that there is one; nobody decides alone.

use std::collections::BTreeMap;

use crate::actor::Actor;
use crate::case::{Adding, Case, ListVerb, Step, Text, Who};
use crate::money::{Currency, Money};
use crate::right::{Object, Right, may};
use crate::time::HOUR_MS;
use crate::{MerchantId, TerminalId, Timestamp, words};

/// Working days from the confirmation within which it is filed: art. 15 of order 3 of 2016, as reprints have it.
pub const WORKING_DAYS: u32 = 5;
/// How long it is kept after it was filed, or decided not to be: 10 years, art. 34 of 反洗钱法.
pub const KEPT_MS: i64 = 3_653 * 24 * HOUR_MS;
/// Longest text on whom it is about, and longest reason of the decision, characters.
pub const SHORT_CHARS_MAX: usize = 2_000;
/// Longest text on the grounds, and longest analysis, characters.
pub const LONG_CHARS_MAX: usize = 10_000;
/// Longest number of a receipt, characters.
pub const RECEIPT_CHARS_MAX: usize = 200;
/// Payments that one names at most.
pub const PAYMENTS_MAX: usize = 200;
/// People who write one at most.
pub const WRITERS_MAX: usize = 20;
/// From so long before its end its term is said to people.
pub const REMIND_BEFORE_MS: i64 = 24 * HOUR_MS;

words! {
    /// Whether it is the first about something.
    pub enum Kind {
        /// It is.
        First = "first",
        /// It adds to one that was filed.
        Supplement = "supplement",
        /// It puts one right that was filed.
        Correction = "correction",
    }
}

words! {
    /// What is abnormal: the list of art. 12 of order 3 of 2016.
    pub enum Ground {
        /// 身份: who the customer is.
        Identity = "identity",
        /// 行为: what the customer does.
        Behaviour = "behaviour",
        /// 资金来源: where the money comes from.
        Source = "source",
        /// 金额: how much it is.
        Amount = "amount",
        /// 频率: how often.
        Frequency = "frequency",
        /// 流向: where it goes.
        Destination = "destination",
        /// 性质: what the transactions are.
        Nature = "nature",
    }
}

words! {
    /// What is decided.
    pub enum Decision {
        /// It is reported.
        Report = "report",
        /// It is not, for a reason.
        NoReport = "no_report",
    }
}

words! {
    /// Where one stands.
    pub enum State {
        /// People write it.
        Draft = "draft",
        /// It waits for a second person.
        Proposed = "proposed",
        /// Two people decided to report: the term runs.
        Confirmed = "confirmed",
        /// It was filed, as a person says.
        Filed = "filed",
        /// Two people decided not to report.
        NotReported = "not_reported",
    }
}

words! {
    /// What people do with one.
    pub enum Verb {
        /// Write something else.
        Change = "change",
        /// Ask a second person.
        Propose = "propose",
        /// Say what stands against it.
        SendBack = "send_back",
        /// Agree that it is reported.
        ConfirmReport = "confirm_report",
        /// Agree that it is not.
        ConfirmNoReport = "confirm_no_report",
        /// Say that it was filed.
        File = "file",
    }
}

words! {
    /// Which way money went.
    pub enum Way {
        /// To the merchant.
        In = "in",
        /// Back to a payer.
        Back = "back",
        /// Neither.
        Neither = "neither",
    }
}

/// A payment that one names, as it was known when the report was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// `L` and its place in the terminal's ledger, or `P`, a statement's identifier, a dot and its place there.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Which way the money went.
    pub way: Way,
    /// Whether it was approved and not undone, as far as the source says.
    pub is_done: bool,
    /// How much; `None`: it says nothing of it.
    pub amount: Option<Money>,
}

impl Payment {
    /// As a line of the report.
    pub fn line(&self) -> String {
        let amount = self.amount.map_or_else(String::new, |amount| {
            format!("{} {}", amount.minor, amount.currency.0)
        });
        let line = format!(
            "{} {} {} {} {amount}",
            self.id,
            self.at.0,
            self.way.code(),
            i64::from(self.is_done)
        );
        line.trim_end().to_owned()
    }

    fn read(line: &str) -> Option<Self> {
        let mut parts = line.split(' ');
        let (id, at) = (parts.next()?.to_owned(), Timestamp(parts.next()?.parse().ok()?));
        let (way, is_done) = (Way::parse(parts.next()?)?, parts.next()? == "1");
        let amount = match (parts.next(), parts.next()) {
            (Some(minor), Some(currency)) => {
                Some(Money::new(minor.parse().ok()?, Currency(currency.parse().ok()?)).ok()?)
            }
            _ => None,
        };
        Some(Self {
            id,
            at,
            way,
            is_done,
            amount,
        })
    }
}

/// What the payments of a report come to in one currency: of those that were approved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// To the merchant, minor units.
    pub in_minor: i64,
    /// How many.
    pub in_count: i64,
    /// Back to payers, minor units.
    pub back_minor: i64,
    /// How many.
    pub back_count: i64,
}

/// Those sums; currencies are never added.
pub fn sums(payments: &[Payment]) -> BTreeMap<Currency, Sum> {
    let mut sums = BTreeMap::<_, Sum>::new();
    for payment in payments.iter().filter(|payment| payment.is_done) {
        let Some(amount) = payment.amount else { continue };
        let sum = sums.entry(amount.currency).or_default();
        let (minor, count) = match payment.way {
            Way::In => (&mut sum.in_minor, &mut sum.in_count),
            Way::Back => (&mut sum.back_minor, &mut sum.back_count),
            Way::Neither => continue,
        };
        *minor += amount.minor;
        *count += 1;
    }
    sums.retain(|_, sum| *sum != Sum::default());
    sums
}

/// What people say in one. Texts are `None` where nothing was said, and once they are forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// What is abnormal: words of [`Ground`], a blank between.
    pub grounds: String,
    /// Whether it is grave or urgent: then the local branch of the central bank is told, too (art. 17 of order 3 of 2016).
    pub is_grave: bool,
    /// The persons and accounts that are meant.
    pub persons: Option<String>,
    /// What was found.
    pub facts: Option<String>,
    /// What follows from it.
    pub analysis: Option<String>,
    /// The payments, a line each; see [`Payment::line`].
    pub payments: Option<String>,
    /// What the writer would decide.
    pub decision: Option<Decision>,
    /// Why.
    pub decision_text: Option<String>,
}

impl Said {
    /// What is abnormal, in the order of the list.
    pub fn grounds(&self) -> impl Iterator<Item = Ground> {
        self.grounds.split(' ').filter_map(Ground::parse)
    }

    /// The payments.
    pub fn payments(&self) -> Vec<Payment> {
        let lines = self.payments.as_deref().unwrap_or_default().lines();
        lines.filter_map(Payment::read).collect()
    }

    /// What is not said yet, but must be before a second person is asked.
    pub const fn missing(&self) -> Option<&'static str> {
        match self {
            Self { decision: None, .. } => Some("decision"),
            Self {
                decision_text: None, ..
            } => Some("decision_text"),
            Self { facts: None, .. } => Some("facts"),
            Self { analysis: None, .. } => Some("analysis"),
            Self {
                decision: Some(Decision::Report),
                grounds,
                ..
            } if grounds.is_empty() => Some("grounds"),
            Self {
                decision: Some(Decision::Report),
                persons: None,
                ..
            } => Some("persons"),
            _ => None,
        }
    }
}

/// That it was filed, as a person says: nothing here reaches the authority's system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    /// When.
    pub at: Timestamp,
    /// Who wrote it down.
    pub by: String,
    /// When.
    pub recorded_at: Timestamp,
    /// The number of the channel's receipt; `None` once it is forgotten.
    pub receipt: Option<String>,
    /// How and when the local branch of the central bank was told of one that is grave.
    pub branch: Option<String>,
}

/// A report of suspicious transactions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuspiciousReport {
    /// Eight letters and digits, at random: no identifier says that there are others.
    pub suspicious_report_id: String,
    /// Whether it is the first about something.
    pub kind: Kind,
    /// The one that it adds to or puts right.
    pub earlier_id: Option<String>,
    /// Whose payments.
    pub merchant_id: MerchantId,
    /// Of which terminal, where it is about one.
    pub terminal_id: Option<TerminalId>,
    /// The loss that it came of.
    pub incident_id: Option<String>,
    /// What is said.
    pub said: Said,
    /// Where it stands.
    pub state: State,
    /// Counts up with each change.
    pub version: i64,
    /// The log-ins of all who wrote or proposed it, a line each.
    pub writers: String,
    /// When it was written last.
    pub written_at: Timestamp,
    /// Who asked for a second person, last.
    pub proposed_by: Option<String>,
    /// When.
    pub proposed_at: Option<Timestamp>,
    /// The second person.
    pub confirmed_by: Option<String>,
    /// When it was decided.
    pub confirmed_at: Option<Timestamp>,
    /// The first moment after the term for filing.
    pub due_at: Option<Timestamp>,
    /// Whether the term counts days of a year whose holidays nobody has given notice of.
    pub is_provisional: bool,
    /// That it was filed.
    pub filed: Option<Filed>,
    /// When people were last reminded of its term.
    pub reminded_at: Option<Timestamp>,
}

const KEEPERS: Who = Who::With(Right::ReportSuspicion);

const fn decide(verb: Verb, to: State) -> Step<State, Verb> {
    Step {
        second_person: true,
        ..Step::new(verb, &[State::Proposed], Some(to), KEEPERS).proving()
    }
}

impl Case for SuspiciousReport {
    type State = State;
    type Verb = Verb;
    const STEPS: &'static [Step<State, Verb>] = &[
        Step::new(Verb::Change, &[State::Draft], None, KEEPERS).by_person(),
        Step::new(Verb::Propose, &[State::Draft], Some(State::Proposed), KEEPERS).by_person(),
        Step::new(Verb::SendBack, &[State::Proposed], Some(State::Draft), KEEPERS)
            .saying(Text::Required)
            .by_person(),
        decide(Verb::ConfirmReport, State::Confirmed),
        decide(Verb::ConfirmNoReport, State::NotReported),
        Step::new(Verb::File, &[State::Confirmed], Some(State::Filed), KEEPERS).by_person(),
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
        self.is_by(name)
    }

    fn allows(&self, actor: &Actor) -> bool {
        is_shown_to(actor)
    }

    /// A second person agrees to what was proposed, and to nothing else.
    fn hinders(&self, verb: Verb) -> bool {
        match verb {
            Verb::ConfirmReport => self.said.decision != Some(Decision::Report),
            Verb::ConfirmNoReport => self.said.decision != Some(Decision::NoReport),
            _ => false,
        }
    }
}

/// Whether somebody is told that there are any: people of the house with the right, and no program.
pub fn is_shown_to(actor: &Actor) -> bool {
    matches!(actor, Actor::Person(_)) && may(actor, Right::ReportSuspicion, Object::House)
}

impl SuspiciousReport {
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
        if !self.writers.is_empty() {
            self.writers.push('\n');
        }
        self.writers.push_str(login);
        true
    }

    /// Whether its term is over, and nobody has said that it was filed.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.state == State::Confirmed && self.due_at.is_some_and(|due| due <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Account, Role, Scope};
    use crate::case::{NotTaken, decide, may_add, walk};
    use crate::fixture::{account, everybody, merchant, person};

    fn report(state: State) -> SuspiciousReport {
        SuspiciousReport {
            suspicious_report_id: "S".into(),
            kind: Kind::First,
            earlier_id: None,
            merchant_id: merchant("M1"),
            terminal_id: None,
            incident_id: None,
            said: Said {
                grounds: "amount".into(),
                decision: Some(Decision::Report),
                ..Said::default()
            },
            state,
            version: 1,
            writers: "wang\nli".into(),
            written_at: Timestamp(1),
            proposed_by: None,
            proposed_at: None,
            confirmed_by: None,
            confirmed_at: None,
            due_at: Some(Timestamp(1_000)),
            is_provisional: false,
            filed: None,
            reminded_at: None,
        }
    }

    #[test]
    fn only_who_has_the_right_over_the_house_moves_one_and_only_as_its_table_says() {
        let lines = walk(report, &everybody());
        let wanted = [
            ("draft", ["draft", "proposed", "-", "-", "-", "-"]),
            ("proposed", ["-", "-", "draft", "confirmed", "-", "-"]),
            ("confirmed", ["-", "-", "-", "-", "-", "filed"]),
            ("filed", ["-"; 6]),
            ("not_reported", ["-"; 6]),
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
        let adds = everybody().map(|(_, actor)| may_add(&report(State::Draft), &actor));
        assert_eq!(adds, [false, false, false, true, false]);
    }

    #[test]
    fn it_is_shown_to_people_of_the_house_with_the_right_and_to_nobody_else() {
        let ours = Scope::Merchant(merchant("M1"));
        for role in Role::ALL {
            let wanted = role == Role::RiskOfficer;
            assert_eq!(is_shown_to(&person(role, Scope::All)), wanted, "{role:?}");
            assert!(!is_shown_to(&person(role, ours.clone())), "{role:?}");
        }
        assert!(!is_shown_to(&Actor::Node("node-1".into())));
        assert!(Right::ReportSuspicion.is_peoples(), "no key has it");
    }

    #[test]
    fn a_second_account_agrees_to_what_was_proposed_and_to_nothing_else() {
        let by = |login: &str| {
            Actor::Person(Account {
                login: login.into(),
                ..account(Role::RiskOfficer, Scope::All)
            })
        };
        let second = Err(NotTaken::SecondPersonRequired);
        let wrong = Err(NotTaken::WrongState("proposed"));
        for (decision, login, verb, wanted) in [
            (Decision::Report, "wang", Verb::ConfirmReport, second),
            (Decision::Report, "li", Verb::ConfirmReport, second),
            (
                Decision::Report,
                "zhao",
                Verb::ConfirmReport,
                Ok(Some(State::Confirmed)),
            ),
            (Decision::Report, "zhao", Verb::ConfirmNoReport, wrong),
            (Decision::NoReport, "wang", Verb::ConfirmNoReport, second),
            (
                Decision::NoReport,
                "zhao",
                Verb::ConfirmNoReport,
                Ok(Some(State::NotReported)),
            ),
            (Decision::NoReport, "zhao", Verb::ConfirmReport, wrong),
        ] {
            let mut it = report(State::Proposed);
            it.said.decision = Some(decision);
            let decided = decide(&it, verb, &by(login)).map(|step| step.to);
            assert_eq!(decided, wanted, "{decision:?} {login} {verb:?}");
        }
    }

    #[test]
    fn what_a_second_person_is_asked_is_whole() {
        let text = || Some("text".to_owned());
        let whole = Said {
            grounds: "source frequency".into(),
            persons: text(),
            facts: text(),
            analysis: text(),
            decision: Some(Decision::Report),
            decision_text: text(),
            ..Said::default()
        };
        assert_eq!(whole.missing(), None);
        type Lack = (fn(&mut Said), Option<&'static str>, Option<&'static str>);
        let lacks: [Lack; 6] = [
            (|said| said.decision = None, Some("decision"), Some("decision")),
            (
                |said| said.decision_text = None,
                Some("decision_text"),
                Some("decision_text"),
            ),
            (|said| said.facts = None, Some("facts"), Some("facts")),
            (|said| said.analysis = None, Some("analysis"), Some("analysis")),
            // Of what is not reported, nobody need be suspected of anything.
            (|said| said.grounds.clear(), Some("grounds"), None),
            (|said| said.persons = None, Some("persons"), None),
        ];
        for (lack, reported, not_reported) in lacks {
            for (decision, wanted) in [(Decision::Report, reported), (Decision::NoReport, not_reported)] {
                let mut said = Said {
                    decision: Some(decision),
                    ..whole.clone()
                };
                lack(&mut said);
                assert_eq!(said.missing(), wanted, "{said:?}");
            }
        }
    }

    #[test]
    fn payments_come_back_as_they_were_written_and_currencies_are_never_added() {
        let of = |id: &str, way, is_done, amount: Option<(i64, u16)>| Payment {
            id: id.into(),
            at: Timestamp(1_800_000_000_000),
            way,
            is_done,
            amount: amount.map(|(minor, currency)| Money::new(minor, Currency(currency)).unwrap()),
        };
        let payments = [
            of("L7", Way::In, true, Some((12_000, 156))),
            of("L9", Way::In, true, Some((3_000, 156))),
            of("PABC.3", Way::Back, true, Some((500, 156))),
            of("L10", Way::In, true, Some((700, 840))),
            of("L11", Way::In, false, Some((99_999, 156))),
            of("L12", Way::Neither, true, None),
        ];
        let lines: Vec<String> = payments.iter().map(Payment::line).collect();
        let said = Said {
            payments: Some(lines.join("\n")),
            ..Said::default()
        };
        assert_eq!(said.payments(), payments);
        let sum = |in_minor, in_count, back_minor, back_count| Sum {
            in_minor,
            in_count,
            back_minor,
            back_count,
        };
        let wanted = [
            (Currency(156), sum(15_000, 2, 500, 1)),
            (Currency(840), sum(700, 1, 0, 0)),
        ];
        assert_eq!(sums(&payments), BTreeMap::from(wanted));
        for wrong in [
            "",
            "L1",
            "L1 x in 1",
            "L1 5 up 1",
            "L1 5 in 1 x 156",
            "L1 5 in 1 5 70000",
        ] {
            assert_eq!(Payment::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn its_term_ends_with_its_filing() {
        for (state, at, wanted) in [
            (State::Confirmed, 999, false),
            (State::Confirmed, 1_000, true),
            (State::Filed, 5_000, false),
            (State::Draft, 5_000, false),
        ] {
            assert_eq!(report(state).is_overdue(Timestamp(at)), wanted, "{state:?} {at}");
        }
    }

    #[test]
    fn so_many_people_write_one_and_no_more() {
        let mut it = report(State::Draft);
        it.writers.clear();
        for number in 0..WRITERS_MAX {
            assert!(it.join(&format!("writer{number}")));
        }
        assert!(it.join("writer0") && !it.join("another"));
        assert_eq!(it.writers.lines().count(), WRITERS_MAX);
    }
}

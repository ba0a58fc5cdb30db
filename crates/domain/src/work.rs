//! Work: what is to be done later, or by somebody outside, and must neither be lost nor done twice.
//!
//! A kind of work is a row of [`Kind::policy`]: how long whoever claims it has, how it waits between tries, and what a claim
//! that ran out means.
//!
//! Invariant: work leaves the table only when it is done; what cannot be done waits for a person who decides.

use crate::account::Scope;
use crate::actor::Actor;
use crate::audit::Task;
use crate::case::{Case, Step, Text, Who};
use crate::event::Subject;
use crate::question::PATIENCE_MS;
use crate::right::Right;
use crate::time::{HOUR_MS, Timestamp};
use crate::words;

words! {
    /// What is to be done.
    pub enum Kind {
        /// Tell the host to undo what it may have approved.
        Reversal = "reversal",
        /// Say that a hold has ended by its time (R5.3).
        HoldEnd = "hold_end",
        /// Send the letter that asks for a stop.
        Mail = "mail",
        /// Send a letter of an incident, with its document.
        LetterMail = "letter_mail",
        /// Mail somebody that nobody has answered a letter of an incident in time.
        LetterOverdueMail = "letter_overdue_mail",
        /// Have a provider's interface stop a terminal.
        ProviderStop = "provider_stop",
        /// Remind people of a stop that nobody has confirmed.
        Reminder = "reminder",
        /// Send one of them the mail that says so.
        ReminderMail = "reminder_mail",
        /// Mail somebody that one was asked on a case.
        MentionMail = "mention_mail",
        /// Mail somebody that a duty is due soon, or late.
        DutyMail = "duty_mail",
        /// Mail somebody once a day what is due.
        DigestMail = "digest_mail",
        /// Ask others, too, whether a terminal is with the shop.
        Question = "question",
        /// Mail somebody that it is asked.
        QuestionMail = "question_mail",
        /// Mail the code by which somebody who cannot log in reports a loss.
        CodeMail = "code_mail",
        /// Mail an applicant the code that confirms a registration, or what became of it.
        RegistrationMail = "registration_mail",
        /// Ask a provider whether what a registration says belongs together.
        RegistrationCheck = "registration_check",
        /// Look through the lines of an uploaded table.
        Import = "import",
        /// Move what is sealed to the newest data key; never done, always due again.
        Reseal = "reseal",
        /// Forget what is kept for a time only; never done, always due again.
        CleanUp = "clean_up",
        /// Draw up what must follow losses, and say what is due; never done, always due again.
        Duties = "duties",
        /// Carry the audit log on, and look it through; never done, always due again.
        Audit = "audit",
        /// Look through the estate for common points, once a day; never done, always due again.
        CommonPoints = "common_points",
    }
}

words! {
    /// Where it stands.
    pub enum State {
        /// It waits for its time.
        Waiting = "waiting",
        /// A node does it now.
        Claimed = "claimed",
        /// A node began and was lost; nobody knows whether it was done, and doing it again would show outside.
        Unknown = "unknown",
        /// It cannot be done; a person decides.
        Dead = "dead",
        /// A person has decided that it shall not be done.
        GivenUp = "given_up",
    }
}

words! {
    /// What a person can do with it.
    pub enum Verb {
        /// Have it done again, at once.
        Retry = "retry",
        /// Leave it undone, for good.
        GiveUp = "give_up",
    }
}

words! {
    /// What is kept for a time only.
    pub enum CleanUp {
        /// Sessions that are over.
        Sessions = "sessions",
        /// Answers kept for repeated requests.
        IdempotencyKeys = "idempotency_keys",
        /// Allowances of those who try passwords that are full again.
        Allowances = "allowances",
        /// Emergency codes that are over.
        EmergencyCodes = "emergency_codes",
        /// Registrations that nobody confirmed, and those that came to nothing long ago.
        Registrations = "registrations",
        /// Links that ended long ago.
        Invitations = "invitations",
        /// What people said in incidents that were closed long ago, and of holds on settlement that were over then.
        Cases = "cases",
        /// Nodes that left.
        Nodes = "nodes",
        /// Imports that nobody committed, and what was staged for those that ended.
        Imports = "imports",
        /// Bytes of files that never came whole, or are not needed any more.
        Files = "files",
        /// Payments of statements that never came whole, were taken back, or whose time is over.
        Statements = "statements",
        /// Rosters of days long ago.
        Rosters = "rosters",
        /// What reversals would carry of what a held terminal tried to turn back, and nobody decided about in time; the words of those
        /// who did, long ago.
        Recorded = "recorded",
    }
}

/// What it means when a claim runs out: its node died, or was too slow to say what it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Doing it twice is the same as once: another node does it.
    Again,
    /// It may have been done: a person decides.
    Ask,
}

/// How one kind of work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What it is about; `None`: the house itself.
    pub subject: Option<Subject>,
    /// How long a claim lasts: longer than a try may take.
    pub claim_ms: i64,
    /// The wait after the first try that failed; it doubles with each.
    pub first_wait_ms: i64,
    /// The longest wait.
    pub longest_wait_ms: i64,
    /// Tries after which it is dead; `None`: it is owed until it is done.
    pub tries_max: Option<i64>,
    /// How many of them one node does at once.
    pub at_once_max: i64,
    /// How far ahead it may be due at all. What is due later was put off by a clock that went wrong, and is due now.
    pub ahead_ms_max: i64,
    /// What a claim that ran out means.
    pub lost: Lost,
}

/// By how much clocks may differ before they count as wrong.
const CLOCK_MS_MAX: i64 = 5 * 60_000;
/// How often what is kept for a time is looked through.
pub const CLEAN_UP_EVERY_MS: i64 = HOUR_MS;
/// A time no clock reaches.
const FAR_MS: i64 = 100 * 366 * 24 * HOUR_MS;

impl Kind {
    /// How it is done.
    pub const fn policy(self) -> Policy {
        match self {
            // The host tells a repeated reversal by what names it. The claim lasts beyond the host's own time.
            Self::Reversal => Policy {
                subject: Some(Subject::Terminal),
                claim_ms: 5_000,
                first_wait_ms: 1_000,
                longest_wait_ms: 60_000,
                tries_max: None,
                at_once_max: 64,
                ahead_ms_max: CLOCK_MS_MAX,
                lost: Lost::Again,
            },
            // That others were asked is written down with the asking.
            Self::Question => Policy {
                subject: Some(Subject::Question),
                claim_ms: 30_000,
                first_wait_ms: 1_000,
                longest_wait_ms: 60_000,
                tries_max: Some(20),
                at_once_max: 4,
                ahead_ms_max: PATIENCE_MS + CLOCK_MS_MAX,
                lost: Lost::Again,
            },
            Self::HoldEnd => Policy {
                subject: Some(Subject::Terminal),
                claim_ms: 30_000,
                first_wait_ms: 1_000,
                longest_wait_ms: 60_000,
                tries_max: Some(20),
                at_once_max: 8,
                ahead_ms_max: FAR_MS,
                lost: Lost::Again,
            },
            // A mail that may have gone out is not sent again: the acquirer would take the second for another loss.
            Self::Mail | Self::LetterMail => Policy {
                subject: Some(Subject::Incident),
                claim_ms: 180_000,
                first_wait_ms: 5_000,
                longest_wait_ms: 300_000,
                tries_max: None,
                at_once_max: 4,
                ahead_ms_max: CLOCK_MS_MAX,
                lost: Lost::Ask,
            },
            // It begins by reading back, so that twice is the same as once.
            Self::ProviderStop => Policy {
                subject: Some(Subject::Incident),
                claim_ms: 240_000,
                first_wait_ms: 2_000,
                longest_wait_ms: 60_000,
                tries_max: None,
                at_once_max: 4,
                // A provider that is busy may ask for ten minutes.
                ahead_ms_max: 10 * 60_000 + CLOCK_MS_MAX,
                lost: Lost::Again,
            },
            Self::Reminder => Policy {
                subject: Some(Subject::Incident),
                claim_ms: 30_000,
                first_wait_ms: 1_000,
                longest_wait_ms: 60_000,
                tries_max: None,
                at_once_max: 8,
                ahead_ms_max: FAR_MS,
                lost: Lost::Again,
            },
            // Whoever is reminded twice is reminded. The next reminder takes the place of what has not gone out by then.
            Self::ReminderMail | Self::MentionMail | Self::DutyMail => Policy {
                subject: Some(Subject::Incident),
                claim_ms: 180_000,
                first_wait_ms: 5_000,
                longest_wait_ms: 300_000,
                tries_max: None,
                at_once_max: 4,
                ahead_ms_max: CLOCK_MS_MAX,
                lost: Lost::Again,
            },
            // Whoever is told twice is told. It is put off until the day that the letter names is over.
            Self::LetterOverdueMail => Policy {
                subject: Some(Subject::Incident),
                claim_ms: 180_000,
                first_wait_ms: 5_000,
                longest_wait_ms: 300_000,
                tries_max: Some(20),
                at_once_max: 4,
                ahead_ms_max: FAR_MS,
                lost: Lost::Again,
            },
            // Whoever is asked twice is asked. What is answered meanwhile is not mailed.
            Self::QuestionMail => Policy {
                subject: Some(Subject::Question),
                claim_ms: 180_000,
                first_wait_ms: 5_000,
                longest_wait_ms: 300_000,
                tries_max: Some(20),
                at_once_max: 4,
                ahead_ms_max: CLOCK_MS_MAX,
                lost: Lost::Again,
            },
            // A second mail with the same code does no harm; one that comes when the code is over would not help. Of a day's list the newest counts.
            Self::CodeMail | Self::RegistrationMail | Self::DigestMail => Policy {
                subject: None,
                claim_ms: 180_000,
                first_wait_ms: 2_000,
                longest_wait_ms: 60_000,
                tries_max: None,
                at_once_max: 4,
                ahead_ms_max: CLOCK_MS_MAX,
                lost: Lost::Again,
            },
            // That somebody is asked is written down before, so that nobody is asked again about what was lost.
            Self::RegistrationCheck => Policy {
                subject: Some(Subject::Registration),
                claim_ms: 120_000,
                first_wait_ms: 2_000,
                longest_wait_ms: 60_000,
                tries_max: None,
                at_once_max: 4,
                // A provider that is busy may ask for ten minutes.
                ahead_ms_max: 10 * 60_000 + CLOCK_MS_MAX,
                lost: Lost::Again,
            },
            // What is looked through is written down with each part, so that another goes on where one was lost.
            Self::Import => Policy {
                subject: Some(Subject::Import),
                claim_ms: 60_000,
                first_wait_ms: 1_000,
                longest_wait_ms: 60_000,
                tries_max: Some(10),
                at_once_max: 1,
                ahead_ms_max: CLOCK_MS_MAX,
                lost: Lost::Again,
            },
            // How far it is is written down with each step, so that another goes on where one was lost.
            Self::Reseal | Self::CleanUp | Self::Duties => Policy {
                subject: None,
                claim_ms: 60_000,
                first_wait_ms: 60_000,
                longest_wait_ms: CLEAN_UP_EVERY_MS,
                tries_max: None,
                at_once_max: 1,
                ahead_ms_max: CLEAN_UP_EVERY_MS + CLOCK_MS_MAX,
                lost: Lost::Again,
            },
            // What is found is the same whoever looks; a shop that was asked is not asked again.
            Self::CommonPoints => Policy {
                subject: None,
                claim_ms: HOUR_MS,
                first_wait_ms: 60_000,
                longest_wait_ms: HOUR_MS,
                tries_max: None,
                at_once_max: 1,
                // A day of 25 hours.
                ahead_ms_max: 25 * HOUR_MS + CLOCK_MS_MAX,
                lost: Lost::Again,
            },
            // What becomes a leaf, and the end of the claim, are one transaction.
            Self::Audit => Policy {
                subject: None,
                claim_ms: 60_000,
                first_wait_ms: 5_000,
                longest_wait_ms: 60_000,
                tries_max: None,
                at_once_max: 3,
                ahead_ms_max: CLEAN_UP_EVERY_MS + CLOCK_MS_MAX,
                lost: Lost::Again,
            },
        }
    }
}

impl Policy {
    /// The same where somebody outside may take so long to answer.
    pub const fn answered_within(self, answer_ms: i64) -> Self {
        Self {
            claim_ms: self.claim_ms.saturating_add(answer_ms),
            ahead_ms_max: self.ahead_ms_max.saturating_add(answer_ms),
            ..self
        }
    }

    /// What follows a try that failed, the `tries`-th: the wait until the next, or `None` when it is dead.
    pub fn wait_ms(&self, tries: i64) -> Option<i64> {
        if self.tries_max.is_some_and(|max| tries >= max) {
            return None;
        }
        let doublings = u32::try_from(tries.saturating_sub(1).clamp(0, 30)).unwrap_or(30);
        let wait_ms = self.first_wait_ms.saturating_mul(1 << doublings);
        Some(wait_ms.min(self.longest_wait_ms))
    }
}

/// What names one piece of work: of one kind, about one subject, there is one of each part. Written `kind.subject.part`,
/// without the last where there is one only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Id {
    kind: Kind,
    subject_id: String,
    part: String,
    text: String,
}

impl Id {
    /// Names it; neither the subject's identifier nor the part holds a dot.
    pub fn new(kind: Kind, subject_id: &str, part: &str) -> Self {
        let text = match part {
            "" => format!("{}.{subject_id}", kind.code()),
            part => format!("{}.{subject_id}.{part}", kind.code()),
        };
        Self {
            kind,
            subject_id: subject_id.to_owned(),
            part: part.to_owned(),
            text,
        }
    }

    /// Reads it as it is written.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once('.')?;
        let (subject_id, part) = rest.split_once('.').unwrap_or((rest, ""));
        let id = Self::new(Kind::parse(kind)?, subject_id, part);
        (!subject_id.is_empty() && id.text == text).then_some(id)
    }

    /// The reversal of a row of a terminal's ledger.
    pub fn reversal(terminal_id: crate::TerminalId, sequence: i64) -> Self {
        Self::new(Kind::Reversal, terminal_id.as_str(), &sequence.to_string())
    }

    /// The end of a terminal's hold.
    pub fn hold_end(terminal_id: crate::TerminalId, hold_id: i64) -> Self {
        Self::new(Kind::HoldEnd, terminal_id.as_str(), &hold_id.to_string())
    }

    /// The mail of that number with the letter of an incident.
    pub fn mail(incident_id: &str, count: i64) -> Self {
        Self::new(Kind::Mail, incident_id, &count.to_string())
    }

    /// The mail of that number with the letter at that place among an incident's.
    pub fn letter_mail(incident_id: &str, position: i64, count: i64) -> Self {
        Self::new(Kind::LetterMail, incident_id, &format!("{position}-{count}"))
    }

    /// The stop of an incident's terminal by its provider.
    pub fn provider_stop(incident_id: &str) -> Self {
        Self::new(Kind::ProviderStop, incident_id, "")
    }

    /// The reminders of a stop that nobody has confirmed.
    pub fn reminder(incident_id: &str) -> Self {
        Self::new(Kind::Reminder, incident_id, "")
    }

    /// The mail of the reminder of that number to one of those it is for, counted from 0.
    pub fn reminder_mail(incident_id: &str, count: i64, place: usize) -> Self {
        Self::new(Kind::ReminderMail, incident_id, &format!("{count}-{place}"))
    }

    /// The mail to one of those whom the comment at that place of the time line asks, counted from 0.
    pub fn mention_mail(incident_id: &str, sequence: i64, place: usize) -> Self {
        Self::new(Kind::MentionMail, incident_id, &format!("{sequence}-{place}"))
    }

    /// The mail to one of those whom a duty is said to that is due soon, or late, counted from 0: what is said at that time.
    pub fn duty_mail(incident_id: &str, (position, remind_at): (i64, Timestamp), place: usize) -> Self {
        Self::new(
            Kind::DutyMail,
            incident_id,
            &format!("{position}-{}-{place}", remind_at.0),
        )
    }

    /// The mail to one of those whom it is said to that nobody has answered the letter at that place of an incident, counted from 0.
    pub fn letter_overdue_mail(incident_id: &str, position: i64, place: usize) -> Self {
        Self::new(
            Kind::LetterOverdueMail,
            incident_id,
            &format!("{position}-{place}"),
        )
    }

    /// The mail of a day to a person who is known by that digest of the log-in.
    pub fn digest_mail(person: &str) -> Self {
        Self::new(Kind::DigestMail, person, "")
    }

    /// The asking of others whether a terminal is with the shop.
    pub fn question(question_id: &str) -> Self {
        Self::new(Kind::Question, question_id, "")
    }

    /// The mail that asks one person, counted from 0; `others`: of those who are asked later.
    pub fn question_mail(question_id: &str, others: bool, place: usize) -> Self {
        let turn = if others { "b" } else { "a" };
        Self::new(Kind::QuestionMail, question_id, &format!("{turn}-{place}"))
    }

    /// The mail that brings an emergency code.
    pub fn code_mail(code_id: &str) -> Self {
        Self::new(Kind::CodeMail, code_id, "")
    }

    /// The mail of that number about a registration; 0 brings the code.
    pub fn registration_mail(registration_id: &str, number: i64) -> Self {
        Self::new(Kind::RegistrationMail, registration_id, &number.to_string())
    }

    /// The check of what a registration says.
    pub fn registration_check(registration_id: &str) -> Self {
        Self::new(Kind::RegistrationCheck, registration_id, "")
    }

    /// The look through an import's lines.
    pub fn import(import_id: &str) -> Self {
        Self::new(Kind::Import, import_id, "")
    }

    /// The moving of what is sealed to the newest data key.
    pub fn reseal() -> Self {
        Self::new(Kind::Reseal, "data_key", "")
    }

    /// The look at what must follow losses.
    pub fn duties() -> Self {
        Self::new(Kind::Duties, "duties", "")
    }

    /// The look through the estate for common points.
    pub fn common_points() -> Self {
        Self::new(Kind::CommonPoints, "estate", "")
    }

    /// A clean-up.
    pub fn clean_up(what: CleanUp) -> Self {
        Self::new(Kind::CleanUp, what.code(), "")
    }

    /// A piece of the audit log's work.
    pub fn audit(task: Task) -> Self {
        Self::new(Kind::Audit, task.code(), "")
    }

    /// What is to be done.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What it is about.
    pub fn subject_id(&self) -> &str {
        &self.subject_id
    }

    /// Which of several about the same.
    pub fn part(&self) -> &str {
        &self.part
    }

    /// The row of a terminal's ledger it is about, where it is about one.
    pub fn of_ledger(&self) -> Option<(crate::TerminalId, i64)> {
        let terminal_id = crate::TerminalId::parse(self.subject_id.as_bytes())?;
        Some((terminal_id, self.part.parse().ok()?))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Who does a piece of work now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The node.
    pub node: String,
    /// Which start of it.
    pub incarnation: i64,
}

/// A piece of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// What names it.
    pub id: Id,
    /// Where it stands.
    pub state: State,
    /// Since when it is to be done.
    pub since: Timestamp,
    /// When a node may take it; while one has it, when its claim runs out; `None`: a person decides.
    pub due: Option<Timestamp>,
    /// How often a node has taken it since it was last asked for. A node that took it writes only while this and `due` are
    /// unchanged.
    pub tries: i64,
    /// Who has it now.
    pub claim: Option<Claim>,
    /// Why the last try failed; no personal data.
    pub last_error: Option<String>,
    /// What doing it needs and is kept nowhere else; sealed by the edge where it is private.
    pub payload: Option<Vec<u8>>,
}

impl Work {
    /// Work to be done at a time.
    pub const fn new(id: Id, since: Timestamp, due: Timestamp) -> Self {
        Self {
            id,
            state: State::Waiting,
            since,
            due: Some(due),
            tries: 0,
            claim: None,
            last_error: None,
            payload: None,
        }
    }
}

/// Whoever decides about what cannot be done.
const DECIDERS: Who = Who::With(Right::DecideWork);
/// What waits for a person.
const STUCK: &[State] = &[State::Dead, State::Unknown];

impl Case for Work {
    type State = State;
    type Verb = Verb;
    const STEPS: &'static [Step<State, Verb>] = &[
        Step::new(Verb::Retry, STUCK, Some(State::Waiting), DECIDERS).saying(Text::Optional),
        Step::new(Verb::GiveUp, STUCK, Some(State::GivenUp), DECIDERS).saying(Text::Required),
    ];

    fn state(&self) -> State {
        self.state
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        match state {
            // It has been due since then.
            State::Waiting => (self.due, self.tries) = (Some(self.since), 0),
            State::GivenUp => self.payload = None,
            State::Claimed | State::Unknown | State::Dead => {}
        }
    }

    fn allows(&self, actor: &Actor) -> bool {
        actor.scope().is_some_and(seen_by)
    }
}

/// Whether somebody of that scope sees work: it is the house's own.
pub const fn seen_by(scope: &Scope) -> bool {
    matches!(scope, Scope::All)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TerminalId;
    use crate::account::{Role, Scope};
    use crate::case::walk;
    use crate::fixture::{merchant, person};

    #[test]
    fn the_wait_doubles_up_to_the_longest_and_ends_with_the_last_try() {
        let policy = Policy {
            tries_max: Some(5),
            first_wait_ms: 1_000,
            longest_wait_ms: 5_000,
            ..Kind::Reversal.policy()
        };
        let waits: Vec<_> = (1..=6).map(|tries| policy.wait_ms(tries)).collect();
        assert_eq!(
            waits,
            [Some(1_000), Some(2_000), Some(4_000), Some(5_000), None, None]
        );
        let endless = Policy {
            tries_max: None,
            ..policy
        };
        assert_eq!(endless.wait_ms(i64::MAX), Some(5_000));
    }

    #[test]
    fn every_kinds_waits_and_claims_are_bounded() {
        for kind in Kind::ALL {
            let policy = kind.policy();
            assert!(policy.claim_ms > 0 && policy.at_once_max > 0, "{kind:?}");
            assert!(
                0 < policy.first_wait_ms && policy.first_wait_ms <= policy.longest_wait_ms,
                "{kind:?}"
            );
            // Else a wait of its own policy would count as a wrong clock.
            assert!(
                policy.longest_wait_ms.max(policy.claim_ms) <= policy.ahead_ms_max,
                "{kind:?}"
            );
        }
    }

    #[test]
    fn an_identifier_is_read_as_it_is_written_and_nothing_else_is_one() {
        let terminal_id = TerminalId::parse(b"10450001").unwrap();
        for (id, text) in [
            (Id::reversal(terminal_id, 17), "reversal.10450001.17"),
            (Id::hold_end(terminal_id, 3), "hold_end.10450001.3"),
            (Id::clean_up(CleanUp::Sessions), "clean_up.sessions"),
        ] {
            assert_eq!(id.as_str(), text);
            assert_eq!(Id::parse(text), Some(id));
        }
        assert_eq!(Id::reversal(terminal_id, 17).of_ledger(), Some((terminal_id, 17)));
        for none in [
            "",
            "reversal",
            "reversal.",
            "reversal..17",
            "loss.1.2",
            "reversal.1.",
        ] {
            assert_eq!(Id::parse(none), None, "{none}");
        }
    }

    #[test]
    fn only_a_risk_officer_decides_and_only_about_what_is_stuck() {
        let actors = [
            ("risk", person(Role::RiskOfficer, Scope::All)),
            ("auditor", person(Role::Auditor, Scope::All)),
            ("owner", person(Role::Owner, Scope::Merchant(merchant("M1")))),
            ("node", Actor::Node("n".into())),
        ];
        let work = |state| Work {
            state,
            ..Work::new(Id::clean_up(CleanUp::Nodes), Timestamp(0), Timestamp(0))
        };
        let wanted = [
            "waiting retry: risk:- auditor:no owner:no node:no",
            "waiting give_up: risk:- auditor:no owner:no node:no",
            "claimed retry: risk:- auditor:no owner:no node:no",
            "claimed give_up: risk:- auditor:no owner:no node:no",
            "unknown retry: risk:waiting auditor:no owner:no node:no",
            "unknown give_up: risk:given_up auditor:no owner:no node:no",
            "dead retry: risk:waiting auditor:no owner:no node:no",
            "dead give_up: risk:given_up auditor:no owner:no node:no",
            "given_up retry: risk:- auditor:no owner:no node:no",
            "given_up give_up: risk:- auditor:no owner:no node:no",
        ];
        assert_eq!(walk(work, &actors), wanted);
    }
}

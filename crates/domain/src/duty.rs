//! Duties: what must follow a loss, each done with its proof or found not to be needed on a recorded ground (R1.1, R1.3, R1.4, R3.4).
//!
//! Invariant: a duty ends by a person who says by what it was done, or why it need not be; where the law asks, by two.

use crate::account::Scope;
use crate::actor::Actor;
use crate::case::{Case, Step, Text, Who};
use crate::right::Right;
use crate::time::HOUR_MS;
use crate::{Timestamp, words};

words! {
    /// Whose a duty is.
    pub enum Whose {
        /// The merchant's people.
        Shop = "shop",
        /// The acquirer's.
        Acquirer = "acquirer",
    }
}

words! {
    /// From when a term runs. Laws do not mean the same: 发生, 发现或获知, 确认, aware.
    pub enum Moment {
        /// It happened (发生).
        Occurred = "occurred",
        /// It was noticed, or somebody was told (发现或获知): at the latest with the report.
        Noticed = "noticed",
        /// It was found to be so (确认).
        Confirmed = "confirmed",
        /// Whoever answers for personal data became aware of it.
        Aware = "aware",
        /// The terminal was stopped, as far as that is known.
        Stopped = "stop",
        /// The police gave a receipt (受案), as its paper says.
        PoliceAccepted = "police_accepted",
        /// They decided to open no case (不予立案), as its paper says.
        PoliceRefused = "police_refused",
        /// A new terminal was bound to the merchant.
        Bound = "bound",
        /// It was said that the terminal was found.
        Found = "found",
    }
}

words! {
    /// What shows that a duty was done.
    pub enum Proof {
        /// A number that somebody outside gave: of a receipt, a decision, a device.
        Reference = "reference",
        /// What was done and found, in words.
        Statement = "statement",
    }
}

words! {
    /// Who may say that there is no need for a duty.
    pub enum NotNeeded {
        /// One person, with a ground.
        Ground = "ground",
        /// One person with a ground, and a second who agrees.
        TwoPeople = "two_people",
        /// Nobody.
        Never = "never",
    }
}

words! {
    /// Where a duty stands.
    pub enum State {
        /// It is to be done.
        Open = "open",
        /// One person says that there is no need for it.
        NotNeededProposed = "not_needed_proposed",
        /// It was done.
        Done = "done",
        /// There was no need for it.
        NotNeeded = "not_needed",
    }
}

words! {
    /// What people can do with a duty.
    pub enum Verb {
        /// Say by what it was done.
        Done = "done",
        /// Say why there is no need for it.
        NotNeeded = "not_needed",
        /// The same where a second person has to agree.
        ProposeNotNeeded = "propose_not_needed",
        /// Agree.
        ConfirmNotNeeded = "confirm_not_needed",
        /// Give it to somebody.
        HandOver = "hand_over",
        /// Give it more time, on a ground.
        Extend = "extend",
        /// Say that it is to be done after all.
        Reopen = "reopen",
    }
}

/// How a duty ended, or is said to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Who says so.
    pub by: String,
    /// When that was said.
    pub at: Timestamp,
    /// When it was done, as that person says.
    pub done_at: Option<Timestamp>,
    /// The number that somebody outside gave.
    pub reference: Option<String>,
    /// What was done, or why there is no need; in that person's words.
    pub statement: Option<String>,
    /// The file of the incident that shows it.
    pub attachment_id: Option<String>,
    /// The second person who agreed.
    pub confirmed_by: Option<String>,
}

/// Something that must follow a loss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// The incident's identifier, a hyphen, its place.
    pub duty_id: String,
    /// Of which incident.
    pub incident_id: String,
    /// Its place among the incident's, from 1.
    pub position: i64,
    /// Its name in the playbook.
    pub duty: String,
    /// What is to be done, in Chinese.
    pub title_zh: String,
    /// In English.
    pub title_en: String,
    /// Whose it is.
    pub whose: Whose,
    /// An acquirer outside does what is an acquirer's, and the shop's people write it down.
    pub is_outside: bool,
    /// Where it stands.
    pub state: State,
    /// What shows that it was done.
    pub proof: Proof,
    /// Whether a file of the incident shows it as well: a scan, a photo, a clip.
    pub takes_file: bool,
    /// Whether the case cannot be closed while it is open.
    pub blocks_closing: bool,
    /// Who may say that there is no need for it.
    pub not_needed: NotNeeded,
    /// The names of those that come before it, with spaces between.
    pub after: String,
    /// The rule it comes from, where one holds, by its name among rules.
    pub rule: Option<String>,
    /// How sure that rule is.
    pub rule_mark: Option<String>,
    /// From when its term runs.
    pub starts_from: Moment,
    /// The term, as the playbook says it: `2 working days`.
    pub term: Option<String>,
    /// When it began to run.
    pub started_at: Option<Timestamp>,
    /// When it ends.
    pub due_at: Option<Timestamp>,
    /// Whether its end counts days of a year whose holidays nobody has given notice of.
    pub is_provisional: bool,
    /// When people are told next that it is due soon, or late.
    pub remind_at: Option<Timestamp>,
    /// When somebody gave it more time than its term.
    pub extended_at: Option<Timestamp>,
    /// Who was asked to do it.
    pub assigned_to: Option<String>,
    /// How it ended, or is said to.
    pub end: Option<End>,
}

/// As long as it is not ended.
const TO_DO: [State; 2] = [State::Open, State::NotNeededProposed];
const FOLLOWERS: Who = Who::With(Right::FollowLoss);

impl Case for Duty {
    type State = State;
    type Verb = Verb;
    const STEPS: &'static [Step<State, Verb>] = &[
        Step::new(Verb::Done, &TO_DO, Some(State::Done), FOLLOWERS)
            .saying(Text::Optional)
            .by_person(),
        Step::new(Verb::NotNeeded, &[State::Open], Some(State::NotNeeded), FOLLOWERS)
            .saying(Text::Required)
            .by_person(),
        Step::new(
            Verb::ProposeNotNeeded,
            &[State::Open],
            Some(State::NotNeededProposed),
            FOLLOWERS,
        )
        .saying(Text::Required)
        .by_person(),
        Step {
            second_person: true,
            ..Step::new(
                Verb::ConfirmNotNeeded,
                &[State::NotNeededProposed],
                Some(State::NotNeeded),
                FOLLOWERS,
            )
            .by_person()
        },
        Step::new(Verb::HandOver, &TO_DO, None, FOLLOWERS)
            .saying(Text::Optional)
            .by_person(),
        Step::new(Verb::Extend, &TO_DO, None, FOLLOWERS)
            .saying(Text::Required)
            .by_person(),
        Step::new(
            Verb::Reopen,
            &[State::NotNeededProposed, State::Done, State::NotNeeded],
            Some(State::Open),
            FOLLOWERS,
        )
        .saying(Text::Required)
        .by_person(),
    ];

    fn state(&self) -> State {
        self.state
    }

    fn enter(&mut self, state: State) {
        self.state = state;
    }

    fn first_person(&self) -> Option<&str> {
        self.end.as_ref().map(|end| end.by.as_str())
    }

    /// What is the acquirer's is done by its own people, where they are here.
    fn allows(&self, actor: &Actor) -> bool {
        let is_of_house = matches!(actor.scope(), Some(Scope::All));
        self.whose == Whose::Shop || self.is_outside || is_of_house
    }

    fn hinders(&self, verb: Verb) -> bool {
        match verb {
            Verb::NotNeeded => self.not_needed != NotNeeded::Ground,
            Verb::ProposeNotNeeded => self.not_needed != NotNeeded::TwoPeople,
            Verb::Extend => self.due_at.is_none(),
            Verb::Done | Verb::Reopen => self.is_by_record(),
            _ => false,
        }
    }
}

impl Duty {
    /// Whether it is to be done still.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Open | State::NotNeededProposed)
    }

    /// Whether the case cannot be closed because of it.
    pub const fn stands_against_closing(&self) -> bool {
        self.blocks_closing && self.is_open()
    }

    /// Whether it is one only if something comes that has not come, and that nobody waits for: the police's answer.
    pub const fn is_conditional(&self) -> bool {
        let comes_by_paper = matches!(self.starts_from, Moment::PoliceAccepted | Moment::PoliceRefused);
        comes_by_paper && self.is_open() && self.started_at.is_none()
    }

    /// Whether it follows from that the terminal was found: who is to be told of it is told also once the case is closed.
    pub fn is_of_find(&self) -> bool {
        self.starts_from == Moment::Found
    }

    /// Whether our own record ends it and nobody's word does: an inspection that was passed, a key that was set.
    pub fn is_by_record(&self) -> bool {
        self.is_of_find() && self.blocks_closing
    }

    /// Whether its time is over.
    pub fn is_late(&self, now: Timestamp) -> bool {
        self.is_open() && self.due_at.is_some_and(|due| due < now)
    }
}

/// Longest time before the end of a term at which people are told that it is due soon.
const AHEAD_MS_MAX: i64 = 24 * HOUR_MS;
/// Between two times that people are told that it is late, milliseconds.
pub const LATE_EVERY_MS: i64 = 24 * HOUR_MS;

/// When people are told that a term ends soon: a quarter of it before its end, and at most a day.
pub fn remind_before(started_at: Timestamp, due_at: Timestamp) -> Timestamp {
    let ahead_ms = (due_at.since_ms(started_at) / 4).clamp(0, AHEAD_MS_MAX);
    due_at.plus_ms(-ahead_ms)
}

/// When people are told next, having been told now: just after its end, then once a day, however long nobody was.
pub fn remind_after(due_at: Timestamp, now: Timestamp) -> Timestamp {
    let days = match now.since_ms(due_at) {
        ..=0 => 0,
        late_ms => (late_ms - 1) / LATE_EVERY_MS + 1,
    };
    // Late is what is after its end.
    due_at.plus_ms(days.saturating_mul(LATE_EVERY_MS).saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MerchantId;
    use crate::account::{Account, Proof as Shown, Role};
    use crate::case::walk;

    fn person(login: &str, role: Role, scope: Scope) -> Actor {
        Actor::Person(Account {
            login: login.into(),
            name: String::new(),
            role,
            scope,
            custom_role: None,
            proof: Shown::FRESH,
        })
    }

    fn duty(state: State, whose: Whose, not_needed: NotNeeded) -> Duty {
        let end = End {
            by: "owner".into(),
            at: Timestamp(0),
            done_at: None,
            reference: None,
            statement: None,
            attachment_id: None,
            confirmed_by: None,
        };
        Duty {
            duty_id: "A-1".into(),
            incident_id: "A".into(),
            position: 1,
            duty: "police_report".into(),
            title_zh: String::new(),
            title_en: String::new(),
            whose,
            is_outside: false,
            state,
            proof: Proof::Reference,
            takes_file: false,
            blocks_closing: true,
            not_needed,
            after: String::new(),
            rule: None,
            rule_mark: None,
            starts_from: Moment::Noticed,
            term: None,
            started_at: None,
            due_at: Some(Timestamp(9)),
            is_provisional: false,
            remind_at: None,
            extended_at: None,
            assigned_to: None,
            end: (state != State::Open).then_some(end),
        }
    }

    fn actors() -> [(&'static str, Actor); 5] {
        let ours = || Scope::Merchant(MerchantId::parse(b"M1").unwrap());
        [
            ("owner", person("owner", Role::Owner, ours())),
            ("other", person("other", Role::Owner, ours())),
            ("risk", person("risk", Role::RiskOfficer, Scope::All)),
            ("auditor", person("auditor", Role::Auditor, Scope::All)),
            ("node", Actor::Node("node-1".into())),
        ]
    }

    #[test]
    fn who_may_do_what_in_which_state() {
        let lines = walk(|state| duty(state, Whose::Shop, NotNeeded::TwoPeople), &actors());
        let wanted = [
            "open done: owner:done other:done risk:done auditor:no node:no",
            "open not_needed: owner:- other:- risk:- auditor:no node:no",
            "open propose_not_needed: owner:not_needed_proposed other:not_needed_proposed risk:not_needed_proposed auditor:no node:no",
            "open confirm_not_needed: owner:- other:- risk:- auditor:no node:no",
            "open hand_over: owner:open other:open risk:open auditor:no node:no",
            "open extend: owner:open other:open risk:open auditor:no node:no",
            "open reopen: owner:- other:- risk:- auditor:no node:no",
            "not_needed_proposed done: owner:done other:done risk:done auditor:no node:no",
            "not_needed_proposed not_needed: owner:- other:- risk:- auditor:no node:no",
            "not_needed_proposed propose_not_needed: owner:- other:- risk:- auditor:no node:no",
            "not_needed_proposed confirm_not_needed: owner:second other:not_needed risk:not_needed auditor:no node:no",
            "not_needed_proposed hand_over: owner:not_needed_proposed other:not_needed_proposed risk:not_needed_proposed auditor:no node:no",
            "not_needed_proposed extend: owner:not_needed_proposed other:not_needed_proposed risk:not_needed_proposed auditor:no node:no",
            "not_needed_proposed reopen: owner:open other:open risk:open auditor:no node:no",
            "done done: owner:- other:- risk:- auditor:no node:no",
            "done not_needed: owner:- other:- risk:- auditor:no node:no",
            "done propose_not_needed: owner:- other:- risk:- auditor:no node:no",
            "done confirm_not_needed: owner:- other:- risk:- auditor:no node:no",
            "done hand_over: owner:- other:- risk:- auditor:no node:no",
            "done extend: owner:- other:- risk:- auditor:no node:no",
            "done reopen: owner:open other:open risk:open auditor:no node:no",
            "not_needed done: owner:- other:- risk:- auditor:no node:no",
            "not_needed not_needed: owner:- other:- risk:- auditor:no node:no",
            "not_needed propose_not_needed: owner:- other:- risk:- auditor:no node:no",
            "not_needed confirm_not_needed: owner:- other:- risk:- auditor:no node:no",
            "not_needed hand_over: owner:- other:- risk:- auditor:no node:no",
            "not_needed extend: owner:- other:- risk:- auditor:no node:no",
            "not_needed reopen: owner:open other:open risk:open auditor:no node:no",
        ];
        assert_eq!(lines, wanted);
    }

    #[test]
    fn what_is_the_acquirers_is_for_its_people_unless_it_is_outside() {
        let [owner, _, risk, ..] = actors();
        let mut its = duty(State::Open, Whose::Acquirer, NotNeeded::Ground);
        assert!(!its.allows(&owner.1) && its.allows(&risk.1));
        its.is_outside = true;
        assert!(its.allows(&owner.1));
    }

    #[test]
    fn one_ground_is_enough_where_the_playbook_says_so_and_none_where_it_says_never() {
        let verbs =
            |not_needed| crate::case::actions(&duty(State::Open, Whose::Shop, not_needed), &actors()[0].1);
        let with = |verb: &[Verb]| [&[Verb::Done][..], verb, &[Verb::HandOver, Verb::Extend]].concat();
        assert_eq!(verbs(NotNeeded::Ground), with(&[Verb::NotNeeded]));
        assert_eq!(verbs(NotNeeded::TwoPeople), with(&[Verb::ProposeNotNeeded]));
        assert_eq!(verbs(NotNeeded::Never), with(&[]));
    }

    #[test]
    fn what_keeps_a_found_terminal_stopped_is_ended_by_no_ones_word() {
        let [owner, ..] = actors();
        let verbs = |state, blocks_closing| {
            let it = Duty {
                starts_from: Moment::Found,
                blocks_closing,
                due_at: None,
                ..duty(state, Whose::Shop, NotNeeded::Never)
            };
            crate::case::actions(&it, &owner.1)
        };
        assert_eq!(verbs(State::Open, true), [Verb::HandOver]);
        assert_eq!(verbs(State::Done, true), []);
        assert_eq!(verbs(State::Open, false), [Verb::Done, Verb::HandOver]);
        assert_eq!(verbs(State::Done, false), [Verb::Reopen]);
    }

    #[test]
    fn people_are_told_before_the_end_at_it_and_then_once_a_day() {
        let day = 24 * HOUR_MS;
        for (days, first_ms) in [(2, day + day / 2), (30, 29 * day)] {
            assert_eq!(
                remind_before(Timestamp(0), Timestamp(days * day)),
                Timestamp(first_ms)
            );
        }
        // What was over before it began.
        assert_eq!(remind_before(Timestamp(9), Timestamp(5)), Timestamp(5));
        let due = Timestamp(2 * day);
        for (now, next) in [
            (day, 2 * day + 1),
            (2 * day, 2 * day + 1),
            (2 * day + 1, 3 * day + 1),
            (3 * day, 3 * day + 1),
            (3 * day + 1, 4 * day + 1),
            // A clock that stood for months tells once.
            (90 * day + 5, 91 * day + 1),
        ] {
            assert_eq!(remind_after(due, Timestamp(now)), Timestamp(next), "{now}");
        }
    }

    #[test]
    fn only_what_is_open_is_late_or_stands_against_closing() {
        for state in State::ALL {
            let it = duty(state, Whose::Shop, NotNeeded::Ground);
            let is_open = matches!(state, State::Open | State::NotNeededProposed);
            assert_eq!(it.is_late(Timestamp(10)), is_open, "{state:?}");
            assert_eq!(it.stands_against_closing(), is_open, "{state:?}");
            assert!(!it.is_late(Timestamp(9)));
        }
    }
}

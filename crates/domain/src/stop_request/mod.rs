//! The request to stop a terminal that an outside acquirer decides: what was asked, and what is known of it (R1.2).
//!
//! What became of the request, of the letter and of the question to a provider are three things: a mail server that took the
//! letter has stopped nothing.
//!
//! Invariant: it is confirmed only by a person who names a reference, and stopped only by what a provider was asked again
//! afterwards.

mod escalation;

pub use escalation::{Told, reminder};

use crate::actor;
use crate::case::{Case, Step, Text, Who};
use crate::right::Right;
use crate::terminal::AtProvider;
use crate::{TerminalId, Timestamp, words};

words! {
    /// What is known of a stop. What our own gate decides is stopped with the report.
    pub enum State {
        /// It was asked for; whether anything is stopped is not known.
        Requested = "requested",
        /// Somebody at the acquirer says so, with a reference.
        Confirmed = "confirmed",
        /// Whoever decides says so when asked again: our own gate, or a provider's interface.
        Stopped = "stopped",
    }
}

words! {
    /// What can be done with it.
    pub enum Verb {
        /// Write down what somebody at the acquirer said.
        Confirm = "confirm",
        /// Send the letter by mail, again if it was sent.
        Send = "send",
        /// A provider, asked again, said that the device is stopped.
        ReadBack = "read_back",
    }
}

words! {
    /// What became of the letter.
    pub enum MailState {
        /// It waits to be sent.
        Queued = "queued",
        /// The acquirer's mail server took it; whether anybody reads it is not known.
        Sent = "sent",
        /// The mail server did not take it.
        Refused = "refused",
        /// It may have been taken: the connection was lost. It is not sent again unless a person says so.
        Unknown = "unknown",
        /// It was not sent: the incident was closed before.
        Dropped = "dropped",
    }
}

words! {
    /// What became of the question to a provider's interface.
    pub enum ProviderState {
        /// It is to be asked, or was and did not answer.
        Asked = "asked",
        /// It took the request; the device must still hear of it.
        InProgress = "in_progress",
        /// Asked again, it says that the device is stopped.
        Stopped = "stopped",
        /// It refused.
        Refused = "refused",
        /// Nobody knows.
        Unknown = "unknown",
    }
}

/// The letter as it was written with the report, and as it is sent: never made anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// In Chinese.
    pub text_zh: String,
    /// In English.
    pub text_en: String,
    /// SHA-256 of [`Letter::text`] in hexadecimal.
    pub sha256: String,
}

impl Letter {
    /// The whole of it, as a mail carries it.
    pub fn text(&self) -> String {
        whole(&self.text_zh, &self.text_en)
    }
}

/// Both languages as one text, UTF-8.
pub fn whole(text_zh: &str, text_en: &str) -> String {
    format!("{text_zh}\n\n{text_en}")
}

/// The last mail with the letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailed {
    /// What became of it.
    pub state: MailState,
    /// Since when that is known.
    pub at: Timestamp,
    /// The address.
    pub to: String,
    /// What the other side's server said, or why it was not asked.
    pub said: Option<String>,
    /// Which mail it is, from 1.
    pub count: i64,
}

/// What was asked of a provider's interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What became of it.
    pub state: ProviderState,
    /// Since when that is known.
    pub at: Timestamp,
    /// Of which device.
    pub device: AtProvider,
    /// What the provider said last.
    pub said: Option<String>,
    /// What the provider knew of the device before it was stopped: last seen, address. Evidence.
    pub evidence: Option<String>,
}

/// What somebody at the acquirer said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// 挂失凭证编号: what they keep it under.
    pub reference: String,
    /// Who said so, by name or number.
    pub confirmed_by: String,
    /// When.
    pub at: Timestamp,
    /// The log-in of who wrote it down.
    pub recorded_by: String,
    /// When that was.
    pub recorded_at: Timestamp,
}

/// A request to stop one lost terminal; an incident of an outside terminal has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopRequest {
    /// Whose.
    pub incident_id: String,
    /// Which terminal.
    pub terminal_id: TerminalId,
    /// What is known.
    pub state: State,
    /// When it was made.
    pub requested_at: Timestamp,
    /// The log-in of who made it.
    pub requested_by: String,
    /// The letter.
    pub letter: Letter,
    /// Its last mail, where there was an address.
    pub mail: Option<Mailed>,
    /// What was asked of a provider, where the terminal has one.
    pub asked: Option<Asked>,
    /// How many reminders there were.
    pub reminder_count: i64,
    /// When the next one follows; `None` when there is none.
    pub remind_at: Option<Timestamp>,
    /// What somebody at the acquirer said.
    pub confirmation: Option<Confirmation>,
}

impl StopRequest {
    /// Whether somebody still has to be reminded of it.
    pub fn is_open(&self) -> bool {
        self.state == State::Requested
    }
}

const FOLLOWERS: Who = Who::With(Right::FollowLoss);
/// What asks a provider.
const NODES: Who = Who::Kind(actor::Kind::Node);

impl Case for StopRequest {
    type State = State;
    type Verb = Verb;
    const STEPS: &'static [Step<State, Verb>] = &[
        Step {
            verb: Verb::Confirm,
            from: &[State::Requested],
            to: Some(State::Confirmed),
            who: FOLLOWERS,
            second_person: false,
            text: Text::Required,
            proving: false,
            by_person: false,
        },
        Step {
            verb: Verb::Send,
            from: &[State::Requested],
            to: None,
            who: FOLLOWERS,
            second_person: false,
            text: Text::None,
            proving: false,
            by_person: false,
        },
        Step {
            verb: Verb::ReadBack,
            from: &[State::Requested],
            to: Some(State::Stopped),
            who: NODES,
            second_person: false,
            text: Text::Optional,
            proving: false,
            by_person: false,
        },
    ];

    fn state(&self) -> State {
        self.state
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        if state != State::Requested {
            self.remind_at = None;
        }
    }

    /// A letter that waits to be sent need not be sent again.
    fn hinders(&self, verb: Verb) -> bool {
        let waits = |mail: &Mailed| mail.state == MailState::Queued;
        verb == Verb::Send && self.mail.as_ref().is_some_and(waits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Role, Scope};
    use crate::actor::Actor;
    use crate::case::{actions, walk};
    use crate::fixture::person;

    fn request(state: State) -> StopRequest {
        StopRequest {
            incident_id: "A".into(),
            terminal_id: TerminalId::parse(b"10450001").unwrap(),
            state,
            requested_at: Timestamp(0),
            requested_by: "owner".into(),
            letter: Letter {
                text_zh: "请停用".into(),
                text_en: "Please stop it".into(),
                sha256: String::new(),
            },
            mail: None,
            asked: None,
            reminder_count: 0,
            remind_at: Some(Timestamp(1)),
            confirmation: None,
        }
    }

    #[test]
    fn people_confirm_and_only_a_node_reads_back() {
        let actors = [
            ("owner", person(Role::Owner, Scope::All)),
            ("manager", person(Role::Manager, Scope::All)),
            ("risk", person(Role::RiskOfficer, Scope::All)),
            ("auditor", person(Role::Auditor, Scope::All)),
            ("node", Actor::Node("node-1".into())),
            ("timer", Actor::Timer("reminder")),
        ];
        let wanted = [
            "requested confirm: owner:confirmed manager:confirmed risk:confirmed auditor:no node:no timer:no",
            "requested send: owner:requested manager:requested risk:requested auditor:no node:no timer:no",
            "requested read_back: owner:no manager:no risk:no auditor:no node:stopped timer:no",
            "confirmed confirm: owner:- manager:- risk:- auditor:no node:no timer:no",
            "confirmed send: owner:- manager:- risk:- auditor:no node:no timer:no",
            "confirmed read_back: owner:no manager:no risk:no auditor:no node:- timer:no",
            "stopped confirm: owner:- manager:- risk:- auditor:no node:no timer:no",
            "stopped send: owner:- manager:- risk:- auditor:no node:no timer:no",
            "stopped read_back: owner:no manager:no risk:no auditor:no node:- timer:no",
        ];
        assert_eq!(walk(request, &actors), wanted);
    }

    #[test]
    fn a_letter_that_waits_is_not_sent_again() {
        let owner = person(Role::Owner, Scope::All);
        for (state, may) in [
            (MailState::Queued, false),
            (MailState::Sent, true),
            (MailState::Refused, true),
            (MailState::Unknown, true),
        ] {
            let mail = Mailed {
                state,
                at: Timestamp(0),
                to: "stop@acquirer.example".into(),
                said: None,
                count: 1,
            };
            let request = StopRequest {
                mail: Some(mail),
                ..request(State::Requested)
            };
            assert_eq!(actions(&request, &owner).contains(&Verb::Send), may, "{state:?}");
        }
    }

    #[test]
    fn nobody_is_reminded_of_what_is_known() {
        for state in [State::Confirmed, State::Stopped] {
            let mut known = request(State::Requested);
            known.enter(state);
            assert_eq!((known.is_open(), known.remind_at), (false, None));
        }
    }
}

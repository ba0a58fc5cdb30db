//! Questions: "is this terminal with you?", asked of a shop whose terminal behaves as a stolen one would, before anybody reports (R1.0, R3.3).
//!
//! Invariant: a report of the terminal's loss is the answer "no". Nobody's silence is an answer; where the house wants it, silence stops a
//! terminal at the gate until somebody answers.

use crate::case::{Case, Step, Who};
use crate::right::{Object, Right, may};
use crate::time::HOUR_MS;
use crate::{Actor, MerchantId, TerminalId, Timestamp, words};

/// So long nobody answers before others are asked, too: 30 minutes.
pub const PATIENCE_MS: i64 = HOUR_MS / 2;
/// So many terminals of the house are stopped within a day at most because nobody answered: a feast day, or somebody who makes many look
/// stolen, stops no estate.
pub const HELD_A_DAY_MAX: i64 = 20;

words! {
    /// Where one stands.
    pub enum State {
        /// Nobody has answered.
        Asked = "asked",
        /// Somebody was asked who does not know.
        Unsure = "unsure",
        /// Somebody has it at hand.
        Here = "here",
        /// It is missing, and was reported.
        Missing = "missing",
        /// A later question, or a report, has taken its place.
        Over = "over",
    }
}

words! {
    /// What people can answer, besides by reporting it.
    pub enum Verb {
        /// It is with me.
        Here = "here",
        /// I do not know.
        Unsure = "unsure",
    }
}

/// A question about one terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Eight letters and digits.
    pub question_id: String,
    /// Whose terminal it is.
    pub merchant_id: MerchantId,
    /// Which terminal.
    pub terminal_id: TerminalId,
    /// Where it stands.
    pub state: State,
    /// How suspicious the terminal was, 1..=1000.
    pub score: i64,
    /// What stood out, with its numbers: `screening::Reason`s as JSON, the weightiest first.
    pub reasons: String,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// Who answered last.
    pub answered_by: Option<String>,
    /// When.
    pub answered_at: Option<Timestamp>,
    /// When others were asked, too, because nobody had answered.
    pub passed_on_at: Option<Timestamp>,
    /// When the terminal was stopped, because the house wants that where nobody has answered.
    pub held_at: Option<Timestamp>,
    /// The report that a "no" was.
    pub incident_id: Option<String>,
}

impl Question {
    /// Whether somebody may still answer.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Asked | State::Unsure)
    }
}

impl Case for Question {
    type State = State;
    type Verb = Verb;
    const STEPS: &'static [Step<State, Verb>] = &[
        Step::new(
            Verb::Here,
            &[State::Asked, State::Unsure],
            Some(State::Here),
            Who::With(Right::ReportLoss),
        )
        .by_person(),
        Step::new(
            Verb::Unsure,
            &[State::Asked],
            Some(State::Unsure),
            Who::With(Right::ReportLoss),
        )
        .by_person(),
    ];

    fn state(&self) -> State {
        self.state
    }

    fn enter(&mut self, state: State) {
        self.state = state;
    }

    /// Like a report of its loss.
    fn allows(&self, actor: &Actor) -> bool {
        may(actor, Right::ReportLoss, Object::Seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::walk;
    use crate::fixture::{everybody, merchant};

    #[test]
    fn a_question_is_answered_once_by_who_may_report() {
        let question = |state| Question {
            question_id: "Q".into(),
            merchant_id: merchant("M1"),
            terminal_id: TerminalId::parse(b"T1").unwrap(),
            state,
            score: 700,
            reasons: "[]".into(),
            asked_at: Timestamp(0),
            answered_by: None,
            answered_at: None,
            passed_on_at: None,
            held_at: None,
            incident_id: None,
        };
        // Whether they see its terminal at all is found out before.
        let wanted = [
            "asked here: owner:here stranger:here manager:here risk:here auditor:no",
            "asked unsure: owner:unsure stranger:unsure manager:unsure risk:unsure auditor:no",
            "unsure here: owner:here stranger:here manager:here risk:here auditor:no",
            "unsure unsure: owner:- stranger:- manager:- risk:- auditor:no",
            "here here: owner:- stranger:- manager:- risk:- auditor:no",
            "here unsure: owner:- stranger:- manager:- risk:- auditor:no",
            "missing here: owner:- stranger:- manager:- risk:- auditor:no",
            "missing unsure: owner:- stranger:- manager:- risk:- auditor:no",
            "over here: owner:- stranger:- manager:- risk:- auditor:no",
            "over unsure: owner:- stranger:- manager:- risk:- auditor:no",
        ];
        assert_eq!(walk(question, &everybody()), wanted);
    }
}

//! The case at the police: reported, a receipt of it, opened or not, and the review of a refusal (R1.1).
//!
//! 报案, 受案, 立案 or 不予立案 are different things with different papers (程序规定 171, 178, 179): a receipt that a report was
//! taken says nothing of whether a case is opened.
//!
//! Invariant: where it stands is what the last paper says that nobody has taken back.

use crate::case::{Case, Step, Text, Who};
use crate::right::Right;
use crate::{Timestamp, words};

words! {
    /// Where the case at the police stands, as the papers say.
    pub enum State {
        /// Nobody has said that it was reported.
        NotReported = "not_reported",
        /// It was reported (报案).
        Reported = "reported",
        /// The police gave a receipt (受案回执).
        Accepted = "accepted",
        /// They opened a case (立案).
        Filed = "filed",
        /// They decided to open none (不予立案).
        NotFiled = "not_filed",
        /// They were asked to look at that again (复议).
        ReviewAsked = "review_asked",
        /// They stayed with it.
        Upheld = "upheld",
        /// Their case is over (结案, 撤案).
        Ended = "ended",
    }
}

words! {
    /// What people write down of it.
    pub enum Verb {
        /// It was reported.
        Report = "report",
        /// There is a receipt.
        Accept = "accept",
        /// A case was opened.
        File = "file",
        /// None was.
        DoNotFile = "do_not_file",
        /// A review was asked for.
        AskReview = "ask_review",
        /// The refusal stands after it.
        Uphold = "uphold",
        /// The police's case is over.
        End = "end",
        /// The last entry is wrong.
        TakeBack = "take_back",
    }
}

impl Verb {
    /// Whether the paper has a number that is asked for.
    pub const fn is_numbered(self) -> bool {
        matches!(self, Self::Accept | Self::File)
    }
}

/// The case at the police about one incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoliceCase {
    /// Of which incident.
    pub incident_id: String,
    /// Where it stands.
    pub state: State,
}

/// What one paper says, or somebody who was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The incident's identifier, `-p`, its place.
    pub entry_id: String,
    /// Of which incident.
    pub incident_id: String,
    /// Its place among the incident's, from 1.
    pub position: i64,
    /// What it says.
    pub verb: Verb,
    /// Where it stood before.
    pub before: State,
    /// The paper's number.
    pub number: Option<String>,
    /// Which office (办案单位).
    pub office: Option<String>,
    /// The paper's day, by the terminal's clock: `2026-11-27`.
    pub on_day: String,
    /// The first moment of that day.
    pub starts_at: Timestamp,
    /// The file of the incident that is a picture or a scan of it.
    pub attachment_id: Option<String>,
    /// Who wrote it down.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Who took it back.
    pub taken_back_by: Option<String>,
}

const FOLLOWERS: Who = Who::With(Right::FollowLoss);

const fn entry(verb: Verb, from: &'static [State], to: State) -> Step<State, Verb> {
    Step::new(verb, from, Some(to), FOLLOWERS)
        .saying(Text::Optional)
        .by_person()
}

impl Case for PoliceCase {
    type State = State;
    type Verb = Verb;
    const STEPS: &'static [Step<State, Verb>] = &[
        entry(Verb::Report, &[State::NotReported], State::Reported),
        entry(
            Verb::Accept,
            &[State::NotReported, State::Reported],
            State::Accepted,
        ),
        entry(
            Verb::File,
            &[
                State::Reported,
                State::Accepted,
                State::NotFiled,
                State::ReviewAsked,
                State::Upheld,
            ],
            State::Filed,
        ),
        entry(
            Verb::DoNotFile,
            &[State::Reported, State::Accepted],
            State::NotFiled,
        ),
        entry(Verb::AskReview, &[State::NotFiled], State::ReviewAsked),
        entry(Verb::Uphold, &[State::ReviewAsked], State::Upheld),
        entry(Verb::End, &[State::Accepted, State::Filed], State::Ended),
        Step::new(
            Verb::TakeBack,
            &[
                State::Reported,
                State::Accepted,
                State::Filed,
                State::NotFiled,
                State::ReviewAsked,
                State::Upheld,
                State::Ended,
            ],
            None,
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Account, Proof, Role, Scope};
    use crate::actor::Actor;
    use crate::case::walk;

    fn person(login: &str, role: Role) -> Actor {
        Actor::Person(Account {
            login: login.into(),
            name: String::new(),
            role,
            scope: Scope::All,
            custom_role: None,
            proof: Proof::FRESH,
        })
    }

    #[test]
    fn a_paper_leads_where_it_says_and_only_people_who_follow_the_loss_enter_one() {
        let actors = [
            ("owner", person("owner", Role::Owner)),
            ("auditor", person("auditor", Role::Auditor)),
            ("node", Actor::Node("node-1".into())),
        ];
        let at = |state| PoliceCase {
            incident_id: "A".into(),
            state,
        };
        let lines = walk(at, &actors);
        let may: Vec<_> = lines
            .iter()
            .filter_map(|line| {
                let (step, rest) = line.split_once(": owner:")?;
                assert!(rest.ends_with("auditor:no node:no"), "{line}");
                let to = rest.split(' ').next().filter(|to| *to != "-")?;
                Some(format!("{step}: {to}"))
            })
            .collect();
        assert_eq!(
            may,
            [
                "not_reported report: reported",
                "not_reported accept: accepted",
                "reported accept: accepted",
                "reported file: filed",
                "reported do_not_file: not_filed",
                "reported take_back: reported",
                "accepted file: filed",
                "accepted do_not_file: not_filed",
                "accepted end: ended",
                "accepted take_back: accepted",
                "filed end: ended",
                "filed take_back: filed",
                "not_filed file: filed",
                "not_filed ask_review: review_asked",
                "not_filed take_back: not_filed",
                "review_asked file: filed",
                "review_asked uphold: upheld",
                "review_asked take_back: review_asked",
                "upheld file: filed",
                "upheld take_back: upheld",
                "ended take_back: ended",
            ]
        );
    }
}

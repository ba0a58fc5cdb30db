//! Letters of an incident: what is asked of a bank or a payment institution in writing, until it is answered (R1.3, R3.3).
//!
//! What a letter asks is chosen from lists, so that it is worded once and fits its kind; one question more may be put in one's own words.
//!
//! Invariant: what was sent never changes, and a number is never given twice. That an answer is late follows from the clock and is not kept.

use crate::attachment::Withdrawn;
use crate::case::{Case, Step, Text, Who};
use crate::right::Right;
use crate::setting::Language;
use crate::stop_request::{MailState, Mailed};
use crate::{Timestamp, words};

/// Letters of one incident at most.
pub const OF_INCIDENT_MAX: i64 = 100;
/// Letters of one incident in a day.
pub const OF_DAY_MAX: usize = 20;
/// Mails with one letter: the first, and those after one that was refused or of which nobody knows.
pub const MAILS_MAX: i64 = 3;
/// Payments that one is about.
pub const PAYMENTS_MAX: usize = 100;
/// Longest question in one's own words, characters.
pub const OWN_QUESTION_CHARS_MAX: usize = 500;
/// Longest time for an answer, days.
pub const DUE_DAYS_MAX: i64 = 60;

words! {
    /// What it is for.
    pub enum Kind {
        /// 查询函: it asks what is known of payments, accounts and the device.
        Inquiry = "inquiry",
        /// 暂缓结算函: it asks an acquirer outside to hold the settlement of the terminal or its merchant.
        SettlementHold = "settlement_hold",
        /// 保护请求函: it asks to watch, or to block, the cards and payers of the payments that it lists.
        Protection = "protection",
    }
}

words! {
    /// What a letter asks.
    pub enum Question {
        /// How each payment stands.
        Payments = "payments",
        /// Where the money went.
        Payee = "payee",
        /// Where refunds went.
        Refunds = "refunds",
        /// What payers say of them.
        Complaints = "complaints",
        /// From where the device was heard.
        Device = "device",
        /// What was changed of the terminal.
        Parameters = "parameters",
        /// To hold the settlement of the terminal.
        HoldTerminal = "hold_terminal",
        /// To hold that of the merchant.
        HoldMerchant = "hold_merchant",
        /// What is held.
        Held = "held",
        /// What it takes to end the hold.
        Release = "release",
        /// To watch the cards and payers.
        Watch = "watch",
        /// To block them.
        Block = "block",
        /// To tell who has them.
        TellHolders = "tell_holders",
        /// Under which number, and until when.
        Number = "number",
        /// To keep the records.
        Keep = "keep",
    }
}

words! {
    /// Where a letter stands.
    pub enum State {
        /// It is written; nobody outside has it.
        Draft = "draft",
        /// A mail server is to take it.
        Sending = "sending",
        /// A mail server took it, or somebody handed it over.
        Sent = "sent",
        /// It was answered.
        Answered = "answered",
        /// Nobody waits for an answer any more.
        Withdrawn = "withdrawn",
    }
}

words! {
    /// What people do with one.
    pub enum Verb {
        /// Say something else in a draft.
        Change = "change",
        /// Have it mailed.
        Mail = "mail",
        /// Say that it was handed over, or posted.
        HandOver = "hand_over",
        /// Write down the answer.
        Answer = "answer",
        /// Take it back.
        Withdraw = "withdraw",
    }
}

words! {
    /// How it went out.
    pub enum Way {
        /// By mail: the mail server took it.
        Mail = "mail",
        /// By hand or post, as a person says.
        Hand = "hand",
    }
}

/// To whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// How it is called; empty once the case is forgotten.
    pub name: String,
    /// Its address of mail; without one it is handed over.
    pub email: Option<String>,
    /// The contact that says so; `None`: somebody typed it.
    pub contact_id: Option<String>,
}

/// The document, as it was made when it was first asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// SHA-256 of the PDF, in hexadecimal digits.
    pub sha256: String,
    /// Its length, bytes.
    pub len: i64,
    /// When it was made.
    pub at: Timestamp,
}

/// That it went out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// How.
    pub way: Way,
    /// When: as the mail server took it, or as a person says.
    pub at: Timestamp,
    /// The node whose mail it was, or the person.
    pub by: String,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Who wrote it down.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Under which number they keep it.
    pub reference: Option<String>,
    /// What they say.
    pub text: Option<String>,
    /// The file of the incident that is their answer.
    pub attachment_id: Option<String>,
}

/// A letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The incident's identifier, `-l`, its place.
    pub letter_id: String,
    /// Of which incident.
    pub incident_id: String,
    /// Its place among the incident's, from 1.
    pub position: i64,
    /// The year, a hyphen, and its number in the house's year: `2026-0001`.
    pub number: String,
    /// What it is for.
    pub kind: Kind,
    /// In which language it is written.
    pub language: Language,
    /// Where it stands.
    pub state: State,
    /// To whom.
    pub to: Recipient,
    /// What it asks: words of [`Question`], a blank between.
    pub questions: String,
    /// What it asks besides, in somebody's own words.
    pub own_question: Option<String>,
    /// Names of the payments that it is about, a blank between.
    pub payments: String,
    /// Until which day an answer is asked for, by the terminal's clock: `2026-11-27`.
    pub due_on: String,
    /// The first moment after that day.
    pub due_at: Timestamp,
    /// Who wrote it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Its document, once somebody has asked for it.
    pub document: Option<Document>,
    /// What became of the last mail with it.
    pub mail: Option<Mailed>,
    /// That it went out.
    pub sent: Option<Sent>,
    /// What came back.
    pub answer: Option<Answer>,
    /// That it was taken back.
    pub withdrawn: Option<Withdrawn>,
}

impl Letter {
    /// What it asks, in the order of the list.
    pub fn questions(&self) -> impl Iterator<Item = Question> {
        self.questions.split(' ').filter_map(Question::parse)
    }

    /// The names of the payments that it is about.
    pub fn payments(&self) -> impl Iterator<Item = &str> {
        self.payments.split(' ').filter(|name| !name.is_empty())
    }

    /// Whether an answer is late.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.state == State::Sent && self.due_at <= now
    }

    /// Whether nobody knows what became of its mail.
    pub fn is_mail_unknown(&self) -> bool {
        self.mail
            .as_ref()
            .is_some_and(|mail| mail.state == MailState::Unknown)
    }

    /// Whether it says the same as another, to the same.
    pub fn says_as(&self, other: &Self) -> bool {
        let said = |it: &Self| {
            let Self {
                kind,
                language,
                to,
                questions,
                own_question,
                payments,
                due_on,
                ..
            } = it.clone();
            (kind, language, to, questions, own_question, payments, due_on)
        };
        said(self) == said(other)
    }

    /// Whether what it says of people is forgotten.
    pub const fn is_erased(&self) -> bool {
        self.to.name.is_empty()
    }

    /// Where it stands when that became of its mail: one that nobody took is a draft again; one that people took back meanwhile stays so.
    pub fn mailed(&mut self, state: MailState) {
        self.state = match (self.state, state) {
            (State::Sending, MailState::Sent) => State::Sent,
            (State::Sending, MailState::Refused | MailState::Dropped) => State::Draft,
            (stands, _) => stands,
        };
    }
}

const FOLLOWERS: Who = Who::With(Right::FollowLoss);

impl Case for Letter {
    type State = State;
    type Verb = Verb;
    const STEPS: &'static [Step<State, Verb>] = &[
        Step::new(
            Verb::Mail,
            &[State::Draft, State::Sending],
            Some(State::Sending),
            FOLLOWERS,
        )
        .by_person(),
        Step::new(
            Verb::HandOver,
            &[State::Draft, State::Sending],
            Some(State::Sent),
            FOLLOWERS,
        )
        .saying(Text::Optional)
        .by_person(),
        Step::new(
            Verb::Answer,
            &[State::Sent, State::Sending],
            Some(State::Answered),
            FOLLOWERS,
        )
        .saying(Text::Optional)
        .by_person(),
        Step::new(Verb::Change, &[State::Draft], None, FOLLOWERS).by_person(),
        Step::new(Verb::Withdraw, &[State::Draft], Some(State::Withdrawn), FOLLOWERS)
            .saying(Text::Optional)
            .by_person(),
        Step::new(
            Verb::Withdraw,
            &[State::Sending, State::Sent],
            Some(State::Withdrawn),
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

    /// While a mail may still go out, nothing else is done with the letter but to take it back.
    fn hinders(&self, verb: Verb) -> bool {
        let is_under_way = self.state == State::Sending && !self.is_mail_unknown();
        match verb {
            Verb::Mail => {
                let count = self.mail.as_ref().map_or(0, |mail| mail.count);
                is_under_way || self.to.email.is_none() || count >= MAILS_MAX
            }
            Verb::HandOver | Verb::Answer => is_under_way,
            Verb::Change | Verb::Withdraw => false,
        }
    }
}

impl Kind {
    /// What such a letter may ask, in the order in which it does.
    pub const fn questions(self) -> &'static [Question] {
        use Question::*;
        match self {
            Self::Inquiry => &[Payments, Payee, Refunds, Complaints, Device, Parameters, Keep],
            Self::SettlementHold => &[HoldTerminal, HoldMerchant, Held, Payee, Release, Keep],
            Self::Protection => &[Watch, Block, TellHolders, Number, Keep],
        }
    }

    /// What it asks unless somebody chooses.
    pub const fn usual(self) -> &'static [Question] {
        use Question::*;
        match self {
            Self::Inquiry => &[Payments, Payee, Refunds, Device, Keep],
            Self::SettlementHold => &[HoldTerminal, Held, Payee, Release, Keep],
            Self::Protection => &[Watch, Number, Keep],
        }
    }

    /// What it is called.
    pub const fn title(self, language: Language) -> &'static str {
        let [zh, en] = match self {
            Self::Inquiry => ["查询函", "Inquiry"],
            Self::SettlementHold => ["暂缓结算函", "Request to hold settlement"],
            Self::Protection => ["保护请求函", "Request to protect cards and payers"],
        };
        match language {
            Language::Chinese => zh,
            Language::English => en,
        }
    }
}

impl Question {
    /// As the letter says it.
    pub const fn text(self, language: Language) -> &'static str {
        let [zh, en] = match self {
            Self::Payments => [
                "请逐笔说明所列交易的状态：是否授权、入账、清算，资金是否已经划付，何时划付。",
                "For each payment listed, please state whether it was authorised, booked and settled, and whether and when the money was paid out.",
            ],
            Self::Payee => [
                "请说明资金划付到哪个账户：开户机构、户名、账号末四位。",
                "To which account was the money paid: the institution, the holder, the last four digits?",
            ],
            Self::Refunds => [
                "所列交易中的退款：请说明退到哪个账户或卡（末四位），是否已经到账。",
                "Of the refunds listed: to which account or card (last four digits) did the money go, and has it arrived?",
            ],
            Self::Complaints => [
                "请说明付款人是否就所列交易提出过投诉、否认或拒付。",
                "Has any payer complained of, denied or charged back a payment listed?",
            ],
            Self::Device => [
                "请提供该终端在可能失控的时段的通信记录：网络地址、位置、最后一次签到的时间。",
                "Please give what is recorded of the terminal in the loss window: network addresses, places, and its last sign-in.",
            ],
            Self::Parameters => [
                "请说明该终端的参数、程序、密钥或绑定信息在可能失控的时段及此后有无变更，由谁变更。",
                "Were the terminal's parameters, programs, keys or binding changed in the loss window or since, and by whom?",
            ],
            Self::HoldTerminal => [
                "请暂缓结算该终端在可能失控的时段及此后的交易款项。",
                "Please hold the settlement of what the terminal took in the loss window and since.",
            ],
            Self::HoldMerchant => [
                "请暂缓结算该商户在可能失控的时段及此后的交易款项。",
                "Please hold the settlement of what the merchant took in the loss window and since.",
            ],
            Self::Held => [
                "请告知已暂缓结算的金额、笔数、起止时间，以及受理编号。",
                "Please tell us what is held: the sums and counts, from when until when, and your reference number.",
            ],
            Self::Release => [
                "请告知解除暂缓结算所需的材料和手续。",
                "Please tell us which papers and steps it takes to end the hold.",
            ],
            Self::Watch => [
                "请对所列交易涉及的卡和付款账户加强监测。",
                "Please watch the cards and payers' accounts of the payments listed.",
            ],
            Self::Block => [
                "请依贵机构的规则，对所列交易涉及的卡和付款账户采取限制支付的措施。",
                "Please block the cards and payers' accounts of the payments listed, as far as your rules allow.",
            ],
            Self::TellHolders => [
                "请将有关情况告知持卡人或付款人。",
                "Please tell the holders of the cards and accounts.",
            ],
            Self::Number => [
                "请告知所采取的措施、受理编号和有效期限。",
                "Please tell us what you have done, under which reference number, and until when it holds.",
            ],
            Self::Keep => [
                "请保存与该终端和所列交易有关的全部记录。",
                "Please keep all records of the terminal and of the payments listed.",
            ],
        };
        match language {
            Language::Chinese => zh,
            Language::English => en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Role, Scope};
    use crate::actor::Actor;
    use crate::case::walk;
    use crate::fixture::person;

    fn letter(state: State) -> Letter {
        Letter {
            letter_id: "A-l1".into(),
            incident_id: "A".into(),
            position: 1,
            number: "2026-0001".into(),
            kind: Kind::Inquiry,
            language: Language::Chinese,
            state,
            to: Recipient {
                name: "收单机构".into(),
                email: Some("stop@acquirer.example".into()),
                contact_id: None,
            },
            questions: "payments keep".into(),
            own_question: None,
            payments: "L1 P7.2".into(),
            due_on: "2026-12-04".into(),
            due_at: Timestamp(1_000),
            by: "owner".into(),
            at: Timestamp(0),
            document: None,
            mail: None,
            sent: None,
            answer: None,
            withdrawn: None,
        }
    }

    fn mailed(state: MailState, count: i64) -> Option<Mailed> {
        Some(Mailed {
            state,
            at: Timestamp(0),
            to: "stop@acquirer.example".into(),
            said: None,
            count,
        })
    }

    #[test]
    fn a_letter_goes_out_is_answered_or_taken_back_by_people_who_follow_the_loss() {
        let actors = [
            ("manager", person(Role::Manager, Scope::All)),
            ("auditor", person(Role::Auditor, Scope::All)),
            ("node", Actor::Node("node-1".into())),
        ];
        let may = |of: fn(State) -> Letter| -> Vec<String> {
            let lines = walk(of, &actors).into_iter();
            let may = lines.filter_map(|line| {
                let (step, rest) = line.split_once(": manager:")?;
                assert!(rest.ends_with("auditor:no node:no"), "{line}");
                let to = rest.split(' ').next().filter(|to| *to != "-")?;
                Some(format!("{step}: {to}"))
            });
            may.collect()
        };
        assert_eq!(
            may(letter),
            [
                "draft change: draft",
                "draft mail: sending",
                "draft hand_over: sent",
                "draft withdraw: withdrawn",
                "sending withdraw: withdrawn",
                "sent answer: answered",
                "sent withdraw: withdrawn",
            ]
        );
        let unknown = may(|state| Letter {
            mail: mailed(MailState::Unknown, 1),
            ..letter(state)
        });
        let sending = unknown.iter().filter(|line| line.starts_with("sending"));
        assert_eq!(
            sending.collect::<Vec<_>>(),
            [
                "sending mail: sending",
                "sending hand_over: sent",
                "sending answer: answered",
                "sending withdraw: withdrawn",
            ]
        );
        let nowhere = may(|state| {
            let mut letter = letter(state);
            letter.to.email = None;
            letter
        });
        assert!(!nowhere.iter().any(|line| line.contains(" mail")));
        let often = may(|state| Letter {
            mail: mailed(MailState::Refused, MAILS_MAX),
            ..letter(state)
        });
        assert!(!often.iter().any(|line| line.contains(" mail")));
    }

    #[test]
    fn what_no_server_took_is_a_draft_again_and_what_was_taken_back_stays_so() {
        for (from, state, to) in [
            (State::Sending, MailState::Sent, State::Sent),
            (State::Sending, MailState::Refused, State::Draft),
            (State::Sending, MailState::Dropped, State::Draft),
            (State::Sending, MailState::Unknown, State::Sending),
            (State::Sending, MailState::Queued, State::Sending),
            (State::Withdrawn, MailState::Sent, State::Withdrawn),
            (State::Answered, MailState::Refused, State::Answered),
        ] {
            let mut it = letter(from);
            it.mailed(state);
            assert_eq!(it.state, to, "{from:?} {state:?}");
        }
    }

    #[test]
    fn only_what_was_sent_can_be_late_and_not_before_its_day_is_over() {
        assert!(!letter(State::Sent).is_overdue(Timestamp(999)));
        assert!(letter(State::Sent).is_overdue(Timestamp(1_000)));
        for state in [State::Draft, State::Sending, State::Answered, State::Withdrawn] {
            assert!(!letter(state).is_overdue(Timestamp(2_000)), "{state:?}");
        }
    }

    #[test]
    fn each_kind_asks_what_fits_it_once_and_the_usual_is_among_it() {
        for kind in Kind::ALL {
            let mut all = kind.questions().to_vec();
            all.dedup();
            assert_eq!(all, kind.questions(), "{kind:?}");
            assert!(kind.usual().iter().all(|one| all.contains(one)), "{kind:?}");
        }
        for question in Question::ALL {
            assert!(
                Kind::ALL.iter().any(|kind| kind.questions().contains(&question)),
                "{question:?}"
            );
        }
        let its = letter(State::Draft);
        assert_eq!(
            its.questions().collect::<Vec<_>>(),
            [Question::Payments, Question::Keep]
        );
        assert_eq!(its.payments().collect::<Vec<_>>(), ["L1", "P7.2"]);
    }
}

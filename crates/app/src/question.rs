//! Asking whether a terminal is with the shop, and what is answered (R3.3).
//!
//! Invariant: a terminal is asked about once in a week at most, and never one that is reported lost. A question changes nothing at the
//! gate but where the house has said so: then nobody's answer within the time stops the terminal, until somebody answers.

use std::collections::BTreeSet;

use domain::account::{Person, Scope};
use domain::actor::{Actor, By};
use domain::event::{Subject, Verb as Told};
use domain::hold::{Authority, Kind};
use domain::incident::Incident;
use domain::question::{HELD_A_DAY_MAX, PATIENCE_MS, Question, State, Verb};
use domain::right::Right;
use domain::setting::{Language, Watch};
use domain::terminal::{Control, Status, Terminal};
use domain::time::HOUR_MS;
use domain::work::{Id, Work};
use domain::{TerminalId, Timestamp};
use screening::{Code, Reason, Settings};
use store::event::{self, New};
use store::question as kept;
use store::{Error as StoreError, Tx, row};

use crate::case::{Error, Noun, Stateful, step};
use crate::hold::{NotReleased, Placing, place, release};
use crate::stop_request::reminder::{PEOPLE_MAX, Reminding, login, reached_at};
use crate::stop_request::{MailOutcome, clock, mail_is_set_up};
use crate::work;

/// Open questions that are listed at most.
pub const OPEN_MAX: i64 = 50;
/// Questions about one terminal that are listed at most: of three years.
pub const OF_TERMINAL_MAX: i64 = 150;
/// Reasons that a question names at most.
const REASONS_MAX: usize = 5;

impl Noun for Question {
    const SUBJECT: Subject = Subject::Question;

    fn id(&self) -> &str {
        &self.question_id
    }

    fn told_of(&self) -> (Subject, &str) {
        (Subject::Terminal, self.terminal_id.as_str())
    }

    fn told_as(&self, _: Option<&str>) -> Option<String> {
        Some(self.question_id.clone())
    }

    fn seen_by(&self, tx: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        terminal_of(tx, self)?.seen_by(tx, scope)
    }
}

impl Stateful for Question {
    fn lock(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        store::terminal::hold_row(tx, self.terminal_id)
    }

    fn happened(verb: Verb) -> &'static str {
        match verb {
            Verb::Here => Told::QuestionHere.code(),
            Verb::Unsure => Told::QuestionUnsure.code(),
        }
    }
}

fn terminal_of(tx: &Tx<'_>, it: &Question) -> Result<Terminal, StoreError> {
    store::terminal::get(tx, it.terminal_id)?.ok_or(StoreError::Corrupt("terminal of a question"))
}

/// What is to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    /// Which terminal.
    pub terminal_id: TerminalId,
    /// How suspicious it is.
    pub score: u16,
    /// Why, the weightiest first.
    pub reasons: Vec<Reason>,
}

/// Whether the house wants its shops to be asked.
///
/// # Errors
/// The store failed.
pub fn are_asked(tx: &Tx<'_>) -> Result<bool, StoreError> {
    Ok(wanted(tx)? != Watch::Off)
}

/// What the house wants done about terminals that behave as stolen ones would.
fn wanted(tx: &Tx<'_>) -> Result<Watch, StoreError> {
    Ok(store::setting::get(tx)?.map_or(Watch::Ask, |settings| settings.watch))
}

/// Asks, unless nobody wants to be asked, the terminal is not in use, is reported lost, or was asked about within a week.
///
/// # Errors
/// The store failed.
pub fn ask(
    tx: &Tx<'_>,
    question_id: &str,
    asking: &Asking,
    node: &str,
) -> Result<Option<Question>, StoreError> {
    let terminal_id = asking.terminal_id;
    if !are_asked(tx)? {
        return Ok(None);
    }
    store::terminal::hold_row(tx, terminal_id)?;
    let Some(terminal) = store::terminal::get(tx, terminal_id)? else {
        return Ok(None);
    };
    let is_lost = store::incident::unclosed(tx, terminal_id)?.is_some()
        || store::incident::stays_stopped(tx, terminal_id)?.is_some();
    let since = tx
        .now()
        .plus_ms(-i64::from(Settings::default().ask_every_hours) * HOUR_MS);
    let was_asked = kept::of(tx, terminal_id, 1)?
        .iter()
        .any(|last| last.asked_at > since);
    if terminal.status != Status::Active || is_lost || was_asked {
        return Ok(None);
    }
    kept::end(tx, terminal_id)?;
    let reasons = &asking.reasons[..asking.reasons.len().min(REASONS_MAX)];
    let question = Question {
        question_id: question_id.to_owned(),
        merchant_id: terminal.bound.merchant_code,
        terminal_id,
        state: State::Asked,
        score: i64::from(asking.score),
        reasons: Reason::written(reasons),
        asked_at: tx.now(),
        answered_by: None,
        answered_at: None,
        passed_on_at: None,
        held_at: None,
        incident_id: None,
    };
    row::insert(tx, &question)?;
    tell(tx, &question, Told::QuestionAsked, By::node(node))?;
    let people = people(tx, &terminal, Right::FollowLoss)?;
    mail_to(tx, &question, false, people)?;
    work::enqueue(
        tx,
        Id::question(question_id),
        question.asked_at.plus_ms(PATIENCE_MS),
    )?;
    Ok(Some(question))
}

fn tell(tx: &Tx<'_>, question: &Question, verb: Told, by: By<'_>) -> Result<(), StoreError> {
    let new = New {
        subject: Subject::Terminal,
        subject_id: question.terminal_id.as_str(),
        at: tx.now(),
        verb: verb.code(),
        by,
        text: Some(&question.question_id),
        ledger_sequence: None,
    };
    event::append(tx, new).map(drop)
}

/// Those of the terminal's shop who have a right.
fn people(tx: &Tx<'_>, terminal: &Terminal, right: Right) -> Result<BTreeSet<String>, StoreError> {
    let shop = (terminal.bound.merchant_code, terminal.shop_id.as_str());
    Ok(store::account::of_shop(tx, right, shop, PEOPLE_MAX)?
        .into_iter()
        .collect())
}

fn mail_to(
    tx: &Tx<'_>,
    question: &Question,
    others: bool,
    people: BTreeSet<String>,
) -> Result<(), StoreError> {
    if !mail_is_set_up(tx)? {
        return Ok(());
    }
    for (place, login) in people.into_iter().enumerate() {
        if reached_at(tx, &login)?.is_none() {
            continue;
        }
        let id = Id::question_mail(&question.question_id, others, place);
        let mail = Work {
            payload: Some(login.into_bytes()),
            ..Work::new(id, tx.now(), tx.now())
        };
        store::work::enqueue(tx, &mail)?;
    }
    Ok(())
}

/// Asks others, too, where nobody has answered: all of the shop who may report it, and the house. Where the house wants it, the terminal
/// is stopped. Answers which terminal it is about.
///
/// # Errors
/// The store failed.
pub fn pass_on(tx: &Tx<'_>, claimed: &Work) -> Result<Option<TerminalId>, StoreError> {
    if !work::done(tx, claimed)? {
        return Ok(None);
    }
    let Some(question) = row::by_id::<Question>(tx, claimed.id.subject_id())? else {
        return Ok(None);
    };
    store::terminal::hold_row(tx, question.terminal_id)?;
    let question: Option<Question> = row::by_id(tx, claimed.id.subject_id())?;
    let Some(mut question) = question.filter(Question::is_open) else {
        return Ok(None);
    };
    if store::incident::unclosed(tx, question.terminal_id)?.is_some() {
        return Ok(None);
    }
    let terminal = terminal_of(tx, &question)?;
    question.held_at = held(tx, &question)?;
    question.passed_on_at = Some(tx.now());
    row::update(tx, &question)?;
    tell(tx, &question, Told::QuestionPassedOn, By::timer("question"))?;
    let mut others = people(tx, &terminal, Right::ReportLoss)?;
    others.extend(store::account::of_house(tx, Right::FollowLoss, PEOPLE_MAX)?);
    mail_to(tx, &question, true, others)?;
    Ok(Some(question.terminal_id))
}

/// When the terminal of an open question is to be stopped if nobody answers; `None` where it is not, or was.
///
/// # Errors
/// The store failed.
pub fn holds_at(tx: &Tx<'_>, question: &Question) -> Result<Option<Timestamp>, StoreError> {
    let is_due = question.is_open() && question.passed_on_at.is_none() && wanted(tx)? == Watch::Hold;
    let holds = is_due && terminal_of(tx, question)?.control == Control::Gate;
    Ok(holds.then(|| question.asked_at.plus_ms(PATIENCE_MS)))
}

/// Stops the terminal, if that is wanted and not too many were stopped within a day; since when it is.
fn held(tx: &Tx<'_>, question: &Question) -> Result<Option<Timestamp>, StoreError> {
    let day = tx.now().plus_ms(-24 * HOUR_MS);
    if holds_at(tx, question)?.is_none() || kept::held_since(tx, day)? >= HELD_A_DAY_MAX {
        return Ok(None);
    }
    let placing = Placing {
        terminal_id: question.terminal_id,
        kind: Kind::Unanswered,
        cause: "nobody answered",
        by: By::timer("question"),
        until: None,
        incident_id: None,
    };
    Ok(Some(place(tx, &placing)?.placed_at))
}

/// Lets a terminal go that was stopped because nobody had answered. Its row is held by the caller.
fn let_go(tx: &Tx<'_>, terminal_id: TerminalId, by: By<'_>, answer: State) -> Result<(), StoreError> {
    match release(
        tx,
        terminal_id,
        Kind::Unanswered,
        Authority::Question,
        (by, answer.code()),
    ) {
        Ok(()) | Err(NotReleased::NotStanding) => Ok(()),
        Err(NotReleased::WrongAuthority(_)) => Err(StoreError::Corrupt("authority of a hold")),
        Err(NotReleased::Store(error)) => Err(error),
    }
}

/// Answers that it is there, or that one does not know. A terminal that was stopped because nobody had answered goes on once it is there.
///
/// # Errors
/// There is no such question for the actor, or it takes no such answer any more.
pub fn answer(tx: &Tx<'_>, actor: &Actor, question_id: &str, verb: Verb) -> Result<Question, Error> {
    let (by, now) = (actor.name().to_owned(), tx.now());
    let question = step(tx, actor, question_id, verb, None, |it: &mut Question| {
        (it.answered_by, it.answered_at) = (Some(by), Some(now));
    })?;
    if verb == Verb::Here {
        let_go(tx, question.terminal_id, actor.by(), question.state)?;
    }
    Ok(question)
}

/// Writes down that a report of loss was the answer to what was open of its terminal: the loss stops it now, and nothing else need.
/// Its row is held by the caller.
pub(crate) fn reported(tx: &Tx<'_>, incident: &Incident) -> Result<(), StoreError> {
    let_go(tx, incident.terminal_id, By::timer("question"), State::Missing)?;
    let newest = kept::of(tx, incident.terminal_id, 1)?.pop();
    let Some(mut question) = newest.filter(Question::is_open) else {
        return Ok(());
    };
    question.state = State::Missing;
    question.answered_by = Some(incident.reported_by.clone());
    question.answered_at = Some(incident.reported_at);
    question.incident_id = Some(incident.incident_id.clone());
    row::update(tx, &question)?;
    tell(tx, &question, Told::QuestionMissing, By::timer("question"))
}

/// What stood out, as it was asked.
pub fn reasons(question: &Question) -> Vec<Reason> {
    Reason::read(&question.reasons)
}

/// The mail that work is about; `None` when it is not to be sent any more: it is answered, reported, or the person is reached no more.
///
/// # Errors
/// The store failed.
pub fn to_send(tx: &Tx<'_>, claimed: &Work) -> Result<Option<Reminding>, StoreError> {
    let Some(login) = login(claimed) else {
        return Ok(None);
    };
    let question: Option<Question> = row::by_id(tx, claimed.id.subject_id())?;
    let person: Option<Person> = row::by_id(tx, login)?;
    let reached = reached_at(tx, login)?;
    let (Some(question), Some(person), Some((to, name))) =
        (question.filter(Question::is_open), person, reached)
    else {
        return Ok(None);
    };
    let is_lost = store::incident::unclosed(tx, question.terminal_id)?.is_some();
    if is_lost || !question.seen_by(tx, &person.account.scope)? {
        return Ok(None);
    }
    let terminal = terminal_of(tx, &question)?;
    let settings = store::setting::get(tx)?;
    let zh = settings.is_none_or(|settings| settings.language == Language::Chinese);
    let language = if zh { Language::Chinese } else { Language::English };
    let (called, number, at) = (
        &terminal.name,
        terminal.terminal_id,
        clock(question.asked_at, &terminal),
    );
    let why = reasons(&question)
        .into_iter()
        .map(|reason| format!("- {}\n", reason.text(language)));
    let why: String = why.collect();
    let stop = match (question.held_at, holds_at(tx, &question)?) {
        (Some(at), _) => match zh {
            true => format!(
                "一直没人回答，终端已从{}起停用，回答“在”就恢复。",
                clock(at, &terminal)
            ),
            false => format!(
                "Nobody has answered, and it is stopped since {}. The answer that it is there lets it go on.",
                clock(at, &terminal)
            ),
        },
        (None, Some(at)) => match zh {
            true => format!(
                "终端现在没有停用。到{}还没人回答，就先停用它，等人回答。",
                clock(at, &terminal)
            ),
            false => format!(
                "Nothing was stopped yet. If nobody has answered by {}, it is stopped until somebody does.",
                clock(at, &terminal)
            ),
        },
        (None, None) if zh => "这只是一个问题：终端没有因此停用。".to_owned(),
        (None, None) => "This is a question only: nothing was stopped.".to_owned(),
    };
    // Nothing of the shop's own: the cards came to harm elsewhere.
    let is_common = reasons(&question)
        .first()
        .is_some_and(|reason| reason.code == Code::CommonPoint);
    let lead = match (zh, is_common) {
        (true, false) => format!("终端“{called}”（{number}）最近的交易不像平时（{at}）："),
        (true, true) => {
            format!(
                "请看一下终端“{called}”（{number}）的读卡口和外壳有没有被动过（{at}）。这不说明店里有问题："
            )
        }
        (false, false) => format!("the terminal “{called}” ({number}) is not used as it usually is ({at}):"),
        (false, true) => format!(
            "please look whether anybody has touched the slot or the case of the terminal “{called}” ({number}; {at}). This is no \
             word against the shop:"
        ),
    };
    let (subject, text) = match zh {
        true => (
            format!("这台终端在您手里吗？{called}"),
            format!(
                "{name}：\n\n{lead}\n{why}\n请看一眼它在不在，然后登录回答：在，或者不在。\
                 不在的话，一点就停用。\n{stop}\n"
            ),
        ),
        false => (
            format!("Is this terminal with you? {called}"),
            format!(
                "{name},\n\n{lead}\n{why}\nPlease look whether it is \
                 there, then log in and answer: yes, or no. A no stops it with one tap.\n{stop}\n"
            ),
        ),
    };
    let mail = Reminding { to, subject, text };
    mail.leading_to(tx, &format!("/questions/{}", question.question_id))
        .map(Some)
}

/// Ends the work of a mail. False when its claim was taken over meanwhile.
///
/// # Errors
/// The store failed.
pub fn mailed(tx: &Tx<'_>, claimed: &Work, _node: &str, _outcome: &MailOutcome) -> Result<bool, StoreError> {
    work::done(tx, claimed)
}

/// What was asked of a terminal since a time, the oldest first.
pub(crate) fn heard(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    since: Timestamp,
) -> Result<Vec<Question>, StoreError> {
    kept::since(tx, terminal_id, since, OF_TERMINAL_MAX)
}

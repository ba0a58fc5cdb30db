//! Letters of an incident to banks and payment institutions: written, mailed or handed over, answered, taken back (R1.3, R3.3).
//!
//! Its document is made when somebody first asks for it, or when it goes out, and kept: what is opened, mailed and printed is one and the
//! same from then on. A draft may be changed: then its document is made anew.
//!
//! Invariant: *sent* is written down only with a mail server's own reply, or as a person says; a mail that may have gone out is not sent
//! again unless a person says so; a closed incident takes nothing.

mod mail;
pub mod overdue;

pub(crate) use mail::mail_lost;
pub use mail::{ToSend, mailed, not_sent, to_send};

use domain::Timestamp;
use domain::account::Scope;
use domain::actor::Actor;
use domain::attachment::Withdrawn;
use domain::case::{decide, in_person};
use domain::contact::{Contact, Kind as ContactKind, State as InUse};
use domain::event::Subject;
use domain::incident::{Happened, Incident, State as IncidentState};
use domain::letter::{
    Answer, DUE_DAYS_MAX, Document, Kind, Letter, OF_DAY_MAX, OF_INCIDENT_MAX, PAYMENTS_MAX, Question,
    Recipient, Sent, State, Verb, Way,
};
use domain::mark::{Opinions, Verdict};
use domain::right::{Object, Right, may};
use domain::setting::{Language, Settings};
use domain::stop_request::{MailState, Mailed};
use domain::terminal::{Control, Terminal};
use domain::time::HOUR_MS;
use domain::work::Id;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Zoned};
use store::contact::Filter;
use store::event;
use store::{Error as StoreError, Tx, piece, row};

use crate::case::{Error, Noun, Stateful, find, locked, named, step, tell};
use crate::incident::document_made;
use crate::stop_request::{clock, mail_is_set_up};
use crate::suspect::{Suspect, look, opinions};
use crate::work;

/// A day, for how many letters one may have.
const DAY_MS: i64 = 24 * HOUR_MS;
/// Mails with letters that one account asks for in a day, over all incidents.
const MAILS_OF_DAY_MAX: i64 = 60;
/// Pieces that a document has at most: it is far smaller.
const PIECES_MAX: i64 = 1_000;
/// Contacts that are offered at most.
const CONTACTS_MAX: i64 = 100;

/// Why a letter is not written, or not mailed.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// The incident has as many as it may.
    #[error("the incident has as many letters as it may")]
    Full,
    /// As many were written today for the incident, or mailed by the account, as may be.
    #[error("as many letters as there may be in a day")]
    TooManyToday,
    /// As for every noun.
    #[error(transparent)]
    Case(#[from] Error),
}

impl From<StoreError> for NotTaken {
    fn from(error: StoreError) -> Self {
        Self::Case(error.into())
    }
}

impl Noun for Letter {
    const SUBJECT: Subject = Subject::Letter;

    fn id(&self) -> &str {
        &self.letter_id
    }

    fn told_of(&self) -> (Subject, &str) {
        (Subject::Incident, &self.incident_id)
    }

    fn told_as(&self, text: Option<&str>) -> Option<String> {
        Some(match text {
            Some(text) => format!("{}\n{text}", self.number),
            None => self.number.clone(),
        })
    }

    fn seen_by(&self, tx: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        incident_of(tx, self)?.seen_by(tx, scope)
    }
}

impl Stateful for Letter {
    /// As of its incident: everything about a loss is decided with its terminal's row locked.
    fn lock(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        incident_of(tx, self)?.lock(tx)
    }

    fn stands_against(&self, tx: &Tx<'_>, verb: Verb) -> Result<(), Error> {
        is_open(&incident_of(tx, self)?)?;
        match verb {
            // It would ask for an answer until a day that is over.
            Verb::Mail if self.due_at <= tx.now() => Err(Error::WrongState("overdue")),
            Verb::Mail if !mail_is_set_up(tx)? => Err(Error::WrongState("mail_not_set_up")),
            _ => Ok(()),
        }
    }

    fn happened(verb: Verb) -> &'static str {
        match verb {
            Verb::Change => Happened::LetterChanged,
            Verb::Mail => Happened::LetterMailAsked,
            Verb::HandOver => Happened::LetterHandedOver,
            Verb::Answer => Happened::LetterAnswered,
            Verb::Withdraw => Happened::LetterWithdrawn,
        }
        .code()
    }
}

fn incident_of(tx: &Tx<'_>, letter: &Letter) -> Result<Incident, StoreError> {
    store::incident::get(tx, &letter.incident_id)?.ok_or(StoreError::Corrupt("incident of a letter"))
}

fn terminal_of(tx: &Tx<'_>, incident: &Incident) -> Result<Terminal, StoreError> {
    let terminal = store::terminal::get(tx, incident.terminal_id)?;
    terminal.ok_or(StoreError::Corrupt("terminal of an incident"))
}

fn is_open(incident: &Incident) -> Result<(), Error> {
    match incident.state {
        IncidentState::Closed => Err(Error::WrongState(IncidentState::Closed.code())),
        IncidentState::Open | IncidentState::FoundProposed => Ok(()),
    }
}

/// Whether the actor may write letters on incidents that it sees.
fn may_follow(actor: &Actor) -> Result<(), Error> {
    in_person(actor)?;
    match may(actor, Right::FollowLoss, Object::Seen) {
        true => Ok(()),
        false => Err(Error::NotAllowed),
    }
}

/// What a letter of an incident may be.
#[derive(Clone, Debug)]
pub struct Offer {
    /// What for.
    pub kinds: Vec<Kind>,
    /// To whom, among the contacts of the terminal's merchant.
    pub contacts: Vec<Contact>,
    /// How many payments are called fraudulent or not known: those that it is about unless somebody chooses.
    pub payment_count: usize,
}

/// What the actor may write on an incident now; `None`: nothing.
///
/// # Errors
/// The incident is not there for the actor.
pub fn offer(tx: &Tx<'_>, actor: &Actor, incident_id: &str) -> Result<Option<Offer>, Error> {
    let incident: Incident = find(tx, actor, incident_id)?;
    if may_follow(actor).is_err() || is_open(&incident).is_err() {
        return Ok(None);
    }
    let terminal = terminal_of(tx, &incident)?;
    let Some(scope) = actor.scope() else {
        return Ok(None);
    };
    let filter = Filter {
        scope,
        merchant_id: Some(terminal.bound.merchant_code),
        kind: None,
        state: Some(InUse::Active),
        search: None,
    };
    let mut contacts = store::contact::list(tx, &filter, None, CONTACTS_MAX)?;
    contacts.retain(|contact| is_written_to(contact, &terminal));
    // Its own before everybody's.
    contacts.sort_by_key(|contact| contact.details.merchant_id.is_none());
    let opinions = opinions(tx, incident_id)?;
    let asked_about = opinions.values().filter(|said| is_asked_about(said));
    Ok(Some(Offer {
        kinds: Kind::ALL
            .into_iter()
            .filter(|kind| is_of(*kind, &terminal))
            .collect(),
        contacts,
        payment_count: asked_about.count().min(PAYMENTS_MAX),
    }))
}

/// Whether a letter of that kind is of use: where our own gate decides, the settlement is the house's own to hold.
fn is_of(kind: Kind, terminal: &Terminal) -> bool {
    kind != Kind::SettlementHold || terminal.control == Control::Outside
}

/// Whether letters about a terminal go to that contact.
fn is_written_to(contact: &Contact, terminal: &Terminal) -> bool {
    let details = &contact.details;
    let is_its = details
        .merchant_id
        .is_none_or(|id| id == terminal.bound.merchant_code);
    let is_asked = matches!(details.kind, ContactKind::Acquirer | ContactKind::Bank);
    is_its && is_asked && contact.state == InUse::Active
}

/// Whether a letter is about a payment of which people say that, unless somebody chooses.
fn is_asked_about(said: &Opinions) -> bool {
    matches!(said.verdict(), Some(Verdict::Fraudulent | Verdict::Unsure))
}

/// To whom a letter goes, as people say it.
#[derive(Clone, Debug)]
pub enum To {
    /// To a contact.
    Contact(String),
    /// To somebody who is none.
    Named {
        /// How it is called.
        name: String,
        /// Its address of mail.
        email: Option<String>,
    },
}

/// A letter as people say it.
#[derive(Clone, Debug)]
pub struct New {
    /// What for.
    pub kind: Kind,
    /// In which language.
    pub language: Language,
    /// To whom.
    pub to: To,
    /// What it asks; `None`: what is usual.
    pub questions: Option<Vec<Question>>,
    /// What it asks besides.
    pub own_question: Option<String>,
    /// The payments that it is about; `None`: those that are called fraudulent or not known.
    pub payments: Option<Vec<String>>,
    /// Until when an answer is asked for, in days from today.
    pub due_in_days: i64,
}

/// Writes a letter.
///
/// # Errors
/// [`Error::Unknown`] of the field that names nothing, [`Error::Required`] of `payments` or `questions` where there must be some.
pub fn write(tx: &Tx<'_>, actor: &Actor, incident_id: &str, new: New) -> Result<Letter, NotTaken> {
    find::<Incident>(tx, actor, incident_id)?;
    may_follow(actor)?;
    let incident: Incident = locked(tx, actor, incident_id)?;
    is_open(&incident)?;
    let terminal = terminal_of(tx, &incident)?;
    let before = store::letter::of(tx, incident_id)?;
    let position = before.last().map_or(1, |last| last.position + 1);
    if position > OF_INCIDENT_MAX {
        return Err(NotTaken::Full);
    }
    let since = tx.now().plus_ms(-DAY_MS);
    if before.iter().filter(|letter| letter.at > since).count() >= OF_DAY_MAX {
        return Err(NotTaken::TooManyToday);
    }
    let said = said(tx, actor, (&incident, &terminal), new)?;
    let letter = Letter {
        letter_id: format!("{incident_id}-l{position}"),
        incident_id: incident_id.to_owned(),
        position,
        number: number(tx)?,
        kind: said.kind,
        language: said.language,
        state: State::Draft,
        to: said.to,
        questions: said.questions,
        own_question: said.own_question,
        payments: said.payments,
        due_on: said.due_on,
        due_at: said.due_at,
        by: actor.name().to_owned(),
        at: tx.now(),
        document: None,
        mail: None,
        sent: None,
        answer: None,
        withdrawn: None,
    };
    row::insert(tx, &letter)?;
    let told = letter.kind.code();
    tell(tx, actor, &letter, Happened::LetterWritten.code(), Some(told))?;
    Ok(letter)
}

/// Has a draft say something else: what is not said is as in one that is written now. Its document is let go, and made anew when it is asked
/// for; the record keeps the digest of the one before.
///
/// # Errors
/// As [`write`]; [`Error::WrongState`] of what is no draft.
pub fn change(tx: &Tx<'_>, actor: &Actor, letter_id: &str, new: New) -> Result<Letter, Error> {
    let letter: Letter = locked(tx, actor, letter_id)?;
    decide(&letter, Verb::Change, actor)?;
    let incident = incident_of(tx, &letter)?;
    let said = said(tx, actor, (&incident, &terminal_of(tx, &incident)?), new)?;
    if letter.document.is_some() {
        piece::let_go(tx, letter_id)?;
        piece::forget(tx, letter_id, PIECES_MAX)?;
    }
    step(tx, actor, letter_id, Verb::Change, None, |letter: &mut Letter| {
        letter.kind = said.kind;
        letter.language = said.language;
        letter.to = said.to;
        letter.questions = said.questions;
        letter.own_question = said.own_question;
        letter.payments = said.payments;
        (letter.due_on, letter.due_at) = (said.due_on, said.due_at);
        letter.document = None;
    })
}

/// What a letter says, as it is kept.
struct Saying {
    kind: Kind,
    language: Language,
    to: Recipient,
    questions: String,
    own_question: Option<String>,
    payments: String,
    due_on: String,
    due_at: Timestamp,
}

fn said(
    tx: &Tx<'_>,
    actor: &Actor,
    (incident, terminal): (&Incident, &Terminal),
    new: New,
) -> Result<Saying, Error> {
    if !is_of(new.kind, terminal) {
        return Err(Error::Unknown("kind"));
    }
    let (due_on, due_at) = due(tx.now(), new.due_in_days, terminal)?;
    Ok(Saying {
        to: recipient(tx, actor, new.to, terminal)?,
        questions: asked(new.kind, new.questions.as_deref(), new.own_question.is_some())?,
        payments: about(tx, incident, terminal, (new.kind, new.payments))?,
        kind: new.kind,
        language: new.language,
        own_question: new.own_question,
        due_on: due_on.to_string(),
        due_at,
    })
}

/// The last day for an answer by the terminal's clock, and the first moment after it.
fn due(now: Timestamp, days: i64, terminal: &Terminal) -> Result<(Date, Timestamp), Error> {
    let wrong = || Error::Unknown("due_in_days");
    if !(1..=DUE_DAYS_MAX).contains(&days) {
        return Err(wrong());
    }
    let zone = TimeZone::get(&terminal.time_zone).map_err(|_| StoreError::Corrupt("terminal.time_zone"))?;
    let last = here(now, zone.clone()).date().checked_add(Span::new().days(days));
    let last = last.map_err(|_| wrong())?;
    let after = last.tomorrow().map_err(|_| wrong())?;
    let after = after.to_zoned(zone).map_err(|_| wrong())?;
    Ok((last, Timestamp(after.timestamp().as_millisecond())))
}

fn here(at: Timestamp, zone: TimeZone) -> Zoned {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.to_zoned(zone)
}

/// The next number of the house's year.
fn number(tx: &Tx<'_>) -> Result<String, StoreError> {
    let settings: Option<Settings> = store::setting::get(tx)?;
    let zone = settings.and_then(|settings| TimeZone::get(&settings.time_zone).ok());
    let year = here(tx.now(), zone.unwrap_or(TimeZone::UTC)).year();
    let number = store::letter::next_number(tx, i64::from(year))?;
    Ok(format!("{year}-{number:04}"))
}

fn recipient(tx: &Tx<'_>, actor: &Actor, to: To, terminal: &Terminal) -> Result<Recipient, Error> {
    const FIELD: &str = "to.contact";
    match to {
        To::Named { name, email } => Ok(Recipient {
            name,
            email,
            contact_id: None,
        }),
        To::Contact(contact_id) => {
            let contact: Contact = named(tx, actor, &contact_id, FIELD)?;
            if !is_written_to(&contact, terminal) {
                return Err(Error::Unknown(FIELD));
            }
            Ok(Recipient {
                name: contact.details.name,
                email: contact.details.email,
                contact_id: Some(contact_id),
            })
        }
    }
}

/// What it asks, in the order of its kind.
fn asked(kind: Kind, chosen: Option<&[Question]>, has_own: bool) -> Result<String, Error> {
    let (all, chosen) = (kind.questions(), chosen.unwrap_or(kind.usual()));
    if chosen.iter().any(|question| !all.contains(question)) {
        return Err(Error::Unknown("questions"));
    }
    let holds = [Question::HoldTerminal, Question::HoldMerchant];
    let holds_none = kind == Kind::SettlementHold && !holds.iter().any(|hold| chosen.contains(hold));
    if holds_none || (chosen.is_empty() && !has_own) {
        return Err(Error::Required("questions"));
    }
    let said = all.iter().filter(|question| chosen.contains(question));
    Ok(said.map(|question| question.code()).collect::<Vec<_>>().join(" "))
}

/// The payments that it is about, the oldest first: those that somebody chose, else the newest of those that are called fraudulent or not
/// known.
fn about(
    tx: &Tx<'_>,
    incident: &Incident,
    terminal: &Terminal,
    (kind, chosen): (Kind, Option<Vec<String>>),
) -> Result<String, Error> {
    const FIELD: &str = "payments";
    let looked = look(tx, incident, terminal)?;
    let is_chosen = |it: &&Suspect| match &chosen {
        Some(names) => names.contains(&it.source.id()),
        None => is_asked_about(&it.opinions),
    };
    let its: Vec<String> = looked
        .suspects
        .iter()
        .filter(is_chosen)
        .map(|it| it.source.id())
        .collect();
    if let Some(names) = &chosen
        && (names.len() > PAYMENTS_MAX || names.iter().any(|name| !its.contains(name)))
    {
        return Err(Error::Unknown(FIELD));
    }
    // There is nothing to protect without one.
    if its.is_empty() && kind == Kind::Protection {
        return Err(Error::Required(FIELD));
    }
    Ok(its[its.len().saturating_sub(PAYMENTS_MAX)..].join(" "))
}

/// The letter, when the actor may have what it says: who sees to what follows a loss.
///
/// # Errors
/// There is none for the actor, or the right is missing.
pub fn readable(tx: &Tx<'_>, actor: &Actor, letter_id: &str) -> Result<Letter, Error> {
    let letter: Letter = find(tx, actor, letter_id)?;
    crate::incident::may_make_documents(actor)?;
    Ok(letter)
}

/// The same of one whose document may still be made.
///
/// # Errors
/// [`Error::WrongState`] where it was taken back, or its incident closed, before anybody asked for it.
pub fn unmade(tx: &Tx<'_>, actor: &Actor, letter_id: &str) -> Result<Letter, Error> {
    let letter = readable(tx, actor, letter_id)?;
    is_open(&incident_of(tx, &letter)?)?;
    match letter.state {
        State::Draft | State::Sending => Ok(letter),
        state => Err(Error::WrongState(state.code())),
    }
}

/// Keeps the document of a letter, sealed by the edge in pieces; `which` is what the record says of it. Where another one was kept meanwhile,
/// that one counts.
///
/// # Errors
/// As [`unmade`]; [`Error::WrongState`] where the letter says something else by now than the one that it was made of.
pub fn keep(
    tx: &Tx<'_>,
    actor: &Actor,
    made_of: &Letter,
    (sha256, len, pieces): (String, i64, &[Vec<u8>]),
    which: &str,
) -> Result<Letter, Error> {
    let letter_id = made_of.letter_id.as_str();
    locked::<Letter>(tx, actor, letter_id)?;
    let mut letter = unmade(tx, actor, letter_id)?;
    if letter.document.is_some() {
        return Ok(letter);
    }
    if !letter.says_as(made_of) {
        return Err(Error::WrongState("changed"));
    }
    piece::begin(tx, letter_id)?;
    for (part, sealed) in (0..).zip(pieces) {
        piece::put(tx, letter_id, part, sealed)?;
    }
    piece::claim(tx, letter_id)?;
    letter.document = Some(Document {
        sha256,
        len,
        at: tx.now(),
    });
    row::update(tx, &letter)?;
    document_made(tx, actor, &letter.incident_id, which)?;
    Ok(letter)
}

/// A letter with its document, which goes out with it; `seen` is the digest of the one that the actor looked at, if it says so.
fn made(tx: &Tx<'_>, actor: &Actor, letter_id: &str, seen: Option<&str>) -> Result<Letter, Error> {
    let letter: Letter = locked(tx, actor, letter_id)?;
    let is_seen = |document: &Document| seen.is_none_or(|seen| seen == document.sha256);
    match letter.document.as_ref().is_some_and(is_seen) {
        true => Ok(letter),
        false => Err(Error::WrongState("changed")),
    }
}

/// Has it mailed. What nobody knows of an earlier mail is settled by this: a person decided.
///
/// # Errors
/// [`NotTaken::TooManyToday`], or as for every step.
pub fn mail(tx: &Tx<'_>, actor: &Actor, letter_id: &str, seen: Option<&str>) -> Result<Letter, NotTaken> {
    let letter = made(tx, actor, letter_id, seen)?;
    decide(&letter, Verb::Mail, actor).map_err(Error::from)?;
    let since = tx.now().plus_ms(-DAY_MS);
    if event::count_by(tx, actor.name(), Happened::LetterMailAsked.code(), since)? >= MAILS_OF_DAY_MAX {
        return Err(NotTaken::TooManyToday);
    }
    let before = letter.mail.as_ref().map_or(0, |mail| mail.count);
    let (id, at) = (
        Id::letter_mail(&letter.incident_id, letter.position, before + 1),
        tx.now(),
    );
    let old = Id::letter_mail(&letter.incident_id, letter.position, before);
    let to = letter.to.email.clone().ok_or(Error::Required("to.email"))?;
    let letter = step(tx, actor, letter_id, Verb::Mail, None, |letter: &mut Letter| {
        letter.mail = Some(Mailed {
            state: MailState::Queued,
            at,
            to,
            said: None,
            count: before + 1,
        });
    })?;
    store::work::delete(tx, &old)?;
    work::enqueue(tx, id, at)?;
    Ok(letter)
}

/// Writes down that somebody handed it over, or posted it; the time is not before the letter was written, and not later than now.
///
/// # Errors
/// [`Error::Unknown`] of `at`, or as for every step.
pub fn hand_over(
    tx: &Tx<'_>,
    actor: &Actor,
    letter_id: &str,
    (at, seen): (Timestamp, Option<&str>),
) -> Result<Letter, Error> {
    let letter = made(tx, actor, letter_id, seen)?;
    decide(&letter, Verb::HandOver, actor)?;
    if at < letter.at || at > tx.now() {
        return Err(Error::Unknown("at"));
    }
    let sent = Sent {
        way: Way::Hand,
        at,
        by: actor.name().to_owned(),
    };
    let when = clock(at, &terminal_of(tx, &incident_of(tx, &letter)?)?);
    let letter = step(
        tx,
        actor,
        letter_id,
        Verb::HandOver,
        Some(&when),
        |letter: &mut Letter| {
            letter.sent = Some(sent);
        },
    )?;
    forget_mail(tx, &letter)?;
    overdue::enqueue(tx, &letter)?;
    Ok(letter)
}

/// A mail of which nobody knows is not asked about any more: a person said what became of the letter.
fn forget_mail(tx: &Tx<'_>, letter: &Letter) -> Result<(), StoreError> {
    match letter
        .mail
        .as_ref()
        .filter(|mail| mail.state == MailState::Unknown)
    {
        Some(mail) => store::work::delete(
            tx,
            &Id::letter_mail(&letter.incident_id, letter.position, mail.count),
        )
        .map(drop),
        None => Ok(()),
    }
}

/// What came back, as people say it.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Under which number they keep it.
    pub reference: Option<String>,
    /// What they say.
    pub text: Option<String>,
    /// The file of the incident that is their answer.
    pub attachment_id: Option<String>,
}

/// Writes down what came back.
///
/// # Errors
/// [`Error::Required`] of `text` where neither words nor a file are said, [`Error::Unknown`] of `attachment`, or as for every step.
pub fn answer(tx: &Tx<'_>, actor: &Actor, letter_id: &str, said: Answered) -> Result<Letter, Error> {
    let letter: Letter = locked(tx, actor, letter_id)?;
    decide(&letter, Verb::Answer, actor)?;
    if said.text.is_none() && said.attachment_id.is_none() {
        return Err(Error::Required("text"));
    }
    if let Some(file) = &said.attachment_id {
        crate::police::is_of(tx, actor, &letter.incident_id, file)?;
    }
    let words = [said.reference.as_deref(), said.text.as_deref()];
    let words = words.into_iter().flatten().collect::<Vec<_>>().join("\n");
    let answer = Answer {
        by: actor.name().to_owned(),
        at: tx.now(),
        reference: said.reference,
        text: said.text,
        attachment_id: said.attachment_id,
    };
    let letter = step(
        tx,
        actor,
        letter_id,
        Verb::Answer,
        Some(&words),
        |letter: &mut Letter| {
            letter.answer = Some(answer);
        },
    )?;
    forget_mail(tx, &letter)?;
    Ok(letter)
}

/// Takes it back. Whoever has it is told nothing.
///
/// # Errors
/// [`Error::TextRequired`] of one that may have gone out, or as for every step.
pub fn withdraw(tx: &Tx<'_>, actor: &Actor, letter_id: &str, ground: Option<&str>) -> Result<Letter, Error> {
    let withdrawn = Withdrawn {
        by: actor.name().to_owned(),
        at: tx.now(),
        ground: ground.map(str::to_owned),
    };
    let letter = step(
        tx,
        actor,
        letter_id,
        Verb::Withdraw,
        ground,
        |letter: &mut Letter| {
            letter.withdrawn = Some(withdrawn);
        },
    )?;
    forget_mail(tx, &letter)?;
    Ok(letter)
}

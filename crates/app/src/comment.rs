//! Comments on an incident: what people say to each other on its time line, and who is asked by name (R1.1).
//!
//! What is said is the text of an event: sealed, followed live, and forgotten with its case.
//!
//! Invariant: nobody is asked who does not see the incident; a mail says that one was asked, and nothing of what was said.

use std::collections::BTreeSet;

use domain::account::{Person, Scope, State as Active};
use domain::actor::Actor;
use domain::case::in_person;
use domain::event::Subject;
use domain::incident::{Happened, Incident};
use domain::right::{Object, Right, may};
use domain::setting::Language;
use domain::time::HOUR_MS;
use domain::work::{Id, Work};
use store::event;
use store::mention::{self, Mention};
use store::{Error as StoreError, Tx};

use crate::attempt::of_incident;
use crate::case::{Error, Noun, find, locked};
use crate::stop_request::reminder::{Reminding, login, reached_at};
use crate::stop_request::{MailOutcome, mail_is_set_up};
use crate::work;

/// Longest comment, in characters.
pub const TEXT_CHARS_MAX: usize = 4_000;
/// Most people whom one comment asks.
pub const ASKED_MAX: usize = 10;
/// Comments of one account in an hour.
const OF_HOUR_MAX: i64 = 60;
/// Most people of each kind who are offered.
const OFFERED_MAX: usize = 50;
/// Those who did something on a case, looked through at most.
const ACTORS_MAX: i64 = 200;
/// Where a person was asked, shown at most.
const UNSEEN_MAX: i64 = 50;

/// Why a comment is not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotSaid {
    /// The account has said as much as it may in an hour.
    #[error("too many comments in an hour")]
    TooMany,
    /// As for every noun.
    #[error(transparent)]
    Case(#[from] Error),
}

impl From<StoreError> for NotSaid {
    fn from(error: StoreError) -> Self {
        Self::Case(error.into())
    }
}

/// Whether the actor may ask on incidents that it sees: whoever may report one knows of them.
fn may_ask(actor: &Actor) -> Result<(), Error> {
    match may(actor, Right::ReportLoss, Object::Seen) {
        true => Ok(()),
        false => Err(Error::NotAllowed),
    }
}

/// Says something on an incident, and asks people by log-in. Answers its place on the time line.
///
/// # Errors
/// [`Error::Unknown`] of `mentions` where one of them is nobody who [could be asked](mentionable).
pub fn say(
    tx: &Tx<'_>,
    actor: &Actor,
    incident_id: &str,
    text: &str,
    mentions: &[String],
) -> Result<i64, NotSaid> {
    let incident: Incident = find(tx, actor, incident_id)?;
    in_person(actor).map_err(Error::from)?;
    may_ask(actor)?;
    locked::<Incident>(tx, actor, incident_id)?;
    let asked: BTreeSet<&str> = mentions.iter().map(String::as_str).collect();
    let known = mentionable(tx, actor, incident_id)?;
    let is_known = |login: &&str| known.iter().any(|person| person.account.login == **login);
    if asked.len() > ASKED_MAX || !asked.iter().all(is_known) {
        return Err(Error::Unknown("mentions").into());
    }
    let since = tx.now().plus_ms(-HOUR_MS);
    if event::count_by(tx, actor.name(), Happened::Commented.code(), since)? >= OF_HOUR_MAX {
        return Err(NotSaid::TooMany);
    }
    let at = tx.now().max(incident.suspended_at);
    let said = event::New {
        text: Some(text),
        ..of_incident((incident_id, at), Happened::Commented, actor.by(), None)
    };
    let sequence = event::append(tx, said)?;
    for (place, login) in asked.into_iter().enumerate() {
        ask(tx, actor, login, Id::mention_mail(incident_id, sequence, place))?;
    }
    Ok(sequence)
}

/// Writes down that somebody is asked, and has a mail sent that says so: one an hour for each case.
fn ask(tx: &Tx<'_>, actor: &Actor, login: &str, mail: Id) -> Result<(), StoreError> {
    let incident_id = mail.subject_id();
    let mailed_at = mention::get(tx, incident_id, login)?.and_then(|before| before.mailed_at);
    let is_due = mailed_at.is_none_or(|at| at.plus_ms(HOUR_MS) <= tx.now());
    let mails = is_due && mail_is_set_up(tx)? && reached_at(tx, login)?.is_some();
    let asked = Mention {
        incident_id: incident_id.to_owned(),
        login: login.to_owned(),
        by: actor.name().to_owned(),
        at: tx.now(),
        mailed_at: if mails { Some(tx.now()) } else { mailed_at },
        seen_at: None,
    };
    mention::put(tx, &asked)?;
    if !mails {
        return Ok(());
    }
    let mail = Work {
        payload: Some(login.as_bytes().to_vec()),
        ..Work::new(mail, tx.now(), tx.now())
    };
    store::work::enqueue(tx, &mail).map(drop)
}

/// Whom the actor may ask on an incident: people who see it, and whom the actor sees anyway, among its colleagues or on the time line.
///
/// # Errors
/// The incident is not there for the actor.
pub fn mentionable(tx: &Tx<'_>, actor: &Actor, incident_id: &str) -> Result<Vec<Person>, Error> {
    let incident: Incident = find(tx, actor, incident_id)?;
    may_ask(actor)?;
    let terminal = store::terminal::get(tx, incident.terminal_id)?;
    let terminal = terminal.ok_or(StoreError::Corrupt("terminal of an incident"))?;
    let on_it: BTreeSet<String> = event::people_of(tx, Subject::Incident, incident_id, ACTORS_MAX)?
        .into_iter()
        .collect();
    let shop = (terminal.bound.merchant_code, terminal.shop_id.as_str());
    let mut logins = on_it.clone();
    logins.extend(store::account::of_shop(tx, Right::ReportLoss, shop, OFFERED_MAX)?);
    if actor.scope() == Some(&Scope::All) {
        logins.extend(store::account::of_house(tx, Right::ReportLoss, OFFERED_MAX)?);
    }
    let mut people = Vec::new();
    for login in logins.iter().filter(|login| *login != actor.name()) {
        let Some(person) = Person::get(tx, login)? else {
            continue;
        };
        let is_known = on_it.contains(login)
            || actor
                .scope()
                .map_or(Ok(false), |scope| person.seen_by(tx, scope))?;
        let sees = incident.seen_by(tx, &person.account.scope)?;
        let is_active = person.state == Active::Active;
        let answers = may(
            &Actor::Person(person.account.clone()),
            Right::ReportLoss,
            Object::Seen,
        );
        if is_known && sees && is_active && answers {
            people.push(person);
        }
    }
    Ok(people)
}

/// Where the person was asked and has not looked since, as far as the person sees the incident still; the newest first.
pub fn asked(tx: &Tx<'_>, actor: &Actor) -> Result<Vec<(Mention, Incident)>, StoreError> {
    let mut all = Vec::new();
    for mention in mention::unseen(tx, actor.name(), UNSEEN_MAX)? {
        match find::<Incident>(tx, actor, &mention.incident_id) {
            Ok(incident) => all.push((mention, incident)),
            Err(Error::Store(error)) => return Err(error),
            Err(_) => {}
        }
    }
    Ok(all)
}

/// Writes down that the person has looked at an incident.
///
/// # Errors
/// The incident is not there for the person.
pub fn looked(tx: &Tx<'_>, actor: &Actor, incident_id: &str) -> Result<(), Error> {
    find::<Incident>(tx, actor, incident_id)?;
    Ok(mention::seen(tx, incident_id, actor.name())?)
}

/// The mail that work is about; `None` when it is not to be sent any more: the person has looked, or is reached no more.
pub fn to_send(tx: &Tx<'_>, claimed: &Work) -> Result<Option<Reminding>, StoreError> {
    let incident_id = claimed.id.subject_id();
    let Some(login) = login(claimed) else {
        return Ok(None);
    };
    let waits = mention::get(tx, incident_id, login)?.is_some_and(|asked| asked.seen_at.is_none());
    let person: Option<Person> = store::row::by_id(tx, login)?;
    let incident = store::incident::get(tx, incident_id)?;
    let (true, Some(person), Some(incident)) = (waits, person, incident) else {
        return Ok(None);
    };
    if !incident.seen_by(tx, &person.account.scope)? {
        return Ok(None);
    }
    let Some((to, name)) = reached_at(tx, login)? else {
        return Ok(None);
    };
    let language = store::setting::get(tx)?.map(|settings| settings.language);
    let (subject, text) = match language {
        Some(Language::English) => (
            format!("You were asked on case {incident_id}"),
            format!(
                "{name},\n\nsomebody asked you something on the case {incident_id}. Log in and open it to read it: what was said does not \
                 stand in mails.\n"
            ),
        ),
        Some(Language::Chinese) | None => (
            format!("事件 {incident_id} 里有人问您"),
            format!(
                "{name}：\n\n有人在事件 {incident_id} 里点名问您。请登录后打开这个事件查看；邮件里不写内容。\n"
            ),
        ),
    };
    let mail = Reminding { to, subject, text };
    mail.leading_to(tx, &format!("/incidents/{incident_id}"))
        .map(Some)
}

/// Ends the work of a mail. False when its claim was taken over meanwhile.
pub fn mailed(tx: &Tx<'_>, claimed: &Work, _node: &str, _outcome: &MailOutcome) -> Result<bool, StoreError> {
    work::done(tx, claimed)
}

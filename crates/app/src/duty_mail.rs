//! Mails about duties: to whom it is said that one is due soon or late, and in which words (R1.1). Who wants one mail a day gets that
//! instead ([`crate::digest_mail`]).
//!
//! Invariant: a mail names the case, the terminal, what is to be done and until when, and nothing of what anybody said; it goes to nobody who
//! does not see the case, and not at all once the duty is ended.

use std::collections::BTreeSet;

use domain::Timestamp;
use domain::account::Person;
use domain::actor::Actor;
use domain::duty::{Duty, Whose};
use domain::duty_mail::{DutyMail, Often};
use domain::incident::{Incident, State};
use domain::right::Right;
use domain::setting::{Language, Settings};
use domain::terminal::Terminal;
use domain::work::{Id, Work};
use store::{Error as StoreError, Tx};

use crate::case::Noun;
use crate::stop_request::reminder::{PEOPLE_MAX, Reminding, login, reached_at};
use crate::stop_request::{MailOutcome, clock, mail_is_set_up};
use crate::{digest_mail, work};

/// When a person wants mails about duties.
pub fn chosen(tx: &Tx<'_>, login: &str) -> Result<Often, StoreError> {
    let chosen: Option<DutyMail> = store::row::by_id(tx, login)?;
    Ok(chosen.map_or(Often::AtOnce, |chosen| chosen.often))
}

/// Writes down when the actor wants them.
pub fn choose(tx: &Tx<'_>, actor: &Actor, often: Often) -> Result<(), StoreError> {
    let next_at = match often {
        Often::Daily => Some(digest_mail::morning(tx)?),
        Often::AtOnce | Often::Never => None,
    };
    let chosen = DutyMail {
        login: actor.name().to_owned(),
        often,
        next_at,
    };
    store::duty_mail::put(tx, &chosen)
}

/// Whom a duty is said to that is due soon: who was asked to do it, else whose it is. Of one that is late they all hear, and the house.
fn people(
    tx: &Tx<'_>,
    duty: &Duty,
    terminal: &Terminal,
    is_late: bool,
) -> Result<BTreeSet<String>, StoreError> {
    let mut logins: BTreeSet<String> = duty.assigned_to.iter().cloned().collect();
    if !logins.is_empty() && !is_late {
        return Ok(logins);
    }
    let is_houses = duty.whose == Whose::Acquirer && !duty.is_outside;
    if is_houses || is_late {
        logins.extend(store::account::of_house(tx, Right::FollowLoss, PEOPLE_MAX)?);
    }
    if !is_houses {
        let shop = (terminal.bound.merchant_code, terminal.shop_id.as_str());
        logins.extend(store::account::of_shop(tx, Right::FollowLoss, shop, PEOPLE_MAX)?);
    }
    Ok(logins)
}

/// Has a mail sent to each of those whom it is said to, as far as they said where to and want it each time.
pub(crate) fn enqueue(
    tx: &Tx<'_>,
    incident: &Incident,
    duty: &Duty,
    (reminded_at, is_late): (Timestamp, bool),
) -> Result<(), StoreError> {
    if !mail_is_set_up(tx)? {
        return Ok(());
    }
    let terminal = terminal_of(tx, incident)?;
    for (place, login) in people(tx, duty, &terminal, is_late)?.into_iter().enumerate() {
        if chosen(tx, &login)? != Often::AtOnce || reached_at(tx, &login)?.is_none() {
            continue;
        }
        let id = Id::duty_mail(&incident.incident_id, (duty.position, reminded_at), place);
        add(tx, (id, tx.now()), login)?;
    }
    Ok(())
}

/// Has a mail sent to somebody at a time.
pub(crate) fn add(tx: &Tx<'_>, (id, at): (Id, Timestamp), login: String) -> Result<(), StoreError> {
    let mail = Work {
        payload: Some(login.into_bytes()),
        ..Work::new(id, tx.now(), at)
    };
    store::work::enqueue(tx, &mail).map(drop)
}

pub(crate) fn terminal_of(tx: &Tx<'_>, incident: &Incident) -> Result<Terminal, StoreError> {
    let terminal = store::terminal::get(tx, incident.terminal_id)?;
    terminal.ok_or(StoreError::Corrupt("terminal of an incident"))
}

/// The mail that work is about; `None` when it is not to be sent any more: the duty is ended, the case closed, or the person sees it or is
/// reached no more.
pub fn to_send(tx: &Tx<'_>, claimed: &Work) -> Result<Option<Reminding>, StoreError> {
    let Some(login) = login(claimed) else {
        return Ok(None);
    };
    let person: Option<Person> = store::row::by_id(tx, login)?;
    let incident = store::incident::get(tx, claimed.id.subject_id())?;
    let reached = reached_at(tx, login)?;
    let (Some(person), Some(incident), Some((to, name))) = (person, incident, reached) else {
        return Ok(None);
    };
    if incident.state == State::Closed || !incident.seen_by(tx, &person.account.scope)? {
        return Ok(None);
    }
    let position = claimed.id.part().split('-').next().and_then(|it| it.parse().ok());
    let mut duties = store::duty::of(tx, &incident.incident_id)?.into_iter();
    let duty = duties.find(|duty| Some(duty.position) == position && duty.is_open());
    let Some(duty) = duty else {
        return Ok(None);
    };
    let Some(due_at) = duty.due_at else {
        return Ok(None);
    };
    let terminal = terminal_of(tx, &incident)?;
    let (zh, is_late, until) = (is_chinese(tx)?, due_at < tx.now(), clock(due_at, &terminal));
    let (id, called, number) = (&incident.incident_id, &terminal.name, terminal.terminal_id);
    let (subject, text) = match zh {
        true => {
            let how = if is_late { "已经过期" } else { "快到期了" };
            (
                format!("事件 {id}：{}，{how}", duty.title_zh),
                format!(
                    "{name}：\n\n终端“{called}”（{number}）的事件 {id} 里有一件事{how}：\n{}\n期限：{until}\n\n请登录后打开这个事件办理，\
                     或者写明为什么不需要。\n多久发一次这样的邮件，可以在“提醒”页面里选。\n",
                    duty.title_zh
                ),
            )
        }
        false => {
            let how = if is_late { "is late" } else { "is due soon" };
            (
                format!("Case {id}: {} ({how})", duty.title_en),
                format!(
                    "{name},\n\nsomething {how} in the case {id} of the terminal “{called}” ({number}):\n{}\nUntil: {until}\n\nLog in and \
                     open the case to do it, or to say why there is no need for it.\nHow often such mails come can be chosen on the page \
                     “Reminders”.\n",
                    duty.title_en
                ),
            )
        }
    };
    let mail = Reminding { to, subject, text };
    mail.leading_to(tx, &format!("/incidents/{id}")).map(Some)
}

pub(crate) fn is_chinese(tx: &Tx<'_>) -> Result<bool, StoreError> {
    let settings: Option<Settings> = store::setting::get(tx)?;
    Ok(settings.is_none_or(|settings| settings.language == Language::Chinese))
}

/// Ends the work of a mail. False when its claim was taken over meanwhile.
pub fn mailed(tx: &Tx<'_>, claimed: &Work, _node: &str, _outcome: &MailOutcome) -> Result<bool, StoreError> {
    work::done(tx, claimed)
}

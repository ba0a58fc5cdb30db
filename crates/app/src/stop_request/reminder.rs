//! The mails that remind people of a stop that nobody has confirmed: to whom, and what they say.
//!
//! Invariant: a reminder says only what is written down, and that nobody has confirmed the stop; when somebody has, or the next
//! one is due, it is not sent any more.

use domain::account::{Person, State as AccountState};
use domain::actor::By;
use domain::incident::Happened;
use domain::right::Right;
use domain::setting::Language;
use domain::stop_request::{MailState, Told, reminder};
use domain::terminal::Terminal;
use domain::work::{Id, Work};
use store::{Error as StoreError, Tx};

use super::letter::{Both, both, clock};
use super::{Due, MailOutcome, acquirer_of, due, mail_is_set_up};
use crate::work;

/// Most people whom one reminder is for.
pub const PEOPLE_MAX: usize = 20;

/// The log-ins of those whom a reminder is for, at most [`PEOPLE_MAX`] of the shop and as many of the house.
pub fn people(
    tx: &Tx<'_>,
    told: Told,
    (reporter, terminal): (&str, &Terminal),
) -> Result<Vec<String>, StoreError> {
    let mut logins = match told {
        Told::Reporter => vec![reporter.to_owned()],
        Told::Shop | Told::House => {
            let shop = (terminal.bound.merchant_code, terminal.shop_id.as_str());
            store::account::of_shop(tx, Right::FollowLoss, shop, PEOPLE_MAX)?
        }
    };
    if told == Told::House {
        logins.extend(store::account::of_house(tx, Right::FollowLoss, PEOPLE_MAX)?);
    }
    Ok(logins)
}

/// Has a mail sent to each of those whom the reminder just counted is for, as far as they said where to.
pub(super) fn enqueue(tx: &Tx<'_>, due: &Due, told: Told) -> Result<(), StoreError> {
    if !mail_is_set_up(tx)? {
        return Ok(());
    }
    let terminal = terminal_of(tx, due)?;
    let logins = people(tx, told, (&due.request.requested_by, &terminal))?;
    for (place, login) in logins.into_iter().enumerate() {
        if reached_at(tx, &login)?.is_none() {
            continue;
        }
        let id = Id::reminder_mail(&due.incident.incident_id, due.request.reminder_count, place);
        let mail = Work {
            payload: Some(login.into_bytes()),
            ..Work::new(id, tx.now(), tx.now())
        };
        store::work::enqueue(tx, &mail)?;
    }
    Ok(())
}

fn terminal_of(tx: &Tx<'_>, due: &Due) -> Result<Terminal, StoreError> {
    let terminal = store::terminal::get(tx, due.incident.terminal_id)?;
    terminal.ok_or(StoreError::Corrupt("terminal of an incident"))
}

/// Where a person who may log in is reached, and by which name.
pub(crate) fn reached_at(tx: &Tx<'_>, login: &str) -> Result<Option<(String, String)>, StoreError> {
    let person: Option<Person> = store::row::by_id(tx, login)?;
    let active = person.filter(|person| person.state == AccountState::Active);
    Ok(active.and_then(|person| Some((person.email?, person.account.name))))
}

/// A reminder to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reminding {
    /// The address.
    pub to: String,
    /// What it is about, in a line.
    pub subject: String,
    /// What it says.
    pub text: String,
}

impl Reminding {
    /// The same with the address of the page that it is about, where the house has said how people open it.
    pub(crate) fn leading_to(mut self, tx: &Tx<'_>, path: &str) -> Result<Self, StoreError> {
        if let Some(address) = store::setting::get(tx)?.and_then(|settings| settings.address) {
            self.text = format!("{}\n\n{address}{path}\n", self.text.trim_end());
        }
        Ok(self)
    }
}

/// The reminder that work is about; `None` when it is not to be sent any more.
pub fn to_send(tx: &Tx<'_>, claimed: &Work) -> Result<Option<Reminding>, StoreError> {
    let Some(due) = due(tx, claimed)? else {
        return Ok(None);
    };
    let part = claimed.id.part();
    let is_last = part
        .split_once('-')
        .is_some_and(|(count, _)| count == due.request.reminder_count.to_string());
    if !is_last || due.is_over() || !due.request.is_open() {
        return Ok(None);
    }
    match login(claimed).map(|login| reached_at(tx, login)).transpose()? {
        Some(Some((to, name))) => written(tx, &due, to, &name).map(Some),
        _ => Ok(None),
    }
}

/// Whom the work of a mail is for.
pub(crate) fn login(claimed: &Work) -> Option<&str> {
    std::str::from_utf8(claimed.payload.as_deref()?).ok()
}

fn written(tx: &Tx<'_>, due: &Due, to: String, name: &str) -> Result<Reminding, StoreError> {
    let (incident, request) = (&due.incident, &due.request);
    let terminal = terminal_of(tx, due)?;
    let shop = store::shop::get(tx, &terminal.shop_id)?.map_or_else(String::new, |shop| shop.name);
    let contact = acquirer_of(tx, &terminal)?.map(|contact| contact.details);
    let (called, number) = (&terminal.name, &incident.stop_request_number);
    let subject = both(
        format!("没有人确认停用：{called}（{number}）"),
        format!("Nobody has confirmed the stop of {called} ({number})"),
    );
    let asked_at = clock(request.requested_at, &terminal);
    let mut lines = vec![
        both(format!("{name}："), format!("{name},")),
        both(
            format!(
                "终端“{called}”（终端号 {}，{shop}）已报失，但没有人确认它已经停用。它可能还能收款。",
                terminal.terminal_id
            ),
            format!(
                "the terminal “{called}” ({}, {shop}) was reported lost, and nobody has confirmed that it is stopped. It may \
                 still take payments.",
                terminal.terminal_id
            ),
        ),
        both(
            format!("请求停用的时间：{asked_at}"),
            format!("The stop was asked for at {asked_at}."),
        ),
        letter_is(request.mail.as_ref().map(|mail| mail.state)),
    ];
    lines.push(
        match contact.as_ref().map(|details| (&details.name, &details.hotline)) {
            Some((name, Some(hotline))) => both(
                format!("请打电话：{name} {hotline}"),
                format!("Please call {name}: {hotline}"),
            ),
            Some((name, None)) => both(format!("请联系：{name}"), format!("Please ask {name}.")),
            None => both("请联系您的收单机构。", "Please ask your acquirer."),
        },
    );
    lines.push(both(
        format!(
            "报申请编号 {number}，问对方的挂失凭证编号，写到事件 {} 的页面上；写上以后不再提醒。",
            incident.incident_id
        ),
        format!(
            "Give them the number {number}, ask for their reference, and write it down on the page of incident {}: then nobody \
             is reminded any more.",
            incident.incident_id
        ),
    ));
    let (next, _) = reminder(request.requested_at, request.reminder_count);
    let next = clock(next, &terminal);
    lines.push(both(
        format!("下一次提醒：{next}"),
        format!("Next reminder: {next}"),
    ));
    let language = match store::setting::get(tx)?.map(|settings| settings.language) {
        Some(Language::English) => 1,
        Some(Language::Chinese) | None => 0,
    };
    let text = lines.iter().map(|line| line[language].as_str());
    let mail = Reminding {
        to,
        subject: subject[language].clone(),
        text: text.flat_map(|line| [line, "\n"]).collect(),
    };
    mail.leading_to(tx, &format!("/incidents/{}", incident.incident_id))
}

fn letter_is(mail: Option<MailState>) -> Both {
    let [zh, en] = match mail {
        None => ["没有用邮件发过申请书。", "The letter has not been mailed."],
        Some(MailState::Queued) => [
            "申请书的邮件还没有发出。",
            "The mail with the letter has not gone out yet.",
        ],
        Some(MailState::Sent) => [
            "申请书的邮件已由对方的邮件服务器接收；有没有人看到，不知道。",
            "Their mail server took the letter; whether anybody has read it is not known.",
        ],
        Some(MailState::Refused) => [
            "申请书的邮件被对方的邮件服务器拒收。",
            "Their mail server refused the letter.",
        ],
        Some(MailState::Unknown | MailState::Dropped) => [
            "申请书的邮件有没有送到，不知道。",
            "Whether the letter arrived is not known.",
        ],
    };
    both(zh, en)
}

/// Writes down what became of a reminder's mail, and ends the claim. False when the claim was taken over meanwhile.
pub fn mailed(tx: &Tx<'_>, claimed: &Work, node: &str, outcome: &MailOutcome) -> Result<bool, StoreError> {
    let Some(due) = due(tx, claimed)? else {
        return Ok(false);
    };
    let happened = match outcome {
        MailOutcome::Accepted(_) => Some(Happened::ReminderSent),
        MailOutcome::Refused(_) => Some(Happened::ReminderRefused),
        MailOutcome::Unknown(_) => Some(Happened::ReminderUnknown),
        MailOutcome::Dropped => None,
    };
    work::done(tx, claimed)?;
    if let Some(happened) = happened {
        due.tell(tx, happened, By::node(node), login(claimed))?;
    }
    Ok(true)
}

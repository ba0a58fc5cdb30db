//! Asking an outside acquirer to stop a lost terminal: the letter, the question to a provider, the answer, and the reminders
//! while there is none (R1.2).
//!
//! A report asks for all of it in its own transaction and waits for none of it.
//!
//! Invariant: the letter is written once; nothing here releases a hold or says that a terminal is stopped, but a provider that
//! was asked again.

mod letter;
pub mod reminder;

pub use letter::{Facts, clock, credit_code, letter, merchant_number, minute, minute_in, placement};

use domain::TerminalId;
use domain::account::Scope;
use domain::actor::{Actor, By};
use domain::contact::Contact;
use domain::event::Subject;
use domain::incident::{Happened, Incident, State as IncidentState};
use domain::stop_request::{
    Asked, Confirmation, MailState, Mailed, ProviderState, State, StopRequest, Told, Verb, reminder,
};
use domain::terminal::Terminal;
use domain::work::{Id, Work};
use store::event::{self, New};
use store::{Error as StoreError, Tx};

use crate::case::{Error, Noun, Stateful, find, step};
use crate::work;

/// Longest of what another side said that is kept, in characters.
const SAID_CHARS_MAX: usize = 500;

impl Noun for StopRequest {
    /// It is a part of its incident: what happens to it is on the incident's time line.
    const SUBJECT: Subject = Subject::Incident;

    fn id(&self) -> &str {
        &self.incident_id
    }

    fn seen_by(&self, tx: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        let incident = store::incident::get(tx, &self.incident_id)?;
        incident.map_or(Ok(false), |incident| incident.seen_by(tx, scope))
    }
}

impl Stateful for StopRequest {
    /// As of its incident: everything about a loss is decided with its terminal's row locked.
    fn lock(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        crate::attempt::lock(tx, self.terminal_id).map(drop)
    }

    fn stands_against(&self, tx: &Tx<'_>, verb: Verb) -> Result<(), Error> {
        if verb == Verb::ReadBack {
            // What a provider said is written down in any case.
            return Ok(());
        }
        let incident = store::incident::get(tx, &self.incident_id)?;
        if incident.is_none_or(|incident| !incident.loss_stands()) {
            return Err(Error::WrongState(IncidentState::Closed.code()));
        }
        match verb {
            Verb::Send => address(tx, self.terminal_id).map(drop),
            Verb::Confirm | Verb::ReadBack => Ok(()),
        }
    }

    fn happened(verb: Verb) -> &'static str {
        match verb {
            Verb::Confirm => Happened::StopConfirmed,
            Verb::Send => Happened::LetterAgain,
            Verb::ReadBack => Happened::StopReadBack,
        }
        .code()
    }
}

/// Whether mails can go out: somebody has set up where to, and in whose name.
pub fn mail_is_set_up(tx: &Tx<'_>) -> Result<bool, StoreError> {
    Ok(store::setting::get(tx)?.is_some_and(|settings| mails(&settings)))
}

/// Whether a house with those settings can send mails.
pub const fn mails(settings: &domain::setting::Settings) -> bool {
    settings.smtp_url_sealed.is_some() && settings.mail_from.is_some()
}

/// Whom to ask to stop a terminal of a merchant.
pub fn acquirer_of(tx: &Tx<'_>, terminal: &Terminal) -> Result<Option<Contact>, StoreError> {
    store::contact::acquirer(tx, terminal.bound.merchant_code)
}

/// Where the letter about a terminal goes.
fn address(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<String, Error> {
    let terminal = store::terminal::get(tx, terminal_id)?.ok_or(Error::NotFound(Subject::Terminal))?;
    let to = acquirer_of(tx, &terminal)?.and_then(|contact| contact.details.email);
    to.ok_or(Error::NotFound(Subject::Contact))
}

/// Writes the letter of an incident just opened, and asks for everything that shall follow it.
pub(crate) fn open(
    tx: &Tx<'_>,
    actor: &Actor,
    incident: &Incident,
    terminal: &Terminal,
) -> Result<(), StoreError> {
    let merchant = store::merchant::get(tx, terminal.bound.merchant_code)?;
    let merchant = merchant.ok_or(StoreError::Corrupt("merchant of a terminal"))?;
    let by = match actor {
        Actor::Person(account) => &account.name,
        Actor::Machine(machine) => &machine.name,
        _ => actor.name(),
    };
    let shop = store::shop::get(tx, &terminal.shop_id)?;
    let acquirer = acquirer_of(tx, terminal)?;
    let facts = Facts {
        incident,
        terminal,
        merchant: &merchant,
        shop: &shop.ok_or(StoreError::Corrupt("shop of a terminal"))?,
        acquirer: acquirer.as_ref(),
        by,
    };
    let (at, incident_id) = (tx.now(), &incident.incident_id);
    let (remind_at, _) = reminder(incident.reported_at, 0);
    let mut request = StopRequest {
        incident_id: incident_id.clone(),
        terminal_id: incident.terminal_id,
        state: State::Requested,
        requested_at: incident.reported_at,
        requested_by: actor.name().to_owned(),
        letter: letter(&facts),
        mail: None,
        asked: terminal.at_provider.clone().map(|device| Asked {
            state: ProviderState::Asked,
            at,
            device,
            said: None,
            evidence: None,
        }),
        reminder_count: 0,
        remind_at: Some(remind_at),
        confirmation: None,
    };
    if let Some(to) = acquirer.and_then(|contact| contact.details.email) {
        enqueue_mail(tx, &mut request, to)?;
    }
    store::stop_request::insert(tx, &request)?;
    if request.asked.is_some() {
        work::enqueue(tx, Id::provider_stop(incident_id), at)?;
    }
    work::enqueue(tx, Id::reminder(incident_id), remind_at)?;
    tell(tx, incident_id, Happened::StopRequested, actor.by(), None)
}

/// Has the next mail with the letter sent to an address.
fn enqueue_mail(tx: &Tx<'_>, request: &mut StopRequest, to: String) -> Result<(), StoreError> {
    let count = request.mail.as_ref().map_or(0, |mail| mail.count) + 1;
    request.mail = Some(Mailed {
        state: MailState::Queued,
        at: tx.now(),
        to,
        said: None,
        count,
    });
    work::enqueue(tx, Id::mail(&request.incident_id, count), tx.now()).map(drop)
}

/// What somebody at the acquirer said, as it is written down.
#[derive(Clone, Debug)]
pub struct Said {
    /// What they keep it under.
    pub reference: String,
    /// Who said so.
    pub confirmed_by: String,
    /// When.
    pub at: domain::Timestamp,
}

/// Writes down that somebody at the acquirer confirmed the stop.
pub fn confirm(tx: &Tx<'_>, actor: &Actor, incident_id: &str, said: Said) -> Result<Incident, Error> {
    asked_for(tx, actor, incident_id)?;
    let confirmation = Confirmation {
        reference: said.reference.clone(),
        confirmed_by: said.confirmed_by,
        at: said.at,
        recorded_by: actor.name().to_owned(),
        recorded_at: tx.now(),
    };
    step(
        tx,
        actor,
        incident_id,
        Verb::Confirm,
        Some(&said.reference),
        |request: &mut StopRequest| request.confirmation = Some(confirmation),
    )?;
    store::work::delete(tx, &Id::reminder(incident_id))?;
    let incident = find(tx, actor, incident_id)?;
    crate::duty::start(tx, &incident)?;
    Ok(incident)
}

/// Has the letter sent by mail, to whom it would go now. What nobody knows of an earlier mail is settled by this: a person
/// decided.
pub fn send(tx: &Tx<'_>, actor: &Actor, incident_id: &str) -> Result<Incident, Error> {
    let incident = asked_for(tx, actor, incident_id)?;
    let mut request: StopRequest = step(tx, actor, incident_id, Verb::Send, None, |_: &mut StopRequest| ())?;
    let to = address(tx, request.terminal_id)?;
    if let Some(mail) = &request.mail {
        store::work::delete(tx, &Id::mail(incident_id, mail.count))?;
    }
    enqueue_mail(tx, &mut request, to)?;
    store::stop_request::update(tx, &request)?;
    Ok(incident)
}

/// The incident, when its stop was asked for of somebody outside.
fn asked_for(tx: &Tx<'_>, actor: &Actor, incident_id: &str) -> Result<Incident, Error> {
    let incident: Incident = crate::case::locked(tx, actor, incident_id)?;
    match store::stop_request::get(tx, incident_id)? {
        Some(_) => Ok(incident),
        None => Err(Error::WrongState(State::Stopped.code())),
    }
}

/// What a piece of work is about, its terminal locked.
struct Due {
    incident: Incident,
    request: StopRequest,
}

/// Reads what work is about, its terminal locked. `None` when its claim was taken over, and then nothing may be written.
fn due(tx: &Tx<'_>, claimed: &Work) -> Result<Option<Due>, StoreError> {
    let incident_id = claimed.id.subject_id();
    let gone = || StoreError::Corrupt("what work is about");
    let terminal_id = store::stop_request::get(tx, incident_id)?
        .ok_or_else(gone)?
        .terminal_id;
    crate::attempt::lock(tx, terminal_id)?;
    if !crate::work::is_held(tx, claimed)? {
        return Ok(None);
    }
    Ok(Some(Due {
        incident: store::incident::get(tx, incident_id)?.ok_or_else(gone)?,
        request: store::stop_request::get(tx, incident_id)?.ok_or_else(gone)?,
    }))
}

impl Due {
    fn is_over(&self) -> bool {
        !self.incident.loss_stands()
    }

    fn tell(
        &self,
        tx: &Tx<'_>,
        happened: Happened,
        by: By<'_>,
        text: Option<&str>,
    ) -> Result<(), StoreError> {
        tell(tx, &self.incident.incident_id, happened, by, text)
    }
}

fn tell(
    tx: &Tx<'_>,
    incident_id: &str,
    happened: Happened,
    by: By<'_>,
    text: Option<&str>,
) -> Result<(), StoreError> {
    let new = New {
        subject: Subject::Incident,
        subject_id: incident_id,
        at: tx.now(),
        verb: happened.code(),
        by,
        text,
        ledger_sequence: None,
    };
    event::append(tx, new).map(drop)
}

/// What another side said, as much of it as is kept.
pub(crate) fn cut(said: &str) -> String {
    said.chars()
        .filter(|one| !one.is_control())
        .take(SAID_CHARS_MAX)
        .collect()
}

/// A mail to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToSend {
    /// The address.
    pub to: String,
    /// The number of the request, as the subject names it.
    pub number: String,
    /// Which mail with this letter it is, from 1.
    pub count: i64,
    /// The letter, as it was written.
    pub text: String,
}

/// The mail that work is about; `None` when it is not to be sent any more: its incident is closed.
pub fn to_send(tx: &Tx<'_>, claimed: &Work) -> Result<Option<ToSend>, StoreError> {
    let Some(due) = due(tx, claimed)? else {
        return Ok(None);
    };
    let mail = due
        .request
        .mail
        .as_ref()
        .filter(|mail| mail.count.to_string() == claimed.id.part());
    let Some(mail) = mail.filter(|_| !due.is_over()) else {
        return Ok(None);
    };
    Ok(Some(ToSend {
        to: mail.to.clone(),
        number: due.incident.stop_request_number.clone(),
        count: mail.count,
        text: due.request.letter.text(),
    }))
}

/// What became of a mail, as far as a node knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailOutcome {
    /// The server took it, with this reply.
    Accepted(String),
    /// The server will not take it, with this reply.
    Refused(String),
    /// It may have taken it.
    Unknown(String),
    /// It is not to be sent any more.
    Dropped,
}

/// Writes down what became of a mail and ends the claim. False when the claim was taken over meanwhile: then it counts as
/// unknown already.
pub fn mailed(tx: &Tx<'_>, claimed: &Work, node: &str, outcome: &MailOutcome) -> Result<bool, StoreError> {
    let Some(mut due) = due(tx, claimed)? else {
        return Ok(false);
    };
    let (state, happened, said) = match outcome {
        MailOutcome::Accepted(reply) => (MailState::Sent, Some(Happened::LetterSent), reply.as_str()),
        MailOutcome::Refused(reply) => (MailState::Refused, Some(Happened::LetterRefused), reply.as_str()),
        MailOutcome::Unknown(why) => (MailState::Unknown, Some(Happened::LetterUnknown), why.as_str()),
        MailOutcome::Dropped => (MailState::Dropped, None, ""),
    };
    match state {
        MailState::Unknown => work::unknown(tx, claimed, said)?,
        _ => work::done(tx, claimed)?,
    };
    mail_is(tx, &mut due, claimed, state, said)?;
    if let Some(happened) = happened {
        due.tell(tx, happened, By::node(node), Some(&cut(said)))?;
    }
    Ok(true)
}

/// A mail whose node was lost while it sent it: nobody knows whether it went out.
pub(crate) fn mail_lost(tx: &Tx<'_>, lost: &Work, node: &str) -> Result<(), StoreError> {
    let incident_id = lost.id.subject_id();
    let Some(request) = store::stop_request::get(tx, incident_id)? else {
        return Ok(());
    };
    crate::attempt::lock(tx, request.terminal_id)?;
    let (incident, request) = (
        store::incident::get(tx, incident_id)?,
        store::stop_request::get(tx, incident_id)?,
    );
    let (Some(incident), Some(request)) = (incident, request) else {
        return Ok(());
    };
    let mut due = Due { incident, request };
    mail_is(tx, &mut due, lost, MailState::Unknown, "")?;
    due.tell(tx, Happened::LetterUnknown, By::node(node), None)
}

fn mail_is(tx: &Tx<'_>, due: &mut Due, work: &Work, state: MailState, said: &str) -> Result<(), StoreError> {
    let at = tx.now();
    // A person may have had another mail sent meanwhile; that one stands for itself.
    let same = |mail: &&mut Mailed| mail.count.to_string() == work.id.part();
    let Some(mail) = due.request.mail.as_mut().filter(same) else {
        return Ok(());
    };
    (mail.state, mail.at) = (state, at);
    mail.said = Some(cut(said)).filter(|said| !said.is_empty());
    store::stop_request::update(tx, &due.request).map(drop)
}

/// Notes why a mail that still waits was not sent, for the page.
pub fn not_sent(tx: &Tx<'_>, claimed: &Work, why: &str) -> Result<(), StoreError> {
    match due(tx, claimed)? {
        Some(mut due) => mail_is(tx, &mut due, claimed, MailState::Queued, why),
        None => Ok(()),
    }
}

/// What a provider is to be asked about; `None` when it is not to be asked any more.
pub fn to_ask(tx: &Tx<'_>, claimed: &Work) -> Result<Option<Asked>, StoreError> {
    let due = due(tx, claimed)?.filter(|due| !due.is_over());
    Ok(due.and_then(|due| due.request.asked))
}

/// Keeps what a provider knew of a device before it was stopped; what was kept first stays.
pub fn looked(tx: &Tx<'_>, claimed: &Work, evidence: &str) -> Result<(), StoreError> {
    let Some(mut due) = due(tx, claimed)? else {
        return Ok(());
    };
    let Some(asked) = due
        .request
        .asked
        .as_mut()
        .filter(|asked| asked.evidence.is_none())
    else {
        return Ok(());
    };
    asked.evidence = Some(evidence.to_owned());
    store::stop_request::update(tx, &due.request).map(drop)
}

/// Writes down what a provider said. What it read back as stopped makes the request stopped; with that, and with a refusal,
/// the work is done. False when the claim was taken over meanwhile.
pub fn answered(
    tx: &Tx<'_>,
    claimed: &Work,
    node: &str,
    state: ProviderState,
    said: &str,
) -> Result<bool, StoreError> {
    let Some(mut due) = due(tx, claimed)? else {
        return Ok(false);
    };
    let Some(asked) = due.request.asked.as_mut() else {
        return work::done(tx, claimed);
    };
    let is_news = asked.state != state;
    let at = if is_news { tx.now() } else { asked.at };
    (asked.state, asked.at) = (state, at);
    asked.said = Some(cut(said)).filter(|said| !said.is_empty());
    store::stop_request::update(tx, &due.request)?;
    if matches!(state, ProviderState::Stopped | ProviderState::Refused) {
        work::done(tx, claimed)?;
    }
    match state {
        ProviderState::Stopped if due.request.is_open() => read_back(tx, &due, node, said)?,
        ProviderState::Refused if is_news => {
            due.tell(tx, Happened::StopRefused, By::node(node), Some(&cut(said)))?
        }
        ProviderState::InProgress if is_news => {
            due.tell(tx, Happened::StopInProgress, By::node(node), None)?
        }
        _ => {}
    }
    Ok(true)
}

fn read_back(tx: &Tx<'_>, due: &Due, node: &str, said: &str) -> Result<(), StoreError> {
    let (actor, incident_id) = (Actor::Node(node.to_owned()), &due.incident.incident_id);
    let stepped = step(
        tx,
        &actor,
        incident_id,
        Verb::ReadBack,
        Some(&cut(said)),
        |_: &mut StopRequest| (),
    );
    match stepped {
        Ok(_) => {
            store::work::delete(tx, &Id::reminder(incident_id))?;
            match store::incident::get(tx, incident_id)? {
                Some(incident) => crate::duty::start(tx, &incident),
                None => Ok(()),
            }
        }
        Err(Error::Store(error)) => Err(error),
        Err(_) => Err(StoreError::Corrupt("a stop request that is open")),
    }
}

/// Reminds of a stop that nobody has confirmed, and of the next time to do so; the second time and later the letter goes out
/// once more, unless an earlier one still waits or nobody knows of it. Those whom it is for get a mail. Answers the incident that has something new.
pub fn remind(tx: &Tx<'_>, claimed: &Work) -> Result<Option<String>, StoreError> {
    let Some(mut due) = due(tx, claimed)? else {
        return Ok(None);
    };
    if due.is_over() || !due.request.is_open() {
        work::done(tx, claimed)?;
        return Ok(None);
    }
    let (_, told) = reminder(due.request.requested_at, due.request.reminder_count);
    due.request.reminder_count += 1;
    let (next, _) = reminder(due.request.requested_at, due.request.reminder_count);
    due.request.remind_at = Some(next);
    if told > Told::Reporter {
        demand_again(tx, &mut due)?;
    }
    store::stop_request::update(tx, &due.request)?;
    work::again(tx, claimed, next)?;
    due.tell(tx, Happened::Reminded, By::timer("reminder"), Some(told.code()))?;
    reminder::enqueue(tx, &due, told)?;
    Ok(Some(due.incident.incident_id))
}

fn demand_again(tx: &Tx<'_>, due: &mut Due) -> Result<(), StoreError> {
    let is_settled = |mail: &Mailed| matches!(mail.state, MailState::Sent | MailState::Refused);
    if !due.request.mail.as_ref().is_none_or(is_settled) {
        return Ok(());
    }
    let terminal = store::terminal::get(tx, due.incident.terminal_id)?;
    let terminal = terminal.ok_or(StoreError::Corrupt("terminal of an incident"))?;
    match acquirer_of(tx, &terminal)?.and_then(|contact| contact.details.email) {
        Some(to) => enqueue_mail(tx, &mut due.request, to),
        None => Ok(()),
    }
}

//! The mail with a letter: what goes out, and what became of it.
//!
//! Invariant: nothing is written down by whoever has lost the claim; a letter is sent when a mail server says that it took it.

use domain::actor::By;
use domain::event::Subject;
use domain::incident::Happened;
use domain::letter::{Letter, Sent, State, Way};
use domain::setting::Language;
use domain::stop_request::MailState;
use domain::work::Work;
use store::event::{self, New};
use store::{Error as StoreError, Tx, row};

use super::{incident_of, is_open, overdue};
use crate::case::{Noun, Stateful};
use crate::stop_request::{MailOutcome, cut};
use crate::work;

/// What work is about, its terminal locked. `None` when its claim was taken over, and then nothing may be written.
fn claimed_of(tx: &Tx<'_>, claimed: &Work) -> Result<Option<Letter>, StoreError> {
    let Some(letter) = of_work(tx, claimed)? else {
        return Ok(None);
    };
    letter.lock(tx)?;
    match work::is_held(tx, claimed)? {
        true => of_work(tx, claimed),
        false => Ok(None),
    }
}

fn of_work(tx: &Tx<'_>, work: &Work) -> Result<Option<Letter>, StoreError> {
    let Some((position, _)) = work.id.part().split_once('-') else {
        return Ok(None);
    };
    row::by_id(tx, &format!("{}-l{position}", work.id.subject_id()))
}

/// Whether it is the last mail with the letter: a person may have asked for another one.
fn is_last(letter: &Letter, work: &Work) -> bool {
    let count = letter.mail.as_ref().map(|mail| mail.count.to_string());
    work.id.part().split_once('-').map(|(_, count)| count) == count.as_deref()
}

/// A letter to be mailed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToSend {
    /// The address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// What stands beside the document.
    pub text: String,
    /// Whose document comes with it.
    pub letter_id: String,
    /// How that file is called.
    pub name: String,
    /// Its length, bytes.
    pub len: i64,
    /// Its SHA-256.
    pub sha256: String,
}

/// The mail that work is about; `None` when it is not to be sent any more: the letter was taken back or handed over, or its incident
/// closed.
pub fn to_send(tx: &Tx<'_>, claimed: &Work) -> Result<Option<ToSend>, StoreError> {
    let letter =
        claimed_of(tx, claimed)?.filter(|letter| letter.state == State::Sending && is_last(letter, claimed));
    let Some(letter) = letter else {
        return Ok(None);
    };
    let incident = incident_of(tx, &letter)?;
    let (Some(mail), Some(document), true) = (&letter.mail, &letter.document, is_open(&incident).is_ok())
    else {
        return Ok(None);
    };
    let (number, title, due) = (&letter.number, letter.kind.title(letter.language), &letter.due_on);
    let (name, sha256) = (&letter.to.name, &document.sha256);
    let (subject, text) = match letter.language {
        Language::Chinese => (
            format!("{title} {number}"),
            format!(
                "{name}：\n\n附件是{title} {number}（PDF）。请在 {due} 前书面答复，并注明编号 {number}。\n\n附件的 SHA-256：{sha256}\n"
            ),
        ),
        Language::English => (
            format!("{title} {number}"),
            format!(
                "{name},\n\nplease find attached our letter {number} (PDF): {title}. We ask for an answer in writing by {due} that names the \
                 number {number}.\n\nSHA-256 of the attachment: {sha256}\n"
            ),
        ),
    };
    Ok(Some(ToSend {
        to: mail.to.clone(),
        subject,
        text,
        name: format!("letter-{number}.pdf"),
        len: document.len,
        sha256: document.sha256.clone(),
        letter_id: letter.letter_id,
    }))
}

/// Writes down what became of a mail and ends the claim. False when the claim was taken over meanwhile: then it counts as unknown already.
pub fn mailed(tx: &Tx<'_>, claimed: &Work, node: &str, outcome: &MailOutcome) -> Result<bool, StoreError> {
    let Some(mut letter) = claimed_of(tx, claimed)? else {
        return Ok(false);
    };
    let (state, happened, said) = match outcome {
        MailOutcome::Accepted(reply) => (MailState::Sent, Some(Happened::LetterMailed), reply.as_str()),
        MailOutcome::Refused(reply) => (
            MailState::Refused,
            Some(Happened::LetterNotMailed),
            reply.as_str(),
        ),
        MailOutcome::Unknown(why) => (
            MailState::Unknown,
            Some(Happened::LetterMailUnknown),
            why.as_str(),
        ),
        MailOutcome::Dropped => (MailState::Dropped, None, ""),
    };
    match state {
        MailState::Unknown => work::unknown(tx, claimed, said)?,
        _ => work::done(tx, claimed)?,
    };
    mail_is(tx, (&mut letter, claimed), node, state, said)?;
    if let Some(happened) = happened {
        told(tx, &letter, happened, node, said)?;
    }
    Ok(true)
}

/// A mail whose node was lost while it sent it: nobody knows whether it went out.
pub(crate) fn mail_lost(tx: &Tx<'_>, lost: &Work, node: &str) -> Result<(), StoreError> {
    let Some(letter) = of_work(tx, lost)? else {
        return Ok(());
    };
    letter.lock(tx)?;
    let Some(mut letter) = of_work(tx, lost)? else {
        return Ok(());
    };
    mail_is(tx, (&mut letter, lost), node, MailState::Unknown, "")?;
    told(tx, &letter, Happened::LetterMailUnknown, node, "")
}

/// Notes why a mail that still waits was not sent, for the page.
pub fn not_sent(tx: &Tx<'_>, claimed: &Work, why: &str) -> Result<(), StoreError> {
    match claimed_of(tx, claimed)? {
        Some(mut letter) => mail_is(tx, (&mut letter, claimed), "", MailState::Queued, why),
        None => Ok(()),
    }
}

fn mail_is(
    tx: &Tx<'_>,
    (letter, work): (&mut Letter, &Work),
    node: &str,
    state: MailState,
    said: &str,
) -> Result<(), StoreError> {
    let at = tx.now();
    if !is_last(letter, work) {
        return Ok(());
    }
    let Some(mail) = letter.mail.as_mut() else {
        return Ok(());
    };
    (mail.state, mail.at) = (state, at);
    mail.said = Some(cut(said)).filter(|said| !said.is_empty());
    let is_first = state == MailState::Sent && letter.sent.is_none();
    if state == MailState::Sent {
        letter.sent.get_or_insert(Sent {
            way: Way::Mail,
            at,
            by: node.to_owned(),
        });
    }
    letter.mailed(state);
    row::update(tx, letter)?;
    match is_first {
        true => overdue::enqueue(tx, letter),
        false => Ok(()),
    }
}

fn told(tx: &Tx<'_>, letter: &Letter, happened: Happened, node: &str, said: &str) -> Result<(), StoreError> {
    let said = cut(said);
    let text = letter.told_as(Some(said.as_str()).filter(|said| !said.is_empty()));
    let new = New {
        subject: Subject::Incident,
        subject_id: &letter.incident_id,
        at: tx.now(),
        verb: happened.code(),
        by: By::node(node),
        text: text.as_deref(),
        ledger_sequence: None,
    };
    event::append(tx, new).map(drop)
}

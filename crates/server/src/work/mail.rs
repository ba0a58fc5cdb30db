//! Sending mails: the letter that asks an outside acquirer to stop a terminal, letters of an incident to banks and institutions, and what
//! reminds people.
//!
//! Invariant: *sent* is written down only with the server's own reply; a letter that may have gone out is left to a person.

mod code;
mod registration;

use std::sync::Arc;

use api::setting::SMTP_URL;
use app::stop_request::{MailOutcome, ToSend, reminder};
use domain::work::Work;
use sha2::{Digest, Sha256};
use store::{Error, Tx};

use super::Tried;
use crate::connector::mail::{Attachment, Mail, Sent, Server};
use node::seal::Purpose;
use node::{Node, Turn};

/// How mails go out, as the house's settings say.
pub(super) struct Post {
    /// By which server.
    pub server: Server,
    from: String,
}

/// Sends the letter once.
pub async fn send(node: &Arc<Node>, work: &Work) -> Result<Tried, Error> {
    let asked = work.clone();
    let Some(mail) = node
        .write(move |tx| app::stop_request::to_send(tx, &asked))
        .await?
    else {
        return settled(node, work, MailOutcome::Dropped, app::stop_request::mailed).await;
    };
    let post = match post(node).await? {
        Ok(post) => post,
        Err(why) => return put_off(node, work, why, app::stop_request::not_sent).await,
    };
    match outcome(post.server.send(&written(&post, work, mail)).await) {
        Ok(outcome) => settled(node, work, outcome, app::stop_request::mailed).await,
        Err(why) => put_off(node, work, &why, app::stop_request::not_sent).await,
    }
}

/// Sends a letter of an incident, with its document, once.
pub async fn send_letter(node: &Arc<Node>, work: &Work) -> Result<Tried, Error> {
    let asked = work.clone();
    let asked = node.write(move |tx| app::letter::to_send(tx, &asked)).await?;
    let Some(letter) = asked else {
        return settled(node, work, MailOutcome::Dropped, app::letter::mailed).await;
    };
    let post = match post(node).await? {
        Ok(post) => post,
        Err(why) => return put_off(node, work, why, app::letter::not_sent).await,
    };
    let document = api::whole_file(node, &letter.letter_id, letter.len).await;
    let is_its = |bytes: &Vec<u8>| domain::hex::of(&Sha256::digest(bytes)) == letter.sha256;
    let Some(bytes) = document.ok().filter(is_its) else {
        return put_off(node, work, "its document cannot be read", app::letter::not_sent).await;
    };
    let mail = Mail {
        attachments: vec![Attachment {
            name: letter.name,
            mime: "application/pdf".to_owned(),
            bytes,
        }],
        ..post.mail(work.id.as_str(), letter.to, letter.subject, letter.text)
    };
    match outcome(post.server.send(&mail).await) {
        Ok(outcome) => settled(node, work, outcome, app::letter::mailed).await,
        Err(why) => put_off(node, work, &why, app::letter::not_sent).await,
    }
}

/// Sends a reminder once.
pub async fn remind(node: &Arc<Node>, work: &Work) -> Result<Tried, Error> {
    let asked = work.clone();
    let reminding = node.write(move |tx| reminder::to_send(tx, &asked)).await?;
    let written = reminding.map(|reminding| (reminding.to, reminding.subject, reminding.text));
    once(node, work, written, reminder::mailed).await
}

/// Tells somebody once of having been asked on a case.
pub async fn tell_asked(node: &Arc<Node>, work: &Work) -> Result<Tried, Error> {
    let asked = work.clone();
    let telling = node.read(move |tx| app::comment::to_send(tx, &asked)).await?;
    let written = telling.map(|telling| (telling.to, telling.subject, telling.text));
    once(node, work, written, app::comment::mailed).await
}

/// Tells somebody once that a duty is due soon, or late.
pub async fn tell_due(node: &Arc<Node>, work: &Work) -> Result<Tried, Error> {
    let asked = work.clone();
    let telling = node.read(move |tx| app::duty_mail::to_send(tx, &asked)).await?;
    let written = telling.map(|telling| (telling.to, telling.subject, telling.text));
    once(node, work, written, app::duty_mail::mailed).await
}

/// Tells somebody once that nobody has answered a letter in time.
pub async fn tell_overdue(node: &Arc<Node>, work: &Work) -> Result<Tried, Error> {
    let asked = work.clone();
    let telling = node
        .read(move |tx| app::letter::overdue::to_send(tx, &asked))
        .await?;
    let written = telling.map(|telling| (telling.to, telling.subject, telling.text));
    once(node, work, written, app::duty_mail::mailed).await
}

/// Asks somebody once whether a terminal is with the shop.
pub async fn ask(node: &Arc<Node>, work: &Work) -> Result<Tried, Error> {
    let asked = work.clone();
    let asking = node.read(move |tx| app::question::to_send(tx, &asked)).await?;
    let written = asking.map(|asking| (asking.to, asking.subject, asking.text));
    once(node, work, written, app::question::mailed).await
}

/// Sends somebody the mail of the day.
pub async fn digest(node: &Arc<Node>, work: &Work) -> Result<Tried, Error> {
    let asked = work.clone();
    let telling = node.read(move |tx| app::digest_mail::to_send(tx, &asked)).await?;
    let written = telling.map(|telling| (telling.to, telling.subject, telling.text));
    once(node, work, written, app::duty_mail::mailed).await
}

/// Sends an emergency code once.
pub async fn bring(node: &Arc<Node>, work: &Work) -> Result<Tried, Error> {
    let asked = work.clone();
    let bringing = node
        .read(move |tx| app::emergency_code::to_send(tx, &asked))
        .await?;
    let written = bringing.and_then(|bringing| code::written(&node.sealer, bringing));
    once(node, work, written, app::emergency_code::mailed).await
}

/// Tells an applicant of a registration, once.
pub async fn tell_applicant(node: &Arc<Node>, work: &Work) -> Result<Tried, Error> {
    let asked = work.clone();
    let bringing = node
        .read(move |tx| app::registration::to_send(tx, &asked))
        .await?;
    let written = bringing.and_then(|bringing| registration::written(&node.sealer, bringing));
    once(node, work, written, app::registration::mailed).await
}

/// To whom, the subject, the text; `None`: it is not to be sent any more.
type Written = Option<(String, String, String)>;
/// Writes down what became of a mail, as the node of that name; false when its claim was taken over.
type Settle = fn(&Tx<'_>, &Work, &str, &MailOutcome) -> Result<bool, Error>;

/// Notes for the page why a mail that waits was not sent.
type Note = fn(&Tx<'_>, &Work, &str) -> Result<(), Error>;

/// Sends a mail that tells somebody something, once. One that was surely not taken is tried again.
async fn once(node: &Arc<Node>, work: &Work, written: Written, settle: Settle) -> Result<Tried, Error> {
    let Some((to, subject, text)) = written else {
        return settled(node, work, MailOutcome::Dropped, settle).await;
    };
    let post = match post(node).await? {
        Ok(post) => post,
        Err(why) => return Ok(Tried::Failed(why)),
    };
    let mail = post.mail(work.id.as_str(), to, subject, text);
    match outcome(post.server.send(&mail).await) {
        Ok(outcome) => settled(node, work, outcome, settle).await,
        Err(_) => Ok(Tried::Failed("the mail was not taken")),
    }
}

/// What became of a mail; or why it was surely not taken.
fn outcome(sent: Sent) -> Result<MailOutcome, String> {
    match sent {
        Sent::Accepted { reply } => Ok(MailOutcome::Accepted(reply)),
        Sent::Refused {
            reply,
            permanent: true,
        } => Ok(MailOutcome::Refused(reply)),
        Sent::Unknown { why } => Ok(MailOutcome::Unknown(why)),
        Sent::Refused { reply: why, .. } | Sent::NotSent { why } => Err(why),
    }
}

/// The mail server and who writes, or why there is none.
pub(super) async fn post(node: &Arc<Node>) -> Result<Result<Post, &'static str>, Error> {
    let settings = node.read(store::setting::get).await?;
    let set_up = settings.and_then(|settings| settings.smtp_url_sealed.zip(settings.mail_from));
    let Some((sealed, from)) = set_up else {
        return Ok(Err("no mail server is set up"));
    };
    let opened = node.sealer.open(Purpose::Setting, SMTP_URL, &sealed);
    let address = opened
        .ok()
        .and_then(|opened| String::from_utf8(opened.to_vec()).ok());
    let server = address.and_then(|address| Server::parse(&address).ok());
    Ok(server
        .map(|server| Post { server, from })
        .ok_or("the mail server's address cannot be read"))
}

impl Post {
    /// A mail. Its name lets a server and a reader tell that the same came twice.
    pub fn mail(&self, name: &str, to: String, subject: String, text: String) -> Mail {
        let house = self.from.rsplit('@').next().unwrap_or_default();
        let house = house.trim_end_matches('>');
        Mail {
            from: self.from.clone(),
            to,
            reply_to: None,
            subject,
            text,
            message_id: format!("<{name}@{house}>"),
            attachments: Vec::new(),
        }
    }
}

/// The letter as a mail.
fn written(post: &Post, work: &Work, mail: ToSend) -> Mail {
    let nth = match mail.count {
        1 => String::new(),
        count => format!("（第 {count} 次 / no. {count}）"),
    };
    let subject = format!("请停用终端 / Please stop this terminal: {}{nth}", mail.number);
    post.mail(work.id.as_str(), mail.to, subject, mail.text)
}

/// Writes down what became of a mail, however long the store takes.
async fn settled(
    node: &Arc<Node>,
    work: &Work,
    outcome: MailOutcome,
    settle: Settle,
) -> Result<Tried, Error> {
    let is_ours: bool = node
        .insist(Turn::Own, || {
            let (work, outcome, name) = (work.clone(), outcome.clone(), node.name.clone());
            move |tx: &Tx<'_>| settle(tx, &work, &name, &outcome)
        })
        .await?;
    tracing::debug!(work = work.id.as_str(), is_ours, "a mail is settled");
    node.changed(Some(work.id.subject_id().to_owned()));
    Ok(Tried::Done)
}

/// It was surely not taken: it waits, and the page says why.
async fn put_off(node: &Arc<Node>, work: &Work, why: &str, note: Note) -> Result<Tried, Error> {
    let (claimed, said) = (work.clone(), why.to_owned());
    node.write(move |tx| note(tx, &claimed, &said)).await?;
    node.changed(Some(work.id.subject_id().to_owned()));
    Ok(Tried::Failed("the mail was not taken"))
}

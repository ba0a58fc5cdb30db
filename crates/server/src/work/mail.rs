//! Sending mails: the letter that asks an outside acquirer to stop a terminal, and what reminds people of one that nobody has
//! confirmed.
//!
//! Invariant: *sent* is written down only with the server's own reply; a letter that may have gone out is left to a person.

mod code;
mod registration;

use std::sync::Arc;

use api::setting::SMTP_URL;
use app::stop_request::{MailOutcome, ToSend, reminder};
use domain::work::Work;
use store::{Error, Tx};

use super::Tried;
use crate::connector::mail::{Mail, Sent, Server};
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
        return settled(node, work, MailOutcome::Dropped).await;
    };
    let post = match post(node).await? {
        Ok(post) => post,
        Err(why) => return put_off(node, work, why).await,
    };
    match outcome(post.server.send(&written(&post, work, mail)).await) {
        Ok(outcome) => settled(node, work, outcome).await,
        Err(why) => put_off(node, work, &why).await,
    }
}

/// Sends a reminder once.
pub async fn remind(node: &Arc<Node>, work: &Work) -> Result<Tried, Error> {
    let asked = work.clone();
    let Some(reminding) = node.write(move |tx| reminder::to_send(tx, &asked)).await? else {
        return reminded(node, work, MailOutcome::Dropped).await;
    };
    let post = match post(node).await? {
        Ok(post) => post,
        Err(why) => return Ok(Tried::Failed(why)),
    };
    let mail = post.mail(work.id.as_str(), reminding.to, reminding.subject, reminding.text);
    match outcome(post.server.send(&mail).await) {
        Ok(outcome) => reminded(node, work, outcome).await,
        Err(_) => Ok(Tried::Failed("the mail was not taken")),
    }
}

/// Sends an emergency code once.
pub async fn bring(node: &Arc<Node>, work: &Work) -> Result<Tried, Error> {
    let asked = work.clone();
    let bringing = node
        .read(move |tx| app::emergency_code::to_send(tx, &asked))
        .await?;
    let Some((to, subject, text)) = bringing.and_then(|bringing| code::written(&node.sealer, bringing))
    else {
        return brought(node, work, MailOutcome::Dropped).await;
    };
    let post = match post(node).await? {
        Ok(post) => post,
        Err(why) => return Ok(Tried::Failed(why)),
    };
    match outcome(
        post.server
            .send(&post.mail(work.id.as_str(), to, subject, text))
            .await,
    ) {
        Ok(outcome) => brought(node, work, outcome).await,
        Err(_) => Ok(Tried::Failed("the mail was not taken")),
    }
}

/// Tells an applicant of a registration, once.
pub async fn tell_applicant(node: &Arc<Node>, work: &Work) -> Result<Tried, Error> {
    let asked = work.clone();
    let bringing = node
        .read(move |tx| app::registration::to_send(tx, &asked))
        .await?;
    let Some((to, subject, text)) =
        bringing.and_then(|bringing| registration::written(&node.sealer, bringing))
    else {
        return told(node, work, MailOutcome::Dropped).await;
    };
    let post = match post(node).await? {
        Ok(post) => post,
        Err(why) => return Ok(Tried::Failed(why)),
    };
    match outcome(
        post.server
            .send(&post.mail(work.id.as_str(), to, subject, text))
            .await,
    ) {
        Ok(outcome) => told(node, work, outcome).await,
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

/// Writes down what became of a letter, however long the store takes.
async fn settled(node: &Arc<Node>, work: &Work, outcome: MailOutcome) -> Result<Tried, Error> {
    let is_ours: bool = node
        .insist(Turn::Own, || {
            let (work, outcome, name) = (work.clone(), outcome.clone(), node.name.clone());
            move |tx: &Tx<'_>| app::stop_request::mailed(tx, &work, &name, &outcome)
        })
        .await?;
    tracing::debug!(work = work.id.as_str(), is_ours, "a mail is settled");
    node.changed(Some(work.id.subject_id().to_owned()));
    Ok(Tried::Done)
}

/// The same of a reminder.
async fn reminded(node: &Arc<Node>, work: &Work, outcome: MailOutcome) -> Result<Tried, Error> {
    let _: bool = node
        .insist(Turn::Own, || {
            let (work, outcome, name) = (work.clone(), outcome.clone(), node.name.clone());
            move |tx: &Tx<'_>| reminder::mailed(tx, &work, &name, &outcome)
        })
        .await?;
    node.changed(Some(work.id.subject_id().to_owned()));
    Ok(Tried::Done)
}

/// The same of an emergency code.
async fn brought(node: &Arc<Node>, work: &Work, outcome: MailOutcome) -> Result<Tried, Error> {
    let _: bool = node
        .insist(Turn::Own, || {
            let (work, outcome, name) = (work.clone(), outcome.clone(), node.name.clone());
            move |tx: &Tx<'_>| app::emergency_code::mailed(tx, &work, &name, &outcome)
        })
        .await?;
    Ok(Tried::Done)
}

/// The same of a mail to an applicant.
async fn told(node: &Arc<Node>, work: &Work, outcome: MailOutcome) -> Result<Tried, Error> {
    let _: bool = node
        .insist(Turn::Own, || {
            let (work, outcome, name) = (work.clone(), outcome.clone(), node.name.clone());
            move |tx: &Tx<'_>| app::registration::mailed(tx, &work, &name, &outcome)
        })
        .await?;
    Ok(Tried::Done)
}

/// It was surely not taken: it waits, and the page says why.
async fn put_off(node: &Arc<Node>, work: &Work, why: &str) -> Result<Tried, Error> {
    let (claimed, said) = (work.clone(), why.to_owned());
    node.write(move |tx| app::stop_request::not_sent(tx, &claimed, &said))
        .await?;
    node.changed(Some(work.id.subject_id().to_owned()));
    Ok(Tried::Failed("the mail was not taken"))
}

//! Sending the letter that asks an outside acquirer to stop a terminal.
//!
//! Invariant: *sent* is written down only with the server's own reply; a mail that may have gone out is left to a person.

use std::sync::Arc;

use api::setting::SMTP_URL;
use app::stop_request::{MailOutcome, ToSend};
use domain::work::Work;
use store::{Error, Tx};

use super::Tried;
use crate::connector::mail::{Mail, Sent, Server};
use node::seal::Purpose;
use node::{Node, Turn};

/// How mails go out, as the house's settings say.
struct Post {
    server: Server,
    from: String,
}

/// Sends it once.
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
    match post.server.send(&written(&post, work, mail)).await {
        Sent::Accepted { reply } => settled(node, work, MailOutcome::Accepted(reply)).await,
        Sent::Refused {
            reply,
            permanent: true,
        } => settled(node, work, MailOutcome::Refused(reply)).await,
        Sent::Unknown { why } => settled(node, work, MailOutcome::Unknown(why)).await,
        Sent::Refused { reply: why, .. } | Sent::NotSent { why } => put_off(node, work, &why).await,
    }
}

/// The mail server and who writes, or why there is none.
async fn post(node: &Arc<Node>) -> Result<Result<Post, &'static str>, Error> {
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

/// The letter as a mail. Its name lets a server and a reader tell that the same came twice.
fn written(post: &Post, work: &Work, mail: ToSend) -> Mail {
    let nth = match mail.count {
        1 => String::new(),
        count => format!("（第 {count} 次 / no. {count}）"),
    };
    let house = post.from.rsplit('@').next().unwrap_or_default();
    let house = house.trim_end_matches('>');
    Mail {
        from: post.from.clone(),
        to: mail.to,
        reply_to: None,
        subject: format!("请停用终端 / Please stop this terminal: {}{nth}", mail.number),
        text: mail.text,
        message_id: format!("<{}@{house}>", work.id.as_str()),
        attachments: Vec::new(),
    }
}

/// Writes down what became of it, however long the store takes.
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

/// It was surely not taken: it waits, and the page says why.
async fn put_off(node: &Arc<Node>, work: &Work, why: &str) -> Result<Tried, Error> {
    let (claimed, said) = (work.clone(), why.to_owned());
    node.write(move |tx| app::stop_request::not_sent(tx, &claimed, &said))
        .await?;
    node.changed(Some(work.id.subject_id().to_owned()));
    Ok(Tried::Failed("the mail was not taken"))
}

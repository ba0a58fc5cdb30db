//! Asking a provider about what a registration says.
//!
//! Invariant: a question is written down before it leaves, so that one whose answer was lost is never asked again by itself.

use std::sync::Arc;
use std::time::Duration;

use api::setting::IDENTITY_KEY;
use app::registration::{Asking, answered, next_question, not_asked};
use domain::registration::{About, Because, Checked, Outcome};
use domain::work::Work;
use store::{Error, Tx};

use super::Tried;
use crate::connector::identity::{Identities, Keys, NotAsked};
use node::seal::Purpose;
use node::{Node, Turn, now};

/// Tries of what was surely not taken, after which people look at the documents.
const TRIES_MAX: i64 = 5;
/// Questions of one check: about the person and about the business.
pub const QUESTIONS_MAX: u32 = 2;

/// Asks what is to be asked, one question after the other.
pub async fn check(node: &Arc<Node>, identities: &Identities, work: &Work) -> Result<Tried, Error> {
    for _ in 0..=QUESTIONS_MAX {
        let (claimed, name) = (work.clone(), node.name.clone());
        let next = move |tx: &Tx<'_>| next_question(tx, &claimed, &name);
        let Some(asking) = node.write(next).await? else {
            node.work_due.notify_one();
            return Ok(Tried::Done);
        };
        let about = asking.about;
        match asked(node, identities, &asking).await {
            Ok(checked) => write_down(node, work, about, checked).await?,
            Err(_) if work.tries >= TRIES_MAX => {
                let checked = Checked::because(Outcome::Down, Because::NotReached);
                write_down(node, work, about, checked).await?;
            }
            Err(not_taken) => {
                let claimed = work.clone();
                let take_back = move |tx: &Tx<'_>| not_asked(tx, &claimed, about);
                node.write(take_back).await?;
                return Ok(match not_taken {
                    NotAsked::NotReached => Tried::Failed("the provider could not be reached"),
                    NotAsked::Busy(wait) => {
                        Tried::Later("whoever was asked is busy", wait.max(Duration::from_secs(1)))
                    }
                });
            }
        }
    }
    Ok(Tried::Failed("there is no end to what it asks"))
}

async fn asked(node: &Arc<Node>, identities: &Identities, asking: &Asking) -> Result<Checked, NotAsked> {
    let opened = node
        .sealer
        .open(Purpose::Setting, IDENTITY_KEY, &asking.key_sealed);
    let kept = opened.ok().and_then(|kept| String::from_utf8(kept.to_vec()).ok());
    let Some(keys) = kept.and_then(|kept| Keys::parse(&kept)) else {
        return Ok(Checked::because(Outcome::CannotTell, Because::NotTaken));
    };
    let provider = identities.of(asking.provider, keys, now);
    match asking.about {
        About::Person => provider.person(&asking.said).await,
        About::Company => provider.company(&asking.said).await,
    }
}

/// Writes down what was paid for, however long the store takes.
async fn write_down(node: &Arc<Node>, work: &Work, about: About, checked: Checked) -> Result<(), Error> {
    node.insist(Turn::Own, || {
        let work = work.clone();
        move |tx: &Tx<'_>| answered(tx, &work, about, checked)
    })
    .await
}

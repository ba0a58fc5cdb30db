//! Asking a provider about what a registration says.
//!
//! Invariant: a question is written down before it leaves, so that one whose answer was lost is never asked again by itself.

use std::sync::Arc;
use std::time::Duration;

use api::setting::IDENTITY_KEY;
use app::registration::{Asking, answered, next_question, unasked};
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
        let came = match asked(node, identities, &asking).await {
            Ok(checked) => Came::Answer(checked),
            Err(NotAsked::Never(checked)) => Came::Unasked(Some(checked)),
            Err(_) if work.tries >= TRIES_MAX => {
                Came::Unasked(Some(Checked::because(Outcome::Down, Because::NotReached)))
            }
            Err(NotAsked::NotReached) => {
                write_down(node, work, about, Came::Unasked(None)).await?;
                return Ok(Tried::Failed("the provider could not be reached"));
            }
            Err(NotAsked::Busy(wait)) => {
                write_down(node, work, about, Came::Unasked(None)).await?;
                let wait = wait.max(Duration::from_secs(1));
                return Ok(Tried::Later("whoever was asked is busy", wait));
            }
        };
        write_down(node, work, about, came).await?;
    }
    Ok(Tried::Failed("there is no end to what it asks"))
}

async fn asked(node: &Arc<Node>, identities: &Identities, asking: &Asking) -> Result<Checked, NotAsked> {
    let opened = node
        .sealer
        .open(Purpose::Setting, IDENTITY_KEY, &asking.key_sealed);
    let kept = opened.ok().and_then(|kept| String::from_utf8(kept.to_vec()).ok());
    let Some(keys) = kept.and_then(|kept| Keys::parse(&kept)) else {
        let unopened = Checked::because(Outcome::CannotTell, Because::KeysUnusable);
        return Err(NotAsked::Never(unopened));
    };
    let provider = identities.of(asking.provider, keys, now);
    match asking.about {
        About::Person => provider.person(&asking.said).await,
        About::Company => provider.company(&asking.said).await,
    }
}

/// What came of a question.
#[derive(Clone, Copy)]
enum Came {
    /// The provider's answer, or that there is none and it may have been asked.
    Answer(Checked),
    /// It was surely not asked, and what that comes to; `None`: it is asked later.
    Unasked(Option<Checked>),
}

/// Writes it down, however long the store takes.
async fn write_down(node: &Arc<Node>, work: &Work, about: About, came: Came) -> Result<(), Error> {
    node.insist(Turn::Own, || {
        let work = work.clone();
        move |tx: &Tx<'_>| match came {
            Came::Answer(checked) => answered(tx, &work, about, checked),
            Came::Unasked(outcome) => unasked(tx, &work, about, outcome),
        }
    })
    .await
}

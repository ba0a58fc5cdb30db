//! Carrying the audit log on, and looking it through.
//!
//! Invariant: what is not as it must be is an alarm in the log of this node, each time it is found anew.

use std::sync::Arc;

use domain::audit::{PENDING_MS_MAX, Task};
use domain::work::{Id, Work};
use store::{Error, Tx};

use super::Tried;
use super::anchor::{self, Anchors};
use node::Node;

/// Does one piece.
pub async fn run(node: &Arc<Node>, anchors: &Anchors, work: &Work) -> Result<Tried, Error> {
    if work.id == Id::audit(Task::Anchor) {
        return anchor::run(node, anchors, work).await;
    }
    let (here, claimed) = (node.clone(), work.clone());
    let done = tokio::task::spawn_blocking(move || once(&here, claimed)).await;
    match done {
        Ok(Ok(tried)) => Ok(tried),
        Ok(Err(app::audit::Error::Store(error))) => Err(error),
        Ok(Err(error)) => {
            tracing::error!(%error, "the audit log is not what it must be");
            Ok(Tried::Failed("the log is not what it must be"))
        }
        Err(_) => Err(Error::Panicked),
    }
}

fn once(node: &Node, claimed: Work) -> Result<Tried, app::audit::Error> {
    let signer = match node::audit::signer(&node.store, &node.sealer) {
        Ok(signer) => signer,
        Err(node::seal::Error::Store(error)) => return Err(error.into()),
        Err(error) => {
            tracing::error!(%error, "the audit log's key cannot be used");
            return Ok(Tried::Failed("the log’s key cannot be used"));
        }
    };
    let Ok(random) = node::seal::random() else {
        return Ok(Tried::Failed("no randomness from the system"));
    };
    let run = move |tx: &Tx<'_>| app::audit::run(tx, &claimed, &signer, &random);
    let done = node.store.write(run)?;
    for finding in &done.findings {
        // The identifier may be a log-in, which is for no log.
        let finding = finding.without_what_is_withheld();
        let (what, subject) = (finding.what.code(), finding.subject.as_str());
        tracing::error!(
            what,
            subject,
            sequence = finding.sequence,
            "the audit log is not as it must be"
        );
    }
    let (waiting, oldest) = node.store.read(store::audit::waiting)?;
    let late_ms = oldest.map_or(0, |at| node::now().since_ms(at));
    if late_ms > PENDING_MS_MAX {
        tracing::error!(waiting, late_ms, "events wait to become part of the audit log");
    }
    tracing::debug!(leaves = done.leaves, "the audit log");
    Ok(Tried::Done)
}

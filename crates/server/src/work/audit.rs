//! Carrying the audit log on, looking it through, and having its checkpoints kept elsewhere.
//!
//! Invariant: what is not as it must be is an alarm in the log of this node, each time it is found anew.

use std::path::Path;
use std::sync::Arc;

use domain::audit::{ANCHOR_EVERY_MS, Checkpoint, PENDING_MS_MAX, Place, Task};
use domain::work::{Id, Work};
use sha2::{Digest, Sha256};
use store::{Error, Tx};

use super::Tried;
use crate::connector::timestamp::{Anchors, Authority, Trouble};
use node::Node;

/// How soon it is looked again when nothing was there to keep, or when this node knows no place and another may.
const LOOK_EVERY_MS: i64 = 5 * 60_000;

/// Does one piece.
pub async fn run(node: &Arc<Node>, anchors: &Anchors, work: &Work) -> Result<Tried, Error> {
    if work.id == Id::audit(Task::Anchor) {
        return anchor(node, anchors, work).await;
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

/// Has the newest checkpoint kept wherever it is not yet.
async fn anchor(node: &Arc<Node>, anchors: &Anchors, work: &Work) -> Result<Tried, Error> {
    let mut has_kept = false;
    if let Some(folder) = &anchors.folder
        && let Some(checkpoint) = to_anchor(node, Place::Folder).await?
    {
        if let Err(error) = drop_into(folder, &checkpoint) {
            tracing::error!(%error, "a checkpoint cannot be written into its folder");
            return Ok(Tried::Failed("the checkpoint could not be written"));
        }
        anchored(node, checkpoint.size, Place::Folder, None).await?;
        has_kept = true;
    }
    if let Some(authority) = &anchors.authority
        && let Some(checkpoint) = to_anchor(node, Place::Timestamp).await?
    {
        match stamp(authority, &checkpoint).await {
            Ok(token) => {
                anchored(node, checkpoint.size, Place::Timestamp, Some(token)).await?;
                has_kept = true;
            }
            Err(trouble) => {
                tracing::warn!(?trouble, "no time stamp for the audit log");
                return Ok(Tried::Failed("no time stamp was given"));
            }
        }
    }
    let claimed = work.clone();
    let wait_ms = if has_kept { ANCHOR_EVERY_MS } else { LOOK_EVERY_MS };
    let again = move |tx: &Tx<'_>| app::work::again(tx, &claimed, tx.now().plus_ms(wait_ms));
    let _is_ours: bool = node.write::<_, Error>(again).await?;
    Ok(Tried::Done)
}

async fn to_anchor(node: &Node, place: Place) -> Result<Option<Checkpoint>, Error> {
    node.read(move |tx| app::audit::to_anchor(tx, place)).await
}

async fn anchored(node: &Node, size: i64, place: Place, token: Option<Vec<u8>>) -> Result<(), Error> {
    node.write(move |tx: &Tx<'_>| app::audit::anchored(tx, size, place, token))
        .await
}

async fn stamp(authority: &Authority, checkpoint: &Checkpoint) -> Result<Vec<u8>, Trouble> {
    let nonce = node::seal::random().map_err(|_| Trouble::NotReached)?;
    let digest = Sha256::digest(&checkpoint.note).into();
    authority.stamp(None, &digest, &nonce).await
}

/// Writes a checkpoint into a folder, whole or not at all, under a name that no other has.
fn drop_into(folder: &Path, checkpoint: &Checkpoint) -> std::io::Result<()> {
    let origin = checkpoint.note.lines().next().unwrap_or_default();
    let name = format!("{}-{:012}.checkpoint", origin.replace('/', "-"), checkpoint.size);
    let whole = folder.join(name);
    let part = whole.with_extension("part");
    std::fs::write(&part, &checkpoint.note)?;
    std::fs::rename(part, whole)
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;

    use super::*;

    #[test]
    fn a_checkpoint_is_dropped_whole_and_the_same_again_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = Checkpoint {
            size: 7,
            at: Timestamp(1),
            note: "tillguard-00112233/audit\n7\nroot\n".into(),
        };
        for _ in 0..2 {
            drop_into(folder.path(), &checkpoint).unwrap();
            let names = std::fs::read_dir(folder.path()).unwrap();
            let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
            assert_eq!(names, ["tillguard-00112233-audit-000000000007.checkpoint"]);
        }
        let kept = std::fs::read_to_string(
            folder
                .path()
                .join("tillguard-00112233-audit-000000000007.checkpoint"),
        );
        assert_eq!(kept.unwrap(), checkpoint.note);
        assert!(drop_into(&folder.path().join("gone"), &checkpoint).is_err());
    }
}

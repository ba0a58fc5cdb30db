//! Looking through the lines of an import.
//!
//! The gate's writer is asked for one part after the other, so that whoever pays comes in between; after a turn the work is
//! given back, so that a node that stops need not wait for a long table.
//!
//! Invariant: nothing of the estate is written here.

use std::sync::Arc;
use std::time::Duration;

use api::import::{File, part};
use api::problem::Problem;
use domain::work::Work;
use store::{Error, Tx};
use tokio::time::Instant;

use super::Tried;
use node::Node;

/// How long one turn goes on with further parts.
pub const TURN_TIME_MAX: Duration = Duration::from_secs(5);
/// Rows of an earlier look through forgotten in one transaction.
const CLEARED_MAX: i64 = 500;

/// Goes on with it for one turn.
pub async fn check(node: &Arc<Node>, work: &Work) -> Result<Tried, Error> {
    match turn(node, work).await {
        Ok(()) => Ok(Tried::Done),
        Err(problem) => {
            tracing::warn!(work = work.id.as_str(), code = ?problem.code, "an import was not looked through");
            Ok(Tried::Failed("the lines could not be looked through"))
        }
    }
}

async fn turn(node: &Arc<Node>, work: &Work) -> Result<(), Problem> {
    let until = Instant::now() + TURN_TIME_MAX;
    while !clear(node, work).await? {}
    let bytes = api::import::file(node, work.id.subject_id()).await?;
    let read = tokio::task::spawn_blocking(move || File::read(&bytes)).await;
    let file = match read.map_err(|_| Error::Panicked)? {
        Ok(file) => Arc::new(file),
        Err(trouble) => {
            let claimed = work.clone();
            let end = move |tx: &Tx<'_>| Ok::<_, Problem>(app::import::unreadable(tx, &claimed, trouble)?);
            return node.write(end).await;
        }
    };
    while next(node, work, &file).await? {
        if Instant::now() >= until {
            return again(node, work).await;
        }
    }
    Ok(())
}

/// Forgets some of what an earlier look through left; true when nothing is left.
async fn clear(node: &Arc<Node>, work: &Work) -> Result<bool, Problem> {
    let claimed = work.clone();
    let clear = move |tx: &Tx<'_>| Ok::<_, Problem>(app::import::cleared(tx, &claimed, CLEARED_MAX)?);
    node.write(clear).await
}

/// Looks through the next part; false when there is no other.
async fn next(node: &Arc<Node>, work: &Work, file: &Arc<File>) -> Result<bool, Problem> {
    let (claimed, file, sealing) = (work.clone(), file.clone(), node.clone());
    node.write(move |tx| {
        let begun = std::time::Instant::now();
        let more = part(tx, &sealing.sealer, &claimed, &file);
        let took_ms = begun.elapsed().as_millis();
        tracing::debug!(work = claimed.id.as_str(), took_ms, "a part of an import");
        more
    })
    .await
}

/// Gives the rest back, to be gone on with at once.
async fn again(node: &Arc<Node>, work: &Work) -> Result<(), Problem> {
    let claimed = work.clone();
    let again = move |tx: &Tx<'_>| Ok::<_, Problem>(app::work::again(tx, &claimed, tx.now())?);
    let is_ours: bool = node.write(again).await?;
    tracing::debug!(work = work.id.as_str(), is_ours, "an import goes on");
    Ok(())
}

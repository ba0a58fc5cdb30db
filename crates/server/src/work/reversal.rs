//! Sending an owed reversal to the host.
//!
//! Invariant: a reversal leaves the store only with the host's answer; what the host refuses waits for a person.

use std::sync::Arc;

use domain::work::Work;
use store::{Error, Tx};

use super::Tried;
use crate::connector::host::{AcquirerHost, AskError};
use node::seal::Purpose;
use node::{Node, Turn};

/// Sends it once. Twice is the same to the host.
pub async fn send(node: &Arc<Node>, host: &Arc<AcquirerHost>, work: &Work) -> Result<Tried, Error> {
    let Some((terminal_id, sequence)) = work.id.of_ledger() else {
        return Ok(Tried::Failed("it names no row of a ledger"));
    };
    let owed = node
        .read(move |tx| store::owed_reversal::get(tx, terminal_id, sequence))
        .await?;
    let Some(owed) = owed else {
        // Another node had the host's answer, after its claim had run out.
        let work = work.clone();
        let done: bool = node.write(move |tx| app::work::done(tx, &work)).await?;
        tracing::debug!(%terminal_id, sequence, done, "a reversal that is owed no more");
        return Ok(Tried::Done);
    };
    let sealed = owed.reversal_sealed.as_deref().unwrap_or_default();
    let packed = match node.sealer.open(Purpose::Reversal, terminal_id.as_str(), sealed) {
        Ok(packed) => packed,
        Err(error) => {
            tracing::error!(%terminal_id, %error, "an owed reversal");
            return Ok(Tried::Failed("what it must carry cannot be read"));
        }
    };
    let answer = match host.reverse(&packed, &owed.reason_code).await {
        Ok(answer) => answer,
        Err(AskError::NotSent) => return Ok(Tried::Failed("it could not be sent")),
        Err(AskError::Silent) => return Ok(Tried::Failed("the host did not answer")),
    };
    let (code, verdict) = (answer.response_code(), answer.verdict());
    let incident = node
        .insist(Turn::Own, move || {
            move |tx: &Tx<'_>| app::reversal::settle(tx, terminal_id, sequence, code, verdict)
        })
        .await?;
    node.changed(incident);
    Ok(Tried::Done)
}

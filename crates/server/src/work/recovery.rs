//! After a restart: nobody waits for what was at the host, and reports that were being acknowledged have nothing in
//! flight any more.
//!
//! Invariant: done before the first connection is accepted.

use domain::Timestamp;
use store::Error;

use node::Node;

/// How often one run looks again; each look takes up to 500 intents.
const ROUNDS_MAX: usize = 10_000;

/// Decides on every intent this node left, gives back what it claimed, and acknowledges every report it left
/// unacknowledged, as far as no other node has an approval on its way out.
pub async fn run(node: &Node) -> Result<(), Error> {
    let left = release_before(node, Timestamp(i64::MAX)).await?;
    let name = node.name.clone();
    let is_shared = node.store.is_shared();
    let reports = node
        .write(move |tx| {
            app::work::give_back(tx, &name)?;
            app::work::enqueue_recurring(tx)?;
            if is_shared {
                // Whoever has the duty does it, once all nodes have drained.
                return Ok::<_, Error>(0);
            }
            let incidents = store::incident::unacknowledged(tx)?;
            for incident in &incidents {
                app::incident::acknowledge(tx, &incident.incident_id, &name, None)?;
            }
            Ok(incidents.len())
        })
        .await?;
    if left > 0 || reports > 0 {
        tracing::info!(intents = left, reports, "recovered what the last run left");
    }
    Ok(())
}

/// Treats every intent of this node that came in before a time as unanswered by the host.
pub async fn release_before(node: &Node, before: Timestamp) -> Result<usize, Error> {
    let mut all = 0;
    for _ in 0..ROUNDS_MAX {
        let name = node.name.clone();
        let released = node
            .write(move |tx| app::transaction::recover(tx, &name, before))
            .await?;
        all += released;
        if released == 0 {
            break;
        }
    }
    Ok(all)
}

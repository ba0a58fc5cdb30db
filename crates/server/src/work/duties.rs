//! What must follow losses: drawing it up, and telling people what is due soon or late.
//!
//! Invariant: one go looks at a bounded number of each.

use std::sync::Arc;

use domain::work::Work;
use store::Error;

use super::Tried;
use node::Node;

/// Duties that people are told of in one go.
const REMINDED_MAX: usize = 50;

/// Looks once.
pub async fn look(node: &Arc<Node>, work: &Work) -> Result<Tried, Error> {
    let work = work.clone();
    let Some(changed) = node.write(move |tx| app::duty::look(tx, &work)).await? else {
        return Ok(Tried::Done);
    };
    for incident_id in changed {
        node.changed(Some(incident_id));
    }
    for _ in 0..REMINDED_MAX {
        match node.write(app::duty::remind).await? {
            Some(incident_id) => node.changed(Some(incident_id)),
            None => break,
        }
    }
    Ok(Tried::Done)
}

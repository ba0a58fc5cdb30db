//! Forgetting what is kept for a time only.
//!
//! Invariant: one go forgets a bounded number of rows.

use std::sync::Arc;

use domain::work::Work;
use store::Error;

use super::Tried;
use node::Node;

/// Does one go.
pub async fn run(node: &Arc<Node>, work: &Work) -> Result<Tried, Error> {
    let work = work.clone();
    let is_ours: bool = node.write(move |tx| app::clean_up::run(tx, &work)).await?;
    tracing::debug!(is_ours, "a clean-up");
    Ok(Tried::Done)
}

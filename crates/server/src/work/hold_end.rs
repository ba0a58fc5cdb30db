//! Saying that a hold has ended by its time.
//!
//! Invariant: said or not, the hold stands exactly until its time.

use std::sync::Arc;

use domain::work::Work;
use store::Error;

use super::Tried;
use node::Node;

/// Says it, and wakes whoever looks at the terminal.
pub async fn say(node: &Arc<Node>, work: &Work) -> Result<Tried, Error> {
    let terminal_id = work.id.subject_id().to_owned();
    let work = work.clone();
    if node.write(move |tx| app::hold::end(tx, &work)).await? {
        node.changed(Some(terminal_id));
    }
    Ok(Tried::Done)
}

//! Asking others, too, whether a terminal is with the shop, where nobody has answered.
//!
//! Invariant: whoever is asked, and when, is the use case's; here it is only done.

use std::sync::Arc;

use domain::work::Work;
use store::Error;

use super::Tried;
use node::Node;

/// Asks them, and wakes whoever looks at the terminal.
pub async fn pass_on(node: &Arc<Node>, work: &Work) -> Result<Tried, Error> {
    let work = work.clone();
    if let Some(terminal_id) = node.write(move |tx| app::question::pass_on(tx, &work)).await? {
        node.changed(Some(terminal_id.to_string()));
        node.work_due.notify_one();
    }
    Ok(Tried::Done)
}

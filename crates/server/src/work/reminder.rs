//! Reminding people of a stop that nobody has confirmed.
//!
//! Invariant: whoever is reminded, and when, is a rule of the domain; here it is only done.

use std::sync::Arc;

use domain::work::Work;
use store::Error;

use super::Tried;
use node::Node;

/// Reminds once, and wakes whoever looks at the incident.
pub async fn remind(node: &Arc<Node>, work: &Work) -> Result<Tried, Error> {
    let work = work.clone();
    if let Some(incident_id) = node.write(move |tx| app::stop_request::remind(tx, &work)).await? {
        node.changed(Some(incident_id));
        // The letter may have to go out again, and those whom it is for are told.
        node.work_due.notify_one();
    }
    Ok(Tried::Done)
}

//! What must follow losses: drawing it up, saying what is due soon or late, and ending tests of new terminals whose time is over.
//!
//! Invariant: one go does a bounded number of each, and what cannot be read keeps no other from being done.

use std::sync::Arc;

use domain::work::Work;
use store::{Error, Tx};

use super::Tried;
use node::Node;

/// Looks once.
pub async fn look(node: &Arc<Node>, work: &Work) -> Result<Tried, Error> {
    let work = work.clone();
    let Some(found) = node.write(move |tx| app::duty::look(tx, &work)).await? else {
        return Ok(Tried::Done);
    };
    for incident_id in found.incidents {
        let id = incident_id.clone();
        one(node, incident_id, move |tx| app::duty::draw_up(tx, &id)).await?;
    }
    for told in found.duties {
        let incident_id = told.incident_id.clone();
        one(node, incident_id, move |tx| app::duty::remind(tx, &told)).await?;
    }
    for replacement_id in found.tests {
        let incident_id = app::replacement::incident_of(&replacement_id).to_owned();
        one(node, incident_id, move |tx| {
            app::replacement::end_test(tx, &replacement_id)
        })
        .await?;
    }
    Ok(Tried::Done)
}

/// Does one of them, and wakes whoever looks at its incident.
async fn one(
    node: &Arc<Node>,
    incident_id: String,
    act: impl FnOnce(&Tx<'_>) -> Result<bool, Error> + Send + 'static,
) -> Result<(), Error> {
    match node.write(act).await {
        Ok(is_new) => node.changed(is_new.then_some(incident_id)),
        Err(error @ Error::Corrupt(_)) => {
            tracing::error!(incident_id, %error, "what must follow cannot be read")
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

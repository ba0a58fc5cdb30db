//! Moving what is sealed to the newest data key.
//!
//! Step after step, so that whoever pays comes in between; after a turn the work is given back, so that a node that stops need not
//! wait for a large estate.
//!
//! Invariant: a step that is cut off by the node's end was not taken at all.

use std::sync::Arc;
use std::time::Duration;

use domain::work::Work;
use store::reseal::Step;
use store::{Error, Tx};
use tokio::time::Instant;

use super::Tried;
use node::Node;

/// How long one turn goes on with further steps.
pub const TURN_TIME_MAX: Duration = Duration::from_secs(5);

/// Goes on with it for one turn.
pub async fn run(node: &Arc<Node>, work: &Work) -> Result<Tried, Error> {
    let until = Instant::now() + TURN_TIME_MAX;
    loop {
        let claimed = work.clone();
        let step = move |tx: &Tx<'_>| app::reseal::step(tx, &claimed);
        match node.write(step).await? {
            Step::More => {}
            Step::Done(retired) if retired > 0 => {
                tracing::info!(retired, "older data keys are not needed any more");
                return Ok(Tried::Done);
            }
            Step::Done(_) | Step::Waits | Step::NotOurs => return Ok(Tried::Done),
        }
        if Instant::now() >= until {
            let claimed = work.clone();
            let again = move |tx: &Tx<'_>| app::work::again(tx, &claimed, tx.now());
            let is_ours: bool = node.write(again).await?;
            tracing::debug!(is_ours, "resealing goes on");
            return Ok(Tried::Done);
        }
    }
}

//! Being present on the store: joining, renewing, answering what reports ask, standing in for nodes that are gone.
//!
//! Invariant: after it was expelled a node writes nothing it had on its way out, and joins anew before it writes again.

use std::sync::Arc;
use std::time::Duration;

use app::lease::{RENEW_EVERY_MS, Watch};
use app::node::Renewed;
use domain::TerminalId;
use store::Error;
use store::node::{Incarnation, Present};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::{Node, told};

/// How often one look stands in for others; each time takes up to 500 intents.
const ROUNDS_MAX: usize = 10_000;

/// Joins; `last` is the incarnation of this node's last run, which certainly runs no more. On a store that is not
/// shared nobody else runs at all.
pub async fn join(node: &Arc<Node>, last: Option<Incarnation>) -> Result<Incarnation, Error> {
    let (name, is_shared) = (node.name.clone(), node.store.is_shared());
    let sent_at_ms = node.outgoing.now_ms();
    let who = node
        .write(move |tx| {
            let dead: Vec<Incarnation> = match is_shared {
                true => last.into_iter().collect(),
                false => store::node::present(tx)?
                    .into_iter()
                    .map(|present| present.who)
                    .collect(),
            };
            app::node::join(tx, &name, &dead)
        })
        .await?;
    node.joined(who.clone());
    if is_shared {
        node.outgoing.joined(sent_at_ms);
    }
    Ok(who)
}

/// Stays present until `stop` turns true, then leaves.
pub async fn run(node: Arc<Node>, mut stop: watch::Receiver<bool>) {
    let mut seen = Watch::default();
    let is_shared = node.store.is_shared();
    let every = match is_shared {
        true => Duration::from_millis(u64::try_from(RENEW_EVERY_MS).unwrap_or(1_000)),
        // Nobody asks, nobody leaves.
        false => Duration::from_secs(3_600),
    };
    loop {
        let rung = node.doorbell.notified();
        tokio::pin!(rung);
        rung.as_mut().enable();
        if is_shared {
            match renew(&node).await {
                Ok(present) => {
                    // Counted from after the reading.
                    let silent = seen.silent(&present, node.outgoing.now_ms());
                    if let Err(error) = look_after(&node, silent).await {
                        tracing::warn!(%error, "other nodes cannot be looked after");
                    }
                }
                Err(error) => tracing::warn!(%error, "this node's presence cannot be renewed"),
            }
        }
        tokio::select! {
            biased;
            () = told(&mut stop) => break,
            _ = timeout(every, rung) => {}
        }
    }
    if let Some(who) = node.here() {
        let left: Result<(), Error> = node.write(move |tx| app::node::leave(tx, &who)).await;
        if let Err(error) = left {
            tracing::warn!(%error, "this node could not say that it leaves");
        }
    }
}

/// Renews and answers what this node was asked; joins anew when it was expelled. Answers who is present.
async fn renew(node: &Arc<Node>) -> Result<Vec<Present>, Error> {
    let Some(who) = node.here() else {
        return Ok(Vec::new());
    };
    let sent_at_ms = node.outgoing.now_ms();
    let me = who.clone();
    let (renewed, asked) = node
        .write(move |tx| {
            let renewed = app::node::renew(tx, &me)?;
            Ok::<_, Error>((renewed, store::drain::asked(tx, &me)?))
        })
        .await?;
    match renewed {
        Renewed::Present(present) => {
            node.outgoing.renewed(sent_at_ms);
            for (terminal_id, hold_id) in asked {
                tokio::spawn(answer(node.clone(), who.clone(), terminal_id, hold_id));
            }
            Ok(present)
        }
        Renewed::Expelled => {
            tracing::warn!(
                node = who.node,
                incarnation = who.incarnation,
                "this node was taken for gone; it joins anew"
            );
            node.outgoing.expelled();
            join(node, None).await?;
            Ok(Vec::new())
        }
    }
}

/// Waits for the approvals of a terminal that are on their way out, and says so. Asked again with each renewal until it is
/// written; answering twice changes nothing.
async fn answer(node: Arc<Node>, who: Incarnation, terminal_id: TerminalId, hold_id: i64) {
    let waited = i64::try_from(node.outgoing.drain(terminal_id).await).unwrap_or(i64::MAX);
    let answered: Result<(), Error> = node
        .write(move |tx| app::node::drained(tx, terminal_id, hold_id, &who, waited))
        .await;
    if let Err(error) = answered {
        tracing::warn!(%terminal_id, %error, "a drained terminal could not be told");
    }
}

/// Expels nodes that have fallen silent, and does what those that are gone have left.
async fn look_after(node: &Arc<Node>, silent: Vec<Present>) -> Result<(), Error> {
    for gone in silent {
        let expelled: bool = node
            .write({
                let gone = gone.clone();
                move |tx| app::node::expel(tx, &gone)
            })
            .await?;
        if expelled {
            tracing::warn!(
                node = gone.who.node,
                incarnation = gone.who.incarnation,
                "a node fell silent and was expelled"
            );
        }
    }
    let Some(who) = node.here() else { return Ok(()) };
    for _ in 0..ROUNDS_MAX {
        let me = who.clone();
        let done: usize = node.write(move |tx| app::node::stand_in(tx, &me)).await?;
        if done == 0 {
            break;
        }
        node.work_due.notify_one();
    }
    Ok(())
}

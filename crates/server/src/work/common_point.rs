//! Looking through the estate for common points, part by part, each a snapshot of a reader: the gate's writer is asked only to keep what was
//! found, a terminal at a time.
//!
//! Invariant: a look that is cut off by the node's end kept nothing wrong, and is done again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use app::common_point::{Finding, Judged, begin, ended, found};
use domain::work::Work;
use store::{Error, Tx};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::Tried;
use node::{Node, told};

/// After so long a look goes on with what it has, and says that it is cut.
pub const LOOK_TIME_MAX: Duration = Duration::from_secs(600);

/// Looks once, unless the node stops.
pub async fn look(node: &Arc<Node>, work: &Work, stop: &watch::Receiver<bool>) -> Result<Tried, Error> {
    let (here, is_over) = (node.clone(), Arc::new(AtomicBool::new(*stop.borrow())));
    let heard = is_over.clone();
    let mut looking = spawn_blocking(move || read(&here, &heard));
    let mut stop = stop.clone();
    let judged = tokio::select! {
        judged = &mut looking => judged,
        () = told(&mut stop) => {
            is_over.store(true, Ordering::Relaxed);
            looking.await
        }
    };
    let Some((judged, findings)) = judged.map_err(|_| Error::Panicked)?? else {
        // For another node, or this one when it is back.
        let claimed = work.clone();
        let again = move |tx: &Tx<'_>| app::work::again(tx, &claimed, tx.now());
        let is_ours: bool = node.write(again).await?;
        tracing::debug!(is_ours, "a look for common points is left to another node");
        return Ok(Tried::Done);
    };
    let judged = Arc::new(judged);
    for (finding, payments) in findings {
        let Ok(question_id) = api::new_id() else {
            return Ok(Tried::Failed("no randomness from the system"));
        };
        let (judged, name, terminal_id) = (judged.clone(), node.name.clone(), finding.terminal_id);
        let keep = move |tx: &Tx<'_>| found(tx, &judged, &finding, &payments, (&question_id, &name));
        if node.write(keep).await? {
            tracing::info!(%terminal_id, "it is asked whether a terminal is with its shop");
            node.changed(Some(terminal_id.to_string()));
            node.work_due.notify_one();
        }
    }
    let claimed = work.clone();
    let is_ours: bool = node.write(move |tx| ended(tx, &claimed)).await?;
    tracing::debug!(is_ours, "a look for common points has ended");
    Ok(Tried::Done)
}

/// What a look found, and the payments of each finding; `None` when it was to end before.
type Read = Option<(Judged, Vec<(Finding, String)>)>;

/// Reads, on a thread that may block, and that waits behind nothing of the gate: each part has a reader of its own, and lets it go.
fn read(node: &Node, is_over: &AtomicBool) -> Result<Read, Error> {
    let begun = Instant::now();
    let mut look = node.store.read(begin)?;
    loop {
        if is_over.load(Ordering::Relaxed) {
            return Ok(None);
        }
        if !node.store.read(|tx: &Tx<'_>| look.page(tx))? {
            break;
        }
        if begun.elapsed() >= LOOK_TIME_MAX {
            look.is_cut = true;
            break;
        }
    }
    let judged = look.judge();
    let mut findings = Vec::new();
    for finding in &judged.findings {
        let payments = node.store.read(|tx: &Tx<'_>| judged.payments(tx, finding))?;
        findings.push((finding.clone(), payments));
    }
    if judged.is_cut {
        tracing::warn!("the estate has more than is looked at for common points");
    }
    let took_ms = begun.elapsed().as_millis();
    tracing::info!(took_ms, "the estate was looked through for common points");
    Ok(Some((judged, findings)))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicI64;

    use domain::Timestamp;
    use domain::time::HOUR_MS;
    use domain::work::{Id, Kind};
    use node::seal::Sealer;
    use store::Store;
    use store::node::Incarnation;

    use super::*;

    const START: i64 = 1_800_000_000_000;

    #[tokio::test]
    async fn a_look_is_done_for_today_and_one_that_the_nodes_end_cut_off_is_due_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(START));
        let time = clock.clone();
        let now = Arc::new(move || Timestamp(time.load(Ordering::Relaxed)));
        let store = Store::open(&folder.path().join("store.db"), now).unwrap();
        let node = Node::new("node-1".into(), store, Sealer::new(&[7; 32])).unwrap();
        let due = || {
            let kept = node
                .store
                .read(|tx: &Tx<'_>| store::work::get(tx, &Id::common_points()));
            kept.unwrap().unwrap().due.unwrap().0
        };
        let claim = || {
            let who = Incarnation {
                node: "node-1".into(),
                incarnation: 1,
            };
            let kind = Kind::CommonPoints;
            let claim = move |tx: &Tx<'_>| app::work::claim(tx, kind, &kind.policy(), &who, 1);
            node.store.write(claim).unwrap().pop().unwrap()
        };
        node.store.write(app::work::enqueue_recurring).unwrap();
        let at = due();
        clock.store(at, Ordering::Relaxed);
        let (stop, stopped) = watch::channel(false);
        let done = look(&node, &claim(), &stopped).await.unwrap();
        assert!(matches!(done, Tried::Done));
        assert_eq!(due(), at + 24 * HOUR_MS);
        // On a node that stops it is left to another one.
        clock.store(at + 24 * HOUR_MS, Ordering::Relaxed);
        stop.send(true).unwrap();
        look(&node, &claim(), &stopped).await.unwrap();
        assert_eq!(due(), at + 24 * HOUR_MS);
    }
}

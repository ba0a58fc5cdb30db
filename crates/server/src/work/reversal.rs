//! Sending owed reversals to the host, again and again, until it answers.
//!
//! Invariant: a reversal leaves the store only with the host's answer.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use store::Tx;
use store::owed_reversal::OwedReversal;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::connector::host::AcquirerHost;
use node::seal::Purpose;
use node::{Node, Turn, now, told};

/// Reversals sent at once.
const AT_ONCE_MAX: i64 = 64;
/// The longest sleep between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// An intent older than this beyond the host's time is one whose second check failed (the store was out of reach).
const FORGOTTEN_MS: i64 = 60_000;
/// How much longer than the host may take a claimed reversal stays with its node.
const CLAIMED_MS: i64 = 5_000;

/// Sends what is owed until `stop` turns true.
pub async fn run(node: Arc<Node>, host: Arc<AcquirerHost>, mut stop: watch::Receiver<bool>) {
    let mut looks: u64 = 0;
    loop {
        let sent = match send_due(&node, &host).await {
            Ok(sent) => sent,
            Err(error) => {
                tracing::error!(%error, "owed reversals cannot be read");
                0
            }
        };
        looks += 1;
        if looks.is_multiple_of(20) {
            let before = now().plus_ms(-FORGOTTEN_MS - host.answer_time_ms());
            if let Err(error) = super::recovery::release_before(&node, before).await {
                tracing::error!(%error, "forgotten intents cannot be decided");
            }
        }
        if sent > 0 {
            continue;
        }
        tokio::select! {
            biased;
            () = told(&mut stop) => return,
            _ = timeout(LOOK_EVERY, node.reversal_owed.notified()) => {}
        }
    }
}

/// Sends what is due now and waits for the answers. Answers how many the host answered.
async fn send_due(node: &Arc<Node>, host: &Arc<AcquirerHost>) -> Result<usize, store::Error> {
    let is_due = node
        .read(|tx| store::owed_reversal::is_any_due(tx, now()))
        .await?;
    // One that cannot reach the host leaves them to others.
    if !is_due || !node.counters.host_connected.load(Ordering::Relaxed) {
        return Ok(0);
    }
    let (name, until) = (
        node.name.clone(),
        now().plus_ms(host.answer_time_ms() + CLAIMED_MS),
    );
    let due = node
        .write(move |tx| store::owed_reversal::claim(tx, now(), until, &name, AT_ONCE_MAX))
        .await?;
    let mut under_way = JoinSet::new();
    for owed in due {
        under_way.spawn(send(node.clone(), host.clone(), owed));
    }
    let mut answered = 0;
    while let Some(sent) = under_way.join_next().await {
        answered += usize::from(sent.unwrap_or(Ok(false))?);
    }
    Ok(answered)
}

async fn send(node: Arc<Node>, host: Arc<AcquirerHost>, owed: OwedReversal) -> Result<bool, store::Error> {
    let terminal_id = owed.terminal_id;
    let packed = owed.reversal_sealed.as_deref().and_then(|sealed| {
        let opened = node.sealer.open(Purpose::Reversal, terminal_id.as_str(), sealed);
        opened
            .inspect_err(|error| tracing::error!(%terminal_id, %error, "an owed reversal"))
            .ok()
    });
    let answer = match &packed {
        Some(packed) => host.reverse(packed, &owed.reason_code).await.ok(),
        None => None,
    };
    let Some(answer) = answer else {
        node.write(move |tx| app::reversal::postpone(tx, &owed)).await?;
        return Ok(false);
    };
    let (sequence, code, verdict) = (owed.sequence, answer.response_code(), answer.verdict());
    let incident = node
        .insist(Turn::Own, move || {
            move |tx: &Tx<'_>| app::reversal::settle(tx, terminal_id, sequence, code, verdict)
        })
        .await?;
    node.changed(incident);
    Ok(true)
}

//! Watching what terminals do, beside the gate and never in its way: what was decided since the last look is read, judged, and asked about.
//!
//! Invariant: what it cannot do in time it does later; nothing waits for it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use app::question::Asking;
use app::watch::Watcher;
use domain::TerminalId;
use domain::time::HOUR_MS;
use node::{Node, told};
use store::{Error, Tx};
use tokio::sync::mpsc::{self, Sender};
use tokio::sync::watch;
use tokio::time::timeout;

/// Between two looks: a question a few seconds later is none the worse, and what a busy terminal did in them is read at once.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// Terminals of one read: a reader is not kept from others for long.
const AT_ONCE_MAX: usize = 32;
/// What was done so long before the start may not have been looked at.
const MISSED_MS: i64 = HOUR_MS;

/// Looks until `stop` turns true.
pub async fn run(node: Arc<Node>, mut stop: watch::Receiver<bool>) {
    if let Err(error) = find_missed(&node).await {
        tracing::warn!(%error, "what terminals did before the start is looked at when they do more");
    }
    let (send, mut looked) = mpsc::channel(1);
    let (to_look, acted) = std::sync::mpsc::channel();
    let here = node.clone();
    let thread = std::thread::Builder::new().name("watcher".into());
    if let Err(error) = thread.spawn(move || look(&here, acted, send)) {
        tracing::error!(%error, "nobody watches: there is no thread for it");
        return;
    }
    while timeout(LOOK_EVERY, told(&mut stop)).await.is_err() {
        // What comes while it looks is in the next look.
        if to_look.send(node.acted.take()).is_err() {
            tracing::error!("the watcher has ended by itself");
            return;
        }
        loop {
            let asking = tokio::select! {
                biased;
                () = told(&mut stop) => return,
                asking = looked.recv() => asking,
            };
            match asking.flatten() {
                Some(asking) => ask(&node, asking).await,
                None => break,
            }
        }
    }
}

/// Looks at what it is sent, on a thread that gives way to everything else; `None` says that a look is over.
fn look(node: &Node, acted: Receiver<HashMap<TerminalId, bool>>, looked: Sender<Option<Vec<Asking>>>) {
    node::give_way();
    let mut watcher = Watcher::default();
    for acted in acted {
        for (terminal_id, _) in acted.iter().filter(|(_, is_past)| **is_past) {
            watcher.forget(*terminal_id);
        }
        let mut terminals: Vec<TerminalId> = acted.into_keys().collect();
        terminals.sort_unstable();
        for some in terminals.chunks(AT_ONCE_MAX) {
            let asking = node
                .store
                .read(|tx: &Tx<'_>| match app::question::are_asked(tx)? {
                    true => watcher.look(tx, some),
                    false => Ok(Vec::new()),
                });
            let sent = match asking {
                Ok(asking) if asking.is_empty() => Ok(()),
                Ok(asking) => looked.blocking_send(Some(asking)),
                Err(error) => {
                    tracing::warn!(%error, "the watcher cannot read the store");
                    // They are looked at once it can be read.
                    some.iter().for_each(|terminal_id| node.acted.note(*terminal_id));
                    continue;
                }
            };
            if sent.is_err() || looked.is_closed() {
                return;
            }
        }
        if looked.blocking_send(None).is_err() {
            return;
        }
    }
}

/// Has those looked at that did something just before the start.
async fn find_missed(node: &Arc<Node>) -> Result<(), Error> {
    let since = node::now().plus_ms(-MISSED_MS);
    let missed = node
        .read(move |tx: &Tx<'_>| app::watch::acted_since(tx, since))
        .await?;
    missed
        .into_iter()
        .for_each(|terminal_id| node.acted.note(terminal_id));
    Ok(())
}

async fn ask(node: &Arc<Node>, asking: Vec<Asking>) {
    for asking in asking {
        let Ok(question_id) = api::new_id() else {
            tracing::error!("no randomness from the system");
            return;
        };
        let (terminal_id, name) = (asking.terminal_id, node.name.clone());
        let asked = node.write(move |tx: &Tx<'_>| app::question::ask(tx, &question_id, &asking, &name));
        match asked.await {
            Ok(Some(_)) => {
                tracing::info!(%terminal_id, "it is asked whether a terminal is with its shop");
                node.changed(Some(terminal_id.to_string()));
                node.work_due.notify_one();
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%terminal_id, %error, "a question was not asked"),
        }
    }
}
